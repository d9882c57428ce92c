//! What a worker and the application agree on, and how messages become bytes.
//!
//! Messages are MessagePack with named fields: the shared types of the domain travel as they are (`#[serde(tag = "type")]` and
//! `#[serde(default)]` need a format that describes itself; positional ones lose `Offload::Auto`). What comes in bulk, words with
//! their rectangles, travels as tuples ([`crate::parse::ParseTold`]).

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::Read;

/// Version of frames, handshake and heartbeat. Raised with every change that an older side would misread.
pub const WIRE_VERSION: u32 = 1;

/// One worker's messages. Implement it on an empty type beside the messages (see [`crate::parse`] and [`crate::embed`]).
pub trait Protocol: Send + Sync + 'static {
    /// The binary's name, such as `docmind-parse`; the handshake compares it.
    const WORKER: &'static str;
    /// What is asked.
    type Request: Serialize + DeserializeOwned + Send + 'static;
    /// What is told on the way.
    type Event: Serialize + DeserializeOwned + Send + 'static;
    /// What is answered at the end.
    type Reply: Serialize + DeserializeOwned + Send + 'static;

    /// True for a request that may overtake those waiting, and be served in the middle of a long one where the worker offers
    /// (see [`crate::serve::Call::next_urgent`]).
    fn is_urgent(request: &Self::Request) -> bool {
        let _ = request;
        false
    }
}

/// The first frame of a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`WIRE_VERSION`] of its build.
    pub protocol: u32,
    /// Its [`Protocol::WORKER`].
    pub worker: String,
    /// Version of its package; a different one was installed by halves.
    pub version: String,
    /// Its process id.
    pub pid: u32,
    /// What engine it runs, such as a library's version; may be empty.
    pub fingerprint: String,
}

/// Sent twice a second by a thread that does nothing else: busy is not dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Counts events, output and [`crate::serve::Call::tick`]: a busy worker that no longer moves stands still here.
    pub progress: u64,
    /// Number of the last ping it read: its reading thread lives too.
    pub ping: u64,
}

/// Bytes that are no message of the expected type, or a value that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("a message could not be {0}")]
pub struct CodecError(String);

/// A message as bytes.
///
/// # Errors
/// Where the value cannot be written (a map without known length, for example).
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, CodecError> {
    rmp_serde::to_vec_named(value).map_err(|error| CodecError(format!("written: {error}")))
}

/// The message in `bytes`; what follows it is an error too.
///
/// # Errors
/// Where the bytes are not a `T`.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let mut rest = bytes;
    let value = rmp_serde::from_read(&mut rest).map_err(|error| CodecError(format!("read: {error}")))?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(CodecError(format!("read: {} bytes too many", rest.len())))
    }
}

/// The message in a stream, such as a request's body.
///
/// # Errors
/// Where the bytes are not a `T`.
pub fn decode_from<T: DeserializeOwned>(input: &mut dyn Read) -> Result<T, CodecError> {
    rmp_serde::from_read(input).map_err(|error| CodecError(format!("read: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use docmind_core::document::{Page, ParseEvent, Rect, Span, WordBox};
    use docmind_core::embedding::Embedding;
    use docmind_core::error::Notice;
    use docmind_core::generation::GenerateEvent;
    use docmind_core::profile::{Attention, KvType, Offload};
    use proptest::prelude::*;

    fn trip<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
        assert_eq!(&decode::<T>(&encode(value).expect("written")).expect("read"), value);
    }

    #[test]
    fn the_domains_tagged_types_survive() {
        trip(&ParseEvent::Started {
            media_type: "application/pdf".into(),
            title: None,
            pages: Some(3),
        });
        trip(&ParseEvent::Page(Page {
            number: 2,
            text: "Grüße\n日本".into(),
            words: vec![WordBox {
                span: Span::new(0, 5),
                rect: Rect {
                    x0: 1.5,
                    y0: 2.0,
                    x1: 3.0,
                    y1: 4.0,
                },
            }],
            size: Some((595.0, 842.0)),
            ..Page::default()
        }));
        trip(&GenerateEvent::Notice(Notice::new("cpu", "No GPU.")));
        trip(&GenerateEvent::Text { text: "a".into() });
        trip(&Attention::Flash { kv: KvType::Q8_0 });
        trip(&Attention::Plain);
        trip(&Offload::Layers(12));
        trip(&Offload::Auto);
        trip(&Embedding::from_f32(&[0.25, -1.0, 0.0]));
    }

    proptest! {
        #[test]
        fn garbage_is_an_error_or_a_message(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode::<ParseEvent>(&bytes);
            let _ = decode::<Hello>(&bytes);
            let _ = decode::<Heartbeat>(&bytes);
        }

        #[test]
        fn a_cut_message_is_an_error(text in ".{1,40}", cut in any::<prop::sample::Index>()) {
            let bytes = encode(&GenerateEvent::Text { text }).expect("written");
            prop_assert!(decode::<GenerateEvent>(&bytes[..cut.index(bytes.len())]).is_err());
        }
    }
}
