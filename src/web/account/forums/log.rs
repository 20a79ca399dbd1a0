//! Everything that was ever done in a person's name, as the public logs have it; and the secret with which the person finds
//! it in any copy of them, without asking us (`specs/log.md` §4).

use std::collections::HashMap;

use askama::Template;
use axum::{
    extract::{Query, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};

use super::{
    Citizen,
    place::{self, Place, names},
};
use crate::{
    accounts::Accounts,
    domain::{ambient::Timestamp, ids::PersonId},
    http::{Page, Problem, SafeForm},
    transparency::{Ledger, Own, Series},
    web::{paths, shared::sign_in_address, store_problem},
    wire::tlog::leaf::{Hour, Issuance, NymAct, SlotTag},
};

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    page: String,
    #[serde(default)]
    done: String,
}

/// The button says everything.
#[derive(Deserialize)]
pub(super) struct Wish {}

#[derive(Template)]
#[template(path = "web/account/forums/log.html", config = "src/askama.toml")]
struct Shown<'a> {
    page: &'a Page,
    /// Signed in again, for the file.
    done: bool,
    /// The secret is gone.
    erased: bool,
    count: usize,
    /// Numbers that stand in no log: of what, and which.
    missing: Vec<(String, u64)>,
    lines: Vec<Line>,
    before: Option<usize>,
    after: Option<usize>,
    file: &'a str,
}

/// One leaf.
struct Line {
    hour: Hour,
    when: String,
    what: String,
    forum: String,
    log: String,
    index: u64,
    /// The two in words.
    place: String,
    /// After `/log/proof/`.
    proof: String,
    /// The service knows nothing of it.
    unknown: bool,
}

pub(super) async fn log(
    State(state): State<super::State>,
    Citizen { page, person, .. }: Citizen,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let (ledger, forums) = ledger(&state, person).await?;
    let mut shown = Shown {
        page: &page,
        done: asked.done == SIGNED_IN,
        erased: ledger.is_none(),
        count: 0,
        missing: Vec::new(),
        lines: Vec::new(),
        before: None,
        after: None,
        file: FILE_NAME,
    };
    let mut lines = Vec::new();
    if let Some(ledger) = &ledger {
        let yourself = page.t("log-yourself").into_owned();
        let of_voices = forums.iter().zip(&ledger.voices).map(|(forum, (_, series))| (forum.as_str(), series));
        let slots = slots(&state, person, ledger, &forums);
        for (forum, series) in std::iter::once(("", &ledger.own)).chain(of_voices) {
            lines.extend(series.leaves.iter().map(|leaf| {
                let slot = if let Issuance::Nym(nym) = &leaf.facts { slots.get(&nym.slot).copied() } else { None };
                line(&page, slot.unwrap_or(forum), series, leaf)
            }));
            let whose = if forum.is_empty() { yourself.as_str() } else { forum };
            shown.missing.extend(series.missing.iter().take(MISSING).map(|number| (whose.to_owned(), *number)));
        }
    }
    lines.sort_by(|one, other| (other.hour, &other.log, other.index).cmp(&(one.hour, &one.log, one.index)));
    let pages = lines.len().div_ceil(LINES).max(1);
    let number = asked.page.parse().unwrap_or(1).clamp(1, pages);
    shown.count = lines.len();
    shown.lines = lines.into_iter().skip((number - 1) * LINES).take(LINES).collect();
    (shown.before, shown.after) = ((number > 1).then(|| number - 1), (number < pages).then(|| number + 1));
    Ok(page.render(&shown))
}

/// The file with which the person looks for themselves. With it whoever has it joins their pseudonyms, so that the sign-in has
/// to be a fresh one (OWASP ASVS 7.5.3).
pub(super) async fn file(
    State(state): State<super::State>,
    accounts: Accounts,
    Citizen { page, signed_in, person }: Citizen,
    SafeForm(Wish {}): SafeForm<Wish>,
) -> Result<Response, Problem> {
    if accounts.open_export(&signed_in).is_err() {
        let back = format!("{}?done={SIGNED_IN}", paths::ACCOUNT_LOG);
        return Ok(page.see_other(&sign_in_address(&accounts, &back)));
    }
    let (ledger, _) = ledger(&state, person).await?;
    let ledger = ledger.ok_or_else(Problem::not_found)?;
    let hour = Hour::from_millis(accounts.now().0);
    let document = document(&state, &page, person, hour, &ledger);
    let json = serde_json::to_vec_pretty(&document).map_err(Problem::internal)?;
    let kind = HeaderValue::from_static("application/json");
    let name = format!("attachment; filename=\"{FILE_NAME}\"");
    let name = HeaderValue::try_from(name).map_err(Problem::internal)?;
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], json).into_response())
}

