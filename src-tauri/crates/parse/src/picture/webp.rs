//! WebP, as telephones and browsers save pictures.

use super::{Picture, jpeg, on_white};
use image_webp::WebPDecoder;
use std::borrow::Cow;
use std::io::Cursor;

/// Whether the bytes are those of a picture in WebP.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP")
}

/// Unpacked, on white; nothing where it moves.
pub(super) fn picture(bytes: &[u8], most_pixels: u64) -> Option<Picture<'static>> {
    let is_small = |(width, height): (u32, u32)| u64::from(width) * u64::from(height) <= most_pixels;
    // Room for its frame is made before its size is compared with the one that the file names.
    if chunk(bytes, *b"VP8 ").is_some_and(|frame| !frame_size(frame).is_some_and(is_small)) {
        return None;
    }
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).ok()?;
    let size = decoder.dimensions();
    if !is_small(size) || decoder.is_animated() {
        return None;
    }
    let mut data = vec![0; decoder.output_buffer_size()?];
    decoder.read_image(&mut data).ok()?;
    if decoder.has_alpha() {
        data = on_white::<4>(&data);
    }
    let exif = chunk(bytes, *b"EXIF").map(|exif| exif.strip_prefix(b"Exif\0\0").unwrap_or(exif));
    Some(Picture {
        degrees: exif.and_then(jpeg::turned).unwrap_or(0),
        ..Picture::new(size, "/DeviceRGB", Cow::Owned(data))
    })
}

/// The first chunk of a name (RFC 9649, 2.3).
fn chunk(bytes: &[u8], name: [u8; 4]) -> Option<&[u8]> {
    let mut at = 12_usize;
    loop {
        let begin = at.checked_add(8)?;
        let head = bytes.get(at..begin)?;
        let length = u32::from_le_bytes(head[4..].try_into().ok()?) as usize;
        let rest = &bytes[begin..];
        if head.starts_with(&name) {
            return Some(&rest[..length.min(rest.len())]);
        }
        at = begin.checked_add(length)?.checked_next_multiple_of(2)?;
    }
}

/// Width and height in the header of a lossy frame (RFC 6386, 9.1).
fn frame_size(frame: &[u8]) -> Option<(u32, u32)> {
    let side = |at: usize| -> Option<u32> {
        let two: [u8; 2] = frame.get(at..at + 2)?.try_into().ok()?;
        Some(u32::from(u16::from_le_bytes(two) & 0x3fff))
    };
    Some((side(6)?, side(8)?))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use image_webp::{ColorType, WebPEncoder};

    /// Two pixels, the first of them not to be seen, turned by a camera.
    pub fn transparent() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = WebPEncoder::new(&mut bytes);
        encoder.set_exif_metadata(b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec());
        encoder
            .encode(&[9, 9, 9, 0, 1, 2, 3, 255], 2, 1, ColorType::Rgba8)
            .expect("written");
        bytes
    }

    #[test]
    fn it_stands_on_white_and_upright() {
        let bytes = transparent();
        assert!(is_one(&bytes));
        let picture = picture(&bytes, 2).expect("whole");
        assert_eq!((picture.width, picture.height, picture.degrees), (2, 1, 90));
        assert_eq!(*picture.data, [255, 255, 255, 1, 2, 3]);
        assert!(super::picture(&bytes, 1).is_none(), "too large");
    }

    #[test]
    fn a_frame_larger_than_the_file_says_is_not_unpacked() {
        let frame = b"VP8 \x0a\0\0\0\x10\0\0\x9d\x01\x2a\xff\x3f\xff\x3f";
        let canvas = b"VP8X\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0";
        let bytes = [b"RIFF\x28\0\0\0WEBP".as_slice(), canvas, frame].concat();
        let found = chunk(&bytes, *b"VP8 ").expect("there");
        assert_eq!(frame_size(found), Some((16_383, 16_383)));
        assert!(picture(&bytes, 64_000_000).is_none());
    }
}
