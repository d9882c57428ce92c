//! The token every long job takes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A shared flag: once cancelled it stays cancelled. Clones share the flag.
#[derive(Clone, Default)]
pub struct CancelToken(Arc<Flag>);

#[derive(Default)]
struct Flag {
    cancelled: AtomicBool,
    watches: Mutex<Watches>,
}

#[derive(Default)]
struct Watches {
    next: u64,
    wakes: BTreeMap<u64, Wake>,
}

type Wake = Box<dyn FnOnce() + Send>;

impl CancelToken {
    /// A token nobody has cancelled yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the job to stop; it does so within a second.
    pub fn cancel(&self) {
        let wakes = {
            let mut watches = self.watches();
            // Within the lock: who sees it and drops a watch is too late to keep it from being woken.
            self.0.cancelled.store(true, Ordering::Release);
            std::mem::take(&mut watches.wakes)
        };
        for wake in wakes.into_values() {
            wake();
        }
    }

    /// True once [`CancelToken::cancel`] was called on any clone.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Acquire)
    }

    /// Has `wake` called once, on the thread that cancels (on this one where it is cancelled already), unless the watch is dropped
    /// before that. For who waits for something else meanwhile and would have to look again and again.
    pub fn watch(&self, wake: impl FnOnce() + Send + 'static) -> Watch {
        let mut watches = self.watches();
        if self.is_cancelled() {
            drop(watches);
            wake();
            return Watch(None);
        }
        let id = watches.next;
        watches.next += 1;
        watches.wakes.insert(id, Box::new(wake));
        Watch(Some((self.clone(), id)))
    }

    fn watches(&self) -> MutexGuard<'_, Watches> {
        self.0.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CancelToken").field(&self.is_cancelled()).finish()
    }
}

/// Who watches a token, until it is dropped.
#[derive(Debug)]
#[must_use = "dropped, it watches no more"]
pub struct Watch(Option<(CancelToken, u64)>);

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some((token, id)) = self.0.take() {
            // What it holds is dropped outside the lock.
            let wake = token.watches().wakes.remove(&id);
            drop(wake);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn whoever_watches_is_woken_once() {
        let token = CancelToken::new();
        let (sender, woken) = mpsc::channel();
        let (first, second) = (sender.clone(), sender);
        let _first = token.watch(move || first.send(1).unwrap());
        let dropped = token.watch(move || second.send(2).unwrap());
        drop(dropped);
        token.clone().cancel();
        token.cancel();
        assert_eq!(woken.iter().collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn a_token_cancelled_before_wakes_at_once() {
        let token = CancelToken::new();
        token.cancel();
        let (sender, woken) = mpsc::channel();
        let _watch = token.watch(move || sender.send(()).unwrap());
        woken.try_recv().unwrap();
    }

    #[test]
    fn who_is_woken_may_use_the_token() {
        let token = CancelToken::new();
        let own = token.clone();
        let (sender, woken) = mpsc::channel();
        let _watch = token.watch(move || {
            let _again = own.watch(move || sender.send(()).unwrap());
        });
        token.cancel();
        woken.try_recv().unwrap();
    }
}
