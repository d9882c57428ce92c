//! Fields of a form that show what no run holds: boxes to tick, lists to choose from (`w:ffData`).

use crate::error::ParseError;
use crate::xml::{Token, Xml};

/// A box, ticked or not, the reader standing inside `w:checkBox`.
///
/// # Errors
/// Those of XML.
pub fn tick_box(xml: &mut Xml<'_>) -> Result<&'static str, ParseError> {
    let outside = xml.depth().saturating_sub(1);
    let (mut is_ticked, mut is_ticked_at_first) = (None, false);
    while xml.depth() > outside {
        match xml.next()? {
            Some(Token::Open(tag)) => match tag.name() {
                "checked" => is_ticked = Some(tag.is_on("val")),
                "default" => is_ticked_at_first = tag.is_on("val"),
                _ => {}
            },
            Some(_) => {}
            None => break,
        }
    }
    Ok(if is_ticked.unwrap_or(is_ticked_at_first) {
        "[x] "
    } else {
        "[ ] "
    })
}

/// What was chosen from a list, the reader standing inside `w:ddList`.
///
/// # Errors
/// Those of XML.
pub fn choice(xml: &mut Xml<'_>) -> Result<String, ParseError> {
    let outside = xml.depth().saturating_sub(1);
    let (mut chosen, mut chosen_at_first, mut entries) = (None, 0, Vec::new());
    while xml.depth() > outside {
        match xml.next()? {
            Some(Token::Open(tag)) => {
                let value = tag.attribute("val").unwrap_or_default();
                match tag.name() {
                    "result" => chosen = value.parse().ok(),
                    "default" => chosen_at_first = value.parse().unwrap_or(0),
                    "listEntry" => entries.push(value),
                    _ => {}
                }
            }
            Some(_) => {}
            None => break,
        }
    }
    let chosen: usize = chosen.unwrap_or(chosen_at_first);
    Ok(entries.into_iter().nth(chosen).unwrap_or_default())
}
