//! Marks in brackets: as the model writes them, as they are shown, and what only looks like one.

use crate::prompt::number;
use std::ops::RangeInclusive;

/// Stands between a bracket and its number where they are no mark. Nothing shows it, and no document has it: parsing drops it.
const WORD_JOINER: char = '\u{2060}';
/// More sources at once are no answer's.
const MOST_IN_RANGE: u32 = 32;

/// The sources that the inside of a pair of brackets names: codes with a right check letter, or none for what is a mark but names
/// nothing; `None` for ordinary text.
pub(super) fn marks(inner: &str) -> Option<Vec<u32>> {
    let mut found = Vec::new();
    let parts = inner.replace(" and ", ",").replace(" und ", ",");
    for part in parts.split([',', ';']) {
        let part = part.trim_start_matches(' ').trim_end_matches(' ');
        if let Some(n) = number(part) {
            found.push(n);
        } else if let Some(range) = range(part) {
            found.extend(range);
        } else if !is_shape(part) {
            return None;
        }
    }
    (!inner.starts_with(' ')).then_some(found)
}

/// From one code to another, as `S1L-S3B`; `None` where either is made up.
fn range(part: &str) -> Option<RangeInclusive<u32>> {
    let (first, last) = part.split_once(['-', '–'])?;
    let (first, last) = (
        number(first.trim_end_matches(' '))?,
        number(last.trim_start_matches(' '))?,
    );
    (first < last && last - first < MOST_IN_RANGE).then_some(first..=last)
}

/// Digits alone, or `S`, digits and perhaps a letter: made up.
fn is_shape(part: &str) -> bool {
    let digits = part.strip_prefix(['S', 's']).unwrap_or(part);
    let after = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    after.len() < digits.len()
        && (after.is_empty()
            || (digits.len() < part.len() && after.len() == 1 && after.starts_with(|c: char| c.is_ascii_alphabetic())))
}

/// False as soon as no continuation can make a mark of it.
pub(super) fn may_become_mark(inner: &str) -> bool {
    inner.starts_with(|c: char| matches!(c, 'S' | 's') || c.is_ascii_digit())
        && inner
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, ',' | ';' | ' ' | '-' | '–'))
}

/// The number of the mark `[n]` that `text` begins with.
fn number_in(text: &str) -> Option<u32> {
    let inner = text.strip_prefix('[')?;
    let after = inner.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &inner[..inner.len() - after.len()];
    after.starts_with(']').then(|| digits.parse().ok())?
}

/// Text of a document in which nothing can be taken for one of the marks `[1]` to `[most]`. It reads as before.
///
/// ```
/// use docmind_core::citation::literal;
/// assert_eq!(literal("argv[1] of x[0] in [1932]", 3), "argv[\u{2060}1] of x[0] in [1932]");
/// ```
pub fn literal(text: &str, most: u32) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        out.push(c);
        if c == '[' && number_in(&text[at..]).is_some_and(|n| (1..=most).contains(&n)) {
            out.push(WORD_JOINER);
        }
    }
    out
}

/// Shown text without its marks, which bear these numbers, and the space before them.
pub(super) fn without_marks(text: &str, numbers: &[u32]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        if number_in(rest).is_some_and(|n| numbers.contains(&n)) {
            out.truncate(out.trim_end_matches(' ').len());
            rest = rest.split_once(']').map_or("", |(_, after)| after);
        } else {
            out.push('[');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::super::tests::{source, whole};
    use crate::answer::Support;
    use crate::citation::citations;
    use crate::prompt::code;

    #[test]
    fn an_index_is_kept_apart_from_the_marks() {
        let text = whole(
            &format!(
                "Here argv[1] is the path of f(x)[2][{}]. It was said in [1932] too [{}].",
                code(2),
                code(1)
            ),
            &[1, 2],
        );
        assert_eq!(
            text.text,
            "Here argv[\u{2060}1] is the path of f(x)[\u{2060}2][1]. It was said in [1932] too [2]."
        );
        let pairs: Vec<_> = text
            .sentences
            .iter()
            .map(|sentence| (sentence.numbers.as_slice(), sentence.sources.as_slice()))
            .collect();
        assert_eq!(pairs, [([1].as_slice(), [2].as_slice()), (&[2], &[1])]);
        assert_eq!(
            text.sentences[0].plain(),
            "Here argv[\u{2060}1] is the path of f(x)[\u{2060}2]."
        );
        assert_eq!(text.sentences[1].plain(), "It was said in [1932] too.");
        let sources = [source(1, 0, "It was said."), source(2, 0, "argv[1] is the path.")];
        let cited: Vec<_> = citations(&text, &sources, |_, _| Support::Supported)
            .iter()
            .map(|citation| (citation.n, citation.source))
            .collect();
        assert_eq!(cited, [(1, 2), (2, 1)]);
    }

    #[test]
    fn a_quote_keeps_the_numbers_of_its_document() {
        let sources = [source(4, 0, "The program reads argv[1] of [1932] as the path [12].")];
        let found = crate::extract::candidates(&sources);
        let text = crate::extract::extract("What does the program read?", &sources, &[1.0], &found, None);
        assert_eq!(
            text.text,
            "The program reads argv[\u{2060}1] of [1932] as the path [12]. [1]"
        );
        assert_eq!(
            text.sentences[0].plain(),
            "The program reads argv[\u{2060}1] of [1932] as the path [12]."
        );
        let cited = citations(&text, &sources, |_, _| Support::Supported);
        assert_eq!((cited.len(), cited[0].quote.as_str()), (1, sources[0].text.as_str()));
    }
}
