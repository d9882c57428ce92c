//! JPEG: not unpacked, its header tells all that a page needs to know.

use super::{Picture, quarter_turns};
use std::borrow::Cow;

/// First bytes.
pub(super) const MAGIC: &[u8] = &[0xff, 0xd8, 0xff];
const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;

/// As it is: PDF knows JPEG.
pub(super) fn picture(bytes: &[u8]) -> Option<Picture<'_>> {
    let mut degrees = 0;
    let mut by_adobe = false;
    for (marker, segment) in segments(bytes) {
        match marker {
            marker if is_frame(marker) => {
                let form = match (segment.get(5)?, by_adobe) {
                    (1, _) => "/DeviceGray/Filter/DCTDecode",
                    (3, _) => "/DeviceRGB/Filter/DCTDecode",
                    (4, false) => "/DeviceCMYK/Filter/DCTDecode",
                    // Adobe writes how much ink is missing.
                    (4, true) => "/DeviceCMYK/Decode[1 0 1 0 1 0 1 0]/Filter/DCTDecode",
                    _ => return None,
                };
                let (width, height) = size(segment)?;
                return Some(Picture {
                    degrees,
                    ..Picture::new((width, height), form, Cow::Borrowed(bytes))
                });
            }
            0xe1 => degrees = segment.strip_prefix(b"Exif\0\0").and_then(turned).unwrap_or(degrees),
            0xee => by_adobe |= segment.starts_with(b"Adobe"),
            START_OF_SCAN => return None,
            _ => {}
        }
    }
    None
}

/// Pixels of a stream's one frame, for which a decoder makes room before it reads on; nothing where there is none or another behind it, or
/// something between the segments where a decoder might see one.
pub(super) fn frame_pixels(stream: &[u8]) -> Option<u64> {
    let mut pixels = None;
    for (marker, segment) in segments(stream) {
        if marker == START_OF_SCAN {
            return pixels;
        }
        if is_frame(marker) {
            let (width, height) = size(segment)?;
            if pixels.replace(u64::from(width) * u64::from(height)).is_some() {
                return None;
            }
        }
    }
    None
}

/// Marker and content of what stands before the picture itself, to the header of its first scan.
fn segments(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut at = 2;
    std::iter::from_fn(move || {
        loop {
            if *bytes.get(at)? != 0xff {
                return None;
            }
            let marker = *bytes.get(at + 1)?;
            match marker {
                0xff => at += 1,
                0x01 | 0xd0..=0xd8 => at += 2,
                END_OF_IMAGE => return None,
                _ => {
                    let length = usize::from(big(bytes.get(at + 2..at + 4)?));
                    let segment = bytes.get(at + 4..at + 2 + length)?;
                    at += 2 + length;
                    return Some((marker, segment));
                }
            }
        }
    })
}

fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
}

/// Width and height of a frame.
fn size(frame: &[u8]) -> Option<(u32, u32)> {
    let side = |at: usize| Some(u32::from(big(frame.get(at..at + 2)?)));
    Some((side(3)?, side(1)?))
}

fn big(two: &[u8]) -> u16 {
    u16::from_be_bytes([two[0], two[1]])
}

/// How far a camera was turned, from its Exif (TIFF 6.0 with tag 0x112).
pub(super) fn turned(tiff: &[u8]) -> Option<u32> {
    let is_little = match tiff.get(..2)? {
        b"II" => true,
        b"MM" => false,
        _ => return None,
    };
    let short = |at: usize| -> Option<u16> {
        let two: [u8; 2] = tiff.get(at..at + 2)?.try_into().ok()?;
        Some(if is_little {
            u16::from_le_bytes(two)
        } else {
            u16::from_be_bytes(two)
        })
    };
    let long = |at: usize| -> Option<usize> {
        let (first, second) = (usize::from(short(at)?), usize::from(short(at + 2)?));
        Some(if is_little {
            second << 16 | first
        } else {
            first << 16 | second
        })
    };
    let directory = long(4)?;
    for entry in 0..usize::from(short(directory)?) {
        let at = directory.checked_add(2 + 12 * entry)?;
        if short(at)? == 0x112 {
            return Some(quarter_turns(short(at + 8)?));
        }
    }
    None
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const FRAME: &[u8] = b"\xff\xc0\x00\x11\x08\x01\x00\x02\x00\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00";
    const SCAN: &[u8] = b"\xff\xda\x00\x02";

    /// Its header alone, turned by a camera.
    pub fn photograph() -> Vec<u8> {
        let exif = b"\xff\xe1\x00\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        [b"\xff\xd8".as_slice(), exif, FRAME, b"\xff\xd9"].concat()
    }

    #[test]
    fn a_second_frame_is_not_overlooked() {
        let of = |parts: &[&[u8]]| frame_pixels(&[b"\xff\xd8".as_slice(), &parts.concat()].concat());
        assert_eq!(of(&[FRAME, SCAN]), Some(512 * 256));
        assert_eq!(of(&[FRAME, FRAME, SCAN]), None);
        assert_eq!(of(&[FRAME, b"\0", FRAME, SCAN]), None);
        assert_eq!(of(&[SCAN]), None);
        assert_eq!(of(&[FRAME]), None);
    }
}
