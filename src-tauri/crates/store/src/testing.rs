//! Documents made up for tests.

use crate::records::{FileStamp, IndexedDocument};
use crate::{Committed, Library, StoreError};
use docmind_core::chunk::{ChunkDraft, EmbeddedChunk};
use docmind_core::document::{ContentHash, DocumentId, Heading, Page, Span};
use docmind_core::embedding::{EmbedderCard, Embedding, Precision};
use std::path::PathBuf;

pub(crate) const DIMENSIONS: u32 = 16;

pub(crate) fn card(fingerprint: &str) -> EmbedderCard {
    EmbedderCard {
        name: "test".into(),
        dimensions: DIMENSIONS,
        max_tokens: 256,
        precision: Precision::Fp32,
        query_prefix: String::new(),
        passage_prefix: String::new(),
        fingerprint: fingerprint.into(),
    }
}

pub(crate) fn library(folder: &std::path::Path) -> Library {
    let library = Library::open(folder).unwrap();
    library.choose_embedder(&card("test")).unwrap();
    library
}

pub(crate) fn stamp(path: &str, mtime_ns: i64) -> FileStamp {
    FileStamp {
        path: PathBuf::from(path),
        size_bytes: 100,
        mtime_ns,
    }
}

pub(crate) fn hash(text: &str) -> ContentHash {
    ContentHash(blake3::hash(text.as_bytes()).to_hex().to_string())
}

/// A unit vector that depends on the text alone.
pub(crate) fn vector(text: &str) -> Embedding {
    let mut reader = blake3::Hasher::new().update(text.as_bytes()).finalize_xof();
    let mut bytes = [0; DIMENSIONS as usize];
    reader.fill(&mut bytes);
    let values: Vec<f32> = bytes.iter().map(|byte| f32::from(*byte) - 127.5).collect();
    let norm = values.iter().map(|value| value * value).sum::<f32>().sqrt();
    Embedding::from_f32(&values.iter().map(|value| value / norm).collect::<Vec<_>>())
}

/// Pages whose every line is a passage under the page's heading.
pub(crate) fn content(pages: &[&str]) -> (Vec<Page>, Vec<EmbeddedChunk>) {
    let mut out = (Vec::new(), Vec::new());
    for (at, text) in pages.iter().enumerate() {
        let number = at as u32 + 1;
        let mut start = 0;
        for line in text.split('\n') {
            let length = line.chars().count() as u32;
            if length > 0 {
                let chunk = ChunkDraft {
                    page: number,
                    span: Span::new(start, start + length),
                    heading: vec![format!("Page {number}")],
                    text: line.to_owned(),
                    table_header: String::new(),
                    tokens: length / 4,
                };
                let vector = vector(&chunk.indexed_text());
                out.1.push(EmbeddedChunk { chunk, vector });
            }
            start += length + 1;
        }
        let headings = vec![Heading {
            level: 1,
            span: Span::new(0, 1),
        }];
        out.0.push(Page {
            number,
            text: (*text).to_owned(),
            headings,
            ..Page::default()
        });
    }
    out
}

/// Queues and commits a document of these pages.
pub(crate) fn add(library: &Library, path: &str, mtime_ns: i64, pages: &[&str]) -> (DocumentId, Committed) {
    let stamp = stamp(path, mtime_ns);
    let id = library.enqueue(std::slice::from_ref(&stamp), 1.0).unwrap().files[0].id();
    let committed = commit(library, id, &stamp, pages).unwrap();
    (id, committed)
}

pub(crate) fn commit(
    library: &Library,
    id: DocumentId,
    stamp: &FileStamp,
    pages: &[&str],
) -> Result<Committed, StoreError> {
    let (read, chunks) = content(pages);
    let document = IndexedDocument {
        stamp,
        hash: &hash(&pages.join("\u{c}")),
        media_type: "text/plain",
        title: None,
        language: Some("en"),
        pages: &read,
        failed_pages: &[],
        chunks,
        fingerprint: "test",
    };
    library.commit_document(id, document, 2.0)
}
