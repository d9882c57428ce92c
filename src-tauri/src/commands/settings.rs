//! Settings, the data folder, links and diagnostics.

use crate::desk::{Desk, JobId};
use crate::error::{Reported, link_refused};
use crate::stream::{Merge, Stream};
use docmind_core::cancel::CancelToken;
use docmind_core::error::Notice;
use docmind_core::settings::{RemoteContext, Settings};
use docmind_engine::Engine;
use docmind_engine::window::{FolderPart, Traffic};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tauri::State;
use tauri::ipc::Channel;

/// How far the index is rebuilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct Rebuilt {
    /// Passages done.
    pub done: u32,
    /// Passages in all.
    pub total: u32,
}

impl Merge for Rebuilt {
    fn absorb(&mut self, next: &Self) -> bool {
        *self = *next;
        true
    }
}

/// The data folder and what its parts take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, specta::Type)]
pub struct DataFolder {
    /// Where it is.
    pub path: String,
    /// Its parts.
    pub parts: Vec<FolderPart>,
}

/// Some of the settings by their names, with the values that they are to have.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct SettingsChange(Map<String, Value>);

impl specta::Type for SettingsChange {
    fn definition(_: &mut specta::Types) -> specta::datatype::DataType {
        // Which one is to be emptied and which one is not meant differ by their presence alone, which Rust's types do not say.
        specta_typescript::define("Partial<Settings>").into()
    }
}

/// The settings as they are.
#[tauri::command]
#[specta::specta]
pub async fn settings(desk: State<'_, Desk>) -> Reported<Settings> {
    desk.run(|engine| Ok(engine.settings())).await
}

/// What was degraded while the library was opened.
#[tauri::command]
#[specta::specta]
pub async fn opening_notices(desk: State<'_, Desk>) -> Reported<Vec<Notice>> {
    desk.run(|engine| Ok(engine.notices().to_vec())).await
}

/// Changes the settings that are named and gives all back as they are then.
#[tauri::command]
#[specta::specta]
pub async fn change_settings(desk: State<'_, Desk>, change: SettingsChange) -> Reported<Settings> {
    desk.run(move |engine| engine.change_settings(&change.0)).await
}

/// How much the server of the settings reads at once.
#[tauri::command]
#[specta::specta]
pub async fn remote_context(desk: State<'_, Desk>) -> Reported<RemoteContext> {
    desk.run(|engine| engine.remote_context(&CancelToken::new())).await
}

/// The data folder with its sizes.
#[tauri::command]
#[specta::specta]
pub async fn data_folder(desk: State<'_, Desk>) -> Reported<DataFolder> {
    desk.run(|engine| {
        Ok(DataFolder {
            path: engine.data_dir().root().display().to_string(),
            parts: engine.folder_parts(),
        })
    })
    .await
}

/// Shows the data folder.
#[tauri::command]
#[specta::specta]
pub async fn open_data_folder(desk: State<'_, Desk>) -> Reported<()> {
    let host = desk.host();
    desk.run(move |engine| host.open_path(engine.data_dir().root())).await
}

/// Makes the vector index again from the library. Gives the number of passages.
#[tauri::command]
#[specta::specta]
pub async fn rebuild_index(desk: State<'_, Desk>, job: JobId, events: Channel<Vec<Rebuilt>>) -> Reported<u32> {
    let stream = Stream::new(events);
    desk.run_job(job, move |engine, cancel| {
        engine.rebuild(cancel, &mut |done, total| stream.tell(Rebuilt { done, total }))
    })
    .await
}

/// What went over the network since the window was opened, by host; nothing is silence.
#[tauri::command]
#[specta::specta]
pub async fn network_traffic(desk: State<'_, Desk>) -> Reported<Vec<Traffic>> {
    desk.run(|engine| Ok(engine.network_traffic())).await
}

/// Something long has come to its end: points at the window where somebody works elsewhere.
#[tauri::command]
#[specta::specta]
pub fn draw_attention(desk: State<'_, Desk>) -> Reported<()> {
    desk.host().draw_attention()
}

/// What helps to find a fault; no document text.
#[tauri::command]
#[specta::specta]
pub async fn diagnostics(desk: State<'_, Desk>) -> Reported<String> {
    desk.run(|engine| Ok(Engine::diagnostics(engine))).await
}

/// Of DocMind.
#[tauri::command]
#[specta::specta]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// What a mail address may fill in. Not `attach`: mail programs add files of the machine by it (CVE-2020-27748).
const MAIL_FIELDS: [&str; 5] = ["to", "cc", "bcc", "subject", "body"];

/// True for addresses that a person may be sent to.
pub fn may_open(url: &str) -> bool {
    let lower = url.to_ascii_lowercase();
    let plain = !url.chars().any(|c| c.is_control() || c.is_whitespace());
    let after = |scheme: &str| lower.strip_prefix(scheme).filter(|rest| !rest.is_empty());
    let is_web = after("http://").or_else(|| after("https://")).is_some();
    plain && (is_web || after("mailto:").is_some_and(fills_in_text))
}

/// True for a mail address that fills in nothing but [`MAIL_FIELDS`].
fn fills_in_text(address: &str) -> bool {
    let known = |field: &str| MAIL_FIELDS.contains(&field.split('=').next().unwrap_or_default());
    address
        .split_once('?')
        .is_none_or(|(_, fields)| fields.split('&').all(known))
}

/// Opens a web or mail address after a click.
#[tauri::command]
#[specta::specta]
pub async fn open_link(desk: State<'_, Desk>, url: String) -> Reported<()> {
    if !may_open(&url) {
        return Err(link_refused());
    }
    let host = desk.host();
    tauri::async_runtime::spawn_blocking(move || host.open_url(&url))
        .await
        .map_err(crate::error::internal)?
}

#[cfg(test)]
mod tests {
    use super::may_open;

    #[test]
    fn only_web_and_mail_are_opened() {
        for good in [
            "https://a.example/x?y#z",
            "http://a.example",
            "mailto:a@b.example",
            "MAILTO:a@b.example?Subject=x&body=y",
        ] {
            assert!(may_open(good), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "file:///etc/passwd",
            "smb://h/s",
            "data:text/html,x",
            "https://",
            "java\nscript:x",
            "https://a b",
            "/usr/bin/x",
            "mailto:",
            "mailto:a@b.example?attach=/etc/passwd",
            "mailto:a@b.example?subject=x&%61ttach=/etc/passwd",
            "",
        ] {
            assert!(!may_open(bad), "{bad}");
        }
    }
}
