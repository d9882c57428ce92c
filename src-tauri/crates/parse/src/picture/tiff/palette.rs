//! Pages with a palette: the pixels are numbers of colours.

use super::{Content, Directories, unpacked};
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use tiff::ColorType;
use tiff::decoder::Decoder;
use tiff::tags::{ByteOrder, Tag};

/// Value of the tag PhotometricInterpretation.
const BLACK_IS_ZERO: u16 = 1;

/// A file in which two bytes are others.
pub(super) struct Overlaid<'a> {
    file: Cursor<&'a [u8]>,
    at: u64,
    bytes: [u8; 2],
}

impl Read for Overlaid<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let from = self.file.position();
        let read = self.file.read(buffer)?;
        for (place, byte) in (self.at..).zip(self.bytes) {
            let within = place.checked_sub(from).and_then(|at| usize::try_from(at).ok());
            if let Some(at) = within
                && let Some(there) = buffer[..read].get_mut(at)
            {
                *there = byte;
            }
        }
        Ok(read)
    }
}

impl Seek for Overlaid<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// The file with the page at hand said to be grey: the decoder refuses what has a palette, and unpacks it as well as any other.
pub(super) fn as_grey<'a>(page: &mut Directories<'_>, bytes: &'a [u8]) -> Option<Overlaid<'a>> {
    let is_little = page.byte_order() == ByteOrder::LittleEndian;
    let short = |number: u16| {
        if is_little {
            number.to_le_bytes()
        } else {
            number.to_be_bytes()
        }
    };
    // A directory is the number of its entries, then they: twelve bytes each, the last four of them the value.
    let first = usize::try_from(page.ifd_pointer()?.0).ok()?.checked_add(2)?;
    let tag = short(Tag::PhotometricInterpretation.to_u16());
    let entry = bytes
        .get(first..)?
        .chunks_exact(12)
        .position(|entry| entry[..2] == tag)?;
    Some(Overlaid {
        file: Cursor::new(bytes),
        at: (first + 12 * entry + 8) as u64,
        bytes: short(BLACK_IS_ZERO),
    })
}

/// The page with the numbers of its colours as they are: PDF has such pictures too.
pub(super) fn indexed(page: &mut Directories<'_>, numbers: &mut Decoder<Overlaid<'_>>) -> Option<Content> {
    let ColorType::Gray(bits @ (1 | 2 | 4 | 8)) = numbers.colortype().ok()? else {
        return None;
    };
    let colors = 1_usize << bits;
    // How red they all are, then how green, then how blue.
    let map = page.get_tag_u16_vec(Tag::ColorMap).ok()?;
    if map.len() < 3 * colors {
        return None;
    }
    // In sixteen bits; some programs fill only eight.
    let shift = if map.iter().all(|value| *value < 0x100) { 0 } else { 8 };
    let palette: String = (0..colors)
        .flat_map(|color| [color, color + colors, color + 2 * colors])
        .map(|at| format!("{:02x}", map[at] >> shift))
        .collect();
    let form = format!("[/Indexed/DeviceRGB {} <{palette}>]", colors - 1);
    Some((form.into(), bits, unpacked(numbers)?))
}
