//! Passages: what is embedded, indexed and cited.

use crate::document::{DocumentId, Span};
use crate::embedding::Embedding;
use serde::{Deserialize, Serialize};

/// A chunk of the library. Ids are never reused, so that a stale vector can never stand for another text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(transparent)]
pub struct ChunkId(pub u32);

/// A passage before it has an id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkDraft {
    /// 1-based page.
    pub page: u32,
    /// Where in the page's text.
    pub span: Span,
    /// Headings above it, outermost first.
    pub heading: Vec<String>,
    /// Exactly the page's text at `span`.
    pub text: String,
    /// Header row of the table it was cut from; empty elsewhere. Embedded and indexed with the text, never cited.
    pub table_header: String,
    /// Length in the default tokenizer's tokens, as far as they are embedded: heading path and table header included, the middle of web
    /// addresses not.
    pub tokens: u32,
}

impl ChunkDraft {
    /// What is embedded and indexed: heading path, table header, text.
    pub fn indexed_text(&self) -> String {
        let mut out = String::with_capacity(self.text.len() + 64);
        if !self.heading.is_empty() {
            out.push_str(&self.heading.join(" › "));
            out.push('\n');
        }
        if !self.table_header.is_empty() {
            out.push_str(&self.table_header);
            out.push('\n');
        }
        out.push_str(&self.text);
        out
    }
}

/// A passage with its vector, as the embedder returns it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmbeddedChunk {
    /// The passage.
    pub chunk: ChunkDraft,
    /// Of its `indexed_text`.
    pub vector: Embedding,
}

/// A passage of the library, as read from the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Chunk {
    /// Its id.
    pub id: ChunkId,
    /// Whose it is.
    pub document: DocumentId,
    /// Place among the document's chunks, from 0.
    pub ordinal: u32,
    /// 1-based page.
    pub page: u32,
    /// Where in the page's text.
    pub span: Span,
    /// Headings above it, outermost first.
    pub heading: Vec<String>,
    /// Exactly the page's text at `span`.
    pub text: String,
    /// Header row of its table, or empty.
    pub table_header: String,
    /// Length in the default tokenizer's tokens.
    pub tokens: u32,
}
