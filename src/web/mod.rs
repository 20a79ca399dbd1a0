//! The provider's pages: routes, forms and templates, each page beside its handler. No SQL and no cryptography here.

pub mod account;
pub mod audit;
pub mod connect;
pub mod oidc;
pub mod public;
pub mod registrar;
pub mod shared;

use std::borrow::Borrow;

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::{
    http::{Lang, Page, Problem, Texts, texts::TextsError},
    logout::Ended,
    provider::{Provider, logout::Logout},
    store::StoreError,
};

pub use crate::provider::interaction::Destination;

/// Where the pages are; links and redirects name these and nothing else.
pub mod paths {
    pub const HOME: &str = "/";
    pub const PRIVACY: &str = "/privacy";
    /// What the public logs come to, and how to check them.
    pub const TRANSPARENCY: &str = "/transparency";
    /// What operators of forums paste where.
    pub const CONNECT: &str = "/connect";
    /// A sign-in that is only looked at.
    pub const CONNECT_TEST: &str = "/connect/test";
    pub const ACTIVATE: &str = "/activate";
    pub const SIGN_IN: &str = "/sign-in";
    pub const SIGN_OUT: &str = "/sign-out";
    pub const ACCOUNT: &str = "/account";
    /// What each forum has got, and when.
    pub const FORUMS: &str = "/account/forums";
    /// Everything that was done in a person's name.
    pub const ACCOUNT_LOG: &str = "/account/log";
    /// What opens the account, and where it is open.
    pub const ACCESS: &str = "/account/access";
    pub const WELCOME: &str = "/account/welcome";
    pub const REGISTRAR: &str = "/registrar";
    /// Sampled audits.
    pub const AUDIT: &str = "/audit";
    /// A sign-in to a forum under way, sealed in the parameter `tx`.
    pub const INTERACTION: &str = "/interaction";
    pub const CHOOSE: &str = "/interaction/choose";
    pub const CONSENT: &str = "/interaction/consent";
    pub const END_SESSION_CONFIRMED: &str = "/end-session/confirmed";
}

/// Tells the forums of a session that it has ended, for whichever page ended it. The router carries it as an extension.
#[derive(Clone)]
pub struct Farewells(pub Logout);

impl Farewells {
    /// Tells the forums that can be told from here, waiting a moment for them, and gives the addresses through which the
    /// browser has to tell the others. The session has ended already: nothing that goes wrong here keeps it.
    pub async fn tell(&self, ended: Ended) -> Vec<String> {
        let frames = self.0.frames(&ended).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "forums are not told by the browser that a session has ended");
            Vec::new()
        });
        self.0.tell_now(ended).await;
        frames
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Farewells {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let found = parts.extensions.get::<Self>().cloned();
        found.ok_or_else(|| Problem::internal("the router does not carry the logout service"))
    }
}

/// Knows where a sign-in under way leads, for the page on which it begins. The router carries it as an extension.
#[derive(Clone)]
pub struct Destinations(pub Provider);

impl Destinations {
    /// The forum behind the sealed value of a sign-in under way, and this page in the language that the forum wished for.
    pub async fn of(&self, page: Page, sealed: Option<&str>) -> (Page, Option<Destination>) {
        let Some(sealed) = sealed else { return (page, None) };
        let found = self.0.destination(sealed, page.browser().as_bytes()).await;
        let wished = found.as_ref().and_then(|found| found.ui_locales.as_deref()).and_then(Lang::pick);
        (if let Some(lang) = wished { page.in_lang(lang) } else { page }, found)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Destinations {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let found = parts.extensions.get::<Self>().cloned();
        found.ok_or_else(|| Problem::internal("the router does not carry the provider"))
    }
}

/// What a page says when the database did not answer: to come back, or, where that will not help, that it is ours to mend.
/// Nothing was done, and nothing is let through.
pub fn store_problem(error: impl Borrow<StoreError>) -> Problem {
    let error = error.borrow();
    if error.is_passing() { Problem::unavailable(error) } else { Problem::internal(error) }
}

/// The texts of all pages in both languages.
pub fn texts() -> Result<Texts, TextsError> {
    let pages = [
        shared::TEXTS,
        public::TEXTS,
        connect::TEXTS,
        oidc::TEXTS,
        account::TEXTS,
        account::FORUM_TEXTS,
        registrar::TEXTS,
        audit::TEXTS,
    ];
    Texts::load(&pages.concat())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn only_what_passes_is_told_to_come_back_to() {
        let status = |error: StoreError| store_problem(error).status().as_u16();
        assert_eq!([StoreError::Busy, StoreError::Unavailable("full")].map(status), [503; 2]);
        assert_eq!([StoreError::Corrupt("facts"), StoreError::Other("broken".to_owned())].map(status), [500; 2]);
    }

    #[test]
    fn every_text_exists_in_both_languages() {
        let faults = texts().unwrap().faults(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/web"))).unwrap();
        assert_eq!(faults, Vec::<String>::new());
    }
}
