//! Enrolling somebody: one form, perhaps a second look, the signature of the office, and the sheet.

use askama::Template;
use axum::{extract::State, response::Response};

use super::{
    communes::unmistakable,
    counter::Counter,
    entry::{self, Entry},
    path, problem, sheet, sign,
};
use crate::{
    http::{Page, Problem, form::SafeFields},
    proofing::{Attempt, Closed, Doubt, EnrolError, Proofing, Step, Typed},
    web::{shared::refused, store_problem},
};

#[derive(Template)]
#[template(path = "web/registrar/enrol.html", config = "src/askama.toml")]
struct Form<'a> {
    page: &'a Page,
    sealed: &'a str,
    entry: &'a Entry<'a>,
    notice: Option<&'a Problem>,
}

#[derive(Template)]
#[template(path = "web/registrar/second_look.html", config = "src/askama.toml")]
struct SecondLook<'a> {
    page: &'a Page,
    sealed: &'a str,
    seen: String,
    doubts: &'a [Doubt],
    entry: Entry<'a>,
}

/// Nothing in it depends on the person: it is the same for whoever is enrolled, wherever and whenever.
#[derive(Template)]
#[template(path = "web/registrar/enrolled.html", config = "src/askama.toml")]
struct AlreadyEnrolled<'a> {
    page: &'a Page,
}

pub(super) async fn form(State(proofing): State<Proofing>, counter: Counter) -> Result<Response, Problem> {
    check_ready(&proofing).await?;
    if !proofing.can_sign(counter.office.id).await.map_err(store_problem)? {
        return Err(problem::no_key());
    }
    // An office of one commune enrols nobody from elsewhere.
    let commune = proofing.only_commune(&counter.office).map(|commune| unmistakable(&commune));
    let typed = Typed { commune: commune.unwrap_or_default().into(), ..Typed::default() };
    Ok(blank(&counter, &proofing.attempt(), &Entry::new(&counter.page, &typed, FIRST)))
}

pub(super) async fn enrol(
    State(proofing): State<Proofing>,
    counter: Counter,
    mut fields: SafeFields,
) -> Result<Response, Problem> {
    let typed = entry::typed(&mut fields);
    let sealed = fields.one("tx").unwrap_or_default();
    let Some(begun) = counter.open_attempt(sealed) else {
        return explain(&proofing, &counter, sealed, &typed, &EnrolError::Expired);
    };
    if fields.one("act") == Some("edit") {
        return Ok(blank(&counter, &begun, &Entry::new(&counter.page, &typed, FIRST)));
    }
    if let Some(unsigned) = fields.one("unsigned") {
        return finish(&proofing, &counter, sealed, &typed, (unsigned, &fields)).await;
    }
    let confirmed = fields.one("seen").and_then(|seen| counter.open_confirmed(seen, &typed));
    let attempt = confirmed.unwrap_or(begun);
    match proofing.prepare(counter.by, &typed, &attempt).await {
        Ok(Step::Again(enrolled)) => sheet::page(&counter, &enrolled),
        Ok(Step::Sign(unsigned)) => {
            let (carried, entry) = (counter.seal_unsigned(&unsigned), Entry::new(&counter.page, &typed, ""));
            Ok(sign::page(&counter, path::ENROL, sealed, (carried, &unsigned.before_key()), &entry))
        }
        Err(EnrolError::SecondLook(doubts)) => Ok(second_look(&counter, sealed, &attempt, &typed, &doubts)),
        Err(error) => explain(&proofing, &counter, sealed, &typed, &error),
    }
}

/// Enrols whom the office has signed for.
async fn finish(
    proofing: &Proofing,
    counter: &Counter,
    sealed: &str,
    typed: &Typed,
    (unsigned, fields): (&str, &SafeFields),
) -> Result<Response, Problem> {
    let done = match (counter.open_unsigned(unsigned), sign::signed(fields)) {
        (None, _) => Err(EnrolError::Expired),
        (_, None) => Err(EnrolError::Signature),
        (Some(unsigned), Some(signed)) => proofing.enrol_signed(counter.by, &unsigned, signed).await,
    };
    match done {
        Ok(enrolled) => sheet::page(counter, &enrolled),
        // Somebody alike came in between: the form asks for the second look.
        Err(error @ EnrolError::SecondLook(_)) => Err(problem::of_enrolment(&error)),
        Err(error) => explain(proofing, counter, sealed, typed, &error),
    }
}

fn blank(counter: &Counter, attempt: &Attempt, entry: &Entry<'_>) -> Response {
    let sealed = counter.seal_attempt(attempt);
    counter.page.render(&Form { page: &counter.page, sealed: &sealed, entry, notice: None })
}

/// Asks to look at the document again. The answer counts for this entry only.
fn second_look(counter: &Counter, sealed: &str, attempt: &Attempt, typed: &Typed, doubts: &[Doubt]) -> Response {
    let page = &counter.page;
    let seen = counter.seal_confirmed(&attempt.clone().confirming(doubts), typed);
    let template = SecondLook { page, sealed, seen, doubts, entry: Entry::new(page, typed, "") };
    refused(page, &problem::of_enrolment(&EnrolError::SecondLook(Vec::new())), &template)
}

/// Tells a refusal where nothing typed is lost by it, if that can be.
fn explain(
    proofing: &Proofing,
    counter: &Counter,
    sealed: &str,
    typed: &Typed,
    error: &EnrolError,
) -> Result<Response, Problem> {
    let (page, problem) = (&counter.page, problem::of_enrolment(error));
    let show = |sealed: &str, entry: Entry<'_>, notice: Option<&Problem>| {
        Ok(refused(page, &problem, &Form { page, sealed, entry: &entry, notice }))
    };
    let entry = Entry::new(page, typed, FIRST);
    match error {
        EnrolError::Faults(faults) => show(sealed, Entry::faulty(counter, proofing, typed, faults), None),
        EnrolError::TooFast(_) | EnrolError::Quota(_) | EnrolError::Key | EnrolError::Signature => {
            show(sealed, entry, Some(&problem))
        }
        EnrolError::Expired => show(&counter.seal_attempt(&proofing.attempt()), entry, Some(&problem)),
        EnrolError::AlreadyEnrolled => Ok(refused(page, &problem, &AlreadyEnrolled { page })),
        EnrolError::SecondLook(_) | EnrolError::Closed(_) | EnrolError::Sealing | EnrolError::Store(_) => Err(problem),
    }
}

/// Without the custodians' key nothing that is typed could be sealed.
pub(super) async fn check_ready(proofing: &Proofing) -> Result<(), Problem> {
    let key = proofing.custodians_key().await.map_err(store_problem)?;
    key.map(drop).ok_or_else(|| problem::closed(&Closed::Custodians))
}

/// Where the entry begins.
pub(super) const FIRST: &str = "family_name";
