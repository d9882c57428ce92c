//! Set-up, build and run.

use crate::desktop::Play;
use crate::packages::Purpose;
use crate::{desktop, native, packages, shell};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Instant, SystemTime};

/// What the terminal form of the main job asks when nothing else is asked.
const SAMPLE_QUESTION: &str = "How many days of notice does the tenant have to give?";

/// Everything that is not compiled by cargo, for whoever builds.
pub fn setup() -> Result<()> {
    set_up(Purpose::Test).map(drop)
}

/// Packages, libraries and the model; gives the cache folder.
pub fn set_up(purpose: Purpose) -> Result<PathBuf> {
    eprintln!("set-up");
    packages::system(purpose)?;
    packages::npm(&shell::root())?;
    native::fetch()
}

/// The real window, with what is built now.
pub fn desktop(arguments: &[String]) -> Result<()> {
    let play = Play::parse(arguments)?;
    let cache = set_up(Purpose::Test)?;
    interface()?;
    compile(&cache)?;
    desktop::play(play, &cache)
}

/// Set-up, the interface's bundle, every binary, and `runtime/` beside them. Gives the folder of binaries.
pub fn build() -> Result<PathBuf> {
    build_as(Profile::Debug).map(|built| built.bin_dir)
}

/// The same in a profile.
pub fn build_as(profile: Profile) -> Result<Built> {
    let cache = set_up(Purpose::Build)?;
    interface()?;
    compile_as(&cache, profile)
}

/// What a build left.
pub struct Built {
    /// The programs, and `runtime/` beside them.
    pub bin_dir: PathBuf,
    /// Where llama.cpp was built.
    pub llama_out: PathBuf,
}

/// How it is compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// The one that run and test share.
    Debug,
    /// Optimised throughout; everything is compiled once more for it.
    Release,
}

impl Profile {
    /// The folder of its binaries.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
        }
    }

    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Debug => &["--all-targets"],
            Self::Release => &["--bins", "--release"],
        }
    }
}

/// The interface's bundle: it is compiled into the application.
pub fn interface() -> Result<()> {
    eprintln!("interface");
    shell::run(shell::command("npm", &["run", "--silent", "build"]).current_dir(shell::root().join("ui")))
}

/// All crates and tests in the one profile and feature set that run and test share, so that nothing heavy is compiled twice.
pub fn compile(cache: &Path) -> Result<Built> {
    compile_as(cache, Profile::Debug)
}

/// Set for the command that was started again.
const AGAIN: &str = "DOCMIND_XTASK_AGAIN";

/// Clones share one build folder, and cargo takes for fresh what another clone built of other text in the same places, as long as this
/// clone's files are older. Where another one built last, the files here count as changed, and the command starts once more: this very
/// program may be of the other clone's text.
pub fn claim_build_folder(arguments: &[String]) -> Result<()> {
    let metadata = shell::metadata()?;
    let folder = ["build_directory", "target_directory"]
        .iter()
        .find_map(|name| metadata[*name].as_str())
        .context("cargo metadata names no build folder")?;
    let claim = claim(Path::new(folder), &shell::root())?;
    if claim == Claim::Held || std::env::var_os(AGAIN).is_some() {
        return Ok(());
    }
    eprintln!("this clone did not build last: once more, with xtask built of its text");
    let status = shell::command("cargo", &["xtask"])
        .args(arguments)
        .env(AGAIN, "1")
        .status()
        .context("cargo could not be started")?;
    std::process::exit(status.code().unwrap_or(1));
}

/// Who built last in a folder.
#[derive(Debug, PartialEq, Eq)]
enum Claim {
    /// This clone.
    Held,
    /// Another one, or nobody knows; now this one.
    Taken,
}

fn claim(folder: &Path, root: &Path) -> Result<Claim> {
    let marker = folder.join("built-by");
    let own = root.as_os_str().as_encoded_bytes();
    if std::fs::read(&marker).is_ok_and(|last| last == own) {
        return Ok(Claim::Held);
    }
    for sources in ["src-tauri", "tests", "assets"] {
        touch(&root.join(sources), SystemTime::now())?;
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(&marker, own).with_context(|| format!("`{}` cannot be written", marker.display()))?;
    Ok(Claim::Taken)
}

/// Gives every file below a folder this time of change. Links are left alone.
fn touch(folder: &Path, now: SystemTime) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("`{}` cannot be read", folder.display()))? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            touch(&entry.path(), now)?;
        } else if kind.is_file() {
            std::fs::OpenOptions::new()
                .append(true)
                .open(entry.path())
                .and_then(|file| file.set_modified(now))
                .with_context(|| {
                    format!(
                        "`{}` cannot be given another time: is it yours?",
                        entry.path().display()
                    )
                })?;
        }
    }
    Ok(())
}

