//! The application's side: a worker that is started when needed, watched, and started again when it dies.

use crate::child::{Running, StartError};
use crate::exit::{Exit, ExitKind};
use crate::frame::{BODY_PIECE, Frame, FrameKind, MAX_PAYLOAD};
use crate::launch::Launch;
use crate::protocol::{Hello, Protocol, decode, encode};
use crossbeam_channel::RecvTimeoutError;
use docmind_core::cancel::CancelToken;
use docmind_core::error::ErrorReport;
use std::collections::VecDeque;
use std::io::Read;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A cancel token is looked at this often.
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

/// Why a call gave no reply.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// The worker answered with a failure; it lives.
    #[error("{0}")]
    Failed(ErrorReport),
    /// The cancel token was set.
    #[error("cancelled")]
    Cancelled,
    /// The worker's process ended in the middle.
    #[error("the worker stopped: {}", .0.words())]
    Died(Exit),
    /// The call took longer than allowed, or made no progress for too long; the worker was killed.
    #[error("no result within {0} s")]
    TimedOut(u64),
    /// It could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It died too often; it is started again when the window has passed.
    #[error("the worker stopped {restarts} times in {minutes} minutes: {}", .last.words())]
    RestartsExhausted {
        /// Deaths within the window.
        restarts: u32,
        /// The window.
        minutes: u64,
        /// The last end.
        last: Exit,
    },
    /// The request's body could not be read.
    #[error("the data could not be read: {0}")]
    Body(String),
    /// The worker sent more than the caller takes; it was killed.
    #[error("the result is too large")]
    TooMuch,
    /// A message could not be written or read.
    #[error("{0}")]
    Message(String),
}

impl CallError {
    /// The error for a person. `who` names the worker's job at the start of a sentence, such as "The document reader".
    pub fn report(&self, who: &str) -> ErrorReport {
        match self {
            Self::Failed(report) => report.clone(),
            Self::Cancelled => ErrorReport::new("cancelled", "Cancelled."),
            Self::Died(exit) => {
                let (code, advice) = match exit.kind {
                    ExitKind::OutOfMemory | ExitKind::Killed => {
                        ("worker_out_of_memory", "Close other programs or choose a smaller setting, then try again.")
                    }
                    _ => ("worker_died", "It starts again by itself: try once more."),
                };
                ErrorReport::new(code, format!("{who} stopped: {}.\n{advice}", exit.words())).with_detail_lines(exit)
            }
            Self::TimedOut(seconds) => ErrorReport::new(
                "worker_timed_out",
                format!("{who} gave no result within {seconds} seconds and was ended.\nTry again, or with a smaller document."),
            ),
            Self::Start(StartError::Cancelled) => ErrorReport::new("cancelled", "Cancelled."),
            Self::Start(error @ (StartError::Spawn { .. } | StartError::Mismatch { .. })) => {
                ErrorReport::new("worker_missing", format!("{who} could not be started.\nInstall DocMind again.")).with_detail(error)
            }
            Self::Start(StartError::Ended(exit)) => {
                ErrorReport::new("worker_start_failed", format!("{who} could not be started: {}.\nInstall DocMind again.", exit.words()))
                    .with_detail_lines(exit)
            }
            Self::RestartsExhausted { restarts, minutes, last } => ErrorReport::new(
                "worker_restarts_exhausted",
                format!(
                    "{who} stopped {restarts} times within {minutes} minutes and is not started again for now: {}.\nChoose \
                     another model or a smaller profile, or try again later.",
                    last.words()
                ),
            )
            .with_detail_lines(last),
            Self::Body(reason) => {
                ErrorReport::new("unreadable", "The data could not be read to its end.\nCheck that the file is still there.")
                    .with_detail(reason)
            }
            Self::TooMuch => {
                ErrorReport::new("result_too_large", format!("{who} gave more than can be used.\nSplit the document and try again."))
            }
            Self::Message(reason) => {
                ErrorReport::new("worker_message", format!("{who} could not be understood.\nInstall DocMind again."))
                    .with_detail(reason)
            }
        }
    }
}

trait DetailLines {
    fn with_detail_lines(self, exit: &Exit) -> Self;
}

