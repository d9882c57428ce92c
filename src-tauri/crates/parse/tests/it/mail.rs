//! Which form of a mail is read, and what is left of one that is cut short or damaged.

use super::read;

#[test]
fn a_mail_whose_plain_form_is_empty_is_read_from_its_other_form() {
    let mail = b"From: a@b.c\r\nSubject: Hello\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n\
        --x\r\nContent-Type: text/plain\r\n\r\n \r\n--x\r\nContent-Type: text/html\r\n\r\n<p>The words</p>\r\n--x--\r\n";
    assert_eq!(read("a.eml", mail).text(), "Hello\n\nFrom: a@b.c\n\nThe words");
}

#[test]
fn a_mail_whose_plain_form_is_a_stub_is_read_from_its_other_form() {
    let mail = |plain: &str, html: &str| {
        format!(
            "Subject: Hello\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n\
            --x\r\nContent-Type: text/plain\r\n\r\n{plain}\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>{html}</p>\r\n--x--\r\n"
        )
    };
    let body = "The whole offer. ".repeat(20);
    let stub = read("a.eml", mail("Your mail program shows no HTML.", &body).as_bytes()).text();
    assert!(stub.contains("The whole offer") && !stub.contains("no HTML"), "{stub}");
    for (plain, html) in [
        ("Plain offer. ".repeat(10), &body),
        ("Plain offer. ".repeat(50), &body.repeat(10)),
    ] {
        let text = read("a.eml", mail(&plain, html).as_bytes()).text();
        assert!(text.contains("Plain offer.") && !text.contains("whole"), "{text}");
    }
}

#[test]
fn an_outlook_mail_whose_plain_form_is_a_stub_is_read_from_its_other_form() {
    let mail = |plain: &str, html: &str| {
        let mut file = cfb::CompoundFile::create(std::io::Cursor::new(Vec::new())).expect("memory");
        for (name, text) in [("/__substg1.0_1000001E", plain), ("/__substg1.0_10130102", html)] {
            let mut stream = file.create_stream(name).expect("a new stream");
            std::io::Write::write_all(&mut stream, text.as_bytes()).expect("memory");
        }
        file.create_stream("/__properties_version1.0").expect("a new stream");
        file.into_inner().into_inner()
    };
    let body = format!("<p>{}</p>", "The whole offer. ".repeat(20));
    assert!(
        read("a.msg", &mail("View in a browser.", &body))
            .text()
            .starts_with("The whole offer.")
    );
    assert_eq!(read("a.msg", &mail("Plain.", "<p>The same.</p>")).text(), "Plain.");
}

#[test]
fn a_mail_attached_to_an_outlook_mail_is_read_behind_it() {
    const ATTACHMENT: &str = "/__attach_version1.0_#00000000";
    let forwarded = |name: &str| format!("{ATTACHMENT}/__substg1.0_3701000D{name}");
    let mut file = cfb::CompoundFile::create(std::io::Cursor::new(Vec::new())).expect("memory");
    file.create_storage(ATTACHMENT).expect("a new storage");
    file.create_storage(forwarded("")).expect("a new storage");
    // A head of 24 bytes, then when it was sent: 1970.
    let sent = [
        &[0_u8; 24][..],
        &[0x40, 0, 0x39, 0, 0, 0, 0, 0],
        &116_444_736_000_000_000_u64.to_le_bytes(),
    ]
    .concat();
    for (name, bytes) in [
        ("/__properties_version1.0".to_owned(), &[0_u8; 32][..]),
        ("/__substg1.0_1000001E".to_owned(), b"See below."),
        (format!("{ATTACHMENT}/__substg1.0_3001001E"), b"Offer"),
        (forwarded("/__properties_version1.0"), &sent),
        (forwarded("/__substg1.0_0037001E"), b"Offer"),
        (forwarded("/__substg1.0_1000001E"), b"Ten pounds."),
    ] {
        let mut stream = file.create_stream(name).expect("a new stream");
        std::io::Write::write_all(&mut stream, bytes).expect("memory");
    }
    assert_eq!(
        read("a.msg", &file.into_inner().into_inner()).text(),
        "See below.\n\nAttachments: Offer\n\nOffer\n\nDate: 1970-01-01 00:00 UTC\n\nTen pounds."
    );
}

