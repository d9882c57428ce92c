//! The state of ingest between its steps, and what may be asked of it from outside.

use super::gate::Gate;
use super::progress::Progress;
use crate::clock::now_ms;
use crate::events::{IngestEvent, IngestProgress, IngestStage};
use crate::listeners::{Listeners, Subscription, lock};
use crate::rows::row;
use crate::waiting::wait;
use docmind_core::cancel::CancelToken;
use docmind_core::chunk::{ChunkId, EmbeddedChunk};
use docmind_core::document::{ContentHash, DocumentId, DocumentState, Page};
use docmind_core::embedding::Embedding;
use docmind_core::error::{ErrorReport, Notice};
use docmind_core::ports::{DocumentParser, Embedder, VectorIndex};
use docmind_store::{DocumentRecord, FileStamp, Library, StoreError, UnreadPage};
use std::collections::{HashMap, HashSet, VecDeque};
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
/// A sleeping thread looks by itself after so long.
const REST: Duration = Duration::from_millis(500);

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

/// A file that was read and waits for its vectors.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) record: DocumentRecord,
    pub(super) stamp: FileStamp,
    pub(super) hash: ContentHash,
    pub(super) media_type: String,
    pub(super) title: Option<String>,
    pub(super) language: Option<String>,
    pub(super) pages: Vec<Page>,
    pub(super) failed_pages: Vec<UnreadPage>,
    /// Of its text.
    pub(super) text_bytes: usize,
    /// Of all that is held.
    pub(super) held_bytes: usize,
    pub(super) read_ms: f64,
}

/// A document with its passages and vectors, ready for its transaction.
#[derive(Debug)]
pub(super) struct Embedded {
    pub(super) parsed: Parsed,
    pub(super) chunks: Vec<EmbeddedChunk>,
    /// Whose vectors these are.
    pub(super) fingerprint: String,
    /// Its share of the trip.
    pub(super) embed_ms: f64,
    /// Of the trip it was on.
    pub(super) cancel: CancelToken,
}

#[derive(Debug)]
pub(super) struct State {
    /// Off the ledger's queue, not begun.
    pub(super) taken: VecDeque<DocumentRecord>,
    /// The ledger may hold more.
    pub(super) more_queued: bool,
    /// Files are being taken off it.
    pub(super) taking: bool,
    /// Files that could not be put back into the queue: the disk was full. They are before anything else is taken.
    stranded: Vec<DocumentId>,
    /// Content being worked on.
    pub(super) in_flight: HashMap<ContentHash, DocumentId>,
    /// Files with the same bytes as one in flight: looked at again when that one is settled.
    pub(super) deferred: HashMap<ContentHash, Vec<DocumentRecord>>,
    /// Files that were saved once more while they were worked on: looked at again when they are settled.
    touched: HashSet<PathBuf>,
    pub(super) reading: usize,
    pub(super) backlog: VecDeque<Parsed>,
    pub(super) backlog_bytes: usize,
    /// Documents on a trip to the embedder, or waiting to be committed.
    pub(super) embedding: usize,
    /// Documents with their vectors that wait to be committed, each counted in `embedding`.
    pub(super) embedded: VecDeque<Embedded>,
    pub(super) embedded_bytes: usize,
    pub(super) unflushed: Vec<(ChunkId, Embedding)>,
    pub(super) unflushed_since: Option<Instant>,
    pub(super) flushing: bool,
    pub(super) progress: Progress,
    pub(super) blocked: Option<ErrorReport>,
    /// Fingerprint of the embedder that the library was told of.
    pub(super) fingerprint: Option<String>,
    /// The embedder was exchanged and the library does not know it yet.
    pub(super) embedder_changed: bool,
    /// Passages may lack vectors of the present embedder.
    pub(super) reembed: bool,
}

