//! The leaves that stand in somebody's name, and what makes them findable by that person alone (`specs/log.md` §4 and §5).
//!
//! Everything here happens inside the transaction of the act that a leaf speaks of: the number of its owner's tag is counted
//! there, and the leaf waits there for its place. A person whose secret was erased gets no leaf any more, and so nothing that
//! would need one.

use std::{fmt, sync::Arc};

use zeroize::Zeroizing;

use crate::{
    domain::{
        ambient::{Ambient, Timestamp},
        ids::{PersonId, PseudonymId},
    },
    keyring::Keyring,
    store::{
        Log, NewLeaf, Receipt, StoreError, Tx,
        log_secrets::{self, Secret},
    },
    wire::tlog::{
        Hash,
        commitment::{Commitment, Fields},
        leaf::{
            Access, BracketsVersion, Enrol, Hour, Issuance, IssuanceLeaf, Issue, Kid, Leaf, Nym, NymAct, OwnerTag,
            Revoke, SlotTag, Word,
        },
        owner::{LogSecret, OwnerKey},
        slot::SlotProof,
    },
};

/// Writes leaves in people's names. Cheap to clone.
#[derive(Clone)]
pub struct Owners {
    keyring: Arc<Keyring>,
    ambient: Ambient,
}

/// A person as the log knows one: by what nobody else can compute.
pub struct Owner {
    person: PersonId,
    secret: LogSecret,
    /// The number of the leaf of the enrolment that counts.
    enrolment: u64,
}

/// Whose token is logged: one pseudonym of an owner.
#[derive(Clone)]
pub struct Voice {
    pub pseudonym: PseudonymId,
    pub sector: String,
    pub slot: u32,
    pub generation: u32,
}

/// What the leaf of a token says.
pub struct Token {
    /// SHA-256 of the token, as it is sent.
    pub hash: [u8; 32],
    pub kid: String,
    pub told: TokenFacts,
}

/// What is told of a token, whoever signs it, and what its leaf is bound to without saying it.
#[derive(Clone)]
pub struct TokenFacts {
    pub brackets: String,
    /// What the forum may learn; empty where it learns nothing.
    pub bracket: String,
    pub area: String,
    pub birth_year: Option<i16>,
    pub now: Timestamp,
}

/// A token that will be in the log when the transaction is durable.
pub struct Logged {
    pub receipt: Receipt,
    /// As it is published.
    pub leaf: Vec<u8>,
    /// By which the forum recognises the leaf as one of this pseudonym.
    pub key: OwnerKey,
    pub number: u64,
}

impl Owners {
    pub fn new(keyring: Arc<Keyring>, ambient: Ambient) -> Self {
        Self { keyring, ambient }
    }

    /// Somebody who is going to be enrolled: the owner, and the secret as its row will have it.
    pub fn newcomer(&self, person: PersonId) -> (Owner, Vec<u8>) {
        let mut rng = self.ambient.rng();
        let secret = LogSecret::generate(&mut rng);
        let sealed = self.keyring.vault().seal_row(log_secrets::TABLE, person.as_bytes(), secret.expose(), &mut rng);
        (Owner { person, secret, enrolment: 0 }, sealed)
    }

    /// Keeps the secret of a newcomer, whose leaf has to be the next to be written.
    pub async fn welcome(&self, tx: &mut Tx, person: PersonId, sealed: &[u8]) -> Result<(), StoreError> {
        if log_secrets::insert(tx, person, sealed).await? { Ok(()) } else { Err(StoreError::Taken) }
    }

    /// The tag that the person's next enrolment has, if nothing else is logged before.
    pub async fn next_enrolment(&self, tx: &mut Tx, person: PersonId) -> Result<(Owner, OwnerTag), StoreError> {
        let owner = self.find(tx, person).await?.ok_or(ERASED)?;
        let next = log_secrets::counted(tx, person).await?.ok_or(ERASED)?;
        let tag = owner.secret.person().tag(next);
        Ok((owner, tag))
    }

    /// A registrar vouches for a person: from now on that enrolment counts. False, and then the transaction has to fail, when
    /// the leaf's tag is not the next one.
    pub async fn enrol(&self, tx: &mut Tx, person: PersonId, hour: Hour, leaf: Enrol) -> Result<bool, StoreError> {
        let number = log_secrets::count_enrolment(tx, person).await?.ok_or(ERASED)?;
        let owner = self.find(tx, person).await?.ok_or(ERASED)?;
        if owner.secret.person().tag(number) != leaf.owner {
            return Ok(false);
        }
        append(tx, hour, leaf).map(|_| true)
    }

    /// The owner whom a person is; None after an erasure.
    pub async fn find(&self, tx: &mut Tx, person: PersonId) -> Result<Option<Owner>, StoreError> {
        let row = log_secrets::find(tx, person).await?;
        row.map(|row| self.open(person, &row)).transpose()
    }

    /// Opens a row that was read.
    pub fn open(&self, person: PersonId, row: &Secret) -> Result<Owner, StoreError> {
        let corrupt = StoreError::Corrupt("the secret of a person's leaves does not open");
        let opened = self.keyring.vault().open_row(log_secrets::TABLE, person.as_bytes(), &row.sealed);
        let Some(bytes) = opened.ok().and_then(|bytes| bytes.as_slice().try_into().ok()) else { return Err(corrupt) };
        let secret = LogSecret::from_bytes(Zeroizing::new(bytes));
        Ok(Owner { person, secret, enrolment: row.enrolment })
    }

