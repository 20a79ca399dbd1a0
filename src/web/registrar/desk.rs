//! The officer's desk: what has been done today, and the two ways on.

use askama::Template;
use axum::{extract::State, response::Response};

use super::counter::Counter;
use crate::{
    http::{Page, Problem},
    proofing::{Proofing, Today},
    web::store_problem,
};

#[derive(Template)]
#[template(path = "web/registrar/desk.html", config = "src/askama.toml")]
struct Desk<'a> {
    page: &'a Page,
    office: &'a str,
    area: String,
    today: Today,
    limit: u32,
    /// The custodians have made the key to which identities are sealed.
    ready: bool,
    /// A key of the office counts.
    can_sign: bool,
}

pub(super) async fn desk(State(proofing): State<Proofing>, counter: Counter) -> Result<Response, Problem> {
    let ready = proofing.custodians_key().await.map_err(store_problem)?.is_some();
    let today = proofing.officers_day(counter.signed_in.account).await.map_err(store_problem)?;
    let template = Desk {
        page: &counter.page,
        office: &counter.office.name,
        area: counter.office.area.parse().map_or_else(|_| String::new(), |area| proofing.label(area)),
        today,
        limit: today.enrolled.saturating_add(today.left),
        ready,
        can_sign: proofing.can_sign(counter.office.id).await.map_err(store_problem)?,
    };
    Ok(counter.page.render(&template))
}
