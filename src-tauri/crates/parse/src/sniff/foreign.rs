//! Files that are plainly something else: told by their first bytes, refused with what can be done about it.

use crate::error::ParseError;

/// What a file is that is not read, and what a person can do.
struct Kind {
    what: &'static str,
    advice: &'static str,
}

const ARCHIVE: Kind = Kind {
    what: "an archive",
    advice: "Unpack it and add the files in it.",
};
const SOUND: Kind = Kind {
    what: "a sound recording",
    advice: "Have it transcribed, for example with Whisper, and add the text.",
};
const FILM: Kind = Kind {
    what: "a film",
    advice: "Add its subtitles or a transcript as text.",
};
const FONT: Kind = Kind {
    what: "a font",
    advice: "There is no text in it to search: leave it out.",
};
const PROGRAM: Kind = Kind {
    what: "a program",
    advice: "There is no text in it to search: leave it out.",
};
const DATABASE: Kind = Kind {
    what: "a database",
    advice: "Export its tables as CSV and add those.",
};
const ACCESS: Kind = Kind {
    what: "an Access database (.mdb, .accdb)",
    advice: "Open it in Access or LibreOffice, export its tables as .xlsx or CSV and add those.",
};
const MEASUREMENTS: Kind = Kind {
    what: "a file of measurements",
    advice: "Export what you need as CSV and add that.",
};
const OLD_TEXT: Kind = Kind {
    what: "a document of an old word processor",
    advice: "Open it in LibreOffice, save it as .docx and add that.",
};
const OLD_WORD: Kind = Kind {
    what: "a document of Word 2 or older (.doc)",
    advice: "Open it in LibreOffice, save it as .docx and add that.",
};
const OLD_SHEET: Kind = Kind {
    what: "a workbook of an old spreadsheet program",
    advice: "Open it in LibreOffice, save it as .xlsx and add that.",
};
const AS_PDF: &str = "Export it as PDF and add that.";

/// First bytes, by what they are the beginning of.
const MAGIC: &[(&[u8], Kind)] = &[
    (&[0x1f, 0x8b], ARCHIVE),
    (&[0x1f, 0x9d], ARCHIVE),
    (&[0x1f, 0xa0], ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", ARCHIVE),
    (b"Rar!\x1a\x07", ARCHIVE),
    (b"BZh", ARCHIVE),
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], ARCHIVE),
    (&[0x28, 0xb5, 0x2f, 0xfd], ARCHIVE),
    (&[0x04, 0x22, 0x4d, 0x18], ARCHIVE),
    (b"LZIP", ARCHIVE),
    (b"MSCF", ARCHIVE),
    (b"!<arch>\n", ARCHIVE),
    (&[0xed, 0xab, 0xee, 0xdb], ARCHIVE),
    (b"\x60\xea", ARCHIVE),
    (b"ID3", SOUND),
    (&[0xff, 0xfb], SOUND),
    (&[0xff, 0xf3], SOUND),
    (&[0xff, 0xf1], SOUND),
    (b"OggS", SOUND),
    (b"fLaC", SOUND),
    (b"MThd", SOUND),
    (b".snd", SOUND),
    (b"#!AMR", SOUND),
    (&[0x1a, 0x45, 0xdf, 0xa3], FILM),
    (b"FLV\x01", FILM),
    (&[0, 0, 1, 0xba], FILM),
    (&[0, 0, 1, 0xb3], FILM),
    (&[0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11], FILM),
    (b"CWS", FILM),
    (b"FWS", FILM),
    (b"ZWS", FILM),
    (&[0, 1, 0, 0, 0], FONT),
    (b"OTTO\0", FONT),
    (b"ttcf\0", FONT),
    (b"wOFF", FONT),
    (b"wOF2", FONT),
    (&[0x80, 0x01], FONT),
    (b"MZ", PROGRAM),
    (b"\x7fELF", PROGRAM),
    (&[0xca, 0xfe, 0xba, 0xbe], PROGRAM),
    (&[0xce, 0xfa, 0xed, 0xfe], PROGRAM),
    (&[0xcf, 0xfa, 0xed, 0xfe], PROGRAM),
    (b"\0asm", PROGRAM),
    (b"dex\n", PROGRAM),
    (b"SQLite format 3\0", DATABASE),
    (&[0x03, 0x5f, 0x07, 0x1a], DATABASE),
    (b"PAR1", DATABASE),
    (b"Obj\x01", DATABASE),
    (b"\0\x01\0\0Standard Jet DB", ACCESS),
    (b"\0\x01\0\0Standard ACE DB", ACCESS),
    (b"\x89HDF\r\n\x1a\n", MEASUREMENTS),
    (b"CDF\x01", MEASUREMENTS),
    (b"CDF\x02", MEASUREMENTS),
    (b"GRIB", MEASUREMENTS),
    (b"MATLAB 5.0 MAT-file", MEASUREMENTS),
    (&[0xd4, 0xc3, 0xb2, 0xa1], MEASUREMENTS),
    (&[0xa1, 0xb2, 0xc3, 0xd4], MEASUREMENTS),
    (&[0x0a, 0x0d, 0x0d, 0x0a], MEASUREMENTS),
    (&[0xff, b'W', b'P', b'C'], OLD_TEXT),
    (&[0x31, 0xbe, 0, 0, 0, 0xab], OLD_TEXT),
    (&[0x32, 0xbe, 0, 0, 0, 0xab], OLD_TEXT),
    (&[0xdb, 0xa5], OLD_WORD),
    (&[0x9b, 0xa5], OLD_WORD),
    (&[0, 0, 2, 0, 6, 4, 6, 0], OLD_SHEET),
    (&[0, 0, 0x1a, 0, 0, 0x10, 4, 0], OLD_SHEET),
    (
        b"ITSF",
        Kind {
            what: "a help file (.chm)",
            advice: "Unpack it, for example with 7-Zip, and add the pages in it.",
        },
    ),
    (
        &[0xe4, 0x52, 0x5c, 0x7b, 0x8c, 0xd8, 0xa7, 0x4d],
        Kind {
            what: "a OneNote section (.one)",
            advice: AS_PDF,
        },
    ),
    (
        b"!BDN",
        Kind {
            what: "an Outlook data file (.pst, .ost)",
            advice: "Save the mails you need as .msg or .eml and add those.",
        },
    ),
    (
        b"AT&TFORM",
        Kind {
            what: "a DjVu document",
            advice: "Convert it to PDF, for example with ddjvu, and add that.",
        },
    ),
    (
        b"AC10",
        Kind {
            what: "a CAD drawing (.dwg)",
            advice: AS_PDF,
        },
    ),
    (
        b"bplist00",
        Kind {
            what: "a binary property list (.plist)",
            advice: "Convert it, for example with `plutil -convert xml1`, and add that.",
        },
    ),
    (
        &[b'L', 0, 0, 0, 1, 0x14, 2, 0],
        Kind {
            what: "a shortcut (.lnk)",
            advice: "Add the file it leads to.",
        },
    ),
];

