//! Withdrawing a consent: what happens then, and doing it.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;

use super::{Citizen, Done, place};
use crate::{
    domain::ids::{ConsentId, PersonId},
    http::{Page, Problem, SafeForm},
    web::store_problem,
};

#[derive(Deserialize)]
pub(super) struct Wish {
    consent: String,
    /// `yes` from the page that says what happens.
    #[serde(default)]
    sure: String,
}

#[derive(Template)]
#[template(path = "web/account/forums/withdraw.html", config = "src/askama.toml")]
struct Confirm<'a> {
    page: &'a Page,
    consent: &'a str,
    forum: &'a str,
    name: &'a str,
}

/// Asks first, then withdraws. Sent twice, it is done once and both see that it is done.
pub(super) async fn withdraw(
    State(state): State<super::State>,
    Citizen { page, person, .. }: Citizen,
    SafeForm(wish): SafeForm<Wish>,
) -> Result<Response, Problem> {
    let own = own(&state, person, &wish.consent).await?;
    if own.is_live && wish.sure != "yes" {
        let confirm = Confirm { page: &page, consent: &wish.consent, forum: &own.forum, name: &own.name };
        return Ok(page.render(&confirm));
    }
    state.consents.withdraw(own.id, person).await.map_err(store_problem)?;
    Ok(page.see_other(&Done::Withdrawn.address()))
}

/// A consent of the person, in words.
struct Own {
    id: ConsentId,
    is_live: bool,
    forum: String,
    name: String,
}

async fn own(state: &super::State, person: PersonId, id: &str) -> Result<Own, Problem> {
    let places = place::all(state, person).await?;
    let given = |place: &place::Place| place.consents.iter().find(|given| given.id.encode() == id).cloned();
    let found = places.iter().find_map(|place| Some((place, given(place)?)));
    let (place, consent) = found.ok_or_else(Problem::not_found)?;
    let client = state.clients.find(&consent.client).await.map_err(store_problem)?;
    Ok(Own {
        id: consent.id,
        is_live: consent.withdrawn_on.is_none(),
        forum: client.ok_or_else(Problem::not_found)?.metadata.client_name.clone(),
        name: place.heteronym.shown.name.as_str().to_owned(),
    })
}
