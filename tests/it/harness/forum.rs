//! Relying parties: registered, and asking for tokens as their software does.

use std::sync::atomic::{AtomicU64, Ordering};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use heteronym::{
    clients::{Client, Draft},
    domain::secret::Token,
    wire::{
        jose::{JwkSet, KeySet, Typ, Verifier},
        oauth::AuthMethod,
    },
};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{Answer, ISSUER, Reply, Request, Service, Tokens, browser::machine_post};

/// A registered relying party with its secret.
#[derive(Clone)]
pub(crate) struct Forum {
    pub(crate) client: Client,
    pub(crate) secret: Option<Token>,
}

impl Service {
    /// A forum at this host, asking for the qualities of this scope.
    pub(crate) async fn forum(&self, host: &str, scope: &str) -> Forum {
        self.register(host, Draft { scope: scope.to_owned(), ..Draft::default() }).await
    }

    /// A forum at this host; name and addresses are filled in where the draft has none.
    pub(crate) async fn register(&self, host: &str, mut draft: Draft) -> Forum {
        if draft.name.is_empty() {
            draft.name = format!("Forum of {host}");
        }
        if draft.redirect_uris.is_empty() {
            draft.redirect_uris = vec![format!("https://{host}/callback")];
            draft.post_logout_redirect_uris = vec![format!("https://{host}/bye")];
        }
        let (client, secret) = self.services.clients.register(draft).await.unwrap();
        Forum { client, secret }
    }

    /// The claims of an ID token, verified with the published keys as the forum would.
    pub(crate) async fn verified(&self, forum: &Forum, id_token: &str) -> Map<String, Value> {
        let jwks = self.browser().get("/jwks.json").await;
        let keys = KeySet::new(&JwkSet::parse(&jwks.body).unwrap());
        let algorithms = [forum.client.metadata.id_token_signed_response_alg];
        let verifier = Verifier::new(Typ::Jwt, ISSUER, forum.client.id.as_str()).algorithms(&algorithms);
        let now = self.services.ambient.now().seconds();
        verifier.verify::<Map<String, Value>>(id_token, &keys, now).unwrap().claims
    }
}

impl Service {
    /// The members of an answer that was signed for this forum.
    pub(crate) async fn signed_for(&self, forum: &Forum, token: &str) -> Map<String, Value> {
        let jwks = self.browser().get("/jwks.json").await;
        let keys = KeySet::new(&JwkSet::parse(&jwks.body).unwrap());
        let verifier = Verifier::new(Typ::Jwt, ISSUER, forum.client.id.as_str()).require(&[]);
        let now = self.services.ambient.now().seconds();
        verifier.verify::<Map<String, Value>>(token, &keys, now).unwrap().claims
    }
}

impl Forum {
    pub(crate) fn id(&self) -> &str {
        self.client.id.as_str()
    }

    pub(crate) fn redirect(&self) -> &str {
        &self.client.metadata.redirect_uris[0]
    }

    /// An authorization request for this scope, with everything that should be in it.
    pub(crate) fn request(&self, scope: &str) -> Request {
        let [state, nonce, verifier] = ["state", "nonce", "verifier"].map(unheard_of);
        let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(verifier.as_bytes()));
        let params = [
            ("response_type", "code"),
            ("client_id", self.id()),
            ("redirect_uri", self.redirect()),
            ("scope", scope),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let params = params.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Request { params, verifier, nonce, state }
    }

    /// Asks the token endpoint with these parameters, authenticated as registered.
    pub(crate) async fn ask_token(&self, service: &Service, params: &[(&str, &str)]) -> Reply {
        let secret = self.secret.as_ref().map(|secret| secret.expose().to_owned());
        let (mut fields, mut authorization) = (params.to_vec(), None);
        match self.client.metadata.token_endpoint_auth_method {
            AuthMethod::ClientSecretBasic => {
                let pair = format!("{}:{}", self.id(), secret.as_deref().unwrap());
                authorization = Some(format!("Basic {}", BASE64.encode(pair.as_bytes())));
            }
            AuthMethod::ClientSecretPost => {
                fields.extend([("client_id", self.id()), ("client_secret", secret.as_deref().unwrap())]);
            }
            _ => fields.push(("client_id", self.id())),
        }
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        service.browser().send(machine_post("/token", authorization.as_deref(), body)).await
    }

    /// Redeems the code of an answer.
    pub(crate) async fn redeem(&self, service: &Service, request: &Request, answer: &Answer) -> Reply {
        let fields = request.redemption(answer.code(), self.redirect());
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.ask_token(service, &fields).await
    }

    pub(crate) async fn tokens(&self, service: &Service, request: &Request, answer: &Answer) -> Tokens {
        let reply = self.redeem(service, request, answer).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        serde_json::from_slice(&reply.body).unwrap()
    }

    pub(crate) async fn refresh(&self, service: &Service, token: &str) -> Reply {
        self.ask_token(service, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }
}

/// A text that no request before had, and that has nothing in common with any other.
fn unheard_of(what: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    BASE64URL_NOPAD.encode(&Sha256::digest(format!("{what} {count} {}", std::process::id()).as_bytes()))
}
