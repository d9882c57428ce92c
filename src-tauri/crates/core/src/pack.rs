//! Which passages become sources: neighbours merged, near-duplicates dropped, documents taking turns, all within a budget of
//! tokens. Whatever is left out keeps its reason ([`Fate`]).
//!
//! The budget is the smaller of what the profile gives and what the machine can read before the first token is due: prefill speed ×
//! target, less what else must be read ([`budget`]). On two cores at 60 tokens a second a target of 10 s leaves some 500 tokens.

use crate::answer::Source;
use crate::chunk::{Chunk, ChunkId};
use crate::document::{DocumentId, Span};
use crate::retrieval::{Fate, Passage, ScoredChunk};
use crate::words::{fold, words};
use std::collections::{HashMap, HashSet};

/// Tokens that the line above each source takes in the prompt: code, title, page, headings.
pub const HEADER_TOKENS: u32 = 24;
/// Fewer source tokens than this (one to two passages) cannot carry an answer; the target is missed rather than the answer.
pub const LEAST_TOKENS: u32 = 320;
/// Most passages, whatever the budget: recall@10 of the ranking is .988 on squad-a; what comes after costs attention.
const MOST_PASSAGES: usize = 12;
/// A passage under this share of the best score is no longer about the question.
const LOW: f32 = 0.25;
/// A document may take this share of the budget while others wait that score at least half of the best.
const DOCUMENT_SHARE: f32 = 0.6;
/// Two texts with this share of common five-word sequences (of the shorter one's) say the same.
const SAME: f32 = 0.8;
/// Words of a sequence.
const SHINGLE: usize = 5;

/// What bounds the sources of one question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BudgetLimits {
    /// Most tokens of sources: of the settings or the profile, whichever is less.
    pub source_tokens: u32,
    /// What is free in the context window after the conversation, the question and the answer's own room.
    pub context_room_tokens: u32,
    /// Measured tokens read a second; `None` before anything was measured, and for remote engines.
    pub prefill_tps: Option<f64>,
    /// Seconds until the first token is due.
    pub first_token_target_s: f32,
    /// What else must be read now: instructions not yet in the cache, the question.
    pub other_tokens: u32,
}

/// Tokens that the sources of this question may take.
///
/// ```
/// use docmind_core::pack::{BudgetLimits, budget};
/// let slow = BudgetLimits { source_tokens: 6000, context_room_tokens: 7000, prefill_tps: Some(60.0), first_token_target_s: 10.0, other_tokens: 100 };
/// assert_eq!(budget(&slow), 500);
/// assert_eq!(budget(&BudgetLimits { prefill_tps: None, ..slow }), 6000);
/// ```
pub fn budget(limits: &BudgetLimits) -> u32 {
    let room = limits.source_tokens.min(limits.context_room_tokens);
    let Some(speed) = limits.prefill_tps.filter(|speed| speed.is_finite() && *speed > 0.0) else {
        return room;
    };
    let in_time = (speed * f64::from(limits.first_token_target_s)) as u32;
    in_time.saturating_sub(limits.other_tokens).max(LEAST_TOKENS).min(room)
}

/// The document that can be read as a whole: the one most of the best five passages come from, if all of it fits. A whole document
/// needs no luck in retrieval. `tokens_of` tells what a document takes ([`tokens_of_chunks`]), `None` when unknown.
pub fn whole_document(
    ranked: &[ScoredChunk],
    tokens_of: impl Fn(DocumentId) -> Option<u32>,
    budget_tokens: u32,
) -> Option<DocumentId> {
    let best: Vec<DocumentId> = ranked.iter().take(5).map(|scored| scored.chunk.document).collect();
    let first = *best.first()?;
    let share = best.iter().filter(|document| **document == first).count();
    if share * 2 <= best.len() {
        return None;
    }
    tokens_of(first)
        .filter(|tokens| *tokens <= budget_tokens)
        .map(|_| first)
}

/// Tokens that chunks take in a prompt, as the passages that they become, each under its line.
pub fn tokens_of_chunks(chunks: &[Chunk]) -> u32 {
    let unscored = chunks.iter().map(|chunk| ScoredChunk {
        chunk: chunk.clone(),
        score: 0.0,
        cosine: None,
        bm25: None,
    });
    merge_neighbours(unscored.collect())
        .iter()
        .map(|passage| passage.tokens + HEADER_TOKENS)
        .sum()
}

