//! Planning memory before a model is loaded, over *free* memory, and what to give up when it does not fit.
//!
//! The formula: weights (exact, from the file's tensor table) + the cache (values a token × bytes a value × context, and the states of
//! recurrent layers) + compute buffers ([`compute_bytes`]), these two from llama.cpp's own dry run where there is one + what else shares
//! the device (the embedder, snapshots, the CUDA context). [`fit`] walks the ladder of fallbacks until the sum fits: fewer layers on the
//! GPU, a smaller cache, a shorter context, the CPU; each step is a [`Notice`] with its reason. Never silently on the CPU.

mod ladder;

pub use ladder::{choose, fit, leaves_layers_behind, with_layers};

use crate::error::Notice;
use crate::hardware::Device;
use crate::model::{ModelCard, ModelShape};
use crate::profile::{Attention, KvType, Offload, Profile};
use serde::{Deserialize, Serialize};

/// Kept free on every device, in MiB: the desktop and the driver need room too.
pub const HEADROOM_MIB: f64 = 256.0;

/// What a CUDA or Vulkan context takes on its device beside llama.cpp's buffers, in MiB (measured by the llama.cpp project at about
/// 0.45 GiB on CUDA 13).
pub const GPU_RUNTIME_MIB: f64 = 460.0;

/// Of [`GPU_RUNTIME_MIB`], what CUDA takes only once it computes, in MiB: cuBLAS's work space (32 on Hopper, else 4) and kernels, which are
/// loaded when they are first used. The context is there by the time free memory is asked for (`ggml_backend_cuda_device_get_memory` makes it).
const CUDA_LATE_MIB: f64 = 128.0;

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

/// Most tokens computed at once where plain attention stands in for flash attention. Each row of the attention matrix takes 1 MiB at
/// 8,192 tokens. Batches of 128 are read 3 % faster than those of 64, of 256 hardly faster than of 128 (Qwen3-4B's shape, two cores).
const PLAIN_UBATCH: u32 = 128;

/// The same for contexts beyond [`WIDE_CONTEXT`].
const PLAIN_UBATCH_WIDE: u32 = 64;

/// Up to so many tokens of context the attention matrix of a whole [`PLAIN_UBATCH`] stays small beside the cache, an eighth of it.
const WIDE_CONTEXT: u32 = 16_384;

/// How a profile is computed where it runs, which can differ from what it asks for: see [`execution`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Execution {
    /// The attention that runs; the cache's type is always the profile's.
    pub attention: Attention,
    /// Physical batch, in tokens.
    pub n_ubatch: u32,
}

/// How `profile` is computed with so many layers on the GPU.
///
/// On a processor with a half-precision cache attention is plain, whatever the profile says: ggml's flash attention takes fewer than 64
/// rows one by one there (`ggml_compute_forward_flash_attn_ext_f16` in its `ops.cpp`). After 4,096 tokens it takes 1.6 times as long for
/// one token, 2.8 times for 4, 3.6 times for 36, and as long for 64 (four layers with Qwen3-4B's heads, two cores). A quantised cache
/// works with flash attention alone.
pub fn execution(profile: &Profile, gpu_layers: u32) -> Execution {
    match profile.attention {
        Attention::Flash { kv: KvType::F16 } if gpu_layers == 0 => Execution {
            attention: Attention::Plain,
            n_ubatch: profile.n_ubatch.min(if profile.context_tokens > WIDE_CONTEXT {
                PLAIN_UBATCH_WIDE
            } else {
                PLAIN_UBATCH
            }),
        },
        attention => Execution {
            attention,
            n_ubatch: profile.n_ubatch,
        },
    }
}

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

/// What takes memory beside a model, in MiB.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Beside {
    /// The embedder, on the device that holds the model's layers.
    pub embedder_mib: f64,
    /// Snapshots of prompt prefixes, in RAM.
    pub snapshots_mib: f64,
}

impl From<&LoadRequest> for Beside {
    fn from(request: &LoadRequest) -> Self {
        Self {
            embedder_mib: f64::from(request.embedder_mib),
            snapshots_mib: f64::from(request.snapshot_memory_mib),
        }
    }
}

