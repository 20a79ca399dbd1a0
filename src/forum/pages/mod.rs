//! The forum's pages: one file per thing a person does, its template beside it.

mod about;
mod back_channel;
mod boards;
mod compose;
mod fault;
mod frame;
mod kept;
mod log;
mod me;
mod moderation;
mod notice;
mod refused;
mod report;
mod sign_in;
mod topic;
mod view;
mod visit;
mod words;

use axum::{
    Router,
    extract::Request,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};

use super::Forum;
use crate::http::Problem;

/// Every address of the forum.
pub(super) fn routes(forum: Forum) -> Router {
    Router::new()
        .route("/", get(boards::home))
        .route("/b/{slug}", get(boards::board))
        .route("/b/{slug}/new", get(compose::new).post(compose::create))
        .route("/t/{id}", get(topic::topic))
        .route("/t/{id}/reply", post(topic::reply))
        .route("/t/{id}/vote", post(topic::vote))
        .route("/t/{id}/moderate", post(moderation::moderate_topic))
        .route("/p/{id}", get(about::post))
        .route("/p/{id}/edit", get(compose::edit).post(compose::save))
        .route("/p/{id}/report", get(report::ask).post(report::send))
        .route("/p/{id}/moderate", post(moderation::moderate_post))
        .route("/m/{id}", get(moderation::member))
        .route("/m/{id}/sanction", post(moderation::sanction))
        .route("/me", get(me::me))
        .route("/me.json", get(me::export))
        .route("/me/leave", get(me::ask_leave).post(me::leave))
        .route("/moderation", get(moderation::overview))
        .route("/moderation/claim", post(moderation::claim))
        .route("/moderation/reports/{id}/settle", post(moderation::settle))
        .route("/sign-in", get(sign_in::start))
        .route("/callback", get(sign_in::callback))
        .route("/sign-out", post(sign_in::out))
        .route("/signed-out", get(sign_in::signed_out))
        .route("/back-channel-logout", post(back_channel::logout))
        .route("/about", get(about::about))
        .route("/log/evidence/{id}", get(log::evidence))
        .route("/robots.txt", get(about::robots))
        .layer(middleware::from_fn(to_its_end))
        .with_state(forum)
}

/// Runs a request to its end even when the browser hangs up: what was begun is written whole and its answer is built.
async fn to_its_end(request: Request, next: Next) -> Response {
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::internal("a handler panicked").into_response(),
    }
}
