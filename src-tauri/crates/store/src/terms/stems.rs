//! Words cut to what their inflected forms share.

use super::fold::fold;
use super::runs::is_hebrew;
use rust_stemmers::{Algorithm, Stemmer};
use std::collections::HashMap;

/// Stems words of one language; remembers them.
pub(super) struct Stems {
    stemmer: Option<Stemmer>,
    joins_feminine: bool,
    known: HashMap<String, String>,
}

impl Stems {
    /// For an ISO 639-1 code; without one the rules of English hold.
    pub(super) fn new(language: Option<&str>) -> Self {
        Self {
            stemmer: algorithm(language).map(Stemmer::create),
            joins_feminine: language == Some("de"),
            known: HashMap::new(),
        }
    }

    /// Stem of a lower-case word, folded.
    pub(super) fn stem(&mut self, lower: &str) -> String {
        if is_hebrew(lower) {
            return without_particles(&fold(lower));
        }
        let Some(stemmer) = &self.stemmer else {
            return fold(lower);
        };
        if let Some(known) = self.known.get(lower) {
            return known.clone();
        }
        let mut stem = stem_with(stemmer, lower);
        if self.joins_feminine && is_feminine_plural(&stem) {
            stem.pop();
        }
        // Prose has some ten thousand different words; tables of numbers have millions.
        if self.known.len() < 50_000 {
            self.known.insert(lower.to_owned(), stem.clone());
        }
        stem
    }
}

/// `Lehrerinnen`, which Snowball stems to `lehrerinn` and the singular to `lehrerin`. Short stems are other words: `Spinnen`, `Sinn`.
fn is_feminine_plural(stem: &str) -> bool {
    stem.strip_suffix("inn")
        .is_some_and(|person| person.chars().count() >= 3)
}

/// A Hebrew word without the conjunctions, article and prepositions written at its beginning, which are told from its own first letters
/// by no rule: as many are cut as leave a root of three letters, so that a word and the same with particles come out alike.
fn without_particles(word: &str) -> String {
    let mut rest = word.chars();
    while rest.clone().count() > 3 && rest.as_str().starts_with(['ו', 'ה', 'ב', 'כ', 'ל', 'מ', 'ש']) {
        rest.next();
    }
    rest.as_str().to_owned()
}

/// Words with digits stay as they are: `b12` and `b12s` are two things.
fn stem_with(stemmer: &Stemmer, lower: &str) -> String {
    if lower.bytes().any(|byte| byte.is_ascii_digit()) {
        return fold(lower);
    }
    fold(&stemmer.stem(lower))
}

fn algorithm(language: Option<&str>) -> Option<Algorithm> {
    Some(match language {
        None | Some("en") => Algorithm::English,
        Some("ar") => Algorithm::Arabic,
        Some("da") => Algorithm::Danish,
        Some("de") => Algorithm::German,
        Some("el") => Algorithm::Greek,
        Some("es") => Algorithm::Spanish,
        Some("fi") => Algorithm::Finnish,
        Some("fr") => Algorithm::French,
        Some("hu") => Algorithm::Hungarian,
        Some("it") => Algorithm::Italian,
        Some("nl") => Algorithm::Dutch,
        Some("no" | "nb" | "nn") => Algorithm::Norwegian,
        Some("pt") => Algorithm::Portuguese,
        Some("ro") => Algorithm::Romanian,
        Some("ru") => Algorithm::Russian,
        Some("sv") => Algorithm::Swedish,
        Some("ta") => Algorithm::Tamil,
        Some("tr") => Algorithm::Turkish,
        Some(_) => return None,
    })
}
