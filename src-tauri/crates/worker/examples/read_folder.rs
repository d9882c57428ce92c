//! Reads every file of a folder through `docmind-parse` as the application does, and says what came of each.
//!
//! `cargo run -p docmind-worker --example read_folder -- BIN_DIR RUNTIME_DIR FOLDER`: a line a file (state, milliseconds, pages),
//! then counts of states, pages a second, and the slowest file.

use docmind_core::cancel::CancelToken;
use docmind_core::document::ParseEvent;
use docmind_wire::parse::{ParseLimits, ParseWorker, launch};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const CHILDREN: usize = 2;

fn main() {
    let args: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [bin, runtime, folder] = &args[..] else {
        eprintln!("usage: read_folder BIN_DIR RUNTIME_DIR FOLDER");
        std::process::exit(2);
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder can be listed")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    let worker = ParseWorker::new(launch(bin, runtime), CHILDREN, ParseLimits::default());
    let (next, pages) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let settled: Mutex<Vec<(Duration, &'static str, &Path)>> = Mutex::default();
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CHILDREN {
            scope.spawn(|| {
                while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (state, took, read) = read(&worker, path);
                    println!("{state}\t{}\t{read}\t{}", took.as_millis(), path.display());
                    pages.fetch_add(read, Ordering::Relaxed);
                    settled.lock().expect("no thread panicked").push((took, state, path));
                }
            });
        }
    });
    let seconds = start.elapsed().as_secs_f64();
    let settled = settled.into_inner().expect("no thread panicked");
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, state, _) in &settled {
        *states.entry(state).or_default() += 1;
    }
    let pages = pages.into_inner();
    println!(
        "{} files, {pages} pages in {seconds:.1} s: {:.0} pages/s",
        settled.len(),
        pages as f64 / seconds
    );
    println!("states: {states:?}");
    if let Some((took, state, path)) = settled.iter().max() {
        println!("slowest: {} ms, {state}, {}", took.as_millis(), path.display());
    }
}

fn read(worker: &ParseWorker, path: &Path) -> (&'static str, Duration, usize) {
    let start = Instant::now();
    let mut file = File::open(path).expect("the file can be opened");
    let len = file.metadata().expect("it has a length").len();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut pages = 0;
    let outcome = worker.parse_file(&name, len, &mut file, &CancelToken::new(), &mut |event| {
        pages += usize::from(matches!(event, ParseEvent::Page(_)));
    });
    let state = outcome.map_or_else(|failure| failure.state.as_str(), |()| "ready");
    (state, start.elapsed(), pages)
}
