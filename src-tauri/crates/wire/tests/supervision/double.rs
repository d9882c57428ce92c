//! The worker that misbehaves on request.

mod generator;

use docmind_core::chunk::{ChunkDraft, EmbeddedChunk};
use docmind_core::document::{DocumentState, Page, ParseEvent, ParseFailure, Span};
use docmind_core::embedding::{EmbedderCard, Embedding, Precision};
use docmind_core::error::ErrorReport;
use docmind_wire::client::{Client, Rules};
use docmind_wire::embed::{EmbedEvent, EmbedProtocol, EmbedReply, EmbedRequest, read_documents};
use docmind_wire::generate::GenerateProtocol;
use docmind_wire::launch::Launch;
use docmind_wire::parse::{ParseProtocol, ParseReply, ParseRequest};
use docmind_wire::protocol::Protocol;
use docmind_wire::serve::{Call, adopt_parent, serve};
use generator::Generator;
use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Request {
    Echo(String),
    Pid,
    Count { to: u32, pause_ms: u64 },
    Sum,
    Surroundings,
    Print,
    Abort,
    AbortWith(String),
    Exit(i32),
    Panic,
    KillSelf,
    Fail,
    Hang,
    Spin { ms: u64 },
    Freeze,
    Deaf { events: u32, pause_ms: u64 },
    Garbage,
    Flood,
    Long { steps: u32, step_ms: u64 },
    Urgent,
}

pub struct Double;

impl Protocol for Double {
    const WORKER: &'static str = "docmind-double";
    type Request = Request;
    type Event = u32;
    type Reply = String;

    fn is_urgent(request: &Request) -> bool {
        matches!(request, Request::Urgent)
    }
}

/// Another name, the same messages.
struct Stranger;

impl Protocol for Stranger {
    const WORKER: &'static str = "docmind-stranger";
    type Request = Request;
    type Event = u32;
    type Reply = String;
}

pub fn kill(pid: i32) {
    signal(pid, Signal::KILL).expect("it was running");
}

pub fn freeze(pid: i32) {
    signal(pid, Signal::STOP).expect("it was running");
}

/// Where it is still there.
pub fn thaw(pid: i32) {
    let _ = signal(pid, Signal::CONT);
}

fn signal(pid: i32, signal: Signal) -> rustix::io::Result<()> {
    rustix::process::kill_process(Pid::from_raw(pid).expect("a process id"), signal)
}

