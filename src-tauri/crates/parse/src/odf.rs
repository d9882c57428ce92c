//! OpenDocument: text (a page), presentations (a slide a page) and spreadsheets (a sheet a page).

use crate::archive::Archive;
use crate::error::ParseError;
use crate::ooxml;
use crate::output::Output;
use crate::sheets::SparseTable;
use crate::text::{self, PageBuilder, TableHeader};
use crate::xml::{Tag, Token, Xml, text_of};

const TEXT: &str = "application/vnd.oasis.opendocument.text";
const PRESENTATION: &str = "application/vnd.oasis.opendocument.presentation";
const SPREADSHEET: &str = "application/vnd.oasis.opendocument.spreadsheet";
/// A row or cell said to repeat is written so often at most; LibreOffice fills a sheet's end with a million.
const MAX_REPEATS: u32 = 1_000;
/// Cells that one repeated row may give, so that repeats of repeats stay small.
const MAX_REPEATED_CELLS: usize = 20_000;

/// Reads a text document.
///
/// # Errors
/// Its final state.
pub fn parse_odt(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    let (mut archive, content) = open(bytes, out)?;
    out.started(TEXT, title(&mut archive, out), Some(1));
    let mut flow = Flow::default();
    flow.read(&content, out)?;
    for text in margins(&mut archive, out)? {
        flow.page.paragraph(&text);
    }
    if flow.page.is_empty() && ooxml::has_pictures(&archive) {
        return Err(ParseError::NoText);
    }
    out.single_page(flow.page)
}

/// Reads a presentation or a drawing.
///
/// # Errors
/// Its final state.
pub fn parse_odp(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    let (mut archive, content) = open(bytes, out)?;
    out.started(PRESENTATION, title(&mut archive, out), None);
    let mut flow = Flow::default();
    flow.read(&content, out)?;
    let mut slides = if flow.slides.is_empty() {
        vec![flow.page]
    } else {
        flow.slides
    };
    for text in margins(&mut archive, out)? {
        slides[0].paragraph(&text);
    }
    for (index, slide) in slides.into_iter().enumerate() {
        out.page(slide.finish(index as u32 + 1))?;
    }
    if !out.has_text() && ooxml::has_pictures(&archive) {
        return Err(ParseError::NoText);
    }
    Ok(())
}

/// Reads a spreadsheet.
///
/// # Errors
/// Its final state.
pub fn parse_ods(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    let (mut archive, content) = open(bytes, out)?;
    out.started(SPREADSHEET, title(&mut archive, out), None);
    let mut xml = Xml::new(&content, out.limits.xml_depth);
    let (mut number, mut cells) = (0, 0);
    let mut margins = margins(&mut archive, out)?;
    while let Some(token) = xml.next()? {
        if let Token::Open(tag) = token
            && tag.name() == "table"
        {
            number += 1;
            let name = tag.attribute("name").unwrap_or_default();
            let mut page = PageBuilder::default();
            sheet(&mut xml, &mut cells, out)?.write(&name, &mut page);
            for text in margins.drain(..) {
                page.paragraph(&text);
            }
            out.page(page.finish(number))?;
        }
    }
    Ok(())
}

fn open<'a>(bytes: &'a [u8], out: &Output<'_>) -> Result<(Archive<'a>, String), ParseError> {
    let mut archive = Archive::open(bytes, out.limits)?;
    let manifest = archive.read("META-INF/manifest.xml")?.unwrap_or_default();
    if String::from_utf8_lossy(&manifest).contains("encryption-data") {
        return Err(ParseError::NeedsPassword);
    }
    let content = archive.require("content.xml")?;
    Ok((archive, text_of(&content)))
}

/// What the master pages show on every page: headers, footers, what stands on the master of a slide; each once.
///
/// # Errors
/// Those of the container; styles that cannot be read hold no text worth a failure.
fn margins(archive: &mut Archive<'_>, out: &Output<'_>) -> Result<Vec<String>, ParseError> {
    let Some(styles) = archive.read("styles.xml")? else {
        return Ok(Vec::new());
    };
    let mut flow = Flow {
        margins_only: true,
        ..Flow::default()
    };
    if let Err(error) = flow.read(&text_of(&styles), out) {
        tracing::debug!(%error, "the styles could not be read");
    }
    // Fields of numbers and dates show their own names there.
    flow.margins
        .retain(|text| !(text.trim_start().starts_with('<') && text.trim_end().ends_with('>')));
    Ok(flow.margins)
}

fn title(archive: &mut Archive<'_>, out: &Output<'_>) -> Option<String> {
    let bytes = archive.read("meta.xml").ok()??;
    let source = text_of(&bytes);
    let mut xml = Xml::new(&source, out.limits.xml_depth);
    while let Ok(Some(token)) = xml.next() {
        if let Token::Open(tag) = token
            && tag.name() == "title"
        {
            return text::title(&xml.text().ok()?);
        }
    }
    None
}

