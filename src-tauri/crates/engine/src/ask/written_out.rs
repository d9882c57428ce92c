//! A follow-up that leans on the turn before is written out by the model, where that is quick.

use crate::engine::Engine;
use crate::generators::Writer;
use crate::listeners::lock;
use docmind_core::answer::FinishReason;
use docmind_core::cancel::CancelToken;
use docmind_core::conversation::{ConversationId, Turn};
use docmind_core::generation::{GenerateEvent, GenerateRequest};
use docmind_core::ports::Generator;
use docmind_core::question::written_out::{MOST_MS, expected_ms, query, request};
use std::time::{Duration, Instant};

impl Engine {
    /// The query in the model's words; `None` where the rule's serves: no model is loaded, it holds another conversation, it would
    /// need too long, or what it wrote is not that question.
    pub(super) fn written_out(
        &self,
        question: &str,
        conversation: Option<ConversationId>,
        earlier: &[Turn],
        writer: &Writer,
        cancel: &CancelToken,
    ) -> Option<String> {
        let generator = self.0.generators.resident(writer)?;
        let request = request(earlier, question);
        {
            let live = lock(&self.0.live);
            if conversation.is_none()
                || live.conversation != conversation
                || expected_ms(&request, &live.stats) > MOST_MS
            {
                return None;
            }
        }
        write(&*generator, &request, question, &said(earlier), cancel)
    }
}

/// What was asked, searched for, answered and cited before.
fn said(earlier: &[Turn]) -> String {
    let mut said = String::new();
    for turn in earlier {
        let titles = turn.answer.citations.iter().map(|citation| citation.title.as_str());
        let words = [
            turn.question.as_str(),
            turn.standalone.as_deref().unwrap_or_default(),
            &turn.answer.text,
        ];
        for text in words.into_iter().chain(titles) {
            said.push_str(text);
            said.push('\n');
        }
    }
    said
}

/// Lets the model write, for half a second at most.
fn write(
    generator: &dyn Generator,
    request: &GenerateRequest,
    question: &str,
    said: &str,
    cancel: &CancelToken,
) -> Option<String> {
    let until = Instant::now() + Duration::from_secs_f64(MOST_MS / 1000.0);
    let stop = CancelToken::new();
    let mut written = String::new();
    let outcome = generator.generate(request, &stop, &mut |event| {
        if let GenerateEvent::Text { text } = event {
            written.push_str(&text);
        }
        if cancel.is_cancelled() || Instant::now() >= until {
            stop.cancel();
        }
    });
    match outcome {
        Ok(stats) if stats.finish == Some(FinishReason::Stop) => query(&written, question, said),
        Ok(_) => None,
        Err(report) => {
            // The rule's query serves; whether the model still lives, the answer will say.
            // Not its message: a server may repeat the question in it.
            tracing::warn!(code = %report.code, "a follow-up was not written out");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docmind_core::fakes::FakeGenerator;

    const SAID: &str = "When was the Duchy of Normandy founded?";

    fn written(generator: &FakeGenerator) -> Option<String> {
        let request = request(&[], "Who ruled it?");
        write(generator, &request, "Who ruled it?", SAID, &CancelToken::new())
    }

    #[test]
    fn the_model_s_question_is_searched_for() {
        let generator = FakeGenerator::saying(&["Who ruled ", "the Duchy of Normandy?"]);
        assert_eq!(written(&generator).unwrap(), "Who ruled the Duchy of Normandy?");
        let asked = generator.requests.lock().unwrap();
        assert!(asked[0].messages.last().unwrap().content.ends_with("Who ruled it?"));
    }

    #[test]
    fn the_rule_serves_where_it_says_something_else_stops_or_dies() {
        assert_eq!(written(&FakeGenerator::saying(&["Rollo ruled it from Rouen."])), None);
        let stopped = FakeGenerator::saying(&["Who ruled ", "the Duchy of Normandy?"]);
        *stopped.cancel_after.lock().unwrap() = Some(1);
        assert_eq!(written(&stopped), None);
        let dead = FakeGenerator::saying(&["Who ruled ", "the Duchy of Normandy?"]);
        *dead.die_after.lock().unwrap() = Some(1);
        assert_eq!(written(&dead), None);
    }
}
