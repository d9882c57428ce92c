//! Text that its style raises (OpenDocument 1.3 part 3, 20.391 `style:text-position`).

use crate::formula::{Line, is_above};
use crate::output::Output;
use crate::xml::{Tag, Token, Xml};
use std::collections::HashMap;

/// The styles that say where their text stands: true for those that raise it.
#[derive(Debug, Default)]
pub struct Positions(HashMap<String, bool>);

impl Positions {
    /// Learns the styles of a part, which stand before its body. Those of `styles.xml` go first: others are made from them.
    pub fn learn(&mut self, source: &str, out: &Output<'_>) {
        let mut xml = Xml::new(source, out.limits.xml_depth);
        let mut style = String::new();
        while let Ok(Some(token)) = xml.next() {
            let Token::Open(tag) = token else { continue };
            match tag.name() {
                "body" => break,
                "style" => {
                    style = tag.attribute("name").unwrap_or_default();
                    let parent = tag.attribute("parent-style-name");
                    if let Some(is_raised) = parent.and_then(|parent| self.0.get(&parent).copied()) {
                        self.0.insert(style.clone(), is_raised);
                    }
                }
                // The second one is OpenOffice 1's.
                "text-properties" | "properties" if !style.is_empty() => {
                    if let Some(position) = tag.attribute("text-position") {
                        self.0.insert(style.clone(), is_raised(&position));
                    }
                }
                _ => {}
            }
        }
    }
}

/// `super 58%`, `33% 58%`: a word or a share of the height, then the size.
fn is_raised(position: &str) -> bool {
    let height = position.split_whitespace().next().unwrap_or_default();
    height == "super" || is_above(height)
}

/// A line with spans in it, some of which raise their text.
#[derive(Debug, Default)]
pub struct SpannedLine {
    /// What came so far.
    pub line: Line,
    /// Of each open span, whether the text around it is raised.
    around: Vec<bool>,
}

impl SpannedLine {
    /// A span begins.
    pub fn begin(&mut self, span: &Tag<'_>, positions: &Positions) {
        self.around.push(self.line.is_raised);
        let style = span.attribute("style-name");
        if let Some(is_raised) = style.and_then(|style| positions.0.get(&style)) {
            self.line.is_raised = *is_raised;
        }
    }

    /// The inner span ends.
    pub fn end(&mut self) {
        if let Some(is_raised) = self.around.pop() {
            self.line.is_raised = is_raised;
        }
    }
}
