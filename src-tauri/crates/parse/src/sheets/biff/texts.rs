//! Texts of records: in Unicode since Excel 97, with a byte or two a character, going on from record to record; before, in a code page.

use super::{Sheet, long, short};
use crate::encoding::CodePage;
use crate::error::ParseError;
use crate::output::Output;

/// A text has two bytes a character, set in several ways, or has readings of its words behind it.
const WIDE: u8 = 1;
const READINGS: u8 = 4;
const RUNS: u8 = 8;

/// How the texts of a workbook are written.
#[derive(Debug)]
pub struct Texts {
    /// Since Excel 97.
    is_unicode: bool,
    /// Of the others.
    page: CodePage,
}

impl Texts {
    /// As a workbook of this version has them; what is no version is Excel 97.
    pub fn of_version(version: u16) -> Self {
        Self {
            is_unicode: version != 0x0500,
            page: CodePage::default(),
        }
    }

    /// From now on in the code page of this number.
    pub fn use_page(&mut self, number: u16) {
        let number = match number {
            0x8000 => 10_000,
            0x8001 => 1252,
            number => i32::from(number),
        };
        self.page = CodePage::numbered(number).unwrap_or_default();
    }

    /// A text with its length in two bytes, and the records that go on with it.
    pub fn long(&self, data: &[u8], continued: Vec<&[u8]>) -> String {
        let (Some(count), Some(behind)) = (short(data, 0), data.get(2..)) else {
            return String::new();
        };
        self.of(behind, continued, usize::from(count))
    }

    /// One with its length in a byte.
    fn brief(&self, data: &[u8]) -> String {
        let Some((count, behind)) = data.split_first() else {
            return String::new();
        };
        self.of(behind, Vec::new(), usize::from(*count))
    }

    fn of(&self, data: &[u8], continued: Vec<&[u8]>, count: usize) -> String {
        if self.is_unicode {
            return match data.split_first() {
                Some((flags, characters)) => {
                    let mut parts = Parts::new(characters, continued);
                    parts.text(count, *flags)
                }
                None => String::new(),
            };
        }
        let bytes = &data[..count.min(data.len())];
        self.page.decode(bytes).0.into_owned()
    }

    /// The code of a number format, a header or a footer.
    pub fn of_code(&self, data: &[u8]) -> String {
        if self.is_unicode {
            self.long(data, Vec::new())
        } else {
            self.brief(data)
        }
    }

    /// A sheet as the workbook names it ([MS-XLS] 2.4.28).
    pub fn sheet(&self, data: &[u8]) -> Option<Sheet> {
        const WORKSHEET: u8 = 0;
        Some(Sheet {
            place: long(data, 0)? as usize,
            has_cells: *data.get(5)? == WORKSHEET,
            name: self.brief(data.get(6..)?).replace('\0', ""),
        })
    }
}

/// The texts that cells share ([MS-XLS] 2.4.265).
///
/// # Errors
/// More than cells may be, or over the limit of text; cancelled; out of time.
pub fn shared(data: &[u8], continued: Vec<&[u8]>, out: &Output<'_>) -> Result<Vec<String>, ParseError> {
    // How many there are is found out.
    let mut parts = Parts::new(data.get(8..).unwrap_or_default(), continued);
    let (mut strings, mut bytes) = (Vec::new(), 0);
    while let Some(string) = parts.shared() {
        bytes += string.len();
        strings.push(string);
        if strings.len() > out.limits.cells {
            return Err(ParseError::too_large(format!(
                "it has more than {} different texts",
                out.limits.cells
            )));
        }
        if strings.len().is_multiple_of(4096) {
            out.gathering(bytes)?;
        }
    }
    Ok(strings)
}

/// So many characters that stand in these records.
pub fn of_parts(parts: Vec<&[u8]>, count: usize) -> String {
    Parts::new(&[], parts).text(count, 0)
}

/// Bytes of several records.
struct Parts<'a> {
    /// What is left of the open one.
    rest: &'a [u8],
    next: std::vec::IntoIter<&'a [u8]>,
}

