//! `docmind bench`: speed and memory, measured.

use super::Context;
use crate::Outcome;
use crate::arguments::{BenchCommand, BenchGenerateArguments};
use crate::output::{BAD, FAINT, GOOD, WARN, tame_line};
use docmind_core::error::ErrorReport;
use docmind_engine::bench::EmbedBenchOptions;
use docmind_engine::bench_generate::GenerateBenchOptions;
use docmind_engine::bench_ingest::bench_ingest;
use docmind_engine::bench_optimization::RowStatus;
use serde::Serialize;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

pub fn run(context: &Context<'_>, command: BenchCommand) -> anyhow::Result<Outcome> {
    match command {
        BenchCommand::Ingest { dir, precision } => {
            there(&dir)?;
            let scratch = scratch_folder();
            let bench = bench_ingest(&dir, &scratch, precision.map(Into::into), &context.cancel)?;
            print(context, &bench)
        }
        BenchCommand::Search { rows } => {
            let bar = context.output.bar(u64::from(rows));
            let bench = docmind_engine::bench::bench_search(rows, &context.cancel, &mut |done, total| {
                bar.set_length(u64::from(total));
                bar.set_position(u64::from(done));
            })?;
            bar.finish_and_clear();
            print(context, &bench)
        }
        BenchCommand::Embed {
            texts,
            precision,
            stock,
            max_tokens,
        } => {
            for path in texts.iter().chain(&stock) {
                there(path)?;
            }
            texts.as_deref().map_or(Ok(()), has_lines)?;
            let engine = context.open_alone()?;
            let options = EmbedBenchOptions {
                texts,
                precision: precision.map(Into::into),
                stock,
                max_tokens,
            };
            let spinner = context.output.spinner("Measuring");
            let bench = engine.bench_embed(&options, &context.cancel, &mut |stage| {
                spinner.set_message(stage.to_owned());
            })?;
            spinner.finish_and_clear();
            print(context, &bench)
        }
        BenchCommand::Generate(arguments) => generate(context, arguments),
        BenchCommand::Optimization { model, reference } => optimization(context, model, reference),
    }
}

fn generate(context: &Context<'_>, arguments: BenchGenerateArguments) -> anyhow::Result<Outcome> {
    let engine = context.open_alone()?;
    let options = GenerateBenchOptions {
        model: Some(arguments.model),
        reference: None,
        profiles: arguments.profiles,
        prompt_tokens: arguments.prompt_tokens,
        output_tokens: arguments.output_tokens,
        repeat: arguments.repeat,
    };
    if let Some(program) = arguments.against {
        let mut printed = Ok(());
        engine.bench_against(&options, &program, &context.cancel, &mut |line| {
            if printed.is_ok() {
                printed = context.output.object(&line);
            }
        })?;
        return printed.map(|()| Outcome::Done);
    }
    let spinner = context.output.spinner("Measuring");
    let bench = engine.bench_generate(&options, &context.cancel, &mut |stage| {
        spinner.set_message(stage.to_owned());
    })?;
    spinner.finish_and_clear();
    for line in bench.lines() {
        context.output.object(&line)?;
    }
    Ok(Outcome::Done)
}

fn optimization(context: &Context<'_>, model: Option<String>, reference: Option<PathBuf>) -> anyhow::Result<Outcome> {
    let engine = context.open_alone()?;
    let reference = reference.map(|path| path.to_string_lossy().into_owned());
    let spinner = context.output.spinner("Measuring");
    let rows = engine.bench_optimization(model, reference, &context.cancel, &mut |stage| {
        spinner.set_message(stage.to_owned());
    })?;
    spinner.finish_and_clear();
    for row in rows {
        context.output.json(&row)?;
        let style = match row.status {
            RowStatus::Passed => GOOD,
            RowStatus::Missed => BAD,
            RowStatus::NeedsGpu | RowStatus::Skipped => WARN,
        };
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
        let status = serde_json::to_value(row.status)?;
        context.output.text(format!(
            "{style}{:<9}{style:#} {:<34} {:>10} {:<8} floor {:<8} {FAINT}{}{FAINT:#}",
            status.as_str().unwrap_or_default().replace('_', " "),
            row.name,
            number(row.value),
            row.unit,
            number(row.floor),
            tame_line(&row.detail),
        ))?;
    }
    Ok(Outcome::Done)
}

/// The one object that a command gives.
fn print(context: &Context<'_>, bench: &impl Serialize) -> anyhow::Result<Outcome> {
    context.output.object(bench)?;
    Ok(Outcome::Done)
}

/// What is to be measured on must be there.
fn there(path: &Path) -> Result<(), ErrorReport> {
    std::fs::metadata(path).map(|_| ()).map_err(|error| {
        let words = format!("`{}` cannot be read.\nCheck the path.", path.display());
        ErrorReport::new("file_missing", words).with_detail(error.to_string())
    })
}

/// Texts to measure on are lines; a file without one measures nothing. It is read up to the first: whoever measures reads it all.
fn has_lines(path: &Path) -> Result<(), ErrorReport> {
    let unread = |error: std::io::Error| {
        let words = format!(
            "`{}` cannot be read as UTF-8 text.\nName a file with a text a line.",
            path.display()
        );
        ErrorReport::new("file_unreadable", words).with_detail(error.to_string())
    };
    for line in BufReader::new(File::open(path).map_err(unread)?).lines() {
        if !line.map_err(unread)?.trim().is_empty() {
            return Ok(());
        }
    }
    let words = format!("`{}` has no texts.\nName a file with a text a line.", path.display());
    Err(ErrorReport::new("no_texts", words))
}

/// A folder of this process, not made yet.
fn scratch_folder() -> PathBuf {
    std::env::temp_dir().join(format!("docmind-bench-{}", std::process::id()))
}
