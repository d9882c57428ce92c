//! Answers without a model: the documents' own best sentences, each with its citation.
//!
//! A sentence scores `coverage + cosine + 0.5 · passage + 0.3 · before + 0.2 · pairs + 0.15 · kind + 0.1 · new`:
//!
//! - the share of the question's words it has (by inverse frequency among the sentences, headings counting half);
//! - its cosine with the question, title, the sentence before it and itself embedded together: half of all sentences begin with a
//!   word that only the one before explains;
//! - its passage's place;
//! - the share of the question's words it lacks and the sentence before has, for a row of a table its header;
//! - the share of the question's neighbouring words that are neighbours in it;
//! - whether it has what the question word asks for (a number for "how many", a date for "when", a name not in the question for "who"
//!   and "where");
//! - how much it says beyond the question, up to twenty words: what only repeats the question answers nothing.
//!
//! The best sentence leads; those that follow stand in reading order, rows of a table under its header.
//!
//! Measured with `docmind eval answers` on squad-a (1,126 questions; the answer is in the first sentence / in one of the three): .782 /
//! .925; without `before`, `new` and the sentence before in what is embedded .774 / .909.

mod each;
mod page_bodies;
mod table;
mod wanted;

pub use each::{candidates_of_each, each};
pub use page_bodies::PageBodies;

use crate::answer::Source;
use crate::citation::{CitedSentence, CitedText, Parsed, literal};
use crate::rank::{Finder, stems_of};
use crate::sentences::sentences;
use crate::words::{Word, fold, is_stop_word, words};
use std::collections::HashSet;
use std::fmt::Write as _;
use std::ops::Range;
use table::Line;
use wanted::Wanted;

/// Most sentences of an answer.
pub const MOST_SENTENCES: usize = 3;
/// Most sentences worth embedding while a person waits. Passages come best first: beyond so many sentences nothing was gained.
pub const MOST_CANDIDATES: usize = 40;
/// Words of the sentence before that are embedded with a sentence, the last ones.
const CONTEXT_WORDS: usize = 40;
const PASSAGE: f32 = 0.5;
const KIND: f32 = 0.15;
const PAIRS: f32 = 0.2;
const BEFORE: f32 = 0.3;
const NEW: f32 = 0.1;
/// Words beyond the question that count.
const MOST_NEW: usize = 20;
const HEADING: f32 = 0.5;
/// A further sentence joins from this share of the best one's score.
const WORTHY: f32 = 0.6;
/// Shorter is a heading or a scrap, where its passage has anything longer.
const LEAST_WORDS: usize = 4;
/// Of a row of a table: its header says the rest.
const LEAST_WORDS_OF_ROW: usize = 2;

/// A sentence that may answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which of the sources given.
    pub source: usize,
    /// Bytes of the source's text.
    pub range: Range<usize>,
    /// Of a row of a table: its header, in one line.
    pub header: Option<String>,
    /// What is embedded for its cosine: the document's title, the sentence before (for a row its header) and the sentence.
    pub embedded: String,
}

/// The sentences of sources given best first, each once, at most [`MOST_CANDIDATES`].
pub fn candidates(sources: &[Source]) -> Vec<Candidate> {
    candidates_within(sources, MOST_CANDIDATES)
}

