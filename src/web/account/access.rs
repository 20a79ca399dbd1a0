//! What opens the account, where it is open now, and the codes on paper.

use askama::Template;
use axum::{
    Json,
    extract::Query,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::sign_in::{Nothing, signed_in_to};
use crate::{
    accounts::{Accounts, Authenticators, Error, Grounds, Listed, NewSession, PaperCode},
    domain::ambient::Timestamp,
    http::{Page, Problem, SafeForm, form::SafeJson},
    web::{
        paths,
        shared::{Device, Member, browser_tag, moment, problem, refused, sign_in_address},
    },
};

#[derive(Template)]
#[template(path = "web/account/access.html", config = "src/askama.toml")]
struct Access<'a> {
    page: &'a Page,
    now: Timestamp,
    own: Authenticators,
    sessions: Vec<Listed>,
    /// Where to prove to be there, when the last proof is too old for a change.
    prove: Option<String>,
    done: Option<&'static str>,
    problem: Option<&'a Problem>,
}

impl Access<'_> {
    /// The one way in that is left cannot be removed.
    fn has_one_way_in(&self) -> bool {
        self.own.passkeys.len() + usize::from(self.own.has_passphrase) <= 1
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as templates pass fields")]
    fn day(&self, time: &Timestamp) -> String {
        self.page.lang().date(time.date())
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as templates pass fields")]
    fn ago(&self, time: &Timestamp) -> String {
        moment::ago(self.page, *time, self.now)
    }
}

#[derive(Template)]
#[template(path = "web/account/codes.html", config = "src/askama.toml")]
struct Codes<'a> {
    page: &'a Page,
    paper: Vec<PaperCode>,
    login: String,
}

#[derive(Template)]
#[template(path = "web/account/welcome.html", config = "src/askama.toml")]
struct Welcome<'a> {
    page: &'a Page,
    paper_codes: i64,
}

#[derive(Deserialize)]
pub(super) struct Told {
    #[serde(default)]
    done: String,
}

#[derive(Deserialize)]
pub(super) struct NewPasskey {
    credential: String,
    #[serde(default)]
    label: String,
}

#[derive(Deserialize)]
pub(super) struct NewPassphrase {
    passphrase: String,
}

#[derive(Deserialize)]
pub(super) struct Named {
    id: String,
}

pub(super) async fn list(accounts: Accounts, member: Member, Query(told): Query<Told>) -> Result<Response, Problem> {
    let done = DONE.into_iter().find(|done| *done == told.done);
    show(&accounts, &member, done, None).await
}

pub(super) async fn welcome(accounts: Accounts, member: Member) -> Result<Response, Problem> {
    let own = accounts.authenticators(&member.signed_in).await.map_err(problem)?;
    Ok(member.page.render(&Welcome { page: &member.page, paper_codes: own.paper_codes }))
}

pub(super) async fn passkey_options(
    accounts: Accounts,
    member: Member,
    SafeJson(Nothing {}): SafeJson<Nothing>,
) -> Result<Response, Problem> {
    let grounds = Grounds::Session(member.signed_in.clone());
    let options = accounts.start_passkey(&grounds, browser_tag(&member.page)).await.map_err(problem)?;
    Ok(Json(options).into_response())
}

pub(super) async fn add_passkey(
    accounts: Accounts,
    member: Member,
    Device(device): Device,
    SafeForm(new): SafeForm<NewPasskey>,
) -> Result<Response, Problem> {
    let (browser, own) = (browser_tag(&member.page), Some(&member.signed_in));
    let added = accounts.finish_passkey(&new.credential, &new.label, browser, &device, own).await;
    renewed(&accounts, &member, "passkey-added", added).await
}

pub(super) async fn set_passphrase(
    accounts: Accounts,
    member: Member,
    Device(device): Device,
    SafeForm(new): SafeForm<NewPassphrase>,
) -> Result<Response, Problem> {
    let grounds = Grounds::Session(member.signed_in.clone());
    let set = accounts.set_passphrase(grounds, &new.passphrase, &device, Some(&member.signed_in)).await;
    renewed(&accounts, &member, "passphrase-set", set).await
}

