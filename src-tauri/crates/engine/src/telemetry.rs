//! Readings of the machine and of the engine, twice a second while somebody listens, and not at all otherwise.

use crate::events::{MemoryOwner, Telemetry};
use crate::listeners::{Listeners, Subscription, lock};
use docmind_core::conversation::ConversationId;
use docmind_core::error::Notice;
use docmind_core::generation::GenerationStats;
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::time::Duration;

/// Twice a second.
const INTERVAL: Duration = Duration::from_millis(500);

/// What the generator last told about itself. Written while answering, read twice a second.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// Name of the loaded model; empty while none is.
    pub model: String,
    /// Device it runs on.
    pub device: String,
    /// Active profile.
    pub profile: String,
    /// Why this one.
    pub profile_reason: Option<Notice>,
    /// Memory by owner, as the generator planned or measured it.
    pub owners: Vec<MemoryOwner>,
    /// Of the running or the last answer.
    pub stats: GenerationStats,
    /// Decoding at the limit of memory bandwidth, in tokens per second, where it is known.
    pub decode_limit_tps: Option<f64>,
    /// An answer is being written.
    pub generating: bool,
    /// Whose context the model holds.
    pub conversation: Option<ConversationId>,
}

impl Live {
    /// Writes what it knows into a reading.
    pub fn fill(&self, reading: &mut Telemetry) {
        let stats = &self.stats;
        reading.model.clone_from(&self.model);
        reading.model_device.clone_from(&self.device);
        reading.profile.clone_from(&self.profile);
        reading.profile_reason.clone_from(&self.profile_reason);
        reading.owners.extend(self.owners.iter().cloned());
        reading.prefill_tps = stats.prefill_tps;
        reading.decode_tps = stats.decode_tps;
        reading.ttft_ms = stats.ttft_ms;
        reading.context_used = stats.context_used;
        reading.context_tokens = stats.context_tokens;
        reading.reused_tokens = stats.reused_tokens;
        reading.acceptance =
            (stats.drafted_tokens > 0).then(|| stats.accepted_tokens as f32 / stats.drafted_tokens as f32);
        reading.bandwidth_fraction = self
            .decode_limit_tps
            .filter(|limit| *limit > 0.0)
            .map(|limit| (stats.decode_tps / limit) as f32);
        reading.generating = self.generating;
    }

    /// Its process is gone. The last answer's figures stay; one that is being written loads the model again.
    pub fn forget_model(&mut self) {
        let before = std::mem::take(self);
        self.stats = GenerationStats {
            context_tokens: 0,
            context_used: 0,
            ..before.stats
        };
        self.generating = before.generating;
        self.conversation = before.conversation.filter(|_| before.generating);
    }
}

type Sample = dyn Fn() -> Telemetry + Send + Sync;

/// Feeds listeners; the thread lives while there are any.
#[derive(Clone)]
pub struct Feed(Arc<Inner>);

struct Inner {
    listeners: Listeners<Telemetry>,
    sample: Box<Sample>,
    state: Mutex<State>,
    woken: Condvar,
}

#[derive(Default)]
struct State {
    running: bool,
    closed: bool,
}

impl Feed {
    /// A feed that reads with `sample`.
    pub fn new(sample: impl Fn() -> Telemetry + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            listeners: Listeners::default(),
            sample: Box::new(sample),
            state: Mutex::default(),
            woken: Condvar::new(),
        }))
    }

    /// Readings twice a second until the subscription is dropped.
    pub fn subscribe(&self, callback: impl Fn(&Telemetry) + Send + Sync + 'static) -> Subscription {
        let subscription = self.0.listeners.subscribe(callback);
        let mut state = lock(&self.0.state);
        if !state.running && !state.closed {
            let inner = Arc::downgrade(&self.0);
            match std::thread::Builder::new()
                .name("telemetry".to_owned())
                .spawn(move || run(&inner))
            {
                Ok(_) => state.running = true,
                Err(error) => tracing::error!(%error, "no telemetry: its thread cannot be started"),
            }
        }
        subscription
    }

    /// One reading now.
    pub fn read(&self) -> Telemetry {
        (self.0.sample)()
    }

    /// Ends the readings.
    pub fn close(&self) {
        lock(&self.0.state).closed = true;
        self.0.woken.notify_all();
    }
}

fn run(inner: &Weak<Inner>) {
    while let Some(inner) = inner.upgrade() {
        {
            let mut state = lock(&inner.state);
            if state.closed || inner.listeners.is_empty() {
                state.running = false;
                return;
            }
        }
        inner.listeners.tell(&(inner.sample)());
        let state = lock(&inner.state);
        if !state.closed {
            drop(
                inner
                    .woken
                    .wait_timeout(state, INTERVAL)
                    .unwrap_or_else(PoisonError::into_inner),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc;

    #[test]
    fn it_reads_only_while_somebody_listens() {
        let samples = Arc::new(AtomicU32::new(0));
        let feed = Feed::new({
            let samples = Arc::clone(&samples);
            move || {
                samples.fetch_add(1, Ordering::Relaxed);
                Telemetry::default()
            }
        });
        assert_eq!(samples.load(Ordering::Relaxed), 0);
        let (sender, heard) = mpsc::channel();
        let subscription = feed.subscribe(move |_| sender.send(()).unwrap_or_default());
        heard.recv_timeout(Duration::from_secs(5)).unwrap();
        drop(subscription);
        std::thread::sleep(INTERVAL * 2);
        let after = samples.load(Ordering::Relaxed);
        std::thread::sleep(INTERVAL * 2);
        assert_eq!(samples.load(Ordering::Relaxed), after);
    }

    #[test]
    fn acceptance_and_bandwidth_are_shares() {
        let live = Live {
            stats: GenerationStats {
                drafted_tokens: 8,
                accepted_tokens: 6,
                decode_tps: 15.0,
                ..GenerationStats::default()
            },
            decode_limit_tps: Some(30.0),
            ..Live::default()
        };
        let mut reading = Telemetry::default();
        live.fill(&mut reading);
        assert_eq!(reading.acceptance, Some(0.75));
        assert_eq!(reading.bandwidth_fraction, Some(0.5));
    }
}
