//! "Connect your forum": what an operator chooses, and the exact values that come of it (`specs/connect.md`).
//!
//! The page is for everybody: whatever stands on it, every relying party knows. It writes nothing and holds no form that
//! does. With `client_id` it shows what is registered, and lets a citizen look at what that forum would be told of them.

mod choice;
mod command;
mod rehearsal;
mod settings;
mod software;

use std::sync::Arc;

use askama::Template;
use axum::{
    Router,
    extract::{RawQuery, State},
    response::Response,
    routing::get,
};

use self::{
    choice::{ASKED, Brackets, Choice, Fault},
    settings::{Setting, Snippet, Value, Values},
    software::Software,
};
use super::{paths, store_problem};
use crate::{
    attributes::{self, CrowdSize, Figures},
    clients::{ClaimsIn, Client, Metadata},
    domain::{area::Level, claim::Quality, ids::ClientId},
    http::{Lang, Page, Problem},
    provider::Provider,
    wire::oauth::AuthMethod,
};

/// The page, and the look at a sign-in.
pub fn routes<S: Clone + Send + Sync + 'static>(provider: Provider) -> Router<S> {
    Router::new()
        .route(paths::CONNECT, get(connect))
        .route(paths::CONNECT_TEST, get(rehearsal::rehearsal))
        .with_state(provider)
}

pub(super) const TEXTS: [(Lang, &str); 2] = [(Lang::Fr, include_str!("fr.ftl")), (Lang::En, include_str!("en.ftl"))];

#[derive(Template)]
#[template(path = "web/connect/connect.html", config = "src/askama.toml")]
struct Connect<'a> {
    page: &'a Page,
    choice: &'a Choice,
    software: Software,
    fault: Option<Fault>,
    /// In place of the form.
    client: Option<&'a Client>,
    heteronyms_per_person: i64,
    is_example: bool,
    command: Option<String>,
    settings: Vec<Setting>,
    behind: Vec<Setting>,
    snippet: Option<Snippet>,
    /// The method that the client registered, where the software has another.
    other_method: Option<&'static str>,
    meter: MeterView,
    smallest: u64,
}

/// The crowds, as the page tells them.
enum MeterView {
    /// Nothing is asked that a crowd could be counted of.
    Nothing,
    /// Too few people to tell.
    Untold,
    Told(Figures),
}

async fn connect(State(provider): State<Provider>, page: Page, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let choice = Choice::read(query.as_deref().unwrap_or_default());
    match &choice.client_id {
        Some(id) => {
            let client = client(&provider, id).await?;
            registered(&provider, &page, &choice, &client).await
        }
        None => planned(&provider, &page, &choice).await,
    }
}

/// What is to be registered.
async fn planned(provider: &Provider, page: &Page, choice: &Choice) -> Result<Response, Problem> {
    let local = !provider.issuer().is_https();
    let (plan, fault) = match choice.plan(local, |draft| provider.clients().would_register(draft)) {
        Ok(plan) => (Some(plan), None),
        Err(fault) => (None, Some(fault)),
    };
    let software = choice.software();
    let shown = plan.as_ref().map(|plan| (&plan.client_id, &plan.metadata));
    let template = Connect {
        command: plan.as_ref().map(command::command),
        is_example: plan.as_ref().is_some_and(|plan| plan.is_example),
        fault,
        client: None,
        heteronyms_per_person: 1,
        ..common(provider, page, choice, software, shown).await?
    };
    Ok(page.render_public(&template))
}

/// What a client is registered for.
async fn registered(provider: &Provider, page: &Page, choice: &Choice, client: &Client) -> Result<Response, Problem> {
    let metadata = &client.metadata;
    let guessed = metadata.redirect_uris.iter().find_map(|redirect| Software::at(redirect));
    let software = choice.software.or(guessed).unwrap_or(Software::Plain);
    let heteronyms = provider.clients().heteronyms_per_person(&client.sector).await.map_err(store_problem)?;
    let template = Connect {
        client: Some(client),
        heteronyms_per_person: heteronyms,
        ..common(provider, page, choice, software, Some((&client.id, metadata))).await?
    };
    Ok(page.render_public(&template))
}

/// What both have: the settings and the meter.
async fn common<'a>(
    provider: &Provider,
    page: &'a Page,
    choice: &'a Choice,
    software: Software,
    shown: Option<(&ClientId, &Metadata)>,
) -> Result<Connect<'a>, Problem> {
    let values = shown.map(|(client_id, metadata)| Values {
        issuer: provider.issuer(),
        client_id,
        scope: &metadata.scope,
        redirect: redirect(metadata, software),
        algorithm: metadata.id_token_signed_response_alg,
        auth_method: metadata.token_endpoint_auth_method,
    });
    let method = shown.map(|(_, metadata)| metadata.token_endpoint_auth_method);
    let meter = match shown {
        Some((_, metadata)) => meter(provider, metadata).await?,
        None => MeterView::Nothing,
    };
    Ok(Connect {
        page,
        choice,
        software,
        fault: None,
        client: None,
        heteronyms_per_person: 1,
        is_example: false,
        command: None,
        settings: values.as_ref().map(|values| values.settings(software)).unwrap_or_default(),
        behind: Values::behind(software),
        snippet: values.and_then(|values| values.snippet(software)),
        other_method: method.filter(|method| *method != software.auth_method()).map(AuthMethod::as_str),
        meter,
        smallest: provider.attributes().smallest_crowd(),
    })
}

async fn meter(provider: &Provider, metadata: &Metadata) -> Result<MeterView, Problem> {
    let kinds = choice::qualities(&metadata.scope);
    if kinds.is_empty() {
        return Ok(MeterView::Nothing);
    }
    let terms =
        attributes::Terms { residence_level: metadata.residence_level, age_brackets: metadata.age_brackets.clone() };
    let told = provider.attributes().figures(&kinds, &terms).await.map_err(store_problem)?;
    Ok(told.map_or(MeterView::Untold, MeterView::Told))
}

/// The one that the software waits at, of those registered.
fn redirect(metadata: &Metadata, software: Software) -> &str {
    let own = metadata.redirect_uris.iter().find(|redirect| Software::at(redirect) == Some(software));
    own.or(metadata.redirect_uris.first()).map_or("", String::as_str)
}

async fn client(provider: &Provider, id: &str) -> Result<Arc<Client>, Problem> {
    let id: ClientId = id.parse().map_err(|_| Problem::not_found())?;
    let found = provider.clients().find(&id).await.map_err(store_problem)?;
    found.filter(|client| !client.is_disabled()).ok_or_else(Problem::not_found)
}
