//! Bytes to text in any encoding: byte-order mark, what the file says of itself, UTF-8, UTF-16 by its zeros and its scripts, then
//! detection; what no browser reads is in [`old`].

mod code_page;
mod old;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

pub use code_page::CodePage;
pub use old::Dos;

/// Bytes shown to the detector; more does not change its mind.
const DETECT_BYTES: usize = 1 << 20;

/// Text decoded, and how.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The text, undecodable bytes as U+FFFD.
    pub text: String,
    /// WHATWG name of the encoding, where it has one.
    pub encoding: &'static str,
    /// True where some bytes had no meaning in it.
    pub lossy: bool,
}

/// Decodes a whole text. `declared` is what the file or its container says of itself (a WHATWG label), believed after a byte-order
/// mark and valid UTF-8.
pub fn decode(bytes: &[u8], declared: Option<&str>) -> Decoded {
    // Before UTF-16, whose mark that of UTF-32 begins with.
    if let Some(order) = old::utf32(bytes) {
        let (text, lossy) = old::decode_utf32(bytes, order);
        return Decoded {
            text,
            encoding: "UTF-32",
            lossy,
        };
    }
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return decode_with(encoding, &bytes[mark..]);
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && !looks_like_iso_2022(bytes)
    {
        // Zero bytes are valid UTF-8, and every other byte of UTF-16 in Latin script; all bytes of Cyrillic may be.
        if let Some(utf16) = utf16_by_zeros(bytes).or_else(|| utf16_by_script(bytes)) {
            return decode_with(utf16, bytes);
        }
        return Decoded {
            text: text.to_owned(),
            encoding: UTF_8.name(),
            lossy: false,
        };
    }
    if let Some(utf16) = utf16_by_zeros(bytes).or_else(|| utf16_by_script(bytes)) {
        return decode_with(utf16, bytes);
    }
    if let Some(encoding) = declared.and_then(encoding_named)
        && encoding != UTF_8
        && encoding != UTF_16LE
        && encoding != UTF_16BE
    {
        return decode_with(encoding, bytes);
    }
    // A few wrong bytes in a long UTF-8 text do not make it Latin-1.
    if mostly_utf8(bytes) {
        return decode_with(UTF_8, bytes);
    }
    if old::is_ebcdic(bytes) {
        return Decoded {
            text: old::decode_ebcdic(bytes),
            encoding: "IBM500",
            lossy: false,
        };
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    let head = &bytes[..bytes.len().min(DETECT_BYTES)];
    detector.feed(head, head.len() == bytes.len());
    let guess = detector.guess(None, Utf8Detection::Allow);
    older_latin(head, guess).map_or_else(|| decode_with(guess, bytes), |decode| decode(bytes))
}

/// The encoding of a label. Those that browsers refuse to read (ISO-2022-KR, HZ) have labels too, and are no encodings: all of a text
/// would become one sign.
pub fn encoding_named(label: &str) -> Option<&'static Encoding> {
    Encoding::for_label_no_replacement(label.trim().as_bytes())
}

/// Another reading of a Latin text than the detector's, which knows what the web is written in: old Macs and DOS have their letters
/// elsewhere. Nothing where its guess makes as good words.
fn older_latin(head: &[u8], guess: &'static Encoding) -> Option<fn(&[u8]) -> Decoded> {
    /// Letters that must come right, so that a stray mark decides nothing.
    const LEAST: i64 = 2;
    // Half a character of an East Asian text may look like a letter between two others.
    if !guess.is_single_byte() {
        return None;
    }
    let mac: fn(&[u8]) -> Decoded = |bytes| decode_with(encoding_rs::MACINTOSH, bytes);
    let dos: fn(&[u8]) -> Decoded = |bytes| Decoded {
        text: old::decode_dos(bytes, Dos::Western),
        encoding: "IBM850",
        lossy: false,
    };
    let guessed = old::plausibility(&decode_with(guess, head).text);
    [mac, dos]
        .into_iter()
        .map(|decode| (old::plausibility(&decode(head).text), decode))
        .filter(|(score, _)| *score >= guessed + LEAST)
        .max_by_key(|(score, _)| *score)
        .map(|(_, decode)| decode)
}

