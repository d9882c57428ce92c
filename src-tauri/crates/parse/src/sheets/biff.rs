//! Workbooks of Excel 5 to 2003 ([MS-XLS]; Excel 5 has the same records with shorter texts), record by record. Memory is that of the
//! cells that hold something: a sheet with two of them in opposite corners is two cells.
//!
//! Deliberately not here: what formulas say, formats of Excel 4 and older, charts.

mod texts;

use super::number::{Kind, plain};
use super::{Looks, SparseTable, check_cells, date_time};
use crate::error::ParseError;
use crate::output::Output;
use calamine::{ExcelDateTime, ExcelDateTimeType};
use std::collections::BTreeMap;
use std::iter::Peekable;
use texts::Texts;

/// Kinds of records.
mod kind {
    pub const FORMULA: u16 = 0x0006;
    pub const EOF: u16 = 0x000a;
    pub const HEADER: u16 = 0x0014;
    pub const FOOTER: u16 = 0x0015;
    pub const DATE_MODE: u16 = 0x0022;
    pub const FILE_PASS: u16 = 0x002f;
    pub const CONTINUE: u16 = 0x003c;
    pub const CODE_PAGE: u16 = 0x0042;
    pub const BOUND_SHEET: u16 = 0x0085;
    pub const MUL_RK: u16 = 0x00bd;
    pub const RSTRING: u16 = 0x00d6;
    pub const XF: u16 = 0x00e0;
    pub const MERGED: u16 = 0x00e5;
    pub const SST: u16 = 0x00fc;
    pub const LABEL_SST: u16 = 0x00fd;
    pub const TEXT_OBJECT: u16 = 0x01b6;
    pub const NUMBER: u16 = 0x0203;
    pub const LABEL: u16 = 0x0204;
    pub const BOOL_ERROR: u16 = 0x0205;
    pub const STRING: u16 = 0x0207;
    pub const RK: u16 = 0x027e;
    pub const FORMAT: u16 = 0x041e;
    pub const BOF: u16 = 0x0809;
}

/// Records between two looks at the clock.
const STRETCH: u32 = 4096;

/// Pieces of a text, comments, headers or merged cells of a sheet at most; a hostile file has a hundred million.
const MOST: usize = 1 << 20;

/// Bytes of the code of a format at most, which each of its cells looks up. Excel takes 255 characters.
const LONGEST_CODE: usize = 1_024;

/// The records of a stream: kind and data. One that is cut short ends where the stream does.
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (head, rest) = self.0.split_first_chunk::<4>()?;
        let kind = u16::from_le_bytes([head[0], head[1]]);
        let len = usize::from(u16::from_le_bytes([head[2], head[3]]));
        let (data, rest) = rest.split_at(len.min(rest.len()));
        self.0 = rest;
        Some((kind, data))
    }
}

fn short(data: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*data.get(at..)?.first_chunk()?))
}

fn long(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*data.get(at..)?.first_chunk()?))
}

fn float(data: &[u8], at: usize) -> Option<f64> {
    Some(f64::from_le_bytes(*data.get(at..)?.first_chunk()?))
}

/// The records that go on with the one before.
fn continued<'a>(records: &mut Peekable<Records<'a>>) -> Vec<&'a [u8]> {
    std::iter::from_fn(|| records.next_if(|(kind, _)| *kind == kind::CONTINUE))
        .map(|(_, data)| data)
        .take(MOST)
        .collect()
}

/// A sheet by its name.
#[derive(Debug)]
pub struct Sheet {
    pub name: String,
    /// Cells, and not a chart or a macro.
    pub has_cells: bool,
    /// Where it begins in the stream.
    place: usize,
}

/// What stands in a sheet.
#[derive(Debug, Default)]
pub struct Content {
    pub table: SparseTable,
    /// Comments and text boxes.
    pub beside: Vec<String>,
    /// Codes of its header and footer.
    pub margins: Vec<String>,
}

/// How a number is shown.
#[derive(Debug, PartialEq, Eq)]
enum Format {
    General,
    Date,
    Duration,
    Code(String),
}

impl Format {
    fn of_code(code: String) -> Self {
        match Kind::of(&code) {
            Kind::Date => Self::Date,
            Kind::Duration => Self::Duration,
            Kind::Number if code.len() > LONGEST_CODE => Self::General,
            Kind::Number => Self::Code(code),
        }
    }

    /// Of a number that Excel knows without its code (ECMA-376 part 1, 18.8.30); grouping and decimals change no figure.
    fn built_in(number: u16) -> Self {
        match number {
            9 | 10 => Self::Code("0%".to_owned()),
            14..=22 | 27..=36 | 45 | 47 | 50..=58 => Self::Date,
            46 => Self::Duration,
            _ => Self::General,
        }
    }
}

