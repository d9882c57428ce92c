//! Reading: passages in the question's words, sentence by sentence.

use super::{Fused, in_order};
use crate::chunk::{Chunk, ChunkId};
use crate::question::KeywordQuery;
use crate::retrieval::ScoredChunk;
use crate::sentences::sentences;
use crate::words::{Language, Stems, fold, signed_name, words};
use std::collections::HashSet;
use std::ops::Range;

/// Passages that are read.
pub const READ: usize = 30;
/// First passages of the keyword ranking that are read too.
pub const READ_BY_WORDS: u32 = 5;
const COVERAGE: f32 = 0.5;
const PAIRS: f32 = 0.15;
/// Words of a question that one sentence is expected to hold.
const READ_WORDS: f32 = 4.0;
const HEADING: f32 = 0.5;
/// How far apart, in words, two neighbours of the question may stand and still count as neighbours.
const PAIR_WINDOW: usize = 2;

/// Reads the best [`READ`] candidates against the question's words and orders them anew; the rest follow as they were. The first
/// [`READ_BY_WORDS`] of the keyword ranking are read wherever fusion put them, and join the best if they have a word of the question
/// that none of those has: among two hundred passages that mean the same, the one with the rare word is first by words and below them
/// all by the sum. `chunks` are the candidates' texts in any order; a candidate without a text is dropped: it is gone from the library.
pub fn reread(question: &str, fused: &[Fused], chunks: Vec<Chunk>) -> Vec<ScoredChunk> {
    let first_by_words: HashSet<ChunkId> = fused
        .iter()
        .filter(|candidate| candidate.keyword_rank.is_some_and(|rank| rank <= READ_BY_WORDS))
        .map(|candidate| candidate.id)
        .collect();
    let mut best = in_order(fused, chunks);
    let mut unread = best.split_off(best.len().min(READ));
    let low: Vec<usize> = (0..unread.len())
        .filter(|at| first_by_words.contains(&unread[*at].chunk.id))
        .collect();
    let (stems, terms) = stems_of(question);
    let finder = Finder::new(&stems, &terms);
    let seen = |scored: &ScoredChunk| Seen::of(&finder, terms.len(), &scored.chunk);
    // Words are weighed by the best alone: what is read besides changes nothing among them.
    let reading = Reading::weighed(terms.len(), best.iter().map(seen).collect());
    let trust = (READ_WORDS / terms.len().max(1) as f32).min(1.0);
    let gain = |seen: &Seen| trust * (COVERAGE * reading.coverage(seen) + PAIRS * reading.pairs(seen));
    for (scored, seen) in best.iter_mut().zip(&reading.seen) {
        scored.score += gain(seen);
    }
    let Some(last) = best.iter().map(|scored| scored.score).min_by(f32::total_cmp) else {
        return best;
    };
    // From the back, so that the places before stay what they are.
    for at in low.into_iter().rev() {
        let seen = seen(&unread[at]);
        let brings_a_word =
            (0..terms.len()).any(|term| seen.has(term) && !reading.seen.iter().any(|best| best.has(term)));
        let score = unread[at].score + gain(&seen);
        if brings_a_word && score > last {
            best.push(ScoredChunk {
                score,
                ..unread.remove(at)
            });
        }
    }
    best.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.id.cmp(&b.chunk.id)));
    for scored in &mut unread {
        // What was not read stays below what was.
        scored.score = scored.score.min(last);
    }
    best.append(&mut unread);
    best
}

/// The terms of a question and where each passage has them.
pub(crate) struct Reading {
    /// Weight of each term.
    weights: Vec<f32>,
    total: f32,
    seen: Vec<Seen>,
}

/// One passage in the question's terms.
pub(crate) struct Seen {
    /// A term number or nothing for each word, in order.
    words: Vec<Option<usize>>,
    /// Ends of sentences in `words`.
    ends: Vec<usize>,
    /// Which terms its headings have.
    heading: Vec<bool>,
}

/// The question's content terms as stems, each once, in order.
pub(crate) fn stems_of(question: &str) -> (Stems, Vec<String>) {
    let stems = Stems::new(Language::of(question));
    let mut terms: Vec<String> = Vec::new();
    let query = KeywordQuery::parse(question);
    // Passages are read word by word: of a run without spaces that is character by character.
    let readings = query.content().flat_map(|term| {
        let text = term.text.as_str();
        words(text).map(|word| match signed_name(text, word.at..word.end()) {
            Some((_, said)) => said.to_owned(),
            None => stems.stem(word.text),
        })
    });
    for stem in readings {
        if !stem.is_empty() && !terms.contains(&stem) {
            terms.push(stem);
        }
    }
    (stems, terms)
}

