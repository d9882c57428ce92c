//! Mail as Outlook keeps it (MS-OXMSG): properties as streams of an OLE file.

use crate::eml;
use crate::encoding::{self, CodePage};
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

/// Where an attachment keeps the mail that it is.
const ATTACHED_MAIL: &str = "__substg1.0_3701000D";

type Container<'a> = CompoundFile<Cursor<&'a [u8]>>;

/// A mail being read.
struct Mail<'a, 'b> {
    container: &'a mut Container<'b>,
    /// Its place in the container: nothing, or that of a mail attached to another.
    storage: String,
    /// Those of fixed size.
    properties: Vec<u8>,
    /// Encoding of what is not UTF-16.
    encoding: Option<&'static Encoding>,
    /// Encoding of an HTML body that does not name its own.
    body_encoding: Option<&'static Encoding>,
}

impl<'a, 'b> Mail<'a, 'b> {
    fn open(container: &'a mut Container<'b>, storage: String, out: &Output<'_>) -> Self {
        let mut mail = Self {
            container,
            storage,
            properties: Vec::new(),
            encoding: None,
            body_encoding: None,
        };
        // How long what stands before them is (MS-OXMSG, 2.4.1).
        let head = if mail.storage.is_empty() { 32 } else { 24 };
        let properties = stream(&mut mail, "/__properties_version1.0", out).unwrap_or_default();
        mail.properties = properties.get(head..).unwrap_or_default().to_vec();
        let code_page = |id: u16| fixed(&mail.properties, LONG, id).and_then(|page| encoding_of(page as u32));
        let body_encoding = code_page(property::INTERNET_CODE_PAGE);
        mail.encoding = code_page(property::MESSAGE_CODE_PAGE).or(body_encoding);
        mail.body_encoding = body_encoding;
        mail
    }
}

/// Reads a mail, and those attached to it.
///
/// # Errors
/// Its final state.
pub fn parse(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    let mut container =
        CompoundFile::open(Cursor::new(bytes)).map_err(|error| ParseError::damaged(format!("OLE: {error}")))?;
    let mut mail = Mail::open(&mut container, String::new(), out);
    let subject = string(&mut mail, "", property::SUBJECT, out);
    out.started(MEDIA_TYPE, subject.as_deref().and_then(text::title), Some(1));
    let mut page = PageBuilder::default();
    write(&mut mail, &mut page, 0, out)?;
    out.single_page(page)
}

fn write(mail: &mut Mail<'_, '_>, page: &mut PageBuilder, depth: u32, out: &Output<'_>) -> Result<(), ParseError> {
    if let Some(subject) = string(mail, "", property::SUBJECT, out) {
        page.heading(if depth == 0 { 1 } else { 2 }, &subject);
    }
    head(mail, page, out);
    body(mail, page, out)?;
    let attachments = attachments(mail);
    let names: Vec<String> = attachments
        .iter()
        .filter_map(|attachment| attachment_name(mail, attachment, out))
        .collect();
    if !names.is_empty() {
        page.paragraph(&format!("Attachments: {}", names.join(", ")));
    }
    if depth < eml::MAX_FORWARDED {
        for attachment in attachments {
            let storage = format!("{}{attachment}/{ATTACHED_MAIL}", mail.storage);
            if mail.container.is_storage(&storage) {
                let mut forwarded = Mail::open(mail.container, storage, out);
                write(&mut forwarded, page, depth + 1, out)?;
                out.gathering(page.len())?;
            }
        }
    }
    Ok(())
}

fn head(mail: &mut Mail<'_, '_>, page: &mut PageBuilder, out: &Output<'_>) {
    let mut lines = Vec::new();
    let name = string(mail, "", property::SENDER_NAME, out);
    // Within an organisation the address is a path of its directory, which says nothing to a person.
    let address = [property::SENDER_SMTP, property::SENDER_ADDRESS]
        .into_iter()
        .find_map(|id| string(mail, "", id, out).filter(|address| address.contains('@')));
    match (name, address) {
        (Some(name), Some(address)) if name != address => lines.push(format!("From: {name} <{address}>")),
        (Some(one), _) | (None, Some(one)) => lines.push(format!("From: {one}")),
        (None, None) => {}
    }
    for (label, id) in [("To", property::DISPLAY_TO), ("Cc", property::DISPLAY_CC)] {
        if let Some(value) = string(mail, "", id, out) {
            lines.push(format!("{label}: {value}"));
        }
    }
    if let Some(date) = date(&mail.properties) {
        lines.push(format!("Date: {date}"));
    }
    page.paragraph(&lines.join("\n"));
}

