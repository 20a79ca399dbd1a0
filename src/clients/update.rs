//! A registration that its operator changes. The sector stays what it was, wherever the redirect URIs lead: members keep the
//! `sub` by which the forum knows them, so an address at another host needs the operator's word that it is the same forum.

use serde_json::{Map, Value};

use super::{Client, Clients, Draft, RegistrationError, sector::By};
use crate::{
    domain::secret::Token,
    store::{StoreError, clients as rows},
};

impl Draft {
    /// What a client has registered, but for these members, to be changed.
    pub fn of(client: &Client, without: &[String], local: bool) -> Result<Self, RegistrationError> {
        let mut members = match serde_json::to_value(&client.metadata) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        };
        for member in without {
            if members.remove(member).is_none() {
                let why = "this client has registered nothing of that name (`heteronym clients show` prints all)";
                return Err(RegistrationError::Form(member.clone(), why.to_owned()));
            }
        }
        let read = serde_json::from_value::<Self>(Value::Object(members));
        let read = read.map_err(|why| RegistrationError::Form("the metadata".to_owned(), why.to_string()));
        read.map(|draft| Self { local, ..draft })
    }
}

impl Clients {
    /// Registers `draft` in place of what this client has. `moved`: the operator says that it is the same forum at another
    /// host. A secret that it has stays; one that it now needs is new, and told; one that it no longer needs is gone.
    pub async fn update(
        &self,
        client: &Client,
        draft: &Draft,
        moved: bool,
    ) -> Result<(Client, Option<Token>), RegistrationError> {
        let metadata = draft.check(&self.outbound)?;
        let by = By::Operator { join: true, heteronyms: i64::from(draft.heteronyms_per_person) };
        let before = Draft::of(client, &[], draft.local)?.home(&client.id, by);
        let elsewhere: Vec<_> = draft.home(&client.id, by).difference(&before).cloned().collect();
        if !moved && !elsewhere.is_empty() {
            return Err(RegistrationError::Moved(elsewhere));
        }
        if draft.sector_identifier_uri.is_some() && self.place(draft, &client.id, by).await?.sector != client.sector {
            let sector = client.sector.clone();
            return Err(RegistrationError::SectorChanges { member: "sector_identifier_uri", sector });
        }
        let secret = Token::generate(&mut self.ambient.rng());
        let (id, version, fresh) = (client.id.clone(), client.version, secret.hash());
        let text = serde_json::to_string(&metadata).map_err(|_| RegistrationError::Name)?;
        let needed = metadata.token_endpoint_auth_method.has_secret();
        let written = self.store.write::<_, RegistrationError, _>(move |tx| {
            let (id, text) = (id.clone(), text.clone());
            Box::pin(async move {
                rows::hold_names(tx).await?;
                // Whoever changed it since it was read is not undone.
                let mut row =
                    rows::find(tx, &id).await?.filter(|row| row.version == version).ok_or(StoreError::Busy)?;
                let is_new = needed && row.secret_hash.is_none();
                row.secret_hash = needed.then(|| row.secret_hash.unwrap_or(fresh));
                row.metadata = text;
                if !rows::update(tx, &row).await? {
                    return Err(StoreError::Busy.into());
                }
                row.version += 1;
                Ok((Client::read(row)?, is_new))
            })
        });
        let (client, is_new) = written.await?;
        self.forget(&client.id);
        tracing::info!(target: "audit", client = %client.id, "the operator changed a registration");
        Ok((client, is_new.then_some(secret)))
    }
}
