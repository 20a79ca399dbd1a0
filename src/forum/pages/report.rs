//! Reporting a message to the moderators.

use askama::Template;
use axum::{extract::Path, http::StatusCode};
use serde::Deserialize;

use super::{
    fault::Fault,
    frame::Frame,
    notice,
    topic::visible,
    visit::{Answer, Ended, FAULTY, Visit},
};
use crate::{
    forum::{
        store::Post,
        text::{self, Paragraph, Piece},
    },
    http::{Page, Problem, SafeForm},
};

#[derive(Template)]
#[template(path = "forum/pages/report.html", config = "src/askama.toml")]
struct ReportPage<'a> {
    page: &'a Page,
    frame: Frame,
    id: i64,
    topic: i64,
    quoted: Vec<Paragraph>,
    reason: String,
    fault: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct ReportForm {
    reason: String,
}

/// `GET /p/{id}/report`
pub(super) async fn ask(Path(id): Path<i64>, visit: Visit) -> Answer {
    let post = reportable(&visit, id).await?;
    page(&visit, &post, String::new(), None, StatusCode::OK)
}

/// `POST /p/{id}/report`
pub(super) async fn send(Path(id): Path<i64>, visit: Visit, SafeForm(form): SafeForm<ReportForm>) -> Answer {
    let post = reportable(&visit, id).await?;
    let reason = match text::body(&form.reason, MAX_REASON) {
        Ok(reason) => reason,
        Err(fault) => {
            return page(&visit, &post, form.reason, Some(Fault::of("forum-report-label", fault)), FAULTY);
        }
    };
    let by = visit.writer("/")?.id;
    visit.forum.store().report(id, by, &reason, visit.now).await?;
    let words = visit.words();
    notice::page(
        &visit,
        words.t("forum-report-title"),
        vec![words.t("forum-report-thanks")],
        Some((format!("/t/{}", post.topic), words.t("forum-back"))),
    )
}

async fn reportable(visit: &Visit, id: i64) -> Result<Post, Ended> {
    visit.writer(&format!("/p/{id}/report"))?;
    let post = visit.forum.store().post(id).await?.ok_or_else(Problem::not_found)?;
    visible(visit, post.topic).await?;
    if post.hidden_at.is_none() { Ok(post) } else { Err(Problem::not_found().into()) }
}

fn page(visit: &Visit, post: &Post, reason: String, fault: Option<Fault>, status: StatusCode) -> Answer {
    let words = visit.words();
    let view = ReportPage {
        page: &visit.page,
        frame: Frame::new(visit, words.t("forum-report-title")),
        id: post.id,
        topic: post.topic,
        quoted: text::paragraphs(&post.body),
        reason,
        fault: fault.map(|fault| fault.text(words)),
    };
    visit.show_as(status, &view)
}

/// Characters in a reason.
pub(super) const MAX_REASON: usize = 500;
