//! What was read becomes passages with vectors: one trip to the embedder for many small documents, several for a large one.

use super::pipeline::{Pipeline, Step, TRIP_BYTES, TRIP_DOCUMENTS, elapsed_ms};
use super::state::{Embedded, FIRST, Parsed};
use crate::events::IngestStage;
use crate::listeners::lock;
use docmind_core::cancel::CancelToken;
use docmind_core::chunk::{ChunkId, EmbeddedChunk};
use docmind_core::document::Page;
use docmind_core::embedding::TextKind;
use docmind_core::error::ErrorReport;
use docmind_core::ports::PagesToEmbed;
use docmind_store::EmbedderChoice;
use std::ops::Range;
use std::time::{Duration, Instant};

/// Documents of so many trips at most wait to be committed; then embedding waits.
const HELD_TRIPS: usize = 4;

/// Progress of one document is told this often at most.
const TOLD_EVERY: Duration = Duration::from_millis(200);

/// Passages that get new vectors in one step: about a second of work.
const REEMBED: usize = 128;

/// Embedded to see whether the embedder works at all.
const WORD: &str = "word";

/// Why a trip gave nothing.
enum Trip {
    Cancelled,
    /// The embedder itself cannot be used: no document is to blame.
    Blocked(ErrorReport),
    /// It failed on these documents.
    Failed(ErrorReport),
}

impl Pipeline {
    /// Takes a batch of what was read to passages with vectors, which [`Pipeline::commit_one`] commits while the next batch is embedded.
    pub fn embed_batch(&self, cancel: &CancelToken) -> Step {
        let batch = self.take_batch();
        if batch.is_empty() {
            let step = self.embed_again(cancel);
            self.flush();
            return step;
        }
        let count = batch.len();
        let handed_on = self.embed_documents(batch, cancel);
        lock(&self.state).embedding -= count - handed_on;
        self.notify();
        Step::Worked
    }

    /// After the embedder was exchanged: passages get vectors of the new one, a batch at a time, while nothing else waits.
    fn embed_again(&self, cancel: &CancelToken) -> Step {
        let changed = {
            let state = lock(&self.state);
            if !state.reembed || state.blocked.is_some() {
                return Step::Idle;
            }
            state.embedder_changed
        };
        match self.embed_missing(changed, cancel) {
            Ok(true) => Step::Worked,
            Ok(false) => {
                lock(&self.state).reembed = false;
                self.notify();
                Step::Idle
            }
            Err(_) if cancel.is_cancelled() => Step::Idle,
            Err(report) => {
                self.block(report);
                Step::Idle
            }
        }
    }

    /// One batch of passages without a vector; false when there is none.
    fn embed_missing(&self, changed: bool, cancel: &CancelToken) -> Result<bool, ErrorReport> {
        if changed && self.library.counts()?.chunks > 0 {
            self.fingerprint()?;
        }
        let after = lock(&self.state).reembedded;
        let mut missing = self.library.passages_to_embed(after, REEMBED)?;
        if missing.is_empty() && after > FIRST {
            // Once more from the first: the embedder may have been exchanged on the way.
            missing = self.library.passages_to_embed(FIRST, REEMBED)?;
        }
        if missing.is_empty() {
            self.library.drop_other_vectors()?;
        }
        let (Some((first, _)), Some((last, _))) = (missing.first(), missing.last()) else {
            lock(&self.state).reembedded = FIRST;
            return Ok(false);
        };
        let (first, last) = (*first, *last);
        let fingerprint = self.fingerprint()?;
        let (ids, texts): (Vec<_>, Vec<_>) = missing.into_iter().unzip();
        let vectors = self.embedder.embed(TextKind::Passage, &texts, cancel)?;
        let added = self
            .library
            .put_vectors(&fingerprint, ids.into_iter().zip(vectors).collect())?;
        // Passages removed meanwhile need none.
        let still_first = || -> Result<bool, ErrorReport> {
            let next = self.library.passages_to_embed(ChunkId(first.0 - 1), 1)?;
            Ok(next.first().is_some_and(|(id, _)| *id == first))
        };
        if added.is_empty() && still_first()? {
            return Err(ErrorReport::new(
                "reembed_failed",
                "Passages could not get new vectors.\nRun the check: docmind check",
            ));
        }
        let mut state = lock(&self.state);
        state.unflushed.extend(added);
        state.unflushed_since.get_or_insert_with(Instant::now);
        state.reembedded = last;
        Ok(true)
    }

