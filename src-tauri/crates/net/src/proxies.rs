//! The proxy of a company's network, as environment variables name it.

use crate::gate::Origin;
use std::net::IpAddr;
use ureq::{Proxy, ProxyProtocol};

/// Which connections go by a proxy: secure ones to other machines, unless their host is among the exceptions. The proxy passes them on
/// unread (`CONNECT`); open connections stay direct, because few proxies pass those on so. Without a proxy, all are direct.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    proxy: Option<Proxy>,
    direct: Vec<Direct>,
}

/// What is reached without the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Direct {
    All,
    /// A host and those below it; at every port where none is named.
    Host {
        name: String,
        port: Option<u16>,
    },
    /// Addresses whose first bits are the same.
    Network {
        address: IpAddr,
        bits: u32,
    },
}

impl Proxies {
    /// Those of `HTTPS_PROXY`, else `ALL_PROXY`, and `NO_PROXY`, in capitals or not.
    pub fn of_environment() -> Self {
        Self::of_variables(&|name| std::env::var(name).ok())
    }

    /// The same of other variables, by name. A proxy of another kind than HTTP and HTTPS is passed over.
    pub fn of_variables(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| {
            let value = variable(name).or_else(|| variable(&name.to_ascii_uppercase()))?;
            let value = value.trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        let proxy = ["https_proxy", "all_proxy"].into_iter().find_map(|name| {
            let proxy = understood(&set(name)?);
            if proxy.is_none() {
                tracing::warn!(
                    name,
                    "the proxy that the environment names is of a kind that is not used"
                );
            }
            proxy
        });
        let direct = set("no_proxy").unwrap_or_default();
        Self {
            proxy,
            direct: direct
                .split([',', ' '])
                .filter_map(|entry| Direct::of(entry.trim()))
                .collect(),
        }
    }

    /// The proxy for connections to an origin; `None` where they are direct.
    pub(crate) fn of(&self, origin: &Origin) -> Option<&Proxy> {
        let proxy = self
            .proxy
            .as_ref()
            .filter(|_| origin.is_secure() && !origin.is_loopback())?;
        let direct = self.direct.iter().any(|direct| direct.covers(origin));
        (!direct).then_some(proxy)
    }
}

fn understood(address: &str) -> Option<Proxy> {
    let scheme = if address.contains("://") { "" } else { "http://" };
    let proxy = Proxy::new(&format!("{scheme}{address}")).ok()?;
    matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https).then_some(proxy)
}

impl Direct {
    fn of(entry: &str) -> Option<Self> {
        let entry = entry.to_ascii_lowercase();
        if entry == "*" {
            return Some(Self::All);
        }
        if let Some((address, bits)) = entry.split_once('/') {
            let (address, bits) = (address.parse().ok()?, bits.parse().ok()?);
            return Some(Self::Network { address, bits });
        }
        let whole = entry.trim_start_matches('[').trim_end_matches(']');
        let (name, port) = match entry.rsplit_once(':') {
            Some((name, port)) if whole.parse::<IpAddr>().is_err() => (name, Some(port.parse().ok()?)),
            _ => (whole, None),
        };
        let name = name.trim_start_matches('[').trim_end_matches(']');
        let name = name.trim_start_matches('*').trim_matches('.');
        (!name.is_empty()).then(|| Self::Host {
            name: name.to_owned(),
            port,
        })
    }

    fn covers(&self, origin: &Origin) -> bool {
        let host = origin.host();
        match self {
            Self::All => true,
            Self::Host { name, port } => {
                let is_there = port.is_none_or(|port| port == origin.port());
                let above = host.strip_suffix(name.as_str());
                is_there && above.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            Self::Network { address, bits } => host
                .parse::<IpAddr>()
                .is_ok_and(|host| bits_in_common(host, *address).is_some_and(|common| common >= *bits)),
        }
    }
}

/// So many first bits are the same; `None` for addresses of two versions.
fn bits_in_common(one: IpAddr, other: IpAddr) -> Option<u32> {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => Some((u32::from(one) ^ u32::from(other)).leading_zeros()),
        (IpAddr::V6(one), IpAddr::V6(other)) => Some((u128::from(one) ^ u128::from(other)).leading_zeros()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Proxies {
        Proxies::of_variables(&|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    /// Host and port of the proxy to an address.
    fn to(proxies: &Proxies, address: &str) -> Option<(String, u16)> {
        let proxy = proxies.of(&Origin::of(address).expect("an address"))?;
        Some((proxy.host().to_owned(), proxy.port()))
    }

    #[test]
    fn secure_connections_to_others_go_by_the_proxy() {
        let proxies = of(&[("HTTPS_PROXY", " http://name:word@proxy.example:3128/ ")]);
        let proxy = Some(("proxy.example".to_owned(), 3128));
        assert_eq!(to(&proxies, "https://models.example.org/x"), proxy);
        for direct in [
            "http://models.example.org",
            "https://127.0.0.1:8443",
            "https://[::1]/",
            "https://localhost",
        ] {
            assert_eq!(to(&proxies, direct), None, "{direct}");
        }
        assert!(!format!("{proxies:?}").contains("word"), "a password is in no log");
        assert_eq!(to(&Proxies::default(), "https://models.example.org"), None);
    }

    #[test]
    fn the_first_variable_that_is_understood_counts() {
        let to = |variables: &[(&str, &str)]| to(&of(variables), "https://a.example").map(|(host, _)| host);
        let found = |host: &str| Some(host.to_owned());
        assert_eq!(
            to(&[
                ("https_proxy", "one:1"),
                ("HTTPS_PROXY", "two:1"),
                ("all_proxy", "three:1")
            ]),
            found("one")
        );
        assert_eq!(
            to(&[("HTTPS_PROXY", ""), ("ALL_PROXY", "https://three:1")]),
            found("three")
        );
        assert_eq!(
            to(&[("https_proxy", "socks5://one:1"), ("all_proxy", "two:1")]),
            found("two")
        );
        assert_eq!(to(&[("ALL_PROXY", "socks://one:1")]), None);
        assert_eq!(to(&[("HTTP_PROXY", "one:1")]), None, "it is for open connections");
        assert_eq!(to(&[("https_proxy", "http://")]), None);
        assert_eq!(to(&[("https_proxy", "one:1/")]), found("one"));
    }

    #[test]
    fn exceptions_are_hosts_domains_ports_and_networks() {
        let is_direct = |exceptions: &str, address: &str| {
            let proxies = of(&[("https_proxy", "proxy:1"), ("no_proxy", exceptions)]);
            to(&proxies, address).is_none()
        };
        let list =
            "one.example, .two.example,*.three.example four.example:8443,10.0.0.0/8,192.168.7.9,[fd00::1],fd01::/16,,";
        for direct in [
            "https://one.example",
            "https://below.one.example",
            "https://ONE.example:8443",
            "https://two.example",
            "https://a.two.example",
            "https://a.three.example",
            "https://four.example:8443",
            "https://10.200.3.4",
            "https://192.168.7.9:1",
            "https://[fd00::1]",
            "https://[fd01:0:1::9]:2",
        ] {
            assert!(is_direct(list, direct), "{direct}");
        }
        for other in [
            "https://someone.example",
            "https://one.example.org",
            "https://four.example",
            "https://11.0.0.1",
            "https://192.168.7.90",
            "https://[fd02::1]",
        ] {
            assert!(!is_direct(list, other), "{other}");
        }
        assert!(is_direct("*", "https://any.example"));
        assert!(!is_direct("10.0.0.0/99,a/b,:,x:y", "https://10.0.0.1"));
    }
}
