//! Excel workbooks: a sheet is a page with one table, its header repeated in every chunk.

use crate::archive::Archive;
use crate::encrypted::{self, ole};
use crate::error::ParseError;
use crate::numbering::Numerals;
use crate::ooxml;
use crate::output::Output;
use crate::text::{PageBuilder, TableHeader};
use crate::xml::{Token, Xml, text_of};
use biff::Workbook;
use calamine::{DataRef, ExcelDateTime, ExcelDateTimeType, Reader, SheetType, Xlsx, XlsxError};
use cfb::CompoundFile;
use merged::Merged;
use raised::RaisedStrings;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

mod beside;
mod biff;
mod excel_xml;
mod file_pass;
mod margins;
mod merged;
mod number;
mod raised;
mod tolerant;

pub use excel_xml::parse as parse_xml;
pub use number::{Kind, Looks};

/// The media type of XLSX and XLSM.
pub const MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The media type of XLS.
pub const MEDIA_TYPE_XLS: &str = "application/vnd.ms-excel";

/// Cells of one sheet by row and column; only those that hold something.
#[derive(Debug, Default)]
pub struct SparseTable {
    rows: BTreeMap<u32, Vec<(u32, String)>>,
    cells: usize,
    merged: Merged,
}

impl SparseTable {
    /// Adds a cell; blank ones are left out.
    pub fn push(&mut self, row: u32, column: u32, text: String) {
        if !text.trim().is_empty() {
            self.cells += 1;
            self.rows.entry(row).or_default().push((column, text));
        }
    }

    /// Writes the sheet: its name, lines above the table, the table.
    pub fn write(mut self, name: &str, page: &mut PageBuilder) {
        if self.rows.is_empty() {
            return;
        }
        page.heading(1, name);
        let columns: BTreeSet<u32> = self.rows.values().flatten().map(|(column, _)| *column).collect();
        // Missing cells are written where that stays small, so that columns line up in words.
        let dense = columns.len() * self.rows.len() <= 4 * self.cells + 10_000;
        let widest = self.rows.values().map(Vec::len).max().unwrap_or(0);
        // A title over a table is a line of its own.
        while self.rows.len() > 1
            && widest >= 3
            && let Some(first) = self.rows.first_entry()
            && first.get().len() == 1
        {
            for (_, text) in first.remove() {
                page.paragraph(&text);
            }
        }
        for cells in self.rows.values_mut() {
            cells.sort_by_key(|(column, _)| *column);
        }
        let (rows, header) = if dense {
            let names = self.joined_names(&columns);
            let mut rows = self.aligned(&columns);
            let header = if let Some((joined, names)) = names {
                rows.drain(1..joined);
                rows[0] = names;
                TableHeader::FirstRow
            } else {
                TableHeader::guess(&rows)
            };
            (rows, header)
        } else {
            // The names of its columns stand in its cells already.
            (self.named(), TableHeader::None)
        };
        page.table(&rows, header);
    }

    /// Rows with their missing cells.
    fn aligned(self, columns: &BTreeSet<u32>) -> Vec<Vec<String>> {
        let place: BTreeMap<u32, usize> = columns.iter().enumerate().map(|(at, column)| (*column, at)).collect();
        let aligned = |cells: Vec<(u32, String)>| {
            let mut row = Vec::new();
            for (column, text) in cells {
                row.resize(place.get(&column).copied().unwrap_or(0), String::new());
                row.push(text);
            }
            row
        };
        self.rows.into_values().map(aligned).collect()
    }

    /// Rows that closed up: each cell says its column, by the first row's name where that names columns, else by its letters.
    fn named(self) -> Vec<Vec<String>> {
        /// Names said so often must stay short, and cells that say them few.
        const LONGEST_NAME: usize = 40;
        const MOST_CELLS: usize = 200_000;
        let mut rows = self.rows.into_values();
        let Some(first) = rows.next() else { return Vec::new() };
        let rows: Vec<Vec<(u32, String)>> = rows.collect();
        let texts = |cells: &[(u32, String)]| cells.iter().map(|(_, text)| text.clone()).collect::<Vec<String>>();
        let sample: Vec<Vec<String>> = std::iter::once(&first)
            .chain(rows.iter().take(50))
            .map(|row| texts(row))
            .collect();
        let has_names = self.cells <= MOST_CELLS && TableHeader::guess(&sample) == TableHeader::FirstRow;
        let names: BTreeMap<u32, String> = first
            .iter()
            .filter(|(_, name)| has_names && name.chars().nth(LONGEST_NAME).is_none())
            .cloned()
            .collect();
        let named = |(column, text): (u32, String)| match names.get(&column) {
            Some(name) => format!("{name}: {text}"),
            None => format!("{}: {text}", letters(column)),
        };
        let first = if has_names {
            texts(&first)
        } else {
            first.into_iter().map(named).collect()
        };
        std::iter::once(first)
            .chain(rows.into_iter().map(|cells| cells.into_iter().map(named).collect()))
            .collect()
    }
}

