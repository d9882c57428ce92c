//! A snapshot's file: magic, key, tokens, state, and a checksum of all of it.

use super::{Snapshot, SnapshotKey};
use crate::native::Token;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

const MAGIC: &[u8; 8] = b"DMKV0001";
const PART: &str = "part";
/// Magic, key and the number of tokens.
const FIXED: usize = 48;

/// Writes beside and renames, so that a half-written file is never found.
///
/// # Errors
/// What writing says; nothing is left then.
pub fn write_snapshot(path: &Path, key: &SnapshotKey, snapshot: &Snapshot) -> io::Result<()> {
    let beside = path.with_extension(PART);
    let written = write_to(&beside, key, snapshot).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // Most likely the disk is full: the error says so, and the half is not left to fill it.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Left by a process that ended while it wrote.
pub(super) fn is_part(path: &Path) -> bool {
    path.extension().is_some_and(|suffix| suffix == PART)
}

fn write_to(path: &Path, key: &SnapshotKey, snapshot: &Snapshot) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let mut head = Vec::with_capacity(FIXED + snapshot.tokens.len() * 4 + 8);
    head.extend_from_slice(MAGIC);
    head.extend_from_slice(&key.0);
    head.extend_from_slice(&(snapshot.tokens.len() as u64).to_le_bytes());
    for token in &snapshot.tokens {
        head.extend_from_slice(&token.to_le_bytes());
    }
    head.extend_from_slice(&(snapshot.state.len() as u64).to_le_bytes());
    file.write_all(&head)?;
    file.write_all(&snapshot.state)?;
    file.write_all(checksum(&head, &snapshot.state).as_bytes())
}

fn checksum(head: &[u8], state: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(head);
    hasher.update(state);
    hasher.finalize()
}

fn read_head(input: &mut impl Read, key: &SnapshotKey, file_bytes: u64) -> io::Result<(Vec<u8>, Vec<Token>)> {
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "not a snapshot of this model and version");
    let mut head = vec![0_u8; FIXED];
    input.read_exact(&mut head)?;
    if &head[..8] != MAGIC || head[8..40] != key.0 {
        return Err(damaged());
    }
    let count = u64::from_le_bytes(head[40..FIXED].try_into().expect("BUG: eight bytes"));
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

/// The tokens alone, of a file of this key.
pub(super) fn read_tokens(path: &Path, key: &SnapshotKey) -> io::Result<Vec<Token>> {
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
    // Whatever a damaged file announces: it is compared with the file's size before memory is asked for.
    let whole = length.checked_add(head.len() as u64 + 32);
    if whole != Some(bytes) {
        return Err(damaged());
    }
    let mut state = vec![0_u8; length as usize];
    file.read_exact(&mut state)?;
    let mut kept = [0_u8; 32];
    file.read_exact(&mut kept)?;
    if checksum(&head, &state).as_bytes() != &kept {
        return Err(damaged());
    }
    Ok(Snapshot { tokens, state })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{key, snapshot};
    use super::*;

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
    fn no_announced_length_is_believed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.kv");
        let kept = snapshot(0..300, 5000);
        write_snapshot(&path, &key("b1"), &kept).expect("written");
        let whole = fs::read(&path).expect("read");
        let lengths = [FIXED - 8, FIXED + 300 * 4];
        for at in lengths {
            for length in [u64::MAX, u64::MAX - 40, 1 << 62, whole.len() as u64, 0] {
                let mut changed = whole.clone();
                changed[at..at + 8].copy_from_slice(&length.to_le_bytes());
                fs::write(&path, &changed).expect("written");
                assert!(read_snapshot(&path, &key("b1")).is_err(), "{length} at {at}");
            }
        }
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        // A folder stands where the file would go: the rename fails.
        let path = folder.path().join("a.kv");
        fs::create_dir(&path).expect("made");
        assert!(write_snapshot(&path, &key("b1"), &snapshot(0..300, 5000)).is_err());
        assert_eq!(fs::read_dir(folder.path()).expect("read").count(), 1);
    }
}
