//! Downloads against a server of our own on the loopback: broken off, resumed, exchanged meanwhile, redirected.

#[expect(dead_code, reason = "the other tests of this crate need more of it")]
mod server;

use docmind_core::cancel::CancelToken;
use docmind_net::download::Download;
use docmind_net::gate::{Gate, Purpose, Rule};
use server::{Reply, Server};
use sha2::{Digest, Sha256};
use std::sync::Arc;

fn open_gate(server: &Server) -> Arc<Gate> {
    let gate = Arc::new(Gate::closed());
    gate.allow(
        Purpose::ModelDownload,
        Rule::origin_of(&server.url("")).expect("an address"),
    );
    gate
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
    let gate = open_gate(&server);
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
    let gate = open_gate(&server);
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
    let gate = open_gate(&server);
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
        let gate = open_gate(&server);
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
    let gate = open_gate(&server);
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
    let gate = open_gate(&server);
    let outcome = download(&server, &folder, None).run(&gate, &CancelToken::new(), &mut |_, _| {});
    let report = outcome.expect_err("missing");
    assert!(report.message.contains("no file at"), "{}", report.message);
    assert_eq!(server.requests().len(), 1, "asking again would not help");
}

#[test]
fn a_wrong_file_is_not_kept() {
    let server = Server::start(|request| Reply::file(request, b"not the model", "\"tag\"", None));
    let folder = tempfile::tempdir().expect("a folder");
    let gate = open_gate(&server);
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
    let gate = open_gate(&hub);
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
    let gate = open_gate(&around);
    assert_eq!(
        download(&around, &folder, None)
            .run(&gate, &never, &mut |_, _| {})
            .expect_err("a circle")
            .code,
        "remote_redirect"
    );
}
