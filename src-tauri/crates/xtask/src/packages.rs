//! System packages and npm packages.

use crate::shell;
use anyhow::{Result, bail};
use std::path::Path;

/// To read scans; built and run is without it too.
const SCANS: &[&str] = &["tesseract-ocr", "tesseract-ocr-deu"];

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

/// The browser that the interface is tested in, unless this variable names another one.
const BROWSER: (&str, &str) = ("chromium", "CHROMIUM");

/// What a job needs. Ubuntu has the browser as a snap alone: there another one is named.
fn wanted(purpose: Purpose, has_browser: bool) -> Vec<&'static str> {
    let mut wanted = match purpose {
        Purpose::Build => [SCANS, BUILD].concat(),
        Purpose::Test => [SCANS, BUILD, TEST].concat(),
        Purpose::Prove => [SCANS, BUILD, TEST, PROVE].concat(),
    };
    wanted.retain(|package| !(has_browser && *package == BROWSER.0));
    wanted
}

/// Installs what is missing, or says which line to run.
pub fn system(purpose: Purpose) -> Result<()> {
    let has_browser = std::env::var_os(BROWSER.1).is_some_and(|browser| Path::new(&browser).is_file());
    let wanted = wanted(purpose, has_browser);
    if !cfg!(target_os = "linux") || !shell::has("dpkg-query") {
        eprintln!(
            "  system packages: not a Debian system; what these packages hold there is needed here:\n    {}",
            wanted.join(" ")
        );
        return Ok(());
    }
    let missing: Vec<&str> = wanted.into_iter().filter(|package| !installed(package)).collect();
    let missing = [missing, python()].concat();
    if missing.is_empty() {
        return Ok(());
    }
    let prefix: &[&str] = if is_root()? {
        &[]
    } else if shell::output(&mut shell::command("sudo", &["-n", "true"])).is_ok() {
        &["sudo", "-n"]
    } else {
        let line = format!(
            "apt-get update && apt-get install -y --no-install-recommends {}",
            missing.join(" ")
        );
        if !missing.iter().any(|package| is_needed(package, purpose)) {
            eprintln!("  scans are not read; to have them read, run this as root:\n\n    {line}\n");
            return Ok(());
        }
        bail!("Debian packages are missing; run this as root, then try again:\n\n    {line}\n");
    };
    let apt = |arguments: &[&str]| {
        // A mirror that stumbles once must not end an installation.
        let words = [prefix, &["apt-get", "-o", "Acquire::Retries=3"], arguments].concat();
        shell::run(shell::command(words[0], &words[1..]).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update", "-qq"])?;
    apt(&[&["install", "-y", "-qq", "--no-install-recommends"], missing.as_slice()].concat())
}

/// Whether a job is not done at all without a package.
fn is_needed(package: &str, purpose: Purpose) -> bool {
    purpose != Purpose::Build || !SCANS.contains(&package)
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
        // A line an architecture, where a package is there for several.
        &["-W", "-f", "${db:Status-Status}\\n", package],
    ))
    .is_ok_and(|status| status.lines().any(|line| line == "installed"))
}

/// True for root.
pub fn is_root() -> Result<bool> {
    Ok(shell::output(&mut shell::command("id", &["-u"]))?.trim() == "0")
}

/// What vite and what lies below it say that they need, in the versions of the lock file.
const NODE: &str = "20.19 (or a later 20), or 22.12 or newer";

/// True where `node --version`, such as `v20.19.0`, is of [`NODE`].
fn runs_what_is_locked(version: &str) -> Result<bool> {
    let mut numbers = version.trim().trim_start_matches('v').split('.').map(str::parse::<u32>);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
        bail!("`node --version` says `{}`, which is no version", version.trim());
    };
    Ok((major == 20 && minor >= 19) || (major, minor) >= (22, 12))
}

/// npm packages of the folder, in the versions of its lock file, once per lock file. Not `npm ci`: npm 11 calls the lock out of step over
/// the command line tool's packages for other platforms.
pub fn npm(folder: &Path) -> Result<()> {
    if !shell::has("npm") {
        bail!("npm is missing: install Node.js {NODE}, then try again");
    }
    let node = shell::output(&mut shell::command("node", &["--version"]))?;
    if !runs_what_is_locked(&node)? {
        bail!(
            "Node.js {} does not run the interface's packages: install {NODE}, then try again",
            node.trim()
        );
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_that_is_named_is_not_installed_beside_it() {
        assert!(wanted(Purpose::Test, false).contains(&"chromium"));
        assert!(!wanted(Purpose::Test, true).contains(&"chromium"));
        assert!(wanted(Purpose::Test, true).contains(&"xvfb"));
    }

    #[test]
    fn whoever_may_not_install_builds_without_text_recognition() {
        assert!(!is_needed("tesseract-ocr", Purpose::Build));
        assert!(is_needed("cmake", Purpose::Build));
        assert!(is_needed("tesseract-ocr", Purpose::Test));
    }

    #[test]
    fn an_old_node_is_told_from_one_that_runs_what_is_locked() {
        for new_enough in ["v20.19.0\n", "v20.20.2", "v22.12.0", "v24.0.0", "v26.1.0-nightly"] {
            assert!(runs_what_is_locked(new_enough).unwrap(), "{new_enough}");
        }
        for too_old in ["v12.22.12", "v18.20.8", "v20.18.3", "v21.7.0", "v22.11.0"] {
            assert!(!runs_what_is_locked(too_old).unwrap(), "{too_old}");
        }
        assert!(runs_what_is_locked("command not found").is_err());
    }
}
