//! The room against a server of our own on the loopback: engines, downloads, and servers that mean no good.

#[expect(dead_code, reason = "the other tests of this crate need more of it")]
mod server;

use docmind_core::answer::FinishReason;
use docmind_core::cancel::CancelToken;
use docmind_core::generation::{GenerateEvent, GenerateRequest, GenerationStats, Message, Role, Sampling};
use docmind_core::ports::Generator;
use docmind_net::gate::{Gate, Purpose, Rule};
use docmind_net::remote::{Dialect, RemoteEngine};
use server::{Reply, Server};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn request() -> GenerateRequest {
    GenerateRequest {
        messages: vec![
            Message {
                role: Role::System,
                content: "Answer.".into(),
            },
            Message {
                role: Role::User,
                content: "Who repairs the \"roof\"?".into(),
            },
        ],
        sampling: Sampling {
            temperature: 0.7,
            top_p: 0.8,
            top_k: 20,
            min_p: 0.0,
            presence_penalty: 0.0,
            seed: 7,
        },
        max_output_tokens: 100,
        thinking: false,
        grammar: None,
        draft_from: Vec::new(),
    }
}

fn open_gate(server: &Server, purpose: Purpose) -> Arc<Gate> {
    let gate = Arc::new(Gate::closed());
    gate.allow(purpose, Rule::origin_of(&server.url("")).expect("an address"));
    gate
}

fn engine(server: &Server, dialect: Dialect) -> RemoteEngine {
    let gate = open_gate(server, Purpose::RemoteEngine);
    RemoteEngine::new(gate, dialect, &server.url(""), "qwen3", Some("secret".into())).expect("an address")
}

#[derive(Default, Debug)]
struct Heard {
    text: String,
    thinking: String,
    notices: Vec<String>,
}

fn generate(engine: &RemoteEngine, cancel: &CancelToken) -> (Result<GenerationStats, String>, Heard) {
    let mut heard = Heard::default();
    let outcome = engine.generate(&request(), cancel, &mut |event| match event {
        GenerateEvent::Text { text } => heard.text.push_str(&text),
        GenerateEvent::Thinking { text } => heard.thinking.push_str(&text),
        GenerateEvent::Notice(notice) => heard.notices.push(notice.code),
        GenerateEvent::WereThoughts => heard.thinking.push_str(&std::mem::take(&mut heard.text)),
        GenerateEvent::Prefill { .. } | GenerateEvent::Figures(_) => {}
    });
    (outcome.map_err(|report| report.code), heard)
}

fn run(server: &Server, dialect: Dialect) -> (Result<GenerationStats, String>, Heard) {
    generate(&engine(server, dialect), &CancelToken::new())
}

const OPENAI: &str = concat!(
    "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"Roof… \"}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{\"content\":\"The caret\"}}]}\n\n",
    ": keep-alive\n\n",
    "data: {\"choices\":[{\"delta\":{\"content\":\"aker [S1]\\u0007\\u202e.\"}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":31,\"completion_tokens\":6}}\n\n",
    "data: [DONE]\n\n",
);

#[test]
fn an_openai_stream_becomes_an_answer_whatever_its_pieces() {
    for piece in [1, 7, 64, 100_000] {
        let server = Server::start(move |_| Reply::stream(OPENAI, piece));
        let (outcome, heard) = run(&server, Dialect::OpenAi);
        let stats = outcome.expect("an answer");
        assert_eq!(heard.text, "The caretaker [S1].", "pieces of {piece}");
        assert_eq!(heard.thinking, "Roof… ");
        assert_eq!(
            (stats.prompt_tokens, stats.output_tokens, stats.finish),
            (31, 6, Some(FinishReason::Stop))
        );
        assert!(stats.ttft_ms > 0.0);
        let asked = server.requests();
        assert_eq!(asked.len(), 1);
        assert!(
            asked[0].head.starts_with("POST /v1/chat/completions "),
            "{}",
            asked[0].head
        );
        assert!(asked[0].head.to_lowercase().contains("authorization: bearer secret"));
        let body: serde_json::Value = serde_json::from_slice(&asked[0].body).expect("JSON");
        assert_eq!(body["messages"][1]["content"], "Who repairs the \"roof\"?");
        assert_eq!(body["max_tokens"], 100);
    }
}

