//! First questions to try, from the headings of the documents.

use crate::engine::Engine;
use crate::search::Scope;
use docmind_core::error::ErrorReport;
use docmind_core::words::{Language, is_stop_word, words};
use std::collections::HashSet;

/// Headings looked at.
const LOOKED_AT: usize = 400;
/// A heading of fewer or more words makes no question.
const WORDS: std::ops::RangeInclusive<usize> = 2..=9;

impl Engine {
    /// Up to `limit` questions about the documents of a scope, each from another one as far as there are enough.
    ///
    /// # Errors
    /// `collection_not_found`, and the store's own.
    pub fn suggested_questions(&self, scope: &Scope, limit: usize) -> Result<Vec<String>, ErrorReport> {
        let within = self.scope(scope)?;
        let headings = self.0.library.headings(LOOKED_AT, within.as_deref())?;
        let mut seen = HashSet::new();
        let mut first = Vec::new();
        let mut others = Vec::new();
        for (document, path, _) in headings {
            let Some(question) = path.last().and_then(|heading| question(heading)) else {
                continue;
            };
            if first.iter().chain(&others).any(|known| *known == question) {
                continue;
            }
            if seen.insert(document) {
                first.push(question);
            } else {
                others.push(question);
            }
        }
        first.extend(others);
        first.truncate(limit);
        Ok(first)
    }
}

/// A question that the text under a heading answers; `None` for headings such as "Contents" or "3.2".
fn question(heading: &str) -> Option<String> {
    let heading = heading.trim().trim_end_matches([':', '.']).trim();
    if heading.ends_with('?') {
        return Some(heading.to_owned());
    }
    let heading = heading
        .trim_start_matches(|c: char| c.is_numeric() || matches!(c, '.' | ')' | '§' | ' ' | '-' | '–'))
        .trim();
    let list: Vec<&str> = words(heading).map(|word| word.text).collect();
    let content = list
        .iter()
        .filter(|word| !is_stop_word(word) && word.chars().any(char::is_alphabetic))
        .count();
    if !WORDS.contains(&list.len())
        || content < 2
        || heading.chars().any(|c| matches!(c, '@' | '/' | '\\' | '{' | '<' | '='))
    {
        return None;
    }
    Some(match Language::of(heading) {
        Language::German => format!("Was steht in den Dokumenten über „{heading}“?"),
        Language::English => format!("What do the documents say about “{heading}”?"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_become_questions_and_labels_do_not() {
        assert_eq!(
            question("3.2 Notice of termination:").as_deref(),
            Some("What do the documents say about “Notice of termination”?")
        );
        assert_eq!(
            question("Kündigung durch den Mieter").as_deref(),
            Some("Was steht in den Dokumenten über „Kündigung durch den Mieter“?")
        );
        assert_eq!(question("Who pays the fee?").as_deref(), Some("Who pays the fee?"));
        for label in ["Contents", "3.2", "§ 4", "foo@example.org mail to", "a = b + c"] {
            assert_eq!(question(label), None, "{label}");
        }
    }
}
