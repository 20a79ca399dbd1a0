//! The key of this workstation: whether it has one, what has become of it, and how it gets one (`office.js`).

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use data_encoding::BASE64URL_NOPAD;

use super::{counter::Counter, path, problem};
use crate::{
    http::{Page, Problem, form::SafeFields},
    proofing::{OfficeKeyLine, Proofing},
    web::{shared::sign_in_address, store_problem},
    wire::tlog::leaf::RegistrarKey,
};

#[derive(Template)]
#[template(path = "web/registrar/key.html", config = "src/askama.toml")]
struct KeyPage<'a> {
    page: &'a Page,
    office: String,
    keys: Vec<OfficeKeyLine>,
    /// Where to sign in, before a key can be made.
    again: Option<String>,
}

pub(super) async fn show(State(proofing): State<Proofing>, counter: Counter) -> Result<Response, Problem> {
    page(&proofing, &counter).await
}

/// Takes the public key that the browser has made. A session that was left open makes none.
pub(super) async fn send(
    State(proofing): State<Proofing>,
    counter: Counter,
    fields: SafeFields,
) -> Result<Response, Problem> {
    counter.check_sign_in()?;
    let point = fields.one("public").and_then(|text| BASE64URL_NOPAD.decode(text.as_bytes()).ok()).unwrap_or_default();
    let key = RegistrarKey::new(&point).map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "form-incomplete"))?;
    proofing.send_key(counter.by, &key).await.map_err(|error| problem::of_key(&error))?;
    page(&proofing, &counter).await
}

async fn page(proofing: &Proofing, counter: &Counter) -> Result<Response, Problem> {
    let stale = counter.accounts.check_fresh(&counter.signed_in).is_err();
    let template = KeyPage {
        page: &counter.page,
        office: counter.office.id.encode(),
        keys: proofing.keys(counter.office.id).await.map_err(store_problem)?,
        again: stale.then(|| sign_in_address(&counter.accounts, path::KEY)),
    };
    Ok(counter.page.render(&template))
}
