//! The document reader in a child process: [`DocumentParser`] over the pipe, with its limits.

use crate::client::{CallError, Client, Incoming, Options, Rules};
use crate::exit::{Exit, ExitKind};
use crate::launch::Launch;
use crate::protocol::Protocol;
use docmind_core::cancel::CancelToken;
use docmind_core::document::{DocumentState, Heading, Page, ParseEvent, ParseFailure, Rect, Span, Table, WordBox};
use docmind_core::error::ErrorReport;
use docmind_core::ports::DocumentParser;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// What the document reader is asked. The file's bytes follow as the body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ParseRequest {
    /// Read it.
    Parse {
        /// Its name; the extension is a hint only.
        name: String,
        /// Its size in bytes.
        len: u64,
    },
    /// Draw one page as PNG.
    Render {
        /// Size of the file in bytes.
        len: u64,
        /// What to draw.
        page: RenderPage,
    },
}

/// A page to draw.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RenderPage {
    /// 1-based.
    pub page: u32,
    /// Pixels a point; 1.0 is 72 dpi.
    pub scale: f32,
    /// Part of the scaled page in pixels: left, top, width, height. The whole page without.
    pub tile: Option<(u32, u32, u32, u32)>,
}

/// A page without the names of its fields: a page of 500 words would say `x0` five hundred times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PageTold {
    number: u32,
    text: String,
    headings: Vec<Heading>,
    tables: Vec<Table>,
    words: Vec<(u32, u32, f32, f32, f32, f32)>,
    size: Option<(f32, f32)>,
}

impl From<Page> for PageTold {
    fn from(page: Page) -> Self {
        let Page {
            number,
            text,
            headings,
            tables,
            words,
            size,
        } = page;
        let words = words
            .into_iter()
            .map(|WordBox { span, rect }| (span.start, span.end, rect.x0, rect.y0, rect.x1, rect.y1))
            .collect();
        Self {
            number,
            text,
            headings,
            tables,
            words,
            size,
        }
    }
}

impl From<PageTold> for Page {
    fn from(told: PageTold) -> Self {
        let PageTold {
            number,
            text,
            headings,
            tables,
            words,
            size,
        } = told;
        let words = words
            .into_iter()
            .map(|(start, end, x0, y0, x1, y1)| WordBox {
                span: Span::new(start, end),
                rect: Rect { x0, y0, x1, y1 },
            })
            .collect();
        Self {
            number,
            text,
            headings,
            tables,
            words,
            size,
        }
    }
}

/// What the document reader tells on the way: [`ParseEvent`] in a form that is decoded without a detour (the tagged form would be
/// buffered whole first, every rectangle of a page).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ParseTold {
    /// See [`ParseEvent::Started`].
    Started(String, Option<String>, Option<u32>),
    /// See [`ParseEvent::Page`].
    Page(PageTold),
    /// See [`ParseEvent::PageFailed`].
    PageFailed(u32, String),
    /// See [`ParseEvent::Warning`].
    Warning(String),
}

impl From<ParseEvent> for ParseTold {
    fn from(event: ParseEvent) -> Self {
        match event {
            ParseEvent::Started {
                media_type,
                title,
                pages,
            } => Self::Started(media_type, title, pages),
            ParseEvent::Page(page) => Self::Page(page.into()),
            ParseEvent::PageFailed { number, reason } => Self::PageFailed(number, reason),
            ParseEvent::Warning { message } => Self::Warning(message),
        }
    }
}

impl From<ParseTold> for ParseEvent {
    fn from(told: ParseTold) -> Self {
        match told {
            ParseTold::Started(media_type, title, pages) => Self::Started {
                media_type,
                title,
                pages,
            },
            ParseTold::Page(page) => Self::Page(page.into()),
            ParseTold::PageFailed(number, reason) => Self::PageFailed { number, reason },
            ParseTold::Warning(message) => Self::Warning { message },
        }
    }
}

