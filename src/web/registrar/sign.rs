//! The step in which the officer's browser signs for the office (`office.js`), between the form and what comes of it.
//!
//! The private key is in that browser and nowhere else. The page sends itself as soon as it has signed; what was typed is in it
//! once more, so that a browser without a key loses nothing.

use askama::Template;
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;

use super::{counter::Counter, entry::Entry};
use crate::{
    http::{Page, form::SafeFields},
    proofing::{AFTER_KEY, Signed},
};

#[derive(Template)]
#[template(path = "web/registrar/sign.html", config = "src/askama.toml")]
struct Sign<'a> {
    page: &'a Page,
    action: &'static str,
    office: String,
    /// The message around the id of the key.
    before: String,
    after: &'static str,
    sealed: &'a str,
    unsigned: String,
    entry: &'a Entry<'a>,
}

/// Asks the browser to sign, and to come back to `action`. `sealed` goes round with it.
pub(super) fn page(
    counter: &Counter,
    action: &'static str,
    sealed: &str,
    (unsigned, before): (String, &[u8]),
    entry: &Entry<'_>,
) -> Response {
    let (page, office) = (&counter.page, counter.office.id.encode());
    let before = BASE64URL_NOPAD.encode(before);
    page.render(&Sign { page, action, office, before, after: AFTER_KEY, sealed, unsigned, entry })
}

/// What the browser has signed; None when it sent no such thing.
pub(super) fn signed(fields: &SafeFields) -> Option<Signed> {
    let key = fields.one("key")?.parse().ok()?;
    let signature = fields.one("signature")?.parse().ok()?;
    Some(Signed { key, signature })
}
