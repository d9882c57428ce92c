//! The main job, as a person does it: add documents, ask, read the passage that proves it.

use anyhow::{Context, Result};
use docmind_tests::{Library, root};
use serde_json::Value;

fn samples() -> String {
    root().join("assets/samples").to_string_lossy().into_owned()
}

fn with_samples() -> Result<Library> {
    let library = Library::new()?;
    library.ok(&["add", &samples()])?;
    Ok(library)
}

#[test]
fn every_sample_is_ready_and_searchable() -> Result<()> {
    let library = Library::new()?;
    let run = library.ok(&["add", &samples()])?;
    let files = std::fs::read_dir(samples())?.count();
    assert_eq!(run.of_type("document").count(), files);
    for line in run.of_type("document") {
        assert_eq!(line["state"], "ready", "{line}");
        assert_eq!(line["outcome"], "ready", "{line}");
        assert!(line["chunks"].as_u64() > Some(0), "{line}");
    }
    assert_eq!(run.last()["type"], "summary");
    assert_eq!(run.last()["ready"], files);
    let listed = library.ok(&["list"])?;
    assert_eq!(listed.lines.len(), files);
    library.check()?;
    Ok(())
}

#[test]
fn an_answer_names_document_page_and_passage() -> Result<()> {
    let library = with_samples()?;
    let run = library.ok(&[
        "ask",
        "How many days of notice does the tenant have to give after the initial term?",
    ])?;
    let done = run.last();
    assert_eq!(done["type"], "done", "{done:#}");
    assert_eq!(done["mode"], "extractive");
    assert!(
        done["text"].as_str().context("no text")?.contains("90 days"),
        "{done:#}"
    );
    let citation = &done["citations"][0];
    assert!(
        citation["path"]
            .as_str()
            .context("no path")?
            .ends_with("lease-agreement.pdf"),
        "{citation:#}"
    );
    assert_eq!(citation["page"], 2);
    assert_eq!(citation["supported"], true);
    quote_is_the_page(&library, citation)
}

/// The quote of a citation is exactly the text of its page at its span, as `extract` prints it.
fn quote_is_the_page(library: &Library, citation: &Value) -> Result<()> {
    let extracted = library.ok(&["extract", citation["path"].as_str().context("no path")?])?;
    let pages = extracted.last()["pages"].as_array().context("no pages")?;
    let page = pages
        .iter()
        .find(|page| page["number"] == citation["page"])
        .context("the cited page is missing")?;
    let text: Vec<char> = page["text"].as_str().context("no text")?.chars().collect();
    let at = |index: usize| {
        citation["span"][index]
            .as_u64()
            .map(|at| at as usize)
            .context("no span")
    };
    let quoted: String = text[at(0)?..at(1)?].iter().collect();
    assert_eq!(Some(quoted.as_str()), citation["quote"].as_str());
    Ok(())
}

#[test]
fn what_the_documents_do_not_say_is_not_found() -> Result<()> {
    let library = with_samples()?;
    for question in [
        "Who won the football world cup in 1998?",
        "What is the boiling point of tungsten?",
    ] {
        let run = library.ok(&["ask", question])?;
        assert_eq!(run.last()["mode"], "not_found", "{question}: {:#}", run.last());
        assert_eq!(run.last()["citations"].as_array().map(Vec::len), Some(0));
    }
    Ok(())
}

#[test]
fn german_is_found_by_inflected_words_umlauts_and_sharp_s() -> Result<()> {
    let library = with_samples()?;
    for query in ["Fahrrad Treppenhäuser", "Sperrmüll Anmeldungen", "Feiertag Ruhezeit"] {
        let run = library.ok(&["search", "--mode", "keyword", query])?;
        let first = &run.last()["results"][0];
        assert!(
            first["path"]
                .as_str()
                .is_some_and(|path| path.ends_with("hausordnung.md")),
            "{query}: {first:#}"
        );
    }
    Ok(())
}

