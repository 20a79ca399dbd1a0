//! Sampled audits: clean samples pass, each check that is broken names itself, and the odds are what they are said to be.

mod openings;
mod steps;
mod tokens;

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
    let says = [
        ("Y_LT18", 2011, ""),
        ("Y18-39", 1997, HOME),
        ("Y_GE40", 1951, "FR-ARA"),
        ("", 1973, "FR"),
        ("Y_LT40", 2003, ""),
        ("Y_GE18", 1966, "FR-38"),
    ];
    for (person, (bracket, birth_year, area)) in (0..).zip(says) {
        let enrol = town.enrol_of(birth_year, HOME);
        town.nym(NymAct::Create, person);
        town.issue_of(token(bracket, birth_year, "FR-38", enrol));
        town.issue_of(token(bracket, birth_year, area, enrol));
        town.hour += i64::from(person == 3);
    }
    town
}

/// Somebody with one token more.
fn one_more(town: &mut LogTown, birth_year: i16, bracket: &str, said_year: i16, area: &str) -> u64 {
    let enrol = town.enrol_of(birth_year, HOME);
    town.issue_of(token(bracket, said_year, area, enrol))
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
async fn a_clean_sample_passes_and_says_what_it_could_have_found() {
    for draws in [5, 300] {
        let mut sampled = Sampled::drawn(people(), draws);
        let openings = sampled.openings();
        sampled.answer(&openings);
        // What comes later is not drawn from.
        one_more(&mut sampled.town, 1984, "Y18-39", 1984, "");
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
