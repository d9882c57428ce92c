//! Words of a text, in the one form in which every decision about text compares them.
//!
//! A word is a word of Unicode's segmentation (UAX 29), folded (lower case, no diacritics, `ß` as `ss`) and cut to its Snowball
//! stem. English is assumed unless the text's own function words say German: for the short texts compared here (questions,
//! sentences) counting function words is surer than a language detector made for pages.

pub mod addresses;
pub mod codes;

use rust_stemmers::{Algorithm, Stemmer};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

/// Languages that have their own stop words, instructions and phrases here. Others are read with the rules of English.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum Language {
    /// English, and everything not known better.
    #[default]
    #[serde(rename = "en")]
    English,
    /// German.
    #[serde(rename = "de")]
    German,
}

impl Language {
    /// The language of a short text by its function words; ties are English.
    ///
    /// ```
    /// use docmind_core::words::Language;
    /// assert_eq!(Language::of("Wie hoch ist die Miete?"), Language::German);
    /// assert_eq!(Language::of("How high is the rent?"), Language::English);
    /// ```
    pub fn of(text: &str) -> Self {
        let mut english = 0_u32;
        let mut german = 0_u32;
        for word in words(text) {
            let folded = fold(word.text);
            english += u32::from(ENGLISH.binary_search(&folded.as_str()).is_ok());
            german += u32::from(GERMAN.binary_search(&folded.as_str()).is_ok());
        }
        if german > english { Self::German } else { Self::English }
    }

    fn algorithm(self) -> Algorithm {
        match self {
            Self::English => Algorithm::English,
            Self::German => Algorithm::German,
        }
    }
}

/// A word where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'t> {
    /// As written.
    pub text: &'t str,
    /// Byte offset of its first character.
    pub at: usize,
}

impl Word<'_> {
    /// Byte offset one past its last character.
    pub fn end(&self) -> usize {
        self.at + self.text.len()
    }
}

/// The words of a text in order; punctuation and white space are not among them.
pub fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    text.unicode_word_indices().map(|(at, text)| Word { text, at })
}

/// True for characters of scripts that put no spaces between words: Chinese, Japanese, Thai, Lao, Khmer, Burmese. [`words`] parts
/// most of them from each other.
pub fn is_written_without_spaces(c: char) -> bool {
    matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3005}'..='\u{3007}'
        | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}')
}

/// Lower case, without diacritics, `ß` as `ss`, `æ` as `ae`, typographic apostrophes as `'`, without a possessive `'s`.
///
/// ```
/// assert_eq!(docmind_core::words::fold("Straße"), "strasse");
/// assert_eq!(docmind_core::words::fold("Müller’s"), "muller");
/// ```
pub fn fold(word: &str) -> String {
    if word.is_ascii() {
        let lower = word.to_ascii_lowercase();
        return lower.strip_suffix("'s").map(str::to_owned).unwrap_or(lower);
    }
    let mut out = String::with_capacity(word.len());
    for c in word
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
    {
        match (plain_letters(c), c) {
            (Some(letters), _) => out.push_str(letters),
            (None, '’' | 'ʼ') => out.push('\''),
            (None, _) => out.push(c),
        }
    }
    if out.ends_with("'s") {
        out.truncate(out.len() - 2);
    }
    out
}

/// How a lower-case letter that no decomposition takes apart is written without it; `None` for all others.
///
/// ```
/// assert_eq!(docmind_core::words::plain_letters('ß'), Some("ss"));
/// ```
pub fn plain_letters(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        _ => return None,
    })
}

/// Stems folded words of one language.
pub struct Stems {
    stemmer: Stemmer,
}

impl Stems {
    /// Of that language.
    pub fn new(language: Language) -> Self {
        Self {
            stemmer: Stemmer::create(language.algorithm()),
        }
    }

    /// The stem of a word as written. Words with digits stay as they are.
    pub fn stem(&self, word: &str) -> String {
        self.stem_folded(fold(word))
    }

