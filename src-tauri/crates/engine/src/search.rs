//! Passages for a query: embedded, searched by vectors and by words at once, fused, read again, and, where a cross-encoder was chosen and
//! is quick enough, reordered by it.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::path_text;
use docmind_core::cancel::CancelToken;
use docmind_core::chunk::{Chunk, ChunkId};
use docmind_core::conversation::Turn;
use docmind_core::document::{DocumentId, DocumentState, Span};
use docmind_core::embedding::{Embedding, TextKind};
use docmind_core::error::{ErrorReport, Notice};
use docmind_core::extract::PageBodies;
use docmind_core::ports::{Embedder, Reranker};
use docmind_core::question::KeywordQuery;
use docmind_core::rank::{self, CANDIDATES, Fused};
use docmind_core::retrieval::{Hit, ScoredChunk, SearchMode};
use docmind_core::words::{fold, words};
use docmind_store::{DocumentQuery, DocumentRecord};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Most passages a search gives.
pub(crate) const MOST_RESULTS: usize = 10_000;

/// Passages of a document that is read through: its beginning, and in all.
const OPENING: usize = 3;
const READ_THROUGH: usize = 60;

/// Passages a cross-encoder is shown.
const RERANKED: usize = 20;

/// What to look for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(default)]
pub struct SearchRequest {
    /// As typed.
    pub query: String,
    /// Which rankings are used.
    pub mode: SearchMode,
    /// Most passages.
    pub limit: u32,
    /// Where to look.
    pub scope: Scope,
}

/// Where to look.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Scope {
    /// In all documents.
    #[default]
    All,
    /// In those of a collection.
    Collection {
        /// Its number.
        id: u32,
    },
    /// In these.
    Documents {
        /// Their ids.
        ids: Vec<DocumentId>,
    },
}

/// One passage found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SearchResult {
    /// From 1.
    pub rank: u32,
    /// Higher is better, comparable within one query.
    pub score: f32,
    /// The document.
    pub document_id: DocumentId,
    /// Where its file is.
    pub path: String,
    /// base64 of the path's bytes, only where it is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path_bytes: Option<String>,
    /// Title, or the file's name.
    pub title: String,
    /// 1-based page.
    pub page: u32,
    /// Where in the page's text.
    pub span: Span,
    /// Headings above it, outermost first.
    pub heading: Vec<String>,
    /// The passage.
    pub text: String,
}

/// What a search gave, with the time it took in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SearchAnswer {
    /// Best first.
    pub results: Vec<SearchResult>,
    /// Embedding the query.
    pub embed_ms: f64,
    /// Both rankings, fusion and reading.
    pub search_ms: f64,
    /// In all.
    pub total_ms: f64,
    /// What was degraded.
    pub notices: Vec<Notice>,
}

/// Everything one retrieval found, for whoever builds on it.
#[derive(Clone, Debug, Default)]
pub struct Retrieved {
    /// Which rankings were used: by words alone where meanings were asked for and could not be had.
    pub mode: SearchMode,
    /// The query's vector, where it was embedded.
    pub vector: Option<Embedding>,
    /// The vector ranking.
    pub by_vector: Vec<Hit>,
    /// The keyword ranking.
    pub by_words: Vec<Hit>,
    /// Both, fused.
    pub fused: Vec<Fused>,
    /// The passages, best first.
    pub passages: Vec<ScoredChunk>,
    /// Vectors of the candidates.
    pub vectors: HashMap<ChunkId, Embedding>,
    /// The documents of the passages.
    pub documents: HashMap<DocumentId, DocumentRecord>,
    /// Milliseconds for embedding, for searching.
    pub embed_ms: f64,
    /// See there.
    pub search_ms: f64,
    /// What was degraded.
    pub notices: Vec<Notice>,
}

impl Engine {
    /// Passages that fit a query.
    ///
    /// # Errors
    /// `empty_question`, `collection_not_found`, `cancelled`, and those of embedder and store.
    pub fn search(&self, request: &SearchRequest, cancel: &CancelToken) -> Result<SearchAnswer, ErrorReport> {
        let started = Instant::now();
        if request.query.trim().is_empty() {
            return Err(EngineError::EmptyQuestion.into());
        }
        let scope = self.scope(&request.scope)?;
        let limit = if request.limit == 0 { 10 } else { request.limit as usize };
        let candidates = limit.clamp(CANDIDATES, MOST_RESULTS);
        let retrieved = self.retrieve_among(candidates, &request.query, request.mode, scope.as_deref(), cancel)?;
        let results = retrieved
            .passages
            .iter()
            .take(limit)
            .zip(1..)
            .filter_map(|(scored, rank)| {
                let document = retrieved.documents.get(&scored.chunk.document)?;
                Some(SearchResult {
                    rank,
                    score: scored.score,
                    document_id: document.id,
                    path: document.path.to_string_lossy().into_owned(),
                    path_bytes: path_text::base64_if_lossy(&document.path),
                    title: document.display_title(),
                    page: scored.chunk.page,
                    span: scored.chunk.span,
                    heading: scored.chunk.heading.clone(),
                    text: scored.chunk.text.clone(),
                })
            })
            .collect();
        Ok(SearchAnswer {
            results,
            embed_ms: retrieved.embed_ms,
            search_ms: retrieved.search_ms,
            total_ms: ms(started),
            notices: retrieved.notices,
        })
    }

