//! What was agreed, by whom, to whom: per quality, with the values that were shown, before anything is released.
//!
//! A consent belongs to a pseudonym and a client. It is remembered, listed and withdrawn; what was agreed and when is
//! sealed in its row, and so is the day of its end. Withdrawing it ends every grant that rests on it, in the same
//! transaction; agreeing to the same or more ends none.

use std::{cmp::Reverse, collections::BTreeSet, fmt, sync::Arc};

use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::{
    domain::{
        ambient::{Ambient, Timestamp},
        area::Level,
        claim::{Qualities, Quality},
        ids::{ClientId, ConsentId, GrantId, PersonId, PseudonymId},
    },
    keyring::{Keyring, padded_json},
    logout::Logouts,
    store::{Store, StoreError, Tx, consents as rows, grants},
};

/// What a forum asks for in one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub qualities: BTreeSet<Quality>,
    /// Those without which the forum lets nobody in.
    pub required: BTreeSet<Quality>,
    /// The name shown.
    pub names: bool,
    /// Access while the citizen is away.
    pub offline: bool,
    /// Of what the forum says of itself: when it changes, consent is asked anew.
    pub fingerprint: [u8; 32],
}

/// What a citizen agreed to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    pub at: Timestamp,
    pub fingerprint: [u8; 32],
    pub agreed: BTreeSet<Quality>,
    pub declined: BTreeSet<Quality>,
    /// How fine a residence may be told.
    pub residence_level: Level,
    pub names: bool,
    pub offline: bool,
    /// The values as they were shown.
    pub shown: Qualities,
}

/// A consent with what was agreed.
#[derive(Clone)]
pub struct Consent {
    pub id: ConsentId,
    pub person: PersonId,
    pub pseudonym: PseudonymId,
    pub client: ClientId,
    pub agreement: Agreement,
    /// The day.
    pub withdrawn_on: Option<Timestamp>,
}

/// Remembers and withdraws consents.
#[derive(Clone)]
pub struct Consents {
    store: Store,
    keyring: Arc<Keyring>,
    ambient: Ambient,
}

/// Why there is no consent without this quality.
#[derive(Debug, thiserror::Error)]
#[error("{0} cannot be declined for this forum: agree to it, or refuse as a whole")]
pub struct Missing(pub Quality);

impl Agreement {
    /// Whether the request may be answered without asking again. `now` holds the present values: where a citizen moved,
    /// or a role was granted, the new value has not been shown yet. Ages grow by themselves and are not asked about.
    pub fn covers(&self, request: &Request, now: &Qualities) -> bool {
        let told = now.only(&self.agreed);
        let decided = |quality: &Quality| self.agreed.contains(quality) || self.declined.contains(quality);
        self.fingerprint == request.fingerprint
            && request.qualities.iter().all(decided)
            && request.required.is_subset(&self.agreed)
            && (self.names || !request.names)
            && (self.offline || !request.offline)
            && told.stays(&self.shown)
    }

    /// Whether everything that `before` allowed is allowed here too, with the values that were told then. What was granted
    /// keeps its own terms, so it may go on; where something is taken back, it may not. A value that is another one now
    /// (an age grows by itself) begins a consent of its own, so that its owner still sees what was told before.
    pub fn widens(&self, before: &Self) -> bool {
        let as_fine =
            |quality: &Quality| *quality != Quality::Residence || before.residence_level <= self.residence_level;
        before.agreed.iter().all(|quality| self.agreed.contains(quality) && as_fine(quality))
            && (self.names || !before.names)
            && (self.offline || !before.offline)
            && self.shown.only(&before.agreed).stays(&before.shown.only(&before.agreed))
    }

    /// Refuses an agreement without what the forum lets nobody in without.
    pub fn check(&self, request: &Request) -> Result<(), Missing> {
        request.required.difference(&self.agreed).next().map_or(Ok(()), |missing| Err(Missing(*missing)))
    }

    /// What may be told of the present values in answer to a request.
    pub fn release(&self, asked: &BTreeSet<Quality>, now: &Qualities) -> Qualities {
        now.only(&self.agreed.intersection(asked).copied().collect())
    }
}

impl Consents {
    pub fn new(store: Store, keyring: Arc<Keyring>, ambient: Ambient) -> Self {
        Self { store, keyring, ambient }
    }

    /// The consent that holds for a pseudonym and a client.
    pub async fn live(&self, pseudonym: PseudonymId, client: &ClientId) -> Result<Option<Consent>, StoreError> {
        let client = client.clone();
        let row = self
            .store
            .read::<_, StoreError, _>(move |tx| Box::pin(async move { rows::live(tx, pseudonym, &client).await }));
        row.await?.map(|row| self.open(row)).transpose()
    }

