//! A file's bytes, read again for the second attempt.

use std::io::{self, Read, Seek, SeekFrom};

/// A stream kept for the retry up to so many bytes; [`super::ParseWorker::parse_file`] has no such limit.
const KEPT_BYTES: usize = 64 << 20;

/// Bytes that can be sent again.
pub(super) trait Replay {
    fn reader(&mut self) -> &mut dyn Read;
    /// Back to the start; false where it is not possible.
    fn rewind(&mut self) -> io::Result<bool>;
}

pub(super) struct Rewound<'a, F>(pub(super) &'a mut F);

impl<F: Read + Seek> Replay for Rewound<'_, F> {
    fn reader(&mut self) -> &mut dyn Read {
        self.0
    }

    fn rewind(&mut self) -> io::Result<bool> {
        self.0.seek(SeekFrom::Start(0)).map(|_| true)
    }
}

/// A stream with what was read of it.
pub(super) struct Kept<'a> {
    inner: &'a mut dyn Read,
    /// `None` once it grew past [`KEPT_BYTES`].
    kept: Option<Vec<u8>>,
    /// Place of the replay; at the end of `kept` the stream goes on.
    at: usize,
}

impl<'a> Kept<'a> {
    pub(super) fn new(inner: &'a mut dyn Read) -> Self {
        Self {
            inner,
            kept: Some(Vec::new()),
            at: 0,
        }
    }
}

impl Read for Kept<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let Some(kept) = &self.kept
            && self.at < kept.len()
        {
            let count = into.len().min(kept.len() - self.at);
            into[..count].copy_from_slice(&kept[self.at..self.at + count]);
            self.at += count;
            return Ok(count);
        }
        let count = self.inner.read(into)?;
        if let Some(kept) = &mut self.kept {
            if kept.len() + count > KEPT_BYTES {
                self.kept = None;
            } else {
                kept.extend_from_slice(&into[..count]);
                self.at = kept.len();
            }
        }
        Ok(count)
    }
}

impl Replay for Kept<'_> {
    fn reader(&mut self) -> &mut dyn Read {
        self
    }

    fn rewind(&mut self) -> io::Result<bool> {
        self.at = 0;
        Ok(self.kept.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_kept_for_the_second_attempt_up_to_a_limit() {
        let bytes: Vec<u8> = (0..200_u8).collect();
        let mut inner = bytes.as_slice();
        let mut kept = Kept::new(&mut inner);
        let mut first = [0; 70];
        kept.read_exact(&mut first).expect("seventy bytes");
        assert!(kept.rewind().expect("kept"));
        let mut again = Vec::new();
        kept.reader().read_to_end(&mut again).expect("all");
        assert_eq!(again, bytes);

        let mut endless = io::repeat(1).take(KEPT_BYTES as u64 + 10);
        let mut kept = Kept::new(&mut endless);
        io::copy(kept.reader(), &mut io::sink()).expect("all");
        assert!(!kept.rewind().expect("no seek"));
    }
}
