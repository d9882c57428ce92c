//! What can go wrong on the way to another machine.

use docmind_core::error::ErrorReport;

/// Why a request gave no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// The offline switch is on.
    #[error("the network is switched off")]
    Offline,
    /// The host is on no list for this purpose.
    #[error("`{host}` is not allowed for {purpose}")]
    NotAllowed {
        /// Scheme, host and port.
        host: String,
        /// In words.
        purpose: &'static str,
    },
    /// No address of the form `https://host:port/path`.
    #[error("`{0}` is not an address")]
    BadAddress(String),
    /// No connection.
    #[error("`{host}` cannot be reached: {reason}")]
    Unreachable {
        /// Host and port.
        host: String,
        /// The system's words.
        reason: String,
    },
    /// Connected, and then silent for too long.
    #[error("`{0}` does not answer")]
    Silent(String),
    /// The certificate, or TLS itself.
    #[error("no secure connection to `{host}`: {reason}")]
    Insecure {
        /// Host and port.
        host: String,
        /// The library's words.
        reason: String,
    },
    /// The server wants a key, or another one.
    #[error("`{host}` refused the request (status {status})")]
    Denied {
        /// Host and port.
        host: String,
        /// 401 or 403.
        status: u16,
    },
    /// The server does not have that model.
    #[error("`{host}` has no model `{model}`")]
    ModelMissing {
        /// Host and port.
        host: String,
        /// As asked for.
        model: String,
    },
    /// There is no file at an address.
    #[error("there is no file at `{0}`")]
    FileMissing(String),
    /// The server has too much to do.
    #[error("`{0}` is busy")]
    Busy(String),
    /// Another status that means no.
    #[error("`{host}` answered with status {status}: {words}")]
    Refused {
        /// Host and port.
        host: String,
        /// Of the answer.
        status: u16,
        /// The start of its body.
        words: String,
    },
    /// It says in the middle of its answer that it failed.
    #[error("`{host}` failed while it wrote: {words}")]
    Failed {
        /// Host and port.
        host: String,
        /// Its own.
        words: String,
    },
    /// The answer is not of the agreed form.
    #[error("`{host}` gave an answer that is not understood: {reason}")]
    BadAnswer {
        /// Host and port.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The answer ended in the middle.
    #[error("the answer of `{0}` ended in the middle")]
    Truncated(String),
    /// The answer is larger than allowed.
    #[error("the answer of `{0}` is too large")]
    TooLarge(String),
    /// A redirect that leads nowhere good.
    #[error("`{host}` redirects to where DocMind does not follow: {reason}")]
    Redirect {
        /// Host and port.
        host: String,
        /// Why not.
        reason: String,
    },
    /// A file could not be written.
    #[error("`{path}` could not be written: {reason}")]
    Disk {
        /// Of the file.
        path: String,
        /// The system's words.
        reason: String,
    },
    /// The file's content is not what was promised.
    #[error("the downloaded file is not the one that was promised")]
    Corrupt,
    /// The cancel token was set.
    #[error("cancelled")]
    Cancelled,
}

impl NetError {
    /// The error for a person.
    pub fn report(&self) -> ErrorReport {
        let (code, advice) = match self {
            Self::Offline => (
                "network_offline",
                "Switch the network on in the settings, or use a model on this machine.",
            ),
            Self::NotAllowed { .. } => ("network_not_allowed", "Enter this address in the settings first."),
            Self::BadAddress(_) => ("remote_bad_address", "Enter it as http://host:port or https://host."),
            Self::Unreachable { .. } => (
                "remote_unreachable",
                "Check that the server runs and that its address is right.",
            ),
            Self::Silent(_) => ("remote_timeout", "Check the server, then try again."),
            Self::Insecure { .. } => (
                "remote_insecure",
                "Check the address, the clock and the server's certificate.",
            ),
            Self::Denied { .. } => ("remote_denied", "Check the key in the settings."),
            Self::ModelMissing { .. } => (
                "remote_model_missing",
                "Choose a model from the server's list, or load it there.",
            ),
            Self::FileMissing(_) => (
                "remote_refused",
                "Check the address: it is that of the file itself, not of the page about it.",
            ),
            Self::Busy(_) => ("remote_busy", "Try again in a moment."),
            Self::Refused { .. } | Self::Failed { .. } => ("remote_refused", "Look into the server's own log."),
            Self::BadAnswer { .. } => ("remote_bad_answer", "Check that this is the right kind of server."),
            Self::Truncated(_) => ("remote_truncated", "What was received is kept. Try again."),
            Self::TooLarge(_) => ("remote_too_large", "Check that this is the right server."),
            Self::Redirect { .. } => ("remote_redirect", "Enter the server's final address."),
            Self::Disk { .. } => (
                "disk",
                "Free some space or check the permissions, then try again: it goes on where it stopped.",
            ),
            Self::Corrupt => ("download_corrupt", "It was deleted. Download it again."),
            Self::Cancelled => return ErrorReport::cancelled(),
        };
        let what = self.to_string();
        let mut letters = what.chars();
        let what: String = letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect())
            .unwrap_or_default();
        ErrorReport::new(code, format!("{what}.\n{advice}"))
    }
}
