//! DOCX, DOCM, DOTX: body, tables, text boxes, then notes, comments, diagrams, headers and footers. The same in one XML file.

mod chunks;

use crate::archive::Archive;
use crate::error::ParseError;
use crate::ooxml;
use crate::output::Output;
use crate::pptx;
use crate::text::{PageBuilder, TableHeader};
use crate::xml::{Tag, Token, Xml, text_of};
use chunks::Chunks;
use std::collections::{BTreeSet, HashMap};

/// The media type.
pub const MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// Reads a Word document.
///
/// # Errors
/// Its final state.
pub fn parse(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    let mut archive = Archive::open(bytes, out.limits)?;
    let main = ooxml::main_part(&mut archive, "word/document.xml", out)?;
    let document = archive.require(&main)?;
    out.started(MEDIA_TYPE, ooxml::title(&mut archive, out), Some(1));
    let relationships = ooxml::relationships(&mut archive, &main, out)?;
    let styles = match relationships.iter().find(|r| r.kind == "styles") {
        Some(styles) => archive
            .read(&styles.target)?
            .map_or_else(HashMap::new, |bytes| heading_styles(&text_of(&bytes), out)),
        None => HashMap::new(),
    };
    let mut page = PageBuilder::default();
    Body {
        page: &mut page,
        styles: &styles,
        chunks: Some(Chunks::new(&mut archive, &relationships)),
        out,
    }
    .read(&text_of(&document))?;
    for kind in ["footnotes", "endnotes", "comments"] {
        for part in relationships.iter().filter(|r| r.kind == kind) {
            add_part(&mut archive, &part.target, &styles, &mut page, out);
        }
    }
    for part in relationships
        .iter()
        .filter(|r| matches!(r.kind.as_str(), "diagramData" | "chart"))
    {
        let read = archive.read(&part.target).and_then(|bytes| match bytes {
            Some(bytes) => pptx::diagram(&bytes, &mut page, out),
            None => Ok(()),
        });
        if let Err(error) = read {
            out.warning(format!("A diagram could not be read ({}): {error}.", part.target));
        }
    }
    let mut seen = BTreeSet::new();
    for part in relationships
        .iter()
        .filter(|r| matches!(r.kind.as_str(), "header" | "footer"))
    {
        let mut margin = PageBuilder::default();
        add_part(&mut archive, &part.target, &styles, &mut margin, out);
        let text = margin.finish(1).text;
        if seen.insert(text.clone()) {
            page.paragraph(&text);
        }
    }
    if page.is_empty() && ooxml::has_pictures(&archive) {
        return Err(ParseError::NoText);
    }
    out.single_page(page)
}

/// Reads a document that is one XML file: Word's of 2003, and the flat form of later ones, whose parts stand one after the other.
///
/// # Errors
/// Its final state.
pub fn parse_flat(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    out.gathering(bytes.len() / 4)?;
    out.started(MEDIA_TYPE, None, Some(1));
    let source = text_of(bytes);
    let styles = heading_styles(&source, out);
    let mut page = PageBuilder::default();
    Body {
        page: &mut page,
        styles: &styles,
        chunks: None,
        out,
    }
    .read(&source)?;
    if page.is_empty() && source.contains("inaryData") {
        return Err(ParseError::NoText);
    }
    out.single_page(page)
}

/// True for a part of a flat document that holds text people see.
fn is_text_part(name: &str) -> bool {
    let Some(file) = name.rsplit('/').next().and_then(|file| file.strip_suffix(".xml")) else {
        return false;
    };
    !name.contains("/glossary/")
        && ["document", "footnotes", "endnotes", "comments", "header", "footer"]
            .iter()
            .any(|kind| file.starts_with(kind))
}

/// A part beside the body: losing it loses no document.
fn add_part(
    archive: &mut Archive<'_>,
    path: &str,
    styles: &HashMap<String, u8>,
    page: &mut PageBuilder,
    out: &mut Output<'_>,
) {
    let read = archive.read(path).and_then(|bytes| match bytes {
        Some(bytes) => Body {
            page,
            styles,
            chunks: None,
            out,
        }
        .read(&text_of(&bytes)),
        None => Ok(()),
    });
    if let Err(error) = read {
        out.warning(format!("A part of the document could not be read ({path}): {error}."));
    }
}

