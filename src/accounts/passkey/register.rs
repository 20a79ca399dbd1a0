//! A new passkey: the question to the authenticator, and its answer.

use serde_json::Value;
use webauthn_rs::prelude::{CredentialID, Passkey, PasskeyRegistration, RegisterPublicKeyCredential, Uuid};

use super::{LONGEST_ANSWER, PasskeyFault, Sealed, ceremony::Ceremony, strict};
use crate::{
    accounts::{Accounts, Error, Grounds, LoginName, NewSession, SignedIn, audit::Act, enrol::Authenticator},
    domain::secret::TokenHash,
    store::{StoreError, accounts as rows},
};

impl Accounts {
    /// What the browser has to ask the authenticator: `{"publicKey": …}` of `navigator.credentials.create`.
    pub async fn start_passkey(&self, grounds: &Grounds, browser: [u8; 32]) -> Result<Value, Error> {
        let checked = self.check_grounds(grounds).await;
        if checked.is_err() {
            self.audit(grounds.act("passkey"), Some(grounds.account()), &checked);
        }
        let account = checked?;
        let id = account.id;
        let known = self.0.store.read::<_, StoreError, _>(|tx| Box::pin(async move { rows::passkeys(tx, id).await }));
        let known = known.await?.into_iter().map(|row| CredentialID::from(row.credential)).collect();
        let shown = LoginName::group(&account.login);
        let user = Uuid::from_bytes(*id.as_bytes());
        let asked = self.0.webauthn.start_passkey_registration(user, &shown, &shown, Some(known));
        let (question, state) = asked.map_err(|error| refused(&error, "not asked"))?;
        let opened = match grounds {
            Grounds::Code(opened) => Some(opened.clone()),
            Grounds::Session(_) => None,
        };
        let ceremony = Ceremony::Register { opened, account: id, state };
        self.keep_ceremony(&question.public_key.challenge, browser, ceremony).await?;
        let mut question = serde_json::to_value(question).map_err(|_| Error::Ceremony)?;
        // The library asks for a credential that need not be discoverable; ours has to be, as there is no name to type.
        if let Some(selection) = question.pointer_mut("/publicKey/authenticatorSelection") {
            *selection = serde_json::json!({
                "residentKey": "required", "requireResidentKey": true, "userVerification": "required",
            });
        }
        Ok(question)
    }

    /// Takes the authenticator's answer, as JSON: registers the passkey, spends what allowed it, and begins a session.
    pub async fn finish_passkey(
        &self,
        answer: &str,
        label: &str,
        browser: [u8; 32],
        device: &str,
        signed_in: Option<&SignedIn>,
    ) -> Result<NewSession, Error> {
        // On which grounds, and to whom, the question says that is answered; an answer to none is nobody's.
        let (mut act, mut actor) = (Act::new("add", "passkey"), None);
        let outcome = match self.find_registration(answer, browser, signed_in).await {
            Ok(asked) => {
                (act, actor) = (asked.grounds.act("passkey"), Some(asked.grounds.account()));
                self.register(asked, label, device, signed_in).await
            }
            Err(error) => Err(error),
        };
        self.audit(act, actor, &outcome);
        outcome
    }

    /// The question that this is an answer to, and whether whoever answers may still act on it.
    async fn find_registration(
        &self,
        answer: &str,
        browser: [u8; 32],
        signed_in: Option<&SignedIn>,
    ) -> Result<Asked, Error> {
        let answer = read(answer)?;
        let (id, ceremony) = self.find_ceremony(&answer.response.client_data_json, browser).await?;
        let Ceremony::Register { opened, account, state } = ceremony else { return Err(Error::Ceremony) };
        let grounds = match (opened, signed_in) {
            (Some(opened), _) => Grounds::Code(opened),
            (None, Some(signed_in)) if signed_in.account == account => Grounds::Session(signed_in.clone()),
            (None, _) => return Err(Error::SignedOut),
        };
        Ok(Asked { id, grounds, state, answer })
    }

    async fn register(
        &self,
        Asked { id, grounds, state, answer }: Asked,
        label: &str,
        device: &str,
        signed_in: Option<&SignedIn>,
    ) -> Result<NewSession, Error> {
        let outcome = match self.check_registration(&answer, &state) {
            Ok((credential, synced)) => {
                let (label, created_on) = (label_or(label, device), self.now().day());
                let sealed = Sealed { label, synced, created_on, last_used_on: None, credential };
                let new = Authenticator::Passkey(self.new_row(&sealed), sealed.method());
                self.enrol(grounds, new, Some(id), device, signed_in).await
            }
            Err(fault) => Err(fault.into()),
        };
        if outcome.is_err() {
            self.spend_ceremony(id).await?;
        }
        outcome
    }

    /// Whether the answer is one to this question, from a device that checked its holder; and whether the key is synced.
    fn check_registration(
        &self,
        answer: &RegisterPublicKeyCredential,
        state: &PasskeyRegistration,
    ) -> Result<(Passkey, bool), PasskeyFault> {
        let flags = strict::registered(&answer.response.attestation_object).ok_or(PasskeyFault::Unreadable)?;
        if !flags.verified || !flags.present {
            return Err(PasskeyFault::Unverified);
        }
        let passkey = self.0.webauthn.finish_passkey_registration(answer, state);
        let passkey = passkey.map_err(|error| {
            tracing::info!(reason = %error, "a passkey was not registered");
            PasskeyFault::Wrong
        })?;
        // The id that the browser names and the one that the authenticator signed are one.
        let same = passkey.cred_id().as_slice() == answer.raw_id.as_slice();
        if same { Ok((passkey, flags.may_be_copied)) } else { Err(PasskeyFault::Wrong) }
    }

    fn new_row(&self, sealed: &Sealed) -> NewRow {
        let credential = sealed.credential.cred_id().clone();
        let sealed = self.seal_passkey(&credential, sealed);
        NewRow { credential, sealed }
    }
}

/// A question to a device, and what came back.
struct Asked {
    id: CeremonyId,
    grounds: Grounds,
    state: PasskeyRegistration,
    answer: RegisterPublicKeyCredential,
}

/// A passkey's row, before it is known whose.
#[derive(Clone)]
pub(in crate::accounts) struct NewRow {
    pub(in crate::accounts) credential: Vec<u8>,
    pub(in crate::accounts) sealed: Vec<u8>,
}

fn read(answer: &str) -> Result<RegisterPublicKeyCredential, Error> {
    let answer = Some(answer).filter(|answer| answer.len() <= LONGEST_ANSWER);
    let read: Option<RegisterPublicKeyCredential> = answer.and_then(|answer| serde_json::from_str(answer).ok());
    Ok(read.filter(|read| read.type_ == "public-key").ok_or(PasskeyFault::Unreadable)?)
}

fn refused(error: &webauthn_rs::prelude::WebauthnError, what: &'static str) -> Error {
    tracing::warn!(reason = %error, what, "a passkey ceremony could not begin");
    Error::Ceremony
}

/// What its holder calls a passkey, or the browser that it was made in.
fn label_or(label: &str, device: &str) -> String {
    let label: String = label.trim().chars().filter(|c| !c.is_control()).take(LONGEST_LABEL).collect();
    if label.is_empty() { device.chars().take(LONGEST_LABEL).collect() } else { label }
}

const LONGEST_LABEL: usize = 40;

/// A ceremony's row is spent by whoever acts on it.
pub(in crate::accounts) type CeremonyId = TokenHash;