    fn take_batch(&self) -> Vec<Parsed> {
        let mut state = lock(&self.state);
        let full = state.embedded.len() >= TRIP_DOCUMENTS || state.embedded_bytes >= TRIP_BYTES * HELD_TRIPS;
        if full || state.blocked.is_some() {
            return Vec::new();
        }
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some(next) = state.backlog.front() {
            let fits = batch.len() < TRIP_DOCUMENTS && bytes + next.text_bytes <= TRIP_BYTES;
            if !batch.is_empty() && !fits {
                break;
            }
            bytes += next.text_bytes;
            state.backlog_bytes -= next.held_bytes;
            batch.extend(state.backlog.pop_front());
        }
        state.embedding += batch.len();
        batch
    }

    /// One trip, or several where one fails; tells how many documents wait to be committed now.
    fn embed_documents(&self, batch: Vec<Parsed>, cancel: &CancelToken) -> usize {
        if lock(&self.state).blocked.is_some() {
            // By one of those that were on the same trip.
            for parsed in &batch {
                self.undecided(parsed.record.id, Some(&parsed.hash));
            }
            return 0;
        }
        let fingerprint = match self.fingerprint() {
            Ok(fingerprint) => fingerprint,
            Err(report) => {
                for parsed in &batch {
                    self.undecided(parsed.record.id, Some(&parsed.hash));
                }
                self.block(report);
                return 0;
            }
        };
        let started = Instant::now();
        match self.trip(&batch, cancel) {
            Ok(_) if lock(&self.state).fingerprint.as_ref() != Some(&fingerprint) => {
                // The embedder was exchanged on the way: some of these vectors may be the other one's.
                for parsed in &batch {
                    self.undecided(parsed.record.id, Some(&parsed.hash));
                }
                0
            }
            Ok(chunks) => {
                let total: usize = chunks.iter().map(Vec::len).sum();
                let spent = elapsed_ms(started);
                let handed_on = batch.len();
                let mut state = lock(&self.state);
                for (parsed, chunks) in batch.into_iter().zip(chunks) {
                    state.embedded_bytes += parsed.held_bytes;
                    state.embedded.push_back(Embedded {
                        // Its share of the trip, by passages.
                        embed_ms: spent * chunks.len() as f64 / total.max(1) as f64,
                        fingerprint: fingerprint.clone(),
                        cancel: cancel.clone(),
                        parsed,
                        chunks,
                    });
                }
                handed_on
            }
            Err(Trip::Cancelled) => {
                for parsed in &batch {
                    self.undecided(parsed.record.id, Some(&parsed.hash));
                }
                0
            }
            Err(Trip::Blocked(report)) => {
                for parsed in &batch {
                    self.undecided(parsed.record.id, Some(&parsed.hash));
                }
                self.block(report);
                0
            }
            Err(Trip::Failed(report)) if batch.len() > 1 => {
                // One of them is to blame: each goes alone.
                tracing::warn!(code = %report.code, documents = batch.len(), "a trip to the embedder failed, once more one by one");
                batch
                    .into_iter()
                    .map(|parsed| self.embed_documents(vec![parsed], cancel))
                    .sum()
            }
            Err(Trip::Failed(report)) => {
                for parsed in &batch {
                    self.embedder_failed_on(parsed, &report);
                }
                0
            }
        }
    }

    /// The library knows whose vectors come.
    fn fingerprint(&self) -> Result<String, ErrorReport> {
        if let Some(fingerprint) = lock(&self.state).fingerprint.clone() {
            return Ok(fingerprint);
        }
        let card = self.embedder.card()?;
        match self.library.choose_embedder(&card)? {
            EmbedderChoice::Kept | EmbedderChoice::Changed { passages: 0 } => {}
            EmbedderChoice::Changed { passages } => {
                lock(&self.state).reembed = true;
                tracing::info!(passages, embedder = %card.name, "passages wait for vectors of the new embedder");
                self.notice(
                    "embedder_changed",
                    format!(
                        "The embedder is now `{}`.\n{passages} passages get new vectors; words are searched meanwhile.",
                        card.name
                    ),
                );
            }
        }
        let mut state = lock(&self.state);
        state.fingerprint = Some(card.fingerprint.clone());
        state.embedder_changed = false;
        Ok(card.fingerprint)
    }

