//! Messages and framing between the application and its workers, and the supervised client that keeps a worker alive.
//!
//! Whatever reads a stranger's bytes, and every native engine, runs in a child process: it may crash, hang or be killed, and one
//! document or one answer fails with a reason. Both sides speak length-prefixed [`frame`]s over stdin and stdout; their
//! messages belong to a [`protocol::Protocol`].
//!
//! Main types: [`client::Client`] (start, watch, restart, kill), [`serve::serve`] with [`serve::Call`] (the worker's loop),
//! [`parse::ParseWorker`] and [`embed::EmbedWorker`] (the domain's ports over a pipe), [`exit::Exit`] (why a worker ended, in
//! words).
//!
//! # Adding a worker
//! 1. Messages and a protocol in a module here:
//! ```
//! use docmind_wire::protocol::Protocol;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! pub enum Request { Count { to: u32 } }
//! #[derive(Serialize, Deserialize)]
//! pub struct Counted(pub u32);
//!
//! pub struct CountProtocol;
//! impl Protocol for CountProtocol {
//!     const WORKER: &'static str = "docmind-count";
//!     type Request = Request;
//!     type Event = u32;
//!     type Reply = Counted;
//! }
//!
//! // 2. In the worker's binary: `adopt_parent()`, load the engine, shut the sandbox, then `serve`. The engine's thread is this one.
//! use docmind_wire::serve::{Call, Serve, serve};
//! use docmind_core::error::ErrorReport;
//!
//! struct Engine;
//! impl Serve<CountProtocol> for Engine {
//!     fn handle(&mut self, request: Request, call: &mut Call<CountProtocol>) -> Result<Counted, ErrorReport> {
//!         let Request::Count { to } = request;
//!         for number in 0..to {
//!             if call.cancel().is_cancelled() {
//!                 return Err(ErrorReport::cancelled());
//!             }
//!             call.event(&number);
//!         }
//!         Ok(Counted(to))
//!     }
//! }
//! fn main_of_the_worker() { serve::<CountProtocol>("", Engine).expect("frames"); }
//!
//! // 3. In the application: a client, and a port of `docmind_core` implemented on it.
//! use docmind_wire::client::{Client, Rules};
//! use docmind_wire::launch::Launch;
//! let client = Client::<CountProtocol>::new(Launch::in_folder("/opt/docmind".as_ref(), "docmind-count"), Rules::default());
//! assert!(client.hello().is_none(), "nothing starts before the first call");
//! ```
//! A request's body (a document) travels as raw frames beside it ([`client::Options::body`], [`serve::Call::body`]), raw output
//! (a bitmap) likewise ([`serve::Call::output`], [`client::Incoming::Output`]). A request that must not wait for a long one says
//! so ([`protocol::Protocol::is_urgent`]) and is served between two steps of it ([`serve::Call::next_urgent`]).
//!
//! # What holds
//! - A worker's environment is empty but for what [`launch::Launch`] names; it ends with its parent, however that ended.
//! - Busy is not dead: heartbeats come from a thread of their own and carry a progress counter. Ten seconds without one, or
//!   without an echo of our ping, or with a pipe not read, and the process is killed.
//! - Every wait ends: with a reply, a deadline, a cancel, or the death of the process.
//! - Whatever a worker sends is checked before it is believed: length, kind, type.
//!
//! Deliberately not here: any engine, any decision about documents, sandboxing (the worker does it to itself), the network.

mod child;
pub mod client;
pub mod embed;
pub mod exit;
pub mod frame;
pub mod generate;
pub mod launch;
pub mod parse;
pub mod protocol;
pub mod serve;
mod stdio;

pub use child::StartError;
