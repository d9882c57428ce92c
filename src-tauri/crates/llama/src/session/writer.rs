//! From tokens to events.

use crate::characters::Characters;
use crate::native::{Model, Token};
use docmind_core::generation::GenerateEvent;
use docmind_core::thinking::{Piece, ThinkingSplitter};

/// One answer on its way out.
pub(super) struct Writer {
    pub(super) characters: Characters,
    splitter: ThinkingSplitter,
    pub(super) tokens: Vec<Token>,
    pub(super) answer: String,
    pub(super) thought: bool,
    bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn new(inside_thinking: bool) -> Self {
        Self {
            characters: Characters::default(),
            splitter: ThinkingSplitter::new(inside_thinking),
            tokens: Vec::new(),
            answer: String::new(),
            thought: inside_thinking,
            bytes: Vec::new(),
        }
    }

    pub(super) fn token(&mut self, model: &Model, token: Token, sink: &mut dyn FnMut(GenerateEvent)) {
        self.tokens.push(token);
        self.bytes.clear();
        model.piece(token, &mut self.bytes);
        let text = self.characters.push(&self.bytes);
        if !text.is_empty() {
            let pieces = self.splitter.push(&text);
            self.tell(pieces, sink);
        }
    }

    pub(super) fn finish(&mut self, sink: &mut dyn FnMut(GenerateEvent)) {
        let pending = self.characters.is_pending();
        let text = self.characters.finish();
        let mut pieces = self.splitter.push(&text);
        pieces.extend(self.splitter.finish());
        self.tell(pieces, sink);
        // A character cut in two is shown as a mark, which the cache does not hold: such an answer is not continued.
        self.thought |= pending;
    }

    fn tell(&mut self, pieces: Vec<Piece>, sink: &mut dyn FnMut(GenerateEvent)) {
        for piece in pieces {
            match piece {
                Piece::Thinking(text) => {
                    self.thought = true;
                    sink(GenerateEvent::Thinking { text });
                }
                Piece::Answer(text) => {
                    self.answer.push_str(&text);
                    sink(GenerateEvent::Text { text });
                }
            }
        }
    }
}
