//! What comes after an end: the next process, or none.

use crate::double::{self, Double, Request};
use crate::shared::{ask, client, died, launch, parent_of, quick};
use docmind_wire::client::{CallError, Client, Rules};
use docmind_wire::exit::ExitKind;
use std::path::Path;
use std::time::{Duration, Instant};

tests![
    the_restart_budget_holds,
    a_worker_is_recycled,
    killed_at_random_it_goes_on,
    no_orphan_when_the_parent_is_killed,
];

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
            let killed = Instant::now();
            match call.join().expect("no panic") {
                Ok(reply) => assert_eq!(reply, "60"),
                Err(CallError::Died(exit)) => {
                    assert_eq!(exit.kind, ExitKind::Killed);
                    assert!(killed.elapsed() < Duration::from_secs(10), "{:?}", killed.elapsed());
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
