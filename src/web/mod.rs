//! The provider's pages: routes, forms and templates, each page beside its handler. No SQL and no cryptography here.

pub mod account;
pub mod connect;
pub mod oidc;
pub mod public;
pub mod registrar;
pub mod shared;

use std::borrow::Borrow;

use crate::{
    http::{Problem, Texts, texts::TextsError},
    store::StoreError,
};

/// Where the pages are; links and redirects name these and nothing else.
pub mod paths {
    pub const HOME: &str = "/";
    pub const PRIVACY: &str = "/privacy";
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
    /// What opens the account, and where it is open.
    pub const ACCESS: &str = "/account/access";
    pub const WELCOME: &str = "/account/welcome";
    pub const REGISTRAR: &str = "/registrar";
    /// A sign-in to a forum under way, sealed in the parameter `tx`.
    pub const INTERACTION: &str = "/interaction";
    pub const CHOOSE: &str = "/interaction/choose";
    pub const CONSENT: &str = "/interaction/consent";
    pub const END_SESSION_CONFIRMED: &str = "/end-session/confirmed";
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