/// The machine; see the module above.
pub struct Pipeline {
    pub(super) library: Arc<Library>,
    pub(super) index: Arc<dyn VectorIndex>,
    pub(super) parser: Arc<dyn DocumentParser>,
    pub(super) embedder: Arc<dyn Embedder>,
    pub(super) gate: Gate,
    pub(super) listeners: Listeners<IngestEvent>,
    /// Told before a document takes a moved file's new path.
    pub(super) moves: Listeners<MovedFile>,
    pub(super) cancel: Mutex<CancelToken>,
    pub(super) state: Mutex<State>,
    changed: Condvar,
    taking: Mutex<()>,
    stopped: AtomicBool,
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
        let state = State {
            taken: VecDeque::new(),
            more_queued: true,
            taking: false,
            stranded: Vec::new(),
            in_flight: HashMap::new(),
            deferred: HashMap::new(),
            touched: HashSet::new(),
            reading: 0,
            backlog: VecDeque::new(),
            backlog_bytes: 0,
            embedding: 0,
            embedded: VecDeque::new(),
            embedded_bytes: 0,
            unflushed: Vec::new(),
            unflushed_since: None,
            flushing: false,
            progress: Progress::new(Instant::now()),
            blocked: None,
            fingerprint: None,
            embedder_changed: false,
            reembed: true,
        };
        Self {
            library,
            index,
            parser,
            embedder,
            gate,
            listeners,
            moves: Listeners::default(),
            cancel: Mutex::default(),
            state: Mutex::new(state),
            changed: Condvar::new(),
            taking: Mutex::default(),
            stopped: AtomicBool::new(false),
        }
    }

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
        drop(state);
        self.notify();
    }

    /// Hears of moved files until dropped, each before the ledger knows it: after a kill in between it is told again.
    pub fn on_move(&self, callback: impl Fn(&MovedFile) + Send + Sync + 'static) -> Subscription {
        self.moves.subscribe(callback)
    }

    /// Overall progress now.
    pub fn progress(&self) -> IngestProgress {
        let mut state = lock(&self.state);
        state.progress.pause(self.gate.shut().map(str::to_owned));
        state.progress.reading(Instant::now())
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
                return Err(ErrorReport::new(
                    "cancelled",
                    "Cancelled.\nWhat was finished before is kept.",
                ));
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
        self.changed.notify_all();
    }

    /// True after [`Pipeline::stop`].
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
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
            drop(
                self.changed
                    .wait_timeout(state, REST)
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

    fn queue_if_changed(&self, settled: &DocumentRecord) {
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
            Ok(results) => self.queued(u32::from(results.iter().any(|result| result.is_queued()))),
            Err(error) => {
                tracing::warn!(path = %settled.path.display(), %error, "a file saved while it was read stays as it was read");
            }
        }
    }

    fn tell_settled(&self, id: DocumentId, indexed_chunks: u32, ms: f64) {
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

    /// The index forgets passages; what it still finds of them counts for nothing anyway.
    pub(crate) fn forget_vectors(&self, removed: Vec<ChunkId>) {
        if removed.is_empty() {
            return;
        }
        lock(&self.state).unflushed.retain(|(id, _)| !removed.contains(id));
        if let Err(report) = wait(self.index.remove(removed)) {
            tracing::warn!(detail = ?report.detail, "removed vectors stay in the index until it is rebuilt: {}", report.message);
        }
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

/// Text is not blank, and the time is measured from `since`.
pub(super) fn elapsed_ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// The time written into the ledger.
pub(super) fn at_ms() -> f64 {
    now_ms()
}

fn has_work(state: &State) -> bool {
    state.reembed || !is_worked_off(state)
}

/// No document is queued or under way.
fn is_worked_off(state: &State) -> bool {
    !(state.more_queued
        || state.taking
        || !state.taken.is_empty()
        || state.reading > 0
        || !state.backlog.is_empty()
        || state.embedding > 0)
}

fn is_idle(state: &State) -> bool {
    !has_work(state) && state.deferred.is_empty() && state.unflushed.is_empty() && !state.flushing
}

/// The content is free again: files with the same bytes are looked at now.
fn release(state: &mut State, id: DocumentId, hash: Option<&ContentHash>) {
    if let Some(hash) = hash
        && state.in_flight.get(hash) == Some(&id)
    {
        state.in_flight.remove(hash);
        if let Some(waiting) = state.deferred.remove(hash) {
            state.taken.extend(waiting);
        }
    }
}

fn waiting_ids(state: &State) -> Vec<DocumentId> {
    let deferred = state.deferred.values().flatten().map(|record| record.id);
    let embedded = state.embedded.iter().map(|embedded| embedded.parsed.record.id);
    state
        .taken
        .iter()
        .map(|record| record.id)
        .chain(state.backlog.iter().map(|parsed| parsed.record.id))
        .chain(embedded)
        .chain(deferred)
        .collect()
}

fn forget_waiting(state: &mut State) {
    state.taken.clear();
    state.deferred.clear();
    state.touched.clear();
    state.in_flight.clear();
    state.backlog.clear();
    state.backlog_bytes = 0;
    state.embedding -= state.embedded.len();
    state.embedded.clear();
    state.embedded_bytes = 0;
}
