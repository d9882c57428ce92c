//! How much address space a child took, watched from outside while it works: what it said itself is lost when it dies.

use super::ParseProtocol;
use crate::client::Client;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(5);

/// Set when dropped, so that a panic ends the watch as well.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Runs `work` and gives the most address space the client's child had meanwhile, in bytes; zero where the system does not tell.
pub(super) fn during<T>(client: &Client<ParseProtocol>, work: impl FnOnce() -> T) -> (T, u64) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut most = 0;
            while !done.load(Ordering::Acquire) {
                if let Some(hello) = client.hello() {
                    most = most.max(high_water(hello.pid));
                }
                thread::sleep(INTERVAL);
            }
            most
        });
        let outcome = {
            let _done = Done(&done);
            work()
        };
        (outcome, watch.join().unwrap_or(0))
    })
}

/// The high-water mark of a living process's address space in bytes.
fn high_water(pid: u32) -> u64 {
    std::fs::read_to_string(format!("/proc/{pid}/status"))
        .ok()
        .and_then(|status| {
            let line = status.lines().find_map(|line| line.strip_prefix("VmPeak:"))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        })
        .map_or(0, |kib| kib << 10)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn the_high_water_mark_of_this_process_is_told() {
        assert!(super::high_water(std::process::id()) > 1 << 20);
        assert_eq!(super::high_water(0), 0);
    }
}
