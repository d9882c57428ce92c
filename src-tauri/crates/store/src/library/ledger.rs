//! The ledger: which files wait, which are being worked on, what became of the rest.

use super::Library;
use super::commit::{drop_content, promote_duplicate};
use super::read::{RECORD, record};
use crate::error::StoreError;
use crate::records::{
    CancelledQueue, DocumentRecord, Enqueued, FileStamp, Queueing, Removed, Settlement, path_to_bytes,
};
use docmind_core::chunk::ChunkId;
use docmind_core::document::{ContentHash, DocumentId, DocumentState};
use rusqlite::{OptionalExtension, Transaction, params};

impl Library {
    /// Queues files, in one transaction. A file that is known and untouched is left as it is; a hidden one comes back.
    ///
    /// # Errors
    /// As every writing; then none is queued.
    pub fn enqueue(&self, files: &[FileStamp], at_ms: f64) -> Result<Queueing, StoreError> {
        if files.is_empty() {
            return Ok(Queueing::default());
        }
        let queueing = self.write(|transaction| {
            let mut removed = Vec::new();
            let queue = |file| enqueue_one(transaction, file, at_ms, &mut removed);
            let files = files.iter().map(queue).collect::<Result<_, _>>()?;
            Ok(Queueing { files, removed })
        })?;
        self.after_removal(&queueing.removed);
        Ok(queueing)
    }

