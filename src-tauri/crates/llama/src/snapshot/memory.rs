//! Snapshots in memory.

use super::{Snapshot, common_prefix};
use crate::native::Token;

/// Snapshots in memory, the latest first, within a budget of bytes.
#[derive(Debug, Default)]
pub struct MemorySnapshots {
    kept: Vec<Snapshot>,
    budget: usize,
}

impl MemorySnapshots {
    /// At most so many bytes.
    pub fn new(budget: usize) -> Self {
        Self {
            kept: Vec::new(),
            budget,
        }
    }

    /// Bytes of all that is kept.
    pub fn bytes(&self) -> usize {
        self.kept.iter().map(|snapshot| snapshot.state.len()).sum()
    }

    /// Makes room for a snapshot of so many bytes before it is copied: those that are a beginning of it go, then the oldest until the
    /// budget holds. False, and nothing goes, where it is larger than that.
    pub fn make_room(&mut self, tokens: &[Token], bytes: usize) -> bool {
        if bytes > self.budget {
            return false;
        }
        self.kept.retain(|old| !tokens.starts_with(&old.tokens));
        while self.bytes() + bytes > self.budget {
            self.kept.pop();
        }
        true
    }

    /// Keeps one that there is room for.
    pub fn keep(&mut self, snapshot: Snapshot) {
        if self.make_room(&snapshot.tokens, snapshot.state.len()) {
            self.kept.insert(0, snapshot);
        }
    }

    /// The one of at most `room` tokens that shares most with `prompt`, with how much.
    pub fn best(&self, prompt: &[Token], room: usize) -> Option<(usize, &Snapshot)> {
        let (at, shared) = self.place_of_best(prompt, room)?;
        Some((shared, &self.kept[at]))
    }

    fn place_of_best(&self, prompt: &[Token], room: usize) -> Option<(usize, usize)> {
        self.kept
            .iter()
            .enumerate()
            .filter(|(_, snapshot)| snapshot.tokens.len() <= room)
            .map(|(at, snapshot)| (at, common_prefix(&snapshot.tokens, prompt)))
            .max_by_key(|(_, shared)| *shared)
    }

    /// Takes out the one that [`MemorySnapshots::best`] means.
    pub fn take(&mut self, prompt: &[Token], room: usize) -> Option<Snapshot> {
        let (at, _) = self.place_of_best(prompt, room)?;
        Some(self.kept.remove(at))
    }

    /// Puts back one that was taken out, where there still is room for it.
    pub fn put_back(&mut self, snapshot: Snapshot) {
        if self.bytes() + snapshot.state.len() <= self.budget {
            self.kept.insert(0, snapshot);
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.kept.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::snapshot;
    use super::*;

    #[test]
    fn memory_drops_beginnings_and_the_oldest() {
        let mut memory = MemorySnapshots::new(10_000);
        memory.keep(snapshot(0..100, 4000));
        memory.keep(snapshot(0..200, 5000));
        assert_eq!(memory.bytes(), 5000, "the first is a beginning of the second");
        memory.keep(snapshot(500..600, 4000));
        memory.keep(snapshot(900..1000, 3000));
        assert_eq!(memory.bytes(), 7000);
        let prompt: Vec<Token> = (500..520).collect();
        assert_eq!(memory.best(&prompt, 8192).expect("there").0, 20);
        assert!(memory.best(&prompt, 99).is_none(), "a cache of 99 tokens holds neither");
    }

    #[test]
    fn one_that_was_taken_out_comes_back_only_where_nothing_goes_for_it() {
        let mut memory = MemorySnapshots::new(10_000);
        memory.keep(snapshot(0..100, 6000));
        let prompt: Vec<Token> = (0..120).collect();
        let taken = memory.take(&prompt, 8192).expect("there");
        assert_eq!((taken.tokens.len(), memory.bytes()), (100, 0));
        memory.put_back(taken.clone());
        assert_eq!(memory.take(&prompt, 8192), Some(taken.clone()));
        memory.keep(snapshot(500..600, 5000));
        memory.put_back(taken);
        assert_eq!(memory.bytes(), 5000);
    }
}
