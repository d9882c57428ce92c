//! The model's text as it streams: codes become numbered marks, sentences are cut.

use super::markdown::Code;
use super::marks::{literal, marks, may_become_mark};
use super::{CitedSentence, CitedText, Parsed};
use crate::sentences::{Tail, first_end};
use crate::words::is_written_without_spaces;
use std::collections::HashSet;
use std::fmt::Write as _;

/// Longest run between brackets that is held back: a dozen codes with separators, as many as one question packs.
const LONGEST_MARK: usize = 128;

/// Reads the model's text piece by piece.
///
/// ```
/// use docmind_core::{citation::CitationParser, prompt::code};
/// let mut parser = CitationParser::new([4, 9]);
/// let answer = format!("Rent is due on Monday [{}]. It rose twice [{}][{}][S5Q]. [1]", code(9), code(4), code(9));
/// let mut shown = String::new();
/// for piece in answer.split_inclusive('[') {
///     shown.push_str(&parser.push(piece).text);
/// }
/// let whole = parser.finish();
/// shown.push_str(&whole.rest.text);
/// assert_eq!(shown, "Rent is due on Monday [1]. It rose twice [2][1].");
/// assert_eq!(whole.order, [9, 4]);
/// assert_eq!(whole.sentences[1].sources, [4, 9]);
/// ```
#[derive(Clone, Debug)]
pub struct CitationParser {
    known: HashSet<u32>,
    highest: u32,
    order: Vec<u32>,
    text: String,
    /// Whether the text is code here.
    code: Code,
    /// Marks of the sentence that is not finished: where in the text each ends, and its number.
    marks: Vec<(usize, u32)>,
    /// White space not shown yet: it goes where a dropped mark leaves nothing to separate.
    space: String,
    /// An open bracket and what follows it.
    held: String,
    /// A mark was dropped after `space` began.
    dropped: bool,
    /// Nothing came since the last mark, shown or dropped.
    after_mark: bool,
    /// Numbers of the run of marks that the text ends with.
    run: Vec<u32>,
    sentence_at: usize,
    sentences: Vec<CitedSentence>,
}

impl CitationParser {
    /// `known` are the [`Source::n`](crate::answer::Source::n) in the context: only they can be cited.
    pub fn new(known: impl IntoIterator<Item = u32>) -> Self {
        let known: HashSet<u32> = known.into_iter().collect();
        Self {
            highest: known.iter().copied().max().unwrap_or(0),
            known,
            order: Vec::new(),
            text: String::new(),
            code: Code::default(),
            marks: Vec::new(),
            space: String::new(),
            held: String::new(),
            dropped: false,
            after_mark: false,
            run: Vec::new(),
            sentence_at: 0,
            sentences: Vec::new(),
        }
    }

    /// Reads a piece.
    pub fn push(&mut self, piece: &str) -> Parsed {
        let (text_before, sentences_before) = (self.text.len(), self.sentences.len());
        for c in piece.chars() {
            self.read(c);
        }
        self.cut(Tail::Open);
        Parsed {
            text: self.text[text_before..].to_owned(),
            sentences: self.sentences[sentences_before..].to_vec(),
        }
    }

    /// The end of the text: what was held back is shown.
    pub fn finish(mut self) -> CitedText {
        let (text_before, sentences_before) = (self.text.len(), self.sentences.len());
        self.release();
        self.cut(Tail::Whole);
        let rest = Parsed {
            text: self.text[text_before..].to_owned(),
            sentences: self.sentences[sentences_before..].to_vec(),
        };
        CitedText {
            rest,
            text: self.text,
            sentences: self.sentences,
            order: self.order,
        }
    }

    fn read(&mut self, c: char) {
        self.code.read(c);
        if self.held.is_empty() {
            match c {
                '[' | '【' => self.held.push(c),
                _ => self.show(c),
            }
            return;
        }
        match c {
            ']' | '】' => {
                let inner = self.held.split_off(self.held.chars().next().map_or(0, char::len_utf8));
                if let Some(found) = marks(&inner).filter(|_| self.is_mark(&inner)) {
                    self.held.clear();
                    self.mark(&found);
                } else {
                    self.held.push_str(&inner);
                    self.held.push(c);
                    if !self.code.holds() {
                        self.held = literal(&self.held, self.highest);
                    }
                    self.release();
                }
            }
            '[' | '【' => {
                self.release();
                self.held.push(c);
            }
            _ => {
                self.held.push(c);
                let inner = &self.held[self.held.chars().next().map_or(0, char::len_utf8)..];
                if self.held.len() > LONGEST_MARK || !may_become_mark(inner) {
                    self.release();
                }
            }
        }
    }

