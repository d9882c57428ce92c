//! CSV and TSV: one table, the delimiter found where it is not given.

use crate::encoding;
use crate::error::ParseError;
use crate::output::Output;
use crate::text::{PageBuilder, TableHeader};

/// Reads a table; without a delimiter the one that parts most of the first lines alike.
///
/// # Errors
/// Its final state.
pub fn parse(bytes: &[u8], delimiter: Option<char>, out: &mut Output<'_>) -> Result<(), ParseError> {
    out.gathering(bytes.len() / 3)?;
    let decoded = encoding::decode(bytes, None);
    let media_type = if delimiter == Some('\t') {
        "text/tab-separated-values"
    } else {
        "text/csv"
    };
    out.started(media_type, None, Some(1));
    if decoded.lossy {
        out.warning(format!("Some characters could not be decoded as {}.", decoded.encoding));
    }
    let text = decoded.text.trim_start_matches('\u{feff}');
    let (said, text) = said_delimiter(text);
    let delimiter = said.or(delimiter).unwrap_or_else(|| guess_delimiter(text));
    let mut rows = Vec::new();
    let mut cells = 0;
    for row in Rows::new(text, delimiter) {
        cells += row.len();
        if cells > out.limits.cells {
            return Err(ParseError::too_large(format!(
                "it has more than {} cells",
                out.limits.cells
            )));
        }
        rows.push(row);
        if rows.len().is_multiple_of(4096) {
            out.checkpoint()?;
        }
    }
    let (titles, rows) = rows.split_at(titles(&rows));
    let header = TableHeader::guess(rows);
    let mut page = PageBuilder::default();
    page.paragraph(&titles.iter().map(|row| row.concat()).collect::<Vec<_>>().join("\n"));
    page.table(rows, header);
    out.single_page(page)
}

/// Rows above a table that stand in no columns.
fn titles(rows: &[Vec<String>]) -> usize {
    /// More are a column that is filled from its first row on.
    const MOST: usize = 10;
    let filled = |row: &[String]| row.iter().filter(|cell| !cell.trim().is_empty()).count();
    let titles = rows.iter().take_while(|row| filled(row) < 2).count();
    if titles <= MOST && titles < rows.len() {
        titles
    } else {
        0
    }
}

/// The delimiter that the first line says for Excel (`sep=;`), and the rows behind it.
fn said_delimiter(text: &str) -> (Option<char>, &str) {
    let end = text.find(['\n', '\r']).unwrap_or(text.len());
    let mut said = text[..end].strip_prefix("sep=").unwrap_or_default().chars();
    match (said.next(), said.next()) {
        (Some(delimiter), None) => (Some(delimiter), &text[end..]),
        _ => (None, text),
    }
}

fn guess_delimiter(text: &str) -> char {
    let lines: Vec<&str> = text
        .split(['\n', '\r'])
        .filter(|line| !line.trim().is_empty())
        .take(20)
        .collect();
    // The first line may be a title above the table.
    let evenness = |delimiter: char| {
        let counts: Vec<usize> = lines.iter().map(|line| count_outside_quotes(line, delimiter)).collect();
        let is_in_first = counts.first().is_some_and(|count| *count > 0);
        let alike = |count: usize| counts.iter().filter(|other| **other == count).count();
        let parting = counts.iter().filter(|count| **count > 0);
        parting.map(|count| (alike(*count), is_in_first, *count)).max()
    };
    [',', ';', '\t', '|']
        .into_iter()
        .rev()
        .max_by_key(|delimiter| evenness(*delimiter))
        .unwrap_or(',')
}

fn count_outside_quotes(line: &str, delimiter: char) -> usize {
    let mut quoted = false;
    line.chars()
        .filter(|c| {
            quoted ^= *c == '"';
            *c == delimiter && !quoted
        })
        .count()
}

/// Rows as RFC 4180 writes them; a quote inside an unquoted cell is itself, and so is one that nothing closes.
struct Rows<'a> {
    chars: std::iter::Peekable<std::str::Chars<'a>>,
    delimiter: char,
}

