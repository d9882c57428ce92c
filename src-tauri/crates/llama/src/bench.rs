//! The optimization monitor's measuring: speed and memory of profiles, interleaved, and how far their output agrees.

mod conversation;
mod lookup;
mod machine;

pub use conversation::{Turn, conversation};
pub use lookup::{Gain, LookupGain, lookup_gain};

use crate::backend::Backends;
use crate::compare::{self, Agreement, Logits};
use crate::error::LlamaError;
use crate::load;
use crate::native::{Context, ContextSettings, Model, ModelSettings, Specials, Token};
use crate::session::Session;
use docmind_core::answer::FinishReason;
use docmind_core::cancel::CancelToken;
use docmind_core::generation::{GenerateEvent, GenerateRequest, GenerationStats, Message, Role, Sampling};
use docmind_core::measurement::{AgreementRow, BenchProfile, BenchRequest, BenchRow, Spread};
use docmind_core::plan::{LoadReport, LoadRequest, MemoryShare};
use docmind_core::profile::{KvType, Offload, Profile};
use std::path::PathBuf;

/// Text prompts are cut from; any text does, only its length counts.
const TEXT: &str = include_str!("make/corpus.txt");

/// The question that speeds are measured with.
const FIRST: &str = "First question?";

/// Tokens of the answers that drafting is measured over.
const COUNTED: u32 = 96;

/// Positions compared for agreement.
const COMPARED: usize = 256;

/// Numbers of one run.
#[derive(Clone, Debug, Default)]
struct Run {
    load_ms: f64,
    warmup_ms: f64,
    ttft_ms: f64,
    ttft_resident_ms: f64,
    ttft_disk_ms: f64,
    prefill_tps: f64,
    decode_tps: f64,
    prompt_tokens: u32,
    output_tokens: u32,
    memory_mib: f64,
    rss_mib: f64,
}

struct Measured {
    report: LoadReport,
    runs: Vec<Run>,
}

/// Measures every profile `repeat` times, in turn, one model in memory at a time. `stage` is told what is running.
///
/// # Errors
/// A model that cannot be loaded as its profile says: nothing is given up silently here.
pub fn bench(
    backends: &Backends,
    request: &BenchRequest,
    cancel: &CancelToken,
    stage: &mut dyn FnMut(&str),
) -> Result<Vec<BenchRow>, LlamaError> {
    let folder = ScratchFolder::new()?;
    let mut measured: Vec<Option<Measured>> = request.profiles.iter().map(|_| None).collect();
    for repeat in 0..request.repeat.max(1) {
        for (entry, slot) in request.profiles.iter().zip(&mut measured) {
            if cancel.is_cancelled() {
                return Err(LlamaError::Cancelled);
            }
            stage(&format!(
                "{} {}/{}",
                entry.profile.name,
                repeat + 1,
                request.repeat.max(1)
            ));
            let (run, report) = measure(backends, entry, request, cancel, &folder)?;
            match slot {
                Some(known) => known.runs.push(run),
                None => {
                    *slot = Some(Measured {
                        report,
                        runs: vec![run],
                    });
                }
            }
        }
    }
    let rows = request
        .profiles
        .iter()
        .zip(measured)
        .filter_map(|(entry, measured)| Some(row(entry, measured?)));
    Ok(rows.collect())
}

fn measure(
    backends: &Backends,
    entry: &BenchProfile,
    request: &BenchRequest,
    cancel: &CancelToken,
    folder: &ScratchFolder,
) -> Result<(Run, LoadReport), LlamaError> {
    folder.clear();
    let wanted = LoadRequest {
        snapshot_dir: Some(folder.path.display().to_string()),
        snapshot_disk_mib: 8192,
        ..bare_request(entry)
    };
    let free_before = free_on_gpu(backends);
    let (mut session, report) = load::load(backends, &wanted, &mut |_| !cancel.is_cancelled())?;
    session.write_on();
    let mut run = Run {
        load_ms: report.load_ms,
        warmup_ms: report.warmup_ms,
        ..Run::default()
    };

    let sources = prompt_text(session.model(), request.prompt_tokens)?;
    let ask = |session: &mut Session, words: &str, output_tokens: u32| {
        whole(session.generate(&question(&sources, words, output_tokens), cancel, &mut |_| ())?)
    };
    let first = ask(&mut session, FIRST, request.output_tokens)?;
    run.ttft_ms = first.ttft_ms;
    run.prefill_tps = first.prefill_tps;
    run.decode_tps = first.decode_tps;
    run.prompt_tokens = first.prompt_tokens;
    run.output_tokens = first.output_tokens;
    // Writing a snapshot is no part of what the next question waits for: a person reads the answer first.
    session.settle();
    let lost = (free_before - free_on_gpu(backends)).max(0.0);
    let (memory_mib, rss_mib) = machine::memory(&report.allocated, lost);
    run.memory_mib = memory_mib;
    run.rss_mib = rss_mib;
    let next = ask(&mut session, "Another one, about something else?", 1)?;
    run.ttft_resident_ms = next.ttft_ms;
    session.forget_all();
    let restored = ask(&mut session, "A third, after a restart?", 1)?;
    run.ttft_disk_ms = restored.ttft_ms;
    Ok((run, report))
}

