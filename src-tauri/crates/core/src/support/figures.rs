//! Figures where they stand in a sentence: numbers in words of several parts, their signs, and what they count. English and German.

use super::signs::number_of;
use crate::words::{Stems, Word, is_stop_word};
use std::ops::Range;

/// More numbers in a row count nothing: they are a row of a table.
const MOST_COUNTED: usize = 4;

/// How a figure is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Not at all, which is as good as [`Sign::Plus`].
    Plain,
    Plus,
    Minus,
    /// A dash that may as well begin an item, part a range or join a code; an amount in brackets.
    Open,
}

impl Sign {
    /// Both may be meant by one.
    fn agrees(self, other: Self) -> bool {
        self == Self::Open || other == Self::Open || (self == Self::Minus) == (other == Self::Minus)
    }
}

/// A number in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Figure {
    /// In one spelling, as [`number_of`] gives it.
    pub(super) number: String,
    sign: Sign,
    /// Stem of the word that follows it: of what there are so many.
    counted: Option<String>,
}

impl Figure {
    /// That of a number at `place` in a sentence, of which `words` are the words and `at` the first that is none of it.
    pub(super) fn of(number: String, sentence: &str, place: Range<usize>, words: &Words<'_>, at: usize) -> Self {
        let first = words.list.partition_point(|word| word.at < place.start);
        Self {
            number,
            sign: sign_of(sentence, place, &words.folded[..first]),
            counted: words.counted(at),
        }
    }

    /// That of a `one` at `at`, where it counts something.
    pub(super) fn of_one(words: &Words<'_>, at: usize) -> Option<Self> {
        let denied = at.checked_sub(1).is_some_and(|before| words.folded[before] == "no");
        if !is_one(&words.folded[at]) || denied {
            return None;
        }
        Some(Self {
            number: "1".to_owned(),
            sign: Sign::Plain,
            counted: Some(words.counted(at + 1)?),
        })
    }

    /// Both count the same things and are the same number.
    pub(super) fn counts_alike(&self, other: &Self) -> bool {
        self.counted.is_some() && self.counted == other.counted && self.number == other.number
    }

    /// Of the things that this counts the others count another number, and none this one.
    pub(super) fn is_counted_otherwise(&self, others: &[Self]) -> bool {
        let mut of_the_same = others
            .iter()
            .filter(|other| self.counted.is_some() && self.counted == other.counted)
            .peekable();
        of_the_same.peek().is_some() && of_the_same.all(|other| other.number != self.number)
    }

    /// How the others sign this number, where none does as this. Of minus and plus one is wrong; beside none a minus may be told in words.
    pub(super) fn signed_otherwise(&self, others: &[Self]) -> Option<Otherwise> {
        let signs: Vec<Sign> = others
            .iter()
            .filter(|other| other.number == self.number)
            .map(|other| other.sign)
            .collect();
        if signs.is_empty() || signs.iter().any(|sign| self.sign.agrees(*sign)) {
            return None;
        }
        Some(match self.sign {
            Sign::Plus => Otherwise::Surely,
            Sign::Minus if signs.contains(&Sign::Plus) => Otherwise::Surely,
            Sign::Minus => Otherwise::UnlessOtherLessens,
            Sign::Plain | Sign::Open => Otherwise::UnlessOwnLessens,
        })
    }
}

/// When another sign is another number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Otherwise {
    Surely,
    /// Unless the sentence of the others says it in words ("fell by 5 %" for "−5 %").
    UnlessOtherLessens,
    /// Unless its own does.
    UnlessOwnLessens,
}

/// The words of a sentence, and the same folded.
#[derive(Clone, Copy)]
pub(super) struct Words<'w> {
    pub(super) list: &'w [Word<'w>],
    pub(super) folded: &'w [String],
    pub(super) stems: &'w Stems,
}

impl Words<'_> {
    /// Stem of what a number counts that ends before the word `at`: of the next word, over other numbers ("one or two months").
    fn counted(&self, mut at: usize) -> Option<String> {
        for _ in 0..MOST_COUNTED {
            let word = self.list.get(at)?;
            let joined = matches!(self.folded[at].as_str(), "or" | "to" | "and" | "oder" | "bis" | "und");
            let next = at + usize::from(joined);
            if self.folded.get(next).is_some_and(|word| is_one(word)) {
                at = next + 1;
            } else if let Some((_, length)) = number_at(&self.list[next..], &self.folded[next..]) {
                at = next + length;
            } else {
                let follows = at > 0 && word.at - self.list[at - 1].end() == 1;
                return (follows && !joined && !is_stop_word(word.text)).then(|| self.stems.stem(word.text));
            }
        }
        None
    }
}

/// `one` and its German forms, which are no numbers by themselves: they are pronouns and articles as often.
pub(super) fn is_one(folded: &str) -> bool {
    matches!(
        folded,
        "one" | "ein" | "eine" | "einem" | "einen" | "einer" | "eines" | "eins"
    )
}

