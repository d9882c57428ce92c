//! Thinking that a server leaves in the text, between `<think>` and `</think>` at its start.

use docmind_core::generation::GenerateEvent;

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Splits text as it arrives, wherever the pieces are cut.
#[derive(Default)]
pub(super) struct ThinkSplitter {
    state: State,
    held: String,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing but white space so far.
    #[default]
    Start,
    Thinking,
    Text,
}

impl ThinkSplitter {
    pub(super) fn push(&mut self, text: &str, sink: &mut dyn FnMut(GenerateEvent)) {
        self.held.push_str(text);
        if self.state == State::Start {
            let begun = self.held.trim_start();
            if let Some(rest) = begun.strip_prefix(OPEN) {
                self.held = rest.to_owned();
                self.state = State::Thinking;
            } else if OPEN.starts_with(begun) {
                return;
            } else {
                self.state = State::Text;
            }
        }
        if self.state == State::Thinking {
            if let Some(at) = self.held.find(CLOSE) {
                let rest = self.held.split_off(at + CLOSE.len());
                self.held.truncate(at);
                let text = std::mem::replace(&mut self.held, rest);
                thought(text, sink);
                self.held = self.held.trim_start().to_owned();
                self.state = State::Text;
            } else {
                let keep = (1..CLOSE.len())
                    .rev()
                    .find(|length| self.held.ends_with(&CLOSE[..*length]))
                    .unwrap_or(0);
                let text: String = self.held.drain(..self.held.len() - keep).collect();
                thought(text, sink);
                return;
            }
        }
        self.flush(sink);
    }

    /// What was held back because it might have become a mark.
    pub(super) fn flush(&mut self, sink: &mut dyn FnMut(GenerateEvent)) {
        let text = std::mem::take(&mut self.held);
        if text.is_empty() {
            return;
        }
        match self.state {
            State::Thinking => sink(GenerateEvent::Thinking { text }),
            State::Start | State::Text => sink(GenerateEvent::Text { text }),
        }
    }
}

fn thought(text: String, sink: &mut dyn FnMut(GenerateEvent)) {
    if !text.is_empty() {
        sink(GenerateEvent::Thinking { text });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(pieces: &[&str]) -> (String, String) {
        let (mut thinking, mut text) = (String::new(), String::new());
        let mut splitter = ThinkSplitter::default();
        let mut sink = |event| match event {
            GenerateEvent::Thinking { text: piece } => thinking.push_str(&piece),
            GenerateEvent::Text { text: piece } => text.push_str(&piece),
            other => panic!("{other:?}"),
        };
        for piece in pieces {
            splitter.push(piece, &mut sink);
        }
        splitter.flush(&mut sink);
        (thinking, text)
    }

    #[test]
    fn every_cut_gives_the_same() {
        let whole = "\n<think>Is 2 < 3? </thin… yes ä.</think>\n\nYes <think>stays</think>.";
        let expected = (
            "Is 2 < 3? </thin… yes ä.".to_owned(),
            "Yes <think>stays</think>.".to_owned(),
        );
        for (at, _) in whole.char_indices() {
            // White space after the closing mark belongs to it only when it arrives with it.
            let (thinking, text) = split(&[&whole[..at], &whole[at..]]);
            assert_eq!((thinking, text.trim_start().to_owned()), expected, "cut at {at}");
        }
        assert_eq!(split(&["No marks."]), (String::new(), "No marks.".to_owned()));
        assert_eq!(split(&["<thi"]), (String::new(), "<thi".to_owned()));
        assert_eq!(
            split(&["<think>cut off</th"]),
            ("cut off</th".to_owned(), String::new())
        );
    }
}
