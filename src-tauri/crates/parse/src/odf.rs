//! OpenDocument: text (a page), presentations (a slide a page) and spreadsheets (a sheet a page); each as a container, or flat in
//! one XML file.

mod charts;
mod flow;
mod formulas;
mod numbering;
mod raised;
mod sheet;

use crate::archive::Archive;
use crate::error::ParseError;
use crate::ooxml;
use crate::output::Output;
use crate::text::{self, PageBuilder};
use crate::xml::{Tag, Token, Xml, text_of};
use charts::Charts;
use flow::Flow;
use formulas::Formulas;
use numbering::Lists;
use raised::Positions;

const TEXT: &str = "application/vnd.oasis.opendocument.text";
const PRESENTATION: &str = "application/vnd.oasis.opendocument.presentation";
const SPREADSHEET: &str = "application/vnd.oasis.opendocument.spreadsheet";
/// White space said to repeat is written so often at most; a cell likewise (LibreOffice fills a sheet's end with a million).
const MAX_REPEATS: u32 = 1_000;

/// Reads a text document.
///
/// # Errors
/// Its final state.
pub fn parse_odt(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    let mut document = Document::open(bytes, out)?;
    out.started(TEXT, document.title(out), Some(1));
    let mut flow = document.flow(out);
    flow.read(&document.content, out)?;
    for text in document.margins(out) {
        flow.page.paragraph(&text);
    }
    if flow.page.is_empty() && document.pictures {
        return Err(ParseError::NoText);
    }
    out.single_page(flow.page)
}

/// Reads a presentation or a drawing.
///
/// # Errors
/// Its final state.
pub fn parse_odp(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    let mut document = Document::open(bytes, out)?;
    out.started(PRESENTATION, document.title(out), None);
    let mut flow = document.flow(out);
    flow.read(&document.content, out)?;
    let mut slides = if flow.slides.is_empty() {
        vec![flow.page]
    } else {
        flow.slides
    };
    for text in document.margins(out) {
        slides[0].paragraph(&text);
    }
    for (index, slide) in slides.into_iter().enumerate() {
        out.page(slide.finish(index as u32 + 1))?;
    }
    if !out.has_text() && document.pictures {
        return Err(ParseError::NoText);
    }
    Ok(())
}

/// Reads a spreadsheet.
///
/// # Errors
/// Its final state.
pub fn parse_ods(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    let mut document = Document::open(bytes, out)?;
    out.started(SPREADSHEET, document.title(out), None);
    let mut charts = std::mem::take(&mut document.charts);
    let mut xml = Xml::new(&document.content, out.limits.xml_depth);
    let positions = document.positions(out);
    let (mut number, mut cells) = (0, 0);
    let mut margins = document.margins(out);
    while let Some(token) = xml.next()? {
        if let Token::Open(tag) = token
            && tag.name() == "table"
        {
            number += 1;
            let name = tag.attribute("name").unwrap_or_default();
            let mut page = PageBuilder::default();
            let sheet = sheet::read(&mut xml, &positions, &mut cells, out)?;
            sheet.table.write(&name, &mut page);
            let shown = sheet.beside.objects.iter().filter_map(|object| charts.take(object));
            let titles: Vec<String> = shown.flat_map(|chart| chart.titles).collect();
            for text in sheet.beside.texts.iter().chain(&titles).chain(&margins) {
                page.paragraph(text);
            }
            margins.clear();
            out.page(page.finish(number))?;
        }
    }
    if !out.has_text() && document.pictures {
        return Err(ParseError::NoText);
    }
    Ok(())
}

/// The parts of a document that hold text.
struct Document {
    content: String,
    /// Master pages, in a part of their own; nothing in a flat document, whose content has them.
    styles: Option<String>,
    meta: Option<String>,
    /// Those in parts of their own.
    formulas: Formulas,
    charts: Charts,
    pictures: bool,
}

