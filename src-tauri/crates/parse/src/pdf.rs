//! PDF: PDFium first, `pdf-extract` where PDFium is missing or gives up.
//!
//! A page's text is what PDFium draws: form values and visible annotations are drawn into the page before it is read, so that they
//! have their place in the reading order and their rectangles; values without an appearance are added where their field stands.

mod fallback;
mod glyphs;
mod layout;
mod order;
pub(crate) mod render;
mod scan;
mod xfa;

use crate::error::ParseError;
use crate::output::Output;
use crate::recognition::{Recogniser, Turn, Unrecognised};
use crate::text;
use docmind_core::document::Page;
use layout::BodySize;
use pdfium_render::prelude::{
    PdfDocument, PdfDocumentMetadataTagType, PdfFormType, Pdfium, PdfiumError, PdfiumInternalError,
};
use scan::Written;
use std::path::Path;
use std::sync::OnceLock;

const MEDIA_TYPE: &str = "application/pdf";

const NO_LIBRARY: &str =
    "PDFium is missing, so that this PDF was read without positions: repair the installation and add it again.";
const DAMAGED: &str = "This PDF is damaged and was read without positions: quotes from it cannot be shown on the page.";

/// PDFium is loaded once a process: its C library keeps global state.
static LIBRARY: OnceLock<Result<Pdfium, String>> = OnceLock::new();

/// PDFium, or why it is not there.
#[derive(Clone, Copy)]
pub struct Library(&'static Result<Pdfium, String>);

impl Library {
    /// Loads `libpdfium` from the runtime folder; the first call of a process decides for all.
    pub fn load(runtime: &Path) -> Self {
        Self(LIBRARY.get_or_init(|| {
            let path = Pdfium::pdfium_platform_library_name_at_path(runtime);
            // A relative name would be searched for in the system's folders.
            let path = std::path::absolute(&path).map_err(|error| error.to_string())?;
            Pdfium::bind_to_library(&path)
                .map(Pdfium::new)
                .map_err(|error| format!("PDFium could not be loaded from `{}`: {error:?}", path.display()))
        }))
    }

    /// PDFium.
    ///
    /// # Errors
    /// Why it could not be loaded.
    pub fn get(self) -> Result<&'static Pdfium, &'static str> {
        self.0.as_ref().map_err(String::as_str)
    }
}

/// Reads a PDF; pages that are pictures with `recogniser`, where there is one.
///
/// # Errors
/// Its final state.
pub fn parse(
    library: Library,
    recogniser: Option<&Recogniser>,
    bytes: &[u8],
    out: &mut Output<'_>,
) -> Result<(), ParseError> {
    let pdfium = match library.get() {
        Ok(pdfium) => pdfium,
        Err(why) => {
            tracing::warn!(why, "reading a PDF without PDFium");
            return fallback::parse(bytes, NO_LIBRARY, out);
        }
    };
    match open(pdfium, bytes) {
        Ok(document) => {
            if document.pages().is_empty() {
                return Err(ParseError::damaged("the document has no pages"));
            }
            read_pages(&document, recogniser, bytes, out)
        }
        Err(ParseError::Damaged { detail }) => fallback::parse(bytes, DAMAGED, out).map_err(|error| match error {
            ParseError::Damaged { detail: second } => ParseError::damaged(format!("{detail}; then {second}")),
            other => other,
        }),
        Err(error) => Err(error),
    }
}

/// Opens a document held in memory.
///
/// # Errors
/// `NeedsPassword` or `Damaged`.
pub(crate) fn open<'a>(pdfium: &'a Pdfium, bytes: &'a [u8]) -> Result<PdfDocument<'a>, ParseError> {
    // PDFium wants `%PDF-` within the first 1,024 bytes; mail gateways and print queues put more before it.
    let start = crate::sniff::pdf_start(bytes).unwrap_or(0);
    pdfium
        .load_pdf_from_byte_slice(&bytes[start..], None)
        .map_err(|error| match error {
            PdfiumError::PdfiumLibraryInternalError(
                PdfiumInternalError::PasswordError | PdfiumInternalError::SecurityError,
            ) => ParseError::NeedsPassword,
            other => ParseError::damaged(format!("PDFium: {other:?}")),
        })
}

/// Names the files that a PDF carries (a portfolio is little else): they are documents of their own, and not read here.
fn tell_attachments(document: &PdfDocument<'_>, out: &mut Output<'_>) {
    /// Names that are told; a hostile file has thousands.
    const MOST: usize = 20;
    let attachments = document.attachments();
    let count = usize::from(attachments.len());
    if count == 0 {
        return;
    }
    // The bindings assert what a damaged name need not keep to.
    let names = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        attachments
            .iter()
            .take(MOST)
            .map(|attachment| text::one_line(&attachment.name()))
            .filter(|name| !name.is_empty())
            .collect::<Vec<_>>()
    }));
    let mut names = names.unwrap_or_default();
    if count > MOST || names.is_empty() {
        names.push("…".to_owned());
    }
    out.warning(format!(
        "The files attached to this PDF were not read: {}. Save them and add them.",
        names.join(", ")
    ));
}