/// What the document reader answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ParseReply {
    /// Read to the end, or a final state.
    Parsed(Result<(), ParseFailure>),
    /// Drawn; the PNG went before as raw output.
    Rendered {
        /// Width and height of the picture in pixels.
        pixels: (u32, u32),
        /// Width and height of the whole page in points.
        page_size: (f32, f32),
        /// Scale that was used: smaller than asked for where the picture would have been too large.
        scale: f32,
    },
}

/// Between application and `docmind-parse`.
pub struct ParseProtocol;

impl Protocol for ParseProtocol {
    const WORKER: &'static str = "docmind-parse";
    type Request = ParseRequest;
    type Event = ParseTold;
    type Reply = ParseReply;
}

/// `docmind-parse` in the folder `bin`, PDFium in `runtime`.
pub fn launch(bin: &Path, runtime: &Path) -> Launch {
    Launch::in_folder(bin, ParseProtocol::WORKER)
        .arg("--runtime")
        .arg(runtime)
}

/// What one file may cost, seen from outside the child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseLimits {
    /// Bytes of the file.
    pub input_bytes: u64,
    /// Bytes of text over all pages.
    pub text_bytes: usize,
    /// Bytes of a drawn page.
    pub picture_bytes: usize,
    /// Time for the whole file.
    pub total: Duration,
    /// Time without a page or another sign of progress.
    pub silence: Duration,
    /// Files after which a child is replaced: what a library leaks ends with it.
    pub recycle_after: u32,
}

impl Default for ParseLimits {
    fn default() -> Self {
        Self {
            input_bytes: 512 << 20,
            text_bytes: 50_000_000,
            picture_bytes: 80 << 20,
            total: Duration::from_mins(1),
            silence: Duration::from_secs(20),
            recycle_after: 50,
        }
    }
}

/// A page as a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// A PNG file.
    pub png: Vec<u8>,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Width and height of the whole page in points, so that rectangles of words can be laid over it.
    pub page_size: (f32, f32),
    /// Pixels a point.
    pub scale: f32,
}

/// A small pool of document readers. A crash is retried once, alone in a fresh child; a time-out is not.
pub struct ParseWorker {
    limits: ParseLimits,
    idle: Mutex<Vec<Arc<Client<ParseProtocol>>>>,
    freed: Condvar,
    all: Vec<Arc<Client<ParseProtocol>>>,
}

/// A stream kept for the retry up to so many bytes; [`ParseWorker::parse_file`] has no such limit.
const KEPT_BYTES: usize = 64 << 20;

impl ParseWorker {
    /// `launch` starts `docmind-parse`; at most `children` run at a time. Nothing is started before the first file.
    pub fn new(launch: Launch, children: usize, limits: ParseLimits) -> Self {
        let rules = Rules {
            recycle_after: Some(limits.recycle_after),
            ..Rules::default()
        };
        let all: Vec<_> = (0..children.max(1))
            .map(|_| Arc::new(Client::new(launch.clone(), rules)))
            .collect();
        Self {
            limits,
            idle: Mutex::new(all.clone()),
            freed: Condvar::new(),
            all,
        }
    }

    /// [`DocumentParser::parse`] for what can be read twice: a file of any allowed size is retried after a crash.
    ///
    /// # Errors
    /// As there.
    pub fn parse_file<F: Read + Seek>(
        &self,
        name: &str,
        len: u64,
        file: &mut F,
        cancel: &CancelToken,
        sink: &mut dyn FnMut(ParseEvent),
    ) -> Result<(), ParseFailure> {
        self.parse_twice(name, len, &mut Rewound(file), cancel, sink)
    }

