//! What stands above and below the cells of each printed page of a sheet. A code says what is left, in the middle and right (ECMA-376
//! part 1, 18.3.1.39). Losing it loses no cell.

use crate::archive::Archive;
use crate::output::Output;
use crate::text::PageBuilder;
use crate::xml::{Token, Xml};
use std::collections::BTreeSet;
use std::io::Write;

/// Bytes of the part of a sheet that are looked at from where its headers begin; the codes are of 255 characters at most.
const MOST_BYTES: usize = 32 << 10;

/// Adds those of the sheet that is this part, of which `seen` has none yet.
pub fn add(
    archive: &mut Archive<'_>,
    part: &str,
    sheet: &str,
    seen: &mut BTreeSet<String>,
    page: &mut PageBuilder,
    out: &Output<'_>,
) {
    // They stand behind all cells, of which a sheet may have more than memory has room for.
    let mut tail = Tail::default();
    if page.is_empty() || archive.copy(part, &mut tail).is_err() {
        return;
    }
    write(&codes(&tail.kept, out), sheet, seen, page);
}

/// Adds to a page of cells what these codes say, each once.
pub fn write(codes: &[String], sheet: &str, seen: &mut BTreeSet<String>, page: &mut PageBuilder) {
    if page.is_empty() {
        return;
    }
    for code in codes {
        let text = text(code, sheet);
        if seen.insert(text.clone()) {
            page.paragraph(&text);
        }
    }
}

/// What a code says: a line a place. Page numbers, days and file names are different each time; what says nothing but the page
/// (`Page 1 of 9`) or the sheet, as LibreOffice has it in each workbook, is left out.
fn text(code: &str, sheet: &str) -> String {
    let mut places = [String::new(), String::new(), String::new()];
    // Of pages, by place.
    let mut numbers = [0_usize; 3];
    // Without a mark it is in the middle.
    let mut at = 1;
    let mut chars = code.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '&' {
            places[at].push(c);
            continue;
        }
        match chars.next().map(|c| c.to_ascii_uppercase()) {
            Some('L') => at = 0,
            Some('C') => at = 1,
            Some('R') => at = 2,
            Some('&') => places[at].push('&'),
            Some('A') => places[at].push_str(sheet),
            Some('P' | 'N') => numbers[at] += 1,
            // A font, a colour, a size.
            Some('"') => chars.by_ref().take_while(|c| *c != '"').for_each(drop),
            Some('K') => {
                let is_colour = |c: &char| c.is_ascii_hexdigit() || matches!(c, '+' | '-');
                let mut left = 6;
                while left > 0 && chars.next_if(is_colour).is_some() {
                    left -= 1;
                }
            }
            Some(c) if c.is_ascii_digit() => while chars.next_if(char::is_ascii_digit).is_some() {},
            _ => {}
        }
    }
    let said: Vec<&str> = places
        .iter()
        .map(|place| place.trim())
        .zip(numbers)
        .filter(|(place, numbers)| {
            let words = place
                .split_whitespace()
                .filter(|word| word.contains(char::is_alphanumeric));
            words.count() > *numbers && *place != sheet.trim()
        })
        .map(|(place, _)| place)
        .collect();
    said.join("\n")
}

/// The codes that count, from where the element begins that holds them.
fn codes(tail: &[u8], out: &Output<'_>) -> Vec<String> {
    let source = String::from_utf8_lossy(tail);
    let mut xml = Xml::new(&source, out.limits.xml_depth);
    let (mut codes, mut has_first, mut has_even) = (Vec::new(), false, false);
    while let Ok(Some(token)) = xml.next() {
        match token {
            Token::Open(tag) => {
                let is_shown = match tag.name() {
                    "headerFooter" => {
                        let says = |name| tag.attribute(name).is_some() && tag.is_on(name);
                        (has_first, has_even) = (says("differentFirst"), says("differentOddEven"));
                        continue;
                    }
                    "oddHeader" | "oddFooter" => true,
                    "firstHeader" | "firstFooter" => has_first,
                    "evenHeader" | "evenFooter" => has_even,
                    _ => break,
                };
                let Ok(code) = xml.text() else { break };
                if is_shown {
                    codes.push(code);
                }
            }
            Token::Close(_) => break,
            Token::Text(_) => {}
        }
    }
    codes
}

/// The name of the element that holds headers and footers, and the bytes of its longest prefix with what opens it.
const NAME: &[u8] = b"headerFooter";
const PREFIX: usize = 16;

/// Where the element begins whose name is at this place; nothing where it is that of none.
fn begin_of(bytes: &[u8], name: usize) -> Option<usize> {
    let before = &bytes[name.saturating_sub(PREFIX)..name];
    let back = before
        .iter()
        .rev()
        .position(|byte| !byte.is_ascii_alphanumeric() && *byte != b':')?;
    let begin = name - back - 1;
    (bytes[begin] == b'<').then_some(begin)
}

/// Keeps of what is written to it some bytes from the element that holds headers and footers on.
#[derive(Default)]
struct Tail {
    kept: Vec<u8>,
    is_found: bool,
}

impl Write for Tail {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.is_found {
            let room = MOST_BYTES.saturating_sub(self.kept.len());
            self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
            return Ok(bytes.len());
        }
        self.kept.extend_from_slice(bytes);
        let begin = self
            .kept
            .windows(NAME.len())
            .enumerate()
            .filter(|(_, window)| *window == NAME)
            .find_map(|(at, _)| begin_of(&self.kept, at));
        self.is_found = begin.is_some();
        let from = begin.unwrap_or_else(|| self.kept.len().saturating_sub(NAME.len() + PREFIX));
        self.kept.drain(..from);
        self.kept.truncate(MOST_BYTES);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_what_stands_where() {
        for (code, says) in [
            (
                "&L&\"Arial,Bold\"&14Genet && Civet&C&K01+048Draft of &A&RPage &P of &N",
                "Genet & Civet\nDraft of May",
            ),
            ("&C&\"Times New Roman,Regular\"&12&A", ""),
            ("&C&12Page &P", ""),
            ("&LDraft, page &P of &N&R&A", "Draft, page  of"),
            ("Secret", "Secret"),
            ("&C&P/&N", ""),
            ("&R&D &T&L&Z&F&KFF0000Left", "Left"),
            ("&", ""),
        ] {
            assert_eq!(text(code, "May"), says, "{code}");
        }
    }

    #[test]
    fn the_end_of_a_sheet_is_found_in_any_pieces() {
        let sheet = "<x:worksheet><x:c>headerFooter</x:c><x:headerFooter differentFirst=\"1\"><x:oddHeader>&amp;La</x:oddHeader>\
            <x:evenHeader>b</x:evenHeader><x:firstFooter>c</x:firstFooter></x:headerFooter><x:drawing/>";
        let cancel = docmind_core::cancel::CancelToken::new();
        let mut sink = |_| {};
        let out = Output::new(crate::limits::Limits::default(), &cancel, &|| {}, &mut sink);
        for size in [1, 7, 64, 4096] {
            let mut tail = Tail::default();
            for piece in sheet.as_bytes().chunks(size) {
                tail.write_all(piece).unwrap();
            }
            assert_eq!(codes(&tail.kept, &out), ["&La", "c"], "{size}");
        }
    }
}
