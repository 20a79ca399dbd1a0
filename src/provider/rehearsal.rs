//! A sign-in that is only looked at: what a forum would be told of a citizen who agreed to everything that it asks for.
//!
//! The operator of a forum tries it with an account of their own. It makes no pseudonym, no consent, no grant and no token,
//! so the forum inherits nothing; the name is an example, because the real one is chosen on the forum's own sign-in, and so
//! is the `sub`, because a page that shows a real one is a page from which somebody pastes it elsewhere.

use super::{Provider, interaction::registered_terms};
use crate::{
    clients::{ClaimsIn, Client},
    domain::{
        ambient::Timestamp,
        authentication::Method,
        claim::Quality,
        ids::{AccountId, ConsentId, GrantId, PersonId, PseudonymId},
        name::{ChosenName, Reserved},
        quality::Facts,
    },
    issuance::{Draft, IssueError, Rehearsal, Terms},
    pseudonym::{Audience, NameChoice, ShownName, Subject},
    wire::oauth::TokenType,
};

/// Who looks, and how they signed in.
#[derive(Clone, Copy)]
pub struct Spectator {
    pub person: PersonId,
    pub method: Method,
    pub at: Timestamp,
}

impl Provider {
    /// None when nobody of that name is enrolled any more.
    pub async fn rehearse(&self, client: &Client, spectator: Spectator) -> Result<Option<Rehearsal>, IssueError> {
        let Some(facts) = self.attributes.facts(spectator.person).await? else { return Ok(None) };
        let heteronyms_per_person = self.clients.heteronyms_per_person(&client.sector).await?;
        let metadata = &client.metadata;
        let name = ChosenName::check(NAME, &Reserved::new([])).map_err(|_| IssueError::Lint("no example of a name"))?;
        let shown = NameChoice { name: ShownName::Chosen(name), audience: Audience::Public, indexable: false };
        let token_type = if metadata.dpop_bound_access_tokens { TokenType::Dpop } else { TokenType::Bearer };
        let draft = Draft {
            terms: &self.rehearsed_terms(client, spectator, &facts),
            subject: &Subject::example(),
            shown: &shown,
            facts: &facts,
            heteronyms_per_person,
            algorithm: metadata.id_token_signed_response_alg,
            claims_in_id_token: metadata.id_token_claims == ClaimsIn::All,
            nonce: Some(NONCE),
            now: self.ambient.now(),
        };
        self.issuance.rehearse(&draft, metadata.userinfo_signed_response_alg, token_type).map(Some)
    }

    /// Everything that the client may ask for, agreed to as fine as it asks. The ids are those of nothing.
    fn rehearsed_terms(&self, client: &Client, spectator: Spectator, facts: &Facts) -> Terms {
        let (metadata, registered) = (&client.metadata, registered_terms(client));
        let asked = Quality::ALL.into_iter().filter(|quality| metadata.scope.contains(quality.scope())).collect();
        Terms {
            grant: GrantId::from_bytes(NOTHING),
            consent: ConsentId::from_bytes(NOTHING),
            client: client.id.clone(),
            person: spectator.person,
            account: AccountId::from_bytes(NOTHING),
            pseudonym: PseudonymId::from_bytes(NOTHING),
            scope: metadata.scope.clone(),
            shown: self.attributes.qualities(facts, &registered).only(&asked),
            release: asked,
            names: metadata.scope.contains("profile"),
            residence_level: registered.residence_level,
            age_brackets: registered.age_brackets,
            auth_time: spectator.at,
            auth_time_asked: metadata.require_auth_time || metadata.default_max_age.is_some(),
            acr: spectator.method.acr(),
            amr: spectator.method.amr().iter().map(|amr| (*amr).to_owned()).collect(),
            sid: SID.to_owned(),
            claims: None,
            resource: None,
            binding: None,
        }
    }
}

const NOTHING: [u8; 16] = [0; 16];
const NAME: &str = "Marée Basse";
const NONCE: &str = "EXAMPLE-the-nonce-of-the-request";
const SID: &str = "EXAMPLE-session";
