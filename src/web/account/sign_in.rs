//! Signing in, by passkey or passphrase, and signing out.

use askama::Template;
use axum::{
    Json,
    extract::Query,
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use crate::{
    accounts::{Accounts, Error, NewSession},
    http::{Page, Problem, SafeForm, form::SafeJson, site::SESSION_COOKIE},
    web::{
        Destination, Destinations, Farewells,
        shared::{Device, Reader, Return, browser_tag, problem, refused, signed_out},
    },
};

#[derive(Template)]
#[template(path = "web/account/sign_in.html", config = "src/askama.toml")]
struct SignIn<'a> {
    page: &'a Page,
    /// The forum that it goes on to.
    forum: Option<&'a Destination>,
    back: &'a str,
    /// Somebody is signed in and has to prove to be there.
    again: bool,
    login: &'a str,
    problem: Option<&'a Problem>,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(rename = "return")]
    back: Option<Return>,
}

#[derive(Deserialize)]
pub(super) struct Proof {
    credential: String,
    #[serde(rename = "return", default)]
    back: Return,
}

#[derive(Deserialize)]
pub(super) struct Typed {
    login: String,
    passphrase: String,
    #[serde(rename = "return", default)]
    back: Return,
}

/// A form or body that says nothing but that it was sent.
#[derive(Deserialize)]
pub(super) struct Nothing {}

pub(super) async fn form(
    accounts: Accounts,
    destinations: Destinations,
    Reader { page, signed_in }: Reader,
    Query(asked): Query<Asked>,
) -> Response {
    match (signed_in, asked.back) {
        (Some(signed_in), None) => page.see_other(&Return::default().path(&accounts, &signed_in)),
        (signed_in, back) => {
            let back = back.unwrap_or_default();
            let (page, forum) = destinations.of(page, back.under_way()).await;
            let (forum, again) = (forum.as_ref(), signed_in.is_some());
            page.render(&SignIn { page: &page, forum, back: &back.0, again, login: "", problem: None })
        }
    }
}

/// What the browser asks the device.
pub(super) async fn options(
    accounts: Accounts,
    Reader { page, signed_in }: Reader,
    SafeJson(Nothing {}): SafeJson<Nothing>,
) -> Result<Response, Problem> {
    let options = accounts.start_sign_in(signed_in.as_ref(), browser_tag(&page)).await.map_err(problem)?;
    Ok(Json(options).into_response())
}

pub(super) async fn by_passkey(
    accounts: Accounts,
    destinations: Destinations,
    Reader { page, signed_in }: Reader,
    Device(device): Device,
    SafeForm(proof): SafeForm<Proof>,
) -> Response {
    let browser = browser_tag(&page);
    let begun = accounts.sign_in_with_passkey(&proof.credential, browser, &device, signed_in.as_ref()).await;
    let tried = Tried { again: signed_in.is_some(), back: &proof.back, login: "" };
    outcome(&accounts, &destinations, page, tried, begun).await
}

pub(super) async fn by_passphrase(
    accounts: Accounts,
    destinations: Destinations,
    Reader { page, signed_in }: Reader,
    Device(device): Device,
    SafeForm(typed): SafeForm<Typed>,
) -> Response {
    let begun = accounts.sign_in_with_passphrase(&typed.login, &typed.passphrase, &device, signed_in.as_ref()).await;
    let tried = Tried { again: signed_in.is_some(), back: &typed.back, login: &typed.login };
    outcome(&accounts, &destinations, page, tried, begun).await
}

pub(super) async fn sign_out(
    accounts: Accounts,
    farewells: Farewells,
    Reader { page, signed_in }: Reader,
    SafeForm(Nothing {}): SafeForm<Nothing>,
) -> Result<Response, Problem> {
    let frames = match signed_in {
        Some(signed_in) => farewells.tell(accounts.sign_out(&signed_in).await.map_err(problem)?).await,
        None => Vec::new(),
    };
    Ok(signed_out(page, &frames, None))
}

/// What a form of this page said, to show it once more.
struct Tried<'a> {
    again: bool,
    back: &'a Return,
    login: &'a str,
}

async fn outcome(
    accounts: &Accounts,
    destinations: &Destinations,
    page: Page,
    Tried { again, back, login }: Tried<'_>,
    begun: Result<NewSession, Error>,
) -> Response {
    match begun {
        Ok(session) => signed_in_to(&page, &session, &back.path(accounts, &session.signed_in)),
        Err(error) => {
            let problem = problem(error);
            let (page, forum) = destinations.of(page, back.under_way()).await;
            let shown =
                SignIn { page: &page, forum: forum.as_ref(), back: &back.0, again, login, problem: Some(&problem) };
            refused(&page, &problem, &shown)
        }
    }
}

/// Gives the browser its session, and goes on.
pub(super) fn signed_in_to(page: &Page, session: &NewSession, path: &str) -> Response {
    let mut response = page.see_other(path);
    if let Some(cookie) = page.site().set_cookie(SESSION_COOKIE, session.token.expose(), None) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
