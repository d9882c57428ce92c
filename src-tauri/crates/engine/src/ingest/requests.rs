//! What may be asked of ingest from outside, while it is stepped.

use super::pipeline::{MovedFile, Pipeline};
use super::state::{FIRST, forget_waiting, is_idle};
use crate::events::{IngestEvent, IngestProgress};
use crate::listeners::{Subscription, lock};
use crate::waiting::wait;
use docmind_core::cancel::CancelToken;
use docmind_core::chunk::ChunkId;
use docmind_core::document::{DocumentId, DocumentState};
use docmind_core::error::ErrorReport;
use docmind_store::StoreError;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

impl Pipeline {
    /// The ledger holds new work.
    pub fn wake(&self) {
        lock(&self.state).more_queued = true;
        self.changed.notify_all();
    }

    /// So many files joined the queue.
    pub fn queued(&self, files: u32) {
        if files == 0 {
            return;
        }
        {
            let mut state = lock(&self.state);
            state.progress.queued(files, Instant::now());
            state.more_queued = true;
            state.blocked = None;
        }
        self.changed.notify_all();
        self.tell(&IngestEvent::Queued { files });
    }

    /// Tries again after what blocked it was put right.
    pub fn unblock(&self) {
        lock(&self.state).blocked = None;
        self.wake();
    }

    /// The embedder was exchanged: the library must be told of the new one before the next document.
    pub fn forget_embedder(&self) {
        let mut state = lock(&self.state);
        state.fingerprint = None;
        state.embedder_changed = true;
        state.reembed = true;
        state.reembedded = FIRST;
        drop(state);
        self.notify();
    }

    /// Hears of moved files until dropped, each before the ledger knows it: after a kill in between it is told again.
    pub fn on_move(&self, callback: impl Fn(&MovedFile) + Send + Sync + 'static) -> Subscription {
        self.moves.subscribe(callback)
    }

    /// Overall progress now.
    pub fn progress(&self) -> IngestProgress {
        let now = Instant::now();
        let mut state = lock(&self.state);
        state.progress.pause(self.gate.shut().map(str::to_owned), now);
        state.progress.reading(now)
    }

    /// What keeps it from going on.
    pub fn blocked(&self) -> Option<ErrorReport> {
        lock(&self.state).blocked.clone()
    }

    /// Documents being worked on are those that the ledger calls `working`; this many are held here.
    pub fn is_idle(&self) -> bool {
        is_idle(&lock(&self.state))
    }

    /// Waits until all that was queued is settled and searchable.
    ///
    /// # Errors
    /// What blocks it, or `cancelled`.
    pub fn wait_idle(&self, cancel: &CancelToken) -> Result<(), ErrorReport> {
        let mut state = lock(&self.state);
        loop {
            if let Some(report) = &state.blocked {
                return Err(report.clone());
            }
            if cancel.is_cancelled() {
                return Err(ErrorReport::cancelled());
            }
            if is_idle(&state) {
                return Ok(());
            }
            state = self
                .changed
                .wait_timeout(state, Duration::from_millis(50))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Cancels what is under way; files of which nothing was indexed leave the ledger.
    ///
    /// # Errors
    /// The library cannot be written.
    pub fn cancel_all(&self) -> Result<Vec<DocumentId>, ErrorReport> {
        // Nothing is taken off the queue until it is empty.
        let _taking = lock(&self.taking);
        std::mem::take(&mut *lock(&self.cancel)).cancel();
        self.gate.look();
        let deadline = Instant::now() + Duration::from_millis(900);
        {
            let mut state = lock(&self.state);
            // What waits to be committed is forgotten below: nobody is at work on it.
            while (state.reading > 0 || state.embedding > state.embedded.len()) && Instant::now() < deadline {
                state = self
                    .changed
                    .wait_timeout(state, Duration::from_millis(20))
                    .unwrap_or_else(PoisonError::into_inner)
                    .0;
            }
            forget_waiting(&mut state);
        }
        let cancelled = self.library.cancel_queued()?;
        lock(&self.state).progress.end();
        for id in &cancelled.gone {
            self.tell(&IngestEvent::Removed { id: *id });
        }
        for id in cancelled.restored {
            self.tell_settled(id, 0, 0.0);
        }
        self.tell_overall();
        Ok(cancelled.gone)
    }

    /// Ends the threads that step it.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        lock(&self.cancel).cancel();
        self.gate.look();
        // With the lock: no thread is then between looking and going to sleep.
        drop(lock(&self.state));
        self.changed.notify_all();
    }

    /// True after [`Pipeline::stop`].
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Files that stand in the queue already were touched once more. What is read of one that is being worked on may be what stood
    /// there before.
    pub(crate) fn touched(&self, paths: Vec<PathBuf>) -> Result<(), StoreError> {
        // Noted before the ledger is asked: one that is settled in between is seen there or here, never by neither.
        lock(&self.state).touched.extend(paths.iter().cloned());
        for path in paths {
            let record = self.library.document_at(&path)?;
            if let Some(record) = &record
                && record.state == DocumentState::Working
            {
                continue;
            }
            lock(&self.state).touched.remove(&path);
            if let Some(record) = record
                && record.state.is_settled()
            {
                self.queue_if_changed(&record);
            }
        }
        Ok(())
    }

    /// The index forgets passages; what it still finds of them counts for nothing anyway.
    pub(crate) fn forget_vectors(&self, removed: Vec<ChunkId>) {
        if removed.is_empty() {
            return;
        }
        let gone: HashSet<ChunkId> = removed.iter().copied().collect();
        lock(&self.state).unflushed.retain(|(id, _)| !gone.contains(id));
        if let Err(report) = wait(self.index.remove(removed)) {
            tracing::warn!(detail = ?report.detail, "removed vectors stay in the index until it is rebuilt: {}", report.message);
        }
    }
}
