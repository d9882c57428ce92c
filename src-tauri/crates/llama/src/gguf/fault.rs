//! What can be wrong with a model file.

use docmind_core::error::ErrorReport;

/// Why a file is not a model DocMind can hand to llama.cpp.
#[derive(Debug, thiserror::Error)]
pub enum GgufFault {
    /// It could not be opened or read.
    #[error("could not be read: {0}")]
    Io(#[from] std::io::Error),
    /// It does not begin with `GGUF`.
    #[error("is not a GGUF file")]
    Magic,
    /// Neither version 2 nor 3.
    #[error("has GGUF version {0}, but only 2 and 3 are read")]
    Version(u32),
    /// It ends before what it announces.
    #[error("ends early, at byte {at}: {what} was expected")]
    Truncated {
        /// Where.
        at: u64,
        /// What was being read.
        what: &'static str,
    },
    /// A count or length no file of this size can have.
    #[error("announces {count} {what}, more than a file of its size can hold")]
    Count {
        /// Of what.
        what: &'static str,
        /// As announced.
        count: u64,
    },
    /// A value's type is unknown.
    #[error("has a value of unknown type {0}")]
    ValueType(u32),
    /// A tensor's type is unknown.
    #[error("has tensor `{name}` of unknown type {kind}")]
    TensorKind {
        /// The tensor.
        name: String,
        /// Its type's number.
        kind: u32,
    },
    /// A tensor's description does not make sense.
    #[error("has a tensor `{name}` that {why}")]
    Tensor {
        /// The tensor.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// A key is there twice, or has an impossible name or value.
    #[error("has an entry `{key}` that {why}")]
    Entry {
        /// The key.
        key: String,
        /// What is wrong.
        why: String,
    },
    /// A key every model needs is missing.
    #[error("has no entry `{0}`")]
    Missing(String),
    /// One of several parts.
    #[error("is part of a model that was split into {0} files")]
    Split(u64),
}

impl GgufFault {
    /// Stable code for the boundary.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io(error) if error.kind() == std::io::ErrorKind::NotFound => "model_missing",
            Self::Io(_) => "model_unreadable",
            Self::Magic | Self::Version(_) => "not_a_model",
            Self::Split(_) => "model_split",
            _ => "model_damaged",
        }
    }

    /// As it crosses a boundary; `path` is named in it.
    pub fn report(&self, path: &str) -> ErrorReport {
        let advice = match self.code() {
            "model_missing" => "Choose a model that is there.",
            "model_unreadable" => "Check the disk and the file's permissions.",
            "not_a_model" => "Choose a file that ends in .gguf.",
            "model_split" => "Join the parts with llama.cpp's gguf-split, or choose a model in one file.",
            _ => "The file is damaged or was not downloaded whole: fetch it again.",
        };
        ErrorReport::new(self.code(), format!("The model `{path}` {self}.\n{advice}"))
    }
}
