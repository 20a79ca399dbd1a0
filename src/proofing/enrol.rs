//! Enrolling a person: one entry, one transaction, one activation code.

use std::time::Duration;

use jiff::{ToSpan, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{
    By, Closed, Proofing,
    quota::Reached,
    typed::{Faults, Grant, Measure, Read, Typed},
};
use crate::{
    accounts::{Account, Holder, InviteCode, LoginName, Purpose},
    domain::{
        ambient::Timestamp,
        area::AreaCode,
        ids::PersonId,
        quality::{Facts, Role},
        secret::TokenHash,
    },
    store::{
        StoreError, Tx, accounts as account_rows,
        persons::{self, Person},
    },
    transparency::Owners,
    vault::{Identity, Review, Tags},
    wire::sealed::CustodiansKey,
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
    #[error("the identity could not be sealed")]
    Sealing,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is written of one person; nothing of it can be read without the custodians or the vault key.
#[derive(Clone)]
pub(super) struct Prepared {
    pub(super) person: Person,
    pub(super) tags: Tags,
    pub(super) doubts: Vec<Doubt>,
    pub(super) account: Account,
    pub(super) code: TokenHash,
    pub(super) code_expires: Timestamp,
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

    /// Enrols a person. Of two who try at once with the same person, one is told that they are enrolled already.
    pub async fn enrol(&self, by: By, typed: &Typed, attempt: &Attempt) -> Result<Enrolled, EnrolError> {
        if attempt.until < self.now() {
            return Err(EnrolError::Expired);
        }
        let key = self.sealing_key().await??;
        let office = self.office_area(by).await??;
        let read = typed.read(&self.measure(office))?;
        let code = InviteCode::generate(&mut self.0.ambient.rng());
        let prepared = self.prepare(by, read, attempt.person, &key, code.hash())?;
        let outcome = self.write(by, &prepared, attempt).await;
        let account = match self.answer(by, attempt, outcome).await? {
            Outcome::New(count) => {
                self.watch_count(by, count);
                self.audit("enrol", by, Some(attempt.person), "enrolled");
                prepared.account
            }
            Outcome::Again(account) => {
                self.audit("enrol", by, Some(attempt.person), "new code");
                account
            }
        };
        self.0.attributes.forget(attempt.person);
        Ok(Enrolled {
            person: attempt.person,
            login: account.login.parse().map_err(|_| StoreError::Corrupt("a login that is none"))?,
            code,
            purpose: Purpose::Activate,
            code_until: self.last_day(prepared.code_expires),
            renew_by: day(prepared.person.renew_by),
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

    async fn write(&self, by: By, prepared: &Prepared, attempt: &Attempt) -> Result<Outcome, EnrolError> {
        let (this, prepared, seen) = (self.clone(), prepared.clone(), attempt.seen.clone());
        let work = self.0.store.write(move |tx| {
            Box::pin(async move {
                let _office = this.open_counter(tx, by).await??;
                if let Some(account) = this.repeated(tx, by, &prepared).await? {
                    return Ok(Outcome::Again(account));
                }
                let counted = this.count_enrolment(tx, by).await?;
                let count = counted.map_err(|reached| match reached {
                    Reached::Pace(wait) => EnrolError::TooFast(wait),
                    Reached::Day => EnrolError::Quota(this.until_tomorrow()),
                })?;
                // In this order: whoever is enrolled between the two statements is a twin, and not somebody alike.
                let doubts = doubts(tx, &prepared).await?;
                check_twins(tx, &prepared.tags).await?;
                if doubts.iter().any(|doubt| !seen.contains(doubt)) {
                    return Err(EnrolError::SecondLook(doubts));
                }
                insert(tx, &this.0.owners, &prepared).await?;
                Ok(Outcome::New(count))
            })
        });
        work.await
    }

    /// If this attempt has enrolled the person before and nobody has used the code, a new code takes the place of it.
    async fn repeated(&self, tx: &mut Tx, by: By, prepared: &Prepared) -> Result<Option<Account>, EnrolError> {
        let person = prepared.person.id;
        let Some(row) = persons::find(tx, person).await? else { return Ok(None) };
        let mut same = row.registrar_id == by.office && row.departed_on.is_none();
        for tag in &prepared.tags.same {
            same &= persons::find_twin(tx, tag).await? == Some(person);
        }
        let account = account_rows::find_by_person(tx, person).await?;
        let Some(account) = account.filter(|_| same) else { return Err(EnrolError::AlreadyEnrolled) };
        if account.disabled_at.is_some() || is_opened(tx, &account).await? {
            return Err(EnrolError::AlreadyEnrolled);
        }
        let now = self.now();
        account_rows::revoke_invites(tx, account.id, now).await?;
        let expires = prepared.code_expires;
        account_rows::insert_invite(tx, prepared.code, account.id, Purpose::Activate, now, expires).await?;
        Ok(Some(account))
    }

    /// Seals all there is to seal. The identity is wiped on return.
    pub(super) fn prepare(
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
        let row = Person {
            id: person,
            registrar_id: by.office,
            enrolled_on: now.day(),
            renew_by: self.renewal_day(),
            departed_on: None,
            facts: self.0.attributes.seal_facts(person, &facts),
            identity: sealed.as_bytes().to_vec(),
            version: 1,
            changed_at: now,
        };
        let account = self.0.accounts.prepare(Holder::Citizen(person));
        Ok(Prepared { person: row, tags, doubts, account, code, code_expires: self.invite_expiry() })
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

async fn check_twins(tx: &mut Tx, tags: &Tags) -> Result<(), EnrolError> {
    for tag in &tags.same {
        if persons::find_twin(tx, tag).await?.is_some() {
            return Err(EnrolError::AlreadyEnrolled);
        }
    }
    Ok(())
}

/// All that an officer should look at again.
async fn doubts(tx: &mut Tx, prepared: &Prepared) -> Result<Vec<Doubt>, StoreError> {
    let mut doubts = prepared.doubts.clone();
    for tag in &prepared.tags.alike {
        if persons::count_alike(tx, tag).await? > 0 {
            doubts.push(Doubt::Alike);
            break;
        }
    }
    Ok(doubts)
}

/// Writes the person, the tags, the account and the invite. The unique index decides between two counters.
pub(super) async fn insert(tx: &mut Tx, owners: &Owners, prepared: &Prepared) -> Result<(), EnrolError> {
    let taken = |error| match error {
        StoreError::Taken => EnrolError::AlreadyEnrolled,
        other => other.into(),
    };
    let person = prepared.person.id;
    persons::insert(tx, &prepared.person).await.map_err(taken)?;
    owners.enrol(tx, person).await?;
    for tag in &prepared.tags.same {
        persons::insert_twin(tx, tag, person).await.map_err(taken)?;
    }
    for tag in &prepared.tags.alike {
        persons::insert_alike(tx, tag, person).await?;
    }
    let account = &prepared.account;
    account_rows::insert(tx, account).await?;
    let (expires, made) = (prepared.code_expires, account.created_on);
    account_rows::insert_invite(tx, prepared.code, account.id, Purpose::Activate, made, expires).await?;
    Ok(())
}

/// How long a form may stay open.
const FORM_LIFETIME: Duration = Duration::from_hours(1);
