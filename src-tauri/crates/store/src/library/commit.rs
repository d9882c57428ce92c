//! One document, one transaction: pages, passages, vectors, keyword index and ledger, all or nothing.

use super::ledger::{chunk_ids, mark_duplicate, original_of, release_content, require};
use super::{Library, current_embedder};
use crate::error::StoreError;
use crate::layout;
use crate::records::{Committed, IndexedDocument, TextHash};
use crate::terms::{Analyzer, Columns};
use docmind_core::chunk::{ChunkDraft, ChunkId, EmbeddedChunk};
use docmind_core::document::{DocumentId, Page};
use docmind_core::embedding::Embedding;
use rusqlite::{OptionalExtension, Transaction, params};

impl Library {
    /// Replaces a document's content and settles it as ready. When this returns, it is on the disk and searchable by words; its
    /// vectors are found by the exact scan at once, by the index when [`Committed::appended`] reached it.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] when a passage is not its page's text, [`StoreError::WrongEmbedder`], and as every writing: then
    /// nothing changed.
    pub fn commit_document(
        &self,
        id: DocumentId,
        document: IndexedDocument<'_>,
        at_ms: f64,
    ) -> Result<Committed, StoreError> {
        let inconsistent = |reason: String| StoreError::Inconsistent { document: id.0, reason };
        check_passages(document.pages, &document.chunks).map_err(inconsistent)?;
        // Cutting words needs no lock: the writer is held for the inserts only.
        let mut analyzer = Analyzer::new(document.language);
        let prepared: Vec<_> = document
            .chunks
            .into_iter()
            .map(|EmbeddedChunk { chunk, vector }| {
                let text = chunk.indexed_text();
                (analyzer.columns(&text), TextHash::of_text(&text), chunk, vector)
            })
            .collect();

        let committed = self.write(|transaction| {
            require(transaction, id)?;
            if let Some(original) = original_of(transaction, id, document.hash)? {
                let removed = release_content(transaction, id)?;
                mark_duplicate(transaction, id, original.id, document.hash, document.stamp, at_ms)?;
                return Ok(Committed { duplicate_of: Some(original.id), appended: Vec::new(), removed: removed.chunks });
            }
            let embedder = current_embedder(transaction)?.filter(|embedder| embedder.fingerprint == document.fingerprint);
            let Some(embedder) = embedder else {
                let current = current_embedder(transaction)?.map(|embedder| embedder.fingerprint).unwrap_or_default();
                return Err(StoreError::WrongEmbedder { current, given: document.fingerprint.to_owned() });
            };

            let held: Option<String> =
                transaction.prepare_cached("SELECT hash FROM documents WHERE id = ?1")?.query_row([id.0], |row| row.get(0))?;
            let removed = if held.as_ref() == Some(&document.hash.0) {
                // The same bytes read again: its duplicates stay its duplicates.
                drop_content(transaction, id)?
            } else {
                release_content(transaction, id)?.chunks
            };
            let chunk_count = prepared.len();
            let mut insert_page =
                transaction.prepare_cached("INSERT INTO pages (document_id, number, text, layout) VALUES (?1, ?2, ?3, ?4)")?;
            for page in document.pages {
                let layout = layout::encode(page);
                insert_page.execute(params![id.0, page.number, page.text, layout])?;
            }
            let mut insert_chunk = transaction.prepare_cached(
                "INSERT INTO chunks (document_id, ordinal, page, span_start, span_end, heading, table_header, text, tokens, text_hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?;
            let mut insert_vector =
                transaction.prepare_cached("INSERT INTO vectors (chunk_id, embedder_id, vector) VALUES (?1, ?2, ?3)")?;
            let mut appended = Vec::with_capacity(chunk_count);
            for (ordinal, (columns, text_hash, chunk, vector)) in prepared.into_iter().enumerate() {
                if vector.0.len() != embedder.dimensions as usize {
                    let reason = format!("a vector of {} numbers where {} were expected", vector.0.len(), embedder.dimensions);
                    return Err(inconsistent(reason));
                }
                if !vector.0.iter().all(|value| value.is_finite()) {
                    return Err(inconsistent("a vector with numbers that are none".into()));
                }
                insert_chunk.execute(params![
                    id.0,
                    ordinal as i64,
                    chunk.page,
                    chunk.span.start,
                    chunk.span.end,
                    heading_to_json(&chunk.heading),
                    chunk.table_header,
                    chunk.text,
                    chunk.tokens,
                    text_hash.0,
                ])?;
                let chunk_id = u32::try_from(transaction.last_insert_rowid())
                    .map(ChunkId)
                    .map_err(|_| StoreError::Value("passage ids are used up".into()))?;
                insert_vector.execute(params![chunk_id.0, embedder.id, vector.to_bytes()])?;
                index_words(transaction, chunk_id, &columns)?;
                appended.push((chunk_id, vector));
            }
            transaction
                .prepare_cached(
                    "UPDATE documents SET state = 'ready', prior_state = NULL, hash = ?2, size = ?3, mtime_ns = ?4, media_type = ?5,
                       title = ?6, language = ?7, failed_pages = ?8, page_count = ?9, chunk_count = ?10, duplicate_of = NULL,
                       error_code = NULL, error_message = NULL, error_detail = NULL, settled_at_ms = ?11
                     WHERE id = ?1",
                )?
                .execute(params![
                    id.0,
                    document.hash.0,
                    document.stamp.size_bytes as i64,
                    document.stamp.mtime_ns,
                    document.media_type,
                    document.title,
                    document.language,
                    serde_json::to_string(document.failed_pages).map_err(|error| StoreError::Value(error.to_string()))?,
                    document.pages.len() as i64,
                    chunk_count as i64,
                    at_ms,
                ])?;
            Ok(Committed { duplicate_of: None, appended, removed })
        })?;
        if !committed.removed.is_empty() {
            self.forget_vectors(&committed.removed);
            self.erase_soon();
        }
        Ok(committed)
    }

    /// Adds vectors of the current embedder to passages that have none: the way a changed embedder re-embeds. Passages that are gone
    /// meanwhile are passed over. Gives what was added.
    ///
    /// # Errors
    /// [`StoreError::WrongEmbedder`], and as every writing.
    pub fn put_vectors(
        &self,
        fingerprint: &str,
        vectors: Vec<(ChunkId, Embedding)>,
    ) -> Result<Vec<(ChunkId, Embedding)>, StoreError> {
        self.write(|transaction| {
            let current = current_embedder(transaction)?;
            let Some(embedder) = current.as_ref().filter(|embedder| embedder.fingerprint == fingerprint) else {
                let current = current.map(|embedder| embedder.fingerprint).unwrap_or_default();
                return Err(StoreError::WrongEmbedder {
                    current,
                    given: fingerprint.to_owned(),
                });
            };
            let mut statement = transaction.prepare_cached(
                "INSERT INTO vectors (chunk_id, embedder_id, vector) SELECT id, ?2, ?3 FROM chunks WHERE id = ?1
                 ON CONFLICT DO NOTHING",
            )?;
            let mut added = Vec::with_capacity(vectors.len());
            for (id, vector) in vectors {
                let sound =
                    vector.0.len() == embedder.dimensions as usize && vector.0.iter().all(|value| value.is_finite());
                if sound && statement.execute(params![id.0, embedder.id, vector.to_bytes()])? == 1 {
                    added.push((id, vector));
                }
            }
            Ok(added)
        })
    }

    /// Drops the vectors of all embedders but the current one: once every passage has one of it.
    ///
    /// # Errors
    /// As every writing.
    pub fn drop_other_vectors(&self) -> Result<(), StoreError> {
        let several = self.database.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT 1 FROM embedders LIMIT 1 OFFSET 1")?;
            Ok(statement.exists([])?)
        })?;
        if !several {
            return Ok(());
        }
        self.write(|transaction| {
            let Some(current) = current_embedder(transaction)? else {
                return Ok(());
            };
            transaction.execute("DELETE FROM vectors WHERE embedder_id <> ?1", [current.id])?;
            transaction.execute("DELETE FROM embedders WHERE id <> ?1", [current.id])?;
            Ok(())
        })
    }
}