fn compile_as(cache: &Path, profile: Profile) -> Result<Built> {
    eprintln!("build (a cold one takes about half an hour on two cores)");
    let started = Instant::now();
    let mut command = shell::command(
        "cargo",
        &["build", "--workspace", "--message-format=json-render-diagnostics"],
    );
    let output = command
        .args(profile.words())
        .stderr(Stdio::inherit())
        .output()
        .context("cargo could not be started")?;
    if !output.status.success() {
        bail!("the build failed");
    }
    let llama_out = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find(|message| {
            message["reason"] == "build-script-executed"
                && message["package_id"]
                    .as_str()
                    .is_some_and(|id| id.contains("llama-cpp-sys-2"))
        })
        .and_then(|message| message["out_dir"].as_str().map(PathBuf::from))
        .context("cargo did not say where llama.cpp was built")?;
    let bin_dir = shell::bin_dir().with_file_name(profile.folder());
    native::install(cache, &llama_out, &bin_dir.join("runtime"))?;
    eprintln!("  built in {:.0} s", started.elapsed().as_secs_f32());
    Ok(Built { bin_dir, llama_out })
}

/// What `cargo xtask run` is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    /// In the terminal, display or not.
    terminal: bool,
    question: String,
}

impl Asked {
    fn parse(arguments: &[String]) -> Result<Self> {
        let (options, words): (Vec<&str>, Vec<&str>) = arguments
            .iter()
            .map(String::as_str)
            .partition(|word| word.starts_with("--"));
        if let Some(unknown) = options.iter().find(|option| **option != "--terminal") {
            bail!("`cargo xtask run` has no option `{unknown}`");
        }
        let question = if words.is_empty() {
            SAMPLE_QUESTION.to_owned()
        } else {
            words.join(" ")
        };
        Ok(Self {
            terminal: !options.is_empty(),
            question,
        })
    }
}

/// The application on the sample documents; the same job in the terminal where there is no display.
pub fn run(arguments: &[String]) -> Result<()> {
    // Before anything is built for half an hour.
    let Asked { terminal, question } = Asked::parse(arguments)?;
    let bin_dir = build()?;
    let samples = shell::root().join("assets/samples");
    let samples = samples.to_str().context("the path of this checkout is not UTF-8")?;
    let data_dir = shell::root().join("target/sample-library");
    let data_dir = data_dir.to_str().context("the path of this checkout is not UTF-8")?;
    if !terminal && has_display() {
        let mut window = shell::command(&binary(&bin_dir, "docmind-app")?, &["--data-dir", data_dir, samples]);
        return shell::run(window.env("DOCMIND_SAMPLES_DIR", samples));
    }
    if !terminal {
        eprintln!("\nThere is no display here: the same job in the terminal.");
    }
    let docmind = binary(&bin_dir, "docmind")?;
    shell::run(&mut shell::command(&docmind, &["--data-dir", data_dir, "add", samples]))?;
    shell::run(&mut shell::command(
        &docmind,
        &["--data-dir", data_dir, "ask", &question],
    ))
}

fn binary(bin_dir: &Path, name: &str) -> Result<String> {
    let path = bin_dir.join(name).with_extension(std::env::consts::EXE_EXTENSION);
    Ok(path
        .to_str()
        .context("the build folder's path is not UTF-8")?
        .to_owned())
}

fn has_display() -> bool {
    !cfg!(target_os = "linux")
        || ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_run_is_asked_for_is_known_before_anything_is_built() {
        let parse = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            Asked::parse(&words)
        };
        let asked = |terminal, question: &str| Asked {
            terminal,
            question: question.to_owned(),
        };
        assert_eq!(parse(&[]).unwrap(), asked(false, SAMPLE_QUESTION));
        assert_eq!(
            parse(&["--terminal", "What", "is due?"]).unwrap(),
            asked(true, "What is due?")
        );
        assert!(parse(&["--termnal"]).is_err());
    }

    #[test]
    fn every_file_below_a_folder_counts_as_changed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("crates/core/lib.rs");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "text").unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000);
        touch(folder.path(), now).unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().modified().unwrap(), now);
        assert_eq!(std::fs::read(&file).unwrap(), b"text");
    }

    #[test]
    fn a_build_folder_is_taken_from_another_clone_and_then_held() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("build");
        let clones = ["one", "two"].map(|name| place.path().join(name));
        for (clone, sources) in clones
            .iter()
            .flat_map(|clone| ["src-tauri", "tests", "assets"].map(|it| (clone, it)))
        {
            std::fs::create_dir_all(clone.join(sources)).unwrap();
        }
        let [one, two] = &clones;
        let claims = [one, one, two, one].map(|clone| claim(&folder, clone).unwrap());
        assert_eq!(claims, [Claim::Taken, Claim::Held, Claim::Taken, Claim::Taken]);
    }
}
