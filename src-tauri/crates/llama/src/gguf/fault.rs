//! What can be wrong with a model file.

use docmind_core::error::ErrorReport;

/// Why a file is not a model DocMind can hand to llama.cpp.
#[derive(Debug, thiserror::Error)]
pub enum GgufFault {
    /// It could not be opened or read.
    #[error("could not be read: {0}")]
    Io(#[from] std::io::Error),
    /// It does not begin with `GGUF`.
    #[error("is {0}")]
    Magic(Foreign),
    /// Written for machines that store numbers the other way around.
    #[error("was written for big-endian machines")]
    BigEndian,
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
    /// A whole file of another kind.
    #[error("is {0}")]
    Kind(&'static str),
    /// A key every language model needs is missing.
    #[error("has no entry `{0}`")]
    Missing(String),
    /// A tensor every language model needs is missing.
    #[error("has no tensor `{0}`")]
    MissingTensor(String),
    /// One of several parts.
    #[error("is part of a model that was split into {0} files")]
    Split(u64),
}

/// What a file that is no GGUF begins like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// A page: a server answered with words instead of the file.
    WebPage,
    /// The text that stands for a large file in a Git repository.
    LfsPointer,
    /// llama.cpp's formats before GGUF.
    Ggml,
    /// Nothing known.
    Unknown,
}

impl Foreign {
    pub(super) fn of(start: [u8; 4]) -> Self {
        match &start {
            b"<!DO" | b"<!do" | b"<htm" | b"<HTM" => Self::WebPage,
            b"vers" => Self::LfsPointer,
            // `ggml`, `ggmf`, `ggjt`, `ggla` as little-endian numbers.
            b"lmgg" | b"fmgg" | b"tjgg" | b"algg" => Self::Ggml,
            _ => Self::Unknown,
        }
    }
}

impl std::fmt::Display for Foreign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::WebPage => "a web page, not a GGUF file",
            Self::LfsPointer => "the pointer to a file in Git LFS, not the file",
            Self::Ggml => "of a format older than GGUF",
            Self::Unknown => "not a GGUF file",
        })
    }
}

impl GgufFault {
    /// Stable code for the boundary.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io(error) if error.kind() == std::io::ErrorKind::NotFound => "model_missing",
            Self::Io(_) => "model_unreadable",
            Self::Magic(_) => "not_a_model",
            Self::Version(_) | Self::BigEndian | Self::TensorKind { .. } | Self::Kind(_) | Self::Missing(_) => {
                "model_unsupported"
            }
            Self::Split(_) => "model_split",
            _ => "model_damaged",
        }
    }

    /// As it crosses a boundary; `path` is named in it.
    pub fn report(&self, path: &str) -> ErrorReport {
        let advice = match (self, self.code()) {
            (Self::Magic(Foreign::WebPage | Foreign::LfsPointer), _) => "Fetch the file itself.",
            (Self::Magic(Foreign::Ggml) | Self::BigEndian | Self::Version(_), _) => {
                "Fetch the model as a GGUF file of today (version 3, little-endian)."
            }
            (Self::TensorKind { .. }, _) => {
                "It is damaged, or newer than this llama.cpp: choose another quantization of the model."
            }
            (Self::Missing(_), _) => "It is damaged, or no language model: choose another file.",
            (Self::Kind(_), _) => "Choose the file of a language model.",
            (_, "model_missing") => "Choose a model that is there.",
            (_, "model_unreadable") => "Check the disk and the file's permissions.",
            (_, "not_a_model") => "Choose a file that ends in .gguf.",
            (_, "model_split") => "Join the parts with llama.cpp's gguf-split, or choose a model in one file.",
            _ => "The file is damaged or was not downloaded whole: fetch it again.",
        };
        ErrorReport::new(self.code(), format!("The model `{path}` {self}.\n{advice}"))
    }
}
