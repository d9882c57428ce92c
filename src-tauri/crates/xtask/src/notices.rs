//! What is packed with DocMind and is not ours, with its licences: one file for the package.
//!
//! Crates come from `cargo metadata` (what the packed programs link, without what only builds or tests them), the interface's packages
//! from npm's lock file, native libraries and the embedding model from the wheels they came in. A text is written once, however many
//! say it. Something without a licence text ends the build of the package.

use crate::{native, shell};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The packages whose programs are packed.
const PACKED: &[&str] = &["docmind-app", "docmind-cli", "docmind-worker"];
/// Folders of a source that are not compiled into anything.
const SKIPPED: &[&str] = &[
    "node_modules",
    "tests",
    "test",
    "test_data",
    "examples",
    "resources",
    "assets",
    "programs",
    "contrib",
    "target",
];
/// Sources of C libraries lie so deep in the crates that compile them.
const DEPTH: usize = 5;
/// How a licence of the MIT kind begins, after its copyright lines.
const MIT_BEGINS: &str = "Permission is hereby granted, free of charge";

/// One thing that is packed.
pub struct Notice {
    /// Name and version.
    pub name: String,
    /// The licence's short name, an expression where there are several.
    pub licence: String,
    /// Where it comes from.
    pub source: String,
    /// Its licence texts as they are given with it.
    pub texts: Vec<String>,
}

/// Writes the file. Gives how many things it names.
pub fn write(cache: &Path, to: &Path) -> Result<usize> {
    let mut notices = crates()?;
    notices.extend(interface()?);
    notices.extend(native::notices(cache)?);
    notices.push(standard_library()?);
    complete(&mut notices)?;
    let parent = to.parent().context("BUG: the file has a folder")?;
    std::fs::create_dir_all(parent)?;
    std::fs::write(to, render(&notices))?;
    Ok(notices.len())
}

/// A number for each text, a line for each thing with the numbers of its texts, then the texts.
fn render(notices: &[Notice]) -> String {
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut texts: Vec<&str> = Vec::new();
    let mut list = String::new();
    for notice in notices {
        let mut own: Vec<usize> = Vec::new();
        for text in &notice.texts {
            let number = *numbers.entry(plain(text)).or_insert_with(|| {
                texts.push(text);
                texts.len()
            });
            if !own.contains(&number) {
                own.push(number);
            }
        }
        let own: Vec<String> = own.iter().map(|number| format!("[{number}]")).collect();
        // Writing into a string cannot fail.
        let _ = writeln!(
            list,
            "{}\n    {}; text {}\n    {}",
            notice.name,
            notice.licence,
            own.join(" "),
            notice.source
        );
    }
    let mut out = format!(
        "DocMind is licensed under Apache-2.0 (see the file `copyright` beside this one). It contains the following {} works of others,\n\
         each under its own licence. The numbers name the licence texts below the list.\n\n{list}",
        notices.len()
    );
    for (number, text) in texts.iter().enumerate() {
        let _ = write!(out, "\n{}\n[{}]\n\n{}\n", "=".repeat(80), number + 1, text.trim());
    }
    out
}

/// A text by its words: copies differ in line breaks.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Gives a text to what came without one: that of another crate of the same repository and licence, else the standard words of its licence.
fn complete(notices: &mut [Notice]) -> Result<()> {
    let mut by_source: HashMap<(String, String), Vec<String>> = HashMap::new();
    let mut mit: Option<String> = None;
    let mut mozilla: Option<String> = None;
    for notice in notices.iter().filter(|notice| !notice.texts.is_empty()) {
        if notice.source.starts_with("http") {
            by_source
                .entry((notice.source.clone(), notice.licence.clone()))
                .or_insert_with(|| notice.texts.clone());
        }
        for text in &notice.texts {
            if let Some(at) = text.find(MIT_BEGINS)
                && notice.licence == "MIT"
            {
                mit.get_or_insert_with(|| text[at..].to_owned());
            }
            if text.trim_start().starts_with("Mozilla Public License") {
                mozilla.get_or_insert_with(|| text.clone());
            }
        }
    }
    let apache = std::fs::read_to_string(shell::root().join("LICENSE"))?;
    for notice in notices.iter_mut().filter(|notice| notice.texts.is_empty()) {
        if let Some(texts) = by_source.get(&(notice.source.clone(), notice.licence.clone())) {
            notice.texts.clone_from(texts);
            continue;
        }
        let text = if notice.licence.contains("Apache-2.0") {
            Some(apache.clone())
        } else if notice.licence.contains("MIT") {
            mit.as_ref()
                .map(|words| format!("Copyright (c) the authors of {}\n\n{words}", notice.name))
        } else if notice.licence.contains("MPL-2.0") {
            mozilla.clone()
        } else {
            None
        };
        notice
            .texts
            .push(text.with_context(|| format!("{} ({}) has no licence text", notice.name, notice.licence))?);
    }
    Ok(())
}

