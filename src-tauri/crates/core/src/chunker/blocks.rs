//! A page as a sequence of headings, tables and the prose between them.

use super::cut::Unit;
use crate::document::{Page, Span};
use std::ops::Range;

/// A page's text with the places of its tokens and characters.
pub(super) struct Text<'t> {
    pub(super) text: &'t str,
    starts: Vec<u32>,
    /// Byte offset of every 64th character; empty for ASCII, where bytes are characters.
    marks: Vec<usize>,
}

const STRIDE: usize = 64;

impl<'t> Text<'t> {
    pub(super) fn new(text: &'t str, starts: Vec<u32>) -> Self {
        let marks = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().step_by(STRIDE).map(|(at, _)| at).collect()
        };
        Self { text, starts, marks }
    }

    /// Tokens that start in a range of bytes.
    pub(super) fn tokens(&self, range: &Range<usize>) -> u32 {
        (self.token_index(range.end) - self.token_index(range.start)) as u32
    }

    /// Byte offset at which the `skip`th token at or after `from` starts, if there is one.
    pub(super) fn token_start(&self, from: usize, skip: usize) -> Option<usize> {
        self.starts.get(self.token_index(from) + skip).map(|at| *at as usize)
    }

    fn token_index(&self, byte: usize) -> usize {
        self.starts.partition_point(|at| (*at as usize) < byte)
    }

    /// Number of characters before a byte offset.
    pub(super) fn char_index(&self, byte: usize) -> u32 {
        if self.marks.is_empty() {
            return byte as u32;
        }
        let mark = self.marks.partition_point(|at| *at <= byte) - 1;
        (mark * STRIDE + self.text[self.marks[mark]..byte].chars().count()) as u32
    }

    /// Byte offset of a character; past the end, the end.
    pub(super) fn byte_index(&self, char_index: u32) -> usize {
        let wanted = char_index as usize;
        if self.marks.is_empty() {
            return wanted.min(self.text.len());
        }
        let Some(start) = self.marks.get(wanted / STRIDE) else {
            return self.text.len();
        };
        self.text[*start..]
            .char_indices()
            .nth(wanted % STRIDE)
            .map_or(self.text.len(), |(at, _)| start + at)
    }

    /// A range without the white space at its ends, as a unit.
    pub(super) fn unit(&self, range: Range<usize>) -> Unit {
        let inner = &self.text[range.clone()];
        let start = range.start + (inner.len() - inner.trim_start().len());
        let end = start + inner.trim().len();
        let tokens = self.tokens(&(start..end));
        Unit {
            bytes: start..end,
            chars: self.char_index(start)..self.char_index(end),
            tokens,
        }
    }

    fn bytes(&self, span: Span) -> Range<usize> {
        let start = self.byte_index(span.start);
        start..self.byte_index(span.end).max(start)
    }
}

/// One piece of a page's structure.
pub(super) enum Block {
    Heading { level: u8, unit: Unit },
    Prose(Range<usize>),
    Table { rows: Vec<Unit>, header: Option<Unit> },
}

/// Longest heading, in shares of the budget: a "heading" longer than a sixth of it is a paragraph in large type.
const HEADING_SHARE: u32 = 6;

/// The blocks of a page in order. Structure that overlaps what came before it, or lies outside the text, is read as prose.
pub(super) fn blocks(page: &Page, text: &Text<'_>, budget: u32) -> Vec<Block> {
    enum Mark {
        Heading(u8),
        Table(Range<usize>),
    }
    let mut marks: Vec<(Range<usize>, Mark)> = Vec::with_capacity(page.headings.len() + page.tables.len());
    marks.extend(
        page.headings
            .iter()
            .map(|heading| (text.bytes(heading.span), Mark::Heading(heading.level))),
    );
    marks.extend(
        page.tables
            .iter()
            .map(|table| (text.bytes(table.span), Mark::Table(text.bytes(table.header)))),
    );
    marks.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));

    let mut blocks = Vec::new();
    let mut done = 0;
    for (range, mark) in marks {
        let unit = text.unit(range.clone());
        if range.start < done || unit.bytes.is_empty() {
            continue;
        }
        let block = match mark {
            Mark::Heading(_) if unit.cost() > budget / HEADING_SHARE => continue,
            Mark::Heading(level) => Block::Heading {
                level: level.max(1),
                unit,
            },
            Mark::Table(header) => table(text, &range, &header),
        };
        push_prose(&mut blocks, text, done..range.start);
        blocks.push(block);
        done = range.end;
    }
    push_prose(&mut blocks, text, done..text.text.len());
    blocks
}

fn push_prose(blocks: &mut Vec<Block>, text: &Text<'_>, range: Range<usize>) {
    if !text.text[range.clone()].trim().is_empty() {
        blocks.push(Block::Prose(range));
    }
}

/// A table's rows are its lines; what lies before its header's end is the header.
fn table(text: &Text<'_>, range: &Range<usize>, header: &Range<usize>) -> Block {
    let header_end = header.end.clamp(range.start, range.end);
    let header = (header.start >= range.start && header_end > header.start)
        .then(|| text.unit(range.start..header_end))
        .filter(|unit| !unit.bytes.is_empty());
    let mut at = if header.is_some() { header_end } else { range.start };
    let mut rows = Vec::new();
    for line in text.text[at..range.end].split_inclusive('\n') {
        let row = text.unit(at..at + line.len());
        at += line.len();
        if !row.bytes.is_empty() {
            rows.push(row);
        }
    }
    Block::Table { rows, header }
}
