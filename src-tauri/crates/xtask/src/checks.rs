//! `cargo xtask test`: every check, in the order in which a failure is cheapest to learn of.

use crate::desktop::Play;
use crate::packages::Purpose;
use crate::{app, desktop, llama_tools, shell};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// What the steps share.
struct Context {
    cache: PathBuf,
    full: bool,
}

/// Where the tests that compare with llama.cpp's own tools find them.
const LLAMA_TOOLS: &str = "DOCMIND_LLAMA_TOOLS";

/// How a step ended that did not fail.
enum Outcome {
    Passed,
    /// Not run at all, and why.
    Skipped(String),
}

use Outcome::{Passed, Skipped};

type Step = (&'static str, fn(&Context) -> Result<Outcome>);

const STEPS: &[Step] = &[
    ("format", format),
    ("interface-lint", interface_lint),
    ("interface-unit", interface_unit),
    ("interface-build", |_| app::interface().map(|()| Passed)),
    ("build", build),
    ("clippy", clippy),
    ("rust", rust),
    ("sample-job", sample_job),
    ("interface-e2e", interface_e2e),
    ("desktop", window),
];

/// Runs all steps, or those named with `--only`; the first failure of a step does not hide the others.
pub fn test(arguments: &[String]) -> Result<()> {
    let mut full = false;
    let mut only = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--full" => full = true,
            "--only" => match words.next() {
                Some(name) if names().contains(&name.as_str()) => only.push(name.as_str()),
                _ => bail!("--only takes one of: {}", names().join(", ")),
            },
            other => bail!("`cargo xtask test` has no option `{other}`"),
        }
    }
    let context = Context {
        cache: app::set_up(Purpose::Test)?,
        full,
    };
    let mut results = Vec::new();
    for (name, step) in STEPS {
        if !only.is_empty() && !only.contains(name) {
            continue;
        }
        eprintln!("\n== {name}");
        let started = Instant::now();
        let result = step(&context);
        match &result {
            Ok(Passed) => {}
            Ok(Skipped(why)) => eprintln!("  SKIPPED: {why}"),
            Err(error) => eprintln!("  FAILED: {error:#}"),
        }
        let failed = result.is_err();
        results.push((*name, result, started.elapsed()));
        if failed && *name == "build" {
            break;
        }
    }
    summarise(&results)
}

fn names() -> Vec<&'static str> {
    STEPS.iter().map(|(name, _)| *name).collect()
}

fn summarise(results: &[(&str, Result<Outcome>, Duration)]) -> Result<()> {
    eprintln!();
    let (mut passed, mut skipped, mut failed) = (0, 0, 0);
    for (name, result, time) in results {
        let (word, why) = match result {
            Ok(Passed) => {
                passed += 1;
                ("passed", String::new())
            }
            Ok(Skipped(why)) => {
                skipped += 1;
                ("SKIPPED", format!("  {why}"))
            }
            Err(_) => {
                failed += 1;
                ("FAILED", String::new())
            }
        };
        eprintln!("  {word:<7} {name:<18}{:>7.0} s{why}", time.as_secs_f32());
    }
    println!("steps: {passed} passed, {failed} failed, {skipped} skipped");
    if failed > 0 {
        bail!("{failed} of {} steps failed", results.len());
    }
    Ok(())
}

/// The window's page is compiled in: where the step that makes it was left out, it is made here.
fn build(context: &Context) -> Result<Outcome> {
    if !shell::root().join("ui/dist/index.html").is_file() {
        app::interface()?;
    }
    app::compile(&context.cache)?;
    Ok(Passed)
}

fn format(_: &Context) -> Result<Outcome> {
    shell::run(&mut shell::command("cargo", &["fmt", "--all", "--check"]))?;
    Ok(Passed)
}

