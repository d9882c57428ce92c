//! Where sentences begin and end, in documents and in an answer while it is being written.
//!
//! One rule serves both, so that a streamed answer is cut exactly as the finished one: a boundary is decided from the text before
//! it and a short look ahead, and while text may still come, an undecided boundary waits ([`first_end`]). Unicode's own segmentation
//! (UAX 29) ends a sentence at every line break, which in the text of a PDF is every line; hence this one.

use std::ops::Range;

/// Whether more text may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// The text is whole.
    Whole,
    /// More may come: what depends on it is left undecided.
    Open,
}

/// Characters after a line break that decide whether it ends a sentence: `12) x`.
const LOOK_AHEAD: usize = 6;
/// A line as short as this, without a full stop and followed by a capital, is a heading or an item, not a wrapped line.
const SHORT_LINE: usize = 32;

/// The sentences of a text as byte ranges without the white space around them. Every character but white space is in exactly one.
///
/// ```
/// use docmind_core::sentences::sentences;
/// let text = "Dr. Smith came at 3.15 p.m. and left. \"Why?\" Nobody\nknew.";
/// let found: Vec<&str> = sentences(text).into_iter().map(|range| &text[range]).collect();
/// assert_eq!(found, ["Dr. Smith came at 3.15 p.m. and left.", "\"Why?\"", "Nobody\nknew."]);
/// ```
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let end = first_end(&text[start..], Tail::Whole).map_or(text.len(), |end| start + end);
        push_trimmed(&mut found, text, start..end);
        start = end;
    }
    found
}

fn push_trimmed(found: &mut Vec<Range<usize>>, text: &str, range: Range<usize>) {
    let part = &text[range.clone()];
    let trimmed = part.trim();
    if !trimmed.is_empty() {
        let start = range.start + (part.len() - part.trim_start().len());
        found.push(start..start + trimmed.len());
    }
}

/// Byte offset one past the first sentence of `text` and the white space after it; `None` while that cannot be told
/// (`Tail::Open`), or when the text has no further boundary.
pub fn first_end(text: &str, tail: Tail) -> Option<usize> {
    let open = tail == Tail::Open;
    let body = text.len() - text.trim_start().len();
    let mut line_start = body;
    let mut passed = body;
    let chars = text[body..].char_indices().map(|(at, c)| (body + at, c));
    for (at, c) in chars {
        if at < passed {
            continue;
        }
        let after = at + c.len_utf8();
        if c == '\n' {
            let rest = text[after..].trim_start_matches([' ', '\t']);
            if open && rest.chars().nth(LOOK_AHEAD - 1).is_none() {
                return None;
            }
            if line_ends_sentence(&text[line_start..at], rest) {
                return past_space(text, after, open);
            }
            line_start = after;
            continue;
        }
        let wide = is_wide_stop(c);
        if !wide && !is_stop(c) {
            continue;
        }
        let closed = after + closers(&text[after..]);
        // Every stop among the closers has the same end: each read again would make a page of dots last for hours.
        passed = closed;
        let rest = &text[closed..];
        let Some(next) = rest.chars().next() else {
            // The end of what is there: a whole text ends here anyway, an open one may go on with a digit or a bracket.
            return None;
        };
        if !wide && !next.is_whitespace() {
            continue;
        }
        let following = rest.trim_start();
        let Some(first) = following.chars().next() else {
            if open {
                return None;
            }
            return Some(text.len());
        };
        // "left. [2] He": a mark after the full stop belongs to the sentence before.
        if first == '[' {
            match mark_group(following) {
                Group::Marks(len) => {
                    let end = closed + (rest.len() - following.len()) + len;
                    if open && text[end..].trim_start().is_empty() {
                        return None;
                    }
                    return past_space(text, end, open);
                }
                Group::Undecided if open => return None,
                Group::Undecided | Group::None => {}
            }
        }
        if wide {
            return past_space(text, closed, open);
        }
        let blank_line = rest[..rest.len() - following.len()].matches('\n').count() > 1;
        if first.is_lowercase() && !blank_line {
            continue;
        }
        let may_be_inside = c == '.' && closed == after && !blank_line;
        if may_be_inside && is_abbreviation(&text[body..at], following, tail)? {
            continue;
        }
        return past_space(text, closed, open);
    }
    None
}

/// A full stop of Chinese or Japanese, which needs no space after it.
fn is_wide_stop(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '｡')
}

/// A full stop, question or exclamation mark of other writings: Latin, Arabic, Urdu, Devanagari, Armenian, Ethiopic, Khmer, Burmese.
fn is_stop(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '؟' | '۔' | '।' | '॥' | '։' | '።' | '។' | '။')
}