/// [`candidates`], at most so many.
fn candidates_within(sources: &[Source], most: usize) -> Vec<Candidate> {
    let mut seen = HashSet::new();
    let mut out = Vec::new();
    for (at, source) in sources.iter().enumerate() {
        let mut before = String::new();
        let long = |range: Range<usize>, least: usize| words(&source.text[range]).nth(least - 1).is_some();
        // Lists of names, addresses and numbers have nothing but short lines.
        let all = sentences(&source.text);
        let least = if all.iter().any(|range| long(range.clone(), LEAST_WORDS)) {
            LEAST_WORDS
        } else {
            1
        };
        for range in all {
            let (range, header) = match table::line(&source.text, &source.table_header, &range) {
                Line::Prose => (range, None),
                // Says nothing of its own; it is told with the rows.
                Line::Header => continue,
                Line::Row { row, header } => {
                    before = format!("{header} ");
                    (row, Some(header))
                }
            };
            let text = &source.text[range.clone()];
            let least = if header.is_some() {
                least.min(LEAST_WORDS_OF_ROW)
            } else {
                least
            };
            if !long(range.clone(), least) || !seen.insert(fold(text)) {
                continue;
            }
            let plain = text.split_whitespace().collect::<Vec<_>>();
            let embedded = format!("{}\n{before}{}", source.title, plain.join(" "));
            before = plain[plain.len().saturating_sub(CONTEXT_WORDS)..].join(" ");
            before.push(' ');
            out.push(Candidate {
                source: at,
                range,
                header,
                embedded,
            });
            if out.len() == most {
                return out;
            }
        }
    }
    out
}

/// A sentence with its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankedSentence {
    /// Which of the candidates.
    pub candidate: usize,
    /// Higher is better.
    pub score: f32,
}

/// Candidates by how well they answer, best first. `scores` are those of the sources' passages; `cosines`, where at hand, those of
/// the candidates with the question.
pub fn rank_sentences(
    question: &str,
    sources: &[Source],
    scores: &[f32],
    candidates: &[Candidate],
    cosines: Option<&[f32]>,
) -> Vec<RankedSentence> {
    let (stems, terms) = stems_of(question);
    let finder = Finder::new(&stems, &terms);
    let wanted = Wanted::of(question);
    let best_passage = scores.iter().copied().fold(0.0_f32, f32::max);
    let headings: Vec<Vec<bool>> = sources
        .iter()
        .map(|source| {
            let mut has = vec![false; terms.len()];
            let above = source.heading.iter().map(String::as_str).chain([source.title.as_str()]);
            above
                .flat_map(|text| finder.find_in(text))
                .flatten()
                .for_each(|term| has[term] = true);
            has
        })
        .collect();
    let read_at = |source: usize, range: &Range<usize>| Read::of(&sources[source].text[range.clone()], &finder, wanted);
    let read: Vec<Read> = candidates
        .iter()
        .map(|candidate| read_at(candidate.source, &candidate.range))
        .collect();
    let count = candidates.len() as f32;
    let weights: Vec<f32> = (0..terms.len())
        .map(|term| {
            let having = read.iter().filter(|read| read.has(term)).count() as f32;
            (1.0 + (count - having + 0.5) / (having + 0.5)).ln().max(0.1)
        })
        .collect();
    let total: f32 = weights.iter().sum::<f32>().max(f32::EPSILON);
    let weight_of = |share: &dyn Fn(usize) -> f32| -> f32 {
        (0..terms.len()).map(|term| share(term) * weights[term]).sum::<f32>() / total
    };
    let mut ranked: Vec<RankedSentence> = candidates
        .iter()
        .zip(&read)
        .enumerate()
        .map(|(at, (candidate, own))| {
            let coverage = weight_of(&|term| match (own.has(term), headings[candidate.source][term]) {
                (true, _) => 1.0,
                (false, true) => HEADING,
                (false, false) => 0.0,
            });
            let header = candidate
                .header
                .as_ref()
                .map(|header| Read::of(header, &finder, wanted));
            let before = header.as_ref().or_else(|| {
                let before = at.checked_sub(1)?;
                (candidates[before].source == candidate.source).then(|| &read[before])
            });
            let before = before.map_or(0.0, |before| {
                weight_of(&|term| f32::from(u8::from(!own.has(term) && before.has(term))))
            });
            let passage = if best_passage > 0.0 {
                scores.get(candidate.source).copied().unwrap_or(0.0) / best_passage
            } else {
                0.0
            };
            let cosine = cosines.and_then(|cosines| cosines.get(at)).copied().unwrap_or(0.0);
            RankedSentence {
                candidate: at,
                score: coverage
                    + cosine
                    + PASSAGE * passage
                    + BEFORE * before
                    + PAIRS * own.pairs(terms.len())
                    + KIND * own.kind
                    + NEW * own.new,
            }
        })
        .collect();
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.candidate.cmp(&b.candidate)));
    ranked
}

