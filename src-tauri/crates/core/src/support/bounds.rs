//! Bounds of a number: "at least three", "not less than three" and "more than three" are bounds from below. They look like
//! negations and comparisons and are neither. English and German.

use super::figures::{is_one, number_at};
use crate::words::{Word, is_stop_word};

/// Content words after "than" among which the number stands: "not less than EUR 500".
const NEAR: usize = 2;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bound {
    from_below: bool,
    /// What is bound: a number, or a day without one.
    stem: String,
}

impl Bound {
    /// One bounds from below what the other bounds from above.
    pub(super) fn denies(&self, other: &Self) -> bool {
        self.from_below != other.from_below && self.stem == other.stem
    }
}

/// A bound at the beginning of `words`, and how many of them say so. `folded` are the same words, folded.
pub(super) fn bound_at(words: &[Word<'_>], folded: &[String]) -> Option<(Bound, usize)> {
    let word = |at: usize| folded.get(at).map_or("", String::as_str);
    let (mut from_below, mut length) = match (word(0), word(1)) {
        ("mindestens", _) => (true, 1),
        ("hochstens", _) => (false, 1),
        ("at", "least") => (true, 2),
        ("at", "most") => (false, 2),
        _ => (true, 0),
    };
    let mut in_time = false;
    if length == 0 {
        let denied = matches!(word(0), "not" | "no" | "nicht");
        let at = match (denied, word(1)) {
            (true, "be") => 2,
            (true, _) => 1,
            (false, _) => 0,
        };
        let more = match word(at) {
            "more" | "mehr" | "later" | "spater" => true,
            "less" | "fewer" | "weniger" | "earlier" | "fruher" => false,
            _ => return None,
        };
        if !matches!(word(at + 1), "than" | "als") {
            return None;
        }
        in_time = matches!(word(at), "later" | "spater" | "earlier" | "fruher");
        from_below = more != denied;
        length = at + 2;
    }
    let one = (is_one(word(length)) && word(length + 1) != "of").then(|| "1".to_owned());
    let mut content = (length..words.len())
        .filter(|at| !is_stop_word(words[*at].text))
        .take(NEAR);
    let day = content.clone().next().filter(|_| in_time);
    let stem = one
        .or_else(|| content.find_map(|at| Some(number_at(&words[at..], &folded[at..])?.0)))
        .or_else(|| day.map(|at| folded[at].clone()))?;
    Some((Bound { from_below, stem }, length))
}