/// Each passage must be exactly its page's text at its span: what is cited is what stands there.
fn check_passages(pages: &[Page], chunks: &[EmbeddedChunk]) -> Result<(), String> {
    if let Some(pair) = pages.windows(2).find(|pair| pair[0].number >= pair[1].number) {
        return Err(format!("page {} comes after page {}", pair[1].number, pair[0].number));
    }
    let mut current: Option<(&Page, Vec<usize>)> = None;
    for EmbeddedChunk { chunk, .. } in chunks {
        if current.as_ref().is_none_or(|(page, _)| page.number != chunk.page) {
            let Some(page) = pages.iter().find(|page| page.number == chunk.page) else {
                return Err(format!("a passage of page {}, which was not read", chunk.page));
            };
            let bounds = page
                .text
                .char_indices()
                .map(|(at, _)| at)
                .chain([page.text.len()])
                .collect();
            current = Some((page, bounds));
        }
        let Some((page, bounds)) = &current else { continue };
        let slice = bounds
            .get(chunk.span.start as usize)
            .zip(bounds.get(chunk.span.end as usize))
            .and_then(|(start, end)| page.text.get(*start..*end));
        if slice != Some(chunk.text.as_str()) {
            return Err(format!(
                "a passage of page {} is not that page's text at {}..{}",
                chunk.page, chunk.span.start, chunk.span.end
            ));
        }
    }
    Ok(())
}

