//! Ranking, fusion and packing of passages.

use crate::chunk::{Chunk, ChunkId};
use crate::document::{DocumentId, Span};
use serde::{Deserialize, Serialize};

/// Which rankings are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum SearchMode {
    /// Both, fused.
    #[default]
    Hybrid,
    /// Embeddings alone.
    Vector,
    /// Words alone (BM25).
    Keyword,
}

/// One entry of one ranking.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Hit {
    /// The passage.
    pub id: ChunkId,
    /// Cosine for a vector ranking, BM25 (higher is better) for words. Comparable within one ranking only.
    pub score: f32,
}

/// A passage with its fused score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ScoredChunk {
    /// The passage.
    pub chunk: Chunk,
    /// Fused score, higher is better, comparable within one question.
    pub score: f32,
    /// Cosine with the question, where the vector ranking (or a look-up) had it.
    pub cosine: Option<f32>,
    /// BM25, where the keyword ranking had it.
    pub bm25: Option<f32>,
}

/// One or more neighbouring chunks of a page, as one passage. What is offered as a source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Passage {
    /// The chunks it is made of, in reading order; never empty.
    pub chunks: Vec<ChunkId>,
    /// Whose they are.
    pub document: DocumentId,
    /// 1-based page.
    pub page: u32,
    /// Where in the page's text.
    pub span: Span,
    /// Headings above its beginning, outermost first.
    pub heading: Vec<String>,
    /// Exactly the page's text at `span`.
    pub text: String,
    /// Header row of the table it was cut from, or empty.
    pub table_header: String,
    /// Tokens in a prompt ([`Chunk::prompt_tokens`](crate::chunk::Chunk::prompt_tokens)); overlaps of merged chunks counted once, to within
    /// a token or two.
    pub tokens: u32,
    /// The best score of its chunks.
    pub score: f32,
}

impl From<&ScoredChunk> for Passage {
    fn from(scored: &ScoredChunk) -> Self {
        let chunk = &scored.chunk;
        Self {
            chunks: vec![chunk.id],
            document: chunk.document,
            page: chunk.page,
            span: chunk.span,
            heading: chunk.heading.clone(),
            text: chunk.text.clone(),
            table_header: chunk.table_header.clone(),
            tokens: chunk.prompt_tokens(),
            score: scored.score,
        }
    }
}

/// What became of a candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Fate {
    /// It is a source, or part of one.
    Source,
    /// It stands in the context since an earlier turn.
    Recalled {
        /// Its [`Source::n`](crate::answer::Source::n).
        n: u32,
    },
    /// It says the same as a better one.
    NearDuplicate {
        /// The better one.
        of: ChunkId,
    },
    /// Its document has filled its share.
    Crowded,
    /// It did not fit the budget.
    OverBudget,
    /// Too far down both rankings.
    Low,
}

/// A candidate and how it fared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct TracedChunk {
    /// The passage.
    pub id: ChunkId,
    /// Its document.
    pub document: DocumentId,
    /// 1-based page.
    pub page: u32,
    /// Where in the page's text; `None` in traces that were kept before places were.
    #[serde(default)]
    pub span: Option<Span>,
    /// Rank by words, from 1.
    pub keyword_rank: Option<u32>,
    /// BM25.
    pub bm25: Option<f32>,
    /// Rank by vectors, from 1.
    pub vector_rank: Option<u32>,
    /// Cosine with the question.
    pub cosine: Option<f32>,
    /// After fusion and reading, higher is better.
    pub score: f32,
    /// What became of it.
    pub fate: Fate,
}

/// Why these sources and no others: what the "why this answer" view shows. Nothing is left out in silence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct RetrievalTrace {
    /// What was searched for.
    pub searched: String,
    /// Which rankings were used.
    pub mode: SearchMode,
    /// A quoted phrase, a code or a number was asked for, and exact words weigh more.
    pub exact: bool,
    /// Weight of the vector ranking in the fusion, 0 to 1.
    pub vector_weight: f32,
    /// Best cosine of any passage with the question.
    pub best_cosine: f32,
    /// Share of the question's content that the best passage's words cover, 0 to 1.
    pub coverage: f32,
    /// Tokens that the sources may take.
    pub budget_tokens: u32,
    /// Tokens that they take.
    pub used_tokens: u32,
    /// The candidates, best first.
    pub candidates: Vec<TracedChunk>,
}
