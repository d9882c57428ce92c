//! JPEG: not unpacked, its header tells all that a page needs to know.

use super::Picture;
use std::borrow::Cow;

/// First bytes.
pub(super) const MAGIC: &[u8] = &[0xff, 0xd8, 0xff];

/// As it is: PDF knows JPEG.
pub(super) fn picture(bytes: &[u8]) -> Option<Picture<'_>> {
    let mut degrees = 0;
    let mut by_adobe = false;
    let mut at = 2;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        if matches!(marker, 0xff) {
            at += 1;
            continue;
        }
        if matches!(marker, 0x01 | 0xd0..=0xd8) {
            at += 2;
            continue;
        }
        let length = usize::from(big(bytes.get(at + 2..at + 4)?));
        let segment = bytes.get(at + 4..at + 2 + length)?;
        match marker {
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let form = match (segment.get(5)?, by_adobe) {
                    (1, _) => "/DeviceGray/Filter/DCTDecode",
                    (3, _) => "/DeviceRGB/Filter/DCTDecode",
                    (4, false) => "/DeviceCMYK/Filter/DCTDecode",
                    // Adobe writes how much ink is missing.
                    (4, true) => "/DeviceCMYK/Decode[1 0 1 0 1 0 1 0]/Filter/DCTDecode",
                    _ => return None,
                };
                return Some(Picture {
                    width: u32::from(big(&segment[3..5])),
                    height: u32::from(big(&segment[1..3])),
                    form,
                    data: Cow::Borrowed(bytes),
                    degrees,
                });
            }
            0xe1 => degrees = segment.strip_prefix(b"Exif\0\0").and_then(turned).unwrap_or(degrees),
            0xee => by_adobe |= segment.starts_with(b"Adobe"),
            0xd9 | 0xda => return None,
            _ => {}
        }
        at += 2 + length;
    }
}

fn big(two: &[u8]) -> u16 {
    u16::from_be_bytes([two[0], two[1]])
}

/// How far a camera was turned, from its Exif (TIFF 6.0 with tag 0x112).
fn turned(tiff: &[u8]) -> Option<u32> {
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
            return match short(at + 8)? {
                3 => Some(180),
                6 => Some(90),
                8 => Some(270),
                _ => Some(0),
            };
        }
    }
    None
}

#[cfg(test)]
pub mod tests {
    /// Its header alone, turned by a camera.
    pub fn photograph() -> Vec<u8> {
        let exif = b"\xff\xe1\x00\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let frame = b"\xff\xc0\x00\x11\x08\x01\x00\x02\x00\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00";
        [b"\xff\xd8".as_slice(), exif, frame, b"\xff\xd9"].concat()
    }
}
