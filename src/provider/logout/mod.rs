//! Telling forums that a session has ended (OpenID Connect Back-Channel Logout 1.0, Front-Channel Logout 1.0).
//!
//! What is to be told was queued by whatever ended the session (`crate::logout`). Here it goes out: at once where somebody
//! waits for it, and otherwise round after round, by the [`SCHEDULE`]. Each receiver is asked apart from all others, so that a
//! slow one delays nobody; each delivery belongs to whoever claimed it, so that two nodes do not both make it.

mod token;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt as _, future::join_all, stream};
use tokio::time::timeout;

use super::Provider;
use crate::{
    clients::Outbound,
    domain::ids::ClientId,
    logout::{Claimed, Ended, Logouts, Pending},
    store::StoreError,
};

/// Tells forums. Cheap to clone.
#[derive(Clone)]
pub struct Logout {
    provider: Provider,
    outbound: Outbound,
    /// The forums that a round of this process is asking just now.
    asked: Arc<Mutex<HashSet<ClientId>>>,
    figures: Arc<Figures>,
}

/// What became of the deliveries of this process.
#[derive(Debug, Default)]
pub struct Figures {
    delivered: AtomicU64,
    given_up: AtomicU64,
}

/// How one attempt ended.
enum Attempt {
    /// The forum knows.
    Delivered,
    /// The forum finds fault with the request: it would with the next (§2.8).
    Refused,
    /// No answer, or one that says neither.
    Failed,
}

impl Figures {
    pub fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }

    /// Refused by the forum, or tried to the end of the schedule.
    pub fn given_up(&self) -> u64 {
        self.given_up.load(Ordering::Relaxed)
    }
}

impl Logout {
    pub fn new(provider: Provider, outbound: Outbound) -> Self {
        Self { provider, outbound, asked: Arc::default(), figures: Arc::default() }
    }

    pub fn figures(&self) -> Arc<Figures> {
        Arc::clone(&self.figures)
    }

    /// The addresses that the browser has to load so that the forums of a session hear of its end: each with `iss` and `sid`,
    /// and nothing else of ours (Front-Channel Logout §2). One a forum.
    pub async fn frames(&self, ended: &Ended) -> Result<Vec<String>, StoreError> {
        let mut frames = Vec::new();
        for notice in &ended.by_browser {
            let client = self.provider.told_client(notice).await?;
            let uri = client.as_ref().and_then(|client| client.metadata.frontchannel_logout_uri.as_deref());
            let (Some(client), Some(uri), Some(tag)) = (&client, uri, notice.session) else { continue };
            let Ok(mut frame) = url::Url::parse(uri) else { continue };
            let sid = self.provider.sid(&tag, &client.sector);
            frame.query_pairs_mut().append_pair("iss", self.provider.issuer.as_str()).append_pair("sid", &sid);
            frames.push(frame.to_string());
        }
        frames.sort();
        frames.dedup();
        Ok(frames)
    }

    /// Tells what was just queued, each forum at the same time as the others, and waits a moment for their answers: where they
    /// come in time, the forum knows before the browser is back there. The rest goes on by itself.
    pub async fn tell_now(&self, ended: Ended) {
        let told = ended.queued.into_iter().map(|pending| {
            let this = self.clone();
            tokio::spawn(async move {
                if let Err(error) = this.tell(&pending).await {
                    tracing::warn!(%error, "a forum is told later that a session has ended");
                }
            })
        });
        let told: Vec<_> = told.collect();
        let _ = timeout(PATIENCE, join_all(told)).await;
    }

    /// One round: claims what is due and tells the forums, each apart from the others. Comes back when all have been asked, or
    /// after a while; those that are still at it then go on. The answer is how many were due.
    pub async fn round(&self) -> Result<u64, StoreError> {
        let due = self.claim_due().await?;
        let count = due.len();
        let mut by_forum: HashMap<ClientId, Vec<Claimed>> = HashMap::new();
        for claimed in due {
            by_forum.entry(claimed.notice.client.clone()).or_default().push(claimed);
        }
        let groups = by_forum.into_iter().map(|(client, claimed)| {
            let this = self.clone();
            tokio::spawn(async move { this.tell_one_forum(client, claimed).await })
        });
        let groups: Vec<_> = groups.collect();
        let _ = timeout(ROUND, join_all(groups)).await;
        Ok(count as u64)
    }

