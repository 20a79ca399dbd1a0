//! What every page of the forum has around its content.

use super::{
    refused::sanction_text,
    visit::{Visit, sign_in_path},
};

/// Title, the reader's place in the header, and whether search engines may keep the page.
pub(super) struct Frame {
    pub(super) title: String,
    pub(super) forum: String,
    /// The reader's own name.
    pub(super) member: Option<String>,
    pub(super) moderator: bool,
    pub(super) reports: Option<String>,
    pub(super) sign_in: String,
    pub(super) sign_in_text: String,
    /// Title, text and reason of the sanction that holds.
    pub(super) sanction: Option<(String, String, String)>,
    pub(super) indexable: bool,
}

impl Frame {
    /// A page that search engines may not keep, unless [`Self::indexable`] says otherwise.
    pub(super) fn new(visit: &Visit, title: String) -> Self {
        let words = visit.words();
        let config = visit.forum.config();
        Self {
            title,
            forum: config.title.clone(),
            member: visit.page.member.clone(),
            moderator: visit.is_moderator(),
            reports: (visit.reports > 0).then(|| words.count("forum-reports-open", visit.reports)),
            sign_in: sign_in_path(&visit.here),
            sign_in_text: words.with("forum-sign-in", &[("provider", &config.provider_name)]),
            sanction: visit.sanction.as_ref().map(|sanction| {
                let (title, text) = sanction_text(visit, sanction);
                (title, text, words.with("forum-reason", &[("reason", &sanction.reason)]))
            }),
            indexable: false,
        }
    }

    pub(super) fn indexable(self, indexable: bool) -> Self {
        Self { indexable, ..self }
    }
}
