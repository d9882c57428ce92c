//! A point of time as templates write it: Llama's and Mistral's tell the model what day it is.

use std::time::{SystemTime, UNIX_EPOCH};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The epoch's own day first.
const DAYS: [&str; 7] = [
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
];

/// A point of time, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    year: u64,
    /// From 0.
    month: usize,
    day: u64,
    /// From 1.
    day_of_year: u64,
    weekday: usize,
    /// Of the day.
    second: u64,
}

impl From<SystemTime> for Moment {
    /// By Howard Hinnant's civil-from-days; times before 1970 are the epoch.
    fn from(time: SystemTime) -> Self {
        let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let days = seconds / 86_400;
        let (era, day_of_era) = ((days + 719_468) / 146_097, (days + 719_468) % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        // Counted from the first of March, so that a leap day is a year's last.
        let since_march = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * since_march + 2) / 153;
        let month = (shifted as usize + 2) % 12;
        let year = year_of_era + era * 400 + u64::from(month < 2);
        let leap = year.is_multiple_of(400) || (year.is_multiple_of(4) && !year.is_multiple_of(100));
        Self {
            year,
            month,
            day: since_march - (153 * shifted + 2) / 5 + 1,
            day_of_year: if month < 2 {
                since_march - 305
            } else {
                since_march + 60 + u64::from(leap)
            },
            weekday: (days % 7) as usize,
            second: seconds % 86_400,
        }
    }
}

impl Moment {
    /// As C's `strftime` writes it in English; what it does not know stays as it is.
    pub fn format(&self, format: &str) -> String {
        let mut out = String::with_capacity(format.len() * 2);
        let mut characters = format.chars();
        while let Some(character) = characters.next() {
            if character != '%' {
                out.push(character);
                continue;
            }
            let wanted = characters.next();
            let (month, weekday) = (MONTHS[self.month], DAYS[self.weekday]);
            let written = match wanted {
                Some('Y') => self.year.to_string(),
                Some('y') => two(self.year % 100),
                Some('m') => two(self.month as u64 + 1),
                Some('B') => month.to_owned(),
                Some('b') => month[..3].to_owned(),
                Some('d') => two(self.day),
                Some('j') => format!("{:03}", self.day_of_year),
                Some('A') => weekday.to_owned(),
                Some('a') => weekday[..3].to_owned(),
                Some('H') => two(self.second / 3600),
                Some('M') => two(self.second / 60 % 60),
                Some('S') => two(self.second % 60),
                Some('%') => "%".to_owned(),
                Some(other) => format!("%{other}"),
                None => "%".to_owned(),
            };
            out.push_str(&written);
        }
        out
    }
}

fn two(number: u64) -> String {
    format!("{number:02}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(seconds: u64) -> Moment {
        Moment::from(UNIX_EPOCH + Duration::from_secs(seconds))
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let day = |seconds| at(seconds).format("%a %d %b %Y, day %j");
        assert_eq!(day(0), "Thu 01 Jan 1970, day 001");
        assert_eq!(day(951_782_400), "Tue 29 Feb 2000, day 060");
        assert_eq!(day(1_735_603_200), "Tue 31 Dec 2024, day 366");
        assert_eq!(day(1_740_787_200), "Sat 01 Mar 2025, day 060");
        assert_eq!(day(4_107_542_400), "Mon 01 Mar 2100, day 060");
    }

    #[test]
    fn every_part_is_written_as_c_does() {
        let moment = at(1_764_522_367);
        assert_eq!(
            moment.format("%A, %B %d, %Y (%y-%m)"),
            "Sunday, November 30, 2025 (25-11)"
        );
        assert_eq!(moment.format("%H:%M:%S"), "17:06:07");
        assert_eq!(moment.format("100 %% %Q %"), "100 % %Q %");
    }
}
