//! One call: what goes to the worker and what comes back.

use crate::double::{self, Double, Request};
use crate::shared::{ask, cancel_after, client, launch, quick};
use docmind_core::cancel::CancelToken;
use docmind_wire::client::{AfterGrace, CallError, Client, Incoming, Options, Rules};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

tests![
    events_arrive_in_order,
    a_body_arrives_whole,
    an_early_reply_ends_the_upload,
    a_body_that_breaks_off_holds_up_nobody,
    a_worker_starts_with_nothing,
    a_print_cannot_break_frames,
    cancel_ends_within_a_second,
    a_stop_is_heard_while_another_starts_the_worker,
    an_abandoned_call_does_not_disturb_the_next,
    a_question_overtakes,
    too_much_is_stopped,
];

pub fn events_arrive_in_order() {
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

/// So many pieces, and then a disk that is gone.
struct Breaks(u32);

impl std::io::Read for Breaks {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.0 = self
            .0
            .checked_sub(1)
            .ok_or_else(|| std::io::Error::other("disconnected"))?;
        into.fill(7);
        Ok(into.len())
    }
}

fn a_body_that_breaks_off_holds_up_nobody() {
    let client = client();
    let pid = ask(&client, Request::Pid).expect("started").parse().expect("a number");
    // One piece is on its way into the pipe and four wait behind it, so that nothing else finds room.
    double::freeze(pid);
    let cancel = CancelToken::new();
    let mut body = Breaks(5);
    let options = Options {
        body: Some(&mut body),
        ..Options::new(&cancel)
    };
    let outcome = client.call_with(&Request::Sum, options, &mut |_| ControlFlow::Continue(()));
    // A ping may have taken the last place; then the worker was silent for too long.
    assert!(
        matches!(outcome, Err(CallError::Body(_) | CallError::Died(_))),
        "{outcome:?}"
    );
    double::thaw(pid);
    let options = Options {
        total: Some(Duration::from_secs(5)),
        ..Options::new(&cancel)
    };
    let next = client.call_with(&Request::Echo("next".into()), options, &mut |_| {
        ControlFlow::Continue(())
    });
    assert_eq!(next.expect("a reply"), "next");
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

fn a_stop_is_heard_while_another_starts_the_worker() {
    let rules = Rules {
        start: Duration::from_secs(3),
        ..quick()
    };
    let client = Client::<Double>::new(launch("silent"), rules);
    std::thread::scope(|scope| {
        let starting = scope.spawn(|| ask(&client, Request::Pid));
        std::thread::sleep(Duration::from_millis(200));
        let start = Instant::now();
        assert!(matches!(
            client.call(&Request::Pid, &cancel_after(200), &mut |_| {}),
            Err(CallError::Cancelled)
        ));
        assert!(start.elapsed() < Duration::from_millis(1200), "{:?}", start.elapsed());
        assert!(client.hello().is_none());
        assert!(matches!(starting.join().expect("no panic"), Err(CallError::Start(_))));
    });
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
