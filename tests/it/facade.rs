//! The façade with the real workers: what the window relies on and the command line does not show.

use crate::house::{House, add, ask, id_of, question, report};
use anyhow::{Context, Result, ensure};
use docmind_core::answer::{Answer, AnswerMode, Support};
use docmind_core::cancel::CancelToken;
use docmind_core::conversation::ConversationId;
use docmind_core::document::DocumentId;
use docmind_core::embedding::Precision;
use docmind_core::prompt::code;
use docmind_core::retrieval::{Fate, SearchMode};
use docmind_engine::ask::AskRequest;
use docmind_engine::events::{AskEvent, IngestEvent};
use docmind_engine::search::{Scope, SearchAnswer, SearchRequest};
use docmind_engine::viewer::RenderPage;
use docmind_engine::{Background, Engine};
use docmind_tests::{Library, bin_dir, root};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

#[test]
fn a_moved_file_and_a_moved_copy_stay_in_their_collections() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let temp = tempfile::tempdir()?;
    let folder = temp.path().canonicalize()?;
    std::fs::create_dir(folder.join("inbox"))?;
    std::fs::write(folder.join("inbox/rent.txt"), "The rent for the mill rises in May.")?;
    std::fs::write(folder.join("original.txt"), "Both copies speak of the weir.")?;
    std::fs::write(folder.join("second-copy.txt"), "Both copies speak of the weir.")?;
    let engine = house.open(Background::Ingest)?;
    add(&engine, &folder.join("original.txt"))?;
    add(&engine, &folder)?;
    let rent = id_of(&engine, &folder.join("inbox/rent.txt"))?;
    let copy = id_of(&engine, &folder.join("second-copy.txt"))?;
    let collection = engine.create_collection("Mill").map_err(report)?;
    engine.add_to_collection(collection, &[rent, copy]).map_err(report)?;
    let held = engine.collection_documents(collection).map_err(report)?;
    assert_eq!(held.len(), 2);

    std::fs::create_dir(folder.join("kept"))?;
    std::fs::rename(folder.join("inbox/rent.txt"), folder.join("kept/rent.txt"))?;
    std::fs::rename(folder.join("second-copy.txt"), folder.join("kept/copy.txt"))?;
    add(&engine, &folder)?;
    assert_eq!(
        id_of(&engine, &folder.join("kept/rent.txt"))?,
        rent,
        "it moved, it is not new"
    );
    assert_eq!(id_of(&engine, &folder.join("kept/copy.txt"))?, copy);
    assert_eq!(engine.collection_documents(collection).map_err(report)?, held);

    // What leaves the library for good leaves its collections; what can still come back does not.
    engine.remove(&[rent]).map_err(report)?;
    engine.undo_remove(&[rent]).map_err(report)?;
    assert_eq!(engine.collection_documents(collection).map_err(report)?, held);
    engine.forget(&[rent]).map_err(report)?;
    let too_late = engine.undo_remove(&[rent]).err().map(|report| report.code);
    assert_eq!(too_late.as_deref(), Some("removal_final"));
    let left = engine.collections().map_err(report)?;
    assert_eq!(left.first().map(|row| row.documents), Some(1));
    engine.close();
    Ok(())
}

/// A tiny model of random weights, made here.
pub fn tiny_model(folder: &Path) -> Result<PathBuf> {
    let path = folder.join("tiny.gguf");
    let made = Command::new(bin_dir().join(format!("docmind-generate{}", std::env::consts::EXE_SUFFIX)))
        .args(["make-model", "--shape", "tiny", "--weights", "f16", "--out"])
        .arg(&path)
        .output()?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Ok(path)
}

const SUPPORTED: &str = "The tenant pays a deposit of 3,720 euros";
const INVENTED: &str = "The cellar holds 47 goats of the mayor.";

