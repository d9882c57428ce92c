//! What a question asks for, read from its words alone: the keyword query, whether it leans on the turn before, whether it wants
//! everything rather than the best passage.
//!
//! A follow-up is completed by rule ([`standalone`]): the last question's content words and the titles it was answered from join
//! the search; what the person typed stays what the model is asked. The rule costs microseconds, so that no model is needed for
//! the common case (peers that embed the raw last message find nothing: anything-llm#4033, #4246).

mod compared;
mod everything;
mod held;
mod keyword;
mod overview;
pub mod written_out;

use crate::words::{fold, is_number, is_stop_word, is_written_without_spaces, words};
use keyword::runs;

pub use compared::compared;
pub use everything::{asks_each_document, everything_wanted, wants_everything};
pub use held::{AboutDocuments, about_documents};
pub use keyword::{KeywordQuery, Phrase, Term, TermKind};
pub use overview::overview_of;

/// What an earlier turn gives to a follow-up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EarlierTurn {
    /// What was searched for: the completed query where there was one, else the question as typed.
    pub searched: String,
    /// Titles of the documents the answer cited, best first.
    pub cited_titles: Vec<String>,
}

/// Most words that join from before: a query that is all memory finds the last answer again.
const JOINED_WORDS: usize = 8;
/// Most titles that join.
const JOINED_TITLES: usize = 1;

/// The query to search for when the question leans on the turn before; `None` when it stands by itself.
///
/// ```
/// use docmind_core::question::{standalone, EarlierTurn};
/// let before = EarlierTurn { searched: "When was the Duchy of Normandy founded?".into(), cited_titles: vec!["Normans".into()] };
/// assert_eq!(standalone("Who ruled it?", Some(&before)).unwrap(), "Who ruled it? Duchy Normandy founded Normans");
/// assert_eq!(standalone("What is the capital of Germany?", Some(&before)), None);
/// // Only which document is left open: what was asked of it before is not.
/// assert_eq!(standalone("What does the text say about Sicily?", Some(&before)).unwrap(), "What does the text say about Sicily? Normans");
/// ```
pub fn standalone(question: &str, before: Option<&EarlierTurn>) -> Option<String> {
    let before = before?;
    let leaning = leaning(question);
    if leaning == Leaning::None {
        return None;
    }
    let mut known: Vec<String> = runs(question).iter().map(|word| fold(word.text)).collect();
    let mut joined: Vec<&str> = Vec::new();
    let mut join = |text: &'_ str, at_most: usize, out: &mut Vec<String>| {
        let mut taken = 0;
        for word in runs(text) {
            let folded = fold(word.text);
            if taken == at_most || is_stop_word(word.text) || known.contains(&folded) {
                continue;
            }
            known.push(folded);
            out.push(word.text.to_owned());
            taken += 1;
        }
    };
    let mut out: Vec<String> = Vec::new();
    if leaning == Leaning::Subject {
        join(&before.searched, JOINED_WORDS, &mut out);
    }
    for title in before.cited_titles.iter().take(JOINED_TITLES) {
        join(title, JOINED_WORDS, &mut out);
    }
    joined.extend(out.iter().map(String::as_str));
    (!joined.is_empty()).then(|| format!("{} {}", question.trim(), joined.join(" ")))
}

/// What of a question only the turn before can complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaning {
    /// Nothing: it stands by itself.
    None,
    /// Which document is meant ("What does the contract say about pets?").
    Document,
    /// What it is about.
    Subject,
}

fn leaning(question: &str) -> Leaning {
    if characters_lean(question) {
        return Leaning::Subject;
    }
    let list: Vec<&str> = words(question).map(|word| word.text).collect();
    let folded: Vec<String> = list.iter().map(|word| fold(word)).collect();
    if let Some(document) = document_pointed_to(&folded) {
        let kept = |at: &usize| !document.contains(at) && !SAYING.contains(&folded[*at].as_str());
        let rest: Vec<usize> = (0..list.len()).filter(kept).collect();
        let rest_words: Vec<&str> = rest.iter().map(|&at| list[at]).collect();
        let rest_folded: Vec<String> = rest.iter().map(|&at| folded[at].clone()).collect();
        // "the heating" of a document that is named needs no more.
        return if leans_on_context(&rest_words, &rest_folded, false) {
            Leaning::Subject
        } else {
            Leaning::Document
        };
    }
    if leans_on_context(&list, &folded, true) {
        Leaning::Subject
    } else {
        Leaning::None
    }
}

