//! Enrolling a person: one entry, one signature of the office, one transaction, one activation code.
//!
//! In two steps. [`Proofing::prepare`] checks the entry and makes all that is to be written, with the leaf for the public log;
//! nothing is kept. The office signs the leaf. [`Proofing::enrol_signed`] checks everything once more and writes.

use std::time::Duration;

use jiff::{ToSpan, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{
    By, Closed, Proofing,
    carried::{bytes, tags},
    office_key::OfficeKey,
    quota::Reached,
    typed::{Faults, Grant, Measure, Read, Typed},
    unsigned::{Draft, SIGNING_LIFETIME, Signed, Unsigned},
};
use crate::{
    accounts::{Account, Holder, InviteCode, LoginName, Purpose},
    domain::{
        ambient::Timestamp,
        area::AreaCode,
        ids::{AccountId, PersonId, RegistrarId},
        quality::{Facts, Role},
        secret::TokenHash,
    },
    store::{
        StoreError, Tx, accounts as account_rows,
        persons::{self, Person},
    },
    transparency::Owners,
    vault::{Identity, Review, Tags},
    wire::{sealed::CustodiansKey, tlog::leaf::Enrol},
};

/// One enrolment from its empty form to the sheet. Sent twice, or again because the answer was lost on the way, it is still
/// one enrolment: the second time it gives a new code in place of the first.
#[derive(Clone, Serialize, Deserialize)]
pub struct Attempt {
    person: PersonId,
    until: Timestamp,
    /// What the officer was asked to look at a second time, and has.
    seen: Vec<Doubt>,
}

impl Attempt {
    /// The officer has looked again at the document for these reasons, and stands by the entry.
    #[must_use]
    pub fn confirming(self, seen: &[Doubt]) -> Self {
        Self { seen: seen.to_vec(), ..self }
    }

    /// What has been confirmed.
    pub fn seen(&self) -> &[Doubt] {
        &self.seen
    }
}

/// Why an officer should look at the document a second time before somebody is enrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doubt {
    /// Somebody who was born on the same day has a name in common, or the same document number is known.
    Alike,
    /// Born more than 120 years ago.
    UnlikelyAge,
    /// The document leaves out the day or month of birth.
    IncompleteBirthDate,
}

impl Doubt {
    /// A stable word for translations.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Alike => "alike",
            Self::UnlikelyAge => "unlikely-age",
            Self::IncompleteBirthDate => "incomplete-birth-date",
        }
    }
}

/// Somebody who has just been enrolled, or has been given a new code.
#[derive(Clone, Debug)]
pub struct Enrolled {
    pub person: PersonId,
    /// What is typed to sign in with a passphrase.
    pub login: LoginName,
    /// Shown once, on the sheet; only its hash is kept.
    pub code: InviteCode,
    pub purpose: Purpose,
    /// The last day on which the code can be used.
    pub code_until: Date,
    /// The day by which the person has to come to the counter again.
    pub renew_by: Date,
}

