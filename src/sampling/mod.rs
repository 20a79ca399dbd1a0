//! Sampled audits, on the provider's side (`specs/log.md` §13): an auditor has leaves of tokens opened that nobody could choose.
//!
//! [`Sampling`] is the one service. An audit goes from its commitment ([`Sampling::begin`]) over the nonce
//! ([`Sampling::reveal`]), the openings ([`Sampling::open`], in the background, on whichever node comes first) and the file
//! ([`Sampling::file`]) to the auditor's result ([`Sampling::conclude`]). Each step is in the registry when it is done. What is
//! opened is the auditor's alone: nothing of it goes into a log line, an error or a `Debug`.

mod auditors;
mod draw;
mod find;
mod open;
mod values;

use std::{fmt, sync::Arc, time::Duration};

use rand::Rng as _;
use sha2::{Digest as _, Sha256};

use crate::{
    accounts::Accounts,
    attributes::Attributes,
    domain::{
        ambient::{Ambient, Timestamp},
        ids::AccountId,
        log::LogName,
    },
    keyring::Keyring,
    store::{Log, NewLeaf, Store, StoreError, Tx, audits, log},
    transparency::Owners,
    wire::tlog::{
        Hash,
        leaf::{AuditCommit, AuditDraw, AuditId, AuditResult, Hour, Registry, RegistryLeaf},
        sample::MAX_DRAWS,
    },
};

pub use self::auditors::{AuditorError, AuditorInvite};
pub use crate::{
    store::audits::{Audit, Auditor, Concluded, Opened},
    wire::tlog::sample::MAX_DRAWS as MOST_DRAWS,
};

/// Opens what was drawn. Cheap to clone.
#[derive(Clone)]
pub struct Sampling(Arc<Inner>);

struct Inner {
    store: Store,
    keyring: Arc<Keyring>,
    accounts: Accounts,
    attributes: Attributes,
    owners: Owners,
    ambient: Ambient,
    /// One node opens for one audit at a time.
    working: tokio::sync::Mutex<()>,
}

/// What a service of sampled audits is made of.
pub struct Parts {
    pub store: Store,
    pub keyring: Arc<Keyring>,
    pub accounts: Accounts,
    pub attributes: Attributes,
    pub owners: Owners,
    pub ambient: Ambient,
}

/// How the audits of one auditor stand.
#[derive(Clone, Debug)]
pub struct Standing {
    pub auditor: Auditor,
    /// The one that has not ended, and how many leaves are done with.
    pub running: Option<(Audit, u64)>,
    /// Those that have, the newest first.
    pub ended: Vec<Audit>,
    /// Every log that may be drawn from, the newest first.
    pub logs: Vec<LogName>,
}

