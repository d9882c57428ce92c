//! The child processes: `docmind-parse`, `docmind-embed` and `docmind-generate`, one serve loop with one engine each.
//!
//! A worker starts with an empty environment and the arguments it needs, closes what it inherited, loads its engine, shuts its
//! own sandbox behind it, and serves requests from stdin until that ends (see `docmind_wire::serve`). Whatever goes wrong in it,
//! one document or one answer fails.
//!
//! Main parts: [`start`] (arguments, log, the engine's thread), [`priority`] (who goes first), [`sandbox`] (limits, landlock,
//! seccomp), and a module a worker, each behind the feature of its name: `parse` and `embed` put the domain's ports behind the pipe,
//! `generate` the language model.
//!
//! ```no_run
//! // All of `docmind-parse`:
//! fn main() -> std::process::ExitCode {
//!     docmind_worker::parse::main()
//! }
//! ```
//!
//! Deliberately not here: the engines themselves, the store, any decision.

#[cfg(feature = "embed")]
pub mod embed;
#[cfg(feature = "generate")]
pub mod generate;
#[cfg(feature = "parse")]
pub mod parse;
pub mod priority;
pub mod sandbox;
pub mod start;
