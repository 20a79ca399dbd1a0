//! Accounts: what opens them, and what does not.

mod audit;
pub(crate) mod authenticator;
mod codes;
mod passkeys;
mod passphrases;
mod sessions;

use std::{sync::Arc, time::Duration};

use authenticator::Authenticator;
use heteronym::{
    accounts::{Account, Accounts, Error, Grounds, Holder, InviteCode, NewSession, Opened, Policy, Purpose},
    domain::{
        ambient::{Ambient, FrozenClock, SeededEntropy, Timestamp},
        ids::{PersonId, RegistrarId},
    },
    keyring::{self, Keyring},
    store::{Store, StoreError, accounts as rows, persons, registrars},
};
use serde_json::Value;

const ISSUER: &str = "http://localhost:8400";
/// 1 March 2026, 09:00:30 UTC.
const MORNING: Timestamp = Timestamp(1_772_355_630_000);
/// Two browsers, as the secret that ties values to them.
const MINE: [u8; 32] = [1; 32];
const OTHER: [u8; 32] = [2; 32];

/// The account service over a fresh database, with a clock that stands still.
struct House {
    accounts: Accounts,
    clock: Arc<FrozenClock>,
    store: Store,
    dir: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        Self::with(Policy::default()).await
    }

    async fn with(policy: Policy) -> Self {
        Self::at(tempfile::tempdir().unwrap(), policy).await
    }

    async fn at(dir: tempfile::TempDir, policy: Policy) -> Self {
        let clock = Arc::new(FrozenClock::new(MORNING));
        let ambient = Ambient::new(clock.clone(), Arc::new(SeededEntropy::new(7)));
        let store = Store::sqlite(&dir.path().join("heteronym.db")).await.unwrap();
        let keys = dir.path().join("keys");
        let algorithms = ["EdDSA".parse().unwrap()];
        let keyring = Keyring::create(&keys, keyring::Purpose::Demo, &algorithms, None, &mut ambient.rng(), MORNING);
        let keyring = Arc::new(keyring.unwrap());
        let issuer = ISSUER.parse().unwrap();
        let accounts = Accounts::new(store.clone(), keyring, ambient, policy, &issuer, "Identité de Grenoble").unwrap();
        Self { accounts, clock, store, dir }
    }

    fn wait(&self, span: Duration) {
        self.clock.advance(span);
    }

    /// An account that waits for its holder, and the code on their sheet.
    async fn invite(&self, holder: Holder) -> (Account, InviteCode) {
        let account = self.accounts.prepare(holder);
        let row = account.clone();
        self.write(move |tx| Box::pin(async move { rows::insert(tx, &row).await })).await;
        let code = self.issue(&account, Purpose::Activate).await;
        (account, code)
    }

    async fn issue(&self, account: &Account, purpose: Purpose) -> InviteCode {
        let (accounts, code, id) = (self.accounts.clone(), self.accounts.new_code(), account.id);
        let issued = code.clone();
        self.write(move |tx| Box::pin(async move { accounts.issue_invite(tx, &issued, id, purpose).await })).await;
        code
    }

    /// A person enrolled at a counter.
    async fn citizen(&self) -> Holder {
        let number = u8::try_from(self.count().await).unwrap();
        let office = RegistrarId::from_bytes([number; 16]);
        let person = persons::Person {
            id: PersonId::from_bytes([number; 16]),
            registrar_id: office,
            enrolled_on: MORNING.day(),
            renew_by: MORNING.plus(Duration::from_hours(24 * 365 * 5)).day(),
            departed_on: None,
            facts: vec![1],
            identity: vec![2],
            version: 1,
            changed_at: MORNING,
        };
        let id = person.id;
        let registrar = registrars::Registrar {
            id: office,
            name: format!("Mairie {number}"),
            area: "cog:38563".to_owned(),
            created_on: MORNING.day(),
            disabled_at: None,
        };
        self.write(move |tx| {
            Box::pin(async move {
                registrars::insert(tx, &registrar).await?;
                persons::insert(tx, &person).await
            })
        })
        .await;
        Holder::Citizen(id)
    }

    async fn count(&self) -> usize {
        let offices = self.store.read::<_, StoreError, _>(|tx| Box::pin(async move { registrars::list(tx).await }));
        offices.await.unwrap().len()
    }

    async fn open(&self, code: &InviteCode) -> Opened {
        self.accounts.open_code(&code.grouped()).await.unwrap()
    }

    /// Registers a passkey of this device on some grounds.
    async fn register(&self, device: &mut Authenticator, grounds: &Grounds) -> Result<NewSession, Error> {
        let options = self.accounts.start_passkey(grounds, MINE).await?;
        self.finish(&device.create(&options, ISSUER), grounds).await
    }

    async fn finish(&self, answer: &Value, grounds: &Grounds) -> Result<NewSession, Error> {
        let signed_in = match grounds {
            Grounds::Session(signed_in) => Some(signed_in),
            Grounds::Code(_) => None,
        };
        self.accounts.finish_passkey(&answer.to_string(), "", MINE, "Firefox · Linux", signed_in).await
    }

    /// An account whose holder has this device.
    async fn account_with(&self, holder: Holder, device: &mut Authenticator) -> (Account, NewSession) {
        let (account, code) = self.invite(holder).await;
        let session = self.register(device, &Grounds::Code(self.open(&code).await)).await.unwrap();
        (account, session)
    }

    /// An account whose holder knows this passphrase.
    async fn account_knowing(&self, passphrase: &str) -> (Account, NewSession) {
        let (account, code) = self.invite(self.citizen().await).await;
        let grounds = Grounds::Code(self.open(&code).await);
        let session = self.accounts.set_passphrase(grounds, passphrase, "", None).await.unwrap();
        (account, session)
    }

    async fn sign_in(&self, device: &mut Authenticator) -> Result<NewSession, Error> {
        let options = self.accounts.start_sign_in(None, MINE).await?;
        self.answer(&device.get(&options, ISSUER)).await
    }

    async fn answer(&self, answer: &Value) -> Result<NewSession, Error> {
        self.accounts.sign_in_with_passkey(&answer.to_string(), MINE, "Firefox · Linux", None).await
    }

    async fn is_live(&self, session: &NewSession) -> bool {
        self.accounts.session(session.token.expose()).await.unwrap().is_some()
    }

    async fn write<T, F>(&self, work: F) -> T
    where
        F: for<'t> FnOnce(&'t mut heteronym::store::Tx) -> futures_util::future::BoxFuture<'t, Result<T, StoreError>>
            + Clone
            + Send
            + Sync
            + 'static,
        T: Send + 'static,
    {
        self.store.write(work).await.unwrap()
    }
}
