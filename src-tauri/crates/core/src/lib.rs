//! The domain of DocMind: what a document, a passage, a question and an answer are, and every decision that needs no machine.
//!
//! Pure by rule: no files, no clock, no threads, no network, no native code. Time, randomness and paths are passed in. The rooms
//! above (`parse`, `embed`, `llama`, `store`, `engine`) implement the [`ports`] declared here.
//!
//! Main types: [`document::Page`], [`chunk::Chunk`], [`retrieval::ScoredChunk`], [`citation::Citation`], [`profile::Profile`],
//! [`error::ErrorReport`].
//!
//! Deliberately not here: I/O of any kind, JSON, async runtimes, and anything a stranger's bytes could crash.

pub mod answer;
pub mod cancel;
pub mod chunk;
pub mod chunker;
pub mod citation;
pub mod conversation;
pub mod document;
pub mod embedding;
pub mod error;
pub mod extract;
#[cfg(feature = "fakes")]
pub mod fakes;
pub mod generation;
pub mod hardware;
pub mod language;
pub mod measurement;
pub mod model;
pub mod pack;
pub mod plan;
pub mod ports;
pub mod profile;
pub mod prompt;
pub mod question;
pub mod rank;
pub mod refusal;
pub mod retrieval;
pub mod sentences;
pub mod settings;
pub mod support;
pub mod thinking;
pub mod words;
