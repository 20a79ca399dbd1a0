//! What of the logs is shown, and proven, with the cosignatures of witnesses.

use std::sync::Arc;

use crate::{
    domain::log::LogName,
    store::{Placed, StoreError, Tx, cosigned, log},
    transparency::{Transparency, tiles},
    wire::tlog::{self, Hash},
};

impl Transparency {
    /// The checkpoint of a log for everybody: the newest that enough witnesses have cosigned, or where there are no witnesses,
    /// or they are silent, the newest of all. `None` when the log has no leaf.
    pub async fn published(&self, name: LogName) -> Result<Option<String>, StoreError> {
        let read = self.store.read::<_, StoreError, _>(|tx| Box::pin(newest(tx, name)));
        let (head, cosigned) = read.await?;
        let Some(head) = head.filter(|head| head.size > 0) else { return Ok(None) };
        let now = self.keeper.ambient.now();
        let enough = cosigned.filter(|cosigned| self.is_enough(cosigned) && self.covered.is_current(name, now));
        Ok(Some(enough.map_or(head.checkpoint, |cosigned| cosigned.checkpoint)))
    }

    /// The place of a leaf, with a proof for which enough witnesses stand: waits for them, for a few seconds at the most.
    pub async fn witnessed(&self, placed: &Placed) -> Result<Placed, StoreError> {
        if self.covered.quorum() == 0 {
            return Ok(placed.clone());
        }
        let cosigned = self.covered.covering(placed.log, placed.index).await;
        let cosigned = cosigned.ok_or(StoreError::Unavailable("too few witnesses have cosigned the log in time"))?;
        let checkpoint = Arc::clone(&cosigned.checkpoint);
        if cosigned.size == placed.size {
            return Ok(Placed { checkpoint, ..placed.clone() });
        }
        let (name, index, size) = (placed.log, placed.index, cosigned.size);
        let proof = self.store.read::<_, StoreError, _>(|tx| Box::pin(inclusion(tx, name, index, size))).await?;
        Ok(Placed { log: name, index, size, checkpoint, proof })
    }

    /// The heads that witnesses are asked about at a start: those that there are, and empty ones of logs that begin with the
    /// next leaf, of which a witness may know more than a database that was lost.
    pub(super) async fn shown(&self) -> Result<Vec<(LogName, String)>, StoreError> {
        let now = self.keeper.ambient.now();
        let heads = self.heads().await?.into_iter().filter(|head| head.size > 0);
        let mut shown: Vec<_> = heads.map(|head| (head.log, head.checkpoint)).collect();
        for name in [LogName::Registry, self.keeper.issuance_log()?] {
            if !shown.iter().any(|(log, _)| *log == name) {
                shown.push((name, self.keeper.check.seal.sign(name, 0, Hash::of_empty_tree(), now)?));
            }
        }
        Ok(shown)
    }

    /// Of a log the newest cosigned head of the last run.
    pub(super) async fn cosigned_before(&self, name: LogName) -> Result<Option<cosigned::Cosigned>, StoreError> {
        let read = self.store.read::<_, StoreError, _>(|tx| Box::pin(newest(tx, name)));
        Ok(read.await?.1.filter(|cosigned| self.is_enough(cosigned)))
    }

    fn is_enough(&self, cosigned: &cosigned::Cosigned) -> bool {
        usize::try_from(cosigned.cosignatures).is_ok_and(|count| count >= self.covered.quorum().max(1))
    }
}

async fn newest(tx: &mut Tx, name: LogName) -> Result<(Option<log::Head>, Option<cosigned::Cosigned>), StoreError> {
    Ok((log::find(tx, name).await?, cosigned::find(tx, name).await?))
}

/// The inclusion proof of a leaf in the tree that its log had at this size.
async fn inclusion(tx: &mut Tx, name: LogName, index: u64, size: u64) -> Result<Vec<Hash>, StoreError> {
    let missing = || StoreError::Corrupt("a leaf stands in no log");
    let wanted = tlog::tiles_of_inclusion(index, size).map_err(|_| missing())?;
    let found = tiles::gather(tx, name, wanted).await?;
    tlog::inclusion_proof(index, size, |tile| found.get(&tile).cloned()).map_err(|_| missing())
}
