//! Mail as sent: headers, body, names of attachments. A mailbox (mbox) is a mail a page.

use crate::error::ParseError;
use crate::html;
use crate::output::Output;
use crate::text::{self, PageBuilder};
use mail_parser::{Address, Message, MessageParser, MimeHeaders, PartType};

/// The media type.
pub const MEDIA_TYPE: &str = "message/rfc822";

/// Reads a mail, a web archive or a mailbox.
///
/// # Errors
/// Its final state.
pub fn parse(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    let mails = if bytes.starts_with(b"From ") {
        split_mailbox(bytes)
    } else {
        vec![bytes]
    };
    let mut found = false;
    for (number, mail) in (1..).zip(&mails) {
        out.checkpoint()?;
        let Some(message) = MessageParser::default().parse(mail) else {
            out.page_failed(number, "The mail is damaged.");
            continue;
        };
        found = true;
        out.started(
            MEDIA_TYPE,
            message.subject().and_then(text::title),
            u32::try_from(mails.len()).ok(),
        );
        let mut page = PageBuilder::default();
        write(&message, &mut page, out)?;
        out.page(page.finish(number))?;
    }
    if found {
        Ok(())
    } else {
        Err(ParseError::damaged("there is no mail in it"))
    }
}

/// Mails of a mailbox, which a line that begins with `From ` parts.
fn split_mailbox(bytes: &[u8]) -> Vec<&[u8]> {
    let mut starts = vec![0];
    let mut at = 0;
    while let Some(found) = bytes[at..]
        .windows(7)
        .position(|window| window == b"\n\nFrom " || window == b"\r\nFrom ")
    {
        starts.push(at + found + 2);
        at += found + 2;
    }
    starts.push(bytes.len());
    starts
        .windows(2)
        .map(|pair| {
            let mail = &bytes[pair[0]..pair[1]];
            // The line itself is no header.
            mail.iter()
                .position(|b| *b == b'\n')
                .map_or(mail, |end| &mail[end + 1..])
        })
        .collect()
}

fn write(message: &Message<'_>, page: &mut PageBuilder, out: &Output<'_>) -> Result<(), ParseError> {
    if let Some(subject) = message.subject() {
        page.heading(1, subject);
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
    body(message, page, out)?;
    let names: Vec<String> = message.attachments().filter_map(attachment_name).collect();
    if !names.is_empty() {
        page.paragraph(&format!("Attachments: {}", names.join(", ")));
    }
    Ok(())
}

fn body(message: &Message<'_>, page: &mut PageBuilder, out: &Output<'_>) -> Result<(), ParseError> {
    let parts: Vec<_> = message.text_bodies().collect();
    let parts = if parts.is_empty() {
        message.html_bodies().collect()
    } else {
        parts
    };
    for part in parts {
        match &part.body {
            PartType::Text(text) => page.paragraph(text),
            PartType::Html(source) => html::append(source, page, out)?,
            _ => {}
        }
        out.gathering(page.len())?;
    }
    Ok(())
}

fn attachment_name(part: &mail_parser::MessagePart<'_>) -> Option<String> {
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