/// True for a Chinese or Japanese question that its own words do not complete.
fn characters_lean(question: &str) -> bool {
    if !question.contains(is_written_without_spaces) {
        return false;
    }
    let told = LEANING_NOT
        .iter()
        .fold(question.to_owned(), |told, word| told.replace(*word, " "));
    let bare = told.trim_matches(|c: char| !c.is_alphanumeric());
    let asked = bare.trim_end_matches("ですか").trim_end_matches("でしょうか");
    bare.ends_with('呢')
        || LEANING_STARTS.iter().any(|start| bare.starts_with(*start))
        || LEANING_ALONE.contains(&asked)
        || LEANING_ANYWHERE.iter().any(|word| bare.contains(*word))
}

/// Where a question points to a document that was spoken of: "the document", "dieser Vertrag", "the treaty says".
fn document_pointed_to(folded: &[String]) -> Option<std::ops::Range<usize>> {
    let is = |at: usize, list: &[&str]| folded.get(at).is_some_and(|word| list.contains(&word.as_str()));
    (0..folded.len().saturating_sub(1))
        .find(|&at| {
            let said = is(at + 2, SAYING) || (at > 0 && is(at - 1, SAYING));
            let named = is(at + 2, &["of", "for", "from", "von", "fur", "zum", "zur"]);
            is(at, POINTING) && !named && (is(at + 1, PAPERS) || said)
        })
        .map(|at| at..at + 2)
}

/// True for a question that its own words do not complete: a pronoun without its noun, an ellipsis and, where `definite` counts, a
/// definite thing never named.
fn leans_on_context(list: &[&str], folded: &[String], definite: bool) -> bool {
    let content: Vec<usize> = (0..list.len()).filter(|&at| !is_stop_word(list[at])).collect();
    if content.is_empty() {
        return true;
    }
    let joined = folded.join(" ");
    if CONNECTIVES
        .iter()
        .any(|start| joined.strip_prefix(start).is_some_and(|rest| rest.starts_with(' ')))
    {
        return true;
    }
    let follows = |at: usize| folded.get(at + 1).map_or("", String::as_str);
    // "instead of yes", "other than this" say themselves what they point to.
    let points = |at: usize| POINTERS.contains(&folded[at].as_str()) && !matches!(follows(at), "of" | "than" | "als");
    if (0..folded.len()).any(points) {
        return true;
    }
    let first_name = content.iter().copied().find(|&at| at > 0 && is_name(list[at]));
    let anaphor = (0..list.len()).find(|&at| is_anaphor(folded, at));
    match (anaphor, first_name) {
        // Within one clause a name is not what a pronoun beside it stands for ("What did the Iroquois call him?"); across clauses
        // ("What did Rollo promise when he …") and before a possessive ("Which plan did Washington present to his men?") it is.
        (Some(at), Some(name)) => {
            let possessive =
                POSSESSIVES.contains(&folded[at].as_str()) || (folded[at] == "her" && at + 1 < folded.len());
            let same_clause = !folded[name.min(at)..at]
                .iter()
                .any(|word| CLAUSES.contains(&word.as_str()));
            name > at || (same_clause && !possessive)
        }
        (Some(_), None) => true,
        (None, Some(_)) => false,
        // "in the attack", "der Preis": definite, but of what?
        (None, None) => {
            definite
                && content.len() <= SHORT
                && folded
                    .iter()
                    .zip(content_flags(list))
                    .any(|(word, is_content)| !is_content && DEFINITE.contains(&word.as_str()))
        }
    }
}

fn content_flags(list: &[&str]) -> Vec<bool> {
    list.iter().map(|word| !is_stop_word(word)).collect()
}

fn is_name(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase) || is_number(word)
}

/// Pronouns that point back, where they do.
fn is_anaphor(folded: &[String], at: usize) -> bool {
    let word = folded[at].as_str();
    let previous = at.checked_sub(1).map_or("", |before| folded[before].as_str());
    match word {
        // "those of the Muslims" names them.
        "this" | "these" | "those" | "such"
            if folded
                .get(at + 1)
                .is_some_and(|next| matches!(next.as_str(), "of" | "who" | "that" | "which")) =>
        {
            false
        }
        // "is there", "was there a": no place is meant.
        "there" => !matches!(previous, "is" | "are" | "was" | "were" | "be" | "been"),
        // As a conjunction or relative pronoun it stands before a clause; as a pronoun at an end or after a preposition.
        "that" => {
            at + 1 == folded.len()
                || at == 0
                || matches!(
                    previous,
                    "of" | "in"
                        | "after"
                        | "before"
                        | "about"
                        | "for"
                        | "from"
                        | "by"
                        | "to"
                        | "does"
                        | "did"
                        | "is"
                        | "was"
                )
        }
        _ => ANAPHORS.contains(&word),
    }
}

