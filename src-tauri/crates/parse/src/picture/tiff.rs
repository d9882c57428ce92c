//! TIFF, as office scanners and fax machines write it: a page a directory.
//!
//! What fax machines send (CCITT, ITU-T T.4 and T.6) stays as small as it is, a bit a pixel: group 4 is unpacked here strip by strip, which
//! no PDF could hold together; all else goes into the PDF as it came.

mod palette;

use super::{Picture, jpeg, on_white, quarter_turns};
use fax::decoder::decode_g4;
use std::borrow::Cow;
use std::io::{Cursor, Read, Seek};
use tiff::ColorType;
use tiff::decoder::{ChunkType, Decoder, DecodingResult, Limits};
use tiff::tags::Tag;

// Values of the tag Compression.
const RUN_LENGTHS: u32 = 2;
const GROUP_3: u32 = 3;
const GROUP_4: u32 = 4;
const JPEG: u32 = 7;
/// Value of the tag PhotometricInterpretation.
const PALETTE: u32 = 3;
/// The decoder's limit for pixels is that of its lists too, such as the places of strips and a palette.
const TAG_BYTES: usize = 1 << 20;
/// Tag 292: its lowest bit says that rows refer to the row above.
const T4_OPTIONS: Tag = Tag::Unknown(292);

type Directories<'a> = Decoder<Cursor<&'a [u8]>>;

/// What the pixels are to PDF, how many bits each has, and they themselves.
type Content = (Cow<'static, str>, u8, Vec<u8>);

/// Whether the bytes are those of a TIFF. Those of more than 4 GiB begin otherwise.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    bytes.starts_with(b"II*\0") || bytes.starts_with(b"MM\0*")
}

/// How many pages it has; counted to one more than `most`.
pub(super) fn pages(bytes: &[u8], most: u32) -> u32 {
    let Ok(mut directories) = Decoder::new(Cursor::new(bytes)) else {
        return 1;
    };
    let mut pages = 1;
    while pages <= most && directories.more_images() {
        let last = directories.ifd_pointer();
        // A directory that says nothing of use is a page that cannot be read; one that is not there, or was there before, is none.
        if directories.next_image().is_err() && directories.ifd_pointer() == last {
            break;
        }
        pages += 1;
    }
    pages
}

/// A file at its page `index` (from 0).
fn open<R: Read + Seek>(file: R, index: u32, most_pixels: u64) -> Option<Decoder<R>> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = usize::try_from(most_pixels * 4).ok()?.max(TAG_BYTES);
    // Of the packed bytes, which are in memory already.
    limits.intermediate_buffer_size = usize::MAX;
    let mut page = Decoder::new(file).ok()?.with_limits(limits);
    page.seek_to_image(index as usize).ok()?;
    Some(page)
}

/// Page `index` (from 0).
pub(super) fn picture(bytes: &[u8], index: u32, most_pixels: u64) -> Option<Picture<'static>> {
    let mut page = open(Cursor::new(bytes), index, most_pixels)?;
    let (width, height) = page.dimensions().ok()?;
    if u64::from(width) * u64::from(height) > most_pixels {
        return None;
    }
    let (form, bits, data) = match number(&mut page, Tag::Compression) {
        Some(GROUP_4) => unpacked_fax(&mut page, bytes)?,
        Some(compression @ (RUN_LENGTHS | GROUP_3)) => packed_fax(&mut page, bytes, compression)?,
        Some(JPEG) if !is_small(&mut page, bytes, most_pixels) => return None,
        _ if number(&mut page, Tag::PhotometricInterpretation) == Some(PALETTE) => {
            let mut numbers = open(palette::as_grey(&mut page, bytes)?, index, most_pixels)?;
            palette::indexed(&mut page, &mut numbers)?
        }
        _ => pixels(&mut page)?,
    };
    let orientation = number(&mut page, Tag::Orientation).and_then(|value| u16::try_from(value).ok());
    Some(Picture {
        tall: tall(&mut page),
        bits,
        degrees: orientation.map_or(0, quarter_turns),
        ..Picture::new((width, height), form, Cow::Owned(data))
    })
}

