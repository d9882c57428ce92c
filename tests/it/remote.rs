//! Answers written by a server: Ollama and an OpenAI-compatible one, as they speak, on the loopback.

mod asked_now;
#[path = "../../src-tauri/crates/net/tests/server/mod.rs"]
#[expect(dead_code, reason = "the crate's own tests need more of it")]
mod server;
mod unsaid;

use crate::house::{House, report};
use anyhow::{Context, Result};
use docmind_core::answer::{AnswerMode, FinishReason};
use docmind_core::cancel::CancelToken;
use docmind_core::settings::Backend;
use docmind_engine::Engine;
use docmind_engine::ask::AskRequest;
use docmind_engine::events::AskEvent;
use serde_json::{Value, json};
use server::{Reply, Request, Server};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

const QUESTION: &str = "How much is the deposit?";
const MODEL: &str = "qwen3:4b";

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap_or_default()
}

/// The code of the source that speaks of the deposit, as the prompt names it.
fn code_in(request: &Request) -> String {
    let body = body(request);
    let prompt = body["messages"]
        .as_array()
        .and_then(|messages| messages.last()?["content"].as_str())
        .unwrap_or_default();
    let at = prompt.find("3,720").unwrap_or_default();
    let start = prompt[..at].rfind("[S").unwrap_or_default();
    prompt[start..].chars().skip(1).take_while(|c| *c != ']').collect()
}

fn words(request: &Request) -> Vec<String> {
    let answer = format!("The deposit is 3,720 euros [{}].", code_in(request));
    answer.split_inclusive(' ').map(str::to_owned).collect()
}

/// What Ollama 0.12 answers: a JSON object a line, counts and nanoseconds in the last.
fn ollama(request: &Request) -> Reply {
    let line = request.head.lines().next().unwrap_or_default().to_owned();
    if line.starts_with("GET /api/tags ") {
        return Reply::json(
            200,
            &json!({ "models": [{ "name": MODEL, "model": MODEL, "size": 2_600_000_000_u64 }] }).to_string(),
        );
    }
    let asked = body(request);
    if !line.starts_with("POST /api/chat ") {
        return Reply::json(404, "404 page not found");
    }
    if asked["model"] != MODEL {
        let words = format!("model '{}' not found", asked["model"].as_str().unwrap_or_default());
        return Reply::json(404, &json!({ "error": words }).to_string());
    }
    if asked["think"] == true {
        return Reply::json(
            400,
            &json!({ "error": format!("\"{MODEL}\" does not support thinking") }).to_string(),
        );
    }
    let mut stream = String::new();
    for word in words(request) {
        let piece = json!({ "model": MODEL, "message": { "role": "assistant", "content": word }, "done": false });
        let _ = writeln!(stream, "{piece}");
    }
    let last = json!({
        "model": MODEL, "message": { "role": "assistant", "content": "" }, "done": true, "done_reason": "stop",
        "total_duration": 900_000_000_u64, "load_duration": 1_000_000_u64, "prompt_eval_count": 2_000,
        "prompt_eval_duration": 500_000_000_u64, "eval_count": 10, "eval_duration": 250_000_000_u64,
    });
    let _ = writeln!(stream, "{last}");
    Reply::stream(&stream, 7)
}

/// What vLLM answers: server-sent events, a first piece with the role, the counts in a piece without choices, `[DONE]`.
fn vllm(request: &Request) -> Reply {
    let line = request.head.lines().next().unwrap_or_default().to_owned();
    if request.header("authorization").as_deref() != Some("Bearer key-of-the-house") {
        return Reply::json(401, &json!({ "error": "Unauthorized" }).to_string());
    }
    if line.starts_with("GET /v1/models ") {
        return Reply::json(
            200,
            &json!({ "object": "list", "data": [{ "id": MODEL, "object": "model", "owned_by": "vllm" }] }).to_string(),
        );
    }
    let asked = body(request);
    if asked["model"] != MODEL {
        let words = format!(
            "The model `{}` does not exist.",
            asked["model"].as_str().unwrap_or_default()
        );
        let error = json!({ "error": { "message": words, "type": "NotFoundError", "param": "model", "code": 404 } });
        return Reply::json(404, &error.to_string());
    }
    let piece = |delta: Value, finish: Value| {
        json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "model": MODEL,
            "choices": [{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish }] })
    };
    let mut stream = format!(
        "data: {}\n\n",
        piece(json!({ "role": "assistant", "content": "" }), Value::Null)
    );
    for word in words(request) {
        let _ = write!(stream, "data: {}\n\n", piece(json!({ "content": word }), Value::Null));
    }
    let _ = write!(stream, "data: {}\n\n", piece(json!({ "content": "" }), json!("stop")));
    let usage = json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [],
        "usage": { "prompt_tokens": 1_900, "total_tokens": 1_911, "completion_tokens": 11 } });
    let _ = write!(stream, "data: {usage}\n\ndata: [DONE]\n\n");
    Reply::stream(&stream, 11)
}

