//! Documents that were removed and can still be brought back.

use crate::engine::{Engine, Inner};
use crate::error::EngineError;
use crate::events::IngestEvent;
use crate::listeners::lock;
use docmind_core::document::{ContentHash, DocumentId};
use docmind_core::error::ErrorReport;
use docmind_store::{DocumentRecord, Removed};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

/// A removal can be undone for so long.
pub const UNDO_FOR: Duration = Duration::from_secs(15);

/// Looked at this often.
const NAP: Duration = Duration::from_millis(500);

/// Removals that wait to be final.
#[derive(Default)]
pub(crate) struct Removals(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    /// When the last removal was made, in ms since the Unix epoch.
    last_ms: f64,
    /// A thread waits to make them final.
    thread: bool,
}

impl Engine {
    /// Hides documents at once and forgets them for good when they were not brought back within [`UNDO_FOR`], at the latest when
    /// the library is opened next.
    ///
    /// # Errors
    /// `no_such_document`, `read_only`, and the store's own.
    pub fn remove(&self, ids: &[DocumentId]) -> Result<(), ErrorReport> {
        self.require(ids)?;
        self.0.library.hide(ids, crate::clock::now_ms())?;
        self.shun(ids);
        for id in ids {
            self.0.events.tell(&IngestEvent::Removed { id: *id });
        }
        self.purge_later();
        Ok(())
    }

    /// Brings removed documents back.
    ///
    /// # Errors
    /// `removal_final` for one that is forgotten already, while the others come back; `read_only`, and the store's own.
    pub fn undo_remove(&self, ids: &[DocumentId]) -> Result<(), ErrorReport> {
        self.writable()?;
        let removed = self.0.library.unhide(ids)?;
        self.after_removal(removed);
        self.unshun(ids);
        if let Ok(pipeline) = self.pipeline() {
            // One that was still queued goes on.
            pipeline.wake();
        }
        // Looked for only now: what came back is forgotten no more.
        match self.first_missing(ids)? {
            Some(id) => Err(EngineError::RemovalFinal { id }.into()),
            None => Ok(()),
        }
    }

    /// Forgets documents for good, at once, and erases their text, in conversations too.
    ///
    /// # Errors
    /// `no_such_document`, `read_only`, and the store's own; then all are still there.
    pub fn forget(&self, ids: &[DocumentId]) -> Result<(), ErrorReport> {
        self.require(ids)?;
        self.forget_in_conversations(ids)?;
        // Before they go: afterwards nobody knows their paths.
        self.shun(ids);
        self.forget_vanished(ids)
    }

    /// Forgets documents whose files are gone. What conversations quote of them stays: nobody asked for it to go.
    ///
    /// # Errors
    /// `read_only`, and the store's own; then all are still there.
    pub(crate) fn forget_vanished(&self, ids: &[DocumentId]) -> Result<(), ErrorReport> {
        self.writable()?;
        self.drop_documents(ids)?;
        for id in ids {
            self.0.events.tell(&IngestEvent::Removed { id: *id });
        }
        Ok(())
    }

    /// Erases what conversations quote of documents about to go, and what was read of them for the model. Before they go: after a
    /// kill in between they are still there and can be removed again.
    fn forget_in_conversations(&self, ids: &[DocumentId]) -> Result<(), ErrorReport> {
        let records = self.0.library.documents_by_id(ids)?;
        let mut hashes: HashSet<ContentHash> = records.values().filter_map(|record| record.hash.clone()).collect();
        let known: HashSet<DocumentId> = records.keys().copied().collect();
        // A copy still says it.
        let held = self.0.library.held_beside(&hashes, &known)?;
        hashes.retain(|hash| !held.contains(hash));
        // Of a file that was moved and then written to neither path nor hash is that of what was quoted first.
        hashes.extend(self.0.library.former_hashes(&known)?);
        // One that could not be read again has no content now, but may have been quoted before.
        let is_last = |record: &DocumentRecord| record.hash.as_ref().is_none_or(|hash| !held.contains(hash));
        let paths: HashSet<String> = records
            .into_values()
            .filter(is_last)
            .map(|record| record.path.to_string_lossy().into_owned())
            .collect();
        if paths.is_empty() && hashes.is_empty() {
            return Ok(());
        }
        // Where conversations cannot be opened that was said at the start; documents can be removed all the same.
        if let Ok(user) = self.user() {
            user.forget_quotes(&|path, hash| paths.contains(path) || hashes.contains(hash))?;
        }
        self.0
            .dir
            .erase_prefixes()
            .map_err(EngineError::data_folder(&self.0.dir.prefixes()))?;
        Ok(())
    }

