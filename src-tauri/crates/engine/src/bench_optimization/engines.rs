//! The same question through every engine that is configured: the language model here, and the server of the settings.

use super::{ENGINES, OptimizationRow, RowStatus};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::listeners::lock;
use docmind_core::answer::FinishReason;
use docmind_core::cancel::CancelToken;
use docmind_core::error::ErrorReport;
use docmind_core::generation::{GenerateEvent, GenerateRequest, GenerationStats, Message, Role, Sampling};
use docmind_core::settings::{Backend, Settings};

/// Tokens of an answer; it is one number.
const ANSWER: u32 = 48;

/// An engine that is configured.
struct Configured {
    name: &'static str,
    /// The settings that choose it.
    settings: Settings,
    /// The local model, where it is the one that runs those.
    model: Option<String>,
}

/// What came of asking one.
struct Asked {
    /// The engine, with its model.
    engine: String,
    outcome: Result<GenerationStats, ErrorReport>,
}

impl Engine {
    /// Passed where every engine writes something. What each writes is not compared: they run different models.
    pub(super) fn engines_row(
        &self,
        model: Option<&str>,
        cancel: &CancelToken,
        stage: &mut dyn FnMut(&str),
    ) -> Result<OptimizationRow, ErrorReport> {
        let configured = configured(&self.settings(), model);
        if configured.len() < 2 {
            return Ok(row(&configured, Vec::new()));
        }
        let mut asked = Vec::new();
        for engine in &configured {
            stage(engine.name);
            let outcome = self.ask_one(engine, cancel);
            if cancel.is_cancelled() {
                return Err(EngineError::Cancelled.into());
            }
            asked.push(Asked {
                engine: engine.named(),
                outcome,
            });
        }
        self.unload_model();
        Ok(row(&configured, asked))
    }

    fn ask_one(&self, engine: &Configured, cancel: &CancelToken) -> Result<GenerationStats, ErrorReport> {
        let profile = lock(&self.0.profiles)
            .book()
            .get(&engine.settings.profile)
            .cloned()
            .map_err(|fault| fault.report())?;
        let generators = &self.0.generators;
        let writer = generators
            .choose(
                &engine.settings,
                engine.model.as_deref(),
                &profile,
                self.0.embedder.pid().is_some(),
            )?
            .ok_or_else(|| ErrorReport::new("no_model", "No model is chosen.\nChoose one in the settings."))?;
        let ready = generators.ready(&writer, cancel, &mut |_| ())?;
        let mut written = String::new();
        let stats = ready.generator.generate(&question(), cancel, &mut |event| {
            if let GenerateEvent::Text { text } = event {
                written.push_str(&text);
            }
        })?;
        if written.trim().is_empty() && stats.finish != Some(FinishReason::Cancelled) {
            return Err(ErrorReport::new(
                "nothing_written",
                "It wrote nothing.\nAsk it a question of your own.",
            ));
        }
        Ok(stats)
    }
}

impl Configured {
    fn named(&self) -> String {
        let model = self.model.as_deref().unwrap_or(&self.settings.remote_model);
        format!("{} ({model})", self.name)
    }
}

/// The engines that the settings and the command line name.
fn configured(settings: &Settings, model: Option<&str>) -> Vec<Configured> {
    let mut out = Vec::new();
    if let Some(model) = model.or(settings.model.as_deref()) {
        out.push(Configured {
            name: "embedded",
            settings: Settings {
                backend: Backend::Embedded,
                ..settings.clone()
            },
            model: Some(model.to_owned()),
        });
    }
    let server = match settings.backend {
        Backend::Embedded => None,
        Backend::Ollama => Some("ollama"),
        Backend::OpenAi => Some("open_ai"),
    };
    if let Some(name) = server {
        out.push(Configured {
            name,
            settings: settings.clone(),
            model: None,
        });
    }
    out
}