    /// Draws one page of a PDF.
    ///
    /// # Errors
    /// A report, such as for a damaged file or a page that is not there.
    pub fn render_page(
        &self,
        len: u64,
        bytes: &mut dyn Read,
        page: RenderPage,
        cancel: &CancelToken,
    ) -> Result<Picture, ErrorReport> {
        let Some(slot) = self.take(cancel) else {
            return Err(ErrorReport::new("cancelled", "Cancelled."));
        };
        let mut png = Vec::new();
        let most = self.limits.picture_bytes;
        let options = Options {
            cancel,
            body: Some(bytes),
            total: Some(self.limits.total),
            silence: Some(self.limits.silence),
        };
        let outcome = slot
            .client()
            .call_with(&ParseRequest::Render { len, page }, options, &mut |incoming| {
                if let Incoming::Output(piece) = incoming {
                    png.extend_from_slice(&piece);
                }
                if png.len() > most {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            });
        match outcome {
            Ok(ParseReply::Rendered {
                pixels: (width, height),
                page_size,
                scale,
            }) => Ok(Picture {
                png,
                width,
                height,
                page_size,
                scale,
            }),
            Ok(ParseReply::Parsed(_)) => {
                Err(CallError::Message("a parse where a picture was asked for".into()).report(WHO))
            }
            Err(error) => Err(error.report(WHO)),
        }
    }

    /// Process ids of the running children.
    pub fn pids(&self) -> Vec<u32> {
        self.all
            .iter()
            .filter_map(|client| client.hello())
            .map(|hello| hello.pid)
            .collect()
    }

    /// Ends all children; the next file starts fresh ones.
    pub fn stop(&self) {
        for client in &self.all {
            client.stop();
        }
    }

    fn take(&self, cancel: &CancelToken) -> Option<Slot<'_>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if cancel.is_cancelled() {
                return None;
            }
            if let Some(client) = idle.pop() {
                return Some(Slot {
                    pool: self,
                    client: Some(client),
                });
            }
            (idle, _) = self
                .freed
                .wait_timeout(idle, Duration::from_millis(50))
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn parse_twice(
        &self,
        name: &str,
        len: u64,
        source: &mut dyn Replay,
        cancel: &CancelToken,
        sink: &mut dyn FnMut(ParseEvent),
    ) -> Result<(), ParseFailure> {
        if len > self.limits.input_bytes {
            let limit = self.limits.input_bytes >> 20;
            return Err(failure(
                DocumentState::TooLarge,
                format!(
                    "`{name}` has {} MiB; at most {limit} MiB are read.\nSplit it into smaller files.",
                    len >> 20
                ),
            ));
        }
        let Some(slot) = self.take(cancel) else {
            return Err(cancelled());
        };
        let mut told = Told {
            passed: 0,
            text_bytes: 0,
            most: self.limits.text_bytes,
            sink,
        };
        let mut error = match self.attempt(slot.client(), name, len, source, cancel, &mut told) {
            Ok(outcome) => return outcome,
            Err(error) => error,
        };
        if let CallError::Died(exit) = &error {
            tracing::warn!(
                how = exit.words(),
                "the document reader died on a file, once more in a fresh one"
            );
            // Bytes are counted anew; what was told already is not told again.
            told.text_bytes = 0;
            match source.rewind() {
                Ok(true) => match self.attempt(slot.client(), name, len, source, cancel, &mut told) {
                    Ok(outcome) => return outcome,
                    Err(again) => error = again,
                },
                Ok(false) => {}
                Err(failed) => error = CallError::Body(failed.to_string()),
            }
        }
        Err(self.verdict(name, &error))
    }

    fn attempt(
        &self,
        client: &Client<ParseProtocol>,
        name: &str,
        len: u64,
        source: &mut dyn Replay,
        cancel: &CancelToken,
        told: &mut Told<'_>,
    ) -> Result<Result<(), ParseFailure>, CallError> {
        let mut bytes = source.reader().take(self.limits.input_bytes + 1);
        let options = Options {
            cancel,
            body: Some(&mut bytes),
            total: Some(self.limits.total),
            silence: Some(self.limits.silence),
        };
        let request = ParseRequest::Parse {
            name: name.to_owned(),
            len,
        };
        let mut events = 0;
        let reply = client.call_with(&request, options, &mut |incoming| {
            let Incoming::Event(event) = incoming else {
                return ControlFlow::Continue(());
            };
            events += 1;
            told.tell(events, event)
        })?;
        match reply {
            ParseReply::Parsed(outcome) => Ok(outcome),
            ParseReply::Rendered { .. } => Err(CallError::Message("a picture where a parse was asked for".into())),
        }
    }

