//! RTF: groups, control words and code pages, to paragraphs, tables and headings.

mod blocks;
mod characters;
mod vocabulary;

use crate::encoding::{CodePage, Dos};
use crate::error::ParseError;
use crate::formula::Line;
use crate::output::Output;
use crate::symbol::SignFont;
use crate::text::{self, PageBuilder};
use std::collections::{HashMap, HashSet};
use vocabulary::{character, charset, is_skipped};

/// The media type.
pub const MEDIA_TYPE: &str = "application/rtf";

/// Reads a document.
///
/// # Errors
/// Its final state.
pub fn parse(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    let mut reader = Reader::default();
    reader.read(bytes, out)?;
    out.started(MEDIA_TYPE, text::title(&reader.title), Some(1));
    if reader.page.is_empty() && reader.pictures {
        return Err(ParseError::NoText);
    }
    out.single_page(reader.page)
}

/// Adds a document to a builder (the body of a mail).
///
/// # Errors
/// Its final state.
pub fn append(bytes: &[u8], page: &mut PageBuilder, out: &Output<'_>) -> Result<(), ParseError> {
    let mut reader = Reader {
        page: std::mem::take(page),
        ..Reader::default()
    };
    let outcome = reader.read(bytes, out);
    *page = reader.page;
    outcome
}

/// What a group collects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Destination {
    #[default]
    Body,
    Skip,
    Fonts,
    Styles,
    Title,
    /// A footnote, a comment, a text box: it stands after the paragraph it belongs to.
    Note,
    /// Above or below each page: it stands at the end, once.
    Margin,
}

#[derive(Clone, Debug, Default)]
struct Group {
    destination: Destination,
    hidden: bool,
    /// Characters to leave out after `\u`.
    unicode_skip: usize,
    font: i32,
    is_raised: bool,
    /// Inside `\htmlrtf`: what RTF adds to the HTML a mail was made from.
    html_rtf: bool,
    /// The number or bullet of a paragraph, which has settings of its own.
    in_number: bool,
}

#[derive(Default)]
struct Reader {
    page: PageBuilder,
    groups: Vec<Group>,
    state: Group,
    code_page: Option<CodePage>,
    default_font: i32,
    /// Code page by font.
    fonts: HashMap<i32, CodePage>,
    /// Fonts that show signs.
    sign_fonts: HashMap<i32, SignFont>,
    font_name: String,
    /// Heading level by style.
    styles: HashMap<i32, u8>,
    style_name: String,
    style: i32,
    /// Bytes in the font's code page, not yet decoded: characters may take two.
    pending: Vec<u8>,
    high_surrogate: Option<u32>,
    skip_chars: usize,
    paragraph: Line,
    notes: Line,
    margin: Line,
    margins: Vec<String>,
    margins_seen: HashSet<String>,
    level: Option<u8>,
    in_table: bool,
    row: Vec<String>,
    rows: Vec<Vec<String>>,
    title: String,
    pictures: bool,
}

impl Reader {
    fn read(&mut self, bytes: &[u8], out: &Output<'_>) -> Result<(), ParseError> {
        self.state.unicode_skip = 1;
        let mut at = 0;
        let mut steps = 0_u32;
        while at < bytes.len() {
            steps = steps.wrapping_add(1);
            if steps.is_multiple_of(16_384) {
                out.gathering(self.page.len() + self.paragraph.text.len())?;
            }
            match bytes[at] {
                b'{' => {
                    self.flush();
                    // What follows `\u` for old readers goes no further.
                    self.skip_chars = 0;
                    self.groups.push(self.state.clone());
                    if self.groups.len() > out.limits.rtf_depth {
                        return Err(ParseError::too_large(format!(
                            "its groups are nested more than {} deep",
                            out.limits.rtf_depth
                        )));
                    }
                    at += 1;
                }
                b'}' => {
                    self.flush();
                    self.close_group();
                    at += 1;
                }
                b'\\' => at = self.control(bytes, at + 1),
                b'\r' | b'\n' | 0 => at += 1,
                byte => {
                    self.byte(byte);
                    at += 1;
                }
            }
        }
        self.flush();
        self.end_margin();
        self.state = Group::default();
        self.end_paragraph();
        self.end_table();
        let notes = std::mem::take(&mut self.notes).text;
        self.page.paragraph(&notes);
        for margin in std::mem::take(&mut self.margins) {
            self.page.paragraph(&margin);
        }
        out.gathering(self.page.len())
    }

