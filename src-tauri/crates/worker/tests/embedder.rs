//! `docmind-embed` with the real model, where one was set up.
#![cfg(feature = "embed")]

mod parts;

use docmind_core::cancel::CancelToken;
use docmind_core::document::Page;
use docmind_core::embedding::{Precision, TextKind};
use docmind_core::ports::{Embedder, PagesToEmbed};
use docmind_wire::client::{Client, Rules};
use docmind_wire::embed::{EmbedProtocol, EmbedReply, EmbedRequest, EmbedSetup, EmbedWorker, launch};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const BINARY: &str = env!("CARGO_BIN_EXE_docmind-embed");

/// The runtime folder, where it holds the default embedder.
fn runtime() -> Option<PathBuf> {
    let beside = || Path::new(BINARY).with_file_name("runtime");
    let folder = std::env::var_os("DOCMIND_RUNTIME_DIR").map_or_else(beside, PathBuf::from);
    let there = folder.join("embedders/all-MiniLM-L6-v2/card.json").exists();
    if !there {
        parts::missing("no embedder is set up here (`cargo xtask build`)");
    }
    there.then_some(folder)
}

fn worker(runtime: &Path, setup: &EmbedSetup) -> EmbedWorker {
    EmbedWorker::new(launch(Path::new(BINARY).parent().expect("a folder"), runtime, setup))
}

/// How far the engine's thread of a worker stands back, of 19.
#[cfg(target_os = "linux")]
fn niceness(pid: u32) -> i32 {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("it runs");
    let stat = threads
        .map(|thread| std::fs::read_to_string(thread.expect("a thread").path().join("stat")).expect("readable"))
        .find(|stat| stat.contains("(engine)"))
        .expect("the engine's thread");
    // The nineteenth field, counted after the name in parentheses, which is the second.
    let (_, after) = stat.rsplit_once(')').expect("a name");
    let field = after.split_whitespace().nth(16).expect("a field");
    field.parse().expect("a number")
}

#[test]
#[cfg(target_os = "linux")]
fn it_lets_the_window_go_first() {
    let Some(runtime) = runtime() else { return };
    let worker = worker(&runtime, &EmbedSetup::default());
    worker.card().expect("a card");
    let own = rustix::process::getpriority_process(None).expect("a priority");
    let pid = worker.pid().expect("it runs");
    assert_eq!(niceness(pid), (own + 10).min(19));
}

#[test]
fn a_question_overtakes_an_ingest() {
    let Some(runtime) = runtime() else { return };
    let worker = worker(&runtime, &EmbedSetup::default());
    assert_eq!(worker.card().expect("a card").dimensions, 384);
    let sentence =
        "The caretaker repairs the roof in the spring, and in autumn the gutters are cleaned by a firm from the town. ";
    let pages: Vec<Page> = (1..=24)
        .map(|number| Page {
            number,
            text: sentence.repeat(20),
            ..Page::default()
        })
        .collect();
    let documents = [PagesToEmbed {
        title: "House rules",
        pages: &pages,
    }];
    let (begun, over) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let ingest = scope.spawn(|| {
            let cancel = CancelToken::new();
            let chunks = worker.chunk_and_embed(&documents, &cancel, &mut |_, _| begun.store(true, Ordering::Release));
            over.store(true, Ordering::Release);
            chunks.expect("chunks")
        });
        let until = Instant::now() + Duration::from_mins(1);
        while !begun.load(Ordering::Acquire) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
        let question = ["Who repairs the roof?".to_owned()];
        let vectors = worker
            .embed(TextKind::Query, &question, &CancelToken::new())
            .expect("a vector");
        assert!(
            !over.load(Ordering::Acquire),
            "the question waited for the whole ingest"
        );
        let chunks = ingest.join().expect("no panic");
        assert!(chunks[0].len() >= 24);
        assert!(chunks[0][0].vector.cosine(&vectors[0]) > 0.4);
    });
}

#[test]
fn cancelling_an_ingest_takes_less_than_a_second() {
    let Some(runtime) = runtime() else { return };
    let worker = worker(&runtime, &EmbedSetup::default());
    worker.card().expect("loaded");
    let pages: Vec<Page> = (1..=150)
        .map(|number| Page {
            number,
            text: "One sentence after the other. ".repeat(40),
            ..Page::default()
        })
        .collect();
    let cancel = CancelToken::new();
    let mut cancelled_at = None;
    let outcome = worker.chunk_and_embed(
        &[PagesToEmbed {
            title: "",
            pages: &pages,
        }],
        &cancel,
        &mut |_, _| {
            cancelled_at.get_or_insert_with(Instant::now);
            cancel.cancel();
        },
    );
    assert_eq!(outcome.expect_err("cancelled").code, "cancelled");
    let took = cancelled_at.expect("it had begun").elapsed();
    assert!(took < Duration::from_millis(1500), "{took:?}");
    let texts = ["still there".to_owned()];
    assert_eq!(
        worker
            .embed(TextKind::Query, &texts, &CancelToken::new())
            .expect("a vector")
            .len(),
        1
    );
}

#[test]
fn vectors_come_in_the_precision_of_those_before_them() {
    let Some(runtime) = runtime() else { return };
    let folder = Path::new(BINARY).parent().expect("a folder");
    // What nobody asks for on a processor.
    let chosen = Client::<EmbedProtocol>::new(launch(folder, &runtime, &EmbedSetup::default()), Rules::default());
    let texts = vec!["Who repairs the roof?".to_owned()];
    let of = |client: &Client<EmbedProtocol>, precision| {
        let request = EmbedRequest::Embed {
            kind: TextKind::Query,
            texts: texts.clone(),
            precision,
        };
        match client.call(&request, &CancelToken::new(), &mut |_| {}) {
            Ok(EmbedReply::Vectors(vectors)) => vectors[0].clone(),
            other => panic!("no vectors: {other:?}"),
        }
    };
    let setup = EmbedSetup {
        precision: Some(Precision::Fp32),
        ..EmbedSetup::default()
    };
    let exact = worker(&runtime, &setup).embed(TextKind::Query, &texts, &CancelToken::new());
    let exact = exact.expect("a vector").remove(0);
    assert_ne!(of(&chosen, None), exact);
    assert_eq!(of(&chosen, Some(Precision::Fp32)), exact);
}

#[test]
fn a_missing_embedder_is_said_with_what_to_do() {
    let setup = EmbedSetup {
        embedder: Some("/nonexistent/embedder".into()),
        ..EmbedSetup::default()
    };
    let folder = std::env::temp_dir();
    let error = worker(&folder, &setup).card().expect_err("missing");
    assert_eq!(error.code, "embedder_missing");
    assert!(error.message.contains('\n'), "{}", error.message);
}
