//! Language models on disk.

use serde::{Deserialize, Serialize};

/// Storage type of a model's weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum WeightType {
    /// Half precision.
    F16,
    /// 8 bits and a scale a block of 32.
    Q8_0,
    /// 4-bit k-quants, medium mix.
    Q4KM,
    /// Anything else llama.cpp reads.
    Other,
}

/// What a GGUF file says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ModelCard {
    /// `general.name`, or the file's stem.
    pub name: String,
    /// Such as `qwen3`.
    pub architecture: String,
    /// Of its weights.
    pub weights: WeightType,
    /// Bytes of the file.
    #[cfg_attr(feature = "bindings", specta(type = f64))]
    pub size_bytes: u64,
    /// Number of parameters.
    #[cfg_attr(feature = "bindings", specta(type = f64))]
    pub parameters: u64,
    /// Longest context it was trained for, in tokens.
    pub context_tokens: u32,
    /// Layers.
    pub layers: u32,
    /// Embedding width.
    pub hidden: u32,
    /// Attention heads.
    pub heads: u32,
    /// Key and value heads.
    pub kv_heads: u32,
    /// Width of one head.
    pub head_dim: u32,
    /// Tokens of the vocabulary.
    pub vocabulary: u32,
    /// `docmind.synthetic` is set: random weights of a true shape; nothing it says means anything.
    pub synthetic: bool,
}
