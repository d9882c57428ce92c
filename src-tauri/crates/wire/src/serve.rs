//! The worker's side: one serve loop for every binary.
//!
//! Three threads beside the caller's: none of them ever touches the engine. The calling thread owns it and handles one request
//! after the other; the reading thread takes requests, bodies, cancels and pings from stdin; the heartbeat thread says twice a
//! second that the process lives and how far it is. When stdin ends (the application closed it, or died) everything running is
//! cancelled, and the process is gone a second later at the latest, whatever the engine does.

use crate::frame::{BODY_PIECE, Frame, FrameError, FrameKind, write_parts};
use crate::protocol::{Heartbeat, Hello, Protocol, WIRE_VERSION, decode, encode};
use docmind_core::cancel::CancelToken;
use docmind_core::error::ErrorReport;
use serde::Serialize;
use std::collections::{HashMap, VecDeque};
use std::io::{self, Read, Write};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Time between two heartbeats.
pub const HEARTBEAT: Duration = Duration::from_millis(500);

/// How long a request may go on after stdin ended.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// An engine behind the pipe. Its methods run on the one thread that called [`serve`].
pub trait Serve<P: Protocol> {
    /// Handles one request; events go through `call`. Look at `call.cancel()` often: a cancelled request ends within a second.
    ///
    /// # Errors
    /// A report for a person; code `cancelled` where the token was.
    fn handle(&mut self, request: P::Request, call: &mut Call<P>) -> Result<P::Reply, ErrorReport>;

    /// What is left to do once the reply is on its way; the next request waits for it.
    fn rest(&mut self) {}
}

impl<P: Protocol, F> Serve<P> for F
where
    F: FnMut(P::Request, &mut Call<P>) -> Result<P::Reply, ErrorReport>,
{
    fn handle(&mut self, request: P::Request, call: &mut Call<P>) -> Result<P::Reply, ErrorReport> {
        self(request, call)
    }
}

/// Serves requests from stdin until it ends. stdout carries frames alone: what a native library prints goes to stderr.
///
/// Call [`adopt_parent`] first of all in `main`, then load the engine, shut the sandbox, and call this.
///
/// # Errors
/// Where the pipes cannot be set up, or the application sent what is no frame.
pub fn serve<P: Protocol>(fingerprint: &str, engine: impl Serve<P>) -> Result<(), FrameError> {
    let input = crate::stdio::take_stdin()?;
    let output = crate::stdio::take_stdout()?;
    serve_on::<P>(fingerprint, engine, input, output)
}

/// Ends this process when its parent does (Linux: `PR_SET_PDEATHSIG`; elsewhere the end of stdin does it). Asks the kernel to
/// take this process rather than the application when memory runs out, and closes what was inherited beside the three streams.
///
/// The first statement of `main`: descriptors that somebody opened before would be closed under their owner.
pub fn adopt_parent() {
    #[cfg(unix)]
    crate::stdio::close_inherited();
    #[cfg(target_os = "linux")]
    {
        if let Err(error) = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)) {
            tracing::warn!(%error, "the kernel will not end this process with its parent; the end of stdin will");
        }
        // Fails where /proc is not mounted; then the kernel chooses by size alone.
        if let Err(error) = std::fs::write("/proc/self/oom_score_adj", "500") {
            tracing::debug!(%error, "oom_score_adj not set");
        }
    }
}

