//! Where synchronous code waits: for asynchronous ports, and for threads that end.

use std::future::Future;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A thread's end is looked for this often.
const LOOK: Duration = Duration::from_millis(2);

/// Runs a future to its end on this thread. The futures passed here hand their work to a runtime of the store's own and only wait
/// for its reply, so that any thread may call this, a runtime's own included.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    futures::executor::block_on(future)
}

/// Waits for a thread that was told to end, until a time at most. One that reads from a network folder that is away may hang for ever, and
/// nothing ends it but the end of the process; it is left alone then.
pub(crate) fn join_until(thread: JoinHandle<()>, until: Instant) {
    let name = thread.thread().name().unwrap_or_default().to_owned();
    while !thread.is_finished() {
        if Instant::now() >= until {
            tracing::warn!(
                name,
                "a thread does not end: a file that it reads may be on a folder that is away"
            );
            return;
        }
        std::thread::sleep(LOOK);
    }
    if thread.join().is_err() {
        tracing::error!(name, "a thread panicked");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_thread_that_hangs_is_not_waited_for_for_ever() {
        let (sender, never) = mpsc::channel::<()>();
        let (ended, end) = mpsc::channel();
        let hanging = std::thread::spawn(move || {
            let _ended = never.recv();
            ended.send(()).unwrap();
        });
        join_until(hanging, Instant::now() + LOOK * 10);
        assert!(end.try_recv().is_err(), "it still hangs");
        drop(sender);
        end.recv_timeout(Duration::from_secs(10)).unwrap();
    }

    #[test]
    fn one_that_ends_is_waited_for() {
        let (sender, end) = mpsc::channel();
        let ending = std::thread::spawn(move || {
            std::thread::sleep(LOOK * 10);
            sender.send(()).unwrap();
        });
        join_until(ending, Instant::now() + Duration::from_mins(1));
        assert!(end.try_recv().is_ok());
    }
}
