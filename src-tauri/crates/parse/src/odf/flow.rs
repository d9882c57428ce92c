//! Text documents and presentations: paragraphs, lists, tables, slides.

use super::charts::Charts;
use super::formulas::Formulas;
use super::numbering::Lists;
use super::raised::{Positions, SpannedLine};
use super::{MAX_REPEATS, is_aside, repeats};
use crate::error::ParseError;
use crate::formula::mathml;
use crate::grid::{self, Finished, Grid};
use crate::output::Output;
use crate::text::{PageBuilder, TableHeader, row_line};
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
    /// Cells that spans have added to tables.
    span_cells: usize,
    /// Spaces that stand for more than one.
    spaces: usize,
    lists: Lists,
    positions: Positions,
    formulas: Formulas,
    charts: Charts,
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
    text: SpannedLine,
    /// What stands before it.
    number: Option<String>,
    level: Option<u8>,
    after: Vec<String>,
    /// Numbers of pages in it that are left out.
    page_numbers: usize,
}

struct Table {
    grid: Grid,
    cell: Option<Cell>,
    /// Inside the rows that are said again on each page.
    in_header: bool,
    header_rows: Option<usize>,
    /// Paragraphs that are open around it.
    around: usize,
}

struct Cell {
    text: String,
    columns: usize,
    rows: u32,
    /// It lies under one that spans, which is shown in its place.
    is_covered: bool,
}

/// True for a field of a header or footer that says something else on each page, in each sheet, or whenever it is printed.
fn is_changing(tag: &Tag<'_>) -> bool {
    match tag.full_name() {
        "text:page-number" | "text:page-count" | "text:sheet-name" => true,
        "text:date" | "text:time" => tag.attribute("fixed").as_deref() != Some("true"),
        _ => false,
    }
}

impl Cell {
    fn of(tag: &Tag<'_>) -> Self {
        Self {
            text: String::new(),
            columns: repeats(tag, "number-columns-spanned") as usize,
            rows: repeats(tag, "number-rows-spanned"),
            is_covered: tag.name() == "covered-table-cell",
        }
    }
}

