//! The auditor's pages: a sampled audit from its commitment to its result (`specs/log.md` §13).
//!
//! They are for auditors with a name, and show nothing of anybody: what was opened goes out as a file, by a form, after a fresh
//! sign-in. What an auditor types is checked by the program that made it, `heteronym audit sample`, and here once more.

mod acts;
mod page;
mod problem;

use axum::{
    Router,
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Response},
    routing::{get, post},
};

use super::paths;
use crate::{
    accounts::{Accounts, Holder, SignedIn},
    http::{Lang, Page},
    sampling::Sampling,
    web::shared::{Member, sign_in_address},
};

/// Everything below `/audit`.
pub fn routes(sampling: Sampling) -> Router {
    Router::new()
        .route(paths::AUDIT, get(page::page))
        .route(path::BEGIN, post(acts::begin))
        .route(path::NONCE, post(acts::reveal))
        .route(path::OPENINGS, post(acts::file))
        .route(path::RESULT, post(acts::conclude))
        .with_state(sampling)
}

/// An auditor. Guests are sent to sign in; others are told that this is not for them.
struct Visitor {
    page: Page,
    accounts: Accounts,
    signed_in: SignedIn,
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let accounts = Accounts::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        let Member { page, signed_in } = Member::from_request_parts(parts, state).await?;
        if signed_in.holder != Holder::Auditor {
            return Err(problem::not_an_auditor().into_response());
        }
        Ok(Self { page, accounts, signed_in })
    }
}

impl Visitor {
    /// Where to sign in first, if that was too long ago: what is opened of people is not for a session that somebody found open.
    fn stale(&self) -> Option<Response> {
        let stale = self.accounts.check_fresh(&self.signed_in).is_err();
        stale.then(|| self.page.see_other(&sign_in_address(&self.accounts, paths::AUDIT)))
    }

    /// Back to the page, by GET, so that a reload does nothing twice.
    fn back(&self) -> Response {
        self.page.see_other(paths::AUDIT)
    }
}

/// Where the auditor's forms go.
mod path {
    pub(super) const BEGIN: &str = "/audit/begin";
    pub(super) const NONCE: &str = "/audit/nonce";
    pub(super) const OPENINGS: &str = "/audit/openings";
    pub(super) const RESULT: &str = "/audit/result";
}

pub(super) const TEXTS: [(Lang, &str); 2] = [(Lang::Fr, include_str!("fr.ftl")), (Lang::En, include_str!("en.ftl"))];
