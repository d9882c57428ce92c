//! What the program is told when it starts.

use docmind_engine::EngineOptions;
use std::ffi::OsString;
use std::path::PathBuf;

/// From the command line, or from the environment of a test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Data folder; `None` is the platform's.
    pub data_dir: Option<PathBuf>,
}

impl Options {
    /// Understands `--data-dir DIR`; `DOCMIND_DATA_DIR` does the same. Anything else is ignored: desktops pass arguments of their own.
    pub fn from_arguments(arguments: impl Iterator<Item = OsString>) -> Self {
        let mut arguments = arguments.skip_while(|argument| argument != "--data-dir").skip(1);
        let data_dir = arguments
            .next()
            .or_else(|| std::env::var_os("DOCMIND_DATA_DIR"))
            .map(PathBuf::from);
        Self { data_dir }
    }

    /// How the engine is opened.
    pub fn engine(&self) -> EngineOptions {
        EngineOptions {
            data_dir: self.data_dir.clone(),
            ..EngineOptions::application()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_folder_can_be_named() {
        let given = ["--flag", "--data-dir", "/x/y", "z"].map(OsString::from);
        assert_eq!(
            Options::from_arguments(given.into_iter()).data_dir,
            Some(PathBuf::from("/x/y"))
        );
    }
}
