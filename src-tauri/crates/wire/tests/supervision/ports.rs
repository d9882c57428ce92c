//! The domain's ports over the pipe.

use crate::shared::{cancel_after, launch};
use docmind_core::cancel::CancelToken;
use docmind_core::document::{DocumentState, ParseEvent};
use docmind_core::embedding::TextKind;
use docmind_core::ports::{DocumentParser, Embedder};
use docmind_wire::embed::EmbedWorker;
use docmind_wire::launch::Launch;
use docmind_wire::parse::{ParseLimits, ParseWorker};
use std::path::PathBuf;
use std::time::{Duration, Instant};

tests![
    a_file_that_crashes_once_is_read,
    both_attempts_at_a_file_share_one_limit,
    each_bad_file_gets_its_state,
    the_pool_reads_side_by_side,
    a_process_that_comes_back_keeps_the_precision_of_the_first,
    the_embedder_answers_over_the_pipe,
];

fn parse_worker(limits: ParseLimits) -> ParseWorker {
    ParseWorker::new(launch("parse"), 2, limits)
}

/// State and the numbers of the pages told.
fn read(worker: &ParseWorker, name: &str, cancel: &CancelToken) -> (Option<DocumentState>, Vec<u32>) {
    let mut pages = Vec::new();
    let mut bytes = name.as_bytes();
    let outcome = worker.parse(name, bytes.len() as u64, &mut bytes, cancel, &mut |event| {
        if let ParseEvent::Page(page) = event {
            pages.push(page.number);
        }
    });
    (outcome.err().map(|failure| failure.state), pages)
}

fn a_file_that_crashes_once_is_read() {
    let worker = parse_worker(ParseLimits::default());
    let marker: PathBuf = std::env::temp_dir().join(format!("docmind-wire-{}", std::process::id()));
    let name = format!("crash-once:{}", marker.display());
    // It dies after two of four pages; each page is told once.
    let outcome = read(&worker, &name, &CancelToken::new());
    std::fs::remove_file(&marker).expect("the first attempt left its mark");
    assert_eq!(outcome, (None, vec![1, 2, 3, 4]));
}

fn both_attempts_at_a_file_share_one_limit() {
    let worker = parse_worker(ParseLimits {
        total: Duration::from_secs(2),
        ..ParseLimits::default()
    });
    let marker: PathBuf = std::env::temp_dir().join(format!("docmind-wire-late-{}", std::process::id()));
    let name = format!("crash-late-once:{}", marker.display());
    let mut bytes = name.as_bytes();
    let outcome = worker.parse(&name, name.len() as u64, &mut bytes, &CancelToken::new(), &mut |_| ());
    std::fs::remove_file(&marker).expect("the first attempt left its mark");
    let failure = outcome.expect_err("there is no time left");
    assert_eq!(failure.state, DocumentState::TimedOut);
    assert!(
        failure.message.contains("the limit of 2 seconds"),
        "{}",
        failure.message
    );
}

fn each_bad_file_gets_its_state() {
    let limits = ParseLimits {
        total: Duration::from_secs(3),
        silence: Duration::from_millis(600),
        text_bytes: 1_000_000,
        input_bytes: 1000,
        ..ParseLimits::default()
    };
    let worker = parse_worker(limits);
    let never = CancelToken::new();
    let state = |name: &str| read(&worker, name, &never).0;
    assert_eq!(state("fine"), None);
    assert_eq!(state("crash"), Some(DocumentState::Crashed));
    assert_eq!(state("starve"), Some(DocumentState::TooLarge));
    assert_eq!(state("hang"), Some(DocumentState::TimedOut));
    assert_eq!(state("endless"), Some(DocumentState::TooLarge));
    assert_eq!(state("damaged"), Some(DocumentState::Damaged));
    assert_eq!(state(&"x".repeat(1001)), Some(DocumentState::TooLarge));
    assert_eq!(read(&worker, "slow", &cancel_after(200)).0, Some(DocumentState::Queued));
    assert_eq!(state("fine"), None);
    // Without a reader nothing is learnt of a file.
    for launch in [Launch::new("/nonexistent/docmind-double"), launch("quit")] {
        let worker = ParseWorker::new(launch, 1, ParseLimits::default());
        assert_eq!(read(&worker, "fine", &never), (Some(DocumentState::Queued), vec![]));
    }
}

fn the_pool_reads_side_by_side() {
    let worker = parse_worker(ParseLimits::default());
    assert_eq!(read(&worker, "fine", &CancelToken::new()).0, None);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!(read(&worker, "second-long", &CancelToken::new()).0, None));
        }
    });
    assert!(start.elapsed() < Duration::from_millis(1900), "{:?}", start.elapsed());
    assert_eq!(worker.pids().len(), 2);
    worker.stop();
    assert!(worker.pids().is_empty());
}

fn a_process_that_comes_back_keeps_the_precision_of_the_first() {
    let worker = EmbedWorker::new(launch("embed"));
    let cancel = CancelToken::new();
    let ask = |text: &str| worker.embed(TextKind::Passage, &[text.to_owned()], &cancel);
    let told = || ask("precision").expect("a vector")[0].to_f32();
    assert_eq!(told(), [0.0], "nothing was chosen yet");
    worker.card().expect("a card");
    assert_eq!(told(), [1.0]);
    let first = worker.pid();
    assert_eq!(ask("crash").expect_err("twice").code, "worker_died");
    assert_eq!(told(), [1.0]);
    assert_ne!(worker.pid(), first);
    worker.stop();
    assert_eq!(told(), [0.0], "chosen anew");
}

fn the_embedder_answers_over_the_pipe() {
    let worker = EmbedWorker::new(launch("embed"));
    let cancel = CancelToken::new();
    assert_eq!(worker.card().expect("a card").name, "double");
    let texts = ["a".to_owned(), "bbb".to_owned()];
    let vectors = worker.embed(TextKind::Passage, &texts, &cancel).expect("vectors");
    assert_eq!(
        vectors
            .iter()
            .map(docmind_core::embedding::Embedding::to_f32)
            .collect::<Vec<_>>(),
        [[1.0], [3.0]]
    );
    let pages = [docmind_core::document::Page {
        number: 1,
        text: "x".repeat(5),
        ..Default::default()
    }];
    let documents = [
        docmind_core::ports::PagesToEmbed {
            title: "T",
            pages: &pages,
        },
        docmind_core::ports::PagesToEmbed { title: "", pages: &[] },
    ];
    let mut told = Vec::new();
    let chunks = worker
        .chunk_and_embed(&documents, &cancel, &mut |done, all| told.push((done, all)))
        .expect("chunks");
    assert_eq!((chunks[0].len(), chunks[1].len()), (1, 0));
    assert_eq!(chunks[0][0].chunk.text, "xxxxx");
    assert_eq!(told, [(1, 1)]);
}
