//! The embedder and the reranker in a child process: [`Embedder`] and [`Reranker`] over the pipe.

use crate::client::{CallError, Client, Incoming, Options, Rules};
use crate::launch::Launch;
use crate::protocol::{CodecError, Protocol, decode_from, encode};
use docmind_core::cancel::CancelToken;
use docmind_core::chunk::EmbeddedChunk;
use docmind_core::document::{Heading, Page, Table};
use docmind_core::embedding::{EmbedderCard, Embedding, Precision, TextKind};
use docmind_core::error::{ErrorReport, Notice};
use docmind_core::ports::{Embedder, PagesToEmbed, Reranker};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What the embedder is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EmbedRequest {
    /// What it is; loads the model.
    Card,
    /// Chunks and vectors of documents; the body is [`write_documents`].
    Chunk {
        /// Of the vectors before these, which they are compared with; `None` chooses as [`EmbedRequest::Card`] does.
        precision: Option<Precision>,
    },
    /// Vectors of texts.
    Embed {
        /// Which prefix they get.
        kind: TextKind,
        /// In order.
        texts: Vec<String>,
        /// As in [`EmbedRequest::Chunk`].
        precision: Option<Precision>,
    },
    /// Scores of passages.
    Rerank {
        /// Asked.
        question: String,
        /// In order.
        passages: Vec<String>,
    },
}

/// What the embedder tells on the way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EmbedEvent {
    /// Chunks done and in all.
    Progress(u32, u32),
    /// The next chunks of the document with this index, in order. A document comes in several pieces, so that no message grows
    /// with its length.
    Chunks(u32, Vec<EmbeddedChunk>),
    /// Something was degraded while a model was loaded.
    Notice(Notice),
}

/// What the embedder answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EmbedReply {
    /// To `Card`.
    Card(EmbedderCard),
    /// To `Chunk`: so many documents; their chunks went before as events.
    Chunked(u32),
    /// To `Embed`, in order.
    Vectors(Vec<Embedding>),
    /// To `Rerank`, in order.
    Scores(Vec<f32>),
}

/// Between application and `docmind-embed`.
pub struct EmbedProtocol;

impl Protocol for EmbedProtocol {
    const WORKER: &'static str = "docmind-embed";
    type Request = EmbedRequest;
    type Event = EmbedEvent;
    type Reply = EmbedReply;

    /// A question overtakes ingest.
    fn is_urgent(request: &EmbedRequest) -> bool {
        match request {
            EmbedRequest::Card | EmbedRequest::Rerank { .. } => true,
            EmbedRequest::Embed { kind, .. } => kind.is_urgent(),
            EmbedRequest::Chunk { .. } => false,
        }
    }
}

/// A document as the worker gets it.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentToEmbed {
    /// See [`PagesToEmbed::title`].
    pub title: String,
    /// Without their words' rectangles, which no chunk needs.
    pub pages: Vec<Page>,
}

#[derive(Serialize)]
struct PageOut<'a>(u32, &'a str, &'a [Heading], &'a [Table]);

#[derive(Deserialize)]
struct PageIn(u32, String, Vec<Heading>, Vec<Table>);

