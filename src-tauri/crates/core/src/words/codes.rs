//! Codes and numbers that are written in one or in parts: `AX4711B` and `AX-4711-B`, an IBAN with and without its spaces, `1234.56`
//! and `1,234.56`. A code is told by its letters and digits alone, whatever stands between them.

use super::{Word, fold, is_written_without_spaces};

/// A shorter code, written otherwise, may be anything.
const LEAST_CODE: usize = 4;
/// Fewer letters and digits in groups between spaces are some numbers in a row.
const LEAST_GROUPED: usize = 7;
/// The longest IBAN (ISO 13616); what is longer is an address or a row of a table.
const LONGEST_CODE: usize = 34;
/// More digits are no number but a code.
const LONGEST_NUMBER: usize = 15;
/// What may stand between two groups of a code, a phone number among them.
const GAPS: [&str; 4] = [" ", ") ", " (", " / "];

/// A code of several parts where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code<'t> {
    /// As written.
    pub text: &'t str,
    /// In one, folded.
    pub joined: String,
}

/// The codes of several parts of a text: tokens whose parts are joined by signs (`AX-4711-B`, `978-3-16-148410-0`), and groups with a
/// space between them (IBANs, phone and card numbers).
///
/// ```
/// use docmind_core::words::codes::codes;
/// let found = codes("IBAN: DE89 3704 0044 0532 0130 00, part AX-4711-B");
/// let joined: Vec<_> = found.iter().map(|code| code.joined.as_str()).collect();
/// assert_eq!(joined, ["de89370400440532013000", "ax4711b"]);
/// ```
pub fn codes(text: &str) -> Vec<Code<'_>> {
    let mut found = Vec::new();
    let mut groups: Vec<Word<'_>> = Vec::new();
    for token in tokens(text) {
        let follows = groups.last().is_some_and(|last| {
            is_gap(&text[last.end()..token.at])
                && (is_group(token.text) && !starts_like_iban(token.text) || is_bank(last.text, token.text))
        });
        if !follows {
            found.extend(join_groups(text, &groups));
            groups.clear();
        }
        if follows || is_group(token.text) {
            groups.push(token);
        }
        if is_code(token.text)
            && has_parts(token.text)
            && let Some(joined) = joined(token.text)
        {
            found.push(Code {
                text: token.text,
                joined,
            });
        }
    }
    found.extend(join_groups(text, &groups));
    found
}

/// A code however it is written as the word that it is in one; `None` without a digit, where it is too short or long to be told, and
/// where it has decimals: `3.5mm` is not `35mm`.
///
/// ```
/// use docmind_core::words::codes::joined;
/// assert_eq!(joined("AX-4711-B").as_deref(), Some("ax4711b"));
/// assert_eq!(joined("3.5mm"), None);
/// ```
pub fn joined(code: &str) -> Option<String> {
    if !code.contains(|c: char| c.is_ascii_digit()) || has_decimals(code) {
        return None;
    }
    let joined: String = fold(code).chars().filter(|c| c.is_alphanumeric()).collect();
    (LEAST_CODE..=LONGEST_CODE)
        .contains(&joined.chars().count())
        .then_some(joined)
}

/// A code written in one (`AX4711B`) as the words it has where letters and digits are written apart (`AX-4711-B`); `None` where it has
/// only one part.
pub fn apart(code: &str) -> Option<String> {
    let word = fold(code);
    if word.len() < LEAST_CODE || !word.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let parts: Vec<&str> = word
        .as_bytes()
        .chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit())
        .filter_map(|part| std::str::from_utf8(part).ok())
        .collect();
    (parts.len() > 1).then(|| parts.join(" "))
}

