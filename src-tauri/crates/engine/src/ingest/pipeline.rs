//! The machine, and what its steps share: taking a file off the queue, settling a document, handing vectors on.

use super::gate::Gate;
use super::state::{State, forget_waiting, has_work, is_idle, is_worked_off, release, waiting_ids};
use crate::clock::now_ms;
use crate::events::{IngestEvent, IngestStage};
use crate::listeners::{Listeners, lock};
use crate::rows::row;
use crate::waiting::wait;
use docmind_core::cancel::CancelToken;
use docmind_core::document::{ContentHash, DocumentId};
use docmind_core::error::{ErrorReport, Notice};
use docmind_core::ports::{DocumentParser, Embedder, VectorIndex};
use docmind_store::{DocumentRecord, Library, StoreError};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Pages read but not yet embedded are held up to this size; then reading waits. One document may be larger: it is held alone.
pub const BACKLOG_BYTES: usize = 64 * 1024 * 1024;
/// Text of one trip to the embedder: about 150 passages, a second or two of work on two cores.
pub(super) const TRIP_BYTES: usize = 128 * 1024;
/// Documents of one trip.
pub(super) const TRIP_DOCUMENTS: usize = 64;
/// Files taken off the ledger's queue at a time.
const TAKE: usize = 16;
/// Vectors are handed to the index in batches of so many passages,
const FLUSH_CHUNKS: usize = 4096;
/// or when the oldest has waited so long.
const FLUSH_AFTER: Duration = Duration::from_secs(5);
/// A sleeping thread looks by itself after so long,
const REST: Duration = Duration::from_millis(500);
/// and where there is nothing to do for any of them, after so long: a machine that is left alone may sleep.
const SLEEP: Duration = Duration::from_mins(10);

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something: there may be more.
    Worked,
    /// Nothing to do now.
    Idle,
}

enum Claim {
    Record(Box<DocumentRecord>),
    Nothing,
    AskLedger,
}

/// A known file that is found under another path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedFile {
    /// Where it was.
    pub from: PathBuf,
    /// Where it is.
    pub to: PathBuf,
}

/// How pages that are pictures are read.
#[derive(Default)]
pub(super) struct Scans {
    /// `None` where text recognition is not installed.
    pub(super) reader: Option<Arc<dyn DocumentParser>>,
    /// A person wants it.
    pub(super) wanted: AtomicBool,
    /// It is installed in part: its process does not start.
    pub(super) broken: AtomicBool,
}

/// The machine; see the module above.
pub struct Pipeline {
    pub(super) library: Arc<Library>,
    pub(super) index: Arc<dyn VectorIndex>,
    pub(super) parser: Arc<dyn DocumentParser>,
    pub(super) scans: Scans,
    pub(super) embedder: Arc<dyn Embedder>,
    pub(super) gate: Gate,
    pub(super) listeners: Listeners<IngestEvent>,
    /// Told before a document takes a moved file's new path.
    pub(super) moves: Listeners<MovedFile>,
    pub(super) cancel: Mutex<CancelToken>,
    pub(super) state: Mutex<State>,
    pub(super) changed: Condvar,
    pub(super) taking: Mutex<()>,
    pub(super) stopped: AtomicBool,
}

impl Pipeline {
    /// A machine at rest.
    pub fn new(
        library: Arc<Library>,
        index: Arc<dyn VectorIndex>,
        parser: Arc<dyn DocumentParser>,
        embedder: Arc<dyn Embedder>,
        gate: Gate,
        listeners: Listeners<IngestEvent>,
    ) -> Self {
        Self {
            library,
            index,
            parser,
            scans: Scans::default(),
            embedder,
            gate,
            listeners,
            moves: Listeners::default(),
            cancel: Mutex::default(),
            state: Mutex::new(State::new(Instant::now())),
            changed: Condvar::new(),
            taking: Mutex::default(),
            stopped: AtomicBool::new(false),
        }
    }

    /// With a reader of scans, where text recognition is installed.
    #[must_use]
    pub fn recognising(mut self, reader: Option<Arc<dyn DocumentParser>>) -> Self {
        self.scans.reader = reader;
        self
    }

    /// Whether scans are read from now on; true where they were not before.
    pub fn recognise_scans(&self, wanted: bool) -> bool {
        !self.scans.wanted.swap(wanted, Ordering::Relaxed) && wanted
    }

