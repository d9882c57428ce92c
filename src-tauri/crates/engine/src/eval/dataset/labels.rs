//! Which documents are relevant to which question: `qrels` in the ways they are written.

use super::{DatasetError, text};
use std::path::{Path, PathBuf};

/// One label.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Label {
    pub(super) query: String,
    pub(super) document: String,
    pub(super) gain: f64,
}

/// The labels' file of a folder: `qrels.tsv`, else in `qrels/` what BEIR measures with, else the only file there.
pub(super) fn file(dir: &Path) -> PathBuf {
    let beside = dir.join("qrels.tsv");
    let within = dir.join("qrels");
    let usual = [beside.clone(), within.join("test.tsv"), within.join("dev.tsv")];
    if let Some(found) = usual.into_iter().find(|path| path.is_file()) {
        return found;
    }
    let mut others: Vec<PathBuf> = within
        .read_dir()
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "tsv"))
        .collect();
    match (others.pop(), others.is_empty()) {
        (Some(only), true) => only,
        // Reading it says that it is missing.
        _ => beside,
    }
}

/// All labels. A first line whose score is no number is a header.
pub(super) fn read(path: &Path) -> Result<Vec<Label>, DatasetError> {
    let text = text(path)?;
    let mut labels = Vec::new();
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    for (nth, (at, line)) in lines.enumerate() {
        match label(line) {
            Some(label) => labels.push(label),
            None if nth == 0 => {}
            None => {
                return Err(DatasetError::Malformed {
                    path: path.to_owned(),
                    line: at + 1,
                    detail: line.to_owned(),
                });
            }
        }
    }
    Ok(labels)
}

/// `query-id`, `corpus-id`, `score`; TREC writes a column that means nothing behind the first. Columns are parted by tabs, since a
/// name may hold spaces; without a tab by white space.
fn label(line: &str) -> Option<Label> {
    let fields: Vec<&str> = if line.contains('\t') {
        line.split('\t').map(str::trim).collect()
    } else {
        line.split_whitespace().collect()
    };
    let (query, document, gain) = match *fields.as_slice() {
        [query, document, gain] => (query, document, gain),
        [query, _, document, gain] => (query, document, gain),
        _ => return None,
    };
    let gain: f64 = gain.parse().ok().filter(|gain: &f64| gain.is_finite())?;
    Some(Label {
        query: query.to_owned(),
        document: document.to_owned(),
        gain,
    })
}
