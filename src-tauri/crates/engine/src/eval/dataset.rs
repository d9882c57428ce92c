//! A labelled folder in memory.

mod labels;

use docmind_core::error::ErrorReport;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A document of a labelled folder.
#[derive(Clone, Debug, Deserialize)]
pub struct Entry {
    /// Its name in the labels.
    #[serde(rename = "_id", deserialize_with = "name")]
    pub id: String,
    /// May be empty.
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub title: String,
    /// The text.
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub text: String,
}

/// A question of a labelled folder.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "QueryLine")]
pub struct Query {
    /// Its name in the labels.
    pub id: String,
    /// The question.
    pub text: String,
    /// Accepted answers, where the folder has them.
    pub answers: Vec<String>,
    /// False for questions that the documents do not answer.
    pub answerable: bool,
}

/// A question as it stands in the file: SQuAD says `is_impossible` where we say `answerable`.
#[derive(Deserialize)]
struct QueryLine {
    #[serde(rename = "_id", deserialize_with = "name")]
    id: String,
    text: String,
    #[serde(default)]
    answers: Option<Answers>,
    answerable: Option<bool>,
    is_impossible: Option<bool>,
}

/// Accepted answers in the ways they are written: a list of texts, SQuAD's list of `{"text", "answer_start"}`, the same as one object of
/// lists, or one text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answers {
    One(String),
    List(Vec<AnswerItem>),
    Columns { text: Vec<String> },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum AnswerItem {
    Plain(String),
    Marked { text: String },
}

impl From<QueryLine> for Query {
    fn from(line: QueryLine) -> Self {
        let mut answers: Vec<String> = match line.answers {
            None => Vec::new(),
            Some(Answers::One(text)) => vec![text],
            Some(Answers::Columns { text }) => text,
            Some(Answers::List(items)) => items
                .into_iter()
                .map(|(AnswerItem::Plain(text) | AnswerItem::Marked { text })| text)
                .collect(),
        };
        // An empty answer stands in every sentence.
        answers.retain(|answer| !answer.trim().is_empty());
        Self {
            id: line.id,
            text: line.text,
            answers,
            answerable: line.answerable.unwrap_or(!line.is_impossible.unwrap_or(false)),
        }
    }
}

/// A name, which may be written as a number.
fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) => Ok(text),
        serde_json::Value::Number(number) => Ok(number.to_string()),
        _ => Err(D::Error::custom("a name is a text or a number")),
    }
}

fn text_or_nothing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.unwrap_or_default())
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
    #[error(
        "`{path}` could not be read.\nGive a folder with corpus.jsonl, queries.jsonl and qrels.tsv (or qrels/test.tsv)."
    )]
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
    /// The same name twice: labels could mean either.
    #[error(
        "Line {line} of `{path}` has the name `{id}` a second time.\nGive each document and each question a name of its own."
    )]
    Repeated {
        /// The file.
        path: PathBuf,
        /// From 1, blank lines left out.
        line: usize,
        /// The name.
        id: String,
    },
    /// Nothing could be measured.
    #[error(
        "No label of `{path}` joins a question of queries.jsonl with a document of corpus.jsonl.\nCheck that its first two columns are their names."
    )]
    Unlabelled {
        /// The labels' file.
        path: PathBuf,
    },
}

impl From<DatasetError> for ErrorReport {
    fn from(error: DatasetError) -> Self {
        let report = Self::new("dataset_unreadable", error.to_string());
        match error {
            DatasetError::Unreadable { source, .. } => report.with_detail(source),
            DatasetError::Malformed { detail, .. } => report.with_detail(detail),
            DatasetError::Repeated { .. } | DatasetError::Unlabelled { .. } => report,
        }
    }
}

impl Dataset {
    /// Reads a labelled folder. Labels of gain 0 say that a document is not relevant; those that name an unknown document or question
    /// are left out, and their number is logged.
    ///
    /// # Errors
    /// A file that is missing or malformed, a name given twice, labels of which none can be used.
    pub fn read(dir: &Path) -> Result<Self, DatasetError> {
        let corpus: Vec<Entry> = lines(&dir.join("corpus.jsonl"))?;
        let queries: Vec<Query> = lines(&dir.join("queries.jsonl"))?;
        let documents = by_name(&dir.join("corpus.jsonl"), corpus.iter().map(|entry| entry.id.as_str()))?;
        let questions = by_name(
            &dir.join("queries.jsonl"),
            queries.iter().map(|query| query.id.as_str()),
        )?;
        let path = labels::file(dir);
        let mut relevant = vec![HashMap::new(); queries.len()];
        let (mut used, mut unknown) = (false, 0_u32);
        for label in labels::read(&path)? {
            match (
                questions.get(label.query.as_str()),
                documents.get(label.document.as_str()),
            ) {
                (Some(query), Some(document)) => {
                    used = true;
                    if label.gain > 0.0 {
                        relevant[*query].insert(*document, label.gain);
                    }
                }
                _ => unknown += 1,
            }
        }
        if !used {
            return Err(DatasetError::Unlabelled { path });
        }
        if unknown > 0 {
            tracing::warn!(
                labels = unknown,
                "labels that name an unknown question or document are left out"
            );
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

/// Place of each name.
fn by_name<'n>(path: &Path, names: impl Iterator<Item = &'n str>) -> Result<HashMap<&'n str, usize>, DatasetError> {
    let mut places = HashMap::new();
    for (place, name) in names.enumerate() {
        if places.insert(name, place).is_some() {
            return Err(DatasetError::Repeated {
                path: path.to_owned(),
                line: place + 1,
                id: name.to_owned(),
            });
        }
    }
    Ok(places)
}

/// A whole file, without the byte order mark that some editors write.
fn text(path: &Path) -> Result<String, DatasetError> {
    let text = std::fs::read_to_string(path).map_err(|source| DatasetError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
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
mod tests;
