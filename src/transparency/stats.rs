//! The counts of each month, published in the registry when the month is over (`specs/log.md` §3).
//!
//! They are counted from the leaves, by whichever node comes first; the others find that it was said. An auditor counts again.

use sha2::{Digest as _, Sha256};

use super::{
    Tally, Transparency,
    counts::{Monthly, following},
    institutions::written,
};
use crate::{
    domain::{ambient::Timestamp, log::LogName},
    store::{Log, NewLeaf, StoreError, log::Head, log_subjects},
    wire::tlog::leaf::{Hour, Month, RegistrarCount, Stats},
};

impl Transparency {
    /// What the leaves of all logs come to. Of logs that were not read yet it may be the beginning only, and the rest the next
    /// time: the tally says how much was read.
    pub async fn tally(&self) -> Result<(Vec<Head>, Tally), StoreError> {
        let heads = self.heads().await?;
        let tally = self.counting.read(&self.store, &heads, BATCHES_OF_A_PAGE).await?;
        Ok((heads, tally))
    }

    /// Says the counts of every month that is over and of which nothing was said, and how many leaves that took.
    pub async fn publish_counts(&self) -> Result<u64, StoreError> {
        let now = self.keeper.ambient.now();
        // What was begun in a month is committed before its counts are due.
        let open = Hour::from_millis(now.0.saturating_sub(SETTLED_AFTER_MILLIS)).month();
        let heads = self.heads().await?;
        if !heads.iter().any(|head| matches!(head.log, LogName::Issuance(_))) {
            return Ok(0);
        }
        let tally = self.counting.read(&self.store, &heads, usize::MAX).await?;
        let mut said = 0;
        let mut month = tally.began;
        while let Some(over) = month.filter(|month| *month < open) {
            said += self.publish_month(over, tally.months.get(&over).cloned().unwrap_or_default(), now).await?;
            month = following(over);
        }
        Ok(said)
    }

    async fn publish_month(&self, month: Month, counted: Monthly, now: Timestamp) -> Result<u64, StoreError> {
        let leaves =
            parts(month, &counted).into_iter().map(|part| written(now, part)).collect::<Result<Vec<_>, _>>()?;
        let subject = format!("stats:{month}");
        let work = self.store.write::<_, StoreError, _>(move |tx| {
            let (subject, leaves) = (subject.clone(), leaves.clone());
            Box::pin(async move {
                // One word for every month: what was said once is not said again, whatever is counted then.
                if !log_subjects::say(tx, &subject, &Sha256::digest(b"published").into()).await? {
                    return Ok(0);
                }
                let said = leaves.len() as u64;
                for bytes in leaves {
                    tx.log(Log::Registry, NewLeaf { bytes, token: None, owner: None })?;
                }
                Ok(said)
            })
        });
        work.await
    }
}

/// The counts of a month in as many leaves as its offices need.
fn parts(month: Month, counted: &Monthly) -> Vec<Stats> {
    let offices: Vec<_> = counted.registrars.iter().collect();
    let parts = u32::try_from(offices.len().div_ceil(OFFICES_OF_A_LEAF)).unwrap_or(u32::MAX).max(1);
    let part = |number: u32| {
        let first = (number as usize - 1) * OFFICES_OF_A_LEAF;
        let of = offices.iter().skip(first).take(OFFICES_OF_A_LEAF);
        Stats {
            month,
            counts: counted.counts,
            part: number,
            parts,
            registrars: of.map(|(id, count)| RegistrarCount { registrar: **id, enrolments: **count }).collect(),
        }
    };
    (1..=parts).map(part).collect()
}

/// How long after the end of a month its counts are final: the hour of a leaf is at most one earlier than the latest before it.
const SETTLED_AFTER_MILLIS: i64 = 2 * 3_600_000;
/// An entry of an office takes at most 80 bytes, a leaf has 16 KiB.
const OFFICES_OF_A_LEAF: usize = 190;
/// Nobody waits for a page longer than it takes to read so many.
const BATCHES_OF_A_PAGE: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::tlog::leaf::{Counts, MAX_LEAF, RegistrarId, Registry, RegistryLeaf};

    #[test]
    fn as_many_offices_as_there_are_communes_fit_into_leaves_that_read() {
        let month: Month = "2026-11".parse().unwrap();
        let id = |number: u32| {
            let mut bytes = [0xff; 16];
            bytes[..4].copy_from_slice(&number.to_be_bytes());
            RegistrarId::from_bytes(bytes)
        };
        for offices in [0, 1, 190, 191, 380, 35_000] {
            let registrars = (0..offices).map(|number| (id(number), u64::MAX)).collect();
            let counts = Counts { enrol: u64::MAX, nym: u64::MAX, issue: u64::MAX, revoke: u64::MAX, access: u64::MAX };
            let parts = parts(month, &Monthly { counts, registrars });
            assert_eq!(u32::try_from(parts.len()).unwrap(), offices.div_ceil(190).max(1));
            let mut told = Vec::new();
            for (number, part) in (1..).zip(&parts) {
                assert_eq!((part.part, part.parts as usize, part.counts), (number, parts.len(), counts));
                let leaf = RegistryLeaf::new(Hour::from_millis(1_800_000_000_000), part.clone());
                let bytes = leaf.to_bytes().unwrap();
                assert!(bytes.len() <= MAX_LEAF);
                let Registry::Stats(read) = RegistryLeaf::parse(&bytes).unwrap().facts else { panic!("not stats") };
                told.extend(read.registrars.iter().map(|of| of.registrar));
            }
            assert_eq!(u32::try_from(told.len()).unwrap(), offices);
            assert!(told.is_sorted());
        }
    }
}
