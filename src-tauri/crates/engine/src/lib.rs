//! Use cases.

pub mod events;
