//! The sentence that is checked, and how any sentence is read into terms.

use super::bounds::{Bound, bound_at};
use super::dates::{date_in_figures, month};
use super::signs::{is_answer, is_negation, is_number_sign, number_of};
use crate::words::{Language, Stems, Word, fold, is_stop_word, words};

/// Weight of a name or a number.
const HEAVY: f32 = 1.5;
/// Content words after a negation that it denies.
const SCOPE: usize = 3;

/// What a term of a claim is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Name,
    /// First word of the sentence: capital by rule, so perhaps a name.
    Opening,
    Number,
    /// A number in words: as often counts what the source lists ("two kinds: …") as it repeats a figure.
    Count,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) stem: String,
    pub(super) kind: Kind,
}

impl Term {
    pub(super) fn weight(&self) -> f32 {
        if matches!(self.kind, Kind::Name | Kind::Number) {
            HEAVY
        } else {
            1.0
        }
    }
}

/// A sentence to be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub(super) terms: Vec<Term>,
    /// How many negations.
    pub(super) negations: usize,
    pub(super) bounds: Vec<Bound>,
    pub(super) language: Language,
    /// The same read as German, where its words do not tell the language.
    german: Option<Box<Claim>>,
}

impl Claim {
    /// Reads a sentence without its marks.
    pub fn of(sentence: &str) -> Self {
        let language = Language::of(sentence);
        // One more German word decides a tie, and nothing but a tie.
        let tie = language == Language::English && Language::of(&format!("{sentence} und")) == Language::German;
        Self {
            german: tie.then(|| Box::new(Self::read(sentence, Language::German))),
            ..Self::read(sentence, language)
        }
    }

    fn read(sentence: &str, language: Language) -> Self {
        let read = Read::of(sentence, &Stems::new(language), language);
        let mut terms: Vec<Term> = Vec::new();
        for term in read.terms {
            if !terms.iter().any(|known| known.stem == term.stem) {
                terms.push(term);
            }
        }
        Self {
            terms,
            negations: read.denied.len(),
            bounds: read.bounds,
            language,
            german: None,
        }
    }

    /// As it is compared with a source of that language.
    pub(super) fn beside(&self, language: Language) -> &Self {
        match &self.german {
            Some(german) if language == Language::German => german,
            _ => self,
        }
    }

    /// False for what claims nothing that a source could support: "Yes.", a heading, a link between sentences.
    pub fn is_checkable(&self) -> bool {
        self.terms.len() > 1 || self.terms.iter().any(|term| term.kind == Kind::Number)
    }

    pub(super) fn weight(&self) -> f32 {
        self.terms.iter().map(Term::weight).sum()
    }
}

/// A sentence in terms.
pub(super) struct Read {
    pub(super) terms: Vec<Term>,
    /// Terms of what its dates may mean as well.
    pub(super) possible: Vec<String>,
    /// For each negation, the terms it denies.
    pub(super) denied: Vec<Vec<String>>,
    pub(super) bounds: Vec<Bound>,
}

impl Read {
    pub(super) fn of(sentence: &str, stems: &Stems, language: Language) -> Self {
        let list: Vec<Word<'_>> = words(sentence).collect();
        let folded: Vec<String> = list.iter().map(|word| fold(word.text)).collect();
        let is_figure = |at: usize| {
            list.get(at)
                .is_some_and(|word| word.text.starts_with(|c: char| c.is_ascii_digit()))
        };
        let mut terms: Vec<Term> = Vec::with_capacity(list.len());
        let mut possible: Vec<String> = Vec::new();
        // Where each negation stands among the terms.
        let mut negated_at: Vec<usize> = Vec::new();
        let mut bounds: Vec<Bound> = Vec::new();
        let mut passed = 0;
        for (at, word) in list.iter().enumerate() {
            let after = &sentence[word.end()..];
            if at < passed || (at == 0 && is_answer(&folded[0], after)) || is_number_sign(&folded[at], after) {
                continue;
            }
            if let Some((bound, length)) = bound_at(&list[at..], &folded[at..]) {
                bounds.push(bound);
                passed = at + length;
                continue;
            }
            if let Some(date) = date_in_figures(sentence, &list[at..]) {
                let kind = Kind::Number;
                terms.extend(date.terms.into_iter().map(|stem| Term { stem, kind }));
                possible.extend(date.possible);
                passed = at + date.words;
                continue;
            }
            if is_negation(word.text) {
                negated_at.push(terms.len());
                continue;
            }
            if let Some(number) = number_of(word.text) {
                let digits = word.text.starts_with(char::is_numeric);
                let kind = if digits { Kind::Number } else { Kind::Count };
                terms.push(Term { stem: number, kind });
                continue;
            }
            let dated = is_figure(at + 1) || at.checked_sub(1).is_some_and(is_figure);
            let month = month(word.text, &folded[at], dated);
            if month.is_none() && is_stop_word(word.text) {
                continue;
            }
            let capital = word.text.chars().next().is_some_and(char::is_uppercase);
            let inside = word.text.chars().skip(1).any(char::is_uppercase);
            let kind = match (capital || inside, at) {
                _ if month.is_some() && dated => Kind::Number,
                (true, 0) if !inside => Kind::Opening,
                // German writes every noun with a capital.
                (true, _) if language == Language::German && !inside => Kind::Opening,
                (true, _) => Kind::Name,
                (false, _) => Kind::Word,
            };
            terms.push(Term {
                stem: month.unwrap_or_else(|| stems.stem(word.text)),
                kind,
            });
        }
        let denied = negated_at
            .into_iter()
            .map(|at| {
                terms[at.min(terms.len())..]
                    .iter()
                    .take(SCOPE)
                    .map(|term| term.stem.clone())
                    .collect()
            })
            .collect();
        Self {
            terms,
            possible,
            denied,
            bounds,
        }
    }
}
