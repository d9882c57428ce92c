//! `docmind add`: index files and folders; ends when all is searchable.

use super::{Context, unread};
use crate::Outcome;
use crate::arguments::AddArguments;
use crate::output::{BAD, FAINT, GOOD, Output, STRONG, WARN, tame_line};
use docmind_core::document::{DocumentState, Outcome as FileOutcome};
use docmind_engine::documents::adding::AddTold;
use docmind_engine::events::{DocumentRow, IngestEvent};
use docmind_engine::{Background, OpenMode};
use indicatif::ProgressBar;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

/// What all files came to.
#[derive(Default)]
struct Tally {
    by_outcome: BTreeMap<&'static str, u32>,
    /// Passages embedded by this run.
    chunks: u32,
    documents: u32,
}

impl Tally {
    fn count(&mut self, outcome: FileOutcome, chunks: u32) {
        *self.by_outcome.entry(name(outcome)).or_default() += 1;
        self.chunks += chunks;
        self.documents += 1;
    }

    fn of(&self, outcome: FileOutcome) -> u32 {
        self.by_outcome.get(name(outcome)).copied().unwrap_or_default()
    }
}

fn name(outcome: FileOutcome) -> &'static str {
    match outcome {
        FileOutcome::Ready => "ready",
        FileOutcome::Skipped => "skipped",
        FileOutcome::Failed => "failed",
    }
}

pub fn run(context: &Context<'_>, arguments: &AddArguments) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    let engine = context.open(OpenMode::ReadWrite, Background::Ingest)?;
    let (sender, events) = mpsc::channel();
    let subscription = engine.on_ingest({
        let sender = sender.clone();
        // The receiver outlives the subscription; an event after its end is of no interest.
        move |event| drop(sender.send(event.clone()))
    });
    if arguments.recognise {
        engine.read_scans()?;
    }
    let bar = context.output.bar(0);
    let mut tally = Tally::default();

    // The walk and the waiting run beside the printing, so that lines come as files are settled.
    let result = std::thread::scope(|threads| -> anyhow::Result<()> {
        let (known_sender, known) = mpsc::channel();
        let work = threads.spawn({
            let engine = &engine;
            move || {
                let added = engine.add_paths(&arguments.paths, &context.cancel, &mut |told| {
                    if let AddTold::Known(row) = told {
                        drop(known_sender.send(*row));
                    }
                });
                added.and_then(|_| engine.wait_for_ingest(&context.cancel))
            }
        });
        let mut shown = Ok(());
        while !work.is_finished() {
            if let Ok(event) = events.recv_timeout(Duration::from_millis(20)) {
                shown = shown.and_then(|()| show(context.output, &bar, &mut tally, &event));
            }
            shown = shown.and_then(|()| show_known(context.output, &bar, &mut tally, &known));
            if shown.is_err() {
                // The reader went away: nobody wants the rest now. What is queued is gone on with next time.
                context.cancel.cancel();
            }
        }
        let finished = work
            .join()
            .map_err(|_| anyhow::anyhow!("the walk over the files stopped"))?;
        drop(subscription);
        for event in events.try_iter() {
            shown = shown.and_then(|()| show(context.output, &bar, &mut tally, &event));
        }
        shown.and_then(|()| show_known(context.output, &bar, &mut tally, &known))?;
        Ok(finished?)
    });
    bar.finish_and_clear();
    summary(context.output, &tally, started.elapsed().as_secs_f64())?;
    // With `--json` the summary is the last line: there `doctor` tells it.
    if let Ok(Some(offer)) = engine.language_offer() {
        context.output.remark(&offer.notice)?;
    }
    engine.close();
    result?;
    Ok(Outcome::Done)
}

