//! A sheet of a spreadsheet.

use super::raised::{Positions, SpannedLine};
use super::{MAX_REPEATS, is_aside, repeats};
use crate::error::ParseError;
use crate::output::Output;
use crate::sheets::SparseTable;
use crate::xml::{Token, Xml};

/// Cells that one repeated row may give, so that repeats of repeats stay small.
const MAX_REPEATED_CELLS: usize = 20_000;

/// A sheet.
#[derive(Default)]
pub struct Sheet {
    /// Its cells.
    pub table: SparseTable,
    /// What stands beside them.
    pub beside: Beside,
}

/// What stands beside the cells of a sheet, or the text of one.
#[derive(Default)]
pub struct Beside {
    /// Comments, text boxes.
    pub texts: Vec<String>,
    /// Where charts are, and other objects.
    pub objects: Vec<String>,
}

/// Reads a sheet, the reader standing inside its element.
///
/// # Errors
/// Those of XML; limits.
pub fn read(
    xml: &mut Xml<'_>,
    positions: &Positions,
    cells: &mut usize,
    out: &Output<'_>,
) -> Result<Sheet, ParseError> {
    let outside = xml.depth().saturating_sub(1);
    let mut sheet = Sheet::default();
    let (mut row, mut column, mut row_repeats) = (0_u32, 0_u32, 1_u32);
    let mut filled: Vec<(u32, String)> = Vec::new();
    // Of all rows, and of the open one.
    let (mut bytes, mut row_bytes) = (0, 0);
    while xml.depth() > outside {
        match xml.next()? {
            Some(Token::Open(tag)) => match tag.name() {
                "table-row" => {
                    row_repeats = repeats(&tag, "number-rows-repeated");
                    column = 0;
                }
                "table-cell" | "covered-table-cell" => {
                    let count = repeats(&tag, "number-columns-repeated");
                    let value = ["value", "date-value", "time-value", "string-value", "boolean-value"]
                        .into_iter()
                        .find_map(|name| tag.attribute(name));
                    let mut text = cell(xml, positions, &mut sheet.beside)?;
                    if text.trim().is_empty()
                        && let Some(value) = value
                    {
                        text = value;
                    }
                    if !text.trim().is_empty() {
                        let shown = count.min(MAX_REPEATS);
                        row_bytes += text.len() * shown as usize;
                        check_cells(*cells + filled.len() + shown as usize, out)?;
                        if shown > 1 {
                            out.gathering(bytes + row_bytes)?;
                        }
                        filled.extend((0..shown).map(|at| (column.saturating_add(at), text.clone())));
                    }
                    column = column.saturating_add(count);
                }
                // Text boxes that hang on the sheet, not on a cell.
                "shapes" => {
                    let text = cell(xml, positions, &mut sheet.beside)?;
                    if !text.trim().is_empty() {
                        sheet.beside.texts.push(text);
                    }
                }
                _ => {}
            },
            Some(Token::Close(name)) if name.name() == "table-row" => {
                let filled = std::mem::take(&mut filled);
                row_bytes = 0;
                if !filled.is_empty() {
                    let rows = row_repeats
                        .min(MAX_REPEATS)
                        .min((MAX_REPEATED_CELLS / filled.len()).max(1) as u32);
                    for at in 0..rows {
                        for (column, text) in &filled {
                            bytes += text.len();
                            *cells += 1;
                            check_cells(*cells, out)?;
                            sheet.table.push(row.saturating_add(at), *column, text.clone());
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
    Ok(sheet)
}

fn check_cells(cells: usize, out: &Output<'_>) -> Result<(), ParseError> {
    if cells > out.limits.cells {
        return Err(ParseError::too_large(format!(
            "it has more than {} filled cells",
            out.limits.cells
        )));
    }
    Ok(())
}

/// Paragraphs of a cell, the reader standing inside it; its comments go beside the table.
///
/// # Errors
/// Those of XML.
pub fn cell(xml: &mut Xml<'_>, positions: &Positions, beside: &mut Beside) -> Result<String, ParseError> {
    let outside = xml.depth().saturating_sub(1);
    let mut text = SpannedLine::default();
    let mut paragraphs = 0_u32;
    while xml.depth() > outside {
        match xml.next()? {
            Some(Token::Open(tag)) => match tag.name() {
                "p" => {
                    paragraphs += 1;
                    if !text.line.text.is_empty() {
                        text.line.text.push('\n');
                    }
                }
                "s" | "tab" | "line-break" => text.line.text.push(' '),
                "span" => text.begin(&tag, positions),
                _ if is_aside(&tag) => xml.skip()?,
                // A chart with the table it draws, which are cells of a sheet.
                "object" => {
                    beside.objects.extend(tag.attribute("href"));
                    xml.skip()?;
                }
                "annotation" => {
                    let comment = cell(xml, positions, &mut Beside::default())?;
                    if !comment.trim().is_empty() {
                        beside.texts.push(comment);
                    }
                }
                _ => {}
            },
            Some(Token::Close(name)) if name.name() == "span" => text.end(),
            Some(Token::Text(piece)) if paragraphs > 0 => text.line.push(&piece),
            Some(_) => {}
            None => break,
        }
    }
    Ok(text.line.text)
}