    /// The state of a file that ended in no state of its own.
    fn verdict(&self, name: &str, error: &CallError) -> ParseFailure {
        let (state, message) = match error {
            CallError::Cancelled | CallError::Start(crate::StartError::Cancelled) => return cancelled(),
            CallError::TimedOut(seconds) => (
                DocumentState::TimedOut,
                format!(
                    "`{name}` was not read within the limit of {seconds} seconds.\nSave it again from the program it comes from, \
                     or split it, and retry."
                ),
            ),
            CallError::Died(Exit {
                kind: ExitKind::OutOfMemory,
                ..
            }) => (
                DocumentState::TooLarge,
                format!("`{name}` needs more memory than one file may take.\nSplit it into smaller files."),
            ),
            CallError::TooMuch => (
                DocumentState::TooLarge,
                format!(
                    "`{name}` holds more than {} MB of text.\nSplit it into smaller files.",
                    self.limits.text_bytes / 1_000_000
                ),
            ),
            CallError::Died(exit) => (
                DocumentState::Crashed,
                format!(
                    "Reading `{name}` made the document reader stop: {}.\nSave it again from the program it comes from, or as PDF, \
                     and retry.",
                    exit.words()
                ),
            ),
            CallError::Body(_) => (
                DocumentState::Unreadable,
                format!(
                    "`{name}` could not be read to its end.\nCheck that the file is still there and that its disk is connected."
                ),
            ),
            CallError::Failed(report) if report.code == "result_too_large" => (
                DocumentState::TooLarge,
                format!("A page of `{name}` is too large.\nSplit it into smaller files."),
            ),
            CallError::Failed(_)
            | CallError::Start(_)
            | CallError::RestartsExhausted { .. }
            | CallError::Message(_) => {
                let report = error.report(WHO);
                return ParseFailure {
                    state: DocumentState::Crashed,
                    message: report.message,
                    detail: report.detail,
                };
            }
        };
        ParseFailure {
            state,
            message,
            detail: error.report(WHO).detail,
        }
    }
}

const WHO: &str = "The document reader";

fn failure(state: DocumentState, message: String) -> ParseFailure {
    ParseFailure {
        state,
        message,
        detail: None,
    }
}

fn cancelled() -> ParseFailure {
    failure(DocumentState::Queued, "Cancelled before it was read.".into())
}

impl DocumentParser for ParseWorker {
    fn parse(
        &self,
        name: &str,
        len: u64,
        bytes: &mut dyn Read,
        cancel: &CancelToken,
        sink: &mut dyn FnMut(ParseEvent),
    ) -> Result<(), ParseFailure> {
        self.parse_twice(
            name,
            len,
            &mut Kept {
                inner: bytes,
                kept: Some(Vec::new()),
                at: 0,
            },
            cancel,
            sink,
        )
    }
}

/// A client taken from the pool; goes back when dropped.
struct Slot<'a> {
    pool: &'a ParseWorker,
    client: Option<Arc<Client<ParseProtocol>>>,
}

impl Slot<'_> {
    fn client(&self) -> &Client<ParseProtocol> {
        self.client
            .as_ref()
            .expect("BUG: a slot has its client until it is dropped")
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            self.pool
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(client);
            self.pool.freed.notify_one();
        }
    }
}

/// Passes events on, each once over both attempts: a parser tells the same in the same order.
struct Told<'a> {
    passed: u64,
    text_bytes: usize,
    most: usize,
    sink: &'a mut dyn FnMut(ParseEvent),
}

