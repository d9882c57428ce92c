//! Files whose bytes are known: untouched, copied or moved.

use super::Library;
use super::ledger::{mark_duplicate, original_of, release_content, show_content};
use super::read::{RECORD, record};
use crate::error::StoreError;
use crate::records::{DocumentRecord, FileStamp, Recognised, Removed, path_to_bytes};
use docmind_core::document::{ContentHash, DocumentId, DocumentState};
use rusqlite::{OptionalExtension, Transaction, params};
use std::path::Path;

/// Copies of one content looked at for one whose file is gone: each costs a look at the disk.
const COPIES_LOOKED_AT: u32 = 64;

impl Library {
    /// Compares a file's bytes with what is there. `still_there` tells whether a path still leads to a file; `moved` is
    /// told the former path of a moved one before that is on the disk. Only [`Recognised::New`] leaves something to do.
    ///
    /// # Errors
    /// [`StoreError::UnknownDocument`], and as every writing.
    pub fn recognise(
        &self,
        id: DocumentId,
        hash: &ContentHash,
        stamp: &FileStamp,
        at_ms: f64,
        still_there: impl Fn(&Path) -> bool,
        moved: impl Fn(&Path),
    ) -> Result<Recognised, StoreError> {
        let known = self.database.read(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT 1 FROM documents WHERE hash = ?1 AND (page_count > 0 OR duplicate_of IS NOT NULL)",
                )?
                .exists([&hash.0])?)
        })?;
        if !known {
            return Ok(Recognised::New);
        }
        let recognised = self.write(|transaction| {
            let disk = Disk {
                stamp,
                still_there: &still_there,
                moved: &moved,
            };
            recognise_in(transaction, id, hash, &disk, at_ms)
        })?;
        if let Recognised::Duplicate { removed, .. } | Recognised::Moved { removed, .. } = &recognised {
            self.after_removal(removed);
        }
        Ok(recognised)
    }
}

fn recognise_in(
    transaction: &Transaction<'_>,
    id: DocumentId,
    hash: &ContentHash,
    disk: &Disk<'_>,
    at_ms: f64,
) -> Result<Recognised, StoreError> {
    let stamp = disk.stamp;
    let (own_hash, pages, duplicate_of) = transaction
        .prepare_cached("SELECT hash, page_count, duplicate_of FROM documents WHERE id = ?1")?
        .query_row([id.0], |row| {
            Ok((
                row.get::<_, Option<String>>(0)?,
                row.get::<_, u32>(1)?,
                row.get::<_, Option<u32>>(2)?,
            ))
        })
        .optional()?
        .ok_or(StoreError::UnknownDocument(id.0))?;
    if own_hash.as_ref() == Some(&hash.0) && (pages > 0 || duplicate_of.is_some()) {
        let state = if pages > 0 {
            DocumentState::Ready
        } else {
            DocumentState::Duplicate
        };
        transaction
            .prepare_cached(
                "UPDATE documents SET state = ?2, prior_state = NULL, size = ?3, mtime_ns = ?4, settled_at_ms = ?5 WHERE id = ?1",
            )?
            .execute(params![id.0, state.as_str(), stamp.size_bytes as i64, stamp.mtime_ns, at_ms])?;
        show_content(transaction, id)?;
        return Ok(Recognised::Same);
    }
    let Some(original) = original_of(transaction, id, hash)? else {
        return Ok(Recognised::New);
    };
    if let Some(moved) = whose_file_is_gone(transaction, id, &original, disk)? {
        (disk.moved)(&moved.path);
        let removed = relocate_in(transaction, moved.id, stamp)?;
        let state = if moved.id == original.id {
            DocumentState::Ready
        } else {
            DocumentState::Duplicate
        };
        transaction
            .prepare_cached("UPDATE documents SET state = ?2, prior_state = NULL, settled_at_ms = ?3 WHERE id = ?1")?
            .execute(params![moved.id.0, state.as_str(), at_ms])?;
        return Ok(Recognised::Moved {
            document: moved.id,
            removed: removed.chunks,
        });
    }
    let removed = release_content(transaction, id)?;
    mark_duplicate(transaction, id, original.id, hash, stamp, at_ms)?;
    Ok(Recognised::Duplicate {
        original: original.id,
        removed: removed.chunks,
    })
}

/// What recognising a file asks of the disk, and tells.
struct Disk<'a> {
    stamp: &'a FileStamp,
    still_there: &'a dyn Fn(&Path) -> bool,
    /// Told the former path before the ledger changes: whoever follows may do it twice, after a kill in between, but never misses it.
    moved: &'a dyn Fn(&Path),
}

/// Of a document and its copies the first whose file is gone.
fn whose_file_is_gone(
    transaction: &Transaction<'_>,
    id: DocumentId,
    original: &DocumentRecord,
    disk: &Disk<'_>,
) -> Result<Option<DocumentRecord>, StoreError> {
    if !(disk.still_there)(&original.path) {
        return Ok(Some(original.clone()));
    }
    let sql = format!(
        "SELECT {RECORD} FROM documents WHERE duplicate_of = ?1 AND id <> ?2 AND state = 'duplicate' AND removed_at_ms IS NULL
         ORDER BY id LIMIT {COPIES_LOOKED_AT}"
    );
    let mut statement = transaction.prepare_cached(&sql)?;
    let copies: Vec<DocumentRecord> = statement
        .query_and_then([original.id.0, id.0], record)?
        .collect::<Result<_, _>>()?;
    Ok(copies.into_iter().find(|copy| !(disk.still_there)(&copy.path)))
}

fn relocate_in(transaction: &Transaction<'_>, id: DocumentId, to: &FileStamp) -> Result<Removed, StoreError> {
    let path = path_to_bytes(&to.path);
    let mut removed = Removed::default();
    let other: Option<u32> = transaction
        .prepare_cached("SELECT id FROM documents WHERE path = ?1 AND id <> ?2")?
        .query_row(params![path, id.0], |row| row.get(0))
        .optional()?;
    if let Some(other) = other {
        removed = release_content(transaction, DocumentId(other))?;
        transaction
            .prepare_cached("DELETE FROM documents WHERE id = ?1")?
            .execute([other])?;
    }
    transaction
        .prepare_cached("UPDATE documents SET path = ?2, path_text = ?3, size = ?4, mtime_ns = ?5 WHERE id = ?1")?
        .execute(params![
            id.0,
            path,
            to.path.to_string_lossy(),
            to.size_bytes as i64,
            to.mtime_ns
        ])?;
    Ok(removed)
}
