//! Addresses, and which of them a rule names.

use crate::error::NetError;
use ureq::http::Uri;

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
        self.host() == "localhost"
            || self
                .host()
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }

    /// True where the connection is by TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.secure
    }

    /// Its host, an address of version 6 without brackets.
    pub(crate) fn host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port
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

    pub(super) fn allows(&self, origin: &Origin) -> bool {
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

/// `target` as an address, where it may be relative to `base`.
pub(super) fn absolute(base: &str, target: &str) -> Option<String> {
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
    if target.starts_with('?') {
        return Some(format!("{scheme}://{authority}{}{target}", base.path()));
    }
    let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
    Some(format!("{scheme}://{authority}{folder}/{target}"))
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
        assert_eq!(absolute(base, "?z").as_deref(), Some("https://a.org/dir/file?z"));
        assert_eq!(absolute(base, "//b.org/x").as_deref(), Some("https://b.org/x"));
        assert_eq!(absolute(base, "http://c.org/").as_deref(), Some("http://c.org/"));
    }
}
