//! Files of other formats that stand in a Word document (`w:altChunk`): web pages, RTF, text, as programs paste them in that put
//! documents together.

use crate::archive::Archive;
use crate::encoding;
use crate::error::ParseError;
use crate::ooxml::Relationship;
use crate::output::Output;
use crate::text::PageBuilder;
use crate::xml::Tag;
use crate::{eml, html, rtf};
use std::collections::HashMap;

/// The files, read when their place comes.
pub struct Chunks<'a, 'b> {
    archive: &'a mut Archive<'b>,
    /// Paths by the id of their relationship.
    paths: HashMap<String, String>,
}

impl<'a, 'b> Chunks<'a, 'b> {
    /// Those of a main part with these relationships.
    pub fn new(archive: &'a mut Archive<'b>, relationships: &[Relationship]) -> Self {
        Self {
            archive,
            paths: relationships
                .iter()
                .filter(|related| related.kind == "aFChunk")
                .map(|related| (related.id.clone(), related.target.clone()))
                .collect(),
        }
    }

    /// Adds the file that an `altChunk` names. One that is damaged is told and left out.
    ///
    /// # Errors
    /// Over a limit; cancelled; out of time.
    pub fn add(&mut self, tag: &Tag<'_>, page: &mut PageBuilder, out: &mut Output<'_>) -> Result<(), ParseError> {
        let Some(path) = tag.attribute("id").and_then(|id| self.paths.get(&id)) else {
            return Ok(());
        };
        match self
            .archive
            .read(path)
            .and_then(|bytes| append(&bytes.unwrap_or_default(), page, out))
        {
            Err(ParseError::Damaged { detail }) => {
                out.warning(format!("A part of the document could not be read ({path}): {detail}."));
            }
            other => other?,
        }
        out.gathering(page.len())
    }
}

fn append(bytes: &[u8], page: &mut PageBuilder, out: &mut Output<'_>) -> Result<(), ParseError> {
    if bytes.starts_with(b"PK") {
        // Containers within containers are not opened.
        out.warning("A document inside this one was not read: open it in Word, save it again, and add that.");
        return Ok(());
    }
    if bytes.starts_with(b"{\\rtf") {
        return rtf::append(bytes, page, out);
    }
    if is_mail(bytes) {
        return eml::append(bytes, page, out);
    }
    let source = encoding::decode(bytes, html::declared_charset(bytes).as_deref()).text;
    if source.trim_start().starts_with('<') {
        return html::append(&source, page, out);
    }
    page.paragraph(&source);
    Ok(())
}

/// True for a web page as browsers save it in one file: it begins with the head of a mail.
fn is_mail(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]).to_ascii_lowercase();
    ["mime-version:", "from:", "content-type:"]
        .iter()
        .any(|name| head.starts_with(name))
}