/// What stands in the person's name, and the forums of each pseudonym in words.
async fn ledger(state: &super::State, person: PersonId) -> Result<(Option<Ledger>, Vec<String>), Problem> {
    let places: Vec<Place> = place::all(state, person).await?;
    let (mut voices, mut forums) = (Vec::with_capacity(places.len()), Vec::with_capacity(places.len()));
    for place in &places {
        let known = names(&place.forums(state).await?);
        forums.push(if known.is_empty() { place.heteronym.sector.as_str().to_owned() } else { known });
        voices.push(place.heteronym.voice());
    }
    let ledger = state.transparency.ledger(&state.owners, person, voices).await.map_err(store_problem)?;
    Ok((ledger, forums))
}

/// The forums by the tags of the person's places there, which a leaf names in place of them.
fn slots<'f>(
    state: &super::State,
    person: PersonId,
    ledger: &Ledger,
    forums: &'f [String],
) -> HashMap<SlotTag, &'f str> {
    let tags = ledger.voices.iter().map(|(voice, _)| state.owners.place(person, &voice.sector, voice.slot).0);
    tags.zip(forums.iter().map(String::as_str)).collect()
}

fn line(page: &Page, forum: &str, series: &Series, leaf: &Own) -> Line {
    let what = match &leaf.facts {
        Issuance::Enrol(_) => page.t("log-enrol").into_owned(),
        Issuance::Nym(nym) if nym.act == NymAct::Create => page.t("log-nym-create").into_owned(),
        Issuance::Nym(_) => page.t("log-nym-retire").into_owned(),
        Issuance::Issue(_) => page.t("log-issue").into_owned(),
        Issuance::Revoke(revoke) => page.with("log-revoke", "reason", revoke.reason.to_string()).into_owned(),
        Issuance::Access(access) => page.with("log-access", "purpose", access.purpose.to_string()).into_owned(),
    };
    let start = leaf.hour.count() % 24;
    let day = page.lang().date(Timestamp(leaf.hour.millis()).date());
    Line {
        hour: leaf.hour,
        when: page.with2("log-hour", "day", day, "hour", format!("{start:02}")).into_owned(),
        what,
        forum: forum.to_owned(),
        log: leaf.log.to_string(),
        index: leaf.index,
        place: page.with2("log-place", "log", leaf.log.to_string(), "index", leaf.index).into_owned(),
        proof: match leaf.facts.token() {
            Some(token) => HEXLOWER.encode(token.as_bytes()),
            None => HEXLOWER.encode(leaf.facts.owner().as_bytes()),
        },
        unknown: series.is_unknown(leaf),
    }
}

/// What `heteronym audit mine` reads (`specs/log.md` §10).
#[derive(Serialize)]
struct Document {
    format: &'static str,
    version: u32,
    comment: String,
    issuer: String,
    /// What is later than this hour the file knows nothing of.
    hour: String,
    /// In base64url, as everything in bytes.
    person: String,
    secret: String,
    /// Leaves under the person's own key.
    leaves: u64,
    pseudonyms: Vec<Pseudonym>,
}

#[derive(Serialize)]
struct Pseudonym {
    sector: String,
    slot: u32,
    generation: u32,
    leaves: u64,
    slot_tag: String,
    slot_proof: String,
}

fn document(state: &super::State, page: &Page, person: PersonId, hour: Hour, ledger: &Ledger) -> Document {
    let pseudonyms = ledger.voices.iter().map(|(voice, series)| {
        let (tag, proof) = state.owners.place(person, &voice.sector, voice.slot);
        Pseudonym {
            sector: voice.sector.clone(),
            slot: voice.slot,
            generation: voice.generation,
            leaves: series.expected,
            slot_tag: tag.to_string(),
            slot_proof: BASE64URL_NOPAD.encode(proof.as_bytes()),
        }
    });
    Document {
        format: "heteronym-log-secret",
        version: 1,
        comment: page.t("log-comment").into_owned(),
        issuer: page.site().origin().to_owned(),
        hour: hour.to_string(),
        person: BASE64URL_NOPAD.encode(person.as_bytes()),
        secret: BASE64URL_NOPAD.encode(ledger.owner.secret().expose()),
        leaves: ledger.own.expected,
        pseudonyms: pseudonyms.collect(),
    }
}

const FILE_NAME: &str = "heteronym-log-secret.json";
const SIGNED_IN: &str = "signed-in";
/// A page stays below 50 kB.
const LINES: usize = 50;
/// So many gaps of one pseudonym are named.
const MISSING: usize = 5;
