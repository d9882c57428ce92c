//! Supervision, tried on a worker made for it: this executable starts itself again with the argument `worker`.
//!
//! The tests run one after the other, so that descriptors, threads and children can be counted at the end.
#![cfg(target_os = "linux")]

mod double;

use docmind_core::cancel::CancelToken;
use docmind_core::document::{DocumentState, ParseEvent};
use docmind_core::embedding::TextKind;
use docmind_core::ports::{DocumentParser, Embedder};
use docmind_wire::client::{AfterGrace, CallError, Client, Incoming, Options, Rules};
use docmind_wire::embed::EmbedWorker;
use docmind_wire::exit::ExitKind;
use docmind_wire::launch::Launch;
use docmind_wire::parse::{ParseLimits, ParseWorker};
use double::{Double, Request};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("worker") => double::run(&args[1..]),
        Some("parent") => double::be_a_parent(),
        _ => run_tests(&args),
    }
}

type Test = (&'static str, fn());

const TESTS: &[Test] = &[
    ("events_arrive_in_order", events_arrive_in_order),
    ("a_body_arrives_whole", a_body_arrives_whole),
    ("an_early_reply_ends_the_upload", an_early_reply_ends_the_upload),
    ("a_worker_starts_with_nothing", a_worker_starts_with_nothing),
    ("a_print_cannot_break_frames", a_print_cannot_break_frames),
    ("deaths_are_told_apart", deaths_are_told_apart),
    ("a_failure_leaves_the_worker_alive", a_failure_leaves_the_worker_alive),
    ("a_hang_ends_at_its_limit", a_hang_ends_at_its_limit),
    ("busy_is_not_dead", busy_is_not_dead),
    (
        "a_slow_listener_is_not_a_dead_worker",
        a_slow_listener_is_not_a_dead_worker,
    ),
    ("a_frozen_worker_is_killed", a_frozen_worker_is_killed),
    ("cancel_ends_within_a_second", cancel_ends_within_a_second),
    (
        "an_abandoned_call_does_not_disturb_the_next",
        an_abandoned_call_does_not_disturb_the_next,
    ),
    ("garbage_is_noticed", garbage_is_noticed),
    ("bad_starts_are_explained", bad_starts_are_explained),
    ("too_much_is_stopped", too_much_is_stopped),
    ("the_restart_budget_holds", the_restart_budget_holds),
    ("a_worker_is_recycled", a_worker_is_recycled),
    ("a_question_overtakes", a_question_overtakes),
    ("killed_at_random_it_goes_on", killed_at_random_it_goes_on),
    (
        "no_orphan_when_the_parent_is_killed",
        no_orphan_when_the_parent_is_killed,
    ),
    ("a_file_that_crashes_once_is_read", a_file_that_crashes_once_is_read),
    ("each_bad_file_gets_its_state", each_bad_file_gets_its_state),
    ("the_pool_reads_side_by_side", the_pool_reads_side_by_side),
    ("the_embedder_answers_over_the_pipe", the_embedder_answers_over_the_pipe),
];

fn run_tests(args: &[String]) -> ExitCode {
    let filters: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    if args.iter().any(|arg| arg == "--list") {
        TESTS.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    // The first use of a thread, of stderr and of the clock keeps things open for good; they are no leak.
    events_arrive_in_order();
    settle();
    let before = Belongings::count();
    let mut failed = Vec::new();
    for (name, test) in TESTS {
        if !filters.is_empty() && !filters.iter().any(|filter| name.contains(filter.as_str())) {
            continue;
        }
        let start = Instant::now();
        let outcome = std::panic::catch_unwind(test);
        let word = if outcome.is_ok() { "ok" } else { "FAILED" };
        println!("test {name} ... {word} ({} ms)", start.elapsed().as_millis());
        if outcome.is_err() {
            failed.push(*name);
        }
    }
    settle();
    let after = Belongings::count();
    if after != before {
        println!("test nothing_is_left ... FAILED\nbefore: {before:?}\nafter:  {after:?}");
        failed.push("nothing_is_left");
    }
    println!("\ntest result: {} failed {failed:?}", failed.len());
    if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What must not grow.
#[derive(Debug, PartialEq, Eq)]
struct Belongings {
    descriptors: usize,
    threads: usize,
    children: Vec<u32>,
}

impl Belongings {
    fn count() -> Self {
        let entries = |path: &str| std::fs::read_dir(path).map_or(0, Iterator::count);
        Self {
            descriptors: entries("/proc/self/fd"),
            threads: entries("/proc/self/task"),
            children: children(),
        }
    }
}

/// Every process whose parent we are, zombies included.
fn children() -> Vec<u32> {
    let own = std::process::id();
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| parent_of(*pid) == Some(own)).collect()
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

/// Waits until stopped workers are reaped, at most three seconds.
fn settle() {
    let until = Instant::now() + Duration::from_secs(3);
    while !children().is_empty() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(50));
}

fn launch(mode: &str) -> Launch {
    Launch::new(std::env::current_exe().expect("own path"))
        .arg("worker")
        .arg(mode)
}

fn quick() -> Rules {
    Rules {
        start: Duration::from_secs(20),
        backoff: Duration::from_millis(1),
        ..Rules::default()
    }
}

fn client() -> Client<Double> {
    Client::new(launch("serve"), quick())
}

fn ask(client: &Client<Double>, request: Request) -> Result<String, CallError> {
    client.call(&request, &CancelToken::new(), &mut |_| {})
}

fn died(outcome: Result<String, CallError>) -> ExitKind {
    match outcome {
        Err(CallError::Died(exit)) => exit.kind,
        other => panic!("expected a death, got {other:?}"),
    }
}

fn events_arrive_in_order() {
    let client = client();
    let mut seen = Vec::new();
    let reply = client.call(
        &Request::Count { to: 300, pause_ms: 0 },
        &CancelToken::new(),
        &mut |event| seen.push(event),
    );
    assert_eq!(reply.expect("a reply"), "300");
    assert_eq!(seen, (0..300).collect::<Vec<u32>>());
}

fn a_body_arrives_whole() {
    let client = client();
    let body: Vec<u8> = (0..5_000_000_u32).map(|n| (n * 31 % 251) as u8).collect();
    let expected = format!(
        "{} {}",
        body.len(),
        body.iter().map(|byte| u64::from(*byte)).sum::<u64>()
    );
    let cancel = CancelToken::new();
    for bytes in [&body[..], &[]] {
        let mut reader = bytes;
        let options = Options {
            body: Some(&mut reader),
            ..Options::new(&cancel)
        };
        let reply = client
            .call_with(&Request::Sum, options, &mut |_| ControlFlow::Continue(()))
            .expect("a reply");
        assert_eq!(
            reply,
            if bytes.is_empty() {
                "0 0".to_owned()
            } else {
                expected.clone()
            }
        );
    }
}

fn an_early_reply_ends_the_upload() {
    let client = client();
    let cancel = CancelToken::new();
    let mut endless = std::io::repeat(7);
    let options = Options {
        body: Some(&mut endless),
        total: Some(Duration::from_secs(10)),
        ..Options::new(&cancel)
    };
    let reply = client.call_with(&Request::Echo("enough".into()), options, &mut |_| {
        ControlFlow::Continue(())
    });
    assert_eq!(reply.expect("a reply"), "enough");
    assert_eq!(ask(&client, Request::Echo("next".into())).expect("a reply"), "next");
}

fn a_worker_starts_with_nothing() {
    let client = Client::<Double>::new(launch("serve").env("ONLY", "this"), quick());
    let held = std::fs::File::open("/dev/null").expect("a descriptor that must not be inherited");
    assert_eq!(
        ask(&client, Request::Surroundings).expect("a reply"),
        "ONLY=this; 5 descriptors"
    );
    drop(held);
}

fn a_print_cannot_break_frames() {
    let client = client();
    assert_eq!(ask(&client, Request::Print).expect("a reply"), "printed");
    assert_eq!(
        ask(&client, Request::Echo("still here".into())).expect("a reply"),
        "still here"
    );
}

fn deaths_are_told_apart() {
    let client = client();
    assert_eq!(died(ask(&client, Request::Abort)), ExitKind::Aborted);
    assert_eq!(died(ask(&client, Request::Starve)), ExitKind::OutOfMemory);
    assert_eq!(died(ask(&client, Request::Exit(3))), ExitKind::Status(3));
    assert_eq!(died(ask(&client, Request::Panic)), ExitKind::Status(101));
    assert_eq!(died(ask(&client, Request::KillSelf)), ExitKind::Killed);
    match ask(&client, Request::Panic) {
        Err(CallError::Died(exit)) => assert!(
            exit.last_words.iter().any(|line| line.contains("on purpose")),
            "{exit:?}"
        ),
        other => panic!("{other:?}"),
    }
    let report = ask(&client, Request::Abort).expect_err("an abort").report("The worker");
    assert_eq!(report.code, "worker_died");
    assert!(
        report.message.starts_with("The worker stopped: it gave up"),
        "{}",
        report.message
    );
    assert_eq!(
        ask(&client, Request::Echo("again".into())).expect("a fresh one"),
        "again"
    );
}

fn a_failure_leaves_the_worker_alive() {
    let client = client();
    let first = ask(&client, Request::Pid).expect("a pid");
    match ask(&client, Request::Fail) {
        Err(CallError::Failed(report)) => assert_eq!(report.code, "on_purpose"),
        other => panic!("{other:?}"),
    }
    assert_eq!(ask(&client, Request::Pid).expect("a pid"), first);
}

fn with_limits(
    client: &Client<Double>,
    request: &Request,
    total_ms: u64,
    silence_ms: u64,
) -> Result<String, CallError> {
    let cancel = CancelToken::new();
    let options = Options {
        total: Some(Duration::from_millis(total_ms)),
        silence: Some(Duration::from_millis(silence_ms)),
        ..Options::new(&cancel)
    };
    client.call_with(request, options, &mut |_| ControlFlow::Continue(()))
}

fn a_hang_ends_at_its_limit() {
    let client = client();
    ask(&client, Request::Pid).expect("started");
    let start = Instant::now();
    assert!(matches!(
        with_limits(&client, &Request::Hang, 30_000, 400),
        Err(CallError::TimedOut(_))
    ));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    // Progress every 20 ms keeps silence away, the total still ends it.
    let slow = Request::Count {
        to: 10_000,
        pause_ms: 20,
    };
    assert!(matches!(
        with_limits(&client, &slow, 600, 5_000),
        Err(CallError::TimedOut(_))
    ));
    assert_eq!(
        ask(&client, Request::Echo("alive".into())).expect("a fresh one"),
        "alive"
    );
}

fn busy_is_not_dead() {
    let client = Client::<Double>::new(
        launch("serve"),
        Rules {
            life_sign: Duration::from_millis(1500),
            ..quick()
        },
    );
    assert_eq!(
        ask(&client, Request::Spin { ms: 3000 }).expect("busy, not dead"),
        "spun"
    );
}

fn a_slow_listener_is_not_a_dead_worker() {
    let client = Client::<Double>::new(
        launch("serve"),
        Rules {
            life_sign: Duration::from_millis(1500),
            ..quick()
        },
    );
    let mut seen = 0;
    let reply = client.call(
        &Request::Count { to: 5000, pause_ms: 0 },
        &CancelToken::new(),
        &mut |_| {
            seen += 1;
            if seen == 10 {
                std::thread::sleep(Duration::from_millis(3500));
            }
        },
    );
    assert_eq!(reply.expect("a reply"), "5000");
    assert_eq!(seen, 5000);
}

fn a_frozen_worker_is_killed() {
    let client = Client::<Double>::new(
        launch("serve"),
        Rules {
            life_sign: Duration::from_millis(1500),
            ..quick()
        },
    );
    assert!(matches!(died(ask(&client, Request::Freeze)), ExitKind::Silent(_)));
    assert_eq!(
        ask(&client, Request::Echo("thawed".into())).expect("a fresh one"),
        "thawed"
    );
}

fn cancel_after(ms: u64) -> CancelToken {
    let token = CancelToken::new();
    let later = token.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(ms));
        later.cancel();
    });
    token
}

