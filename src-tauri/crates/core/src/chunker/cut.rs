//! Units: sentences and rows, or parts of those that are too long.

use super::blocks::Text;
use super::{CHARS_PER_TOKEN, TokenCounter};
use crate::sentences::sentences;
use std::ops::Range;

/// A piece of a page that is not divided further.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub(super) bytes: Range<usize>,
    pub(super) chars: Range<u32>,
    pub(super) tokens: u32,
}

impl Unit {
    /// What it takes of a budget, with the white space behind it.
    pub(super) fn cost(&self) -> u32 {
        cost(self.tokens, self.chars.end - self.chars.start)
    }
}

/// Tokens, or the characters' worth of tokens where that is more.
pub(super) fn cost(tokens: u32, chars: u32) -> u32 {
    tokens.max(chars.div_ceil(CHARS_PER_TOKEN))
}

/// The sentences of a stretch of prose, none costing more than `room`.
pub(super) fn prose(text: &Text<'_>, range: Range<usize>, room: u32, counter: &dyn TokenCounter) -> Vec<Unit> {
    sentences(&text.text[range.clone()])
        .into_iter()
        .map(|sentence| text.unit(range.start + sentence.start..range.start + sentence.end))
        .filter(|unit| !unit.bytes.is_empty())
        .flat_map(|unit| fit(text, unit, room, counter))
        .collect()
}

/// The unit itself where it costs at most `room`, else its parts.
pub(super) fn fit(text: &Text<'_>, unit: Unit, room: u32, counter: &dyn TokenCounter) -> Vec<Unit> {
    if unit.cost() <= room {
        return vec![unit];
    }
    let mut parts = Vec::new();
    let mut rest = unit.bytes;
    while !rest.is_empty() {
        let part = first_part(text, &rest, room, counter);
        rest.start = part.bytes.end;
        rest.start += text.text[rest.clone()].len() - text.text[rest.clone()].trim_start().len();
        parts.push(part);
    }
    parts
}

/// The longest good beginning of `rest` that costs at most `room`.
fn first_part(text: &Text<'_>, rest: &Range<usize>, room: u32, counter: &dyn TokenCounter) -> Unit {
    let by_tokens = text.token_start(rest.start, room as usize).unwrap_or(rest.end);
    let by_chars = text.byte_index(text.char_index(rest.start) + room * CHARS_PER_TOKEN);
    let limit = by_tokens.min(by_chars).min(rest.end);
    let mut end = if limit == rest.end {
        limit
    } else {
        let good = break_before(&text.text[rest.start..limit]).map(|at| rest.start + at);
        good.unwrap_or_else(|| character_floor(text.text, rest.start, limit))
    };
    // Parts of a divided word tokenise otherwise than the whole did: each is counted for itself, and shortened until it fits.
    loop {
        let part = counted(text, rest.start..end, counter);
        let shorter = character_floor(text.text, rest.start, rest.start + (end - rest.start) / 2);
        if part.cost() <= room || shorter == end {
            return part;
        }
        end = shorter;
    }
}

/// A unit counted anew where its ends may lie inside a word.
fn counted(text: &Text<'_>, range: Range<usize>, counter: &dyn TokenCounter) -> Unit {
    let mut unit = text.unit(range);
    let breaks = |c: Option<char>| c.is_none_or(char::is_whitespace);
    let clean_start = breaks(text.text[..unit.bytes.start].chars().next_back());
    let clean_end = breaks(text.text[unit.bytes.end..].chars().next());
    if !(clean_start && clean_end) {
        unit.tokens = counter.count(&text.text[unit.bytes.clone()]);
    }
    unit
}

/// Where to end a part of an overlong sentence: behind the last line end or clause of its second half, else behind its last word.
fn break_before(part: &str) -> Option<usize> {
    let half = character_floor(part, 0, part.len() / 2);
    let second = &part[half..];
    let line = second.rfind('\n').map(|at| at + 1);
    let clause = || {
        [", ", "; ", ": ", "– ", "— ", "、", "，", "；", "。"]
            .into_iter()
            .filter_map(|mark| second.rfind(mark).map(|at| at + mark.len()))
            .max()
    };
    let found = line.or_else(clause).map(|at| half + at).or_else(|| {
        let at = part.rfind(char::is_whitespace)?;
        Some(at + part[at..].chars().next()?.len_utf8())
    })?;
    (!part[..found].trim().is_empty()).then_some(found)
}

/// The last character boundary at or before `at`, and at least one character after `start`.
fn character_floor(text: &str, start: usize, at: usize) -> usize {
    let floor = text.floor_char_boundary(at);
    if floor > start || text.len() == start {
        return floor;
    }
    text.ceil_char_boundary(start + 1)
}
