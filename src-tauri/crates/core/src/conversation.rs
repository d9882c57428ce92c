//! Conversations: what a person asked and what was answered.

use crate::answer::{Answer, AnswerMode, Source};
use crate::document::{ContentHash, DocumentId};
use crate::error::Notice;
use crate::words::Language;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::path::Path;

/// A conversation. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(transparent)]
pub struct ConversationId(pub u32);

/// One question with its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Turn {
    /// As typed.
    pub question: String,
    /// What was searched for, when a follow-up was completed from earlier turns.
    pub standalone: Option<String>,
    /// Sources that joined the context in this turn.
    pub sources: Vec<Source>,
    /// Sources of earlier turns that this question draws on again: their [`Source::n`].
    #[serde(default)]
    pub recalled: Vec<u32>,
    /// The model's own words with the prompt's codes, so that the next turn repeats the context to the letter and the KV cache is
    /// reused; `None` where no model wrote.
    #[serde(default)]
    pub written: Option<String>,
    /// The answer.
    pub answer: Answer,
    /// Milliseconds since the Unix epoch.
    pub asked_at_ms: f64,
}

/// Says that so many turns, the oldest, are not known to the model any more.
pub fn turns_dropped(turns: usize) -> Notice {
    Notice::new(
        "turns_dropped",
        format!(
            "The conversation is longer than the model's context: its {} no longer known to the model.",
            if turns == 1 {
                "oldest question with its answer and sources is".to_owned()
            } else {
                format!("{turns} oldest questions with their answers and sources are")
            }
        ),
    )
}

/// Says that so many turns are known to the model by their questions alone: they rest on documents that are not asked any more.
pub fn turns_left_out(turns: usize) -> Notice {
    Notice::new(
        "turns_left_out",
        format!(
            "Other documents are asked than before: passages of those that are not asked any more, and {}, are not given to the model.",
            if turns == 1 {
                "the answer that rests on them".to_owned()
            } else {
                format!("{turns} answers that rest on them")
            }
        ),
    )
}

impl Turn {
    /// Leaves out what a conversation's turns have of documents that are `outside` what is asked now: their passages, and each answer
    /// that was written with one at hand or cites one, whatever else it rests on. What a person asked stays, and so do the other
    /// passages in their places. Turns that have nothing of them stay to the letter. Gives how many changed.
    pub fn leave_out(turns: &mut [Self], outside: impl Fn(DocumentId) -> bool) -> usize {
        let mut left_out: HashSet<u32> = HashSet::new();
        let mut changed = 0;
        for turn in turns {
            let gone = turn.sources.iter().filter(|source| outside(source.document_id));
            left_out.extend(gone.map(|source| source.n));
            let rests_on_one = turn.sources.iter().any(|source| outside(source.document_id))
                || turn.recalled.iter().any(|n| left_out.contains(n))
                || turn
                    .answer
                    .citations
                    .iter()
                    .any(|citation| outside(citation.document_id));
            if !rests_on_one {
                continue;
            }
            changed += 1;
            turn.sources.retain(|source| !outside(source.document_id));
            turn.recalled.retain(|n| !left_out.contains(n));
            turn.written = None;
            turn.answer.citations.retain(|citation| !outside(citation.document_id));
            turn.answer.uncited.clear();
            turn.answer.thinking = None;
            let said_instead = match Language::of(&turn.question) {
                Language::English => LEFT_OUT_ENGLISH,
                Language::German => LEFT_OUT_GERMAN,
            };
            said_instead.clone_into(&mut turn.answer.text);
        }
        changed
    }

    /// Forgets what a conversation's turns hold of documents that `gone` names by path and hash: their passages, the quotes of
    /// citations, and sentences of answers that are the documents' own. What a person asked and a model wrote stays. Gives which
    /// turns changed, by their place.
    pub fn forget(turns: &mut [Self], gone: impl Fn(&str, &ContentHash) -> bool) -> Vec<usize> {
        let mut forgotten: HashSet<u32> = HashSet::new();
        let mut changed = Vec::new();
        for (place, turn) in turns.iter_mut().enumerate() {
            let before = turn.sources.len();
            turn.sources.retain(|source| {
                let gone = gone(&source.path, &source.document_hash);
                if gone {
                    forgotten.insert(source.n);
                }
                !gone
            });
            let recalled = turn.recalled.len();
            turn.recalled.retain(|n| !forgotten.contains(n));
            let quotes = turn.answer.forget(&gone);
            if quotes || turn.sources.len() < before || turn.recalled.len() < recalled {
                changed.push(place);
            }
        }
        changed
    }
}

impl Answer {
    /// True where something of these documents was in it.
    fn forget(&mut self, gone: impl Fn(&str, &ContentHash) -> bool) -> bool {
        let extractive = self.mode == AnswerMode::Extractive;
        let mut any = false;
        for citation in &mut self.citations {
            if citation.quote.is_empty() || !gone(&citation.path, &citation.document_hash) {
                continue;
            }
            any = true;
            citation.quote.clear();
            // A title may be a line of the document; its name is what the person called it.
            if let Some(name) = Path::new(&citation.path).file_name() {
                citation.title = name.to_string_lossy().into_owned();
            }
            if extractive {
                FORGOTTEN.clone_into(&mut citation.sentence);
            }
        }
        if any && extractive {
            let sentences = self
                .citations
                .iter()
                .map(|citation| format!("{} [{}]", citation.sentence, citation.n));
            self.text = sentences.collect::<Vec<_>>().join(" ");
        }
        any
    }
}

