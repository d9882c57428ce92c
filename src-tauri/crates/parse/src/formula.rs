//! Text that is not all on one line: powers, fractions and marks of notes, whose digits must stay apart from those before them.

pub mod mathml;

use crate::xml::Tag;

/// How a piece of text stands to the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Script {
    /// On its line, or not the first piece of what is raised.
    #[default]
    Same,
    /// It is raised, and what is before it is not.
    Raised,
    /// It is back on the line.
    Back,
}

/// What must stand between digits of which one piece is raised: 10⁶ is not 106, and a note's mark is no digit of the year before it.
/// Behind a word a raised mark stays as it is.
pub fn between(before: &str, piece: &str, script: Script) -> Option<char> {
    let digit_first = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    if !before.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    match script {
        Script::Raised => {
            let unsigned = piece.strip_prefix(['-', '+', '−', '–']).unwrap_or(piece);
            digit_first(unsigned).then_some('^')
        }
        Script::Back => digit_first(piece).then_some(' '),
        Script::Same => None,
    }
}

/// True for a height above the line, as Office and OpenDocument write one: a number with or without `%`, negative where it is below.
pub fn is_above(height: &str) -> bool {
    !height.starts_with('-') && height.contains(|c: char| ('1'..='9').contains(&c))
}

/// Puts a part of a fraction, which begins at `start`, in brackets where it is more than a number or a name.
pub fn bracket(text: &mut String, start: usize) {
    /// A part that is longer is none of a formula; fractions within fractions are moved once a level.
    const LONGEST: usize = 1_000;
    text.truncate(text.trim_end().len().max(start));
    let part = text.get(start..).unwrap_or_default();
    if part.len() <= LONGEST && part.contains(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | ',')) {
        text.insert(start, '(');
        text.push(')');
    }
}

/// A line of text as its pieces come, formulas of Office among them (ECMA-376 part 1, 22.1): their brackets, roots and sums are
/// attributes or the elements themselves, and digits of two parts must not become one number.
#[derive(Debug, Default)]
pub struct Line {
    /// What came so far.
    pub text: String,
    /// Whether what comes is raised.
    pub is_raised: bool,
    was_raised: bool,
    /// What comes belongs to another part of a formula.
    is_apart: bool,
    parts: Vec<Part>,
}

/// An open part of a formula.
#[derive(Debug)]
enum Part {
    /// Of a fraction, or a script; what it is begins behind its sign.
    Operand { sign: usize, start: usize },
    /// What stands in brackets, each of its pieces an element one deeper.
    Delimited {
        depth: usize,
        begin: String,
        between: String,
        end: String,
        is_begun: bool,
    },
    /// A root, first its degree.
    Root { depth: usize, start: usize, degree: String },
    /// A sum, a product, an integral.
    Operator { depth: usize, is_said: bool },
}

impl Line {
    /// Adds a piece.
    pub fn push(&mut self, piece: &str) {
        if piece.is_empty() {
            return;
        }
        let script = match (self.was_raised, self.is_raised) {
            (false, true) => Script::Raised,
            (true, false) => Script::Back,
            _ if self.is_apart => Script::Back,
            _ => Script::Same,
        };
        (self.was_raised, self.is_apart) = (self.is_raised, false);
        self.text.extend(between(&self.text, piece, script));
        self.text.push_str(piece);
    }

    /// Adds a formula that is read already: its digits are none of the numbers beside it.
    pub fn push_formula(&mut self, formula: &str) {
        self.is_apart = true;
        self.push(formula);
        self.is_apart = true;
    }

