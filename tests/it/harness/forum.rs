//! Relying parties: registered, and asking for tokens as their software does.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::{
    body::Body,
    http::{Request as HttpRequest, StatusCode, header},
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use heteronym::{
    clients::{Client, Draft, Profile},
    domain::secret::Token,
    http::server::ClientCertificate,
    wire::{
        jose::{Algorithm, JwkSet, KeySet, Typ, Verifier},
        oauth::AuthMethod,
    },
};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{
    Answer, ISSUER, Reply, Request, Service, Tokens,
    browser::machine_post,
    signed::{ClientKey, certificate},
};

/// A registered relying party with its secret and its keys.
#[derive(Clone)]
pub(crate) struct Forum {
    pub(crate) client: Client,
    pub(crate) secret: Option<Token>,
    /// With which it signs its assertions.
    pub(crate) key: Option<ClientKey>,
    /// To which its tokens are bound (RFC 9449).
    pub(crate) dpop: Option<ClientKey>,
    /// With which its connections are made.
    pub(crate) certificate: Option<ClientCertificate>,
}

impl Service {
    /// A forum at this host, asking for the qualities of this scope.
    pub(crate) async fn forum(&self, host: &str, scope: &str) -> Forum {
        self.register(host, Draft { scope: scope.to_owned(), ..Draft::default() }).await
    }

    /// A forum at this host; name, addresses and the keys that its way to authenticate needs are filled in where the draft
    /// has none.
    pub(crate) async fn register(&self, host: &str, mut draft: Draft) -> Forum {
        if draft.name.is_empty() {
            draft.name = format!("Forum of {host}");
        }
        if draft.redirect_uris.is_empty() {
            draft.redirect_uris = vec![format!("https://{host}/callback")];
            draft.post_logout_redirect_uris = vec![format!("https://{host}/bye")];
        }
        let mut key = None;
        if draft.auth_method == AuthMethod::PrivateKeyJwt && draft.jwks.is_none() {
            let own = ClientKey::new(draft.token_endpoint_auth_signing_alg.unwrap_or(Algorithm::EdDSA));
            draft.jwks = Some(own.jwks());
            key = Some(own);
        }
        let certificate = shown_certificate(host, &mut draft);
        let bound = draft.dpop_bound_access_tokens || draft.profile == Profile::Fapi2;
        let dpop =
            (bound && !draft.tls_client_certificate_bound_access_tokens).then(|| ClientKey::new(Algorithm::ES256));
        let (client, secret) = self.services.clients.register(draft).await.unwrap();
        Forum { client, secret, key, dpop, certificate }
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

    /// Asks the token endpoint with these parameters, authenticated as registered, with a proof where it has a key for it.
    pub(crate) async fn ask_token(&self, service: &Service, params: &[(&str, &str)]) -> Reply {
        self.ask(service, "/token", params).await
    }

    /// The same of any endpoint of clients. A server that wants a nonce in the proof is asked again with the one that it gave
    /// (RFC 9449 §8).
    pub(crate) async fn ask(&self, service: &Service, path: &str, params: &[(&str, &str)]) -> Reply {
        let mut call = self.call(service, path, params);
        let Some(key) = &self.dpop else { return service.browser().send(call).await };
        let mut claims = ClientKey::proof(service, "POST", path, None);
        claims.as_object_mut().unwrap().remove("nonce");
        call.headers_mut().insert("dpop", key.header(&claims));
        let reply = service.browser().send(call).await;
        let Some(nonce) = asked_for(&reply) else { return reply };
        let mut claims = ClientKey::proof(service, "POST", path, None);
        claims["nonce"] = nonce.into();
        let mut call = self.call(service, path, params);
        call.headers_mut().insert("dpop", key.header(&claims));
        service.browser().send(call).await
    }

    /// A request to an endpoint of clients with these parameters, authenticated as registered, without a proof.
    pub(crate) fn call(&self, service: &Service, path: &str, params: &[(&str, &str)]) -> HttpRequest<Body> {
        let secret = self.secret.as_ref().map(|secret| secret.expose().to_owned());
        let (mut fields, mut authorization) = (params.to_vec(), None);
        let assertion = self.key.as_ref().map(|key| {
            let claims = ClientKey::assertion(service, self.id());
            key.sign(Typ::ClientAssertion, &claims)
        });
        match self.client.metadata.token_endpoint_auth_method {
            AuthMethod::ClientSecretBasic => {
                let pair = format!("{}:{}", self.id(), secret.as_deref().unwrap());
                authorization = Some(format!("Basic {}", BASE64.encode(pair.as_bytes())));
            }
            AuthMethod::ClientSecretPost => {
                fields.extend([("client_id", self.id()), ("client_secret", secret.as_deref().unwrap())]);
            }
            AuthMethod::PrivateKeyJwt => {
                fields.extend([
                    ("client_assertion_type", JWT_BEARER),
                    ("client_assertion", assertion.as_deref().unwrap()),
                ]);
            }
            _ => fields.push(("client_id", self.id())),
        }
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut call = machine_post(path, authorization.as_deref(), body);
        if let Some(certificate) = &self.certificate {
            call.extensions_mut().insert(certificate.clone());
        }
        call
    }

    /// Pushes a request (RFC 9126).
    pub(crate) async fn push(&self, service: &Service, request: &Request) -> Reply {
        let fields = request.params.iter().filter(|(name, _)| name != "client_id");
        let fields: Vec<_> = fields.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.ask(service, "/par", &fields).await
    }

    /// The same request as the browser brings it after it was pushed.
    pub(crate) async fn pushed(&self, service: &Service, request: &Request) -> Request {
        let reply = self.push(service, request).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text());
        request.clone().with_uri(self.id(), reply.json()["request_uri"].as_str().unwrap())
    }

