//! Fractions and powers of MathML, whose parts only their order tells apart.

use crate::text::bracket;

/// Fractions within fractions that are told; each level moves what is in it.
const MAX_DEPTH: usize = 16;

/// The open fractions and powers.
#[derive(Debug, Default)]
pub struct Maths(Vec<Pair>);

/// An element of two parts.
#[derive(Debug)]
struct Pair {
    is_fraction: bool,
    /// Open elements in it.
    depth: usize,
    /// Where its part begins in the text.
    start: usize,
    parts_done: u32,
}

impl Maths {
    /// True outside all of them.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets them: the text they stand in is over.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// An element that will end begins.
    pub fn open(&mut self, name: &str, text: &mut String) {
        if let Some(pair) = self.0.last_mut() {
            pair.depth += 1;
        }
        if matches!(name, "mfrac" | "msup") && self.0.len() < MAX_DEPTH {
            let is_fraction = name == "mfrac";
            // Two and a half is not 21/2.
            if is_fraction && text.ends_with(|c: char| c.is_ascii_digit()) {
                text.push(' ');
            }
            self.0.push(Pair {
                is_fraction,
                depth: 0,
                start: text.len(),
                parts_done: 0,
            });
        }
    }

    /// An element without content.
    pub fn empty(&mut self, text: &mut String) {
        if let Some(pair) = self.0.last_mut().filter(|pair| pair.depth == 0) {
            pair.end_part(text);
        }
    }

    /// An element ends.
    pub fn close(&mut self, text: &mut String) {
        if self.0.last().is_some_and(|pair| pair.depth == 0) {
            self.0.pop();
        }
        if let Some(pair) = self.0.last_mut().filter(|pair| pair.depth > 0) {
            pair.depth -= 1;
            if pair.depth == 0 {
                pair.end_part(text);
            }
        }
    }
}

impl Pair {
    fn end_part(&mut self, text: &mut String) {
        self.parts_done += 1;
        let is_empty = text.len() <= self.start;
        if self.is_fraction && self.parts_done <= 2 {
            bracket(text, self.start);
        }
        match (self.parts_done, self.is_fraction) {
            (1, true) if !is_empty => text.push('/'),
            (1, false) if text.ends_with(|c: char| c.is_ascii_digit()) => text.push('^'),
            _ => {}
        }
        self.start = text.len();
    }
}
