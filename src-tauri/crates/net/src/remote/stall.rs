//! Ends a request whose server does not come to the point, or falls silent in the middle of its answer.

use docmind_core::cancel::CancelToken;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Looked at this often.
const POLL: Duration = Duration::from_millis(50);

/// Watches over one request. Until its first word a server may read a long prompt, however much it sends meanwhile to keep the line open;
/// from then on it may not be silent for longer than a limit.
pub(super) struct Stall {
    token: CancelToken,
    shared: Arc<Shared>,
}

struct Shared {
    waits: Mutex<Wait>,
    stalled: AtomicBool,
    over: AtomicBool,
}

/// What is waited for, and since when.
#[derive(Clone, Copy)]
enum Wait {
    FirstWord(Instant),
    NextWord(Instant),
}

impl Stall {
    /// The request goes by [`Stall::token`], which is cancelled when `cancel` is, or when the server stalls: says nothing of its answer for
    /// `first`, or nothing more for `limit`.
    pub(super) fn watch(cancel: &CancelToken, first: Duration, limit: Duration) -> Self {
        let shared = Arc::new(Shared {
            waits: Mutex::new(Wait::FirstWord(Instant::now())),
            stalled: AtomicBool::new(false),
            over: AtomicBool::new(false),
        });
        let token = CancelToken::new();
        let watching = {
            let (shared, cancel, token) = (Arc::clone(&shared), cancel.clone(), token.clone());
            thread::Builder::new()
                .name("http stall".into())
                .stack_size(128 << 10)
                .spawn(move || shared.watch(&cancel, &token, first, limit))
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
        self.shared.wait_for(Wait::NextWord(Instant::now()));
    }

    /// It is asked once more, and may read once more.
    pub(super) fn asked_again(&self) {
        self.shared.wait_for(Wait::FirstWord(Instant::now()));
    }

    /// It was ended because the server fell silent.
    pub(super) fn has_stalled(&self) -> bool {
        self.shared.stalled.load(Ordering::Acquire)
    }
}

impl Shared {
    fn wait_for(&self, what: Wait) {
        *self.waits.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }

    fn watch(&self, cancel: &CancelToken, token: &CancelToken, first: Duration, limit: Duration) {
        while !self.over.load(Ordering::Acquire) {
            if cancel.is_cancelled() {
                token.cancel();
                return;
            }
            let (since, longest) = match *self.waits.lock().unwrap_or_else(PoisonError::into_inner) {
                Wait::FirstWord(since) => (since, first),
                Wait::NextWord(since) => (since, limit),
            };
            if since.elapsed() >= longest {
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
