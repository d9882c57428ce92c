//! Questions that are put to each document for itself: "List all …", "Which documents …", or because somebody wants it so.
//!
//! Both rankings go down far enough to reach every document that has something near. Each is judged by its own best passages and
//! quoted with its own best sentences; how many there were is said beside the answer. No model writes it: fifty documents are more
//! than its context holds, and each of them would have to be read.

use super::sources::{Gathered, source};
use crate::engine::Engine;
use crate::search::{Retrieved, ms};
use docmind_core::answer::Coverage;
use docmind_core::cancel::CancelToken;
use docmind_core::chunk::ChunkId;
use docmind_core::citation::CitedText;
use docmind_core::document::DocumentId;
use docmind_core::embedding::Embedding;
use docmind_core::error::ErrorReport;
use docmind_core::extract;
use docmind_core::rank::CANDIDATES;
use docmind_core::refusal::{Verdict, judge_each};
use docmind_core::retrieval::{Fate, Passage, ScoredChunk, SearchMode};
use std::collections::HashSet;
use std::time::Instant;

/// Passages asked of each ranking. A document whose best passage lies below as many of both says nothing about the question.
pub(crate) const CANDIDATES_FOR_EACH: usize = 2000;
/// Passages shown where no document says anything.
const NEAREST: usize = 5;
/// Most documents that are quoted.
const MOST_QUOTED: usize = 50;

/// What each document has for a question.
pub(super) struct FromEach {
    pub(super) retrieved: Retrieved,
    pub(super) verdict: Verdict,
    pub(super) gathered: Gathered,
    pub(super) coverage: Coverage,
}

impl Engine {
    /// Searches for `wanted` and judges each document; passages are numbered from `first` on.
    pub(super) fn ask_each(
        &self,
        wanted: &str,
        scope: Option<&[DocumentId]>,
        first: u32,
        cancel: &CancelToken,
    ) -> Result<FromEach, ErrorReport> {
        let started = Instant::now();
        let mut retrieved = self.retrieve_among(CANDIDATES_FOR_EACH, wanted, SearchMode::Hybrid, scope, cancel)?;
        let answering = judge_each(wanted, &retrieved.passages);
        let asked = match scope {
            Some(scope) => self.ready_among(scope)?,
            None => self.0.library.counts()?.ready,
        };
        let best = &answering[..answering.len().min(MOST_QUOTED)];
        let coverage = Coverage {
            asked: asked.max(answering.len() as u32),
            found: answering.len() as u32,
            quoted: best.len() as u32,
        };
        let verdict = Verdict {
            score: answering.first().map_or(0.0, |best| best.score),
            ..Verdict::given(!answering.is_empty())
        };
        let (shown, fate): (Vec<&ScoredChunk>, Fate) = if best.is_empty() {
            (retrieved.passages.iter().take(NEAREST).collect(), Fate::Low)
        } else {
            let of_each = best.iter().flat_map(|document| document.passages.iter().copied());
            (of_each.collect(), Fate::Source)
        };
        let mut gathered = Gathered::default();
        for scored in &shown {
            if let Some(record) = retrieved.documents.get(&scored.chunk.document) {
                let n = first + gathered.shown.len() as u32;
                gathered.show(source(n, Passage::from(*scored), record), scored, fate.clone());
            }
        }
        let shown: HashSet<ChunkId> = shown.into_iter().map(|scored| scored.chunk.id).collect();
        // Why this answer is told of what was near, not of thousands.
        let mut told = 0;
        retrieved.passages.retain(|scored| {
            told += 1;
            told <= CANDIDATES || shown.contains(&scored.chunk.id)
        });
        retrieved.search_ms = ms(started) - retrieved.embed_ms;
        Ok(FromEach {
            retrieved,
            verdict,
            gathered,
            coverage,
        })
    }

    /// Each document's own sentences; only the passages that are cited stay among those shown.
    pub(super) fn quote_each(
        &self,
        wanted: &str,
        question: Option<&Embedding>,
        gathered: &mut Gathered,
        cancel: &CancelToken,
    ) -> Result<CitedText, ErrorReport> {
        let candidates = extract::candidates_of_each(&gathered.shown);
        let cosines = self.sentence_cosines(question, &candidates, cancel)?;
        let text = extract::each(
            wanted,
            &gathered.shown,
            &gathered.scores,
            &candidates,
            cosines.as_deref(),
        );
        gathered.keep(&text.order);
        Ok(text)
    }

    fn ready_among(&self, scope: &[DocumentId]) -> Result<u32, ErrorReport> {
        let records = self.0.library.documents_by_id(scope)?;
        Ok(records.values().filter(|record| record.chunks > 0).count() as u32)
    }
}
