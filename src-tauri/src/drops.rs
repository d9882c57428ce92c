//! Files dropped on the window, and those named when it is started.

use crate::commands::library::add;
use crate::desk::{Desk, lock};
use crate::error::evidence_one_by_one;
use crate::lossy::found;
use docmind_core::error::ErrorReport;
use docmind_engine::evidence::Evidence;
use docmind_engine::listeners::{Listeners, Subscription};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tauri::DragDropEvent;

/// What hangs over the window. What is dropped is added here, as the system gave it: paths that are not UTF-8 never pass through
/// the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DropEvent {
    /// Files hang over it.
    Over,
    /// Not any more.
    Leave,
    /// Evidence was among what was dropped: it is looked up, not added.
    Evidence(DroppedEvidence),
    /// What was dropped could not be added.
    Failed(ErrorReport),
}

/// A file of evidence that was dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct DroppedEvidence {
    /// Where it is; lossy where it is not UTF-8.
    pub path: String,
}

/// The page as a listener, and what came before it listened. Clones share both.
#[derive(Clone, Default)]
pub struct Drops {
    page: Listeners<DropEvent>,
    early: Arc<Mutex<Vec<PathBuf>>>,
}

impl Drops {
    /// Gives the paths back where the page listens; else they wait until it does.
    fn heard(&self, paths: Vec<PathBuf>) -> Option<Vec<PathBuf>> {
        let mut early = lock(&self.early);
        if self.page.is_empty() {
            early.extend(paths);
            return None;
        }
        Some(paths)
    }
}

/// Tells the page, and adds what was dropped by the same way as the command.
pub fn tell(desk: &Desk, event: &DragDropEvent) {
    let page = &desk.drops().page;
    match event {
        DragDropEvent::Enter { .. } | DragDropEvent::Over { .. } => page.tell(&DropEvent::Over),
        DragDropEvent::Drop { paths, .. } => {
            page.tell(&DropEvent::Leave);
            take(desk, paths.clone());
        }
        _ => page.tell(&DropEvent::Leave),
    }
}

/// Listens for the page, and takes what came before it did: it listens once the library is open.
pub fn listen(desk: &Desk, page: impl Fn(&DropEvent) + Send + Sync + 'static) -> Subscription {
    let drops = desk.drops();
    let (subscription, early) = {
        let mut early = lock(&drops.early);
        (drops.page.subscribe(page), std::mem::take(&mut *early))
    };
    if !early.is_empty() {
        take(desk, early);
    }
    subscription
}

/// Adds files and folders that nobody waits for, and has evidence looked up; the page is told where that fails. Before it listens they
/// wait: the library may be in use and be opened later, and a failure would be told to nobody.
pub fn take(desk: &Desk, paths: Vec<PathBuf>) {
    let drops = desk.drops().clone();
    let Some(paths) = drops.heard(paths) else { return };
    desk.run_detached(move |engine| {
        let (evidence, documents): (Vec<_>, Vec<_>) = paths
            .iter()
            .map(|path| found(path))
            .partition(|path| Evidence::is_at(path));
        if let Some((first, others)) = evidence.split_first() {
            let path = first.to_string_lossy().into_owned();
            drops.page.tell(&DropEvent::Evidence(DroppedEvidence { path }));
            if !others.is_empty() {
                drops.page.tell(&DropEvent::Failed(evidence_one_by_one(first)));
            }
        }
        if documents.is_empty() {
            return Ok(());
        }
        add(engine, &documents).inspect_err(|report| drops.page.tell(&DropEvent::Failed(report.clone())))
    });
}
