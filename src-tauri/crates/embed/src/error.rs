//! What can go wrong, by what a person can do about it.

use docmind_core::error::ErrorReport;
use std::path::PathBuf;

/// A failure of the embedder or the reranker.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// `libonnxruntime` is missing, too old, or cannot be loaded.
    #[error(
        "ONNX Runtime could not be loaded from `{path}`.\nReinstall DocMind; in a source checkout, run `cargo xtask setup`."
    )]
    Runtime {
        /// Where it was looked for.
        path: PathBuf,
        /// The loader's words.
        detail: String,
    },
    /// A model folder, or a file in it, is missing.
    #[error(
        "The embedding model has no `{path}`.\nChoose another embedding model in the settings, or add this one again."
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A model folder cannot be used as it is.
    #[error(
        "The embedding model in `{path}` cannot be used: {reason}.\nChoose another embedding model in the settings, or add this one again."
    )]
    Invalid {
        /// File or folder.
        path: PathBuf,
        /// What is wrong with it, in words.
        reason: String,
        /// The library's words.
        detail: String,
    },
    /// The model ran and failed.
    #[error(
        "The embedding model `{name}` failed on {texts} texts.\nTry again; if it fails again, choose another embedding model in the settings."
    )]
    Failed {
        /// Its name.
        name: String,
        /// How many texts were in the batch.
        texts: usize,
        /// The library's words.
        detail: String,
    },
    /// The token was cancelled.
    #[error("Cancelled.\nWhat was finished before is kept.")]
    Cancelled,
}

impl EmbedError {
    /// `onnx_runtime_missing`, `embedder_missing`, `embedder_invalid`, `embedding_failed` or `cancelled`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Runtime { .. } => "onnx_runtime_missing",
            Self::Missing { .. } => "embedder_missing",
            Self::Invalid { .. } => "embedder_invalid",
            Self::Failed { .. } => "embedding_failed",
            Self::Cancelled => "cancelled",
        }
    }

    pub(crate) fn invalid(path: impl Into<PathBuf>, reason: impl Into<String>, detail: impl ToString) -> Self {
        Self::Invalid {
            path: path.into(),
            reason: reason.into(),
            detail: detail.to_string(),
        }
    }
}

impl From<EmbedError> for ErrorReport {
    fn from(error: EmbedError) -> Self {
        let report = Self::new(error.code(), error.to_string());
        match error {
            EmbedError::Runtime { detail, .. }
            | EmbedError::Invalid { detail, .. }
            | EmbedError::Failed { detail, .. }
                if !detail.is_empty() =>
            {
                report.with_detail(detail)
            }
            _ => report,
        }
    }
}
