//! How text becomes words of the keyword index, and how a question's words become what is looked for.
//!
//! Three columns are kept of every chunk:
//!
//! - `plain`: every word, folded (lower case, no diacritics, `ß` as `ss`), in order, so that phrases and codes are found exactly.
//!   Scripts written without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese), and Arabic and Korean, whose words carry
//!   prefixes and particles, stand there as overlapping pairs of characters: a phrase of pairs is a search for a substring.
//!   Names with signs (`C#`, `.NET`) stand there as they are said.
//! - `stems`: the same words cut to the Snowball stem of the document's language, those of Hebrew to what follows their particles;
//!   then codes of several parts, in one.
//! - `spelled`: only where German umlauts occur, the words again with `ä` as `ae` and so on, so that `Mueller` finds `Müller`;
//!   the other way, `Müller` is looked for in both forms.
//!
//! The index keeps no copy of the text, so the same text must always give the same words: a change of any rule here raises
//! [`RULES`], and the index is cut anew when the library is next opened.

mod fold;
mod runs;
mod stems;
mod wanted;

use docmind_core::words::codes::{apart, codes};
use fold::{fold, is_umlaut, spell_umlauts};
use runs::{Script, Tail, is_arabic, push_pairs, runs};
use stems::Stems;

pub(crate) use wanted::{Wanted, wanted_code, wanted_phrase, wanted_words};

/// Number of the rules by which words are cut.
pub(crate) const RULES: u32 = 2;

/// What the three columns hold for one text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) plain: String,
    pub(crate) stems: String,
    pub(crate) spelled: String,
}

/// Cuts texts of one language.
pub(crate) struct Analyzer {
    stems: Stems,
    spells_umlauts: bool,
}

impl Analyzer {
    /// For an ISO 639-1 code; without one the rules of English hold.
    pub(crate) fn new(language: Option<&str>) -> Self {
        Self {
            stems: Stems::new(language),
            // These write ä, ö and ü as letters of their own: nobody spells them out.
            spells_umlauts: !matches!(language, Some("fi" | "tr" | "hu" | "et" | "az")),
        }
    }

    /// The columns of one text.
    pub(crate) fn columns(&mut self, text: &str) -> Columns {
        let mut columns = Columns {
            plain: String::with_capacity(text.len() + 16),
            stems: String::with_capacity(text.len()),
            ..Columns::default()
        };
        let umlauts = self.spells_umlauts && text.contains(is_umlaut);
        for run in runs(text) {
            let lower = run.lower();
            let word = fold(&lower);
            if word.is_empty() {
                continue;
            }
            if run.script == Script::Pairs {
                push_pairs(&mut columns.plain, &word, Tail::Kept);
                if umlauts {
                    push_pairs(&mut columns.spelled, &word, Tail::Kept);
                }
                if is_arabic(&word) {
                    let stem = self.stems.stem(&lower);
                    push(&mut columns.stems, &stem);
                }
                continue;
            }
            push(&mut columns.plain, &word);
            if !run.is_ending() {
                let stem = self.stems.stem(&lower);
                push(&mut columns.stems, &stem);
            }
            if umlauts {
                if let Some(spelled) = spell_umlauts(&lower) {
                    let stem = self.stems.stem(&spelled);
                    push(&mut columns.stems, &stem);
                    push(&mut columns.spelled, &fold(&spelled));
                } else {
                    push(&mut columns.spelled, &word);
                }
            }
        }
        for code in codes(text) {
            // Where its parts are letters and digits in turn, a question looks for them in a row.
            if apart(&code.joined).as_ref() != wanted_phrase(code.text).first() {
                push(&mut columns.stems, &code.joined);
            }
        }
        columns
    }
}

fn push(column: &mut String, word: &str) {
    if word.is_empty() {
        return;
    }
    if !column.is_empty() {
        column.push(' ');
    }
    column.push_str(word);
}

#[cfg(test)]
mod tests;
