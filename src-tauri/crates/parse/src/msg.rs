//! Mail as Outlook keeps it (MS-OXMSG): properties as streams of an OLE file.

use crate::eml;
use crate::encoding;
use crate::error::ParseError;
use crate::html;
use crate::output::Output;
use crate::rtf;
use crate::text::{self, PageBuilder};
use cfb::CompoundFile;
use encoding_rs::Encoding;
use std::io::{Cursor, Read};

/// The media type.
pub const MEDIA_TYPE: &str = "application/vnd.ms-outlook";

/// Property ids of MS-OXPROPS.
mod property {
    pub const SUBJECT: u16 = 0x0037;
    pub const CLIENT_SUBMIT_TIME: u16 = 0x0039;
    pub const DISPLAY_CC: u16 = 0x0e03;
    pub const DISPLAY_TO: u16 = 0x0e04;
    pub const DELIVERY_TIME: u16 = 0x0e06;
    pub const SENDER_NAME: u16 = 0x0c1a;
    pub const SENDER_ADDRESS: u16 = 0x0c1f;
    pub const SENDER_SMTP: u16 = 0x5d01;
    pub const BODY: u16 = 0x1000;
    pub const RTF: u16 = 0x1009;
    pub const HTML: u16 = 0x1013;
    pub const ATTACH_LONG_NAME: u16 = 0x3707;
    pub const ATTACH_NAME: u16 = 0x3704;
    pub const DISPLAY_NAME: u16 = 0x3001;
    pub const INTERNET_CODE_PAGE: u16 = 0x3fde;
    pub const MESSAGE_CODE_PAGE: u16 = 0x3ffd;
}

/// A mail being read.
struct File<'a> {
    container: CompoundFile<Cursor<&'a [u8]>>,
    /// Encoding of what is not UTF-16.
    encoding: Option<&'static Encoding>,
    /// Encoding of an HTML body that does not name its own.
    body_encoding: Option<&'static Encoding>,
}

/// Reads a mail.
///
/// # Errors
/// Its final state.
pub fn parse(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    let container =
        CompoundFile::open(Cursor::new(bytes)).map_err(|error| ParseError::damaged(format!("OLE: {error}")))?;
    let mut file = File {
        container,
        encoding: None,
        body_encoding: None,
    };
    let properties = stream(&mut file, "/__properties_version1.0", out).unwrap_or_default();
    let code_page = |id: u16| fixed(&properties, LONG, id).and_then(|page| encoding_of(page as u32));
    file.body_encoding = code_page(property::INTERNET_CODE_PAGE);
    file.encoding = code_page(property::MESSAGE_CODE_PAGE).or(file.body_encoding);
    let subject = string(&mut file, "", property::SUBJECT, out);
    out.started(MEDIA_TYPE, subject.as_deref().and_then(text::title), Some(1));
    let mut page = PageBuilder::default();
    if let Some(subject) = &subject {
        page.heading(1, subject);
    }
    head(&mut file, &properties, &mut page, out);
    body(&mut file, &mut page, out)?;
    let names = attachments(&mut file, out);
    if !names.is_empty() {
        page.paragraph(&format!("Attachments: {}", names.join(", ")));
    }
    out.single_page(page)
}

fn head(file: &mut File<'_>, properties: &[u8], page: &mut PageBuilder, out: &Output<'_>) {
    let mut lines = Vec::new();
    let name = string(file, "", property::SENDER_NAME, out);
    // Within an organisation the address is a path of its directory, which says nothing to a person.
    let address = [property::SENDER_SMTP, property::SENDER_ADDRESS]
        .into_iter()
        .find_map(|id| string(file, "", id, out).filter(|address| address.contains('@')));
    match (name, address) {
        (Some(name), Some(address)) if name != address => lines.push(format!("From: {name} <{address}>")),
        (Some(one), _) | (None, Some(one)) => lines.push(format!("From: {one}")),
        (None, None) => {}
    }
    for (label, id) in [("To", property::DISPLAY_TO), ("Cc", property::DISPLAY_CC)] {
        if let Some(value) = string(file, "", id, out) {
            lines.push(format!("{label}: {value}"));
        }
    }
    if let Some(date) = date(properties) {
        lines.push(format!("Date: {date}"));
    }
    page.paragraph(&lines.join("\n"));
}