    pub(crate) fn stem_folded(&self, folded: String) -> String {
        if folded.chars().any(|c| c.is_ascii_digit()) {
            return folded;
        }
        self.stemmer.stem(&folded).into_owned()
    }

    /// Stems of the words of a text that are no stop words, in order, with repeats.
    pub fn content(&self, text: &str) -> Vec<String> {
        words(text)
            .filter(|word| !is_stop_word(word.text))
            .map(|word| self.stem(word.text))
            .collect()
    }
}

/// True for words that carry no subject of their own in English or German.
pub fn is_stop_word(word: &str) -> bool {
    let folded = fold(word);
    let folded = folded.as_str();
    ENGLISH.binary_search(&folded).is_ok() || GERMAN.binary_search(&folded).is_ok() || CLITIC.contains(&folded)
}

/// True for a word that has a digit and no letter, such as `1,066` or `3.5`.
pub fn is_number(word: &str) -> bool {
    word.chars().any(char::is_numeric) && !word.chars().any(char::is_alphabetic)
}

/// Names that begin or end with signs (what stands before the letters, the letters, what stands after them), and how they are said.
const SIGNED: [(&str, &str, &str, &str); 4] = [
    ("", "c", "#", "csharp"),
    ("", "c", "++", "cplusplus"),
    ("", "f", "#", "fsharp"),
    (".", "net", "", "dotnet"),
];

/// The name with signs of which the word at `word` is the letters: where it stands, and the word it is when it is said. By its letters
/// alone `C#` would be `C`.
///
/// ```
/// use docmind_core::words::signed_name;
/// assert_eq!(signed_name("in C++.", 3..4), Some((3..6, "cplusplus")));
/// assert_eq!(signed_name("ASP.NET", 4..7), None);
/// ```
pub fn signed_name(text: &str, word: Range<usize>) -> Option<(Range<usize>, &'static str)> {
    SIGNED.iter().find_map(|(before, letters, after, said)| {
        if !text[word.clone()].eq_ignore_ascii_case(letters) {
            return None;
        }
        let head = text[..word.start].strip_suffix(before)?;
        let tail = text[word.end..].strip_prefix(after)?;
        // Chinese is written up to it.
        let alone = !head.ends_with(|c: char| c.is_ascii_alphanumeric())
            && !tail.starts_with(|c: char| c.is_ascii_alphabetic());
        alone.then(|| (head.len()..text.len() - tail.len(), *said))
    })
}

/// Contracted forms that keep an apostrophe after folding.
const CLITIC: &[&str] = &[
    "aren't",
    "can't",
    "couldn't",
    "didn't",
    "doesn't",
    "don't",
    "hadn't",
    "hasn't",
    "haven't",
    "i'm",
    "isn't",
    "it'll",
    "mustn't",
    "shouldn't",
    "they're",
    "they've",
    "wasn't",
    "we're",
    "we've",
    "weren't",
    "won't",
    "wouldn't",
    "you're",
    "you've",
];

/// Sorted, folded.
const ENGLISH: &[&str] = &[
    "a",
    "about",
    "above",
    "after",
    "again",
    "against",
    "all",
    "also",
    "am",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "because",
    "been",
    "before",
    "being",
    "below",
    "between",
    "both",
    "but",
    "by",
    "can",
    "cannot",
    "could",
    "did",
    "do",
    "does",
    "doing",
    "down",
    "during",
    "each",
    "either",
    "else",
    "ever",
    "for",
    "from",
    "further",
    "get",
    "had",
    "has",
    "have",
    "having",
    "he",
    "her",
    "here",
    "hers",
    "herself",
    "him",
    "himself",
    "his",
    "how",
    "i",
    "if",
    "in",
    "into",
    "is",
    "it",
    "its",
    "itself",
    "just",
    "let",
    "made",
    "make",
    "many",
    "may",
    "me",
    "might",
    "more",
    "most",
    "much",
    "must",
    "my",
    "myself",
    "no",
    "nor",
    "not",
    "of",
    "off",
    "on",
    "once",
    "one",
    "only",
    "or",
    "other",
    "our",
    "ours",
    "ourselves",
    "out",
    "over",
    "own",
    "please",
    "same",
    "shall",
    "she",
    "should",
    "so",
    "some",
    "such",
    "tell",
    "than",
    "that",
    "the",
    "their",
    "theirs",
    "them",
    "themselves",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "through",
    "to",
    "too",
    "under",
    "until",
    "up",
    "upon",
    "us",
    "very",
    "was",
    "we",
    "were",
    "what",
    "when",
    "where",
    "whether",
    "which",
    "while",
    "who",
    "whom",
    "whose",
    "why",
    "will",
    "with",
    "within",
    "without",
    "would",
    "yet",
    "you",
    "your",
    "yours",
    "yourself",
    "yourselves",
];

