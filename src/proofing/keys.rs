//! The keys with which offices sign their enrolments: sent, accredited, withdrawn, and said in the public log.
//!
//! The registry has one leaf for an office whenever anything of it changes, with all keys that count from then on. So anybody
//! sees which key could sign an enrolment when.

use super::{By, Proofing, Registrar, office_key::fingerprint};
use crate::{
    domain::{area::AreaCode, ids::RegistrarId},
    store::{
        StoreError, Tx,
        registrars::{self, SigningKey},
    },
    wire::tlog::leaf::{self, RegistrarAct, RegistrarKey, SigningKeyId},
};

/// Why a key was not taken, accredited or withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("this key is known already: it belongs to an office, or was withdrawn; make another one")]
    Known,
    #[error("the office is closed")]
    Closed,
    #[error("{MOST_KEYS} keys of this office count or wait already: withdraw one that is not used any more")]
    TooMany,
    #[error("no key has this fingerprint: `heteronym registrars keys list` shows all")]
    Unknown,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What has become of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    Waiting,
    Accredited,
    Withdrawn,
}

impl KeyState {
    /// A stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Accredited => "accredited",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A key for a list.
#[derive(Clone, Debug)]
pub struct OfficeKeyLine {
    pub id: SigningKeyId,
    pub office: RegistrarId,
    /// What is read aloud.
    pub fingerprint: String,
    pub state: KeyState,
}

impl From<&SigningKey> for OfficeKeyLine {
    fn from(row: &SigningKey) -> Self {
        let state = match (row.accredited_at, row.withdrawn_at) {
            (_, Some(_)) => KeyState::Withdrawn,
            (None, None) => KeyState::Waiting,
            (Some(_), None) => KeyState::Accredited,
        };
        Self { id: row.key.id(), office: row.registrar, fingerprint: fingerprint(&row.key), state }
    }
}

impl Proofing {
    /// Takes the public key of a workstation of the acting office. It waits to be accredited, unless officers do that here.
    /// Sent again, it is the key that it was.
    pub async fn send_key(&self, by: By, key: &RegistrarKey) -> Result<KeyState, KeyError> {
        self.take_key(by, key, self.0.policy.officers_accredit).await
    }

    /// Takes a key and accredits it, on the word of the operator.
    pub async fn accredit(&self, office: RegistrarId, key: &RegistrarKey) -> Result<(), KeyError> {
        self.take_key(By::operator(office), key, true).await.map(drop)
    }

    async fn take_key(&self, by: By, key: &RegistrarKey, accredit: bool) -> Result<KeyState, KeyError> {
        let (this, key, now) = (self.clone(), key.clone(), self.now());
        let work = self.0.store.write(move |tx| {
            Box::pin(async move {
                let office = this.open_counter(tx, by).await?.map_err(|_| KeyError::Closed)?;
                if !registrars::insert_key(tx, office.id, &key, now).await? {
                    let known = registrars::find_key(tx, key.id()).await?;
                    known
                        .filter(|row| row.registrar == office.id && row.withdrawn_at.is_none())
                        .ok_or(KeyError::Known)?;
                }
                let keys = registrars::keys(tx, office.id).await?;
                if keys.iter().filter(|row| row.withdrawn_at.is_none()).count() > MOST_KEYS {
                    return Err(KeyError::TooMany);
                }
                if accredit && registrars::accredit_key(tx, key.id(), now).await? {
                    this.say_office(tx, &office).await?;
                }
                let row = registrars::find_key(tx, key.id()).await?.ok_or(KeyError::Unknown)?;
                Ok(OfficeKeyLine::from(&row).state)
            })
        });
        let state = work.await?;
        self.audit("office key", by, None, if state == KeyState::Accredited { "accredited" } else { "waits" });
        Ok(state)
    }

    /// The keys of an office, with those that were withdrawn.
    pub async fn keys(&self, office: RegistrarId) -> Result<Vec<OfficeKeyLine>, StoreError> {
        let read = self.0.store.read::<_, StoreError, _>(|tx| Box::pin(registrars::keys(tx, office)));
        Ok(read.await?.iter().map(OfficeKeyLine::from).collect())
    }

    /// Whether anything that the office signs would count.
    pub async fn can_sign(&self, office: RegistrarId) -> Result<bool, StoreError> {
        Ok(self.keys(office).await?.iter().any(|key| key.state == KeyState::Accredited))
    }

    /// Accredits a key that waits. False when it is withdrawn or was accredited before.
    pub async fn accredit_key(&self, id: SigningKeyId) -> Result<bool, KeyError> {
        self.change_key(id, "accredited", true).await
    }

    /// Withdraws a key: from then on nothing that it signs counts. False when that was done before.
    pub async fn withdraw_key(&self, id: SigningKeyId) -> Result<bool, KeyError> {
        self.change_key(id, "withdrawn", false).await
    }

    async fn change_key(&self, id: SigningKeyId, outcome: &'static str, accredit: bool) -> Result<bool, KeyError> {
        let (this, now) = (self.clone(), self.now());
        let work = self.0.store.write(move |tx| {
            Box::pin(async move {
                let key = registrars::find_key(tx, id).await?.ok_or(KeyError::Unknown)?;
                let office = registrars::find(tx, key.registrar).await?.ok_or(KeyError::Unknown)?;
                if accredit && office.disabled_at.is_some() {
                    return Err(KeyError::Closed);
                }
                let changed = if accredit {
                    registrars::accredit_key(tx, id, now).await?
                } else {
                    registrars::withdraw_key(tx, id, now).await?
                };
                if changed {
                    this.say_office(tx, &office).await?;
                }
                Ok::<_, KeyError>((office.id, changed))
            })
        });
        let (office, changed) = work.await?;
        self.audit("office key", By::operator(office), None, if changed { outcome } else { "nothing to do" });
        Ok(changed)
    }

    /// Says in the registry what an office is from now on, if it is anything new.
    pub(super) async fn say_office(&self, tx: &mut Tx, office: &Registrar) -> Result<(), StoreError> {
        let keys = registrars::keys(tx, office.id).await?;
        let code: AreaCode = office.area.parse().map_err(|_| UNKNOWN_AREA)?;
        let area = self.0.attributes.areas().get(code).ok_or(UNKNOWN_AREA)?;
        let (name, code) = (office.name.parse().map_err(|_| MALFORMED)?, office.area.parse().map_err(|_| MALFORMED)?);
        let withdrawn = office.disabled_at.is_some();
        let said = leaf::Registrar {
            id: leaf::RegistrarId::from_bytes(*office.id.as_bytes()),
            name,
            area: code,
            population: area.population,
            act: if withdrawn { RegistrarAct::Withdrawn } else { RegistrarAct::Accredited },
            keys: keys.into_iter().filter(|row| row.counts() && !withdrawn).map(|row| row.key).collect(),
        };
        let facts = |first: bool| {
            let act = if withdrawn || first { said.act } else { RegistrarAct::Changed };
            leaf::Registrar { act, ..said.clone() }.into()
        };
        self.0.institutions.say(tx, &format!("registrar:{}", office.id.encode()), facts).await.map(drop)
    }
}

/// Keys that count or wait, of one office: so many still fit into its leaf.
const MOST_KEYS: usize = 64;
const UNKNOWN_AREA: StoreError = StoreError::Corrupt("an office in an area that is none");
const MALFORMED: StoreError = StoreError::Corrupt("an office cannot be said in the registry");
