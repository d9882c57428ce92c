//! The one task that writes the index. Everybody else sends it commands; searches read the table it last published.

use super::lance::{LanceTable, Reach};
use super::seal;
use super::{IndexState, Published, Shared};
use crate::database::{create_private_folder, lock};
use crate::error::StoreError;
use crate::library::CurrentEmbedder;
use docmind_core::cancel::CancelToken;
use docmind_core::chunk::ChunkId;
use futures::FutureExt;
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// From so many rows on, a graph is searched instead of every row. Flat at 20,000 rows takes 14 ms.
pub(super) const GRAPH_FROM: usize = 20_000;
/// Rows outside the graph that may be searched one by one before they are added to it.
const OUTSIDE_AT_MOST: usize = 10_000;
/// Parts of the graph before it is built anew as one.
const PARTS_AT_MOST: u32 = 6;
/// Rows written by one commit.
const BATCH_ROWS: usize = 8192;
/// Commits before small files are merged.
const COMMITS_AT_MOST: u32 = 16;
/// Old versions stay so long, for searches that have begun on them.
const VERSIONS_KEPT_S: i64 = 30;
/// Quiet time before what can wait is done.
const QUIET: Duration = Duration::from_secs(2);
/// A session that had to rebuild so often stops trying; the exact scan answers.
const REBUILDS_AT_MOST: u32 = 3;

pub(super) enum Command {
    /// Vectors were added to or removed from the library.
    Sync {
        done: Option<oneshot::Sender<Result<(), String>>>,
    },
    /// A search found the index of this generation wrong.
    Damaged { generation: u64, detail: String },
    /// Build it anew. Progress is (rows done, rows in all).
    Rebuild {
        cancel: CancelToken,
        progress: std::sync::mpsc::Sender<(u32, u32)>,
        done: oneshot::Sender<Result<u32, StoreError>>,
    },
    /// Nothing of removed rows may stay.
    Erase,
    /// Do what can wait, now.
    Settle { done: oneshot::Sender<()> },
    /// Compare with the library.
    Check {
        done: oneshot::Sender<Result<Vec<String>, StoreError>>,
    },
    /// Write what is left and end.
    Close { done: oneshot::Sender<()> },
}

pub(super) struct Owner {
    shared: Arc<Shared>,
    table: Option<LanceTable>,
    embedder: Option<CurrentEmbedder>,
    /// Rows of the library's vectors up to this one are in the table.
    seq: i64,
    reach: Reach,
    commits: u32,
    erase: bool,
    /// Something was written since it was last looked after.
    untidy: bool,
    rebuilds: u32,
}

