//! Conversations: what a person asked and what was answered.

use crate::answer::{Answer, Source};
use serde::{Deserialize, Serialize};

/// A conversation. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(transparent)]
pub struct ConversationId(pub u32);

/// One question with its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Turn {
    /// As typed.
    pub question: String,
    /// What was searched for, when a follow-up was completed from earlier turns.
    pub standalone: Option<String>,
    /// Sources that joined the context in this turn.
    pub sources: Vec<Source>,
    /// Sources of earlier turns that this question draws on again: their [`Source::n`].
    #[serde(default)]
    pub recalled: Vec<u32>,
    /// The model's own words with the prompt's codes, so that the next turn repeats the context to the letter and the KV cache is
    /// reused; `None` where no model wrote.
    #[serde(default)]
    pub written: Option<String>,
    /// The answer.
    pub answer: Answer,
    /// Milliseconds since the Unix epoch.
    pub asked_at_ms: f64,
}