    /// Sleeps until something changes.
    pub(super) fn rest(&self) {
        let mut state = lock(&self.state);
        if is_worked_off(&state) && state.progress.end() {
            drop(state);
            self.tell_overall();
            return;
        }
        if !self.is_stopped() {
            let nap = nap(&state);
            drop(
                self.changed
                    .wait_timeout(state, nap)
                    .unwrap_or_else(PoisonError::into_inner),
            );
        }
    }

    pub(super) fn notify(&self) {
        self.changed.notify_all();
    }

    pub(super) fn tell(&self, event: &IngestEvent) {
        self.listeners.tell(event);
    }

    pub(super) fn tell_overall(&self) {
        let due = lock(&self.state).progress.due(Instant::now());
        if let Some(mut progress) = due {
            progress.paused = self.gate.shut().map(str::to_owned);
            self.tell(&IngestEvent::Overall(progress));
        }
    }

    pub(super) fn tell_progress(&self, record: &DocumentRecord, stage: IngestStage, done: u32, total: u32) {
        let path = record.path.to_string_lossy().into_owned();
        self.tell(&IngestEvent::Progress {
            id: record.id,
            path,
            stage,
            done,
            total,
        });
    }

    /// The next file: from what was taken, else from the ledger.
    pub(super) fn claim(&self) -> Result<Option<DocumentRecord>, StoreError> {
        match self.claim_taken() {
            Claim::Record(record) => return Ok(Some(*record)),
            Claim::Nothing => return Ok(None),
            Claim::AskLedger => {}
        }
        let _taking = lock(&self.taking);
        if self.is_stopped() {
            return Ok(None);
        }
        // Another thread may have taken some while this one waited.
        match self.claim_taken() {
            Claim::Record(record) => return Ok(Some(*record)),
            Claim::Nothing => return Ok(None),
            Claim::AskLedger => {}
        }
        let stranded = {
            let mut state = lock(&self.state);
            state.more_queued = false;
            // Between the ledger and here files are nowhere: that is work too, or a waiting caller would think all is done.
            state.taking = true;
            std::mem::take(&mut state.stranded)
        };
        let put_back = match stranded.as_slice() {
            [] => Ok(()),
            ids => self.library.put_back(ids),
        };
        let put_back_failed = put_back.is_err();
        let taken = put_back.and_then(|()| self.library.take_queued(TAKE));
        let mut state = lock(&self.state);
        state.taking = false;
        let taken = match taken {
            Ok(taken) => taken,
            Err(error) => {
                if put_back_failed {
                    state.stranded.extend(stranded);
                }
                state.more_queued = true;
                return Err(error);
            }
        };
        state.more_queued |= taken.len() == TAKE;
        state.taken.extend(taken);
        let claimed = state.taken.pop_front();
        state.reading += usize::from(claimed.is_some());
        drop(state);
        self.notify();
        Ok(claimed)
    }

    fn claim_taken(&self) -> Claim {
        let mut state = lock(&self.state);
        let full = !state.backlog.is_empty() && state.backlog_bytes >= BACKLOG_BYTES;
        if full || state.blocked.is_some() {
            return Claim::Nothing;
        }
        match state.taken.pop_front() {
            Some(record) => {
                state.reading += 1;
                Claim::Record(Box::new(record))
            }
            None if state.more_queued => Claim::AskLedger,
            None => Claim::Nothing,
        }
    }

    /// Says that a document is settled, and lets go of its content.
    pub(super) fn settled(&self, id: DocumentId, hash: Option<&ContentHash>, indexed_chunks: u32, ms: f64) {
        {
            let mut state = lock(&self.state);
            release(&mut state, id, hash);
            state.progress.settled(indexed_chunks, Instant::now());
        }
        self.notify();
        self.tell_settled(id, indexed_chunks, ms);
        self.look_again(id);
        self.tell_overall();
    }

    /// A document is settled: was its file saved meanwhile?
    fn look_again(&self, id: DocumentId) {
        if lock(&self.state).touched.is_empty() {
            return;
        }
        // One that was removed, or that cannot be read, was told of already.
        let Ok(Some(record)) = self.library.document(id) else {
            return;
        };
        if lock(&self.state).touched.remove(&record.path) {
            self.queue_if_changed(&record);
        }
    }