fn pause(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

pub fn run(args: &[String]) -> ExitCode {
    adopt_parent();
    let served = match args.first().map(String::as_str) {
        Some("serve") => serve::<Double>("double 1", handle),
        Some("stranger") => serve::<Stranger>("", |_: Request, _: &mut Call<Stranger>| Ok(String::new())),
        Some("parse") => serve::<ParseProtocol>("", parse),
        Some("embed") => serve::<EmbedProtocol>("", embed),
        // A driver ends it where cards may be used.
        Some("generate-without-card") if args.last().is_none_or(|last| last != "off") => std::process::abort(),
        Some("generate" | "generate-without-card") => serve::<GenerateProtocol>("", Generator::with_devices(&["cpu"])),
        Some("generate-on-card") => serve::<GenerateProtocol>("", Generator::with_devices(&["cpu", "cuda"])),
        Some("garbage") => {
            println!("usage: docmind-double [options]");
            pause(60_000);
            Ok(())
        }
        Some("silent") => {
            pause(60_000);
            Ok(())
        }
        _ => {
            eprintln!("no library");
            return ExitCode::from(7);
        }
    };
    if served.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Starts a worker, prints its pid, and waits to be killed.
pub fn be_a_parent() -> ExitCode {
    let launch = Launch::new(std::env::current_exe().expect("own path"))
        .arg("worker")
        .arg("serve");
    let client = Client::<Double>::new(launch, Rules::default());
    let never = docmind_core::cancel::CancelToken::new();
    // From a thread that ends: the worker must not end with it.
    let pid = std::thread::scope(|scope| {
        scope
            .spawn(|| client.call(&Request::Pid, &never, &mut |_| {}).expect("a pid"))
            .join()
            .expect("no panic")
    });
    pause(100);
    assert_eq!(client.call(&Request::Pid, &never, &mut |_| {}).expect("a pid"), pid);
    println!("{pid}");
    // Busy and deaf: only the death signal or the last moment ends it.
    let _ = client.call(&Request::Hang, &never, &mut |_| {});
    ExitCode::FAILURE
}

fn handle(request: Request, call: &mut Call<Double>) -> Result<String, ErrorReport> {
    match request {
        Request::Echo(text) => Ok(text),
        Request::Pid => Ok(std::process::id().to_string()),
        Request::Count { to, pause_ms } => {
            for number in 0..to {
                if call.cancel().is_cancelled() {
                    return Err(ErrorReport::cancelled());
                }
                if pause_ms > 0 {
                    pause(pause_ms);
                }
                call.event(&number);
            }
            Ok(to.to_string())
        }
        Request::Sum => {
            let mut bytes = Vec::new();
            call.body().read_to_end(&mut bytes).expect("the body");
            Ok(format!(
                "{} {}",
                bytes.len(),
                bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>()
            ))
        }
        Request::Surroundings => {
            let vars: Vec<String> = std::env::vars()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            // Three streams and the two copies that carry frames; reading the folder opens one more.
            let descriptors = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count) - 1;
            Ok(format!("{}; {descriptors} descriptors", vars.join(", ")))
        }
        Request::Print => {
            println!("a library that likes to talk");
            std::io::stdout().flush().expect("flushed");
            Ok("printed".into())
        }
        Request::Abort => std::process::abort(),
        Request::AbortWith(reason) => {
            eprintln!("{reason}");
            // As ggml prints where it was.
            for frame in 0..30 {
                eprintln!("/opt/docmind/runtime/libggml-base.so(+0x1{frame:04}) [0x7f{frame:010}]");
            }
            std::process::abort()
        }
        Request::Exit(status) => std::process::exit(status),
        Request::Panic => panic!("on purpose"),
        Request::KillSelf => {
            kill(std::process::id() as i32);
            unreachable!()
        }
        Request::Fail => Err(ErrorReport::new("on_purpose", "Failed on purpose.")),
        Request::Hang => loop {
            pause(1000);
        },
        Request::Spin { ms } => {
            let until = Instant::now() + Duration::from_millis(ms);
            while Instant::now() < until {
                std::hint::spin_loop();
            }
            Ok("spun".into())
        }
        Request::Freeze => {
            rustix::process::kill_process(rustix::process::getpid(), Signal::STOP).expect("stopped");
            pause(60_000);
            Ok(String::new())
        }
        Request::Deaf { events, pause_ms } => {
            for number in 0..events {
                pause(pause_ms);
                call.event(&number);
            }
            Ok("deaf".into())
        }
        Request::Garbage => {
            // The frames' pipe is the copy made of stdout: the highest descriptor that is a pipe.
            let pipe = std::fs::OpenOptions::new()
                .write(true)
                .open("/proc/self/fd/4")
                .expect("the pipe");
            (&pipe)
                .write_all(b"segmentation fault (core dumped), or so\n")
                .expect("written");
            pause(60_000);
            Ok(String::new())
        }
        Request::Flood => {
            let piece = vec![0; 1 << 20];
            loop {
                call.output(&piece);
            }
        }
        Request::Long { steps, step_ms } => {
            for _ in 0..steps {
                pause(step_ms);
                if let Some((request, urgent)) = call.next_urgent() {
                    assert!(matches!(request, Request::Urgent));
                    urgent.finish(Ok("at once".into()));
                }
            }
            Ok(steps.to_string())
        }
        Request::Urgent => Ok("at once".into()),
    }
}

fn page(number: u32, text: &str) -> ParseEvent {
    ParseEvent::Page(Page {
        number,
        text: text.into(),
        ..Page::default()
    })
}

fn parse(request: ParseRequest, call: &mut Call<ParseProtocol>) -> Result<ParseReply, ErrorReport> {
    let ParseRequest::Parse { name, len } = request else {
        return Err(ErrorReport::new("unsupported", "No pictures."));
    };
    let mut bytes = Vec::new();
    call.body()
        .read_to_end(&mut bytes)
        .map_err(|error| ErrorReport::new("cancelled", error.to_string()))?;
    assert_eq!(bytes.len() as u64, len);
    let tell = |event: ParseEvent| call.event(&event.into());
    tell(ParseEvent::Started {
        media_type: "text/plain".into(),
        title: None,
        pages: None,
    });
    tell(page(1, "one"));
    tell(page(2, "two"));
    match name.as_str() {
        "crash" => std::process::abort(),
        "starve" => {
            eprintln!("memory allocation of 4294967296 bytes failed");
            std::process::abort()
        }
        "hang" => loop {
            pause(1000);
        },
        "slow" => {
            while !call.cancel().is_cancelled() {
                pause(10);
                call.tick();
            }
            return Err(ErrorReport::cancelled());
        }
        "second-long" => pause(1000),
        "endless" => {
            for number in 3.. {
                tell(page(number, &"word ".repeat(10_000)));
            }
        }
        "damaged" => {
            let failure = ParseFailure {
                state: DocumentState::Damaged,
                message: "Broken.".into(),
                detail: None,
            };
            return Ok(ParseReply::Parsed(Err(failure)));
        }
        _ => {
            if let Some(marker) = name.strip_prefix("crash-late-once:") {
                if std::path::Path::new(marker).exists() {
                    loop {
                        pause(10);
                        call.tick();
                    }
                }
                std::fs::write(marker, "").expect("the mark");
                pause(1200);
                std::process::abort();
            }
            if let Some(marker) = name.strip_prefix("crash-once:")
                && !std::path::Path::new(marker).exists()
            {
                std::fs::write(marker, "").expect("the mark");
                std::process::abort();
            }
        }
    }
    tell(page(3, "three"));
    tell(page(4, "four"));
    Ok(ParseReply::Parsed(Ok(())))
}

fn embed(request: EmbedRequest, call: &mut Call<EmbedProtocol>) -> Result<EmbedReply, ErrorReport> {
    match request {
        EmbedRequest::Card => Ok(EmbedReply::Card(EmbedderCard {
            name: "double".into(),
            dimensions: 1,
            max_tokens: 8,
            precision: Precision::Fp32,
            query_prefix: String::new(),
            passage_prefix: String::new(),
            fingerprint: String::new(),
        })),
        EmbedRequest::Embed { texts, precision, .. } => {
            let value = |text: &String| match (text.as_str(), precision) {
                ("crash", _) => std::process::abort(),
                ("precision", asked) => f32::from(u8::from(asked == Some(Precision::Fp32))),
                (text, _) => text.len() as f32,
            };
            let vectors = texts.iter().map(|text| Embedding::from_f32(&[value(text)])).collect();
            Ok(EmbedReply::Vectors(vectors))
        }
        EmbedRequest::Rerank { passages, .. } => Ok(EmbedReply::Scores(vec![0.5; passages.len()])),
        EmbedRequest::Chunk { .. } => {
            let documents = read_documents(call.body()).map_err(|error| ErrorReport::new("body", error.to_string()))?;
            for (index, document) in documents.iter().enumerate() {
                let chunks = document.pages.iter().map(|page| EmbeddedChunk {
                    chunk: ChunkDraft {
                        page: page.number,
                        span: Span::new(0, page.text.chars().count() as u32),
                        heading: Vec::new(),
                        text: page.text.clone(),
                        table_header: String::new(),
                        tokens: 1,
                    },
                    vector: Embedding::from_f32(&[1.0]),
                });
                call.event(&EmbedEvent::Chunks(index as u32, chunks.collect()));
            }
            call.event(&EmbedEvent::Progress(1, 1));
            Ok(EmbedReply::Chunked(documents.len() as u32))
        }
    }
}