/// The lints through the build itself: `cargo clippy` would check every third-party crate a second time, which takes as long as
/// building it. Our crates are compiled without optimisation and apart from the binaries that run and test use.
fn clippy(_: &Context) -> Result<Outcome> {
    let sysroot = shell::output(&mut shell::command("rustc", &["--print", "sysroot"]))?;
    let driver = Path::new(sysroot.trim())
        .join("bin/clippy-driver")
        .with_extension(std::env::consts::EXE_EXTENSION);
    if !driver.is_file() {
        bail!("clippy is missing; `rustup component add clippy` installs it");
    }
    shell::run(
        shell::command(
            "cargo",
            &["build", "--workspace", "--all-targets", "--quiet", "--keep-going"],
        )
        .env("RUSTC_WORKSPACE_WRAPPER", driver)
        .env("CLIPPY_ARGS", "-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__")
        .env("CARGO_TARGET_DIR", shell::root().join("target/lint"))
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_DEV_DEBUG", "false"),
    )?;
    Ok(Passed)
}

/// Unit and integration tests, then the documentation's examples, which `--all-targets` leaves out; the children and their libraries
/// are those just built.
fn rust(context: &Context) -> Result<Outcome> {
    let tools = llama_tools::build(&context.cache, &app::compile(&context.cache)?)?;
    let tests = |kind: &str| {
        let mut command = shell::command("cargo", &["test", "--workspace", kind, "--no-fail-fast"]);
        command.env(LLAMA_TOOLS, &tools);
        if context.full {
            command.env("DOCMIND_TEST_FULL", "1");
        }
        shell::run(with_binaries(&mut command))
    };
    let (code, examples) = (tests("--all-targets"), tests("--doc"));
    code.and(examples)?;
    Ok(Passed)
}

/// The README's first command, without its window.
fn sample_job(_: &Context) -> Result<Outcome> {
    let bin_dir = shell::bin_dir();
    let data_dir = tempfile::tempdir()?;
    let docmind = bin_dir.join("docmind").with_extension(std::env::consts::EXE_EXTENSION);
    let docmind = |arguments: &[&str]| {
        let mut command = Command::new(&docmind);
        command
            .arg("--data-dir")
            .arg(data_dir.path())
            .arg("--json")
            .args(arguments);
        shell::output(&mut command)
    };
    docmind(&["add", "assets/samples"])?;
    let answer = docmind(&["ask", "How many days of notice does the tenant have to give?"])?;
    if !answer.contains("\"mode\":\"extractive\"") || !answer.contains("lease") {
        bail!("the sample question was not answered from the lease:\n{answer}");
    }
    Ok(Passed)
}

fn npm(script: &str, folder: &Path) -> Result<()> {
    shell::run(with_binaries(
        shell::command("npm", &["run", "--silent", script]).current_dir(folder),
    ))
}

fn ui() -> PathBuf {
    shell::root().join("ui")
}

fn interface_lint(_: &Context) -> Result<Outcome> {
    ["lint", "typecheck", "depcruise", "knip"]
        .into_iter()
        .try_for_each(|script| npm(script, &ui()))?;
    Ok(Passed)
}

fn interface_unit(_: &Context) -> Result<Outcome> {
    npm("test", &ui())?;
    Ok(Passed)
}

fn interface_e2e(_: &Context) -> Result<Outcome> {
    npm("e2e", &ui())?;
    Ok(Passed)
}

fn window(context: &Context) -> Result<Outcome> {
    if let Some(tool) = desktop::missing() {
        return Ok(Skipped(format!(
            "the real window needs `{tool}`, which this system does not have"
        )));
    }
    desktop::play(Play::Suite, &context.cache)?;
    Ok(Passed)
}

/// With what was built and set up just now, which a test must not leave out for missing.
fn with_binaries(command: &mut Command) -> &mut Command {
    let bin_dir = shell::bin_dir();
    command
        .env("LD_LIBRARY_PATH", bin_dir.join("runtime"))
        .env("DOCMIND_RUNTIME_DIR", bin_dir.join("runtime"))
        .env("DOCMIND_BIN_DIR", bin_dir)
        .env("DOCMIND_PARTS_REQUIRED", "1")
}
