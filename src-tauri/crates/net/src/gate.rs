//! One way out, closed at first.

mod address;

use crate::authorities::Authorities;
use crate::error::NetError;
use crate::proxies::Proxies;
use crate::transport::{Counter, connector};
use address::absolute;
pub use address::{Origin, Rule};
use docmind_core::cancel::{CancelToken, Watch};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use ureq::http::{self, HeaderMap, Method, Request, Response, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::DefaultResolver;

/// From the first packet to a connection, TLS included.
const CONNECT: Duration = Duration::from_secs(10);
/// To find a host's address.
const RESOLVE: Duration = Duration::from_secs(5);
/// For a server to take the next part of a request.
const SEND: Duration = Duration::from_secs(30);
/// Redirects followed for a download.
const HOPS: usize = 5;
/// Headers of an answer.
const HEADER_BYTES: usize = 64 << 10;
/// A cancel token is looked at this often.
const POLL: Duration = Duration::from_millis(50);

/// What a request is for. Each has a list of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A person asked for a model of the catalogue.
    ModelDownload,
    /// A language model on a server that a person entered.
    RemoteEngine,
}

impl Purpose {
    fn words(self) -> &'static str {
        match self {
            Self::ModelDownload => "downloading models",
            Self::RemoteEngine => "writing answers",
        }
    }
}

/// What went to and came from one host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostTraffic {
    /// Host and port.
    pub host: String,
    /// Bytes out, TLS included.
    pub sent: u64,
    /// Bytes in, TLS included.
    pub received: u64,
    /// Connections asked for.
    pub requests: u64,
}

/// The gate. Share it by `Arc`: there is one in the application.
#[derive(Debug)]
pub struct Gate {
    offline: Arc<AtomicBool>,
    rules: Mutex<BTreeMap<Purpose, Vec<Rule>>>,
    counters: Mutex<BTreeMap<String, Arc<Counter>>>,
    proxies: Proxies,
    authorities: Authorities,
}

/// How long a server may be silent.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From the request to the first line of the answer: a long prompt is read before anything is said.
    pub answer: Duration,
    /// Between two pieces of the answer.
    pub piece: Duration,
}

/// One request.
pub(crate) struct Ask<'a> {
    pub(crate) purpose: Purpose,
    pub(crate) method: Method,
    pub(crate) url: &'a str,
    pub(crate) headers: Vec<(header::HeaderName, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) patience: Patience,
}

/// The head of an answer, and its body as it comes.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Headers of the redirects before it, first to last.
    pub(crate) on_the_way: Vec<HeaderMap>,
    pub(crate) origin: Origin,
    pub(crate) body: Incoming,
}

/// A body. Reading ends with an error when the token is set, the server falls silent, or the network is switched off.
pub(crate) struct Incoming {
    reader: ureq::BodyReader<'static>,
    cancel: CancelToken,
    _watch: Watch,
}

impl Read for Incoming {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(into);
        if self.cancel.is_cancelled() {
            return Err(io::Error::other(NetError::Cancelled));
        }
        count
    }
}

impl Gate {
    /// Nothing is allowed yet.
    pub fn closed() -> Self {
        Self {
            offline: Arc::new(AtomicBool::new(false)),
            rules: Mutex::default(),
            counters: Mutex::default(),
            proxies: Proxies::default(),
            authorities: Authorities::default(),
        }
    }

    /// The same, which goes by these proxies. What may be asked stays what it is, and bytes are counted for whom they are.
    #[must_use]
    pub fn by_proxies(self, proxies: Proxies) -> Self {
        Self { proxies, ..self }
    }

    /// The same, which asks these authorities where none of those that are compiled in vouches for a certificate.
    #[must_use]
    pub fn trusting(self, authorities: Authorities) -> Self {
        Self { authorities, ..self }
    }

    /// Adds a rule.
    pub fn allow(&self, purpose: Purpose, rule: Rule) {
        let mut rules = lock(&self.rules);
        let list = rules.entry(purpose).or_default();
        if !list.contains(&rule) {
            list.push(rule);
        }
    }

