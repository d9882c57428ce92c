//! Thinking told from answering, in the text that a model streams: between a pair of marks at its very beginning.
//!
//! Where the prompt is made here it is known whether it opened the block ([`ThinkingSplitter`]). A server makes its own, and may send
//! nothing but the closing mark: [`BlindSplitter`] tells then that what it took for the answer was thinking.

use crate::sentences::Tail;

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

/// Most tokens of thinking before an answer, which are none of its own. Where they are used up the block is closed for the model, as
/// with Qwen3's thinking budget (Qwen3 Technical Report, 2025, section 4.3).
pub const MOST_THINKING_TOKENS: u32 = 4096;

/// What of a context is left for thinking when sources and earlier turns are chosen, in tokens.
pub fn thinking_room(context_tokens: u32) -> u32 {
    MOST_THINKING_TOKENS.min(context_tokens / 4)
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

    /// True while the block is open.
    pub fn is_thinking(&self) -> bool {
        self.state == State::Thinking
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

/// What a [`BlindSplitter`] finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A piece.
    Piece(Piece),
    /// Every [`Piece::Answer`] told so far was thinking.
    WereThoughts,
}

/// A [`ThinkingSplitter`] that does not know whether the prompt opened the block: a closing mark without an opening one before it ends
/// thoughts that were told as the answer. So do Qwen3-Thinking and DeepSeek-R1 behind vLLM without `--reasoning-parser`. A mark in
/// quotation marks, backticks or a block of code is a word: an answer may speak of it.
///
/// ```
/// use docmind_core::thinking::{BlindSplitter, Piece, Seen};
/// let mut splitter = BlindSplitter::default();
/// assert_eq!(splitter.push("Rent, hm."), [Seen::Piece(Piece::Answer("Rent, hm.".into()))]);
/// assert_eq!(splitter.push("\n</thi"), [Seen::Piece(Piece::Answer("\n".into()))]);
/// assert_eq!(splitter.push("nk>\n\n900."), [Seen::WereThoughts, Seen::Piece(Piece::Answer("900.".into()))]);
/// ```
#[derive(Clone, Debug)]
pub struct BlindSplitter {
    splitter: ThinkingSplitter,
    watch: Watch,
    /// What may be the beginning of a mark.
    held: String,
    told: Told,
}

/// What is known of the answer's text up to a place in it.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    /// The last letter.
    last: Option<char>,
    /// Backticks right before, of which three open or close a block of code.
    ticks: u8,
    in_code: bool,
}

