//! May this be told? The page shows every value, and with how many people it is shared, before anything is released.

use std::collections::BTreeSet;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};

use super::{authorize, page_problem, required_citizen, store_problem};
use crate::{
    accounts::Accounts,
    attributes::{Crowd, Terms},
    clients::Client,
    consent::ConsentError,
    domain::{
        area::Level,
        claim::{Qualities, Quality},
    },
    http::{Page, Problem, form::SafeFields},
    provider::{
        Provider,
        interaction::{Decision, Question, StepError, registered_terms},
    },
    pseudonym::{Heteronym, PseudonymError},
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
    heteronym: &'a Heteronym,
    names: bool,
    offline: bool,
    items: Vec<Item>,
    areas: Vec<Choice>,
    crowd: Crowd,
    smallest: u64,
    host: String,
}

pub(super) async fn page(provider: &Provider, page: &Page, question: &Question) -> Result<Response, Problem> {
    let areas = areas(provider, question).await?;
    let chosen = areas.iter().find(|area| area.selected);
    let crowd = match chosen {
        Some(area) => area.crowd,
        None => provider.attributes().crowd(&question.present).await.map_err(|error| store_problem(&error))?,
    };
    let redirect = &question.pending.interaction.request.redirect;
    let template = Consent {
        page,
        sealed: &question.pending.sealed,
        client: &question.pending.client,
        heteronym: &question.heteronym,
        names: question.request.names,
        offline: question.request.offline,
        items: items(provider, page, question),
        areas,
        crowd,
        smallest: provider.attributes().smallest_crowd(),
        host: redirect.origin().trim_start_matches("https://").trim_start_matches("http://").to_owned(),
    };
    Ok(authorize::leading_to(page.render(&template), redirect))
}

pub(super) async fn decide(
    State(provider): State<Provider>,
    accounts: Accounts,
    Reader { page, signed_in }: Reader,
    fields: SafeFields,
) -> Result<Response, Problem> {
    let sealed = fields.one("tx").unwrap_or_default().to_owned();
    let browser = page.browser().as_bytes().to_vec();
    if fields.one("decision") != Some("agree") {
        let step = provider.deny(&sealed, &browser).await.map_err(page_problem)?;
        return authorize::show(&provider, &accounts, page, step).await;
    }
    let signed_in = required_citizen(signed_in.as_ref())?;
    match provider.agree(&sealed, &browser, &signed_in, &decision(&fields)).await {
        Ok(step) => authorize::show(&provider, &accounts, page, step).await,
        Err(StepError::Page(error)) => Err(page_problem(error)),
        // The page sends what is required; a form without it is not ours.
        Err(StepError::Consent(ConsentError::Required(_))) => {
            Err(Problem::new(StatusCode::BAD_REQUEST, "form-incomplete"))
        }
        Err(StepError::Consent(ConsentError::Store(error)) | StepError::Pseudonym(PseudonymError::Store(error))) => {
            Err(store_problem(&error))
        }
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
    let item = |quality: &Quality| Item {
        quality: *quality,
        value: told.value(*quality, &question.present),
        required: question.request.required.contains(quality),
        agreed: question.before.as_ref().is_none_or(|before| !before.declined.contains(quality)),
    };
    question.request.qualities.iter().map(item).collect()
}

/// The areas that may be told, the finest first, each with the number of people who share all that is shown. The first
/// with enough of them is selected, so that without a further thought nobody stands out.
async fn areas(provider: &Provider, question: &Question) -> Result<Vec<Choice>, Problem> {
    if !question.request.qualities.contains(&Quality::Residence) {
        return Ok(Vec::new());
    }
    let attributes = provider.attributes();
    let registered = registered_terms(&question.pending.client);
    let levels = Level::ALL.into_iter().rev().filter(|level| *level <= registered.residence_level);
    let mut seen = BTreeSet::new();
    let mut choices: Vec<Choice> = Vec::new();
    for level in levels {
        let terms = Terms { residence_level: level, ..registered.clone() };
        let present: Qualities = attributes.qualities(&question.facts, &terms).only(&question.request.qualities);
        let Some(area) = present.residence.filter(|area| seen.insert(*area)) else { continue };
        let crowd = attributes.crowd(&present).await.map_err(|error| store_problem(&error))?;
        choices.push(Choice { level, label: attributes.label(area), crowd, selected: false });
    }
    let before = question.before.as_ref().map(|before| before.residence_level);
    let wanted = choices.iter().position(|choice| match before {
        Some(level) => choice.level == level,
        None => choice.crowd.enough,
    });
    let last = choices.len().saturating_sub(1);
    if let Some(choice) = choices.get_mut(wanted.unwrap_or(last)) {
        choice.selected = true;
    }
    Ok(choices)
}
