//! Pseudonyms: what a forum knows a person by.
//!
//! The page with the bytes, the slots and the names is `specs/pseudonym.md`. A row keeps person, sector, slot,
//! generation and key version; the `sub` is derived when it is needed and written nowhere.

mod derive;
mod shown;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use self::shown::Content;
pub use self::{
    derive::{SectorKey, Subject},
    shown::{Audience, NameChoice, ShownName},
};
use crate::{
    domain::{
        ambient::{Ambient, Timestamp},
        ids::{ConsentId, PersonId, PseudonymId, Sector},
        name::{ChosenName, NameRefusal, Skeletons},
    },
    keyring::Keyring,
    logout::Logouts,
    store::{Store, StoreError, Tx, consents, log_secrets, pseudonyms as rows},
    transparency::{NymAct, Owner, Owners, Voice},
};

/// One heteronym: a place of a person in a sector, and the name shown there.
#[derive(Clone)]
pub struct Heteronym {
    pub id: PseudonymId,
    pub person: PersonId,
    pub sector: Sector,
    pub slot: u32,
    pub generation: u32,
    pub key_version: u32,
    pub shown: NameChoice,
    /// The day, which is sealed with the name: the forum has the day on which its member joined.
    pub created_on: Timestamp,
    /// The day.
    pub retired_on: Option<Timestamp>,
    version: i64,
}

