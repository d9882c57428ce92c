//! Text as pages hold it: NFC, `\n` line ends, no control characters, headings and tables by span.

use docmind_core::document::{Heading, Page, Span, Table};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// The form every page's text has: NFC, `\n` for every line end, no control characters but `\n` and `\t`, no byte-order marks,
/// compatibility ligatures and Arabic presentation forms taken apart (a search for "fi" must find "ﬁ").
pub fn clean(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                if chars.peek() == Some(&'\n') {
                    chars.next();
                }
                out.push('\n');
            }
            '\n' | '\t' => out.push(c),
            // Line and paragraph separator, next line, vertical tab, form feed.
            '\u{2028}' | '\u{2029}' | '\u{85}' | '\u{b}' | '\u{c}' => out.push('\n'),
            '\u{a0}' | '\u{2007}' | '\u{202f}' => out.push(' '),
            c => push_char(&mut out, c),
        }
    }
    if is_nfc_quick(out.chars()) == IsNormalized::Yes {
        out
    } else {
        out.nfc().collect()
    }
}

/// Appends one character in the form of [`clean`], line ends apart. Nothing for what has no place in a text.
pub fn push_char(out: &mut String, c: char) {
    match c {
        'A'..='Z' | 'a'..='z' | ' ' | '0'..='9' => out.push(c),
        // Byte-order mark, non-characters, soft hyphen, zero-width space, word joiner; then marks of direction, which say nothing
        // about a text in logical order.
        '\u{feff}'
        | '\u{fffe}'
        | '\u{ffff}'
        | '\u{ad}'
        | '\u{200b}'
        | '\u{2060}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' => {}
        '\u{fb00}'..='\u{fb06}' | '\u{fb13}'..='\u{fb17}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' => {
            out.extend(std::iter::once(c).nfkc().map(|c| if c == '\u{a0}' { ' ' } else { c }));
        }
        '\u{132}' => out.push_str("IJ"),
        '\u{133}' => out.push_str("ij"),
        c if c.is_control() => {}
        c => out.push(c),
    }
}

/// `raw` cleaned, in one line, runs of white space as one space, nothing at its ends.
pub fn one_line(raw: &str) -> String {
    let cleaned = clean(raw);
    let mut out = String::with_capacity(cleaned.len());
    for word in cleaned.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// A title worth showing, or nothing: programs leave file names and placeholders.
pub fn title(raw: &str) -> Option<String> {
    let mut title = one_line(raw);
    for prefix in [
        "Microsoft Word - ",
        "Microsoft PowerPoint - ",
        "Microsoft Excel - ",
        "PowerPoint Presentation",
    ] {
        if let Some(rest) = title.strip_prefix(prefix) {
            title = rest.trim().to_owned();
        }
    }
    let lower = title.to_lowercase();
    let placeholder = [
        "untitled",
        "unknown",
        "title",
        "document",
        "document1",
        "no title",
        "slide 1",
        "unbenannt",
    ]
    .contains(&lower.as_str());
    if placeholder || title.chars().filter(|c| c.is_alphanumeric()).count() < 2 {
        return None;
    }
    Some(title.chars().take(300).collect())
}

/// A page as it grows, block by block. Blocks are separated by a blank line, lines within a block by `\n`.
#[derive(Debug, Default)]
pub struct PageBuilder {
    text: String,
    chars: u32,
    headings: Vec<Heading>,
    tables: Vec<Table>,
}

impl PageBuilder {
    /// Bytes so far.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// True when nothing was pushed.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    fn push_clean(&mut self, text: &str) -> Span {
        let start = self.chars;
        self.text.push_str(text);
        self.chars += text.chars().count() as u32;
        Span::new(start, self.chars)
    }

    fn separate(&mut self, separator: &str) {
        if !self.text.is_empty() {
            self.push_clean(separator);
        }
    }

    /// A paragraph; lines inside it stay lines. Nothing when it is blank.
    pub fn paragraph(&mut self, raw: &str) {
        self.block(raw, "\n\n");
    }

    /// A line that belongs to the block before it, such as the next item of a list.
    pub fn line(&mut self, raw: &str) {
        self.block(raw, "\n");
    }

    fn block(&mut self, raw: &str, separator: &str) {
        let cleaned = clean(raw);
        let trimmed = trim_lines(&cleaned);
        if !trimmed.is_empty() {
            self.separate(separator);
            self.push_clean(&trimmed);
        }
    }

    /// A heading of a level from 1.
    pub fn heading(&mut self, level: u8, raw: &str) {
        let line = one_line(raw);
        if !line.is_empty() {
            self.separate("\n\n");
            let span = self.push_clean(&line);
            self.headings.push(Heading {
                level: level.clamp(1, 6),
                span,
            });
        }
    }

    /// Text as it is (source code, plain text): cleaned, nothing trimmed but what ends it.
    pub fn verbatim(&mut self, raw: &str) {
        let cleaned = clean(raw);
        let trimmed = cleaned.trim_end();
        if !trimmed.is_empty() {
            self.separate("\n\n");
            self.push_clean(trimmed);
        }
    }

    /// A table: one line a row, cells between ` | `. With `has_header` the first row is its header. Blank rows are left out, and
    /// blank cells at a row's end.
    pub fn table(&mut self, rows: &[Vec<String>], header: TableHeader) {
        let lines: Vec<String> = rows
            .iter()
            .map(|row| row_line(row))
            .filter(|line| !line.is_empty())
            .collect();
        if lines.is_empty() {
            return;
        }
        self.separate("\n\n");
        let start = self.chars;
        let mut head = Span::new(start, start);
        let body_follows = lines.len() > 1;
        for (index, line) in lines.iter().enumerate() {
            if index > 0 {
                self.push_clean("\n");
            }
            let span = self.push_clean(line);
            if index == 0 && header == TableHeader::FirstRow && body_follows {
                head = span;
            }
        }
        self.tables.push(Table {
            span: Span::new(start, self.chars),
            header: head,
        });
    }

    /// The page.
    pub fn finish(self, number: u32) -> Page {
        Page {
            number,
            text: self.text,
            headings: self.headings,
            tables: self.tables,
            ..Page::default()
        }
    }
}

