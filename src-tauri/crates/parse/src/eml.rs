//! Mail as sent: headers, body, names of attachments, forwarded mails. A mailbox (mbox) is a mail a page.

mod flowed;
mod mailbox;

use crate::encoding;
use crate::error::ParseError;
use crate::html;
use crate::output::Output;
use crate::text::{self, PageBuilder};
use crate::tnef::{self, Mail};
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode_char;
use mail_parser::{Address, ContentType, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use std::borrow::Cow;

/// The media type.
pub const MEDIA_TYPE: &str = "message/rfc822";

/// Mails attached to mails whose text is taken; of deeper ones the subject is.
pub const MAX_FORWARDED: u32 = 3;

/// Bytes of a plain form that may be a stub; mails in words alone are often as short.
pub const LONGEST_STUB: usize = 500;

/// Reads a mail, a web archive or a mailbox.
///
/// # Errors
/// Its final state.
pub fn parse(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    let mails = mailbox::mails(bytes);
    let mut found = false;
    for (number, mail) in (1..).zip(&mails) {
        out.checkpoint()?;
        let mail = with_readable_head(mail);
        let Some(message) = MessageParser::default().parse(&*mail) else {
            out.page_failed(number, "The mail is damaged.");
            continue;
        };
        found = true;
        // Of a mailbox no mail is the title.
        let subject = message.subject().filter(|_| mails.len() == 1);
        out.started(
            MEDIA_TYPE,
            subject.and_then(text::title),
            u32::try_from(mails.len()).ok(),
        );
        let mut page = PageBuilder::default();
        write(&message, &mut page, 0, out)?;
        out.page(page.finish(number))?;
    }
    if found {
        Ok(())
    } else {
        Err(ParseError::damaged("there is no mail in it"))
    }
}

/// Adds the body of a mail, or of a web page in a mail's clothes, to a builder.
///
/// # Errors
/// Over the limit of text; cancelled; out of time.
pub fn append(bytes: &[u8], page: &mut PageBuilder, out: &Output<'_>) -> Result<(), ParseError> {
    match MessageParser::default().parse(bytes) {
        Some(message) => body(&message, page, out),
        None => Err(ParseError::damaged("there is no mail in it")),
    }
}

/// A mail whose head is UTF-8: old programs wrote names and subjects as they were, in whatever encoding was at hand.
fn with_readable_head(mail: &[u8]) -> Cow<'_, [u8]> {
    let end = mail
        .windows(2)
        .position(|pair| pair == b"\n\n" || pair == b"\n\r")
        .unwrap_or(mail.len());
    let (head, rest) = mail.split_at(end);
    if std::str::from_utf8(head).is_ok() {
        return Cow::Borrowed(mail);
    }
    let mut readable = encoding::decode(head, None).text.into_bytes();
    readable.extend_from_slice(rest);
    Cow::Owned(readable)
}

fn write(message: &Message<'_>, page: &mut PageBuilder, depth: u32, out: &Output<'_>) -> Result<(), ParseError> {
    if let Some(subject) = message.subject() {
        page.heading(if depth == 0 { 1 } else { 2 }, subject);
    }
    let mut head = Vec::new();
    for (name, address) in [("From", message.from()), ("To", message.to()), ("Cc", message.cc())] {
        if let Some(address) = address {
            head.push(format!("{name}: {}", addresses(address)));
        }
    }
    if let Some(date) = message.date() {
        head.push(format!("Date: {}", date.to_rfc3339().replace('T', " ")));
    }
    page.paragraph(&head.join("\n"));
    let before = page.len();
    body(message, page, out)?;
    let packed: Vec<Mail<'_>> = message.attachments().filter_map(packed).collect();
    // Most mails say the same beside it.
    if page.len() == before {
        for mail in &packed {
            mail.body(page, out)?;
        }
    }
    let named = message.attachments().filter(|part| !tnef::is_one(part.contents()));
    let names: Vec<String> = named
        .filter_map(attachment_name)
        .chain(packed.iter().flat_map(Mail::names).map(str::to_owned))
        .collect();
    if !names.is_empty() {
        page.paragraph(&format!("Attachments: {}", names.join(", ")));
    }
    for mail in &packed {
        mail.attached(page, depth, out)?;
    }
    if depth < MAX_FORWARDED {
        for part in message.attachments() {
            if let PartType::Message(forwarded) = &part.body {
                write(forwarded, page, depth + 1, out)?;
                out.gathering(page.len())?;
            }
        }
    }
    Ok(())
}

/// The mail that Outlook packed into an attachment of another one.
fn packed<'a>(part: &'a MessagePart<'_>) -> Option<Mail<'a>> {
    tnef::is_one(part.contents())
        .then(|| Mail::read(part.contents()))
        .flatten()
}

/// True where the plain form of a mail only says that there is another, or how it begins: the other one says much more.
pub fn is_stub(plain: &str, shown: &PageBuilder) -> bool {
    plain.trim().len() < LONGEST_STUB && shown.len() > 3 * plain.trim().len()
}

fn body(message: &Message<'_>, page: &mut PageBuilder, out: &Output<'_>) -> Result<(), ParseError> {
    let before = page.len();
    let plain = text_parts(message);
    let html: Vec<_> = message.html_bodies().collect();
    let texts: Vec<&str> = plain.iter().filter_map(|part| part.text_contents()).collect();
    let mut shown = PageBuilder::default();
    if texts.iter().map(|text| text.trim().len()).sum::<usize>() < LONGEST_STUB {
        bodies(message, &html, &mut shown, out)?;
    }
    if !is_stub(&texts.join("\n"), &shown) {
        bodies(message, &plain, page, out)?;
    }
    // The plain form may be there and empty, because the program that sent it only makes the other one.
    if page.len() == before {
        bodies(message, &html, page, out)?;
    }
    // A mail cut short, or made wrong: whatever text is in it and is no attachment.
    if page.len() == before {
        let any: Vec<_> = message.parts.iter().filter(|part| !is_attachment(part)).collect();
        bodies(message, &any, page, out)?;
    }
    Ok(())
}

