//! Everything that changes the keys of an installation: the next versions, the last ones, and an emergency.
//!
//! Each change looks at the directory first, so that it builds on what other nodes and the operator's commands did. A version
//! is made by whoever gets its file name first; the other finds it and has nothing left to do.

use std::time::Duration;

use rand::CryptoRng;

use super::{
    Keyring, KeyringError, Role,
    armour::KeyFile,
    files,
    key::Key,
    life::{Dates, KeyState},
    live::Desk,
    revocation::Revocation,
    snapshot::{KeyInfo, Line, Snapshot},
};
use crate::{domain::ambient::Timestamp, wire::jose::Algorithm};

/// Every node sees within this time what was made, retired or revoked. A key that takes over at once does so after it, when
/// all nodes publish it; only the successor of a revoked key cannot wait.
pub const LIVE_WITHIN: Duration = Duration::from_secs(10);

/// The next version of a due key is made by so much earlier than it has to be, so that whoever looks once an hour is in time.
const AHEAD: Duration = Duration::from_hours(2);

/// A file to be written.
struct Planned {
    file: KeyFile,
    /// In the place of the one that is there.
    over: bool,
}

impl Keyring {
    /// Makes the next version of a role's keys (of every algorithm, for the issuer). It takes over after the hours that the
    /// policy says; while one waits, nothing happens. The answer is what was made.
    pub fn rotate(&self, role: Role, rng: &mut impl CryptoRng, now: Timestamp) -> Result<Vec<KeyInfo>, KeyringError> {
        self.refuse_fixed(role, now)?;
        let activates = now.plus(self.policy.of(role).publish_before());
        self.change(rng, now, |snapshot, rng| {
            let lines = snapshot.lines().into_iter().filter(|line| line.role == role && !waits(line, now));
            lines.map(|line| successor(&line, snapshot, activates, now, rng)).collect()
        })
    }

    /// Makes the newest version take over on every node within [`LIVE_WITHIN`]: the one that waits, or one made now. The old
    /// one verifies and opens as after any change.
    pub fn rotate_now(
        &self,
        role: Role,
        rng: &mut impl CryptoRng,
        now: Timestamp,
    ) -> Result<Vec<KeyInfo>, KeyringError> {
        self.refuse_fixed(role, now)?;
        self.change(rng, now, |snapshot, rng| {
            let mut planned = Vec::new();
            for line in snapshot.lines().iter().filter(|line| line.role == role) {
                planned.extend(take_over(line, snapshot, now, rng)?);
            }
            Ok(planned)
        })
    }

    /// Makes the next version of what is due, so that the old one is not used beyond its lifetime.
    pub fn rotate_due(&self, rng: &mut impl CryptoRng, now: Timestamp) -> Result<Vec<KeyInfo>, KeyringError> {
        if self.due(now).is_empty() {
            return Ok(Vec::new());
        }
        self.change(rng, now, |snapshot, rng| {
            let lines = snapshot.lines().into_iter().filter(|line| self.is_due(line, now));
            let planned = lines.map(|line| {
                let policy = self.policy.of(line.role);
                let planned = line.newest.dates.activates.plus(policy.lifetime().unwrap_or_default());
                let activates = planned.max(now.plus(policy.publish_before()));
                successor(&line, snapshot, activates, now, rng)
            });
            planned.collect()
        })
    }

    /// Adds an issuer key of an algorithm that has none yet. It signs once it has been published long enough.
    pub fn add_algorithm(
        &self,
        algorithm: Algorithm,
        rng: &mut impl CryptoRng,
        now: Timestamp,
    ) -> Result<Vec<KeyInfo>, KeyringError> {
        let activates = now.plus(self.policy.of(Role::Issuer).publish_before());
        self.change(rng, now, |snapshot, rng| {
            if snapshot.keys.iter().any(|(key, _)| key.algorithm == Some(algorithm)) {
                return Ok(Vec::new());
            }
            let marks = snapshot.revoked.iter().filter(|mark| mark.algorithm == Some(algorithm));
            let version = marks.map(|mark| mark.dates.version).max().unwrap_or_default().saturating_add(1);
            let dates = Dates { version, created: now, activates };
            let file = Key::generate(Role::Issuer, Some(algorithm), dates, snapshot.purpose, rng)?;
            Ok(vec![Planned { file, over: false }])
        })
    }