    async fn claim_due(&self) -> Result<Vec<Claimed>, StoreError> {
        let (store, this) = (&self.provider.store, self.provider.clone());
        let waits = store.read::<_, StoreError, _>(move |tx| {
            Box::pin(async move { Logouts::new(&this.keyring, &this.ambient).is_any_due(tx).await })
        });
        // Most rounds find nothing, and then there is nothing to write.
        if !waits.await? {
            return Ok(Vec::new());
        }
        let this = self.provider.clone();
        let claim = store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let logouts = Logouts::new(&this.keyring, &this.ambient);
                let mut claimed = Vec::new();
                for pending in logouts.due(tx, BATCH).await? {
                    claimed.extend(logouts.claim(tx, &pending).await?);
                }
                Ok(claimed)
            })
        });
        claim.await
    }

    /// Tells one forum all that it is to be told. When it does not answer once, the rest is not tried either: it waits with
    /// the first. What is too much for one round waits for the next.
    async fn tell_one_forum(&self, client: ClientId, mut claimed: Vec<Claimed>) {
        let turn = Turn::begin(&self.asked, client);
        let later = claimed.split_off(if turn.is_some() { MOST_A_FORUM.min(claimed.len()) } else { 0 });
        let silent = AtomicBool::new(false);
        let tell = |claimed: Claimed| {
            let silent = &silent;
            async move {
                let told = if silent.load(Ordering::Relaxed) {
                    self.settle(&claimed, &Attempt::Failed).await
                } else {
                    self.attempt(&claimed, || silent.store(true, Ordering::Relaxed)).await
                };
                if let Err(error) = told {
                    tracing::warn!(%error, "a forum is told later that a session has ended");
                }
            }
        };
        stream::iter(claimed).for_each_concurrent(AT_ONCE, tell).await;
        drop(turn);
        for claimed in later {
            if let Err(error) = self.put_off(&claimed, claimed.attempts, NEXT_ROUND).await {
                tracing::warn!(%error, "a forum is told later that a session has ended");
            }
        }
    }

    /// Claims one notice and tells its forum; nothing when somebody else has it.
    async fn tell(&self, pending: &Pending) -> Result<(), StoreError> {
        let (provider, pending) = (self.provider.clone(), pending.clone());
        let claim = self.provider.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move { Logouts::new(&provider.keyring, &provider.ambient).claim(tx, &pending).await })
        });
        match claim.await? {
            Some(claimed) => self.attempt(&claimed, || ()).await,
            None => Ok(()),
        }
    }

    async fn attempt(&self, claimed: &Claimed, failed: impl FnOnce()) -> Result<(), StoreError> {
        let client = &claimed.notice.client;
        let Some(message) = self.provider.logout_message(&claimed.notice).await? else {
            return self.end(claimed).await;
        };
        let attempt = match self.outbound.post_form(&message.url, message.form).await {
            // §2.8: 200, and for what some frameworks make of an empty answer, 204.
            Ok(200 | 204) => Attempt::Delivered,
            Ok(400) => Attempt::Refused,
            Ok(status) => {
                tracing::info!(%client, status, "a forum did not take a logout token");
                Attempt::Failed
            }
            Err(error) => {
                tracing::info!(%client, %error, "a forum could not be given a logout token");
                Attempt::Failed
            }
        };
        if matches!(attempt, Attempt::Failed) {
            failed();
        }
        self.settle(claimed, &attempt).await
    }

    async fn settle(&self, claimed: &Claimed, attempt: &Attempt) -> Result<(), StoreError> {
        let client = &claimed.notice.client;
        let attempts = claimed.attempts.saturating_add(1);
        let next = usize::try_from(claimed.attempts).ok().and_then(|made| SCHEDULE.get(made));
        match (attempt, next) {
            (Attempt::Delivered, _) => {
                self.figures.delivered.fetch_add(1, Ordering::Relaxed);
                self.end(claimed).await
            }
            (Attempt::Failed, Some(pause)) => self.put_off(claimed, attempts, *pause).await,
            (Attempt::Refused | Attempt::Failed, _) => {
                self.figures.given_up.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%client, attempts, "a forum was not told that a session has ended: given up");
                self.end(claimed).await
            }
        }
    }

    async fn end(&self, claimed: &Claimed) -> Result<(), StoreError> {
        let claimed = claimed.clone();
        let end =
            self.provider.store.write::<_, StoreError, _>(move |tx| Box::pin(async move { claimed.done(tx).await }));
        end.await.map(drop)
    }

    async fn put_off(&self, claimed: &Claimed, attempts: u32, pause: Duration) -> Result<(), StoreError> {
        let (claimed, at) = (claimed.clone(), self.provider.ambient.now().plus(pause));
        let put_off = self
            .provider
            .store
            .write::<_, StoreError, _>(move |tx| Box::pin(async move { claimed.again(tx, attempts, at).await }));
        put_off.await.map(drop)
    }
}

/// A forum that is being asked, until this is dropped.
struct Turn<'a> {
    asked: &'a Mutex<HashSet<ClientId>>,
    client: ClientId,
}

impl<'a> Turn<'a> {
    /// `None`: an earlier round is still at it.
    fn begin(asked: &'a Mutex<HashSet<ClientId>>, client: ClientId) -> Option<Self> {
        let first = asked.lock().unwrap_or_else(PoisonError::into_inner).insert(client.clone());
        first.then(|| Self { asked, client })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.client);
    }
}

/// The pauses between one attempt and the next. After the last, the forum is given up; its own session ends when it does.
pub const SCHEDULE: [Duration; 5] = [
    Duration::from_secs(10),
    Duration::from_mins(1),
    Duration::from_mins(10),
    Duration::from_hours(1),
    Duration::from_hours(6),
];
/// How long a browser waits for the forums' answers.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a round waits for the slowest forum before the next may begin.
const ROUND: Duration = Duration::from_secs(6);
/// Rows that one round claims.
const BATCH: u32 = 200;
/// Of one forum in one round: at five seconds each and [`AT_ONCE`] at a time, twenty seconds, well within a claim.
const MOST_A_FORUM: usize = 32;
const AT_ONCE: usize = 8;
const NEXT_ROUND: Duration = Duration::from_secs(10);
