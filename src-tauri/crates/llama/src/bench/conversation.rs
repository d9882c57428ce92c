//! A conversation of ten turns whose sources change: how much of each turn has to be read.

use super::{bare_request, text, whole};
use crate::backend::Backends;
use crate::error::LlamaError;
use crate::load;
use crate::native::Specials;
use docmind_core::cancel::CancelToken;
use docmind_core::generation::{GenerateRequest, Message, Role, Sampling};
use docmind_core::measurement::BenchProfile;

/// Turns.
const TURNS: usize = 10;
/// Tokens of a turn's sources.
const SOURCES: usize = 160;
/// Tokens of an answer.
const ANSWER: usize = 48;

/// One turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turn {
    /// Tokens of its message, sources and question; with the first one the instructions.
    pub new_tokens: u32,
    /// Tokens of the whole prompt.
    pub prompt_tokens: u32,
    /// Tokens computed before the answer began.
    pub read_tokens: u32,
    /// Milliseconds to the first token.
    pub ttft_ms: f64,
}

/// Asks ten questions in one conversation, each with sources of its own. Answers are made of words, as a real model's are: those of
/// random weights break off in the middle of characters.
///
/// # Errors
/// As [`super::bench`].
pub fn conversation(backends: &Backends, entry: &BenchProfile, cancel: &CancelToken) -> Result<Vec<Turn>, LlamaError> {
    let (mut session, _) = load::load(backends, &bare_request(entry), &mut |_| !cancel.is_cancelled())?;
    session.write_on();
    let instructions = "Answer from the sources alone, and name them.";
    let count = |session: &crate::session::Session, words: &str| -> Result<u32, LlamaError> {
        Ok(session.model().tokenize(words, Specials::Text)?.len() as u32)
    };
    let mut messages = vec![Message {
        role: Role::System,
        content: instructions.to_owned(),
    }];
    let mut turns = Vec::with_capacity(TURNS);
    for turn in 0..TURNS {
        let sources = text(session.model(), turn * SOURCES, SOURCES)?;
        let content = format!("{sources}\n\nWhat does source {turn} say of it?");
        let mut new_tokens = count(&session, &content)?;
        if turn == 0 {
            new_tokens += count(&session, instructions)?;
        }
        messages.push(Message {
            role: Role::User,
            content,
        });
        let answer = text(session.model(), turn * SOURCES + SOURCES / 2, ANSWER)?;
        let answer = session.model().tokenize(&answer, Specials::Text)?;
        let output_tokens = answer.len() as u32;
        session.force_answers(answer);
        let request = GenerateRequest {
            messages: messages.clone(),
            sampling: Sampling::qwen(),
            max_output_tokens: output_tokens,
            thinking: false,
            grammar: None,
            draft_from: Vec::new(),
        };
        let mut written = String::new();
        let stats = whole(session.generate(&request, cancel, &mut |event| {
            if let docmind_core::generation::GenerateEvent::Text { text } = event {
                written.push_str(&text);
            }
        })?)?;
        messages.push(Message {
            role: Role::Assistant,
            content: written,
        });
        turns.push(Turn {
            new_tokens,
            prompt_tokens: stats.prompt_tokens,
            read_tokens: stats.prompt_tokens - stats.reused_tokens,
            ttft_ms: stats.ttft_ms,
        });
    }
    Ok(turns)
}
