//! From the model's text to an answer whose sentences name their sources.
//!
//! [`CitationParser`] reads tokens as they come: `[S3M]` becomes `[1]`, numbered by first use; a code that no source has, and a bare
//! `[7]` that could be the number of a source, vanish; sentences are cut while they stream, each with the sources it names. What
//! else stands in brackets stays (`[1932] AC 562`, `ports: [80, 443]`, `argv[1]`), kept apart from marks where it looks like one
//! ([`literal`]). What it does depends on the text alone, never on how it was cut into pieces (property-tested at every split point).
//!
//! An answer without any mark is attributed afterwards, sentence by sentence, to the source whose words cover it
//! ([`attribute`]). The quote shown for a citation is taken from the source itself ([`quote`]): a 4B model cannot be trusted to
//! quote verbatim.

mod markdown;

use crate::answer::{Citation, Source, Support};
use crate::document::Span;
use crate::prompt::number;
use crate::sentences::{Tail, first_end};
use crate::support::{Claim, Evidence};
use crate::words::is_written_without_spaces;
use markdown::{Code, place_of_mark};
use std::collections::HashSet;
use std::fmt::Write as _;

/// Longest run between brackets that is held back: six codes with separators.
const LONGEST_MARK: usize = 64;
/// Stands between a bracket and its number where they are no mark. Nothing shows it, and no document has it: parsing drops it.
const WORD_JOINER: char = '\u{2060}';
/// Coverage from which a sentence without a mark is attributed to a source.
const ATTRIBUTED: f32 = 0.5;

/// A sentence of the answer and the sources it names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CitedSentence {
    /// As shown, with its marks `[n]`.
    pub text: String,
    /// Numbers shown, in order.
    pub numbers: Vec<u32>,
    /// The same as [`Source::n`].
    pub sources: Vec<u32>,
}

impl CitedSentence {
    /// Without its marks: what is checked against the sources.
    pub fn plain(&self) -> String {
        without_marks(&self.text, &self.numbers)
    }
}

/// What one piece of the model's text brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Text to show now; may be empty while a mark is undecided.
    pub text: String,
    /// Sentences that were finished.
    pub sentences: Vec<CitedSentence>,
}

/// The whole text, read to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CitedText {
    /// What was held back until the end.
    pub rest: Parsed,
    /// All of it, with marks `[n]`.
    pub text: String,
    /// Every sentence.
    pub sentences: Vec<CitedSentence>,
    /// [`Source::n`] of each shown number: `order[0]` is the source of `[1]`.
    pub order: Vec<u32>,
}

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
    /// `known` are the [`Source::n`] in the context: only they can be cited.
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

/// The sources that the inside of a pair of brackets names: codes with a right check letter, or none for what is a mark but names
/// nothing; `None` for ordinary text.
fn marks(inner: &str) -> Option<Vec<u32>> {
    let mut found = Vec::new();
    let parts = inner.replace(" and ", ",").replace(" und ", ",");
    for part in parts.split([',', ';']) {
        let part = part.trim_start_matches(' ').trim_end_matches(' ');
        if let Some(n) = number(part) {
            found.push(n);
        } else if !is_shape(part) {
            return None;
        }
    }
    (!inner.starts_with(' ')).then_some(found)
}

/// Digits alone, or `S`, digits and perhaps a letter: made up.
fn is_shape(part: &str) -> bool {
    let digits = part.strip_prefix(['S', 's']).unwrap_or(part);
    let after = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    after.len() < digits.len()
        && (after.is_empty()
            || (digits.len() < part.len() && after.len() == 1 && after.starts_with(|c: char| c.is_ascii_alphabetic())))
}

/// False as soon as no continuation can make a mark of it.
fn may_become_mark(inner: &str) -> bool {
    inner.starts_with(|c: char| matches!(c, 'S' | 's') || c.is_ascii_digit())
        && inner
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, ',' | ';' | ' '))
}

/// The number of the mark `[n]` that `text` begins with.
fn number_in(text: &str) -> Option<u32> {
    let inner = text.strip_prefix('[')?;
    let after = inner.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &inner[..inner.len() - after.len()];
    after.starts_with(']').then(|| digits.parse().ok())?
}

/// Text of a document in which nothing can be taken for one of the marks `[1]` to `[most]`. It reads as before.
///
/// ```
/// use docmind_core::citation::literal;
/// assert_eq!(literal("argv[1] of x[0] in [1932]", 3), "argv[\u{2060}1] of x[0] in [1932]");
/// ```
pub fn literal(text: &str, most: u32) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        out.push(c);
        if c == '[' && number_in(&text[at..]).is_some_and(|n| (1..=most).contains(&n)) {
            out.push(WORD_JOINER);
        }
    }
    out
}

