//! One way out, closed at first.

use crate::error::NetError;
use crate::transport::{Counter, connector};
use docmind_core::cancel::CancelToken;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use ureq::http::{self, HeaderMap, Method, Request, Response, Uri, header};
use ureq::unversioned::resolver::DefaultResolver;

/// From the first packet to a connection, TLS included.
const CONNECT: Duration = Duration::from_secs(10);
/// To find a host's address.
const RESOLVE: Duration = Duration::from_secs(5);
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

/// Scheme, host and port of an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// Of an address such as `https://host:port/path`.
    ///
    /// # Errors
    /// `BadAddress` for another scheme, a missing host, or a name and password in it.
    pub fn of(address: &str) -> Result<Self, NetError> {
        let bad = || NetError::BadAddress(address.to_owned());
        Self::of_uri(&address.parse::<Uri>().map_err(|_| bad())?).ok_or_else(bad)
    }

    fn of_uri(uri: &Uri) -> Option<Self> {
        let secure = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = uri.authority()?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return None;
        }
        let host = authority.host().to_ascii_lowercase();
        Some(Self {
            secure,
            host,
            port: authority.port_u16().unwrap_or(if secure { 443 } else { 80 }),
        })
    }

    /// True where it is this machine itself.
    pub fn is_loopback(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }

    /// Host and port, as in an error.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}://{}:{}",
            if self.secure { "https" } else { "http" },
            self.host,
            self.port
        )
    }
}

/// Who may be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Exactly this scheme, host and port.
    Origin(Origin),
    /// This domain and those below it, by https on port 443.
    Domain(String),
    /// Whoever a person's own address redirects to, by https on port 443: hubs keep their files on other hosts.
    AnySecure,
}

impl Rule {
    /// The origin of an address.
    ///
    /// # Errors
    /// `BadAddress`.
    pub fn origin_of(address: &str) -> Result<Self, NetError> {
        Origin::of(address).map(Self::Origin)
    }

    fn allows(&self, origin: &Origin) -> bool {
        match self {
            Self::Origin(own) => own == origin,
            Self::AnySecure => origin.secure && origin.port == 443,
            Self::Domain(domain) => {
                let domain = domain.to_ascii_lowercase();
                let below = origin
                    .host
                    .strip_suffix(&domain)
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                origin.secure && origin.port == 443 && below && !domain.is_empty()
            }
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
        }
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
            let headers = ask
                .headers
                .iter()
                .filter(|(name, _)| origin == first || *name != header::AUTHORIZATION);
            let (response, watch) = self.once(&ask, &url, &origin, headers, cancel)?;
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
            if origin.secure && !next.secure {
                return Err(refuse("from a secure to an open connection"));
            }
            on_the_way.push(parts.headers);
            url = target;
        }
    }

    fn once<'h>(
        &self,
        ask: &Ask<'_>,
        url: &str,
        origin: &Origin,
        headers: impl Iterator<Item = &'h (header::HeaderName, String)>,
        cancel: &CancelToken,
    ) -> Result<(Response<ureq::Body>, Watch), NetError> {
        if cancel.is_cancelled() {
            return Err(NetError::Cancelled);
        }
        let counter = Arc::clone(lock(&self.counters).entry(origin.authority()).or_default());
        counter.requests.fetch_add(1, Ordering::Relaxed);
        let config = ureq::config::Config::builder()
            .proxy(None)
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
            .build();
        let connector = connector(counter, Arc::clone(&self.offline));
        let agent = ureq::Agent::with_parts(config, connector, DefaultResolver::default());
        let mut request = Request::builder().method(ask.method.clone()).uri(url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let bad = |error: http::Error| NetError::BadAddress(format!("{url}: {error}"));
        let watch = Watch::start(agent.clone(), cancel.clone());
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
                Ok(Err(error)) => return Err(self.explain(error, origin, cancel)),
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
            ureq::Error::Io(error) => NetError::Unreachable {
                host,
                reason: error.to_string(),
            },
            ureq::Error::ConnectionFailed => NetError::Unreachable {
                host,
                reason: "connection failed".into(),
            },
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
        } else if error.kind() == io::ErrorKind::TimedOut {
            NetError::Silent(host)
        } else {
            NetError::Truncated(host)
        }
    }
}

