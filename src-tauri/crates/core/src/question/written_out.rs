//! A follow-up written out by the model: what is asked of it, what that costs, and whether its text may be searched for.
//!
//! The rule ([`super::standalone`]) comes first: it decides that a question leans on the turn before, and its query serves wherever
//! the model would take too long or writes something else than that question. The model is asked within the conversation it still
//! holds, so that only the request itself is read; the answer's own prompt then goes on from the same place.

use crate::conversation::Turn;
use crate::generation::{GenerateRequest, GenerationStats, Sampling};
use crate::prompt::rewrite_messages;
use crate::words::{Language, Stems, is_number, is_stop_word, words};
use std::collections::HashSet;

/// A model that needs longer, in milliseconds, is not asked.
pub const MOST_MS: f64 = 500.0;
/// Most tokens of a question.
const MOST_TOKENS: u32 = 48;
/// Tokens that one usually has.
const USUAL_TOKENS: f64 = 24.0;
/// Letters of a question; more is an answer.
const MOST_LETTERS: usize = 240;
/// Of the content words at least so many were said before.
const SAID: f32 = 0.5;

/// The request that continues a conversation of `turns`, to be written greedily.
pub fn request(turns: &[Turn], question: &str) -> GenerateRequest {
    GenerateRequest {
        messages: rewrite_messages(turns, question),
        sampling: Sampling::greedy(),
        max_output_tokens: MOST_TOKENS,
        thinking: false,
        grammar: None,
        draft_from: Vec::new(),
    }
}

/// What it will take, in milliseconds, where the conversation is still in the context: the last message is read, a question
/// written. Infinite where a speed is not known.
///
/// ```
/// use docmind_core::{generation::GenerationStats, question::written_out::{expected_ms, request}};
/// let card = GenerationStats { prefill_tps: 2_000.0, decode_tps: 80.0, ..GenerationStats::default() };
/// assert!((300.0..400.0).contains(&expected_ms(&request(&[], "Who ruled it?"), &card)));
/// assert_eq!(expected_ms(&request(&[], "Who ruled it?"), &GenerationStats::default()), f64::INFINITY);
/// ```
pub fn expected_ms(request: &GenerateRequest, measured: &GenerationStats) -> f64 {
    if measured.prefill_tps <= 0.0 || measured.decode_tps <= 0.0 {
        return f64::INFINITY;
    }
    // Three bytes a token: rather too many than too few.
    let read = request
        .messages
        .last()
        .map_or(0.0, |message| message.content.len() as f64 / 3.0);
    1000.0 * (read / measured.prefill_tps + USUAL_TOKENS / measured.decode_tps)
}

/// The query in what the model wrote; `None` where it is not that question: empty or long, without a word that the question has,
/// with a name or number nobody said, or mostly of words nobody said.
///
/// ```
/// use docmind_core::question::written_out::query;
/// let said = "When was the Duchy of Normandy founded? In 911.";
/// assert_eq!(query("\"Who ruled the Duchy of Normandy?\"\n", "Who ruled it?", said).unwrap(), "Who ruled the Duchy of Normandy?");
/// assert_eq!(query("Who ruled the Duchy of Burgundy?", "Who ruled it?", said), None);
/// ```
pub fn query(written: &str, question: &str, said: &str) -> Option<String> {
    const MARKS: &[char] = &['"', '“', '”', '„', '«', '»', '*', '`'];
    let line = written.trim().lines().next()?.trim();
    let line = line
        .strip_prefix("Question:")
        .or_else(|| line.strip_prefix("Frage:"))
        .unwrap_or(line)
        .trim_matches(|c: char| c.is_whitespace() || MARKS.contains(&c));
    if line.is_empty() || line.chars().count() > MOST_LETTERS {
        return None;
    }
    let stems = Stems::new(Language::of(question));
    let own: HashSet<String> = stems.content(question).into_iter().collect();
    let mut known: HashSet<String> = stems.content(said).into_iter().collect();
    known.extend(own.iter().cloned());
    let mut content = 0_u32;
    let mut told = 0_u32;
    for (at, word) in words(line).enumerate() {
        if is_stop_word(word.text) {
            continue;
        }
        content += 1;
        if known.contains(&stems.stem(word.text)) {
            told += 1;
        } else if is_number(word.text) || (at > 0 && word.text.starts_with(char::is_uppercase)) {
            return None;
        }
    }
    let kept: HashSet<String> = stems.content(line).into_iter().collect();
    (told as f32 >= SAID * content as f32 && content > 0 && own.is_subset(&kept)).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID_BEFORE: &str = "What does the boiler cost in summer? The Calora 24 costs 12 euros a month [1].";

    #[test]
    fn the_question_itself_is_taken() {
        for (written, question) in [
            ("What does the boiler cost in winter?", "And in winter?"),
            ("Question: What does the Calora 24 cost in winter?", "And in winter?"),
            ("How long does the Calora 24 last?", "How long does it last?"),
            ("Who sells the boiler?", "Who sells it?"),
        ] {
            let query = query(written, question, SAID_BEFORE).unwrap();
            assert!(written.ends_with(&query), "{query}");
        }
    }

    #[test]
    fn anything_else_is_not() {
        let long = format!("What does {} cost in winter?", "the boiler and ".repeat(30));
        for written in [
            "",
            "\n",
            "What does the boiler cost?",
            "What does the Vitodens cost in winter?",
            "What does the Calora 26 cost in winter?",
            "Winter brings blossoming meadows, dreamily wandering clouds.",
            "The documents do not say it.",
            &long,
        ] {
            assert_eq!(query(written, "And in winter?", SAID_BEFORE), None, "{written}");
        }
    }

    #[test]
    fn german_names_are_those_that_were_said() {
        let said = "Was kostet der Heizkessel im Sommer? Zwölf Euro.";
        assert!(query("Was kostet der Heizkessel im Winter?", "Und im Winter?", said).is_some());
        assert_eq!(
            query("Was kostet die Wärmepumpe im Winter?", "Und im Winter?", said),
            None
        );
    }

    #[test]
    fn a_slow_model_is_not_asked() {
        let request = request(&[], "And in winter?");
        let on_two_cores = GenerationStats {
            prefill_tps: 60.0,
            decode_tps: 17.0,
            ..GenerationStats::default()
        };
        assert!(expected_ms(&request, &on_two_cores) > MOST_MS);
    }
}