impl Owner {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            table: None,
            embedder: None,
            seq: 0,
            reach: Reach::Flat,
            commits: 0,
            erase: false,
            untidy: true,
            rebuilds: 0,
        }
    }

    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Command>) {
        self.begin().await;
        loop {
            match tokio::time::timeout(QUIET, inbox.recv()).await {
                Err(_) => self.tidy(OUTSIDE_AT_MOST).await,
                Ok(None) => return,
                Ok(Some(Command::Close { done })) => {
                    let _ = self.synchronise().await;
                    if self.erase {
                        self.tidy(usize::MAX).await;
                    }
                    self.shared.publish(None, IndexState::Closed);
                    let _ = done.send(());
                    return;
                }
                Ok(Some(command)) => self.obey(command).await,
            }
        }
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Sync { done } => {
                let result = self.synchronise().await;
                answer(done, result);
            }
            Command::Damaged { generation, detail } => {
                if self.shared.generation() == generation {
                    self.recover(&detail).await;
                }
            }
            Command::Rebuild { cancel, progress, done } => {
                self.rebuilds = 0;
                let result = self
                    .rebuild(&cancel, &mut |rows, all| {
                        // Who asked may have gone.
                        let _ = progress.send((rows, all));
                    })
                    .await;
                drop(progress);
                answer(Some(done), result);
            }
            Command::Erase => {
                self.erase = true;
                self.untidy = true;
            }
            Command::Settle { done } => {
                let _ = self.synchronise().await;
                self.untidy = true;
                self.tidy(0).await;
                answer(Some(done), ());
            }
            Command::Check { done } => {
                let result = self.compare().await;
                answer(Some(done), result);
            }
            Command::Close { .. } => {}
        }
    }

    /// Takes up the index where it was left, or builds it anew.
    async fn begin(&mut self) {
        match self.take_up().await {
            Ok(true) => self.announce(),
            Ok(false) => {
                self.rebuild_by_itself("there is no index that fits the library").await;
            }
            Err(error) => self.recover(&detail(&error)).await,
        }
    }

    /// Opens the recorded folder. False when there is none that fits.
    async fn take_up(&mut self) -> Result<bool, StoreError> {
        self.table = None;
        self.embedder = self.read(|shared| shared.library.embedder()).await?;
        let Some(embedder) = self.embedder.clone() else {
            return Ok(true);
        };
        let found = self
            .read({
                let fingerprint = embedder.fingerprint.clone();
                move |shared| {
                    let Some(folder) = seal::recorded_folder(&shared.library)? else {
                        return Ok(None);
                    };
                    let fits = folder
                        .file_name()
                        .is_some_and(|name| name.to_string_lossy().starts_with(&stem(&fingerprint)));
                    Ok((fits && seal::is_intact(&shared.library, &folder)?).then_some(folder))
                }
            })
            .await?;
        let Some(folder) = found else { return Ok(false) };
        self.sweep(Some(&folder)).await?;

        let dimensions = embedder.dimensions;
        let table = lance(async move { LanceTable::open(&folder, dimensions).await }).await?;
        self.reach = reach_of(&table).await?;
        self.table = Some(table);
        let whole = self.catch_up().await?;
        if whole {
            self.seal().await?;
        }
        Ok(whole)
    }

    /// Makes good what the library gained or lost without the index hearing of it: a kill between two commits. The files are byte
    /// for byte as they were written, so that the rest can be trusted. False when a passage is held twice.
    async fn catch_up(&mut self) -> Result<bool, StoreError> {
        let Some(table) = self.table.clone() else {
            return Ok(true);
        };
        let held = lance(async move { table.ids().await }).await?;
        let (seq, wanted) = self.read(|shared| shared.library.vector_ids()).await?;
        let held_once: HashSet<u32> = held.iter().copied().collect();
        if held_once.len() != held.len() {
            return Ok(false);
        }
        let wanted_once: HashSet<u32> = wanted.iter().copied().collect();
        let stale: Vec<u32> = held_once.difference(&wanted_once).copied().collect();
        let missing: Vec<ChunkId> = wanted
            .iter()
            .filter(|id| !held_once.contains(id))
            .map(|id| ChunkId(*id))
            .collect();
        if !stale.is_empty() || !missing.is_empty() {
            tracing::info!(
                stale = stale.len(),
                missing = missing.len(),
                "the index catches up with the library"
            );
        }
        if !stale.is_empty() {
            self.delete(stale).await?;
        }
        for ids in missing.chunks(BATCH_ROWS) {
            let ids = ids.to_vec();
            let rows = self
                .read(move |shared| {
                    let vectors = shared.library.vectors(&ids)?;
                    Ok(ids
                        .into_iter()
                        .zip(vectors)
                        .filter_map(|(id, vector)| Some((id, vector?)))
                        .collect::<Vec<_>>())
                })
                .await?;
            self.add(rows).await?;
        }
        self.seq = seq;
        Ok(true)
    }

    /// Brings the index up to the library.
    async fn synchronise(&mut self) -> Result<(), String> {
        match self.try_synchronise().await {
            Ok(()) => Ok(()),
            Err(error) => {
                let detail = detail(&error);
                self.recover(&detail).await;
                Err(detail)
            }
        }
    }

    async fn try_synchronise(&mut self) -> Result<(), StoreError> {
        if self
            .shared
            .state_is(|state| matches!(state, IndexState::Unavailable { .. }))
        {
            lock(&self.shared.removals).clear();
            return Ok(());
        }
        let embedder = self.read(|shared| shared.library.embedder()).await?;
        if embedder != self.embedder {
            lock(&self.shared.removals).clear();
            self.table = None;
            self.rebuilds = 0;
            self.rebuild_by_itself("the embedder changed").await;
            return Ok(());
        }
        if self.table.is_none() {
            return Ok(());
        }
        let removed = std::mem::take(&mut *lock(&self.shared.removals));
        let mut changed = !removed.is_empty();
        if !removed.is_empty() {
            self.delete(removed).await?;
        }
        loop {
            let seq = self.seq;
            let (last, rows) = self
                .read(move |shared| shared.library.vectors_after(seq, BATCH_ROWS))
                .await?;
            if rows.is_empty() {
                break;
            }
            changed = true;
            self.add(rows).await?;
            self.seq = last;
        }
        if changed {
            self.seal().await?;
            self.announce();
        }
        if self.commits >= COMMITS_AT_MOST {
            self.merge_files().await?;
        }
        Ok(())
    }

    /// What can wait: the graph, small files, removed rows. `outside` rows may stay outside the graph.
    async fn tidy(&mut self, outside: usize) {
        if !self.untidy {
            return;
        }
        self.untidy = false;
        if let Err(error) = self.try_tidy(outside).await {
            let detail = detail(&error);
            self.recover(&detail).await;
        }
    }

    async fn try_tidy(&mut self, outside_allowed: usize) -> Result<(), StoreError> {
        let Some(table) = self.table.clone() else { return Ok(()) };
        if self.erase {
            self.busy(IndexState::Tidying);
            lance({
                let table = table.clone();
                async move {
                    table.rewrite_deleted().await?;
                    table.prune(0).await
                }
            })
            .await?;
            self.erase = false;
            self.commits = 0;
            self.seal().await?;
            self.announce();
        }
        if outside_allowed == usize::MAX {
            return Ok(());
        }
        let (rows, cover) = lance({
            let table = table.clone();
            async move { Ok((table.rows().await?, table.rows_outside_graph().await?)) }
        })
        .await?;
        let build = match cover {
            None => rows >= GRAPH_FROM,
            Some(cover) => cover.outside > outside_allowed.max(1000) && cover.parts >= PARTS_AT_MOST,
        };
        let extend = cover.is_some_and(|cover| cover.outside > outside_allowed.max(1000));
        if build || extend {
            self.busy(IndexState::Tidying);
            let started = std::time::Instant::now();
            lance({
                let table = table.clone();
                async move {
                    table.compact().await?;
                    if build {
                        table.build_graph().await?;
                    } else {
                        table.extend_graph().await?;
                    }
                    table.prune(VERSIONS_KEPT_S).await
                }
            })
            .await?;
            tracing::info!(
                rows,
                whole = build,
                seconds = started.elapsed().as_secs_f32(),
                "the graph of the index was built"
            );
            self.reach = Reach::Graph;
            self.commits = 0;
            self.seal().await?;
            self.announce();
        } else if self.commits >= COMMITS_AT_MOST {
            self.merge_files().await?;
        }
        Ok(())
    }

    async fn merge_files(&mut self) -> Result<(), StoreError> {
        let Some(table) = self.table.clone() else { return Ok(()) };
        lance(async move {
            table.compact().await?;
            table.prune(VERSIONS_KEPT_S).await
        })
        .await?;
        self.commits = 0;
        self.seal().await?;
        self.announce();
        Ok(())
    }

    /// After any error: the only repair is to build it anew.
    async fn recover(&mut self, detail: &str) {
        self.table = None;
        self.rebuild_by_itself(detail).await;
    }

    async fn rebuild_by_itself(&mut self, reason: &str) {
        if self.rebuilds >= REBUILDS_AT_MOST {
            tracing::warn!(
                reason,
                "the index keeps failing: the exact scan answers in this session"
            );
            self.shared.publish(
                None,
                IndexState::Unavailable {
                    reason: reason.to_owned(),
                },
            );
            return;
        }
        self.rebuilds += 1;
        let silent = CancelToken::new();
        if let Err(error) = self.rebuild(&silent, &mut |_, _| {}).await {
            let reason = detail(&error);
            tracing::warn!(
                reason,
                "the index could not be built: the exact scan answers in this session"
            );
            self.table = None;
            self.shared.publish(None, IndexState::Unavailable { reason });
        } else {
            tracing::info!(reason, "the index was built from the library");
        }
    }

    /// Builds the index in a new folder beside the old one, which goes when the new is sealed.
    async fn rebuild(
        &mut self,
        cancel: &CancelToken,
        progress: &mut (dyn FnMut(u32, u32) + Send),
    ) -> Result<u32, StoreError> {
        let embedder = self.read(|shared| shared.library.embedder()).await?;
        self.embedder.clone_from(&embedder);
        let Some(embedder) = embedder else {
            self.sweep(None).await?;
            self.table = None;
            self.announce();
            return Ok(0);
        };
        if self.table.is_none() {
            self.shared.publish(None, IndexState::Rebuilding { done: 0, total: 0 });
        }
        let folder = self
            .read({
                let fingerprint = embedder.fingerprint.clone();
                move |shared| {
                    let folder = next_folder(&shared.index_folder(), &fingerprint);
                    create_private_folder(&shared.index_folder())?;
                    create_private_folder(&folder)?;
                    Ok(folder)
                }
            })
            .await?;
        match self.fill(&folder, &embedder, cancel, progress).await {
            Ok((table, seq, rows)) => {
                self.table = Some(table);
                self.seq = seq;
                self.commits = 0;
                self.erase = false;
                // A deleted folder's name may have been used again: what is recorded under it is not these files.
                self.read(|shared| shared.library.set_index_files(&BTreeMap::new()))
                    .await?;
                self.seal().await?;
                self.announce();
                self.sweep(Some(&folder)).await?;
                Ok(rows)
            }
            Err(error) => {
                let _ = fs::remove_dir_all(&folder);
                if self.table.is_none() {
                    self.shared
                        .publish(None, IndexState::Unavailable { reason: detail(&error) });
                }
                Err(error)
            }
        }
    }

    async fn fill(
        &mut self,
        folder: &Path,
        embedder: &CurrentEmbedder,
        cancel: &CancelToken,
        progress: &mut (dyn FnMut(u32, u32) + Send),
    ) -> Result<(LanceTable, i64, u32), StoreError> {
        let total = self.read(|shared| shared.library.count_vectors()).await?;
        let table = lance({
            let (folder, dimensions) = (folder.to_owned(), embedder.dimensions);
            async move { LanceTable::create(&folder, dimensions).await }
        })
        .await?;
        // Removed while it is built: deleted again below.
        lock(&self.shared.removals).clear();
        let (mut seq, mut done) = (0, 0_u32);
        loop {
            if cancel.is_cancelled() {
                return Err(StoreError::Cancelled);
            }
            let (last, rows) = self
                .read(move |shared| shared.library.vectors_after(seq, BATCH_ROWS))
                .await?;
            if rows.is_empty() {
                break;
            }
            done += rows.len() as u32;
            let adding = table.clone();
            lance(async move { adding.add(&rows).await }).await?;
            seq = last;
            progress(done, total.max(done));
            if self.table.is_none() {
                self.shared.publish(
                    None,
                    IndexState::Rebuilding {
                        done,
                        total: total.max(done),
                    },
                );
            }
        }
        let removed = std::mem::take(&mut *lock(&self.shared.removals));
        let rows = usize::try_from(done).unwrap_or(usize::MAX);
        let finishing = table.clone();
        lance(async move {
            if !removed.is_empty() {
                finishing.delete(&removed).await?;
            }
            finishing.compact().await?;
            if rows >= GRAPH_FROM {
                finishing.build_graph().await?;
            }
            finishing.prune(0).await
        })
        .await?;
        if cancel.is_cancelled() {
            return Err(StoreError::Cancelled);
        }
        self.reach = if rows >= GRAPH_FROM { Reach::Graph } else { Reach::Flat };
        Ok((table, seq, done))
    }

    /// Problems a person should know of. What heals by itself is healed first.
    async fn compare(&mut self) -> Result<Vec<String>, StoreError> {
        let _ = self.synchronise().await;
        let mut problems = Vec::new();
        if let IndexState::Unavailable { reason } = self.shared.state() {
            problems.push(format!("the vector index cannot be used: {reason}"));
        }
        let Some(table) = self.table.clone() else {
            return Ok(problems);
        };
        let folder = table.folder().to_owned();
        if !self
            .read(move |shared| seal::is_intact(&shared.library, &folder))
            .await?
        {
            self.recover("its files differ from what was written").await;
        }
        match self.catch_up().await {
            Ok(true) => {
                self.seal().await?;
                self.announce();
            }
            Ok(false) => self.recover("it holds a passage twice").await,
            Err(error) => self.recover(&detail(&error)).await,
        }
        let Some(table) = self.table.clone() else {
            return Ok(problems);
        };
        let held = lance(async move { table.ids().await }).await?;
        let (_, wanted) = self.read(|shared| shared.library.vector_ids()).await?;
        let held_once: HashSet<u32> = held.iter().copied().collect();
        let wanted: HashSet<u32> = wanted.into_iter().collect();
        let removed: HashSet<u32> = lock(&self.shared.removals).iter().copied().collect();
        if held_once.len() != held.len() {
            problems.push(format!(
                "the vector index holds {} passages twice",
                held.len() - held_once.len()
            ));
        }
        let stale = held_once.difference(&wanted).filter(|id| !removed.contains(id)).count();
        if stale > 0 {
            problems.push(format!("the vector index holds {stale} passages that are gone"));
        }
        let missing = wanted.difference(&held_once).count();
        let (seq, _) = self.read(|shared| shared.library.vector_extent()).await?;
        if missing > 0 && seq == self.seq {
            problems.push(format!("{missing} passages are not in the vector index"));
        }
        Ok(problems)
    }

    async fn add(&mut self, rows: Vec<(ChunkId, docmind_core::embedding::Embedding)>) -> Result<(), StoreError> {
        let Some(table) = self.table.clone() else { return Ok(()) };
        self.commits += 1;
        self.untidy = true;
        lance(async move { table.add(&rows).await }).await
    }

    async fn delete(&mut self, ids: Vec<u32>) -> Result<(), StoreError> {
        let Some(table) = self.table.clone() else { return Ok(()) };
        self.commits += 1;
        self.untidy = true;
        lance(async move { table.delete(&ids).await }).await
    }

    async fn seal(&self) -> Result<(), StoreError> {
        let Some(folder) = self.table.as_ref().map(|table| table.folder().to_owned()) else {
            return Ok(());
        };
        self.read(move |shared| seal::seal(&shared.library, &folder)).await
    }

    /// Deletes every folder of the index but one.
    async fn sweep(&self, keep: Option<&Path>) -> Result<(), StoreError> {
        let keep = keep.map(Path::to_owned);
        self.read(move |shared| {
            let Ok(entries) = fs::read_dir(shared.index_folder()) else {
                return Ok(());
            };
            for path in entries
                .flatten()
                .map(|entry| entry.path())
                .filter(|path| Some(path) != keep.as_ref())
            {
                let removed = if path.is_dir() {
                    fs::remove_dir_all(&path)
                } else {
                    fs::remove_file(&path)
                };
                if let Err(error) = removed {
                    tracing::warn!(path = %path.display(), %error, "an old index stays on the disk");
                }
            }
            Ok(())
        })
        .await
    }

    /// Lets searches see the table as it is now.
    fn announce(&self) {
        let published = match (&self.table, &self.embedder) {
            (Some(table), Some(embedder)) => Some(Published {
                table: table.clone(),
                embedder: embedder.clone(),
                seq: self.seq,
                reach: self.reach,
                generation: 0,
            }),
            _ => None,
        };
        self.shared.publish(published, IndexState::Ready);
    }

    /// Searches go on by what was last announced; appending does not wait.
    fn busy(&self, state: IndexState) {
        self.shared.set_state(state);
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.shared);
        match tokio::task::spawn_blocking(move || work(&shared)).await {
            Ok(result) => result,
            Err(panic) => Err(StoreError::IndexUnavailable {
                detail: panic.to_string(),
            }),
        }
    }
}

