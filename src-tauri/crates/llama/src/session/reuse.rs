//! What is kept of a cache: restored where that is faster than reading again, kept in memory before it goes, written to disk.

use super::{Session, Writing};
use crate::native::Token;
use crate::snapshot::{SHORTEST, Snapshot, SnapshotFile, common_prefix};
use std::time::Instant;

/// A snapshot is restored only where it saves at least so many tokens.
const WORTH_RESTORING: usize = 32;

/// Bytes a second at which snapshots come back, until it was measured: from disk with their checksum, and from memory.
const FROM_DISK: f64 = 0.6e9;
const FROM_MEMORY: f64 = 3e9;

/// Measured speeds of restoring, in bytes a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct RestoreSpeed {
    disk: f64,
    memory: f64,
}

impl Default for RestoreSpeed {
    fn default() -> Self {
        Self {
            disk: FROM_DISK,
            memory: FROM_MEMORY,
        }
    }
}

/// Where a snapshot lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Memory,
    Disk,
}

/// A snapshot that is to be restored.
enum Chosen {
    /// Taken out: what makes room for another does not meet it.
    FromMemory(Snapshot),
    FromDisk,
}

impl Session {
    /// Makes the cache hold the longest beginning of `prompt` that is known anywhere, and gives its length. At least the last token
    /// is left to compute: its logits are needed.
    pub(super) fn align(&mut self, prompt: &[Token]) -> usize {
        let most = prompt.len() - 1;
        let mut shared = common_prefix(&self.cached, prompt).min(most);
        if self.model.is_recurrent() && shared < self.cached.len() {
            shared = 0;
        }
        let keeps = self.is_worth_keeping(shared);
        let chosen = self.take_chosen(prompt, shared);
        if keeps {
            self.keep_in_memory();
        }
        if let Some(chosen) = chosen {
            self.restore(chosen, prompt);
            shared = common_prefix(&self.cached, prompt).min(most);
        }
        // Also where nothing differs: an answer that broke off may have left a draft behind its last token.
        self.cut(shared);
        self.cached.len()
    }

    /// Forgets the cache from `at` on. False where the model's state cannot be cut there; then all of it is gone.
    pub(super) fn cut(&mut self, at: usize) -> bool {
        let cut = self.context.truncate(at);
        self.cached.truncate(if cut { at } else { 0 });
        cut
    }