    /// Ends the use of an active key, named by its `kid` or its file: its successor takes over within [`LIVE_WITHIN`], the one
    /// that waits or one made now. What it signed verifies as long as the policy says. The answer is what was made.
    pub fn retire(&self, key: &str, rng: &mut impl CryptoRng, now: Timestamp) -> Result<Vec<KeyInfo>, KeyringError> {
        self.change(rng, now, |snapshot, rng| {
            let info = find(snapshot, key, now)?;
            let reason = match info.state {
                _ if info.role == Role::Vrf => Some(FIXED),
                KeyState::Active => None,
                KeyState::Next => Some("has not been used yet: leave it, or revoke it if somebody may have read it"),
                KeyState::Retired => Some("is retired already: it signs nothing, and what it signed verifies"),
                KeyState::Expired => Some("has expired already: `heteronym keys purge` deletes it"),
                KeyState::Revoked => Some("is revoked already: nobody believes it any more"),
            };
            if let Some(reason) = reason {
                return Err(KeyringError::Refused { key: info.name(), reason });
            }
            let lines = snapshot.lines();
            let line = lines.iter().find(|line| (line.role, line.algorithm) == (info.role, info.algorithm));
            let planned = line.map(|line| take_over(line, snapshot, now, rng)).transpose()?;
            Ok(planned.flatten().into_iter().collect())
        })
    }

    /// Takes keys away in an emergency: every node stops publishing and believing them within [`LIVE_WITHIN`], and a copy
    /// that comes back is not believed either. A successor of what was active is made first, and signs at once. The answer
    /// is what was made.
    pub fn revoke(
        &self,
        keys: &[&str],
        rng: &mut impl CryptoRng,
        now: Timestamp,
    ) -> Result<Vec<KeyInfo>, KeyringError> {
        let made = self.change(rng, now, |snapshot, rng| {
            let infos = keys.iter().map(|key| revocable(snapshot, key, now)).collect::<Result<Vec<_>, _>>()?;
            let active = |line: &Line<'_>| {
                let of = |info: &KeyInfo| (info.role, info.algorithm) == (line.role, line.algorithm);
                infos.iter().any(|info| of(info) && info.state == KeyState::Active)
            };
            let lines = snapshot.lines().into_iter().filter(active);
            // Not the one that waits: it lay beside the key that was stolen.
            lines.map(|line| successor(&line, snapshot, now, now, rng)).collect()
        })?;
        let mut desk = self.desk();
        let snapshot = self.look_strictly(&mut desk, now)?;
        for key in keys {
            let info = find(&snapshot, key, now)?;
            if let Some((key, _)) = snapshot.keys.iter().find(|(key, _)| key.kid == info.kid) {
                let mark = Revocation::of(key, now);
                match files::write(&self.directory.join(mark.name()), &mark.write(), rng) {
                    Err(KeyringError::Exists(_)) | Ok(()) => files::remove(&self.directory.join(key.name()))?,
                    Err(error) => return Err(error),
                }
            }
        }
        self.look_strictly(&mut desk, now)?;
        Ok(made)
    }

    /// Deletes issuer and token keys that nothing needs any more, and copies of revoked ones, and says how many.
    pub fn purge(&self, now: Timestamp) -> Result<usize, KeyringError> {
        let mut desk = self.desk();
        let snapshot = self.look_strictly(&mut desk, now)?;
        let expired = snapshot.keys.iter().filter(|(_, life)| life.state(now) == KeyState::Expired);
        let names: Vec<_> = expired.map(|(key, _)| key.name()).chain(snapshot.restored.iter().cloned()).collect();
        for name in &names {
            files::remove(&self.directory.join(name))?;
        }
        if !names.is_empty() {
            self.look_strictly(&mut desk, now)?;
        }
        Ok(names.len())
    }

    /// The roles whose next version has to be made now, so that none is used beyond its lifetime.
    pub fn due(&self, now: Timestamp) -> Vec<Role> {
        self.roles(|line| self.is_due(line, now))
    }

    /// The roles of which a version is used beyond its lifetime, because nobody made the next one in time.
    pub fn overdue(&self, now: Timestamp) -> Vec<Role> {
        self.roles(|line| self.ends_by_plan(line).is_some_and(|at| at <= now))
    }

    fn roles(&self, holds: impl Fn(&Line<'_>) -> bool) -> Vec<Role> {
        let mut roles: Vec<_> =
            self.snapshot().lines().iter().filter(|line| holds(line)).map(|line| line.role).collect();
        roles.dedup();
        roles
    }

    fn is_due(&self, line: &Line<'_>, now: Timestamp) -> bool {
        let before = self.policy.of(line.role).publish_before() + AHEAD;
        self.ends_by_plan(line).is_some_and(|at| at.minus(before) <= now)
    }

    /// When the newest version has been used for its lifetime.
    fn ends_by_plan(&self, line: &Line<'_>) -> Option<Timestamp> {
        Some(line.newest.dates.activates.plus(self.policy.of(line.role).lifetime()?))
    }

    fn refuse_fixed(&self, role: Role, now: Timestamp) -> Result<(), KeyringError> {
        let fixed = self.keys(now).into_iter().find(|key| key.role == role && role == Role::Vrf);
        fixed.map_or(Ok(()), |key| Err(KeyringError::Refused { key: key.name(), reason: FIXED }))
    }

    /// Looks, plans, writes. Where another was first with a file name, it looks and plans again.
    fn change<R: CryptoRng>(
        &self,
        rng: &mut R,
        now: Timestamp,
        plan: impl Fn(&Snapshot, &mut R) -> Result<Vec<Planned>, KeyringError>,
    ) -> Result<Vec<KeyInfo>, KeyringError> {
        let mut desk = self.desk();
        let (mut made, mut lost) = (Vec::new(), None);
        for _ in 0..ATTEMPTS {
            let snapshot = self.look_strictly(&mut desk, now)?;
            lost = None;
            for Planned { file, over } in plan(&snapshot, rng)? {
                match self.put(&desk, &file, over, rng) {
                    Ok(()) => made.push(file.name()),
                    Err(KeyringError::Exists(path)) => lost = Some(KeyringError::Exists(path)),
                    Err(error) => return Err(error),
                }
            }
            if lost.is_none() {
                break;
            }
        }
        let snapshot = self.look_strictly(&mut desk, now)?;
        lost.map_or(Ok(()), Err)?;
        let names = |key: &Key| made.contains(&key.name());
        let kids: Vec<_> = snapshot.keys.iter().filter(|(key, _)| names(key)).map(|(key, _)| &key.kid).collect();
        Ok(snapshot.infos(now).into_iter().filter(|info| kids.contains(&&info.kid)).collect())
    }

    fn put(&self, desk: &Desk, file: &KeyFile, over: bool, rng: &mut impl CryptoRng) -> Result<(), KeyringError> {
        let (path, text) = (self.directory.join(file.name()), file.write(desk.unlocker.lock(), rng));
        if over { files::replace(&path, &text, rng) } else { files::write(&path, &text, rng) }
    }
}