/// A column, from 0, as spreadsheets call it: `A`, `AA`.
fn letters(column: u32) -> String {
    Numerals::UpperLetter.write(column.saturating_add(1))
}

/// Reads XLSX or XLSM.
///
/// # Errors
/// Its final state.
pub fn parse_xlsx(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    let mut archive = Archive::open(bytes, out.limits)?;
    archive.weigh()?;
    // calamine panics on some overflowing numbers of hostile sheets.
    let opened = catch_unwind(AssertUnwindSafe(|| Xlsx::new(Cursor::new(bytes)).map_err(xlsx_error)))
        .unwrap_or_else(|_| Err(ParseError::damaged("calamine panicked")));
    let mut workbook = match opened {
        Ok(workbook) => workbook,
        Err(error @ ParseError::Damaged { .. }) => return parse_tolerantly(&mut archive, error, out),
        Err(error) => return Err(error),
    };
    let sheets: Vec<(String, SheetType)> = workbook
        .sheets_metadata()
        .iter()
        .map(|s| (s.name.clone(), s.typ))
        .collect();
    out.promises(sheets.len())?;
    out.started(
        MEDIA_TYPE,
        ooxml::title(&mut archive, out),
        u32::try_from(sheets.len()).ok(),
    );
    let parts: BTreeMap<String, String> = sheet_parts(&mut archive, out).into_iter().collect();
    let raised = RaisedStrings::read(&mut archive, out);
    let (mut cells, mut seen) = (0, BTreeSet::new());
    for (index, (name, kind)) in sheets.iter().enumerate() {
        let number = index as u32 + 1;
        let mut page = PageBuilder::default();
        if *kind == SheetType::WorkSheet {
            let read = catch_unwind(AssertUnwindSafe(|| {
                xlsx_sheet(&mut workbook, name, &raised, &mut cells, out)
            }))
            .unwrap_or_else(|_| Err(ParseError::damaged("calamine panicked")));
            match read {
                Ok(Cells { mut table, lost, blank }) => {
                    if lost > 0 {
                        out.warning(format!("Damaged cells of the sheet `{name}` are missing: {lost}."));
                    }
                    let uncalculated = uncalculated(&mut workbook, name, table.cells + blank, blank);
                    if uncalculated > 0 {
                        out.warning(format!(
                            "Formulas of the sheet `{name}` that no program has calculated are missing: {uncalculated}. Open the \
                             workbook in Excel or LibreOffice, save it and add it again."
                        ));
                    }
                    learn_merged(&mut workbook, name, &mut table);
                    table.write(name, &mut page);
                }
                Err(ParseError::Damaged { detail }) => {
                    tracing::debug!(detail, name, "a sheet could not be read");
                    out.page_failed(number, "The sheet is damaged.");
                    continue;
                }
                Err(error) => return Err(error),
            }
        }
        if let Some(part) = parts.get(name) {
            beside::add(&mut archive, part, &mut page, out);
            margins::add(&mut archive, part, name, &mut seen, &mut page, out);
        }
        out.page(page.finish(number))?;
    }
    if !out.has_text() && out.failed_pages() > 0 {
        return Err(ParseError::damaged("no sheet could be read"));
    }
    if !out.has_text() && ooxml::has_pictures(&archive) {
        return Err(ParseError::NoText);
    }
    Ok(())
}

/// The second attempt; `error` is why there is one.
fn parse_tolerantly(archive: &mut Archive<'_>, error: ParseError, out: &mut Output<'_>) -> Result<(), ParseError> {
    let sheets = match tolerant::read(archive, out) {
        Ok(sheets) => sheets,
        Err(ParseError::Damaged { .. }) => return Err(error),
        Err(other) => return Err(other),
    };
    if sheets.iter().all(|(_, table)| table.rows.is_empty()) {
        return Err(error);
    }
    out.started(MEDIA_TYPE, ooxml::title(archive, out), u32::try_from(sheets.len()).ok());
    out.warning("The workbook is damaged: dates are shown as numbers, and parts of it may be missing.");
    for (index, (name, table)) in sheets.into_iter().enumerate() {
        let mut page = PageBuilder::default();
        table.write(&name, &mut page);
        out.page(page.finish(index as u32 + 1))?;
    }
    Ok(())
}

