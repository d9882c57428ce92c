//! One file: opened once, hashed, recognised, and read into pages.

use super::content::{Content, OpenFailure};
use super::pipeline::{MovedFile, Pipeline, Step, at_ms, elapsed_ms};
use super::state::Parsed;
use crate::error::READER_UNAVAILABLE;
use crate::events::IngestStage;
use crate::listeners::lock;
use crate::path_text;
use crate::recognition::{INSTALL, no_writing};
use crate::scan::is_another_file;
use crate::viewer::is_drawn;
use docmind_core::cancel::CancelToken;
use docmind_core::document::{ContentHash, DocumentState, Page, ParseEvent, ParseFailure};
use docmind_core::error::{ErrorReport, Notice};
use docmind_core::language;
use docmind_store::{DocumentRecord, FileStamp, Recognised, Settlement, StoreError, UnreadPage};
use std::sync::atomic::Ordering;
use std::time::Instant;

/// A file that changed so often while it was read is given up for now.
const CHANGING_ATTEMPTS: u32 = 8;

/// What a parser told of one file.
#[derive(Default)]
pub(crate) struct Read {
    pub(crate) media_type: String,
    pub(crate) title: Option<String>,
    pub(crate) pages: Vec<Page>,
    pub(crate) failed_pages: Vec<UnreadPage>,
    pub(crate) warnings: Vec<String>,
    announced: u32,
}

impl Read {
    /// Takes one event in.
    pub(crate) fn take(&mut self, event: ParseEvent) {
        match event {
            ParseEvent::Started {
                media_type,
                title,
                pages,
            } => {
                self.media_type = media_type;
                self.title = title
                    .map(|title| title.trim().to_owned())
                    .filter(|title| !title.is_empty());
                self.announced = pages.unwrap_or(0);
            }
            ParseEvent::Page(page) => self.pages.push(page),
            ParseEvent::PageFailed { number, reason } => self.failed_pages.push(UnreadPage {
                page: number,
                reason,
                held: self.pages.last().is_some_and(|page| page.number == number),
            }),
            ParseEvent::Warning { message } => self.warnings.push(message),
        }
    }

    /// A picture, or a PDF with pages that are pictures or without any text.
    fn is_scanned(&self) -> bool {
        is_drawn(&self.media_type) && (!self.has_text() || self.failed_pages.iter().any(|page| page.held))
    }

    fn has_text(&self) -> bool {
        self.pages.iter().any(|page| !page.text.trim().is_empty())
    }
}

impl Pipeline {
    /// Takes one file from opening to pages, or settles it.
    pub fn read_one(&self, cancel: &CancelToken) -> Step {
        let record = match self.claim() {
            Ok(Some(record)) => record,
            Ok(None) => return Step::Idle,
            Err(error) => {
                self.block(error.into());
                return Step::Idle;
            }
        };
        if let Err(error) = self.read_record(record, cancel) {
            self.store_failed(error);
        }
        lock(&self.state).reading -= 1;
        self.notify();
        Step::Worked
    }

    /// The library cannot be written: nothing goes on. A document that was removed meanwhile is no failure.
    pub(super) fn store_failed(&self, error: StoreError) {
        match error {
            StoreError::UnknownDocument(id) => tracing::debug!(id, "a document was removed while it was worked on"),
            error => self.block(error.into()),
        }
    }

