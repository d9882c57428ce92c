//! From glyphs to a page's text: words, rows, paragraphs, headings, each word with its rectangle.

use super::glyphs::{Drawn, Glyph};
use super::order::{place_overlay, reading_order, same_row};
use crate::text::push_char;
use docmind_core::document::{Heading, Page, Rect, Span, WordBox};
use std::collections::{BTreeMap, HashSet};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// A gap wider than this many font sizes parts a row into segments: columns, cells of a table.
const GAP: f32 = 1.8;

/// The size of running text, from all pages so far: the one most characters have.
#[derive(Debug, Default)]
pub struct BodySize {
    /// Characters by size in half points.
    chars: BTreeMap<u32, usize>,
}

impl BodySize {
    fn add(&mut self, size: f32, chars: usize) {
        *self.chars.entry((size * 2.0).round() as u32).or_default() += chars;
    }

    fn points(&self) -> f32 {
        self.chars
            .iter()
            .max_by_key(|(_, chars)| **chars)
            .map_or(10.0, |(size, _)| *size as f32 / 2.0)
    }
}

/// A word as drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    glyphs: Vec<(char, Rect)>,
    rect: Rect,
    /// PDFium saw a hyphen at the line's end; it is not among the glyphs.
    hyphen: bool,
}

/// Words on one row without a wide gap between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    words: Vec<Word>,
    /// Around all words.
    pub rect: Rect,
    size: f32,
    bold: bool,
    /// Characters, spaces apart.
    pub chars: usize,
    /// Stands on the row of the segment before it, after a wide gap.
    pub follows_gap: bool,
    right_to_left: bool,
}

impl Segment {
    /// The words with single spaces.
    #[cfg(test)]
    pub fn text(&self) -> String {
        self.words
            .iter()
            .map(|word| word.glyphs.iter().map(|(c, _)| *c).collect::<String>())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// A page from what is drawn on it.
pub fn page(number: u32, drawn: Drawn, body: &mut BodySize) -> Page {
    let base = segments(&drawn.glyphs[..drawn.overlay]);
    for segment in &base {
        body.add(segment.size, segment.chars);
    }
    let overlay = segments(&drawn.glyphs[drawn.overlay..]);
    let shown: String = squeezed(base.iter().chain(&overlay));
    let mut extra = overlay;
    extra.extend(
        drawn
            .values
            .iter()
            .filter(|(value, _)| !shown.contains(&squeeze(value)))
            .map(|(value, rect)| typed(value, *rect)),
    );
    let ordered = place_overlay(reading_order(base), extra);
    let mut writer = Writer {
        body: body.points(),
        compounds: compounds(&ordered),
        ..Writer::default()
    };
    writer.write(&ordered);
    Page {
        number,
        text: writer.text,
        headings: writer.headings,
        tables: Vec::new(),
        words: writer.words,
        size: Some(drawn.size),
    }
}

/// Letters and digits only, to ask whether a value is drawn already however it is broken into lines.
fn squeeze(text: &str) -> String {
    text.nfkc().filter(|c| c.is_alphanumeric()).collect()
}

fn squeezed<'a>(segments: impl Iterator<Item = &'a Segment>) -> String {
    squeeze(
        &segments
            .flat_map(|s| s.words.iter().flat_map(|w| w.glyphs.iter().map(|(c, _)| *c)))
            .collect::<String>(),
    )
}

/// A value that has no drawing: its words share the field's rectangle.
fn typed(value: &str, rect: Rect) -> Segment {
    let words: Vec<Word> = value
        .split_whitespace()
        .map(|word| Word {
            glyphs: word.chars().map(|c| (c, rect)).collect(),
            rect,
            hyphen: false,
        })
        .collect();
    let chars = words.iter().map(|word| word.glyphs.len()).sum();
    Segment {
        words,
        rect,
        size: 10.0,
        bold: false,
        chars,
        follows_gap: false,
        right_to_left: false,
    }
}

fn segments(glyphs: &[Glyph]) -> Vec<Segment> {
    let mut builder = SegmentBuilder::default();
    for glyph in glyphs {
        match *glyph {
            Glyph::Font { size, bold } => {
                builder.end_word(false);
                (builder.size, builder.bold) = (size, bold);
            }
            Glyph::Drawn { c, rect } => builder.push(c, rect),
            Glyph::Space => builder.end_word(false),
            Glyph::LineEnd => builder.end_segment(false),
            Glyph::Hyphen => {
                builder.end_word(true);
                builder.end_segment(false);
            }
        }
    }
    builder.end_segment(false);
    builder.done
}

#[derive(Default)]
struct SegmentBuilder {
    done: Vec<Segment>,
    words: Vec<Word>,
    glyphs: Vec<(char, Rect)>,
    size: f32,
    bold: bool,
    follows_gap: bool,
    /// Characters by size and weight of the segment at hand: the most frequent gives its font.
    fonts: Vec<(f32, bool, usize)>,
}

impl SegmentBuilder {
    fn push(&mut self, c: char, rect: Rect) {
        if let Some(&(_, last)) = self.glyphs.last()
            && same_row(&last, &rect)
            && distance(&last, &rect) > GAP * self.size.max(1.0)
        {
            self.end_word(false);
        }
        if self.glyphs.is_empty()
            && let Some(word) = self.words.last()
            && same_row(&word.rect, &rect)
            && distance(&word.rect, &rect) > GAP * self.size.max(1.0)
        {
            self.end_segment(true);
        }
        self.glyphs.push((c, rect));
    }

