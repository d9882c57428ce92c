//! The application's side: a worker that is started when needed, watched, and started again when it dies.

mod error;
mod exchange;

use crate::child::{Running, StartError};
use crate::exit::{Exit, ExitKind};
use crate::frame::MAX_PAYLOAD;
use crate::launch::Launch;
use crate::protocol::{Hello, Protocol, encode};
use docmind_core::cancel::CancelToken;
use exchange::Exchange;
use std::collections::VecDeque;
use std::io::Read;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use error::CallError;

/// A cancel token is looked at this often, where nothing wakes who waits.
const POLL: Duration = Duration::from_millis(25);
/// A killed process is reaped within this time, or its end is told without its reason.
const REAP: Duration = Duration::from_secs(4);

/// When a worker is started again, and when it is replaced.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// From start to handshake.
    pub start: Duration,
    /// No heartbeat, no echo of a ping, or a pipe not read for so long: the process is taken for dead and killed.
    pub life_sign: Duration,
    /// Starts after a death allowed within `restart_window`; `None` is no limit.
    pub restarts: Option<u32>,
    /// See `restarts`.
    pub restart_window: Duration,
    /// Wait before the first restart in a row; doubles up to two seconds while no request succeeds.
    pub backoff: Duration,
    /// Replaced by a fresh process after so many requests; `None` is never.
    pub recycle_after: Option<u32>,
    /// What a request that was cancelled may still take.
    pub cancel_grace: Duration,
    /// What happens then.
    pub after_grace: AfterGrace,
}

/// What happens to a worker that does not end a cancelled request in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterGrace {
    /// It is killed: it holds nothing that costs much to load again.
    Kill,
    /// The call returns; the worker goes on and its late frames are dropped.
    Abandon,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            start: Duration::from_secs(20),
            // Twenty heartbeats: a machine that swaps stalls for seconds.
            life_sign: Duration::from_secs(10),
            restarts: None,
            restart_window: Duration::from_mins(10),
            backoff: Duration::from_millis(50),
            recycle_after: None,
            cancel_grace: Duration::from_millis(500),
            after_grace: AfterGrace::Kill,
        }
    }
}

/// What a call hears before its reply.
#[derive(Debug)]
pub enum Incoming<E> {
    /// An event.
    Event(E),
    /// A piece of raw output.
    Output(Vec<u8>),
}

/// Takes what a call hears; `Break` ends the call with [`CallError::TooMuch`] and kills the worker: it sent more than it may.
pub type Sink<'a, E> = &'a mut dyn FnMut(Incoming<E>) -> ControlFlow<()>;

/// Limits and body of one call.
pub struct Options<'a> {
    /// Ends the call; see [`Rules::cancel_grace`].
    pub cancel: &'a CancelToken,
    /// Sent after the request, in pieces.
    pub body: Option<&'a mut dyn Read>,
    /// Longest time for the whole call, the time spent in the caller's sink left out.
    pub total: Option<Duration>,
    /// Longest time without progress: an event, output, a piece of body taken, or [`crate::serve::Call::tick`].
    pub silence: Option<Duration>,
}

impl<'a> Options<'a> {
    /// No body, no limits of time (the heartbeat still tells a dead worker).
    pub fn new(cancel: &'a CancelToken) -> Self {
        Self {
            cancel,
            body: None,
            total: None,
            silence: None,
        }
    }
}

/// A supervised worker. Calls from several threads run side by side; the worker handles them one after the other, urgent ones
/// first. Dropping it ends the process.
pub struct Client<P: Protocol> {
    launch: Mutex<Launch>,
    rules: Rules,
    state: Mutex<State>,
    messages: PhantomData<fn(P)>,
}

#[derive(Default)]
struct State {
    running: Option<Arc<Running>>,
    /// A caller is starting one; the others wait for it, each as long as it likes.
    starting: bool,
    /// Calls of [`Client::stop`] so far.
    stops: u64,
    served: u32,
    deaths: VecDeque<Instant>,
    deaths_in_row: u32,
    last_exit: Option<Exit>,
    not_before: Option<Instant>,
}

impl<P: Protocol> Client<P> {
    /// Nothing is started before the first call.
    pub fn new(launch: Launch, rules: Rules) -> Self {
        Self {
            launch: Mutex::new(launch),
            rules,
            state: Mutex::default(),
            messages: PhantomData,
        }
    }

    /// From now on a process is started so; one that runs stays.
    pub fn start_with(&self, launch: Launch) {
        *self.launch.lock().unwrap_or_else(PoisonError::into_inner) = launch;
    }

    /// What the running worker said of itself; `None` while none runs.
    pub fn hello(&self) -> Option<Hello> {
        self.lock()
            .running
            .as_ref()
            .filter(|running| !running.has_ended())
            .map(|running| running.hello.clone())
    }

    /// Ends the process in an orderly way and waits for it, at most four seconds. The next call starts a fresh one.
    pub fn stop(&self) {
        let running = {
            let mut state = self.lock();
            state.served = 0;
            state.stops += 1;
            state.running.take()
        };
        if let Some(running) = running {
            running.stop();
            let _ = running.wait_exit(REAP);
        }
    }

    /// Forgets past deaths: after a person changed what caused them, the next call starts a worker at once.
    pub fn forgive(&self) {
        let mut state = self.lock();
        state.deaths.clear();
        state.deaths_in_row = 0;
        state.not_before = None;
    }

