//! Glyphs to words, words to segments: what stands side by side without a wide gap.

use crate::pdf::glyphs::Glyph;
use crate::pdf::order::same_row;
use docmind_core::document::Rect;

/// A gap wider than this many font sizes parts a row into segments: columns, cells of a table.
const GAP: f32 = 1.8;

/// A word as drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// Its characters, each with its place.
    pub glyphs: Vec<(char, Rect)>,
    /// Around all of them.
    pub rect: Rect,
    /// PDFium saw a hyphen at the line's end; it is not among the glyphs.
    pub hyphen: bool,
}

/// Words on one row without a wide gap between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// In reading order.
    pub words: Vec<Word>,
    /// Around all words.
    pub rect: Rect,
    /// Size of the font most of it is set in, in points.
    pub size: f32,
    /// Heavy enough to stand out.
    pub bold: bool,
    /// Characters, spaces apart.
    pub chars: usize,
    /// Stands on the row of the segment before it, after a wide gap.
    pub follows_gap: bool,
    /// Most of it is Hebrew or Arabic.
    pub right_to_left: bool,
}

impl Word {
    /// What parts it from the next word of its segment: nothing where a single character is only set wide.
    pub fn gap_to(&self, next: &Self, size: f32) -> &'static str {
        let alone = self.glyphs.len() == 1 || next.glyphs.len() == 1;
        let (Some((last, _)), Some((first, _))) = (self.glyphs.last(), next.glyphs.first()) else {
            return " ";
        };
        let wide_latin = is_wide_latin(*last) || is_wide_latin(*first);
        if alone && joined(*last, *first) && !wide_latin && distance(&self.rect, &next.rect) <= 0.9 * size {
            ""
        } else {
            " "
        }
    }
}