    fn end_word(&mut self, hyphen: bool) {
        if self.glyphs.is_empty() {
            if hyphen && let Some(word) = self.words.last_mut() {
                word.hyphen = true;
            }
            return;
        }
        let glyphs = std::mem::take(&mut self.glyphs);
        let rect = glyphs
            .iter()
            .skip(1)
            .fold(glyphs[0].1, |around, (_, rect)| union(&around, rect));
        match self
            .fonts
            .iter_mut()
            .find(|(size, bold, _)| (*size - self.size).abs() < 0.3 && *bold == self.bold)
        {
            Some(font) => font.2 += glyphs.len(),
            None => self.fonts.push((self.size, self.bold, glyphs.len())),
        }
        self.words.push(Word { glyphs, rect, hyphen });
    }

    fn end_segment(&mut self, gap_follows: bool) {
        self.end_word(false);
        let fonts = std::mem::take(&mut self.fonts);
        if !self.words.is_empty() {
            let words = std::mem::take(&mut self.words);
            let rect = words
                .iter()
                .skip(1)
                .fold(words[0].rect, |around, word| union(&around, &word.rect));
            let (size, bold, _) = fonts.into_iter().max_by_key(|font| font.2).unwrap_or((10.0, false, 0));
            let chars = words.iter().map(|word| word.glyphs.len()).sum();
            let right = words
                .iter()
                .flat_map(|w| &w.glyphs)
                .filter(|(c, _)| is_right_to_left(*c))
                .count();
            self.done.push(Segment {
                words,
                rect,
                size,
                bold,
                chars,
                follows_gap: self.follows_gap,
                right_to_left: right * 2 > chars,
            });
        }
        self.follows_gap = gap_follows;
    }
}

fn distance(a: &Rect, b: &Rect) -> f32 {
    (b.x0 - a.x1).max(a.x0 - b.x1)
}

fn union(a: &Rect, b: &Rect) -> Rect {
    Rect {
        x0: a.x0.min(b.x0),
        y0: a.y0.min(b.y0),
        x1: a.x1.max(b.x1),
        y1: a.y1.max(b.y1),
    }
}

fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}')
}