    /// Takes up to `limit` files off the queue, oldest first, and marks them as being worked on.
    ///
    /// # Errors
    /// As every writing.
    pub fn take_queued(&self, limit: usize) -> Result<Vec<DocumentRecord>, StoreError> {
        self.write(|transaction| {
            let sql = format!(
                "UPDATE documents SET state = 'working', attempts = attempts + 1 WHERE id IN (
                   SELECT id FROM documents WHERE state = 'queued' AND removed_at_ms IS NULL ORDER BY queued_at_ms, id LIMIT ?1)
                 RETURNING {RECORD}"
            );
            let mut statement = transaction.prepare_cached(&sql)?;
            let mut taken = statement.query_and_then([limit as i64], record)?.collect::<Result<Vec<_>, _>>()?;
            taken.sort_by_key(|document| document.id);
            Ok(taken)
        })
    }

    /// Queues again what was being worked on, for instance because it was cancelled. Settled documents stay as they are.
    ///
    /// # Errors
    /// As every writing.
    pub fn put_back(&self, ids: &[DocumentId]) -> Result<(), StoreError> {
        self.write(|transaction| {
            let mut statement = transaction
                .prepare_cached("UPDATE documents SET state = 'queued' WHERE id = ?1 AND state = 'working'")?;
            for id in ids {
                statement.execute([id.0])?;
            }
            Ok(())
        })
    }

    /// Queues settled documents again that are neither ready nor duplicates. Gives those it queued.
    ///
    /// # Errors
    /// As every writing.
    pub fn retry(&self, ids: &[DocumentId], at_ms: f64) -> Result<Vec<DocumentId>, StoreError> {
        self.queue_settled(ids, "state NOT IN ('queued', 'working', 'ready', 'duplicate')", at_ms)
    }

    /// Queues ready documents again though their files are what they were: read in another way they give more. What they hold answers until
    /// the new replaces it. Gives those it queued.
    ///
    /// # Errors
    /// As every writing.
    pub fn read_again(&self, ids: &[DocumentId], at_ms: f64) -> Result<Vec<DocumentId>, StoreError> {
        self.queue_settled(ids, "state = 'ready'", at_ms)
    }

    fn queue_settled(&self, ids: &[DocumentId], which: &str, at_ms: f64) -> Result<Vec<DocumentId>, StoreError> {
        self.write(|transaction| {
            let sql = format!(
                "UPDATE documents SET prior_state = state, state = 'queued', attempts = 0, queued_at_ms = ?2
                 WHERE id = ?1 AND removed_at_ms IS NULL AND {which}"
            );
            let mut statement = transaction.prepare_cached(&sql)?;
            let mut queued = Vec::new();
            for id in ids {
                if statement.execute(params![id.0, at_ms])? == 1 {
                    queued.push(*id);
                }
            }
            Ok(queued)
        })
    }

    /// Empties the queue: what is new in it is forgotten, what was only to be read again is settled as it was.
    ///
    /// # Errors
    /// As every writing.
    pub fn cancel_queued(&self) -> Result<CancelledQueue, StoreError> {
        self.write(|transaction| {
            let ids = |sql: &str| -> Result<Vec<DocumentId>, StoreError> {
                Ok(transaction
                    .prepare(sql)?
                    .query_map([], |row| row.get(0).map(DocumentId))?
                    .collect::<Result<_, _>>()?)
            };
            Ok(CancelledQueue {
                restored: ids("UPDATE documents SET state = prior_state, prior_state = NULL
                     WHERE state IN ('queued', 'working') AND prior_state IS NOT NULL RETURNING id")?,
                gone: ids(
                    "DELETE FROM documents WHERE state IN ('queued', 'working') AND page_count = 0 RETURNING id",
                )?,
            })
        })
    }

    /// Settles a document without content; what it held before is gone, or held by a duplicate.
    ///
    /// # Errors
    /// [`StoreError::UnknownDocument`], and as every writing.
    ///
    /// # Panics
    /// When the state is not a final one without content: a bug of the caller.
    pub fn settle(&self, id: DocumentId, settlement: &Settlement<'_>, at_ms: f64) -> Result<Removed, StoreError> {
        let state = settlement.state;
        assert!(
            state.is_settled() && !matches!(state, DocumentState::Ready | DocumentState::Duplicate),
            "BUG: a document is settled as `{}` by its content only",
            state.as_str()
        );
        let removed = self.write(|transaction| {
            require(transaction, id)?;
            let removed = release_content(transaction, id)?;
            let error = settlement.error;
            transaction.execute(
                "UPDATE documents SET state = ?2, hash = ?3, size = ?4, mtime_ns = ?5, media_type = ?6, title = NULL, language = NULL,
                   error_code = ?7, error_message = ?8, error_detail = ?9, failed_pages = '[]', page_count = 0, chunk_count = 0,
                   duplicate_of = NULL, prior_state = NULL, settled_at_ms = ?10
                 WHERE id = ?1",
                params![
                    id.0,
                    state.as_str(),
                    settlement.hash.map(|hash| &hash.0),
                    settlement.stamp.size_bytes as i64,
                    settlement.stamp.mtime_ns,
                    settlement.media_type,
                    error.map(|error| &error.code),
                    error.map(|error| &error.message),
                    error.and_then(|error| error.detail.as_ref()),
                    at_ms,
                ],
            )?;
            Ok(removed)
        })?;
        self.after_removal(&removed.chunks);
        Ok(removed)
    }

    /// Forgets documents and erases their text. A duplicate of a forgotten original holds its content from then on.
    ///
    /// # Errors
    /// As every writing; then all are still there. Ids that are not there are passed over.
    pub fn remove(&self, ids: &[DocumentId]) -> Result<Removed, StoreError> {
        let removed = self.write(|transaction| remove_in(transaction, ids))?;
        self.after_removal(&removed.chunks);
        Ok(removed)
    }

    /// As [`Library::remove`], those of the documents that are still hidden since before `before_ms`: one that came back meanwhile
    /// stays. Gives which went.
    ///
    /// # Errors
    /// As every writing; then all are still there.
    pub fn remove_hidden(&self, ids: &[DocumentId], before_ms: f64) -> Result<(Vec<DocumentId>, Removed), StoreError> {
        let (gone, removed) = self.write(|transaction| {
            let mut hidden =
                transaction.prepare_cached("SELECT 1 FROM documents WHERE id = ?1 AND removed_at_ms < ?2")?;
            let mut gone = Vec::with_capacity(ids.len());
            for id in ids {
                if hidden.exists(params![id.0, before_ms])? {
                    gone.push(*id);
                }
            }
            let removed = remove_in(transaction, &gone)?;
            Ok((gone, removed))
        })?;
        self.after_removal(&removed.chunks);
        Ok((gone, removed))
    }

    /// Hides documents from lists and searches until [`Library::unhide`] or [`Library::remove`]. A duplicate of a hidden
    /// original shows its content from then on.
    ///
    /// # Errors
    /// As every writing.
    pub fn hide(&self, ids: &[DocumentId], at_ms: f64) -> Result<(), StoreError> {
        self.write(|transaction| {
            for id in ids {
                transaction
                    .prepare_cached("UPDATE documents SET removed_at_ms = ?2 WHERE id = ?1 AND removed_at_ms IS NULL")?
                    .execute(params![id.0, at_ms])?;
            }
            for id in ids {
                promote_duplicate(transaction, *id)?;
            }
            Ok(())
        })
    }

    /// Brings hidden documents back. One whose bytes were added again meanwhile is a duplicate now.
    ///
    /// # Errors
    /// As every writing.
    pub fn unhide(&self, ids: &[DocumentId]) -> Result<Removed, StoreError> {
        let removed = self.write(|transaction| {
            let mut all = Removed::default();
            for id in ids {
                all.chunks.extend(unhide_in(transaction, *id)?);
            }
            Ok(all)
        })?;
        self.after_removal(&removed.chunks);
        Ok(removed)
    }

    /// The documents hidden before `before_ms`: those to be forgotten for good.
    ///
    /// # Errors
    /// As every reading.
    pub fn hidden(&self, before_ms: f64) -> Result<Vec<DocumentId>, StoreError> {
        self.database.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT id FROM documents WHERE removed_at_ms < ?1")?;
            Ok(statement
                .query_map([before_ms], |row| row.get(0).map(DocumentId))?
                .collect::<Result<_, _>>()?)
        })
    }

    pub(super) fn after_removal(&self, removed: &[ChunkId]) {
        if !removed.is_empty() {
            self.forget_vectors(removed);
            self.erase_soon();
        }
    }

    pub(super) fn requeue_interrupted(&self) -> Result<(), StoreError> {
        let interrupted = self.database.read(|connection| {
            Ok(connection
                .prepare("SELECT 1 FROM documents WHERE state = 'working'")?
                .exists([])?)
        })?;
        if interrupted {
            self.write(|transaction| {
                Ok(transaction.execute("UPDATE documents SET state = 'queued' WHERE state = 'working'", [])?)
            })?;
        }
        Ok(())
    }
}

