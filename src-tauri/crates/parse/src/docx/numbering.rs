//! Numbers that Word puts before paragraphs (ECMA-376 part 1, 17.9): a paragraph names an instance (`num`) and a level; instances of
//! one definition (`abstractNum`) count on together unless they say where they start.

use crate::numbering::{Counts, LEVELS, Numerals};
use crate::output::Output;
use crate::xml::{Tag, Token, Xml};
use std::collections::HashMap;

/// Characters of what stands around the numbers at most, such as `Article %1, Section %2`.
const LONGEST_TEXT: usize = 60;

/// The lists of a document, and how far they have come.
#[derive(Debug, Default)]
pub struct Lists {
    definitions: HashMap<u32, Definition>,
    instances: HashMap<u32, Instance>,
}

#[derive(Debug, Default)]
struct Definition {
    levels: HashMap<usize, Level>,
    counts: Counts,
    /// The style that has this definition, and the style whose definition this one stands for.
    style: Option<String>,
    style_meant: Option<String>,
}

#[derive(Debug, Default)]
struct Instance {
    definition: u32,
    levels: HashMap<usize, Level>,
    starts: HashMap<usize, u32>,
    has_begun: bool,
}

#[derive(Clone, Debug, Default)]
struct Level {
    start: u32,
    kind: Kind,
    /// `%1.%2` and what is around it.
    text: String,
    /// All its numbers are in digits.
    is_legal: bool,
    /// False where it counts on across the levels above it.
    restarts: bool,
    /// The paragraph style that stands for it.
    style: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Numbers(Numerals),
    Nothing,
    Bullet,
}

impl Default for Kind {
    fn default() -> Self {
        Self::Numbers(Numerals::default())
    }
}

impl Kind {
    fn of(format: &str) -> Self {
        Self::Numbers(match format {
            "bullet" => return Self::Bullet,
            "none" => return Self::Nothing,
            "decimalZero" => Numerals::PaddedDecimal,
            "lowerLetter" => Numerals::LowerLetterDoubled,
            "upperLetter" => Numerals::UpperLetterDoubled,
            "lowerRoman" => Numerals::LowerRoman,
            "upperRoman" => Numerals::UpperRoman,
            _ => Numerals::Decimal,
        })
    }
}

impl Level {
    fn read(&mut self, tag: &Tag<'_>) {
        let value = || tag.attribute("val").unwrap_or_default();
        match tag.name() {
            "start" => self.start = value().parse().unwrap_or(0),
            "numFmt" => self.kind = Kind::of(&value()),
            "lvlText" => self.text = value().chars().take(LONGEST_TEXT).collect(),
            "isLgl" => self.is_legal = tag.is_on("val"),
            "lvlRestart" => self.restarts = value() != "0",
            "pStyle" => self.style = value(),
            _ => {}
        }
    }
}

/// Where the reader stands.
enum Place {
    Outside,
    Definition(u32),
    Instance(u32),
}

impl Lists {
    /// From the part `numbering.xml`, or a flat document that has it in itself. What cannot be read numbers nothing.
    pub fn read(source: &str, out: &Output<'_>) -> Self {
        let mut lists = Self::default();
        let mut xml = Xml::new(source, out.limits.xml_depth);
        let mut place = Place::Outside;
        let mut level: Option<(usize, Level)> = None;
        let mut overridden = None;
        while let Ok(Some(token)) = xml.next() {
            match token {
                Token::Open(tag) => match (tag.name(), &place) {
                    ("abstractNum", _) => {
                        if let Some(id) = number_of(&tag, "abstractNumId") {
                            lists.definitions.insert(id, Definition::default());
                            place = Place::Definition(id);
                        }
                    }
                    ("num", _) => {
                        if let Some(id) = number_of(&tag, "numId") {
                            lists.instances.insert(id, Instance::default());
                            place = Place::Instance(id);
                        }
                    }
                    (_, Place::Outside) => {}
                    ("lvl", _) => {
                        let fresh = Level {
                            restarts: true,
                            ..Level::default()
                        };
                        level = level_of(&tag).map(|at| (at, fresh));
                    }
                    ("lvlOverride", _) => overridden = level_of(&tag),
                    (_, _) if level.is_some() => {
                        if let Some((_, level)) = &mut level {
                            level.read(&tag);
                        }
                    }
                    (_, Place::Definition(id)) => {
                        if let Some(definition) = lists.definitions.get_mut(id) {
                            definition.read(&tag);
                        }
                    }
                    (_, Place::Instance(id)) => {
                        if let Some(instance) = lists.instances.get_mut(id) {
                            instance.read(&tag, overridden);
                        }
                    }
                },
                Token::Close(name) => match (name.name(), &place) {
                    ("abstractNum" | "num", _) => (place, level) = (Place::Outside, None),
                    ("lvl", Place::Definition(id)) => {
                        if let Some(definition) = lists.definitions.get_mut(id) {
                            definition.levels.extend(level.take());
                        }
                    }
                    ("lvl", Place::Instance(id)) => {
                        if let Some(instance) = lists.instances.get_mut(id) {
                            instance.levels.extend(level.take());
                        }
                    }
                    _ => {}
                },
                Token::Text(_) => {}
            }
        }
        lists.resolve();
        lists
    }

