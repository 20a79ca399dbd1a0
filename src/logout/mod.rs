//! Who has to be told that a session or a consent has ended, queued in the transaction that ends it: a crash in between
//! loses none (OpenID Connect Back-Channel Logout §2.3).
//!
//! It stands below everything that ends something: a sign-out, a removed session, a recovery, a departure, a withdrawn
//! consent, a pseudonym given up. What is said, and how it reaches the forum, is `provider::logout`. See `specs/logout.md`.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::{
    domain::{
        ambient::{Ambient, Timestamp},
        ids::{ClientId, ConsentId, DeliveryId, PseudonymId},
    },
    keyring::{Keyring, padded_json},
    store::{
        StoreError, Tx,
        logouts::{self as rows, Delivery, Receiver},
    },
};

/// What one forum is told. Neither `sub` nor `sid` is in it: both are made when they are needed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    #[serde(rename = "c")]
    pub client: ClientId,
    #[serde(rename = "y")]
    pub pseudonym: PseudonymId,
    /// The tag of the session that ended. Without one, all that this forum had of the pseudonym has.
    #[serde(rename = "q")]
    pub session: Option<[u8; 32]>,
}

/// A notice in the queue, as it was read or written.
#[derive(Clone)]
pub struct Pending {
    pub notice: Notice,
    delivery: Delivery,
}

/// A notice that is this process's own until its claim ends.
#[derive(Clone)]
pub struct Claimed {
    pub notice: Notice,
    pub attempts: u32,
    id: DeliveryId,
    until: Timestamp,
}

/// What the end of sessions leaves to do, beyond what was written.
#[derive(Clone, Default)]
pub struct Ended {
    /// The forums that are told by the browser (OpenID Connect Front-Channel Logout §2).
    pub by_browser: Vec<Notice>,
    /// What was queued, so that whoever waits need not wait for the next round.
    pub queued: Vec<Pending>,
}

/// Reads and writes the queue.
#[derive(Clone, Copy)]
pub struct Logouts<'a> {
    keyring: &'a Keyring,
    ambient: &'a Ambient,
}

impl<'a> Logouts<'a> {
    pub const fn new(keyring: &'a Keyring, ambient: &'a Ambient) -> Self {
        Self { keyring, ambient }
    }

    /// Queues what the forums of a session are told of its end, in the transaction that ends it.
    pub async fn session_ends(&self, tx: &mut Tx, session_tag: &[u8; 32]) -> Result<Ended, StoreError> {
        let mut ended = Ended::default();
        for receiver in rows::of_session(tx, session_tag).await? {
            let registered = Registered::of(&receiver)?;
            let notice = Notice {
                client: receiver.client_id,
                pseudonym: receiver.pseudonym_id,
                session: Some(receiver.session_tag),
            };
            if registered.frontchannel_logout_uri.is_some() {
                ended.by_browser.push(notice.clone());
            }
            if registered.backchannel_logout_uri.is_some() {
                ended.queued.push(self.queue(tx, notice).await?);
            }
        }
        Ok(ended)
    }

    /// What the forum of a consent is to be told when that ends: to be asked before it does, because what was granted is
    /// revoked with it, and [queued](Self::queue_all) after. Nothing for a forum that was never given a token.
    ///
    /// A forum hears of it by the `sub` alone. One that can end only what has a `sid`
    /// (`backchannel_logout_session_required`) hears of each session in which something granted still stands.
    pub async fn of_consent(&self, tx: &mut Tx, consent: ConsentId) -> Result<Vec<Notice>, StoreError> {
        let mut notices = Vec::new();
        for receiver in rows::of_consent(tx, consent).await? {
            let registered = Registered::of(&receiver)?;
            let by_session = registered.backchannel_logout_session_required;
            if registered.backchannel_logout_uri.is_none() || (by_session && !receiver.live) {
                continue;
            }
            let notice = Notice {
                client: receiver.client_id,
                pseudonym: receiver.pseudonym_id,
                session: by_session.then_some(receiver.session_tag),
            };
            if !notices.contains(&notice) {
                notices.push(notice);
            }
        }
        Ok(notices)
    }

