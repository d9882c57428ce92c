//! Ends what a cancel finds under way.

use super::POLL;
use docmind_core::cancel::CancelToken;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Closes a request's connection when its token is set; ends with the request.
pub(super) struct Watch {
    over: Arc<AtomicBool>,
}

impl Watch {
    pub(super) fn start(agent: ureq::Agent, cancel: CancelToken) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        let watching = thread::Builder::new()
            .name("http cancel".into())
            .stack_size(128 << 10)
            .spawn(move || {
                loop {
                    // First: a call that is over because of the cancel leaves the server working.
                    if cancel.is_cancelled() {
                        agent.shutdown();
                        return;
                    }
                    if ended.load(Ordering::Acquire) {
                        return;
                    }
                    thread::sleep(POLL);
                }
            });
        if let Err(error) = watching {
            tracing::warn!(%error, "a request cannot be cancelled while it waits");
        }
        Self { over }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
    }
}
