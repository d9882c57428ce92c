//! `cargo xtask bundle`: a Debian package with everything the application needs beside it.

use crate::app::Profile;
use crate::{app, notices, prove, shell};
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::path::{Path, PathBuf};

/// The programs that the window starts; they lie in `/usr/lib/docmind`, away from the path.
const CHILDREN: &[&str] = &["docmind-parse", "docmind-embed", "docmind-generate"];
/// What our programs and llama.cpp are linked with, beside what the bundler finds out itself; built on the oldest release we serve.
const DEPENDS: &[&str] = &[
    "libc6 (>= 2.35)",
    "libgcc-s1",
    "libgomp1",
    "libstdc++6 (>= 12)",
    "libdbus-1-3",
];
/// Built with llama.cpp and linked by none of our programs; it alone would need OpenSSL.
const UNUSED: &str = "libllama-common.so.0";

/// Builds, strips and packs; prints where the package is.
///
/// `--debug` packs the binaries of the one profile that run and test use (optimised dependencies), so that what was tested is what
/// is packed; without it everything is built anew as a release. `--prove` installs the package in a minimal system and uses it there.
pub fn bundle(arguments: &[String]) -> Result<()> {
    let (mut profile, mut proof) = (Profile::Release, false);
    for word in arguments {
        match word.as_str() {
            "--debug" => profile = Profile::Debug,
            "--prove" => proof = true,
            unknown => bail!("`cargo xtask bundle` has no option `{unknown}`"),
        }
    }
    let package = pack(&app::build_as(profile)?, profile)?;
    let size = std::fs::metadata(&package)?.len();
    println!("{} ({:.0} MB)", package.display(), size as f64 / 1e6);
    if proof { prove::prove(&package) } else { Ok(()) }
}

fn pack(bin_dir: &Path, profile: Profile) -> Result<PathBuf> {
    let stage = shell::root().join("target/bundle-stage");
    // What an earlier run left; usually nothing.
    drop(std::fs::remove_dir_all(&stage));
    for child in CHILDREN {
        strip(&bin_dir.join(child), &stage.join("lib").join(child))?;
    }
    strip(&bin_dir.join("docmind"), &stage.join("docmind"))?;
    copy_tree(&bin_dir.join("runtime"), &stage.join("lib/runtime"))?;
    copy_tree(&shell::root().join("assets/samples"), &stage.join("lib/samples"))?;
    std::fs::remove_file(stage.join("lib/runtime").join(UNUSED))?;
    strip_libraries(&stage.join("lib/runtime"))?;
    // The bundler takes the window's program from the build folder, as it lies there: it is shown one with a stripped copy.
    let target = stage.join("target");
    strip(
        &bin_dir.join("docmind-app"),
        &target.join(profile.folder()).join("docmind-app"),
    )?;

    let third_party = stage.join("third-party-licences.txt");
    let named = notices::write(&shell::cache_dir()?, &third_party)?;
    eprintln!("  licences of {named} works of others");

    eprintln!("package");
    let config = json!({ "bundle": { "linux": { "deb": {
        "section": "utils",
        "depends": DEPENDS,
        "files": {
            "/usr/lib/docmind": stage.join("lib"),
            "/usr/bin/docmind": stage.join("docmind"),
            "/usr/share/doc/doc-mind/copyright": shell::root().join("LICENSE"),
            "/usr/share/doc/doc-mind/third-party-licences.txt": third_party,
        },
    } } } });
    let tauri = shell::root().join("node_modules/.bin/tauri");
    let tauri = tauri.to_str().context("the path of this checkout is not UTF-8")?;
    let config = config.to_string();
    let mut words = vec!["bundle", "--bundles", "deb", "--config", &config];
    if profile == Profile::Debug {
        words.push("--debug");
    }
    shell::run(shell::command(tauri, &words).env("CARGO_TARGET_DIR", &target))?;
    newest_package(&target.join(profile.folder()).join("bundle/deb"))
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