fn cancel_ends_within_a_second() {
    let client = client();
    ask(&client, Request::Pid).expect("started");
    // One that listens, and one that does not.
    for request in [
        Request::Count {
            to: 100_000,
            pause_ms: 5,
        },
        Request::Hang,
    ] {
        let cancel = cancel_after(200);
        let start = Instant::now();
        assert!(matches!(
            client.call(&request, &cancel, &mut |_| {}),
            Err(CallError::Cancelled)
        ));
        assert!(start.elapsed() < Duration::from_millis(1200), "{:?}", start.elapsed());
    }
    let cancelled = CancelToken::new();
    cancelled.cancel();
    assert!(matches!(
        client.call(&Request::Pid, &cancelled, &mut |_| {}),
        Err(CallError::Cancelled)
    ));
}

fn an_abandoned_call_does_not_disturb_the_next() {
    let rules = Rules {
        after_grace: AfterGrace::Abandon,
        cancel_grace: Duration::from_millis(50),
        ..quick()
    };
    let client = Client::<Double>::new(launch("serve"), rules);
    let pid = ask(&client, Request::Pid).expect("a pid");
    let cancel = cancel_after(50);
    assert!(matches!(
        client.call(
            &Request::Deaf {
                events: 400,
                pause_ms: 2
            },
            &cancel,
            &mut |_| {}
        ),
        Err(CallError::Cancelled)
    ));
    let mut events = 0;
    let reply = client.call(&Request::Echo("next".into()), &CancelToken::new(), &mut |_| events += 1);
    assert_eq!((reply.expect("a reply").as_str(), events), ("next", 0));
    assert_eq!(ask(&client, Request::Pid).expect("a pid"), pid);
}

