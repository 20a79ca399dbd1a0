//! What is vouched for of a person, in words: what a forum could get at most, until when, and what to do about an error.

use askama::Template;
use axum::{extract::State, response::Response};

use super::place::{self, Status};
use crate::{
    accounts::{Holder, SignedIn},
    attributes::{Attributes, Standing, Terms},
    domain::{
        area::{self, Level},
        claim::{Qualities, Quality},
        quality,
    },
    http::{Page, Problem},
    web::{
        paths,
        shared::{Member, told::Told},
        store_problem,
    },
};

#[derive(Template)]
#[template(path = "web/account/forums/overview.html", config = "src/askama.toml")]
struct Overview<'a> {
    page: &'a Page,
    age: String,
    year: String,
    birth_year: String,
    of_age: String,
    /// The day on which a minor comes of age.
    majority: Option<String>,
    areas: Vec<Line>,
    source: &'a str,
    sex: Option<String>,
    roles: Vec<Held>,
    name: &'a str,
    office: &'a str,
    renew_by: String,
    renewal: Renewal,
    departed: Option<String>,
    forums: usize,
}

/// One line of the chain from the commune to the country.
struct Line {
    label: String,
    level: &'static str,
    population: String,
}

struct Held {
    label: String,
    authority: String,
    until: String,
}

/// How far off the day is by which the person has to come to the counter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Renewal {
    Far,
    Near,
    Over,
}

/// Somebody of an office, or who audits, holds a share or administers: none of them has forums.
#[derive(Template)]
#[template(path = "web/account/forums/staff.html", config = "src/askama.toml")]
struct Staff<'a> {
    page: &'a Page,
    kind: &'static str,
}

pub(super) async fn overview(
    State(state): State<super::State>,
    Member { page, signed_in }: Member,
) -> Result<Response, Problem> {
    let Some(person) = signed_in.person() else { return Ok(staff(&page, &signed_in)) };
    let standing = state.attributes.standing(person).await.map_err(store_problem)?;
    let standing = standing.ok_or_else(Problem::not_found)?;
    let places = place::all(&state, person).await?;
    let known = places.iter().filter(|place| place.status() != Status::Left).count();
    Ok(page.render(&describe(&page, &state.attributes, &standing, known)))
}

/// An officer works at the counter; for the others there is what opens their account.
fn staff(page: &Page, signed_in: &SignedIn) -> Response {
    let kind = match signed_in.holder {
        Holder::Officer(_) | Holder::Citizen(_) => return page.see_other(paths::REGISTRAR),
        Holder::Auditor => "auditor",
        Holder::Custodian => "custodian",
        Holder::Administrator => "administrator",
    };
    page.render(&Staff { page, kind })
}

fn describe<'a>(page: &'a Page, attributes: &'a Attributes, standing: &'a Standing, forums: usize) -> Overview<'a> {
    let (facts, lang, today) = (&standing.facts, page.lang(), attributes.today());
    let finest = Terms { residence_level: Level::Commune, age_brackets: None };
    let present: Qualities = attributes.qualities(facts, &finest);
    let told = Told { page, attributes };
    let days = today.until(standing.renew_by).map_or(0, |span| span.get_days());
    Overview {
        page,
        age: told.value(Quality::AgeBracket, &present),
        year: attributes.claims_as_of().to_string(),
        birth_year: facts.birth.year().to_string(),
        of_age: told.value(Quality::AgeOver18, &present),
        majority: facts.birth.majority_on().filter(|day| *day > today).map(|day| lang.date(day)),
        areas: areas(page, attributes, standing),
        source: attributes.areas().source(),
        sex: present.sex.map(|_| told.value(Quality::Sex, &present)),
        roles: roles(page, standing, attributes),
        name: facts.partial_name.as_str(),
        office: &standing.office,
        renew_by: lang.date(standing.renew_by),
        renewal: match days {
            ..0 => Renewal::Over,
            0..=NEAR => Renewal::Near,
            _ => Renewal::Far,
        },
        departed: standing.departed_on.map(|day| lang.date(day)),
        forums,
    }
}

/// From the commune to the country; the bare code of a commune that the table no longer has.
fn areas(page: &Page, attributes: &Attributes, standing: &Standing) -> Vec<Line> {
    let commune = standing.facts.commune;
    let chain = attributes.areas().chain(commune);
    if chain.is_empty() {
        let label = attributes.label(commune);
        return vec![Line { label, level: Level::Commune.as_str(), population: String::new() }];
    }
    let area = |area: &area::Area<'_>| Line {
        label: attributes.label(area.code),
        level: area.level.as_str(),
        population: page.with("consent-population", "n", area.population).into_owned(),
    };
    chain.iter().map(area).collect()
}

fn roles(page: &Page, standing: &Standing, attributes: &Attributes) -> Vec<Held> {
    let held = standing.facts.roles.iter().filter(|role| role.held_on(attributes.today()));
    let role = |role: &quality::Role| Held {
        label: page.t2("role-", role.kind.as_str()),
        authority: standing.authority(role.authority).unwrap_or_default().to_owned(),
        until: page.lang().date(role.until),
    };
    held.map(role).collect()
}

/// Time enough to find a morning for the counter, in days.
const NEAR: i32 = 60;
