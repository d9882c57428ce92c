//! Numbers as a person reads them in a cell: without the noise of binary fractions, with the percent sign, currency or unit that
//! the cell's format gives them, in thousands where it shows thousands, with the zeros before a postcode. Digits are neither rounded to
//! what the column has room for nor grouped: a search looks for `1234567`.

use std::collections::HashMap;

/// Letters of a unit at most; what is longer is a sentence, not a unit.
const LONGEST_UNIT: usize = 12;

/// Bytes of a mask at most, and decimals.
const LONGEST_MASK: usize = 24;
const MOST_DECIMALS: usize = 15;

/// What a number is that is shown in a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Number,
    /// Days since workbooks began to count: a day, a time of day, or both.
    Date,
    /// Days as hours, minutes, seconds: `[h]:mm`.
    Duration,
}

impl Kind {
    /// From a format code: one of days and times has their letters, no others, and no place for digits but of fractions of a second.
    pub fn of(code: &str) -> Self {
        let mut kind = Self::Number;
        let mut behind_seconds = false;
        let mut chars = code.chars();
        while let Some(c) = chars.next() {
            let is_fraction = std::mem::take(&mut behind_seconds) && matches!(c, '.' | '0');
            match c {
                ';' => break,
                '"' => chars.by_ref().take_while(|c| *c != '"').for_each(drop),
                // A colour, whose calendar it is, or a duration.
                '[' => {
                    let inside: String = chars.by_ref().take_while(|c| *c != ']').collect();
                    let inside = inside.to_ascii_lowercase();
                    let first = inside.chars().next().unwrap_or_default();
                    if matches!(first, 'h' | 'm' | 's') && inside.chars().all(|c| c == first) {
                        return Self::Duration;
                    }
                }
                '\\' | '_' | '*' => {
                    chars.next();
                }
                _ if is_fraction => behind_seconds = true,
                's' | 'S' => (kind, behind_seconds) = (Self::Date, true),
                'd' | 'D' | 'm' | 'M' | 'y' | 'Y' | 'h' | 'H' => kind = Self::Date,
                // Morning or afternoon; years and eras of other calendars.
                'a' | 'A' | 'p' | 'P' | 'b' | 'B' | 'e' | 'E' | 'g' | 'G' => {}
                c if c.is_ascii_alphabetic() || matches!(c, '0' | '#' | '?') => return Self::Number,
                _ => {}
            }
        }
        kind
    }
}

/// What a number format adds that changes what a number means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    percent: bool,
    before: String,
    after: String,
    /// How often the number is divided by a thousand, and the decimals that are then shown.
    thousands: i32,
    decimals: usize,
    /// Digits that are shown whatever the number, and what stands between them: `0` for each digit, as in `000-0000`.
    mask: Option<String>,
}

impl Look {
    /// From a format code (ECMA-376 part 1, 18.8.31). Only the section for positive numbers counts; where sections have conditions of
    /// their own, what one says may not be true of the number.
    pub fn of(code: &str) -> Self {
        let mut look = Self::default();
        // Literals that stand behind the last digit so far; those between digits.
        let (mut behind, mut within) = (String::new(), String::new());
        let mut mask = Some(String::new());
        // What stands before digits is written before the number.
        let (mut digits, mut point, mut commas, mut after_digit) = (false, false, 0, false);
        let mut chars = code.chars();
        while let Some(c) = chars.next() {
            let follows_digit = std::mem::take(&mut after_digit);
            let literal: String = match c {
                ';' => break,
                '0' | '#' | '?' | 'G' => {
                    (digits, after_digit, commas) = (true, true, 0);
                    look.decimals = (look.decimals + usize::from(point)).min(MOST_DECIMALS);
                    within.push_str(&behind);
                    mask = mask
                        .filter(|mask| c == '0' && mask.len() + behind.len() < LONGEST_MASK)
                        .map(|mask| mask + &behind + "0");
                    behind.clear();
                    continue;
                }
                ',' => {
                    // Between digits it groups them; behind the last it divides.
                    after_digit = follows_digit;
                    commas += i32::from(follows_digit);
                    continue;
                }
                '.' => {
                    (point, mask) = (true, None);
                    look.thousands += std::mem::take(&mut commas);
                    continue;
                }
                '%' => {
                    (look.percent, mask) = (true, None);
                    continue;
                }
                '"' => chars.by_ref().take_while(|c| *c != '"').collect(),
                '\\' => chars.next().into_iter().collect(),
                // Room as wide as a character, or filled with it.
                '_' | '*' => {
                    chars.next();
                    continue;
                }
                '[' => {
                    let inside: String = chars.by_ref().take_while(|c| *c != ']').collect();
                    if inside.starts_with(['<', '>', '=']) {
                        return Self::default();
                    }
                    // `[$€-407]`: a currency and whose it is; other brackets hold colours.
                    let Some(currency) = inside.strip_prefix('$') else {
                        continue;
                    };
                    currency.split('-').next().unwrap_or_default().to_owned()
                }
                '$' | '€' | '£' | '¥' | '₹' => c.to_string(),
                '-' | ' ' | '/' | ':' if digits => c.to_string(),
                _ => {
                    mask = mask.filter(String::is_empty);
                    continue;
                }
            };
            if digits { &mut behind } else { &mut look.before }.push_str(&literal);
        }
        look.thousands += commas;
        look.mask = mask.filter(|mask| mask.matches('0').count() > 1 && !within.contains('0') && look.thousands == 0);
        look.before = unit(&look.before);
        look.after = unit(&if look.mask.is_some() { behind } else { within + &behind });
        if digits { look } else { Self::default() }
    }