/// What was packed and what was not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Packed {
    /// New sources, best first.
    pub passages: Vec<Passage>,
    /// Sources of earlier turns that hold the answer too, as [`Source::n`], best first.
    pub recalled: Vec<u32>,
    /// What became of each candidate, in the order they came.
    pub fates: Vec<(ChunkId, Fate)>,
    /// Tokens of the new sources with their header lines.
    pub used_tokens: u32,
}

/// Packs candidates (best first) into a budget. `whole` are the chunks of a document to be taken whole, in order, or empty.
/// `earlier` are the sources that stand in the context already: they cost nothing and are recalled.
pub fn pack(ranked: &[ScoredChunk], whole: &[Chunk], earlier: &[Source], budget_tokens: u32) -> Packed {
    let mut packed = Packed::default();
    let mut kept: Vec<ScoredChunk> = Vec::new();
    let mut shingles: Vec<(ChunkId, HashSet<u64>)> = Vec::new();
    let mut spent: HashMap<DocumentId, u32> = HashMap::new();
    let scores: HashMap<ChunkId, f32> = ranked.iter().map(|scored| (scored.chunk.id, scored.score)).collect();
    let best = ranked.first().map_or(0.0, |scored| scored.score);

    for chunk in whole {
        if let Some(n) = standing(earlier, chunk) {
            recall(&mut packed.recalled, n);
            continue;
        }
        shingles.push((chunk.id, shingle(&chunk.text)));
        let score = scores.get(&chunk.id).copied().unwrap_or(0.0);
        kept.push(ScoredChunk {
            chunk: chunk.clone(),
            score,
            cosine: None,
            bm25: None,
        });
    }
    let joining: Vec<Chunk> = kept.iter().map(|scored| scored.chunk.clone()).collect();
    packed.used_tokens = tokens_of_chunks(&joining);
    let wholly: HashSet<ChunkId> = joining.iter().map(|chunk| chunk.id).collect();
    let mut crowded: Vec<(usize, &ScoredChunk)> = Vec::new();
    let rivals = |document: DocumentId| {
        ranked
            .iter()
            .any(|other| other.chunk.document != document && other.score >= best * 0.5)
    };

    for (at, scored) in ranked.iter().enumerate() {
        let chunk = &scored.chunk;
        let fate = if wholly.contains(&chunk.id) {
            Fate::Source
        } else if let Some(n) = standing(earlier, chunk) {
            // It costs nothing, but of what is not about the question nobody shall be told that it matters.
            let low = scored.score < best * LOW || packed.recalled.len() >= MOST_PASSAGES;
            if packed.recalled.contains(&n) || !low {
                recall(&mut packed.recalled, n);
                Fate::Recalled { n }
            } else {
                Fate::Low
            }
        } else if scored.score < best * LOW || kept.len() >= MOST_PASSAGES.max(wholly.len()) {
            Fate::Low
        } else {
            let own = shingle(&chunk.text);
            if let Some(of) = said_by(&shingles, &kept, &own, chunk) {
                Fate::NearDuplicate { of }
            } else {
                let cost = chunk.prompt_tokens() + HEADER_TOKENS;
                let share = spent.get(&chunk.document).copied().unwrap_or(0) + cost;
                if share as f32 > budget_tokens as f32 * DOCUMENT_SHARE && share > cost && rivals(chunk.document) {
                    crowded.push((at, scored));
                    Fate::Crowded
                } else if packed.used_tokens + cost > budget_tokens && !kept.is_empty() {
                    Fate::OverBudget
                } else {
                    packed.used_tokens += cost;
                    spent.insert(chunk.document, share);
                    shingles.push((chunk.id, own));
                    kept.push(scored.clone());
                    Fate::Source
                }
            }
        };
        packed.fates.push((chunk.id, fate));
    }
    // What waited for other documents takes what they left.
    for (at, scored) in crowded {
        let own = shingle(&scored.chunk.text);
        let cost = scored.chunk.prompt_tokens() + HEADER_TOKENS;
        if let Some(of) = said_by(&shingles, &kept, &own, &scored.chunk) {
            packed.fates[at].1 = Fate::NearDuplicate { of };
        } else if packed.used_tokens + cost <= budget_tokens && kept.len() < MOST_PASSAGES {
            packed.used_tokens += cost;
            shingles.push((scored.chunk.id, own));
            kept.push(scored.clone());
            packed.fates[at].1 = Fate::Source;
        }
    }
    packed.passages = merge_neighbours(kept);
    packed
}

fn recall(recalled: &mut Vec<u32>, n: u32) {
    if !recalled.contains(&n) {
        recalled.push(n);
    }
}

