//! Somebody who is enrolled stands at the counter: their document is entered again, and nothing else finds them.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};

use super::{
    act,
    counter::Counter,
    enrol::{FIRST, check_ready},
    entry::{self, Entry},
    path, problem,
};
use crate::{
    http::{Page, Problem, form::SafeFields},
    proofing::{ChangeError, Proofing, Typed},
    web::shared::{refused, sign_in_address},
};

#[derive(Template)]
#[template(path = "web/registrar/find.html", config = "src/askama.toml")]
struct Form<'a> {
    page: &'a Page,
    entry: &'a Entry<'a>,
    notice: Option<&'a Problem>,
}

#[derive(Template)]
#[template(path = "web/registrar/again.html", config = "src/askama.toml")]
struct Again<'a> {
    page: &'a Page,
    /// Signs in and comes back.
    address: String,
}

pub(super) async fn form(State(proofing): State<Proofing>, counter: Counter) -> Result<Response, Problem> {
    check_ready(&proofing).await?;
    let page = &counter.page;
    if counter.accounts.check_fresh(&counter.signed_in).is_err() {
        let template = Again { page, address: sign_in_address(&counter.accounts, path::CASE) };
        return Ok(page.render_as(StatusCode::FORBIDDEN, &template));
    }
    let typed = Typed::default();
    Ok(page.render(&Form { page, entry: &Entry::new(page, &typed, FIRST), notice: None }))
}

pub(super) async fn find(
    State(proofing): State<Proofing>,
    counter: Counter,
    mut fields: SafeFields,
) -> Result<Response, Problem> {
    counter.check_sign_in()?;
    let typed = entry::typed(&mut fields);
    match proofing.find(counter.by, &typed).await {
        Ok(case) => Ok(act::menu(&counter, &case)),
        Err(error) => explain(&proofing, &counter, &typed, &error),
    }
}

fn explain(proofing: &Proofing, counter: &Counter, typed: &Typed, error: &ChangeError) -> Result<Response, Problem> {
    let (page, problem) = (&counter.page, problem::of_change(error));
    let (entry, notice) = match error {
        ChangeError::Faults(faults) => (Entry::faulty(counter, proofing, typed, faults), None),
        ChangeError::NotFound | ChangeError::Ambiguous | ChangeError::Quota(_) => {
            (Entry::new(page, typed, FIRST), Some(&problem))
        }
        _ => return Err(problem),
    };
    Ok(refused(page, &problem, &Form { page, entry: &entry, notice }))
}
