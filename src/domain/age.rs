//! Age and the legal calendar: which day it is in law, and when somebody comes of age.
//!
//! The service does not keep the date of birth. It keeps the year, and for a minor the day of majority until it has
//! come ([`BirthFacts`]). The day changes at midnight of the legal zone, wherever the person is. Where a birth on
//! 29 February meets a year without that day, the law of the place decides ([`LeapDay`]); the default is the later day,
//! so that nobody is ever too young.

use std::fmt;

use jiff::{civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::ambient::Timestamp;

/// On which day of a common year somebody born on 29 February completes a year of life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LeapDay {
    #[default]
    #[serde(rename = "march-1")]
    March1,
    #[serde(rename = "february-28")]
    February28,
}

/// The zone whose midnights count, and the rule for 29 February.
#[derive(Clone, Debug)]
pub struct LegalCalendar {
    zone: TimeZone,
    leap_day: LeapDay,
}

impl LegalCalendar {
    /// `zone` is a name of the IANA time zone database: `Europe/Paris`.
    pub fn new(zone: &str, leap_day: LeapDay) -> Result<Self, UnknownZone> {
        let zone = TimeZone::get(zone).map_err(|_| UnknownZone(zone.to_owned()))?;
        Ok(Self { zone, leap_day })
    }

    /// The legal day at this instant. Instants beyond the years -9999 to 9999 count as the first or last day of them.
    pub fn today(&self, now: Timestamp) -> Date {
        let limit = if now.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        self.zone.to_datetime(jiff::Timestamp::from_millisecond(now.0).unwrap_or(limit)).date()
    }

    /// The legal year at this instant: the claim `claims_as_of`, and the year of the brackets.
    pub fn year(&self, now: Timestamp) -> i16 {
        self.today(now).year()
    }

    /// The first day on which somebody born on this day is 18.
    fn majority(&self, birth: Date) -> Date {
        let year = birth.year().saturating_add(MAJORITY);
        let (month, day) = match self.leap_day {
            LeapDay::March1 => (3, 1),
            LeapDay::February28 => (2, 28),
        };
        let same_day = Date::new(year, birth.month(), birth.day());
        same_day.or_else(|_| Date::new(year, month, day)).unwrap_or(Date::MAX)
    }
}

/// What the service keeps of a date of birth.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Row", into = "Row")]
pub struct BirthFacts {
    year: i16,
    majority_on: Option<Date>,
}

impl BirthFacts {
    /// From the date of birth, which the caller then wipes. The day of majority is kept only if it is still to come.
    pub fn new(birth: Date, calendar: &LegalCalendar, now: Timestamp) -> Result<Self, InvalidBirth> {
        let today = calendar.today(now);
        if birth > today {
            return Err(InvalidBirth::Future);
        }
        if birth.year() < EARLIEST_YEAR {
            return Err(InvalidBirth::TooEarly);
        }
        Ok(Self { year: birth.year(), majority_on: Some(calendar.majority(birth)) }.settled(today))
    }

    pub const fn year(&self) -> i16 {
        self.year
    }

    /// The first day on which a minor is 18; none of an adult.
    pub const fn majority_on(&self) -> Option<Date> {
        self.majority_on
    }

    /// Forgets the day of majority once it has come: from then on it would tell a birthday to no purpose.
    #[must_use]
    pub fn settled(self, today: Date) -> Self {
        Self { majority_on: self.majority_on.filter(|day| *day > today), ..self }
    }

    /// Whether the person has completed 18 years of life on this legal day: the claim `age_over_18`.
    pub fn over_18(&self, today: Date) -> bool {
        match self.majority_on {
            Some(day) => today >= day,
            // Settled in this year or before. In no earlier year was it true, whatever a clock set back may say.
            None => i32::from(today.year()) - i32::from(self.year) >= i32::from(MAJORITY),
        }
    }
}

/// Nothing of it: it is close to a date of birth.
impl fmt::Debug for BirthFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BirthFacts(…)")
    }
}

/// A zone that the time zone database does not have.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("legal zone {0:?} is not in the IANA time zone database: write a name like Europe/Paris")]
pub struct UnknownZone(String);

/// Why a date of birth was refused. The date itself is not repeated.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidBirth {
    #[error("the date of birth is in the future: check the year")]
    Future,
    #[error("the date of birth is before {EARLIEST_YEAR}: check the year")]
    TooEarly,
    #[error("the day of majority is not in the year of the 18th birthday")]
    Incoherent,
}

/// The form in which the facts are stored: `{"y":1990}`, `{"y":2012,"m":[2030,3,1]}`.
#[derive(Serialize, Deserialize)]
struct Row {
    y: i16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    m: Option<(i16, i8, i8)>,
}

impl TryFrom<Row> for BirthFacts {
    type Error = InvalidBirth;

