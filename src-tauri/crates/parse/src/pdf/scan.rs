//! A page that is a picture: drawn as it is shown, its words recognised and put where they stand, whichever way up it is.

use super::glyphs::{Drawn, Glyph};
use super::layout::{self, BodySize};
use crate::limits::Limits;
use crate::recognition::{GrayPicture, RecognisedWord, Recogniser, Turn, Unrecognised};
use docmind_core::document::{Page, Rect};
use pdfium_render::prelude::{PdfBitmap, PdfBitmapFormat, PdfColor, PdfDocument, PdfRenderConfig};
use std::time::{Duration, Instant};

/// What Tesseract was trained for.
const DOTS_PER_INCH: f32 = 300.0;
const POINTS_PER_INCH: f32 = 72.0;
/// The most that one page may take, however often it is read.
const PAGE_TIME: Duration = Duration::from_secs(90);
/// Less sure, and of no more than [`SPECK`] letters, they are specks and lines. 0 to 100.
const LEAST_CONFIDENCE: f32 = 30.0;
const SPECK: usize = 2;
/// Less sure on average, and it is no writing: a photograph.
const LEAST_OF_PAGE: f32 = 55.0;
/// So sure on average is nothing but writing the right way up. Read upside down, pages came to 29 to 55; the right way up, poor scans of
/// them too, to 89 to 96.
const SURE: f32 = 75.0;
/// A page of no more words is read upside down on a mere doubt, which takes a second.
const FEW_WORDS: usize = 100;

/// What is written on a page, in the place and order of the upright page.
pub struct Written {
    drawn: Drawn,
    /// How the page as it is drawn is turned.
    pub turn: Turn,
}

impl Written {
    /// The page: laid out upright, each word where it is drawn.
    pub fn page(self, number: u32, body: &mut BodySize) -> Page {
        let Self { drawn, turn } = self;
        let upright = drawn.size;
        let mut page = layout::page(number, drawn, body);
        for word in &mut page.words {
            word.rect = turn.place(word.rect, upright);
        }
        Page {
            size: Some(turn.size(upright)),
            recognised: true,
            ..page
        }
    }
}

/// What is written on page `index` (from 0); nothing where there is no writing. `expected` is how it is turned if it is like the last one.
///
/// # Errors
/// Stopped, or given up.
pub fn read(
    recogniser: &Recogniser,
    document: &PdfDocument<'_>,
    index: i32,
    expected: Turn,
    limits: &Limits,
    watch: &mut dyn FnMut() -> bool,
) -> Result<Option<Written>, Unrecognised> {
    let (picture, scale, size) = picture(document, index, limits).ok_or(Unrecognised::Failed)?;
    let resolution = (scale * POINTS_PER_INCH).round() as u32;
    let begun = Instant::now();
    let mut read = |turn: Turn| -> Result<Reading, Unrecognised> {
        let time = PAGE_TIME.saturating_sub(begun.elapsed());
        let words = recogniser.recognise(&turn.upright(&picture), resolution, time, watch)?;
        Ok(Reading::new(turn, words))
    };
    let reading = surest(expected, &mut read, &|| recogniser.orientation(&picture, resolution))?;
    Ok(reading.is_writing().then(|| {
        let glyphs = glyphs(&reading.words, scale);
        Written {
            drawn: Drawn {
                overlay: glyphs.len(),
                glyphs,
                size: reading.turn.size(size),
                ..Drawn::default()
            },
            turn: reading.turn,
        }
    }))
}

/// A page read as if it were turned so.
#[derive(Debug)]
struct Reading {
    turn: Turn,
    words: Vec<RecognisedWord>,
    /// Of its letters, on average.
    confidence: f32,
}

impl Reading {
    fn new(turn: Turn, words: Vec<RecognisedWord>) -> Self {
        let all: usize = words.iter().map(letters).sum();
        let sure: f32 = words.iter().map(|word| letters(word) as f32 * word.confidence).sum();
        Self {
            turn,
            words,
            confidence: if all > 0 { sure / all as f32 } else { 0.0 },
        }
    }

    fn is_writing(&self) -> bool {
        self.confidence >= LEAST_OF_PAGE
    }

    /// Most of its letters stand in lines that run downwards.
    fn is_on_its_side(&self) -> bool {
        let all: usize = self.words.iter().map(letters).sum();
        let downwards: usize = self.words.iter().filter(|word| word.downwards).map(letters).sum();
        2 * downwards > all
    }
}

