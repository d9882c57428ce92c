//! What has room, by llama.cpp's own measure: its dry runs of a plan, and its own search for the most layers ([`crate::native::fit`]).
//!
//! The search gives up context and layers alone, where a profile would rather give up the cache's precision, so the ladder of
//! [`docmind_core::plan`] goes first; what it leaves on the processor by its formula is then asked of llama.cpp.

use super::context_settings;
use crate::backend::{BackendDevice, Backends};
use crate::error::LlamaError;
use crate::log::{self, Caches, Owner};
use crate::native::{Context, ContextSettings, Model, ModelSettings, Place, fit};
use docmind_core::model::CacheShape;
use docmind_core::plan::{self, Beside, FreeMemory, Measured, MemoryPlan, MemoryShare, SMALLEST_CONTEXT};
use docmind_core::profile::{Offload, Profile};
use std::sync::Arc;

const MIB: f64 = 1024.0 * 1024.0;

/// llama.cpp's dry runs of one file: the model is read without its weights, the graph is planned, nothing is allocated.
pub(super) struct DryRuns<'a> {
    path: &'a str,
    gpu: Option<&'a BackendDevice>,
    /// As it was read last, with the layers on the GPU.
    model: Option<(u32, Arc<Model>)>,
}

/// What one of them found.
pub(super) struct DryRun {
    settings: ContextSettings,
    vocabulary: usize,
    cpu_compute_mib: f64,
    gpu_compute_mib: f64,
    caches: Caches,
}

impl<'a> DryRuns<'a> {
    pub(super) fn new(path: &'a str, gpu: Option<&'a BackendDevice>) -> Self {
        Self { path, gpu, model: None }
    }

    pub(super) fn run(&mut self, gpu_layers: u32, settings: ContextSettings) -> Result<DryRun, LlamaError> {
        let model = self.model(gpu_layers)?;
        log::forget_buffers();
        drop(Context::new(&model, settings)?);
        let (mut cpu_compute_mib, mut gpu_compute_mib) = (0.0, 0.0);
        for buffer in log::buffers()
            .into_iter()
            .filter(|buffer| buffer.owner == Owner::Compute)
        {
            match self.gpu {
                Some(gpu) if buffer.place == gpu.device.name => gpu_compute_mib += buffer.mib,
                _ => cpu_compute_mib += buffer.mib,
            }
        }
        Ok(DryRun {
            settings,
            vocabulary: model.vocabulary(),
            cpu_compute_mib,
            gpu_compute_mib,
            caches: log::caches(),
        })
    }

    fn model(&mut self, gpu_layers: u32) -> Result<Arc<Model>, LlamaError> {
        if let Some((layers, model)) = &self.model
            && *layers == gpu_layers
        {
            return Ok(Arc::clone(model));
        }
        let settings = ModelSettings {
            gpu_layers,
            device: self.gpu.map(|gpu| gpu.index).filter(|_| gpu_layers > 0),
            dry: true,
        };
        let model = Model::load(self.path, &settings, &mut |_| true)?;
        self.model = Some((gpu_layers, Arc::clone(&model)));
        Ok(model)
    }
}

impl DryRun {
    /// As [`plan::estimate`] takes it. Of the rows of logits, which that adds by itself, llama.cpp reserves one at first.
    pub(super) fn measured(&self) -> Measured {
        Measured {
            cpu_compute_mib: (self.cpu_compute_mib - self.vocabulary as f64 * 4.0 / MIB).max(0.0),
            gpu_compute_mib: self.gpu_compute_mib,
            cache_mib: self.caches.kv_mib + self.caches.state_mib,
        }
    }

    /// What the model keeps for any context: a layer's window is no shorter here than the context (`swa_full`).
    pub(super) fn cache(&self) -> CacheShape {
        cache_shape(self.caches, &self.settings)
    }
}

fn cache_shape(caches: Caches, settings: &ContextSettings) -> CacheShape {
    let values = caches.kv_mib * MIB * 32.0 / settings.kv.bytes_per_block() as f64;
    CacheShape {
        values_per_token: (values / f64::from(settings.context_tokens.max(1))).round() as u64,
        state_bytes: (caches.state_mib * MIB) as u64,
    }
}

/// What llama.cpp's buffers may take where a plan has a share, all else that is wanted there taken off, in MiB.
fn room_of(share: &MemoryShare) -> f64 {
    share.free_mib - (share.wanted_mib() - share.buffers_mib())
}