/// What llama.cpp's dry run of a plan says it would take, in MiB.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// Compute buffers in RAM, without the rows handed to sampling.
    pub cpu_compute_mib: f64,
    /// Compute buffers on the GPU.
    pub gpu_compute_mib: f64,
    /// The cache of all layers together, states of recurrent ones included.
    pub cache_mib: f64,
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
    /// Of that, what was taken already when free memory was asked for.
    #[serde(default)]
    #[cfg_attr(feature = "bindings", specta(skip))]
    pub taken_mib: f64,
    /// The embedder, where it shares the device.
    pub embedder_mib: f64,
    /// Snapshots of prompt prefixes, which come as conversations do: kept free for them, no part of what loading takes.
    #[serde(default)]
    #[cfg_attr(feature = "bindings", specta(skip))]
    pub snapshots_mib: f64,
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

    /// What is wanted from free memory, the embedder, snapshots and headroom included.
    pub fn wanted_mib(&self) -> f64 {
        self.needed_mib() - self.taken_mib + self.embedder_mib + self.snapshots_mib + HEADROOM_MIB
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
    /// The attention and the batches that it is computed with there.
    pub execution: Execution,
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
    /// The GPU that would be used.
    pub gpu: Option<Device>,
    /// It has no memory of its own: what it takes is gone from the RAM.
    pub gpu_shares_ram: bool,
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
    /// Weights that are read for one token, in MiB.
    pub weights_read_mib: f64,
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
    /// What was degraded: the plan's steps, then what came of loading.
    pub notices: Vec<Notice>,
}

impl LoadReport {
    /// Tokens a second at which decoding meets the memory bandwidth with so many tokens in the cache: what is in use of weights and cache is
    /// read once for each. `None` where the bandwidth is not known, and where layers are on two devices: each has its own.
    pub fn decode_limit_tps(&self, cached_tokens: u32) -> Option<f64> {
        if (1..=self.card.layers).contains(&self.plan.gpu_layers) {
            return None;
        }
        let kv_mib: f64 = self.allocated.iter().map(|share| share.kv_mib).sum();
        let filled = f64::from(cached_tokens) / f64::from(padded_context(self.plan.profile.context_tokens).max(1));
        let read_mib = self.weights_read_mib + kv_mib * filled.min(1.0);
        (self.bandwidth_gbps > 0.0 && read_mib > 0.0).then(|| self.bandwidth_gbps * 1e9 / (read_mib * MIB))
    }
}

/// What the driver's context has not taken yet of a GPU whose free memory was asked for, in MiB.
fn runtime_to_come_mib(gpu: &Device) -> f64 {
    if gpu.backend == "cuda" {
        CUDA_LATE_MIB
    } else {
        GPU_RUNTIME_MIB
    }
}

/// Bytes of compute buffers for one physical batch with so many layers on the GPU. Used where there is no dry run. The terms, each in
/// f32: logits of [`LOGIT_ROWS`] rows; gate, up and product of the feed-forward; the residual stream; the mask; without flash attention
/// also the attention matrix (context × batch × heads), which is what grows with the context.
pub fn compute_bytes(shape: &ModelShape, profile: &Profile, gpu_layers: u32) -> u64 {
    let card = &shape.card;
    let runs = execution(profile, gpu_layers);
    let rows = u64::from(runs.n_ubatch);
    let context = u64::from(profile.context_tokens);
    let logits = u64::from(LOGIT_ROWS) * u64::from(card.vocabulary) * 4;
    let stream = rows * (2 * u64::from(shape.feed_forward) + 4 * u64::from(card.hidden)) * 4;
    let heads = u64::from(card.heads) * u64::from(card.head_dim);
    let queries = rows * (2 * heads + 2 * u64::from(card.kv_heads) * u64::from(card.head_dim)) * 4;
    let attention = match runs.attention {
        Attention::Flash { .. } => rows * context * 2,
        Attention::Plain => rows * context * (4 + 4 * u64::from(card.heads)),
    };
    logits.max(stream + queries + attention)
}

/// The context llama.cpp really makes: rounded up to 256.
pub fn padded_context(tokens: u32) -> u32 {
    tokens.div_ceil(256) * 256
}

