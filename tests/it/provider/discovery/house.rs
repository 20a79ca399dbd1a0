//! Who visits what the document advertises: a provider that serves all there is, and a citizen of whom everything is known.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, body::Bytes, extract::State, http::header, routing::get};
use data_encoding::BASE64URL_NOPAD;
use futures_util::future::BoxFuture;
use heteronym::{clients::Draft, wire::jose::Typ};
use serde_json::{Map, Value};
use tokio::{
    net::TcpListener,
    task::{AbortHandle, spawn},
};

use crate::{
    account::known,
    harness::{Browser, Choices, Citizen, Forum, ISSUER, Request, Service, Tokens},
};

/// Sees that what one member of the document says is true.
pub(super) type Visit = for<'a> fn(&'a House, &'a Value) -> BoxFuture<'a, ()>;

pub(super) struct House {
    pub(super) service: Service,
    pub(super) citizen: Citizen,
    browser: Browser,
    forums: AtomicUsize,
}

impl House {
    pub(super) async fn open() -> Self {
        let service = Service::start_at(ISSUER, EVERYTHING_SERVED, 1).await;
        let citizen = service.enrol(&known(&service)).await;
        let mut browser = service.browser();
        browser.sign_in(&service, &citizen).await;
        // Whoever signed in at the very moment of a request has signed in for it.
        service.wait(1);
        Self { service, citizen, browser, forums: AtomicUsize::new(0) }
    }

    pub(super) async fn document(&self) -> Map<String, Value> {
        let Value::Object(document) = self.service.browser().get("/.well-known/openid-configuration").await.json()
        else {
            panic!("no object")
        };
        document
    }

    /// Goes to each of these members in turn.
    pub(super) async fn visit(visits: &[(&str, Visit)]) {
        let house = Self::open().await;
        let document = house.document().await;
        for (member, visit) in visits {
            visit(&house, &document[*member]).await;
        }
    }

    /// A forum that nobody knows yet.
    pub(super) async fn forum(&self, draft: Draft) -> Forum {
        self.forum_at(|_| draft).await
    }

    /// The same with addresses at its host.
    pub(super) async fn forum_at(&self, draft: impl FnOnce(&str) -> Draft) -> Forum {
        let host = format!("forum{}.example", self.forums.fetch_add(1, Ordering::Relaxed));
        self.service.register(&host, draft(&host)).await
    }

    /// The citizen's browser, in which they are signed in.
    pub(super) fn browser(&self) -> Browser {
        self.browser.clone()
    }

    /// The browser of another session.
    pub(super) async fn other_browser(&self) -> Browser {
        let mut browser = self.service.browser();
        browser.sign_in(&self.service, &self.citizen).await;
        browser
    }

    /// What the forum gets for this request when the citizen agrees to all of it.
    pub(super) async fn tokens(&self, forum: &Forum, request: &Request) -> Tokens {
        let request = forum.as_sent(&self.service, request.clone()).await;
        let answer = self.browser().authorize(&request, &everything()).await;
        forum.tokens(&self.service, &request, &answer).await
    }

    /// The claims of a token of this kind for this forum, verified with the published keys by a library that is not ours.
    pub(super) async fn verified(&self, forum: &Forum, typ: Typ, token: &str) -> Map<String, Value> {
        let header = header_of(token);
        assert_eq!(header["typ"], typ.as_str());
        let set = self.service.browser().get("/jwks.json").await.json();
        let key = set["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).unwrap();
        let key: jsonwebtoken::jwk::Jwk = serde_json::from_value(key.clone()).unwrap();
        let algorithm = serde_json::from_value(header["alg"].clone()).unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        let key = jsonwebtoken::DecodingKey::from_jwk(&key).unwrap();
        let holds = jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, algorithm);
        assert!(holds.unwrap(), "{header}");
        let claims = BASE64URL_NOPAD.decode(message.split_once('.').unwrap().1.as_bytes()).unwrap();
        let claims: Map<String, Value> = serde_json::from_slice(&claims).unwrap();
        assert_eq!((claims["iss"].as_str(), claims["aud"].as_str()), (Some(ISSUER), Some(forum.id())));
        claims
    }
}

/// The header of a compact token.
pub(super) fn header_of(token: &str) -> Value {
    let header = token.split('.').next().unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(header.as_bytes()).unwrap()).unwrap()
}

/// Agrees to all that is asked.
pub(super) fn everything() -> Choices {
    Choices::all("Genêt").at("departement")
}

/// The texts of a list that is not empty.
pub(super) fn texts(said: &Value) -> Vec<&str> {
    let texts: Vec<_> = said.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    assert!(!texts.is_empty(), "an empty list says nothing");
    texts
}

/// The values of a list, read as what they name.
pub(super) fn values<T: std::str::FromStr<Err: std::fmt::Debug>>(said: &Value) -> Vec<T> {
    texts(said).into_iter().map(|text| text.parse().unwrap()).collect()
}

/// A server of a forum on this machine: it gives the same document to whoever asks, and keeps what it is sent.
pub(super) struct Desk {
    pub(super) address: String,
    pub(super) asked: Arc<Mutex<Vec<String>>>,
    serving: AbortHandle,
}

impl Desk {
    pub(super) async fn start(document: Arc<Mutex<String>>) -> Self {
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/desk", listener.local_addr().unwrap());
        let take = async |State((document, asked)): State<Shelves>, body: Bytes| {
            asked.lock().unwrap().push(String::from_utf8(body.to_vec()).unwrap());
            ([(header::CONTENT_TYPE, "application/oauth-authz-req+jwt")], document.lock().unwrap().clone())
        };
        let shelves = (document, Arc::clone(&asked));
        let router = Router::new().route("/desk", get(take).post(take)).with_state(shelves);
        let serving = spawn(async move { axum::serve(listener, router).await }).abort_handle();
        Self { address, asked, serving }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

type Shelves = (Arc<Mutex<String>>, Arc<Mutex<Vec<String>>>);

/// Certificates are asked for, names in them believed, and anybody may register; a forum on this machine is let through
/// the guard.
const EVERYTHING_SERVED: &str = "
    tls_certificate = 'certificate.pem'
    tls_key = 'key.pem'
    mtls_listen = '127.0.0.1:8444'
    mtls_url = 'https://mtls.id.example'
    client_ca = 'authorities.pem'
    [clients]
    registration = 'open'
    [outbound]
    allow = ['127.0.0.1']
";
