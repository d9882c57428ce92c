//! What the page may ask for: each at most fifteen lines over the engine.

pub mod chat;
pub mod library;
pub mod models;
pub mod performance;
pub mod settings;
pub mod source;