    pub(super) fn queue_if_changed(&self, settled: &DocumentRecord) {
        // A file that is gone is for whoever follows its folder; one that was removed from the library does not come back by this.
        let there = std::fs::metadata(&settled.path).ok().filter(std::fs::Metadata::is_file);
        let Some(meta) = there.filter(|_| settled.removed_at_ms.is_none()) else {
            return;
        };
        let now = crate::scan::stamp(settled.path.clone(), &meta);
        if now == settled.stamp() {
            return;
        }
        match self.library.enqueue(&[now], at_ms()) {
            // It is not hidden: it lets go of no passages.
            Ok(queueing) => self.queued(u32::from(queueing.files.iter().any(|file| file.is_queued()))),
            Err(error) => {
                tracing::warn!(path = %settled.path.display(), %error, "a file saved while it was read stays as it was read");
            }
        }
    }

    pub(super) fn tell_settled(&self, id: DocumentId, indexed_chunks: u32, ms: f64) {
        match self.library.document(id) {
            Ok(Some(record)) => {
                if let Some(outcome) = record.state.outcome() {
                    self.tell(&IngestEvent::Settled {
                        row: Box::new(row(record, false)),
                        outcome,
                        indexed_chunks,
                        ms,
                    });
                }
            }
            Ok(None) => tracing::debug!(%id, "a document was removed while it was read"),
            Err(error) => tracing::warn!(%id, %error, "a settled document cannot be read"),
        }
    }

    /// Puts a document back into the queue, undecided.
    pub(super) fn undecided(&self, id: DocumentId, hash: Option<&ContentHash>) {
        let put_back = self.library.put_back(&[id]);
        let mut state = lock(&self.state);
        if let Err(error) = put_back {
            tracing::warn!(%id, %error, "a document could not be put back into the queue yet");
            state.stranded.push(id);
        }
        release(&mut state, id, hash);
        state.more_queued = true;
        drop(state);
        self.notify();
    }

    /// Everything stops until somebody puts this right.
    pub(super) fn block(&self, report: ErrorReport) {
        tracing::error!(code = %report.code, detail = ?report.detail, "ingest cannot go on: {}", report.message);
        lock(&self.state).blocked = Some(report.clone());
        self.notify();
        self.tell(&IngestEvent::Blocked(report));
    }

    /// Hands vectors to the index when there are enough, when the oldest waited long, or when nothing else is to do.
    pub fn flush(&self) {
        let batch = {
            let mut state = lock(&self.state);
            let due = state.unflushed.len() >= FLUSH_CHUNKS
                || state
                    .unflushed_since
                    .is_some_and(|since| since.elapsed() >= FLUSH_AFTER)
                || (!has_work(&state) && !state.unflushed.is_empty())
                || self.is_stopped();
            if !due || state.flushing || state.unflushed.is_empty() {
                return;
            }
            state.flushing = true;
            state.unflushed_since = None;
            std::mem::take(&mut state.unflushed)
        };
        let count = batch.len();
        if let Err(report) = wait(self.index.append(batch)) {
            tracing::warn!(count, detail = ?report.detail, "vectors wait for the index to be rebuilt: {}", report.message);
            self.tell(&IngestEvent::Notice(Notice::new(report.code, report.message)));
        }
        lock(&self.state).flushing = false;
        self.notify();
    }

    /// After the threads ended: nothing stays marked as being worked on.
    pub(super) fn put_back_all(&self) {
        let ids: Vec<DocumentId> = {
            let mut state = lock(&self.state);
            let ids = waiting_ids(&state);
            forget_waiting(&mut state);
            ids
        };
        if !ids.is_empty()
            && let Err(error) = self.library.put_back(&ids)
        {
            tracing::warn!(%error, "unfinished documents are queued again at the next start");
        }
        let mut state = lock(&self.state);
        state.taken.clear();
        state.more_queued = false;
        drop(state);
        self.flush();
    }
}

/// How long a thread that found nothing to do sleeps. Whatever gives them work changes the state first, and wakes them then.
pub(super) fn nap(state: &State) -> Duration {
    if is_idle(state) { SLEEP } else { REST }
}

/// Milliseconds since then.
pub(super) fn elapsed_ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// The time written into the ledger.
pub(super) fn at_ms() -> f64 {
    now_ms()
}
