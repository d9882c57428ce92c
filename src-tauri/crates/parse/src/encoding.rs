//! Bytes to text in any encoding: byte-order mark, what the file says of itself, UTF-8, UTF-16 by its zeros, then detection.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Bytes shown to the detector; more does not change its mind.
const DETECT_BYTES: usize = 1 << 20;

/// Text decoded, and how.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The text, undecodable bytes as U+FFFD.
    pub text: String,
    /// WHATWG name of the encoding.
    pub encoding: &'static str,
    /// True where some bytes had no meaning in it.
    pub lossy: bool,
}

/// Decodes a whole text. `declared` is what the file or its container says of itself (a WHATWG label), believed after a byte-order
/// mark and valid UTF-8.
pub fn decode(bytes: &[u8], declared: Option<&str>) -> Decoded {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return decode_with(encoding, &bytes[mark..]);
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && !looks_like_iso_2022(bytes)
    {
        // Zero bytes are valid UTF-8, and every other byte of UTF-16 in Latin script.
        if let Some(utf16) = utf16_by_zeros(bytes) {
            return decode_with(utf16, bytes);
        }
        return Decoded {
            text: text.to_owned(),
            encoding: UTF_8.name(),
            lossy: false,
        };
    }
    if let Some(utf16) = utf16_by_zeros(bytes) {
        return decode_with(utf16, bytes);
    }
    if let Some(encoding) = declared.and_then(|label| Encoding::for_label(label.trim().as_bytes()))
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
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    let head = &bytes[..bytes.len().min(DETECT_BYTES)];
    detector.feed(head, head.len() == bytes.len());
    decode_with(detector.guess(None, Utf8Detection::Allow), bytes)
}

/// True when the bytes are a text in some encoding rather than data.
pub fn is_text(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(64 << 10)];
    if Encoding::for_bom(head).is_some() || utf16_by_zeros(head).is_some() {
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
    fn a_wrong_byte_leaves_utf8_utf8() {
        let mut bytes = "größer ".repeat(50).into_bytes();
        bytes.push(0xff);
        let decoded = decode(&bytes, None);
        assert_eq!(decoded.encoding, "UTF-8");
        assert!(decoded.lossy);
    }

    #[test]
    fn data_is_no_text() {
        assert!(!is_text(&[0, 1, 2, 3, 0, 0, 7, 9, 200, 0]));
        assert!(is_text(b"a line\n"));
    }
}