/// The cells of a sheet.
struct Cells {
    table: SparseTable,
    /// Cells that could not be read.
    lost: usize,
    /// Cells that show nothing.
    blank: usize,
}

/// Reads a sheet; `cells` counts those of all sheets.
fn xlsx_sheet(
    workbook: &mut Xlsx<Cursor<&[u8]>>,
    name: &str,
    raised: &RaisedStrings,
    cells: &mut usize,
    out: &Output<'_>,
) -> Result<Cells, ParseError> {
    let mut table = SparseTable::default();
    let mut reader = workbook.worksheet_cells_reader(name).map_err(xlsx_error)?;
    let (mut bytes, mut looks, mut lost, mut blank) = (0, Looks::default(), 0, 0_usize);
    loop {
        let (cell, style) = match reader.next_cell_with_style_id() {
            Ok(Some(next)) => next,
            Ok(None) => break,
            // calamine stands behind the value and goes on from there. Cells that do not say where they stand close up.
            Err(error) if is_of_one_cell(&error) => {
                lost += 1;
                *cells += 1;
                check_cells(*cells, bytes, out)?;
                continue;
            }
            Err(error) => return Err(xlsx_error(error)),
        };
        let (row, column) = cell.get_position();
        let format = || {
            let format = reader.styles().get(style)?.number_format.as_ref()?;
            Some(format.format_code.as_str())
        };
        let text = match cell.get_value() {
            DataRef::Empty => {
                blank += 1;
                if blank.is_multiple_of(4096) {
                    out.gathering(bytes)?;
                }
                continue;
            }
            DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
            DataRef::SharedString(text) => raised.told(text),
            DataRef::Int(value) => looks.write(format(), *value as f64),
            DataRef::Float(value) => looks.write(format(), *value),
            DataRef::Bool(value) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
            DataRef::DateTime(value) => date_time(value),
            DataRef::Error(error) => error.to_string(),
        };
        bytes += text.len();
        table.push(row, column, text);
        *cells += 1;
        check_cells(*cells, bytes, out)?;
    }
    if lost > 0 && table.rows.is_empty() {
        return Err(ParseError::damaged("no cell could be read"));
    }
    Ok(Cells { table, lost, blank })
}

/// Cells whose formula has no result, of a sheet with so many cells, some of them blank: programs that only write workbooks leave the
/// calculating to Excel. Those workbooks are small; a large one is not read a second time for it.
fn uncalculated(workbook: &mut Xlsx<Cursor<&[u8]>>, name: &str, cells: usize, blank: usize) -> usize {
    const MOST_CELLS: usize = 200_000;
    if blank == 0 || cells > MOST_CELLS {
        return 0;
    }
    let count = || {
        let mut found = 0;
        if let Ok(mut reader) = workbook.worksheet_cells_reader(name) {
            while let Ok(Some(cell)) = reader.next_cell_with_formula_metadata() {
                found += usize::from(cell.formula.is_some() && matches!(cell.value, DataRef::Empty));
            }
        }
        found
    };
    catch_unwind(AssertUnwindSafe(count)).unwrap_or_default()
}

/// Tells a table which cells are merged, where that may name its columns: what says so stands behind all cells, so that the sheet is
/// read a second time. Losing it loses no text.
fn learn_merged(workbook: &mut Xlsx<Cursor<&[u8]>>, name: &str, table: &mut SparseTable) {
    if !table.may_be_merged() {
        return;
    }
    if let Ok(Ok(groups)) = catch_unwind(AssertUnwindSafe(|| workbook.merge_cells_by_sheet_name(name))) {
        table.merge(groups.into_iter().map(|group| (group.start, group.end)));
    }
}

/// True where a value is at fault, such as the number of a shared string that there is not, and not the sheet around it.
fn is_of_one_cell(error: &XlsxError) -> bool {
    matches!(
        error,
        XlsxError::Unexpected(_)
            | XlsxError::UnexpectedNode(_)
            | XlsxError::Unrecognized { .. }
            | XlsxError::CellError(_)
            | XlsxError::CellTAttribute(_)
            | XlsxError::ParseFloat(_)
    )
}

fn check_cells(cells: usize, bytes: usize, out: &Output<'_>) -> Result<(), ParseError> {
    if cells > out.limits.cells {
        return Err(ParseError::too_large(format!(
            "it has more than {} filled cells",
            out.limits.cells
        )));
    }
    // Few cells may say much: a text that many share is there once in the file.
    if cells.is_multiple_of(4096) || bytes > out.limits.text_bytes {
        out.gathering(bytes)?;
    }
    Ok(())
}

