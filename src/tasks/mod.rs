//! Work that comes round by itself: what has ended is removed, what has served its time is forgotten.
//!
//! Every node does all of it, each at times of its own. Each task is idempotent, so that two nodes at once do no harm
//! and one that was interrupted goes on the next time.

mod keys;

use std::{future::Future, time::Duration};

use futures_util::future::{BoxFuture, join_all};
use rand::RngExt as _;

use crate::{
    accounts::FORGOTTEN,
    attributes::Attributes,
    domain::ambient::{Ambient, Timestamp},
    keyring::KeyringError,
    provider::logout::Logout,
    store::{Store, StoreError, Tx, accounts, clients, grants, sessions, spent, throttles},
    transparency::{Institutions, MemoryError, Transparency},
};

pub use keys::Keys;

/// One kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Removes sessions that cannot be valid any more.
    Sessions,
    /// Removes WebAuthn ceremonies that were not finished.
    Ceremonies,
    /// Forgets wrong guesses of long ago.
    Throttles,
    /// Removes grants that nothing rests on any more, with their refresh tokens.
    Grants,
    /// Forgets assertions, proofs and pushed requests that could not be used again anyway.
    Spent,
    /// Removes initial access tokens that let nobody in any more.
    RegistrationTokens,
    /// Forgets days of majority that have come and roles that have expired.
    Facts,
    /// Reads enrolments of other nodes, so that nobody has to wait for the size of a crowd.
    Crowds,
    /// Takes up keys that were made, retired or revoked by other nodes and by the operator.
    Keys,
    /// Makes the keys that are due, and deletes those that nothing needs any more.
    Rotation,
    /// Tells forums that sessions have ended, and tells them again where they did not answer.
    Logouts,
    /// Writes the last heads of the logs to the file that remembers them.
    Heads,
    /// Says in the public registry what is new of keys, rules and custodians, and the counts of a month that is over.
    Registry,
}

/// The periodic work of one node.
#[derive(Clone)]
pub struct Tasks {
    pub store: Store,
    pub attributes: Attributes,
    pub keys: Keys,
    pub logout: Logout,
    pub transparency: Transparency,
    pub institutions: Institutions,
    pub ambient: Ambient,
}

/// Why a round ended early. It is done again the next time.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Keys(#[from] KeyringError),
    #[error(transparent)]
    Heads(#[from] MemoryError),
    #[error("the round panicked")]
    Panic,
}

impl Task {
    pub const ALL: [Self; 13] = [
        Self::Sessions,
        Self::Ceremonies,
        Self::Throttles,
        Self::Grants,
        Self::Spent,
        Self::RegistrationTokens,
        Self::Facts,
        Self::Crowds,
        Self::Keys,
        Self::Rotation,
        Self::Logouts,
        Self::Heads,
        Self::Registry,
    ];

    /// The name in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Ceremonies => "ceremonies",
            Self::Throttles => "throttles",
            Self::Grants => "grants",
            Self::Spent => "spent",
            Self::RegistrationTokens => "registration tokens",
            Self::Facts => "facts",
            Self::Crowds => "crowds",
            Self::Keys => "keys",
            Self::Rotation => "key rotation",
            Self::Logouts => "logouts",
            Self::Heads => "log heads",
            Self::Registry => "registry",
        }
    }

    /// The time between two rounds. The less there is to remove in one statement, the less it holds others up.
    const fn interval(self) -> Duration {
        match self {
            Self::Grants | Self::Spent | Self::Ceremonies | Self::Registry => Duration::from_mins(1),
            Self::Sessions | Self::Crowds => Duration::from_mins(5),
            Self::Throttles => Duration::from_hours(6),
            Self::Facts => Duration::from_hours(4),
            // Jittered and with the time that reading takes, still within the promise.
            Self::Keys => Duration::from_secs(6),
            Self::Rotation | Self::RegistrationTokens => Duration::from_hours(1),
            Self::Logouts => Duration::from_secs(5),
            // Jittered, still before a second has passed.
            Self::Heads => Duration::from_millis(700),
        }
    }

    /// What a node needs from its first moment on begins at once: the first citizen would have to wait for all rows, and
    /// a key may have been revoked since it was read, a forum may wait for what a crash kept back.
    const fn begins_at_once(self) -> bool {
        matches!(self, Self::Crowds | Self::Keys | Self::Logouts | Self::Heads | Self::Registry)
    }
}