/// Finds which of a few stems a word has without stemming every word: Snowball's stems keep the first letter.
pub(crate) struct Finder<'s> {
    stems: &'s Stems,
    terms: &'s [String],
}

impl<'s> Finder<'s> {
    pub(crate) fn new(stems: &'s Stems, terms: &'s [String]) -> Self {
        Self { stems, terms }
    }

    /// The term that each word of a text is, or none. `C#` is itself, not `C`.
    pub(crate) fn find_in<'f>(&'f self, text: &'f str) -> impl Iterator<Item = Option<usize>> + 'f {
        words(text).map(move |word| match signed_name(text, word.at..word.end()) {
            Some((_, said)) => self.terms.iter().position(|term| term == said),
            None => self.find(word.text),
        })
    }

    fn find(&self, word: &str) -> Option<usize> {
        let folded = fold(word);
        let first = folded.chars().next()?;
        if !self.terms.iter().any(|term| term.starts_with(first)) {
            return None;
        }
        let stem = self.stems.stem_folded(folded);
        self.terms.iter().position(|term| *term == stem)
    }
}

impl Reading {
    pub(crate) fn of<'c>(question: &str, chunks: impl Iterator<Item = &'c Chunk>) -> Self {
        let (stems, terms) = stems_of(question);
        let finder = Finder::new(&stems, &terms);
        let seen = chunks.map(|chunk| Seen::of(&finder, terms.len(), chunk)).collect();
        Self::weighed(terms.len(), seen)
    }

    /// Passages with their terms weighed by inverse frequency among them.
    fn weighed(terms: usize, seen: Vec<Seen>) -> Self {
        let count = seen.len() as f32;
        let weights: Vec<f32> = (0..terms)
            .map(|term| {
                let having = seen.iter().filter(|seen| seen.has(term)).count() as f32;
                (1.0 + (count - having + 0.5) / (having + 0.5)).ln().max(0.1)
            })
            .collect();
        Self {
            total: weights.iter().sum(),
            weights,
            seen,
        }
    }

    /// How many terms the question has.
    pub(crate) fn terms(&self) -> usize {
        self.weights.len()
    }

    /// The best coverage of the first passages.
    pub(crate) fn best_coverage(&self, first: usize) -> f32 {
        self.coverage_within(0..first.min(self.seen.len()))
    }

    /// The best coverage of some of the passages.
    pub(crate) fn coverage_within(&self, passages: Range<usize>) -> f32 {
        self.seen[passages]
            .iter()
            .map(|seen| self.coverage(seen))
            .fold(0.0, f32::max)
    }

    /// Share of the question that the best sentence covers, headings counting half.
    fn coverage(&self, seen: &Seen) -> f32 {
        if self.total <= 0.0 {
            return 0.0;
        }
        let mut start = 0;
        let mut best = 0.0_f32;
        for &end in &seen.ends {
            let sum: f32 = (0..self.weights.len())
                .map(|term| {
                    if seen.words[start..end].contains(&Some(term)) {
                        self.weights[term]
                    } else if seen.heading[term] {
                        HEADING * self.weights[term]
                    } else {
                        0.0
                    }
                })
                .sum();
            best = best.max(sum / self.total);
            start = end;
        }
        best
    }

    /// Share of the question's neighbouring pairs that stand close to each other here, in the same order.
    fn pairs(&self, seen: &Seen) -> f32 {
        let weight = |term: usize| self.weights[term].min(self.weights[term + 1]);
        let total: f32 = (1..self.weights.len()).map(|term| weight(term - 1)).sum();
        if total <= 0.0 {
            return 0.0;
        }
        let found: f32 = (1..self.weights.len())
            .map(|second| second - 1)
            .filter(|&first| {
                seen.words.iter().enumerate().any(|(at, word)| {
                    *word == Some(first)
                        && seen.words[at + 1..]
                            .iter()
                            .take(PAIR_WINDOW)
                            .any(|next| *next == Some(first + 1))
                })
            })
            .map(weight)
            .sum();
        found / total
    }
}

impl Seen {
    fn of(finder: &Finder<'_>, terms: usize, chunk: &Chunk) -> Self {
        let mut seen = Self {
            words: Vec::new(),
            ends: Vec::new(),
            heading: vec![false; terms],
        };
        for range in sentences(&chunk.text) {
            seen.words.extend(finder.find_in(&chunk.text[range]));
            seen.ends.push(seen.words.len());
        }
        let above = chunk
            .heading
            .iter()
            .map(String::as_str)
            .chain([chunk.table_header.as_str()]);
        for term in above.flat_map(|text| finder.find_in(text)).flatten() {
            seen.heading[term] = true;
        }
        seen
    }

    fn has(&self, term: usize) -> bool {
        self.heading[term] || self.words.contains(&Some(term))
    }
}
