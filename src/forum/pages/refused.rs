//! Refusals that explain themselves: what is missing and how to share it, or what a moderator decided.

use askama::Template;
use axum::{http::StatusCode, response::Response};

use super::{
    frame::Frame,
    view::Missing,
    visit::{Answer, Visit, sign_in_path},
};
use crate::{
    forum::{
        rules::Need,
        store::{Sanction, SanctionKind},
    },
    http::Page,
};

/// What was refused.
pub(super) enum Refused {
    /// Starting a topic on this board.
    Topic(String),
    Vote,
    /// Voting, because the provider does not say that there is one pseudonym per person.
    Voice,
}

#[derive(Template)]
#[template(path = "forum/pages/refused.html", config = "src/askama.toml")]
struct RefusedPage<'a> {
    page: &'a Page,
    frame: Frame,
    lead: String,
    missing: Option<Missing>,
    /// Where to share more, when that could help.
    share: Option<String>,
    voice: Option<String>,
    share_text: String,
    back: String,
}

#[derive(Template)]
#[template(path = "forum/pages/sanctioned.html", config = "src/askama.toml")]
struct SanctionedPage<'a> {
    page: &'a Page,
    frame: Frame,
    text: String,
    reason: String,
}

/// The page that refuses for want of a quality.
pub(super) fn page(visit: &Visit, what: &Refused, need: Option<&Need>, goal: &str) -> Answer {
    let lens = visit.lens();
    let words = lens.words;
    let provider = visit.forum.config().provider_name.as_str();
    let (lead, voice) = match what {
        Refused::Topic(board) => (words.with("forum-refused-topic", &[("board", board)]), None),
        Refused::Vote => (words.t("forum-refused-vote"), None),
        Refused::Voice => (words.t("forum-refused-vote"), Some(lens.one_voice_missing())),
    };
    let could_share = need.is_none_or(Need::could_be_shared);
    let view = RefusedPage {
        page: &visit.page,
        frame: Frame::new(visit, words.t("forum-refused-title")),
        lead,
        missing: need.map(|need| lens.missing(need)),
        share: could_share.then(|| format!("{}&share=1", sign_in_path(goal))),
        voice,
        share_text: words.with("forum-refused-share", &[("provider", provider)]),
        back: back(goal),
    };
    visit.show_as(StatusCode::FORBIDDEN, &view)
}

/// What holds against the reader, in words: title and text.
pub(super) fn sanction_text(visit: &Visit, sanction: &Sanction) -> (String, String) {
    let lens = visit.lens();
    let (title, until, for_ever) = match sanction.kind {
        SanctionKind::Mute => ("forum-muted-title", "forum-muted-until", "forum-muted"),
        SanctionKind::Ban => ("forum-banned-title", "forum-banned-until", "forum-banned"),
    };
    let text = match sanction.until {
        Some(at) => lens.words.with(until, &[("date", &lens.date(at))]),
        None => lens.words.t(for_ever),
    };
    (lens.words.t(title), text)
}

/// The page for who is muted or banned.
pub(super) fn sanctioned(visit: &Visit, sanction: &Sanction) -> Response {
    let (title, text) = sanction_text(visit, sanction);
    let reason = visit.words().with("forum-reason", &[("reason", &sanction.reason)]);
    let view = SanctionedPage { page: &visit.page, frame: Frame::new(visit, title), text, reason };
    visit.rendered(StatusCode::FORBIDDEN, &view)
}

/// Where a refused reader came from: the form refused here would only be refused again.
fn back(goal: &str) -> String {
    goal.strip_suffix("/new").unwrap_or(goal).to_owned()
}
