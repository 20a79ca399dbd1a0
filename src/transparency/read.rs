//! What anybody may read of the logs: checkpoints, tiles, entry bundles (C2SP tlog-tiles), proofs, and leaves by the tag of
//! their owner.

use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc};

use super::{Transparency, tiles};
use crate::{
    domain::log::LogName,
    store::{
        StoreError, Tx,
        log::{self, Entry, Head},
    },
    wire::tlog::{self, Bundle, Hash, NoteError, ProofError, SignedCheckpoint, Tile, TlogProof, encode_hashes},
};

/// A leaf with the proof that it is in the newest tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    pub entry: Entry,
    /// Of the log as it is now: what the proof and the checkpoint speak of.
    pub size: u64,
    pub checkpoint: String,
    pub proof: Vec<Hash>,
}

/// By what a leaf is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// SHA-256 of the token that it speaks of.
    Token([u8; 32]),
    /// Its owner's tag.
    Owner([u8; 16]),
    Place(LogName, u64),
}

/// The first hexadecimal digits of owners' tags, 1 to 32: whoever asks for few of them does not say which leaf is theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerPrefix {
    from: [u8; 16],
    to: [u8; 16],
}

/// A text that is no prefix of an owner's tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the first digits of a tag: 1 to 32 of 0123456789abcdef")]
pub struct NoPrefix;

impl Transparency {
    /// The newest head of a log with its checkpoint; `None` when there is no such log.
    pub async fn head(&self, name: LogName) -> Result<Option<Head>, StoreError> {
        self.store.read(|tx| Box::pin(log::find(tx, name))).await
    }

    /// The newest heads of all logs, the registry first.
    pub async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        self.store.read(|tx| Box::pin(log::heads(tx))).await
    }

    /// The bytes of a tile; `None` when the log does not have all of it.
    pub async fn tile(&self, name: LogName, tile: Tile) -> Result<Option<Arc<[u8]>>, StoreError> {
        let key = (name, tile);
        if let Some(kept) = self.tiles.find(key) {
            return Ok(Some(kept));
        }
        let found = self.store.read::<_, StoreError, _>(|tx| Box::pin(tiles::stored(tx, name, tile))).await?;
        let Some(hashes) = found else { return Ok(None) };
        let bytes = encode_hashes(&hashes).into();
        if tile.is_full() {
            self.tiles.keep(key, &bytes);
        }
        Ok(Some(bytes))
    }

    /// The bytes of an entry bundle; `None` when the log does not have all of it.
    pub async fn entries(&self, name: LogName, bundle: Bundle) -> Result<Option<Arc<[u8]>>, StoreError> {
        let key = (name, bundle);
        if let Some(kept) = self.bundles.find(key) {
            return Ok(Some(kept));
        }
        let (from, to) = (bundle.first(), bundle.first().saturating_add(bundle.width().into()));
        let leaves = self.store.read::<_, StoreError, _>(|tx| Box::pin(log::leaves(tx, name, from, to))).await?;
        if leaves.len() != usize::from(bundle.width()) {
            return Ok(None);
        }
        let bytes = Bundle::encode(leaves.iter().map(Vec::as_slice));
        let bytes: Arc<[u8]> = bytes.map_err(|_| StoreError::Corrupt("a leaf is too long"))?.into();
        if bundle.tile().is_full() {
            self.bundles.keep(key, &bytes);
        }
        Ok(Some(bytes))
    }

    /// A leaf with its inclusion proof in the newest tree; `None` when there is no such leaf.
    pub async fn proof(&self, lookup: Lookup) -> Result<Option<Proven>, StoreError> {
        self.store.read(|tx| Box::pin(proof(tx, lookup))).await
    }

    /// The root that a log had at this size; `None` when it never had.
    pub async fn root_at(&self, name: LogName, size: u64) -> Result<Option<Hash>, StoreError> {
        self.store.read(|tx| Box::pin(super::tree::root_at(tx, name, size))).await
    }

    /// The proof that the tree of the new size has grown out of that of the old one; `None` when the log is smaller.
    pub async fn consistency(&self, name: LogName, old: u64, new: u64) -> Result<Option<Vec<Hash>>, StoreError> {
        let Ok(wanted) = tlog::tiles_of_consistency(old, new) else { return Ok(None) };
        let found = self.store.read::<_, StoreError, _>(|tx| Box::pin(tiles::gather(tx, name, wanted))).await?;
        proven(tlog::consistency_proof(old, new, |tile| found.get(&tile).cloned()))
    }

    /// At most so many leaves whose owners' tags begin with these digits, by tag.
    pub async fn of_owners(&self, prefix: OwnerPrefix, most: u32) -> Result<Vec<Entry>, StoreError> {
        self.store.read(|tx| Box::pin(async move { log::by_owners(tx, &prefix.from, &prefix.to, most).await })).await
    }
}

