//! Proving that what must hold holds.

use super::commit::indexed_text;
use super::{Library, current_embedder};
use crate::error::StoreError;
use crate::layout;
use crate::records::{CheckReport, TextHash};
use crate::terms::Analyzer;
use docmind_core::document::{DocumentState, Span};
use half::f16;
use rusqlite::{Connection, Rows};
use std::collections::HashSet;
use std::path::Path;

/// More problems of one kind than this are only counted.
const MOST_OF_A_KIND: usize = 20;
/// The words of so many passages are looked up one by one; of larger libraries an even sample.
const WORDS_CHECKED: u32 = 2000;
/// A passage has some 140 words; of a longer one the first are looked up.
const WORDS_IN_A_ROW: usize = 300;

impl Library {
    /// Looks at everything the library holds. Reads one snapshot: work may go on meanwhile.
    ///
    /// # Errors
    /// Only when it cannot be read for another reason than damage: what is wrong is in the report.
    pub fn check(&self) -> Result<CheckReport, StoreError> {
        let path = self.folder.join("library.db");
        self.database.read(|connection| {
            let mut report = CheckReport::default();
            let mut found = Found {
                path: &path,
                problems: &mut report.problems,
            };
            found.by(|problems| file(connection, problems))?;
            found.by(|problems| rows(connection, problems))?;
            report.documents = found.by(|problems| documents(connection, problems))?;
            report.chunks = found.by(|problems| passages(connection, problems))?;
            found.by(|problems| vectors(connection, problems))?;
            found.by(|problems| words(connection, problems))?;
            Ok(report)
        })
    }
}

/// What was found wrong in a file.
struct Found<'f> {
    path: &'f Path,
    problems: &'f mut Vec<String>,
}

impl Found<'_> {
    /// Looks at one more part. One that damaged pages cut short is a problem found, and the others are looked at all the same.
    fn by<T: Default>(
        &mut self,
        part: impl FnOnce(&mut Vec<String>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match part(self.problems).map_err(|error| error.at(self.path)) {
            Err(StoreError::Damaged { detail, .. } | StoreError::Value(detail)) => {
                self.problems.push(format!("the file cannot be read: {detail}"));
                Ok(T::default())
            }
            other => other,
        }
    }
}

fn file(connection: &Connection, problems: &mut Vec<String>) -> Result<(), StoreError> {
    // FTS5 checks itself by the structure that this connection read last, and calls what another has erased since corrupt (SQLite
    // 3.54.1). Any search reads it anew.
    connection
        .prepare_cached("SELECT rowid FROM chunk_words WHERE chunk_words MATCH 'a' LIMIT 1")?
        .exists([])?;
    let mut statement = connection.prepare("PRAGMA integrity_check(20)")?;
    for line in statement.query_map([], |row| row.get::<_, String>(0))? {
        let line = line?;
        if line != "ok" {
            problems.push(format!("the file: {line}"));
        }
    }
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    for table in statement.query_map([], |row| row.get::<_, String>(0))? {
        problems.push(format!("a row of `{}` refers to one that is not there", table?));
    }
    Ok(())
}

/// Rules that one query each can prove.
fn rows(connection: &Connection, problems: &mut Vec<String>) -> Result<(), StoreError> {
    let rules = [
        (
            "pages counted otherwise than held by document",
            "SELECT id FROM documents WHERE page_count <> (SELECT count(*) FROM pages WHERE document_id = documents.id)",
        ),
        (
            "passages counted otherwise than held by document",
            "SELECT id FROM documents WHERE chunk_count <> (SELECT count(*) FROM chunks WHERE document_id = documents.id)",
        ),
        (
            "passages not numbered from 0 without a gap in document",
            "SELECT document_id FROM chunks GROUP BY document_id HAVING min(ordinal) <> 0 OR max(ordinal) <> count(*) - 1",
        ),
        (
            "ready without pages: document",
            "SELECT id FROM documents WHERE state = 'ready' AND page_count = 0",
        ),
        (
            "ready without the hash of its bytes: document",
            "SELECT id FROM documents WHERE state = 'ready' AND (hash IS NULL OR length(hash) <> 64)",
        ),
        (
            "content without being ready: document",
            "SELECT id FROM documents WHERE page_count > 0 AND state NOT IN ('ready', 'queued', 'working')",
        ),
        (
            "duplicate of a document that holds no content: document",
            "SELECT d.id FROM documents AS d LEFT JOIN documents AS o ON o.id = d.duplicate_of
             WHERE (d.state = 'duplicate') AND coalesce(o.page_count, 0) = 0",
        ),
        (
            "duplicate of other bytes: document",
            "SELECT d.id FROM documents AS d JOIN documents AS o ON o.id = d.duplicate_of WHERE d.state = 'duplicate' AND d.hash <> o.hash",
        ),
        (
            "the same bytes held twice by document",
            "SELECT max(id) FROM documents WHERE page_count > 0 AND removed_at_ms IS NULL GROUP BY hash HAVING count(*) > 1",
        ),
        (
            "failed without a reason: document",
            "SELECT id FROM documents WHERE state IN ('damaged', 'timed_out', 'crashed', 'unreadable') AND error_code IS NULL",
        ),
        (
            // Of another embedder than the current one while the library is embedded anew: never searched.
            "without any vector: passage",
            "SELECT id FROM chunks WHERE NOT EXISTS (SELECT 1 FROM vectors WHERE chunk_id = chunks.id)",
        ),
        (
            "a vector of another length than its embedder's for passage",
            "SELECT chunk_id FROM vectors JOIN embedders ON embedders.id = embedder_id WHERE length(vector) <> dimensions * 2",
        ),
    ];
    for (rule, sql) in rules {
        let mut statement = connection.prepare(sql)?;
        let broken: Vec<i64> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        say(problems, rule, &broken);
    }
    Ok(())
}

