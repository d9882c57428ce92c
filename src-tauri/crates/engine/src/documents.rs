//! Documents: list, find, check and rebuild; [`adding`] has the way in.

pub mod adding;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::events::DocumentRow;
use crate::rows::row;
use crate::scan::stamp;
use docmind_core::cancel::CancelToken;
use docmind_core::document::{DocumentId, DocumentState};
use docmind_core::error::ErrorReport;
use docmind_store::{DocumentOrder, DocumentQuery, FileStamp, LibraryCounts};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Which documents to list, in which order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(default)]
pub struct ListRequest {
    /// Only these states; all when empty.
    pub states: Vec<DocumentState>,
    /// Only those of a collection.
    pub collection: Option<u32>,
    /// Only paths or titles that contain this, letter case and diacritics aside.
    pub containing: Option<String>,
    /// In which order.
    pub sort: ListSort,
    /// The other way round.
    pub descending: bool,
    /// So many are left out first.
    pub offset: u32,
    /// At most so many; `None` is all.
    pub limit: Option<u32>,
}

/// Order of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ListSort {
    /// As added.
    #[default]
    Added,
    /// By path.
    Path,
    /// By title.
    Title,
    /// By size.
    Size,
    /// By the number of pages.
    Pages,
    /// By state.
    State,
}

/// A part of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct DocumentPage {
    /// The rows asked for.
    pub rows: Vec<DocumentRow>,
    /// How many there are without offset and limit.
    pub total: u32,
}

/// The library in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct LibrarySummary {
    /// Waiting or being worked on.
    pub queued: u32,
    /// Searchable.
    pub ready: u32,
    /// Settled without content for a reason that is no fault of ours.
    pub skipped: u32,
    /// Failed.
    pub failed: u32,
    /// Passages.
    pub chunks: u32,
}

impl From<LibraryCounts> for LibrarySummary {
    fn from(counts: LibraryCounts) -> Self {
        Self {
            queued: counts.queued + counts.working,
            ready: counts.ready,
            skipped: counts.skipped,
            failed: counts.failed,
            chunks: counts.chunks,
        }
    }
}

/// Whether the library is sound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Soundness {
    /// No problem was found.
    pub ok: bool,
    /// Documents looked at.
    pub documents: u32,
    /// Passages looked at.
    pub chunks: u32,
    /// One sentence each.
    pub problems: Vec<String>,
}

impl Engine {
    /// A part of the list of documents. What is being worked on stands as `working`.
    ///
    /// # Errors
    /// `collection_not_found`, and the store's own.
    pub fn documents(&self, request: &ListRequest) -> Result<DocumentPage, ErrorReport> {
        // A collection is kept by path in another database.
        let collection = request.collection.map(|id| self.collection_documents(id)).transpose()?;
        let query = DocumentQuery {
            states: request.states.clone(),
            containing: request.containing.clone().filter(|text| !text.is_empty()),
            within: collection,
            order: match request.sort {
                ListSort::Added => DocumentOrder::Added,
                ListSort::Path => DocumentOrder::Path,
                ListSort::Title => DocumentOrder::Title,
                ListSort::Size => DocumentOrder::Size,
                ListSort::Pages => DocumentOrder::Pages,
                ListSort::State => DocumentOrder::State,
            },
            descending: request.descending,
            offset: request.offset,
            limit: request.limit,
        };
        let total = self.0.library.count_documents(&query)?;
        let records = self.0.library.documents(&query)?;
        let rows = records.into_iter().map(|record| row(record, false)).collect();
        Ok(DocumentPage { rows, total })
    }

    /// Documents in the order they were added, from behind `after` on (0 is before all): a list in parts that tells each once, however the
    /// library changes meanwhile.
    ///
    /// # Errors
    /// The store's own.
    pub fn documents_after(&self, after: DocumentId, limit: u32) -> Result<Vec<DocumentRow>, ErrorReport> {
        let records = self.0.library.documents_after(after, limit)?;
        Ok(records.into_iter().map(|record| row(record, false)).collect())
    }

    /// One document; `changed` says whether the file on the disk still is what was indexed.
    ///
    /// # Errors
    /// `no_such_document`, and the store's own.
    pub fn document(&self, id: DocumentId) -> Result<DocumentRow, ErrorReport> {
        let record = self
            .0
            .library
            .document(id)?
            .ok_or_else(|| EngineError::NoSuchDocument { what: id.to_string() })?;
        let changed = differs(&record.stamp());
        Ok(row(record, changed))
    }

    /// The document of a path, or the documents below a folder.
    ///
    /// # Errors
    /// The store's own.
    pub fn documents_at(&self, path: &Path) -> Result<Vec<DocumentId>, ErrorReport> {
        if path.as_os_str().is_empty() {
            // It would stand for the root, and so for everything.
            return Ok(Vec::new());
        }
        let canonical = canonical(path);
        if let Some(record) = self.0.library.document_at(&canonical)?
            && record.removed_at_ms.is_none()
        {
            return Ok(vec![record.id]);
        }
        Ok(self
            .0
            .library
            .documents_under(&canonical)?
            .into_iter()
            .map(|record| record.id)
            .collect())
    }

    /// The library in numbers.
    ///
    /// # Errors
    /// The store's own.
    pub fn summary(&self) -> Result<LibrarySummary, ErrorReport> {
        Ok(self.0.library.counts()?.into())
    }

    /// Proves the library's invariants.
    ///
    /// # Errors
    /// Only when it cannot be looked at at all.
    pub fn check(&self) -> Result<Soundness, ErrorReport> {
        let report = self.0.library.check()?;
        let mut problems = report.problems;
        problems.extend(self.0.index.check()?);
        Ok(Soundness {
            ok: problems.is_empty(),
            documents: report.documents,
            chunks: report.chunks,
            problems,
        })
    }

    /// Builds the vector index again from the library; `progress` gets (vectors done, vectors in all).
    ///
    /// # Errors
    /// `read_only`, `cancelled`, and the store's own.
    pub fn rebuild(
        &self,
        cancel: &CancelToken,
        progress: &mut (dyn FnMut(u32, u32) + Send),
    ) -> Result<u32, ErrorReport> {
        self.writable()?;
        Ok(self.0.index.rebuild(cancel, progress)?)
    }
}

/// A path as the library knows it; of what is gone, the folders that are still there count as they lead now.
fn canonical(path: &Path) -> PathBuf {
    if let Ok(canonical) = path.canonicalize() {
        return canonical;
    }
    let Ok(whole) = std::path::absolute(path) else {
        return path.to_owned();
    };
    let through = |above: &Path| Some(above.canonicalize().ok()?.join(whole.strip_prefix(above).ok()?));
    let known = whole.ancestors().skip(1).find_map(through);
    known.unwrap_or(whole)
}

/// The file on the disk is not what was indexed, or is gone.
pub(crate) fn differs(indexed: &FileStamp) -> bool {
    match std::fs::metadata(&indexed.path) {
        Ok(meta) => stamp(indexed.path.clone(), &meta) != *indexed,
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_is_gone_is_known_through_a_linked_folder() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("var")).unwrap();
        std::os::unix::fs::symlink(root.join("var"), root.join("home")).unwrap();
        let file = root.join("var/note.txt");
        std::fs::write(&file, "x").unwrap();
        assert_eq!(canonical(&root.join("home/note.txt")), file);
        std::fs::remove_file(&file).unwrap();
        assert_eq!(canonical(&root.join("home/note.txt")), file);
        assert_eq!(
            canonical(&root.join("home/gone/note.txt")),
            root.join("var/gone/note.txt")
        );
    }
}
