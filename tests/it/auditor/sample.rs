//! Sampled audits: clean samples pass, each check that is broken names itself, and the odds are what they are said to be.

use std::{collections::BTreeSet, fs, path::Path};

use clap::Parser as _;
use data_encoding::BASE64URL_NOPAD;
use heteronym::{
    auditor::{AuditError, Outcome, run},
    wire::tlog::{
        Hash,
        commitment::Fields,
        leaf::{AuditCommit, AuditDraw, AuditId, AuditOpenings, NymAct, OwnerTag},
        sample::{Drawn, Openings, Seed, odds},
    },
};
use rand::{SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Line, audit_at, faults, fresh_seed, named, now};
use crate::harness::log::{HOME, LogTown};

/// An audit of a town.
struct Sampled {
    town: LogTown,
    nonce: [u8; 32],
    draws: u32,
    commit: AuditCommit,
}

/// Which area lies in which.
const AREAS: &str = "code\tparent\nFR\t\nFR-ARA\tFR\nFR-38\tFR-ARA\nFR-69\tFR-ARA\ncog:38563\tFR-38\n";

impl Sampled {
    /// The registry commits to a number of the auditor.
    fn begun(mut town: LogTown, draws: u32) -> Self {
        let nonce = [6; 32];
        let commit = commit(&town, draws, nonce);
        town.register(commit.clone());
        Self { town, nonce, draws, commit }
    }

    /// The same, and the number was shown.
    fn drawn(town: LogTown, draws: u32) -> Self {
        let mut sampled = Self::begun(town, draws);
        sampled.town.register(AuditDraw { audit: sampled.commit.audit, nonce: sampled.nonce });
        sampled
    }

    /// What the provider opens.
    fn openings(&self) -> Openings {
        let tokens: Vec<_> = self.town.tokens().into_iter().filter(|index| *index < self.commit.size).collect();
        let places = Seed::of(&self.commit, &self.nonce).draw(self.draws, tokens.len() as u64);
        let drawn = places.into_iter().map(|place| {
            let index = tokens[usize::try_from(place).unwrap()];
            Drawn { index, opened: Some(self.town.opened(index)) }
        });
        Openings { v: 1, audit: self.commit.audit, drawn: drawn.collect() }
    }

    /// The hash of a file of openings, in the registry.
    fn answer(&mut self, openings: &Openings) {
        let withheld = openings.drawn.iter().filter(|drawn| drawn.opened.is_none()).count();
        let opened = openings.drawn.len() - withheld;
        let hash = Hash::from_bytes(Sha256::digest(openings.to_bytes()).into());
        let audit = self.commit.audit;
        let count = |count: usize| u32::try_from(count).unwrap();
        self.town.register(AuditOpenings { audit, opened: count(opened), withheld: count(withheld), openings: hash });
    }

    /// The auditor's file.
    fn file(&self) -> String {
        file(self.draws, self.nonce)
    }

    /// The verdict on a file of openings.
    async fn verdict(&self, openings: &[u8]) -> Value {
        let directory = tempfile::tempdir().unwrap();
        self.town.write(directory.path());
        check(&self.town, directory.path(), &self.file(), openings).await.unwrap()
    }
}

fn commit(town: &LogTown, draws: u32, nonce: [u8; 32]) -> AuditCommit {
    AuditCommit {
        audit: AuditId::from_bytes([4; 16]),
        auditor: "La Gazette".parse().unwrap(),
        log: town.issuance.name.parse().unwrap(),
        size: town.issuance.len(),
        root: town.issuance.edge().root(),
        draws,
        nonce_hash: Hash::from_bytes(Sha256::digest(nonce).into()),
    }
}

fn file(draws: u32, nonce: [u8; 32]) -> String {
    let hash = BASE64URL_NOPAD.encode(&Sha256::digest(nonce));
    let nonce = BASE64URL_NOPAD.encode(&nonce);
    json!({ "format": "heteronym-sample", "version": 1, "draws": draws, "nonce": nonce, "nonce_hash": hash })
        .to_string()
}

