//! `cargo xtask desktop`: the real window, on a display of its own, used as a person uses it.

use crate::shell;
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// Speaks WebDriver to the window; built apart, so that its features never meet ours.
const DRIVER: &str = "tauri-driver";
const DRIVER_VERSION: &str = "2.1.0";

/// Programs that the suite calls, beside the driver.
const TOOLS: &[&str] = &[
    "xvfb-run",
    "WebKitWebDriver",
    "dbus-run-session",
    "xdotool",
    "convert",
    "import",
    "/usr/bin/python3",
];

/// Room for the window and for another one beside it to drag files from.
const SCREEN: &str = "-screen 0 1600x1000x24 -nolisten tcp";

/// What is played on the real window.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Play {
    /// The tests.
    Suite,
    /// Start, idle and scrolling, measured.
    Figures,
    /// The README's pictures.
    Screenshots,
    /// The installed package, from its first start to an answer.
    Installed,
}

impl Play {
    /// What the player is told.
    pub fn name(self) -> &'static str {
        match self {
            Self::Suite => "suite",
            Self::Figures => "figures",
            Self::Screenshots => "screenshots",
            Self::Installed => "installed",
        }
    }

    /// From the words after `cargo xtask desktop`.
    pub fn parse(words: &[String]) -> Result<Self> {
        match words {
            [] => Ok(Self::Suite),
            [word] if word == "figures" => Ok(Self::Figures),
            [word] if word == "screenshots" => Ok(Self::Screenshots),
            _ => bail!("`cargo xtask desktop` takes nothing, `figures` or `screenshots`"),
        }
    }
}

/// Plays with the binaries just built.
///
/// The suite gets a second try, from an empty folder and on a new display: a machine that stalls for a minute makes a window miss a
/// drag, and both tries are in the log.
pub fn play(play: Play, cache: &Path) -> Result<()> {
    if let Some(tool) = missing() {
        bail!("the real window needs `{tool}`, which this system does not have");
    }
    let driver = driver(cache)
        .inspect_err(|error| eprintln!("  without {DRIVER}, by WebKit's own driver: {error:#}"))
        .ok();
    match curtain(play, driver.as_deref()) {
        Err(error) if play == Play::Suite => {
            eprintln!("  once more, from the start: {error:#}");
            curtain(play, driver.as_deref())
        }
        result => result,
    }
}

fn curtain(play: Play, driver: Option<&Path>) -> Result<()> {
    let bin_dir = shell::bin_dir();
    let vitest = shell::root().join("node_modules/.bin/vitest");
    let mut command = shell::command("xvfb-run", &["--auto-servernum", "--server-args", SCREEN]);
    command
        .arg(vitest)
        .args(["run", "--config", "tests/e2e/desktop/vitest.config.ts"])
        .env("DOCMIND_PLAY", play.name())
        .env("DOCMIND_BIN_DIR", &bin_dir)
        .env("DOCMIND_RUNTIME_DIR", bin_dir.join("runtime"))
        .env("LD_LIBRARY_PATH", bin_dir.join("runtime"));
    match driver {
        Some(driver) => command.env("TAURI_DRIVER", driver),
        None => command.env_remove("TAURI_DRIVER"),
    };
    shell::run(&mut command)
}

/// The first program that the real window needs to be played and that is not there.
pub fn missing() -> Option<&'static str> {
    if !cfg!(target_os = "linux") {
        return Some("Xvfb (Linux)");
    }
    TOOLS
        .iter()
        .copied()
        .find(|tool| !Path::new(tool).is_file() && !shell::has(tool))
}

/// The driver, built once into the cache, apart from this repository's settings and build folder.
fn driver(cache: &Path) -> Result<PathBuf> {
    let home = cache.join(format!("{DRIVER}-{DRIVER_VERSION}"));
    let driver = home.join("bin").join(DRIVER);
    if driver.is_file() {
        return Ok(driver);
    }
    let build = tempfile::tempdir_in(cache)?;
    // Unoptimised: it passes a few hundred messages on, and is built in a minute instead of four.
    let mut command = shell::command("cargo", &["install", "--quiet", "--locked", "--debug", DRIVER]);
    command
        .args(["--version", DRIVER_VERSION])
        .arg("--root")
        .arg(&home)
        .env("CARGO_TARGET_DIR", build.path())
        .env("CARGO_BUILD_BUILD_DIR", build.path())
        .current_dir(build.path());
    shell::run(&mut command)?;
    Ok(driver)
}
