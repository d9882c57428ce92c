//! The library's records as they are shown.

use crate::events::{DocumentRow, FailedPage};
use crate::path_text::base64_if_lossy;
use crate::viewer::is_drawn;
use docmind_store::DocumentRecord;

/// A record as a row. `changed` is what is known of the file on the disk.
pub fn row(record: DocumentRecord, changed: bool) -> DocumentRow {
    DocumentRow {
        id: record.id,
        title: record.display_title(),
        path: record.path.to_string_lossy().into_owned(),
        path_bytes: base64_if_lossy(&record.path),
        drawable: is_drawn(&record.media_type),
        media_type: record.media_type,
        state: record.state,
        error: record.error,
        pages: record.pages + record.failed_pages.iter().filter(|page| !page.held).count() as u32,
        failed_pages: record
            .failed_pages
            .into_iter()
            .map(|page| FailedPage {
                page: page.page,
                reason: page.reason,
            })
            .collect(),
        chunks: record.chunks,
        size_bytes: record.size_bytes,
        language: record.language,
        added_at_ms: record.added_at_ms,
        changed,
    }
}
