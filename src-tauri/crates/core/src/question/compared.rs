//! Questions that compare two documents ("Compare the lease with the travel policy"): the passages nearest to the question may all be of
//! one of them, so that each is searched for itself.

use super::PAPERS;
use crate::words::{fold, is_stop_word, words};

/// What stands between the two, by what asks for a comparison.
const FORMS: &[(&str, &[&str])] = &[
    ("compare", &["with", "to", "and", "against", "versus", "vs"]),
    ("contrast", &["with", "to", "and", "against", "versus", "vs"]),
    ("between", &["and"]),
    ("vergleiche", &["mit", "und"]),
    ("vergleich", &["mit", "und"]),
    ("zwischen", &["und"]),
];
/// Of "between" and "zwischen" alone dates and people are told apart too.
const DIFFERENCES: &[&str] = &[
    "difference",
    "differences",
    "differ",
    "comparison",
    "unterschied",
    "unterschiede",
    "unterscheiden",
    "vergleich",
];
/// What they are compared on comes after it.
const ON: &[&str] = &[
    "on",
    "in",
    "regarding",
    "concerning",
    "about",
    "when",
    "for",
    "hinsichtlich",
    "bezuglich",
    "uber",
    "bei",
    "beim",
];

/// What two things a question compares, in words (folded) that may be titles; `None` for other questions. Whether documents are called
/// so is for whoever knows the titles.
///
/// ```
/// use docmind_core::question::compared;
/// let both = Some([vec!["lease".to_owned()], vec!["travel".to_owned()]]);
/// assert_eq!(compared("Compare the lease agreement with the travel policy, please"), both);
/// assert_eq!(compared("What is the difference between the lease and the travel policy regarding pets?"), both);
/// assert_eq!(compared("What happened between May and June?"), None);
/// ```
pub fn compared(question: &str) -> Option<[Vec<String>; 2]> {
    let folded: Vec<String> = words(question)
        .flat_map(|word| word.text.split('.'))
        .map(fold)
        .collect();
    let differ = folded.iter().any(|word| DIFFERENCES.contains(&word.as_str()));
    let (at, joints) = folded.iter().enumerate().find_map(|(at, word)| {
        let (name, joints) = FORMS.iter().find(|(name, _)| name == word)?;
        (differ || !matches!(*name, "between" | "zwischen")).then_some((at, *joints))
    })?;
    let rest = &folded[at + 1..];
    let joint = rest.iter().position(|word| joints.contains(&word.as_str()))?;
    let (first, second) = (&rest[..joint], &rest[joint + 1..]);
    let end = second.iter().position(|word| ON.contains(&word.as_str()));
    let subject = |part: &[String]| -> Vec<String> {
        let names = |word: &&String| !(is_stop_word(word) || PAPERS.contains(&word.as_str()));
        part.iter().filter(names).cloned().collect()
    };
    let both = [subject(first), subject(&second[..end.unwrap_or(second.len())])];
    both.iter().all(|subject| !subject.is_empty()).then_some(both)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_are_told_from_other_questions() {
        let both = |first: &str, second: &str| Some([first, second].map(|name| vec![name.to_owned()]));
        for question in [
            "Compare lease.pdf and travel.pdf",
            "compare the lease to the travel policy on cancellation",
            "How does the lease differ? Compare Lease versus Travel",
            "Vergleiche den Lease mit der Travel hinsichtlich der Fristen",
            "Was ist der Unterschied zwischen Lease und Travel?",
        ] {
            assert_eq!(compared(question), both("lease", "travel"), "{question}");
        }
        for question in [
            "Compare them",
            "Compare the two documents with each other",
            "What did they agree between 1905 and 1910?",
            "Which contracts differ?",
            "Zwischen wem besteht der Vertrag?",
        ] {
            assert_eq!(compared(question), None, "{question}");
        }
    }
}
