//! What engines leave unsaid, against a server of our own on the loopback: where thoughts begin, and how much is read at once.

#[expect(dead_code, reason = "the other tests of this crate need more of it")]
mod server;

use docmind_core::cancel::CancelToken;
use docmind_core::generation::{GenerateEvent, GenerateRequest, Message, Role, Sampling};
use docmind_core::ports::Generator;
use docmind_net::gate::{Gate, Purpose, Rule};
use docmind_net::remote::{ContextWindow, Dialect, RemoteEngine};
use serde_json::{Value, json};
use server::{Reply, Request, Server};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn engine(server: &Server, dialect: Dialect) -> RemoteEngine {
    let gate = Arc::new(Gate::closed());
    gate.allow(
        Purpose::RemoteEngine,
        Rule::origin_of(&server.url("")).expect("an address"),
    );
    RemoteEngine::new(gate, dialect, &server.url(""), "qwen3", None).expect("an address")
}

fn request(content: &str) -> GenerateRequest {
    GenerateRequest {
        messages: vec![Message {
            role: Role::User,
            content: content.to_owned(),
        }],
        sampling: Sampling::greedy(),
        max_output_tokens: 100,
        thinking: false,
        grammar: None,
        draft_from: Vec::new(),
    }
}

/// The events of one answer, neighbours of a kind together.
fn told(engine: &RemoteEngine) -> Vec<GenerateEvent> {
    let mut events: Vec<GenerateEvent> = Vec::new();
    engine
        .generate(
            &request("Who repairs the roof?"),
            &CancelToken::new(),
            &mut |event| match (events.last_mut(), &event) {
                (Some(GenerateEvent::Text { text: old }), GenerateEvent::Text { text: new })
                | (Some(GenerateEvent::Thinking { text: old }), GenerateEvent::Thinking { text: new }) => {
                    old.push_str(new);
                }
                _ => events.push(event),
            },
        )
        .expect("an answer");
    events
}

fn text(text: &str) -> GenerateEvent {
    GenerateEvent::Text { text: text.to_owned() }
}

fn thinking(text: &str) -> GenerateEvent {
    GenerateEvent::Thinking { text: text.to_owned() }
}

/// What vLLM streams, a piece of content a string.
fn vllm(pieces: &[&str]) -> String {
    let mut stream = String::new();
    for piece in pieces {
        let chunk = json!({ "choices": [{ "delta": { "content": piece } }] });
        let _ = write!(stream, "data: {chunk}\n\n");
    }
    stream + "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
}

#[test]
fn thoughts_that_a_servers_prompt_opened_are_no_answer() {
    let whole = "Roofs, hm. [S1]\n</think>\n\nThe caretaker.";
    for at in 1..whole.len() {
        let stream = vllm(&[&whole[..at], &whole[at..]]);
        let server = Server::start(move |_| Reply::stream(&stream, 64));
        let events = told(&engine(&server, Dialect::OpenAi));
        let (mut thought, mut said, mut turned) = (String::new(), String::new(), 0_u32);
        for event in events {
            match event {
                GenerateEvent::Text { text } => said.push_str(&text),
                GenerateEvent::Thinking { text } => thought.push_str(&text),
                GenerateEvent::WereThoughts => {
                    turned += 1;
                    thought.push_str(&std::mem::take(&mut said));
                }
                event => panic!("{event:?}"),
            }
        }
        assert_eq!(
            (thought.as_str(), said.as_str()),
            ("Roofs, hm. [S1]\n", "The caretaker."),
            "{at}"
        );
        let mark_ends = whole.find("\n\n").expect("there");
        assert_eq!(
            turned,
            u32::from(at < mark_ends),
            "{at}: nothing was told before a mark that came at once"
        );
    }
}

