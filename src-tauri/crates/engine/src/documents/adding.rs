//! Documents on their way in: adding, trying again, pausing and giving up.

use crate::clock::now_ms;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::events::{DocumentRow, IngestEvent, IngestProgress};
use crate::listeners::lock;
use crate::path_text;
use crate::rows::row;
use crate::scan::{Found, Origin, SkippedPath, describe, stamp, walk};
use docmind_core::cancel::CancelToken;
use docmind_core::document::{DocumentId, DocumentState};
use docmind_core::error::{ErrorReport, Notice};
use docmind_store::{DocumentQuery, Enqueued, FileStamp, Queueing};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Mutex;

/// Files are put into the ledger in transactions of so many.
const ENQUEUE: usize = 256;

/// What adding tells while it walks. Files that are new or changed are told by [`IngestEvent::Settled`] when they are done.
#[derive(Clone, Debug)]
pub enum AddTold {
    /// Known and untouched since: nothing to do.
    Known(Box<DocumentRow>),
    /// In the queue now, or already there.
    Queued(DocumentId),
    /// No document, and why.
    Skipped(SkippedPath),
}

/// What adding came to, before the queue is worked on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Added {
    /// New or changed files, queued.
    pub queued: u32,
    /// Already waiting.
    pub waiting: u32,
    /// Known and untouched.
    pub known: u32,
    /// Met and not read.
    pub skipped: u32,
}

/// What lies in followed folders and cannot be read, with the code that says why. It is told once, though they are looked through again
/// and again.
#[derive(Default)]
pub(crate) struct MetSkips(Mutex<HashMap<PathBuf, String>>);

impl MetSkips {
    fn is_new(&self, skipped: &SkippedPath) -> bool {
        let code = &skipped.error.code;
        lock(&self.0).insert(skipped.path.clone(), code.clone()).as_ref() != Some(code)
    }
}

/// Files on their way into the ledger.
#[derive(Default)]
struct Batch {
    files: Vec<FileStamp>,
    /// Those of them that were named, not met on the way.
    named: HashSet<PathBuf>,
}

/// Whether a file that has not changed is read once more. One that could not be opened may be readable now. One that made the reader
/// crash or took too long may fare better on a calmer machine: it is tried where it was asked for by name, and not each time its folder
/// is added.
fn is_tried_again(state: DocumentState, named: bool) -> bool {
    match state {
        DocumentState::Unreadable => true,
        DocumentState::TimedOut | DocumentState::Crashed => named,
        _ => false,
    }
}

impl Engine {
    /// Walks files and folders and queues what is new or changed. Returns when all stands in the ledger; the queue is worked on
    /// meanwhile. Cancelled, by [`Engine::cancel_ingest`] too, it keeps what stands there. Files that a person removed from the library
    /// come back where they are named, not where they are met in a folder.
    ///
    /// # Errors
    /// `read_only`, a worker that is missing, and the store's own.
    pub fn add_paths(
        &self,
        paths: &[PathBuf],
        cancel: &CancelToken,
        told: &mut dyn FnMut(AddTold),
    ) -> Result<Added, ErrorReport> {
        self.add(paths, Origin::Named, cancel, told)
    }

    /// Adds what nobody named: it lies in folders that are followed.
    ///
    /// # Errors
    /// As [`Engine::add_paths`].
    pub(crate) fn add_met(&self, paths: &[PathBuf], cancel: &CancelToken) -> Result<Added, ErrorReport> {
        self.add(paths, Origin::Met, cancel, &mut |_| {})
    }

    fn add(
        &self,
        paths: &[PathBuf],
        origin: Origin,
        cancel: &CancelToken,
        told: &mut dyn FnMut(AddTold),
    ) -> Result<Added, ErrorReport> {
        self.writable()?;
        self.pipeline()?;
        let _under_way = self.0.walks.begin(cancel);
        let mut added = Added::default();
        let mut batch = Batch::default();
        let mut left_out = 0;
        let mut failure = None;
        walk(paths, origin, self.0.dir.root(), cancel, &mut |found| {
            if failure.is_some() {
                return;
            }
            match found {
                Found::File { stamp, named } => {
                    if named {
                        batch.named.insert(stamp.path.clone());
                    }
                    batch.files.push(stamp);
                    if batch.files.len() >= ENQUEUE {
                        match self.enqueue(std::mem::take(&mut batch), &mut added, told) {
                            Ok(shunned) => left_out += shunned,
                            Err(report) => failure = Some(report),
                        }
                    }
                }
                Found::Skipped(skipped) => {
                    added.skipped += 1;
                    if origin == Origin::Named || self.0.met_skips.is_new(&skipped) {
                        self.tell_skipped(&skipped);
                    }
                    told(AddTold::Skipped(skipped));
                }
            }
        });
        if let Some(report) = failure {
            return Err(report);
        }
        // Whoever cancelled may have emptied the queue already.
        if !cancel.is_cancelled() {
            left_out += self.enqueue(batch, &mut added, told)?;
        }
        if origin == Origin::Named && left_out > 0 {
            self.0.events.tell(&IngestEvent::Notice(Notice::new(
                "removed_stay_out",
                format!(
                    "Left out because they were removed from the library: {left_out}.\nAdd a file by itself to bring it back."
                ),
            )));
        }
        Ok(added)
    }

