//! Forms that only our own pages can send.
//!
//! Two independent proofs, both needed: a token in the form, keyed to the browser's secret and its session, and the
//! browser's own word (`Origin`, `Sec-Fetch-Site`) that the request comes from this site. The token is checked always; the
//! browser's word whenever it is given. Works without script.

use std::{collections::HashSet, fmt, sync::Arc};

use axum::{
    Form, Json,
    body::Body,
    extract::{FromRequest, Request},
    http::{HeaderMap, Method, StatusCode, header},
};
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, LengthLimitError};
use serde::de::DeserializeOwned;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use super::{
    problem::Problem,
    site::{BROWSER_COOKIE, SESSION_COOKIE, Site},
};

/// The fields of a form sent by one of our pages (`application/x-www-form-urlencoded`, at most 100 fields, none twice).
#[derive(Debug)]
pub struct SafeForm<T>(pub T);

/// A form that holds what somebody took time to write. If its token is of another session or secret of this browser (they
/// signed in or out meanwhile), it is handed over all the same, so that it can be shown again: with a new token, to be
/// sent once more. The browser itself has to say that it comes from our page; otherwise it is refused like any other.
#[derive(Debug)]
pub struct KeptForm<T> {
    pub form: T,
    /// Whether it may be acted upon; when not, it may only be shown.
    pub fresh: bool,
}

/// The fields of a form in which some may come several times, such as a group of check boxes. Wiped when dropped, and
/// shows nothing of itself: what is typed at a counter comes this way.
pub struct SafeFields(Vec<(String, String)>);

/// A JSON body sent by script of one of our pages, with the form token in the header `X-CSRF-Token`.
#[derive(Debug)]
pub struct SafeJson<T>(pub T);

impl SafeFields {
    /// The value of a field that comes at most once.
    pub fn one(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        values.next().filter(|_| values.next().is_none())
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of a field that comes at most once, which is no longer among them then: no second copy of it is left.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let mut places = (0..self.0.len()).filter(|at| self.0.get(*at).is_some_and(|(key, _)| key == name));
        let (Some(at), None) = (places.next(), places.next()) else { return None };
        Some(self.0.remove(at).1)
    }
}

impl Drop for SafeFields {
    fn drop(&mut self) {
        for (_, value) in &mut self.0 {
            value.zeroize();
        }
    }
}

impl fmt::Debug for SafeFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SafeFields({})", self.0.len())
    }
}

impl<S: Send + Sync> FromRequest<S> for SafeFields {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        fields(request).await.map(Self)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for SafeForm<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        parsed(&fields(request).await?).await.map(Self)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for KeptForm<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let vouched = request.headers().contains_key(header::ORIGIN);
        let (fields, verdict) = checked_fields(request).await?;
        let fresh = match verdict {
            Ok(()) => true,
            Err(problem) if vouched && problem.name() == EXPIRED => false,
            Err(problem) => return Err(problem),
        };
        Ok(Self { form: parsed(&fields).await?, fresh })
    }
}

