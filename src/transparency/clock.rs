//! When the clock is not believed: one that is behind the newest head, or that stands still, signs nothing. Hours of leaves and the
//! order of heads would contradict each other, for everybody to see and for good.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use crate::{domain::ambient::Timestamp, store::StoreError};

/// What is known of the time beside the clock.
pub(super) struct KnownTime {
    /// The time of the newest head that this node knows, in milliseconds.
    newest: AtomicI64,
    /// When which time was first seen on the clock.
    seen: Mutex<Option<(Instant, Timestamp)>>,
    stands: AtomicBool,
    /// The operator was told.
    alarmed: AtomicBool,
}

impl KnownTime {
    pub(super) const fn new() -> Self {
        Self {
            newest: AtomicI64::new(i64::MIN),
            seen: Mutex::new(None),
            stands: AtomicBool::new(false),
            alarmed: AtomicBool::new(false),
        }
    }

    /// A head of this time is there.
    pub(super) fn signed(&self, at: Timestamp) {
        self.newest.fetch_max(at.0, Ordering::Relaxed);
    }

    /// Looks at the clock beside one that only measures. To be called again and again.
    pub(super) fn watch(&self, now: Timestamp) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, at) = *seen.get_or_insert_with(|| (Instant::now(), now));
        if at != now {
            *seen = Some((Instant::now(), now));
        }
        self.stands.store(at == now && since.elapsed() > STANDS_STILL, Ordering::Relaxed);
    }

    /// Whether something may be signed now, after all heads that are known.
    pub(super) fn check(&self, now: Timestamp) -> Result<(), StoreError> {
        self.check_after(Timestamp(self.newest.load(Ordering::Relaxed)), now)
    }

    /// Whether something may be signed now, after a head of this time.
    pub(super) fn check_after(&self, head: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        let reason = if now.plus(BEHIND) < head {
            "the clock is behind the newest head of the logs"
        } else if self.stands.load(Ordering::Relaxed) {
            "the clock stands still"
        } else {
            self.alarmed.store(false, Ordering::Relaxed);
            return Ok(());
        };
        if !self.alarmed.swap(true, Ordering::Relaxed) {
            tracing::error!(target: "audit", reason, "nothing is logged or issued until the clock is right");
        }
        Err(StoreError::Unavailable(reason))
    }
}

/// How far the clock of a node may be behind the newest head: nodes that share a database agree within this time.
const BEHIND: Duration = Duration::from_secs(2);
/// How long a clock shows one millisecond until it counts as standing still.
const STANDS_STILL: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn refusal(time: &KnownTime, now: Timestamp) -> &'static str {
        match time.check(now) {
            Ok(()) => "",
            Err(StoreError::Unavailable(reason)) => reason,
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn p10_a_clock_may_be_two_seconds_behind_and_no_more() {
        let time = KnownTime::new();
        assert_eq!(refusal(&time, Timestamp(i64::MIN)), "", "no head is known");
        time.signed(NOW);
        time.signed(NOW.minus(Duration::from_hours(1)));
        assert_eq!(refusal(&time, NOW.minus(Duration::from_secs(2))), "");
        assert!(refusal(&time, NOW.minus(Duration::from_millis(2_001))).contains("behind"));
        assert_eq!(refusal(&time, NOW), "");
    }

    #[tokio::test(start_paused = true)]
    async fn p10_a_clock_that_stands_still_signs_nothing_until_it_goes_again() {
        let time = KnownTime::new();
        for second in 0..=10 {
            time.watch(NOW);
            assert_eq!(refusal(&time, NOW), "", "{second}");
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        time.watch(NOW);
        assert!(refusal(&time, NOW).contains("stands still"));
        let later = Timestamp(NOW.0 + 1);
        time.watch(later);
        assert_eq!(refusal(&time, later), "");
        tokio::time::advance(Duration::from_secs(9)).await;
        time.watch(later);
        assert_eq!(refusal(&time, later), "", "it has stood for nine seconds only");
    }
}
