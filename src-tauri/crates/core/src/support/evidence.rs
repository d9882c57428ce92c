//! A source made ready for checking: sentence by sentence, with what stands above them.

use super::bounds::Bound;
use super::claim::{Claim, Kind, Read, Term};
use super::dates::readings;
use super::figures::Figure;
use super::signs::same_people;
use crate::answer::Source;
use crate::sentences::sentences;
use crate::words::{Language, Stems};
use std::ops::Range;

/// Of a date that may be meant, the share that counts as covered.
const PERHAPS: f32 = 0.75;

/// What a text says, as stems.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    stems: Vec<String>,
    /// What its dates may mean as well.
    possible: Vec<String>,
}

impl Said {
    fn has(&self, stem: &str) -> bool {
        self.stems.iter().any(|own| own == stem)
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.stems.extend_from_slice(&other.stems);
        self.possible.extend_from_slice(&other.possible);
    }

    /// One of the two may be meant by the other.
    fn may_have(&self, stem: &str) -> bool {
        self.possible.iter().any(|own| own == stem)
            || readings(stem)
                .is_some_and(|readings| readings.iter().any(|reading| reading.iter().all(|part| self.has(part))))
    }
}

impl From<Read> for Said {
    fn from(read: Read) -> Self {
        Self {
            stems: read.terms.into_iter().map(|term| term.stem).collect(),
            possible: read.possible,
        }
    }
}

/// A source made ready for checking; cheap to keep while an answer streams.
#[derive(Clone, Debug)]
pub struct Evidence {
    pub(super) sentences: Vec<EvidenceSentence>,
    /// Title and headings: what the text is about without saying it in each sentence.
    pub(super) about: Said,
    pub(super) language: Language,
}

#[derive(Clone, Debug)]
pub(super) struct EvidenceSentence {
    range: Range<usize>,
    said: Said,
    pub(super) denied: Vec<Vec<String>>,
    pub(super) bounds: Vec<Bound>,
    pub(super) figures: Vec<Figure>,
    /// It says in words that something became or is less.
    pub(super) lessens: bool,
    /// It has a number, in digits or words.
    pub(super) counts: bool,
}

impl EvidenceSentence {
    pub(super) fn has(&self, stem: &str) -> bool {
        self.said.has(stem)
    }

    pub(super) fn may_have(&self, stem: &str) -> bool {
        self.said.may_have(stem)
    }
}

impl Evidence {
    /// Of a source: its text, title, headings and the header of its table.
    pub fn of(source: &Source) -> Self {
        Self::new(
            &source.text,
            source
                .heading
                .iter()
                .map(String::as_str)
                .chain([source.title.as_str(), source.table_header.as_str()]),
        )
    }

