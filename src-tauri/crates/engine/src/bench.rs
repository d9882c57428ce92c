//! Benchmarks that other rooms run, as the command line calls them.

use crate::engine::Engine;
use crate::error::EngineError;
use docmind_core::cancel::CancelToken;
use docmind_core::embedding::Precision;
use docmind_core::error::ErrorReport;
pub use docmind_store::{SearchBench, SearchTimes};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// A child's end, and whether it shall end, is looked for this often.
const POLL: Duration = Duration::from_millis(50);

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
    /// same texts in FP32 beside it, both cut at the same length. Each run is a process of its own, so that peak memory is its own; the
    /// runs take turns, and a figure is the middle of its turns. Without a precision asked for, the device's usual one comes first and
    /// FP32 under `also`. `stage` is told what is being measured.
    ///
    /// # Errors
    /// The worker is missing or fails; `cancelled`.
    pub fn bench_embed(
        &self,
        options: &EmbedBenchOptions,
        cancel: &CancelToken,
        stage: &mut dyn FnMut(&str),
    ) -> Result<Value, ErrorReport> {
        let mut engines = vec![Engined::ours(options.precision)];
        if options.precision.is_none() {
            engines.push(Engined::ours(Some(Precision::Fp32)));
        }
        engines.push(Engined::stock(options.stock.clone()));
        for engined in &mut engines {
            engined.max_tokens = Some(options.max_tokens);
        }
        let mut turns: Vec<Vec<Value>> = vec![Vec::new(); engines.len()];
        for turn in 0..TURNS {
            for (engined, turns) in engines.iter().zip(&mut turns) {
                stage(&format!("{} {}/{TURNS}", engined.name(), turn + 1));
                let texts = options.texts.as_deref().map_or(Texts::BuiltIn, Texts::File);
                turns.push(self.embed_run(engined, texts, turn == 0, cancel)?);
            }
        }
        let mut rows: Vec<Value> = turns.into_iter().map(middle).collect();
        let stock = rows.pop().unwrap_or_default();
        for row in &mut rows {
            let comparison = against(row, &stock);
            row["against_stock"] = comparison;
        }
        let mut rows = rows.into_iter();
        let mut first = rows.next().unwrap_or_default();
        let also: Vec<Value> = rows.filter(|row| row["precision"] != first["precision"]).collect();
        first["stock_fastembed"] = stock;
        first["also"] = Value::Array(also);
        Ok(first)
    }

    /// Our embedder once over `count` built-in texts (400 where that is not said, then with the cosine to FP32). `model` is the folder of
    /// another than that of the settings.
    ///
    /// # Errors
    /// As [`Engine::bench_embed`].
    pub fn embed_once(
        &self,
        model: Option<&Path>,
        precision: Precision,
        count: Option<usize>,
        cancel: &CancelToken,
    ) -> Result<Value, ErrorReport> {
        let texts = count.map_or(Texts::BuiltIn, Texts::Count);
        let engined = Engined {
            model: model.map(Path::to_owned),
            ..Engined::ours(Some(precision))
        };
        self.embed_run(&engined, texts, count.is_none(), cancel)
    }

    fn embed_run(
        &self,
        engined: &Engined,
        texts: Texts<'_>,
        compare: bool,
        cancel: &CancelToken,
    ) -> Result<Value, ErrorReport> {
        let files = self.runtime_files();
        let settings = self.settings();
        let own = || crate::workers::model_folder(&settings.embedder, &self.data_dir().models(), &files.embedders());
        let mut command = Command::new(files.worker("docmind-embed")?);
        command
            .env_clear()
            .arg("bench")
            .arg("--runtime")
            .arg(&files.runtime_dir)
            .arg("--embedder")
            .arg(engined.model.clone().unwrap_or_else(own));
        command
            .arg("--engine")
            .arg(engined.engine)
            .arg("--log")
            .arg("error")
            .arg("--compare")
            .arg(if compare { "yes" } else { "no" });
        match texts {
            Texts::File(path) => drop(command.arg("--texts").arg(path)),
            Texts::Count(count) => drop(command.arg("--count").arg(count.to_string())),
            Texts::BuiltIn => {}
        }
        if let Some(most) = engined.max_tokens {
            command.arg("--max-tokens").arg(most.to_string());
        }
        if let Some(precision) = engined.precision {
            command.arg("--precision").arg(precision.as_str());
        }
        run(command, cancel)
    }
}

