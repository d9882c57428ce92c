//! The room against a server of our own on the loopback: engines, downloads, and servers that mean no good.

#[expect(dead_code, reason = "the other tests of this crate need more of it")]
mod server;

use docmind_core::answer::FinishReason;
use docmind_core::cancel::CancelToken;
use docmind_core::generation::{GenerateEvent, GenerateRequest, GenerationStats, Message, Role, Sampling};
use docmind_core::ports::Generator;
use docmind_net::download::Download;
use docmind_net::gate::{Gate, Purpose, Rule};
use docmind_net::remote::{Dialect, RemoteEngine};
use server::{Reply, Server};
use sha2::{Digest, Sha256};
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

/// Five megabytes that compress to nothing else.
fn content() -> Vec<u8> {
    (0..5_000_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn download(server: &Server, folder: &tempfile::TempDir, sha256: Option<String>) -> Download {
    Download {
        url: server.url("/model.gguf"),
        target: folder.path().join("model.gguf"),
        sha256,
        size: None,
    }
}

#[test]
fn a_download_survives_a_line_that_breaks() {
    let bytes = content();
    let served = bytes.clone();
    let tag = hex(&bytes);
    let etag = tag.clone();
    // Every answer breaks off after a megabyte and a half.
    let server = Server::start(move |request| Reply::file(request, &served, &etag, Some(1_500_000)));
    let folder = tempfile::tempdir().expect("a folder");
    let gate = open_gate(&server, Purpose::ModelDownload);
    let mut last = (0, 0);
    let done = download(&server, &folder, None)
        .run(&gate, &CancelToken::new(), &mut |done, all| {
            assert!(done >= last.0, "progress never goes back");
            last = (done, all);
        })
        .expect("a file");
    assert_eq!(
        (done.size, done.sha256.as_str(), done.verified),
        (bytes.len() as u64, tag.as_str(), true)
    );
    assert_eq!(last, (bytes.len() as u64, bytes.len() as u64));
    assert_eq!(
        std::fs::read(folder.path().join("model.gguf")).expect("the file"),
        bytes
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("the folder").count(),
        1,
        "no part is left"
    );
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn a_cancelled_download_goes_on_where_it_stopped() {
    let bytes = content();
    let (served, tag) = (bytes.clone(), hex(&bytes));
    let etag = tag.clone();
    let server = Server::start(move |request| Reply::file(request, &served, &etag, None));
    let folder = tempfile::tempdir().expect("a folder");
    let gate = open_gate(&server, Purpose::ModelDownload);
    let file = download(&server, &folder, Some(tag.to_uppercase()));
    let cancel = CancelToken::new();
    let stopped = file.run(&gate, &cancel, &mut |_, _| cancel.cancel());
    assert_eq!(stopped.expect_err("cancelled").code, "cancelled");
    assert!(!folder.path().join("model.gguf").exists(), "never offered half");
    let done = file.run(&gate, &CancelToken::new(), &mut |_, _| {}).expect("a file");
    assert!(done.resumed_from > 0 && done.verified, "{done:?}");
    assert_eq!(
        std::fs::read(folder.path().join("model.gguf")).expect("the file"),
        bytes
    );
}

#[test]
fn another_file_under_the_same_address_starts_again() {
    let (old, new) = (content(), content().iter().map(|byte| byte ^ 0xff).collect::<Vec<u8>>());
    let folder = tempfile::tempdir().expect("a folder");
    let served = Arc::new(std::sync::Mutex::new(old.clone()));
    let serving = Arc::clone(&served);
    let server = Server::start(move |request| {
        let bytes = serving.lock().expect("not poisoned").clone();
        let tag = hex(&bytes);
        Reply::file(request, &bytes, &tag, None)
    });
    let gate = open_gate(&server, Purpose::ModelDownload);
    let file = download(&server, &folder, None);
    let cancel = CancelToken::new();
    assert!(file.run(&gate, &cancel, &mut |_, _| cancel.cancel()).is_err());
    served.lock().expect("not poisoned").clone_from(&new);
    let done = file.run(&gate, &CancelToken::new(), &mut |_, _| {}).expect("a file");
    assert_eq!(done.sha256, hex(&new));
    assert_eq!(std::fs::read(folder.path().join("model.gguf")).expect("the file"), new);
}

/// A file as a plain server gives it: without a tag, with or without ranges.
fn plain_file(request: &server::Request, bytes: &[u8], modified: &str, ranges: Ranges) -> Reply {
    let range = request
        .header("range")
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    let same = request.header("if-range").is_none_or(|date| date == modified);
    let start = range.filter(|_| same && ranges == Ranges::Known).unwrap_or(0);
    let (status, part) = if start > 0 {
        let part = format!("content-range: bytes {start}-{}/{}\r\n", bytes.len() - 1, bytes.len());
        ("206 Partial Content", part)
    } else {
        ("200 OK", String::new())
    };
    let date = if modified.is_empty() {
        String::new()
    } else {
        format!("last-modified: {modified}\r\n")
    };
    Reply::Whole {
        head: format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\n{date}{part}\r\n",
            bytes.len() - start
        ),
        body: bytes[start..].to_vec(),
        piece: 65_536,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ranges {
    Known,
    Unknown,
}

#[test]
fn a_server_without_tags_gives_no_mixture_of_two_files() {
    let old = content();
    let other = old.iter().map(|byte| byte ^ 0xff).collect::<Vec<u8>>();
    let longer = [other.clone(), vec![1; 1000]].concat();
    let cases = [
        (
            "another date",
            other.clone(),
            "Mon, 02 Nov 2026 08:00:00 GMT",
            Ranges::Known,
        ),
        ("another length", longer, "", Ranges::Known),
        ("no ranges", other, "", Ranges::Unknown),
    ];
    for (what, new, date, ranges) in cases {
        let first_date = if date.is_empty() {
            ""
        } else {
            "Sun, 01 Nov 2026 08:00:00 GMT"
        };
        let served = Arc::new(std::sync::Mutex::new((old.clone(), first_date)));
        let serving = Arc::clone(&served);
        let server = Server::start(move |request| {
            let (bytes, date) = serving.lock().expect("not poisoned").clone();
            plain_file(request, &bytes, date, ranges)
        });
        let folder = tempfile::tempdir().expect("a folder");
        let gate = open_gate(&server, Purpose::ModelDownload);
        let file = download(&server, &folder, None);
        let cancel = CancelToken::new();
        assert!(file.run(&gate, &cancel, &mut |_, _| cancel.cancel()).is_err());
        *served.lock().expect("not poisoned") = (new.clone(), date);
        let done = file.run(&gate, &CancelToken::new(), &mut |_, _| {}).expect("a file");
        assert_eq!(done.sha256, hex(&new), "{what}");
        assert!(!done.verified, "nobody promised anything");
    }
}

#[test]
fn a_server_without_ranges_that_always_breaks_off_is_given_up() {
    let bytes = content();
    let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counting = Arc::clone(&asked);
    let server = Server::start(move |request| {
        // Now a little earlier, now a little later.
        let turn = counting.fetch_add(1, std::sync::atomic::Ordering::AcqRel);
        let breaks = if turn.is_multiple_of(2) { 300_000 } else { 200_000 };
        match plain_file(request, &bytes, "", Ranges::Unknown) {
            Reply::Whole { head, mut body, piece } => {
                body.truncate(breaks);
                Reply::Whole { head, body, piece }
            }
            other => other,
        }
    });
    let folder = tempfile::tempdir().expect("a folder");
    let gate = open_gate(&server, Purpose::ModelDownload);
    let cancel = CancelToken::new();
    let (watched, stop) = (Arc::clone(&asked), cancel.clone());
    let outcome = download(&server, &folder, None).run(&gate, &cancel, &mut |_, _| {
        if watched.load(std::sync::atomic::Ordering::Acquire) > 12 {
            stop.cancel();
        }
    });
    assert_eq!(outcome.expect_err("it never comes whole").code, "remote_truncated");
    assert_eq!(
        server.requests().len(),
        5,
        "one that got further, and four that did not"
    );
}

#[test]
fn a_file_that_is_not_there_is_no_busy_server() {
    let server = Server::start(|_| Reply::json(404, "<html>not here</html>"));
    let folder = tempfile::tempdir().expect("a folder");
    let gate = open_gate(&server, Purpose::ModelDownload);
    let outcome = download(&server, &folder, None).run(&gate, &CancelToken::new(), &mut |_, _| {});
    let report = outcome.expect_err("missing");
    assert!(report.message.contains("no file at"), "{}", report.message);
    assert_eq!(server.requests().len(), 1, "asking again would not help");
}

#[test]
fn a_wrong_file_is_not_kept() {
    let server = Server::start(|request| Reply::file(request, b"not the model", "\"tag\"", None));
    let folder = tempfile::tempdir().expect("a folder");
    let gate = open_gate(&server, Purpose::ModelDownload);
    let outcome = download(&server, &folder, Some(hex(b"the model"))).run(&gate, &CancelToken::new(), &mut |_, _| {});
    assert_eq!(outcome.expect_err("corrupt").code, "download_corrupt");
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0);
    // Without any promise it is kept, and said to be unverified.
    let done = download(&server, &folder, None)
        .run(&gate, &CancelToken::new(), &mut |_, _| {})
        .expect("a file");
    assert!(!done.verified);
}

#[test]
fn downloads_follow_redirects_under_the_same_list() {
    let store = Server::start(|request| Reply::file(request, b"weights", "\"x\"", None));
    let (there, promised) = (store.url("/blob"), hex(b"weights"));
    let hub = Server::start(move |_| {
        Reply::redirect(
            &there,
            &[("x-linked-etag", &format!("\"{promised}\"")), ("x-linked-size", "7")],
        )
    });
    let folder = tempfile::tempdir().expect("a folder");
    let gate = open_gate(&hub, Purpose::ModelDownload);
    let file = download(&hub, &folder, None);
    let never = CancelToken::new();
    assert_eq!(
        file.run(&gate, &never, &mut |_, _| {})
            .expect_err("not on the list")
            .code,
        "network_not_allowed"
    );
    assert!(store.requests().is_empty());
    gate.allow(
        Purpose::ModelDownload,
        Rule::origin_of(&store.url("")).expect("an address"),
    );
    let done = file.run(&gate, &never, &mut |_, _| {}).expect("a file");
    assert!(done.verified && done.size == 7);

    let around = Server::start(|request| {
        let host = request.header("host").unwrap_or_default();
        Reply::redirect(&format!("http://{host}/again"), &[])
    });
    let gate = open_gate(&around, Purpose::ModelDownload);
    assert_eq!(
        download(&around, &folder, None)
            .run(&gate, &never, &mut |_, _| {})
            .expect_err("a circle")
            .code,
        "remote_redirect"
    );
}
