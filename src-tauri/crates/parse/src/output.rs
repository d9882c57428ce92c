//! The one way out of every format: counts what leaves, keeps the order of events, watches clock and cancel token.

use crate::error::ParseError;
use crate::limits::Limits;
use crate::text::PageBuilder;
use docmind_core::cancel::CancelToken;
use docmind_core::document::{Page, ParseEvent};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// What a format writes into.
pub struct Output<'a> {
    sink: &'a mut dyn FnMut(ParseEvent),
    cancel: &'a CancelToken,
    /// Called wherever the work is seen to move on.
    tick: &'a dyn Fn(),
    /// What this file may cost.
    pub limits: Limits,
    deadline: Instant,
    started: bool,
    warnings: BTreeSet<String>,
    text_bytes: usize,
    has_text: bool,
    pages_failed: u32,
}

impl<'a> Output<'a> {
    /// For one file, whose time starts now.
    pub fn new(
        limits: Limits,
        cancel: &'a CancelToken,
        tick: &'a dyn Fn(),
        sink: &'a mut dyn FnMut(ParseEvent),
    ) -> Self {
        Self {
            sink,
            cancel,
            tick,
            limits,
            deadline: Instant::now() + limits.time,
            started: false,
            warnings: BTreeSet::new(),
            text_bytes: 0,
            has_text: false,
            pages_failed: 0,
        }
    }

    /// Gives the file so much time from now on, whatever its limit.
    pub fn allow(&mut self, time: Duration) {
        self.deadline = Instant::now() + time;
    }

    /// The format is known. Once.
    pub fn started(&mut self, media_type: &str, title: Option<String>, pages: Option<u32>) {
        if !self.started {
            self.started = true;
            (self.sink)(ParseEvent::Started {
                media_type: media_type.to_owned(),
                title,
                pages,
            });
        }
    }

    /// Something worth knowing; the same words only once.
    pub fn warning(&mut self, message: impl Into<String>) {
        let message = message.into();
        // A hostile file could warn without end.
        if self.warnings.len() < 50 && self.warnings.insert(message.clone()) {
            (self.sink)(ParseEvent::Warning { message });
        }
    }

    /// A page that could not be read.
    pub fn page_failed(&mut self, number: u32, reason: impl Into<String>) {
        self.pages_failed += 1;
        self.page_without_text(number, reason);
    }

    /// The page just told is there, and yet there is nothing of it to read.
    pub fn page_without_text(&mut self, number: u32, reason: impl Into<String>) {
        (self.sink)(ParseEvent::PageFailed {
            number,
            reason: reason.into(),
        });
    }

    /// A page.
    ///
    /// # Errors
    /// Over the limit of text or pages; cancelled; out of time.
    pub fn page(&mut self, page: Page) -> Result<(), ParseError> {
        self.checkpoint()?;
        self.text_bytes += page.text.len();
        if self.text_bytes > self.limits.text_bytes {
            return Err(ParseError::too_large(format!(
                "it holds more than {} MB of text",
                self.limits.text_bytes / 1_000_000
            )));
        }
        self.promises(page.number as usize)?;
        self.has_text |= page.text.chars().any(|c| !c.is_whitespace());
        (self.sink)(ParseEvent::Page(page));
        Ok(())
    }

    /// A number of pages against the limit, before the first is read.
    ///
    /// # Errors
    /// Over the limit.
    pub fn promises(&self, pages: usize) -> Result<(), ParseError> {
        if pages > self.limits.pages as usize {
            return Err(ParseError::too_large(format!(
                "it has more than {} pages",
                self.limits.pages
            )));
        }
        Ok(())
    }

    /// The only page of a format without pages.
    ///
    /// # Errors
    /// As [`Output::page`].
    pub fn single_page(&mut self, builder: PageBuilder) -> Result<(), ParseError> {
        self.page(builder.finish(1))
    }

    /// To be asked in every loop that a file can make long.
    ///
    /// # Errors
    /// Cancelled, or out of time.
    pub fn checkpoint(&self) -> Result<(), ParseError> {
        if self.cancel.is_cancelled() {
            return Err(ParseError::Cancelled);
        }
        if Instant::now() > self.deadline {
            return Err(ParseError::TimedOut);
        }
        (self.tick)();
        Ok(())
    }

    /// Text that is still being gathered, against the limit.
    ///
    /// # Errors
    /// Over the limit; cancelled; out of time.
    pub fn gathering(&self, bytes: usize) -> Result<(), ParseError> {
        if self.text_bytes + bytes > self.limits.text_bytes {
            return Err(ParseError::too_large(format!(
                "it holds more than {} MB of text",
                self.limits.text_bytes / 1_000_000
            )));
        }
        self.checkpoint()
    }

    /// True when some page had something to read.
    pub fn has_text(&self) -> bool {
        self.has_text
    }

    /// Pages that could not be read.
    pub fn failed_pages(&self) -> u32 {
        self.pages_failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_its_time_unless_it_is_given_more() {
        let (cancel, mut sink) = (CancelToken::new(), |_| {});
        let limits = Limits {
            time: Duration::ZERO,
            ..Limits::default()
        };
        let mut out = Output::new(limits, &cancel, &|| {}, &mut sink);
        while out.checkpoint().is_ok() {}
        assert!(matches!(out.checkpoint(), Err(ParseError::TimedOut)));
        out.allow(Duration::from_mins(1));
        assert!(out.checkpoint().is_ok());
    }
}
