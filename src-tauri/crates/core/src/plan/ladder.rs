//! What is given up when a profile does not fit, rung by rung, and what `auto` chooses.

use super::{
    Beside, FreeMemory, MemoryPlan, MemoryShare, SMALLEST_CONTEXT, all_fit, estimate, execution, fitting, gib,
    most_layers, phrase_tokens, thousands, wanted_layers,
};
use crate::error::{ErrorReport, Notice};
use crate::model::ModelShape;
use crate::profile::{Attention, KvType, Offload, Profile};

/// Walks the ladder until it fits: fewer layers on the GPU while at least half stay there, the next smaller cache, half the
/// context, then the CPU with the profile as asked, and there again smaller caches and contexts.
///
/// # Errors
/// `model_too_large` when even the smallest does not fit, with what is missing.
pub fn fit(
    shape: &ModelShape,
    profile: &Profile,
    memory: &FreeMemory,
    beside: Beside,
) -> Result<MemoryPlan, ErrorReport> {
    let asked = capped_context(shape, profile);
    let mut steps = Vec::new();
    if asked.context_tokens < profile.context_tokens {
        steps.push(Notice::new(
            "context_reduced",
            format!(
                "`{}` was trained for {} tokens; the profile's {} were reduced to that.",
                shape.card.name,
                thousands(asked.context_tokens),
                thousands(profile.context_tokens)
            ),
        ));
    }
    let all = shape.weights.layers.len() as u32 + 1;
    let wanted = wanted_layers(shape, &asked, memory);
    if wanted > 0 {
        let gpu_name = memory
            .gpu
            .as_ref()
            .map_or_else(String::new, |gpu| gpu.description.clone());
        for rung in rungs(&asked) {
            let most = most_layers(shape, &rung, memory, beside).min(wanted);
            // Under half of the layers the transfers cost more than the GPU gains; a smaller cache is the better sacrifice.
            if most < wanted && most * 2 < all {
                continue;
            }
            let mut taken = steps.clone();
            taken.extend(given_up(&asked, &rung, &gpu_name));
            if most < wanted {
                taken.push(fewer_layers(most, wanted, &gpu_name));
            }
            return Ok(settled(shape, rung, most, memory, beside, taken));
        }
        steps.push(Notice::new(
            "on_cpu",
            format!(
                "The free memory of {gpu_name} does not hold `{}`; it runs on the CPU, much more slowly.",
                shape.card.name
            ),
        ));
    } else if memory.gpu.is_none() && matches!(asked.offload, Offload::All | Offload::Layers(1..)) {
        steps.push(Notice::new(
            "on_cpu",
            "No graphics card was found that can hold the model; it runs on the CPU.".to_owned(),
        ));
    }
    let mut on_cpu = asked.clone();
    if wanted > 0 {
        on_cpu.offload = Offload::None;
    }
    let mut missing = 0.0_f64;
    for rung in rungs(&on_cpu) {
        let shares = estimate(shape, &rung, 0, memory, beside, None);
        missing = shares.iter().map(MemoryShare::missing_mib).sum();
        if missing <= 0.0 {
            steps.extend(given_up(&on_cpu, &rung, "this computer"));
            return Ok(settled(shape, rung, 0, memory, beside, steps));
        }
    }
    Err(ErrorReport::new(
        "model_too_large",
        format!(
            "`{}` does not fit: even its smallest setting needs {} more memory than is free.\nClose other programs, or choose a smaller model or one with 4-bit weights.",
            shape.card.name,
            gib(missing)
        ),
    ))
}

/// Notices of layers left on the CPU.
const FEWER_LAYERS: &str = "fewer_gpu_layers";

fn fewer_layers(most: u32, wanted: u32, gpu_name: &str) -> Notice {
    Notice::new(
        FEWER_LAYERS,
        format!(
            "{most} of {wanted} layers fit into the free memory of {gpu_name}; the rest runs on the CPU, more slowly."
        ),
    )
}

/// A plan that leaves layers on the CPU, with `layers` of them on the GPU instead, as far as its profile wants so many. As it was
/// where none was left behind.
pub fn with_layers(
    plan: MemoryPlan,
    shape: &ModelShape,
    memory: &FreeMemory,
    beside: Beside,
    layers: u32,
) -> MemoryPlan {
    let wanted = wanted_layers(shape, &plan.profile, memory);
    let layers = layers.min(wanted);
    let Some(at) = plan.steps.iter().position(|step| step.code == FEWER_LAYERS) else {
        return plan;
    };
    let mut steps = plan.steps;
    steps.remove(at);
    if layers < wanted {
        let gpu_name = memory.gpu.as_ref().map_or("", |gpu| &gpu.description);
        steps.insert(at, fewer_layers(layers, wanted, gpu_name));
    }
    settled(shape, plan.profile, layers, memory, beside, steps)
}

