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

/// What may part cells, the likeliest first.
const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];

fn guess_delimiter(text: &str) -> char {
    let rows = counts(text);
    // The first line may be a title above the table.
    let evenness = |delimiter: usize| {
        let counts: Vec<usize> = rows.iter().map(|row| row[delimiter]).collect();
        let is_in_first = counts.first().is_some_and(|count| *count > 0);
        let alike = |count: usize| counts.iter().filter(|other| **other == count).count();
        let parting = counts.iter().filter(|count| **count > 0);
        parting.map(|count| (alike(*count), is_in_first, *count)).max()
    };
    let likeliest = (0..DELIMITERS.len()).rev().max_by_key(|delimiter| evenness(*delimiter));
    DELIMITERS[likeliest.unwrap_or(0)]
}

/// Of each of the first rows that are not blank: how often each delimiter stands in it outside quotes, which may hold ends of lines.
fn counts(text: &str) -> Vec<[usize; DELIMITERS.len()]> {
    const MOST_ROWS: usize = 20;
    const SAMPLE_BYTES: usize = 64 << 10;
    let sample = &text[..text.floor_char_boundary(SAMPLE_BYTES)];
    let (mut rows, mut counts, mut is_blank) = (Vec::new(), [0; DELIMITERS.len()], true);
    let (mut chars, mut before) = (sample.chars(), '\n');
    let mut has_open = false;
    while rows.len() < MOST_ROWS
        && let Some(c) = chars.next()
    {
        let begins_cell = matches!(before, '\n' | '\r') || DELIMITERS.contains(&before);
        before = c;
        if c == '"' && begins_cell && !has_open {
            is_blank = false;
            match behind_quoted(chars.as_str()) {
                Some(behind) => chars = behind.chars(),
                // Then no other does either.
                None => has_open = true,
            }
        } else if matches!(c, '\n' | '\r') {
            let row = std::mem::take(&mut counts);
            if !std::mem::replace(&mut is_blank, true) {
                rows.push(row);
            }
        } else {
            is_blank &= c.is_whitespace();
            if let Some(at) = DELIMITERS.iter().position(|delimiter| *delimiter == c) {
                counts[at] += 1;
            }
        }
    }
    if !is_blank && rows.len() < MOST_ROWS {
        rows.push(counts);
    }
    rows
}

/// What stands behind a cell in quotes, the first of which is taken; nothing where no other closes it.
fn behind_quoted(text: &str) -> Option<&str> {
    let mut rest = text;
    loop {
        let (_, behind) = rest.split_once('"')?;
        match behind.strip_prefix('"') {
            Some(escaped) => rest = escaped,
            None => return Some(behind),
        }
    }
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
        assert_eq!(guess_delimiter("a\t\t\nb\tc, d, e\t\n"), '\t');
    }

    #[test]
    fn lines_in_quotes_say_nothing_of_the_delimiter() {
        let note = "\"Dear \"\"Ada\"\",\nthe tea, the milk,\nthe cake, the jam,\nall of it, for you,\nBob\"";
        let text = format!("Name;Note;Price\nTea;{note};1,5\nMilk;{note};2,5\n");
        assert_eq!(guess_delimiter(&text), ';');
        assert_eq!(counts(&text).len(), 3);
        assert_eq!(guess_delimiter("a;b\n\"5 inches;1,5\n6 inches;2,5\n"), ';');
        let hostile = "a;b\n".to_owned() + &";\"".repeat(1 << 20);
        assert_eq!(guess_delimiter(&hostile), ';');
    }
}
