//! The vector index: LanceDB as a cache of what the library holds.
//!
//! There is none below [`INDEX_FROM`] passages: the exact scan is the quicker one there, and LanceDB costs the process some fifty
//! megabytes merely by being opened. Above, one task owns the table and writes it; searches read what it last published. A hit is a hint: it counts when the library knows
//! the passage, with the cosine of the library's vector. Vectors the index does not hold yet are scanned in the library, so that a
//! document is found as soon as it is committed. Whatever goes wrong — an error, a panic, a file that differs from what was
//! written, a cosine that the library contradicts — has one answer: the folder is dropped and built anew, and the exact scan
//! answers meanwhile.

mod lance;
mod owner;
mod seal;
#[cfg(test)]
mod tests;

use crate::database::lock;
use crate::error::StoreError;
use crate::library::{CurrentEmbedder, Library};
use docmind_core::cancel::CancelToken;
use docmind_core::chunk::ChunkId;
use docmind_core::embedding::Embedding;
use docmind_core::error::ErrorReport;
use docmind_core::ports::{BoxFuture, VectorIndex};
use docmind_core::retrieval::Hit;
use lance::{Hint, LanceTable, Reach};
use owner::{Command, Owner};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

/// From so many passages on there is an index, and its graph is searched. Flat at 20,000 rows takes 14 ms in LanceDB, the exact scan 4.
pub const INDEX_FROM: usize = 20_000;
/// Commands waiting for the owner.
const INBOX: usize = 64;
/// Hints asked beyond the limit, for those that turn out to be gone.
const SPARE_HINTS: usize = 16;
/// The graph ranks by one byte a dimension: so many times the limit is taken from it and ranked by true cosines.
const GRAPH_FACTOR: usize = 2;
/// A true cosine may differ by so much from the one of a row read flat: half floats, summed in another order.
const FLAT_TOLERANCE: f32 = 0.01;
/// And from the graph's, which has one byte a dimension, for all but a few.
const GRAPH_TOLERANCE: f32 = 0.1;
/// A search at the start waits so long for the index before it scans.
const OPENING_WAIT: Duration = Duration::from_millis(300);
/// Whether a rebuild was cancelled is looked at so often while nothing is heard of it.
const LOOKED_AT_EVERY: Duration = Duration::from_millis(100);

/// Where the index stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexState {
    /// Being opened.
    Opening,
    /// It answers.
    Ready,
    /// It answers while its graph is built, its files are merged, or another is built in its place.
    Tidying,
    /// It is built anew; the exact scan answers.
    Rebuilding {
        /// Vectors in it.
        done: u32,
        /// Vectors in all.
        total: u32,
    },
    /// It cannot be used in this session; the exact scan answers.
    Unavailable {
        /// LanceDB's or the system's words.
        reason: String,
    },
    /// The library was opened for reading: the index is used where it fits, never written.
    ReadOnly,
    /// Closed.
    Closed,
}

/// The vector index over a library. Owns a small runtime, so that any thread may call it.
pub struct VectorStore {
    shared: Arc<Shared>,
    commands: mpsc::Sender<Command>,
    runtime: Option<Runtime>,
}

/// What the owner and the searches share.
struct Shared {
    library: Arc<Library>,
    view: RwLock<View>,
    /// Passages removed from the library that may still be in the table.
    removals: Mutex<Vec<u32>>,
    /// Nothing of removed rows may stay in the files.
    erase: AtomicBool,
    /// Wakes searches that wait for the opening.
    opened: tokio::sync::watch::Sender<bool>,
    /// Set by [`VectorStore::give_up_building`].
    given_up: CancelToken,
}

struct View {
    published: Option<Arc<Published>>,
    state: IndexState,
    generation: u64,
}

/// A table to search, as of one moment.
struct Published {
    table: LanceTable,
    embedder: CurrentEmbedder,
    /// Vectors of the library up to this row are in it.
    seq: i64,
    reach: Reach,
    generation: u64,
}

