//! Search by words: BM25 over the three columns that [`crate::terms`] cuts.

use super::Library;
use crate::database::lock;
use crate::error::StoreError;
use crate::terms::{Wanted, wanted_code, wanted_phrase, wanted_words};
use docmind_core::chunk::ChunkId;
use docmind_core::document::DocumentId;
use docmind_core::question::{KeywordQuery, TermKind};
use docmind_core::retrieval::Hit;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;

/// Weights of `plain`, `stems` and `spelled` in BM25: stems rank, the exact form adds a little.
const WEIGHTS: &str = "bm25(0.3, 1.0, 0.3)";
/// A word in more than this share of the passages tells them apart too little to be worth its time.
const COMMON_SHARE: f32 = 0.2;
/// Below so many passages a share says nothing.
const FEWEST_FOR_SHARES: u32 = 50;
/// A question pasted from a page: the rarest words of it say enough.
const MOST_TERMS: usize = 48;

/// Passages are ranked that have one of the rarest terms, so many terms that at least this number of passages is ranked. Ranking
/// every passage with any term takes most of the time of a search of 100,000 passages; one with only the commonest terms seldom
/// comes among the best.
const RANKED_AT_LEAST: u32 = 2000;

/// What a search knows of the library besides the index itself.
#[derive(Debug, Default)]
pub(super) struct KeywordState {
    generation: u64,
    languages: Vec<Option<String>>,
    chunks: u32,
    hidden: bool,
    /// By column and word.
    frequencies: HashMap<(&'static str, String), u32>,
}

impl Library {
    /// The best passages by words, best first, scores positive. `scope` restricts to documents. Passages that have every quoted
    /// phrase come before all others.
    ///
    /// # Errors
    /// As every reading.
    pub fn keyword_search(
        &self,
        query: &KeywordQuery,
        limit: usize,
        scope: Option<&[DocumentId]>,
    ) -> Result<Vec<Hit>, StoreError> {
        if query.is_empty() && query.phrases.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let generation = if self.is_read_only() {
            0
        } else {
            self.generation.load(Ordering::Acquire)
        };
        self.database.read(|connection| {
            let (plan, hidden) = {
                let mut state = lock(&self.keyword);
                if generation == 0 || state.generation != generation {
                    *state = KeywordState::load(connection, generation)?;
                }
                (state.plan(connection, query)?, state.hidden)
            };
            let search = Search {
                connection,
                limit,
                hidden,
                scope,
            };
            let mut hits = match &plan.quoted {
                Some(expression) => search.run(expression)?,
                None => Vec::new(),
            };
            if hits.len() < limit && !plan.any.is_empty() {
                let others = search.run(&plan.any)?;
                // Passages with every quoted phrase stand above the best of the rest.
                let best = others.first().map_or(0.0, |hit| hit.score);
                let seen: HashSet<ChunkId> = hits.iter().map(|hit| hit.id).collect();
                for hit in &mut hits {
                    hit.score += best;
                }
                hits.extend(others.into_iter().filter(|hit| !seen.contains(&hit.id)));
                hits.truncate(limit);
            }
            Ok(hits)
        })
    }
}

/// The two expressions of a search in FTS5's language.
#[derive(Debug, Default)]
struct Plan {
    /// All quoted phrases at once; `None` without.
    quoted: Option<String>,
    /// Any term or phrase, or, where that is too much, one of the rarest with what else is there.
    any: String,
}

impl KeywordState {
    fn load(connection: &Connection, generation: u64) -> Result<Self, StoreError> {
        let mut state = Self {
            generation,
            ..Self::default()
        };
        let mut statement = connection.prepare_cached(
            "SELECT language, sum(chunk_count) FROM documents WHERE chunk_count > 0 GROUP BY language",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            state.languages.push(row.get(0)?);
            state.chunks += row.get::<_, u32>(1)?;
        }
        state.hidden = connection
            .prepare_cached("SELECT 1 FROM documents WHERE removed_at_ms IS NOT NULL AND chunk_count > 0")?
            .exists([])?;
        Ok(state)
    }

