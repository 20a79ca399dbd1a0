//! The headers that every answer carries: what a browser may do with it, who may frame it, who may keep it.

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::Response,
};

/// Further origins to which a form on this page may lead, or private-use schemes of native apps (`org.example.app:`,
/// RFC 8252 §7.1). A response extension.
///
/// Browsers apply `form-action` also to the redirect that answers a form, so a page whose form ends at a relying party
/// must name that party's origin, and no page more than its own.
#[derive(Clone, Debug)]
pub struct FormTargets(pub Vec<String>);

/// The origins that a page may show in a frame: none, unless its handler says otherwise. A response extension.
#[derive(Clone, Debug)]
pub struct FrameSources(pub Vec<String>);

/// Sets the headers on an answer. A `Cache-Control` the handler chose stays; without one, nothing is kept anywhere.
pub fn secure(response: &mut Response, https: bool) {
    let targets = response.extensions_mut().remove::<FormTargets>();
    let frames = response.extensions_mut().remove::<FrameSources>();
    let headers = response.headers_mut();
    let is_page = headers.get(header::CONTENT_TYPE).is_some_and(|media| media.as_bytes().starts_with(b"text/html"));
    headers.reserve(FIXED.len() + 3);
    if is_page {
        headers.insert(PERMISSIONS, PERMISSIONS_OF_PAGES.clone());
    }
    let policy = match (targets, frames) {
        (None, None) if is_page => POLICY_OF_PAGES.clone(),
        (None, None) => POLICY_OF_DATA.clone(),
        (targets, frames) => policy_with(
            &targets.map(|targets| targets.0).unwrap_or_default(),
            &frames.map(|frames| frames.0).unwrap_or_default(),
        ),
    };
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    for (name, value) in &FIXED {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, TRANSPORT.clone());
    }
}

fn policy_with(targets: &[String], frames: &[String]) -> HeaderValue {
    let mut policy = POLICY.replace("form-action 'self'", &format!("form-action 'self'{}", sources(targets)));
    let frames = sources(frames);
    if !frames.is_empty() {
        policy.push_str("; frame-src");
        policy.push_str(&frames);
    }
    HeaderValue::from_str(&policy).unwrap_or_else(|_| POLICY_OF_PAGES.clone())
}

fn sources(origins: &[String]) -> String {
    origins.iter().filter(|origin| is_origin(origin)).fold(String::new(), |sources, origin| sources + " " + origin)
}

/// Keeps anything that could end the directive or widen it out of the policy.
fn is_origin(text: &str) -> bool {
    let is_scheme_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '+');
    let private =
        text.strip_suffix(':').is_some_and(|scheme| scheme.contains('.') && scheme.chars().all(is_scheme_char));
    private || url::Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == text)
}

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");

// Made once: checking their bytes anew for each answer would cost more than sending them.
static POLICY_OF_PAGES: HeaderValue = HeaderValue::from_static(POLICY);
static POLICY_OF_DATA: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
static TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=63072000; includeSubDomains");
static PERMISSIONS_OF_PAGES: HeaderValue = HeaderValue::from_static(
    "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), \
     publickey-credentials-create=(self), publickey-credentials-get=(self)",
);
static FIXED: [(HeaderName, HeaderValue); 6] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    fn policy(targets: &[&str]) -> String {
        let mut response = ().into_response();
        response.extensions_mut().insert(FormTargets(targets.iter().map(|target| (*target).to_owned()).collect()));
        secure(&mut response, true);
        response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned()
    }

    #[test]
    fn a_form_may_lead_to_the_origin_its_page_names_and_to_no_other() {
        let policy_of_page = policy(&["https://forum.example", "http://127.0.0.1:8401"]);
        assert!(policy_of_page.contains("form-action 'self' https://forum.example http://127.0.0.1:8401;"));
        assert!(policy(&["org.example.app:"]).contains("form-action 'self' org.example.app:;"));
        for trick in
            ["*", "https://a.example; script-src *", "https://a.example/path", "'unsafe-inline'", "https:", "null"]
        {
            assert!(policy(&[trick]).contains("form-action 'self';"), "{trick}");
        }
    }

    #[test]
    fn a_page_shows_frames_of_the_origins_it_names_and_of_no_other() {
        let frames = |origins: &[&str]| {
            let mut response = axum::response::Html("").into_response();
            response.extensions_mut().insert(FrameSources(origins.iter().map(|origin| (*origin).to_owned()).collect()));
            secure(&mut response, true);
            response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned()
        };
        let policy = frames(&["https://forum.example", "*", "https://b.example/path", "https://c.example:8443"]);
        assert!(policy.ends_with("; frame-src https://forum.example https://c.example:8443"), "{policy}");
        assert!(policy.contains("form-action 'self'; frame-ancestors 'none'"), "{policy}");
        assert!(!frames(&[]).contains("frame-src"), "default-src lets none in");
    }

    #[test]
    fn what_the_handler_decided_about_caching_stays() {
        let mut kept = [(header::CACHE_CONTROL, "public, max-age=60")].into_response();
        secure(&mut kept, false);
        assert_eq!(kept.headers()[header::CACHE_CONTROL], "public, max-age=60");
        assert!(!kept.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));
        let mut bare = ().into_response();
        secure(&mut bare, true);
        assert_eq!(bare.headers()[header::CACHE_CONTROL], "no-store");
        assert!(bare.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));
    }
}
