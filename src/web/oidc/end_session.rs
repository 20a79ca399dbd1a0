//! Signing out at a forum's request (OpenID Connect RP-Initiated Logout 1.0).

use askama::Template;
use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    response::Response,
};
use serde::Deserialize;

use super::{
    authorize::{by_get_instead, in_wished_language},
    citizen, page_problem,
};
use crate::{
    accounts::{Accounts, SignedIn},
    clients::Client,
    http::{Page, Problem, SafeForm, headers::FormTargets},
    provider::{
        Provider,
        authorize::PageError,
        discovery::path,
        end_session::{EndSession, Holder, Return},
    },
    web::{
        Farewells,
        shared::{Reader, problem, signed_out},
    },
    wire::oauth::{MAX_QUERY, Params},
};

#[derive(Template)]
#[template(path = "web/oidc/end_session.html", config = "src/askama.toml")]
struct Ask<'a> {
    page: &'a Page,
    sealed: String,
    /// The forum that asks, where that is certain.
    forum: Option<&'a str>,
}

#[derive(Deserialize)]
pub(super) struct Confirmed {
    /// The sealed address to return to; empty when there is none.
    #[serde(default)]
    back: String,
}

pub(super) async fn by_get(
    State(provider): State<Provider>,
    accounts: Accounts,
    farewells: Farewells,
    Reader { page, signed_in }: Reader,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let params = Params::parse(query.unwrap_or_default().as_bytes(), MAX_QUERY)
        .map_err(|_| page_problem(PageError::Unreadable))?;
    let page = in_wished_language(page, params.get("ui_locales").ok().flatten());
    let citizen = citizen(signed_in.as_ref());
    let holder = match (&citizen, &signed_in) {
        (Some(citizen), _) => Holder::Citizen(citizen),
        (None, Some(_)) => Holder::Staff,
        (None, None) => Holder::Nobody,
    };
    match provider.end_session(&params, holder).await.map_err(|error| page_problem(error.into()))? {
        EndSession::Done(back) => {
            let frames = end(&accounts, &farewells, signed_in).await?;
            Ok(signed_out(page, &frames, back.map(|back| back.address).as_deref()))
        }
        EndSession::Ask(..) if signed_in.is_none() => Ok(signed_out(page, &[], None)),
        EndSession::Ask(back, client) => Ok(ask(&provider, &page, back.as_ref(), client.as_deref())),
    }
}

/// Asks whoever is signed in. The form may end at the forum: browsers apply `form-action` to redirects as well.
fn ask(provider: &Provider, page: &Page, back: Option<&Return>, client: Option<&Client>) -> Response {
    let sealed = back.map(|back| provider.seal_return(back, page.browser().as_bytes()));
    let forum = client.map(|client| client.metadata.client_name.as_str());
    let mut response = page.render(&Ask { page, sealed: sealed.unwrap_or_default(), forum });
    if let Some(origin) = back.and_then(Return::origin) {
        response.extensions_mut().insert(FormTargets(vec![origin]));
    }
    response
}

/// Ends the session that there is, and gives the addresses through which the browser tells forums of it.
async fn end(accounts: &Accounts, farewells: &Farewells, signed_in: Option<SignedIn>) -> Result<Vec<String>, Problem> {
    match signed_in {
        Some(signed_in) => Ok(farewells.tell(accounts.sign_out(&signed_in).await.map_err(problem)?).await),
        None => Ok(Vec::new()),
    }
}

/// Another site's form comes without our cookies; the same request by GET has them.
pub(super) async fn by_post(page: Page, body: Bytes) -> Result<Response, Problem> {
    by_get_instead(&page, path::END_SESSION, &body)
}

pub(super) async fn confirmed(
    State(provider): State<Provider>,
    accounts: Accounts,
    farewells: Farewells,
    Reader { page, signed_in }: Reader,
    SafeForm(form): SafeForm<Confirmed>,
) -> Result<Response, Problem> {
    let frames = end(&accounts, &farewells, signed_in).await?;
    let back = provider.open_return(&form.back, page.browser().as_bytes()).await;
    let back = back.map_err(|error| page_problem(error.into()))?;
    Ok(signed_out(page, &frames, back.as_deref()))
}
