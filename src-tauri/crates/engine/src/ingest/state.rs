//! What ingest knows between its steps.

use super::progress::Progress;
use docmind_core::cancel::CancelToken;
use docmind_core::chunk::{ChunkId, EmbeddedChunk};
use docmind_core::document::{ContentHash, DocumentId, Page};
use docmind_core::embedding::Embedding;
use docmind_core::error::ErrorReport;
use docmind_store::{DocumentRecord, FileStamp, UnreadPage};
use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::time::Instant;

/// Before every passage.
pub(super) const FIRST: ChunkId = ChunkId(0);

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
    pub(super) stranded: Vec<DocumentId>,
    /// Content being worked on.
    pub(super) in_flight: HashMap<ContentHash, DocumentId>,
    /// Files with the same bytes as one in flight: looked at again when that one is settled.
    pub(super) deferred: HashMap<ContentHash, Vec<DocumentRecord>>,
    /// Files that were saved once more while they were worked on: looked at again when they are settled.
    pub(super) touched: HashSet<PathBuf>,
    /// Documents that keep what they hold because their files could not be opened, until they are.
    pub(super) unopened: HashSet<DocumentId>,
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
    /// They were looked through up to this one; when that is the last, once more from the first.
    pub(super) reembedded: ChunkId,
}

impl State {
    /// At rest, with a queue that nobody looked at yet.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            taken: VecDeque::new(),
            more_queued: true,
            taking: false,
            stranded: Vec::new(),
            in_flight: HashMap::new(),
            deferred: HashMap::new(),
            touched: HashSet::new(),
            unopened: HashSet::new(),
            reading: 0,
            backlog: VecDeque::new(),
            backlog_bytes: 0,
            embedding: 0,
            embedded: VecDeque::new(),
            embedded_bytes: 0,
            unflushed: Vec::new(),
            unflushed_since: None,
            flushing: false,
            progress: Progress::new(now),
            blocked: None,
            fingerprint: None,
            embedder_changed: false,
            reembed: true,
            reembedded: FIRST,
        }
    }
}

pub(super) fn has_work(state: &State) -> bool {
    state.reembed || !is_worked_off(state)
}

/// No document is queued or under way.
pub(super) fn is_worked_off(state: &State) -> bool {
    !(state.more_queued
        || state.taking
        || !state.taken.is_empty()
        || state.reading > 0
        || !state.backlog.is_empty()
        || state.embedding > 0)
}

pub(super) fn is_idle(state: &State) -> bool {
    !has_work(state) && state.deferred.is_empty() && state.unflushed.is_empty() && !state.flushing
}

/// The content is free again: files with the same bytes are looked at now.
pub(super) fn release(state: &mut State, id: DocumentId, hash: Option<&ContentHash>) {
    if let Some(hash) = hash
        && state.in_flight.get(hash) == Some(&id)
    {
        state.in_flight.remove(hash);
        if let Some(waiting) = state.deferred.remove(hash) {
            state.taken.extend(waiting);
        }
    }
}

pub(super) fn waiting_ids(state: &State) -> Vec<DocumentId> {
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

pub(super) fn forget_waiting(state: &mut State) {
    state.taken.clear();
    state.deferred.clear();
    state.touched.clear();
    state.unopened.clear();
    state.in_flight.clear();
    state.backlog.clear();
    state.backlog_bytes = 0;
    state.embedding -= state.embedded.len();
    state.embedded.clear();
    state.embedded_bytes = 0;
}