impl Told {
    fn and(mut self, text: &str) -> Self {
        for c in text.chars() {
            self.ticks = if c == '`' { self.ticks + 1 } else { 0 };
            if self.ticks == 3 {
                self.ticks = 0;
                self.in_code = !self.in_code;
            }
            self.last = Some(c);
        }
        self
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watch {
    /// A closing mark would end thoughts.
    On,
    /// It came; white space before the answer is dropped.
    After,
    /// Where the answer begins is settled.
    Over,
}

impl Default for BlindSplitter {
    /// With the marks of most models.
    fn default() -> Self {
        Self {
            splitter: ThinkingSplitter::new(false),
            watch: Watch::On,
            held: String::new(),
            told: Told::default(),
        }
    }
}

impl BlindSplitter {
    /// Adds text and gives what is decided now.
    pub fn push(&mut self, text: &str) -> Vec<Seen> {
        let pieces = self.splitter.push(text);
        let mut out = Vec::new();
        self.look(pieces, Tail::Open, &mut out);
        out
    }

    /// Thinking came in some other way: what is text is the answer, a closing mark too. Gives what was held back.
    pub fn settle(&mut self) -> Vec<Seen> {
        self.watch = Watch::Over;
        let mut out = Vec::new();
        self.answer(Tail::Whole, &mut out);
        out
    }

    /// Nothing has told yet where the answer begins: all that was told as one may be thinking.
    pub fn is_unsettled(&self) -> bool {
        self.watch == Watch::On
    }

    /// What was held back at the end.
    pub fn finish(&mut self) -> Vec<Seen> {
        let pieces = self.splitter.finish();
        let mut out = Vec::new();
        self.look(pieces, Tail::Whole, &mut out);
        self.answer(Tail::Whole, &mut out);
        out
    }

    fn look(&mut self, pieces: Vec<Piece>, tail: Tail, out: &mut Vec<Seen>) {
        for piece in pieces {
            match piece {
                Piece::Answer(text) => {
                    self.held.push_str(&text);
                    self.answer(tail, out);
                }
                Piece::Thinking(_) => {
                    self.watch = Watch::Over;
                    out.push(Seen::Piece(piece));
                }
            }
        }
    }

    fn answer(&mut self, tail: Tail, out: &mut Vec<Seen>) {
        let marks = self.splitter.marks;
        loop {
            match self.watch {
                Watch::On => match first_mark(&self.held, marks, self.told, tail) {
                    Found::Opening => self.watch = Watch::Over,
                    Found::Closing(at) => {
                        if self.told.last.is_some() {
                            out.push(Seen::WereThoughts);
                        }
                        push_seen(out, Piece::Thinking(self.held[..at].to_owned()));
                        self.held.drain(..at + marks.close.len());
                        self.watch = Watch::After;
                    }
                    Found::NoneBefore(end) => {
                        let ready: String = self.held.drain(..end).collect();
                        self.told = self.told.and(&ready);
                        push_seen(out, Piece::Answer(ready));
                        return;
                    }
                },
                Watch::After => {
                    self.held = self.held.trim_start().to_owned();
                    if self.held.is_empty() {
                        return;
                    }
                    self.watch = Watch::Over;
                }
                Watch::Over => {
                    push_seen(out, Piece::Answer(std::mem::take(&mut self.held)));
                    return;
                }
            }
        }
    }
}

/// What comes first in a text.
enum Found {
    Opening,
    /// Where it begins.
    Closing(usize),
    /// No mark up to here; what follows may become one.
    NoneBefore(usize),
}

/// `told` stands before the text.
fn first_mark(text: &str, marks: ThinkingMarks, told: Told, tail: Tail) -> Found {
    let is_quote = |c: Option<char>| c.is_some_and(|c| "`\"'“”„‘’«»".contains(c));
    let opening = text.match_indices(marks.open).map(|(at, _)| (at, marks.open));
    let closing = text.match_indices(marks.close).map(|(at, _)| (at, marks.close));
    let mut all: Vec<(usize, &str)> = opening.chain(closing).collect();
    all.sort_unstable();
    for (at, mark) in all {
        let before = told.and(&text[..at]);
        if before.in_code {
            continue;
        }
        if is_quote(before.last) {
            match text[at + mark.len()..].chars().next() {
                None if tail == Tail::Open => return Found::NoneBefore(at),
                after if is_quote(after) => continue,
                _ => {}
            }
        }
        return if mark == marks.open {
            Found::Opening
        } else {
            Found::Closing(at)
        };
    }
    let keep = match tail {
        Tail::Open => overlap(text, marks.open).max(overlap(text, marks.close)),
        Tail::Whole => 0,
    };
    Found::NoneBefore(text.len() - keep)
}

fn push_seen(out: &mut Vec<Seen>, piece: Piece) {
    let (Piece::Thinking(text) | Piece::Answer(text)) = &piece;
    if !text.is_empty() {
        out.push(Seen::Piece(piece));
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

    /// What is thinking and what is the answer in the end, at every pair of splits; nothing told before it turned out counts.
    fn seen_at_every_split(text: &str) -> Vec<(String, String)> {
        let run = |parts: &[&str]| {
            let mut splitter = BlindSplitter::default();
            let (mut thinking, mut answer) = (String::new(), String::new());
            let mut take = |seen: Vec<Seen>| {
                for seen in seen {
                    match seen {
                        Seen::Piece(Piece::Thinking(text)) => thinking.push_str(&text),
                        Seen::Piece(Piece::Answer(text)) => answer.push_str(&text),
                        Seen::WereThoughts => thinking.push_str(&std::mem::take(&mut answer)),
                    }
                }
            };
            for part in parts {
                take(splitter.push(part));
            }
            take(splitter.finish());
            (thinking, answer)
        };
        let cuts: Vec<usize> = (0..=text.len()).filter(|&at| text.is_char_boundary(at)).collect();
        cuts.iter()
            .flat_map(|&first| cuts.iter().map(move |&second| (first, second)))
            .filter(|(first, second)| first <= second)
            .map(|(first, second)| run(&[&text[..first], &text[first..second], &text[second..]]))
            .collect()
    }

    #[test]
    fn thoughts_whose_beginning_was_not_told_are_known_by_their_end() {
        for (text, thought, said) in [
            ("Hm – so?\n</think>\n\nBecause.", "Hm – so?\n", "Because."),
            (
                "a < b </thin </think>yes </think> no",
                "a < b </thin ",
                "yes </think> no",
            ),
            ("</think>\nBecause.", "", "Because."),
            ("Only thoughts.</think>", "Only thoughts.", ""),
            ("<think>hm</think>So </think> it is.", "hm", "So </think> it is."),
            (
                "It stands in <think> and </think>.",
                "",
                "It stands in <think> and </think>.",
            ),
            ("The mark `</think>` ends it.", "", "The mark `</think>` ends it."),
            ("Is “</think>” meant?</think>Yes.", "Is “</think>” meant?", "Yes."),
            ("```\n</think>\n``` ends it.", "", "```\n</think>\n``` ends it."),
            ("So ```x``` it is.</think>Yes.", "So ```x``` it is.", "Yes."),
            ("They say \"no\"</think>No.", "They say \"no\"", "No."),
            ("They say \"no\"</think>", "They say \"no\"", ""),
            ("1 < 2 </thi", "", "1 < 2 </thi"),
        ] {
            for (thinking, answer) in seen_at_every_split(text) {
                assert_eq!((thinking.as_str(), answer.as_str()), (thought, said), "{text}");
            }
        }
    }

    #[test]
    fn no_more_than_a_mark_is_held_back() {
        let mut splitter = BlindSplitter::default();
        let told: usize = "1 < 2 and </thin"
            .chars()
            .map(|c| splitter.push(c.encode_utf8(&mut [0; 4])).len())
            .sum();
        assert_eq!(told, "1 < 2 and ".len() - 1, "`< ` comes in one piece");
        assert_eq!(splitter.finish(), [Seen::Piece(Piece::Answer("</thin".to_owned()))]);
    }

    #[test]
    fn marks_are_words_where_thinking_came_in_some_other_way() {
        let mut splitter = BlindSplitter::default();
        assert!(splitter.is_unsettled());
        assert_eq!(splitter.settle(), []);
        assert!(!splitter.is_unsettled());
        let text = "So </think> it is.";
        assert_eq!(splitter.push(text), [Seen::Piece(Piece::Answer(text.to_owned()))]);
    }

    #[test]
    fn marks_are_text_once_the_answer_has_begun() {
        let mut splitter = ThinkingSplitter::new(false);
        assert!(!splitter.is_thinking());
        splitter.push("<think>a");
        assert!(splitter.is_thinking());
        splitter.push("</think>");
        assert!(!splitter.is_thinking() && !splitter.is_answering());
        splitter.push("b");
        assert!(splitter.is_answering());
    }
}
