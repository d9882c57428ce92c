//! What can go wrong in the engine itself. The rooms below report for themselves; all ends as an [`ErrorReport`].

use crate::recognition::INSTALL;
use crate::removal::UNDO_FOR;
use docmind_core::document::DocumentId;
use docmind_core::error::ErrorReport;
use std::io;
use std::path::{Path, PathBuf};

/// The code that says that no document reader can be started: no file is to blame, and what was queued stays queued.
pub(crate) const READER_UNAVAILABLE: &str = "reader_unavailable";

/// A failure of the engine, one variant per thing a caller can do differently.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Another process owns the data folder.
    #[error("The library is in use by {}.\nClose that window or wait for it to finish; searching, listing and extracting work beside it.", owner(*pid))]
    LibraryInUse {
        /// The owner, where it could be read.
        pid: Option<u32>,
    },
    /// The data folder cannot be made or used.
    #[error("The data folder `{path}` cannot be used.\nCheck that it exists, is yours, and that the disk is not full or read-only.", path = path.display())]
    DataFolder {
        /// The folder or a file in it.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The platform has no place for application data.
    #[error("No data folder is known on this system.\nName one with --data-dir.")]
    NoDataFolder,
    /// There is no library yet, and it may not be made.
    #[error("There is no library in `{path}` yet.\nAdd documents first: docmind add FOLDER", path = path.display())]
    NoLibrary {
        /// The data folder.
        path: PathBuf,
    },
    /// A worker's binary is missing.
    #[error(
        "The part `{name}` of DocMind was not found beside the program.\nInstall DocMind again, or name the folder in DOCMIND_BIN_DIR."
    )]
    WorkerMissing {
        /// Name of the binary.
        name: String,
    },
    /// The engine was opened for reading only.
    #[error(
        "The library was opened for reading only.\nOpen it in the window or run the command while no other one owns it."
    )]
    ReadOnly,
    /// A document that is not in the library.
    #[error("The library has no document `{what}`.\nList what it has: docmind list")]
    NoSuchDocument {
        /// Id or path as given.
        what: String,
    },
    /// A removal that can no longer be undone.
    #[error("Document `{id}` is forgotten: a removal can be undone for {} seconds.\nAdd the file again.", UNDO_FOR.as_secs())]
    RemovalFinal {
        /// The document.
        id: DocumentId,
    },
    /// A page that a document does not have.
    #[error("`{title}` has no page {page}.\nIt may have been indexed again since; ask again.")]
    NoSuchPage {
        /// Title of the document.
        title: String,
        /// 1-based.
        page: u32,
    },
    /// The named model is nowhere.
    #[error(
        "There is no language model `{name}`.\nGive the path of a GGUF file, or list the stored ones: docmind models list"
    )]
    NoSuchModel {
        /// As given.
        name: String,
    },
    /// Settings could not be written.
    #[error("The settings could not be saved to `{path}`.\nCheck that the disk is not full or read-only.", path = path.display())]
    SettingsUnsaved {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// A settings field has a value it cannot have.
    #[error("The setting `{key}` cannot be `{value}`.\nSee assets/defaults.jsonc for what it takes.")]
    BadSetting {
        /// Name of the field.
        key: String,
        /// As given.
        value: String,
        /// Why.
        detail: String,
    },
    /// A file of a document cannot be opened now.
    #[error("`{path}` cannot be opened.\nIt may have been moved, or its folder may be unreachable.", path = path.display())]
    FileUnreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// A file changed since it was indexed.
    #[error("`{path}` has changed since it was indexed.\nIts page cannot be drawn as it was; add it again to index it anew.", path = path.display())]
    FileChanged {
        /// The file.
        path: PathBuf,
    },
    /// The embedder was exchanged, and the passages have no vectors of the new one yet.
    #[error(
        "The passages wait for vectors of the embedder that was chosen.\nThey get them while the application is open."
    )]
    VectorsPending,
    /// Nothing was asked.
    #[error("The question is empty.\nType what you want to know.")]
    EmptyQuestion,
    /// The job was cancelled.
    #[error("Cancelled.\nWhat was finished before is kept.")]
    Cancelled,
    /// Scans are to be read, and nothing is installed that reads them.
    #[error("Text recognition is not installed.\nInstall it ({INSTALL}), then try again.")]
    RecognitionMissing,
    /// Another report, of a room below.
    #[error("{0}")]
    Report(ErrorReport),
}

