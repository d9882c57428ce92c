//! From two rankings to one.
//!
//! 1. [`fuse`]: `w · v + (1 − w) · b`, where `v` is the cosine and `b` BM25, both scaled so that the best of their ranking is 1 and its
//!    last (100th) is 0. That keeps the distance between scores, which rank fusion throws away.
//! 2. [`feedback`]: the question's vector moves towards the mean of the three best passages (`q + 0.4 · mean`) and the candidates
//!    are scored once more with it; no second search.
//! 3. [`reread`]: the best thirty are read: `+ 0.5 ·` the share of the question (by inverse frequency among the candidates) that
//!    the passage's best sentence covers, headings counting half, `+ 0.15 ·` the share of the question's neighbouring word pairs
//!    that stand within two words of each other. Both count for `3 / n` of that where the question has `n > 3` words: one sentence
//!    can hold a short question whole, while a long one describes a subject, and reading for a single sentence then harms
//!    (cranfield, nine words a question: recall@1 .062 with full reading, .076 so, .074 by vectors alone).
//!
//! Measured with `docmind eval retrieval` (200-token chunks, all-MiniLM-L6-v2 at FP32, BM25 over Porter stems), nDCG@10 / recall@1 /
//! recall@5; reciprocal rank fusion over the same candidates:
//!
//! | | squad-a | cranfield |
//! |---|---|---|
//! | BM25 alone | .891 / .800 / .949 | .381 / .069 / .305 |
//! | vectors alone | .821 / .682 / .912 | .402 / .074 / .286 |
//! | reciprocal rank fusion | .880 / .756 / .960 | .436 / .080 / .329 |
//! | fused, with feedback, reread | .923 / .844 / .973 | .448 / .076 / .337 |
//!
//! The constants sit on flat ground: `w` from 0.5 to 0.7, feedback from 0.3 to 0.6 and reading weights from 0.4 to 0.55 move squad-a
//! by less than 0.004 and cranfield by less than 0.008.

use crate::chunk::{Chunk, ChunkId};
use crate::embedding::Embedding;
use crate::question::{KeywordQuery, TermKind};
use crate::retrieval::{Hit, ScoredChunk, SearchMode};
use crate::sentences::sentences;
use crate::words::{Language, Stems, fold, words};
use std::collections::HashMap;

/// Hits asked of each ranking.
pub const CANDIDATES: usize = 100;
/// Passages that are read.
pub const READ: usize = 30;
/// Weight of the vector ranking.
pub const VECTOR_WEIGHT: f32 = 0.6;
/// The same where a quoted phrase or a code was typed: there the exact word is right and its meaning unknown.
pub const EXACT_VECTOR_WEIGHT: f32 = 0.3;
/// A ranking whose best and last are nearer than this says little; it is not blown up to the full scale. Of a cosine as it is, of
/// BM25 as a share of the best.
const LEAST_SPREAD: f32 = 0.2;
/// The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009).
const RECIPROCAL_K: f32 = 60.0;
const FEEDBACK: f32 = 0.4;
const FEEDBACK_PASSAGES: usize = 3;
const COVERAGE: f32 = 0.5;
const PAIRS: f32 = 0.15;
/// Words of a question that one sentence is expected to hold.
const READ_WORDS: f32 = 3.0;
const HEADING: f32 = 0.5;
/// How far apart, in words, two neighbours of the question may stand and still count as neighbours.
const PAIR_WINDOW: usize = 2;

/// A candidate with what each ranking said of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fused {
    /// The passage.
    pub id: ChunkId,
    /// Higher is better.
    pub score: f32,
    /// From 1.
    pub keyword_rank: Option<u32>,
    /// BM25.
    pub bm25: Option<f32>,
    /// From 1.
    pub vector_rank: Option<u32>,
    /// Cosine with the question.
    pub cosine: Option<f32>,
}

/// The weight of the vector ranking for this question.
pub fn vector_weight(query: &KeywordQuery) -> f32 {
    let trusted = !query.phrases.is_empty() || query.terms.iter().any(|term| term.kind == TermKind::Code);
    if trusted { EXACT_VECTOR_WEIGHT } else { VECTOR_WEIGHT }
}

