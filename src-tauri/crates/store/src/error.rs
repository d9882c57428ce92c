//! What can go wrong in the library, one variant per thing a caller can do differently.

use docmind_core::error::ErrorReport;
use rusqlite::{ErrorCode as Code, ffi};
use std::io;
use std::path::{Path, PathBuf};

/// A failure of the store. Nothing that was acknowledged before is lost by any of them.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database file is not one, or its pages contradict each other.
    #[error("The library file `{}` is damaged.\nMove it to another place and add your documents again; conversations are kept.", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// SQLite's words.
        detail: String,
    },
    /// The file of what a person made is damaged, and so are its copies.
    #[error("The file of your conversations, `{}`, is damaged, and no copy of it is sound.\nMove it to another place to begin anew; keep it, it may be repaired.", path.display())]
    UserDamaged {
        /// The file.
        path: PathBuf,
        /// SQLite's words.
        detail: String,
    },
    /// No space left; the change was rolled back whole.
    #[error("The disk that holds `{}` is full.\nMake room, then try again: nothing that was indexed is lost.", path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// The folder or file cannot be written, or the library was opened for reading.
    #[error("The library `{}` cannot be written.\nCheck the permissions of its folder, or close what opened it for reading only.", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// Written by a later version.
    #[error("The library `{}` was written by a newer DocMind (format {found}, this one knows {known}).\nInstall the newer version, or choose another data folder.", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// Another process held the file for longer than the time-out.
    #[error("The library `{}` is being changed by another process.\nTry again in a moment.", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// There is no library to open for reading.
    #[error("There is no library at `{}`.\nAdd documents first.", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// No document of that id.
    #[error("No document `{0}` in the library.\nList the documents to see which there are.")]
    UnknownDocument(u32),
    /// No conversation of that id.
    #[error("No conversation `{0}`.\nIt may have been deleted.")]
    UnknownConversation(u32),
    /// No collection of that id.
    #[error("No collection `{0}`.\nIt may have been deleted.")]
    UnknownCollection(u32),
    /// The name is taken.
    #[error("There is a collection `{0}` already.\nChoose another name.")]
    NameTaken(String),
    /// Vectors of another embedder than the library's current one.
    #[error(
        "The library holds vectors of the embedder `{current}`, not of `{given}`.\nChange the embedder in the settings; the texts are embedded again."
    )]
    WrongEmbedder {
        /// Fingerprint of the library's embedder; empty when none was chosen.
        current: String,
        /// Fingerprint of what was given.
        given: String,
    },
    /// A document whose parts contradict each other (a passage that is not its page's text, a vector of another length).
    #[error(
        "The document `{document}` was read inconsistently: {reason}.\nTry it again; if it fails again, the file is worth reporting."
    )]
    Inconsistent {
        /// The document.
        document: u32,
        /// What contradicts what.
        reason: String,
    },
    /// The vector index cannot be used; an exact scan answers meanwhile.
    #[error(
        "The search index cannot be used.\nIt is rebuilt from the library by itself; searching goes on, more slowly."
    )]
    IndexUnavailable {
        /// LanceDB's words.
        detail: String,
    },
    /// A file of the store could not be read or written.
    #[error("`{}` could not be used: {source}.\nCheck that the folder exists and that you may write to it.", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The job was cancelled.
    #[error("Cancelled.\nWhat was finished before is kept.")]
    Cancelled,
    /// Any other failure of SQLite.
    #[error("The library could not be used: {0}.\nTry again; if it fails again, run the check.")]
    Sqlite(#[from] rusqlite::Error),
    /// A stored value cannot be read.
    #[error(
        "The library holds a value that cannot be read ({0}).\nRun the check; adding the document again repairs it."
    )]
    Value(String),
}

impl StoreError {
    /// The stable code that crosses boundaries.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Damaged { .. } | Self::Value(_) => "library_damaged",
            Self::UserDamaged { .. } => "conversations_damaged",
            Self::DiskFull { .. } => "disk_full",
            Self::ReadOnly { .. } => "library_read_only",
            Self::Newer { .. } => "library_newer",
            Self::Busy { .. } => "library_busy",
            Self::Missing { .. } => "library_missing",
            Self::UnknownDocument(_) => "document_not_found",
            Self::UnknownConversation(_) => "conversation_not_found",
            Self::UnknownCollection(_) => "collection_not_found",
            Self::NameTaken(_) => "name_taken",
            Self::WrongEmbedder { .. } => "wrong_embedder",
            Self::Inconsistent { .. } => "document_inconsistent",
            Self::IndexUnavailable { .. } => "index_unavailable",
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "disk_full",
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "library_read_only",
                _ => "library_io",
            },
            Self::Cancelled => "cancelled",
            Self::Sqlite(_) => "library_error",
        }
    }

    /// A failed file operation on `path`.
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path: path.to_owned() },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly { path: path.to_owned() }
            }
            _ => Self::Io {
                path: path.to_owned(),
                source,
            },
        }
    }

    /// Gives SQLite's own failures their meaning, now that the file is known.
    pub(crate) fn at(self, path: &Path) -> Self {
        let Self::Sqlite(error) = self else { return self };
        let path = path.to_owned();
        // The index of the log cannot grow: SQLite calls a full disk so where a library is opened.
        if error.sqlite_extended_error_code() == Some(ffi::SQLITE_IOERR_SHMSIZE) {
            return Self::DiskFull { path };
        }
        let code = error.sqlite_error_code();
        match code {
            Some(Code::DatabaseCorrupt | Code::NotADatabase) => Self::Damaged {
                path,
                detail: error.to_string(),
            },
            Some(Code::DiskFull) => Self::DiskFull { path },
            Some(Code::ReadOnly | Code::PermissionDenied | Code::CannotOpen) => Self::ReadOnly { path },
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::Busy { path },
            _ => Self::Sqlite(error),
        }
    }
}

impl From<StoreError> for ErrorReport {
    fn from(error: StoreError) -> Self {
        let report = Self::new(error.code(), error.to_string());
        match &error {
            StoreError::Damaged { detail, .. }
            | StoreError::UserDamaged { detail, .. }
            | StoreError::IndexUnavailable { detail } => report.with_detail(detail),
            StoreError::Sqlite(inner) => report.with_detail(inner),
            StoreError::Io { source, .. } => report.with_detail(source),
            _ => report,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_one_also_where_the_log_cannot_grow() {
        let code = |number| {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(number), None);
            StoreError::from(error).at(Path::new("/library.db")).code()
        };
        assert_eq!(code(ffi::SQLITE_IOERR_SHMSIZE), "disk_full");
        assert_eq!(code(ffi::SQLITE_FULL), "disk_full");
        assert_eq!(code(ffi::SQLITE_IOERR_READ), "library_error");
        assert_eq!(code(ffi::SQLITE_CORRUPT), "library_damaged");
    }
}
