//! A snapshot's file: llama.cpp's own, which it writes and reads a tensor at a time, then the tokens, the key, and a checksum of all of it.

use super::SnapshotKey;
use crate::native::Token;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"DMKV0002";
const PART: &str = "part";
/// Number of tokens, key and magic.
const FOOT: usize = 48;
const CHECKSUM: u64 = 32;

/// A file that is being written: beside its place until it is whole, so that a half is never found. Dropped before, it leaves nothing.
#[derive(Debug)]
pub struct SnapshotFile {
    part: PathBuf,
    path: PathBuf,
    key: SnapshotKey,
}

impl SnapshotFile {
    /// Makes the file, for its owner alone.
    ///
    /// # Errors
    /// What the system says.
    pub fn create(path: PathBuf, key: SnapshotKey) -> io::Result<Self> {
        let file = Self {
            part: path.with_extension(PART),
            path,
            key,
        };
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&file.part)?;
        Ok(file)
    }

    /// Where [`crate::native::Context::save_to`] writes.
    pub fn state_path(&self) -> &Path {
        &self.part
    }

    /// Adds what tells a whole file from a damaged one and another model's, and puts it in its place.
    ///
    /// # Errors
    /// What reading and writing say; most likely the disk is full.
    pub fn finish(self, tokens: &[Token]) -> io::Result<()> {
        let mut file = File::options().read(true).append(true).open(&self.part)?;
        let mut foot = Vec::with_capacity(tokens.len() * 4 + FOOT + CHECKSUM as usize);
        for token in tokens {
            foot.extend_from_slice(&token.to_le_bytes());
        }
        foot.extend_from_slice(&(tokens.len() as u64).to_le_bytes());
        foot.extend_from_slice(&self.key.0);
        foot.extend_from_slice(MAGIC);
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(&mut file)?.update(&foot);
        foot.extend_from_slice(hasher.finalize().as_bytes());
        file.write_all(&foot)?;
        drop(file);
        fs::rename(&self.part, &self.path)
    }
}

impl Drop for SnapshotFile {
    fn drop(&mut self) {
        // Not there any more once it is whole; a half is not left to fill the disk.
        let _ = fs::remove_file(&self.part);
    }
}

/// Left by a process that ended while it wrote.
pub(super) fn is_part(path: &Path) -> bool {
    path.extension().is_some_and(|suffix| suffix == PART)
}

/// The tokens alone, of a file of this key.
pub(super) fn read_tokens(path: &Path, key: &SnapshotKey) -> io::Result<Vec<Token>> {
    let mut file = File::open(path)?;
    let bytes = file.metadata()?.len();
    tokens_of(&mut file, bytes, key)
}

/// The tokens of a file of which every byte is as it was written.
///
/// # Errors
/// It is cut, changed, or of another key.
pub(super) fn check_snapshot(path: &Path, key: &SnapshotKey) -> io::Result<Vec<Token>> {
    let mut file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let tokens = tokens_of(&mut file, bytes, key)?;
    file.rewind()?;
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader((&mut file).take(bytes - CHECKSUM))?;
    let mut kept = [0_u8; CHECKSUM as usize];
    file.read_exact(&mut kept)?;
    if hasher.finalize().as_bytes() != &kept {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum is wrong"));
    }
    Ok(tokens)
}

/// Whatever a damaged file announces: no more than its `bytes` is read.
fn tokens_of(file: &mut File, bytes: u64, key: &SnapshotKey) -> io::Result<Vec<Token>> {
    let foreign = || io::Error::new(io::ErrorKind::InvalidData, "not a snapshot of this model and version");
    let foot_at = bytes.checked_sub(FOOT as u64 + CHECKSUM).ok_or_else(foreign)?;
    file.seek(SeekFrom::Start(foot_at))?;
    let mut foot = [0_u8; FOOT];
    file.read_exact(&mut foot)?;
    if foot[8..40] != key.0 || &foot[40..] != MAGIC {
        return Err(foreign());
    }
    let count = u64::from_le_bytes(foot[..8].try_into().expect("BUG: eight bytes"));
    let length = count
        .checked_mul(4)
        .filter(|length| *length <= foot_at)
        .ok_or_else(foreign)?;
    file.seek(SeekFrom::Start(foot_at - length))?;
    let mut tokens = vec![0_u8; length as usize];
    file.read_exact(&mut tokens)?;
    let (fours, _) = tokens.as_chunks::<4>();
    Ok(fours.iter().map(|four| Token::from_le_bytes(*four)).collect())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{key, write};
    use super::*;

    #[test]
    fn what_was_written_is_found_whole_and_only_with_its_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.kv");
        write(&path, "b1", 0..300, 5000);
        let tokens: Vec<Token> = (0..300).collect();
        assert_eq!(check_snapshot(&path, &key("b1")).expect("whole"), tokens);
        assert_eq!(read_tokens(&path, &key("b1")).expect("read"), tokens);
        assert!(read_tokens(&path, &key("b2")).is_err());
        let whole = fs::read(&path).expect("read");
        for at in [0, 20, 4999, 5000, 6200, 6220, whole.len() - 40, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(&path, &changed).expect("written");
            assert!(
                check_snapshot(&path, &key("b1")).is_err(),
                "a changed byte at {at} is found"
            );
        }
        for length in [0, 10, 79, 80, 1000, whole.len() - 1] {
            fs::write(&path, &whole[..length]).expect("written");
            assert!(check_snapshot(&path, &key("b1")).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn no_announced_length_is_believed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.kv");
        write(&path, "b1", 0..300, 5000);
        let whole = fs::read(&path).expect("read");
        let at = whole.len() - FOOT - CHECKSUM as usize;
        for count in [u64::MAX, u64::MAX / 4, 1 << 62, whole.len() as u64, 1551, 0] {
            let mut changed = whole.clone();
            changed[at..at + 8].copy_from_slice(&count.to_le_bytes());
            fs::write(&path, &changed).expect("written");
            assert!(check_snapshot(&path, &key("b1")).is_err(), "{count} tokens");
        }
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        // A folder stands where the file would go: the rename fails.
        let path = folder.path().join("a.kv");
        fs::create_dir(&path).expect("made");
        let file = SnapshotFile::create(path, key("b1")).expect("made");
        assert!(file.finish(&[1, 2, 3]).is_err());
        assert_eq!(fs::read_dir(folder.path()).expect("read").count(), 1);
        drop(SnapshotFile::create(folder.path().join("b.kv"), key("b1")).expect("made"));
        assert_eq!(fs::read_dir(folder.path()).expect("read").count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.kv");
        write(&path, "b1", 0..300, 5000);
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
