//! Everything that the service keeps of a person and can read, as one JSON document (`specs/export.md`).
//!
//! It is made while it is sent and kept nowhere. It holds the `sub` of each forum: what joins a person's pseudonyms stands
//! together nowhere else, which is why the sign-in has to be a fresh one (OWASP ASVS 7.5.3).

use std::collections::BTreeSet;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{
    Citizen, Done,
    place::{self, Forum, Place},
};
use crate::{
    accounts::{Accounts, Listed, PasskeyLine, SignedIn},
    attributes::Standing,
    consent::Consent,
    domain::{
        ambient::Timestamp,
        area::{AreaCode, Level},
        claim::{Qualities, Quality},
        ids::{ClientId, PersonId},
        quality::{self, RoleKind, Sex},
    },
    http::{Page, Problem},
    web::{
        paths,
        shared::{problem, sign_in_address},
        store_problem,
    },
};

/// The document. Members are added, never changed in meaning; a version tells when one had to be.
#[derive(Serialize)]
struct Document {
    format: &'static str,
    version: u32,
    comment: String,
    issuer: String,
    made_on: String,
    account: Account,
    person: Option<Person>,
    pseudonyms: Vec<Pseudonym>,
}

#[derive(Serialize)]
struct Account {
    sign_in_name: String,
    passkeys: Vec<Passkey>,
    passphrase: bool,
    recovery_codes_left: i64,
    sessions: Vec<Session>,
}

#[derive(Serialize)]
struct Passkey {
    label: String,
    synced: bool,
    created_on: String,
    last_used_on: Option<String>,
}

#[derive(Serialize)]
struct Session {
    began_at: String,
    seen_at: String,
    device: String,
    amr: &'static [&'static str],
    current: bool,
}

#[derive(Serialize)]
struct Person {
    enrolled_by: String,
    enrolled_on: String,
    renew_by: String,
    departed_on: Option<String>,
    birth_year: i16,
    majority_on: Option<String>,
    commune: AreaCode,
    commune_label: String,
    sex: Sex,
    partial_name: String,
    roles: Vec<Held>,
}

#[derive(Serialize)]
struct Held {
    role: RoleKind,
    authority: Option<String>,
    until: String,
}

#[derive(Serialize)]
struct Pseudonym {
    sector: String,
    /// Absent when the key it was derived from is gone.
    sub: Option<String>,
    slot: u32,
    generation: u32,
    key_version: u32,
    name: String,
    name_assurance: &'static str,
    name_audience: &'static str,
    indexable: bool,
    created_on: String,
    retired_on: Option<String>,
    forums: Vec<KnownTo>,
}

#[derive(Serialize)]
struct KnownTo {
    client_id: ClientId,
    client_name: String,
    hosts: Vec<String>,
    /// The service has ended the forum's access.
    ended: bool,
    consents: Vec<Given>,
}

#[derive(Serialize)]
struct Given {
    agreed_at: String,
    withdrawn_on: Option<String>,
    agreed: Vec<&'static str>,
    declined: Vec<&'static str>,
    shown: Qualities,
    residence_level: Level,
    names: bool,
    offline: bool,
    /// When the forum was given tokens.
    tokens_given_at: Vec<String>,
}

pub(super) async fn export(
    State(state): State<super::State>,
    accounts: Accounts,
    headers: HeaderMap,
    Citizen { page, signed_in, person }: Citizen,
) -> Result<Response, Problem> {
    // No other site's link puts this file on somebody's disk.
    if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
        return Ok(page.see_other(paths::FORUMS));
    }
    if accounts.open_export(&signed_in).is_err() {
        return Ok(page.see_other(&sign_in_address(&accounts, &Done::SignedIn.address())));
    }
    let document = document(&state, &accounts, &page, &signed_in, person).await?;
    let json = serde_json::to_vec_pretty(&document).map_err(Problem::internal)?;
    let kind = HeaderValue::from_static("application/json");
    let name = HeaderValue::from_static("attachment; filename=\"heteronym-export.json\"");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], json).into_response())
}

async fn document(
    state: &super::State,
    accounts: &Accounts,
    page: &Page,
    signed_in: &SignedIn,
    person: PersonId,
) -> Result<Document, Problem> {
    let standing = state.attributes.standing(person).await.map_err(store_problem)?;
    let mut pseudonyms = Vec::new();
    for place in place::all(state, person).await? {
        let mut forums = Vec::new();
        for forum in place.forums(state).await? {
            forums.push(known_to(state, &forum).await?);
        }
        let sub = state.pseudonyms.subject(&place.heteronym).map(|subject| subject.as_str().to_owned());
        pseudonyms.push(pseudonym(&place, sub, forums));
    }
    Ok(Document {
        format: "heteronym-export",
        version: 1,
        comment: page.t("export-comment").into_owned(),
        issuer: page.site().origin().to_owned(),
        made_on: state.attributes.today().to_string(),
        account: account(accounts, signed_in).await?,
        person: standing.map(|standing| described(state, &standing)),
        pseudonyms,
    })
}

