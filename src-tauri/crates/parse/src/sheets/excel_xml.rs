//! Workbooks of Excel 2003 in one XML file (SpreadsheetML).

use super::{Looks, MEDIA_TYPE_XLS, SparseTable, check_cells, margins};
use crate::error::ParseError;
use crate::output::Output;
use crate::text::PageBuilder;
use crate::xml::{Tag, Token, Xml, text_of};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Reads a workbook: a sheet a page, comments behind its table.
///
/// # Errors
/// Its final state.
pub fn parse(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    out.gathering(bytes.len() / 4)?;
    out.started(MEDIA_TYPE_XLS, None, None);
    let source = text_of(bytes);
    let mut xml = Xml::new(&source, out.limits.xml_depth);
    let (mut number, mut cells, mut seen) = (0, 0, BTreeSet::new());
    let mut formats = Formats::default();
    while let Some(token) = xml.next()? {
        let Token::Open(tag) = token else { continue };
        match tag.name() {
            "Style" | "NumberFormat" => formats.learn(&tag),
            "Worksheet" => {
                number += 1;
                let name = tag.attribute("Name").unwrap_or_default();
                let mut page = PageBuilder::default();
                let sheet = sheet(&mut xml, &mut formats, &mut cells, out)?;
                sheet.table.write(&name, &mut page);
                for comment in &sheet.comments {
                    page.paragraph(comment);
                }
                margins::write(&sheet.margins, &name, &mut seen, &mut page);
                out.page(page.finish(number))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Formats of numbers by the style that a cell says it has.
#[derive(Default)]
struct Formats {
    codes: HashMap<String, String>,
    /// The style that is being told.
    style: String,
    looks: Looks,
}

impl Formats {
    fn learn(&mut self, tag: &Tag<'_>) {
        if tag.name() == "Style" {
            self.style = tag.attribute("ID").unwrap_or_default();
            // One made from another has its format, unless it says its own.
            let parent = tag.attribute("Parent").and_then(|parent| self.codes.get(&parent));
            if let Some(code) = parent.cloned() {
                self.codes.insert(self.style.clone(), code);
            }
        } else if let Some(code) = tag.attribute("Format") {
            // Other names are those of formats that change no figure.
            let code = if code == "Percent" { "0%".to_owned() } else { code };
            self.codes.insert(self.style.clone(), code);
        }
    }

    /// A number as cells of this style show it; as it stands where it is none.
    fn shown(&mut self, style: &str, number: String) -> String {
        match (self.codes.get(style), number.trim().parse()) {
            (Some(code), Ok(value)) => self.looks.write(Some(code.as_str()), value),
            _ => number,
        }
    }
}

/// Styles of cells that name none: of their row, else of their column.
#[derive(Default)]
struct Around {
    row: Option<String>,
    /// By the first of the columns that have it: the last of them, and the style.
    columns: BTreeMap<u32, (u32, String)>,
    /// The last column that was told.
    last: u32,
}

impl Around {
    fn learn_column(&mut self, tag: &Tag<'_>) {
        let first = number(tag, "Index").unwrap_or_else(|| self.last.saturating_add(1));
        self.last = first.saturating_add(number(tag, "Span").unwrap_or(0));
        if let Some(style) = tag.attribute("StyleID") {
            self.columns.insert(first, (self.last, style));
        }
    }

    fn style(&self, cell: &Tag<'_>, column: u32) -> String {
        let of_column = || {
            let (_, (last, style)) = self.columns.range(..=column).next_back()?;
            (column <= *last).then(|| style.clone())
        };
        let named = cell.attribute("StyleID").or_else(|| self.row.clone());
        named.or_else(of_column).unwrap_or_default()
    }
}

/// What stands in a sheet.
#[derive(Default)]
struct Sheet {
    table: SparseTable,
    comments: Vec<String>,
    /// Codes of its header and footer.
    margins: Vec<String>,
}

/// A sheet, the reader standing inside its element.
fn sheet(xml: &mut Xml<'_>, formats: &mut Formats, cells: &mut usize, out: &Output<'_>) -> Result<Sheet, ParseError> {
    let outside = xml.depth().saturating_sub(1);
    let mut sheet = Sheet::default();
    let (mut row, mut column, mut bytes) = (0_u32, 0_u32, 0);
    // Columns that the last cell takes besides its own.
    let (mut merged, mut style, mut around) = (0, String::new(), Around::default());
    while xml.depth() > outside {
        let Some(token) = xml.next()? else { break };
        let Token::Open(tag) = token else { continue };
        match tag.name() {
            "Column" => around.learn_column(&tag),
            "Row" => {
                around.row = tag.attribute("StyleID");
                row = number(&tag, "Index").unwrap_or_else(|| row.saturating_add(1));
                (column, merged) = (0, 0);
            }
            "Cell" => {
                let next = column.saturating_add(merged).saturating_add(1);
                column = number(&tag, "Index").unwrap_or(next);
                merged = number(&tag, "MergeAcross").unwrap_or(0);
                style = around.style(&tag, column);
            }
            "Comment" => sheet.comments.push(xml.text()?),
            "Header" | "Footer" => sheet.margins.extend(tag.attribute("Data")),
            "Data" => {
                let kind = tag.attribute("Type").unwrap_or_default();
                let text = xml.text()?;
                let text = match kind.as_str() {
                    "DateTime" => date_time(&text),
                    "Number" => formats.shown(&style, text),
                    "Boolean" => if text.trim() == "1" { "TRUE" } else { "FALSE" }.to_owned(),
                    _ => text,
                };
                bytes += text.len();
                *cells += 1;
                sheet.table.push(row, column.saturating_sub(1), text);
                check_cells(*cells, bytes, out)?;
            }
            _ => {}
        }
    }
    Ok(sheet)
}

/// `2026-11-29T00:00:00.000` is a day; a time alone is said to be of the day before Excel's first.
fn date_time(text: &str) -> String {
    let text = text.trim_end_matches(".000");
    match text.strip_prefix("1899-12-31T") {
        Some(time) => time.to_owned(),
        None => text.trim_end_matches("T00:00:00").replace('T', " "),
    }
}

/// The place a row or cell says it has, from 1, without which it follows the one before; the columns it takes besides its own.
fn number(tag: &Tag<'_>, name: &str) -> Option<u32> {
    tag.attribute(name).and_then(|number| number.parse().ok())
}
