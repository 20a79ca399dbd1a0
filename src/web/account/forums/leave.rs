//! Leaving a forum: giving up the pseudonym there, and with it all that was agreed to. The place stays the person's.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;

use super::{Citizen, Done, place};
use crate::{
    http::{Page, Problem, SafeForm},
    pseudonym::PseudonymError,
    web::store_problem,
};

#[derive(Deserialize)]
pub(super) struct Wish {
    pseudonym: String,
    /// `yes` from the page that says what happens.
    #[serde(default)]
    sure: String,
}

#[derive(Template)]
#[template(path = "web/account/forums/leave.html", config = "src/askama.toml")]
struct Confirm<'a> {
    page: &'a Page,
    pseudonym: &'a str,
    forum: String,
    name: &'a str,
}

/// Asks first, then leaves. Sent twice, it is done once and both see that it is done.
pub(super) async fn leave(
    State(state): State<super::State>,
    Citizen { page, person, .. }: Citizen,
    SafeForm(wish): SafeForm<Wish>,
) -> Result<Response, Problem> {
    let place = place::own(&state, person, &wish.pseudonym).await?;
    let heteronym = &place.heteronym;
    if !heteronym.is_retired() && wish.sure != "yes" {
        let forum = place::names(&place.forums(&state).await?);
        let name = heteronym.shown.name.as_str();
        return Ok(page.render(&Confirm { page: &page, pseudonym: &wish.pseudonym, forum, name }));
    }
    match state.pseudonyms.leave(heteronym.id, person).await {
        Ok(_) => Ok(page.see_other(&Done::Left.address())),
        Err(PseudonymError::Unknown) => Err(Problem::not_found()),
        Err(PseudonymError::Store(error)) => Err(store_problem(error)),
        Err(error) => Err(Problem::internal(error)),
    }
}
