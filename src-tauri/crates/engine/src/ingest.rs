//! From a file in the queue to passages that are found.
//!
//! The library's ledger is the queue. [`Pipeline`] is a machine that is stepped: [`Pipeline::read_one`] takes one file from opening
//! to pages, [`Pipeline::embed_batch`] takes what was read to passages with vectors, [`Pipeline::commit_one`] commits a document in one
//! transaction, [`Pipeline::flush`] hands vectors to the index. Tests step it by hand; [`Ingest`] steps it with two reading threads, one
//! that embeds and one that commits; they sleep while there is nothing to do.
//!
//! What holds: a document is whole, queued, or settled with a reason, whenever the power goes; nothing is held in memory beyond
//! [`pipeline::BACKLOG_BYTES`] of pages and a few batches; a pause or an answer being written stops it before the next step, a cancel within
//! the one under way.

mod commit_step;
pub mod content;
mod embed_step;
pub mod gate;
pub mod pipeline;
pub mod progress;
mod read_step;
mod requests;
mod state;

use crate::listeners::lock;
use crate::waiting::join_until;
use docmind_core::cancel::CancelToken;
use pipeline::{Pipeline, Step};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Files are read by so many threads, each with a child process of its own.
pub const READERS: usize = 2;

/// The threads are waited for so long.
const PATIENCE: Duration = Duration::from_secs(10);

/// The threads that step the pipeline.
pub struct Ingest {
    pipeline: Arc<Pipeline>,
    threads: Vec<JoinHandle<()>>,
}

impl Ingest {
    /// Starts the threads; they begin at once with what stands in the queue.
    pub fn start(pipeline: Arc<Pipeline>) -> Self {
        let mut threads = Vec::new();
        let mut spawn = |name: &str, step: fn(&Pipeline, &CancelToken) -> Step| {
            let own = Arc::clone(&pipeline);
            match std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || run(&own, step))
            {
                Ok(thread) => threads.push(thread),
                Err(error) => tracing::error!(%error, name, "a thread of ingest cannot be started"),
            }
        };
        for _ in 0..READERS {
            spawn("ingest-read", Pipeline::read_one);
        }
        spawn("ingest-embed", Pipeline::embed_batch);
        spawn("ingest-commit", Pipeline::commit_one);
        pipeline.wake();
        Self { pipeline, threads }
    }

    /// Stops within a second and puts back what was not finished. A thread that hangs on a file is left alone after a while; its document is
    /// queued again when the library is opened next.
    pub fn stop(&mut self) {
        self.pipeline.stop();
        let until = Instant::now() + PATIENCE;
        for thread in self.threads.drain(..) {
            join_until(thread, until);
        }
        self.pipeline.put_back_all();
    }
}

impl Drop for Ingest {
    fn drop(&mut self) {
        if !self.threads.is_empty() {
            self.stop();
        }
    }
}

fn run(pipeline: &Pipeline, step: fn(&Pipeline, &CancelToken) -> Step) {
    while !pipeline.is_stopped() {
        let cancel = lock(&pipeline.cancel).clone();
        if !pipeline.gate.pass(&cancel) {
            // Cancelled: the next round has a fresh token.
            pipeline.rest();
            continue;
        }
        match step(pipeline, &cancel) {
            Step::Worked => {}
            Step::Idle => pipeline.rest(),
        }
    }
}

#[cfg(test)]
mod tests;
