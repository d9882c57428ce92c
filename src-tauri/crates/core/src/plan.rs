//! Planning memory before a model is loaded, over *free* memory, and what to give up when it does not fit.
//!
//! The formula: weights (exact, from the file's tensor table) + KV cache (layers × KV heads × head width × 2 × bytes a value ×
//! context) + compute buffers (from llama.cpp's own dry run where there is one, else [`compute_bytes`]) + what else shares the
//! device (the embedder, the CUDA context). [`fit`] walks the ladder of fallbacks until the sum fits: fewer layers on the GPU,
//! a smaller cache, a shorter context, the CPU; each step is a [`Notice`] with its reason. Never silently on the CPU.

mod ladder;

pub use ladder::{choose, fit};

use crate::error::Notice;
use crate::hardware::Device;
use crate::model::{ModelCard, ModelShape};
use crate::profile::{Attention, Offload, Profile};
use serde::{Deserialize, Serialize};

/// Kept free on every device, in MiB: the desktop and the driver need room too.
pub const HEADROOM_MIB: f64 = 256.0;

/// What a CUDA or Vulkan context takes on its device beside llama.cpp's buffers, in MiB (measured by the llama.cpp project at about
/// 0.45 GiB on CUDA 13).
pub const GPU_RUNTIME_MIB: f64 = 460.0;

/// Memory of `docmind-generate` beside the backend's buffers, in MiB: code, log and stacks, and 300 bytes a token of the vocabulary
/// (text, hash tables, the candidates of sampling). Measured with `docmind-generate bench` on 1,100 and 151,936 tokens.
pub fn process_mib(vocabulary: u32) -> f64 {
    14.0 + f64::from(vocabulary) * 300.0 / MIB
}

/// Rows of logits a batch may ask for: 1 for prefill, at most 8 for verified drafts, 16 for quality comparisons. llama.cpp would
/// else reserve `n_ubatch` rows, 297 MiB at 512 with Qwen's vocabulary.
pub const LOGIT_ROWS: u32 = 16;

/// The smallest context the ladder goes down to, in tokens.
pub const SMALLEST_CONTEXT: u32 = 2048;

const MIB: f64 = 1024.0 * 1024.0;

/// What to load, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadRequest {
    /// The GGUF file.
    pub path: String,
    /// How to run it; `auto` plans from free memory.
    pub profile: Profile,
    /// What the embedder takes on the same device, in MiB.
    pub embedder_mib: u32,
    /// Most memory for snapshots of prompt prefixes, in MiB; 0 keeps none.
    pub snapshot_memory_mib: u32,
    /// Folder for snapshots on disk; `None` keeps none.
    pub snapshot_dir: Option<String>,
    /// Most disk space for them, in MiB.
    pub snapshot_disk_mib: u32,
    /// Let the ladder give things up; without it a model that does not fit is an error that says what would.
    pub may_degrade: bool,
}

/// Memory by owner on one device, in MiB.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct MemoryShare {
    /// As the backend names it, such as `CPU` or `CUDA0`.
    pub device: String,
    /// The model's tensors.
    pub weights_mib: f64,
    /// The KV cache.
    pub kv_mib: f64,
    /// Buffers of the computation, logits included.
    pub compute_mib: f64,
    /// The driver's context (GPU), or the process itself (CPU).
    pub runtime_mib: f64,
    /// The embedder, where it shares the device.
    pub embedder_mib: f64,
    /// Free before loading.
    pub free_mib: f64,
    /// In all.
    pub total_mib: f64,
}

impl MemoryShare {
    /// Everything this model would add to the device (the embedder is there already or counted by its own room).
    pub fn needed_mib(&self) -> f64 {
        self.buffers_mib() + self.runtime_mib
    }

    /// What llama.cpp itself allocates.
    pub fn buffers_mib(&self) -> f64 {
        self.weights_mib + self.kv_mib + self.compute_mib
    }

    /// What is wanted from free memory, the embedder and headroom included.
    pub fn wanted_mib(&self) -> f64 {
        self.needed_mib() + self.embedder_mib + HEADROOM_MIB
    }

    /// What is missing; 0 when it fits.
    pub fn missing_mib(&self) -> f64 {
        (self.wanted_mib() - self.free_mib).max(0.0)
    }
}

/// What loading would take and whether it fits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct MemoryPlan {
    /// The profile as it would be run, after the ladder.
    pub profile: Profile,
    /// Layers on the GPU, the output layer counted as one more; 0 is the CPU alone.
    pub gpu_layers: u32,
    /// By device; the CPU first.
    pub shares: Vec<MemoryShare>,
    /// True when every device has room.
    pub fits: bool,
    /// In words: what fits, or what is missing and the nearest setting that would fit.
    pub verdict: String,
    /// What was given up, in order.
    pub steps: Vec<Notice>,
}