/// Whether a sentence came to its full stop, perhaps within quotation marks or brackets.
///
/// ```
/// use docmind_core::sentences::is_ended;
/// assert!(is_ended("He said \"no.\"") && is_ended("好。"));
/// assert!(!is_ended("The tenant may"));
/// ```
pub fn is_ended(sentence: &str) -> bool {
    let closes = |c: char| is_closer(c) && !is_stop(c);
    sentence
        .trim_end()
        .trim_end_matches(closes)
        .ends_with(|c: char| is_stop(c) || is_wide_stop(c))
}

/// What may stand between a full stop and the white space after the sentence.
fn is_closer(c: char) -> bool {
    matches!(
        c,
        '.' | '!'
            | '?'
            | '…'
            | '"'
            | '\''
            | '”'
            | '’'
            | '»'
            | '«'
            | '“'
            | ')'
            | ']'
            | '）'
            | '」'
            | '』'
            | '*'
            | '_'
    )
}

/// Past the white space at `from`; `None` while white space may still come.
fn past_space(text: &str, from: usize, open: bool) -> Option<usize> {
    let rest = text[from..].trim_start();
    if rest.is_empty() && open {
        return None;
    }
    Some(text.len() - rest.len())
}

/// Length of what still belongs to a sentence after its full stop: more stops, closing quotes and brackets, marks such as `[3]`.
fn closers(rest: &str) -> usize {
    let mut len = 0;
    loop {
        let here = &rest[len..];
        match here.chars().next() {
            Some(c) if is_closer(c) => len += c.len_utf8(),
            Some('[') => match mark_group(here) {
                Group::Marks(marks) => len += marks,
                _ => return len,
            },
            _ => return len,
        }
    }
}

enum Group {
    Marks(usize),
    Undecided,
    None,
}

/// `[1][2]`, `[1] [2]` or `[1, 2]` at the beginning of `text`.
fn mark_group(text: &str) -> Group {
    let mut len = 0;
    loop {
        let here = &text[len..];
        let gap = here.len() - here.trim_start_matches(' ').len();
        let here = &here[gap..];
        let Some(inner) = here.strip_prefix('[') else { break };
        let digits = inner.len()
            - inner
                .trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, ',' | ' '))
                .len();
        match inner[digits..].chars().next() {
            Some(']') if digits > 0 => len += gap + 1 + digits + 1,
            None if len == 0 => return Group::Undecided,
            _ => break,
        }
    }
    if len == 0 { Group::None } else { Group::Marks(len) }
}

/// A line break ends a sentence before an empty line or a list item, in a table, and after a short line that has the look of a heading.
fn line_ends_sentence(line: &str, rest: &str) -> bool {
    let Some(first) = rest.chars().next() else { return true };
    if first == '\n' {
        return true;
    }
    if matches!(first, '•' | '‣' | '▪' | '◦' | '|' | '#') || line.contains(['\t', '|']) {
        return true;
    }
    if matches!(first, '-' | '*' | '–') && rest[first.len_utf8()..].starts_with(' ') {
        return true;
    }
    let after_digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = rest.len() - after_digits.len();
    if (1..=3).contains(&digits) && (after_digits.starts_with(". ") || after_digits.starts_with(") ")) {
        return true;
    }
    let line = line.trim();
    !line.is_empty()
        && line.chars().count() <= SHORT_LINE
        && first.is_uppercase()
        && !line.ends_with([',', ';', ':', '-', '.', '!', '?'])
        && line.chars().next().is_some_and(|c| c.is_uppercase() || c.is_numeric())
        && !line.split_whitespace().last().is_some_and(crate::words::is_stop_word)
}

/// Whether a full stop after `before` belongs to the word: initials, known abbreviations, `e.g.`, the ordinals of German dates, and
/// words that are an abbreviation by what follows; `None` while more of that has to come.
fn is_abbreviation(before: &str, following: &str, tail: Tail) -> Option<bool> {
    let word = before
        .rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | '[' | '"' | '“' | '„' | '/'))
        .next()
        .unwrap_or_default();
    let lower = word.to_lowercase();
    let lower = lower.as_str();
    if is_initial_or_ordinal(word) || ABBREVIATIONS.binary_search(&lower).is_ok() {
        return Some(true);
    }
    // "mid-Dec. 2025", "Kunden-Nr. 4711"
    let last_part = lower.rsplit('-').next().unwrap_or_default();
    let numbered = BEFORE_NUMBERS.binary_search(&last_part).is_ok();
    if !numbered && INSIDE_SENTENCES.binary_search(&lower).is_err() {
        return Some(false);
    }
    if numbered && following.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(true);
    }
    let end = following
        .find(|c: char| !c.is_alphanumeric())
        .or((tail == Tail::Whole).then_some(following.len()))?;
    let (next, after) = following.split_at(end);
    Some(if numbered {
        is_roman(next, after)
    } else {
        !crate::words::is_stop_word(next)
    })
}

