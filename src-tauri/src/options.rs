//! What the program is told when it starts.

use docmind_engine::EngineOptions;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// From the command line, or from the environment of a test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Data folder; `None` is the platform's.
    pub data_dir: Option<PathBuf>,
    /// Files and folders to add.
    pub paths: Vec<PathBuf>,
}

impl Options {
    /// Understands `--data-dir DIR` and `--data-dir=DIR`, for which `DOCMIND_DATA_DIR` does too, and paths to add. Other options are
    /// ignored: desktops pass some of their own.
    pub fn from_arguments(mut arguments: impl Iterator<Item = OsString>) -> Self {
        let mut data_dir = folder(std::env::var_os("DOCMIND_DATA_DIR"));
        let mut paths = Vec::new();
        while let Some(argument) = arguments.next() {
            if argument == "--data-dir" {
                data_dir = folder(arguments.next()).or(data_dir);
            } else if let Some(named) = after_equals(&argument) {
                data_dir = folder(Some(named)).or(data_dir);
            } else if !argument.as_encoded_bytes().starts_with(b"-") {
                paths.push(PathBuf::from(argument));
            }
        }
        Self { data_dir, paths }
    }

    /// How the engine is opened.
    pub fn engine(&self) -> EngineOptions {
        EngineOptions {
            data_dir: self.data_dir.clone(),
            ..EngineOptions::application()
        }
    }
}

/// What `--data-dir=` names, as the command line takes it too.
fn after_equals(argument: &OsStr) -> Option<OsString> {
    const OPTION: &str = "--data-dir=";
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let named = argument.as_bytes().strip_prefix(OPTION.as_bytes())?;
        Some(OsStr::from_bytes(named).to_owned())
    }
    #[cfg(not(unix))]
    {
        argument.to_str()?.strip_prefix(OPTION).map(OsString::from)
    }
}

/// What is empty names no folder.
fn folder(named: Option<OsString>) -> Option<PathBuf> {
    named.filter(|name| !name.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_folder_and_what_to_add_can_be_named() {
        let given = ["--flag", "--data-dir", "/x/y", "z", "/a b"].map(OsString::from);
        let options = Options::from_arguments(given.into_iter());
        assert_eq!(options.data_dir, Some(PathBuf::from("/x/y")));
        assert_eq!(options.paths, [PathBuf::from("z"), PathBuf::from("/a b")]);
    }

    #[test]
    fn the_data_folder_may_follow_an_equals_sign() {
        let given = ["--data-dir=/x/y z", "a", "--data-dir="].map(OsString::from);
        let options = Options::from_arguments(given.into_iter());
        assert_eq!(options.data_dir, Some(PathBuf::from("/x/y z")));
        assert_eq!(options.paths, [PathBuf::from("a")]);
    }
}