    /// The number with what belongs to it.
    pub fn write(&self, value: f64) -> String {
        let shown = self.digits(value);
        let is_word = |text: &str| text.chars().any(char::is_alphanumeric);
        let before = if is_word(&self.before) {
            format!("{} ", self.before)
        } else {
            self.before.clone()
        };
        let after = match self.after.as_str() {
            "" | "%" => self.after.clone(),
            unit => format!(" {unit}"),
        };
        // A unit that is words stands apart from the digits.
        format!("{before}{shown}{after}")
    }

    fn digits(&self, value: f64) -> String {
        if self.percent {
            return format!("{}%", plain(value * 100.0));
        }
        if self.thousands > 0 {
            let scaled = format!("{:.*}", self.decimals, value / 1000_f64.powi(self.thousands));
            return scaled.parse().map_or(scaled, plain);
        }
        match &self.mask {
            Some(mask) if value.fract() == 0.0 && (0.0..1e15).contains(&value) => masked(mask, value as u64),
            _ => plain(value),
        }
    }
}

/// The digits put in their places from the right; what has no place stands before them.
fn masked(mask: &str, value: u64) -> String {
    let digits = format!("{value:0width$}", width = mask.matches('0').count());
    let (front, placed) = digits.split_at(digits.len() - mask.matches('0').count());
    let mut placed = placed.chars();
    let shown = mask
        .chars()
        .map(|c| if c == '0' { placed.next().unwrap_or(c) } else { c });
    front.chars().chain(shown).collect()
}

fn unit(literal: &str) -> String {
    let unit = literal.trim();
    let says_something = unit
        .chars()
        .any(|c| c.is_alphabetic() || matches!(c, '$' | '€' | '£' | '¥' | '₹' | '°' | '‰' | '%'));
    if says_something && unit.chars().count() <= LONGEST_UNIT {
        unit.to_owned()
    } else {
        String::new()
    }
}

/// A number as short as it was meant, without an exponent where it can be read without one. Excel keeps 15 digits: where these are
/// few, what is behind them is the noise of binary fractions; where they are many, all are kept, as other readers keep them.
pub fn plain(value: f64) -> String {
    /// Digits that a person typed or rounded to.
    const FEW: usize = 12;
    let size = value.abs();
    if size != 0.0 && !(1e-9..1e21).contains(&size) {
        return format!("{value:E}");
    }
    // No minus before nothing.
    if size == 0.0 {
        return "0".to_owned();
    }
    let rounded: f64 = format!("{value:.14e}").parse().unwrap_or(value);
    let text = rounded.to_string();
    let digits = text
        .trim_start_matches(['-', '0', '.'])
        .bytes()
        .filter(u8::is_ascii_digit);
    if digits.count() <= FEW { text } else { value.to_string() }
}

/// The looks of a workbook, by format code: each is parsed once.
#[derive(Debug, Default)]
pub struct Looks(HashMap<String, Look>);

