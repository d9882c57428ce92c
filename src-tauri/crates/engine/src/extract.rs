//! The text the index would see of one file, nothing stored.

use crate::error::{EngineError, READER_UNAVAILABLE};
use crate::ingest::content::{Content, OpenFailure};
use crate::path_text;
use crate::recognition::{Recognition, no_writing};
use crate::runtime_files::RuntimeFiles;
use crate::viewer::is_drawn;
use crate::workers::{parse_worker, scan_worker};
use docmind_core::cancel::CancelToken;
use docmind_core::document::{DocumentState, Page, ParseEvent, ParseFailure};
use docmind_core::error::ErrorReport;
use docmind_core::ports::DocumentParser;
use docmind_wire::parse::ParseWorker;
use std::path::Path;
use std::time::Instant;

/// Reads files without a library.
pub struct Extractor {
    parser: ParseWorker,
    /// Reads scans too.
    scans: Option<ParseWorker>,
}

/// What was read of one file.
#[derive(Clone, Debug, PartialEq)]
pub struct Extracted {
    /// Such as `application/pdf`.
    pub media_type: String,
    /// From the document's own metadata, or the file's name.
    pub title: String,
    /// In order.
    pub pages: Vec<Page>,
    /// Pages that could not be read, and what else is worth knowing.
    pub warnings: Vec<String>,
    /// Milliseconds spent.
    pub ms: f64,
}

impl Extractor {
    /// Starts nothing yet.
    ///
    /// # Errors
    /// The document reader is missing.
    pub fn new(files: &RuntimeFiles) -> Result<Self, EngineError> {
        Ok(Self {
            parser: parse_worker(files, 1)?,
            scans: None,
        })
    }

    /// The same, with text recognition for pages that are pictures.
    ///
    /// # Errors
    /// `recognition_missing`, and as there.
    pub fn recognising(files: &RuntimeFiles) -> Result<Self, EngineError> {
        let recognition = Recognition::find().ok_or(EngineError::RecognitionMissing)?;
        Ok(Self {
            scans: Some(scan_worker(files, &recognition, 1)?),
            ..Self::new(files)?
        })
    }

    /// Reads one file.
    ///
    /// # Errors
    /// The state the file ends in as the code, with its reason; `cancelled`.
    pub fn extract(&self, path: &Path, cancel: &CancelToken) -> Result<Extracted, ErrorReport> {
        let started = Instant::now();
        let mut content = Content::open(path, cancel).map_err(|failure| match failure {
            OpenFailure::Settled(failure) => report(failure),
            OpenFailure::Cancelled => EngineError::Cancelled.into(),
        })?;
        let mut reading = read(&self.parser, path, &mut content, cancel)?;
        if let Some(scans) = self.scans.as_ref().filter(|_| reading.is_scanned())
            && !cancel.is_cancelled()
        {
            let again = read(scans, path, &mut content, cancel)?;
            // As in the library: what was read without it is not lost to a picture that fails.
            if again.result.is_ok() || reading.result.is_err() {
                reading = again;
            }
        }
        reading.extracted.ms = started.elapsed().as_secs_f64() * 1000.0;
        match reading.result {
            Ok(()) => Ok(reading.extracted),
            Err(_) if cancel.is_cancelled() => Err(EngineError::Cancelled.into()),
            Err(failure) if failure.state == DocumentState::NoText => Err(self.without_text(path, &failure)),
            Err(failure) => Err(report(failure)),
        }
    }

    /// What is said of a scan without text.
    fn without_text(&self, path: &Path, failure: &ParseFailure) -> ErrorReport {
        let name = path_text::name(path);
        let message = if self.scans.is_some() {
            no_writing(&name)
        } else {
            format!(
                "`{name}` has pages but no text: it is a scan or holds only pictures.\nAdd `--recognise` to have them read by text recognition."
            )
        };
        ErrorReport {
            code: failure.state.as_str().to_owned(),
            message,
            detail: failure.detail.clone(),
        }
    }
}

/// What one reader told of a file, and how it ended.
struct Reading {
    extracted: Extracted,
    /// A page that was told has no text, and shows a picture.
    has_pictures: bool,
    result: Result<(), ParseFailure>,
}

impl Reading {
    fn is_scanned(&self) -> bool {
        let Extracted { media_type, pages, .. } = &self.extracted;
        is_drawn(media_type) && (self.has_pictures || pages.iter().all(|page| page.text.trim().is_empty()))
    }
}

fn read(
    parser: &ParseWorker,
    path: &Path,
    content: &mut Content,
    cancel: &CancelToken,
) -> Result<Reading, ErrorReport> {
    let name = path_text::name(path);
    let mut out = Extracted {
        media_type: String::new(),
        title: name.clone(),
        pages: Vec::new(),
        warnings: Vec::new(),
        ms: 0.0,
    };
    let mut has_pictures = false;
    let size = content.size;
    let mut reader = content
        .reader()
        .map_err(|error| report(crate::ingest::content::unreadable(path, &error)))?;
    let result = parser.parse(&name, size, &mut reader, cancel, &mut |event| match event {
        ParseEvent::Started { media_type, title, .. } => {
            out.media_type = media_type;
            if let Some(title) = title.filter(|title| !title.trim().is_empty()) {
                out.title = title;
            }
        }
        ParseEvent::Page(page) => out.pages.push(page),
        ParseEvent::PageFailed { number, reason } => {
            has_pictures |= out.pages.last().is_some_and(|page| page.number == number);
            out.warnings.push(format!("page {number}: {reason}"));
        }
        ParseEvent::Warning { message } => out.warnings.push(message),
    });
    Ok(Reading {
        extracted: out,
        has_pictures,
        result,
    })
}

fn report(failure: ParseFailure) -> ErrorReport {
    let code = if failure.state.is_settled() {
        failure.state.as_str()
    } else {
        READER_UNAVAILABLE
    };
    ErrorReport {
        code: code.to_owned(),
        message: failure.message,
        detail: failure.detail,
    }
}
