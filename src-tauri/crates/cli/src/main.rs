//! `docmind`: the engine on the command line, for scripts, for tests, for measuring.
//!
//! Readable on a terminal; one JSON object a line with `--json`, and then nothing else on standard output. Exit status 0 done, 1 failed,
//! 2 wrong usage. Each command is one small file in `commands/`; [`output::Output`] is the only place that prints results.
//!
//! Deliberately not here: any decision about documents, and any access to the library but through [`docmind_engine::Engine`].

mod arguments;
mod commands;
mod interrupt;
mod output;

use arguments::Arguments;
use docmind_core::error::ErrorReport;
use output::Output;
use std::io::IsTerminal;
use std::process::ExitCode;

/// How a command that ran to its end went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything asked for was done.
    Done,
    /// Something failed and was reported.
    Failed,
}

fn main() -> ExitCode {
    let arguments = match Arguments::read() {
        Ok(arguments) => arguments,
        Err(error) => return not_run(&error),
    };
    log_to_stderr(arguments.verbose);
    let output = Output::new(arguments.json);
    match commands::run(arguments, &output) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Failed) => ExitCode::FAILURE,
        Err(error) => fail(&output, &error),
    }
}

/// Prints help and version where they were asked for. Wrong usage is said on standard error, and where `--json` was asked for as a line
/// on standard output too.
fn not_run(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && std::env::args_os().any(|word| word == "--json") {
        let text = error.render().to_string();
        let message = text.trim().trim_start_matches("error: ");
        // A reader that went away hears nothing; the status says it all the same.
        drop(Output::new(true).error(&ErrorReport::new("wrong_usage", message)));
    }
    // As above, for standard error.
    drop(error.print());
    if error.use_stderr() {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    }
}

/// Reports what ended a command. A reader that went away (`docmind list | head`) is no failure and nothing is said.
fn fail(output: &Output, error: &anyhow::Error) -> ExitCode {
    let broken_pipe = |cause: &(dyn std::error::Error + 'static)| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    };
    if error.chain().any(broken_pipe) {
        return ExitCode::SUCCESS;
    }
    let report = if let Some(report) = error.downcast_ref::<ErrorReport>() {
        report.clone()
    } else if let Some(unwritten) = error.downcast_ref::<std::io::Error>() {
        // Commands write nothing themselves but their results.
        let words =
            "The results could not be written to standard output.\nMake room on the disk it leads to, then try again.";
        ErrorReport::new("output_failed", words).with_detail(unwritten)
    } else {
        ErrorReport::new("internal", error.to_string()).with_detail(format!("{error:#}"))
    };
    // Standard output may take nothing more: then it is said to a person in any case.
    if output.error(&report).is_err() {
        drop(Output::new(false).error(&report));
    }
    ExitCode::FAILURE
}

fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => "error",
        // The index's library tells every file it touches.
        1 => "info,lance=warn,lance_core=warn,lance_io=warn,lance_table=warn,lancedb=warn,datafusion=warn",
        2 => "debug,lance=info,lancedb=info,datafusion=info,h2=info,tokio=info",
        _ => "trace",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("DOCMIND_LOG").unwrap_or_else(|_| level.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()))
        .with_target(verbose > 1)
        .init();
}
