//! Elements whose text is left out while they are open: those whose text is none, and those that a page says are not to be seen.

use super::attribute;
use html5ever::tokenizer::Tag;

/// What stands for all that a page hides, among the elements that are shown all the same.
pub const UNSEEN: &str = "*";

/// Elements without content, which hide nothing but themselves.
const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
];

/// Elements that part the text around them, and end a paragraph.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "center",
    "dd",
    "details",
    "dialog",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "html",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "td",
    "th",
    "tr",
    "ul",
];

const ROWS: &[&str] = &["tr", "thead", "tbody", "tfoot"];
const CELLS: &[&str] = &["td", "th", "tr", "thead", "tbody", "tfoot"];

/// What ends an element whose own end may be left out: tags beside it, and the ends of what it lies in.
#[derive(Clone, Copy)]
struct Ends {
    beside: &'static [&'static str],
    around: &'static [&'static str],
}

impl Ends {
    fn of(element: &str) -> Option<Self> {
        let (beside, around): (&[&str], &[&str]) = match element {
            "p" => (BLOCKS, &[]),
            "li" => (&["li"], &["ul", "ol", "menu"]),
            "dt" | "dd" => (&["dt", "dd"], &["dl"]),
            "td" | "th" => (CELLS, &["table"]),
            "tr" => (ROWS, &["table"]),
            "thead" | "tbody" | "tfoot" => (&["thead", "tbody", "tfoot"], &["table"]),
            _ => return None,
        };
        Some(Self { beside, around })
    }
}

/// What a tag does to an open element that hides its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is part of what is hidden.
    Inside,
    /// It ends it.
    Ends,
    /// It ends it, and is itself to be seen.
    EndsBefore,
}

/// An open element that hides its text.
pub struct Hidden {
    element: String,
    /// How often it is open: only its own end closes it. Of one whose end may be left out: open elements of those that it may lie in.
    depth: u32,
    /// It is the page that says so.
    is_unseen: bool,
    ends: Option<Ends>,
}

impl Hidden {
    /// One whose text is none.
    pub fn without_text(element: &str) -> Self {
        Self {
            element: element.to_owned(),
            depth: 1,
            is_unseen: false,
            ends: None,
        }
    }

    /// One that is not to be seen, where its tag says so and it holds something.
    pub fn unseen(element: &str) -> Option<Self> {
        let ends = Ends::of(element);
        (!VOID.contains(&element)).then(|| Self {
            element: element.to_owned(),
            depth: u32::from(ends.is_none()),
            is_unseen: true,
            ends,
        })
    }

    /// True where its text would be one, were it shown.
    pub fn holds_text(&self) -> bool {
        !matches!(self.element.as_str(), "script" | "style")
    }

    /// What is to be shown because it was never closed; nothing where that is how pages are written.
    pub fn left_open(self) -> Option<String> {
        match (self.is_unseen, self.ends) {
            (true, Some(_)) => None,
            (true, None) => Some(UNSEEN.to_owned()),
            (false, _) => Some(self.element).filter(|element| !matches!(element.as_str(), "script" | "style")),
        }
    }

    /// Takes the next tag. `opens`: it is no end; `holds`: something follows that it holds.
    pub fn step(&mut self, name: &str, opens: bool, holds: bool) -> Step {
        let Some(ends) = self.ends else {
            if self.element == name {
                match (opens, holds) {
                    (false, _) => self.depth -= 1,
                    (true, true) => self.depth += 1,
                    (true, false) => {}
                }
            }
            return if self.depth == 0 { Step::Ends } else { Step::Inside };
        };
        let is_around = ends.around.contains(&name);
        match (self.depth, opens) {
            (0, false) if self.element == name => return Step::Ends,
            (0, false) if is_around => return Step::EndsBefore,
            (0, _) if ends.beside.contains(&name) => return Step::EndsBefore,
            (_, true) if is_around && holds => self.depth += 1,
            (1.., false) if is_around => self.depth -= 1,
            _ => {}
        }
        Step::Inside
    }
}

/// True for an element that parts the text around it.
pub fn is_block(element: &str) -> bool {
    BLOCKS.contains(&element)
}