/// A number of four digits or more as the words it has without and with a sign or space between its thousands; decimals are a word
/// of their own. A sign before three digits parts thousands: `1.234` is `1234` in half of the world.
///
/// ```
/// use docmind_core::words::codes::number_writings;
/// for number in ["1234.56", "1,234.56", "1.234,56", "1 234,56", "1'234.56"] {
///     assert_eq!(number_writings(number).unwrap(), ["1234 56", "1 234 56"]);
/// }
/// assert_eq!(number_writings("3.5"), None);
/// ```
pub fn number_writings(number: &str) -> Option<[String; 2]> {
    let signs: Vec<char> = number.chars().filter(|c| !c.is_ascii_digit()).collect();
    let parts: Vec<&str> = number.split(|c: char| !c.is_ascii_digit()).collect();
    let known = |sign: &char| matches!(sign, ',' | '.' | '\'' | '’') || is_space(*sign);
    if !signs.iter().all(known) || parts.iter().any(|part| part.is_empty()) || parts[0].starts_with('0') {
        return None;
    }
    let thousands = signs
        .iter()
        .zip(&parts[1..])
        .take_while(|(sign, part)| parts[0].len() <= 3 && **sign == signs[0] && part.len() == 3)
        .count();
    let decimals = match (&signs[thousands..], &parts[thousands + 1..]) {
        ([], []) => None,
        (['.' | ','], [decimals]) => Some(*decimals),
        _ => return None,
    };
    let whole = parts[..=thousands].concat();
    if !(LEAST_CODE..=LONGEST_NUMBER).contains(&whole.len()) {
        return None;
    }
    let (first, rest) = whole.split_at((whole.len() - 1) % 3 + 1);
    let mut grouped = first.to_owned();
    for (at, digit) in rest.chars().enumerate() {
        if at % 3 == 0 {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    Some([whole, grouped].map(|written| match decimals {
        Some(decimals) => format!("{written} {decimals}"),
        None => written,
    }))
}

/// The numbers of a text whose thousands are parted by spaces (`1 234,56`).
pub fn spaced_numbers(text: &str) -> Vec<&str> {
    let tokens: Vec<Word<'_>> = tokens(text).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let reading = |end: &usize| &text[tokens[at].at..tokens[*end].end()];
        // More groups than a number may have digits are none.
        let last = (at + 1..tokens.len().min(at + LONGEST_NUMBER))
            .take_while(|end| is_space_alone(&text[tokens[end - 1].end()..tokens[*end].at]))
            .filter(|end| number_writings(reading(end)).is_some())
            .last();
        found.extend(last.as_ref().map(reading));
        at = last.unwrap_or(at) + 1;
    }
    found
}

/// Letters and digits in one token, digits joined by something that numbers and dates of prose are not joined by, or more digits than
/// prose writes without a sign (account and phone numbers).
pub fn is_code(token: &str) -> bool {
    let digits = token.chars().filter(char::is_ascii_digit).count();
    // `2024年の予算` is a sentence.
    if digits == 0 || is_ordinal(token) || token.contains(is_written_without_spaces) {
        return false;
    }
    // 1939-1945 and 24/7 read as prose; 978-3-16-148410-0 and 10.0.0.1 do not.
    let signs = token.chars().filter(|c| matches!(c, '-' | '_' | '/' | '#' | ':' | '.'));
    token.contains(char::is_alphabetic) || signs.count() > 1 || (digits >= LEAST_GROUPED && !has_parts(token))
}

/// True for a token with a sign among its letters and digits.
pub fn has_parts(token: &str) -> bool {
    token.contains(|c: char| !c.is_alphanumeric())
}

/// What stands between white space, without the signs around it.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = Word<'_>> {
    let mut at = 0;
    text.split_inclusive(char::is_whitespace).filter_map(move |piece| {
        let start = at;
        at += piece.len();
        let inner = piece.trim_start_matches(|c: char| !c.is_alphanumeric());
        let word = Word {
            text: inner.trim_end_matches(|c: char| !c.is_alphanumeric()),
            at: start + piece.len() - inner.len(),
        };
        (!word.text.is_empty()).then_some(word)
    })
}

fn join_groups<'t>(text: &'t str, groups: &[Word<'t>]) -> Option<Code<'t>> {
    let last = groups.iter().rposition(|group| is_group(group.text))?;
    let text = &text[groups[0].at..groups[last].end()];
    let joined = joined(text).filter(|joined| last > 0 && joined.len() >= LEAST_GROUPED)?;
    Some(Code { text, joined })
}

/// One of several groups of a code.
fn is_group(token: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'/');
    token.bytes().all(fits) && token.bytes().any(|byte| byte.is_ascii_digit())
}

/// Country and check digits: no code has them in its midst.
fn starts_like_iban(group: &str) -> bool {
    matches!(group.as_bytes(), [a, b, c, d] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic()
        && c.is_ascii_digit() && d.is_ascii_digit())
}

/// The bank of an IBAN: four letters after country and check digits (`GB29 NWBK …`).
fn is_bank(before: &str, group: &str) -> bool {
    starts_like_iban(before) && group.len() == 4 && group.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_gap(text: &str) -> bool {
    let spaces_alike = text.chars().map(|c| if is_space(c) { ' ' } else { c });
    GAPS.iter().any(|gap| gap.chars().eq(spaces_alike.clone()))
}

fn is_space_alone(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(is_space) && chars.next().is_none()
}

/// Spaces within a line: plain, no-break, thin, narrow no-break.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}')
}

