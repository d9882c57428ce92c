//! Sources, answers and what is told while one is made.

use crate::document::{ContentHash, DocumentId, Span};
use crate::generation::GenerationStats;
use serde::{Deserialize, Serialize};

/// A passage offered to the model and shown beside the answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Source {
    /// Its number in this conversation, from 1; the prompt's code is derived from it.
    pub n: u32,
    /// The document.
    pub document_id: DocumentId,
    /// blake3 of the document's bytes when it was indexed.
    pub document_hash: ContentHash,
    /// Where the file is.
    pub path: String,
    /// Title, or the file's name.
    pub title: String,
    /// 1-based page.
    pub page: u32,
    /// Where in the page's text.
    pub span: Span,
    /// Headings above it, outermost first.
    pub heading: Vec<String>,
    /// Header row of the table that it was cut from, where the passage begins within one; empty elsewhere.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub table_header: String,
    /// The passage.
    pub text: String,
}

/// Whether the cited source says what the sentence says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// The source supports it.
    Supported,
    /// Something near it is there, but a part is not.
    Weak,
    /// Nothing in the source supports it.
    Unsupported,
}

/// A sentence of an answer tied to a passage. Holds hash, page and span, never a chunk id: it outlives re-indexing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Citation {
    /// The number shown, by first use, from 1.
    pub n: u32,
    /// The [`Source::n`] it stands for.
    pub source: u32,
    /// The document.
    pub document_id: DocumentId,
    /// blake3 of the document's bytes when it was indexed.
    pub document_hash: ContentHash,
    /// Where the file was.
    pub path: String,
    /// Title, or the file's name.
    pub title: String,
    /// 1-based page.
    pub page: u32,
    /// The quoted sentences in the page's text.
    pub span: Span,
    /// The page's text at `span`, as it was when answered.
    pub quote: String,
    /// The sentence of the answer that carries it.
    pub sentence: String,
    /// What the check says.
    pub support: Support,
}

/// A sentence of an answer that names no source, checked against all of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct CheckedSentence {
    /// Without marks.
    pub sentence: String,
    /// What the check says.
    pub support: Support,
}

/// How much of the library an answer rests on, in documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Coverage {
    /// All that could be searched.
    pub asked: u32,
    /// Those that say something about it.
    pub found: u32,
    /// Those quoted: as many as found, up to a limit.
    pub quoted: u32,
}

/// How an answer came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum AnswerMode {
    /// Written by the model from the sources.
    Generated,
    /// The best sentences of the documents themselves.
    Extractive,
    /// The library's own list, for questions about the documents themselves.
    Listed,
    /// Nothing in the documents supports an answer.
    NotFound,
}

/// Why writing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model was done.
    Stop,
    /// The allowed length was reached.
    Length,
    /// The person stopped it.
    Cancelled,
    /// The worker died; what had been written is kept.
    Interrupted,
}

/// A finished answer, as saved in a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Answer {
    /// How it came about.
    pub mode: AnswerMode,
    /// Why it ended.
    pub finish: FinishReason,
    /// Markdown with citation marks `[n]` (numbers of `citations`).
    pub text: String,
    /// What the model thought before, where it was asked to.
    pub thinking: Option<String>,
    /// In order of first use.
    pub citations: Vec<Citation>,
    /// Sentences that state something and name no source, in their order.
    #[serde(default)]
    pub uncited: Vec<CheckedSentence>,
    /// How much of the library it rests on, where each document was asked for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    /// Speed and counts; absent for extractive answers.
    pub stats: Option<GenerationStats>,
}