/// What a chunk's words are cut from, as [`ChunkDraft::indexed_text`] gives it.
pub(super) fn indexed_text(heading: &str, table_header: &str, text: &str) -> Result<String, StoreError> {
    let draft = ChunkDraft {
        page: 0,
        span: docmind_core::document::Span::new(0, 0),
        heading: heading_from_json(heading)?,
        text: text.to_owned(),
        table_header: table_header.to_owned(),
        tokens: 0,
    };
    Ok(draft.indexed_text())
}

pub(super) fn heading_to_json(heading: &[String]) -> String {
    if heading.is_empty() {
        String::new()
    } else {
        serde_json::json!(heading).to_string()
    }
}

pub(super) fn heading_from_json(json: &str) -> Result<Vec<String>, StoreError> {
    if json.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_str(json).map_err(|error| StoreError::Value(format!("headings: {error}")))
}

pub(super) fn index_words(transaction: &Transaction<'_>, id: ChunkId, columns: &Columns) -> Result<(), StoreError> {
    transaction
        .prepare_cached("INSERT INTO chunk_words (rowid, plain, stems, spelled) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![id.0, columns.plain, columns.stems, columns.spelled])?;
    Ok(())
}

/// Deletes pages, passages, vectors and words of a document. The row itself stays, with the counts of nothing.
pub(super) fn drop_content(transaction: &Transaction<'_>, id: DocumentId) -> Result<Vec<ChunkId>, StoreError> {
    let ids = chunk_ids(transaction, id)?;
    if !ids.is_empty() {
        let language: Option<String> = transaction
            .prepare_cached("SELECT language FROM documents WHERE id = ?1")?
            .query_row([id.0], |row| row.get(0))?;
        let mut analyzer = Analyzer::new(language.as_deref());
        let mut select =
            transaction.prepare_cached("SELECT id, heading, table_header, text FROM chunks WHERE document_id = ?1")?;
        let mut forget = transaction.prepare_cached(
            "INSERT INTO chunk_words (chunk_words, rowid, plain, stems, spelled) VALUES ('delete', ?1, ?2, ?3, ?4)",
        )?;
        let mut rows = select.query([id.0])?;
        while let Some(row) = rows.next()? {
            let text = indexed_text(
                &row.get::<_, String>(1)?,
                &row.get::<_, String>(2)?,
                &row.get::<_, String>(3)?,
            )?;
            let columns = analyzer.columns(&text);
            forget.execute(params![
                row.get::<_, u32>(0)?,
                columns.plain,
                columns.stems,
                columns.spelled
            ])?;
        }
    }
    transaction
        .prepare_cached("DELETE FROM chunks WHERE document_id = ?1")?
        .execute([id.0])?;
    transaction
        .prepare_cached("DELETE FROM pages WHERE document_id = ?1")?
        .execute([id.0])?;
    transaction
        .prepare_cached("UPDATE documents SET page_count = 0, chunk_count = 0 WHERE id = ?1")?
        .execute([id.0])?;
    Ok(ids)
}

/// Hands a document's content to its first visible duplicate, whose duplicate it becomes. `None` when there is no content or no
/// such duplicate.
pub(super) fn promote_duplicate(
    transaction: &Transaction<'_>,
    id: DocumentId,
) -> Result<Option<DocumentId>, StoreError> {
    let heir: Option<u32> = transaction
        .prepare_cached(
            "SELECT heir.id FROM documents AS heir JOIN documents AS original ON original.id = heir.duplicate_of
             WHERE original.id = ?1 AND original.page_count > 0 AND heir.state = 'duplicate' AND heir.removed_at_ms IS NULL
             ORDER BY heir.id LIMIT 1",
        )?
        .query_row([id.0], |row| row.get(0))
        .optional()?;
    let Some(heir) = heir else { return Ok(None) };
    for sql in [
        "UPDATE pages SET document_id = ?2 WHERE document_id = ?1",
        "UPDATE chunks SET document_id = ?2 WHERE document_id = ?1",
        "UPDATE documents SET duplicate_of = ?2 WHERE duplicate_of = ?1 AND id <> ?2",
        "UPDATE documents SET (state, media_type, title, language, failed_pages, page_count, chunk_count, duplicate_of) =
           (SELECT 'ready', media_type, title, language, failed_pages, page_count, chunk_count, NULL FROM documents WHERE id = ?1)
         WHERE id = ?2",
        "UPDATE documents SET page_count = 0, chunk_count = 0, duplicate_of = ?2,
           state = iif(state = 'ready', 'duplicate', state), prior_state = iif(prior_state = 'ready', 'duplicate', prior_state)
         WHERE id = ?1",
    ] {
        transaction.prepare_cached(sql)?.execute(params![id.0, heir])?;
    }
    Ok(Some(DocumentId(heir)))
}