/// Scripts written without spaces: each character is a word of its own to a highlighter.
fn stands_alone(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{3096}' | '\u{309d}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Words written with a hyphen inside a line of this page: at a line's end they keep it.
fn compounds(segments: &[Segment]) -> HashSet<String> {
    let mut found = HashSet::new();
    for segment in segments {
        for word in &segment.words {
            let text: String = word.glyphs.iter().map(|(c, _)| *c).collect();
            let core = text.trim_matches(|c: char| !c.is_alphanumeric());
            if core.contains('-') {
                found.insert(core.to_lowercase());
            }
        }
    }
    found
}

/// One row: segments side by side.
struct Row<'a> {
    segments: &'a [Segment],
    rect: Rect,
    size: f32,
    bold: bool,
    chars: usize,
    right_to_left: bool,
}

fn rows(segments: &[Segment]) -> Vec<Row<'_>> {
    segments
        .chunk_by(|a, b| {
            same_row(&a.rect, &b.rect)
                && if a.right_to_left {
                    b.rect.x1 <= a.rect.x0 + 1.0
                } else {
                    b.rect.x0 >= a.rect.x1 - 1.0
                }
        })
        .map(|segments| {
            let widest = segments
                .iter()
                .max_by_key(|segment| segment.chars)
                .expect("BUG: a chunk is never empty");
            Row {
                segments,
                rect: segments
                    .iter()
                    .skip(1)
                    .fold(segments[0].rect, |around, segment| union(&around, &segment.rect)),
                size: widest.size,
                bold: segments.iter().all(|segment| segment.bold),
                chars: segments.iter().map(|segment| segment.chars).sum(),
                right_to_left: widest.right_to_left,
            }
        })
        .collect()
}

#[derive(Default)]
struct Writer {
    text: String,
    chars: u32,
    words: Vec<WordBox>,
    headings: Vec<Heading>,
    body: f32,
    compounds: HashSet<String>,
}

impl Writer {
    fn write(&mut self, segments: &[Segment]) {
        let rows = rows(segments);
        let usual = usual_gap(&rows);
        let all_bold = rows.iter().filter(|row| row.bold).count() * 2 > rows.len();
        let mut previous: Option<&Row<'_>> = None;
        for block in rows.chunk_by(|a, b| same_block(a, b, usual)) {
            if let Some(last) = previous {
                // A sentence that runs on in the next column is one sentence.
                let runs_on = block[0].rect.y0 < last.rect.y0 && self.runs_on(&block[0]);
                self.separate(last, &block[0], if runs_on { " " } else { "\n\n" });
            }
            let start = self.chars;
            let around = block
                .iter()
                .skip(1)
                .fold(block[0].rect, |around, row| union(&around, &row.rect));
            for (at, row) in block.iter().enumerate() {
                if at > 0 {
                    let wraps = wraps(&block[at - 1], row, &around);
                    self.separate(&block[at - 1], row, if wraps { " " } else { "\n" });
                }
                self.row(row);
            }
            if let Some(level) = heading_level(block, self.body, all_bold) {
                self.headings.push(Heading {
                    level,
                    span: Span::new(start, self.chars),
                });
            }
            previous = block.last();
        }
    }

    fn runs_on(&self, row: &Row<'_>) -> bool {
        let unfinished = self
            .text
            .chars()
            .next_back()
            .is_some_and(|c| c.is_alphanumeric() || matches!(c, ',' | ';' | '-'));
        unfinished && first_char(row).is_some_and(char::is_lowercase)
    }

