//! What the index needs when nothing else is to do: its graph, fewer files, nothing of what was removed; and the proof of it.

use super::super::lance::Reach;
use super::super::{INDEX_FROM, IndexState, seal};
use super::rebuild::unless_cancelled;
use super::{COMMITS_AT_MOST, Owner, detail, lance};
use crate::database::lock;
use crate::error::StoreError;
use std::collections::HashSet;

/// Parts of the graph before it is built anew as one.
const PARTS_AT_MOST: u32 = 6;
/// Old versions stay so long, for searches that have begun on them.
const VERSIONS_KEPT_S: i64 = 30;

impl Owner {
    /// What can wait: the graph, small files, removed rows. `outside` rows may stay outside the graph.
    pub(super) async fn tidy(&mut self, outside: usize) {
        if !self.untidy {
            return;
        }
        self.untidy = false;
        match self.try_tidy(outside).await {
            Ok(()) => {}
            Err(StoreError::Cancelled) => {
                // What was written of the graph belongs to no version of the table: the index is as good as before, and is taken up
                // again. Where LanceDB's own threads write on it is built anew.
                if let Err(error) = self.seal().await {
                    tracing::debug!(%error, "an index whose graph was given up is built anew when it is opened again");
                }
            }
            Err(error) => {
                let detail = detail(&error);
                self.recover(&detail).await;
            }
        }
    }

    async fn try_tidy(&mut self, outside_allowed: usize) -> Result<(), StoreError> {
        let Some(table) = self.table.clone() else {
            return self.outgrow(outside_allowed).await;
        };
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
            None => rows >= INDEX_FROM,
            Some(cover) => cover.outside > outside_allowed.max(1000) && cover.parts >= PARTS_AT_MOST,
        };
        let extend = cover.is_some_and(|cover| cover.outside > outside_allowed.max(1000));
        if build || extend {
            self.busy(IndexState::Tidying);
            let started = std::time::Instant::now();
            let given_up = self.shared.given_up.clone();
            let building = lance({
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
            });
            unless_cancelled(&given_up, building).await?;
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

    /// Builds the first index of a library that has grown too large for the exact scan.
    async fn outgrow(&mut self, outside_allowed: usize) -> Result<(), StoreError> {
        let failed = self
            .shared
            .state_is(|state| matches!(state, IndexState::Unavailable { .. }));
        if failed || self.embedder.is_none() || outside_allowed == usize::MAX || self.rows().await? < self.from {
            return Ok(());
        }
        self.rebuild_by_itself("the library has outgrown the exact scan").await;
        Ok(())
    }

    pub(super) async fn merge_files(&mut self) -> Result<(), StoreError> {
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

    /// Problems a person should know of. What heals by itself is healed first.
    pub(super) async fn compare(&mut self) -> Result<Vec<String>, StoreError> {
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
}
