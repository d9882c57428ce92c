//! Statements whose truth is known: made from labelled questions, then spoiled in one place each.

use docmind_core::sentences::sentences;
use docmind_core::words::{fold, is_stop_word, words};

/// The first sentence of a text that holds one of the answers.
pub(super) fn answering_sentence<'t>(text: &'t str, answers: &[String]) -> Option<&'t str> {
    let answers: Vec<String> = answers
        .iter()
        .map(|answer| squeezed(answer))
        .filter(|answer| !answer.is_empty())
        .collect();
    sentences(text).into_iter().map(|range| &text[range]).find(|sentence| {
        let sentence = squeezed(sentence);
        answers.iter().any(|answer| sentence.contains(answer))
    })
}

/// Lower case, single spaces: how answers are looked for.
pub(super) fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// A question with its answer in the place of its question word, where its grammar allows: "Who ruled the duchy?" and "Richard"
/// make "Richard ruled the duchy." A statement in other words than the document's.
pub(super) fn declarative(question: &str, answer: &str) -> Option<String> {
    const AUXILIARIES: &[&str] = &[
        "did", "do", "does", "has", "have", "had", "can", "could", "will", "would", "may", "might", "should",
    ];
    let body = question.trim().trim_end_matches('?').trim();
    let mut parts = body.splitn(3, ' ');
    let (first, second, rest) = (parts.next()?.to_lowercase(), parts.next()?, parts.next()?);
    if !matches!(first.as_str(), "who" | "what") || AUXILIARIES.contains(&second.to_lowercase().as_str()) {
        return None;
    }
    // "What treaty was …": the noun after the question word would be lost.
    let verb = matches!(second, "is" | "are" | "was" | "were")
        || second.ends_with("ed")
        || (first == "who" && second.ends_with('s'));
    (verb && !answer.is_empty()).then(|| {
        let mut answer: Vec<char> = answer.trim().chars().collect();
        if let Some(letter) = answer.first_mut() {
            *letter = letter.to_uppercase().next().unwrap_or(*letter);
        }
        format!("{} {second} {rest}.", answer.into_iter().collect::<String>())
    })
}

/// The first number that is written in digits, changed.
pub(super) fn with_other_number(sentence: &str) -> Option<String> {
    let word = words(sentence)
        .find(|word| word.text.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.')) && word.text.len() < 10)?;
    let at = word.text.rfind(|c: char| c.is_ascii_digit())?;
    let digit = word.text.as_bytes()[at] - b'0';
    let changed = format!("{}{}{}", &word.text[..at], (digit + 3) % 10, &word.text[at + 1..]);
    Some(format!("{}{changed}{}", &sentence[..word.at], &sentence[word.end()..]))
}

/// Runs of capitalised words that do not begin a sentence.
pub(super) fn names(text: &str) -> Vec<String> {
    sentences(text)
        .into_iter()
        .flat_map(|range| {
            name_ranges(&text[range.clone()])
                .into_iter()
                .map(move |name| text[range.start + name.start..range.start + name.end].to_owned())
        })
        .collect()
}

fn name_ranges(sentence: &str) -> Vec<std::ops::Range<usize>> {
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    for word in words(sentence).skip(1) {
        let name = word.text.chars().next().is_some_and(char::is_uppercase)
            && !is_stop_word(word.text)
            && word.text.chars().count() > 2;
        if !name {
            continue;
        }
        match found.last_mut() {
            Some(last) if sentence[last.end..word.at] == *" " => last.end = word.end(),
            _ => found.push(word.at..word.end()),
        }
    }
    found
}

/// The first name, exchanged for another: the first of `others` from place `seed` on that shares no word with the sentence.
pub(super) fn with_other_name(sentence: &str, others: &[String], seed: usize) -> Option<String> {
    let range = name_ranges(sentence).into_iter().next()?;
    let own: Vec<String> = words(sentence).map(|word| fold(word.text)).collect();
    let other = (0..others.len())
        .map(|step| &others[(seed + step) % others.len()])
        .find(|name| words(name).all(|word| !own.contains(&fold(word.text))))?;
    Some(format!("{}{other}{}", &sentence[..range.start], &sentence[range.end..]))
}

/// The sentence denied: a `not` taken out, or put behind its first auxiliary.
pub(super) fn negated(sentence: &str) -> Option<String> {
    const AUXILIARIES: &[&str] = &[
        "is", "was", "were", "are", "has", "had", "have", "did", "does", "do", "can", "could", "will", "would", "may",
        "might", "must", "should",
    ];
    for negation in [" not ", " never "] {
        if let Some(at) = sentence.find(negation) {
            return Some(format!("{} {}", &sentence[..at], &sentence[at + negation.len()..]));
        }
    }
    let word = words(sentence).find(|word| AUXILIARIES.contains(&word.text))?;
    Some(format!("{} not{}", &sentence[..word.end()], &sentence[word.end()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_found_and_made() {
        let text = "It was old. The duchy was founded in 911 by Rollo of Norway.";
        assert_eq!(
            answering_sentence(text, &["911".to_owned()]),
            Some("The duchy was founded in 911 by Rollo of Norway.")
        );
        assert_eq!(answering_sentence(text, &["912".to_owned()]), None);
        assert_eq!(
            declarative("Who ruled the duchy?", "Richard I").as_deref(),
            Some("Richard I ruled the duchy.")
        );
        assert_eq!(declarative("Who did Emma marry?", "Ethelred"), None);
        assert_eq!(declarative("What treaty was signed?", "Deabolis"), None);
    }

    #[test]
    fn each_change_changes_one_thing() {
        let sentence = "The duchy was founded in 911 by Rollo of Norway.";
        assert_eq!(
            with_other_number(sentence).as_deref(),
            Some("The duchy was founded in 914 by Rollo of Norway.")
        );
        let others = ["Rollo".to_owned(), "Kublai Khan".to_owned()];
        assert_eq!(
            with_other_name(sentence, &others, 0).as_deref(),
            Some("The duchy was founded in 911 by Kublai Khan of Norway.")
        );
        assert_eq!(
            negated(sentence).as_deref(),
            Some("The duchy was not founded in 911 by Rollo of Norway.")
        );
        assert_eq!(negated("It was not old.").as_deref(), Some("It was old."));
        assert_eq!(
            names("In France. The king of New France left."),
            ["France", "New France"]
        );
    }
}