fn repeats(tag: &Tag<'_>, name: &str) -> u32 {
    tag.attribute(name)
        .and_then(|count| count.parse().ok())
        .unwrap_or(1)
        .max(1)
}

/// A sheet, the reader standing inside its element.
fn sheet(xml: &mut Xml<'_>, cells: &mut usize, out: &Output<'_>) -> Result<SparseTable, ParseError> {
    let outside = xml.depth().saturating_sub(1);
    let mut table = SparseTable::default();
    let (mut row, mut column, mut row_repeats) = (0_u32, 0_u32, 1_u32);
    let mut filled: Vec<(u32, String)> = Vec::new();
    let mut bytes = 0;
    while xml.depth() > outside {
        match xml.next()? {
            Some(Token::Open(tag)) => match tag.name() {
                "table-row" => {
                    row_repeats = repeats(&tag, "number-rows-repeated");
                    column = 0;
                }
                "table-cell" | "covered-table-cell" => {
                    let count = repeats(&tag, "number-columns-repeated");
                    let value = tag.attribute("value").or_else(|| tag.attribute("date-value"));
                    let mut text = cell(xml)?;
                    if text.trim().is_empty()
                        && let Some(value) = value
                    {
                        text = value;
                    }
                    if !text.trim().is_empty() {
                        for at in 0..count.min(MAX_REPEATS) {
                            filled.push((column.saturating_add(at), text.clone()));
                        }
                    }
                    column = column.saturating_add(count);
                }
                _ => {}
            },
            Some(Token::Close(name)) if name.name() == "table-row" => {
                let filled = std::mem::take(&mut filled);
                if !filled.is_empty() {
                    let rows = row_repeats
                        .min(MAX_REPEATS)
                        .min((MAX_REPEATED_CELLS / filled.len()).max(1) as u32);
                    for at in 0..rows {
                        for (column, text) in &filled {
                            bytes += text.len();
                            *cells += 1;
                            if *cells > out.limits.cells {
                                return Err(ParseError::too_large(format!(
                                    "it has more than {} filled cells",
                                    out.limits.cells
                                )));
                            }
                            table.push(row.saturating_add(at), *column, text.clone());
                        }
                        out.gathering(bytes)?;
                    }
                }
                row = row.saturating_add(row_repeats);
            }
            Some(_) => {}
            None => break,
        }
    }
    Ok(table)
}

/// Paragraphs of a cell, the reader standing inside it.
fn cell(xml: &mut Xml<'_>) -> Result<String, ParseError> {
    let outside = xml.depth().saturating_sub(1);
    let mut text = String::new();
    let mut paragraphs = 0_u32;
    while xml.depth() > outside {
        match xml.next()? {
            Some(Token::Open(tag)) => match tag.name() {
                "p" => {
                    paragraphs += 1;
                    if !text.is_empty() {
                        text.push('\n');
                    }
                }
                "s" | "tab" | "line-break" => text.push(' '),
                _ => {}
            },
            Some(Token::Text(piece)) if paragraphs > 0 => text.push_str(&piece),
            Some(_) => {}
            None => break,
        }
    }
    Ok(text)
}

/// Running text with tables, and slides.
#[derive(Default)]
struct Flow {
    page: PageBuilder,
    slides: Vec<PageBuilder>,
    /// Open paragraphs; notes and frames nest them.
    paragraphs: Vec<Paragraph>,
    tables: Vec<Table>,
    list_depth: u32,
    /// Class of the frame on a slide, such as `title`.
    frame: String,
    margins_only: bool,
    in_margin: u32,
    margins: Vec<String>,
}

#[derive(Default)]
struct Paragraph {
    text: String,
    level: Option<u8>,
    after: Vec<String>,
}

#[derive(Default)]
struct Table {
    rows: Vec<Vec<String>>,
    cell: Option<String>,
    header_rows: bool,
}

impl Flow {
    fn read(&mut self, source: &str, out: &Output<'_>) -> Result<(), ParseError> {
        let mut xml = Xml::new(source, out.limits.xml_depth);
        let mut tokens = 0_u32;
        while let Some(token) = xml.next()? {
            tokens = tokens.wrapping_add(1);
            if tokens.is_multiple_of(4096) {
                out.gathering(self.page.len() + self.slides.iter().map(PageBuilder::len).sum::<usize>())?;
            }
            match token {
                Token::Open(tag) => self.open(&tag, &mut xml)?,
                Token::Close(name) => self.close(name.name()),
                Token::Text(text) => {
                    if let Some(paragraph) = self.paragraphs.last_mut() {
                        // White space collapses as in HTML.
                        for piece in text.split_inclusive(|c: char| c.is_ascii_whitespace()) {
                            let trimmed = piece.trim_end_matches(|c: char| c.is_ascii_whitespace());
                            paragraph.text.push_str(trimmed);
                            if trimmed.len() < piece.len() && !paragraph.text.ends_with([' ', '\n', '\t']) {
                                paragraph.text.push(' ');
                            }
                        }
                    }
                }
            }
        }
        while !self.paragraphs.is_empty() {
            self.close("p");
        }
        while !self.tables.is_empty() {
            self.close("table");
        }
        Ok(())
    }

