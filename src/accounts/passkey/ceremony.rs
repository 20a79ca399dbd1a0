//! Between the question to an authenticator and its answer: kept on our side, found by the challenge, used once, and only
//! for the browser that asked.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use webauthn_rs::prelude::{DiscoverableAuthentication, PasskeyRegistration};

use super::{
    super::{Accounts, Error, Opened},
    PADDING, PasskeyFault,
};
use crate::{
    domain::{
        ids::AccountId,
        secret::{Token, TokenHash},
    },
    keyring::padded_json,
    store::{StoreError, accounts as rows},
};

/// What was asked.
#[derive(Serialize, Deserialize)]
pub(super) enum Ceremony {
    /// For whoever opened a code, or else for whoever is signed in to this account.
    Register {
        opened: Option<Opened>,
        account: AccountId,
        state: PasskeyRegistration,
    },
    SignIn {
        only: Option<AccountId>,
        state: DiscoverableAuthentication,
    },
}

#[derive(Serialize, Deserialize)]
struct Kept {
    browser: [u8; 32],
    ceremony: Ceremony,
}

/// What is read of the client's data before it is verified, and what the library does not look at when somebody signs in.
/// Members that come twice are refused.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData<'a> {
    challenge: &'a str,
    #[serde(default)]
    cross_origin: bool,
}

impl Accounts {
    /// Keeps what was asked with this challenge.
    pub(super) async fn keep_ceremony(
        &self,
        challenge: &[u8],
        browser: [u8; 32],
        ceremony: Ceremony,
    ) -> Result<(), Error> {
        let id = Token::presented(&data_encoding::BASE64URL_NOPAD.encode(challenge)).hash();
        let plain = padded_json(&Kept { browser, ceremony }, PADDING);
        let sealed = self.0.keyring.vault().seal_row("ceremonies", id.as_bytes(), &plain, &mut self.0.ambient.rng());
        let until = self.now().plus(LIFETIME);
        let insert = self.0.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move { rows::insert_ceremony(tx, id, &sealed, until).await })
        });
        insert.await.map_err(Error::from)
    }

    /// Finds what the answer is an answer to. It is spent in the transaction that acts on the answer, by
    /// [`rows::use_ceremony`], or here by [`Accounts::spend_ceremony`] when nothing comes of it.
    pub(super) async fn find_ceremony(
        &self,
        client_data: &[u8],
        browser: [u8; 32],
    ) -> Result<(TokenHash, Ceremony), Error> {
        let data: ClientData<'_> = serde_json::from_slice(client_data).map_err(|_| Error::Ceremony)?;
        let (id, now) = (Token::presented(data.challenge).hash(), self.now());
        let find =
            self.0.store.read::<_, StoreError, _>(|tx| Box::pin(async move { rows::find_ceremony(tx, id, now).await }));
        let sealed = find.await?.ok_or(Error::Ceremony)?;
        let plain =
            self.0.keyring.vault().open_row("ceremonies", id.as_bytes(), &sealed).map_err(|_| Error::Ceremony)?;
        let kept: Kept = serde_json::from_slice(&plain).map_err(|_| Error::Ceremony)?;
        // Another browser's answer does not spend it: a stranger could end a ceremony otherwise.
        if kept.browser != browser {
            return Err(Error::Ceremony);
        }
        if data.cross_origin {
            self.spend_ceremony(id).await?;
            return Err(PasskeyFault::Wrong.into());
        }
        Ok((id, kept.ceremony))
    }

    /// Spends a ceremony of which nothing came, so that its challenge cannot be tried again.
    pub(super) async fn spend_ceremony(&self, id: TokenHash) -> Result<(), Error> {
        let now = self.now();
        let spend = self.0.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move { rows::use_ceremony(tx, id, now).await.map(drop) })
        });
        spend.await.map_err(Error::from)
    }
}

/// A sign-in page may lie open for a while before its reader takes up the passkey that it offers.
const LIFETIME: Duration = Duration::from_mins(30);
