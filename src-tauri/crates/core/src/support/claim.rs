//! The sentence that is checked, and how any sentence is read into terms.

use super::bounds::{Bound, bound_at};
use super::dates::{date_in_figures, month};
use super::denials::{denials, is_chinese_or_japanese};
use super::figures::{Figure, Words, lessens, number_at};
use super::signs::{is_answer, is_negation, is_number_sign};
use crate::words::{Language, Stems, Word, fold, is_stop_word, words};

/// Weight of a name or a number.
const HEAVY: f32 = 1.5;
/// Content words after a negation that it denies.
pub(super) const SCOPE: usize = 3;

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
    pub(super) figures: Vec<Figure>,
    /// It says in words that something became or is less.
    pub(super) lessens: bool,
    /// Chinese or Japanese: its terms are characters, of which unlike sentences share many.
    pub(super) of_characters: bool,
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
            figures: read.figures,
            lessens: read.lessens,
            of_characters: is_chinese_or_japanese(sentence),
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
    /// Its numbers, those of dates aside.
    pub(super) figures: Vec<Figure>,
    /// It says in words that something became or is less; only told where it has figures.
    pub(super) lessens: bool,
}

impl Read {
    pub(super) fn of(sentence: &str, stems: &Stems, language: Language) -> Self {
        let list: Vec<Word<'_>> = words(sentence).collect();
        let folded: Vec<String> = list.iter().map(|word| fold(word.text)).collect();
        let is_figure = |at: usize| {
            list.get(at)
                .is_some_and(|word| word.text.starts_with(|c: char| c.is_ascii_digit()))
        };
        let words = Words {
            list: &list,
            folded: &folded,
            stems,
        };
        let in_words = denials(sentence);
        let mut terms: Vec<Term> = Vec::with_capacity(list.len());
        // Where the word of each term begins.
        let mut places: Vec<usize> = Vec::with_capacity(list.len());
        let mut figures: Vec<Figure> = Vec::new();
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
            if in_words.iter().any(|denial| denial.place.contains(&word.at)) {
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
                places.resize(terms.len(), word.at);
                possible.extend(date.possible);
                passed = at + date.words;
                continue;
            }
            if is_negation(word.text) {
                negated_at.push(terms.len());
                continue;
            }
            // The sign of the number after it.
            let is_sign = matches!(folded[at].as_str(), "minus" | "plus");
            if is_sign && number_at(&list[at + 1..], &folded[at + 1..]).is_some() {
                continue;
            }
            if let Some((number, length)) = number_at(&list[at..], &folded[at..]) {
                let digits = word.text.starts_with(char::is_numeric);
                let kind = if digits { Kind::Number } else { Kind::Count };
                passed = at + length;
                let place = word.at..list[passed - 1].end();
                figures.push(Figure::of(number.clone(), sentence, place, &words, passed));
                terms.push(Term { stem: number, kind });
                places.push(word.at);
                continue;
            }
            figures.extend(Figure::of_one(&words, at));
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
            places.push(word.at);
        }
        let mut denied: Vec<Vec<String>> = negated_at
            .into_iter()
            .map(|at| {
                terms[at.min(terms.len())..]
                    .iter()
                    .take(SCOPE)
                    .map(|term| term.stem.clone())
                    .collect()
            })
            .collect();
        denied.extend(in_words.iter().map(|denial| denial.denied(&terms, &places)));
        Self {
            lessens: !figures.is_empty() && lessens(&folded),
            terms,
            possible,
            denied,
            bounds,
            figures,
        }
    }
}