fn garbage_is_noticed() {
    let client = client();
    assert!(matches!(died(ask(&client, Request::Garbage)), ExitKind::Garbage(_)));
    assert_eq!(
        ask(&client, Request::Echo("clean".into())).expect("a fresh one"),
        "clean"
    );
    let from_the_start = Client::<Double>::new(launch("garbage"), quick());
    assert!(matches!(ask(&from_the_start, Request::Pid), Err(CallError::Start(_))));
}

fn bad_starts_are_explained() {
    let missing = Client::<Double>::new(Launch::new("/nonexistent/docmind-double"), quick());
    assert_eq!(
        ask(&missing, Request::Pid).expect_err("missing").report("It").code,
        "worker_missing"
    );
    let silent = Client::<Double>::new(
        launch("silent"),
        Rules {
            start: Duration::from_millis(300),
            ..quick()
        },
    );
    let start = Instant::now();
    assert_eq!(
        ask(&silent, Request::Pid).expect_err("silent").report("It").code,
        "worker_start_failed"
    );
    assert!(start.elapsed() < Duration::from_secs(3));
    let quitter = Client::<Double>::new(launch("quit"), quick());
    let report = ask(&quitter, Request::Pid).expect_err("quit").report("It");
    assert_eq!(report.code, "worker_start_failed");
    assert!(
        report
            .detail
            .as_deref()
            .is_some_and(|detail| detail.contains("no library")),
        "{report:?}"
    );
    let stranger = Client::<Double>::new(launch("stranger"), quick());
    assert_eq!(
        ask(&stranger, Request::Pid).expect_err("a stranger").report("It").code,
        "worker_missing"
    );
}

