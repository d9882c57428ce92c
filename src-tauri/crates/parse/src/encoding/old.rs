//! Encodings that no browser reads and that turn up all the same: UTF-32, the code page of DOS, EBCDIC of mainframes.

/// Bytes looked at.
const HEAD: usize = 64 << 10;

/// The upper half of IBM 437.
const DOS_AMERICAN: &str = "\
    ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ\
    áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
    └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
    αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// The upper half of IBM 850. Its letters stand where those of IBM 437 do.
const DOS_WESTERN: &str = "\
    ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒ\
    áíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
    └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀\
    ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

/// The upper half of IBM 852.
const DOS_CENTRAL: &str = "\
    ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×č\
    áíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐\
    └┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀\
    ÓßÔŃńňŠšŔÚŕŰýÝţ´\u{ad}˝˛ˇ˘§÷¸°¨˙űŘř■\u{a0}";

/// What IBM 858 has at the place of `ı` in IBM 850.
const EURO: char = '€';

/// A code page of DOS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dos {
    /// IBM 437.
    American,
    /// IBM 850.
    Western,
    /// IBM 852: Central Europe.
    Central,
    /// IBM 858: 850 with the euro.
    Euro,
}

/// IBM 500 from 0x40 on; what is below are control characters.
const EBCDIC: &str = "\
    \u{20}\u{a0}âäàáãåçñ[.<(+!&éêëèíîïìß]$*);^\
    -/ÂÄÀÁÃÅÇÑ¦,%_>?øÉÊËÈÍÎÏÌ`:#@'=\"\
    Øabcdefghi«»ðýþ±°jklmnopqrªºæ¸Æ¤\
    µ~stuvwxyz¡¿ÐÝÞ®¢£¥·©§¶¼½¾¬|¯¨´×\
    {ABCDEFGHI\u{ad}ôöòóõ}JKLMNOPQR¹ûüùúÿ\
    \\÷STUVWXYZ²ÔÖÒÓÕ0123456789³ÛÜÙÚ\u{9f}";

/// The order of the bytes of a UTF-32 text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Utf32 {
    /// Least significant first.
    Little,
    /// Most significant first.
    Big,
}

/// Whether a text is UTF-32: by its mark, else by the zeros that every one of its characters has.
pub fn utf32(bytes: &[u8]) -> Option<Utf32> {
    /// The planes beyond hold next to nothing; in UTF-16 tabs and line ends would seem to be there.
    const LAST: u32 = 0x3ffff;
    let head = &bytes[..bytes.len().min(HEAD) & !3];
    if head.len() < 4 || !bytes.len().is_multiple_of(4) {
        return None;
    }
    // Small numbers are no text: control characters are not among it.
    let all = |code: fn([u8; 4]) -> u32| {
        head.chunks_exact(4)
            .all(|unit| <[u8; 4]>::try_from(unit).is_ok_and(|unit| matches!(code(unit), 0x09..=0x0d | 0x20..=LAST)))
    };
    // Two zeros at one end of every unit are the sign; a single unit says nothing but by its mark.
    match &head[..4] {
        [0xff, 0xfe, 0, 0] if all(u32::from_le_bytes) => Some(Utf32::Little),
        [0, 0, 0xfe, 0xff] if all(u32::from_be_bytes) => Some(Utf32::Big),
        _ if head.len() >= 16 && all(u32::from_le_bytes) => Some(Utf32::Little),
        _ if head.len() >= 16 && all(u32::from_be_bytes) => Some(Utf32::Big),
        _ => None,
    }
}

/// The text of UTF-32, without its mark; true beside it where some units are no characters.
pub fn decode_utf32(bytes: &[u8], order: Utf32) -> (String, bool) {
    let mut lossy = false;
    let text = bytes
        .chunks_exact(4)
        .filter_map(|unit| {
            let unit: [u8; 4] = unit.try_into().ok()?;
            let code = match order {
                Utf32::Little => u32::from_le_bytes(unit),
                Utf32::Big => u32::from_be_bytes(unit),
            };
            Some(char::from_u32(code).unwrap_or_else(|| {
                lossy = true;
                char::REPLACEMENT_CHARACTER
            }))
        })
        .collect::<String>();
    (text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text), lossy)
}

