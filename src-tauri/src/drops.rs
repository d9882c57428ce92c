//! Files dropped on the window.

use crate::commands::library::add;
use crate::desk::Desk;
use docmind_core::error::ErrorReport;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
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
    /// What was dropped could not be added.
    Failed(ErrorReport),
}

/// Tells the page, and adds what was dropped by the same way as the command.
pub fn tell(desk: &Desk, event: &DragDropEvent) {
    match event {
        DragDropEvent::Enter { .. } | DragDropEvent::Over { .. } => desk.drops().tell(&DropEvent::Over),
        DragDropEvent::Drop { paths, .. } => {
            desk.drops().tell(&DropEvent::Leave);
            take(desk, paths.clone());
        }
        _ => desk.drops().tell(&DropEvent::Leave),
    }
}

/// Adds files and folders that nobody waits for; the page is told where that fails.
pub fn take(desk: &Desk, paths: Vec<PathBuf>) {
    let page = desk.drops().clone();
    desk.run_detached(move |engine| {
        add(engine, &paths).inspect_err(|report| page.tell(&DropEvent::Failed(report.clone())))
    });
}
