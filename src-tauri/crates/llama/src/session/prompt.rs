//! From messages to tokens, so that what is cached stays cached.

use super::Session;
use crate::error::LlamaError;
use crate::native::{Specials, Token};
use crate::template::{Ending, defused};
use docmind_core::conversation::turns_dropped;
use docmind_core::generation::{GenerateRequest, Message, Role};
use docmind_core::thinking::thinking_room;

/// Room left for the answer before turns are dropped; less where the request wants less. Thinking has its own beside it, as whoever
/// chooses sources and turns leaves it.
const ANSWER_ROOM: usize = 512;

/// A prompt as tokens.
pub(super) struct Prompt {
    pub tokens: Vec<Token>,
    pub inside_thinking: bool,
}

impl Session {
    /// The request's messages as tokens.
    ///
    /// A conversation that goes on is not rendered again: templates drop or change parts of earlier turns (Qwen3 takes the thinking
    /// block out), and an answer's tokens are not always those its text is split into. The tokens of the last turn, answer
    /// included, are taken as they lie in the cache, and only what follows the answer is rendered and appended.
    ///
    /// Where the context cannot hold it, the oldest turns go until a quarter of it is free, and that is said; the newest question
    /// and its sources are never cut.
    pub(super) fn prompt(&mut self, request: &GenerateRequest) -> Result<Prompt, LlamaError> {
        if !request.messages.iter().any(|message| message.role == Role::User) {
            return Err(LlamaError::NoQuestion);
        }
        let room = self.context.size() as usize;
        let answer = (request.max_output_tokens as usize).clamp(1, ANSWER_ROOM).min(room / 4);
        let prompt = match self.continued(request)? {
            Some(prompt) => prompt,
            None => self.rendered(&request.messages, request.thinking)?,
        };
        let thinking = if request.thinking && self.template.can_think() {
            thinking_room(self.context.size()) as usize
        } else {
            0
        };
        if prompt.tokens.len() + answer + thinking <= room {
            return Ok(prompt);
        }
        let mut messages = request.messages.clone();
        let mut dropped = 0;
        loop {
            if !drop_oldest_turn(&mut messages) {
                let prompt = self.rendered(&messages, request.thinking)?;
                if prompt.tokens.len() + answer > room {
                    return Err(LlamaError::Overflow {
                        needed: (prompt.tokens.len() + answer) as u32,
                        available: room as u32,
                    });
                }
                self.say_dropped(dropped);
                return Ok(prompt);
            }
            dropped += 1;
            let prompt = self.rendered(&messages, request.thinking)?;
            if prompt.tokens.len() + answer <= room - room / 4 {
                self.say_dropped(dropped);
                return Ok(prompt);
            }
        }
    }

    fn say_dropped(&mut self, turns: usize) {
        if turns > 0 {
            self.pending.push(turns_dropped(turns));
        }
    }

    fn defuse(&self, messages: &[Message]) -> Vec<Message> {
        messages
            .iter()
            .map(|message| Message {
                role: message.role,
                content: defused(&message.content, &self.specials),
            })
            .collect()
    }

    fn rendered(&mut self, messages: &[Message], thinking: bool) -> Result<Prompt, LlamaError> {
        let (rendered, notice) = self
            .template
            .render(&self.defuse(messages), thinking, Ending::AnswerHead);
        self.pending.extend(notice);
        let tokens = self.model.tokenize(&rendered.text, Specials::Parsed)?;
        if tokens.is_empty() {
            return Err(LlamaError::NoQuestion);
        }
        Ok(Prompt {
            tokens,
            inside_thinking: rendered.inside_thinking,
        })
    }

