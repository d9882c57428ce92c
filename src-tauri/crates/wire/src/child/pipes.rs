//! The three pipes of a worker: frames in, frames out, and lines of stderr.

use super::{Control, Shared, Vitals, lock};
use crate::exit::{ExitKind, tells_why};
use crate::frame::{Frame, FrameError, FrameKind, write_parts};
use crate::protocol::{Heartbeat, Hello, decode};
use crossbeam_channel::{Receiver, Sender};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{ChildStderr, ChildStdin, ChildStdout};
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Last lines of stderr kept to explain an end.
const LAST_WORDS: usize = 12;
/// Lines kept beyond them for what they say: ggml prints up to a hundred frames after its reason.
const REASONS: usize = 6;
/// What was said so long before explains no end any more: memory that ran out once is no reason for an hour later.
const REASON_AGE: Duration = Duration::from_mins(1);
/// A line of stderr is cut after so many bytes.
const LINE_BYTES: u64 = 2048;
/// Lines of stderr logged in ten seconds; what comes on top is counted.
const LINES_PER_TEN_SECONDS: u32 = 200;

/// What is kept of stderr to explain an end.
#[derive(Default)]
pub(super) struct LastWords {
    reasons: VecDeque<(Instant, String)>,
    last: VecDeque<(Instant, String)>,
}

impl LastWords {
    fn push(&mut self, line: String) {
        if self.last.len() == LAST_WORDS
            && let Some((at, oldest)) = self.last.pop_front()
            && tells_why(&oldest)
        {
            if self.reasons.len() == REASONS {
                self.reasons.pop_front();
            }
            self.reasons.push_back((at, oldest));
        }
        self.last.push_back((Instant::now(), line));
    }

    /// Reasons, then the last lines, oldest first; none that explained an end a while before `now`.
    pub(super) fn told(&self, now: Instant) -> Vec<String> {
        let counts = |(at, line): &&(Instant, String)| now.duration_since(*at) < REASON_AGE || !tells_why(line);
        let lines = self.reasons.iter().chain(&self.last).filter(counts);
        lines.map(|(_, line)| line.clone()).collect()
    }
}

pub(super) fn write_frames(mut stdin: ChildStdin, frames: &Receiver<Frame>, closing: &Receiver<()>, vitals: &Vitals) {
    loop {
        let frame = crossbeam_channel::select_biased! {
            recv(closing) -> _ => return,
            recv(frames) -> frame => match frame { Ok(frame) => frame, Err(_) => return },
        };
        vitals.writing_ms.store(vitals.now_ms().max(1), Ordering::Relaxed);
        let written =
            write_parts(&mut stdin, frame.kind, frame.request, &frame.payload).and_then(|()| Ok(stdin.flush()?));
        vitals.writing_ms.store(0, Ordering::Relaxed);
        if written.is_err() {
            // The worker has ended or closed its stdin; the reading thread learns it too.
            return;
        }
    }
}

pub(super) fn read_frames(stdout: ChildStdout, shared: &Shared, hello: &Sender<Hello>, control: &Sender<Control>) {
    let mut stdout = BufReader::with_capacity(64 << 10, stdout);
    let mut greeted = false;
    let garbage = loop {
        let frame = match Frame::read_from(&mut stdout) {
            Ok(Some(frame)) => frame,
            Ok(None) => break None,
            Err(FrameError::Pipe(_)) => break None,
            Err(error) => break Some(error.to_string()),
        };
        let vitals = &shared.vitals;
        vitals.heard();
        match frame.kind {
            FrameKind::Hello if !greeted => match decode::<Hello>(&frame.payload) {
                Ok(greeting) => {
                    greeted = true;
                    vitals.echo_ms.store(vitals.now_ms(), Ordering::Relaxed);
                    let _ = hello.try_send(greeting);
                }
                Err(error) => break Some(error.to_string()),
            },
            _ if !greeted => break Some("no greeting".into()),
            FrameKind::Heartbeat => match decode::<Heartbeat>(&frame.payload) {
                Ok(beat) => {
                    vitals.progress.store(beat.progress, Ordering::Relaxed);
                    let new = beat.ping > vitals.echoed.swap(beat.ping, Ordering::Relaxed);
                    if new || beat.ping >= vitals.pinged.load(Ordering::Relaxed) {
                        vitals.echo_ms.store(vitals.now_ms(), Ordering::Relaxed);
                    }
                }
                Err(error) => break Some(error.to_string()),
            },
            FrameKind::Event | FrameKind::Output | FrameKind::Reply | FrameKind::Failure => {
                let route = lock(&shared.routes).open.get(&frame.request).cloned();
                if let Some(route) = route {
                    vitals.delivering.store(true, Ordering::Relaxed);
                    // Fails when the call was given up; its frames are not wanted.
                    let _ = route.send(frame);
                    vitals.heard();
                    vitals.echo_ms.store(vitals.now_ms(), Ordering::Relaxed);
                    vitals.delivering.store(false, Ordering::Relaxed);
                }
            }
            _ => break Some("a frame that only the application sends".into()),
        }
    };
    let order = garbage.map_or(Control::OutputEnded, |what| Control::Kill(ExitKind::Garbage(what)));
    let _ = control.send(order);
}

/// Logs stderr line by line and keeps what may explain an end. Lines are cut, floods are counted instead of logged.
pub(super) fn read_stderr(stderr: ChildStderr, worker: &str, pid: u32, last_words: &Mutex<LastWords>) {
    let mut stderr = BufReader::new(stderr);
    let mut window = Instant::now();
    let (mut in_window, mut dropped) = (0_u32, 0_u32);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut stderr).take(LINE_BYTES).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        if text.is_empty() {
            continue;
        }
        if window.elapsed() > Duration::from_secs(10) {
            if dropped > 0 {
                tracing::warn!(worker, pid, dropped, "lines of stderr not logged");
            }
            (window, in_window, dropped) = (Instant::now(), 0, 0);
        }
        in_window += 1;
        if in_window <= LINES_PER_TEN_SECONDS {
            log_line(worker, pid, &text);
        } else {
            dropped += 1;
        }
        lock(last_words).push(text);
    }
}

/// A worker's own subscriber writes the level first; a native library writes what it likes.
fn log_line(worker: &str, pid: u32, text: &str) {
    let (level, rest) = text.trim_start().split_once(' ').unwrap_or(("", text));
    match level {
        "ERROR" => tracing::error!(worker, pid, "{rest}"),
        "WARN" => tracing::warn!(worker, pid, "{rest}"),
        "INFO" => tracing::info!(worker, pid, "{rest}"),
        _ => tracing::debug!(worker, pid, "{text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_reason_explains_no_end_wherever_it_stands() {
        let mut words = LastWords::default();
        words.push("CUDA error: out of memory".to_owned());
        for line in 0..LAST_WORDS - 1 {
            words.push(format!("line {line}"));
        }
        let first = |words: &LastWords, now| words.told(now).into_iter().next();
        let (now, later) = (Instant::now(), Instant::now() + 2 * REASON_AGE);
        assert_eq!(first(&words, now).as_deref(), Some("CUDA error: out of memory"));
        assert_eq!(first(&words, later).as_deref(), Some("line 0"), "among the last lines");
        words.push("one more".to_owned());
        assert_eq!(first(&words, now).as_deref(), Some("CUDA error: out of memory"));
        assert_eq!(first(&words, later).as_deref(), Some("line 0"), "kept beyond them");
    }
}