fn is_initial_or_ordinal(word: &str) -> bool {
    let mut letters = word.chars();
    let first = letters.next();
    if first.is_some_and(char::is_alphabetic) && letters.next().is_none() {
        return true;
    }
    if word.contains('.')
        && word.chars().all(|c| c.is_alphabetic() || c == '.')
        && word.split('.').all(|part| part.chars().count() <= 2)
    {
        return true;
    }
    (1..=2).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit())
}

/// Roman numerals up to 89. `I` alone is a word, unless a comma, colon or bracket follows.
fn is_roman(word: &str, after: &str) -> bool {
    !word.is_empty()
        && word.chars().all(|c| matches!(c, 'I' | 'V' | 'X' | 'L'))
        && (word != "I" || after.starts_with([',', ';', ':', ')']))
}

/// Sorted; without the full stop, lower case. Words that often end a sentence (`etc`, `inc`, `usw`) are not among them: before a
/// small letter they do not end one anyway.
const ABBREVIATIONS: &[&str] = &[
    "abb", "abs", "al", "anm", "approx", "aufl", "bd", "bspw", "bzgl", "bzw", "ca", "cf", "col", "dipl", "dr", "ed",
    "eds", "einschl", "eq", "eqs", "evtl", "exkl", "ff", "fig", "figs", "gem", "ggf", "hon", "hr", "hrsg", "ing",
    "inkl", "jr", "kap", "lfd", "lt", "max", "min", "mme", "mr", "mrs", "ms", "mt", "nos", "nr", "pp", "prof", "ref",
    "refs", "resp", "rev", "sen", "sgt", "sog", "sr", "st", "str", "tab", "tel", "verf", "vgl", "viz", "vol", "vs",
    "zit", "zzgl",
];

/// Months and parts of a whole. Many are words as well (`no`, `art`): abbreviations before a number only. Sorted; the last part of
/// words with hyphens.
const BEFORE_NUMBERS: &[&str] = &[
    "apr", "art", "aug", "ch", "dec", "dez", "feb", "jan", "jul", "jun", "mar", "mrz", "mär", "no", "nov", "nr", "oct",
    "okt", "par", "sec", "sep", "sept",
];

