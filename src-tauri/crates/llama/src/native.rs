//! llama.cpp behind safe types.
//!
//! Models, vocabularies and samplers are those of `llama-cpp-2`. A context is made over `llama-cpp-sys-2` ([`Context`] says why), and so
//! is llama.cpp's own [`fit`]: beside [`crate::backend`], [`crate::log`], [`crate::quantize`] and [`crate::bench`] the only `unsafe` of the project's own.

mod context;
mod fit;
mod model;
mod pace;
mod sampler;

pub(crate) use context::c_path;
pub use context::{Context, ContextSettings, Decoded};
pub use fit::{Fit, Place, fit};
pub use model::{Model, ModelSettings, Specials};
pub use sampler::{Candidates, Link, Sampler, most_likely};

/// A token of a model's vocabulary.
pub type Token = i32;