    /// Makes a rule the only one of its purpose. A request that is checked meanwhile finds the rules before or this one, never none.
    pub fn allow_only(&self, purpose: Purpose, rule: Rule) {
        lock(&self.rules).insert(purpose, vec![rule]);
    }

    /// Forgets all rules of a purpose.
    pub fn forbid(&self, purpose: Purpose) {
        lock(&self.rules).remove(&purpose);
    }

    /// Shuts the gate; what is under way ends with an error at its next byte.
    pub fn go_offline(&self) {
        self.offline.store(true, Ordering::Release);
    }

    /// Opens it again, for what is allowed.
    pub fn go_online(&self) {
        self.offline.store(false, Ordering::Release);
    }

    /// True while it is shut.
    pub fn is_offline(&self) -> bool {
        self.offline.load(Ordering::Acquire)
    }

    /// What went over the wire since the start, by host. Empty means silence.
    pub fn traffic(&self) -> Vec<HostTraffic> {
        let read = |value: &std::sync::atomic::AtomicU64| value.load(Ordering::Relaxed);
        lock(&self.counters)
            .iter()
            .map(|(host, counter)| HostTraffic {
                host: host.clone(),
                sent: read(&counter.sent),
                received: read(&counter.received),
                requests: read(&counter.requests),
            })
            .collect()
    }

    /// Checks without sending anything.
    ///
    /// # Errors
    /// `Offline`, `BadAddress`, `NotAllowed`.
    pub fn check(&self, purpose: Purpose, address: &str) -> Result<Origin, NetError> {
        let origin = Origin::of(address)?;
        if self.is_offline() {
            return Err(NetError::Offline);
        }
        let allowed = lock(&self.rules)
            .get(&purpose)
            .is_some_and(|rules| rules.iter().any(|rule| rule.allows(&origin)));
        if allowed {
            Ok(origin)
        } else {
            Err(NetError::NotAllowed {
                host: origin.to_string(),
                purpose: purpose.words(),
            })
        }
    }

    /// Sends a request and waits for the head of its answer, whatever its status. Redirects are followed for downloads alone.
    pub(crate) fn ask(&self, ask: Ask<'_>, cancel: &CancelToken) -> Result<Answer, NetError> {
        let mut url = ask.url.to_owned();
        let mut on_the_way = Vec::new();
        let first = Origin::of(&url)?;
        loop {
            let origin = self.check(ask.purpose, &url)?;
            let headers: Vec<_> = ask
                .headers
                .iter()
                .filter(|(name, _)| origin == first || *name != header::AUTHORIZATION)
                .collect();
            let answer = match self.once(&ask, &url, &origin, &headers, RootCerts::WebPki, cancel) {
                // Nothing of the request was sent yet.
                Err(error @ NetError::Insecure { .. }) => match self.authorities.read() {
                    Some(roots) => self.once(&ask, &url, &origin, &headers, roots, cancel),
                    None => Err(error),
                },
                answer => answer,
            };
            let (response, watch) = answer?;
            let (parts, body) = response.into_parts();
            let status = parts.status.as_u16();
            if !matches!(status, 301 | 302 | 303 | 307 | 308) {
                let body = Incoming {
                    reader: body.into_reader(),
                    cancel: cancel.clone(),
                    _watch: watch,
                };
                return Ok(Answer {
                    status,
                    headers: parts.headers,
                    on_the_way,
                    origin,
                    body,
                });
            }
            let refuse = |reason: &str| NetError::Redirect {
                host: origin.authority(),
                reason: reason.to_owned(),
            };
            if ask.purpose != Purpose::ModelDownload {
                return Err(refuse("this server may not redirect"));
            }
            if on_the_way.len() == HOPS {
                return Err(refuse("too often"));
            }
            let target = parts
                .headers
                .get(header::LOCATION)
                .and_then(|value| value.to_str().ok());
            let target = target
                .and_then(|target| absolute(&url, target))
                .ok_or_else(|| refuse("without a target"))?;
            let next = Origin::of(&target)?;
            if origin.is_secure() && !next.is_secure() {
                return Err(refuse("from a secure to an open connection"));
            }
            on_the_way.push(parts.headers);
            url = target;
        }
    }