/// What a table's first row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableHeader {
    /// It names the columns.
    FirstRow,
    /// It is a row like the others.
    None,
}

impl TableHeader {
    /// A first row names the columns when every cell of it is a text, none a number, and there are rows below. Years and dates are
    /// names too, of columns that hold other numbers.
    pub fn guess<R: AsRef<[String]>>(rows: &[R]) -> Self {
        let cells = rows.iter().map(R::as_ref);
        let mut filled = cells
            .clone()
            .filter(|row| row.iter().any(|cell| !cell.trim().is_empty()));
        let Some(first) = filled.next() else {
            return Self::None;
        };
        let below: Vec<&[String]> = filled.take(50).collect();
        if below.is_empty() {
            return Self::None;
        }
        let named = first.iter().filter(|cell| !cell.trim().is_empty()).count();
        let numbers = first.iter().filter(|cell| is_number(cell)).count();
        let widest = cells
            .take(50)
            .map(|row| row.iter().filter(|cell| !cell.trim().is_empty()).count())
            .max()
            .unwrap_or(0);
        if (numbers == 0 || names_periods(first, &below)) && named * 2 >= widest && named >= 1 {
            Self::FirstRow
        } else {
            Self::None
        }
    }
}

fn is_number(cell: &str) -> bool {
    let cell = cell.trim();
    !cell.is_empty()
        && cell.chars().any(|c| c.is_ascii_digit())
        && cell.chars().all(|c| c.is_ascii_digit() || ".,-+%€$£ /:".contains(c))
}

/// True for `Revenue | 2023 | 2024` over rows of a name and numbers that are no years.
fn names_periods(first: &[String], below: &[&[String]]) -> bool {
    let is_text = |cell: Option<&String>| cell.is_some_and(|cell| !cell.trim().is_empty() && !is_number(cell));
    let corner = first.first().is_some_and(|cell| cell.trim().is_empty());
    first.iter().all(|cell| !is_number(cell) || is_period(cell))
        && (is_text(first.first()) || corner && below.iter().any(|row| is_text(row.first())))
        && below
            .iter()
            .flat_map(|row| row.iter().skip(1))
            .any(|cell| is_number(cell) && !is_period(cell))
}

/// A year, two of them, a month of one, or a day: `2024`, `2023/24`, `12.2024`, `2024-12-31`, `31.12.24`.
fn is_period(cell: &str) -> bool {
    let cell = cell.trim();
    let parts: Vec<&str> = cell.split(['.', '/', '-']).collect();
    let is_year = |part: &str| part.len() == 4 && (part.starts_with("19") || part.starts_with("20"));
    let is_short = |part: &str| (1..=2).contains(&part.len());
    parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
        && match *parts {
            [year] => is_year(year),
            [year, other] if is_year(year) => (is_short(other) || is_year(other)) && !cell.contains('.'),
            [month, year] => is_short(month) && is_year(year),
            [first, middle, last] => {
                is_short(middle) && (is_short(first) || is_year(first)) && (is_short(last) || is_year(last))
            }
            _ => false,
        }
}

