//! Supervision, tried on a worker made for it: this executable starts itself again with the argument `worker`.
//!
//! The tests run one after the other, so that descriptors, threads and children can be counted at the end.
#![cfg(target_os = "linux")]

/// The tests of one subject, by name.
macro_rules! tests {
    ($($name:ident,)*) => {
        pub const TESTS: &[crate::Test] = &[$((stringify!($name), $name)),*];
    };
}

mod calls;
mod double;
mod ends;
mod generating;
mod ports;
mod restarts;
mod shared;

use shared::{children, settle};
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("worker") => double::run(&args[1..]),
        Some("parent") => double::be_a_parent(),
        _ => run_tests(&args),
    }
}

type Test = (&'static str, fn());

const SUBJECTS: [&[Test]; 5] = [
    calls::TESTS,
    ends::TESTS,
    restarts::TESTS,
    ports::TESTS,
    generating::TESTS,
];

fn run_tests(args: &[String]) -> ExitCode {
    let filters: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    if args.iter().any(|arg| arg == "--list") {
        let tests = SUBJECTS.into_iter().flatten();
        tests.for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    // The first use of a thread, of stderr and of the clock keeps things open for good; they are no leak.
    calls::events_arrive_in_order();
    settle();
    let before = Belongings::count();
    let mut failed = Vec::new();
    for (name, test) in SUBJECTS.into_iter().flatten() {
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