fn successor(
    line: &Line<'_>,
    snapshot: &Snapshot,
    activates: Timestamp,
    created: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Planned, KeyringError> {
    let dates = Dates { version: line.next_version, created, activates };
    let file = Key::generate(line.role, line.algorithm, dates, snapshot.purpose, rng)?;
    Ok(Planned { file, over: false })
}

/// The waiting version with an earlier date, or a new one; nothing when one takes over soon enough anyway.
fn take_over(
    line: &Line<'_>,
    snapshot: &Snapshot,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Option<Planned>, KeyringError> {
    let soon = now.plus(LIVE_WITHIN);
    Ok(if !waits(line, now) {
        Some(successor(line, snapshot, soon, now, rng)?)
    } else if line.newest.dates.activates > soon {
        Some(Planned { file: line.newest.activating(soon)?, over: true })
    } else {
        None
    })
}

/// Whether the newest version has not taken over yet.
fn waits(line: &Line<'_>, now: Timestamp) -> bool {
    line.newest.dates.activates > now
}

/// By `kid`, or by the name of the file without its ending.
fn find(snapshot: &Snapshot, key: &str, now: Timestamp) -> Result<KeyInfo, KeyringError> {
    let found = snapshot.infos(now).into_iter().find(|info| info.kid == key || info.name() == key);
    found.ok_or_else(|| KeyringError::Unknown(key.to_owned()))
}

fn revocable(snapshot: &Snapshot, key: &str, now: Timestamp) -> Result<KeyInfo, KeyringError> {
    let info = find(snapshot, key, now)?;
    let reason = match (info.role, info.state) {
        (_, KeyState::Revoked) => "is revoked already: nobody believes it any more",
        (Role::Vault, _) => {
            "cannot be revoked, since the rows under it could not be read again: `heteronym keys rotate vault --now` \
             seals new ones under another"
        }
        (Role::Pseudonym, _) => {
            "cannot be revoked, since everybody would be a stranger everywhere: `heteronym keys rotate pseudonym --now` \
             derives new pseudonyms from another"
        }
        (Role::Vrf, _) => FIXED,
        (Role::Issuer | Role::Token | Role::Log, _) => return Ok(info),
    };
    Err(KeyringError::Refused { key: info.name(), reason })
}

/// Why the key of slot tags stays.
const FIXED: &str = "is for ever, since with another one every place would have another tag in the public logs, and nobody could count \
                     voices any more: keep it, and a copy of it away from the database; if it was stolen, keep the database from the thief";

/// Nobody loses a race for a file name so often.
const ATTEMPTS: usize = 5;
