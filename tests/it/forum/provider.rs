//! A provider of the tests' own: four endpoints and a public log on a free loopback port, and a hand that can spoil each
//! answer.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Form, Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signer, SigningKey};
use heteronym::wire::tlog::leaf::IssuanceLeaf;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

use super::ledger::{Ledger, leaf_of, owner_of};

/// What the provider will say next; each test spoils what it is about.
pub(super) struct Script {
    pub(super) issuer: String,
    pub(super) key: SigningKey,
    pub(super) header: Value,
    /// Members laid over the ID token's own; `null` takes one away.
    pub(super) id_token: Value,
    /// Changes the texts of header and claims before they are signed.
    pub(super) texts: fn(String, String) -> (String, String),
    /// Changes the finished token.
    pub(super) spoil: fn(String) -> String,
    pub(super) userinfo: Value,
    pub(super) keys: Vec<Value>,
    pub(super) end_session: bool,
    pub(super) key_fetches: usize,
    pub(super) userinfo_fetches: usize,
    pub(super) down: bool,
    pub(super) ledger: Ledger,
    /// Whether the description speaks of the log.
    pub(super) has_log: bool,
    /// Makes the entry of a token.
    pub(super) entry: fn(IssuanceLeaf) -> Vec<u8>,
    /// Changes the answer to a code when it is finished.
    pub(super) answer: fn(&mut Value),
    /// In whose name the entries of a subject stand.
    pub(super) owner: fn(&str) -> String,
    /// How many entries stand in the name of each.
    pub(super) numbers: HashMap<String, u64>,
    /// The log in which tokens are entered, if it is not the one that the description shows.
    pub(super) hidden: Option<String>,
    /// Changes what the log serves: path and content.
    pub(super) served: fn(&str, Vec<u8>) -> Vec<u8>,
    codes: HashMap<String, Value>,
    now: i64,
}

#[derive(Clone)]
pub(super) struct Provider {
    pub(super) issuer: String,
    script: Arc<Mutex<Script>>,
}

impl Provider {
    /// Listens on a free port until the test ends.
    pub(super) async fn start(now: i64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let key = SigningKey::from_bytes(&[7; 32]);
        let script = Script {
            issuer: issuer.clone(),
            header: json!({"alg": "EdDSA", "kid": "house"}),
            keys: vec![public(&key, "house")],
            key,
            id_token: json!({}),
            texts: |header, claims| (header, claims),
            spoil: |token| token,
            userinfo: json!({"sub": SUB}),
            end_session: true,
            key_fetches: 0,
            userinfo_fetches: 0,
            down: false,
            ledger: Ledger::new(&issuer, SigningKey::from_bytes(&[21; 32]), now * 1_000),
            has_log: true,
            entry: |leaf| leaf.to_bytes().unwrap(),
            answer: |_| (),
            owner: str::to_owned,
            numbers: HashMap::new(),
            hidden: None,
            served: |_, content| content,
            codes: HashMap::new(),
            now,
        };
        let provider = Self { issuer, script: Arc::new(Mutex::new(script)) };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .route("/log/{*path}", get(log))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    pub(super) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    /// A token under the provider's key, spoilt like its ID tokens.
    pub(super) fn signed(&self, header: &Value, claims: &Value) -> String {
        let script = self.script();
        script.sign(header, claims)
    }

    /// The person agrees: a code for the request the forum sent, and the path of the answer.
    pub(super) fn agree(&self, request: &url::Url) -> String {
        let asked: HashMap<String, String> = request.query_pairs().into_owned().collect();
        let mut script = self.script();
        let code = format!("code-{}", script.codes.len());
        script.codes.insert(code.clone(), json!(asked));
        let state = asked.get("state").unwrap();
        let iss: String = form_urlencoded::byte_serialize(script.issuer.as_bytes()).collect();
        format!("/callback?code={code}&state={state}&iss={iss}")
    }
}

pub(super) fn public(key: &SigningKey, kid: &str) -> Value {
    let x = BASE64URL_NOPAD.encode(key.verifying_key().as_bytes());
    json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid, "x": x})
}

