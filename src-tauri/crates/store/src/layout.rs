//! A page's headings, tables and word rectangles in a few bytes a word.
//!
//! Everything is a LEB128 integer, spans and coordinates as differences to what stands before, coordinates in steps of
//! 1/20 point (0.02 mm, below what is drawn). A word costs about 9 bytes instead of 24.

use docmind_core::document::{Heading, Page, Rect, Span, Table, WordBox};

/// The one byte before everything else.
const FORMAT: u8 = 1;
/// The same for a page whose text was recognised.
const FORMAT_RECOGNISED: u8 = 2;
/// Steps a point.
const STEPS: f32 = 20.0;

/// What a page has besides its text.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Layout {
    pub(crate) headings: Vec<Heading>,
    pub(crate) tables: Vec<Table>,
    pub(crate) words: Vec<WordBox>,
    pub(crate) size: Option<(f32, f32)>,
    pub(crate) recognised: bool,
}

/// Packs the layout of a page.
pub(crate) fn encode(page: &Page) -> Vec<u8> {
    let Page {
        headings,
        tables,
        words,
        size,
        recognised,
        ..
    } = page;
    let mut out = Writer(Vec::with_capacity(8 + words.len() * 10));
    out.0.push(if *recognised { FORMAT_RECOGNISED } else { FORMAT });
    out.unsigned(headings.len() as u64);
    for heading in headings {
        out.unsigned(u64::from(heading.level));
        out.span(heading.span);
    }
    out.unsigned(tables.len() as u64);
    for table in tables {
        out.span(table.span);
        out.span(table.header);
    }
    match size {
        None => out.unsigned(0),
        Some((width, height)) => {
            out.unsigned(1);
            out.signed(steps(*width));
            out.signed(steps(*height));
        }
    }
    out.unsigned(words.len() as u64);
    let (mut at, mut left, mut top, mut tall) = (0_i64, 0_i64, 0_i64, 0_i64);
    for word in words {
        out.signed(i64::from(word.span.start) - at);
        out.unsigned(u64::from(word.span.len()));
        at = i64::from(word.span.end);
        let (x0, y0, x1, y1) = (
            steps(word.rect.x0),
            steps(word.rect.y0),
            steps(word.rect.x1),
            steps(word.rect.y1),
        );
        out.signed(x0 - left);
        out.signed(x1 - x0);
        out.signed(y0 - top);
        out.signed(y1 - y0 - tall);
        (left, top, tall) = (x1, y0, y1 - y0);
    }
    out.0
}

/// Unpacks it; `None` when the bytes are not a layout.
pub(crate) fn decode(bytes: &[u8]) -> Option<Layout> {
    let mut from = Reader(bytes);
    let recognised = match from.byte()? {
        FORMAT => false,
        FORMAT_RECOGNISED => true,
        _ => return None,
    };
    let mut layout = Layout {
        recognised,
        ..Layout::default()
    };
    for _ in 0..from.unsigned()? {
        let level = u8::try_from(from.unsigned()?).ok()?;
        layout.headings.push(Heading {
            level,
            span: from.span()?,
        });
    }
    for _ in 0..from.unsigned()? {
        layout.tables.push(Table {
            span: from.span()?,
            header: from.span()?,
        });
    }
    if from.unsigned()? == 1 {
        layout.size = Some((points(from.signed()?), points(from.signed()?)));
    }
    let (mut at, mut left, mut top, mut tall) = (0_i64, 0_i64, 0_i64, 0_i64);
    for _ in 0..from.unsigned()? {
        let start = at.checked_add(from.signed()?)?;
        let end = start.checked_add(i64::try_from(from.unsigned()?).ok()?)?;
        at = end;
        let x0 = left.checked_add(from.signed()?)?;
        let x1 = x0.checked_add(from.signed()?)?;
        let y0 = top.checked_add(from.signed()?)?;
        tall = tall.checked_add(from.signed()?)?;
        let y1 = y0.checked_add(tall)?;
        (left, top) = (x1, y0);
        let rect = Rect {
            x0: points(x0),
            y0: points(y0),
            x1: points(x1),
            y1: points(y1),
        };
        layout.words.push(WordBox {
            span: Span::new(u32::try_from(start).ok()?, u32::try_from(end).ok()?),
            rect,
        });
    }
    from.0.is_empty().then_some(layout)
}

/// Saturates; what is no number is 0.
fn steps(points: f32) -> i64 {
    i64::from((points * STEPS).round() as i32)
}

fn points(steps: i64) -> f32 {
    steps as f32 / STEPS
}

struct Writer(Vec<u8>);

impl Writer {
    fn unsigned(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn signed(&mut self, value: i64) {
        self.unsigned(((value << 1) ^ (value >> 63)) as u64);
    }

    fn span(&mut self, span: Span) {
        self.unsigned(u64::from(span.start));
        self.unsigned(u64::from(span.len()));
    }
}

struct Reader<'b>(&'b [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let value = self.unsigned()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn span(&mut self) -> Option<Span> {
        let start = u32::try_from(self.unsigned()?).ok()?;
        let len = u32::try_from(self.unsigned()?).ok()?;
        Some(Span::new(start, start.checked_add(len)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spans() -> impl Strategy<Value = Span> {
        (0_u32..100_000, 0_u32..1000).prop_map(|(start, len)| Span::new(start, start + len))
    }

    proptest! {
        #[test]
        fn what_was_packed_comes_back(
            headings in prop::collection::vec((1_u8..7, spans()).prop_map(|(level, span)| Heading { level, span }), 0..5),
            tables in prop::collection::vec((spans(), spans()).prop_map(|(span, header)| Table { span, header }), 0..5),
            words in prop::collection::vec((spans(), -50_i32..40_000, -50_i32..40_000, 0_i32..4000, 0_i32..900), 0..60),
            size in prop::option::of((1_i32..40_000, 1_i32..40_000)),
            recognised in any::<bool>(),
        ) {
            let at = |steps: i32| steps as f32 / STEPS;
            let words: Vec<_> = words.into_iter().map(|(span, x, y, w, h)| WordBox {
                span, rect: Rect { x0: at(x), y0: at(y), x1: at(x + w), y1: at(y + h) },
            }).collect();
            let size = size.map(|(w, h)| (at(w), at(h)));
            let page = Page { headings, tables, words, size, recognised, ..Page::default() };
            let bytes = encode(&page);
            let Page { headings, tables, words, .. } = page;
            prop_assert_eq!(decode(&bytes), Some(Layout { headings, tables, words, size, recognised }));
        }

        #[test]
        fn damaged_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = bytes;
            bytes.insert(0, FORMAT);
            let _ = decode(&bytes);
        }
    }

    #[test]
    fn numbers_that_are_none_do_no_harm() {
        let rect = Rect {
            x0: f32::NAN,
            y0: f32::INFINITY,
            x1: f32::NEG_INFINITY,
            y1: 1.0,
        };
        let words = [WordBox {
            span: Span::new(0, 1),
            rect,
        }; 2];
        let layout = decode(&encode(&Page {
            words: words.to_vec(),
            size: Some((f32::NAN, 1.0)),
            ..Page::default()
        }))
        .expect("decodes");
        assert_eq!(layout.words.len(), 2);
        assert_eq!(layout.words[0].rect.x0, 0.0);
    }
}
