//! The command line as a person meets it: words, colours, pipes that close, texts that mean no good.

use crate::house::House;
use anyhow::{Context, Result};
use docmind_tests::{Library, bin_dir, root};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn human(library: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(
        bin_dir()
            .join("docmind")
            .with_extension(std::env::consts::EXE_EXTENSION),
    );
    command
        .arg("--data-dir")
        .arg(library)
        .args(arguments)
        .stdin(Stdio::null());
    command
}

fn run(library: &Path, arguments: &[&str]) -> Result<Output> {
    Ok(human(library, arguments).output()?)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn samples() -> String {
    root().join("assets/samples").to_string_lossy().into_owned()
}

#[test]
fn results_go_to_standard_output_and_everything_else_to_standard_error() -> Result<()> {
    let library = Library::new()?;
    let added = run(library.path(), &["add", &samples(), "/nowhere/at/all.pdf"])?;
    assert_eq!(added.status.code(), Some(0), "{}", text(&added.stderr));
    let out = text(&added.stdout);
    assert!(out.contains("7 ready, 0 skipped, 1 failed"), "{out}");
    assert!(out.contains("/nowhere/at/all.pdf"), "{out}");
    assert_eq!(text(&added.stderr), "", "no bar and no log into a pipe");
    assert!(!out.contains('\u{1b}'), "no colour into a pipe: {out:?}");

    let asked = run(library.path(), &["ask", "How much is the deposit?"])?;
    let answer = text(&asked.stdout);
    assert!(
        answer.contains("3,720 euros") && answer.contains("Residential Lease Agreement, page 1"),
        "{answer}"
    );
    assert!(
        answer.contains("docmind ask --conversation 1 "),
        "how to go on: {answer}"
    );
    assert_eq!(text(&asked.stderr), "");

    for (arguments, words) in [
        (&["remove", "999999"][..], "has no document `999999`"),
        (&["ask", ""], "question is empty"),
        (&["ask", "--model", "nowhere", "x"], "no language model `nowhere`"),
        (&["ask", "--profile", "nowhere", "x"], "`nowhere`"),
        (&["ask", "--conversation", "77", "x"], "`77`"),
        (&["models", "pull", "nothing-of-that-name"], "nothing-of-that-name"),
        (&["extract", "/nowhere"], "/nowhere"),
        (&["extract", "/"], "is a folder"),
    ] {
        let failed = run(library.path(), arguments)?;
        assert_eq!(failed.status.code(), Some(1), "{arguments:?}");
        let said = text(&failed.stderr);
        assert!(
            said.starts_with("error: ") && said.contains(words),
            "{arguments:?}: {said}"
        );
        assert!(said.lines().count() >= 2, "what to do stands on its own line: {said}");
        assert_eq!(text(&failed.stdout), "", "{arguments:?}");
    }
    Ok(())
}

#[test]
fn a_reader_that_goes_away_is_no_failure() -> Result<()> {
    let library = Library::new()?;
    library.ok(&["add", &samples()])?;
    for arguments in [
        &["list"][..],
        &["--json", "list"],
        &["search", "the"],
        &["extract", &format!("{}/lease-agreement.pdf", samples())],
        &["man"],
        &["completions", "bash"],
        &["ask", "How much is the deposit?"],
        &["doctor"],
    ] {
        let mut child = human(library.path(), arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().context("piped")?.read_to_string(&mut said)?;
        assert_eq!(child.wait()?.code(), Some(0), "{arguments:?}: {said}");
        assert_eq!(said, "", "{arguments:?}");
    }
    Ok(())
}

#[test]
fn a_document_cannot_write_control_codes_to_the_terminal() -> Result<()> {
    let library = Library::new()?;
    let folder = tempfile::tempdir()?;
    let name = "\u{1b}]0;owned\u{7}report.txt";
    std::fs::write(
        folder.path().join(name),
        "The harbour\u{1b}[31m master\u{1b}]52;c;Zm9v\u{7} keeps the \u{202e}yek\u{202c} of lock nine.",
    )?;
    let path = folder.path().to_string_lossy().into_owned();
    library.ok(&["check"])?;
    let model = "\u{7}mo\u{9b}2Jdel\u{202e}";
    std::fs::write(library.path().join("models").join(format!("{model}.gguf")), "no model")?;
    for arguments in [
        &["add", &path][..],
        &["models", "list"],
        &["models", "remove", model],
        &["list"],
        &["search", "harbour master"],
        &["ask", "Who keeps the key of lock nine?"],
        &["extract", &format!("{path}/{name}")],
        &["remove", &path],
    ] {
        let output = run(library.path(), arguments)?;
        let said = text(&output.stdout) + &text(&output.stderr);
        let bad = said.chars().find(|c| {
            (c.is_control() && !matches!(c, '\n' | '\t'))
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        });
        assert_eq!(bad, None, "{arguments:?}: {said:?}");
    }
    Ok(())
}

#[test]
fn evidence_on_standard_output_is_the_evidence() -> Result<()> {
    let library = Library::new()?;
    let folder = tempfile::tempdir()?;
    let note = folder.path().join("no\u{202e}te.txt");
    std::fs::write(&note, "The harbour master keeps the key of lock nine.")?;
    library.ok(&["add", note.to_str().context("no path")?])?;
    let id = library.ok(&["ask", "Who keeps the key of lock nine?"])?.last()["conversation"].to_string();
    let printed = run(library.path(), &["export", &id, "--format", "evidence"])?;
    let written = String::from_utf8(printed.stdout)?;
    assert!(
        !written.contains('\u{202e}'),
        "nothing that turns a terminal's text around"
    );
    assert!(written.contains("no\\u202ete.txt"), "{written}");
    let evidence = folder.path().join("evidence.json");
    std::fs::write(&evidence, written)?;
    let verified = library.ok(&["verify", evidence.to_str().context("no path")?])?;
    assert_ne!(verified.last()["passages"], 0);
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn a_window_without_a_display_says_so_in_words() -> Result<()> {
    let window = bin_dir().join("docmind-app");
    if !window.is_file() {
        return docmind_tests::missing("the window is not built: run cargo xtask build");
    }
    let data = tempfile::tempdir()?;
    let output = Command::new(window)
        .arg("--data-dir")
        .arg(data.path())
        .env_clear()
        .stdin(Stdio::null())
        .output()?;
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("no display here") && !said.contains("panicked"), "{said}");
    assert!(
        std::fs::read_dir(data.path())?.next().is_none(),
        "nothing was made for a window that is none"
    );
    Ok(())
}

#[test]
fn the_manual_names_every_command_and_option() -> Result<()> {
    let library = Library::new()?;
    let page = text(&run(library.path(), &["man"])?.stdout).replace("\\-", "-");
    for words in [
        "docmind add",
        "docmind list",
        "docmind remove",
        "docmind extract",
        "docmind search",
        "docmind ask",
        "docmind export",
        "docmind verify",
        "docmind eval retrieval",
        "docmind eval answers",
        "docmind check",
        "docmind rebuild",
        "docmind bench search",
        "docmind bench ingest",
        "docmind bench generate",
        "docmind bench embed",
        "docmind bench optimization",
        "docmind profiles",
        "docmind models list",
        "docmind models pull",
        "docmind models add",
        "docmind models remove",
        "docmind models quantize",
        "docmind completions",
        "docmind man",
        "docmind doctor",
        "--data-dir",
        "--json",
        "--mode",
        "--model",
        "--profile",
        "--conversation",
        "--rows",
        "--profiles",
        "--prompt-tokens",
        "--output-tokens",
        "--repeat",
        "--texts",
        "--precision",
        "--reference",
        "EXAMPLES",
        "EXIT STATUS",
    ] {
        assert!(page.contains(words), "`{words}` is missing in the manual");
    }
    assert!(!page.contains("docmind-add(1)"), "no page of that name is installed");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = text(&run(library.path(), &["completions", shell])?.stdout);
        assert!(
            script.contains("conversation") && script.contains("quantize"),
            "{shell}"
        );
    }
    assert_eq!(run(library.path(), &["completions", "tcsh"])?.status.code(), Some(2));
    Ok(())
}

#[test]
fn the_owner_of_the_library_is_named_to_people_and_programs() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let owner = house.with_samples()?;
    let library = Library::at(house.path().to_owned());
    let pid = std::process::id();
    for arguments in [
        &["add", "/etc/hostname"][..],
        &["remove", "1"],
        &["ask", "How much is the deposit?"],
        &["check"],
        &["rebuild"],
        &["models", "list"],
        &["models", "remove", "x"],
        &["profiles"],
        &["doctor"],
        &["bench", "embed"],
    ] {
        let refused = library.run(arguments)?;
        assert_eq!(refused.status, Some(1), "{arguments:?}");
        let error = &refused.last()["error"];
        assert_eq!(error["code"], "library_in_use", "{arguments:?}: {error}");
        assert_eq!(error["detail"], pid.to_string(), "the process id alone, for programs");
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|message| message.contains(&pid.to_string())),
            "{error}"
        );
    }
    for arguments in [&["list"][..], &["search", "deposit"], &["extract", "/etc/hostname"]] {
        let beside = library.run(arguments)?;
        assert_eq!(
            beside.status,
            Some(0),
            "{arguments:?}: {:#?}\n{}",
            beside.lines,
            beside.stderr
        );
    }
    owner.close();
    Ok(())
}
