//! Building the index anew from the library: the one repair.

use super::super::lance::{LanceTable, Reach};
use super::super::{INDEX_FROM, IndexState};
use super::{BATCH_ROWS, Owner, detail, lance, next_folder};
use crate::database::{create_private_folder, lock};
use crate::error::StoreError;
use crate::library::CurrentEmbedder;
use docmind_core::cancel::CancelToken;
use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::path::Path;
use std::time::Duration;

/// A session that had to rebuild so often stops trying; the exact scan answers.
const REBUILDS_AT_MOST: u32 = 3;
/// Whether it was cancelled is looked at so often while the graph is built, which takes minutes on a large library.
const LOOKED_AT_EVERY: Duration = Duration::from_millis(100);

impl Owner {
    /// After any error: the only repair is to build it anew.
    pub(super) async fn recover(&mut self, detail: &str) {
        self.table = None;
        self.rebuild_by_itself(detail).await;
    }

    pub(super) async fn rebuild_by_itself(&mut self, reason: &str) {
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
        let given_up = self.shared.given_up.clone();
        match self.rebuild(&given_up, &mut |_, _| {}).await {
            Ok(_) if self.table.is_some() => tracing::info!(reason, "the index was built from the library"),
            Ok(_) => {}
            Err(StoreError::Cancelled) => {
                tracing::info!(
                    reason,
                    "the building of the index was given up: it is built when it is opened again"
                );
                self.table = None;
            }
            Err(error) => {
                let reason = detail(&error);
                tracing::warn!(
                    reason,
                    "the index could not be built: the exact scan answers in this session"
                );
                self.table = None;
                self.shared.publish(None, IndexState::Unavailable { reason });
            }
        }
    }

    /// Builds the index in a new folder beside the old one, which goes when the new is sealed. Another embedder chosen meanwhile fails
    /// what was begun for the one before; it is begun again for the new one.
    pub(super) async fn rebuild(
        &mut self,
        cancel: &CancelToken,
        progress: &mut (dyn FnMut(u32, u32) + Send),
    ) -> Result<u32, StoreError> {
        loop {
            let result = self.rebuild_for_current(cancel, progress).await;
            let chosen = self.read(|shared| shared.library.embedder()).await?;
            if chosen == self.embedder || matches!(result, Err(StoreError::Cancelled)) {
                match &result {
                    Ok(_) => {}
                    // The old one goes on, as it was last announced.
                    Err(_) if self.table.is_some() => self.shared.set_state(IndexState::Ready),
                    Err(error) => self
                        .shared
                        .publish(None, IndexState::Unavailable { reason: detail(error) }),
                }
                return result;
            }
            self.table = None;
            tracing::info!("another embedder was chosen while the index was built");
        }
    }

