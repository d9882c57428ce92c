//! Fakes of the ports, for tests of the rooms above. Deterministic, instant, and able to fail on demand.
//!
//! [`FakeParser`] reads UTF-8 (form feeds divide pages) and obeys words at the start of a file: `!damaged`, `!crashed`.
//! [`FakeEmbedder`] makes a chunk of every paragraph and a vector of its words' hashes, so that texts with common words are near.
//! [`FakeGenerator`] says what it was told to. [`FakeVectorIndex`] is exact. [`text_of`] reads a file with any parser.

use crate::answer::FinishReason;
use crate::cancel::CancelToken;
use crate::chunk::{ChunkDraft, ChunkId, EmbeddedChunk};
use crate::document::{DocumentState, Page, ParseEvent, ParseFailure, Span};
use crate::embedding::{EmbedderCard, Embedding, Precision, TextKind};
use crate::error::ErrorReport;
use crate::generation::{GenerateEvent, GenerateRequest, GenerationStats};
use crate::hardware::HardwareInventory;
use crate::ports::{
    BoxFuture, DocumentParser, Embedder, Generator, HardwareProbe, PagesToEmbed, Reranker, VectorIndex,
};
use crate::retrieval::Hit;
use std::collections::HashMap;
use std::io::Read;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

/// What a parser, fake or real, makes of a file: how it ended, and the text of all its pages.
pub fn text_of(parser: &dyn DocumentParser, name: &str, bytes: &[u8]) -> (Result<(), ParseFailure>, String) {
    let mut text = String::new();
    let outcome = parser.parse(
        name,
        bytes.len() as u64,
        &mut &bytes[..],
        &CancelToken::new(),
        &mut |event| {
            if let ParseEvent::Page(page) = event {
                text.push_str(&page.text);
            }
        },
    );
    (outcome, text)
}

/// Length of a fake vector.
pub const DIMENSIONS: usize = 64;

/// Reads plain text; see the module for the words it obeys.
#[derive(Debug, Default)]
pub struct FakeParser {
    /// How many files it was given.
    pub calls: AtomicU32,
}

impl DocumentParser for FakeParser {
    fn parse(
        &self,
        name: &str,
        _len: u64,
        bytes: &mut dyn Read,
        cancel: &CancelToken,
        sink: &mut dyn FnMut(ParseEvent),
    ) -> Result<(), ParseFailure> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let failure = |state, message: &str| ParseFailure {
            state,
            message: message.to_owned(),
            detail: None,
        };
        let mut text = String::new();
        if bytes.read_to_string(&mut text).is_err() {
            return Err(failure(DocumentState::Damaged, "no text\nSave it again."));
        }
        match text.split_whitespace().next() {
            Some("!damaged") => return Err(failure(DocumentState::Damaged, "broken\nSave it again.")),
            Some("!crashed") => return Err(failure(DocumentState::Crashed, "the reader died twice\nSave it again.")),
            Some(_) => {}
            None => return Err(failure(DocumentState::Empty, "nothing in it\nNothing to do.")),
        }
        if cancel.is_cancelled() {
            return Err(failure(DocumentState::Queued, "cancelled\nIt stays queued."));
        }
        let pages: Vec<&str> = text.split('\u{c}').collect();
        sink(ParseEvent::Started {
            media_type: "text/plain".to_owned(),
            title: Some(name.trim_end_matches(".txt").to_owned()),
            pages: u32::try_from(pages.len()).ok(),
        });
        for (number, page) in (1..).zip(pages) {
            sink(ParseEvent::Page(Page {
                number,
                text: page.to_owned(),
                ..Page::default()
            }));
        }
        Ok(())
    }
}

/// Embeds by hashed words. Fails with `embedder_failed` while [`FakeEmbedder::fail`] is not 0.
#[derive(Debug, Default)]
pub struct FakeEmbedder {
    /// How many trips were made for documents.
    pub trips: AtomicU32,
    /// So many of the next trips fail.
    pub fail: AtomicU32,
}

