//! Text documents and presentations: paragraphs, lists, tables, slides.

use super::numbering::Lists;
use super::{MAX_REPEATS, is_aside, repeats};
use crate::error::ParseError;
use crate::output::Output;
use crate::text::{PageBuilder, TableHeader};
use crate::xml::{Tag, Token, Xml};

/// Running text with tables, and slides.
#[derive(Default)]
pub struct Flow {
    /// What is on no slide.
    pub page: PageBuilder,
    /// In their order.
    pub slides: Vec<PageBuilder>,
    /// Open paragraphs; notes and frames nest them.
    paragraphs: Vec<Paragraph>,
    tables: Vec<Table>,
    lists: Lists,
    /// Class of the frame on a slide, such as `title`.
    frame: String,
    /// Nothing but [`Flow::margins`] is wanted.
    margins_only: bool,
    in_margin: u32,
    /// Paragraphs of the master pages, each once.
    pub margins: Vec<String>,
}

#[derive(Default)]
struct Paragraph {
    text: String,
    /// What stands before it.
    number: Option<String>,
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
    /// For a document with these lists.
    pub fn of(lists: Lists) -> Self {
        Self {
            lists,
            ..Self::default()
        }
    }

    /// For what stands on master pages alone.
    pub fn of_margins() -> Self {
        Self {
            margins_only: true,
            ..Self::default()
        }
    }

    /// Reads a part, or a flat document.
    ///
    /// # Errors
    /// Those of XML; limits.
    pub fn read(&mut self, source: &str, out: &Output<'_>) -> Result<(), ParseError> {
        let mut xml = Xml::new(source, out.limits.xml_depth);
        let mut tokens = 0_u32;
        while let Some(token) = xml.next()? {
            tokens = tokens.wrapping_add(1);
            if tokens.is_multiple_of(4096) {
                out.promises(self.slides.len())?;
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
            "p" | "h" => {
                let level = tag.attribute("outline-level").and_then(|level| level.parse().ok());
                self.paragraphs.push(Paragraph {
                    level: (tag.name() == "h").then(|| level.unwrap_or(1)),
                    number: self.lists.next(tag),
                    ..Paragraph::default()
                });
            }
            // The number once more, for programs that do not count.
            "number"
                if self
                    .paragraphs
                    .last()
                    .is_some_and(|paragraph| paragraph.number.is_some()) =>
            {
                xml.skip()?;
            }
            "s" => {
                let count = repeats(tag, "c").min(MAX_REPEATS) as usize;
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.text.extend(std::iter::repeat_n(' ', count));
                }
            }
            "tab" => self.put('\t'),
            "line-break" => self.put('\n'),
            "tracked-changes" | "note-citation" | "forms" => xml.skip()?,
            _ if is_aside(tag) => xml.skip()?,
            // Of a flat document each reading takes its own.
            "master-styles" if !self.margins_only => xml.skip()?,
            "body" if self.margins_only => xml.skip()?,
            // An empty place of a slide, or its prompt ("Click to add title").
            "frame" | "custom-shape" if tag.attribute("placeholder").as_deref() == Some("true") => xml.skip()?,
            "list" => self.lists.begin(tag),
            "list-item" => self.lists.begin_item(tag),
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
            "table-cell" | "covered-table-cell" => {
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
            "list" => self.lists.end(),
            "list-item" => self.lists.end_item(),
            "master-page" if self.margins_only => self.in_margin = self.in_margin.saturating_sub(1),
            "table-cell" | "covered-table-cell" => {
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
        let Some(mut done) = self.paragraphs.pop() else { return };
        // Fields that nothing has filled show their own names.
        for field in ["<number>", "<date/time>", "<header>", "<footer>"] {
            if done.text.contains(field) {
                done.text = done.text.replace(field, "");
            }
        }
        if let Some(number) = done.number.filter(|_| !done.text.trim().is_empty()) {
            done.text = format!("{number} {}", done.text.trim_start());
        }
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
        let in_list = self.lists.is_open();
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