/// Shown text without its marks, which bear these numbers, and the space before them.
fn without_marks(text: &str, numbers: &[u32]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        if number_in(rest).is_some_and(|n| numbers.contains(&n)) {
            out.truncate(out.trim_end_matches(' ').len());
            rest = rest.split_once(']').map_or("", |(_, after)| after);
        } else {
            out.push('[');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

/// Gives an answer that carries no mark the marks it should have: each sentence the source that covers it best, if at least half.
/// `cosines`, where at hand, are those of each sentence (rows) with each source (columns), and break near ties. Code, and what a
/// table has above its rows, get none.
pub fn attribute(text: CitedText, sources: &[Source], cosines: Option<&[Vec<f32>]>) -> CitedText {
    if !text.order.is_empty() || sources.is_empty() {
        return text;
    }
    let passages: Vec<Evidence> = sources.iter().map(Evidence::of).collect();
    let mut out = CitedText {
        rest: text.rest.clone(),
        ..CitedText::default()
    };
    let mut from = 0;
    let mut code = Code::default();
    for (row, sentence) in text.sentences.iter().enumerate() {
        let end = text.text[from..]
            .find(&sentence.text)
            .map_or(text.text.len(), |at| from + at + sentence.text.len());
        text.text[from..end].chars().for_each(|c| code.read(c));
        let place = place_of_mark(&text.text, end).filter(|place| !code.holds() && *place + sentence.text.len() > end);
        let claim = Claim::of(&sentence.text);
        let value = |at: usize, coverage: f32| {
            let cosine = cosines
                .and_then(|rows| rows.get(row))
                .and_then(|row| row.get(at))
                .copied()
                .unwrap_or(0.0);
            coverage + 0.2 * cosine
        };
        let best = passages
            .iter()
            .map(|passage| passage.coverage(&claim))
            .enumerate()
            .filter(|(_, coverage)| *coverage >= ATTRIBUTED)
            .max_by(|a, b| value(a.0, a.1).total_cmp(&value(b.0, b.1)).then(b.0.cmp(&a.0)));
        let mut cited = sentence.clone();
        if let (Some(place), Some((at, _))) = (place, best) {
            out.text.push_str(&text.text[from..place]);
            from = place;
            let source = sources[at].n;
            let n = if let Some(at) = out.order.iter().position(|known| *known == source) {
                at as u32 + 1
            } else {
                out.order.push(source);
                out.order.len() as u32
            };
            let mark = format!(" [{n}]");
            out.text.push_str(&mark);
            cited.text.insert_str(sentence.text.len() - (end - place), &mark);
            cited.numbers = vec![n];
            cited.sources = vec![source];
        }
        out.text.push_str(&text.text[from..end]);
        from = end;
        out.sentences.push(cited);
    }
    out.text.push_str(&text.text[from..]);
    out
}

/// Where in the page the source says what the sentence says, and the page's text there: one sentence of the source, or two
/// neighbours where the second adds to it.
pub fn quote(sentence: &str, source: &Source) -> (Span, String) {
    let passage = Evidence::of(source);
    let range = passage.best_range(&Claim::of(sentence)).unwrap_or(0..source.text.len());
    let before = source.text[..range.start].chars().count() as u32;
    let text = &source.text[range];
    let start = source.span.start + before;
    (Span::new(start, start + text.chars().count() as u32), text.to_owned())
}

/// The citations of an answer, one for each sentence and source it names, in order. `check` judges a sentence against a source.
pub fn citations(
    text: &CitedText,
    sources: &[Source],
    mut check: impl FnMut(&CitedSentence, &Source) -> Support,
) -> Vec<Citation> {
    let mut out = Vec::new();
    for sentence in &text.sentences {
        for (n, number) in sentence.sources.iter().zip(&sentence.numbers) {
            let Some(source) = sources.iter().find(|source| source.n == *n) else {
                continue;
            };
            let plain = sentence.plain();
            let (span, quote) = quote(&plain, source);
            out.push(Citation {
                n: *number,
                source: source.n,
                document_id: source.document_id,
                document_hash: source.document_hash.clone(),
                path: source.path.clone(),
                title: source.title.clone(),
                page: source.page,
                span,
                quote,
                support: check(sentence, source),
                sentence: plain,
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{ContentHash, DocumentId};
    use crate::prompt::code;
    use proptest::prelude::*;

    fn whole(text: &str, known: &[u32]) -> CitedText {
        let mut parser = CitationParser::new(known.iter().copied());
        parser.push(text);
        parser.finish()
    }

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

    fn source(n: u32, start: u32, text: &str) -> Source {
        Source {
            n,
            document_id: DocumentId(n),
            document_hash: ContentHash("0".repeat(64)),
            path: String::new(),
            title: "Lease".into(),
            page: 3,
            span: Span::new(start, start + text.chars().count() as u32),
            heading: vec![],
            table_header: String::new(),
            text: text.into(),
        }
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
    fn an_index_is_kept_apart_from_the_marks() {
        let text = whole(
            &format!(
                "Here argv[1] is the path of f(x)[2][{}]. It was said in [1932] too [{}].",
                code(2),
                code(1)
            ),
            &[1, 2],
        );
        assert_eq!(
            text.text,
            "Here argv[\u{2060}1] is the path of f(x)[\u{2060}2][1]. It was said in [1932] too [2]."
        );
        let pairs: Vec<_> = text
            .sentences
            .iter()
            .map(|sentence| (sentence.numbers.as_slice(), sentence.sources.as_slice()))
            .collect();
        assert_eq!(pairs, [([1].as_slice(), [2].as_slice()), (&[2], &[1])]);
        assert_eq!(
            text.sentences[0].plain(),
            "Here argv[\u{2060}1] is the path of f(x)[\u{2060}2]."
        );
        assert_eq!(text.sentences[1].plain(), "It was said in [1932] too.");
        let sources = [source(1, 0, "It was said."), source(2, 0, "argv[1] is the path.")];
        let cited: Vec<_> = citations(&text, &sources, |_, _| Support::Supported)
            .iter()
            .map(|citation| (citation.n, citation.source))
            .collect();
        assert_eq!(cited, [(1, 2), (2, 1)]);
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

    #[test]
    fn sentences_without_marks_find_their_source() {
        let sources = [
            source(4, 0, "The rent is due on the third working day of each month."),
            source(6, 0, "Dogs may be kept with consent of the landlord."),
        ];
        let bare = whole(
            "Dogs may be kept with the landlord's consent. The rent is due on the third working day. The moon is far.",
            &[4, 6],
        );
        let text = attribute(bare, &sources, None);
        assert_eq!(
            text.text,
            "Dogs may be kept with the landlord's consent. [1] The rent is due on the third working day. [2] The moon is far."
        );
        assert_eq!(text.order, [6, 4]);
        assert_eq!(text.sentences[2].sources, Vec::<u32>::new());
    }

    #[test]
    fn a_quote_keeps_the_numbers_of_its_document() {
        let sources = [source(4, 0, "The program reads argv[1] of [1932] as the path [12].")];
        let found = crate::extract::candidates(&sources);
        let text = crate::extract::extract("What does the program read?", &sources, &[1.0], &found, None);
        assert_eq!(
            text.text,
            "The program reads argv[\u{2060}1] of [1932] as the path [12]. [1]"
        );
        assert_eq!(
            text.sentences[0].plain(),
            "The program reads argv[\u{2060}1] of [1932] as the path [12]."
        );
        let cited = citations(&text, &sources, |_, _| Support::Supported);
        assert_eq!((cited.len(), cited[0].quote.as_str()), (1, sources[0].text.as_str()));
    }

    #[test]
    fn marks_that_come_afterwards_break_no_table_and_no_code() {
        let sources = [source(
            1,
            0,
            "City, price and breakfast: Berlin 140 euros, breakfast included; Zurich 230 euros, no breakfast.\n\
             Set the price with city price 140 breakfast.",
        )];
        for (bare, marked) in [
            (
                "| City | Price | Breakfast |\n|---|:--|---|\n| Berlin | 140 euros | included |\n| Zurich | 230 euros | no |\n",
                "| City | Price | Breakfast |\n|---|:--|---|\n| Berlin | 140 euros | included [1] |\n| Zurich | 230 euros | no [1] |",
            ),
            (
                "City | Price\n--- | ---\nBerlin | 140 euros",
                "City | Price\n--- | ---\nBerlin | 140 euros [1]",
            ),
            (
                "Berlin is 140 euros.\n\n```sh\nset city price 140\n\nSet price breakfast.\n```\n\nZurich is 230 euros.",
                "Berlin is 140 euros. [1]\n\n```sh\nset city price 140\n\nSet price breakfast.\n```\n\nZurich is 230 euros. [1]",
            ),
        ] {
            let text = attribute(whole(bare, &[1]), &sources, None);
            assert_eq!(text.text, marked);
            for sentence in &text.sentences {
                assert!(marked.contains(&sentence.text), "{}", sentence.text);
                assert!(bare.contains(&sentence.plain()), "{}", sentence.plain());
                assert_eq!(sentence.numbers.len(), sentence.text.matches("[1]").count());
            }
        }
    }

    #[test]
    fn the_quote_is_the_pages_own_sentence() {
        let source = source(
            1,
            100,
            "Über alles: nichts. The deposit is three months' rent. It is paid back in May.",
        );
        let (span, text) = quote("Three months of rent are the deposit.", &source);
        assert_eq!(text, "The deposit is three months' rent.");
        assert_eq!(span, Span::new(120, 120 + text.chars().count() as u32));
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(
            parts in prop::collection::vec(prop::sample::select(vec!["[", "]", "S1", "S1L", " ", "\n", ".", "a", "B", "é", ", ", "[1]", "x[2]", "`", "```", "~~~", "|", "S2", "12", "! ", "- ", "\u{4e2d}。", "**"]), 0..24),
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