    /// One call without body, output or limits.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn call(
        &self,
        request: &P::Request,
        cancel: &CancelToken,
        sink: &mut dyn FnMut(P::Event),
    ) -> Result<P::Reply, CallError> {
        self.call_with(request, Options::new(cancel), &mut |incoming| {
            if let Incoming::Event(event) = incoming {
                sink(event);
            }
            ControlFlow::Continue(())
        })
    }

    /// One call. Events and output reach `sink` in order, on this thread.
    ///
    /// # Errors
    /// See [`CallError`]. After `Died` and `TimedOut` the next call starts a fresh process.
    pub fn call_with(
        &self,
        request: &P::Request,
        options: Options<'_>,
        sink: Sink<'_, P::Event>,
    ) -> Result<P::Reply, CallError> {
        let payload = encode(request).map_err(|error| CallError::Message(error.to_string()))?;
        if payload.len() > MAX_PAYLOAD {
            return Err(CallError::Message(format!("a request of {} bytes", payload.len())));
        }
        let running = self.running(options.cancel)?;
        let outcome = Exchange::<P>::new(&self.rules, &running, options).run(payload, sink);
        let mut state = self.lock();
        match &outcome {
            Err(CallError::Died(exit)) => state.note_death(&running, exit, &self.rules),
            Err(CallError::TimedOut(_) | CallError::TooMuch) => state.forget(&running),
            Err(_) if running.has_ended() => state.forget(&running),
            _ => state.deaths_in_row = 0,
        }
        outcome
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The running worker, started or replaced where needed.
    fn running(&self, cancel: &CancelToken) -> Result<Arc<Running>, CallError> {
        loop {
            if cancel.is_cancelled() {
                return Err(CallError::Cancelled);
            }
            let mut state = self.lock();
            if state.starting {
                drop(state);
                std::thread::sleep(POLL);
                continue;
            }
            if let Some(running) = state.running.clone() {
                if running.has_ended() {
                    // It died between two calls.
                    let exit = running.wait_exit(REAP).unwrap_or(Exit {
                        kind: ExitKind::Killed,
                        last_words: Vec::new(),
                    });
                    state.note_death(&running, &exit, &self.rules);
                    continue;
                }
                if self.rules.recycle_after.is_none_or(|limit| state.served < limit) {
                    state.served += 1;
                    return Ok(running);
                }
                // Other calls may still hold it; it ends with the last of them.
                state.forget(&running);
                continue;
            }
            let now = Instant::now();
            while state
                .deaths
                .front()
                .is_some_and(|death| now.duration_since(*death) > self.rules.restart_window)
            {
                state.deaths.pop_front();
            }
            if let (Some(limit), Some(last)) = (self.rules.restarts, &state.last_exit)
                && state.deaths.len() > limit as usize
            {
                return Err(CallError::RestartsExhausted {
                    restarts: state.deaths.len() as u32,
                    minutes: self.rules.restart_window.as_secs().div_ceil(60),
                    last: last.clone(),
                });
            }
            if let Some(until) = state.not_before
                && now < until
            {
                drop(state);
                std::thread::sleep(POLL.min(until - now));
                continue;
            }
            state.starting = true;
            let stops = state.stops;
            drop(state);
            let launch = self.launch.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let started = Running::start(&launch, P::WORKER, &self.rules, &|| cancel.is_cancelled());
            let mut state = self.lock();
            state.starting = false;
            match started {
                // Stopped while it started; dropping it ends it.
                Ok(_) if state.stops != stops => return Err(CallError::Cancelled),
                Ok(running) => {
                    let running = Arc::new(running);
                    state.running = Some(Arc::clone(&running));
                    state.served = 1;
                    return Ok(running);
                }
                Err(StartError::Cancelled) => return Err(CallError::Cancelled),
                Err(error) => {
                    if let StartError::Ended(exit) = &error {
                        state.count_death(exit, &self.rules);
                    }
                    return Err(error.into());
                }
            }
        }
    }
}

impl<P: Protocol> Drop for Client<P> {
    fn drop(&mut self) {
        self.stop();
    }
}

impl State {
    fn forget(&mut self, running: &Arc<Running>) {
        if self
            .running
            .as_ref()
            .is_some_and(|current| Arc::ptr_eq(current, running))
        {
            self.running = None;
            self.served = 0;
        }
    }

    /// Counts a death once, however many calls it ended.
    fn note_death(&mut self, running: &Arc<Running>, exit: &Exit, rules: &Rules) {
        if self
            .running
            .as_ref()
            .is_some_and(|current| Arc::ptr_eq(current, running))
        {
            self.forget(running);
            self.count_death(exit, rules);
        }
    }

    fn count_death(&mut self, exit: &Exit, rules: &Rules) {
        let now = Instant::now();
        self.deaths.push_back(now);
        if self.deaths.len() > 64 {
            self.deaths.pop_front();
        }
        self.not_before =
            Some(now + (rules.backoff * 2_u32.pow(self.deaths_in_row.min(10))).min(Duration::from_secs(2)));
        self.deaths_in_row = self.deaths_in_row.saturating_add(1);
        self.last_exit = Some(exit.clone());
    }
}
