//! What the domain asks of the world. Synchronous where the native call blocks, asynchronous only where the library is.

use crate::cancel::CancelToken;
use crate::chunk::{ChunkId, EmbeddedChunk};
use crate::document::{Page, ParseEvent, ParseFailure};
use crate::embedding::{EmbedderCard, Embedding, TextKind};
use crate::error::ErrorReport;
use crate::generation::{GenerateEvent, GenerateRequest, GenerationStats};
use crate::hardware::HardwareInventory;
use crate::retrieval::Hit;
use std::future::Future;
use std::io::Read;
use std::pin::Pin;

/// A boxed future, so that asynchronous ports stay usable as trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Reads one file's bytes into pages. Blocks.
pub trait DocumentParser: Send + Sync {
    /// Streams pages into `sink`, ascending. `name` is the file's name (its extension is a hint only), `len` its size in bytes.
    ///
    /// # Errors
    /// The file's final state with a message; `state` is `Queued` when it was cancelled: nothing was decided.
    fn parse(
        &self,
        name: &str,
        len: u64,
        bytes: &mut dyn Read,
        cancel: &CancelToken,
        sink: &mut dyn FnMut(ParseEvent),
    ) -> Result<(), ParseFailure>;
}

/// Pages of one document on their way to chunks.
#[derive(Clone, Copy, Debug)]
pub struct PagesToEmbed<'a> {
    /// Joins the heading path of every chunk where the document has no headings; may be empty.
    pub title: &'a str,
    /// In order.
    pub pages: &'a [Page],
}

/// Turns text into vectors. Blocks.
pub trait Embedder: Send + Sync {
    /// What it is. Fails when its model cannot be loaded.
    ///
    /// # Errors
    /// A report with what to do.
    fn card(&self) -> Result<EmbedderCard, ErrorReport>;

    /// One trip for several documents: pages in, chunks with vectors out, a list a document. `progress` gets (chunks done, chunks
    /// in all).
    ///
    /// # Errors
    /// A report; `cancelled` when the token was.
    fn chunk_and_embed(
        &self,
        documents: &[PagesToEmbed<'_>],
        cancel: &CancelToken,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<Vec<Vec<EmbeddedChunk>>, ErrorReport>;

    /// Vectors of texts, in order. A question overtakes ingest: it waits for one batch at most.
    ///
    /// # Errors
    /// A report; `cancelled` when the token was.
    fn embed(&self, kind: TextKind, texts: &[String], cancel: &CancelToken) -> Result<Vec<Embedding>, ErrorReport>;
}

/// Scores passages against a question with a cross-encoder. Blocks.
pub trait Reranker: Send + Sync {
    /// One score a passage, higher is better, in `[0, 1]`.
    ///
    /// # Errors
    /// A report; `cancelled` when the token was.
    fn rerank(&self, question: &str, passages: &[String], cancel: &CancelToken) -> Result<Vec<f32>, ErrorReport>;
}

/// Writes answers. Blocks.
pub trait Generator: Send + Sync {
    /// Streams an answer into `sink`.
    ///
    /// # Errors
    /// A report; what `sink` saw stays valid.
    fn generate(
        &self,
        request: &GenerateRequest,
        cancel: &CancelToken,
        sink: &mut dyn FnMut(GenerateEvent),
    ) -> Result<GenerationStats, ErrorReport>;
}

/// Nearest vectors. A hit is a hint: it counts only if its chunk is live in the catalog.
pub trait VectorIndex: Send + Sync {
    /// Adds vectors; ids must be new.
    fn append(&self, vectors: Vec<(ChunkId, Embedding)>) -> BoxFuture<'_, Result<(), ErrorReport>>;

    /// The nearest by cosine, best first.
    fn search<'a>(&'a self, query: &'a Embedding, limit: usize) -> BoxFuture<'a, Result<Vec<Hit>, ErrorReport>>;

    /// Forgets vectors.
    fn remove(&self, ids: Vec<ChunkId>) -> BoxFuture<'_, Result<(), ErrorReport>>;
}

/// Reads the machine.
pub trait HardwareProbe: Send + Sync {
    /// What there is now.
    fn inventory(&self) -> HardwareInventory;
}