    /// The documents of a scope that the library has; `None` is all. One that was removed while it was chosen is not looked in.
    pub(crate) fn scope(&self, scope: &Scope) -> Result<Option<Vec<DocumentId>>, ErrorReport> {
        let chosen = match scope {
            Scope::All => return Ok(None),
            Scope::Documents { ids } => ids.clone(),
            Scope::Collection { id } => self.collection_documents(*id)?,
        };
        // A duplicate's passages stand under its original.
        let records = self.0.library.documents_by_id(&chosen)?;
        let mut documents: Vec<DocumentId> = records
            .into_values()
            .filter(|record| record.removed_at_ms.is_none())
            .map(|record| record.duplicate_of.unwrap_or(record.id))
            .collect();
        documents.sort_unstable();
        documents.dedup();
        Ok(Some(documents))
    }

    /// The document that a question about a document as a whole means: the only one to be searched, else the one that the last answer
    /// cited first.
    ///
    /// # Errors
    /// The store's own.
    pub(crate) fn document_meant(
        &self,
        scope: Option<&[DocumentId]>,
        earlier: &[Turn],
    ) -> Result<Option<DocumentId>, ErrorReport> {
        if let Some([only]) = scope {
            return Ok(Some(*only));
        }
        let cited = earlier.last().and_then(|turn| turn.answer.citations.first());
        if let Some(cited) = cited
            && scope.is_none_or(|scope| scope.contains(&cited.document_id))
            && let Some(record) = self.0.library.document(cited.document_id)?
            && record.removed_at_ms.is_none()
            && record.hash.as_ref() == Some(&cited.document_hash)
        {
            return Ok(Some(record.id));
        }
        if scope.is_some() {
            return Ok(None);
        }
        let ready = self.0.library.documents(&DocumentQuery {
            states: vec![DocumentState::Ready],
            limit: Some(2),
            ..DocumentQuery::default()
        })?;
        Ok(match &ready[..] {
            [only] => Some(only.id),
            _ => None,
        })
    }

    /// The only document whose title or file name has all of these words (folded).
    ///
    /// # Errors
    /// The store's own.
    pub(crate) fn document_titled(
        &self,
        subject: &[String],
        scope: Option<&[DocumentId]>,
    ) -> Result<Option<DocumentId>, ErrorReport> {
        let found = self.0.library.documents(&DocumentQuery {
            states: vec![DocumentState::Ready],
            containing: subject.first().cloned(),
            ..DocumentQuery::default()
        })?;
        let is_titled = |record: &&DocumentRecord| {
            let file = record.path.file_name().unwrap_or_default().to_string_lossy();
            // With and without its ending, whatever the title is.
            let named: HashSet<String> = words(&record.display_title())
                .chain(words(&file))
                .map(|word| fold(word.text))
                .chain(file.split(|c: char| !c.is_alphanumeric()).map(fold))
                .collect();
            subject.iter().all(|word| named.contains(word))
        };
        let mut titled = found
            .iter()
            .filter(|record| scope.is_none_or(|scope| scope.contains(&record.id)))
            .filter(is_titled);
        Ok(match (titled.next(), titled.next()) {
            (Some(only), None) => Some(only.id),
            _ => None,
        })
    }