/// Words of Chinese and Japanese with a pronoun in them that is none.
const LEANING_NOT: &[&str] = &[
    "其他",
    "其它",
    "他人",
    "吉他",
    "他社",
    "彼此",
    "それぞれ",
    "その他",
    "そのまま",
    "これまで",
    "これから",
    "どこの",
    "おそれ",
];
const LEANING_STARTS: &[&str] = &[
    "那么",
    "那麼",
    "还有",
    "還有",
    "然后",
    "然後",
    "では",
    "じゃあ",
    "それで",
    "そして",
];
/// Whole questions.
const LEANING_ALONE: &[&str] = &[
    "为什么",
    "為什麼",
    "为何",
    "為何",
    "什么时候",
    "什麼時候",
    "何时",
    "谁",
    "誰",
    "多少",
    "多少钱",
    "哪里",
    "なぜ",
    "どうして",
    "いつ",
    "いくら",
    "どこ",
];
const LEANING_ANYWHERE: &[&str] = &[
    "它", "他", "她", "这个", "這個", "那个", "那個", "这些", "這些", "那些", "上述", "それ", "これ", "その", "この",
    "彼",
];
const CONNECTIVES: &[&str] = &[
    "and",
    "but",
    "or",
    "also",
    "what about",
    "how about",
    "what else",
    "who else",
    "where else",
    "und",
    "aber",
    "oder",
    "was ist mit",
    "wie steht es mit",
];
const ANAPHORS: &[&str] = &[
    "he", "him", "his", "she", "her", "hers", "it", "its", "they", "them", "their", "theirs", "this", "these", "those",
    "then", "such", "former", "latter", "same", "else", "er", "ihn", "ihm", "sie", "ihr", "ihre", "ihrem", "ihren",
    "ihrer", "sein", "seine", "seinem", "seinen", "seiner", "dies", "diese", "dieser", "dieses", "dort", "davon",
    "dafur", "dessen", "deren",
];
const POSSESSIVES: &[&str] = &[
    "its", "their", "his", "sein", "seine", "seinem", "seinen", "seiner", "ihre", "ihrem", "ihren", "ihrer", "deren",
    "dessen",
];
/// Words that point back whatever else is named.
const POINTERS: &[&str] = &[
    "then",
    "other",
    "others",
    "another",
    "instead",
    "else",
    "damals",
    "sonst",
    "andere",
    "anderen",
    "stattdessen",
];
const CLAUSES: &[&str] = &[
    "when", "and", "if", "because", "while", "after", "before", "that", "who", "which", "where", "as", "so", "but",
    "or", "als", "und", "wenn", "weil", "wahrend", "nachdem", "bevor", "dass", "der", "die", "das", "aber", "oder",
];
/// A question of so few content words, none of them a name, names its subject only if it says so without an article.
const SHORT: usize = 4;
const DEFINITE: &[&str] = &["the", "der", "die", "das", "den", "dem", "des"];
/// What stands before a document that was spoken of.
const POINTING: &[&str] = &[
    "the", "this", "that", "der", "die", "das", "den", "dem", "im", "dieser", "diese", "dieses", "diesem", "diesen",
];
const PAPERS: &[&str] = &[
    "document",
    "file",
    "text",
    "paper",
    "article",
    "contract",
    "agreement",
    "policy",
    "report",
    "letter",
    "manual",
    "pdf",
    "dokument",
    "datei",
    "artikel",
    "vertrag",
    "bericht",
    "brief",
    "handbuch",
];
/// What documents do with what they hold.
const SAYING: &[&str] = &[
    "say", "says", "state", "states", "mention", "mentions", "sagt", "steht", "erwahnt", "schreibt",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn self_contained_questions_stay() {
        let before = EarlierTurn {
            searched: "Who led the Norse?".into(),
            cited_titles: vec![],
        };
        for question in [
            "When was Harvard University founded?",
            "What did Rollo promise when he swore fealty?",
            "What is photosynthesis?",
            "Is there a proof that integer factorization is hard?",
            "Wann wurde Kublai geboren?",
        ] {
            assert_eq!(standalone(question, Some(&before)), None, "{question}");
        }
    }

    #[test]
    fn leaning_questions_are_completed() {
        let before = EarlierTurn {
            searched: "Who led the Norse?".into(),
            cited_titles: vec!["Normans".into()],
        };
        for question in [
            "Why?",
            "And when?",
            "What about the Danes?",
            "Where did he come from?",
            "Who was their king?",
            "What was the reason?",
            "Warum?",
            "Und wann?",
            "Wer war sein Bruder?",
        ] {
            let query = standalone(question, Some(&before)).unwrap_or_default();
            assert!(
                query.starts_with(question) && query.ends_with("led Norse Normans"),
                "{question}: {query}"
            );
            assert_eq!(standalone(question, None), None);
        }
    }

    #[test]
    fn a_question_to_the_document_takes_its_title_alone() {
        let before = EarlierTurn {
            searched: "Who led the Norse?".into(),
            cited_titles: vec!["Normans".into()],
        };
        for question in [
            "What does the document say about heating?",
            "What does the treaty say about the right to fish?",
            "Does this contract mention pets?",
            "Was steht im Vertrag über Haustiere?",
            "Was sagt der Bericht über die Heizung?",
        ] {
            let query = standalone(question, Some(&before)).unwrap_or_default();
            assert_eq!(query, format!("{question} Normans"));
        }
        for question in ["What does the document say?", "What does the document say about him?"] {
            let query = standalone(question, Some(&before)).unwrap_or_default();
            assert!(query.ends_with("led Norse Normans"), "{question}: {query}");
        }
        let untitled = EarlierTurn {
            cited_titles: vec![],
            ..before
        };
        let question = "What does the document say about heating?";
        assert_eq!(standalone(question, Some(&untitled)), None, "nothing to join");
    }

    #[test]
    fn questions_without_spaces_are_completed_by_whole_words() {
        let before = EarlierTurn {
            searched: "合同什么时候到期？".into(),
            cited_titles: vec!["租赁合同".into()],
        };
        for question in ["为什么？", "它可以延长吗？", "那押金呢？", "那么租金是多少？"] {
            let query = standalone(question, Some(&before));
            assert_eq!(
                query,
                Some(format!("{question} 合同什么时候到期 租赁合同")),
                "{question}"
            );
        }
        let before = EarlierTurn {
            searched: "契約はいつ終わりますか？".into(),
            cited_titles: vec![],
        };
        for question in ["なぜですか？", "それは延長できますか？"] {
            let query = standalone(question, Some(&before));
            assert_eq!(query, Some(format!("{question} 契約はいつ終わりますか")), "{question}");
        }
        for question in [
            "租金是多少？",
            "其他房间的租金是多少？",
            "家賃はいくらですか？",
            "その他の費用は何ですか？",
            "どこの銀行に払いますか？",
        ] {
            assert_eq!(standalone(question, Some(&before)), None, "{question}");
        }
    }

    /// Sixty pairs of questions written for squad-a: each second one leans on the first, and written out it stands by itself.
    #[test]
    fn sixty_follow_ups_are_told_from_their_written_out_form() {
        let pairs = include_str!("../../../../tests/fixtures/followups-squad-a.jsonl");
        let field = |line: &'static str, name: &str| {
            let value = line.split_once(&format!("\"{name}\": \"")).expect("the field").1;
            value.split('"').next().expect("its value")
        };
        assert_eq!(pairs.lines().count(), 60);
        let (mut missed, mut taken) = (Vec::new(), Vec::new());
        for line in pairs.lines() {
            let before = EarlierTurn {
                searched: field(line, "first").to_owned(),
                cited_titles: vec![],
            };
            if standalone(field(line, "follow_up"), Some(&before)).is_none() {
                missed.push(field(line, "follow_up"));
            }
            if standalone(field(line, "written_out"), Some(&before)).is_some() {
                taken.push(field(line, "written_out"));
            }
        }
        // Left: short questions with a name of their own, which a person may as well ask out of nothing.
        assert!(missed.len() <= 5, "{missed:#?}");
        // What joins a question that stands by itself costs little: it is on the same subject or drowned by its own words.
        assert!(taken.len() <= 6, "{taken:#?}");
    }
}
