//! The one task that writes the index. Everybody else sends it commands; searches read the table it last published.

mod rebuild;
mod upkeep;

use super::lance::{LanceTable, Reach};
use super::seal;
use super::{IndexState, Published, Shared};
use crate::database::lock;
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
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Rows outside the graph that may be searched one by one before they are added to it.
const OUTSIDE_AT_MOST: usize = 10_000;
/// Rows written by one commit.
const BATCH_ROWS: usize = 8192;
/// Commits before small files are merged.
const COMMITS_AT_MOST: u32 = 16;
/// Quiet time before what can wait is done.
const QUIET: Duration = Duration::from_secs(2);

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
    /// From so many passages on there is a table.
    from: usize,
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
    pub(super) fn new(shared: Arc<Shared>, from: usize) -> Self {
        Self {
            shared,
            from,
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
            let next = tokio::time::timeout(QUIET, inbox.recv()).await;
            if self.shared.erase.swap(false, Ordering::AcqRel) {
                self.erase = true;
                self.untidy = true;
            }
            match next {
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

    /// Opens the recorded folder. False when there is none that fits and one is needed.
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
        let rows = self.rows().await?;
        let Some(folder) = found.filter(|_| rows >= self.from / 2) else {
            if rows >= self.from {
                return Ok(false);
            }
            self.do_without().await?;
            return Ok(true);
        };
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

    /// Passages that an index would hold.
    async fn rows(&self) -> Result<usize, StoreError> {
        let rows = self.read(|shared| shared.library.count_vectors()).await?;
        Ok(usize::try_from(rows).unwrap_or(usize::MAX))
    }

    /// A small library is searched without an index; what is left of one goes.
    async fn do_without(&mut self) -> Result<(), StoreError> {
        self.table = None;
        self.reach = Reach::Flat;
        self.erase = false;
        lock(&self.shared.removals).clear();
        self.sweep(None).await?;
        self.read(|shared| shared.library.set_index_files(&BTreeMap::new()))
            .await
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
            lock(&self.shared.removals).clear();
            // Perhaps the library has outgrown the exact scan: looked at when nothing else is to do.
            self.untidy = true;
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
        let has_graph = published.as_ref().is_some_and(Published::has_graph);
        self.shared.publish(published, IndexState::Ready);
        if has_graph {
            // It answers from now on: what was read for scans meanwhile is not kept beside it.
            let shared = Arc::clone(&self.shared);
            tokio::task::spawn_blocking(move || shared.library.release_vectors());
        }
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