/// True when the bytes are a text in some encoding rather than data.
pub fn is_text(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(64 << 10)];
    if Encoding::for_bom(head).is_some() || old::utf32(bytes).is_some() || old::is_ebcdic(head) {
        return true;
    }
    if utf16_by_zeros(head).is_some() || utf16_by_script(head).is_some() {
        return true;
    }
    let strange = head
        .iter()
        .filter(|&&b| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x0b | 0x1b | 0x08 | 0x1a))
        .count();
    !head.contains(&0) && strange * 200 <= head.len()
}

fn decode_with(encoding: &'static Encoding, bytes: &[u8]) -> Decoded {
    let (text, lossy) = encoding.decode_without_bom_handling(bytes);
    Decoded {
        text: text.into_owned(),
        encoding: encoding.name(),
        lossy,
    }
}

fn looks_like_iso_2022(bytes: &[u8]) -> bool {
    bytes
        .windows(3)
        .take(DETECT_BYTES)
        .any(|w| w[0] == 0x1b && w[1] == b'$' && matches!(w[2], b'@' | b'B'))
}

fn utf16_by_zeros(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(4096) & !1];
    if head.len() < 4 {
        return None;
    }
    let pairs = head.len() / 2;
    let first = head.chunks_exact(2).filter(|pair| pair[0] == 0 && pair[1] != 0).count();
    let second = head.chunks_exact(2).filter(|pair| pair[1] == 0 && pair[0] != 0).count();
    if second * 10 >= pairs * 7 && first * 20 <= pairs {
        Some(UTF_16LE)
    } else if first * 10 >= pairs * 7 && second * 20 <= pairs {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// UTF-16 of any script, in which hardly a byte is zero but those of spaces and line ends: told by reading it both ways. Older
/// encodings have no zeros at all, and data read as characters are soon none.
fn utf16_by_script(bytes: &[u8]) -> Option<&'static Encoding> {
    /// Characters that make a text rather than chance.
    const LEAST: usize = 12;
    let head = &bytes[..bytes.len().min(4096) & !1];
    if !head.contains(&0) || head.len() < 2 * LEAST {
        return None;
    }
    // Two letters of ASCII make a Chinese character: a text with a stray zero must not become one.
    let ascii = head
        .iter()
        .filter(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~'))
        .count();
    if ascii * 20 > head.len() * 19 {
        return None;
    }
    let share = |unit: fn([u8; 2]) -> u16| {
        let units = head.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let (mut all, mut good) = (0_usize, 0_usize);
        for c in char::decode_utf16(units) {
            all += 1;
            let c = c.unwrap_or('\0');
            good += usize::from(match c {
                '\t' | '\n' | '\r' => true,
                // Punctuation, symbols, and those of East Asian width.
                '\u{20}'..='\u{7e}' | '\u{2010}'..='\u{206f}' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}' => {
                    true
                }
                c => c.is_alphanumeric(),
            });
        }
        (all, good)
    };
    let (all, little) = share(u16::from_le_bytes);
    let (_, big) = share(u16::from_be_bytes);
    let good = |score: usize, other: usize| score * 50 >= all * 49 && score > other;
    if good(little, big) {
        Some(UTF_16LE)
    } else if good(big, little) {
        Some(UTF_16BE)
    } else {
        None
    }
}

