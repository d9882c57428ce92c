//! What a person can set. Defaults live in `assets/defaults.jsonc`; the disk holds only differences.

use crate::embedding::Precision;
use serde::{Deserialize, Serialize};

/// Who writes the answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Backend {
    /// llama.cpp in a process beside the application.
    #[default]
    Embedded,
    /// An Ollama server.
    Ollama,
    /// Any server that speaks OpenAI's chat interface, such as vLLM or llama-server.
    OpenAi,
}

/// Tokens that a model on a server reads and writes at once, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum RemoteContext {
    /// A person set it.
    Set {
        /// In tokens.
        tokens: u32,
    },
    /// The server tells its own.
    Told {
        /// Tokens that are used of it.
        tokens: u32,
        /// Tokens that it has.
        of: u32,
    },
    /// Neither did.
    Assumed {
        /// In tokens.
        tokens: u32,
    },
}

impl RemoteContext {
    /// Tokens that prompts are made for.
    pub fn tokens(self) -> u32 {
        match self {
            Self::Set { tokens } | Self::Told { tokens, .. } | Self::Assumed { tokens } => tokens,
        }
    }

    /// Tokens that a request may ask for; `None` where that is not known.
    pub fn limit(self) -> Option<u32> {
        match self {
            Self::Set { tokens } => Some(tokens),
            Self::Told { of, .. } => Some(of),
            Self::Assumed { .. } => None,
        }
    }
}

/// All settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Settings {
    /// Who writes the answers.
    pub backend: Backend,
    /// Address of the remote engine, such as `http://localhost:11434`; empty for the embedded one.
    pub remote_url: String,
    /// Name of the model at the remote engine.
    pub remote_model: String,
    /// Key of the remote engine, where it wants one. Never shown again, never in diagnostics.
    pub remote_api_key: Option<String>,
    /// Tokens that the remote engine reads and writes at once; 0 asks the server.
    pub remote_context_tokens: u32,
    /// Name of the active profile, or `auto`.
    pub profile: String,
    /// Path or stored name of the language model; `None` answers extractively.
    pub model: Option<String>,
    /// Folder name of the embedder.
    pub embedder: String,
    /// Precision of the embedder; `None` chooses by device.
    pub embedder_precision: Option<Precision>,
    /// Folder name of a cross-encoder that reorders the best passages; `None` leaves fusion's order.
    pub reranker: Option<String>,
    /// Most milliseconds a cross-encoder may take for one question.
    pub rerank_budget_ms: u32,
    /// Let the model think before it answers.
    pub thinking: bool,
    /// First token wanted within so many seconds: bounds how much source text is read.
    pub first_token_target_s: f32,
    /// Most tokens of sources, whatever the speed.
    pub source_tokens: u32,
    /// Most tokens of an answer.
    pub answer_tokens: u32,
    /// Read the text of scans, by text recognition.
    pub recognise_scans: bool,
    /// Open no connection, to nobody.
    pub offline: bool,
    /// Folders to follow.
    pub watched_folders: Vec<String>,
    /// `system`, `light` or `dark`.
    pub theme: String,
    /// Percent of the normal text size.
    pub text_size: u32,
    /// `system`, `en` or `de`.
    pub language: String,
    /// The first-start page was finished.
    pub welcomed: bool,
}
