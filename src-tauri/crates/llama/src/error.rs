//! What can go wrong with a model.

use crate::gguf::GgufFault;
use docmind_core::error::ErrorReport;

/// One variant for each thing a caller can do differently.
#[derive(Debug, thiserror::Error)]
pub enum LlamaError {
    /// The file is no good, found before llama.cpp saw it.
    #[error("the model `{path}` {fault}")]
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        fault: GgufFault,
    },
    /// A path llama.cpp cannot take (a zero byte, or not UTF-8).
    #[error("the path `{0}` cannot be passed on")]
    Path(String),
    /// llama.cpp refuses the file, or memory ran out.
    #[error("llama.cpp could not load `{path}`")]
    Load {
        /// The file.
        path: String,
        /// The last lines of its log.
        words: String,
    },
    /// Nothing of the file came in any more.
    #[error("nothing of `{path}` came in for {seconds} s")]
    Stalled {
        /// The file.
        path: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// No context could be made.
    #[error("no context could be made")]
    Context {
        /// The last lines of llama.cpp's log.
        words: String,
    },
    /// A batch failed.
    #[error("computing failed with status {status}")]
    Decode {
        /// llama.cpp's status.
        status: i32,
        /// The last lines of its log.
        words: String,
    },
    /// The cache has no room for the batch.
    #[error("the context is full")]
    CacheFull,
    /// The newest question with its sources is longer than the context.
    #[error("the question with its sources has {needed} tokens, the context has {available}")]
    Overflow {
        /// Tokens of the prompt.
        needed: u32,
        /// Room for it.
        available: u32,
    },
    /// There is no question.
    #[error("there is nothing to answer")]
    NoQuestion,
    /// No model was loaded.
    #[error("no model is loaded")]
    NotLoaded,
    /// A text over 2 GiB.
    #[error("the text is too long")]
    TextTooLong,
    /// A grammar that does not parse.
    #[error("the grammar does not parse")]
    Grammar,
    /// There is no such device.
    #[error("there is no device {0}")]
    NoDevice(usize),
    /// Not one backend could be loaded.
    #[error("no backend of llama.cpp was found in `{0}`")]
    NoBackend(String),
    /// The plan says no; with what would fit.
    #[error("{}", .0.message)]
    Plan(ErrorReport),
    /// Asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// A file could not be written or read.
    #[error("`{path}` could not be written or read: {error}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// A smaller file was to be written over its own source.
    #[error("`{0}` is the source itself")]
    OverSource(String),
    /// The source has lost the precision that a smaller file is made of.
    #[error("the weights of `{path}` are {weights} already")]
    Quantized {
        /// The input.
        path: String,
        /// What they are.
        weights: &'static str,
    },
    /// llama.cpp could not quantise.
    #[error("`{path}` could not be quantised")]
    Quantize {
        /// The input.
        path: String,
        /// The last lines of its log.
        words: String,
    },
}

