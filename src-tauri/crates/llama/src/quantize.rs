//! Making a smaller file of a model, through llama.cpp's quantiser.
#![expect(
    unsafe_code,
    reason = "llama.cpp's quantiser is a C function; every block has its SAFETY line"
)]

use crate::error::LlamaError;
use crate::load::check;
use crate::log;
use docmind_core::cancel::CancelToken;
use docmind_core::measurement::QuantizeRequest;
use docmind_core::model::{ModelCard, WeightType};
use llama_cpp_sys_2 as sys;
use std::ffi::CString;
use std::thread;
use std::time::Duration;

/// Quantises `request.input`; `progress` gets 0 to 1 from the output's growth. Written beside and renamed when whole and checked:
/// a file under the wished name is always complete. llama.cpp cannot be stopped in the middle: when cancelled, this returns at once
/// with [`LlamaError::Cancelled`], and its owner ends the process and deletes the half file beside ([`QuantizeRequest::part`]).
///
/// # Errors
/// The input is no good, no F16 or F32 file, or the disk is full.
pub fn quantize(
    request: &QuantizeRequest,
    cancel: &CancelToken,
    progress: &mut dyn FnMut(f32),
) -> Result<ModelCard, LlamaError> {
    let input = check(&request.input)?;
    if let (Ok(from), Ok(to)) = (
        std::fs::canonicalize(&request.input),
        std::fs::canonicalize(&request.output),
    ) && from == to
    {
        return Err(LlamaError::OverSource(request.input.clone()));
    }
    if matches!(input.shape.card.weights, WeightType::Q4KM | WeightType::Q8_0) {
        return Err(LlamaError::Quantized {
            path: request.input.clone(),
            weights: input.shape.card.weights.as_str(),
        });
    }
    let kind = match request.weights {
        WeightType::Q4KM => sys::LLAMA_FTYPE_MOSTLY_Q4_K_M,
        WeightType::Q8_0 => sys::LLAMA_FTYPE_MOSTLY_Q8_0,
        WeightType::F16 | WeightType::Other => {
            return Err(LlamaError::Quantize {
                path: request.input.clone(),
                words: "only q4_k_m and q8_0 are made".to_owned(),
            });
        }
    };
    let expected = input.shape.card.parameters as f64
        * if request.weights == WeightType::Q4KM {
            0.62
        } else {
            1.0625
        };
    let beside = request.part();
    let c_path = |path: &str| CString::new(path).map_err(|_| LlamaError::Path(path.to_owned()));
    let (from, to) = (c_path(&request.input)?, c_path(&beside.to_string_lossy())?);
    let threads = request.threads as i32;
    log::last_words();
    let work = thread::Builder::new().name("quantize".to_owned()).spawn(move || {
        // SAFETY: parameters by value from llama.cpp's defaults; both paths outlive the call.
        unsafe {
            let mut params = sys::llama_model_quantize_default_params();
            params.ftype = kind;
            params.nthread = threads;
            sys::llama_model_quantize(from.as_ptr(), to.as_ptr(), &raw const params)
        }
    });
    let work = work.map_err(|error| LlamaError::Io {
        path: request.output.clone(),
        error,
    })?;
    while !work.is_finished() {
        if cancel.is_cancelled() {
            return Err(LlamaError::Cancelled);
        }
        thread::sleep(Duration::from_millis(50));
        let written = std::fs::metadata(&beside).map_or(0, |metadata| metadata.len());
        progress((written as f64 / expected).min(0.99) as f32);
    }
    let failed = || LlamaError::Quantize {
        path: request.input.clone(),
        words: log::last_words(),
    };
    if !matches!(work.join(), Ok(0)) {
        let _ = std::fs::remove_file(&beside);
        return Err(failed());
    }
    let made = check(&beside.to_string_lossy())?;
    std::fs::File::open(&beside)
        .and_then(|file| file.sync_all())
        .and_then(|()| std::fs::rename(&beside, &request.output))
        .map_err(|error| LlamaError::Io {
            path: request.output.clone(),
            error,
        })?;
    progress(1.0);
    let mut card = made.shape.card;
    card.size_bytes = std::fs::metadata(&request.output).map_or(card.size_bytes, |metadata| metadata.len());
    Ok(card)
}