/// True for a form whose pages only Acrobat draws.
fn drawn_by_acrobat(document: &PdfDocument<'_>) -> bool {
    document
        .form()
        .is_some_and(|form| form.form_type() == PdfFormType::XfaFull)
}

/// Adds what such a form says to its first page, which says that it cannot be shown.
fn add_form(bytes: &[u8], page: &mut Page, out: &mut Output<'_>) {
    let form = xfa::text(bytes, &out.limits);
    if form.is_empty() {
        return;
    }
    out.warning("The pages of this form are drawn by Acrobat alone: it was read without the places of its words.");
    if !page.text.is_empty() {
        page.text.push_str("\n\n");
    }
    page.text.push_str(&form);
}

/// Adds the comments of a page behind its text, but for those that only say again what they mark.
fn add_comments(comments: &[String], page: &mut Page) {
    /// Characters of a text that stands on a page by chance.
    const SHORT: usize = 20;
    let said = text::one_line(&page.text);
    for comment in comments {
        let words = text::one_line(comment);
        if words.is_empty() || words.chars().nth(SHORT).is_some() && said.contains(&words) {
            continue;
        }
        if !page.text.is_empty() {
            page.text.push_str("\n\n");
        }
        page.text.push_str(comment);
    }
}

/// Reads pages one after the other.
struct Pages<'a> {
    recogniser: Option<&'a Recogniser>,
    body: BodySize,
    /// How the last picture was turned: a stack of paper lies in a scanner one way.
    turn: Turn,
}

impl<'a> Pages<'a> {
    fn new(recogniser: Option<&'a Recogniser>) -> Self {
        Self {
            recogniser,
            body: BodySize::default(),
            turn: Turn::default(),
        }
    }

    /// Tells page `index` (from 0) of a document as page `number`.
    fn read(
        &mut self,
        document: &PdfDocument<'_>,
        bytes: &[u8],
        index: u32,
        number: u32,
        out: &mut Output<'_>,
    ) -> Result<(), ParseError> {
        // A wrong page is one page lost; a panic in the bindings must be no more than that.
        let limits = out.limits;
        let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            glyphs::read(document, index as i32, &limits)
        }));
        let mut drawn = match read {
            Ok(Ok(drawn)) => drawn,
            Ok(Err(reason)) => {
                out.page_failed(number, reason);
                return Ok(());
            }
            Err(_) => {
                out.page_failed(number, "The page is damaged.");
                return Ok(());
            }
        };
        if drawn.truncated {
            out.warning(format!(
                "Page {number} has more than {} characters; the rest was left out.",
                limits.page_chars
            ));
        }
        let mut picture = drawn.picture;
        let comments = std::mem::take(&mut drawn.comments);
        let written = match self.recogniser.filter(|_| drawn.wordless) {
            Some(recogniser) => self.recognised(recogniser, document, index, number, out)?,
            None => None,
        };
        let mut page = if let Some(written) = written {
            picture = false;
            self.turn = written.turn;
            written.page(number, &mut self.body)
        } else {
            layout::page(number, drawn, &mut self.body)
        };
        add_comments(&comments, &mut page);
        if index == 0 && drawn_by_acrobat(document) {
            add_form(bytes, &mut page, out);
        }
        out.page(page)?;
        if picture {
            out.page_without_text(number, "The page is a picture without text.");
        }
        Ok(())
    }

    /// What is written on a page that is a picture, where there is anything.
    fn recognised(
        &self,
        recogniser: &Recogniser,
        document: &PdfDocument<'_>,
        index: u32,
        number: u32,
        out: &mut Output<'_>,
    ) -> Result<Option<Written>, ParseError> {
        let read = scan::read(recogniser, document, index as i32, self.turn, &out.limits, &mut || {
            out.checkpoint().is_err()
        });
        match read {
            Ok(written) => Ok(written),
            Err(Unrecognised::Stopped) => {
                out.checkpoint()?;
                Ok(None)
            }
            Err(Unrecognised::Failed) => {
                out.warning(format!("The picture of page {number} could not be read."));
                Ok(None)
            }
        }
    }
}

