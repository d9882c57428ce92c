//! From a file and a profile to a session: check, plan, dry run, load, warm up.

mod cores;

pub use cores::threads;

use crate::backend::{BackendDevice, Backends};
use crate::bandwidth;
use crate::error::LlamaError;
use crate::gguf;
use crate::graphs;
use crate::log::{self, Owner};
use crate::native::{Context, ContextSettings, Model, ModelSettings};
use crate::session::{Parts, Session};
use crate::snapshot::{DiskSnapshots, ModelFingerprint, SnapshotKey};
use docmind_core::error::Notice;
use docmind_core::model::ModelShape;
use docmind_core::plan::{self, LOGIT_ROWS, LoadReport, LoadRequest, MemoryPlan, MemoryShare};
use docmind_core::profile::{KvType, Profile};
use std::path::Path;
use std::time::Instant;

/// How often a plan is tried again after the dry run found more than the formula.
const REPLANS: usize = 4;

/// A checked file: what planning and loading need.
pub struct Checked {
    /// The model.
    pub shape: ModelShape,
    /// Where its data begins.
    pub data_start: u64,
}

/// Reads and checks a model file; llama.cpp has not seen it yet.
///
/// # Errors
/// [`LlamaError::File`] with what is wrong.
pub fn check(path: &str) -> Result<Checked, LlamaError> {
    let file = Path::new(path);
    let stem = file
        .file_stem()
        .map_or_else(|| path.to_owned(), |stem| stem.to_string_lossy().into_owned());
    let read = gguf::read(file).and_then(|read| {
        Ok(Checked {
            shape: read.shape(&stem)?,
            data_start: read.data_start,
        })
    });
    read.map_err(|fault| LlamaError::File {
        path: path.to_owned(),
        fault,
    })
}

/// Tokens computed at once where plain attention stands in for flash attention: larger batches are read no faster there, and the
/// attention matrix takes a twentieth of the cache.
const PLAIN_UBATCH: u32 = 64;

/// How a profile is run.
///
/// On a processor with a half-precision cache attention is plain, whatever the profile says: ggml's flash attention takes fewer than 64
/// rows one by one there (`ggml_compute_forward_flash_attn_ext_f16` in its `ops.cpp`). After 4,096 tokens it takes 1.6 times as long for
/// one token, 2.8 times for 4, 3.6 times for 36, and as long for 64 (four layers with Qwen3-4B's heads, two cores). A quantised cache
/// works with flash attention alone.
fn context_settings(profile: &Profile, gpu_layers: u32) -> ContextSettings {
    let kv = profile.attention.kv();
    let flash = profile.attention.is_flash();
    let stands_in = flash && gpu_layers == 0 && kv == KvType::F16;
    ContextSettings {
        context_tokens: plan::padded_context(profile.context_tokens),
        n_batch: profile.n_batch,
        n_ubatch: if stands_in {
            profile.n_ubatch.min(PLAIN_UBATCH)
        } else {
            profile.n_ubatch
        },
        logit_rows: LOGIT_ROWS,
        flash: flash && !stands_in,
        kv,
        threads: threads(profile),
    }
}

/// Compute buffers on the CPU and on the GPU in MiB, from llama.cpp's own dry run: the model is read without its weights, the
/// graph is planned, nothing is allocated. It is what llama.cpp's `common_fit_params` measures with (a model with `no_alloc` and a
/// context on it, see `common/fit.cpp`); what it then does with the figures does not serve here: it takes RAM for unlimited, leaves
/// a fixed margin instead of the embedder's share, and gives up context and layers where a profile would rather give up the
/// cache's precision.
fn dry_run(
    path: &str,
    profile: &Profile,
    gpu_layers: u32,
    gpu: Option<&BackendDevice>,
) -> Result<(f64, f64), LlamaError> {
    let settings = ModelSettings {
        gpu_layers,
        device: gpu.map(|gpu| gpu.index).filter(|_| gpu_layers > 0),
        dry: true,
    };
    log::forget_buffers();
    let model = Model::load(path, &settings, &mut |_| true)?;
    let context = Context::new(&model, context_settings(profile, gpu_layers))?;
    drop(context);
    let (mut cpu, mut on_gpu) = (0.0, 0.0);
    for buffer in log::buffers()
        .into_iter()
        .filter(|buffer| buffer.owner == Owner::Compute)
    {
        match gpu {
            Some(gpu) if buffer.place == gpu.device.name => on_gpu += buffer.mib,
            // The rows handed to sampling are in the estimate already.
            _ if buffer.mib > 0.0 => cpu += buffer.mib,
            _ => {}
        }
    }
    Ok((cpu, on_gpu))
}