impl DetailLines for ErrorReport {
    fn with_detail_lines(self, exit: &Exit) -> Self {
        if exit.last_words.is_empty() {
            self
        } else {
            self.with_detail(exit.last_words.join("\n"))
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
    launch: Launch,
    rules: Rules,
    state: Mutex<State>,
    messages: PhantomData<fn(P)>,
}

#[derive(Default)]
struct State {
    running: Option<Arc<Running>>,
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
            launch,
            rules,
            state: Mutex::default(),
            messages: PhantomData,
        }
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
            match Running::start(&self.launch, P::WORKER, &self.rules, &|| cancel.is_cancelled()) {
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

/// The clock of one call: its two limits, with the time spent in the caller's sink left out.
struct Timer {
    total: Option<(Instant, Duration)>,
    silence: Option<(Instant, Duration)>,
    progress: u64,
}

impl Timer {
    fn new(total: Option<Duration>, silence: Option<Duration>, progress: u64) -> Self {
        let now = Instant::now();
        Self {
            total: total.map(|limit| (now, limit)),
            silence: silence.map(|limit| (now, limit)),
            progress,
        }
    }

    fn moved(&mut self) {
        if let Some((since, _)) = &mut self.silence {
            *since = Instant::now();
        }
    }

    fn pause(&mut self, spent: Duration) {
        if let Some((since, _)) = &mut self.total {
            *since += spent;
        }
        self.moved();
    }

    /// The limit that has passed, in seconds.
    fn expired(&mut self, progress: u64) -> Option<u64> {
        if progress != self.progress {
            self.progress = progress;
            self.moved();
        }
        [self.total, self.silence]
            .into_iter()
            .flatten()
            .find(|(since, limit)| since.elapsed() > *limit)
            .map(|(_, limit)| limit.as_secs())
    }
}

/// A reply before its time: the outcome of the whole call.
type Early<P> = Result<<P as Protocol>::Reply, CallError>;

enum Step<R> {
    Reply(Result<R, CallError>),
    Again,
}

/// One call on one worker.
struct Exchange<'a, 'o, P: Protocol> {
    rules: &'a Rules,
    running: &'a Running,
    options: Options<'o>,
    timer: Timer,
    messages: PhantomData<fn(P)>,
}

impl<'a, 'o, P: Protocol> Exchange<'a, 'o, P> {
    fn new(rules: &'a Rules, running: &'a Running, options: Options<'o>) -> Self {
        let timer = Timer::new(options.total, options.silence, running.progress());
        Self {
            rules,
            running,
            options,
            timer,
            messages: PhantomData,
        }
    }

    fn run(mut self, payload: Vec<u8>, sink: Sink<'_, P::Event>) -> Result<P::Reply, CallError> {
        let Some((id, route)) = self.running.open_route() else {
            return Err(self.died());
        };
        let outcome = self.exchange(id, &route, payload, sink);
        self.running.close_route(id);
        outcome
    }

    fn exchange(
        &mut self,
        id: u32,
        route: &crate::child::Route,
        payload: Vec<u8>,
        sink: Sink<'_, P::Event>,
    ) -> Result<P::Reply, CallError> {
        let kind = if self.options.body.is_some() {
            FrameKind::RequestWithBody
        } else {
            FrameKind::Request
        };
        if let Some(early) = self.send(Frame::new(kind, id, payload), route, sink)? {
            return early;
        }
        while let Some(body) = self.options.body.as_mut() {
            let mut piece = vec![0; BODY_PIECE];
            let count = match read_full(&mut **body, &mut piece) {
                Ok(count) => count,
                Err(error) => {
                    let _ = self.running.send(Frame::new(FrameKind::Cancel, id, Vec::new()), POLL);
                    return Err(CallError::Body(error.to_string()));
                }
            };
            piece.truncate(count);
            let frame = if count == 0 {
                self.options.body = None;
                Frame::new(FrameKind::BodyEnd, id, Vec::new())
            } else {
                Frame::new(FrameKind::Body, id, piece)
            };
            if let Some(early) = self.send(frame, route, sink)? {
                return early;
            }
            self.timer.moved();
        }
        loop {
            match route.recv_timeout(POLL) {
                Ok(frame) => {
                    if let Step::Reply(reply) = self.take(frame, sink)? {
                        return reply;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.died()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.look_at_clock()?;
            if self.options.cancel.is_cancelled() {
                return self.cancel(id, route, sink);
            }
        }
    }

    /// Queues a frame, taking in what arrives meanwhile: a worker that fills its pipe while we fill ours would stop both. `Some`
    /// is a reply before its time (the worker needs no more of the body).
    fn send(
        &mut self,
        frame: Frame,
        route: &crate::child::Route,
        sink: Sink<'_, P::Event>,
    ) -> Result<Option<Early<P>>, CallError> {
        let id = frame.request;
        let mut waiting = frame;
        loop {
            while let Ok(frame) = route.try_recv() {
                if let Step::Reply(reply) = self.take(frame, sink)? {
                    return Ok(Some(reply));
                }
            }
            if self.options.cancel.is_cancelled() {
                return self.cancel(id, route, sink).map(|reply| Some(Ok(reply)));
            }
            self.look_at_clock()?;
            match self.running.send(waiting, POLL) {
                Ok(true) => return Ok(None),
                Ok(false) => return Err(self.died()),
                Err(back) => waiting = back,
            }
        }
    }

    fn take(&mut self, frame: Frame, sink: Sink<'_, P::Event>) -> Result<Step<P::Reply>, CallError> {
        let garbled = |error: crate::protocol::CodecError| {
            self.running.kill(ExitKind::Garbage(error.to_string()));
            CallError::Message(error.to_string())
        };
        let incoming = match frame.kind {
            FrameKind::Event => Incoming::Event(decode(&frame.payload).map_err(garbled)?),
            FrameKind::Output => Incoming::Output(frame.payload),
            FrameKind::Reply => return Ok(Step::Reply(Ok(decode(&frame.payload).map_err(garbled)?))),
            _ => {
                let report: ErrorReport = decode(&frame.payload).map_err(garbled)?;
                let error = if report.code == "cancelled" {
                    CallError::Cancelled
                } else {
                    CallError::Failed(report)
                };
                return Ok(Step::Reply(Err(error)));
            }
        };
        let before = Instant::now();
        let verdict = sink(incoming);
        self.timer.pause(before.elapsed());
        if verdict.is_break() {
            self.end_it(ExitKind::TooMuch);
            return Err(CallError::TooMuch);
        }
        Ok(Step::Again)
    }

    fn look_at_clock(&mut self) -> Result<(), CallError> {
        let Some(seconds) = self.timer.expired(self.running.progress()) else {
            return Ok(());
        };
        self.end_it(ExitKind::TimedOut);
        Err(CallError::TimedOut(seconds))
    }

    fn end_it(&self, why: ExitKind) {
        self.running.kill(why);
        if self.running.wait_exit(REAP).is_none() {
            tracing::error!(
                worker = P::WORKER,
                pid = self.running.hello.pid,
                "killed, and not gone yet"
            );
        }
    }

    /// Asks for the end and waits for it a moment: a generator's statistics, or a late reply, are still good.
    fn cancel(
        &mut self,
        id: u32,
        route: &crate::child::Route,
        sink: Sink<'_, P::Event>,
    ) -> Result<P::Reply, CallError> {
        let until = Instant::now() + self.rules.cancel_grace;
        let mut order = Some(Frame::new(FrameKind::Cancel, id, Vec::new()));
        while Instant::now() < until {
            if let Some(frame) = order.take() {
                match self.running.send(frame, POLL) {
                    Ok(_) => {}
                    Err(back) => order = Some(back),
                }
            }
            match route.recv_timeout(POLL) {
                Ok(frame) => {
                    if let Step::Reply(reply) = self.take(frame, sink)? {
                        return reply;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Err(CallError::Cancelled),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        if self.rules.after_grace == AfterGrace::Kill {
            self.end_it(ExitKind::Cancelled);
        }
        Err(CallError::Cancelled)
    }

    fn died(&self) -> CallError {
        let exit = self.running.wait_exit(REAP).unwrap_or(Exit {
            kind: ExitKind::Killed,
            last_words: Vec::new(),
        });
        CallError::Died(exit)
    }
}

fn read_full(input: &mut dyn Read, into: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match input.read(&mut into[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
