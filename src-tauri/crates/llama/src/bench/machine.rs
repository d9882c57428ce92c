//! Memory in use.

use docmind_core::plan::MemoryShare;
use std::process::Command;

/// Memory in MiB by two counts. First: the backend's buffers as allocated (touched or not, on every device) plus what else the
/// process holds: anonymous memory, and on a card its context, kernels and work space. Second: the resident set, which cannot see
/// buffers never touched nor a GPU's. `lost` is what the card lost since the process opened it, for where no driver counts.
pub(super) fn memory(allocated: &[MemoryShare], lost: f64) -> (f64, f64) {
    let (main, cards) = allocated.split_at(allocated.len().min(1));
    let sum = |shares: &[MemoryShare]| shares.iter().map(MemoryShare::buffers_mib).sum::<f64>();
    let on_cards = if cards.is_empty() {
        0.0
    } else {
        driver_count().unwrap_or(lost).max(sum(cards))
    };
    let is_card = |place: &str| cards.iter().any(|share| share.device == place);
    let sizes: Vec<f64> = crate::log::buffers()
        .into_iter()
        .filter(|buffer| !is_card(&buffer.place))
        .map(|buffer| buffer.mib)
        .collect();
    let other = std::fs::read_to_string("/proc/self/smaps").map_or(0.0, |text| other_anonymous(&text, &sizes));
    let rss = std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|text| {
            text.lines().find_map(|line| {
                line.strip_prefix("VmRSS:")?
                    .split_whitespace()
                    .next()?
                    .parse::<f64>()
                    .ok()
            })
        })
        .map_or(0.0, |kib| kib / 1024.0);
    (sum(main) + on_cards + other, rss)
}

/// What this process holds on NVIDIA's cards in MiB as their driver counts it: the context, made before anything can be measured from
/// within, is part of it. `None` without the driver's tool, or where a sandbox keeps it from being started.
fn driver_count() -> Option<f64> {
    let output = Command::new("nvidia-smi")
        .args([
            "--query-compute-apps=pid,used_gpu_memory",
            "--format=csv,noheader,nounits",
        ])
        .output()
        .ok()?;
    counted_for(std::process::id(), &String::from_utf8_lossy(&output.stdout))
}

/// The sum of the lines `pid, MiB` of one process.
fn counted_for(process: u32, lines: &str) -> Option<f64> {
    let own = lines.lines().filter_map(|line| {
        let (pid, mib) = line.split_once(',')?;
        (pid.trim().parse() == Ok(process))
            .then_some(mib)?
            .trim()
            .parse::<f64>()
            .ok()
    });
    own.fold(None, |sum, mib| Some(sum.unwrap_or(0.0) + mib))
}

/// A mapping of at least this many MiB holds a backend's buffer, or several side by side: the kernel joins neighbours.
const LARGE_MIB: f64 = 24.0;

/// Anonymous memory beside a backend's buffers of these sizes, in MiB. Large mappings count with their size where they are in use (a
/// thread's stack is reserved and hardly touched), small ones with what is touched.
fn other_anonymous(smaps: &str, buffers: &[f64]) -> f64 {
    let mib = |line: &str| {
        line.split_whitespace()
            .nth(1)
            .and_then(|word| word.parse::<f64>().ok())
            .unwrap_or(0.0)
            / 1024.0
    };
    let (mut small, mut large, mut size) = (0.0, 0.0, 0.0);
    for line in smaps.lines() {
        if line.starts_with("Size:") {
            size = mib(line);
        } else if line.starts_with("Anonymous:") {
            let touched = mib(line);
            if size < LARGE_MIB {
                small += touched;
            } else if touched > size * 0.5 {
                large += size;
            } else {
                small += touched;
            }
        }
    }
    (small + large - buffers.iter().sum::<f64>()).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_driver_s_lines_are_read_by_process() {
        let lines = "588, 4000\n77, 100\n588, 222\n5, [N/A]\n";
        assert_eq!(counted_for(588, lines), Some(4222.0));
        assert_eq!(counted_for(5, lines), None);
        assert_eq!(counted_for(9, ""), None);
    }

    #[test]
    fn buffers_are_not_counted_twice() {
        let mapping = |size: u32, touched: u32| format!("Size: {} kB\nAnonymous: {} kB\n", size * 1024, touched * 1024);
        // Two buffers joined into one mapping, a stack, a small buffer with some heap.
        let smaps = [mapping(130, 128), mapping(64, 1), mapping(10, 8)].concat();
        let other = other_anonymous(&smaps, &[100.0, 28.0, 4.0]);
        assert!((other - (2.0 + 1.0 + 4.0)).abs() < 1e-9, "{other}");
    }
}
