//! Plain text, source code and other XML.

use crate::encoding;
use crate::error::ParseError;
use crate::output::Output;
use crate::text::PageBuilder;
use crate::xml::{Token, Xml, text_of};

/// Elements that hold bytes.
const BINARY: &[&str] = &["binData", "binaryData", "binary-data", "binary"];

/// Reads a text in any encoding as it stands.
///
/// # Errors
/// Its final state.
pub fn parse(bytes: &[u8], media_type: &str, out: &mut Output<'_>) -> Result<(), ParseError> {
    // Every encoding but UTF-7's kin gives at most two bytes of UTF-8 a byte more than three times.
    out.gathering(bytes.len() / 3)?;
    let decoded = encoding::decode(bytes, None);
    out.started(media_type, None, Some(1));
    if decoded.lossy {
        out.warning(format!("Some characters could not be decoded as {}.", decoded.encoding));
    }
    out.gathering(decoded.text.len())?;
    let mut page = PageBuilder::default();
    page.verbatim(&decoded.text);
    out.single_page(page)
}

/// Reads the text between the tags of an XML file of an unknown kind, an element with text a line.
///
/// # Errors
/// Its final state.
pub fn parse_xml(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    let source = text_of(bytes);
    out.started("application/xml", None, Some(1));
    let mut page = PageBuilder::default();
    let mut xml = Xml::new(&source, out.limits.xml_depth);
    let mut line = String::new();
    let mut tokens = 0_u32;
    loop {
        tokens = tokens.wrapping_add(1);
        if tokens.is_multiple_of(4096) {
            out.gathering(page.len())?;
        }
        match xml.next() {
            Ok(Some(Token::Text(text))) => line.push_str(&text),
            // Pictures and other files, as Office, OpenDocument and FictionBook keep them: base64, no text.
            Ok(Some(Token::Open(tag))) if BINARY.contains(&tag.name()) => xml.skip()?,
            Ok(Some(_)) => {
                page.line(&std::mem::take(&mut line));
            }
            Ok(None) => break,
            // Not well-formed after all: then it is text like any other.
            Err(ParseError::Damaged { .. }) => {
                let mut page = PageBuilder::default();
                page.verbatim(&source);
                return out.single_page(page);
            }
            Err(error) => return Err(error),
        }
    }
    page.line(&line);
    out.single_page(page)
}