/// What an answer took: a stopped one tells nothing.
fn whole(stats: GenerationStats) -> Result<GenerationStats, LlamaError> {
    if stats.finish == Some(FinishReason::Cancelled) {
        return Err(LlamaError::Cancelled);
    }
    Ok(stats)
}

/// A profile exactly as it is, without snapshots.
pub fn bare_request(entry: &BenchProfile) -> LoadRequest {
    LoadRequest {
        path: entry.model.clone(),
        profile: entry.profile.clone(),
        embedder_mib: 0,
        snapshot_memory_mib: 0,
        snapshot_dir: None,
        snapshot_disk_mib: 0,
        may_degrade: false,
    }
}

/// Free memory of the GPU in MiB; 0 without one.
fn free_on_gpu(backends: &Backends) -> f64 {
    backends
        .best_gpu()
        .map_or(0.0, |gpu| f64::from(gpu.device.memory_free_mib))
}

fn question(sources: &str, question: &str, output_tokens: u32) -> GenerateRequest {
    GenerateRequest {
        messages: vec![
            Message {
                role: Role::System,
                content: "Answer from the sources.".to_owned(),
            },
            Message {
                role: Role::User,
                content: format!("{sources}\n\n{question}"),
            },
        ],
        sampling: Sampling::qwen(),
        max_output_tokens: output_tokens,
        thinking: false,
        grammar: None,
        draft_from: Vec::new(),
    }
}

/// Questions like the first of [`bench`] for whoever asks them by another way: one to warm up with, as llama-bench does, and one to
/// measure, with other sources from their first word on. Reads the vocabulary alone.
///
/// # Errors
/// The model cannot be read.
pub fn measured_questions(
    path: &str,
    prompt_tokens: u32,
    output_tokens: u32,
) -> Result<[GenerateRequest; 2], LlamaError> {
    let settings = ModelSettings {
        gpu_layers: 0,
        device: None,
        dry: true,
    };
    let model = Model::load(path, &settings, &mut |_| true)?;
    let warming = text(&model, 100, prompt_tokens.saturating_sub(40).max(1) as usize)?;
    let sources = prompt_text(&model, prompt_tokens)?;
    Ok([question(&warming, FIRST, 4), question(&sources, FIRST, output_tokens)])
}

/// A text that makes a prompt of about so many tokens for this model.
fn prompt_text(model: &Model, tokens: u32) -> Result<String, LlamaError> {
    // The frame of the two messages takes about this many.
    text(model, 0, tokens.saturating_sub(40).max(1) as usize)
}

