//! Snapshots of a prompt's prefix: the KV cache of instructions and sources, in memory within a budget and on disk.
//!
//! A snapshot is valid for one version of llama.cpp, one model file, one type and shape of cache: all of that is hashed into its
//! key, and a file carries a checksum of everything in it, so that a wrong or damaged one is never restored. Files are 0600: a cache
//! holds what the documents say.

mod disk;
mod file;
mod memory;

pub use disk::{DiskSnapshots, Found};
pub use file::SnapshotFile;
pub use memory::MemorySnapshots;

use crate::native::Token;
use docmind_core::profile::KvType;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

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

/// The content of a cache with the tokens it holds, in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// In order from position 0.
    pub tokens: Vec<Token>,
    /// What [`crate::native::Context::save`] gave.
    pub state: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn snapshot(tokens: std::ops::Range<i32>, bytes: usize) -> Snapshot {
        Snapshot {
            tokens: tokens.collect(),
            state: (0..bytes).map(|at| (at * 31) as u8).collect(),
        }
    }

    /// A whole file that stands for a snapshot's.
    pub(super) fn write(path: &Path, version: &str, tokens: std::ops::Range<i32>, bytes: usize) {
        let snapshot = snapshot(tokens, bytes);
        let file = SnapshotFile::create(path.to_owned(), key(version)).expect("made");
        std::fs::write(file.state_path(), &snapshot.state).expect("written");
        file.finish(&snapshot.tokens).expect("finished");
    }

    pub(super) fn key(text: &str) -> SnapshotKey {
        SnapshotKey::new(text, &ModelFingerprint([7; 32]), KvType::F16, true, "CPU")
    }
}