/// Sorted, folded. Words that are content words of English (`war`, `die`, `man`) stand here only where German needs them more:
/// `die` and `des` do, `war`, `man`, `am` and `hat` do not.
const GERMAN: &[&str] = &[
    "aber", "alle", "allem", "allen", "aller", "alles", "als", "an", "auch", "auf", "aus", "bei", "beim", "bin", "bis",
    "bist", "da", "dabei", "damit", "dann", "daran", "darauf", "daraus", "darin", "das", "dass", "davon", "dazu",
    "dein", "dem", "den", "denn", "der", "deren", "des", "dessen", "die", "dies", "diese", "diesem", "diesen",
    "dieser", "dieses", "doch", "dort", "du", "durch", "ein", "eine", "einem", "einen", "einer", "eines", "er", "es",
    "euch", "fur", "gegen", "gibt", "haben", "hatte", "hatten", "ich", "ihm", "ihn", "ihnen", "ihr", "ihre", "ihrem",
    "ihren", "ihrer", "im", "in", "ins", "ist", "jede", "jeder", "jedes", "kann", "kein", "keine", "keinen", "konnen",
    "machen", "mein", "meine", "mich", "mir", "mit", "muss", "nach", "nicht", "noch", "nur", "ob", "oder", "ohne",
    "sehr", "sein", "seine", "seinem", "seinen", "seiner", "seit", "sich", "sie", "sind", "so", "soll", "uber", "um",
    "und", "uns", "unser", "unter", "viel", "viele", "vom", "von", "vor", "wann", "warum", "was", "weil", "welche",
    "welcher", "welches", "wem", "wen", "wenn", "wer", "werden", "wie", "wird", "wo", "wurde", "wurden", "zu",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_folded() {
        for list in [ENGLISH, GERMAN] {
            assert!(list.is_sorted(), "{:?}", list.windows(2).find(|pair| pair[0] > pair[1]));
            assert!(list.iter().all(|word| fold(word) == **word));
        }
    }

    #[test]
    fn folding_joins_spellings() {
        assert_eq!(fold("Ärger"), "arger");
        assert_eq!(fold("ﬁle"), "file");
        assert_eq!(fold("King's"), "king");
        assert_eq!(fold("Łódź"), "lodz");
    }

    #[test]
    fn numbers_are_told_from_codes() {
        assert!(is_number("1,066"));
        assert!(!is_number("x15"));
        assert!(!is_number("war"));
    }

    #[test]
    fn names_with_signs_are_more_than_their_letters() {
        let said = |text: &str| -> Vec<&str> {
            words(text)
                .filter_map(|word| Some(signed_name(text, word.at..word.end())?.1))
                .collect()
        };
        assert_eq!(
            said("C#, c++17 and (F#) on .NET. 使用C#语言"),
            ["csharp", "cplusplus", "fsharp", "dotnet", "csharp"]
        );
        assert_eq!(
            said("C, C+, C-4, a#, example.net, ASP.NET, F#m, C#x, net"),
            Vec::<&str>::new()
        );
    }

    #[test]
    fn stems_join_inflections() {
        let stems = Stems::new(Language::English);
        assert_eq!(
            stems.content("The armies were founded"),
            stems.content("an army, founding")
        );
    }
}
