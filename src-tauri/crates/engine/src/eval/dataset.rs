//! A labelled folder in memory.

use docmind_core::error::ErrorReport;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A document of a labelled folder.
#[derive(Clone, Debug, Deserialize)]
pub struct Entry {
    /// Its name in the labels.
    #[serde(rename = "_id")]
    pub id: String,
    /// May be empty.
    #[serde(default)]
    pub title: String,
    /// The text.
    #[serde(default)]
    pub text: String,
}

/// A question of a labelled folder.
#[derive(Clone, Debug, Deserialize)]
pub struct Query {
    /// Its name in the labels.
    #[serde(rename = "_id")]
    pub id: String,
    /// The question.
    pub text: String,
    /// Accepted answers, where the folder has them.
    #[serde(default)]
    pub answers: Vec<String>,
    /// False for questions that the documents do not answer.
    #[serde(default = "yes")]
    pub answerable: bool,
}

fn yes() -> bool {
    true
}

/// A labelled folder.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// The folder's name.
    pub name: String,
    /// Documents.
    pub corpus: Vec<Entry>,
    /// Questions.
    pub queries: Vec<Query>,
    /// For each question (by place) its relevant documents (by place) with their gains; empty without any.
    pub relevant: Vec<HashMap<usize, f64>>,
}

/// What can be wrong with a labelled folder.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A file could not be read.
    #[error("`{path}` could not be read.\nGive a folder with corpus.jsonl, queries.jsonl and qrels.tsv.")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line does not say what it should.
    #[error(
        "Line {line} of `{path}` is not as BEIR writes it.\nCompare it with the first lines of a folder that works."
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// The parser's words.
        detail: String,
    },
}

impl From<DatasetError> for ErrorReport {
    fn from(error: DatasetError) -> Self {
        let report = Self::new("dataset_unreadable", error.to_string());
        match error {
            DatasetError::Unreadable { source, .. } => report.with_detail(source),
            DatasetError::Malformed { detail, .. } => report.with_detail(detail),
        }
    }
}

impl Dataset {
    /// Reads a labelled folder. Labels that name an unknown document or question, or none (gain 0), are left out.
    ///
    /// # Errors
    /// A file that is missing or malformed.
    pub fn read(dir: &Path) -> Result<Self, DatasetError> {
        let corpus: Vec<Entry> = lines(&dir.join("corpus.jsonl"))?;
        let queries: Vec<Query> = lines(&dir.join("queries.jsonl"))?;
        let documents: HashMap<&str, usize> = corpus
            .iter()
            .enumerate()
            .map(|(at, entry)| (entry.id.as_str(), at))
            .collect();
        let questions: HashMap<&str, usize> = queries
            .iter()
            .enumerate()
            .map(|(at, query)| (query.id.as_str(), at))
            .collect();
        let mut relevant = vec![HashMap::new(); queries.len()];
        let path = dir.join("qrels.tsv");
        for (at, line) in text(&path)?
            .lines()
            .enumerate()
            .skip(1)
            .filter(|(_, line)| !line.trim().is_empty())
        {
            let mut fields = line.split('\t');
            let parsed = (|| {
                Some((
                    fields.next()?,
                    fields.next()?,
                    fields.next()?.trim().parse::<f64>().ok()?,
                ))
            })();
            let Some((query, document, gain)) = parsed else {
                return Err(DatasetError::Malformed {
                    path,
                    line: at + 1,
                    detail: line.to_owned(),
                });
            };
            if let (Some(query), Some(document), true) = (questions.get(query), documents.get(document), gain > 0.0) {
                relevant[*query].insert(*document, gain);
            }
        }
        let name = dir
            .canonicalize()
            .ok()
            .and_then(|dir| Some(dir.file_name()?.to_string_lossy().into_owned()));
        Ok(Self {
            name: name.unwrap_or_else(|| dir.display().to_string()),
            corpus,
            queries,
            relevant,
        })
    }

    /// Groups of documents that belong together: by title, in order of first appearance. For each document its group.
    pub fn groups(&self) -> Vec<usize> {
        let mut known: HashMap<&str, usize> = HashMap::new();
        self.corpus
            .iter()
            .map(|entry| {
                let next = known.len();
                *known.entry(entry.title.as_str()).or_insert(next)
            })
            .collect()
    }
}

fn text(path: &Path) -> Result<String, DatasetError> {
    std::fs::read_to_string(path).map_err(|source| DatasetError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

pub(super) fn lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, DatasetError> {
    text(path)?
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(at, line)| {
            serde_json::from_str(line).map_err(|error| DatasetError::Malformed {
                path: path.to_owned(),
                line: at + 1,
                detail: error.to_string(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_joined_and_faults_named() {
        let dir = std::env::temp_dir().join(format!("docmind-dataset-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a temporary folder");
        let write = |name: &str, text: &str| std::fs::write(dir.join(name), text).expect("a temporary file");
        write(
            "corpus.jsonl",
            "{\"_id\":\"a\",\"title\":\"T\",\"text\":\"x\"}\n{\"_id\":\"b\",\"title\":\"T\",\"text\":\"y\"}\n",
        );
        write("queries.jsonl", "{\"_id\":\"q\",\"text\":\"what?\"}\n");
        write("qrels.tsv", "query-id\tcorpus-id\tscore\nq\tb\t1\nq\ta\t0\nq\tz\t1\n");
        let dataset = Dataset::read(&dir).expect("a good folder");
        assert_eq!(dataset.relevant, [HashMap::from([(1, 1.0)])]);
        assert_eq!(dataset.groups(), [0, 0]);
        write("queries.jsonl", "{\"_id\":\"q\"}\n");
        let report = ErrorReport::from(Dataset::read(&dir).expect_err("a line without text"));
        assert!(report.message.contains("Line 1"), "{}", report.message);
        std::fs::remove_dir_all(&dir).expect("removed");
    }
}
