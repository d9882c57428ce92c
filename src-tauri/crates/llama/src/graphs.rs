//! CUDA graphs: whether ggml's CUDA backend captures a step's kernels and launches them as one.

#![expect(unsafe_code, reason = "ggml takes this wish from the environment alone")]

use std::sync::OnceLock;

/// ggml's switch; any value counts.
const SWITCH: &str = "GGML_CUDA_DISABLE_GRAPHS";

static CAPTURED: OnceLock<bool> = OnceLock::new();

/// Settles it for the process, by the first wish: ggml looks once, when it first computes on a GPU. Says what holds; whoever wishes
/// otherwise later starts a new process.
pub fn settle(wished: bool) -> bool {
    *CAPTURED.get_or_init(|| {
        let allowed = wished && std::env::var_os(SWITCH).is_none();
        if !allowed {
            // SAFETY: done once, before the first model is loaded: the process's other threads move bytes between pipes and do not
            // look at the environment, and llama.cpp has not started any yet.
            unsafe { std::env::set_var(SWITCH, "1") };
        }
        allowed
    })
}
