//! [`Wanted`].

use crate::words::{Word, fold, is_number, is_stop_word, words};

/// What a question word asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Number,
    Time,
    Name,
    Anything,
}

impl Wanted {
    pub(super) fn of(question: &str) -> Self {
        let list: Vec<String> = words(question).map(|word| fold(word.text)).collect();
        let has = |names: &[&str]| list.iter().any(|word| names.contains(&word.as_str()));
        let pair = |first: &[&str], second: &[&str]| {
            list.windows(2)
                .any(|pair| first.contains(&pair[0].as_str()) && second.contains(&pair[1].as_str()))
        };
        let which: &[&str] = &["what", "which", "welche", "welcher", "welches", "welchem", "welchen"];
        if has(&["when", "wann"])
            || pair(
                which,
                &[
                    "year",
                    "date",
                    "century",
                    "decade",
                    "month",
                    "day",
                    "time",
                    "jahr",
                    "datum",
                    "jahrhundert",
                    "monat",
                    "tag",
                ],
            )
        {
            return Self::Time;
        }
        if pair(
            &["how", "wie"],
            &[
                "many", "much", "long", "old", "large", "big", "far", "often", "tall", "high", "viele", "viel",
                "lange", "alt", "gross", "weit", "oft", "hoch",
            ],
        ) || pair(
            which,
            &["percent", "percentage", "number", "amount", "anteil", "zahl", "betrag"],
        ) || has(&["wieviel", "wieviele"])
        {
            return Self::Number;
        }
        if has(&[
            "who", "whom", "whose", "wer", "wen", "wem", "wessen", "where", "wo", "woher", "wohin",
        ]) || pair(
            which,
            &[
                "country", "city", "place", "state", "region", "river", "person", "company", "land", "stadt", "ort",
                "person", "firma",
            ],
        ) {
            return Self::Name;
        }
        Self::Anything
    }

    /// 1 for a sentence that has it, 0 for one that lacks it, half where nothing particular is asked for. `found` are the question's
    /// terms among the words of `list`.
    pub(super) fn satisfied_by(self, list: &[Word<'_>], found: &[Option<usize>]) -> f32 {
        const MONTHS: &[&str] = &[
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
            "century",
            "centuries",
            "decade",
            "januar",
            "februar",
            "marz",
            "mai",
            "juni",
            "juli",
            "oktober",
            "dezember",
            "jahrhundert",
        ];
        const COUNTS: &[&str] = &[
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "twelve",
            "hundred",
            "thousand",
            "million",
            "billion",
            "half",
            "third",
            "quarter",
            "dozen",
            "twice",
            "percent",
            "several",
            "zwei",
            "drei",
            "vier",
            "funf",
            "sechs",
            "sieben",
            "acht",
            "neun",
            "zehn",
            "hundert",
            "tausend",
            "millionen",
            "milliarden",
            "halfte",
            "viertel",
            "prozent",
        ];
        let number = |word: &Word<'_>| is_number(word.text) || word.text.starts_with(|c: char| c.is_ascii_digit());
        let named = |word: &Word<'_>, names: &[&str]| names.contains(&fold(word.text).as_str());
        let yes = match self {
            Self::Anything => return 0.5,
            Self::Number => list.iter().any(|word| number(word) || named(word, COUNTS)),
            Self::Time => list.iter().any(|word| number(word) || named(word, MONTHS)),
            Self::Name => list.iter().zip(found).skip(1).any(|(word, term)| {
                term.is_none() && word.text.starts_with(char::is_uppercase) && !is_stop_word(word.text)
            }),
        };
        f32::from(u8::from(yes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_read_from_the_question() {
        for (question, wanted) in [
            ("When was it signed?", Wanted::Time),
            ("In what year?", Wanted::Time),
            ("How many tenants?", Wanted::Number),
            ("Wie hoch ist die Miete?", Wanted::Number),
            ("Who signed?", Wanted::Name),
            ("Why?", Wanted::Anything),
        ] {
            assert_eq!(Wanted::of(question), wanted, "{question}");
        }
    }
}
