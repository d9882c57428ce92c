//! Reading documents, pages and passages.

use super::commit::heading_from_json;
use super::{Library, current_embedder};
use crate::error::StoreError;
use crate::layout;
use crate::records::{
    DocumentOrder, DocumentQuery, DocumentRecord, LibraryCounts, UnreadPage, path_from_bytes, path_to_bytes,
};
use docmind_core::chunk::{Chunk, ChunkDraft, ChunkId};
use docmind_core::document::{ContentHash, DocumentId, DocumentState, Outcome, Page, Span};
use docmind_core::embedding::Embedding;
use docmind_core::error::ErrorReport;
use docmind_core::language::LanguageCount;
use docmind_core::words::fold;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, Statement, params, params_from_iter};
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf, is_separator};

/// Columns that [`record`] reads.
pub(super) const RECORD: &str = "id, path, state, hash, size, mtime_ns, media_type, title, language, error_code, error_message, \
     error_detail, failed_pages, page_count, chunk_count, duplicate_of, attempts, added_at_ms, settled_at_ms, removed_at_ms";
const CHUNK: &str = "chunks.id, document_id, ordinal, page, span_start, span_end, heading, table_header, text, tokens";

pub(super) fn record(row: &Row<'_>) -> Result<DocumentRecord, StoreError> {
    let state: String = row.get(2)?;
    let failed_pages: String = row.get(12)?;
    let error = match (row.get::<_, Option<String>>(9)?, row.get::<_, Option<String>>(10)?) {
        (Some(code), Some(message)) => Some(ErrorReport {
            code,
            message,
            detail: row.get(11)?,
        }),
        _ => None,
    };
    let failed_pages: Vec<UnreadPage> = if failed_pages == "[]" {
        Vec::new()
    } else {
        serde_json::from_str(&failed_pages).map_err(|error| StoreError::Value(format!("unread pages: {error}")))?
    };
    Ok(DocumentRecord {
        id: DocumentId(row.get(0)?),
        path: path_from_bytes(row.get(1)?)?,
        state: DocumentState::from_name(&state)
            .ok_or_else(|| StoreError::Value(format!("a document's state `{state}`")))?,
        hash: row.get::<_, Option<String>>(3)?.map(ContentHash),
        size_bytes: row.get::<_, i64>(4)? as u64,
        mtime_ns: row.get(5)?,
        media_type: row.get(6)?,
        title: row.get(7)?,
        language: row.get(8)?,
        error,
        failed_pages,
        pages: row.get(13)?,
        chunks: row.get(14)?,
        duplicate_of: row.get::<_, Option<u32>>(15)?.map(DocumentId),
        attempts: row.get(16)?,
        added_at_ms: row.get(17)?,
        settled_at_ms: row.get(18)?,
        removed_at_ms: row.get(19)?,
    })
}

fn chunk(row: &Row<'_>) -> Result<Chunk, StoreError> {
    Ok(Chunk {
        id: ChunkId(row.get(0)?),
        document: DocumentId(row.get(1)?),
        ordinal: row.get(2)?,
        page: row.get(3)?,
        span: Span::new(row.get(4)?, row.get(5)?),
        heading: heading_from_json(&row.get::<_, String>(6)?)?,
        table_header: row.get(7)?,
        text: row.get(8)?,
        tokens: row.get(9)?,
    })
}

fn page(row: &Row<'_>) -> Result<Page, StoreError> {
    let bytes = row
        .get_ref(2)?
        .as_blob()
        .map_err(|error| StoreError::Value(error.to_string()))?;
    let layout = layout::decode(bytes).ok_or_else(|| StoreError::Value("the layout of a page".into()))?;
    Ok(Page {
        number: row.get(0)?,
        text: row.get(1)?,
        headings: layout.headings,
        tables: layout.tables,
        words: layout.words,
        size: layout.size,
        recognised: layout.recognised,
    })
}

impl Library {
    /// One document, hidden ones too.
    ///
    /// # Errors
    /// As every reading.
    pub fn document(&self, id: DocumentId) -> Result<Option<DocumentRecord>, StoreError> {
        self.database.read(|connection| {
            let mut statement = connection.prepare_cached(&format!("SELECT {RECORD} FROM documents WHERE id = ?1"))?;
            statement.query_and_then([id.0], record)?.next().transpose()
        })
    }

