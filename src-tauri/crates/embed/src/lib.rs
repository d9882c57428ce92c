//! The embedder and the reranker: text in, vectors or scores out, through ONNX Runtime.
//!
//! [`OnnxEmbedder`] implements [`docmind_core::ports::Embedder`], [`OnnxReranker`] implements [`docmind_core::ports::Reranker`].
//! Both open a [`ModelFolder`]: an ONNX file a precision, a `tokenizer.json`, and a `card.json` that says how texts are prefixed,
//! cut and pooled. [`bench`] measures the embedder beside stock fastembed.
//!
//! ```no_run
//! use docmind_core::cancel::CancelToken;
//! use docmind_core::embedding::TextKind;
//! use docmind_core::ports::Embedder as _;
//! use docmind_embed::{EmbedderOptions, OnnxEmbedder};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let runtime = std::path::Path::new("/usr/lib/docmind/runtime");
//! let embedder = OnnxEmbedder::open(&EmbedderOptions::new(runtime, "all-MiniLM-L6-v2"))?;
//! let vectors = embedder.embed(TextKind::Query, &["Who repairs the roof?".into()], &CancelToken::new())?;
//! assert_eq!(vectors[0].0.len(), 384);
//! # Ok(())
//! # }
//! ```
//!
//! # Why not `fastembed::TextEmbedding::embed`
//!
//! fastembed 7.5 pads every batch of 256 texts, in the caller's order, to its longest, keeps the raw outputs of all batches of a
//! call until its end, and tokenises only while nothing else runs. Measured on the same ONNX file it does under half the texts a
//! second in several times the memory (`docmind bench embed` prints both). So the session and the tokenizer are used directly,
//! through the same crates fastembed uses (`ort`, `tokenizers`); fastembed itself stays as the yardstick in [`bench`].
//!
//! # How it runs
//!
//! Texts are tokenised on a thread of their own while batches run, sorted by length within a window, batched by a budget of
//! tokens, and only one batch's tensors exist at a time in each of the encoder's lanes. After each batch the progress callback is
//! called with nothing locked: whoever serves requests embeds a waiting question from there, so that it waits for one batch at most.
//! Cancelling takes effect there too.
//!
//! # Deliberately not here
//!
//! The index, prompts, processes, downloads. What a passage is, is decided in [`docmind_core::chunker`].

mod batch;
pub mod bench;
mod embedder;
mod encoder;
mod error;
mod folder;
mod lanes;
mod reranker;
mod runtime;
mod stream;
mod tokens;

pub use embedder::{EmbedderOptions, OnnxEmbedder};
pub use error::EmbedError;
pub use folder::{Card, Files, Kind, ModelFolder, Pooling, known_cards};
pub use reranker::{OnnxReranker, RerankerOptions};
pub use runtime::DeviceChoice;

/// Folder name of the embedder that comes with DocMind; its tokenizer measures chunks whatever embedder is used.
pub const DEFAULT_EMBEDDER: &str = "all-MiniLM-L6-v2";
