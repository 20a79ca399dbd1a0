//! How work in a transaction puts leaves into the public logs: what it says of a leaf, what it gets back, and who numbers them.
//!
//! The store knows nothing of trees and signatures. Just before it commits it hands the leaves of all the work that goes into this
//! commit to the one [`Sequencer`] that was installed, which writes them inside the same transaction: so a leaf is there exactly
//! when what it speaks of is.

use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;

use super::{StoreError, Tx};
use crate::{
    domain::log::LogName,
    wire::tlog::{Hash, NoteError, SignedCheckpoint, TlogProof},
};

/// Which of the two kinds of logs a leaf goes into. Of the issuance logs it is that of the year in which it is numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Log {
    Registry,
    Issuance,
}

/// A leaf without its place yet.
#[derive(Clone, PartialEq, Eq)]
pub struct NewLeaf {
    /// As they are published: 16 KiB at the most.
    pub bytes: Vec<u8>,
    /// SHA-256 of the token that the leaf speaks of. No token is logged twice.
    pub token: Option<[u8; 32]>,
    /// The tag by which its owner finds it. No tag is used twice.
    pub owner: Option<[u8; 16]>,
}

/// Where a leaf came to stand, for whoever wrote it. Filled when the transaction is durable, and never otherwise.
#[derive(Clone, Default)]
pub struct Receipt(Arc<OnceLock<Placed>>);

/// The place of a leaf with all that proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    pub log: LogName,
    pub index: u64,
    /// Of the tree that the checkpoint signs.
    pub size: u64,
    /// A signed note (C2SP tlog-checkpoint).
    pub checkpoint: Arc<str>,
    /// The inclusion proof of the leaf in that tree (RFC 6962 §2.1.1).
    pub proof: Vec<Hash>,
}

/// A leaf that waits for the commit.
pub struct Pending {
    pub log: Log,
    pub leaf: NewLeaf,
    pub receipt: Receipt,
}

/// Whoever numbers leaves and signs the heads of the logs.
pub trait Sequencer: Send + Sync {
    /// Whether leaves are taken at all. Asked when work logs, so that what cannot be logged takes nobody else along.
    fn takes(&self) -> Result<(), StoreError>;

    /// Writes the leaves inside the transaction that commits the work they came from; nothing but the commit follows. An error
    /// rolls that work back. More than one call at a time is possible where there is more than one connection that writes.
    fn sequence<'t>(
        &'t self,
        tx: &'t mut Tx,
        leaves: Vec<Pending>,
    ) -> BoxFuture<'t, Result<Box<dyn Sequenced>, StoreError>>;
}

/// Leaves that stand in a transaction. Dropped, they were not committed, or nobody knows whether they were.
pub trait Sequenced: Send {
    /// Fills the receipts: the transaction is durable.
    fn committed(self: Box<Self>);
}

/// The place of the one sequencer of a store.
pub(super) type Installed = Arc<OnceLock<Arc<dyn Sequencer>>>;

impl Receipt {
    /// `Ok` of [`Store::write`](super::Store::write) means that it is filled.
    pub fn placed(&self) -> Result<&Placed, StoreError> {
        self.0.get().ok_or(StoreError::Other("the leaf was not committed".to_owned()))
    }

    /// For the sequencer, once.
    pub fn fill(&self, placed: Placed) {
        // Nobody else has it.
        let _ = self.0.set(placed);
    }
}

impl Placed {
    /// The proof as it is handed out, with the entry in it (C2SP tlog-proof).
    pub fn tlog_proof(&self, entry: &[u8]) -> Result<TlogProof, NoteError> {
        let checkpoint = SignedCheckpoint::parse(self.checkpoint.as_bytes())?;
        TlogProof::new(Some(entry.to_vec()), self.index, self.proof.clone(), checkpoint)
    }
}