/// The best reading of a page. Asking first how it is turned would cost every page a third more (0.5 s beside 1.4 s): a reading tells by
/// itself. Tesseract takes lines that run downwards for vertical writing, so that upright and upside down find any writing there is.
fn surest(
    expected: Turn,
    read: &mut dyn FnMut(Turn) -> Result<Reading, Unrecognised>,
    orientation: &dyn Fn() -> Option<Turn>,
) -> Result<Reading, Unrecognised> {
    let mut best = read(expected)?;
    // Writing the wrong way up gives words too, if not those that are written.
    if best.confidence < SURE && !best.words.is_empty() {
        let other = match orientation() {
            Some(turn) => turn,
            None if best.words.len() <= FEW_WORDS => expected.and(Turn::Half),
            None => Turn::Upright,
        };
        if other != expected {
            let again = read(other)?;
            if again.confidence > best.confidence {
                best = again;
            }
        }
    }
    if best.is_writing() && best.is_on_its_side() {
        let again = read(best.turn.and(Turn::Quarter))?;
        // Chinese and Japanese may be meant to run downwards.
        if again.is_writing() && !again.is_on_its_side() {
            best = again;
        }
    }
    Ok(best)
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
            downwards: false,
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
        let is_writing = |words: &[RecognisedWord]| Reading::new(Turn::Upright, words.to_vec()).is_writing();
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

    /// What Tesseract makes of a page that is turned so when it is read as if it were turned so.
    fn reading(page: Turn, turn: Turn, words: usize) -> Reading {
        let is = |left: Turn| turn.and(left) == page;
        let (confidence, downwards) = if is(Turn::Upright) {
            (95.0, false)
        } else if is(Turn::Quarter) {
            (95.0, true)
        } else {
            (36.0, false)
        };
        let one = RecognisedWord {
            downwards,
            ..word("Invoice", confidence, (0.0, 9.0), true)
        };
        Reading::new(turn, vec![one; words])
    }

    /// How a page is found to be turned, and how often it was read.
    fn found(page: Turn, expected: Turn, words: usize, told: Option<Turn>) -> (Turn, u32) {
        let mut times = 0;
        let best = surest(
            expected,
            &mut |turn| {
                times += 1;
                Ok(reading(page, turn, words))
            },
            &|| told,
        );
        (best.expect("read").turn, times)
    }

    #[test]
    fn a_page_is_read_whichever_way_up_it_is() {
        for page in Turn::ALL {
            for expected in Turn::ALL {
                for (words, told) in [(20, None), (20, Some(page)), (400, Some(page))] {
                    let turn = found(page, expected, words, told).0;
                    assert_eq!(turn, page, "{expected:?}, {words} words, {told:?}");
                }
            }
            assert_eq!(found(page, page, 400, None), (page, 1), "like the one before");
        }
        assert_eq!(found(Turn::Half, Turn::Upright, 400, Some(Turn::Half)).1, 2);
        let upright = found(Turn::Upright, Turn::Half, 400, None).0;
        assert_eq!(upright, Turn::Upright, "where nothing else is known");
    }

    #[test]
    fn a_photograph_is_read_as_seldom_as_it_can_be() {
        for (words, most) in [(0, 1), (100, 2), (101, 1)] {
            let mut times = 0;
            let mut read = |turn: Turn| -> Result<Reading, Unrecognised> {
                times += 1;
                Ok(Reading::new(turn, vec![word("AeQ", 31.0, (0.0, 9.0), false); words]))
            };
            let best = surest(Turn::Upright, &mut read, &|| None).expect("read");
            assert_eq!((best.is_writing(), times), (false, most), "{words} words");
        }
    }

    #[test]
    fn whoever_stops_a_page_stops_its_second_reading() {
        let mut times = 0;
        let mut read = |turn: Turn| -> Result<Reading, Unrecognised> {
            times += 1;
            if times > 1 {
                return Err(Unrecognised::Stopped);
            }
            Ok(reading(Turn::Half, turn, 20))
        };
        let stopped = surest(Turn::Upright, &mut read, &|| None).map(|reading| reading.turn);
        assert_eq!(stopped, Err(Unrecognised::Stopped));
    }

    #[test]
    fn words_of_a_turned_page_are_marked_where_they_are_drawn() {
        let written = Written {
            drawn: Drawn {
                glyphs: glyphs(&[word("ab", 90.0, (100.0, 200.0), true)], 5.0),
                overlay: 4,
                size: (595.0, 842.0),
                ..Drawn::default()
            },
            turn: Turn::Quarter,
        };
        let page = written.page(3, &mut BodySize::default());
        assert_eq!((page.number, page.text.as_str(), page.recognised), (3, "ab", true));
        assert_eq!(page.size, Some((842.0, 595.0)));
        let Rect { x0, y0, x1, y1 } = page.words[0].rect;
        assert_eq!((x0, y0, x1, y1), (842.0 - 30.0, 20.0, 842.0 - 20.0, 40.0));
    }
}