/// [`serve`] on any pair of streams.
///
/// # Errors
/// Where the other side sent what is no frame.
pub fn serve_on<P: Protocol>(
    fingerprint: &str,
    mut engine: impl Serve<P>,
    mut input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
) -> Result<(), FrameError> {
    let link = Arc::new(Link {
        output: Mutex::new(Box::new(output)),
        progress: AtomicU64::new(0),
        ping: AtomicU64::new(0),
        broken: AtomicBool::new(false),
    });
    let inbox = Arc::new(Inbox::<P> {
        state: Mutex::new(InboxState::default()),
        arrived: Condvar::new(),
    });
    let finished = Arc::new(AtomicBool::new(false));

    link.send(
        FrameKind::Hello,
        0,
        &Hello {
            protocol: WIRE_VERSION,
            worker: P::WORKER.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            pid: std::process::id(),
            fingerprint: fingerprint.into(),
        },
    );

    let beat = Arc::clone(&link);
    spawn("heartbeat", move || {
        while !beat.broken.load(Ordering::Relaxed) {
            let now = Heartbeat {
                progress: beat.progress.load(Ordering::Relaxed),
                ping: beat.ping.load(Ordering::Relaxed),
            };
            beat.send(FrameKind::Heartbeat, 0, &now);
            thread::sleep(HEARTBEAT);
        }
    })?;

    let (reading_link, reading_inbox, done) = (Arc::clone(&link), Arc::clone(&inbox), Arc::clone(&finished));
    spawn("frames", move || {
        let end = read_frames(&mut input, &reading_link, &reading_inbox);
        if let Err(error) = &end {
            tracing::error!(%error, "what the application sent is no frame");
        }
        reading_inbox.close(end.err());
        let since = Instant::now();
        while !done.load(Ordering::Acquire) && since.elapsed() < LAST_MOMENT {
            thread::sleep(Duration::from_millis(10));
        }
        if !done.load(Ordering::Acquire) {
            // The engine does not listen. Ending in an orderly way would run destructors under its feet.
            crate::stdio::end_at_once();
        }
    })?;

    while let Some((request, mut call)) = Inbox::next(&inbox, &link) {
        let outcome = engine.handle(request, &mut call);
        call.finish(outcome);
        engine.rest();
    }
    finished.store(true, Ordering::Release);
    link.broken.store(true, Ordering::Relaxed);
    match inbox.lock().failure.take() {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

/// Both helpers do little: small stacks, because the address space of a worker may be limited.
fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), FrameError> {
    thread::Builder::new()
        .name(name.into())
        .stack_size(256 << 10)
        .spawn(body)?;
    Ok(())
}

/// The way out, shared by all threads.
struct Link {
    output: Mutex<Box<dyn Write + Send>>,
    progress: AtomicU64,
    ping: AtomicU64,
    /// Writing failed: the application is gone. The end of stdin follows, or has come already.
    broken: AtomicBool,
}

impl Link {
    fn send<T: Serialize>(&self, kind: FrameKind, request: u32, value: &T) {
        match encode(value) {
            Ok(payload) => self.send_bytes(kind, request, &payload),
            Err(error) => {
                let report = ErrorReport::new(
                    "worker_message",
                    "A result could not be sent.\nTry again; if it happens again, report it.",
                )
                .with_detail(error);
                if let Ok(payload) = encode(&report) {
                    self.send_bytes(FrameKind::Failure, request, &payload);
                }
            }
        }
    }

    fn send_bytes(&self, kind: FrameKind, request: u32, payload: &[u8]) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let written = write_parts(&mut **output, kind, request, payload).and_then(|()| Ok(output.flush()?));
        drop(output);
        match written {
            Ok(()) => {}
            Err(FrameError::TooLong(bytes)) if kind != FrameKind::Failure => {
                let report = ErrorReport::new(
                    "result_too_large",
                    format!(
                        "A result of {} MiB is more than can be passed on.\nSplit the document and try again.",
                        bytes >> 20
                    ),
                );
                self.send(FrameKind::Failure, request, &report);
            }
            Err(_) => self.broken.store(true, Ordering::Relaxed),
        }
    }
}

/// Requests on their way to the engine.
struct Inbox<P: Protocol> {
    state: Mutex<InboxState<P>>,
    arrived: Condvar,
}

struct InboxState<P: Protocol> {
    urgent: VecDeque<Waiting<P>>,
    waiting: VecDeque<Waiting<P>>,
    /// Of every request not yet replied to.
    cancels: HashMap<u32, CancelToken>,
    bodies: HashMap<u32, Sender<Vec<u8>>>,
    closed: bool,
    failure: Option<FrameError>,
}