/// The body of [`EmbedRequest::Chunk`].
///
/// # Errors
/// None for real pages.
pub fn write_documents(documents: &[PagesToEmbed<'_>]) -> Result<Vec<u8>, CodecError> {
    let out: Vec<(&str, Vec<PageOut<'_>>)> = documents
        .iter()
        .map(|document| {
            let pages = document
                .pages
                .iter()
                .map(|page| PageOut(page.number, &page.text, &page.headings, &page.tables));
            (document.title, pages.collect())
        })
        .collect();
    encode(&out)
}

/// Inverse of [`write_documents`].
///
/// # Errors
/// Where the bytes are something else, or cut.
pub fn read_documents(body: &mut dyn Read) -> Result<Vec<DocumentToEmbed>, CodecError> {
    let read: Vec<(String, Vec<PageIn>)> = decode_from(&mut std::io::BufReader::new(body))?;
    let page = |PageIn(number, text, headings, tables)| Page {
        number,
        text,
        headings,
        tables,
        ..Page::default()
    };
    Ok(read
        .into_iter()
        .map(|(title, pages)| DocumentToEmbed {
            title,
            pages: pages.into_iter().map(page).collect(),
        })
        .collect())
}

/// The embedder (and the reranker, where its folder was given to the worker) as a supervised child. Calls may come from several
/// threads: a question is served between two batches of an ingest.
pub struct EmbedWorker {
    client: Client<EmbedProtocol>,
    card: Mutex<Option<EmbedderCard>>,
    notices: Mutex<Vec<Notice>>,
}

/// Which models `docmind-embed` loads, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmbedSetup {
    /// The embedder's folder, or its name in `runtime/embedders`; the default one without.
    pub embedder: Option<PathBuf>,
    /// A cross-encoder's folder; [`Reranker`] fails without.
    pub reranker: Option<PathBuf>,
    /// `None` chooses by device.
    pub precision: Option<Precision>,
    /// Threads on a processor; `None` takes every core.
    pub threads: Option<u32>,
}

/// `docmind-embed` in the folder `bin`, its native libraries in `runtime`.
pub fn launch(bin: &Path, runtime: &Path, setup: &EmbedSetup) -> Launch {
    let mut launch = Launch::in_folder(bin, EmbedProtocol::WORKER)
        .arg("--runtime")
        .arg(runtime);
    if let Some(folder) = &setup.embedder {
        launch = launch.arg("--embedder").arg(folder);
    }
    if let Some(folder) = &setup.reranker {
        launch = launch.arg("--reranker").arg(folder);
    }
    if let Some(precision) = setup.precision {
        let name = match precision {
            Precision::Fp32 => "fp32",
            Precision::Fp16 => "fp16",
            Precision::Int8 => "int8",
        };
        launch = launch.arg("--precision").arg(name);
    }
    if let Some(threads) = setup.threads {
        launch = launch.arg("--threads").arg(threads.to_string());
    }
    launch
}

/// A question's vector comes within this time, model loading on a slow disk included, or the worker is taken for hung.
const QUESTION: Duration = Duration::from_mins(2);
/// One batch at most takes seconds; without a sign of progress for so long the worker is taken for hung.
const BATCH_SILENCE: Duration = Duration::from_mins(3);

const WHO: &str = "The embedder";

impl EmbedWorker {
    /// `launch` starts `docmind-embed` with its model's folder. Nothing is started before the first call.
    pub fn new(launch: Launch) -> Self {
        let rules = Rules {
            cancel_grace: Duration::from_millis(900),
            after_grace: crate::client::AfterGrace::Abandon,
            restarts: Some(5),
            ..Rules::default()
        };
        Self {
            client: Client::new(launch, rules),
            card: Mutex::new(None),
            notices: Mutex::default(),
        }
    }

    /// Ends the process; the next call starts a fresh one.
    pub fn stop(&self) {
        self.client.stop();
        *self.card.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Process id of the running child.
    pub fn pid(&self) -> Option<u32> {
        self.client.hello().map(|hello| hello.pid)
    }

    /// What was degraded while models were loaded (the processor instead of the GPU, another precision), each told once.
    pub fn take_notices(&self) -> Vec<Notice> {
        std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notices repeat with every restart; each is kept once.
    fn note(&self, notice: Notice) {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        if !notices.contains(&notice) {
            notices.push(notice);
        }
    }

    /// What its card said: a process that comes back without the graphics card keeps to it, since vectors of two precisions under one
    /// fingerprint could not be told apart.
    fn precision(&self) -> Option<Precision> {
        let card = self.card.lock().unwrap_or_else(PoisonError::into_inner);
        card.as_ref().map(|card| card.precision)
    }

    /// A call is the same again after a death: it is tried once more.
    fn ask(&self, request: &EmbedRequest, cancel: &CancelToken, silence: Duration) -> Result<EmbedReply, ErrorReport> {
        let attempt = || {
            let options = Options {
                silence: Some(silence),
                ..Options::new(cancel)
            };
            self.client
                .call_with(request, options, &mut |_| ControlFlow::Continue(()))
        };
        let outcome = match attempt() {
            Err(CallError::Died(_)) => attempt(),
            outcome => outcome,
        };
        outcome.map_err(|error| error.report(WHO))
    }
}

fn unexpected() -> ErrorReport {
    CallError::Message("an answer to another question".into()).report(WHO)
}

impl Embedder for EmbedWorker {
    fn card(&self) -> Result<EmbedderCard, ErrorReport> {
        if let Some(card) = self.card.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Ok(card);
        }
        let EmbedReply::Card(card) = self.ask(&EmbedRequest::Card, &CancelToken::new(), QUESTION)? else {
            return Err(unexpected());
        };
        *self.card.lock().unwrap_or_else(PoisonError::into_inner) = Some(card.clone());
        Ok(card)
    }

    fn chunk_and_embed(
        &self,
        documents: &[PagesToEmbed<'_>],
        cancel: &CancelToken,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<Vec<Vec<EmbeddedChunk>>, ErrorReport> {
        let body = write_documents(documents).map_err(|error| CallError::Message(error.to_string()).report(WHO))?;
        let mut attempt = || {
            let mut chunks: Vec<Vec<EmbeddedChunk>> = vec![Vec::new(); documents.len()];
            let mut bytes = body.as_slice();
            let options = Options {
                cancel,
                body: Some(&mut bytes),
                total: None,
                silence: Some(BATCH_SILENCE),
            };
            let request = EmbedRequest::Chunk {
                precision: self.precision(),
            };
            let reply = self.client.call_with(&request, options, &mut |incoming| {
                match incoming {
                    Incoming::Event(EmbedEvent::Progress(done, all)) => progress(done, all),
                    Incoming::Event(EmbedEvent::Chunks(index, more)) => match chunks.get_mut(index as usize) {
                        Some(document) => document.extend(more),
                        None => return ControlFlow::Break(()),
                    },
                    Incoming::Event(EmbedEvent::Notice(notice)) => self.note(notice),
                    Incoming::Output(_) => {}
                }
                ControlFlow::Continue(())
            })?;
            match reply {
                EmbedReply::Chunked(count) if count as usize == documents.len() => Ok(chunks),
                _ => Err(CallError::Message("an answer to another question".into())),
            }
        };
        let outcome = match attempt() {
            Err(CallError::Died(_)) => attempt(),
            outcome => outcome,
        };
        outcome.map_err(|error| error.report(WHO))
    }

    fn embed(&self, kind: TextKind, texts: &[String], cancel: &CancelToken) -> Result<Vec<Embedding>, ErrorReport> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let silence = if kind.is_urgent() { QUESTION } else { BATCH_SILENCE };
        match self.ask(
            &EmbedRequest::Embed {
                kind,
                texts: texts.to_vec(),
                precision: self.precision(),
            },
            cancel,
            silence,
        )? {
            EmbedReply::Vectors(vectors) if vectors.len() == texts.len() => Ok(vectors),
            _ => Err(unexpected()),
        }
    }
}

impl Reranker for EmbedWorker {
    fn rerank(&self, question: &str, passages: &[String], cancel: &CancelToken) -> Result<Vec<f32>, ErrorReport> {
        if passages.is_empty() {
            return Ok(Vec::new());
        }
        let request = EmbedRequest::Rerank {
            question: question.to_owned(),
            passages: passages.to_vec(),
        };
        match self.ask(&request, cancel, QUESTION)? {
            EmbedReply::Scores(scores) if scores.len() == passages.len() => Ok(scores),
            _ => Err(unexpected()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docmind_core::document::{Rect, Span, WordBox};

    #[test]
    fn documents_travel_without_their_rectangles() {
        let pages = [Page {
            number: 3,
            text: "Ein Wörterbuch".into(),
            headings: vec![Heading {
                level: 1,
                span: Span::new(0, 3),
            }],
            tables: vec![Table {
                span: Span::new(4, 14),
                header: Span::new(4, 4),
            }],
            words: vec![WordBox {
                span: Span::new(0, 3),
                rect: Rect {
                    x0: 0.0,
                    y0: 0.0,
                    x1: 1.0,
                    y1: 1.0,
                },
            }],
            size: Some((100.0, 100.0)),
            recognised: false,
        }];
        let bytes = write_documents(&[
            PagesToEmbed {
                title: "T",
                pages: &pages,
            },
            PagesToEmbed { title: "", pages: &[] },
        ])
        .expect("written");
        let read = read_documents(&mut bytes.as_slice()).expect("read");
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].title, "T");
        let expected = Page {
            words: Vec::new(),
            size: None,
            ..pages[0].clone()
        };
        assert_eq!(read[0].pages, [expected]);
        assert!(read_documents(&mut &bytes[..bytes.len() - 1]).is_err());
    }
}
