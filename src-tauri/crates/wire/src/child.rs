//! One running worker: its process, its pipes and the four threads that watch them.
//!
//! The supervising thread starts the process and outlives it (Linux sends the parent-death signal when the *thread* that started
//! a child ends, so a passing thread must not start one), reaps it, and kills it when it gives no sign of life or does not read.
//! A killed process closes its pipes, which wakes whoever waits on them: nothing here waits for ever.

mod pipes;

use crate::client::Rules;
use crate::exit::{Exit, ExitKind};
use crate::frame::{Frame, FrameKind};
use crate::launch::Launch;
use crate::protocol::{Hello, encode};
use crossbeam_channel::{Receiver, RecvTimeoutError, SendTimeoutError, Sender, bounded};
use pipes::{LastWords, read_frames, read_stderr, write_frames};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The supervising thread looks this often.
const TICK: Duration = Duration::from_millis(500);
/// From the end of stdin to the kill.
const GRACE: Duration = Duration::from_secs(2);
/// Frames on their way to one caller before the worker has to wait.
const ROUTE_FRAMES: usize = 64;

/// Why a worker could not be started.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StartError {
    /// The system could not start the binary.
    #[error("`{program}` could not be started: {reason}")]
    Spawn {
        /// Path of the binary.
        program: String,
        /// The system's words.
        reason: String,
    },
    /// It started, and ended before it said who it is.
    #[error("the worker ended while starting: {}", .0.words())]
    Ended(Exit),
    /// Another version, or another program.
    #[error("the worker is {found}, expected was {expected}")]
    Mismatch {
        /// Name and version wanted.
        expected: String,
        /// Name and version met.
        found: String,
    },
    /// The caller's cancel token was set while it started.
    #[error("cancelled")]
    Cancelled,
}

/// Frames of one call, as the reading thread passes them on.
pub(crate) type Route = Receiver<Frame>;

pub(crate) struct Running {
    pub(crate) hello: Hello,
    shared: Arc<Shared>,
    outgoing: Sender<Frame>,
    control: Sender<Control>,
}

struct Shared {
    routes: Mutex<Routes>,
    exit: Mutex<Option<Exit>>,
    exited: Condvar,
    vitals: Vitals,
    last_words: Mutex<LastWords>,
}

#[derive(Default)]
struct Routes {
    next: u32,
    open: HashMap<u32, Sender<Frame>>,
    ended: bool,
}

struct Vitals {
    born: Instant,
    /// Milliseconds since `born` of the last frame, the last new echo of a ping, and since when a write is under way (0: none).
    heard_ms: AtomicU64,
    echo_ms: AtomicU64,
    writing_ms: AtomicU64,
    progress: AtomicU64,
    pinged: AtomicU64,
    echoed: AtomicU64,
    /// The reading thread waits for a slow caller: silence is ours, not the worker's.
    delivering: AtomicBool,
    /// See [`crate::client::Rules::life_sign`].
    life_sign: Duration,
}

