//! Vectors.

use half::f16;
use serde::{Deserialize, Serialize};

/// A unit-length vector in half precision; its length is the embedder's `dimensions`.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding(pub Vec<f16>);

impl Embedding {
    /// Rounds to half precision; the caller has normalised.
    pub fn from_f32(values: &[f32]) -> Self {
        Self(values.iter().copied().map(f16::from_f32).collect())
    }

    /// Single precision, for arithmetic.
    pub fn to_f32(&self) -> Vec<f32> {
        self.0.iter().map(|value| value.to_f32()).collect()
    }

    /// Little-endian, two bytes a dimension: the form in SQLite and on the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    /// Inverse of [`Embedding::to_bytes`]; `None` when the length is odd.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (pairs, rest) = bytes.as_chunks::<2>();
        rest.is_empty()
            .then(|| Self(pairs.iter().map(|pair| f16::from_le_bytes(*pair)).collect()))
    }

    /// Cosine of two unit vectors, in `[-1, 1]`; 0 when the lengths differ.
    pub fn cosine(&self, other: &Self) -> f32 {
        if self.0.len() != other.0.len() {
            return 0.0;
        }
        self.0.iter().zip(&other.0).map(|(a, b)| a.to_f32() * b.to_f32()).sum()
    }
}

impl Serialize for Embedding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_bytes().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Embedding {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = Vec::<u8>::deserialize(deserializer)?;
        Self::from_bytes(&bytes)
            .ok_or_else(|| serde::de::Error::custom("a vector of half floats has an even number of bytes"))
    }
}

/// What an embedder is: two embedders with different cards never share vectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct EmbedderCard {
    /// Such as `all-MiniLM-L6-v2`.
    pub name: String,
    /// Length of a vector.
    pub dimensions: u32,
    /// Longest input in its own tokens; what is longer is cut.
    pub max_tokens: u32,
    /// Numeric precision of the weights: `fp32`, `fp16` or `int8`.
    pub precision: Precision,
    /// Written before a query, such as `query: `.
    pub query_prefix: String,
    /// Written before a passage, such as `passage: `.
    pub passage_prefix: String,
    /// blake3 of weights and tokenizer: the vectors' provenance.
    pub fingerprint: String,
}

/// Numeric precision of an embedding model's weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Four bytes a weight.
    Fp32,
    /// Two bytes a weight; on a GPU only (2–4 times slower than FP32 on ONNX Runtime's CPU provider).
    Fp16,
    /// One byte a weight, activations quantised on the fly.
    Int8,
}

impl Precision {
    /// Its name in messages, on command lines and in `card.json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Fp16 => "fp16",
            Self::Int8 => "int8",
        }
    }
}

/// What a text is to the embedder: which of the two prefixes it gets, and whether somebody waits for its vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextKind {
    /// A question.
    Query,
    /// A passage of a document, one of many.
    Passage,
    /// A sentence of a passage, compared with a question while somebody waits: embedded like a passage, before all passages.
    Sentence,
}

impl TextKind {
    /// Somebody waits for it.
    pub fn is_urgent(self) -> bool {
        match self {
            Self::Query | Self::Sentence => true,
            Self::Passage => false,
        }
    }
}