/// The source of an earlier turn that holds this chunk whole.
fn standing(earlier: &[Source], chunk: &Chunk) -> Option<u32> {
    earlier
        .iter()
        .find(|source| {
            source.document_id == chunk.document
                && source.page == chunk.page
                && source.span.start <= chunk.span.start
                && source.span.end >= chunk.span.end
        })
        .map(|source| source.n)
}

/// Chunks of one page whose spans touch or overlap become one passage; best first.
pub fn merge_neighbours(mut kept: Vec<ScoredChunk>) -> Vec<Passage> {
    kept.sort_by_key(|scored| {
        (
            scored.chunk.document,
            scored.chunk.page,
            scored.chunk.span.start,
            scored.chunk.ordinal,
        )
    });
    let mut merged: Vec<Passage> = Vec::new();
    for scored in kept {
        let chunk = &scored.chunk;
        if let Some(last) = merged.last_mut()
            && last.document == chunk.document
            && last.page == chunk.page
            && last.table_header == chunk.table_header
            && chunk.span.start <= last.span.end
        {
            let known = last.span.end - chunk.span.start;
            let own = Span::new(known, chunk.span.len());
            let added = own.slice(&chunk.text);
            let share = if chunk.span.is_empty() {
                0.0
            } else {
                own.len() as f32 / chunk.span.len() as f32
            };
            last.text.push_str(added);
            last.tokens += (chunk.prompt_tokens() as f32 * share).ceil() as u32;
            last.span = Span::new(last.span.start, last.span.end.max(chunk.span.end));
            last.score = last.score.max(scored.score);
            last.chunks.push(chunk.id);
            continue;
        }
        let chunk = scored.chunk;
        merged.push(Passage {
            chunks: vec![chunk.id],
            document: chunk.document,
            page: chunk.page,
            span: chunk.span,
            tokens: chunk.prompt_tokens(),
            heading: chunk.heading,
            text: chunk.text,
            table_header: chunk.table_header,
            score: scored.score,
        });
    }
    merged.sort_by(|a, b| b.score.total_cmp(&a.score));
    merged
}

/// Hashes of every sequence of [`SHINGLE`] words; of all words where there are fewer.
fn shingle(text: &str) -> HashSet<u64> {
    let hashes: Vec<u64> = words(text).map(|word| fnv(fold(word.text).as_bytes())).collect();
    let size = SHINGLE.min(hashes.len().max(1));
    hashes
        .windows(size)
        .map(|window| window.iter().fold(0, |sum: u64, hash| sum.rotate_left(9) ^ hash))
        .collect()
}

/// FNV-1a, 64 bits: the same on every machine.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn same(known: &[(ChunkId, HashSet<u64>)], own: &HashSet<u64>) -> Option<ChunkId> {
    known
        .iter()
        .find(|(_, other)| {
            let smaller = own.len().min(other.len());
            // A fragment inside a long passage is judged by the longer one, lest a heading drop a page.
            let larger = own.len().max(other.len());
            smaller > 0 && own.intersection(other).count() as f32 >= SAME * (0.5 * (smaller + larger) as f32)
        })
        .map(|(id, _)| *id)
}

/// What is kept and says the same as this chunk, unless the two are to be merged.
fn said_by(
    known: &[(ChunkId, HashSet<u64>)],
    kept: &[ScoredChunk],
    own: &HashSet<u64>,
    chunk: &Chunk,
) -> Option<ChunkId> {
    same(known, own).filter(|of| !is_neighbour(kept, *of, chunk))
}