fn row(configured: &[Configured], asked: Vec<Asked>) -> OptimizationRow {
    if asked.is_empty() {
        let there = configured.first().map_or_else(|| "None".to_owned(), Configured::named);
        return ENGINES.skipped(format!(
            "Two engines are needed: {there} is configured. A server is entered in the settings (backend, remote_url, remote_model)."
        ));
    }
    let of = asked.len();
    let answered = asked.iter().filter(|asked| asked.outcome.is_ok()).count();
    let details: Vec<String> = asked
        .into_iter()
        .map(|Asked { engine, outcome }| match outcome {
            Ok(stats) => format!(
                "{engine}: first word after {:.0} ms, {:.1} tokens a second",
                stats.ttft_ms, stats.decode_tps
            ),
            Err(report) => format!("{engine}: {}", report.message.replace('\n', " ")),
        })
        .collect();
    let status = if answered == of {
        RowStatus::Passed
    } else {
        RowStatus::Missed
    };
    OptimizationRow {
        value: Some(answered as f64),
        floor: Some(of as f64),
        ..ENGINES.without(status, details.join("; "))
    }
}

/// The same for every engine.
fn question() -> GenerateRequest {
    let message = |role, content: &str| Message {
        role,
        content: content.to_owned(),
    };
    GenerateRequest {
        messages: vec![
            message(Role::System, "Answer from the source, in one sentence."),
            message(
                Role::User,
                "Source: The tenant gives notice three months before the end of a quarter.\n\n\
                 How many months before the end of a quarter does the tenant give notice?",
            ),
        ],
        sampling: Sampling::greedy(),
        max_output_tokens: ANSWER,
        thinking: false,
        grammar: None,
        draft_from: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings_store::defaults;

    fn settings(backend: Backend) -> Settings {
        Settings {
            backend,
            remote_url: "http://localhost:11434".into(),
            remote_model: "qwen3:4b".into(),
            ..defaults()
        }
    }

    #[test]
    fn engines_are_those_of_the_settings_and_the_command_line() {
        let names = |settings: &Settings, model| -> Vec<String> {
            configured(settings, model).iter().map(Configured::named).collect()
        };
        assert_eq!(names(&settings(Backend::Embedded), None), [""; 0]);
        assert_eq!(names(&settings(Backend::Embedded), Some("tiny")), ["embedded (tiny)"]);
        assert_eq!(
            names(&settings(Backend::Ollama), Some("tiny")),
            ["embedded (tiny)", "ollama (qwen3:4b)"]
        );
        assert_eq!(names(&settings(Backend::OpenAi), None), ["open_ai (qwen3:4b)"]);
    }

    #[test]
    fn one_engine_is_not_compared_with_itself() {
        let row = row(&configured(&settings(Backend::OpenAi), None), Vec::new());
        assert_eq!((row.status, row.value), (RowStatus::Skipped, None));
        assert!(row.detail.contains("qwen3:4b"), "{}", row.detail);
    }

    #[test]
    fn an_engine_that_fails_is_named() {
        let engines = configured(&settings(Backend::Ollama), Some("tiny"));
        let asked = |outcome: Result<GenerationStats, ErrorReport>| Asked {
            engine: "one".into(),
            outcome,
        };
        let both = row(
            &engines,
            vec![
                asked(Ok(GenerationStats::default())),
                asked(Ok(GenerationStats::default())),
            ],
        );
        assert_eq!(
            (both.status, both.value, both.floor),
            (RowStatus::Passed, Some(2.0), Some(2.0))
        );
        let away = ErrorReport::new("remote_unreachable", "It cannot be reached.\nStart it.");
        let one = row(&engines, vec![asked(Ok(GenerationStats::default())), asked(Err(away))]);
        assert_eq!((one.status, one.value), (RowStatus::Missed, Some(1.0)));
        assert!(one.detail.contains("cannot be reached"), "{}", one.detail);
    }
}