    /// Every consent of a person, the latest first, withdrawn ones included.
    pub async fn of_person(&self, person: PersonId) -> Result<Vec<Consent>, StoreError> {
        let rows =
            self.store.read::<_, StoreError, _>(move |tx| Box::pin(async move { rows::of_person(tx, person).await }));
        let consents: Result<Vec<Consent>, StoreError> = rows.await?.into_iter().map(|row| self.open(row)).collect();
        let mut consents = consents?;
        consents.sort_by_key(|consent| Reverse(consent.agreement.at));
        Ok(consents)
    }

    /// When a forum was given tokens that rest on a consent, the latest first: for as long as the records of them are kept.
    pub async fn tokens_given(&self, id: ConsentId) -> Result<Vec<Timestamp>, StoreError> {
        let rows =
            self.store.read::<_, StoreError, _>(move |tx| Box::pin(async move { grants::by_consent(tx, id).await }));
        let vault = self.keyring.vault();
        // What was granted stands beside the moment, and repeats the consent.
        let moment = |(id, sealed): (GrantId, Vec<u8>)| {
            let plain = vault.open_row(grants::GRANTED, id.as_bytes(), &sealed).ok()?;
            serde_json::from_slice::<(Timestamp, IgnoredAny)>(&plain).ok().map(|(at, _)| at)
        };
        let moments =
            rows.await?.into_iter().map(|row| moment(row).ok_or(StoreError::Corrupt("a grant does not open")));
        let mut moments = moments.collect::<Result<Vec<_>, _>>()?;
        moments.sort_unstable_by_key(|at| Reverse(*at));
        Ok(moments)
    }

    /// Records an agreement, in the caller's transaction. One that widens the agreement before grows its consent, and
    /// whoever is signed in goes on; one that narrows it takes its place, and what rested on that ends.
    /// [`StoreError::Taken`]: another request of the same person was faster.
    pub async fn give(
        &self,
        tx: &mut Tx,
        person: PersonId,
        pseudonym: PseudonymId,
        client: &ClientId,
        agreement: &Agreement,
    ) -> Result<(), StoreError> {
        let now = agreement.at;
        if let Some(before) = rows::live(tx, pseudonym, client).await? {
            if agreement.widens(&self.open(before.clone())?.agreement) {
                let sealed = self.seal(before.id, agreement);
                let grown = rows::replace(tx, &before, &sealed).await?;
                return if grown { Ok(()) } else { Err(StoreError::Taken) };
            }
            rows::end(tx, before.id, person, &self.sealed_day(before.id, now), now).await?;
        }
        let id = ConsentId::generate(&mut self.ambient.rng());
        let row = rows::Consent {
            id,
            person_id: person,
            pseudonym_id: pseudonym,
            client_id: client.clone(),
            sealed: self.seal(id, agreement),
            withdrawn: None,
        };
        rows::insert(tx, &row).await
    }

    /// Withdraws a consent of this person, ends what rests on it and has the forum told. False when there is nothing to
    /// withdraw.
    pub async fn withdraw(&self, id: ConsentId, person: PersonId) -> Result<bool, StoreError> {
        let (this, now) = (self.clone(), self.ambient.now());
        let day = self.sealed_day(id, now);
        let end = self.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let logouts = Logouts::new(&this.keyring, &this.ambient);
                let notices = logouts.of_consent(tx, id).await?;
                let ended = rows::end(tx, id, person, &day, now).await?;
                if ended {
                    logouts.queue_all(tx, notices).await?;
                }
                Ok(ended)
            })
        });
        end.await
    }

    fn sealed_day(&self, id: ConsentId, now: Timestamp) -> Vec<u8> {
        self.keyring.vault().seal_time(rows::WITHDRAWN, id.as_bytes(), now.day(), &mut self.ambient.rng())
    }

    fn seal(&self, id: ConsentId, agreement: &Agreement) -> Vec<u8> {
        let plain = padded_json(agreement, PADDING);
        self.keyring.vault().seal_row(TABLE, id.as_bytes(), &plain, &mut self.ambient.rng())
    }

    fn open(&self, row: rows::Consent) -> Result<Consent, StoreError> {
        let corrupt = || StoreError::Corrupt("a consent's row does not open");
        let (vault, id) = (self.keyring.vault(), row.id.as_bytes());
        let plain = vault.open_row(TABLE, id, &row.sealed).map_err(|_| corrupt())?;
        let withdrawn = row.withdrawn.map(|sealed| vault.open_time(rows::WITHDRAWN, id, &sealed)).transpose();
        Ok(Consent {
            id: row.id,
            person: row.person_id,
            pseudonym: row.pseudonym_id,
            client: row.client_id,
            agreement: serde_json::from_slice(&plain).map_err(|_| corrupt())?,
            withdrawn_on: withdrawn.map_err(|_| corrupt())?,
        })
    }
}

