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
use crate::{
    http::headers,
    wire::tlog::{MAX_ADD_CHECKPOINT, SIZE_TYPE, WitnessRefusal},
};

pub(super) fn routes(witness: Witness) -> Router {
    Router::new()
        .route("/", get(async |State(witness): State<Witness>| home(&witness)))
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/logs", get(logs))
        .route("/{origin_hash}/checkpoint", get(checkpoint))
        .layer(DefaultBodyLimit::max(MAX_ADD_CHECKPOINT))
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

fn home(witness: &Witness) -> Response {
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
    Ok(text(StatusCode::OK, found.ok_or(WitnessRefusal::UnknownLog)?.checkpoint))
}

async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    // TLS ends in a proxy, which alone knows whether its whole host is https.
    headers::secure(&mut response, false);
    response
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Protocol(refusal) => refused(refusal),
            Self::Note(_) => text(StatusCode::BAD_REQUEST, format!("{self}\n")),
            Self::ClockBehind => {
                tracing::error!("{self}");
                text(StatusCode::SERVICE_UNAVAILABLE, format!("{self}\n"))
            }
            Self::Store(error) => unavailable(&error),
        }
    }
}

fn refused(refusal: WitnessRefusal) -> Response {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = text(status, refusal.body());
    if let WitnessRefusal::Conflict(_) = refusal {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(SIZE_TYPE));
    }
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
