//! System packages and npm packages.

use crate::shell;
use anyhow::{Result, bail};
use std::path::Path;

/// To build.
const BUILD: &[&str] = &[
    "build-essential",
    "pkg-config",
    "libwebkit2gtk-4.1-dev",
    "librsvg2-dev",
    "libxdo-dev",
    "libssl-dev",
    "protobuf-compiler",
    "libprotobuf-dev",
    "cmake",
    "ninja-build",
    "clang",
    "libclang-dev",
];

/// To test: a display, drivers for the real window, a browser, a reference for PDF text, a software GPU.
const TEST: &[&str] = &[
    "xvfb",
    "xauth",
    "xdotool",
    "python3-gi",
    "gir1.2-gtk-3.0",
    "dbus",
    "webkit2gtk-driver",
    "chromium",
    "poppler-utils",
    "strace",
    "mesa-vulkan-drivers",
    "fonts-dejavu-core",
    "fonts-noto-cjk",
    "imagemagick",
];

/// To prove a package: a minimal system, without a network.
const PROVE: &[&str] = &["mmdebstrap", "iproute2"];

/// Which Debian packages a job needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Building and running.
    Build,
    /// All of that and the test suites.
    Test,
    /// All of that and a system to install the package in.
    Prove,
}

/// Installs what is missing, or says which line to run.
pub fn system(purpose: Purpose) -> Result<()> {
    if !cfg!(target_os = "linux") || !shell::has("dpkg-query") {
        eprintln!("  system packages: not a Debian system; the README lists what is needed");
        return Ok(());
    }
    let lists: &[&[&str]] = match purpose {
        Purpose::Build => &[BUILD],
        Purpose::Test => &[BUILD, TEST],
        Purpose::Prove => &[BUILD, TEST, PROVE],
    };
    let wanted = lists.iter().copied().flatten().copied();
    let missing: Vec<&str> = wanted.filter(|package| !installed(package)).collect();
    let missing = [missing, python()].concat();
    if missing.is_empty() {
        return Ok(());
    }
    let line = format!("apt-get install -y --no-install-recommends {}", missing.join(" "));
    let prefix: &[&str] = if is_root()? {
        &[]
    } else if shell::output(&mut shell::command("sudo", &["-n", "true"])).is_ok() {
        &["sudo", "-n"]
    } else {
        bail!("these Debian packages are missing; run this, then try again:\n\n    sudo {line}\n");
    };
    let apt = |arguments: &[&str]| {
        // A mirror that stumbles once must not end an installation.
        let words = [prefix, &["apt-get", "-o", "Acquire::Retries=3"], arguments].concat();
        shell::run(shell::command(words[0], &words[1..]).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update", "-qq"])?;
    apt(&[&["install", "-y", "-qq", "--no-install-recommends"], missing.as_slice()].concat())
}

/// pip, where no Python at hand brings it.
fn python() -> Vec<&'static str> {
    let works = shell::output(&mut shell::command("python3", &["-m", "pip", "--version"])).is_ok();
    if works {
        Vec::new()
    } else {
        vec!["python3", "python3-pip"]
    }
}

fn installed(package: &str) -> bool {
    shell::output(&mut shell::command(
        "dpkg-query",
        &["-W", "-f", "${db:Status-Status}", package],
    ))
    .is_ok_and(|status| status == "installed")
}

fn is_root() -> Result<bool> {
    Ok(shell::output(&mut shell::command("id", &["-u"]))?.trim() == "0")
}

/// npm packages of the folder, in the versions of its lock file, once per lock file. Not `npm ci`: npm 11 calls the lock out of step over
/// the command line tool's packages for other platforms.
pub fn npm(folder: &Path) -> Result<()> {
    if !shell::has("npm") {
        bail!("npm is missing: install Node.js 20 or newer, then try again");
    }
    let lock = std::fs::read(folder.join("package-lock.json"))?;
    let stamp = folder.join("node_modules/.docmind-lock");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    shell::run(
        shell::command(
            "npm",
            &["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"],
        )
        .current_dir(folder),
    )?;
    std::fs::write(stamp, lock)?;
    Ok(())
}