    /// False for numbers alone that are the text's own: one that no source has, an index behind a word, code.
    fn is_mark(&self, inner: &str) -> bool {
        if inner.contains(['S', 's']) {
            return true;
        }
        let mut numbers = inner
            .split(|c: char| !c.is_ascii_digit())
            .filter(|part| !part.is_empty());
        let may_be_source = |number: &str| number.parse().is_ok_and(|n: u32| (1..=self.highest).contains(&n));
        !self.code.holds() && (self.after_mark || (!self.follows_word() && numbers.all(may_be_source)))
    }

    fn follows_word(&self) -> bool {
        let is_word = |c: char| (c.is_alphanumeric() && !is_written_without_spaces(c)) || matches!(c, ')' | ']');
        self.space.is_empty() && self.text.ends_with(is_word)
    }

    /// Shows what is held as the text it is.
    fn release(&mut self) {
        for c in std::mem::take(&mut self.held).chars() {
            self.show(c);
        }
    }

    fn show(&mut self, c: char) {
        self.after_mark = false;
        if c.is_whitespace() {
            if self.dropped && c == ' ' && !self.space.is_empty() {
                return;
            }
            self.space.push(c);
            return;
        }
        let clings = matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | ')' | ']' | '…');
        if self.dropped && clings {
            self.space.clear();
        }
        self.dropped = false;
        self.run.clear();
        self.text.push_str(&std::mem::take(&mut self.space));
        self.text.push(c);
    }

    fn mark(&mut self, found: &[u32]) {
        let mut shown = false;
        for source in found.iter().filter(|source| self.known.contains(source)) {
            let n = if let Some(at) = self.order.iter().position(|known| known == source) {
                at as u32 + 1
            } else {
                self.order.push(*source);
                self.order.len() as u32
            };
            if self.run.contains(&n) {
                continue;
            }
            if !shown && self.run.is_empty() {
                self.text.push_str(&std::mem::take(&mut self.space));
            } else {
                // Marks of one run stand close, whatever the model put between them.
                self.space.clear();
            }
            shown = true;
            self.run.push(n);
            let _ = write!(self.text, "[{n}]");
            self.marks.push((self.text.len(), n));
        }
        self.dropped = !shown;
        self.after_mark = true;
        // A run of white space broken by a dropped mark keeps its first part only.
        if self.dropped && self.space.len() > 1 && !self.space.contains('\n') {
            self.space.truncate(self.space.chars().next().map_or(0, char::len_utf8));
        }
    }

    /// Cuts finished sentences off the shown text.
    fn cut(&mut self, tail: Tail) {
        loop {
            let rest = &self.text[self.sentence_at..];
            let end = match first_end(rest, tail) {
                Some(end) => end,
                None if tail == Tail::Whole && !rest.trim().is_empty() => rest.len(),
                None => return,
            };
            let text = rest[..end].trim().to_owned();
            self.sentence_at += end;
            let own = self.marks.partition_point(|(at, _)| *at <= self.sentence_at);
            let mut numbers: Vec<u32> = Vec::new();
            for (_, n) in self.marks.drain(..own) {
                if !numbers.contains(&n) {
                    numbers.push(n);
                }
            }
            if text.is_empty() {
                continue;
            }
            let sources = numbers.iter().map(|n| self.order[*n as usize - 1]).collect();
            self.sentences.push(CitedSentence { text, numbers, sources });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::whole;
    use super::*;
    use crate::prompt::code;
    use proptest::prelude::*;

    /// Everything a reader gets, however the text is cut.
    fn streamed(pieces: &[&str], known: &[u32]) -> (String, Vec<CitedSentence>, CitedText) {
        let mut parser = CitationParser::new(known.iter().copied());
        let (mut text, mut sentences) = (String::new(), Vec::new());
        for piece in pieces {
            let parsed = parser.push(piece);
            text.push_str(&parsed.text);
            sentences.extend(parsed.sentences);
        }
        let end = parser.finish();
        text.push_str(&end.rest.text);
        sentences.extend(end.rest.sentences.clone());
        (text, sentences, end)
    }

    #[test]
    fn every_split_point_gives_the_same() {
        let (a, b) = (code(2), code(7));
        let text = format!(
            "Größe [{a}] und „Maß“ [{b}, {a}]. Siehe Dr. X [{a}][{a}] [S9Q]! Links [hier](u) [S3\n- Punkt [12]. `f[1]` x[2] [{b}]\n```\n[1]\n``` [1] Ende [{a}"
        );
        let expected = whole(&text, &[2, 7]);
        for (at, _) in text.char_indices() {
            let (shown, sentences, end) = streamed(&[&text[..at], &text[at..]], &[2, 7]);
            assert_eq!(
                (shown, &sentences, &end.order),
                (expected.text.clone(), &expected.sentences, &expected.order),
                "split at {at}"
            );
        }
    }

    #[test]
    fn groups_duplicates_and_other_brackets() {
        let (a, b) = (code(1), code(2));
        assert_eq!(whole(&format!("x [{b}; {a}]"), &[1, 2]).text, "x [1][2]");
        assert_eq!(whole(&format!("x [{a}] [{a}] [{b}]."), &[1, 2]).text, "x [1][2].");
        assert_eq!(whole(&format!("x 【{}】", a.to_lowercase()), &[1, 2]).text, "x [1]");
        assert_eq!(
            whole("array[i], [sic], [S] and [Seite 3]", &[1]).text,
            "array[i], [sic], [S] and [Seite 3]"
        );
    }

    #[test]
    fn ranges_and_long_groups_are_marks() {
        let (a, c) = (code(1), code(3));
        assert_eq!(whole(&format!("x [{a}-{c}]."), &[1, 2, 3]).text, "x [1][2][3].");
        let sparse = whole(&format!("x [{a} – {c}]."), &[1, 3]);
        assert_eq!(
            (sparse.text.as_str(), sparse.order.as_slice()),
            ("x [1][2].", &[1, 3][..])
        );
        for text in ["see [1-3] and [S1-S2]", &format!("see [{c}-{a}], [{a}-S3]")] {
            let shown = whole(text, &[1, 2, 3]);
            assert_eq!((shown.text.as_str(), shown.order.len()), (text, 0));
        }
        let numbers: Vec<u32> = (1001..=1012).collect();
        let codes: Vec<String> = numbers.iter().map(|n| code(*n)).collect();
        let group = whole(&format!("x [{}]", codes.join(", ")), &numbers);
        assert_eq!(group.order, numbers, "{}", group.text);
    }

    #[test]
    fn made_up_marks_vanish_with_their_space() {
        assert_eq!(
            whole("True [S8X], and [7] so on [1, 2].", &[7]).text,
            "True, and so on."
        );
        assert_eq!(whole(&format!("True [{}].", code(5)), &[1]).text, "True.");
    }

    #[test]
    fn numbers_in_brackets_that_are_no_marks_stay() {
        for text in [
            "Donoghue v Stevenson [1932] AC 562 is cited.",
            "Set ports: [80, 443] and [0, 1].",
            "Write `ports: [1, 2]` or `x = [3]` there.",
            "```yaml\nports: [1]\nrest: [2, 3]\n```\nThat is all.",
            "``a ` [1]`` and\n\n- one:\n  ~~~\n  [2]\n  ```\n  [3]\n  ~~~",
        ] {
            let shown = whole(text, &[1, 2, 3, 4]);
            assert_eq!(shown.text, text);
            assert!(shown.sentences.iter().all(|sentence| sentence.numbers.is_empty()));
        }
        assert_eq!(
            whole("```b``` [1], `a` [2].\n```\nc\n```\nThe ` is\n\nold [3].", &[3]).text,
            "```b```, `a`.\n```\nc\n```\nThe ` is\n\nold."
        );
        assert_eq!(whole("租金[2]。", &[2]).text, "租金。");
        // Beside a mark it is one too, if of no source.
        assert_eq!(
            whole(&format!("Due [{}][7] [1932] [S9X][2024].", code(1)), &[1]).text,
            "Due [1] [1932]."
        );
    }

    #[test]
    fn marks_after_the_stop_belong_to_the_sentence_before() {
        let text = whole(&format!("One. [{}] Two [{}].", code(1), code(2)), &[1, 2]);
        assert_eq!(
            text.sentences
                .iter()
                .map(|sentence| sentence.sources.clone())
                .collect::<Vec<_>>(),
            [vec![1], vec![2]]
        );
        assert_eq!(text.sentences[0].plain(), "One.");
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(
            parts in prop::collection::vec(prop::sample::select(vec!["[", "]", "S1", "S1L", " ", "\n", ".", "a", "B", "é", ", ", "[1]", "x[2]", "`", "```", "~~~", "|", "S2", "12", "! ", "- ", "-", "–", "\u{4e2d}。", "**"]), 0..24),
            at in prop::collection::vec(0_usize..60, 0..6),
        ) {
            let text = parts.concat().replace("S1L", &code(1)).replace("S2", &code(2));
            let mut cuts: Vec<usize> = at.into_iter().filter(|at| *at <= text.len() && text.is_char_boundary(*at)).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&str> = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
            let expected = whole(&text, &[1, 2]);
            let (shown, sentences, end) = streamed(&pieces, &[1, 2]);
            prop_assert_eq!(shown, expected.text.clone());
            prop_assert_eq!(sentences, expected.sentences);
            prop_assert_eq!(end.order, expected.order);
            prop_assert_eq!(end.text, expected.text);
        }

        #[test]
        fn only_known_sources_are_cited(text in "[S0-9A-Z\\[\\] .,a`]{0,40}") {
            let parsed = whole(&text, &[1, 2, 3]);
            prop_assert!(parsed.order.iter().all(|n| (1..=3).contains(n)));
            for sentence in &parsed.sentences {
                let sources: Vec<u32> = sentence.numbers.iter().map(|n| parsed.order[*n as usize - 1]).collect();
                prop_assert_eq!(&sources, &sentence.sources);
            }
        }
    }
}
