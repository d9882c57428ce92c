//! Why a worker ended, in words.

use std::process::ExitStatus;

/// How a worker's process came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExitKind {
    /// Asked to, or at the end of its stdin.
    Orderly,
    /// It stopped itself with this status.
    Status(i32),
    /// A request for memory failed.
    OutOfMemory,
    /// The driver of its graphics card gave up: the card was lost or reset, or refused the work.
    DriverLost,
    /// Killed from outside: by a person, or by the system when memory ran out.
    Killed,
    /// It gave up (`abort`), as native libraries do on a broken assumption.
    Aborted,
    /// It read or wrote memory that is not there.
    BadAccess,
    /// It tried what its sandbox forbids.
    Sandbox,
    /// Another signal.
    Signal(i32),
    /// No sign of life for so many seconds; it was killed.
    Silent(u64),
    /// What it sent is no frame; it was killed.
    Garbage(String),
    /// A limit of time was reached; it was killed.
    TimedOut,
    /// A cancelled request did not end; it was killed.
    Cancelled,
    /// It exceeded the size a result may have; it was killed.
    TooMuch,
}

/// The end of a worker's process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// How.
    pub kind: ExitKind,
    /// What its stderr said of a reason shortly before, then its last lines, oldest first.
    pub last_words: Vec<String>,
}

impl Exit {
    /// One clause, to follow "The … stopped: ".
    pub fn words(&self) -> String {
        match &self.kind {
            ExitKind::Orderly => "it ended in an orderly way".into(),
            ExitKind::Status(status) => format!("it ended by itself with status {status}"),
            ExitKind::OutOfMemory => "it ran out of memory".into(),
            ExitKind::DriverLost => "its graphics driver gave up".into(),
            ExitKind::Killed => "it was killed from outside, by the system if memory ran out".into(),
            ExitKind::Aborted => "it gave up on a broken assumption (abort)".into(),
            ExitKind::BadAccess => "it crashed (bad memory access)".into(),
            ExitKind::Sandbox => "it tried something that its sandbox forbids".into(),
            ExitKind::Signal(signal) => format!("it was ended by signal {signal}"),
            ExitKind::Silent(seconds) => format!("it gave no sign of life for {seconds} seconds and was ended"),
            ExitKind::Garbage(what) => format!("it sent something that is not a message ({what}) and was ended"),
            ExitKind::TimedOut => "it took too long and was ended".into(),
            ExitKind::Cancelled => "it did not stop when asked and was ended".into(),
            ExitKind::TooMuch => "its result was too large and it was ended".into(),
        }
    }

    /// What the process's own status and last words say.
    pub(crate) fn from_status(status: ExitStatus, last_words: Vec<String>) -> Self {
        Self {
            kind: kind_of(status, &last_words),
            last_words,
        }
    }
}

/// Words by which the allocators of Rust and C++ and the CUDA, Vulkan and ggml backends announce that memory ran out.
const MEMORY_WORDS: [&str; 9] = [
    "memory allocation of",
    "std::bad_alloc",
    "out of memory",
    "cannot allocate memory",
    "failed to allocate",
    "allocation failed",
    "oom error",
    "outofdevicememory",
    "outofhostmemory",
];

/// Words by which the CUDA, ROCm and Vulkan backends announce that the driver failed them.
const DRIVER_WORDS: [&str; 7] = [
    "cuda error",
    "cuda failure",
    "rocm error",
    "devicelost",
    "device_lost",
    "device lost",
    "launch failure",
];

/// Words by which a failed assumption of ggml, Rust and C++ is announced.
const OTHER_REASONS: [&str; 3] = ["ggml_assert", "panicked at", "terminate called"];

fn says(line: &str, words: &[&str]) -> bool {
    let line = line.to_lowercase();
    words.iter().any(|words| line.contains(words))
}

/// True for a line that tells why a process ends: what a library prints after it, such as where it was, pushes it out of the last ones.
pub(crate) fn tells_why(line: &str) -> bool {
    [&MEMORY_WORDS[..], &DRIVER_WORDS, &OTHER_REASONS]
        .iter()
        .any(|words| says(line, words))
}

fn kind_of(status: ExitStatus, last_words: &[String]) -> ExitKind {
    let said = |words: &[&str]| last_words.iter().any(|line| says(line, words));
    let reason = || {
        if said(&MEMORY_WORDS) {
            Some(ExitKind::OutOfMemory)
        } else {
            said(&DRIVER_WORDS).then_some(ExitKind::DriverLost)
        }
    };
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            use rustix::process::Signal;
            let by_signal = match Signal::from_named_raw(signal) {
                Some(Signal::KILL | Signal::TERM | Signal::INT | Signal::HUP) => return ExitKind::Killed,
                Some(Signal::SYS) => return ExitKind::Sandbox,
                Some(Signal::ABORT | Signal::TRAP | Signal::ILL) => ExitKind::Aborted,
                Some(Signal::SEGV | Signal::BUS) => ExitKind::BadAccess,
                _ => ExitKind::Signal(signal),
            };
            return reason().unwrap_or(by_signal);
        }
    }
    match status.code() {
        Some(0) => ExitKind::Orderly,
        code => reason().unwrap_or(ExitKind::Status(code.unwrap_or(-1))),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    fn kind(raw: i32, words: &str) -> ExitKind {
        Exit::from_status(ExitStatus::from_raw(raw), vec![words.into()]).kind
    }

    #[test]
    fn signals_and_last_words_are_told_apart() {
        assert_eq!(kind(9, ""), ExitKind::Killed);
        assert_eq!(kind(6, "GGML_ASSERT(x) failed"), ExitKind::Aborted);
        assert_eq!(kind(6, "memory allocation of 4096 bytes failed"), ExitKind::OutOfMemory);
        assert_eq!(kind(6, "CUDA error: out of memory"), ExitKind::OutOfMemory);
        assert_eq!(
            kind(6, "vk::Device::allocateMemory: ErrorOutOfDeviceMemory"),
            ExitKind::OutOfMemory
        );
        assert_eq!(
            kind(6, "CUDA error: an illegal memory access was encountered"),
            ExitKind::DriverLost
        );
        assert_eq!(
            kind(6, "  what():  vk::Queue::submit: ErrorDeviceLost"),
            ExitKind::DriverLost
        );
        assert_eq!(kind(11, ""), ExitKind::BadAccess);
        assert_eq!(kind(31, ""), ExitKind::Sandbox);
        assert_eq!(kind(0, "out of memory, once"), ExitKind::Orderly);
        assert_eq!(kind(101 << 8, "panicked"), ExitKind::Status(101));
    }
}
