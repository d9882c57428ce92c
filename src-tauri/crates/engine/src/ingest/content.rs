//! One file, opened once: its size and hash, then the same bytes for the parser.

use crate::scan::{describe, modified_ns, not_a_regular_file};
use docmind_core::cancel::CancelToken;
use docmind_core::document::{ContentHash, DocumentState, ParseFailure};
use std::fs::{File, OpenOptions};
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

/// Files up to this size are read once into memory; larger ones are read twice, from the same descriptor.
const IN_MEMORY: u64 = 8 * 1024 * 1024;

/// Over this size a file is `too_large`; nothing of it is read.
pub const MAX_FILE_BYTES: u64 = 512 * 1024 * 1024;

const SLICE: usize = 256 * 1024;

/// A file that was opened and hashed.
#[derive(Debug)]
pub struct Content {
    source: Source,
    /// Bytes, as counted while hashing.
    pub size: u64,
    /// Nanoseconds since the Unix epoch, as the descriptor says.
    pub modified_ns: i64,
    /// blake3 of all bytes.
    pub hash: ContentHash,
}

#[derive(Debug)]
enum Source {
    Memory(Vec<u8>),
    File(File),
}

/// Why there is no content.
#[derive(Debug)]
pub enum OpenFailure {
    /// The file is settled by this.
    Settled(ParseFailure),
    /// Cancelled: nothing was decided.
    Cancelled,
}

impl Content {
    /// Opens, checks and hashes.
    ///
    /// # Errors
    /// The state that settles the file (`unreadable`, `too_large`, `empty`), or that it was cancelled.
    pub fn open(path: &Path, cancel: &CancelToken) -> Result<Self, OpenFailure> {
        let unreadable = |error: io::Error| OpenFailure::Settled(unreadable(path, &error));
        let mut file = open_regular(path)?;
        let meta = file.metadata().map_err(unreadable)?;
        let modified_ns = modified_ns(&meta);
        if meta.len() > MAX_FILE_BYTES {
            return Err(OpenFailure::Settled(too_large(path, meta.len())));
        }
        let mut hasher = blake3::Hasher::new();
        let mut slice = vec![0; SLICE];
        let mut memory = Vec::new();
        let mut size = 0_u64;
        loop {
            if cancel.is_cancelled() {
                return Err(OpenFailure::Cancelled);
            }
            let read = match file.read(&mut slice) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(unreadable(error)),
            };
            hasher.update(&slice[..read]);
            size += read as u64;
            if size > MAX_FILE_BYTES {
                return Err(OpenFailure::Settled(too_large(path, size)));
            }
            if size <= IN_MEMORY {
                memory.extend_from_slice(&slice[..read]);
            } else if !memory.is_empty() {
                memory = Vec::new();
            }
        }
        if size == 0 {
            return Err(OpenFailure::Settled(ParseFailure {
                state: DocumentState::Empty,
                message: format!(
                    "`{}` has no bytes.\nNothing to do; it is read when something is written to it.",
                    path.display()
                ),
                detail: None,
            }));
        }
        let source = if size <= IN_MEMORY {
            Source::Memory(memory)
        } else {
            Source::File(file)
        };
        Ok(Self {
            source,
            size,
            modified_ns,
            hash: ContentHash(hasher.finalize().to_hex().to_string()),
        })
    }

    /// The bytes from the start, and afterwards whether they were the hashed ones.
    ///
    /// # Errors
    /// The system's, when the file cannot be rewound.
    pub fn reader(&mut self) -> io::Result<ContentReader<'_>> {
        Ok(match &mut self.source {
            Source::Memory(bytes) => ContentReader::Memory(Cursor::new(bytes)),
            Source::File(file) => {
                file.seek(SeekFrom::Start(0))?;
                ContentReader::File {
                    file,
                    hasher: Box::default(),
                    left: self.size,
                    shorter: false,
                }
            }
        })
    }
}

/// Reads a [`Content`]; a large file that grows meanwhile is cut at its hashed size.
#[derive(Debug)]
pub enum ContentReader<'a> {
    /// The one reading.
    Memory(Cursor<&'a mut Vec<u8>>),
    /// The second reading, hashed again.
    File {
        /// The same descriptor.
        file: &'a mut File,
        /// Of what was read so far.
        hasher: Box<blake3::Hasher>,
        /// Bytes still to come.
        left: u64,
        /// It ended before its hashed size.
        shorter: bool,
    },
}

impl Read for ContentReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Memory(cursor) => cursor.read(buffer),
            Self::File {
                file,
                hasher,
                left,
                shorter,
            } => {
                let most = buffer.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                let read = file.read(&mut buffer[..most])?;
                hasher.update(&buffer[..read]);
                *left -= read as u64;
                *shorter |= read == 0 && most > 0;
                Ok(read)
            }
        }
    }
}

