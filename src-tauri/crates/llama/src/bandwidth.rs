//! Memory bandwidth, measured: decoding reads all weights for every token, so that this is its limit.
#![expect(
    unsafe_code,
    reason = "ggml's tensors are a C interface; every block has its SAFETY line"
)]

use crate::backend::BackendDevice;
use llama_cpp_sys_2 as sys;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Bytes read when measuring main memory: beyond any cache.
const READ: usize = 256 * 1024 * 1024;

/// Bytes copied at once when measuring a card, at most.
const COPIED: usize = 512 * 1024 * 1024;

/// Bandwidth in GB/s of the device that a model runs on: the GPU, or main memory read by so many threads. Measured once a process
/// (a fifth of a second); 0 where it cannot be.
pub fn of(gpu: Option<&BackendDevice>, threads: u32) -> f64 {
    /// By the card's index and the threads.
    type Measured = HashMap<(Option<usize>, u32), f64>;
    static MEASURED: Mutex<Option<Measured>> = Mutex::new(None);
    let mut measured = MEASURED.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (gpu.map(|gpu| gpu.index), threads);
    *measured
        .get_or_insert_default()
        .entry(key)
        .or_insert_with(|| gpu.map_or_else(|| of_main_memory(threads), |gpu| of_card(gpu).unwrap_or(0.0)))
}

/// The best of three passes over a quarter of a gigabyte.
fn of_main_memory(threads: u32) -> f64 {
    let words = READ / 8;
    // Written once, so that every page exists.
    let memory: Vec<u64> = (0..words as u64).collect();
    let part = words.div_ceil(threads.max(1) as usize);
    let mut best = 0.0_f64;
    for _ in 0..3 {
        let started = Instant::now();
        let total: u64 = std::thread::scope(|scope| {
            let readers: Vec<_> = memory
                .chunks(part)
                .map(|chunk| scope.spawn(move || sum(chunk)))
                .collect();
            readers
                .into_iter()
                .map(|reader| reader.join().unwrap_or(0))
                .fold(0, u64::wrapping_add)
        });
        std::hint::black_box(total);
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

/// A copy within the card, bytes read and written counted: the best of eight.
fn of_card(gpu: &BackendDevice) -> Option<f64> {
    let room = gpu.device.memory_free_mib as usize * 1024 * 1024;
    let bytes = COPIED.min(room / 8) / 4 * 4;
    if bytes == 0 {
        return None;
    }
    // SAFETY: the index came from ggml's own list, which only grows; ggml gives null for what it cannot make, which is looked for;
    // the tensors live in `context` and their data in `buffer`, both freed here after the last use.
    unsafe {
        let params = sys::ggml_init_params {
            mem_size: 4 * sys::ggml_tensor_overhead(),
            mem_buffer: std::ptr::null_mut(),
            no_alloc: true,
        };
        let context = sys::ggml_init(params);
        if context.is_null() {
            return None;
        }
        let from = sys::ggml_new_tensor_1d(context, sys::GGML_TYPE_F32, (bytes / 4) as i64);
        let to = sys::ggml_new_tensor_1d(context, sys::GGML_TYPE_F32, (bytes / 4) as i64);
        let place = sys::ggml_backend_dev_buffer_type(sys::ggml_backend_dev_get(gpu.index));
        let buffer = sys::ggml_backend_alloc_ctx_tensors_from_buft(context, place);
        let mut best = None;
        if !buffer.is_null() {
            sys::ggml_backend_buffer_clear(buffer, 1);
            let mut word = [0_u8; 4];
            for _ in 0..8 {
                let started = Instant::now();
                sys::ggml_backend_tensor_copy(from, to);
                // Reading a word back waits for the copy.
                sys::ggml_backend_tensor_get(to, word.as_mut_ptr().cast(), 0, word.len());
                let gbps = 2.0 * bytes as f64 / started.elapsed().as_secs_f64() / 1e9;
                best = Some(best.map_or(gbps, |best: f64| best.max(gbps)));
            }
            sys::ggml_backend_buffer_free(buffer);
        }
        sys::ggml_free(context);
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn main_memory_has_a_bandwidth_and_it_is_measured_once() {
        let first = of(None, 1);
        assert!(first > 0.1, "{first} GB/s");
        assert_eq!(of(None, 1), first);
    }
}