fn choose(engine: &Engine, backend: Backend, url: &str, model: &str, key: Option<&str>) -> Result<()> {
    let mut settings = engine.settings();
    settings.backend = backend;
    url.clone_into(&mut settings.remote_url);
    model.clone_into(&mut settings.remote_model);
    settings.remote_api_key = key.map(str::to_owned);
    engine.replace_settings(&settings).map_err(report)?;
    Ok(())
}

fn asked(engine: &Engine) -> (Result<docmind_core::answer::Answer, String>, Vec<AskEvent>) {
    let request = AskRequest {
        question: QUESTION.to_owned(),
        ..AskRequest::default()
    };
    let mut told = Vec::new();
    let answer = engine.ask(&request, &CancelToken::new(), &mut |event| told.push(event));
    (answer.map_err(|report| report.code), told)
}

fn holds_the_answer(engine: &Engine) -> Result<docmind_core::answer::Answer> {
    let (answer, told) = asked(engine);
    let answer = answer.map_err(|code| anyhow::anyhow!("{code}: {told:#?}"))?;
    assert_eq!(
        (answer.mode, answer.finish),
        (AnswerMode::Generated, FinishReason::Stop)
    );
    assert_eq!(answer.text, "The deposit is 3,720 euros [1].");
    assert_eq!(answer.citations.len(), 1);
    assert!(answer.citations[0].path.ends_with("lease-agreement.pdf"));
    assert!(answer.citations[0].quote.contains("3,720"));
    Ok(answer)
}

#[test]
fn ollama_writes_and_is_cited() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let engine = house.with_samples()?;
    let server = Server::start(ollama);
    choose(&engine, Backend::Ollama, &server.url(""), MODEL, None)?;
    assert_eq!(engine.remote_models(&CancelToken::new()).map_err(report)?, [MODEL]);
    let stats = holds_the_answer(&engine)?.stats.context("no figures")?;
    assert_eq!((stats.prompt_tokens, stats.output_tokens), (2_000, 10));
    assert!(
        (stats.prefill_tps - 4_000.0).abs() < 1.0 && (stats.decode_tps - 40.0).abs() < 0.1,
        "{stats:?}"
    );
    let request = server.requests().pop().context("nothing was asked")?;
    let window = body(&request)["options"]["num_ctx"].as_u64();
    assert!(
        window >= Some(4096),
        "Ollama cuts silently at its own default: {window:?}"
    );

    // A model that cannot think is asked without, and that is said.
    engine.set_setting("thinking", json!(true)).map_err(report)?;
    holds_the_answer(&engine)?;
    let (_, told) = asked(&engine);
    assert!(
        told.iter()
            .any(|event| matches!(event, AskEvent::Notice(notice) if notice.code == "remote_no_thinking")),
        "{told:#?}"
    );

    choose(&engine, Backend::Ollama, &server.url(""), "nobody", None)?;
    assert_eq!(asked(&engine).0, Err("remote_model_missing".to_owned()));
    engine.set_setting("offline", json!(true)).map_err(report)?;
    let heard = server.requests().len();
    assert_eq!(asked(&engine).0, Err("network_offline".to_owned()));
    assert_eq!(server.requests().len(), heard, "nothing was sent");
    engine.set_setting("offline", json!(false)).map_err(report)?;
    assert_eq!(asked(&engine).0, Err("remote_model_missing".to_owned()));
    assert!(
        engine
            .network_traffic()
            .iter()
            .all(|host| host.host.starts_with("127.0.0.1"))
    );
    engine.close();
    Ok(())
}

#[test]
fn an_openai_compatible_server_writes_and_is_cited() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let engine = house.with_samples()?;
    let server = Server::start(vllm);
    let key = Some("key-of-the-house");
    choose(&engine, Backend::OpenAi, &server.url("/v1"), MODEL, key)?;
    assert_eq!(engine.remote_models(&CancelToken::new()).map_err(report)?, [MODEL]);
    let stats = holds_the_answer(&engine)?.stats.context("no figures")?;
    assert_eq!((stats.prompt_tokens, stats.output_tokens), (1_900, 11));

    choose(&engine, Backend::OpenAi, &server.url(""), "nobody", key)?;
    assert_eq!(asked(&engine).0, Err("remote_model_missing".to_owned()));
    choose(&engine, Backend::OpenAi, &server.url(""), MODEL, Some("wrong"))?;
    let (answer, told) = asked(&engine);
    assert_eq!(answer, Err("remote_denied".to_owned()));
    let extract = told
        .iter()
        .any(|event| matches!(event, AskEvent::Sources { extract: Some(_), .. }));
    assert!(extract, "the documents' own sentences stand there all the same");
    engine.close();
    Ok(())
}