/// Whether a text is EBCDIC: nearly all of it letters, digits, spaces and line ends as mainframes have them. In ASCII the places of
/// those letters are those of no letter at all.
pub fn is_ebcdic(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(HEAD)];
    let spaces = head.iter().filter(|byte| matches!(byte, 0x40)).count();
    let letters = head
        .iter()
        .filter(
            |byte| matches!(byte, 0x81..=0x89 | 0x91..=0x99 | 0xa2..=0xa9 | 0xc1..=0xc9 | 0xd1..=0xd9 | 0xe2..=0xe9),
        )
        .count();
    let others = head
        .iter()
        .filter(|byte| {
            matches!(
                byte,
                0xf0..=0xf9 | 0x4b | 0x6b | 0x60 | 0x61 | 0x7d | 0x0d | 0x15 | 0x25
            )
        })
        .count();
    head.len() >= 20
        && spaces * 20 >= head.len()
        && letters * 2 >= head.len() - spaces
        && (spaces + letters + others) * 20 >= head.len() * 19
}

/// The text of EBCDIC in code page 500.
pub fn decode_ebcdic(bytes: &[u8]) -> String {
    let table: Vec<char> = EBCDIC.chars().collect();
    bytes
        .iter()
        .map(|byte| match byte {
            0x05 => '\t',
            0x0d => '\r',
            0x15 | 0x25 => '\n',
            0x40.. => table.get(usize::from(byte - 0x40)).copied().unwrap_or(' '),
            _ => ' ',
        })
        .collect()
}

/// The text of a code page of DOS.
pub fn decode_dos(bytes: &[u8], page: Dos) -> String {
    let table = match page {
        Dos::American => DOS_AMERICAN,
        Dos::Western | Dos::Euro => DOS_WESTERN,
        Dos::Central => DOS_CENTRAL,
    };
    let table: Vec<char> = table.chars().collect();
    bytes
        .iter()
        .map(|byte| match byte {
            0xd5 if page == Dos::Euro => EURO,
            0x80.. => table.get(usize::from(byte - 0x80)).copied().unwrap_or(' '),
            byte => char::from(*byte),
        })
        .collect()
}

/// How well a text of a Latin script is decoded: what stands between two small letters is a small letter, an apostrophe, a dash. Right
/// words count up, wrong ones down.
pub fn plausibility(text: &str) -> i64 {
    let mut score = 0;
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        // Ends of words decide nothing: what is a closing quote in one encoding is a letter in the other.
        let within = before.is_ascii_lowercase() && chars.peek().is_some_and(char::is_ascii_lowercase);
        if within && !c.is_ascii() {
            let possible = c.is_lowercase() || matches!(c, '’' | '‘' | '–' | '—' | '…' | '·' | '\u{ad}' | '\u{a0}');
            score += if possible { 1 } else { -1 };
        }
        before = c;
    }
    score
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_a_character_a_byte() {
        for table in [DOS_AMERICAN, DOS_WESTERN, DOS_CENTRAL] {
            assert_eq!(table.chars().count(), 128);
        }
        assert_eq!(EBCDIC.chars().count(), 192);
    }

    #[test]
    fn mainframe_text_is_told_and_read() {
        // "An Information Exchange\n" in code page 500.
        let bytes = [
            0xc1, 0x95, 0x40, 0xc9, 0x95, 0x86, 0x96, 0x99, 0x94, 0x81, 0xa3, 0x89, 0x96, 0x95, 0x40, 0xc5, 0xa7, 0x83,
            0x88, 0x81, 0x95, 0x87, 0x85, 0x25,
        ];
        assert!(is_ebcdic(&bytes));
        assert_eq!(decode_ebcdic(&bytes), "An Information Exchange\n");
        assert!(!is_ebcdic("Größe und Maß der Übungen, so wie sie sind".as_bytes()));
    }

    #[test]
    fn utf32_is_told_by_its_zeros() {
        let text = "zwei und 𝄞\n";
        let little: Vec<u8> = text.chars().flat_map(|c| (c as u32).to_le_bytes()).collect();
        let big: Vec<u8> = text.chars().flat_map(|c| (c as u32).to_be_bytes()).collect();
        assert_eq!(utf32(&little), Some(Utf32::Little));
        assert_eq!(utf32(&big), Some(Utf32::Big));
        assert_eq!(decode_utf32(&little, Utf32::Little), (text.to_owned(), false));
        assert_eq!(decode_utf32(&big, Utf32::Big), (text.to_owned(), false));
        assert_eq!(utf32(b"sixteen bytes...").map(|_| ()), None);
        assert_eq!(utf32(&[0; 64]), None);
        assert_eq!(utf32(&[7_u8, 0, 0, 0].repeat(16)), None);
    }
}