impl Published {
    /// Without a graph the exact scan is the quicker one (4 ms at 22,000 rows where LanceDB's flat scan takes 14).
    fn has_graph(&self) -> bool {
        self.reach == Reach::Graph
    }
}

impl Shared {
    fn new(library: Arc<Library>, state: IndexState) -> Self {
        Self {
            library,
            view: RwLock::new(View {
                published: None,
                state,
                generation: 0,
            }),
            removals: Mutex::default(),
            erase: AtomicBool::new(false),
            opened: tokio::sync::watch::channel(false).0,
            given_up: CancelToken::new(),
        }
    }

    fn index_folder(&self) -> PathBuf {
        self.library.folder().join("index")
    }

    fn view<T>(&self, look: impl FnOnce(&View) -> T) -> T {
        look(&self.view.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The published table, where its graph can be searched.
    fn graph(&self) -> Option<Arc<Published>> {
        self.view(|view| view.published.clone().filter(|index| index.has_graph()))
    }

    fn publish(&self, published: Option<Published>, state: IndexState) {
        let opened = !matches!(state, IndexState::Opening);
        {
            let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
            view.generation += 1;
            let generation = view.generation;
            view.published = published.map(|published| {
                Arc::new(Published {
                    generation,
                    ..published
                })
            });
            view.state = state;
        }
        if opened {
            self.opened.send_replace(true);
        }
    }

    fn set_state(&self, state: IndexState) {
        self.view.write().unwrap_or_else(PoisonError::into_inner).state = state;
    }

    fn state(&self) -> IndexState {
        self.view(|view| view.state.clone())
    }

    fn state_is(&self, test: impl FnOnce(&IndexState) -> bool) -> bool {
        self.view(|view| test(&view.state))
    }

    fn generation(&self) -> u64 {
        self.view(|view| view.generation)
    }
}

impl VectorStore {
    /// Opens the index of a library; returns at once. Its files are proved against what was written last, in the background; the
    /// exact scan answers until that is done. `unclean` says that the last owner did not close: it is only told, because the proof
    /// is the same.
    ///
    /// # Errors
    /// [`StoreError::Io`] when no thread can be started.
    pub fn open(library: Arc<Library>, unclean: bool) -> Result<Self, StoreError> {
        Self::open_from(library, unclean, INDEX_FROM)
    }

    /// The same with another size from which there is an index: tests harm small ones.
    ///
    /// # Errors
    /// As [`VectorStore::open`].
    pub fn open_from(library: Arc<Library>, unclean: bool, from: usize) -> Result<Self, StoreError> {
        if unclean {
            tracing::info!("the library was not closed in order; its index is proved");
        }
        Self::start(library, IndexState::Opening, INBOX, from)
    }

    /// Uses the index of a library that another process may be writing. Nothing is written.
    ///
    /// # Errors
    /// [`StoreError::Io`] when no thread can be started.
    pub fn open_read_only(library: Arc<Library>) -> Result<Self, StoreError> {
        Self::start(library, IndexState::ReadOnly, 1, INDEX_FROM)
    }

    fn start(library: Arc<Library>, state: IndexState, inbox: usize, from: usize) -> Result<Self, StoreError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(8)
            .thread_name("index")
            .enable_all()
            .build()
            .map_err(|source| StoreError::Io {
                path: library.folder().to_owned(),
                source,
            })?;
        let (commands, inbox) = mpsc::channel(inbox);
        let read_only = state == IndexState::ReadOnly;
        let shared = Arc::new(Shared::new(library, state));
        if read_only {
            runtime.spawn(open_beside(Arc::clone(&shared)));
        } else {
            runtime.spawn(Owner::new(Arc::clone(&shared), from).run(inbox));
        }
        Ok(Self {
            shared,
            commands,
            runtime: Some(runtime),
        })
    }

    /// Where the index stands.
    pub fn state(&self) -> IndexState {
        self.shared.state()
    }

    /// Builds the index anew beside the old one; `progress` gets (vectors done, vectors in all). Gives how many can be searched: a
    /// small library needs no index, and what is left of one goes.
    ///
    /// # Errors
    /// [`StoreError::Cancelled`]: then the old one stays. [`StoreError::ReadOnly`], [`StoreError::IndexUnavailable`].
    pub fn rebuild(
        &self,
        cancel: &CancelToken,
        progress: &mut (dyn FnMut(u32, u32) + Send),
    ) -> Result<u32, StoreError> {
        self.writable()?;
        let (sender, reports) = std::sync::mpsc::channel();
        let (done, result) = oneshot::channel();
        self.send(Command::Rebuild {
            cancel: cancel.clone(),
            progress: sender,
            done,
        })?;
        loop {
            match reports.recv_timeout(LOOKED_AT_EVERY) {
                Ok((rows, all)) => progress(rows, all),
                // The owner may be at something that takes minutes: it finds this one cancelled when its turn comes.
                Err(RecvTimeoutError::Timeout) if cancel.is_cancelled() => return Err(StoreError::Cancelled),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Self::wait_for(result)?
    }

    /// Asks that nothing of removed passages stays in the index's files. It happens when the index has nothing else to do, at the
    /// latest when it is closed. The index holds no text.
    ///
    /// # Errors
    /// [`StoreError::IndexUnavailable`] after it was closed.
    pub fn erase(&self) -> Result<(), StoreError> {
        if self.shared.library.is_read_only() {
            return Ok(());
        }
        self.shared.erase.store(true, Ordering::Release);
        // Whoever removes must not wait for an index that is being built: a full inbox has something to wake the owner already.
        match self.commands.try_send(Command::Sync { done: None }) {
            Err(TrySendError::Closed(_)) => Err(closed()),
            Ok(()) | Err(TrySendError::Full(_)) => Ok(()),
        }
    }

    /// Waits until the index holds what the library holds, its graph built and its files merged.
    ///
    /// # Errors
    /// [`StoreError::IndexUnavailable`] after it was closed.
    pub fn settle(&self) -> Result<(), StoreError> {
        if self.shared.library.is_read_only() {
            return Ok(());
        }
        let (done, result) = oneshot::channel();
        self.send(Command::Settle { done })?;
        Self::wait_for(result)
    }

    /// Compares the index with the library; what can be healed is healed first. One sentence a problem.
    ///
    /// # Errors
    /// As every reading.
    pub fn check(&self) -> Result<Vec<String>, StoreError> {
        if self.shared.library.is_read_only() {
            return Ok(Vec::new());
        }
        let (done, result) = oneshot::channel();
        self.send(Command::Check { done })?;
        Self::wait_for(result)?
    }

    /// Writes what is left and ends. Searching goes on by the exact scan.
    ///
    /// # Errors
    /// None that loses anything: what is not written is made good when it is opened again.
    pub fn close(&self) -> Result<(), StoreError> {
        if self.shared.library.is_read_only() || self.shared.state_is(|state| *state == IndexState::Closed) {
            return Ok(());
        }
        let (done, result) = oneshot::channel();
        self.send(Command::Close { done })?;
        Self::wait_for(result)
    }

    /// What is built without being asked for, the index or its graph, ends at once: for whoever closes the store next and cannot wait
    /// minutes. It is built when the store is opened again.
    pub fn give_up_building(&self) {
        self.shared.given_up.cancel();
    }

    fn writable(&self) -> Result<(), StoreError> {
        if self.shared.library.is_read_only() {
            return Err(StoreError::ReadOnly {
                path: self.shared.index_folder(),
            });
        }
        Ok(())
    }

    fn send(&self, command: Command) -> Result<(), StoreError> {
        futures::executor::block_on(self.commands.send(command)).map_err(|_| closed())
    }

    fn wait_for<T>(result: oneshot::Receiver<T>) -> Result<T, StoreError> {
        futures::executor::block_on(result).map_err(|_| closed())
    }

    fn runtime(&self) -> &Runtime {
        self.runtime
            .as_ref()
            .expect("BUG: the runtime lives as long as the store")
    }

    /// Tells the owner that the library changed. Waits for it only when it is not busy with something long.
    fn changed(&self) -> BoxFuture<'_, Result<(), ErrorReport>> {
        let commands = self.commands.clone();
        let waits = self.shared.state_is(|state| matches!(state, IndexState::Ready));
        Box::pin(async move {
            if !waits {
                // A full inbox holds such a command already.
                let _ = commands.try_send(Command::Sync { done: None });
                return Ok(());
            }
            let (done, result) = oneshot::channel();
            commands
                .send(Command::Sync { done: Some(done) })
                .await
                .map_err(|_| closed())?;
            match result.await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(detail)) => Err(StoreError::IndexUnavailable { detail }.into()),
                Err(_) => Err(closed().into()),
            }
        })
    }
}