    fn require(&self, ids: &[DocumentId]) -> Result<(), ErrorReport> {
        self.writable()?;
        match self.first_missing(ids)? {
            Some(missing) => Err(EngineError::NoSuchDocument {
                what: missing.to_string(),
            }
            .into()),
            None => Ok(()),
        }
    }

    fn first_missing(&self, ids: &[DocumentId]) -> Result<Option<DocumentId>, ErrorReport> {
        let known = self.0.library.documents_by_id(ids)?;
        Ok(ids.iter().copied().find(|id| !known.contains_key(id)))
    }

    /// Forgets what was hidden before a time, and not what comes back meanwhile; the quotes of that are erased from conversations all the
    /// same.
    pub(crate) fn purge_hidden(&self, before_ms: f64) -> Result<(), ErrorReport> {
        let hidden = self.0.library.hidden(before_ms)?;
        if hidden.is_empty() {
            return Ok(());
        }
        self.forget_in_conversations(&hidden)?;
        let mut records = self.0.library.documents_by_id(&hidden)?;
        let (gone, removed) = self.0.library.remove_hidden(&hidden, before_ms)?;
        let records = gone.iter().filter_map(|id| records.remove(id));
        let paths: Vec<PathBuf> = records.map(|record| record.path).collect();
        self.shun_files(|| Ok(paths.clone()));
        self.after_removal(removed);
        self.forget_in_collections(&paths);
        Ok(())
    }

    /// They leave the library, its index and their collections.
    fn drop_documents(&self, ids: &[DocumentId]) -> Result<(), ErrorReport> {
        let paths = self.paths_of(ids)?;
        let removed = self.0.library.remove(ids)?;
        self.after_removal(removed);
        self.forget_in_collections(&paths);
        Ok(())
    }

    fn after_removal(&self, removed: Removed) {
        if removed.chunks.is_empty() {
            return;
        }
        if let Some(pipeline) = &self.0.pipeline {
            pipeline.forget_vectors(removed.chunks);
        } else {
            use docmind_core::ports::VectorIndex;
            if let Err(report) = crate::waiting::wait(self.0.index.remove(removed.chunks)) {
                tracing::warn!(detail = ?report.detail, "removed vectors stay in the index until it is rebuilt");
            }
        }
        if let Err(report) = self.0.index.erase() {
            tracing::warn!(%report, "old versions of the index are erased later");
        }
        if let Err(error) = self.0.library.erase() {
            tracing::warn!(%error, "removed text is erased from the log later");
        }
    }

    /// A thread waits and purges; it ends when no removal waits any more.
    fn purge_later(&self) {
        let mut waiting = lock(&self.0.removals.0);
        waiting.last_ms = crate::clock::now_ms();
        if waiting.thread {
            return;
        }
        let weak = Arc::downgrade(&self.0);
        match std::thread::Builder::new()
            .name("purge".to_owned())
            .spawn(move || purge_until_done(&weak))
        {
            Ok(_) => waiting.thread = true,
            Err(error) => tracing::warn!(%error, "removed documents are forgotten at the next start"),
        }
    }
}

fn purge_until_done(weak: &Weak<Inner>) {
    let undo_ms = UNDO_FOR.as_secs_f64() * 1000.0;
    loop {
        // In short naps, so that a closed engine is let go at once.
        std::thread::sleep(NAP);
        let Some(inner) = weak.upgrade() else { return };
        let engine = Engine(inner);
        let due = crate::clock::now_ms() - undo_ms;
        if let Err(report) = engine.purge_hidden(due) {
            tracing::warn!(%report, "removed documents are forgotten at the next start");
        }
        let mut waiting = lock(&engine.0.removals.0);
        if waiting.last_ms < due {
            waiting.thread = false;
            return;
        }
    }
}