impl Tasks {
    /// Does all tasks round after round until `shutdown` resolves. What fails is logged and done again the next time.
    /// A transaction under way at the end is finished by the store.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let rounds = join_all(Task::ALL.map(|task| self.clone().repeat(task)));
        tokio::select! {
            () = shutdown => {}
            _ = rounds => {}
        }
    }

    /// One round of one task, and how many rows (or keys) it removed or changed.
    pub async fn once(&self, task: Task) -> Result<u64, TaskError> {
        let now = self.ambient.now();
        Ok(match task {
            Task::Keys => self.keys.refresh(&self.ambient).await?,
            Task::Rotation => self.keys.rotate(&self.ambient).await?,
            Task::Sessions => self.store.write(move |tx| Box::pin(sessions::remove_old(tx, now))).await?,
            Task::Ceremonies => self.store.write(move |tx| Box::pin(accounts::remove_old_ceremonies(tx, now))).await?,
            Task::Grants => self.remove(|tx, now| Box::pin(grants::remove_old(tx, now, BATCH))).await?,
            Task::Spent => self.remove(|tx, now| Box::pin(spent::remove_old(tx, now, BATCH))).await?,
            Task::RegistrationTokens => {
                self.remove(|tx, now| Box::pin(clients::remove_old_registration_tokens(tx, now, BATCH))).await?
            }
            Task::Throttles => {
                let mut rows = 0;
                for (most, after) in FORGOTTEN {
                    let before = now.minus(after);
                    let forget = self
                        .store
                        .write::<_, StoreError, _>(move |tx| Box::pin(throttles::remove_old(tx, most, before)));
                    rows += forget.await?;
                }
                rows
            }
            Task::Facts => self.settle().await?,
            Task::Crowds => self.attributes.read_crowds().await.map(|()| 0)?,
            Task::Logouts => self.logout.round().await?,
            Task::Heads => self.transparency.remember().await?.into(),
            Task::Registry => self.institutions.round(&self.store).await? + self.transparency.publish_counts().await?,
        })
    }

    async fn repeat(self, task: Task) {
        let mut pause = if task.begins_at_once() { Duration::ZERO } else { self.jittered(FIRST_ROUND) };
        let mut known = String::new();
        loop {
            tokio::time::sleep(pause).await;
            let tasks = self.clone();
            // A round of its own, so that a fault in it ends neither the other tasks nor the next round.
            let done = tokio::spawn(async move { tasks.once(task).await }).await.unwrap_or(Err(TaskError::Panic));
            let fault = match done {
                Ok(rows) => {
                    tracing::debug!(task = task.as_str(), rows, "round done");
                    String::new()
                }
                Err(error) => error.to_string(),
            };
            // A fault that lasts is said once: some rounds come every few seconds.
            if !fault.is_empty() && fault != known {
                tracing::warn!(task = task.as_str(), error = fault, "round failed");
            }
            known = fault;
            pause = self.jittered(task.interval());
        }
    }

    /// Batch by batch: a whole month's grants end with it, and a busy minute's proofs.
    async fn remove(&self, old: Removal) -> Result<u64, StoreError> {
        let (mut rows, now) = (0, self.ambient.now());
        loop {
            let removed = self.store.write::<_, StoreError, _>(move |tx| old(tx, now)).await?;
            rows += removed;
            if removed < u64::from(BATCH) {
                return Ok(rows);
            }
            tokio::time::sleep(BETWEEN_BATCHES).await;
        }
    }

    async fn settle(&self) -> Result<u64, StoreError> {
        let (mut rows, mut after) = (0, None);
        loop {
            let settled = self.attributes.settle(after).await?;
            rows += settled.rows;
            after = settled.next;
            if after.is_none() {
                return Ok(rows);
            }
            tokio::time::sleep(BETWEEN_BATCHES).await;
        }
    }

    /// Between three and five quarters of the span: nodes that were started together drift apart.
    fn jittered(&self, span: Duration) -> Duration {
        span.mul_f64(self.ambient.rng().random_range(0.75..1.25))
    }
}

