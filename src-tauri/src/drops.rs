//! Files dropped on the window.

use crate::commands::library::add;
use crate::desk::Desk;
use serde::{Deserialize, Serialize};
use tauri::DragDropEvent;

/// What hangs over the window. What is dropped is added here, as the system gave it: paths that are not UTF-8 never pass through
/// the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DropEvent {
    /// Files hang over it.
    Over,
    /// Not any more.
    Leave,
}

/// Tells the page, and adds what was dropped by the same way as the command.
pub fn tell(desk: &Desk, event: &DragDropEvent) {
    match event {
        DragDropEvent::Enter { .. } | DragDropEvent::Over { .. } => desk.drops().tell(&DropEvent::Over),
        DragDropEvent::Drop { paths, .. } => {
            desk.drops().tell(&DropEvent::Leave);
            let paths = paths.clone();
            desk.run_detached(move |engine| add(engine, &paths));
        }
        _ => desk.drops().tell(&DropEvent::Leave),
    }
}