/// `sample check` on a mirror, with a table of areas.
async fn check(town: &LogTown, mirror: &Path, sample: &str, openings: &[u8]) -> Result<Value, AuditError> {
    let put = |name: &str, bytes: &[u8]| {
        fs::write(mirror.join(name), bytes).unwrap();
        mirror.join(name).to_str().unwrap().to_owned()
    };
    let (sample, openings) = (put("sample.json", sample.as_bytes()), put("openings.json", openings));
    let areas = put("areas.tsv", AREAS.as_bytes());
    let mirror = mirror.to_str().unwrap();
    let words = ["sample", "check", &sample, "--openings", &openings, "--areas", &areas, "--mirror", mirror];
    audit_at(now(town), &words).await
}

/// What a command says in words.
async fn said(town: &LogTown, words: &[&str]) -> Result<(Outcome, String), AuditError> {
    let mut out = Vec::new();
    let line = Line::try_parse_from([&["audit", "sample"], words].concat()).unwrap();
    let outcome = run(line.args, now(town), &mut StdRng::from_seed(fresh_seed()), &mut out).await?;
    Ok((outcome, String::from_utf8(out).unwrap()))
}

/// A token that says this, of somebody born in that year.
fn token<'a>(bracket: &'a str, birth_year: i16, area: &'a str, enrol: OwnerTag) -> Fields<'a> {
    Fields::Issue { bracket, birth_year: Some(birth_year), area, enrol }
}

/// A town with tokens of all kinds that are as they should be: twelve.
fn people() -> LogTown {
    let mut town = LogTown::new();
    let says = [("Y_LT18", 2011), ("Y18-39", 1997), ("Y_GE40", 1951), ("", 1973), ("Y_LT40", 2003), ("Y_GE18", 1966)];
    for (person, (bracket, birth_year)) in (0..).zip(says) {
        let enrol = town.enrol_of(birth_year, HOME);
        town.nym(NymAct::Create, person);
        town.issue_of(token(bracket, birth_year, "FR-38", enrol));
        town.issue_of(token(bracket, birth_year, ["", HOME, "FR-ARA", "FR", "", "FR-38"][person as usize], enrol));
        town.hour += i64::from(person == 3);
    }
    town
}

/// Somebody with one token more.
fn one_more(town: &mut LogTown, birth_year: i16, bracket: &str, said_year: i16, area: &str) -> u64 {
    let enrol = town.enrol_of(birth_year, HOME);
    town.issue_of(token(bracket, said_year, area, enrol))
}

#[tokio::test]
async fn a_clean_sample_passes_and_says_what_it_could_have_found() {
    for draws in [5, 300] {
        let mut sampled = Sampled::drawn(people(), draws);
        let openings = sampled.openings();
        sampled.answer(&openings);
        let verdict = sampled.verdict(&openings.to_bytes()).await;
        named!(faults(&verdict),);
        let sample = &verdict["sample"];
        let drawn = draws.min(12);
        assert_eq!((&sample["auditor"], &sample["population"]), (&json!("La Gazette"), &json!(12)), "{sample}");
        let counts = ["drawn", "opened", "withheld", "faults"].map(|count| sample[count].as_u64().unwrap());
        assert_eq!(counts, [drawn.into(), drawn.into(), 0, 0]);
        let wrong = sample["certain"]["wrong"].as_u64().unwrap();
        assert!(odds(12, wrong, drawn.into()) >= 0.95 && odds(12, wrong - 1, drawn.into()) < 0.95, "{sample}");
        assert_eq!(sample["odds"].as_array().unwrap().len(), 3);
        let unchecked = verdict["not_checked"].to_string();
        assert!(
            unchecked.contains("whether the audit is still the one") && !unchecked.contains("--areas"),
            "{unchecked}"
        );
    }
}

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
        "expired",
        |town| {
            let mut draft = town.draft();
            draft.expires = "2026-11".parse().unwrap();
            let enrol = town.enrol_by(draft);
            town.hour = "2026-12-01T00Z".parse::<heteronym::wire::tlog::leaf::Hour>().unwrap().count().into();
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
    for (what, plant, expected) in PLANTED {
        let mut town = people();
        let index = plant(&mut town);
        let mut sampled = Sampled::drawn(town, 300);
        let openings = sampled.openings();
        sampled.answer(&openings);
        let verdict = sampled.verdict(&openings.to_bytes()).await;
        let expected: Vec<_> =
            expected.iter().flat_map(|checks| checks.split(' ')).map(|check| format!("{check} 2026 {index}")).collect();
        assert_eq!(faults(&verdict), expected, "{what}");
        assert_eq!(verdict["sample"]["faults"], u64::from(!expected.is_empty()), "{what}: of one token");
        says_nothing(&verdict, &openings);
    }
}

