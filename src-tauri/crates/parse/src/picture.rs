//! Pictures of writing: a letter photographed, a receipt saved as PNG, what a scanner or a fax machine wrote as TIFF. Each put on a page of
//! a PDF they are read, drawn and shown as scans are.

mod jpeg;
mod tiff;
mod webp;

use crate::limits::Limits;
use std::borrow::Cow;
use std::io::Cursor;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The longer side of the page in points, A4's: text recognition then sees a photograph about as it is, and a screenshot enlarged.
const LONG_SIDE: f32 = 842.0;
/// Pictures of so many times the pixels of a rendered page are read.
const MOST_TIMES: u64 = 4;

/// The media type of a picture that can be put on a page.
pub fn media_type(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(jpeg::MAGIC) {
        Some("image/jpeg")
    } else if bytes.starts_with(PNG) {
        Some("image/png")
    } else if tiff::is_one(bytes) {
        Some("image/tiff")
    } else if webp::is_one(bytes) {
        Some("image/webp")
    } else {
        None
    }
}

/// How many pages a picture has: of a TIFF several, counted to one more than there may be.
pub fn pages(bytes: &[u8], limits: &Limits) -> u32 {
    if tiff::is_one(bytes) {
        tiff::pages(bytes, limits.pages)
    } else {
        1
    }
}

/// A PDF whose one page is page `index` (from 0) of the picture; `None` where it is damaged, or larger than a photograph gets.
pub fn on_a_page(bytes: &[u8], index: u32, limits: &Limits) -> Option<Vec<u8>> {
    let most = limits.bitmap_pixels * MOST_TIMES;
    let picture = if tiff::is_one(bytes) {
        tiff::picture(bytes, index, most)?
    } else if index > 0 {
        return None;
    } else if bytes.starts_with(jpeg::MAGIC) {
        jpeg::picture(bytes)?
    } else if webp::is_one(bytes) {
        webp::picture(bytes, most)?
    } else {
        png(bytes, most)?
    };
    let pixels = u64::from(picture.width) * u64::from(picture.height);
    (1..=most).contains(&pixels).then(|| picture.to_pdf())
}

struct Picture<'a> {
    width: u32,
    height: u32,
    /// How much higher than wide a pixel is.
    tall: f32,
    /// What follows `/ColorSpace`, and where it is packed the filter.
    form: Cow<'static, str>,
    /// Of each of a pixel's colours.
    bits: u8,
    data: Cow<'a, [u8]>,
    /// Clockwise, to be upright.
    degrees: u32,
}

impl<'a> Picture<'a> {
    /// Upright, of square pixels with eight bits a colour.
    fn new((width, height): (u32, u32), form: impl Into<Cow<'static, str>>, data: Cow<'a, [u8]>) -> Self {
        Self {
            width,
            height,
            tall: 1.0,
            form: form.into(),
            bits: 8,
            data,
            degrees: 0,
        }
    }

    fn to_pdf(&self) -> Vec<u8> {
        let Self {
            width,
            height,
            tall,
            form,
            bits,
            data,
            degrees,
        } = self;
        let (across, down) = (*width as f32, *height as f32 * tall);
        let scale = LONG_SIDE / across.max(down);
        let (across, down) = (across * scale, down * scale);
        let drawn = format!("{across} 0 0 {down} 0 0 cm /P Do");
        let head = format!(
            "%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj\n\
             3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 {across} {down}]/Rotate {degrees}/Contents 4 0 R\
             /Resources<</XObject<</P 5 0 R>>>>>> endobj\n4 0 obj <</Length {}>> stream\n{drawn}\nendstream endobj\n\
             5 0 obj <</Type/XObject/Subtype/Image/Width {width}/Height {height}/BitsPerComponent {bits}/ColorSpace{form}/Length {}>> stream\n",
            drawn.len(),
            data.len()
        );
        [
            head.as_bytes(),
            data,
            b"\nendstream endobj\ntrailer <</Root 1 0 R/Size 6>>\n%%EOF\n",
        ]
        .concat()
    }
}

/// How far a picture has to be turned, from the orientation that TIFF and Exif give; mirrored ones stay as they are.
fn quarter_turns(orientation: u16) -> u32 {
    match orientation {
        3 => 180,
        6 => 90,
        8 => 270,
        _ => 0,
    }
}