    /// Puts files into the ledger; gives how many of them stay out because a person removed them.
    fn enqueue(&self, mut batch: Batch, added: &mut Added, told: &mut dyn FnMut(AddTold)) -> Result<u32, ErrorReport> {
        let left_out = self.leave_shunned(&mut batch)?;
        added.skipped += left_out;
        let Queueing {
            files: results,
            removed,
        } = self.0.library.enqueue(&batch.files, now_ms())?;
        let unchanged: Vec<DocumentId> = results
            .iter()
            .filter_map(|result| {
                if let Enqueued::Unchanged(id) = result {
                    Some(*id)
                } else {
                    None
                }
            })
            .collect();
        let mut records = self.0.library.documents_by_id(&unchanged)?;
        let again: Vec<DocumentId> = records
            .values()
            .filter(|record| is_tried_again(record.state, batch.named.contains(&record.path)))
            .map(|record| record.id)
            .collect();
        let again = self.0.library.retry(&again, now_ms())?;
        let waiting: Vec<PathBuf> = batch
            .files
            .into_iter()
            .zip(&results)
            .filter(|(_, result)| matches!(result, Enqueued::Waiting(_)))
            .map(|(file, _)| file.path)
            .collect();
        let mut queued = 0;
        for result in results {
            let id = result.id();
            if result.is_queued() || again.contains(&id) {
                queued += 1;
                told(AddTold::Queued(id));
            } else if let Some(record) = records.remove(&id) {
                added.known += 1;
                told(AddTold::Known(Box::new(row(record, false))));
            } else {
                added.waiting += 1;
                told(AddTold::Queued(id));
            }
        }
        added.queued += queued;
        if let Some(pipeline) = &self.0.pipeline {
            pipeline.forget_vectors(removed);
            pipeline.queued(queued);
            pipeline.touched(waiting)?;
        }
        Ok(left_out)
    }

    /// Takes out of a batch what a person removed before and did not name now; what was named is wanted back for good. Gives how many.
    fn leave_shunned(&self, batch: &mut Batch) -> Result<u32, ErrorReport> {
        let user = self.user()?;
        let shunned = user.shunned(batch.files.iter().map(|file| file.path.as_path()))?;
        let (back, out): (Vec<PathBuf>, Vec<PathBuf>) =
            shunned.into_iter().partition(|path| batch.named.contains(path));
        user.unshun(&back)?;
        batch.files.retain(|file| !out.contains(&file.path));
        Ok(u32::try_from(out.len()).unwrap_or(u32::MAX))
    }

    fn tell_skipped(&self, skipped: &SkippedPath) {
        tracing::info!(path = %skipped.path.display(), code = %skipped.error.code, "skipped");
        self.0.events.tell(&IngestEvent::Skipped {
            path: skipped.path.to_string_lossy().into_owned(),
            path_bytes: path_text::base64_if_lossy(&skipped.path),
            error: skipped.error.clone(),
        });
    }

    /// Waits until the queue is worked off and all of it is searchable.
    ///
    /// # Errors
    /// What blocks it, or `cancelled`.
    pub fn wait_for_ingest(&self, cancel: &CancelToken) -> Result<(), ErrorReport> {
        self.pipeline()?.wait_idle(cancel)
    }

