//! Benchmarks that other rooms run, as the command line calls them.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::workers::precision_name;
use docmind_core::cancel::CancelToken;
use docmind_core::embedding::Precision;
use docmind_core::error::ErrorReport;
pub use docmind_store::{SearchBench, SearchTimes};
use serde_json::{Value, json};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Latency and recall of searching a synthetic library of `rows` passages, made in a temporary folder and removed again. `progress`
/// gets (passages done, passages in all).
///
/// # Errors
/// `cancelled`, and the store's own.
pub fn bench_search(
    rows: u32,
    cancel: &CancelToken,
    progress: &mut dyn FnMut(u32, u32),
) -> Result<SearchBench, ErrorReport> {
    Ok(docmind_store::bench_search(rows, cancel, progress)?)
}

impl Engine {
    /// Throughput of the embedder over a file of texts, a text a line (built-in ones without a file), and of stock fastembed over the
    /// same texts beside it. Each runs in a process of its own, so that peak memory is its own.
    ///
    /// # Errors
    /// The worker is missing or fails; `cancelled`.
    pub fn bench_embed(
        &self,
        texts: Option<&Path>,
        precision: Option<Precision>,
        cancel: &CancelToken,
    ) -> Result<Value, ErrorReport> {
        let mut ours = self.embed_run("docmind", texts, precision, cancel)?;
        let stock = self.embed_run("fastembed", texts, precision, cancel)?;
        let number = |value: &Value, key: &str| value[key].as_f64().unwrap_or(0.0);
        let ratio = |key: &str| {
            if number(&stock, key) > 0.0 {
                number(&ours, key) / number(&stock, key)
            } else {
                0.0
            }
        };
        let (own_cpu, stock_cpu) = (number(&ours, "cpu_seconds"), number(&stock, "cpu_seconds"));
        let comparison = json!({
            "texts_per_second_ratio": ratio("texts_per_second"),
            "texts_per_cpu_second_ratio": if own_cpu > 0.0 { stock_cpu / own_cpu } else { 0.0 },
            "peak_rss_ratio": ratio("peak_rss_mib"),
        });
        if let Some(fields) = ours.as_object_mut() {
            fields.insert("stock_fastembed".to_owned(), stock);
            fields.insert("against_stock".to_owned(), comparison);
        }
        Ok(ours)
    }

    fn embed_run(
        &self,
        engine: &str,
        texts: Option<&Path>,
        precision: Option<Precision>,
        cancel: &CancelToken,
    ) -> Result<Value, ErrorReport> {
        let files = self.runtime_files();
        let settings = self.settings();
        let folder = crate::workers::model_folder(&settings.embedder, &self.data_dir().models(), &files.embedders());
        let mut command = Command::new(files.worker("docmind-embed")?);
        command
            .env_clear()
            .arg("bench")
            .arg("--runtime")
            .arg(&files.runtime_dir)
            .arg("--embedder")
            .arg(folder);
        command.arg("--engine").arg(engine).arg("--log").arg("error");
        if let Some(texts) = texts {
            command.arg("--texts").arg(texts);
        }
        if let Some(precision) = precision {
            command.arg("--precision").arg(precision_name(precision));
        }
        run(command, cancel)
    }
}

/// llama.cpp's own tool and what to compare it over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgainstOptions {
    /// A file, a folder with several quantizations, or a stored name.
    pub model: String,
    /// llama-bench.
    pub bench: PathBuf,
    /// By name; empty is all.
    pub profiles: Vec<String>,
    /// Tokens of the prompt.
    pub prompt_tokens: u32,
    /// Tokens to write.
    pub output_tokens: u32,
    /// Repeats of each.
    pub repeat: u32,
}

impl Engine {
    /// Profiles beside llama.cpp's llama-bench at the same depth, in a process of their own: the lines it prints.
    ///
    /// # Errors
    /// `no_such_model`, the worker is missing or fails, `cancelled`.
    pub fn bench_against(&self, options: &AgainstOptions, cancel: &CancelToken) -> Result<Vec<Value>, ErrorReport> {
        let files = self.runtime_files();
        let family = self.0.generators.family(&options.model)?;
        let mut command = Command::new(files.worker("docmind-generate")?);
        command
            .env_clear()
            .arg("bench")
            .arg("--runtime")
            .arg(&files.runtime_dir)
            .arg("--log")
            .arg("error");
        command
            .arg("--model")
            .arg(&family.source().path)
            .arg("--against")
            .arg(&options.bench);
        for (name, value) in [
            ("--prompt-tokens", options.prompt_tokens),
            ("--output-tokens", options.output_tokens),
            ("--repeat", options.repeat),
        ] {
            command.arg(name).arg(value.to_string());
        }
        if !options.profiles.is_empty() {
            command.arg("--profiles").arg(options.profiles.join(","));
        }
        self.0.generators.unload();
        lines(command, cancel)
    }
}

/// Runs a worker's command to its end and reads the one JSON object it prints.
fn run(command: Command, cancel: &CancelToken) -> Result<Value, ErrorReport> {
    lines(command, cancel)?.pop().ok_or_else(|| {
        ErrorReport::new(
            "bench_failed",
            "The measurement gave no figures.\nRun it again with -v.",
        )
    })
}

/// Runs a worker's command to its end and reads the JSON lines it prints.
fn lines(mut command: Command, cancel: &CancelToken) -> Result<Vec<Value>, ErrorReport> {
    let failed = |detail: String| {
        ErrorReport::new(
            "bench_failed",
            "The measurement failed.\nSee the details, and run it again.",
        )
        .with_detail(detail)
    };
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let status = loop {
        match child.try_wait().map_err(|error| failed(error.to_string()))? {
            Some(status) => break status,
            None if cancel.is_cancelled() => {
                drop(child.kill());
                drop(child.wait());
                return Err(EngineError::Cancelled.into());
            }
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    let mut text = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout
            .read_to_string(&mut text)
            .map_err(|error| failed(error.to_string()))?;
    }
    if !status.success() {
        return Err(failed(status.to_string()));
    }
    text.lines()
        .map(|line| serde_json::from_str(line).map_err(|error| failed(error.to_string())))
        .collect()
}