/// What is done to the openings before the registry has their hash: what fails, of the first that was drawn or of the audit.
type Tampered = (&'static str, fn(&mut Openings), &'static str);

const TAMPERED: &[Tampered] = &[
    ("a field is missing", |openings| drop(first(openings).fields.pop()), "sample.opening"),
    ("all are missing", |openings| first(openings).fields.clear(), "sample.opening"),
    (
        "one comes twice",
        |openings| {
            let again = first(openings).fields[0].clone();
            first(openings).fields[1] = again;
        },
        "sample.opening",
    ),
    ("two change places", |openings| first(openings).fields.swap(1, 2), "sample.opening"),
    (
        "one is of another leaf",
        |openings| {
            let other = openings.drawn[1].opened.as_ref().unwrap().fields[2].clone();
            first(openings).fields[2] = other;
        },
        "sample.opening",
    ),
    ("a salt is another", |openings| first(openings).fields[3].salt[0] ^= 1, "sample.opening"),
    ("a value is another", |openings| first(openings).fields[1].value = "1900".parse().unwrap(), "sample.opening"),
    ("a field of the enrolment is missing", |openings| drop(first(openings).enrolment.fields.pop()), "sample.opening"),
    (
        "a salt of the enrolment is another",
        |openings| first(openings).enrolment.fields[0].salt[9] ^= 1,
        "sample.opening",
    ),
    ("the enrolment is none", |openings| first(openings).enrolment.index += 1, "sample.enrolment"),
    ("the enrolment is beyond the log", |openings| first(openings).enrolment.index = u64::MAX, "sample.enrolment"),
    (
        "the enrolment is in a log that is not there",
        |openings| {
            first(openings).enrolment.log = "2025".parse().unwrap();
        },
        "sample.enrolment",
    ),
    (
        "the enrolment is in the registry",
        |openings| {
            first(openings).enrolment.log = "registry".parse().unwrap();
        },
        "sample.enrolment",
    ),
    ("it is withheld", |openings| openings.drawn[0].opened = None, "sample.withheld"),
    ("the order is another", |openings| openings.drawn.swap(0, 1), "sample.draw"),
    ("one is left out", |openings| drop(openings.drawn.remove(0)), "sample.draw"),
    ("the last is left out", |openings| drop(openings.drawn.pop()), "sample.draw"),
    (
        "one is given twice",
        |openings| {
            let last = openings.drawn.last().unwrap().clone();
            openings.drawn.push(last);
        },
        "sample.draw",
    ),
    ("another was not drawn", |openings| openings.drawn[0].index = 0, "sample.draw"),
];

fn first(openings: &mut Openings) -> &mut heteronym::wire::tlog::sample::Opened {
    openings.drawn[0].opened.as_mut().unwrap()
}

