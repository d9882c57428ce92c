//! Code pages by their Windows number: those that browsers read, and those of DOS.

use super::old::{Dos, decode_dos};
use encoding_rs::Encoding;
use std::borrow::Cow;

/// How the bytes of an old document are characters. Where nothing is said, as western Windows has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodePage {
    /// As browsers read it.
    Known(&'static Encoding),
    /// As DOS had it.
    Dos(Dos),
}

impl Default for CodePage {
    fn default() -> Self {
        Self::Known(encoding_rs::WINDOWS_1252)
    }
}

impl CodePage {
    /// The code page of a number; nothing for those that no reader has.
    pub fn numbered(number: i32) -> Option<Self> {
        let label = match number {
            437 => return Some(Self::Dos(Dos::American)),
            850 => return Some(Self::Dos(Dos::Western)),
            852 => return Some(Self::Dos(Dos::Central)),
            858 => return Some(Self::Dos(Dos::Euro)),
            932 => "shift_jis",
            936 => "gbk",
            949 => "euc-kr",
            950 => "big5",
            10_000 => "macintosh",
            10_007 => "x-mac-cyrillic",
            65_001 => "utf-8",
            866 => "ibm866",
            874 => "windows-874",
            1250..=1258 => return Encoding::for_label(format!("windows-{number}").as_bytes()).map(Self::Known),
            _ => return None,
        };
        Encoding::for_label(label.as_bytes()).map(Self::Known)
    }

    /// The encoding, where browsers have it.
    pub fn known(self) -> Option<&'static Encoding> {
        match self {
            Self::Known(encoding) => Some(encoding),
            Self::Dos(_) => None,
        }
    }

    /// The text of bytes; true beside it where some of them are no characters.
    pub fn decode(self, bytes: &[u8]) -> (Cow<'_, str>, bool) {
        match self {
            Self::Known(encoding) => encoding.decode_without_bom_handling(bytes),
            Self::Dos(page) => (Cow::Owned(decode_dos(bytes, page)), false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_dos_stand_where_its_code_pages_have_them() {
        for (number, bytes, text) in [
            (437, &b"Gr\x81\xe1e \xfb\xe3"[..], "Grüße √π"),
            (850, b"Gr\x81\xe1e \xb7\x9d", "Grüße ÀØ"),
            (852, b"\xac\xa9 \x9d\xa2d\xab", "Čę Łódź"),
            (858, b"5 \xd5", "5 €"),
            (1252, b"Gr\xfc\xdfe", "Grüße"),
        ] {
            let page = CodePage::numbered(number).unwrap();
            assert_eq!(page.decode(bytes), (Cow::Borrowed(text), false), "{number}");
        }
        assert_eq!(CodePage::numbered(1), None);
    }
}
