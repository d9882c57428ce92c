//! `docmind-parse` as it is shipped: its sandbox, and a document through the pipe.
#![cfg(feature = "parse")]

mod parts;

use docmind_core::cancel::CancelToken;
use docmind_core::document::DocumentState;
use docmind_core::fakes::text_of;
use docmind_wire::parse::{ParseLimits, ParseWorker, RenderPage, launch};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const BINARY: &str = env!("CARGO_BIN_EXE_docmind-parse");

/// The folder of native libraries, where one is at hand: beside the binary, or named by the variable every part of DocMind reads.
fn runtime() -> PathBuf {
    std::env::var_os("DOCMIND_RUNTIME_DIR").map_or_else(|| Path::new(BINARY).with_file_name("runtime"), PathBuf::from)
}

fn worker() -> ParseWorker {
    let bin = Path::new(BINARY).parent().expect("a folder holds it");
    ParseWorker::new(launch(bin, &runtime()), 1, ParseLimits::default())
}

#[test]
#[cfg(target_os = "linux")]
fn the_walls_hold() {
    let output = Command::new(BINARY)
        .arg("sandbox")
        .arg("--runtime")
        .arg(runtime())
        .args(["--log", "info"])
        .env_clear()
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let expected = "read a file: refused\nlist a folder: refused\nwrite a file: refused\nopen a socket: refused\n\
                    start a program: refused\ntake 3 GiB of memory: refused\nstart a thread (allowed): possible\n";
    let (kept, attempts) = said.split_once('\n').expect("a first line");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(kept.contains("seccomp kept"), "{said}{log}");
    // A kernel without landlock is a line in the log.
    assert_ne!(
        kept.contains("landlock kept"),
        log.contains("offers no landlock"),
        "{said}{log}"
    );
    assert_eq!(attempts, expected);
    assert!(output.status.success());
}

#[test]
fn text_goes_through_the_pipe() {
    let worker = worker();
    let (outcome, text) = text_of(
        &worker,
        "note.txt",
        "Das Dach wird vom Hausmeister repariert.".as_bytes(),
    );
    assert_eq!(outcome, Ok(()));
    assert!(text.contains("Hausmeister"), "{text}");
    assert_eq!(
        text_of(&worker, "empty.txt", b"").0.expect_err("empty").state,
        DocumentState::Empty
    );
    // The same child served both.
    assert_eq!(worker.pids().len(), 1);
}

#[test]
fn a_pdf_is_read_and_drawn_inside_the_sandbox() {
    let worker = worker();
    let bytes = pdf("The caretaker repairs the roof in the spring of every year.");
    let (outcome, text) = text_of(&worker, "report.pdf", &bytes);
    assert_eq!(outcome, Ok(()));
    assert!(text.contains("caretaker repairs the roof"), "{text}");
    if !runtime().join("libpdfium.so").exists() {
        parts::missing("PDFium is not set up here: the page was read by the fallback and not drawn");
        return;
    }
    let page = RenderPage {
        page: 1,
        scale: 1.0,
        tile: None,
    };
    let picture = worker
        .render_page(bytes.len() as u64, &mut &bytes[..], page, &CancelToken::new())
        .expect("a picture");
    assert_eq!((picture.width, picture.height), (300, 200));
    assert!(picture.png.starts_with(b"\x89PNG"));
    let missing = RenderPage {
        page: 9,
        scale: 1.0,
        tile: None,
    };
    let error = worker
        .render_page(bytes.len() as u64, &mut &bytes[..], missing, &CancelToken::new())
        .expect_err("no page 9");
    assert_eq!(error.code, "damaged");
}

#[test]
fn a_new_child_reads_on_after_a_kill() {
    let worker = worker();
    assert!(text_of(&worker, "a.txt", b"one").0.is_ok());
    let first = worker.pids();
    let killed = Command::new("kill")
        .arg("-9")
        .arg(first[0].to_string())
        .status()
        .expect("kill is there");
    assert!(killed.success());
    let until = Instant::now() + Duration::from_secs(3);
    while Path::new(&format!("/proc/{}", first[0])).exists() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(text_of(&worker, "b.txt", b"two").0.is_ok());
    assert_ne!(worker.pids(), first);
}

/// A page of 300 by 200 points with one line of Helvetica.
fn pdf(line: &str) -> Vec<u8> {
    let content = format!("BT /F1 10 Tf 10 150 Td ({line}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut out = b"%PDF-1.4\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        places.push(out.len());
        out.extend(format!("{} 0 obj\n{object}\nendobj\n", number + 1).bytes());
    }
    let table = out.len();
    out.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for place in places {
        out.extend(format!("{place:010} 00000 n \n").bytes());
    }
    out.extend(
        format!(
            "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n",
            objects.len() + 1
        )
        .bytes(),
    );
    out
}
