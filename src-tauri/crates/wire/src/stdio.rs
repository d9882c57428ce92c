//! A worker's own stdin and stdout.

use std::fs::File;
use std::io;

/// The frames' way in.
pub(crate) fn take_stdin() -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
    }
    #[cfg(windows)]
    {
        use std::os::windows::io::AsHandle;
        Ok(File::from(io::stdin().as_handle().try_clone_to_owned()?))
    }
}

/// The frames' way out. On Unix descriptor 1 becomes a copy of stderr, so that a library's `printf` cannot break a frame.
pub(crate) fn take_stdout() -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        let frames = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        rustix::stdio::dup2_stdout(io::stderr())?;
        Ok(frames)
    }
    #[cfg(windows)]
    {
        use std::os::windows::io::AsHandle;
        Ok(File::from(io::stdout().as_handle().try_clone_to_owned()?))
    }
}

/// Closes every descriptor above stderr: whoever started the application may have passed some on, and a worker that reads a
/// stranger's bytes must hold nothing.
#[cfg(unix)]
pub(crate) fn close_inherited() {
    #[cfg(target_os = "linux")]
    {
        #[expect(unsafe_code, reason = "no safe interface closes descriptors that nobody owns")]
        // SAFETY: called first in `main`: no object of this process owns a descriptor above 2 yet.
        let closed = unsafe { libc::close_range(3, libc::c_uint::MAX, 0) };
        if closed != 0 {
            tracing::debug!("close_range is not there; inherited descriptors stay open");
        }
    }
}

/// Ends the process without running a single destructor.
pub(crate) fn end_at_once() -> ! {
    #[cfg(unix)]
    {
        // Returns only if the signal could not be sent, which leaves the ordinary way.
        let sent = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        tracing::error!(?sent, "could not end itself");
    }
    std::process::exit(1)
}
