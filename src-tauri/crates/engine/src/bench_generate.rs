//! `docmind bench generate`: speed and memory of profiles on this machine, and how far their output agrees.

use crate::bench::lines;
use crate::clock::now_ms;
use crate::engine::{Engine, OpenMode};
use crate::model_files::ModelFamily;
use crate::window::BenchRun;
use docmind_core::cancel::CancelToken;
use docmind_core::embedding::TextKind;
use docmind_core::error::ErrorReport;
use docmind_core::measurement::{AgreementRow, BenchProfile, BenchRequest, BenchRow, comparisons};
use docmind_core::model::WeightType;
use docmind_core::ports::Embedder;
use docmind_core::profile::{Profile, ProfileFile};
use serde_json::{Map, Value, json};
use std::path::Path;
use std::process::Command;

/// Text whose next-token distributions are compared: our own, and long enough for 256 tokens.
const COMPARED_TEXT: &str = include_str!("../../../ARCHITECTURE.md");

/// What to measure.
#[derive(Clone, Debug)]
pub struct GenerateBenchOptions {
    /// A file, a folder with several quantizations, or a stored name; `None` is the settings' model.
    pub model: Option<String>,
    /// A file of the same model that lies elsewhere: the half-precision one that others are compared with.
    pub reference: Option<String>,
    /// By name, the baseline first; empty measures `reference` and every other that has its file.
    pub profiles: Vec<String>,
    /// Tokens of the prompt.
    pub prompt_tokens: u32,
    /// Tokens to write.
    pub output_tokens: u32,
    /// Repeats of each.
    pub repeat: u32,
}

/// One profile that could not be measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The profile.
    pub profile: String,
    /// Weights it wants and the model is not at hand in.
    pub missing: Option<WeightType>,
    /// The command that makes them.
    pub make: Option<String>,
    /// Why, where no file is missing: it does not fit.
    pub reason: Option<String>,
}

/// Speed and memory of profiles, and what was asked.
pub(crate) struct Measured {
    pub(crate) request: BenchRequest,
    pub(crate) rows: Vec<BenchRow>,
    pub(crate) skipped: Vec<Skipped>,
}

/// A run of the monitor.
#[derive(Clone, Debug, PartialEq)]
pub struct GenerateBench {
    /// In the order measured, the baseline first.
    pub rows: Vec<BenchRow>,
    /// What was left out, and why.
    pub skipped: Vec<Skipped>,
    /// Agreement with the first; synthetic weights are skipped, never passed.
    pub agreement: Vec<AgreementRow>,
}

impl Skipped {
    /// As the command line prints it.
    pub fn line(&self) -> Value {
        let mut line = json!({ "profile": self.profile, "status": "skipped" });
        if let Some(missing) = self.missing {
            line["missing"] = json!(missing.as_str());
        }
        if let Some(make) = &self.make {
            line["make"] = json!(make);
        }
        if let Some(reason) = &self.reason {
            line["reason"] = json!(reason);
        }
        line
    }
}

impl GenerateBench {
    /// The lines of the command line's contract: rows, what was skipped, agreement, comparisons.
    pub fn lines(&self) -> Vec<Value> {
        let mut out: Vec<Value> = self.rows.iter().map(row_line).collect();
        out.extend(self.skipped.iter().map(Skipped::line));
        let synthetic = self.is_synthetic();
        out.extend(self.agreement.iter().map(|row| tagged("agreement", synthetic, row)));
        out.extend(
            comparisons(&self.rows)
                .iter()
                .map(|comparison| tagged("comparison", synthetic, comparison)),
        );
        out
    }

    /// Measured on weights that were made up.
    pub fn is_synthetic(&self) -> bool {
        self.rows.iter().any(|row| row.synthetic)
    }
}

fn row_line(row: &BenchRow) -> Value {
    let mut out = Map::new();
    out.insert("profile".to_owned(), json!(row.profile));
    out.insert("model".to_owned(), json!(row.model));
    if row.synthetic {
        out.insert("synthetic".to_owned(), json!(true));
    }
    out.insert("device".to_owned(), json!(row.device));
    out.insert("prompt_tokens".to_owned(), json!(row.prompt_tokens));
    out.insert("output_tokens".to_owned(), json!(row.output_tokens));
    out.extend(row.figures().into_iter().map(|(name, value)| (name, json!(value))));
    Value::Object(out)
}

fn tagged(kind: &str, synthetic: bool, value: &impl serde::Serialize) -> Value {
    let mut out = Map::new();
    out.insert("type".to_owned(), json!(kind));
    if synthetic {
        out.insert("synthetic".to_owned(), json!(true));
    }
    if let Ok(Value::Object(fields)) = serde_json::to_value(value) {
        out.extend(fields);
    }
    Value::Object(out)
}

