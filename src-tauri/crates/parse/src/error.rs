//! How reading a file fails: each variant is one final state.

use docmind_core::document::{DocumentState, ParseFailure};

/// Why a file gave no text.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// No bytes, or nothing but white space.
    #[error("nothing to read")]
    Empty,
    /// Pages or pictures, but no text.
    #[error("no text")]
    NoText,
    /// Encrypted.
    #[error("encrypted")]
    NeedsPassword,
    /// A format that is not read.
    #[error("{what} is not read")]
    Unsupported {
        /// What it is, such as `A Word 97–2003 document (.doc)`.
        what: String,
        /// What a person can do.
        advice: String,
    },
    /// Broken.
    #[error("{detail}")]
    Damaged {
        /// The library's own words.
        detail: String,
    },
    /// Over a limit.
    #[error("{what}")]
    TooLarge {
        /// Which limit, in a person's words.
        what: String,
    },
    /// The parser's own clock ran out.
    #[error("out of time")]
    TimedOut,
    /// The bytes could not be read.
    #[error("{0}")]
    Unreadable(#[from] std::io::Error),
    /// Somebody asked to stop: nothing was decided.
    #[error("cancelled")]
    Cancelled,
}

impl ParseError {
    /// A file broken for a reason.
    pub fn damaged(detail: impl std::fmt::Display) -> Self {
        Self::Damaged {
            detail: detail.to_string(),
        }
    }

    /// A file over a limit.
    pub fn too_large(what: impl Into<String>) -> Self {
        Self::TooLarge { what: what.into() }
    }

    /// The final state with a message for a person; `name` is the file's.
    pub fn into_failure(self, name: &str) -> ParseFailure {
        let (state, message, detail) = match self {
            Self::Empty => (
                DocumentState::Empty,
                format!(
                    "`{name}` has no text in it.\nIf it should have, open it in the program it came from and save it again."
                ),
                None,
            ),
            Self::NoText => (
                DocumentState::NoText,
                format!(
                    "`{name}` has pages but no text: it is a scan or holds only pictures.\nRun text recognition (OCR) on it, \
                     for example with OCRmyPDF, and add the result."
                ),
                None,
            ),
            Self::NeedsPassword => (
                DocumentState::NeedsPassword,
                format!("`{name}` is protected by a password.\nSave a copy without the password and add that."),
                None,
            ),
            Self::Unsupported { what, advice } => (
                DocumentState::Unsupported,
                format!("`{name}`: {what} is not read.\n{advice}"),
                None,
            ),
            Self::Damaged { detail } => (
                DocumentState::Damaged,
                format!(
                    "`{name}` is damaged and could not be read.\nFetch or export it again, or open it and save a fresh copy."
                ),
                Some(detail),
            ),
            Self::TooLarge { what } => (
                DocumentState::TooLarge,
                format!("`{name}` is too large: {what}.\nSplit it, and add the parts you need."),
                None,
            ),
            Self::TimedOut => (
                DocumentState::TimedOut,
                format!(
                    "Reading `{name}` took too long and was stopped.\nSplit it, or print it to a new PDF, and add that."
                ),
                None,
            ),
            Self::Unreadable(error) => (
                DocumentState::Unreadable,
                format!(
                    "`{name}` could not be read to its end.\nCheck that the file is still there and may be read, then retry."
                ),
                Some(error.to_string()),
            ),
            Self::Cancelled => (
                DocumentState::Queued,
                format!("Reading `{name}` was stopped.\nRetry it when you like."),
                None,
            ),
        };
        ParseFailure { state, message, detail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_names_the_file_and_what_to_do() {
        for error in [
            ParseError::Empty,
            ParseError::NoText,
            ParseError::NeedsPassword,
            ParseError::Unsupported {
                what: "X".into(),
                advice: "Convert it.".into(),
            },
            ParseError::damaged("x"),
            ParseError::too_large("x"),
            ParseError::TimedOut,
            ParseError::Cancelled,
        ] {
            let failure = error.into_failure("a.pdf");
            assert!(failure.message.contains("`a.pdf`"), "{failure:?}");
            assert_eq!(failure.message.lines().count(), 2, "{failure:?}");
        }
    }
}