/// Nothing of what was agreed.
impl fmt::Debug for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Agreement(…)")
    }
}

const TABLE: &str = "consents";
const PADDING: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn agreement(agreed: &[Quality], declined: &[Quality], shown: Qualities) -> Agreement {
        Agreement {
            at: Timestamp(0),
            fingerprint: [1; 32],
            agreed: agreed.iter().copied().collect(),
            declined: declined.iter().copied().collect(),
            residence_level: Level::Department,
            names: true,
            offline: false,
            shown,
        }
    }

    fn request(qualities: &[Quality]) -> Request {
        Request {
            qualities: qualities.iter().copied().collect(),
            required: BTreeSet::new(),
            names: true,
            offline: false,
            fingerprint: [1; 32],
        }
    }

    fn living_in(area: &str) -> Qualities {
        Qualities { residence: Some(area.parse().unwrap()), age_over_18: Some(true), ..Qualities::default() }
    }

    #[test]
    fn what_was_decided_is_not_asked_again() {
        let agreed = agreement(&[Quality::Residence], &[Quality::Sex], living_in("FR-38"));
        assert!(agreed.covers(&request(&[Quality::Residence, Quality::Sex]), &living_in("FR-38")));
        assert!(!agreed.covers(&request(&[Quality::Residence, Quality::Roles]), &living_in("FR-38")));
    }

    #[test]
    fn j3_a_forum_that_changes_what_it_says_of_itself_is_asked_about_again() {
        let agreed = agreement(&[Quality::Residence], &[], living_in("FR-38"));
        let changed = Request { fingerprint: [2; 32], ..request(&[Quality::Residence]) };
        assert!(!agreed.covers(&changed, &living_in("FR-38")));
        let offline = Request { offline: true, ..request(&[Quality::Residence]) };
        assert!(!agreed.covers(&offline, &living_in("FR-38")));
        let required = Request { required: [Quality::Sex].into(), ..request(&[Quality::Residence]) };
        assert!(!agreed.covers(&required, &living_in("FR-38")));
    }

    #[test]
    fn somebody_who_moved_is_shown_the_new_area_first_but_a_birthday_asks_nothing() {
        let agreed = agreement(&[Quality::Residence, Quality::AgeOver18], &[], living_in("FR-38"));
        assert!(!agreed.covers(&request(&[Quality::Residence]), &living_in("FR-69")));
        let younger = Qualities { age_over_18: Some(false), ..living_in("FR-38") };
        assert!(agreed.covers(&request(&[Quality::Residence, Quality::AgeOver18]), &younger));
    }

    #[test]
    fn an_agreement_widens_another_that_allowed_nothing_more() {
        let before = agreement(&[Quality::Residence, Quality::Sex], &[], living_in("FR-38"));
        assert!(before.widens(&before));
        let more = agreement(&[Quality::Residence, Quality::Sex, Quality::Roles], &[], living_in("FR-38"));
        assert!(more.widens(&before) && !before.widens(&more));
        let moved = Agreement { shown: living_in("FR-69"), ..more };
        assert!(!moved.widens(&before), "what was told before stays to be seen");
        let finer = Agreement { residence_level: Level::Commune, offline: true, ..before.clone() };
        assert!(finer.widens(&before) && !before.widens(&finer));
        assert!(!before.widens(&Agreement { residence_level: Level::Commune, ..before.clone() }));
        assert!(!before.widens(&Agreement { offline: true, ..before.clone() }));
        assert!(!Agreement { names: false, ..before.clone() }.widens(&before));
        let silent = agreement(&[Quality::Sex], &[], living_in("FR-38"));
        let nowhere = Agreement { residence_level: Level::Country, ..silent.clone() };
        assert!(nowhere.widens(&silent), "how fine counts only where it is told");
    }

    #[test]
    fn what_was_declined_or_not_asked_is_never_released() {
        let agreed = agreement(&[Quality::Residence, Quality::AgeOver18], &[Quality::Sex], living_in("FR-38"));
        let now = Qualities { sex: Some(crate::domain::quality::Sex::Female), ..living_in("FR-38") };
        let released = agreed.release(&[Quality::Residence, Quality::Sex].into(), &now);
        assert!(released == Qualities { residence: now.residence, ..Qualities::default() });
    }
}
