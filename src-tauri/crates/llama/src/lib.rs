//! Running language models on this machine, through llama.cpp.
//!
//! Main types: [`backend::Backends`] (modules and devices), [`load::load`] (check, plan, load), [`session::Session`] (one model
//! answering), [`gguf`] (files, read and written in safe Rust), [`make`] (models of random weights for tests and measuring),
//! [`bench`] (speed, memory and agreement of profiles).
//!
//! ```no_run
//! use docmind_llama::backend::{Backends, GpuUse};
//! use docmind_llama::load;
//! # fn example(request: docmind_core::plan::LoadRequest, question: docmind_core::generation::GenerateRequest)
//! # -> Result<(), docmind_llama::error::LlamaError> {
//! let backends = Backends::start("runtime/backends".as_ref(), GpuUse::Allowed)?;
//! let (mut session, report) = load::load(&backends, &request, &mut |_| true)?;
//! println!("{} on {}", report.card.name, report.device);
//! let stats = session.generate(&question, &docmind_core::cancel::CancelToken::new(), &mut |event| println!("{event:?}"))?;
//! println!("{:.1} tokens a second", stats.decode_tps);
//! # Ok(())
//! # }
//! ```
//!
//! One thread owns a session; nothing here is asynchronous. llama.cpp aborts its process on many broken assumptions: this crate is
//! linked into `docmind-generate` alone.
//!
//! Deliberately not here: pipes and messages (`docmind-wire`), documents and prompts (`docmind-core`), JSON, downloads, and ONNX
//! Runtime, which does not share CUDA well with llama.cpp in one process.

pub mod backend;
pub mod bandwidth;
pub mod bench;
pub mod characters;
pub mod compare;
pub mod error;
pub mod gguf;
pub mod graphs;
pub mod load;
pub mod log;
pub mod make;
pub mod native;
pub mod quantize;
pub mod session;
pub mod snapshot;
pub mod speculation;
pub mod template;
