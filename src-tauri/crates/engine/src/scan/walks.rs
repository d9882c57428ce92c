//! Walks under way, so that whoever empties the queue or closes the library can stop them.

use crate::listeners::lock;
use docmind_core::cancel::CancelToken;
use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// Stopped walks are waited for so long: one may hang on a network folder.
const PATIENCE: Duration = Duration::from_millis(500);

/// The tokens of all walks under way.
#[derive(Default)]
pub(crate) struct Walks {
    table: Mutex<Table>,
    ended: Condvar,
}

#[derive(Default)]
struct Table {
    next: u64,
    under_way: BTreeMap<u64, CancelToken>,
    closed: bool,
}

/// A walk is under way until this is dropped.
#[must_use = "dropped, the walk counts as ended"]
pub(crate) struct UnderWay<'w> {
    walks: &'w Walks,
    number: u64,
}

impl Walks {
    /// A walk begins that `cancel` stops.
    pub(crate) fn begin(&self, cancel: &CancelToken) -> UnderWay<'_> {
        let mut table = lock(&self.table);
        if table.closed {
            cancel.cancel();
        }
        let number = table.next;
        table.next += 1;
        table.under_way.insert(number, cancel.clone());
        UnderWay { walks: self, number }
    }

    /// Stops all that are under way and waits until they have ended.
    pub(crate) fn stop(&self) {
        let table = lock(&self.table);
        for cancel in table.under_way.values() {
            cancel.cancel();
        }
        let busy = |table: &mut Table| !table.under_way.is_empty();
        drop(self.ended.wait_timeout_while(table, PATIENCE, busy));
    }

    /// Stops them, and from now on each that begins.
    pub(crate) fn close(&self) {
        lock(&self.table).closed = true;
        self.stop();
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        lock(&self.walks.table).under_way.remove(&self.number);
        self.walks.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn those_under_way_are_stopped_and_waited_for() {
        let walks = Walks::default();
        walks.stop();
        let cancel = CancelToken::new();
        std::thread::scope(|threads| {
            let under_way = walks.begin(&cancel);
            threads.spawn(|| {
                let held = under_way;
                while !cancel.is_cancelled() {
                    std::thread::yield_now();
                }
                drop(held);
            });
            walks.stop();
        });
        assert!(cancel.is_cancelled());
        assert!(lock(&walks.table).under_way.is_empty());

        let later = CancelToken::new();
        let under_way = walks.begin(&later);
        assert!(!later.is_cancelled(), "the next one is another one");
        drop(under_way);
    }

    #[test]
    fn one_that_hangs_is_not_waited_for_for_ever() {
        let walks = Walks::default();
        let under_way = walks.begin(&CancelToken::new());
        let started = Instant::now();
        walks.stop();
        assert!(started.elapsed() >= PATIENCE);
        drop(under_way);
    }

    #[test]
    fn after_closing_none_begins() {
        let walks = Walks::default();
        walks.close();
        let cancel = CancelToken::new();
        let _under_way = walks.begin(&cancel);
        assert!(cancel.is_cancelled());
    }
}
