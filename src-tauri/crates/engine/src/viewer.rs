//! A document's pages as they are shown beside an answer: text and words from the library, the picture from the file.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::ingest::content::{Content, OpenFailure};
use docmind_core::cancel::CancelToken;
use docmind_core::document::{ContentHash, DocumentId, Heading, Page, WordBox};
use docmind_core::error::ErrorReport;
use docmind_store::DocumentRecord;
pub use docmind_wire::parse::{Picture, RenderPage};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// Files up to this size stay in memory between two drawn pages.
const KEPT_BYTES: u64 = 64 * 1024 * 1024;

/// A page to be shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SourcePage {
    /// The document.
    pub document_id: DocumentId,
    /// Title, or the file's name.
    pub title: String,
    /// Where the file is.
    pub path: String,
    /// Such as `application/pdf`.
    pub media_type: String,
    /// 1-based.
    pub number: u32,
    /// Highest page number of the document.
    pub pages: u32,
    /// The text as it was indexed.
    pub text: String,
    /// In order of their spans.
    pub headings: Vec<Heading>,
    /// Each word's rectangle; empty for formats that are not drawn.
    pub words: Vec<WordBox>,
    /// Width and height in points, for formats that are drawn.
    pub size: Option<(f32, f32)>,
    /// The file on the disk is not what was indexed, or is gone.
    pub changed: bool,
    /// The page can be drawn: of a PDF, or a picture, whose file is what was indexed.
    pub drawable: bool,
    /// The page is a picture whose text was recognised, and may hold mistakes.
    pub recognised: bool,
}

/// Whether pages of this media type can be drawn.
pub(crate) fn is_drawn(media_type: &str) -> bool {
    ["application/pdf", "image/jpeg", "image/png", "image/tiff", "image/webp"].contains(&media_type)
}

/// The last file drawn from, so that leafing does not read it again.
#[derive(Debug)]
pub(crate) struct KeptFile {
    path: PathBuf,
    hash: ContentHash,
    modified_ns: i64,
    bytes: Arc<Vec<u8>>,
}

impl Engine {
    /// A page with its text and words.
    ///
    /// # Errors
    /// `no_such_document`, `no_such_page`, and the store's own.
    pub fn source_page(&self, id: DocumentId, number: u32) -> Result<SourcePage, ErrorReport> {
        let record = self.record(id)?;
        let page = self.0.library.page(id, number)?;
        let title = record.display_title();
        let Some(Page {
            text,
            headings,
            words,
            size,
            recognised,
            ..
        }) = page
        else {
            return Err(EngineError::NoSuchPage { title, page: number }.into());
        };
        // Unreadable pages count too: the numbers go on behind them.
        let last_failed = record.failed_pages.iter().map(|page| page.page).max().unwrap_or(0);
        let holder = record.duplicate_of.map(|original| self.record(original)).transpose()?;
        let held = holder.as_ref().unwrap_or(&record);
        let changed = crate::documents::differs(&record.stamp());
        Ok(SourcePage {
            document_id: id,
            title,
            path: record.path.to_string_lossy().into_owned(),
            media_type: record.media_type.clone(),
            number,
            pages: held.pages.max(last_failed).max(number),
            text,
            headings,
            words,
            size,
            changed,
            drawable: !changed && is_drawn(&record.media_type),
            recognised,
        })
    }

    /// A page as a picture, drawn from the file itself. Refused where the file is not the one that was indexed: a highlight would mark
    /// the wrong place.
    ///
    /// # Errors
    /// `no_such_document`, `file_unreadable`, `file_changed`, `cancelled`, and those of the document reader.
    pub fn render_page(&self, id: DocumentId, page: RenderPage, cancel: &CancelToken) -> Result<Picture, ErrorReport> {
        let record = self.record(id)?;
        let parser = self.0.parser.as_ref().map_err(Clone::clone)?;
        let bytes = self.file_bytes(&record, cancel)?;
        parser.render_page(bytes.len() as u64, &mut bytes.as_slice(), page, cancel)
    }

    fn file_bytes(&self, record: &DocumentRecord, cancel: &CancelToken) -> Result<Arc<Vec<u8>>, ErrorReport> {
        let meta = std::fs::metadata(&record.path).map_err(|source| EngineError::FileUnreadable {
            path: record.path.clone(),
            source,
        })?;
        let modified_ns = crate::scan::modified_ns(&meta);
        if let Some(kept) = &*crate::listeners::lock(&self.0.kept_file)
            && kept.path == record.path
            && kept.modified_ns == modified_ns
            && Some(&kept.hash) == record.hash.as_ref()
        {
            return Ok(Arc::clone(&kept.bytes));
        }
        let mut content = Content::open(&record.path, cancel).map_err(|failure| match failure {
            OpenFailure::Cancelled => EngineError::Cancelled,
            OpenFailure::Settled(failure) => EngineError::Report(ErrorReport {
                code: "file_unreadable".to_owned(),
                message: failure.message,
                detail: failure.detail,
            }),
        })?;
        let changed = || EngineError::FileChanged {
            path: record.path.clone(),
        };
        if record.hash.as_ref() != Some(&content.hash) {
            return Err(changed().into());
        }
        let mut bytes = Vec::with_capacity(usize::try_from(content.size).unwrap_or_default());
        let unreadable = |source| EngineError::FileUnreadable {
            path: record.path.clone(),
            source,
        };
        let mut reader = content.reader().map_err(unreadable)?;
        std::io::Read::read_to_end(&mut reader, &mut bytes).map_err(unreadable)?;
        if record.hash.as_ref().is_none_or(|hash| !reader.was(hash)) {
            return Err(changed().into());
        }
        let bytes = Arc::new(bytes);
        if bytes.len() as u64 <= KEPT_BYTES {
            *crate::listeners::lock(&self.0.kept_file) = Some(KeptFile {
                path: record.path.clone(),
                hash: content.hash,
                modified_ns,
                bytes: Arc::clone(&bytes),
            });
        }
        Ok(bytes)
    }

    pub(crate) fn record(&self, id: DocumentId) -> Result<DocumentRecord, ErrorReport> {
        let record = self.0.library.document(id)?;
        Ok(record.ok_or_else(|| EngineError::NoSuchDocument { what: id.to_string() })?)
    }
}