    async fn rebuild_for_current(
        &mut self,
        cancel: &CancelToken,
        progress: &mut (dyn FnMut(u32, u32) + Send),
    ) -> Result<u32, StoreError> {
        let embedder = self.read(|shared| shared.library.embedder()).await?;
        self.embedder.clone_from(&embedder);
        let rows = self.rows().await?;
        let Some(embedder) = embedder.filter(|_| rows >= self.from) else {
            if cancel.is_cancelled() {
                return Err(StoreError::Cancelled);
            }
            self.do_without().await?;
            self.announce();
            let rows = u32::try_from(rows).unwrap_or(u32::MAX);
            progress(rows, rows);
            return Ok(rows);
        };
        if self.table.is_none() {
            self.shared.publish(None, IndexState::Rebuilding { done: 0, total: 0 });
        } else {
            // It answers on; whoever adds must not wait until the other is there.
            self.busy(IndexState::Tidying);
        }
        let folder = self
            .read({
                let fingerprint = embedder.fingerprint.clone();
                move |shared| {
                    let folder = next_folder(&shared.index_folder(), &fingerprint);
                    for made in [&shared.index_folder(), &folder] {
                        create_private_folder(made).map_err(|source| StoreError::io(made, source))?;
                    }
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
                if matches!(error, StoreError::Cancelled) {
                    // LanceDB's own threads may still be at work in it: its name is not used again before the next sweep.
                    let _ = create_private_folder(&folder);
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
        // Those removed while it was built are in it.
        let removed = std::mem::take(&mut *lock(&self.shared.removals));
        let in_it = removed.clone();
        let rows = usize::try_from(done).unwrap_or(usize::MAX);
        let finishing = table.clone();
        let finish = lance(async move {
            if !in_it.is_empty() {
                finishing.delete(&in_it).await?;
            }
            finishing.compact().await?;
            if rows >= INDEX_FROM {
                finishing.build_graph().await?;
            }
            finishing.prune(0).await
        });
        if let Err(error) = unless_cancelled(cancel, finish).await {
            // The old one goes on, and holds them still.
            lock(&self.shared.removals).extend(removed);
            return Err(error);
        }
        self.reach = if rows >= INDEX_FROM { Reach::Graph } else { Reach::Flat };
        Ok((table, seq, done))
    }
}

/// Ends as cancelled as soon as it is, whatever `work` is at; that is dropped.
pub(super) async fn unless_cancelled<T>(
    cancel: &CancelToken,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let cancelled = async {
        while !cancel.is_cancelled() {
            tokio::time::sleep(LOOKED_AT_EVERY).await;
        }
    };
    tokio::select! {
        biased;
        () = cancelled => Err(StoreError::Cancelled),
        result = work => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{add, library, vector};
    use crate::vector_store::Shared;
    use std::sync::Arc;

    fn shared(folder: &Path) -> Arc<Shared> {
        let library = library(folder);
        add(&library, "/a.txt", 1, &["Oak.\nElm."]);
        Arc::new(Shared::new(Arc::new(library), IndexState::Opening))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn whoever_adds_does_not_wait_for_a_rebuild() {
        let folder = tempfile::tempdir().unwrap();
        let shared = shared(folder.path());
        let mut owner = Owner::new(Arc::clone(&shared), 0);
        owner.begin().await;
        assert_eq!(shared.state(), IndexState::Ready);
        let mut states = Vec::new();
        let looked_at = Arc::clone(&shared);
        let rebuilt = owner
            .rebuild(&CancelToken::new(), &mut |_, _| states.push(looked_at.state()))
            .await;
        assert_eq!((rebuilt.unwrap(), states), (2, vec![IndexState::Tidying]));
        assert_eq!(shared.state(), IndexState::Ready);
        let cancelled = CancelToken::new();
        cancelled.cancel();
        let stopped = owner.rebuild(&cancelled, &mut |_, _| ()).await;
        assert_eq!(stopped.unwrap_err().code(), "cancelled");
        assert_eq!(shared.state(), IndexState::Ready, "the old one goes on");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_built_by_itself_is_given_up_for_who_cannot_wait() {
        let folder = tempfile::tempdir().unwrap();
        let shared = shared(folder.path());
        shared.given_up.cancel();
        let mut owner = Owner::new(Arc::clone(&shared), 0);
        owner.begin().await;
        assert!(owner.table.is_none());
        assert!(shared.library.index_files().unwrap().is_empty());
        // Opened again, it is built.
        let again = Arc::new(Shared::new(Arc::clone(&shared.library), IndexState::Opening));
        let mut owner = Owner::new(Arc::clone(&again), 0);
        owner.begin().await;
        assert!(owner.table.is_some());
        assert_eq!(again.state(), IndexState::Ready);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_graph_that_answers_has_no_copy_of_the_vectors_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let shared = shared(folder.path());
        let mut owner = Owner::new(Arc::clone(&shared), 0);
        owner.begin().await;
        let asked = vector("Oak.");
        let scan = || shared.library.exact_search(&asked, 5, None).unwrap().len();
        assert_eq!((scan(), shared.library.vectors_held()), (2, 2));
        owner.announce();
        assert_eq!(shared.library.vectors_held(), 2, "without a graph the scan goes on");
        owner.reach = Reach::Graph;
        owner.announce();
        let mut looks = 0;
        while shared.library.vectors_held() > 0 && looks < 500 {
            looks += 1;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(shared.library.vectors_held(), 0);
        assert_eq!(scan(), 2, "they are read again");
    }

    #[tokio::test]
    async fn what_was_cancelled_is_not_waited_for() {
        let cancel = CancelToken::new();
        assert_eq!(unless_cancelled(&cancel, async { Ok(7) }).await.unwrap(), 7);
        let for_ever = unless_cancelled(&cancel, std::future::pending::<Result<u32, StoreError>>());
        let (ended, ()) = tokio::join!(for_ever, async { cancel.cancel() });
        assert_eq!(ended.unwrap_err().code(), "cancelled");
    }
}
