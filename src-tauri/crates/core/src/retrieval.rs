//! Ranking, fusion and packing of passages.

use crate::chunk::{Chunk, ChunkId};
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