impl Flow {
    /// For a document with these lists, styles, formulas and charts.
    pub fn of(lists: Lists, positions: Positions, formulas: Formulas, charts: Charts) -> Self {
        Self {
            lists,
            positions,
            formulas,
            charts,
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
                let slides: usize = self.slides.iter().map(PageBuilder::len).sum();
                out.gathering(self.page.len() + slides + self.spaces)?;
            }
            match token {
                Token::Open(tag) => self.open(&tag, &mut xml, out)?,
                Token::Close(name) => self.close(name.name()),
                Token::Text(text) => {
                    if let Some(paragraph) = self.paragraphs.last_mut() {
                        let line = &mut paragraph.text.line;
                        // White space collapses as in HTML.
                        for piece in text.split_inclusive(|c: char| c.is_ascii_whitespace()) {
                            let trimmed = piece.trim_end_matches(|c: char| c.is_ascii_whitespace());
                            line.push(trimmed);
                            if trimmed.len() < piece.len() && !line.text.ends_with([' ', '\n', '\t']) {
                                line.text.push(' ');
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

    fn open(&mut self, tag: &Tag<'_>, xml: &mut Xml<'_>, out: &Output<'_>) -> Result<(), ParseError> {
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
                self.spaces += count - 1;
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.text.line.text.extend(std::iter::repeat_n(' ', count));
                }
            }
            "span" => {
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.text.begin(tag, &self.positions);
                }
            }
            "tab" => self.put('\t'),
            "line-break" => self.put('\n'),
            "tracked-changes" | "note-citation" | "forms" => xml.skip()?,
            _ if is_aside(tag) => xml.skip()?,
            _ if self.margins_only && is_changing(tag) => {
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.page_numbers += usize::from(tag.name().starts_with("page-"));
                }
                xml.skip()?;
            }
            // Of a flat document each reading takes its own.
            "master-styles" if !self.margins_only => xml.skip()?,
            "body" if self.margins_only => xml.skip()?,
            // An empty place of a slide, or its prompt ("Click to add title").
            "frame" | "custom-shape" if tag.attribute("placeholder").as_deref() == Some("true") => xml.skip()?,
            "object" => {
                let object = tag.attribute("href").unwrap_or_default();
                if let Some(formula) = self.formulas.take(&object) {
                    self.formula(&formula);
                } else if let Some(chart) = self.charts.take(&object) {
                    self.place(chart.titles, &chart.rows, TableHeader::FirstRow);
                }
            }
            // An object that is no part of its own.
            "math" => {
                let formula = mathml::read(xml, out)?;
                self.formula(&formula);
            }
            "list" => self.lists.begin(tag),
            "list-item" => self.lists.begin_item(tag),
            "page" if !self.margins_only => self.slides.push(PageBuilder::default()),
            "frame" | "custom-shape" => self.frame = tag.attribute("class").unwrap_or_default(),
            "master-page" if self.margins_only => self.in_margin += 1,
            "table" => self.tables.push(Table {
                grid: Grid::new(grid::ROOM.saturating_sub(self.span_cells)),
                cell: None,
                in_header: false,
                header_rows: None,
                around: self.paragraphs.len(),
            }),
            "table-header-rows" => {
                if let Some(table) = self.tables.last_mut() {
                    table.in_header = table.grid.height() == 0;
                }
            }
            "table-row" => {
                if let Some(table) = self.tables.last_mut() {
                    table.grid.row();
                    if table.in_header {
                        table.header_rows = Some(table.grid.height());
                    }
                }
            }
            "table-cell" | "covered-table-cell" => {
                if let Some(table) = self.tables.last_mut() {
                    table.cell = Some(Cell::of(tag));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds a formula to its line; one beside all text is a paragraph.
    fn formula(&mut self, formula: &str) {
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.text.line.push_formula(formula);
            return;
        }
        let mut paragraph = Paragraph::default();
        paragraph.text.line.push_formula(formula);
        self.paragraphs.push(paragraph);
        self.paragraph();
    }

    fn put(&mut self, c: char) {
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.text.line.text.push(c);
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "p" | "h" => self.paragraph(),
            "span" => {
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.text.end();
                }
            }
            "frame" | "custom-shape" => self.frame.clear(),
            "list" => self.lists.end(),
            "list-item" => self.lists.end_item(),
            "master-page" if self.margins_only => self.in_margin = self.in_margin.saturating_sub(1),
            "table-cell" | "covered-table-cell" => {
                if let Some(table) = self.tables.last_mut()
                    && let Some(cell) = table.cell.take().filter(|cell| !cell.is_covered)
                {
                    table.grid.cell(cell.text, cell.columns, cell.rows);
                }
            }
            "table-header-rows" => {
                if let Some(table) = self.tables.last_mut() {
                    table.in_header = false;
                }
            }
            "table" => self.table(),
            _ => {}
        }
    }

    /// The paragraph that a frame hangs on, where what is open inside all else is one and not the cell of a table.
    fn anchor(&mut self) -> Option<&mut Paragraph> {
        let around = self.tables.last().map_or(0, |table| table.around);
        self.paragraphs.get_mut(around..)?.last_mut()
    }

    fn target(&mut self) -> &mut PageBuilder {
        self.slides.last_mut().unwrap_or(&mut self.page)
    }

    fn paragraph(&mut self) {
        let Some(done) = self.paragraphs.pop() else { return };
        let mut text = done.text.line.text;
        // Fields that nothing has filled show their own names.
        for field in ["<number>", "<date/time>", "<header>", "<footer>"] {
            if text.contains(field) {
                text = text.replace(field, "");
            }
        }
        if let Some(number) = done.number.filter(|_| !text.trim().is_empty()) {
            text = format!("{number} {}", text.trim_start());
        }
        if let Some(outer) = self.anchor() {
            outer.after.push(text);
            outer.after.extend(done.after);
            return;
        }
        if self.margins_only {
            // `Page 1 of 9` has a word a number.
            let words = text
                .split_whitespace()
                .filter(|word| word.contains(char::is_alphanumeric));
            let said = (words.count() > done.page_numbers).then_some(text);
            let texts = said.into_iter().chain(done.after).filter(|_| self.in_margin > 0);
            for text in texts.filter(|text| !text.trim().is_empty()) {
                if !self.margins.contains(&text) {
                    self.margins.push(text);
                }
            }
            return;
        }
        if let Some(cell) = self.tables.last_mut().and_then(|table| table.cell.as_mut()) {
            for text in std::iter::once(text)
                .chain(done.after)
                .filter(|text| !text.trim().is_empty())
            {
                if !cell.text.is_empty() {
                    cell.text.push('\n');
                }
                cell.text.push_str(&text);
            }
            return;
        }
        let in_list = self.lists.is_open();
        let is_title = self.frame == "title" && !self.slides.is_empty();
        let page = self.target();
        match done.level {
            Some(level) => page.heading(level, &text),
            None if is_title => page.heading(1, &text),
            None if in_list => page.line(&text),
            None => page.paragraph(&text),
        }
        for text in done.after {
            page.paragraph(&text);
        }
    }

    fn table(&mut self) {
        let Some(table) = self.tables.pop() else { return };
        let Finished {
            titles,
            rows,
            header,
            room,
        } = table.grid.finish(table.header_rows);
        self.span_cells = self.span_cells.max(grid::ROOM.saturating_sub(room));
        self.place(titles, &rows, header);
    }

    /// Adds a table below its titles where it stands: on the page, in a cell of another, behind the paragraph that it hangs on.
    fn place(&mut self, titles: Vec<String>, rows: &[Vec<String>], header: TableHeader) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        if let Some(anchor) = self.anchor() {
            anchor.after.extend(titles);
            if columns <= 1 {
                anchor.after.extend(rows.iter().flatten().cloned());
            } else {
                let lines = rows.iter().map(|row| row_line(row)).filter(|line| !line.is_empty());
                anchor.after.push(lines.collect::<Vec<String>>().join("\n"));
            }
            return;
        }
        if let Some(cell) = self.tables.last_mut().and_then(|outer| outer.cell.as_mut()) {
            let texts = titles.iter().chain(rows.iter().flatten());
            for inner in texts.filter(|text| !text.trim().is_empty()) {
                if !cell.text.is_empty() {
                    cell.text.push('\n');
                }
                cell.text.push_str(inner);
            }
            return;
        }
        let page = self.target();
        for title in &titles {
            page.paragraph(title);
        }
        if columns <= 1 {
            for cell in rows.iter().flatten() {
                page.paragraph(cell);
            }
        } else {
            page.table(rows, header);
        }
    }
}