/// The candidates of both rankings (each best first, ids unique), unscored: in the order of the keyword ranking, then of what the
/// vector ranking adds.
fn join(keyword: &[Hit], vector: &[Hit]) -> Vec<Fused> {
    let mut at: HashMap<ChunkId, usize> = HashMap::with_capacity(keyword.len() + vector.len());
    let mut out: Vec<Fused> = Vec::with_capacity(keyword.len() + vector.len());
    let blank = |id| Fused {
        id,
        score: 0.0,
        keyword_rank: None,
        bm25: None,
        vector_rank: None,
        cosine: None,
    };
    let mut entry = |id| -> usize {
        *at.entry(id).or_insert_with(|| {
            out.push(blank(id));
            out.len() - 1
        })
    };
    let keyword_at: Vec<usize> = keyword.iter().map(|hit| entry(hit.id)).collect();
    let vector_at: Vec<usize> = vector.iter().map(|hit| entry(hit.id)).collect();
    for (rank, (index, hit)) in keyword_at.into_iter().zip(keyword).enumerate() {
        out[index].keyword_rank = Some(rank as u32 + 1);
        out[index].bm25 = Some(hit.score);
    }
    for (rank, (index, hit)) in vector_at.into_iter().zip(vector).enumerate() {
        out[index].vector_rank = Some(rank as u32 + 1);
        out[index].cosine = Some(hit.score);
    }
    out
}

fn sort(mut fused: Vec<Fused>) -> Vec<Fused> {
    // Ids break ties, so that equal scores give equal lists on every machine.
    fused.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
    fused
}

/// The convex sum of both rankings' normalised scores, best first. A ranking alone keeps its order.
///
/// ```
/// use docmind_core::{chunk::ChunkId, rank::fuse, retrieval::Hit};
/// let hit = |id, score| Hit { id: ChunkId(id), score };
/// let fused = fuse(&[hit(1, 9.0), hit(2, 8.0)], &[hit(2, 0.7), hit(3, 0.1)], 0.6);
/// assert_eq!(fused[0].id, ChunkId(2));
/// assert_eq!((fused[0].keyword_rank, fused[0].vector_rank), (Some(2), Some(1)));
/// ```
pub fn fuse(keyword: &[Hit], vector: &[Hit], vector_weight: f32) -> Vec<Fused> {
    let mut fused = join(keyword, vector);
    let cosines: Vec<Option<f32>> = fused.iter().map(|candidate| candidate.cosine).collect();
    score(&mut fused, &cosines, vector_weight);
    sort(fused)
}

/// Reciprocal rank fusion, the comparison: `Σ 1 / (60 + rank)`.
pub fn fuse_by_rank(keyword: &[Hit], vector: &[Hit]) -> Vec<Fused> {
    let mut fused = join(keyword, vector);
    for candidate in &mut fused {
        let part = |rank: Option<u32>| rank.map_or(0.0, |rank| 1.0 / (RECIPROCAL_K + rank as f32));
        candidate.score = part(candidate.keyword_rank) + part(candidate.vector_rank);
    }
    sort(fused)
}

/// One ranking or both, as asked.
pub fn by_mode(mode: SearchMode, keyword: &[Hit], vector: &[Hit], vector_weight: f32) -> Vec<Fused> {
    match mode {
        SearchMode::Hybrid => fuse(keyword, vector, vector_weight),
        SearchMode::Keyword => fuse(keyword, &[], 0.0),
        SearchMode::Vector => fuse(&[], vector, 1.0),
    }
}

fn score(fused: &mut [Fused], cosines: &[Option<f32>], weight: f32) {
    let words = best_first(fused.iter().filter_map(|candidate| candidate.bm25));
    let best = words.first().copied().unwrap_or(0.0);
    // A shorter ranking has every passage with a word of the question: what is not in it scores nothing.
    let least = words
        .get(CANDIDATES - 1)
        .copied()
        .unwrap_or(0.0)
        .min(best * (1.0 - LEAST_SPREAD));
    let meanings = best_first(cosines.iter().flatten().copied());
    let high = meanings.first().copied().unwrap_or(0.0);
    let last = meanings.get(CANDIDATES - 1).or(meanings.last()).copied().unwrap_or(0.0);
    let low = last.min(high - LEAST_SPREAD);
    for (candidate, cosine) in fused.iter_mut().zip(cosines) {
        let words = candidate
            .bm25
            .filter(|_| best > least)
            .map_or(0.0, |bm25| (bm25 - least) / (best - least));
        let meaning = cosine.map_or(0.0, |cosine| (cosine - low) / (high - low));
        candidate.score = weight * meaning + (1.0 - weight) * words;
    }
}

