//! Rules of the registry, each broken once.

use heteronym::wire::{
    jose::{Algorithm, Signer, SigningKey},
    tlog::{
        Hash,
        leaf::{
            AuditCommit, AuditDraw, AuditId, AuditOpenings, AuditResult, Client, ClientAct, Config, Counts, Custodians,
            KeyAct, RegistrarAct, RegistrarCount, Registry, Stats,
        },
    },
};
use sha2::{Digest as _, Sha256};

use super::{audit_at, faults, found, named, now};
use crate::harness::log::{LogTown, issuer_key, policy};

/// The index of the registry's next leaf.
fn next(town: &LogTown) -> u64 {
    town.registry.len()
}

#[tokio::test]
async fn the_first_leaf_is_genesis_and_no_other() {
    let mut town = LogTown::new();
    let genesis = town.registry.entries[0].clone();
    town.registry.entries.push(genesis);
    named!(found(&town).await, "genesis registry 4");
    town.registry.entries.remove(0);
    let found = found(&town).await;
    assert!(found.contains(&"genesis registry 0".to_owned()), "{found:?}");
}

#[tokio::test]
async fn tokens_are_signed_by_keys_that_count_in_their_hour() {
    let mut town = LogTown::new().live(1);
    let next = Signer::new(SigningKey::from_bytes(Algorithm::EdDSA, &[8; 32]).unwrap()).unwrap();
    let mut announced = issuer_key(&next, KeyAct::Announced, town.hour());
    announced.not_before = heteronym::wire::tlog::leaf::Hour::from_millis(town.millis() + 2 * 3_600_000);
    town.register(announced);
    // Too early, in time, and after its successor has taken over.
    let old = std::mem::replace(&mut town.token_key, next);
    town.issue();
    town.hour += 2;
    town.register(issuer_key(&town.token_key, KeyAct::Active, town.hour()));
    town.register(issuer_key(&old, KeyAct::Retired, town.hour()));
    town.issue();
    town.token_key = old;
    town.issue();
    named!(found(&town).await, "issue.key 2026 3");
    town.hour += 2;
    town.issue();
    named!(found(&town).await, "issue.key 2026 3", "issue.key 2026 6");
}

#[tokio::test]
async fn a_token_under_a_revoked_or_unknown_key_is_named() {
    let mut town = LogTown::new().live(1);
    town.register(town.token_key(KeyAct::Revoked));
    town.hour += 1;
    town.issue();
    town.token_key = Signer::new(SigningKey::from_bytes(Algorithm::EdDSA, &[8; 32]).unwrap()).unwrap();
    town.issue();
    named!(found(&town).await, "issue.key 2026 3", "issue.key 2026 4");
}

#[tokio::test]
async fn a_key_that_begins_again_is_named() {
    let mut town = LogTown::new();
    town.register(town.token_key(KeyAct::Retired));
    let index = next(&town);
    town.register(town.token_key(KeyAct::Active));
    named!(found(&town).await, format!("key.order registry {index}"));
}

#[tokio::test]
async fn an_office_is_accredited_once_and_does_nothing_after_it_left() {
    let mut town = LogTown::new();
    let index = next(&town);
    town.register(town.office.says(RegistrarAct::Accredited, 21_000));
    town.register(town.office.says(RegistrarAct::Withdrawn, 21_000));
    town.register(town.office.says(RegistrarAct::Changed, 21_000));
    let order = |index| format!("registrar.order registry {index}");
    named!(found(&town).await, order(index), order(index + 2));
}

fn forum(act: ClientAct, sector: &str) -> Client {
    Client {
        id: "c_place".parse().unwrap(),
        name: "Place".parse().unwrap(),
        sector: sector.parse().unwrap(),
        hosts: Vec::new(),
        heteronyms_per_person: 1,
        act,
    }
}

#[tokio::test]
async fn a_forum_keeps_its_sector_and_is_disabled_for_good() {
    let mut town = LogTown::new();
    let index = next(&town);
    town.register(forum(ClientAct::Changed, "other.example"));
    town.register(forum(ClientAct::Disabled, "other.example"));
    town.register(forum(ClientAct::Changed, "other.example"));
    named!(
        found(&town).await,
        format!("client.sector registry {index}"),
        format!("client.order registry {}", index + 2),
    );
}

#[tokio::test]
async fn a_version_of_brackets_never_means_two_tables() {
    let mut town = LogTown::new();
    let index = next(&town);
    town.register(Config { policy: policy("standard-1", &["Y_LT18", "Y_GE18"]) });
    town.register(Config { policy: policy("standard-2", &["Y_LT18", "Y_GE18"]) });
    named!(found(&town).await, format!("config.brackets registry {index}"));
}

#[tokio::test]
async fn custodians_go_on_from_epoch_to_epoch() {
    let mut town = LogTown::new();
    let key = |id: u8, epoch| Custodians {
        id: Hash::from_bytes([id; 32]),
        group_key: [id; 32],
        epoch,
        threshold: 3,
        custodians: 5,
        fingerprint: Hash::from_bytes([9; 32]),
    };
    for (id, epoch) in [(1, 0), (1, 1), (2, 0)] {
        town.register(key(id, epoch));
    }
    let index = next(&town);
    town.register(key(1, 1));
    town.register(Custodians { group_key: [3; 32], ..key(2, 4) });
    let order = |index| format!("custodians.order registry {index}");
    named!(found(&town).await, order(index), order(index + 1));
}