fn xlsx_error(error: XlsxError) -> ParseError {
    match error {
        XlsxError::Password => ParseError::NeedsPassword,
        other => ParseError::damaged(format!("calamine: {other}")),
    }
}

/// Reads XLS.
///
/// # Errors
/// Its final state.
pub fn parse_xls(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    let stream = workbook_stream(bytes)?;
    let workbook = Workbook::read(&stream, out)?;
    out.started(MEDIA_TYPE_XLS, None, u32::try_from(workbook.sheets.len()).ok());
    let (mut cells, mut seen) = (0, BTreeSet::new());
    for (number, sheet) in (1..).zip(&workbook.sheets) {
        let mut page = PageBuilder::default();
        if sheet.has_cells {
            let Some(content) = workbook.content(sheet, &mut cells, out)? else {
                out.page_failed(number, "The sheet is damaged.");
                continue;
            };
            content.table.write(&sheet.name, &mut page);
            for text in &content.beside {
                page.paragraph(text);
            }
            margins::write(&content.margins, &sheet.name, &mut seen, &mut page);
        }
        out.page(page.finish(number))?;
    }
    if !out.has_text() && out.failed_pages() > 0 {
        return Err(ParseError::damaged("no sheet could be read"));
    }
    Ok(())
}

/// The workbook's stream, decrypted.
fn workbook_stream(bytes: &[u8]) -> Result<Vec<u8>, ParseError> {
    let mut file = CompoundFile::open(Cursor::new(bytes)).map_err(ole)?;
    let name = if file.exists("/Workbook") { "/Workbook" } else { "/Book" };
    // Its true size is bounded by the file's.
    let mut stream = encrypted::stream(&mut file, name, bytes.len() as u64)?;
    if name == "/Workbook" {
        file_pass::decrypt(&mut stream)?;
    }
    Ok(stream)
}

/// The date of a number of days, as workbooks count them.
pub fn date_of(days: f64) -> String {
    date_time(&ExcelDateTime::new(days, ExcelDateTimeType::DateTime, false))
}

/// A date as ISO 8601, the time only where there is one; a duration as hours, minutes, seconds.
fn date_time(value: &ExcelDateTime) -> String {
    if value.is_duration() {
        let seconds = (value.as_f64() * 86_400.0).round().abs() as u64;
        let sign = if value.as_f64() < 0.0 { "-" } else { "" };
        return format!("{sign}{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
    let (year, month, day, hour, minute, second, _) = value.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    match value.as_f64() {
        days if (0.0..1.0).contains(&days) => time,
        days if days.fract() == 0.0 => date,
        _ => format!("{date} {time}"),
    }
}

/// Each sheet's name and part, in the workbook's order.
fn sheet_parts(archive: &mut Archive<'_>, out: &Output<'_>) -> Vec<(String, String)> {
    let mut parts = Vec::new();
    let Ok(main) = ooxml::main_part(archive, "xl/workbook.xml", out) else {
        return parts;
    };
    let Ok(relationships) = ooxml::relationships(archive, &main, out) else {
        return parts;
    };
    let Ok(Some(bytes)) = archive.read(&main) else {
        return parts;
    };
    let by_id = ooxml::by_id(&relationships);
    let source = text_of(&bytes);
    let mut xml = Xml::new(&source, out.limits.xml_depth);
    while let Ok(Some(token)) = xml.next() {
        if let Token::Open(tag) = token
            && tag.name() == "sheet"
            && let (Some(name), Some(id)) = (tag.attribute("name"), tag.attribute("id"))
            && let Some(part) = by_id.get(id.as_str())
        {
            parts.push((name, part.target.clone()));
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_a_sparse_sheet_say_their_columns() {
        let page = |first: &[(u32, &str)]| {
            let mut table = SparseTable::default();
            first
                .iter()
                .for_each(|(column, name)| table.push(0, *column, (*name).to_owned()));
            for row in 1..200 {
                table.push(row, 0, format!("item {row}"));
                table.push(row, row, format!("{row}.5"));
            }
            let mut page = PageBuilder::default();
            table.write("S", &mut page);
            page.finish(1).text
        };
        let named = page(&[(0, "Name"), (1, "May"), (2, "June")]);
        assert!(named.starts_with(
            "S\n\nName | May | June\nName: item 1 | May: 1.5\nName: item 2 | June: 2.5\nName: item 3 | D: 3.5\n"
        ));
        let unnamed = page(&[(0, "17"), (2, "4")]);
        assert!(
            unnamed.starts_with("S\n\nA: 17 | C: 4\nA: item 1 | B: 1.5\n"),
            "{unnamed}"
        );
    }
}
