//! Snapshots of a prompt's prefix: the KV cache of instructions and sources, in memory within a budget and on disk.
//!
//! A snapshot is valid for one version of llama.cpp, one model file, one type and shape of cache: all of that is hashed into its
//! key, and a file carries a checksum of everything in it, so that a wrong or damaged one is never restored. Files are 0600: a cache
//! holds what the documents say.

use crate::native::Token;
use docmind_core::profile::KvType;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const MAGIC: &[u8; 8] = b"DMKV0001";
const SUFFIX: &str = "kv";
/// Shorter prefixes are computed faster than they are kept.
pub const SHORTEST: usize = 192;

/// What a snapshot is valid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotKey([u8; 32]);

impl SnapshotKey {
    /// From llama.cpp's version, the model's fingerprint, the cache's type, whether flash attention lays it out, and the device it
    /// was computed on.
    pub fn new(version: &str, model: &ModelFingerprint, kv: KvType, flash: bool, device: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in [version, kv.as_str(), if flash { "flash" } else { "plain" }, device] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.update(&model.0);
        Self(*hasher.finalize().as_bytes())
    }

    fn name(&self) -> String {
        self.0[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Tells model files apart without reading gigabytes at every start: blake3 of the length, all metadata and tensor descriptions,
/// and 256 blocks of 16 KiB spread evenly over the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelFingerprint([u8; 32]);

impl ModelFingerprint {
    /// Of the file at `path`, whose data begins at `data_start`.
    ///
    /// # Errors
    /// What reading says.
    pub fn of(path: &Path, data_start: u64) -> io::Result<Self> {
        const BLOCKS: u64 = 256;
        const BLOCK: u64 = 16 * 1024;
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut hasher = blake3::Hasher::new();
        hasher.update(&length.to_le_bytes());
        let mut header = (&mut file).take(data_start);
        let mut buffer = vec![0_u8; 64 * 1024];
        loop {
            let count = header.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            hasher.update(&buffer[..count]);
        }
        let data = length.saturating_sub(data_start);
        for block in 0..BLOCKS {
            let at = data_start + data.saturating_sub(BLOCK) / BLOCKS * block;
            file.seek(SeekFrom::Start(at))?;
            let count = (&mut file).take(BLOCK).read(&mut buffer)?;
            hasher.update(&buffer[..count]);
        }
        Ok(Self(*hasher.finalize().as_bytes()))
    }
}

/// Length of the common beginning.
pub fn common_prefix(a: &[Token], b: &[Token]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// The content of a cache with the tokens it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// In order from position 0.
    pub tokens: Vec<Token>,
    /// What [`crate::native::Context::save`] gave.
    pub state: Vec<u8>,
}

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

    /// True where a snapshot of so many bytes has a chance.
    pub fn takes(&self, bytes: usize) -> bool {
        bytes <= self.budget
    }

    /// Keeps one; those that are a beginning of it go, then the oldest until the budget holds.
    pub fn keep(&mut self, snapshot: Snapshot) {
        if !self.takes(snapshot.state.len()) {
            return;
        }
        self.kept.retain(|old| !snapshot.tokens.starts_with(&old.tokens));
        self.kept.insert(0, snapshot);
        while self.bytes() > self.budget {
            self.kept.pop();
        }
    }

    /// The one that shares most with `prompt`, with how much.
    pub fn best(&self, prompt: &[Token]) -> Option<(usize, &Snapshot)> {
        self.kept
            .iter()
            .map(|snapshot| (common_prefix(&snapshot.tokens, prompt), snapshot))
            .max_by_key(|(shared, _)| *shared)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.kept.clear();
    }
}

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

impl DiskSnapshots {
    /// Opens the folder (made where it is missing) and reads which prefixes there are. Files of other keys count towards the budget
    /// and are the first to go; files that are none of ours are left alone.
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

    /// How much of `prompt` the best file shares, and its size in bytes.
    pub fn best(&self, prompt: &[Token]) -> Option<(usize, u64)> {
        self.index
            .iter()
            .map(|entry| (common_prefix(&entry.tokens, prompt), entry.bytes))
            .max_by_key(|(shared, _)| *shared)
    }

    /// How much of `prompt` the best file shares.
    pub fn shared(&self, prompt: &[Token]) -> usize {
        self.best(prompt).map_or(0, |(shared, _)| shared)
    }

    /// Reads the file that shares most with `prompt`. A damaged one is deleted and `None` given.
    pub fn load(&mut self, prompt: &[Token]) -> Option<Snapshot> {
        let at = (0..self.index.len()).max_by_key(|&at| common_prefix(&self.index[at].tokens, prompt))?;
        match read_snapshot(&self.index[at].path, &self.key) {
            Ok(snapshot) => {
                self.index[at].used = SystemTime::now();
                if let Ok(file) = File::options().append(true).open(&self.index[at].path) {
                    let _ = file.set_modified(self.index[at].used);
                }
                Some(snapshot)
            }
            Err(error) => {
                let entry = self.index.swap_remove(at);
                tracing::warn!(path = %entry.path.display(), %error, "a snapshot was damaged and is deleted");
                let _ = fs::remove_file(&entry.path);
                None
            }
        }
    }

    /// Makes room for a snapshot and says where it goes; `None` where it is larger than the budget. The caller writes it with
    /// [`write_snapshot`], on a thread of its own if it likes.
    pub fn place(&mut self, tokens: &[Token], state_bytes: usize) -> Option<(PathBuf, SnapshotKey)> {
        let bytes = (state_bytes + tokens.len() * 4 + 128) as u64;
        if bytes > self.budget {
            return None;
        }
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

    fn make_room(&mut self, wanted: u64) {
        self.index.sort_by_key(|entry| std::cmp::Reverse(entry.used));
        let mut total: u64 = self.index.iter().map(|entry| entry.bytes).sum::<u64>() + wanted;
        while total > self.budget
            && let Some(oldest) = self.index.pop()
        {
            total -= oldest.bytes;
            if let Err(error) = fs::remove_file(&oldest.path) {
                tracing::warn!(path = %oldest.path.display(), %error, "an old snapshot could not be deleted");
            }
        }
    }
}

/// Writes beside and renames, so that a half-written file is never found.
///
/// # Errors
/// What writing says.
pub fn write_snapshot(path: &Path, key: &SnapshotKey, snapshot: &Snapshot) -> io::Result<()> {
    let beside = path.with_extension("part");
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    let mut hasher = blake3::Hasher::new();
    let mut head = Vec::with_capacity(snapshot.tokens.len() * 4 + 64);
    head.extend_from_slice(MAGIC);
    head.extend_from_slice(&key.0);
    head.extend_from_slice(&(snapshot.tokens.len() as u64).to_le_bytes());
    snapshot
        .tokens
        .iter()
        .for_each(|token| head.extend_from_slice(&token.to_le_bytes()));
    head.extend_from_slice(&(snapshot.state.len() as u64).to_le_bytes());
    hasher.update(&head);
    hasher.update(&snapshot.state);
    file.write_all(&head)?;
    file.write_all(&snapshot.state)?;
    file.write_all(hasher.finalize().as_bytes())?;
    drop(file);
    fs::rename(&beside, path)
}

fn read_head(input: &mut impl Read, key: &SnapshotKey, file_bytes: u64) -> io::Result<(Vec<u8>, Vec<Token>)> {
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "not a snapshot of this model and version");
    let mut head = vec![0_u8; 48];
    input.read_exact(&mut head)?;
    if &head[..8] != MAGIC || head[8..40] != key.0 {
        return Err(damaged());
    }
    let count = u64::from_le_bytes(head[40..48].try_into().expect("BUG: eight bytes"));
    if count.saturating_mul(4) > file_bytes {
        return Err(damaged());
    }
    let mut bytes = vec![0_u8; count as usize * 4];
    input.read_exact(&mut bytes)?;
    let tokens = bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|four| Token::from_le_bytes(*four))
        .collect();
    head.extend_from_slice(&bytes);
    Ok((head, tokens))
}

fn read_tokens(path: &Path, key: &SnapshotKey) -> io::Result<Vec<Token>> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    Ok(read_head(&mut BufReader::new(file), key, bytes)?.1)
}

