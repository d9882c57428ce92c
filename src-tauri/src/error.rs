//! Failures of the shell itself. Those of the engine cross as they are.

use docmind_core::error::ErrorReport;
use std::fmt;
use std::path::Path;

/// What the window is told when a command fails.
pub type Reported<T> = Result<T, ErrorReport>;

/// A thread of ours ended without a result.
pub fn internal(detail: impl fmt::Display) -> ErrorReport {
    ErrorReport::new(
        "internal",
        "Something in DocMind itself went wrong.\nTry again; if it stays, copy the diagnostics and report it.",
    )
    .with_detail(detail)
}

/// The system did not open what it was asked to.
pub fn not_opened(what: &str, detail: impl fmt::Display) -> ErrorReport {
    ErrorReport::new(
        "not_opened",
        format!("The system could not open `{what}`.\nCheck that a program for it is installed."),
    )
    .with_detail(detail)
}

/// An address that may not be opened.
pub fn link_refused() -> ErrorReport {
    ErrorReport::new(
        "link_refused",
        "Only web and mail addresses are opened.\nCopy the text if you need it.",
    )
}

/// A file could not be written where it was wanted.
pub fn not_saved(path: &Path, detail: impl fmt::Display) -> ErrorReport {
    let message = format!(
        "`{}` could not be written.\nChoose another folder, or make room on the disk.",
        path.display()
    );
    ErrorReport::new("not_saved", message).with_detail(detail)
}

/// Several files of evidence came at once, of which one is looked up.
pub fn evidence_one_by_one(looked_up: &Path) -> ErrorReport {
    let message = format!(
        "Of the files of evidence only `{}` is looked up.\nDrop the others one by one.",
        looked_up.display()
    );
    ErrorReport::new("evidence_one_by_one", message)
}
