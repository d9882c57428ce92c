//! Reads files and folders with the registry in this process and prints a JSON line a file, in the shape of `docmind extract --json`
//! with the state beside it. For measuring and for the fidelity scripts; the application reads in a child process.
//!
//! `cargo run -p docmind-parse --example sweep -- --runtime DIR [--text] [--isolate] PATH…`
//!
//! `--text` adds the pages. `--isolate` runs each file in a process of its own, so that an abort costs one line. Without either, an
//! abort ends the sweep.

use docmind_core::cancel::CancelToken;
use docmind_core::document::ParseEvent;
use docmind_parse::Registry;
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// After this a file of `--isolate` is `timed_out`.
const TIMEOUT: Duration = Duration::from_mins(1);

struct Options {
    runtime: PathBuf,
    text: bool,
    isolate: bool,
    paths: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("usage: sweep --runtime DIR [--text] [--isolate] PATH…");
        return ExitCode::from(2);
    };
    let mut files = Vec::new();
    for path in &options.paths {
        gather(path, &mut files);
    }
    files.sort();
    let registry = (!options.isolate).then(|| Registry::new(&options.runtime));
    if let Some(why) = registry.as_ref().and_then(Registry::pdfium_error) {
        eprintln!("{why}");
    }
    let mut out = std::io::stdout().lock();
    for file in files {
        let line = match &registry {
            Some(registry) => read(registry, &file, options.text),
            None => isolated(&options, &file),
        };
        if writeln!(out, "{line}").is_err() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn options() -> Option<Options> {
    let mut options = Options {
        runtime: PathBuf::new(),
        text: false,
        isolate: false,
        paths: Vec::new(),
    };
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--runtime") => options.runtime = arguments.next()?.into(),
            Some("--text") => options.text = true,
            Some("--isolate") => options.isolate = true,
            _ => options.paths.push(argument.into()),
        }
    }
    (!options.paths.is_empty()).then_some(options)
}

fn gather(path: &Path, into: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
            gather(&entry.path(), into);
        }
    } else if path.is_file() {
        into.push(path.to_owned());
    }
}

fn read(registry: &Registry, file: &Path, with_text: bool) -> Value {
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => return json!({ "path": file, "state": "unreadable", "error": { "message": error.to_string() } }),
    };
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let begun = Instant::now();
    let (mut media_type, mut title) = (String::new(), None);
    let (mut pages, mut warnings, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    let (mut chars, mut words, mut headings, mut tables, mut count) = (0, 0, 0, 0, 0_u32);
    let outcome = registry.parse_bytes(&name, &bytes, &CancelToken::new(), &mut |event| match event {
        ParseEvent::Started {
            media_type: kind,
            title: named,
            ..
        } => (media_type, title) = (kind, named),
        ParseEvent::Page(page) => {
            count += 1;
            chars += page.text.chars().filter(|c| !c.is_whitespace()).count();
            words += page.words.len();
            headings += page.headings.len();
            tables += page.tables.len();
            if with_text {
                pages.push(json!({ "number": page.number, "text": page.text }));
            }
        }
        ParseEvent::PageFailed { number, reason } => failed.push(json!({ "number": number, "reason": reason })),
        ParseEvent::Warning { message } => warnings.push(message),
    });
    let ms = begun.elapsed().as_secs_f64() * 1000.0;
    let mut line = json!({
        "path": file, "state": "ready", "media_type": media_type, "title": title, "pages": count, "chars": chars, "words": words,
        "headings": headings, "tables": tables, "failed_pages": failed, "warnings": warnings, "ms": (ms * 10.0).round() / 10.0,
    });
    if with_text {
        line["pages"] = pages.into();
    }
    if let Err(failure) = outcome {
        line["state"] = failure.state.as_str().into();
        line["error"] = json!({ "code": failure.state.as_str(), "message": failure.message, "detail": failure.detail });
    }
    line
}

fn isolated(options: &Options, file: &Path) -> Value {
    let failed = |state: &str, detail: String| json!({ "path": file, "state": state, "error": { "code": state, "message": detail } });
    let Ok(program) = std::env::current_exe() else {
        return failed("crashed", "no path to this program".into());
    };
    let mut command = Command::new(program);
    command
        .arg("--runtime")
        .arg(&options.runtime)
        .stderr(Stdio::null())
        .stdout(Stdio::piped());
    if options.text {
        command.arg("--text");
    }
    let begun = Instant::now();
    let mut child = match command.arg(file).spawn() {
        Ok(child) => child,
        Err(error) => return failed("crashed", error.to_string()),
    };
    let Some(mut pipe) = child.stdout.take() else {
        return failed("crashed", "no pipe".into());
    };
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut pipe, &mut bytes).map(|_| bytes)
    });
    loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                let bytes = reader.join().ok().and_then(Result::ok).unwrap_or_default();
                return serde_json::from_slice(&bytes).unwrap_or_else(|_| failed("crashed", status.to_string()));
            }
            Ok(None) if begun.elapsed() < TIMEOUT => std::thread::sleep(Duration::from_millis(3)),
            _ => {
                // It may have ended by itself in between; either way it is over.
                let _ = child.kill();
                let _ = child.wait();
                return failed("timed_out", format!("over {} s", TIMEOUT.as_secs()));
            }
        }
    }
}
