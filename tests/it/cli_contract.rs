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
    let each = library.ok(&["ask", "--each", "How much is the deposit?"])?;
    has_all(&each.last()["coverage"], &["asked", "found", "quoted"]);

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
fn evidence_is_proven_until_its_file_changes() -> Result<()> {
    let library = Library::new()?;
    let folder = tempfile::tempdir()?;
    let lease = folder.path().join("lease.pdf");
    std::fs::copy(sample("lease-agreement.pdf"), &lease)?;
    library.ok(&["add", lease.to_str().context("no path")?])?;
    let asked = library.ok(&["ask", "How much is the deposit?"])?;
    let id = asked.last()["conversation"].to_string();
    let evidence = folder.path().join("evidence.json");
    let written = evidence.to_str().context("no path")?;
    library.ok(&["export", &id, "--format", "evidence", "--output", written])?;

    let verdicts = |arguments: &[&str], status: i32| -> Result<Vec<String>> {
        // On another machine, where there is no library.
        let elsewhere = Library::new()?;
        let all: Vec<&str> = ["verify", written]
            .into_iter()
            .chain(arguments.iter().copied())
            .collect();
        let run = elsewhere.run(&all)?;
        assert_eq!(run.status, Some(status), "{:#?}", run.lines);
        has_all(run.last(), &["passages", "proven"]);
        let of = |line: &Value| line["verdict"].as_str().map(str::to_owned).context("no verdict");
        run.of_type("passage").map(of).collect()
    };
    let proven = verdicts(&[], 0)?;
    assert!(!proven.is_empty() && proven.iter().all(|verdict| verdict == "proven"));

    let moved = tempfile::tempdir()?;
    std::fs::rename(&lease, moved.path().join("under another name.pdf"))?;
    assert!(verdicts(&[], 1)?.iter().all(|verdict| verdict == "missing"));
    assert_eq!(
        verdicts(&["--in", moved.path().to_str().context("no path")?], 0)?,
        proven
    );

    let altered = std::fs::read_to_string(&evidence)?.replace("\"quote\": \"", "\"quote\": \"never said, ");
    std::fs::write(&evidence, altered)?;
    let folder = moved.path().to_str().context("no path")?;
    assert!(
        verdicts(&["--in", folder], 1)?
            .iter()
            .all(|verdict| verdict == "contradicted")
    );
    assert_eq!(
        library.run(&["verify", &sample("lease-agreement.pdf")])?.last()["error"]["code"],
        "evidence_invalid"
    );
    Ok(())
}

#[test]
fn embedding_is_not_measured_on_nothing() -> Result<()> {
    let library = Library::new()?;
    let folder = tempfile::tempdir()?;
    for (bytes, code) in [(&b" \n\n"[..], "no_texts"), (b"\xff\xfe\n", "file_unreadable")] {
        let texts = folder.path().join("texts");
        std::fs::write(&texts, bytes)?;
        let run = library.run(&[
            "bench".as_ref(),
            "embed".as_ref(),
            "--texts".as_ref(),
            texts.as_os_str(),
        ])?;
        assert_eq!(run.status, Some(1), "{:#?}", run.lines);
        assert_eq!(run.last()["error"]["code"], code);
    }
    Ok(())
}

