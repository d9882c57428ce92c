//! `pdf-extract` (lopdf): text without positions. It panicked on 42 of 971 real files, so each page runs behind a guard.

use crate::error::ParseError;
use crate::output::Output;
use crate::text::PageBuilder;
use pdf_extract::{Document, OutputError, PlainTextOutput, output_doc_page};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Reads a PDF without PDFium; `why` is told with it.
///
/// # Errors
/// Its final state.
pub fn parse(bytes: &[u8], why: &str, out: &mut Output<'_>) -> Result<(), ParseError> {
    let (document, count) = match catch_unwind(AssertUnwindSafe(|| open(bytes))) {
        Ok(Ok(opened)) => opened,
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
    if count == 0 {
        return Err(ParseError::damaged("the document has no pages"));
    }
    out.started(super::MEDIA_TYPE, None, Some(count.min(out.limits.pages)));
    out.promises(count as usize)?;
    out.warning(why);
    for number in 1..=count {
        out.checkpoint()?;
        match catch_unwind(AssertUnwindSafe(|| text(&document, number))) {
            Ok(Ok(text)) => {
                let mut page = PageBuilder::default();
                page.paragraph(&text);
                out.page(page.finish(number))?;
            }
            Ok(Err(_)) | Err(_) => out.page_failed(number, "The page is damaged."),
        }
    }
    super::some_was_read(count, out)
}

/// A document, and how many pages it has.
fn open(bytes: &[u8]) -> Result<(Document, u32), pdf_extract::Error> {
    let mut document = Document::load_mem(bytes)?;
    if document.is_encrypted() {
        document.decrypt("")?;
    }
    let count = u32::try_from(document.page_iter().count()).unwrap_or(u32::MAX);
    Ok((document, count))
}

fn text(document: &Document, number: u32) -> Result<String, OutputError> {
    let mut text = String::new();
    output_doc_page(document, &mut PlainTextOutput::new(&mut text), number)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use docmind_core::cancel::CancelToken;
    use docmind_core::document::ParseEvent;

    #[test]
    fn a_page_that_cannot_be_read_costs_no_other() {
        let objects = [
            "<</Type/Catalog/Pages 2 0 R>>",
            "<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>",
            // Without a size.
            "<</Type/Page/Parent 2 0 R>>",
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 5 0 R/Resources<</Font<</F 6 0 R>>>>>>",
            "<</Length 30>>stream\nBT /F 9 Tf 9 9 Td (Word) Tj ET\nendstream",
            "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        ];
        let mut bytes = b"%PDF-1.4\n".to_vec();
        let mut table = "0000000000 65535 f \n".to_owned();
        for (object, number) in objects.iter().zip(1..) {
            table.push_str(&format!("{:010} 00000 n \n", bytes.len()));
            bytes.extend(format!("{number} 0 obj\n{object}\nendobj\n").into_bytes());
        }
        let place = bytes.len();
        bytes.extend(format!("xref\n0 7\n{table}trailer\n<</Size 7/Root 1 0 R>>\nstartxref\n{place}\n%%EOF\n").bytes());
        let (cancel, mut events) = (CancelToken::new(), Vec::new());
        let mut sink = |event: ParseEvent| events.push(event);
        let mut out = Output::new(Limits::default(), &cancel, &|| {}, &mut sink);
        parse(&bytes, "Read so.", &mut out).expect("in part");
        let [
            ParseEvent::Started { .. },
            ParseEvent::Warning { message },
            ParseEvent::PageFailed { number, .. },
            ParseEvent::Page(page),
        ] = &events[..]
        else {
            panic!("{events:?}");
        };
        assert_eq!((message.as_str(), *number), ("Read so.", 1));
        assert_eq!((page.number, page.text.as_str()), (2, "Word"));
    }
}