    fn read_record(&self, record: DocumentRecord, cancel: &CancelToken) -> Result<(), StoreError> {
        let started = Instant::now();
        self.tell_progress(&record, IngestStage::Reading, 0, 0);
        let mut content = match Content::open(&record.path, cancel) {
            Ok(content) => content,
            Err(OpenFailure::Cancelled) => {
                self.undecided(record.id, None);
                return Ok(());
            }
            Err(OpenFailure::Settled(failure)) => return self.unopened(&record, &failure, started),
        };
        let stamp = FileStamp {
            path: record.path.clone(),
            size_bytes: content.size,
            mtime_ns: content.modified_ns,
        };
        let hash = content.hash.clone();
        {
            let mut state = lock(&self.state);
            if state.in_flight.get(&hash).is_some_and(|other| *other != record.id) {
                state.deferred.entry(hash).or_default().push(record);
                return Ok(());
            }
            state.in_flight.insert(hash.clone(), record.id);
            state.unopened.remove(&record.id);
        }
        if self.has_unread_pictures(&record, &hash) {
            return self.parse(record, stamp, hash, &mut content, cancel, started);
        }
        let known = self.library.recognise(
            record.id,
            &hash,
            &stamp,
            at_ms(),
            |known| is_another_file(known, &stamp.path),
            |from| {
                self.moves.tell(&MovedFile {
                    from: from.to_owned(),
                    to: stamp.path.clone(),
                });
            },
        );
        let known = known.inspect_err(|_| self.undecided(record.id, Some(&hash)))?;
        match known {
            Recognised::Same => self.settled(record.id, Some(&hash), 0, elapsed_ms(started)),
            Recognised::Duplicate { removed, .. } => {
                self.forget_vectors(removed);
                self.settled(record.id, Some(&hash), 0, elapsed_ms(started));
            }
            Recognised::Moved { document, removed } => {
                self.forget_vectors(removed);
                lock(&self.state).in_flight.insert(hash.clone(), document);
                self.tell(&crate::events::IngestEvent::Removed { id: record.id });
                self.settled(document, Some(&hash), 0, elapsed_ms(started));
            }
            Recognised::New => return self.parse(record, stamp, hash, &mut content, cancel, started),
        }
        Ok(())
    }

    /// A file that cannot be opened, such as one on a network folder that is away: what it says now is not known, and what was read of it
    /// before stays. It counts as changed until it is read. What holds nothing ends with the reason.
    fn unopened(&self, record: &DocumentRecord, failure: &ParseFailure, started: Instant) -> Result<(), StoreError> {
        let holds = record.pages > 0 || record.duplicate_of.is_some();
        let kept = match record.hash.as_ref().filter(|_| holds) {
            // What is no file any more, or has no bytes, was opened.
            Some(hash) if failure.state == DocumentState::Unreadable && failure.detail.is_some() => {
                let kept = self
                    .library
                    .recognise(record.id, hash, &record.stamp(), at_ms(), |_| true, |_| {});
                kept.inspect_err(|_| self.undecided(record.id, None))?
            }
            _ => Recognised::New,
        };
        match kept {
            Recognised::New => return self.settle_failure(record, &stamp_now(record), None, "", failure, started),
            Recognised::Same => {}
            Recognised::Duplicate { removed, .. } | Recognised::Moved { removed, .. } => self.forget_vectors(removed),
        }
        tracing::warn!(path = %record.path.display(), detail = ?failure.detail, "not read again: {}", failure.message);
        let is_first = {
            let mut state = lock(&self.state);
            let is_first = state.unopened.is_empty();
            state.unopened.insert(record.id);
            is_first
        };
        // A folder that is away is told of once, not file by file.
        if is_first {
            self.notice(
                "file_not_read_again",
                format!(
                    "`{}` could not be read again, so what was read of it before stays.\nCheck the disk or the network folder, then read \
                     it again.",
                    record.path.display()
                ),
            );
        }
        self.settled(record.id, None, 0, elapsed_ms(started));
        Ok(())
    }

    /// Whether equal bytes are read again all the same: some of their pages are pictures that were not read, and would be now.
    fn has_unread_pictures(&self, record: &DocumentRecord, hash: &ContentHash) -> bool {
        let is_read = self.scans.reader.is_some()
            && self.scans.wanted.load(Ordering::Relaxed)
            && !self.scans.broken.load(Ordering::Relaxed);
        is_read && record.hash.as_ref() == Some(hash) && record.failed_pages.iter().any(|page| page.held)
    }