#[test]
fn an_ollama_stream_becomes_an_answer() {
    let stream = concat!(
        "{\"message\":{\"role\":\"assistant\",\"content\":\"<think>hm\"},\"done\":false}\n",
        "{\"message\":{\"content\":\"</think>\\nThe \"},\"done\":false}\n",
        "{\"message\":{\"content\":\"roofer\"},\"done\":false}\n",
        "{\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"length\",\"prompt_eval_count\":40,",
        "\"prompt_eval_duration\":2000000000,\"eval_count\":5,\"eval_duration\":500000000}\n",
    );
    let server = Server::start(move |_| Reply::stream(stream, 11));
    let (outcome, heard) = run(&server, Dialect::Ollama);
    let stats = outcome.expect("an answer");
    assert_eq!((heard.thinking.as_str(), heard.text.trim_start()), ("hm", "The roofer"));
    assert_eq!(stats.finish, Some(FinishReason::Length));
    assert!((stats.prefill_tps - 20.0).abs() < 0.01 && (stats.decode_tps - 10.0).abs() < 0.01);
    assert!(server.requests()[0].head.starts_with("POST /api/chat "));
}

#[test]
fn a_strict_server_is_asked_again_without_extensions() {
    let server = Server::start(|request| {
        if String::from_utf8_lossy(&request.body).contains("top_k") {
            Reply::json(
                400,
                "{\"error\":{\"message\":\"Unrecognized request argument: top_k\"}}",
            )
        } else {
            Reply::stream(OPENAI, 1000)
        }
    });
    let (outcome, heard) = run(&server, Dialect::OpenAi);
    assert!(outcome.is_ok());
    assert_eq!(heard.notices, ["remote_plain_request"]);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn every_refusal_has_its_code() {
    let code = |status: u16, body: &'static str| {
        let server = Server::start(move |_| Reply::json(status, body));
        run(&server, Dialect::Ollama).0.expect_err("refused")
    };
    assert_eq!(code(401, "{}"), "remote_denied");
    assert_eq!(
        code(404, "{\"error\":\"model 'qwen3' not found\"}"),
        "remote_model_missing"
    );
    assert_eq!(code(404, "nothing here"), "remote_refused");
    assert_eq!(code(503, ""), "remote_busy");
    assert_eq!(code(500, "<html>oops"), "remote_refused");
    assert_eq!(code(200, "<html>a login page</html>"), "remote_bad_answer");
    assert_eq!(code(302, ""), "remote_redirect");
    let gate = Arc::new(Gate::closed());
    gate.allow(
        Purpose::RemoteEngine,
        Rule::origin_of("http://127.0.0.1:1").expect("an address"),
    );
    let nobody = RemoteEngine::new(gate, Dialect::OpenAi, "http://127.0.0.1:1", "m", None).expect("an address");
    assert_eq!(
        generate(&nobody, &CancelToken::new()).0.expect_err("nobody listens"),
        "remote_unreachable"
    );
}

#[test]
fn a_broken_stream_keeps_what_came_and_says_so() {
    let cut = &OPENAI[..OPENAI.find("aker").expect("in it")];
    let server = Server::start(move |_| Reply::stream(cut, 50));
    let (outcome, heard) = run(&server, Dialect::OpenAi);
    // What is cut inside an event is no JSON; what is cut between two lacks its end. Both are errors, and the text stays.
    assert_eq!(outcome.expect_err("cut"), "remote_truncated");
    assert_eq!(heard.text, "The caret");

    let between = &OPENAI[..OPENAI.find(": keep").expect("in it")];
    let server = Server::start(move |_| Reply::stream(between, 50));
    assert_eq!(run(&server, Dialect::OpenAi).0.expect_err("cut"), "remote_truncated");
}

