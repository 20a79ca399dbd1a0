//! What would be issued, for somebody who wants to look at it: by the same code as the real thing, and nothing of it worth
//! anything. It has no signature, its `sub`, `sid` and access token are those of nobody, and it leads to no grant; so it
//! need not be recorded, and nothing leaves unrecorded.

use serde::Serialize;

use super::{Draft, Issuance, IssueError, Place, UserInfo};
use crate::{
    domain::ambient::Timestamp,
    wire::{
        jose::{Algorithm, Typ, half_hash},
        oauth::{TokenOwner, TokenResponse, TokenType},
    },
};

/// The answers that a client would get, as JSON that people can read.
pub struct Rehearsal {
    /// The header of the ID token.
    pub header: String,
    /// Its claims.
    pub id_token: String,
    pub userinfo: String,
    /// The answer of the token endpoint.
    pub response: String,
}

#[derive(Serialize)]
struct Header<'a> {
    alg: Algorithm,
    kid: &'a str,
    typ: &'static str,
}

impl Issuance {
    /// Builds and lints what the draft says, and writes it out. `userinfo_alg` and `token_type` are as the client registered.
    pub fn rehearse(
        &self,
        draft: &Draft<'_>,
        userinfo_alg: Option<Algorithm>,
        token_type: TokenType,
    ) -> Result<Rehearsal, IssueError> {
        let mut claims = self.linted(draft)?;
        claims.at_hash = Some(half_hash(draft.algorithm, ACCESS_TOKEN));
        let person = self.told(draft.terms, Place::UserInfo, draft.facts, draft.shown, draft.heteronyms_per_person)?;
        let answer = UserInfo { sub: claims.sub.clone(), addressed: None, person };
        let answer = match userinfo_alg {
            Some(_) => answer.addressed(&self.issuer, &draft.terms.client),
            None => answer,
        };
        let response = TokenResponse {
            access_token: ACCESS_TOKEN.to_owned(),
            token_type,
            expires_in: u32::try_from(self.lifetimes.access_token).unwrap_or(u32::MAX),
            refresh_token: draft.terms.scope.contains("offline_access").then(|| REFRESH_TOKEN.to_owned()),
            id_token: Some(ID_TOKEN.to_owned()),
            scope: draft.terms.scope.clone(),
            tlog_proof: Some(TLOG_PROOF.to_owned()),
            tlog_owner: Some(TokenOwner { key: OWNER_KEY.to_owned(), number: 0 }),
        };
        Ok(Rehearsal {
            header: self.header(draft.algorithm, draft.now)?,
            id_token: readable(&claims),
            userinfo: readable(&answer),
            response: readable(&response),
        })
    }

    fn header(&self, alg: Algorithm, now: Timestamp) -> Result<String, IssueError> {
        let signer = self.keyring.signer(alg, now).ok_or(IssueError::NoKey(alg))?;
        Ok(readable(&Header { alg, kid: signer.kid(), typ: Typ::Jwt.as_str() }))
    }
}

fn readable(value: &impl Serialize) -> String {
    // Claims always become JSON.
    serde_json::to_string_pretty(value).unwrap_or_default()
}

const ACCESS_TOKEN: &str = "EXAMPLE-opaque-access-token";
const REFRESH_TOKEN: &str = "EXAMPLE-refresh-token";
const TLOG_PROOF: &str = "EXAMPLE-proof-that-the-token-is-in-the-public-log";
const OWNER_KEY: &str = "EXAMPLE-owner-key";
const ID_TOKEN: &str = "EXAMPLE-header.claims.signature";
