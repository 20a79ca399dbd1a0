//! Rate limits by key: so many attempts at once, then one per period.

use std::{
    hash::Hash,
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use axum::http::StatusCode;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};

use super::problem::Problem;

/// A limit on one kind of attempt. The key is an address, or a hash of what is tried; it is kept in memory only, and no
/// longer than the limit needs it.
pub struct Limiter<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    since_sweep: AtomicU32,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    /// `burst` attempts at once, and one more every `period` (which must not be zero).
    pub fn new(burst: NonZeroU32, period: Duration) -> Option<Self> {
        let quota = Quota::with_period(period)?.allow_burst(burst);
        Some(Self { limiter: RateLimiter::keyed(quota), since_sweep: AtomicU32::new(0) })
    }

    /// Counts an attempt, or says with status 429 how long to wait.
    pub fn check(&self, key: &K) -> Result<(), Problem> {
        if self.since_sweep.fetch_add(1, Ordering::Relaxed) >= SWEEP_EVERY {
            self.since_sweep.store(0, Ordering::Relaxed);
            self.limiter.retain_recent();
        }
        self.limiter.check_key(key).map_err(|wait| {
            let wait = wait.wait_time_from(self.limiter.clock().now());
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many").retry_after(wait.as_secs() + 1)
        })
    }
}

/// Attempts between two clean-ups of keys that are free again.
const SWEEP_EVERY: u32 = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_burst_one_key_waits_and_another_does_not() {
        let limiter = Limiter::new(NonZeroU32::new(2).unwrap(), Duration::from_mins(1)).unwrap();
        assert!(limiter.check(&"a").is_ok() && limiter.check(&"a").is_ok());
        let problem = limiter.check(&"a").unwrap_err();
        assert_eq!(problem.status(), StatusCode::TOO_MANY_REQUESTS);
        assert!(problem.wait().is_some_and(|wait| (1..=61).contains(&wait)));
        assert!(limiter.check(&"b").is_ok());
    }

    #[test]
    fn keys_that_are_free_again_are_forgotten() {
        let limiter = Limiter::new(NonZeroU32::new(1).unwrap(), Duration::from_nanos(1)).unwrap();
        for key in 0..SWEEP_EVERY * 2 + 2 {
            let _ = limiter.check(&key);
        }
        assert!(limiter.limiter.len() <= SWEEP_EVERY as usize + 1);
    }
}
