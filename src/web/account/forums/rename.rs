//! Another name in a forum, and whether search engines may see it.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;

use super::{
    Citizen, Done,
    place::{self, Forum, Place},
};
use crate::{
    domain::{name::Reserved, quality::PartialName},
    http::{Page, Problem, SafeForm},
    pseudonym::{NameChoice, PseudonymError},
    web::{
        shared::naming::{NameEntry, pseudonym_text},
        store_problem,
    },
};

#[derive(Deserialize)]
pub(super) struct Wish {
    pseudonym: String,
    /// `yes` from the page of the name, absent from the button that leads there.
    #[serde(default)]
    save: String,
    #[serde(flatten)]
    name: NameEntry,
}

#[derive(Template)]
#[template(path = "web/account/forums/rename.html", config = "src/askama.toml")]
struct Rename<'a> {
    page: &'a Page,
    pseudonym: String,
    forum: String,
    current: &'a str,
    partial: &'a str,
    entry: &'a NameEntry,
}

pub(super) async fn rename(
    State(state): State<super::State>,
    Citizen { page, person, .. }: Citizen,
    SafeForm(wish): SafeForm<Wish>,
) -> Result<Response, Problem> {
    let place = place::own(&state, person, &wish.pseudonym).await?;
    if place.heteronym.is_retired() {
        return Ok(page.see_other(&Done::Left.address()));
    }
    let forums = place.forums(&state).await?;
    let facts = state.attributes.facts(person).await.map_err(store_problem)?;
    let partial = facts.ok_or_else(Problem::not_found)?.partial_name;
    let show = |entry: &NameEntry| form(&page, &place, &forums, &partial, entry);
    if wish.save != "yes" {
        return Ok(show(&NameEntry::of(&place.heteronym.shown)));
    }
    let taken = match chosen(&page, &place, &forums, &partial, &wish.name) {
        Ok(shown) => state.pseudonyms.rename(&place.heteronym, shown).await,
        Err(error) => return Ok(show(&wish.name.refused(error))),
    };
    match taken {
        Ok(()) => Ok(page.see_other(&Done::Renamed.address())),
        Err(PseudonymError::Store(error)) => Err(store_problem(error)),
        Err(error) => Ok(show(&wish.name.refused(pseudonym_text(&error)))),
    }
}

fn chosen(
    page: &Page,
    place: &Place,
    forums: &[Forum<'_>],
    partial: &PartialName,
    entry: &NameEntry,
) -> Result<NameChoice, &'static str> {
    let reserved = Reserved::new(forums.iter().map(Forum::name).chain([page.site().name()]));
    entry.choice(partial, &reserved, Some(&place.heteronym.shown.name))?.ok_or("empty")
}

fn form(page: &Page, place: &Place, forums: &[Forum<'_>], partial: &PartialName, entry: &NameEntry) -> Response {
    let status = if entry.error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let template = Rename {
        page,
        pseudonym: place.heteronym.id.encode(),
        forum: place::names(forums),
        current: place.heteronym.shown.name.as_str(),
        partial: partial.as_str(),
        entry,
    };
    page.render_as(status, &template)
}
