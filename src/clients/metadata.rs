//! What a relying party registered (RFC 7591 §2, OpenID Connect Dynamic Client Registration §2), and our own members.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    domain::{area::Level, bracket::AgeBracket, claim::Quality},
    wire::{
        jose::Algorithm,
        oauth::{ApplicationType, AuthMethod, ProvenRedirect, RedirectUri, Scope},
    },
};

/// Registered metadata. The checks are in [`super::Draft`]; a value of this type has passed them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    pub client_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    pub application_type: ApplicationType,
    pub redirect_uris: Vec<String>,
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    pub token_endpoint_auth_method: AuthMethod,
    pub id_token_signed_response_alg: Algorithm,
    /// The scopes it may ask for.
    pub scope: Scope,
    /// How fine a residence it asks for; the citizen may agree to a coarser one.
    pub residence_level: Level,
    /// Coarser brackets than the published ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_brackets: Option<Vec<AgeBracket>>,
    /// Qualities without which the forum lets nobody in: these cannot be declined one by one.
    #[serde(default)]
    pub required: BTreeSet<Quality>,
    /// Where the claims of a scope are put.
    #[serde(default)]
    pub id_token_claims: ClaimsIn,
}

/// Where the claims of a scope are put (OpenID Connect Core §5.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClaimsIn {
    /// In the answer of the UserInfo endpoint.
    #[default]
    Userinfo,
    /// In the ID token as well, for software that reads only that.
    All,
}

impl Metadata {
    /// The redirect URI of a request, if it is registered. It may be left out when there is only one.
    pub fn prove_redirect(&self, presented: Option<&str>) -> Option<ProvenRedirect> {
        match (presented, self.redirects().as_slice()) {
            (Some(presented), registered) => registered.iter().find_map(|uri| uri.prove(presented)),
            (None, [only]) => Some(only.proven()),
            (None, _) => None,
        }
    }

    pub fn may_return_to_after_logout(&self, uri: &str) -> bool {
        self.post_logout_redirect_uris.iter().any(|registered| registered == uri)
    }

    /// Where the forum is, as people read it: the hosts to which a sign-in may lead, each once.
    pub fn hosts(&self) -> Vec<String> {
        let mut hosts = Vec::new();
        for redirect in self.redirects() {
            let host = redirect.proven().authority().to_owned();
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        hosts
    }

    /// What a citizen agreed to is asked again when this changes: the name, the policies, what is required.
    pub fn fingerprint(&self) -> [u8; 32] {
        let shown = serde_json::json!([
            self.client_name,
            self.client_uri,
            self.policy_uri,
            self.tos_uri,
            self.residence_level,
            self.age_brackets,
            self.required
        ]);
        Sha256::digest(shown.to_string().as_bytes()).into()
    }

    fn redirects(&self) -> Vec<RedirectUri> {
        let registered = self.redirect_uris.iter().cloned();
        registered.map(|uri| RedirectUri::registered(uri, self.application_type)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::Draft;

    fn hosts(application_type: ApplicationType, uris: &[&str]) -> Vec<String> {
        let redirect_uris = uris.iter().map(|uri| (*uri).to_owned()).collect();
        let draft = Draft { name: "Forum".to_owned(), application_type, redirect_uris, ..Draft::default() };
        draft.check().unwrap().hosts()
    }

    #[test]
    fn a_forum_is_where_its_sign_ins_lead() {
        let web = ["https://forum.example/callback", "https://forum.example/other", "https://m.forum.example:8443/cb"];
        assert_eq!(hosts(ApplicationType::Web, &web), ["forum.example", "m.forum.example:8443"]);
        assert_eq!(hosts(ApplicationType::Native, &["http://127.0.0.1/callback"]), ["127.0.0.1"]);
    }
}
