//! What the public logs come to, for a reader who has no tools: heads, keys, counts, offices, and how to check it all.
//!
//! Everything on the page is worked out from the published leaves, so that it can say nothing that an auditor does not find.

mod chart;

use askama::Template;
use axum::{Router, extract::State, response::Response, routing::get};

use self::chart::Chart;
use crate::{
    domain::ambient::Timestamp,
    http::{Page, Problem},
    transparency::{Tally, Transparency},
    web::{paths, store_problem},
    wire::tlog::leaf::{Counts, Hour, KeyAct, Month},
};

/// What the page asks.
#[derive(Clone)]
pub struct Public {
    pub transparency: Transparency,
    /// Names of the witnesses.
    pub witnesses: Vec<String>,
    /// How many of them have to have cosigned before a token goes out.
    pub quorum: usize,
}

pub fn routes(public: Public) -> Router {
    Router::new().route(paths::TRANSPARENCY, get(transparency)).with_state(public)
}

#[derive(Template)]
#[template(path = "web/public/transparency.html", config = "src/askama.toml")]
struct Shown<'a> {
    page: &'a Page,
    public: &'a Public,
    heads: Vec<Head>,
    /// Some leaves were not read yet.
    behind: bool,
    charts: Vec<Chart>,
    /// By kind, the newest month first.
    months: Vec<(String, Vec<(&'static str, String)>)>,
    keys: Vec<Key>,
    offices: Vec<Office>,
    /// Offices beyond those shown.
    more_offices: usize,
    forums: String,
    /// The newest first.
    audits: Vec<Audit>,
    command: String,
}

struct Head {
    log: String,
    size: String,
    signed: String,
    /// The first characters of the root.
    root: String,
    frozen: bool,
}

struct Key {
    /// After `transparency-role-`.
    role: String,
    kid: String,
    algorithm: String,
    /// After `transparency-key-`.
    state: &'static str,
    from: String,
    until: Option<String>,
}

/// A sampled audit.
struct Audit {
    auditor: String,
    began: String,
    log: String,
    draws: String,
    /// Opened, and not.
    opened: Option<(u32, u32)>,
    faults: Option<u32>,
}

struct Office {
    name: String,
    area: String,
    population: String,
    enrolments: String,
}

async fn transparency(State(public): State<Public>, page: Page) -> Result<Response, Problem> {
    let (heads, tally) = public.transparency.tally().await.map_err(store_problem)?;
    let behind = heads.iter().any(|head| tally.read_of(head.log) < head.size);
    let heads = heads.into_iter().map(|head| Head {
        log: head.log.to_string(),
        size: number(&page, head.size),
        signed: in_words(&page, Hour::from_millis(head.signed_at.0)),
        root: head.root.to_string().chars().take(ROOT).collect(),
        frozen: head.frozen_at.is_some(),
    });
    let series = tally.series(MONTHS);
    let (offices, more_offices) = offices(&page, &tally);
    Ok(page.render_public(&Shown {
        heads: heads.collect(),
        behind,
        charts: KINDS.iter().map(|kind| Chart::of(&page, *kind, &series)).collect(),
        months: series.iter().rev().map(|month| row(&page, month)).collect(),
        keys: keys(&page, &tally),
        offices,
        more_offices,
        forums: number(&page, tally.forums() as u64),
        audits: audits(&page, &tally),
        command: format!("heteronym audit {}", page.site().origin()),
        public: &public,
        page: &page,
    }))
}

/// Those that count first.
fn keys(page: &Page, tally: &Tally) -> Vec<Key> {
    let mut keys: Vec<_> = tally.keys.iter().collect();
    keys.sort_by_key(|key| matches!(key.act, KeyAct::Retired | KeyAct::Revoked));
    let shown = keys.into_iter().map(|key| Key {
        role: key.role.to_string(),
        kid: key.kid.to_string(),
        algorithm: key.algorithm.to_string(),
        state: match key.act {
            KeyAct::Announced => "announced",
            KeyAct::Active => "active",
            KeyAct::Retired => "retired",
            KeyAct::Revoked => "revoked",
        },
        from: day(page, key.not_before),
        until: key.not_after.map(|hour| day(page, hour)),
    });
    shown.take(MOST_KEYS).collect()
}

/// Those that have enrolled most, and how many more there are.
fn offices(page: &Page, tally: &Tally) -> (Vec<Office>, usize) {
    let enrolled = |id| -> u64 { tally.months.values().filter_map(|month| month.registrars.get(id)).sum() };
    let mut offices: Vec<_> = tally.registrars.iter().map(|(id, office)| (enrolled(id), office)).collect();
    offices.sort_by(|(more, one), (less, other)| less.cmp(more).then_with(|| one.name.cmp(&other.name)));
    let shown = offices.iter().take(MOST_OFFICES).map(|(enrolments, office)| Office {
        name: office.name.to_string(),
        area: office.area.to_string(),
        population: number(page, office.population),
        enrolments: number(page, *enrolments),
    });
    (shown.collect(), offices.len().saturating_sub(MOST_OFFICES))
}

/// Those that were begun last.
fn audits(page: &Page, tally: &Tally) -> Vec<Audit> {
    let shown = tally.audits.iter().rev().map(|audit| Audit {
        auditor: audit.commit.auditor.to_string(),
        began: day(page, audit.began),
        log: audit.commit.log.to_string(),
        draws: number(page, audit.commit.draws.into()),
        opened: audit.openings.as_ref().map(|openings| (openings.opened, openings.withheld)),
        faults: audit.result.as_ref().map(|result| result.faults),
    });
    shown.take(MOST_AUDITS).collect()
}

fn row(page: &Page, (month, counts): &(Month, Counts)) -> (String, Vec<(&'static str, String)>) {
    let count = |kind: Kind| (kind.as_str(), number(page, kind.of(counts)));
    (page.lang().month(month.year(), month.month()), KINDS.into_iter().map(count).collect())
}

fn number(page: &Page, number: u64) -> String {
    page.number(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A kind of leaf; its word stands after `transparency-kind-`.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Enrol,
    Nym,
    Issue,
    Revoke,
    Access,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Enrol => "enrol",
            Self::Nym => "nym",
            Self::Issue => "issue",
            Self::Revoke => "revoke",
            Self::Access => "access",
        }
    }

    const fn of(self, counts: &Counts) -> u64 {
        match self {
            Self::Enrol => counts.enrol,
            Self::Nym => counts.nym,
            Self::Issue => counts.issue,
            Self::Revoke => counts.revoke,
            Self::Access => counts.access,
        }
    }
}

/// To the hour, as it is in leaves.
fn in_words(page: &Page, hour: Hour) -> String {
    let start = hour.count() % 24;
    page.with2("transparency-hour", "day", day(page, hour), "hour", format!("{start:02}")).into_owned()
}

fn day(page: &Page, hour: Hour) -> String {
    page.lang().date(Timestamp(hour.millis()).date())
}

const KINDS: [Kind; 5] = [Kind::Enrol, Kind::Nym, Kind::Issue, Kind::Revoke, Kind::Access];
const MONTHS: usize = 12;
/// Characters of a root: enough to compare by eye.
const ROOT: usize = 16;
/// A page stays below 50 kB, however many there are: all of them are in the registry.
const MOST_OFFICES: usize = 40;
const MOST_KEYS: usize = 30;
const MOST_AUDITS: usize = 20;

#[cfg(test)]
mod tests {
    use crate::http::Lang;

    #[test]
    fn every_kind_and_every_state_of_a_key_has_its_word_in_both_languages() {
        let texts = crate::web::texts().unwrap();
        let keys = ["announced", "active", "retired", "revoked"].map(|state| format!("transparency-key-{state}"));
        let kinds = super::KINDS.map(|kind| format!("transparency-kind-{}", kind.as_str()));
        let roles = ["issuer", "log"].map(|role| format!("transparency-role-{role}"));
        for key in keys.iter().chain(&kinds).chain(&roles) {
            assert!(Lang::ALL.iter().all(|lang| texts.has(*lang, key)), "{key}");
        }
    }
}