/// What `profile` would take with `gpu_layers` layers (0 to layers + 1) on the GPU. `measured` is the dry run's, where there was one.
pub fn estimate(
    shape: &ModelShape,
    profile: &Profile,
    gpu_layers: u32,
    memory: &FreeMemory,
    beside: Beside,
    measured: Option<Measured>,
) -> Vec<MemoryShare> {
    let layers = shape.weights.layers.len() as u32;
    let on_gpu = gpu_layers.min(layers + 1);
    // llama.cpp puts the output layer on the GPU first, then the others from the last one on.
    let repeating = on_gpu.saturating_sub(1) as usize;
    let split = shape.weights.layers.len() - repeating;
    let weights = &shape.weights;
    let (mut cpu_weights, mut gpu_weights) = (weights.embedding + weights.layers[..split].iter().sum::<u64>(), 0);
    if on_gpu > 0 {
        gpu_weights = weights.layers[split..].iter().sum::<u64>() + weights.output + weights.other;
    } else {
        cpu_weights += weights.other + if weights.tied { 0 } else { weights.output };
    }
    let measured = measured.unwrap_or_else(|| formula(shape, profile, on_gpu));
    let kv_gpu = measured.cache_mib * repeating as f64 / f64::from(layers.max(1));
    let logits = f64::from(LOGIT_ROWS) * f64::from(shape.card.vocabulary) * 4.0 / MIB;
    let mut shares = vec![MemoryShare {
        device: "CPU".to_owned(),
        weights_mib: cpu_weights as f64 / MIB,
        kv_mib: measured.cache_mib - kv_gpu,
        // The rows handed to sampling lie beside the compute buffer.
        compute_mib: measured.cpu_compute_mib + logits,
        runtime_mib: process_mib(shape.card.vocabulary),
        taken_mib: 0.0,
        embedder_mib: if on_gpu > 0 { 0.0 } else { beside.embedder_mib },
        snapshots_mib: beside.snapshots_mib,
        free_mib: memory.ram_free_mib,
        total_mib: memory.ram_total_mib,
    }];
    if let (Some(gpu), true) = (&memory.gpu, on_gpu > 0) {
        let mut free_mib = f64::from(gpu.memory_free_mib);
        if memory.gpu_shares_ram {
            // What the processor's share leaves of the one memory, where both keep the same part of it free.
            let left_mib = memory.ram_free_mib - (shares[0].wanted_mib() - HEADROOM_MIB);
            free_mib = free_mib.min(left_mib.max(HEADROOM_MIB));
        }
        shares.push(MemoryShare {
            device: gpu.name.clone(),
            weights_mib: gpu_weights as f64 / MIB,
            kv_mib: kv_gpu,
            compute_mib: measured.gpu_compute_mib,
            runtime_mib: GPU_RUNTIME_MIB,
            taken_mib: GPU_RUNTIME_MIB - runtime_to_come_mib(gpu),
            embedder_mib: beside.embedder_mib,
            snapshots_mib: 0.0,
            free_mib,
            total_mib: f64::from(gpu.memory_total_mib),
        });
    }
    shares
}

/// What stands for a dry run where there was none.
fn formula(shape: &ModelShape, profile: &Profile, gpu_layers: u32) -> Measured {
    let per_token = shape.kv_bytes_per_token(profile.attention.kv()) as f64;
    let cache = per_token * f64::from(padded_context(profile.context_tokens)) + shape.cache.state_bytes as f64;
    let compute_mib = compute_bytes(shape, profile, gpu_layers) as f64 / MIB;
    let (cpu_compute_mib, gpu_compute_mib) = if gpu_layers > 0 {
        (compute_mib / 4.0, compute_mib)
    } else {
        (compute_mib, 0.0)
    };
    Measured {
        cpu_compute_mib,
        gpu_compute_mib,
        cache_mib: cache / MIB,
    }
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
fn most_layers(shape: &ModelShape, profile: &Profile, memory: &FreeMemory, beside: Beside) -> u32 {
    if memory.gpu.is_none() {
        return 0;
    }
    let all = shape.weights.layers.len() as u32 + 1;
    (1..=all)
        .rev()
        .find(|&layers| all_fit(&estimate(shape, profile, layers, memory, beside, None)))
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
pub fn plan_exactly(shape: &ModelShape, profile: &Profile, memory: &FreeMemory, beside: Beside) -> MemoryPlan {
    let gpu_layers = wanted_layers(shape, profile, memory);
    let shares = estimate(shape, profile, gpu_layers, memory, beside, None);
    let fits = all_fit(&shares);
    let verdict = if fits {
        fitting(profile, &shares)
    } else {
        let missing: f64 = shares.iter().map(MemoryShare::missing_mib).sum();
        let nearest = fit(shape, profile, memory, beside);
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
        execution: execution(profile, gpu_layers),
        shares,
        fits,
        verdict,
        steps: Vec::new(),
    }
}

/// A plan with what llama.cpp's dry run of it says in the place of the formula, over the memory there is now.
pub fn with_measured(
    mut plan: MemoryPlan,
    shape: &ModelShape,
    memory: &FreeMemory,
    beside: Beside,
    measured: Measured,
) -> MemoryPlan {
    let fitted = plan.fits;
    plan.shares = estimate(shape, &plan.profile, plan.gpu_layers, memory, beside, Some(measured));
    plan.fits = all_fit(&plan.shares);
    if plan.fits {
        plan.verdict = fitting(&plan.profile, &plan.shares);
    } else if fitted {
        let missing: f64 = plan.shares.iter().map(MemoryShare::missing_mib).sum();
        let tokens = phrase_tokens(plan.profile.context_tokens);
        plan.verdict = format!("{tokens} need {} more.", gib(missing));
    }
    plan
}

fn fitting(profile: &Profile, shares: &[MemoryShare]) -> String {
    let needed: f64 = shares.iter().map(MemoryShare::needed_mib).sum();
    format!("{} fit: {} needed.", phrase_tokens(profile.context_tokens), gib(needed))
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
