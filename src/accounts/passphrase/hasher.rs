//! Argon2id (RFC 9106) on a few threads of its own, so that however many people sign in, everything else goes on.

use std::{
    io,
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::Passphrase;
use crate::accounts::Error;

/// The threads that hash. They end when the last handle is gone.
pub(in crate::accounts) struct Hasher(SyncSender<Job>);

type Job = Box<dyn FnOnce(&Argon2<'_>) + Send>;

impl Hasher {
    pub(in crate::accounts) fn start() -> io::Result<Self> {
        let (sender, receiver) = sync_channel::<Job>(QUEUE);
        let receiver = Arc::new(Mutex::new(receiver));
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get).div_ceil(2).min(MOST_THREADS);
        for _ in 0..threads {
            let receiver = receiver.clone();
            thread::Builder::new().name("passphrases".to_owned()).spawn(move || work(&receiver))?;
        }
        Ok(Self(sender))
    }

    /// The PHC string of a new passphrase.
    pub(in crate::accounts) async fn hash(&self, passphrase: &Passphrase, salt: [u8; 16]) -> Result<String, Error> {
        let passphrase = passphrase.clone();
        let hashed = self.run(move |argon2| {
            let hashed: Result<PasswordHash, _> = argon2.hash_password_with_salt(passphrase.as_bytes(), &salt);
            hashed.map(|hash| hash.to_string())
        });
        hashed.await?.map_err(|_| Error::Busy)
    }

    /// Whether the passphrase fits. Without a hash to compare with, as much work is done and the answer is no.
    pub(in crate::accounts) async fn verify(
        &self,
        passphrase: Passphrase,
        hash: Option<Zeroizing<Vec<u8>>>,
    ) -> Result<bool, Error> {
        let verify = move |argon2: &Argon2<'_>| {
            let known = hash.as_ref().and_then(|hash| std::str::from_utf8(hash).ok());
            let parsed = PasswordHash::new(known.unwrap_or(NOBODYS)).or_else(|_| PasswordHash::new(NOBODYS));
            let fits = parsed.is_ok_and(|parsed| argon2.verify_password(passphrase.as_bytes(), &parsed).is_ok());
            fits && known.is_some()
        };
        self.run(verify).await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Argon2<'_>) -> T + Send + 'static) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |argon2| {
            // Whoever asked may be gone.
            let _ = reply.send(work(argon2));
        });
        self.0.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) | TrySendError::Disconnected(_) => Error::Busy,
        })?;
        answer.await.map_err(|_| Error::Busy)
    }
}

fn work(queue: &Mutex<Receiver<Job>>) {
    let Ok(params) = Params::new(MEMORY, PASSES, LANES, None) else { return };
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        job(&argon2);
    }
}

/// OWASP's second set, 19 MiB and two passes: about 20 ms of one core.
const MEMORY: u32 = 19 * 1_024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Passphrases that may wait; with two threads the last of them waits less than a second. Beyond that: try again later.
const QUEUE: usize = 64;
const MOST_THREADS: usize = 4;
/// The hash of 256 random bits that were thrown away: compared with when there is nothing to compare with.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$MJ3xzG2W1vHT6v0iYnGkXw$EYHwuMVXmTGbUE6RMaYPEhzyHpo5rE3Dd/GLGG+mKTc";

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_passphrase_fits_its_own_hash_and_no_other() {
        let hasher = Hasher::start().unwrap();
        let passphrase = Passphrase::presented("une étoile filante");
        let hash = hasher.hash(&passphrase, [1; 16]).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let stored = || Some(Zeroizing::new(hash.clone().into_bytes()));
        assert!(hasher.verify(passphrase.clone(), stored()).await.unwrap());
        assert!(!hasher.verify(Passphrase::presented("une étoile filant"), stored()).await.unwrap());
        assert!(!hasher.verify(passphrase.clone(), None).await.unwrap());
        assert!(!hasher.verify(passphrase, Some(Zeroizing::new(b"$argon2id$".to_vec()))).await.unwrap());
    }

    #[test]
    fn comparing_with_nobody_costs_as_much_as_comparing_with_somebody() {
        let nobodys = PasswordHash::new(NOBODYS).unwrap();
        let params = Params::try_from(&nobodys).unwrap();
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (MEMORY, PASSES, LANES));
        assert_eq!(nobodys.hash.unwrap().as_bytes().len(), 32);
    }

    #[tokio::test]
    async fn more_than_can_wait_are_turned_away_and_nobody_else_notices() {
        let hasher = Arc::new(Hasher::start().unwrap());
        let attempts: Vec<_> = (0..300)
            .map(|_| {
                let hasher = hasher.clone();
                tokio::spawn(async move { hasher.verify(Passphrase::presented("x"), None).await })
            })
            .collect();
        let mut busy = 0;
        for attempt in attempts {
            busy += usize::from(matches!(attempt.await.unwrap(), Err(Error::Busy)));
        }
        assert!((1..300).contains(&busy), "{busy}");
        assert!(!hasher.verify(Passphrase::presented("x"), None).await.unwrap());
    }
}
