//! The provider's pages: routes, forms and templates, each page beside its handler. No SQL and no cryptography here.

pub mod account;
pub mod oidc;
pub mod public;
pub mod registrar;
pub mod shared;

use crate::http::{Texts, texts::TextsError};

/// Where the pages are; links and redirects name these and nothing else.
pub mod paths {
    pub const HOME: &str = "/";
    pub const PRIVACY: &str = "/privacy";
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

/// The texts of all pages in both languages.
pub fn texts() -> Result<Texts, TextsError> {
    let pages = [shared::TEXTS, public::TEXTS, oidc::TEXTS, account::TEXTS, account::FORUM_TEXTS, registrar::TEXTS];
    Texts::load(&pages.concat())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn every_text_exists_in_both_languages() {
        let faults =
            super::texts().unwrap().faults(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/web"))).unwrap();
        assert_eq!(faults, Vec::<String>::new());
    }
}