/// What [`Engine::bench_embed`] measures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbedBenchOptions {
    /// A text a line; `None` takes the built-in ones.
    pub texts: Option<PathBuf>,
    /// Ours; stock fastembed is always FP32.
    pub precision: Option<Precision>,
    /// Folder of the model stock fastembed gets, say as an exporter wrote it; `None` gives it the file we run.
    pub stock: Option<PathBuf>,
    /// Longest text in the model's tokens, for both; [`STOCK_MAX_TOKENS`] is what stock fastembed does when nobody says.
    pub max_tokens: u32,
}

/// Where fastembed cuts texts by default (`DEFAULT_MAX_LENGTH` of 7.5); passages are never so long.
pub const STOCK_MAX_TOKENS: u32 = 512;

/// Turns of each engine: two, since the first one may find cold files.
const TURNS: usize = 2;

/// What is embedded.
enum Texts<'a> {
    BuiltIn,
    Count(usize),
    File(&'a Path),
}

/// Who embeds, and with what.
struct Engined {
    engine: &'static str,
    precision: Option<Precision>,
    model: Option<PathBuf>,
    max_tokens: Option<u32>,
}

impl Engined {
    fn ours(precision: Option<Precision>) -> Self {
        Self {
            engine: "docmind",
            precision,
            model: None,
            max_tokens: None,
        }
    }

    fn stock(model: Option<PathBuf>) -> Self {
        Self {
            engine: "fastembed",
            precision: Some(Precision::Fp32),
            model,
            max_tokens: None,
        }
    }

    fn name(&self) -> String {
        match self.precision {
            Some(precision) => format!("{} {}", self.engine, precision.as_str()),
            None => self.engine.to_owned(),
        }
    }
}

/// The turns of one engine as one row: speeds and times in the middle, memory at its highest, the rest as the first turn said it.
fn middle(turns: Vec<Value>) -> Value {
    let numbers = |key: &str| turns.iter().filter_map(|turn| turn[key].as_f64()).collect::<Vec<f64>>();
    let mut row = turns.first().cloned().unwrap_or_default();
    for key in ["seconds", "cpu_seconds", "tokens_per_second", "texts_per_second"] {
        let numbers = numbers(key);
        if !numbers.is_empty() {
            row[key] = json!(numbers.iter().sum::<f64>() / numbers.len() as f64);
        }
    }
    if let Some(peak) = numbers("peak_rss_mib").into_iter().reduce(f64::max) {
        row["peak_rss_mib"] = json!(peak as u64);
    }
    row
}

fn against(ours: &Value, stock: &Value) -> Value {
    let ratio = |over: &Value, under: &Value| match (over.as_f64(), under.as_f64()) {
        (Some(over), Some(under)) if under > 0.0 => json!(over / under),
        _ => Value::Null,
    };
    json!({
        "texts_per_second_ratio": ratio(&ours["texts_per_second"], &stock["texts_per_second"]),
        "texts_per_cpu_second_ratio": ratio(&stock["cpu_seconds"], &ours["cpu_seconds"]),
        "peak_rss_ratio": ratio(&ours["peak_rss_mib"], &stock["peak_rss_mib"]),
    })
}

/// Runs a worker's command to its end and reads the one JSON object it prints.
fn run(command: Command, cancel: &CancelToken) -> Result<Value, ErrorReport> {
    let mut last = None;
    lines(command, cancel, &mut |line| last = Some(line))?;
    last.ok_or_else(|| {
        ErrorReport::new(
            "bench_failed",
            "The measurement gave no figures.\nRun it again with -v.",
        )
    })
}