pub(super) async fn remove_passkey(
    accounts: Accounts,
    member: Member,
    SafeForm(named): SafeForm<Named>,
) -> Result<Response, Problem> {
    let removed = accounts.remove_passkey(&member.signed_in, &named.id).await;
    changed(&accounts, &member, "removed", removed).await
}

pub(super) async fn remove_passphrase(
    accounts: Accounts,
    member: Member,
    SafeForm(Nothing {}): SafeForm<Nothing>,
) -> Result<Response, Problem> {
    let removed = accounts.remove_passphrase(&member.signed_in).await;
    changed(&accounts, &member, "removed", removed).await
}

/// Ten new codes, shown once.
pub(super) async fn codes(
    accounts: Accounts,
    member: Member,
    SafeForm(Nothing {}): SafeForm<Nothing>,
) -> Result<Response, Problem> {
    match accounts.new_paper_codes(&member.signed_in).await {
        Ok(paper) => {
            let login = accounts.authenticators(&member.signed_in).await.map_err(problem)?.login_grouped();
            Ok(member.page.render(&Codes { page: &member.page, paper, login }))
        }
        Err(error) => explain(&accounts, &member, error).await,
    }
}

pub(super) async fn end_session(
    accounts: Accounts,
    member: Member,
    SafeForm(named): SafeForm<Named>,
) -> Result<Response, Problem> {
    let ended = accounts.end_session(&member.signed_in, &named.id).await;
    let ended = ended.and_then(|there| if there { Ok(()) } else { Err(Error::Gone) });
    changed(&accounts, &member, "session-ended", ended).await
}

pub(super) async fn end_others(
    accounts: Accounts,
    member: Member,
    SafeForm(Nothing {}): SafeForm<Nothing>,
) -> Result<Response, Problem> {
    let ended = accounts.end_other_sessions(&member.signed_in).await;
    changed(&accounts, &member, "others-ended", ended).await
}

/// After a change that began the session anew.
async fn renewed(
    accounts: &Accounts,
    member: &Member,
    done: &'static str,
    outcome: Result<NewSession, Error>,
) -> Result<Response, Problem> {
    match outcome {
        Ok(session) => Ok(signed_in_to(&member.page, &session, &done_address(done))),
        Err(error) => explain(accounts, member, error).await,
    }
}

async fn changed(
    accounts: &Accounts,
    member: &Member,
    done: &'static str,
    outcome: Result<(), Error>,
) -> Result<Response, Problem> {
    match outcome {
        Ok(()) => Ok(member.page.see_other(&done_address(done))),
        Err(error) => explain(accounts, member, error).await,
    }
}

/// The page again, with what went wrong; whoever signed in too long ago does so again first.
async fn explain(accounts: &Accounts, member: &Member, error: Error) -> Result<Response, Problem> {
    match error {
        Error::Stale => Ok(member.page.see_other(&sign_in_address(accounts, paths::ACCESS))),
        error @ (Error::SignedOut | Error::Gone | Error::Store(_)) => Err(problem(error)),
        error => show(accounts, member, None, Some(&problem(error))).await,
    }
}

async fn show(
    accounts: &Accounts,
    member: &Member,
    done: Option<&'static str>,
    refusal: Option<&Problem>,
) -> Result<Response, Problem> {
    let Member { page, signed_in } = member;
    let own = accounts.authenticators(signed_in).await.map_err(problem)?;
    let sessions = accounts.sessions(signed_in).await.map_err(problem)?;
    let stale = accounts.check_fresh(signed_in).is_err();
    let prove = stale.then(|| sign_in_address(accounts, paths::ACCESS));
    let template = Access { page, now: accounts.now(), own, sessions, prove, done, problem: refusal };
    Ok(match refusal {
        Some(problem) => refused(page, problem, &template),
        None => page.render(&template),
    })
}

fn done_address(done: &str) -> String {
    format!("{}?done={done}", paths::ACCESS)
}

/// What the page may be asked to say; anything else is not repeated.
const DONE: [&str; 5] = ["passkey-added", "passphrase-set", "removed", "session-ended", "others-ended"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Lang;

    #[test]
    fn every_change_is_confirmed_in_both_languages() {
        let texts = crate::web::texts().unwrap();
        for done in DONE {
            let key = format!("access-done-{done}");
            assert!(Lang::ALL.iter().all(|lang| texts.has(*lang, &key)), "{key}");
        }
    }
}
