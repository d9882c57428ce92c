//! Models that were seen to end thoughts which they had not begun.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// Models whose servers open the thinking block in a prompt that nobody here sees. Of an answer that is cut off nothing tells that it was
/// thinking but that the model has always thought first so far. Shared by all engines of an application.
#[derive(Debug, Default)]
pub struct UnopenedThoughts(Mutex<HashSet<Asked>>);

/// A model and how it is asked: without thinking it may answer at once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    pub(super) base: String,
    pub(super) model: String,
    pub(super) thinking: bool,
}

impl UnopenedThoughts {
    pub(super) fn note(&self, asked: Asked) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(asked);
    }

    pub(super) fn are_known_of(&self, asked: &Asked) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(asked)
    }
}
