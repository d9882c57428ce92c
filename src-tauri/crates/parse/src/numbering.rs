//! Numbers that programs put before paragraphs by themselves: how they are counted, and how they are written.

use std::cmp::Ordering;

/// Levels of a list; Word has nine, OpenDocument ten.
pub const LEVELS: usize = 10;

/// How a number is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Numerals {
    /// 1, 2, 3.
    #[default]
    Decimal,
    /// 01, 02, 03.
    PaddedDecimal,
    /// a to z, aa, ab.
    LowerLetter,
    /// A to Z, AA, AB.
    UpperLetter,
    /// a to z, aa, bb: as Word counts.
    LowerLetterDoubled,
    /// A to Z, AA, BB.
    UpperLetterDoubled,
    /// i, ii, iii.
    LowerRoman,
    /// I, II, III.
    UpperRoman,
}

impl Numerals {
    /// By the sign that HTML and OpenDocument give them: `1`, `a`, `A`, `i`, `I`.
    pub fn of_sign(sign: &str) -> Option<Self> {
        Some(match sign {
            "1" => Self::Decimal,
            "a" => Self::LowerLetter,
            "A" => Self::UpperLetter,
            "i" => Self::LowerRoman,
            "I" => Self::UpperRoman,
            _ => return None,
        })
    }

    /// The number in these numerals; in digits where they have no sign for it.
    pub fn write(self, number: u32) -> String {
        let written = match self {
            Self::Decimal => None,
            Self::PaddedDecimal => Some(format!("{number:02}")),
            Self::LowerLetter => letters(number),
            Self::UpperLetter => letters(number).map(|text| text.to_uppercase()),
            Self::LowerLetterDoubled => doubled_letters(number),
            Self::UpperLetterDoubled => doubled_letters(number).map(|text| text.to_uppercase()),
            Self::LowerRoman => roman(number).map(|text| text.to_lowercase()),
            Self::UpperRoman => roman(number),
        };
        written.unwrap_or_else(|| number.to_string())
    }
}

fn letter(at: u32) -> char {
    char::from(b'a' + (at % 26) as u8)
}

fn letters(mut number: u32) -> Option<String> {
    let mut reversed = Vec::new();
    while number > 0 {
        reversed.push(letter(number - 1));
        number = (number - 1) / 26;
    }
    (!reversed.is_empty()).then(|| reversed.iter().rev().collect())
}

fn doubled_letters(number: u32) -> Option<String> {
    // Word goes no further.
    let times = (1..=780).contains(&number).then(|| (number - 1) / 26 + 1)?;
    Some(letter(number - 1).to_string().repeat(times as usize))
}

fn roman(mut number: u32) -> Option<String> {
    const SIGNS: [(u32, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if !(1..4000).contains(&number) {
        return None;
    }
    let mut out = String::new();
    for (value, sign) in SIGNS {
        while number >= value {
            out.push_str(sign);
            number -= value;
        }
    }
    Some(out)
}

/// How far each level of a list has come.
#[derive(Clone, Debug, Default)]
pub struct Counts([Option<u32>; LEVELS]);

impl Counts {
    /// Counts on at a level. Levels that have not begun do so with what `start` says, those above it as well; the deeper ones for which
    /// `restarts` begin again.
    pub fn count(&mut self, level: usize, start: impl Fn(usize) -> u32, restarts: impl Fn(usize) -> bool) {
        let counts = self.0.iter_mut().enumerate().filter(|_| level < LEVELS);
        for (at, count) in counts {
            *count = match at.cmp(&level) {
                Ordering::Less => count.or_else(|| Some(start(at))),
                Ordering::Equal => Some(count.map_or_else(|| start(at), |count| count.saturating_add(1))),
                Ordering::Greater => count.filter(|_| !restarts(at)),
            };
        }
    }

    /// Lets a level and the deeper ones begin again.
    pub fn restart(&mut self, level: usize) {
        for count in self.0.iter_mut().skip(level) {
            *count = None;
        }
    }

    /// Lets the next of a level be this number.
    pub fn go_to(&mut self, level: usize, number: u32) {
        if let Some(count) = self.0.get_mut(level) {
            *count = number.checked_sub(1);
        }
    }

    /// Where a level stands; nothing where it has not begun.
    pub fn at(&self, level: usize) -> Option<u32> {
        self.0.get(level).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_they_are_counted() {
        for (numerals, number, written) in [
            (Numerals::Decimal, 12, "12"),
            (Numerals::PaddedDecimal, 7, "07"),
            (Numerals::LowerLetter, 3, "c"),
            (Numerals::UpperLetter, 28, "AB"),
            (Numerals::LowerLetterDoubled, 28, "bb"),
            (Numerals::UpperLetterDoubled, u32::MAX, "4294967295"),
            (Numerals::LowerRoman, 14, "xiv"),
            (Numerals::UpperRoman, 1999, "MCMXCIX"),
            (Numerals::UpperRoman, 4000, "4000"),
            (Numerals::LowerLetter, 0, "0"),
        ] {
            assert_eq!(numerals.write(number), written);
        }
    }

    #[test]
    fn deeper_levels_begin_again() {
        let mut counts = Counts::default();
        for level in [0, 1, 1, 2, 0, 1] {
            counts.count(level, |_| 1, |_| true);
        }
        assert_eq!((counts.at(0), counts.at(1), counts.at(2)), (Some(2), Some(1), None));
        counts.restart(0);
        counts.count(1, |_| 1, |_| true);
        counts.count(0, |_| 1, |_| true);
        assert_eq!(counts.at(0), Some(2), "a deeper item stands in one above it");
        counts.count(LEVELS, |_| 1, |_| true);
        counts.go_to(0, u32::MAX);
        counts.count(0, |_| 1, |_| true);
        counts.count(0, |_| 1, |_| true);
        assert_eq!(counts.at(0), Some(u32::MAX));
    }
}
