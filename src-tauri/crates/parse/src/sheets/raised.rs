//! Shared strings with raised digits in them: calamine gives the letters of a string and not how they are set.

use crate::archive::Archive;
use crate::formula::Line;
use crate::output::Output;
use crate::xml::{Token, Xml, text_of};
use std::collections::{HashMap, HashSet};

/// Strings as calamine has them, each with its raised digits told from those before them.
#[derive(Debug, Default)]
pub struct RaisedStrings(HashMap<String, String>);

impl RaisedStrings {
    /// Those of a workbook in which there are any.
    pub fn read(archive: &mut Archive<'_>, out: &Output<'_>) -> Self {
        let bytes = archive
            .read("xl/sharedStrings.xml")
            .unwrap_or_default()
            .unwrap_or_default();
        let source = text_of(&bytes);
        if !source.contains("superscript") {
            return Self::default();
        }
        let (mut raised, mut plain) = (HashMap::new(), HashSet::new());
        let mut xml = Xml::new(&source, out.limits.xml_depth);
        let (mut letters, mut line) = (String::new(), Line::default());
        while let Ok(Some(token)) = xml.next() {
            match token {
                Token::Open(tag) => match tag.name() {
                    "si" => (letters, line) = Default::default(),
                    "r" => line.is_raised = false,
                    "vertAlign" => line.is_raised = tag.attribute("val").is_some_and(|place| place == "superscript"),
                    // Readings of Japanese words.
                    "rPh" if xml.skip().is_err() => break,
                    "t" => {
                        let Ok(text) = xml.text() else { break };
                        letters.push_str(&text);
                        line.push(&text);
                    }
                    _ => {}
                },
                Token::Close(name) if name.name() == "si" => {
                    let (letters, line) = (std::mem::take(&mut letters), std::mem::take(&mut line));
                    if letters == line.text {
                        plain.insert(letters);
                    } else {
                        raised.insert(letters, line.text);
                    }
                }
                _ => {}
            }
        }
        // A cell says the letters alone: where a string of the same ones is set plainly, either may be meant.
        raised.retain(|letters, _| !plain.contains(letters));
        Self(raised)
    }

    /// A string as it is to be read.
    pub fn told(&self, letters: &str) -> String {
        self.0.get(letters).map_or(letters, String::as_str).to_owned()
    }
}
