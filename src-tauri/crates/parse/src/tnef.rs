//! What Outlook packs into `winmail.dat` for other Outlooks ([MS-OXTNEF]): a mail once more, with its attachments. Its text is read,
//! and what is attached is named, as of other mails.

use crate::encoding::{self, CodePage};
use crate::error::ParseError;
use crate::output::Output;
use crate::text::{self, PageBuilder};
use crate::{eml, html, msg, rtf};

/// The media type.
pub const MEDIA_TYPE: &str = "application/ms-tnef";

/// What a stream begins with.
const SIGNATURE: &[u8] = &[0x78, 0x9f, 0x3e, 0x22];

/// Attachments that are named; a hostile file has millions.
const MOST_ATTACHMENTS: usize = 10_000;

/// Attributes by the lower half of their numbers; the upper one is the kind of what they hold.
mod attribute {
    pub const SUBJECT: u16 = 0x8004;
    pub const BODY: u16 = 0x800c;
    pub const ATTACHMENT_TITLE: u16 = 0x8010;
    pub const ATTACHMENT_BEGINS: u16 = 0x9002;
    pub const MESSAGE_PROPERTIES: u16 = 0x9003;
    pub const ATTACHMENT_PROPERTIES: u16 = 0x9005;
    pub const CODE_PAGE: u16 = 0x9007;
}

/// Properties of MS-OXPROPS.
mod property {
    pub const SUBJECT: u16 = 0x0037;
    pub const SENDER_NAME: u16 = 0x0c1a;
    pub const BODY: u16 = 0x1000;
    pub const RTF: u16 = 0x1009;
    pub const HTML: u16 = 0x1013;
    pub const ATTACHED_OBJECT: u16 = 0x3701;
    pub const ATTACHED_LONG_NAME: u16 = 0x3707;
}

/// Kinds of properties ([MS-OXCDATA] 2.11.1).
mod kind {
    pub const OBJECT: u16 = 0x000d;
    pub const STRING_8: u16 = 0x001e;
    pub const UNICODE: u16 = 0x001f;
    pub const BINARY: u16 = 0x0102;
    /// Several values.
    pub const MANY: u16 = 0x1000;
}

/// True for a stream that Outlook packed: what follows is of the mail or of an attachment, which no character says.
pub fn is_one(bytes: &[u8]) -> bool {
    const LEVEL_AT: usize = 6;
    bytes.starts_with(SIGNATURE) && matches!(bytes.get(LEVEL_AT), Some(1 | 2))
}

/// Reads a file.
///
/// # Errors
/// Its final state.
pub fn parse(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    let mail = Mail::read(bytes).ok_or_else(|| ParseError::damaged("it is cut short"))?;
    out.started(MEDIA_TYPE, mail.subject.as_deref().and_then(text::title), Some(1));
    let mut page = PageBuilder::default();
    mail.write(&mut page, 0, out)?;
    out.single_page(page)
}

/// A packed mail.
#[derive(Default)]
pub struct Mail<'a> {
    page: Option<CodePage>,
    subject: Option<String>,
    sender: Option<String>,
    plain: Option<String>,
    html: Option<String>,
    /// Packed.
    rtf: Option<&'a [u8]>,
    attachments: Vec<Attachment<'a>>,
}

#[derive(Default)]
struct Attachment<'a> {
    name: Option<String>,
    /// The mail that it is.
    mail: Option<&'a [u8]>,
}