/// A sentence in the question's terms.
struct Read {
    /// A term number or nothing for each word, in order.
    found: Vec<Option<usize>>,
    /// It has what the question word asks for.
    kind: f32,
    /// Share of [`MOST_NEW`] words that it says beyond the question.
    new: f32,
}

impl Read {
    fn of(text: &str, finder: &Finder<'_>, wanted: Wanted) -> Self {
        let list: Vec<Word<'_>> = words(text).collect();
        let found: Vec<Option<usize>> = finder.find_in(text).collect();
        let new = list
            .iter()
            .zip(&found)
            .filter(|(word, term)| term.is_none() && !is_stop_word(word.text))
            .count();
        Self {
            kind: wanted.satisfied_by(&list, &found),
            new: new.min(MOST_NEW) as f32 / MOST_NEW as f32,
            found,
        }
    }

    fn has(&self, term: usize) -> bool {
        self.found.contains(&Some(term))
    }

    /// Share of the question's neighbouring terms that follow each other here.
    fn pairs(&self, terms: usize) -> f32 {
        let content: Vec<usize> = self.found.iter().flatten().copied().collect();
        let pairs = (1..terms)
            .filter(|second| content.windows(2).any(|pair| pair == [second - 1, *second]))
            .count();
        pairs as f32 / terms.saturating_sub(1).max(1) as f32
    }
}

/// The extractive answer: at most [`MOST_SENTENCES`], the best first, then in reading order, each with its mark.
pub fn extract(
    question: &str,
    sources: &[Source],
    scores: &[f32],
    candidates: &[Candidate],
    cosines: Option<&[f32]>,
) -> CitedText {
    let ranked = rank_sentences(question, sources, scores, candidates, cosines);
    let Some(lead) = ranked.first() else {
        return CitedText::default();
    };
    let mut chosen: Vec<usize> = ranked[1..]
        .iter()
        .take(MOST_SENTENCES - 1)
        .filter(|other| other.score >= WORTHY * lead.score)
        .map(|other| other.candidate)
        .collect();
    in_reading_order(&mut chosen, candidates, sources);
    chosen.insert(0, lead.candidate);
    quoted(&chosen, candidates, sources)
}

/// The beginning in the document's own words: the first sentences of sources given in reading order.
pub fn opening(sources: &[Source]) -> CitedText {
    let candidates = candidates_within(sources, MOST_SENTENCES);
    let first: Vec<usize> = (0..candidates.len()).collect();
    quoted(&first, &candidates, sources)
}

/// Document by document, in each as it is read.
fn in_reading_order(chosen: &mut [usize], candidates: &[Candidate], sources: &[Source]) {
    chosen.sort_by_key(|at| {
        let candidate = &candidates[*at];
        let source = &sources[candidate.source];
        (
            source.document_id,
            source.page,
            source.span.start,
            candidate.range.start,
        )
    });
}

/// Sentences as an answer, each with its mark.
fn quoted(chosen: &[usize], candidates: &[Candidate], sources: &[Source]) -> CitedText {
    let mut quotes = Quotes::new(candidates, sources, MOST_SENTENCES);
    quotes.add(chosen);
    quotes.finish()
}

/// Quoted sentences on their way to an answer.
struct Quotes<'a> {
    candidates: &'a [Candidate],
    sources: &'a [Source],
    /// The highest mark that may be given.
    marks: u32,
    out: CitedText,
}