#[test]
fn a_written_answer_keeps_its_marks_and_its_reasons_over_a_restart() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let engine = house.with_samples()?;
    let models = tempfile::tempdir()?;
    let model = tiny_model(models.path())?;
    let lease = root().join("assets/samples/lease-agreement.pdf").canonicalize()?;
    let scope = Scope::Documents {
        ids: vec![id_of(&engine, &lease)?],
    };
    let request = AskRequest {
        question: "How much is the deposit?".to_owned(),
        scope: scope.clone(),
        each_from_now_on: true,
        model: Some(model.to_string_lossy().into_owned()),
        grammar: Some(format!("root ::= \"{SUPPORTED} [{}]. {INVENTED}\"", code(1))),
        ..AskRequest::default()
    };
    let mut told = Vec::new();
    let answer = engine
        .ask(&request, &CancelToken::new(), &mut |event| told.push(event))
        .map_err(report)?;
    assert_eq!(answer.mode, AnswerMode::Generated);
    assert_eq!(answer.text, format!("{SUPPORTED} [1]. {INVENTED}"));
    let shown: String = told
        .iter()
        .filter_map(|event| match event {
            AskEvent::Token { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(shown, answer.text, "what streamed is what is kept");
    assert_eq!(answer.citations[0].support, Support::Supported);
    assert!(answer.citations[0].quote.contains("3,720 euros"));
    assert_eq!(answer.uncited.len(), 1);
    assert_eq!(answer.uncited[0].sentence, INVENTED);
    assert_eq!(answer.uncited[0].support, Support::Unsupported);
    let traced = told.iter().find_map(|event| match event {
        AskEvent::Trace(trace) => Some((**trace).clone()),
        _ => None,
    });
    let traced = traced.context("no trace was told")?;
    let conversation = told.iter().find_map(|event| match event {
        AskEvent::Started { conversation, .. } => Some(*conversation),
        _ => None,
    });
    let conversation = conversation.context("no conversation")?;
    engine.close();
    drop(engine);

    let engine = house.open(Background::Nothing)?;
    let kept = engine.conversation(conversation).map_err(report)?;
    // Without the figures: JSON may move the last bit of a fraction.
    let words = |mut answer: Answer| {
        answer.stats = None;
        answer
    };
    assert_eq!(words(kept.turns[0].answer.clone()), words(answer));
    assert_eq!(kept.scope, scope, "the next question looks where this one did");
    assert!(kept.each_document, "and is put to each document, as was switched on");
    let trace = engine
        .answer_trace(conversation, 0)
        .map_err(report)?
        .context("the trace was not kept")?;
    let candidates = &trace.retrieval.candidates;
    assert_eq!(*candidates, traced.retrieval.candidates);
    assert!(candidates.iter().any(|candidate| candidate.fate == Fate::Source));
    assert!(candidates.iter().all(|candidate| candidate.span.is_some()));
    assert_eq!(engine.answer_trace(conversation, 7).map_err(report)?, None);
    let missing = engine.answer_trace(ConversationId(9_999), 0).map_err(report)?;
    assert_eq!(missing, None);
    engine.close();
    Ok(())
}

#[test]
fn the_command_line_asks_on_where_the_conversation_looks() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let engine = house.with_samples()?;
    let lease = root().join("assets/samples/lease-agreement.pdf").canonicalize()?;
    let scope = Scope::Documents {
        ids: vec![id_of(&engine, &lease)?],
    };
    let request = AskRequest {
        scope: scope.clone(),
        each_from_now_on: true,
        ..question("How much is the deposit?")
    };
    let (_, conversation) = ask(&engine, &request)?;
    engine.close();
    drop(engine);

    let id = conversation.0.to_string();
    let library = Library::at(house.path().to_owned());
    let run = library.ok(&["ask", "--conversation", &id, "How long is the notice period?"])?;
    let sources = run.of_type("sources").filter_map(|line| line["sources"].as_array());
    for source in sources.flatten() {
        assert_eq!(source["path"], *lease.to_string_lossy(), "{source:#}");
    }
    let engine = house.open(Background::Nothing)?;
    let kept = engine.conversation(conversation).map_err(report)?;
    assert_eq!((kept.scope, kept.each_document), (scope, true));
    engine.close();
    Ok(())
}

#[test]
fn suggestions_follow_the_scope() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let engine = house.with_samples()?;
    let samples = root().join("assets/samples").canonicalize()?;
    let lease = id_of(&engine, &samples.join("lease-agreement.pdf"))?;
    let policy = id_of(&engine, &samples.join("travel-policy.md"))?;
    let all = engine.suggested_questions(&Scope::All, 100).map_err(report)?;
    let of = |ids: Vec<DocumentId>| {
        engine
            .suggested_questions(&Scope::Documents { ids }, 100)
            .map_err(report)
    };
    let (leases, policies) = (of(vec![lease])?, of(vec![policy])?);
    assert!(!leases.is_empty() && !policies.is_empty(), "{leases:?} {policies:?}");
    assert!(
        leases.iter().all(|question| !policies.contains(question)),
        "{leases:?} {policies:?}"
    );
    assert!(leases.iter().chain(&policies).all(|question| all.contains(question)));
    assert_eq!(of(Vec::new())?, Vec::<String>::new());
    engine.close();
    Ok(())
}