#[test]
fn a_server_that_falls_silent_in_the_middle_is_not_waited_for() {
    let begun = &OPENAI[..OPENAI.find(": keep").expect("in it")];
    let server = Server::start(move |_| Reply::stalled(begun));
    let engine = engine(&server, Dialect::OpenAi).with_silence(Duration::from_millis(400));
    let start = Instant::now();
    let (outcome, heard) = generate(&engine, &CancelToken::new());
    assert_eq!(outcome.expect_err("stalled"), "remote_timeout");
    assert_eq!(heard.text, "The caret", "what came is kept");
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());

    // After its last word a server may keep the line open as long as it likes.
    let done = &OPENAI[..OPENAI.find("data: [DONE]").expect("in it")];
    let server = Server::start(move |_| Reply::stalled(done));
    let engine = self::engine(&server, Dialect::OpenAi).with_silence(Duration::from_millis(400));
    let (outcome, heard) = generate(&engine, &CancelToken::new());
    assert_eq!(outcome.expect("whole").finish, Some(FinishReason::Stop));
    assert_eq!(heard.text, "The caretaker [S1].");
}

#[test]
fn the_end_mark_ends_an_answer_although_the_line_stays_open() {
    let ollama = "{\"message\":{\"content\":\"The roofer.\"},\"done\":true}\n";
    for (dialect, whole) in [(Dialect::OpenAi, OPENAI), (Dialect::Ollama, ollama)] {
        let server = Server::start(move |_| Reply::stalled(whole));
        let start = Instant::now();
        let stats = run(&server, dialect).0.expect("an answer");
        assert_eq!(stats.finish, Some(FinishReason::Stop));
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
}

#[test]
fn a_failure_in_the_middle_says_what_the_server_says() {
    let begun = &OPENAI[..OPENAI.find(": keep").expect("in it")];
    for failure in [
        "data: {\"error\":{\"message\":\"CUDA out of memory\",\"code\":500}}\n\n",
        "data: {\"object\":\"error\",\"message\":\"CUDA out of memory\",\"code\":500}\n\n",
    ] {
        let stream = format!("{begun}{failure}");
        let server = Server::start(move |_| Reply::stream(&stream, 64));
        let mut text = String::new();
        let outcome = engine(&server, Dialect::OpenAi).generate(&request(), &CancelToken::new(), &mut |event| {
            if let GenerateEvent::Text { text: piece } = event {
                text.push_str(&piece);
            }
        });
        let report = outcome.expect_err("failed");
        assert_eq!(report.code, "remote_refused");
        assert!(report.message.contains("CUDA out of memory"), "{}", report.message);
        assert_eq!(text, "The caret");
    }
}

#[test]
fn an_answer_at_once_is_taken_and_a_web_page_is_none() {
    let with_type = |kind: &str, body: &str| Reply::Whole {
        head: format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        ),
        body: body.into(),
        piece: 40,
    };
    let server = Server::start(move |_| {
        with_type(
            "application/json; charset=utf-8",
            "{\"object\":\"chat.completion\",\"choices\":[{\"message\":{\"content\":\"The roofer.\"},\"finish_reason\":\"stop\"}],\
             \"usage\":{\"prompt_tokens\":9,\"completion_tokens\":3}}",
        )
    });
    let (outcome, heard) = run(&server, Dialect::OpenAi);
    let stats = outcome.expect("an answer");
    assert_eq!((heard.text.as_str(), stats.output_tokens), ("The roofer.", 3));

    for dialect in [Dialect::OpenAi, Dialect::Ollama] {
        let server = Server::start(move |_| with_type("text/html", "<html>Please log in</html>"));
        assert_eq!(run(&server, dialect).0.expect_err("a page"), "remote_bad_answer");
    }
    let server = Server::start(move |_| with_type("application/json", "{}"));
    assert_eq!(
        run(&server, Dialect::OpenAi).0.expect_err("nothing"),
        "remote_bad_answer"
    );
}