/// Adds to `removed` the passages of a hidden document that comes back as another's duplicate.
fn enqueue_one(
    transaction: &Transaction<'_>,
    file: &FileStamp,
    at_ms: f64,
    removed: &mut Vec<ChunkId>,
) -> Result<Enqueued, StoreError> {
    let path = path_to_bytes(&file.path);
    let known = transaction
        .prepare_cached("SELECT id, state, size, mtime_ns, removed_at_ms IS NOT NULL FROM documents WHERE path = ?1")?
        .query_row([&path], |row| {
            Ok((
                row.get::<_, u32>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, i64>(3)?,
                row.get::<_, bool>(4)?,
            ))
        })
        .optional()?;
    let Some((id, state, size, mtime_ns, hidden)) = known else {
        transaction
            .prepare_cached(
                "INSERT INTO documents (path, path_text, state, size, mtime_ns, added_at_ms, queued_at_ms) VALUES (?1, ?2, 'queued', ?3, ?4, ?5, ?5)",
            )?
            .execute(params![path, file.path.to_string_lossy(), file.size_bytes as i64, file.mtime_ns, at_ms])?;
        let id = u32::try_from(transaction.last_insert_rowid())
            .map_err(|_| StoreError::Value("document ids are used up".into()))?;
        return Ok(Enqueued::New(DocumentId(id)));
    };
    let document = DocumentId(id);
    if hidden {
        removed.extend(unhide_in(transaction, document)?);
    }
    if matches!(state.as_str(), "queued" | "working") {
        return Ok(Enqueued::Waiting(document));
    }
    if size == file.size_bytes as i64 && mtime_ns == file.mtime_ns {
        return Ok(Enqueued::Unchanged(document));
    }
    transaction
        .prepare_cached(
            "UPDATE documents SET prior_state = state, state = 'queued', attempts = 0, queued_at_ms = ?2 WHERE id = ?1",
        )?
        .execute(params![id, at_ms])?;
    Ok(Enqueued::Changed(document))
}

fn remove_in(transaction: &Transaction<'_>, ids: &[DocumentId]) -> Result<Removed, StoreError> {
    // First none of them is an heir any more: content would be handed on from each to the next, through all copies that are left.
    let mut disinherit =
        transaction.prepare_cached("UPDATE documents SET removed_at_ms = 0 WHERE id = ?1 AND removed_at_ms IS NULL")?;
    for id in ids {
        disinherit.execute([id.0])?;
    }
    let mut delete = transaction.prepare_cached("DELETE FROM documents WHERE id = ?1")?;
    let mut all = Removed::default();
    for id in ids {
        let removed = release_content(transaction, *id)?;
        all.chunks.extend(removed.chunks);
        all.promoted.extend(removed.promoted);
        delete.execute([id.0])?;
    }
    Ok(all)
}

fn unhide_in(transaction: &Transaction<'_>, id: DocumentId) -> Result<Vec<ChunkId>, StoreError> {
    transaction
        .prepare_cached("UPDATE documents SET removed_at_ms = NULL WHERE id = ?1")?
        .execute([id.0])?;
    let held: Option<String> = transaction
        .prepare_cached("SELECT hash FROM documents WHERE id = ?1 AND page_count > 0")?
        .query_row([id.0], |row| row.get(0))
        .optional()?;
    let Some(hash) = held.map(ContentHash) else {
        show_content(transaction, id)?;
        return Ok(Vec::new());
    };
    let Some(original) = original_of(transaction, id, &hash)? else {
        return Ok(Vec::new());
    };
    let removed = release_content(transaction, id)?;
    transaction
        .prepare_cached(
            "UPDATE documents SET duplicate_of = ?2, state = iif(state = 'ready', 'duplicate', state),
               prior_state = iif(prior_state = 'ready', 'duplicate', prior_state) WHERE id = ?1",
        )?
        .execute([id.0, original.id.0])?;
    Ok(removed.chunks)
}