/// Width and height that a PNG says it has.
fn png_size(png: &[u8]) -> (u32, u32) {
    let number = |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
    (number(16), number(20))
}

#[test]
fn a_page_is_drawn_whole_or_in_tiles_at_any_scale() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let engine = house.with_samples()?;
    let lease = id_of(&engine, &root().join("assets/samples/lease-agreement.pdf"))?;
    let cancel = CancelToken::new();
    let draw = |scale: f32, tile| engine.render_page(lease, RenderPage { page: 2, scale, tile }, &cancel);
    let whole = draw(1.0, None).map_err(report)?;
    assert!(whole.png.starts_with(b"\x89PNG"));
    assert_eq!(png_size(&whole.png), (whole.width, whole.height));
    assert!(
        (whole.page_size.0 - whole.width as f32).abs() < 1.0,
        "at scale 1 a pixel is a point"
    );

    // The tile that is the whole page is the same picture, byte for byte; another one is another.
    let all = draw(1.0, Some((0, 0, whole.width, whole.height))).map_err(report)?;
    assert_eq!(all.png, whole.png);
    let large = draw(4.0, Some((400, 300, 512, 256))).map_err(report)?;
    assert_eq!((large.width, large.height, large.scale), (512, 256, 4.0));
    assert_eq!(png_size(&large.png), (512, 256));
    assert_eq!(
        large.page_size, whole.page_size,
        "rectangles of words are laid over the whole page"
    );
    let beside = draw(4.0, Some((400, 556, 512, 256))).map_err(report)?;
    assert_ne!(beside.png, large.png);

    assert_eq!(draw(1.0, Some((0, 0, 100_000, 100_000))).unwrap_err().code, "too_large");
    let nowhere = engine.render_page(
        lease,
        RenderPage {
            page: 99,
            scale: 1.0,
            tile: None,
        },
        &cancel,
    );
    assert_eq!(nowhere.unwrap_err().code, "damaged");
    engine.close();
    Ok(())
}

#[test]
fn a_changed_file_is_not_drawn_under_old_words() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let temp = tempfile::tempdir()?;
    let path = temp.path().join("lease.pdf");
    std::fs::copy(root().join("assets/samples/lease-agreement.pdf"), &path)?;
    let engine = house.open(Background::Ingest)?;
    add(&engine, &path)?;
    let lease = id_of(&engine, &path)?;
    let page = RenderPage {
        page: 1,
        scale: 0.5,
        tile: None,
    };
    let cancel = CancelToken::new();
    assert!(engine.render_page(lease, page, &cancel).is_ok());
    std::fs::write(&path, "no PDF any more")?;
    assert!(engine.source_page(lease, 1).map_err(report)?.changed);
    assert_eq!(
        engine.render_page(lease, page, &cancel).unwrap_err().code,
        "file_changed"
    );
    std::fs::remove_file(&path)?;
    assert_eq!(
        engine.render_page(lease, page, &cancel).unwrap_err().code,
        "file_unreadable"
    );
    engine.close();
    Ok(())
}

