//! Issuing: prepare → lint → record → release. Nothing leaves that was not first linted and recorded in the public log.
//!
//! [`Issuance::prepare`] builds the claims of a token from what was granted, checks them against it, and signs; the answer is a
//! [`Prepared`], out of which nobody gets the token. [`Prepared::redeem`] writes its leaf inside the transaction that spends the
//! code, or [`Prepared::refresh`] in the one that spends the refresh token; each gives a [`Ticket`], and [`Issuance::release`] takes
//! it by value and gives the tokens with the proof that they are in the log. So a token without a leaf cannot leave
//! (`specs/decisions/0070-signed-before-it-is-recorded.md`).

mod claims;
mod record;
mod rehearsal;
mod terms;

use std::{collections::BTreeSet, sync::Arc};

use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use self::record::{Signed, Unsigned};
pub use self::{
    claims::{AccessTokenClaims, IdTokenClaims, NameClaims, PersonClaims, Told, UserInfo},
    record::{Issued, Prepared, Ticket},
    rehearsal::Rehearsal,
    terms::{Binding, Place, Terms},
};
use crate::{
    attributes::Attributes,
    domain::{
        ambient::{Ambient, Timestamp},
        claim::{PERSON_CLAIMS, Qualities, Quality},
        ids::GrantId,
        quality::Facts,
    },
    keyring::Keyring,
    pseudonym::{NameChoice, Subject},
    store::StoreError,
    transparency::{Institutions, Owner, Owners, Token, TokenFacts, Voice},
    wire::jose::{Algorithm, SignError, Typ, half_hash},
};

/// How long what is issued lives, in whole seconds.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    pub id_token: i64,
    pub access_token: i64,
}

/// Builds, checks and signs tokens.
#[derive(Clone)]
pub struct Issuance {
    issuer: Arc<str>,
    keyring: Arc<Keyring>,
    attributes: Attributes,
    owners: Owners,
    institutions: Institutions,
    ambient: Ambient,
    lifetimes: Lifetimes,
}

/// What a token is made of, besides the person's facts.
#[derive(Clone)]
pub struct Draft<'a> {
    pub terms: &'a Terms,
    pub subject: &'a Subject,
    pub shown: &'a NameChoice,
    pub facts: &'a Facts,
    pub heteronyms_per_person: i64,
    pub algorithm: Algorithm,
    /// The claims of scopes go into the ID token as well.
    pub claims_in_id_token: bool,
    /// Absent in a refreshed ID token, where it would have no use.
    pub nonce: Option<&'a str>,
    pub now: Timestamp,
}

enum AccessToken {
    /// Sealed for ourselves: nobody else can read it.
    Opaque(String),
    /// For a protected resource, to be signed.
    Jwt(Box<AccessTokenClaims>),
}