/// Why nobody was enrolled. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    #[error(transparent)]
    Faults(#[from] Faults),
    /// The same sentence whoever has enrolled them, wherever and whenever.
    #[error("this person is already enrolled: renew, correct or recover in place of enrolling again")]
    AlreadyEnrolled,
    #[error("look at the document a second time, then confirm")]
    SecondLook(Vec<Doubt>),
    #[error("one enrolment follows the other too fast: wait {} seconds", .0.as_secs() + 1)]
    TooFast(Duration),
    #[error("the limit of this officer's day is reached: go on tomorrow, or have another officer do it")]
    Quota(Duration),
    #[error("the form was open for too long: begin anew")]
    Expired,
    #[error(transparent)]
    Closed(#[from] Closed),
    #[error("the key that signed is none of this office that counts: it waits, was withdrawn, or is another's")]
    Key,
    #[error("the signature does not fit this enrolment")]
    Signature,
    #[error("the identity could not be sealed")]
    Sealing,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What comes next.
pub enum Step {
    /// The office signs; [`Proofing::enrol_signed`] does the rest.
    Sign(Box<Unsigned>),
    /// This attempt had enrolled the person before: a new code takes the place of the former.
    Again(Enrolled),
}

/// What is written of one person; nothing of it can be read without the custodians or the vault key.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Prepared {
    pub(super) person: PersonId,
    pub(super) office: RegistrarId,
    at: Timestamp,
    renew_by: Timestamp,
    #[serde(with = "bytes")]
    facts: Vec<u8>,
    #[serde(with = "bytes")]
    identity: Vec<u8>,
    #[serde(with = "tags")]
    pub(super) same: Vec<[u8; 32]>,
    #[serde(with = "tags")]
    pub(super) alike: Vec<[u8; 32]>,
    pub(super) doubts: Vec<Doubt>,
    account: AccountId,
    pub(super) login: String,
    code: TokenHash,
    pub(super) code_expires: Timestamp,
    /// The secret of the person's leaves, as its row will have it.
    #[serde(with = "bytes")]
    secret: Vec<u8>,
    pub(super) draft: Draft,
}

impl Prepared {
    fn row(&self, changed_at: Timestamp) -> Person {
        Person {
            id: self.person,
            registrar_id: self.office,
            enrolled_on: self.at.day(),
            renew_by: self.renew_by,
            departed_on: None,
            facts: self.facts.clone(),
            identity: self.identity.clone(),
            version: 1,
            changed_at,
        }
    }

    fn account(&self) -> Account {
        Account {
            id: self.account,
            holder: Holder::Citizen(self.person),
            login: self.login.clone(),
            created_on: self.at.day(),
            disabled_at: None,
        }
    }
}

enum Outcome {
    New(i64),
    /// The account that this attempt opened before.
    Again(Account),
}

impl Proofing {
    /// An enrolment that has not begun. The form carries it, sealed.
    pub fn attempt(&self) -> Attempt {
        let person = PersonId::generate(&mut self.0.ambient.rng());
        Attempt { person, until: self.now().plus(FORM_LIFETIME), seen: Vec::new() }
    }

    /// Checks an entry and makes what is to be written. Nobody is enrolled yet.
    pub async fn prepare(&self, by: By, typed: &Typed, attempt: &Attempt) -> Result<Step, EnrolError> {
        if attempt.until < self.now() {
            return Err(EnrolError::Expired);
        }
        let key = self.sealing_key().await??;
        let office = self.office_area(by).await??;
        let read = typed.read(&self.measure(office))?;
        let code = InviteCode::generate(&mut self.0.ambient.rng());
        let prepared = self.seal_all(by, read, attempt.person, &key, code.hash())?;
        let outcome = self.look(by, &prepared, attempt).await;
        if let Outcome::Again(account) = self.answer(by, attempt, outcome).await? {
            self.audit("enrol", by, Some(attempt.person), "new code");
            return self.enrolled(&prepared, &account, code).map(Step::Again);
        }
        let until = self.now().plus(SIGNING_LIFETIME);
        let attempt = attempt.clone();
        Ok(Step::Sign(Box::new(Unsigned { officer: by.officer, until, attempt, prepared, code })))
    }

    /// Enrols a person for whom the office has signed. Of two who try at once with the same person, one is told that they are
    /// enrolled already. Sent twice, it answers twice the same.
    pub async fn enrol_signed(&self, by: By, unsigned: &Unsigned, signed: Signed) -> Result<Enrolled, EnrolError> {
        if !unsigned.is_open_to(by, self.now()) {
            return Err(EnrolError::Expired);
        }
        let Unsigned { attempt, prepared, code, .. } = unsigned;
        let outcome = self.write(by, prepared, attempt, signed).await;
        let account = match self.answer(by, attempt, outcome).await? {
            Outcome::New(count) => {
                self.watch_count(by, count);
                self.audit("enrol", by, Some(attempt.person), "enrolled");
                prepared.account()
            }
            Outcome::Again(account) => {
                self.audit("enrol", by, Some(attempt.person), "new code");
                account
            }
        };
        self.0.attributes.forget(attempt.person);
        self.enrolled(prepared, &account, code.clone())
    }

    /// Both steps with a key that is at hand: the office's own, which nobody else has.
    pub async fn enrol(
        &self,
        by: By,
        typed: &Typed,
        attempt: &Attempt,
        key: &OfficeKey,
    ) -> Result<Enrolled, EnrolError> {
        match self.prepare(by, typed, attempt).await? {
            Step::Again(enrolled) => Ok(enrolled),
            Step::Sign(unsigned) => {
                let signed = unsigned.sign(key).map_err(|_| EnrolError::Signature)?;
                self.enrol_signed(by, &unsigned, signed).await
            }
        }
    }

    fn enrolled(&self, prepared: &Prepared, account: &Account, code: InviteCode) -> Result<Enrolled, EnrolError> {
        Ok(Enrolled {
            person: prepared.person,
            login: account.login.parse().map_err(|_| StoreError::Corrupt("a login that is none"))?,
            code,
            purpose: Purpose::Activate,
            code_until: self.last_day(prepared.code_expires),
            renew_by: day(prepared.renew_by),
        })
    }

    /// Turns what the transaction said into what the officer is told, and counts and notes it.
    async fn answer(
        &self,
        by: By,
        attempt: &Attempt,
        outcome: Result<Outcome, EnrolError>,
    ) -> Result<Outcome, EnrolError> {
        let tells = match &outcome {
            Err(EnrolError::AlreadyEnrolled) => "already enrolled",
            Err(EnrolError::SecondLook(doubts)) if doubts.contains(&Doubt::Alike) => "second look",
            Err(EnrolError::Quota(_)) => {
                self.alarm("enrol", by, "the day's enrolments are used up");
                return outcome;
            }
            Err(EnrolError::TooFast(_)) => {
                self.alarm("enrol", by, "too fast");
                return outcome;
            }
            _ => return outcome,
        };
        self.audit("enrol", by, None, tells);
        let repeated = attempt.seen.contains(&Doubt::Alike);
        if !repeated && !self.count_lookup(by).await? {
            return Err(EnrolError::Quota(self.until_tomorrow()));
        }
        outcome
    }

    /// Whether an entry could be enrolled now.
    async fn look(&self, by: By, prepared: &Prepared, attempt: &Attempt) -> Result<Outcome, EnrolError> {
        let (this, prepared, seen) = (self.clone(), prepared.clone(), attempt.seen.clone());
        let work = self.0.store.write(move |tx| {
            Box::pin(async move {
                let _office = this.open_counter(tx, by).await??;
                if let Some(account) = this.repeated(tx, by, &prepared).await? {
                    return Ok(Outcome::Again(account));
                }
                this.check_pace(tx, by).await?.map_err(|reached| this.too_much(reached))?;
                check_people(tx, &prepared, &seen).await?;
                Ok(Outcome::New(0))
            })
        });
        work.await
    }

    async fn write(
        &self,
        by: By,
        prepared: &Prepared,
        attempt: &Attempt,
        signed: Signed,
    ) -> Result<Outcome, EnrolError> {
        let (this, prepared, seen) = (self.clone(), prepared.clone(), attempt.seen.clone());
        let work = self.0.store.write(move |tx| {
            Box::pin(async move {
                let _office = this.open_counter(tx, by).await??;
                if let Some(account) = this.repeated(tx, by, &prepared).await? {
                    return Ok(Outcome::Again(account));
                }
                let leaf = this.signed_leaf(tx, by, &prepared.draft, signed).await?;
                let counted = this.count_enrolment(tx, by).await?;
                let count = counted.map_err(|reached| this.too_much(reached))?;
                check_people(tx, &prepared, &seen).await?;
                insert(tx, &this.0.owners, &prepared, leaf, this.now()).await?;
                Ok(Outcome::New(count))
            })
        });
        work.await
    }

    fn too_much(&self, reached: Reached) -> EnrolError {
        match reached {
            Reached::Pace(wait) => EnrolError::TooFast(wait),
            Reached::Day => EnrolError::Quota(self.until_tomorrow()),
        }
    }

    /// If this attempt has enrolled the person before and nobody has used the code, a new code takes the place of it.
    async fn repeated(&self, tx: &mut Tx, by: By, prepared: &Prepared) -> Result<Option<Account>, EnrolError> {
        let person = prepared.person;
        let Some(row) = persons::find(tx, person).await? else { return Ok(None) };
        let mut same = row.registrar_id == by.office && row.departed_on.is_none();
        for tag in &prepared.same {
            same &= persons::find_twin(tx, tag).await? == Some(person);
        }
        let account = account_rows::find_by_person(tx, person).await?;
        let Some(account) = account.filter(|_| same) else { return Err(EnrolError::AlreadyEnrolled) };
        if account.disabled_at.is_some() || is_opened(tx, &account).await? {
            return Err(EnrolError::AlreadyEnrolled);
        }
        if let Some(invite) = account_rows::find_invite(tx, prepared.code).await? {
            // The same answer came on its way for the second time; or another code has taken its place since.
            let is_good = invite.account_id == account.id && invite.revoked_at.is_none();
            return if is_good { Ok(Some(account)) } else { Err(EnrolError::AlreadyEnrolled) };
        }
        let now = self.now();
        account_rows::revoke_invites(tx, account.id, now).await?;
        let expires = prepared.code_expires;
        account_rows::insert_invite(tx, prepared.code, account.id, Purpose::Activate, now, expires).await?;
        Ok(Some(account))
    }

    /// Seals all there is to seal. The identity is wiped on return.
    pub(super) fn seal_all(
        &self,
        by: By,
        read: Read,
        person: PersonId,
        key: &CustodiansKey,
        code: TokenHash,
    ) -> Result<Prepared, EnrolError> {
        let Read { identity, commune, roles } = read;
        let now = self.now();
        let facts = self.facts(&identity, commune, by, &roles)?;
        let tags = self.tags(&identity)?;
        let doubts = doubts_about(&identity);
        let sealed = identity.seal(key, person, &mut self.0.ambient.rng()).map_err(|_| EnrolError::Sealing)?;
        let identity = sealed.as_bytes().to_vec();
        let renew_by = self.renewal_day();
        let (owner, secret) = self.0.owners.newcomer(person);
        let known = (facts.birth.year(), facts.commune);
        let draft = Draft::new((&owner, owner.enrolment()), by.office, known, &identity, day(renew_by), now)?;
        let account = self.0.accounts.prepare(Holder::Citizen(person));
        Ok(Prepared {
            person,
            office: by.office,
            at: now,
            renew_by,
            facts: self.0.attributes.seal_facts(person, &facts),
            identity,
            same: tags.same,
            alike: tags.alike,
            doubts,
            account: account.id,
            login: account.login,
            code,
            code_expires: self.invite_expiry(),
            secret,
            draft,
        })
    }

    fn facts(&self, identity: &Identity, commune: AreaCode, by: By, roles: &[Grant]) -> Result<Facts, EnrolError> {
        let birth = identity.birth_facts(&self.0.calendar, self.now());
        let authority = by.office;
        Ok(Facts {
            birth: birth.map_err(|_| EnrolError::Sealing)?,
            commune,
            sex: identity.sex(),
            partial_name: identity.partial_name().clone(),
            roles: roles.iter().map(|grant| Role { kind: grant.kind, authority, until: grant.until }).collect(),
        })
    }

    /// The keyed tags, in one order everywhere: two transactions that write them wait for each other in place of
    /// stopping each other.
    pub(super) fn tags(&self, identity: &Identity) -> Result<Tags, EnrolError> {
        let mut tags = identity.tags(&self.0.keyring.vault()).map_err(|_| EnrolError::Sealing)?;
        tags.same.sort_unstable();
        tags.alike.sort_unstable();
        Ok(tags)
    }

    pub(super) fn measure(&self, area: AreaCode) -> Measure<'_> {
        Measure { areas: self.0.attributes.areas(), calendar: &self.0.calendar, now: self.now(), area }
    }

    /// Today, so many years later.
    pub(super) fn renewal_day(&self) -> Timestamp {
        let years = i64::from(self.0.policy.renewal_years);
        let date = self.today().saturating_add(years.years());
        let midnight = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0));
        Timestamp(midnight.map_or(i64::MAX, jiff::Timestamp::as_millisecond))
    }

    /// The last whole legal day before a moment.
    pub(super) fn last_day(&self, expires: Timestamp) -> Date {
        self.0.calendar.today(expires).saturating_sub(1.day())
    }
}

