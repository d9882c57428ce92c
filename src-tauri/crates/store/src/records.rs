//! What the library tells about its documents, in plain data.

use crate::error::StoreError;
use docmind_core::chunk::{ChunkId, EmbeddedChunk};
use docmind_core::document::{ContentHash, DocumentId, DocumentState, Page};
use docmind_core::embedding::Embedding;
use docmind_core::error::ErrorReport;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A file as it stands on the disk: enough to tell that it was not touched since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileStamp {
    /// Canonical.
    pub path: PathBuf,
    /// Bytes.
    pub size_bytes: u64,
    /// Last change, nanoseconds since the Unix epoch.
    pub mtime_ns: i64,
}

/// What queueing a file did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enqueued {
    /// A new row, queued.
    New(DocumentId),
    /// Known, but touched since: queued again. Its old content answers until the new replaces it.
    Changed(DocumentId),
    /// Known and untouched: nothing to do. It may have failed; see its state.
    Unchanged(DocumentId),
    /// Already queued or being worked on.
    Waiting(DocumentId),
}

impl Enqueued {
    /// The file's row.
    pub fn id(self) -> DocumentId {
        match self {
            Self::New(id) | Self::Changed(id) | Self::Unchanged(id) | Self::Waiting(id) => id,
        }
    }

    /// True when there is work to do now.
    pub fn is_queued(self) -> bool {
        matches!(self, Self::New(_) | Self::Changed(_))
    }
}

/// What queueing files did, and what the vector index must hear of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queueing {
    /// One a file, in the order given.
    pub files: Vec<Enqueued>,
    /// Passages that are gone: for [`remove`](docmind_core::ports::VectorIndex::remove). A hidden document came back whose bytes another
    /// holds by now.
    pub removed: Vec<ChunkId>,
}

/// What is known of a file once its bytes are hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recognised {
    /// Touched, but the bytes are those indexed: it is settled again as it was.
    Same,
    /// The same bytes as another document: settled as its duplicate.
    Duplicate {
        /// The document that holds the content.
        original: DocumentId,
        /// Passages of its own former content.
        removed: Vec<ChunkId>,
    },
    /// The bytes of a document, or of a copy of one, whose file is gone: it was moved here, with its vectors; the queued row is gone.
    Moved {
        /// The document that moved here.
        document: DocumentId,
        /// Passages of the former content of this path.
        removed: Vec<ChunkId>,
    },
    /// Unknown: to be read.
    New,
}

/// A page that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadPage {
    /// 1-based.
    pub page: u32,
    /// In a person's words.
    pub reason: String,
    /// It is among the pages all the same, without text: a picture that can be looked at.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
}

/// Everything one document gives the library, committed whole or not at all.
#[derive(Clone, Debug)]
pub struct IndexedDocument<'a> {
    /// The file as it was when its bytes were read.
    pub stamp: &'a FileStamp,
    /// Of those bytes.
    pub hash: &'a ContentHash,
    /// Such as `application/pdf`.
    pub media_type: &'a str,
    /// From the document's own metadata.
    pub title: Option<&'a str>,
    /// ISO 639-1; decides how its words are stemmed.
    pub language: Option<&'a str>,
    /// Ascending.
    pub pages: &'a [Page],
    /// Pages that could not be read.
    pub failed_pages: &'a [UnreadPage],
    /// In reading order.
    pub chunks: Vec<EmbeddedChunk>,
    /// Of the embedder that made the vectors.
    pub fingerprint: &'a str,
}

/// How a document was settled, and what the vector index must hear of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Committed {
    /// Set when, meanwhile, another document with the same bytes became ready: this one is its duplicate.
    pub duplicate_of: Option<DocumentId>,
    /// New passages with their vectors: for [`append`](docmind_core::ports::VectorIndex::append).
    pub appended: Vec<(ChunkId, Embedding)>,
    /// Passages that are gone: for [`remove`](docmind_core::ports::VectorIndex::remove).
    pub removed: Vec<ChunkId>,
}

/// What became of an emptied queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CancelledQueue {
    /// New, and gone with it.
    pub gone: Vec<DocumentId>,
    /// Settled again as they were.
    pub restored: Vec<DocumentId>,
}

/// What left the library.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Passages that are gone: for [`remove`](docmind_core::ports::VectorIndex::remove).
    pub chunks: Vec<ChunkId>,
    /// Former duplicates that hold the content now and are ready.
    pub promoted: Vec<DocumentId>,
}

/// A final state without content.
#[derive(Clone, Debug)]
pub struct Settlement<'a> {
    /// Settled, and neither `Ready` nor `Duplicate`.
    pub state: DocumentState,
    /// The file as it was when its bytes were read.
    pub stamp: &'a FileStamp,
    /// Of those bytes, where they could be read.
    pub hash: Option<&'a ContentHash>,
    /// Such as `application/pdf`; may be empty.
    pub media_type: &'a str,
    /// Why.
    pub error: Option<&'a ErrorReport>,
}