/// A workbook whose sheets are read one by one.
#[derive(Debug)]
pub struct Workbook<'a> {
    stream: &'a [u8],
    /// In their order.
    pub sheets: Vec<Sheet>,
    strings: Vec<String>,
    /// By number.
    formats: BTreeMap<u16, Format>,
    /// Numbers of formats, by the number that cells say.
    looks: Vec<u16>,
    counts_from_1904: bool,
    texts: Texts,
}

impl<'a> Workbook<'a> {
    /// Reads what all sheets share.
    ///
    /// # Errors
    /// `Damaged` where it is no workbook, `NeedsPassword`; limits.
    pub fn read(stream: &'a [u8], out: &Output<'_>) -> Result<Self, ParseError> {
        let mut records = Records(stream).peekable();
        let Some((kind::BOF, begin)) = records.next() else {
            return Err(ParseError::damaged("the workbook has no beginning"));
        };
        let mut book = Self {
            stream,
            sheets: Vec::new(),
            strings: Vec::new(),
            formats: BTreeMap::new(),
            looks: Vec::new(),
            counts_from_1904: false,
            texts: Texts::of_version(short(begin, 0).unwrap_or_default()),
        };
        let mut steps = 0_u32;
        while let Some((kind, data)) = records.next() {
            steps = steps.wrapping_add(1);
            if steps.is_multiple_of(STRETCH) {
                out.checkpoint()?;
            }
            match kind {
                kind::FILE_PASS if data.iter().any(|byte| *byte != 0) => return Err(ParseError::NeedsPassword),
                kind::CODE_PAGE => book.texts.use_page(short(data, 0).unwrap_or_default()),
                kind::DATE_MODE => book.counts_from_1904 = short(data, 0) == Some(1),
                kind::FORMAT => {
                    if let (Some(number), Some(code)) = (short(data, 0), data.get(2..)) {
                        let code = book.texts.of_code(code);
                        book.formats.insert(number, Format::of_code(code));
                    }
                }
                kind::XF => book.looks.push(short(data, 2).unwrap_or_default()),
                kind::BOUND_SHEET => book.sheets.extend(book.texts.sheet(data)),
                kind::SST => book.strings = texts::shared(data, continued(&mut records), out)?,
                kind::EOF => break,
                _ => {}
            }
            out.promises(book.sheets.len())?;
        }
        for number in &book.looks {
            book.formats.entry(*number).or_insert_with(|| Format::built_in(*number));
        }
        Ok(book)
    }

    /// Reads a sheet; nothing where there is none at its place. `cells` counts those of all sheets.
    ///
    /// # Errors
    /// Limits; cancelled; out of time.
    pub fn content(&self, sheet: &Sheet, cells: &mut usize, out: &Output<'_>) -> Result<Option<Content>, ParseError> {
        let mut records = Records(self.stream.get(sheet.place..).unwrap_or_default()).peekable();
        if !matches!(records.next(), Some((kind::BOF, _))) {
            return Ok(None);
        }
        let mut reading = Reading {
            book: self,
            content: Content::default(),
            looks: Looks::default(),
            formula: (0, 0),
            merged: Vec::new(),
            bytes: 0,
            cells: 0,
        };
        let mut steps = 0_u32;
        // Charts in a sheet have records of the same kinds.
        let mut charts = 0_u32;
        while let Some((kind, data)) = records.next() {
            steps = steps.wrapping_add(1);
            if steps.is_multiple_of(STRETCH) {
                out.gathering(reading.bytes)?;
            }
            match kind {
                kind::BOF => charts += 1,
                kind::EOF if charts == 0 => break,
                kind::EOF => charts -= 1,
                _ if charts > 0 => {}
                kind => {
                    // A record that is too short says nothing.
                    let _ = reading.record(kind, data, &mut records);
                    let added = std::mem::take(&mut reading.cells);
                    if added > 0 {
                        *cells += added;
                        check_cells(*cells, reading.bytes, out)?;
                    }
                }
            }
        }
        let mut content = reading.content;
        if content.table.may_be_merged() {
            content.table.merge(reading.merged.into_iter());
        }
        Ok(Some(content))
    }

    /// A number as cells with this look show it.
    fn shown(&self, look: u16, value: f64, looks: &mut Looks) -> String {
        let number = self.looks.get(usize::from(look)).copied().unwrap_or_default();
        let of_kind = |kind| date_time(&ExcelDateTime::new(value, kind, self.counts_from_1904));
        match self.formats.get(&number) {
            Some(Format::Date) => of_kind(ExcelDateTimeType::DateTime),
            Some(Format::Duration) => of_kind(ExcelDateTimeType::TimeDelta),
            Some(Format::Code(code)) => looks.write(Some(code.as_str()), value),
            Some(Format::General) | None => plain(value),
        }
    }
}

/// A sheet so far.
struct Reading<'a, 'b> {
    book: &'b Workbook<'a>,
    content: Content,
    looks: Looks,
    /// Where the last formula stands: its result may come as a text behind it.
    formula: (u16, u16),
    /// The first and the last of each group of merged cells.
    merged: Vec<((u32, u32), (u32, u32))>,
    /// Of all texts.
    bytes: usize,
    /// Those that came since they were counted.
    cells: usize,
}

