//! What each forum has got of a citizen, and when; withdrawing it, leaving, and taking it all along; what the logs have.
//!
//! No address of these pages holds an id: what a button is about travels in its form, and whatever it names is looked up
//! among what belongs to the person who is signed in. So an id of somebody else is as unknown as one that never was.

mod card;
mod export;
mod leave;
mod list;
mod log;
mod overview;
mod place;
mod rename;
mod withdraw;

use axum::{
    Router,
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
    routing::{get, post},
};

use super::State;
use crate::{
    accounts::SignedIn,
    domain::ids::PersonId,
    http::{Lang, Page, Problem},
    web::{paths, shared::Member},
};

/// The overview, everything below `/account/forums`, the export, and the person's own view of the logs.
pub(super) fn routes(state: State) -> Router {
    Router::new()
        .route(paths::ACCOUNT, get(overview::overview))
        .route(paths::FORUMS, get(list::list))
        .route(WITHDRAW, post(withdraw::withdraw))
        .route(NAME, post(rename::rename))
        .route(LEAVE, post(leave::leave))
        .route(EXPORT, get(export::export))
        .route(paths::ACCOUNT_LOG, get(log::log))
        .route(LOG_SECRET, post(log::file))
        .with_state(state)
}

pub(super) const TEXTS: [(Lang, &str); 2] = [(Lang::Fr, include_str!("fr.ftl")), (Lang::En, include_str!("en.ftl"))];

/// A page for a citizen. Whoever is not signed in is sent to sign in; staff have no forums.
struct Citizen {
    page: Page,
    signed_in: SignedIn,
    person: PersonId,
}

impl<S: Send + Sync> FromRequestParts<S> for Citizen {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let Member { page, signed_in } = Member::from_request_parts(parts, state).await?;
        match signed_in.person() {
            Some(person) => Ok(Self { page, signed_in, person }),
            None => Err(Problem::new(StatusCode::FORBIDDEN, "oidc-not-a-citizen").into_response()),
        }
    }
}

/// What was just done, for the notice above the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    Withdrawn,
    Renamed,
    Left,
    /// Signed in again, for the export.
    SignedIn,
}

impl Done {
    const ALL: [Self; 4] = [Self::Withdrawn, Self::Renamed, Self::Left, Self::SignedIn];

    /// In the address, and after `forums-done-`.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::Renamed => "renamed",
            Self::Left => "left",
            Self::SignedIn => "signed-in",
        }
    }

    /// The list with this notice. By GET, so that a reload does nothing twice.
    fn address(self) -> String {
        format!("{}?done={}", paths::FORUMS, self.as_str())
    }
}

const WITHDRAW: &str = "/account/forums/withdraw";
const NAME: &str = "/account/forums/name";
const LEAVE: &str = "/account/forums/leave";
const EXPORT: &str = "/account/export";
const LOG_SECRET: &str = "/account/log/secret";