    /// Asks UserInfo with this access token, and what it is bound to.
    pub(crate) async fn userinfo(&self, service: &Service, access_token: &str) -> Reply {
        let scheme = if self.dpop.is_some() { "DPoP" } else { "Bearer" };
        let mut call = HttpRequest::get("/userinfo").header(header::AUTHORIZATION, format!("{scheme} {access_token}"));
        if let Some(key) = &self.dpop {
            let claims = ClientKey::proof(service, "GET", "/userinfo", Some(access_token));
            call = call.header("dpop", key.header(&claims));
        }
        if let Some(certificate) = &self.certificate {
            call = call.extension(certificate.clone());
        }
        service.browser().send(call.body(Body::empty()).unwrap()).await
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

/// The certificate of whoever authenticates by one or has tokens bound to one; what names it stands in the draft then.
fn shown_certificate(host: &str, draft: &mut Draft) -> Option<ClientCertificate> {
    let by_authority = draft.auth_method == AuthMethod::TlsClientAuth;
    let by_key = draft.auth_method == AuthMethod::SelfSignedTlsClientAuth;
    if !by_authority && !by_key && !draft.tls_client_certificate_bound_access_tokens {
        return None;
    }
    let (shown, jwks) = certificate(host, by_authority);
    if by_authority {
        draft.tls_client_auth_san_dns = Some(host.to_owned());
    } else if by_key {
        draft.jwks = Some(jwks);
    }
    Some(shown)
}

/// The nonce that an answer wants in the next proof.
fn asked_for(reply: &Reply) -> Option<String> {
    let asks = reply.status.is_client_error() && reply.error().1 == "use_dpop_nonce";
    asks.then(|| reply.header("dpop-nonce").unwrap().to_owned())
}

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A text that no request before had, and that has nothing in common with any other.
fn unheard_of(what: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    BASE64URL_NOPAD.encode(&Sha256::digest(format!("{what} {count} {}", std::process::id()).as_bytes()))
}