async fn account(accounts: &Accounts, signed_in: &SignedIn) -> Result<Account, Problem> {
    let known = accounts.authenticators(signed_in).await.map_err(problem)?;
    let sessions = accounts.sessions(signed_in).await.map_err(problem)?;
    let passkey = |PasskeyLine { label, synced, created_on, last_used_on, .. }| Passkey {
        label,
        synced,
        created_on: day(created_on),
        last_used_on: last_used_on.map(day),
    };
    let session = |Listed { method, began, seen, device, current, .. }| Session {
        began_at: moment(began),
        seen_at: moment(seen),
        device,
        amr: method.amr(),
        current,
    };
    Ok(Account {
        sign_in_name: known.login,
        passkeys: known.passkeys.into_iter().map(passkey).collect(),
        passphrase: known.has_passphrase,
        recovery_codes_left: known.paper_codes,
        sessions: sessions.into_iter().map(session).collect(),
    })
}

fn described(state: &super::State, standing: &Standing) -> Person {
    let facts = &standing.facts;
    let role = |role: &quality::Role| Held {
        role: role.kind,
        authority: standing.authority(role.authority).map(str::to_owned),
        until: role.until.to_string(),
    };
    Person {
        enrolled_by: standing.office.clone(),
        enrolled_on: standing.enrolled_on.to_string(),
        renew_by: standing.renew_by.to_string(),
        departed_on: standing.departed_on.map(|day| day.to_string()),
        birth_year: facts.birth.year(),
        majority_on: facts.birth.majority_on().map(|day| day.to_string()),
        commune: facts.commune,
        commune_label: state.attributes.label(facts.commune),
        sex: facts.sex,
        partial_name: facts.partial_name.as_str().to_owned(),
        roles: facts.roles.iter().map(role).collect(),
    }
}

fn pseudonym(place: &Place, sub: Option<String>, forums: Vec<KnownTo>) -> Pseudonym {
    let heteronym = &place.heteronym;
    Pseudonym {
        sector: heteronym.sector.as_str().to_owned(),
        sub,
        slot: heteronym.slot,
        generation: heteronym.generation,
        key_version: heteronym.key_version,
        name: heteronym.shown.name.as_str().to_owned(),
        name_assurance: heteronym.shown.name.assurance(),
        name_audience: heteronym.shown.audience.as_str(),
        indexable: heteronym.shown.indexable,
        created_on: day(heteronym.created_on),
        retired_on: heteronym.retired_on.map(day),
        forums,
    }
}

async fn known_to(state: &super::State, forum: &Forum<'_>) -> Result<KnownTo, Problem> {
    let mut consents = Vec::with_capacity(forum.consents.len());
    for consent in &forum.consents {
        let given = state.consents.tokens_given(consent.id).await.map_err(store_problem)?;
        consents.push(agreed(consent, given));
    }
    let metadata = &forum.client.metadata;
    Ok(KnownTo {
        client_id: forum.client.id.clone(),
        client_name: metadata.client_name.clone(),
        hosts: metadata.hosts(),
        ended: forum.client.is_disabled(),
        consents,
    })
}

fn agreed(consent: &Consent, tokens_given: Vec<Timestamp>) -> Given {
    let agreement = &consent.agreement;
    Given {
        agreed_at: moment(agreement.at),
        withdrawn_on: consent.withdrawn_on.map(day),
        agreed: names(&agreement.agreed),
        declined: names(&agreement.declined),
        shown: agreement.shown.clone(),
        residence_level: agreement.residence_level,
        names: agreement.names,
        offline: agreement.offline,
        tokens_given_at: tokens_given.into_iter().map(moment).collect(),
    }
}

/// As claims are called.
fn names(qualities: &BTreeSet<Quality>) -> Vec<&'static str> {
    qualities.iter().map(|quality| quality.as_str()).collect()
}

/// `2026-06-15`.
fn day(at: Timestamp) -> String {
    at.date().to_string()
}

/// RFC 3339, in UTC.
fn moment(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map(|at| at.to_string()).unwrap_or_default()
}