    /// A document's own passages for a summary: its beginning, then what stands first under each of its headings, then the rest; and
    /// its pages without running heads and feet.
    ///
    /// # Errors
    /// The store's own.
    pub(crate) fn read_through(&self, document: DocumentId) -> Result<(Retrieved, PageBodies), ErrorReport> {
        let started = Instant::now();
        let chunks = self.0.library.chunks_of(document)?;
        let bodies = PageBodies::of(&chunks);
        let mut headings = HashSet::new();
        let mut ranked: Vec<(u8, Chunk)> = chunks
            .into_iter()
            .enumerate()
            .map(|(at, chunk)| {
                let is_new = headings.insert(chunk.heading.clone());
                let group = if at < OPENING { 0 } else { 2 - u8::from(is_new) };
                (group, chunk)
            })
            .collect();
        // Stable: in reading order within each.
        ranked.sort_by_key(|(group, _)| *group);
        ranked.truncate(READ_THROUGH);
        let count = ranked.len().max(1) as f32;
        let passages = ranked
            .into_iter()
            .enumerate()
            .map(|(at, (_, chunk))| ScoredChunk {
                chunk,
                // None is so low that it would be left out for it.
                score: 1.0 - 0.5 * at as f32 / count,
                cosine: None,
                bm25: None,
            })
            .collect();
        let read = Retrieved {
            passages,
            documents: self.0.library.documents_by_id(&[document])?,
            search_ms: ms(started),
            ..Retrieved::default()
        };
        Ok((read, bodies))
    }

    /// Both rankings, fused and read again.
    ///
    /// # Errors
    /// `cancelled`, and those of embedder and store.
    pub fn retrieve(
        &self,
        query: &str,
        mode: SearchMode,
        scope: Option<&[DocumentId]>,
        cancel: &CancelToken,
    ) -> Result<Retrieved, ErrorReport> {
        self.retrieve_among(CANDIDATES, query, mode, scope, cancel)
    }

    /// As [`Engine::retrieve`], with so many passages from each ranking.
    pub(crate) fn retrieve_among(
        &self,
        candidates: usize,
        query: &str,
        mode: SearchMode,
        scope: Option<&[DocumentId]>,
        cancel: &CancelToken,
    ) -> Result<Retrieved, ErrorReport> {
        let mut out = Retrieved::default();
        let started = Instant::now();
        let mut mode = mode;
        if mode != SearchMode::Keyword {
            match self.query_vector(query, cancel) {
                Ok(vector) => out.vector = Some(vector),
                Err(report) if mode == SearchMode::Hybrid && !cancel.is_cancelled() => {
                    tracing::warn!(code = %report.code, "searching by words alone: {}", report.message);
                    out.notices.push(Notice::new(
                        "search_by_words_only",
                        format!("Only words were searched, not meanings.\n{}", report.message),
                    ));
                    mode = SearchMode::Keyword;
                }
                Err(report) => return Err(report),
            }
        }
        out.mode = mode;
        out.embed_ms = ms(started);
        let started = Instant::now();
        let words = KeywordQuery::parse(query);
        let (by_words, by_vector) = std::thread::scope(|threads| {
            let vectors = threads.spawn(|| match &out.vector {
                Some(vector) => self.vector_hits(vector, candidates, scope),
                None => Ok(Vec::new()),
            });
            let by_words = if mode == SearchMode::Vector {
                Ok(Vec::new())
            } else {
                self.0
                    .library
                    .keyword_search(&words, candidates, scope)
                    .map_err(ErrorReport::from)
            };
            let by_vector = vectors
                .join()
                .unwrap_or_else(|_| Err(ErrorReport::new("internal", "The search stopped.\nTry again.")));
            (by_words, by_vector)
        });
        out.by_words = by_words?;
        out.by_vector = by_vector?;
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled.into());
        }
        let weight = rank::vector_weight(&words);
        out.fused = rank::by_mode(mode, &out.by_words, &out.by_vector, weight);
        let ids: Vec<ChunkId> = out.fused.iter().map(|fused| fused.id).collect();
        if let (SearchMode::Hybrid, Some(vector)) = (mode, &out.vector) {
            let vectors = self.0.library.vectors(&ids)?;
            out.vectors = ids
                .iter()
                .copied()
                .zip(vectors)
                .filter_map(|(id, vector)| Some((id, vector?)))
                .collect();
            out.fused = rank::feedback(std::mem::take(&mut out.fused), vector, &out.vectors, weight);
        }
        let chunks = self.0.library.chunks(&ids)?;
        out.passages = match mode {
            SearchMode::Hybrid => rank::reread(query, &out.fused, chunks),
            // One ranking alone is shown as it is.
            SearchMode::Vector | SearchMode::Keyword => rank::in_order(&out.fused, chunks),
        };
        if mode == SearchMode::Hybrid {
            self.rerank(query, &mut out, cancel);
        }
        let mut documents: Vec<DocumentId> = out.passages.iter().map(|scored| scored.chunk.document).collect();
        documents.sort_unstable();
        documents.dedup();
        out.documents = self.0.library.documents_by_id(&documents)?;
        out.search_ms = ms(started);
        Ok(out)
    }

    /// The query's vector, where it can be compared with the library's.
    fn query_vector(&self, query: &str, cancel: &CancelToken) -> Result<Embedding, ErrorReport> {
        let vector = self.embed_query(query, cancel)?;
        let held = self.0.library.embedder()?.map(|held| held.fingerprint);
        let same = held.is_none_or(|held| self.0.embedder.card().is_ok_and(|card| card.fingerprint == held));
        if same || self.0.library.counts()?.chunks == 0 {
            return Ok(vector);
        }
        // Exchanged while the library was closed, or by an update: from now on the passages get its vectors.
        if let Some(pipeline) = &self.0.pipeline {
            pipeline.forget_embedder();
        }
        Err(EngineError::VectorsPending.into())
    }

    fn embed_query(&self, query: &str, cancel: &CancelToken) -> Result<Embedding, ErrorReport> {
        let mut vectors = self.0.embedder.embed(TextKind::Query, &[query.to_owned()], cancel)?;
        vectors.pop().ok_or_else(|| {
            ErrorReport::new(
                "embedder_confused",
                "The embedder gave no vector.\nInstall DocMind again.",
            )
        })
    }

    fn vector_hits(
        &self,
        vector: &Embedding,
        limit: usize,
        scope: Option<&[DocumentId]>,
    ) -> Result<Vec<Hit>, ErrorReport> {
        match scope {
            Some(scope) => Ok(self.0.library.exact_search(vector, limit, Some(scope))?),
            None => crate::waiting::wait(docmind_core::ports::VectorIndex::search(&*self.0.index, vector, limit)),
        }
    }

    /// Lets the cross-encoder reorder the best passages, if it answers within its budget.
    fn rerank(&self, query: &str, out: &mut Retrieved, cancel: &CancelToken) {
        if !self.0.embedder.has_reranker() || out.passages.len() < 2 || cancel.is_cancelled() {
            return;
        }
        let budget = Duration::from_millis(u64::from(self.settings().rerank_budget_ms));
        let texts: Vec<String> = out
            .passages
            .iter()
            .take(RERANKED)
            .map(|scored| scored.chunk.text.clone())
            .collect();
        let own_cancel = CancelToken::new();
        let (sender, scored) = mpsc::channel();
        let (embedder, query, token) = (
            std::sync::Arc::clone(&self.0.embedder),
            query.to_owned(),
            own_cancel.clone(),
        );
        let spawned = std::thread::Builder::new().name("rerank".to_owned()).spawn(move || {
            // Nobody waits any more when the budget is spent.
            drop(sender.send(embedder.rerank(&query, &texts, &token)));
        });
        if spawned.is_err() {
            return;
        }
        match scored.recv_timeout(budget) {
            Ok(Ok(scores)) => rank::reorder(&mut out.passages, &scores),
            Ok(Err(report)) => {
                out.notices.push(Notice::new(
                    "rerank_failed",
                    format!("The passages were not reordered.\n{}", report.message),
                ));
            }
            Err(_) => {
                own_cancel.cancel();
                out.notices.push(Notice::new(
                    "rerank_late",
                    format!("The passages were not reordered: that would have taken over {} ms.\nAllow more time in the settings.", budget.as_millis()),
                ));
            }
        }
    }
}

