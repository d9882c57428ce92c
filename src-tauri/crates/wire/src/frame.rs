//! Frames: the only thing that travels through a pipe between the application and a worker.
//!
//! A frame is a header of 12 bytes and a payload: length of the payload (`u32`, little-endian), one byte of [`FrameKind`], the
//! three bytes `dmf` (a stray `printf` of a native library is told from a frame at once), the request's id (`u32`,
//! little-endian). Nothing is allocated for a payload before its length was checked, and then only as fast as bytes arrive.

use std::io::{self, Read, Write};

/// Longest payload. A page of 50 MB of text, the most a file may give, fits.
pub const MAX_PAYLOAD: usize = 64 << 20;

/// Longest piece of a body (a document, a bitmap) in one frame.
pub const BODY_PIECE: usize = 256 << 10;

const MARK: [u8; 3] = *b"dmf";
const HEADER: usize = 12;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FrameKind {
    /// Worker to application, first of all: who it is.
    Hello = 1,
    /// Worker to application, twice a second from a thread of its own: alive, and how far.
    Heartbeat = 2,
    /// Application to worker: alive; the worker's next heartbeat repeats its number.
    Ping = 3,
    /// A request without a body.
    Request = 4,
    /// A request whose body follows in [`FrameKind::Body`] frames.
    RequestWithBody = 5,
    /// A piece of a request's body, raw.
    Body = 6,
    /// The body is complete.
    BodyEnd = 7,
    /// The request is no longer wanted.
    Cancel = 8,
    /// Something on the way to the reply.
    Event = 9,
    /// A piece of raw output on the way to the reply.
    Output = 10,
    /// The request is done.
    Reply = 11,
    /// The request failed; the payload is an error report.
    Failure = 12,
}

impl FrameKind {
    const ALL: [Self; 12] = [
        Self::Hello,
        Self::Heartbeat,
        Self::Ping,
        Self::Request,
        Self::RequestWithBody,
        Self::Body,
        Self::BodyEnd,
        Self::Cancel,
        Self::Event,
        Self::Output,
        Self::Reply,
        Self::Failure,
    ];

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it carries.
    pub kind: FrameKind,
    /// Whose it is; 0 where it belongs to no request.
    pub request: u32,
    /// At most [`MAX_PAYLOAD`] bytes.
    pub payload: Vec<u8>,
}