    fn close_group(&mut self) {
        if self.state.destination == Destination::Styles {
            let name = std::mem::take(&mut self.style_name)
                .trim_end_matches(';')
                .trim()
                .to_lowercase();
            if let Some(level) = name.strip_prefix("heading ").and_then(|level| level.parse().ok()) {
                self.styles.insert(self.style, level);
            } else if name == "title" {
                self.styles.insert(self.style, 1);
            }
        }
        self.skip_chars = 0;
        if let Some(outer) = self.groups.pop() {
            // Fields and marks in it are groups as well, which are not its end.
            if self.state.destination == Destination::Margin && outer.destination != Destination::Margin {
                self.end_margin();
            }
            self.state = outer;
        }
    }

    /// Reads what follows a backslash; where to go on.
    fn control(&mut self, bytes: &[u8], at: usize) -> usize {
        let Some(&first) = bytes.get(at) else { return at };
        if first == b'\'' {
            let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
            if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                self.byte(byte);
                return at + 3;
            }
            return at + 1;
        }
        if !first.is_ascii_alphabetic() {
            self.symbol(first);
            return at + 1;
        }
        let name_end = bytes[at..]
            .iter()
            .position(|b| !b.is_ascii_alphabetic())
            .map_or(bytes.len(), |end| at + end);
        let mut end = name_end;
        if bytes.get(end) == Some(&b'-') {
            end += 1;
        }
        while bytes.get(end).is_some_and(u8::is_ascii_digit) && end - name_end < 11 {
            end += 1;
        }
        let name = std::str::from_utf8(&bytes[at..name_end]).unwrap_or_default();
        let number = std::str::from_utf8(&bytes[name_end..end])
            .ok()
            .and_then(|digits| digits.parse::<i32>().ok());
        let next = if bytes.get(end) == Some(&b' ') { end + 1 } else { end };
        if name == "bin" {
            // Raw bytes: not even brackets count.
            return next
                .saturating_add(number.unwrap_or(0).max(0) as usize)
                .min(bytes.len());
        }
        if name == "u" {
            self.unicode(number.unwrap_or(0));
            return next;
        }
        self.flush();
        if self.skip_chars > 0 && character(name).is_some() {
            self.skip_chars -= 1;
            return next;
        }
        // What follows `\u` for old readers is a character; a word that is none means that it was left out.
        self.skip_chars = 0;
        self.word(name, number);
        next
    }

    fn symbol(&mut self, symbol: u8) {
        self.flush();
        if self.skip_chars > 0 && matches!(symbol, b'~' | b'_' | b'-') {
            self.skip_chars -= 1;
            return;
        }
        match symbol {
            b'\\' | b'{' | b'}' => self.byte(symbol),
            b'~' => self.put(" "),
            b'_' => self.put("-"),
            b'\r' | b'\n' => self.end_paragraph(),
            // The group is for readers that know what follows; those we know are named in `word`.
            b'*' => {
                if matches!(
                    self.state.destination,
                    Destination::Body | Destination::Note | Destination::Margin
                ) {
                    self.state.destination = Destination::Skip;
                }
            }
            _ => {}
        }
    }

    fn word(&mut self, name: &str, number: Option<i32>) {
        let is_on = number != Some(0);
        match name {
            "par" | "sect" | "page" | "column" => self.end_paragraph(),
            "line" | "softline" => self.put("\n"),
            "tab" => self.put("\t"),
            "cell" if self.state.destination == Destination::Body => self.end_cell(),
            "row" if self.state.destination == Destination::Body => self.end_row(),
            // Of a table in a cell, or in a note.
            "cell" | "row" | "nestcell" => self.put("\n"),
            "listtext" | "pntext" => self.state.in_number = true,
            // A note has paragraphs of its own, which say nothing of the one around it.
            "intbl" | "pard" if self.state.destination != Destination::Body || self.state.in_number => {}
            "intbl" => self.in_table = true,
            "pard" => {
                self.level = None;
                self.in_table = false;
                self.style = 0;
            }
            "super" => self.state.is_raised = is_on,
            // By so many half points.
            "up" => self.state.is_raised = number.is_none_or(|height| height > 0),
            "nosupersub" | "sub" | "dn" => self.state.is_raised = false,
            "plain" => {
                self.state.hidden = false;
                self.state.is_raised = false;
                self.state.font = self.default_font;
            }
            "deff" => {
                self.default_font = number.unwrap_or(0);
                self.state.font = self.default_font;
            }
            "uc" => self.state.unicode_skip = number.unwrap_or(1).clamp(0, 16) as usize,
            // The last one is where a text was moved from.
            "v" | "deleted" | "mvf" => self.state.hidden = is_on,
            "htmlrtf" => self.state.html_rtf = is_on,
            "ansicpg" => self.code_page = number.and_then(CodePage::numbered),
            "mac" => self.code_page = Some(CodePage::Known(encoding_rs::MACINTOSH)),
            "pc" => self.code_page = Some(CodePage::Dos(Dos::American)),
            "pca" => self.code_page = Some(CodePage::Dos(Dos::Western)),
            "f" => self.state.font = number.unwrap_or(0),
            "fcharset" => {
                if let Some(encoding) = number.and_then(charset) {
                    self.fonts.insert(self.state.font, encoding);
                }
            }
            "cpg" => {
                if self.state.destination == Destination::Fonts
                    && let Some(encoding) = number.and_then(CodePage::numbered)
                {
                    self.fonts.insert(self.state.font, encoding);
                }
            }
            "s" => {
                self.style = number.unwrap_or(0);
                if self.state.destination == Destination::Body {
                    self.level = self.styles.get(&self.style).copied();
                }
            }
            "outlinelevel" if self.state.destination == Destination::Body => {
                self.level = number
                    .and_then(|level| u8::try_from(level.saturating_add(1)).ok())
                    .filter(|level| *level <= 9);
            }
            "fonttbl" => self.state.destination = Destination::Fonts,
            "stylesheet" => self.state.destination = Destination::Styles,
            "info" | "htmltag" => self.state.destination = Destination::Skip,
            "title" if self.state.destination == Destination::Skip => self.state.destination = Destination::Title,
            // A field in the code of another one shows nothing of its own.
            "fldrslt"
                if self
                    .groups
                    .last()
                    .is_some_and(|outer| outer.destination == Destination::Skip) => {}
            // Known destinations behind `\*` whose text is shown.
            "shpinst" | "result" | "fldrslt" if self.state.destination == Destination::Skip => {
                let outer = self.groups.last().map(|outer| outer.destination);
                self.state.destination = outer
                    .filter(|outer| matches!(outer, Destination::Note | Destination::Margin))
                    .unwrap_or_default();
            }
            "header" | "headerl" | "headerr" | "headerf" | "footer" | "footerl" | "footerr" | "footerf"
                if self.state.destination == Destination::Body =>
            {
                self.state.destination = Destination::Margin;
                self.state.is_raised = false;
            }
            "footnote" | "annotation" | "shptxt" => {
                self.state.destination = Destination::Note;
                self.state.is_raised = false;
                self.put("\n");
            }
            name if is_skipped(name) => {
                self.pictures |= name == "pict";
                self.state.destination = Destination::Skip;
            }
            name => {
                if let Some(character) = character(name) {
                    self.put(character);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use docmind_core::cancel::CancelToken;

    fn read(rtf: &[u8]) -> String {
        let cancel = CancelToken::new();
        let mut sink = |_| {};
        let out = Output::new(Limits::default(), &cancel, &|| {}, &mut sink);
        let mut page = PageBuilder::default();
        append(rtf, &mut page, &out).unwrap();
        page.finish(1).text
    }

    #[test]
    fn paragraphs_code_pages_and_unicode() {
        let text = read(
            b"{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0\\fcharset0 Arial;}{\\f1\\fcharset204 Arial Cyr;}}{\\colortbl;\\red0;}\
              {\\info{\\title T}}\\pard Gr\\'fc\\'dfe\\par {\\f1 \\'cf\\'f0\\'e8}\\par \\u8364?uro \\{x\\}{\\*\\unknown no}\\par}",
        );
        assert_eq!(text, "Grüße\n\nПри\n\n€uro {x}");
    }

    #[test]
    fn letters_of_dos_are_read() {
        for (begin, text) in [
            (r"\ansi\ansicpg850", "Grüße À"),
            (r"\ansi\ansicpg437", "Grüße ╖"),
            (r"\pc", "Grüße ╖"),
            (r"\pca", "Grüße À"),
            (r"\ansi{\fonttbl{\f0\fcharset255 Terminal;}}\f0", "Grüße À"),
        ] {
            let rtf = format!(r"{{\rtf1{begin} Gr\'81\'e1e \'b7\par}}");
            assert_eq!(read(rtf.as_bytes()), text, "{begin}");
        }
    }

    #[test]
    fn a_character_without_its_fallback_costs_no_letter() {
        assert_eq!(read(b"{\\rtf1 a\\u8364\\par Euro\\par}"), "a€\n\nEuro");
        assert_eq!(read(b"{\\rtf1 a\\u8211\\endash b\\u160\\~c\\par}"), "a–b c");
        assert_eq!(read(b"{\\rtf1 a\\u8364{b}c\\par}"), "a€bc");
    }

    #[test]
    fn text_before_any_font_is_in_the_default_one() {
        let rtf = b"{\\rtf1\\ansi\\deff1{\\fonttbl{\\f0\\fcharset0 A;}{\\f1\\fcharset204 B;}}\\'cf\\'f0 {\\f0 \\'e9}\\plain\\'e8\\par}";
        assert_eq!(read(rtf), "Пр éи");
    }

    #[test]
    fn raised_digits_are_told_from_numbers() {
        for (rtf, text) in [
            (r"{\rtf1 10{\super 6} m, 10{\super -3}5\par}", "10^6 m, 10^-3 5"),
            (
                r"{\rtf1 10\super 6\nosupersub 5 m\super 2\super0  x\par}",
                "10^6 5 m2 x",
            ),
            (
                r"{\rtf1 10\up6 6\up0 5, 10{\b\super 1}{\i\super 2}\plain 5\par}",
                "10^6 5, 10^12 5",
            ),
            (
                r"{\rtf1 since 2024{\super 1{\footnote {\super 1} A note of 10{\super 2} words}} it is 7{\sub 2}\par}",
                "since 2024^1 it is 72\n\n1 A note of 10^2 words",
            ),
        ] {
            assert_eq!(read(rtf.as_bytes()), text, "{rtf}");
        }
    }

    #[test]
    fn tables_are_rows() {
        let text =
            read(b"{\\rtf1\\trowd\\intbl A\\cell B\\cell\\row\\trowd\\intbl 1\\cell 2\\cell\\row\\pard after\\par}");
        assert_eq!(text, "A | B\n1 | 2\n\nafter");
    }

    #[test]
    fn what_stands_beside_the_text_parts_no_words_and_no_rows() {
        let boxed = r"{\shp{\*\shpinst{\sp{\sn x}{\sv 1}}{\shptxt \pard In a box\par}}}";
        for (rtf, text) in [
            (
                format!(r"{{\rtf1 before{boxed} and after\par next\par}}"),
                "before and after\n\nIn a box\n\nnext",
            ),
            (
                format!(r"{{\rtf1\trowd\intbl A\cell B{boxed}\par more\cell\row\trowd\intbl 1\cell 2\cell\row\pard after\par}}"),
                "A | B more\n1 | 2\n\nafter\n\nIn a box",
            ),
            (
                r"{\rtf1{\header \pard Letterhead}{\headerf Letterhead}{\footer \pard Page\par}Dear Ada\par}".to_owned(),
                "Dear Ada\n\nLetterhead\n\nPage",
            ),
            (
                r"{\rtf1{\footer Page {\field{\*\fldinst PAGE}{\fldrslt 7}} of {\*\bkmkstart x}9\par}Dear Ada\par}".to_owned(),
                "Dear Ada\n\nPage 7 of 9",
            ),
            (
                r"{\rtf1 before{\shp{\*\shpinst{\sp{\sn x}{\sv 1}}}{\shprslt\par\pard {\pict 00}\par}} and after\par}".to_owned(),
                "before and after",
            ),
            (
                r"{\rtf1\trowd\pard\intbl A\cell\pard\intbl{\listtext\pard 1.\tab}a\par{\pntext\pard 2.\tab}b\cell\row\pard after\par}"
                    .to_owned(),
                "A | 1. a 2. b\n\nafter",
            ),
            (
                r"{\rtf1\trowd\pard\intbl A\cell B\cell\row\pard\par\trowd\pard\intbl 1\cell 2\cell\row\pard one\column two\par}"
                    .to_owned(),
                "A | B\n\n1 | 2\n\none\n\ntwo",
            ),
            (
                r"{\rtf1{\stylesheet{\s1 heading 1;}}\pard\s1 Head{\footnote\pard\plain\trowd a\cell b\cell\row}\par text\par}".to_owned(),
                "Head\n\na\nb\n\ntext",
            ),
            (
                r"{\rtf1\trowd\intbl A\nestcell B\nestcell{\*\nesttableprops\trowd\nestrow}\cell C\cell\row\trowd\intbl 1\cell 2\cell\row}"
                    .to_owned(),
                "A B | C\n1 | 2",
            ),
        ] {
            assert_eq!(read(rtf.as_bytes()), text, "{rtf}");
        }
    }

    #[test]
    fn numbers_of_comments_and_lists_are_no_text() {
        let rtf = r"{\rtf1 a word{\*\atnid AB}{\*\annotation{\*\atndate -956724704}{\atndate 17}\pard\plain A comment}\par
            {\list\listtemplateid7{\listlevel\levelnfc0{\leveltext \'02\'00.}{\levelnumbers \'01}}{\listname List1;}\listid9}}";
        assert_eq!(read(rtf.as_bytes()), "a word\n\nA comment");
    }

    #[test]
    fn a_bullet_of_a_font_of_another_script_is_readable() {
        let rtf = br"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 A;}{\f3\fcharset128 OpenSymbol;}}{\f3 \'96\tab}item {\f3 \'93\'fa}\par}";
        assert_eq!(read(rtf), "\u{2013}\titem \u{65e5}");
    }

    #[test]
    fn signs_of_symbol_fonts_are_told() {
        let fonts = r"{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset2{\*\panose 05}Symbol;}{\f2\fcharset2 Wingdings;}}";
        let text = format!(r"{{\rtf1\deff0{fonts}a {{\f1 \'b3 m\'a3}} b {{\f1\u-3919 ?}}5 {{\f2 \'fe l}} \'a3\par}}");
        assert_eq!(read(text.as_bytes()), "a ≥ μ≤ b ±5 ☑ ● £");
        assert_eq!(
            read(br"{\rtf1{\fonttbl\f0\fswiss Arial;\f1\fcharset2 Symbol;}\f1 \'b0\f0 \'b0\par}"),
            "°°"
        );
    }

    #[test]
    fn hidden_and_field_codes_are_left_out() {
        let text = read(b"{\\rtf1 a{\\v secret}{\\field{\\*\\fldinst HYPERLINK \"x\"}{\\fldrslt link}} b\\par}");
        assert_eq!(text, "alink b");
        assert_eq!(
            read(br"{\rtf1 a{\mvf\mvauth1 moved}{\deleted gone} b {\mvt moved}\par}"),
            "a b moved"
        );
        let code = r"{\*\fldinst {IF }{\field{\*\fldinst { MERGEFIELD x }}{\fldrslt {Genet}}}{ = 1}}";
        let text = format!(r"{{\rtf1 {{\field{code}{{\fldrslt {{Dear all}}}}}}, hello\par}}");
        assert_eq!(read(text.as_bytes()), "Dear all, hello");
    }
}