/// True for an element that its page says is not to be seen: by its attribute, or in its own style. What assistive technology is not to
/// read (`aria-hidden`) is there to be seen, and so is what is only found (`until-found`); whole pages are hidden until their scripts
/// have run, formulas stand behind their pictures (in Wikipedia), and React sends parts of a page hidden, to be put in their place
/// (`<div hidden id="S:0">`).
pub fn is_unseen(tag: &Tag) -> bool {
    if tag.attrs.is_empty() || matches!(&*tag.name, "html" | "body" | "head") {
        return false;
    }
    let by_attribute = attribute(tag, "hidden").is_some_and(|value| !value.trim().eq_ignore_ascii_case("until-found"));
    let is_unseen = by_attribute || attribute(tag, "style").is_some_and(|style| hides(&style));
    is_unseen
        && !attribute(tag, "class").is_some_and(|class| class.contains("mathml"))
        && !attribute(tag, "id").is_some_and(|id| id.starts_with("S:"))
}

/// True for a style that hides its element; mails hide their previews in several ways at once.
fn hides(style: &str) -> bool {
    // The last of alike declarations counts, but for one that is important.
    let (mut display, mut visibility) = ((false, false), (false, false));
    for declaration in style.split(';') {
        let Some((property, value)) = declaration.split_once(':') else {
            continue;
        };
        let value = value.trim().to_ascii_lowercase();
        let (value, is_important) = match value.split_once('!') {
            Some((value, _)) => (value.trim_end(), true),
            None => (value.as_str(), false),
        };
        let (known, is_hidden) = match property.trim().to_ascii_lowercase().as_str() {
            "display" => (&mut display, value == "none"),
            "visibility" => (&mut visibility, matches!(value, "hidden" | "collapse")),
            _ => continue,
        };
        if is_important || !known.1 {
            *known = (is_hidden, is_important);
        }
    }
    display.0 || visibility.0
}

#[cfg(test)]
mod tests {
    use super::super::plain_text;
    use super::*;

    #[test]
    fn styles_that_hide_are_known() {
        for (style, is_hidden) in [
            ("display:none", true),
            ("color:#fff; DISPLAY : None !important; max-height:0;mso-hide:all", true),
            ("visibility: hidden", true),
            ("display:none;display:block", false),
            ("display:none!important;display:block", true),
            ("display:none;visibility:visible", true),
            ("display:inline-block", false),
            ("background:url(display:none)", false),
            ("", false),
        ] {
            assert_eq!(hides(style), is_hidden, "{style}");
        }
    }

    #[test]
    fn what_is_not_to_be_seen_is_left_out() {
        for (source, text) in [
            (
                "<p>one</p><div hidden><p>no</p><div>no</div></div><p>two</p>",
                "one\n\ntwo",
            ),
            (
                "<p>one</p><span style='display:none !important'>no</span><p>two</p>",
                "one\n\ntwo",
            ),
            (
                "<p>one</p><p hidden>no<p>two<p style='visibility:hidden'>no",
                "one\n\ntwo",
            ),
            ("<div><p hidden>no</div><p>two", "two"),
            (
                "<ul><li>one<li hidden>no<ul><li>no</ul></li><li>two<li hidden>no</ul><p>three",
                "one\ntwo\n\nthree",
            ),
            (
                "<table><tr><td>a<td hidden>no<table><tr><td>no</table><td>b<tr hidden><td>no<td>no<tr><td>1<td>2</table>",
                "a | b\n1 | 2",
            ),
            ("<p>one<img hidden alt='no'><input hidden> two</p>", "one two"),
            ("<p>a<b aria-hidden=true>b</b><i hidden=until-found>c</i></p>", "abc"),
            ("<body style='display:none'><p>one", "one"),
            (
                "<p>It is <span class='mwe-math-mathml-a11y' style='display: none;'><math><msup><mn>2</mn><mn>3</mn></msup></math></span></p>",
                "It is 2^3",
            ),
            ("<footer hidden><p>no</p></footer><p>two</p>", "two"),
            ("<p>one</p><div hidden id='S:0'><p>two</p></div>", "one\n\ntwo"),
            ("<section hidden/><p>two</p>", "two"),
            (
                "<p>one</p><textarea hidden><b>no</b></textarea><p>two</p>",
                "one\n\ntwo",
            ),
        ] {
            assert_eq!(plain_text(source), text, "{source}");
        }
    }

    #[test]
    fn what_hides_all_there_is_is_shown() {
        assert_eq!(plain_text("<div hidden><p>one</p></div>"), "one");
        assert_eq!(plain_text("<p>one</p><div hidden><p>two</p>"), "one\n\ntwo");
        let deep = "<div hidden>".repeat(20_000) + "<li hidden><ul>" + &"<p hidden>no".repeat(20_000);
        assert!(plain_text(&deep).starts_with("no"));
    }
}
