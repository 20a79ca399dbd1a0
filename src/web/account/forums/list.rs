//! Every forum that knows the person: under which name, what it has got, since when.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;

use super::{
    Citizen, Done,
    card::{Card, Dealer},
    place,
};
use crate::{
    http::{Page, Problem},
    web::store_problem,
};

/// Whatever else an address says is passed over.
#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    page: String,
    #[serde(default)]
    done: String,
}

#[derive(Template)]
#[template(path = "web/account/forums/list.html", config = "src/askama.toml")]
struct List<'a> {
    page: &'a Page,
    done: Option<Done>,
    cards: Vec<Card<'a>>,
    before: Option<usize>,
    after: Option<usize>,
}

pub(super) async fn list(
    State(state): State<super::State>,
    Citizen { page, person, .. }: Citizen,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let places = place::all(&state, person).await?;
    let facts = state.attributes.facts(person).await.map_err(store_problem)?;
    let pages = places.len().div_ceil(CARDS).max(1);
    let number = asked.page.parse().unwrap_or(1).clamp(1, pages);
    let dealer = Dealer { state: &state, page: &page, facts: facts.as_ref() };
    let mut cards = Vec::with_capacity(CARDS);
    for place in places.iter().skip((number - 1) * CARDS).take(CARDS) {
        cards.push(dealer.card(place).await?);
    }
    let done = Done::ALL.into_iter().find(|done| done.as_str() == asked.done);
    let (before, after) = ((number > 1).then(|| number - 1), (number < pages).then(|| number + 1));
    Ok(page.render(&List { page: &page, done, cards, before, after }))
}

/// A page stays below 50 kB, however much each forum has got.
const CARDS: usize = 5;