async fn reach_of(table: &LanceTable) -> Result<Reach, StoreError> {
    let table = table.clone();
    let cover = lance(async move { table.rows_outside_graph().await }).await?;
    Ok(if cover.is_some() { Reach::Graph } else { Reach::Flat })
}

/// Runs LanceDB so that a panic is a failure like any other: on damaged files it does both.
pub(super) async fn lance<T>(work: impl Future<Output = lancedb::Result<T>>) -> Result<T, StoreError> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(StoreError::IndexUnavailable {
            detail: error.to_string(),
        }),
        Err(panic) => {
            let said = panic
                .downcast_ref::<&str>()
                .copied()
                .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            Err(StoreError::IndexUnavailable {
                detail: format!("LanceDB panicked: {}", said.unwrap_or("without a word")),
            })
        }
    }
}

fn answer<T>(done: Option<oneshot::Sender<T>>, value: T) {
    if let Some(done) = done {
        // Who asked may have gone.
        let _ = done.send(value);
    }
}

/// Folder names of one embedder begin so; derived data is versioned by folder.
pub(super) fn stem(fingerprint: &str) -> String {
    format!("{}-", &blake3::hash(fingerprint.as_bytes()).to_hex()[..12])
}

fn next_folder(index: &Path, fingerprint: &str) -> PathBuf {
    let stem = stem(fingerprint);
    let mut number = 1;
    loop {
        let folder = index.join(format!("{stem}{number}"));
        if !folder.exists() {
            return folder;
        }
        number += 1;
    }
}

fn detail(error: &StoreError) -> String {
    match error {
        StoreError::IndexUnavailable { detail } => detail.clone(),
        other => other.to_string(),
    }
}
