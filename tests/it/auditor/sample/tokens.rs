//! Tokens that say something else than their enrolment or the published rules, each planted once.

use heteronym::wire::tlog::{
    commitment::Fields,
    leaf::{Hour, NymAct},
};

use super::{HOME, LogTown, Sampled, faults, named, one_more, people, says_nothing, token};

/// A town with one token that is not as it should be, or is in spite of its looks: what is planted, and the check that it fails.
type Planted = (&'static str, fn(&mut LogTown) -> u64, Option<&'static str>);

const PLANTED: &[Planted] = &[
    ("a wrong bracket", |town| one_more(town, 1984, "Y18-39", 1984, ""), Some("sample.bracket")),
    (
        "a bracket, and no year",
        |town| {
            let enrol = town.enrol();
            town.issue_of(Fields::Issue { bracket: "Y_GE40", birth_year: None, area: "", enrol })
        },
        Some("sample.bracket sample.birth-year"),
    ),
    ("a coarser bracket", |town| one_more(town, 1996, "Y_LT40", 1996, ""), None),
    ("a coarser bracket that is wrong", |town| one_more(town, 1984, "Y_LT40", 1984, ""), Some("sample.bracket")),
    ("a bracket that is not of the table", |town| one_more(town, 1996, "Y30-39", 1996, ""), Some("sample.bracket")),
    ("a bracket that is none", |town| one_more(town, 1996, "adult", 1996, ""), Some("sample.bracket")),
    ("another year", |town| one_more(town, 1984, "Y_GE40", 1983, ""), Some("sample.birth-year")),
    ("another area", |town| one_more(town, 1984, "", 1984, "FR-69"), Some("sample.area")),
    ("an area that nobody knows", |town| one_more(town, 1984, "", 1984, "BE"), Some("sample.area")),
    ("no area", |town| one_more(town, 1984, "", 1984, ""), None),
    (
        "the area itself, though the table does not know it",
        |town| {
            let enrol = town.enrol_of(1984, "cog:1");
            town.issue_of(token("", 1984, "cog:1", enrol))
        },
        None,
    ),
    (
        "an area, where the enrolment has none",
        |town| {
            let enrol = town.enrol_of(1984, "");
            town.issue_of(token("", 1984, "FR", enrol))
        },
        Some("sample.area"),
    ),
    (
        "revoked before",
        |town| {
            let enrol = town.enrol();
            town.revoke(enrol);
            town.hour += 1;
            town.issue_of(token("", 1984, "", enrol))
        },
        Some("sample.enrolment"),
    ),
    (
        "revoked in the same hour",
        |town| {
            let enrol = town.enrol();
            town.revoke(enrol);
            town.issue_of(token("", 1984, "", enrol))
        },
        None,
    ),
    (
        "revoked after",
        |town| {
            let enrol = town.enrol();
            let index = town.issue_of(token("", 1984, "", enrol));
            town.hour += 1;
            town.revoke(enrol);
            index
        },
        None,
    ),
    (
        "revoked in an hour before, and logged behind it",
        |town| {
            let enrol = town.enrol();
            town.hour += 1;
            let index = town.issue_of(token("", 1984, "", enrol));
            town.hour -= 1;
            town.revoke(enrol);
            town.hour += 1;
            index
        },
        None,
    ),
    (
        "expired",
        |town| {
            let mut draft = town.draft();
            draft.expires = "2026-11".parse().unwrap();
            let enrol = town.enrol_by(draft);
            town.hour = "2026-12-01T00Z".parse::<Hour>().unwrap().count().into();
            town.issue_of(token("", 1984, "", enrol))
        },
        Some("sample.enrolment"),
    ),
    (
        "in its last month",
        |town| {
            let mut draft = town.draft();
            draft.expires = "2026-11".parse().unwrap();
            let enrol = town.enrol_by(draft);
            town.issue_of(token("", 1984, "", enrol))
        },
        None,
    ),
    (
        "enrolled after the token",
        |town| {
            let draft = town.draft();
            let index = town.issue_of(token("", 1984, "", draft.owner));
            town.hour += 1;
            town.enrol_by(draft);
            index
        },
        Some("sample.enrolment"),
    ),
    (
        "enrolled in the same hour, behind it",
        |town| {
            let draft = town.draft();
            let index = town.issue_of(token("", 1984, "", draft.owner));
            town.enrol_by(draft);
            index
        },
        None,
    ),
];

#[tokio::test]
async fn each_token_that_says_something_else_is_named_by_the_check_that_finds_it() {
    let mut wrong = Vec::new();
    for (what, plant, expected) in PLANTED {
        let mut town = people();
        let index = plant(&mut town);
        let mut sampled = Sampled::drawn(town, 300);
        let openings = sampled.openings();
        sampled.answer(&openings);
        let verdict = sampled.verdict(&openings.to_bytes()).await;
        let expected: Vec<_> =
            expected.iter().flat_map(|checks| checks.split(' ')).map(|check| format!("{check} 2026 {index}")).collect();
        let (found, counted) = (faults(&verdict), verdict["sample"]["faults"] == u64::from(!expected.is_empty()));
        if found != expected || !counted {
            wrong.push((what, found));
        }
        says_nothing(&verdict, &openings);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn an_enrolment_of_somebody_else_is_named() {
    let mut town = people();
    let other = town.enrol_of(1984, HOME);
    let index = one_more(&mut town, 1984, "", 1984, "");
    town.issue_of(token("", 1984, "", other));
    let mut sampled = Sampled::drawn(town, 300);
    let mut openings = sampled.openings();
    let of = |index| openings.drawn.iter().position(|drawn| drawn.index == index).unwrap();
    let (one, next) = (of(index), of(index + 1));
    let other = openings.drawn[next].opened.as_ref().unwrap().enrolment.clone();
    openings.drawn[one].opened.as_mut().unwrap().enrolment = other;
    sampled.answer(&openings);
    named!(faults(&sampled.verdict(&openings.to_bytes()).await), format!("sample.enrolment 2026 {index}"));
}

#[tokio::test]
async fn within_a_day_of_the_turn_of_the_year_either_age_counts() {
    // Born in 2009: 17 years in 2026, 18 in 2027.
    let rows = [
        ("2026", "2026-12-30T23Z", "Y_LT18", true),
        ("2026", "2026-12-30T23Z", "Y18-39", false),
        ("2026", "2026-12-31T00Z", "Y_LT18", true),
        ("2026", "2026-12-31T00Z", "Y18-39", true),
        ("2027", "2027-01-01T23Z", "Y_LT18", true),
        ("2027", "2027-01-01T23Z", "Y18-39", true),
        ("2027", "2027-01-02T00Z", "Y_LT18", false),
        ("2027", "2027-01-02T00Z", "Y18-39", true),
    ];
    let mut wrong = Vec::new();
    for (log, hour, bracket, holds) in rows {
        let mut town = LogTown::new();
        log.clone_into(&mut town.issuance.name);
        town.hour = hour.parse::<Hour>().unwrap().count().into();
        town.nym(NymAct::Create, 0);
        let index = one_more(&mut town, 2009, bracket, 2009, "");
        let mut sampled = Sampled::drawn(town, 1);
        let openings = sampled.openings();
        sampled.answer(&openings);
        let found = faults(&sampled.verdict(&openings.to_bytes()).await);
        let expected: Vec<_> = (!holds).then(|| format!("sample.bracket {log} {index}")).into_iter().collect();
        if found != expected {
            wrong.push((hour, bracket, found));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