#[tokio::test]
async fn openings_that_are_not_those_of_the_draw_or_the_leaf_are_named() {
    for (what, tamper, expected) in TAMPERED {
        let mut sampled = Sampled::drawn(people(), 6);
        let mut openings = sampled.openings();
        let index = openings.drawn[0].index;
        tamper(&mut openings);
        // The audit draws no more than it may, whatever the file has.
        let within = Openings { drawn: openings.drawn.iter().take(6).cloned().collect(), ..openings.clone() };
        sampled.answer(if *what == "one is given twice" { &within } else { &openings });
        let verdict = sampled.verdict(&openings.to_bytes()).await;
        let at = if *expected == "sample.draw" { "registry 4".to_owned() } else { format!("2026 {index}") };
        let mut named = faults(&verdict);
        if *what == "one is given twice" {
            named.retain(|fault| fault != "sample.sequence registry 4");
        }
        assert_eq!(named, [format!("{expected} {at}")], "{what}");
        let withheld = u64::from(*expected == "sample.withheld");
        assert_eq!(verdict["sample"]["withheld"], withheld, "{what}");
        assert_eq!(verdict["sample"]["faults"].as_u64().unwrap() > 0, withheld == 0, "{what}");
        says_nothing(&verdict, &openings);
    }
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

/// The report says nothing of anybody: neither a value, nor a tag, nor a salt, nor which enrolment it was.
fn says_nothing(verdict: &Value, openings: &Openings) {
    let text = verdict.to_string();
    let opened = openings.drawn.iter().filter_map(|drawn| drawn.opened.as_ref());
    let fields = opened.clone().flat_map(|opened| opened.fields.iter().chain(&opened.enrolment.fields));
    let said: BTreeSet<_> =
        fields.flat_map(|field| [field.value.to_string(), BASE64URL_NOPAD.encode(&field.salt)]).collect();
    for said in said.iter().filter(|said| said.len() > 3) {
        assert!(!text.contains(said.as_str()), "{said} is in {text}");
    }
    let leaves: BTreeSet<_> = opened.map(|opened| opened.enrolment.index).collect();
    for finding in verdict["findings"].as_array().unwrap() {
        assert!(finding["leaf"].as_u64().is_none_or(|leaf| finding["log"] == "registry" || !leaves.contains(&leaf)));
    }
}

#[tokio::test]
async fn a_sequence_that_is_not_that_of_this_audit_is_named() {
    let (sequence, draw) = ("sample.sequence registry 4", "sample.draw registry 4");
    let answered = || {
        let mut sampled = Sampled::drawn(people(), 6);
        let openings = sampled.openings();
        sampled.answer(&openings);
        (sampled, openings)
    };
    let (sampled, openings) = answered();
    let changed = [openings.to_bytes().as_slice(), b"\n"].concat();
    named!(faults(&sampled.verdict(&changed).await), sequence);
    let foreign = Openings { audit: AuditId::from_bytes([5; 16]), ..openings.clone() };
    let verdict = sampled.verdict(&foreign.to_bytes()).await;
    named!(faults(&verdict), sequence);
    assert!(
        verdict["sample"].is_null() && verdict["not_checked"].to_string().contains("what was opened: it is not known")
    );
    let (mut other, openings) = answered();
    other.nonce = [7; 32];
    named!(faults(&other.verdict(&openings.to_bytes()).await), "sample.sequence registry");
    let (mut more, openings) = answered();
    more.draws = 7;
    named!(faults(&more.verdict(&openings.to_bytes()).await), sequence);

    let sampled = Sampled::drawn(people(), 6);
    named!(faults(&sampled.verdict(&sampled.openings().to_bytes()).await), sequence);
    let sampled = Sampled::begun(people(), 6);
    named!(faults(&sampled.verdict(&sampled.openings().to_bytes()).await), sequence, sequence);

    let mut sampled = Sampled::begun(people(), 6);
    sampled.town.register(AuditDraw { audit: sampled.commit.audit, nonce: [7; 32] });
    let openings = sampled.openings();
    sampled.answer(&openings);
    named!(faults(&sampled.verdict(&openings.to_bytes()).await), "audit.draw registry 5", sequence);

    let mut sampled = Sampled::drawn(people(), 6);
    let openings = sampled.openings();
    let mut fewer = openings.clone();
    fewer.drawn[5].opened = None;
    let hash = Hash::from_bytes(Sha256::digest(fewer.to_bytes()).into());
    sampled.town.register(AuditOpenings { audit: sampled.commit.audit, opened: 6, withheld: 0, openings: hash });
    let index = fewer.drawn[5].index;
    named!(faults(&sampled.verdict(&fewer.to_bytes()).await), sequence, format!("sample.withheld 2026 {index}"));

    // From a tree that the log never had, and from one that it had long before.
    let mut sampled = Sampled::drawn(people(), 6);
    let openings = sampled.openings();
    sampled.answer(&openings);
    let last = sampled.town.issuance.len();
    sampled.town.issuance.entries.truncate(usize::try_from(last).unwrap() - 1);
    named!(faults(&sampled.verdict(&openings.to_bytes()).await), "audit.draw registry 4", draw);
    let mut town = people();
    let early = commit(&town, 6, [6; 32]);
    one_more(&mut town, 1984, "Y18-39", 1984, "");
    town.hour += 2;
    let mut sampled = Sampled { town, nonce: [6; 32], draws: 6, commit: early.clone() };
    sampled.town.register(early.clone());
    sampled.town.register(AuditDraw { audit: early.audit, nonce: sampled.nonce });
    let openings = sampled.openings();
    sampled.answer(&openings);
    named!(faults(&sampled.verdict(&openings.to_bytes()).await), draw);
}

#[tokio::test]
async fn of_two_audits_with_one_number_the_first_counts() {
    let mut sampled = Sampled::begun(people(), 6);
    // Whoever sees both draws could answer the one that suits.
    let second = AuditCommit { audit: AuditId::from_bytes([1; 16]), ..sampled.commit.clone() };
    sampled.town.register(second.clone());
    sampled.town.register(AuditDraw { audit: second.audit, nonce: sampled.nonce });
    sampled.commit = second;
    let openings = sampled.openings();
    sampled.answer(&openings);
    named!(faults(&sampled.verdict(&openings.to_bytes()).await), "sample.sequence registry 4");
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
    for (log, hour, bracket, holds) in rows {
        let mut town = LogTown::new();
        log.clone_into(&mut town.issuance.name);
        town.hour = hour.parse::<heteronym::wire::tlog::leaf::Hour>().unwrap().count().into();
        town.nym(NymAct::Create, 0);
        let index = one_more(&mut town, 2009, bracket, 2009, "");
        let mut sampled = Sampled::drawn(town, 1);
        let openings = sampled.openings();
        sampled.answer(&openings);
        let found = faults(&sampled.verdict(&openings.to_bytes()).await);
        let expected: Vec<_> = (!holds).then(|| format!("sample.bracket {log} {index}")).into_iter().collect();
        assert_eq!(found, expected, "{hour} {bracket}");
    }
}

#[tokio::test]
async fn what_cannot_be_checked_is_neither_good_nor_bad() {
    let mut sampled = Sampled::drawn(people(), 6);
    let openings = sampled.openings();
    sampled.answer(&openings);
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    let town = &sampled.town;
    let good = (sampled.file(), openings.to_bytes());
    assert!(check(town, place, &good.0, &good.1).await.is_err(), "there is no registry");
    town.write(place);
    assert!(check(town, place, &good.0, &good.1).await.is_ok());
    let garbled = check(town, place, &good.0, b"{\"Jeanne\":1984}").await.unwrap_err().to_string();
    assert!(
        garbled.contains("openings.json: ") && !garbled.contains("Jeanne") && !garbled.contains("1984"),
        "{garbled}"
    );
    assert!(check(town, place, "{}", &good.1).await.is_err());
    // Without a table of areas the verdict says what it does not know.
    let words = |name: &str| place.join(name).to_str().unwrap().to_owned();
    check(town, place, &good.0, &good.1).await.unwrap();
    let (sample, openings) = (words("sample.json"), words("openings.json"));
    let words = ["sample", "check", &sample, "--openings", &openings, "--mirror", place.to_str().unwrap()];
    let verdict = audit_at(now(town), &words).await.unwrap();
    named!(faults(&verdict),);
    assert!(verdict["not_checked"].to_string().contains("whether the area holds that of the enrolment"), "{verdict}");
}

#[tokio::test]
async fn a_number_is_drawn_shown_when_the_audit_stands_and_ends_with_a_report() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (sample, mirror, openings) = (path("sample.json"), path(""), path("openings.json"));
    let mut town = people();
    let (_, words) = said(&town, &["new", "--draws", "6", &sample]).await.unwrap();
    let read = || serde_json::from_slice::<Value>(&fs::read(&sample).unwrap()).unwrap();
    let text = |member: &str| read()[member].as_str().unwrap().to_owned();
    let (nonce, hash) = (text("nonce"), text("nonce_hash"));
    assert!(
        words.contains(&hash) && !words.contains(&nonce) && words.contains("10000 tokens wrong (1.0 %)"),
        "{words}"
    );
    assert!(said(&town, &["new", "--draws", "6", &sample]).await.is_err(), "the number is not written over");
    let bytes: [u8; 32] = BASE64URL_NOPAD.decode(nonce.as_bytes()).unwrap().try_into().unwrap();

    // Hidden, where nothing or something else stands in the registry.
    let show = ["nonce", sample.as_str(), "--mirror", mirror.as_str()];
    let commit = commit(&town, 6, bytes);
    let stands = town.registry.entries.len();
    for wrong in
        [None, Some(AuditCommit { draws: 5, ..commit.clone() }), Some(AuditCommit { size: 3, ..commit.clone() })]
    {
        town.registry.entries.truncate(stands);
        if let Some(wrong) = wrong {
            town.register(wrong);
        }
        town.write(directory.path());
        let (outcome, words) = said(&town, &show).await.unwrap();
        assert!(outcome == Outcome::Faults && !words.contains(&nonce) && words.contains("stays hidden"), "{words}");
        assert!(read()["registry"].is_null());
    }
    town.registry.entries.truncate(stands);
    town.register(commit.clone());
    town.write(directory.path());
    let (outcome, words) = said(&town, &show).await.unwrap();
    assert!(outcome == Outcome::Good && words.contains(&format!("number  {nonce}")), "{words}");
    assert!(words.contains("It draws 6 of 12 tokens in the first 24 leaves of log 2026."), "{words}");
    assert!(text("registry").contains("id.example/log/registry\n5\n"));
    let (_, words) = said(&town, &["nonce", &sample]).await.unwrap();
    assert!(words.contains("Not checked") && words.contains(&nonce), "{words}");

    let mut sampled = Sampled { town, nonce: bytes, draws: 6, commit: commit.clone() };
    sampled.town.register(AuditDraw { audit: commit.audit, nonce: bytes });
    let opened = sampled.openings();
    sampled.answer(&opened);
    sampled.town.write(directory.path());
    fs::write(&openings, opened.to_bytes()).unwrap();
    let report = path("report.json");
    let check = ["check", &sample, "--openings", &openings, "--mirror", &mirror];
    let (outcome, words) = said(&sampled.town, &[&check[..], &["--report", &report]].concat()).await.unwrap();
    assert_eq!(outcome, Outcome::Good, "{words}");
    let written = fs::read(&report).unwrap();
    assert!(words.contains(&format!("SHA-256  {}", BASE64URL_NOPAD.encode(&Sha256::digest(&written)))), "{words}");
    assert!(words.contains("opened   6\n     withheld 0\n     faults   0\n"), "{words}");
    let written: Value = serde_json::from_slice(&written).unwrap();
    assert!(!written["not_checked"].to_string().contains("whether the audit is still the one"));

    // Begun anew under another id when the number was known: every leaf as it should be, in another history.
    let anew = AuditCommit { audit: AuditId::from_bytes([9; 16]), ..commit };
    sampled.town.registry.entries.truncate(stands);
    sampled.town.register(anew.clone());
    sampled.town.register(AuditDraw { audit: anew.audit, nonce: bytes });
    sampled.commit = anew;
    let opened = sampled.openings();
    sampled.answer(&opened);
    sampled.town.write(directory.path());
    fs::write(&openings, opened.to_bytes()).unwrap();
    let words = [&["sample"], &check[..]].concat();
    named!(faults(&audit_at(now(&sampled.town), &words).await.unwrap()), "log.forked registry");
}