impl Engine {
    /// Measures profiles in a process of their own, interleaved. What cannot be measured is said with its reason; the others go on.
    /// `stage` is told what is running.
    ///
    /// # Errors
    /// `no_model`, `unknown_profile`, `cancelled`, and those of loading.
    pub fn bench_generate(
        &self,
        options: &GenerateBenchOptions,
        cancel: &CancelToken,
        stage: &mut dyn FnMut(&str),
    ) -> Result<GenerateBench, ErrorReport> {
        let Measured { request, rows, skipped } = self.measure_profiles(options, cancel, stage)?;
        let Some(first) = rows.first() else {
            return Ok(GenerateBench {
                rows,
                skipped,
                agreement: Vec::new(),
            });
        };
        if self.mode() == OpenMode::ReadWrite {
            self.remember_bench(&BenchRun {
                at_ms: now_ms(),
                baseline: first.profile.clone(),
                rows: rows.clone(),
            })?;
        }
        let worker = self.0.generators.worker()?;
        let agreed = worker.agree(&request, COMPARED_TEXT, cancel, stage)?;
        let (mut agreement, answers): (Vec<_>, Vec<_>) = agreed.into_iter().unzip();
        self.compare_answers(&mut agreement, &answers, cancel);
        Ok(GenerateBench {
            rows,
            skipped,
            agreement,
        })
    }

    /// Cosines of the answers' embeddings to the first answer's. Without an embedder the other figures stand alone.
    fn compare_answers(&self, rows: &mut [AgreementRow], answers: &[String], cancel: &CancelToken) {
        let measured: Vec<usize> = (0..answers.len())
            .filter(|&at| !answers[at].trim().is_empty())
            .collect();
        if measured.first() != Some(&0) {
            return;
        }
        let texts: Vec<String> = measured.iter().map(|&at| answers[at].clone()).collect();
        match self.0.embedder.embed(TextKind::Passage, &texts, cancel) {
            Ok(vectors) => {
                for (&at, vector) in measured.iter().zip(&vectors) {
                    rows[at].answer_cosine = Some(f64::from(vectors[0].cosine(vector)));
                }
            }
            Err(report) => tracing::warn!(code = %report.code, "the answers cannot be compared"),
        }
    }

    /// Speed and memory alone.
    pub(crate) fn measure_profiles(
        &self,
        options: &GenerateBenchOptions,
        cancel: &CancelToken,
        stage: &mut dyn FnMut(&str),
    ) -> Result<Measured, ErrorReport> {
        // Before memory is planned over: what is loaded now would count as taken.
        self.unload_model();
        let (profiles, skipped) = self.measurable(options)?;
        let request = BenchRequest {
            profiles,
            prompt_tokens: options.prompt_tokens,
            output_tokens: options.output_tokens,
            repeat: options.repeat,
        };
        let rows = self.run_bench(&request, cancel, stage)?;
        Ok(Measured { request, rows, skipped })
    }

    /// Measures in a process of its own, with nothing else loaded: two models at once would measure each other.
    pub(crate) fn run_bench(
        &self,
        request: &BenchRequest,
        cancel: &CancelToken,
        stage: &mut dyn FnMut(&str),
    ) -> Result<Vec<BenchRow>, ErrorReport> {
        if request.profiles.is_empty() {
            return Ok(Vec::new());
        }
        self.unload_model();
        self.0.generators.worker()?.bench(request, cancel, stage)
    }

    /// Profiles beside llama.cpp's llama-bench (`program`) at the same depth, each in a process of its own. `told` gets lines, each when it
    /// comes: one a pair of runs, then one a profile; one for each profile that cannot be measured.
    ///
    /// # Errors
    /// `no_model`, `unknown_profile`, `cancelled`, the worker is missing or fails.
    pub fn bench_against(
        &self,
        options: &GenerateBenchOptions,
        program: &Path,
        cancel: &CancelToken,
        told: &mut dyn FnMut(Value),
    ) -> Result<(), ErrorReport> {
        self.unload_model();
        let (profiles, skipped) = self.measurable(options)?;
        skipped.iter().map(Skipped::line).for_each(&mut *told);
        let files = self.runtime_files();
        let book = self.data_dir().cache().join("against.toml");
        for BenchProfile { profile, model } in profiles {
            let is_synthetic = self.0.generators.worker()?.inspect(&model)?.card.synthetic;
            let name = profile.name.clone();
            // Under a name of its own: those that come with DocMind are taken.
            let written = ProfileFile {
                profiles: vec![Profile {
                    name: "measured".to_owned(),
                    ..profile
                }],
            };
            let failed = |error: String| {
                ErrorReport::new("bench_failed", "The profile could not be handed over.").with_detail(error)
            };
            let text = toml::to_string(&written).map_err(|error| failed(error.to_string()))?;
            std::fs::write(&book, text).map_err(|error| failed(error.to_string()))?;
            let mut command = Command::new(files.worker("docmind-generate")?);
            command
                .env_clear()
                .arg("bench")
                .arg("--runtime")
                .arg(&files.runtime_dir);
            command.args(["--log", "error", "--profiles", "measured", "--model", &model]);
            command.arg("--book").arg(&book).arg("--against").arg(program);
            for (name, value) in [
                ("--prompt-tokens", options.prompt_tokens),
                ("--output-tokens", options.output_tokens),
                ("--repeat", options.repeat),
            ] {
                command.arg(name).arg(value.to_string());
            }
            lines(command, cancel, &mut |mut line| {
                line["profile"] = json!(name);
                if is_synthetic {
                    line["synthetic"] = json!(true);
                }
                told(line);
            })?;
        }
        Ok(())
    }

