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

/// Sets the headers on an answer. A `Cache-Control` the handler chose stays; without one, nothing is kept anywhere.
pub fn secure(response: &mut Response, https: bool) {
    let policy = match response.extensions_mut().remove::<FormTargets>() {
        None => HeaderValue::from_static(POLICY),
        Some(targets) => policy_with(&targets.0),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    for (name, value) in FIXED {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if https {
        headers
            .insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000; includeSubDomains"));
    }
}

fn policy_with(targets: &[String]) -> HeaderValue {
    let mut sources = String::new();
    for target in targets.iter().filter(|target| is_origin(target)) {
        sources.push(' ');
        sources.push_str(target);
    }
    HeaderValue::from_str(&POLICY.replace("form-action 'self'", &format!("form-action 'self'{sources}")))
        .unwrap_or(HeaderValue::from_static(POLICY))
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

const FIXED: [(HeaderName, &str); 7] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), \
         publickey-credentials-create=(self), publickey-credentials-get=(self)",
    ),
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
