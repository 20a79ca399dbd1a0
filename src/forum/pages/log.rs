//! The public log as people see it here: its last checked state, what is wrong with it, and how to check it without us.

use axum::{
    extract::{Path, State},
    http::{HeaderValue, header},
    response::IntoResponse,
};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::visit::{Answer, Visit};
use crate::{
    forum::{
        Forum,
        ambient::HOUR,
        log::BROKEN,
        store::{Found, Seen, StoreError},
    },
    http::Problem,
    wire::tlog::leaf::Hour,
};

/// What the pages show of it.
pub(super) struct LogView {
    pub(super) text: String,
    /// Of each log, the state that was checked last. Not the one seen last: it changes with every sign-in, and would tell the
    /// world which entries of the log are sign-ins to this forum.
    pub(super) heads: Vec<HeadView>,
    pub(super) address: String,
    pub(super) keys: Vec<String>,
    /// Title and text, while nobody can sign in.
    pub(super) broken: Option<(String, String)>,
    pub(super) breaks: Vec<BreakView>,
    pub(super) troubles: Vec<String>,
    /// Tokens that did not come here, and what that may mean: for moderators.
    pub(super) missing: Option<String>,
    pub(super) missing_help: String,
    /// Where any token's proof is found.
    pub(super) proof: String,
    /// SHA-256 of the token that this browser keeps, and where its proof is.
    pub(super) own: Option<(String, String)>,
}

pub(super) struct HeadView {
    pub(super) origin: String,
    pub(super) size: String,
    pub(super) root: String,
    pub(super) checked: String,
}

pub(super) struct BreakView {
    pub(super) id: i64,
    pub(super) text: String,
    /// Of which log, and when it was found.
    pub(super) of: String,
    pub(super) accepted: Option<String>,
}

impl LogView {
    /// Nothing where the settings ask for no log.
    pub(super) async fn of(visit: &Visit) -> Result<Option<Self>, StoreError> {
        let (forum, words) = (&visit.forum, visit.words());
        if !forum.config().require_log {
            return Ok(None);
        }
        let store = forum.store();
        let (logs, state, found) = (forum.logs(), store.log_state().await?, store.log_breaks().await?);
        let provider = [("provider", forum.config().provider_name.as_str())];
        let broken = found.iter().any(|found| found.accepted_at.is_none());
        let mut troubles = Vec::new();
        if let Some(trouble) = state.trouble.as_deref().filter(|trouble| *trouble != BROKEN) {
            troubles.push(words.t(&format!("forum-log-{trouble}")));
            if forum.log_is_unwatched(visit.now).await? {
                troubles.push(words.t("forum-log-unwatched"));
            }
        }
        Ok(Some(Self {
            text: words.with("forum-log-text", &provider),
            heads: store.checked_heads().await?.into_iter().map(|seen| head(visit, seen)).collect(),
            address: logs.address(&logs.origin("")),
            keys: store.log_keys(visit.now).await?.iter().map(ToString::to_string).collect(),
            broken: broken
                .then(|| (words.with("forum-log-broken-title", &provider), words.with("forum-log-broken", &provider))),
            breaks: found.into_iter().map(|found| of_break(visit, found)).collect(),
            troubles,
            missing: (state.missing > 0).then(|| words.count("forum-log-missing", state.missing)),
            missing_help: words.with("forum-log-missing-help", &provider),
            proof: logs.proof("…"),
            own: visit.hint.as_ref().filter(|_| visit.member.is_some()).map(|token| {
                let hash = HEXLOWER.encode(&Sha256::digest(token.as_bytes()));
                let proof = logs.proof(&hash);
                (hash, proof)
            }),
        }))
    }
}

/// `GET /log/evidence/{id}`: two signed heads that do not belong to one log, for anybody to check and to show.
pub(super) async fn evidence(State(forum): State<Forum>, Path(id): Path<i64>) -> Answer {
    let found = forum.store().log_break(id).await?.ok_or_else(Problem::not_found)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"log-evidence.txt\"")),
    ];
    Ok((headers, evidence_of(&forum.config().base_url, &found)).into_response())
}

/// Signed notes as they came (C2SP signed-note), between lines of equals signs.
fn evidence_of(forum: &str, found: &Found) -> String {
    let (of, hour) = (&found.of, Hour::from_millis(found.at - found.at.rem_euclid(HOUR)));
    let (earlier, later) = (&of.earlier, &of.later);
    format!(
        "log: {}\nfault: {}\nfound: {hour}, by {forum}\n\n==== seen earlier ====\n{earlier}\n==== seen later ====\n{later}",
        of.origin,
        of.kind.as_str()
    )
}

fn head(visit: &Visit, Seen { head, at }: Seen) -> HeadView {
    let (lens, words) = (visit.lens(), visit.words());
    HeadView {
        origin: head.origin,
        size: words.count("forum-log-size", i64::try_from(head.size).unwrap_or(i64::MAX)),
        root: head.root.to_string(),
        checked: words.with("forum-log-checked", &[("when", &lens.moment(at).text)]),
    }
}

fn of_break(visit: &Visit, Found { id, at, of, accepted_at }: Found) -> BreakView {
    let (lens, words) = (visit.lens(), visit.words());
    let provider = visit.forum.config().provider_name.as_str();
    BreakView {
        id,
        text: words.with(&format!("forum-log-break-{}", of.kind.as_str()), &[("provider", provider)]),
        of: words.with("forum-log-break-of", &[("origin", &of.origin), ("date", &lens.date(at))]),
        accepted: accepted_at.map(|at| words.with("forum-log-break-accepted", &[("date", &lens.date(at))])),
    }
}
