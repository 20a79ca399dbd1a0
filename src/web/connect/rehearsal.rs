//! A look at a sign-in: what a forum would be told of the citizen who is signed in here. Nothing is made, so there is
//! nothing to be guarded against a forged request: whoever leads somebody here shows them their own values, and nobody else.

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;

use super::client;
use crate::{
    clients::Client,
    http::{Page, Problem},
    issuance::{IssueError, Rehearsal},
    provider::{Provider, rehearsal::Spectator},
    web::{shared::Member, store_problem},
};

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    client_id: String,
}

#[derive(Template)]
#[template(path = "web/connect/test.html", config = "src/askama.toml")]
struct Test<'a> {
    page: &'a Page,
    client: &'a Client,
    told: &'a Rehearsal,
}

pub(super) async fn rehearsal(
    State(provider): State<Provider>,
    Member { page, signed_in }: Member,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let client = client(&provider, &asked.client_id).await?;
    let not_a_citizen = || Problem::new(StatusCode::FORBIDDEN, "oidc-not-a-citizen");
    let person = signed_in.person().ok_or_else(not_a_citizen)?;
    let spectator = Spectator { person, method: signed_in.method, at: signed_in.auth_time };
    let told = provider.rehearse(&client, spectator).await.map_err(|error| match error {
        IssueError::Store(error) => store_problem(error),
        error => Problem::internal(error),
    })?;
    let told = told.ok_or_else(not_a_citizen)?;
    Ok(page.render(&Test { page: &page, client: &client, told: &told }))
}
