//! `cargo xtask bundle --prove`: the package in a Debian system of nothing but itself, without a network.

use crate::packages::Purpose;
use crate::{desktop, packages, shell};
use anyhow::{Context, Result, bail, ensure};
use std::path::Path;

/// The release that is proved on where the package was not built on Debian: the oldest we build on.
const OLDEST: &str = "bookworm";
/// What the proof itself calls.
const TOOLS: &[&str] = &["mmdebstrap", "unshare", "chroot", "mount", "ip", "xvfb-run"];
/// For the second half: to drive the window. The application needs none of it.
const DRIVER: &[&str] = &["webkit2gtk-driver", "dbus", "xauth", "fonts-dejavu-core"];

/// Commands of the installed package, without a network; `$ROOT` is the system, `$WORK` a folder seen under the same name inside.
const INSIDE: &str = r#"
set -eu
mount --make-rprivate /
mount -t proc proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
mkdir -p "$ROOT$WORK"
mount --bind "$WORK" "$ROOT$WORK"
ip link set lo up
cd /
inside() { env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin TMPDIR="$WORK" chroot "$ROOT" "$@"; }
if [ "$HALF" = terminal ]; then
    inside test -s /usr/share/bash-completion/completions/docmind
    inside docmind --data-dir "$WORK/terminal" doctor
    inside docmind --data-dir "$WORK/terminal" --json add /usr/lib/docmind/samples
    inside docmind --data-dir "$WORK/terminal" --json ask 'How many days of notice does the tenant have to give?'
else
    export TMPDIR="$WORK"
    cd "$REPOSITORY"
    xvfb-run --auto-servernum --server-args '-screen 0 1600x1000x24 -nolisten tcp' \
        node_modules/.bin/vitest run --config tests/e2e/desktop/vitest.config.ts
fi
"#;

/// An error for whoever cannot make a system: better before anything is built for it.
pub fn allowed() -> Result<()> {
    ensure!(
        packages::is_root()?,
        "`--prove` makes a system of its own and installs the package there, which takes root: run it as root"
    );
    Ok(())
}

/// The Debian release that `/etc/os-release` names.
fn release(os_release: &str) -> String {
    let value = |key: &str| {
        os_release
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .map(|value| value.trim_matches('"'))
    };
    match (value("ID"), value("VERSION_CODENAME")) {
        (Some("debian"), Some(name)) if !name.is_empty() => name.to_owned(),
        _ => OLDEST.to_owned(),
    }
}

/// Installs the package in a minimal system, then adds and asks there: in the terminal, and in the window.
pub fn prove(package: &Path) -> Result<()> {
    packages::system(Purpose::Prove)?;
    if let Some(missing) = TOOLS.iter().find(|tool| !shell::has(tool)) {
        bail!("the proof needs `{missing}`, which this system does not have");
    }
    eprintln!("proof");
    let place = tempfile::tempdir_in(shell::cache_dir()?)?;
    let root = place.path().join("root");
    let root = root.to_str().context("the cache folder's path is not UTF-8")?;
    // The package asks for the libraries of the release that it was built on.
    let release = release(&std::fs::read_to_string("/etc/os-release").unwrap_or_default());
    shell::run(&mut shell::command(
        "mmdebstrap",
        &["--quiet", "--variant=minbase", &release, root],
    ))?;
    std::fs::copy("/etc/resolv.conf", format!("{root}/etc/resolv.conf"))?;
    std::fs::copy(package, format!("{root}/docmind.deb"))?;
    install(root, &["/docmind.deb"])?;

    // A short path: sockets lie in it.
    let work = tempfile::tempdir()?;
    let said = shell::output(&mut half("terminal", root, work.path()))?;
    ensure!(
        said.contains("\"mode\":\"extractive\"") && said.contains("lease"),
        "the installed command line did not answer from the lease:\n{said}"
    );
    eprintln!("  installed, read and answered in the terminal, offline");
    install(root, DRIVER)?;
    shell::run(&mut half("window", root, work.path()))?;
    println!(
        "the package was installed, read the samples and answered, in the terminal and in its window, without a network"
    );
    Ok(())
}

fn install(root: &str, packages: &[&str]) -> Result<()> {
    let apt = |words: &[&str]| {
        let words = [&[root, "apt-get", "-qq"], words].concat();
        shell::run(shell::command("chroot", &words).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], packages].concat())
}

fn half(name: &str, root: &str, work: &Path) -> std::process::Command {
    let mut command = shell::command("unshare", &["--net", "--mount", "sh", "-c", INSIDE]);
    command
        .env("HALF", name)
        .env("ROOT", root)
        .env("WORK", work)
        .env("REPOSITORY", shell::root())
        .env("DOCMIND_PLAY", desktop::Play::Installed.name())
        .env("DOCMIND_ROOT", root)
        .env_remove("LD_LIBRARY_PATH");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_made_on_the_release_that_was_built_on() {
        assert_eq!(
            release("PRETTY_NAME=\"Debian\"\nVERSION_CODENAME=trixie\nID=debian\n"),
            "trixie"
        );
        assert_eq!(release("VERSION_CODENAME=noble\nID=ubuntu\n"), OLDEST);
        assert_eq!(release(""), OLDEST);
    }
}
