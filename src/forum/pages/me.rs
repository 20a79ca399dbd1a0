//! "What this forum knows about you": every stored field about the member, for the eye and as JSON; and leaving.

use askama::Template;
use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::IntoResponse,
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::{
    frame::Frame,
    notice,
    sign_in::{Nothing, forget_session},
    view::Moment,
    visit::{Answer, Visit, sign_in_path},
};
use crate::{
    forum::{
        Forum,
        claims::Audience,
        store::{Member, Owner, Reported, StoreError, Voted},
    },
    http::{Page, SafeForm},
};

#[derive(Template)]
#[template(path = "forum/pages/me.html", config = "src/askama.toml")]
struct MePage<'a> {
    page: &'a Page,
    frame: Frame,
    lead: String,
    rows: Vec<Row>,
    written: Vec<Line>,
    voted: Vec<Voted>,
    reports: Vec<Reported>,
    trail: Vec<Done>,
    change: String,
    change_help: String,
}

/// A stored field: what it is called, its value if there is one, and what it means.
struct Row {
    label: String,
    value: Option<String>,
    help: Option<String>,
    /// Shown in the type of machines.
    code: bool,
}

/// A message the member wrote.
struct Line {
    post: i64,
    title: String,
    at: Moment,
}

/// Something moderators did.
struct Done {
    at: Moment,
    text: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "forum/pages/leave.html", config = "src/askama.toml")]
struct LeavePage<'a> {
    page: &'a Page,
    frame: Frame,
}

/// `GET /me`
pub(super) async fn me(State(forum): State<Forum>, visit: Visit) -> Answer {
    let member = visit.member_or_sign_in("/me")?;
    let lens = visit.lens();
    let words = lens.words;
    let provider = forum.config().provider_name.as_str();
    let written = forum.store().written_by(member.id).await?;
    let trail = forum.store().trail_of(member.id).await?;
    let mut rows = rows(&visit, member);
    rows.extend(forum.store().owner(member.id).await?.into_iter().flat_map(|owner| rows_of_log(&visit, &owner)));
    let view = MePage {
        page: &visit.page,
        frame: Frame::new(&visit, words.t("forum-me")),
        lead: words.with("forum-me-lead", &[("provider", provider)]),
        rows,
        written: written
            .into_iter()
            .map(|it| Line { post: it.id, title: it.title, at: lens.moment(it.created_at) })
            .collect(),
        voted: forum.store().voted_by(&member.sub).await?,
        reports: forum.store().reported_by(member.id).await?,
        trail: trail
            .into_iter()
            .map(|line| Done {
                at: lens.moment(line.at),
                text: words.t(&format!("forum-was-{}", line.action)),
                reason: line.reason,
            })
            .collect(),
        change: format!("{}&share=1", sign_in_path("/me")),
        change_help: words.with("forum-me-change-help", &[("provider", provider)]),
    };
    visit.show(&view)
}

/// `GET /me.json`
pub(super) async fn export(visit: Visit) -> Answer {
    let member = visit.member_or_sign_in("/me")?;
    let document = document(&visit, member).await?;
    let name = HeaderValue::from_static("attachment; filename=\"me.json\"");
    Ok(([(header::CONTENT_DISPOSITION, name)], Json(document)).into_response())
}

/// `GET /me/leave`
pub(super) async fn ask_leave(visit: Visit) -> Answer {
    visit.member_or_sign_in("/me/leave")?;
    let frame = Frame::new(&visit, visit.words().t("forum-leave-sure"));
    visit.show(&LeavePage { page: &visit.page, frame })
}

/// `POST /me/leave`
pub(super) async fn leave(
    State(forum): State<Forum>,
    mut visit: Visit,
    SafeForm(Nothing {}): SafeForm<Nothing>,
) -> Answer {
    let id = visit.member_or_sign_in("/me/leave")?.id;
    forum.store().leave(id).await?;
    tracing::info!("a member has left");
    visit.forget();
    let words = visit.words();
    let lines = vec![words.with("forum-left", &[("provider", &forum.config().provider_name)])];
    let next = Some(("/".to_owned(), words.t("forum-boards")));
    let mut response = notice::page(&visit, words.t("forum-left-title"), lines, next)?;
    forget_session(&visit, &mut response);
    Ok(response)
}