    /// The documents of these ids, by id; those that are not there are left out.
    ///
    /// # Errors
    /// As every reading.
    pub fn documents_by_id(&self, ids: &[DocumentId]) -> Result<HashMap<DocumentId, DocumentRecord>, StoreError> {
        self.database.read(|connection| {
            let mut statement = connection.prepare_cached(&format!("SELECT {RECORD} FROM documents WHERE id = ?1"))?;
            let mut out = HashMap::with_capacity(ids.len());
            for id in ids {
                if !out.contains_key(id)
                    && let Some(found) = statement.query_and_then([id.0], record)?.next().transpose()?
                {
                    out.insert(*id, found);
                }
            }
            Ok(out)
        })
    }

    /// The ready documents among whose pages are pictures without text.
    ///
    /// # Errors
    /// As every reading.
    pub fn with_unread_pictures(&self) -> Result<Vec<DocumentRecord>, StoreError> {
        self.database.read(|connection| {
            // A reason may say this too: looked at once more below.
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {RECORD} FROM documents WHERE state = 'ready' AND removed_at_ms IS NULL
                   AND failed_pages LIKE '%\"held\":true%' ORDER BY id"
            ))?;
            let mut found: Vec<DocumentRecord> = statement.query_and_then([], record)?.collect::<Result<_, _>>()?;
            found.retain(|record| record.failed_pages.iter().any(|page| page.held));
            Ok(found)
        })
    }

    /// Of these hashes those of whose bytes a document other than `ids` has a copy.
    ///
    /// # Errors
    /// As every reading.
    pub fn held_beside(
        &self,
        hashes: &HashSet<ContentHash>,
        ids: &HashSet<DocumentId>,
    ) -> Result<HashSet<ContentHash>, StoreError> {
        self.database.read(|connection| {
            let mut holders = connection.prepare_cached("SELECT id FROM documents WHERE hash = ?1")?;
            held_by_others(&mut holders, hashes, ids)
        })
    }

    /// Where files with these bytes were when they were read last.
    ///
    /// # Errors
    /// As every reading.
    pub fn paths_with(&self, hash: &ContentHash) -> Result<Vec<PathBuf>, StoreError> {
        self.database.read(|connection| {
            connection
                .prepare_cached("SELECT path FROM documents WHERE hash = ?1 AND removed_at_ms IS NULL ORDER BY id")?
                .query_and_then([&hash.0], |row| path_from_bytes(row.get(0)?))?
                .collect()
        })
    }

    /// Hashes of what these documents held before, and no other document holds or held.
    ///
    /// # Errors
    /// As every reading.
    pub fn former_hashes(&self, ids: &HashSet<DocumentId>) -> Result<HashSet<ContentHash>, StoreError> {
        self.database.read(|connection| {
            let mut own = connection.prepare_cached("SELECT hash FROM former_hashes WHERE document_id = ?1")?;
            let mut former = HashSet::new();
            for id in ids {
                for hash in own.query_map([id.0], |row| row.get(0))? {
                    former.insert(ContentHash(hash?));
                }
            }
            let mut holders = connection.prepare_cached(
                "SELECT id FROM documents WHERE hash = ?1 UNION ALL SELECT document_id FROM former_hashes WHERE hash = ?1",
            )?;
            let held = held_by_others(&mut holders, &former, ids)?;
            former.retain(|hash| !held.contains(hash));
            Ok(former)
        })
    }

    /// The document of a path, hidden ones too.
    ///
    /// # Errors
    /// As every reading.
    pub fn document_at(&self, path: &Path) -> Result<Option<DocumentRecord>, StoreError> {
        self.database.read(|connection| {
            let mut statement =
                connection.prepare_cached(&format!("SELECT {RECORD} FROM documents WHERE path = ?1"))?;
            statement
                .query_and_then([path_to_bytes(path)], record)?
                .next()
                .transpose()
        })
    }

    /// The documents at these paths; hidden ones are left out.
    ///
    /// # Errors
    /// As every reading.
    pub fn documents_at(&self, paths: impl IntoIterator<Item = PathBuf>) -> Result<Vec<DocumentId>, StoreError> {
        self.database.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT id FROM documents WHERE path = ?1 AND removed_at_ms IS NULL")?;
            let mut found = Vec::new();
            for path in paths {
                let id: Option<u32> = statement
                    .query_row([path_to_bytes(&path)], |row| row.get(0))
                    .optional()?;
                found.extend(id.map(DocumentId));
            }
            Ok(found)
        })
    }

    /// Documents whose file lies in `folder` or below it; hidden ones are left out.
    ///
    /// # Errors
    /// As every reading.
    pub fn documents_under(&self, folder: &Path) -> Result<Vec<DocumentRecord>, StoreError> {
        let mut low = path_to_bytes(folder);
        // The root of a file system, or of a drive, ends in one already.
        if low.last().is_none_or(|last| !is_separator(char::from(*last))) {
            low.push(std::path::MAIN_SEPARATOR as u8);
        }
        let mut high = low.clone();
        if let Some(last) = high.last_mut() {
            *last += 1;
        }
        self.database.read(|connection| {
            let sql = format!(
                "SELECT {RECORD} FROM documents WHERE path >= ?1 AND path < ?2 AND removed_at_ms IS NULL ORDER BY path"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_and_then(params![low, high], record)?.collect()
        })
    }

    /// Documents as asked; hidden ones are left out.
    ///
    /// # Errors
    /// As every reading.
    pub fn documents(&self, query: &DocumentQuery) -> Result<Vec<DocumentRecord>, StoreError> {
        let (filter, values) = filter(query);
        let mut sql = format!("SELECT {RECORD} FROM documents WHERE {filter}");
        let direction = if query.descending { "DESC" } else { "ASC" };
        let order = match query.order {
            DocumentOrder::Added => "id",
            DocumentOrder::Path => "path_text COLLATE NOCASE",
            DocumentOrder::Title => "coalesce(title, file_name(path_text)) COLLATE NOCASE",
            DocumentOrder::Size => "size",
            DocumentOrder::Pages => "page_count",
            DocumentOrder::State => "state",
        };
        let limit = query.limit.map_or(-1, i64::from);
        // Writing into a string cannot fail.
        let _ = write!(
            sql,
            " ORDER BY {order} {direction}, id {direction} LIMIT {limit} OFFSET {}",
            query.offset
        );
        self.database.read(|connection| {
            connection
                .prepare_cached(&sql)?
                .query_and_then(params_from_iter(values), record)?
                .collect()
        })
    }

    /// Documents in the order they were added, from behind `after` on; hidden ones are left out. Whoever lists them part by part goes on from
    /// the last one: none is told twice or left out because others come or go meanwhile. [`DocumentId`] 0 is before all.
    ///
    /// # Errors
    /// As every reading.
    pub fn documents_after(&self, after: DocumentId, limit: u32) -> Result<Vec<DocumentRecord>, StoreError> {
        self.database.read(|connection| {
            let sql =
                format!("SELECT {RECORD} FROM documents WHERE id > ?1 AND removed_at_ms IS NULL ORDER BY id LIMIT ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_and_then([after.0, limit], record)?.collect()
        })
    }

    /// How many documents [`Library::documents`] would give without offset and limit.
    ///
    /// # Errors
    /// As every reading.
    pub fn count_documents(&self, query: &DocumentQuery) -> Result<u32, StoreError> {
        let (filter, values) = filter(query);
        self.database.read(|connection| {
            Ok(connection
                .prepare_cached(&format!("SELECT count(*) FROM documents WHERE {filter}"))?
                .query_row(params_from_iter(values), |row| row.get(0))?)
        })
    }

    /// Documents by what became of them.
    ///
    /// # Errors
    /// As every reading.
    pub fn counts(&self) -> Result<LibraryCounts, StoreError> {
        self.database.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT state, count(*), sum(chunk_count) FROM documents WHERE removed_at_ms IS NULL GROUP BY state",
            )?;
            let mut rows = statement.query([])?;
            let mut counts = LibraryCounts::default();
            while let Some(row) = rows.next()? {
                let documents: u32 = row.get(1)?;
                counts.chunks += row.get::<_, u32>(2)?;
                let state: String = row.get(0)?;
                match DocumentState::from_name(&state) {
                    Some(DocumentState::Queued) => counts.queued += documents,
                    Some(DocumentState::Working) => counts.working += documents,
                    Some(state) => match state.outcome() {
                        Some(Outcome::Ready) => counts.ready += documents,
                        Some(Outcome::Skipped) => counts.skipped += documents,
                        _ => counts.failed += documents,
                    },
                    None => return Err(StoreError::Value(format!("a document's state `{state}`"))),
                }
            }
            Ok(counts)
        })
    }

    /// Searchable documents and their passages by language.
    ///
    /// # Errors
    /// As every reading.
    pub fn languages(&self) -> Result<Vec<LanguageCount>, StoreError> {
        self.database.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT language, count(*), sum(chunk_count) FROM documents
                 WHERE chunk_count > 0 AND removed_at_ms IS NULL GROUP BY language",
            )?;
            let counts = statement.query_map([], |row| {
                Ok(LanguageCount {
                    language: row.get(0)?,
                    documents: row.get(1)?,
                    chunks: row.get(2)?,
                })
            })?;
            Ok(counts.collect::<Result<_, _>>()?)
        })
    }

    /// The pages of a document, ascending. A duplicate shows its original's.
    ///
    /// # Errors
    /// As every reading.
    pub fn pages(&self, id: DocumentId) -> Result<Vec<Page>, StoreError> {
        self.database.read(|connection| {
            let holder = content_holder(connection, id)?;
            let mut statement = connection
                .prepare_cached("SELECT number, text, layout FROM pages WHERE document_id = ?1 ORDER BY number")?;
            statement.query_and_then([holder.0], page)?.collect()
        })
    }

    /// One page of a document. A duplicate shows its original's.
    ///
    /// # Errors
    /// As every reading.
    pub fn page(&self, id: DocumentId, number: u32) -> Result<Option<Page>, StoreError> {
        self.database.read(|connection| {
            let holder = content_holder(connection, id)?;
            let mut statement = connection
                .prepare_cached("SELECT number, text, layout FROM pages WHERE document_id = ?1 AND number = ?2")?;
            statement.query_and_then([holder.0, number], page)?.next().transpose()
        })
    }

    /// The passages of these ids in the order given; those that are gone or hidden are left out.
    ///
    /// # Errors
    /// As every reading.
    pub fn chunks(&self, ids: &[ChunkId]) -> Result<Vec<Chunk>, StoreError> {
        self.database.read(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {CHUNK} FROM chunks JOIN documents ON documents.id = document_id WHERE chunks.id = ?1 AND removed_at_ms IS NULL"
            ))?;
            let mut out = Vec::with_capacity(ids.len());
            for id in ids {
                out.extend(statement.query_and_then([id.0], chunk)?.next().transpose()?);
            }
            Ok(out)
        })
    }

    /// All passages of a document in reading order. A duplicate shows its original's.
    ///
    /// # Errors
    /// As every reading.
    pub fn chunks_of(&self, id: DocumentId) -> Result<Vec<Chunk>, StoreError> {
        self.chunks_between(id, 0, u32::MAX)
    }

    /// The passages of a document with `first <= ordinal <= last`: the neighbours of a hit.
    ///
    /// # Errors
    /// As every reading.
    pub fn chunks_between(&self, id: DocumentId, first: u32, last: u32) -> Result<Vec<Chunk>, StoreError> {
        self.database.read(|connection| {
            let holder = content_holder(connection, id)?;
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {CHUNK} FROM chunks WHERE document_id = ?1 AND ordinal BETWEEN ?2 AND ?3 ORDER BY ordinal"
            ))?;
            statement.query_and_then([holder.0, first, last], chunk)?.collect()
        })
    }

    /// Vectors of the current embedder for these passages, in the order given; `None` where there is none.
    ///
    /// # Errors
    /// As every reading.
    pub fn vectors(&self, ids: &[ChunkId]) -> Result<Vec<Option<Embedding>>, StoreError> {
        self.database.read(|connection| {
            let Some(embedder) = current_embedder(connection)? else {
                return Ok(vec![None; ids.len()]);
            };
            let mut statement =
                connection.prepare_cached("SELECT vector FROM vectors WHERE chunk_id = ?1 AND embedder_id = ?2")?;
            ids.iter()
                .map(|id| {
                    let bytes: Option<Vec<u8>> = statement
                        .query_row(params![id.0, embedder.id], |row| row.get(0))
                        .optional()?;
                    bytes.map(|bytes| embedding(&bytes)).transpose()
                })
                .collect()
        })
    }

    /// Passages behind `after` without a vector of the current embedder, with the text to embed, oldest first. Whoever embeds them
    /// batch by batch goes on from the last one, since those with a vector are passed over one by one; [`ChunkId`] 0 is before all.
    ///
    /// # Errors
    /// As every reading.
    pub fn passages_to_embed(&self, after: ChunkId, limit: usize) -> Result<Vec<(ChunkId, String)>, StoreError> {
        self.database.read(|connection| {
            let Some(embedder) = current_embedder(connection)? else { return Ok(Vec::new()) };
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {CHUNK} FROM chunks
                 WHERE chunks.id > ?1 AND NOT EXISTS (SELECT 1 FROM vectors WHERE chunk_id = chunks.id AND embedder_id = ?2)
                 ORDER BY chunks.id LIMIT ?3"
            ))?;
            statement
                .query_and_then(params![after.0, embedder.id, limit as i64], |row| -> Result<_, StoreError> {
                    let chunk = chunk(row)?;
                    let draft = ChunkDraft {
                        page: chunk.page,
                        span: chunk.span,
                        heading: chunk.heading,
                        text: chunk.text,
                        table_header: chunk.table_header,
                        tokens: chunk.tokens,
                    };
                    Ok((chunk.id, draft.indexed_text()))
                })?
                .collect()
        })
    }

    /// Headings of documents, all or those of `scope`, for suggesting questions: (document, heading path, ordinal of its first
    /// passage), documents newest first. Looks at no more documents than it takes.
    ///
    /// # Errors
    /// As every reading.
    pub fn headings(
        &self,
        limit: usize,
        scope: Option<&[DocumentId]>,
    ) -> Result<Vec<(DocumentId, Vec<String>, u32)>, StoreError> {
        let within = scope.map(|ids| serde_json::json!(ids).to_string());
        self.database.read(|connection| {
            let mut documents = connection.prepare_cached(
                "SELECT id FROM documents
                 WHERE chunk_count > 0 AND removed_at_ms IS NULL AND (?1 IS NULL OR id IN (SELECT value FROM json_each(?1)))
                 ORDER BY id DESC",
            )?;
            let mut of_document = connection.prepare_cached(
                "SELECT heading, min(ordinal) FROM chunks WHERE document_id = ?1 AND heading <> '' GROUP BY heading ORDER BY 2",
            )?;
            let mut found = Vec::new();
            let mut ids = documents.query([within])?;
            while found.len() < limit
                && let Some(row) = ids.next()?
            {
                let id: u32 = row.get(0)?;
                let mut headings = of_document.query([id])?;
                while let Some(row) = headings.next()? {
                    let heading = heading_from_json(&row.get::<_, String>(0)?)?;
                    found.push((DocumentId(id), heading, row.get(1)?));
                }
            }
            found.truncate(limit);
            Ok(found)
        })
    }
}