/// Reads and checks a whole file.
///
/// # Errors
/// It is cut, changed, or of another key.
pub fn read_snapshot(path: &Path, key: &SnapshotKey) -> io::Result<Snapshot> {
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the checksum is wrong");
    let mut file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let (mut head, tokens) = read_head(&mut file, key, bytes)?;
    let mut length = [0_u8; 8];
    file.read_exact(&mut length)?;
    head.extend_from_slice(&length);
    let length = u64::from_le_bytes(length);
    if head.len() as u64 + length + 32 != bytes {
        return Err(damaged());
    }
    let mut state = vec![0_u8; length as usize];
    file.read_exact(&mut state)?;
    let mut checksum = [0_u8; 32];
    file.read_exact(&mut checksum)?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&head);
    hasher.update(&state);
    if hasher.finalize().as_bytes() != &checksum {
        return Err(damaged());
    }
    Ok(Snapshot { tokens, state })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(tokens: std::ops::Range<i32>, bytes: usize) -> Snapshot {
        Snapshot {
            tokens: tokens.collect(),
            state: (0..bytes).map(|at| (at * 31) as u8).collect(),
        }
    }

    fn key(text: &str) -> SnapshotKey {
        SnapshotKey::new(text, &ModelFingerprint([7; 32]), KvType::F16, true, "CPU")
    }

    #[test]
    fn what_was_written_is_read_bit_for_bit_and_only_with_its_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.kv");
        let kept = snapshot(0..300, 5000);
        write_snapshot(&path, &key("b1"), &kept).expect("written");
        assert_eq!(read_snapshot(&path, &key("b1")).expect("read"), kept);
        assert!(read_snapshot(&path, &key("b2")).is_err());
        let whole = fs::read(&path).expect("read");
        for at in [0, 20, 45, 60, 1500, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(&path, &changed).expect("written");
            assert!(
                read_snapshot(&path, &key("b1")).is_err(),
                "a changed byte at {at} is found"
            );
        }
        for length in [0, 10, 47, 1000, whole.len() - 1] {
            fs::write(&path, &whole[..length]).expect("written");
            assert!(read_snapshot(&path, &key("b1")).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn the_disk_keeps_within_its_budget_and_finds_the_longest() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut disk = DiskSnapshots::open(folder.path(), key("b1"), 20_000).expect("opened");
        for start in [0, 1000, 2000] {
            let kept = snapshot(start..start + 300, 5000);
            let (path, key) = disk.place(&kept.tokens, kept.state.len()).expect("room");
            write_snapshot(&path, &key, &kept).expect("written");
        }
        let mut again = DiskSnapshots::open(folder.path(), key("b1"), 20_000).expect("opened");
        let prompt: Vec<Token> = (1000..1200).chain(5..9).collect();
        assert_eq!(again.shared(&prompt), 200);
        assert_eq!(
            again.load(&prompt).expect("there").tokens,
            (1000..1300).collect::<Vec<_>>()
        );
        assert!(again.place(&prompt, 30_000).is_none());
        let other = DiskSnapshots::open(folder.path(), key("b2"), 20_000).expect("opened");
        assert_eq!(other.shared(&prompt), 0);
        let smaller = DiskSnapshots::open(folder.path(), key("b1"), 7000).expect("opened");
        assert_eq!(smaller.index.len(), 1);
        assert_eq!(fs::read_dir(folder.path()).expect("read").count(), 1);
    }

    #[test]
    fn memory_drops_beginnings_and_the_oldest() {
        let mut memory = MemorySnapshots::new(10_000);
        memory.keep(snapshot(0..100, 4000));
        memory.keep(snapshot(0..200, 5000));
        assert_eq!(memory.bytes(), 5000, "the first is a beginning of the second");
        memory.keep(snapshot(500..600, 4000));
        memory.keep(snapshot(900..1000, 3000));
        assert_eq!(memory.bytes(), 7000);
        assert_eq!(memory.best(&(500..520).collect::<Vec<_>>()).expect("there").0, 20);
    }
}
