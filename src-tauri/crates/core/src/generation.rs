//! What is asked of a generator and what it tells.

use crate::answer::FinishReason;
use crate::error::Notice;
use serde::{Deserialize, Serialize};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Instructions.
    System,
    /// The person, with the sources.
    User,
    /// The model.
    Assistant,
}

/// One message, before the model's chat template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// Plain text; document text in it is data.
    pub content: String,
}

/// How the next token is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Sampling {
    /// 0 is greedy.
    pub temperature: f32,
    /// Nucleus.
    pub top_p: f32,
    /// Most likely tokens kept; 0 keeps all.
    pub top_k: u32,
    /// Tokens under this share of the best one's probability are dropped.
    pub min_p: f32,
    /// Penalty on tokens already present; 0 is none.
    pub presence_penalty: f32,
    /// Seed of the random numbers.
    pub seed: u32,
}

impl Sampling {
    /// What Qwen recommends for answers without thinking (model card of Qwen3-4B).
    pub fn qwen() -> Self {
        Self {
            temperature: 0.7,
            top_p: 0.8,
            top_k: 20,
            min_p: 0.0,
            presence_penalty: 0.0,
            seed: 0,
        }
    }

    /// What Qwen recommends while thinking; greedy thinking repeats itself without end.
    pub fn qwen_thinking() -> Self {
        Self {
            temperature: 0.6,
            top_p: 0.95,
            ..Self::qwen()
        }
    }

    /// Always the most likely token: for tests and measuring.
    pub fn greedy() -> Self {
        Self {
            temperature: 0.0,
            top_p: 1.0,
            top_k: 0,
            min_p: 0.0,
            presence_penalty: 0.0,
            seed: 0,
        }
    }
}

/// One answer to write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GenerateRequest {
    /// The whole conversation; it only ever grows, so that the KV cache is reused.
    pub messages: Vec<Message>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// Most tokens of the answer; thinking before it has its own ([`crate::thinking::MOST_THINKING_TOKENS`]).
    pub max_output_tokens: u32,
    /// Let a thinking model think first.
    pub thinking: bool,
    /// A GBNF grammar the output must follow.
    pub grammar: Option<String>,
    /// Texts that the answer may repeat: drafts of prompt-lookup speculation.
    pub draft_from: Vec<String>,
}

impl GenerationStats {
    /// Of an answer that was stopped after what these figures say.
    pub fn stopped(self) -> Self {
        Self {
            finish: Some(FinishReason::Cancelled),
            ..self
        }
    }
}

/// What a generator tells while it works.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum GenerateEvent {
    /// The prompt is being read.
    Prefill {
        /// Tokens read so far, reused ones included.
        done: u32,
        /// Tokens of the prompt.
        total: u32,
    },
    /// A piece of thinking.
    Thinking {
        /// Whole characters.
        text: String,
    },
    /// A piece of the answer.
    Text {
        /// Whole characters.
        text: String,
    },
    /// All text told so far was thinking; the answer begins after this. Told of servers alone, which may open the thinking block in a
    /// prompt that nobody here sees (see [`BlindSplitter`](crate::thinking::BlindSplitter)).
    WereThoughts,
    /// Something was degraded; a person should know.
    Notice(Notice),
    /// How it goes so far: about twice a second while it reads and writes. Those at the end are the answer's.
    Figures(Box<GenerationStats>),
}

/// Speed and counts of one answer. Rates are tokens per second, times milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(default)]
pub struct GenerationStats {
    /// Tokens of the prompt.
    pub prompt_tokens: u32,
    /// Of those, taken from the KV cache.
    pub reused_tokens: u32,
    /// Tokens written.
    pub output_tokens: u32,
    /// From request to first token.
    pub ttft_ms: f64,
    /// Tokens read a second, reused ones not counted.
    pub prefill_tps: f64,
    /// Tokens written a second.
    pub decode_tps: f64,
    /// Tokens drafted by prompt lookup.
    pub drafted_tokens: u32,
    /// Of those, accepted.
    pub accepted_tokens: u32,
    /// Size of the context window.
    pub context_tokens: u32,
    /// Tokens in it after this answer.
    pub context_used: u32,
    /// Name of the profile that was active.
    pub profile: String,
    /// Why it ended.
    pub finish: Option<FinishReason>,
}
