//! Reporting a message to the moderators.

use askama::Template;
use axum::{extract::Path, http::StatusCode};
use serde::Deserialize;

use super::{
    compose::sign_in_beside,
    fault::Fault,
    frame::Frame,
    kept, notice,
    topic::still_visible,
    visit::{Answer, Visit},
};
use crate::{
    forum::{
        rules::Rule,
        store::Post,
        text::{self, Paragraph, Piece},
    },
    http::{KeptForm, Page, Problem},
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
    beside: Option<(String, String)>,
}

#[derive(Deserialize)]
pub(super) struct ReportForm {
    reason: String,
}

/// `GET /p/{id}/report`
pub(super) async fn ask(Path(id): Path<i64>, visit: Visit) -> Answer {
    visit.writer(&format!("/p/{id}/report"))?;
    let post = reportable(&visit, id).await?.ok_or_else(Problem::not_found)?;
    page(&visit, &post, String::new(), None)
}

/// `POST /p/{id}/report`
pub(super) async fn send(Path(id): Path<i64>, visit: Visit, sent: KeptForm<ReportForm>) -> Answer {
    let KeptForm { form: ReportForm { reason: typed }, fresh } = sent;
    let Some(post) = reportable(&visit, id).await? else {
        return kept::page(&visit, Fault::Hidden, vec![("forum-report-label", typed)], "/");
    };
    let ready = visit.sender(fresh, &Rule::Anyone).and_then(|member| {
        let reason = text::body(&typed, MAX_REASON).map_err(|fault| Fault::of("forum-report-label", fault))?;
        Ok((member.id, reason))
    });
    let (by, reason) = match ready {
        Ok(ready) => ready,
        Err(fault) => return page(&visit, &post, typed, Some(fault)),
    };
    visit.forum.store().report(id, by, &reason, visit.now).await?;
    let words = visit.words();
    notice::page(
        &visit,
        words.t("forum-report-title"),
        vec![words.t("forum-report-thanks")],
        Some((format!("/t/{}", post.topic), words.t("forum-back"))),
    )
}

/// A message that readers still see.
async fn reportable(visit: &Visit, id: i64) -> Result<Option<Post>, Problem> {
    let Some(post) = visit.forum.store().post(id).await?.filter(|post| post.hidden_at.is_none()) else {
        return Ok(None);
    };
    Ok(still_visible(visit, post.topic).await?.map(|_| post))
}

fn page(visit: &Visit, post: &Post, reason: String, fault: Option<Fault>) -> Answer {
    let words = visit.words();
    let view = ReportPage {
        page: &visit.page,
        frame: Frame::new(visit, words.t("forum-report-title")),
        id: post.id,
        topic: post.topic,
        quoted: text::paragraphs(&post.body),
        reason,
        fault: fault.map(|fault| fault.text(words)),
        beside: sign_in_beside(visit, &format!("/p/{}/report", post.id)),
    };
    visit.show_as(fault.map_or(StatusCode::OK, Fault::status), &view)
}

/// Characters in a reason.
pub(super) const MAX_REASON: usize = 500;