/// Of these hashes those that `holders` finds at another document than `ids`: one look a hash, however many copies there are.
fn held_by_others(
    holders: &mut Statement<'_>,
    hashes: &HashSet<ContentHash>,
    ids: &HashSet<DocumentId>,
) -> Result<HashSet<ContentHash>, StoreError> {
    let mut held = HashSet::new();
    for hash in hashes {
        let mut rows = holders.query([&hash.0])?;
        while let Some(row) = rows.next()? {
            if !ids.contains(&DocumentId(row.get(0)?)) {
                held.insert(hash.clone());
                break;
            }
        }
    }
    Ok(held)
}

pub(super) fn embedding(bytes: &[u8]) -> Result<Embedding, StoreError> {
    Embedding::from_bytes(bytes).ok_or_else(|| StoreError::Value("a vector of an odd number of bytes".into()))
}

/// The document that holds the content: itself, or its original.
fn content_holder(connection: &Connection, id: DocumentId) -> Result<DocumentId, StoreError> {
    let holder: Option<u32> = connection
        .prepare_cached("SELECT coalesce(duplicate_of, id) FROM documents WHERE id = ?1")?
        .query_row([id.0], |row| row.get(0))
        .optional()?;
    holder.map(DocumentId).ok_or(StoreError::UnknownDocument(id.0))
}

fn filter(query: &DocumentQuery) -> (String, Vec<Value>) {
    let mut sql = "removed_at_ms IS NULL".to_owned();
    let mut values = Vec::new();
    if !query.states.is_empty() {
        let names: Vec<_> = query
            .states
            .iter()
            .map(|state| format!("'{}'", state.as_str()))
            .collect();
        // Writing into a string cannot fail.
        let _ = write!(sql, " AND state IN ({})", names.join(", "));
    }
    if let Some(text) = &query.containing {
        sql.push_str(" AND (instr(fold(path_text), ?1) > 0 OR instr(fold(title), ?1) > 0)");
        values.push(Value::Text(fold(text)));
    }
    if let Some(ids) = &query.within {
        values.push(Value::Text(serde_json::json!(ids).to_string()));
        let _ = write!(sql, " AND id IN (SELECT value FROM json_each(?{}))", values.len());
    }
    (sql, values)
}