/// The fields as a type that names each once.
async fn parsed<T: DeserializeOwned>(fields: &[(String, String)]) -> Result<T, Problem> {
    let mut seen = HashSet::new();
    if !fields.iter().all(|(name, _)| seen.insert(name)) {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "form-doubled"));
    }
    let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = Request::builder()
        .method(Method::POST)
        .header(header::CONTENT_TYPE, URLENCODED)
        .body(Body::from(text))
        .map_err(Problem::internal)?;
    match Form::from_request(request, &()).await {
        Ok(Form(value)) => Ok(value),
        Err(_) => Err(Problem::new(StatusCode::BAD_REQUEST, "form-incomplete")),
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for SafeJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let headers = request.headers();
        if !has_media_type(headers, "application/json") {
            return Err(Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let site = site(&request)?;
        let token = headers.get("x-csrf-token").and_then(|value| value.to_str().ok());
        check(&site, headers, token)?;
        match Json::from_bytes(&body(request).await?) {
            Ok(Json(value)) => Ok(Self(value)),
            Err(_) => Err(Problem::of_status(StatusCode::BAD_REQUEST)),
        }
    }
}

/// Reads, checks and strips the token off a form.
async fn fields(request: Request) -> Result<Vec<(String, String)>, Problem> {
    let (fields, verdict) = checked_fields(request).await?;
    verdict.map(|()| fields)
}

/// The fields without the token, and what the check of the token says.
async fn checked_fields(request: Request) -> Result<(Vec<(String, String)>, Result<(), Problem>), Problem> {
    if request.method() != Method::POST {
        return Err(Problem::of_status(StatusCode::METHOD_NOT_ALLOWED));
    }
    if !has_media_type(request.headers(), URLENCODED) {
        return Err(Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let site = site(&request)?;
    let headers = request.headers().clone();
    let bytes = Zeroizing::new(body(request).await?);
    let mut fields = parse(&bytes).ok_or_else(|| Problem::of_status(StatusCode::BAD_REQUEST))?;
    let mut tokens = Vec::new();
    fields.retain(|(name, value)| {
        name != "csrf" || {
            tokens.push(value.clone());
            false
        }
    });
    let token = tokens.pop().filter(|_| tokens.is_empty());
    Ok((fields, check(&site, &headers, token.as_deref())))
}

/// Pairs of a form, or `None` when there are too many or one is not UTF-8.
fn parse(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    if bytes.split(|byte| *byte == b'&').count() > MAX_FIELDS {
        return None;
    }
    let pairs: Vec<(String, String)> = form_urlencoded::parse(bytes).into_owned().collect();
    // The decoder puts U+FFFD in place of what is not UTF-8; a person's text with one in it is no text either.
    let sound = |text: &String| !text.contains(['\u{fffd}', '\0']);
    pairs.iter().all(|(name, value)| sound(name) && sound(value)).then_some(pairs)
}

async fn body(request: Request) -> Result<Vec<u8>, Problem> {
    match http_body_util::Limited::new(request.into_body(), MAX_BODY).collect().await {
        Ok(body) => Ok(body.to_bytes().into()),
        Err(error) if caused_by_length(error.as_ref()) => Err(Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE)),
        Err(_) => Err(Problem::of_status(StatusCode::BAD_REQUEST)),
    }
}

fn caused_by_length(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(<dyn std::error::Error>::is::<LengthLimitError>)
}

fn site(request: &Request) -> Result<Arc<Site>, Problem> {
    request.extensions().get().cloned().ok_or_else(|| Problem::internal("the router is not inside the shell"))
}

fn has_media_type(headers: &HeaderMap, expected: &str) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = given.split(';').map(str::trim);
    let essence = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case(expected));
    essence
        && parts.all(|parameter| {
            !parameter.to_ascii_lowercase().starts_with("charset=") || parameter.to_ascii_lowercase().ends_with("utf-8")
        })
}

/// Refuses with status 403 what one of our pages, in this browser and session, has not sent.
pub fn check(site: &Site, headers: &HeaderMap, token: Option<&str>) -> Result<(), Problem> {
    let refused = |reason: &'static str| {
        tracing::warn!(reason, "form refused");
        Problem::new(StatusCode::FORBIDDEN, "form-origin")
    };
    let mut origins = headers.get_all(header::ORIGIN).iter();
    if origins.next().is_some_and(|origin| origin.as_bytes() != site.origin().as_bytes()) || origins.next().is_some() {
        return Err(refused("another origin"));
    }
    if headers.get("sec-fetch-site").is_some_and(|fetched| fetched != "same-origin") {
        return Err(refused("another site"));
    }
    let guard = Guard::of_request(site, headers);
    if !token.is_some_and(|token| guard.accepts(site, token)) {
        return Err(Problem::new(StatusCode::FORBIDDEN, EXPIRED));
    }
    Ok(())
}

/// What ties a form to a browser: a random secret in a cookie of its own, there before anybody signs in, and the session.
#[derive(Debug)]
pub(super) struct Guard {
    browser: String,
    fresh: bool,
    session: Option<String>,
}

impl Guard {
    pub(super) fn of_request(site: &Site, headers: &HeaderMap) -> Self {
        let session = site.cookie(headers, SESSION_COOKIE).map(str::to_owned);
        match site.cookie(headers, BROWSER_COOKIE).filter(|secret| secret.len() == SECRET_CHARS) {
            Some(secret) => Self { browser: secret.to_owned(), fresh: false, session },
            None => Self { browser: BASE64URL_NOPAD.encode(&site.random::<32>()), fresh: true, session },
        }
    }

    pub(super) fn secret(&self) -> &str {
        &self.browser
    }

    /// The secret, when the browser does not have it yet.
    pub(super) fn fresh_secret(&self) -> Option<&str> {
        self.fresh.then_some(&self.browser)
    }

    pub(super) fn token(&self, site: &Site) -> String {
        BASE64URL_NOPAD.encode(&self.mac(site).finalize().into_bytes())
    }

    fn accepts(&self, site: &Site, token: &str) -> bool {
        let given = BASE64URL_NOPAD.decode(token.as_bytes()).unwrap_or_default();
        !self.fresh && self.mac(site).verify_slice(&given).is_ok()
    }

