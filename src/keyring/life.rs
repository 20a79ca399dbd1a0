//! Where a key is in its life. It follows from dates alone, so every node passes from one state to the next at the same hour.
//!
//! ```text
//! created ──────── activates ─────────────── successor activates ──────────── + keep_after
//!          next                  active                            retired                  expired
//! in JWKS: yes                   yes                               yes                      no
//! ```
//!
//! A revoked key has left this line for good, and what it had taken over from does not come back.

use std::{fmt, time::Duration};

use crate::domain::ambient::Timestamp;

/// Where a key is in its life (OpenID Connect Core §10.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Known to everybody, so that it can be used later; published, if it signs.
    Next,
    /// Signs or seals.
    Active,
    /// Signs and seals no more; what it signed verifies, and what it sealed opens. Of the public logs, signs beside its successor.
    Retired,
    /// Neither published nor believed any more.
    Expired,
    /// Was taken away in an emergency: neither published nor believed, whatever its dates.
    Revoked,
}

impl KeyState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What the file of one version says of its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dates {
    pub(super) version: u32,
    pub(super) created: Timestamp,
    pub(super) activates: Timestamp,
}

/// The life of one version among the others of its role and algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life {
    pub(super) activates: Timestamp,
    /// When a newer version takes over.
    pub(super) superseded: Option<Timestamp>,
    /// When it is believed no more.
    pub(super) ends: Option<Timestamp>,
}

impl Life {
    /// `others` are all versions that have taken over or will.
    pub(super) fn of(dates: Dates, others: impl Iterator<Item = Dates>, keep_after: Option<Duration>) -> Self {
        let newer = others.filter(|other| other.version > dates.version);
        let superseded = newer.map(|newer| newer.activates).min();
        let ends = superseded.zip(keep_after).map(|(superseded, keep)| superseded.plus(keep));
        Self { activates: dates.activates, superseded, ends }
    }

    pub(super) fn state(self, now: Timestamp) -> KeyState {
        let past = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        if past(self.ends) {
            KeyState::Expired
        } else if past(self.superseded) {
            KeyState::Retired
        } else if self.activates <= now {
            KeyState::Active
        } else {
            KeyState::Next
        }
    }

    /// When its state changes after `now` for the first time.
    pub(super) fn turns(self, now: Timestamp) -> Option<Timestamp> {
        [Some(self.activates), self.superseded, self.ends].into_iter().flatten().filter(|at| *at > now).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dates(version: u32, activates: i64) -> Dates {
        Dates { version, created: Timestamp(0), activates: Timestamp(activates) }
    }

    const KEEP: Option<Duration> = Some(Duration::from_millis(30));

    fn states(of: Dates, others: &[Dates]) -> Vec<(i64, KeyState)> {
        let life = Life::of(of, others.iter().copied(), KEEP);
        let mut found = vec![(0, life.state(Timestamp(0)))];
        let mut at = Timestamp(0);
        while let Some(turn) = life.turns(at) {
            found.push((turn.0, life.state(turn)));
            at = turn;
        }
        found
    }

    #[test]
    fn a_key_waits_is_used_is_believed_and_ends() {
        use KeyState::{Active, Expired, Next, Retired};
        let both = [dates(1, 10), dates(2, 20)];
        assert_eq!(states(both[0], &both), [(0, Next), (10, Active), (20, Retired), (50, Expired)]);
        assert_eq!(states(both[1], &both), [(0, Next), (20, Active)], "the newest one never ends");
    }

    #[test]
    fn a_key_that_was_overtaken_while_it_waited_is_never_used() {
        use KeyState::{Active, Expired, Next, Retired};
        let all = [dates(1, 0), dates(2, 20), dates(3, 10)];
        assert_eq!(states(all[1], &all), [(0, Next), (10, Retired), (20, Retired), (40, Expired)]);
        assert_eq!(states(all[0], &all), [(0, Active), (10, Retired), (40, Expired)]);
    }

    #[test]
    fn what_is_kept_for_ever_retires_and_does_not_end() {
        let life = Life::of(dates(1, 0), [dates(1, 0), dates(2, 10)].into_iter(), None);
        assert_eq!(life.state(Timestamp(i64::MAX)), KeyState::Retired);
    }
}
