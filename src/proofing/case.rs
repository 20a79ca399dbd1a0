//! Somebody who is enrolled already and stands at the counter again: renewal, correction, departure, recovery.
//!
//! The officer enters the document as at an enrolment. If its tag is known, a [`Case`] comes back: a right to act upon that
//! one person for a quarter of an hour, which shows nothing of what is stored. It carries the entry in sealed form only, so that
//! a renewal can store it without its being typed again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    By, Closed, Enrolled, Proofing,
    carried::{bytes, tags},
    enrol::{EnrolError, day, is_opened},
    office_key::OfficeKey,
    typed::{Faults, Grant, Typed},
    unsigned::{Draft, SIGNING_LIFETIME, Signed},
};
use crate::{
    accounts::{Account, InviteCode, Purpose},
    domain::{
        age::BirthFacts,
        ambient::Timestamp,
        area::AreaCode,
        ids::{AccountId, PersonId, RegistrarId},
        quality::{Facts, PartialName, Role, RoleKind, Sex},
    },
    logout::Logouts,
    store::{
        StoreError, Tx, accounts as account_rows, consents, grants,
        persons::{self, Person},
    },
};

/// The right of one officer to act upon one person who has just been proofed. It leaves the service sealed only.
#[derive(Clone, Serialize, Deserialize)]
pub struct Case {
    person: PersonId,
    office: RegistrarId,
    officer: Option<AccountId>,
    until: Timestamp,
    /// The person's row as it was: somebody else's change in between ends the case.
    version: i64,
    departed: bool,
    document_known: bool,
    #[serde(with = "bytes")]
    identity: Vec<u8>,
    #[serde(with = "tags")]
    same: Vec<[u8; 32]>,
    #[serde(with = "tags")]
    alike: Vec<[u8; 32]>,
    birth: BirthFacts,
    partial_name: PartialName,
    sex: Sex,
}

impl Case {
    /// The person left the service before, and can only come back.
    pub const fn has_departed(&self) -> bool {
        self.departed
    }

    /// The document is one that was shown before. Another one may be new, or that of somebody with the same names.
    pub const fn document_is_known(&self) -> bool {
        self.document_known
    }
}

/// A renewal that was checked and waits for the signature of its office. It leaves the service sealed only.
#[derive(Clone, Serialize, Deserialize)]
pub struct UnsignedRenewal {
    case: Case,
    until: Timestamp,
    changes: Changes,
    renew_by: Timestamp,
    draft: Draft,
}

impl UnsignedRenewal {
    /// As [`Unsigned::before_key`](super::Unsigned::before_key).
    pub fn before_key(&self) -> Vec<u8> {
        self.draft.before_key()
    }
}

/// What an office changes of a person.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Changes {
    /// Where they live now, if they moved.
    pub commune: Option<AreaCode>,
    /// Roles that the office grants, or sets another last day for.
    pub granted: Vec<Grant>,
    /// Roles that the office takes back.
    pub withdrawn: Vec<RoleKind>,
}

/// Done.
#[derive(Clone, Copy, Debug)]
pub struct Changed {
    /// The day by which the person has to come to the counter again.
    pub renew_by: jiff::civil::Date,
}