/// Why a pseudonym cannot be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum PseudonymError {
    #[error(transparent)]
    Name(#[from] NameRefusal),
    /// The same answer whoever has it, or had it.
    #[error("the name is taken, or looks like one that is: choose another")]
    NameTaken,
    #[error("the forum grants no further pseudonym: use the one you have")]
    NoPlace,
    #[error("the pseudonym was changed meanwhile: look again")]
    Changed,
    #[error("no such pseudonym")]
    Unknown,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PseudonymError {
    /// Somebody else, or another window of the same person, was faster.
    pub const fn is_overtaken(&self) -> bool {
        matches!(self, Self::NameTaken | Self::NoPlace | Self::Changed)
    }
}

/// Makes, shows, renames and retires pseudonyms.
#[derive(Clone)]
pub struct Pseudonyms {
    store: Store,
    keyring: Arc<Keyring>,
    owners: Owners,
    ambient: Ambient,
    sector_keys: Arc<RwLock<SectorKeys>>,
}

type SectorKeys = HashMap<(u32, Sector), Arc<SectorKey>>;

impl Pseudonyms {
    pub fn new(store: Store, keyring: Arc<Keyring>, owners: Owners, ambient: Ambient) -> Self {
        Self { store, keyring, owners, ambient, sector_keys: Arc::default() }
    }

    /// What the forum of this sector knows the person by. `None`: the key version it was made under is gone.
    pub fn subject(&self, heteronym: &Heteronym) -> Option<Subject> {
        let key = self.sector_key(heteronym.key_version, &heteronym.sector)?;
        Some(key.subject(heteronym.person, heteronym.slot, heteronym.generation))
    }

    /// The person's pseudonyms in a sector by slot, retired ones included.
    pub async fn in_sector(&self, person: PersonId, sector: &Sector) -> Result<Vec<Heteronym>, StoreError> {
        let sector = sector.clone();
        let rows = self
            .store
            .read::<_, StoreError, _>(move |tx| Box::pin(async move { rows::in_sector(tx, person, &sector).await }));
        rows.await?.into_iter().map(|row| self.open(row)).collect()
    }

    /// All pseudonyms of a person.
    pub async fn of_person(&self, person: PersonId) -> Result<Vec<Heteronym>, StoreError> {
        let rows =
            self.store.read::<_, StoreError, _>(move |tx| Box::pin(async move { rows::of_person(tx, person).await }));
        rows.await?.into_iter().map(|row| self.open(row)).collect()
    }

    pub async fn find(&self, id: PseudonymId) -> Result<Option<Heteronym>, StoreError> {
        let row = self.store.read::<_, StoreError, _>(move |tx| Box::pin(async move { rows::find(tx, id).await }));
        row.await?.map(|row| self.open(row)).transpose()
    }

    /// A pseudonym with its owner, in whose name tokens are logged; None when either is gone, the owner by an erasure.
    pub async fn find_owned(&self, id: PseudonymId) -> Result<Option<(Heteronym, Owner)>, StoreError> {
        let rows = self.store.read::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let Some(row) = rows::find(tx, id).await? else { return Ok(None) };
                let secret = log_secrets::find(tx, row.person_id).await?;
                Ok(secret.map(|secret| (row, secret)))
            })
        });
        let Some((row, secret)) = rows.await? else { return Ok(None) };
        let owner = self.owners.open(row.person_id, &secret)?;
        Ok(Some((self.open(row)?, owner)))
    }

    /// Whether this person could show the name in the sector: for the form, before it is sent. It tells no more than
    /// trying would.
    pub async fn is_free(
        &self,
        name: &ChosenName,
        sector: &Sector,
        own: Option<PseudonymId>,
    ) -> Result<bool, StoreError> {
        let (tags, sector) = (self.tags(sector, &name.skeletons()), sector.clone());
        let free = self.store.read::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                for tag in tags {
                    if !rows::name_is_free(tx, &sector, &tag, own).await? {
                        return Ok(false);
                    }
                }
                Ok(true)
            })
        });
        free.await
    }

    /// Makes a pseudonym in the first free place of the sector, in the caller's transaction. Places are the sector's policy
    /// and a constraint of the schema: whatever runs at the same time, nobody gets more. Under one `id`, there is one.
    pub async fn create(
        &self,
        tx: &mut Tx,
        id: PseudonymId,
        person: PersonId,
        sector: &Sector,
        shown: &NameChoice,
    ) -> Result<(), PseudonymError> {
        let taken = rows::in_sector(tx, person, sector).await?;
        let slot = (0..=u32::MAX).find(|slot| taken.iter().all(|own| own.slot != *slot)).unwrap_or(u32::MAX);
        let content = Content { shown: shown.clone(), created_on: self.ambient.now().day(), retired_on: None };
        let row = rows::Pseudonym {
            id,
            person_id: person,
            sector: sector.clone(),
            slot,
            generation: 0,
            key_version: self.keyring.pseudonym().current().version(),
            sealed: self.seal(id, &content),
            version: 1,
            retired_on: None,
        };
        match rows::insert(tx, &row).await {
            Err(StoreError::Taken | StoreError::Refused) => return Err(PseudonymError::NoPlace),
            outcome => outcome?,
        }
        self.owners.nym(tx, person, NymAct::Create, (sector.as_str(), slot)).await?;
        self.take(tx, sector, shown, id).await
    }

    /// Shows another name from now on. The `sub` stays; the old name stays the person's and goes to nobody else.
    pub async fn rename(&self, heteronym: &Heteronym, shown: NameChoice) -> Result<(), PseudonymError> {
        let row = self.changed_row(heteronym, &shown, heteronym.retired_on);
        let this = self.clone();
        let renamed = self
            .store
            .write::<_, PseudonymError, _>(move |tx| Box::pin(async move { this.put(tx, &row, &shown).await }));
        renamed.await
    }

    /// Gives a pseudonym of this person up; false when that was done before, [`PseudonymError::Unknown`] when it is none of
    /// theirs.
    pub async fn leave(&self, id: PseudonymId, person: PersonId) -> Result<bool, PseudonymError> {
        let (this, now) = (self.clone(), self.ambient.now());
        let left = self.store.write::<_, PseudonymError, _>(move |tx| {
            Box::pin(async move {
                let row = rows::find(tx, id).await?.filter(|row| row.person_id == person);
                let heteronym = this.open(row.ok_or(PseudonymError::Unknown)?)?;
                if heteronym.is_retired() {
                    return Ok(false);
                }
                this.retire(tx, &heteronym, now).await?;
                Ok(true)
            })
        });
        left.await
    }

    /// Gives a pseudonym up, and with it its name and its consents. Its place and its `sub` stay the person's: coming back
    /// is [`Pseudonyms::revive`], where a forum's ban still holds and consent is asked anew. The forums that know it are told.
    pub async fn retire(&self, tx: &mut Tx, heteronym: &Heteronym, now: Timestamp) -> Result<(), PseudonymError> {
        let row = self.changed_row(heteronym, &heteronym.shown, Some(now.day()));
        if !rows::update(tx, &row).await? {
            return Err(PseudonymError::Changed);
        }
        rows::release_names(tx, heteronym.id, now).await?;
        self.logged(tx, heteronym, NymAct::Retire).await?;
        let logouts = Logouts::new(&self.keyring, &self.ambient);
        for consent in consents::live_of_pseudonym(tx, heteronym.id).await? {
            let notices = logouts.of_consent(tx, consent.id).await?;
            let day = self.sealed_withdrawal(consent.id, now);
            consents::end(tx, consent.id, heteronym.person, &day, now).await?;
            logouts.queue_all(tx, notices).await?;
        }
        Ok(())
    }

    fn sealed_withdrawal(&self, consent: ConsentId, now: Timestamp) -> Vec<u8> {
        let vault = self.keyring.vault();
        vault.seal_time(consents::WITHDRAWN, consent.as_bytes(), now.day(), &mut self.ambient.rng())
    }

    /// Takes a retired pseudonym up again under this name, in the caller's transaction.
    pub async fn revive(&self, tx: &mut Tx, heteronym: &Heteronym, shown: &NameChoice) -> Result<(), PseudonymError> {
        let row = self.changed_row(heteronym, shown, None);
        self.put(tx, &row, shown).await?;
        Ok(self.logged(tx, heteronym, NymAct::Create).await?)
    }

    async fn logged(&self, tx: &mut Tx, heteronym: &Heteronym, act: NymAct) -> Result<(), StoreError> {
        self.owners.nym(tx, heteronym.person, act, (heteronym.sector.as_str(), heteronym.slot)).await
    }

    async fn put(&self, tx: &mut Tx, row: &rows::Pseudonym, shown: &NameChoice) -> Result<(), PseudonymError> {
        if !rows::update(tx, row).await? {
            return Err(PseudonymError::Changed);
        }
        rows::release_names(tx, row.id, self.ambient.now()).await?;
        self.take(tx, &row.sector, shown, row.id).await
    }

    /// Takes the keys of a name. A partial name has none: several people may show the same.
    async fn take(
        &self,
        tx: &mut Tx,
        sector: &Sector,
        shown: &NameChoice,
        owner: PseudonymId,
    ) -> Result<(), PseudonymError> {
        for tag in shown.name.skeletons().map(|skeletons| self.tags(sector, &skeletons)).unwrap_or_default() {
            if !rows::take_name(tx, sector, &tag, owner).await? {
                return Err(PseudonymError::NameTaken);
            }
        }
        Ok(())
    }

    fn changed_row(&self, heteronym: &Heteronym, shown: &NameChoice, retired_on: Option<Timestamp>) -> rows::Pseudonym {
        let content = Content { shown: shown.clone(), created_on: heteronym.created_on, retired_on };
        rows::Pseudonym {
            id: heteronym.id,
            person_id: heteronym.person,
            sector: heteronym.sector.clone(),
            slot: heteronym.slot,
            generation: heteronym.generation,
            key_version: heteronym.key_version,
            sealed: self.seal(heteronym.id, &content),
            version: heteronym.version,
            retired_on,
        }
    }

    fn seal(&self, id: PseudonymId, content: &Content) -> Vec<u8> {
        self.keyring.vault().seal_row(TABLE, id.as_bytes(), &content.to_bytes(), &mut self.ambient.rng())
    }

    fn open(&self, row: rows::Pseudonym) -> Result<Heteronym, StoreError> {
        let corrupt = StoreError::Corrupt("a pseudonym's row does not open");
        let Ok(sealed) = self.keyring.vault().open_row(TABLE, row.id.as_bytes(), &row.sealed) else {
            return Err(corrupt);
        };
        let Content { shown, created_on, retired_on } = Content::from_bytes(&sealed).ok_or(corrupt)?;
        Ok(Heteronym {
            id: row.id,
            person: row.person_id,
            sector: row.sector,
            slot: row.slot,
            generation: row.generation,
            key_version: row.key_version,
            shown,
            created_on,
            // The column decides, the seal says the day.
            retired_on: row.retired_on.map(|month| retired_on.unwrap_or(month)),
            version: row.version,
        })
    }

    /// Keyed, so that a thief of the database cannot look for a name in it; and with the sector in them, so that one
    /// name on two forums does not join the rows of who bears it there in public.
    fn tags(&self, sector: &Sector, skeletons: &Skeletons) -> Vec<[u8; 32]> {
        let mut place = Vec::new();
        derive::push(&mut place, sector.as_str().as_bytes());
        skeletons.keys().map(|key| self.keyring.vault().tag("name", &[&place, key].concat())).collect()
    }

    fn sector_key(&self, version: u32, sector: &Sector) -> Option<Arc<SectorKey>> {
        let known = self.sector_keys.read().unwrap_or_else(PoisonError::into_inner);
        let place = (version, sector.clone());
        if let Some(key) = known.get(&place) {
            return Some(Arc::clone(key));
        }
        drop(known);
        let key = Arc::new(SectorKey::of(&self.keyring.pseudonym().version(version)?, sector));
        self.sector_keys.write().unwrap_or_else(PoisonError::into_inner).insert(place, Arc::clone(&key));
        Some(key)
    }
}

impl Heteronym {
    pub const fn is_retired(&self) -> bool {
        self.retired_on.is_some()
    }

    /// As the log knows it.
    pub fn voice(&self) -> Voice {
        let Self { id, sector, slot, generation, .. } = self;
        Voice { pseudonym: *id, sector: sector.as_str().to_owned(), slot: *slot, generation: *generation }
    }
}

const TABLE: &str = "pseudonyms";
