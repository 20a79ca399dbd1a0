//! What surrounds every request: the right host, a known method, a bound on time, and an answer that is safe to send,
//! whatever the handler did.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use askama::Template;
use axum::{
    Extension, Router,
    body::Body,
    extract::{Query, Request},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing,
};
use flate2::Compression;
use futures_util::FutureExt;
use http_body_util::BodyExt;
use serde::Deserialize;

use super::{
    assets, headers,
    locale::Lang,
    page::Page,
    problem::Problem,
    server::BodyWatch,
    site::{LANG_COOKIE, Site},
};

/// Puts a router inside the shell: adds `/assets/…` and `/lang`, a page for what is not found, and the checks and headers
/// of this module around everything. Call it last, once per site.
pub fn shell(router: Router, site: Arc<Site>) -> Router {
    router
        .merge(assets::routes())
        .route("/lang", routing::get(switch_language))
        .fallback(async || Problem::not_found())
        .layer(middleware::from_fn(move |request: Request, next: Next| guard(site.clone(), request, next)))
}

async fn guard(site: Arc<Site>, mut request: Request, next: Next) -> Response {
    let reader = Reader::of(&request);
    let watch = request.extensions().get::<BodyWatch>().cloned();
    request.extensions_mut().insert(site.clone());
    let mut response = match admit(&site, &request) {
        Ok(()) => run(request, next).await,
        Err(problem) => problem.into_response(),
    };
    if watch.is_some_and(|watch| watch.timed_out()) {
        response = Problem::of_status(StatusCode::REQUEST_TIMEOUT).into_response();
    }
    if response.status().is_client_error() || response.status().is_server_error() {
        response = reader.explain(&site, response);
    }
    headers::secure(&mut response, site.https());
    if reader.takes_gzip { compress(response).await } else { response }
}

/// Refuses what is not meant for this site before any handler sees it.
fn admit(site: &Site, request: &Request) -> Result<(), Problem> {
    if !KNOWN_METHODS.contains(request.method()) {
        return Err(Problem::of_status(StatusCode::METHOD_NOT_ALLOWED));
    }
    // RFC 9112 §3.2.2: in an absolute-form request the target's authority counts, not the Host header; here both must fit.
    let header = request.headers().get(header::HOST).map(|host| host.to_str().unwrap_or_default());
    let authority = request.uri().authority().map(axum::http::uri::Authority::as_str);
    if ![header, authority].into_iter().flatten().all(|host| site.is_host(host)) || (header, authority) == (None, None)
    {
        return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, "other-host").arg("origin", site.origin()));
    }
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| length > MAX_BODY) {
        return Err(Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE));
    }
    if request.headers().contains_key(header::CONTENT_ENCODING) {
        return Err(Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    Ok(())
}

/// Runs the handler; a panic or a handler that does not end becomes an answer like any other.
async fn run(request: Request, next: Next) -> Response {
    let handler = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(HANDLER_TIME, handler).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => Problem::internal("a handler panicked").into_response(),
        Err(_) => Problem::unavailable("a handler took too long").into_response(),
    }
}

/// What is kept of a request to say, in the reader's language, what went wrong with it. Taking it copies no text.
struct Reader {
    accept: Option<HeaderValue>,
    language: Option<HeaderValue>,
    cookies: Vec<HeaderValue>,
    method: Method,
    uri: Uri,
    takes_gzip: bool,
}

