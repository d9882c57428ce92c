//! Evidence: what was answered, the passages it cites, and the hashes of the files that these stand in. Whoever has the files can prove it
//! again: without a library, on another machine, years later.
//!
//! A passage is proven where a file with the cited bytes is found and the quote stands on its page. Of a file that has changed since, it is
//! said whether the quote still stands in it: see [`looking_up`].

pub mod looking_up;

use docmind_core::answer::{AnswerMode, Citation, Support};
use docmind_core::conversation::Turn;
use docmind_core::document::{ContentHash, Span};
use docmind_core::error::ErrorReport;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The form in which evidence is written now.
const FORM: u32 = 1;
/// A larger file is none of ours.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// So much of a file says whether it may be evidence.
const BEGINNING_BYTES: u64 = 256;

/// What a conversation rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Evidence {
    /// The form of this file.
    pub docmind_evidence: u32,
    /// Title of the conversation.
    pub title: String,
    /// In order.
    pub turns: Vec<EvidenceTurn>,
}

/// A question, what was answered, and on what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct EvidenceTurn {
    /// As typed.
    pub question: String,
    /// With its marks.
    pub answer: String,
    /// How it came about.
    pub mode: AnswerMode,
    /// Milliseconds since the Unix epoch.
    pub asked_at_ms: f64,
    /// What its marks stand for.
    pub citations: Vec<CitedPassage>,
}

/// A passage of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct CitedPassage {
    /// Its mark in the answer.
    pub n: u32,
    /// The sentence of the answer that rests on it.
    pub sentence: String,
    /// Whether it says what the sentence says.
    pub support: Support,
    /// Its words.
    pub quote: String,
    /// Title of the document.
    pub title: String,
    /// Where the file was.
    pub path: String,
    /// blake3 of the file.
    pub hash: ContentHash,
    /// 1-based.
    pub page: u32,
    /// Where in the page's text, as `docmind extract` gives it.
    pub span: Span,
}

impl From<&Citation> for CitedPassage {
    fn from(citation: &Citation) -> Self {
        Self {
            n: citation.n,
            sentence: citation.sentence.clone(),
            support: citation.support,
            quote: citation.quote.clone(),
            title: citation.title.clone(),
            path: citation.path.clone(),
            hash: citation.document_hash.clone(),
            page: citation.page,
            span: citation.span,
        }
    }
}

impl Evidence {
    /// That of a conversation.
    pub fn of(title: &str, turns: &[Turn]) -> Self {
        let turn = |turn: &Turn| EvidenceTurn {
            question: turn.question.clone(),
            answer: turn.answer.text.clone(),
            mode: turn.answer.mode,
            asked_at_ms: turn.asked_at_ms,
            citations: turn.answer.citations.iter().map(CitedPassage::from).collect(),
        };
        Self {
            docmind_evidence: FORM,
            title: title.to_owned(),
            turns: turns.iter().map(turn).collect(),
        }
    }

    /// As it stands in a file.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("BUG: text, numbers and lists have a form in JSON");
        text.push('\n');
        text
    }

    /// Whether the file at `path` says of itself that it is evidence: JSON with the key first that [`Evidence::to_text`] writes first.
    /// Its beginning alone is read; what cannot be read is none.
    pub fn is_at(path: &Path) -> bool {
        let is_json = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        // A pipe of that name would be waited for.
        if !is_json || !path.is_file() {
            return false;
        }
        let mut begins = Vec::new();
        let read = File::open(path).and_then(|file| file.take(BEGINNING_BYTES).read_to_end(&mut begins));
        read.is_ok()
            && begins
                .trim_ascii_start()
                .strip_prefix(b"{")
                .is_some_and(|rest| rest.trim_ascii_start().starts_with(b"\"docmind_evidence\""))
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    /// `file_unreadable`, `evidence_newer`, and `evidence_invalid` for anything else that is none.
    pub fn read(path: &Path) -> Result<Self, ErrorReport> {
        #[derive(Deserialize)]
        struct Form {
            docmind_evidence: u32,
        }
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
            .map_err(|error| {
                let message = format!(
                    "`{}` cannot be read.\nCheck the path and its permissions.",
                    path.display()
                );
                ErrorReport::new("file_unreadable", message).with_detail(error)
            })?;
        let invalid = |detail: String| {
            let message = format!(
                "`{}` is no evidence of DocMind's.\nMake some: export a conversation as evidence, or `docmind export`.",
                path.display()
            );
            ErrorReport::new("evidence_invalid", message).with_detail(detail)
        };
        if bytes.len() as u64 > MOST_BYTES {
            return Err(invalid(format!("more than {MOST_BYTES} bytes")));
        }
        let form: Form = serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))?;
        if form.docmind_evidence > FORM {
            let message = format!(
                "`{}` was written by a newer DocMind.\nInstall that one to check it.",
                path.display()
            );
            return Err(ErrorReport::new("evidence_newer", message));
        }
        serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn passage(quote: &str, page: u32) -> CitedPassage {
        CitedPassage {
            n: 1,
            sentence: "Rent is due.".to_owned(),
            support: Support::Supported,
            quote: quote.to_owned(),
            title: "Lease".to_owned(),
            path: "/lease.pdf".to_owned(),
            hash: ContentHash("00".to_owned()),
            page,
            span: Span::new(4, 4 + quote.chars().count() as u32),
        }
    }

    #[test]
    fn evidence_comes_back_from_its_file_and_nothing_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("evidence.json");
        let evidence = Evidence {
            docmind_evidence: FORM,
            title: "Lease".to_owned(),
            turns: vec![EvidenceTurn {
                question: "When?".to_owned(),
                answer: "Now [1].".to_owned(),
                mode: AnswerMode::Extractive,
                asked_at_ms: 1.0,
                citations: vec![passage("rent", 1)],
            }],
        };
        std::fs::write(&path, evidence.to_text()).unwrap();
        assert_eq!(Evidence::read(&path), Ok(evidence));
        let code = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Evidence::read(&path).unwrap_err().code
        };
        assert_eq!(code("{}"), "evidence_invalid");
        assert_eq!(code("\u{0}"), "evidence_invalid");
        assert_eq!(code(r#"{"docmind_evidence": 2, "later": true}"#), "evidence_newer");
        assert_eq!(Evidence::read(folder.path()).unwrap_err().code, "file_unreadable");
    }

    #[test]
    fn evidence_is_known_by_its_beginning_and_nothing_else_is_taken_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            Evidence::is_at(&path)
        };
        let written = Evidence::of("Lease", &[]).to_text();
        assert!(at("Lease.evidence.json", &written));
        assert!(at("renamed.JSON", "  {\"docmind_evidence\":2}"), "of a newer form too");
        assert!(!at("evidence.txt", &written));
        assert!(!at("other.json", "{\"title\": \"docmind_evidence\"}"));
        assert!(!at("list.json", "[{\"docmind_evidence\": 1}]"));
        assert!(!at("empty.json", ""));
        assert!(!Evidence::is_at(&folder.path().join("missing.json")));
        std::fs::create_dir(folder.path().join("folder.json")).unwrap();
        assert!(!Evidence::is_at(&folder.path().join("folder.json")));
    }
}