/// Why no audit was begun. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    #[error("the account is no auditor's, or has no name yet: `heteronym auditors add`")]
    NotAnAuditor,
    #[error("an audit draws 1 to {MAX_DRAWS} leaves")]
    Draws,
    #[error("there is no issuance log of this name")]
    UnknownLog,
    #[error("no token stands in this log")]
    Empty,
    #[error("an audit of this auditor has not ended")]
    Running,
    #[error("an audit was begun with this hash before: draw another nonce")]
    Repeated,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a nonce was refused. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum RevealError {
    #[error("no audit of this auditor is running")]
    NothingRunning,
    #[error("the nonce of this audit is known already")]
    Shown,
    #[error("this is not the nonce that the audit was begun with")]
    Wrong,
    #[error("the audit is over: its nonce was not shown within seven days")]
    Lapsed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why no result was taken. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ConcludeError {
    #[error("no audit of this auditor waits for its result")]
    NothingOpened,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Sampling {
    pub fn new(parts: Parts) -> Self {
        let Parts { store, keyring, accounts, attributes, owners, ambient } = parts;
        let working = tokio::sync::Mutex::default();
        Self(Arc::new(Inner { store, keyring, accounts, attributes, owners, ambient, working }))
    }

    /// Begins an audit of the tree that the log has now. `nonce_hash` binds the auditor; the number that is drawn here, and goes
    /// into the registry with the head, binds us.
    pub async fn begin(
        &self,
        account: AccountId,
        log: &str,
        draws: u32,
        nonce_hash: [u8; 32],
    ) -> Result<AuditId, BeginError> {
        if !(1..=MAX_DRAWS).contains(&draws) {
            return Err(BeginError::Draws);
        }
        let log = log.parse().ok().filter(|log| *log != LogName::Registry).ok_or(BeginError::UnknownLog)?;
        let mut id = [0; 16];
        self.0.ambient.rng().fill_bytes(&mut id);
        let commitment = (AuditId::from_bytes(id), log, draws, Hash::from_bytes(nonce_hash));
        let now = self.now();
        let begun = self.0.store.write_logged(move |tx| Box::pin(begin(tx, account, commitment, now)));
        let begun = begun.await.map_err(|error| match error {
            BeginError::Store(StoreError::Taken) => BeginError::Running,
            other => other,
        });
        self.audit("begin an audit", account, begun.is_ok());
        begun
    }

    /// Shows the nonce of the auditor's running audit: from here on everybody knows what is drawn. Once.
    pub async fn reveal(&self, account: AccountId, nonce: [u8; 32]) -> Result<AuditId, RevealError> {
        let now = self.now();
        let revealed = self.0.store.write_logged(move |tx| Box::pin(reveal(tx, account, nonce, now))).await;
        self.audit("show a nonce", account, revealed.is_ok());
        revealed
    }

    /// The file of what was opened, whose hash is in the registry; `None` when there is none, or not yet, or no more.
    pub async fn file(&self, account: AccountId) -> Result<Option<Vec<u8>>, StoreError> {
        let read = self.0.store.read::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let Some(audit) = audits::running(tx, account).await? else { return Ok(None) };
                let Some(opened) = audit.openings else { return Ok(None) };
                Ok(Some((audit.id, opened.hash, audits::openings(tx, audit.id).await?)))
            })
        });
        let Some((id, hash, rows)) = read.await? else { return Ok(None) };
        let file = self.assembled(id, &rows)?.to_bytes();
        self.audit("take the openings", account, true);
        let is_published = Sha256::digest(&file).as_slice() == hash.as_bytes();
        if is_published {
            Ok(Some(file))
        } else {
            Err(StoreError::Corrupt("the openings are not those of the registry"))
        }
    }

    /// The auditor has checked what was opened, and says what came of it. The openings are gone.
    pub async fn conclude(&self, account: AccountId, faults: u32, report: [u8; 32]) -> Result<(), ConcludeError> {
        let (now, concluded) = (self.now(), Concluded { faults, report: Hash::from_bytes(report) });
        let done = self.0.store.write_logged(move |tx| {
            Box::pin(async move {
                let ended = audits::conclude(tx, account, &concluded, now).await?;
                let (audit, opened, withheld) = ended.ok_or(ConcludeError::NothingOpened)?;
                audits::remove_openings(tx).await?;
                let Concluded { faults, report } = concluded;
                say(tx, now, AuditResult { audit, opened, withheld, faults, report })?;
                Ok(())
            })
        });
        let done = done.await;
        self.audit("conclude an audit", account, done.is_ok());
        done
    }

    /// How the audits of this account stand; `None` when it is no auditor's with a name.
    pub async fn standing(&self, account: AccountId) -> Result<Option<Standing>, StoreError> {
        let now = self.now();
        let read = self.0.store.read::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let Some(auditor) = audits::find_auditor(tx, account).await? else { return Ok(None) };
                let running = audits::running(tx, account).await?.filter(|audit| !audit.has_lapsed(now));
                let running = match running {
                    Some(audit) => {
                        let done = audits::places(tx, audit.id).await?.len() as u64;
                        Some((audit, done))
                    }
                    None => None,
                };
                let mut ended = audits::of(tx, account).await?;
                ended.retain(|audit| audit.ended_on.is_some() || audit.has_lapsed(now));
                let mut logs: Vec<_> = log::heads(tx).await?.into_iter().map(|head| head.log).collect();
                logs.retain(|log| *log != LogName::Registry);
                logs.reverse();
                Ok(Some(Standing { auditor, running, ended, logs }))
            })
        });
        read.await
    }

    /// Ends what is over: audits without a nonce, and openings of which nobody says anything. How many there were.
    pub async fn end_old(&self) -> Result<u64, StoreError> {
        let now = self.now();
        let ended = self.0.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let unshown = audits::end_unshown(tx, last_begin(now), now).await?;
                let unconcluded = audits::end_unconcluded(tx, now.minus(KEPT).plus(AN_HOUR), now).await?;
                audits::remove_openings(tx).await?;
                Ok(unshown + unconcluded)
            })
        });
        ended.await
    }

    /// A line of the trail: who stands in it under a keyed tag of the day, as the holders of all accounts do.
    fn audit(&self, act: &'static str, account: AccountId, done: bool) {
        let auditor = self.0.keyring.vault().trace(account.as_bytes(), self.now());
        tracing::info!(target: "audit", act, auditor, outcome = if done { "done" } else { "refused" });
    }

    fn now(&self) -> Timestamp {
        self.0.ambient.now()
    }
}

