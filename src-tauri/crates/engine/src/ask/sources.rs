//! Which passages the answer may rest on: packed into what the writer can read in time.

use super::history::turn_tokens;
use crate::engine::Engine;
use crate::generators::Writer;
use crate::search::Retrieved;
use docmind_core::answer::Source;
use docmind_core::chunk::{Chunk, ChunkId, rough_tokens};
use docmind_core::conversation::Turn;
use docmind_core::document::{ContentHash, DocumentId};
use docmind_core::error::ErrorReport;
use docmind_core::pack::{BudgetLimits, Packed, budget, pack, tokens_of_chunks, whole_document};
use docmind_core::question::KeywordQuery;
use docmind_core::rank;
use docmind_core::refusal::Verdict;
use docmind_core::retrieval::{Fate, Passage, RetrievalTrace, ScoredChunk, SearchMode, TracedChunk};
use docmind_core::settings::Settings;
use docmind_core::thinking::thinking_room;
use docmind_store::DocumentRecord;
use std::collections::HashMap;

/// The instructions, with the chat template around them.
pub(super) const INSTRUCTION_TOKENS: u32 = 340;
/// What of a turn that follows is read besides its sources, at least.
const LEAST_READ: u32 = 32;
/// A document of more passages is not looked at as a whole.
const WHOLE_CHUNKS: u32 = 64;

/// The sources of one question.
#[derive(Default)]
pub(super) struct Gathered {
    /// Those that join the context now.
    pub(super) fresh: Vec<Source>,
    /// Those of earlier turns that matter here too.
    pub(super) recalled: Vec<u32>,
    /// Both, as shown: fresh ones best first, then recalled ones.
    pub(super) shown: Vec<Source>,
    /// Score of each shown source's passage.
    pub(super) scores: Vec<f32>,
    fates: Vec<(ChunkId, Fate)>,
    budget_tokens: u32,
    used_tokens: u32,
}

impl Engine {
    /// Packs what was retrieved beside the question and the turns that the writer still knows; new sources are numbered from `first` on.
    pub(super) fn gather(
        &self,
        question: &str,
        retrieved: &Retrieved,
        earlier: &[Turn],
        first: u32,
        writer: Option<&Writer>,
        settings: &Settings,
    ) -> Result<Gathered, ErrorReport> {
        let budget_tokens = budget(&limits(question, earlier, writer, settings));
        let whole = self.whole(retrieved, budget_tokens)?;
        // A document that changed since says something else in the same place.
        let standing: Vec<Source> = earlier
            .iter()
            .flat_map(|turn| &turn.sources)
            .filter(|source| {
                let record = retrieved.documents.get(&source.document_id);
                record.is_none_or(|record| record.hash.as_ref() == Some(&source.document_hash))
            })
            .cloned()
            .collect();
        let packed = pack(&retrieved.passages, &whole, &standing, budget_tokens);
        Ok(gathered(packed, first, &standing, &retrieved.documents, budget_tokens))
    }

    /// The passages of the one document that fits as a whole, or none.
    fn whole(&self, retrieved: &Retrieved, budget_tokens: u32) -> Result<Vec<Chunk>, ErrorReport> {
        let mut read: HashMap<DocumentId, Vec<Chunk>> = HashMap::new();
        if let Some(first) = retrieved.passages.first().map(|scored| scored.chunk.document)
            && retrieved
                .documents
                .get(&first)
                .is_some_and(|record| record.chunks <= WHOLE_CHUNKS)
        {
            read.insert(first, self.0.library.chunks_of(first)?);
        }
        let tokens_of = |document: DocumentId| read.get(&document).map(|chunks| tokens_of_chunks(chunks));
        let whole = whole_document(&retrieved.passages, tokens_of, budget_tokens);
        Ok(whole.and_then(|document| read.remove(&document)).unwrap_or_default())
    }
}

fn limits(question: &str, earlier: &[Turn], writer: Option<&Writer>, settings: &Settings) -> BudgetLimits {
    let history = earlier.iter().map(turn_tokens).sum::<u32>() + INSTRUCTION_TOKENS;
    let question = rough_tokens(question);
    let window = writer.map_or(u32::MAX, |writer| writer.context_tokens);
    let answer = writer.map_or(0, |writer| writer.kept_for_answer(settings.answer_tokens));
    let thinking = if settings.thinking { thinking_room(window) } else { 0 };
    BudgetLimits {
        source_tokens: settings.source_tokens,
        context_room_tokens: window
            .saturating_sub(history)
            .saturating_sub(question)
            .saturating_sub(answer)
            .saturating_sub(thinking),
        prefill_tps: writer.and_then(|writer| writer.prefill_tps),
        first_token_target_s: settings.first_token_target_s,
        other_tokens: if earlier.is_empty() {
            INSTRUCTION_TOKENS.saturating_add(question)
        } else {
            question.max(LEAST_READ)
        },
    }
}