impl LlamaError {
    /// Stable code for the boundary.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { fault, .. } => fault.code(),
            Self::Path(_) => "model_unreadable",
            Self::Load { words, .. } | Self::Context { words } | Self::Decode { words, .. } if is_memory(words) => {
                "out_of_memory"
            }
            Self::Load { words, .. } if is_unknown(words) => "model_unsupported",
            Self::Load { .. } => "model_damaged",
            Self::Stalled { .. } => "model_stalled",
            Self::Context { .. } => "context_refused",
            Self::Decode { .. } => "decode_failed",
            Self::CacheFull | Self::Overflow { .. } => "context_overflow",
            Self::NoQuestion => "nothing_asked",
            Self::NotLoaded => "no_model",
            Self::TextTooLong => "text_too_long",
            Self::Grammar => "invalid_grammar",
            Self::NoDevice(_) => "device_missing",
            Self::NoBackend(_) => "backend_missing",
            Self::Plan(_) => "model_too_large",
            Self::Cancelled => "cancelled",
            Self::Io { .. } => "file_failed",
            Self::OverSource(_) | Self::Quantized { .. } | Self::Quantize { .. } => "quantize_failed",
        }
    }

    /// As it crosses a boundary: what failed, and what to do on its own line.
    pub fn report(&self) -> ErrorReport {
        let code = self.code();
        let (message, detail) = match self {
            Self::File { path, fault } => return fault.report(path),
            Self::Plan(report) => return report.clone(),
            Self::Cancelled => return ErrorReport::cancelled(),
            Self::Load { path, words } if code == "out_of_memory" => (
                format!("There is not enough memory for the model `{path}`.\nClose other programs, or choose a smaller profile."),
                Some(words),
            ),
            Self::Load { path, words } if code == "model_unsupported" => (
                format!("The model `{path}` is of a kind that this llama.cpp does not know.\nChoose another model."),
                Some(words),
            ),
            Self::Load { path, words } => (
                format!("The model `{path}` could not be loaded.\nFetch it again, or choose another model."),
                Some(words),
            ),
            Self::Stalled { path, seconds } => (
                format!("Nothing of the model `{path}` came in for {seconds} seconds.\nCheck the disk or the network that it lies on, then try again."),
                None,
            ),
            Self::Context { words } if code == "out_of_memory" => (
                "There is not enough memory for this profile's context.\nChoose a smaller profile, or close other programs.".to_owned(),
                Some(words),
            ),
            Self::Context { words } => {
                ("This model cannot be run with this profile.\nChoose another profile.".to_owned(), Some(words))
            }
            Self::Decode { words, .. } => (
                format!("The model stopped in the middle: {self}.\nAsk again; if it happens again, choose a smaller profile."),
                Some(words),
            ),
            Self::CacheFull | Self::Overflow { .. } => (
                format!("This is too long for the model's context: {self}.\nAsk with fewer sources, or choose a profile with a longer context."),
                None,
            ),
            Self::NoQuestion => ("There is nothing to answer.\nWrite a question.".to_owned(), None),
            Self::NotLoaded => ("No model is loaded.\nChoose a model first.".to_owned(), None),
            Self::TextTooLong => ("The text is too long.\nAsk with fewer sources.".to_owned(), None),
            Self::Grammar => ("The grammar does not parse.\nCorrect it and try again.".to_owned(), None),
            Self::NoDevice(_) => {
                ("The graphics card is no longer there.\nCheck its driver, or choose a profile for the CPU.".to_owned(), None)
            }
            Self::NoBackend(folder) => {
                (format!("No part of llama.cpp that can compute was found in `{folder}`.\nInstall DocMind again."), None)
            }
            Self::Path(path) => (format!("The path `{path}` cannot be used.\nMove the file to a path without special characters."), None),
            Self::Io { path, .. } => (format!("{self}.\nCheck that there is room on the disk of `{path}` and that it may be written."), None),
            Self::OverSource(path) => {
                (format!("The smaller file would be written over its own source `{path}`.\nGive it another name."), None)
            }
            Self::Quantized { .. } => {
                (format!("{}: smaller ones are made of F16.\nFetch the model's F16 file, or the smaller file itself.", capital(&self.to_string())), None)
            }
            Self::Quantize { path, words } => {
                (format!("`{path}` could not be quantised.\nCheck that it is an F16 file and that there is room on the disk."), Some(words))
            }
        };
        let report = ErrorReport::new(code, message);
        match detail {
            Some(words) if !words.is_empty() => report.with_detail(words),
            _ => report,
        }
    }
}

/// With its first letter large.
fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Words by which ggml's backends say that an allocation failed.
fn is_memory(words: &str) -> bool {
    let words = words.to_lowercase();
    [
        "failed to allocate",
        "out of memory",
        "unable to allocate",
        "bad_alloc",
        "cannot allocate",
    ]
    .iter()
    .any(|word| words.contains(word))
}

/// Words by which llama.cpp says that it has no code for a model.
fn is_unknown(words: &str) -> bool {
    [
        "unknown model architecture",
        "unknown pre-tokenizer type",
        "unknown tokenizer",
    ]
    .iter()
    .any(|word| words.contains(word))
}
