//! May this be told? The page shows every value, and with how many people it is shared, before anything is released.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};

use super::{authorize, page_problem, required_citizen};
use crate::{
    attributes::{Crowd, Offer, Proposal},
    clients::Client,
    domain::{area::Level, claim::Quality},
    http::{Page, Problem, form::SafeFields},
    provider::{
        Provider,
        interaction::{Decision, Question, StepError, registered_terms},
    },
    pseudonym::{NameChoice, PseudonymError},
    web::shared::{Reader, told::Told},
};

/// One line of the page.
struct Item {
    quality: Quality,
    value: String,
    required: bool,
    agreed: bool,
}

/// One area to choose from.
struct Choice {
    level: Level,
    label: String,
    crowd: Crowd,
    selected: bool,
}

#[derive(Template)]
#[template(path = "web/oidc/consent.html", config = "src/askama.toml")]
struct Consent<'a> {
    page: &'a Page,
    sealed: &'a str,
    client: &'a Client,
    name: &'a NameChoice,
    names: bool,
    offline: bool,
    items: Vec<Item>,
    areas: Vec<Choice>,
    crowd: Crowd,
    smallest: u64,
    host: String,
    /// Something was changed while the page was open.
    overtaken: bool,
}

pub(super) async fn page(provider: &Provider, page: &Page, question: &Question) -> Result<Response, Problem> {
    let (asked, terms) = (&question.request.qualities, registered_terms(&question.pending.client));
    let overtaken = question.overtaken.as_ref().map(|decision| decision.residence_level);
    let before = overtaken.or(question.before.as_ref().map(|before| before.residence_level));
    let proposal = provider.attributes().propose(&question.facts, &terms, asked, before).await;
    let proposal = proposal.map_err(|error| page_problem(error.into()))?;
    let redirect = &question.pending.interaction.request.redirect;
    let template = Consent {
        page,
        sealed: &question.pending.sealed,
        client: &question.pending.client,
        name: &question.name,
        names: question.request.names,
        offline: question.request.offline,
        items: items(provider, page, question),
        areas: areas(provider, &proposal),
        crowd: proposal.crowd,
        smallest: provider.attributes().smallest_crowd(),
        overtaken: overtaken.is_some(),
        host: redirect.authority().to_owned(),
    };
    let status = if template.overtaken { StatusCode::CONFLICT } else { StatusCode::OK };
    Ok(authorize::leading_to(page.render_as(status, &template), redirect))
}

pub(super) async fn decide(
    State(provider): State<Provider>,
    Reader { page, signed_in }: Reader,
    fields: SafeFields,
) -> Result<Response, Problem> {
    let sealed = fields.one("tx").unwrap_or_default().to_owned();
    let browser = page.browser().as_bytes().to_vec();
    if fields.one("decision") != Some("agree") {
        let step = provider.deny(&sealed, &browser).await.map_err(page_problem)?;
        return authorize::show(&provider, page, step).await;
    }
    let signed_in = required_citizen(signed_in.as_ref())?;
    match provider.agree(&sealed, &browser, &signed_in, &decision(&fields)).await {
        Ok(step) => authorize::show(&provider, page, step).await,
        Err(StepError::Page(error)) => Err(page_problem(error)),
        // The page sends what is required; a form without it is not ours.
        Err(StepError::Consent(_)) => Err(Problem::new(StatusCode::BAD_REQUEST, "form-incomplete")),
        Err(StepError::Pseudonym(PseudonymError::Store(error))) => Err(page_problem(error.into())),
        Err(StepError::Pseudonym(error)) => Err(Problem::internal(error)),
    }
}

fn decision(fields: &SafeFields) -> Decision {
    let agreed = fields.all("agree").filter_map(|quality| quality.parse().ok()).collect();
    let level = fields.one("residence_level").and_then(|level| level.parse().ok());
    Decision { agreed, residence_level: level.unwrap_or(Level::Country) }
}

fn items(provider: &Provider, page: &Page, question: &Question) -> Vec<Item> {
    let told = Told { page, attributes: provider.attributes() };
    let before = |quality: &Quality| question.before.as_ref().is_none_or(|before| !before.declined.contains(quality));
    let ticked = |quality: &Quality| question.overtaken.as_ref().map(|decision| decision.agreed.contains(quality));
    let item = |quality: &Quality| Item {
        quality: *quality,
        value: told.value(*quality, &question.present),
        required: question.request.required.contains(quality),
        agreed: ticked(quality).unwrap_or_else(|| before(quality)),
    };
    question.request.qualities.iter().map(item).collect()
}

/// The areas to choose from. The page opens with the one proposed, so that without a further thought nobody stands out.
fn areas(provider: &Provider, proposal: &Proposal) -> Vec<Choice> {
    let choice = |offer: &Offer| Choice {
        level: offer.level,
        label: provider.attributes().label(offer.area),
        crowd: offer.crowd,
        selected: proposal.level == Some(offer.level),
    };
    proposal.offers.iter().map(choice).collect()
}
