//! The command line's contract: fields, states and statuses that scripts rely on.

use anyhow::{Context, Result};
use docmind_tests::{Library, root};
use serde_json::Value;

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .map(|object| object.keys().map(String::as_str).collect())
        .unwrap_or_default()
}

fn has_all(value: &Value, wanted: &[&str]) {
    for key in wanted {
        assert!(value.get(key).is_some(), "`{key}` is missing in {:?}", keys(value));
    }
}

fn sample(name: &str) -> String {
    root().join("assets/samples").join(name).to_string_lossy().into_owned()
}

#[test]
fn add_list_search_ask_and_remove_speak_the_contract() -> Result<()> {
    let library = Library::new()?;
    let added = library.ok(&["add", &sample("lease-agreement.pdf"), &sample("travel-policy.md")])?;
    for line in added.of_type("document") {
        has_all(line, &["path", "id", "state", "outcome", "pages", "chunks", "ms"]);
    }
    has_all(
        added.last(),
        &[
            "ready",
            "skipped",
            "failed",
            "chunks",
            "seconds",
            "documents_per_second",
            "chunks_per_second",
        ],
    );

    let listed = library.ok(&["list"])?;
    assert_eq!(listed.lines.len(), 2);
    has_all(&listed.lines[0], &["id", "path", "state", "pages", "chunks"]);

    let found = library.ok(&["search", "-k", "2", "deposit of the apartment"])?;
    let result = found.last();
    has_all(result, &["query", "mode", "ms", "results"]);
    has_all(&result["ms"], &["embed", "search", "total"]);
    assert!(
        result["results"]
            .as_array()
            .is_some_and(|results| (1..=2).contains(&results.len()))
    );
    has_all(
        &result["results"][0],
        &[
            "rank",
            "score",
            "document_id",
            "path",
            "title",
            "page",
            "span",
            "heading",
            "text",
        ],
    );
    for mode in ["vector", "keyword", "hybrid"] {
        assert_eq!(library.ok(&["search", "--mode", mode, "deposit"])?.last()["mode"], mode);
    }

    let asked = library.ok(&["ask", "How much is the deposit?"])?;
    let sources = asked.of_type("sources").next().context("no sources")?;
    has_all(
        &sources["sources"][0],
        &["n", "document_id", "path", "title", "page", "span", "text"],
    );
    let done = asked.last();
    has_all(done, &["mode", "finish", "text", "citations", "stats"]);
    has_all(
        &done["citations"][0],
        &["n", "document_id", "path", "page", "span", "quote", "supported"],
    );

    let id = listed.lines[0]["id"].to_string();
    library.ok(&["remove", &id])?;
    assert_eq!(library.ok(&["list"])?.lines.len(), 1);
    assert_eq!(library.run(&["remove", "999999"])?.status, Some(1));
    Ok(())
}

#[test]
fn extract_prints_pages_and_stores_nothing() -> Result<()> {
    let library = Library::new()?;
    let run = library.ok(&["extract", &sample("lease-agreement.pdf"), &sample("boiler-manual.docx")])?;
    assert_eq!(run.lines.len(), 2);
    for line in &run.lines {
        has_all(line, &["path", "media_type", "title", "pages", "warnings", "ms"]);
    }
    assert_eq!(run.lines[0]["media_type"], "application/pdf");
    assert_eq!(run.lines[0]["pages"].as_array().map(Vec::len), Some(3));
    assert!(library.ok(&["list"])?.lines.is_empty());

    let broken = tempfile::tempdir()?;
    let path = broken.path().join("broken.pdf");
    std::fs::write(&path, b"%PDF-1.7\nthis is no document")?;
    let failed = library.run(&["extract".as_ref(), path.as_os_str()])?;
    has_all(&failed.last()["error"], &["code", "message"]);
    assert_eq!(failed.last()["error"]["code"], "damaged");
    Ok(())
}

#[test]
fn duplicates_stand_once() -> Result<()> {
    let library = Library::new()?;
    let folder = tempfile::tempdir()?;
    std::fs::copy(sample("meeting-notes.txt"), folder.path().join("a.txt"))?;
    std::fs::copy(sample("meeting-notes.txt"), folder.path().join("b.txt"))?;
    let added = library.ok(&["add".as_ref(), folder.path().as_os_str()])?;
    let mut states: Vec<&str> = added
        .of_type("document")
        .filter_map(|line| line["state"].as_str())
        .collect();
    states.sort_unstable();
    assert_eq!(states, ["duplicate", "ready"]);
    let found = library.ok(&["search", "washing machine from Hagedorn"])?;
    let hits = found.last()["results"].as_array().context("no results")?.iter();
    assert_eq!(
        hits.filter(|hit| hit["text"].as_str().is_some_and(|text| text.contains("Hagedorn")))
            .count(),
        1
    );
    Ok(())
}

#[test]
fn doctor_check_profiles_completions_and_man_answer() -> Result<()> {
    let library = Library::new()?;
    assert!(library.ok(&["doctor"])?.last().is_object());
    has_all(
        library.ok(&["check"])?.last(),
        &["ok", "documents", "chunks", "problems"],
    );
    let profiles = library.ok(&["profiles"])?;
    let names: Vec<&str> = profiles
        .lines
        .iter()
        .filter_map(|line| line["profile"].as_str().or_else(|| line["name"].as_str()))
        .collect();
    for name in ["quality", "balanced", "long-context", "compact", "reference", "auto"] {
        assert!(names.contains(&name), "{names:?}");
    }
    for (command, expected) in [(["completions", "bash"].as_slice(), "docmind"), (&["man"], ".TH")] {
        let output = library.command(command).output()?;
        assert!(output.status.success());
        assert!(String::from_utf8_lossy(&output.stdout).contains(expected));
    }
    Ok(())
}