    fn open(&mut self, tag: &Tag<'_>, xml: &mut Xml<'_>) -> Result<(), ParseError> {
        match tag.name() {
            "p" => self.paragraphs.push(Paragraph::default()),
            "h" => {
                let level = tag
                    .attribute("outline-level")
                    .and_then(|level| level.parse().ok())
                    .unwrap_or(1);
                self.paragraphs.push(Paragraph {
                    level: Some(level),
                    ..Paragraph::default()
                });
            }
            "s" => {
                let count = repeats(tag, "c").min(MAX_REPEATS) as usize;
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.text.extend(std::iter::repeat_n(' ', count));
                }
            }
            "tab" => self.put('\t'),
            "line-break" => self.put('\n'),
            "tracked-changes" | "note-citation" | "forms" | "binary-data" => xml.skip()?,
            "list" => self.list_depth += 1,
            "page" if !self.margins_only => self.slides.push(PageBuilder::default()),
            "frame" | "custom-shape" => self.frame = tag.attribute("class").unwrap_or_default(),
            "master-page" if self.margins_only => self.in_margin += 1,
            "table" => self.tables.push(Table::default()),
            "table-header-rows" => {
                if let Some(table) = self.tables.last_mut() {
                    table.header_rows = true;
                }
            }
            "table-row" => {
                if let Some(table) = self.tables.last_mut() {
                    table.rows.push(Vec::new());
                }
            }
            "table-cell" => {
                if let Some(table) = self.tables.last_mut() {
                    table.cell = Some(String::new());
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn put(&mut self, c: char) {
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.text.push(c);
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "p" | "h" => self.paragraph(),
            "list" => self.list_depth = self.list_depth.saturating_sub(1),
            "master-page" if self.margins_only => self.in_margin = self.in_margin.saturating_sub(1),
            "table-cell" => {
                if let Some(table) = self.tables.last_mut()
                    && let Some(cell) = table.cell.take()
                    && let Some(row) = table.rows.last_mut()
                {
                    row.push(cell);
                }
            }
            "table" => self.table(),
            _ => {}
        }
    }

    fn target(&mut self) -> &mut PageBuilder {
        self.slides.last_mut().unwrap_or(&mut self.page)
    }

    fn paragraph(&mut self) {
        let Some(done) = self.paragraphs.pop() else { return };
        if let Some(outer) = self.paragraphs.last_mut() {
            outer.after.push(done.text);
            outer.after.extend(done.after);
            return;
        }
        if self.margins_only {
            if self.in_margin > 0 && !done.text.trim().is_empty() && !self.margins.contains(&done.text) {
                self.margins.push(done.text);
            }
            return;
        }
        if let Some(cell) = self.tables.last_mut().and_then(|table| table.cell.as_mut()) {
            for text in std::iter::once(done.text)
                .chain(done.after)
                .filter(|text| !text.trim().is_empty())
            {
                if !cell.is_empty() {
                    cell.push('\n');
                }
                cell.push_str(&text);
            }
            return;
        }
        let in_list = self.list_depth > 0;
        let is_title = self.frame == "title" && !self.slides.is_empty();
        let page = self.target();
        match done.level {
            Some(level) => page.heading(level, &done.text),
            None if is_title => page.heading(1, &done.text),
            None if in_list => page.line(&done.text),
            None => page.paragraph(&done.text),
        }
        for text in done.after {
            page.paragraph(&text);
        }
    }

    fn table(&mut self) {
        let Some(table) = self.tables.pop() else { return };
        if let Some(cell) = self.tables.last_mut().and_then(|outer| outer.cell.as_mut()) {
            for inner in table.rows.iter().flatten().filter(|text| !text.trim().is_empty()) {
                if !cell.is_empty() {
                    cell.push('\n');
                }
                cell.push_str(inner);
            }
            return;
        }
        let header = if table.header_rows {
            TableHeader::FirstRow
        } else {
            TableHeader::guess(&table.rows)
        };
        let columns = table.rows.iter().map(Vec::len).max().unwrap_or(0);
        let page = self.target();
        if columns <= 1 {
            for cell in table.rows.iter().flatten() {
                page.paragraph(cell);
            }
        } else {
            page.table(&table.rows, header);
        }
    }
}
