//! Use cases: what a person does with DocMind, over the rooms that do the work.
//!
//! [`Engine`] is the façade that the window and the command line share: it owns the data folder ([`data_dir`]), the library and its
//! index (`docmind-store`), the child processes that read, embed and generate (`docmind-wire`), settings and profiles. Adding documents is
//! [`Engine::add_paths`] and the pipeline in [`ingest`]; asking is [`Engine::ask`]; what both tell on the way are the types in [`events`].
//!
//! ```no_run
//! # fn main() -> Result<(), docmind_core::error::ErrorReport> {
//! use docmind_core::cancel::CancelToken;
//! use docmind_engine::ask::AskRequest;
//! use docmind_engine::{Engine, EngineOptions};
//!
//! let engine = Engine::open(EngineOptions::application())?;
//! let cancel = CancelToken::new();
//! engine.add_paths(&["/home/me/Documents".into()], &cancel, &mut |_| {})?;
//! engine.wait_for_ingest(&cancel)?;
//! let question = AskRequest { question: "When may the lease be ended?".to_owned(), ..AskRequest::default() };
//! let answer = engine.ask(&question, &cancel, &mut |event| println!("{event:?}"))?;
//! for citation in &answer.citations {
//!     println!("[{}] {}, page {}: {}", citation.n, citation.title, citation.page, citation.quote);
//! }
//! engine.close();
//! # Ok(())
//! # }
//! ```
//!
//! Every method blocks and may be called from any thread; none needs an async runtime. Events come on the thread where they happen.
//!
//! Deliberately not here: Tauri, HTML rendering, SQL, any parser, any native inference, and decisions that need no machine (those
//! are `docmind-core`'s).

pub mod ask;
pub mod bench;
pub mod bench_generate;
pub mod bench_ingest;
pub mod bench_optimization;
pub mod catalogue;
mod clock;
pub mod collections;
pub mod conversations;
pub mod data_dir;
pub mod doctor;
pub mod documents;
mod engine;
pub mod error;
pub mod eval;
pub mod events;
pub mod evidence;
pub mod extract;
mod follow;
mod generators;
pub mod ingest;
pub mod languages;
pub mod listeners;
pub mod machine;
pub mod model_files;
pub mod models;
pub mod path_text;
pub mod profile_store;
pub mod profiles;
mod reading;
pub mod recognition;
mod removal;
mod rows;
pub mod runtime_files;
pub mod scan;
pub mod search;
pub mod settings_store;
mod suggestions;
pub mod telemetry;
pub mod viewer;
mod waiting;
pub mod watch;
pub mod window;
pub mod workers;

pub use engine::{Background, Engine, EngineOptions, OpenMode};
pub use removal::UNDO_FOR;
