//! Certificate authorities that this machine trusts besides the public ones: a company's own.

use std::path::{Path, PathBuf};
use ureq::tls::{PemItem, RootCerts, parse_pem};

/// Names another file than the system's, as OpenSSL has it.
const VARIABLE: &str = "SSL_CERT_FILE";
/// Where systems keep all that they trust in one file: Debian and Arch, Fedora, openSUSE, Alpine.
const FILES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// A file of certificates in PEM; none without. The public authorities are compiled in and asked first, so that it is read only where none
/// of those vouches for a server.
#[derive(Clone, Debug, Default)]
pub struct Authorities {
    file: Option<PathBuf>,
}

impl Authorities {
    /// What the system trusts: the file of `SSL_CERT_FILE`, else the first one there is.
    pub fn of_system() -> Self {
        let named = std::env::var_os(VARIABLE).filter(|name| !name.is_empty());
        let file = named
            .map(PathBuf::from)
            .or_else(|| FILES.iter().map(PathBuf::from).find(|file| file.exists()));
        Self { file }
    }

    /// Those of a file.
    pub fn in_file(file: &Path) -> Self {
        Self {
            file: Some(file.to_owned()),
        }
    }

    /// Reads them; `None` where there are none.
    pub(crate) fn read(&self) -> Option<RootCerts> {
        let file = self.file.as_ref()?;
        let text = std::fs::read(file)
            .inspect_err(
                |error| tracing::warn!(file = %file.display(), %error, "what the system trusts cannot be read"),
            )
            .ok()?;
        let certificates: Vec<_> = parse_pem(&text)
            .map_while(Result::ok)
            .filter_map(|item| {
                if let PemItem::Certificate(certificate) = item {
                    Some(certificate)
                } else {
                    None
                }
            })
            .collect();
        (!certificates.is_empty()).then(|| RootCerts::from(certificates))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many certificates are read from a file of this text.
    fn held(text: &str) -> Option<usize> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("trusted.pem");
        std::fs::write(&file, text).expect("a file");
        match Authorities::in_file(&file).read()? {
            RootCerts::Specific(certificates) => Some(certificates.len()),
            _ => None,
        }
    }

    #[test]
    fn certificates_are_read_and_nothing_else() {
        let certificate = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n";
        assert_eq!(held(&format!("# Ours\n{certificate}{certificate}")), Some(2));
        assert_eq!(held("no certificate"), None);
        assert_eq!(held(""), None);
        assert!(Authorities::in_file(Path::new("/nowhere/trusted.pem")).read().is_none());
        assert!(Authorities::default().read().is_none());
    }
}