#[test]
fn adding_again_is_free_and_a_changed_file_replaces_its_passages() -> Result<()> {
    let library = Library::new()?;
    let folder = tempfile::tempdir()?;
    let note = folder.path().join("note.txt");
    let path = folder.path().to_string_lossy().into_owned();
    std::fs::write(&note, "The greenhouse key hangs behind the blue watering can.")?;
    library.ok(&["add", &path])?;
    let again = library.ok(&["add", &path])?;
    assert_eq!(again.last()["chunks"], 0, "{:#}", again.last());

    std::fs::write(&note, "The greenhouse key now lies under the third flower pot.")?;
    library.ok(&["add", &path])?;
    let found = library.ok(&["search", "Where is the greenhouse key?"])?;
    let texts: Vec<&str> = found.last()["results"]
        .as_array()
        .context("no results")?
        .iter()
        .filter_map(|r| r["text"].as_str())
        .collect();
    assert_eq!(texts, ["The greenhouse key now lies under the third flower pot."]);
    assert_eq!(library.ok(&["list"])?.lines.len(), 1);
    library.check()?;
    Ok(())
}

#[test]
fn a_moved_file_is_not_embedded_again() -> Result<()> {
    let library = Library::new()?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().to_string_lossy().into_owned();
    std::fs::write(
        folder.path().join("before.txt"),
        "Mortar for the chimney is mixed one to four.",
    )?;
    let first = library.ok(&["add", &path])?;
    let id = first.of_type("document").next().context("no document")?["id"].clone();
    std::fs::rename(folder.path().join("before.txt"), folder.path().join("after.txt"))?;
    let moved = library.ok(&["add", &path])?;
    assert_eq!(moved.last()["chunks"], 0, "{:#}", moved.last());
    let listed = library.ok(&["list"])?;
    assert_eq!(listed.lines.len(), 1, "{:#?}", listed.lines);
    assert_eq!(listed.lines[0]["id"], id);
    assert!(
        listed.lines[0]["path"]
            .as_str()
            .is_some_and(|path| path.ends_with("after.txt"))
    );
    library.check()?;
    Ok(())
}

#[test]
fn a_removed_document_leaves_no_trace_in_the_data_folder() -> Result<()> {
    const CANARY: &str = "zyxwvut-canary-kanarienvogel-9173";
    let library = Library::new()?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("secret.txt");
    std::fs::write(&path, format!("The vault opens with {CANARY} and nothing else."))?;
    std::fs::write(folder.path().join("other.txt"), "Tomatoes need sun and little wind.")?;
    library.ok(&["add", &folder.path().to_string_lossy()])?;
    let asked = library.ok(&["ask", "What does the vault open with?"])?;
    assert!(asked.last().to_string().contains(CANARY), "{:#}", asked.last());
    assert!(
        holds(&library.path().join("user.db"), CANARY)?,
        "the canary was never stored: this test proves nothing"
    );
    library.ok(&["remove", &path.to_string_lossy()])?;
    let found = library.ok(&["search", CANARY])?;
    assert!(!found.last().to_string().contains("secret.txt"), "{:#}", found.last());
    assert!(
        !holds(library.path(), CANARY)?,
        "the data folder still holds the removed text"
    );
    library.check()?;
    Ok(())
}

/// Whether a file, or one in a folder, has these bytes.
fn holds(path: &std::path::Path, needle: &str) -> Result<bool> {
    if !path.is_dir() {
        let bytes = std::fs::read(path)?;
        return Ok(bytes.windows(needle.len()).any(|window| window == needle.as_bytes()));
    }
    for entry in std::fs::read_dir(path)? {
        if holds(&entry?.path(), needle)? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[test]
fn a_conversation_is_kept_and_a_follow_up_finds_its_subject() -> Result<()> {
    let library = with_samples()?;
    let first = library.ok(&["ask", "What does fault code F28 of the boiler mean?"])?;
    let conversation = first
        .lines
        .iter()
        .find_map(|line| line["conversation"].as_u64())
        .context("no conversation id")?;
    let second = library.ok(&[
        "ask",
        "--conversation",
        &conversation.to_string(),
        "And what should I do then?",
    ])?;
    let sources: Vec<&Value> = second.of_type("sources").collect();
    assert!(
        sources
            .iter()
            .any(|line| line.to_string().contains("boiler-manual.docx")),
        "{sources:#?}"
    );
    Ok(())
}
