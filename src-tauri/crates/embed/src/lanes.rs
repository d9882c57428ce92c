//! Who runs next where several want to: a question before the batches of an ingest.

use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Whose turn comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// Somebody waits for the answer.
    Question,
    /// One batch of many.
    Batch,
}

/// A few equal things, each used by one thread at a time.
///
/// Locks would do, were they fair: a thread that runs batch after batch takes a lock again before the one that waits for it wakes up.
pub(crate) struct Lanes<T> {
    pub(crate) count: usize,
    state: Mutex<State<T>>,
    returned: Condvar,
}

struct State<T> {
    free: Vec<T>,
    /// Questions that wait.
    questions: usize,
}

impl<T> Lanes<T> {
    pub(crate) fn new(lanes: Vec<T>) -> Self {
        Self {
            count: lanes.len(),
            state: Mutex::new(State {
                free: lanes,
                questions: 0,
            }),
            returned: Condvar::new(),
        }
    }

    /// The next free one; batches let questions go first.
    pub(crate) fn take(&self, urgency: Urgency) -> Taken<'_, T> {
        let mut state = self.lock();
        let is_question = urgency == Urgency::Question;
        state.questions += usize::from(is_question);
        loop {
            if (is_question || state.questions == 0)
                && let Some(lane) = state.free.pop()
            {
                state.questions -= usize::from(is_question);
                drop(state);
                // Batches that stood back may go on with the other lanes.
                self.returned.notify_all();
                return Taken {
                    lanes: self,
                    lane: Some(lane),
                };
            }
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of them, given back when dropped.
pub(crate) struct Taken<'l, T> {
    lanes: &'l Lanes<T>,
    lane: Option<T>,
}

impl<T> Deref for Taken<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.lane.as_ref().expect("BUG: a lane is there until it is given back")
    }
}

impl<T> DerefMut for Taken<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.lane.as_mut().expect("BUG: a lane is there until it is given back")
    }
}

impl<T> Drop for Taken<'_, T> {
    fn drop(&mut self) {
        self.lanes.lock().free.extend(self.lane.take());
        self.lanes.returned.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::thread;

    #[test]
    fn a_question_goes_before_batches_that_waited_longer() {
        let lanes = Lanes::new(vec![()]);
        let (sender, order) = channel();
        let waiting = |questions: usize| {
            while lanes.lock().questions < questions {
                thread::yield_now();
            }
        };
        thread::scope(|scope| {
            let busy = lanes.take(Urgency::Batch);
            for _ in 0..3 {
                let (lanes, sender) = (&lanes, sender.clone());
                scope.spawn(move || {
                    let _taken = lanes.take(Urgency::Batch);
                    sender.send("batch").unwrap();
                });
            }
            let (asking, sender) = (&lanes, sender.clone());
            scope.spawn(move || {
                let _taken = asking.take(Urgency::Question);
                sender.send("question").unwrap();
            });
            waiting(1);
            drop(busy);
        });
        drop(sender);
        let order: Vec<&str> = order.iter().collect();
        assert_eq!(order.len(), 4);
        assert_eq!(order[0], "question");
        assert_eq!(lanes.lock().free.len(), 1);
    }

    #[test]
    fn one_that_panics_gives_its_lane_back() {
        let lanes = Lanes::new(vec![1, 2]);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _taken = lanes.take(Urgency::Batch);
            panic!("as a test");
        }));
        assert!(outcome.is_err());
        assert_eq!(lanes.lock().free.len(), 2);
    }
}
