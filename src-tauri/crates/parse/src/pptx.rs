//! PPTX, PPTM, PPSX: slides in the order of the presentation, each with its tables and its notes.

use crate::archive::Archive;
use crate::chart::extended::{self, Told};
use crate::chart::{self, Series};
use crate::error::ParseError;
use crate::grid::{self, Finished, Grid};
use crate::ooxml::{self, Relationship, drawing_paragraphs};
use crate::output::Output;
use crate::text::PageBuilder;
use crate::xml::{Tag, Token, Xml, text_of};

/// The media type.
pub const MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";

/// Reads a presentation.
///
/// # Errors
/// Its final state.
pub fn parse(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    let mut archive = Archive::open(bytes, out.limits)?;
    let main = ooxml::main_part(&mut archive, "ppt/presentation.xml", out)?;
    let presentation = archive.require(&main)?;
    let relationships = ooxml::relationships(&mut archive, &main, out)?;
    let slides = slide_order(&presentation, &relationships, out)?;
    out.started(
        MEDIA_TYPE,
        ooxml::title(&mut archive, out),
        u32::try_from(slides.len()).ok(),
    );
    let mut first_error = None;
    for (index, path) in slides.iter().enumerate() {
        let number = index as u32 + 1;
        match slide(&mut archive, path, out) {
            Ok(page) => out.page(page.finish(number))?,
            Err(error @ ParseError::Damaged { .. }) => {
                out.page_failed(number, "The slide is damaged.");
                first_error.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    if let Some(error) = first_error
        && !out.has_text()
    {
        return Err(error);
    }
    if !out.has_text() && ooxml::has_pictures(&archive) {
        return Err(ParseError::NoText);
    }
    Ok(())
}

/// Paths of the slides in the order they are shown.
fn slide_order(
    presentation: &[u8],
    relationships: &[Relationship],
    out: &Output<'_>,
) -> Result<Vec<String>, ParseError> {
    let source = text_of(presentation);
    let mut xml = Xml::new(&source, out.limits.xml_depth);
    let by_id = ooxml::by_id(relationships);
    let mut slides = Vec::new();
    while let Some(token) = xml.next()? {
        if let Token::Open(tag) = token
            && tag.name() == "sldId"
            && let Some(id) = tag.prefixed("id")
            && let Some(slide) = by_id.get(id.as_str())
        {
            slides.push(slide.target.clone());
        }
    }
    if slides.is_empty() {
        slides = relationships
            .iter()
            .filter(|r| r.kind == "slide")
            .map(|r| r.target.clone())
            .collect();
    }
    Ok(slides)
}

/// A slide with what belongs to it; losing that loses no slide.
fn slide(archive: &mut Archive<'_>, path: &str, out: &mut Output<'_>) -> Result<PageBuilder, ParseError> {
    let bytes = archive.require(path)?;
    let mut page = PageBuilder::default();
    shapes(&bytes, &mut page, Part::Slide, out)?;
    let relationships = ooxml::relationships(archive, path, out)?;
    for related in &relationships {
        let part = match related.kind.as_str() {
            "notesSlide" => Part::Notes,
            // SmartArt and charts keep their words in parts of their own.
            "diagramData" | "chart" | "comments" => Part::Other,
            "chartEx" => Part::ExtendedChart,
            _ => continue,
        };
        let read = archive.read(&related.target).and_then(|bytes| match bytes {
            Some(bytes) if part == Part::ExtendedChart => extended::add(&bytes, Told::All, &mut page, out),
            Some(bytes) => shapes(&bytes, &mut page, part, out),
            None => Ok(()),
        });
        match read {
            Err(ParseError::Damaged { detail }) => {
                out.warning(format!(
                    "A part of a slide could not be read ({}): {detail}.",
                    related.target
                ));
            }
            other => other?,
        }
    }
    Ok(page)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Slide,
    Notes,
    Other,
    /// A chart of Office 2016 and later.
    ExtendedChart,
    /// A chart beside the cells that it draws.
    ChartOfCells,
}

/// Adds the words of a chart that are in no cell: its titles.
///
/// # Errors
/// Its final state.
pub fn chart_titles(bytes: &[u8], page: &mut PageBuilder, out: &Output<'_>) -> Result<(), ParseError> {
    shapes(bytes, page, Part::ChartOfCells, out)
}

/// Adds the words of a SmartArt diagram's data, or of a chart.
///
/// # Errors
/// Its final state.
pub fn diagram(bytes: &[u8], page: &mut PageBuilder, out: &Output<'_>) -> Result<(), ParseError> {
    shapes(bytes, page, Part::Other, out)
}

/// Adds the texts of a part's shapes in document order, which is how they are stacked and nearly always how they are read.
fn shapes(bytes: &[u8], page: &mut PageBuilder, part: Part, out: &Output<'_>) -> Result<(), ParseError> {
    let source = text_of(bytes);
    let mut xml = Xml::new(&source, out.limits.xml_depth);
    let mut placeholder = String::new();
    let mut table = Grid::new(grid::ROOM);
    let mut span = Span::default();
    let mut in_table = 0_u32;
    let (mut series, mut first_day) = (Vec::new(), 0.0);
    while let Some(token) = xml.next()? {
        match token {
            Token::Open(tag) => match tag.name() {
                "sp" => placeholder.clear(),
                "ph" => placeholder = tag.attribute("type").unwrap_or_else(|| "body".to_owned()),
                "Fallback" => xml.skip()?,
                "tbl" => in_table += 1,
                "tr" if in_table > 0 => table.row(),
                "tc" if in_table > 0 => span = Span::of(&tag),
                "txBody" | "t" | "rich" | "text" if in_table == 0 => {
                    let paragraphs = if matches!(tag.name(), "txBody" | "t" | "rich") {
                        drawing_text(tag.name() == "t" && matches!(part, Part::Slide | Part::Notes), &mut xml)?
                    } else {
                        vec![xml.text()?]
                    };
                    // On a page of notes they number the notes.
                    if part != Part::Notes || !matches!(placeholder.as_str(), "sldNum" | "dt") {
                        write(&paragraphs, &placeholder, part, page);
                    }
                }
                "date1904" => first_day = chart::first_day(&tag),
                // A title that stands in a cell.
                "strCache" if part == Part::ChartOfCells => xml.skip()?,
                "strCache" => write(&chart_texts(&mut xml)?, "", part, page),
                "ser" if part == Part::Other => chart::push(&mut series, Series::read(&mut xml, first_day)?),
                "txBody" => {
                    let cell = drawing_paragraphs(&mut xml)?.join("\n");
                    if !span.is_covered {
                        table.cell(cell, span.columns, span.rows);
                    }
                }
                _ => {}
            },
            Token::Close(name) if name.name() == "tbl" => {
                in_table = in_table.saturating_sub(1);
                let Finished {
                    titles,
                    rows,
                    header,
                    room,
                } = std::mem::take(&mut table).finish(None);
                table = Grid::new(room);
                for title in &titles {
                    page.paragraph(title);
                }
                page.table(&rows, header);
            }
            Token::Close(name) if name.name() == "plotArea" => chart::write(&std::mem::take(&mut series), page),
            _ => {}
        }
        out.gathering(page.len())?;
    }
    Ok(())
}

/// How a cell lies in its table.
struct Span {
    columns: usize,
    rows: u32,
    /// Another cell is shown in its place.
    is_covered: bool,
}

impl Default for Span {
    fn default() -> Self {
        Self {
            columns: 1,
            rows: 1,
            is_covered: false,
        }
    }
}

impl Span {
    fn of(cell: &Tag<'_>) -> Self {
        let count = |name| {
            cell.attribute(name)
                .and_then(|count| count.parse::<u16>().ok())
                .unwrap_or(1)
        };
        let is_merged = |name| cell.attribute(name).is_some() && cell.is_on(name);
        Self {
            columns: usize::from(count("gridSpan")),
            rows: u32::from(count("rowSpan")),
            is_covered: is_merged("hMerge") || is_merged("vMerge"),
        }
    }
}

fn drawing_text(run_alone: bool, xml: &mut Xml<'_>) -> Result<Vec<String>, ParseError> {
    // `dgm:t` of SmartArt is a text body; `a:t` met outside one is a text.
    if run_alone {
        Ok(vec![xml.text()?])
    } else {
        drawing_paragraphs(xml)
    }
}

fn chart_texts(xml: &mut Xml<'_>) -> Result<Vec<String>, ParseError> {
    let outside = xml.depth().saturating_sub(1);
    let mut texts = Vec::new();
    while xml.depth() > outside {
        match xml.next()? {
            Some(Token::Open(tag)) if tag.name() == "v" => texts.push(xml.text()?),
            Some(_) => {}
            None => break,
        }
    }
    Ok(texts)
}

fn write(paragraphs: &[String], placeholder: &str, part: Part, page: &mut PageBuilder) {
    if matches!(placeholder, "title" | "ctrTitle") && part == Part::Slide {
        page.heading(1, &paragraphs.join(" "));
        return;
    }
    for (at, paragraph) in paragraphs
        .iter()
        .filter(|paragraph| !paragraph.trim().is_empty())
        .enumerate()
    {
        if at == 0 {
            page.paragraph(paragraph);
        } else {
            page.line(paragraph);
        }
    }
}
