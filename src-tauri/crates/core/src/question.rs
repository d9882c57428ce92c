//! What a question asks for, read from its words alone: the keyword query, whether it leans on the turn before, whether it wants
//! everything rather than the best passage.
//!
//! A follow-up is completed by rule ([`standalone`]): the last question's content words and the titles it was answered from join
//! the search; what the person typed stays what the model is asked. The rule costs microseconds, so that no model is needed for
//! the common case (peers that embed the raw last message find nothing: anything-llm#4033, #4246).

pub mod written_out;

use crate::words::{Language, fold, is_number, is_stop_word, is_written_without_spaces, words};
use serde::{Deserialize, Serialize};

/// What a term is, which decides how far an exact match is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TermKind {
    /// An ordinary word.
    Word,
    /// A stop word: searched only if nothing else remains.
    Stop,
    /// A number such as `1066`, `3.5 %` or `10th`.
    Number,
    /// A code such as `ISO-9001`, `x15` or `AB/123`.
    Code,
}

/// One word of a keyword query, as typed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Term {
    /// As typed, without surrounding punctuation.
    pub text: String,
    /// What it is.
    pub kind: TermKind,
}

/// Words that must stand next to each other, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Phrase {
    /// As typed; the index cuts it into words by its own rules.
    pub text: String,
    /// Typed in quotes: passages without it come only after all that have it. Otherwise it is a code of several words.
    pub quoted: bool,
}

/// What the keyword index is asked. The words of a phrase are among the terms too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeywordQuery {
    /// In order of the question, each once.
    pub terms: Vec<Term>,
    /// In order of the question.
    pub phrases: Vec<Phrase>,
}

impl KeywordQuery {
    /// Reads a question as typed.
    ///
    /// ```
    /// use docmind_core::question::{KeywordQuery, TermKind};
    /// let query = KeywordQuery::parse(r#"What does ISO-9001 say about "quality records"?"#);
    /// assert!(query.is_exact());
    /// assert_eq!(query.phrases[0].text, "ISO-9001");
    /// assert!(query.phrases[1].quoted);
    /// assert_eq!(query.terms.iter().filter(|term| term.kind == TermKind::Stop).count(), 4);
    /// ```
    pub fn parse(question: &str) -> Self {
        let mut query = Self::default();
        let tokens: Vec<&str> = question
            .split_whitespace()
            .map(|token| token.trim_matches(|c: char| !c.is_alphanumeric()))
            .filter(|token| !token.is_empty())
            .collect();
        let folded: Vec<String> = tokens.iter().map(|token| fold(token)).collect();
        for (at, token) in tokens.into_iter().enumerate() {
            let framing = is_framing(&folded, at);
            // `2024年の予算` is a sentence, no code.
            let code = is_code(token) && !token.contains(is_written_without_spaces);
            let mut parts = 0;
            for word in runs(token) {
                parts += 1;
                let kind = if code {
                    TermKind::Code
                } else if word.chars().next().is_some_and(char::is_numeric) {
                    TermKind::Number
                } else if framing || is_stop_word(word) {
                    TermKind::Stop
                } else {
                    TermKind::Word
                };
                let term = Term {
                    text: word.to_owned(),
                    kind,
                };
                if !query.terms.iter().any(|known| fold(&known.text) == fold(&term.text)) {
                    query.terms.push(term);
                }
            }
            if code && parts > 1 {
                query.phrases.push(Phrase {
                    text: token.to_owned(),
                    quoted: false,
                });
            }
        }
        for text in quoted(question) {
            if words(text).nth(1).is_some() {
                query.phrases.push(Phrase {
                    text: text.to_owned(),
                    quoted: true,
                });
            }
        }
        query
    }

    /// True when an exact match says more than nearness of meaning: a quoted phrase, a code or a number is asked for.
    pub fn is_exact(&self) -> bool {
        !self.phrases.is_empty()
            || self
                .terms
                .iter()
                .any(|term| matches!(term.kind, TermKind::Number | TermKind::Code))
    }

    /// True when the index has nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The terms that carry the question: all but stop words, or all when nothing else remains.
    pub fn content(&self) -> impl Iterator<Item = &Term> {
        let only_stops = self.terms.iter().all(|term| term.kind == TermKind::Stop);
        self.terms
            .iter()
            .filter(move |term| only_stops || term.kind != TermKind::Stop)
    }
}

