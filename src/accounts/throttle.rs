//! Wrong guesses slow down further ones, per authenticator and for all nodes (NIST SP 800-63B-4 §3.2.2).
//!
//! An attempt counts before it is made, so that many at once do not slip through together. Ten are free; then each waits
//! twice as long as the one before, up to a quarter of an hour; after a hundred in a row the passphrase opens nothing any
//! more until its owner sets another. A passkey or a code is never held up by it.
//!
//! Anybody can have a count kept for a name that nobody has, and nobody may learn which those are. So counts are forgotten
//! alike, and the sooner the less it took to make them: see [`FORGOTTEN`].

use std::time::Duration;

use super::{Accounts, Error};
use crate::{domain::ambient::Timestamp, store::throttles};

impl Accounts {
    /// Counts an attempt on `what`, or says how long to wait. The right answer clears the count.
    pub(super) async fn attempt(&self, tag: [u8; 32]) -> Result<(), Error> {
        let now = self.now();
        let attempt = self.0.store.write(move |tx| {
            Box::pin(async move {
                let before = throttles::find(tx, &tag).await?;
                verdict(before, now)?;
                let count = throttles::fail(tx, &tag, now).await?;
                // Somebody else's attempt came between the two statements: it made this one too early.
                if count > FREE && count != before.count + 1 { Err(Error::Wait(longest())) } else { Ok(()) }
            })
        });
        attempt.await
    }

    pub(super) fn passphrase_tag(&self, login: &str) -> [u8; 32] {
        self.0.keyring.vault().tag("attempts on a passphrase", login.as_bytes())
    }
}

fn verdict(failures: throttles::Failures, now: Timestamp) -> Result<(), Error> {
    if failures.count >= MOST {
        return Err(Error::Closed);
    }
    let Ok(doublings) = u32::try_from(failures.count - FREE) else { return Ok(()) };
    let wait = Duration::from_secs(2_u64.saturating_pow(doublings)).min(longest());
    let waited = now.since(failures.last_at);
    if waited < wait { Err(Error::Wait(wait.saturating_sub(waited))) } else { Ok(()) }
}

const fn longest() -> Duration {
    Duration::from_mins(15)
}

const FREE: i64 = 10;
const MOST: i64 = 100;
const DAY: Duration = Duration::from_hours(24);

/// Up to how many failures in a row are forgotten how long after the last one. Ten a day, or a hundred a month, are 4,000
/// guesses a year of the 2³⁴ that the weakest passphrase takes; whoever wants to fill the database has to wait and compute
/// for each row that stays longer than a day.
pub const FORGOTTEN: [(i64, Duration); 3] =
    [(FREE, DAY), (MOST - 1, Duration::from_hours(30 * 24)), (i64::MAX, Duration::from_hours(366 * 24))];

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(count: i64, seconds: i64) -> Option<u64> {
        let failures = throttles::Failures { count, last_at: Timestamp::from_seconds(1_000) };
        match verdict(failures, Timestamp::from_seconds(1_000 + seconds)) {
            Ok(()) => None,
            Err(Error::Wait(wait)) => Some(wait.as_secs()),
            Err(Error::Closed) => Some(u64::MAX),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn ten_attempts_are_free_and_then_the_wait_doubles_up_to_a_quarter_of_an_hour() {
        assert_eq!([0, 1, 9].map(|count| wait(count, 0)), [None; 3]);
        assert_eq!(
            [10, 11, 12, 19, 20, 99].map(|count| wait(count, 0)),
            [Some(1), Some(2), Some(4), Some(512), Some(900), Some(900)]
        );
        assert_eq!((wait(12, 3), wait(12, 4)), (Some(1), None));
        assert_eq!(wait(12, -5), Some(4), "a clock that went back shortens nothing");
        assert_eq!(wait(100, 1_000_000), Some(u64::MAX));
    }
}
