//! The machine and what it does.

use crate::desk::{Desk, JobId};
use crate::error::Reported;
use crate::stream::{Merge, Stream};
use docmind_core::hardware::HardwareInventory;
use docmind_engine::events::Telemetry;
use tauri::State;
use tauri::ipc::Channel;

impl Merge for Telemetry {
    fn absorb(&mut self, next: &Self) -> bool {
        self.clone_from(next);
        true
    }
}

/// Reads the machine twice a second until `stop_listening`.
#[tauri::command]
#[specta::specta]
pub async fn listen_telemetry(desk: State<'_, Desk>, id: JobId, readings: Channel<Vec<Telemetry>>) -> Reported<()> {
    let stream = Stream::new(readings);
    let subscription = desk
        .run(move |engine| Ok(engine.on_telemetry(move |reading| stream.tell(reading.clone()))))
        .await?;
    desk.keep(id, subscription);
    Ok(())
}

/// What the machine has.
#[tauri::command]
#[specta::specta]
pub async fn hardware(desk: State<'_, Desk>) -> Reported<HardwareInventory> {
    desk.run(|engine| Ok(engine.hardware())).await
}
