//! Entities: names for text, used as `&name;`. Of those that a file declares itself only plain text is put in: nothing that names
//! another entity, which is how a billion laughs begin, and nothing outside the file.

use quick_xml::escape::{resolve_predefined_entity, unescape};
use std::borrow::Cow;
use std::collections::HashMap;

/// Entities kept of one file.
const DECLARED: usize = 1000;

/// Bytes of one of them.
const DECLARED_BYTES: usize = 1024;

/// Bytes put in over a whole file: a few thousand names of firms and products, and no more than a moment's work.
const EXPANDED_BYTES: usize = 1 << 20;

/// The entities of a file.
#[derive(Default)]
pub struct Entities {
    declared: HashMap<String, String>,
    expanded_bytes: usize,
}

impl Entities {
    /// Takes those of a DOCTYPE that are plain text.
    pub fn declare(&mut self, doctype: &str) {
        let Some((_, mut rest)) = doctype.split_once('[') else {
            return;
        };
        while let Some(at) = rest.find('<') {
            rest = &rest[at..];
            if let Some(declaration) = rest.strip_prefix("<!ENTITY") {
                rest = self.declare_one(declaration);
                continue;
            }
            let end = match rest {
                comment if comment.starts_with("<!--") => comment.find("-->"),
                instruction if instruction.starts_with("<?") => instruction.find("?>"),
                _ => Some(1),
            };
            let Some(end) = end else { return };
            rest = &rest[end..];
        }
    }

    /// What follows a declaration, taken where it is `name "text"`: others begin `% name` or go on with `SYSTEM`.
    fn declare_one<'a>(&mut self, declaration: &'a str) -> &'a str {
        let trimmed = declaration.trim_start();
        let Some((name, value)) = trimmed.split_once(|c: char| c.is_ascii_whitespace()) else {
            return "";
        };
        let value = value.trim_start();
        let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            return value;
        };
        let Some((text, rest)) = value[1..].split_once(quote) else {
            return "";
        };
        let is_plain = text.len() <= DECLARED_BYTES && !text.contains('<');
        if is_plain
            && self.declared.len() < DECLARED
            && name.len() <= DECLARED_BYTES
            && let Ok(text) = unescape(text)
        {
            // The first declaration counts (XML 1.0, 4.2).
            self.declared
                .entry(name.to_owned())
                .or_insert_with(|| text.into_owned());
        }
        rest
    }

    /// The text that a name stands for; where that is not known or not to be put in, the reference as it is written, so that a
    /// reader sees that something stands there.
    pub fn text(&mut self, name: &str) -> Cow<'static, str> {
        if let Some(text) = known(name) {
            return Cow::Borrowed(text);
        }
        if let Some(text) = self.declared.get(name)
            && self.expanded_bytes + text.len() <= EXPANDED_BYTES
        {
            self.expanded_bytes += text.len();
            return Cow::Owned(text.clone());
        }
        Cow::Owned(format!("&{name};"))
    }
}

fn known(name: &str) -> Option<&'static str> {
    // XHTML (EPUB) names more than XML's five; these are the ones seen without a DOCTYPE at hand.
    resolve_predefined_entity(name).or(match name {
        "nbsp" => Some("\u{a0}"),
        "ndash" => Some("–"),
        "mdash" => Some("—"),
        "hellip" => Some("…"),
        "rsquo" => Some("’"),
        "lsquo" => Some("‘"),
        "ldquo" => Some("“"),
        "rdquo" => Some("”"),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(subset: &str) -> Entities {
        let mut entities = Entities::default();
        entities.declare(&format!("a SYSTEM \"a.dtd\" [{subset}]"));
        entities
    }

    #[test]
    fn plain_text_is_put_in() {
        let mut entities = declared(
            "<!-- <!ENTITY firm 'No'> --><?p <!ENTITY firm 'No'>?><!ELEMENT a (#PCDATA)>\
             <!ENTITY firm \"Civet &amp; Sons\">\n<!ENTITY firm 'Later'><!ENTITY\tuuml '&#252;'><!ENTITY quote '\"'>",
        );
        assert_eq!(entities.text("firm"), "Civet & Sons");
        assert_eq!(entities.text("uuml"), "ü");
        assert_eq!(entities.text("quote"), "\"");
        assert_eq!(entities.text("nbsp"), "\u{a0}");
    }

    #[test]
    fn anything_else_stays_as_written() {
        let mut entities = declared(
            "<!ENTITY a 'ha'><!ENTITY b '&a;&a;'><!ENTITY tags '<b>bold</b>'><!ENTITY file SYSTEM 'file:///etc/passwd'>\
             <!ENTITY net PUBLIC '-//x//y' 'http://127.0.0.1:9/x'><!ENTITY % all 'all'>%all;<!ENTITY cut 'no end",
        );
        assert_eq!(entities.text("a"), "ha");
        for name in ["b", "tags", "file", "net", "all", "%", "cut", "unknown"] {
            assert_eq!(entities.text(name), format!("&{name};"));
        }
    }

    #[test]
    fn neither_many_nor_long_ones_add_up() {
        let long = "x".repeat(DECLARED_BYTES);
        let many: String = (0..2 * DECLARED).map(|at| format!("<!ENTITY e{at} '{at}'>")).collect();
        let mut entities = declared(&format!("<!ENTITY long '{long}'><!ENTITY longer '{long}x'>{many}"));
        assert_eq!(entities.declared.len(), DECLARED);
        assert_eq!(entities.text("longer"), "&longer;");
        let put_in: usize = (0..100_000).filter(|_| entities.text("long") == long).count();
        assert_eq!(put_in, EXPANDED_BYTES / DECLARED_BYTES);
    }
}