    /// The files of a model (the settings' one without a name), with a reference that lies elsewhere; without a model, that of the
    /// reference.
    ///
    /// # Errors
    /// The model is nowhere or unreadable, `other_model` where the reference is one of another.
    pub(crate) fn family_of(
        &self,
        model: Option<&str>,
        reference: Option<&str>,
    ) -> Result<Option<ModelFamily>, ErrorReport> {
        let settings = self.settings();
        let generators = &self.0.generators;
        let (named, reference) = match (model, reference) {
            (Some(model), reference) => (Some(model), reference),
            (None, Some(reference)) => (Some(reference), None),
            (None, None) => (settings.model.as_deref(), None),
        };
        let Some(named) = named else { return Ok(None) };
        let mut family = generators.family(named)?;
        if let Some(reference) = reference {
            let others = generators.family(reference)?;
            for file in others.files().iter().cloned() {
                if !family.join(file) {
                    return Err(ErrorReport::new(
                        "other_model",
                        format!("`{reference}` is another model than `{named}`.\nName two files of one model."),
                    ));
                }
            }
        }
        Ok(Some(family))
    }

    /// The profiles asked for with their files, and those that cannot be measured with the reason.
    fn measurable(&self, options: &GenerateBenchOptions) -> Result<(Vec<BenchProfile>, Vec<Skipped>), ErrorReport> {
        let family = self.family_of(options.model.as_deref(), options.reference.as_deref())?;
        let planned = self.planned_in(family.as_ref())?;
        let wanted: Vec<String> = if options.profiles.is_empty() {
            let mut names = vec!["reference".to_owned()];
            let others = planned.iter().map(|planned| planned.profile.name.clone());
            names.extend(others.filter(|name| name != "reference" && name != "auto"));
            names
        } else {
            options.profiles.clone()
        };
        let (mut profiles, mut skipped) = (Vec::new(), Vec::new());
        for name in wanted {
            let Some(planned) = planned.iter().find(|planned| planned.profile.name == name) else {
                let known: Vec<&str> = planned.iter().map(|planned| planned.profile.name.as_str()).collect();
                let message = format!("There is no profile named `{name}`.\nThere are: {}.", known.join(", "));
                return Err(ErrorReport::new("unknown_profile", message));
            };
            let left_out = |reason: Option<String>| Skipped {
                profile: name.clone(),
                missing: planned.missing,
                make: planned.make.clone(),
                reason,
            };
            match (&planned.file, &planned.plan) {
                (Some(file), Some(plan)) if plan.fits => {
                    // As planned: `auto` is measured as what it chose.
                    let mut profile = plan.profile.clone();
                    profile.name.clone_from(&name);
                    profiles.push(BenchProfile {
                        profile,
                        model: file.clone(),
                    });
                }
                (Some(_), Some(plan)) => skipped.push(left_out(Some(plan.verdict.clone()))),
                (Some(_), None) => skipped.push(left_out(planned.reason.as_ref().map(|reason| reason.message.clone()))),
                (None, _) if planned.missing.is_some() => {
                    skipped.push(left_out(planned.reason.as_ref().map(|reason| reason.message.clone())));
                }
                (None, _) => {
                    return Err(ErrorReport::new(
                        "no_model",
                        "There is no model to measure.\nName one with `--model`, or choose one in the settings.",
                    ));
                }
            }
        }
        Ok((profiles, skipped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_with_the_command_that_makes_it() {
        let bench = GenerateBench {
            rows: Vec::new(),
            skipped: vec![Skipped {
                profile: "quality".into(),
                missing: Some(WeightType::Q8_0),
                make: Some("docmind models quantize 'a.gguf' --type q8_0".into()),
                reason: None,
            }],
            agreement: Vec::new(),
        };
        let lines = bench.lines();
        assert_eq!(
            lines[0],
            json!({"profile": "quality", "status": "skipped", "missing": "q8_0", "make": "docmind models quantize 'a.gguf' --type q8_0"})
        );
    }

    #[test]
    fn synthetic_weights_never_pass_a_quality_row() {
        let row = AgreementRow {
            profile: "balanced".into(),
            status: "skipped: synthetic weights".into(),
            tokens: 0,
            mean_kl: None,
            top1: None,
            min_cosine: None,
            answer_cosine: None,
        };
        let bench = GenerateBench {
            rows: Vec::new(),
            skipped: Vec::new(),
            agreement: vec![row],
        };
        assert_eq!(bench.lines()[0]["status"], "skipped: synthetic weights");
        assert_eq!(bench.lines()[0]["top1"], Value::Null);
    }
}
