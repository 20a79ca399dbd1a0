//! A log to be witnessed, of any size and with any other history.

use ed25519_dalek::{Signer as _, SigningKey};
use heteronym::wire::tlog::{AddCheckpoint, Algorithm, Checkpoint, Edge, Hash, NoteKey, SignedCheckpoint};

/// A log in memory. Its leaves are numbers behind a word, by which histories differ.
pub(crate) struct TestLog {
    origin: String,
    history: String,
    key: SigningKey,
}

impl TestLog {
    pub(crate) fn new(origin: &str) -> Self {
        let key = SigningKey::from_bytes(&[7; 32]);
        Self { origin: origin.to_owned(), history: "leaf".to_owned(), key }
    }

    /// The same log, as it would tell another history from its beginning.
    pub(crate) fn fork(&self) -> Self {
        Self { origin: self.origin.clone(), history: "other".to_owned(), key: self.key.clone() }
    }

    /// The same history under another key.
    pub(crate) fn under_key(&self, seed: u8) -> Self {
        let key = SigningKey::from_bytes(&[seed; 32]);
        Self { origin: self.origin.clone(), history: self.history.clone(), key }
    }

    pub(crate) fn key(&self) -> NoteKey {
        NoteKey::new(&self.origin, Algorithm::Ed25519, &self.key.verifying_key().to_bytes()).unwrap()
    }

    pub(crate) fn root(&self, size: u64) -> Hash {
        self.edge(size).root()
    }

    pub(crate) fn checkpoint(&self, size: u64) -> SignedCheckpoint {
        let head = Checkpoint::new(&self.origin, size, self.root(size)).unwrap();
        SignedCheckpoint::sign(head, &self.key(), |text| self.key.sign(text).to_bytes()).unwrap()
    }

    pub(crate) fn proof(&self, old: u64, new: u64) -> Vec<Hash> {
        self.edge(new).consistency(old).unwrap()
    }

    /// The body of an add-checkpoint request that shows how the tree grew.
    pub(crate) fn request(&self, old: u64, new: u64) -> String {
        self.request_with(old, self.proof(old, new), new)
    }

    pub(crate) fn request_with(&self, old: u64, proof: Vec<Hash>, new: u64) -> String {
        AddCheckpoint::new(old, proof, self.checkpoint(new)).unwrap().to_string()
    }

    fn edge(&self, size: u64) -> Edge {
        let mut edge = Edge::new();
        for leaf in 0..size {
            edge.push(Hash::of_leaf(format!("{} {leaf}", self.history).as_bytes())).unwrap();
        }
        edge
    }
}
