//! How a worker ends, and how that is told.

use crate::double::{Double, Request};
use crate::shared::{ask, client, died, launch, quick};
use docmind_core::cancel::CancelToken;
use docmind_wire::client::{CallError, Client, Options, Rules};
use docmind_wire::exit::ExitKind;
use docmind_wire::launch::Launch;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

tests![
    deaths_are_told_apart,
    a_lost_driver_is_named_beneath_the_frames_that_follow,
    a_failure_leaves_the_worker_alive,
    a_hang_ends_at_its_limit,
    busy_is_not_dead,
    a_slow_listener_is_not_a_dead_worker,
    a_frozen_worker_is_killed,
    garbage_is_noticed,
    bad_starts_are_explained,
];

fn deaths_are_told_apart() {
    let client = client();
    assert_eq!(died(ask(&client, Request::Abort)), ExitKind::Aborted);
    let abort_with = |reason: &str| ask(&client, Request::AbortWith(reason.into()));
    assert_eq!(
        died(abort_with("memory allocation of 4294967296 bytes failed")),
        ExitKind::OutOfMemory
    );
    assert_eq!(died(abort_with("CUDA error: out of memory")), ExitKind::OutOfMemory);
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

fn a_lost_driver_is_named_beneath_the_frames_that_follow() {
    let client = client();
    let reason = "CUDA error: unspecified launch failure";
    let Err(CallError::Died(exit)) = ask(&client, Request::AbortWith(reason.into())) else {
        panic!("it aborts");
    };
    assert_eq!(exit.kind, ExitKind::DriverLost, "{exit:?}");
    assert_eq!(exit.last_words.first().map(String::as_str), Some(reason), "{exit:?}");
    let report = CallError::Died(exit).report("The language model");
    assert!(report.message.contains("graphics driver"), "{report:?}");
    assert!(report.detail.is_some_and(|detail| detail.contains(reason)));
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