/// The rows of logits are a buffer of their own that the dry run logs as well; [`plan::estimate`] adds them by itself.
fn without_logit_rows(shape: &ModelShape, compute: (f64, f64)) -> (f64, f64) {
    let rows = f64::from(LOGIT_ROWS) * f64::from(shape.card.vocabulary) * 4.0 / (1024.0 * 1024.0);
    // llama.cpp reserves one row at first and grows to what is asked.
    let logged = f64::from(shape.card.vocabulary) * 4.0 / (1024.0 * 1024.0);
    ((compute.0 - logged.min(rows)).max(0.0), compute.1)
}

fn chosen(made_to_fit: bool) -> Notice {
    if made_to_fit {
        Notice::new("profile_made_to_fit", "Chosen in the settings, made to fit.")
    } else {
        Notice::new("profile_chosen", "Chosen in the settings.")
    }
}

/// The plan for a request on this machine now, with why it is so. `auto` chooses; otherwise the ladder is walked where the request
/// allows it.
///
/// # Errors
/// The file is no good, or nothing fits.
pub fn plan(backends: &Backends, request: &LoadRequest, checked: &Checked) -> Result<(MemoryPlan, Notice), LlamaError> {
    let shape = &checked.shape;
    let profile = &request.profile;
    profile.validate().map_err(|fault| LlamaError::Plan(fault.report()))?;
    let gpu = backends.best_gpu();
    let mut memory = backends.free_memory();
    let embedder = f64::from(request.embedder_mib);
    for _ in 0..REPLANS {
        let (mut plan, reason) = if profile.name == "auto" {
            plan::choose(shape, profile, &memory, embedder).map_err(LlamaError::Plan)?
        } else if request.may_degrade {
            let plan = plan::fit(shape, profile, &memory, embedder).map_err(LlamaError::Plan)?;
            let reason = chosen(!plan.steps.is_empty());
            (plan, reason)
        } else {
            (plan::plan_exactly(shape, profile, &memory, embedder), chosen(false))
        };
        let compute = dry_run(&request.path, &plan.profile, plan.gpu_layers, gpu.as_ref())?;
        let compute = without_logit_rows(shape, compute);
        let mut exact = memory.clone();
        let real = backends.free_memory();
        exact.ram_free_mib = real.ram_free_mib;
        exact.gpu = real.gpu;
        let guessed: Vec<f64> = plan.shares.iter().map(MemoryShare::needed_mib).collect();
        plan.shares = plan::estimate(shape, &plan.profile, plan.gpu_layers, &exact, embedder, Some(compute));
        plan.fits = plan.shares.iter().all(|share| share.missing_mib() <= 0.0);
        if plan.fits || !(request.may_degrade || profile.name == "auto") {
            return Ok((plan, reason));
        }
        // The formula was too low: plan again over what is left after its error.
        for (share, guessed) in plan.shares.iter().zip(guessed) {
            let error = (share.needed_mib() - guessed).max(0.0) + 1.0;
            if share.device == "CPU" {
                memory.ram_free_mib -= error;
            } else if let Some(gpu) = &mut memory.gpu {
                gpu.memory_free_mib = gpu.memory_free_mib.saturating_sub(error.ceil() as u32);
            }
        }
    }
    Err(LlamaError::Plan(docmind_core::error::ErrorReport::new(
        "model_too_large",
        format!(
            "`{}` does not fit into the memory that is free now.\nClose other programs, or choose a smaller model.",
            shape.card.name
        ),
    )))
}

/// Loads a model as planned. `progress` gets 0 to 1 and may return false to give up.
///
/// # Errors
/// The plan does not fit, or llama.cpp refuses.
pub fn load(
    backends: &Backends,
    request: &LoadRequest,
    progress: &mut dyn FnMut(f32) -> bool,
) -> Result<(Session, LoadReport), LlamaError> {
    let checked = check(&request.path)?;
    let (plan, reason) = plan(backends, request, &checked)?;
    if !plan.fits {
        return Err(LlamaError::Plan(docmind_core::error::ErrorReport::new(
            "model_too_large",
            format!(
                "`{}` does not fit with the profile `{}`: {}\nChoose a smaller profile, or close other programs.",
                checked.shape.card.name, request.profile.name, plan.verdict
            ),
        )));
    }
    load_planned(backends, request, &checked, plan, reason, progress)
}

