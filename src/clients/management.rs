//! A client that reads, replaces or ends its own registration (RFC 7592).
//!
//! The registration access token is all that is asked for, and compared as a hash in constant time. A client that is
//! unknown, ended or registered by the operator is answered like a wrong token, whatever it is asked for.

use serde_json::{Map, Value};

use super::{AccessError, Client, Clients, Draft, Metadata, Registered, RegistrationError, logged, names, sector::By};
use crate::{
    domain::{
        ids::ClientId,
        secret::{Token, TokenHash},
    },
    store::{StoreError, Tx, clients as rows},
    transparency::Institutions,
    wire::oauth::registration_members,
};

impl Clients {
    /// What is registered.
    pub async fn registration(&self, id: &str, token: Token) -> Result<Registered, AccessError> {
        let row = self.managed(id, &token).await?;
        Ok(Registered { client: Client::read(row)?, secret: None, access: token })
    }

    /// Replaces all of it: a member that is not there has its default again (RFC 7592 §2.2). A secret that the client has
    /// stays; one that it now needs is new; one that it no longer needs is gone.
    pub async fn replace(&self, id: &str, token: Token, body: &[u8]) -> Result<Registered, AccessError> {
        let row = self.managed(id, &token).await?;
        let mut members = registration_members(body).map_err(RegistrationError::from)?;
        is_this_client(&mut members, &row)?;
        let draft = Draft::of_request(members, self.admission.local)?;
        let metadata = draft.check(&self.outbound)?;
        let place = self.place(&draft, &row.id, By::Itself).await?;
        if place.sector != row.sector {
            let member = if draft.sector_identifier_uri.is_some() { "sector_identifier_uri" } else { "redirect_uris" };
            return Err(RegistrationError::SectorChanges { member, sector: row.sector }.into());
        }
        let secret = Token::generate(&mut self.ambient.rng());
        let change = Change {
            id: row.id.clone(),
            token: token.hash(),
            metadata,
            new_secret: secret.hash(),
            provider: self.admission.provider.clone(),
            institutions: self.institutions.clone(),
        };
        let done = self.store.write::<_, AccessError, _>(move |tx| Box::pin(async move { change.make(tx).await }));
        let (client, is_new) = done.await?;
        self.forget(&client.id);
        tracing::info!(target: "audit", client = %client.id, "a client changed its registration");
        Ok(Registered { client, secret: is_new.then_some(secret), access: token })
    }

    /// Ends the client: whatever was issued to it is dead at once.
    pub async fn unregister(&self, id: &str, token: &Token) -> Result<(), AccessError> {
        let id = self.managed(id, token).await?.id;
        self.disable(&id).await?;
        tracing::info!(target: "audit", client = %id, "a client ended its registration");
        Ok(())
    }

    /// The client that this token is for, as it stands in the database.
    async fn managed(&self, id: &str, token: &Token) -> Result<rows::Client, AccessError> {
        if !self.take_registrations() {
            return Err(AccessError::Off);
        }
        let hash = token.hash();
        let id: ClientId = id.parse().map_err(|_| AccessError::Token)?;
        let found = self.store.read::<_, AccessError, _>(move |tx| {
            Box::pin(async move { held(rows::find(tx, &id).await?, hash).ok_or(AccessError::Token) })
        });
        found.await
    }
}

/// What is to be written, once more only for whoever holds the token.
#[derive(Clone)]
struct Change {
    id: ClientId,
    token: TokenHash,
    metadata: Metadata,
    new_secret: TokenHash,
    provider: String,
    institutions: Institutions,
}

impl Change {
    /// The client as it is now, and whether its secret is the new one.
    async fn make(&self, tx: &mut Tx) -> Result<(Client, bool), AccessError> {
        rows::hold_names(tx).await?;
        let mut row = held(rows::find(tx, &self.id).await?, self.token).ok_or(AccessError::Token)?;
        let needed = self.metadata.token_endpoint_auth_method.has_secret();
        let is_new = needed && row.secret_hash.is_none();
        row.secret_hash = needed.then(|| row.secret_hash.unwrap_or(self.new_secret));
        let named = Client::read(row.clone())?.metadata.client_name;
        row.metadata = serde_json::to_string(&self.metadata).map_err(|_| RegistrationError::Name)?;
        if !rows::update(tx, &row).await? {
            return Err(StoreError::Busy.into());
        }
        row.version += 1;
        let client = Client::read(row)?;
        // Whoever has had a name keeps it, whoever came later.
        if client.metadata.client_name != named {
            names::is_free(tx, &client, &self.provider).await?;
        }
        logged::say(&self.institutions, tx, &client).await?;
        Ok((client, is_new))
    }
}

/// The row, if the token is its own and it is not ended.
fn held(row: Option<rows::Client>, presented: TokenHash) -> Option<rows::Client> {
    let kept = row.as_ref().and_then(|row| row.registration_hash);
    // Compared in every case, so that an answer takes no longer for a client that is there.
    let same = kept.unwrap_or(NOBODY) == presented;
    row.filter(|row| same && kept.is_some() && row.disabled_at.is_none())
}

/// RFC 7592 §2.2: says which client it is, may repeat its secret, and leaves out what only the server says.
fn is_this_client(members: &mut Map<String, Value>, row: &rows::Client) -> Result<(), RegistrationError> {
    if let Some(member) = OURS.into_iter().find(|member| members.contains_key(*member)) {
        return Err(RegistrationError::NotYours(member));
    }
    if members.remove("client_id").is_none_or(|id| id != row.id.as_str()) {
        return Err(RegistrationError::OtherClient);
    }
    let Some(secret) = members.remove("client_secret") else { return Ok(()) };
    let presented = secret.as_str().map(|secret| Token::presented(secret).hash());
    if presented.is_some() && presented == row.secret_hash { Ok(()) } else { Err(RegistrationError::OtherSecret) }
}

/// No text has this hash, as far as anybody knows.
const NOBODY: TokenHash = TokenHash::from_bytes([0; 32]);
const OURS: [&str; 4] =
    ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"];