    /// Queues settled documents again that have no content, and those whose file has changed since it was read. Gives how many.
    ///
    /// # Errors
    /// `read_only`, why a file cannot be opened where nothing else is to do, and the store's own.
    pub fn retry(&self, ids: &[DocumentId]) -> Result<u32, ErrorReport> {
        self.writable()?;
        let again = self.0.library.retry(ids, now_ms())?.len();
        let mut changed = Vec::new();
        let mut unopened = None;
        for record in self.0.library.documents_by_id(ids)?.into_values() {
            if record.removed_at_ms.is_some()
                || !matches!(record.state, DocumentState::Ready | DocumentState::Duplicate)
            {
                continue;
            }
            match std::fs::metadata(&record.path) {
                Ok(meta) => {
                    let now = stamp(record.path.clone(), &meta);
                    changed.extend((now != record.stamp()).then_some(now));
                }
                Err(error) => unopened = Some(describe(&record.path, &error)),
            }
        }
        // Only a hidden one lets go of passages, and none of them is.
        let changed = self.0.library.enqueue(&changed, now_ms())?.files;
        let queued = again + changed.iter().filter(|result| result.is_queued()).count();
        if let (0, Some(report)) = (queued, unopened) {
            return Err(report);
        }
        let queued = u32::try_from(queued).unwrap_or(u32::MAX);
        self.pipeline()?.queued(queued);
        Ok(queued)
    }

    /// Queues all documents again that need a person: what kept each from being read may be put right by now. Gives how many.
    ///
    /// # Errors
    /// `read_only`, and the store's own.
    pub fn retry_failed(&self) -> Result<u32, ErrorReport> {
        use DocumentState::{Duplicate, Empty, Ready};
        let may_be_read = |state: &DocumentState| state.is_settled() && !matches!(state, Ready | Duplicate | Empty);
        self.retry_all(DocumentState::ALL.into_iter().filter(may_be_read).collect())
    }

    /// From now on scans are read, until the library is closed; those that are there without text, or with pages without, are queued again.
    ///
    /// # Errors
    /// `recognition_missing`, `read_only`, and the store's own.
    pub fn read_scans(&self) -> Result<(), ErrorReport> {
        if self.0.scans.is_none() {
            return Err(EngineError::RecognitionMissing.into());
        }
        if self.pipeline()?.recognise_scans(true) {
            self.retry_scans()?;
        }
        Ok(())
    }

    /// Queues all scans without text again, and documents with pages that are such. Gives how many.
    pub(crate) fn retry_scans(&self) -> Result<u32, ErrorReport> {
        Ok(self.read_pictures_again()? + self.retry_all(vec![DocumentState::NoText])?)
    }

    /// Queues ready documents again among whose pages are pictures without text. Gives how many.
    fn read_pictures_again(&self) -> Result<u32, ErrorReport> {
        if self.0.scans.is_none() {
            return Ok(0);
        }
        let mut records = self.0.library.with_unread_pictures()?;
        // One whose file is away would end without what it holds.
        records.retain(|record| record.path.is_file());
        let ids: Vec<DocumentId> = records.into_iter().map(|record| record.id).collect();
        let queued = self.0.library.read_again(&ids, now_ms())?.len();
        let queued = u32::try_from(queued).unwrap_or(u32::MAX);
        self.pipeline()?.queued(queued);
        Ok(queued)
    }

    fn retry_all(&self, states: Vec<DocumentState>) -> Result<u32, ErrorReport> {
        let query = DocumentQuery {
            states,
            ..DocumentQuery::default()
        };
        let records = self.0.library.documents(&query)?;
        let ids: Vec<DocumentId> = records.into_iter().map(|record| record.id).collect();
        self.retry(&ids)
    }

    /// Stops taking new steps until [`Engine::resume_ingest`].
    pub fn pause_ingest(&self) {
        self.0.gate.pause();
        self.tell_overall();
    }

    /// Goes on.
    pub fn resume_ingest(&self) {
        self.0.gate.resume();
        if let Some(pipeline) = &self.0.pipeline {
            pipeline.unblock();
        }
        self.tell_overall();
    }

    /// Cancels what is queued and under way, within a second. Files of which nothing was indexed leave the library.
    ///
    /// # Errors
    /// `read_only`, and the store's own.
    pub fn cancel_ingest(&self) -> Result<(), ErrorReport> {
        self.writable()?;
        // First what would fill the queue again.
        self.0.walks.stop();
        self.pipeline()?.cancel_all()?;
        Ok(())
    }

    /// How far the queue is.
    pub fn ingest_progress(&self) -> IngestProgress {
        self.0
            .pipeline
            .as_ref()
            .map(|pipeline| pipeline.progress())
            .unwrap_or_default()
    }

    fn tell_overall(&self) {
        self.0.events.tell(&IngestEvent::Overall(self.ingest_progress()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_go_better_is_tried_again() {
        assert!(is_tried_again(DocumentState::Unreadable, false));
        assert!(is_tried_again(DocumentState::TimedOut, true));
        assert!(!is_tried_again(DocumentState::Crashed, false));
        assert!(!is_tried_again(DocumentState::Damaged, true));
        assert!(!is_tried_again(DocumentState::Ready, true));
    }
}