/// The most layers that llama.cpp itself would put on the card with a plan's context and cache; `None` where it would put no more than
/// the plan does.
pub(super) fn more_layers(path: &str, plan: &MemoryPlan, gpu: &BackendDevice) -> Result<Option<u32>, LlamaError> {
    let Some(share) = plan.shares.iter().find(|share| share.device == gpu.device.name) else {
        return Ok(None);
    };
    let place = Place {
        device: Some(gpu.index),
        room_mib: room_of(share),
        smallest_context: SMALLEST_CONTEXT,
    };
    let found = fit(path, place, &context_settings(&plan.profile, plan.gpu_layers))?;
    let layers = found.map(|fit| fit.gpu_layers.unwrap_or(u32::MAX));
    Ok(layers.filter(|layers| *layers > plan.gpu_layers))
}

/// Our formula beside llama.cpp's own fit, for one amount of memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// As the backend names it, such as `CPU` or `CUDA0`.
    pub device: String,
    /// What llama.cpp's buffers may take there.
    pub room_mib: f64,
    /// Layers that have room by llama.cpp; 0 on the processor.
    pub gpu_layers: u32,
    /// Layers that have room by the formula; 0 on the processor.
    pub formula_gpu_layers: u32,
    /// Context in tokens that has room by llama.cpp: the profile's own on a card, the largest on the processor.
    pub context_tokens: u32,
    /// What that takes by the formula, of the room.
    pub formula_share: f64,
}

/// Fits a model into so much memory twice: by llama.cpp's own search and by our formula. On a card the profile's context is kept and
/// layers are counted; without one the largest context is searched for. `None` where llama.cpp finds that nothing fits.
///
/// # Errors
/// The file is no good.
pub fn compare_fits(
    backends: &Backends,
    path: &str,
    profile: &Profile,
    room_mib: f64,
) -> Result<Option<Fitted>, LlamaError> {
    let shape = super::check(path)?.shape;
    let gpu = backends.best_gpu().filter(|_| profile.offload != Offload::None);
    let all = shape.weights.layers.len() as u32 + 1;
    let settings = ContextSettings {
        context_tokens: if gpu.is_some() {
            plan::padded_context(profile.context_tokens)
        } else {
            0
        },
        ..context_settings(profile, if gpu.is_some() { all } else { 0 })
    };
    let place = Place {
        device: gpu.as_ref().map(|gpu| gpu.index),
        room_mib,
        smallest_context: SMALLEST_CONTEXT,
    };
    let Some(found) = fit(path, place, &settings)? else {
        return Ok(None);
    };
    let gpu_layers = if gpu.is_some() {
        found.gpu_layers.unwrap_or(all)
    } else {
        0
    };
    let running = Profile {
        context_tokens: found.context_tokens,
        ..profile.clone()
    };
    let memory = FreeMemory {
        gpu: gpu.map(|gpu| gpu.device),
        ..backends.free_memory()
    };
    let taken = |layers: u32| {
        let shares = plan::estimate(&shape, &running, layers, &memory, Beside::default(), None);
        shares.last().map_or(0.0, MemoryShare::buffers_mib)
    };
    let formula_gpu_layers = if memory.gpu.is_some() {
        (1..=all).rev().find(|layers| taken(*layers) <= room_mib).unwrap_or(0)
    } else {
        0
    };
    Ok(Some(Fitted {
        device: memory
            .gpu
            .as_ref()
            .map_or_else(|| "CPU".to_owned(), |gpu| gpu.name.clone()),
        room_mib,
        gpu_layers,
        formula_gpu_layers,
        context_tokens: found.context_tokens,
        formula_share: taken(gpu_layers) / room_mib,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use docmind_core::profile::KvType;

    #[test]
    fn room_for_layers_is_what_all_else_leaves() {
        let share = MemoryShare {
            weights_mib: 2000.0,
            kv_mib: 500.0,
            compute_mib: 300.0,
            runtime_mib: 460.0,
            taken_mib: 332.0,
            embedder_mib: 150.0,
            free_mib: 4000.0,
            ..MemoryShare::default()
        };
        assert_eq!(room_of(&share), 4000.0 - 128.0 - 150.0 - plan::HEADROOM_MIB);
    }

    #[test]
    fn a_cache_is_taken_apart_into_tokens_and_states() {
        let settings = ContextSettings {
            context_tokens: 8192,
            n_batch: 512,
            n_ubatch: 512,
            logit_rows: 16,
            flash: true,
            kv: KvType::Q8_0,
            threads: 1,
        };
        // Six layers of 4 heads and 128 wide, in 8 bits: 34 bytes for 32 values.
        let values: u32 = 6 * 4 * 128 * 2;
        let caches = Caches {
            kv_mib: f64::from(values * 8192) / 32.0 * 34.0 / MIB,
            state_mib: 50.25,
        };
        let cache = cache_shape(caches, &settings);
        assert_eq!(cache.values_per_token, u64::from(values));
        assert_eq!(cache.state_bytes, 52_690_944);
    }
}