impl Looks {
    /// The number as a cell of this format shows it.
    pub fn write(&mut self, code: Option<&str>, value: f64) -> String {
        let Some(code) = code.filter(|code| *code != "General") else {
            return plain(value);
        };
        if !self.0.contains_key(code) {
            self.0.insert(code.to_owned(), Look::of(code));
        }
        self.0.get(code).map_or_else(|| plain(value), |look| look.write(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_without_noise() {
        assert_eq!(plain(0.1 + 0.2), "0.3");
        assert_eq!(plain(1_234_567.0), "1234567");
        assert_eq!(plain(-0.0), "0");
        assert_eq!(plain(1e300), "1E300");
        assert_eq!(plain(1.5e-12), "1.5E-12");
        assert_eq!(plain(123_456_789_012_345.0), "123456789012345");
        assert_eq!(plain(1.0 / 3.0), "0.3333333333333333");
        assert_eq!(plain(f64::NAN), "NaN");
    }

    #[test]
    fn formats_say_what_a_number_is() {
        for (code, kind) in [
            ("dd.mm.yyyy", Kind::Date),
            ("[$-407]d. mmmm yyyy;@", Kind::Date),
            ("h:mm:ss.000", Kind::Date),
            ("mm:ss", Kind::Date),
            ("[$-411]ggge\"年\"m\"月\"d\"日\"", Kind::Date),
            ("[h]:mm:ss", Kind::Duration),
            ("[Red][mm]:ss.0", Kind::Duration),
            ("General", Kind::Number),
            ("Standard", Kind::Number),
            ("0.00\" days\"", Kind::Number),
            ("#,##0.00\\ [$€-407]", Kind::Number),
            ("0.00E+00", Kind::Number),
            ("@", Kind::Number),
        ] {
            assert_eq!(Kind::of(code), kind, "{code}");
        }
    }

    #[test]
    fn formats_give_percent_currency_and_unit() {
        for (code, value, shown) in [
            ("0.0%", 0.4567, "45.67%"),
            ("0%", 0.07, "7%"),
            ("\"$\"#,##0.00", 1234.5, "$1234.5"),
            ("_(\"$\"* #,##0.00_);_(\"$\"* \\(#,##0.00\\)", 3.0, "$3"),
            ("[$€-407]\\ #,##0.00", 99.0, "€99"),
            ("#,##0.00\\ [$CHF-807]", 12.5, "12.5 CHF"),
            ("0.0\" kg\"", 2.5, "2.5 kg"),
            ("[Red]0.00", 1.5, "1.5"),
            ("0.00E+00", 123_456.0, "123456"),
            ("\"n/a\"", 5.0, "5"),
            ("General", 5.25, "5.25"),
            ("#,##0_);(#,##0)", -7.0, "-7"),
            ("@", 7.0, "7"),
            ("0.0\"%\"", 7.5, "7.5%"),
            ("0\\ \"dollars and\"\\ .00\\ \"cents\"", 5.25, "5.25"),
        ] {
            assert_eq!(Look::of(code).write(value), shown, "{code}");
        }
    }

    #[test]
    fn formats_scale_and_pad() {
        for (code, value, shown) in [
            ("0.0,,\"M\"", 5_300_000.0, "5.3 M"),
            ("#,##0,", 5_300_499.0, "5300"),
            ("0,.00\"k\"", -1_234.0, "-1.23 k"),
            ("[>=1000000]0.0,,\"M\";[>=1000]0.0,\"K\";0", 5_300_000.0, "5300000"),
            ("[$€-407]0.0,,\\ \"Mio.\"", 5_300_000.0, "€5.3 Mio."),
            ("00000", 1_067.0, "01067"),
            ("00000", 123_456.0, "123456"),
            ("00000", 1_067.5, "1067.5"),
            ("00000", -7.0, "-7"),
            ("000-0000", 5_551_234.0, "555-1234"),
            ("000\\-00\\-0000", 12_345_678.0, "012-34-5678"),
            ("\"No. \"000", 7.0, "No. 007"),
            ("00\"m\"", 7.0, "07 m"),
            ("00.0", 7.5, "7.5"),
            ("0,000", 7.0, "0007"),
            ("0", 7.0, "7"),
            ("0#", 7.0, "7"),
            ("00E+00", 7.0, "7"),
            ("0".repeat(1_000_000).as_str(), 7.0, "7"),
            (
                format!("0.{}{}", "0".repeat(99_999), ",".repeat(1_000)).as_str(),
                7.0,
                "0",
            ),
        ] {
            assert_eq!(Look::of(code).write(value), shown, "{code}");
        }
    }
}