    fn mac(&self, site: &Site) -> Hmac<Sha256> {
        // HMAC fills a short key up with zeros to its block of 64 bytes.
        let mut block = [0; 64];
        let (key, _) = block.split_at_mut(site.form_key.len());
        key.copy_from_slice(&site.form_key);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(b"form/v1");
        for part in [self.browser.as_str(), self.session.as_deref().unwrap_or_default()] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac
    }
}

/// The problem of a form whose token is not of this browser and session.
const EXPIRED: &str = "form-expired";
const URLENCODED: &str = "application/x-www-form-urlencoded";
const MAX_FIELDS: usize = 100;
const MAX_BODY: usize = 64 * 1024;
/// 32 bytes in base64url.
const SECRET_CHARS: usize = 43;

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::http::site::tests::site;

    const ORIGIN: &str = "http://localhost:8400";

    fn browser(secret: &str, session: &str) -> HeaderMap {
        let cookie = format!("browser={}; session={session}", secret.repeat(SECRET_CHARS));
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(&cookie).unwrap())])
    }

    fn verdict(
        sender: &HeaderMap,
        page: &HeaderMap,
        extra: &[(&'static str, &'static str)],
    ) -> Result<(), &'static str> {
        let site = site(ORIGIN);
        let token = Guard::of_request(&site, page).token(&site);
        let mut headers = sender.clone();
        for (name, value) in extra {
            headers.append(*name, HeaderValue::from_static(value));
        }
        check(&site, &headers, Some(&token)).map_err(|problem| problem.name())
    }

    #[test]
    fn a_form_of_this_browser_and_session_passes() {
        let me = browser("a", "1");
        assert_eq!(verdict(&me, &me, &[]), Ok(()));
        assert_eq!(verdict(&me, &me, &[("origin", ORIGIN), ("sec-fetch-site", "same-origin")]), Ok(()));
    }

    #[test]
    fn the_token_of_another_browser_or_session_is_refused() {
        assert_eq!(verdict(&browser("a", "1"), &browser("b", "1"), &[]), Err("form-expired"));
        assert_eq!(verdict(&browser("a", "1"), &browser("a", "2"), &[]), Err("form-expired"));
        assert_eq!(verdict(&HeaderMap::new(), &HeaderMap::new(), &[]), Err("form-expired"), "no cookie at all");
        let site = site(ORIGIN);
        for token in [None, Some(""), Some("AAAA"), Some("é")] {
            assert!(check(&site, &browser("a", "1"), token).is_err());
        }
    }

    #[test]
    fn what_the_browser_says_of_another_site_is_believed() {
        let me = browser("a", "1");
        for (name, value) in [
            ("origin", "null"),
            ("origin", "http://localhost:8401"),
            ("origin", "https://evil.example"),
            ("origin", "http://localhost:8400.evil.example"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "none"),
        ] {
            assert_eq!(verdict(&me, &me, &[(name, value)]), Err("form-origin"), "{name}: {value}");
        }
        assert_eq!(verdict(&me, &me, &[("origin", ORIGIN), ("origin", ORIGIN)]), Err("form-origin"));
    }

    #[test]
    fn too_many_fields_and_text_that_is_not_text_are_refused() {
        assert_eq!(parse(b"a=1&b=%C3%A9").unwrap(), [("a".into(), "1".into()), ("b".into(), "é".to_owned())]);
        assert!(parse("a=1&".repeat(99).as_bytes()).is_some());
        assert!(parse("a=1&".repeat(100).as_bytes()).is_none());
        assert!(parse(b"a=%ff").is_none() && parse(b"a=%00").is_none() && parse(b"a=%c0%af").is_none());
    }

    #[test]
    fn a_field_is_taken_once_and_never_one_of_two() {
        let fields = [("a", "1"), ("b", "2"), ("b", "3")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut fields = SafeFields(fields.to_vec());
        assert_eq!((fields.take("a").as_deref(), fields.take("a"), fields.take("b")), (Some("1"), None, None));
        assert_eq!(format!("{fields:?}"), "SafeFields(2)");
    }

    #[test]
    fn only_utf8_forms_are_read() {
        let typed = |value: &str| {
            has_media_type(&HeaderMap::from_iter([(header::CONTENT_TYPE, value.parse().unwrap())]), URLENCODED)
        };
        assert!(
            typed("application/x-www-form-urlencoded") && typed("Application/X-WWW-Form-Urlencoded; charset=UTF-8")
        );
        assert!(!typed("application/x-www-form-urlencoded; charset=utf-16") && !typed("multipart/form-data"));
        assert!(!has_media_type(&HeaderMap::new(), URLENCODED));
    }
}