impl Told<'_> {
    fn tell(&mut self, number: u64, event: ParseTold) -> ControlFlow<()> {
        if let ParseTold::Page(page) = &event {
            self.text_bytes = self.text_bytes.saturating_add(page.text.len());
            if self.text_bytes > self.most {
                return ControlFlow::Break(());
            }
        }
        if number > self.passed {
            self.passed = number;
            (self.sink)(event.into());
        }
        ControlFlow::Continue(())
    }
}

/// Bytes that can be sent again.
trait Replay {
    fn reader(&mut self) -> &mut dyn Read;
    /// Back to the start; false where it is not possible.
    fn rewind(&mut self) -> io::Result<bool>;
}

struct Rewound<'a, F>(&'a mut F);

impl<F: Read + Seek> Replay for Rewound<'_, F> {
    fn reader(&mut self) -> &mut dyn Read {
        self.0
    }

    fn rewind(&mut self) -> io::Result<bool> {
        self.0.seek(SeekFrom::Start(0)).map(|_| true)
    }
}

/// A stream with what was read of it.
struct Kept<'a> {
    inner: &'a mut dyn Read,
    /// `None` once it grew past [`KEPT_BYTES`].
    kept: Option<Vec<u8>>,
    /// Place of the replay; at the end of `kept` the stream goes on.
    at: usize,
}

impl Read for Kept<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let Some(kept) = &self.kept
            && self.at < kept.len()
        {
            let count = into.len().min(kept.len() - self.at);
            into[..count].copy_from_slice(&kept[self.at..self.at + count]);
            self.at += count;
            return Ok(count);
        }
        let count = self.inner.read(into)?;
        if let Some(kept) = &mut self.kept {
            if kept.len() + count > KEPT_BYTES {
                self.kept = None;
            } else {
                kept.extend_from_slice(&into[..count]);
                self.at = kept.len();
            }
        }
        Ok(count)
    }
}

impl Replay for Kept<'_> {
    fn reader(&mut self) -> &mut dyn Read {
        self
    }

    fn rewind(&mut self) -> io::Result<bool> {
        self.at = 0;
        Ok(self.kept.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{decode, encode};

    #[test]
    fn a_page_travels_whole() {
        let page = Page {
            number: 7,
            text: "Zeile\nzwei".into(),
            headings: vec![Heading {
                level: 2,
                span: Span::new(0, 5),
            }],
            tables: vec![Table {
                span: Span::new(0, 10),
                header: Span::new(0, 5),
            }],
            words: vec![WordBox {
                span: Span::new(6, 10),
                rect: Rect {
                    x0: 1.0,
                    y0: 2.5,
                    x1: 3.0,
                    y1: 4.0,
                },
            }],
            size: Some((595.0, 842.0)),
        };
        let told: ParseTold = ParseEvent::Page(page.clone()).into();
        let back: ParseTold = decode(&encode(&told).expect("written")).expect("read");
        assert_eq!(ParseEvent::from(back), ParseEvent::Page(page));
    }

    #[test]
    fn a_stream_is_kept_for_the_second_attempt_up_to_a_limit() {
        let bytes: Vec<u8> = (0..200_u8).collect();
        let mut inner = bytes.as_slice();
        let mut kept = Kept {
            inner: &mut inner,
            kept: Some(Vec::new()),
            at: 0,
        };
        let mut first = [0; 70];
        kept.read_exact(&mut first).expect("seventy bytes");
        assert!(kept.rewind().expect("kept"));
        let mut again = Vec::new();
        kept.reader().read_to_end(&mut again).expect("all");
        assert_eq!(again, bytes);

        let mut endless = io::repeat(1).take(KEPT_BYTES as u64 + 10);
        let mut kept = Kept {
            inner: &mut endless,
            kept: Some(Vec::new()),
            at: 0,
        };
        io::copy(kept.reader(), &mut io::sink()).expect("all");
        assert!(!kept.rewind().expect("no seek"));
    }
}