/// A single point or comma between digits, unless before thousands: `3.5mm`, not `10.0.0.1`.
fn has_decimals(code: &str) -> bool {
    let mut found = code
        .match_indices(['.', ','])
        .map(|(at, _)| (&code[..at], &code[at + 1..]))
        .filter(|(before, after)| {
            before.ends_with(|c: char| c.is_ascii_digit()) && after.starts_with(|c: char| c.is_ascii_digit())
        });
    match (found.next(), found.next()) {
        (Some((_, after)), None) => after.chars().take_while(char::is_ascii_digit).count() != 3,
        _ => false,
    }
}

/// `10th`, `1990s`, `21.`: numbers in the dress of a word.
fn is_ordinal(token: &str) -> bool {
    let rest = token.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < token.len()
        && matches!(
            rest.to_ascii_lowercase().as_str(),
            "st" | "nd" | "rd" | "th" | "s" | "'s" | "’s" | "er" | "ers"
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(text: &str) -> Vec<String> {
        codes(text).into_iter().map(|code| code.joined).collect()
    }

    #[test]
    fn groups_between_spaces_are_one_code() {
        for (text, code) in [
            ("Konto 12 DE89 3704 0044 0532 0130 00, BIC", "de89370400440532013000"),
            ("IBAN GB29 NWBK 6016 1331 9268 19.", "gb29nwbk60161331926819"),
            (
                "to DE89\u{a0}3704\u{a0}0044\u{a0}0532\u{a0}0130\u{a0}00",
                "de89370400440532013000",
            ),
            ("Tel. (030) 123 45-67", "0301234567"),
            ("Tel. 030 / 1234567 or", "0301234567"),
            ("SW1A 2AA", "sw1a2aa"),
        ] {
            assert!(all(text).contains(&code.to_owned()), "{text}: {:?}", all(text));
        }
        // Numbers in a row, cells, lines, a long row, decimals, words beside a number.
        for text in [
            "in 12 and 45",
            "12 34 5",
            "1204 | 3321",
            "1204\n3321",
            "1204  3321",
            "1204, 3321",
            &"1204 ".repeat(12),
            "12.5 13.7 44.1",
            "PART 2024 THE END",
        ] {
            assert_eq!(all(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn signs_between_the_parts_of_a_code_say_nothing() {
        assert_eq!(all("(AX-4711-B), 978-3-16-148410-0"), ["ax4711b", "9783161484100"]);
        assert_eq!(all("10.0.0.1 on 2024-11-30"), ["10001", "20241130"]);
        assert_eq!(all("3.5mm, 1939-1945, AX4711B, 2024年の予算-1"), Vec::<String>::new());
        assert!(is_code("0301234567") && !is_code("123456") && !is_code("1,234,567") && !is_code("1990s"));
        assert_eq!(joined("12,500").as_deref(), Some("12500"));
        assert_eq!(joined("x-1"), None);
        assert_eq!(apart("AX4711B").as_deref(), Some("ax 4711 b"));
        assert_eq!(apart("4711"), None);
    }

    #[test]
    fn numbers_have_their_thousands_together_or_apart() {
        let written = |number: &str| number_writings(number).map(|[whole, _]| whole);
        assert_eq!(written("1,234").as_deref(), Some("1234"));
        assert_eq!(written("12.345.678,9").as_deref(), Some("12345678 9"));
        assert_eq!(written("1,234.567").as_deref(), Some("1234 567"));
        assert_eq!(number_writings("1066").unwrap(), ["1066", "1 066"]);
        for text in [
            "0301234567",
            "0.123",
            "1,2,3",
            "1 234 56",
            "12-34",
            "1, 234",
            "1234567890123456",
        ] {
            assert_eq!(number_writings(text), None, "{text}");
        }
        assert_eq!(
            spaced_numbers("Who paid 1 234 567,89 and 12 500 in 2024?"),
            ["1 234 567,89", "12 500"]
        );
        assert_eq!(spaced_numbers("between 12 24 and 1\n234"), Vec::<&str>::new());
    }

    proptest! {
        #[test]
        fn nothing_is_too_odd_to_be_read(text in "[0-9a-zé .,'’()/年-]{0,60}") {
            for code in codes(&text) {
                prop_assert!(text.contains(code.text));
                prop_assert!(code.joined.chars().all(char::is_alphanumeric));
            }
            for number in spaced_numbers(&text) {
                prop_assert!(text.contains(number));
            }
        }
    }
}