async fn proof(tx: &mut Tx, lookup: Lookup) -> Result<Option<Proven>, StoreError> {
    let entry = match lookup {
        Lookup::Token(token) => log::by_token(tx, &token).await?,
        Lookup::Owner(owner) => log::by_owner(tx, &owner).await?,
        Lookup::Place(log, index) => {
            let leaf = log::leaves(tx, log, index, index.saturating_add(1)).await?.pop();
            leaf.map(|leaf| Entry { log, index, leaf })
        }
    };
    let Some(entry) = entry else { return Ok(None) };
    // Read after the leaf, the head is one that has it.
    let missing = || StoreError::Corrupt("a leaf stands in no log");
    let head = log::find(tx, entry.log).await?.ok_or_else(missing)?;
    let wanted = tlog::tiles_of_inclusion(entry.index, head.size).map_err(|_| missing())?;
    let found: BTreeMap<_, _> = tiles::gather(tx, entry.log, wanted).await?;
    let proof = tlog::inclusion_proof(entry.index, head.size, |tile| found.get(&tile).cloned());
    let proof = proven(proof)?.ok_or(StoreError::Corrupt("a tile of a log is missing"))?;
    Ok(Some(Proven { entry, size: head.size, checkpoint: head.checkpoint, proof }))
}

fn proven<T>(made: Result<T, ProofError>) -> Result<Option<T>, StoreError> {
    match made {
        Ok(made) => Ok(Some(made)),
        Err(ProofError::Missing(_)) => Ok(None),
        Err(_) => Err(StoreError::Corrupt("a tile of a log")),
    }
}

impl Proven {
    /// The proof as it is handed out, with the entry in it (C2SP tlog-proof).
    pub fn tlog_proof(&self) -> Result<TlogProof, NoteError> {
        let checkpoint = SignedCheckpoint::parse(self.checkpoint.as_bytes())?;
        TlogProof::new(Some(self.entry.leaf.clone()), self.entry.index, self.proof.clone(), checkpoint)
    }
}

impl FromStr for OwnerPrefix {
    type Err = NoPrefix;

    fn from_str(digits: &str) -> Result<Self, NoPrefix> {
        let wanted = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
        if digits.is_empty() || digits.len() > 32 || !digits.bytes().all(wanted) {
            return Err(NoPrefix);
        }
        let filled = |rest: &str| u128::from_str_radix(&format!("{digits}{}", rest.repeat(32 - digits.len())), 16);
        match (filled("0"), filled("f")) {
            (Ok(from), Ok(to)) => Ok(Self { from: from.to_be_bytes(), to: to.to_be_bytes() }),
            _ => Err(NoPrefix),
        }
    }
}

impl fmt::Display for OwnerPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = (u128::from_be_bytes(self.from) ^ u128::from_be_bytes(self.to)).trailing_ones() / 4;
        let width = 32 - open as usize;
        let digits = format!("{:032x}", u128::from_be_bytes(self.from));
        f.write_str(digits.get(..width).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_read_as_it_is_written_and_in_no_other_form() {
        for digits in ["0", "f", "ab", "abc", "00000000000000000000000000000000", "ffffffffffffffffffffffffffffffff"] {
            assert_eq!(digits.parse::<OwnerPrefix>().unwrap().to_string(), digits);
        }
        for wrong in ["", "A", "g", "+1", " 1", "0x1", "000000000000000000000000000000000", "é"] {
            assert_eq!(wrong.parse::<OwnerPrefix>(), Err(NoPrefix), "{wrong:?}");
        }
        let all = "a".parse::<OwnerPrefix>().unwrap();
        assert_eq!((all.from[0], all.to[0], all.to[15]), (0xa0, 0xaf, 0xff));
    }
}
