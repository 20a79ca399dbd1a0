//! Openings that are not those of the draw, of the leaf, or of the audit that stands in the registry.

use heteronym::wire::tlog::{
    Hash,
    leaf::{AuditCommit, AuditDraw, AuditId, AuditOpenings},
    sample::{Opened, Openings},
};
use sha2::{Digest as _, Sha256};

use super::{Sampled, commit, faults, named, one_more, people, says_nothing};

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

fn first(openings: &mut Openings) -> &mut Opened {
    openings.drawn[0].opened.as_mut().unwrap()
}

#[tokio::test]
async fn openings_that_are_not_those_of_the_draw_or_the_leaf_are_named() {
    let mut wrong = Vec::new();
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
        let withheld = u64::from(*expected == "sample.withheld");
        let (of_those, faults) = (&verdict["sample"]["withheld"], verdict["sample"]["faults"].as_u64().unwrap());
        if named != [format!("{expected} {at}")] || *of_those != withheld || (faults > 0) != (withheld == 0) {
            wrong.push((what, named));
        }
        says_nothing(&verdict, &openings);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
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
    let town = people();
    let never = AuditCommit { root: Hash::from_bytes([0; 32]), ..commit(&town, 6, [6; 32]) };
    let mut sampled = Sampled { town, nonce: [6; 32], draws: 6, commit: never.clone() };
    sampled.town.register(never.clone());
    sampled.town.register(AuditDraw { audit: never.audit, nonce: sampled.nonce });
    let openings = sampled.openings();
    sampled.answer(&openings);
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
