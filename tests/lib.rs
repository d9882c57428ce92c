//! Shared support of the integration tests: the built command line, a data folder of its own, JSON lines.
//! Whatever goes wrong is an error, which fails the test.
#![expect(clippy::missing_errors_doc, reason = "support of tests: every error ends one")]

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// The repository's root. Asked of cargo at run time: clones share one build folder.
pub fn root() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).to_owned(), PathBuf::from)
        .parent()
        .expect("BUG: tests lies in the root")
        .to_path_buf()
}

/// The folder of built programs: `DOCMIND_BIN_DIR`, else `target/debug`.
pub fn bin_dir() -> PathBuf {
    std::env::var_os("DOCMIND_BIN_DIR").map_or_else(|| root().join("target/debug"), PathBuf::from)
}

/// Says that something was left out, past the test harness, which shows nothing of what passes.
pub fn left_out(what: &str) {
    // Without a standard error there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "left out: {what}");
}

/// Says that what set-up brings is missing; an error under `cargo xtask test`, which has just set it up.
pub fn missing(what: &str) -> Result<()> {
    if std::env::var_os("DOCMIND_PARTS_REQUIRED").is_some() {
        bail!("{what}");
    }
    left_out(what);
    Ok(())
}

/// The test corpora beside the project, where they are; a test that needs them says that it was left out elsewhere.
pub fn corpora() -> Option<PathBuf> {
    let folder = root().join("../shared/corpora");
    if folder.is_dir() {
        return folder.canonicalize().ok();
    }
    left_out("`../shared/corpora` is not on this machine");
    None
}

/// True for `cargo xtask test --full`.
pub fn full() -> bool {
    std::env::var_os("DOCMIND_TEST_FULL").is_some()
}

/// A data folder and the command line over it.
pub struct Library {
    folder: PathBuf,
    /// With a vector index however few passages there are.
    indexed: bool,
    /// Removed when dropped; `None` for a folder somebody else looks after.
    _data: Option<TempDir>,
}

/// What one run of the command line gave.
#[derive(Debug)]
pub struct Run {
    /// The exit status; `None` when a signal ended it.
    pub status: Option<i32>,
    /// One value a line of standard output.
    pub lines: Vec<Value>,
    /// Standard error.
    pub stderr: String,
}

impl Run {
    /// The last line.
    pub fn last(&self) -> &Value {
        self.lines.last().unwrap_or(&Value::Null)
    }

    /// All lines whose `type` is `kind`.
    pub fn of_type<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.lines.iter().filter(move |line| line["type"] == kind)
    }
}

impl Library {
    /// An empty data folder.
    pub fn new() -> Result<Self> {
        let data = tempfile::tempdir()?;
        Ok(Self {
            folder: data.path().to_owned(),
            indexed: false,
            _data: Some(data),
        })
    }

    /// The same, with a vector index from the first passage on: small libraries have none otherwise.
    #[must_use]
    pub fn indexed(mut self) -> Self {
        self.indexed = true;
        self
    }

    /// A folder that the caller looks after.
    pub fn at(folder: PathBuf) -> Self {
        Self {
            folder,
            indexed: false,
            _data: None,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The command line with `--json` over this folder, not yet started.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(
            bin_dir()
                .join("docmind")
                .with_extension(std::env::consts::EXE_EXTENSION),
        );
        command
            .arg("--data-dir")
            .arg(&self.folder)
            .arg("--json")
            .args(arguments)
            .stdin(Stdio::null());
        if self.indexed {
            command.env("DOCMIND_INDEX_FROM", "0");
        }
        command
    }

    /// Runs it to the end, whatever its status.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Run> {
        let output = self
            .command(arguments)
            .output()
            .context("`docmind` could not be started: build it first")?;
        parse(&output)
    }

    /// Runs it to the end; a status other than 0 is an error that shows everything.
    pub fn ok<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Run> {
        let run = self.run(arguments)?;
        if run.status != Some(0) {
            bail!("docmind ended with {:?}\n{:#?}\n{}", run.status, run.lines, run.stderr);
        }
        Ok(run)
    }

    /// Starts it, output piped.
    pub fn start<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Child> {
        Ok(self
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?)
    }

    /// `docmind check`, which must be clean.
    pub fn check(&self) -> Result<Value> {
        let run = self.run(&["check"])?;
        let report = run.last().clone();
        if run.status != Some(0) || report["ok"] != true {
            bail!("the library is not sound: {report:#}\n{}", run.stderr);
        }
        Ok(report)
    }
}

/// Output as JSON lines; a line that is no JSON is an error, since `--json` promises nothing else.
pub fn parse(output: &Output) -> Result<Run> {
    let text = String::from_utf8(output.stdout.clone()).context("standard output is not UTF-8")?;
    let lines = text
        .lines()
        .map(|line| serde_json::from_str(line).with_context(|| format!("not a JSON line: {line}")))
        .collect::<Result<_>>()?;
    Ok(Run {
        status: output.status.code(),
        lines,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Process ids of all workers of this build, whoever started them.
pub fn worker_processes() -> Vec<u32> {
    processes(&["docmind-parse", "docmind-embed", "docmind-generate"])
}

/// Process ids of the workers of that name that `owner` started.
pub fn workers_of(owner: u32, name: &str) -> Vec<u32> {
    let mut pids = processes(&[name]);
    pids.retain(|pid| parent(*pid) == Some(owner));
    pids
}

/// The parent of a process that is still there.
pub fn parent(pid: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("PPid:"))?
        .trim()
        .parse()
        .ok()
}

fn processes(names: &[&str]) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| {
            std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|path| {
                path.parent() == Some(bin_dir().as_path())
                    && path
                        .file_name()
                        .and_then(OsStr::to_str)
                        .is_some_and(|file| names.iter().any(|name| file.starts_with(name)))
            })
        })
        .collect()
}