/// Why a frame could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The pipe failed, or ended in the middle of a frame.
    #[error("the pipe broke: {0}")]
    Pipe(#[from] io::Error),
    /// These bytes are no frame.
    #[error("not a frame: {0}")]
    Garbage(&'static str),
    /// The payload is longer than allowed.
    #[error("a frame of {0} bytes is over the limit of {MAX_PAYLOAD}")]
    TooLong(usize),
}

impl Frame {
    /// A frame.
    pub fn new(kind: FrameKind, request: u32, payload: Vec<u8>) -> Self {
        Self { kind, request, payload }
    }

    /// Writes header and payload. The caller flushes.
    ///
    /// # Errors
    /// `TooLong`, or the pipe's error.
    pub fn write_to(&self, out: &mut dyn Write) -> Result<(), FrameError> {
        write_parts(out, self.kind, self.request, &self.payload)
    }

    /// Reads the next frame; `None` where the pipe ended between two frames.
    ///
    /// # Errors
    /// `Garbage` and `TooLong` before anything was allocated; `Pipe` where it ended inside a frame.
    pub fn read_from(input: &mut dyn Read) -> Result<Option<Self>, FrameError> {
        let mut header = [0_u8; HEADER];
        let mut filled = 0;
        while filled < HEADER {
            match input.read(&mut header[filled..]) {
                Ok(0) if filled == 0 => return Ok(None),
                Ok(0) => return Err(FrameError::Pipe(io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        let [l0, l1, l2, l3, kind, m0, m1, m2, r0, r1, r2, r3] = header;
        if [m0, m1, m2] != MARK {
            return Err(FrameError::Garbage("the mark is missing"));
        }
        let Some(kind) = FrameKind::from_byte(kind) else {
            return Err(FrameError::Garbage("unknown kind"));
        };
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        if length > MAX_PAYLOAD {
            return Err(FrameError::TooLong(length));
        }
        let mut payload = Vec::with_capacity(length.min(BODY_PIECE));
        let read = input.take(length as u64).read_to_end(&mut payload)?;
        if read < length {
            return Err(FrameError::Pipe(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(Some(Self {
            kind,
            request: u32::from_le_bytes([r0, r1, r2, r3]),
            payload,
        }))
    }
}

/// Writes a frame without owning its payload, in one `write` where it is short.
pub(crate) fn write_parts(
    out: &mut dyn Write,
    kind: FrameKind,
    request: u32,
    payload: &[u8],
) -> Result<(), FrameError> {
    if payload.len() > MAX_PAYLOAD {
        return Err(FrameError::TooLong(payload.len()));
    }
    let mut header = [0_u8; HEADER];
    header[..4].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    header[4] = kind as u8;
    header[5..8].copy_from_slice(&MARK);
    header[8..].copy_from_slice(&request.to_le_bytes());
    if payload.len() <= 4096 {
        let mut whole = Vec::with_capacity(HEADER + payload.len());
        whole.extend_from_slice(&header);
        whole.extend_from_slice(payload);
        out.write_all(&whole)?;
    } else {
        out.write_all(&header)?;
        out.write_all(payload)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_frame() -> impl Strategy<Value = Frame> {
        (
            0..FrameKind::ALL.len(),
            any::<u32>(),
            proptest::collection::vec(any::<u8>(), 0..5000),
        )
            .prop_map(|(kind, request, payload)| Frame::new(FrameKind::ALL[kind], request, payload))
    }

    fn written(frames: &[Frame]) -> Vec<u8> {
        let mut out = Vec::new();
        for frame in frames {
            frame.write_to(&mut out).expect("a short frame");
        }
        out
    }

    /// Gives at most `step` bytes a read, as a pipe does.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(into.len());
            self.0.read(&mut into[..count])
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(frames in proptest::collection::vec(any_frame(), 0..5), step in 1_usize..700) {
            let bytes = written(&frames);
            let mut pipe = Trickle(&bytes, step);
            for frame in &frames {
                let read = Frame::read_from(&mut pipe).expect("whole");
                prop_assert_eq!(read.as_ref(), Some(frame));
            }
            prop_assert!(Frame::read_from(&mut pipe).expect("an end between frames").is_none());
        }

        #[test]
        fn a_cut_frame_is_an_error(frame in any_frame(), cut in any::<prop::sample::Index>()) {
            let bytes = written(&[frame]);
            let cut = cut.index(bytes.len());
            match Frame::read_from(&mut &bytes[..cut]) {
                Ok(None) => prop_assert_eq!(cut, 0),
                Ok(Some(_)) => prop_assert!(false, "a frame out of {} of {} bytes", cut, bytes.len()),
                Err(FrameError::Pipe(error)) => prop_assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof),
                Err(other) => prop_assert!(false, "{other}"),
            }
        }

        #[test]
        fn garbage_never_panics_and_never_allocates_much(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(Some(frame)) = Frame::read_from(&mut bytes.as_slice()) {
                prop_assert!(frame.payload.len() <= bytes.len());
            }
        }
    }

    #[test]
    fn a_promise_of_gigabytes_is_refused() {
        let mut bytes = written(&[Frame::new(FrameKind::Event, 1, vec![])]);
        bytes[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(matches!(
            Frame::read_from(&mut bytes.as_slice()),
            Err(FrameError::TooLong(_))
        ));
    }

    #[test]
    fn a_stray_line_is_garbage() {
        let line = b"llama_model_loader: loaded meta data\n";
        assert!(matches!(
            Frame::read_from(&mut line.as_slice()),
            Err(FrameError::Garbage(_))
        ));
    }
}
