//! DOCX, DOCM, DOTX: body, tables, text boxes, then notes, comments, diagrams, headers and footers. The same in one XML file.

mod chunks;
mod fields;
mod form;
mod numbering;
mod styles;

use crate::archive::Archive;
use crate::chart::extended::{self, Told};
use crate::error::ParseError;
use crate::formula::Line;
use crate::grid::{self, Finished, Grid};
use crate::ooxml;
use crate::output::Output;
use crate::pptx;
use crate::symbol::{SignFont, with_signs};
use crate::text::{PageBuilder, row_line};
use crate::xml::{Tag, Token, Xml, text_of};
use chunks::Chunks;
use fields::Fields;
use numbering::Lists;
use std::collections::BTreeSet;
use styles::Styles;

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
    let mut part = |kind: &str| match relationships.iter().find(|r| r.kind == kind) {
        Some(related) => Ok(archive.read(&related.target)?.map(|bytes| text_of(&bytes))),
        None => Ok::<_, ParseError>(None),
    };
    let styles = part("styles")?.unwrap_or_default();
    // A document is worth reading without its numbers.
    let numbering = part("numbering").unwrap_or_default().unwrap_or_default();
    let mut shape = Shape::read(&styles, &numbering, out);
    let mut page = PageBuilder::default();
    Body {
        page: &mut page,
        shape: &mut shape,
        chunks: Some(Chunks::new(&mut archive, &relationships)),
        out,
    }
    .read(&text_of(&document))?;
    for kind in ["footnotes", "endnotes", "comments"] {
        for part in relationships.iter().filter(|r| r.kind == kind) {
            add_part(&mut archive, &part.target, &mut shape, &mut page, out);
        }
    }
    for part in relationships
        .iter()
        .filter(|r| matches!(r.kind.as_str(), "diagramData" | "chart" | "chartEx"))
    {
        let read = archive.read(&part.target).and_then(|bytes| match bytes {
            Some(bytes) if part.kind == "chartEx" => extended::add(&bytes, Told::All, &mut page, out),
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
        add_part(&mut archive, &part.target, &mut shape, &mut margin, out);
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
    let mut shape = Shape::read(&source, &source, out);
    let mut page = PageBuilder::default();
    Body {
        page: &mut page,
        shape: &mut shape,
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
fn add_part(archive: &mut Archive<'_>, path: &str, shape: &mut Shape, page: &mut PageBuilder, out: &mut Output<'_>) {
    let read = archive.read(path).and_then(|bytes| match bytes {
        Some(bytes) => Body {
            page,
            shape,
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

/// What is known of a document's paragraphs and tables besides their text.
struct Shape {
    styles: Styles,
    lists: Lists,
    /// Cells that spans may still add to tables.
    span_room: usize,
}

impl Shape {
    fn read(styles: &str, numbering: &str, out: &Output<'_>) -> Self {
        Self {
            styles: Styles::read(styles, out),
            lists: Lists::read(numbering, out),
            span_room: grid::ROOM,
        }
    }

    /// Counts a paragraph in its list: the number that stands before it.
    fn number(&mut self, paragraph: &Paragraph) -> Option<String> {
        let style = self.styles.get(&paragraph.style);
        let list = paragraph.list.or(style.list)?;
        let of_style = || self.lists.level_of_style(list, &paragraph.style).or(style.list_level);
        let level = match (paragraph.list_level, paragraph.list) {
            (Some(level), _) => level,
            (None, Some(_)) => 0,
            (None, None) => of_style().unwrap_or(0),
        };
        self.lists.next(list, level)
    }
}

struct Body<'a, 'b, 'c> {
    page: &'a mut PageBuilder,
    shape: &'a mut Shape,
    chunks: Option<Chunks<'a, 'b>>,
    out: &'a mut Output<'c>,
}

#[derive(Default)]
struct Paragraph {
    line: Line,
    /// The font of the open run, where it shows signs.
    sign_font: Option<SignFont>,
    /// The open run is hidden.
    is_hidden: bool,
    fields: Fields,
    /// The id of its style.
    style: String,
    level: Option<u8>,
    in_list: bool,
    /// The list it says it belongs to, and its level there.
    list: Option<u32>,
    list_level: Option<usize>,
    /// Paragraphs of text boxes anchored in it, which stand after it.
    boxes: Vec<String>,
}

impl Paragraph {
    /// True where Word shows nothing of what comes.
    fn is_silent(&self) -> bool {
        self.is_hidden || self.fields.is_in_code()
    }
}

struct Table {
    grid: Grid,
    cell: String,
    /// Columns of the open cell.
    columns: usize,
    /// The open cell goes on with the one above it.
    goes_on: bool,
    /// Rows from the first that are marked to be said again on each page.
    header_rows: usize,
    /// Paragraphs that are open around it.
    around: usize,
}

impl Table {
    fn new(room: usize, around: usize) -> Self {
        Self {
            grid: Grid::new(room),
            cell: String::new(),
            columns: 1,
            goes_on: false,
            header_rows: 0,
            around,
        }
    }

    /// What says how a row or a cell lies in the table.
    fn place(&mut self, tag: &Tag<'_>) {
        let count = || tag.attribute("val").and_then(|count| count.parse().ok());
        match tag.name() {
            "gridBefore" => self.grid.skip(count().unwrap_or(0)),
            "gridSpan" => self.columns = count().unwrap_or(1),
            "vMerge" => self.goes_on = tag.attribute("val").is_none_or(|kind| kind != "restart"),
            _ => {}
        }
    }

    fn end_cell(&mut self) {
        let text = std::mem::take(&mut self.cell);
        let columns = std::mem::replace(&mut self.columns, 1);
        if std::mem::take(&mut self.goes_on) && text.is_empty() {
            self.grid.cell_from_above(columns);
        } else {
            self.grid.cell(text, columns, 1);
        }
    }
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
                    "tbl" => tables.push(Table::new(self.shape.span_room, paragraphs.len())),
                    "tr" => {
                        if let Some(table) = tables.last_mut() {
                            table.grid.row();
                        }
                    }
                    "gridBefore" | "gridSpan" | "vMerge" => {
                        if let Some(table) = tables.last_mut() {
                            table.place(&tag);
                        }
                    }
                    "tblHeader" => {
                        if let Some(table) = tables.last_mut()
                            && table.grid.height() == table.header_rows + 1
                            && tag.is_on("val")
                        {
                            table.header_rows += 1;
                        }
                    }
                    // The same drawing once more for old programs; text struck out or moved away; field codes.
                    "Fallback" | "delText" | "moveFrom" | "del" | "instrText" | "delInstrText" => xml.skip()?,
                    // The reading of a word beside it; how something was formatted before; pictures of a flat document.
                    "rt" | "pPrChange" | "rPrChange" | "trPrChange" | "tcPrChange" | "binData" | "binaryData" => {
                        xml.skip()?;
                    }
                    "part" if tag.attribute("name").is_some_and(|name| !is_text_part(&name)) => xml.skip()?,
                    "altChunk" => {
                        if let Some(chunks) = &mut self.chunks {
                            chunks.add(&tag, self.page, self.out)?;
                        }
                    }
                    "t" if paragraphs.is_empty() => {}
                    name => {
                        if let Some(paragraph) = paragraphs.last_mut() {
                            paragraph.line.open(&tag, xml.depth());
                            self.run(name, &tag, &mut xml, paragraph)?;
                        }
                    }
                },
                Token::Close(name) => match name.name() {
                    "p" => {
                        let Some(done) = paragraphs.pop() else { continue };
                        self.paragraph(done, &mut paragraphs, &mut tables);
                    }
                    "tc" => {
                        if let Some(table) = tables.last_mut() {
                            table.end_cell();
                        }
                    }
                    "tbl" => {
                        if let Some(table) = tables.pop() {
                            self.table(table, anchor(&mut paragraphs, tables.last()), tables.last_mut());
                        }
                    }
                    name => {
                        if let Some(paragraph) = paragraphs.last_mut() {
                            paragraph.line.close(name);
                        }
                    }
                },
                Token::Text(_) => {}
            }
        }
        // What a truncated file left open.
        while let Some(left) = paragraphs.pop() {
            self.paragraph(left, &mut paragraphs, &mut tables);
        }
        while let Some(mut table) = tables.pop() {
            if !table.cell.is_empty() {
                table.end_cell();
            }
            self.table(table, None, tables.last_mut());
        }
        self.out.gathering(self.page.len())
    }

    fn run(&self, name: &str, tag: &Tag<'_>, xml: &mut Xml<'_>, paragraph: &mut Paragraph) -> Result<(), ParseError> {
        match name {
            "t" if paragraph.is_silent() => xml.skip()?,
            "tab" | "ptab" | "br" | "cr" | "noBreakHyphen" | "sym" if paragraph.is_silent() => {}
            "t" => {
                let text = with_signs(xml.text()?, paragraph.sign_font);
                paragraph.line.push(&text);
            }
            "r" => (paragraph.line.is_raised, paragraph.sign_font, paragraph.is_hidden) = (false, None, false),
            "vanish" => paragraph.is_hidden = tag.is_on("val"),
            "fldChar" => paragraph.fields.mark(&tag.attribute("fldCharType").unwrap_or_default()),
            "rFonts" => paragraph.sign_font = tag.attribute("ascii").and_then(|font| SignFont::named(&font)),
            "checkBox" => paragraph.line.push(form::tick_box(xml)?),
            "ddList" => paragraph.line.push(&form::choice(xml)?),
            "vertAlign" => paragraph.line.is_raised = tag.attribute("val").is_some_and(|place| place == "superscript"),
            "tab" | "ptab" => paragraph.line.text.push('\t'),
            "br" | "cr" => paragraph.line.text.push('\n'),
            "noBreakHyphen" => paragraph.line.text.push('-'),
            "sym" => {
                // A glyph that is at F000 in a font not known here says nothing.
                let font = tag.attribute("font").and_then(|font| SignFont::named(&font));
                let code = tag.attribute("char").and_then(|hex| u32::from_str_radix(&hex, 16).ok());
                let byte = code.and_then(|code| u8::try_from(code & !0xf000).ok());
                let sign = font.zip(byte).and_then(|(font, byte)| font.sign(byte));
                let c = code
                    .and_then(char::from_u32)
                    .filter(|c| !('\u{e000}'..='\u{f8ff}').contains(c));
                paragraph.line.text.extend(sign.or(c));
            }
            "pStyle" => {
                let style = tag.attribute("val").unwrap_or_default();
                paragraph.level = paragraph.level.or(self.shape.styles.get(&style).heading);
                paragraph.style = style;
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
            "numId" => paragraph.list = tag.attribute("val").and_then(|list| list.parse().ok()),
            "ilvl" => paragraph.list_level = tag.attribute("val").and_then(|level| level.parse().ok()),
            // Tab stops are `w:tab` as well.
            "tabs" => xml.skip()?,
            _ => {}
        }
        Ok(())
    }

    fn paragraph(&mut self, done: Paragraph, outer: &mut [Paragraph], tables: &mut [Table]) {
        // Nothing but its number is what a column of numbers holds.
        let number = self.shape.number(&done);
        let mut text = done.line.text;
        if let Some(number) = number
            && (!tables.is_empty() || !text.trim().is_empty())
        {
            text = format!("{number} {}", text.trim_start());
        }
        if let Some(outer) = anchor(outer, tables.last()) {
            outer.boxes.push(text);
            outer.boxes.extend(done.boxes);
            return;
        }
        if let Some(table) = tables.last_mut() {
            for text in std::iter::once(text)
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
            Some(level) if text.chars().count() <= 300 => self.page.heading(level, &text),
            _ if done.in_list => self.page.line(&text),
            _ => self.page.paragraph(&text),
        }
        for text in done.boxes {
            self.page.paragraph(&text);
        }
    }

    fn table(&mut self, table: Table, anchor: Option<&mut Paragraph>, outer: Option<&mut Table>) {
        let marked = (table.header_rows > 0).then_some(table.header_rows);
        let Finished {
            titles,
            rows,
            header,
            room,
        } = table.grid.finish(marked);
        self.shape.span_room = self.shape.span_room.min(room);
        // A frame around running text is no table.
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let is_frame = columns <= 1 || rows.iter().flatten().any(|cell| cell.chars().count() > 1_500);
        if let Some(anchor) = anchor {
            anchor.boxes.extend(titles);
            if is_frame {
                anchor.boxes.extend(rows.into_iter().flatten());
            } else {
                let lines = rows.iter().map(|row| row_line(row)).filter(|line| !line.is_empty());
                anchor.boxes.push(lines.collect::<Vec<String>>().join("\n"));
            }
            return;
        }
        if let Some(outer) = outer {
            for cell in titles
                .iter()
                .chain(rows.iter().flatten())
                .filter(|cell| !cell.trim().is_empty())
            {
                if !outer.cell.is_empty() {
                    outer.cell.push('\n');
                }
                outer.cell.push_str(cell);
            }
            return;
        }
        for title in &titles {
            self.page.paragraph(title);
        }
        if is_frame {
            for cell in rows.iter().flatten() {
                self.page.paragraph(cell);
            }
            return;
        }
        self.page.table(&rows, header);
    }
}

/// The paragraph that a text box hangs on, where what is open inside all else is one and not the cell of a table.
fn anchor<'a>(paragraphs: &'a mut [Paragraph], table: Option<&Table>) -> Option<&'a mut Paragraph> {
    let around = table.map_or(0, |table| table.around);
    paragraphs.get_mut(around..)?.last_mut()
}