/// Heading level by style id: by outline level, by the built-in names, inherited from the style it is based on.
fn heading_styles(source: &str, out: &Output<'_>) -> HashMap<String, u8> {
    let mut xml = Xml::new(source, out.limits.xml_depth);
    let mut levels = HashMap::new();
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
        match tag.name() {
            "style" => id = tag.attribute("styleId").unwrap_or_default(),
            _ if id.is_empty() => {}
            "name" => {
                let name = tag.attribute("val").unwrap_or_default().to_lowercase();
                if let Some(level) = name.strip_prefix("heading ").and_then(|level| level.parse().ok()) {
                    levels.insert(id.clone(), level);
                } else if name == "title" {
                    levels.insert(id.clone(), 1);
                }
            }
            "outlineLvl" => {
                if let Some(level) = tag
                    .attribute("val")
                    .and_then(|level| level.parse::<u8>().ok())
                    .filter(|level| *level < 9)
                {
                    levels.entry(id.clone()).or_insert(level + 1);
                }
            }
            "basedOn" => bases.push((id.clone(), tag.attribute("val").unwrap_or_default())),
            _ => {}
        }
    }
    // Chains are short; a cycle must end all the same.
    for _ in 0..5 {
        for (id, base) in &bases {
            if !levels.contains_key(id)
                && let Some(level) = levels.get(base).copied()
            {
                levels.insert(id.clone(), level);
            }
        }
    }
    levels
}

struct Body<'a, 'b, 'c> {
    page: &'a mut PageBuilder,
    styles: &'a HashMap<String, u8>,
    chunks: Option<Chunks<'a, 'b>>,
    out: &'a mut Output<'c>,
}

#[derive(Default)]
struct Paragraph {
    text: String,
    level: Option<u8>,
    in_list: bool,
    /// Paragraphs of text boxes anchored in it, which stand after it.
    boxes: Vec<String>,
}

#[derive(Default)]
struct Table {
    rows: Vec<Vec<String>>,
    cell: String,
    marked_header: bool,
}

