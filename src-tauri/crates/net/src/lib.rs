//! The only room that opens a socket: HTTP and TLS through one gate that is closed until a person opens it, counts every byte,
//! and can be shut by one switch.
//!
//! Main types: [`gate::Gate`] (what may be asked of whom, and what was), [`remote::RemoteEngine`] (a language model behind an
//! OpenAI-compatible server or Ollama, as a [`docmind_core::ports::Generator`]), [`download::Download`] (a model file, resumed and
//! checked).
//!
//! ```
//! use docmind_core::cancel::CancelToken;
//! use docmind_net::gate::{Gate, Purpose, Rule};
//! use docmind_net::remote::{Dialect, RemoteEngine};
//! use std::sync::Arc;
//!
//! let gate = Arc::new(Gate::closed());
//! let engine = RemoteEngine::new(Arc::clone(&gate), Dialect::OpenAi, "http://127.0.0.1:1/v1", "qwen3-4b", None).expect("an address");
//! // Nobody opened the gate for this server: no byte leaves.
//! let refused = engine.list_models(&CancelToken::new()).expect_err("closed");
//! assert_eq!(refused.code, "network_not_allowed");
//! gate.allow(Purpose::RemoteEngine, Rule::origin_of("http://127.0.0.1:1").expect("an address"));
//! ```
//!
//! What holds: a request names its purpose, and its host is on that purpose's list or nothing is sent; redirects are followed by
//! this room, hop by hop, under the same list, and only for downloads; a proxy is asked only where the gate was given one, and learns
//! hosts, never what is said; what a server sends is counted, cut at limits and never trusted.
//!
//! Deliberately not here: documents and the index, what a model's text means, any server.

pub mod authorities;
pub mod download;
pub mod error;
pub mod gate;
pub mod lines;
pub mod proxies;
pub mod remote;
mod transport;

pub use error::NetError;
