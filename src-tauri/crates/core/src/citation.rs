//! From the model's text to an answer whose sentences name their sources.
//!
//! [`CitationParser`] reads tokens as they come: `[S3M]` becomes `[1]`, numbered by first use; a code that no source has, and a bare
//! `[7]` that could be the number of a source, vanish; sentences are cut while they stream, each with the sources it names. What
//! else stands in brackets stays (`[1932] AC 562`, `ports: [80, 443]`, `argv[1]`), kept apart from marks where it looks like one
//! ([`literal`]). What it does depends on the text alone, never on how it was cut into pieces (property-tested at every split point).
//!
//! An answer without any mark is attributed afterwards, sentence by sentence, to the source whose words cover it
//! ([`attribute`]). The quote shown for a citation is taken from the source itself ([`quote`]): a 4B model cannot be trusted to
//! quote verbatim.

mod attribution;
mod markdown;
mod marks;
mod parser;
mod quotes;

pub use attribution::attribute;
pub use marks::literal;
pub use parser::CitationParser;
pub use quotes::{citations, quote};

use marks::without_marks;

/// A sentence of the answer and the sources it names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CitedSentence {
    /// As shown, with its marks `[n]`.
    pub text: String,
    /// Numbers shown, in order.
    pub numbers: Vec<u32>,
    /// The same as [`Source::n`](crate::answer::Source::n).
    pub sources: Vec<u32>,
}

impl CitedSentence {
    /// Without its marks: what is checked against the sources.
    pub fn plain(&self) -> String {
        without_marks(&self.text, &self.numbers)
    }
}

/// What one piece of the model's text brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Text to show now; may be empty while a mark is undecided.
    pub text: String,
    /// Sentences that were finished.
    pub sentences: Vec<CitedSentence>,
}

/// The whole text, read to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CitedText {
    /// What was held back until the end.
    pub rest: Parsed,
    /// All of it, with marks `[n]`.
    pub text: String,
    /// Every sentence.
    pub sentences: Vec<CitedSentence>,
    /// [`Source::n`](crate::answer::Source::n) of each shown number: `order[0]` is the source of `[1]`.
    pub order: Vec<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Source;
    use crate::document::{ContentHash, DocumentId, Span};

    pub(super) fn whole(text: &str, known: &[u32]) -> CitedText {
        let mut parser = CitationParser::new(known.iter().copied());
        parser.push(text);
        parser.finish()
    }

    pub(super) fn source(n: u32, start: u32, text: &str) -> Source {
        Source {
            n,
            document_id: DocumentId(n),
            document_hash: ContentHash("0".repeat(64)),
            path: String::new(),
            title: "Lease".into(),
            page: 3,
            span: Span::new(start, start + text.chars().count() as u32),
            heading: vec![],
            table_header: String::new(),
            text: text.into(),
        }
    }
}