impl Drop for VectorStore {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Dropping a runtime waits for its threads, which is forbidden on another runtime's.
            runtime.shutdown_background();
        }
    }
}

impl VectorIndex for VectorStore {
    /// The vectors are in the library already: they are read from there, so that nothing is held twice while the index is busy.
    fn append(&self, vectors: Vec<(ChunkId, Embedding)>) -> BoxFuture<'_, Result<(), ErrorReport>> {
        if vectors.is_empty() || self.shared.library.is_read_only() {
            return Box::pin(async { Ok(()) });
        }
        self.changed()
    }

    fn search<'a>(&'a self, query: &'a Embedding, limit: usize) -> BoxFuture<'a, Result<Vec<Hit>, ErrorReport>> {
        // Where there is no graph, and none may be there in a moment, the exact scan waits for no other thread.
        let opened = *self.shared.opened.borrow();
        if opened && self.shared.graph().is_none() {
            let hits = self.shared.library.exact_search(query, limit, None);
            return Box::pin(async move { Ok(hits?) });
        }
        let search = search(Arc::clone(&self.shared), self.commands.clone(), query.clone(), limit);
        let running = self.runtime().spawn(search);
        Box::pin(async move {
            match running.await {
                Ok(result) => Ok(result?),
                Err(panic) => Err(StoreError::IndexUnavailable {
                    detail: panic.to_string(),
                }
                .into()),
            }
        })
    }

    fn remove(&self, ids: Vec<ChunkId>) -> BoxFuture<'_, Result<(), ErrorReport>> {
        if ids.is_empty() || self.shared.library.is_read_only() {
            return Box::pin(async { Ok(()) });
        }
        lock(&self.shared.removals).extend(ids.iter().map(|id| id.0));
        self.changed()
    }
}

