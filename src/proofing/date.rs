//! Dates as people write them at a counter: `2/3/1987`, `02.03.1987`, `02031987`, `1987-03-02`, `2 mars 1987`, `1960`.
//!
//! The day comes before the month, as everywhere in Europe. The year has four digits: of `87` nobody knows which it is.

use std::fmt::Write as _;

use jiff::civil::Date;
use zeroize::Zeroizing;

/// The text as `YYYY-MM-DD`, with `00` for what it leaves out, when it has the form of a date. Whether there is such a day
/// is for the vault to say.
pub(super) fn iso(text: &str) -> Option<Zeroizing<String>> {
    let (year, month, day) = parts(text)?;
    // One allocation of the final size: a text that grew would leave copies behind that nobody wipes.
    let mut iso = Zeroizing::new(String::with_capacity(16));
    write!(iso, "{year:04}-{month:02}-{day:02}").ok()?;
    Some(iso)
}

/// The last day that the text means: `2028` is 31 December 2028, `2/2028` is 29 February 2028.
pub(super) fn last_day(text: &str) -> Option<Date> {
    let (year, month, day) = parts(text)?;
    let [year, month, day] = [year, month, day].map(i16::try_from);
    let (year, month, day) = (year.ok()?, i8::try_from(month.ok()?).ok()?, i8::try_from(day.ok()?).ok()?);
    match (month, day) {
        (0, 0) => Date::new(year, 12, 31).ok(),
        (month, 0) => Date::new(year, month, 1).ok().map(Date::last_of_month),
        (month, day) => Date::new(year, month, day).ok(),
    }
}

/// Year, month and day; 0 for a month or day that is left out.
fn parts(text: &str) -> Option<(u16, u16, u16)> {
    let text = text.trim();
    if text.len() > LONGEST {
        return None;
    }
    let mut words =
        text.split(|c: char| c.is_whitespace() || "/.-,\u{2011}\u{2013}".contains(c)).filter(|w| !w.is_empty());
    let found = [words.next(), words.next(), words.next()];
    if words.next().is_some() {
        return None;
    }
    match found {
        [Some(one), None, None] if one.len() == 8 => together(one),
        [Some(year), None, None] => Some((four(year)?, 0, 0)),
        [Some(one), Some(other), None] => match (four(one), four(other)) {
            (Some(year), None) => Some((year, month(other)?, 0)),
            (None, Some(year)) => Some((year, month(one)?, 0)),
            _ => None,
        },
        [Some(one), Some(two), Some(three)] => match (four(one), four(three)) {
            (Some(year), None) => Some((year, month(two)?, short(three)?)),
            (None, Some(year)) => match short(one) {
                Some(day) => Some((year, month(two)?, day)),
                None => Some((year, named(one)?, short(two)?)),
            },
            _ => None,
        },
        _ => None,
    }
}

/// Eight digits: day, month, year, or year, month, day. Of the two only one can be a year of somebody alive.
fn together(text: &str) -> Option<(u16, u16, u16)> {
    let number = |from: usize, to: usize| digits(text.get(from..to)?);
    let (day_first, year_first) = (number(4, 8)?, number(0, 4)?);
    if YEARS.contains(&day_first) {
        return Some((day_first, number(2, 4)?, number(0, 2)?));
    }
    YEARS.contains(&year_first).then_some((year_first, number(4, 6)?, number(6, 8)?))
}

fn four(text: &str) -> Option<u16> {
    digits(text).filter(|_| text.len() == 4)
}

fn short(text: &str) -> Option<u16> {
    let text = text.strip_suffix("er").unwrap_or(text);
    digits(text).filter(|_| text.len() <= 2)
}

fn month(text: &str) -> Option<u16> {
    short(text).or_else(|| named(text))
}

/// A month by its name in French or English, or by the beginning of it.
fn named(text: &str) -> Option<u16> {
    let begins = |name: &str| {
        let mut letters = name.chars();
        text.chars().all(|c| c.to_lowercase().all(|c| letters.next() == Some(c)))
    };
    // "jui" could be June as well as July in French.
    let enough = text.chars().count() >= 3 && !text.eq_ignore_ascii_case("jui");
    MONTHS.iter().find(|(name, _)| enough && begins(name)).map(|(_, number)| *number)
}

fn digits(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

const LONGEST: usize = 40;
const YEARS: std::ops::RangeInclusive<u16> = 1850..=2199;
const MONTHS: [(&str, u16); 27] = [
    ("janvier", 1),
    ("january", 1),
    ("février", 2),
    ("fevrier", 2),
    ("february", 2),
    ("mars", 3),
    ("march", 3),
    ("avril", 4),
    ("april", 4),
    ("mai", 5),
    ("may", 5),
    ("juin", 6),
    ("june", 6),
    ("juillet", 7),
    ("july", 7),
    ("août", 8),
    ("aout", 8),
    ("august", 8),
    ("septembre", 9),
    ("september", 9),
    ("octobre", 10),
    ("october", 10),
    ("novembre", 11),
    ("november", 11),
    ("décembre", 12),
    ("decembre", 12),
    ("december", 12),
];

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<String> {
        iso(text).map(|iso| iso.to_string())
    }

    #[test]
    fn one_day_is_written_in_many_ways() {
        for text in [
            "1987-03-02",
            "02/03/1987",
            "2/3/1987",
            " 2.3.1987 ",
            "2 3 1987",
            "02-03-1987",
            "02031987",
            "19870302",
            "2 mars 1987",
            "2 MARS 1987",
            "2 March 1987",
            "March 2, 1987",
            "1987/03/02",
        ] {
            assert_eq!(read(text).as_deref(), Some("1987-03-02"), "{text}");
        }
        for (text, day) in [
            ("1er août 1931", "1931-08-01"),
            ("3 déc 2001", "2001-12-03"),
            ("20101201", "2010-12-01"),
            ("20122010", "2010-12-20"),
            ("juil 14 1950", "1950-07-14"),
        ] {
            assert_eq!(read(text).as_deref(), Some(day), "{text}");
        }
    }

    #[test]
    fn what_the_document_leaves_out_is_zero() {
        for (text, day) in [
            ("1960", "1960-00-00"),
            ("00/00/1960", "1960-00-00"),
            ("7/1960", "1960-07-00"),
            ("1960-07", "1960-07-00"),
            ("juillet 1960", "1960-07-00"),
        ] {
            assert_eq!(read(text).as_deref(), Some(day), "{text}");
        }
    }

    #[test]
    fn what_could_mean_two_days_or_none_is_not_a_date() {
        for text in [
            "",
            "2/3/87",
            "87-03-02",
            "2/3",
            "jui 1960",
            "x",
            "1 2 3 4",
            "02/03/19870",
            "٢/٣/1987",
            "-",
            "1e3",
            "12345678901234567890",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read("30/02/1987").as_deref(), Some("1987-02-30"), "the vault knows the calendar");
    }

    #[test]
    fn the_end_of_a_year_or_month_is_its_last_day() {
        for (text, day) in [
            ("2028", Some(date(2028, 12, 31))),
            ("2/2028", Some(date(2028, 2, 29))),
            ("31/3/2028", Some(date(2028, 3, 31))),
            ("31/4/2028", None),
            ("13/2028", None),
            ("soon", None),
        ] {
            assert_eq!(last_day(text), day, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_date_of_ten_characters_or_none(text in "\\PC{0,24}|[0-9/. -]{0,12}") {
            prop_assert!(iso(&text).is_none_or(|iso| iso.len() == 10));
            let _ = last_day(&text);
        }
    }
}
