//! Streams of lines: NDJSON, and the `data:` lines of server-sent events.

use std::io::{self, BufRead, Read};

/// Longest line.
pub const MAX_LINE: usize = 1 << 20;
/// Longest stream.
pub const MAX_STREAM: u64 = 256 << 20;

/// Why no further line comes.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// Reading failed.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// A line or the whole is over its limit.
    #[error("over the limit")]
    TooLong,
}

/// Reads a stream line by line, within limits. A line ends with `\n`, `\r\n`, or the stream.
pub struct Lines<R> {
    input: io::BufReader<io::Take<R>>,
    line: Vec<u8>,
    cut: bool,
}

impl<R: Read> Lines<R> {
    /// Over a body.
    pub fn new(input: R) -> Self {
        Self {
            input: io::BufReader::with_capacity(16 << 10, input.take(MAX_STREAM + 1)),
            line: Vec::new(),
            cut: false,
        }
    }

    /// The last line read had no end of its own: the stream ended in it.
    pub fn was_cut(&self) -> bool {
        self.cut
    }

    /// The next line without its end; bytes that are no UTF-8 are replaced. `None` at the end of the stream.
    ///
    /// # Errors
    /// Of the stream, and over the limits.
    pub fn next_line(&mut self) -> Result<Option<String>, LineError> {
        self.line.clear();
        let read = (&mut self.input)
            .take(MAX_LINE as u64 + 1)
            .read_until(b'\n', &mut self.line)?;
        if self.input.get_ref().limit() == 0 || self.line.len() > MAX_LINE {
            return Err(LineError::TooLong);
        }
        if read == 0 {
            return Ok(None);
        }
        self.cut = self.line.last() != Some(&b'\n');
        while self.line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            self.line.pop();
        }
        Ok(Some(String::from_utf8_lossy(&self.line).into_owned()))
    }

    /// The next event's data of a stream of server-sent events; comments and other fields are passed over.
    ///
    /// # Errors
    /// As [`Lines::next_line`].
    pub fn next_event(&mut self) -> Result<Option<String>, LineError> {
        let mut data: Option<String> = None;
        loop {
            let Some(line) = self.next_line()? else { return Ok(data) };
            if line.is_empty() {
                if data.is_some() {
                    return Ok(data);
                }
                continue;
            }
            let Some(value) = line.strip_prefix("data:") else {
                continue;
            };
            let value = value.strip_prefix(' ').unwrap_or(value);
            match &mut data {
                None => data = Some(value.to_owned()),
                Some(so_far) => {
                    if so_far.len() + value.len() >= MAX_LINE {
                        return Err(LineError::TooLong);
                    }
                    so_far.push('\n');
                    so_far.push_str(value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives its bytes in pieces of the given sizes, in turn.
    struct Pieces<'a>(&'a [u8], Vec<usize>, usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let size = self.1[self.2 % self.1.len()].min(into.len());
            self.2 += 1;
            self.0.read(&mut into[..size])
        }
    }

    #[test]
    fn events_are_read_as_the_standard_says() {
        let stream = ": hello\r\n\r\ndata: {\"a\":1}\r\nid: 3\r\n\r\ndata:two\ndata: lines\n\nevent: x\n\ndata: last";
        let mut lines = Lines::new(stream.as_bytes());
        let mut events = Vec::new();
        while let Some(event) = lines.next_event().expect("within limits") {
            events.push(event);
        }
        assert_eq!(events, ["{\"a\":1}", "two\nlines", "last"]);
        assert!(lines.was_cut());
        let mut whole = Lines::new("data: last\n".as_bytes());
        assert_eq!(whole.next_event().expect("within limits").as_deref(), Some("last"));
        assert!(!whole.was_cut());
    }

    #[test]
    fn limits_hold() {
        assert!(matches!(
            Lines::new(io::repeat(b'x')).next_line(),
            Err(LineError::TooLong)
        ));
        let long = "data: ".to_owned() + &"y".repeat(MAX_LINE / 2) + "\n";
        let mut lines = Lines::new(io::Cursor::new(long.repeat(3)));
        assert!(matches!(lines.next_event(), Err(LineError::TooLong)));
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(texts in proptest::collection::vec("[^\r\n]{0,40}", 1..6), sizes in proptest::collection::vec(1_usize..9, 1..5)) {
            let stream: String = texts.iter().map(|text| format!("data: {text}\n\n")).collect();
            let mut lines = Lines::new(Pieces(stream.as_bytes(), sizes, 0));
            for text in &texts {
                prop_assert_eq!(lines.next_event().expect("within limits"), Some(text.clone()));
            }
            prop_assert_eq!(lines.next_event().expect("within limits"), None);
        }
    }
}
