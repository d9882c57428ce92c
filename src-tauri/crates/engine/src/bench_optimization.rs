//! `docmind bench optimization`: what the project's origin promised, measured here, as one table.
//!
//! A row has a floor and a status: passed, missed, needs a GPU, or skipped with the reason. Nothing is passed that was not
//! measured, and quality on synthetic weights is always skipped.

mod engines;

use crate::bench_generate::{GenerateBench, GenerateBenchOptions};
use crate::engine::Engine;
use crate::model_files::ModelFamily;
use docmind_core::cancel::CancelToken;
use docmind_core::embedding::Precision;
use docmind_core::error::ErrorReport;
use docmind_core::measurement::{AgreementRow, BenchProfile, BenchRequest, BenchRow};
use docmind_core::plan::MemoryShare;
use docmind_core::profile::{Attention, KvType};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The origin's promises: 1.89 times the decode speed and 58 % less memory with 4-bit weights, 95 % of the quality kept, 1.3 times
/// the embedding speed in half precision, half the memory with flash attention at 64k.
const DECODE: Promise = Promise::new("quantization_decode_speedup", "×", Some(1.89));
const MEMORY: Promise = Promise::new("quantization_memory_reduction", "%", Some(58.0));
const QUALITY: Promise = Promise::new("quality_kept", "%", Some(95.0));
const FLASH: Promise = Promise::new("flash_attention_memory_reduction_64k", "%", Some(50.0));
const EMBEDDING: Promise = Promise::new("embedding_half_precision_speedup", "×", Some(1.3));
const COSINE: Promise = Promise::new("embedding_half_precision_cosine", "cosine", Some(0.999));
const GRAPHS: Promise = Promise::new("graph_capture_warm_up", "ms", None);
const ENGINES: Promise = Promise::new("same_question_every_engine", "engines", None);

/// Tokens at which flash attention is compared.
const LONG_CONTEXT: u32 = 65_536;

/// What the generation rows are measured over.
const PROMPT: u32 = 256;
const OUTPUT: u32 = 48;
const REPEAT: u32 = 3;

/// Whether a promise is kept on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum RowStatus {
    /// Measured, and at or above the floor.
    Passed,
    /// Measured, and below.
    Missed,
    /// Cannot be measured without one.
    NeedsGpu,
    /// Not measured, for the reason in `detail`.
    Skipped,
}

/// One promise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct OptimizationRow {
    /// Stable, `snake_case`.
    pub name: String,
    /// As measured.
    pub value: Option<f64>,
    /// Of value and floor.
    pub unit: String,
    /// What was promised.
    pub floor: Option<f64>,
    /// Kept or not.
    pub status: RowStatus,
    /// How it was measured, or why not.
    pub detail: String,
    /// Measured on weights that were made up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub synthetic: bool,
}

/// What a row is about: its name, the unit of value and floor, and what was promised.
#[derive(Clone, Copy)]
struct Promise {
    name: &'static str,
    unit: &'static str,
    floor: Option<f64>,
}

impl Promise {
    const fn new(name: &'static str, unit: &'static str, floor: Option<f64>) -> Self {
        Self { name, unit, floor }
    }

    /// Measured: passed where it reaches its floor, or has none.
    fn measured(self, value: f64, detail: impl Into<String>) -> OptimizationRow {
        let status = if self.floor.is_none_or(|floor| value >= floor) {
            RowStatus::Passed
        } else {
            RowStatus::Missed
        };
        OptimizationRow {
            value: Some(rounded(value)),
            ..self.without(status, detail)
        }
    }

    fn without(self, status: RowStatus, detail: impl Into<String>) -> OptimizationRow {
        OptimizationRow {
            name: self.name.into(),
            value: None,
            unit: self.unit.into(),
            floor: self.floor,
            status,
            detail: detail.into(),
            synthetic: false,
        }
    }

    fn skipped(self, why: impl Into<String>) -> OptimizationRow {
        self.without(RowStatus::Skipped, why)
    }