/// A number at the beginning of `words` in one spelling, and how many of them say it: `25`, `twenty-five`, `two hundred and five`. A
/// `one` alone is none ([`is_one`]). `folded` are the same words, folded.
pub(super) fn number_at(words: &[Word<'_>], folded: &[String]) -> Option<(String, usize)> {
    let alone = number_of(words.first()?.text);
    if alone.is_none() && folded[0] != "one" {
        return None;
    }
    let in_parts = Parts { words, folded }.thousands();
    if let Some((number, length)) = in_parts.filter(|(_, length)| *length > 1) {
        return Some((number.to_string(), length));
    }
    Some((alone?, 1))
}

/// An English number in words of several parts.
struct Parts<'w> {
    words: &'w [Word<'w>],
    folded: &'w [String],
}

impl Parts<'_> {
    fn word(&self, at: usize) -> &str {
        self.folded.get(at).map_or("", String::as_str)
    }

    /// Whether a space or a hyphen is all there is between a word and the one before.
    fn follows(&self, at: usize) -> bool {
        at > 0 && at < self.words.len() && self.words[at].at - self.words[at - 1].end() == 1
    }

    /// Below a hundred, and how many words it is.
    fn tens(&self, at: usize) -> Option<(u64, usize)> {
        let first = cardinal(self.word(at)).filter(|first| *first < 100)?;
        let next = self.word(at + 1);
        let unit = cardinal(next)
            .or_else(|| ordinal(next))
            .filter(|unit| (1..10).contains(unit));
        Some(match unit {
            Some(unit) if first >= 20 && first % 10 == 0 && self.follows(at + 1) => (first + unit, 2),
            _ => (first, 1),
        })
    }

    fn hundreds(&self, at: usize) -> Option<(u64, usize)> {
        self.multiple(at, "hundred", 100, Self::tens, Self::tens)
    }

    fn thousands(&self) -> Option<(u64, usize)> {
        self.multiple(0, "thousand", 1000, Self::hundreds, Self::hundreds)
    }

    /// `count` times `named`, and what follows; where that name does not stand, the count alone.
    fn multiple(
        &self,
        at: usize,
        named: &str,
        times: u64,
        count: impl Fn(&Self, usize) -> Option<(u64, usize)>,
        rest: impl Fn(&Self, usize) -> Option<(u64, usize)>,
    ) -> Option<(u64, usize)> {
        let (count, length) = match count(self, at) {
            Some((count, length)) if self.word(at + length) == named && self.follows(at + length) => (count, length),
            None if self.word(at) == named => (1, 0),
            other => return other,
        };
        let length = length + 1;
        let after = at + length;
        let and = usize::from(self.word(after) == "and");
        let more = (self.follows(after) && (and == 0 || self.follows(after + 1)))
            .then(|| rest(self, after + and))
            .flatten()
            // "Between one hundred and two hundred."
            .filter(|(_, length)| self.word(after + and + length) != named);
        Some(match more {
            Some((more, words)) => (count * times + more, length + and + words),
            None => (count * times, length),
        })
    }
}

fn is_ordinal(word: &str) -> bool {
    matches!(word, "first" | "second" | "third") || word.ends_with("th")
}

fn cardinal(word: &str) -> Option<u64> {
    if word == "one" {
        return Some(1);
    }
    if is_ordinal(word) || word.starts_with(char::is_numeric) {
        return None;
    }
    number_of(word)?.parse().ok()
}

fn ordinal(word: &str) -> Option<u64> {
    number_of(word).filter(|_| is_ordinal(word))?.parse().ok()
}

/// A German number in one word, folded: `fünfundzwanzig`, `zweihundertfünf`.
pub(super) fn german_number(word: &str) -> Option<u64> {
    match word.split_once("tausend") {
        Some((count, rest)) => Some(1000 * one_or(count, below_thousand)? + none_or(rest, below_thousand)?),
        None => below_thousand(word),
    }
}

fn below_thousand(word: &str) -> Option<u64> {
    match word.split_once("hundert") {
        Some((count, rest)) => Some(100 * one_or(count, below_hundred)? + none_or(rest, below_hundred)?),
        None => below_hundred(word),
    }
}

fn below_hundred(word: &str) -> Option<u64> {
    const FROM_TWO: [&str; 18] = [
        "zwei", "drei", "vier", "funf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwolf", "dreizehn",
        "vierzehn", "funfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn",
    ];
    const TENS: [&str; 8] = [
        "zwanzig", "dreissig", "vierzig", "funfzig", "sechzig", "siebzig", "achtzig", "neunzig",
    ];
    let small = |word: &str| (2..).zip(FROM_TWO).find(|(_, name)| *name == word).map(|(n, _)| n);
    let tens = |word: &str| (2..).zip(TENS).find(|(_, name)| *name == word).map(|(n, _)| 10 * n);
    small(word).or_else(|| tens(word)).or_else(|| {
        let (unit, ten) = word.split_once("und")?;
        let unit = one_or(unit, |unit| small(unit).filter(|n| *n < 10)).filter(|_| !unit.is_empty())?;
        Some(tens(ten)? + unit)
    })
}

