//! One form for all the ways in which a word is written.

use super::runs::{is_ignorable, is_word_character};
use docmind_core::words::plain_letters;
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

pub(super) fn is_umlaut(c: char) -> bool {
    matches!(c, 'ä' | 'ö' | 'ü' | 'Ä' | 'Ö' | 'Ü' | '\u{308}')
}

/// Lower case, composed, without what is never seen.
pub(super) fn lower(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    Cow::Owned(
        text.chars()
            .filter(|c| !is_ignorable(*c))
            .flat_map(char::to_lowercase)
            .nfc()
            .collect(),
    )
}

/// Without diacritics and compatibility forms. Vowel signs of Indic and Thai scripts are letters and stay.
pub(super) fn fold(lower: &str) -> String {
    if lower.is_ascii() {
        return lower.to_owned();
    }
    let mut out = String::with_capacity(lower.len());
    let bare = lower.nfkd().filter(|c| !is_diacritic(*c)).nfc();
    for c in bare.flat_map(char::to_lowercase) {
        if let Some(letters) = plain_letters(c) {
            out.push_str(letters);
            continue;
        }
        match c {
            'ı' => out.push('i'),
            'ς' => out.push('σ'),
            // Persian and Urdu forms of Arabic letters.
            'ی' | 'ى' => out.push('ي'),
            'ک' => out.push('ك'),
            c if is_word_character(c) => out.push(c),
            _ => {}
        }
    }
    out
}

fn is_diacritic(c: char) -> bool {
    matches!(c as u32, 0x0300..=0x036f | 0x0591..=0x05c7 | 0x064b..=0x065f | 0x0670 | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff)
}

/// `müller` as `mueller`; `None` without umlauts.
pub(super) fn spell_umlauts(lower: &str) -> Option<String> {
    lower.contains(is_umlaut).then(|| {
        let mut out = String::with_capacity(lower.len() + 2);
        for c in lower.chars() {
            match c {
                'ä' => out.push_str("ae"),
                'ö' => out.push_str("oe"),
                'ü' => out.push_str("ue"),
                _ => out.push(c),
            }
        }
        out
    })
}
