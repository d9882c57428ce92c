//! Segments to rows, rows to blocks: what belongs to one paragraph, what is a heading.

use super::segments::{Segment, is_wide_latin, joins, union};
use crate::pdf::order::same_row;
use docmind_core::document::Rect;

/// One row: segments side by side.
pub struct Row<'a> {
    /// In reading order.
    pub segments: &'a [Segment],
    /// Around all of them.
    pub rect: Rect,
    size: f32,
    /// All of it is heavy.
    pub bold: bool,
    chars: usize,
    right_to_left: bool,
}

pub fn rows(segments: &[Segment]) -> Vec<Row<'_>> {
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

pub fn first_char(row: &Row<'_>) -> Option<char> {
    row.segments.first()?.words.first()?.glyphs.first().map(|(c, _)| *c)
}

fn last_char(row: &Row<'_>) -> Option<char> {
    row.segments.last()?.words.last()?.glyphs.last().map(|(c, _)| *c)
}

/// The gap most rows have to the one above.
pub fn usual_gap(rows: &[Row<'_>]) -> f32 {
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

/// True when the row below goes on with the block of the row above: `usual` is the page's [`usual_gap`].
pub fn same_block(above: &Row<'_>, below: &Row<'_>, usual: f32) -> bool {
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
pub fn wraps(above: &Row<'_>, below: &Row<'_>, block: &Rect) -> bool {
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
    // `ａ　…`, `（１）…`: lists of Chinese and Japanese. Below a letter of that width it is the end of a word broken there.
    let wide_number = !last_char(above).is_some_and(is_wide_latin)
        && below.segments[0].words.len() > 1
        && first.glyphs.len() <= 4
        && first.glyphs.iter().all(|(c, _)| matches!(c, '\u{ff01}'..='\u{ff5e}'))
        && first
            .glyphs
            .last()
            .is_some_and(|(c, _)| first.glyphs.len() == 1 || matches!(c, '）' | '．'));
    if numbered || wide_number || is_entry(above) {
        return false;
    }
    let width = first.rect.x1 - first.rect.x0;
    let room = if above.right_to_left {
        above.rect.x0 - block.x0
    } else {
        block.x1 - above.rect.x1
    };
    // No such line ends early but at the end of a sentence, or for a pair of characters that must not be parted.
    let cjk = first.glyphs.first().is_some_and(|(c, _)| joins(*c));
    let ends = last_char(above).is_some_and(|c| matches!(c, '。' | '！' | '？' | '：'));
    let needed = match (cjk, ends) {
        (true, true) => size,
        (true, false) => 2.5 * size,
        (false, _) => width + 0.25 * size,
    };
    room < needed + 0.6 * size
}

/// True where letters as wide as ideographs are broken within a word, which they are anywhere and without a hyphen: it shows only
/// where a single letter is left over that is no word.
pub fn breaks_wide_word(above: &Row<'_>, below: &Row<'_>) -> bool {
    let first = below.segments.first().and_then(|segment| segment.words.first());
    last_char(above).is_some_and(is_wide_latin)
        && first.is_some_and(
            |word| matches!(word.glyphs[..], [(c, _)] if is_wide_latin(c) && c.is_lowercase() && c != 'ａ'),
        )
}

/// True for a line of a table of contents: it ends in a number after dots or a wide gap.
fn is_entry(row: &Row<'_>) -> bool {
    let Some(last) = row.segments.last().and_then(|segment| segment.words.last()) else {
        return false;
    };
    let is_number = last.glyphs.len() <= 4 && last.glyphs.iter().all(|(c, _)| c.is_ascii_digit());
    let dots = || {
        let words = row.segments.iter().flat_map(|segment| &segment.words);
        words.flat_map(|word| &word.glyphs).filter(|(c, _)| *c == '.').count()
    };
    is_number && (row.segments.len() > 1 || dots() >= 4)
}

/// Blocks with those brought together that small print at the foot of a column parts: a word or sentence that breaks off above a
/// footnote goes on at the top of the next column.
pub fn bring_together<'a, 'b>(mut blocks: Vec<&'a [Row<'b>]>) -> Vec<&'a [Row<'b>]> {
    /// Footnotes a column has at most.
    const MOST: usize = 6;
    let mut at = 0;
    while at + 2 < blocks.len() {
        if let Some(last) = blocks[at].last().filter(|row| breaks_off(row)) {
            let notes = blocks[at + 1..]
                .iter()
                .take(MOST)
                .take_while(|block| block[0].size < 0.95 * last.size && block[0].rect.y0 > last.rect.y0)
                .count();
            let next = at + 1 + notes;
            if notes > 0
                && blocks.get(next).is_some_and(|block| {
                    (block[0].size - last.size).abs() <= 0.12 * last.size
                        && block[0].rect.y0 < last.rect.y0
                        && first_char(&block[0]).is_some_and(char::is_lowercase)
                })
            {
                blocks[at + 1..=next].rotate_right(1);
            }
        }
        at += 1;
    }
    blocks
}

/// True when a row ends within a sentence.
fn breaks_off(row: &Row<'_>) -> bool {
    row.segments
        .last()
        .and_then(|segment| segment.words.last())
        .is_some_and(|word| {
            word.hyphen
                || word
                    .glyphs
                    .last()
                    .is_some_and(|(c, _)| c.is_alphabetic() || matches!(c, ',' | ';' | '-' | '\u{2010}'))
        })
}

/// The level of a heading, where the block is one: larger than running text, or bold and alone.
pub fn heading_level(block: &[Row<'_>], body: f32, all_bold: bool) -> Option<u8> {
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
