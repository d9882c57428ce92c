//! What the page may ask for: each at most fifteen lines over the engine.
//!
//! # Errors
//! Every command fails as the engine does, with code, message and detail.
#![expect(clippy::missing_errors_doc, reason = "said once, above, for all of them")]

pub mod chat;
pub mod evidence;
pub mod library;
pub mod models;
pub mod performance;
pub mod settings;
pub mod source;