    fn once(
        &self,
        ask: &Ask<'_>,
        url: &str,
        origin: &Origin,
        headers: &[&(header::HeaderName, String)],
        roots: RootCerts,
        cancel: &CancelToken,
    ) -> Result<(Response<ureq::Body>, Watch), NetError> {
        if cancel.is_cancelled() {
            return Err(NetError::Cancelled);
        }
        let counter = Arc::clone(lock(&self.counters).entry(origin.authority()).or_default());
        counter.requests.fetch_add(1, Ordering::Relaxed);
        let proxy = self.proxies.of(origin);
        let config = ureq::config::Config::builder()
            .proxy(proxy.cloned())
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(HEADER_BYTES)
            .max_idle_connections(0)
            .user_agent(concat!("DocMind/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .timeout_resolve(Some(RESOLVE))
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(ask.patience.answer))
            .timeout_per_read(Some(ask.patience.answer.max(ask.patience.piece)))
            .timeout_per_write(Some(ask.patience.piece.min(SEND)))
            .build();
        let connector = connector(counter, Arc::clone(&self.offline));
        let agent = ureq::Agent::with_parts(config, connector, DefaultResolver::default());
        let mut request = Request::builder().method(ask.method.clone()).uri(url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let bad = |error: http::Error| NetError::BadAddress(format!("{url}: {error}"));
        let watch = {
            let agent = agent.clone();
            cancel.watch(move || agent.shutdown())
        };
        // In a thread of its own: a name that does not resolve must not hold a cancel up.
        let (sender, receiver) = channel();
        let body = ask.body.clone();
        let run: Box<dyn FnOnce() -> Result<Response<ureq::Body>, ureq::Error> + Send> = if ask.method == Method::GET {
            let request = request.body(()).map_err(bad)?;
            Box::new(move || agent.run(request))
        } else {
            let request = request.body(body).map_err(bad)?;
            Box::new(move || agent.run(request))
        };
        let spawned = thread::Builder::new().name("http".into()).spawn(move || {
            // Nobody listens any more when the call was cancelled.
            let _ = sender.send(run());
        });
        if let Err(error) = spawned {
            return Err(NetError::Unreachable {
                host: origin.authority(),
                reason: error.to_string(),
            });
        }
        loop {
            match receiver.recv_timeout(POLL) {
                Ok(Ok(response)) => return Ok((response, watch)),
                Ok(Err(error)) => return Err(by_proxy(self.explain(error, origin, cancel), proxy)),
                Err(RecvTimeoutError::Timeout) if cancel.is_cancelled() => return Err(NetError::Cancelled),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    let reason = "the request ended without an answer".to_owned();
                    return Err(NetError::Unreachable {
                        host: origin.authority(),
                        reason,
                    });
                }
            }
        }
    }

    /// The library's error in ours.
    fn explain(&self, error: ureq::Error, origin: &Origin, cancel: &CancelToken) -> NetError {
        let host = origin.authority();
        if cancel.is_cancelled() {
            return NetError::Cancelled;
        }
        if self.is_offline() {
            return NetError::Offline;
        }
        match error {
            ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => NetError::Unreachable {
                host,
                reason: "no connection in time".into(),
            },
            ureq::Error::Timeout(_) => NetError::Silent(host),
            ureq::Error::HostNotFound => NetError::Unreachable {
                host,
                reason: "no such host".into(),
            },
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => NetError::Truncated(host),
            // Rustls hands its own errors on in one of the system's: a certificate that nobody vouches for among them.
            ureq::Error::Io(error) if origin.is_secure() && error.kind() == io::ErrorKind::InvalidData => {
                NetError::Insecure {
                    host,
                    reason: error.to_string(),
                }
            }
            ureq::Error::Io(error) => NetError::Unreachable {
                host,
                reason: error.to_string(),
            },
            ureq::Error::ConnectionFailed => NetError::Unreachable {
                host,
                reason: "connection failed".into(),
            },
            ureq::Error::ConnectProxyFailed(reason) => NetError::Unreachable { host, reason },
            ureq::Error::Tls(reason) => NetError::Insecure {
                host,
                reason: reason.into(),
            },
            ureq::Error::Rustls(error) => NetError::Insecure {
                host,
                reason: error.to_string(),
            },
            ureq::Error::BodyExceedsLimit(_) => NetError::TooLarge(host),
            other => NetError::BadAnswer {
                host,
                reason: other.to_string(),
            },
        }
    }

    /// An error met while a body was read.
    pub(crate) fn explain_read(&self, error: &io::Error, origin: &Origin, cancel: &CancelToken) -> NetError {
        let host = origin.authority();
        if cancel.is_cancelled() {
            NetError::Cancelled
        } else if self.is_offline() {
            NetError::Offline
        } else if ran_out_of_time(error) {
            NetError::Silent(host)
        } else {
            NetError::Truncated(host)
        }
    }
}

/// The library hands its own errors on in one of the system's.
fn ran_out_of_time(error: &io::Error) -> bool {
    let own = error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>());
    error.kind() == io::ErrorKind::TimedOut || matches!(own, Some(ureq::Error::Timeout(_)))
}

