//! How the audits of an auditor stand, and the form of the next step.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::Response,
};

use super::{Visitor, problem};
use crate::{
    domain::ambient::Timestamp,
    http::{Page, Problem},
    sampling::{Audit, MOST_DRAWS, Sampling, Standing},
    web::{shared::sign_in_address, store_problem},
};

#[derive(Template)]
#[template(path = "web/audit/page.html", config = "src/askama.toml")]
struct Shown<'a> {
    page: &'a Page,
    auditor: &'a str,
    stage: Stage,
    /// Names of the logs, for the form that begins.
    logs: Vec<String>,
    most: u32,
    running: Option<Running>,
    /// Where to sign in, before what is opened can be had.
    again: Option<String>,
    ended: Vec<Ended>,
}

/// How far an audit has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Idle,
    Committed,
    Opening,
    Opened,
}

/// The audit that has not ended.
struct Running {
    id: String,
    log: String,
    size: u64,
    root: String,
    draws: String,
    begun: String,
    /// Leaves done with, and how many there are at most.
    done: u64,
    most: u64,
    opened: u32,
    withheld: u32,
}

/// One that has.
struct Ended {
    id: String,
    log: String,
    begun: String,
    draws: String,
    /// Opened, and not.
    opened: Option<(u32, u32)>,
    faults: Option<u32>,
}

pub(super) async fn page(State(sampling): State<Sampling>, visitor: Visitor) -> Result<Response, Problem> {
    let Visitor { page, accounts, signed_in } = &visitor;
    let standing = sampling.standing(signed_in.account).await.map_err(store_problem)?;
    let Standing { auditor, running, ended, logs } = standing.ok_or_else(problem::unnamed)?;
    let stage = running.as_ref().map_or(Stage::Idle, |(audit, _)| stage(audit));
    let needs_fresh = matches!(stage, Stage::Committed | Stage::Opened) && accounts.check_fresh(signed_in).is_err();
    let shown = Shown {
        page,
        auditor: &auditor.name,
        stage,
        logs: logs.iter().map(ToString::to_string).collect(),
        most: MOST_DRAWS,
        running: running.map(|(audit, done)| in_words(page, &audit, done)),
        again: needs_fresh.then(|| sign_in_address(accounts, crate::web::paths::AUDIT)),
        ended: ended.iter().take(MOST_ENDED).map(|audit| over(page, audit)).collect(),
    };
    let mut response = page.render(&shown);
    if stage == Stage::Opening {
        response.headers_mut().insert(header::REFRESH, HeaderValue::from_static("5"));
    }
    Ok(response)
}

const fn stage(audit: &Audit) -> Stage {
    match (audit.nonce, audit.openings) {
        (None, _) => Stage::Committed,
        (Some(_), None) => Stage::Opening,
        (Some(_), Some(_)) => Stage::Opened,
    }
}

fn in_words(page: &Page, audit: &Audit, done: u64) -> Running {
    Running {
        id: audit.id.to_string(),
        log: audit.log.to_string(),
        size: audit.size,
        root: audit.root.to_string(),
        draws: page.number(audit.draws),
        begun: day(page, audit.begun_on),
        done,
        most: audit.size.min(audit.draws.into()),
        opened: audit.openings.map_or(0, |openings| openings.opened),
        withheld: audit.openings.map_or(0, |openings| openings.withheld),
    }
}

fn over(page: &Page, audit: &Audit) -> Ended {
    Ended {
        id: audit.id.to_string(),
        log: audit.log.to_string(),
        begun: day(page, audit.begun_on),
        draws: page.number(audit.draws),
        opened: audit.openings.map(|openings| (openings.opened, openings.withheld)),
        faults: audit.result.map(|result| result.faults),
    }
}

fn day(page: &Page, time: Timestamp) -> String {
    page.lang().date(time.date())
}

/// A page stays below 50 kB: all of them are in the registry.
const MOST_ENDED: usize = 40;
