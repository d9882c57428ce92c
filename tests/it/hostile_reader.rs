//! The document reader in its child process, for tests of what it survives.

use anyhow::{Result, ensure};
use docmind_core::document::DocumentState::{self, Ready};
use docmind_core::fakes::text_of;
use docmind_tests::bin_dir;
use docmind_wire::parse::{ParseLimits, ParseWorker, launch};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The most that a file may take, with as much again for a busy machine to notice it.
pub fn longest() -> Duration {
    ParseLimits::default().total * 2
}

/// A reader of one child, with the product's limits.
pub fn worker() -> ParseWorker {
    let runtime = std::env::var_os("DOCMIND_RUNTIME_DIR").map_or_else(|| bin_dir().join("runtime"), PathBuf::from);
    ParseWorker::new(launch(&bin_dir(), &runtime), 1, ParseLimits::default())
}

/// How a file ended.
pub struct End {
    /// Its state; ready where the reader said nothing else.
    pub state: DocumentState,
    /// What the person is told.
    pub message: String,
    /// The text of all pages.
    pub text: String,
    /// On the clock, both attempts together.
    pub took: Duration,
}

/// Reads one file.
pub fn read(worker: &ParseWorker, name: &str, bytes: &[u8]) -> End {
    let begun = Instant::now();
    let (outcome, text) = text_of(worker, name, bytes);
    let (state, message) = match outcome {
        Ok(()) => (Ready, String::new()),
        Err(failure) => (failure.state, failure.message),
    };
    End {
        state,
        message,
        text,
        took: begun.elapsed(),
    }
}

/// Reads each file in one child after the other and holds it to its states; the limit of time is the product's own.
pub fn all_end(cases: Vec<(&str, Vec<u8>, &[DocumentState])>) -> Result<()> {
    let worker = worker();
    let mut wrong = Vec::new();
    for (name, bytes, states) in cases {
        let end = read(&worker, name, &bytes);
        eprintln!("{name}: {} after {:.1?}", end.state.as_str(), end.took);
        if !states.contains(&end.state) || end.took > longest() {
            wrong.push(format!(
                "{name}: {} after {:.1?}: {}",
                end.state.as_str(),
                end.took,
                end.message
            ));
        }
    }
    ensure!(wrong.is_empty(), "{wrong:#?}");
    // The reader lives on, or another in its place.
    let after = read(&worker, "after.txt", b"The kettle whistles.");
    ensure!(
        after.state == Ready && after.text == "The kettle whistles.",
        "{}",
        after.message
    );
    Ok(())
}
