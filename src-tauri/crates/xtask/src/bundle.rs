//! `cargo xtask bundle`: a Debian package with everything the application needs beside it.

use crate::app::{Built, Profile};
use crate::{app, native, notices, prove, shell};
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The programs that the window starts; they lie in `/usr/lib/docmind`, away from the path.
const CHILDREN: [&str; 3] = ["docmind-parse", "docmind-embed", "docmind-generate"];
/// What our programs and llama.cpp are linked with, beside what the bundler finds out itself and [`versioned`].
const DEPENDS: [&str; 3] = ["libgcc-s1", "libgomp1", "libdbus-1-3"];
/// The C library of the oldest release we serve.
const GLIBC: (u32, u32) = (2, 35);
/// Its C++ library: GCC 12's.
const GLIBCXX: u32 = 30;
/// The `n` of `GLIBCXX_3.4.n` and Debian's version of the libstdc++6 that first had it
/// (<https://gcc.gnu.org/onlinedocs/libstdc++/manual/abi.html>).
const LIBSTDCXX: &[(u32, &str)] = &[(GLIBCXX, "12"), (31, "13.1"), (32, "13.2"), (33, "14"), (34, "15")];
/// Completions that the command line writes itself, and where the shells look for them.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "/usr/share/bash-completion/completions/docmind"),
    ("zsh", "/usr/share/zsh/vendor-completions/_docmind"),
    ("fish", "/usr/share/fish/vendor_completions.d/docmind.fish"),
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
    if proof {
        prove::allowed()?;
    }
    let package = pack(&app::build_as(profile)?, profile)?;
    let size = std::fs::metadata(&package)?.len();
    println!("{} ({:.0} MB)", package.display(), size as f64 / 1e6);
    if proof { prove::prove(&package) } else { Ok(()) }
}

