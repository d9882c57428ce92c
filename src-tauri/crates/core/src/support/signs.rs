//! What single words say about a claim: numbers, negations, opposites, one people in two forms. English and German.

use super::figures::{german_number, german_ordinal};
use crate::words::{Language, Stems, fold, is_number};
use std::sync::LazyLock;

/// Stems of one name that differ in a demonym's ending only.
pub(super) fn same_people(a: &str, b: &str) -> bool {
    const ENDINGS: &[&str] = &["", "a", "e", "n", "s", "an", "ia", "ic", "es", "ian", "ean", "ish"];
    let common: usize = a
        .chars()
        .zip(b.chars())
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a.len_utf8())
        .sum();
    common >= 4 && ENDINGS.contains(&&a[common..]) && ENDINGS.contains(&&b[common..])
}

/// Syllables that turn a word into its opposite.
pub(super) const PREFIXES: &[&str] = &["un", "in", "im", "ir", "dis", "non"];

/// Words that deny, in English and German.
pub(super) fn is_negation(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "cannot",
        "kein",
        "keine",
        "keinem",
        "keinen",
        "keiner",
        "keines",
        "keinerlei",
        "neither",
        "never",
        "nicht",
        "nichts",
        "nie",
        "niemals",
        "niemand",
        "no",
        "nobody",
        "none",
        "nor",
        "not",
        "nothing",
        "nowhere",
        "ohne",
        "weder",
        "without",
    ];
    let folded = fold(word);
    folded.ends_with("n't") || WORDS.contains(&folded.as_str())
}

/// Whether the first word of a sentence answers a question before it says anything: `No, dogs are not allowed.`
pub(super) fn is_answer(folded: &str, after: &str) -> bool {
    matches!(folded, "no" | "nein" | "yes" | "ja")
        && after
            .trim_start_matches(['*', '_'])
            .starts_with([',', ';', ':', '.', '!', '–', '—'])
}

/// Whether it is the `No.` of `Invoice No. 12`.
pub(super) fn is_number_sign(folded: &str, after: &str) -> bool {
    folded == "no"
        && after
            .strip_prefix('.')
            .is_some_and(|after| after.trim_start().starts_with(|c: char| c.is_ascii_digit()))
}

/// A number in one spelling: `1,066`, `1.066`, `1066` and `1066th` are one; so are `ten` and `10`, and amounts with and without `.00`.
pub(super) fn number_of(word: &str) -> Option<String> {
    const WORDS: &[(&str, &str)] = &[
        ("two", "2"),
        ("three", "3"),
        ("four", "4"),
        ("five", "5"),
        ("six", "6"),
        ("seven", "7"),
        ("eight", "8"),
        ("nine", "9"),
        ("ten", "10"),
        ("eleven", "11"),
        ("twelve", "12"),
        ("thirteen", "13"),
        ("fourteen", "14"),
        ("fifteen", "15"),
        ("sixteen", "16"),
        ("seventeen", "17"),
        ("eighteen", "18"),
        ("nineteen", "19"),
        ("first", "1"),
        ("second", "2"),
        ("third", "3"),
        ("fourth", "4"),
        ("fifth", "5"),
        ("sixth", "6"),
        ("seventh", "7"),
        ("eighth", "8"),
        ("ninth", "9"),
        ("tenth", "10"),
        ("twenty", "20"),
        ("thirty", "30"),
        ("forty", "40"),
        ("fifty", "50"),
        ("sixty", "60"),
        ("seventy", "70"),
        ("eighty", "80"),
        ("ninety", "90"),
        ("hundred", "100"),
        ("thousand", "1000"),
        ("million", "1000000"),
        ("millionen", "1000000"),
        ("billion", "1000000000"),
        ("milliarde", "1000000000"),
        ("milliarden", "1000000000"),
    ];
    if !word.starts_with(|c: char| c.is_ascii_digit()) {
        let folded = fold(word);
        if folded.starts_with(|c: char| c.is_ascii_digit()) {
            // `８５０`, as East Asian texts write it.
            return number_of(&folded);
        }
        if let Some((_, digits)) = WORDS.iter().find(|(name, _)| *name == folded) {
            return Some((*digits).to_owned());
        }
        // "Dritte" are other people.
        let ordinal = || german_ordinal(&folded).filter(|_| word.starts_with(char::is_lowercase));
        return german_number(&folded).or_else(ordinal).map(|number| number.to_string());
    }
    let digits = word.trim_end_matches(char::is_alphabetic);
    if !is_number(digits) || word.len() - digits.len() > 2 {
        return None;
    }
    // A group of three digits after a separator is thousands in both conventions; anything else is a fraction.
    let mut out = String::with_capacity(digits.len());
    let mut parts = digits.split([',', '.', '\'', '’']);
    let first = parts.next()?;
    // Days and months, of which `01.` is the first.
    out.push_str(first.strip_prefix('0').filter(|_| digits.len() == 2).unwrap_or(first));
    for part in parts {
        if part.len() != 3 {
            out.push('.');
        }
        out.push_str(part);
    }
    // Only the two noughts of an amount: `2.0` may be a version.
    if out.ends_with(".00") {
        out.truncate(out.len() - 3);
    }
    Some(out)
}

