//! Errors and notices as they cross a boundary.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A failure, ready for a person: the interface acts on `code`, shows `message`, and keeps `detail` for the curious.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ErrorReport {
    /// Stable, `snake_case`.
    pub code: String,
    /// What failed, on what in backticks; what to do next on its own line.
    pub message: String,
    /// The library's own words.
    pub detail: Option<String>,
}

impl ErrorReport {
    /// A report without detail.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            detail: None,
        }
    }

    /// Somebody stopped it.
    pub fn cancelled() -> Self {
        Self::new("cancelled", "Cancelled.\nWhat was finished before is kept.")
    }

    /// Adds the library's own words.
    pub fn with_detail(mut self, detail: impl fmt::Display) -> Self {
        self.detail = Some(detail.to_string());
        self
    }
}

impl fmt::Display for ErrorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ErrorReport {}

/// Something was degraded (CPU instead of GPU, fewer layers, turns dropped, a page skipped). Always shown with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Notice {
    /// Stable, `snake_case`.
    pub code: String,
    /// What changed and why.
    pub message: String,
}

impl Notice {
    /// A notice.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }
}