fn too_much_is_stopped() {
    let client = client();
    let cancel = CancelToken::new();
    let mut bytes = 0;
    let outcome = client.call_with(&Request::Flood, Options::new(&cancel), &mut |incoming| {
        if let Incoming::Output(piece) = incoming {
            bytes += piece.len();
        }
        if bytes > 20_000_000 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert!(matches!(outcome, Err(CallError::TooMuch)), "{outcome:?}");
    assert!(bytes < 21_000_000);
    assert_eq!(ask(&client, Request::Echo("dry".into())).expect("a fresh one"), "dry");
}

fn the_restart_budget_holds() {
    let client = Client::<Double>::new(
        launch("serve"),
        Rules {
            restarts: Some(3),
            ..quick()
        },
    );
    for _ in 0..4 {
        assert_eq!(died(ask(&client, Request::Abort)), ExitKind::Aborted);
    }
    let report = ask(&client, Request::Pid)
        .expect_err("exhausted")
        .report("The model's process");
    assert_eq!(report.code, "worker_restarts_exhausted");
    client.forgive();
    ask(&client, Request::Pid).expect("a fresh one");
}

fn a_worker_is_recycled() {
    let client = Client::<Double>::new(
        launch("serve"),
        Rules {
            recycle_after: Some(3),
            ..quick()
        },
    );
    let pids: Vec<String> = (0..7).map(|_| ask(&client, Request::Pid).expect("a pid")).collect();
    assert_eq!(pids[0], pids[2]);
    assert_ne!(pids[2], pids[3]);
    assert_eq!(pids[3], pids[5]);
    assert_ne!(pids[5], pids[6]);
}

fn a_question_overtakes() {
    let client = client();
    ask(&client, Request::Pid).expect("started");
    std::thread::scope(|scope| {
        let long = scope.spawn(|| ask(&client, Request::Long { steps: 60, step_ms: 20 }));
        std::thread::sleep(Duration::from_millis(100));
        let waiting = scope.spawn(|| ask(&client, Request::Echo("after".into())));
        let start = Instant::now();
        assert_eq!(ask(&client, Request::Urgent).expect("an answer"), "at once");
        assert!(start.elapsed() < Duration::from_millis(600), "{:?}", start.elapsed());
        assert!(!long.is_finished());
        assert_eq!(long.join().expect("no panic").expect("a reply"), "60");
        assert_eq!(waiting.join().expect("no panic").expect("a reply"), "after");
    });
}

fn killed_at_random_it_goes_on() {
    let client = client();
    let mut seed = 0x9E37_79B9_u32;
    let mut deaths = 0;
    for round in 0..12_u32 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let wait = Duration::from_micros(u64::from(seed >> 8) % 60_000);
        let pid: i32 = ask(&client, Request::Pid).expect("a pid").parse().expect("a number");
        std::thread::scope(|scope| {
            let call = scope.spawn(|| ask(&client, Request::Count { to: 60, pause_ms: 1 }));
            std::thread::sleep(wait);
            double::kill(pid);
            match call.join().expect("no panic") {
                Ok(reply) => assert_eq!(reply, "60"),
                Err(CallError::Died(exit)) => {
                    assert_eq!(exit.kind, ExitKind::Killed);
                    deaths += 1;
                }
                Err(other) => panic!("{other:?}"),
            }
        });
        let start = Instant::now();
        assert_eq!(
            ask(&client, Request::Echo(round.to_string())).expect("a fresh one"),
            round.to_string()
        );
        assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    }
    assert!(deaths > 0, "no kill hit a running call");
}

fn no_orphan_when_the_parent_is_killed() {
    use std::io::{BufRead, BufReader};
    let mut parent = std::process::Command::new(std::env::current_exe().expect("own path"))
        .arg("parent")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("a parent");
    let mut line = String::new();
    BufReader::new(parent.stdout.take().expect("piped"))
        .read_line(&mut line)
        .expect("a pid");
    let worker: u32 = line.trim().parse().expect("a number");
    assert_eq!(parent_of(worker), Some(parent.id()));
    parent.kill().expect("killed");
    parent.wait().expect("reaped");
    let until = Instant::now() + Duration::from_secs(3);
    while Path::new(&format!("/proc/{worker}")).exists() {
        assert!(Instant::now() < until, "the worker {worker} outlived its parent");
        std::thread::sleep(Duration::from_millis(20));
    }
}

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
