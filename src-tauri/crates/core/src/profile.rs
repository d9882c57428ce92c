//! Optimization profiles.

use crate::model::WeightType;
use serde::{Deserialize, Serialize};

/// Storage type of the KV cache; K and V are always equal (default CUDA builds have kernels for equal pairs only).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum KvType {
    /// Half precision.
    F16,
    /// 8 bits.
    Q8_0,
    /// 4 bits.
    Q4_0,
}

/// How attention is computed, and in what the cache is kept: a quantised V needs flash attention, so the pair is one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Attention {
    /// The attention matrix is never stored.
    Flash {
        /// Of the cache.
        kv: KvType,
    },
    /// The plain way; cache in half precision.
    Plain,
}

impl Attention {
    /// Storage type of the cache.
    pub fn kv(self) -> KvType {
        match self {
            Self::Flash { kv } => kv,
            Self::Plain => KvType::F16,
        }
    }

    /// True for flash attention.
    pub fn is_flash(self) -> bool {
        matches!(self, Self::Flash { .. })
    }
}

/// Layers on the GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "kind", content = "layers", rename_all = "snake_case")]
pub enum Offload {
    /// As many as free memory holds.
    Auto,
    /// All of them.
    All,
    /// Exactly so many.
    Layers(u32),
    /// None: on the CPU.
    None,
}

/// One optimization profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Profile {
    /// Unique, such as `balanced`.
    pub name: String,
    /// One line for a person.
    pub summary: String,
    /// Which file of the model's family.
    pub weights: WeightType,
    /// Flash attention and the cache's type.
    pub attention: Attention,
    /// Context window in tokens.
    pub context_tokens: u32,
    /// Logical batch.
    pub n_batch: u32,
    /// Physical batch.
    pub n_ubatch: u32,
    /// Layers on the GPU.
    pub offload: Offload,
    /// CPU threads; 0 is the number of physical cores.
    pub threads: u32,
    /// CUDA graph capture.
    pub graph_capture: bool,
    /// Prompt-lookup speculation.
    pub speculation: bool,
    /// Comes with DocMind; cannot be changed or deleted, only copied.
    pub builtin: bool,
}