    fn parse(
        &self,
        record: DocumentRecord,
        stamp: FileStamp,
        hash: ContentHash,
        content: &mut Content,
        cancel: &CancelToken,
        started: Instant,
    ) -> Result<(), StoreError> {
        let name = path_text::name(&record.path);
        let size = content.size;
        let mut reader = match content.reader() {
            Ok(reader) => reader,
            Err(error) => {
                let failure = super::content::unreadable(&record.path, &error);
                return self.settle_failure(&record, &stamp, Some(&hash), "", &failure, started);
            }
        };
        let mut read = Read::default();
        let mut told = Instant::now();
        let mut result = self.parser.parse(&name, size, &mut reader, cancel, &mut |event| {
            read.take(event);
            if told.elapsed().as_millis() >= 200 {
                told = Instant::now();
                self.tell_progress(&record, IngestStage::Reading, read.pages.len() as u32, read.announced);
            }
        });
        let mut is_same = reader.was(&hash);
        if is_same
            && read.is_scanned()
            && !cancel.is_cancelled()
            && let Some((again, outcome, same)) = self.recognise(&record, &hash, cancel)
            // What was read without it is not lost to a picture that fails.
            && (outcome.is_ok() || result.is_err() || cancel.is_cancelled())
        {
            (read, result, is_same) = (again, outcome, same);
        }
        if result.is_ok() && !is_same {
            // Written to while it was read: the pages are of no one file. It comes round again.
            tracing::info!(path = %record.path.display(), "a file changed while it was read");
            if record.attempts < CHANGING_ATTEMPTS {
                self.undecided(record.id, Some(&hash));
                return Ok(());
            }
            let failure = ParseFailure {
                state: DocumentState::Unreadable,
                message: format!(
                    "`{}` is written to all the time.\nClose the program that writes it, then retry.",
                    record.path.display()
                ),
                detail: None,
            };
            return self.settle_failure(&record, &stamp, Some(&hash), &read.media_type, &failure, started);
        }
        for message in &read.warnings {
            // Names of sheets and parts are the document's own words, which no log has unless it is asked to.
            tracing::debug!(path = %record.path.display(), %message, "while reading");
        }
        match result {
            Ok(()) if read.has_text() => {}
            Ok(()) => {
                let failure = without_text(&record, &read);
                return self.settle_failure(&record, &stamp, Some(&hash), &read.media_type, &failure, started);
            }
            Err(failure) if !failure.state.is_settled() => {
                self.undecided(record.id, Some(&hash));
                if !cancel.is_cancelled() {
                    // There is no reader: the next file would fare no better.
                    self.block(ErrorReport {
                        code: READER_UNAVAILABLE.to_owned(),
                        message: failure.message,
                        detail: failure.detail,
                    });
                }
                return Ok(());
            }
            // The same bytes were read before: what they gave stays.
            Err(failure) if record.pages > 0 && record.hash.as_ref() == Some(&hash) => {
                tracing::warn!(path = %record.path.display(), "not read again: {}", failure.message);
                let there = std::path::Path::is_file;
                let kept = self.library.recognise(record.id, &hash, &stamp, at_ms(), there, |_| {});
                kept.inspect_err(|_| self.undecided(record.id, Some(&hash)))?;
                self.settled(record.id, Some(&hash), 0, elapsed_ms(started));
                return Ok(());
            }
            Err(failure) => {
                return self.settle_failure(&record, &stamp, Some(&hash), &read.media_type, &failure, started);
            }
        }
        let language = language::detect(read.pages.iter().map(|page| page.text.as_str())).map(str::to_owned);
        let text_bytes = read.pages.iter().map(|page| page.text.len()).sum();
        let held_bytes = text_bytes + read.pages.iter().map(|page| size_of_val(&*page.words)).sum::<usize>();
        let parsed = Parsed {
            record,
            stamp,
            hash,
            media_type: read.media_type,
            title: read.title,
            language,
            pages: read.pages,
            failed_pages: read.failed_pages,
            text_bytes,
            held_bytes,
            read_ms: elapsed_ms(started),
        };
        let mut state = lock(&self.state);
        state.backlog_bytes += parsed.held_bytes;
        state.backlog.push_back(parsed);
        Ok(())
    }

    /// The pages of a file with those that are pictures, where that is wanted and possible, and whether the file is still the same. Each
    /// takes seconds: between two of them answers and pauses are waited for.
    fn recognise(
        &self,
        record: &DocumentRecord,
        hash: &ContentHash,
        cancel: &CancelToken,
    ) -> Option<(Read, Result<(), ParseFailure>, bool)> {
        let scans = self
            .scans
            .reader
            .as_ref()
            .filter(|_| self.scans.wanted.load(Ordering::Relaxed))?;
        let mut content = Content::open(&record.path, cancel).ok()?;
        let is_same = content.hash == *hash;
        let size = content.size;
        let mut reader = content.reader().ok()?;
        let mut read = Read::default();
        let name = path_text::name(&record.path);
        let result = scans.parse(&name, size, &mut reader, cancel, &mut |event| {
            read.take(event);
            self.tell_progress(
                record,
                IngestStage::Recognising,
                read.pages.len() as u32,
                read.announced,
            );
            self.gate.pass(cancel);
        });
        if let Err(failure) = &result
            && !failure.state.is_settled()
            && !cancel.is_cancelled()
        {
            tracing::warn!(detail = ?failure.detail, "there is no reader of scans: {}", failure.message);
            self.scans.broken.store(true, Ordering::Relaxed);
            return None;
        }
        let is_same = is_same && reader.was(hash);
        Some((read, result, is_same))
    }