/// A row of the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentRecord {
    /// Its id.
    pub id: DocumentId,
    /// Where the file is.
    pub path: PathBuf,
    /// Where it stands.
    pub state: DocumentState,
    /// Of the bytes last settled.
    pub hash: Option<ContentHash>,
    /// Bytes, when last settled.
    pub size_bytes: u64,
    /// Last change when last settled, nanoseconds since the Unix epoch.
    pub mtime_ns: i64,
    /// Such as `application/pdf`; empty before it is known.
    pub media_type: String,
    /// From the document's own metadata.
    pub title: Option<String>,
    /// ISO 639-1, where it could be told.
    pub language: Option<String>,
    /// Why, where the state needs a reason.
    pub error: Option<ErrorReport>,
    /// Pages that could not be read.
    pub failed_pages: Vec<UnreadPage>,
    /// Pages held.
    pub pages: u32,
    /// Passages held.
    pub chunks: u32,
    /// The document that holds its content, where it is a duplicate.
    pub duplicate_of: Option<DocumentId>,
    /// How often work on it was begun since it was queued; over 1 after a crash of the whole application.
    pub attempts: u32,
    /// Milliseconds since the Unix epoch.
    pub added_at_ms: f64,
    /// When it was last settled.
    pub settled_at_ms: Option<f64>,
    /// Set while it is hidden and can be brought back.
    pub removed_at_ms: Option<f64>,
}

impl DocumentRecord {
    /// The title, or the file's name.
    pub fn display_title(&self) -> String {
        match &self.title {
            Some(title) => title.clone(),
            None => self
                .path
                .file_name()
                .unwrap_or(self.path.as_os_str())
                .to_string_lossy()
                .into_owned(),
        }
    }

    /// The file as it was when last settled.
    pub fn stamp(&self) -> FileStamp {
        FileStamp {
            path: self.path.clone(),
            size_bytes: self.size_bytes,
            mtime_ns: self.mtime_ns,
        }
    }
}

/// Order of a list of documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DocumentOrder {
    /// As added.
    #[default]
    Added,
    /// By path.
    Path,
    /// By title, or the file's name.
    Title,
    /// By size.
    Size,
    /// By the number of pages.
    Pages,
    /// By state, then as added.
    State,
}

/// Which documents, in which order.
#[derive(Clone, Debug, Default)]
pub struct DocumentQuery {
    /// Only these states; all when empty.
    pub states: Vec<DocumentState>,
    /// Only paths or titles that contain this, letter case and diacritics aside.
    pub containing: Option<String>,
    /// Only these documents.
    pub within: Option<Vec<DocumentId>>,
    /// In which order.
    pub order: DocumentOrder,
    /// The other way round.
    pub descending: bool,
    /// So many are left out first.
    pub offset: u32,
    /// At most so many.
    pub limit: Option<u32>,
}

/// Documents by what became of them. Hidden ones are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LibraryCounts {
    /// Waiting.
    pub queued: u32,
    /// Being worked on.
    pub working: u32,
    /// Searchable.
    pub ready: u32,
    /// Settled without content, for a reason that is no fault of ours; duplicates among them.
    pub skipped: u32,
    /// Settled by a failure.
    pub failed: u32,
    /// Passages of all documents.
    pub chunks: u32,
}

/// What `check` found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Documents looked at.
    pub documents: u32,
    /// Passages looked at.
    pub chunks: u32,
    /// One sentence each; empty when all is well.
    pub problems: Vec<String>,
}

/// blake3 of a passage's indexed text, cut to 16 bytes: the check finds by it what was altered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextHash(pub(crate) [u8; 16]);

impl TextHash {
    /// Of a text as it is embedded.
    pub(crate) fn of_text(indexed_text: &str) -> Self {
        let mut out = [0; 16];
        out.copy_from_slice(&blake3::hash(indexed_text.as_bytes()).as_bytes()[..16]);
        Self(out)
    }
}

/// A path's bytes as they are kept.
pub(crate) fn path_to_bytes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_encoded_bytes().to_vec()
}

/// The path of kept bytes.
#[cfg_attr(unix, expect(clippy::unnecessary_wraps, reason = "elsewhere a path must be text"))]
pub(crate) fn path_from_bytes(bytes: Vec<u8>) -> Result<PathBuf, StoreError> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt;
        Ok(PathBuf::from(std::ffi::OsString::from_vec(bytes)))
    }
    #[cfg(not(unix))]
    {
        String::from_utf8(bytes)
            .map(PathBuf::from)
            .map_err(|_| StoreError::Value("a path that is no text".into()))
    }
}
