//! What stands beside the cells of a sheet: comments, text boxes, diagrams. Losing it loses no cell.

use crate::archive::Archive;
use crate::chart::extended;
use crate::error::ParseError;
use crate::ooxml::{self, drawing_paragraphs};
use crate::output::Output;
use crate::pptx;
use crate::text::PageBuilder;
use crate::xml::{Tag, Token, Xml, text_of};
use std::collections::HashSet;

/// Adds it to the page of the sheet that is this part.
pub fn add(archive: &mut Archive<'_>, part: &str, page: &mut PageBuilder, out: &mut Output<'_>) {
    let Ok(mut relationships) = ooxml::relationships(archive, part, out) else {
        return;
    };
    // The threads first: a comment for older programs says what a thread does.
    relationships.sort_by_key(|related| related.kind != "threadedComment");
    let mut threads = HashSet::new();
    for related in relationships {
        if !matches!(related.kind.as_str(), "comments" | "drawing" | "threadedComment") {
            continue;
        }
        let read = archive.read(&related.target).and_then(|bytes| match bytes {
            Some(bytes) => texts(&bytes, &mut threads, page, out),
            None => Ok(()),
        });
        if related.kind == "drawing" {
            diagrams(archive, &related.target, page, out);
        }
        if read.is_err() {
            out.warning(format!(
                "Comments or text boxes could not be read ({}).",
                related.target
            ));
        }
    }
}

/// SmartArt and charts of a drawing: their words are in parts of their own.
fn diagrams(archive: &mut Archive<'_>, drawing: &str, page: &mut PageBuilder, out: &mut Output<'_>) {
    let Ok(relationships) = ooxml::relationships(archive, drawing, out) else {
        return;
    };
    for related in relationships {
        let add = match related.kind.as_str() {
            "diagramData" => pptx::diagram,
            "chart" => pptx::chart_titles,
            "chartEx" => extended::titles,
            _ => continue,
        };
        let read = archive.read(&related.target).and_then(|bytes| match bytes {
            Some(bytes) => add(&bytes, page, out),
            None => Ok(()),
        });
        if read.is_err() {
            out.warning(format!("A diagram could not be read ({}).", related.target));
        }
    }
}

/// Adds the texts of a part. `threads` are the ids of comments that have been read, and learns those that are.
fn texts(
    bytes: &[u8],
    threads: &mut HashSet<String>,
    page: &mut PageBuilder,
    out: &Output<'_>,
) -> Result<(), ParseError> {
    let source = text_of(bytes);
    let mut xml = Xml::new(&source, out.limits.xml_depth);
    // By author: true where it is a thread, whose first comment is `tc={…}`.
    let mut are_threads = Vec::new();
    while let Some(token) = xml.next()? {
        let Token::Open(tag) = token else { continue };
        match tag.name() {
            "author" => {
                let author = xml.text()?;
                are_threads.push(author.strip_prefix("tc=").is_some_and(|id| threads.contains(id)));
            }
            "comment" if author(&tag).and_then(|author| are_threads.get(author)) == Some(&true) => xml.skip()?,
            "comment" => page.paragraph(&words(&mut xml, "t")?),
            "threadedComment" => {
                threads.extend(tag.attribute("id"));
                page.paragraph(&words(&mut xml, "text")?);
            }
            // What older programs show in its place.
            "Fallback" => xml.skip()?,
            "txBody" => page.paragraph(&drawing_paragraphs(&mut xml)?.join("\n")),
            _ => {}
        }
        out.gathering(page.len())?;
    }
    Ok(())
}

/// The place of a comment's author among them.
fn author(comment: &Tag<'_>) -> Option<usize> {
    comment.attribute("authorId").and_then(|place| place.parse().ok())
}

/// The text of elements of this name, the reader standing inside the one around them.
fn words(xml: &mut Xml<'_>, element: &str) -> Result<String, ParseError> {
    let outside = xml.depth().saturating_sub(1);
    let mut text = String::new();
    while xml.depth() > outside {
        match xml.next()? {
            Some(Token::Open(tag)) if tag.name() == element => text.push_str(&xml.text()?),
            Some(_) => {}
            None => break,
        }
    }
    Ok(text)
}
