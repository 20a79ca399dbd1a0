//! The counter: enrolling people and helping those who are enrolled, with the keyboard alone.
//!
//! The pages are for officers; nothing they show was read from somebody's row. What is typed is in the form and in the
//! answer to it, never in an address, and is wiped on the way out. What has to survive between two pages travels sealed,
//! bound to the officer and the browser: the enrolment under way, and the right to act upon one person.

mod act;
mod communes;
mod counter;
mod desk;
mod enrol;
mod entry;
mod find;
mod key;
mod problem;
mod sheet;
mod sign;

use axum::{
    Router,
    routing::{get, post},
};

use super::paths;
use crate::{http::Lang, proofing::Proofing};

/// Everything below `/registrar`.
pub fn routes(proofing: Proofing) -> Router {
    Router::new()
        .route(paths::REGISTRAR, get(desk::desk))
        .route(path::ENROL, get(enrol::form).post(enrol::enrol))
        .route(path::KEY, get(key::show).post(key::send))
        .route(path::COMMUNES, get(communes::communes))
        .route(path::CASE, get(find::form).post(find::find))
        .route(path::ACT, post(act::choose))
        .route(path::RENEW, post(act::renew))
        .route(path::CORRECT, post(act::correct))
        .route(path::REISSUE, post(act::reissue))
        .route(path::DEPART, post(act::depart))
        .with_state(proofing)
}

/// Where the counter's pages are.
mod path {
    pub(super) const ENROL: &str = "/registrar/enrol";
    pub(super) const KEY: &str = "/registrar/key";
    pub(super) const COMMUNES: &str = "/registrar/communes";
    pub(super) const CASE: &str = "/registrar/case";
    pub(super) const ACT: &str = "/registrar/case/act";
    pub(super) const RENEW: &str = "/registrar/case/renew";
    pub(super) const CORRECT: &str = "/registrar/case/correct";
    pub(super) const REISSUE: &str = "/registrar/case/reissue";
    pub(super) const DEPART: &str = "/registrar/case/depart";
}

pub(super) const TEXTS: [(Lang, &str); 2] = [(Lang::Fr, include_str!("fr.ftl")), (Lang::En, include_str!("en.ftl"))];
