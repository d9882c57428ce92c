//! The document reader in a child process: [`DocumentParser`] over the pipe, with its limits.

mod messages;
mod peak;
mod replay;

use crate::child::StartError;
use crate::client::{CallError, Client, Incoming, Options, Rules};
use crate::exit::{Exit, ExitKind};
use crate::launch::Launch;
use crate::protocol::Protocol;
use docmind_core::cancel::CancelToken;
use docmind_core::document::{DocumentState, ParseEvent, ParseFailure};
use docmind_core::error::ErrorReport;
use docmind_core::ports::DocumentParser;
use replay::{Kept, Replay, Rewound};
use std::io::{Read, Seek};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub use messages::{PageTold, ParseProtocol, ParseReply, ParseRequest, ParseTold, RenderPage};

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
    /// Bytes of address space of a child, which it limits itself to.
    pub address_space: u64,
    /// Files after which a child is replaced: what a library leaks ends with it.
    pub recycle_after: u32,
}

impl ParseLimits {
    /// For a reader that recognises text in pictures: seconds a page, told when each is finished.
    pub fn recognising() -> Self {
        Self {
            total: Duration::from_hours(6),
            silence: Duration::from_mins(2),
            ..Self::default()
        }
    }
}

impl Default for ParseLimits {
    fn default() -> Self {
        Self {
            input_bytes: 512 << 20,
            text_bytes: 50_000_000,
            picture_bytes: 80 << 20,
            total: Duration::from_mins(1),
            silence: Duration::from_secs(20),
            address_space: 2 << 30,
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
            return Err(ErrorReport::cancelled());
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
        let begun = Instant::now();
        let mut told = Told {
            passed: 0,
            text_bytes: 0,
            most: self.limits.text_bytes,
            left: self.limits.total,
            in_sink: Duration::ZERO,
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
            // Bytes are counted anew; what was told already is not told again. Both attempts share the file's time.
            told.text_bytes = 0;
            told.left = (self.limits.total + told.in_sink).saturating_sub(begun.elapsed());
            match source.rewind() {
                Ok(true) => {
                    let (again, peak) = peak::during(slot.client(), || {
                        self.attempt(slot.client(), name, len, source, cancel, &mut told)
                    });
                    match again {
                        Ok(outcome) => return outcome,
                        // What was left of the file's time is over, and so is all of it.
                        Err(CallError::TimedOut(seconds)) if seconds == told.left.as_secs() => {
                            error = CallError::TimedOut(self.limits.total.as_secs());
                        }
                        Err(again) => error = self.starved(again, peak),
                    }
                }
                Ok(false) => {}
                Err(failed) => error = CallError::Body(failed.to_string()),
            }
        }
        Err(self.verdict(name, &error))
    }

    /// One attempt at a file. A reader that ended while it started, killed or starved, has not seen the file: another one is started.
    fn attempt(
        &self,
        client: &Client<ParseProtocol>,
        name: &str,
        len: u64,
        source: &mut dyn Replay,
        cancel: &CancelToken,
        told: &mut Told<'_>,
    ) -> Result<Result<(), ParseFailure>, CallError> {
        let request = ParseRequest::Parse {
            name: name.to_owned(),
            len,
        };
        let mut starts = 1;
        loop {
            let mut bytes = source.reader().take(self.limits.input_bytes + 1);
            let options = Options {
                cancel,
                body: Some(&mut bytes),
                total: Some(told.left),
                silence: Some(self.limits.silence),
            };
            let mut events = 0;
            let reply = client.call_with(&request, options, &mut |incoming| {
                let Incoming::Event(event) = incoming else {
                    return ControlFlow::Continue(());
                };
                events += 1;
                told.tell(events, event)
            });
            match reply {
                Err(CallError::Start(StartError::Ended(exit))) if starts < STARTS => {
                    tracing::warn!(how = exit.words(), "the document reader ended while it started");
                    starts += 1;
                }
                Ok(ParseReply::Parsed(outcome)) => return Ok(outcome),
                Ok(ParseReply::Rendered { .. }) => {
                    return Err(CallError::Message("a picture where a parse was asked for".into()));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// A native library that is refused memory gives up without a word: where the child had taken most of what it may, that is why
    /// it died.
    fn starved(&self, error: CallError, peak: u64) -> CallError {
        match error {
            CallError::Died(Exit {
                kind: ExitKind::Aborted | ExitKind::BadAccess,
                last_words,
            }) if peak > self.limits.address_space / 2 => CallError::Died(Exit {
                kind: ExitKind::OutOfMemory,
                last_words,
            }),
            other => other,
        }
    }

    /// The state of a file that ended in no state of its own.
    fn verdict(&self, name: &str, error: &CallError) -> ParseFailure {
        let (state, message) = match error {
            CallError::Cancelled | CallError::Start(StartError::Cancelled) => return cancelled(),
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
            // No reader: the file is not to blame, and nothing was learnt of it.
            CallError::Start(_) => {
                let report = error.report(WHO);
                return ParseFailure {
                    state: DocumentState::Queued,
                    message: report.message,
                    detail: report.detail,
                };
            }
            CallError::Failed(_) | CallError::RestartsExhausted { .. } | CallError::Message(_) => {
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
/// Readers started for one attempt at a file.
const STARTS: u32 = 3;

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
        self.parse_twice(name, len, &mut Kept::new(bytes), cancel, sink)
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
    /// Time that the attempt at hand may take.
    left: Duration,
    /// Time that the caller took over what it was told: not the reader's.
    in_sink: Duration,
    sink: &'a mut dyn FnMut(ParseEvent),
}

impl Told<'_> {
    fn tell(&mut self, number: u64, event: ParseTold) -> ControlFlow<()> {
        if let ParseTold::Page(page) = &event {
            self.text_bytes = self.text_bytes.saturating_add(page.text_bytes());
            if self.text_bytes > self.most {
                return ControlFlow::Break(());
            }
        }
        if number > self.passed {
            self.passed = number;
            let begun = Instant::now();
            (self.sink)(event.into());
            self.in_sink += begun.elapsed();
        }
        ControlFlow::Continue(())
    }
}