fn best_first(scores: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut scores: Vec<f32> = scores.collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    scores
}

/// Scores the candidates once more with the question moved towards the best of them. `vectors` are the candidates' own, as far as
/// they are at hand; with none of the best three among them nothing changes. Cosines stay those of the question itself, and are
/// filled in where the vector ranking did not have them.
pub fn feedback(
    fused: Vec<Fused>,
    question: &Embedding,
    vectors: &HashMap<ChunkId, Embedding>,
    vector_weight: f32,
) -> Vec<Fused> {
    let best: Vec<&Embedding> = fused
        .iter()
        .take(FEEDBACK_PASSAGES)
        .filter_map(|candidate| vectors.get(&candidate.id))
        .collect();
    if best.is_empty() {
        return fused;
    }
    let mut moved = question.to_f32();
    let share = FEEDBACK / best.len() as f32;
    for vector in best {
        for (sum, value) in moved.iter_mut().zip(&vector.0) {
            *sum += share * value.to_f32();
        }
    }
    let length = moved.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        moved.iter_mut().for_each(|value| *value /= length);
    }
    let dot = |a: &[f32], b: &Embedding| a.iter().zip(&b.0).map(|(a, b)| a * b.to_f32()).sum::<f32>();
    let mut fused = fused;
    let mut cosines = Vec::with_capacity(fused.len());
    for candidate in &mut fused {
        let vector = vectors.get(&candidate.id);
        if candidate.cosine.is_none() {
            candidate.cosine = vector.map(|vector| question.cosine(vector));
        }
        cosines.push(vector.map(|vector| dot(&moved, vector)));
    }
    score(&mut fused, &cosines, vector_weight);
    sort(fused)
}

/// The candidates with their texts, as they were ranked; one without a text is dropped: it is gone from the library.
pub fn in_order(fused: &[Fused], chunks: Vec<Chunk>) -> Vec<ScoredChunk> {
    let mut texts: HashMap<ChunkId, Chunk> = chunks.into_iter().map(|chunk| (chunk.id, chunk)).collect();
    fused
        .iter()
        .filter_map(|candidate| {
            let chunk = texts.remove(&candidate.id)?;
            Some(ScoredChunk {
                chunk,
                score: candidate.score,
                cosine: candidate.cosine,
                bm25: candidate.bm25,
            })
        })
        .collect()
}