/// Removes at most [`BATCH`] rows whose time has come, and says how many.
type Removal = for<'t> fn(&'t mut Tx, Timestamp) -> BoxFuture<'t, Result<u64, StoreError>>;

const FIRST_ROUND: Duration = Duration::from_secs(30);
/// Rows that one statement removes.
const BATCH: u32 = 500;
const BETWEEN_BATCHES: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use super::*;
    use crate::{
        attributes::tests::{World, facts},
        clients::{Clients, Outbound},
        consent::Consents,
        domain::{
            age::{LeapDay, LegalCalendar},
            ambient::Clock as _,
            bracket::BracketTable,
            ids::{AccountId, ClientId, ConsentId, FamilyId, GrantId, PersonId, PseudonymId, Sector},
            issuer::Issuer,
            secret::{Token, TokenHash},
        },
        provider::{Lifetimes, Parts, Provider},
        pseudonym::Pseudonyms,
        store::{Log, NewLeaf, clients as rows, consents, pseudonyms},
        transparency,
    };

    fn tasks(world: &World) -> Tasks {
        let clients = Clients::new(world.store.clone(), world.ambient(), Outbound::unused(), institutions(world));
        let (transparency, logout) = (transparency(world), logout(world, clients.clone()));
        let keys = Keys { keyring: world.keyring(), clients, rotate: true };
        Tasks {
            store: world.store.clone(),
            attributes: world.attributes.clone(),
            keys,
            logout,
            transparency,
            institutions: institutions(world),
            ambient: world.ambient(),
        }
    }

    fn institutions(world: &World) -> Institutions {
        let policy = transparency::policy(&BracketTable::default(), []).unwrap();
        Institutions::new(world.keyring(), world.ambient(), policy, "custodians_key")
    }

    /// Logs beside the database.
    fn transparency(world: &World) -> Transparency {
        Transparency::new(transparency::Parts {
            store: world.store.clone(),
            keyring: world.keyring(),
            ambient: world.ambient(),
            calendar: LegalCalendar::new("Europe/Paris", LeapDay::default()).unwrap(),
            issuer: Issuer::try_from("https://id.example".to_owned()).unwrap(),
            rollback_file: world.directory().join("log-heads.txt"),
            policy: transparency::policy(&BracketTable::default(), []).unwrap(),
        })
    }

    /// With nobody to tell anything.
    fn logout(world: &World, clients: Clients) -> Logout {
        let (store, keyring, ambient) = (world.store.clone(), world.keyring(), world.ambient());
        let owners = transparency::Owners::new(Arc::clone(&keyring), ambient.clone());
        let minute = Duration::from_mins(1);
        let provider = Provider::new(Parts {
            name: String::new(),
            mtls: None,
            issuer: Issuer::try_from("https://id.example".to_owned()).unwrap(),
            store: store.clone(),
            keyring: Arc::clone(&keyring),
            clients,
            pseudonyms: Pseudonyms::new(store.clone(), Arc::clone(&keyring), owners.clone(), ambient.clone()),
            consents: Consents::new(store, keyring, ambient.clone()),
            attributes: world.attributes.clone(),
            transparency: transparency(world),
            owners,
            institutions: institutions(world),
            lifetimes: Lifetimes {
                pushed: minute,
                code: minute,
                id_token: minute,
                access_token: minute,
                refresh: minute,
                refresh_race: minute,
            },
            ambient,
        });
        Logout::new(provider, Outbound::unused())
    }

    /// What a task removes now, now again, and after a while.
    async fn rounds(world: &World, task: Task, later: Duration) -> [u64; 3] {
        let tasks = tasks(world);
        let round = async || tasks.once(task).await.unwrap();
        let (one, two) = (round().await, round().await);
        world.clock.advance(later);
        [one, two, round().await]
    }

    const HOUR: Duration = Duration::from_hours(1);

    #[tokio::test]
    async fn sessions_are_removed_when_they_cannot_be_valid_any_more() {
        let world = World::new("2026-03-01T12:00:00Z").await;
        let now = world.clock.now();
        let insert = world.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                for (name, remove_after) in [("ended", now), ("live", now.plus(HOUR))] {
                    let token_hash = Token::presented(name).hash();
                    let session = sessions::Session { token_hash, account_tag: [1; 32], sealed: vec![], remove_after };
                    sessions::insert(tx, &session).await?;
                }
                Ok(())
            })
        });
        insert.await.unwrap();
        assert_eq!(rounds(&world, Task::Sessions, HOUR).await, [1, 0, 1]);
    }

    #[tokio::test]
    async fn ceremonies_that_were_not_finished_are_removed() {
        let world = World::new("2026-03-01T12:00:00Z").await;
        let now = world.clock.now();
        let insert = world.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                accounts::insert_ceremony(tx, Token::presented("ended").hash(), b"", now).await?;
                accounts::insert_ceremony(tx, Token::presented("live").hash(), b"", now.plus(HOUR)).await
            })
        });
        insert.await.unwrap();
        assert_eq!(rounds(&world, Task::Ceremonies, HOUR).await, [1, 0, 1]);
    }

    #[tokio::test]
    async fn wrong_guesses_are_remembered_the_longer_the_more_there_were() {
        let world = World::new("2026-03-01T12:00:00Z").await;
        let now = world.clock.now();
        let fail = world.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                for (name, times) in [(1, 10), (2, 11), (3, 99), (4, 100)] {
                    for _ in 0..times {
                        throttles::fail(tx, &[name; 32], now).await?;
                    }
                }
                Ok(())
            })
        });
        fail.await.unwrap();
        assert_eq!(rounds(&world, Task::Throttles, 24 * HOUR).await, [0, 0, 0]);
        assert_eq!(rounds(&world, Task::Throttles, HOUR).await, [0, 0, 1]);
        assert_eq!(rounds(&world, Task::Throttles, 29 * 24 * HOUR).await, [0, 0, 2]);
        assert_eq!(rounds(&world, Task::Throttles, 336 * 24 * HOUR).await, [0, 0, 1]);
    }

    #[tokio::test]
    async fn grants_are_removed_but_not_under_a_refresh_token_that_can_still_be_used() {
        let mut world = World::new("2026-03-01T12:00:00Z").await;
        let now = world.clock.now();
        let person = world.enrol(&facts(r#"{"y":1990}"#, "cog:38563")).await;
        let insert = world.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                agree(tx, person, now).await?;
                redeem(tx, 1, now).await?;
                redeem(tx, 2, now).await?;
                let family = grants::Family {
                    id: FamilyId::from_bytes([1; 16]),
                    grant_id: GrantId::from_bytes([2; 16]),
                    client_id: forum(),
                    sealed: Vec::new(),
                    remove_after: now.plus(HOUR),
                };
                grants::insert_family(tx, &family).await
            })
        });
        insert.await.unwrap();
        assert_eq!(rounds(&world, Task::Grants, HOUR).await, [1, 0, 1]);
    }

    #[tokio::test]
    async fn d12_what_was_spent_is_forgotten_in_all_batches_and_not_while_it_could_come_again() {
        let world = World::new("2026-03-01T12:00:00Z").await;
        let now = world.clock.now();
        let spend = world.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                for number in 0..=BATCH {
                    let mut tag = [0; 32];
                    tag[..4].copy_from_slice(&number.to_be_bytes());
                    assert!(spent::spend(tx, &tag, now.plus(Duration::from_secs(59))).await?);
                }
                Ok(())
            })
        });
        spend.await.unwrap();
        // Another node's clock may be two seconds behind: what it still takes has to be known.
        assert_eq!(rounds(&world, Task::Spent, Duration::from_secs(61)).await, [0, 0, 0]);
        assert_eq!(rounds(&world, Task::Spent, Duration::from_mins(2)).await, [0, 0, u64::from(BATCH) + 1]);
    }

    #[tokio::test]
    async fn initial_access_tokens_are_removed_when_they_were_used_or_have_expired() {
        let world = World::new("2026-03-01T12:00:00Z").await;
        let now = world.clock.now();
        let insert = world.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                for number in 0..=BATCH {
                    let hash = Token::presented(&number.to_string()).hash();
                    rows::insert_registration_token(tx, hash, now, now.plus(HOUR)).await?;
                }
                let used = Token::presented("0").hash();
                assert!(rows::use_registration_token(tx, used, now).await?);
                Ok(())
            })
        });
        insert.await.unwrap();
        assert_eq!(rounds(&world, Task::RegistrationTokens, HOUR).await, [1, 0, u64::from(BATCH)]);
    }

    #[tokio::test]
    async fn facts_are_settled_in_all_batches() {
        let mut world = World::new("2026-03-01T12:00:00Z").await;
        for _ in 0..501 {
            world.enrol(&facts(r#"{"y":2008,"m":[2026,3,2]}"#, "cog:38563")).await;
        }
        assert_eq!(rounds(&world, Task::Facts, 12 * HOUR).await, [0, 0, 501]);
        assert_eq!(tasks(&world).once(Task::Facts).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn reading_crowds_again_and_again_counts_nobody_twice() {
        let mut world = World::new("2026-03-01T12:00:00Z").await;
        let known = facts(r#"{"y":1990}"#, "cog:38563");
        world.enrol(&known).await;
        assert_eq!(rounds(&world, Task::Crowds, HOUR).await, [0, 0, 0]);
        let shown = crate::domain::claim::Qualities::default();
        assert_eq!(world.attributes.crowd(&shown).await.unwrap().people, 1);
    }

    #[tokio::test]
    async fn the_last_heads_of_the_logs_are_remembered_in_time_and_once() {
        assert!(Task::Heads.interval().mul_f64(1.25) < Duration::from_secs(1));
        let world = World::new("2026-03-01T12:00:00Z").await;
        let tasks = tasks(&world);
        let log = async |bytes: &'static [u8]| {
            let leaf = NewLeaf { bytes: bytes.to_vec(), token: None, owner: None };
            world.store.write(|tx| Box::pin(async move { tx.log(Log::Registry, leaf) })).await.map(drop)
        };
        let remembered = async || tasks.once(Task::Heads).await.unwrap();
        let file = world.directory().join("log-heads.txt");
        log(b"one").await.unwrap();
        assert_eq!((remembered().await, remembered().await), (1, 0));
        let before = std::fs::read_to_string(&file).unwrap();
        log(b"two").await.unwrap();
        assert_eq!((remembered().await, remembered().await), (1, 0));
        assert_ne!(std::fs::read_to_string(&file).unwrap(), before);
    }

    #[tokio::test]
    async fn the_work_ends_when_the_process_does() {
        let world = World::new("2026-03-01T12:00:00Z").await;
        let polled = AtomicU32::new(0);
        let shutdown = std::future::poll_fn(|context| {
            context.waker().wake_by_ref();
            if polled.fetch_add(1, Ordering::SeqCst) > 3 {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        });
        tasks(&world).run(shutdown).await;
        assert!(polled.load(Ordering::SeqCst) > 3);
    }

    #[tokio::test]
    async fn rounds_drift_apart_by_a_quarter_at_the_most() {
        let world = World::new("2026-03-01T12:00:00Z").await;
        let pauses: Vec<Duration> = (0..50).map(|_| tasks(&world).jittered(HOUR)).collect();
        assert!(pauses.iter().all(|pause| (HOUR * 3 / 4..=HOUR * 5 / 4).contains(pause)));
        assert!(pauses.iter().any(|pause| *pause < HOUR) && pauses.iter().any(|pause| *pause > HOUR));
    }

    #[tokio::test]
    async fn keys_are_looked_at_often_enough_and_due_ones_made_early_enough() {
        assert!(Task::Keys.interval().mul_f64(1.25) + Duration::from_secs(2) <= crate::keyring::LIVE_WITHIN);
        assert!(Task::Keys.begins_at_once());
        let world = World::new("2026-03-01T12:00:00Z").await;
        assert_eq!(rounds(&world, Task::Rotation, Duration::from_hours(30 * 24 - 3)).await, [0, 0, 1]);
    }

    #[tokio::test]
    async fn with_rotation_left_to_the_operator_keys_are_seen_and_none_is_made_or_deleted() {
        let world = World::new("2026-03-01T12:00:00Z").await;
        let mut tasks = tasks(&world);
        tasks.keys.rotate = false;
        world.clock.advance(400 * 24 * HOUR);
        assert_eq!(tasks.once(Task::Rotation).await.unwrap(), 0);
        world.keyring().rotate(crate::keyring::Role::Token, &mut world.ambient().rng(), world.clock.now()).unwrap();
        assert_eq!(tasks.once(Task::Keys).await.unwrap(), 0, "what this node made itself is no news");
        world.clock.advance(HOUR);
        assert_eq!(tasks.once(Task::Keys).await.unwrap(), 5, "its hour has come");
    }

    fn forum() -> ClientId {
        "c_forum".parse().unwrap()
    }

    const SESSION: TokenHash = TokenHash::from_bytes([1; 32]);
    const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);
    const CONSENT: ConsentId = ConsentId::from_bytes([1; 16]);

    /// Everything that a code rests on.
    async fn agree(tx: &mut Tx, person: PersonId, now: Timestamp) -> Result<(), StoreError> {
        let sector: Sector = "forum.example".parse().unwrap();
        rows::ensure_sector(tx, &sector, 1, now).await?;
        let client = rows::Client {
            id: forum(),
            sector: sector.clone(),
            metadata: "{}".to_owned(),
            secret_hash: None,
            registration_hash: None,
            version: 1,
            created_on: now,
            disabled_at: None,
        };
        rows::insert(tx, &client).await?;
        let holder = accounts::Holder::Citizen(person);
        let login = "login".to_owned();
        let account = accounts::Account { id: ACCOUNT, holder, login, created_on: now, disabled_at: None };
        accounts::insert(tx, &account).await?;
        let pseudonym = pseudonyms::Pseudonym {
            id: PseudonymId::from_bytes([1; 16]),
            person_id: person,
            sector,
            slot: 0,
            generation: 0,
            key_version: 1,
            sealed: Vec::new(),
            version: 1,
            retired_on: None,
        };
        pseudonyms::insert(tx, &pseudonym).await?;
        let consent = consents::Consent {
            id: CONSENT,
            person_id: person,
            pseudonym_id: pseudonym.id,
            client_id: forum(),
            sealed: Vec::new(),
            withdrawn: None,
        };
        consents::insert(tx, &consent).await?;
        let session = sessions::Session {
            token_hash: SESSION,
            account_tag: [1; 32],
            sealed: Vec::new(),
            remove_after: now.plus(Duration::from_hours(24)),
        };
        sessions::insert(tx, &session).await
    }

    /// Spends a code, of which nothing needs to be known after `now`; `number` tells codes apart.
    async fn redeem(tx: &mut Tx, number: u8, now: Timestamp) -> Result<(), StoreError> {
        let redemption = grants::Redemption {
            id: GrantId::from_bytes([number; 16]),
            consent_id: CONSENT,
            client_id: forum(),
            account_id: ACCOUNT,
            session_tag: [1; 32],
            session: SESSION,
            sealed: Vec::new(),
            remove_after: now,
        };
        assert!(grants::redeem(tx, &redemption).await?);
        Ok(())
    }
}
