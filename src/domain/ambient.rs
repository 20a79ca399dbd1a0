//! Time and randomness, which everything else takes as arguments.
//!
//! A function that needs the time takes a [`Timestamp`]; one that needs randomness takes `&mut impl CryptoRng`.
//! Only the composition root and the edges that start a request hold an [`Ambient`], so a test can freeze the
//! clock and seed the generator.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jiff::{civil::Date, tz::TimeZone};
use rand::{
    SeedableRng,
    rngs::{StdRng, SysRng},
};
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds; the form in which every time is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// From whole seconds since the epoch, the unit of JSON Web Token dates (RFC 7519 §2, `NumericDate`).
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000))
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The time since `earlier`, zero when the clock went back.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The start of the UTC day: what is kept beside a person's rows, because an exact time joins two databases.
    #[must_use]
    pub const fn day(self) -> Self {
        Self(self.0 - self.0.rem_euclid(86_400_000))
    }

    /// The day of a time that is kept to the day.
    pub fn date(self) -> Date {
        let limit = if self.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        TimeZone::UTC.to_datetime(jiff::Timestamp::from_millisecond(self.0).unwrap_or(limit)).date()
    }

    /// The start of the hour: the finest time that leaves the service in public.
    #[must_use]
    pub const fn hour(self) -> Self {
        Self(self.0 - self.0.rem_euclid(3_600_000))
    }

    /// The start of the minute.
    #[must_use]
    pub const fn minute(self) -> Self {
        Self(self.0.saturating_sub(self.0.rem_euclid(60_000)))
    }

    /// The start of the UTC month: all that is kept in clear of when somebody was on a forum. Whoever joined a small one
    /// was often alone that day.
    #[must_use]
    pub fn month(self) -> Self {
        let Ok(time) = jiff::Timestamp::from_millisecond(self.0) else { return self.day() };
        let before = i64::from(TimeZone::UTC.to_datetime(time).day()) - 1;
        Self(self.day().0.saturating_sub(before * 86_400_000))
    }

    /// The start of the next month, which is past this time: when a row may go.
    #[must_use]
    pub fn next_month(self) -> Self {
        self.month().plus(Duration::from_hours(32 * 24)).month()
    }
}

/// Tells the time.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands still until it is set: for tests.
#[derive(Debug)]
pub struct FrozenClock(AtomicI64);

impl FrozenClock {
    pub fn new(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.0))
    }

    pub fn set(&self, now: Timestamp) {
        self.0.store(now.0, Ordering::SeqCst);
    }

    pub fn advance(&self, span: Duration) {
        self.set(self.now().plus(span));
    }
}

impl Clock for FrozenClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// Gives generators.
pub trait Entropy: Send + Sync {
    /// A generator of its own for one piece of work.
    fn rng(&self) -> StdRng;
}

/// Generators seeded by the operating system.
#[derive(Debug)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::expect_used, reason = "without randomness nothing may be issued: stop rather than go on")]
    fn rng(&self) -> StdRng {
        StdRng::try_from_rng(&mut SysRng).expect("the operating system gives randomness")
    }
}

/// Generators forked from one seed: for tests.
pub struct SeededEntropy(Mutex<StdRng>);

impl SeededEntropy {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl fmt::Debug for SeededEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SeededEntropy")
    }
}

impl Entropy for SeededEntropy {
    fn rng(&self) -> StdRng {
        StdRng::from_rng(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The clock and the source of randomness of one running instance.
#[derive(Clone)]
pub struct Ambient {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Ambient {
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { clock, entropy }
    }

    /// The real clock and the operating system's randomness.
    pub fn system() -> Self {
        Self::new(Arc::new(SystemClock), Arc::new(SystemEntropy))
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn rng(&self) -> StdRng {
        self.entropy.rng()
    }
}

impl fmt::Debug for Ambient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ambient")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_and_an_hour_round_down_also_before_1970() {
        assert_eq!(Timestamp(-1).day(), Timestamp(-86_400_000));
        assert_eq!(Timestamp(86_400_000 + 7).day(), Timestamp(86_400_000));
        assert_eq!(Timestamp(3_600_000 * 5 + 1).hour(), Timestamp(3_600_000 * 5));
        assert_eq!(Timestamp(60_000 * 5 + 1).minute(), Timestamp(60_000 * 5));
        assert_eq!(Timestamp(i64::MIN).minute(), Timestamp(i64::MIN), "before all times");
    }

    #[test]
    fn a_month_begins_on_its_first_and_the_next_one_after_its_last() {
        let at = |text: &str| Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        for (time, month, next) in [
            ("2024-02-29T23:59:59.999Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
            ("2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("1969-12-31T23:00:00Z", "1969-12-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!((at(time).month(), at(time).next_month()), (at(month), at(next)), "{time}");
        }
        assert_eq!(Timestamp(i64::MAX).month(), Timestamp(i64::MAX).day());
    }

    #[test]
    fn a_day_that_was_kept_is_that_day_of_the_calendar_and_a_broken_time_is_the_first_or_last() {
        assert_eq!(Timestamp(1_781_517_600_000).day().date(), jiff::civil::date(2026, 6, 15));
        assert_eq!(Timestamp(-1).date(), jiff::civil::date(1969, 12, 31));
        assert_eq!((Timestamp(i64::MIN).date().year(), Timestamp(i64::MAX).date().year()), (-9999, 9999));
    }

    #[test]
    fn a_clock_that_goes_back_gives_no_negative_span() {
        assert_eq!(Timestamp(5).since(Timestamp(10)), Duration::ZERO);
    }
}