    fn trip(&self, batch: &[Parsed], cancel: &CancelToken) -> Result<Vec<Vec<EmbeddedChunk>>, Trip> {
        let [alone] = batch else {
            let documents: Vec<PagesToEmbed<'_>> = batch
                .iter()
                .map(|parsed| PagesToEmbed {
                    title: title(parsed),
                    pages: &parsed.pages,
                })
                .collect();
            return self.one_trip(&documents, cancel, &mut |_, _| {});
        };
        let mut chunks = Vec::new();
        let pages = alone.pages.len() as u32;
        for range in page_ranges(&alone.pages) {
            if !self.gate.pass(cancel) {
                return Err(Trip::Cancelled);
            }
            let (first, last) = (range.start as u32, range.end as u32);
            let document = PagesToEmbed {
                title: title(alone),
                pages: &alone.pages[range],
            };
            let mut told = Instant::now();
            let mut of_range = self.one_trip(&[document], cancel, &mut |done, total| {
                if told.elapsed() >= TOLD_EVERY {
                    told = Instant::now();
                    // Of the whole document: pages done, and the share of this range.
                    let within = (last - first) * done / total.max(1);
                    self.tell_progress(&alone.record, IngestStage::Embedding, first + within, pages);
                }
            })?;
            chunks.append(&mut of_range.pop().unwrap_or_default());
        }
        Ok(vec![chunks])
    }

    fn one_trip(
        &self,
        documents: &[PagesToEmbed<'_>],
        cancel: &CancelToken,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<Vec<Vec<EmbeddedChunk>>, Trip> {
        match self.embedder.chunk_and_embed(documents, cancel, progress) {
            Ok(chunks) if chunks.len() == documents.len() => Ok(chunks),
            Ok(chunks) => Err(Trip::Failed(ErrorReport::new(
                "embedder_confused",
                format!(
                    "The embedder answered for {} of {} documents.\nInstall DocMind again.",
                    chunks.len(),
                    documents.len()
                ),
            ))),
            Err(_) if cancel.is_cancelled() => Err(Trip::Cancelled),
            Err(report) => Err(self.to_blame(report, documents.len(), cancel)),
        }
    }

    /// What a trip failed on: the embedder, where it cannot be had or fails on a single word too, such as on a card whose memory is taken;
    /// else the documents. Several go one by one first.
    fn to_blame(&self, report: ErrorReport, documents: usize, cancel: &CancelToken) -> Trip {
        if let Err(cause) = self.embedder.card() {
            return Trip::Blocked(cause);
        }
        if documents > 1 {
            return Trip::Failed(report);
        }
        match self.embedder.embed(TextKind::Passage, &[WORD.to_owned()], cancel) {
            Ok(_) => Trip::Failed(report),
            Err(_) if cancel.is_cancelled() => Trip::Cancelled,
            Err(cause) => Trip::Blocked(cause),
        }
    }
}

fn title(parsed: &Parsed) -> &str {
    parsed.title.as_deref().unwrap_or_default()
}

/// Pages in ranges of about [`TRIP_BYTES`]: passages never cross a page, and between two trips a question or an answer gets its turn.
fn page_ranges(pages: &[Page]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    let mut bytes = 0;
    for (at, page) in pages.iter().enumerate() {
        if at > start && bytes + page.text.len() > TRIP_BYTES {
            ranges.push(start..at);
            start = at;
            bytes = 0;
        }
        bytes += page.text.len();
    }
    if start < pages.len() {
        ranges.push(start..pages.len());
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_every_page_once_and_stay_small() {
        let page = |bytes: usize| Page {
            text: "x".repeat(bytes),
            ..Page::default()
        };
        let pages: Vec<Page> = [10, TRIP_BYTES * 2, 10, TRIP_BYTES / 2, TRIP_BYTES / 2, 1]
            .into_iter()
            .map(page)
            .collect();
        assert_eq!(page_ranges(&pages), [0..1, 1..2, 2..4, 4..6]);
        assert!(page_ranges(&[]).is_empty());
    }
}