impl<'a> Mail<'a> {
    /// What came of a stream; nothing where it is none.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        /// Of the stream, which is not needed.
        const KEY_BYTES: usize = 2;
        let mut rest = bytes.strip_prefix(SIGNATURE)?.get(KEY_BYTES..)?;
        let mut mail = Self::default();
        while mail.attribute(&mut rest).is_some() {}
        Some(mail)
    }

    /// Takes the next attribute; nothing behind the last.
    fn attribute(&mut self, rest: &mut &'a [u8]) -> Option<()> {
        const LEVEL_BYTES: usize = 1;
        const CHECKSUM_BYTES: usize = 2;
        taken(rest, LEVEL_BYTES)?;
        let number = long(rest)? as u16;
        let length = (long(rest)? as usize).min(rest.len());
        let data = taken(rest, length)?;
        match number {
            attribute::CODE_PAGE => {
                let page = long(&mut &*data).and_then(|page| i32::try_from(page).ok());
                self.page = page.and_then(CodePage::numbered);
            }
            attribute::SUBJECT => self.subject = self.text(kind::STRING_8, data),
            attribute::BODY => self.plain = self.text(kind::STRING_8, data),
            attribute::MESSAGE_PROPERTIES => {
                // What is behind a property that makes no sense makes none.
                let _ = properties(data, |kind, id, value| self.property(kind, id, value));
            }
            attribute::ATTACHMENT_BEGINS if self.attachments.len() < MOST_ATTACHMENTS => {
                self.attachments.push(Attachment::default());
            }
            attribute::ATTACHMENT_TITLE => {
                let name = self.text(kind::STRING_8, data);
                if let Some(attachment) = self.attachments.last_mut() {
                    attachment.name = name;
                }
            }
            attribute::ATTACHMENT_PROPERTIES => {
                let _ = properties(data, |kind, id, value| self.attachment_property(kind, id, value));
            }
            _ => {}
        }
        taken(rest, CHECKSUM_BYTES).map(|_| ())
    }

    fn property(&mut self, kind: u16, id: u16, value: &'a [u8]) {
        match id {
            property::SUBJECT => self.subject = self.text(kind, value).or_else(|| self.subject.take()),
            property::SENDER_NAME => self.sender = self.text(kind, value),
            property::BODY => self.plain = self.text(kind, value).or_else(|| self.plain.take()),
            property::HTML if kind == kind::BINARY => {
                let declared = html::declared_charset(value);
                self.html = Some(encoding::decode(value, declared.as_deref()).text);
            }
            property::HTML => self.html = self.text(kind, value),
            property::RTF if kind == kind::BINARY => self.rtf = Some(value),
            _ => {}
        }
    }

    fn attachment_property(&mut self, kind: u16, id: u16, value: &'a [u8]) {
        /// Of what kind the object is.
        const ID_BYTES: usize = 16;
        let name = match id {
            property::ATTACHED_LONG_NAME => self.text(kind, value),
            _ => None,
        };
        let Some(attachment) = self.attachments.last_mut() else {
            return;
        };
        if name.is_some() {
            attachment.name = name;
        }
        if id == property::ATTACHED_OBJECT && kind == kind::OBJECT {
            attachment.mail = value.get(ID_BYTES..).filter(|mail| mail.starts_with(SIGNATURE));
        }
    }

    /// A text; nothing where it is blank.
    fn text(&self, kind: u16, value: &[u8]) -> Option<String> {
        let text = match (kind, self.page) {
            (kind::UNICODE, _) => encoding_rs::UTF_16LE.decode_without_bom_handling(value).0.into_owned(),
            (kind::STRING_8, Some(page @ CodePage::Dos(_))) => page.decode(value).0.into_owned(),
            (kind::STRING_8, page) => {
                let known = page.and_then(CodePage::known).map(encoding_rs::Encoding::name);
                let end = value.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
                encoding::decode(&value[..end], known).text
            }
            _ => return None,
        };
        let text = text.trim_matches(['\0', ' ', '\r', '\n']);
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// What is attached, by name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.attachments
            .iter()
            .filter_map(|attachment| attachment.name.as_deref())
    }

    /// Adds the text of the mail.
    ///
    /// # Errors
    /// Over the limit of text; cancelled; out of time.
    pub fn body(&self, page: &mut PageBuilder, out: &Output<'_>) -> Result<(), ParseError> {
        let before = page.len();
        if let Some(plain) = &self.plain {
            let mut shown = PageBuilder::default();
            if plain.len() < eml::LONGEST_STUB {
                html::append(self.html.as_deref().unwrap_or_default(), &mut shown, out)?;
            }
            if !eml::is_stub(plain, &shown) {
                page.paragraph(plain);
            }
        }
        if page.len() == before
            && let Some(source) = &self.html
        {
            html::append(source, page, out)?;
        }
        if page.len() == before
            && let Some(packed) = self.rtf
            && let Some(source) = msg::unpack_rtf(packed, out.limits.text_bytes)
        {
            rtf::append(&source, page, out)?;
        }
        out.gathering(page.len())
    }

    /// Adds the mails that are attached to it, which is itself attached so many times.
    ///
    /// # Errors
    /// As [`Mail::body`].
    pub fn attached(&self, page: &mut PageBuilder, depth: u32, out: &Output<'_>) -> Result<(), ParseError> {
        if depth >= eml::MAX_FORWARDED {
            return Ok(());
        }
        let packed = self.attachments.iter().filter_map(|attachment| attachment.mail);
        for mail in packed.filter_map(Mail::read) {
            mail.write(page, depth + 1, out)?;
        }
        Ok(())
    }

    fn write(&self, page: &mut PageBuilder, depth: u32, out: &Output<'_>) -> Result<(), ParseError> {
        if let Some(subject) = &self.subject {
            page.heading(if depth == 0 { 1 } else { 2 }, subject);
        }
        if let Some(sender) = &self.sender {
            page.paragraph(&format!("From: {sender}"));
        }
        self.body(page, out)?;
        let names: Vec<&str> = self.names().collect();
        if !names.is_empty() {
            page.paragraph(&format!("Attachments: {}", names.join(", ")));
        }
        self.attached(page, depth, out)
    }
}