#[test]
fn as_many_passages_are_found_as_are_asked_for() -> Result<()> {
    let library = Library::new()?;
    let folder = tempfile::tempdir()?;
    for number in 0..130 {
        std::fs::write(
            folder.path().join(format!("lighthouse-{number}.txt")),
            format!("The lighthouse with the number {number} stands on an island of its own."),
        )?;
    }
    library.ok(&["add".as_ref(), folder.path().as_os_str()])?;
    for mode in ["keyword", "vector", "hybrid"] {
        let run = library.ok(&["search", "lighthouse on an island", "-k", "125", "--mode", mode])?;
        let found = run.last()["results"].as_array().map_or(0, Vec::len);
        assert_eq!(found, 125, "{mode}");
    }
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

#[test]
fn a_profile_of_ones_own_is_made_changed_and_deleted() -> Result<()> {
    let library = Library::new()?;
    let save = ["profiles", "save", "mine"];
    library.ok(&[
        &save[..],
        &["--from", "compact", "--context", "16384", "--gpu-layers", "20"],
    ]
    .concat())?;
    library.ok(&[&save[..], &["--kv", "q8_0"]].concat())?;
    let listed = library.ok(&["profiles"])?;
    let mine = listed.lines.iter().find(|line| line["profile"] == "mine");
    let mine = mine.context("the profile is not listed")?;
    assert_eq!(mine["context_tokens"], 16384);
    assert_eq!(mine["kv"], "q8_0");
    assert_eq!(mine["n_ubatch"], 128, "as in compact");
    assert_eq!(mine["builtin"], false);

    for (line, code) in [
        (
            vec!["profiles", "save", "balanced", "--threads", "1"],
            "builtin_profile",
        ),
        (vec!["profiles", "save", "mine", "--context", "7"], "invalid_profile"),
        (vec!["profiles", "delete", "yours"], "unknown_profile"),
    ] {
        let run = library.run(&line)?;
        assert_eq!(run.status, Some(1), "{line:?}");
        assert_eq!(run.last()["error"]["code"], code, "{line:?}");
    }
    library.ok(&["profiles", "delete", "mine"])?;
    let listed = library.ok(&["profiles"])?;
    assert!(listed.lines.iter().all(|line| line["profile"] != "mine"));
    Ok(())
}

/// The part of a page that a span names, as `extract` prints the page.
fn slice(library: &Library, named: &Value) -> Result<String> {
    let run = library.ok(&["extract", named["path"].as_str().context("no path")?])?;
    let pages = run.last()["pages"].as_array().context("no pages")?.clone();
    let page = pages.iter().find(|page| page["number"] == named["page"]);
    let text = page.context("no such page")?["text"].as_str().context("no text")?;
    let at = |end: usize| named["span"][end].as_u64().unwrap_or_default() as usize;
    Ok(text.chars().skip(at(0)).take(at(1) - at(0)).collect())
}

#[test]
fn spans_count_characters_of_the_page_that_extract_prints() -> Result<()> {
    let library = Library::new()?;
    let folder = tempfile::tempdir()?;
    let note = folder.path().join("Größe.md");
    std::fs::write(&note, "# Ä😀\n\nÜber 😀 allem: Die Gebühr für Jörg beträgt 12 €.\n")?;
    library.ok(&["add", &root().join("assets/samples").to_string_lossy()])?;
    library.ok(&["add".as_ref(), note.as_os_str()])?;
    for query in [
        "deposit",
        "Gebühr für Jörg",
        "clear the snow",
        "boiler pressure",
        "rent in May",
    ] {
        let found = library.ok(&["search", "-k", "4", query])?;
        let results = found.last()["results"].as_array().context("no results")?.clone();
        assert!(!results.is_empty(), "{query}");
        for result in &results {
            assert_eq!(
                slice(&library, result)?,
                result["text"].as_str().unwrap_or_default(),
                "{query}"
            );
        }
    }
    for question in ["How much is the deposit?", "Wie hoch ist die Gebühr für Jörg?"] {
        let asked = library.ok(&["ask", question])?;
        let sources = asked.of_type("sources").next().context("no sources")?["sources"].clone();
        for source in sources.as_array().context("no sources")? {
            assert_eq!(slice(&library, source)?, source["text"].as_str().unwrap_or_default());
        }
        let citations = asked.last()["citations"].as_array().context("no citations")?.clone();
        assert!(!citations.is_empty(), "{question}");
        for citation in &citations {
            assert_eq!(
                slice(&library, citation)?,
                citation["quote"].as_str().unwrap_or_default()
            );
            let source = sources
                .as_array()
                .and_then(|all| all.iter().find(|one| one["n"] == citation["source"]));
            assert_eq!(source.context("cites no source")?["path"], citation["path"]);
        }
    }
    Ok(())
}

#[test]
fn models_are_listed_with_the_catalogue_stored_measured_and_removed() -> Result<()> {
    let library = Library::new()?;
    let names = |run: &docmind_tests::Run, kind: &str| -> Vec<String> {
        let of_kind = run.lines.iter().filter(|line| line["kind"] == kind);
        of_kind
            .filter_map(|line| line["name"].as_str().map(str::to_owned))
            .collect()
    };
    let empty = library.ok(&["models", "list"])?;
    assert!(names(&empty, "language_model").is_empty());
    let minilm = empty.lines.iter().find(|line| line["name"] == "all-MiniLM-L6-v2");
    has_all(
        minilm.context("the embedder that ships")?,
        &["kind", "about", "license", "size_mib", "installed", "path"],
    );
    assert!(!names(&empty, "reranker").is_empty());

    let made = tempfile::tempdir()?;
    let model = crate::facade::tiny_model(made.path())?;
    let model = model.to_string_lossy();
    library.ok(&["models", "add", &model])?;
    assert_eq!(names(&library.ok(&["models", "list"])?, "language_model"), ["tiny"]);

    // A profile picks the family's file with its weights; what is missing is said with the command that makes it.
    let options = ["--prompt-tokens", "16", "--output-tokens", "4", "--repeat", "1"];
    let bench = |name: &str| {
        let mut line = vec!["bench", "generate", "--model", name, "--profiles", "reference,balanced"];
        line.extend(options);
        library.ok(&line)
    };
    let run = bench("tiny")?;
    has_all(
        &run.lines[0],
        &[
            "profile",
            "model",
            "prompt_tokens",
            "output_tokens",
            "load_ms",
            "load_ms_min",
            "load_ms_max",
            "warmup_ms",
            "ttft_ms",
            "ttft_ms_min",
            "prefill_tps",
            "prefill_tps_max",
            "decode_tps",
            "decode_tps_min",
            "peak_memory_mib",
            "predicted_memory_mib",
            "bandwidth_fraction",
        ],
    );
    for figure in [
        "load_ms",
        "warmup_ms",
        "ttft_ms",
        "prefill_tps",
        "decode_tps",
        "peak_memory_mib",
        "predicted_memory_mib",
        "bandwidth_fraction",
    ] {
        let of = |end: &str| run.lines[0][format!("{figure}{end}")].as_f64().context(figure);
        assert!(
            of("_min")? <= of("")? && of("")? <= of("_max")?,
            "{figure}: {:#}",
            run.lines[0]
        );
    }
    assert_eq!(run.lines[0]["synthetic"], true);
    let skipped = run
        .lines
        .iter()
        .find(|line| line["profile"] == "balanced")
        .context("balanced")?;
    assert_eq!(
        (&skipped["status"], &skipped["missing"]),
        (&"skipped".into(), &"q4_k_m".into())
    );
    let make = skipped["make"].as_str().context("no command")?;
    assert!(
        make.starts_with("docmind models quantize ") && make.ends_with(" --type q4_k_m"),
        "{make}"
    );

    library.ok(&["models", "quantize", &model, "--type", "q4_k_m"])?;
    let run = bench(&made.path().to_string_lossy())?;
    let comparison = run.of_type("comparison").next().context("no comparison")?;
    has_all(
        comparison,
        &["baseline", "profile", "decode_speedup", "memory_reduction_percent"],
    );
    assert_eq!(comparison["synthetic"], true);

    library.ok(&["models", "remove", "tiny"])?;
    assert!(names(&library.ok(&["models", "list"])?, "language_model").is_empty());
    Ok(())
}

#[test]
fn wrong_usage_is_a_json_line_too() -> Result<()> {
    let library = Library::new()?;
    for arguments in [&["fly"][..], &["search"], &["search", "-k", "0", "x"], &["remove", ""]] {
        let run = library.run(arguments)?;
        assert_eq!(run.status, Some(2), "{arguments:?}: {:#?}", run.lines);
        assert_eq!(run.lines.len(), 1, "{arguments:?}: {:#?}", run.lines);
        assert_eq!(run.last()["error"]["code"], "wrong_usage", "{arguments:?}");
        assert!(run.stderr.starts_with("error: "), "{arguments:?}: {}", run.stderr);
    }
    Ok(())
}

#[test]
fn a_variable_that_is_empty_names_no_data_folder() -> Result<()> {
    let library = Library::new()?;
    let output = library.command(&["check"]).env("DOCMIND_DATA_DIR", "").output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let named = library.run(&["check", "--data-dir", ""])?;
    assert_eq!(named.status, Some(2), "an empty option stays wrong usage");
    Ok(())
}

#[test]
fn the_data_folder_itself_is_not_read_and_that_is_said() -> Result<()> {
    let library = Library::new()?;
    library.ok(&["check"])?;
    let run = library.ok(&["add".as_ref(), library.path().as_os_str()])?;
    let lines: Vec<&Value> = run.of_type("document").collect();
    assert_eq!(lines.len(), 1, "{:#?}", run.lines);
    assert_eq!(lines[0]["error"]["code"], "data_folder", "{:#}", lines[0]);
    Ok(())
}

#[test]
fn results_that_cannot_be_written_are_a_failure_that_is_said() -> Result<()> {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else {
        docmind_tests::left_out("there is no /dev/full here");
        return Ok(());
    };
    let library = Library::new()?;
    let output = library.command(&["check"]).stdout(full).output()?;
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("could not be written"), "{said}");
    Ok(())
}