impl<'a> Reading<'a, '_> {
    fn record(&mut self, kind: u16, data: &'a [u8], records: &mut Peekable<Records<'a>>) -> Option<()> {
        let book = self.book;
        match kind {
            kind::NUMBER => self.number(short(data, 0)?, short(data, 2)?, short(data, 4)?, float(data, 6)?),
            kind::RK => self.number(short(data, 0)?, short(data, 2)?, short(data, 4)?, rk(long(data, 6)?)),
            kind::MUL_RK => {
                // The last column stands behind the numbers.
                let (row, column, numbers) = (short(data, 0)?, short(data, 2)?, data.get(4..data.len() - 2)?);
                for (column, number) in (column..=u16::MAX).zip(numbers.chunks_exact(6)) {
                    self.number(row, column, short(number, 0)?, rk(long(number, 2)?));
                }
            }
            kind::LABEL | kind::RSTRING => {
                let text = book.texts.long(data.get(6..)?, continued(records));
                self.text(short(data, 0)?, short(data, 2)?, text);
            }
            kind::LABEL_SST => {
                let text = book.strings.get(long(data, 6)? as usize)?;
                self.text(short(data, 0)?, short(data, 2)?, text.clone());
            }
            kind::BOOL_ERROR => {
                let text = if *data.get(7)? == 0 {
                    truth(data[6])
                } else {
                    error(data[6])
                };
                self.text(short(data, 0)?, short(data, 2)?, text.to_owned());
            }
            kind::FORMULA => {
                let (row, column, result) = (short(data, 0)?, short(data, 2)?, data.get(6..14)?);
                self.formula = (row, column);
                match (result[6..] == [0xff, 0xff], result[0]) {
                    (false, _) => self.number(row, column, short(data, 4)?, float(result, 0)?),
                    (true, 1) => self.text(row, column, truth(result[2]).to_owned()),
                    (true, 2) => self.text(row, column, error(result[2]).to_owned()),
                    // A text, which comes behind, or none.
                    (true, _) => {}
                }
            }
            kind::STRING => {
                let text = book.texts.long(data, continued(records));
                let (row, column) = self.formula;
                self.text(row, column, text);
            }
            kind::MERGED => {
                for group in data.get(2..)?.chunks_exact(8).take(usize::from(short(data, 0)?)) {
                    let place = |at: usize| short(group, at).map(u32::from);
                    if self.merged.len() < MOST {
                        self.merged.push(((place(0)?, place(4)?), (place(2)?, place(6)?)));
                    }
                }
            }
            kind::TEXT_OBJECT => {
                let count = short(data, 10)?;
                let text = texts::of_parts(continued(records), usize::from(count));
                if !text.trim().is_empty() && self.content.beside.len() < MOST {
                    self.bytes += text.len();
                    self.content.beside.push(text);
                }
            }
            kind::HEADER | kind::FOOTER => {
                let code = book.texts.of_code(data);
                if !code.is_empty() && self.content.margins.len() < MOST {
                    self.bytes += code.len();
                    self.content.margins.push(code);
                }
            }
            _ => {}
        }
        Some(())
    }

    fn number(&mut self, row: u16, column: u16, look: u16, value: f64) {
        let text = self.book.shown(look, value, &mut self.looks);
        self.text(row, column, text);
    }

    fn text(&mut self, row: u16, column: u16, text: String) {
        self.bytes += text.len();
        self.cells += 1;
        self.content.table.push(u32::from(row), u32::from(column), text);
    }
}

fn truth(value: u8) -> &'static str {
    if value == 0 { "FALSE" } else { "TRUE" }
}

/// What a cell shows where it could not be calculated ([MS-XLS] 2.5.10).
fn error(code: u8) -> &'static str {
    match code {
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0f => "#VALUE!",
        0x17 => "#REF!",
        0x1d => "#NAME?",
        0x24 => "#NUM!",
        _ => "#N/A",
    }
}

/// A number in four bytes ([MS-XLS] 2.5.217): an integer or the upper half of a float, perhaps in hundredths.
fn rk(packed: u32) -> f64 {
    let value = if packed & 2 == 0 {
        f64::from_bits(u64::from(packed & !3) << 32)
    } else {
        f64::from((packed as i32) >> 2)
    };
    if packed & 1 == 0 { value } else { value / 100.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_goes_on_in_no_more_records_than_memory_has_room_for() {
        let stream = [0x3c_u8, 0, 0, 0].repeat(MOST + 1);
        let mut records = Records(&stream).peekable();
        assert_eq!(continued(&mut records).len(), MOST);
    }

    #[test]
    fn a_code_longer_than_any_of_excel_is_none() {
        let code = |spaces: usize| format!("0%{}", "\\ ".repeat(spaces));
        assert_eq!(Format::of_code(code(100)), Format::Code(code(100)));
        assert_eq!(Format::of_code(code(1_000)), Format::General);
    }
}