    /// An element of Office's markup begins, so many elements deep; those that are none of a formula change nothing.
    pub fn open(&mut self, tag: &Tag<'_>, depth: usize) {
        match tag.name() {
            "num" => self.begin_operand(if self.ends_with(|c| c.is_ascii_digit()) {
                " "
            } else {
                ""
            }),
            "den" => self.begin_operand("/"),
            "sup" => {
                let is_operator = self.say_operator(depth);
                let has_base = is_operator || self.ends_with(|c| c.is_alphanumeric() || matches!(c, ')' | ']'));
                self.begin_operand(if has_base { "^" } else { "" });
            }
            "sub" => {
                let is_parted = self.say_operator(depth) || self.ends_with(|c| c.is_ascii_digit());
                self.begin_operand(if is_parted { "_" } else { "" });
            }
            "d" => self.parts.push(Part::Delimited {
                depth,
                begin: "(".to_owned(),
                between: "|".to_owned(),
                end: ")".to_owned(),
                is_begun: false,
            }),
            name @ ("begChr" | "sepChr" | "endChr") => {
                if let Some(Part::Delimited {
                    begin, between, end, ..
                }) = self.parts.last_mut()
                {
                    let place = match name {
                        "begChr" => begin,
                        "sepChr" => between,
                        _ => end,
                    };
                    *place = sign(tag);
                }
            }
            "rad" => self.parts.push(Part::Root {
                depth,
                start: self.text.len(),
                degree: String::new(),
            }),
            "nary" => self.parts.push(Part::Operator { depth, is_said: false }),
            "chr" => {
                // Accents have one too, in what is summed.
                if let Some(Part::Operator {
                    depth: outside,
                    is_said,
                }) = self.parts.last_mut()
                    && *outside + 2 == depth
                {
                    *is_said = true;
                    self.text.push_str(&sign(tag));
                }
            }
            "e" => self.begin_element(depth),
            _ => {}
        }
    }

    /// An element ends.
    pub fn close(&mut self, name: &str) {
        match (name, self.parts.last_mut()) {
            ("num" | "den" | "sup" | "sub", Some(Part::Operand { sign, start })) => {
                let (sign, start) = (*sign, *start);
                self.parts.pop();
                if self.text.len() <= start && matches!(name, "sup" | "sub") {
                    self.text.truncate(sign);
                }
                bracket(&mut self.text, start);
            }
            ("d", Some(Part::Delimited { end, is_begun, .. })) => {
                if *is_begun {
                    self.text.push_str(end);
                }
                self.parts.pop();
            }
            ("rad", Some(Part::Root { start, degree, .. })) => {
                bracket(&mut self.text, *start);
                if !degree.is_empty() {
                    self.text.push_str("^(1/");
                    self.text.push_str(degree);
                    self.text.push(')');
                }
                self.parts.pop();
            }
            ("nary", Some(Part::Operator { .. })) => {
                self.parts.pop();
            }
            ("e" | "f" | "mr" | "deg" | "lim" | "fName", _) => {}
            _ => return,
        }
        self.is_apart = true;
    }

    fn begin_operand(&mut self, behind: &str) {
        let sign = self.text.len();
        self.text.push_str(behind);
        self.parts.push(Part::Operand {
            sign,
            start: self.text.len(),
        });
    }

    /// A piece of what is in brackets, what a root is of, what is summed, a place of a matrix.
    fn begin_element(&mut self, depth: usize) {
        if self.say_operator(depth) {
            self.text.push(' ');
            return;
        }
        match self.parts.last_mut() {
            Some(Part::Delimited {
                depth: outside,
                begin,
                between,
                is_begun,
                ..
            }) if *outside + 1 == depth => {
                self.text.push_str(if *is_begun { between } else { begin });
                *is_begun = true;
            }
            Some(Part::Root {
                depth: outside,
                start,
                degree,
            }) if *outside + 1 == depth => {
                self.text.get(*start..).unwrap_or_default().trim().clone_into(degree);
                self.text.truncate(*start);
                if degree.is_empty() {
                    self.text.push('√');
                }
                *start = self.text.len();
            }
            _ => {}
        }
    }

    /// True for a part of an operator, whose sign is then written: an integral's where it has none of its own.
    fn say_operator(&mut self, depth: usize) -> bool {
        let Some(Part::Operator {
            depth: outside,
            is_said,
        }) = self.parts.last_mut()
        else {
            return false;
        };
        if *outside + 1 != depth {
            return false;
        }
        if !std::mem::replace(is_said, true) {
            self.text.push('∫');
        }
        true
    }

    fn ends_with(&self, is: impl Fn(char) -> bool) -> bool {
        self.text.ends_with(is)
    }
}

