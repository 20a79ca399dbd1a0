//! Where to go after signing in: a path of our own, sealed by us when somebody is sent to sign in.
//!
//! What a link says about it is never believed: only a value that this service sealed leads anywhere, a path here or a
//! sign-in to a forum at the page that opens it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::paths;
use crate::{
    accounts::{Accounts, Holder, SignedIn},
    domain::ambient::Timestamp,
};

/// The value of `return` in a link or form, whatever it is; [`Return::path`] finds out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Return(pub String);

#[derive(Serialize, Deserialize)]
struct Sealed {
    path: String,
    until: Timestamp,
}

/// The address that has somebody sign in and then brings them to `path` (with its query) on this site.
pub fn sign_in_address(accounts: &Accounts, path: &str) -> String {
    let sealed = Sealed { path: path.to_owned(), until: accounts.now().plus(LIFETIME) };
    format!("{}?return={}", paths::SIGN_IN, accounts.seal_value(PURPOSE, &[], &sealed))
}

/// The address that has somebody sign in and then go on with a sign-in to a forum. That is sealed, and bound to the browser,
/// already: sealed once more, a long request would make an address that servers refuse.
pub fn sign_in_to_go_on(sealed: &str) -> String {
    format!("{}?return={UNDER_WAY}{sealed}", paths::SIGN_IN)
}

impl Return {
    /// The sign-in to a forum that it goes on with, sealed, if it does.
    pub fn under_way(&self) -> Option<&str> {
        self.0.strip_prefix(UNDER_WAY)
    }

    /// The path that was sealed, while it is not too long ago.
    pub fn sealed_path(&self, accounts: &Accounts) -> Option<String> {
        if let Some(sealed) = self.under_way() {
            // Whether it was sealed here is found out where it leads: on one page of our own.
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            return sealed.bytes().all(is_plain).then(|| format!("{}?tx={sealed}", paths::INTERACTION));
        }
        let sealed = accounts.open_value::<Sealed>(PURPOSE, &[], &self.0)?;
        (accounts.now() <= sealed.until).then_some(sealed.path)
    }

    /// The path to go on to: the sealed one, or where somebody of this kind begins.
    pub fn path(&self, accounts: &Accounts, signed_in: &SignedIn) -> String {
        match self.sealed_path(accounts) {
            Some(path) => path,
            None if matches!(signed_in.holder, Holder::Officer(_)) => paths::REGISTRAR.to_owned(),
            None => paths::ACCOUNT.to_owned(),
        }
    }
}

const PURPOSE: &str = "return";
/// Not in the alphabet of sealed values.
const UNDER_WAY: &str = "tx.";
const LIFETIME: Duration = Duration::from_hours(1);
