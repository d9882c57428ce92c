//! How much may be written: an answer has its tokens, and thinking before it has others.

use docmind_core::generation::GenerateRequest;
use docmind_core::thinking::MOST_THINKING_TOKENS;

/// What a token belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The block of thinking is open.
    Thinking,
    Answering,
}

/// Tokens written, counted against their limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count {
    /// Most of all together: what the context has room for.
    room: usize,
    most_answer: usize,
    /// `None` where thinking is a part of the answer.
    most_thinking: Option<usize>,
    answer: usize,
    thinking: usize,
}

impl Count {
    /// For an answer to `request` where the context has `room`. The model may think with what is left of that beside the answer and
    /// `closing` tokens, and not at all where nobody asked it to. A grammar knows itself when thinking ends.
    pub(super) fn new(request: &GenerateRequest, room: usize, closing: usize) -> Self {
        let most_answer = (request.max_output_tokens as usize).min(room);
        let left = (room - most_answer).saturating_sub(closing);
        Self {
            room,
            most_answer,
            most_thinking: match &request.grammar {
                Some(_) => None,
                None if request.thinking => Some(left.min(MOST_THINKING_TOKENS as usize)),
                None => Some(0),
            },
            answer: 0,
            thinking: 0,
        }
    }

    pub(super) fn most_answer(&self) -> usize {
        self.most_answer
    }

    pub(super) fn all(&self) -> usize {
        self.answer + self.thinking
    }

    pub(super) fn add(&mut self, phase: Phase) {
        match (phase, self.most_thinking) {
            (Phase::Thinking, Some(_)) => self.thinking += 1,
            _ => self.answer += 1,
        }
    }

    /// Tokens that may still be written without a change of phase; a closing mark has room beyond those of thinking.
    pub(super) fn left(&self, phase: Phase) -> usize {
        let room = self.room - self.all();
        match (phase, self.most_thinking) {
            (Phase::Thinking, Some(_)) => room,
            _ => room.min(self.most_answer - self.answer),
        }
    }

    pub(super) fn has_thought_enough(&self) -> bool {
        self.most_thinking.is_some_and(|most| self.thinking >= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docmind_core::generation::Sampling;

    fn request(max_output_tokens: u32, thinking: bool) -> GenerateRequest {
        GenerateRequest {
            messages: Vec::new(),
            sampling: Sampling::greedy(),
            max_output_tokens,
            thinking,
            grammar: None,
            draft_from: Vec::new(),
        }
    }

    #[test]
    fn thinking_takes_nothing_from_the_answer() {
        let mut count = Count::new(&request(800, true), 6000, 4);
        for _ in 0..4096 {
            assert!(!count.has_thought_enough());
            count.add(Phase::Thinking);
        }
        assert!(count.has_thought_enough());
        assert_eq!(count.left(Phase::Answering), 800);
        count.add(Phase::Answering);
        assert_eq!((count.left(Phase::Answering), count.all()), (799, 4097));
    }

    #[test]
    fn a_small_context_is_the_answer_s_first() {
        let thinking = |room| Count::new(&request(800, true), room, 4).most_thinking;
        assert_eq!(thinking(1000), Some(196));
        assert_eq!(thinking(800), Some(0));
        assert_eq!(thinking(300), Some(0));
        assert_eq!(Count::new(&request(800, true), 300, 4).left(Phase::Answering), 300);
    }

    #[test]
    fn nobody_thinks_unasked_and_a_grammar_counts_all_as_the_answer() {
        assert!(Count::new(&request(60, false), 6000, 4).has_thought_enough());
        let by_grammar = GenerateRequest {
            grammar: Some("root ::= \"a\"".to_owned()),
            ..request(60, true)
        };
        let mut count = Count::new(&by_grammar, 6000, 4);
        count.add(Phase::Thinking);
        assert!(!count.has_thought_enough());
        assert_eq!(count.left(Phase::Thinking), 59);
    }
}