/// Stands for a sentence that was forgotten.
const FORGOTTEN: &str = "…";
/// Stands for an answer that is left out.
const LEFT_OUT_ENGLISH: &str = "This answer is left out: it rests on documents that are not asked any more.";
const LEFT_OUT_GERMAN: &str = "Diese Antwort fehlt hier: Sie beruht auf Dokumenten, die nicht mehr befragt werden.";

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::answer::{Citation, FinishReason, Support};
    use crate::document::Span;
    use crate::prompt::next_messages;

    fn source(n: u32, path: &str, text: &str) -> Source {
        Source {
            n,
            document_id: DocumentId(n),
            document_hash: ContentHash(format!("hash of {path}")),
            path: path.into(),
            title: format!("Title of {path}"),
            page: 1,
            span: Span::new(0, 9),
            heading: vec!["Secret heading".into()],
            table_header: String::new(),
            text: text.into(),
        }
    }

    /// A sentence that rests on a whole source.
    pub(crate) fn citation(n: u32, source: &Source, sentence: &str) -> Citation {
        Citation {
            n,
            source: source.n,
            document_id: source.document_id,
            document_hash: source.document_hash.clone(),
            path: source.path.clone(),
            title: source.title.clone(),
            page: 1,
            span: source.span,
            quote: source.text.clone(),
            sentence: sentence.into(),
            support: Support::Supported,
        }
    }

    fn turn(mode: AnswerMode, sources: &[Source], sentences: [&str; 2]) -> Turn {
        let citations: Vec<Citation> = (1..)
            .zip(sources)
            .zip(sentences)
            .map(|((n, source), sentence)| citation(n, source, sentence))
            .collect();
        Turn {
            question: "Who has the key?".into(),
            standalone: None,
            sources: sources.to_vec(),
            recalled: vec![],
            written: None,
            answer: Answer {
                mode,
                finish: FinishReason::Stop,
                text: format!("{} [1] {} [2]", sentences[0], sentences[1]),
                thinking: None,
                citations,
                uncited: vec![],
                coverage: None,
                stats: None,
            },
            asked_at_ms: 1.0,
        }
    }

    #[test]
    fn what_a_removed_document_said_is_forgotten_and_no_more() {
        let sources = [source(1, "/a.txt", "Ann has it."), source(2, "/b.txt", "Bob is away.")];
        let mut later = turn(AnswerMode::NotFound, &[], ["", ""]);
        later.recalled = vec![1, 2];
        let mut turns = vec![
            turn(AnswerMode::Extractive, &sources, ["Ann has it.", "Bob is away."]),
            turn(AnswerMode::Generated, &sources[1..], ["Nobody knows.", ""]),
            later,
        ];
        let untouched = turns[1].clone();
        let gone = |path: &str, hash: &ContentHash| path == "/a.txt" && hash.0 == "hash of /a.txt";
        assert_eq!(Turn::forget(&mut turns, gone), [0, 2]);
        assert_eq!(turns[0].sources, sources[1..]);
        assert_eq!(turns[0].answer.text, "… [1] Bob is away. [2]");
        let first = &turns[0].answer.citations[0];
        assert_eq!(
            (first.quote.as_str(), first.sentence.as_str(), first.title.as_str()),
            ("", "…", "a.txt")
        );
        assert_eq!(turns[1], untouched);
        assert_eq!(turns[2].recalled, [2]);
        assert!(Turn::forget(&mut turns, gone).is_empty(), "once is enough");
    }

    #[test]
    fn what_a_model_wrote_stays_without_the_quote() {
        let sources = [source(1, "/a.txt", "Ann has it."), source(2, "/b.txt", "Bob is away.")];
        let mut turns = vec![turn(AnswerMode::Generated, &sources, ["Ann does.", "Bob does not."])];
        Turn::forget(&mut turns, |_, hash| hash.0 == "hash of /a.txt");
        assert_eq!(turns[0].answer.text, "Ann does. [1] Bob does not. [2]");
        assert_eq!(turns[0].answer.citations[0].sentence, "Ann does.");
        assert!(!format!("{turns:?}").contains("Ann has it."));
    }

    #[test]
    fn what_is_not_asked_any_more_is_not_given_to_the_model() {
        let sources = [
            source(1, "/a.txt", "Ann has the key."),
            source(2, "/b.txt", "Bob is away."),
            source(3, "/b.txt", "The mill is old."),
        ];
        let mut recalling = turn(AnswerMode::Generated, &[], ["Still Ann.", ""]);
        recalling.recalled = vec![1, 2];
        recalling.written = Some("Still Ann [S1K].".into());
        let before = vec![
            turn(
                AnswerMode::Extractive,
                &sources[..2],
                ["Ann has the key.", "Bob is away."],
            ),
            turn(AnswerMode::Generated, &sources[2..], ["The mill is old.", ""]),
            recalling,
        ];
        let told = |turns: &[Turn]| format!("{:?}", next_messages(turns, "And the mill?", &[], &[3]));
        let mut turns = before.clone();
        assert_eq!(Turn::leave_out(&mut turns, |document| document == DocumentId(1)), 2);
        let model_has = told(&turns);
        assert!(!model_has.contains("Ann"), "{model_has}");
        assert!(model_has.contains("Bob is away.") && model_has.contains("The mill is old."));
        assert_eq!(
            model_has.matches("Who has the key?").count(),
            3,
            "what a person asked stays"
        );
        assert_eq!(model_has.matches(LEFT_OUT_ENGLISH).count(), 2);
        assert_eq!(turns[1], before[1]);
        assert_eq!(turns[2].recalled, [2]);
        let once = turns.clone();
        assert_eq!(Turn::leave_out(&mut turns, |document| document == DocumentId(1)), 0);
        assert_eq!(turns, once, "the next question finds the same context");
        let mut all = before.clone();
        assert_eq!(Turn::leave_out(&mut all, |_| false), 0);
        assert_eq!(
            told(&all),
            told(&before),
            "to the letter where everything is asked as before"
        );
    }
}