    /// The row of an attempt: what could not be measured is skipped with its reason. Only being stopped ends the table.
    fn attempted(self, row: Result<OptimizationRow, ErrorReport>) -> Result<OptimizationRow, ErrorReport> {
        match row {
            Err(error) if error.code == "cancelled" => Err(error),
            Err(error) => Ok(self.skipped(error.message.replace('\n', " "))),
            row => row,
        }
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// Failures of measuring that are rows of the table; what is wrong with the command itself ends it.
const UNMEASURED: [&str; 8] = [
    "no_model",
    "model_stalled",
    "worker_died",
    "worker_out_of_memory",
    "worker_timed_out",
    "out_of_memory",
    "context_refused",
    "decode_failed",
];

/// Texts that keep a graphics card busy for a while.
const GPU_TEXTS: usize = 8_192;

/// Dimensions of the embedders that half precision was promised to speed up: those of bge-large and its like. What a card computes for
/// smaller ones is lost in what starting it takes.
const LARGE_EMBEDDER: u32 = 1024;

impl Engine {
    /// Measures all promises with a model (the settings' one without a name) that is at hand in F16 and `Q4_K_M`; `reference` names the
    /// F16 file where it lies elsewhere.
    ///
    /// # Errors
    /// `cancelled`, and those of loading; a promise that cannot be measured is a row, not an error.
    pub fn bench_optimization(
        &self,
        model: Option<String>,
        reference: Option<String>,
        cancel: &CancelToken,
        stage: &mut dyn FnMut(&str),
    ) -> Result<Vec<OptimizationRow>, ErrorReport> {
        let options = GenerateBenchOptions {
            model: model.clone(),
            reference: reference.clone(),
            profiles: vec!["reference".into(), "balanced".into()],
            prompt_tokens: PROMPT,
            output_tokens: OUTPUT,
            repeat: REPEAT,
        };
        let bench = match self.bench_generate(&options, cancel, stage) {
            Err(error) if UNMEASURED.contains(&error.code.as_str()) => Err(error.message.replace('\n', " ")),
            bench => Ok(bench?),
        };
        let family = self.family_of(model.as_deref(), reference.as_deref())?;
        let synthetic = bench.as_ref().is_ok_and(GenerateBench::is_synthetic);
        let mut rows = match &bench {
            Ok(bench) => generation_rows(bench),
            Err(why) => [DECODE, MEMORY, QUALITY]
                .map(|promise| promise.skipped(why.clone()))
                .into(),
        };
        rows.push(FLASH.attempted(self.flash_row(family.as_ref()))?);
        let gpu = !self.hardware().gpus.is_empty();
        rows.push(if gpu {
            stage("embedding");
            EMBEDDING.attempted(self.embedding_row(cancel))?
        } else {
            EMBEDDING.without(RowStatus::NeedsGpu, "Half precision pays on a GPU only.")
        });
        rows.push(COSINE.attempted(self.cosine_row(cancel))?);
        rows.push(if gpu {
            GRAPHS.attempted(self.graph_row(family.as_ref(), cancel, stage))?
        } else {
            GRAPHS.without(RowStatus::NeedsGpu, "Graphs are captured on a GPU only.")
        });
        let model = model.or(reference);
        rows.push(self.engines_row(model.as_deref(), cancel, stage)?);
        for row in &mut rows {
            // The embedder's weights are always real.
            row.synthetic |= synthetic && row.value.is_some() && !row.name.starts_with("embedding");
        }
        Ok(rows)
    }

    /// On a GPU: ONNX Runtime's CPU provider runs half precision two to four times slower.
    fn embedding_row(&self, cancel: &CancelToken) -> Result<OptimizationRow, ErrorReport> {
        let large = self.embedder_of(LARGE_EMBEDDER);
        let speed = |precision| {
            let bench = self.embed_once(large.as_deref(), precision, Some(GPU_TEXTS), cancel)?;
            let speed = bench["texts_per_second"].as_f64().filter(|speed| *speed > 0.0);
            speed.ok_or_else(no_figures)
        };
        let (full, half) = (speed(Precision::Fp32)?, speed(Precision::Fp16)?);
        let model = match large.as_deref().and_then(Path::file_name) {
            Some(name) => name.to_string_lossy().into_owned(),
            None => format!(
                "{}, since none of {LARGE_EMBEDDER} dimensions is at hand",
                self.settings().embedder
            ),
        };
        let detail = format!("{half:.0} against {full:.0} texts a second with {model}.");
        Ok(EMBEDDING.measured(half / full, detail))
    }

    fn cosine_row(&self, cancel: &CancelToken) -> Result<OptimizationRow, ErrorReport> {
        let bench = self.embed_once(None, Precision::Fp16, None, cancel)?;
        let cosine = bench["cosine_to_fp32"].as_f64().ok_or_else(no_figures)?;
        Ok(COSINE.measured(cosine, "Smallest cosine to full precision over the built-in texts."))
    }

    /// By allocation at 65,536 tokens, from llama.cpp's own dry run: KV cache and compute buffers with flash attention and an 8-bit
    /// cache against plain attention and half precision.
    fn flash_row(&self, family: Option<&ModelFamily>) -> Result<OptimizationRow, ErrorReport> {
        let base = self.profile_with_file(family, "long-context")?;
        let flash = self.beyond_weights(&base, Attention::Flash { kv: KvType::Q8_0 })?;
        let plain = self.beyond_weights(&base, Attention::Plain)?;
        let detail = format!("Beyond weights, by allocation: {flash:.0} against {plain:.0} MiB.");
        Ok(FLASH.measured((1.0 - flash / plain) * 100.0, detail))
    }

    /// A profile with the file it would run.
    fn profile_with_file(&self, family: Option<&ModelFamily>, name: &str) -> Result<BenchProfile, ErrorReport> {
        let absent = |words: String| ErrorReport::new("no_model", words);
        let family = family.ok_or_else(|| {
            absent(format!(
                "There is no model to run the profile `{name}`.\nName one with `--model`."
            ))
        })?;
        let profile = self.profile(name)?;
        let file = family.with_weights(profile.weights).ok_or_else(|| {
            let weights = profile.weights.as_str();
            absent(format!(
                "The {weights} weights of the profile `{name}` are not at hand.\nMake them: docmind models quantize F16.gguf --type {weights}"
            ))
        })?;
        let model = file.path.clone();
        Ok(BenchProfile { profile, model })
    }

    /// KV cache and compute buffers in MiB at [`LONG_CONTEXT`].
    fn beyond_weights(&self, base: &BenchProfile, attention: Attention) -> Result<f64, ErrorReport> {
        let mut profile = base.profile.clone();
        profile.attention = attention;
        profile.context_tokens = LONG_CONTEXT;
        let mut request = self.0.generators.load_request(&base.model, profile, true);
        request.may_degrade = false;
        let (plan, _) = self.0.generators.worker()?.plan(&request)?;
        let beyond = |share: &MemoryShare| share.kv_mib + share.compute_mib;
        Ok(plan.shares.iter().map(beyond).sum())
    }

    /// What capturing graphs adds to the first decodes and gives to the later ones: two processes, since ggml settles it once for each.
    fn graph_row(
        &self,
        family: Option<&ModelFamily>,
        cancel: &CancelToken,
        stage: &mut dyn FnMut(&str),
    ) -> Result<OptimizationRow, ErrorReport> {
        let mut measure = |graph_capture: bool| -> Result<BenchRow, ErrorReport> {
            let mut entry = self.profile_with_file(family, "balanced")?;
            entry.profile.graph_capture = graph_capture;
            let request = BenchRequest {
                profiles: vec![entry],
                prompt_tokens: PROMPT,
                output_tokens: OUTPUT,
                repeat: REPEAT,
            };
            let rows = self.run_bench(&request, cancel, stage)?;
            rows.into_iter().next().ok_or_else(no_figures)
        };
        let (without, with) = (measure(false)?, measure(true)?);
        let detail = format!(
            "Added to a warm-up of {:.1} ms; {:.1} against {:.1} tokens a second afterwards.",
            without.warmup_ms.median, with.decode_tps.median, without.decode_tps.median
        );
        Ok(GRAPHS.measured(with.warmup_ms.median - without.warmup_ms.median, detail))
    }
}

fn generation_rows(bench: &GenerateBench) -> Vec<OptimizationRow> {
    let find = |name: &str| bench.rows.iter().find(|row| row.profile == name);
    let why = || {
        let reasons: Vec<String> = bench
            .skipped
            .iter()
            .map(|skipped| {
                let make = skipped.make.as_ref().map(|make| format!("make its file: {make}"));
                let reason = make.or_else(|| skipped.reason.clone()).unwrap_or_default();
                format!("{}: {}", skipped.profile, reason.replace('\n', " "))
            })
            .collect();
        reasons.join("; ")
    };
    let (Some(reference), Some(balanced)) = (find("reference"), find("balanced")) else {
        return [DECODE, MEMORY, QUALITY].map(|promise| promise.skipped(why())).into();
    };
    vec![
        speed_row(reference, balanced),
        memory_row(reference, balanced),
        quality_row(&bench.agreement),
    ]
}

fn speed_row(reference: &BenchRow, balanced: &BenchRow) -> OptimizationRow {
    let (slow, fast) = (reference.decode_tps.median, balanced.decode_tps.median);
    let detail = format!("{fast:.1} against {slow:.1} tokens a second on {}.", balanced.device);
    DECODE.measured(if slow > 0.0 { fast / slow } else { 0.0 }, detail)
}

fn memory_row(reference: &BenchRow, balanced: &BenchRow) -> OptimizationRow {
    let (large, small) = (reference.peak_memory_mib, balanced.peak_memory_mib);
    let detail = format!(
        "{small:.0} against {large:.0} MiB at {} tokens.",
        balanced.plan.profile.context_tokens
    );
    let saved = if large > 0.0 {
        (1.0 - small / large) * 100.0
    } else {
        0.0
    };
    MEMORY.measured(saved, detail)
}

fn quality_row(agreement: &[AgreementRow]) -> OptimizationRow {
    match agreement.iter().find(|row| row.profile == "balanced") {
        Some(AgreementRow {
            top1: Some(top1),
            tokens,
            mean_kl,
            ..
        }) => {
            let detail = format!(
                "Same most likely token over {tokens} tokens; mean divergence {:.4} nats.",
                mean_kl.unwrap_or(0.0)
            );
            QUALITY.measured(top1 * 100.0, detail)
        }
        Some(row) => QUALITY.skipped(row.status.clone()),
        None => QUALITY.skipped("Nothing was compared."),
    }
}

fn no_figures() -> ErrorReport {
    ErrorReport::new(
        "bench_failed",
        "The measurement gave no figures.\nRun it again with -v.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_below_its_floor_is_missed() {
        assert_eq!(DECODE.measured(1.88, "").status, RowStatus::Missed);
        assert_eq!(DECODE.measured(1.89, "").status, RowStatus::Passed);
    }

    #[test]
    fn what_fails_is_skipped_with_its_floor_and_being_stopped_ends_the_table() {
        let failed = |code: &str| Err(ErrorReport::new(code, "It failed.\nTry again."));
        let row = FLASH.attempted(failed("worker_died")).expect("a row");
        assert_eq!((row.status, row.floor), (RowStatus::Skipped, Some(50.0)));
        assert_eq!(row.detail, "It failed. Try again.");
        assert!(FLASH.attempted(failed("cancelled")).is_err());
    }

    #[test]
    fn quality_of_synthetic_weights_is_skipped() {
        let row = AgreementRow {
            profile: "balanced".into(),
            status: "skipped: synthetic weights".into(),
            tokens: 0,
            mean_kl: None,
            top1: None,
            min_cosine: None,
            answer_cosine: None,
        };
        let quality = quality_row(&[row]);
        assert_eq!(quality.status, RowStatus::Skipped);
        assert_eq!(quality.detail, "skipped: synthetic weights");
        assert_eq!(quality.value, None);
    }

    #[test]
    fn what_is_missing_skips_every_row_that_needs_it() {
        let bench = GenerateBench {
            rows: Vec::new(),
            skipped: Vec::new(),
            agreement: Vec::new(),
        };
        assert!(
            generation_rows(&bench)
                .iter()
                .all(|row| row.status == RowStatus::Skipped)
        );
    }
}
