//! The authorization endpoint, and where a sign-in under way goes next.

use askama::Template;
use axum::{
    body::Bytes,
    extract::{Query, RawQuery, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{choose, citizen, consent, page_problem};
use crate::{
    http::{Lang, Page, Problem, headers::FormTargets, server::Limits},
    provider::{
        Provider,
        authorize::{Answer, PageError},
        discovery::path,
        interaction::Step,
    },
    web::shared::{Reader, sign_in_to_go_on},
    wire::oauth::{MAX_QUERY, Params, ProvenRedirect, ResponseMode},
};

/// The sealed interaction, in an address or a form.
#[derive(Deserialize)]
pub(super) struct UnderWay {
    pub(super) tx: String,
}

pub(super) async fn by_get(
    State(provider): State<Provider>,
    Reader { page, signed_in }: Reader,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let params = Params::parse(query.unwrap_or_default().as_bytes(), MAX_QUERY)
        .map_err(|_| page_problem(PageError::Unreadable))?;
    let signed_in = citizen(signed_in.as_ref());
    let step = provider.authorize(&params, page.browser().as_bytes(), signed_in.as_ref()).await;
    show(&provider, page, step.map_err(page_problem)?).await
}

/// The same by POST (OpenID Connect Core §3.1.2.1). Another site's form comes without our cookies, so the browser is
/// sent to the same request by GET, which has them.
pub(super) async fn by_post(page: Page, body: Bytes) -> Result<Response, Problem> {
    by_get_instead(&page, path::AUTHORIZE, &body)
}

/// Sends a form on as an address, if servers take one of that length.
pub(super) fn by_get_instead(page: &Page, path: &str, body: &[u8]) -> Result<Response, Problem> {
    let query = std::str::from_utf8(body).ok().filter(|query| query.bytes().all(|byte| byte.is_ascii_graphic()));
    let address = query.map(|query| format!("{path}?{query}"));
    let fits = |address: &String| address.len() <= Limits::default().target_bytes;
    let address = address.filter(fits).ok_or_else(|| page_problem(PageError::Unreadable))?;
    Ok(page.see_other(&address))
}

/// Goes on after signing in, or after a reload.
pub(super) async fn resume(
    State(provider): State<Provider>,
    Reader { page, signed_in }: Reader,
    Query(UnderWay { tx }): Query<UnderWay>,
) -> Result<Response, Problem> {
    let signed_in = citizen(signed_in.as_ref());
    match provider.resume(&tx, page.browser().as_bytes(), signed_in.as_ref()).await.map_err(page_problem)? {
        Step::Answer(answer) if !answer.mode.is_posted() => Ok(by_way_of_a_page(&page, &answer)),
        step => show(&provider, page, step).await,
    }
}

/// The page or redirect of a step.
pub(super) async fn show(provider: &Provider, page: Page, step: Step) -> Result<Response, Problem> {
    match step {
        Step::Answer(answer) => Ok(deliver(&page, &answer)),
        Step::SignIn(pending) => Ok(page.see_other(&sign_in_to_go_on(&pending.sealed))),
        Step::Choose(choice) => {
            let page = in_wished_language(page, choice.pending.interaction.request.ui_locales.as_deref());
            Ok(choose::page(&page, &choice, &choose::before(&choice)))
        }
        Step::Consent(question) => {
            let page = in_wished_language(page, question.pending.interaction.request.ui_locales.as_deref());
            consent::page(provider, &page, &question).await
        }
    }
}

/// `ui_locales` (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2).
pub(super) fn in_wished_language(page: Page, ui_locales: Option<&str>) -> Page {
    match ui_locales.and_then(Lang::pick) {
        Some(lang) => page.in_lang(lang),
        None => page,
    }
}

/// Lets the forms of a page end at the client: browsers apply `form-action` to redirects as well.
pub(super) fn leading_to(mut response: Response, redirect: &ProvenRedirect) -> Response {
    response.extensions_mut().insert(FormTargets(vec![redirect.origin().to_owned()]));
    response
}

#[derive(Template)]
#[template(path = "web/oidc/returning.html", config = "src/askama.toml")]
struct Returning<'a> {
    page: &'a Page,
    address: &'a str,
}

/// Takes the answer to the client after the sign-in form, whose policy names no client. Browsers hold the policy of that form
/// against every redirect that answers it (CSP3 §6.4.1 `form-action`), and a page ends the row of them.
fn by_way_of_a_page(page: &Page, answer: &Answer) -> Response {
    let address = answer.response.url(&answer.redirect);
    let mut response = page.render(&Returning { page, address: &address });
    if let Ok(refresh) = HeaderValue::from_str(&format!("0; url={address}")) {
        response.headers_mut().insert(header::REFRESH, refresh);
    }
    response
}

#[derive(Template)]
#[template(path = "web/oidc/form_post.html", config = "src/askama.toml")]
struct FormPost<'a> {
    page: &'a Page,
    action: &'a str,
    fields: Vec<(&'static str, &'a str)>,
}

/// Takes the answer to the client: by a redirect, or by a form that the browser posts.
fn deliver(page: &Page, answer: &Answer) -> Response {
    match answer.mode {
        // 303, so that no form is ever sent on to the client (RFC 9700 §4.12).
        ResponseMode::Query | ResponseMode::Jwt | ResponseMode::QueryJwt => {
            let location = answer.response.url(&answer.redirect);
            let response = (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response();
            leading_to(response, &answer.redirect)
        }
        ResponseMode::FormPost | ResponseMode::FormPostJwt => {
            let fields = answer.response.parameters().collect();
            let response = page.render(&FormPost { page, action: answer.redirect.as_str(), fields });
            leading_to(response, &answer.redirect)
        }
    }
}