/// The character that a property gives; none where it says that there is none.
fn sign(tag: &Tag<'_>) -> String {
    tag.attribute("val").unwrap_or_default().chars().take(1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Token, Xml};

    #[test]
    fn raised_digits_are_no_digits_of_the_number_before() {
        assert_eq!(between("10", "6", Script::Raised), Some('^'));
        assert_eq!(between("10", "−6", Script::Raised), Some('^'));
        assert_eq!(between("10", "th", Script::Raised), None);
        assert_eq!(between("word", "6", Script::Raised), None);
        assert_eq!(between("10^6", "5", Script::Back), Some(' '));
        assert_eq!(between("10^6", " 5", Script::Back), None);
        assert_eq!(between("1", "2", Script::Same), None);
    }

    #[test]
    fn parts_of_a_fraction_keep_together() {
        for (part, written) in [("a+b ", "2 (a+b)"), ("1.5", "2 1.5"), ("", "2 ")] {
            let mut text = format!("2 {part}");
            bracket(&mut text, 2);
            assert_eq!(text, written);
        }
    }

    #[test]
    fn formulas_of_office_keep_their_signs() {
        let e = |inside: &str| format!("<e>{inside}</e>");
        let t = |text: &str| format!("<r><t>{text}</t></r>");
        let bracketed = |properties: &str, inside: &str| format!("<d><dPr>{properties}</dPr>{}</d>", e(inside));
        for (formula, written) in [
            (t("2") + &bracketed("", &(t("3") + &t("+4"))), "2(3+4)"),
            (
                format!("<sSup>{}<sup>{}</sup></sSup>", e(&bracketed("", &t("a+b"))), t("n+1")),
                "(a+b)^(n+1)",
            ),
            (
                format!(
                    r#"<d><dPr><begChr val="["/><sepChr val=";"/><endChr val="]"/></dPr>{}{}</d>{}"#,
                    e(&t("1")),
                    e(&t("2")),
                    t("3")
                ),
                "[1;2]3",
            ),
            (bracketed(r#"<begChr val="{"/><endChr val=""/>"#, &t("x")), "{x"),
            (
                t("2") + &format!("<rad><radPr/><deg/>{}</rad>", e(&t("3"))) + &t("5"),
                "2√3 5",
            ),
            (
                t("2") + &format!("<rad><deg>{}</deg>{}</rad>", t("3"), e(&t("a+b"))),
                "2(a+b)^(1/3)",
            ),
            (
                format!(
                    r#"<nary><naryPr><chr val="∑"/></naryPr><sub>{}</sub><sup>{}</sup>{}</nary>"#,
                    t("i=1"),
                    t("n"),
                    e(&t("x"))
                ),
                "∑_(i=1)^n x",
            ),
            (
                format!(
                    "<nary><sub/><sup/>{}</nary>",
                    e(&format!("<sSub>{}<sub>{}</sub></sSub>", e(&t("x")), t("1")))
                ),
                "∫ x1",
            ),
            (
                format!(
                    "<nary><sub/><sup/>{}</nary>",
                    e(&format!(r#"<acc><accPr><chr val="~"/></accPr>{}</acc>"#, e(&t("x"))))
                ),
                "∫ x",
            ),
            (
                format!("<sSub>{}<sub>{}</sub></sSub>", e(&t("log")), t("10")) + &t("2"),
                "log10 2",
            ),
            (format!("<sSub>{}<sub>{}</sub></sSub>", e(&t("10")), t("2")), "10_2"),
            (
                format!("<m><mr>{}{}</mr><mr>{}</mr></m>", e(&t("1")), e(&t("0")), e(&t("7"))),
                "1 0 7",
            ),
            (
                t("1") + &t("2") + &format!("<f><num>{}</num><den>{}</den></f>", t("1"), t("3")) + &t("4"),
                "12 1/3 4",
            ),
            ("<sup></d></rad></nary></sub></num>".to_owned() + &t("1"), "1"),
        ] {
            assert_eq!(line(&formula), written, "{formula}");
        }
    }

    fn line(formula: &str) -> String {
        let mut xml = Xml::new(formula, 64);
        let mut line = Line::default();
        while let Some(token) = xml.next().unwrap() {
            match token {
                Token::Open(tag) => line.open(&tag, xml.depth()),
                Token::Close(name) => line.close(name.name()),
                Token::Text(text) => line.push(&text),
            }
        }
        line.text
    }
}
