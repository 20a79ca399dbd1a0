//! Age brackets as tokens name them: `Y_LT18` (under 18), `Y30-39`, `Y_GE80` (80 and over). Worked out here from the published table, as the
//! forum reads it (`specs/claims.md`).

use crate::wire::tlog::leaf::{Bracket, Hour};

/// A range of ages, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ages {
    youngest: u16,
    oldest: Option<u16>,
}

impl Ages {
    /// Reads the name of a bracket, which has one spelling.
    fn parse(name: &str) -> Option<Self> {
        if let Some(limit) = name.strip_prefix("Y_LT") {
            return Some(Self { youngest: 0, oldest: Some(age(limit)?.checked_sub(1)?) });
        }
        if let Some(youngest) = name.strip_prefix("Y_GE") {
            return Some(Self { youngest: age(youngest)?, oldest: None });
        }
        let (youngest, oldest) = name.strip_prefix('Y')?.split_once('-')?;
        let (youngest, oldest) = (age(youngest)?, age(oldest)?);
        (youngest <= oldest).then_some(Self { youngest, oldest: Some(oldest) })
    }

    /// The ages of a bracket that is one of the table, or several neighbours of it.
    pub(super) fn of(table: &[Bracket], name: &str) -> Option<Self> {
        let wanted = Self::parse(name)?;
        let mut next = wanted.youngest;
        for own in table.iter().filter_map(|own| Self::parse(own.as_str())) {
            if own.youngest != next {
                continue;
            }
            if own.oldest == wanted.oldest {
                return Some(wanted);
            }
            next = own.oldest?.checked_add(1)?;
        }
        None
    }

    /// Whether somebody born in that year has such an age in the calendar year.
    pub(super) fn hold(self, birth_year: i16, year: i16) -> bool {
        let age = i32::from(year) - i32::from(birth_year);
        let oldest = self.oldest.map_or(i32::MAX, i32::from);
        (i32::from(self.youngest)..=oldest).contains(&age)
    }
}

/// The calendar years that count for what was done in an hour: beside that of UTC the one that begins or ended less than a day away, since the
/// legal zone decides.
pub(super) fn years(hour: Hour) -> impl Iterator<Item = i16> {
    let year = |millis: i64| Hour::from_millis(millis).month().year();
    let (first, last) = (year(hour.millis().saturating_sub(DAY)), year(hour.millis().saturating_add(DAY)));
    first..=last
}

fn age(digits: &str) -> Option<u16> {
    let plain = !digits.starts_with('0') && digits.bytes().all(|digit| digit.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

const DAY: i64 = 24 * 3_600_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Vec<Bracket> {
        ["Y_LT18", "Y18-24", "Y25-29", "Y30-39", "Y_GE40"].map(|name| name.parse().unwrap()).into()
    }

    #[test]
    fn a_bracket_is_of_the_table_or_joins_neighbours_of_it() {
        let ages = |name: &str| Ages::of(&table(), name).map(|ages| (ages.youngest, ages.oldest));
        for (name, youngest, oldest) in [
            ("Y_LT18", 0, Some(17)),
            ("Y18-24", 18, Some(24)),
            ("Y_GE40", 40, None),
            ("Y_LT25", 0, Some(24)),
            ("Y18-39", 18, Some(39)),
            ("Y25-39", 25, Some(39)),
            ("Y_GE25", 25, None),
        ] {
            assert_eq!(ages(name), Some((youngest, oldest)), "{name}");
        }
        for name in [
            "",
            "Y",
            "Y_LT",
            "Y_LT0",
            "Y_LT17",
            "Y_LT018",
            "Y18-23",
            "Y19-24",
            "Y18-018",
            "Y24-18",
            "Y_GE41",
            "Y_GE+40",
            "Y18-24 ",
            "Y30-40",
            "Y_GE0",
            "Y_LT99999",
            "18-24",
        ] {
            assert_eq!(ages(name), None, "{name}");
        }
        let gap: Vec<_> = ["Y18-24", "Y30-39"].map(|name| name.parse().unwrap()).into();
        assert_eq!(Ages::of(&gap, "Y18-39"), None);
    }

    #[test]
    fn the_age_is_that_reached_in_the_calendar_year() {
        let holds = |name: &str, born, year| Ages::of(&table(), name).unwrap().hold(born, year);
        assert!(holds("Y_LT18", 2009, 2026) && !holds("Y_LT18", 2008, 2026) && holds("Y18-24", 2008, 2026));
        assert!(holds("Y_GE40", 1900, 2026) && holds("Y_GE40", 1986, 2026) && !holds("Y_GE40", 1987, 2026));
        assert!(!holds("Y_LT18", 2027, 2026), "nobody is born later");
    }

    #[test]
    fn within_a_day_of_the_turn_either_year_counts() {
        let of = |hour: &str| years(hour.parse().unwrap()).collect::<Vec<_>>();
        assert_eq!(of("2026-12-30T23Z"), [2026]);
        assert_eq!(of("2026-12-31T00Z"), [2026, 2027]);
        assert_eq!(of("2027-01-01T23Z"), [2026, 2027]);
        assert_eq!(of("2027-01-02T00Z"), [2027]);
        assert_eq!(of("1970-01-01T00Z"), [1970]);
    }
}