impl<P: Protocol> Default for InboxState<P> {
    fn default() -> Self {
        Self {
            urgent: VecDeque::new(),
            waiting: VecDeque::new(),
            cancels: HashMap::new(),
            bodies: HashMap::new(),
            closed: false,
            failure: None,
        }
    }
}

struct Waiting<P: Protocol> {
    id: u32,
    request: P::Request,
    cancel: CancelToken,
    body: Option<Receiver<Vec<u8>>>,
}

impl<P: Protocol> Inbox<P> {
    fn lock(&self) -> std::sync::MutexGuard<'_, InboxState<P>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next request; `None` once stdin ended.
    fn next(inbox: &Arc<Self>, link: &Arc<Link>) -> Option<(P::Request, Call<P>)> {
        let mut state = inbox.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(waiting) = state.urgent.pop_front() {
                return Some(Call::new(waiting, inbox, link));
            }
            if let Some(waiting) = state.waiting.pop_front() {
                return Some(Call::new(waiting, inbox, link));
            }
            state = inbox.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn close(&self, failure: Option<FrameError>) {
        let mut state = self.lock();
        state.closed = true;
        state.failure = failure;
        state.bodies.clear();
        for cancel in state.cancels.values() {
            cancel.cancel();
        }
        drop(state);
        self.arrived.notify_all();
    }

    fn accept(&self, id: u32, request: P::Request, with_body: bool) {
        let (body, pieces) = if with_body {
            let (sender, receiver) = channel();
            (Some(sender), Some(receiver))
        } else {
            (None, None)
        };
        let cancel = CancelToken::new();
        let urgent = P::is_urgent(&request);
        let mut state = self.lock();
        state.cancels.insert(id, cancel.clone());
        if let Some(body) = body {
            state.bodies.insert(id, body);
        }
        let waiting = Waiting {
            id,
            request,
            cancel,
            body: pieces,
        };
        if urgent {
            state.urgent.push_back(waiting);
        } else {
            state.waiting.push_back(waiting);
        }
        drop(state);
        self.arrived.notify_all();
    }
}

/// The reading thread. It never waits for the engine: bodies are kept in memory until they are read (a parser reads a document
/// whole into memory anyhow; the address-space limit bounds both).
fn read_frames<P: Protocol>(input: &mut dyn Read, link: &Link, inbox: &Inbox<P>) -> Result<(), FrameError> {
    while let Some(frame) = Frame::read_from(input)? {
        let id = frame.request;
        match frame.kind {
            FrameKind::Ping => {
                if let Ok(number) = decode::<u64>(&frame.payload) {
                    link.ping.store(number, Ordering::Relaxed);
                }
            }
            FrameKind::Request | FrameKind::RequestWithBody => match decode::<P::Request>(&frame.payload) {
                Ok(request) => inbox.accept(id, request, frame.kind == FrameKind::RequestWithBody),
                Err(error) => {
                    let report = ErrorReport::new(
                        "worker_message",
                        "The worker did not understand a request.\nInstall DocMind again.",
                    )
                    .with_detail(error);
                    link.send(FrameKind::Failure, id, &report);
                }
            },
            FrameKind::Body => {
                let mut state = inbox.lock();
                // Absent where the request was answered before its body was complete; the rest is dropped.
                if let Some(body) = state.bodies.get(&id)
                    && body.send(frame.payload).is_err()
                {
                    state.bodies.remove(&id);
                }
            }
            FrameKind::BodyEnd => {
                inbox.lock().bodies.remove(&id);
            }
            FrameKind::Cancel => {
                if let Some(cancel) = inbox.lock().cancels.get(&id) {
                    cancel.cancel();
                }
            }
            FrameKind::Hello
            | FrameKind::Heartbeat
            | FrameKind::Event
            | FrameKind::Output
            | FrameKind::Reply
            | FrameKind::Failure => return Err(FrameError::Garbage("a frame that only a worker sends")),
        }
    }
    Ok(())
}

/// One request being handled: the way to its events, its body and its cancel token.
pub struct Call<P: Protocol> {
    id: u32,
    cancel: CancelToken,
    body: Body,
    link: Arc<Link>,
    inbox: Arc<Inbox<P>>,
    messages: PhantomData<fn(P)>,
}

impl<P: Protocol> Call<P> {
    fn new(waiting: Waiting<P>, inbox: &Arc<Inbox<P>>, link: &Arc<Link>) -> (P::Request, Self) {
        let Waiting {
            id,
            request,
            cancel,
            body,
        } = waiting;
        let call = Self {
            id,
            body: Body {
                pieces: body,
                piece: Vec::new(),
                at: 0,
                cancel: cancel.clone(),
            },
            cancel,
            link: Arc::clone(link),
            inbox: Arc::clone(inbox),
            messages: PhantomData,
        };
        (request, call)
    }

