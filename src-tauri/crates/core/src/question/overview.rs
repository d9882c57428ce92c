//! Questions about a document as a whole ("Summarize this document", "Worum geht es?"): no passage is like them, so that they are
//! answered by reading through it.

use super::PAPERS;
use crate::words::{fold, is_stop_word, is_written_without_spaces, words};

/// Asks for a summary, wherever it stands.
const SUMMARY: &[&str] = &[
    "summarize",
    "summarise",
    "summary",
    "overview",
    "outline",
    "gist",
    "tldr",
    "takeaways",
    "fasse",
    "fass",
    "zusammenfassen",
    "zusammenfassung",
    "uberblick",
    "kernaussagen",
    "hauptpunkte",
];
/// Beginnings of questions that ask the same, and how they end; an empty end is any.
const FORMS: &[(&str, &str)] = &[
    ("what", " about"),
    ("what are the main", " points"),
    ("what are the key", " points"),
    ("worum geht", ""),
    ("um was geht", ""),
    ("wovon handelt", ""),
    ("was sind die wichtigsten", " punkte"),
];
/// What may stand beside the document itself: courtesy, length.
const BESIDE: &[&str] = &[
    "worum",
    "wovon",
    "hier",
    "here",
    "documents",
    "book",
    "content",
    "contents",
    "please",
    "give",
    "write",
    "show",
    "short",
    "briefly",
    "quick",
    "main",
    "key",
    "important",
    "points",
    "entire",
    "whole",
    "sentence",
    "sentences",
    "words",
    "sum",
    "deal",
    "dokuments",
    "dokumente",
    "vertrags",
    "buch",
    "inhalt",
    "inhalts",
    "bitte",
    "gib",
    "schreibe",
    "kurz",
    "kurze",
    "kurzen",
    "knapp",
    "wichtigsten",
    "punkte",
    "zusammen",
    "ganze",
    "ganzen",
    "geht",
    "handelt",
    "satzen",
    "satze",
    "worten",
];

/// What a question wants summed up, folded: nothing where it names no more than "the document". `None` for other questions. Whether the
/// words are a document's title or a subject within one is for whoever knows the titles.
///
/// ```
/// use docmind_core::question::overview_of;
/// assert_eq!(overview_of("Summarize this document in three sentences, please."), Some(vec![]));
/// assert_eq!(overview_of("Worum geht es in diesem Vertrag?"), Some(vec![]));
/// assert_eq!(overview_of("Summarize the travel policy, please"), Some(vec!["travel".to_owned()]));
/// assert_eq!(overview_of("Summarize the rules on pets"), Some(vec!["rules".to_owned(), "pets".to_owned()]));
/// assert_eq!(overview_of("What is photosynthesis about?"), Some(vec!["photosynthesis".to_owned()]));
/// assert_eq!(overview_of("How long is the travel?"), None);
/// ```
pub fn overview_of(question: &str) -> Option<Vec<String>> {
    if asks_in_characters(question) {
        return Some(Vec::new());
    }
    let folded: Vec<String> = words(question).map(|word| fold(word.text)).collect();
    let joined = folded.join(" ");
    let asked = folded.iter().any(|word| SUMMARY.contains(&word.as_str()))
        || FORMS
            .iter()
            .any(|(start, end)| joined.starts_with(start) && joined.ends_with(end));
    let subject = |word: &str, folded: &String| {
        let known = |list: &[&str]| list.contains(&folded.as_str());
        !(is_stop_word(word)
            || known(SUMMARY)
            || known(PAPERS)
            || known(BESIDE)
            || known(COUNTS)
            || folded.chars().all(char::is_numeric))
    };
    asked.then(|| {
        words(question)
            .zip(&folded)
            .filter(|(word, folded)| subject(word.text, folded))
            .map(|(_, folded)| folded.clone())
            .collect()
    })
}

/// True for a Chinese or Japanese question that asks for a summary and names no more than "the document".
fn asks_in_characters(question: &str) -> bool {
    if !question.contains(is_written_without_spaces) || !IN_CHARACTERS.iter().any(|word| question.contains(*word)) {
        return false;
    }
    let rest = IN_CHARACTERS
        .iter()
        .chain(BESIDE_IN_CHARACTERS)
        .fold(question.to_owned(), |rest, word| rest.replace(*word, ""));
    !rest.contains(char::is_alphanumeric)
}

const IN_CHARACTERS: &[&str] = &["总结", "總結", "概述", "概括", "摘要", "要点", "要約", "概要", "まとめ"];
/// The longer before the shorter.
const BESIDE_IN_CHARACTERS: &[&str] = &[
    "ドキュメント",
    "してください",
    "して下さい",
    "てください",
    "ファイル",
    "ください",
    "契約書",
    "教えて",
    "簡単に",
    "文書",
    "書類",
    "資料",
    "内容",
    "全体",
    "この",
    "その",
    "して",
    "一下",
    "帮我",
    "幫我",
    "给我",
    "給我",
    "这份",
    "這份",
    "这个",
    "這個",
    "这篇",
    "這篇",
    "文件",
    "文档",
    "文檔",
    "合同",
    "报告",
    "報告",
    "文章",
    "主要",
    "全文",
    "本文",
    "简短",
    "簡短",
    "请",
    "請",
    "该",
    "該",
    "的",
    "地",
    "を",
    "の",
    "は",
    "て",
];
const COUNTS: &[&str] = &[
    "one", "two", "three", "four", "five", "ten", "ein", "einem", "zwei", "drei", "vier", "funf", "zehn",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn wants_overview(question: &str) -> bool {
        overview_of(question).is_some_and(|subject| subject.is_empty())
    }

    #[test]
    fn overviews_are_told_from_questions() {
        for question in [
            "Summarize this document.",
            "Please give me a short summary of the contract",
            "What is this about?",
            "What's this document about?",
            "What are the main points?",
            "tldr?",
            "Fasse den Vertrag zusammen.",
            "Fasse das Dokument in drei Sätzen zusammen.",
            "Gib mir einen Überblick",
            "Worum geht es hier?",
            "Wovon handelt der Bericht?",
            "Was sind die wichtigsten Punkte?",
            "请总结这份合同。",
            "この文書を要約してください。",
        ] {
            assert!(wants_overview(question), "{question}");
        }
        for question in [
            "Summarize chapter 3",
            "What does the contract say about pets?",
            "What is the notice period?",
            "Give me an overview of the heating system",
            "Worum geht es in Paragraph 4?",
            "What was the war about?",
            "Fasse die Regeln zur Haustierhaltung zusammen",
            "总结押金的规定。",
            "ペットの規則を要約してください。",
        ] {
            assert!(!wants_overview(question), "{question}");
        }
    }
}