    /// Between two rows: nothing where a hyphen joins them.
    fn separate(&mut self, above: &Row<'_>, below: &Row<'_>, separator: &str) {
        let next = first_char(below);
        let last_word = above.segments.last().and_then(|segment| segment.words.last());
        let marked = last_word.is_some_and(|word| word.hyphen);
        let written =
            self.text.ends_with(['-', '\u{2010}']) && self.text.chars().rev().nth(1).is_some_and(char::is_alphabetic);
        if !(marked || written) || !next.is_some_and(char::is_alphanumeric) {
            self.push(separator);
            return;
        }
        if marked && separator != " " && !next.is_some_and(char::is_lowercase) {
            self.push("-");
            self.push(separator);
            return;
        }
        let next_word: String = below.segments[0].words[0].glyphs.iter().map(|(c, _)| *c).collect();
        let next_core = next_word.trim_end_matches(|c: char| !c.is_alphanumeric());
        let stem = self.text.trim_end_matches(['-', '\u{2010}']);
        let begun = stem
            .rfind(|c: char| c.is_whitespace())
            .map_or(stem, |at| &stem[at + 1..]);
        let begun = begun.trim_start_matches(|c: char| !c.is_alphanumeric());
        let compound = self.compounds.contains(&format!("{begun}-{next_core}").to_lowercase());
        let lower = next.is_some_and(char::is_lowercase) && begun.chars().next_back().is_some_and(char::is_lowercase);
        if compound || !lower {
            // `X-` + `Ray`, `2019-` + `20`: the hyphen stays, the line end goes.
            if marked {
                self.push("-");
            }
            return;
        }
        if !marked {
            self.text.pop();
            self.chars -= 1;
            if let Some(last) = self.words.last_mut() {
                last.span = Span::new(last.span.start, last.span.end.min(self.chars));
            }
        }
    }

    fn row(&mut self, row: &Row<'_>) {
        for (at, segment) in row.segments.iter().enumerate() {
            if at > 0 {
                self.push("\t");
            }
            for (at, word) in segment.words.iter().enumerate() {
                if at > 0 {
                    self.push(" ");
                }
                self.word(word);
            }
        }
    }

    fn word(&mut self, word: &Word) {
        let mut glyphs = word.glyphs.as_slice();
        while let Some((first, _)) = glyphs.first() {
            let alone = stands_alone(*first);
            let end = glyphs
                .iter()
                .skip(1)
                // A combining mark stays with what it modifies.
                .position(|(c, _)| {
                    (alone || stands_alone(*c)) && !matches!(c, '\u{300}'..='\u{36f}' | '\u{3099}' | '\u{309a}')
                })
                .map_or(glyphs.len(), |at| at + 1);
            let (piece, rest) = glyphs.split_at(end);
            let mut text = String::with_capacity(piece.len() + 4);
            for (c, _) in piece {
                push_char(&mut text, *c);
            }
            if is_nfc_quick(text.chars()) != IsNormalized::Yes {
                text = text.nfc().collect();
            }
            let start = self.chars;
            self.push(&text);
            if self.chars > start {
                let rect = piece
                    .iter()
                    .skip(1)
                    .fold(piece[0].1, |around, (_, rect)| union(&around, rect));
                self.words.push(WordBox {
                    span: Span::new(start, self.chars),
                    rect,
                });
            }
            glyphs = rest;
        }
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.chars += text.chars().count() as u32;
    }
}

fn first_char(row: &Row<'_>) -> Option<char> {
    row.segments.first()?.words.first()?.glyphs.first().map(|(c, _)| *c)
}