impl MemoryPlan {
    /// Sum over devices of what the model adds, in MiB.
    pub fn needed_mib(&self) -> f64 {
        self.shares.iter().map(MemoryShare::needed_mib).sum()
    }
}

/// Memory there is to plan over.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FreeMemory {
    /// RAM in MiB: total and available.
    pub ram_total_mib: f64,
    /// RAM in MiB that can be had without swapping.
    pub ram_free_mib: f64,
    /// The GPU that would be used: the one with most free memory.
    pub gpu: Option<Device>,
}

/// A loaded model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadReport {
    /// What it is.
    pub card: ModelCard,
    /// What was planned; `plan.profile` is what runs.
    pub plan: MemoryPlan,
    /// What llama.cpp allocated, by device.
    pub allocated: Vec<MemoryShare>,
    /// The device that holds most layers, such as `CPU` or `CUDA0`.
    pub device: String,
    /// Why this profile.
    pub reason: Notice,
    /// Milliseconds to read the weights.
    pub load_ms: f64,
    /// Milliseconds of the first empty decode: kernels compiled, pages touched, graphs captured.
    pub warmup_ms: f64,
    /// Memory bandwidth of the device as measured, in GB/s; 0 where it could not be.
    pub bandwidth_gbps: f64,
    /// What was degraded.
    pub notices: Vec<Notice>,
}

impl LoadReport {
    /// Tokens a second at which decoding meets the memory bandwidth with so many tokens in the cache: weights and cache are read once
    /// for each. `None` where the bandwidth is not known.
    pub fn decode_limit_tps(&self, cached_tokens: u32) -> Option<f64> {
        let sum = |of: fn(&MemoryShare) -> f64| self.allocated.iter().map(of).sum::<f64>();
        let filled = f64::from(cached_tokens) / f64::from(padded_context(self.plan.profile.context_tokens).max(1));
        let read_mib = sum(|share| share.weights_mib) + sum(|share| share.kv_mib) * filled.min(1.0);
        (self.bandwidth_gbps > 0.0 && read_mib > 0.0).then(|| self.bandwidth_gbps * 1e9 / (read_mib * MIB))
    }
}

/// Bytes of compute buffers on the CPU for one physical batch. Used where there is no dry run. The terms, each in f32: logits of
/// [`LOGIT_ROWS`] rows; gate, up and product of the feed-forward; the residual stream; the mask; without flash attention also the
/// attention matrix (context × batch × heads), which is what grows with the context.
pub fn compute_bytes(shape: &ModelShape, profile: &Profile) -> u64 {
    let card = &shape.card;
    let rows = u64::from(profile.n_ubatch);
    let context = u64::from(profile.context_tokens);
    let logits = u64::from(LOGIT_ROWS) * u64::from(card.vocabulary) * 4;
    let stream = rows * (2 * u64::from(shape.feed_forward) + 4 * u64::from(card.hidden)) * 4;
    let heads = u64::from(card.heads) * u64::from(card.head_dim);
    let queries = rows * (2 * heads + 2 * u64::from(card.kv_heads) * u64::from(card.head_dim)) * 4;
    let attention = match profile.attention {
        Attention::Flash { .. } => rows * context * 2,
        Attention::Plain => rows * context * (4 + 4 * u64::from(card.heads)),
    };
    logits.max(stream + queries + attention)
}

/// The context llama.cpp really makes: rounded up to 256.
pub fn padded_context(tokens: u32) -> u32 {
    tokens.div_ceil(256) * 256
}

