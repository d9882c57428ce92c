//! Numbers that OpenDocument puts before items of lists and before headings (version 1.3 part 3, 16.30 to 16.38).

use crate::numbering::{Counts, LEVELS, Numerals};
use crate::output::Output;
use crate::xml::{Tag, Token, Xml};
use std::collections::{HashMap, HashSet};

/// Characters that stand before or behind a number at most.
const LONGEST_AFFIX: usize = 30;

/// Bytes of a style's name at most: it is copied for each list and level.
const LONGEST_NAME: usize = 200;

/// The name that the numbering of headings has here.
const OUTLINE: &str = "\0outline";

/// The lists of a document, and how far they have come.
#[derive(Debug, Default)]
pub struct Lists {
    styles: HashMap<String, HashMap<usize, Level>>,
    counts: HashMap<String, Counts>,
    /// Paragraph styles that are in no list, not even as headings.
    unnumbered: HashSet<String>,
    /// Open lists, the inner ones last.
    open: Vec<OpenList>,
}

#[derive(Debug)]
struct Level {
    numerals: Option<Numerals>,
    before: String,
    behind: String,
    start: u32,
    /// Levels whose numbers are shown, this one among them.
    shown: usize,
}

#[derive(Debug)]
struct OpenList {
    style: String,
    item: Item,
}

/// How far the open item of a list is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Item {
    /// Its first paragraph has come, or there is none.
    #[default]
    Begun,
    /// Its first paragraph will be the next of the list, or have the number it gives.
    Awaited(Option<u32>),
}

impl Lists {
    /// Learns the styles of a part, which stand before its body.
    pub fn learn(&mut self, source: &str, out: &Output<'_>) {
        let mut xml = Xml::new(source, out.limits.xml_depth);
        let mut style: Option<String> = None;
        while let Ok(Some(token)) = xml.next() {
            match token {
                Token::Open(tag) => match (tag.name(), &style) {
                    ("body", _) => break,
                    ("list-style", _) => style = name_of(&tag, "name"),
                    ("outline-style", _) => style = Some(OUTLINE.to_owned()),
                    ("list-level-style-number" | "outline-level-style", Some(style)) => {
                        if let Some(at) = level_of(&tag, "level") {
                            self.styles
                                .entry(style.clone())
                                .or_default()
                                .insert(at, Level::of(&tag));
                        }
                    }
                    ("style", _) if tag.attribute("list-style-name").is_some_and(|list| list.is_empty()) => {
                        self.unnumbered.extend(tag.attribute("name"));
                    }
                    _ => {}
                },
                Token::Close(name) if matches!(name.name(), "list-style" | "outline-style") => style = None,
                _ => {}
            }
        }
    }

    /// True inside a list.
    pub fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// A list begins.
    pub fn begin(&mut self, tag: &Tag<'_>) {
        let outer = self.open.last();
        let style = name_of(tag, "style-name")
            .or_else(|| Some(outer?.style.clone()))
            .unwrap_or_default();
        let goes_on = tag.attribute("continue-numbering").is_some_and(|on| on == "true")
            || tag.attribute("continue-list").is_some()
            // An item without a paragraph of its own leads on to the deeper level of the list before.
            || outer.is_some_and(|outer| outer.item != Item::Begun);
        if !goes_on && let Some(counts) = self.counts.get_mut(&style) {
            counts.restart(self.open.len());
        }
        self.open.push(OpenList {
            style,
            item: Item::Begun,
        });
    }

    /// An item of the inner list begins.
    pub fn begin_item(&mut self, tag: &Tag<'_>) {
        let start = tag.attribute("start-value").and_then(|start| start.parse().ok());
        if let Some(list) = self.open.last_mut() {
            list.item = Item::Awaited(start);
        }
    }

    /// An item of the inner list ends.
    pub fn end_item(&mut self) {
        if let Some(list) = self.open.last_mut() {
            list.item = Item::Begun;
        }
    }

    /// The inner list ends.
    pub fn end(&mut self) {
        self.open.pop();
    }

    /// A paragraph or heading begins: what stands before it.
    pub fn next(&mut self, tag: &Tag<'_>) -> Option<String> {
        let depth = self.open.len();
        let Some(list) = self.open.last_mut() else {
            let at = self.outline_level(tag)?;
            return self.count(OUTLINE.to_owned(), at, None);
        };
        let Item::Awaited(given) = std::mem::take(&mut list.item) else {
            return None;
        };
        let style = list.style.clone();
        self.count(style, depth - 1, given)
    }

    /// The level of a heading that is numbered outside lists.
    fn outline_level(&self, tag: &Tag<'_>) -> Option<usize> {
        let is_header = tag.attribute("is-list-header").is_some_and(|is| is == "true");
        let style = tag.attribute("style-name").unwrap_or_default();
        let is_numbered = tag.name() == "h" && !is_header && !self.unnumbered.contains(&style);
        level_of(tag, "outline-level").filter(|_| is_numbered)
    }

    /// Counts an item of a level, which may give its number itself.
    fn count(&mut self, style: String, at: usize, given: Option<u32>) -> Option<String> {
        let levels = self.styles.get(&style)?;
        let counts = self.counts.entry(style).or_default();
        if let Some(number) = given {
            counts.go_to(at, number);
        }
        counts.count(at, |at| levels.get(&at).map_or(1, |level| level.start), |_| true);
        let own = levels.get(&at)?;
        own.numerals?;
        let number = |at: usize| Some(levels.get(&at)?.numerals?.write(counts.at(at)?));
        let first = (at + 1).saturating_sub(own.shown).min(at);
        let numbers: Vec<String> = (first..=at).filter_map(number).collect();
        let text = format!("{}{}{}", own.before, numbers.join("."), own.behind);
        Some(text.trim().to_owned())
    }
}

impl Level {
    fn of(tag: &Tag<'_>) -> Self {
        let affix = |name| {
            tag.attribute(name)
                .unwrap_or_default()
                .chars()
                .take(LONGEST_AFFIX)
                .collect()
        };
        let count = |name| tag.attribute(name).and_then(|count| count.parse::<u32>().ok());
        Self {
            numerals: tag.attribute("num-format").and_then(|sign| Numerals::of_sign(&sign)),
            before: affix("num-prefix"),
            behind: affix("num-suffix"),
            start: count("start-value").unwrap_or(1),
            shown: count("display-levels").map_or(1, |count| count as usize),
        }
    }
}

fn name_of(tag: &Tag<'_>, name: &str) -> Option<String> {
    tag.attribute(name).filter(|name| name.len() <= LONGEST_NAME)
}

/// From 0.
fn level_of(tag: &Tag<'_>, name: &str) -> Option<usize> {
    let level: usize = tag.attribute(name)?.parse().ok()?;
    level.checked_sub(1).filter(|level| *level < LEVELS)
}
