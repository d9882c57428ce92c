//! Lists whose items browsers count.

use super::attribute;
use crate::numbering::Numerals;
use html5ever::tokenizer::Tag;

/// A list whose items are counted, or not.
pub struct List {
    /// The number of the item around it, which has no text of its own before it.
    outer: String,
    numerals: Option<Numerals>,
    next: i32,
    step: i32,
}

impl List {
    /// As its tag says; `outer` is the number of the item around it that still waits for text.
    pub fn of(tag: &Tag, outer: String) -> Self {
        let start = attribute(tag, "start").and_then(|start| start.trim().parse().ok());
        let is_reversed = attribute(tag, "reversed").is_some();
        let style = attribute(tag, "style").unwrap_or_default();
        let shows_none = style.contains("list-style") && style.contains("none");
        // Where a reversed list begins is known at its end.
        let is_counted = &*tag.name == "ol" && !shows_none && (start.is_some() || !is_reversed);
        let sign = attribute(tag, "type").unwrap_or_default();
        Self {
            outer,
            numerals: is_counted.then(|| Numerals::of_sign(&sign).unwrap_or_default()),
            next: start.unwrap_or(1),
            step: if is_reversed { -1 } else { 1 },
        }
    }

    /// What stands before its next item.
    pub fn number(&mut self, item: &Tag) -> String {
        let mut before = std::mem::take(&mut self.outer);
        let Some(numerals) = self.numerals else {
            return before;
        };
        let given = attribute(item, "value").and_then(|value| value.trim().parse().ok());
        let number: i32 = given.unwrap_or(self.next);
        self.next = number.saturating_add(self.step);
        before.push_str(&u32::try_from(number).map_or_else(|_| number.to_string(), |number| numerals.write(number)));
        before.push_str(". ");
        before
    }
}