impl<'a> Rows<'a> {
    fn new(text: &'a str, delimiter: char) -> Self {
        Self {
            chars: text.chars().peekable(),
            delimiter,
        }
    }
}

impl Iterator for Rows<'_> {
    type Item = Vec<String>;

    fn next(&mut self) -> Option<Vec<String>> {
        self.chars.peek()?;
        let mut row = Vec::new();
        let mut cell = String::new();
        // What follows the quote that is open.
        let mut quoted = None;
        loop {
            let Some(c) = self.chars.next() else {
                let Some(behind) = quoted.take() else { break };
                self.chars = behind;
                "\"".clone_into(&mut cell);
                continue;
            };
            if quoted.is_some() {
                match c {
                    '"' if self.chars.next_if_eq(&'"').is_some() => cell.push('"'),
                    '"' => quoted = None,
                    c => cell.push(c),
                }
                continue;
            }
            match c {
                '"' if cell.is_empty() => quoted = Some(self.chars.clone()),
                c if c == self.delimiter => row.push(std::mem::take(&mut cell)),
                '\n' => break,
                // Alone it ends a line on old Macs.
                '\r' => {
                    self.chars.next_if_eq(&'\n');
                    break;
                }
                c => cell.push(c),
            }
        }
        row.push(cell);
        Some(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_line_ends_inside_cells() {
        let rows: Vec<_> = Rows::new("a,\"b, \"\"c\"\"\nd\"\r\n1,2\n", ',').collect();
        assert_eq!(
            rows,
            [
                vec!["a".to_owned(), "b, \"c\"\nd".to_owned()],
                vec!["1".to_owned(), "2".to_owned()]
            ]
        );
    }

    #[test]
    fn a_quote_that_nothing_closes_is_itself() {
        let rows: Vec<_> = Rows::new("a,b\n\"5 inches,\"\"\n\"\"\"\",2\n", ',').collect();
        assert_eq!(rows, [["a", "b"], ["\"5 inches", ""], ["\"", "2"]]);
    }

    #[test]
    fn titles_stand_above_columns() {
        let titles_of = |text: &str| titles(&Rows::new(text, ',').collect::<Vec<_>>());
        assert_eq!(titles_of("Payments\n\nby Ada,\na,b\n1,2\n"), 3);
        assert_eq!(titles_of("a,b\n1,2\n"), 0);
        assert_eq!(titles_of("Names\nAda\nBob\n"), 0, "one column");
        assert_eq!(titles_of(&("Ada\n".repeat(11) + "Bob,7\n")), 0);
    }

    #[test]
    fn lines_end_as_on_any_system() {
        for text in ["a,b\n1,2\n", "a,b\r\n1,2\r\n", "a,b\r1,2\r"] {
            let rows: Vec<_> = Rows::new(text, ',').collect();
            assert_eq!(rows, [["a", "b"], ["1", "2"]], "{text:?}");
        }
    }

    #[test]
    fn a_file_may_say_its_delimiter() {
        assert_eq!(said_delimiter("sep=;\r\na;b"), (Some(';'), "\r\na;b"));
        assert_eq!(said_delimiter("sep=arate\na"), (None, "sep=arate\na"));
    }

    #[test]
    fn the_delimiter_is_the_even_one() {
        assert_eq!(guess_delimiter("a;b;c\n1,5;2;3\n2,5;3;4\n"), ';');
        assert_eq!(guess_delimiter("a,b\n1,2\n"), ',');
        assert_eq!(guess_delimiter("a\tb\n1\t2\n"), '\t');
        assert_eq!(guess_delimiter("Payments of May\n\na;b\n1,50;x\n2,50;y\n"), ';');
        assert_eq!(guess_delimiter("a;b\n1,5\n"), ';');
        assert_eq!(guess_delimiter("one column\n"), ',');
    }
}