fn body(file: &mut File<'_>, page: &mut PageBuilder, out: &Output<'_>) -> Result<(), ParseError> {
    let plain = string(file, "", property::BODY, out);
    if let Some(plain) = plain.as_ref().filter(|plain| plain.len() >= eml::LONGEST_STUB) {
        page.paragraph(plain);
        return out.gathering(page.len());
    }
    let source = match stream(file, &format!("/__substg1.0_{:04X}0102", property::HTML), out) {
        Some(bytes) => {
            let declared = html::declared_charset(&bytes);
            let known = file.body_encoding.or(file.encoding).map(Encoding::name);
            Some(encoding::decode(&bytes, declared.as_deref().or(known)).text)
        }
        None => string(file, "", property::HTML, out),
    };
    if let Some(plain) = plain {
        let mut shown = PageBuilder::default();
        html::append(source.as_deref().unwrap_or_default(), &mut shown, out)?;
        if !eml::is_stub(&plain, &shown) {
            page.paragraph(&plain);
            return Ok(());
        }
    }
    if let Some(source) = source {
        return html::append(&source, page, out);
    }
    if let Some(packed) = stream(file, &format!("/__substg1.0_{:04X}0102", property::RTF), out)
        && let Some(rtf) = unpack_rtf(&packed, out.limits.text_bytes)
    {
        return rtf::append(&rtf, page, out);
    }
    Ok(())
}

fn attachments(file: &mut File<'_>, out: &Output<'_>) -> Vec<String> {
    let storages: Vec<String> = file
        .container
        .read_root_storage()
        .filter(|entry| entry.is_storage() && entry.name().starts_with("__attach_version1.0_"))
        .map(|entry| format!("/{}", entry.name()))
        .collect();
    storages
        .iter()
        .filter_map(|storage| {
            [
                property::ATTACH_LONG_NAME,
                property::ATTACH_NAME,
                property::DISPLAY_NAME,
            ]
            .into_iter()
            .find_map(|id| string(file, storage, id, out))
        })
        .collect()
}

/// A text property: UTF-16 (`001F`) or in the mail's code page (`001E`).
fn string(file: &mut File<'_>, storage: &str, id: u16, out: &Output<'_>) -> Option<String> {
    let text = if let Some(bytes) = stream(file, &format!("{storage}/__substg1.0_{id:04X}001F"), out) {
        encoding_rs::UTF_16LE.decode_without_bom_handling(&bytes).0.into_owned()
    } else {
        let bytes = stream(file, &format!("{storage}/__substg1.0_{id:04X}001E"), out)?;
        encoding::decode(&bytes, file.encoding.map(Encoding::name)).text
    };
    let text = text.trim_matches(['\0', ' ', '\r', '\n']).to_owned();
    (!text.is_empty()).then_some(text)
}

fn stream(file: &mut File<'_>, path: &str, out: &Output<'_>) -> Option<Vec<u8>> {
    let stream = file.container.open_stream(path).ok()?;
    let mut bytes = Vec::new();
    // A damaged chain of sectors ends the stream early; what was read is what there is.
    let _ = stream.take(out.limits.text_bytes as u64).read_to_end(&mut bytes);
    (!bytes.is_empty()).then_some(bytes)
}

/// Types of fixed-size properties (MS-OXCDATA): a number, a time.
const LONG: u16 = 0x0003;
const TIME: u16 = 0x0040;

/// A property from the table of fixed-size ones: 32 bytes of head, then 16 a property.
fn fixed(properties: &[u8], kind: u16, id: u16) -> Option<u64> {
    let row = properties
        .get(32..)?
        .chunks_exact(16)
        .find(|row| row[..2] == kind.to_le_bytes() && row[2..4] == id.to_le_bytes())?;
    Some(u64::from_le_bytes(row[8..16].try_into().ok()?))
}

