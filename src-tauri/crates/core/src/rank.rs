//! From two rankings to one.
//!
//! 1. [`fuse`]: `w · v + (1 − w) · b`, where `v` is the cosine and `b` BM25, both scaled so that the best of their ranking is 1 and its
//!    last (100th) is 0. That keeps the distance between scores, which rank fusion throws away.
//! 2. [`feedback`]: the question's vector moves towards the mean of the three best passages (`q + 0.4 · mean`) and the candidates
//!    are scored once more with it; no second search.
//! 3. [`reread`]: the best thirty, and of the first five by words those with a word that the thirty lack, are read: `+ 0.5 ·` the share of the question (by inverse frequency among the candidates) that
//!    the passage's best sentence covers, headings counting half, `+ 0.15 ·` the share of the question's neighbouring word pairs
//!    that stand within two words of each other. Both count for `4 / n` of that where the question has `n > 4` words: one sentence
//!    can hold a short question whole, while a long one describes a subject, and reading for a single sentence then harms
//!    (cranfield, nine words a question: recall@1 .062 with full reading, .074 by vectors alone).
//!
//! `w` is 0.6; 0.3 where a phrase or a code was typed or nothing but a word or two, 0.4 where a word or two are asked about. Names and
//! pairs of rare words out of squad-a's paragraphs as queries (nDCG@10, over the same vectors and FTS5): BM25 alone .943 and .968, vectors
//! .451 and .377, fused with 0.6 throughout .930 and .929, so .961 and .969.
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
//! by less than 0.004 and cranfield by less than 0.008. Seventeen sets more were made to check them, from titles, halves, sentences,
//! keywords, names and misspelt questions of both and from documentation of Rust and Python: the sum reaches the better of its two
//! rankings on all but READMEs asked for by their descriptions (.900 by BM25, .889) and whole sentences (.999, .998).

mod reading;

use crate::chunk::{Chunk, ChunkId};
use crate::embedding::Embedding;
use crate::question::{KeywordQuery, TermKind};
use crate::retrieval::{Hit, ScoredChunk, SearchMode};
use std::collections::HashMap;

pub(crate) use reading::{Finder, Reading, stems_of};
pub use reading::{READ, READ_BY_WORDS, reread};

/// Hits asked of each ranking.
pub const CANDIDATES: usize = 100;
/// Weight of the vector ranking.
pub const VECTOR_WEIGHT: f32 = 0.6;
/// The same where a quoted phrase or a code was typed: there the exact word is right and its meaning unknown. And where all that was
/// typed is a word or two.
pub const EXACT_VECTOR_WEIGHT: f32 = 0.3;
/// The same for a question about a word or two ("Who was Bohemond?"), whose vector is mostly that of its question word.
pub const FEW_VECTOR_WEIGHT: f32 = 0.4;
/// So few words are few, stop words apart.
const FEW: usize = 2;
/// A ranking whose best and last are nearer than this says little; it is not blown up to the full scale. Of a cosine as it is, of
/// BM25 as a share of the best.
const LEAST_SPREAD: f32 = 0.2;
/// The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009).
const RECIPROCAL_K: f32 = 60.0;
const FEEDBACK: f32 = 0.4;
const FEEDBACK_PASSAGES: usize = 3;

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
    let is_few = query.content().count() <= FEW;
    let is_bare = query.terms.iter().all(|term| term.kind != TermKind::Stop);
    if trusted || (is_few && is_bare) {
        EXACT_VECTOR_WEIGHT
    } else if is_few {
        FEW_VECTOR_WEIGHT
    } else {
        VECTOR_WEIGHT
    }
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

impl Fused {
    /// Its place in the ranking that has it higher up.
    fn best_rank(&self) -> u32 {
        let ranks = self.keyword_rank.into_iter().chain(self.vector_rank);
        ranks.min().unwrap_or(u32::MAX)
    }
}

fn sort(mut fused: Vec<Fused>) -> Vec<Fused> {
    // All behind a ranking's hundredth score nothing: they stay as it has them. Ids break ties, so that equal scores give equal lists
    // on every machine.
    let order = |a: &Fused, b: &Fused| a.best_rank().cmp(&b.best_rank()).then(a.id.cmp(&b.id));
    fused.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| order(a, b)));
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
        // Behind the hundredth a word of the question is worth nothing, and no less than none at all.
        let words = candidate
            .bm25
            .filter(|_| best > least)
            .map_or(0.0, |bm25| ((bm25 - least) / (best - least)).max(0.0));
        // Where a hundred passages say nearly the same, one that only words found lies far below them all: it is as far as can be.
        let meaning = cosine.map_or(0.0, |cosine| ((cosine - low) / (high - low)).max(0.0));
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

/// Orders the first passages by what a cross-encoder says of each, from 0 to 1. Those that it was not shown stay below them.
pub fn reorder(passages: &mut [ScoredChunk], scores: &[f32]) {
    let shown = scores.len().min(passages.len());
    let (shown, others) = passages.split_at_mut(shown);
    for (passage, score) in shown.iter_mut().zip(scores) {
        passage.score = 1.0 + score;
    }
    shown.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.id.cmp(&b.chunk.id)));
    let Some(last) = shown.last().map(|passage| passage.score) else {
        return;
    };
    for passage in others {
        passage.score = passage.score.min(last);
    }
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

#[cfg(test)]
mod tests;
