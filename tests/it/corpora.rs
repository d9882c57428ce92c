//! Real documents, many of them damaged or hostile: each ends in a named state, and nothing crashes or leaks.

use anyhow::{Context, Result};
use docmind_tests::{Library, corpora, full};
use std::time::{Duration, Instant};

const STATES: &[&str] = &[
    "ready",
    "duplicate",
    "empty",
    "needs_password",
    "no_text",
    "unsupported",
    "damaged",
    "too_large",
    "timed_out",
    "crashed",
    "unreadable",
];

/// Adds a folder and holds every file to the contract; gives the library for more.
fn add(folder: &std::path::Path) -> Result<Library> {
    let library = Library::new()?;
    let path = folder.to_string_lossy().into_owned();
    let run = library.ok(&["add", &path])?;
    let files = count(folder)?;
    assert_eq!(run.of_type("document").count(), files, "every file reports once");
    for line in run.of_type("document") {
        let state = line["state"].as_str().context("no state")?;
        assert!(STATES.contains(&state), "{line}");
        assert!(line["ms"].as_f64().context("no ms")? < 60_000.0, "{line}");
        assert_eq!(
            state == "ready",
            line["chunks"].as_u64() > Some(0),
            "only what has text is ready: {line}"
        );
        if !["ready", "duplicate", "empty"].contains(&state) {
            assert!(
                line["error"]["message"]
                    .as_str()
                    .is_some_and(|message| message.len() > 10),
                "a reason is missing: {line}"
            );
        }
    }
    library.check()?;

    let started = Instant::now();
    let again = library.ok(&["add", &path])?;
    assert_eq!(again.last()["chunks"], 0, "a second run embeds nothing");
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "a second run took {:?}",
        started.elapsed()
    );
    Ok(library)
}

fn count(folder: &std::path::Path) -> Result<usize> {
    let mut files = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        files += if path.is_dir() { count(&path)? } else { 1 };
    }
    Ok(files)
}

/// Every `step`-th file of a folder, linked into a folder of its own.
fn sample(folder: &std::path::Path, step: usize) -> Result<tempfile::TempDir> {
    let chosen = tempfile::tempdir()?;
    let mut files: Vec<_> = std::fs::read_dir(folder)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .collect();
    files.sort();
    for file in files.iter().step_by(step) {
        std::fs::copy(
            file,
            chosen
                .path()
                .join(file.file_name().context("a listed file has a name")?),
        )?;
    }
    Ok(chosen)
}

#[test]
fn real_documents_end_in_named_states() -> Result<()> {
    let Some(corpora) = corpora() else { return Ok(()) };
    for kind in ["pdfjs", "poi", "tika"] {
        let folder = corpora.join("documents").join(kind);
        if full() {
            add(&folder)?;
        } else {
            add(sample(&folder, 12)?.path())?;
        }
    }
    Ok(())
}
