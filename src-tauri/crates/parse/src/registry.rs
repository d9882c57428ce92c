//! The registry: which format reads what, and how every file ends.

use crate::encrypted;
use crate::error::ParseError;
use crate::limits::Limits;
use crate::output::Output;
use crate::pdf::render::{RenderRequest, RenderedPage, render};
use crate::pdf::{self, Library};
use crate::recognition::Recogniser;
use crate::sniff::{self, Format};
use crate::{delimited, docx, eml, epub, fb2, html, json, markdown, msg, odf, picture, plain, pptx, rtf, sheets, tnef};
use docmind_core::cancel::CancelToken;
use docmind_core::document::{ParseEvent, ParseFailure};
use docmind_core::error::ErrorReport;
use docmind_core::ports::DocumentParser;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

/// A book of a thousand pages takes an hour or two on one core.
const RECOGNITION_TIME: Duration = Duration::from_hours(6);

/// Reads every format there is. Cheap to build; PDFium is loaded once a process.
pub struct Registry {
    library: Library,
    recogniser: Option<Recogniser>,
    limits: Limits,
}

impl Registry {
    /// With PDFium from the runtime folder (`libpdfium.so`). Without it PDFs are read by a fallback; see [`Registry::pdfium_error`].
    pub fn new(runtime: &Path) -> Self {
        Self::with_limits(runtime, Limits::default())
    }

    /// With other limits, for tests.
    pub fn with_limits(runtime: &Path, limits: Limits) -> Self {
        Self {
            library: Library::load(runtime),
            recogniser: None,
            limits,
        }
    }

    /// From now on pages that are pictures are read too, which takes seconds each: a PDF or picture may take as long as it needs.
    #[must_use]
    pub fn recognising(self, recogniser: Recogniser) -> Self {
        Self {
            recogniser: Some(recogniser),
            ..self
        }
    }

    /// Why PDFium is not there; nothing when it is.
    pub fn pdfium_error(&self) -> Option<&'static str> {
        self.library.get().err()
    }

    /// What a file may cost.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Reads a file held in memory. As [`DocumentParser::parse`], without the copy.
    ///
    /// # Errors
    /// The file's final state with a message.
    pub fn parse_bytes(
        &self,
        name: &str,
        bytes: &[u8],
        cancel: &CancelToken,
        sink: &mut dyn FnMut(ParseEvent),
    ) -> Result<(), ParseFailure> {
        self.parse_ticking(name, bytes, cancel, &|| {}, sink)
    }

    /// [`Registry::parse_bytes`] that calls `tick` wherever the work moves on, page or no page: a large sheet is read for a while
    /// before it is told, and whoever watches must not take that for standing still.
    ///
    /// # Errors
    /// As there.
    pub fn parse_ticking(
        &self,
        name: &str,
        bytes: &[u8],
        cancel: &CancelToken,
        tick: &dyn Fn(),
        sink: &mut dyn FnMut(ParseEvent),
    ) -> Result<(), ParseFailure> {
        let mut out = Output::new(self.limits, cancel, tick, sink);
        // The child process is the real wall; this one turns a panic into a state with a name.
        let outcome = catch_unwind(AssertUnwindSafe(|| self.dispatch(name, bytes, &mut out))).unwrap_or_else(|panic| {
            Err(ParseError::damaged(format!(
                "the parser panicked: {}",
                panic_text(&*panic)
            )))
        });
        outcome.map_err(|error| error.into_failure(name))
    }

    /// The bytes of a file that comes piece by piece, `len` of them if it tells the truth.
    ///
    /// # Errors
    /// The file's final state: over the limit, or not to be read to its end.
    pub fn read_all(
        &self,
        name: &str,
        len: u64,
        bytes: &mut dyn Read,
        cancel: &CancelToken,
    ) -> Result<Vec<u8>, ParseFailure> {
        read_all(len, bytes, cancel, &self.limits).map_err(|error| error.into_failure(name))
    }

    /// Draws a page of a PDF, or a picture, for the source viewer.
    ///
    /// # Errors
    /// Codes: `needs_password`, `damaged`, `too_large`, `unsupported`.
    pub fn render_page(&self, bytes: &[u8], request: RenderRequest) -> Result<RenderedPage, ErrorReport> {
        let drawn = || {
            if picture::media_type(bytes).is_none() {
                return render(self.library, bytes, request, &self.limits);
            }
            let index = request.page.checked_sub(1);
            let page = index.and_then(|index| picture::on_a_page(bytes, index, &self.limits));
            let page = page.ok_or_else(|| ParseError::damaged(format!("there is no page {}", request.page)))?;
            render(self.library, &page, RenderRequest { page: 1, ..request }, &self.limits)
        };
        catch_unwind(AssertUnwindSafe(drawn))
            .unwrap_or_else(|panic| Err(ParseError::damaged(panic_text(&*panic))))
            .map_err(|error| {
                let failure = error.into_failure(&format!("page {}", request.page));
                ErrorReport {
                    code: failure.state.as_str().to_owned(),
                    message: failure.message,
                    detail: failure.detail,
                }
            })
    }

    fn dispatch(&self, name: &str, bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
        if bytes.len() as u64 > self.limits.input_bytes {
            return Err(input_too_large(&self.limits));
        }
        match sniff::format(name, bytes, self.limits)? {
            Format::Encrypted => {
                let package = encrypted::open(bytes, out)?;
                self.read_as(sniff::format(name, &package, self.limits)?, &package, out)
            }
            format => self.read_as(format, bytes, out),
        }
    }

    fn read_as(&self, format: Format, bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
        if self.recogniser.is_some() && matches!(format, Format::Pdf | Format::Picture) {
            out.allow(RECOGNITION_TIME);
        }
        match format {
            // A package is a ZIP, and none of those is this.
            Format::Encrypted => return Err(ParseError::NeedsPassword),
            Format::Pdf => pdf::parse(self.library, self.recogniser.as_ref(), bytes, out)?,
            Format::Picture => self.read_picture(bytes, out)?,
            Format::Docx => docx::parse(bytes, out)?,
            Format::WordXml => docx::parse_flat(bytes, out)?,
            Format::Pptx => pptx::parse(bytes, out)?,
            Format::Xlsx => sheets::parse_xlsx(bytes, out)?,
            Format::Xls => sheets::parse_xls(bytes, out)?,
            Format::ExcelXml => sheets::parse_xml(bytes, out)?,
            Format::Ods => odf::parse_ods(bytes, out)?,
            Format::Odt => odf::parse_odt(bytes, out)?,
            Format::Odp => odf::parse_odp(bytes, out)?,
            Format::Epub => epub::parse(bytes, out)?,
            Format::Fb2 => fb2::parse(bytes, out)?,
            Format::Rtf => rtf::parse(bytes, out)?,
            Format::Html => html::parse(bytes, out)?,
            Format::Eml => eml::parse(bytes, out)?,
            Format::Msg => msg::parse(bytes, out)?,
            Format::Tnef => tnef::parse(bytes, out)?,
            Format::Markdown => {
                out.gathering(bytes.len() / 3)?;
                let decoded = crate::encoding::decode(bytes, None);
                markdown::parse(&decoded.text, out)?;
            }
            Format::Csv => delimited::parse(bytes, None, out)?,
            Format::Tsv => delimited::parse(bytes, Some('\t'), out)?,
            Format::Json => json::parse(bytes, out)?,
            Format::Xml => plain::parse_xml(bytes, out)?,
            Format::Code => plain::parse(bytes, "text/x-source", out)?,
            Format::Text => plain::parse(bytes, "text/plain", out)?,
        }
        if out.has_text() {
            return Ok(());
        }
        Err(if matches!(format, Format::Pdf | Format::Picture) {
            ParseError::NoText
        } else {
            ParseError::Empty
        })
    }
}

