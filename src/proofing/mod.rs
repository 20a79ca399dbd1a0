//! The counter: enrolling people, finding the second enrolment, renewing, correcting, departing, recovering.
//!
//! What was typed lives for one call. It becomes tags, sealed facts and a sealed identity (`specs/proofing.md`), and is wiped;
//! what the database gets is written in one transaction. Nobody finds a person here by looking through a list: to act upon
//! somebody, an officer enters the document again ([`Proofing::find`]).

mod audit;
mod carried;
mod case;
mod date;
mod enrol;
mod import;
mod keys;
mod office;
mod office_key;
mod quota;
mod typed;
mod unsigned;

use std::{fmt, sync::Arc, time::Duration};

use jiff::civil::Date;

pub use self::{
    case::{Case, ChangeError, Changed, Changes, Reissued, UnsignedRenewal},
    enrol::{Attempt, Doubt, EnrolError, Enrolled, Step},
    import::{Batch, Finding, HeaderError, ImportError, LineFault, MOST_LINES, Sheet},
    keys::{KeyError, KeyState, OfficeKeyLine},
    office::{OfficeError, Officer, OfficerInvite},
    office_key::{OfficeKey, OfficeKeyError, fingerprint},
    quota::Today,
    typed::{Column, Faults, Grant, Reason, Text, Typed},
    unsigned::{AFTER_KEY, Signed, Unsigned},
};
pub use crate::store::registrars::Registrar;
use crate::{
    accounts::{Account, Accounts, SignedIn},
    attributes::Attributes,
    domain::{
        age::LegalCalendar,
        ambient::{Ambient, Timestamp},
        area::{Area, AreaCode, Level},
        ids::{AccountId, RegistrarId},
    },
    keyring::Keyring,
    store::{Store, StoreError, Tx, accounts as account_rows, registrars, settings},
    transparency::{Institutions, Owners},
    wire::sealed::CustodiansKey,
};

/// The rules of one installation.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Years after which a person has to come to the counter again.
    pub renewal_years: u16,
    /// Enrolments by one officer in a legal day.
    pub enrolments_per_day: u32,
    /// Between two enrolments by one officer: nobody reads a document faster.
    pub between_enrolments: Duration,
    /// Answers to one officer, in a legal day, that tell whether somebody is enrolled.
    pub lookups_per_day: u32,
    /// The key of a workstation counts when an officer sends it, and not only after the operator has heard its fingerprint.
    pub officers_accredit: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            renewal_years: 5,
            enrolments_per_day: 150,
            between_enrolments: Duration::from_secs(10),
            lookups_per_day: 60,
            officers_accredit: false,
        }
    }
}

/// On whose behalf something is done at a counter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct By {
    pub office: RegistrarId,
    /// The officer; None when the operator acts for the office on the machine itself.
    pub officer: Option<AccountId>,
}

impl By {
    /// The officer who is signed in, if an officer is.
    pub fn signed_in(signed_in: &SignedIn) -> Option<Self> {
        signed_in.office().map(|office| Self { office, officer: Some(signed_in.account) })
    }

    /// The operator of this installation, without quotas.
    pub const fn operator(office: RegistrarId) -> Self {
        Self { office, officer: None }
    }
}

impl fmt::Debug for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("By(…)")
    }
}

/// Why nothing can be done at this counter.
#[derive(Debug, thiserror::Error)]
pub enum Closed {
    #[error("the office does not enrol people any more: ask the operator")]
    Office,
    #[error("the officer's account is closed: ask the operator")]
    Officer,
    #[error(
        "there is no custodians' key yet: the custodians have to make one (`heteronym custodian`) before anybody can be enrolled"
    )]
    Custodians,
}

/// Why a custodians' key was not taken.
#[derive(Debug, thiserror::Error)]
pub enum CustodiansError {
    #[error(
        "identities are sealed to another custodians' key already: a new group of custodians would make them unreadable"
    )]
    OtherGroup,
    #[error("the custodians' key in use is newer: take the file of the latest ceremony")]
    Older,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The service. Cheap to clone.
#[derive(Clone)]
pub struct Proofing(Arc<Inner>);

struct Inner {
    store: Store,
    keyring: Arc<Keyring>,
    accounts: Accounts,
    attributes: Attributes,
    owners: Owners,
    institutions: Institutions,
    calendar: LegalCalendar,
    ambient: Ambient,
    policy: Policy,
}

impl Proofing {
    #[expect(clippy::too_many_arguments, reason = "each is another service")]
    pub fn new(
        store: Store,
        keyring: Arc<Keyring>,
        accounts: Accounts,
        attributes: Attributes,
        owners: Owners,
        institutions: Institutions,
        calendar: LegalCalendar,
        ambient: Ambient,
        policy: Policy,
    ) -> Self {
        let services = Inner { store, keyring, accounts, attributes, owners, institutions, calendar, ambient, policy };
        Self(Arc::new(services))
    }