#[test]
fn thoughts_stream_on_while_nobody_knows_them_for_such() {
    let stream = vllm(&["Roofs, ", "hm.", "\n</thi", "nk>\n\n", "The caretaker </think> does."]);
    let server = Server::start(move |_| Reply::stream(&stream, 64));
    assert_eq!(
        told(&engine(&server, Dialect::OpenAi)),
        [
            text("Roofs, hm.\n"),
            GenerateEvent::WereThoughts,
            text("The caretaker </think> does.")
        ]
    );
}

#[test]
fn thoughts_that_are_cut_off_are_known_by_those_before() {
    let cut =
        "data: {\"choices\":[{\"delta\":{\"content\":\"Roofs, \"},\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n";
    let streams = [
        cut.to_owned(),
        vllm(&["Roofs, hm.", "\n</think>\n\n", "The caretaker."]),
        cut.to_owned(),
        vllm(&["The caretaker."]),
    ];
    let turn = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |_| {
        let turn = turn.fetch_add(1, std::sync::atomic::Ordering::AcqRel);
        Reply::stream(&streams[turn], 64)
    });
    let seen = Arc::default();
    let told = || told(&engine(&server, Dialect::OpenAi).remembering(Arc::clone(&seen)));
    assert_eq!(told(), [text("Roofs, ")], "nobody knows this model");
    assert!(told().contains(&GenerateEvent::WereThoughts));
    assert_eq!(told(), [text("Roofs, "), GenerateEvent::WereThoughts]);
    assert_eq!(
        told(),
        [text("The caretaker.")],
        "it answered at once, and came to its end"
    );
}

#[test]
fn an_answer_at_once_and_a_thought_of_its_own_are_not_taken_back() {
    let whole = json!({ "choices": [{ "message": { "content": "Hm.</think>\nHe does." }, "finish_reason": "stop" }] });
    let server = Server::start(move |_| Reply::json(200, &whole.to_string()));
    assert_eq!(
        told(&engine(&server, Dialect::OpenAi)),
        [thinking("Hm."), text("He does.")]
    );

    let stream = "{\"message\":{\"thinking\":\"Hm.\"},\"done\":false}\n\
                  {\"message\":{\"content\":\"A </think> is a mark.\"},\"done\":true}\n";
    let server = Server::start(move |_| Reply::stream(stream, 64));
    assert_eq!(
        told(&engine(&server, Dialect::Ollama)),
        [thinking("Hm."), text("A </think> is a mark.")]
    );
}

/// A server that has these pages.
fn pages(pages: &'static [(&'static str, &'static str)]) -> Server {
    Server::start(move |request| {
        let page = pages.iter().find(|(line, _)| request.head.starts_with(line));
        page.map_or_else(|| Reply::json(404, "{}"), |(_, body)| Reply::json(200, body))
    })
}

fn window(server: &Server, dialect: Dialect) -> Result<Option<ContextWindow>, String> {
    engine(server, dialect)
        .context_window(&CancelToken::new())
        .map_err(|report| report.code)
}