/// Unpacked, on white.
fn png(bytes: &[u8], most_pixels: u64) -> Option<Picture<'static>> {
    let memory = png::Limits {
        bytes: usize::try_from(most_pixels * 4).ok()?,
    };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), memory);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().ok()?;
    let (width, height) = reader.info().size();
    if u64::from(width) * u64::from(height) > most_pixels {
        return None;
    }
    let mut data = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut data).ok()?;
    data.truncate(frame.buffer_size());
    let (form, data) = match frame.color_type {
        png::ColorType::Grayscale => ("/DeviceGray", data),
        png::ColorType::Rgb => ("/DeviceRGB", data),
        png::ColorType::GrayscaleAlpha => ("/DeviceGray", on_white::<2>(&data)),
        png::ColorType::Rgba => ("/DeviceRGB", on_white::<4>(&data)),
        png::ColorType::Indexed => return None,
    };
    Some(Picture::new((width, height), form, Cow::Owned(data)))
}

/// Pixels of `N` channels, the last one how opaque they are.
fn on_white<const N: usize>(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() / N * (N - 1));
    for pixel in data.chunks_exact(N) {
        let opaque = u16::from(pixel[N - 1]);
        let over = |channel: &u8| ((u16::from(*channel) * opaque + 255 * (255 - opaque)) / 255) as u8;
        out.extend(pixel[..N - 1].iter().map(over));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::jpeg::tests::photograph;
    use super::*;

    fn text(pdf: &[u8]) -> String {
        String::from_utf8_lossy(pdf).into_owned()
    }

    /// Two pixels, the first of them not to be seen.
    fn transparent() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 2, 1);
        encoder.set_color(png::ColorType::Rgba);
        let mut writer = encoder.write_header().expect("begun");
        writer.write_image_data(&[9, 9, 9, 0, 1, 2, 3, 255]).expect("written");
        writer.finish().expect("ended");
        bytes
    }

    #[test]
    fn a_photograph_stands_upright_on_its_page() {
        let bytes = photograph();
        let pdf = text(&on_a_page(&bytes, 0, &Limits::default()).expect("whole"));
        assert!(pdf.contains("/MediaBox[0 0 842 421]/Rotate 90/"), "{pdf}");
        assert!(pdf.contains("/Width 512/Height 256/"), "{pdf}");
        assert!(pdf.contains("/DeviceRGB/Filter/DCTDecode"), "{pdf}");
    }

    #[test]
    fn what_is_transparent_is_white() {
        let bytes = transparent();
        let pdf = on_a_page(&bytes, 0, &Limits::default()).expect("whole");
        let pixels = [255, 255, 255, 1, 2, 3];
        assert!(pdf.windows(6).any(|window| window == pixels));
        let small = Limits {
            bitmap_pixels: 0,
            ..Limits::default()
        };
        assert_eq!(on_a_page(&bytes, 0, &small), None, "too large");
    }

    #[test]
    fn damaged_pictures_never_panic() {
        let limits = Limits {
            bitmap_pixels: 65_536,
            pages: 5,
            ..Limits::default()
        };
        let read = |bytes: &[u8]| {
            for index in 0..pages(bytes, &limits).min(3) {
                let _ = on_a_page(bytes, index, &limits);
            }
        };
        let pictures = [
            photograph(),
            transparent(),
            tiff::tests::fax(),
            tiff::tests::two_pages(),
            webp::tests::transparent(),
        ];
        for bytes in pictures {
            for at in 0..bytes.len() {
                read(&bytes[..at]);
                for other in [0, 1, 0x7f, 0xff] {
                    let mut damaged = bytes.clone();
                    damaged[at] = other;
                    read(&damaged);
                }
            }
        }
    }

    #[test]
    fn a_fax_is_as_high_as_it_was() {
        let pdf = text(&on_a_page(&tiff::tests::fax(), 0, &Limits::default()).expect("whole"));
        assert!(pdf.contains("/MediaBox[0 0 842 421]/Rotate 0/"), "{pdf}");
        let form = "/Width 16/Height 4/BitsPerComponent 1/ColorSpace/DeviceGray/Decode[1 0]/Length 8>>";
        assert!(pdf.contains(form), "{pdf}");
    }
}
