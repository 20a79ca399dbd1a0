//! Signing in with a passkey. Whoever holds it need not say who they are: the passkey knows.

use serde_json::{Value, json};
use webauthn_rs::prelude::{DiscoverableAuthentication, Passkey, PublicKeyCredential, WebauthnError};

use super::{
    LONGEST_ANSWER, PasskeyFault, Sealed,
    ceremony::Ceremony,
    strict::{self, Flags},
};
use crate::{
    accounts::{Accounts, Error, NewSession, SignedIn, audit::Act, session::Begin},
    domain::{ids::AccountId, secret::TokenHash},
    store::{StoreError, accounts as rows},
};

/// A passkey whose answer was verified, and what its row becomes.
#[derive(Clone)]
struct Proven {
    row: rows::Passkey,
    sealed: Vec<u8>,
    /// Its counter or state has changed, so that the row must not have changed meanwhile.
    changed: bool,
}

impl Accounts {
    /// What the browser has to ask the authenticator: `{"publicKey": …}` of `navigator.credentials.get`, also while it
    /// fills in a form. For somebody who is signed in already, only their own passkeys will do.
    pub async fn start_sign_in(&self, signed_in: Option<&SignedIn>, browser: [u8; 32]) -> Result<Value, Error> {
        let (question, state) = self.0.webauthn.start_discoverable_authentication().map_err(|error| {
            tracing::warn!(reason = %error, "a passkey ceremony could not begin");
            Error::Ceremony
        })?;
        let only = signed_in.map(|signed_in| signed_in.account);
        let challenge = question.public_key.challenge.clone();
        self.keep_ceremony(&challenge, browser, Ceremony::SignIn { only, state }).await?;
        let mut question = serde_json::to_value(question).map_err(|_| Error::Ceremony)?;
        if let Some(account) = only
            && let Some(allowed) = question.pointer_mut("/publicKey/allowCredentials")
        {
            *allowed = self.credentials_of(account).await?;
        }
        Ok(question)
    }

    /// Takes the authenticator's answer, as JSON, and begins a session.
    pub async fn sign_in_with_passkey(
        &self,
        answer: &str,
        browser: [u8; 32],
        device: &str,
        signed_in: Option<&SignedIn>,
    ) -> Result<NewSession, Error> {
        let mut actor = None;
        let outcome = self.try_passkey(answer, browser, device, signed_in, &mut actor).await;
        self.audit(Act::new("sign in", "passkey"), actor, &outcome);
        outcome
    }

    /// The same; `actor` becomes the account of the passkey that answered, if there is one.
    async fn try_passkey(
        &self,
        answer: &str,
        browser: [u8; 32],
        device: &str,
        signed_in: Option<&SignedIn>,
        actor: &mut Option<AccountId>,
    ) -> Result<NewSession, Error> {
        let answer = read(answer)?;
        let (id, ceremony) = self.find_ceremony(&answer.response.client_data_json, browser).await?;
        let Ceremony::SignIn { only, state } = ceremony else { return Err(Error::Ceremony) };
        let outcome = match self.prove(&answer, state, only, actor).await {
            Ok((proven, sealed)) => {
                let begin = self.begin(sealed.method(), device, signed_in);
                self.begin_with_passkey(id, proven, begin).await
            }
            Err(error) => Err(error),
        };
        if outcome.is_err() {
            self.spend_ceremony(id).await?;
        }
        outcome
    }

    /// Verifies an answer. A credential that nobody has takes as long to refuse as one with a wrong signature.
    async fn prove(
        &self,
        answer: &PublicKeyCredential,
        state: DiscoverableAuthentication,
        only: Option<AccountId>,
        actor: &mut Option<AccountId>,
    ) -> Result<(Proven, Sealed), Error> {
        let flags = strict::asserted(&answer.response.authenticator_data).ok_or(PasskeyFault::Unreadable)?;
        if !flags.verified || !flags.present {
            return Err(PasskeyFault::Unverified.into());
        }
        let credential = answer.raw_id.clone();
        let find = self
            .0
            .store
            .read::<_, StoreError, _>(|tx| Box::pin(async move { rows::find_passkey(tx, &credential).await }));
        let row = find.await?;
        let known = row.and_then(|row| self.open_passkey(&row).map(|sealed| (row, sealed)));
        *actor = known.as_ref().map(|(row, _)| row.account_id);
        let decoy = if known.is_none() { decoy(&answer.raw_id, flags) } else { None };
        let passkey = known.as_ref().map(|(_, sealed)| &sealed.credential).or(decoy.as_ref()).ok_or(Error::SignIn)?;
        let verified = self.0.webauthn.finish_discoverable_authentication_v2(answer, state, passkey);
        let verified = verified.map_err(|error| note(&error))?;
        let (row, mut sealed) = known.ok_or(Error::SignIn)?;
        if flags.may_be_copied != sealed.synced || !is_owner(answer, row.account_id, only) {
            tracing::warn!("a passkey answered for another account, or is not what it was registered as");
            return Err(Error::SignIn);
        }
        let changed = sealed.credential.update_credential(&verified).unwrap_or(false);
        sealed.last_used_on = Some(self.now().day());
        let bytes = self.seal_passkey(&row.credential, &sealed);
        Ok((Proven { row, sealed: bytes, changed }, sealed))
    }

