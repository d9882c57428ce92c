//! What MathML says by its elements and not in words: fractions, scripts, roots, brackets. Their parts only the order tells apart.

use super::{Script, between, bracket};
use crate::error::ParseError;
use crate::output::Output;
use crate::xml::{Token, Xml};

/// Elements within each other that are told; each level moves what is in it.
const MAX_DEPTH: usize = 16;

/// The open elements of which the order of the parts counts.
#[derive(Debug, Default)]
pub struct Maths(Vec<Element>);

#[derive(Debug)]
struct Element {
    kind: Kind,
    /// Open elements in it.
    depth: usize,
    /// Where its part begins in the text.
    start: usize,
    parts_done: u32,
}

#[derive(Debug)]
enum Kind {
    Fraction,
    Power,
    Index,
    /// What stands low, then what stands high.
    Scripts,
    Root,
    /// What it is of, then its degree.
    NthRoot,
    Fenced {
        end: String,
    },
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "mfrac" => Self::Fraction,
            "msup" => Self::Power,
            "msub" | "munder" => Self::Index,
            "msubsup" | "munderover" => Self::Scripts,
            "msqrt" => Self::Root,
            "mroot" => Self::NthRoot,
            "mfenced" => Self::Fenced { end: String::new() },
            _ => return None,
        })
    }
}

/// True for an element whose digits are no digits of the number behind it.
pub fn parts_numbers(name: &str) -> bool {
    Kind::of(name).is_some() || name == "mtd"
}

/// The text of a formula, the reader standing inside its `math`.
///
/// # Errors
/// Those of XML; over the limit of text; cancelled; out of time.
pub fn read(xml: &mut Xml<'_>, out: &Output<'_>) -> Result<String, ParseError> {
    let outside = xml.depth().saturating_sub(1);
    let (mut text, mut script, mut maths) = (String::new(), Script::Same, Maths::default());
    let mut tokens = 0_u32;
    while xml.depth() > outside {
        tokens = tokens.wrapping_add(1);
        if tokens.is_multiple_of(4096) {
            out.gathering(text.len())?;
        }
        match xml.next()? {
            Some(Token::Open(tag)) => match tag.name() {
                // The same once more, for programs.
                "annotation" | "annotation-xml" => xml.skip()?,
                name => {
                    // A place of a matrix.
                    if name == "mtd" && text.ends_with(char::is_alphanumeric) {
                        text.push(' ');
                    }
                    maths.open(name, |key| tag.attribute(key), &mut text);
                }
            },
            Some(Token::Close(name)) => {
                maths.close(&mut text);
                if parts_numbers(name.name()) {
                    script = Script::Back;
                }
            }
            // Between the elements white space is for those who read the source.
            Some(Token::Text(piece)) if !piece.trim().is_empty() => {
                text.extend(between(&text, &piece, std::mem::take(&mut script)));
                text.extend(piece.chars().map(|c| if c.is_whitespace() { ' ' } else { c }));
            }
            Some(Token::Text(_)) => {}
            None => break,
        }
    }
    Ok(text.trim().to_owned())
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

    /// An element that will end begins; `attribute` gives its attributes by name.
    pub fn open(&mut self, name: &str, attribute: impl Fn(&str) -> Option<String>, text: &mut String) {
        if let Some(outer) = self.0.last_mut() {
            if matches!(outer.kind, Kind::Fenced { .. }) && outer.depth == 0 && outer.parts_done > 0 {
                text.push(',');
            }
            outer.depth += 1;
        }
        let Some(mut kind) = Kind::of(name).filter(|_| self.0.len() < MAX_DEPTH) else {
            return;
        };
        match &mut kind {
            // Two and a half is not 21/2.
            Kind::Fraction if text.ends_with(|c: char| c.is_ascii_digit()) => text.push(' '),
            Kind::Root => text.push('√'),
            Kind::Fenced { end } => {
                text.push_str(&attribute("open").unwrap_or_else(|| "(".to_owned()));
                *end = attribute("close").unwrap_or_else(|| ")".to_owned());
            }
            _ => {}
        }
        self.0.push(Element {
            kind,
            depth: 0,
            start: text.len(),
            parts_done: 0,
        });
    }

    /// An element without content.
    pub fn empty(&mut self, text: &mut String) {
        if let Some(element) = self.0.last_mut().filter(|element| element.depth == 0) {
            element.end_part(text);
        }
    }

    /// An element ends.
    pub fn close(&mut self, text: &mut String) {
        if let Some(done) = self.0.pop_if(|element| element.depth == 0) {
            match &done.kind {
                Kind::Root => bracket(text, done.start),
                Kind::Fenced { end } => text.push_str(end),
                _ => {}
            }
        }
        if let Some(element) = self.0.last_mut().filter(|element| element.depth > 0) {
            element.depth -= 1;
            if element.depth == 0 {
                element.end_part(text);
            }
        }
    }
}

impl Element {
    fn end_part(&mut self, text: &mut String) {
        self.parts_done += 1;
        let is_empty = text.len() <= self.start;
        let ends_with_digit = text.ends_with(|c: char| c.is_ascii_digit());
        match (&self.kind, self.parts_done) {
            (Kind::Fraction, 1) => {
                bracket(text, self.start);
                if !is_empty {
                    text.push('/');
                }
            }
            (Kind::Power, 1) if !is_empty => text.push('^'),
            (Kind::Index, 1) if ends_with_digit => text.push('_'),
            (Kind::Scripts, 1) if !is_empty => text.push('_'),
            (Kind::Scripts, 2) => {
                bracket(text, self.start);
                text.push('^');
            }
            (Kind::NthRoot, 1) => {
                bracket(text, self.start);
                text.push_str("^(1/");
            }
            (Kind::NthRoot, 2) => text.push(')'),
            (Kind::Fraction | Kind::Power | Kind::Index, 2) | (Kind::Scripts, 3) => bracket(text, self.start),
            _ => {}
        }
        // A root is of all its parts together.
        if !matches!(self.kind, Kind::Root) {
            self.start = text.len();
        }
    }
}
