//! What the tests have in common.

use crate::double::{Double, Request};
use docmind_core::cancel::CancelToken;
use docmind_wire::client::{CallError, Client, Rules};
use docmind_wire::exit::ExitKind;
use docmind_wire::launch::Launch;
use std::time::{Duration, Instant};

/// Every process whose parent we are, zombies included.
pub fn children() -> Vec<u32> {
    let own = std::process::id();
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| parent_of(*pid) == Some(own)).collect()
}

pub fn parent_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

/// Waits until stopped workers are reaped, at most three seconds.
pub fn settle() {
    let until = Instant::now() + Duration::from_secs(3);
    while !children().is_empty() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(50));
}

pub fn launch(mode: &str) -> Launch {
    Launch::new(std::env::current_exe().expect("own path"))
        .arg("worker")
        .arg(mode)
}

pub fn quick() -> Rules {
    Rules {
        start: Duration::from_secs(20),
        backoff: Duration::from_millis(1),
        ..Rules::default()
    }
}

pub fn client() -> Client<Double> {
    Client::new(launch("serve"), quick())
}

pub fn ask(client: &Client<Double>, request: Request) -> Result<String, CallError> {
    client.call(&request, &CancelToken::new(), &mut |_| {})
}

pub fn died(outcome: Result<String, CallError>) -> ExitKind {
    match outcome {
        Err(CallError::Died(exit)) => exit.kind,
        other => panic!("expected a death, got {other:?}"),
    }
}

pub fn cancel_after(ms: u64) -> CancelToken {
    let token = CancelToken::new();
    let later = token.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(ms));
        later.cancel();
    });
    token
}
