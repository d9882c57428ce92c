//! The keyword query of a question: its words, each with what it is, and the words that must stand together.

use crate::words::codes::{codes, has_parts, is_code, spaced_numbers, tokens};
use crate::words::{Word, fold, is_stop_word, is_written_without_spaces, signed_name, words};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

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
    /// As typed, without surrounding punctuation but for the signs of a name (`C#`).
    pub text: String,
    /// What it is.
    pub kind: TermKind,
}

/// Words that must stand next to each other, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Phrase {
    /// As typed; the index cuts it into words by its own rules.
    pub text: String,
    /// Typed in quotes: passages without it come only after all that have it. Otherwise it is a code or number of several words.
    pub quoted: bool,
}

/// What the keyword index is asked. The words of a phrase are among the terms too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeywordQuery {
    /// In order of the question, each once.
    pub terms: Vec<Term>,
    /// Codes and numbers, then what was quoted.
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
        let tokens: Vec<Word<'_>> = tokens(question).collect();
        let folded: Vec<String> = tokens.iter().map(|token| fold(token.text)).collect();
        let mut known: HashSet<String> = HashSet::new();
        for (at, token) in tokens.into_iter().enumerate() {
            let framing = is_framing(&folded, at);
            let code = is_code(token.text);
            for word in runs(token.text) {
                let start = token.at + word.at;
                let signed = signed_name(question, start..start + word.text.len());
                let kind = if code {
                    TermKind::Code
                } else if word.text.chars().next().is_some_and(char::is_numeric) {
                    TermKind::Number
                } else if framing || is_stop_word(word.text) {
                    TermKind::Stop
                } else {
                    TermKind::Word
                };
                let term = Term {
                    text: signed.map_or(word.text, |(range, _)| &question[range]).to_owned(),
                    kind,
                };
                if known.insert(fold(&term.text)) {
                    query.terms.push(term);
                }
            }
            if code && has_parts(token.text) {
                query.join(token.text);
            }
        }
        for code in codes(question) {
            query.join(code.text);
        }
        for number in spaced_numbers(question) {
            query.join(number);
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

    fn join(&mut self, code: &str) {
        let phrase = Phrase {
            text: code.to_owned(),
            quoted: false,
        };
        if !self.phrases.contains(&phrase) {
            self.phrases.push(phrase);
        }
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
    // "Summarize the rules on pets", "an overview of the heating": what is summed up is the subject.
    const SUMMING_UP: &[&str] = &["summarize", "summarise", "fasse"];
    const SUMMARIES: &[&str] = &["summary", "overview", "zusammenfassung", "uberblick"];
    const OF: &[&str] = &[
        "of", "on", "over", "von", "vom", "des", "der", "zu", "zum", "zur", "uber",
    ];
    let word = folded[at].as_str();
    let before = at.checked_sub(1).map_or("", |before| folded[before].as_str());
    let after = folded.get(at + 1).map_or("", String::as_str);
    (SAYING.contains(&word) && matches!(after, "about" | "uber"))
        || SUMMING_UP.contains(&word)
        || (word == "zusammen" && folded.iter().any(|word| word == "fasse"))
        || (SUMMARIES.contains(&word) && OF.contains(&after))
        || (PAPERS.contains(&word) && OWN.contains(&before))
        || (OWN.contains(&word) && PAPERS.contains(&after))
}

/// The words of a token; characters of a script without spaces stay together as they were typed: the index decides what to look
/// for in such a run.
pub(super) fn runs(token: &str) -> Vec<Word<'_>> {
    let mut out: Vec<Word<'_>> = Vec::new();
    for word in words(token) {
        if let Some(run) = out.last_mut()
            && run.end() == word.at
            && run.text.ends_with(is_written_without_spaces)
            && word.text.starts_with(is_written_without_spaces)
        {
            run.text = &token[run.at..word.end()];
        } else {
            out.push(word);
        }
    }
    out
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
    fn codes_and_numbers_in_groups_stand_together() {
        let joined = |question: &str| -> Vec<String> {
            let phrases = KeywordQuery::parse(question).phrases.into_iter();
            phrases.map(|phrase| phrase.text).collect()
        };
        assert_eq!(
            joined("Whose is DE89 3704 0044 0532 0130 00?"),
            ["DE89 3704 0044 0532 0130 00"]
        );
        assert_eq!(joined("Wer zahlte 1 234,56 am 30.11.2024?"), ["30.11.2024", "1 234,56"]);
        assert_eq!(joined("Tel. 030 1234 567"), ["030 1234 567"]);
        assert_eq!(joined("12 of 20 in 1066, 3.5 %"), Vec::<String>::new());
    }

    #[test]
    fn names_keep_their_signs() {
        use TermKind::{Stop, Word};
        let expected = [("Is", Stop), ("C#", Word), ("C++", Word), (".NET", Word), ("C", Word)];
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(text, kind)| (text.to_owned(), kind))
            .collect();
        assert_eq!(kinds("Is (C#)/C++ .NET, C?"), expected);
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
        assert_eq!(content("Summarize the rules on pets"), ["rules", "pets"]);
        assert_eq!(content("Fasse die Hausordnung zusammen"), ["Hausordnung"]);
        assert_eq!(content("A summary of the lease"), ["lease"]);
        assert_eq!(content("project overview"), ["project", "overview"]);
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

    /// Each word was folded once more for every word before it: minutes for a pasted report.
    #[test]
    fn a_pasted_text_is_read_once() {
        let pasted: String = (0..40_000).map(|n| format!("word{n}, Word{n}, ")).collect();
        assert_eq!(KeywordQuery::parse(&pasted).terms.len(), 40_000);
    }

    #[test]
    fn stop_words_remain_when_alone() {
        let query = KeywordQuery::parse("to be or not to be");
        assert_eq!(query.content().count(), 4);
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
