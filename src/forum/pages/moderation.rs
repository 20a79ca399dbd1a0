//! For moderators: reports, sanctions by `sub`, and the trail of both.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;

use super::{
    fault::{Fault, Told},
    frame::Frame,
    log::LogView,
    refused::sanction_text,
    report::MAX_REASON,
    sign_in::Nothing,
    view::{Lens, Moment, Person, moderates},
    visit::{Answer, Ended, FAULTY, Visit, see},
};
use crate::{
    forum::{
        Forum,
        ambient::{DAY, minute},
        store::{AuditLine, Measure, Member, Sanction, SanctionKind},
        text::{self, Paragraph, Piece},
    },
    http::{Page, Problem, SafeForm},
};
use std::collections::BTreeMap;

#[derive(Template)]
#[template(path = "forum/pages/moderation.html", config = "src/askama.toml")]
struct ModerationPage<'a> {
    page: &'a Page,
    frame: Frame,
    reports: Vec<ReportView>,
    trail: Vec<TrailLine>,
    log: Option<LogView>,
}

struct ReportView {
    id: i64,
    post: i64,
    title: String,
    by: Person,
    quoted: Vec<Paragraph>,
    reason: String,
    at: Moment,
}

struct TrailLine {
    at: Moment,
    actor: String,
    action: String,
    target: String,
    /// Where the target is seen, if it still can be.
    href: Option<String>,
    reason: String,
}

#[derive(Template)]
#[template(path = "forum/pages/claim.html", config = "src/askama.toml")]
struct ClaimPage<'a> {
    page: &'a Page,
    frame: Frame,
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "forum/pages/member.html", config = "src/askama.toml")]
struct MemberPage<'a> {
    page: &'a Page,
    frame: Frame,
    id: i64,
    person: Person,
    /// Title, text and reason of the sanction that holds.
    sanction: Option<(String, String, String)>,
    written: Vec<WrittenLine>,
    trail: Vec<TrailLine>,
    form: SanctionForm,
    fault: Option<Told>,
    /// Moderators are not sanctioned here: whoever configured them takes the role away first.
    immune: bool,
}

impl MemberPage<'_> {
    /// Whether a field is the one at fault.
    fn faulty(&self, field: &str) -> bool {
        self.fault.as_ref().is_some_and(|fault| fault.field == field)
    }
}

struct WrittenLine {
    post: i64,
    title: String,
    at: Moment,
}

#[derive(Deserialize)]
pub(super) struct CodeForm {
    code: String,
}

#[derive(Default, Deserialize)]
pub(super) struct SanctionForm {
    kind: String,
    reason: String,
    #[serde(default)]
    days: String,
}

#[derive(Deserialize)]
pub(super) struct MeasureForm {
    measure: String,
    reason: String,
}

/// `GET /moderation`: the reports and the trail; or, while nobody moderates, the form for the first code.
pub(super) async fn overview(State(forum): State<Forum>, visit: Visit) -> Answer {
    visit.member_or_sign_in("/moderation")?;
    if !visit.is_moderator() && forum.first_code_waits() {
        return claim_page(&visit, None, StatusCode::OK);
    }
    visit.moderator()?;
    let reports = forum.store().open_reports().await?;
    let trail = forum.store().trail().await?;
    let people = visit.people(reports.iter().map(|it| it.author).chain(trail.iter().map(|it| it.actor))).await?;
    let lens = visit.lens();
    let view = ModerationPage {
        page: &visit.page,
        frame: Frame::new(&visit, lens.words.t("forum-moderation")),
        reports: reports
            .into_iter()
            .map(|report| ReportView {
                id: report.id,
                post: report.post,
                title: report.title,
                by: lens.person(report.author, &people),
                quoted: text::paragraphs(&report.body),
                reason: report.reason,
                at: lens.moment(report.at),
            })
            .collect(),
        trail: trail.into_iter().map(|line| trail_line(&lens, line, &people)).collect(),
        log: LogView::of(&visit).await?,
    };
    visit.show(&view)
}

/// `POST /moderation/claim`
pub(super) async fn claim(State(forum): State<Forum>, visit: Visit, SafeForm(sent): SafeForm<CodeForm>) -> Answer {
    let member = visit.writer("/moderation")?;
    if forum.claim(sent.code.trim(), member.id, visit.now).await? {
        return Ok(see("/moderation"));
    }
    claim_page(&visit, Some(Fault::Code), FAULTY)
}

/// `POST /moderation/reports/{id}/settle`
pub(super) async fn settle(
    State(forum): State<Forum>,
    Path(id): Path<i64>,
    visit: Visit,
    SafeForm(Nothing {}): SafeForm<Nothing>,
) -> Answer {
    forum.store().settle(visit.moderator()?.id, id, visit.now).await?;
    Ok(see("/moderation"))
}

/// `POST /p/{id}/moderate`
pub(super) async fn moderate_post(
    State(forum): State<Forum>,
    Path(id): Path<i64>,
    visit: Visit,
    SafeForm(sent): SafeForm<MeasureForm>,
) -> Answer {
    let actor = visit.moderator()?.id;
    let post = forum.store().post(id).await?.ok_or_else(Problem::not_found)?;
    let measure = match sent.measure.as_str() {
        "hide" => Measure::HidePost,
        "show" => Measure::ShowPost,
        _ => return Err(Problem::new(StatusCode::BAD_REQUEST, "bad-request").into()),
    };
    forum.store().apply(actor, measure, id, &reason(&sent.reason)?, visit.now).await?;
    let page = forum.store().page_of(id).await?;
    Ok(see(&format!("/t/{}?page={page}#p{id}", post.topic)))
}