fn load_planned(
    backends: &Backends,
    request: &LoadRequest,
    checked: &Checked,
    plan: MemoryPlan,
    reason: Notice,
    progress: &mut dyn FnMut(f32) -> bool,
) -> Result<(Session, LoadReport), LlamaError> {
    let gpu = backends.best_gpu().filter(|_| plan.gpu_layers > 0);
    let settings = ModelSettings {
        gpu_layers: plan.gpu_layers,
        device: gpu.as_ref().map(|gpu| gpu.index),
        dry: false,
    };
    let mut notices = plan.steps.clone();
    if gpu.is_some() && graphs::settle(plan.profile.graph_capture) != plan.profile.graph_capture {
        notices.push(Notice::new(
            "graphs_unchanged",
            "Whether the graphics card's work is captured in graphs is settled by the first model of a process; it stays as it was.",
        ));
    }
    // Before the model takes its memory.
    let bandwidth_gbps = bandwidth::of(gpu.as_ref(), threads(&plan.profile));
    let started = Instant::now();
    log::forget_buffers();
    let model = Model::load(&request.path, &settings, progress)?;
    let settings = context_settings(&plan.profile, plan.gpu_layers);
    let context = Context::new(&model, settings)?;
    let load_ms = started.elapsed().as_secs_f64() * 1000.0;
    let device = gpu
        .as_ref()
        .map_or_else(|| "CPU".to_owned(), |gpu| gpu.device.name.clone());
    let disk = match &request.snapshot_dir {
        Some(folder) if request.snapshot_disk_mib > 0 => {
            match open_disk(Path::new(folder), request, checked, &settings, &device) {
                Ok(disk) => Some(disk),
                Err(error) => {
                    notices.push(Notice::new(
                        "snapshots_off",
                        format!("Prompt snapshots cannot be kept in `{folder}`: {error}. Answers after a restart begin more slowly."),
                    ));
                    None
                }
            }
        }
        _ => None,
    };
    let mut session = Session::new(Parts {
        context,
        profile: plan.profile.name.clone(),
        speculation: plan.profile.speculation,
        on_cpu: plan.gpu_layers == 0,
        whole_on_card: plan.gpu_layers as usize > checked.shape.weights.layers.len(),
        snapshot_memory: request.snapshot_memory_mib as usize * 1024 * 1024,
        disk,
    });
    let warming = Instant::now();
    session.warm_up()?;
    let warmup_ms = warming.elapsed().as_secs_f64() * 1000.0;
    let allocated = allocated(gpu.as_ref());
    let report = LoadReport {
        card: checked.shape.card.clone(),
        plan,
        allocated,
        device,
        reason,
        load_ms,
        warmup_ms,
        bandwidth_gbps,
        notices,
    };
    Ok((session, report))
}

fn open_disk(
    folder: &Path,
    request: &LoadRequest,
    checked: &Checked,
    settings: &ContextSettings,
    device: &str,
) -> std::io::Result<DiskSnapshots> {
    let fingerprint = ModelFingerprint::of(Path::new(&request.path), checked.data_start)?;
    let key = SnapshotKey::new(
        &crate::backend::version(),
        &fingerprint,
        settings.kv,
        settings.flash,
        device,
    );
    DiskSnapshots::open(folder, key, u64::from(request.snapshot_disk_mib) * 1024 * 1024)
}

/// Buffers llama.cpp said it made since the log was last emptied, by device.
fn allocated(gpu: Option<&BackendDevice>) -> Vec<MemoryShare> {
    let mut cpu = MemoryShare {
        device: "CPU".to_owned(),
        ..MemoryShare::default()
    };
    let mut on_gpu = gpu.map(|gpu| MemoryShare {
        device: gpu.device.name.clone(),
        free_mib: f64::from(gpu.device.memory_free_mib),
        total_mib: f64::from(gpu.device.memory_total_mib),
        ..MemoryShare::default()
    });
    for buffer in log::buffers() {
        let share = match &mut on_gpu {
            Some(share) if share.device == buffer.place => share,
            _ => &mut cpu,
        };
        match buffer.owner {
            Owner::Weights => share.weights_mib += buffer.mib,
            Owner::Kv => share.kv_mib += buffer.mib,
            Owner::Compute => share.compute_mib += buffer.mib,
        }
    }
    std::iter::once(cpu).chain(on_gpu).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use docmind_core::model::WeightType;
    use docmind_core::profile::{Attention, Offload};

    #[test]
    fn plain_attention_stands_in_on_a_processor_where_the_cache_allows_it() {
        let of = |attention, gpu_layers| {
            let profile = Profile {
                name: "test".into(),
                summary: String::new(),
                weights: WeightType::Q4KM,
                attention,
                context_tokens: 8192,
                n_batch: 2048,
                n_ubatch: 512,
                offload: Offload::Auto,
                threads: 1,
                graph_capture: true,
                speculation: true,
                builtin: false,
            };
            let settings = context_settings(&profile, gpu_layers);
            (settings.flash, settings.n_ubatch)
        };
        let flash = |kv| Attention::Flash { kv };
        assert_eq!(of(flash(KvType::F16), 0), (false, 64));
        assert_eq!(of(flash(KvType::F16), 12), (true, 512), "some layers on a card");
        assert_eq!(of(flash(KvType::Q8_0), 0), (true, 512));
        assert_eq!(of(Attention::Plain, 0), (false, 512), "as the baseline always was");
    }
}