fn gathered(
    packed: Packed,
    first: u32,
    standing: &[Source],
    documents: &HashMap<DocumentId, DocumentRecord>,
    budget_tokens: u32,
) -> Gathered {
    let mut scores = Vec::new();
    let mut fresh = Vec::new();
    for passage in packed.passages {
        let n = first + fresh.len() as u32;
        if let Some(record) = documents.get(&passage.document) {
            scores.push(passage.score);
            fresh.push(source(n, passage, record));
        }
    }
    let mut shown = fresh.clone();
    let best = scores.first().copied().unwrap_or(1.0);
    for n in &packed.recalled {
        if let Some(source) = standing.iter().find(|source| source.n == *n) {
            shown.push(source.clone());
            scores.push(best);
        }
    }
    Gathered {
        fresh,
        recalled: packed.recalled,
        shown,
        scores,
        fates: packed.fates,
        budget_tokens,
        used_tokens: packed.used_tokens,
    }
}

/// A passage under its number.
pub(crate) fn source(n: u32, passage: Passage, record: &DocumentRecord) -> Source {
    Source {
        n,
        document_id: passage.document,
        document_hash: record.hash.clone().unwrap_or_else(|| ContentHash(String::new())),
        path: record.path.to_string_lossy().into_owned(),
        title: record.display_title(),
        page: passage.page,
        span: passage.span,
        heading: passage.heading,
        table_header: passage.table_header,
        text: passage.text,
    }
}

impl Gathered {
    /// A passage is shown, without joining the context.
    pub(super) fn show(&mut self, source: Source, scored: &ScoredChunk, fate: Fate) {
        self.shown.push(source);
        self.scores.push(scored.score);
        self.fates.push((scored.chunk.id, fate));
    }

    /// Of what [`Self::show`] was given only the sources of these numbers stay.
    pub(super) fn keep(&mut self, numbers: &[u32]) {
        let shown = std::mem::take(&mut self.shown).into_iter();
        let scored = shown.zip(std::mem::take(&mut self.scores));
        ((self.shown, self.scores), self.fates) = scored
            .zip(std::mem::take(&mut self.fates))
            .filter(|((source, _), _)| numbers.contains(&source.n))
            .unzip();
    }

    /// How many documents the sources shown are of, each document's together.
    pub(super) fn documents(&self) -> u32 {
        self.shown.chunk_by(|a, b| a.document_id == b.document_id).count() as u32
    }

    /// What the "why this answer" view shows of the search.
    pub(super) fn trace(&self, searched: &str, retrieved: &Retrieved, verdict: &Verdict) -> RetrievalTrace {
        let words = KeywordQuery::parse(searched);
        let fused: HashMap<ChunkId, _> = retrieved.fused.iter().map(|fused| (fused.id, fused)).collect();
        let fates: HashMap<ChunkId, &Fate> = self.fates.iter().map(|(id, fate)| (*id, fate)).collect();
        let candidates = retrieved
            .passages
            .iter()
            .map(|scored| {
                let id = scored.chunk.id;
                let ranks = fused.get(&id);
                TracedChunk {
                    id,
                    document: scored.chunk.document,
                    page: scored.chunk.page,
                    span: Some(scored.chunk.span),
                    keyword_rank: ranks.and_then(|fused| fused.keyword_rank),
                    bm25: scored.bm25,
                    vector_rank: ranks.and_then(|fused| fused.vector_rank),
                    cosine: scored.cosine,
                    score: scored.score,
                    fate: fates.get(&id).map_or(Fate::Low, |fate| (*fate).clone()),
                }
            })
            .collect();
        RetrievalTrace {
            searched: searched.to_owned(),
            mode: retrieved.mode,
            exact: words.is_exact(),
            vector_weight: match retrieved.mode {
                SearchMode::Hybrid => rank::vector_weight(&words),
                SearchMode::Vector => 1.0,
                SearchMode::Keyword => 0.0,
            },
            best_cosine: verdict.best_cosine,
            coverage: verdict.coverage,
            budget_tokens: self.budget_tokens,
            used_tokens: self.used_tokens,
            candidates,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings_store::defaults;

    #[test]
    fn a_long_question_leaves_less_for_its_sources() {
        let pasted = "Does this clause hold? ".repeat(300);
        let of = |question: &str| limits(question, &[], None, &defaults());
        let (short, long) = (of(""), of(&pasted));
        let tokens = rough_tokens(&pasted);
        assert!(tokens > 2000, "{tokens}");
        assert_eq!(short.context_room_tokens - long.context_room_tokens, tokens);
        assert_eq!(long.other_tokens - short.other_tokens, tokens);
    }

    #[test]
    fn a_search_by_words_alone_is_told_as_that() {
        let by_words = Retrieved {
            mode: SearchMode::Keyword,
            ..Retrieved::default()
        };
        let told = |found: &Retrieved| {
            let trace = Gathered::default().trace("the old mill", found, &Verdict::given(true));
            (trace.mode, trace.vector_weight)
        };
        assert_eq!(told(&by_words), (SearchMode::Keyword, 0.0));
        assert_eq!(told(&Retrieved::default()).0, SearchMode::Hybrid);
    }
}
