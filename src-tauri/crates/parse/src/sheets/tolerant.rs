//! A workbook by its parts, for files that calamine refuses: relationships cut short, parts missing, entities it does not know.
//! Cells come as stored; dates stay numbers, because what says that they are dates is among what may be missing.

use super::{SparseTable, check_cells};
use crate::archive::Archive;
use crate::error::ParseError;
use crate::output::Output;
use crate::xml::{Token, Xml, text_of};

/// Sheets by name, in the workbook's order where it can be told.
///
/// # Errors
/// `Damaged` where there is no sheet at all; limits.
pub fn read(archive: &mut Archive<'_>, out: &Output<'_>) -> Result<Vec<(String, SparseTable)>, ParseError> {
    let mut parts: Vec<(String, String)> = super::sheet_parts(archive, out);
    if parts.is_empty() {
        let mut paths: Vec<String> = archive
            .names()
            .iter()
            .filter(|name| name.starts_with("xl/worksheets/sheet"))
            .cloned()
            .collect();
        // `sheet10` comes after `sheet2`.
        paths.sort_by_key(|path| (path.len(), path.clone()));
        parts = paths
            .into_iter()
            .enumerate()
            .map(|(at, path)| (format!("Sheet{}", at + 1), path))
            .collect();
    }
    if parts.is_empty() {
        return Err(ParseError::damaged("the workbook has no sheets"));
    }
    let strings = shared_strings(archive, out)?;
    let mut cells = 0;
    let mut sheets = Vec::new();
    for (name, path) in parts {
        let Some(bytes) = archive.read(&path)? else { continue };
        sheets.push((name, sheet(&bytes, &strings, &mut cells, out)?));
    }
    Ok(sheets)
}

fn shared_strings(archive: &mut Archive<'_>, out: &Output<'_>) -> Result<Vec<String>, ParseError> {
    let Some(bytes) = archive.read("xl/sharedStrings.xml")? else {
        return Ok(Vec::new());
    };
    let source = text_of(&bytes);
    let mut xml = Xml::new(&source, out.limits.xml_depth);
    let mut strings: Vec<String> = Vec::new();
    let mut size = 0;
    while let Ok(Some(token)) = xml.next() {
        let Token::Open(tag) = token else { continue };
        match tag.name() {
            "si" => strings.push(String::new()),
            // Readings of Japanese words, not part of them.
            "rPh" => xml.skip()?,
            "t" => {
                let text = xml.text()?;
                size += text.len();
                if let Some(string) = strings.last_mut() {
                    string.push_str(&text);
                }
                out.gathering(size)?;
            }
            _ => {}
        }
    }
    Ok(strings)
}

fn sheet(bytes: &[u8], strings: &[String], cells: &mut usize, out: &Output<'_>) -> Result<SparseTable, ParseError> {
    let source = text_of(bytes);
    let mut xml = Xml::new(&source, out.limits.xml_depth);
    let mut table = SparseTable::default();
    let (mut row, mut column) = (0_u32, 0_u32);
    let mut kind = String::new();
    let mut size = 0;
    // What a cut file still holds is worth having.
    while let Ok(Some(token)) = xml.next() {
        let Token::Open(tag) = token else { continue };
        match tag.name() {
            "row" => {
                row = tag
                    .attribute("r")
                    .and_then(|row| row.parse().ok())
                    .unwrap_or(row.saturating_add(1));
                column = 0;
            }
            "c" => {
                column = tag
                    .attribute("r")
                    .and_then(|place| column_of(&place))
                    .unwrap_or(column.saturating_add(1));
                kind = tag.attribute("t").unwrap_or_default();
            }
            name @ ("v" | "is") => {
                let text = if name == "is" { runs(&mut xml)? } else { xml.text()? };
                let text = if kind == "s" {
                    text.trim()
                        .parse::<usize>()
                        .ok()
                        .and_then(|at| strings.get(at))
                        .cloned()
                        .unwrap_or_default()
                } else {
                    text
                };
                size += text.len();
                *cells += 1;
                table.push(row, column.saturating_sub(1), text);
                check_cells(*cells, size, out)?;
            }
            _ => {}
        }
    }
    Ok(table)
}

/// The text of a cell that stands in it run by run, the reader standing inside it.
fn runs(xml: &mut Xml<'_>) -> Result<String, ParseError> {
    let outside = xml.depth().saturating_sub(1);
    let mut text = String::new();
    while xml.depth() > outside {
        match xml.next()? {
            Some(Token::Open(tag)) if tag.name() == "rPh" => xml.skip()?,
            Some(Token::Open(tag)) if tag.name() == "t" => text.push_str(&xml.text()?),
            Some(_) => {}
            None => break,
        }
    }
    Ok(text)
}

/// 1 for `A7`, 27 for `AA7`.
fn column_of(place: &str) -> Option<u32> {
    let letters = place.bytes().take_while(u8::is_ascii_alphabetic).take(4);
    let column = letters.fold(0_u32, |column, letter| {
        column * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1
    });
    (column > 0).then_some(column)
}

#[cfg(test)]
mod tests {
    use super::column_of;

    #[test]
    fn columns_by_letter() {
        assert_eq!(column_of("A1"), Some(1));
        assert_eq!(column_of("AA10"), Some(27));
        assert_eq!(column_of("XFD1048576"), Some(16_384));
        assert_eq!(column_of("12"), None);
    }
}