fn number<R: Read + Seek>(page: &mut Decoder<R>, tag: Tag) -> Option<u32> {
    page.find_tag_unsigned(tag).ok().flatten()
}

/// How much higher than wide a pixel is. Fax machines have 204 dots an inch across and 98 or 196 down.
fn tall(page: &mut Directories<'_>) -> f32 {
    let mut density = |tag| -> Option<f32> {
        let [dots, lengths]: [u32; 2] = page.get_tag_u32_vec(tag).ok()?.try_into().ok()?;
        Some(dots as f32 / lengths as f32)
    };
    let tall = density(Tag::XResolution)
        .zip(density(Tag::YResolution))
        .map(|(x, y)| x / y);
    tall.filter(|tall| (0.2..=5.0).contains(tall)).unwrap_or(1.0)
}

/// The strips or tiles as they are packed; nothing where they overlap, as only in files that are to keep a reader busy.
fn pieces<'a>(page: &mut Directories<'_>, bytes: &'a [u8]) -> Option<Vec<&'a [u8]>> {
    let (places, lengths) = match page.get_chunk_type() {
        ChunkType::Strip => (Tag::StripOffsets, Tag::StripByteCounts),
        ChunkType::Tile => (Tag::TileOffsets, Tag::TileByteCounts),
    };
    let mut numbers = |tag| page.find_tag_unsigned_vec::<usize>(tag).ok().flatten();
    let (places, lengths) = (numbers(places)?, numbers(lengths)?);
    let mut left = bytes.len();
    let piece = |(place, length): (usize, usize)| {
        let rest = bytes.get(place..)?;
        let piece = &rest[..length.min(rest.len())];
        left = left.checked_sub(piece.len())?;
        Some(piece)
    };
    places.into_iter().zip(lengths).map(piece).collect()
}

/// The strips of a fax, their bits in the order of reading.
fn strips(page: &mut Directories<'_>, bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    if page.get_chunk_type() != ChunkType::Strip {
        return None;
    }
    let is_reversed = number(page, Tag::FillOrder) == Some(2);
    let in_order = |byte: &u8| if is_reversed { byte.reverse_bits() } else { *byte };
    let strips = pieces(page, bytes)?;
    Some(
        strips
            .iter()
            .map(|strip| strip.iter().map(in_order).collect())
            .collect(),
    )
}

/// Whether black is 1, as in a fax that came over the telephone.
fn is_black_one(page: &mut Directories<'_>) -> bool {
    number(page, Tag::PhotometricInterpretation) != Some(1)
}

fn unpacked_fax(page: &mut Directories<'_>, bytes: &[u8]) -> Option<Content> {
    let (width, height) = page.dimensions().ok()?;
    let across = u16::try_from(width).ok()?;
    let most_rows = number(page, Tag::RowsPerStrip).unwrap_or(height).clamp(1, height);
    let (form, paper) = if is_black_one(page) {
        ("/DeviceGray/Decode[1 0]", 0)
    } else {
        ("/DeviceGray", 0xff)
    };
    let row_bytes = usize::from(across).div_ceil(8);
    let mut data = Vec::with_capacity(row_bytes * height as usize);
    for (strip, first) in strips(page, bytes)?
        .into_iter()
        .zip((0..height).step_by(most_rows as usize))
    {
        let rows = most_rows.min(height - first);
        // A row that is damaged ends its strip; what is left of that is paper.
        let _ = decode_g4(strip.into_iter(), across, Some(u16::try_from(rows).ok()?), |changes| {
            data.extend(row(changes, across));
        });
        data.resize(row_bytes * (first + rows) as usize, paper);
    }
    Some((form.into(), 1, data))
}

/// A row from the places where its colour changes, the first time from white to black.
fn row(changes: &[u16], across: u16) -> Vec<u8> {
    let mut row = vec![0; usize::from(across).div_ceil(8)];
    for run in changes.chunks(2) {
        let end = run.get(1).map_or(across, |end| across.min(*end));
        for at in run[0]..end {
            row[usize::from(at / 8)] |= 0x80 >> (at % 8);
        }
    }
    row
}

