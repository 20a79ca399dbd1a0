//! What this forum asks for and what its badges say; and what it asks of crawlers.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::IntoResponse,
};

use super::{
    frame::Frame,
    log::LogView,
    topic::visible,
    visit::{Answer, Visit, see},
};
use crate::{
    forum::Forum,
    http::{Page, Problem},
};

#[derive(Template)]
#[template(path = "forum/pages/about.html", config = "src/askama.toml")]
struct AboutPage<'a> {
    page: &'a Page,
    frame: Frame,
    provider: String,
    issuer: String,
    asks: Vec<String>,
    rules: Vec<(String, String, String)>,
    log: Option<LogView>,
}

/// `GET /about`
pub(super) async fn about(State(forum): State<Forum>, visit: Visit) -> Answer {
    let config = forum.config();
    let lens = visit.lens();
    let words = lens.words;
    let asks = config.scopes.iter().map(|scope| match scope.as_str() {
        "openid" | "profile" | "age" | "residence" | "sex" | "roles" => words.t(&format!("forum-about-scope-{scope}")),
        other => words.with("forum-about-scope-other", &[("scope", other)]),
    });
    let rules = config.boards.iter().map(|board| {
        let start = words.with("forum-who-starts", &[("rule", &lens.rule(&board.start))]);
        let reply = words.with("forum-who-replies", &[("rule", &lens.rule(&board.reply))]);
        (board.title.clone(), start, reply)
    });
    let view = AboutPage {
        page: &visit.page,
        frame: Frame::new(&visit, words.t("forum-about")).indexable(true),
        provider: config.provider_name.clone(),
        issuer: config.issuer.clone(),
        asks: asks.collect(),
        rules: rules.collect(),
        log: LogView::of(&visit).await?,
    };
    visit.show_listed(true, &view)
}

/// `GET /p/{id}`: a message's lasting address leads to its place in its topic.
pub(super) async fn post(State(forum): State<Forum>, Path(id): Path<i64>, visit: Visit) -> Answer {
    let post = forum.store().post(id).await?.ok_or_else(Problem::not_found)?;
    visible(&visit, post.topic).await?;
    let page = forum.store().page_of(id).await?;
    Ok(see(&format!("/t/{}?page={page}#p{id}", post.topic)))
}

/// `GET /robots.txt`: pages that may not be kept say so themselves; these would only waste a crawler's time.
pub(super) async fn robots() -> impl IntoResponse {
    "User-agent: *\nDisallow: /sign-in\nDisallow: /callback\nDisallow: /signed-out\nDisallow: /me\nDisallow: /m/\n\
     Disallow: /p/\nDisallow: /b/*/new\nDisallow: /moderation\nDisallow: /lang\n"
}
