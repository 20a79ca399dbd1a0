//! Rules of the issuance log, each broken once.

use heteronym::wire::tlog::leaf::{Access, Counts, Hour, Issuance, Leaf, NymAct, RegistrarAct, RegistrarId, Signature};

use super::{audit_at, faults, found, found_in, named, now};
use crate::harness::log::{Entries, LogTown, Office};

#[tokio::test]
async fn a_log_that_follows_every_rule_has_no_fault() {
    let mut town = LogTown::new().live(120);
    town.nym(NymAct::Retire, 4);
    town.nym(NymAct::Create, 4);
    let owner = town.enrol();
    town.revoke(owner);
    let access = Access {
        purpose: "helping".parse().unwrap(),
        role: "officer".parse().unwrap(),
        owner: town.tag(),
        commitment: town.fresh(),
    };
    town.act(access);
    named!(found(&town).await,);
}

#[tokio::test]
async fn a_second_live_pseudonym_in_a_place_is_named() {
    let mut town = LogTown::new().live(3);
    town.nym(NymAct::Create, 1);
    named!(found(&town).await, "slot.second-voice 2026 9");
}

#[tokio::test]
async fn a_pseudonym_is_retired_once_and_not_before_it_lives() {
    let mut town = LogTown::new().live(1);
    town.nym(NymAct::Retire, 0);
    town.nym(NymAct::Retire, 0);
    town.nym(NymAct::Retire, 7);
    named!(found(&town).await, "slot.retired 2026 4", "slot.retired 2026 5");
}

#[tokio::test]
async fn an_owner_tag_that_comes_twice_is_named() {
    let mut town = LogTown::new().live(2);
    let token = town.token();
    let (mut issue, _) = town.issue_leaf(&token);
    issue.owner = town.pseudonym.tag(0);
    town.act(issue);
    named!(found(&town).await, "owner.repeated 2026 6");
}

#[tokio::test]
async fn p17_a_token_that_is_logged_twice_is_named() {
    let mut town = LogTown::new().live(1);
    let token = town.issue();
    let (again, _) = town.issue_leaf(&token);
    town.act(again);
    named!(found(&town).await, "issue.token 2026 4");
}

#[tokio::test]
async fn a_ghost_enrolment_without_the_office_s_signature_is_named() {
    let mut town = LogTown::new().live(1);
    let ghost = town.draft();
    town.act(ghost.clone());
    let mut copied = town.office.signs(town.hour(), ghost.clone());
    (copied.owner, copied.commitment) = (town.tag(), town.fresh());
    town.act(copied);
    let late = town.draft();
    let late = town.office.signs(town.hour(), late);
    town.hour += 1;
    town.act(late);
    assert_eq!(ghost.signature, Signature::from_bytes([0; 64]));
    let expected = ["enrol.signature 2026 3", "enrol.signature 2026 4", "enrol.signature 2026 5"];
    named!(found(&town).await, expected[0], expected[1], expected[2]);
}

#[tokio::test]
async fn an_enrolment_by_nobody_s_key_or_an_unknown_office_is_named() {
    let mut town = LogTown::new().live(1);
    let forger = Office::new(3);
    let draft = town.draft();
    town.act(forger.signs(town.hour(), draft));
    let stranger = Office::new(9);
    let draft = town.draft();
    town.act(stranger.signs(town.hour(), draft));
    assert_eq!((forger.id, stranger.id == forger.id), (RegistrarId::from_bytes([3; 16]), false));
    named!(found(&town).await, "enrol.registrar 2026 3", "enrol.registrar 2026 4");
}

#[tokio::test]
async fn an_office_enrols_in_the_hour_of_its_withdrawal_and_not_after() {
    let mut town = LogTown::new().live(1);
    town.hour += 3;
    town.register(town.office.says(RegistrarAct::Withdrawn, 21_000));
    town.enrol();
    town.hour += 1;
    town.enrol();
    named!(found(&town).await, "enrol.registrar 2026 4");
}

#[tokio::test]
async fn a_backdated_leaf_and_one_from_the_future_are_named() {
    let mut town = LogTown::new().live(1);
    town.hour += 5;
    town.enrol();
    town.hour -= 1;
    town.enrol();
    town.hour -= 1;
    town.enrol();
    town.hour += 4;
    town.enrol();
    town.hour -= 2;
    named!(found(&town).await, "leaf.backdated 2026 5", "leaf.future 2026 6");
}

#[tokio::test]
async fn a_leaf_of_another_year_is_named() {
    let mut town = LogTown::new().live(1);
    town.hour += 40 * 24;
    town.enrol();
    named!(found(&town).await, "leaf.year 2026 3");
}