/// Amounts and companies, which end a sentence as often as not: they do before the word that begins one ("3 Mio. Die Kosten"), not
/// before another ("3 Mio. Euro", "& Co. KG"). Sorted.
const INSIDE_SENTENCES: &[&str] = &["co", "ltd", "mio", "mrd", "std", "tsd"];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(text: &str) -> Vec<&str> {
        sentences(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn abbreviations_are_sorted() {
        for list in [ABBREVIATIONS, BEFORE_NUMBERS, INSIDE_SENTENCES] {
            assert!(list.is_sorted(), "{:?}", list.windows(2).find(|pair| pair[0] > pair[1]));
        }
    }

    #[test]
    fn wrapped_lines_stay_one_sentence() {
        assert_eq!(
            cut("The lease ends in May\nof the next year. It is\nrenewed then."),
            ["The lease ends in May\nof the next year.", "It is\nrenewed then."]
        );
    }

    #[test]
    fn full_stops_of_other_writings_end_one() {
        assert_eq!(
            cut("هل يمكن إنهاء العقد؟ نعم. بعد سنتين."),
            ["هل يمكن إنهاء العقد؟", "نعم.", "بعد سنتين."]
        );
        assert_eq!(
            cut("किराया ८५० यूरो है। यह सोमवार को देय है।"),
            ["किराया ८५० यूरो है।", "यह सोमवार को देय है।"]
        );
    }

    #[test]
    fn headings_items_and_tables_stand_alone() {
        assert_eq!(
            cut("Introduction\nThis paper shows it.\n\nfirst line\n- one\n- two"),
            ["Introduction", "This paper shows it.", "first line", "- one", "- two"]
        );
        assert_eq!(cut("a | b\n1 | 2"), ["a | b", "1 | 2"]);
    }

    #[test]
    fn abbreviations_numbers_and_initials_do_not_end_one() {
        assert_eq!(
            cut("See Fig. 3 by J. R. Ewing et al. (1999). Am 3. Mai galt § 4 Abs. 2 BGB. Ende.").len(),
            3
        );
        assert_eq!(
            cut("It grew by 3.5 per cent, e.g. in the U.S. Senate. Yes."),
            ["It grew by 3.5 per cent, e.g. in the U.S. Senate.", "Yes."]
        );
    }

    #[test]
    fn some_words_are_abbreviations_before_a_number() {
        for whole in [
            "The lease ends on Dec. 31, 2025.",
            "Der Vertrag endet am 31. Dez. 2025.",
            "It began in mid-Sept. 2024 (Invoice No. 12, Art. IV, Sec. I, and Ch. 3).",
            "Ihre Kunden-Nr. 4711 gilt nach Art. 5 Abs. 2.",
            "See Art. XIV",
        ] {
            assert_eq!(cut(whole), [whole]);
        }
        for (text, parts) in [
            (
                "Is it open? No. It is shut.",
                ["Is it open?", "No.", "It is shut."].as_slice(),
            ),
            (
                "We met in Dec. I was late. No. I know.",
                &["We met in Dec.", "I was late.", "No.", "I know."],
            ),
            (
                "It is state of the art. Nobody has it. So is the art. It is old.",
                &[
                    "It is state of the art.",
                    "Nobody has it.",
                    "So is the art.",
                    "It is old.",
                ],
            ),
            (
                "Räume dieser Art. Der Mieter zahlt.",
                &["Räume dieser Art.", "Der Mieter zahlt."],
            ),
        ] {
            assert_eq!(cut(text), parts);
        }
    }

    #[test]
    fn amounts_and_companies_end_a_sentence_before_a_word_that_begins_one() {
        for whole in [
            "Der Umsatz lag bei 3 Mio. Euro, gem. Anlage 2 inkl. Steuern.",
            "Die Müller GmbH & Co. KG liefert",
            "Acme Ltd. & Co. Ltd. London pays 2 Tsd. Euro.",
            "Er zahlt 900 Tsd. Euro",
        ] {
            assert_eq!(cut(whole), [whole]);
        }
        assert_eq!(
            cut("She works for Smith and Co. The next year she left. He lives with Dr. Smith. He is old."),
            [
                "She works for Smith and Co.",
                "The next year she left.",
                "He lives with Dr. Smith.",
                "He is old."
            ]
        );
        assert_eq!(
            cut("Es waren 3 Mrd. Die Kosten sanken. Er arbeitet 40 Std. Das reicht."),
            [
                "Es waren 3 Mrd.",
                "Die Kosten sanken.",
                "Er arbeitet 40 Std.",
                "Das reicht."
            ]
        );
    }

    /// Each stop read again what follows it: hours for what one file may hold.
    #[test]
    fn a_page_of_stops_is_read_once() {
        for piece in [".", "!?", "…", ".[1]", ".[1] [2]", ".\"", ". a", ".. b", "[1]. ", ".)*"] {
            for end in ["", "x", " x", "[1", "\n"] {
                let text = piece.repeat(1_000_000 / piece.len()) + end;
                let found: usize = cut(&text).iter().map(|sentence| sentence.len()).sum();
                assert!(
                    found + text.matches(' ').count() >= text.trim_end().len(),
                    "{piece:?} {end:?}"
                );
                assert!(first_end(&text, Tail::Open).is_none_or(|at| at <= text.len()));
            }
        }
    }

    #[test]
    fn marks_stay_with_the_sentence_before() {
        assert_eq!(
            cut("One. [1][2] Two [3]. Three.[4]  Four."),
            ["One. [1][2]", "Two [3].", "Three.[4]", "Four."]
        );
    }

    #[test]
    fn wide_stops_need_no_space() {
        assert_eq!(cut("第一句。第二句！"), ["第一句。", "第二句！"]);
    }

    proptest! {
        #[test]
        fn every_visible_character_is_in_exactly_one(text in "[ a-zA-Z0-9.!?\\n\\[\\]\"。é-]{0,60}") {
            let joined: String = cut(&text).concat().chars().filter(|c| !c.is_whitespace()).collect();
            let whole: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            prop_assert_eq!(joined, whole);
        }

        /// Abbreviations wait for the word that follows them.
        #[test]
        fn open_abbreviations_are_never_taken_back(
            parts in prop::collection::vec(prop::sample::select(vec![
                "No. ", "Dec. ", "Art. ", "Co. ", "Mio. ", "I", "V", "It", "The", "KG", "3", ".", " ", "\n", ",", "&", "a",
            ]), 0..12),
            at in 0..40_usize,
        ) {
            let whole = parts.concat();
            if let Some(end) = first_end(&whole[..at.min(whole.len())], Tail::Open) {
                prop_assert_eq!(first_end(&whole, Tail::Whole).unwrap_or(whole.len()), end);
            }
        }

        /// What is decided while text may still come is what is decided in the end.
        #[test]
        fn open_decisions_are_never_taken_back(text in "[ aB.!?\\n\\[\\]1\"。-]{0,30}", more in "[ aB.!?\\n\\[\\]1\"。-]{0,12}") {
            if let Some(end) = first_end(&text, Tail::Open) {
                let whole = format!("{text}{more}");
                let later = first_end(&whole, Tail::Whole).unwrap_or(whole.len());
                prop_assert_eq!(later, end);
            }
        }
    }
}
