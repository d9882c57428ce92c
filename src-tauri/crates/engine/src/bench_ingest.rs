//! `docmind bench ingest`: a folder through the real pipeline into a library that is thrown away afterwards.

use crate::engine::{Background, Engine, EngineOptions, OpenMode};
use crate::eval::percentile;
use crate::events::IngestEvent;
use crate::listeners::lock;
use crate::search::SearchRequest;
use docmind_core::cancel::CancelToken;
use docmind_core::document::Outcome;
use docmind_core::embedding::Precision;
use docmind_core::error::ErrorReport;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct IngestBench {
    /// The folder.
    pub dir: String,
    /// The embedder's precision, where it was asked for.
    pub precision: Option<Precision>,
    /// Files that reached a state.
    pub documents: u32,
    /// By outcome.
    pub ready: u32,
    /// See there.
    pub skipped: u32,
    /// See there.
    pub failed: u32,
    /// Pages read.
    pub pages: u32,
    /// Passages stored.
    pub chunks: u32,
    /// From the first look at the folder until all is searchable.
    pub seconds: f64,
    /// Files a second.
    pub documents_per_second: f64,
    /// Pages a second.
    pub pages_per_second: f64,
    /// Passages a second.
    pub chunks_per_second: f64,
    /// Highest resident memory of this process.
    pub peak_rss_mib: u32,
    /// Highest resident memory of the children together.
    pub peak_children_rss_mib: u32,
    /// Questions searched while it ran, one a [`QUESTION_EVERY`], embedding included.
    pub searches: u32,
    /// Median of such a search.
    pub search_ms_p50: f64,
    /// 95th percentile of such a search.
    pub search_ms_p95: f64,
    /// The slowest files, by milliseconds.
    pub slowest_ms: BTreeMap<String, f64>,
}

/// Files named as the slowest.
const SLOWEST: usize = 5;
/// A person who asks while documents are read: often enough to measure, and a hundredth of the machine.
pub const QUESTION_EVERY: Duration = Duration::from_millis(500);
/// What is asked, in turn.
const QUESTIONS: [&str; 4] = [
    "Which figures are in the table?",
    "How does the browser render a font?",
    "Who wrote the annotation on the second page?",
    "What does the form ask for?",
];

/// Runs it, with the embedder in `precision` where that is asked for. `scratch` is a folder for the library; it must not exist and is
/// removed afterwards.
///
/// # Errors
/// Those of opening and adding; `cancelled`.
pub fn bench_ingest(
    dir: &Path,
    scratch: &Path,
    precision: Option<Precision>,
    cancel: &CancelToken,
) -> Result<IngestBench, ErrorReport> {
    let result = run(dir, scratch, precision, cancel);
    if let Err(error) = std::fs::remove_dir_all(scratch) {
        tracing::warn!(%error, folder = %scratch.display(), "the scratch library stays behind");
    }
    result
}

fn run(
    dir: &Path,
    scratch: &Path,
    precision: Option<Precision>,
    cancel: &CancelToken,
) -> Result<IngestBench, ErrorReport> {
    let engine = Engine::open(EngineOptions {
        data_dir: Some(scratch.to_owned()),
        mode: OpenMode::ReadWrite,
        background: Background::Ingest,
        ..EngineOptions::application()
    })?;
    if precision.is_some() {
        let mut settings = engine.settings();
        settings.embedder_precision = precision;
        engine.replace_settings(&settings)?;
    }
    let bench = Arc::new(Mutex::new(IngestBench {
        dir: dir.display().to_string(),
        precision,
        ..IngestBench::default()
    }));
    let _subscription = engine.on_ingest({
        let bench = Arc::clone(&bench);
        move |event| count(&mut lock(&bench), event)
    });
    let done = AtomicBool::new(false);
    let started = Instant::now();
    let asked = std::thread::scope(|threads| {
        threads.spawn(|| {
            while !done.load(Ordering::Acquire) {
                let reading = engine.resident_mib();
                let mut bench = lock(&bench);
                bench.peak_rss_mib = bench.peak_rss_mib.max(reading.0);
                bench.peak_children_rss_mib = bench.peak_children_rss_mib.max(reading.1);
                drop(bench);
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        let asked = threads.spawn(|| ask_meanwhile(&engine, &done, cancel));
        let result = engine
            .add_paths(&[dir.to_owned()], cancel, &mut |_| {})
            .and_then(|_| engine.wait_for_ingest(cancel));
        done.store(true, Ordering::Release);
        let asked = asked.join().unwrap_or_default();
        result.map(|()| asked)
    })?;
    let seconds = started.elapsed().as_secs_f64();
    engine.close();
    let mut bench = std::mem::take(&mut *lock(&bench));
    bench.seconds = seconds;
    bench.documents_per_second = f64::from(bench.documents) / seconds;
    bench.pages_per_second = f64::from(bench.pages) / seconds;
    bench.chunks_per_second = f64::from(bench.chunks) / seconds;
    bench.searches = asked.len() as u32;
    bench.search_ms_p50 = percentile(&asked, 0.5);
    bench.search_ms_p95 = percentile(&asked, 0.95);
    Ok(bench)
}

/// Searches until `done`, and tells how many milliseconds each took. The first one waits for the model to be loaded and is left out.
fn ask_meanwhile(engine: &Engine, done: &AtomicBool, cancel: &CancelToken) -> Vec<f64> {
    let mut taken = Vec::new();
    let mut questions = QUESTIONS.into_iter().cycle();
    let mut first = true;
    while !done.load(Ordering::Acquire) {
        let request = SearchRequest {
            query: questions.next().unwrap_or_default().to_owned(),
            ..SearchRequest::default()
        };
        let found = engine.search(&request, cancel);
        match found {
            Ok(answer) if !first => taken.push(answer.total_ms),
            Ok(_) => first = false,
            Err(report) => {
                tracing::debug!(code = %report.code, "a search beside the ingest failed: {}", report.message);
            }
        }
        let next = Instant::now() + QUESTION_EVERY;
        while Instant::now() < next && !done.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    taken
}

fn count(bench: &mut IngestBench, event: &IngestEvent) {
    let IngestEvent::Settled {
        row,
        outcome,
        indexed_chunks,
        ms,
    } = event
    else {
        return;
    };
    bench.documents += 1;
    bench.pages += row.pages;
    bench.chunks += indexed_chunks;
    match outcome {
        Outcome::Ready => bench.ready += 1,
        Outcome::Skipped => bench.skipped += 1,
        Outcome::Failed => bench.failed += 1,
    }
    bench.slowest_ms.insert(row.path.clone(), *ms);
    if bench.slowest_ms.len() > SLOWEST
        && let Some(fastest) = bench
            .slowest_ms
            .iter()
            .min_by(|a, b| a.1.total_cmp(b.1))
            .map(|(path, _)| path.clone())
    {
        bench.slowest_ms.remove(&fastest);
    }
}

impl Engine {
    /// Resident memory in MiB of this process, and of the reading and embedding children together.
    pub fn resident_mib(&self) -> (u32, u32) {
        let mut pids = vec![std::process::id()];
        pids.extend(self.0.embedder.pid());
        if let Ok(parser) = &self.0.parser {
            pids.extend(parser.pids());
        }
        let resident = self.0.machine.resident_mib(&pids);
        (resident[0], resident[1..].iter().sum())
    }
}