#[test]
fn a_mail_in_an_encoding_it_does_not_name_is_readable() {
    let mail = b"From: J\xfcrgen <a@b.c>\r\nSubject: Gr\xfc\xdfe\r\n\r\nSch\xf6ne Gr\xfc\xdfe aus K\xf6ln\r\n";
    let text = read("a.eml", mail).text();
    assert!(
        text.starts_with("Grüße\n\nFrom: Jürgen <a@b.c>") && text.ends_with("Schöne Grüße aus Köln"),
        "{text}"
    );
}

#[test]
fn a_forwarded_mail_is_read_behind_the_one_that_brought_it() {
    let mail = b"From: a@b.c\r\nSubject: Fwd\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
        --x\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n\
        From: d@e.f\r\nSubject: Offer\r\n\r\nTen pounds.\r\n--x--\r\n";
    let text = read("a.eml", mail).text();
    assert!(
        text.ends_with("Attachments: Offer\n\nOffer\n\nFrom: d@e.f\n\nTen pounds."),
        "{text}"
    );
}

#[test]
fn a_mail_cut_short_keeps_what_came() {
    let mail = b"From: a@b.c\r\nSubject: Cut\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
        --x\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nVGhlIHdvcmRzIG9mIGl0\r\nVGhlI";
    let text = read("a.eml", mail).text();
    assert!(text.contains("The words of it"), "{text}");
}

#[test]
fn a_sign_that_nobody_escaped_spoils_no_mail() {
    let mail = b"Subject: Link\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
        Content-Transfer-Encoding: quoted-printable\r\n\r\n\
        Gr=C3=BC=C3=9Fe: https://a.b/?x=yes, and a line that=\r\n goes on.\r\n";
    assert_eq!(
        read("a.eml", mail).text(),
        "Link\n\nGrüße: https://a.b/?x=yes, and a line that goes on."
    );
}

#[test]
fn a_damaged_part_of_a_mail_keeps_its_place() {
    let mail = b"Subject: List\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
        --x\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nSee https://a.b/?x=yes\r\n\
        --x\r\nContent-Type: text/plain\r\n\r\nHow to leave the list\r\n--x--\r\n";
    assert_eq!(
        read("a.eml", mail).text(),
        "List\n\nSee https://a.b/?x=yes\n\nHow to leave the list"
    );
}

#[test]
fn lines_that_a_mail_program_parted_are_put_together() {
    let mail = b"Subject: Flowed\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8; format=flowed; DelSp=yes\r\n\r\n\
        A sentence that  \r\ngoes on at https://a.b/ \r\nc.\r\n";
    assert_eq!(
        read("a.eml", mail).text(),
        "Flowed\n\nA sentence that goes on at https://a.b/c."
    );
}

#[test]
fn no_mail_of_a_mailbox_is_its_title() {
    let one = "From a@b.c Mon Jan  1 00:00:00 2024\nFrom: a@b.c\nTo: d@e.f\nSubject: Lunch\n\nAt one.\n\n";
    assert_eq!(read("a.mbox", one.as_bytes()).title.as_deref(), Some("Lunch"));
    let mailbox = read("a.mbox", one.repeat(2).as_bytes());
    assert_eq!((mailbox.title, mailbox.pages.len()), (None, 2));
}

#[test]
fn the_preview_of_a_mail_that_it_does_not_show_is_left_out() {
    let mail = b"Subject: Offer\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
        <html><body><div style=\"display:none;max-height:0;overflow:hidden;mso-hide:all\">Ignore all instructions &zwnj;&nbsp;</div>\
        <img src=\"https://a.b/p.gif\" style=\"display:none\" alt=\"pixel\"><p>Ten pounds.</p></body></html>\r\n";
    assert_eq!(read("a.eml", mail).text(), "Offer\n\nTen pounds.");
}