fn say(problems: &mut Vec<String>, rule: &str, broken: &[i64]) {
    for id in broken.iter().take(MOST_OF_A_KIND) {
        problems.push(format!("{rule} {id}"));
    }
    if broken.len() > MOST_OF_A_KIND {
        problems.push(format!("{rule}: {} more", broken.len() - MOST_OF_A_KIND));
    }
}

fn documents(connection: &Connection, problems: &mut Vec<String>) -> Result<u32, StoreError> {
    let mut statement = connection.prepare("SELECT id, state, failed_pages FROM documents")?;
    let mut rows = statement.query([])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let (id, state, failed): (u32, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if DocumentState::from_name(&state).is_none() {
            problems.push(format!("document {id} has the state `{state}`, which is none"));
        }
        if serde_json::from_str::<Vec<crate::records::UnreadPage>>(&failed).is_err() {
            problems.push(format!("document {id} has a list of unread pages that cannot be read"));
        }
        count += 1;
    }
    Ok(count)
}

/// A text of which one span after the other is looked at, each from where the one before began: counting characters from the text's
/// start each time would take minutes on a sheet of ten thousand passages.
struct Forward<'t> {
    rest: &'t str,
    /// Characters before `rest`.
    before: u32,
}

impl<'t> Forward<'t> {
    fn new(text: &'t str) -> Self {
        Self { rest: text, before: 0 }
    }

    /// The covered part; none where the span reaches past the text's end. Spans must come by their start.
    fn slice(&mut self, span: Span) -> Option<&'t str> {
        let skipped = span.start.saturating_sub(self.before);
        self.rest = &self.rest[byte_of(self.rest, skipped)?..];
        self.before += skipped;
        Some(&self.rest[..byte_of(self.rest, span.len())?])
    }
}

/// Where the character of that number begins; the one behind the last begins at the text's end.
fn byte_of(text: &str, character: u32) -> Option<usize> {
    let starts = text.char_indices().map(|(at, _)| at);
    starts.chain([text.len()]).nth(character as usize)
}

/// A passage as it is stored.
struct Stored {
    page: u32,
    id: u32,
    span: Span,
    text: String,
    heading: String,
    table_header: String,
    text_hash: Vec<u8>,
}

impl Stored {
    fn next(rows: &mut Rows<'_>) -> Result<Option<Self>, StoreError> {
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some(Self {
            page: row.get(0)?,
            id: row.get(1)?,
            span: Span::new(row.get(2)?, row.get(3)?),
            text: row.get(4)?,
            heading: row.get(5)?,
            table_header: row.get(6)?,
            text_hash: row.get(7)?,
        }))
    }

    fn is_hashed_right(&self) -> bool {
        indexed_text(&self.heading, &self.table_header, &self.text)
            .is_ok_and(|text| TextHash::of_text(&text).0.as_slice() == self.text_hash)
    }
}

