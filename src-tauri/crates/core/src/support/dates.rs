//! Dates, whichever way they are written: day, month and year as three terms. English and German.

use crate::words::Word;
use std::ops::RangeInclusive;

/// A date in figures at the beginning of `words`, which are words of `text`: its terms, and how many words it is.
/// `31.12.2025` (with or without spaces) and `2025-12-31`.
pub(super) fn date_in_figures(text: &str, words: &[Word<'_>]) -> Option<([String; 3], usize)> {
    if let Some(first) = words.first()
        && let [day, month, year] = first.text.split('.').collect::<Vec<_>>()[..]
    {
        return Some((terms(day, month, year)?, 1));
    }
    let [first, second, third, ..] = words else { return None };
    let between = |a: &Word<'_>, b: &Word<'_>| text.get(a.end()..b.at).map(str::trim_end);
    let found = match (between(first, second)?, between(second, third)?) {
        (".", ".") => terms(first.text, second.text, third.text)?,
        ("-", "-") => terms(third.text, second.text, first.text)?,
        _ => return None,
    };
    Some((found, 3))
}

fn terms(day: &str, month: &str, year: &str) -> Option<[String; 3]> {
    let figure = |text: &str, digits: RangeInclusive<usize>, values: RangeInclusive<u32>| {
        let plain = digits.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| text.parse::<u32>().ok())?.filter(|n| values.contains(n))
    };
    Some([
        figure(day, 1..=2, 1..=31)?.to_string(),
        month_term(figure(month, 1..=2, 1..=12)?),
        figure(year, 4..=4, 1..=9999)?.to_string(),
    ])
}

fn month_term(n: u32) -> String {
    format!("month:{n}")
}

/// The term of a month's name. `May` and short forms are names only where they are `dated`, beside a figure.
pub(super) fn month(word: &str, folded: &str, dated: bool) -> Option<String> {
    const MONTHS: [(&[&str], &[&str]); 12] = [
        (&["january", "januar"], &["jan"]),
        (&["february", "februar"], &["feb"]),
        (&["march", "marz"], &["mar", "mrz"]),
        (&["april"], &["apr"]),
        (&["mai"], &["may"]),
        (&["june", "juni"], &["jun"]),
        (&["july", "juli"], &["jul"]),
        (&["august"], &["aug"]),
        (&["september"], &["sep", "sept"]),
        (&["october", "oktober"], &["oct", "okt"]),
        (&["november"], &["nov"]),
        (&["december", "dezember"], &["dec", "dez"]),
    ];
    if !word.starts_with(char::is_uppercase) {
        return None;
    }
    MONTHS
        .iter()
        .zip(1..)
        .find(|((names, short), _)| names.contains(&folded) || (dated && short.contains(&folded)))
        .map(|(_, n)| month_term(n))
}
