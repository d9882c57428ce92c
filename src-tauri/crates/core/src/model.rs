//! Language models on disk.

use crate::profile::KvType;
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

impl WeightType {
    /// The name used in files, on the command line and by llama.cpp's quantiser.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::Q8_0 => "q8_0",
            Self::Q4KM => "q4_k_m",
            Self::Other => "other",
        }
    }

    /// The type of that name, in any case; `None` for one DocMind does not make.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::F16, Self::Q8_0, Self::Q4KM]
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(name))
    }
}

/// Bytes of a model's tensors by where llama.cpp puts them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightBytes {
    /// `token_embd.weight`, and `per_layer_token_embd.weight` where there is one: stay in RAM even when all layers are on a GPU.
    pub embedding: u64,
    /// `output.weight`; as large as `token_embd.weight` where the two are tied (a GPU then holds a copy).
    pub output: u64,
    /// True where there is no `output.weight`: on the CPU nothing is added for it.
    pub tied: bool,
    /// One entry a layer.
    pub layers: Vec<u64>,
    /// Of the layers, the experts that one token passes by.
    pub idle: u64,
    /// What belongs to no layer: norms and the like.
    pub other: u64,
}

impl WeightBytes {
    /// All of it on the CPU.
    pub fn total(&self) -> u64 {
        self.embedding + self.layers.iter().sum::<u64>() + self.other + if self.tied { 0 } else { self.output }
    }

    /// What is read for one token, wherever it is computed: an embedding is a single row where it is not the output too.
    pub fn read_a_token(&self) -> u64 {
        self.layers.iter().sum::<u64>().saturating_sub(self.idle) + self.output + self.other
    }
}

/// What a model keeps of the tokens it has read, over all layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheShape {
    /// Numbers in the keys and values of one token.
    pub values_per_token: u64,
    /// Bytes of the states that recurrent layers keep, whatever the length of the context and the type of the cache.
    pub state_bytes: u64,
}

/// A model's card with what planning needs beyond it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelShape {
    /// What the file says of itself.
    pub card: ModelCard,
    /// Where its bytes go.
    pub weights: WeightBytes,
    /// Width of the feed-forward layers.
    pub feed_forward: u32,
    /// What it keeps of what it has read.
    pub cache: CacheShape,
    /// What tells it from others of its shape, in whichever quantization: a hash of its last norm, which all of them keep whole, with what
    /// its file calls its tuning and, where it is a merge, the models in it; else its name; empty where its file has neither.
    pub identity: String,
}

impl ModelShape {
    /// Bytes of KV cache a token takes in storage type `kv`: its values × bytes a value (2 for f16, 34/32 for q8_0, 18/32 for q4_0:
    /// ggml's block sizes). Qwen3-4B: 147,456, 78,336 and 41,472.
    pub fn kv_bytes_per_token(&self, kv: KvType) -> u64 {
        self.cache.values_per_token * kv.bytes_per_block() / 32
    }
}
