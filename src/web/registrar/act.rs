//! What is done for somebody who is enrolled: renewal, also after a move, roles, a new code, departure.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};

use super::{
    counter::Counter,
    entry::{self, Entry},
    path, problem, sheet, sign,
};
use crate::{
    domain::quality::RoleKind,
    http::{Page, Problem, form::SafeFields},
    proofing::{Case, ChangeError, Changed, Proofing, Typed},
    web::shared::refused,
};

/// One of the things to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Renew,
    Correct,
    Reissue,
    Depart,
}

impl Act {
    const ALL: [Self; 4] = [Self::Renew, Self::Correct, Self::Reissue, Self::Depart];

    /// The value in the form and in the names of texts.
    const fn key(self) -> &'static str {
        match self {
            Self::Renew => "renew",
            Self::Correct => "correct",
            Self::Reissue => "reissue",
            Self::Depart => "depart",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Renew => path::RENEW,
            Self::Correct => path::CORRECT,
            Self::Reissue => path::REISSUE,
            Self::Depart => path::DEPART,
        }
    }

    const fn has_fields(self) -> bool {
        matches!(self, Self::Renew | Self::Correct)
    }

    /// The office signs for where somebody lives, and only a renewal is signed.
    const fn moves(self) -> bool {
        matches!(self, Self::Renew)
    }

    const fn withdraws(self) -> bool {
        matches!(self, Self::Correct)
    }

    const fn is_departure(self) -> bool {
        matches!(self, Self::Depart)
    }

    /// Whether it can be done for somebody who has left: they can only come back.
    fn is_open_to(self, case: &Case) -> bool {
        !case.has_departed() || self == Self::Renew
    }
}

#[derive(Template)]
#[template(path = "web/registrar/acts.html", config = "src/askama.toml")]
struct Menu<'a> {
    page: &'a Page,
    sealed: String,
    departed: bool,
    document_known: bool,
    acts: Vec<Act>,
}

#[derive(Template)]
#[template(path = "web/registrar/act.html", config = "src/askama.toml")]
struct ActPage<'a> {
    page: &'a Page,
    sealed: &'a str,
    act: Act,
    entry: &'a Entry<'a>,
    withdrawn: [(RoleKind, bool); 3],
    asks_document: bool,
    notice: Option<&'a Problem>,
}

#[derive(Template)]
#[template(path = "web/registrar/done.html", config = "src/askama.toml")]
struct Done<'a> {
    page: &'a Page,
    act: Act,
    renew_by: Option<String>,
}

/// What can be done for the person of this case.
pub(super) fn menu(counter: &Counter, case: &Case) -> Response {
    let template = Menu {
        page: &counter.page,
        sealed: counter.seal_case(case),
        departed: case.has_departed(),
        document_known: case.document_is_known(),
        acts: Act::ALL.into_iter().filter(|act| act.is_open_to(case)).collect(),
    };
    counter.page.render(&template)
}

/// The page of one act, which also asks whether it is meant.
pub(super) async fn choose(counter: Counter, fields: SafeFields) -> Result<Response, Problem> {
    let sent = Sent::of(&counter, &fields)?;
    let act = Act::ALL.into_iter().find(|act| fields.one("act") == Some(act.key()));
    let Some(act) = act else { return Err(Problem::new(StatusCode::BAD_REQUEST, "form-incomplete")) };
    let typed = Typed::default();
    let entry = Entry::new(&counter.page, &typed, if act.moves() { "commune" } else { "agent_until" });
    Ok(counter.page.render(&sent.page(&counter, act, &entry, None)))
}

pub(super) async fn renew(
    State(proofing): State<Proofing>,
    counter: Counter,
    mut fields: SafeFields,
) -> Result<Response, Problem> {
    let typed = entry::typed(&mut fields);
    let sent = Sent::of(&counter, &fields)?;
    let (page, act) = (&counter.page, Act::Renew);
    if fields.one("act") == Some("edit") {
        return Ok(page.render(&sent.page(&counter, act, &Entry::new(page, &typed, "commune"), None)));
    }
    let outcome = if let Some(unsigned) = fields.one("unsigned") {
        renewed(&proofing, &counter, unsigned, &fields).await.map(|changed| done(&counter, act, Some(changed)))
    } else {
        proofing.prepare_renewal(counter.by, &sent.case, &typed).await.map(|unsigned| {
            let before = unsigned.before_key();
            let carried = (counter.seal_renewal(&unsigned), before.as_slice());
            sign::page(&counter, act.path(), sent.sealed, carried, &Entry::new(page, &typed, ""))
        })
    };
    outcome.or_else(|error| sent.explain(&proofing, &counter, act, &typed, &error))
}