/// Whether somebody has used an invite of the account: something opens it.
pub(super) async fn is_opened(tx: &mut Tx, account: &Account) -> Result<bool, StoreError> {
    Ok(account_rows::find_passphrase(tx, account.id).await?.is_some()
        || !account_rows::passkeys(tx, account.id).await?.is_empty())
}

pub(super) fn day(time: Timestamp) -> Date {
    let time = jiff::Timestamp::from_millisecond(time.0).unwrap_or(jiff::Timestamp::MAX);
    TimeZone::UTC.to_datetime(time).date()
}

fn doubts_about(identity: &Identity) -> Vec<Doubt> {
    let doubt = |review| match review {
        Review::UnlikelyAge => Doubt::UnlikelyAge,
        Review::IncompleteBirthDate => Doubt::IncompleteBirthDate,
    };
    identity.reviews().into_iter().map(doubt).collect()
}

/// Whether nobody else is this person, and the officer has looked again at whatever is in doubt.
async fn check_people(tx: &mut Tx, prepared: &Prepared, seen: &[Doubt]) -> Result<(), EnrolError> {
    // In this order: whoever is enrolled between the two statements is a twin, and not somebody alike.
    let doubts = doubts(tx, prepared).await?;
    for tag in &prepared.same {
        if persons::find_twin(tx, tag).await?.is_some() {
            return Err(EnrolError::AlreadyEnrolled);
        }
    }
    if doubts.iter().any(|doubt| !seen.contains(doubt)) { Err(EnrolError::SecondLook(doubts)) } else { Ok(()) }
}

