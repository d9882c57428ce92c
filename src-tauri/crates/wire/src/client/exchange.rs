//! One call on one worker: what is sent, what comes back, and when it has taken too long.

use super::{AfterGrace, CallError, Incoming, Options, POLL, REAP, Rules, Sink};
use crate::child::{Route, Running};
use crate::exit::{Exit, ExitKind};
use crate::frame::{BODY_PIECE, Frame, FrameKind};
use crate::protocol::{CodecError, Protocol, decode};
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded, select};
use docmind_core::error::ErrorReport;
use std::io::Read;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

/// The clock of a call is looked at this often, where no limit is nearer.
const LEISURE: Duration = Duration::from_secs(1);

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

    /// How long nothing needs to be looked at, where nothing arrives.
    fn leisure(&self) -> Duration {
        [self.total, self.silence]
            .into_iter()
            .flatten()
            .map(|(since, limit)| limit.saturating_sub(since.elapsed()))
            .fold(LEISURE, Duration::min)
            .max(POLL)
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
pub(super) struct Exchange<'a, 'o, P: Protocol> {
    rules: &'a Rules,
    running: &'a Running,
    options: Options<'o>,
    timer: Timer,
    messages: PhantomData<fn(P)>,
}

impl<'a, 'o, P: Protocol> Exchange<'a, 'o, P> {
    pub(super) fn new(rules: &'a Rules, running: &'a Running, options: Options<'o>) -> Self {
        let timer = Timer::new(options.total, options.silence, running.progress());
        Self {
            rules,
            running,
            options,
            timer,
            messages: PhantomData,
        }
    }

    pub(super) fn run(mut self, payload: Vec<u8>, sink: Sink<'_, P::Event>) -> Result<P::Reply, CallError> {
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
        route: &Route,
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
                    // It waits for the rest, and whoever asks next would wait behind it: it is told so, or ended where it does not hear.
                    let _ = self.cancel(id, route, sink);
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
        // Woken, not looking again and again: the worker computes on every core, and each look would take one from it.
        let (wake, woken) = bounded(1);
        let _watch = self.options.cancel.watch(move || {
            let _ = wake.try_send(());
        });
        loop {
            match next_frame(route, &woken, self.timer.leisure()) {
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
    fn send(&mut self, frame: Frame, route: &Route, sink: Sink<'_, P::Event>) -> Result<Option<Early<P>>, CallError> {
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
        let garbled = |error: CodecError| {
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
    fn cancel(&mut self, id: u32, route: &Route, sink: Sink<'_, P::Event>) -> Result<P::Reply, CallError> {
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

/// The next frame; or none before `wait` is over or somebody is `woken`.
fn next_frame(route: &Route, woken: &Receiver<()>, wait: Duration) -> Result<Frame, RecvTimeoutError> {
    select! {
        recv(route) -> frame => frame.map_err(|_| RecvTimeoutError::Disconnected),
        recv(woken) -> _ => Err(RecvTimeoutError::Timeout),
        default(wait) => Err(RecvTimeoutError::Timeout),
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