/// True where a plan leaves layers on the CPU that its profile wants on the GPU.
pub fn leaves_layers_behind(plan: &MemoryPlan) -> bool {
    plan.steps.iter().any(|step| step.code == FEWER_LAYERS)
}

fn settled(
    shape: &ModelShape,
    profile: Profile,
    gpu_layers: u32,
    memory: &FreeMemory,
    beside: Beside,
    steps: Vec<Notice>,
) -> MemoryPlan {
    let shares = estimate(shape, &profile, gpu_layers, memory, beside, None);
    let verdict = fitting(&profile, &shares);
    MemoryPlan {
        execution: execution(&profile, gpu_layers),
        profile,
        gpu_layers,
        shares,
        fits: true,
        verdict,
        steps,
    }
}

/// The profile with its context cut to what the model was trained for.
fn capped_context(shape: &ModelShape, profile: &Profile) -> Profile {
    let mut capped = profile.clone();
    if shape.card.context_tokens > 0 {
        capped.context_tokens = capped
            .context_tokens
            .min(shape.card.context_tokens.max(SMALLEST_CONTEXT));
    }
    capped
}

/// The profile itself, then ever smaller: the cache first, then the context by halves.
fn rungs(profile: &Profile) -> Vec<Profile> {
    let mut out = vec![profile.clone()];
    let mut current = profile.clone();
    while let Some(kv) = current.attention.kv().smaller() {
        current.attention = Attention::Flash { kv };
        out.push(current.clone());
    }
    while current.context_tokens / 2 >= SMALLEST_CONTEXT {
        current.context_tokens /= 2;
        out.push(current.clone());
    }
    out
}

fn given_up(asked: &Profile, got: &Profile, where_: &str) -> Vec<Notice> {
    let mut out = Vec::new();
    let (from, to): (KvType, KvType) = (asked.attention.kv(), got.attention.kv());
    if from != to {
        out.push(Notice::new(
            "smaller_cache",
            format!(
                "The cache is kept in {} instead of {}: the free memory of {where_} does not hold more.",
                to.as_str(),
                from.as_str()
            ),
        ));
    }
    if asked.context_tokens != got.context_tokens {
        out.push(Notice::new(
            "context_reduced",
            format!(
                "The context is {} tokens instead of {}: the free memory of {where_} does not hold more.",
                thousands(got.context_tokens),
                thousands(asked.context_tokens)
            ),
        ));
    }
    out
}

/// Contexts that [`choose`] tries, the largest first.
const CHOSEN_CONTEXTS: [u32; 3] = [32_768, 16_384, 8192];

/// What `auto` runs: the largest context up to the model's own and twice the profile's that fits in half precision, then in 8 bits;
/// else the ladder. Never more than the profile's own cache and twice its context: after a process died, they were made smaller
/// for a reason. Returns the plan with why.
///
/// # Errors
/// As [`fit`].
pub fn choose(
    shape: &ModelShape,
    auto: &Profile,
    memory: &FreeMemory,
    beside: Beside,
) -> Result<(MemoryPlan, Notice), ErrorReport> {
    let largest = auto.attention.kv().bytes_per_block();
    let longest = auto.context_tokens.saturating_mul(2);
    for kv in [KvType::F16, KvType::Q8_0] {
        for context in CHOSEN_CONTEXTS {
            if kv.bytes_per_block() > largest || context > longest {
                continue;
            }
            let mut candidate = auto.clone();
            candidate.attention = Attention::Flash { kv };
            candidate.context_tokens = context;
            let candidate = capped_context(shape, &candidate);
            let layers = wanted_layers(shape, &candidate, memory);
            if all_fit(&estimate(shape, &candidate, layers, memory, beside, None)) {
                let place = match (&memory.gpu, layers) {
                    (Some(gpu), 1..) => gpu.description.clone(),
                    _ => "the CPU".to_owned(),
                };
                let reason = Notice::new(
                    "profile_automatic",
                    format!(
                        "Chosen by itself: {} with a {} cache is the largest that fits {place} now.",
                        phrase_tokens(candidate.context_tokens),
                        kv.as_str()
                    ),
                );
                return Ok((settled(shape, candidate, layers, memory, beside, Vec::new()), reason));
            }
        }
    }
    let plan = fit(shape, auto, memory, beside)?;
    Ok((
        plan,
        Notice::new(
            "profile_automatic",
            "Chosen by itself: the largest that fits the memory that is free now.",
        ),
    ))
}