/// `POST /t/{id}/moderate`
pub(super) async fn moderate_topic(
    State(forum): State<Forum>,
    Path(id): Path<i64>,
    visit: Visit,
    SafeForm(sent): SafeForm<MeasureForm>,
) -> Answer {
    let actor = visit.moderator()?.id;
    let measure = match sent.measure.as_str() {
        "close" => Measure::CloseTopic,
        "open" => Measure::OpenTopic,
        "hide" => Measure::HideTopic,
        "show" => Measure::ShowTopic,
        _ => return Err(Problem::new(StatusCode::BAD_REQUEST, "bad-request").into()),
    };
    forum.store().apply(actor, measure, id, &reason(&sent.reason)?, visit.now).await?;
    Ok(see(&format!("/t/{id}")))
}

/// `GET /m/{id}`
pub(super) async fn member(Path(id): Path<i64>, visit: Visit) -> Answer {
    visit.moderator()?;
    let member = visit.forum.store().member(id).await?.ok_or_else(Problem::not_found)?;
    member_page(&visit, &member, SanctionForm::default(), None, StatusCode::OK).await
}

/// `POST /m/{id}/sanction`
pub(super) async fn sanction(
    State(forum): State<Forum>,
    Path(id): Path<i64>,
    visit: Visit,
    SafeForm(sent): SafeForm<SanctionForm>,
) -> Answer {
    let actor = visit.moderator()?.id;
    let member = forum.store().member(id).await?.ok_or_else(Problem::not_found)?;
    if moderates(forum.config(), &member) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden").into());
    }
    let Ok(why) = text::body(&sent.reason, MAX_REASON) else {
        return member_page(&visit, &member, sent, Some(Fault::Reason), FAULTY).await;
    };
    let until = match sent.days.trim() {
        "" => None,
        days => match days.parse::<u16>() {
            Ok(days @ 1..=3_660) => Some(minute(visit.now) + i64::from(days) * DAY),
            _ => return member_page(&visit, &member, sent, Some(Fault::Days), FAULTY).await,
        },
    };
    match sent.kind.as_str() {
        "mute" | "ban" => {
            let kind = if sent.kind == "ban" { SanctionKind::Ban } else { SanctionKind::Mute };
            let sanction = Sanction { kind, until, reason: why };
            forum.store().punish(actor, id, &member.sub, &sanction, visit.now).await?;
        }
        "pardon" => forum.store().pardon(actor, id, &member.sub, &why, visit.now).await?,
        _ => return Err(Problem::new(StatusCode::BAD_REQUEST, "bad-request").into()),
    }
    Ok(see(&format!("/m/{id}")))
}

fn reason(text: &str) -> Result<String, Ended> {
    text::body(text, MAX_REASON).map_err(|_| Problem::new(FAULTY, "forum-reason").into())
}

fn claim_page(visit: &Visit, fault: Option<Fault>, status: StatusCode) -> Answer {
    let words = visit.words();
    let view = ClaimPage {
        page: &visit.page,
        frame: Frame::new(visit, words.t("forum-moderation-claim-title")),
        fault: fault.map(|fault| fault.text(words)),
    };
    visit.show_as(status, &view)
}

async fn member_page(
    visit: &Visit,
    member: &Member,
    form: SanctionForm,
    fault: Option<Fault>,
    status: StatusCode,
) -> Answer {
    let store = visit.forum.store();
    let written = store.written_by(member.id).await?;
    let trail = store.trail_of(member.id).await?;
    let people = visit.people(trail.iter().map(|line| line.actor)).await?;
    let sanction = store.sanction(&member.sub, visit.now).await?;
    let lens = visit.lens();
    let view = MemberPage {
        page: &visit.page,
        frame: Frame::new(visit, lens.own_name(member)),
        id: member.id,
        person: lens.member(member),
        sanction: sanction.map(|sanction| {
            let (title, text) = sanction_text(visit, &sanction);
            (title, text, sanction.reason)
        }),
        written: written
            .into_iter()
            .rev()
            .take(20)
            .map(|it| WrittenLine { post: it.id, title: it.title, at: lens.moment(it.created_at) })
            .collect(),
        trail: trail.into_iter().map(|line| trail_line(&lens, line, &people)).collect(),
        form,
        fault: fault.map(|fault| fault.told(lens.words)),
        immune: moderates(visit.forum.config(), member),
    };
    visit.show_as(status, &view)
}

fn trail_line(lens: &Lens<'_>, line: AuditLine, people: &BTreeMap<i64, Member>) -> TrailLine {
    let (kind, id) = line.target.split_once(':').unwrap_or(("", ""));
    let href = match kind {
        "post" => Some(format!("/p/{id}")),
        "topic" => Some(format!("/t/{id}")),
        "member" => Some(format!("/m/{id}")),
        _ => None,
    };
    TrailLine {
        at: lens.moment(line.at),
        actor: lens.person(line.actor, people).name,
        action: lens.words.t(&format!("forum-action-{}", line.action)),
        target: lens.words.with(&format!("forum-target-{kind}"), &[("id", id)]),
        href,
        reason: line.reason,
    }
}
