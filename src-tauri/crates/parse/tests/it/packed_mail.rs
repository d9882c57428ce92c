//! Mails that Outlook packed (`winmail.dat`), alone and in other mails.

use super::read;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

fn attribute(number: u32, data: &[u8]) -> Vec<u8> {
    let sum = data.iter().fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
    [
        vec![1],
        number.to_le_bytes().to_vec(),
        (data.len() as u32).to_le_bytes().to_vec(),
        data.to_vec(),
        sum.to_le_bytes().to_vec(),
    ]
    .concat()
}

fn words(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// A property of one value that says how long it is.
fn property(kind: u16, id: u16, value: &[u8]) -> Vec<u8> {
    let mut out = [
        words(&[kind, id, 1, 0]),
        (value.len() as u32).to_le_bytes().to_vec(),
        value.to_vec(),
    ]
    .concat();
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

fn unicode(id: u16, text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().chain([0]).collect();
    property(0x001f, id, &words(&units))
}

fn properties(number: u32, all: &[Vec<u8>]) -> Vec<u8> {
    let count = (all.len() as u32).to_le_bytes().to_vec();
    attribute(number, &[count, all.concat()].concat())
}

fn packed(attributes: &[Vec<u8>]) -> Vec<u8> {
    [vec![0x78, 0x9f, 0x3e, 0x22, 1, 0], attributes.concat()].concat()
}

/// A mail with a text, an attached file and an attached mail.
fn mail() -> Vec<u8> {
    let forwarded = packed(&[
        attribute(0x0001_8004, b"Offer\0"),
        attribute(0x0002_800c, b"Ten pounds.\0"),
    ]);
    let many = [
        words(&[0x101f, 0x8001]),
        vec![0; 16],
        words(&[1, 0, 2, 0]),
        words(&[7, 0]),
        words(&[2, 0]),
    ]
    .concat();
    let many = [many, words(&[2, 0, 9, 0]), words(&[3, 0, 9, 9])].concat();
    packed(&[
        attribute(0x0006_9007, &1252_u32.to_le_bytes()),
        attribute(0x0001_8004, b"Gr\xfc\xdfe\0"),
        properties(
            0x0006_9003,
            &[
                many,
                words(&[0x0003, 0x0e07, 1, 0]),
                unicode(0x0c1a, "Jürgen"),
                unicode(0x1000, "Siehe Anhang."),
            ],
        ),
        attribute(0x0006_9002, &[0; 14]),
        attribute(0x0001_8010, b"PLAN~1.PDF\0"),
        attribute(0x0006_800f, b"%PDF-"),
        properties(0x0006_9005, &[unicode(0x3707, "Plan für Mai.pdf")]),
        attribute(0x0006_9002, &[0; 14]),
        attribute(0x0001_8010, b"Offer.msg\0"),
        properties(
            0x0006_9005,
            &[property(0x000d, 0x3701, &[vec![7; 16], forwarded].concat())],
        ),
    ])
}

#[test]
fn a_packed_mail_is_read_and_what_it_brings_is_named() {
    let read = read("winmail.dat", &mail());
    assert_eq!(
        read.text(),
        "Grüße\n\nFrom: Jürgen\n\nSiehe Anhang.\n\nAttachments: Plan für Mai.pdf, Offer.msg\n\nOffer\n\nTen pounds."
    );
    assert_eq!(read.title.as_deref(), Some("Grüße"));
}

#[test]
fn a_packed_mail_that_is_nearly_all_letters_is_no_text_file() {
    let text = "The plan. ".repeat(400);
    let mail = packed(&[properties(0x0006_9003, &[unicode(0x1000, &text)])]);
    let read = read("winmail.dat", &mail);
    assert_eq!(read.media_type, "application/ms-tnef");
    assert_eq!(read.text(), text.trim_end());
}

#[test]
fn a_mail_has_the_text_and_the_attachments_that_are_packed_in_it() {
    let sent = |plain: &str| {
        format!(
            "From: a@b.c\r\nSubject: Plan\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
            --x\r\nContent-Type: text/plain\r\n\r\n{plain}\r\n--x\r\nContent-Type: application/ms-tnef; name=\"winmail.dat\"\r\n\
            Content-Disposition: attachment; filename=\"winmail.dat\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--x--\r\n",
            STANDARD.encode(mail())
        )
    };
    let behind = "Attachments: Plan für Mai.pdf, Offer.msg\n\nOffer\n\nTen pounds.";
    assert_eq!(
        read("a.eml", sent("See below.").as_bytes()).text(),
        format!("Plan\n\nFrom: a@b.c\n\nSee below.\n\n{behind}")
    );
    assert_eq!(
        read("a.eml", sent(" ").as_bytes()).text(),
        format!("Plan\n\nFrom: a@b.c\n\nSiehe Anhang.\n\n{behind}")
    );
}

#[test]
fn a_packed_mail_that_breaks_off_or_holds_itself_ends() {
    let whole = mail();
    for end in 0..whole.len() {
        read("winmail.dat", &whole[..end]);
    }
    let mut inner = packed(&[attribute(0x0002_800c, b"the innermost\0")]);
    for _ in 0..20 {
        let object = property(0x000d, 0x3701, &[vec![0; 16], inner].concat());
        inner = packed(&[
            attribute(0x0002_800c, b"around it\0"),
            attribute(0x0006_9002, &[0; 14]),
            properties(0x0006_9005, &[object]),
        ]);
    }
    let text = read("winmail.dat", &inner).text();
    assert_eq!(text.matches("around it").count(), 4, "{text}");
    // More values than there are bytes.
    let endless = [words(&[0x1003, 0x0e07]), vec![0xff; 4]].concat();
    let lie = packed(&[
        properties(0x0006_9003, &[endless]),
        attribute(0x0002_800c, b"after it\0"),
    ]);
    assert_eq!(read("winmail.dat", &lie).text(), "after it");
}
