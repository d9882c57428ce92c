//! Snapshots in a folder, within a budget.

use super::file::{check_snapshot, is_part, read_tokens};
use super::{SnapshotKey, common_prefix};
use crate::native::Token;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const SUFFIX: &str = "kv";

/// Snapshots in a folder.
#[derive(Debug)]
pub struct DiskSnapshots {
    folder: PathBuf,
    key: SnapshotKey,
    budget: u64,
    index: Vec<Indexed>,
}

#[derive(Debug)]
struct Indexed {
    path: PathBuf,
    tokens: Vec<Token>,
    bytes: u64,
    used: SystemTime,
}

/// A whole file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where [`crate::native::Context::restore_from`] reads.
    pub path: PathBuf,
    /// What it holds, in order from position 0.
    pub tokens: Vec<Token>,
    /// Its size.
    pub bytes: u64,
}

impl DiskSnapshots {
    /// Opens the folder (made where it is missing) and reads which prefixes there are. Files of other keys count towards the budget
    /// and are the first to go; halves that a killed process left are deleted; files that are none of ours are left alone.
    ///
    /// # Errors
    /// The folder cannot be made or read.
    pub fn open(folder: &Path, key: SnapshotKey, budget: u64) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut out = Self {
            folder: folder.to_owned(),
            key,
            budget,
            index: Vec::new(),
        };
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            if is_part(&path) {
                delete(&path);
                continue;
            }
            if path.extension().is_none_or(|suffix| suffix != SUFFIX) {
                continue;
            }
            let metadata = entry.metadata()?;
            let own = path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .is_some_and(|stem| stem.starts_with(&key.name()));
            let tokens = if own {
                read_tokens(&path, &key).unwrap_or_default()
            } else {
                Vec::new()
            };
            let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let used = if tokens.is_empty() {
                SystemTime::UNIX_EPOCH
            } else {
                used
            };
            out.index.push(Indexed {
                path,
                tokens,
                bytes: metadata.len(),
                used,
            });
        }
        out.make_room(0);
        Ok(out)
    }

    /// How much of `prompt` the best file of at most `room` tokens shares, and its size in bytes.
    pub fn best(&self, prompt: &[Token], room: usize) -> Option<(usize, u64)> {
        let (at, shared) = self.place_of_best(prompt, room)?;
        Some((shared, self.index[at].bytes))
    }

    fn place_of_best(&self, prompt: &[Token], room: usize) -> Option<(usize, usize)> {
        self.index
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.tokens.len() <= room)
            .map(|(at, entry)| (at, common_prefix(&entry.tokens, prompt)))
            .max_by_key(|(_, shared)| *shared)
    }

    /// How much of `prompt` any file shares.
    pub fn shared(&self, prompt: &[Token]) -> usize {
        self.best(prompt, usize::MAX).map_or(0, |(shared, _)| shared)
    }

    /// The file that [`DiskSnapshots::best`] means, once all of it was checked. A damaged one is deleted and `None` given.
    pub fn find(&mut self, prompt: &[Token], room: usize) -> Option<Found> {
        let (at, _) = self.place_of_best(prompt, room)?;
        let entry = &mut self.index[at];
        match check_snapshot(&entry.path, &self.key) {
            Ok(tokens) => {
                entry.used = SystemTime::now();
                if let Ok(file) = fs::File::options().append(true).open(&entry.path) {
                    let _ = file.set_modified(entry.used);
                }
                Some(Found {
                    path: entry.path.clone(),
                    tokens,
                    bytes: entry.bytes,
                })
            }
            Err(error) => {
                let entry = self.index.swap_remove(at);
                tracing::warn!(path = %entry.path.display(), %error, "a snapshot was damaged and is deleted");
                delete(&entry.path);
                None
            }
        }
    }

    /// True where a snapshot of so many tokens and bytes has a chance.
    fn takes(&self, tokens: usize, state_bytes: usize) -> bool {
        file_bytes(tokens, state_bytes) <= self.budget
    }

    /// Makes room for a snapshot and says where it goes; `None` where it is larger than the budget. The caller writes it, as a
    /// [`super::SnapshotFile`]; where that fails, [`DiskSnapshots::forget`].
    pub fn place(&mut self, tokens: &[Token], state_bytes: usize) -> Option<(PathBuf, SnapshotKey)> {
        if !self.takes(tokens.len(), state_bytes) {
            return None;
        }
        let bytes = file_bytes(tokens.len(), state_bytes);
        let mut hasher = blake3::Hasher::new();
        tokens.iter().for_each(|token| {
            hasher.update(&token.to_le_bytes());
        });
        let name = format!("{}-{}.{SUFFIX}", self.key.name(), &hasher.finalize().to_hex()[..16]);
        let path = self.folder.join(name);
        self.index.retain(|entry| entry.path != path);
        self.make_room(bytes);
        self.index.push(Indexed {
            path: path.clone(),
            tokens: tokens.to_vec(),
            bytes,
            used: SystemTime::now(),
        });
        Some((path, self.key))
    }

    /// The file that was to go there never came.
    pub fn forget(&mut self, path: &Path) {
        self.index.retain(|entry| entry.path != path);
    }

    fn make_room(&mut self, wanted: u64) {
        self.index.sort_by_key(|entry| std::cmp::Reverse(entry.used));
        let mut total: u64 = self.index.iter().map(|entry| entry.bytes).sum::<u64>() + wanted;
        while total > self.budget
            && let Some(oldest) = self.index.pop()
        {
            total -= oldest.bytes;
            delete(&oldest.path);
        }
    }
}

