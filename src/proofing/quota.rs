//! How much one officer may do in a day, and how fast.
//!
//! A stolen session, or an officer who invents people, meets a limit that an honest day at the counter does not: so many
//! enrolments, not two within seconds, and few answers that tell whether somebody is enrolled. The counts are shared by all
//! nodes, and are made in the transaction of the act: what is rolled back does not count.

use std::time::Duration;

use super::{By, Proofing};
use crate::{
    domain::{ambient::Timestamp, ids::AccountId},
    store::{StoreError, Tx, throttles},
};

/// What an officer has done today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Today {
    pub enrolled: u32,
    /// How many more are possible.
    pub left: u32,
}

/// A limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Reached {
    #[error("too soon after the enrolment before")]
    Pace(Duration),
    #[error("the enrolments of this day are used up")]
    Day,
}

impl Proofing {
    /// For the officer's home page.
    pub async fn officers_day(&self, officer: AccountId) -> Result<Today, StoreError> {
        let tag = self.day_tag(ENROLMENTS, officer);
        let found =
            self.0.store.read::<_, StoreError, _>(|tx| Box::pin(async move { throttles::find(tx, &tag).await }));
        let enrolled = u32::try_from(found.await?.count).unwrap_or(u32::MAX);
        Ok(Today { enrolled, left: self.0.policy.enrolments_per_day.saturating_sub(enrolled) })
    }

    /// Whether one more enrolment would be within the limits.
    pub(super) async fn check_pace(&self, tx: &mut Tx, by: By) -> Result<Result<(), Reached>, StoreError> {
        let Some(officer) = by.officer else { return Ok(Ok(())) };
        let now = self.now();
        let last = throttles::find(tx, &self.day_tag(ENROLMENTS, officer)).await?;
        let pause = self.0.policy.between_enrolments;
        if last.count > 0 && now.since(last.last_at) < pause {
            return Ok(Err(Reached::Pace(pause.saturating_sub(now.since(last.last_at)))));
        }
        let is_used_up = last.count >= i64::from(self.0.policy.enrolments_per_day);
        Ok(if is_used_up { Err(Reached::Day) } else { Ok(()) })
    }

    /// Counts an enrolment: the how manieth of the day it is. The officer's account is locked.
    pub(super) async fn count_enrolment(&self, tx: &mut Tx, by: By) -> Result<Result<i64, Reached>, StoreError> {
        let Some(officer) = by.officer else { return Ok(Ok(0)) };
        if let Err(reached) = self.check_pace(tx, by).await? {
            return Ok(Err(reached));
        }
        let count = throttles::fail(tx, &self.day_tag(ENROLMENTS, officer), self.now()).await?;
        Ok(Ok(count))
    }

    /// Raises an alarm at the enrolment that makes four fifths of what one officer may do in a day.
    pub(super) fn watch_count(&self, by: By, count: i64) {
        if count > 0 && count == i64::from(self.0.policy.enrolments_per_day).saturating_mul(4) / 5 {
            self.alarm("enrol", by, "four fifths of the day's enrolments");
        }
    }

    /// Counts an answer that tells whether somebody is enrolled; false when there were too many.
    pub(super) async fn count_lookup(&self, by: By) -> Result<bool, StoreError> {
        let Some(officer) = by.officer else { return Ok(true) };
        let (tag, now) = (self.day_tag(LOOKUPS, officer), self.now());
        let count = self
            .0
            .store
            .write::<_, StoreError, _>(move |tx| Box::pin(async move { throttles::fail(tx, &tag, now).await }));
        let (count, limit) = (count.await?, i64::from(self.0.policy.lookups_per_day));
        if count == limit.saturating_add(1) {
            self.alarm("look up", by, "the day's look-ups are used up");
        }
        Ok(count <= limit)
    }

    /// The time until the next legal day, when the counts begin anew.
    pub(super) fn until_tomorrow(&self) -> Duration {
        let now = self.now();
        let mut hours = 1;
        while hours < 26 && self.0.calendar.today(hour_after(now, hours)) == self.today() {
            hours += 1;
        }
        hour_after(now, hours).since(now)
    }

    fn day_tag(&self, what: &[u8], officer: AccountId) -> [u8; 32] {
        let day = self.today().to_string();
        self.0.keyring.vault().tag("quota", &[what, officer.as_bytes(), day.as_bytes()].concat())
    }
}

fn hour_after(now: Timestamp, hours: u64) -> Timestamp {
    now.hour().plus(Duration::from_hours(hours))
}

const ENROLMENTS: &[u8] = b"enrolments/";
const LOOKUPS: &[u8] = b"lookups/";
