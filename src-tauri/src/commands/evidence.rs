//! Evidence that somebody exported, proved again.

use crate::desk::{Desk, JobId};
use crate::error::Reported;
use crate::lossy::found;
use crate::stream::{Merge, Stream};
use docmind_core::cancel::CancelToken;
use docmind_engine::Engine;
use docmind_engine::evidence::looking_up::CheckedEvidence;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use tauri::State;
use tauri::ipc::Channel;

/// How far the cited documents are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct LookedUp {
    /// Documents done.
    pub done: u32,
    /// Documents in all.
    pub total: u32,
}

impl Merge for LookedUp {
    fn absorb(&mut self, next: &Self) -> bool {
        *self = *next;
        true
    }
}

impl LookedUp {
    fn of(done: usize, total: usize) -> Self {
        Self {
            done: done as u32,
            total: total as u32,
        }
    }
}

/// Looks up what a file of evidence cites, below a folder too where one is named.
#[tauri::command]
#[specta::specta]
pub async fn check_evidence(
    desk: State<'_, Desk>,
    job: JobId,
    path: PathBuf,
    folder: Option<PathBuf>,
    events: Channel<Vec<LookedUp>>,
) -> Reported<CheckedEvidence> {
    let stream = Stream::new(events);
    desk.run_job(job, move |engine, cancel| {
        look_up(engine, &path, folder.as_deref(), cancel, &stream)
    })
    .await
}

fn look_up(
    engine: &Engine,
    path: &Path,
    folder: Option<&Path>,
    cancel: &CancelToken,
    stream: &Stream<LookedUp>,
) -> Reported<CheckedEvidence> {
    let folder = folder.map(found);
    engine.check_evidence(&found(path), folder.as_deref(), cancel, &mut |done, total| {
        stream.tell(LookedUp::of(done, total));
    })
}