fn packed_fax(page: &mut Directories<'_>, bytes: &[u8], compression: u32) -> Option<Content> {
    let (width, height) = page.dimensions().ok()?;
    let refers_to_the_row_above = compression == GROUP_3 && number(page, T4_OPTIONS).is_some_and(|bits| bits & 1 == 1);
    let form = format!(
        "/DeviceGray/Filter/CCITTFaxDecode/DecodeParms<</K {}/Columns {width}/Rows {height}/EncodedByteAlign {}/BlackIs1 {}>>",
        u8::from(refers_to_the_row_above),
        compression == RUN_LENGTHS,
        // To PDF it is white that is 1.
        !is_black_one(page),
    );
    // The first row of a strip never refers to another one.
    Some((form.into(), 1, strips(page, bytes)?.concat()))
}

/// Whether what is packed as JPEG is as small as the page: its own headers could say otherwise.
fn is_small(page: &mut Directories<'_>, bytes: &[u8], most_pixels: u64) -> bool {
    let tables = page.find_tag(Tag::JPEGTables).ok().flatten();
    let tables = tables.and_then(|tables| tables.into_u8_vec().ok());
    // Without their end marker the tables stand before each piece, in place of its first marker.
    let tables = tables
        .as_deref()
        .map(|tables| &tables[..tables.len().saturating_sub(2)]);
    let pixels = |piece: &&[u8]| match tables {
        Some(tables) => jpeg::frame_pixels(&[tables, piece.get(2..)?].concat()),
        None => jpeg::frame_pixels(piece),
    };
    let all = pieces(page, bytes).and_then(|pieces| pieces.iter().map(pixels).sum::<Option<u64>>());
    all.is_some_and(|all| all <= most_pixels)
}

/// Samples as they follow each other in the picture; of sixteen bits the upper eight.
fn unpacked<R: Read + Seek>(page: &mut Decoder<R>) -> Option<Vec<u8>> {
    // The decoder does not turn bits round.
    if page.colortype().ok()?.bit_depth() < 8 && number(page, Tag::FillOrder) == Some(2) {
        return None;
    }
    let mut result = DecodingResult::U8(Vec::new());
    let layout = page.read_image_to_buffer(&mut result).ok()?;
    // Where there is no room for all planes it reads the first alone.
    if result.as_buffer(0).byte_len() < layout.complete_len {
        return None;
    }
    let data = match result {
        DecodingResult::U8(data) => data,
        DecodingResult::U16(data) => data.into_iter().map(|value| (value >> 8) as u8).collect(),
        _ => return None,
    };
    Some(match layout.planes {
        0 | 1 => data,
        planes => together(&data, planes),
    })
}

/// What came plane by plane, pixel by pixel.
fn together(data: &[u8], planes: usize) -> Vec<u8> {
    let pixels = data.len() / planes;
    (0..pixels)
        .flat_map(|pixel| data.iter().skip(pixel).step_by(pixels).take(planes))
        .copied()
        .collect()
}

/// What is packed in any other way, as grey or colours of eight bits, or grey of fewer.
fn pixels(page: &mut Directories<'_>) -> Option<Content> {
    let color = page.colortype().ok()?;
    let data = unpacked(page)?;
    Some(match color {
        ColorType::Gray(bits @ (1 | 2 | 4)) => ("/DeviceGray".into(), bits, data),
        ColorType::Gray(8 | 16) => ("/DeviceGray".into(), 8, data),
        ColorType::RGB(_) => ("/DeviceRGB".into(), 8, data),
        ColorType::RGBA(_) => ("/DeviceRGB".into(), 8, on_white::<4>(&data)),
        ColorType::CMYK(_) => ("/DeviceCMYK".into(), 8, data),
        ColorType::YCbCr(_) => ("/DeviceRGB".into(), 8, data.chunks_exact(3).flat_map(rgb).collect()),
        // Grey, and something beside it.
        ColorType::Multiband {
            bit_depth: 8 | 16,
            num_samples,
        } => {
            let grey = data.chunks_exact(usize::from(num_samples)).map(|samples| samples[0]);
            ("/DeviceGray".into(), 8, grey.collect())
        }
        _ => return None,
    })
}

