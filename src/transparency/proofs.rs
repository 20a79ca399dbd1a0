//! Proofs as they are handed out: for the token of an answer, from the head that its own commit signed; and for a leaf that is
//! asked for later, from the newest one (C2SP tlog-proof).

use super::{Logged, Lookup, Proven, Transparency};
use crate::{
    domain::log::LogName,
    store::StoreError,
    wire::tlog::{Hash, SignedCheckpoint, TlogProof},
};

impl Transparency {
    /// The newest checkpoint of a log; None when there is no such log, or nothing in it.
    pub async fn checkpoint(&self, log: LogName) -> Result<Option<String>, StoreError> {
        let head = self.head(log).await?;
        Ok(head.filter(|head| head.size > 0).map(|head| head.checkpoint))
    }

    /// That a token is in the log whose transaction is durable.
    pub fn logged(&self, logged: &Logged) -> Result<String, StoreError> {
        let placed = logged.receipt.placed()?;
        written(logged.leaf.clone(), placed.index, placed.proof.clone(), &placed.checkpoint)
    }

    /// That a token with this SHA-256 is in the log; None when it is not.
    pub async fn token_proof(&self, hash: [u8; 32]) -> Result<Option<String>, StoreError> {
        let found = self.proof(Lookup::Token(hash)).await?;
        found.map(Proven::written).transpose()
    }
}

impl Proven {
    /// As it is handed out, with the leaf.
    pub fn written(self) -> Result<String, StoreError> {
        written(self.entry.leaf, self.entry.index, self.proof, &self.checkpoint)
    }
}

fn written(leaf: Vec<u8>, index: u64, hashes: Vec<Hash>, checkpoint: &str) -> Result<String, StoreError> {
    let checkpoint = SignedCheckpoint::parse(checkpoint.as_bytes()).map_err(|_| MALFORMED)?;
    let proof = TlogProof::new(Some(leaf), index, hashes, checkpoint).map_err(|_| MALFORMED)?;
    Ok(proof.to_string())
}

const MALFORMED: StoreError = StoreError::Corrupt("a proof cannot be written");