fn closed() -> StoreError {
    StoreError::IndexUnavailable {
        detail: "the index is closed".into(),
    }
}

async fn search(
    shared: Arc<Shared>,
    commands: mpsc::Sender<Command>,
    query: Embedding,
    limit: usize,
) -> Result<Vec<Hit>, StoreError> {
    if !*shared.opened.borrow() {
        let mut opened = shared.opened.subscribe();
        let _ = tokio::time::timeout(OPENING_WAIT, opened.wait_for(|opened| *opened)).await;
    }
    let mut failed = None;
    // A search may meet the moment in which old versions are deleted: the second one sees the new.
    for _ in 0..2 {
        let Some(index) = shared.graph() else {
            break;
        };
        match by_index(&shared, &index, &query, limit).await {
            Ok(Some(hits)) => return Ok(hits),
            Ok(None) => {
                failed = None;
                break;
            }
            Err(StoreError::IndexUnavailable { detail }) => failed = Some((index.generation, detail)),
            Err(error) => return Err(error),
        }
    }
    if let Some((generation, detail)) = failed {
        tracing::warn!(detail, "the index failed a search; the exact scan answers");
        if shared.library.is_read_only() {
            shared.publish(None, IndexState::ReadOnly);
        } else {
            // A full inbox: the next search says it again.
            let _ = commands.try_send(Command::Damaged { generation, detail });
        }
    }
    blocking(|| shared.library.exact_search(&query, limit, None))
}