enum Control {
    Stop,
    Kill(ExitKind),
    OutputEnded,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Vitals {
    fn now_ms(&self) -> u64 {
        self.born.elapsed().as_millis() as u64
    }

    fn heard(&self) {
        self.heard_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    fn forgive(&self) {
        let now = self.now_ms();
        self.heard_ms.store(now, Ordering::Relaxed);
        self.echo_ms.store(now, Ordering::Relaxed);
        if self.writing_ms.load(Ordering::Relaxed) != 0 {
            self.writing_ms.store(now, Ordering::Relaxed);
        }
    }

    /// Seconds of a silence that means death.
    fn silent_for(&self) -> Option<u64> {
        if self.delivering.load(Ordering::Relaxed) {
            return None;
        }
        let now = self.now_ms();
        let limit = self.life_sign.as_millis() as u64;
        let writing = self.writing_ms.load(Ordering::Relaxed);
        let since = [
            now.saturating_sub(self.heard_ms.load(Ordering::Relaxed)),
            now.saturating_sub(self.echo_ms.load(Ordering::Relaxed)),
            if writing == 0 { 0 } else { now.saturating_sub(writing) },
        ];
        since
            .into_iter()
            .max()
            .filter(|silence| *silence > limit)
            .map(|silence| silence / 1000)
    }
}

impl Running {
    /// Starts a worker and waits until it has said who it is, at most [`Rules::start`].
    pub(crate) fn start(
        launch: &Launch,
        worker: &'static str,
        rules: &Rules,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Self, StartError> {
        let shared = Arc::new(Shared {
            routes: Mutex::default(),
            exit: Mutex::new(None),
            exited: Condvar::new(),
            vitals: Vitals {
                born: Instant::now(),
                heard_ms: AtomicU64::new(0),
                echo_ms: AtomicU64::new(0),
                writing_ms: AtomicU64::new(0),
                progress: AtomicU64::new(0),
                pinged: AtomicU64::new(0),
                echoed: AtomicU64::new(0),
                delivering: AtomicBool::new(false),
                life_sign: rules.life_sign,
            },
            last_words: Mutex::default(),
        });
        let (outgoing, to_write) = bounded::<Frame>(4);
        let (control, orders) = bounded::<Control>(16);
        let (ready_sender, ready) = bounded::<Result<Hello, StartError>>(1);
        let supervised = Supervised {
            launch: launch.clone(),
            worker,
            shared: Arc::clone(&shared),
            ready: ready_sender,
            patience: rules.start,
        };
        let (own_control, own_outgoing) = (control.clone(), outgoing.clone());
        let spawned = thread::Builder::new()
            .name(format!("{worker} supervisor"))
            .stack_size(256 << 10)
            .spawn(move || supervised.run(to_write, own_outgoing, &orders, &own_control));
        if let Err(error) = spawned {
            return Err(StartError::Spawn {
                program: launch.program.display().to_string(),
                reason: error.to_string(),
            });
        }
        let running = |hello| Self {
            hello,
            shared: Arc::clone(&shared),
            outgoing: outgoing.clone(),
            control: control.clone(),
        };
        loop {
            match ready.recv_timeout(Duration::from_millis(20)) {
                Ok(Ok(hello)) => {
                    // Dropped, and so ended, where it is not the worker that was wanted.
                    let running = running(hello);
                    return check(&running.hello, worker).map(|()| running);
                }
                Ok(Err(error)) => return Err(error),
                Err(RecvTimeoutError::Timeout) if cancelled() => {
                    let _ = control.try_send(Control::Kill(ExitKind::Cancelled));
                    return Err(StartError::Cancelled);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    let kind = ExitKind::Status(-1);
                    return Err(StartError::Ended(Exit {
                        kind,
                        last_words: Vec::new(),
                    }));
                }
            }
        }
    }

    /// Opens a route for one call; `None` when the worker has ended.
    pub(crate) fn open_route(&self) -> Option<(u32, Route)> {
        let mut routes = lock(&self.shared.routes);
        if routes.ended {
            return None;
        }
        let (sender, receiver) = bounded(ROUTE_FRAMES);
        loop {
            routes.next = routes.next.wrapping_add(1);
            let id = routes.next;
            if id != 0 && !routes.open.contains_key(&id) {
                routes.open.insert(id, sender);
                return Some((id, receiver));
            }
        }
    }

    /// Frames for this call are dropped from now on.
    pub(crate) fn close_route(&self, id: u32) {
        lock(&self.shared.routes).open.remove(&id);
    }

    /// Queues a frame; false when the worker has ended. Gives the frame back when the queue stayed full for `wait`.
    pub(crate) fn send(&self, frame: Frame, wait: Duration) -> Result<bool, Frame> {
        match self.outgoing.send_timeout(frame, wait) {
            Ok(()) => Ok(true),
            Err(SendTimeoutError::Timeout(frame)) => Err(frame),
            Err(SendTimeoutError::Disconnected(_)) => Ok(false),
        }
    }

    /// The worker's own progress counter.
    pub(crate) fn progress(&self) -> u64 {
        self.shared.vitals.progress.load(Ordering::Relaxed)
    }

    pub(crate) fn has_ended(&self) -> bool {
        lock(&self.shared.routes).ended
    }

    pub(crate) fn kill(&self, why: ExitKind) {
        let _ = self.control.try_send(Control::Kill(why));
    }

    /// Closes stdin; the process is killed if it does not end within two seconds.
    pub(crate) fn stop(&self) {
        let _ = self.control.try_send(Control::Stop);
    }

    /// Waits until the process is reaped. The supervising thread promises that for a few seconds after a kill.
    pub(crate) fn wait_exit(&self, patience: Duration) -> Option<Exit> {
        let exit = lock(&self.shared.exit);
        let (exit, _) = self
            .shared
            .exited
            .wait_timeout_while(exit, patience, |exit| exit.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        exit.clone()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

fn check(hello: &Hello, worker: &str) -> Result<(), StartError> {
    let version = env!("CARGO_PKG_VERSION");
    if hello.worker == worker && hello.version == version && hello.protocol == crate::protocol::WIRE_VERSION {
        return Ok(());
    }
    Err(StartError::Mismatch {
        expected: format!("{worker} {version} (protocol {})", crate::protocol::WIRE_VERSION),
        found: format!("{} {} (protocol {})", hello.worker, hello.version, hello.protocol),
    })
}

struct Supervised {
    launch: Launch,
    worker: &'static str,
    shared: Arc<Shared>,
    ready: Sender<Result<Hello, StartError>>,
    patience: Duration,
}

impl Supervised {
    fn run(
        self,
        to_write: Receiver<Frame>,
        outgoing: Sender<Frame>,
        orders: &Receiver<Control>,
        control: &Sender<Control>,
    ) {
        let Self {
            launch,
            worker,
            shared,
            ready,
            patience,
        } = self;
        let mut process = match launch.spawn() {
            Ok(process) => process,
            Err(error) => {
                end(
                    &shared,
                    Exit {
                        kind: ExitKind::Status(-1),
                        last_words: vec![error.to_string()],
                    },
                );
                let _ = ready.send(Err(StartError::Spawn {
                    program: launch.program.display().to_string(),
                    reason: error.to_string(),
                }));
                return;
            }
        };
        let pid = process.id();
        tracing::debug!(worker, pid, "started");
        let (stdin, stdout, stderr) = (process.stdin.take(), process.stdout.take(), process.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
            unreachable!("BUG: all three streams are piped")
        };
        let (hello_sender, hello) = bounded::<Hello>(1);
        // Closed by the writing thread's end as well as by `Stop`: it owns stdin.
        let (close_stdin, closing) = bounded::<()>(1);
        let threads = [
            start_thread(worker, "writer", {
                let shared = Arc::clone(&shared);
                move || write_frames(stdin, &to_write, &closing, &shared.vitals)
            }),
            start_thread(worker, "reader", {
                let (shared, control) = (Arc::clone(&shared), control.clone());
                move || read_frames(stdout, &shared, &hello_sender, &control)
            }),
            start_thread(worker, "stderr", {
                let shared = Arc::clone(&shared);
                move || read_stderr(stderr, worker, pid, &shared.last_words)
            }),
        ];

        let mut ready = Some(ready);
        let mut deadline: Option<Instant> = None;
        let mut verdict: Option<ExitKind> = None;
        if threads.iter().any(Result::is_err) {
            verdict = Some(ExitKind::Status(-1));
            let _ = process.kill();
        }
        let mut pings = 0_u64;
        let mut next_tick = Instant::now() + TICK;
        let status = loop {
            // Before the handshake and after a stop the process is looked at often; otherwise the pipe's end tells.
            let wait = if ready.is_some() || deadline.is_some() {
                Duration::from_millis(5)
            } else {
                TICK
            };
            match orders.recv_timeout(wait) {
                Ok(Control::Stop) => {
                    let _ = close_stdin.try_send(());
                    deadline.get_or_insert_with(|| Instant::now() + GRACE);
                }
                Ok(Control::Kill(why)) => {
                    verdict.get_or_insert(why);
                    let _ = process.kill();
                    deadline = Some(Instant::now());
                }
                Ok(Control::OutputEnded) => {
                    deadline.get_or_insert_with(|| Instant::now() + GRACE);
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            if ready.is_some()
                && let Ok(hello) = hello.try_recv()
                && let Some(ready) = ready.take()
            {
                let _ = ready.send(Ok(hello));
            }
            match process.try_wait() {
                Ok(Some(status)) => break Some(status),
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(worker, pid, %error, "could not ask for the process's state");
                    let _ = process.kill();
                    break process.wait().ok();
                }
            }
            let now = Instant::now();
            if deadline.is_some_and(|deadline| now >= deadline) {
                if verdict.is_none() {
                    tracing::warn!(worker, pid, "did not end when asked, killed");
                }
                let _ = process.kill();
                deadline = Some(now + GRACE);
            }
            if ready.is_some() && shared.vitals.born.elapsed() > patience {
                verdict.get_or_insert(ExitKind::Silent(patience.as_secs()));
                let _ = process.kill();
            }
            if now >= next_tick && ready.is_none() && deadline.is_none() {
                if now.duration_since(next_tick) > Duration::from_secs(2) {
                    // We were stopped or starved ourselves: what the worker said meanwhile is still in the pipe.
                    shared.vitals.forgive();
                }
                next_tick = now + TICK;
                if let Some(seconds) = shared.vitals.silent_for() {
                    tracing::warn!(worker, pid, seconds, "no sign of life, killed");
                    verdict.get_or_insert(ExitKind::Silent(seconds));
                    let _ = process.kill();
                }
                pings += 1;
                if let Ok(payload) = encode(&pings)
                    && outgoing.try_send(Frame::new(FrameKind::Ping, 0, payload)).is_ok()
                {
                    shared.vitals.pinged.store(pings, Ordering::Relaxed);
                }
            }
        };
        drop(process);
        let _ = close_stdin.try_send(());
        drop(outgoing);
        // The pipes are at their end now, unless somebody else holds them; then their threads are left to it.
        let until = Instant::now() + Duration::from_millis(500);
        for thread in threads.into_iter().flatten() {
            while !thread.is_finished() && Instant::now() < until {
                thread::sleep(Duration::from_millis(2));
            }
        }
        let last_words = lock(&shared.last_words).told(Instant::now());
        let exit = match (verdict, status) {
            (Some(kind), _) => Exit { kind, last_words },
            (None, Some(status)) => Exit::from_status(status, last_words),
            (None, None) => Exit {
                kind: ExitKind::Status(-1),
                last_words,
            },
        };
        tracing::debug!(worker, pid, how = exit.words(), "ended");
        end(&shared, exit.clone());
        if let Some(ready) = ready.take() {
            let _ = ready.send(Err(StartError::Ended(exit)));
        }
    }
}

/// Wakes every caller: routes close, the exit is known.
fn end(shared: &Shared, exit: Exit) {
    *lock(&shared.exit) = Some(exit);
    let mut routes = lock(&shared.routes);
    routes.ended = true;
    routes.open.clear();
    drop(routes);
    shared.exited.notify_all();
}

fn start_thread(
    worker: &str,
    name: &str,
    body: impl FnOnce() + Send + 'static,
) -> std::io::Result<thread::JoinHandle<()>> {
    thread::Builder::new()
        .name(format!("{worker} {name}"))
        .stack_size(256 << 10)
        .spawn(body)
}
