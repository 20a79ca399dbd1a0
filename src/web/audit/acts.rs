//! What an auditor does: begins, shows the nonce, takes the openings, says what came of it.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use serde::Deserialize;

use super::{Visitor, problem};
use crate::{
    http::{Problem, SafeForm},
    sampling::Sampling,
    web::store_problem,
};

#[derive(Deserialize)]
pub(super) struct Commitment {
    log: String,
    draws: String,
    hash: String,
}

#[derive(Deserialize)]
pub(super) struct Nonce {
    nonce: String,
}

/// The button says everything.
#[derive(Deserialize)]
pub(super) struct Wish {}

#[derive(Deserialize)]
pub(super) struct Outcome {
    faults: String,
    report: String,
}

pub(super) async fn begin(
    State(sampling): State<Sampling>,
    visitor: Visitor,
    SafeForm(Commitment { log, draws, hash }): SafeForm<Commitment>,
) -> Result<Response, Problem> {
    let hash = bytes(&hash)?;
    // What is no number is not a number of draws either.
    let draws = draws.trim().parse().unwrap_or_default();
    let begun = sampling.begin(visitor.signed_in.account, &log, draws, hash).await;
    begun.map_err(|error| problem::of_begin(&error))?;
    Ok(visitor.back())
}

pub(super) async fn reveal(
    State(sampling): State<Sampling>,
    visitor: Visitor,
    SafeForm(Nonce { nonce }): SafeForm<Nonce>,
) -> Result<Response, Problem> {
    if let Some(elsewhere) = visitor.stale() {
        return Ok(elsewhere);
    }
    let revealed = sampling.reveal(visitor.signed_in.account, bytes(&nonce)?).await;
    revealed.map_err(|error| problem::of_reveal(&error))?;
    sampling.start();
    Ok(visitor.back())
}

/// The openings. They are about people, and go to whoever has just signed in.
pub(super) async fn file(
    State(sampling): State<Sampling>,
    visitor: Visitor,
    SafeForm(Wish {}): SafeForm<Wish>,
) -> Result<Response, Problem> {
    if let Some(elsewhere) = visitor.stale() {
        return Ok(elsewhere);
    }
    let file = sampling.file(visitor.signed_in.account).await.map_err(store_problem)?;
    let file = file.ok_or_else(problem::nothing_opened)?;
    let kind = HeaderValue::from_static("application/json");
    let name = HeaderValue::from_static("attachment; filename=\"heteronym-openings.json\"");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], file).into_response())
}

pub(super) async fn conclude(
    State(sampling): State<Sampling>,
    visitor: Visitor,
    SafeForm(Outcome { faults, report }): SafeForm<Outcome>,
) -> Result<Response, Problem> {
    let faults = faults.trim().parse().map_err(|_| problem::faults())?;
    let concluded = sampling.conclude(visitor.signed_in.account, faults, bytes(&report)?).await;
    concluded.map_err(|error| problem::of_conclude(&error))?;
    Ok(visitor.back())
}

/// 32 bytes, in base64url or in hexadecimal, as they are pasted.
fn bytes(pasted: &str) -> Result<[u8; 32], Problem> {
    let text = pasted.trim().as_bytes();
    let encoding = if text.len() == 64 { &HEXLOWER_PERMISSIVE } else { &BASE64URL_NOPAD };
    let decoded = encoding.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    decoded.ok_or_else(problem::pasted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pasted_is_read_in_both_spellings_and_in_no_other_length() {
        for text in [BASE64URL_NOPAD.encode(&[7; 32]), format!(" {}\n", "07".repeat(32)), "0A".repeat(32)] {
            let read = bytes(&text).unwrap();
            assert!(read == [7; 32] || read == [10; 32]);
        }
        for text in ["", "07", &"07".repeat(31), &"07".repeat(33), &"0g".repeat(32), &"A".repeat(44), &"+".repeat(43)] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