/// What `profile` would take with `gpu_layers` layers (0 to layers + 1) on the GPU. `compute` is the dry run's buffers by device,
/// where there was one.
pub fn estimate(
    shape: &ModelShape,
    profile: &Profile,
    gpu_layers: u32,
    memory: &FreeMemory,
    embedder_mib: f64,
    compute: Option<(f64, f64)>,
) -> Vec<MemoryShare> {
    let layers = shape.weights.layers.len() as u32;
    let on_gpu = gpu_layers.min(layers + 1);
    let repeating = on_gpu.min(layers) as usize;
    let output_on_gpu = on_gpu > layers;
    // llama.cpp puts the last layers on the GPU first.
    let split = shape.weights.layers.len() - repeating;
    let gpu_weights = shape.weights.layers[split..].iter().sum::<u64>()
        + if output_on_gpu {
            shape.weights.output + shape.weights.other
        } else {
            0
        };
    let cpu_weights = shape.weights.embedding
        + shape.weights.layers[..split].iter().sum::<u64>()
        + if output_on_gpu {
            0
        } else {
            shape.weights.other + if shape.weights.tied { 0 } else { shape.weights.output }
        };
    let kv = shape.kv_bytes_per_token(profile.attention.kv()) * u64::from(padded_context(profile.context_tokens));
    let kv_gpu = kv as f64 * repeating as f64 / f64::from(layers.max(1));
    let estimated = compute_bytes(shape, profile) as f64 / MIB;
    let (cpu_compute, gpu_compute) = compute.unwrap_or(if on_gpu > 0 {
        (estimated / 4.0, estimated)
    } else {
        (estimated, 0.0)
    });
    let logits = f64::from(LOGIT_ROWS) * f64::from(shape.card.vocabulary) * 4.0 / MIB;
    let mut shares = vec![MemoryShare {
        device: "CPU".to_owned(),
        weights_mib: cpu_weights as f64 / MIB,
        kv_mib: (kv as f64 - kv_gpu) / MIB,
        // The rows handed to sampling lie beside the compute buffer.
        compute_mib: cpu_compute + logits,
        runtime_mib: process_mib(shape.card.vocabulary),
        embedder_mib: if on_gpu > 0 { 0.0 } else { embedder_mib },
        free_mib: memory.ram_free_mib,
        total_mib: memory.ram_total_mib,
    }];
    if let (Some(gpu), true) = (&memory.gpu, on_gpu > 0) {
        shares.push(MemoryShare {
            device: gpu.name.clone(),
            weights_mib: gpu_weights as f64 / MIB,
            kv_mib: kv_gpu / MIB,
            compute_mib: gpu_compute,
            runtime_mib: GPU_RUNTIME_MIB,
            embedder_mib,
            free_mib: f64::from(gpu.memory_free_mib),
            total_mib: f64::from(gpu.memory_total_mib),
        });
    }
    shares
}

fn all_fit(shares: &[MemoryShare]) -> bool {
    shares.iter().all(|share| share.missing_mib() <= 0.0)
}

fn gib(mib: f64) -> String {
    format!("{:.1} GB", mib / 1024.0)
}

fn thousands(n: u32) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, c) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Most layers (output counted) that fit the GPU, 0 to layers + 1.
fn most_layers(shape: &ModelShape, profile: &Profile, memory: &FreeMemory, embedder_mib: f64) -> u32 {
    if memory.gpu.is_none() {
        return 0;
    }
    let all = shape.weights.layers.len() as u32 + 1;
    (1..=all)
        .rev()
        .find(|&layers| all_fit(&estimate(shape, profile, layers, memory, embedder_mib, None)))
        .unwrap_or(0)
}

/// Layers the profile asks for, before memory is looked at.
fn wanted_layers(shape: &ModelShape, profile: &Profile, memory: &FreeMemory) -> u32 {
    let all = shape.weights.layers.len() as u32 + 1;
    match (profile.offload, &memory.gpu) {
        (Offload::None, _) | (_, None) => 0,
        (Offload::Auto | Offload::All, Some(_)) => all,
        (Offload::Layers(layers), Some(_)) => layers.min(all),
    }
}

/// The plan for exactly this profile: nothing is given up, but the verdict says what would fit.
pub fn plan_exactly(shape: &ModelShape, profile: &Profile, memory: &FreeMemory, embedder_mib: f64) -> MemoryPlan {
    let gpu_layers = wanted_layers(shape, profile, memory);
    let shares = estimate(shape, profile, gpu_layers, memory, embedder_mib, None);
    let fits = all_fit(&shares);
    let verdict = if fits {
        let needed: f64 = shares.iter().map(MemoryShare::needed_mib).sum();
        format!(
            "{} tokens fit: {} needed.",
            thousands(profile.context_tokens),
            gib(needed)
        )
    } else {
        let missing: f64 = shares.iter().map(MemoryShare::missing_mib).sum();
        let nearest = fit(shape, profile, memory, embedder_mib);
        match nearest {
            Ok(plan) => format!(
                "{} fit, {} need {} more.",
                describe(&plan, profile),
                phrase_tokens(profile.context_tokens),
                gib(missing)
            ),
            Err(_) => format!("Nothing smaller fits either: {} more memory is needed.", gib(missing)),
        }
    };
    MemoryPlan {
        profile: profile.clone(),
        gpu_layers,
        shares,
        fits,
        verdict,
        steps: Vec::new(),
    }
}

fn phrase_tokens(tokens: u32) -> String {
    format!("{} tokens", thousands(tokens))
}

fn describe(plan: &MemoryPlan, asked: &Profile) -> String {
    let mut words = phrase_tokens(plan.profile.context_tokens);
    if plan.profile.attention.kv() != asked.attention.kv() {
        words.push_str(&format!(" with a {} cache", plan.profile.attention.kv().as_str()));
    }
    if plan.gpu_layers == 0
        && asked.offload != Offload::None
        && plan.shares.len() == 1
        && asked.offload != plan.profile.offload
    {
        words.push_str(" on the CPU");
    }
    words
}

#[cfg(test)]
mod tests;