    /// Set when the request is no longer wanted, or the application is gone.
    pub fn cancel(&self) -> &CancelToken {
        &self.cancel
    }

    /// Tells something on the way; counts as progress.
    pub fn event(&self, event: &P::Event) {
        self.tick();
        self.link.send(FrameKind::Event, self.id, event);
    }

    /// Sends raw output, in pieces; counts as progress.
    pub fn output(&self, bytes: &[u8]) {
        for piece in bytes.chunks(BODY_PIECE) {
            self.tick();
            self.link.send_bytes(FrameKind::Output, self.id, piece);
        }
    }

    /// Counts as progress without saying anything.
    pub fn tick(&self) {
        self.link.progress.fetch_add(1, Ordering::Relaxed);
    }

    /// The request's body; ends at once where there is none. A cancelled request's body ends with an error of kind `Interrupted`
    /// wrapped as `Other`, never silently short.
    pub fn body(&mut self) -> &mut Body {
        &mut self.body
    }

    /// Takes the body out, for a handler that needs it beside the call.
    pub fn take_body(&mut self) -> Body {
        let empty = Body {
            pieces: None,
            piece: Vec::new(),
            at: 0,
            cancel: self.cancel.clone(),
        };
        std::mem::replace(&mut self.body, empty)
    }

    /// A request that overtakes (see [`Protocol::is_urgent`]), to be handled in the middle of this one, on this thread, with
    /// [`Call::finish`] at its end.
    pub fn next_urgent(&self) -> Option<(P::Request, Self)> {
        let waiting = self.inbox.lock().urgent.pop_front()?;
        Some(Self::new(waiting, &self.inbox, &self.link))
    }

    /// Answers. The serve loop does it for what [`Serve::handle`] returns; only a call from [`Call::next_urgent`] needs it.
    pub fn finish(self, outcome: Result<P::Reply, ErrorReport>) {
        let mut state = self.inbox.lock();
        state.cancels.remove(&self.id);
        state.bodies.remove(&self.id);
        drop(state);
        self.tick();
        match outcome {
            Ok(reply) => self.link.send(FrameKind::Reply, self.id, &reply),
            Err(report) => self.link.send(FrameKind::Failure, self.id, &report),
        }
    }
}

/// A request's body as it arrives.
pub struct Body {
    pieces: Option<Receiver<Vec<u8>>>,
    piece: Vec<u8>,
    at: usize,
    cancel: CancelToken,
}

impl Read for Body {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        while self.at == self.piece.len() {
            let Some(pieces) = &self.pieces else { return Ok(0) };
            if self.cancel.is_cancelled() {
                return Err(io::Error::other("cancelled"));
            }
            match pieces.recv_timeout(Duration::from_millis(50)) {
                Ok(piece) => (self.piece, self.at) = (piece, 0),
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => {
                    self.pieces = None;
                    if self.cancel.is_cancelled() {
                        return Err(io::Error::other("cancelled"));
                    }
                    return Ok(0);
                }
            }
        }
        let count = into.len().min(self.piece.len() - self.at);
        into[..count].copy_from_slice(&self.piece[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}