fn crates() -> Result<Vec<Notice>> {
    let mut command = shell::command(
        "cargo",
        &["metadata", "--format-version", "1", "--filter-platform", &host()?],
    );
    let metadata: Value = serde_json::from_str(&shell::output(&mut command)?)?;
    let packages: HashMap<&str, &Value> = list(&metadata["packages"])
        .filter_map(|package| Some((package["id"].as_str()?, package)))
        .collect();
    let nodes: HashMap<&str, &Value> = list(&metadata["resolve"]["nodes"])
        .filter_map(|node| Some((node["id"].as_str()?, node)))
        .collect();
    let mut open: Vec<&str> = packages
        .iter()
        .filter(|(_, package)| package["name"].as_str().is_some_and(|name| PACKED.contains(&name)))
        .map(|(id, _)| *id)
        .collect();
    ensure!(open.len() == PACKED.len(), "cargo does not know all that is packed");
    let mut found: BTreeMap<&str, &Value> = BTreeMap::new();
    let mut seen = HashSet::new();
    while let Some(id) = open.pop() {
        let package = packages
            .get(id)
            .copied()
            .context("cargo named a package it does not list")?;
        // A macro runs in the compiler; nothing of it is packed.
        let is_macro = list(&package["targets"]).any(|target| list(&target["kind"]).any(|kind| kind == "proc-macro"));
        if is_macro || !seen.insert(id) {
            continue;
        }
        if !package["source"].is_null() {
            found.insert(id, package);
        }
        let dependencies = nodes.get(id).into_iter().flat_map(|node| list(&node["deps"]));
        open.extend(dependencies.filter_map(|dependency| {
            let linked = list(&dependency["dep_kinds"]).any(|kind| kind["kind"].is_null());
            dependency["pkg"].as_str().filter(|_| linked)
        }));
    }
    found.into_values().map(of_crate).collect()
}

fn of_crate(package: &Value) -> Result<Notice> {
    let word = |name: &str| package[name].as_str().unwrap_or_default();
    let manifest = Path::new(word("manifest_path"));
    let folder = manifest.parent().context("a manifest without a folder")?;
    let mut files = Vec::new();
    licence_files(folder, DEPTH, &mut files)?;
    files.extend(package["license_file"].as_str().map(|file| folder.join(file)));
    Ok(Notice {
        name: format!("{} {}", word("name"), word("version")),
        licence: package["license"].as_str().unwrap_or("see the text").to_owned(),
        source: package["repository"]
            .as_str()
            .map_or_else(|| format!("crate {}", word("name")), str::to_owned),
        texts: texts(files)?,
    })
}

/// What npm's lock file does not count as for development only: all that can be in the interface's bundle.
fn interface() -> Result<Vec<Notice>> {
    let lock: Value = serde_json::from_slice(&std::fs::read(shell::root().join("package-lock.json"))?)?;
    let packages = lock["packages"]
        .as_object()
        .context("npm's lock file names no packages")?;
    let mut out = Vec::new();
    for (path, package) in packages {
        let flag = |name: &str| package[name] == true;
        let ours = !path.starts_with("node_modules/") || flag("link");
        let folder = shell::root().join(path);
        // Types are gone when the bundle is made; what is optional need not be there.
        if ours || flag("dev") || flag("peer") || path.contains("@types/") || !folder.is_dir() {
            continue;
        }
        let name = path.rsplit("node_modules/").next().unwrap_or(path);
        let mut files = Vec::new();
        licence_files(&folder, 1, &mut files)?;
        out.push(Notice {
            name: format!("{name} {}", package["version"].as_str().unwrap_or_default()),
            licence: package["license"].as_str().unwrap_or("see the text").to_owned(),
            source: format!("npm package {name}"),
            texts: texts(files)?,
        });
    }
    if out.is_empty() {
        bail!("npm's lock file names nothing that is bundled");
    }
    Ok(out)
}