/// Bytes of a file, a little more than it takes.
fn file_bytes(tokens: usize, state_bytes: usize) -> u64 {
    (state_bytes + tokens * 4 + 128) as u64
}

fn delete(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(path = %path.display(), %error, "a snapshot could not be deleted");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{key, write};
    use super::*;

    #[test]
    fn the_disk_keeps_within_its_budget_and_finds_the_longest() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut disk = DiskSnapshots::open(folder.path(), key("b1"), 20_000).expect("opened");
        for start in [0, 1000, 2000] {
            let tokens: Vec<Token> = (start..start + 300).collect();
            let (path, _) = disk.place(&tokens, 5000).expect("room");
            write(&path, "b1", start..start + 300, 5000);
        }
        let mut again = DiskSnapshots::open(folder.path(), key("b1"), 20_000).expect("opened");
        let prompt: Vec<Token> = (1000..1200).chain(5..9).collect();
        assert_eq!(again.shared(&prompt), 200);
        assert_eq!(
            again.find(&prompt, 8192).expect("there").tokens,
            (1000..1300).collect::<Vec<_>>()
        );
        assert!(
            again.find(&prompt, 299).is_none(),
            "one longer than the context is not read"
        );
        assert!(!again.takes(prompt.len(), 30_000) && again.place(&prompt, 30_000).is_none());
        let other = DiskSnapshots::open(folder.path(), key("b2"), 20_000).expect("opened");
        assert_eq!(other.shared(&prompt), 0);
        let smaller = DiskSnapshots::open(folder.path(), key("b1"), 7000).expect("opened");
        assert_eq!(smaller.index.len(), 1);
        assert_eq!(fs::read_dir(folder.path()).expect("read").count(), 1);
    }

    #[test]
    fn halves_of_a_killed_process_go_and_strangers_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("0123-4567.part"), [0; 9000]).expect("written");
        fs::write(folder.path().join("notes.txt"), "mine").expect("written");
        DiskSnapshots::open(folder.path(), key("b1"), 20_000).expect("opened");
        let left: Vec<_> = fs::read_dir(folder.path())
            .expect("read")
            .filter_map(|entry| entry.ok().map(|entry| entry.file_name()))
            .collect();
        assert_eq!(left, ["notes.txt"]);
    }

    #[test]
    fn a_file_that_never_came_is_not_counted_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut disk = DiskSnapshots::open(folder.path(), key("b1"), 20_000).expect("opened");
        let tokens: Vec<Token> = (0..300).collect();
        let (path, _) = disk.place(&tokens, 5000).expect("room");
        assert_eq!(disk.shared(&tokens), 300);
        disk.forget(&path);
        assert_eq!(disk.shared(&tokens), 0, "it would never be written again");
    }

    #[test]
    fn a_damaged_file_is_deleted_and_not_met_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut disk = DiskSnapshots::open(folder.path(), key("b1"), 20_000).expect("opened");
        let tokens: Vec<Token> = (0..300).collect();
        let (path, _) = disk.place(&tokens, 5000).expect("room");
        write(&path, "b1", 0..300, 5000);
        let mut bytes = fs::read(&path).expect("read");
        bytes[2000] ^= 0x40;
        fs::write(&path, bytes).expect("written");
        assert!(disk.find(&tokens, 8192).is_none());
        assert!(!path.exists());
        assert!(disk.best(&tokens, 8192).is_none());
    }
}
