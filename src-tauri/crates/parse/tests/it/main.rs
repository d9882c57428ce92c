//! The reading room through its public surface: every format, every state, files made to hurt. All inputs are generated here.

mod build;
mod encrypted;
mod fiction;
mod formats;
mod hostile;
mod mail;
mod old_workbooks;
mod open_document;
mod packed_mail;
mod pdf;
mod pictures;
mod slides;
mod tables;
mod word;
mod workbooks;

use docmind_core::cancel::CancelToken;
use docmind_core::document::{DocumentState, Page, ParseEvent, ParseFailure};
use docmind_parse::{Limits, Registry};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::OnceLock;

/// Folder with `libpdfium`: `DOCMIND_RUNTIME_DIR`, else `runtime/` beside the built binaries.
fn runtime() -> PathBuf {
    std::env::var_os("DOCMIND_RUNTIME_DIR").map_or_else(
        || {
            let test = std::env::current_exe().expect("a test has a path");
            test.ancestors()
                .nth(2)
                .expect("tests lie in target/debug/deps")
                .join("runtime")
        },
        PathBuf::from,
    )
}

fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| Registry::new(&runtime()))
}

/// True where PDFium is there; what needs it is left out otherwise. One that is there and does not load is a failure, and so is a missing
/// one under `cargo xtask test`, which has just set it up.
fn has_pdfium() -> bool {
    let Some(why) = registry().pdfium_error() else {
        return true;
    };
    let expected = runtime().join("libpdfium.so").exists() || std::env::var_os("DOCMIND_PARTS_REQUIRED").is_some();
    assert!(!expected, "{why}");
    // Past the test harness, which shows nothing of what passes.
    let _ = writeln!(std::io::stderr(), "left out: what needs PDFium ({why})");
    false
}

/// What came out of a file.
#[derive(Debug)]
struct Read {
    media_type: String,
    title: Option<String>,
    pages: Vec<Page>,
    failed: Vec<u32>,
    warnings: Vec<String>,
    outcome: Result<(), ParseFailure>,
}

impl Read {
    fn text(&self) -> String {
        self.pages
            .iter()
            .map(|page| page.text.as_str())
            .collect::<Vec<_>>()
            .join("\u{c}")
    }

    fn state(&self) -> DocumentState {
        self.outcome
            .as_ref()
            .map_or_else(|failure| failure.state, |()| DocumentState::Ready)
    }

    fn message(&self) -> &str {
        self.outcome
            .as_ref()
            .map_or_else(|failure| failure.message.as_str(), |()| "")
    }
}

fn read(name: &str, bytes: &[u8]) -> Read {
    read_with(registry(), name, bytes)
}

fn read_limited(limits: Limits, name: &str, bytes: &[u8]) -> Read {
    read_with(&Registry::with_limits(&runtime(), limits), name, bytes)
}

fn read_with(registry: &Registry, name: &str, bytes: &[u8]) -> Read {
    let mut read = Read {
        media_type: String::new(),
        title: None,
        pages: Vec::new(),
        failed: Vec::new(),
        warnings: Vec::new(),
        outcome: Ok(()),
    };
    let outcome = registry.parse_bytes(name, bytes, &CancelToken::new(), &mut |event| match event {
        ParseEvent::Started { media_type, title, .. } => (read.media_type, read.title) = (media_type, title),
        ParseEvent::Page(page) => read.pages.push(page),
        ParseEvent::PageFailed { number, .. } => read.failed.push(number),
        ParseEvent::Warning { message } => read.warnings.push(message),
    });
    read.outcome = outcome;
    check_invariants(&read);
    read
}

/// What every page promises, whatever the file.
fn check_invariants(read: &Read) {
    let mut last = 0;
    for page in &read.pages {
        assert!(page.number > last, "pages ascend");
        last = page.number;
        let chars = page.text.chars().count() as u32;
        assert!(
            !page.text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'),
            "no control characters: {:?}",
            page.text
        );
        assert!(unicode_normalization::is_nfc(&page.text), "NFC: {:?}", page.text);
        assert!(page.words.is_sorted_by_key(|word| word.span.start), "words in order");
        assert!(
            page.headings.is_sorted_by_key(|heading| heading.span.start),
            "headings in order"
        );
        let spans = page
            .words
            .iter()
            .map(|word| word.span)
            .chain(page.headings.iter().map(|heading| heading.span));
        for span in spans.chain(page.tables.iter().map(|table| table.span)) {
            assert!(
                span.start < span.end && span.end <= chars,
                "{span:?} in {chars} characters"
            );
        }
    }
}

#[test]
fn a_cancelled_file_is_undecided() {
    let cancel = CancelToken::new();
    cancel.cancel();
    let failure = registry()
        .parse_bytes("a.txt", b"text", &cancel, &mut |_| {})
        .unwrap_err();
    assert_eq!(failure.state, DocumentState::Queued);
}
