//! From a file and a profile to a session: check, plan, dry run, load, warm up.

mod cores;
mod fitting;

pub use cores::threads;
use fitting::{DryRuns, more_layers};
pub use fitting::{Fitted, compare_fits};

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
use docmind_core::plan::{self, Beside, LOGIT_ROWS, LoadReport, LoadRequest, MemoryPlan, MemoryShare};
use docmind_core::profile::{Offload, Profile};
use std::fs::File;
use std::path::Path;
use std::time::{Instant, SystemTime};

const MIB: f64 = 1024.0 * 1024.0;

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
            shape: ModelShape {
                identity: read.identity(File::open(file)?)?,
                ..read.shape(&stem)?
            },
            data_start: read.data_start,
        })
    });
    read.map_err(|fault| LlamaError::File {
        path: path.to_owned(),
        fault,
    })
}

fn context_settings(profile: &Profile, gpu_layers: u32) -> ContextSettings {
    let runs = plan::execution(profile, gpu_layers);
    ContextSettings {
        context_tokens: plan::padded_context(profile.context_tokens),
        n_batch: profile.n_batch,
        n_ubatch: runs.n_ubatch,
        logit_rows: LOGIT_ROWS,
        flash: runs.attention.is_flash(),
        kv: runs.attention.kv(),
        threads: threads(profile),
    }
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
    let profile = &request.profile;
    profile.validate().map_err(|fault| LlamaError::Plan(fault.report()))?;
    let gpu = backends.best_gpu();
    let mut memory = backends.free_memory();
    let beside = Beside::from(request);
    let mut dry = DryRuns::new(&request.path, gpu.as_ref());
    // What a model keeps is not always what the numbers of its file give: hybrids, shared and compressed caches. The ladder goes by it,
    // so llama.cpp is asked first, without a device: none may have room.
    let wanted = plan::plan_exactly(&checked.shape, profile, &memory, beside).gpu_layers;
    let shape = &ModelShape {
        cache: dry.run(0, context_settings(profile, wanted))?.cache(),
        ..checked.shape.clone()
    };
    for _ in 0..REPLANS {
        let (mut plan, reason) = if profile.name == "auto" {
            plan::choose(shape, profile, &memory, beside).map_err(LlamaError::Plan)?
        } else if request.may_degrade {
            let plan = plan::fit(shape, profile, &memory, beside).map_err(LlamaError::Plan)?;
            let reason = chosen(!plan.steps.is_empty());
            (plan, reason)
        } else {
            (plan::plan_exactly(shape, profile, &memory, beside), chosen(false))
        };
        let guessed: Vec<f64> = plan.shares.iter().map(MemoryShare::needed_mib).collect();
        let mut measure = |plan: MemoryPlan| -> Result<MemoryPlan, LlamaError> {
            let run = dry.run(plan.gpu_layers, context_settings(&plan.profile, plan.gpu_layers))?;
            let now = backends.free_memory();
            Ok(plan::with_measured(plan, shape, &now, beside, run.measured()))
        };
        plan = measure(plan)?;
        if plan.fits
            && let Some(gpu) = &gpu
            && plan::leaves_layers_behind(&plan)
            && let Some(layers) = more_layers(&request.path, &plan, gpu)?
        {
            let more = measure(plan::with_layers(plan.clone(), shape, &memory, beside, layers))?;
            return Ok((if more.fits { more } else { plan }, reason));
        }
        if plan.fits || !(request.may_degrade || profile.name == "auto") {
            return Ok((plan, reason));
        }
        // The formula was too low: plan again over what is left after its error.
        for (share, guessed) in plan.shares.iter().zip(guessed) {
            let error = (share.needed_mib() - guessed).max(0.0) + 1.0;
            if share.device == "CPU" || memory.gpu_shares_ram {
                memory.ram_free_mib -= error;
            }
            if share.device != "CPU"
                && let Some(gpu) = &mut memory.gpu
            {
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
    let wants_card = !matches!(request.profile.offload, Offload::None | Offload::Layers(0));
    if wants_card && backends.best_gpu().is_none() {
        notices.extend(backends.refusals().into_iter().map(|why| {
            Notice::new(
                "card_refused",
                format!("{why}\nThe model runs on the CPU, more slowly."),
            )
        }));
    }
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
        loaded_at: SystemTime::now(),
    });
    let warming = Instant::now();
    session.warm_up()?;
    let warmup_ms = warming.elapsed().as_secs_f64() * 1000.0;
    let allocated = allocated(gpu.as_ref());
    let report = LoadReport {
        card: checked.shape.card.clone(),
        plan,
        allocated,
        weights_read_mib: checked.shape.weights.read_a_token() as f64 / MIB,
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