    /// Queues notices, in the transaction in which what they tell comes true.
    pub async fn queue_all(&self, tx: &mut Tx, notices: Vec<Notice>) -> Result<(), StoreError> {
        for notice in notices {
            self.queue(tx, notice).await?;
        }
        Ok(())
    }

    async fn queue(&self, tx: &mut Tx, notice: Notice) -> Result<Pending, StoreError> {
        let mut rng = self.ambient.rng();
        let id = DeliveryId::generate(&mut rng);
        let plain = padded_json(&notice, PADDING);
        let sealed = self.keyring.vault().seal_row(TABLE, id.as_bytes(), &plain, &mut rng);
        let delivery = Delivery { id, sealed, attempts: 0, due_at: self.ambient.now() };
        rows::insert(tx, &delivery).await?;
        Ok(Pending { notice, delivery })
    }

    pub async fn is_any_due(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        Ok(!rows::due(tx, self.ambient.now(), 1).await?.is_empty())
    }

    /// At most so many notices whose time has come. One that does not open under the vault key is not among them: it is
    /// removed, since nobody can tell any more whom it was for.
    pub async fn due(&self, tx: &mut Tx, most: u32) -> Result<Vec<Pending>, StoreError> {
        let mut due = Vec::new();
        for delivery in rows::due(tx, self.ambient.now(), most).await? {
            let plain = self.keyring.vault().open_row(TABLE, delivery.id.as_bytes(), &delivery.sealed);
            if let Some(notice) = plain.ok().and_then(|plain| serde_json::from_slice(&plain).ok()) {
                due.push(Pending { notice, delivery });
            } else {
                tracing::error!("a logout token that waits does not open under the vault key: it is given up");
                rows::remove(tx, delivery.id, delivery.due_at).await?;
            }
        }
        Ok(due)
    }

    /// Takes a notice for the time that an attempt may take; `None` when another node was faster.
    pub async fn claim(&self, tx: &mut Tx, pending: &Pending) -> Result<Option<Claimed>, StoreError> {
        let until = self.ambient.now().plus(CLAIM);
        let Delivery { id, attempts, .. } = pending.delivery;
        let claimed = Claimed { notice: pending.notice.clone(), attempts, id, until };
        Ok(rows::claim(tx, &pending.delivery, until).await?.then_some(claimed))
    }
}

impl Claimed {
    /// Nothing more is to be told.
    pub async fn done(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        rows::remove(tx, self.id, self.until).await
    }

    /// To be tried again, as attempt number `attempts`.
    pub async fn again(&self, tx: &mut Tx, attempts: u32, at: Timestamp) -> Result<bool, StoreError> {
        rows::postpone(tx, self.id, self.until, attempts, at).await
    }
}

impl Ended {
    pub fn add(&mut self, other: Self) {
        self.by_browser.extend(other.by_browser);
        self.queued.extend(other.queued);
    }
}

/// What of a registration decides how a forum is told. Read in the transaction, so that no cache of a node counts.
#[derive(Deserialize)]
struct Registered {
    #[serde(default)]
    frontchannel_logout_uri: Option<IgnoredAny>,
    #[serde(default)]
    backchannel_logout_uri: Option<IgnoredAny>,
    #[serde(default)]
    backchannel_logout_session_required: bool,
}

impl Registered {
    fn of(receiver: &Receiver) -> Result<Self, StoreError> {
        serde_json::from_str(&receiver.metadata).map_err(|_| StoreError::Corrupt("a client's metadata cannot be read"))
    }
}

/// Nothing of it: it is a person in a forum.
impl fmt::Debug for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notice(…)")
    }
}

impl fmt::Debug for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ended(…)")
    }
}

const TABLE: &str = "logout_deliveries";
const PADDING: usize = 512;
/// Longer than one node works at what it has claimed.
const CLAIM: Duration = Duration::from_mins(1);
