//! Text recognition for scans: what is installed of Tesseract.

use crate::runtime_files::RuntimeFiles;
use crate::workers::recognition_launch;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where distributions keep Tesseract's languages.
const FOLDERS: &[&str] = &[
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
];
/// No language: orientation, and mathematics.
const NO_LANGUAGES: &[&str] = &["osd", "equ", "snum"];
/// Each language more reads every doubtful line once more.
const MOST_LANGUAGES: usize = 4;
/// What to run where nothing is installed.
pub const INSTALL: &str = "apt install tesseract-ocr tesseract-ocr-deu";

/// Tesseract's languages on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognition {
    /// The folder of `*.traineddata`.
    pub tessdata: PathBuf,
    /// At most four, such as `deu` and `eng`.
    pub languages: Vec<String>,
}

impl Recognition {
    /// In `TESSDATA_PREFIX`, else where distributions put it; `None` where no language is installed.
    pub fn find() -> Option<Self> {
        let named = env::var_os("TESSDATA_PREFIX").map(PathBuf::from);
        named
            .into_iter()
            .chain(FOLDERS.iter().map(PathBuf::from))
            .find_map(|folder| Self::in_folder(&folder))
    }

    fn in_folder(folder: &Path) -> Option<Self> {
        let mut languages: Vec<String> = std::fs::read_dir(folder)
            .ok()?
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let name = path.file_stem()?.to_str()?;
                let is_language = path.extension()? == "traineddata" && !NO_LANGUAGES.contains(&name);
                is_language.then(|| name.to_owned())
            })
            .collect();
        // Those of the interface first.
        languages.sort_by_key(|name| (!["deu", "eng"].contains(&name.as_str()), name.clone()));
        languages.truncate(MOST_LANGUAGES);
        (!languages.is_empty()).then(|| Self {
            tessdata: folder.to_owned(),
            languages,
        })
    }
}

/// What is said of a scan in which nothing was recognised.
pub(crate) fn no_writing(name: &str) -> String {
    format!(
        "`{name}` has pages but no text, and none was recognised in its pictures.\nNothing to do, unless a better scan can be had."
    )
}

/// What reads scans, as the reader itself says, such as `Tesseract 5.3.0, deu+eng`.
///
/// # Errors
/// Why nothing does.
pub(crate) fn examine(files: &RuntimeFiles) -> Result<String, String> {
    let recognition = Recognition::find().ok_or_else(|| format!("not installed: {INSTALL}"))?;
    let launch = recognition_launch(files, &recognition).map_err(|error| error.to_string())?;
    let output = Command::new(&launch.program)
        .arg("recognition")
        .args(&launch.args)
        .output()
        .map_err(|error| error.to_string())?;
    let told = if output.status.success() {
        &output.stdout
    } else {
        &output.stderr
    };
    let line = String::from_utf8_lossy(told)
        .lines()
        .last()
        .unwrap_or_default()
        .to_owned();
    if output.status.success() { Ok(line) } else { Err(line) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_those_installed_the_interfaces_first() {
        let temp = tempfile::tempdir().unwrap();
        assert_eq!(Recognition::in_folder(temp.path()), None);
        for name in ["osd", "afr", "eng", "spa", "deu", "fra"] {
            std::fs::write(temp.path().join(format!("{name}.traineddata")), "").unwrap();
        }
        std::fs::write(temp.path().join("pdf.ttf"), "").unwrap();
        let found = Recognition::in_folder(temp.path()).unwrap();
        assert_eq!(found.languages, ["deu", "eng", "afr", "fra"]);
    }
}
