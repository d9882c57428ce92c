//! Questions that a handful of passages cannot answer in full ("List all …", "Which documents …"): each document is asked for itself.

use super::{PAPERS, SAYING};
use crate::words::{Word, fold, is_stop_word, words};

const STARTS: &[&str] = &[
    "list",
    "enumerate",
    "count",
    "summarize all",
    "summarise all",
    "name all",
    "name every",
    "give me all",
    "show all",
    "show me all",
    "find all",
    "how many",
    "what are all",
    "liste",
    "zahle",
    "nenne alle",
    "wie viele",
    "wieviele",
    "zeige alle",
    "zeig mir alle",
    "finde alle",
];
const ANYWHERE: &[&str] = &["every single", "all of the", "complete list"];
const ALL: &[&str] = &[
    "all",
    "every",
    "each",
    "alle",
    "allen",
    "jede",
    "jeden",
    "jedes",
    "samtliche",
];
/// Documents, of which there are several.
const DOCUMENTS: &[&str] = &[
    "documents",
    "files",
    "papers",
    "texts",
    "articles",
    "contracts",
    "agreements",
    "policies",
    "reports",
    "letters",
    "manuals",
    "pdfs",
    "mails",
    "emails",
    "invoices",
    "dokumente",
    "dokumenten",
    "dateien",
    "texte",
    "texten",
    "artikel",
    "artikeln",
    "vertrage",
    "vertragen",
    "berichte",
    "berichten",
    "briefe",
    "briefen",
    "handbucher",
    "handbuchern",
    "rechnungen",
];
/// What may stand before the subject itself, beside stop words.
const BEFORE: &[&str] = &[
    "documents",
    "files",
    "papers",
    "dokumente",
    "dateien",
    "contain",
    "contains",
    "cover",
    "talk",
    "talks",
    "deal",
    "complete",
    "enthalten",
    "erwahnen",
    "nennen",
    "handeln",
    "auf",
    "something",
    "anything",
    "etwas",
];

/// True for questions that a handful of passages cannot answer in full (anything-llm#4275, lmstudio-bug-tracker#789).
///
/// ```
/// use docmind_core::question::wants_everything;
/// assert!(wants_everything("List all invoices over 100 euros"));
/// assert!(wants_everything("Wie viele Verträge laufen 2027 aus?"));
/// assert!(!wants_everything("Who signed the treaty?"));
/// ```
pub fn wants_everything(question: &str) -> bool {
    let folded = folded(question);
    starts(&folded) > 0 || {
        let joined = folded.join(" ");
        ANYWHERE.iter().any(|phrase| joined.contains(phrase))
    }
}

/// True for questions that ask every document, whatever the best passages say: all of something, or which documents. "How many days" and
/// "List the parts" are as often about one thing in one place.
///
/// ```
/// use docmind_core::question::asks_each_document;
/// assert!(asks_each_document("List all invoices over 100 euros"));
/// assert!(asks_each_document("Which contracts mention asbestos?"));
/// assert!(asks_each_document("How many documents mention asbestos?"));
/// assert!(asks_each_document("In welchen Verträgen steht etwas über Asbest?"));
/// assert!(!asks_each_document("How many days of notice does the tenant have to give?"));
/// assert!(!asks_each_document("List the parts of the boiler"));
/// assert!(!asks_each_document("Which contract was signed first?"));
/// ```
pub fn asks_each_document(question: &str) -> bool {
    let folded = folded(question);
    let asked = starts(&folded);
    let is = |at: usize, known: &[&str]| folded.get(at).is_some_and(|word| known.contains(&word.as_str()));
    which_documents(&folded) > 0 || (asked > 0 && (is(asked, DOCUMENTS) || (0..asked + 2).any(|at| is(at, ALL))))
}

/// What is to be found in each document: the question without the words that only ask for all of it.
///
/// ```
/// use docmind_core::question::everything_wanted;
/// assert_eq!(everything_wanted("List all invoices over 100 euros"), "invoices over 100 euros");
/// assert_eq!(everything_wanted("Which documents mention asbestos?"), "asbestos?");
/// assert_eq!(everything_wanted("In welchen Dokumenten steht etwas über Asbest?"), "Asbest?");
/// assert_eq!(everything_wanted("Who signed the treaty?"), "Who signed the treaty?");
/// assert_eq!(everything_wanted("List all documents"), "List all documents");
/// ```
pub fn everything_wanted(question: &str) -> &str {
    let list: Vec<Word<'_>> = words(question).collect();
    let folded = folded(question);
    let asked = starts(&folded);
    if asked == 0 {
        return question;
    }
    let says_nothing = |at: usize| {
        let word = folded[at].as_str();
        is_stop_word(list[at].text) || [BEFORE, SAYING, PAPERS].iter().any(|known| known.contains(&word))
    };
    let subject = (asked..list.len()).find(|&at| !says_nothing(at));
    subject.map_or(question, |at| &question[list[at].at..])
}

fn folded(question: &str) -> Vec<String> {
    words(question).map(|word| fold(word.text)).collect()
}

/// How many words of the beginning ask for all; 0 where none does.
fn starts(folded: &[String]) -> usize {
    let begins = |start: &&&str| {
        start
            .split(' ')
            .eq(folded.iter().map(String::as_str).take(start.split(' ').count()))
    };
    let start = STARTS.iter().filter(begins).max_by_key(|start| start.len());
    let words = start.map_or(0, |start| start.split(' ').count());
    words.max(which_documents(folded))
}

/// How many words of the beginning ask which documents; 0 where none does.
fn which_documents(folded: &[String]) -> usize {
    let is = |at: usize, known: &[&str]| folded.get(at).is_some_and(|word| known.contains(&word.as_str()));
    let which = usize::from(is(0, &["in"]));
    if is(which, &["which", "welche", "welchen"]) && is(which + 1, DOCUMENTS) {
        which + 2
    } else {
        0
    }
}
