//! The public logs as static files would be (C2SP tlog-tiles), proofs of single tokens, and leaves by the tag of their owner.
//!
//! What is complete never changes and may be kept for ever; a checkpoint is asked for anew each time. No path but the one
//! spelling of a tile is answered, so that a mirror is a copy of what is served.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use serde::Serialize;

use crate::{
    domain::log::LogName,
    http::Problem,
    transparency::{Lookup, OwnerPrefix, Transparency},
    web::store_problem,
    wire::tlog::{Bundle, Tile},
};

/// Everything below `/log`.
pub fn routes(transparency: Transparency) -> Router {
    Router::new()
        .route("/log/{log}/checkpoint", get(checkpoint))
        .route("/log/{log}/tile/{*path}", get(tile))
        .route("/log/proof/{token}", get(proof))
        .route("/log/owner/{prefix}", get(owners))
        .with_state(transparency)
}

/// A leaf that was asked for by its owner's tag.
#[derive(Serialize)]
struct Found {
    log: String,
    index: u64,
    /// In base64, as it stands in the log.
    leaf: String,
}

/// The newest head, cosigned where there are witnesses (C2SP tlog-checkpoint).
async fn checkpoint(State(transparency): State<Transparency>, Path(log): Path<String>) -> Result<Response, Problem> {
    let head = transparency.published(named(&log)?).await.map_err(store_problem)?;
    let head = head.ok_or_else(Problem::not_found)?;
    Ok(([(header::CACHE_CONTROL, "no-cache"), (header::CONTENT_TYPE, TEXT)], head).into_response())
}

async fn tile(State(transparency): State<Transparency>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    // As it was sent: an escaped character is another spelling.
    let path = uri.path().strip_prefix("/log/").ok_or_else(Problem::not_found)?;
    let etag = HeaderValue::try_from(format!("\"{path}\"")).map_err(|_| Problem::not_found())?;
    let (log, path) = path.split_once('/').ok_or_else(Problem::not_found)?;
    let log = named(log)?;
    let found = if path.starts_with("tile/entries/") {
        let bundle: Bundle = path.parse().map_err(|_| Problem::not_found())?;
        transparency.entries(log, bundle).await
    } else {
        let tile: Tile = path.parse().map_err(|_| Problem::not_found())?;
        transparency.tile(log, tile).await
    };
    let bytes = found.map_err(store_problem)?.ok_or_else(Problem::not_found)?;
    Ok(unchanging(bytes, &etag, &headers))
}

/// That a token stands in the log, by its SHA-256 in hexadecimal digits or base64url (C2SP tlog-proof); or any leaf in somebody's
/// name, by the tag of its owner in hexadecimal digits.
async fn proof(State(transparency): State<Transparency>, Path(token): Path<String>) -> Result<Response, Problem> {
    let lookup = lookup(&token).ok_or_else(Problem::not_found)?;
    let found = transparency.proof(lookup).await.map_err(store_problem)?;
    let proof = found.ok_or_else(Problem::not_found)?.tlog_proof().map_err(Problem::internal)?;
    Ok(([(header::CACHE_CONTROL, "no-cache"), (header::CONTENT_TYPE, TEXT)], proof.to_string()).into_response())
}

/// The leaves whose owner's tag begins so. Whoever asks with few digits does not say which one is meant.
async fn owners(State(transparency): State<Transparency>, Path(prefix): Path<String>) -> Result<Response, Problem> {
    let prefix: OwnerPrefix = prefix.parse().map_err(|_| Problem::not_found())?;
    let found = transparency.of_owners(prefix, MOST + 1).await.map_err(store_problem)?;
    if found.len() > MOST as usize {
        return Ok(
            (StatusCode::UNPROCESSABLE_ENTITY, "more than 1,000 leaves: ask with one digit more\n").into_response()
        );
    }
    let found: Vec<_> = found
        .into_iter()
        .map(|entry| Found {
            log: entry.log.to_string(),
            index: entry.index,
            leaf: data_encoding::BASE64.encode(&entry.leaf),
        })
        .collect();
    let body = serde_json::to_vec(&found).map_err(|_| Problem::internal("leaves cannot be written as JSON"))?;
    Ok(([(header::CACHE_CONTROL, "no-cache"), (header::CONTENT_TYPE, "application/json")], body).into_response())
}

fn named(log: &str) -> Result<LogName, Problem> {
    log.parse().map_err(|_| Problem::not_found())
}

fn lookup(text: &str) -> Option<Lookup> {
    let decoded = match text.len() {
        32 | 64 => HEXLOWER_PERMISSIVE.decode(text.as_bytes()),
        43 => BASE64URL_NOPAD.decode(text.as_bytes()),
        _ => return None,
    };
    let decoded = decoded.ok()?;
    match <[u8; 16]>::try_from(decoded.as_slice()) {
        Ok(owner) => Some(Lookup::Owner(owner)),
        Err(_) => decoded.try_into().ok().map(Lookup::Token),
    }
}

fn unchanging(bytes: Arc<[u8]>, etag: &HeaderValue, request: &HeaderMap) -> Response {
    let fixed = [
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
        (header::ETAG, etag.clone()),
    ];
    if request.get(header::IF_NONE_MATCH).is_some_and(|known| known == etag) {
        return (StatusCode::NOT_MODIFIED, fixed).into_response();
    }
    let body = axum::body::Bytes::from_owner(bytes);
    (fixed, [(header::CONTENT_TYPE, "application/octet-stream")], body).into_response()
}

const TEXT: &str = "text/plain; charset=utf-8";
/// Leaves of one answer.
const MOST: u32 = 1_000;