#[tokio::test]
async fn samples_find_what_is_wrong_as_often_as_the_odds_say() {
    let mut town = LogTown::new();
    let (people, wrong, draws, samples) = (400, 20, 30, 200);
    let enrol = town.enrol_of(1984, HOME);
    town.nym(NymAct::Create, 0);
    for number in 0..people {
        town.issue_of(token(if number % 20 == 7 { "Y18-39" } else { "Y_GE40" }, 1984, "", enrol));
    }
    let (directory, stands) = (tempfile::tempdir().unwrap(), town.registry.entries.len());
    town.write(directory.path());
    let (mut town, mut found) = (town, 0_u32);
    for number in 0..samples {
        town.registry.entries.truncate(stands);
        let nonce = Sha256::digest(u32::to_be_bytes(number)).into();
        let commit = commit(&town, draws, nonce);
        town.register(commit.clone());
        let mut sampled = Sampled { town, nonce, draws, commit };
        sampled.town.register(AuditDraw { audit: sampled.commit.audit, nonce });
        let openings = sampled.openings();
        sampled.answer(&openings);
        town = sampled.town;
        town.registry.write(directory.path(), &town.head(&town.registry));
        let verdict = check(&town, directory.path(), &file(draws, nonce), &openings.to_bytes()).await.unwrap();
        let faults = faults(&verdict);
        assert!(faults.iter().all(|fault| fault.starts_with("sample.bracket 2026 ")), "{faults:?}");
        found += u32::from(!faults.is_empty());
    }
    let expected = odds(people, wrong, draws.into());
    let deviation = (expected * (1.0 - expected) / f64::from(samples)).sqrt();
    let share = f64::from(found) / f64::from(samples);
    assert!((share - expected).abs() < 3.0 * deviation, "{share} found, {expected} expected");
}
