//! Under which pseudonym?

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;

use super::{authorize, page_problem, required_citizen};
use crate::{
    clients::Client,
    domain::{ids::PseudonymId, name::Reserved, quality::Facts},
    http::{Page, Problem, SafeForm},
    provider::{
        Provider,
        interaction::{Choice, Step, StepError},
    },
    pseudonym::{Heteronym, NameChoice, PseudonymError},
    web::shared::{
        Reader,
        naming::{NameEntry, pseudonym_text},
    },
};

/// What the form held, to be shown again when it cannot be taken.
#[derive(Clone, Default, Deserialize)]
pub(super) struct Entry {
    #[serde(default)]
    tx: String,
    /// `new`, or the id of a pseudonym.
    #[serde(default)]
    pseudonym: String,
    #[serde(flatten)]
    name: NameEntry,
}

/// What was chosen before and is not to be had; nothing where nothing was.
pub(super) fn before(choice: &Choice) -> NameEntry {
    let Some((error, chosen)) = &choice.refused else { return NameEntry::default() };
    chosen.as_ref().map(NameEntry::of).unwrap_or_default().refused(pseudonym_text(error))
}

#[derive(Template)]
#[template(path = "web/oidc/choose.html", config = "src/askama.toml")]
struct Choose<'a> {
    page: &'a Page,
    sealed: &'a str,
    client: &'a Client,
    live: Vec<&'a Heteronym>,
    retired: Vec<&'a Heteronym>,
    another: bool,
    partial: &'a str,
    entry: &'a NameEntry,
}

pub(super) fn page(page: &Page, choice: &Choice, entry: &NameEntry) -> Response {
    let (retired, live): (Vec<_>, Vec<_>) = choice.own.iter().partition(|own| own.is_retired());
    let status = if entry.error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let template = Choose {
        page,
        sealed: &choice.pending.sealed,
        client: &choice.pending.client,
        live,
        retired,
        another: choice.another,
        partial: choice.facts.partial_name.as_str(),
        entry,
    };
    authorize::leading_to(page.render_as(status, &template), &choice.pending.interaction.request.redirect)
}

pub(super) async fn choose(
    State(provider): State<Provider>,
    Reader { page, signed_in }: Reader,
    SafeForm(entry): SafeForm<Entry>,
) -> Result<Response, Problem> {
    let signed_in = required_citizen(signed_in.as_ref())?;
    let browser = page.browser().as_bytes().to_vec();
    // The choice as it stands now, to take it or to show it again.
    let step = provider.resume(&entry.tx, &browser, Some(&signed_in)).await.map_err(page_problem)?;
    let Step::Choose(choice) = step else { return authorize::show(&provider, page, step).await };
    let wish = match wish(&provider, &entry, &choice.facts, &choice.pending.client) {
        Ok(wish) => wish,
        Err(error) => return Ok(self::page(&page, &choice, &entry.name.refused(error))),
    };
    let taken = match wish {
        Wish::Own(id, shown) => provider.choose(&entry.tx, &browser, &signed_in, id, shown).await,
        Wish::New(shown) => provider.create(&entry.tx, &browser, &signed_in, shown).await,
    };
    match taken {
        Ok(step) => authorize::show(&provider, page, step).await,
        Err(StepError::Page(error)) => Err(page_problem(error)),
        Err(StepError::Pseudonym(PseudonymError::Store(error))) => Err(page_problem(error.into())),
        Err(StepError::Pseudonym(error)) => Ok(self::page(&page, &choice, &entry.name.refused(pseudonym_text(&error)))),
        Err(StepError::Consent(error)) => Err(Problem::internal(error)),
    }
}

enum Wish {
    Own(PseudonymId, Option<NameChoice>),
    New(NameChoice),
}

fn wish(provider: &Provider, entry: &Entry, facts: &Facts, client: &Arc<Client>) -> Result<Wish, &'static str> {
    let reserved = Reserved::new([client.metadata.client_name.as_str(), provider.name()]);
    let shown = entry.name.choice(&facts.partial_name, &reserved, None)?;
    if entry.pseudonym == "new" {
        return shown.map(Wish::New).ok_or("empty");
    }
    let id = entry.pseudonym.parse().map_err(|_| "unknown-pseudonym")?;
    Ok(Wish::Own(id, shown))
}
