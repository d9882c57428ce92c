//! Sentences of running text.

use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// Abbreviations that end in a full stop but end no sentence, in lower case; English and German.
const ABBREVIATIONS: [&str; 34] = [
    "abb", "al", "art", "bzw", "ca", "cf", "co", "dr", "eq", "etc", "evtl", "fig", "ggf", "hr", "inc", "jr", "ltd", "max", "min",
    "mr", "mrs", "ms", "no", "nr", "pp", "prof", "sec", "st", "str", "tab", "usw", "vgl", "vol", "vs",
];

/// Byte ranges that follow each other without gaps and cover `text`.
///
/// Rules of UAX 29, after two corrections: a single line end inside a paragraph is a space (it comes from the width of the page),
/// unless the next line is a list item; and a full stop behind an abbreviation or an initial ends nothing.
pub(super) fn sentences(text: &str) -> Vec<Range<usize>> {
    let unwrapped = unwrap_lines(text);
    let mut out: Vec<Range<usize>> = Vec::new();
    for (at, sentence) in unwrapped.split_sentence_bound_indices() {
        let end = at + sentence.len();
        match out.last_mut() {
            Some(last) if !sentence.trim().is_empty() && goes_on(&unwrapped[last.clone()]) => last.end = end,
            Some(last) if sentence.trim().is_empty() => last.end = end,
            _ => out.push(at..end),
        }
    }
    out
}

/// True when what looks like the end of a sentence is an abbreviation or an initial.
fn goes_on(sentence: &str) -> bool {
    if sentence.ends_with('\n') {
        return false;
    }
    let Some(stem) = sentence.trim_end().strip_suffix('.') else { return false };
    let word = stem.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let mut letters = word.chars();
    match (letters.next(), letters.next()) {
        (Some(initial), None) => initial.is_uppercase(),
        (Some(_), Some(_)) => word.len() <= 4 && ABBREVIATIONS.binary_search(&word.to_lowercase().as_str()).is_ok(),
        _ => false,
    }
}

/// The same bytes with line ends inside paragraphs as spaces.
fn unwrap_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\n') {
        let (line, behind) = rest.split_at(at);
        out.push_str(line);
        rest = &behind[1..];
        let next = rest.trim_start_matches([' ', '\t']);
        let blank = line.trim().is_empty() || next.is_empty() || next.starts_with('\n');
        out.push(if blank || starts_item(next) { '\n' } else { ' ' });
    }
    out.push_str(rest);
    out
}

/// True for `- `, `• `, `* `, `1. `, `2) `, `(a) ` and the like.
fn starts_item(line: &str) -> bool {
    let mut characters = line.chars();
    let Some(first) = characters.next() else { return false };
    if matches!(first, '•' | '‣' | '▪' | '●' | '○' | '◦' | '■' | '\u{f0b7}') {
        return true;
    }
    if matches!(first, '-' | '*' | '+' | '–' | '—') {
        return characters.next() == Some(' ');
    }
    let inner = line.trim_start_matches('(');
    let label = inner.find(|c: char| !c.is_alphanumeric()).unwrap_or(inner.len());
    let behind = &inner[label..];
    (1..=3).contains(&label)
        && (inner[..label].chars().all(|c| c.is_ascii_digit()) || label == 1)
        && (behind.starts_with(". ") || behind.starts_with(") "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        sentences(text).into_iter().map(|range| text[range].trim()).collect()
    }

    #[test]
    fn abbreviations_are_sorted_for_the_search() {
        assert!(ABBREVIATIONS.is_sorted());
    }

    #[test]
    fn line_ends_inside_a_paragraph_do_not_end_a_sentence() {
        assert_eq!(split("The roof leaks\nin winter. It was\nrepaired.\n\nNext"), ["The roof leaks\nin winter.", "It was\nrepaired.", "Next"]);
    }

    #[test]
    fn list_items_are_sentences() {
        assert_eq!(split("Bring:\n- a pen\n- paper\n2. ink"), ["Bring:", "- a pen", "- paper", "2. ink"]);
    }

    #[test]
    fn initials_and_abbreviations_go_on() {
        assert_eq!(split("Dr. J. Smith came. He left, cf. Fig. 3."), ["Dr. J. Smith came.", "He left, cf. Fig. 3."]);
        assert_eq!(split("Plan B failed. Art. 5 applies."), ["Plan B failed.", "Art. 5 applies."]);
    }

    #[test]
    fn text_without_spaces_is_cut_at_its_own_full_stops() {
        assert_eq!(split("屋根が漏れる。冬に直した。"), ["屋根が漏れる。", "冬に直した。"]);
    }
}
