//! The room in a company's network: a proxy on the way, and certificates that nobody here knows.

#[expect(dead_code, reason = "the other tests of this crate need more of it")]
mod server;

use docmind_core::cancel::CancelToken;
use docmind_net::authorities::Authorities;
use docmind_net::gate::{Gate, Purpose, Rule};
use docmind_net::proxies::Proxies;
use docmind_net::remote::{Dialect, RemoteEngine};
use server::{Reply, Server};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Asks a server for its models by a gate that allows it; gives the code and the words of its failure.
fn failure(gate: Gate, address: &str) -> (String, String, Arc<Gate>) {
    let gate = Arc::new(gate);
    gate.allow(Purpose::RemoteEngine, Rule::origin_of(address).expect("an address"));
    let engine = RemoteEngine::new(Arc::clone(&gate), Dialect::OpenAi, address, "m", Some("secret".into()));
    let listed = engine.expect("an address").list_models(&CancelToken::new());
    let report = listed.expect_err("nobody there speaks TLS");
    (report.code, report.message, gate)
}

fn proxies(address: &str) -> Proxies {
    Proxies::of_variables(&|name| (name == "https_proxy").then(|| address.to_owned()))
}

/// Reads the beginning of a handshake and answers something else; then all that still comes.
fn answer_no_handshake(stream: &mut TcpStream) -> usize {
    let mut buffer = [0; 4096];
    let hello = stream.read(&mut buffer).expect("a handshake begins");
    stream
        .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        .expect("somebody reads");
    let mut rest = Vec::new();
    // A client that is disappointed may close in any way.
    let _ = stream.read_to_end(&mut rest);
    hello + rest.len()
}

#[test]
fn a_secure_server_is_asked_for_by_the_proxy() {
    let proxy = Server::start(|_| Reply::json(407, "{}"));
    let gate = Gate::closed().by_proxies(proxies(&proxy.url("")));
    let (code, message, gate) = failure(gate, "https://models.example");
    assert_eq!(code, "remote_unreachable");
    assert!(
        message.contains("407") && message.contains("by the proxy `127.0.0.1:"),
        "{message}"
    );
    let asked = proxy.requests();
    assert_eq!(asked.len(), 1);
    assert!(
        asked[0].head.starts_with("CONNECT models.example:443 "),
        "{}",
        asked[0].head
    );
    assert!(!asked[0].head.contains("secret"), "what is said is not for the proxy");
    let traffic = gate.traffic();
    assert_eq!(
        (traffic.len(), traffic[0].host.as_str(), traffic[0].sent),
        (1, "models.example:443", asked[0].head.len() as u64)
    );
}

#[test]
fn what_goes_through_a_tunnel_is_counted_once() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    let proxy = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).expect("a head");
            head.push(byte[0]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").expect("somebody reads");
        head.len() + answer_no_handshake(&mut stream)
    });
    let (code, _, gate) = failure(Gate::closed().by_proxies(proxies(&address)), "https://models.example");
    assert_eq!(code, "remote_insecure");
    let got = proxy.join().expect("it ended");
    assert_eq!(gate.traffic()[0].sent, got as u64);
}

#[test]
fn a_server_that_cannot_be_trusted_is_no_server_that_is_away() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("https://{}", listener.local_addr().expect("bound"));
    let asked = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            counting.fetch_add(1, Ordering::AcqRel);
            answer_no_handshake(&mut stream);
        }
    });
    assert_eq!(failure(Gate::closed(), &address).0, "remote_insecure");
    assert_eq!(asked.load(Ordering::Acquire), 1);

    // Whom the system trusts is asked only then.
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("trusted.pem");
    std::fs::write(
        &file,
        "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n",
    )
    .expect("a file");
    let gate = Gate::closed().trusting(Authorities::in_file(&file));
    assert_eq!(failure(gate, &address).0, "remote_insecure");
    assert_eq!(asked.load(Ordering::Acquire), 3);
}