    /// The public key to which identities are sealed; None before the custodians made one.
    pub async fn custodians_key(&self) -> Result<Option<CustodiansKey>, StoreError> {
        let text = self.0.store.read::<_, StoreError, _>(|tx| Box::pin(settings::find(tx, CUSTODIANS_KEY))).await?;
        text.map(|text| read_key(&text)).transpose()
    }

    /// Takes the public key that the custodians made, or that they refreshed. The first group of custodians stays.
    pub async fn take_custodians_key(&self, key: &CustodiansKey) -> Result<(), CustodiansError> {
        let key = key.clone();
        let take = self.0.store.write(move |tx| {
            Box::pin(async move {
                let text = serde_json::to_string(&key)
                    .map_err(|_| StoreError::Corrupt("a custodians' key that is not JSON"))?;
                if let Some(known) = settings::find(tx, CUSTODIANS_KEY).await? {
                    let known = read_key(&known)?;
                    if known.id() != key.id() {
                        return Err(CustodiansError::OtherGroup);
                    }
                    if known.epoch() > key.epoch() {
                        return Err(CustodiansError::Older);
                    }
                }
                settings::put(tx, CUSTODIANS_KEY, &text).await.map_err(CustodiansError::from)
            })
        });
        take.await
    }

    /// The communes that a text may mean, in the area of the office first.
    pub fn communes(&self, office: &Registrar, text: &str) -> Vec<Area<'static>> {
        let areas = self.0.attributes.areas();
        let mut found = typed::proposals(areas, text);
        if let Ok(area) = office.area.parse::<AreaCode>() {
            found.sort_by_key(|commune| !areas.contains(area, commune.code));
        }
        found
    }

    /// The communes whose name begins so, for a list that follows the typing: those in the area of the office first. Texts
    /// of one letter would list half the country.
    pub fn suggest(&self, office: &Registrar, text: &str) -> Vec<Area<'static>> {
        if text.chars().filter(|c| c.is_alphanumeric()).count() < SHORTEST_SUGGESTED {
            return Vec::new();
        }
        let areas = self.0.attributes.areas();
        let mut found = areas.search(text, usize::MAX);
        if let Ok(area) = office.area.parse::<AreaCode>() {
            found.sort_by_key(|commune| !areas.contains(area, commune.code));
        }
        found.truncate(MOST_SUGGESTED);
        found
    }

    /// The only commune that an office serves, if it serves but one.
    pub fn only_commune(&self, office: &Registrar) -> Option<Area<'static>> {
        let area = self.0.attributes.areas().get(office.area.parse().ok()?)?;
        (area.level == Level::Commune).then_some(area)
    }

    /// Whether an office serves the inhabitants of a commune.
    pub fn serves(&self, office: &Registrar, commune: AreaCode) -> bool {
        let area = office.area.parse::<AreaCode>();
        area.is_ok_and(|area| self.0.attributes.areas().contains(area, commune))
    }

    /// What people call an area.
    pub fn label(&self, area: AreaCode) -> String {
        self.0.attributes.label(area)
    }

    /// The present legal day.
    pub fn today(&self) -> Date {
        self.0.calendar.today(self.now())
    }

    fn now(&self) -> Timestamp {
        self.0.ambient.now()
    }

    async fn sealing_key(&self) -> Result<Result<CustodiansKey, Closed>, StoreError> {
        Ok(self.custodians_key().await?.ok_or(Closed::Custodians))
    }

    /// The office, if it and the officer may act now. Makes other acts of the same officer wait until the transaction ends,
    /// so that their number is counted rightly.
    async fn open_counter(&self, tx: &mut Tx, by: By) -> Result<Result<Registrar, Closed>, StoreError> {
        let Some(office) = registrars::find(tx, by.office).await?.filter(|office| office.disabled_at.is_none()) else {
            return Ok(Err(Closed::Office));
        };
        if let Some(officer) = by.officer {
            account_rows::lock(tx, officer).await?;
            let works_here = |account: &Account| account.holder == crate::accounts::Holder::Officer(by.office);
            let account = account_rows::find(tx, officer).await?.filter(works_here);
            if account.is_none_or(|account| account.disabled_at.is_some()) {
                return Ok(Err(Closed::Officer));
            }
        }
        Ok(Ok(office))
    }

    /// The last moment at which an invite made now can be used: the end of a day, so that it does not tell the minute of
    /// the enrolment beside a person's rows.
    fn invite_expiry(&self) -> Timestamp {
        self.now().plus(self.0.accounts.policy().invite_lifetime).day().plus(DAY)
    }
}

impl fmt::Debug for Proofing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proofing")
    }
}

fn read_key(text: &str) -> Result<CustodiansKey, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt("the custodians' key does not read"))
}

/// The row of `settings` with the custodians' public key as JSON (`specs/sealing.md`, "The custodians' key").
pub const CUSTODIANS_KEY: &str = "custodians_key";
const DAY: Duration = Duration::from_hours(24);
const SHORTEST_SUGGESTED: usize = 2;
const MOST_SUGGESTED: usize = 12;
