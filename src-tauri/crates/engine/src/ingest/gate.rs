//! When ingest may work: not while a person paused it, nor, on a machine without GPU, while an answer is being written.

use crate::listeners::lock;
use docmind_core::cancel::CancelToken;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Whoever waits looks this often whether it was cancelled, besides when it is told to: a queue may stay paused for days.
const LOOK: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
struct State {
    paused_by_person: bool,
    answers: u32,
}

/// The gate that every step of ingest passes. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<State>, Condvar)>);

/// While it lives, an answer is being written.
#[derive(Debug)]
pub struct AnswerTurn(Gate);

impl Gate {
    /// A person pauses.
    pub fn pause(&self) {
        lock(&self.0.0).paused_by_person = true;
    }

    /// A person goes on.
    pub fn resume(&self) {
        lock(&self.0.0).paused_by_person = false;
        self.0.1.notify_all();
    }

    /// Something was cancelled: whoever waits for that looks now.
    pub fn look(&self) {
        // With the lock: nobody is then between looking and waiting.
        drop(lock(&self.0.0));
        self.0.1.notify_all();
    }

    /// An answer begins.
    pub fn answering(&self) -> AnswerTurn {
        lock(&self.0.0).answers += 1;
        AnswerTurn(self.clone())
    }

    /// Why it is shut; `None` when it is open.
    pub fn shut(&self) -> Option<&'static str> {
        let state = lock(&self.0.0);
        match (state.paused_by_person, state.answers) {
            (true, _) => Some("paused"),
            (false, 0) => None,
            (false, _) => Some("answering"),
        }
    }

    /// Waits until it is open. False when cancelled meanwhile.
    pub fn pass(&self, cancel: &CancelToken) -> bool {
        let (mutex, opened) = &*self.0;
        let mut state = lock(mutex);
        while state.paused_by_person || state.answers > 0 {
            if cancel.is_cancelled() {
                return false;
            }
            state = opened
                .wait_timeout(state, LOOK)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        !cancel.is_cancelled()
    }
}

impl Drop for AnswerTurn {
    fn drop(&mut self) {
        let (mutex, opened) = &*self.0.0;
        lock(mutex).answers -= 1;
        opened.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn whoever_waits_is_told_of_a_cancel_at_once() {
        let gate = Gate::default();
        gate.pause();
        let cancel = CancelToken::new();
        std::thread::scope(|threads| {
            let waiting = threads.spawn(|| {
                let began = Instant::now();
                (gate.pass(&cancel), began.elapsed())
            });
            std::thread::sleep(Duration::from_millis(20));
            cancel.cancel();
            gate.look();
            let (passed, waited) = waiting.join().unwrap();
            assert!(!passed && waited < LOOK / 2, "{waited:?}");
        });
    }

    #[test]
    fn an_answer_and_a_person_shut_it_independently() {
        let gate = Gate::default();
        let turn = gate.answering();
        assert_eq!(gate.shut(), Some("answering"));
        gate.pause();
        drop(turn);
        assert_eq!(gate.shut(), Some("paused"));
        let cancel = CancelToken::new();
        cancel.cancel();
        assert!(!gate.pass(&cancel));
        gate.resume();
        assert!(gate.pass(&CancelToken::new()));
    }
}
