//! Memory in use.

use docmind_core::plan::MemoryShare;
/// Memory in MiB by two counts. First: the backend's buffers as allocated (touched or not, on every device) plus what else the
/// process holds in anonymous memory. Second: the resident set, which cannot see buffers never touched nor a GPU's.
pub(super) fn memory(allocated: &[MemoryShare]) -> (f64, f64) {
    let buffers: f64 = allocated
        .iter()
        .map(|share| share.weights_mib + share.kv_mib + share.compute_mib)
        .sum();
    let sizes: Vec<f64> = crate::log::buffers().into_iter().map(|buffer| buffer.mib).collect();
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
    (buffers + other, rss)
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
    fn buffers_are_not_counted_twice() {
        let mapping = |size: u32, touched: u32| format!("Size: {} kB\nAnonymous: {} kB\n", size * 1024, touched * 1024);
        // Two buffers joined into one mapping, a stack, a small buffer with some heap.
        let smaps = [mapping(130, 128), mapping(64, 1), mapping(10, 8)].concat();
        let other = other_anonymous(&smaps, &[100.0, 28.0, 4.0]);
        assert!((other - (2.0 + 1.0 + 4.0)).abs() < 1e-9, "{other}");
    }
}
