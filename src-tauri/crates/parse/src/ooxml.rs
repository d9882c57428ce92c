//! What the Office Open XML formats share: relationships, core properties, the text of DrawingML.

use crate::archive::{Archive, resolve};
use crate::error::ParseError;
use crate::formula::{Line, is_above};
use crate::output::Output;
use crate::text;
use crate::xml::{Tag, Token, Xml, text_of};
use std::collections::HashMap;

/// A relationship of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relationship {
    /// Such as `rId1`.
    pub id: String,
    /// The last part of its type, such as `slide` or `officeDocument`; strict and transitional documents differ in what is before.
    pub kind: String,
    /// The part it leads to, as a path in the container; empty where it leads out of it.
    pub target: String,
}

/// The relationships of a part (`""` for the package); none where it has none.
///
/// # Errors
/// Those of the container and of XML.
pub fn relationships(archive: &mut Archive<'_>, part: &str, out: &Output<'_>) -> Result<Vec<Relationship>, ParseError> {
    let (folder, file) = part
        .rsplit_once('/')
        .map_or(("", part), |(folder, file)| (folder, file));
    let path = if folder.is_empty() {
        format!("_rels/{file}.rels")
    } else {
        format!("{folder}/_rels/{file}.rels")
    };
    let Some(bytes) = archive.read(&path)? else {
        return Ok(Vec::new());
    };
    let xml_text = text_of(&bytes);
    let mut xml = Xml::new(&xml_text, out.limits.xml_depth);
    let mut found = Vec::new();
    loop {
        let token = match xml.next() {
            Ok(Some(token)) => token,
            Ok(None) => break,
            // Cut short: those before the cut still lead somewhere.
            Err(ParseError::Damaged { .. }) if !found.is_empty() => break,
            Err(error) => return Err(error),
        };
        if let Token::Open(tag) = token
            && tag.name() == "Relationship"
        {
            let external = tag.attribute("TargetMode").is_some_and(|mode| mode == "External");
            let target = tag
                .attribute("Target")
                .filter(|_| !external)
                .map_or_else(String::new, |target| resolve(part, &target));
            let kind = tag.attribute("Type").unwrap_or_default();
            let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
            found.push(Relationship {
                id: tag.attribute("Id").unwrap_or_default(),
                kind,
                target,
            });
        }
    }
    Ok(found)
}

/// Relationships by their id; the first of those that share one.
pub fn by_id(relationships: &[Relationship]) -> HashMap<&str, &Relationship> {
    relationships.iter().rev().map(|r| (r.id.as_str(), r)).collect()
}

/// The part that holds the document, by the package's relationships; `usual` where they do not say.
///
/// # Errors
/// Those of the container and of XML.
pub fn main_part(archive: &mut Archive<'_>, usual: &str, out: &Output<'_>) -> Result<String, ParseError> {
    let found = relationships(archive, "", out)?
        .into_iter()
        .find(|r| r.kind == "officeDocument" && archive.has(&r.target));
    Ok(found.map_or_else(|| usual.to_owned(), |r| r.target))
}

/// The title in the core properties.
pub fn title(archive: &mut Archive<'_>, out: &Output<'_>) -> Option<String> {
    let bytes = archive.read("docProps/core.xml").ok()??;
    let xml_text = text_of(&bytes);
    let mut xml = Xml::new(&xml_text, out.limits.xml_depth);
    while let Ok(Some(token)) = xml.next() {
        if let Token::Open(tag) = token
            && tag.name() == "title"
        {
            return text::title(&xml.text().ok()?);
        }
    }
    None
}

/// True where a container holds pictures: a document without text is then a scan, not empty.
pub fn has_pictures(archive: &Archive<'_>) -> bool {
    archive
        .names()
        .iter()
        .any(|name| name.contains("media/") || name.contains("Pictures/"))
}

/// Reads the paragraphs of a DrawingML text body (`a:p`), the reader standing inside `txBody`, until it ends. `\n` for line breaks.
///
/// # Errors
/// Those of XML.
pub fn drawing_paragraphs(xml: &mut Xml<'_>) -> Result<Vec<String>, ParseError> {
    let outside = xml.depth().saturating_sub(1);
    let mut paragraphs = Vec::new();
    let mut current = Line::default();
    while xml.depth() > outside {
        match xml.next()? {
            Some(Token::Open(tag)) => drawing_open(&tag, xml, &mut current)?,
            Some(Token::Close(name)) => match name.name() {
                "p" => paragraphs.push(std::mem::take(&mut current).text),
                name => current.close(name),
            },
            Some(_) => {}
            None => break,
        }
    }
    Ok(paragraphs)
}

fn drawing_open(tag: &Tag<'_>, xml: &mut Xml<'_>, current: &mut Line) -> Result<(), ParseError> {
    match tag.name() {
        "t" => {
            let text = xml.text()?;
            current.push(&text);
        }
        "r" | "fld" => current.is_raised = false,
        "br" => current.text.push('\n'),
        "tab" => current.text.push('\t'),
        "rPr" => {
            // Thousandths of a percent; below nought it is lowered. Strict documents write `30%`.
            current.is_raised = tag.attribute("baseline").is_some_and(|height| is_above(&height));
            xml.skip()?;
        }
        // Properties have elements named like text's (`a:tab` in `a:tabLst`).
        "pPr" | "endParaRPr" | "bodyPr" | "lstStyle" => xml.skip()?,
        _ => current.open(tag, xml.depth()),
    }
    Ok(())
}
