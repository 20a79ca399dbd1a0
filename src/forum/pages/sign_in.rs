//! Signing in at the provider and out again. Nothing of an answer that is not accepted is stored.

use axum::{
    extract::{Query, State},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Deserialize;

use super::{
    notice,
    visit::{Answer, HINT_COOKIE, SIGN_IN_COOKIE, Visit, see, sign_in_path},
};
use crate::{
    forum::{
        Forum,
        ambient::{DAY, SECOND},
        log::Unlogged,
        oidc::{Answer as ProviderAnswer, Refusal, Vouched},
        store::{Pending, StoreError},
    },
    http::{SafeForm, site::SESSION_COOKIE},
};
use std::time::Duration;

#[derive(Deserialize)]
pub(super) struct Start {
    #[serde(default)]
    goal: String,
    /// Shows the consent page again, to share more.
    share: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct SignedOut {
    state: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

/// `GET /sign-in`; also what the provider calls to begin a sign-in (OpenID Connect Core 1.0 §4).
pub(super) async fn start(State(forum): State<Forum>, Query(start): Query<Start>, visit: Visit) -> Answer {
    let ambient = forum.ambient();
    // Nobody is sent there in vain.
    if let Err(refusal) = forum.trust(visit.now).await? {
        return refused(&visit, refusal, &start.goal);
    }
    let browser = visit.browser.clone().unwrap_or_else(|| ambient.token());
    let language = visit.page.lang().tag();
    let begun = match forum.provider().begin(forum.config(), ambient, start.share.is_some(), language).await {
        Ok(begun) => begun,
        Err(refusal) => return refused(&visit, refusal, &start.goal),
    };
    let pending = Pending { nonce: begun.nonce, verifier: begun.verifier, goal: local(&start.goal).to_owned() };
    forum.store().begin_sign_in(&begun.state, &browser, &pending, visit.now).await?;
    let mut response = see(&begun.url);
    set(&mut response, visit.page.site().set_cookie(SIGN_IN_COOKIE, &browser, None));
    Ok(response)
}

/// `GET /callback`
pub(super) async fn callback(State(forum): State<Forum>, Query(answer): Query<ProviderAnswer>, visit: Visit) -> Answer {
    let pending = match (&answer.state, &visit.browser) {
        (Some(state), Some(browser)) => forum.store().take_sign_in(state, browser, visit.now).await?,
        _ => None,
    };
    let Some(Pending { nonce, verifier, goal }) = pending else {
        return refused(&visit, Refusal::State, "/");
    };
    let code = match forum.provider().code(answer) {
        Ok(code) => code,
        Err(refusal) => return refused(&visit, refusal, &goal),
    };
    let trust = match forum.trust(visit.now).await? {
        Ok(trust) => trust,
        Err(refusal) => return refused(&visit, refusal, &goal),
    };
    match forum.provider().redeem(forum.config(), code, nonce, verifier, trust.as_ref(), visit.now).await {
        Ok(vouched) => welcome(&visit, &vouched, &goal).await,
        Err(refusal) => refused(&visit, refusal, &goal),
    }
}

/// `POST /sign-out`
pub(super) async fn out(State(forum): State<Forum>, visit: Visit, SafeForm(Nothing {}): SafeForm<Nothing>) -> Answer {
    if let Some(session) = &visit.session {
        forum.store().end_session(session).await?;
    }
    let mut response = see("/signed-out");
    set(&mut response, visit.page.site().clear_cookie(SESSION_COOKIE));
    Ok(response)
}

/// `GET /signed-out`: after signing out here, with the way to end the provider's session too; and where the provider
/// sends the browser after that.
pub(super) async fn signed_out(State(forum): State<Forum>, Query(query): Query<SignedOut>, visit: Visit) -> Answer {
    let words = visit.words();
    let provider = forum.config().provider_name.as_str();
    let title = words.t("forum-signed-out-title");
    if query.state.as_deref() == Some(EVERYWHERE) {
        let lines = vec![words.with("forum-signed-out-everywhere", &[("provider", provider)])];
        let next = Some(("/".to_owned(), words.t("forum-boards")));
        let mut response = notice::page(&visit, title, lines, next)?;
        set(&mut response, visit.page.site().clear_cookie(HINT_COOKIE));
        return Ok(response);
    }
    let hint = visit.hint.as_deref();
    let address = forum.provider().sign_out_url(forum.config(), hint, EVERYWHERE, visit.now).await;
    let next = address.map(|address| (address, words.with("forum-sign-out-there", &[("provider", provider)])));
    let lines = vec![words.t("forum-signed-out"), words.with("forum-signed-out-still", &[("provider", provider)])];
    notice::page(&visit, title, lines, next)
}

/// Opens the session of somebody the provider vouches for.
async fn welcome(visit: &Visit, vouched: &Vouched, goal: &str) -> Answer {
    let forum = &visit.forum;
    let id = match admit(visit, vouched).await? {
        Ok(id) => id,
        Err(unlogged) => return refused(visit, unlogged.into(), goal),
    };
    let token = forum.ambient().token();
    forum.store().begin_session(&token, visit.session.as_deref(), id, vouched.sid.as_deref(), visit.now).await?;
    tracing::info!(member = id, "signed in");
    let site = visit.page.site();
    let mut response = see(goal);
    set(&mut response, site.set_cookie(SESSION_COOKIE, &token, Some(SESSION)));
    set(&mut response, site.clear_cookie(SIGN_IN_COOKIE));
    if vouched.id_token.len() <= MAX_HINT {
        set(&mut response, site.set_cookie(HINT_COOKIE, &vouched.id_token, Some(SESSION)));
    }
    Ok(response)
}

/// Writes who it is, where the log does not speak against it; and remembers the head that the log has shown with the token.
async fn admit(visit: &Visit, vouched: &Vouched) -> Result<Result<i64, Unlogged>, StoreError> {
    let store = visit.forum.store();
    let Some(logged) = &vouched.logged else {
        return Ok(Ok(store.welcome(&vouched.sub, &vouched.of, visit.now).await?));
    };
    if !store.see_head(&logged.head, visit.now).await? {
        tracing::error!(
            "two heads of the public log have one size: nobody signs in until the operator has looked at it"
        );
        return Ok(Err(Unlogged::Broken));
    }
    store.welcome_logged(&vouched.sub, &vouched.of, logged, visit.now).await
}

/// Takes from the browser what it held of a session that is over.
pub(super) fn forget_session(visit: &Visit, response: &mut Response) {
    for name in [SESSION_COOKIE, HINT_COOKIE] {
        set(response, visit.page.site().clear_cookie(name));
    }
}

/// Says why there is no session; the log gets the kind, and nothing of the answer.
fn refused(visit: &Visit, refusal: Refusal, goal: &str) -> Answer {
    tracing::warn!(kind = refusal.as_str(), reason = %refusal, "sign-in refused");
    let words = visit.words();
    let provider = visit.forum.config().provider_name.as_str();
    let why = words.with(&format!("forum-refusal-{}", refusal.as_str()), &[("provider", provider)]);
    let lead = if refusal.is_answer() {
        words.with("forum-refusal-lead", &[("provider", provider), ("why", &why)])
    } else {
        why
    };
    let again = (sign_in_path(local(goal)), words.t("forum-refusal-again"));
    let lines = vec![lead, words.t("forum-refusal-stored")];
    notice::page_as(visit, status(refusal), words.t("forum-refusal-title"), lines, Some(again))
}

const fn status(refusal: Refusal) -> StatusCode {
    match refusal {
        Refusal::Denied => StatusCode::FORBIDDEN,
        Refusal::Unreachable | Refusal::Unavailable | Refusal::Unlogged(Unlogged::Broken) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Refusal::Discovery | Refusal::Misconfigured | Refusal::Unlogged(Unlogged::Absent) => StatusCode::BAD_GATEWAY,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// A path of this forum, or its first page: an address from a query never leads elsewhere.
fn local(goal: &str) -> &str {
    let plain = goal.len() <= 200 && goal.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if plain && goal.starts_with('/') && !goal.starts_with("//") { goal } else { "/" }
}

fn set(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// The `state` that comes back from the provider's sign-out; it opens nothing, it chooses the sentence.
const EVERYWHERE: &str = "everywhere";
const SESSION: Duration = Duration::from_secs((7 * DAY / SECOND).unsigned_abs());
const MAX_HINT: usize = 3_500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_a_path_of_this_forum() {
        for (goal, led) in [
            ("/t/5?page=2#p7", "/t/5?page=2#p7"),
            ("", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/a\r\nLocation: x", "/"),
            ("javascript:alert(1)", "/"),
        ] {
            assert_eq!(local(goal), led, "{goal:?}");
        }
    }
}
