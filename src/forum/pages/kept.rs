//! What somebody wrote and cannot publish any more, to be copied.

use askama::Template;

use super::{
    fault::Fault,
    frame::Frame,
    visit::{Answer, Visit},
};
use crate::http::Page;

#[derive(Template)]
#[template(path = "forum/pages/kept.html", config = "src/askama.toml")]
struct KeptPage<'a> {
    page: &'a Page,
    frame: Frame,
    why: String,
    /// Label and text of each field.
    texts: Vec<(&'static str, String)>,
    back: &'a str,
}

/// The page that says why, and holds the fields that were not left empty.
pub(super) fn page(visit: &Visit, fault: Fault, mut texts: Vec<(&'static str, String)>, back: &str) -> Answer {
    let words = visit.words();
    texts.retain(|(_, text)| !text.trim().is_empty());
    let frame = Frame::new(visit, words.t("forum-kept-title"));
    let view = KeptPage { page: &visit.page, frame, why: fault.text(words), texts, back };
    visit.show_as(fault.status(), &view)
}