/// The vector of a text: each word adds to one dimension.
pub fn embed_words(text: &str) -> Embedding {
    let mut vector = [0.0_f32; DIMENSIONS];
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 2) {
        let hash = blake3::hash(word.to_lowercase().as_bytes());
        vector[hash.as_bytes()[0] as usize % DIMENSIONS] += 1.0;
    }
    let norm = vector
        .iter()
        .map(|value| value * value)
        .sum::<f32>()
        .sqrt()
        .max(f32::MIN_POSITIVE);
    Embedding::from_f32(&vector.map(|value| value / norm))
}

impl Embedder for FakeEmbedder {
    fn card(&self) -> Result<EmbedderCard, ErrorReport> {
        Ok(EmbedderCard {
            name: "fake".to_owned(),
            dimensions: DIMENSIONS as u32,
            max_tokens: 256,
            precision: Precision::Fp32,
            query_prefix: String::new(),
            passage_prefix: String::new(),
            fingerprint: "fake-1".to_owned(),
        })
    }

    fn chunk_and_embed(
        &self,
        documents: &[PagesToEmbed<'_>],
        cancel: &CancelToken,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<Vec<Vec<EmbeddedChunk>>, ErrorReport> {
        self.trips.fetch_add(1, Ordering::Relaxed);
        if self
            .fail
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_ok()
        {
            return Err(ErrorReport::new("embedder_failed", "The embedder failed.\nTry again."));
        }
        if cancel.is_cancelled() {
            return Err(ErrorReport::cancelled());
        }
        let chunks: Vec<Vec<EmbeddedChunk>> = documents
            .iter()
            .map(|document| document.pages.iter().flat_map(paragraphs).map(embedded).collect())
            .collect();
        let total = chunks.iter().map(Vec::len).sum::<usize>() as u32;
        progress(total, total);
        Ok(chunks)
    }

    fn embed(&self, _kind: TextKind, texts: &[String], cancel: &CancelToken) -> Result<Vec<Embedding>, ErrorReport> {
        if cancel.is_cancelled() {
            return Err(ErrorReport::cancelled());
        }
        Ok(texts.iter().map(|text| embed_words(text)).collect())
    }
}

fn embedded(chunk: ChunkDraft) -> EmbeddedChunk {
    EmbeddedChunk {
        vector: embed_words(&chunk.indexed_text()),
        chunk,
    }
}

fn paragraphs(page: &Page) -> Vec<ChunkDraft> {
    let mut out = Vec::new();
    let mut start = 0_u32;
    for paragraph in page.text.split("\n\n") {
        let length = paragraph.chars().count() as u32;
        if !paragraph.trim().is_empty() {
            out.push(ChunkDraft {
                page: page.number,
                span: Span::new(start, start + length),
                heading: Vec::new(),
                text: paragraph.to_owned(),
                table_header: String::new(),
                tokens: paragraph.split_whitespace().count() as u32,
            });
        }
        start += length + 2;
    }
    out
}

impl Reranker for FakeEmbedder {
    fn rerank(&self, question: &str, passages: &[String], _cancel: &CancelToken) -> Result<Vec<f32>, ErrorReport> {
        let question = embed_words(question);
        Ok(passages
            .iter()
            .map(|passage| question.cosine(&embed_words(passage)).clamp(0.0, 1.0))
            .collect())
    }
}

/// Says given pieces, one event each.
#[derive(Debug, Default)]
pub struct FakeGenerator {
    /// What it says next, piece by piece.
    pub script: Mutex<Vec<String>>,
    /// The requests it got.
    pub requests: Mutex<Vec<GenerateRequest>>,
    /// It dies after so many pieces, where set.
    pub die_after: Mutex<Option<usize>>,
    /// It stops by itself being cancelled after so many pieces, where set.
    pub cancel_after: Mutex<Option<usize>>,
}

impl FakeGenerator {
    /// One that says these pieces.
    pub fn saying(pieces: &[&str]) -> Self {
        Self {
            script: Mutex::new(pieces.iter().map(|piece| (*piece).to_owned()).collect()),
            ..Self::default()
        }
    }
}

impl Generator for FakeGenerator {
    fn generate(
        &self,
        request: &GenerateRequest,
        cancel: &CancelToken,
        sink: &mut dyn FnMut(GenerateEvent),
    ) -> Result<GenerationStats, ErrorReport> {
        let locked = |mutex: &Mutex<Option<usize>>| *mutex.lock().unwrap_or_else(PoisonError::into_inner);
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(request.clone());
        let script = self.script.lock().unwrap_or_else(PoisonError::into_inner).clone();
        sink(GenerateEvent::Prefill { done: 10, total: 10 });
        let mut finish = FinishReason::Stop;
        let mut said = 0;
        for piece in script {
            if locked(&self.die_after) == Some(said) {
                return Err(ErrorReport::new(
                    "worker_died",
                    "The engine stopped unexpectedly.\nAsk again.",
                ));
            }
            if locked(&self.cancel_after) == Some(said) {
                cancel.cancel();
            }
            if cancel.is_cancelled() {
                finish = FinishReason::Cancelled;
                break;
            }
            sink(GenerateEvent::Text { text: piece });
            said += 1;
        }
        Ok(GenerationStats {
            prompt_tokens: 10,
            output_tokens: said as u32,
            ttft_ms: 1.0,
            prefill_tps: 100.0,
            decode_tps: 50.0,
            profile: "fake".to_owned(),
            finish: Some(finish),
            ..GenerationStats::default()
        })
    }
}

/// An exact index in memory. Fails with `index_unavailable` while [`FakeVectorIndex::fail`] is set.
#[derive(Debug, Default)]
pub struct FakeVectorIndex {
    /// What it holds.
    pub vectors: Mutex<HashMap<ChunkId, Embedding>>,
    /// How many appends were made.
    pub appends: AtomicU32,
    /// Everything fails while not 0.
    pub fail: AtomicU32,
}

impl FakeVectorIndex {
    fn table(&self) -> Result<std::sync::MutexGuard<'_, HashMap<ChunkId, Embedding>>, ErrorReport> {
        if self.fail.load(Ordering::Relaxed) > 0 {
            return Err(ErrorReport::new(
                "index_unavailable",
                "The index cannot be read.\nIt is being rebuilt.",
            ));
        }
        Ok(self.vectors.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl VectorIndex for FakeVectorIndex {
    fn append(&self, vectors: Vec<(ChunkId, Embedding)>) -> BoxFuture<'_, Result<(), ErrorReport>> {
        Box::pin(async move {
            self.appends.fetch_add(1, Ordering::Relaxed);
            self.table()?.extend(vectors);
            Ok(())
        })
    }

    fn search<'a>(&'a self, query: &'a Embedding, limit: usize) -> BoxFuture<'a, Result<Vec<Hit>, ErrorReport>> {
        Box::pin(async move {
            let table = self.table()?;
            let mut hits: Vec<Hit> = table
                .iter()
                .map(|(id, vector)| Hit {
                    id: *id,
                    score: query.cosine(vector),
                })
                .collect();
            hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
            hits.truncate(limit);
            Ok(hits)
        })
    }

    fn remove(&self, ids: Vec<ChunkId>) -> BoxFuture<'_, Result<(), ErrorReport>> {
        Box::pin(async move {
            self.table()?.retain(|id, _| !ids.contains(id));
            Ok(())
        })
    }
}

/// A machine of given size.
#[derive(Clone, Debug, Default)]
pub struct FakeProbe(
    /// What it says.
    pub HardwareInventory,
);

impl HardwareProbe for FakeProbe {
    fn inventory(&self) -> HardwareInventory {
        self.0.clone()
    }
}
