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

/// The caches llama.cpp said it made, over all devices, in MiB. In a dry run it gives the buffers of the first as empty.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Caches {
    /// Keys and values.
    pub kv_mib: f64,
    /// States of recurrent layers.
    pub state_mib: f64,
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
    caches: Caches,
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

/// Forgets buffers and caches heard of so far.
pub fn forget_buffers() {
    with_kept(|kept| {
        kept.buffers.clear();
        kept.caches = Caches::default();
    });
}

/// Buffers heard of since [`forget_buffers`].
pub fn buffers() -> Vec<Buffer> {
    with_kept(|kept| kept.buffers.clone())
}

/// Caches heard of since [`forget_buffers`]: a model with windows has two of keys and values.
pub fn caches() -> Caches {
    with_kept(|kept| kept.caches)
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
            if let Some(cache) = cache_of(line) {
                kept.caches.kv_mib += cache.kv_mib;
                kept.caches.state_mib += cache.state_mib;
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

/// A line such as `llama_kv_cache: size =  288.00 MiB (  4096 cells,  36 layers,  1/1 seqs), K (q8_0): …`.
fn cache_of(line: &str) -> Option<Caches> {
    let (who, rest) = line.split_once(": size = ")?;
    let mib = rest.split_once(" MiB (")?.0.trim().parse().ok()?;
    let mut cache = Caches::default();
    match who {
        "llama_kv_cache" => cache.kv_mib = mib,
        "llama_memory_recurrent" => cache.state_mib = mib,
        _ => return None,
    }
    Some(cache)
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

    #[test]
    fn whole_caches_are_read_from_the_log() {
        let kv = "llama_kv_cache: size =  288.00 MiB (  4096 cells,  36 layers,  1/1 seqs), K (f16):  144.00 MiB, V (f16):  144.00 MiB";
        let whole = cache_of(kv).expect("a cache");
        assert_eq!((whole.kv_mib, whole.state_mib), (288.0, 0.0));
        assert_eq!(buffer_of(kv), None);
        let states = "llama_memory_recurrent: size =   50.25 MiB (     1 cells,  32 layers,  1 seqs  0 rs_seq), R (f32):    2.25 MiB, \
                      S (f32):   48.00 MiB, P (f32):    0.00 MiB";
        assert_eq!(cache_of(states).expect("a cache").state_mib, 50.25);
        assert_eq!(
            cache_of("llama_kv_cache_iswa: creating     SWA KV cache, size = 1536 cells"),
            None
        );
        assert_eq!(cache_of("print_info: file size = 2.32 GiB (4.95 BPW)"), None);
    }
}