impl Audit {
    /// Whether it is over without a nonce, whoever has noted that.
    fn has_lapsed(&self, now: Timestamp) -> bool {
        self.nonce.is_none() && self.begun_on < last_begin(now).hour()
    }
}

impl fmt::Debug for Sampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sampling")
    }
}

async fn begin(
    tx: &mut Tx,
    account: AccountId,
    (id, name, draws, nonce_hash): (AuditId, LogName, u32, Hash),
    now: Timestamp,
) -> Result<AuditId, BeginError> {
    audits::end_unshown(tx, last_begin(now), now).await?;
    let auditor = audits::find_auditor(tx, account).await?.filter(|auditor| auditor.is_open);
    let auditor = auditor.ok_or(BeginError::NotAnAuditor)?;
    let head = log::find(tx, name).await?.ok_or(BeginError::UnknownLog)?;
    if log::indices_of_tokens(tx, name, (0, head.size), 1).await?.is_empty() {
        return Err(BeginError::Empty);
    }
    let audit = Audit {
        id,
        account,
        log: name,
        size: head.size,
        root: head.root,
        draws,
        nonce_hash,
        begun_on: now,
        nonce: None,
        openings: None,
        result: None,
        ended_on: None,
    };
    if !audits::insert(tx, &audit).await? {
        return Err(BeginError::Repeated);
    }
    say(tx, now, commitment(&audit, &auditor.name)?)?;
    Ok(id)
}

async fn reveal(tx: &mut Tx, account: AccountId, nonce: [u8; 32], now: Timestamp) -> Result<AuditId, RevealError> {
    let hash = Hash::from_bytes(Sha256::digest(nonce).into());
    let Some(audit) = audits::reveal(tx, account, (&nonce, hash), last_begin(now)).await? else {
        let running = audits::running(tx, account).await?.ok_or(RevealError::NothingRunning)?;
        return Err(match running.nonce {
            Some(_) => RevealError::Shown,
            None if running.has_lapsed(now) => RevealError::Lapsed,
            None => RevealError::Wrong,
        });
    };
    say(tx, now, AuditDraw { audit, nonce })?;
    Ok(audit)
}

/// As it stands in the registry.
fn commitment(audit: &Audit, auditor: &str) -> Result<AuditCommit, StoreError> {
    Ok(AuditCommit {
        audit: audit.id,
        auditor: auditor.parse().map_err(|_| MALFORMED)?,
        log: audit.log.to_string().parse().map_err(|_| MALFORMED)?,
        size: audit.size,
        root: audit.root,
        draws: audit.draws,
        nonce_hash: audit.nonce_hash,
    })
}

/// Puts a leaf into the registry.
fn say(tx: &mut Tx, now: Timestamp, facts: impl Into<Registry>) -> Result<(), StoreError> {
    let bytes = RegistryLeaf::new(Hour::from_millis(now.0), facts).to_bytes().map_err(|_| MALFORMED)?;
    tx.log(Log::Registry, NewLeaf { bytes, token: None, owner: None }).map(drop)
}

/// What began before the hour of this time has to have shown its nonce. By the hour, as the registry says both.
fn last_begin(now: Timestamp) -> Timestamp {
    now.minus(UNSHOWN)
}

const MALFORMED: StoreError = StoreError::Corrupt("a leaf of a sampled audit cannot be written");
/// How long an audit waits for its nonce.
const UNSHOWN: Duration = Duration::from_hours(7 * 24);
/// How long openings wait for their result.
const KEPT: Duration = Duration::from_hours(30 * 24);
/// When they came is kept to the hour, and they are not kept longer for it.
const AN_HOUR: Duration = Duration::from_hours(1);
