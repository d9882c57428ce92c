//! What paragraph styles say about structure: heading levels and lists.

use crate::output::Output;
use crate::xml::{Token, Xml};
use std::collections::HashMap;

/// The styles of a document, by id.
#[derive(Debug, Default)]
pub struct Styles(HashMap<String, Style>);

/// A paragraph style.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Heading level from 1.
    pub heading: Option<u8>,
    /// The list its paragraphs belong to, as in [`super::numbering`].
    pub list: Option<u32>,
    /// Their level in it.
    pub list_level: Option<usize>,
}

impl Styles {
    /// From the part `styles.xml`, or a flat document that has it in itself. Headings are told by outline level and by the built-in
    /// names; what a style does not say it has from the one it is based on.
    pub fn read(source: &str, out: &Output<'_>) -> Self {
        let mut xml = Xml::new(source, out.limits.xml_depth);
        let mut styles: HashMap<String, Style> = HashMap::new();
        let mut bases: Vec<(String, String)> = Vec::new();
        let mut id = String::new();
        while let Ok(Some(token)) = xml.next() {
            let tag = match token {
                Token::Open(tag) => tag,
                // What comes behind belongs to no style; in a flat document paragraphs do.
                Token::Close(name) if name.name() == "style" => {
                    id.clear();
                    continue;
                }
                _ => continue,
            };
            if tag.name() == "style" {
                id = tag.attribute("styleId").unwrap_or_default();
            }
            if id.is_empty() {
                continue;
            }
            let value = tag.attribute("val");
            let number = || value.as_ref().and_then(|value| value.parse::<u8>().ok());
            match tag.name() {
                "name" => {
                    let name = value.unwrap_or_default().to_lowercase();
                    let level = name.strip_prefix("heading ").and_then(|level| level.parse().ok());
                    if let Some(level) = level.or_else(|| (name == "title").then_some(1)) {
                        styles.entry(id.clone()).or_default().heading = Some(level);
                    }
                }
                "outlineLvl" => {
                    if let Some(level) = number().filter(|level| *level < 9) {
                        styles.entry(id.clone()).or_default().heading.get_or_insert(level + 1);
                    }
                }
                "numId" => {
                    styles.entry(id.clone()).or_default().list = value.and_then(|value| value.parse().ok());
                }
                "ilvl" => styles.entry(id.clone()).or_default().list_level = number().map(usize::from),
                "basedOn" => bases.push((id.clone(), value.unwrap_or_default())),
                _ => {}
            }
        }
        // Chains are short; a cycle must end all the same.
        for _ in 0..5 {
            for (id, base) in &bases {
                let Some(base) = styles.get(base).copied() else {
                    continue;
                };
                let style = styles.entry(id.clone()).or_default();
                style.heading = style.heading.or(base.heading);
                style.list_level = style.list_level.or(base.list_level);
                style.list = style.list.or(base.list);
            }
        }
        Self(styles)
    }

    /// A style; one that says nothing where there is none of the name.
    pub fn get(&self, id: &str) -> Style {
        self.0.get(id).copied().unwrap_or_default()
    }
}