    fn plan(&mut self, connection: &Connection, query: &KeywordQuery) -> Result<Plan, StoreError> {
        let mut terms: Vec<(TermKind, u32, Wanted)> = Vec::new();
        for term in &query.terms {
            for wanted in wanted_words(&term.text, &self.languages) {
                if terms.iter().all(|(_, _, known)| *known != wanted) {
                    let frequency = self.frequency(connection, &wanted)?;
                    terms.push((term.kind, frequency, wanted));
                }
            }
        }
        let too_common =
            |frequency: u32| self.chunks >= FEWEST_FOR_SHARES && frequency as f32 > self.chunks as f32 * COMMON_SHARE;
        let telling = |(kind, frequency, _): &(TermKind, u32, Wanted)| match kind {
            TermKind::Stop => false,
            TermKind::Word => !too_common(*frequency),
            TermKind::Number | TermKind::Code => true,
        };
        if terms.iter().any(|term| telling(term) && term.1 > 0) {
            terms.retain(telling);
        } else if terms
            .iter()
            .any(|(kind, frequency, _)| *kind != TermKind::Stop && *frequency > 0)
        {
            terms.retain(|(kind, ..)| *kind != TermKind::Stop);
        }
        terms.sort_by_key(|(_, frequency, _)| *frequency);
        terms.truncate(MOST_TERMS);

        let mut quoted = Vec::new();
        let mut any = Vec::new();
        for phrase in query.phrases.iter().filter(|phrase| phrase.quoted) {
            let forms = wanted_phrase(&phrase.text);
            if !forms.is_empty() {
                quoted.push(exactly(&forms));
            }
        }
        any.extend_from_slice(&quoted);
        let phrases = query.phrases.iter().filter(|phrase| !phrase.quoted);
        let exact = |kind| matches!(kind, TermKind::Code | TermKind::Number);
        let words = query.terms.iter().filter(|term| exact(term.kind));
        let codes = phrases.map(|phrase| &phrase.text).chain(words.map(|term| &term.text));
        for wanted in codes
            .map(|text| wanted_code(text))
            .filter(|wanted| !wanted.is_empty())
            .take(MOST_TERMS)
        {
            let expression = any_form(&wanted);
            if !any.contains(&expression) {
                any.push(expression);
            }
        }
        let mut ranked = 0;
        let mut rare = any.clone();
        for (_, frequency, wanted) in &terms {
            let expression = if *frequency > RANKED_AT_LEAST {
                any_stem(wanted)
            } else {
                any_form(wanted)
            };
            if ranked < RANKED_AT_LEAST {
                rare.push(expression.clone());
            }
            ranked += frequency;
            any.push(expression);
        }
        let all = any.join(" OR ");
        let quoted = (!quoted.is_empty()).then(|| format!("{} AND ({all})", quoted.join(" AND ")));
        let any = if rare.len() < any.len() {
            format!("({}) AND ({all})", rare.join(" OR "))
        } else {
            all
        };
        Ok(Plan { quoted, any })
    }

    /// In how many passages any form stands, at most; 1 for forms of several words and beginnings, which are always worth looking for.
    fn frequency(&mut self, connection: &Connection, wanted: &Wanted) -> Result<u32, StoreError> {
        let (column, forms) = if wanted.stems.is_empty() {
            ("plain", &wanted.exact)
        } else {
            ("stems", &wanted.stems)
        };
        let mut sum = 0;
        for form in forms {
            if form.contains([' ', '*']) {
                sum += 1;
                continue;
            }
            let key = (column, form.clone());
            if let Some(known) = self.frequencies.get(&key) {
                sum += known;
                continue;
            }
            let frequency: Option<u32> = connection
                .prepare_cached("SELECT doc FROM chunk_vocabulary WHERE term = ?1 AND col = ?2")?
                .query_row([form.as_str(), column], |row| row.get(0))
                .optional()?;
            let frequency = frequency.unwrap_or(0);
            self.frequencies.insert(key, frequency);
            sum += frequency;
        }
        Ok(sum)
    }
}

fn exactly(forms: &[String]) -> String {
    format!("({{plain spelled}} : ({}))", either(forms))
}

fn any_form(wanted: &Wanted) -> String {
    if wanted.stems.is_empty() {
        exactly(&wanted.exact)
    } else if wanted.exact.is_empty() {
        any_stem(wanted)
    } else {
        format!("({} OR {})", exactly(&wanted.exact), any_stem(wanted))
    }
}

/// Of a frequent word the exact form adds nothing that is worth a second list of passages.
fn any_stem(wanted: &Wanted) -> String {
    if wanted.stems.is_empty() {
        exactly(&wanted.exact)
    } else {
        format!("(stems : ({}))", either(&wanted.stems))
    }
}

fn either(forms: &[String]) -> String {
    let quoted: Vec<_> = forms
        .iter()
        .map(|form| match form.strip_suffix('*') {
            Some(beginning) => format!("\"{beginning}\" *"),
            None => format!("\"{form}\""),
        })
        .collect();
    quoted.join(" OR ")
}

struct Search<'a> {
    connection: &'a Connection,
    limit: usize,
    hidden: bool,
    scope: Option<&'a [DocumentId]>,
}