/// A copy whose original is hidden shows its content, as every copy does when an original is hidden; else it would be listed and never
/// found. Where the bytes were added again meanwhile it is a copy of that.
pub(super) fn show_content(transaction: &Transaction<'_>, copy: DocumentId) -> Result<(), StoreError> {
    let hidden: Option<(u32, String)> = transaction
        .prepare_cached(
            "SELECT original.id, original.hash FROM documents AS copy JOIN documents AS original ON original.id = copy.duplicate_of
             WHERE copy.id = ?1 AND original.removed_at_ms IS NOT NULL AND original.page_count > 0",
        )?
        .query_row([copy.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((original, hash)) = hidden else { return Ok(()) };
    if let Some(other) = original_of(transaction, copy, &ContentHash(hash))? {
        transaction
            .prepare_cached("UPDATE documents SET duplicate_of = ?2 WHERE id = ?1")?
            .execute([copy.0, other.id.0])?;
    } else {
        promote_duplicate(transaction, DocumentId(original))?;
    }
    Ok(())
}

/// The visible document that holds the content of these bytes; it may wait to be read again.
pub(super) fn original_of(
    transaction: &Transaction<'_>,
    id: DocumentId,
    hash: &ContentHash,
) -> Result<Option<DocumentRecord>, StoreError> {
    let sql = format!(
        "SELECT {RECORD} FROM documents WHERE hash = ?1 AND id <> ?2 AND page_count > 0 AND removed_at_ms IS NULL ORDER BY id"
    );
    let mut statement = transaction.prepare_cached(&sql)?;
    statement
        .query_and_then(params![hash.0, id.0], record)?
        .next()
        .transpose()
}

pub(super) fn mark_duplicate(
    transaction: &Transaction<'_>,
    id: DocumentId,
    original: DocumentId,
    hash: &ContentHash,
    stamp: &FileStamp,
    at_ms: f64,
) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "UPDATE documents SET state = 'duplicate', prior_state = NULL, hash = ?2, size = ?3, mtime_ns = ?4, duplicate_of = ?5, settled_at_ms = ?6,
               media_type = (SELECT media_type FROM documents WHERE id = ?5), title = NULL, language = NULL, failed_pages = '[]',
               page_count = 0, chunk_count = 0, error_code = NULL, error_message = NULL, error_detail = NULL
             WHERE id = ?1",
        )?
        .execute(params![id.0, hash.0, stamp.size_bytes as i64, stamp.mtime_ns, original.0, at_ms])?;
    Ok(())
}

/// A document lets go of its content: a duplicate takes it over, or it is deleted.
pub(super) fn release_content(transaction: &Transaction<'_>, id: DocumentId) -> Result<Removed, StoreError> {
    if let Some(heir) = promote_duplicate(transaction, id)? {
        // It became its heir's duplicate, which it is no more.
        transaction
            .prepare_cached("UPDATE documents SET duplicate_of = NULL WHERE id = ?1")?
            .execute([id.0])?;
        return Ok(Removed {
            chunks: Vec::new(),
            promoted: vec![heir],
        });
    }
    // Duplicates that cannot take over (hidden ones only) lose what they stood for: they are queued to be read by themselves.
    transaction
        .prepare_cached(
            "UPDATE documents SET state = 'queued', prior_state = NULL, duplicate_of = NULL, hash = NULL WHERE duplicate_of = ?1",
        )?
        .execute([id.0])?;
    Ok(Removed {
        chunks: drop_content(transaction, id)?,
        promoted: Vec::new(),
    })
}

pub(super) fn require(transaction: &Transaction<'_>, id: DocumentId) -> Result<(), StoreError> {
    let there = transaction
        .prepare_cached("SELECT 1 FROM documents WHERE id = ?1")?
        .exists([id.0])?;
    there.then_some(()).ok_or(StoreError::UnknownDocument(id.0))
}

/// For the vector index and the caches: ids of a document's passages.
pub(super) fn chunk_ids(transaction: &Transaction<'_>, id: DocumentId) -> Result<Vec<ChunkId>, StoreError> {
    let mut statement = transaction.prepare_cached("SELECT id FROM chunks WHERE document_id = ?1")?;
    Ok(statement
        .query_map([id.0], |row| row.get(0).map(ChunkId))?
        .collect::<Result<_, _>>()?)
}