impl<'a> Quotes<'a> {
    fn new(candidates: &'a [Candidate], sources: &'a [Source], marks: usize) -> Self {
        Self {
            candidates,
            sources,
            marks: marks as u32,
            out: CitedText::default(),
        }
    }

    /// A heading of their own for the sentences that follow.
    fn title(&mut self, title: &str) {
        let title = in_bold(&literal(&one_line(title), self.marks));
        self.paragraph(&format!("**{title}**"));
    }

    /// Sentences in this order, rows of a table under its header, as paragraphs of their own.
    fn add(&mut self, chosen: &[usize]) {
        let from = self.out.sentences.len();
        let mut tables: Vec<Table> = Vec::new();
        for at in rows_together(chosen, self.candidates, self.sources, self.marks) {
            let candidate = &self.candidates[at];
            let source = &self.sources[candidate.source];
            let order = &mut self.out.order;
            let n = if let Some(at) = order.iter().position(|known| *known == source.n) {
                at as u32 + 1
            } else {
                order.push(source.n);
                order.len() as u32
            };
            let mut text = one_line(&literal(&source.text[candidate.range.clone()], self.marks));
            let _ = write!(text, " [{n}]");
            self.out.sentences.push(CitedSentence {
                text,
                numbers: vec![n],
                sources: vec![source.n],
            });
            let header = header_of(candidate, self.marks);
            match tables.last_mut() {
                Some(table) if table.header == header => table.sentences += 1,
                _ => tables.push(Table { header, sentences: 1 }),
            }
        }
        let text = told(&tables, &self.out.sentences[from..]);
        self.paragraph(&text);
    }

    fn paragraph(&mut self, text: &str) {
        if !self.out.text.is_empty() {
            self.out.text.push_str("\n\n");
        }
        self.out.text.push_str(text);
    }

    fn finish(self) -> CitedText {
        let mut out = self.out;
        out.rest = Parsed {
            text: out.text.clone(),
            sentences: out.sentences.clone(),
        };
        out
    }
}

/// A title within bold type, in which nothing is taken for Markdown.
fn in_bold(title: &str) -> String {
    let mut out = String::with_capacity(title.len());
    for c in title.chars() {
        if c.is_ascii_punctuation() && !matches!(c, '[' | ']') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Sentences that follow each other: rows under one header, or prose under none.
struct Table {
    header: Option<String>,
    sentences: usize,
}

/// The header over a sentence that is a row of a table.
fn header_of(candidate: &Candidate, marks: u32) -> Option<String> {
    candidate.header.as_deref().map(|header| literal(header, marks))
}

/// Further rows of a table follow its first one.
fn rows_together(chosen: &[usize], candidates: &[Candidate], sources: &[Source], marks: u32) -> Vec<usize> {
    let table = |at: usize| {
        let source = &sources[candidates[at].source];
        header_of(&candidates[at], marks).map(|header| (source.document_id, header))
    };
    let mut keyed: Vec<(usize, usize)> = Vec::new();
    for (place, at) in chosen.iter().copied().enumerate() {
        let own = table(at);
        let first = keyed
            .iter()
            .find(|(_, other)| own.is_some() && table(*other) == own)
            .map_or(place, |(first, _)| *first);
        keyed.push((first, at));
    }
    keyed.sort_by_key(|(first, _)| *first);
    keyed.into_iter().map(|(_, at)| at).collect()
}

/// Prose in one line, rows of tables as tables.
fn told(tables: &[Table], mut sentences: &[CitedSentence]) -> String {
    let parts: Vec<String> = tables
        .iter()
        .map(|table| {
            let (own, rest) = sentences.split_at(table.sentences);
            sentences = rest;
            let mut own = own.iter().map(|sentence| sentence.text.as_str());
            match &table.header {
                Some(header) => table::markdown(header, own),
                None => own.by_ref().collect::<Vec<_>>().join(" "),
            }
        })
        .collect();
    parts.join("\n\n")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
