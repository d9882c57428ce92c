//! `cargo xtask bundle`: a Debian package with everything the application needs beside it.

use crate::{app, shell};
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::path::{Path, PathBuf};

/// The programs that the window starts; they lie in `/usr/lib/docmind`, away from the path.
const CHILDREN: &[&str] = &["docmind-parse", "docmind-embed", "docmind-generate"];

/// Builds, strips and packs; prints where the package is.
///
/// The binaries are those of the one profile that run and test use (`debug`, optimised dependencies), so that what was tested is
/// what is packed.
pub fn bundle(arguments: &[String]) -> Result<()> {
    if let Some(unknown) = arguments.first() {
        bail!("`cargo xtask bundle` has no option `{unknown}`");
    }
    let bin_dir = app::build()?;
    let stage = shell::root().join("target/bundle-stage");
    let _ = std::fs::remove_dir_all(&stage);
    for child in CHILDREN {
        strip(&bin_dir.join(child), &stage.join("lib").join(child))?;
    }
    strip(&bin_dir.join("docmind"), &stage.join("docmind"))?;
    copy_tree(&bin_dir.join("runtime"), &stage.join("lib/runtime"))?;
    copy_tree(&shell::root().join("assets/samples"), &stage.join("lib/samples"))?;
    strip_libraries(&stage.join("lib/runtime"))?;

    eprintln!("package");
    let config = json!({ "bundle": { "linux": { "deb": { "files": {
        "/usr/lib/docmind": stage.join("lib"),
        "/usr/bin/docmind": stage.join("docmind"),
    } } } } });
    let tauri = shell::root().join("node_modules/.bin/tauri");
    let tauri = tauri.to_str().context("the path of this checkout is not UTF-8")?;
    shell::run(&mut shell::command(
        tauri,
        &["bundle", "--debug", "--bundles", "deb", "--config", &config.to_string()],
    ))?;
    let package = newest_package(&bin_dir.join("bundle/deb"))?;
    let size = std::fs::metadata(&package)?.len();
    println!("{} ({:.0} MB)", package.display(), size as f64 / 1e6);
    Ok(())
}

/// A copy without debug sections: a third of the size.
fn strip(from: &Path, to: &Path) -> Result<()> {
    let parent = to.parent().context("BUG: a staged file has a folder")?;
    std::fs::create_dir_all(parent)?;
    let (from, to) = (from.to_str().context("not UTF-8")?, to.to_str().context("not UTF-8")?);
    shell::run(&mut shell::command("strip", &["--strip-unneeded", "-o", to, from]))
}

fn strip_libraries(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            strip_libraries(&path)?;
        } else if path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().contains(".so"))
        {
            shell::run(&mut shell::command(
                "strip",
                &["--strip-unneeded", path.to_str().context("not UTF-8")?],
            ))?;
        }
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from).with_context(|| format!("`{}` is missing", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn newest_package(folder: &Path) -> Result<PathBuf> {
    let packages = std::fs::read_dir(folder).with_context(|| format!("`{}` is missing", folder.display()))?;
    packages
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .max_by_key(|path| std::fs::metadata(path).and_then(|meta| meta.modified()).ok())
        .context("the bundler left no package")
}
