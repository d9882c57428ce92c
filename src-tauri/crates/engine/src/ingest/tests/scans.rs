//! Scans, with readers that say what they are told to say.

use super::{Bench, bench};
use crate::ingest::gate::Gate;
use crate::ingest::pipeline::Pipeline;
use crate::listeners::Listeners;
use docmind_core::cancel::CancelToken;
use docmind_core::document::{DocumentState, Page, ParseEvent, ParseFailure};
use docmind_core::ports::DocumentParser;
use std::io::Read;
use std::sync::Arc;

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