/// All that an officer should look at again.
async fn doubts(tx: &mut Tx, prepared: &Prepared) -> Result<Vec<Doubt>, StoreError> {
    let mut doubts = prepared.doubts.clone();
    for tag in &prepared.alike {
        if persons::count_alike(tx, tag).await? > 0 {
            doubts.push(Doubt::Alike);
            break;
        }
    }
    Ok(doubts)
}

/// Writes the person, the tags, the account, the invite and the leaf. The unique index decides between two counters.
pub(super) async fn insert(
    tx: &mut Tx,
    owners: &Owners,
    prepared: &Prepared,
    leaf: Enrol,
    now: Timestamp,
) -> Result<(), EnrolError> {
    let taken = |error| match error {
        StoreError::Taken => EnrolError::AlreadyEnrolled,
        other => other.into(),
    };
    let person = prepared.person;
    persons::insert(tx, &prepared.row(now)).await.map_err(taken)?;
    for tag in &prepared.same {
        persons::insert_twin(tx, tag, person).await.map_err(taken)?;
    }
    for tag in &prepared.alike {
        persons::insert_alike(tx, tag, person).await?;
    }
    owners.welcome(tx, person, &prepared.secret).await?;
    if !owners.enrol(tx, person, prepared.draft.hour(), leaf).await? {
        return Err(StoreError::Corrupt("the first leaf of a person is not the first").into());
    }
    let account = prepared.account();
    account_rows::insert(tx, &account).await?;
    let (expires, made) = (prepared.code_expires, account.created_on);
    account_rows::insert_invite(tx, prepared.code, account.id, Purpose::Activate, made, expires).await?;
    Ok(())
}

/// How long a form may stay open.
const FORM_LIFETIME: Duration = Duration::from_hours(1);
