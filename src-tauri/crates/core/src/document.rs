//! Documents, their pages, and the states a file can be in.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A document of the library. Ids are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(transparent)]
pub struct DocumentId(pub u32);

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// blake3 of a file's bytes, as 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(transparent)]
pub struct ContentHash(pub String);

/// Half-open range `[start, end)` of Unicode scalar values in a page's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Span {
    /// First scalar value.
    pub start: u32,
    /// One past the last scalar value.
    pub end: u32,
}

impl Span {
    /// A span; an end before the start gives an empty one.
    pub fn new(start: u32, end: u32) -> Self {
        Self {
            start,
            end: end.max(start),
        }
    }

    /// Length in scalar values.
    pub fn len(self) -> u32 {
        self.end - self.start
    }

    /// True when nothing is covered.
    pub fn is_empty(self) -> bool {
        self.end == self.start
    }

    /// True when both cover at least one common scalar value.
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The covered part of `text`; what lies past its end is cut.
    pub fn slice(self, text: &str) -> &str {
        let mut bounds = text.char_indices().map(|(at, _)| at).chain(std::iter::once(text.len()));
        let start = bounds.clone().nth(self.start as usize).unwrap_or(text.len());
        let end = bounds.nth(self.end as usize).unwrap_or(text.len());
        &text[start..end]
    }
}

/// A rectangle on a page in points (1/72 inch), origin at the top left, y downwards.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Rect {
    /// Left edge.
    pub x0: f32,
    /// Top edge.
    pub y0: f32,
    /// Right edge.
    pub x1: f32,
    /// Bottom edge.
    pub y1: f32,
}

/// One word of a page and where it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct WordBox {
    /// The word in the page's text.
    pub span: Span,
    /// Where it stands.
    pub rect: Rect,
}

/// A heading in a page's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Heading {
    /// 1 is the highest.
    pub level: u8,
    /// The heading's text.
    pub span: Span,
}

/// A table in a page's text; `header` is repeated in every chunk cut from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Table {
    /// The whole table, header included.
    pub span: Span,
    /// The header row; empty when the table has none.
    pub header: Span,
}

/// A page (PDF), slide (PPTX, ODP), sheet (XLSX, XLS, ODS), chapter (EPUB), or the whole text of formats without pages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Page {
    /// 1-based.
    pub number: u32,
    /// The text as read: NFC, `\n` line ends, no control characters but `\n` and `\t`.
    pub text: String,
    /// In order of their spans.
    pub headings: Vec<Heading>,
    /// In order of their spans.
    pub tables: Vec<Table>,
    /// For PDF: each word's rectangle, in order of their spans. Empty elsewhere.
    pub words: Vec<WordBox>,
    /// Width and height in points, for formats that are drawn.
    pub size: Option<(f32, f32)>,
    /// The page is a picture whose text was recognised, and may hold mistakes.
    #[serde(default)]
    pub recognised: bool,
}

/// What became of a file. The first two are on the way; the other eleven are final and each file ends in exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum DocumentState {
    /// In the ledger, not yet begun (or begun and cut off by a restart).
    Queued,
    /// Being parsed or embedded now.
    Working,
    /// Searchable.
    Ready,
    /// The same bytes as another document of the library.
    Duplicate,
    /// No bytes, or nothing but white space.
    Empty,
    /// Encrypted; a password is needed to read it.
    NeedsPassword,
    /// Pages but no text: a scan.
    NoText,
    /// A format that is not read; the message names what to convert it to.
    Unsupported,
    /// Broken beyond reading.
    Damaged,
    /// Over a limit of size.
    TooLarge,
    /// Over a limit of time.
    TimedOut,
    /// The parser died on it, twice.
    Crashed,
    /// The file could not be opened: missing, no permission, not a regular file.
    Unreadable,
}

impl DocumentState {
    /// The name used in the database and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Working => "working",
            Self::Ready => "ready",
            Self::Duplicate => "duplicate",
            Self::Empty => "empty",
            Self::NeedsPassword => "needs_password",
            Self::NoText => "no_text",
            Self::Unsupported => "unsupported",
            Self::Damaged => "damaged",
            Self::TooLarge => "too_large",
            Self::TimedOut => "timed_out",
            Self::Crashed => "crashed",
            Self::Unreadable => "unreadable",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Every state.
    pub const ALL: [Self; 13] = [
        Self::Queued,
        Self::Working,
        Self::Ready,
        Self::Duplicate,
        Self::Empty,
        Self::NeedsPassword,
        Self::NoText,
        Self::Unsupported,
        Self::Damaged,
        Self::TooLarge,
        Self::TimedOut,
        Self::Crashed,
        Self::Unreadable,
    ];

    /// True once nothing more will happen to the file by itself.
    pub fn is_settled(self) -> bool {
        !matches!(self, Self::Queued | Self::Working)
    }

    /// The three outcomes of the command line.
    pub fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Queued | Self::Working => None,
            Self::Ready => Some(Outcome::Ready),
            Self::Duplicate | Self::Empty | Self::NeedsPassword | Self::NoText | Self::Unsupported | Self::TooLarge => {
                Some(Outcome::Skipped)
            }
            Self::Damaged | Self::TimedOut | Self::Crashed | Self::Unreadable => Some(Outcome::Failed),
        }
    }
}

/// How adding a file ended, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Searchable.
    Ready,
    /// Nothing to index, for a named reason that is no fault of ours.
    Skipped,
    /// Something went wrong, and a retry may help.
    Failed,
}

/// What a parser tells while it reads, in this order: one `Started`, then pages ascending.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ParseEvent {
    /// The format is known.
    Started {
        /// Such as `application/pdf`.
        media_type: String,
        /// From the document's own metadata.
        title: Option<String>,
        /// How many pages there will be, where the format tells.
        pages: Option<u32>,
    },
    /// A page was read.
    Page(Page),
    /// A page could not be read; the others go on. Right behind the page itself where that is there, without text: a picture.
    PageFailed {
        /// 1-based.
        number: u32,
        /// In a person's words.
        reason: String,
    },
    /// Something worth knowing that lost no text.
    Warning {
        /// In a person's words.
        message: String,
    },
}

/// Why a file gave no document: a final [`DocumentState`] with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ParseFailure {
    /// Never `Queued`, `Working`, `Ready` or `Duplicate`.
    pub state: DocumentState,
    /// What failed and what to do next, each on its own line.
    pub message: String,
    /// For the log: the library's own words.
    pub detail: Option<String>,
}