/// `target` as an address, where it may be relative to `base`.
fn absolute(base: &str, target: &str) -> Option<String> {
    // A relative target such as `name?query` is no address by itself; a scheme is.
    let scheme_ends = target.find("://");
    if scheme_ends.is_some_and(|at| target[..at].bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        return Some(target.to_owned());
    }
    let base: Uri = base.parse().ok()?;
    let (scheme, authority) = (base.scheme_str()?, base.authority()?);
    if let Some(rest) = target.strip_prefix("//") {
        return Some(format!("{scheme}://{rest}"));
    }
    if target.starts_with('/') {
        return Some(format!("{scheme}://{authority}{target}"));
    }
    let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
    Some(format!("{scheme}://{authority}{folder}/{target}"))
}

/// Closes a request's connection when its token is set; ends with the request.
struct Watch {
    over: Arc<AtomicBool>,
}

impl Watch {
    fn start(agent: ureq::Agent, cancel: CancelToken) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        let watching = thread::Builder::new()
            .name("http cancel".into())
            .stack_size(128 << 10)
            .spawn(move || {
                loop {
                    // First: a call that is over because of the cancel leaves the server working.
                    if cancel.is_cancelled() {
                        agent.shutdown();
                        return;
                    }
                    if ended.load(Ordering::Acquire) {
                        return;
                    }
                    thread::sleep(POLL);
                }
            });
        if let Err(error) = watching {
            tracing::warn!(%error, "a request cannot be cancelled while it waits");
        }
        Self { over }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_exact() {
        let origin = Origin::of("HTTPS://Example.ORG/a?b").expect("an address");
        assert_eq!(origin.to_string(), "https://example.org:443");
        assert!(Rule::origin_of("https://example.org").expect("fine").allows(&origin));
        assert!(!Rule::origin_of("http://example.org").expect("fine").allows(&origin));
        assert!(
            !Rule::origin_of("https://example.org:8443")
                .expect("fine")
                .allows(&origin)
        );
        for bad in [
            "example.org",
            "ftp://example.org",
            "https://",
            "https://user:word@example.org/",
            "file:///etc/passwd",
            "",
        ] {
            assert!(Origin::of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_domain_reaches_down_not_sideways() {
        let rule = Rule::Domain("example.org".into());
        let allows = |address: &str| rule.allows(&Origin::of(address).expect("an address"));
        assert!(allows("https://example.org/x"));
        assert!(allows("https://files.example.org/x"));
        assert!(!allows("https://evil-example.org/x"));
        assert!(!allows("http://example.org/x"));
        assert!(!allows("https://example.org:8443/x"));
        assert!(!allows("https://example.org.evil.net/x"));
        assert!(!Rule::Domain(String::new()).allows(&Origin::of("https://a.b").expect("an address")));
    }

    #[test]
    fn whoever_is_redirected_to_is_secure() {
        let allows = |address: &str| Rule::AnySecure.allows(&Origin::of(address).expect("an address"));
        assert!(allows("https://files.example.org/x"));
        assert!(!allows("http://files.example.org/x"));
        assert!(!allows("https://files.example.org:8443/x"));
    }

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

    #[test]
    fn loopback_is_known() {
        let loopback = |address: &str| Origin::of(address).expect("an address").is_loopback();
        assert!(loopback("http://127.0.0.1:80") && loopback("http://[::1]:9") && loopback("http://localhost"));
        assert!(!loopback("http://192.168.0.1") && !loopback("http://localhost.example.org"));
    }

    #[test]
    fn relative_targets_are_resolved() {
        let base = "https://a.org/dir/file";
        assert_eq!(absolute(base, "/x").as_deref(), Some("https://a.org/x"));
        assert_eq!(absolute(base, "y?z").as_deref(), Some("https://a.org/dir/y?z"));
        assert_eq!(absolute(base, "//b.org/x").as_deref(), Some("https://b.org/x"));
        assert_eq!(absolute(base, "http://c.org/").as_deref(), Some("http://c.org/"));
    }
}