/// Tells the properties of an attribute, of each its kind, its number and its first value; nothing where they break off.
fn properties<'a>(data: &'a [u8], mut tell: impl FnMut(u16, u16, &'a [u8])) -> Option<()> {
    const FIRST_NAMED: u16 = 0x8000;
    const NAMESPACE_BYTES: usize = 16;
    let mut rest = data;
    for _ in 0..long(&mut rest)? {
        let (kind, id) = (short(&mut rest)?, short(&mut rest)?);
        if id >= FIRST_NAMED {
            taken(&mut rest, NAMESPACE_BYTES)?;
            if long(&mut rest)? == 0 {
                long(&mut rest)?;
            } else {
                counted(&mut rest)?;
            }
        }
        // Bytes of a value; nothing where it says so itself.
        let length = match kind & !kind::MANY {
            0x0002..=0x0004 | 0x000a | 0x000b => Some(4),
            0x0005..=0x0007 | 0x0014 | 0x0040 => Some(8),
            0x0048 => Some(16),
            kind::OBJECT | kind::STRING_8 | kind::UNICODE | kind::BINARY => None,
            _ => return None,
        };
        let values = if kind & kind::MANY != 0 || length.is_none() {
            long(&mut rest)?
        } else {
            1
        };
        for value in 0..values {
            let bytes = match length {
                Some(length) => taken(&mut rest, length)?,
                None => counted(&mut rest)?,
            };
            if value == 0 {
                tell(kind, id, bytes);
            }
        }
    }
    Some(())
}

/// So many bytes from the front.
fn taken<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (bytes, behind) = rest.split_at_checked(count)?;
    *rest = behind;
    Some(bytes)
}

/// Bytes with their number before them, filled up to whole words.
fn counted<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let count = long(rest)? as usize;
    let bytes = taken(rest, count)?;
    // The last one may go without.
    let room = (count.next_multiple_of(4) - count).min(rest.len());
    taken(rest, room)?;
    Some(bytes)
}

fn short(rest: &mut &[u8]) -> Option<u16> {
    Some(u16::from_le_bytes(*taken(rest, 2)?.first_chunk()?))
}

fn long(rest: &mut &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(*taken(rest, 4)?.first_chunk()?))
}
