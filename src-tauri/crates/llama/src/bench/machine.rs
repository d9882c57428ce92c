//! What the machine itself gives: memory in use, memory bandwidth.

use docmind_core::plan::MemoryShare;
use std::time::Instant;

/// Bytes read when measuring bandwidth: far beyond any cache.
const READ: usize = 512 * 1024 * 1024;

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

/// Bandwidth of reading main memory with so many threads, in GB/s: the best of three passes over half a gigabyte.
pub fn bandwidth_gbps(threads: u32) -> f64 {
    let words = READ / 8;
    // Written once, so that every page exists.
    let memory: Vec<u64> = (0..words as u64).collect();
    let part = words / threads.max(1) as usize;
    let mut best = 0.0_f64;
    for _ in 0..3 {
        let started = Instant::now();
        let sum: u64 = std::thread::scope(|scope| {
            let readers: Vec<_> = memory
                .chunks(part)
                .map(|chunk| scope.spawn(move || sum(chunk)))
                .collect();
            readers
                .into_iter()
                .map(|reader| reader.join().unwrap_or(0))
                .fold(0, u64::wrapping_add)
        });
        std::hint::black_box(sum);
        best = best.max(READ as f64 / started.elapsed().as_secs_f64() / 1e9);
    }
    best
}

/// Eight sums at once, so that adding never waits for the one before.
fn sum(chunk: &[u64]) -> u64 {
    let (blocks, rest) = chunk.as_chunks::<8>();
    let mut sums = [0_u64; 8];
    for block in blocks {
        for (sum, value) in sums.iter_mut().zip(block) {
            *sum = sum.wrapping_add(*value);
        }
    }
    sums.iter().chain(rest).fold(0, |a, &b| a.wrapping_add(b))
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
