//! A text as runs of letters and digits of one kind of script.

use super::fold::lower;
use super::push;
use docmind_core::words::signed_name;
use std::borrow::Cow;
use unicode_normalization::char::is_combining_mark;

/// A longer run of letters is cut: nobody types it, and it would bloat the index (base64, hex dumps).
pub(super) const LONGEST_WORD: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    /// Words between spaces.
    Words,
    /// Indexed as overlapping pairs.
    Pairs,
}

/// A run of letters and digits of one kind of script.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run<'t> {
    pub(super) text: &'t str,
    pub(super) script: Script,
    /// Of a name with signs, such as `C#`: the word it is when it is said.
    signed: Option<&'static str>,
    after_apostrophe: bool,
    before_apostrophe: bool,
}

impl<'t> Run<'t> {
    /// The word in lower case.
    pub(super) fn lower(&self) -> Cow<'t, str> {
        self.signed.map_or_else(|| lower(self.text), Cow::Borrowed)
    }

    /// The `s` of `Newton's`, the `l` of `l'homme`: no word of its own.
    pub(super) fn is_ending(&self) -> bool {
        (self.after_apostrophe && self.text.chars().count() <= 2)
            || (self.before_apostrophe && self.text.chars().count() <= 1)
    }
}

pub(super) fn runs(text: &str) -> impl Iterator<Item = Run<'_>> {
    let mut at = 0;
    let mut apostrophe = false;
    std::iter::from_fn(move || {
        loop {
            let first = text[at..].chars().next()?;
            if is_word_character(first) {
                break;
            }
            apostrophe = is_apostrophe(first);
            at += first.len_utf8();
        }
        let start = at;
        let script = script(text[start..].chars().next()?);
        let mut length = 0;
        for c in text[start..].chars() {
            let ignored = is_ignorable(c) || is_combining_mark(c);
            let inside = length < LONGEST_WORD && (ignored || (is_word_character(c) && self::script(c) == script));
            if !inside {
                break;
            }
            length += usize::from(!ignored);
            at += c.len_utf8();
        }
        let run = Run {
            text: &text[start..at],
            script,
            signed: signed_name(text, start..at).map(|(_, said)| said),
            after_apostrophe: apostrophe,
            before_apostrophe: text[at..].chars().next().is_some_and(is_apostrophe),
        };
        apostrophe = false;
        Some(run)
    })
}

pub(super) fn is_word_character(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | 'ʼ' | '‘' | '＇')
}

/// Written inside words and never seen: soft hyphen, zero-width joiners, directional marks, the Arabic tatweel.
pub(super) fn is_ignorable(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{640}'
    )
}

fn script(c: char) -> Script {
    match c as u32 {
        0x0600..=0x06ff if c.is_numeric() => Script::Words,
        // Arabic; Thai and Lao; Burmese; Hangul; Khmer; kana; Han; half-width kana
        0x0600..=0x06ff
        | 0x0750..=0x077f
        | 0x08a0..=0x08ff
        | 0xfb50..=0xfdff
        | 0xfe70..=0xfefc
        | 0x0e00..=0x0eff
        | 0x1000..=0x109f
        | 0x1100..=0x11ff
        | 0xac00..=0xd7af
        | 0x1780..=0x17ff
        | 0x3005..=0x3007
        | 0x3040..=0x31ff
        | 0x3400..=0x4dbf
        | 0x4e00..=0x9fff
        | 0xf900..=0xfaff
        | 0xff66..=0xff9f
        | 0x2_0000..=0x3_ffff => Script::Pairs,
        _ => Script::Words,
    }
}

pub(super) fn is_arabic(word: &str) -> bool {
    word.starts_with(|c| matches!(c, '\u{600}'..='\u{8ff}'))
}

pub(super) fn is_hebrew(word: &str) -> bool {
    word.starts_with(|c| matches!(c, '\u{590}'..='\u{5ff}'))
}

/// Whether the last character of a run also stands alone: in the index, so that it is found by itself; not in a question, where
/// more may follow in the text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    Kept,
    Dropped,
}

/// `東京都` becomes `東京 京都 都`.
pub(super) fn push_pairs(column: &mut String, word: &str, tail: Tail) {
    let chars: Vec<char> = word.chars().collect();
    let mut buffer = String::with_capacity(8);
    for pair in chars.windows(2) {
        buffer.clear();
        buffer.extend(pair);
        push(column, &buffer);
    }
    if let Some(last) = chars.last()
        && (tail == Tail::Kept || chars.len() == 1)
    {
        buffer.clear();
        buffer.push(*last);
        push(column, &buffer);
    }
}
