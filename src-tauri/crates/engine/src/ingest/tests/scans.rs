//! Scans, with readers that say what they are told to say.

use super::{Bench, bench};
use crate::ingest::gate::Gate;
use crate::ingest::pipeline::Pipeline;
use crate::listeners::Listeners;
use docmind_core::cancel::CancelToken;
use docmind_core::document::{DocumentState, Page, ParseEvent, ParseFailure};
use docmind_core::ports::DocumentParser;
use docmind_store::DocumentRecord;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The texts of a PDF's pages, or how it fails behind them.
struct Says(&'static [&'static str], Option<DocumentState>);

impl DocumentParser for Says {
    fn parse(
        &self,
        _name: &str,
        _len: u64,
        bytes: &mut dyn Read,
        _cancel: &CancelToken,
        sink: &mut dyn FnMut(ParseEvent),
    ) -> Result<(), ParseFailure> {
        bytes.read_to_end(&mut Vec::new()).expect("read");
        sink(ParseEvent::Started {
            media_type: "application/pdf".to_owned(),
            title: None,
            pages: None,
        });
        for (number, text) in (1..).zip(self.0) {
            sink(ParseEvent::Page(Page {
                number,
                text: (*text).to_owned(),
                ..Page::default()
            }));
            if text.is_empty() {
                sink(ParseEvent::PageFailed {
                    number,
                    reason: "a picture".to_owned(),
                });
            }
        }
        let failure = |state| ParseFailure {
            state,
            message: "It failed.\nTry again.".to_owned(),
            detail: None,
        };
        self.1.map_or(Ok(()), |state| Err(failure(state)))
    }
}

/// How a PDF ends, and with which code, that one reader reads and another one recognises, where that is wanted.
fn ended(read: Says, recognised: Says, wanted: bool) -> (DocumentState, Option<String>) {
    let mut bench: Bench = bench();
    bench.pipeline = Pipeline::new(
        Arc::clone(&bench.library),
        Arc::clone(&bench.index) as _,
        Arc::new(read),
        Arc::clone(&bench.embedder) as _,
        Gate::default(),
        Listeners::default(),
    )
    .recognising(Some(Arc::new(recognised)));
    assert_eq!(bench.pipeline.recognise_scans(wanted), wanted);
    let id = bench.enqueue(&bench.write("scan.pdf", "%PDF"));
    bench.run();
    let record = bench.library.document(id).expect("read").expect("known");
    (record.state, record.error.map(|error| error.code))
}

#[test]
fn scans_are_recognised_where_that_is_wanted() {
    use DocumentState::{Crashed, NoText, Queued, Ready};
    let scan = || Says(&["", ""], Some(NoText));
    let text = || Says(&["The rent is 850 euros.", "It is due on Mondays."], None);
    let code = |code: &str| Some(code.to_owned());
    assert_eq!(ended(scan(), text(), false), (NoText, code("no_text")));
    assert_eq!(ended(scan(), text(), true), (Ready, None));
    assert_eq!(ended(scan(), scan(), true), (NoText, code("no_writing")));
    assert_eq!(
        ended(scan(), Says(&[], Some(Queued)), true),
        (NoText, code("recognition_missing"))
    );
    assert_eq!(
        ended(scan(), Says(&[], Some(Crashed)), true),
        (Crashed, code("crashed"))
    );
    // What was read without it is not lost.
    let mixed = || Says(&["The rent is 850 euros.", ""], None);
    assert_eq!(ended(mixed(), Says(&[], Some(Crashed)), true), (Ready, None));
}

/// Says one thing after the other.
struct InTurn(Vec<Says>, AtomicUsize);

impl DocumentParser for InTurn {
    fn parse(
        &self,
        name: &str,
        len: u64,
        bytes: &mut dyn Read,
        cancel: &CancelToken,
        sink: &mut dyn FnMut(ParseEvent),
    ) -> Result<(), ParseFailure> {
        let turn = self.1.fetch_add(1, Ordering::Relaxed);
        self.0[turn].parse(name, len, bytes, cancel, sink)
    }
}

/// What becomes of a PDF that was read without its second page, a picture, once it is read again.
fn read_again(second: Says, recognised: Says) -> DocumentRecord {
    let mut bench: Bench = bench();
    let first = Says(&["The rent is 850 euros.", ""], None);
    bench.pipeline = Pipeline::new(
        Arc::clone(&bench.library),
        Arc::clone(&bench.index) as _,
        Arc::new(InTurn(vec![first, second], AtomicUsize::new(0))),
        Arc::clone(&bench.embedder) as _,
        Gate::default(),
        Listeners::default(),
    )
    .recognising(Some(Arc::new(recognised)));
    let id = bench.enqueue(&bench.write("mixed.pdf", "%PDF"));
    bench.run();
    let unread = bench.library.with_unread_pictures().expect("read");
    assert_eq!(unread.iter().map(|record| record.id).collect::<Vec<_>>(), [id]);
    assert!(bench.pipeline.recognise_scans(true));
    assert_eq!(bench.library.read_again(&[id], 2.0).expect("queued"), [id]);
    bench.pipeline.queued(1);
    bench.run();
    assert_eq!(bench.library.check().expect("read").problems, Vec::<String>::new());
    bench.library.document(id).expect("read").expect("known")
}

#[test]
fn pages_that_are_pictures_are_read_once_that_is_wanted() {
    use DocumentState::{Crashed, Ready};
    let mixed = || Says(&["The rent is 850 euros.", ""], None);
    let whole = read_again(
        mixed(),
        Says(&["The rent is 850 euros.", "It is due on Mondays."], None),
    );
    assert_eq!((whole.state, whole.failed_pages.len(), whole.chunks), (Ready, 0, 2));
    // What was read before is not lost to readers that fail now.
    let crashes = || Says(&[], Some(Crashed));
    let kept = read_again(crashes(), crashes());
    assert_eq!((kept.state, kept.failed_pages.len(), kept.chunks), (Ready, 1, 1));
}