fn standard_library() -> Result<Notice> {
    let sysroot = shell::output(&mut shell::command("rustc", &["--print", "sysroot"]))?;
    let folder = Path::new(sysroot.trim()).join("share/doc/rust/licenses");
    let files = ["MIT.txt", "Apache-2.0.txt"]
        .map(|name| folder.join(name))
        .into_iter()
        .filter(|file| file.is_file())
        .collect();
    Ok(Notice {
        name: "The Rust standard library, by the Rust Project Contributors".to_owned(),
        licence: "MIT OR Apache-2.0".to_owned(),
        source: "https://github.com/rust-lang/rust".to_owned(),
        texts: texts(files)?,
    })
}

/// The platform of this machine, as rustc names it.
pub fn host() -> Result<String> {
    let said = shell::output(&mut shell::command("rustc", &["-vV"]))?;
    let line = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line
        .context("rustc does not say for which platform it builds")?
        .to_owned())
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn texts(mut files: Vec<PathBuf>) -> Result<Vec<String>> {
    files.sort();
    files.dedup();
    files
        .iter()
        .map(|file| {
            let bytes = std::fs::read(file).with_context(|| format!("`{}` cannot be read", file.display()))?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        })
        .collect()
}

/// Files of licences in a folder and those in it, so deep. A missing folder has none.
fn licence_files(folder: &Path, depth: usize, out: &mut Vec<PathBuf>) -> Result<()> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        let kind = entry.file_type()?;
        if kind.is_dir() && depth > 1 && !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) {
            licence_files(&entry.path(), depth - 1, out)?;
        } else if kind.is_file() && is_licence(&name) {
            out.push(entry.path());
        }
    }
    Ok(())
}

fn is_licence(name: &str) -> bool {
    let begins = ["license", "licence", "copying", "notice", "unlicense", "copyright"];
    let code = [
        "cmake", "rs", "py", "json", "js", "ts", "html", "h", "c", "toml", "proto",
    ];
    let is_code = Path::new(name)
        .extension()
        .is_some_and(|extension| code.iter().any(|known| extension == *known));
    begins.iter().any(|begin| name.starts_with(begin)) && !is_code
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(name: &str, licence: &str, texts: &[&str]) -> Notice {
        Notice {
            name: name.to_owned(),
            licence: licence.to_owned(),
            source: format!("https://example.org/{}", name.split('-').next().unwrap_or(name)),
            texts: texts.iter().map(|text| (*text).to_owned()).collect(),
        }
    }

    #[test]
    fn a_text_is_written_once_and_named_by_all_that_say_it() {
        let said = render(&[
            notice("a", "MIT", &["One  text\nof two lines."]),
            notice("b", "MIT", &["one text of two lines.", "Another."]),
        ]);
        assert_eq!(said.matches("of two lines").count(), 1);
        assert!(said.contains("a\n    MIT; text [1]\n"), "{said}");
        assert!(said.contains("b\n    MIT; text [1] [2]\n"), "{said}");
    }

    #[test]
    fn what_has_no_text_gets_its_repositorys_or_the_standard_one() {
        let mit = format!("Copyright (c) 2020 Somebody\n\n{MIT_BEGINS}, to anybody.");
        let mut all = [
            notice("lib", "MIT", &[&mit]),
            notice("lib-extra", "MIT", &[]),
            notice("lib-other", "Apache-2.0", &[]),
            notice("other", "MIT", &[]),
        ];
        complete(&mut all).expect("complete");
        assert_eq!(all[1].texts, all[0].texts);
        assert!(
            all[2].texts[0].contains("Apache License"),
            "another licence in one repository"
        );
        assert!(all[3].texts[0].contains("the authors of other"));
        assert!(!all[3].texts[0].contains("Somebody"));
        let mut unknown = [notice("odd", "Odd-1.0", &[])];
        assert!(complete(&mut unknown).is_err(), "nothing is packed without its licence");
    }

    #[test]
    fn licences_are_known_by_their_names() {
        for name in [
            "license",
            "license-mit",
            "license.txt",
            "copying",
            "notice.md",
            "unlicense",
        ] {
            assert!(is_licence(name), "{name}");
        }
        for name in ["license.cmake", "licenses.rs", "readme.md", "license.json"] {
            assert!(!is_licence(name), "{name}");
        }
    }
}
