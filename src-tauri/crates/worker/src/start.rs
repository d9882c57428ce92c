//! How every worker begins.

use crate::priority::{Priority, step_back};
use docmind_wire::serve::adopt_parent;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::ExitCode;
use tracing_subscriber::filter::LevelFilter;

/// Stack of the thread that owns the engine: document libraries recurse as deep as a file nests.
const ENGINE_STACK: usize = 64 << 20;

/// What a worker was started with: `--name value` pairs after an optional command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    command: Option<OsString>,
    named: Vec<(String, OsString)>,
}

/// Arguments that are not of the form [`Arguments`] describes.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not understood\nThis program is started by DocMind; its arguments are `--name value` pairs.")]
pub struct BadArgument(String);

impl Arguments {
    /// From what follows the program's name.
    ///
    /// # Errors
    /// A second word that is no option, or an option without its value.
    pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Self, BadArgument> {
        let mut arguments = Self::default();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let name = word.to_str().and_then(|word| word.strip_prefix("--"));
            match name {
                Some(name) => {
                    let value = words.next().ok_or_else(|| BadArgument(format!("--{name}")))?;
                    arguments.named.push((name.to_owned(), value));
                }
                None if arguments.command.is_none() && arguments.named.is_empty() => arguments.command = Some(word),
                None => return Err(BadArgument(word.to_string_lossy().into_owned())),
            }
        }
        Ok(arguments)
    }

    /// The first word, where it is no option.
    pub fn command(&self) -> Option<&OsStr> {
        self.command.as_deref()
    }

    /// Value of `--name`; the last one counts.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.named
            .iter()
            .rev()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_os_str())
    }

    /// Value of `--name` as text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(OsStr::to_str)
    }

    /// Value of `--name` as a number.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.text(name)?.parse().ok()
    }

    /// Value of `--name` as a path.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    /// `--runtime`, or the folder `runtime` beside the executable: where the native libraries are.
    pub fn runtime(&self) -> PathBuf {
        self.path("runtime").unwrap_or_else(|| {
            std::env::current_exe()
                .ok()
                .and_then(|own| own.parent().map(|folder| folder.join("runtime")))
                .unwrap_or_else(|| PathBuf::from("runtime"))
        })
    }
}

/// Begins a worker: descriptors closed, tied to its parent, log on stderr (`--log error|warn|info|debug|trace`), arguments read,
/// then `body`, on a thread with a deep stack. Without a command it serves the application, and steps back. An error of `body` is the last line of stderr and status 1; wrong arguments are 2.
pub fn run(priority: Priority, body: impl FnOnce(&Arguments) -> Result<(), String> + Send) -> ExitCode {
    adopt_parent();
    let arguments = match Arguments::parse(std::env::args_os().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("ERROR {error}");
            return ExitCode::from(2);
        }
    };
    let level = arguments
        .text("log")
        .and_then(|name| name.parse::<LevelFilter>().ok())
        .unwrap_or(LevelFilter::INFO);
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(level)
        .with_ansi(false)
        .with_target(false)
        .without_time()
        .init();
    if arguments.command().is_none() {
        step_back(priority);
    }
    let outcome = std::thread::scope(|scope| {
        let engine = std::thread::Builder::new()
            .name("engine".into())
            .stack_size(ENGINE_STACK);
        match engine.spawn_scoped(scope, || body(&arguments)) {
            // A panic has said its words; its status is Rust's own, so that the application reads it as a crash.
            Ok(engine) => engine.join().map_err(|_| None),
            Err(error) => Ok(Err(format!("no thread for the engine: {error}"))),
        }
    });
    match outcome {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(message)) => {
            tracing::error!("{message}");
            ExitCode::FAILURE
        }
        Err(None::<()>) => ExitCode::from(101),
        Err(Some(())) => ExitCode::FAILURE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Arguments, BadArgument> {
        Arguments::parse(words.iter().map(OsString::from))
    }

    #[test]
    fn pairs_and_a_command() {
        let arguments = parse(&["bench", "--runtime", "/r", "--threads", "4", "--runtime", "/s"]).expect("fine");
        assert_eq!(arguments.command(), Some(OsStr::new("bench")));
        assert_eq!(arguments.runtime(), PathBuf::from("/s"));
        assert_eq!(arguments.number("threads"), Some(4));
        assert_eq!(arguments.text("model"), None);
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        assert!(parse(&["--runtime"]).is_err());
        assert!(parse(&["--runtime", "/r", "word"]).is_err());
        assert!(parse(&["one", "two"]).is_err());
    }
}
