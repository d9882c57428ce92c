//! The desktop around the window: its dialogs and its programs.

use crate::error::{Reported, internal, not_opened};
use docmind_core::error::ErrorReport;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use tauri::{AppHandle, Manager, Runtime, UserAttentionType, WebviewWindow};
use tauri_plugin_dialog::{DialogExt, FilePath};
use tauri_plugin_opener::OpenerExt;

/// What a person is asked to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum PickKind {
    /// Documents.
    Files,
    /// A folder.
    Folder,
    /// A GGUF file.
    Model,
    /// A file of evidence.
    Evidence,
}

/// What the shell asks of the desktop. Blocks until the person has answered.
pub trait Host: Send + Sync {
    /// Paths that were chosen; empty when the dialog was closed.
    fn pick(&self, kind: PickKind) -> Vec<PathBuf>;
    /// The folder of sample documents.
    ///
    /// # Errors
    /// It was not installed.
    fn samples(&self) -> Reported<PathBuf>;
    /// Where to save; `None` when the dialog was closed.
    fn save_as(&self, name: &str) -> Option<PathBuf>;
    /// Opens an address in the browser or the mail program.
    ///
    /// # Errors
    /// The system could not.
    fn open_url(&self, url: &str) -> Reported<()>;
    /// Opens a file or folder in its own program.
    ///
    /// # Errors
    /// The system could not.
    fn open_path(&self, path: &Path) -> Reported<()>;
    /// Shows a file in its folder.
    ///
    /// # Errors
    /// The system could not.
    fn reveal(&self, path: &Path) -> Reported<()>;
    /// Points at the window in the task bar, where somebody works elsewhere.
    ///
    /// # Errors
    /// The system could not.
    fn draw_attention(&self) -> Reported<()>;
}

/// The real desktop.
pub struct Desktop<R: Runtime>(AppHandle<R>);

impl<R: Runtime> Desktop<R> {
    /// Of an application.
    pub fn new(handle: AppHandle<R>) -> Self {
        Self(handle)
    }
}

fn path_of(picked: FilePath) -> Option<PathBuf> {
    picked.into_path().ok()
}

impl<R: Runtime> Host for Desktop<R> {
    fn pick(&self, kind: PickKind) -> Vec<PathBuf> {
        let dialog = self.0.dialog().file();
        let picked = match kind {
            PickKind::Files => dialog.blocking_pick_files().unwrap_or_default(),
            PickKind::Folder => dialog.blocking_pick_folder().into_iter().collect(),
            PickKind::Model => dialog
                .add_filter("GGUF", &["gguf"])
                .blocking_pick_file()
                .into_iter()
                .collect(),
            PickKind::Evidence => dialog
                .add_filter("JSON", &["json"])
                .blocking_pick_file()
                .into_iter()
                .collect(),
        };
        picked.into_iter().filter_map(path_of).collect()
    }

    fn samples(&self) -> Reported<PathBuf> {
        let beside = std::env::current_exe()
            .ok()
            .and_then(|exe| Some(exe.parent()?.join("samples")));
        let installed = self.0.path().resource_dir().ok().map(|folder| folder.join("samples"));
        let packaged = PathBuf::from("/usr/lib/docmind/samples");
        let named = std::env::var_os("DOCMIND_SAMPLES_DIR").map(PathBuf::from);
        let found = [named, installed, beside, Some(packaged)]
            .into_iter()
            .flatten()
            .find(|folder| folder.is_dir());
        found.ok_or_else(|| {
            ErrorReport::new(
                "no_samples",
                "The sample documents were not installed.\nAdd files of your own instead.",
            )
        })
    }

    fn save_as(&self, name: &str) -> Option<PathBuf> {
        self.0
            .dialog()
            .file()
            .set_file_name(name)
            .blocking_save_file()
            .and_then(path_of)
    }

    fn open_url(&self, url: &str) -> Reported<()> {
        self.0
            .opener()
            .open_url(url, None::<&str>)
            .map_err(|error| not_opened(url, error))
    }

    fn open_path(&self, path: &Path) -> Reported<()> {
        // As the system knows it: the plugin's own method takes text, which a path need not be.
        tauri_plugin_opener::open_path(path, None::<&str>)
            .map_err(|error| not_opened(&path.display().to_string(), error))
    }

    fn reveal(&self, path: &Path) -> Reported<()> {
        self.0
            .opener()
            .reveal_item_in_dir(path)
            .map_err(|error| not_opened(&path.display().to_string(), error))
    }

    fn draw_attention(&self) -> Reported<()> {
        let unseen = |window: &WebviewWindow<R>| !window.is_focused().unwrap_or(true);
        match self.0.get_webview_window(crate::MAIN).filter(unseen) {
            Some(window) => window
                .request_user_attention(Some(UserAttentionType::Informational))
                .map_err(internal),
            None => Ok(()),
        }
    }
}
