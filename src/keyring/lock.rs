//! The passphrase that locks key files: Argon2id (RFC 9106) makes the locking key, once for all files with its salt.

use std::fmt;

use argon2::{Argon2, Params, Version};
use data_encoding::BASE64;
use rand::CryptoRng;
use zeroize::Zeroizing;

use super::KeyringError;

/// What the operator typed. Cannot be printed, is wiped when dropped.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// How dear a guess is: memory in KiB, passes, lanes; and the salt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    memory: u32,
    passes: u32,
    lanes: u32,
    salt: [u8; 16],
}

impl Cost {
    /// `argon2id m=65536 t=3 p=1 salt=…`
    pub(super) fn write(&self) -> String {
        let salt = BASE64.encode(&self.salt);
        format!("argon2id m={} t={} p={} salt={salt}", self.memory, self.passes, self.lanes)
    }

    /// `None` also for costs that would take the memory or the time of the machine.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut words = text.strip_prefix("argon2id ")?.split(' ');
        let mut number = |prefix| words.next()?.strip_prefix(prefix)?.parse::<u32>().ok();
        let (memory, passes, lanes) = (number("m=")?, number("t=")?, number("p=")?);
        let salt = words.next()?.strip_prefix("salt=")?;
        let salt = BASE64.decode(salt.as_bytes()).ok()?.try_into().ok()?;
        let bearable = (8..=1 << 20).contains(&memory) && (1..=16).contains(&passes) && (1..=4).contains(&lanes);
        (bearable && words.next().is_none()).then_some(Self { memory, passes, lanes, salt })
    }
}

/// The key that a passphrase gives.
pub(super) struct Lock {
    pub(super) cost: Cost,
    pub(super) key: Zeroizing<[u8; 32]>,
}

impl Lock {
    /// With a fresh salt, at 64 MiB and three passes (RFC 9106 §4, second recommendation, on one lane).
    pub(super) fn new(passphrase: &Passphrase, rng: &mut impl CryptoRng) -> Result<Self, KeyringError> {
        let mut salt = [0; 16];
        rng.fill_bytes(&mut salt);
        let cost = Cost { memory: 64 * 1024, passes: 3, lanes: 1, salt };
        Self::derive(passphrase, cost).ok_or(KeyringError::Passphrase)
    }

    fn derive(passphrase: &Passphrase, cost: Cost) -> Option<Self> {
        let mut key = Zeroizing::new([0; 32]);
        let params = Params::new(cost.memory, cost.passes, cost.lanes, Some(key.len())).ok()?;
        let argon2 = Argon2::new(argon2::Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_into(passphrase.0.as_bytes(), &cost.salt, key.as_mut()).ok()?;
        Some(Self { cost, key })
    }
}

/// Opens the files of one directory. It remembers the passphrase as long as the process lives, since a file that comes later may
/// have another salt, and the keys that it gave.
pub(super) struct Unlocker {
    passphrase: Option<Passphrase>,
    locks: Vec<Lock>,
}

impl Unlocker {
    pub(super) fn new(passphrase: Option<&Passphrase>) -> Self {
        Self { passphrase: passphrase.cloned(), locks: Vec::new() }
    }

    /// With a lock for the first files.
    pub(super) fn with_lock(passphrase: Option<&Passphrase>, rng: &mut impl CryptoRng) -> Result<Self, KeyringError> {
        let locks = passphrase.map(|passphrase| Lock::new(passphrase, rng)).transpose()?;
        Ok(Self { passphrase: passphrase.cloned(), locks: locks.into_iter().collect() })
    }

    pub(super) const fn has_passphrase(&self) -> bool {
        self.passphrase.is_some()
    }

    /// `None` when there is no passphrase, or no memory for it.
    pub(super) fn key(&mut self, cost: Cost) -> Option<Zeroizing<[u8; 32]>> {
        if let Some(lock) = self.locks.iter().find(|lock| lock.cost == cost) {
            return Some(lock.key.clone());
        }
        let lock = Lock::derive(self.passphrase.as_ref()?, cost)?;
        let key = lock.key.clone();
        self.locks.push(lock);
        Some(key)
    }

    /// What new files are locked with: as those that are there.
    pub(super) fn lock(&self) -> Option<&Lock> {
        self.locks.first()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cost_survives_its_text_and_one_that_cannot_be_borne_is_refused() {
        let cost = Cost { memory: 65_536, passes: 3, lanes: 1, salt: [7; 16] };
        assert_eq!(Cost::read(&cost.write()), Some(cost));
        let salt = BASE64.encode(&[7; 16]);
        for bad in [
            format!("argon2id m=4294967295 t=3 p=1 salt={salt}"),
            format!("argon2id m=65536 t=99 p=1 salt={salt}"),
            format!("argon2id m=65536 t=3 p=0 salt={salt}"),
            format!("argon2i m=65536 t=3 p=1 salt={salt}"),
            format!("argon2id m=65536 t=3 p=1 salt={salt} x"),
            "argon2id m=65536 t=3 p=1 salt=AA==".to_owned(),
            String::new(),
        ] {
            assert_eq!(Cost::read(&bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}") {
            let _ = Cost::read(&format!("argon2id {text}"));
        }
    }
}