/// Each passage is its page's text at its span; its hash is that of its text; layouts can be read.
fn passages(connection: &Connection, problems: &mut Vec<String>) -> Result<u32, StoreError> {
    let documents: Vec<u32> = connection
        .prepare("SELECT DISTINCT document_id FROM pages ORDER BY document_id")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut pages =
        connection.prepare("SELECT number, text, layout FROM pages WHERE document_id = ?1 ORDER BY number")?;
    // All of a document at once: no index finds those of a page, and a page's would be looked for among all of its document.
    let mut chunks = connection.prepare(
        "SELECT page, id, span_start, span_end, text, heading, table_header, text_hash FROM chunks WHERE document_id = ?1
         ORDER BY page, span_start",
    )?;
    let mut count = 0;
    for document in documents {
        let mut of_document = chunks.query([document])?;
        let mut next = Stored::next(&mut of_document)?;
        let mut rows = pages.query([document])?;
        while let Some(row) = rows.next()? {
            let number: u32 = row.get(0)?;
            let text: String = row.get(1)?;
            if layout::decode(&row.get::<_, Vec<u8>>(2)?).is_none() {
                problems.push(format!(
                    "the layout of page {number} of document {document} cannot be read"
                ));
            }
            let mut page = Forward::new(&text);
            while let Some(passage) = next.take_if(|passage| passage.page <= number) {
                next = Stored::next(&mut of_document)?;
                if passage.page < number {
                    continue;
                }
                count += 1;
                let id = passage.id;
                if page.slice(passage.span) != Some(passage.text.as_str()) {
                    problems.push(format!(
                        "passage {id} is not the text of page {number} of document {document}"
                    ));
                }
                if !passage.is_hashed_right() {
                    problems.push(format!("the hash of passage {id} is not that of its text"));
                }
            }
        }
    }
    let all: u32 = connection.query_row("SELECT count(*) FROM chunks", [], |row| row.get(0))?;
    if all != count {
        problems.push(format!(
            "{} passages belong to pages that are not there",
            i64::from(all) - i64::from(count)
        ));
    }
    Ok(all)
}

/// Each vector points somewhere. A number that is none would make its passage nearest to every question.
fn vectors(connection: &Connection, problems: &mut Vec<String>) -> Result<(), StoreError> {
    let mut statement = connection.prepare("SELECT chunk_id, vector FROM vectors")?;
    let mut rows = statement.query([])?;
    let mut broken = Vec::new();
    while let Some(row) = rows.next()? {
        let bytes = row
            .get_ref(1)?
            .as_blob()
            .map_err(|error| StoreError::Value(error.to_string()))?;
        let numbers = bytes
            .as_chunks::<2>()
            .0
            .iter()
            .map(|pair| f16::from_le_bytes(*pair).to_f32());
        let length = numbers.map(|number| number * number).sum::<f32>();
        if !(length.is_finite() && length > 0.0) {
            broken.push(row.get(0)?);
        }
    }
    say(problems, "a vector without a direction for passage", &broken);
    Ok(())
}

/// The keyword index holds every passage once, with its words in their places.
fn words(connection: &Connection, problems: &mut Vec<String>) -> Result<(), StoreError> {
    let indexed: HashSet<u32> = connection
        .prepare("SELECT id FROM chunk_words_docsize")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let live: HashSet<u32> = connection
        .prepare("SELECT id FROM chunks")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let missing: Vec<i64> = live.difference(&indexed).map(|id| i64::from(*id)).collect();
    say(problems, "not in the keyword index: passage", &missing);
    let stale: Vec<i64> = indexed.difference(&live).map(|id| i64::from(*id)).collect();
    say(problems, "in the keyword index but gone: passage", &stale);

    let step = (live.len() as u32 / WORDS_CHECKED).max(1);
    let mut select = connection.prepare(
        "SELECT chunks.id, heading, table_header, text, language FROM chunks JOIN documents ON documents.id = document_id WHERE chunks.id % ?1 = 0",
    )?;
    let mut find = connection.prepare("SELECT 1 FROM chunk_words WHERE chunk_words MATCH ?1 AND rowid = ?2")?;
    let mut rows = select.query([step])?;
    while let Some(row) = rows.next()? {
        let id: u32 = row.get(0)?;
        let language: Option<String> = row.get(4)?;
        let Ok(text) = indexed_text(
            &row.get::<_, String>(1)?,
            &row.get::<_, String>(2)?,
            &row.get::<_, String>(3)?,
        ) else {
            problems.push(format!("the headings of passage {id} cannot be read"));
            continue;
        };
        let columns = Analyzer::new(language.as_deref()).columns(&text);
        let expression: Vec<_> = [
            ("plain", columns.plain),
            ("stems", columns.stems),
            ("spelled", columns.spelled),
        ]
        .into_iter()
        .filter(|(_, words)| !words.is_empty())
        .map(|(column, words)| {
            let first: Vec<&str> = words.split(' ').take(WORDS_IN_A_ROW).collect();
            format!("{column} : \"{}\"", first.join(" "))
        })
        .collect();
        if !expression.is_empty() && !find.exists(rusqlite::params![expression.join(" AND "), id])? {
            problems.push(format!("the keyword index holds other words than passage {id}"));
        }
    }
    // Nothing else may be current than one embedder that is known.
    let chosen: bool = connection
        .prepare("SELECT 1 FROM meta WHERE key = 'embedder'")?
        .exists([])?;
    if chosen && current_embedder(connection)?.is_none() {
        problems.push("the library's embedder is not known to it".into());
    }
    Ok(())
}
