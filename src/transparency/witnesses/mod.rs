//! The witnesses of the logs: they are shown each new head, and what they have cosigned is published. `specs/log.md`, Witnesses.
//!
//! Whoever wants to show two people two histories of a log would have to make its witnesses sign both, which they do not. They
//! also remember for us: a log that is smaller here than a witness has seen it, or another one, was set back, and takes no
//! more leaves. A witness that lies can stop the logs by that, and can do no other harm; its name is in the alarm, and the
//! operator removes it from `log.witnesses`.

mod address;
mod ask;
mod client;
mod covered;
mod gathering;
mod published;
mod shown;

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{self, Instant},
};

pub(super) use self::covered::Covered;
pub use self::{
    address::{Mirror, Witness, WitnessError},
    client::ClientError,
    gathering::Cosigned,
};
use self::{
    ask::{Answered, Asked, Target},
    client::{Client, TIME},
    gathering::Gathering,
};
use super::{Transparency, fault::Divergence};
use crate::{
    domain::log::LogName,
    store::{StoreError, cosigned},
    wire::tlog::SignedCheckpoint,
};

/// Shows the heads of the logs to their witnesses. Cheap to clone.
#[derive(Clone)]
pub struct Witnesses(Arc<Inner>);

struct Inner {
    logs: Transparency,
    witnesses: Vec<Witness>,
    mirrors: Vec<Mirror>,
    client: Client,
    quorum: usize,
    feeds: Mutex<HashMap<LogName, Arc<Feed>>>,
}

/// What is shown of one log.
struct Feed {
    /// The newest head for the witnesses.
    target: watch::Sender<Option<Target>>,
    gathering: Mutex<Gathering>,
    /// The size that each witness has cosigned last, as far as is known.
    known: Vec<Mutex<u64>>,
}

/// Who the witnesses are, and what is asked of them.
pub struct WitnessSettings {
    pub witnesses: Vec<Witness>,
    /// How many of them have to have cosigned before a token goes out; 0: none.
    pub quorum: usize,
    /// Copies of the logs that are asked for their heads at a start.
    pub mirrors: Vec<Mirror>,
    /// A PEM file of further certificate authorities; empty: none.
    pub extra_ca: PathBuf,
}