pub(crate) fn ms(since: Instant) -> f64 {
    (since.elapsed().as_secs_f64() * 100_000.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Background, EngineOptions, OpenMode};

    #[test]
    fn what_was_removed_is_not_looked_in() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().canonicalize().unwrap();
        let bin = root.join("bin");
        std::fs::create_dir(&bin).unwrap();
        // Never started.
        std::fs::write(bin.join(format!("docmind-parse{}", std::env::consts::EXE_SUFFIX)), "").unwrap();
        let engine = Engine::open(EngineOptions {
            data_dir: Some(root.join("data")),
            runtime_dir: Some(root.join("runtime")),
            bin_dir: Some(bin),
            mode: OpenMode::ReadWrite,
            background: Background::Nothing,
        })
        .unwrap();
        let paths = ["kept.txt", "removed.txt"].map(|name| root.join(name));
        for path in &paths {
            std::fs::write(path, format!("Some words of {}.", path.display())).unwrap();
        }
        engine.add_paths(&paths, &CancelToken::new(), &mut |_| {}).unwrap();
        let [kept, removed] = paths.map(|path| engine.0.library.document_at(&path).unwrap().unwrap().id);
        engine.remove(&[removed]).unwrap();
        let scope = |ids: &[DocumentId]| engine.scope(&Scope::Documents { ids: ids.to_vec() }).unwrap();
        assert_eq!(scope(&[removed, kept, kept]), Some(vec![kept]));
        let forgotten = DocumentId(kept.0 + removed.0);
        assert_eq!(scope(&[removed, forgotten]), Some(Vec::new()), "not everywhere");
    }
}
