//! From tokens to events.

use crate::characters::Characters;
use crate::native::{Model, Specials, Token};
use crate::template::ChatTemplate;
use docmind_core::generation::GenerateEvent;
use docmind_core::thinking::{Piece, ThinkingMarks, ThinkingSplitter};

/// How a model marks its thinking.
pub(super) struct Thinking {
    marks: ThinkingMarks,
    /// Control tokens among the marks, which else are no text.
    tokens: Vec<Token>,
    /// What is written for a model that does not come to an end.
    pub(super) closing: Vec<Token>,
}

impl Thinking {
    pub(super) fn new(template: &ChatTemplate, model: &Model) -> Self {
        let marks = template.thinking_marks();
        let mut tokens = model.control_tokens(marks.open);
        tokens.extend(model.control_tokens(marks.close));
        let closing = model.tokenize(&template.closing(), Specials::Continued);
        Self {
            marks,
            tokens,
            closing: closing.expect("BUG: a mark is shorter than 2 GiB"),
        }
    }
}

/// One answer on its way out.
pub(super) struct Writer {
    characters: Characters,
    splitter: ThinkingSplitter,
    mark_tokens: Vec<Token>,
    closing: Vec<Token>,
    pub(super) tokens: Vec<Token>,
    pub(super) answer: String,
    pub(super) thought: bool,
    bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn new(thinking: &Thinking, inside_thinking: bool) -> Self {
        Self {
            characters: Characters::default(),
            splitter: ThinkingSplitter::between(thinking.marks, inside_thinking),
            mark_tokens: thinking.tokens.clone(),
            closing: thinking.closing.clone(),
            tokens: Vec::new(),
            answer: String::new(),
            thought: inside_thinking,
            bytes: Vec::new(),
        }
    }

    pub(super) fn is_thinking(&self) -> bool {
        self.splitter.is_thinking()
    }

    /// What closes the block.
    pub(super) fn closing(&self) -> Vec<Token> {
        self.closing.clone()
    }

    pub(super) fn token(&mut self, model: &Model, token: Token, sink: &mut dyn FnMut(GenerateEvent)) {
        self.tokens.push(token);
        self.bytes.clear();
        if self.mark_tokens.contains(&token) && !self.splitter.is_answering() {
            self.bytes.extend_from_slice(model.written(token).as_bytes());
        } else {
            model.piece(token, &mut self.bytes);
        }
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
