//! The text the index would see of one file, nothing stored.

use crate::error::{EngineError, READER_UNAVAILABLE};
use crate::ingest::content::{Content, OpenFailure};
use crate::path_text;
use crate::runtime_files::RuntimeFiles;
use crate::workers::parse_worker;
use docmind_core::cancel::CancelToken;
use docmind_core::document::{Page, ParseEvent, ParseFailure};
use docmind_core::error::ErrorReport;
use docmind_core::ports::DocumentParser;
use docmind_wire::parse::ParseWorker;
use std::path::Path;
use std::time::Instant;

/// Reads files without a library.
pub struct Extractor {
    parser: ParseWorker,
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
        let name = path_text::name(path);
        let mut out = Extracted {
            media_type: String::new(),
            title: name.clone(),
            pages: Vec::new(),
            warnings: Vec::new(),
            ms: 0.0,
        };
        let size = content.size;
        let mut reader = content
            .reader()
            .map_err(|error| report(crate::ingest::content::unreadable(path, &error)))?;
        let result = self
            .parser
            .parse(&name, size, &mut reader, cancel, &mut |event| match event {
                ParseEvent::Started { media_type, title, .. } => {
                    out.media_type = media_type;
                    if let Some(title) = title.filter(|title| !title.trim().is_empty()) {
                        out.title = title;
                    }
                }
                ParseEvent::Page(page) => out.pages.push(page),
                ParseEvent::PageFailed { number, reason } => out.warnings.push(format!("page {number}: {reason}")),
                ParseEvent::Warning { message } => out.warnings.push(message),
            });
        out.ms = started.elapsed().as_secs_f64() * 1000.0;
        match result {
            Ok(()) => Ok(out),
            Err(_) if cancel.is_cancelled() => Err(EngineError::Cancelled.into()),
            Err(failure) => Err(report(failure)),
        }
    }
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
