//! Signing out at a forum's request (OpenID Connect RP-Initiated Logout 1.0).

use askama::Template;
use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    response::Response,
};
use serde::Deserialize;
use url::Url;

use super::{authorize::by_get_instead, citizen, page_problem};
use crate::{
    accounts::Accounts,
    http::{Page, Problem, SafeForm, headers::FormTargets},
    provider::{
        Provider,
        authorize::PageError,
        discovery::path,
        end_session::{EndSession, Holder},
    },
    web::shared::{Reader, problem, signed_out},
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
    Reader { page, signed_in }: Reader,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let params = Params::parse(query.unwrap_or_default().as_bytes(), MAX_QUERY)
        .map_err(|_| page_problem(PageError::Unreadable))?;
    let citizen = citizen(signed_in.as_ref());
    let holder = match (&citizen, &signed_in) {
        (Some(citizen), _) => Holder::Citizen(citizen),
        (None, Some(_)) => Holder::Staff,
        (None, None) => Holder::Nobody,
    };
    match provider.end_session(&params, holder).await.map_err(|error| page_problem(error.into()))? {
        EndSession::Done(back) => {
            if let Some(signed_in) = &signed_in {
                accounts.sign_out(signed_in).await.map_err(problem)?;
            }
            Ok(signed_out(&page, back.map(|back| back.address).as_deref()))
        }
        EndSession::Ask(..) if signed_in.is_none() => Ok(signed_out(&page, None)),
        EndSession::Ask(back, client) => {
            let sealed = back.as_ref().map(|back| provider.seal_return(back, page.browser().as_bytes()));
            let forum = client.as_ref().map(|client| client.metadata.client_name.as_str());
            let mut response = page.render(&Ask { page: &page, sealed: sealed.unwrap_or_default(), forum });
            // Browsers apply `form-action` to the redirect that answers the form as well.
            if let Some(url) = back.and_then(|back| Url::parse(&back.address).ok()) {
                response.extensions_mut().insert(FormTargets(vec![url.origin().ascii_serialization()]));
            }
            Ok(response)
        }
    }
}

/// Another site's form comes without our cookies; the same request by GET has them.
pub(super) async fn by_post(page: Page, body: Bytes) -> Result<Response, Problem> {
    by_get_instead(&page, path::END_SESSION, &body)
}

pub(super) async fn confirmed(
    State(provider): State<Provider>,
    accounts: Accounts,
    Reader { page, signed_in }: Reader,
    SafeForm(form): SafeForm<Confirmed>,
) -> Result<Response, Problem> {
    if let Some(signed_in) = signed_in {
        accounts.sign_out(&signed_in).await.map_err(problem)?;
    }
    let back = provider.open_return(&form.back, page.browser().as_bytes()).await;
    let back = back.map_err(|error| page_problem(error.into()))?;
    Ok(signed_out(&page, back.as_deref()))
}
