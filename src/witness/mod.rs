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
    tool::{Args, ToolError, run},
    trust::TrustError,
};
use self::{
    key::PrivateKey,
    store::{Known, Store},
};
use crate::{
    http::server::{self, Limits},
    wire::tlog::{
        AddCheckpoint, Algorithm, Hash, Note, NoteError, NoteKey, NoteSignature, SignedCheckpoint, verify_consistency,
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

/// Why a head is not cosigned, with what the protocol has to say of it.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// 400.
    #[error("this is no add-checkpoint request: {0}")]
    Malformed(NoteError),
    /// 404.
    #[error("the log is not known here")]
    UnknownLog,
    /// 403.
    #[error("no key that is trusted for the log has signed the checkpoint, or one of them has not signed this one")]
    Unsigned,
    /// 400.
    #[error("the old size is larger than that of the checkpoint")]
    Order,
    /// 409, with the size that is known.
    #[error("the old size is not that of the newest checkpoint cosigned here, {0}")]
    OtherSize(u64),
    /// 409: the log has signed two histories.
    #[error("the checkpoint cosigned here at this size has another root")]
    Fork,
    /// 422.
    #[error("the consistency proof does not hold")]
    Inconsistent,
    /// 503.
    #[error("the clock of the witness is behind its own last cosignature for the log")]
    ClockBehind,
    /// 503.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Witness {
    /// Makes the key and the database of a new witness.
    pub async fn create(directory: &Path, name: &str, clock: Clock, rng: &mut impl CryptoRng) -> Result<Self, OpenError> {
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
        server::serve(listener, self.router(), limits, shutdown).await;
        self.close().await;
    }

    /// Waits for the last write and lets go of the database.
    pub async fn close(&self) {
        self.0.store.close().await;
    }

    /// Answers an add-checkpoint request with the witness's signature line (C2SP tlog-witness, add-checkpoint).
    pub async fn add_checkpoint(&self, body: &[u8]) -> Result<String, Refusal> {
        let request = AddCheckpoint::parse(body).map_err(Refusal::Malformed)?;
        let (head, by_name) = self.proven(&request).await?;
        let (size, root) = (head.size, head.root);
        if request.old > size {
            return Err(Refusal::Order);
        }
        let known = self.0.store.known(&head.origin).await?;
        self.note_fork(known.as_ref(), &head).await?;
        let old = known.as_ref().map_or(0, |known| known.size);
        if request.old != old {
            return Err(Refusal::OtherSize(old));
        }
        continues(known.as_ref(), size, root, &request.proof)?;
        let (next, line) = match self.cosign(known.as_ref(), head)? {
            Cosigned::Already(line) => return Ok(line),
            Cosigned::Now(next, line) => (next, line),
        };
        let stepped = match &known {
            Some(known) => self.0.store.advance(known, &next).await?,
            None => self.0.store.begin(&next, by_name).await?,
        };
        if stepped { Ok(line) } else { Err(self.overtaken(&next.origin).await?) }
    }

    /// The head that a trusted key has signed, with the signatures of such keys alone; and whether the log is trusted by
    /// its own name.
    async fn proven(&self, request: &AddCheckpoint) -> Result<(Known, bool), Refusal> {
        let signed = &request.checkpoint;
        let origin = signed.checkpoint().origin();
        let (keys, by_name) = self.0.store.keys_of(origin).await?;
        if keys.is_empty() {
            return Err(Refusal::UnknownLog);
        }
        let head = signed.verify(origin, &keys).map_err(|_| Refusal::Unsigned)?;
        let note = signed_by(signed, &keys).map_err(Refusal::Malformed)?;
        let cosigned_at = self.seconds();
        let (origin, checkpoint) = (origin.to_owned(), note.to_string());
        Ok((Known { origin, size: head.size(), root: head.root(), checkpoint, cosigned_at }, by_name))
    }

    /// Keeps the proof that a log has two histories, whatever the request asks for.
    async fn note_fork(&self, known: Option<&Known>, head: &Known) -> Result<(), Refusal> {
        if known.is_some_and(|known| known.size == head.size && known.root != head.root) {
            tracing::error!(origin = head.origin, size = head.size, "the log has signed two roots of one size");
            self.0.store.keep_fork(head).await?;
        }
        Ok(())
    }

    fn cosign(&self, known: Option<&Known>, head: Known) -> Result<Cosigned, Refusal> {
        let note = SignedCheckpoint::parse(head.checkpoint.as_bytes()).map_err(Refusal::Malformed)?;
        if let Some(known) = known {
            if known.cosigned_at > head.cosigned_at {
                return Err(Refusal::ClockBehind);
            }
            // Whoever shows the newest head again and again costs a write a second at the most.
            if known.cosigned_at == head.cosigned_at {
                if let Some(line) = self.own_line(known, note.note().text()) {
                    return Ok(Cosigned::Already(line));
                }
            }
        }
        let sign = |message: &[u8]| self.0.key.sign(message);
        let signature = NoteSignature::cosign(&self.0.name, note.note().text(), head.cosigned_at, sign);
        let signature = signature.map_err(Refusal::Malformed)?;
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
    async fn overtaken(&self, origin: &str) -> Result<Refusal, StoreError> {
        let known = self.0.store.known(origin).await?;
        Ok(known.map_or(Refusal::UnknownLog, |known| Refusal::OtherSize(known.size)))
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

/// Whether a head continues what is known (C2SP tlog-witness: the proof is empty where the old size is 0).
fn continues(known: Option<&Known>, size: u64, root: Hash, proof: &[Hash]) -> Result<(), Refusal> {
    let Some(known) = known.filter(|known| known.size > 0) else {
        return if proof.is_empty() { Ok(()) } else { Err(Refusal::Inconsistent) };
    };
    if known.size == size && known.root != root {
        return Err(Refusal::Fork);
    }
    verify_consistency(known.size, known.root, size, root, proof).map_err(|_| Refusal::Inconsistent)
}

/// The same head with the signatures of these keys and no others: a witness hands on nothing that it has not verified.
fn signed_by(signed: &SignedCheckpoint, keys: &[NoteKey]) -> Result<Note, NoteError> {
    let mut note = Note::new(signed.note().text().to_owned())?;
    for signature in signed.note().signatures() {
        let known = keys.iter().any(|key| key.name() == signature.name() && key.id() == signature.id());
        if known && !note.signatures().contains(signature) {
            note.push(signature.clone())?;
        }
    }
    Ok(note)
}

const KEY_FILE: &str = "witness.key";
const DATABASE: &str = "witness.db";
/// The base point of edwards25519 (RFC 8032 §5.1): a public key to try a name with.
const ANY_KEY: [u8; 32] = {
    let mut key = [0x66; 32];
    key[0] = 0x58;
    key
};
