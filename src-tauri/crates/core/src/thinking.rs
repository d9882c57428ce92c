//! Thinking told from answering, in the text that a model streams: between a pair of marks at its very beginning.

/// A piece of what the model writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Between the marks.
    Thinking(String),
    /// The answer.
    Answer(String),
}

/// What a model writes before and after its thinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThinkingMarks {
    /// Before.
    pub open: &'static str,
    /// After.
    pub close: &'static str,
}

impl Default for ThinkingMarks {
    /// Those of most models.
    fn default() -> Self {
        Self {
            open: "<think>",
            close: "</think>",
        }
    }
}

/// Tells thinking from answering as the text streams by; marks may be split over any number of pieces. A thinking block counts only
/// at the very beginning: later ones are text of the answer.
#[derive(Clone, Debug)]
pub struct ThinkingSplitter {
    marks: ThinkingMarks,
    state: State,
    held: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing but white space so far: a block may open.
    Before,
    Thinking,
    /// The block closed; white space before the answer is dropped.
    After,
    Answer,
}

impl ThinkingSplitter {
    /// Between `<think>` and `</think>`; `inside` where the prompt already opened the block.
    pub fn new(inside: bool) -> Self {
        Self::between(ThinkingMarks::default(), inside)
    }

    /// Between other marks.
    pub fn between(marks: ThinkingMarks, inside: bool) -> Self {
        Self {
            marks,
            state: if inside { State::Thinking } else { State::Before },
            held: String::new(),
        }
    }

    /// True once the answer has begun: marks are text from there on.
    pub fn is_answering(&self) -> bool {
        self.state == State::Answer
    }

    /// Adds text and gives what is decided now.
    pub fn push(&mut self, text: &str) -> Vec<Piece> {
        let ThinkingMarks { open, close } = self.marks;
        self.held.push_str(text);
        let mut out = Vec::new();
        loop {
            match self.state {
                State::Before => {
                    let trimmed = self.held.trim_start();
                    if let Some(rest) = trimmed.strip_prefix(open) {
                        self.held = rest.to_owned();
                        self.state = State::Thinking;
                    } else if open.starts_with(trimmed) {
                        return out;
                    } else {
                        self.state = State::Answer;
                    }
                }
                State::Thinking => {
                    if let Some(end) = self.held.find(close) {
                        push(&mut out, Piece::Thinking(self.held[..end].to_owned()));
                        self.held.drain(..end + close.len());
                        self.state = State::After;
                    } else {
                        let keep = overlap(&self.held, close);
                        let ready: String = self.held.drain(..self.held.len() - keep).collect();
                        push(&mut out, Piece::Thinking(ready));
                        return out;
                    }
                }
                State::After => {
                    let trimmed = self.held.trim_start().to_owned();
                    self.held = trimmed;
                    if self.held.is_empty() {
                        return out;
                    }
                    self.state = State::Answer;
                }
                State::Answer => {
                    push(&mut out, Piece::Answer(std::mem::take(&mut self.held)));
                    return out;
                }
            }
        }
    }

    /// What was held back at the end.
    pub fn finish(&mut self) -> Vec<Piece> {
        let held = std::mem::take(&mut self.held);
        let mut out = Vec::new();
        match self.state {
            State::Thinking => push(&mut out, Piece::Thinking(held)),
            State::Before | State::Answer => push(&mut out, Piece::Answer(held)),
            State::After => {}
        }
        out
    }
}

fn push(out: &mut Vec<Piece>, piece: Piece) {
    let (Piece::Thinking(text) | Piece::Answer(text)) = &piece;
    if !text.is_empty() {
        out.push(piece);
    }
}

/// Bytes at the end of `text` that may be the beginning of `mark`.
fn overlap(text: &str, mark: &str) -> usize {
    (1..mark.len().min(text.len() + 1))
        .rev()
        .find(|&count| text.is_char_boundary(text.len() - count) && mark.starts_with(&text[text.len() - count..]))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split_at_every_point(text: &str, inside: bool) -> Vec<(String, String)> {
        split_between(ThinkingMarks::default(), text, inside)
    }

    fn split_between(marks: ThinkingMarks, text: &str, inside: bool) -> Vec<(String, String)> {
        let run = |parts: &[&str]| {
            let mut splitter = ThinkingSplitter::between(marks, inside);
            let (mut thinking, mut answer) = (String::new(), String::new());
            let mut take = |pieces: Vec<Piece>| {
                for piece in pieces {
                    match piece {
                        Piece::Thinking(text) => thinking.push_str(&text),
                        Piece::Answer(text) => answer.push_str(&text),
                    }
                }
            };
            for part in parts {
                take(splitter.push(part));
            }
            take(splitter.finish());
            (thinking, answer)
        };
        (0..=text.len())
            .filter(|&at| text.is_char_boundary(at))
            .map(|at| run(&[&text[..at], &text[at..]]))
            .collect()
    }

    #[test]
    fn thinking_is_told_apart_at_every_split() {
        for (thinking, answer) in
            split_at_every_point("<think>\nWhy – so?\n</think>\n\nBecause <think> is a word.", false)
        {
            assert_eq!(thinking, "\nWhy – so?\n");
            assert_eq!(answer, "Because <think> is a word.");
        }
        for (thinking, answer) in split_at_every_point("an inner voice</think>\nDone", true) {
            assert_eq!((thinking.as_str(), answer.as_str()), ("an inner voice", "Done"));
        }
        for (thinking, answer) in split_at_every_point("<thin ice> is cold", false) {
            assert_eq!((thinking.as_str(), answer.as_str()), ("", "<thin ice> is cold"));
        }
    }

    #[test]
    fn other_models_have_other_marks() {
        let marks = ThinkingMarks {
            open: "<|channel>thought",
            close: "<channel|>",
        };
        let text = "<|channel>thought\n<think> is a mark of others\n<channel|>Because.";
        for (thinking, answer) in split_between(marks, text, false) {
            assert_eq!(thinking, "\n<think> is a mark of others\n");
            assert_eq!(answer, "Because.");
        }
        for (thinking, answer) in split_between(marks, "<think> is text here", false) {
            assert_eq!((thinking.as_str(), answer.as_str()), ("", "<think> is text here"));
        }
    }

    #[test]
    fn marks_are_text_once_the_answer_has_begun() {
        let mut splitter = ThinkingSplitter::new(false);
        splitter.push("<think>a</think>");
        assert!(!splitter.is_answering());
        splitter.push("b");
        assert!(splitter.is_answering());
    }
}