/// True for words that frame a question without being its subject: "what do my documents say about …", "was steht in meinen Unterlagen
/// über …".
fn is_framing(folded: &[String], at: usize) -> bool {
    const SAYING: &[&str] = &[
        "say",
        "says",
        "said",
        "mentioned",
        "written",
        "known",
        "anything",
        "something",
        "information",
        "sagt",
        "gesagt",
        "steht",
        "geschrieben",
        "bekannt",
        "etwas",
    ];
    const OWN: &[&str] = &[
        "my", "our", "your", "meine", "meinen", "meiner", "unsere", "unseren", "unserer",
    ];
    const PAPERS: &[&str] = &[
        "documents",
        "files",
        "notes",
        "papers",
        "library",
        "dokumente",
        "dokumenten",
        "dateien",
        "notizen",
        "unterlagen",
    ];
    let word = folded[at].as_str();
    let before = at.checked_sub(1).map_or("", |before| folded[before].as_str());
    let after = folded.get(at + 1).map_or("", String::as_str);
    (SAYING.contains(&word) && matches!(after, "about" | "uber"))
        || (PAPERS.contains(&word) && OWN.contains(&before))
        || (OWN.contains(&word) && PAPERS.contains(&after))
}

/// The words of a token; characters of a script without spaces stay together as they were typed: the index decides what to look
/// for in such a run.
fn runs(token: &str) -> Vec<&str> {
    let mut out: Vec<(usize, &str)> = Vec::new();
    for word in words(token) {
        if let Some((start, run)) = out.last_mut()
            && *start + run.len() == word.at
            && run.ends_with(is_written_without_spaces)
            && word.text.starts_with(is_written_without_spaces)
        {
            *run = &token[*start..word.end()];
        } else {
            out.push((word.at, word.text));
        }
    }
    out.into_iter().map(|(_, run)| run).collect()
}

/// Letters and digits in one token, or digits joined by something that numbers and dates of prose are not joined by.
fn is_code(token: &str) -> bool {
    let digits = token.chars().filter(char::is_ascii_digit).count();
    if digits == 0 || is_ordinal(token) {
        return false;
    }
    let letters = token.chars().any(char::is_alphabetic);
    let joined = token.chars().any(|c| matches!(c, '-' | '_' | '/' | '#' | ':' | '.'));
    if letters {
        return true;
    }
    // 1939-1945 and 24/7 read as prose; 978-3-16-148410-0 and 10.0.0.1 do not.
    joined
        && token
            .chars()
            .filter(|c| matches!(c, '-' | '_' | '/' | '#' | ':' | '.'))
            .count()
            > 1
}

/// `10th`, `1990s`, `21.`: numbers in the dress of a word.
fn is_ordinal(token: &str) -> bool {
    let rest = token.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < token.len()
        && matches!(
            rest.to_ascii_lowercase().as_str(),
            "st" | "nd" | "rd" | "th" | "s" | "'s" | "’s" | "er" | "ers"
        )
}

/// What stands between quotation marks of any style.
fn quoted(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut open: Option<(usize, &[char])> = None;
    for (at, c) in text.char_indices() {
        match open {
            Some((start, closers)) if closers.contains(&c) => {
                found.push(&text[start..at]);
                open = None;
            }
            Some(_) => {}
            None => {
                let closers: &[char] = match c {
                    '"' => &['"'],
                    '“' => &['”', '“'],
                    '„' => &['“', '”'],
                    '«' => &['»'],
                    '»' => &['«'],
                    _ => continue,
                };
                open = Some((at + c.len_utf8(), closers));
            }
        }
    }
    found
}