    /// What is said of a scan without text, with its code.
    fn without_recognised_text(&self, path: &std::path::Path) -> (&'static str, String) {
        let name = path_text::name(path);
        match (self.scans.wanted.load(Ordering::Relaxed), &self.scans.reader) {
            (false, _) => (
                "no_text",
                format!(
                    "`{name}` has pages but no text: it is a scan or holds only pictures.\nTurn text recognition on in the settings, or add \
                     it with `docmind add --recognise`."
                ),
            ),
            (true, reader) if reader.is_none() || self.scans.broken.load(Ordering::Relaxed) => (
                "recognition_missing",
                format!(
                    "`{name}` is a scan, and text recognition is not installed.\nInstall it ({INSTALL}), start DocMind again, then retry."
                ),
            ),
            (true, _) => ("no_writing", no_writing(&name)),
        }
    }

    /// The file ends in a state without content.
    pub(super) fn settle_failure(
        &self,
        record: &DocumentRecord,
        stamp: &FileStamp,
        hash: Option<&ContentHash>,
        media_type: &str,
        failure: &ParseFailure,
        started: Instant,
    ) -> Result<(), StoreError> {
        let (code, message) = if failure.state == DocumentState::NoText {
            self.without_recognised_text(&record.path)
        } else {
            (failure.state.as_str(), failure.message.clone())
        };
        let error = ErrorReport {
            code: code.to_owned(),
            message,
            detail: failure.detail.clone(),
        };
        let settlement = Settlement {
            state: failure.state,
            stamp,
            hash,
            media_type,
            error: Some(&error),
        };
        match self.library.settle(record.id, &settlement, at_ms()) {
            Ok(removed) => {
                self.forget_vectors(removed.chunks);
                self.settled(record.id, hash, 0, elapsed_ms(started));
                Ok(())
            }
            Err(error) => {
                self.undecided(record.id, hash);
                Err(error)
            }
        }
    }

    /// Something a person should know, told once more than needed rather than never.
    pub(super) fn notice(&self, code: &str, message: String) {
        self.tell(&crate::events::IngestEvent::Notice(Notice::new(code, message)));
    }
}

/// The file as the ledger or the disk knows it, for a file that could not be read.
fn stamp_now(record: &DocumentRecord) -> FileStamp {
    std::fs::metadata(&record.path).map_or_else(
        |_| record.stamp(),
        |meta| crate::scan::stamp(record.path.clone(), &meta),
    )
}

/// Pages but no text, or nothing at all.
fn without_text(record: &DocumentRecord, read: &Read) -> ParseFailure {
    if read.media_type == "application/pdf" || read.media_type.starts_with("image/") || !read.failed_pages.is_empty() {
        ParseFailure {
            state: DocumentState::NoText,
            // Said by `without_recognised_text`.
            message: String::new(),
            detail: None,
        }
    } else {
        let name = record.path.display();
        ParseFailure {
            state: DocumentState::Empty,
            message: format!(
                "`{name}` holds nothing but white space.\nNothing to do; it is read when something is written to it."
            ),
            detail: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_both_a_page_and_unread() {
        let failed = |number| ParseEvent::PageFailed {
            number,
            reason: "no text".to_owned(),
        };
        let page = |number| {
            ParseEvent::Page(Page {
                number,
                ..Page::default()
            })
        };
        let mut read = Read::default();
        for event in [page(1), page(2), failed(2), failed(3), page(4)] {
            read.take(event);
        }
        let unread: Vec<(u32, bool)> = read.failed_pages.iter().map(|page| (page.page, page.held)).collect();
        assert_eq!(unread, [(2, true), (3, false)]);
        assert_eq!(read.pages.len(), 3);
    }
}