#[test]
fn another_embedder_embeds_anew_and_never_mixes() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let engine = house.open(Background::Ingest)?;
    // Whatever a processor uses when nobody asks: the other one is another embedder.
    let full = serde_json::to_value(Some(Precision::Fp32))?;
    engine.set_setting("embedder_precision", full).map_err(report)?;
    add(&engine, &root().join("assets/samples"))?;
    let notices: Arc<Mutex<Vec<String>>> = Arc::default();
    let _listening = engine.on_ingest({
        let notices = Arc::clone(&notices);
        move |event| {
            if let (IngestEvent::Notice(notice), Ok(mut notices)) = (event, notices.lock()) {
                notices.push(notice.code.clone());
            }
        }
    });
    let cancel = CancelToken::new();
    let search = |mode| {
        let request = SearchRequest {
            query: "Who has to clear the snow?".to_owned(),
            mode,
            limit: 5,
            ..SearchRequest::default()
        };
        engine.search(&request, &cancel)
    };
    let before = search(SearchMode::Vector).map_err(report)?;
    assert!(!before.results.is_empty());

    // While the library's vectors are another embedder's, no cosine is taken across the two.
    engine.pause_ingest();
    let precision = serde_json::to_value(Some(Precision::Int8))?;
    engine.set_setting("embedder_precision", precision).map_err(report)?;
    let during = search(SearchMode::Hybrid).map_err(report)?;
    assert!(
        during
            .notices
            .iter()
            .any(|notice| notice.code == "search_by_words_only"),
        "{:?}",
        during.notices
    );
    assert_eq!(search(SearchMode::Vector).unwrap_err().code, "vectors_pending");

    engine.resume_ingest();
    engine.wait_for_ingest(&cancel).map_err(report)?;
    let after = search(SearchMode::Vector).map_err(report)?;
    assert_eq!(after.results[0].path, before.results[0].path);
    // The best is always 1: the others show that the vectors are others.
    let scores =
        |answer: &SearchAnswer| -> Vec<u32> { answer.results.iter().map(|found| found.score.to_bits()).collect() };
    assert_ne!(scores(&after), scores(&before), "other vectors, other cosines");
    assert!(search(SearchMode::Hybrid).map_err(report)?.notices.is_empty());
    assert!(
        notices
            .lock()
            .is_ok_and(|notices| notices.iter().any(|code| code == "embedder_changed"))
    );
    let soundness = engine.check().map_err(report)?;
    assert!(soundness.ok, "{soundness:?}");
    engine.close();
    Ok(())
}

#[test]
fn an_embedder_chosen_while_the_library_was_closed_is_taken_up() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let engine = house.open(Background::Ingest)?;
    let samples = root().join("assets/samples");
    add(&engine, &samples)?;
    let data = engine.data_dir().root().to_owned();
    let settings = engine.data_dir().settings_file();
    let shipped = engine.runtime_files().embedders().join("all-MiniLM-L6-v2");
    engine.close();
    drop(engine);
    let cancel = CancelToken::new();
    let search = |engine: &Engine| {
        let request = SearchRequest {
            query: "Who has to clear the snow?".to_owned(),
            mode: SearchMode::Vector,
            limit: 5,
            ..SearchRequest::default()
        };
        engine.search(&request, &cancel).map_err(report)
    };

    // The same one in another precision: the first question shows it.
    std::fs::write(&settings, r#"{"embedder_precision": "fp32"}"#)?;
    let engine = house.open(Background::Ingest)?;
    ensure!(search(&engine).is_err(), "no cosine is taken across the two");
    engine.wait_for_ingest(&cancel).map_err(report)?;
    ensure!(!search(&engine)?.results.is_empty());
    engine.close();
    drop(engine);

    // Another by name: adding what is known already is enough.
    let own = data.join("models/own");
    std::fs::create_dir_all(&own)?;
    for file in ["model.onnx", "model-int8.onnx", "tokenizer.json"] {
        std::os::unix::fs::symlink(shipped.join(file), own.join(file))?;
    }
    let card = r#"{"name": "own", "pooling": "in_graph", "max_tokens": 256, "passage_prefix": "passage: "}"#;
    std::fs::write(own.join("card.json"), card)?;
    std::fs::write(&settings, r#"{"embedder": "own"}"#)?;
    let engine = house.open(Background::Ingest)?;
    add(&engine, &samples)?;
    ensure!(!search(&engine)?.results.is_empty());
    let soundness = engine.check().map_err(report)?;
    assert!(soundness.ok, "{soundness:?}");
    engine.close();
    Ok(())
}

#[test]
fn the_machine_is_read_only_while_somebody_listens() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let engine = house.open(Background::All)?;
    let heard = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let listening = engine.on_telemetry({
        let heard = Arc::clone(&heard);
        move |reading| {
            assert!(reading.ram_total_mib > 0);
            heard.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    });
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while heard.load(std::sync::atomic::Ordering::Relaxed) < 2 && std::time::Instant::now() < until {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(heard.load(std::sync::atomic::Ordering::Relaxed) >= 2);
    assert!(has_thread("telemetry")?);
    drop(listening);
    while has_thread("telemetry")? && std::time::Instant::now() < until {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(
        !has_thread("telemetry")?,
        "nobody listens, and it is measured all the same"
    );
    engine.close();
    Ok(())
}

fn has_thread(name: &str) -> Result<bool> {
    for task in std::fs::read_dir("/proc/self/task")? {
        // A thread may end between the listing and the look.
        if std::fs::read_to_string(task?.path().join("comm")).is_ok_and(|comm| comm.trim() == name) {
            return Ok(true);
        }
    }
    Ok(false)
}
