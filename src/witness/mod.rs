//! A witness: it sees that logs only ever grow, and signs that it has seen it (C2SP tlog-witness, tlog-cosignature).
//!
//! A log shows each new head with a proof that it continues the head that the witness has signed last. What does not
//! continue it gets no cosignature, so that nobody who asks for this witness's cosignature can be shown another history.
//! A witness is of use to a log as far as it is somebody else's: it runs on its operator's own machine, knows of the
//! service nothing but the wire, and witnesses the logs of others as well.

mod key;
mod routes;
mod store;
mod tool;
mod trust;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::Router;
use rand::CryptoRng;
use tokio::net::TcpListener;

pub use self::{
    key::KeyError,
    store::StoreError,
    tool::{Args, Command, Config, Logs, Named, ToolError, run},
    trust::TrustError,
};
use self::{
    key::PrivateKey,
    store::{Known, Store},
};
use crate::{
    http::server::{self, Limits},
    wire::tlog::{
        AddCheckpoint, Algorithm, MAX_ADD_CHECKPOINT, Note, NoteError, NoteKey, NoteSignature, SignedCheckpoint,
        WitnessRefusal,
    },
};

/// A witness at work; clones are the same witness.
#[derive(Clone, Debug)]
pub struct Witness(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    key: PrivateKey,
    name: NoteKey,
    clock: Clock,
}

/// Tells milliseconds since 1970-01-01T00:00:00Z: the witness does not read a clock by itself.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

/// A witness cannot be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the name of the witness: {0}")]
    Name(#[from] NoteError),
    #[error("the key file and the database in {0} are of two witnesses, and one of them lacks its memory")]
    OtherKey(PathBuf),
}

