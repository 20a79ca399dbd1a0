//! Facts that were read a moment ago: one sign-in asks for them several times.
//!
//! What another node changed is seen after [`FRESH`]; what this node changed is seen at once, by [`Cache::forget`].

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::domain::{ambient::Timestamp, ids::PersonId, quality::Facts};

/// Bounded in number and in time.
#[derive(Default)]
pub(super) struct Cache(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    of: HashMap<PersonId, (Timestamp, Facts)>,
    /// Grows at each change, so that facts read before it are not kept after it.
    changes: u64,
    swept: Timestamp,
}

impl Cache {
    /// The facts, or the count of changes to hand back to [`Cache::keep`] with what is read now.
    pub(super) fn find(&self, person: PersonId, now: Timestamp) -> Result<Facts, u64> {
        let entries = self.entries();
        let kept = entries.of.get(&person).filter(|(read_at, _)| is_fresh(*read_at, now));
        kept.map(|(_, facts)| facts.clone()).ok_or(entries.changes)
    }

    /// Keeps facts whose reading began at `now`, when `changes` were made.
    pub(super) fn keep(&self, person: PersonId, facts: &Facts, now: Timestamp, changes: u64) {
        let mut entries = self.entries();
        if entries.changes != changes {
            return;
        }
        if entries.of.len() >= MOST || !is_fresh(entries.swept, now) {
            entries.of.retain(|_, (read_at, _)| is_fresh(*read_at, now));
            entries.swept = now;
        }
        if entries.of.len() < MOST {
            entries.of.insert(person, (now, facts.clone()));
        }
    }

    pub(super) fn forget(&self, person: PersonId) {
        let mut entries = self.entries();
        entries.changes += 1;
        entries.of.remove(&person);
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock that went back makes everything stale.
fn is_fresh(read_at: Timestamp, now: Timestamp) -> bool {
    read_at <= now && now.since(read_at) < FRESH
}

const FRESH: Duration = Duration::from_secs(5);
const MOST: usize = 4_096;
