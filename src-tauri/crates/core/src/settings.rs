//! What a person can set. Defaults live in `assets/defaults.jsonc`; the disk holds only differences.

use crate::embedding::Precision;
use serde::{Deserialize, Serialize};

/// All settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Settings {
    /// Name of the active profile, or `auto`.
    pub profile: String,
    /// Path or stored name of the language model; `None` answers extractively.
    pub model: Option<String>,
    /// Folder name of the embedder.
    pub embedder: String,
    /// Precision of the embedder; `None` chooses by device.
    pub embedder_precision: Option<Precision>,
    /// Let the model think before it answers.
    pub thinking: bool,
    /// First token wanted within so many seconds: bounds how much source text is read.
    pub first_token_target_s: f32,
    /// Most tokens of sources, whatever the speed.
    pub source_tokens: u32,
    /// Most tokens of an answer.
    pub answer_tokens: u32,
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
