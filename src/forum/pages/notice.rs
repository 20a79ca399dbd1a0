//! A page that says one thing.

use askama::Template;
use axum::http::StatusCode;

use super::{
    frame::Frame,
    visit::{Answer, Visit},
};
use crate::http::Page;

#[derive(Template)]
#[template(path = "forum/pages/notice.html", config = "src/askama.toml")]
struct NoticePage<'a> {
    page: &'a Page,
    frame: Frame,
    lines: Vec<String>,
    /// Address and words of the one thing to do next.
    next: Option<(String, String)>,
}

/// Says something, and offers one way on.
pub(super) fn page(visit: &Visit, title: String, lines: Vec<String>, next: Option<(String, String)>) -> Answer {
    page_as(visit, StatusCode::OK, title, lines, next)
}

pub(super) fn page_as(
    visit: &Visit,
    status: StatusCode,
    title: String,
    lines: Vec<String>,
    next: Option<(String, String)>,
) -> Answer {
    visit.show_as(status, &NoticePage { page: &visit.page, frame: Frame::new(visit, title), lines, next })
}
