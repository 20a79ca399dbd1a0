//! The end of a session, as the browser sees it.

use askama::Template;
use axum::{
    http::{HeaderValue, header},
    response::Response,
};
use url::Url;

use crate::http::{Page, headers::FrameSources, site::SESSION_COOKIE};

#[derive(Template)]
#[template(path = "web/shared/signed_out.html", config = "src/askama.toml")]
struct SignedOut<'a> {
    page: &'a Page,
    /// Pages of forums, which end their own sessions when they are loaded (OpenID Connect Front-Channel Logout §2).
    frames: &'a [String],
    /// Where the browser goes when they have had time for it.
    onward: Option<&'a str>,
}

/// Forgets the cookie, has the browser load what forums have to hear from it, and goes back where that is allowed: at once
/// when nothing is to be loaded.
pub fn signed_out(mut page: Page, frames: &[String], return_to: Option<&str>) -> Response {
    page.member = None;
    let mut response = match return_to {
        Some(address) if frames.is_empty() => page.see_other(address),
        onward => {
            let mut response = page.render(&SignedOut { page: &page, frames, onward });
            let refresh =
                onward.and_then(|onward| HeaderValue::from_str(&format!("{TIME_TO_LOAD}; url={onward}")).ok());
            if let Some(refresh) = refresh {
                response.headers_mut().insert(header::REFRESH, refresh);
            }
            response
        }
    };
    if !frames.is_empty() {
        let origins = frames.iter().filter_map(|frame| Url::parse(frame).ok());
        let mut origins: Vec<_> = origins.map(|frame| frame.origin().ascii_serialization()).collect();
        origins.sort();
        origins.dedup();
        response.extensions_mut().insert(FrameSources(origins));
    }
    if let Some(cookie) = page.site().clear_cookie(SESSION_COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Seconds that frames have to load, where no script tells that they have.
const TIME_TO_LOAD: u32 = 4;
