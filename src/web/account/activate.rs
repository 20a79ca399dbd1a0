//! Opening an account with the code of a sheet, or with a recovery code: the code, then what opens the account from now on.

use askama::Template;
use axum::{
    Json,
    extract::Query,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::sign_in::signed_in_to;
use crate::{
    accounts::{Accounts, Error, Grounds, NewSession, Opened, OpenedKind},
    http::{Page, Problem, SafeForm, form::SafeJson},
    web::{
        paths,
        shared::{Device, Reader, Return, browser_tag, problem, refused},
    },
};

#[derive(Template)]
#[template(path = "web/account/activate.html", config = "src/askama.toml")]
struct AskCode<'a> {
    page: &'a Page,
    back: &'a str,
    code: &'a str,
    problem: Option<&'a Problem>,
}

#[derive(Template)]
#[template(path = "web/account/open.html", config = "src/askama.toml")]
struct Open<'a> {
    page: &'a Page,
    back: &'a str,
    sealed: String,
    login: String,
    kind: &'static str,
    allows_passphrase: bool,
    problem: Option<&'a Problem>,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(rename = "return", default)]
    back: Return,
}

#[derive(Deserialize)]
pub(super) struct Typed {
    code: String,
    #[serde(rename = "return", default)]
    back: Return,
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    opened: String,
}

/// What shall open the account: one of the two is there.
#[derive(Deserialize)]
pub(super) struct Chosen {
    opened: String,
    #[serde(default)]
    credential: String,
    #[serde(default)]
    passphrase: String,
    #[serde(rename = "return", default)]
    back: Return,
}

pub(super) async fn form(Reader { page, .. }: Reader, Query(asked): Query<Asked>) -> Response {
    page.render(&AskCode { page: &page, back: &asked.back.0, code: "", problem: None })
}

/// Looks at the code; nothing is spent yet.
pub(super) async fn code(
    accounts: Accounts,
    Reader { page, .. }: Reader,
    SafeForm(typed): SafeForm<Typed>,
) -> Response {
    match accounts.open_code(&typed.code).await {
        Ok(opened) => open(&accounts, &page, &opened, &typed.back, None),
        Err(error) => code_refused(&page, &typed.back, &typed.code, &problem(error)),
    }
}

/// What the browser asks the device for a new passkey.
pub(super) async fn options(
    accounts: Accounts,
    Reader { page, .. }: Reader,
    SafeJson(wanted): SafeJson<Wanted>,
) -> Result<Response, Problem> {
    let opened = opened(&accounts, &page, &wanted.opened)?;
    let options = accounts.start_passkey(&Grounds::Code(opened), browser_tag(&page)).await.map_err(problem)?;
    Ok(Json(options).into_response())
}

pub(super) async fn passkey(
    accounts: Accounts,
    Reader { page, signed_in }: Reader,
    Device(device): Device,
    SafeForm(chosen): SafeForm<Chosen>,
) -> Result<Response, Problem> {
    let opened = opened(&accounts, &page, &chosen.opened)?;
    let browser = browser_tag(&page);
    let set = accounts.finish_passkey(&chosen.credential, "", browser, &device, signed_in.as_ref()).await;
    Ok(outcome(&accounts, &page, &opened, &chosen.back, set))
}

pub(super) async fn passphrase(
    accounts: Accounts,
    Reader { page, signed_in }: Reader,
    Device(device): Device,
    SafeForm(chosen): SafeForm<Chosen>,
) -> Result<Response, Problem> {
    let opened = opened(&accounts, &page, &chosen.opened)?;
    let grounds = Grounds::Code(opened.clone());
    let set = accounts.set_passphrase(grounds, &chosen.passphrase, &device, signed_in.as_ref()).await;
    Ok(outcome(&accounts, &page, &opened, &chosen.back, set))
}

/// The account is open: on to where its holder wanted to go, or to a word of welcome.
fn outcome(
    accounts: &Accounts,
    page: &Page,
    opened: &Opened,
    back: &Return,
    set: Result<NewSession, Error>,
) -> Response {
    let session = match set {
        Ok(session) => session,
        Err(error @ Error::Code) => return code_refused(page, back, "", &problem(error)),
        Err(error) => return open(accounts, page, opened, back, Some(&problem(error))),
    };
    let welcome = || if session.signed_in.person().is_some() { paths::WELCOME } else { paths::ACCESS }.to_owned();
    signed_in_to(page, &session, &back.sealed_path(accounts).unwrap_or_else(welcome))
}

fn open(accounts: &Accounts, page: &Page, opened: &Opened, back: &Return, problem: Option<&Problem>) -> Response {
    let template = Open {
        page,
        back: &back.0,
        sealed: accounts.seal_value(PURPOSE, page.browser().as_bytes(), opened),
        login: opened.login_grouped(),
        kind: match opened.kind {
            OpenedKind::Activation => "activation",
            OpenedKind::Counter => "counter",
            OpenedKind::Paper => "paper",
        },
        allows_passphrase: opened.allows_passphrase,
        problem,
    };
    match problem {
        Some(problem) => refused(page, problem, &template),
        None => page.render(&template),
    }
}

fn code_refused(page: &Page, back: &Return, code: &str, problem: &Problem) -> Response {
    refused(page, problem, &AskCode { page, back: &back.0, code, problem: Some(problem) })
}

/// What was sealed into the page of this browser. Anything else is a page of another browser, or of before a restart.
fn opened(accounts: &Accounts, page: &Page, sealed: &str) -> Result<Opened, Problem> {
    accounts.open_value(PURPOSE, page.browser().as_bytes(), sealed).ok_or_else(|| problem(Error::Ceremony))
}

const PURPOSE: &str = "opened code";