/// First bytes of pictures.
const PICTURES: &[&[u8]] = &[
    b"GIF87a",
    b"GIF89a",
    b"II+\0",
    b"MM\0+",
    b"8BPS\0",
    &[0xd7, 0xcd, 0xc6, 0x9a],
    &[0, 0, 0, 0x0c, b'j', b'P', b' ', b' '],
    &[0, 0, 0, 0x0c, b'J', b'X', b'L', b' '],
    &[0xff, 0x0a],
    &[0xff, 0x4f, 0xff, 0x51],
    b"gimp xcf",
    &[0x97, b'J', b'B', b'2', 0x0d, 0x0a, 0x1a, 0x0a],
];

/// An archive of files.
pub fn archive() -> ParseError {
    refuse(&ARCHIVE)
}

fn refuse(kind: &Kind) -> ParseError {
    unsupported(kind.what, kind.advice)
}

/// Refuses a file in a person's words.
pub fn unsupported(what: &str, advice: &str) -> ParseError {
    ParseError::Unsupported {
        what: what.to_owned(),
        advice: advice.to_owned(),
    }
}

/// How a file ends that is plainly something else. `is_text`: then letters at its beginning are words.
pub fn foreign(bytes: &[u8], is_text: bool) -> Option<ParseError> {
    // A text may begin with any letters; none begins with control characters or 0xFF.
    let no_letter = |byte: &u8| matches!(byte, 0..=0x08 | 0x0e..=0x1f | 0xff);
    let starts = |magic: &[u8]| bytes.starts_with(magic) && (!is_text || magic.iter().any(no_letter));
    if is_postscript(bytes, is_text) || starts(&[0xc5, 0xd0, 0xd3, 0xc6]) {
        return Some(unsupported(
            "a PostScript file",
            "Convert it to PDF, for example with ps2pdf, and add that.",
        ));
    }
    if PICTURES.iter().any(|magic| starts(magic)) {
        return Some(ParseError::NoText);
    }
    if let Some((_, kind)) = MAGIC.iter().find(|(magic, _)| starts(magic)) {
        return Some(refuse(kind));
    }
    if is_text {
        return None;
    }
    if is_picture(bytes) {
        return Some(ParseError::NoText);
    }
    let at = |place: usize, magic: &[u8]| bytes.get(place..place + magic.len()) == Some(magic);
    let kind = if at(257, b"ustar") || at(0x8001, b"CD001") || at(2, b"-lh") {
        &ARCHIVE
    } else if starts(b"RIFF") && at(8, b"WAVE") || starts(b"FORM") && (at(8, b"AIFF") || at(8, b"AIFC")) {
        &SOUND
    } else if starts(b"RIFF") && at(8, b"AVI ") || at(4, b"moov") || at(4, b"mdat") || at(4, b"ftypqt") {
        &FILM
    } else if at(4, b"ftypM4A") {
        &SOUND
    } else if at(4, b"ftyp") {
        &FILM
    } else if is_signed_message(bytes) {
        return Some(unsupported(
            "a signed or encrypted message (.p7m)",
            "Open it in your mail program, save what is in it and add that.",
        ));
    } else {
        return None;
    };
    Some(refuse(kind))
}