impl Document {
    fn open(bytes: &[u8], out: &Output<'_>) -> Result<Self, ParseError> {
        if !bytes.starts_with(b"PK") {
            out.gathering(bytes.len() / 4)?;
            let content = text_of(bytes);
            return Ok(Self {
                pictures: content.contains("<office:binary-data"),
                content,
                styles: None,
                meta: None,
                formulas: Formulas::default(),
                charts: Charts::default(),
            });
        }
        let mut archive = Archive::open(bytes, out.limits)?;
        let manifest = text_of(&archive.read("META-INF/manifest.xml")?.unwrap_or_default());
        if manifest.contains("encryption-data") {
            return Err(ParseError::NeedsPassword);
        }
        let content = text_of(&archive.require("content.xml")?);
        let styles = archive.read("styles.xml")?.unwrap_or_default();
        let meta = archive.read("meta.xml").unwrap_or_default().unwrap_or_default();
        Ok(Self {
            content,
            styles: Some(text_of(&styles)),
            meta: Some(text_of(&meta)),
            formulas: Formulas::read(&mut archive, &manifest, out)?,
            charts: Charts::read(&mut archive, &manifest, out)?,
            pictures: ooxml::has_pictures(&archive),
        })
    }

    /// What reads its content; formulas and charts that are lost are told.
    fn flow(&mut self, out: &mut Output<'_>) -> Flow {
        let mut formulas = std::mem::take(&mut self.formulas);
        for lost in formulas.lost.drain(..) {
            out.warning(format!("A formula could not be read ({lost})."));
        }
        let mut charts = std::mem::take(&mut self.charts);
        for lost in charts.lost.drain(..) {
            out.warning(format!("A chart could not be read ({lost})."));
        }
        Flow::of(self.lists(out), self.positions(out), formulas, charts)
    }

    fn lists(&self, out: &Output<'_>) -> Lists {
        let mut lists = Lists::default();
        for source in self.styles.iter().chain([&self.content]) {
            lists.learn(source, out);
        }
        lists
    }

    fn positions(&self, out: &Output<'_>) -> Positions {
        let mut positions = Positions::default();
        for source in self.styles.iter().chain([&self.content]) {
            positions.learn(source, out);
        }
        positions
    }

    /// What the master pages show on every page: headers, footers, what stands on the master of a slide; each once. Styles that
    /// cannot be read hold no text worth a failure.
    fn margins(&self, out: &Output<'_>) -> Vec<String> {
        let mut flow = Flow::of_margins();
        if let Err(error) = flow.read(self.styles.as_ref().unwrap_or(&self.content), out) {
            tracing::debug!(%error, "the styles could not be read");
        }
        flow.margins
    }

    fn title(&self, out: &Output<'_>) -> Option<String> {
        let source = self.meta.as_ref().unwrap_or(&self.content);
        let mut xml = Xml::new(source, out.limits.xml_depth);
        while let Ok(Some(token)) = xml.next() {
            match token {
                Token::Open(tag) if tag.full_name() == "dc:title" => return text::title(&xml.text().ok()?),
                // The rest of a flat document.
                Token::Open(tag) if tag.name() == "body" => return None,
                _ => {}
            }
        }
        None
    }
}

/// True for an element whose text is not the document's: who made a comment and when, what a picture is called, the reading of a
/// word. Fields of running text are called alike, so that prefixes count.
fn is_aside(tag: &Tag<'_>) -> bool {
    matches!(
        tag.full_name(),
        "dc:creator"
            | "dc:date"
            | "meta:date-string"
            | "meta:creator-initials"
            | "loext:sender-initials"
            | "svg:title"
            | "svg:desc"
            | "text:ruby-text"
            | "office:binary-data"
    )
}

fn repeats(tag: &Tag<'_>, name: &str) -> u32 {
    tag.attribute(name)
        .and_then(|count| count.parse().ok())
        .unwrap_or(1)
        .max(1)
}
