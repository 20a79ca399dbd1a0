//! A browser without script: cookies, forms, and no following of redirects, so that each can be looked at. One script it plays
//! itself: that which signs for an office.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header},
};
use data_encoding::BASE64URL_NOPAD;
use heteronym::{http::site::SESSION_COOKIE, proofing::OfficeKey};
use tower::ServiceExt;

use super::Citizen;

/// A browser with its cookies. A clone is another window of it, as it stood.
#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    origin: String,
    pub(crate) cookies: BTreeMap<String, String>,
    /// What it signs with for an office.
    pub(crate) office_key: Option<Arc<OfficeKey>>,
}

/// An answer.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Browser {
    /// A browser that talks to the site at this origin, whatever that is.
    pub(crate) fn new(router: Router, origin: &str) -> Self {
        Self { router, origin: origin.to_owned(), cookies: BTreeMap::new(), office_key: None }
    }

    pub(crate) async fn get(&mut self, target: &str) -> Reply {
        let request = Request::get(target.strip_prefix(&self.origin).unwrap_or(target));
        let request = request.header(header::ACCEPT, "text/html").header("sec-fetch-site", "same-origin");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Sends a form as our own pages do.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(path)
            .header(header::ORIGIN, &self.origin)
            .header("sec-fetch-site", "same-origin")
            .header(header::ACCEPT, "text/html")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// Sends a form of this page, with the tokens that are hidden in it.
    pub(crate) async fn post_form(&mut self, page: &Reply, path: &str, fields: &[(&str, &str)]) -> Reply {
        let hidden = ["csrf", "tx"].map(|name| (name, page.field(name)));
        let hidden = hidden.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
        let reply = self.post(path, &hidden.chain(fields.iter().copied()).collect::<Vec<_>>()).await;
        match self.office_key.clone() {
            Some(key) if reply.asks_to_sign() => self.post_signed(&reply, &key).await,
            _ => reply,
        }
    }

    /// Sends the page that asks for a signature, as its script does with this key.
    pub(crate) async fn post_signed(&mut self, page: &Reply, key: &OfficeKey) -> Reply {
        let id = key.public().id().to_string();
        let signature = key.sign(&page.to_sign(&id)).unwrap().to_string();
        self.post_signature(page, &id, &signature).await
    }

    /// Sends that page with whatever is to pass for a signature.
    pub(crate) async fn post_signature(&mut self, page: &Reply, key: &str, signature: &str) -> Reply {
        let kept = SIGNED_WITH.map(|name| (name, page.field(name)));
        let kept = kept.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
        let sent: Vec<_> = kept.chain([("key", key), ("signature", signature)]).collect();
        self.post(&page.attribute("action"), &sent).await
    }

    /// Sends JSON as the script of this page does.
    pub(crate) async fn post_json(&mut self, page: &Reply, path: &str, body: &serde_json::Value) -> Reply {
        let request = Request::post(path)
            .header(header::ORIGIN, &self.origin)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-csrf-token", page.field("csrf").unwrap_or_default());
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// Sends anything, with the cookies and, unless there is one, the right `Host`.
    pub(crate) async fn send(&mut self, request: Request<Body>) -> Reply {
        let reply = self.send_to_broken(request).await;
        assert_ne!(reply.status, StatusCode::INTERNAL_SERVER_ERROR, "{}", reply.text());
        reply
    }

    /// The same to a service that a test broke, which may say so.
    pub(crate) async fn send_to_broken(&mut self, mut request: Request<Body>) -> Reply {
        let host = HeaderValue::from_str(self.origin.split_once("://").unwrap().1).unwrap();
        request.headers_mut().entry(header::HOST).or_insert(host);
        if !self.cookies.is_empty() {
            let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request.headers_mut().insert(header::COOKIE, pairs.join("; ").parse().unwrap());
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        for cookie in headers.get_all(header::SET_COOKIE) {
            self.keep(cookie.to_str().unwrap());
        }
        let reply = Reply { status, headers, body: to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec() };
        reply.check(self.origin.starts_with("https:"));
        reply
    }

    /// Begins a session of this citizen, as after a sign-in with a passkey.
    pub(crate) fn hold_session(&mut self, token: &str) {
        let host = if self.origin.starts_with("https:") { "__Host-" } else { "" };
        self.cookies.insert(format!("{host}{SESSION_COOKIE}"), token.to_owned());
    }

    pub(crate) async fn sign_in(&mut self, service: &super::Service, citizen: &Citizen) {
        let session = citizen.begin_session(service).await;
        self.hold_session(session.token.expose());
    }

    fn keep(&mut self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        let https = self.origin.starts_with("https:");
        assert_eq!(name.starts_with("__Host-"), https, "{name}");
        for attribute in ["Path=/", "HttpOnly", "SameSite=Lax", "Secure"].into_iter().take(if https { 4 } else { 3 }) {
            assert!(attributes.split("; ").any(|given| given.trim() == attribute), "{cookie}");
        }
        if attributes.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

impl Reply {
    /// What holds for every answer, whatever the request.
    fn check(&self, https: bool) {
        assert_eq!(self.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(self.headers[header::X_FRAME_OPTIONS], "DENY");
        assert!(self.headers.contains_key(header::CONTENT_SECURITY_POLICY));
        assert_eq!(self.headers.contains_key(header::STRICT_TRANSPORT_SECURITY), https);
        assert!(self.headers.contains_key(header::CACHE_CONTROL));
        assert!(self.body.len() < 50_000, "{} bytes", self.body.len());
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn location(&self) -> Option<&str> {
        self.header(header::LOCATION)
    }

    /// The value of a hidden field.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let text = self.text();
        let (_, rest) = text.split_once(&format!("name=\"{name}\" value=\""))?;
        Some(unescaped(rest.split_once('"')?.0))
    }

    /// Whether the script of this page signs for an office.
    pub(crate) fn asks_to_sign(&self) -> bool {
        String::from_utf8_lossy(&self.body).contains(" data-sign-before=\"")
    }

    /// What it signs with the key of this id.
    pub(crate) fn to_sign(&self, key: &str) -> Vec<u8> {
        let before = BASE64URL_NOPAD.decode(self.attribute("data-sign-before").as_bytes()).unwrap();
        [before, key.as_bytes().to_vec(), self.attribute("data-sign-after").into_bytes()].concat()
    }

    /// An attribute of the form that is signed.
    fn attribute(&self, name: &str) -> String {
        let text = self.text();
        let form = text.split_once(" id=\"sign\"").map(|(before, after)| (before.rsplit_once('<').unwrap().1, after));
        let (before, after) = form.unwrap_or_else(|| panic!("nothing to sign: {text}"));
        let form = format!("{before} {}", after.split_once('>').unwrap().0);
        unescaped(form.split_once(&format!("{name}=\"")).unwrap().1.split_once('"').unwrap().0)
    }

    /// The `error` of an answer in JSON, with its status.
    pub(crate) fn error(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["error"].as_str().unwrap_or_default().to_owned())
    }

    /// A page of our own that tells an error: 400, and no way to anywhere.
    pub(crate) fn assert_error_page(&self, what: &str) {
        assert_eq!((self.status, self.location()), (StatusCode::BAD_REQUEST, None), "{what}");
        assert!(self.text().contains("<h1"), "{what}");
        assert!(!self.text().contains("http-equiv"), "{what}");
    }
}

/// What the page that is signed sends back, with every field of an entry.
const SIGNED_WITH: [&str; 15] = [
    "csrf",
    "tx",
    "unsigned",
    "family_name",
    "married_name",
    "given_names",
    "birth_date",
    "sex",
    "commune",
    "commune_code",
    "document_kind",
    "document_number",
    "agent_until",
    "elected_until",
    "animator_until",
];

fn unescaped(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#34;", "\""), ("&#38;", "&"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

/// A request of software, which has no cookies and asks for no page.
pub(crate) fn machine_post(path: &str, authorization: Option<&str>, body: String) -> Request<Body> {
    let mut request = Request::builder().method(Method::POST).uri(path);
    request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some(authorization) = authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    request.body(Body::from(body)).unwrap()
}