/// True for questions that a handful of passages cannot answer in full ("list all …", "how many documents …"): the answer then
/// says how much of the library it rests on (anything-llm#4275, lmstudio-bug-tracker#789).
///
/// ```
/// use docmind_core::question::wants_everything;
/// assert!(wants_everything("List all invoices over 100 euros"));
/// assert!(wants_everything("Wie viele Verträge laufen 2027 aus?"));
/// assert!(!wants_everything("Who signed the treaty?"));
/// ```
pub fn wants_everything(question: &str) -> bool {
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
        "which documents",
        "in which documents",
        "which files",
        "liste",
        "zahle",
        "nenne alle",
        "wie viele",
        "wieviele",
        "zeige alle",
        "zeig mir alle",
        "welche dokumente",
        "in welchen dokumenten",
        "finde alle",
    ];
    let folded = words(question)
        .map(|word| fold(word.text))
        .collect::<Vec<_>>()
        .join(" ");
    STARTS.iter().any(|start| {
        folded
            .strip_prefix(start)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    }) || folded.contains("every single ")
        || folded.contains("all of the ")
        || folded.contains("complete list")
}

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
/// ```
pub fn standalone(question: &str, before: Option<&EarlierTurn>) -> Option<String> {
    let before = before?;
    if !leans_on_context(question) {
        return None;
    }
    let mut known: Vec<String> = words(question).map(|word| fold(word.text)).collect();
    let mut joined: Vec<&str> = Vec::new();
    let mut join = |text: &'_ str, at_most: usize, out: &mut Vec<String>| {
        let mut taken = 0;
        for word in words(text) {
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
    join(&before.searched, JOINED_WORDS, &mut out);
    for title in before.cited_titles.iter().take(JOINED_TITLES) {
        join(title, JOINED_WORDS, &mut out);
    }
    joined.extend(out.iter().map(String::as_str));
    (!joined.is_empty()).then(|| format!("{} {}", question.trim(), joined.join(" ")))
}

/// True for a question that its own words do not complete: a pronoun without its noun, an ellipsis, a definite thing never named.
fn leans_on_context(question: &str) -> bool {
    let list: Vec<&str> = words(question).map(|word| word.text).collect();
    let folded: Vec<String> = list.iter().map(|word| fold(word)).collect();
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
    let anaphor = (0..list.len()).find(|&at| is_anaphor(&folded, at));
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
            content.len() <= SHORT
                && folded
                    .iter()
                    .zip(content_flags(&list))
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

/// The language a question is asked in, in which instructions and fixed phrases follow.
pub fn language(question: &str) -> Language {
    Language::of(question)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kinds(question: &str) -> Vec<(String, TermKind)> {
        KeywordQuery::parse(question)
            .terms
            .into_iter()
            .map(|term| (term.text, term.kind))
            .collect()
    }

    #[test]
    fn terms_are_told_apart() {
        use TermKind::{Code, Number, Stop, Word};
        let expected = [
            ("Which", Stop),
            ("invoice", Word),
            ("INV", Code),
            ("2024", Code),
            ("17", Code),
            ("of", Stop),
            ("2025", Number),
        ];
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(text, kind)| (text.to_owned(), kind))
            .collect();
        assert_eq!(kinds("Which invoice INV-2024/17 of 2025?"), expected);
        assert_eq!(KeywordQuery::parse("in the 10th century").phrases, []);
        assert!(KeywordQuery::parse("in the 10th century").is_exact());
        assert!(!KeywordQuery::parse("Who led the Norse?").is_exact());
    }

    #[test]
    fn scripts_without_spaces_stay_together() {
        use TermKind::{Number, Word};
        assert_eq!(kinds("図書館"), [("図書館".to_owned(), Word)]);
        let expected = [
            ("2024", Number),
            ("年的预算", Word),
            ("图书馆", Word),
            ("Tower", Word),
            ("ประเทศไทย", Word),
        ];
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(text, kind)| (text.to_owned(), kind))
            .collect();
        assert_eq!(kinds("2024年的预算，图书馆Tower ประเทศไทย"), expected);
        assert!(KeywordQuery::parse("2024年的预算").phrases.is_empty());
    }

    #[test]
    fn what_frames_a_question_is_not_searched() {
        let content = |question: &str| -> Vec<String> {
            KeywordQuery::parse(question)
                .content()
                .map(|term| term.text.clone())
                .collect()
        };
        assert_eq!(content("What is said about Bohemond?"), ["Bohemond"]);
        assert_eq!(content("Is there anything about parking in my documents?"), ["parking"]);
        assert_eq!(
            content("Was ist in meinen Unterlagen über Haustiere bekannt?"),
            ["Haustiere", "bekannt"]
        );
        assert_eq!(
            content("Which documents are needed, and who said it?"),
            ["documents", "needed", "said"]
        );
    }

    #[test]
    fn quotes_of_every_style() {
        for text in [
            "say \"two words\" here",
            "say “two words” here",
            "sag „two words“ hier",
            "dis «two words» ici",
        ] {
            assert_eq!(
                KeywordQuery::parse(text).phrases,
                [Phrase {
                    text: "two words".into(),
                    quoted: true
                }],
                "{text}"
            );
        }
        assert_eq!(KeywordQuery::parse("an \"open quote").phrases, []);
    }

    #[test]
    fn stop_words_remain_when_alone() {
        let query = KeywordQuery::parse("to be or not to be");
        assert_eq!(query.content().count(), 4);
    }

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

    proptest! {
        #[test]
        fn parsing_never_fails_and_keeps_every_term(text in "\\PC{0,80}") {
            let query = KeywordQuery::parse(&text);
            for term in &query.terms {
                prop_assert!(text.contains(&term.text));
            }
            for phrase in &query.phrases {
                prop_assert!(text.contains(&phrase.text));
            }
        }
    }
}