fn read_pages(
    document: &PdfDocument<'_>,
    recogniser: Option<&Recogniser>,
    bytes: &[u8],
    out: &mut Output<'_>,
) -> Result<(), ParseError> {
    let count = document.pages().len().max(0) as u32;
    let title = document
        .metadata()
        .get(PdfDocumentMetadataTagType::Title)
        .and_then(|tag| text::title(tag.value()));
    out.started(MEDIA_TYPE, title, Some(count.min(out.limits.pages)));
    if count > out.limits.pages {
        return Err(ParseError::too_large(format!(
            "it has {count} pages, more than {}",
            out.limits.pages
        )));
    }
    tell_attachments(document, out);
    let mut pages = Pages::new(recogniser);
    for index in 0..count {
        out.checkpoint()?;
        pages.read(document, bytes, index, index + 1, out)?;
    }
    some_was_read(count, out)
}

/// Ends a document of `count` pages.
///
/// # Errors
/// `Damaged` where none of them could be read.
fn some_was_read(count: u32, out: &Output<'_>) -> Result<(), ParseError> {
    if out.failed_pages() == count {
        return Err(ParseError::damaged("no page could be read"));
    }
    Ok(())
}

/// Reads the writing of `count` pictures. `page` puts each (from 0) on a page of a PDF of its own: all together might not fit into memory.
///
/// # Errors
/// `NoText` without PDFium, `Damaged` where no picture could be read; over a limit; cancelled; out of time.
pub fn parse_pictures(
    library: Library,
    recogniser: &Recogniser,
    count: u32,
    page: &dyn Fn(u32) -> Option<Vec<u8>>,
    out: &mut Output<'_>,
) -> Result<(), ParseError> {
    let Ok(pdfium) = library.get() else {
        out.warning("PDFium is missing, so that no picture can be read: repair the installation and add it again.");
        return Err(ParseError::NoText);
    };
    let mut pages = Pages::new(Some(recogniser));
    for index in 0..count {
        out.checkpoint()?;
        let number = index + 1;
        // The decoders of pictures may panic too.
        let unpacked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| page(index)));
        let Some(bytes) = unpacked.ok().flatten() else {
            out.page_failed(number, "The page is damaged.");
            continue;
        };
        match open(pdfium, &bytes) {
            Ok(document) => pages.read(&document, &bytes, 0, number, out)?,
            Err(_) => out.page_failed(number, "The page is damaged."),
        }
    }
    some_was_read(count, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use docmind_core::cancel::CancelToken;

    #[test]
    fn what_has_no_page_that_can_be_read_is_damaged() {
        let (cancel, mut sink) = (CancelToken::new(), |_| {});
        let mut out = Output::new(Limits::default(), &cancel, &|| {}, &mut sink);
        out.page_failed(1, "The page is damaged.");
        assert!(some_was_read(2, &out).is_ok());
        assert!(matches!(some_was_read(1, &out), Err(ParseError::Damaged { .. })));
    }
}
