//! Dates, whichever way they are written: day, month and year as three terms, or two where slashes leave open which figure is the day.
//! English and German.

use crate::words::Word;
use std::ops::RangeInclusive;

const MONTH: &str = "month:";
const EITHER: &str = "either:";
/// Years of two digits from here on are of the last century, as POSIX has it (`strptime`, `%y`).
const CENTURY_TURNS: u32 = 69;

/// A date in figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) terms: Vec<String>,
    /// Terms of what it may mean as well: the figures in the other order, another century.
    pub(super) possible: Vec<String>,
    /// How many words it is.
    pub(super) words: usize,
}

/// A date in figures at the beginning of `words`, which are words of `text`: `31.12.2025` (with or without spaces), `2025-12-31`,
/// `2025/12/31`, and with slashes either order of day and month, with or without the century.
pub(super) fn date_in_figures(text: &str, words: &[Word<'_>]) -> Option<Date> {
    let sure = |terms: [String; 3], words: usize| Date {
        terms: terms.into(),
        words,
        ..Date::default()
    };
    if let Some(first) = words.first()
        && let [day, month, year] = first.text.split('.').collect::<Vec<_>>()[..]
    {
        return Some(sure(terms(day, month, year)?, 1));
    }
    let [first, second, third, ..] = words else { return None };
    let between = |a: &Word<'_>, b: &Word<'_>| text.get(a.end()..b.at).map(str::trim_end);
    match (between(first, second)?, between(second, third)?) {
        (".", ".") => Some(sure(terms(first.text, second.text, third.text)?, 3)),
        ("-", "-") => Some(sure(terms(third.text, second.text, first.text)?, 3)),
        // More slashes make a path.
        ("/", "/") if !text[..first.at].ends_with('/') && !text[third.end()..].starts_with('/') => {
            let years_first = terms(third.text, second.text, first.text).map(|terms| sure(terms, 3));
            years_first.or_else(|| slashed(first.text, second.text, third.text))
        }
        _ => None,
    }
}

/// `12/31/2025` and `31/12/2025` tell which figure is the day; of `03/04/2026` nothing is certain but its year, and which figure stands
/// first.
fn slashed(first: &str, second: &str, year: &str) -> Option<Date> {
    let (year, other_century) = match figure(year, 2..=2, 0..=99) {
        Some(short) if short < CENTURY_TURNS => ((2000 + short).to_string(), Some((1900 + short).to_string())),
        Some(short) => ((1900 + short).to_string(), Some((2000 + short).to_string())),
        None => (year.to_owned(), None),
    };
    let (terms, mut possible) = match (terms(first, second, &year), terms(second, first, &year)) {
        (Some([day, month, year]), Some([other_day, other_month, _])) if day != other_day => (
            vec![either(&day, &other_day), year],
            vec![either(&other_day, &day), day, month, other_day, other_month],
        ),
        (day_first, month_first) => (day_first.or(month_first)?.into(), Vec::new()),
    };
    possible.extend(other_century);
    Some(Date {
        terms,
        possible,
        words: 3,
    })
}

/// The term of two figures of which one is the day, the other the month.
fn either(first: &str, second: &str) -> String {
    format!("{EITHER}{first}/{second}")
}

/// Day and month in both orders, if a term is that of two figures of which either may be the day.
pub(super) fn readings(stem: &str) -> Option<[[String; 2]; 2]> {
    let (first, second) = stem.strip_prefix(EITHER)?.split_once('/')?;
    let reading = |day: &str, month: &str| [day.to_owned(), format!("{MONTH}{month}")];
    Some([reading(first, second), reading(second, first)])
}

fn terms(day: &str, month: &str, year: &str) -> Option<[String; 3]> {
    Some([
        figure(day, 1..=2, 1..=31)?.to_string(),
        month_term(figure(month, 1..=2, 1..=12)?),
        figure(year, 4..=4, 1..=9999)?.to_string(),
    ])
}

fn figure(text: &str, digits: RangeInclusive<usize>, values: RangeInclusive<u32>) -> Option<u32> {
    let plain = digits.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok())?.filter(|n| values.contains(n))
}

fn month_term(n: u32) -> String {
    format!("{MONTH}{n}")
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
