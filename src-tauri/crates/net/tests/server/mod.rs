//! A server of a hundred lines on the loopback: one thread a connection, one request a connection.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct Request {
    pub head: String,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<String> {
        self.head.lines().find_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }
}

pub enum Reply {
    /// Head and body, the body in pieces of so many bytes; the connection is closed in the middle where the head promises more.
    Whole { head: String, body: Vec<u8>, piece: usize },
    /// The body again and again.
    Endless { body: String },
    /// The body, and then nothing, the connection open.
    Stalled { head: String, body: String },
    /// The body again and again, with a pause between: a line that is kept open.
    Dripping { body: String },
    /// Not even a head.
    Silent,
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

impl Reply {
    pub fn stream(body: &str, piece: usize) -> Self {
        Self::Whole {
            head: CHUNKED.into(),
            body: body.into(),
            piece,
        }
    }

    pub fn endless(body: &str) -> Self {
        Self::Endless { body: body.into() }
    }

    pub fn stalled(body: &str) -> Self {
        Self::Stalled {
            head: CHUNKED.into(),
            body: body.into(),
        }
    }

    pub fn stalled_refusal(status: u16) -> Self {
        Self::Stalled {
            head: format!("HTTP/1.1 {status} Status\r\ncontent-length: 100\r\n\r\n"),
            body: String::new(),
        }
    }

    pub fn dripping(body: &str) -> Self {
        Self::Dripping { body: body.into() }
    }

    pub fn json(status: u16, body: &str) -> Self {
        let head = format!(
            "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\ncontent-length: {}\r\nlocation: /elsewhere\r\n\r\n",
            body.len()
        );
        Self::Whole {
            head,
            body: body.into(),
            piece: 4096,
        }
    }

    pub fn redirect(to: &str, headers: &[(&str, &str)]) -> Self {
        let more: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let head = format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n{more}\r\n");
        Self::Whole {
            head,
            body: Vec::new(),
            piece: 1,
        }
    }

    /// A file with ranges; the connection breaks after `breaks` bytes.
    pub fn file(request: &Request, bytes: &[u8], etag: &str, breaks: Option<usize>) -> Self {
        let etag = if etag.starts_with('"') {
            etag.to_owned()
        } else {
            format!("\"{etag}\"")
        };
        let range = request
            .header("range")
            .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
        let same = request.header("if-range").is_none_or(|tag| tag == etag);
        let start = range.filter(|_| same).unwrap_or(0);
        let mut body = bytes[start.min(bytes.len())..].to_vec();
        let (length, status) = (body.len(), if start > 0 { "206 Partial Content" } else { "200 OK" });
        let part = if start > 0 {
            format!("content-range: bytes {start}-{}/{}\r\n", bytes.len() - 1, bytes.len())
        } else {
            String::new()
        };
        if let Some(breaks) = breaks {
            body.truncate(breaks);
        }
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\netag: {etag}\r\n{part}\r\n");
        Self::Whole {
            head,
            body,
            piece: 65_536,
        }
    }
}

pub struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    over: Arc<AtomicBool>,
}

impl Server {
    pub fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let over = Arc::new(AtomicBool::new(false));
        let (kept, ended, answer) = (Arc::clone(&requests), Arc::clone(&over), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                if ended.load(Ordering::Acquire) {
                    return;
                }
                let (kept, ended, answer) = (Arc::clone(&kept), Arc::clone(&ended), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let mut stream = stream;
                    let Some(request) = read(&mut stream) else { return };
                    kept.lock().expect("not poisoned").push(request.clone());
                    // A client that goes away is no failure of the server.
                    let _ = write(&mut stream, answer(&request), &ended);
                });
            }
        });
        Self { port, requests, over }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("not poisoned").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut request = Request {
        head,
        body: bytes[end..].to_vec(),
    };
    let length = request
        .header("content-length")
        .and_then(|value| value.parse().ok())
        .unwrap_or(0);
    while request.body.len() < length {
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        request.body.extend_from_slice(&buffer[..count]);
    }
    Some(request)
}

fn write(stream: &mut TcpStream, reply: Reply, over: &AtomicBool) -> std::io::Result<()> {
    match reply {
        Reply::Whole { head, body, piece } => {
            stream.write_all(head.as_bytes())?;
            for part in body.chunks(piece) {
                stream.write_all(part)?;
                stream.flush()?;
            }
        }
        Reply::Endless { body } => {
            stream.write_all(CHUNKED.as_bytes())?;
            while !over.load(Ordering::Acquire) {
                stream.write_all(body.as_bytes())?;
            }
        }
        Reply::Stalled { head, body } => {
            stream.write_all(head.as_bytes())?;
            stream.write_all(body.as_bytes())?;
            wait(over);
        }
        Reply::Dripping { body } => {
            stream.write_all(CHUNKED.as_bytes())?;
            while !over.load(Ordering::Acquire) {
                stream.write_all(body.as_bytes())?;
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        Reply::Silent => wait(over),
    }
    Ok(())
}

fn wait(over: &AtomicBool) {
    while !over.load(Ordering::Acquire) {
        std::thread::sleep(Duration::from_millis(20));
    }
}
