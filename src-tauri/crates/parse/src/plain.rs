//! Plain text, source code and other XML.

use crate::encoding;
use crate::error::ParseError;
use crate::output::Output;
use crate::text::PageBuilder;
use crate::xml::{Token, Xml, text_of};
use std::borrow::Cow;

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
    page.verbatim(&without_escapes(&decoded.text));
    out.single_page(page)
}

/// A terminal's log without what sets colours and titles there: the words stand as they were seen.
fn without_escapes(text: &str) -> Cow<'_, str> {
    if !text.contains("\u{1b}[") && !text.contains("\u{1b}]") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        out.push_str(&rest[..at]);
        let sequence = &rest[at + 1..];
        rest = &sequence[sequence_length(sequence.as_bytes()).unwrap_or(0)..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Bytes of the control sequence that follows an escape (ECMA-48, 5.4 and 5.6); on one line, or it is none.
fn sequence_length(behind: &[u8]) -> Option<usize> {
    /// Titles and links are shorter.
    const LONGEST: usize = 4096;
    let (kind, content) = behind.split_first()?;
    let end = |is_end: fn(u8) -> bool| {
        let line = content.iter().take(LONGEST).take_while(|byte| **byte != b'\n');
        line.copied().position(is_end)
    };
    match kind {
        b'[' => Some(end(|byte| matches!(byte, b'@'..=b'~'))? + 2),
        b']' => {
            let at = end(|byte| matches!(byte, 0x07 | 0x1b))?;
            match content[at..] {
                [0x07, ..] => Some(at + 2),
                [0x1b, b'\\', ..] => Some(at + 3),
                _ => None,
            }
        }
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_titles_of_terminals_end_in_two_ways() {
        let text = "\u{1b}]8;;http://a\u{1b}\\the log\u{1b}]8;;\u{7} of \u{1b}[1mtoday\u{1b}[0m, \u{1b}]no end";
        assert_eq!(without_escapes(text), "the log of today, ]no end");
    }

    #[test]
    fn escapes_of_one_long_line_cost_what_they_are() {
        let text = "\u{1b}[K\u{1b}]~".repeat(200_000);
        assert_eq!(without_escapes(&text).len(), 2 * 200_000);
    }
}