    /// A person takes a place in a sector, or gives it up.
    pub async fn nym(
        &self,
        tx: &mut Tx,
        person: PersonId,
        act: NymAct,
        (sector, slot): (&str, u32),
    ) -> Result<(), StoreError> {
        let (slot, _proof) = self.place(person, sector, slot);
        let owner = self.find(tx, person).await?.ok_or(ERASED)?;
        let tag = owner.next(tx).await?;
        let commitment = owner.commit(Fields::Nym { enrol: owner.enrolment() }, tag)?.root();
        self.append(tx, Nym { act, slot, owner: tag, commitment })
    }

    /// The tag of a place, and the proof with which its person checks that it is theirs.
    pub fn place(&self, person: PersonId, sector: &str, slot: u32) -> (SlotTag, SlotProof) {
        self.keyring.vrf().slot(person.as_bytes(), sector, slot)
    }

    /// The enrolment of a person ends. Without a secret there is none to end.
    pub async fn revoke(&self, tx: &mut Tx, person: PersonId, reason: &'static str) -> Result<(), StoreError> {
        let Some(owner) = self.find(tx, person).await? else { return Ok(()) };
        let tag = owner.next(tx).await?;
        let enrol = owner.enrolment();
        let commitment = owner.commit(Fields::Revoke { enrol }, tag)?.root();
        self.append(tx, Revoke { enrol, reason: word(reason)?, owner: tag, commitment })
    }

    /// Somebody of the staff reads what is encrypted of a person.
    pub async fn access(
        &self,
        tx: &mut Tx,
        person: PersonId,
        purpose: &'static str,
        role: &'static str,
    ) -> Result<(), StoreError> {
        let Some(owner) = self.find(tx, person).await? else { return Ok(()) };
        let tag = owner.next(tx).await?;
        let commitment = owner.commit(Fields::Access { enrol: owner.enrolment() }, tag)?.root();
        self.append(tx, Access { purpose: word(purpose)?, role: word(role)?, owner: tag, commitment })
    }

    /// A token is issued to a pseudonym. None when the pseudonym is gone.
    pub async fn issue(
        &self,
        tx: &mut Tx,
        owner: &Owner,
        voice: &Voice,
        token: &Token,
    ) -> Result<Option<Logged>, StoreError> {
        let Some(number) = log_secrets::count_of_pseudonym(tx, voice.pseudonym).await? else { return Ok(None) };
        let key = owner.voice(voice);
        let tag = key.tag(number);
        let TokenFacts { brackets, bracket, area, birth_year, now } = &token.told;
        let fields = Fields::Issue { bracket, birth_year: *birth_year, area, enrol: owner.enrolment() };
        let issue = Issue {
            token: Hash::from_bytes(token.hash),
            kid: token.kid.parse::<Kid>().map_err(|_| MALFORMED)?,
            brackets: brackets.parse::<BracketsVersion>().map_err(|_| MALFORMED)?,
            owner: tag,
            commitment: owner.commit(fields, tag)?.root(),
        };
        let (leaf, receipt) = append(tx, hour(*now), issue)?;
        Ok(Some(Logged { receipt, leaf, key, number }))
    }

    fn append(&self, tx: &mut Tx, facts: impl Into<Issuance>) -> Result<(), StoreError> {
        append(tx, hour(self.ambient.now()), facts).map(drop)
    }
}

impl Owner {
    /// What the person can find all their leaves with.
    pub const fn secret(&self) -> &LogSecret {
        &self.secret
    }

    /// The tag of the enrolment that counts.
    pub fn enrolment(&self) -> OwnerTag {
        self.secret.person().tag(self.enrolment)
    }

    /// What finds the tokens of one pseudonym.
    pub fn voice(&self, voice: &Voice) -> OwnerKey {
        self.secret.pseudonym(&voice.sector, voice.slot, voice.generation)
    }

    /// What a leaf with this tag is bound to.
    pub fn commit(&self, fields: Fields<'_>, tag: OwnerTag) -> Result<Commitment, StoreError> {
        fields.commit(&self.secret, tag).map_err(|_| MALFORMED)
    }

    /// The next tag of the person, which nobody else gets.
    async fn next(&self, tx: &mut Tx) -> Result<OwnerTag, StoreError> {
        let number = log_secrets::count(tx, self.person).await?.ok_or(ERASED)?;
        Ok(self.secret.person().tag(number))
    }
}

/// Nothing of whose it is.
impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Owner(…)")
    }
}

/// Puts a leaf of the issuance log into the transaction.
fn append(tx: &mut Tx, hour: Hour, facts: impl Into<Issuance>) -> Result<(Vec<u8>, Receipt), StoreError> {
    let leaf: IssuanceLeaf = Leaf::new(hour, facts);
    let new = NewLeaf {
        token: leaf.facts.token().map(|hash| *hash.as_bytes()),
        owner: Some(*leaf.facts.owner().as_bytes()),
        bytes: leaf.to_bytes().map_err(|_| MALFORMED)?,
    };
    let bytes = new.bytes.clone();
    Ok((bytes, tx.log(Log::Issuance, new)?))
}

fn hour(now: Timestamp) -> Hour {
    Hour::from_millis(now.0)
}

fn word(text: &'static str) -> Result<Word, StoreError> {
    text.parse().map_err(|_| MALFORMED)
}

const ERASED: StoreError = StoreError::Corrupt("a person's secret for the logs is gone");
const MALFORMED: StoreError = StoreError::Corrupt("a leaf cannot be written");
