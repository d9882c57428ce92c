//! What the program is told when it starts.

use docmind_engine::EngineOptions;
use std::ffi::OsString;
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
    /// Understands `--data-dir DIR`, for which `DOCMIND_DATA_DIR` does too, and paths to add. Other options are ignored: desktops pass
    /// some of their own.
    pub fn from_arguments(mut arguments: impl Iterator<Item = OsString>) -> Self {
        let mut data_dir = std::env::var_os("DOCMIND_DATA_DIR").map(PathBuf::from);
        let mut paths = Vec::new();
        while let Some(argument) = arguments.next() {
            if argument == "--data-dir" {
                data_dir = arguments.next().map(PathBuf::from).or(data_dir);
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
}
