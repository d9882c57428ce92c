//! What words and numbers of RTF mean that stand for something else.

use crate::encoding::CodePage;

/// True for a group whose text is not the document's.
pub fn is_skipped(word: &str) -> bool {
    matches!(
        word,
        "colortbl"
            | "pict"
            | "object"
            | "themedata"
            | "colorschememapping"
            | "datastore"
            | "latentstyles"
            | "listtable"
            | "list"
            | "listlevel"
            | "listname"
            | "leveltext"
            | "levelnumbers"
            | "listoverridetable"
            | "rsidtbl"
            | "generator"
            | "xmlnstbl"
            | "mmathPr"
            | "fldinst"
            | "filetbl"
            | "revtbl"
            | "bkmkstart"
            | "bkmkend"
            | "datafield"
            | "nonshppict"
            | "author"
            | "operator"
            | "keywords"
            | "doccomm"
            | "hlinkbase"
            | "creatim"
            | "revtim"
            | "printim"
            | "buptim"
            | "company"
            | "manager"
            | "category"
            | "comment"
            | "subject"
            | "userprops"
            | "pgptbl"
            | "template"
            | "objdata"
            | "blipuid"
            | "picprop"
            | "sp"
            | "shprslt"
            | "wgrffmtfilter"
            | "atnid"
            | "atnauthor"
            | "atntime"
            | "atndate"
            | "atnparent"
            | "atnref"
            | "falt"
            | "panose"
            | "ftnsep"
            | "ftnsepc"
            | "ftncn"
            | "aftnsep"
            | "aftnsepc"
            | "aftncn"
            | "xe"
            | "tc"
            | "rxe"
            | "passwordhash"
            | "defchp"
            | "defpap"
            | "protusertbl"
            | "fontemb"
            | "fontfile"
    )
}

/// The character that a word stands for.
pub fn character(word: &str) -> Option<&'static str> {
    CHARACTERS
        .iter()
        .find(|(known, _)| *known == word)
        .map(|(_, character)| *character)
}

/// Words that stand for a character.
const CHARACTERS: &[(&str, &str)] = &[
    ("emdash", "—"),
    ("endash", "–"),
    ("lquote", "‘"),
    ("rquote", "’"),
    ("ldblquote", "“"),
    ("rdblquote", "”"),
    ("bullet", "•"),
    ("emspace", " "),
    ("enspace", " "),
    ("qmspace", " "),
];

/// Code page of a Windows character set.
pub fn charset(number: i32) -> Option<CodePage> {
    CodePage::numbered(match number {
        0 => 1252,
        77 => 10_000,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        // Those of DOS.
        254 => 437,
        255 => 850,
        _ => return None,
    })
}