/// PostScript has its mark on a line of its own, or the conventions that it keeps behind it; a text about it goes on in words.
fn is_postscript(bytes: &[u8], is_text: bool) -> bool {
    let Some(behind) = bytes.strip_prefix(b"%!PS") else {
        return false;
    };
    let line = behind.split(|byte| matches!(byte, b'\r' | b'\n')).next();
    !is_text
        || behind.starts_with(b"-Adobe")
        || behind.starts_with(b"-TrueTypeFont")
        || line.unwrap_or_default().trim_ascii().is_empty()
}

/// Pictures that more than their first bytes tell.
fn is_picture(bytes: &[u8]) -> bool {
    let at = |place: usize, magic: &[u8]| bytes.get(place..place + magic.len()) == Some(magic);
    bytes.starts_with(&[0, 0, 1, 0])
        || bytes.starts_with(&[0, 0, 2, 0])
        || (bytes.starts_with(b"BM") && at(6, &[0; 4]))
        || (bytes.starts_with(&[1, 0, 0, 0]) && at(40, b" EMF"))
        || at(128, b"DICM")
        || [b"heic", b"heix", b"avif", b"mif1", b"msf1"]
            .iter()
            .any(|brand| at(4, b"ftyp") && at(8, *brand))
}

/// PKCS #7: a sequence (in DER, its length in 1 to 4 bytes or unknown) that begins with the identifier 1.2.840.113549.1.7.
fn is_signed_message(bytes: &[u8]) -> bool {
    const IDENTIFIER: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07];
    bytes.first() == Some(&0x30) && (2..=6).any(|at| bytes.get(at..at + IDENTIFIER.len()) == Some(IDENTIFIER))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: &[u8]) -> String {
        match foreign(bytes, false) {
            Some(ParseError::Unsupported { what, advice }) => format!("{what}: {advice}"),
            Some(ParseError::NoText) => "picture".to_owned(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn each_kind_says_what_to_do_with_it() {
        for (bytes, words) in [
            (b"\0\x01\0\0Standard ACE DB\0".as_slice(), "Access"),
            (b"\x1f\x8b\x08\0", "Unpack"),
            (b"RIFF\x10\0\0\0WAVEfmt ", "recording"),
            (b"\0\0\0\x18ftypmp42", "film"),
            (b"\0\0\0\x18ftypheic", "picture"),
            (b"MZ\x90\0", "program"),
            (b"\0\x01\0\0\0\x10\0\x80", "font"),
            (b"ITSF\x03\0\0\0", "help"),
            (
                b"\x30\x82\x10\0\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02",
                "mail program",
            ),
        ] {
            assert!(message(bytes).contains(words), "{bytes:?}: {}", message(bytes));
        }
    }

    #[test]
    fn postscript_is_told_by_its_first_line() {
        for begin in [
            "%!PS-Adobe-3.0 EPSF-3.0\n%%Title: x",
            "%!PS-AdobeFont-1.0: CMR10",
            "%!PS-TrueTypeFont-1.0",
            "%!PS",
            "%!PS\r\nshowpage",
            "%!PS \nshowpage",
        ] {
            let kind = foreign(begin.as_bytes(), true);
            assert!(
                matches!(kind, Some(ParseError::Unsupported { .. })),
                "{begin}: {kind:?}"
            );
        }
    }

    #[test]
    fn words_are_no_marks() {
        for text in [
            "MZ is a postal district",
            "GRIB",
            "BM 12",
            "ID3 tags explained",
            "CDF of a normal",
            "%!PS is how a page description begins.",
            "%!PS-files are printed.",
        ] {
            assert!(foreign(text.as_bytes(), true).is_none(), "{text}");
        }
    }
}
