//! FictionBook 2: a book in one XML file. Words set differently are part of their sentence; pictures and what programs note of the
//! file are no text.

use crate::error::ParseError;
use crate::formula::Line;
use crate::grid::{self, Finished, Grid};
use crate::output::Output;
use crate::plain;
use crate::text::{self, PageBuilder, one_line};
use crate::xml::{Tag, Token, Xml, text_of};

/// The media type.
pub const MEDIA_TYPE: &str = "application/x-fictionbook+xml";

/// Reads a book. Of one that breaks off, what came is read.
///
/// # Errors
/// Its final state.
pub fn parse(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    let source = text_of(bytes);
    let mut book = Book::new();
    let outcome = book.read(&source, out);
    book.finish();
    let lost = match outcome {
        Err(ParseError::Damaged { .. }) if book.page.is_empty() => return plain::parse_xml(bytes, out),
        Err(ParseError::Damaged { detail }) => Some(detail),
        other => {
            other?;
            None
        }
    };
    out.started(MEDIA_TYPE, book.title.take(), Some(1));
    if let Some(detail) = lost {
        out.warning(format!("The book is damaged, and its end may be missing: {detail}."));
    }
    out.single_page(book.page)
}

/// A book so far.
struct Book {
    page: PageBuilder,
    title: Option<String>,
    /// Open sections.
    depth: u8,
    /// What is said above a part, line by line; nothing outside of that.
    heading: Option<Vec<String>>,
    /// The open paragraph, verse or cell.
    line: Option<Line>,
    /// A verse is the first of its stanza.
    begins_stanza: bool,
    /// Inside the notes, whose sections are called by their marks.
    in_notes: bool,
    /// The mark of the open note, until its text comes.
    mark: String,
    table: Option<Grid>,
    cell: Option<(usize, u32)>,
    /// Cells that spans may still add to tables.
    room: usize,
}

impl Book {
    fn new() -> Self {
        Self {
            page: PageBuilder::default(),
            title: None,
            depth: 0,
            heading: None,
            line: None,
            begins_stanza: false,
            in_notes: false,
            mark: String::new(),
            table: None,
            cell: None,
            room: grid::ROOM,
        }
    }

    fn read(&mut self, source: &str, out: &Output<'_>) -> Result<(), ParseError> {
        let mut xml = Xml::new(source, out.limits.xml_depth);
        let mut tokens = 0_u32;
        while let Some(token) = xml.next()? {
            tokens = tokens.wrapping_add(1);
            if tokens.is_multiple_of(4096) {
                out.gathering(self.page.len())?;
            }
            match token {
                Token::Open(tag) => self.open(&tag, &mut xml)?,
                Token::Close(name) => self.close(name.name()),
                Token::Text(text) => {
                    if let Some(line) = &mut self.line {
                        line.push(&text);
                    }
                }
            }
        }
        Ok(())
    }

    /// Ends what a book that breaks off leaves open.
    fn finish(&mut self) {
        let open = if self.cell.is_some() { "td" } else { "p" };
        for element in [open, "title", "table"] {
            self.close(element);
        }
    }

    fn open(&mut self, tag: &Tag<'_>, xml: &mut Xml<'_>) -> Result<(), ParseError> {
        match tag.name() {
            "binary" | "stylesheet" | "document-info" | "custom-info" | "src-title-info" | "genre" | "lang"
            | "src-lang" | "keywords" => xml.skip()?,
            "book-title" => {
                let title = xml.text()?;
                self.title = self.title.take().or_else(|| text::title(&title));
            }
            "author" | "translator" | "publisher" | "isbn" => {
                let words = words(xml)?;
                self.page.paragraph(&words);
            }
            "body" => {
                self.depth = 0;
                self.in_notes = tag
                    .attribute("name")
                    .is_some_and(|name| matches!(name.as_str(), "notes" | "comments"));
            }
            "section" => {
                self.depth = self.depth.saturating_add(1);
                self.mark.clear();
            }
            "title" => self.heading = Some(Vec::new()),
            "stanza" => self.begins_stanza = true,
            "table" => self.table = Some(Grid::new(self.room)),
            "tr" => {
                if let Some(table) = &mut self.table {
                    table.row();
                }
            }
            "td" | "th" => {
                let count = |name| tag.attribute(name).and_then(|count| count.trim().parse::<u16>().ok());
                self.cell = Some((
                    count("colspan").map_or(1, usize::from),
                    count("rowspan").map_or(1, u32::from),
                ));
                self.line = Some(Line::default());
            }
            // Of a cell.
            "p" if self.cell.is_some() => {}
            "p" | "v" | "subtitle" | "text-author" => self.line = Some(Line::default()),
            "sup" => {
                if let Some(line) = &mut self.line {
                    line.is_raised = true;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &str) {
        match name {
            "p" if self.cell.is_some() => {
                if let Some(line) = &mut self.line {
                    line.push(" ");
                }
            }
            "p" | "v" | "subtitle" | "text-author" => {
                let text = self.line.take().map(|line| one_line(&line.text)).unwrap_or_default();
                self.paragraph(name, text);
            }
            "sup" => {
                if let Some(line) = &mut self.line {
                    line.is_raised = false;
                }
            }
            "title" => {
                let heading = self.heading.take().unwrap_or_default().join(" ");
                if self.in_notes && self.depth > 0 {
                    self.mark = heading;
                } else {
                    self.page.heading(self.depth.saturating_add(1), &heading);
                }
            }
            "section" => self.depth = self.depth.saturating_sub(1),
            "td" | "th" => {
                let text = self.line.take().map(|line| one_line(&line.text)).unwrap_or_default();
                if let (Some(table), Some((columns, rows))) = (&mut self.table, self.cell.take()) {
                    table.cell(text, columns, rows);
                }
            }
            "table" => {
                let Some(table) = self.table.take() else { return };
                let Finished {
                    titles,
                    rows,
                    header,
                    room,
                } = table.finish(None);
                self.room = self.room.min(room);
                for title in &titles {
                    self.page.paragraph(title);
                }
                self.page.table(&rows, header);
            }
            _ => {}
        }
    }

    /// Adds what an element of this name says.
    fn paragraph(&mut self, element: &str, text: String) {
        if text.is_empty() {
            return;
        }
        if let Some(heading) = &mut self.heading {
            heading.push(text);
            return;
        }
        let mark = std::mem::take(&mut self.mark);
        let text = if mark.is_empty() {
            text
        } else {
            format!("{mark} {text}")
        };
        let goes_on = element == "text-author" || element == "v" && !std::mem::take(&mut self.begins_stanza);
        if goes_on {
            self.page.line(&text);
        } else {
            self.page.paragraph(&text);
        }
    }
}

/// The words of elements within one, the reader standing inside it.
fn words(xml: &mut Xml<'_>) -> Result<String, ParseError> {
    let outside = xml.depth().saturating_sub(1);
    let mut words = String::new();
    while xml.depth() > outside {
        match xml.next()? {
            Some(Token::Open(tag)) if matches!(tag.name(), "id" | "email" | "home-page") => xml.skip()?,
            Some(Token::Text(text)) => {
                words.push_str(&text);
            }
            Some(_) => words.push(' '),
            None => break,
        }
    }
    Ok(one_line(&words))
}
