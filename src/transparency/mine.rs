//! Everything that stands in one person's name, for that person: each tag up to its count, looked up in the logs
//! (`specs/log.md` §4). What is missing below the count, and what is there beyond it, is told like the rest.

use super::{Owner, Owners, Transparency, Voice};
use crate::{
    domain::{
        ids::{PersonId, PseudonymId},
        log::LogName,
    },
    store::{Store, StoreError, Tx, log, log_secrets},
    wire::tlog::{
        leaf::{Hour, Issuance, IssuanceLeaf},
        owner::OwnerKey,
    },
};

/// What was found of a person.
pub struct Ledger {
    pub owner: Owner,
    /// Under the person's own key.
    pub own: Series,
    /// Under the key of each pseudonym.
    pub voices: Vec<(Voice, Series)>,
}

/// The leaves of one owner key, in the order of their numbers.
pub struct Series {
    /// How many there have to be.
    pub expected: u64,
    pub leaves: Vec<Own>,
    /// Numbers below the count that stand in no log.
    pub missing: Vec<u64>,
}

/// One leaf of a person.
pub struct Own {
    pub number: u64,
    pub log: LogName,
    pub index: u64,
    pub hour: Hour,
    pub facts: Issuance,
}

impl Series {
    /// Whether a leaf is one too many: the service knows nothing of it.
    pub const fn is_unknown(&self, leaf: &Own) -> bool {
        leaf.number >= self.expected
    }
}

impl Transparency {
    /// What stands in the name of a person with these pseudonyms. `None` where the person's secret is gone.
    pub async fn ledger(
        &self,
        owners: &Owners,
        person: PersonId,
        voices: Vec<Voice>,
    ) -> Result<Option<Ledger>, StoreError> {
        let store: &Store = &self.store;
        let row = store.read::<_, StoreError, _>(move |tx| Box::pin(log_secrets::find(tx, person))).await?;
        let Some(row) = row else { return Ok(None) };
        let owner = owners.open(person, &row)?;
        let own = self.series(owner.secret().person(), Counted::Person(person)).await?;
        let mut of_voices = Vec::with_capacity(voices.len());
        for voice in voices {
            let series = self.series(owner.voice(&voice), Counted::Pseudonym(voice.pseudonym)).await?;
            of_voices.push((voice, series));
        }
        Ok(Some(Ledger { owner, own, voices: of_voices }))
    }

    async fn series(&self, key: OwnerKey, of: Counted) -> Result<Series, StoreError> {
        self.store.read::<_, StoreError, _>(move |tx| Box::pin(async move { series(tx, &key, of).await })).await
    }
}

/// Whose leaves are counted.
#[derive(Clone, Copy)]
enum Counted {
    Person(PersonId),
    Pseudonym(PseudonymId),
}

impl Counted {
    async fn leaves(self, tx: &mut Tx) -> Result<u64, StoreError> {
        let counted = match self {
            Self::Person(person) => log_secrets::counted(tx, person).await?,
            Self::Pseudonym(pseudonym) => log_secrets::counted_of_pseudonym(tx, pseudonym).await?,
        };
        Ok(counted.unwrap_or_default())
    }
}

async fn series(tx: &mut Tx, key: &OwnerKey, of: Counted) -> Result<Series, StoreError> {
    let counted = of.leaves(tx).await?;
    let (mut leaves, mut missing) = (Vec::new(), Vec::new());
    for number in 0..counted.saturating_add(BEYOND) {
        let Some(entry) = log::by_owner(tx, key.tag(number).as_bytes()).await? else {
            if number < counted {
                missing.push(number);
            }
            continue;
        };
        let read = IssuanceLeaf::parse(&entry.leaf);
        let leaf = read.map_err(|_| StoreError::Corrupt("a leaf of a log does not read"))?;
        leaves.push(Own { number, log: entry.log, index: entry.index, hour: leaf.hour, facts: leaf.facts });
    }
    // Counted again: a leaf that came meanwhile is no leaf too many.
    Ok(Series { expected: of.leaves(tx).await?, leaves, missing })
}

/// So many numbers after the last one are looked up too.
const BEYOND: u64 = 8;
