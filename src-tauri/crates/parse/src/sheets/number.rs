//! Numbers as a person reads them in a cell: without the noise of binary fractions, with the percent sign, currency or unit that
//! the cell's format gives them. Digits are neither rounded to what the column has room for nor grouped: a search looks for `1234567`.

use std::collections::HashMap;

/// Letters of a unit at most; what is longer is a sentence, not a unit.
const LONGEST_UNIT: usize = 12;

/// What a number format adds that changes what a number means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    percent: bool,
    before: String,
    after: String,
}

impl Look {
    /// From a format code (ECMA-376 part 1, 18.8.31). Only the section for positive numbers counts.
    pub fn of(code: &str) -> Self {
        let mut look = Self::default();
        // Whether digits were met: what stands before them is written before the number.
        let mut digits = false;
        let mut chars = code.chars();
        while let Some(c) = chars.next() {
            let literal: String = match c {
                ';' => break,
                '0' | '#' | '?' | 'G' => {
                    digits = true;
                    continue;
                }
                '%' => {
                    look.percent = true;
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
                    // `[$€-407]`: a currency and whose it is; other brackets hold colours and conditions.
                    let Some(currency) = inside.strip_prefix('$') else {
                        continue;
                    };
                    currency.split('-').next().unwrap_or_default().to_owned()
                }
                '$' | '€' | '£' | '¥' | '₹' => c.to_string(),
                _ => continue,
            };
            if digits { &mut look.after } else { &mut look.before }.push_str(&literal);
        }
        look.before = unit(&look.before);
        look.after = unit(&look.after);
        if digits { look } else { Self::default() }
    }

    /// The number with what belongs to it.
    pub fn write(&self, value: f64) -> String {
        let shown = if self.percent {
            format!("{}%", plain(value * 100.0))
        } else {
            plain(value)
        };
        let is_word = |text: &str| text.chars().any(char::is_alphanumeric);
        let before = if is_word(&self.before) {
            format!("{} ", self.before)
        } else {
            self.before.clone()
        };
        let after = if self.after.is_empty() {
            String::new()
        } else {
            format!(" {}", self.after)
        };
        // A unit that is words stands apart from the digits.
        format!("{before}{shown}{after}")
    }
}

fn unit(literal: &str) -> String {
    let unit = literal.trim();
    let says_something = unit
        .chars()
        .any(|c| c.is_alphabetic() || matches!(c, '$' | '€' | '£' | '¥' | '₹' | '°' | '‰'));
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
        ] {
            assert_eq!(Look::of(code).write(value), shown, "{code}");
        }
    }
}
