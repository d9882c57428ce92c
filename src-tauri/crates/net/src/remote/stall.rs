//! Ends a request whose server falls silent in the middle of its answer.

use docmind_core::cancel::CancelToken;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Looked at this often.
const POLL: Duration = Duration::from_millis(50);

/// Watches over one request. Until its first word a server may read a long prompt, for as long as the gate lets it; from then on it
/// may not be silent for longer than the limit.
pub(super) struct Stall {
    token: CancelToken,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// When it was heard last; `None` before the first word.
    heard: Mutex<Option<Instant>>,
    stalled: AtomicBool,
    over: AtomicBool,
}

impl Stall {
    /// The request goes by [`Stall::token`], which is cancelled when `cancel` is, or when the server stalls.
    pub(super) fn watch(cancel: &CancelToken, limit: Duration) -> Self {
        let shared = Arc::new(Shared::default());
        let token = CancelToken::new();
        let watching = {
            let (shared, cancel, token) = (Arc::clone(&shared), cancel.clone(), token.clone());
            thread::Builder::new()
                .name("http stall".into())
                .stack_size(128 << 10)
                .spawn(move || shared.watch(&cancel, &token, limit))
        };
        match watching {
            Ok(_) => Self { token, shared },
            Err(error) => {
                tracing::warn!(%error, "a server that stalls is not noticed");
                Self {
                    token: cancel.clone(),
                    shared,
                }
            }
        }
    }

    pub(super) fn token(&self) -> &CancelToken {
        &self.token
    }

    /// Something of the answer came.
    pub(super) fn heard(&self) {
        *self.shared.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// It was ended because the server fell silent.
    pub(super) fn has_stalled(&self) -> bool {
        self.shared.stalled.load(Ordering::Acquire)
    }
}

impl Shared {
    fn watch(&self, cancel: &CancelToken, token: &CancelToken, limit: Duration) {
        while !self.over.load(Ordering::Acquire) {
            if cancel.is_cancelled() {
                token.cancel();
                return;
            }
            let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            if heard.is_some_and(|heard| heard.elapsed() >= limit) {
                self.stalled.store(true, Ordering::Release);
                token.cancel();
                return;
            }
            thread::sleep(POLL);
        }
    }
}

impl Drop for Stall {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Release);
    }
}
