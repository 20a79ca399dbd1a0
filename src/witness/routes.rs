//! What a witness answers: the submission of heads, and for everybody to read, the newest heads that it has cosigned.

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::{Refusal, StoreError, Witness, store::Known};
use crate::http::headers;

pub(super) fn routes(witness: Witness) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/logs", get(logs))
        .route("/{origin_hash}/checkpoint", get(checkpoint))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(secure))
        .with_state(witness)
}

async fn add_checkpoint(State(witness): State<Witness>, body: Bytes) -> Response {
    // In a task of its own: a client that goes away leaves no step half done.
    let answer = tokio::spawn(async move { witness.add_checkpoint(&body).await }).await;
    match answer {
        Ok(Ok(line)) => text(StatusCode::OK, line),
        Ok(Err(refusal)) => refusal.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn home(State(witness): State<Witness>) -> Response {
    let key = witness.verifier_key();
    let about = "A witness of transparency logs (https://c2sp.org/tlog-witness).\nWhat it has cosigned: /logs\n";
    text(StatusCode::OK, format!("{about}Its verifier key: {key}\n"))
}

/// One line a log: origin, size, root, time of the cosignature, and where the cosigned head stands.
async fn logs(State(witness): State<Witness>) -> Result<Response, Refusal> {
    let known = witness.0.store.all_known().await?;
    let lines = known.iter().map(|known| {
        let (Known { origin, size, root, .. }, at) = (known, time(known.cosigned_at));
        format!("{origin} {size} {root} {at} /{}/checkpoint\n", origin_hash(origin))
    });
    Ok(text(StatusCode::OK, lines.collect()))
}

/// The newest cosigned head of the log whose origin has this SHA-256.
async fn checkpoint(State(witness): State<Witness>, Path(hash): Path<String>) -> Result<Response, Refusal> {
    let known = witness.0.store.all_known().await?;
    let found = known.into_iter().find(|known| origin_hash(&known.origin) == hash);
    Ok(text(StatusCode::OK, found.ok_or(Refusal::UnknownLog)?.checkpoint))
}

async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    // TLS ends in a proxy, which alone knows whether its whole host is https.
    headers::secure(&mut response, false);
    response
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Malformed(_) | Self::Order => StatusCode::BAD_REQUEST,
            Self::Unsigned => StatusCode::FORBIDDEN,
            Self::UnknownLog => StatusCode::NOT_FOUND,
            Self::Fork => StatusCode::CONFLICT,
            Self::Inconsistent => StatusCode::UNPROCESSABLE_ENTITY,
            Self::OtherSize(size) => return known_size(*size),
            Self::ClockBehind => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(error) => return unavailable(error),
        };
        text(status, format!("{self}\n"))
    }
}

/// "409 Conflict" with the size, by which a log learns where to begin.
fn known_size(size: u64) -> Response {
    let mut response = (StatusCode::CONFLICT, format!("{size}\n")).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/x.tlog.size"));
    response
}

fn unavailable(error: &StoreError) -> Response {
    tracing::error!(%error, "the witness cannot answer");
    text(StatusCode::SERVICE_UNAVAILABLE, "the witness cannot reach its memory\n".to_owned())
}

fn text(status: StatusCode, body: String) -> Response {
    (status, body).into_response()
}

pub(super) fn origin_hash(origin: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(origin.as_bytes()))
}

pub(super) fn time(seconds: u64) -> String {
    let at = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    at.map_or_else(|| "-".to_owned(), |at| at.to_string())
}

/// 63 hashes and a checkpoint of 4 KiB with 32 signatures of several kilobytes stay below the server's own limit.
const MAX_BODY: usize = 64 * 1024;
