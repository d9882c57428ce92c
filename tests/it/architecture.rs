//! The rules of the house, read from `cargo metadata`: which room may lean on what.

use anyhow::{Context, Result, ensure};
use docmind_tests::root;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

type Graph = BTreeMap<String, BTreeSet<String>>;

/// Crates that read a stranger's bytes or may abort the process; the application and everything it links must not contain them.
const NATIVE_ENGINES: &[&str] = &[
    "llama-cpp-2",
    "llama-cpp-sys-2",
    "ort",
    "ort-sys",
    "fastembed",
    "pdfium-render",
    "pdf-extract",
    "lopdf",
    "calamine",
];

/// What a command prints in the root.
fn said(program: &str, words: &[&str]) -> Result<String> {
    let output = Command::new(program).args(words).current_dir(root()).output()?;
    ensure!(
        output.status.success(),
        "`{program} {}` failed:\n{}",
        words.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// Direct dependencies, build and development ones left out. Of this machine's packages alone: those for others were never fetched.
fn graph() -> Result<(Graph, Graph)> {
    let version = said("rustc", &["-vV"])?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc does not say for which platform it builds")?;
    let metadata = said(
        "cargo",
        &[
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
            host,
        ],
    )?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata gave no JSON")?;
    let names: BTreeMap<String, String> = metadata["packages"]
        .as_array()
        .context("no packages")?
        .iter()
        .filter_map(|package| Some((package["id"].as_str()?.to_owned(), package["name"].as_str()?.to_owned())))
        .collect();
    let mut all = Graph::new();
    for node in metadata["resolve"]["nodes"].as_array().context("no nodes")? {
        let Some(name) = node["id"].as_str().and_then(|id| names.get(id)) else {
            continue;
        };
        let normal = node["deps"].as_array().into_iter().flatten().filter(|dependency| {
            dependency["dep_kinds"]
                .as_array()
                .is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"].is_null()))
        });
        let targets = normal.filter_map(|dependency| names.get(dependency["pkg"].as_str()?).cloned());
        all.entry(name.clone()).or_default().extend(targets);
    }
    let members: BTreeSet<String> = metadata["workspace_members"]
        .as_array()
        .context("no members")?
        .iter()
        .filter_map(|id| names.get(id.as_str()?).cloned())
        .collect();
    let ours = all
        .iter()
        .filter(|(name, _)| members.contains(*name))
        .map(|(name, edges)| (name.clone(), edges.clone()))
        .collect();
    Ok((ours, all))
}

fn reachable(graph: &Graph, from: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from.to_owned()];
    while let Some(name) = open.pop() {
        for next in graph.get(&name).into_iter().flatten() {
            if seen.insert(next.clone()) {
                open.push(next.clone());
            }
        }
    }
    seen
}

#[test]
fn rooms_lean_only_on_the_rooms_below() -> Result<()> {
    let (ours, _) = graph()?;
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("docmind-core", &[] as &[&str]),
        ("docmind-parse", &["docmind-core"]),
        ("docmind-embed", &["docmind-core"]),
        ("docmind-llama", &["docmind-core"]),
        ("docmind-wire", &["docmind-core"]),
        ("docmind-store", &["docmind-core"]),
        ("docmind-net", &["docmind-core"]),
        (
            "docmind-worker",
            &[
                "docmind-core",
                "docmind-embed",
                "docmind-llama",
                "docmind-parse",
                "docmind-wire",
            ],
        ),
        (
            "docmind-engine",
            &["docmind-core", "docmind-net", "docmind-store", "docmind-wire"],
        ),
        ("docmind-cli", &["docmind-core", "docmind-engine"]),
        ("docmind-app", &["docmind-core", "docmind-engine"]),
        ("docmind-tests", &[]),
        ("docmind-xtask", &[]),
    ]);
    for (name, edges) in &ours {
        let allowed = allowed
            .get(name.as_str())
            .with_context(|| format!("`{name}` is a room nobody planned"))?;
        for edge in edges.iter().filter(|edge| edge.starts_with("docmind-")) {
            assert!(allowed.contains(&edge.as_str()), "`{name}` must not lean on `{edge}`");
        }
    }
    Ok(())
}

#[test]
fn the_application_links_no_engine_that_can_crash_it() -> Result<()> {
    let (_, all) = graph()?;
    for program in ["docmind-app", "docmind-cli", "docmind-engine"] {
        let linked = reachable(&all, program);
        for engine in NATIVE_ENGINES {
            assert!(
                !linked.contains(*engine),
                "`{program}` links `{engine}`, which belongs into a child process"
            );
        }
    }
    Ok(())
}

#[test]
fn each_outside_power_has_one_room() -> Result<()> {
    let (ours, _) = graph()?;
    let owners: &[(&str, &[&str])] = &[
        ("lancedb", &["docmind-store"]),
        ("rusqlite", &["docmind-store"]),
        ("ureq", &["docmind-net"]),
        ("tauri", &["docmind-app"]),
        ("ort", &["docmind-embed"]),
        ("fastembed", &["docmind-embed"]),
        ("llama-cpp-2", &["docmind-llama"]),
        ("llama-cpp-sys-2", &["docmind-llama"]),
        ("pdfium-render", &["docmind-parse"]),
        ("pdf-extract", &["docmind-parse"]),
        ("nvml-wrapper", &["docmind-engine"]),
        ("notify", &["docmind-engine"]),
        ("clap", &["docmind-cli"]),
    ];
    for (power, rooms) in owners {
        for (name, edges) in &ours {
            assert!(
                !edges.contains(*power) || rooms.contains(&name.as_str()),
                "`{name}` must not use `{power}`"
            );
        }
    }
    Ok(())
}

#[test]
fn core_stays_pure() -> Result<()> {
    let (ours, _) = graph()?;
    let allowed = [
        "blake3",
        "half",
        "rust-stemmers",
        "serde",
        "specta",
        "thiserror",
        "unicode-normalization",
        "unicode-segmentation",
        "whatlang",
    ];
    for edge in &ours["docmind-core"] {
        assert!(allowed.contains(&edge.as_str()), "core must not lean on `{edge}`");
    }
    for entry in walk(&root().join("src-tauri/crates/core/src"))? {
        let text = std::fs::read_to_string(&entry)?;
        for power in [
            "std::fs",
            "std::net",
            "std::thread",
            "std::process",
            "SystemTime",
            "Instant::now",
            "std::env",
        ] {
            assert!(
                !text.contains(power),
                "core must not touch `{power}` (`{}`)",
                entry.display()
            );
        }
    }
    Ok(())
}

#[test]
fn the_interface_reaches_tauri_through_one_door() -> Result<()> {
    for entry in walk(&root().join("ui/src"))? {
        let path = entry.to_string_lossy().replace('\\', "/");
        let script = entry
            .extension()
            .is_some_and(|extension| extension == "ts" || extension == "tsx");
        if path.contains("/ui/src/ipc/") || !script {
            continue;
        }
        assert!(
            !std::fs::read_to_string(&entry)?.contains("@tauri-apps/"),
            "`{path}` goes past ui/src/ipc"
        );
    }
    Ok(())
}

fn walk(folder: &std::path::Path) -> Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("`{}` is missing", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(walk(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}
