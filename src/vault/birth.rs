//! A birth date as the document has it.

use jiff::{ToSpan, civil::Date};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::fault::Fault;
use crate::domain::{
    age::{BirthFacts, InvalidBirth, LegalCalendar},
    ambient::Timestamp,
};

/// A year, and the month and day unless the document leaves them out (0). Wiped when dropped.
#[derive(ZeroizeOnDrop)]
pub(super) struct BirthDate {
    year: i16,
    month: i8,
    day: i8,
    unlikely: bool,
}

impl BirthDate {
    /// From `YYYY-MM-DD`, with `00` for what the document leaves out.
    pub(super) fn new(text: &str, calendar: &LegalCalendar, now: Timestamp) -> Result<Self, Fault> {
        let (year, month, day) = parse(text).ok_or(Fault::NotADate)?;
        let mut date = Self { year, month, day, unlikely: false };
        let earliest = Date::new(year, month.max(1), day.max(1)).map_err(|_| Fault::NotADate)?;
        let today = calendar.today(now);
        if earliest > today {
            return Err(Fault::Future);
        }
        let years_ago = |years: i16| today.saturating_sub(years.years());
        if date.latest() < years_ago(OLDEST) {
            return Err(Fault::TooOld);
        }
        date.unlikely = earliest < years_ago(UNLIKELY);
        Ok(date)
    }

    /// What the service keeps. Of an incomplete date the latest possible day counts, so that nobody is ever too young.
    pub(super) fn facts(&self, calendar: &LegalCalendar, now: Timestamp) -> Result<BirthFacts, InvalidBirth> {
        BirthFacts::new(self.latest().min(calendar.today(now)), calendar, now)
    }

    /// More than 120 years ago: rather a slip of the keyboard than a record.
    pub(super) fn is_unlikely(&self) -> bool {
        self.unlikely
    }

    /// Without day or month, as some documents have it.
    pub(super) fn is_incomplete(&self) -> bool {
        self.day == 0
    }

    /// `YYYY-MM-DD`, in bytes that are wiped.
    pub(super) fn iso(&self) -> Iso {
        let mut bytes = *b"0000-00-00";
        let parts = [
            (0, 4, self.year.unsigned_abs()),
            (5, 2, self.month.unsigned_abs().into()),
            (8, 2, self.day.unsigned_abs().into()),
        ];
        for (from, width, mut number) in parts {
            for digit in bytes.iter_mut().skip(from).take(width).rev() {
                *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
                number /= 10;
            }
        }
        Iso(bytes)
    }

    fn latest(&self) -> Date {
        let month = if self.month == 0 { 12 } else { self.month };
        let first = Date::new(self.year, month, 1).unwrap_or(Date::MAX);
        if self.day == 0 { first.last_of_month() } else { Date::new(self.year, month, self.day).unwrap_or(Date::MAX) }
    }
}

/// The text of a date. Wiped when dropped.
pub(super) struct Iso([u8; 10]);

impl Iso {
    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Drop for Iso {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

fn parse(text: &str) -> Option<(i16, i8, i8)> {
    let mut parts = text.trim().split('-');
    let mut part = |width: usize| {
        let part = parts.next()?;
        (part.len() == width && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<i16>().ok())?
    };
    let (year, month, day) = (part(4)?, part(2)?, part(2)?);
    let known = year > 0 && (month > 0 || day == 0);
    (known && parts.next().is_none()).then_some((year, i8::try_from(month).ok()?, i8::try_from(day).ok()?))
}

const OLDEST: i16 = 130;
const UNLIKELY: i16 = 120;

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::age::LeapDay;

    fn calendar() -> LegalCalendar {
        LegalCalendar::new("Europe/Paris", LeapDay::default()).unwrap()
    }

    fn now() -> Timestamp {
        Timestamp("2026-06-15T12:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn birth(text: &str) -> Result<BirthDate, Fault> {
        BirthDate::new(text, &calendar(), now())
    }

    #[test]
    fn real_days_are_taken_and_others_refused() {
        for (text, fault) in [
            ("1988-02-29", None),
            ("1987-02-29", Some(Fault::NotADate)),
            ("1900-02-29", Some(Fault::NotADate)),
            ("1990-02-30", Some(Fault::NotADate)),
            ("1990-13-01", Some(Fault::NotADate)),
            ("0000-00-00", Some(Fault::NotADate)),
            ("1990-00-12", Some(Fault::NotADate)),
            ("1990", Some(Fault::NotADate)),
            ("02/03/1987", Some(Fault::NotADate)),
            ("1987-3-2", Some(Fault::NotADate)),
            ("1987-03-02-01", Some(Fault::NotADate)),
            ("+987-03-02", Some(Fault::NotADate)),
            ("１９８７-03-02", Some(Fault::NotADate)),
            ("", Some(Fault::NotADate)),
            ("2026-06-15", None),
            ("2026-06-16", Some(Fault::Future)),
            ("2027-00-00", Some(Fault::Future)),
            ("2026-00-00", None),
            ("1960-00-00", None),
            ("1960-07-00", None),
            ("1896-06-15", None),
            ("1896-06-14", Some(Fault::TooOld)),
            ("1895-00-00", Some(Fault::TooOld)),
        ] {
            assert_eq!(birth(text).err(), fault, "{text}");
        }
    }

    #[test]
    fn the_day_of_the_legal_zone_is_not_yet_the_future() {
        let just_past_midnight = Timestamp("2026-06-15T22:30:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond());
        assert!(BirthDate::new("2026-06-16", &calendar(), just_past_midnight).is_ok());
    }

    #[test]
    fn very_old_and_incomplete_dates_are_for_review() {
        let flags = |text| birth(text).map(|b| (b.is_unlikely(), b.is_incomplete())).unwrap();
        assert_eq!(flags("1906-06-15"), (false, false));
        assert_eq!(flags("1906-06-14"), (true, false));
        assert_eq!(flags("1896-06-15"), (true, false));
        assert_eq!(flags("1960-00-00"), (false, true));
        assert_eq!(flags("1960-07-00"), (false, true));
    }

    #[test]
    fn of_an_incomplete_date_the_latest_day_counts() {
        let facts = |text| birth(text).unwrap().facts(&calendar(), now()).unwrap();
        assert_eq!(facts("2010-00-00").majority_on(), Some(date(2028, 12, 31)));
        assert_eq!(facts("2010-02-00").majority_on(), Some(date(2028, 2, 28)));
        assert_eq!(facts("2010-02-03").majority_on(), Some(date(2028, 2, 3)));
        assert_eq!(facts("2026-00-00").year(), 2026);
        assert_eq!((facts("1960-00-00").year(), facts("1960-00-00").majority_on()), (1960, None));
    }

    #[test]
    fn the_text_is_the_one_that_was_entered() {
        for text in ["1988-02-29", "1960-00-00", "1907-11-30"] {
            assert_eq!(birth(text).unwrap().iso().as_str(), text);
        }
    }
}