#[test]
fn what_cannot_be_read_is_said_with_a_code() -> Result<()> {
    let library = Library::new()?;
    for (arguments, code) in [
        (&["bench", "ingest", "/nowhere"][..], "file_missing"),
        (&["bench", "embed", "--texts", "/nowhere"], "file_missing"),
        (&["bench", "generate", "--model", "nowhere"], "no_such_model"),
        (&["eval", "retrieval", "/nowhere"], "dataset_unreadable"),
        (&["eval", "answers", "/nowhere"], "dataset_unreadable"),
        (&["models", "add", "/nowhere.gguf"], "file_unreadable"),
        (
            &["models", "quantize", "/nowhere.gguf", "--type", "q8_0"],
            "model_missing",
        ),
        (&["models", "remove", "nothing"], "no_such_model"),
        (&["ask", "--profile", "nothing", "x"], "unknown_profile"),
        (&["ask", " "], "empty_question"),
        (&["search", " "], "empty_question"),
        (&["remove", "7"], "no_such_document"),
    ] {
        let run = library.run(arguments)?;
        assert_eq!(run.status, Some(1), "{arguments:?}: {:#?}", run.lines);
        assert_eq!(run.last()["error"]["code"], code, "{arguments:?}: {:#?}", run.lines);
        assert_eq!(run.stderr, "", "{arguments:?}");
    }
    Ok(())
}