    async fn begin_with_passkey(&self, id: TokenHash, proven: Proven, begin: Begin) -> Result<NewSession, Error> {
        let (this, now) = (self.clone(), self.now());
        let work = self.0.store.write(move |tx| {
            Box::pin(async move {
                rows::use_ceremony(tx, id, now).await?.ok_or(Error::Ceremony)?;
                let Proven { row, sealed, changed } = &proven;
                let account = this.lock_enabled(tx, row.account_id).await?.ok_or(Error::SignIn)?;
                if begin.is_synced() && !Self::takes_synced_keys(account.holder) {
                    return Err(Error::SignIn);
                }
                let updated = rows::update_passkey(tx, &row.credential, sealed, row.version).await?;
                // Removed meanwhile, or a second answer overtook this one although only one device can give them.
                let gone = rows::find_passkey(tx, &row.credential).await?.is_none();
                if gone || (*changed && !updated) {
                    return Err(Error::SignIn);
                }
                Ok(this.begin_session(tx, &account, &begin).await?)
            })
        });
        work.await
    }

    /// The passkeys of one account, as `allowCredentials`.
    async fn credentials_of(&self, account: AccountId) -> Result<Value, Error> {
        let rows =
            self.0.store.read::<_, StoreError, _>(|tx| Box::pin(async move { rows::passkeys(tx, account).await }));
        let id = |row: rows::Passkey| json!({"type": "public-key", "id": data_encoding::BASE64URL_NOPAD.encode(&row.credential)});
        Ok(rows.await?.into_iter().map(id).collect())
    }
}

/// Whether the passkey is that of whom its user handle names. Where the account was known before, the handle may be
/// missing (Web Authentication Level 3 §7.2, step 6).
fn is_owner(answer: &PublicKeyCredential, owner: AccountId, only: Option<AccountId>) -> bool {
    match (answer.get_user_unique_id(), only) {
        (Some(handle), only) => handle == owner.as_bytes() && only.is_none_or(|only| only == owner),
        (None, only) => only == Some(owner),
    }
}

fn note(error: &WebauthnError) -> Error {
    if matches!(error, WebauthnError::CredentialPossibleCompromise) {
        tracing::error!(alarm = true, "a passkey's counter went back: it may have been copied");
    } else {
        tracing::info!(reason = %error, "a passkey was refused");
    }
    Error::SignIn
}

fn read(answer: &str) -> Result<PublicKeyCredential, Error> {
    let answer = Some(answer).filter(|answer| answer.len() <= LONGEST_ANSWER);
    let read: Option<PublicKeyCredential> = answer.and_then(|answer| serde_json::from_str(answer).ok());
    Ok(read.filter(|read| read.type_ == "public-key").ok_or(PasskeyFault::Unreadable)?)
}

/// A passkey that nobody holds, under the id that was asked for: verifying against it costs what any other does.
fn decoy(id: &[u8], flags: Flags) -> Option<Passkey> {
    let mut decoy: Value = serde_json::from_str(DECOY).ok()?;
    let credential = decoy.get_mut("cred")?;
    *credential.get_mut("cred_id")? = data_encoding::BASE64URL_NOPAD.encode(id).into();
    *credential.get_mut("backup_eligible")? = flags.may_be_copied.into();
    serde_json::from_value(decoy).ok()
}

/// A point of the curve whose private key was thrown away.
const DECOY: &str = r#"{"cred":{"cred_id":"","cred":{"type_":"ES256","key":{"EC_EC2":{"curve":"SECP256R1",
"x":"8WGoOSjPOT1C3RgBoicdGEPWRpjfdtx1c8XvBY7Ehos","y":"mPUQK4S0kSglnlEucjPB9eIU2rGi6fHfZcjt0fjY4Hs"}}},
"counter":0,"transports":null,"user_verified":true,"backup_eligible":false,"backup_state":false,
"registration_policy":"required","extensions":{"cred_protect":"Ignored","hmac_create_secret":"NotRequested",
"appid":"NotRequested","cred_props":"Ignored"},"attestation":{"data":"None","metadata":"None"},
"attestation_format":"none"}}"#;

#[cfg(test)]
mod tests {
    use data_encoding::BASE64URL_NOPAD;
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn an_unknown_credential_is_refused_by_its_signature_like_any_other() {
        let issuer = "http://localhost:8400".parse().unwrap();
        let relying_party = super::super::relying_party(&issuer, "Test").unwrap();
        let (question, state) = relying_party.start_discoverable_authentication().unwrap();
        let challenge = BASE64URL_NOPAD.encode(&question.public_key.challenge);
        let client_data = json!({"type": "webauthn.get", "challenge": challenge, "origin": issuer}).to_string();
        for flags in [0b101, 0b1101] {
            let data = [&Sha256::digest(b"localhost")[..], &[flags, 0, 0, 0, 0]].concat();
            let signature = [&[0x30, 0x44, 2, 0x20][..], &[1; 32], &[2, 0x20], &[1; 32]].concat();
            let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
            let answer = read(
                &json!({"id": "", "rawId": text(&[9; 40]), "type": "public-key", "response": {
                    "authenticatorData": text(&data), "clientDataJSON": text(client_data.as_bytes()),
                    "signature": text(&signature), "userHandle": text(&[1; 16]),
                }})
                .to_string(),
            );
            let decoy = decoy(&[9; 40], strict::asserted(&data).unwrap()).unwrap();
            let verdict = relying_party.finish_discoverable_authentication_v2(&answer.unwrap(), state.clone(), &decoy);
            assert!(matches!(verdict, Err(WebauthnError::AuthenticationFailure)), "{verdict:?}");
        }
    }
}