    /// The snapshot that brings more of `prompt` than the `shared` tokens in the cache, and sooner than they are read: a fast card
    /// reads a prompt anew in less time than a disk gives it back.
    fn worth_restoring(&self, prompt: &[Token], shared: usize) -> Option<Place> {
        let (most, room) = (prompt.len() - 1, self.context.size() as usize);
        // A state that cannot be cut serves only a prompt that goes on from its end.
        let whole_only = self.model.is_recurrent();
        let memory = self
            .memory
            .best(prompt, room)
            .filter(|(count, snapshot)| !whole_only || (*count == snapshot.tokens.len() && *count <= most))
            .map(|(count, snapshot)| (count.min(most), snapshot.state.len() as u64));
        let disk = self
            .disk
            .as_ref()
            .filter(|_| !whole_only)
            .and_then(|disk| disk.best(prompt, room))
            .map(|(count, bytes)| (count.min(most), bytes));
        let candidates = [
            (Place::Memory, memory, self.restore_speed.memory),
            (Place::Disk, disk, self.restore_speed.disk),
        ];
        // Seconds saved, where any are.
        candidates
            .into_iter()
            .filter_map(|(place, found, speed)| {
                let (count, bytes) = found?;
                let saved_tokens = count.checked_sub(shared + WORTH_RESTORING)?;
                // Nothing was read yet only on a processor, where reading is always slower.
                let reading = if self.prefill_tps > 0.0 {
                    saved_tokens as f64 / self.prefill_tps
                } else {
                    f64::MAX
                };
                let saved = reading - bytes as f64 / speed;
                (saved > 0.0).then_some((place, saved))
            })
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(place, _)| place)
    }

    fn take_chosen(&mut self, prompt: &[Token], shared: usize) -> Option<Chosen> {
        match self.worth_restoring(prompt, shared)? {
            Place::Memory => {
                let room = self.context.size() as usize;
                self.memory.take(prompt, room).map(Chosen::FromMemory)
            }
            Place::Disk => Some(Chosen::FromDisk),
        }
    }

    fn restore(&mut self, chosen: Chosen, prompt: &[Token]) {
        let started = Instant::now();
        let (restored, tokens, bytes, speed) = match chosen {
            Chosen::FromMemory(snapshot) => {
                self.context.truncate(0);
                let restored = self.context.restore(&snapshot.state);
                let (tokens, bytes) = (snapshot.tokens.clone(), snapshot.state.len() as u64);
                if restored {
                    self.memory.put_back(snapshot);
                }
                (restored, tokens, bytes, &mut self.restore_speed.memory)
            }
            Chosen::FromDisk => {
                let room = self.context.size() as usize;
                // It may be the one that is being written.
                self.finish_writing();
                let Some(found) = self.disk.as_mut().and_then(|disk| disk.find(prompt, room)) else {
                    return;
                };
                self.context.truncate(0);
                let restored = self.context.restore_from(&found.path);
                (restored, found.tokens, found.bytes, &mut self.restore_speed.disk)
            }
        };
        self.cached.clear();
        if !restored {
            tracing::warn!("llama.cpp refused a snapshot; the prompt is read anew");
            return;
        }
        self.cached = tokens;
        let measured = bytes as f64 / started.elapsed().as_secs_f64().max(1e-6);
        *speed = *speed * 0.5 + measured * 0.5;
    }

    /// True where what goes with all but the first `shared` tokens is another conversation, and not in memory yet.
    fn is_worth_keeping(&self, shared: usize) -> bool {
        let lost = self.cached.len() - shared;
        if lost < SHORTEST || shared * 4 > self.cached.len() * 3 {
            return false;
        }
        self.memory
            .best(&self.cached, usize::MAX)
            .is_none_or(|(count, _)| count + WORTH_RESTORING < self.cached.len())
    }

    /// Keeps the cache in memory before it goes.
    fn keep_in_memory(&mut self) {
        let bytes = self.context.state_size();
        if self.cached.is_empty() || bytes == 0 || !self.memory.make_room(&self.cached, bytes) {
            return;
        }
        let state = self.context.save();
        if !state.is_empty() {
            self.memory.keep(Snapshot {
                tokens: self.cached.clone(),
                state,
            });
        }
    }

    /// Writes the cache of a conversation's first turn to disk: after a restart the same sources are not read again. Later turns share its
    /// beginning; a state that cannot be cut at it would serve none of them. llama.cpp writes it from the cache itself, since a copy for a
    /// thread could take as much memory again; only the checksum is left to one. A gigabyte takes a second, so that nobody should wait for
    /// it: see [`Session::generate`]. Does nothing a second time.
    pub fn keep_on_disk(&mut self) {
        let Some(answered) = self.unkept.take() else {
            return;
        };
        if self
            .writing
            .as_ref()
            .is_some_and(|writing| !writing.thread.is_finished())
        {
            return;
        }
        self.finish_writing();
        let Some(prompt) = self.cached.get(..answered.prompt) else {
            return;
        };
        let Some(disk) = self.disk.as_mut().filter(|_| !self.model.is_recurrent()) else {
            return;
        };
        if prompt.len() < SHORTEST
            || (answered.turns > 1 && disk.shared(prompt) * 2 > prompt.len())
            || disk.shared(prompt) + SHORTEST > prompt.len()
        {
            return;
        }
        let bytes = self.context.state_size();
        if bytes == 0 {
            return;
        }
        let Some((path, key)) = disk.place(&self.cached, bytes) else {
            return;
        };
        let written = SnapshotFile::create(path.clone(), key).and_then(|file| {
            self.context.save_to(file.state_path())?;
            Ok(file)
        });
        let file = match written {
            Ok(file) => file,
            Err(error) => {
                tracing::warn!(%error, "a snapshot could not be written");
                disk.forget(&path);
                return;
            }
        };
        let tokens = self.cached.clone();
        let thread = std::thread::Builder::new().name("snapshot".to_owned()).spawn(move || {
            let written = file.finish(&tokens);
            if let Err(error) = &written {
                tracing::warn!(%error, "a snapshot could not be written");
            }
            written.is_ok()
        });
        match thread {
            Ok(thread) => self.writing = Some(Writing { path, thread }),
            Err(error) => {
                tracing::warn!(%error, "no thread for writing a snapshot");
                disk.forget(&path);
            }
        }
    }
}