fn one_or(word: &str, read: impl Fn(&str) -> Option<u64>) -> Option<u64> {
    if matches!(word, "" | "ein") {
        Some(1)
    } else {
        read(word)
    }
}

fn none_or(word: &str, read: impl Fn(&str) -> Option<u64>) -> Option<u64> {
    match word.strip_prefix("und").unwrap_or(word) {
        "" => Some(0),
        "ein" | "eins" => Some(1),
        word => read(word),
    }
}

/// A German ordinal, folded: `dritten`. `achten` is more often a verb.
pub(super) fn german_ordinal(word: &str) -> Option<u64> {
    const STEMS: [(&str, u64); 12] = [
        ("erst", 1),
        ("zweit", 2),
        ("dritt", 3),
        ("viert", 4),
        ("funft", 5),
        ("sechst", 6),
        ("siebt", 7),
        ("siebent", 7),
        ("neunt", 9),
        ("zehnt", 10),
        ("elft", 11),
        ("zwolft", 12),
    ];
    let stem = ["e", "er", "en", "es", "em"]
        .iter()
        .find_map(|ending| word.strip_suffix(ending))?;
    STEMS.iter().find(|(name, _)| *name == stem).map(|(_, n)| *n)
}

/// Hyphens and dashes that are typed for a minus, and the minus itself.
fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}' | '\u{2011}' | '–' | '—') || is_minus(c)
}

fn is_minus(c: char) -> bool {
    matches!(c, '−' | '﹣' | '－' | '⁻')
}

/// The sign of the figure at `place`; `before` are the folded words before it.
fn sign_of(text: &str, place: Range<usize>, before: &[String]) -> Sign {
    let said = before.last().map_or("", String::as_str);
    if matches!(said, "minus" | "plus") {
        let calculated = before.len() > 1 && before[before.len() - 2].starts_with(char::is_numeric);
        return match said {
            _ if calculated => Sign::Open,
            "minus" => Sign::Minus,
            _ => Sign::Plus,
        };
    }
    let (head, tail) = (&text[..place.start], &text[place.end..]);
    let head = head.trim_end_matches(['$', '€', '£', '¥']);
    // "500,00-" and "(500)" of accounts.
    let mut after = tail.chars();
    if after.next().is_some_and(is_dash) && !after.next().is_some_and(char::is_alphanumeric) {
        return Sign::Open;
    }
    if head.ends_with('(') && tail.starts_with(')') {
        return Sign::Open;
    }
    let Some(last) = head.chars().next_back() else {
        return Sign::Plain;
    };
    let sign = match last {
        '+' | '＋' => Sign::Plus,
        // The em dash parts sentences.
        '—' => Sign::Open,
        c if is_dash(c) => Sign::Minus,
        // "- 500", "-EUR 500".
        c if c.is_whitespace() => {
            let start = head.trim_end().trim_end_matches(|c: char| c.is_ascii_uppercase());
            return if start.trim_end().ends_with(is_dash) {
                Sign::Open
            } else {
                Sign::Plain
            };
        }
        _ => return Sign::Plain,
    };
    let before = &head[..head.len() - last.len_utf8()];
    let apart = before.trim_end();
    let begins = apart.is_empty() || before[apart.len()..].contains('\n');
    match (before.chars().next_back(), apart.chars().next_back()) {
        // An item of a list, rather.
        _ if begins && sign == Sign::Minus && !is_minus(last) => Sign::Open,
        _ if begins => sign,
        // "5 -10", "5 % -10 %".
        (Some(c), Some(end)) if c.is_whitespace() && (end.is_numeric() || end == '%' || is_dash(end)) => Sign::Open,
        (Some(c), _) if c.is_whitespace() || "([{|<>=≤≥~≈:;,*_`\"'“”„‘’‚«»，、。：；（「『".contains(c) => {
            sign
        }
        _ => Sign::Open,
    }
}

/// Whether a sentence says in words that something became or is less, so that a figure in it may stand for one with a minus.
pub(super) fn lessens(folded: &[String]) -> bool {
    /// Beginnings of such words.
    const LESS: [&str; 48] = [
        "fell",
        "fall",
        "declin",
        "decreas",
        "drop",
        "lost",
        "los",
        "down",
        "reduc",
        "shr",
        "cut",
        "less",
        "lower",
        "negativ",
        "minus",
        "below",
        "under",
        "deduct",
        "discount",
        "deficit",
        "sank",
        "sink",
        "slump",
        "slid",
        "refund",
        "credit",
        "gesunk",
        "fiel",
        "gefall",
        "ruckgang",
        "rucklauf",
        "verlust",
        "verlor",
        "verlier",
        "wenig",
        "unter",
        "abnahm",
        "abgenomm",
        "minder",
        "vermind",
        "verring",
        "reduz",
        "niedrig",
        "abzug",
        "abgezog",
        "rabatt",
        "nachlass",
        "gutschrift",
    ];
    folded
        .iter()
        .any(|word| LESS.iter().any(|start| word.starts_with(start)))
}