    /// Of a text and what stands above it.
    pub fn new<'t>(text: &str, above: impl IntoIterator<Item = &'t str>) -> Self {
        let language = Language::of(text);
        let stems = Stems::new(language);
        let sentences = sentences(text)
            .into_iter()
            .map(|range| {
                let mut read = Read::of(&text[range.clone()], &stems, language);
                let counts = read
                    .terms
                    .iter()
                    .any(|term| matches!(term.kind, Kind::Number | Kind::Count));
                EvidenceSentence {
                    range,
                    denied: std::mem::take(&mut read.denied),
                    bounds: std::mem::take(&mut read.bounds),
                    figures: std::mem::take(&mut read.figures),
                    lessens: read.lessens,
                    said: read.into(),
                    counts,
                }
            })
            .collect();
        let mut about = Said::default();
        for line in above {
            about.join(&Read::of(line, &stems, language).into());
        }
        Self {
            sentences,
            about,
            language,
        }
    }

    pub(super) fn has(&self, stem: &str) -> bool {
        self.is_about(stem) || self.sentences.iter().any(|sentence| sentence.has(stem))
    }

    pub(super) fn may_have(&self, stem: &str) -> bool {
        self.about.may_have(stem) || self.sentences.iter().any(|sentence| sentence.may_have(stem))
    }

    /// The name, or the same place or people in another form: `Persia` for `Persian`.
    pub(super) fn names(&self, stem: &str) -> bool {
        self.has(stem)
            || self
                .about
                .stems
                .iter()
                .chain(self.sentences.iter().flat_map(|sentence| &sentence.said.stems))
                .any(|own| same_people(own, stem))
    }

    pub(super) fn is_about(&self, stem: &str) -> bool {
        self.about.has(stem)
    }

    /// How much of a term these sentences, title and headings have: all, perhaps, nothing.
    fn covered(&self, term: &Term, sentences: &[&EvidenceSentence]) -> f32 {
        let stem = &term.stem;
        let within = |has: fn(&Said, &str) -> bool| {
            has(&self.about, stem) || sentences.iter().any(|sentence| has(&sentence.said, stem))
        };
        if within(Said::has) {
            term.weight()
        } else if within(Said::may_have) {
            PERHAPS * term.weight()
        } else {
            0.0
        }
    }

    /// Share of the claim that one sentence covers, title and headings helping.
    pub(super) fn alone(&self, claim: &Claim, sentence: &EvidenceSentence) -> f32 {
        let total = claim.weight();
        if total <= 0.0 {
            return 0.0;
        }
        claim
            .terms
            .iter()
            .map(|term| self.covered(term, &[sentence]))
            .sum::<f32>()
            / total
    }

    /// The sentence that covers most; the first of equals.
    pub(super) fn best(&self, claim: &Claim) -> Option<(usize, f32)> {
        let mut best: Option<(usize, f32)> = None;
        for (at, sentence) in self.sentences.iter().enumerate() {
            let share = self.alone(claim, sentence);
            if best.is_none_or(|(_, most)| share > most) {
                best = Some((at, share));
            }
        }
        best
    }

    /// Best sentence, its neighbours, and the one more that adds most.
    fn window(&self, claim: &Claim, best: usize) -> Vec<usize> {
        let mut window: Vec<usize> = (best.saturating_sub(1)..(best + 2).min(self.sentences.len())).collect();
        let missing: Vec<&Term> = claim
            .terms
            .iter()
            .filter(|term| !window.iter().any(|at| self.sentences[*at].has(&term.stem)))
            .collect();
        let gain = |at: usize| missing.iter().filter(|term| self.sentences[at].has(&term.stem)).count();
        let more = (0..self.sentences.len())
            .filter(|at| !window.contains(at))
            .max_by_key(|at| (gain(*at), usize::MAX - at));
        if let Some(at) = more.filter(|at| gain(*at) > 0) {
            window.push(at);
        }
        window
    }

    /// Share of the claim that the source covers, 0 to 1.
    pub fn coverage(&self, claim: &Claim) -> f32 {
        let claim = claim.beside(self.language);
        let total = claim.weight();
        let Some((best, _)) = self.best(claim) else { return 0.0 };
        if total <= 0.0 {
            return 0.0;
        }
        let window: Vec<&EvidenceSentence> = self
            .window(claim, best)
            .into_iter()
            .map(|at| &self.sentences[at])
            .collect();
        claim.terms.iter().map(|term| self.covered(term, &window)).sum::<f32>() / total
    }

    /// Bytes of the sentence that covers the claim best, with a neighbour that adds two terms or more. `None` when nothing does.
    pub fn best_range(&self, claim: &Claim) -> Option<Range<usize>> {
        let claim = claim.beside(self.language);
        let (best, share) = self.best(claim)?;
        if share <= 0.0 {
            return None;
        }
        let missing: Vec<&Term> = claim
            .terms
            .iter()
            .filter(|term| !self.sentences[best].has(&term.stem))
            .collect();
        let gain = |at: usize| missing.iter().filter(|term| self.sentences[at].has(&term.stem)).count();
        let neighbours = best
            .checked_sub(1)
            .into_iter()
            .chain((best + 1 < self.sentences.len()).then_some(best + 1));
        let range = self.sentences[best].range.clone();
        match neighbours.max_by_key(|at| gain(*at)).filter(|at| gain(*at) > 1) {
            Some(at) => {
                let other = &self.sentences[at].range;
                Some(range.start.min(other.start)..range.end.max(other.end))
            }
            None => Some(range),
        }
    }
}