async fn discovery(State(provider): State<Provider>) -> Response {
    let script = provider.script();
    if script.down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let at = &provider.issuer;
    let mut document = json!({
        "issuer": script.issuer,
        "authorization_endpoint": format!("{at}/authorize"),
        "token_endpoint": format!("{at}/token"),
        "userinfo_endpoint": format!("{at}/userinfo"),
        "jwks_uri": format!("{at}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256", "EdDSA"],
    });
    if script.end_session {
        document["end_session_endpoint"] = json!(format!("{at}/end-session"));
    }
    if script.has_log {
        document["tlog"] = script.ledger.description(at);
    }
    Json(document).into_response()
}

async fn log(State(provider): State<Provider>, Path(path): Path<String>) -> Response {
    let script = provider.script();
    if script.down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    match script.ledger.serve(&path) {
        Some(content) => (script.served)(&path, content).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn jwks(State(provider): State<Provider>) -> Json<Value> {
    let mut script = provider.script();
    script.key_fetches += 1;
    Json(json!({"keys": script.keys}))
}

async fn token(State(provider): State<Provider>, Form(form): Form<HashMap<String, String>>) -> Response {
    let mut script = provider.script();
    let Some(asked) = form.get("code").and_then(|code| script.codes.remove(code)) else {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    };
    let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(form["code_verifier"].as_bytes()));
    assert_eq!(asked["code_challenge"], challenge.as_str(), "the verifier belongs to the challenge");
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["redirect_uri"], form["redirect_uri"].as_str());
    let mut claims = json!({
        "iss": script.issuer, "sub": SUB, "aud": asked["client_id"], "nonce": asked["nonce"],
        "iat": script.now, "exp": script.now + 300,
    });
    for (name, value) in script.id_token.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    let signed = script.sign(&script.header, &claims);
    let mut answer = json!({"access_token": "access", "token_type": "Bearer", "expires_in": 300, "id_token": signed});
    script.enter(&signed, &claims, &mut answer);
    (script.answer)(&mut answer);
    Json(answer).into_response()
}

impl Script {
    /// Enters a token in the log, and its proof in the answer.
    fn enter(&mut self, token: &str, claims: &Value, answer: &mut Value) {
        let name = (self.owner)(claims["sub"].as_str().unwrap_or(SUB));
        let owner = owner_of(&name);
        let next = self.numbers.entry(name).or_default();
        let number = *next;
        *next += 1;
        let kid = self.header["kid"].as_str().unwrap_or("house");
        let leaf = leaf_of(token, kid, claims["iat"].as_i64().unwrap_or(self.now), &owner, number);
        let year = self.hidden.as_ref().unwrap_or(&self.ledger.year).clone();
        let index = self.ledger.append(&year, (self.entry)(leaf));
        answer["tlog_proof"] = self.ledger.proof(&year, index).to_string().into();
        answer["tlog_owner"] = json!({"key": BASE64URL_NOPAD.encode(owner.expose()), "number": number});
    }
}

async fn userinfo(State(provider): State<Provider>) -> Json<Value> {
    let mut script = provider.script();
    script.userinfo_fetches += 1;
    Json(script.userinfo.clone())
}

impl Script {
    fn sign(&self, header: &Value, claims: &Value) -> String {
        let (header, claims) = (self.texts)(header.to_string(), claims.to_string());
        let encode = |text: String| BASE64URL_NOPAD.encode(text.as_bytes());
        let input = format!("{}.{}", encode(header), encode(claims));
        let signature = self.key.sign(input.as_bytes()).to_bytes();
        (self.spoil)(format!("{input}.{}", BASE64URL_NOPAD.encode(&signature)))
    }
}

pub(super) const SUB: &str = "kq3hXcN0pJrWm5v1T8yZbA7uE2gLdFs9oQxRtYiUaB4";
