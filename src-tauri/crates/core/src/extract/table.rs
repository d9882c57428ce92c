//! Rows of tables in an extractive answer: told under their header, since `Berlin | 140 euros | included` says little alone.
//!
//! Parsers write a table as lines whose cells are joined by ` | `, the header first; every passage of a long table repeats it.

use super::one_line;
use std::fmt::Write as _;
use std::ops::Range;

pub(super) const CELLS: &str = " | ";

/// What a line of a passage is to its table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// No part of a table.
    Prose,
    /// The first line of a table of several.
    Header,
    /// A further line.
    Row {
        /// Bytes of the whole line, white space around it apart.
        row: Range<usize>,
        /// The table's header, in one line.
        header: String,
    },
}

/// What the line is in which the sentence at `sentence` begins. `cut_off` is the header of a table within which the text begins, or empty.
pub(super) fn line(text: &str, cut_off: &str, sentence: &Range<usize>) -> Line {
    let own = line_at(text, sentence.start);
    if !is_row(text, &own) {
        return Line::Prose;
    }
    let mut first = own.clone();
    while let Some(above) = first.start.checked_sub(1).map(|end| line_at(text, end)) {
        if !is_row(text, &above) {
            break;
        }
        first = above;
    }
    let row = trimmed(text, own.clone());
    if !cut_off.is_empty() && text[..first.start].trim().is_empty() {
        return Line::Row {
            row,
            header: one_line(cut_off),
        };
    }
    let below = text[own.end..].starts_with('\n').then(|| line_at(text, own.end + 1));
    match (first == own, below.is_some_and(|below| is_row(text, &below))) {
        (true, true) => Line::Header,
        (true, false) => Line::Prose,
        (false, _) => Line::Row {
            row,
            header: one_line(&text[first]),
        },
    }
}

/// A Markdown table of a header and rows, whose last cells may end with citation marks.
pub(super) fn markdown<'a>(header: &str, rows: impl Iterator<Item = &'a str>) -> String {
    let columns = cells(header).len();
    let mut out = format!("{}\n|{}", markdown_row(header), " --- |".repeat(columns));
    for row in rows {
        let _ = write!(out, "\n{}", markdown_row(row));
    }
    out
}

fn markdown_row(row: &str) -> String {
    format!("| {} |", cells(row).join(CELLS))
}

/// The cells of a row, fit for Markdown: what stands between bars that stand alone. In one line a blank cell has lost its space, and
/// where it is the first the row begins with the bar.
fn cells(row: &str) -> Vec<String> {
    let words: Vec<&str> = row.split_whitespace().collect();
    let cells = words.split(|word| *word == "|");
    cells.map(|cell| cell.join(" ").replace('|', "\\|")).collect()
}

fn is_row(text: &str, line: &Range<usize>) -> bool {
    let line = &text[line.clone()];
    // The first cell may be blank.
    line.contains(CELLS) || line.trim_start().starts_with("| ")
}

/// The line around a byte, without its line break.
fn line_at(text: &str, at: usize) -> Range<usize> {
    let start = text[..at].rfind('\n').map_or(0, |before| before + 1);
    let end = text[at..].find('\n').map_or(text.len(), |after| at + after);
    start..end
}

fn trimmed(text: &str, line: Range<usize>) -> Range<usize> {
    let part = &text[line.clone()];
    let start = line.start + (part.len() - part.trim_start().len());
    start..start + part.trim().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Prices a night:\nCity | Price | Breakfast\nBerlin | 140 euros. Taxes apart | included\nRome | 150 euros\n\nA | B";

    fn at(words: &str) -> Line {
        let start = TEXT.find(words).unwrap();
        line(TEXT, "", &(start..start + words.len()))
    }

    #[test]
    fn lines_know_their_table() {
        assert_eq!(at("Prices"), Line::Prose);
        assert_eq!(at("City"), Line::Header);
        for words in ["Berlin", "Taxes apart"] {
            let Line::Row { row, header } = at(words) else {
                panic!("{words} stands in a row");
            };
            assert_eq!(&TEXT[row], "Berlin | 140 euros. Taxes apart | included");
            assert_eq!(header, "City | Price | Breakfast");
        }
        assert!(matches!(at("Rome"), Line::Row { .. }));
        assert_eq!(at("A | B"), Line::Prose, "a line alone is no table");
    }

    #[test]
    fn a_text_that_begins_within_a_table_has_the_header_it_was_cut_from() {
        let text = "Oslo | 190\nRome | 150\n\nName | Age\nAda | 36";
        let at = |words: &str| {
            let start = text.find(words).unwrap();
            line(text, "City |  Price", &(start..start + words.len()))
        };
        for words in ["Oslo", "Rome"] {
            assert!(
                matches!(at(words), Line::Row { header, .. } if header == "City | Price"),
                "{words}"
            );
        }
        assert_eq!(at("Name"), Line::Header);
        assert!(matches!(at("Ada"), Line::Row { header, .. } if header == "Name | Age"));
    }

    #[test]
    fn rows_stand_under_their_header() {
        assert_eq!(
            markdown("City | a|b", ["Berlin | 140 [1]", "Rome | 150 [2]"].into_iter()),
            "| City | a\\|b |\n| --- | --- |\n| Berlin | 140 [1] |\n| Rome | 150 [2] |"
        );
    }

    #[test]
    fn blank_cells_keep_their_columns() {
        let rows = ["Q1 | 7 | 20 [1]", "| 2.5 [1]", "|  | 9 [1]", "Q2 | | 3 [1]"];
        assert_eq!(
            markdown("| North | South", rows.into_iter()),
            "|  | North | South |\n| --- | --- | --- |\n| Q1 | 7 | 20 [1] |\n|  | 2.5 [1] |\n|  |  | 9 [1] |\n| Q2 |  | 3 [1] |"
        );
    }
}