/// The encoding of a Windows code page; nothing for UTF-16 (then nothing else is said) and ASCII (which nobody keeps to).
fn encoding_of(code_page: u32) -> Option<&'static Encoding> {
    match code_page {
        1200 | 20_127 => None,
        20_866 => Some(encoding_rs::KOI8_R),
        28_591 => Some(encoding_rs::WINDOWS_1252),
        28_592..=28_606 => Encoding::for_label(format!("iso-8859-{}", code_page - 28_590).as_bytes()),
        50_220..=50_222 => Some(encoding_rs::ISO_2022_JP),
        51_932 => Some(encoding_rs::EUC_JP),
        51_949 => Some(encoding_rs::EUC_KR),
        54_936 => Some(encoding_rs::GB18030),
        other => i32::try_from(other).ok().and_then(rtf::code_page),
    }
}

/// When it was sent, or else came.
fn date(properties: &[u8]) -> Option<String> {
    [property::CLIENT_SUBMIT_TIME, property::DELIVERY_TIME]
        .into_iter()
        .find_map(|id| {
            // Windows counts 100 ns from 1601; Unix starts 11,644,473,600 s later.
            let seconds = (fixed(properties, TIME, id)? / 10_000_000).checked_sub(11_644_473_600)?;
            Some(utc(seconds))
        })
}

/// Seconds since 1970 as `2026-11-23 18:00 UTC`, by Howard Hinnant's civil-from-days.
fn utc(seconds: u64) -> String {
    let days = (seconds / 86_400) as i64 + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02} UTC",
        seconds / 3600 % 24,
        seconds / 60 % 60
    )
}

/// What MS-OXRTFCP says the dictionary begins with.
const DICTIONARY: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor \
MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// Unpacks a compressed RTF body (MS-OXRTFCP); nothing where it is none.
fn unpack_rtf(packed: &[u8], max_bytes: usize) -> Option<Vec<u8>> {
    let raw_size = u32::from_le_bytes(packed.get(4..8)?.try_into().ok()?) as usize;
    let body = packed.get(16..)?;
    match packed.get(8..12)? {
        b"MELA" => return Some(body[..raw_size.min(body.len())].to_vec()),
        b"LZFu" => {}
        _ => return None,
    }
    let mut window = [b' '; 4096];
    window[..DICTIONARY.len()].copy_from_slice(DICTIONARY);
    let mut write = DICTIONARY.len();
    let mut out = Vec::with_capacity(raw_size.min(1 << 20));
    let mut bytes = body.iter().copied();
    'runs: while let Some(flags) = bytes.next() {
        for bit in 0..8 {
            if out.len() >= raw_size.min(max_bytes) {
                break 'runs;
            }
            let mut put = |byte: u8, out: &mut Vec<u8>| {
                out.push(byte);
                window[write] = byte;
                write = (write + 1) % window.len();
            };
            if flags & (1 << bit) == 0 {
                let Some(byte) = bytes.next() else { break 'runs };
                put(byte, &mut out);
                continue;
            }
            let (Some(high), Some(low)) = (bytes.next(), bytes.next()) else {
                break 'runs;
            };
            let reference = u16::from_be_bytes([high, low]);
            let (offset, length) = (usize::from(reference >> 4), usize::from(reference & 15) + 2);
            if offset == write {
                break 'runs;
            }
            for step in 0..length {
                let byte = window[(offset + step) % window.len()];
                out.push(byte);
                window[write] = byte;
                write = (write + 1) % window.len();
            }
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpacks_the_example_of_the_specification() {
        // MS-OXRTFCP, section 3.1.1.
        let packed: &[u8] = &[
            0x2d, 0x00, 0x00, 0x00, 0x2b, 0x00, 0x00, 0x00, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 0x03, 0x00,
            0x0a, 0x00, 0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65, 0x6c, 0x09,
            0x00, 0x20, 0x62, 0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0,
        ];
        assert_eq!(
            unpack_rtf(packed, 1000).unwrap(),
            b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
        );
    }

    #[test]
    fn code_pages_have_encodings() {
        assert_eq!(encoding_of(1251), Some(encoding_rs::WINDOWS_1251));
        assert_eq!(encoding_of(950), Some(encoding_rs::BIG5));
        assert_eq!(encoding_of(28_595), Some(encoding_rs::ISO_8859_5));
        assert_eq!(encoding_of(1200), None);
    }

    #[test]
    fn dates_are_civil() {
        assert_eq!(utc(0), "1970-01-01 00:00 UTC");
        assert_eq!(utc(1_709_251_199), "2024-02-29 23:59 UTC");
    }
}