impl<'a> Parts<'a> {
    fn new(first: &'a [u8], next: Vec<&'a [u8]>) -> Self {
        Self {
            rest: first,
            next: next.into_iter(),
        }
    }

    /// One byte, wherever it stands.
    fn byte(&mut self) -> Option<u8> {
        while self.rest.is_empty() {
            self.rest = self.next.next()?;
        }
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    fn bytes<const COUNT: usize>(&mut self) -> Option<[u8; COUNT]> {
        let mut bytes = [0; COUNT];
        for byte in &mut bytes {
            *byte = self.byte()?;
        }
        Some(bytes)
    }

    fn skip(&mut self, mut count: usize) {
        while count > 0 {
            let taken = count.min(self.rest.len());
            self.rest = &self.rest[taken..];
            count -= taken;
            if count > 0 {
                let Some(next) = self.next.next() else { return };
                self.rest = next;
            }
        }
    }

    /// The next of the shared texts; nothing behind the last.
    fn shared(&mut self) -> Option<String> {
        let count = u16::from_le_bytes(self.bytes()?);
        let [flags] = self.bytes::<1>()?;
        let runs = if flags & RUNS == 0 {
            0
        } else {
            u16::from_le_bytes(self.bytes()?)
        };
        let readings = if flags & READINGS == 0 {
            0
        } else {
            u32::from_le_bytes(self.bytes()?)
        };
        let text = self.text(usize::from(count), flags);
        self.skip(4 * usize::from(runs) + readings as usize);
        Some(text)
    }

    /// So many characters, or those there are. Each record that goes on says anew how wide its characters are.
    fn text(&mut self, mut count: usize, mut flags: u8) -> String {
        let mut units: Vec<u16> = Vec::new();
        while count > 0 {
            if self.rest.is_empty() {
                let Some((next_flags, characters)) = self.next.next().and_then(<[u8]>::split_first) else {
                    break;
                };
                (flags, self.rest) = (*next_flags, characters);
            }
            let width = if flags & WIDE == 0 { 1 } else { 2 };
            let taken = count.min(self.rest.len() / width);
            let (characters, rest) = self.rest.split_at(taken * width);
            units.extend(
                characters
                    .chunks_exact(width)
                    .map(|unit| u16::from(unit[0]) | unit.get(1).map_or(0, |high| u16::from(*high) << 8)),
            );
            count -= taken;
            // Half a character belongs to nothing.
            self.rest = if taken == 0 { &[] } else { rest };
        }
        String::from_utf16_lossy(&units)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_goes_on_in_the_next_record() {
        let first = [&[0; 8][..], &[5, 0, 0], b"ab"].concat();
        // The first text is wide from there on; the second has two runs, the third a reading.
        let second = [
            &[1][..],
            &[0xe9, 0, 0x3b, 0x04, b'!', 0],
            &[1, 0, RUNS, 2, 0, b'x', 1, 1],
        ]
        .concat();
        let third = [
            &[0; 6][..],
            &[2, 0, READINGS | WIDE, 3, 0, 0, 0, 0xe5, 0x65, 0x2c, 0x67, 9, 9, 9],
        ]
        .concat();
        let cancel = docmind_core::cancel::CancelToken::new();
        let mut sink = |_| {};
        let out = Output::new(crate::limits::Limits::default(), &cancel, &|| {}, &mut sink);
        let strings = shared(&first, vec![&second[..], &third[..]], &out).unwrap();
        assert_eq!(strings, ["abéл!", "x", "日本"]);
        for end in 0..first.len() {
            assert!(shared(&first[..end], Vec::new(), &out).unwrap().len() < 2);
        }
    }

    #[test]
    fn texts_of_excel_5_are_in_their_code_page() {
        let mut texts = Texts::of_version(0x0500);
        texts.use_page(850);
        assert_eq!(texts.of_code(b"\x03\x81\xe1!?"), "üß!");
        texts.use_page(0x8001);
        assert_eq!(texts.long(b"\x02\0\xfc\xdf?", Vec::new()), "üß");
        assert_eq!(texts.long(b"\x02", Vec::new()), "");
    }
}