#[test]
fn each_kind_of_server_is_asked_where_it_tells_its_context() {
    let ollama = pages(&[("POST /api/show ", r#"{"model_info":{"qwen3.context_length":40960}}"#)]);
    assert_eq!(
        window(&ollama, Dialect::Ollama),
        Ok(Some(ContextWindow::OnRequest(40_960)))
    );
    let asked: Value = serde_json::from_slice(&ollama.requests()[0].body).expect("JSON");
    assert_eq!(asked, json!({ "model": "qwen3" }));

    let vllm = pages(&[("GET /v1/models ", r#"{"data":[{"id":"qwen3","max_model_len":20480}]}"#)]);
    assert_eq!(window(&vllm, Dialect::OpenAi), Ok(Some(ContextWindow::Served(20_480))));
    assert_eq!(vllm.requests().len(), 1);

    let llama_server = pages(&[
        (
            "GET /v1/models ",
            r#"{"data":[{"id":"a.gguf","meta":{"n_ctx_train":40960}}]}"#,
        ),
        ("GET /props ", r#"{"default_generation_settings":{"n_ctx":6144}}"#),
    ]);
    assert_eq!(
        window(&llama_server, Dialect::OpenAi),
        Ok(Some(ContextWindow::Served(6144)))
    );

    let lm_studio = pages(&[
        ("GET /v1/models ", r#"{"data":[{"id":"qwen3"},{"id":"other"}]}"#),
        (
            "GET /api/v0/models ",
            r#"{"data":[{"id":"qwen3","max_context_length":40960}]}"#,
        ),
    ]);
    assert_eq!(
        window(&lm_studio, Dialect::OpenAi),
        Ok(Some(ContextWindow::AtMost(40_960)))
    );

    for dialect in [Dialect::OpenAi, Dialect::Ollama] {
        assert_eq!(window(&pages(&[]), dialect), Ok(None));
    }
}

#[test]
fn a_server_that_never_tells_its_context_holds_nothing_up() {
    let server = Server::start(|_| Reply::Silent);
    let begun = Instant::now();
    assert_eq!(window(&server, Dialect::OpenAi), Err("remote_timeout".to_owned()));
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    let stopped = CancelToken::new();
    stopped.cancel();
    let outcome = engine(&server, Dialect::OpenAi).context_window(&stopped);
    assert_eq!(outcome.map_err(|report| report.code), Err("cancelled".to_owned()));
}

/// What of the last request's body is asked of the server.
fn asked(server: &Server) -> Value {
    let last = server.requests().pop().expect("a request");
    serde_json::from_slice(&last.body).expect("JSON")
}

#[test]
fn thoughts_are_asked_for_beside_the_answer_as_far_as_the_server_has_room() {
    let ollama = "{\"message\":{\"content\":\"Yes.\"},\"done\":true}\n";
    for (dialect, stream) in [(Dialect::OpenAi, vllm(&["Yes."])), (Dialect::Ollama, ollama.to_owned())] {
        let server = Server::start(move |_| Reply::stream(&stream, 64));
        // With 16 bytes for the message's form that is a hundred tokens, and a hundred more for the answer.
        let ask = |thinking, window, most| {
            let asking = GenerateRequest {
                thinking,
                ..request(&"a".repeat(284))
            };
            engine(&server, dialect)
                .with_window(window)
                .with_most_context(most)
                .generate(&asking, &CancelToken::new(), &mut |_| {})
                .expect("an answer");
            let body = asked(&server);
            match dialect {
                Dialect::OpenAi => body["max_tokens"].as_u64(),
                Dialect::Ollama => body["options"]["num_predict"].as_u64(),
            }
        };
        assert_eq!(ask(false, 8192, 8192), Some(100));
        assert_eq!(ask(true, 8192, 8192), Some(100 + 2048));
        assert_eq!(ask(true, 32_768, 262_144), Some(100 + 4096));
        assert_eq!(ask(true, 2048, 600), Some(100 + 400), "the server has no more");
        assert_eq!(ask(true, 2048, 150), Some(100), "the answer goes first");
    }
}

#[test]
fn a_strict_server_is_asked_for_the_thoughts_as_well() {
    let server = Server::start(|request| {
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        if body.get("top_k").is_some() {
            Reply::json(400, r#"{"error":{"message":"Unknown parameter: top_k"}}"#)
        } else {
            Reply::stream(&vllm(&["Yes."]), 64)
        }
    });
    let asking = GenerateRequest {
        thinking: true,
        ..request("Who repairs the roof?")
    };
    engine(&server, Dialect::OpenAi)
        .with_window(8192)
        .generate(&asking, &CancelToken::new(), &mut |_| {})
        .expect("an answer");
    assert_eq!(asked(&server)["max_tokens"], 100 + 2048);
}

fn context_asked(request: &Request) -> u64 {
    let body: Value = serde_json::from_slice(&request.body).expect("JSON");
    body["options"]["num_ctx"].as_u64().expect("a context")
}

#[test]
fn ollama_is_asked_for_the_context_that_a_prompt_needs_and_may_have() {
    let answer = "{\"message\":{\"content\":\"Yes.\"},\"done\":true}\n";
    let server = Server::start(move |_| Reply::stream(answer, 64));
    for (bytes, most, asked) in [
        (100, None, 4096),
        (12_000, None, 8192),
        (1 << 20, None, 131_072),
        (12_000, Some(6000), 6000),
        (100, Some(2048), 2048),
    ] {
        let engine = engine(&server, Dialect::Ollama);
        let engine = match most {
            Some(most) => engine.with_most_context(most),
            None => engine,
        };
        engine
            .generate(&request(&"a".repeat(bytes)), &CancelToken::new(), &mut |_| {})
            .expect("an answer");
        let last = server.requests().pop().expect("a request");
        assert_eq!(context_asked(&last), asked, "{bytes} bytes, {most:?}");
    }
}

#[test]
fn a_server_that_only_keeps_the_line_open_is_not_waited_for() {
    let short = Duration::from_millis(400);
    for (dialect, body) in [
        (Dialect::OpenAi, ": keep-alive\n\n"),
        (
            Dialect::OpenAi,
            "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n",
        ),
        (Dialect::Ollama, "\n"),
    ] {
        let server = Server::start(move |_| Reply::dripping(body));
        let begun = Instant::now();
        let outcome = engine(&server, dialect).with_first_word(short).generate(
            &request("Who repairs the roof?"),
            &CancelToken::new(),
            &mut |_| {},
        );
        assert_eq!(outcome.expect_err("no word").code, "remote_timeout", "{body}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
    let server = Server::start(|_| Reply::dripping(" "));
    let begun = Instant::now();
    let listed = engine(&server, Dialect::OpenAi)
        .with_silence(short)
        .list_models(&CancelToken::new());
    assert_eq!(listed.expect_err("no list").code, "remote_timeout");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn a_refusal_is_one_although_its_words_never_come() {
    for (status, code) in [(400, "remote_refused"), (503, "remote_busy")] {
        let server = Server::start(move |_| Reply::stalled_refusal(status));
        let begun = Instant::now();
        let outcome = engine(&server, Dialect::OpenAi)
            .with_silence(Duration::from_millis(400))
            .generate(&request("Who repairs the roof?"), &CancelToken::new(), &mut |_| {});
        assert_eq!(outcome.expect_err("refused").code, code);
        assert_eq!(server.requests().len(), 1);
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}

#[test]
fn a_key_that_was_pasted_with_its_line_is_that_key() {
    let server = Server::start(|_| Reply::json(200, r#"{"data":[]}"#));
    let sent = |key: &str| {
        let gate = Arc::new(Gate::closed());
        gate.allow(
            Purpose::RemoteEngine,
            Rule::origin_of(&server.url("")).expect("an address"),
        );
        RemoteEngine::new(gate, Dialect::OpenAi, &server.url(""), "qwen3", Some(key.to_owned()))
            .expect("an address")
            .list_models(&CancelToken::new())
            .expect("a list");
        server.requests().pop().expect("a request").header("authorization")
    };
    assert_eq!(sent(" secret\r\n").as_deref(), Some("Bearer secret"));
    assert_eq!(sent(" \n"), None);
}

#[test]
fn figures_of_another_form_do_no_harm_to_an_answer() {
    let openai = vllm(&["Yes."]).replace(
        "data: [DONE]",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":-1,\"completion_tokens\":2.5},\"timings\":[1]}\n\ndata: [DONE]",
    );
    let ollama = "{\"message\":{\"content\":\"Yes.\"},\"done\":true,\"prompt_eval_count\":\"7\",\"eval_count\":3,\"eval_duration\":-5}\n";
    for (dialect, stream) in [(Dialect::OpenAi, openai), (Dialect::Ollama, ollama.to_owned())] {
        let server = Server::start(move |_| Reply::stream(&stream, 64));
        assert_eq!(told(&engine(&server, dialect)), [text("Yes.")]);
    }
}
