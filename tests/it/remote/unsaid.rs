//! What servers leave unsaid: where thoughts begin, and how much is read at once.

use super::server::{Reply, Request, Server};
use super::{MODEL, asked, body, choose, code_in, holds_the_answer, ollama, vllm};
use crate::house::{House, report};
use anyhow::{Context, Result};
use docmind_core::cancel::CancelToken;
use docmind_core::settings::{Backend, RemoteContext};
use docmind_engine::events::AskEvent;
use serde_json::json;
use std::fmt::Write as _;

/// vLLM without a reasoning parser, with a model whose template opens the thinking block.
fn thinks_aloud(request: &Request) -> Reply {
    if !request.head.starts_with("POST ") {
        return Reply::json(404, "{}");
    }
    let code = code_in(request);
    let whole =
        format!("Two deposits, hm. One is 900 euros [{code}]. No.\n</think>\n\nThe deposit is 3,720 euros [{code}].");
    let mut stream = String::new();
    for piece in whole.as_bytes().chunks(5) {
        let delta = json!({ "content": String::from_utf8_lossy(piece) });
        let _ = write!(stream, "data: {}\n\n", json!({ "choices": [{ "delta": delta }] }));
    }
    stream.push_str("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
    Reply::stream(&stream, 11)
}

#[test]
fn thoughts_of_a_server_that_opens_them_itself_are_no_answer() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let engine = house.with_samples()?;
    let server = Server::start(thinks_aloud);
    choose(&engine, Backend::OpenAi, &server.url("/v1"), MODEL, None)?;
    let answer = holds_the_answer(&engine)?;
    let thought = answer.thinking.context("its thoughts are kept")?;
    assert!(
        thought.starts_with("Two deposits, hm.") && thought.ends_with("No."),
        "{thought}"
    );
    let (_, told) = asked(&engine);
    let turned = told.iter().filter(|event| **event == AskEvent::WereThoughts).count();
    assert_eq!(turned, 1);
    engine.close();
    Ok(())
}

fn is_assumed(told: &[AskEvent]) -> bool {
    told.iter()
        .any(|event| matches!(event, AskEvent::Notice(notice) if notice.code == "remote_context_assumed"))
}

#[test]
fn a_server_is_asked_how_much_it_reads_at_once() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let engine = house.with_samples()?;
    let shows = |request: &Request| request.head.starts_with("POST /api/show ");
    let server = Server::start(move |request| {
        if shows(request) {
            let info = json!({ "general.architecture": "qwen3", "qwen3.context_length": 40_960 });
            Reply::json(
                200,
                &json!({ "parameters": "temperature 0.7", "model_info": info }).to_string(),
            )
        } else {
            ollama(request)
        }
    });
    let asked_for_it = || server.requests().iter().filter(|request| shows(request)).count();
    choose(&engine, Backend::Ollama, &server.url(""), MODEL, None)?;
    let told = RemoteContext::Told {
        tokens: 16_384,
        of: 40_960,
    };
    assert_eq!(engine.remote_context(&CancelToken::new()).map_err(report)?, told);
    holds_the_answer(&engine)?;
    assert!(!is_assumed(&asked(&engine).1));
    assert_eq!(asked_for_it(), 1, "it is not asked again for each question");
    assert_eq!(engine.telemetry().context_tokens, 16_384);

    engine
        .set_setting("remote_context_tokens", json!(6000))
        .map_err(report)?;
    choose(&engine, Backend::Ollama, &server.url(""), "nobody", None)?;
    assert_eq!(asked(&engine).0, Err("remote_model_missing".to_owned()));
    choose(&engine, Backend::Ollama, &server.url(""), MODEL, None)?;
    holds_the_answer(&engine)?;
    assert_eq!(asked_for_it(), 1, "a person has said it");
    let last = server.requests().pop().context("nothing was asked")?;
    let window = body(&last)["options"]["num_ctx"].as_u64().context("no context")?;
    assert!(window <= 6000, "{window}");
    engine.close();
    Ok(())
}

#[test]
fn what_a_server_does_not_tell_is_assumed_and_said_once() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let engine = house.with_samples()?;
    let server = Server::start(vllm);
    choose(
        &engine,
        Backend::OpenAi,
        &server.url("/v1"),
        MODEL,
        Some("key-of-the-house"),
    )?;
    let (answer, told) = asked(&engine);
    assert!(answer.is_ok() && is_assumed(&told), "{told:#?}");
    let (answer, told) = asked(&engine);
    assert!(answer.is_ok() && !is_assumed(&told), "{told:#?}");
    let assumed = RemoteContext::Assumed { tokens: 8192 };
    assert_eq!(engine.remote_context(&CancelToken::new()).map_err(report)?, assumed);
    engine.close();
    Ok(())
}