impl Body<'_, '_, '_> {
    fn read(&mut self, source: &str) -> Result<(), ParseError> {
        let mut xml = Xml::new(source, self.out.limits.xml_depth);
        // Paragraphs nest through text boxes, tables through cells.
        let mut paragraphs: Vec<Paragraph> = Vec::new();
        let mut tables: Vec<Table> = Vec::new();
        let mut tokens = 0_u32;
        while let Some(token) = xml.next()? {
            tokens = tokens.wrapping_add(1);
            if tokens.is_multiple_of(4096) {
                self.out.gathering(self.page.len())?;
            }
            match token {
                Token::Open(tag) => match tag.name() {
                    "p" => paragraphs.push(Paragraph::default()),
                    "tbl" => tables.push(Table::default()),
                    "tr" => {
                        if let Some(table) = tables.last_mut() {
                            table.rows.push(Vec::new());
                        }
                    }
                    "tblHeader" => {
                        if let Some(table) = tables.last_mut()
                            && table.rows.len() == 1
                            && tag.is_on("val")
                        {
                            table.marked_header = true;
                        }
                    }
                    // The same drawing once more for old programs; text struck out or moved away; field codes.
                    "Fallback" | "delText" | "moveFrom" | "del" | "instrText" | "delInstrText" => xml.skip()?,
                    // The reading of a word beside it; how a paragraph was formatted before; pictures of a flat document.
                    "rt" | "pPrChange" | "rPrChange" | "binData" | "binaryData" => xml.skip()?,
                    "part" if tag.attribute("name").is_some_and(|name| !is_text_part(&name)) => xml.skip()?,
                    "altChunk" => {
                        if let Some(chunks) = &mut self.chunks {
                            chunks.add(&tag, self.page, self.out)?;
                        }
                    }
                    "t" if paragraphs.is_empty() => {}
                    name => {
                        if let Some(paragraph) = paragraphs.last_mut() {
                            self.run(name, &tag, &mut xml, paragraph)?;
                        }
                    }
                },
                Token::Close(name) => match name.name() {
                    "p" => {
                        let Some(done) = paragraphs.pop() else { continue };
                        self.paragraph(done, paragraphs.last_mut(), tables.last_mut());
                    }
                    "tc" => {
                        if let Some(table) = tables.last_mut() {
                            let cell = std::mem::take(&mut table.cell);
                            if let Some(row) = table.rows.last_mut() {
                                row.push(cell);
                            }
                        }
                    }
                    "tbl" => {
                        if let Some(table) = tables.pop() {
                            self.table(table, tables.last_mut());
                        }
                    }
                    _ => {}
                },
                Token::Text(_) => {}
            }
        }
        // What a truncated file left open.
        while let Some(left) = paragraphs.pop() {
            self.paragraph(left, paragraphs.last_mut(), tables.last_mut());
        }
        while let Some(mut table) = tables.pop() {
            let cell = std::mem::take(&mut table.cell);
            if let Some(row) = table.rows.last_mut() {
                row.push(cell);
            }
            self.table(table, tables.last_mut());
        }
        self.out.gathering(self.page.len())
    }

    fn run(&self, name: &str, tag: &Tag<'_>, xml: &mut Xml<'_>, paragraph: &mut Paragraph) -> Result<(), ParseError> {
        match name {
            "t" => paragraph.text.push_str(&xml.text()?),
            "tab" | "ptab" => paragraph.text.push('\t'),
            "br" | "cr" => paragraph.text.push('\n'),
            "noBreakHyphen" => paragraph.text.push('-'),
            "sym" => {
                // Symbol fonts put their glyphs at F000; the low byte is what the text meant where it is ASCII.
                if let Some(code) = tag.attribute("char").and_then(|hex| u32::from_str_radix(&hex, 16).ok())
                    && let Some(c) = char::from_u32(code).filter(|c| !('\u{e000}'..='\u{f8ff}').contains(c))
                {
                    paragraph.text.push(c);
                }
            }
            "pStyle" => {
                let style = tag.attribute("val").unwrap_or_default();
                paragraph.level = paragraph.level.or(self.styles.get(&style).copied());
            }
            "outlineLvl" => {
                if let Some(level) = tag
                    .attribute("val")
                    .and_then(|level| level.parse::<u8>().ok())
                    .filter(|level| *level < 9)
                {
                    paragraph.level = Some(level + 1);
                }
            }
            "numPr" => paragraph.in_list = true,
            // Tab stops are `w:tab` as well.
            "tabs" => xml.skip()?,
            _ => {}
        }
        Ok(())
    }

    fn paragraph(&mut self, done: Paragraph, outer: Option<&mut Paragraph>, table: Option<&mut Table>) {
        if let Some(outer) = outer {
            outer.boxes.push(done.text);
            outer.boxes.extend(done.boxes);
            return;
        }
        if let Some(table) = table {
            for text in std::iter::once(done.text)
                .chain(done.boxes)
                .filter(|text| !text.trim().is_empty())
            {
                if !table.cell.is_empty() {
                    table.cell.push('\n');
                }
                table.cell.push_str(&text);
            }
            return;
        }
        match done.level {
            Some(level) if done.text.chars().count() <= 300 => self.page.heading(level, &done.text),
            _ if done.in_list => self.page.line(&done.text),
            _ => self.page.paragraph(&done.text),
        }
        for text in done.boxes {
            self.page.paragraph(&text);
        }
    }

    fn table(&mut self, table: Table, outer: Option<&mut Table>) {
        if let Some(outer) = outer {
            for row in table.rows {
                for cell in row.iter().filter(|cell| !cell.trim().is_empty()) {
                    if !outer.cell.is_empty() {
                        outer.cell.push('\n');
                    }
                    outer.cell.push_str(cell);
                }
            }
            return;
        }
        // A frame around running text is no table.
        let columns = table.rows.iter().map(Vec::len).max().unwrap_or(0);
        let prose = table.rows.iter().flatten().any(|cell| cell.chars().count() > 1_500);
        if columns <= 1 || prose {
            for cell in table.rows.iter().flatten() {
                self.page.paragraph(cell);
            }
            return;
        }
        let header = if table.marked_header {
            TableHeader::FirstRow
        } else {
            TableHeader::guess(&table.rows)
        };
        self.page.table(&table.rows, header);
    }
}
