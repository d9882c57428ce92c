//! Texts on their way through the model: tokenised on one thread, run on the encoder's lanes, placed on the caller's thread.

use crate::batch::batches;
use crate::embedder::unit;
use crate::encoder::Encoder;
use crate::error::EmbedError;
use crate::lanes::Urgency;
use crate::tokens::Ids;
use docmind_core::cancel::CancelToken;
use docmind_core::embedding::Embedding;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Texts that are sorted together; memory of a call is bounded by two of these, tokens only.
const WINDOW: usize = 256;
/// Size of the first window: work begins while the rest is still being tokenised.
const FIRST_WINDOW: usize = 32;

/// A question that came while batches run is seen after so long.
const LOOK: Duration = Duration::from_millis(10);

/// A text on its way through the model.
pub(crate) struct Job<T> {
    pub(crate) ids: Ids,
    pub(crate) payload: T,
}

/// What a batch may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Tokens, padding counted.
    pub(crate) tokens: usize,
    pub(crate) texts: usize,
}

/// What a tokenizer sends.
pub(crate) type Tokenised<T> = Result<Job<T>, EmbedError>;
type Batch<T> = Vec<Job<T>>;
type Embedded<T> = Result<Vec<(T, Embedding)>, EmbedError>;

/// Jobs sorted by length, the longest first, in batches.
pub(crate) fn sorted<T>(mut jobs: Vec<Job<T>>, limits: Limits) -> VecDeque<Batch<T>> {
    jobs.sort_by_key(|job| std::cmp::Reverse(job.ids.ids.len()));
    let lengths: Vec<usize> = jobs.iter().map(|job| job.ids.ids.len()).collect();
    let mut rest = jobs.into_iter();
    batches(&lengths, limits.tokens, limits.texts)
        .into_iter()
        .map(|range| rest.by_ref().take(range.len()).collect())
        .collect()
}

/// Runs one batch.
pub(crate) fn run_batch<T>(encoder: &Encoder, batch: Batch<T>, urgency: Urgency) -> Embedded<T> {
    let vectors = encoder.run(batch.iter().map(|job| job.ids.row()), urgency)?;
    Ok(batch
        .into_iter()
        .zip(vectors)
        .map(|(job, vector)| (job.payload, unit(vector)))
        .collect())
}

/// Where the lanes take their batches from.
struct Feeder<T> {
    receiver: Option<Receiver<Tokenised<T>>>,
    window: usize,
    batches: VecDeque<Batch<T>>,
}

impl<T> Feeder<T> {
    /// The next batch, from a window of what was tokenised; none at the end.
    fn next(&mut self, limits: Limits, taken: &AtomicU32) -> Result<Option<Batch<T>>, EmbedError> {
        if self.batches.is_empty()
            && let Some(receiver) = &self.receiver
        {
            let jobs = receiver.iter().take(self.window).collect::<Result<Vec<_>, _>>()?;
            taken.fetch_add(jobs.len() as u32, Ordering::Relaxed);
            self.window = WINDOW;
            self.batches = sorted(jobs, limits);
        }
        Ok(self.batches.pop_front())
    }

    /// A tokenizer that waits for room wakes and finds nobody listening.
    fn close(&mut self) {
        self.receiver = None;
        self.batches.clear();
    }
}

/// Runs what `produce` sends from a thread of its own on all lanes of `encoder`. `place` and `told` are called on this thread with
/// nothing locked; `told` gets how many texts a batch had, and how many were tokenised and taken so far, after every batch and, with
/// none, every [`LOOK`].
pub(crate) fn run<T: Send>(
    encoder: &Encoder,
    (limits, urgency): (Limits, Urgency),
    produce: impl FnOnce(SyncSender<Tokenised<T>>) + Send,
    cancel: &CancelToken,
    place: &mut dyn FnMut(T, Embedding),
    told: &mut dyn FnMut(u32, u32),
) -> Result<(), EmbedError> {
    let (sender, receiver) = sync_channel(WINDOW);
    let feeder = Mutex::new(Feeder {
        receiver: Some(receiver),
        window: FIRST_WINDOW,
        batches: VecDeque::new(),
    });
    let taken = AtomicU32::new(0);
    let (done, finished) = sync_channel::<Embedded<T>>(2 * encoder.lanes());
    std::thread::scope(|scope| {
        let started = std::thread::Builder::new()
            .name("tokenize".into())
            .spawn_scoped(scope, move || produce(sender))
            .map(drop)
            .and_then(|()| {
                (0..encoder.lanes()).try_for_each(|_| {
                    let (feeder, taken, done) = (&feeder, &taken, done.clone());
                    std::thread::Builder::new()
                        .name("embed".into())
                        .spawn_scoped(scope, move || {
                            lane(encoder, (limits, urgency), feeder, taken, cancel, &done);
                        })
                        .map(drop)
                })
            });
        drop(done);
        let outcome = started
            .map_err(|error| encoder.failed(0, error.to_string()))
            .and_then(|()| {
                loop {
                    let embedded = match finished.recv_timeout(LOOK) {
                        Ok(embedded) => embedded?,
                        Err(RecvTimeoutError::Timeout) => Vec::new(),
                        Err(RecvTimeoutError::Disconnected) => break,
                    };
                    if cancel.is_cancelled() {
                        break;
                    }
                    let count = embedded.len() as u32;
                    for (payload, vector) in embedded {
                        place(payload, vector);
                    }
                    told(count, taken.load(Ordering::Relaxed));
                }
                if cancel.is_cancelled() {
                    Err(EmbedError::Cancelled)
                } else {
                    Ok(())
                }
            });
        // Lanes that still run find nobody to send to, the tokenizer nobody who listens.
        drop(finished);
        lock(&feeder).close();
        outcome
    })
}

/// Batch after batch until there is none, one fails, or nobody waits any more.
fn lane<T>(
    encoder: &Encoder,
    (limits, urgency): (Limits, Urgency),
    feeder: &Mutex<Feeder<T>>,
    taken: &AtomicU32,
    cancel: &CancelToken,
    done: &SyncSender<Embedded<T>>,
) {
    while !cancel.is_cancelled() {
        let next = lock(feeder).next(limits, taken);
        let embedded = match next {
            Ok(Some(batch)) => run_batch(encoder, batch, urgency),
            Ok(None) => return,
            Err(error) => Err(error),
        };
        let failed = embedded.is_err();
        if done.send(embedded).is_err() || failed {
            return;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