/// A row of a table as a line: its cells between ` | `, blank ones left out at its end.
pub fn row_line(row: &[String]) -> String {
    let cells: Vec<String> = row.iter().map(|cell| one_line(cell)).collect();
    let end = cells.iter().rposition(|cell| !cell.is_empty()).map_or(0, |at| at + 1);
    cells[..end].join(" | ").trim_start().to_owned()
}

/// Each line without white space at its end, at most one blank line in a row, none at the ends.
fn trim_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = 0;
    for line in text.lines() {
        let line = line.trim_end();
        if line.trim().is_empty() {
            blank += 1;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if blank > 0 { "\n\n" } else { "\n" });
        }
        blank = 0;
        out.push_str(line);
    }
    out.trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaning_leaves_letters_and_takes_ligatures_apart() {
        assert_eq!(
            clean("o\u{fb03}ce \u{fb01}nal\r\nA\u{308}rger\u{0}\u{7}"),
            "office final\nÄrger"
        );
        assert_eq!(clean("soft\u{ad}hyphen\u{200b}"), "softhyphen");
        assert_eq!(clean("\u{fefb}\u{fe8d}"), "لاا");
        assert_eq!(clean("日本語\u{feff}"), "日本語");
    }

    #[test]
    fn spans_count_scalar_values() {
        let mut page = PageBuilder::default();
        page.heading(1, "Überblick");
        page.paragraph("Erster  Absatz\n\n\nzweite Zeile ");
        page.table(
            &[vec!["Größe".into(), "Wert".into()], vec!["α".into(), String::new()]],
            TableHeader::FirstRow,
        );
        let page = page.finish(1);
        assert_eq!(page.headings[0].span.slice(&page.text), "Überblick");
        assert_eq!(page.tables[0].span.slice(&page.text), "Größe | Wert\nα");
        assert_eq!(page.tables[0].header.slice(&page.text), "Größe | Wert");
        assert!(page.text.contains("Erster  Absatz\n\nzweite Zeile\n\nGröße"));
    }

    #[test]
    fn titles_left_by_programs_are_no_titles() {
        assert_eq!(title("Microsoft Word - Annual report"), Some("Annual report".into()));
        assert_eq!(title("Untitled"), None);
        assert_eq!(title("  "), None);
        assert_eq!(title("A\nB"), Some("A B".into()));
    }

    #[test]
    fn a_row_of_numbers_is_no_header() {
        let rows = |cells: &[&[&str]]| {
            cells
                .iter()
                .map(|row| row.iter().map(|&c| c.to_owned()).collect())
                .collect::<Vec<Vec<String>>>()
        };
        assert_eq!(
            TableHeader::guess(&rows(&[&["Name", "Age"], &["Ada", "36"]])),
            TableHeader::FirstRow
        );
        assert_eq!(
            TableHeader::guess(&rows(&[&["1", "2"], &["3", "4"]])),
            TableHeader::None
        );
        assert_eq!(TableHeader::guess(&rows(&[&["Name", "Age"]])), TableHeader::None);
        for years in [
            [["Revenue", "2023", "2024"], ["Europe", "1,250", "1999"]],
            [["", "31.12.2023", "12/2024"], ["Europe", "12.5", "7%"]],
            [["in EUR", "2022/23", "2023-12-31"], ["Europe", "", "40"]],
        ] {
            let years: Vec<&[&str]> = years.iter().map(<[&str; 3]>::as_slice).collect();
            assert_eq!(TableHeader::guess(&rows(&years)), TableHeader::FirstRow, "{years:?}");
        }
        for no_names in [
            [["Born", "1955", "1956"], ["Died", "2001", "2002"]],
            [["2022", "2023", "2024"], ["1", "2", "3"]],
            [["", "2023", "2024"], ["17", "1,250", "9"]],
            [["Europe", "2023", "17"], ["Asia", "1,250", "9"]],
            [["Europe", "2023.50", "2024"], ["Asia", "1,250", "9"]],
        ] {
            let no_names: Vec<&[&str]> = no_names.iter().map(<[&str; 3]>::as_slice).collect();
            assert_eq!(TableHeader::guess(&rows(&no_names)), TableHeader::None, "{no_names:?}");
        }
    }
}