impl ContentReader<'_> {
    /// True when everything read was what had been hashed. A parser that stopped early saw a prefix only: that counts. A file that
    /// ended early is another one.
    pub fn was(&self, hash: &ContentHash) -> bool {
        match self {
            Self::Memory(_) => true,
            Self::File {
                hasher, left, shorter, ..
            } => !shorter && (*left > 0 || hasher.finalize().to_hex().as_str() == hash.0),
        }
    }
}

/// Opens without ever waiting: a pipe that took a file's place gives an error, not a stop.
fn open_regular(path: &Path) -> Result<File, OpenFailure> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    }
    let unreadable = |error: io::Error| OpenFailure::Settled(unreadable(path, &error));
    let file = options.open(path).map_err(unreadable)?;
    let meta = file.metadata().map_err(unreadable)?;
    if meta.is_file() {
        return Ok(file);
    }
    let report = not_a_regular_file(path, &meta);
    Err(OpenFailure::Settled(ParseFailure {
        state: DocumentState::Unreadable,
        message: report.message,
        detail: None,
    }))
}

/// The file could not be opened.
pub fn unreadable(path: &Path, error: &io::Error) -> ParseFailure {
    let report = describe(path, error);
    ParseFailure {
        state: DocumentState::Unreadable,
        message: report.message,
        detail: report.detail,
    }
}

/// The file is over the limit.
pub fn too_large(path: &Path, size: u64) -> ParseFailure {
    ParseFailure {
        state: DocumentState::TooLarge,
        message: format!(
            "`{}` has {} MiB, more than the {} MiB that are read.\nSplit it into smaller files.",
            path.display(),
            size / (1024 * 1024),
            MAX_FILE_BYTES / (1024 * 1024)
        ),
        detail: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_parser_gets_the_hashed_bytes_small_or_large() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("file");
        for size in [1, SLICE + 1, usize::try_from(IN_MEMORY).unwrap() + 5] {
            let bytes: Vec<u8> = (0..size).map(|at| (at * 31 % 251) as u8).collect();
            fs::write(&path, &bytes).unwrap();
            let mut content = Content::open(&path, &CancelToken::new()).unwrap();
            assert_eq!(content.hash.0, blake3::hash(&bytes).to_hex().as_str());
            let hash = content.hash.clone();
            let mut reader = content.reader().unwrap();
            let mut read = Vec::new();
            reader.read_to_end(&mut read).unwrap();
            assert!(read == bytes && reader.was(&hash));
        }
    }

    #[test]
    fn a_large_file_rewritten_meanwhile_is_noticed() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("file");
        let large = usize::try_from(IN_MEMORY).unwrap() + 1;
        for size in [large, large / 2, 0] {
            fs::write(&path, vec![1; large]).unwrap();
            let mut content = Content::open(&path, &CancelToken::new()).unwrap();
            fs::write(&path, vec![2; size]).unwrap();
            let hash = content.hash.clone();
            let mut reader = content.reader().unwrap();
            io::copy(&mut reader, &mut io::sink()).unwrap();
            assert!(!reader.was(&hash), "{size} bytes now");
        }
    }

    #[test]
    fn a_parser_that_stops_early_has_read_the_same_file() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("file");
        fs::write(&path, vec![1; usize::try_from(IN_MEMORY).unwrap() + 1]).unwrap();
        let mut content = Content::open(&path, &CancelToken::new()).unwrap();
        let hash = content.hash.clone();
        let mut reader = content.reader().unwrap();
        reader.read_exact(&mut [0; 16]).unwrap();
        assert!(reader.was(&hash));
    }

    #[test]
    fn nothing_missing_and_pipes_are_settled_at_once() {
        let temp = tempfile::tempdir().unwrap();
        let state = |path: &Path| match Content::open(path, &CancelToken::new()) {
            Err(OpenFailure::Settled(failure)) => failure.state,
            other => panic!("{other:?}"),
        };
        let empty = temp.path().join("empty");
        fs::write(&empty, "").unwrap();
        assert_eq!(state(&empty), DocumentState::Empty);
        assert_eq!(state(&temp.path().join("gone")), DocumentState::Unreadable);
        let Err(OpenFailure::Settled(folder)) = Content::open(temp.path(), &CancelToken::new()) else {
            panic!("a folder was opened");
        };
        assert!(folder.message.contains("is a folder"), "{}", folder.message);
        let huge = temp.path().join("huge");
        File::create(&huge).unwrap().set_len(MAX_FILE_BYTES + 1).unwrap();
        assert_eq!(state(&huge), DocumentState::TooLarge);
        #[cfg(unix)]
        {
            let pipe = temp.path().join("pipe");
            assert!(
                std::process::Command::new("mkfifo")
                    .arg(&pipe)
                    .status()
                    .unwrap()
                    .success()
            );
            assert_eq!(state(&pipe), DocumentState::Unreadable);
        }
    }
}
