//! What a model on a server is given where a conversation goes on: of the documents that are asked now, and of what was answered.

use super::server::{Reply, Server};
use super::{MODEL, QUESTION, body, choose, ollama};
use crate::house::{House, ask, id_of, question, report};
use anyhow::{Context, Result};
use docmind_core::cancel::CancelToken;
use docmind_core::settings::Backend;
use docmind_engine::ask::AskRequest;
use docmind_engine::events::AskEvent;
use docmind_engine::search::Scope;
use std::time::Duration;

#[test]
fn passages_of_documents_that_are_not_asked_any_more_are_not_sent() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let engine = house.with_samples()?;
    let server = Server::start(ollama);
    choose(&engine, Backend::Ollama, &server.url(""), MODEL, None)?;
    let (_, conversation) = ask(&engine, &question(QUESTION))?;
    let policy = docmind_tests::root().join("assets/samples/travel-policy.md");
    let request = AskRequest {
        question: "What does the travel policy say about hotels and meals?".to_owned(),
        conversation: Some(conversation),
        scope: Scope::Documents {
            ids: vec![id_of(&engine, &policy.canonicalize()?)?],
        },
        ..AskRequest::default()
    };
    let mut notices = Vec::new();
    engine
        .ask(&request, &CancelToken::new(), &mut |event| {
            if let AskEvent::Notice(notice) = event {
                notices.push(notice.code);
            }
        })
        .map_err(report)?;
    let mut chats = server
        .requests()
        .into_iter()
        .map(|request| body(&request)["messages"].to_string());
    let sent = chats
        .rfind(|messages| messages != "null")
        .context("nothing was asked")?;
    assert!(sent.contains("hotels and meals"), "{sent}");
    assert!(sent.contains(QUESTION), "what a person asked stays: {sent}");
    assert!(!sent.contains("3,720"), "{sent}");
    assert!(notices.iter().any(|code| code == "turns_left_out"), "{notices:?}");
    engine.close();
    Ok(())
}

#[test]
fn an_answer_stopped_before_its_first_word_is_none() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let engine = house.with_samples()?;
    let server = Server::start(ollama);
    choose(&engine, Backend::Ollama, &server.url(""), MODEL, None)?;
    let (_, conversation) = ask(&engine, &question(QUESTION))?;
    let silent = Server::start(|request| {
        if request.head.starts_with("POST /api/chat ") {
            Reply::stalled("")
        } else {
            ollama(request)
        }
    });
    choose(&engine, Backend::Ollama, &silent.url(""), MODEL, None)?;
    let cancel = CancelToken::new();
    let request = AskRequest {
        conversation: Some(conversation),
        ..question(QUESTION)
    };
    let stopped = engine.ask(&request, &cancel, &mut |event| {
        if matches!(event, AskEvent::Sources { .. }) {
            let cancel = cancel.clone();
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(500));
                cancel.cancel();
            });
        }
    });
    assert_eq!(
        stopped.map_err(|report| report.code).err().as_deref(),
        Some("cancelled")
    );
    let kept = engine.conversation(conversation).map_err(report)?.turns;
    assert_eq!(kept.len(), 1, "{kept:#?}");
    engine.close();
    Ok(())
}