/// A new code for an account that exists: its pseudonyms stay what they are.
pub type Reissued = Enrolled;

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error(transparent)]
    Faults(#[from] Faults),
    #[error("nobody is enrolled with these names and this birth date: check them, or enrol")]
    NotFound,
    #[error("these names and this birth date fit more than one person: ask the operator")]
    Ambiguous,
    #[error("the document was entered too long ago: enter it again")]
    Expired,
    #[error(
        "somebody changed this person in between: enter the document again and see whether there is still something to do"
    )]
    Conflict,
    #[error("this is not the document that was shown before: look at it a second time, then confirm")]
    OtherDocument,
    #[error("this person has left the service: let them come back first")]
    Departed,
    #[error("the limit of this officer's day is reached: go on tomorrow, or have another officer do it")]
    Quota(Duration),
    #[error("the key that signed is none of this office that counts: it waits, was withdrawn, or is another's")]
    Key,
    #[error("the signature does not fit this renewal")]
    Signature,
    #[error("somebody who has moved is enrolled in another commune, and the office signs for that: renew instead")]
    Unsigned,
    #[error(transparent)]
    Closed(#[from] Closed),
    #[error("the identity could not be sealed")]
    Sealing,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Proofing {
    /// Finds the person whose document was entered. Only the fields of the document count.
    pub async fn find(&self, by: By, typed: &Typed) -> Result<Case, ChangeError> {
        let key = self.sealing_key().await??;
        let office = self.office_area(by).await??;
        let identity = typed.identity(&self.measure(office))?;
        if !self.count_lookup(by).await? {
            return Err(ChangeError::Quota(self.until_tomorrow()));
        }
        let tags = self.tags(&identity).map_err(|_| ChangeError::Sealing)?;
        let found = self.who_has(&tags.same).await.inspect_err(|_| self.audit("look up", by, None, "nobody"))?;
        let row = self.row(found).await?;
        let (owners, owner) = (self.0.owners.clone(), found);
        let access = self.0.store.write_logged::<_, StoreError, _>(move |tx| {
            Box::pin(async move { owners.access(tx, owner, "look-up", OFFICER).await })
        });
        access.await?;
        let document = identity.document_tag(&self.0.keyring.vault());
        let now = self.now();
        let case = Case {
            person: found,
            office: by.office,
            officer: by.officer,
            until: now.plus(CASE_LIFETIME),
            version: row.version,
            departed: row.departed_on.is_some(),
            document_known: self.has_alike(document, found).await?,
            same: tags.same,
            alike: tags.alike,
            birth: identity.birth_facts(&self.0.calendar, now).map_err(|_| ChangeError::Sealing)?,
            partial_name: identity.partial_name().clone(),
            sex: identity.sex(),
            identity: identity
                .seal(&key, found, &mut self.0.ambient.rng())
                .map_err(|_| ChangeError::Sealing)?
                .as_bytes()
                .to_vec(),
        };
        self.audit("look up", by, Some(found), "found");
        Ok(case)
    }

    /// Checks a renewal and makes the leaf that the office has to sign. Nothing is changed yet.
    pub async fn prepare_renewal(&self, by: By, case: &Case, typed: &Typed) -> Result<UnsignedRenewal, ChangeError> {
        self.check_case(by, case)?;
        let changes = self.read_changes(by, typed).await?;
        let row = self.row(case.person).await?;
        if row.version != case.version {
            return Err(ChangeError::Conflict);
        }
        let commune = changes.commune.unwrap_or(self.open(&row)?.commune);
        let (owners, person) = (self.0.owners.clone(), case.person);
        let next = self
            .0
            .store
            .read::<_, StoreError, _>(move |tx| Box::pin(async move { owners.next_enrolment(tx, person).await }));
        let (owner, tag) = next.await?;
        let (now, renew_by, known) = (self.now(), self.renewal_day(), (case.birth.year(), commune));
        let draft = Draft::new((&owner, tag), by.office, known, &case.identity, day(renew_by), now)?;
        let until = now.plus(SIGNING_LIFETIME);
        Ok(UnsignedRenewal { case: case.clone(), until, changes, renew_by, draft })
    }

    /// Replaces what is stored of the person's identity by what was entered, for the years to come. Whoever had left the
    /// service is back, and forums learn nothing before consent is given anew.
    pub async fn renew_signed(
        &self,
        by: By,
        unsigned: &UnsignedRenewal,
        signed: Signed,
    ) -> Result<Changed, ChangeError> {
        let UnsignedRenewal { case, until, changes, renew_by, draft } = unsigned.clone();
        if until < self.now() {
            return Err(ChangeError::Expired);
        }
        let new_case = case.clone();
        let done = self.change(by, &case, "renew", move |this, tx, mut row| {
            Box::pin(async move {
                let leaf = this.signed_leaf(tx, by, &draft, signed).await?;
                if !this.0.owners.enrol(tx, row.id, draft.hour(), leaf).await? {
                    return Err(ChangeError::Conflict);
                }
                add_tags(tx, &new_case).await?;
                let mut facts = this.open(&row)?;
                facts.birth = new_case.birth;
                facts.partial_name = new_case.partial_name;
                facts.sex = new_case.sex;
                row.facts = this.seal(&row, &this.apply(facts, by, changes));
                row.identity = new_case.identity;
                row.renew_by = renew_by;
                let account = account_of(tx, row.id).await?;
                // An account that was closed for another reason than leaving stays closed. What is kept of the departure
                // is its day, so both on one day count as the departure.
                if row.departed_on.take().is_some_and(|day| account.disabled_at.is_some_and(|closed| closed >= day)) {
                    account_rows::enable(tx, account.id).await?;
                }
                Ok((row, ()))
            })
        });
        let (row, ()) = done.await?;
        Ok(Changed { renew_by: day(row.renew_by) })
    }

    /// Both steps with a key that is at hand: the office's own, which nobody else has.
    pub async fn renew(&self, by: By, case: &Case, typed: &Typed, key: &OfficeKey) -> Result<Changed, ChangeError> {
        let unsigned = self.prepare_renewal(by, case, typed).await?;
        let signed = unsigned.draft.sign(key).map_err(|_| ChangeError::Signature)?;
        self.renew_signed(by, &unsigned, signed).await
    }

    /// Grants roles and takes them back. Where somebody lives is for the office to sign, as in the enrolment: that takes a renewal.
    pub async fn correct(
        &self,
        by: By,
        case: &Case,
        typed: &Typed,
        withdrawn: &[RoleKind],
    ) -> Result<Changed, ChangeError> {
        let changes = Changes { withdrawn: withdrawn.to_vec(), ..self.read_changes(by, typed).await? };
        if changes.commune.is_some() {
            return Err(ChangeError::Unsigned);
        }
        let done = self.change(by, case, "correct", move |this, _, mut row| {
            Box::pin(async move {
                if row.departed_on.is_some() {
                    return Err(ChangeError::Departed);
                }
                let facts = this.open(&row)?;
                row.facts = this.seal(&row, &this.apply(facts, by, changes));
                Ok((row, ()))
            })
        });
        let (row, ()) = done.await?;
        Ok(Changed { renew_by: day(row.renew_by) })
    }

    /// Closes the account of somebody who leaves: sessions end, codes are revoked, consents are withdrawn with all that rests
    /// on them, and stay so; forums are told. The row and its tags stay, so that coming back gives no second voice.
    pub async fn depart(&self, by: By, case: &Case) -> Result<(), ChangeError> {
        let now = self.now();
        let changed = self.change(by, case, "depart", move |this, tx, mut row| {
            Box::pin(async move {
                if row.departed_on.is_some() {
                    return Err(ChangeError::Departed);
                }
                let account = account_of(tx, row.id).await?;
                account_rows::revoke_invites(tx, account.id, now).await?;
                this.0.accounts.disable(tx, account.id).await?;
                this.0.owners.revoke(tx, row.id, "departed").await?;
                this.withdraw_consents(tx, row.id, now).await?;
                grants::revoke_by_person(tx, row.id, now).await?;
                row.departed_on = Some(now.day());
                Ok((row, ()))
            })
        });
        changed.await.map(drop)
    }

    async fn withdraw_consents(&self, tx: &mut Tx, person: PersonId, now: Timestamp) -> Result<(), StoreError> {
        let vault = self.0.keyring.vault();
        let logouts = Logouts::new(&self.0.keyring, &self.0.ambient);
        for consent in consents::of_person(tx, person).await?.iter().filter(|consent| consent.withdrawn.is_none()) {
            let rng = &mut self.0.ambient.rng();
            let day = vault.seal_time(consents::WITHDRAWN, consent.id.as_bytes(), now.day(), rng);
            let notices = logouts.of_consent(tx, consent.id).await?;
            consents::withdraw(tx, consent.id, person, &day).await?;
            logouts.queue_all(tx, notices).await?;
        }
        Ok(())
    }

    /// Gives a new code for the account of somebody who lost what opens it. Sessions end now; what opened the account is
    /// removed when the code is used. `document_seen`: the officer has looked again at a document that was not shown before.
    pub async fn reissue(&self, by: By, case: &Case, document_seen: bool) -> Result<Reissued, ChangeError> {
        if !case.document_known && !document_seen {
            return Err(ChangeError::OtherDocument);
        }
        let code = InviteCode::generate(&mut self.0.ambient.rng());
        let (hash, now, expires) = (code.hash(), self.now(), self.invite_expiry());
        let new_case = case.clone();
        let changed = self.change(by, case, "reissue", move |this, tx, row| {
            Box::pin(async move {
                if row.departed_on.is_some() {
                    return Err(ChangeError::Departed);
                }
                add_tags(tx, &new_case).await?;
                let account = account_of(tx, row.id).await?;
                let purpose = if is_opened(tx, &account).await? { Purpose::Recover } else { Purpose::Activate };
                account_rows::revoke_invites(tx, account.id, now).await?;
                this.0.accounts.end_sessions(tx, account.id, None).await?;
                account_rows::insert_invite(tx, hash, account.id, purpose, now.day(), expires).await?;
                Ok((row, (account, purpose)))
            })
        });
        let (row, (account, purpose)) = changed.await?;
        Ok(Enrolled {
            person: row.id,
            login: account.login.parse().map_err(|_| StoreError::Corrupt("a login that is none"))?,
            code,
            purpose,
            code_until: self.last_day(expires),
            renew_by: day(row.renew_by),
        })
    }

    async fn read_changes(&self, by: By, typed: &Typed) -> Result<Changes, ChangeError> {
        let office = self.office_area(by).await??;
        let (commune, granted) = typed.changes(&self.measure(office))?;
        Ok(Changes { commune, granted, withdrawn: Vec::new() })
    }

    /// Runs one act upon the person of a case, in one transaction, if nobody was faster.
    async fn change<T, F>(&self, by: By, case: &Case, act: &'static str, work: F) -> Result<(Person, T), ChangeError>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(
                Self,
                &'t mut Tx,
                Person,
            ) -> futures_util::future::BoxFuture<'t, Result<(Person, T), ChangeError>>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        self.check_case(by, case)?;
        let (this, person, version) = (self.clone(), case.person, case.version);
        let done = self.0.store.write(move |tx| {
            Box::pin(async move {
                let _office = this.open_counter(tx, by).await??;
                let row = persons::find(tx, person).await?.ok_or(ChangeError::NotFound)?;
                if row.version != version {
                    return Err(ChangeError::Conflict);
                }
                // The work first: a leaf that was signed has the number that came next when it was made.
                let (mut row, told) = work(this.clone(), tx, row).await?;
                this.0.owners.access(tx, person, act, OFFICER).await?;
                row.changed_at = this.now();
                if !persons::update(tx, &row).await? {
                    return Err(ChangeError::Conflict);
                }
                Ok((row, told))
            })
        });
        let done = done.await;
        self.audit(act, by, Some(person), if done.is_ok() { "done" } else { "refused" });
        self.0.attributes.forget(person);
        done
    }

    fn check_case(&self, by: By, case: &Case) -> Result<(), ChangeError> {
        let is_theirs = (case.office, case.officer) == (by.office, by.officer);
        if is_theirs && self.now() <= case.until { Ok(()) } else { Err(ChangeError::Expired) }
    }

    fn apply(&self, mut facts: Facts, by: By, changes: Changes) -> Facts {
        if let Some(commune) = changes.commune {
            facts.commune = commune;
        }
        for kind in changes.withdrawn {
            facts.withdraw(kind, by.office);
        }
        for Grant { kind, until } in changes.granted {
            facts.grant(Role { kind, authority: by.office, until });
        }
        facts.settled(self.today())
    }

    fn open(&self, row: &Person) -> Result<Facts, StoreError> {
        self.0.attributes.open_facts(row.id, &row.facts)
    }

    fn seal(&self, row: &Person, facts: &Facts) -> Vec<u8> {
        self.0.attributes.seal_facts(row.id, facts)
    }

    /// The one person who has these tags.
    async fn who_has(&self, tags: &[[u8; 32]]) -> Result<PersonId, ChangeError> {
        let tags = tags.to_vec();
        let read = self.0.store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move {
                let mut found = Vec::new();
                for tag in &tags {
                    found.extend(persons::find_twin(tx, tag).await?);
                }
                Ok(found)
            })
        });
        let mut found = read.await?;
        found.sort_unstable();
        found.dedup();
        match found.as_slice() {
            [] => Err(ChangeError::NotFound),
            [person] => Ok(*person),
            _ => Err(ChangeError::Ambiguous),
        }
    }

    async fn row(&self, person: PersonId) -> Result<Person, ChangeError> {
        let row = self.0.store.read::<_, StoreError, _>(|tx| Box::pin(persons::find(tx, person))).await?;
        row.ok_or(ChangeError::NotFound)
    }

    async fn has_alike(&self, tag: [u8; 32], person: PersonId) -> Result<bool, StoreError> {
        let read = self
            .0
            .store
            .read::<_, StoreError, _>(|tx| Box::pin(async move { persons::has_alike(tx, &tag, person).await }));
        read.await
    }
}