fn pack(built: &Built, profile: Profile) -> Result<PathBuf> {
    let bin_dir = &built.bin_dir;
    let stage = shell::root().join("target/bundle-stage");
    // What an earlier run left; usually nothing.
    drop(std::fs::remove_dir_all(&stage));
    for child in CHILDREN {
        strip(&bin_dir.join(child), &stage.join("lib").join(child))?;
    }
    strip(&bin_dir.join("docmind"), &stage.join("docmind"))?;
    let described = describe(&bin_dir.join("docmind"), &stage.join("described"))?;
    // As set-up makes it, whatever lies beside the binaries: the notices name no GPU libraries, which `cargo xtask backend` puts there.
    let runtime = stage.join("lib/runtime");
    native::install(&shell::cache_dir()?, &built.llama_out, &runtime)?;
    say_what_is_left_out(&bin_dir.join("runtime"), &runtime)?;
    copy_tree(&shell::root().join("assets/samples"), &stage.join("lib/samples"))?;
    std::fs::remove_file(runtime.join(UNUSED))?;
    strip_libraries(&runtime)?;
    // The bundler takes the window's program from the build folder, as it lies there: it is shown one with a stripped copy.
    let target = stage.join("target");
    strip(
        &bin_dir.join("docmind-app"),
        &target.join(profile.folder()).join("docmind-app"),
    )?;

    let third_party = stage.join("third-party-licences.txt");
    let named = notices::write(&shell::cache_dir()?, &third_party)?;
    eprintln!("  licences of {named} works of others");
    let headers = shell::output(shell::command("objdump", &["-p"]).args(linked(&stage)?))?;
    let depends = [DEPENDS.map(str::to_owned).to_vec(), versioned(&headers)?].concat();

    eprintln!("package");
    let files: BTreeMap<&str, PathBuf> = [
        ("/usr/lib/docmind", stage.join("lib")),
        ("/usr/bin/docmind", stage.join("docmind")),
        ("/usr/share/doc/doc-mind/copyright", shell::root().join("LICENSE")),
        ("/usr/share/doc/doc-mind/third-party-licences.txt", third_party),
    ]
    .into_iter()
    .chain(described)
    .collect();
    let config =
        json!({ "bundle": { "linux": { "deb": { "section": "utils", "depends": depends, "files": files } } } });
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

/// The command line's manual page and completions, each with the place where it is installed.
fn describe(docmind: &Path, folder: &Path) -> Result<Vec<(&'static str, PathBuf)>> {
    std::fs::create_dir_all(folder)?;
    let docmind = docmind.to_str().context("not UTF-8")?;
    let page = folder.join("docmind.1");
    std::fs::write(&page, shell::output(&mut shell::command(docmind, &["man"]))?)?;
    // As Debian wants it: packed, and the same bytes each time.
    shell::run(shell::command("gzip", &["-9", "-n", "-f"]).arg(&page))?;
    let mut described = vec![("/usr/share/man/man1/docmind.1.gz", folder.join("docmind.1.gz"))];
    for (shell_name, place) in COMPLETIONS {
        let file = folder.join(format!("completions.{shell_name}"));
        let script = shell::output(&mut shell::command(docmind, &["completions", shell_name]))?;
        std::fs::write(&file, script)?;
        described.push((place, file));
    }
    Ok(described)
}

/// A copy without debug sections: a third of the size.
fn strip(from: &Path, to: &Path) -> Result<()> {
    let parent = to.parent().context("BUG: a staged file has a folder")?;
    std::fs::create_dir_all(parent)?;
    let (from, to) = (from.to_str().context("not UTF-8")?, to.to_str().context("not UTF-8")?);
    shell::run(&mut shell::command("strip", &["--strip-unneeded", "-o", to, from]))
}

/// Each by way of a copy: what is staged is linked to what set-up keeps.
fn strip_libraries(folder: &Path) -> Result<()> {
    for library in linked(folder)? {
        let stripped = library.with_extension("stripped");
        strip(&library, &stripped)?;
        std::fs::rename(stripped, library)?;
    }
    Ok(())
}

/// Every program and library below a folder.
fn linked(folder: &Path) -> Result<Vec<PathBuf>> {
    let is_elf = |path: &PathBuf| {
        let mut begins = [0; 4];
        File::open(path)
            .and_then(|mut file| file.read_exact(&mut begins))
            .is_ok_and(|()| begins == *b"\x7fELF")
    };
    Ok(files(folder)?.into_iter().filter(is_elf).collect())
}

/// Every file below a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("`{}` is missing", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

/// Names what lies in `runtime/` and not in the package.
fn say_what_is_left_out(runtime: &Path, staged: &Path) -> Result<()> {
    let mut left_out = Vec::new();
    for path in files(runtime)? {
        let name = path.strip_prefix(runtime)?;
        if !staged.join(name).is_file() {
            left_out.push(name.display().to_string());
        }
    }
    if !left_out.is_empty() {
        left_out.sort();
        eprintln!("  not packed, since set-up did not bring it: {}", left_out.join(", "));
    }
    Ok(())
}

/// Dependencies in the versions whose symbols our programs and libraries ask for, as `objdump -p` tells it: those of the machine that
/// built, where it is newer than the oldest we serve.
fn versioned(headers: &str) -> Result<Vec<String>> {
    let symbols = || headers.split_whitespace();
    let (major, minor) = symbols()
        .filter_map(|symbol| {
            let mut numbers = symbol.strip_prefix("GLIBC_")?.split('.');
            Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
        })
        .fold(GLIBC, Ord::max);
    let newest = symbols()
        .filter_map(|symbol| symbol.strip_prefix("GLIBCXX_3.4.")?.parse().ok())
        .fold(GLIBCXX, u32::max);
    let (_, libstdcxx) = LIBSTDCXX
        .iter()
        .find(|(known, _)| *known == newest)
        .with_context(|| format!("`GLIBCXX_3.4.{newest}` is newer than what is known here: add it to LIBSTDCXX"))?;
    Ok(vec![
        format!("libc6 (>= {major}.{minor})"),
        format!("libstdc++6 (>= {libstdcxx})"),
    ])
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

#[cfg(test)]
mod tests {
    use super::*;

    /// As `objdump -p` writes them.
    fn references(symbols: &[&str]) -> String {
        symbols
            .iter()
            .map(|symbol| format!("    0x069691b4 0x00 08 {symbol}\n"))
            .collect()
    }

    #[cfg(unix)]
    #[test]
    fn the_manual_and_the_completions_are_what_the_command_line_writes() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let docmind = folder.path().join("docmind");
        std::fs::write(&docmind, "#!/bin/sh\necho \"$@\"\n").unwrap();
        std::fs::set_permissions(&docmind, std::fs::Permissions::from_mode(0o755)).unwrap();
        let described = describe(&docmind, &folder.path().join("described")).unwrap();
        let places: Vec<&str> = described.iter().map(|(place, _)| *place).collect();
        assert_eq!(places[0], "/usr/share/man/man1/docmind.1.gz");
        assert_eq!(places[1..], COMPLETIONS.map(|(_, place)| place));
        assert!(
            std::fs::read(&described[0].1).unwrap().starts_with(&[0x1f, 0x8b]),
            "packed"
        );
        assert_eq!(std::fs::read_to_string(&described[1].1).unwrap(), "completions bash\n");
    }

    #[test]
    fn dependencies_follow_the_newest_symbols_and_never_fall_below_the_oldest_release() {
        let old = references(&[
            "GLIBC_2.2.5",
            "GLIBC_2.9",
            "GLIBC_2.34",
            "GLIBCXX_3.4",
            "GLIBCXX_3.4.9",
            "CXXABI_1.3.13",
        ]);
        assert_eq!(versioned(&old).unwrap(), ["libc6 (>= 2.35)", "libstdc++6 (>= 12)"]);
        let new = old
            + &references(&[
                "GLIBC_2.41",
                "GLIBC_2.38",
                "GLIBC_PRIVATE",
                "GLIBCXX_3.4.32",
                "GLIBCXX_3.4.31",
            ]);
        assert_eq!(versioned(&new).unwrap(), ["libc6 (>= 2.41)", "libstdc++6 (>= 13.2)"]);
        let unknown = versioned(&references(&["GLIBCXX_3.4.99"])).unwrap_err();
        assert!(unknown.to_string().contains("GLIBCXX_3.4.99"), "{unknown}");
    }
}