/// `None` when the index cannot answer this question: another embedder's, or too many hints were gone.
async fn by_index(
    shared: &Shared,
    index: &Published,
    query: &Embedding,
    limit: usize,
) -> Result<Option<Vec<Hit>>, StoreError> {
    if index.embedder.dimensions as usize != query.0.len() {
        return Ok(None);
    }
    let wanted = match index.reach {
        Reach::Flat => limit + SPARE_HINTS,
        Reach::Graph => limit * GRAPH_FACTOR + SPARE_HINTS,
    };
    let hints = owner::lance(index.table.search(query, wanted, index.reach)).await?;
    blocking(|| {
        if shared.library.embedder()?.as_ref() != Some(&index.embedder) {
            return Ok(None);
        }
        let ids: Vec<ChunkId> = hints.iter().map(|hint| hint.id).collect();
        let mut hits = shared.library.score(query, &ids)?;
        if contradicted(&hints, &hits, index.reach) {
            return Err(StoreError::IndexUnavailable {
                detail: "its vectors differ from the library's".into(),
            });
        }
        // Many hidden or removed passages in the way: further ones would have come after them, before most of what is scanned beside.
        if hits.len() < limit && hits.len() < hints.len() && hints.len() >= wanted {
            return Ok(None);
        }
        let known: HashSet<ChunkId> = hits.iter().map(|hit| hit.id).collect();
        hits.extend(
            shared
                .library
                .exact_tail(query, index.seq, limit)?
                .into_iter()
                .filter(|hit| !known.contains(&hit.id)),
        );
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        hits.truncate(limit);
        Ok(Some(hits))
    })
}

/// True when the index measured other cosines than the library's vectors have: its data is not what was written.
fn contradicted(hints: &[Hint], hits: &[Hit], reach: Reach) -> bool {
    let truth: HashMap<ChunkId, f32> = hits.iter().map(|hit| (hit.id, hit.score)).collect();
    let differences = || {
        hints
            .iter()
            .filter_map(|hint| truth.get(&hint.id).map(|score| (score - hint.cosine).abs()))
            .filter(|by| by.is_finite())
    };
    match reach {
        Reach::Flat => differences().any(|by| by > FLAT_TOLERANCE),
        Reach::Graph => differences().filter(|by| *by > GRAPH_TOLERANCE).count() * 4 > hints.len(),
    }
}

/// Beside another process: the table is used when it holds what the library holds and is large enough to matter.
async fn open_beside(shared: Arc<Shared>) {
    let found = blocking(|| {
        let Some(embedder) = shared.library.embedder()? else {
            return Ok(None);
        };
        let (seq, rows) = shared.library.vector_extent()?;
        let folder = seal::recorded_folder(&shared.library)?;
        let fits = |folder: &PathBuf| {
            folder
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(&owner::stem(&embedder.fingerprint)))
        };
        Ok(folder
            .filter(fits)
            .filter(|_| rows as usize >= INDEX_FROM)
            .map(|folder| (folder, embedder, seq, rows)))
    });
    if let Ok(Some((folder, embedder, seq, rows))) = found {
        let dimensions = embedder.dimensions;
        let opened = owner::lance(async move {
            let table = LanceTable::open(&folder, dimensions).await?;
            let (held, cover) = (table.rows().await?, table.rows_outside_graph().await?);
            Ok((table, held, cover))
        })
        .await;
        if let Ok((table, held, Some(_))) = opened
            && held == rows as usize
        {
            let published = Published {
                table,
                embedder,
                seq,
                reach: Reach::Graph,
                generation: 0,
            };
            shared.publish(Some(published), IndexState::ReadOnly);
        }
    }
    shared.opened.send_replace(true);
}

/// Reads the library where it stands: the runtime is ours, with a worker to spare.
fn blocking<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    tokio::task::block_in_place(work)
}
