//! Cosignatures of one log while they come in: by which head, and of whom.
//!
//! Witnesses differ in speed, so each is given the newest head whenever it is free. What counts is which head has enough of
//! them, so the last few heads are kept until then.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use crate::{
    store::cosigned,
    wire::tlog::{NoteError, NoteSignature, SignedCheckpoint},
};

/// The last heads that witnesses were given.
pub(super) struct Gathering {
    /// How many cosignatures make a head worth publishing.
    enough: usize,
    heads: VecDeque<Gathered>,
    best: (u64, usize),
}

struct Gathered {
    checkpoint: SignedCheckpoint,
    by: BTreeSet<usize>,
}

/// A head that enough witnesses have cosigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    pub size: u64,
    /// A signed note with the cosignatures.
    pub checkpoint: Arc<str>,
    pub cosignatures: usize,
}

impl Gathering {
    pub(super) fn new(quorum: usize) -> Self {
        Self { enough: quorum.max(1), heads: VecDeque::new(), best: (0, 0) }
    }

    /// Takes up a head, if it is larger than the ones before.
    pub(super) fn begin(&mut self, checkpoint: SignedCheckpoint) -> bool {
        let size = checkpoint.checkpoint().size();
        if self.heads.back().is_some_and(|last| last.size() >= size) {
            return false;
        }
        self.heads.push_back(Gathered { checkpoint, by: BTreeSet::new() });
        if self.heads.len() > KEPT {
            self.heads.pop_front();
        }
        true
    }

    /// Adds the cosignature of a witness, by its number, which was verified. What there is to publish now: a larger head than
    /// before, or the same with more cosignatures.
    pub(super) fn add(
        &mut self,
        size: u64,
        witness: usize,
        cosignature: NoteSignature,
    ) -> Result<Option<Cosigned>, NoteError> {
        // A head of which so many newer ones were seen is no news any more.
        let Some(head) = self.heads.iter_mut().find(|head| head.size() == size) else { return Ok(None) };
        if !head.by.insert(witness) {
            return Ok(None);
        }
        head.checkpoint.push(cosignature)?;
        let cosignatures = head.by.len();
        if cosignatures < self.enough || (size, cosignatures) <= self.best {
            return Ok(None);
        }
        self.best = (size, cosignatures);
        Ok(Some(Cosigned { size, checkpoint: head.checkpoint.to_string().into(), cosignatures }))
    }
}

impl From<cosigned::Cosigned> for Cosigned {
    fn from(row: cosigned::Cosigned) -> Self {
        let cosignatures = row.cosignatures.try_into().unwrap_or(usize::MAX);
        Self { size: row.size, checkpoint: row.checkpoint.into(), cosignatures }
    }
}

impl Gathered {
    fn size(&self) -> u64 {
        self.checkpoint.checkpoint().size()
    }
}

/// With a head every tenth of a second, a witness that takes three seconds still counts.
const KEPT: usize = 32;

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;
    use crate::wire::tlog::{Algorithm, Checkpoint, Hash, NoteKey};

    fn head(size: u64) -> SignedCheckpoint {
        let key = SigningKey::from_bytes(&[1; 32]);
        let name = NoteKey::new("id.example/log/2026", Algorithm::Ed25519, &key.verifying_key().to_bytes()).unwrap();
        let head = Checkpoint::new("id.example/log/2026", size, Hash::of_leaf(b"x")).unwrap();
        SignedCheckpoint::sign(head, &name, |text| key.sign(text).to_bytes()).unwrap()
    }

    fn cosignature(witness: u8, size: u64) -> NoteSignature {
        let key = SigningKey::from_bytes(&[10 + witness; 32]);
        let name = format!("w{witness}.example");
        let name = NoteKey::new(&name, Algorithm::Cosignature, &key.verifying_key().to_bytes()).unwrap();
        NoteSignature::cosign(&name, head(size).note().text(), 1, |text| key.sign(text).to_bytes()).unwrap()
    }

    fn add(gathering: &mut Gathering, size: u64, witness: u8) -> Option<(u64, usize)> {
        let added = gathering.add(size, witness.into(), cosignature(witness, size)).unwrap();
        added.map(|cosigned| {
            let lines = cosigned.checkpoint.lines().filter(|line| line.starts_with("— w")).count();
            assert_eq!(lines, cosigned.cosignatures);
            (cosigned.size, cosigned.cosignatures)
        })
    }

    #[test]
    fn a_head_is_published_as_soon_as_enough_have_cosigned_and_again_with_more() {
        let mut gathering = Gathering::new(2);
        assert!(gathering.begin(head(5)));
        assert_eq!(add(&mut gathering, 5, 0), None);
        assert_eq!(add(&mut gathering, 5, 0), None, "one witness counts once");
        assert_eq!(add(&mut gathering, 5, 1), Some((5, 2)));
        assert_eq!(add(&mut gathering, 5, 2), Some((5, 3)));
    }

    #[test]
    fn without_a_quorum_the_first_cosignature_is_enough() {
        let mut gathering = Gathering::new(0);
        gathering.begin(head(5));
        assert_eq!(add(&mut gathering, 5, 0), Some((5, 1)));
    }

    #[test]
    fn a_slow_witness_never_brings_back_an_older_head() {
        let mut gathering = Gathering::new(1);
        gathering.begin(head(5));
        gathering.begin(head(9));
        assert!(!gathering.begin(head(9)) && !gathering.begin(head(7)), "heads only grow");
        assert_eq!(add(&mut gathering, 9, 0), Some((9, 1)));
        assert_eq!(add(&mut gathering, 5, 1), None);
        assert_eq!(add(&mut gathering, 9, 1), Some((9, 2)));
    }

    #[test]
    fn fast_witnesses_that_agree_do_not_wait_for_a_slow_one() {
        let mut gathering = Gathering::new(2);
        for size in 1..100 {
            gathering.begin(head(size));
            assert_eq!(add(&mut gathering, size, 0), None);
            assert_eq!(add(&mut gathering, size, 1), Some((size, 2)));
        }
        assert_eq!(add(&mut gathering, 60, 2), None, "it is long forgotten");
        assert!(gathering.heads.len() <= KEPT);
    }
}