impl Segment {
    /// What parts it from the next segment on its row: a tab where the gap is wide, nothing before a raised or lowered mark that
    /// touches it, as in `a²`.
    pub fn gap_to(&self, next: &Self) -> &'static str {
        let size = self.size.max(next.size).max(1.0);
        let gap = distance(&self.rect, &next.rect);
        if gap > GAP * size {
            return "\t";
        }
        let raised = self.size.min(next.size) < 0.85 * size;
        // The number of a footnote behind a word would make another word of it.
        let footnote = self
            .words
            .last()
            .is_some_and(|word| word.glyphs.len() > 2 && word.glyphs.iter().all(|(c, _)| c.is_alphabetic()))
            && next
                .words
                .iter()
                .all(|word| word.glyphs.iter().all(|(c, _)| c.is_ascii_digit()));
        if raised && gap < 0.15 * size && !footnote {
            ""
        } else {
            " "
        }
    }

    /// The words with single spaces.
    #[cfg(test)]
    pub fn text(&self) -> String {
        self.words
            .iter()
            .map(|word| word.glyphs.iter().map(|(c, _)| *c).collect::<String>())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// A value that has no drawing: its words share the field's rectangle.
pub fn typed(value: &str, rect: Rect) -> Segment {
    let words: Vec<Word> = value
        .split_whitespace()
        .map(|word| Word {
            glyphs: word.chars().map(|c| (c, rect)).collect(),
            rect,
            hyphen: false,
        })
        .collect();
    let chars = words.iter().map(|word| word.glyphs.len()).sum();
    Segment {
        words,
        rect,
        size: 10.0,
        bold: false,
        chars,
        follows_gap: false,
        right_to_left: false,
    }
}

pub fn segments(glyphs: &[Glyph]) -> Vec<Segment> {
    let mut builder = SegmentBuilder::default();
    for glyph in glyphs {
        match *glyph {
            Glyph::Font { size, bold } => {
                builder.end_word(false);
                (builder.size, builder.bold) = (size, bold);
            }
            Glyph::Drawn { c, rect } => builder.push(c, rect),
            Glyph::Space => builder.end_word(false),
            Glyph::LineEnd => builder.end_segment(false),
            Glyph::Hyphen => {
                builder.end_word(true);
                builder.end_segment(false);
            }
        }
    }
    builder.end_segment(false);
    builder.done
}

#[derive(Default)]
pub struct SegmentBuilder {
    pub(super) done: Vec<Segment>,
    words: Vec<Word>,
    pub(super) glyphs: Vec<(char, Rect)>,
    size: f32,
    bold: bool,
    follows_gap: bool,
    /// Characters by size and weight of the segment at hand: the most frequent gives its font.
    fonts: Vec<(f32, bool, usize)>,
}

impl SegmentBuilder {
    /// Empty, in a font of this size.
    #[cfg(test)]
    pub(super) fn of_size(size: f32) -> Self {
        Self {
            size,
            ..Self::default()
        }
    }

    fn push(&mut self, c: char, rect: Rect) {
        if let Some(&(_, last)) = self.glyphs.last()
            && same_row(&last, &rect)
            && distance(&last, &rect) > GAP * self.size.max(1.0)
        {
            self.end_word(false);
        }
        if self.glyphs.is_empty()
            && let Some(word) = self.words.last()
            && same_row(&word.rect, &rect)
            && distance(&word.rect, &rect) > GAP * self.size.max(1.0)
        {
            self.end_segment(true);
        }
        self.glyphs.push((c, rect));
    }

    pub(super) fn end_word(&mut self, hyphen: bool) {
        if self.glyphs.is_empty() {
            if hyphen && let Some(word) = self.words.last_mut() {
                word.hyphen = true;
            }
            return;
        }
        let glyphs = std::mem::take(&mut self.glyphs);
        let rect = glyphs
            .iter()
            .skip(1)
            .fold(glyphs[0].1, |around, (_, rect)| union(&around, rect));
        match self
            .fonts
            .iter_mut()
            .find(|(size, bold, _)| (*size - self.size).abs() < 0.3 && *bold == self.bold)
        {
            Some(font) => font.2 += glyphs.len(),
            None => self.fonts.push((self.size, self.bold, glyphs.len())),
        }
        self.words.push(Word { glyphs, rect, hyphen });
    }

    pub(super) fn end_segment(&mut self, gap_follows: bool) {
        self.end_word(false);
        let fonts = std::mem::take(&mut self.fonts);
        if !self.words.is_empty() {
            let mut words = std::mem::take(&mut self.words);
            let rect = words
                .iter()
                .skip(1)
                .fold(words[0].rect, |around, word| union(&around, &word.rect));
            let (size, bold, _) = fonts.into_iter().max_by_key(|font| font.2).unwrap_or((10.0, false, 0));
            let chars = words.iter().map(|word| word.glyphs.len()).sum();
            let right = words
                .iter()
                .flat_map(|w| &w.glyphs)
                .filter(|(c, _)| is_right_to_left(*c))
                .count();
            let right_to_left = right * 2 > chars;
            if right_to_left {
                turn_brackets(&mut words);
            }
            self.done.push(Segment {
                words,
                rect,
                size,
                bold,
                chars,
                follows_gap: self.follows_gap,
                right_to_left,
            });
        }
        self.follows_gap = gap_follows;
    }
}

fn distance(a: &Rect, b: &Rect) -> f32 {
    (b.x0 - a.x1).max(a.x0 - b.x1)
}

pub fn union(a: &Rect, b: &Rect) -> Rect {
    Rect {
        x0: a.x0.min(b.x0),
        y0: a.y0.min(b.y0),
        x1: a.x1.max(b.x1),
        y1: a.y1.max(b.y1),
    }
}

fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}')
}

/// Scripts written without spaces: each character is a word of its own to a highlighter.
pub fn stands_alone(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{3096}' | '\u{309d}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Characters of such scripts, their punctuation, and letters and digits of their width.
pub fn joins(c: char) -> bool {
    stands_alone(c) || matches!(c, '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{301f}' | '\u{ff01}'..='\u{ff60}')
}

/// True where no space belongs between the two.
pub fn joined(left: char, right: char) -> bool {
    joins(left) && joins(right) && !(is_wide_latin(left) && is_wide_latin(right))
}

/// Letters and digits as wide as an ideograph: they are written with spaces.
pub fn is_wide_latin(c: char) -> bool {
    matches!(c, '\u{ff10}'..='\u{ff19}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}')
}

/// Brackets of a line written from the right, where they come as drawn instead of as meant: turned round if that makes pairs of them.
fn turn_brackets(words: &mut [Word]) {
    let turned = |c| match c {
        '(' => ')',
        ')' => '(',
        '[' => ']',
        ']' => '[',
        other => other,
    };
    let pairs = |turn: bool| {
        let mut open = Vec::new();
        for (c, _) in words.iter().flat_map(|word| &word.glyphs) {
            match if turn { turned(*c) } else { *c } {
                bracket @ ('(' | '[') => open.push(bracket),
                ')' if open.pop() != Some('(') => return false,
                ']' if open.pop() != Some('[') => return false,
                _ => {}
            }
        }
        open.is_empty()
    };
    if !pairs(false) && pairs(true) {
        for (c, _) in words.iter_mut().flat_map(|word| &mut word.glyphs) {
            *c = turned(*c);
        }
    }
}