    /// Leads instances past definitions that only name another by its style.
    fn resolve(&mut self) {
        let by_style: HashMap<&str, u32> = self
            .definitions
            .iter()
            .filter_map(|(id, definition)| Some((definition.style.as_deref()?, *id)))
            .collect();
        for instance in self.instances.values_mut() {
            let meant = self
                .definitions
                .get(&instance.definition)
                .and_then(|definition| by_style.get(definition.style_meant.as_deref()?));
            instance.definition = meant.copied().unwrap_or(instance.definition);
        }
    }

    /// The level of an instance that a paragraph style stands for.
    pub fn level_of_style(&self, list: u32, style: &str) -> Option<usize> {
        let levels = &self.definitions.get(&self.instances.get(&list)?.definition)?.levels;
        levels.iter().find(|(_, level)| level.style == style).map(|(at, _)| *at)
    }

    /// Counts a paragraph of a level of an instance: what stands before it, if that is more than a bullet.
    pub fn next(&mut self, list: u32, at: usize) -> Option<String> {
        let instance = self.instances.get_mut(&list)?;
        let Definition { levels, counts, .. } = self.definitions.get_mut(&instance.definition)?;
        let level = |at: usize| instance.levels.get(&at).or_else(|| levels.get(&at));
        let start = |at: usize| {
            let given = instance.starts.get(&at).copied();
            given.unwrap_or_else(|| level(at).map_or(1, |level| level.start))
        };
        if !instance.has_begun {
            instance.starts.keys().for_each(|at| counts.restart(*at));
        }
        let own = level(at)?;
        counts.count(at, start, |deeper| level(deeper).is_none_or(|level| level.restarts));
        let written = |shown: usize| match level(shown)?.kind {
            Kind::Numbers(numerals) => {
                let numerals = if own.is_legal { Numerals::Decimal } else { numerals };
                Some(numerals.write(counts.at(shown)?))
            }
            Kind::Nothing | Kind::Bullet => None,
        };
        let mut out = String::new();
        let mut rest = own.text.chars().peekable();
        while let Some(c) = rest.next() {
            match rest.peek().and_then(|digit| digit.to_digit(10)) {
                Some(shown @ 1..) if c == '%' => {
                    rest.next();
                    out.push_str(&written(shown as usize - 1).unwrap_or_default());
                }
                _ => out.push(c),
            }
        }
        let is_bullet = own.kind == Kind::Bullet;
        instance.has_begun = true;
        let out = out.trim();
        (!is_bullet && !out.is_empty()).then(|| out.to_owned())
    }
}

impl Definition {
    fn read(&mut self, tag: &Tag<'_>) {
        match tag.name() {
            "styleLink" => self.style = tag.attribute("val"),
            "numStyleLink" => self.style_meant = tag.attribute("val"),
            _ => {}
        }
    }
}

impl Instance {
    fn read(&mut self, tag: &Tag<'_>, overridden: Option<usize>) {
        match (tag.name(), overridden, number_of(tag, "val")) {
            ("abstractNumId", _, Some(definition)) => self.definition = definition,
            ("startOverride", Some(at), Some(start)) => {
                self.starts.insert(at, start);
            }
            _ => {}
        }
    }
}

fn number_of(tag: &Tag<'_>, name: &str) -> Option<u32> {
    tag.attribute(name).and_then(|number| number.parse().ok())
}

fn level_of(tag: &Tag<'_>) -> Option<usize> {
    number_of(tag, "ilvl")
        .map(|level| level as usize)
        .filter(|level| *level < LEVELS)
}
