//! Mails one after the other in a file: mbox. And one with its length before it, as Apple Mail keeps it.

/// The mails of a file; one where it is no mailbox.
pub fn mails(bytes: &[u8]) -> Vec<&[u8]> {
    if bytes.starts_with(b"From ") {
        return split(bytes);
    }
    vec![without_length(bytes).unwrap_or(bytes)]
}

/// Mails of a mailbox, each after a line of its own: `From somebody Mon Jan  1 00:00:00 2024`, behind a blank one.
fn split(bytes: &[u8]) -> Vec<&[u8]> {
    let mut starts = vec![0];
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(5).position(|window| window == b"From ") {
        let place = at + found;
        let after_blank = place == 0 || bytes[..place].ends_with(b"\n\n") || bytes[..place].ends_with(b"\n\r\n");
        if place > 0 && after_blank && is_separator(line(&bytes[place..])) {
            starts.push(place);
        }
        at = place + 5;
    }
    starts.push(bytes.len());
    starts
        .windows(2)
        .map(|pair| {
            let mail = &bytes[pair[0]..pair[1]];
            // The line itself is no header.
            &mail[(line(mail).len() + 1).min(mail.len())..]
        })
        .collect()
}

fn line(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    &bytes[..end]
}

/// Sentences begin with `From` too; the line that parts mails holds a time and a year.
fn is_separator(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line);
    let is_year = |word: &str| word.len() == 4 && (word.starts_with("19") || word.starts_with("20")) && digits(word);
    let is_time = |word: &str| {
        word.split_once(':').is_some_and(|(hour, rest)| {
            !hour.is_empty() && digits(hour) && rest.starts_with(|c: char| c.is_ascii_digit())
        })
    };
    line.split_whitespace().any(is_year) && line.split_whitespace().any(is_time)
}

fn digits(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The mail of an `.emlx` file: its length on a line before it, a property list behind it.
fn without_length(bytes: &[u8]) -> Option<&[u8]> {
    let first = line(bytes);
    let length: usize = std::str::from_utf8(first).ok()?.trim().parse().ok()?;
    let mail = bytes.get(first.len() + 1..)?;
    mail.get(..length).or(Some(mail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_parts_no_mails() {
        let mailbox = b"From a@b.c Mon Jan  1 00:00:00 2024\nSubject: one\n\nFirst.\n\nFrom here on it is text.\n\n\
            From d@e.f Tue Jan  2 10:00:00 2024 +0100\nSubject: two\n\nSecond.\n";
        let found = mails(mailbox);
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with(b"Subject: one") && found[0].ends_with(b"text.\n\n"));
        assert!(found[1].starts_with(b"Subject: two"));
    }

    #[test]
    fn a_length_before_a_mail_is_no_part_of_it() {
        let mails = mails(b"13\nSubject: one\n<?xml version=\"1.0\"?>");
        assert_eq!(mails, [b"Subject: one\n".as_slice()]);
    }
}