/// Why a token is not issued. None of it is the client's fault but [`IssueError::Spent`] and [`IssueError::Dead`].
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    #[error("the code or refresh token was used before")]
    Spent,
    #[error("what the grant rests on is gone: consent, client, account or pseudonym")]
    Dead,
    #[error("the lint refuses the token: {0}")]
    Lint(&'static str),
    #[error("no active key for {0}")]
    NoKey(Algorithm),
    #[error(transparent)]
    Sign(#[from] SignError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Issuance {
    pub fn new(
        issuer: &str,
        keyring: Arc<Keyring>,
        attributes: Attributes,
        (owners, institutions): (Owners, Institutions),
        ambient: Ambient,
        lifetimes: Lifetimes,
    ) -> Self {
        Self { issuer: issuer.into(), keyring, attributes, owners, institutions, ambient, lifetimes }
    }

    pub const fn lifetimes(&self) -> Lifetimes {
        self.lifetimes
    }

    /// What is told of the person at one place, from the present facts.
    pub fn told(
        &self,
        terms: &Terms,
        place: Place,
        facts: &Facts,
        shown: &NameChoice,
        heteronyms_per_person: i64,
    ) -> Result<Told, IssueError> {
        let release = terms.release_at(place);
        let claims = self.person_claims(terms, &release, facts, shown, heteronyms_per_person);
        if terms.claims.is_none() {
            return Ok(Told::Scopes(Box::new(claims)));
        }
        let Ok(Value::Object(mut claims)) = serde_json::to_value(claims) else {
            return Err(IssueError::Lint("claims that are no object"));
        };
        let by_name = terms.asked_by_name(place);
        let accepted =
            |name: &str, value: &Value| by_name.iter().any(|asked| asked.name == name && asked.accepts(value));
        let named = |name: &str| by_name.iter().any(|asked| asked.name == name);
        // A value that the client does not take is left out, whichever way it was asked for (OpenID Connect Core §5.5.1).
        claims
            .retain(|name, value| if named(name) { accepted(name, value) } else { terms.asked_by_scope(place, name) });
        if let Some(verified) = self.verified(terms, place, facts, shown) {
            claims.insert(VERIFIED_CLAIMS.to_owned(), verified);
        }
        Ok(Told::Names(claims))
    }

    /// What the counter verified, as far as it was asked for and agreed to: qualities, and a name that was taken from the
    /// verified one. Of how it was verified only the framework is told: a day or a document would be one person's mark on every
    /// forum.
    fn verified(&self, terms: &Terms, place: Place, facts: &Facts, shown: &NameChoice) -> Option<Value> {
        let requests = terms.asked_verified(place);
        let asked = |name: &str| requests.iter().flat_map(|request| &request.claims).any(|claim| claim.name == name);
        let release = terms
            .release
            .iter()
            .copied()
            .filter(|quality| PERSON_CLAIMS.iter().any(|(name, _)| quality.is_told_by(name) && asked(name)));
        let claims = self.person_claims(terms, &release.collect(), facts, shown, 1);
        let Ok(Value::Object(mut held)) = serde_json::to_value(claims) else { return None };
        let is_true = shown.name.assurance() == "partial";
        held.retain(|name, _| {
            Quality::ALL.iter().any(|quality| quality.is_told_by(name)) || (is_true && name == "name")
        });
        let verification = Map::from_iter([("trust_framework".to_owned(), TRUST_FRAMEWORK.into())]);
        let now = self.ambient.now().seconds();
        let mut answers: Vec<_> =
            requests.iter().filter_map(|request| request.answer(&verification, &held, now)).collect();
        match answers.len() {
            0 => None,
            1 => answers.pop(),
            _ => Some(Value::Array(answers)),
        }
    }

    /// The claims that the terms allow at a place, before those that only their neighbours were asked for are left out.
    fn person_claims(
        &self,
        terms: &Terms,
        release: &BTreeSet<Quality>,
        facts: &Facts,
        shown: &NameChoice,
        heteronyms_per_person: i64,
    ) -> PersonClaims {
        let told = self.qualities(terms, release, facts);
        let groups = self.groups(terms, facts, &told, heteronyms_per_person);
        let has_qualities = !told.present().is_empty();
        PersonClaims {
            names: terms.names.then(|| NameClaims {
                name: shown.name.as_str().to_owned(),
                preferred_username: shown.name.as_str().to_owned(),
                nickname: shown.name.as_str().to_owned(),
                name_assurance: shown.name.assurance(),
                name_audience: shown.audience.as_str(),
                indexable: shown.indexable,
                heteronyms_per_person,
            }),
            age_bracket: told.age_bracket,
            age_over_18: told.age_over_18,
            residence: told.residence,
            residence_label: told.residence.map(|area| self.attributes.label(area)),
            sex: told.sex,
            roles: Some(told.roles).filter(|roles| !roles.is_empty()),
            groups: Some(groups).filter(|groups| !groups.is_empty()),
            claims_as_of: has_qualities.then(|| self.attributes.claims_as_of()),
        }
    }

    /// Builds the tokens of an answer, checks them against what was granted, and signs them. Nobody gets them yet: the log names
    /// the exact token, so there has to be one before it can be recorded.
    /// It is recorded in the name of an owner, as one of the tokens of a voice of theirs.
    pub fn prepare(&self, draft: &Draft<'_>, owner: Arc<Owner>, voice: Voice) -> Result<Prepared, IssueError> {
        let claims = self.linted(draft)?;
        let access_token = self.access_token(draft.terms, &claims.sub, draft.now);
        let (algorithm, told) = (draft.algorithm, self.told_to_the_log(draft));
        let unsigned = Unsigned { claims, access_token, algorithm, told, owner, voice };
        Prepared::new(self.clone(), unsigned)
    }

    /// With the keys of this moment.
    fn sign(&self, tokens: &Unsigned) -> Result<Signed, IssueError> {
        let Unsigned { claims, algorithm, told, .. } = tokens;
        let signer = self.keyring.signer(*algorithm, told.now).ok_or(IssueError::NoKey(*algorithm))?;
        let access_token = match &tokens.access_token {
            AccessToken::Opaque(token) => token.clone(),
            AccessToken::Jwt(claims) => signer.sign(Typ::AccessToken, claims)?,
        };
        let at_hash = Some(half_hash(*algorithm, &access_token));
        let id_token = signer.sign(Typ::Jwt, &IdTokenClaims { at_hash, ..claims.clone() })?;
        let (hash, kid) = (Sha256::digest(&id_token).into(), signer.kid().to_owned());
        Ok(Signed { id_token, access_token, token: Token { hash, kid, told: told.clone() } })
    }

    /// Bound but not said, what the forum may learn.
    fn told_to_the_log(&self, draft: &Draft<'_>) -> TokenFacts {
        let told = self.qualities(draft.terms, &draft.terms.release, draft.facts);
        let text = |value: Option<String>| value.unwrap_or_default();
        TokenFacts {
            brackets: self.attributes.brackets().version().to_owned(),
            bracket: text(told.age_bracket.map(|bracket| bracket.to_string())),
            area: text(told.residence.map(|area| area.to_string())),
            birth_year: Some(draft.facts.birth.year()),
            now: draft.now,
        }
    }

    /// The claims of an ID token, fit to be issued.
    fn linted(&self, draft: &Draft<'_>) -> Result<IdTokenClaims, IssueError> {
        let iat = draft.now.seconds();
        let place = Place::IdToken { all: draft.claims_in_id_token };
        let by_name = || !draft.terms.asked_by_name(place).is_empty() || !draft.terms.asked_verified(place).is_empty();
        let asked = draft.claims_in_id_token || by_name();
        let told = asked.then(|| self.told(draft.terms, place, draft.facts, draft.shown, draft.heteronyms_per_person));
        let person = told.transpose()?.filter(|told| !told.is_empty());
        let claims = IdTokenClaims {
            iss: self.issuer.to_string(),
            sub: draft.subject.as_str().to_owned(),
            aud: draft.terms.client.as_str().to_owned(),
            exp: iat + self.lifetimes.id_token,
            iat,
            nonce: draft.nonce.map(str::to_owned),
            auth_time: draft.terms.auth_time_asked.then(|| draft.terms.auth_time.seconds()),
            acr: draft.terms.acr,
            amr: draft.terms.amr.clone(),
            at_hash: None,
            sid: draft.terms.sid.clone(),
            person,
        };
        lint(&claims, draft.terms)?;
        Ok(claims)
    }

    /// Signs what is answered to a client about tokens that were issued: UserInfo, introspection, the way of a code.
    pub fn sign_answer(
        &self,
        typ: Typ,
        algorithm: Algorithm,
        now: Timestamp,
        claims: &impl Serialize,
    ) -> Result<String, IssueError> {
        let signer = self.keyring.signer(algorithm, now).ok_or(IssueError::NoKey(algorithm))?;
        Ok(signer.sign(typ, claims)?)
    }

    /// What is told of the present facts: agreed to, asked for, and shown before.
    fn qualities(&self, terms: &Terms, release: &BTreeSet<Quality>, facts: &Facts) -> Qualities {
        let present = self.attributes.qualities(facts, &terms.attribute_terms());
        let mut told = present.only(release);
        // A citizen who moved, or got a role, is asked at the next sign-in before anybody learns of it.
        told.residence = told.residence.filter(|area| terms.shown.residence == Some(*area));
        told.sex = told.sex.filter(|sex| terms.shown.sex == Some(*sex));
        told.roles.retain(|role| terms.shown.roles.contains(role));
        told
    }

    fn groups(&self, terms: &Terms, facts: &Facts, told: &Qualities, heteronyms_per_person: i64) -> Vec<String> {
        let age = told.age_bracket.map(|bracket| format!("age:{}", bracket.group()));
        let areas = told.residence.map(|_| self.attributes.emittable(terms.residence_level, facts.commune));
        let areas = areas.unwrap_or_default().into_iter().map(|area| format!("res:{area}"));
        let roles = told.roles.iter().map(|role| format!("role:{role}"));
        let voice = (terms.names && heteronyms_per_person == 1).then(|| "one-voice".to_owned());
        age.into_iter().chain(areas).chain(roles).chain(voice).collect()
    }

    /// A fresh access token of these terms, for the time that access tokens live.
    fn access_token(&self, terms: &Terms, sub: &str, now: Timestamp) -> AccessToken {
        let (iat, exp) = (now.seconds(), now.seconds() + self.lifetimes.access_token);
        let mut rng = self.ambient.rng();
        let Some(resource) = &terms.resource else {
            return AccessToken::Opaque(terms.seal_access(&self.keyring, exp, &mut rng));
        };
        AccessToken::Jwt(Box::new(AccessTokenClaims {
            iss: self.issuer.to_string(),
            sub: sub.to_owned(),
            aud: resource.clone(),
            exp,
            iat,
            jti: self.keyring.token().seal(JTI, b"", terms.grant.as_bytes(), &mut rng),
            client_id: terms.client.to_string(),
            scope: terms.scope.to_string(),
            auth_time: terms.auth_time.seconds(),
            acr: terms.acr,
            cnf: terms.binding.clone(),
        }))
    }

    /// The grant that the `jti` of an access token leads to.
    pub fn grant_of(&self, jti: &str) -> Option<GrantId> {
        let bytes = self.keyring.token().open(JTI, b"", jti).ok()?;
        GrantId::try_from(bytes.as_slice()).ok()
    }

    /// The terms of an opaque access token that has not expired, and when it does, in seconds since the epoch.
    pub fn open_access_token(&self, token: &str, now: Timestamp) -> Option<(Terms, i64)> {
        Terms::open_access(&self.keyring, token, now.seconds())
    }
}

/// Refuses what must never be signed, whoever built it.
fn lint(claims: &IdTokenClaims, terms: &Terms) -> Result<(), IssueError> {
    let person = claims.person.as_ref();
    let told = person.map(Told::qualities).unwrap_or_default();
    if told.iter().any(|quality| !terms.release.contains(quality)) {
        return Err(IssueError::Lint("a quality that was not agreed to"));
    }
    if person.is_some_and(|person| person.has_names() && !terms.names) {
        return Err(IssueError::Lint("a name that was not asked for"));
    }
    if claims.sub.len() != SUBJECT_LENGTH || claims.sub == claims.aud {
        return Err(IssueError::Lint("a subject that is none"));
    }
    if !(1..=MAX_ID_TOKEN_LIFE).contains(&(claims.exp - claims.iat)) {
        return Err(IssueError::Lint("a life of no or more than five minutes"));
    }
    if terms.auth_time.seconds() > claims.iat {
        return Err(IssueError::Lint("a sign-in in the future"));
    }
    Ok(())
}

/// How a person's qualities were verified: by an officer, at a counter, with a document (`specs/proofing.md`).
pub const TRUST_FRAMEWORK: &str = "urn:heteronym:trust-framework:counter";
pub const VERIFIED_CLAIMS: &str = "verified_claims";
const JTI: &str = "jti";
const SUBJECT_LENGTH: usize = 43;
const MAX_ID_TOKEN_LIFE: i64 = 300;