/// So many tokens of our text from the one numbered `from` on; it begins again at its end.
fn text(model: &Model, from: usize, tokens: usize) -> Result<String, LlamaError> {
    let mut pool = Vec::new();
    while pool.len() < from + tokens {
        pool.extend(model.tokenize(TEXT, Specials::Text)?);
    }
    pool.truncate(from + tokens);
    let mut bytes = Vec::new();
    for token in pool.split_off(from) {
        model.piece(token, &mut bytes);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn row(entry: &BenchProfile, measured: Measured) -> BenchRow {
    let bandwidth_gbps = measured.report.bandwidth_gbps;
    let spread = |of: fn(&Run) -> f64| Spread::of(&measured.runs.iter().map(of).collect::<Vec<_>>());
    let decode_tps = spread(|run| run.decode_tps);
    let sum = |of: fn(&MemoryShare) -> f64| measured.report.allocated.iter().map(of).sum::<f64>();
    let last = measured.runs.last().cloned().unwrap_or_default();
    // Of the tokens that were written half stood in the cache on average.
    let limit = measured
        .report
        .decode_limit_tps(last.prompt_tokens + last.output_tokens / 2);
    BenchRow {
        profile: entry.profile.name.clone(),
        model: entry.model.clone(),
        synthetic: measured.report.card.synthetic,
        device: measured.report.device.clone(),
        prompt_tokens: last.prompt_tokens,
        output_tokens: last.output_tokens,
        load_ms: spread(|run| run.load_ms),
        warmup_ms: spread(|run| run.warmup_ms),
        ttft_ms: spread(|run| run.ttft_ms),
        ttft_resident_ms: spread(|run| run.ttft_resident_ms),
        ttft_disk_ms: spread(|run| run.ttft_disk_ms),
        prefill_tps: spread(|run| run.prefill_tps),
        decode_tps,
        peak_memory_mib: measured.runs.iter().map(|run| run.memory_mib).fold(0.0, f64::max),
        lowest_memory_mib: measured
            .runs
            .iter()
            .map(|run| run.memory_mib)
            .fold(f64::INFINITY, f64::min),
        predicted_memory_mib: measured.report.plan.needed_mib(),
        rss_mib: measured.runs.iter().map(|run| run.rss_mib).fold(0.0, f64::max),
        weights_mib: sum(|share| share.weights_mib),
        kv_mib: sum(|share| share.kv_mib),
        compute_mib: sum(|share| share.compute_mib),
        bandwidth_fraction: limit.map_or(0.0, |limit| decode_tps.median / limit),
        bandwidth_gbps,
        plan: measured.report.plan,
    }
}

/// Compares each profile's next-token distributions with the first profile's over `text`, and lets each answer a question about it:
/// the answers are given beside the rows, for whoever has an embedder. Synthetic weights are never given a figure.
///
/// # Errors
/// As [`bench`].
pub fn agreement(
    backends: &Backends,
    request: &BenchRequest,
    text: &str,
    cancel: &CancelToken,
    stage: &mut dyn FnMut(&str),
) -> Result<Vec<(AgreementRow, String)>, LlamaError> {
    let mut reference: Option<Logits> = None;
    let mut rows = Vec::new();
    for entry in &request.profiles {
        if cancel.is_cancelled() {
            return Err(LlamaError::Cancelled);
        }
        stage(&entry.profile.name);
        if load::check(&entry.model)?.shape.card.synthetic {
            let row = AgreementRow {
                profile: entry.profile.name.clone(),
                status: "skipped: synthetic weights".to_owned(),
                tokens: 0,
                mean_kl: None,
                top1: None,
                min_cosine: None,
                answer_cosine: None,
            };
            rows.push((row, String::new()));
            continue;
        }
        let (mut session, _) = load::load(backends, &bare_request(entry), &mut |_| !cancel.is_cancelled())?;
        let mut tokens = session.model().tokenize(text, Specials::Text)?;
        tokens.truncate(COMPARED.min(session.context_tokens() as usize));
        let logits = compare::forced(session.context_mut(), &tokens, 0, 16)?;
        let agreement = compare::agreement(reference.as_ref().unwrap_or(&logits), &logits);
        let row = AgreementRow {
            profile: entry.profile.name.clone(),
            status: "measured".to_owned(),
            tokens: tokens.len() as u32,
            mean_kl: Some(agreement.mean_kl),
            top1: Some(agreement.top1),
            min_cosine: Some(agreement.min_cosine),
            answer_cosine: None,
        };
        session.forget();
        rows.push((row, answer_about(&mut session, &tokens, cancel)?));
        reference.get_or_insert(logits);
    }
    Ok(rows)
}

/// The most likely answer to a question about a text.
fn answer_about(session: &mut Session, text: &[Token], cancel: &CancelToken) -> Result<String, LlamaError> {
    let mut bytes = Vec::new();
    for &token in text {
        session.model().piece(token, &mut bytes);
    }
    let asked = GenerateRequest {
        sampling: Sampling::greedy(),
        ..question(
            &String::from_utf8_lossy(&bytes),
            "What does this say, in three sentences?",
            COUNTED,
        )
    };
    let mut answer = String::new();
    whole(session.generate(&asked, cancel, &mut |event| {
        if let GenerateEvent::Text { text } = event {
            answer.push_str(&text);
        }
    })?)?;
    Ok(answer)
}

/// One model on the CPU and on the GPU, compared by the logits of a forced continuation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeviceAgreement {
    /// Tokens compared.
    pub tokens: usize,
    /// The GPU's against the CPU's.
    pub agreement: Agreement,
    /// llama.cpp's own spread on the CPU: the most one logit moves when tokens are computed by eights instead of one by one, and with
    /// flash attention instead of plain where the cache allows both.
    pub spread: f32,
    /// Positions with another most likely token that the spread does not explain.
    pub contradictions: usize,
}

/// Tokens of the forced continuation.
pub const FORCED: usize = 64;

/// Computes [`FORCED`] tokens after a prompt on the CPU and on the GPU. Sound with random weights too: it compares devices, not models.
///
/// # Errors
/// There is no GPU, or the model cannot be loaded on one of the two.
pub fn devices_agree(
    backends: &Backends,
    entry: &BenchProfile,
    cancel: &CancelToken,
) -> Result<DeviceAgreement, LlamaError> {
    let on = |offload: Offload| -> Result<Session, LlamaError> {
        let profile = Profile {
            offload,
            ..entry.profile.clone()
        };
        let wanted = LoadRequest {
            profile,
            ..bare_request(entry)
        };
        let (session, report) = load::load(backends, &wanted, &mut |_| !cancel.is_cancelled())?;
        if (report.plan.gpu_layers > 0) != (offload == Offload::All) {
            return Err(LlamaError::NoDevice(0));
        }
        Ok(session)
    };
    let mut session = on(Offload::None)?;
    let reference = after_prompt(session.context_mut(), 1)?;
    let settings = *session.context_mut().settings();
    let other_way = ContextSettings {
        flash: !settings.flash || settings.kv != KvType::F16,
        ..settings
    };
    let by_eights = after_prompt(&mut Context::new(session.model(), other_way)?, 8)?;
    drop(session);
    let other = after_prompt(on(Offload::All)?.context_mut(), 1)?;
    let spread = compare::most_apart(&reference, &by_eights);
    Ok(DeviceAgreement {
        tokens: reference.len(),
        agreement: compare::agreement(&reference, &other),
        spread,
        contradictions: compare::contradictions(&reference, &other, spread),
    })
}

/// Reads a prompt and computes [`FORCED`] tokens after it, `width` at once.
fn after_prompt(context: &mut Context, width: usize) -> Result<Logits, LlamaError> {
    let tokens = context.model().tokenize(TEXT, Specials::Text)?;
    let prompt = &tokens[..256.min(tokens.len() / 2)];
    let rest = &tokens[prompt.len()..][..FORCED.min(tokens.len() - prompt.len())];
    context.truncate(0);
    let mut at = 0;
    for batch in prompt.chunks(context.settings().n_batch as usize) {
        context.decode(batch, at, |_| false)?;
        at += batch.len();
    }
    compare::forced(context, rest, prompt.len(), width)
}

/// A folder for snapshots while measuring, deleted at the end.
struct ScratchFolder {
    path: PathBuf,
}

impl ScratchFolder {
    fn new() -> Result<Self, LlamaError> {
        let path = std::env::temp_dir().join(format!("docmind-bench-{}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(|error| LlamaError::Io {
            path: path.display().to_string(),
            error,
        })?;
        Ok(Self { path })
    }

    fn clear(&self) {
        if let Ok(entries) = std::fs::read_dir(&self.path) {
            for entry in entries.flatten() {
                if let Err(error) = std::fs::remove_file(entry.path()) {
                    tracing::warn!(%error, "a snapshot of measuring could not be deleted");
                }
            }
        }
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, "the folder of measuring could not be deleted");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_answer_is_no_measurement() {
        let stats = GenerationStats {
            finish: Some(FinishReason::Length),
            ..GenerationStats::default()
        };
        assert!(whole(stats.clone()).is_ok());
        assert!(matches!(whole(stats.stopped()), Err(LlamaError::Cancelled)));
    }
}
