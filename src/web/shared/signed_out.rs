//! The end of a session, as the browser sees it.

use askama::Template;
use axum::{http::header, response::Response};

use crate::http::{Page, site::SESSION_COOKIE};

#[derive(Template)]
#[template(path = "web/shared/signed_out.html", config = "src/askama.toml")]
struct SignedOut<'a> {
    page: &'a Page,
}

/// Forgets the cookie, and goes back where that is allowed.
pub fn signed_out(page: &Page, return_to: Option<&str>) -> Response {
    let mut response = match return_to {
        Some(address) => page.see_other(address),
        None => page.render(&SignedOut { page }),
    };
    if let Some(cookie) = page.site().clear_cookie(SESSION_COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