    fn try_from(row: Row) -> Result<Self, InvalidBirth> {
        let majority_on = row.m.map(|(year, month, day)| Date::new(year, month, day)).transpose();
        let majority_on = majority_on.map_err(|_| InvalidBirth::Incoherent)?;
        if majority_on.is_some_and(|day| i32::from(day.year()) != i32::from(row.y) + i32::from(MAJORITY)) {
            return Err(InvalidBirth::Incoherent);
        }
        Ok(Self { year: row.y, majority_on })
    }
}

impl From<BirthFacts> for Row {
    fn from(facts: BirthFacts) -> Self {
        Self { y: facts.year, m: facts.majority_on.map(|day| (day.year(), day.month(), day.day())) }
    }
}

const MAJORITY: i16 = 18;
/// Nobody alive was born earlier; what is earlier is a slip of the keyboard.
const EARLIEST_YEAR: i16 = 1850;

#[cfg(test)]
mod tests {
    use jiff::{ToSpan, civil::date};
    use proptest::prelude::*;

    use super::*;
    use crate::domain::bracket::BracketTable;

    fn paris() -> LegalCalendar {
        LegalCalendar::new("Europe/Paris", LeapDay::default()).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn born(year: i16, month: i8, day: i8, calendar: &LegalCalendar) -> BirthFacts {
        BirthFacts::new(date(year, month, day), calendar, at("2026-01-15T12:00:00Z")).unwrap()
    }

    #[test]
    fn the_day_changes_at_midnight_of_the_legal_zone_in_winter_and_in_summer() {
        let today = |text| paris().today(at(text));
        assert_eq!(today("2026-01-31T22:59:59.999Z"), date(2026, 1, 31));
        assert_eq!(today("2026-01-31T23:00:00Z"), date(2026, 2, 1));
        assert_eq!(today("2026-06-30T21:59:59.999Z"), date(2026, 6, 30));
        assert_eq!(today("2026-06-30T22:00:00Z"), date(2026, 7, 1));
    }

    #[test]
    fn the_day_of_the_change_to_summer_time_has_23_hours_and_that_back_25() {
        let today = |text| paris().today(at(text));
        assert_eq!(today("2026-03-28T23:00:00Z"), date(2026, 3, 29));
        assert_eq!(today("2026-03-29T21:59:59Z"), date(2026, 3, 29));
        assert_eq!(today("2026-03-29T22:00:00Z"), date(2026, 3, 30));
        assert_eq!(today("2026-10-24T22:00:00Z"), date(2026, 10, 25));
        assert_eq!(today("2026-10-25T22:59:59Z"), date(2026, 10, 25));
        assert_eq!(today("2026-10-25T23:00:00Z"), date(2026, 10, 26));
    }

    #[test]
    fn the_zone_of_the_issuer_decides_not_that_of_the_person() {
        let day = |zone| LegalCalendar::new(zone, LeapDay::March1).unwrap().today(at("2026-12-31T11:00:00Z"));
        assert_eq!(day("Pacific/Kiritimati"), date(2027, 1, 1));
        assert_eq!(day("Europe/Paris"), date(2026, 12, 31));
        assert_eq!(day("Etc/GMT+12"), date(2026, 12, 30));
    }

    #[test]
    fn an_unknown_zone_is_named_with_the_remedy() {
        let error = LegalCalendar::new("Europe/Pariss", LeapDay::March1).unwrap_err();
        insta::assert_snapshot!(error, @r#"legal zone "Europe/Pariss" is not in the IANA time zone database: write a name like Europe/Paris"#);
    }

    #[test]
    fn far_years_and_broken_clocks_do_not_stop_the_service() {
        assert_eq!(paris().year(at("2038-01-19T03:14:08Z")), 2038);
        assert_eq!(paris().today(at("2100-02-28T23:30:00Z")), date(2100, 3, 1));
        assert_eq!(paris().year(at("9999-12-30T12:00:00Z")), 9999);
        assert_eq!(paris().year(Timestamp(i64::MAX)), 9999);
        assert_eq!(paris().year(Timestamp(i64::MIN)), -9999);
    }

    #[test]
    fn somebody_comes_of_age_at_midnight_of_the_eighteenth_birthday() {
        let (calendar, person) = (paris(), born(2008, 7, 14, &paris()));
        assert!(!person.over_18(calendar.today(at("2026-07-13T21:59:59.999Z"))));
        assert!(person.over_18(calendar.today(at("2026-07-13T22:00:00Z"))));
    }

    #[test]
    fn a_birth_on_29_february_completes_a_year_on_the_later_day_unless_told_otherwise() {
        let earlier = LegalCalendar::new("Europe/Paris", LeapDay::February28).unwrap();
        let day = |calendar: &LegalCalendar| born(2012, 2, 29, calendar).majority_on();
        assert_eq!(day(&paris()), Some(date(2030, 3, 1)));
        assert_eq!(day(&earlier), Some(date(2030, 2, 28)));
        let person = born(2012, 2, 29, &paris());
        assert!(!person.over_18(paris().today(at("2030-02-28T22:59:59.999Z"))));
        assert!(person.over_18(paris().today(at("2030-02-28T23:00:00Z"))));
        assert_eq!(born(2012, 2, 28, &paris()).majority_on(), Some(date(2030, 2, 28)));
    }

    #[test]
    fn the_day_of_majority_is_forgotten_once_it_has_come() {
        assert_eq!(born(1987, 3, 2, &paris()).majority_on(), None);
        assert_eq!(born(2008, 1, 15, &paris()).majority_on(), None);
        let minor = born(2008, 1, 16, &paris());
        assert_eq!(minor.settled(date(2026, 1, 15)), minor);
        let adult = minor.settled(date(2026, 1, 16));
        assert_eq!((adult.year(), adult.majority_on(), adult.over_18(date(2026, 1, 16))), (2008, None, true));
        assert!(!adult.over_18(date(2025, 12, 31)));
    }

    #[test]
    fn an_impossible_birth_is_refused() {
        let new = |day| BirthFacts::new(day, &paris(), at("2026-01-15T12:00:00Z"));
        assert_eq!(new(date(2026, 1, 16)), Err(InvalidBirth::Future));
        assert_eq!(new(date(1849, 12, 31)), Err(InvalidBirth::TooEarly));
        assert!(new(date(2026, 1, 15)).is_ok());
    }

    #[test]
    fn the_stored_form_is_short_and_checked() {
        let json = |facts: BirthFacts| serde_json::to_string(&facts).unwrap();
        assert_eq!(json(born(1990, 5, 4, &paris())), r#"{"y":1990}"#);
        assert_eq!(json(born(2012, 2, 29, &paris())), r#"{"y":2012,"m":[2030,3,1]}"#);
        assert_eq!(
            serde_json::from_str::<BirthFacts>(r#"{"y":2012,"m":[2030,3,1]}"#).unwrap(),
            born(2012, 2, 29, &paris())
        );
        for bad in [r#"{"y":2012,"m":[2031,3,1]}"#, r#"{"y":2012,"m":[2030,2,29]}"#, r#"{"y":99999}"#, "{}"] {
            assert!(serde_json::from_str::<BirthFacts>(bad).is_err(), "{bad}");
        }
        assert_eq!(format!("{:?}", born(2012, 2, 29, &paris())), "BirthFacts(…)");
    }

    proptest! {
        /// Days compared as (year, month, day): for 29 February this is the rule of the later day.
        #[test]
        fn over_18_is_exact_on_every_day(birth in day(1990, 2020), today in day(2005, 2040)) {
            prop_assume!(birth <= today);
            let enrolled = Timestamp(birth.in_tz("Europe/Paris").unwrap().timestamp().as_millisecond());
            let facts = BirthFacts::new(birth, &paris(), enrolled).unwrap();
            let expected = (today.year() - 18, today.month(), today.day()) >= (birth.year(), birth.month(), birth.day());
            prop_assert_eq!(facts.over_18(today), expected);
            prop_assert_eq!(facts.settled(today).over_18(today), expected);
            prop_assert_eq!(facts.settled(today).majority_on().is_some(), !expected);
            prop_assert_eq!(serde_json::from_str::<BirthFacts>(&serde_json::to_string(&facts).unwrap()).unwrap(), facts);
        }

        #[test]
        fn a_bracket_changes_on_1_january_alone(birth in day(1920, 2010), year in 2011_i16..2100, hours in 0_i64..8_784) {
            let bracket = |now| BracketTable::default().bracket(birth.year(), paris().year(now)).unwrap();
            let new_year = Timestamp(date(year, 1, 1).in_tz("Europe/Paris").unwrap().timestamp().as_millisecond());
            let within = Timestamp(new_year.0 + hours * 3_600_000);
            prop_assume!(paris().year(within) == year);
            prop_assert_eq!(bracket(within), bracket(new_year));
            prop_assert_eq!(bracket(Timestamp(new_year.0 - 1)), BracketTable::default().bracket(birth.year(), year - 1).unwrap());
        }

        #[test]
        fn the_earlier_rule_differs_from_the_later_one_for_29_february_alone(birth in day(1990, 2020)) {
            let later = paris().majority(birth);
            let earlier = LegalCalendar::new("Europe/Paris", LeapDay::February28).unwrap().majority(birth);
            prop_assert_eq!(earlier != later, (birth.month(), birth.day()) == (2, 29));
            prop_assert!(earlier <= later);
        }
    }

    /// Days of these years, 29 February and the ends of the year often among them.
    fn day(from: i16, to: i16) -> impl Strategy<Value = Date> {
        let usual = (from..to, 0_i64..366).prop_map(|(year, days)| date(year, 1, 1).saturating_add(days.days()));
        let leap = (from..to).prop_map(|year| Date::new(year, 2, 29).unwrap_or(date(year, 3, 1)));
        let ends =
            (from..to, any::<bool>()).prop_map(|(year, last)| if last { date(year, 12, 31) } else { date(year, 1, 1) });
        prop_oneof![4 => usual, 1 => leap, 1 => ends]
    }
}
