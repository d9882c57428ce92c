//! Pictures as they are drawn for the viewer, and for text recognition.

use super::build::bilevel;
use super::{has_pdfium, registry};
use docmind_parse::RenderRequest;
use fax::encoder::Encoder;
use fax::{Color, VecWriter};
use std::io::Cursor;
use tiff::encoder::{Compression, TiffEncoder, colortype};

/// How bright a page of a file is drawn an eighth of its height from its top and from its foot.
fn drawn(bytes: &[u8], page: u32) -> Result<[u8; 2], String> {
    let request = RenderRequest {
        page,
        scale: 0.1,
        tile: None,
    };
    let picture = registry().render_page(bytes, request).map_err(|report| report.code)?;
    let (width, height) = (picture.width as usize, picture.height as usize);
    let at = |row: usize| picture.rgba[4 * (row * width + width / 2)];
    Ok([at(height / 8), at(7 * height / 8)])
}

#[test]
fn each_page_of_a_tiff_is_drawn() {
    if !has_pdfium() {
        return;
    }
    let mut file = Cursor::new(Vec::new());
    let encoder = TiffEncoder::new(&mut file).unwrap();
    let mut encoder = encoder.with_compression(Compression::Packbits);
    encoder.write_image::<colortype::Gray8>(8, 8, &[7; 64]).unwrap();
    encoder.write_image::<colortype::RGB8>(8, 8, &[200; 192]).unwrap();
    let bytes = file.into_inner();
    assert_eq!(drawn(&bytes, 1), Ok([7, 7]));
    assert_eq!(drawn(&bytes, 2), Ok([200, 200]));
    assert_eq!(drawn(&bytes, 3), Err("damaged".to_owned()));
    assert_eq!(drawn(&bytes, 0), Err("damaged".to_owned()));
}

/// Bits written out.
fn bits(parts: &[&str]) -> Vec<u8> {
    let all = parts.concat();
    let byte = |bits: &[u8]| {
        bits.iter()
            .enumerate()
            .fold(0, |byte, (at, bit)| byte | (bit - b'0') << (7 - at))
    };
    all.as_bytes().chunks(8).map(byte).collect()
}

#[test]
fn faxes_are_drawn_as_they_were_sent() {
    /// Ends a row of group 3.
    const END: &str = "000000000001";
    /// No white, then eight black.
    const BLACK: &str = "00110101000101";
    /// Eight white.
    const WHITE: &str = "10011";
    if !has_pdfium() {
        return;
    }
    let group_3 = bits(&[END, BLACK, END, WHITE, END, END, END, END, END, END]);
    let run_lengths = bits(&[BLACK, "00", WHITE]);
    let mut encoder = Encoder::new(VecWriter::new());
    for color in [Color::Black, Color::White] {
        encoder.encode_line(std::iter::repeat_n(color, 8), 8).unwrap();
    }
    let group_4 = encoder.finish().unwrap().finish();
    for (compression, strip) in [(2, run_lengths), (3, group_3), (4, group_4)] {
        let sent = bilevel(compression, 1, (8, 2), &strip);
        assert_eq!(drawn(&sent, 1), Ok([0, 255]), "compression {compression}");
        let reversed: Vec<u8> = strip.iter().map(|byte| byte.reverse_bits()).collect();
        let sent = bilevel(compression, 2, (8, 2), &reversed);
        assert_eq!(drawn(&sent, 1), Ok([0, 255]), "compression {compression}, reversed");
    }
}