fn body(mail: &mut Mail<'_, '_>, page: &mut PageBuilder, out: &Output<'_>) -> Result<(), ParseError> {
    let plain = string(mail, "", property::BODY, out);
    if let Some(plain) = plain.as_ref().filter(|plain| plain.len() >= eml::LONGEST_STUB) {
        page.paragraph(plain);
        return out.gathering(page.len());
    }
    let source = match stream(mail, &format!("/__substg1.0_{:04X}0102", property::HTML), out) {
        Some(bytes) => {
            let declared = html::declared_charset(&bytes);
            let known = mail.body_encoding.or(mail.encoding).map(Encoding::name);
            Some(encoding::decode(&bytes, declared.as_deref().or(known)).text)
        }
        None => string(mail, "", property::HTML, out),
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
    if let Some(packed) = stream(mail, &format!("/__substg1.0_{:04X}0102", property::RTF), out)
        && let Some(rtf) = unpack_rtf(&packed, out.limits.text_bytes)
    {
        return rtf::append(&rtf, page, out);
    }
    Ok(())
}

/// Where the attachments of a mail are, seen from it.
fn attachments(mail: &Mail<'_, '_>) -> Vec<String> {
    let place = if mail.storage.is_empty() {
        "/"
    } else {
        mail.storage.as_str()
    };
    let entries = mail.container.read_storage(place);
    entries
        .into_iter()
        .flatten()
        .filter(|entry| entry.is_storage() && entry.name().starts_with("__attach_version1.0_"))
        .map(|entry| format!("/{}", entry.name()))
        .collect()
}

fn attachment_name(mail: &mut Mail<'_, '_>, storage: &str, out: &Output<'_>) -> Option<String> {
    [
        property::ATTACH_LONG_NAME,
        property::ATTACH_NAME,
        property::DISPLAY_NAME,
    ]
    .into_iter()
    .find_map(|id| string(mail, storage, id, out))
}

/// A text property: UTF-16 (`001F`) or in the mail's code page (`001E`).
fn string(mail: &mut Mail<'_, '_>, storage: &str, id: u16, out: &Output<'_>) -> Option<String> {
    let text = if let Some(bytes) = stream(mail, &format!("{storage}/__substg1.0_{id:04X}001F"), out) {
        encoding_rs::UTF_16LE.decode_without_bom_handling(&bytes).0.into_owned()
    } else {
        let bytes = stream(mail, &format!("{storage}/__substg1.0_{id:04X}001E"), out)?;
        encoding::decode(&bytes, mail.encoding.map(Encoding::name)).text
    };
    let text = text.trim_matches(['\0', ' ', '\r', '\n']).to_owned();
    (!text.is_empty()).then_some(text)
}

fn stream(mail: &mut Mail<'_, '_>, path: &str, out: &Output<'_>) -> Option<Vec<u8>> {
    let stream = mail.container.open_stream(format!("{}{path}", mail.storage)).ok()?;
    let mut bytes = Vec::new();
    // A damaged chain of sectors ends the stream early; what was read is what there is.
    let _ = stream.take(out.limits.text_bytes as u64).read_to_end(&mut bytes);
    (!bytes.is_empty()).then_some(bytes)
}

/// Types of fixed-size properties (MS-OXCDATA): a number, a time.
const LONG: u16 = 0x0003;
const TIME: u16 = 0x0040;

/// A property from the table of fixed-size ones, 16 bytes each.
fn fixed(properties: &[u8], kind: u16, id: u16) -> Option<u64> {
    let row = properties
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
        other => i32::try_from(other)
            .ok()
            .and_then(CodePage::numbered)
            .and_then(CodePage::known),
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
pub fn unpack_rtf(packed: &[u8], max_bytes: usize) -> Option<Vec<u8>> {
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
