//! The child's side: one module is loaded, and its cards compute.

use crate::log;
use crate::native::c_path;
use llama_cpp_sys_2 as sys;
use std::ffi::{CStr, c_char};
use std::path::Path;

/// Numbers added by a card.
const NUMBERS: usize = 256;

/// Loads one module and lets its devices add, from the `from`th on. Prints `unusable` and why, or `usable` and their number; then for each
/// device `trying` and its name, and `works`, or `failed` and why.
pub fn probe(path: &Path, from: usize) {
    log::capture();
    let Ok(file) = c_path(path) else {
        println!("unusable the path cannot be passed on");
        return;
    };
    // SAFETY: a text closed by a zero.
    let registry = unsafe { sys::ggml_backend_load(file.as_ptr()) };
    if registry.is_null() {
        println!("unusable {}", last_words());
        return;
    }
    // SAFETY: not null, registered for the life of the process.
    let count = unsafe { sys::ggml_backend_reg_dev_count(registry) };
    if count == 0 {
        println!("unusable no device {}", last_words());
        return;
    }
    println!("usable {count}");
    // SAFETY: the function lives for ever and keeps nothing of what it is given.
    unsafe { sys::ggml_set_abort_callback(Some(tell_abort)) };
    for index in from..count {
        // SAFETY: the index is below the count; devices live as long as their registry, their names as long as they.
        let (device, name) = unsafe {
            let device = sys::ggml_backend_reg_dev_get(registry, index);
            (device, CStr::from_ptr(sys::ggml_backend_dev_name(device)))
        };
        println!("trying {}", name.to_string_lossy());
        log::last_words();
        match add(device) {
            Ok(()) => println!("works"),
            Err(what) => println!("failed {what} {}", last_words()),
        }
    }
}

fn last_words() -> String {
    log::last_words().replace('\n', " ")
}

/// Says why before ggml ends the process. What it is given is only where; the driver's words went to the log before.
unsafe extern "C" fn tell_abort(_: *const c_char) {
    println!("failed {}", last_words());
}

/// One and two, added on a device.
fn add(device: sys::ggml_backend_dev_t) -> Result<(), &'static str> {
    let (ones, twos) = ([1.0_f32; NUMBERS], [2.0_f32; NUMBERS]);
    let mut sums = [0.0_f32; NUMBERS];
    let bytes = size_of_val(&ones);
    // SAFETY: the device is of ggml's own list; ggml gives null for what it cannot make, which is looked for. The tensors and the graph
    // live in `context`, their data in `buffer`; all of it is freed here after the last use. Each copy is as long as its array and its
    // tensor.
    unsafe {
        let backend = sys::ggml_backend_dev_init(device, std::ptr::null());
        if backend.is_null() {
            return Err("it does not start");
        }
        let context = sys::ggml_init(sys::ggml_init_params {
            mem_size: 4 * sys::ggml_tensor_overhead() + sys::ggml_graph_overhead(),
            mem_buffer: std::ptr::null_mut(),
            no_alloc: true,
        });
        if context.is_null() {
            sys::ggml_backend_free(backend);
            return Err("no memory");
        }
        let tensor = || sys::ggml_new_tensor_1d(context, sys::GGML_TYPE_F32, NUMBERS as i64);
        let (a, b) = (tensor(), tensor());
        let sum = sys::ggml_add(context, a, b);
        let graph = sys::ggml_new_graph(context);
        sys::ggml_build_forward_expand(graph, sum);
        let buffer = sys::ggml_backend_alloc_ctx_tensors(context, backend);
        let outcome = if buffer.is_null() {
            Err("it has no memory")
        } else {
            sys::ggml_backend_tensor_set(a, ones.as_ptr().cast(), 0, bytes);
            sys::ggml_backend_tensor_set(b, twos.as_ptr().cast(), 0, bytes);
            let status = sys::ggml_backend_graph_compute(backend, graph);
            sys::ggml_backend_tensor_get(sum, sums.as_mut_ptr().cast(), 0, bytes);
            sys::ggml_backend_buffer_free(buffer);
            if status == sys::GGML_STATUS_SUCCESS {
                Ok(())
            } else {
                Err("it does not compute")
            }
        };
        sys::ggml_free(context);
        sys::ggml_backend_free(backend);
        outcome?;
    }
    if sums.iter().all(|sum| *sum == 3.0) {
        Ok(())
    } else {
        Err("it computes wrongly")
    }
}