/// Runs a worker's command to its end. `told` gets the JSON lines it prints, each when it comes: a pipe that nobody reads would also
/// hold up a child that prints more than it takes.
pub(crate) fn lines(
    mut command: Command,
    cancel: &CancelToken,
    told: &mut dyn FnMut(Value),
) -> Result<(), ErrorReport> {
    let failed = |detail: String| {
        ErrorReport::new(
            "bench_failed",
            "The measurement failed.\nSee the details, and run it again.",
        )
        .with_detail(detail)
    };
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let mut child = Ended(child);
    let stdout = child.0.stdout.take().expect("BUG: the child's output is piped");
    // A thread of its own: a child that says nothing for minutes can be cancelled.
    let (sender, receiver) = mpsc::sync_channel(16);
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines() {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    loop {
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled.into());
        }
        match receiver.recv_timeout(POLL) {
            Ok(line) => {
                let line = line.map_err(|error| failed(error.to_string()))?;
                told(serde_json::from_str(&line).map_err(|error| failed(error.to_string()))?);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                match child.0.try_wait().map_err(|error| failed(error.to_string()))? {
                    Some(status) if status.success() => return Ok(()),
                    Some(status) => return Err(failed(status.to_string())),
                    None => std::thread::sleep(POLL),
                }
            }
        }
    }
}

/// A child that does not outlive whoever started it.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_become_one_row_and_rows_a_comparison() {
        let turn = |speed: f64, peak: u64| json!({"engine": "docmind", "texts_per_second": speed, "cpu_seconds": 4.0, "peak_rss_mib": peak, "cosine_to_fp32": 0.99});
        let ours = middle(vec![turn(40.0, 200), turn(60.0, 300)]);
        assert_eq!(ours["texts_per_second"], 50.0);
        assert_eq!(ours["peak_rss_mib"], 300);
        assert_eq!(ours["cosine_to_fp32"], 0.99);
        assert!(ours["seconds"].is_null());
        let stock = json!({"texts_per_second": 20.0, "cpu_seconds": 8.0, "peak_rss_mib": null});
        let comparison = against(&ours, &stock);
        assert_eq!(comparison["texts_per_second_ratio"], 2.5);
        assert_eq!(comparison["texts_per_cpu_second_ratio"], 2.0);
        assert!(comparison["peak_rss_ratio"].is_null());
    }

    #[cfg(unix)]
    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script);
        command
    }

    #[cfg(unix)]
    #[test]
    fn lines_are_told_while_the_child_runs() {
        let folder = tempfile::tempdir().unwrap();
        let heard = folder.path().join("heard");
        // It goes on only once its first line was heard.
        let script = format!(
            "echo '{{\"n\":1}}'; until [ -e '{}' ]; do sleep 0.02; done; echo '{{\"n\":2}}'",
            heard.display()
        );
        let mut told = Vec::new();
        lines(shell(&script), &CancelToken::new(), &mut |line| {
            std::fs::write(&heard, "").unwrap();
            told.push(line);
        })
        .unwrap();
        assert_eq!(told, [json!({"n": 1}), json!({"n": 2})]);
    }

    #[cfg(unix)]
    #[test]
    fn more_than_a_pipe_holds_arrives_whole() {
        let script = "i=0; while [ $i -lt 20000 ]; do echo '{\"twelve\":12}'; i=$((i+1)); done";
        let mut count = 0;
        lines(shell(script), &CancelToken::new(), &mut |_| count += 1).unwrap();
        assert_eq!(count, 20_000);
    }

    #[cfg(unix)]
    #[test]
    fn a_silent_child_is_cancelled_and_a_failing_one_is_told() {
        let cancel = CancelToken::new();
        let begun = std::time::Instant::now();
        let stopped = lines(shell("echo '{}'; exec sleep 60"), &cancel, &mut |_| cancel.cancel());
        assert_eq!(stopped.unwrap_err().code, "cancelled");
        assert!(begun.elapsed() < Duration::from_secs(30));
        for script in ["exit 3", "echo no JSON"] {
            let failed = lines(shell(script), &CancelToken::new(), &mut |_| ());
            assert_eq!(failed.unwrap_err().code, "bench_failed", "{script}");
        }
        assert_eq!(
            run(shell("true"), &CancelToken::new()).unwrap_err().code,
            "bench_failed"
        );
    }
}
