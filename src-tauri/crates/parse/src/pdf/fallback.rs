//! `pdf-extract` (lopdf): text without positions. It panicked on 42 of 971 real files, so it runs behind a guard.

use crate::error::ParseError;
use crate::output::Output;
use crate::text::PageBuilder;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Reads a PDF without PDFium.
///
/// # Errors
/// Its final state.
pub fn parse(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    let pages = match catch_unwind(AssertUnwindSafe(|| pdf_extract::extract_text_from_mem_by_pages(bytes))) {
        Ok(Ok(pages)) => pages,
        Ok(Err(error)) => {
            let detail = format!("{error:?}");
            let lower = detail.to_lowercase();
            if lower.contains("password") || lower.contains("decrypt") || lower.contains("encrypt") {
                return Err(ParseError::NeedsPassword);
            }
            return Err(ParseError::damaged(format!("pdf-extract: {detail}")));
        }
        Err(_) => return Err(ParseError::damaged("pdf-extract panicked")),
    };
    if pages.is_empty() {
        return Err(ParseError::damaged("the document has no pages"));
    }
    out.started(super::MEDIA_TYPE, None, u32::try_from(pages.len()).ok());
    out.warning("This PDF is damaged and was read without positions: quotes from it cannot be shown on the page.");
    for (index, text) in pages.iter().enumerate() {
        let mut page = PageBuilder::default();
        page.paragraph(text);
        out.page(page.finish(index as u32 + 1))?;
    }
    Ok(())
}