#[tokio::test]
async fn anchors_are_the_heads_that_the_log_had() {
    let mut town = LogTown::new().live(3);
    town.issue();
    town.anchor(false);
    named!(found(&town).await,);
    // The log is written anew from the last anchored leaf on.
    town.issuance.entries.pop();
    town.nym(heteronym::wire::tlog::leaf::NymAct::Create, 77);
    let index = next(&town) - 1;
    let found_now = found(&town).await;
    assert!(found_now.contains(&format!("anchor.root registry {index}")), "{found_now:?}");
    // It is shorter than it was.
    town.issuance.entries.truncate(5);
    let found_now = found(&town).await;
    assert!(found_now.contains(&format!("anchor.root registry {index}")), "{found_now:?}");
}

#[tokio::test]
async fn p13_a_frozen_log_that_grows_is_named() {
    let mut town = LogTown::new().live(1);
    town.anchor(true);
    named!(found(&town).await,);
    town.issue();
    named!(found(&town).await, "log.frozen 2026");
    let index = next(&town);
    town.anchor(false);
    named!(found(&town).await, format!("log.frozen registry {index}"), "log.frozen 2026");
}

#[tokio::test]
async fn anchors_do_not_go_back() {
    let mut town = LogTown::new().live(2);
    let index = next(&town);
    town.issuance.entries.truncate(4);
    town.anchor(false);
    town.issuance = LogTown::new().live(2).issuance;
    let found = found(&town).await;
    assert!(found.contains(&format!("anchor.order registry {index}")), "{found:?}");
}

#[tokio::test]
async fn counts_are_of_a_month_that_is_over_and_in_all_their_parts() {
    let mut town = LogTown::new().live(1);
    let index = next(&town);
    let counts = Counts { enrol: 1, nym: 1, issue: 1, ..Counts::default() };
    town.stats("2026-11", counts);
    named!(found(&town).await, format!("stats.form registry {index}"));
    town.registry.entries.pop();
    town.hour += 24;
    let part = |part, counts: Counts| Stats {
        month: "2026-11".parse().unwrap(),
        counts,
        part,
        parts: 2,
        registrars: if part == 2 {
            vec![RegistrarCount {
                registrar: heteronym::wire::tlog::leaf::RegistrarId::from_bytes([3; 16]),
                enrolments: 1,
            }]
        } else {
            Vec::new()
        },
    };
    town.register(part(1, counts));
    town.register(part(2, counts));
    named!(found(&town).await,);
    town.register(part(2, counts));
    named!(found(&town).await, format!("stats.form registry {}", index + 2));
}

#[tokio::test]
async fn a_sampled_audit_goes_from_commitment_to_result() {
    let mut town = LogTown::new().live(2);
    let (audit, nonce) = (AuditId::from_bytes([4; 16]), [6; 32]);
    let commit = AuditCommit {
        audit,
        auditor: "La Gazette".parse().unwrap(),
        log: "2026".parse().unwrap(),
        size: town.issuance.len(),
        root: town.issuance.edge().root(),
        draws: 2,
        nonce_hash: Hash::from_bytes(Sha256::digest(nonce).into()),
    };
    let draw = AuditDraw { audit, nonce };
    let answer = |opened, withheld| AuditOpenings { audit, opened, withheld, openings: Hash::from_bytes([1; 32]) };
    let result = |opened, withheld, faults| {
        let report = Hash::from_bytes([1; 32]);
        AuditResult { audit, opened, withheld, faults, report }
    };
    town.register(commit.clone());
    remarked(&town, "one that has not drawn, by La Gazette").await;
    town.register(draw.clone());
    remarked(&town, "one that has drawn and was not answered, by La Gazette").await;
    town.register(answer(1, 1));
    town.register(result(1, 1, 1));
    remarked(&town, "1 faults and 1 withheld, as the auditor La Gazette reports").await;
    let index = next(&town);
    town.register(draw.clone());
    town.register(commit.clone());
    town.register(answer(1, 1));
    town.register(result(1, 1, 0));
    let sequence = |index| format!("audit.sequence registry {index}");
    named!(found(&town).await, sequence(index), sequence(index + 1), sequence(index + 2), sequence(index + 3));

    let mut town = LogTown::new().live(2);
    let index = next(&town);
    town.register(AuditCommit { root: Hash::from_bytes([0; 32]), draws: 1, ..commit.clone() });
    named!(found(&town).await, format!("audit.draw registry {index}"));

    let mut town = LogTown::new().live(2);
    let index = next(&town);
    let root = town.issuance.edge().root();
    town.register(AuditCommit { root, nonce_hash: Hash::from_bytes([0; 32]), draws: 1, ..commit });
    town.register(answer(1, 0));
    town.register(draw);
    town.register(result(1, 0, 0));
    town.register(answer(2, 1));
    town.register(result(1, 0, 0));
    let wrong = format!("audit.draw registry {}", index + 2);
    named!(
        found(&town).await,
        sequence(index + 1),
        wrong,
        sequence(index + 3),
        sequence(index + 4),
        sequence(index + 5)
    );
}

/// Nothing is wrong, and this is worth a remark.
async fn remarked(town: &LogTown, what: &str) {
    let directory = tempfile::tempdir().unwrap();
    town.write(directory.path());
    let verdict = audit_at(now(town), &[directory.path().to_str().unwrap()]).await.unwrap();
    named!(faults(&verdict),);
    let findings = verdict["findings"].as_array().unwrap();
    let of_audits: Vec<_> = findings.iter().filter(|finding| finding["check"] == "audit.sequence").collect();
    assert_eq!((of_audits.len(), &of_audits[0]["found"]), (1, &what.into()));
}

#[tokio::test]
async fn a_leaf_of_the_registry_that_is_none_is_named() {
    let mut town = LogTown::new();
    town.registry.entries.push(br#"{"v":1,"kind":"party","hour":"2026-11-30T08Z"}"#.to_vec());
    named!(found(&town).await, "leaf.form registry 4");
    assert!(Registry::KINDS.contains(&"genesis") && std::mem::size_of::<AuditOpenings>() > 0);
}