#[test]
fn a_server_that_is_away_dies_or_stalls_is_named_and_stopped() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let engine = house.with_samples()?;
    let gone = Server::start(ollama);
    let url = gone.url("");
    drop(gone);
    choose(&engine, Backend::Ollama, &url, MODEL, None)?;
    assert_eq!(asked(&engine).0, Err("remote_unreachable".to_owned()));

    // It dies in the middle: what it wrote is kept and said to be cut off.
    let half = Server::start(|_| Reply::stream("{\"message\":{\"content\":\"The deposit is\"},\"done\":false}\n", 5));
    choose(&engine, Backend::Ollama, &half.url(""), MODEL, None)?;
    let (answer, told) = asked(&engine);
    let answer = answer.map_err(|code| anyhow::anyhow!(code))?;
    assert_eq!(
        (answer.finish, answer.text.as_str()),
        (FinishReason::Interrupted, "The deposit is")
    );
    assert!(
        told.iter()
            .any(|event| matches!(event, AskEvent::Notice(notice) if notice.code == "answer_interrupted"))
    );

    // It says nothing more: Stop works within a second.
    let stalled = Server::start(|_| Reply::stalled("{\"message\":{\"content\":\"The deposit\"},\"done\":false}\n"));
    choose(&engine, Backend::Ollama, &stalled.url(""), MODEL, None)?;
    let cancel = CancelToken::new();
    let request = AskRequest {
        question: QUESTION.to_owned(),
        ..AskRequest::default()
    };
    let mut stopped_at = None;
    let answer = engine
        .ask(&request, &cancel, &mut |event| {
            if matches!(event, AskEvent::Token { .. }) {
                stopped_at = Some(Instant::now());
                cancel.cancel();
            }
        })
        .map_err(report)?;
    assert_eq!(
        (answer.finish, answer.text.as_str()),
        (FinishReason::Cancelled, "The deposit")
    );
    let took = stopped_at.context("nothing was written")?.elapsed();
    assert!(took < Duration::from_secs(10), "a stop never came: {took:?}");
    engine.close();
    Ok(())
}

#[test]
fn a_model_is_pulled_from_a_hub_resumed_and_looked_into() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let engine = house.open(docmind_engine::Background::Nothing)?;
    let made = tempfile::tempdir()?;
    let bytes = std::fs::read(crate::facade::tiny_model(made.path())?)?;
    let (half, sent) = (bytes.len() / 2, bytes.clone());
    let served = std::sync::atomic::AtomicU32::new(0);
    let hub = Server::start(move |request| {
        let path = request.head.split(' ').nth(1).unwrap_or_default();
        match path {
            "/tiny/resolve/main/tiny.gguf" => Reply::redirect("/files/1", &[("etag", "\"abc\"")]),
            "/files/1" => {
                // The connection breaks once, in the middle.
                let breaks = (served.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0).then_some(half);
                Reply::file(request, &sent, "abc", breaks)
            }
            "/nonsense.gguf" => Reply::file(request, b"this is no model at all", "def", None),
            _ => Reply::json(404, "{}"),
        }
    });
    let cancel = CancelToken::new();
    let mut told = Vec::new();
    let address = hub.url("/tiny/resolve/main/tiny.gguf");
    let mut model = engine.pull_model(&address, &cancel, &mut |done, total| told.push((done, total)));
    if model.is_err() {
        // Broken off: the second call goes on where it stopped.
        model = engine.pull_model(&address, &cancel, &mut |done, total| told.push((done, total)));
    }
    let model = model.map_err(report)?;
    assert_eq!(model.name, "tiny");
    assert_eq!(std::fs::read(&model.path)?, bytes);
    assert!(
        hub.requests().iter().any(|request| request.header("range").is_some()),
        "it began anew"
    );
    assert!(told.iter().any(|(done, _)| *done == bytes.len() as u64), "{told:?}");
    assert_eq!(engine.models().map_err(report)?.len(), 1);

    let refused = engine.pull_model(&hub.url("/nonsense.gguf"), &cancel, &mut |_, _| {});
    assert_eq!(refused.map_err(|report| report.code), Err("not_a_model".to_owned()));
    assert_eq!(
        engine.models().map_err(report)?.len(),
        1,
        "what is no model is not left among the models"
    );
    for address in [
        "qwen3-4b",
        "http://models.example/a.gguf",
        "https://models.example/../../a",
    ] {
        let refused = engine.pull_model(address, &cancel, &mut |_, _| {});
        assert_eq!(
            refused.map_err(|report| report.code),
            Err("not_in_catalogue".to_owned()),
            "{address}"
        );
    }
    engine.close();
    Ok(())
}