/// The error, with the proxy that was asked: who cannot be reached may be that.
fn by_proxy(error: NetError, proxy: Option<&ureq::Proxy>) -> NetError {
    match (error, proxy) {
        (NetError::Unreachable { host, reason }, Some(proxy)) => NetError::Unreachable {
            host,
            reason: format!("{reason}, by the proxy `{}:{}`", proxy.host(), proxy.port()),
        },
        (error, _) => error,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::TcpListener;
    use std::time::Instant;

    #[test]
    fn rules_are_exchanged_without_a_moment_in_between() {
        let gate = Gate::closed();
        let rule = |address: &str| Rule::origin_of(address).expect("an address");
        let asked = || gate.check(Purpose::RemoteEngine, "http://127.0.0.1:1/v1").is_ok();
        gate.allow_only(Purpose::RemoteEngine, rule("http://127.0.0.1:1"));
        thread::scope(|scope| {
            let exchanging = scope.spawn(|| {
                for _ in 0..20_000 {
                    gate.allow_only(Purpose::RemoteEngine, rule("http://127.0.0.1:1"));
                }
            });
            while !exchanging.is_finished() {
                assert!(asked());
            }
        });
        gate.allow_only(Purpose::RemoteEngine, rule("http://127.0.0.1:2"));
        assert!(!asked());
    }

    /// A gate that lets a remote engine at an address be asked.
    fn open_to(url: &str) -> Gate {
        let gate = Gate::closed();
        gate.allow(Purpose::RemoteEngine, Rule::origin_of(url).expect("an address"));
        gate
    }

    fn post(url: &str, body: Vec<u8>) -> Ask<'_> {
        let short = Duration::from_millis(300);
        Ask {
            purpose: Purpose::RemoteEngine,
            method: Method::POST,
            url,
            headers: Vec::new(),
            body,
            patience: Patience {
                answer: short,
                piece: short,
            },
        }
    }

    fn listen() -> (TcpListener, String) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("bound"));
        (listener, url)
    }

    #[test]
    fn a_server_that_takes_no_request_is_not_waited_for() {
        let (_listener, url) = listen();
        let (gate, begun) = (open_to(&url), Instant::now());
        let outcome = gate.ask(post(&url, vec![b'x'; 64 << 20]), &CancelToken::new());
        assert!(matches!(outcome.err(), Some(NetError::Silent(_))));
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }

    #[test]
    fn a_body_that_stops_is_silence_and_no_end() {
        let (listener, url) = listen();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc";
            stream.write_all(head).expect("somebody reads");
            stream
        });
        let (gate, never) = (open_to(&url), CancelToken::new());
        let mut answer = gate.ask(post(&url, Vec::new()), &never).expect("a head");
        let error = answer
            .body
            .read_to_end(&mut Vec::new())
            .expect_err("there is no more of it");
        assert!(matches!(
            gate.explain_read(&error, &answer.origin, &never),
            NetError::Silent(_)
        ));
        drop(server.join());
    }
}