/// Why a head is not cosigned.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// As the protocol says.
    #[error(transparent)]
    Protocol(#[from] WitnessRefusal),
    #[error("the clock of the witness is behind its own last cosignature for this log")]
    ClockBehind,
    #[error("the note cannot hold the witness's signature: {0}")]
    Note(#[from] NoteError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Witness {
    /// Makes the key and the database of a new witness.
    pub async fn create(
        directory: &Path,
        name: &str,
        clock: Clock,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, OpenError> {
        // A name that is none shows before anything is written.
        NoteKey::new(name, Algorithm::Cosignature, &ANY_KEY)?;
        let key = PrivateKey::create(&directory.join(KEY_FILE), rng)?;
        let store = Store::create(&directory.join(DATABASE), name, &key.public()).await?;
        Self::of(store, key, name, clock)
    }

    /// Opens the witness that lives in a directory.
    pub async fn open(directory: &Path, clock: Clock) -> Result<Self, OpenError> {
        let key = PrivateKey::load(&directory.join(KEY_FILE))?;
        let store = Store::open(&directory.join(DATABASE)).await?;
        match store.identity().await? {
            Some((name, public)) if public == key.public() => Self::of(store, key, &name, clock),
            _ => Err(OpenError::OtherKey(directory.to_owned())),
        }
    }

    fn of(store: Store, key: PrivateKey, name: &str, clock: Clock) -> Result<Self, OpenError> {
        let name = NoteKey::new(name, Algorithm::Cosignature, &key.public())?;
        Ok(Self(Arc::new(Inner { store, key, name, clock })))
    }

    /// By which others know its cosignatures.
    pub fn verifier_key(&self) -> String {
        self.0.name.to_string()
    }

    /// Everything it answers.
    pub fn router(&self) -> Router {
        routes::routes(self.clone())
    }

    /// Answers until `shutdown` resolves, lets what is under way finish, and lets go of the database.
    pub async fn serve(&self, listener: TcpListener, limits: Limits, shutdown: impl Future<Output = ()>) {
        let limits = Limits { body_bytes: MAX_ADD_CHECKPOINT, ..limits };
        server::serve(listener, self.router(), limits, shutdown).await;
        self.close().await;
    }

    /// Waits for the last write and lets go of the database.
    pub async fn close(&self) {
        self.0.store.close().await;
    }

    /// Answers an add-checkpoint request with the witness's signature line (C2SP tlog-witness, add-checkpoint).
    pub async fn add_checkpoint(&self, body: &[u8]) -> Result<String, Refusal> {
        let request = AddCheckpoint::parse(body).map_err(|_| WitnessRefusal::Malformed)?;
        let origin = request.checkpoint().checkpoint().origin();
        let (keys, by_name) = self.0.store.keys_of(origin).await?;
        if keys.is_empty() {
            return Err(WitnessRefusal::UnknownLog.into());
        }
        let known = self.0.store.known(origin).await?;
        let last = known.as_ref().map(|known| (known.size, known.root));
        let checked = request.check(&keys, last).map(|_| ());
        if checked != Err(WitnessRefusal::Unsigned) {
            self.note_fork(known.as_ref(), &self.head(&request, &keys)?).await?;
        }
        checked?;
        let (next, line) = match self.cosign(known.as_ref(), self.head(&request, &keys)?)? {
            Cosigned::Already(line) => return Ok(line),
            Cosigned::Now(next, line) => (next, line),
        };
        let stepped = match &known {
            Some(known) => self.0.store.advance(known, &next).await?,
            None => self.0.store.begin(&next, by_name).await?,
        };
        if stepped { Ok(line) } else { Err(self.overtaken(origin).await?.into()) }
    }

    /// What there would be to remember of a request, with the signatures of these keys alone: a witness hands on nothing
    /// that it has not verified.
    fn head(&self, request: &AddCheckpoint, keys: &[NoteKey]) -> Result<Known, NoteError> {
        let signed = request.checkpoint();
        let mut note = Note::new(signed.note().text().to_owned())?;
        for signature in signed.note().signatures() {
            let known = keys.iter().any(|key| key.name() == signature.name() && key.id() == signature.id());
            if known && !note.signatures().contains(signature) {
                note.push(signature.clone())?;
            }
        }
        let head = signed.checkpoint();
        Ok(Known {
            origin: head.origin().to_owned(),
            size: head.size(),
            root: head.root(),
            checkpoint: note.to_string(),
            cosigned_at: self.seconds(),
        })
    }

    /// Keeps the proof that a log has two histories, whatever else the request asks for.
    async fn note_fork(&self, known: Option<&Known>, head: &Known) -> Result<(), StoreError> {
        if known.is_some_and(|known| known.size == head.size && known.root != head.root) {
            tracing::error!(origin = head.origin, size = head.size, "the log has signed two roots of one size");
            self.0.store.keep_fork(head).await?;
        }
        Ok(())
    }

    fn cosign(&self, known: Option<&Known>, head: Known) -> Result<Cosigned, Refusal> {
        let note = SignedCheckpoint::parse(head.checkpoint.as_bytes())?;
        if let Some(known) = known {
            if known.cosigned_at > head.cosigned_at {
                return Err(Refusal::ClockBehind);
            }
            // Whoever shows the newest head again and again costs a write a second at the most.
            if known.cosigned_at == head.cosigned_at
                && let Some(line) = self.own_line(known, note.note().text())
            {
                return Ok(Cosigned::Already(line));
            }
        }
        let sign = |message: &[u8]| self.0.key.sign(message);
        let signature = NoteSignature::cosign(&self.0.name, note.note().text(), head.cosigned_at, sign)?;
        let line = format!("{signature}\n");
        Ok(Cosigned::Now(Known { checkpoint: [head.checkpoint.as_str(), &line].concat(), ..head }, line))
    }

    /// The witness's own signature line of a text that it has signed.
    fn own_line(&self, known: &Known, text: &str) -> Option<String> {
        let signed = SignedCheckpoint::parse(known.checkpoint.as_bytes()).ok()?;
        let mut lines = signed.note().signatures().iter();
        let own = lines.find(|line| line.name() == self.0.name.name() && line.id() == self.0.name.id())?;
        (signed.note().text() == text).then(|| format!("{own}\n"))
    }

    /// What to say to a request that another one has overtaken.
    async fn overtaken(&self, origin: &str) -> Result<WitnessRefusal, StoreError> {
        let known = self.0.store.known(origin).await?;
        Ok(known.map_or(WitnessRefusal::UnknownLog, |known| WitnessRefusal::Conflict(known.size)))
    }

    fn seconds(&self) -> u64 {
        ((self.0.clock.0)() / 1_000).try_into().unwrap_or(0)
    }
}

impl Clock {
    pub fn new(now: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

enum Cosigned {
    /// The same text was cosigned within this second.
    Already(String),
    /// What to remember before the line goes out.
    Now(Known, String),
}

const KEY_FILE: &str = "witness.key";
const DATABASE: &str = "witness.db";
/// The base point of edwards25519 (RFC 8032 §5.1): a public key to try a name with.
const ANY_KEY: [u8; 32] = {
    let mut key = [0x66; 32];
    key[0] = 0x58;
    key
};
