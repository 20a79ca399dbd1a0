//! The registration of a relying party by the operator, and what every registration writes.

use super::{
    Client, Clients, Draft, Metadata, RegistrationError, logged, names,
    sector::{By, Place},
};
use crate::{
    domain::{ids::ClientId, secret::Token},
    store::{StoreError, Tx, clients as rows},
    transparency::Institutions,
};

impl Clients {
    /// What would be registered, or why it cannot be. Whether id, name and sector are free is not looked at.
    pub fn would_register(&self, draft: &Draft) -> Result<Metadata, RegistrationError> {
        draft.check(&self.outbound)
    }

    /// Registers a client: it, and its secret when its method has one. The secret is told once and kept as a hash.
    pub async fn register(&self, draft: Draft) -> Result<(Client, Option<Token>), RegistrationError> {
        let by = By::Operator { join: draft.join_sector, heteronyms: i64::from(draft.heteronyms_per_person) };
        let newcomer = self.newcomer(&draft, by).await?;
        let entering = newcomer.clone();
        let entered = self
            .store
            .write::<_, RegistrationError, _>(move |tx| Box::pin(async move { entering.enter(tx).await.map(drop) }));
        entered.await?;
        self.forget(&newcomer.row.id);
        Ok((Client::read(newcomer.row)?, newcomer.secret))
    }

    /// The live clients of other sectors that this one could be taken for, by its name.
    pub async fn resembling(&self, client: &Client) -> Result<Vec<Client>, StoreError> {
        let client = client.clone();
        self.store.read(move |tx| Box::pin(async move { names::resembling(tx, &client).await })).await
    }

    /// All of a registration that can be said before it is written.
    pub(super) async fn newcomer(&self, draft: &Draft, by: By) -> Result<Newcomer, RegistrationError> {
        let metadata = draft.check(&self.outbound)?;
        let (secret, id) = {
            let mut rng = self.ambient.rng();
            let secret = metadata.token_endpoint_auth_method.has_secret().then(|| Token::generate(&mut rng));
            (secret, draft.id.clone().unwrap_or_else(|| ClientId::generate(&mut rng)))
        };
        let place = self.place(draft, &id, by).await?;
        let row = rows::Client {
            sector: place.sector.clone(),
            id,
            metadata: serde_json::to_string(&metadata).map_err(|_| RegistrationError::Name)?,
            secret_hash: secret.as_ref().map(Token::hash),
            registration_hash: None,
            version: 1,
            created_on: self.ambient.now().day(),
            disabled_at: None,
        };
        Ok(Newcomer { row, secret, place, institutions: self.institutions.clone() })
    }
}

/// A client that is about to be written.
#[derive(Clone)]
pub(super) struct Newcomer {
    pub(super) row: rows::Client,
    pub(super) secret: Option<Token>,
    place: Place,
    institutions: Institutions,
}

impl Newcomer {
    /// Takes its place and writes it, also into the public log.
    pub(super) async fn enter(&self, tx: &mut Tx) -> Result<Client, RegistrationError> {
        self.place.take(tx).await?;
        rows::hold_names(tx).await?;
        match rows::insert(tx, &self.row).await {
            Err(StoreError::Taken) => return Err(RegistrationError::IdTaken(self.row.id.clone())),
            outcome => outcome?,
        }
        let client = Client::read(self.row.clone())?;
        logged::say(&self.institutions, tx, &client).await?;
        Ok(client)
    }
}
