//! Running commands: echoed, timed, failing loudly.

use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The repository's root. Asked of cargo at run time: clones share one build folder, and the program may have been built in another.
pub fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).to_owned(), PathBuf::from);
    package
        .ancestors()
        .nth(3)
        .expect("BUG: xtask lives three folders down")
        .to_path_buf()
}

/// A command of words, echoed when run.
pub fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    // What `cargo run` tells this program about itself. Build scripts watch these variables: passed on, `cargo build` by hand and
    // by `cargo xtask` would rebuild LanceDB in turns.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(describes_this_package) {
            command.env_remove(name);
        }
    }
    command
}

fn describes_this_package(variable: &str) -> bool {
    [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "OUT_DIR",
    ]
    .iter()
    .any(|start| variable.starts_with(start))
}

/// Runs to the end, output to the terminal; a failure names the command.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    eprintln!("  $ {shown}");
    let status = command
        .status()
        .with_context(|| format!("`{shown}` could not be started; is it installed?"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// Runs quietly and gives standard output; a failure shows what was printed.
pub fn output(command: &mut Command) -> Result<String> {
    let shown = show(command);
    let output = command
        .output()
        .with_context(|| format!("`{shown}` could not be started; is it installed?"))?;
    if !output.status.success() {
        bail!(
            "`{shown}` failed ({})\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// True when `program` is on the path.
pub fn has(program: &str) -> bool {
    find(program).is_some()
}

/// Where `program` is on the path.
pub fn find(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// The folder of finished binaries, wherever `CARGO_TARGET_DIR` or a person's own cargo settings put it.
pub fn bin_dir() -> PathBuf {
    static TARGET: OnceLock<PathBuf> = OnceLock::new();
    let target = || {
        let metadata = metadata().ok()?;
        metadata["target_directory"].as_str().map(PathBuf::from)
    };
    TARGET
        .get_or_init(|| target().unwrap_or_else(|| root().join("target")))
        .join("debug")
}

/// What cargo says of this workspace, without its packages of others.
pub fn metadata() -> Result<serde_json::Value> {
    let said = output(&mut command(
        "cargo",
        &["metadata", "--format-version", "1", "--no-deps", "--offline"],
    ))?;
    serde_json::from_str(&said).context("cargo metadata gave no JSON")
}

/// Where set-up keeps what it fetched and built, across clones.
pub fn cache_dir() -> Result<PathBuf> {
    let base = cache_base(std::env::var_os("XDG_CACHE_HOME"), std::env::home_dir())
        .context("neither XDG_CACHE_HOME nor HOME names a folder")?;
    let dir = base.join("docmind-setup");
    std::fs::create_dir_all(&dir).with_context(|| format!("cannot create `{}`", dir.display()))?;
    Ok(dir)
}

/// What is empty or relative is no folder: it would lie wherever a command happens to run.
fn cache_base(named: Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    named
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute())
        .or_else(|| Some(home.filter(|home| home.is_absolute())?.join(".cache")))
}

/// Puts `from` at `to` unless it is there already with the same size and time; by hard link where the file systems allow.
pub fn place(from: &Path, to: &Path) -> Result<()> {
    let source = std::fs::metadata(from).with_context(|| format!("`{}` is missing", from.display()))?;
    if let Ok(present) = std::fs::metadata(to)
        && present.len() == source.len()
        && present.modified().ok() == source.modified().ok()
    {
        return Ok(());
    }
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let _ = std::fs::remove_file(to);
    if std::fs::hard_link(from, to).is_err() {
        copy(from, to).with_context(|| format!("cannot copy `{}` to `{}`", from.display(), to.display()))?;
    }
    Ok(())
}

/// A copy with the time of its source, by which [`place`] knows it again.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::copy(from, to)?;
    let written = std::fs::metadata(from)?.modified()?;
    // Opened for reading: a library may be read-only.
    File::open(to)?.set_modified(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_folder_is_one_that_is_named_whole() {
        let home = || Some(PathBuf::from("/home/ada"));
        let base = |named: Option<&str>, home| cache_base(named.map(OsString::from), home);
        assert_eq!(base(Some("/var/cache"), home()), Some("/var/cache".into()));
        for unnamed in [None, Some(""), Some("cache")] {
            assert_eq!(base(unnamed, home()), Some("/home/ada/.cache".into()));
        }
        assert_eq!(base(None, Some(PathBuf::new())), None);
        assert_eq!(base(None, None), None);
    }

    #[test]
    fn what_was_copied_is_not_copied_again() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        std::fs::write(&from, "library").unwrap();
        let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        File::options()
            .append(true)
            .open(&from)
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
        copy(&from, &to).unwrap();
        assert_eq!(std::fs::metadata(&to).unwrap().modified().unwrap(), long_ago);
        // Of the same size and time: taken for the same, and left alone.
        std::fs::write(&to, "LIBRARY").unwrap();
        File::options()
            .append(true)
            .open(&to)
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
        place(&from, &to).unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), b"LIBRARY");
    }
}