impl Registry {
    /// The writing of a picture, where it may be read.
    fn read_picture(&self, bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
        let media_type = picture::media_type(bytes).unwrap_or_default();
        let pages = picture::pages(bytes, &self.limits);
        out.started(media_type, None, Some(pages.min(self.limits.pages)));
        out.promises(pages as usize)?;
        let recogniser = self.recogniser.as_ref().ok_or(ParseError::NoText)?;
        let page = |index| picture::on_a_page(bytes, index, &self.limits);
        pdf::parse_pictures(self.library, recogniser, pages, &page, out)
    }
}

impl DocumentParser for Registry {
    fn parse(
        &self,
        name: &str,
        len: u64,
        bytes: &mut dyn Read,
        cancel: &CancelToken,
        sink: &mut dyn FnMut(ParseEvent),
    ) -> Result<(), ParseFailure> {
        let bytes = self.read_all(name, len, bytes, cancel)?;
        self.parse_bytes(name, &bytes, cancel, sink)
    }
}

fn input_too_large(limits: &Limits) -> ParseError {
    ParseError::too_large(format!("it has more than {} MiB", limits.input_bytes >> 20))
}

fn read_all(len: u64, bytes: &mut dyn Read, cancel: &CancelToken, limits: &Limits) -> Result<Vec<u8>, ParseError> {
    if len > limits.input_bytes {
        return Err(input_too_large(limits));
    }
    let mut all = Vec::with_capacity(len as usize);
    let mut piece = vec![0_u8; 256 << 10];
    loop {
        if cancel.is_cancelled() {
            return Err(ParseError::Cancelled);
        }
        let read = match bytes.read(&mut piece) {
            Ok(0) => return Ok(all),
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        all.extend_from_slice(&piece[..read]);
        if all.len() as u64 > limits.input_bytes {
            return Err(input_too_large(limits));
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a word".to_owned())
}
