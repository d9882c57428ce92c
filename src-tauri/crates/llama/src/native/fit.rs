//! llama.cpp's own fit (`common_fit_params`): it plans the graph with ever other numbers of layers on the card, or with another context,
//! until what it would allocate has room. Nothing is allocated.
//!
//! Over `llama-cpp-sys-2` rather than `LlamaModelParams::fit_params`, which takes the binding's context parameters and with them a row of
//! logits for every token of a batch ([`super::Context`] asks for sixteen).
#![expect(
    unsafe_code,
    reason = "the boundary to llama.cpp's C interface; every block has its SAFETY line"
)]

use super::ContextSettings;
use super::context::parameters;
use crate::backend;
use crate::error::LlamaError;
use crate::log;
use llama_cpp_sys_2 as sys;
use std::ffi::CString;

const MIB: f64 = 1024.0 * 1024.0;

/// What has room, by llama.cpp's own measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fit {
    /// Layers on the card, the output layer counted as one more; `None` is all of them.
    pub gpu_layers: Option<u32>,
    /// Size of the context in tokens.
    pub context_tokens: u32,
}

/// Where a model is fitted into.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// ggml's device index of the GPU; `None` is the processor alone.
    pub device: Option<usize>,
    /// What the model may take there, in MiB.
    pub room_mib: f64,
    /// The smallest context worth having, in tokens, where the context is to be found.
    pub smallest_context: u32,
}

/// Fits the model at `path` into `place`: as many layers as have room on a card, with the context in `settings`; where that context is
/// 0, the largest that has room. `None` where nothing does, and for models whose layers llama.cpp would take apart (mixtures of
/// experts): how many are whole then says nothing.
///
/// Weights are counted as the file holds them. On a processor llama.cpp leaves repacked weights out of its count, so they are not repacked
/// here; they take the same memory.
///
/// # Errors
/// [`LlamaError::Load`] where llama.cpp refuses the file.
pub fn fit(path: &str, place: Place, settings: &ContextSettings) -> Result<Option<Fit>, LlamaError> {
    backend::started()?;
    let file = CString::new(path).map_err(|_| LlamaError::Path(path.to_owned()))?;
    // SAFETY: takes no arguments.
    let most_devices = unsafe { sys::llama_max_devices() };
    // SAFETY: takes no arguments.
    let most_overrides = unsafe { sys::llama_max_tensor_buft_overrides() };
    let device = match place.device {
        // SAFETY: an index among the devices that ggml counted; it gives null for one that is not there.
        Some(index) => unsafe { sys::ggml_backend_dev_get(index) },
        None => std::ptr::null_mut(),
    };
    // Ends with null; nothing but its end uses no GPU.
    let mut devices = [device, std::ptr::null_mut()];
    let mut overrides = vec![
        sys::llama_model_tensor_buft_override {
            pattern: std::ptr::null(),
            buft: std::ptr::null_mut(),
        };
        most_overrides + 1
    ];
    let mut split = vec![0.0_f32; most_devices];
    let mut margins = vec![margin(device, place.room_mib); most_devices];
    // SAFETY: takes no arguments; returns a plain struct.
    let mut model = unsafe { sys::llama_model_default_params() };
    model.devices = devices.as_mut_ptr();
    model.split_mode = sys::LLAMA_SPLIT_MODE_NONE;
    model.use_extra_bufts = !device.is_null();
    let unset = model.n_gpu_layers;
    let mut context = parameters(settings);
    // SAFETY: every pointer is to a buffer of ours of the size that `fit.h` asks for, and all outlive the call; the log's function is
    // put back before it returns, and one thread owns llama.cpp here.
    let status = unsafe {
        sys::llama_rs_fit_params(
            file.as_ptr(),
            &raw mut model,
            &raw mut context,
            split.as_mut_ptr(),
            overrides.as_mut_ptr(),
            margins.as_mut_ptr(),
            place.smallest_context,
            std::ptr::null(),
            sys::GGML_LOG_LEVEL_ERROR,
        )
    };
    // Buffers of its trials are none of ours.
    log::forget_buffers();
    match status {
        0 => {}
        1 => return Ok(None),
        _ => {
            return Err(LlamaError::Load {
                path: path.to_owned(),
                words: log::last_words(),
            });
        }
    }
    if overrides.first().is_some_and(|first| !first.pattern.is_null()) {
        return Ok(None);
    }
    Ok(Some(Fit {
        gpu_layers: (model.n_gpu_layers != unset).then_some(model.n_gpu_layers.max(0) as u32),
        context_tokens: context.n_ctx,
    }))
}

/// What has to stay free for the model to keep to its room, in bytes. llama.cpp goes by what is free on a card, and on a processor by
/// all there is.
fn margin(device: sys::ggml_backend_dev_t, room_mib: f64) -> usize {
    let (mut free, mut total) = (0, 0);
    // SAFETY: the device is one of ggml's or the processor, which every build has; both numbers are ours.
    unsafe {
        let asked = if device.is_null() {
            sys::ggml_backend_dev_by_type(sys::GGML_BACKEND_DEVICE_TYPE_CPU)
        } else {
            device
        };
        if !asked.is_null() {
            sys::ggml_backend_dev_memory(asked, &raw mut free, &raw mut total);
        }
    }
    let counted = if device.is_null() { total } else { free };
    counted.saturating_sub((room_mib.max(0.0) * MIB) as usize)
}
