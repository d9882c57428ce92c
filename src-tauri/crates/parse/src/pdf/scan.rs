//! A page that is a picture: drawn as it is shown, its words recognised and put where they stand.

use super::glyphs::{Drawn, Glyph};
use crate::limits::Limits;
use crate::recognition::{GrayPicture, RecognisedWord, Recogniser, Unrecognised};
use docmind_core::document::Rect;
use pdfium_render::prelude::{PdfBitmap, PdfBitmapFormat, PdfColor, PdfDocument, PdfRenderConfig};

/// What Tesseract was trained for.
const DOTS_PER_INCH: f32 = 300.0;
const POINTS_PER_INCH: f32 = 72.0;
/// Less sure, and of no more than [`SPECK`] letters, they are specks and lines. 0 to 100.
const LEAST_CONFIDENCE: f32 = 30.0;
const SPECK: usize = 2;
/// Less sure on average, and it is no writing: a photograph.
const LEAST_OF_PAGE: f32 = 55.0;

/// Words of page `index` (from 0), as if they were drawn; nothing where there is no writing.
///
/// # Errors
/// Stopped, or given up.
pub fn read(
    recogniser: &Recogniser,
    document: &PdfDocument<'_>,
    index: i32,
    limits: &Limits,
    watch: &mut dyn FnMut() -> bool,
) -> Result<Option<Drawn>, Unrecognised> {
    let (picture, scale, size) = picture(document, index, limits).ok_or(Unrecognised::Failed)?;
    let resolution = (scale * POINTS_PER_INCH).round() as u32;
    let words = recogniser.recognise(&picture, resolution, watch)?;
    Ok(is_writing(&words).then(|| {
        let glyphs = glyphs(&words, scale);
        Drawn {
            overlay: glyphs.len(),
            glyphs,
            size,
            ..Drawn::default()
        }
    }))
}

/// The page in grey, its pixels a point, its size in points.
fn picture(document: &PdfDocument<'_>, index: i32, limits: &Limits) -> Option<(GrayPicture, f32, (f32, f32))> {
    let page = document.pages().get(index).ok()?;
    let size = (page.width().value, page.height().value);
    if !(size.0 > 0.0 && size.1 > 0.0) {
        return None;
    }
    let wished = DOTS_PER_INCH / POINTS_PER_INCH;
    let pixels = f64::from(size.0 * wished) * f64::from(size.1 * wished);
    let scale = wished * (limits.bitmap_pixels as f64 / pixels).sqrt().min(1.0) as f32;
    let side = |points: f32| (points * scale).round().max(1.0) as i32;
    let (width, height) = (side(size.0), side(size.1));
    let mut bitmap = PdfBitmap::empty(width, height, PdfBitmapFormat::BGRA).ok()?;
    let config = PdfRenderConfig::new()
        .set_fixed_size(width, height)
        .set_clear_color(PdfColor::WHITE);
    page.render_into_bitmap_with_config(&mut bitmap, &config).ok()?;
    let picture = GrayPicture {
        width: width as u32,
        height: height as u32,
        pixels: bitmap.as_rgba_bytes().chunks_exact(4).map(luma).collect(),
    };
    Some((picture, scale, size))
}

/// How bright a pixel is (ITU-R BT.601).
fn luma(pixel: &[u8]) -> u8 {
    let [red, green, blue] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
    ((299 * red + 587 * green + 114 * blue) / 1000) as u8
}

fn is_writing(words: &[RecognisedWord]) -> bool {
    let all: usize = words.iter().map(letters).sum();
    let sure: f32 = words.iter().map(|word| letters(word) as f32 * word.confidence).sum();
    all > 0 && sure / all as f32 >= LEAST_OF_PAGE
}

fn letters(word: &RecognisedWord) -> usize {
    word.text.chars().filter(|c| c.is_alphanumeric()).count()
}

/// The words but for specks; each letter gets its share of its word's width.
fn glyphs(words: &[RecognisedWord], scale: f32) -> Vec<Glyph> {
    let mut glyphs = Vec::new();
    for word in words {
        if word.confidence >= LEAST_CONFIDENCE || letters(word) > SPECK {
            let (left, right) = (word.across.0 / scale, word.across.1 / scale);
            let (y0, y1) = (word.row.0 / scale, word.row.1 / scale);
            glyphs.push(Glyph::Font {
                size: (y1 - y0).max(1.0),
                bold: false,
            });
            let width = (right - left) / word.text.chars().count().max(1) as f32;
            glyphs.extend(word.text.chars().enumerate().map(|(at, c)| Glyph::Drawn {
                c,
                rect: Rect {
                    x0: left + at as f32 * width,
                    y0,
                    x1: left + (at + 1) as f32 * width,
                    y1,
                },
            }));
        }
        glyphs.push(if word.ends_line { Glyph::LineEnd } else { Glyph::Space });
    }
    glyphs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str, confidence: f32, across: (f32, f32), ends_line: bool) -> RecognisedWord {
        RecognisedWord {
            text: text.into(),
            confidence,
            across,
            row: (100.0, 150.0),
            ends_line,
        }
    }

    #[test]
    fn letters_share_the_width_of_their_word() {
        let found = glyphs(
            &[word("ab", 90.0, (100.0, 200.0), true), word("|", 5.0, (0.0, 9.0), true)],
            5.0,
        );
        let place = |x0, x1| Rect {
            x0,
            y0: 20.0,
            x1,
            y1: 30.0,
        };
        assert_eq!(
            found,
            [
                Glyph::Font {
                    size: 10.0,
                    bold: false
                },
                Glyph::Drawn {
                    c: 'a',
                    rect: place(20.0, 30.0)
                },
                Glyph::Drawn {
                    c: 'b',
                    rect: place(30.0, 40.0)
                },
                Glyph::LineEnd,
                Glyph::LineEnd,
            ]
        );
    }

    #[test]
    fn a_photograph_is_no_writing() {
        assert!(is_writing(&[
            word("Invoice", 93.0, (0.0, 9.0), true),
            word("~", 4.0, (0.0, 9.0), true)
        ]));
        assert!(!is_writing(&[
            word("AeQ", 31.0, (0.0, 9.0), false),
            word("ii", 44.0, (0.0, 9.0), true)
        ]));
        assert!(!is_writing(&[]));
    }
}