/// From brightness and colour (ITU-R BT.601, all values used, as in JPEG).
fn rgb(pixel: &[u8]) -> [u8; 3] {
    let [y, blue, red] = [
        f32::from(pixel[0]),
        f32::from(pixel[1]) - 128.0,
        f32::from(pixel[2]) - 128.0,
    ];
    [
        y + 1.402 * red,
        y - 0.344_136 * blue - 0.714_136 * red,
        y + 1.772 * blue,
    ]
    .map(|value| value.round() as u8)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use fax::encoder::Encoder;
    use fax::{Color, VecWriter};
    use tiff::encoder::{Compression, TiffEncoder, colortype};

    /// What [`bilevel`] is given of a page.
    struct Fax<'a> {
        compression: u16,
        fill_order: u16,
        photometric: u16,
        strips: &'a [Vec<u8>],
    }

    const AS_SENT: Fax<'_> = Fax {
        compression: 4,
        fill_order: 1,
        photometric: 0,
        strips: &[],
    };

    /// A page of 16 × 4 pixels twice as high as wide, two rows a strip.
    fn bilevel(fax: &Fax<'_>) -> Vec<u8> {
        let mut bytes = b"II*\0\0\0\0\0".to_vec();
        let mut places = Vec::new();
        for strip in fax.strips {
            places.push(bytes.len() as u32);
            bytes.extend(strip);
        }
        let lengths: Vec<u32> = fax.strips.iter().map(|strip| strip.len() as u32).collect();
        let mut lists = |numbers: &[u32]| {
            let at = bytes.len() as u32;
            bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
            at
        };
        let (places_at, lengths_at) = (lists(&places), lists(&lengths));
        let (across_at, down_at) = (lists(&[204, 1]), lists(&[102, 1]));
        let strips = fax.strips.len() as u32;
        let place = |list: u32, first: u32| if strips == 1 { first } else { list };
        let (short, long, rational) = (3_u16, 4_u16, 5_u16);
        let entries = [
            (256_u16, short, 1_u32, 16_u32),
            (257, short, 1, 4),
            (258, short, 1, 1),
            (259, short, 1, fax.compression.into()),
            (262, short, 1, fax.photometric.into()),
            (266, short, 1, fax.fill_order.into()),
            (273, long, strips, place(places_at, places[0])),
            (277, short, 1, 1),
            (278, short, 1, 2),
            (279, long, strips, place(lengths_at, lengths[0])),
            (282, rational, 1, across_at),
            (283, rational, 1, down_at),
        ];
        let directory = bytes.len() as u32;
        bytes[4..8].copy_from_slice(&directory.to_le_bytes());
        bytes.extend((entries.len() as u16).to_le_bytes());
        for (tag, kind, count, value) in entries {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(kind.to_le_bytes());
            bytes.extend(count.to_le_bytes());
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend([0; 4]);
        bytes
    }

    /// Rows of 16 pixels, `#` for black, as one strip in group 4.
    fn group_4(rows: &[&str]) -> Vec<u8> {
        let mut encoder = Encoder::new(VecWriter::new());
        for row in rows {
            let pixels = row
                .bytes()
                .map(|pixel| if pixel == b'#' { Color::Black } else { Color::White });
            encoder.encode_line(pixels, 16).expect("in memory");
        }
        encoder.finish().expect("in memory").finish()
    }

    const ROWS: [&str; 4] = [
        "................",
        "....####.....###",
        "####............",
        "################",
    ];
    const PIXELS: [u8; 8] = [0, 0, 0x0f, 0x07, 0xf0, 0, 0xff, 0xff];

    /// A page as a fax machine sends it.
    pub fn fax() -> Vec<u8> {
        bilevel(&Fax {
            strips: &[group_4(&ROWS[..2]), group_4(&ROWS[2..])],
            ..AS_SENT
        })
    }

    /// Two pages, of one and of two grey pixels.
    pub fn two_pages() -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let encoder = TiffEncoder::new(&mut file).expect("begun");
        let mut encoder = encoder.with_compression(Compression::Lzw);
        encoder.write_image::<colortype::Gray8>(1, 1, &[7]).expect("written");
        encoder.write_image::<colortype::Gray8>(2, 1, &[8, 9]).expect("written");
        file.into_inner()
    }

    #[test]
    fn each_directory_is_a_page() {
        let bytes = two_pages();
        assert_eq!(pages(&bytes, 9), 2);
        assert_eq!(pages(&bytes, 1), 2, "more than there may be");
        let second = picture(&bytes, 1, 2).expect("whole");
        assert_eq!((second.width, second.height, &*second.data), (2, 1, [8, 9].as_slice()));
        assert!(picture(&bytes, 1, 1).is_none(), "too large");
        assert!(picture(&bytes, 2, 9).is_none(), "no such page");
    }

    #[test]
    fn a_fax_is_read_from_its_strips_in_any_order_of_bits() {
        let strips = [group_4(&ROWS[..2]), group_4(&ROWS[2..])];
        let reversed = strips
            .clone()
            .map(|strip| strip.into_iter().map(u8::reverse_bits).collect());
        for (fill_order, strips) in [(1, &strips), (2, &reversed)] {
            let page = bilevel(&Fax {
                fill_order,
                strips,
                ..AS_SENT
            });
            let picture = picture(&page, 0, 64).expect("whole");
            assert_eq!((picture.width, picture.height, picture.bits), (16, 4, 1));
            assert_eq!(*picture.data, PIXELS);
            assert_eq!(picture.form, "/DeviceGray/Decode[1 0]");
            assert_eq!(picture.tall, 2.0);
        }
    }

    #[test]
    fn what_is_damaged_of_a_fax_is_white() {
        let whole = group_4(&ROWS[..2]);
        let strips = [whole.clone(), vec![0; 3]];
        let page = bilevel(&Fax {
            strips: &strips,
            ..AS_SENT
        });
        let picture = picture(&page, 0, 64).expect("in part");
        assert_eq!(*picture.data, [0, 0, 0x0f, 0x07, 0, 0, 0, 0]);
    }

    #[test]
    fn group_3_goes_into_the_pdf_as_it_came() {
        let strips = [vec![1, 2], vec![3]];
        let page = bilevel(&Fax {
            compression: 3,
            fill_order: 2,
            photometric: 1,
            strips: &strips,
        });
        let picture = picture(&page, 0, 64).expect("not unpacked");
        assert_eq!(*picture.data, [0x80, 0x40, 0xc0]);
        let form = "/DeviceGray/Filter/CCITTFaxDecode/DecodeParms<</K 0/Columns 16/Rows 4/EncodedByteAlign false/BlackIs1 true>>";
        assert_eq!(picture.form, form);
    }

    /// A page of these tags and strips.
    fn page_of(tags: &[(Tag, &[u16])], jpeg_tables: Option<&[u8]>, strips: &[&[u8]]) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut file).expect("begun");
        let mut directory = encoder.image_directory().expect("begun");
        let mut places = Vec::new();
        for strip in strips {
            places.push(directory.write_data(*strip).expect("written") as u32);
        }
        let lengths: Vec<u32> = strips.iter().map(|strip| strip.len() as u32).collect();
        directory
            .write_tag(Tag::StripOffsets, places.as_slice())
            .expect("written");
        directory
            .write_tag(Tag::StripByteCounts, lengths.as_slice())
            .expect("written");
        if let Some(tables) = jpeg_tables {
            directory.write_tag(Tag::JPEGTables, tables).expect("written");
        }
        for (tag, numbers) in tags {
            directory.write_tag(*tag, *numbers).expect("written");
        }
        directory.finish().expect("ended");
        file.into_inner()
    }

    #[test]
    fn a_palette_goes_into_the_pdf_with_the_numbers_of_its_colours() {
        for unit in [1, 0x100] {
            let mut map = [0; 48];
            (map[1], map[47]) = (0x80 * unit, 0x7f * unit);
            let tags: [(Tag, &[u16]); 6] = [
                (Tag::ImageWidth, &[2]),
                (Tag::ImageLength, &[1]),
                (Tag::BitsPerSample, &[4]),
                (Tag::Compression, &[1]),
                (Tag::PhotometricInterpretation, &[3]),
                (Tag::ColorMap, &map),
            ];
            let picture = picture(&page_of(&tags, None, &[&[0x1f]]), 0, 2).expect("whole");
            let black = "000000".repeat(13);
            assert_eq!(
                picture.form,
                format!("[/Indexed/DeviceRGB 15 <000000800000{black}00007f>]")
            );
            assert_eq!((picture.bits, &*picture.data), (4, [0x1f].as_slice()));
        }
    }

    #[test]
    fn colours_in_planes_are_brought_together() {
        let tags: [(Tag, &[u16]); 7] = [
            (Tag::ImageWidth, &[2]),
            (Tag::ImageLength, &[1]),
            (Tag::BitsPerSample, &[8, 8, 8]),
            (Tag::Compression, &[1]),
            (Tag::PhotometricInterpretation, &[2]),
            (Tag::SamplesPerPixel, &[3]),
            (Tag::PlanarConfiguration, &[2]),
        ];
        let page = page_of(&tags, None, &[&[1, 2], &[3, 4], &[5, 6]]);
        let whole = picture(&page, 0, 2).expect("whole");
        assert_eq!((&*whole.form, whole.bits), ("/DeviceRGB", 8));
        assert_eq!(*whole.data, [1, 3, 5, 2, 4, 6]);
    }

    #[test]
    fn jpeg_is_unpacked_with_its_tables_in_each_strip_or_apart() {
        // All steps are 160; a code of one bit each for a difference of one bit, and for the end of a block.
        let quantisation = [b"\xff\xdb\0\x43\0".as_slice(), &[160; 64]].concat();
        let codes = |class: u8, symbol: u8| {
            let lengths = [[1_u8].as_slice(), &[0; 15]].concat();
            [b"\xff\xc4\0\x14".as_slice(), &[class], &lengths, &[symbol]].concat()
        };
        let tables = [quantisation, codes(0, 1), codes(0x10, 0)].concat();
        let frame = b"\xff\xc0\0\x0b\x08\0\x08\0\x08\x01\x01\x11\0";
        let scan = b"\xff\xda\0\x08\x01\x01\0\0\x3f\0\x5f";
        let (begin, end) = (b"\xff\xd8".as_slice(), b"\xff\xd9".as_slice());
        let tags: [(Tag, &[u16]); 5] = [
            (Tag::ImageWidth, &[8]),
            (Tag::ImageLength, &[8]),
            (Tag::BitsPerSample, &[8]),
            (Tag::Compression, &[7]),
            (Tag::PhotometricInterpretation, &[1]),
        ];
        let whole = page_of(&tags, None, &[&[begin, &tables, frame, scan, end].concat()]);
        let apart = page_of(
            &tags,
            Some(&[begin, &tables, end].concat()),
            &[&[begin, frame, scan, end].concat()],
        );
        for page in [whole, apart] {
            let picture = picture(&page, 0, 64).expect("whole");
            assert_eq!(picture.form, "/DeviceGray");
            // A step above the middle: 128 + 160 / 8.
            assert_eq!(*picture.data, [148; 64]);
            assert!(super::picture(&page, 0, 63).is_none(), "too large");
        }
    }

    #[test]
    fn strips_that_overlap_are_refused() {
        let mut page = bilevel(&Fax {
            strips: &[vec![0; 20], vec![0; 20]],
            ..AS_SENT
        });
        assert!(picture(&page, 0, 64).is_some());
        // The length of the first, behind both strips and their places.
        page[56..60].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(picture(&page, 0, 64).is_none());
    }
}