/// Renews what the office has signed for.
async fn renewed(
    proofing: &Proofing,
    counter: &Counter,
    unsigned: &str,
    fields: &SafeFields,
) -> Result<Changed, ChangeError> {
    let unsigned = counter.open_renewal(unsigned).ok_or(ChangeError::Expired)?;
    let signed = sign::signed(fields).ok_or(ChangeError::Signature)?;
    proofing.renew_signed(counter.by, &unsigned, signed).await
}

pub(super) async fn correct(
    State(proofing): State<Proofing>,
    counter: Counter,
    mut fields: SafeFields,
) -> Result<Response, Problem> {
    let typed = entry::typed(&mut fields);
    let sent = Sent::of(&counter, &fields)?;
    match proofing.correct(counter.by, &sent.case, &typed, &sent.withdrawn).await {
        Ok(changed) => Ok(done(&counter, Act::Correct, Some(changed))),
        Err(error) => sent.explain(&proofing, &counter, Act::Correct, &typed, &error),
    }
}

/// A new code for somebody who lost what opens their account; they keep their pseudonyms.
pub(super) async fn reissue(
    State(proofing): State<Proofing>,
    counter: Counter,
    fields: SafeFields,
) -> Result<Response, Problem> {
    let sent = Sent::of(&counter, &fields)?;
    let document_seen = fields.one("document_seen") == Some("yes");
    match proofing.reissue(counter.by, &sent.case, document_seen).await {
        Ok(reissued) => sheet::page(&counter, &reissued),
        Err(error) => sent.explain(&proofing, &counter, Act::Reissue, &Typed::default(), &error),
    }
}

pub(super) async fn depart(
    State(proofing): State<Proofing>,
    counter: Counter,
    fields: SafeFields,
) -> Result<Response, Problem> {
    let sent = Sent::of(&counter, &fields)?;
    proofing.depart(counter.by, &sent.case).await.map_err(|error| problem::of_change(&error))?;
    Ok(done(&counter, Act::Depart, None))
}

fn done(counter: &Counter, act: Act, changed: Option<Changed>) -> Response {
    let page = &counter.page;
    let renew_by = changed.map(|changed| page.lang().date(changed.renew_by));
    page.render(&Done { page, act, renew_by })
}

/// What the page of an act sent, apart from what was typed.
struct Sent<'a> {
    sealed: &'a str,
    case: Case,
    withdrawn: Vec<RoleKind>,
}

impl<'a> Sent<'a> {
    fn of(counter: &Counter, fields: &'a SafeFields) -> Result<Self, Problem> {
        let sealed = fields.one("tx").unwrap_or_default();
        let withdrawn = fields.all("withdraw").filter_map(|kind| kind.parse().ok()).collect();
        Ok(Self { sealed, case: counter.open_case(sealed)?, withdrawn })
    }

    fn page<'p>(
        &'p self,
        counter: &'p Counter,
        act: Act,
        entry: &'p Entry<'p>,
        notice: Option<&'p Problem>,
    ) -> ActPage<'p> {
        ActPage {
            page: &counter.page,
            sealed: self.sealed,
            act,
            entry,
            withdrawn: RoleKind::ALL.map(|kind| (kind, self.withdrawn.contains(&kind))),
            asks_document: act == Act::Reissue && !self.case.document_is_known(),
            notice,
        }
    }

    /// Tells a refusal on the page of the act, if there is something to change there.
    fn explain(
        &self,
        proofing: &Proofing,
        counter: &Counter,
        act: Act,
        typed: &Typed,
        error: &ChangeError,
    ) -> Result<Response, Problem> {
        let (page, problem) = (&counter.page, problem::of_change(error));
        let (entry, notice) = match error {
            ChangeError::Faults(faults) => (Entry::faulty(counter, proofing, typed, faults), None),
            ChangeError::OtherDocument | ChangeError::Key | ChangeError::Signature => {
                (Entry::new(page, typed, ""), Some(&problem))
            }
            _ => return Err(problem),
        };
        Ok(refused(page, &problem, &self.page(counter, act, &entry, notice)))
    }
}