impl Reader {
    fn of(request: &Request) -> Self {
        let headers = request.headers();
        Self {
            accept: headers.get(header::ACCEPT).cloned(),
            language: headers.get(header::ACCEPT_LANGUAGE).cloned(),
            cookies: headers.get_all(header::COOKIE).iter().cloned().collect(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            takes_gzip: assets::accepts_gzip(headers),
        }
    }

    fn takes_html(&self) -> bool {
        self.accept.as_ref().and_then(|value| value.to_str().ok()).is_some_and(|types| types.contains("text/html"))
    }

    fn page(&self, site: &Arc<Site>) -> Page {
        let mut headers = HeaderMap::new();
        if let Some(language) = &self.language {
            headers.insert(header::ACCEPT_LANGUAGE, language.clone());
        }
        for cookie in &self.cookies {
            headers.append(header::COOKIE, cookie.clone());
        }
        Page::of_request(site.clone(), &headers, &self.method, &self.uri)
    }

    /// Turns a failed answer that explains nothing into one that does.
    fn explain(&self, site: &Arc<Site>, mut response: Response) -> Response {
        let status = response.status();
        let problem = match response.extensions_mut().remove::<Problem>() {
            Some(problem) => problem,
            None if is_bare(&response) => Problem::of_status(status),
            None => return response,
        };
        let id = status.is_server_error().then(|| error_id(site));
        if let Some(id) = &id {
            tracing::error!(error_id = %id, cause = problem.cause().unwrap_or("unknown"), "request failed");
        }
        let reader = self.page(site);
        let mut page = if self.takes_html() {
            reader.render_as(status, &ErrorPage { page: &reader, problem: &problem, id })
        } else {
            (status, format!("{}. {}\n", problem.title(&reader), problem.text(&reader))).into_response()
        };
        for name in [header::ALLOW, header::RETRY_AFTER, header::WWW_AUTHENTICATE] {
            if let Some(value) = response.headers_mut().remove(&name) {
                page.headers_mut().insert(name, value);
            }
        }
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            page.headers_mut().append(header::SET_COOKIE, cookie.clone());
        }
        page
    }
}

/// An answer of the framework itself: a status with no body, or with a line of its own.
fn is_bare(response: &Response) -> bool {
    let media_type = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    media_type.is_none_or(|media_type| media_type.starts_with(b"text/plain"))
}

/// Eight letters and digits: enough to find a line of the log, short enough to read out on the telephone.
fn error_id(site: &Site) -> String {
    data_encoding::BASE32_NOPAD.encode(&site.random::<5>())
}

#[derive(Template)]
#[template(path = "http/templates/error.html", config = "src/askama.toml")]
struct ErrorPage<'a> {
    page: &'a Page,
    problem: &'a Problem,
    id: Option<String>,
}

/// Compresses text that is the same for everybody. What must not be stored may hold a secret beside something a stranger
/// chose, and its compressed length would tell the secret (BREACH): it goes out as it is.
async fn compress(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_text = COMPRESSIBLE.iter().any(|start| text(header::CONTENT_TYPE).starts_with(start));
    let size = axum::body::HttpBody::size_hint(&body).exact().unwrap_or(0);
    let secret = text(header::CACHE_CONTROL).contains("no-store");
    if !is_text
        || secret
        || !(1_024..=MAX_ZIPPED).contains(&size)
        || parts.headers.contains_key(header::CONTENT_ENCODING)
    {
        return Response::from_parts(parts, body);
    }
    let Ok(content) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
        return Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR).into_response();
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts.headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    Response::from_parts(parts, Body::from(assets::gzip(&content, Compression::fast())))
}

#[derive(Deserialize)]
struct Switch {
    to: String,
    #[serde(default)]
    back: String,
}

