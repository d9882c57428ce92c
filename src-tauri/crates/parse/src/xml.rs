//! XML of strangers: local names only, depth limited, of a DOCTYPE nothing but names for plain text, nothing fetched.

mod entities;

use crate::encoding;
use crate::error::ParseError;
use entities::Entities;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesEnd, BytesStart, Event};
use quick_xml::reader::Reader;
use std::borrow::Cow;

/// What comes next in a file. Empty elements come as [`Token::Open`] and [`Token::Close`].
#[derive(Debug)]
pub enum Token<'a> {
    /// An element begins.
    Open(Tag<'a>),
    /// An element ends.
    Close(Name<'a>),
    /// Text, references resolved. Adjacent pieces come apart.
    Text(Cow<'a, str>),
}

/// The start of an element.
#[derive(Debug)]
pub struct Tag<'a>(BytesStart<'a>);

impl Tag<'_> {
    /// Its name without prefix.
    pub fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// Its name as written, with its prefix.
    pub fn full_name(&self) -> &str {
        self.0.name().into_inner()
    }

    /// The value of an attribute by its name without prefix.
    pub fn attribute(&self, name: &str) -> Option<String> {
        let mut attributes = self.0.attributes();
        attributes.with_checks(false);
        attributes
            .flatten()
            .find(|attribute| attribute.key.local_name().into_inner() == name)
            .map(|attribute| {
                attribute
                    .normalized_value(XmlVersion::Implicit1_0)
                    .map_or_else(|_| attribute.value.to_string(), Cow::into_owned)
            })
    }

    /// The value of an attribute that has a prefix, whichever that is, such as `r:id`; by its name without.
    pub fn prefixed(&self, name: &str) -> Option<String> {
        let mut attributes = self.0.attributes();
        attributes.with_checks(false);
        attributes
            .flatten()
            .find(|attribute| attribute.key.prefix().is_some() && attribute.key.local_name().into_inner() == name)
            .map(|attribute| {
                attribute
                    .normalized_value(XmlVersion::Implicit1_0)
                    .map_or_else(|_| attribute.value.to_string(), Cow::into_owned)
            })
    }

    /// True unless the attribute says `0`, `false`, `none` or `off`; OOXML's switches are on when merely named.
    pub fn is_on(&self, name: &str) -> bool {
        !self
            .attribute(name)
            .is_some_and(|value| matches!(value.as_str(), "0" | "false" | "none" | "off"))
    }
}

/// The name of an element that ends.
#[derive(Debug)]
pub struct Name<'a>(BytesEnd<'a>);

impl Name<'_> {
    /// Without prefix.
    pub fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }
}

/// A file being read.
pub struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    entities: Entities,
    depth: usize,
    max_depth: usize,
}

impl<'a> Xml<'a> {
    /// Reads from text; see [`text_of`] for bytes.
    pub fn new(text: &'a str, max_depth: usize) -> Self {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        Self {
            reader,
            entities: Entities::default(),
            depth: 0,
            max_depth,
        }
    }

    /// Open elements.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The next token, or nothing at the end.
    ///
    /// # Errors
    /// `Damaged` where it is not XML, `TooLarge` where elements are nested too deep.
    pub fn next(&mut self) -> Result<Option<Token<'a>>, ParseError> {
        loop {
            let event = self.reader.read_event().map_err(|error| {
                ParseError::damaged(format!("XML at byte {}: {error}", self.reader.error_position()))
            })?;
            return Ok(Some(match event {
                Event::Start(tag) => {
                    self.depth += 1;
                    if self.depth > self.max_depth {
                        return Err(ParseError::too_large(format!(
                            "its parts are nested more than {} deep",
                            self.max_depth
                        )));
                    }
                    Token::Open(Tag(tag))
                }
                Event::End(name) => {
                    self.depth = self.depth.saturating_sub(1);
                    Token::Close(Name(name))
                }
                Event::Text(text) => Token::Text(text.into_inner()),
                Event::CData(text) => Token::Text(text.into_inner()),
                Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                    Ok(Some(c)) => Token::Text(Cow::Owned(c.to_string())),
                    Ok(None) => Token::Text(self.entities.text(&reference.into_inner())),
                    // The number of no character.
                    Err(_) => continue,
                },
                Event::DocType(doctype) => {
                    self.entities.declare(&doctype.into_inner());
                    continue;
                }
                Event::Eof => return Ok(None),
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
            }));
        }
    }

    /// Skips to the end of the element that was opened last.
    ///
    /// # Errors
    /// As [`Xml::next`].
    pub fn skip(&mut self) -> Result<(), ParseError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            if self.next()?.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// All text of the element that was opened last, its end consumed.
    ///
    /// # Errors
    /// As [`Xml::next`].
    pub fn text(&mut self) -> Result<String, ParseError> {
        let outside = self.depth.saturating_sub(1);
        let mut out = String::new();
        while self.depth > outside {
            match self.next()? {
                Some(Token::Text(text)) => out.push_str(&text),
                Some(_) => {}
                None => break,
            }
        }
        Ok(out)
    }
}

/// The text of an XML file, by byte-order mark, then by what its declaration says.
pub fn text_of(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(200)];
    let head = String::from_utf8_lossy(head);
    let declared = head.split_once("encoding=").and_then(|(_, rest)| {
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        rest[1..].split(quote).next()
    });
    encoding::decode(bytes, declared).text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_text(xml: &str) -> Result<String, ParseError> {
        let mut xml = Xml::new(xml, 64);
        let mut out = String::new();
        while let Some(token) = xml.next()? {
            if let Token::Text(text) = token {
                out.push_str(&text);
            }
        }
        Ok(out)
    }

    #[test]
    fn only_plain_entities_of_a_doctype_are_put_in() {
        let laughs = r#"<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;"><!ENTITY x SYSTEM "file:///etc/passwd">]><a>&b; &c; &x; &amp;&#65;&#0;</a>"#;
        assert_eq!(all_text(laughs).unwrap(), "ha &c; &x; &A");
        assert_eq!(all_text("<a>5 &euro; &nbsp;</a>").unwrap(), "5 &euro; \u{a0}");
    }

    #[test]
    fn deep_nesting_ends() {
        let deep = "<a>".repeat(100_000);
        assert!(matches!(all_text(&deep), Err(ParseError::TooLarge { .. })));
    }

    #[test]
    fn skipping_leaves_the_rest() {
        let mut xml = Xml::new("<a><b><c/>x<d>y</d></b>z</a>", 64);
        xml.next().unwrap();
        xml.next().unwrap();
        xml.skip().unwrap();
        assert!(matches!(xml.next().unwrap(), Some(Token::Text(text)) if text == "z"));
    }

    #[test]
    fn the_declared_encoding_counts() {
        let bytes = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xe9\xe8</a>";
        assert!(text_of(bytes).contains("éè"));
    }
}