impl Search<'_> {
    fn run(&self, expression: &str) -> Result<Vec<Hit>, StoreError> {
        let hit = |row: &rusqlite::Row<'_>| {
            Ok(Hit {
                id: ChunkId(row.get(0)?),
                score: -row.get::<_, f64>(1)? as f32,
            })
        };
        let limit = self.limit as i64;
        let hits = if let Some(scope) = self.scope {
            let ids = serde_json::json!(scope).to_string();
            self.connection
                .prepare_cached(&format!(
                    "SELECT chunk_words.rowid, rank FROM chunk_words JOIN chunks ON chunks.id = chunk_words.rowid
                     JOIN documents ON documents.id = document_id
                     WHERE chunk_words MATCH ?1 AND rank MATCH '{WEIGHTS}' AND removed_at_ms IS NULL
                       AND document_id IN (SELECT value FROM json_each(?3))
                     ORDER BY rank LIMIT ?2"
                ))?
                .query_map(params![expression, limit, ids], hit)?
                .collect::<Result<_, _>>()?
        } else if self.hidden {
            self.connection
                .prepare_cached(&format!(
                    "SELECT chunk_words.rowid, rank FROM chunk_words JOIN chunks ON chunks.id = chunk_words.rowid
                     JOIN documents ON documents.id = document_id
                     WHERE chunk_words MATCH ?1 AND rank MATCH '{WEIGHTS}' AND removed_at_ms IS NULL ORDER BY rank LIMIT ?2"
                ))?
                .query_map(params![expression, limit], hit)?
                .collect::<Result<_, _>>()?
        } else {
            self.connection
                .prepare_cached(&format!(
                    "SELECT rowid, rank FROM chunk_words WHERE chunk_words MATCH ?1 AND rank MATCH '{WEIGHTS}' ORDER BY rank LIMIT ?2"
                ))?
                .query_map(params![expression, limit], hit)?
                .collect::<Result<_, _>>()?
        };
        Ok(hits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{add, library};

    /// What each query finds first in a library of these lines; empty where it finds nothing.
    fn first(lines: &[&str], queries: &[&str]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let library = library(folder.path());
        add(&library, "/a.txt", 1, &[&lines.join("\n")]);
        assert_eq!(library.check().unwrap().problems, Vec::<String>::new());
        let first = |query: &&str| {
            let hits = library.keyword_search(&KeywordQuery::parse(query), 1, None).unwrap();
            let ids: Vec<ChunkId> = hits.iter().map(|hit| hit.id).collect();
            let chunks = library.chunks(&ids).unwrap();
            chunks.first().map(|chunk| chunk.text.clone()).unwrap_or_default()
        };
        queries.iter().map(first).collect()
    }

    #[test]
    fn a_number_is_found_whatever_parts_its_thousands() {
        let writings = ["1234.56", "1,234.56", "1.234,56", "1 234,56", "1'234.56"];
        for written in writings {
            let line = format!("They paid {written} in all.");
            let others = [
                "It was 1 of 56, or 234.",
                "And 56,234.1 besides.",
                "So 12.3456 was left.",
            ];
            let lines = [&others[..], &[line.as_str()]].concat();
            assert_eq!(first(&lines, &writings), [line.as_str(); 5], "{written}");
        }
        let lines = ["They are 12,500 people.", "They are 12 of 500."];
        assert_eq!(first(&lines, &["12500", "12 500", "12.500"]), [lines[0]; 3]);
        let column: Vec<String> = (12_500..13_500).map(|number| number.to_string()).collect();
        assert_eq!(
            first(&lines, &[&column.join("\n"), &column.join(" and ")]),
            [lines[0]; 2]
        );
    }

    #[test]
    fn a_code_is_found_in_groups_and_in_one() {
        let lines = [
            "To DE89 3704 0044 0532 0130 00, please.",
            "From GB29NWBK60161331926819 again.",
            "Call (030) 123 45-67 or write.",
            "Read 978-3-16-148410-0 first.",
        ];
        let queries = [
            "DE89370400440532013000",
            "GB29 NWBK 6016 1331 9268 19",
            "0301234567",
            "9783161484100",
        ];
        assert_eq!(first(&lines, &queries), lines);
        assert_eq!(first(&lines, &["DE89370400440532013001", "030123456"]), ["", ""]);
    }

    #[test]
    fn a_name_with_signs_is_not_its_letters() {
        let lines = [
            "We write C# here.",
            "They write C there.",
            "C++ is faster.",
            "We use .NET as well.",
            "Net income rose.",
        ];
        assert_eq!(first(&lines, &["C#", "C", "C++", ".NET", "net"]), lines);
    }

    #[test]
    fn a_commit_is_found_by_its_first_digits() {
        let lines = ["Broken since a1b2c3d4e5f60718293a.", "Mended in ffb2c3d4e5f60718293a."];
        assert_eq!(
            first(&lines, &["a1b2c3d", "FFB2C3D4", "b2c3d4e5"]),
            [lines[0], lines[1], ""]
        );
    }
}