    /// The tokens of a known conversation, followed by what the request adds to it.
    fn continued(&mut self, request: &GenerateRequest) -> Result<Option<Prompt>, LlamaError> {
        let messages = &request.messages;
        let known = self.transcripts.iter().filter(|known| {
            let turns = known.messages.len();
            messages.len() > turns + 1
                && messages[..turns] == known.messages[..]
                && messages[turns].role == Role::Assistant
                && messages[turns].content == known.answer
        });
        let Some((turns, tokens)) = known
            .max_by_key(|known| known.messages.len())
            .map(|known| (known.messages.len(), known.tokens.clone()))
        else {
            return Ok(None);
        };
        let safe = self.defuse(messages);
        let (whole, notice) = self.template.render(&safe, request.thinking, Ending::AnswerHead);
        self.pending.extend(notice);
        let (before, _) = self.template.render(&safe[..turns], request.thinking, Ending::Nothing);
        let (head, _) = self
            .template
            .render(&safe[..turns], request.thinking, Ending::AnswerHead);
        let Some(tail) = tail_after(&whole.text, &before.text, &head.text, &safe[turns].content) else {
            return Ok(None);
        };
        let mut out = tokens;
        out.extend(self.model.tokenize(tail, Specials::Continued)?);
        Ok(Some(Prompt {
            tokens: out,
            inside_thinking: whole.inside_thinking,
        }))
    }
}

/// What follows `answer` in `whole`. The answer stands where `whole` (history) and `head` (the prompt it was written for) part, or a
/// little before, where the two happen to go on alike.
fn tail_after<'a>(whole: &'a str, before: &str, head: &str, answer: &str) -> Option<&'a str> {
    let rest = whole.strip_prefix(before)?;
    let opening = head.strip_prefix(before)?;
    let parted: usize = rest
        .chars()
        .zip(opening.chars())
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a.len_utf8())
        .sum();
    let forms = [answer, answer.trim_matches('\n'), answer.trim()];
    (0..=parted)
        .rev()
        .filter(|&at| rest.is_char_boundary(at))
        .find_map(|at| {
            forms
                .iter()
                .filter(|form| !form.is_empty())
                .find_map(|form| rest[at..].strip_prefix(form))
        })
}

/// Takes out the first question and what follows it up to the next. False where only one question is left.
fn drop_oldest_turn(messages: &mut Vec<Message>) -> bool {
    let questions: Vec<usize> = messages
        .iter()
        .enumerate()
        .filter(|(_, message)| message.role == Role::User)
        .map(|(at, _)| at)
        .collect();
    let [first, second, ..] = questions[..] else {
        return false;
    };
    messages.drain(first..second);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_found_although_the_thinking_block_is_gone() {
        let before = "<|im_start|>user\nQ<|im_end|>\n";
        let head = format!("{before}<|im_start|>assistant\n<think>\n\n</think>\n\n");
        let whole = format!(
            "{before}<|im_start|>assistant\nYes.<|im_end|>\n<|im_start|>user\nAnd?<|im_end|>\n<|im_start|>assistant\n"
        );
        assert_eq!(
            tail_after(&whole, before, &head, "Yes."),
            Some("<|im_end|>\n<|im_start|>user\nAnd?<|im_end|>\n<|im_start|>assistant\n")
        );
        let angled = format!("{before}<|im_start|>assistant\n<p>Yes.<|im_end|>\n");
        assert_eq!(tail_after(&angled, before, &head, "<p>Yes."), Some("<|im_end|>\n"));
        let trimmed = format!("{before}<|im_start|>assistant\nYes.<|im_end|>\n");
        assert_eq!(tail_after(&trimmed, before, &head, "\nYes. \n"), Some("<|im_end|>\n"));
        assert_eq!(tail_after(&whole, before, &head, "No."), None);
    }

    #[test]
    fn the_oldest_turn_goes_first_and_the_newest_question_never() {
        let message = |role, content: &str| Message {
            role,
            content: content.to_owned(),
        };
        let mut messages = vec![
            message(Role::System, "s"),
            message(Role::User, "1"),
            message(Role::Assistant, "a"),
            message(Role::User, "2"),
            message(Role::Assistant, "b"),
            message(Role::User, "3"),
        ];
        assert!(drop_oldest_turn(&mut messages));
        assert_eq!(messages[1].content, "2");
        assert!(drop_oldest_turn(&mut messages));
        assert!(!drop_oldest_turn(&mut messages));
        assert_eq!(messages.len(), 2);
        assert_eq!(messages[0].role, Role::System);
        assert_eq!(messages[1].content, "3");
    }
}