/// Opposites of a stem, as stems.
pub(super) fn opposites(stem: &str, language: Language) -> impl Iterator<Item = &'static str> {
    const ENGLISH: &[(&str, &str)] = &[
        ("increase", "decrease"),
        ("rise", "fall"),
        ("rose", "fell"),
        ("grow", "shrink"),
        ("higher", "lower"),
        ("high", "low"),
        ("largest", "smallest"),
        ("larger", "smaller"),
        ("highest", "lowest"),
        ("before", "after"),
        ("early", "late"),
        ("earlier", "later"),
        ("more", "fewer"),
        ("more", "less"),
        ("most", "least"),
        ("allow", "forbid"),
        ("allow", "prohibit"),
        ("permit", "prohibit"),
        ("accept", "reject"),
        ("include", "exclude"),
        ("win", "lose"),
        ("won", "lost"),
        ("victory", "defeat"),
        ("north", "south"),
        ("northern", "southern"),
        ("east", "west"),
        ("eastern", "western"),
        ("left", "right"),
        ("above", "below"),
        ("minimum", "maximum"),
        ("ally", "enemy"),
        ("begin", "end"),
        ("open", "close"),
        ("buy", "sell"),
        ("true", "false"),
        ("always", "never"),
        ("all", "none"),
        ("positive", "negative"),
        ("strong", "weak"),
        ("gain", "loss"),
        ("import", "export"),
    ];
    const GERMAN: &[(&str, &str)] = &[
        ("steigen", "sinken"),
        ("stieg", "sank"),
        ("höher", "niedriger"),
        ("hoch", "niedrig"),
        ("größer", "kleiner"),
        ("vor", "nach"),
        ("mehr", "weniger"),
        ("erlaubt", "verboten"),
        ("annehmen", "ablehnen"),
        ("Norden", "Süden"),
        ("Osten", "Westen"),
        ("mindestens", "höchstens"),
        ("Beginn", "Ende"),
        ("Käufer", "Verkäufer"),
        ("Mieter", "Vermieter"),
        ("früher", "später"),
    ];
    static STEMMED: LazyLock<[Vec<(String, String)>; 2]> = LazyLock::new(|| {
        [(Language::English, ENGLISH), (Language::German, GERMAN)].map(|(language, pairs)| {
            let stems = Stems::new(language);
            pairs.iter().map(|(a, b)| (stems.stem(a), stems.stem(b))).collect()
        })
    });
    let pairs = match language {
        Language::English => &STEMMED[0],
        Language::German => &STEMMED[1],
    };
    pairs.iter().filter_map(move |(a, b)| match stem {
        stem if stem == a => Some(b.as_str()),
        stem if stem == b => Some(a.as_str()),
        _ => None,
    })
}