#[tokio::test]
async fn an_entry_that_is_no_leaf_in_its_one_spelling_is_named() {
    let mut town = LogTown::new().live(1);
    town.enrol();
    let entry = String::from_utf8(town.issuance.entries[0].clone()).unwrap();
    town.issuance.entries.push(entry.replace(r#""v":1,"#, r#""v": 1,"#).into_bytes());
    town.issuance.entries.push(b"hello".to_vec());
    named!(found(&town).await, "leaf.form 2026 4", "leaf.form 2026 5");
}

#[tokio::test]
async fn tokens_of_an_unknown_table_of_brackets_are_named() {
    let mut town = LogTown::new().live(1);
    let token = town.token();
    let (mut issue, _) = town.issue_leaf(&token);
    issue.brackets = "finer-2".parse().unwrap();
    town.act(issue);
    named!(found(&town).await, "issue.brackets 2026 3");
}

#[tokio::test]
async fn a_revocation_names_an_enrolment_and_only_once() {
    let mut town = LogTown::new().live(1);
    let owner = town.enrol();
    town.revoke(owner);
    town.revoke(owner);
    let nobody = town.tag();
    town.revoke(nobody);
    named!(found(&town).await, "revoke.enrol 2026 5", "revoke.enrol 2026 6");
}

#[tokio::test]
async fn tokens_before_any_pseudonym_and_more_voices_than_people_are_named() {
    let mut town = LogTown::new();
    town.issue();
    town.enrol();
    town.nym(NymAct::Create, 1);
    town.nym(NymAct::Create, 2);
    named!(found(&town).await, "total.issuances 2026 0", "total.pseudonyms");
}

#[tokio::test]
async fn more_people_than_live_in_the_area_are_named_by_the_registry_or_by_a_table() {
    let mut town = LogTown::new();
    town.register(town.office.says(RegistrarAct::Changed, 2));
    let first = town.enrol();
    town.revoke(first);
    let mut town = town.live(2);
    named!(found(&town).await,);
    let directory = tempfile::tempdir().unwrap();
    town.write(directory.path());
    let table = directory.path().join("areas.tsv");
    std::fs::write(&table, "code\tname\tpopulation\ncog:38563\tVoiron\t1\n").unwrap();
    let words = [directory.path().to_str().unwrap(), "--areas", table.to_str().unwrap()];
    named!(faults(&audit_at(now(&town), &words).await.unwrap()), "enrol.population");
    town.enrol();
    named!(found(&town).await, "enrol.population");
}

#[tokio::test]
async fn published_counts_are_those_of_the_leaves() {
    let mut town = LogTown::new().live(5);
    town.hour += 24;
    let counts = Counts { enrol: 5, nym: 5, issue: 5, ..Counts::default() };
    town.stats("2026-11", counts);
    named!(found(&town).await,);
    let mut town = LogTown::new().live(5);
    town.hour += 24;
    town.stats("2026-11", Counts { issue: 4, enrol: 6, ..counts });
    let index = town.registry.len() - 1;
    let named = format!("stats.counts registry {index}");
    named!(found(&town).await, named, named);
}

#[tokio::test]
async fn what_was_done_is_counted_and_told() {
    let town = LogTown::new().live(2);
    let directory = tempfile::tempdir().unwrap();
    town.write(directory.path());
    let verdict = audit_at(now(&town), &[directory.path().to_str().unwrap()]).await.unwrap();
    let told = verdict["checked"].to_string();
    assert!(told.contains("2 enrolments, of which 2 in force, 2 live pseudonyms, 2 tokens"), "{told}");
    let leaf = Leaf::<Issuance>::parse(&town.issuance.entries[0]).unwrap();
    assert_eq!(verdict["logs"][1]["first_hour"], leaf.hour.to_string());
}

/// A town in the new year: the log of the old one is frozen, and three people have a pseudonym from then.
fn new_year() -> (LogTown, Entries) {
    let mut town = LogTown::new();
    town.registry.entries.clear();
    town.hour = "2025-12-20T08Z".parse::<Hour>().unwrap().count().into();
    let mut town = town.founded();
    town.issuance = Entries::new("2025");
    let mut town = town.live(3);
    town.anchor(true);
    town.hour = "2026-01-10T08Z".parse::<Hour>().unwrap().count().into();
    let old = std::mem::replace(&mut town.issuance, Entries::new("2026"));
    town.nym(NymAct::Retire, 0);
    town.nym(NymAct::Create, 0);
    town.issue();
    (town, old)
}

#[tokio::test]
async fn what_began_in_one_year_goes_on_in_the_next() {
    let (mut town, old) = new_year();
    let directory = tempfile::tempdir().unwrap();
    old.write(directory.path(), &town.head(&old));
    town.write(directory.path());
    named!(found_in(directory.path(), &town).await,);
    town.nym(NymAct::Create, 1);
    town.write(directory.path());
    named!(found_in(directory.path(), &town).await, "slot.second-voice 2026 3");
}

#[tokio::test]
async fn the_log_of_a_former_year_may_be_gone_and_is_named_as_not_checked() {
    let (town, _) = new_year();
    let directory = tempfile::tempdir().unwrap();
    town.write(directory.path());
    let verdict = audit_at(now(&town), &[directory.path().to_str().unwrap()]).await.unwrap();
    named!(faults(&verdict),);
    assert!(verdict["not_checked"].to_string().contains("log 2025: it is frozen and not there"), "{verdict}");
}