/// Adds the tags of the entry to those that the person has. Old ones stay: a name that was theirs gives nobody a second voice.
async fn add_tags(tx: &mut Tx, case: &Case) -> Result<(), ChangeError> {
    for tag in &case.same {
        match persons::find_twin(tx, tag).await? {
            Some(person) if person == case.person => {}
            Some(_) => return Err(ChangeError::Ambiguous),
            None => persons::insert_twin(tx, tag, case.person).await.map_err(|error| match error {
                StoreError::Taken => ChangeError::Conflict,
                other => other.into(),
            })?,
        }
    }
    for tag in &case.alike {
        persons::insert_alike(tx, tag, case.person).await?;
    }
    Ok(())
}

async fn account_of(tx: &mut Tx, person: PersonId) -> Result<Account, StoreError> {
    let account = account_rows::find_by_person(tx, person).await?;
    account.ok_or(StoreError::Corrupt("a person without an account"))
}

impl From<EnrolError> for ChangeError {
    fn from(error: EnrolError) -> Self {
        match error {
            EnrolError::Faults(faults) => Self::Faults(faults),
            EnrolError::Closed(closed) => Self::Closed(closed),
            EnrolError::Key => Self::Key,
            EnrolError::Signature => Self::Signature,
            EnrolError::Expired => Self::Expired,
            EnrolError::Store(error) => Self::Store(error),
            _ => Self::Sealing,
        }
    }
}

/// Who reads, as the public log says it.
const OFFICER: &str = "officer";
/// From the entry of the document to the last act.
const CASE_LIFETIME: Duration = Duration::from_mins(15);
