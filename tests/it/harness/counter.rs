//! Counters: the custodians' key, offices, and the officers in them.

use std::sync::Arc;

use heteronym::{
    accounts::{Account, LoginName},
    custodian::ceremony::in_process,
    proofing::{OfficeKey, Registrar},
    store::{StoreError, accounts},
};

use super::{Browser, Service};

/// An office with one officer.
#[derive(Clone)]
pub(crate) struct Counter {
    pub(crate) office: Registrar,
    pub(crate) officer: Account,
    pub(crate) login: LoginName,
    /// Of the workstation, accredited.
    pub(crate) key: Arc<OfficeKey>,
}

impl Counter {
    /// The browser of the officer, who has just signed in at the workstation that has the key.
    pub(crate) async fn browser(&self, service: &Service) -> Browser {
        let mut browser = service.browser();
        browser.hold_session(service.begin_session(&self.officer).await.token.expose());
        browser.office_key = Some(self.key.clone());
        browser
    }
}

impl Service {
    /// Five custodians make their key, of whom three can open something.
    pub(crate) async fn custodians(&self) {
        let (key, _shares) = in_process(3, 5, &mut self.services.ambient.rng()).unwrap();
        self.services.proofing.take_custodians_key(&key).await.unwrap();
    }

    /// An office of this area.
    pub(crate) async fn counter(&self, name: &str, area: &str) -> Counter {
        let office = self.services.proofing.add_office(name, area).await.unwrap();
        let key = Arc::new(OfficeKey::generate().unwrap());
        self.services.proofing.accredit(office.id, key.public()).await.unwrap();
        let login = self.services.proofing.add_officer(office.id).await.unwrap().login;
        let name = login.as_str().to_owned();
        let find = self
            .services
            .store
            .read::<_, StoreError, _>(move |tx| Box::pin(async move { accounts::find_by_login(tx, &name).await }));
        let officer = find.await.unwrap().unwrap();
        Counter { office, officer, login, key }
    }
}