#[test]
fn a_kept_library_holds_what_is_measured_and_nothing_of_before() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (set, kept) = (folder.path().join("set"), folder.path().join("kept"));
    std::fs::create_dir(&set)?;
    std::fs::write(
        set.join("queries.jsonl"),
        "{\"_id\": \"1\", \"text\": \"When was the mill built?\"}\n",
    )?;
    std::fs::write(set.join("qrels.tsv"), "query-id\tcorpus-id\tscore\n1\tmill\t1\n")?;
    let mill = "{\"_id\": \"mill\", \"title\": \"Mill\", \"text\": \"The mill was built in 1743.\"}\n";
    let weir = "{\"_id\": \"weir\", \"title\": \"Weir\", \"text\": \"The weir holds back the river Elz.\"}\n";
    let (set, kept_at) = (set.to_string_lossy(), kept.to_string_lossy());
    for (corpus, documents) in [(format!("{mill}{weir}"), 2), (mill.to_owned(), 1)] {
        std::fs::write(folder.path().join("set/corpus.jsonl"), corpus)?;
        let library = Library::new()?;
        library.ok(&["eval", "retrieval", &set, "--mode", "keyword", "--library", &kept_at])?;
        let listed = Library::at(kept.join("library")).ok(&["list"])?;
        assert_eq!(listed.lines.len(), documents, "{:#?}", listed.lines);
    }
    Ok(())
}

#[test]
fn measuring_commands_print_what_the_contract_names() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let line = |text: &str| format!("{text}\n");
    let corpus = [
        r#"{"_id": "mill", "title": "Mill", "text": "The mill was built in 1743 by the brothers Arnold. It has two wheels."}"#,
        r#"{"_id": "weir", "title": "Weir", "text": "The weir holds back the river Elz. Its keeper is Marta Lund."}"#,
    ];
    let queries = [
        r#"{"_id": "1", "text": "When was the mill built?", "answers": ["1743"], "answerable": true}"#,
        r#"{"_id": "2", "text": "Who is the keeper of the weir?", "answers": ["Marta Lund"], "answerable": true}"#,
        r#"{"_id": "3", "text": "How tall is the tower of the mill?", "answers": [], "answerable": false}"#,
    ];
    let judged = "query-id\tcorpus-id\tscore\n1\tmill\t1\n2\tweir\t1\n";
    std::fs::write(folder.path().join("corpus.jsonl"), corpus.map(line).concat())?;
    std::fs::write(folder.path().join("queries.jsonl"), queries.map(line).concat())?;
    std::fs::write(folder.path().join("qrels.tsv"), judged)?;
    let set = folder.path().to_string_lossy().into_owned();

    let library = Library::new()?;
    let retrieval = library.ok(&["eval", "retrieval", &set])?;
    let fields = "dataset mode documents queries ndcg@10 recall@1 recall@5 recall@10 mrr@10 index_seconds query_ms_p50 query_ms_p95";
    has_all(retrieval.last(), &fields.split(' ').collect::<Vec<_>>());
    assert_eq!(
        (&retrieval.last()["documents"], &retrieval.last()["queries"]),
        (&2.into(), &2.into())
    );
    let answers = library.ok(&["eval", "answers", &set])?;
    let fields = "dataset foreign_refused own_refused answer_in_first answer_in_first3 support_true support_foreign_flagged \
                  support_changed_flagged unanswerable_auroc";
    has_all(answers.last(), &fields.split_whitespace().collect::<Vec<_>>());

    let added = library.ok(&["add", &sample("lease-agreement.pdf")])?;
    let rebuilt = library.ok(&["rebuild"])?;
    assert_eq!(rebuilt.last()["type"], "summary");
    assert_eq!(rebuilt.last()["vectors"], added.last()["chunks"]);
    let search = library.ok(&["bench", "search", "--rows", "2000"])?;
    assert_eq!(search.last()["rows"], 2000, "{:?}", search.last());
    let ingest = library.ok(&["bench", "ingest", &set])?;
    has_all(
        ingest.last(),
        &["documents_per_second", "chunks_per_second", "peak_rss_mib"],
    );
    Ok(())
}