/// Reads the best [`READ`] candidates against the question's words and orders them anew; the rest follow as they were. `chunks` are
/// the candidates' texts in any order; a candidate without a text is dropped: it is gone from the library.
pub fn reread(question: &str, fused: &[Fused], chunks: Vec<Chunk>) -> Vec<ScoredChunk> {
    let mut ranked = in_order(fused, chunks);
    let reading = Reading::of(question, ranked.iter().take(READ).map(|scored| &scored.chunk));
    let read = ranked.len().min(READ);
    let trust = (READ_WORDS / reading.weights.len().max(1) as f32).min(1.0);
    for (scored, seen) in ranked.iter_mut().zip(&reading.seen) {
        scored.score += trust * (COVERAGE * reading.coverage(seen) + PAIRS * reading.pairs(seen));
    }
    ranked[..read].sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.id.cmp(&b.chunk.id)));
    // What was not read stays below what was.
    if let Some(last) = ranked[..read].last().map(|scored| scored.score) {
        for scored in &mut ranked[read..] {
            scored.score = scored.score.min(last);
        }
    }
    ranked
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
    for term in KeywordQuery::parse(question).content() {
        let stem = stems.stem(&term.text);
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

    pub(crate) fn find(&self, word: &str) -> Option<usize> {
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
        let seen: Vec<Seen> = chunks.map(|chunk| Seen::of(&finder, terms.len(), chunk)).collect();
        let count = seen.len() as f32;
        let weights: Vec<f32> = (0..terms.len())
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

    /// The best coverage of the first passages.
    pub(crate) fn best_coverage(&self, first: usize) -> f32 {
        self.seen
            .iter()
            .take(first)
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
            seen.words
                .extend(words(&chunk.text[range]).map(|word| finder.find(word.text)));
            seen.ends.push(seen.words.len());
        }
        let above = chunk
            .heading
            .iter()
            .map(String::as_str)
            .chain([chunk.table_header.as_str()]);
        for word in above.flat_map(words) {
            if let Some(term) = finder.find(word.text) {
                seen.heading[term] = true;
            }
        }
        seen
    }

    fn has(&self, term: usize) -> bool {
        self.heading[term] || self.words.contains(&Some(term))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{DocumentId, Span};
    use proptest::prelude::*;

    fn hits(scores: &[(u32, f32)]) -> Vec<Hit> {
        let mut hits: Vec<Hit> = scores
            .iter()
            .map(|&(id, score)| Hit { id: ChunkId(id), score })
            .collect();
        hits.sort_by(|a, b| b.score.total_cmp(&a.score));
        hits.dedup_by_key(|hit| hit.id);
        let mut known = std::collections::HashSet::new();
        hits.retain(|hit| known.insert(hit.id));
        hits
    }

    fn chunk(id: u32, text: &str) -> Chunk {
        Chunk {
            id: ChunkId(id),
            document: DocumentId(1),
            ordinal: id,
            page: 1,
            span: Span::new(0, text.chars().count() as u32),
            heading: vec![],
            text: text.into(),
            table_header: String::new(),
            tokens: 10,
        }
    }

    fn ranking() -> impl Strategy<Value = Vec<Hit>> {
        prop::collection::vec((0_u32..40, 0.01_f32..1.0), 0..30).prop_map(|scores| hits(&scores))
    }

    proptest! {
        #[test]
        fn every_hit_is_kept_once(keyword in ranking(), vector in ranking(), weight in 0.0_f32..=1.0) {
            let mut expected: Vec<ChunkId> = keyword.iter().chain(&vector).map(|hit| hit.id).collect();
            expected.sort_unstable();
            expected.dedup();
            for fused in [fuse(&keyword, &vector, weight), fuse_by_rank(&keyword, &vector)] {
                let mut ids: Vec<ChunkId> = fused.iter().map(|candidate| candidate.id).collect();
                prop_assert!(fused.is_sorted_by(|a, b| a.score >= b.score));
                ids.sort_unstable();
                prop_assert_eq!(&ids, &expected);
            }
        }

        #[test]
        fn first_in_both_is_first(keyword in ranking(), vector in ranking(), weight in 0.01_f32..0.99) {
            let top = ChunkId(1000);
            let add = |mut hits: Vec<Hit>| { hits.insert(0, Hit { id: top, score: 2.0 }); hits };
            prop_assert_eq!(fuse(&add(keyword), &add(vector), weight)[0].id, top);
        }

        #[test]
        fn better_in_both_is_never_below(keyword in ranking(), vector in ranking(), weight in 0.0_f32..=1.0) {
            let fused = fuse(&keyword, &vector, weight);
            for (a, b) in fused.iter().zip(fused.iter().skip(1)) {
                let worse = |x: Option<f32>, y: Option<f32>| matches!((x, y), (Some(x), Some(y)) if x < y);
                prop_assert!(!(worse(a.bm25, b.bm25) && worse(a.cosine, b.cosine)));
            }
        }

        #[test]
        fn one_ranking_alone_keeps_its_order(hits in ranking()) {
            let ids = |fused: Vec<Fused>| fused.into_iter().map(|candidate| candidate.score).collect::<Vec<_>>();
            prop_assert!(ids(by_mode(SearchMode::Keyword, &hits, &[], 0.6)).is_sorted_by(|a, b| a >= b));
            prop_assert!(ids(by_mode(SearchMode::Vector, &[], &hits, 0.6)).is_sorted_by(|a, b| a >= b));
        }
    }

    #[test]
    fn codes_and_phrases_trust_words() {
        assert_eq!(
            vector_weight(&KeywordQuery::parse("What is ISO-9001?")),
            EXACT_VECTOR_WEIGHT
        );
        assert_eq!(
            vector_weight(&KeywordQuery::parse("the \"exact words\" here")),
            EXACT_VECTOR_WEIGHT
        );
        assert_eq!(
            vector_weight(&KeywordQuery::parse("What happened in 1066?")),
            VECTOR_WEIGHT
        );
    }

    #[test]
    fn reading_prefers_the_sentence_that_has_it_all() {
        let fused = fuse(
            &[
                Hit {
                    id: ChunkId(1),
                    score: 5.0,
                },
                Hit {
                    id: ChunkId(2),
                    score: 4.9,
                },
            ],
            &[],
            0.6,
        );
        let chunks = vec![
            chunk(1, "The duke was old. Many castles stood in Sicily. A tax was paid."),
            chunk(2, "The duke of Sicily paid a tax. Nothing else is known."),
        ];
        let ranked = reread("Which tax did the duke of Sicily pay?", &fused, chunks);
        assert_eq!(ranked[0].chunk.id, ChunkId(2));
        assert_eq!(ranked.len(), 2);
    }

    #[test]
    fn both_rankings_are_scaled_from_their_best_to_their_hundredth() {
        let ranking = |first: u32, best: f32| -> Vec<Hit> {
            (0..CANDIDATES as u32)
                .map(|at| Hit {
                    id: ChunkId(first + at),
                    score: best * (1.0 - at as f32 / CANDIDATES as f32),
                })
                .collect()
        };
        let fused = fuse(&ranking(0, 12.0), &ranking(1000, 0.8), 0.5);
        let score = |id| {
            fused
                .iter()
                .find(|candidate| candidate.id == ChunkId(id))
                .map(|candidate| candidate.score)
        };
        for at in [0, 40, 99] {
            let (by_words, by_vector) = (score(at).unwrap(), score(1000 + at).unwrap());
            assert!((by_words - by_vector).abs() < 1e-5, "{at}: {by_words} {by_vector}");
        }
        assert_eq!(score(99), Some(0.0));
        // A few hits are all there are: the last of them still stands above what has no word at all.
        let few = fuse(&ranking(0, 12.0)[..60], &[], 0.5);
        assert!(few.last().unwrap().score > 0.0);
    }

    #[test]
    fn a_long_question_is_read_less() {
        let fused = fuse(
            &[
                Hit {
                    id: ChunkId(1),
                    score: 5.0,
                },
                Hit {
                    id: ChunkId(2),
                    score: 4.0,
                },
            ],
            &[],
            0.6,
        );
        let texts = || {
            vec![
                chunk(1, "A duke lived in Sicily."),
                chunk(2, "The duke of Sicily paid taxes there."),
            ]
        };
        let gain = |question: &str| {
            let ranked = reread(question, &fused, texts());
            let score = |id| {
                ranked
                    .iter()
                    .find(|scored| scored.chunk.id == ChunkId(id))
                    .unwrap()
                    .score
            };
            score(2) - score(1)
        };
        let before = fused[1].score - fused[0].score;
        let short = gain("Which taxes did the duke of Sicily pay?") - before;
        let long =
            gain("Which taxes did the duke of Sicily pay for wool, salt, grain, cattle, ships and castles?") - before;
        assert!(short > 2.0 * long && long > 0.0, "{short} {long}");
    }

    #[test]
    fn what_is_gone_is_dropped() {
        let fused = fuse(
            &[
                Hit {
                    id: ChunkId(1),
                    score: 5.0,
                },
                Hit {
                    id: ChunkId(2),
                    score: 4.0,
                },
            ],
            &[],
            0.6,
        );
        let ranked = reread("anything", &fused, vec![chunk(2, "text")]);
        assert_eq!(
            ranked.iter().map(|scored| scored.chunk.id).collect::<Vec<_>>(),
            [ChunkId(2)]
        );
    }

    #[test]
    fn feedback_pulls_the_like_of_the_best() {
        let unit = |x: f32, y: f32| {
            let length = (x * x + y * y).sqrt();
            Embedding::from_f32(&[x / length, y / length])
        };
        let question = unit(1.0, 0.2);
        let vectors: HashMap<ChunkId, Embedding> = [
            (ChunkId(1), unit(0.8, 0.6)),
            (ChunkId(2), unit(0.7, 0.7)),
            (ChunkId(3), unit(1.0, -0.5)),
        ]
        .into();
        let vector: Vec<Hit> = hits(&[
            (1, question.cosine(&vectors[&ChunkId(1)])),
            (3, question.cosine(&vectors[&ChunkId(3)])),
            (2, question.cosine(&vectors[&ChunkId(2)])),
        ]);
        let before = fuse(&[], &vector, 1.0);
        let after = feedback(before.clone(), &question, &vectors, 1.0);
        let score = |list: &[Fused], id| {
            list.iter()
                .find(|candidate| candidate.id == ChunkId(id))
                .map_or(0.0, |candidate| candidate.score)
        };
        assert!(score(&after, 2) > score(&before, 2));
        assert_eq!(feedback(before.clone(), &question, &HashMap::new(), 1.0), before);
    }
}