fn owner(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

impl EngineError {
    /// The stable name of the failure.
    pub fn code(&self) -> &str {
        match self {
            Self::LibraryInUse { .. } => "library_in_use",
            Self::DataFolder { source, .. } | Self::SettingsUnsaved { source, .. } if is_disk_full(source) => {
                "disk_full"
            }
            Self::DataFolder { .. } => "data_folder_unusable",
            Self::NoDataFolder => "no_data_folder",
            Self::NoLibrary { .. } => "no_library",
            Self::WorkerMissing { .. } => "worker_missing",
            Self::ReadOnly => "read_only",
            Self::NoSuchDocument { .. } => "no_such_document",
            Self::RemovalFinal { .. } => "removal_final",
            Self::NoSuchPage { .. } => "no_such_page",
            Self::NoSuchModel { .. } => "no_such_model",
            Self::SettingsUnsaved { .. } => "settings_unsaved",
            Self::BadSetting { .. } => "bad_setting",
            Self::FileUnreadable { .. } => "file_unreadable",
            Self::FileChanged { .. } => "file_changed",
            Self::VectorsPending => "vectors_pending",
            Self::EmptyQuestion => "empty_question",
            Self::Cancelled => "cancelled",
            Self::RecognitionMissing => "recognition_missing",
            Self::Report(report) => &report.code,
        }
    }

    pub(crate) fn data_folder(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::DataFolder {
            path: path.to_owned(),
            source,
        }
    }
}

fn is_disk_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

impl From<EngineError> for ErrorReport {
    fn from(error: EngineError) -> Self {
        let detail = match &error {
            EngineError::DataFolder { source, .. }
            | EngineError::SettingsUnsaved { source, .. }
            | EngineError::FileUnreadable { source, .. } => Some(source.to_string()),
            EngineError::BadSetting { detail, .. } => Some(detail.clone()),
            // For programs: the number alone.
            EngineError::LibraryInUse { pid } => pid.map(|pid| pid.to_string()),
            EngineError::Report(report) => return report.clone(),
            _ => None,
        };
        Self {
            code: error.code().to_owned(),
            message: error.to_string(),
            detail,
        }
    }
}

impl From<ErrorReport> for EngineError {
    fn from(report: ErrorReport) -> Self {
        Self::Report(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_says_what_to_do_on_its_own_line() {
        let errors = [
            EngineError::LibraryInUse { pid: Some(7) },
            EngineError::NoDataFolder,
            EngineError::NoLibrary { path: "/x".into() },
            EngineError::NoSuchDocument { what: "9".into() },
            EngineError::RemovalFinal { id: DocumentId(9) },
            EngineError::EmptyQuestion,
            EngineError::Cancelled,
        ];
        for error in errors {
            assert_eq!(error.to_string().lines().count(), 2, "{error}");
        }
    }

    #[test]
    fn the_owner_is_named() {
        let report = ErrorReport::from(EngineError::LibraryInUse { pid: Some(4711) });
        assert_eq!(report.code, "library_in_use");
        assert!(report.message.contains("4711"), "{report}");
    }

    #[test]
    fn a_full_disk_has_its_own_code() {
        let error = EngineError::DataFolder {
            path: "/x".into(),
            source: io::ErrorKind::StorageFull.into(),
        };
        assert_eq!(error.code(), "disk_full");
    }
}
