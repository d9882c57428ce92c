//! Why a call gave no reply, and what a person is told.

use crate::child::StartError;
use crate::exit::{Exit, ExitKind};
use docmind_core::error::ErrorReport;

/// Why a call gave no reply.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// The worker answered with a failure; it lives.
    #[error("{0}")]
    Failed(ErrorReport),
    /// The cancel token was set.
    #[error("cancelled")]
    Cancelled,
    /// The worker's process ended in the middle.
    #[error("the worker stopped: {}", .0.words())]
    Died(Exit),
    /// The call took longer than allowed, or made no progress for too long; the worker was killed.
    #[error("no result within {0} s")]
    TimedOut(u64),
    /// It could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It died too often; it is started again when the window has passed.
    #[error("the worker stopped {restarts} times in {minutes} minutes: {}", .last.words())]
    RestartsExhausted {
        /// Deaths within the window.
        restarts: u32,
        /// The window.
        minutes: u64,
        /// The last end.
        last: Exit,
    },
    /// The request's body could not be read.
    #[error("the data could not be read: {0}")]
    Body(String),
    /// The worker sent more than the caller takes; it was killed.
    #[error("the result is too large")]
    TooMuch,
    /// A message could not be written or read.
    #[error("{0}")]
    Message(String),
}

impl CallError {
    /// The error for a person. `who` names the worker's job at the start of a sentence, such as "The document reader".
    pub fn report(&self, who: &str) -> ErrorReport {
        match self {
            Self::Failed(report) => report.clone(),
            Self::Cancelled => ErrorReport::cancelled(),
            Self::Died(exit) => {
                let (code, advice) = match exit.kind {
                    ExitKind::OutOfMemory | ExitKind::Killed => {
                        ("worker_out_of_memory", "Close other programs or choose a smaller setting, then try again.")
                    }
                    ExitKind::DriverLost => (
                        "worker_died",
                        "It starts again by itself: try once more. If it happens again, restart the machine or update the driver.",
                    ),
                    _ => ("worker_died", "It starts again by itself: try once more."),
                };
                ErrorReport::new(code, format!("{who} stopped: {}.\n{advice}", exit.words())).with_detail_lines(exit)
            }
            Self::TimedOut(seconds) => ErrorReport::new(
                "worker_timed_out",
                format!("{who} gave no result within {seconds} seconds and was ended.\nTry again, or with a smaller document."),
            ),
            Self::Start(StartError::Cancelled) => ErrorReport::cancelled(),
            Self::Start(error @ (StartError::Spawn { .. } | StartError::Mismatch { .. })) => {
                ErrorReport::new("worker_missing", format!("{who} could not be started.\nInstall DocMind again.")).with_detail(error)
            }
            Self::Start(StartError::Ended(exit)) => {
                ErrorReport::new("worker_start_failed", format!("{who} could not be started: {}.\nInstall DocMind again.", exit.words()))
                    .with_detail_lines(exit)
            }
            Self::RestartsExhausted { restarts, minutes, last } => ErrorReport::new(
                "worker_restarts_exhausted",
                format!(
                    "{who} stopped {restarts} times within {minutes} minutes and is not started again for now: {}.\nChoose \
                     another model or a smaller profile, or try again later.",
                    last.words()
                ),
            )
            .with_detail_lines(last),
            Self::Body(reason) => {
                ErrorReport::new("unreadable", "The data could not be read to its end.\nCheck that the file is still there.")
                    .with_detail(reason)
            }
            Self::TooMuch => {
                ErrorReport::new("result_too_large", format!("{who} gave more than can be used.\nSplit the document and try again."))
            }
            Self::Message(reason) => {
                ErrorReport::new("worker_message", format!("{who} could not be understood.\nInstall DocMind again."))
                    .with_detail(reason)
            }
        }
    }
}

trait DetailLines {
    fn with_detail_lines(self, exit: &Exit) -> Self;
}

impl DetailLines for ErrorReport {
    fn with_detail_lines(self, exit: &Exit) -> Self {
        if exit.last_words.is_empty() {
            self
        } else {
            self.with_detail(exit.last_words.join("\n"))
        }
    }
}