/// Overlapping neighbours share a sentence by design: they are merged, not dropped.
fn is_neighbour(kept: &[ScoredChunk], of: ChunkId, chunk: &Chunk) -> bool {
    kept.iter().any(|scored| {
        scored.chunk.id == of
            && scored.chunk.document == chunk.document
            && scored.chunk.page == chunk.page
            && scored.chunk.span.overlaps(chunk.span)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::ContentHash;
    use proptest::prelude::*;

    const PAGE: &str =
        "The first sentence is here. The second one follows it. A third closes the page. And a fourth goes on still.";

    fn scored(id: u32, document: u32, span: (u32, u32), text: &str, score: f32) -> ScoredChunk {
        let chunk = Chunk {
            id: ChunkId(id),
            document: DocumentId(document),
            ordinal: id,
            page: 1,
            span: Span::new(span.0, span.1),
            heading: vec![],
            text: text.into(),
            table_header: String::new(),
            tokens: 100,
        };
        ScoredChunk {
            chunk,
            score,
            cosine: None,
            bm25: None,
        }
    }

    fn of_page(id: u32, start: u32, end: u32, score: f32) -> ScoredChunk {
        scored(id, 1, (start, end), Span::new(start, end).slice(PAGE), score)
    }

    fn source(n: u32, document: u32, start: u32, end: u32) -> Source {
        Source {
            n,
            document_id: DocumentId(document),
            document_hash: ContentHash("0".repeat(64)),
            path: String::new(),
            title: String::new(),
            page: 1,
            span: Span::new(start, end),
            heading: vec![],
            table_header: String::new(),
            text: String::new(),
        }
    }

    fn fate(packed: &Packed, id: u32) -> &Fate {
        &packed
            .fates
            .iter()
            .find(|(chunk, _)| *chunk == ChunkId(id))
            .expect("a fate for every candidate")
            .1
    }

    #[test]
    fn neighbours_become_one_passage_with_the_pages_own_text() {
        let packed = pack(&[of_page(2, 28, 80, 1.0), of_page(1, 0, 54, 0.9)], &[], &[], 1000);
        assert_eq!(packed.passages.len(), 1);
        let passage = &packed.passages[0];
        assert_eq!(passage.text, passage.span.slice(PAGE));
        assert_eq!(passage.chunks, [ChunkId(1), ChunkId(2)]);
        assert!(passage.tokens < 200);
    }

    #[test]
    fn the_same_text_elsewhere_is_dropped_and_named() {
        let packed = pack(
            &[scored(1, 1, (0, 108), PAGE, 1.0), scored(2, 2, (0, 108), PAGE, 0.9)],
            &[],
            &[],
            1000,
        );
        assert_eq!(fate(&packed, 2), &Fate::NearDuplicate { of: ChunkId(1) });
    }

    #[test]
    fn addresses_cost_what_a_model_reads_of_them() {
        let address = format!("https://shop.example/{}", "felt-bags/".repeat(60));
        let linked = [
            scored(1, 1, (0, 9), &address, 1.0),
            scored(2, 2, (0, 9), "Something.", 0.9),
        ];
        let packed = pack(&linked, &[], &[], 300);
        assert_eq!(fate(&packed, 2), &Fate::OverBudget);
        assert!(packed.used_tokens > 300, "{}", packed.used_tokens);
        assert_eq!(packed.passages[0].tokens + HEADER_TOKENS, packed.used_tokens);
    }

    #[test]
    fn letters_that_the_tokenizer_does_not_know_cost_something() {
        let mut thai = scored(1, 1, (0, 9), &"ภาษาไทย".repeat(40), 1.0);
        thai.chunk.tokens = 1;
        assert_eq!(thai.chunk.prompt_tokens(), 280, "one a letter");
        let english = scored(1, 1, (0, 108), PAGE, 1.0);
        assert_eq!(english.chunk.prompt_tokens(), 100, "as counted");
    }

    #[test]
    fn the_first_is_taken_even_over_budget_and_nothing_else() {
        let packed = pack(
            &[of_page(1, 0, 27, 1.0), scored(2, 2, (0, 9), "Something.", 0.9)],
            &[],
            &[],
            50,
        );
        assert_eq!(packed.passages.len(), 1);
        assert_eq!(fate(&packed, 2), &Fate::OverBudget);
    }

    #[test]
    fn what_stands_in_the_context_is_recalled_for_nothing() {
        let packed = pack(&[of_page(1, 10, 20, 1.0)], &[], &[source(7, 1, 0, 54)], 1000);
        assert_eq!((packed.recalled.as_slice(), packed.used_tokens), (&[7][..], 0));
        assert!(packed.passages.is_empty());
    }

    #[test]
    fn what_stands_in_the_context_and_is_about_something_else_is_not_recalled() {
        let ranked = [
            of_page(1, 10, 20, 1.0),
            scored(2, 2, (10, 20), "Something.", 0.1),
            of_page(3, 30, 40, 0.1),
        ];
        let packed = pack(&ranked, &[], &[source(7, 1, 0, 54), source(8, 2, 0, 54)], 1000);
        assert_eq!(packed.recalled, [7]);
        assert_eq!(fate(&packed, 2), &Fate::Low);
        assert_eq!(fate(&packed, 3), &Fate::Recalled { n: 7 });
    }

    #[test]
    fn a_document_leaves_room_for_others() {
        let texts = [
            "Alpha one two three four five six.",
            "Beta uno due tre quattro cinque sei.",
            "Gamma ein zwei drei vier fünf sechs.",
            "Delta un deux trois quatre cinq six.",
        ];
        let ranked: Vec<ScoredChunk> = (0..4)
            .map(|at| {
                scored(
                    at,
                    u32::from(at == 3),
                    (at * 50, at * 50 + 40),
                    texts[at as usize],
                    1.0 - at as f32 * 0.1,
                )
            })
            .collect();
        let packed = pack(&ranked, &[], &[], 380);
        assert_eq!(fate(&packed, 3), &Fate::Source);
        assert_eq!(fate(&packed, 2), &Fate::Crowded);
    }

    #[test]
    fn what_waited_is_not_said_twice() {
        let texts = [
            "Alpha one two three four five six.",
            "Beta uno due tre quattro cinque sei.",
            "Gamma ein zwei drei vier fünf sechs.",
            "Delta un deux trois quatre cinq six.",
            "Gamma ein zwei drei vier fünf sechs.",
        ];
        let ranked: Vec<ScoredChunk> = (0..5)
            .map(|at| {
                scored(
                    at,
                    u32::from(at == 4),
                    (at * 50, at * 50 + 40),
                    texts[at as usize],
                    1.0 - at as f32 * 0.1,
                )
            })
            .collect();
        let packed = pack(&ranked, &[], &[], 600);
        assert_eq!(fate(&packed, 4), &Fate::Source);
        assert_eq!(fate(&packed, 2), &Fate::NearDuplicate { of: ChunkId(4) });
        assert_eq!(fate(&packed, 3), &Fate::Source);
    }

    #[test]
    fn a_whole_document_counts_the_line_above_each_of_its_passages() {
        let pages: Vec<ScoredChunk> = (1..=3)
            .map(|number| {
                let mut page = of_page(number, 0, 54, 1.0);
                page.chunk.page = number;
                page
            })
            .collect();
        let chunks: Vec<Chunk> = pages.iter().map(|scored| scored.chunk.clone()).collect();
        let tokens = tokens_of_chunks(&chunks);
        assert_eq!(tokens, 3 * (100 + HEADER_TOKENS));
        assert_eq!(whole_document(&pages, |_| Some(tokens), tokens - 1), None);
        assert_eq!(whole_document(&pages, |_| Some(tokens), tokens), Some(DocumentId(1)));
        let packed = pack(&pages, &chunks, &[], tokens);
        assert_eq!((packed.passages.len(), packed.used_tokens), (3, tokens));
        assert_eq!(tokens_of_chunks(&[]), 0);
    }

    #[test]
    fn a_small_document_is_read_whole() {
        let ranked = [of_page(1, 0, 27, 1.0), of_page(2, 28, 54, 0.8)];
        assert_eq!(whole_document(&ranked, |_| Some(300), 400), Some(DocumentId(1)));
        assert_eq!(whole_document(&ranked, |_| Some(500), 400), None);
        let chunks: Vec<Chunk> = [
            of_page(1, 0, 54, 0.0),
            of_page(2, 28, 80, 0.0),
            of_page(3, 55, 107, 0.0),
        ]
        .into_iter()
        .map(|scored| scored.chunk)
        .collect();
        let packed = pack(&ranked, &chunks, &[], 400);
        assert_eq!(packed.passages.len(), 1);
        assert_eq!(packed.passages[0].text, &PAGE[..107]);
    }

    proptest! {
        #[test]
        fn merged_text_is_the_pages_text(bounds in prop::collection::vec((0_u32..100, 1_u32..60), 1..8)) {
            let kept: Vec<ScoredChunk> = bounds.iter().enumerate().map(|(id, &(start, len))| of_page(id as u32, start, (start + len).min(107), 1.0)).collect();
            let count = kept.len();
            let merged = merge_neighbours(kept);
            for passage in &merged {
                prop_assert_eq!(&passage.text, passage.span.slice(PAGE));
            }
            prop_assert_eq!(merged.iter().map(|passage| passage.chunks.len()).sum::<usize>(), count);
        }

        #[test]
        fn the_budget_holds_and_every_candidate_has_a_fate(costs in prop::collection::vec((1_u32..4, 0.0_f32..1.0), 1..20), budget in 130_u32..2000) {
            let mut ranked: Vec<ScoredChunk> = costs.iter().enumerate().map(|(id, &(document, score))| {
                scored(id as u32, document, (id as u32 * 100, id as u32 * 100 + 40), &format!("word{id} thing{id} noun{id} verb{id} item{id} end{id}"), score)
            }).collect();
            ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
            let packed = pack(&ranked, &[], &[], budget);
            prop_assert!(packed.used_tokens <= budget);
            prop_assert_eq!(packed.fates.len(), ranked.len());
            let sources = packed.fates.iter().filter(|(_, fate)| *fate == Fate::Source).count();
            prop_assert_eq!(sources, packed.passages.iter().map(|passage| passage.chunks.len()).sum::<usize>());
        }
    }
}
