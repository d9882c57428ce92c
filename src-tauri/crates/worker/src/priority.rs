//! A worker computes for minutes on every core; the window, and whatever else a person has open, go first.

/// How far a worker steps back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Documents are read and embedded: nobody waits for the next one.
    Background,
    /// An answer is written: it is waited for, but the window that shows it must not stutter.
    Answering,
}

impl Priority {
    /// As `nice` counts: 19 is last.
    #[cfg(unix)]
    fn niceness(self) -> i32 {
        match self {
            Self::Background => 10,
            Self::Answering => 5,
        }
    }
}

/// Steps back with this thread and those that it starts from now on: on Linux a thread has its own priority. Never before what this
/// process was started with.
pub fn step_back(priority: Priority) {
    #[cfg(unix)]
    if let Err(error) = rustix::process::nice(priority.niceness()) {
        tracing::debug!(%error, "the priority stays as it was");
    }
    #[cfg(windows)]
    if !windows::step_back(priority) {
        tracing::debug!("the priority stays as it was: {}", std::io::Error::last_os_error());
    }
}

#[cfg(windows)]
mod windows {
    //! Written after the documentation of priority classes; untested.

    use super::Priority;
    use windows_sys::Win32::System::Threading::{BELOW_NORMAL_PRIORITY_CLASS, GetCurrentProcess, SetPriorityClass};

    /// An answer keeps its class: the next one below is already that of the background.
    #[expect(unsafe_code, reason = "priority classes have no safe interface")]
    pub(super) fn step_back(priority: Priority) -> bool {
        match priority {
            Priority::Answering => true,
            // SAFETY: the handle is this process's own pseudo handle; the call takes nothing else by address.
            Priority::Background => unsafe { SetPriorityClass(GetCurrentProcess(), BELOW_NORMAL_PRIORITY_CLASS) != 0 },
        }
    }
}
