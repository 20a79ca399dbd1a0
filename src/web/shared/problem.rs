//! What a person is told when the account service refuses.

use axum::http::StatusCode;

use crate::{
    accounts::{CodeFault, Error, PasskeyFault, PassphraseFault},
    http::Problem,
    web::store_problem,
};

/// The one place that decides status and text of every refusal of [`crate::accounts`].
pub fn problem(error: Error) -> Problem {
    let bad = |name| Problem::new(StatusCode::BAD_REQUEST, name);
    let forbidden = |name| Problem::new(StatusCode::FORBIDDEN, name);
    let conflict = |name| Problem::new(StatusCode::CONFLICT, name);
    match error {
        Error::CodeFault(CodeFault::Length { found, expected }) => {
            bad("code-length").arg("found", found).arg("expected", expected)
        }
        Error::CodeFault(CodeFault::Symbol | CodeFault::Check) => bad("code-typed"),
        Error::Code => bad("code"),
        Error::SignIn => forbidden("sign-in-refused"),
        Error::Wait(wait) => Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many").retry_after(wait.as_secs() + 1),
        Error::Closed => forbidden("passphrase-closed"),
        Error::Ceremony => bad("passkey-again"),
        Error::Passkey(PasskeyFault::Unreadable | PasskeyFault::Wrong) => bad("passkey-wrong"),
        Error::Passkey(PasskeyFault::Unverified) => bad("passkey-unverified"),
        Error::Passkey(PasskeyFault::Synced) => bad("passkey-synced"),
        Error::Registered => conflict("passkey-known"),
        Error::Passphrase(PassphraseFault::Short { found }) => bad("passphrase-short").arg("found", found),
        Error::Passphrase(PassphraseFault::Long) => bad("passphrase-long"),
        Error::Passphrase(PassphraseFault::Characters) => bad("passphrase-characters"),
        Error::Passphrase(PassphraseFault::Common) => bad("passphrase-common"),
        Error::NotAllowed => forbidden("passphrase-not-allowed"),
        Error::Gone => Problem::not_found(),
        Error::LastOne => conflict("last-way-in"),
        Error::Stale => forbidden("sign-in-stale"),
        Error::SignedOut => forbidden("signed-out"),
        Error::Busy => Problem::unavailable("more passphrases than can be hashed"),
        Error::Store(error) => store_problem(error),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::http::Lang;

    #[test]
    fn every_refusal_is_explained_in_both_languages() {
        let texts = crate::web::texts().unwrap();
        let length = CodeFault::Length { found: 1, expected: 27 };
        let codes = [length, CodeFault::Symbol, CodeFault::Check].map(Error::from);
        let short = PassphraseFault::Short { found: 1 };
        let passphrases = [short, PassphraseFault::Long, PassphraseFault::Characters, PassphraseFault::Common];
        let passkeys = [PasskeyFault::Unreadable, PasskeyFault::Unverified, PasskeyFault::Synced, PasskeyFault::Wrong];
        let others = [
            Error::Code,
            Error::SignIn,
            Error::Wait(Duration::ZERO),
            Error::Closed,
            Error::Ceremony,
            Error::Registered,
            Error::NotAllowed,
            Error::Gone,
            Error::LastOne,
            Error::Stale,
            Error::SignedOut,
            Error::Busy,
        ];
        let errors =
            codes.into_iter().chain(passphrases.map(Error::from)).chain(passkeys.map(Error::from)).chain(others);
        for problem in errors.map(problem) {
            for part in ["title", "text"] {
                let key = format!("problem-{}-{part}", problem.name());
                assert!(Lang::ALL.iter().all(|lang| texts.has(*lang, &key)), "{key}");
            }
        }
    }
}