/// Why the witnesses cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum WitnessSetupError {
    #[error(transparent)]
    Witness(#[from] WitnessError),
    #[error("log.quorum is {quorum}, and log.witnesses names {witnesses}")]
    Quorum { quorum: usize, witnesses: usize },
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl Witnesses {
    pub fn new(logs: Transparency, settings: WitnessSettings) -> Result<Self, WitnessSetupError> {
        let WitnessSettings { witnesses, quorum, mirrors, extra_ca } = settings;
        for (at, witness) in witnesses.iter().enumerate() {
            // One that counted twice would be a quorum by itself.
            if witnesses.iter().take(at).any(|other| other.key.public() == witness.key.public()) {
                return Err(WitnessError::Twice(witness.name().to_owned()).into());
            }
        }
        if quorum > witnesses.len() {
            return Err(WitnessSetupError::Quorum { quorum, witnesses: witnesses.len() });
        }
        logs.covered.expect(witnesses.len(), quorum);
        let client = Client::new(&extra_ca)?;
        Ok(Self(Arc::new(Inner { logs, witnesses, mirrors, client, quorum, feeds: Mutex::default() })))
    }

    /// The names under which the witnesses sign.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.witnesses.iter().map(Witness::name)
    }

    /// How many of them have to have cosigned before a token goes out; 0: none.
    pub fn quorum(&self) -> usize {
        self.0.quorum
    }

    /// Asks every witness what it remembers, and every copy what it shows, as a start does before anything is appended. Who has seen
    /// more, or something else, makes the logs read-only; who does not answer is passed over.
    pub async fn compare(&self) -> Result<(), StoreError> {
        self.compare_published().await?;
        self.compare_cosigned().await
    }

    async fn compare_cosigned(&self) -> Result<(), StoreError> {
        if self.0.witnesses.is_empty() {
            return Ok(());
        }
        let mut targets = Vec::new();
        for (log, note) in self.0.logs.shown().await? {
            if let Some(before) = self.0.logs.cosigned_before(log).await? {
                self.0.logs.covered.publish(log, before.into());
            }
            targets.extend(self.begin(log, &note));
        }
        let asked = targets.iter().flat_map(|target| {
            (0..self.0.witnesses.len()).map(move |witness| time::timeout(TIME * 2, self.show(target, witness)))
        });
        for answered in join_all(asked).await.into_iter().flatten() {
            if let Answered::Failed(witness, trouble) = answered? {
                tracing::warn!(witness, trouble, "a witness could not be asked what it remembers");
            }
        }
        Ok(())
    }

    /// Shows new heads until `shutdown` resolves.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        if self.0.witnesses.is_empty() {
            return shutdown.await;
        }
        let work = async {
            let mut workers = JoinSet::new();
            let mut fed = HashSet::new();
            loop {
                let begun = Instant::now();
                match self.round().await {
                    Ok(feeds) => self.attend(&feeds, &mut fed, &mut workers),
                    Err(error) => tracing::warn!(%error, "the heads for the witnesses cannot be read"),
                }
                tokio::select! {
                    () = time::sleep(EVERY) => {}
                    // With a quorum somebody waits, yet not for a head of his own: what comes meanwhile goes along.
                    () = self.0.logs.covered.wanted.notified() => time::sleep_until(begun + SOONEST).await,
                }
            }
        };
        tokio::select! {
            () = shutdown => {}
            () = work => {}
        }
    }

    /// Takes up the heads of all logs.
    async fn round(&self) -> Result<Vec<(LogName, Arc<Feed>)>, StoreError> {
        let now = self.0.logs.keeper.ambient.now();
        let heads = self.0.logs.heads().await?;
        let mut feeds = Vec::new();
        for head in heads.into_iter().filter(|head| head.size > 0) {
            self.0.logs.covered.grown(head.log, head.size, now);
            if self.begin(head.log, &head.checkpoint).is_some() {
                feeds.push((head.log, self.feed(head.log)));
            }
        }
        Ok(feeds)
    }

    /// Sees to it that each witness has a worker for each log.
    fn attend(&self, feeds: &[(LogName, Arc<Feed>)], fed: &mut HashSet<LogName>, workers: &mut JoinSet<()>) {
        for (log, feed) in feeds {
            if fed.insert(*log) {
                for witness in 0..self.0.witnesses.len() {
                    workers.spawn(self.clone().work(Arc::clone(feed), witness));
                }
            }
        }
    }

    /// Makes a head the one that the witnesses of its log are given next; what that is now.
    fn begin(&self, log: LogName, note: &str) -> Option<Target> {
        let checkpoint = SignedCheckpoint::parse(note.as_bytes()).ok()?;
        let feed = self.feed(log);
        let new = feed.gathering().begin(checkpoint.clone());
        if new {
            feed.target.send_replace(Some(Target { log, checkpoint }));
        }
        feed.target.borrow().clone()
    }

    /// Gives one witness the newest head of one log, again and again.
    async fn work(self, feed: Arc<Feed>, witness: usize) {
        let mut targets = feed.target.subscribe();
        let (mut shown, mut failures, mut said) = (0, 0, String::new());
        loop {
            let next = targets.wait_for(|target| target.as_ref().is_some_and(|target| target.size() > shown)).await;
            let Some(target) = next.ok().and_then(|target| target.clone()) else { return };
            let trouble = match self.show(&target, witness).await {
                Ok(Answered::Cosigned | Answered::Overtaken) => {
                    (shown, failures) = (target.size(), 0);
                    said.clear();
                    continue;
                }
                // Nothing more can be said to it: the logs are read-only until a restart.
                Ok(Answered::Remembers) => return,
                Ok(Answered::Failed(_, trouble)) => trouble,
                Err(error) => error.to_string(),
            };
            // What lasts is said once.
            if trouble != said {
                let witness = self.0.witnesses.get(witness).map_or("", Witness::name);
                tracing::warn!(log = %target.log, witness, trouble, "a witness does not cosign");
                said = trouble;
            }
            time::sleep(EVERY * 2_u32.pow(failures)).await;
            // Where tokens wait for it, one that comes back is not left alone for long.
            failures = (failures + 1).min(if self.0.quorum > 0 { 2 } else { MOST_DOUBLINGS });
        }
    }

    /// Shows a head to a witness, and does what follows from its answer.
    async fn show(&self, target: &Target, witness: usize) -> Result<Answered, StoreError> {
        let answered = self.ask(target, witness).await?;
        match answered {
            // Of an empty log there is nothing to publish.
            Asked::Cosigned(_) if target.size() == 0 => Ok(Answered::Cosigned),
            Asked::Cosigned(line) => {
                let added = self.feed(target.log).gathering().add(target.size(), witness, line);
                match added {
                    Ok(Some(cosigned)) => self.publish(target.log, cosigned).await?,
                    Ok(None) => {}
                    Err(error) => tracing::warn!(%error, "a cosignature has no place"),
                }
                Ok(Answered::Cosigned)
            }
            Asked::Overtaken => Ok(Answered::Overtaken),
            Asked::Remembers(divergence) => {
                self.close(&divergence);
                Ok(Answered::Remembers)
            }
            Asked::Failed(trouble) => {
                let name = self.0.witnesses.get(witness).map_or("", Witness::name);
                Ok(Answered::Failed(name.to_owned(), trouble))
            }
        }
    }

    fn close(&self, divergence: &Divergence) {
        self.0.logs.keeper.check.close(divergence);
    }

    /// Durable first: what was shown once is shown after a restart as well.
    async fn publish(&self, log: LogName, cosigned: Cosigned) -> Result<(), StoreError> {
        let row = cosigned::Cosigned {
            size: cosigned.size,
            checkpoint: cosigned.checkpoint.to_string(),
            cosignatures: cosigned.cosignatures.try_into().unwrap_or(u32::MAX),
        };
        let put = self.0.logs.store.write::<_, StoreError, _>(move |tx| {
            let row = row.clone();
            Box::pin(async move { cosigned::put(tx, log, &row).await })
        });
        put.await?;
        self.0.logs.covered.publish(log, cosigned);
        Ok(())
    }

    fn feed(&self, log: LogName) -> Arc<Feed> {
        let mut feeds = self.0.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            Arc::new(Feed {
                target: watch::channel(None).0,
                gathering: Mutex::new(Gathering::new(self.0.quorum)),
                known: self.0.witnesses.iter().map(|_| Mutex::new(0)).collect(),
            })
        };
        Arc::clone(feeds.entry(log).or_insert_with(new))
    }
}

impl Feed {
    fn gathering(&self) -> MutexGuard<'_, Gathering> {
        self.gathering.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, witness: usize) -> u64 {
        self.known.get(witness).map_or(0, |known| *known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn learn(&self, witness: usize, size: u64) {
        if let Some(known) = self.known.get(witness) {
            *known.lock().unwrap_or_else(PoisonError::into_inner) = size;
        }
    }
}

/// Between two heads, where nobody waits; and before a witness that failed is asked again, doubled up to a minute.
const EVERY: Duration = Duration::from_secs(1);
const MOST_DOUBLINGS: u32 = 6;
/// Between two heads where somebody waits.
const SOONEST: Duration = Duration::from_millis(50);
