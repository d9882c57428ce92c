//! Questions about the documents themselves, answered from the library's list: which there are, and how many pages one has.

use crate::engine::Engine;
use docmind_core::answer::{Answer, AnswerMode, FinishReason};
use docmind_core::conversation::Turn;
use docmind_core::document::{DocumentId, DocumentState};
use docmind_core::error::ErrorReport;
use docmind_core::question::{AboutDocuments, about_documents};
use docmind_core::words::Language;
use docmind_store::{DocumentOrder, DocumentQuery, DocumentRecord};
use std::fmt::Write as _;

/// Most documents that are named.
const MOST_NAMED: usize = 100;

impl Engine {
    /// The answer to a question about the documents themselves; `None` for every other, and where it is not certain which is meant.
    pub(super) fn told_of_documents(
        &self,
        question: &str,
        scope: Option<&[DocumentId]>,
        earlier: &[Turn],
    ) -> Result<Option<Answer>, ErrorReport> {
        let language = Language::of(question);
        let text = match about_documents(question) {
            None => return Ok(None),
            Some(AboutDocuments::Which) => {
                let (named, count) = self.named_documents(scope)?;
                list(language, &named, count)
            }
            Some(AboutDocuments::Pages(subject)) => {
                let meant = if subject.is_empty() {
                    self.document_meant(scope, earlier)?
                } else {
                    self.document_titled(&subject, scope)?
                };
                let record = match meant {
                    Some(id) => self.0.library.document(id)?,
                    None => None,
                };
                // What waits or could not be read has no pages yet.
                let Some(record) = record.filter(|record| record.pages > 0) else {
                    return Ok(None);
                };
                let (name, pages) = (name(&record), pages(language, record.pages));
                match language {
                    Language::English => format!("{name} has {pages}."),
                    Language::German => format!("{name} hat {pages}."),
                }
            }
        };
        Ok(Some(Answer {
            mode: AnswerMode::Listed,
            finish: FinishReason::Stop,
            text,
            thinking: None,
            citations: Vec::new(),
            uncited: Vec::new(),
            coverage: None,
            stats: None,
        }))
    }

    /// The first documents of a scope by their paths, and how many there are.
    fn named_documents(&self, scope: Option<&[DocumentId]>) -> Result<(Vec<DocumentRecord>, usize), ErrorReport> {
        let Some(scope) = scope else {
            let query = DocumentQuery {
                states: vec![DocumentState::Ready],
                order: DocumentOrder::Path,
                limit: Some(MOST_NAMED as u32),
                ..DocumentQuery::default()
            };
            let count = self.0.library.count_documents(&query)?;
            return Ok((self.0.library.documents(&query)?, count as usize));
        };
        let records = self.0.library.documents_by_id(scope)?;
        let mut ready: Vec<DocumentRecord> = records
            .into_values()
            .filter(|record| record.state == DocumentState::Ready)
            .collect();
        ready.sort_by(|a, b| a.path.cmp(&b.path));
        let count = ready.len();
        ready.truncate(MOST_NAMED);
        Ok((ready, count))
    }
}

fn list(language: Language, named: &[DocumentRecord], count: usize) -> String {
    let mut text = match (language, count) {
        (Language::English, 0) => "No document can be asked yet.".to_owned(),
        (Language::German, 0) => "Noch lässt sich kein Dokument befragen.".to_owned(),
        (Language::English, 1) => "One document can be asked:\n".to_owned(),
        (Language::German, 1) => "Ein Dokument lässt sich befragen:\n".to_owned(),
        (Language::English, _) => format!("{count} documents can be asked:\n"),
        (Language::German, _) => format!("{count} Dokumente lassen sich befragen:\n"),
    };
    for record in named {
        let _ = write!(text, "\n- {}, {}", name(record), pages(language, record.pages));
    }
    let more = count.saturating_sub(named.len());
    if more > 0 {
        let _ = match language {
            Language::English => write!(text, "\n\n… and {more} more."),
            Language::German => write!(text, "\n\n… und {more} weitere."),
        };
    }
    text
}

fn pages(language: Language, pages: u32) -> String {
    match (language, pages) {
        (Language::English, 1) => "1 page".to_owned(),
        (Language::English, _) => format!("{pages} pages"),
        (Language::German, 1) => "1 Seite".to_owned(),
        (Language::German, _) => format!("{pages} Seiten"),
    }
}

/// What the person called it, letter by letter. Not its title, which is a line of the document: that is forgotten with it.
fn name(record: &DocumentRecord) -> String {
    let file = record.path.file_name().unwrap_or_default().to_string_lossy();
    let line = file.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("`{}`", line.replace('`', "'"))
}
