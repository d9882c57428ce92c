//! llama.cpp's log: its last complaints for error messages, the sizes of the buffers it makes, and everything into `tracing`.
#![expect(
    unsafe_code,
    reason = "llama.cpp takes a C function for its log; every block has its SAFETY line"
)]

use llama_cpp_sys_2 as sys;
use std::collections::VecDeque;
use std::ffi::{CStr, c_char, c_void};
use std::sync::{Mutex, Once, PoisonError};

/// Lines kept for an error's detail.
const KEPT_LINES: usize = 12;

/// A buffer llama.cpp said it made.
#[derive(Clone, Debug, PartialEq)]
pub struct Buffer {
    /// Name of its type, such as `CPU`, `CPU_REPACK`, `CUDA0`, `CUDA_Host`.
    pub place: String,
    /// Whose it is.
    pub owner: Owner,
    /// Its size.
    pub mib: f64,
}

/// Whose a buffer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Weights.
    Weights,
    /// KV cache.
    Kv,
    /// Computation, rows of logits included.
    Compute,
}

#[derive(Default)]
struct Kept {
    line: String,
    last: VecDeque<String>,
    buffers: Vec<Buffer>,
}

static KEPT: Mutex<Option<Kept>> = Mutex::new(None);

fn with_kept<T>(f: impl FnOnce(&mut Kept) -> T) -> T {
    f(KEPT
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get_or_insert_default())
}

/// Takes over the log; once a process, before anything else of llama.cpp is called.
pub fn capture() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the function lives for ever and keeps no state behind the pointer.
        unsafe { sys::llama_log_set(Some(hear), std::ptr::null_mut()) };
    });
}

/// The last warnings and errors, oldest first; forgotten by this call.
pub fn last_words() -> String {
    with_kept(|kept| kept.last.drain(..).collect::<Vec<_>>().join("\n"))
}

/// Forgets buffers heard of so far.
pub fn forget_buffers() {
    with_kept(|kept| kept.buffers.clear());
}

/// Buffers heard of since [`forget_buffers`].
pub fn buffers() -> Vec<Buffer> {
    with_kept(|kept| kept.buffers.clone())
}

unsafe extern "C" fn hear(level: sys::ggml_log_level, text: *const c_char, _: *mut c_void) {
    if text.is_null() {
        return;
    }
    // SAFETY: llama.cpp hands over a text closed by a zero, valid during the call.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    let severe = level == sys::GGML_LOG_LEVEL_WARN || level == sys::GGML_LOG_LEVEL_ERROR;
    with_kept(|kept| {
        kept.line.push_str(&text);
        while let Some(end) = kept.line.find('\n') {
            let line: String = kept.line.drain(..=end).collect();
            let line = line.trim_end();
            if line.is_empty() {
                continue;
            }
            if let Some(buffer) = buffer_of(line) {
                kept.buffers.push(buffer);
            }
            if severe {
                tracing::warn!(target: "llama.cpp", "{line}");
                if kept.last.len() == KEPT_LINES {
                    kept.last.pop_front();
                }
                kept.last.push_back(line.to_owned());
            } else {
                tracing::debug!(target: "llama.cpp", "{line}");
            }
        }
    });
}

/// A line such as `load_tensors:   CPU_REPACK model buffer size =  1915.49 MiB`.
fn buffer_of(line: &str) -> Option<Buffer> {
    let (left, right) = line.split_once(" buffer size = ")?;
    let mib = right.trim().strip_suffix("MiB")?.trim().parse().ok()?;
    let (_, words) = left.split_once(':')?;
    let mut words = words.split_whitespace();
    let place = words.next()?.to_owned();
    let owner = match words.next()? {
        "model" => Owner::Weights,
        "KV" | "RS" => Owner::Kv,
        "compute" | "output" => Owner::Compute,
        _ => return None,
    };
    Some(Buffer { place, owner, mib })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_read_from_the_log() {
        let line = "load_tensors:   CPU_REPACK model buffer size =  1915.49 MiB";
        assert_eq!(
            buffer_of(line),
            Some(Buffer {
                place: "CPU_REPACK".into(),
                owner: Owner::Weights,
                mib: 1915.49
            })
        );
        let kv = buffer_of("llama_kv_cache:        CPU KV buffer size =   288.00 MiB").expect("a buffer");
        assert_eq!((kv.owner, kv.mib), (Owner::Kv, 288.0));
        let output = buffer_of("llama_context:        CPU  output buffer size =     0.58 MiB").expect("a buffer");
        assert_eq!(output.owner, Owner::Compute);
        assert_eq!(buffer_of("llama_context: n_ctx = 4096"), None);
    }
}