fn mostly_utf8(bytes: &[u8]) -> bool {
    let (mut multibyte, mut wrong) = (0_usize, 0_usize);
    for chunk in bytes[..bytes.len().min(DETECT_BYTES)].utf8_chunks() {
        multibyte += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        wrong += usize::from(!chunk.invalid().is_empty());
    }
    multibyte > 20 * wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_encoding_of_a_text() {
        let german = "Die Übergröße der Straße ist für Ärger gut; schöne Grüße aus Köln und Düsseldorf.";
        let (latin1, ..) = encoding_rs::WINDOWS_1252.encode(german);
        assert_eq!(decode(&latin1, None).text, german);
        let japanese = "これは日本語の文章です。検索できるようにします。文字コードの判定は難しいです。";
        for encoding in [encoding_rs::SHIFT_JIS, encoding_rs::EUC_JP, encoding_rs::ISO_2022_JP] {
            let (bytes, ..) = encoding.encode(japanese);
            assert_eq!(decode(&bytes, None).text, japanese, "{}", encoding.name());
        }
        let russian = "Это русский текст, написанный в старой кодировке, и его надо прочитать целиком.";
        for encoding in [encoding_rs::WINDOWS_1251, encoding_rs::KOI8_R] {
            let (bytes, ..) = encoding.encode(russian);
            assert_eq!(decode(&bytes, None).text, russian, "{}", encoding.name());
        }
    }

    #[test]
    fn reads_utf16_with_and_without_a_mark() {
        let text = "plain words in sixteen bits";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decode(&little, None).text, text);
        assert_eq!(decode(&big, None).text, text);
        let mut marked = vec![0xff, 0xfe];
        marked.extend(&little);
        assert_eq!(decode(&marked, None).text, text);
        assert!(is_text(&little));
    }

    #[test]
    fn reads_utf16_of_other_scripts_without_a_mark() {
        for text in [
            "これは日本語の文章です。\n検索できるように。\n",
            "Это русский текст.\n",
            "이것은 한국어 텍스트입니다.\n",
        ] {
            let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert!(is_text(&little) && is_text(&big), "{text}");
            assert_eq!(decode(&little, None).text, text);
            assert_eq!(decode(&big, None).text, text);
        }
    }

    #[test]
    fn a_stray_zero_makes_no_chinese() {
        let text = "aquickbrownfoxjumpsoverthelazydog\0thelazydogsleeps.a";
        assert_eq!(decode(text.as_bytes(), None).text, text);
    }

    #[test]
    fn reads_what_macs_and_dos_wrote() {
        let french = "L’été dernier, j’ai mangé une crêpe à la fête; ça coûtait très cher, même à Besançon.";
        let (mac, ..) = encoding_rs::MACINTOSH.encode(french);
        assert_eq!(decode(&mac, None).text, french);
        let german =
            "Die \u{9a}bergr\u{94}\u{e1}e der Stra\u{e1}e ist f\u{81}r \u{8e}rger gut; sch\u{94}ne Gr\u{81}\u{e1}e.";
        let dos: Vec<u8> = german.chars().map(|c| c as u8).collect();
        assert_eq!(
            decode(&dos, None).text,
            "Die Übergröße der Straße ist für Ärger gut; schöne Grüße."
        );
        let (windows, ..) = encoding_rs::WINDOWS_1252.encode(french);
        assert_eq!(decode(&windows, None).text, french);
    }

    #[test]
    fn quotes_and_dashes_are_no_letters_of_old_macs() {
        for text in [
            "“Quoted” words, and “more” of “them”—with dashes—and it’s theirs.",
            "The café’s naïve façade—“voilà”—cost £5.",
        ] {
            let (bytes, ..) = encoding_rs::WINDOWS_1252.encode(text);
            assert_eq!(decode(&bytes, None).text, text);
        }
    }

    #[test]
    fn reads_utf32() {
        let text = "Grüße in vier Bytes\n";
        for bytes in [
            text.chars().flat_map(|c| (c as u32).to_le_bytes()).collect::<Vec<u8>>(),
            format!("\u{feff}{text}")
                .chars()
                .flat_map(|c| (c as u32).to_be_bytes())
                .collect(),
        ] {
            assert!(is_text(&bytes));
            assert_eq!(decode(&bytes, None).text, text);
        }
    }

    #[test]
    fn a_wrong_byte_leaves_utf8_utf8() {
        let mut bytes = "größer ".repeat(50).into_bytes();
        bytes.push(0xff);
        let decoded = decode(&bytes, None);
        assert_eq!(decoded.encoding, "UTF-8");
        assert!(decoded.lossy);
    }

    #[test]
    fn a_label_that_browsers_refuse_costs_no_text() {
        let korean = "이것은 한국어 문장입니다. 검색할 수 있어야 합니다. 문자 부호는 알아내기 어렵습니다.";
        let (bytes, ..) = encoding_rs::EUC_KR.encode(korean);
        assert_eq!(decode(&bytes, Some("iso-2022-kr")), decode(&bytes, None));
    }

    #[test]
    fn data_is_no_text() {
        assert!(!is_text(&[0, 1, 2, 3, 0, 0, 7, 9, 200, 0]));
        assert!(is_text(b"a line\n"));
    }
}
