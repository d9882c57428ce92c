//! Passages: what is embedded, indexed and cited.

use crate::chunker::HEADER_READ;
use crate::document::{DocumentId, Span};
use crate::embedding::Embedding;
use crate::words::addresses::unread_tokens;
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
    /// Length in the default tokenizer's tokens, as the embedder reads it: of web addresses both ends, of its table's header the
    /// beginning.
    pub tokens: u32,
}

impl Chunk {
    /// Tokens that it takes in a prompt: its own and, roughly, those that its count leaves out. Never fewer than its letters make: the
    /// default tokenizer takes a run of letters that it does not know, such as Thai, for one token.
    pub fn prompt_tokens(&self) -> u32 {
        let header = rough_tokens(&self.table_header).saturating_sub(HEADER_READ);
        let counted = self.tokens + unread_tokens(&self.text) + header;
        let plain = self.text.bytes().filter(u8::is_ascii).count();
        counted.max((plain / 5 + (self.text.len() - plain) / 3) as u32)
    }
}

/// Tokens of a text by its bytes alone, rather too many than too few: four bytes are a token in English, three in most of what else is
/// written with letters.
pub fn rough_tokens(text: &str) -> u32 {
    u32::try_from(text.len() / 3).unwrap_or(u32::MAX)
}