#[test]
fn a_server_that_never_ends_is_cut() {
    let server =
        Server::start(|_| Reply::endless("data: {\"choices\":[{\"delta\":{\"content\":\"blah blah blah \"}}]}\n\n"));
    let (outcome, heard) = run(&server, Dialect::OpenAi);
    assert_eq!(outcome.expect("cut, not failed").finish, Some(FinishReason::Length));
    assert_eq!(heard.notices, ["remote_cut"]);
    assert!(heard.text.len() < 70_000);
    // A line that never ends.
    let server = Server::start(|_| Reply::endless("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"));
    assert_eq!(
        run(&server, Dialect::Ollama).0.expect_err("too long"),
        "remote_too_large"
    );
}

#[test]
fn cancel_ends_within_a_second_wherever_it_comes() {
    // Before the head of the answer, and in the middle of its body.
    for before_head in [true, false] {
        let server = Server::start(move |_| {
            if before_head {
                Reply::Silent
            } else {
                Reply::stalled(&OPENAI[..OPENAI.find(": keep").expect("in it")])
            }
        });
        let cancel = CancelToken::new();
        let later = cancel.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            later.cancel();
        });
        let start = Instant::now();
        let (outcome, heard) = generate(&engine(&server, Dialect::OpenAi), &cancel);
        assert!(start.elapsed() < Duration::from_millis(1300), "{:?}", start.elapsed());
        assert_eq!(outcome.expect("statistics").finish, Some(FinishReason::Cancelled));
        assert_eq!(heard.text, if before_head { "" } else { "The caret" });
    }
}

#[test]
fn the_gate_lets_nothing_else_through_and_counts() {
    let server = Server::start(|_| Reply::json(200, "{\"data\":[{\"id\":\"b\"},{\"id\":\"a\"}]}"));
    let gate = Arc::new(Gate::closed());
    let engine =
        RemoteEngine::new(Arc::clone(&gate), Dialect::OpenAi, &server.url("/v1/"), "m", None).expect("an address");
    let never = CancelToken::new();
    assert_eq!(
        engine.list_models(&never).expect_err("closed").code,
        "network_not_allowed"
    );
    // A rule for another purpose is none for this one.
    gate.allow(
        Purpose::ModelDownload,
        Rule::origin_of(&server.url("")).expect("an address"),
    );
    assert_eq!(
        engine.list_models(&never).expect_err("closed").code,
        "network_not_allowed"
    );
    assert!(gate.traffic().is_empty() && server.requests().is_empty());

    gate.allow(
        Purpose::RemoteEngine,
        Rule::origin_of(&server.url("")).expect("an address"),
    );
    assert_eq!(engine.list_models(&never).expect("models"), ["a", "b"]);
    let traffic = gate.traffic();
    assert_eq!(traffic.len(), 1);
    let heard: usize = server
        .requests()
        .iter()
        .map(|request| request.head.len() + request.body.len())
        .sum();
    assert_eq!(traffic[0].sent, heard as u64);
    assert!(traffic[0].received > 40);

    gate.go_offline();
    assert_eq!(engine.list_models(&never).expect_err("offline").code, "network_offline");
    gate.go_online();
    assert!(engine.list_models(&never).is_ok());
}

#[test]
fn switching_off_ends_what_is_under_way() {
    let server = Server::start(|_| Reply::endless("data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n"));
    let gate = open_gate(&server, Purpose::RemoteEngine);
    let engine = RemoteEngine::new(Arc::clone(&gate), Dialect::OpenAi, &server.url(""), "m", None).expect("an address");
    let mut pieces = 0;
    let outcome = engine.generate(&request(), &CancelToken::new(), &mut |_| {
        pieces += 1;
        if pieces == 10 {
            gate.go_offline();
        }
    });
    assert_eq!(outcome.expect_err("switched off").code, "network_offline");
}