fn rows(visit: &Visit, member: &Member) -> Vec<Row> {
    let lens = visit.lens();
    let words = lens.words;
    let of = &member.of;
    let yes_no = |yes: bool| words.t(if yes { "forum-yes" } else { "forum-no" });
    let list = |values: &[String]| (!values.is_empty()).then(|| values.join(", "));
    let provider = visit.forum.config().provider_name.as_str();
    let row = |label: &str, value: Option<String>| Row { label: words.t(label), value, help: None, code: false };
    let code = |label: &str, value: Option<String>| Row { code: true, ..row(label, value) };
    let area = of.residence.as_ref().map(|code| match &of.residence_label {
        Some(label) => format!("{label} ({code})"),
        None => code.clone(),
    });
    let assurance = of.name_assurance.as_deref().map(|kind| match kind {
        "chosen" => words.t("forum-me-name-chosen"),
        "partial" => words.t("forum-me-name-partial"),
        other => other.to_owned(),
    });
    let audience = words.t(match of.audience {
        Audience::Members => "forum-me-audience-members",
        Audience::Public => "forum-me-audience-public",
    });
    let roles: Vec<String> = of.roles.iter().map(|role| lens.role(role)).collect();
    let sub = Row {
        help: Some(words.with("forum-me-sub-help", &[("provider", provider)])),
        ..code("forum-me-sub", Some(member.sub.clone()))
    };
    vec![
        row("forum-me-name", (!of.name.is_empty()).then(|| of.name.clone())),
        row("forum-me-name-assurance", assurance),
        row("forum-me-audience", Some(audience)),
        row("forum-me-indexable", Some(yes_no(of.indexable))),
        row("forum-me-age-bracket", of.age_bracket.as_deref().map(|bracket| lens.bracket(bracket))),
        row("forum-me-over-18", of.age_over_18.map(yes_no)),
        row("forum-me-residence", area),
        row("forum-me-sex", of.sex.clone()),
        row("forum-me-roles", list(&roles)),
        code("forum-me-groups", list(&of.groups)),
        row("forum-me-per-person", of.heteronyms_per_person.map(|count| count.to_string())),
        row("forum-me-as-of", of.claims_as_of.map(|year| year.to_string())),
        row("forum-me-joined", Some(lens.date(member.joined_on))),
        Row {
            help: Some(words.with("forum-me-signed-in-help", &[("provider", provider)])),
            ..row("forum-me-signed-in", Some(lens.date(member.signed_in_on)))
        },
        row("forum-me-moderator", member.moderator_since.map(|at| lens.date(at))),
        sub,
    ]
}

fn rows_of_log(visit: &Visit, owner: &Owner) -> [Row; 2] {
    let words = visit.words();
    [("forum-me-log-owner", &owner.key), ("forum-me-log-last", &owner.last)].map(|(label, hash)| Row {
        label: words.t(label),
        value: Some(BASE64URL_NOPAD.encode(hash)),
        help: Some(words.t(&format!("{label}-help"))),
        code: true,
    })
}

async fn document(visit: &Visit, member: &Member) -> Result<Value, StoreError> {
    let store = visit.forum.store();
    let config = visit.forum.config();
    let messages = store.written_by(member.id).await?;
    let voted = store.voted_by(&member.sub).await?;
    let reports = store.reported_by(member.id).await?;
    let trail = store.trail_of(member.id).await?;
    let owner = store.owner(member.id).await?;
    Ok(json!({
        "forum": config.base_url,
        "issuer": config.issuer,
        "sub": member.sub,
        "member": member.id,
        "claims": member.of,
        "joined_on": rfc3339(member.joined_on),
        "signed_in_on": rfc3339(member.signed_in_on),
        "moderator_since": member.moderator_since.map(rfc3339),
        "sanction": visit.sanction.as_ref().map(|sanction| json!({
            "kind": sanction.kind.as_str(), "until": sanction.until.map(rfc3339), "reason": sanction.reason,
        })),
        "messages": messages.iter().map(|it| json!({
            "id": it.id, "topic": it.topic, "title": it.title, "body": it.body, "at": rfc3339(it.created_at),
        })).collect::<Vec<_>>(),
        "voted_in": voted.iter().map(|it| json!({"topic": it.topic, "question": it.question})).collect::<Vec<_>>(),
        "reports": reports.iter().map(|it| json!({"message": it.post, "reason": it.reason})).collect::<Vec<_>>(),
        "log": owner.map(|owner| json!({
            "owner": BASE64URL_NOPAD.encode(&owner.key), "last": BASE64URL_NOPAD.encode(&owner.last),
        })),
        "moderation": trail.iter().map(|it| json!({
            "at": rfc3339(it.at), "action": it.action, "reason": it.reason,
        })).collect::<Vec<_>>(),
    }))
}

fn rfc3339(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at).map(|time| time.to_string()).unwrap_or_default()
}
