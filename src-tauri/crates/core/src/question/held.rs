//! Questions about the documents themselves ("Which documents do I have?", "How many pages has the lease?"): no passage says it, the
//! library's own list does.

use super::PAPERS;
use crate::words::{fold, is_stop_word, words};

/// What a question wants to know of the documents themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AboutDocuments {
    /// Which there are, and how many.
    Which,
    /// How many pages the one has whose title has these words, folded; the one that was spoken of, where there are none. Whether a
    /// document is called so is for whoever knows the titles.
    Pages(Vec<String>),
}

/// Documents of any kind, of which there are several.
const DOCUMENTS: &[&str] = &[
    "documents",
    "document",
    "files",
    "pdfs",
    "papers",
    "dokumente",
    "dokumenten",
    "dateien",
    "unterlagen",
];
/// Beginnings of questions for the list.
const STARTS: &[&str] = &[
    "which",
    "what",
    "how many",
    "list",
    "show",
    "welche",
    "was fur",
    "wie viele",
    "wieviele",
    "liste",
    "zeige",
    "zeig",
    "nenne",
];
/// What such a question has besides, beside stop words.
const BESIDE: &[&str] = &[
    "list",
    "show",
    "names",
    "titles",
    "library",
    "added",
    "indexed",
    "loaded",
    "available",
    "see",
    "know",
    "read",
    "access",
    "uploaded",
    "currently",
    "now",
    "liste",
    "zeige",
    "zeig",
    "nenne",
    "namen",
    "titel",
    "bibliothek",
    "sammlung",
    "collection",
    "habe",
    "haben",
    "hast",
    "kennst",
    "gibt",
    "vorhanden",
    "hinzugefugt",
    "hier",
    "bitte",
    "meiner",
    "meinen",
    "deiner",
    "auf",
    "alle",
    "ich",
    "du",
    "es",
];
/// Stop words with which it asks for something else: "Which documents must I bring?"
const ELSE: &[&str] = &[
    "must", "should", "shall", "about", "muss", "soll", "sollen", "uber", "von", "with", "without", "mit", "ohne",
    "not", "nicht", "because", "before", "after", "vor", "nach", "between", "tell", "will", "zu", "he", "she", "they",
    "him", "her", "them", "his", "their", "er", "ihn", "ihm",
];
/// So does this: "What papers do I have to show?"
const DUTIES: &[&str] = &["have to", "has to", "had to"];
const PAGES: &[&str] = &["how many pages", "wie viele seiten", "wieviele seiten"];
/// With these it asks what a document says of another: "How many pages may the thesis have?"
const ALLOWED: &[&str] = &[
    "may", "must", "should", "shall", "can", "could", "darf", "durfen", "muss", "mussen", "soll", "sollte", "sollen",
    "kann", "konnen",
];
/// What stands beside the document in a question for its pages, beside stop words.
const BESIDE_PAGES: &[&str] = &[
    "pages",
    "seiten",
    "wie",
    "wieviele",
    "viele",
    "hat",
    "habe",
    "umfasst",
    "long",
    "lang",
    "total",
    "insgesamt",
    "hier",
];

/// What a question wants to know of the documents themselves; `None` for questions about what they say.
///
/// ```
/// use docmind_core::question::{AboutDocuments, about_documents};
/// assert_eq!(about_documents("Which documents do I have?"), Some(AboutDocuments::Which));
/// assert_eq!(about_documents("Welche Dokumente gibt es hier?"), Some(AboutDocuments::Which));
/// assert_eq!(about_documents("Which documents mention asbestos?"), None);
/// let lease = AboutDocuments::Pages(vec!["lease".to_owned()]);
/// assert_eq!(about_documents("How many pages does the lease have?"), Some(lease));
/// ```
pub fn about_documents(question: &str) -> Option<AboutDocuments> {
    // "lease.pdf" is named by its parts.
    let parts = words(question).flat_map(|word| word.text.split('.'));
    let folded: Vec<String> = parts.map(fold).collect();
    let joined = folded.join(" ");
    let begins = |start: &&str| {
        joined
            .strip_prefix(*start)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    if PAGES.iter().any(begins) {
        if folded.iter().any(|word| ALLOWED.contains(&word.as_str())) {
            return None;
        }
        let subject = |word: &&String| {
            let known = |list: &[&str]| list.contains(&word.as_str());
            !(is_stop_word(word) || known(PAPERS) || known(BESIDE_PAGES))
        };
        return Some(AboutDocuments::Pages(folded.iter().filter(subject).cloned().collect()));
    }
    let is = |word: &String, list: &[&str]| list.contains(&word.as_str());
    let only_that = folded
        .iter()
        .all(|word| !is(word, ELSE) && (is_stop_word(word) || is(word, DOCUMENTS) || is(word, BESIDE)));
    let plural = |word: &String| is(word, DOCUMENTS) && word != "document";
    let of_duty = DUTIES.iter().any(|duty| joined.contains(*duty));
    (STARTS.iter().any(begins) && only_that && !of_duty && folded.iter().any(plural)).then_some(AboutDocuments::Which)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_for_the_list_are_told_from_those_for_what_it_holds() {
        for question in [
            "Which documents do I have?",
            "what files are there",
            "How many documents are in my library?",
            "List all documents",
            "Show me all my files, please.",
            "Which documents can you see?",
            "Welche Dokumente habe ich?",
            "Wie viele Dateien sind in der Bibliothek?",
            "Liste alle Dokumente auf.",
            "Zeige mir meine Unterlagen",
        ] {
            assert_eq!(about_documents(question), Some(AboutDocuments::Which), "{question}");
        }
        for question in [
            "Which documents are needed for the application?",
            "Which documents must I have with me?",
            "Which documents mention asbestos?",
            "How many documents have to be signed?",
            "What is in the documents about pets?",
            "List all invoices",
            "Which contracts do I have?",
            "What is a document?",
            "Welche Dokumente muss ich haben?",
            "What papers do I have to show?",
            "Which documents did he have?",
            "What do the papers tell me?",
            "",
        ] {
            assert_eq!(about_documents(question), None, "{question}");
        }
    }

    #[test]
    fn pages_are_those_of_the_document_that_is_named_or_was_spoken_of() {
        for (question, subject) in [
            ("How many pages does it have?", ""),
            ("How many pages are in this document?", ""),
            ("how many pages has lease-agreement.pdf", "lease"),
            ("Wie viele Seiten hat die Hausordnung?", "hausordnung"),
        ] {
            let subject = subject.split_whitespace().map(str::to_owned).collect();
            assert_eq!(
                about_documents(question),
                Some(AboutDocuments::Pages(subject)),
                "{question}"
            );
        }
        for question in [
            "Which page has the signature?",
            "How many pages may the thesis have?",
            "Wie viele Seiten darf die Arbeit haben?",
        ] {
            assert_eq!(about_documents(question), None, "{question}");
        }
    }
}