fn show(output: &Output, bar: &ProgressBar, tally: &mut Tally, event: &IngestEvent) -> io::Result<()> {
    match event {
        IngestEvent::Settled {
            row,
            outcome,
            indexed_chunks,
            ms,
        } => {
            tally.count(*outcome, *indexed_chunks);
            bar.inc(1);
            output.json(&line(row, *ms))?;
            bar.suspend(|| text(output, row))
        }
        IngestEvent::Skipped {
            path,
            path_bytes,
            error,
        } => {
            tally.count(FileOutcome::Failed, 0);
            let mut line = json!({
                "type": "document", "path": path, "id": null, "state": DocumentState::Unreadable.as_str(),
                "outcome": name(FileOutcome::Failed), "pages": 0, "chunks": 0, "ms": 0.0,
                "error": { "code": error.code, "message": error.message },
            });
            if let (Some(bytes), Some(fields)) = (path_bytes, line.as_object_mut()) {
                fields.insert("path_bytes".to_owned(), Value::from(bytes.clone()));
            }
            output.json(&line)?;
            bar.suspend(|| output.text(format!("{BAD}unreadable{BAD:#} {}", tame_line(&error.message))))
        }
        IngestEvent::Overall(progress) => {
            bar.set_length(u64::from(progress.total));
            let left = progress
                .remaining_s
                .filter(|seconds| *seconds > 1.0)
                .map(|seconds| format!(", {seconds:.0} s left"));
            bar.set_message(format!(
                "{:.0} passages/s{}",
                progress.chunks_per_second,
                left.unwrap_or_default()
            ));
            Ok(())
        }
        IngestEvent::Queued { files } => {
            bar.inc_length(u64::from(*files));
            Ok(())
        }
        IngestEvent::Notice(notice) => bar.suspend(|| output.notice(notice)),
        IngestEvent::Progress { .. } | IngestEvent::Removed { .. } | IngestEvent::Blocked(_) => Ok(()),
    }
}

fn show_known(output: &Output, bar: &ProgressBar, tally: &mut Tally, known: &Receiver<DocumentRow>) -> io::Result<()> {
    for row in known.try_iter() {
        if let Some(outcome) = row.state.outcome() {
            tally.count(outcome, 0);
            output.json(&line(&row, 0.0))?;
            bar.suspend(|| text(output, &row))?;
        }
    }
    Ok(())
}

/// The contract's line of one document.
fn line(row: &DocumentRow, ms: f64) -> Value {
    let mut line = json!({
        "type": "document", "path": row.path, "id": row.id, "state": row.state, "outcome": row.state.outcome(),
        "pages": row.pages, "chunks": row.chunks, "ms": (ms * 10.0).round() / 10.0,
    });
    if let Some(fields) = line.as_object_mut() {
        if let Some(bytes) = &row.path_bytes {
            fields.insert("path_bytes".to_owned(), Value::from(bytes.clone()));
        }
        if !row.failed_pages.is_empty() {
            fields.insert("failed_pages".to_owned(), json!(row.failed_pages));
        }
        if let Some(error) = &row.error {
            fields.insert(
                "error".to_owned(),
                json!({ "code": error.code, "message": error.message }),
            );
        }
    }
    line
}

fn text(output: &Output, row: &DocumentRow) -> io::Result<()> {
    let style = match row.state.outcome() {
        Some(FileOutcome::Ready) => GOOD,
        Some(FileOutcome::Failed) => BAD,
        Some(FileOutcome::Skipped) | None => WARN,
    };
    let state = row.state.as_str().replace('_', " ");
    match &row.error {
        Some(error) => output.text(format!("{style}{state:<10}{style:#} {}", tame_line(&error.message))),
        None => output.text(format!(
            "{style}{state:<10}{style:#} {} {FAINT}{} passages{FAINT:#}{unread}",
            tame_line(&row.path),
            row.chunks,
            unread = unread(row),
        )),
    }
}

fn summary(output: &Output, tally: &Tally, seconds: f64) -> io::Result<()> {
    let per_second = |count: u32| {
        if seconds > 0.0 {
            (f64::from(count) / seconds * 10.0).round() / 10.0
        } else {
            0.0
        }
    };
    let (ready, skipped, failed) = (
        tally.of(FileOutcome::Ready),
        tally.of(FileOutcome::Skipped),
        tally.of(FileOutcome::Failed),
    );
    output.json(&json!({
        "type": "summary", "ready": ready, "skipped": skipped, "failed": failed, "chunks": tally.chunks,
        "seconds": (seconds * 1000.0).round() / 1000.0,
        "documents_per_second": per_second(tally.documents), "chunks_per_second": per_second(tally.chunks),
    }))?;
    output.text(format!(
        "{STRONG}{ready} ready{STRONG:#}, {skipped} skipped, {failed} failed; {} new passages in {seconds:.1} s",
        tally.chunks
    ))
}
