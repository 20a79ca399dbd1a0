//! What a person is told when the account service refuses.

use axum::http::StatusCode;

use crate::{accounts::Error, http::Problem};

/// The one place that decides status and text of every refusal of [`crate::accounts`].
pub fn problem(error: Error) -> Problem {
    match error {
        Error::Stale => Problem::new(StatusCode::FORBIDDEN, "sign-in-stale"),
        Error::SignedOut => Problem::new(StatusCode::FORBIDDEN, "signed-out"),
        Error::Store(error) => Problem::unavailable(error),
    }
}
