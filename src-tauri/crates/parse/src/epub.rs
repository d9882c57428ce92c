//! EPUB 2 and 3: chapters in the order of the spine, each a page.

use crate::archive::{Archive, resolve};
use crate::error::ParseError;
use crate::html;
use crate::ooxml;
use crate::output::Output;
use crate::text::{self, PageBuilder};
use crate::xml::{Token, Xml, text_of};
use std::collections::BTreeMap;

/// The media type.
pub const MEDIA_TYPE: &str = "application/epub+zip";

/// Reads a book.
///
/// # Errors
/// Its final state.
pub fn parse(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    let mut archive = Archive::open(bytes, out.limits)?;
    let package_path = package_path(&mut archive, out)?;
    let package = package(&mut archive, &package_path, out)?;
    let locked = archive
        .read("META-INF/encryption.xml")?
        .map(|bytes| percent_decoded(&text_of(&bytes)))
        .unwrap_or_default();
    // Obfuscated fonts are listed there too; a book is locked when its chapters are.
    if package.chapters.iter().any(|chapter| locked.contains(chapter.as_str())) {
        return Err(ParseError::NeedsPassword);
    }
    out.started(MEDIA_TYPE, package.title, u32::try_from(package.chapters.len()).ok());
    out.promises(package.chapters.len())?;
    for (index, chapter) in package.chapters.iter().enumerate() {
        let number = index as u32 + 1;
        match archive.read(chapter) {
            Ok(Some(bytes)) => {
                let mut page = PageBuilder::default();
                html::append(&text_of(&bytes), &mut page, out)?;
                out.page(page.finish(number))?;
            }
            Ok(None) => out.page_failed(number, "The chapter is missing from the book."),
            Err(ParseError::Damaged { .. }) => out.page_failed(number, "The chapter is damaged."),
            Err(error) => return Err(error),
        }
    }
    if !out.has_text() && out.failed_pages() > 0 {
        return Err(ParseError::damaged("no chapter could be read"));
    }
    if !out.has_text() && ooxml::has_pictures(&archive) {
        return Err(ParseError::NoText);
    }
    Ok(())
}

fn package_path(archive: &mut Archive<'_>, out: &Output<'_>) -> Result<String, ParseError> {
    if let Some(bytes) = archive.read("META-INF/container.xml")? {
        let source = text_of(&bytes);
        let mut xml = Xml::new(&source, out.limits.xml_depth);
        while let Some(token) = xml.next()? {
            if let Token::Open(tag) = token
                && tag.name() == "rootfile"
                && let Some(path) = tag.attribute("full-path")
                && archive.has(&path)
            {
                return Ok(path);
            }
        }
    }
    archive
        .names()
        .iter()
        .find(|name| name.to_lowercase().ends_with(".opf"))
        .cloned()
        .ok_or_else(|| ParseError::damaged("the book has no package file"))
}

struct Package {
    title: Option<String>,
    /// Paths in the container.
    chapters: Vec<String>,
}

fn package(archive: &mut Archive<'_>, path: &str, out: &Output<'_>) -> Result<Package, ParseError> {
    let source = text_of(&archive.require(path)?);
    let mut xml = Xml::new(&source, out.limits.xml_depth);
    let mut title = None;
    let mut manifest: BTreeMap<String, (String, String)> = BTreeMap::new();
    let (mut spine, mut contents) = (Vec::new(), None);
    while let Some(token) = xml.next()? {
        let Token::Open(tag) = token else { continue };
        match tag.name() {
            "title" if title.is_none() => title = text::title(&xml.text()?),
            "item" => {
                let href = percent_decoded(&tag.attribute("href").unwrap_or_default());
                let kind = tag.attribute("media-type").unwrap_or_default();
                let properties = tag.attribute("properties").unwrap_or_default();
                if properties.split_whitespace().any(|property| property == "nav") {
                    contents = tag.attribute("id");
                }
                manifest.insert(tag.attribute("id").unwrap_or_default(), (resolve(path, &href), kind));
            }
            "itemref" => spine.push(tag.attribute("idref").unwrap_or_default()),
            _ => {}
        }
    }
    // A table of contents among the chapters says every heading a second time.
    if spine.len() > 1 {
        spine.retain(|id| Some(id) != contents.as_ref());
    }
    let mut chapters: Vec<String> = spine
        .iter()
        .filter_map(|id| manifest.get(id))
        .map(|(path, _)| path.clone())
        .collect();
    if chapters.is_empty() {
        chapters = manifest
            .into_values()
            .filter(|(_, kind)| kind.contains("html"))
            .map(|(path, _)| path)
            .collect();
    }
    Ok(Package { title, chapters })
}

fn percent_decoded(href: &str) -> String {
    let bytes = href.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) = hex
            .filter(|_| bytes[at] == b'%')
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
        {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::percent_decoded;

    #[test]
    fn names_with_escapes() {
        assert_eq!(percent_decoded("a%20b%C3%A9.xhtml"), "a bé.xhtml");
        assert_eq!(percent_decoded("100%"), "100%");
    }
}
