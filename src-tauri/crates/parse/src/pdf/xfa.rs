//! Forms in Adobe's XML (XFA 3.3). Their pages are drawn by Acrobat alone; to everybody else the PDF says "Please wait…". What they
//! say, and what was filled in, stands in XML beside that page.

use crate::error::ParseError;
use crate::limits::Limits;
use crate::text::PageBuilder;
use crate::xml::{Tag, Token, Xml, text_of};
use flate2::read::ZlibDecoder;
use pdf_extract::{Document, Object};
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Labels, texts and values of a form in the order of its template, then what was filled in, a line each; empty where there is no
/// such form.
pub fn text(bytes: &[u8], limits: &Limits) -> String {
    // lopdf panics on some damaged files.
    let packets = catch_unwind(AssertUnwindSafe(|| packets(bytes, limits.text_bytes))).unwrap_or_default();
    let source = text_of(&packets.unwrap_or_default());
    let mut page = PageBuilder::default();
    for line in lines(&source, limits) {
        page.line(&line);
        if page.len() > limits.text_bytes / 2 {
            break;
        }
    }
    page.finish(1).text
}

/// The XML, which is cut into streams wherever its producer liked: its first `max_bytes`, whatever it would unpack to.
fn packets(bytes: &[u8], max_bytes: usize) -> Option<Vec<u8>> {
    let document = Document::load_mem(bytes).ok()?;
    let form = document.catalog().ok()?.get(b"AcroForm").ok()?;
    let (_, form) = document.dereference(form).ok()?;
    let (_, packets) = document.dereference(form.as_dict().ok()?.get(b"XFA").ok()?).ok()?;
    let all = match packets {
        Object::Array(named) => named.iter().collect(),
        single => vec![single],
    };
    let mut out = Vec::new();
    for object in all {
        // Names stand between the streams.
        if let Ok((_, Object::Stream(stream))) = document.dereference(object) {
            let packed = stream.content.as_slice();
            let room = (max_bytes - out.len()) as u64;
            // A stream that breaks off holds what came before.
            let _ = match stream.filters().unwrap_or_default().as_slice() {
                [] => packed.take(room).read_to_end(&mut out),
                [b"FlateDecode"] => ZlibDecoder::new(packed).take(room).read_to_end(&mut out),
                _ => return None,
            };
        }
    }
    Some(out)
}

fn lines(source: &str, limits: &Limits) -> Vec<String> {
    let mut out = Vec::new();
    let mut xml = Xml::new(source, limits.xml_depth);
    // A form that breaks off says what came before.
    while let Ok(Some(token)) = xml.next() {
        let Token::Open(tag) = token else { continue };
        let read = match tag.name() {
            "template" => template(&mut xml, &mut out),
            "data" => data(&mut xml, &mut out),
            _ => continue,
        };
        if read.is_err() {
            break;
        }
    }
    out
}

/// What the form shows by itself.
fn template(xml: &mut Xml<'_>, out: &mut Vec<String>) -> Result<(), ParseError> {
    let outside = xml.depth().saturating_sub(1);
    while xml.depth() > outside {
        let Some(token) = xml.next()? else { break };
        let Token::Open(tag) = token else { continue };
        match tag.name() {
            // Choices, tips, scripts, patterns of numbers: none of it is on the page.
            "items" | "assist" | "event" | "calculate" | "validate" | "format" | "ui" | "desc" | "bind" | "proto"
            | "keep" | "traversal" | "connect" | "variables" => xml.skip()?,
            _ if is_hidden(&tag) => xml.skip()?,
            "text" | "exData" | "integer" | "decimal" | "date" | "time" | "dateTime" => {
                let text = paragraphs(xml)?;
                if !text.trim().is_empty() {
                    out.push(text);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_hidden(tag: &Tag<'_>) -> bool {
    matches!(
        tag.attribute("presence").as_deref(),
        Some("hidden" | "invisible" | "inactive")
    )
}

/// Text, its paragraphs (rich text is XHTML) parted.
fn paragraphs(xml: &mut Xml<'_>) -> Result<String, ParseError> {
    let outside = xml.depth().saturating_sub(1);
    let mut text = String::new();
    while xml.depth() > outside {
        match xml.next()? {
            Some(Token::Text(piece)) => text.push_str(&piece),
            Some(Token::Open(tag)) if matches!(tag.name(), "p" | "br" | "li") => text.push('\n'),
            Some(_) => {}
            None => break,
        }
    }
    Ok(text)
}

/// What was filled in: every element that holds text, by its name.
fn data(xml: &mut Xml<'_>, out: &mut Vec<String>) -> Result<(), ParseError> {
    let outside = xml.depth().saturating_sub(1);
    let mut name = String::new();
    let mut value = String::new();
    while xml.depth() > outside {
        match xml.next()? {
            Some(Token::Open(tag)) => {
                tag.name().clone_into(&mut name);
                value.clear();
            }
            Some(Token::Text(piece)) => value.push_str(&piece),
            Some(Token::Close(_)) => {
                if !value.trim().is_empty() {
                    out.push(format!("{name}: {}", value.trim()));
                }
                value.clear();
            }
            None => break,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_says_its_labels_and_what_was_filled_in() {
        let source = r#"<xdp:xdp><template><subform><draw><value><text>Application</text></value></draw>
            <field name="a"><ui><textEdit/></ui><caption><value><exData><body><p>Full <b>name</b></p></body></exData></value></caption>
            <items><text>Choice</text></items><event><script>hidden()</script></event></field>
            <draw presence="hidden"><value><text>Secret</text></value></draw></subform></template>
            <xfa:datasets><xfa:data><form><name>Ada Lovelace</name><empty/></form></xfa:data></xfa:datasets></xdp:xdp>"#;
        assert_eq!(
            lines(source, &Limits::default())
                .iter()
                .map(|line| line.trim())
                .collect::<Vec<_>>(),
            ["Application", "Full name", "name: Ada Lovelace"]
        );
    }
}