/// The gap most rows have to the one above.
fn usual_gap(rows: &[Row<'_>]) -> f32 {
    let mut gaps: Vec<f32> = rows
        .windows(2)
        .filter(|pair| pair[1].rect.y0 > pair[0].rect.y0)
        .map(|pair| pair[1].rect.y0 - pair[0].rect.y1)
        .filter(|gap| *gap < 3.0 * rows[0].size.max(8.0))
        .collect();
    gaps.sort_by(f32::total_cmp);
    // The lower third: paragraph gaps are never fewer than line gaps on a page of short paragraphs.
    gaps.get(gaps.len() / 3).copied().unwrap_or(0.0)
}

fn same_block(above: &Row<'_>, below: &Row<'_>, usual: f32) -> bool {
    let size = above.size.max(below.size).max(1.0);
    let gap = below.rect.y0 - above.rect.y1;
    let apart = below.rect.x0 > above.rect.x1 || above.rect.x0 > below.rect.x1;
    below.rect.y0 >= above.rect.y0 - 0.5 * size
        && gap <= usual.max(-0.3 * size) + 0.45 * size
        && (above.size - below.size).abs() <= 0.12 * size
        && above.bold == below.bold
        && !apart
}

/// True when the row below only begins there because its first word had no room above.
fn wraps(above: &Row<'_>, below: &Row<'_>, block: &Rect) -> bool {
    let size = above.size.max(1.0);
    if block.x1 - block.x0 < 12.0 * size || above.segments.len() > 1 && below.segments.len() > 1 {
        return false;
    }
    if first_char(below).is_some_and(|c| matches!(c, '•' | '●' | '▪' | '◦' | '–' | '—' | '-' | '*' | '§' | '\u{f0b7}'))
    {
        return false;
    }
    let first = &below.segments[0].words[0];
    let numbered = first.glyphs.len() <= 4
        && first.glyphs.last().is_some_and(|(c, _)| matches!(c, '.' | ')'))
        && first
            .glyphs
            .first()
            .is_some_and(|(c, _)| c.is_ascii_digit() || *c == '(');
    if numbered {
        return false;
    }
    let width = first.rect.x1 - first.rect.x0;
    let room = if above.right_to_left {
        above.rect.x0 - block.x0
    } else {
        block.x1 - above.rect.x1
    };
    let cjk = first.glyphs.first().is_some_and(|(c, _)| stands_alone(*c));
    let needed = if cjk { size } else { width + 0.25 * size };
    room < needed + 0.6 * size
}

/// The level of a heading, where the block is one: larger than running text, or bold and alone.
fn heading_level(block: &[Row<'_>], body: f32, all_bold: bool) -> Option<u8> {
    let chars: usize = block.iter().map(|row| row.chars).sum();
    let letters = block
        .iter()
        .flat_map(|row| row.segments.iter().flat_map(|s| s.words.iter().flat_map(|w| &w.glyphs)))
        .filter(|(c, _)| c.is_alphabetic())
        .count();
    if block.len() > 3 || chars > 200 || letters < 2 || letters * 2 < chars {
        return None;
    }
    let ratio = block[0].size / body.max(1.0);
    let last = block.last()?.segments.last()?.words.last()?.glyphs.last()?.0;
    if ratio >= 1.15 {
        return Some(if ratio >= 1.6 {
            1
        } else if ratio >= 1.3 {
            2
        } else {
            3
        });
    }
    let alone = block.len() == 1 && block[0].segments.len() == 1 && chars <= 100;
    let ends_open = !matches!(last, '.' | ',' | ';' | ':');
    (block[0].bold && alone && ends_open && ratio >= 0.95 && !all_bold).then_some(4)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A segment of evenly wide characters, 10 points high.
    pub fn segment(text: &str, x: f32, y: f32, width: f32) -> Segment {
        let advance = width / text.chars().count() as f32;
        let mut builder = SegmentBuilder {
            size: 10.0,
            ..SegmentBuilder::default()
        };
        for (at, c) in text.chars().enumerate() {
            let x0 = x + at as f32 * advance;
            if c == ' ' {
                builder.end_word(false);
            } else {
                builder.glyphs.push((
                    c,
                    Rect {
                        x0,
                        y0: y,
                        x1: x0 + advance,
                        y1: y + 10.0,
                    },
                ));
            }
        }
        builder.end_segment(false);
        builder.done.remove(0)
    }

    fn drawn(lines: &[(&str, f32, f32, f32)]) -> Drawn {
        let mut glyphs = Vec::new();
        for &(text, x, y, size) in lines {
            glyphs.push(Glyph::Font { size, bold: false });
            for (at, c) in text.chars().enumerate() {
                let x0 = x + at as f32 * size * 0.5;
                glyphs.push(match c {
                    ' ' => Glyph::Space,
                    '\u{2}' => Glyph::Hyphen,
                    c => Glyph::Drawn {
                        c,
                        rect: Rect {
                            x0,
                            y0: y,
                            x1: x0 + size * 0.5,
                            y1: y + size,
                        },
                    },
                });
            }
            if !text.ends_with('\u{2}') {
                glyphs.push(Glyph::LineEnd);
            }
        }
        let overlay = glyphs.len();
        Drawn {
            glyphs,
            overlay,
            size: (600.0, 800.0),
            ..Drawn::default()
        }
    }

    fn read(lines: &[(&str, f32, f32, f32)]) -> Page {
        page(1, drawn(lines), &mut BodySize::default())
    }

    #[test]
    fn wrapped_lines_become_paragraphs() {
        let page = read(&[
            ("The first paragraph goes over two lines and", 50.0, 50.0, 10.0),
            ("ends here.", 50.0, 62.0, 10.0),
            ("A second one begins after a gap.", 50.0, 90.0, 10.0),
        ]);
        assert_eq!(
            page.text,
            "The first paragraph goes over two lines and ends here.\n\nA second one begins after a gap."
        );
    }

    #[test]
    fn hyphens_at_line_ends_are_undone_except_in_compounds() {
        let page = read(&[
            ("A long line that shows how hyphen\u{2}", 50.0, 50.0, 10.0),
            ("ation is undone, while well-known words and well-", 50.0, 62.0, 10.0),
            (
                "known ones at the end of a line keep theirs, as in the X-",
                50.0,
                74.0,
                10.0,
            ),
            ("Ray.", 50.0, 86.0, 10.0),
        ]);
        assert!(page.text.contains("hyphenation is undone"), "{}", page.text);
        assert!(page.text.contains("words and well-known ones"), "{}", page.text);
        assert!(page.text.ends_with("X-Ray."), "{}", page.text);
    }

    #[test]
    fn every_word_box_covers_its_word() {
        let page = read(&[("o\u{fb03}ce e\u{301}tat 日本", 50.0, 50.0, 10.0)]);
        let words: Vec<&str> = page.words.iter().map(|word| word.span.slice(&page.text)).collect();
        assert_eq!(words, ["office", "état", "日", "本"]);
        assert!((page.words[0].rect.x0 - 50.0).abs() < 0.01);
    }

    #[test]
    fn larger_lines_are_headings() {
        let page = read(&[
            ("Report", 50.0, 20.0, 20.0),
            (
                "Running text that is longer than its heading and small.",
                50.0,
                60.0,
                10.0,
            ),
        ]);
        assert_eq!(page.headings.len(), 1);
        assert_eq!(page.headings[0].level, 1);
        assert_eq!(page.headings[0].span.slice(&page.text), "Report");
    }

    #[test]
    fn cells_of_a_row_are_parted_by_tabs() {
        let mut input = drawn(&[("Total", 50.0, 50.0, 10.0)]);
        input.glyphs.pop();
        input.glyphs.push(Glyph::Space);
        input.glyphs.push(Glyph::Drawn {
            c: '7',
            rect: Rect {
                x0: 200.0,
                y0: 50.0,
                x1: 205.0,
                y1: 60.0,
            },
        });
        input.overlay = input.glyphs.len();
        assert_eq!(page(1, input, &mut BodySize::default()).text, "Total\t7");
    }

    #[test]
    fn a_value_without_a_drawing_stands_behind_its_label() {
        let mut input = drawn(&[("Name:", 50.0, 50.0, 10.0), ("Town:", 50.0, 70.0, 10.0)]);
        input.values.push((
            "Ada Lovelace".into(),
            Rect {
                x0: 100.0,
                y0: 49.0,
                x1: 200.0,
                y1: 61.0,
            },
        ));
        assert!(
            page(1, input, &mut BodySize::default())
                .text
                .starts_with("Name:\tAda Lovelace")
        );
    }
}
