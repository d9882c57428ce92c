//! From glyphs to a page's text: words, rows, paragraphs, headings, each word with its rectangle.

mod rows;
mod segments;
#[cfg(test)]
pub(super) mod tests;

use super::glyphs::Drawn;
use super::order::{MAX_COMPARISONS, place_overlay, reading_order};
use crate::text::push_char;
use docmind_core::document::{Heading, Page, Rect, Span, WordBox};
use rows::{Row, breaks_wide_word, bring_together, first_char, heading_level, rows, same_block, usual_gap, wraps};
use segments::{Word, joined, segments, stands_alone, typed, union};
use std::collections::{BTreeMap, HashSet};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

pub use segments::Segment;

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

/// Characters of a value that may well stand elsewhere on its page: it counts as drawn only where it is in its field.
const LONGEST_BY_CHANCE: usize = 6;

/// A page from what is drawn on it.
pub fn page(number: u32, drawn: Drawn, body: &mut BodySize) -> Page {
    let base = segments(&drawn.glyphs[..drawn.overlay]);
    for segment in &base {
        body.add(segment.size, segment.chars);
    }
    let overlay = segments(&drawn.glyphs[drawn.overlay..]);
    let all = || base.iter().chain(&overlay).flat_map(|segment| &segment.words);
    let shown = squeezed(all());
    let is_much = drawn.values.len().saturating_mul(drawn.glyphs.len()) > MAX_COMPARISONS;
    let is_shown = |value: &str, field: &Rect| {
        let value = squeeze(value);
        if is_much || value.chars().count() > LONGEST_BY_CHANCE {
            return shown.contains(&value);
        }
        squeezed(all().filter(|word| is_within(&word.rect, field))).contains(&value)
    };
    let missing: Vec<Segment> = drawn
        .values
        .iter()
        .filter(|(value, field)| !is_shown(value, field))
        .map(|(value, field)| typed(value, *field))
        .collect();
    let mut extra = overlay;
    extra.extend(missing);
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
        recognised: false,
    }
}

/// Letters and digits only, to ask whether a value is drawn already however it is broken into lines.
fn squeeze(text: &str) -> String {
    text.nfkc().filter(|c| c.is_alphanumeric()).collect()
}

fn squeezed<'a>(words: impl Iterator<Item = &'a Word>) -> String {
    squeeze(
        &words
            .flat_map(|word| word.glyphs.iter().map(|(c, _)| *c))
            .collect::<String>(),
    )
}

/// True where the middle of a word lies in a field.
fn is_within(word: &Rect, field: &Rect) -> bool {
    let (x, y) = (f32::midpoint(word.x0, word.x1), f32::midpoint(word.y0, word.y1));
    (field.x0..=field.x1).contains(&x) && (field.y0..=field.y1).contains(&y)
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
        for block in bring_together(rows.chunk_by(|a, b| same_block(a, b, usual)).collect()) {
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
        // By itself it is a sign: that of an ion, raised.
        let is_sign = last_word.is_some_and(|word| word.glyphs.len() == 1);
        let written = !is_sign
            && self.text.ends_with(['-', '\u{2010}'])
            && self.text.chars().rev().nth(1).is_some_and(char::is_alphabetic);
        if !(marked || written) || !next.is_some_and(char::is_alphanumeric) {
            // Scripts without spaces have none at a line's end either.
            let before = self.text.chars().next_back();
            let closed = separator == " "
                && (before.zip(next).is_some_and(|(before, next)| joined(before, next))
                    || breaks_wide_word(above, below));
            self.push(if closed { "" } else { separator });
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
                self.push(row.segments[at - 1].gap_to(segment));
            }
            for (at, word) in segment.words.iter().enumerate() {
                if at > 0 {
                    self.push(segment.words[at - 1].gap_to(word, segment.size));
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