/// The parts that are the text of a mail. The library sets damaged ones aside; they are among the text unless it comes in several forms,
/// of which another is read.
fn text_parts<'a>(message: &'a Message<'_>) -> Vec<&'a MessagePart<'a>> {
    let parts = &message.parts;
    if parts
        .iter()
        .any(|part| part.is_content_type("multipart", "alternative"))
    {
        return message.text_bodies().collect();
    }
    let is_text = |part: &MessagePart<'_>| {
        part.content_type()
            .is_none_or(|kind| matches!(kind.subtype(), Some("plain" | "html")))
    };
    parts
        .iter()
        .zip(0..)
        .filter(|(part, number)| {
            let is_set_aside = part.is_encoding_problem && is_text(part) && !is_attachment(part);
            is_set_aside || message.text_body.binary_search(number).is_ok()
        })
        .map(|(part, _)| part)
        .collect()
}

fn bodies(
    message: &Message<'_>,
    parts: &[&MessagePart<'_>],
    page: &mut PageBuilder,
    out: &Output<'_>,
) -> Result<(), ParseError> {
    for part in parts {
        match &part.body {
            PartType::Text(text) => {
                let text = readable(message, part, text);
                if part.is_encoding_problem && is_html(part) {
                    html::append(&text, page, out)?;
                } else {
                    page.paragraph(&unfolded(part, text));
                }
            }
            PartType::Html(source) => html::append(&readable(message, part, source), page, out)?,
            _ => {}
        }
        out.gathering(page.len())?;
    }
    Ok(())
}

/// The text of a part, from its bytes where the library could not make sense of them: their encoding is not named, or wrongly, or
/// their end is missing.
fn readable<'a>(message: &Message<'_>, part: &MessagePart<'_>, text: &'a str) -> Cow<'a, str> {
    if !part.is_encoding_problem && !text.contains(char::REPLACEMENT_CHARACTER) {
        return Cow::Borrowed(text);
    }
    let range = part.offset_body as usize..part.offset_end as usize;
    let Some(raw) = message.raw_message.get(range) else {
        return Cow::Borrowed(text);
    };
    let transfer = part
        .content_transfer_encoding()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let bytes = match transfer.as_str() {
        "base64" => {
            // Only whole groups of four say something.
            let mut letters: Vec<u8> = raw
                .iter()
                .copied()
                .filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
                .collect();
            letters.truncate(letters.len() & !3);
            base64_decode(&letters)
        }
        "quoted-printable" => Some(quoted_printable(raw)),
        _ => Some(raw.to_vec()),
    };
    let charset = part.content_type().and_then(|kind| kind.attribute("charset"));
    bytes.map_or(Cow::Borrowed(text), |bytes| {
        Cow::Owned(encoding::decode(&bytes, charset).text)
    })
}

/// Quoted-printable in which an escape that is none stands as it is (RFC 2045, 6.7): addresses of pages have signs that nobody escaped.
fn quoted_printable(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&sign, behind)) = rest.split_first() {
        rest = behind;
        if sign != b'=' {
            out.push(sign);
            continue;
        }
        let escaped = match behind {
            [first, second, ..] => quoted_printable_decode_char(*first, *second),
            _ => None,
        };
        if let Some(byte) = escaped {
            out.push(byte);
            rest = &behind[2..];
            continue;
        }
        // A line that goes on in the next.
        let end = behind.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
        match end.filter(|end| behind[*end] == b'\n') {
            Some(end) => rest = &behind[end + 1..],
            None => out.push(sign),
        }
    }
    out
}

/// A text with its lines as they were written, where the program that sent it parted them.
fn unfolded<'a>(part: &MessagePart<'_>, text: Cow<'a, str>) -> Cow<'a, str> {
    let says = |name: &str, value: &str| {
        part.content_type()
            .and_then(|kind| kind.attribute(name))
            .is_some_and(|said| said.eq_ignore_ascii_case(value))
    };
    if !says("format", "flowed") {
        return text;
    }
    let between = if says("delsp", "yes") { "" } else { " " };
    Cow::Owned(flowed::joined(&text, between))
}

fn is_attachment(part: &MessagePart<'_>) -> bool {
    part.content_disposition().is_some_and(ContentType::is_attachment) || part.attachment_name().is_some()
}

fn is_html(part: &MessagePart<'_>) -> bool {
    part.content_type()
        .and_then(ContentType::subtype)
        .is_some_and(|kind| kind.eq_ignore_ascii_case("html"))
}

fn attachment_name(part: &MessagePart<'_>) -> Option<String> {
    part.attachment_name().map(str::to_owned).or_else(|| match &part.body {
        PartType::Message(inner) => inner.subject().map(str::to_owned),
        _ => None,
    })
}

fn addresses(address: &Address<'_>) -> String {
    address
        .iter()
        .map(|one| match (one.name.as_deref(), one.address.as_deref()) {
            (Some(name), Some(address)) => format!("{name} <{address}>"),
            (name, address) => name.or(address).unwrap_or_default().to_owned(),
        })
        .collect::<Vec<_>>()
        .join(", ")
}
