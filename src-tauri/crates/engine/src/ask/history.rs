//! How much of a conversation the writer still has before it.

use super::sources::INSTRUCTION_TOKENS;
use crate::generators::Writer;
use docmind_core::chunk::rough_tokens;
use docmind_core::conversation::Turn;
use docmind_core::pack::{HEADER_TOKENS, LEAST_TOKENS};
use docmind_core::settings::Settings;
use docmind_core::thinking::thinking_room;

/// The first of the earlier turns that the writer keeps: the oldest go where there would be no room for new sources and an answer.
pub(super) fn first_kept(question: &str, earlier: &[Turn], writer: Option<&Writer>, settings: &Settings) -> usize {
    let Some(writer) = writer else { return 0 };
    let window = writer.context_tokens;
    let thinking = if settings.thinking { thinking_room(window) } else { 0 };
    let room = window
        .saturating_sub(thinking)
        .saturating_sub(settings.answer_tokens.min(window / 4))
        .saturating_sub(kept_for_turn(question, settings.source_tokens.min(window / 3)))
        .saturating_sub(INSTRUCTION_TOKENS);
    let tokens: Vec<u32> = earlier.iter().map(turn_tokens).collect();
    first_within(&tokens, room)
}

/// What is kept free for the new turn: the room of its sources, of which the question takes its part. Only a question longer than that
/// takes more, lest each keep other turns than the one before.
fn kept_for_turn(question: &str, sources: u32) -> u32 {
    sources.max(rough_tokens(question).saturating_add(LEAST_TOKENS))
}

/// What a turn takes in the writer's context, its own sources included.
pub(super) fn turn_tokens(turn: &Turn) -> u32 {
    let sources = turn
        .sources
        .iter()
        .map(|source| rough_tokens(&source.text) + HEADER_TOKENS);
    rough_tokens(&turn.question) + rough_tokens(&turn.answer.text) + sources.sum::<u32>()
}

/// As the conversation grew: each time that it outgrew the room, its oldest turns went until half of the room was free, so that what is
/// kept stays the same for several questions and need not be read again for each. The newest turn stays.
fn first_within(turns: &[u32], room: u32) -> usize {
    let (mut first, mut sum) = (0, 0);
    for (at, tokens) in turns.iter().enumerate() {
        sum += tokens;
        if sum > room {
            while first < at && sum > room / 2 {
                sum -= turns[first];
                first += 1;
            }
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_turns_go_in_one_step_for_several_questions() {
        let turns = [400; 12];
        let kept = |count: usize| first_within(&turns[..count], 2000);
        assert_eq!((1..=5).map(kept).collect::<Vec<_>>(), [0; 5]);
        assert_eq!((6..=9).map(kept).collect::<Vec<_>>(), [4; 4]);
        assert_eq!(kept(10), 8, "half of the room was free");
    }

    #[test]
    fn only_a_very_long_question_costs_earlier_turns() {
        assert_eq!(kept_for_turn("Who pays?", 1365), 1365);
        let pasted = "x".repeat(9000);
        assert_eq!(kept_for_turn(&pasted, 1365), 3000 + LEAST_TOKENS);
    }

    #[test]
    fn the_newest_turn_stays() {
        assert_eq!(first_within(&[100, 5000], 2000), 1);
        assert_eq!(first_within(&[5000], 2000), 0);
        assert_eq!(first_within(&[], 2000), 0);
    }
}