/// `GET /lang?to=fr&back=/path`: remembers the language and goes back to where the reader was.
async fn switch_language(Extension(site): Extension<Arc<Site>>, Query(switch): Query<Switch>) -> Response {
    let Some(lang) = Lang::pick(&switch.to) else { return Problem::not_found().into_response() };
    let back = if is_own_path(&switch.back) { switch.back.as_str() } else { "/" };
    let Ok(location) = HeaderValue::from_str(back) else { return Problem::not_found().into_response() };
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response();
    if let Some(cookie) = site.set_cookie(LANG_COOKIE, lang.tag(), Some(YEAR)) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// A path on this site and nothing a browser could read as another address.
fn is_own_path(path: &str) -> bool {
    let mut bytes = path.bytes();
    bytes.next() == Some(b'/')
        && !matches!(bytes.next(), Some(b'/' | b'\\'))
        && path.len() <= 4_096
        && path.bytes().all(|byte| (0x21..=0x7e).contains(&byte) && byte != b'\\')
}

const KNOWN_METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
const COMPRESSIBLE: [&str; 4] = ["text/", "application/json", "application/javascript", "image/svg+xml"];
const MAX_ZIPPED: u64 = 1 << 20;
const MAX_BODY: u64 = 64 * 1024;
const HANDLER_TIME: Duration = Duration::from_secs(30);
const YEAR: Duration = Duration::from_hours(365 * 24);

#[cfg(test)]
mod tests {
    use tower::ServiceExt;

    use super::*;
    use crate::http::{SafeForm, site::tests::site};

    const ORIGIN: &str = "https://id.example";

    #[derive(Deserialize)]
    struct Wish {
        wish: String,
    }

    fn router() -> Router {
        let router = Router::new()
            .route("/panic", routing::get(async || -> &'static str { panic!("planted") }))
            .route("/form", routing::get(async |page: Page| page.csrf()).post(async |form: SafeForm<Wish>| form.0.wish))
            .route("/secret", routing::get(async || "s".repeat(4_000)))
            .route("/public", routing::get(async || ([(header::CACHE_CONTROL, "public")], "p".repeat(4_000))));
        shell(router, site(ORIGIN))
    }

    async fn ask(request: axum::http::request::Builder, body: &'static str) -> (Response<()>, String) {
        let headers = request.headers_ref().unwrap();
        let request =
            if headers.contains_key(header::HOST) { request } else { request.header(header::HOST, "id.example") };
        let response = router().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned();
        for name in ["content-security-policy", "x-content-type-options", "referrer-policy", "cache-control"] {
            assert!(parts.headers.contains_key(name), "{name} on every answer");
        }
        (Response::from_parts(parts, ()), text)
    }

    async fn get(path: &str) -> (Response<()>, String) {
        ask(Request::get(path).header(header::ACCEPT, "text/html"), "").await
    }

    #[tokio::test]
    async fn a_page_that_does_not_exist_says_so_in_the_language_of_the_reader() {
        let (response, text) = get("/nowhere").await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert!(text.starts_with("<!doctype html>") && text.contains("This page does not exist"), "{text}");
        let request = Request::get("/nowhere").header(header::ACCEPT_LANGUAGE, "fr").header(header::ACCEPT, "*/*");
        assert!(ask(request, "").await.1.starts_with("Cette page n’existe pas. "));
    }

    #[tokio::test]
    async fn a_panic_becomes_a_generic_page_with_an_id() {
        let (response, text) = get("/panic").await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(text.contains("BEEQSCIJ") && !text.contains("planted"), "{text}");
    }

    #[tokio::test]
    async fn another_host_gets_no_page_of_ours() {
        for host in ["evil.example", "id.example.evil.example", "id.example:1", ""] {
            let (response, text) = ask(Request::get("/secret").header(header::HOST, host), "").await;
            assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST, "{host}");
            assert!(text.contains(ORIGIN) && !text.contains("evil"), "{text}");
        }
        let absolute = Request::get("http://evil.example/secret").header(header::HOST, "id.example");
        assert_eq!(ask(absolute, "").await.0.status(), StatusCode::MISDIRECTED_REQUEST);
        let forwarded =
            Request::get("/secret").header("x-forwarded-host", "evil.example").header("forwarded", "host=evil");
        assert_eq!(ask(forwarded, "").await.0.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn unknown_methods_and_coded_bodies_are_refused() {
        for method in ["TRACE", "CONNECT", "PROPFIND", "get"] {
            let (response, _) = ask(Request::builder().method(method).uri("/secret"), "").await;
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
        }
        let (response, _) = ask(Request::delete("/secret"), "").await;
        assert_eq!(response.headers()[header::ALLOW], "GET,HEAD");
        let bomb = Request::post("/form").header(header::CONTENT_ENCODING, "gzip");
        assert_eq!(ask(bomb, "").await.0.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
        let preflight =
            Request::builder().method("OPTIONS").uri("/form").header(header::ORIGIN, "https://evil.example");
        let (response, _) = ask(preflight, "").await;
        assert!(response.headers().keys().all(|name| !name.as_str().starts_with("access-control")));
    }

    #[tokio::test]
    async fn a_form_goes_round_with_the_secret_of_the_browser_that_asked_for_it() {
        let (response, token) = get("/form").await;
        assert!(
            response.headers().get(header::SET_COOKIE).is_none(),
            "a token alone, without a rendered page, sets nothing"
        );
        let secret = "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk";
        let send = |body: String| {
            let request = Request::post("/form")
                .header(header::COOKIE, format!("__Host-browser={secret}"))
                .header(header::ORIGIN, ORIGIN)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            async move { ask(request, body.leak()).await }
        };
        let (response, text) = send(format!("csrf={token}&wish=peace")).await;
        assert_eq!((response.status(), text.as_str()), (StatusCode::OK, "peace"));
        for (body, status) in [
            (format!("csrf={token}&wish=a&wish=b"), StatusCode::BAD_REQUEST),
            (format!("csrf={token}&csrf={token}&wish=a"), StatusCode::FORBIDDEN),
            (format!("csrf={token}"), StatusCode::BAD_REQUEST),
            ("csrf=&wish=a".to_owned(), StatusCode::FORBIDDEN),
            ("wish=a".to_owned(), StatusCode::FORBIDDEN),
        ] {
            assert_eq!(send(body.clone()).await.0.status(), status, "{body}");
        }
    }

    #[tokio::test]
    async fn only_what_may_be_stored_is_compressed() {
        let zipped = |path: &'static str| async move {
            let request = Request::get(path).header(header::ACCEPT_ENCODING, "gzip");
            ask(request, "").await.0.headers().contains_key(header::CONTENT_ENCODING)
        };
        assert!(zipped("/public").await);
        assert!(!zipped("/secret").await);
    }

    #[tokio::test]
    async fn the_language_switch_leads_back_to_this_site_and_nowhere_else() {
        let (response, _) = get("/lang?to=fr&back=%2Fprivacy%3Fa%3D1").await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        assert_eq!(response.headers()[header::LOCATION], "/privacy?a=1");
        assert!(response.headers()[header::SET_COOKIE].to_str().unwrap().starts_with("__Host-lang=fr; "));
        for back in ["//evil", "/%5Cevil", "https:evil", "https://evil", "", "evil", "/a%0d%0aLocation:x", "/%09/evil"]
        {
            let (response, _) = get(&format!("/lang?to=fr&back={back}")).await;
            assert_eq!(response.headers()[header::LOCATION], "/", "{back}");
        }
        assert_eq!(get("/lang?to=xx").await.0.status(), StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn an_asset_is_found_under_its_hash_only() {
        let address = site(ORIGIN).asset("style.css").to_owned();
        assert_eq!(get(&address).await.0.status(), StatusCode::OK);
        assert_eq!(get("/assets/0000000000000000/style.css").await.0.status(), StatusCode::NOT_FOUND);
        assert_eq!(get(site(ORIGIN).asset("none.css")).await.0.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn every_problem_named_here_has_its_texts() {
        let texts = site(ORIGIN);
        let statuses = (400..600).filter_map(|code| StatusCode::from_u16(code).ok());
        let named = ["form-expired", "form-origin", "form-incomplete", "form-doubled", "other-host"];
        for name in statuses.map(|status| Problem::of_status(status).name()).chain(named) {
            for part in ["title", "text"] {
                assert!(texts.texts().has(Lang::Fr, &format!("problem-{name}-{part}")), "{name}");
            }
        }
    }
}
