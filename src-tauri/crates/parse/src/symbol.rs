//! Characters of fonts that hold signs in the places of letters: `≥` is 0xB3 in one, a ticked box 0xFE in another.

/// Such a font.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignFont {
    /// Greek letters and signs of mathematics.
    Symbol,
    /// Pictures; those that forms and lists of requirements are ticked with are told, and Word's bullets, which as letters are `§`
    /// and `Ø`.
    Wingdings,
    /// More of them.
    Wingdings2,
}

/// Adobe's Symbol from 0x21 to 0x7E, and from 0xA0 (unicode.org, Public/MAPPINGS/VENDORS/ADOBE/symbol.txt; 0xF0 is none).
const SYMBOL: &str = "!∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼";
const SYMBOL_UPPER: &str =
    "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…│─↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪\0〉∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭";

const WINGDINGS: &[(u8, char)] = &[
    (0x6c, '●'),
    (0x6e, '■'),
    (0x6f, '☐'),
    (0x71, '❑'),
    (0x76, '❖'),
    (0xa7, '▪'),
    (0xa8, '☐'),
    (0xd8, '➢'),
    (0xe0, '→'),
    (0xfb, '✗'),
    (0xfc, '✓'),
    (0xfd, '☒'),
    (0xfe, '☑'),
];

const WINGDINGS_2: &[(u8, char)] = &[
    (0x4f, '✗'),
    (0x50, '✓'),
    (0x51, '☒'),
    (0x52, '☑'),
    (0x53, '☒'),
    (0x54, '☒'),
    (0xa3, '☐'),
];

impl SignFont {
    /// By the name of the font.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name.trim().to_ascii_lowercase().as_str() {
            "symbol" => Self::Symbol,
            "wingdings" => Self::Wingdings,
            "wingdings 2" => Self::Wingdings2,
            _ => return None,
        })
    }

    /// What the font shows for a byte; nothing where that is no sign known here.
    pub fn sign(self, byte: u8) -> Option<char> {
        let picture =
            |pictures: &[(u8, char)]| pictures.iter().find(|(known, _)| *known == byte).map(|(_, sign)| *sign);
        match self {
            Self::Symbol => match byte {
                0x20 => Some(' '),
                0x21..=0x7e => SYMBOL.chars().nth(usize::from(byte - 0x21)),
                0xa0.. => SYMBOL_UPPER
                    .chars()
                    .nth(usize::from(byte - 0xa0))
                    .filter(|sign| *sign != '\0'),
                _ => None,
            },
            Self::Wingdings => picture(WINGDINGS),
            Self::Wingdings2 => picture(WINGDINGS_2),
        }
    }
}

/// A text in which characters of the font stand at F000, where Windows puts such fonts; those that are no sign known here stay.
pub fn with_signs(text: String, font: Option<SignFont>) -> String {
    match font {
        Some(font) if text.contains(|c| private_byte(c).is_some()) => {
            let sign = |c| private_byte(c).and_then(|byte| font.sign(byte));
            text.chars().map(|c| sign(c).unwrap_or(c)).collect()
        }
        _ => text,
    }
}

fn private_byte(c: char) -> Option<u8> {
    u8::try_from(u32::from(c).checked_sub(0xf000)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_stand_in_their_places() {
        for (byte, sign) in [
            (0x20, ' '),
            (0x2d, '−'),
            (0x44, 'Δ'),
            (0x5a, 'Ζ'),
            (0x6d, 'μ'),
            (0x7e, '∼'),
            (0xa3, '≤'),
            (0xb0, '°'),
            (0xb1, '±'),
            (0xb3, '≥'),
            (0xb7, '•'),
            (0xd6, '√'),
            (0xe5, '∑'),
            (0xf2, '∫'),
            (0xfe, '⎭'),
        ] {
            assert_eq!(SignFont::Symbol.sign(byte), Some(sign), "{byte:x}");
        }
        assert_eq!(SignFont::Symbol.sign(0xf0), None);
        assert_eq!(SignFont::Symbol.sign(0xff), None);
        assert_eq!(SignFont::Wingdings.sign(0xfe), Some('☑'));
        assert_eq!(SignFont::Wingdings.sign(0xa7), Some('▪'));
        assert_eq!(SignFont::Wingdings.sign(0x41), None);
        assert_eq!(
            with_signs("\u{f0b3} 5 \u{f041}".to_owned(), SignFont::named("Wingdings")),
            "\u{f0b3} 5 \u{f041}"
        );
        assert_eq!(with_signs("\u{f0b3} 5".to_owned(), SignFont::named("symbol")), "≥ 5");
    }
}
