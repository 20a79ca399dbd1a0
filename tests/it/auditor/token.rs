//! `heteronym audit token`: one credential, forged, unlogged, or as it should be.

use std::{fs, path::Path};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use heteronym::wire::{
    jose::{Algorithm, Signer, SigningKey, Typ},
    tlog::{Hash, TlogProof},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{audit_at, faults, named, now, site::Site};
use crate::harness::log::LogTown;

/// A token response as the provider gives it: the leaf last of the log.
fn answer(town: &LogTown, token: &str, number: u64) -> Value {
    json!({
        "id_token": token,
        "tlog_proof": proof(town, town.issuance.len() - 1).to_string(),
        "tlog_owner": { "key": BASE64URL_NOPAD.encode(town.pseudonym.expose()), "number": number },
    })
}

fn proof(town: &LogTown, index: u64) -> TlogProof {
    let hashes = town.issuance.edge().inclusion(index).unwrap();
    let entry = town.issuance.entries[usize::try_from(index).unwrap()].clone();
    TlogProof::new(Some(entry), index, hashes, town.head(&town.issuance)).unwrap()
}

/// The verdict on what a file holds, by a directory with the logs.
async fn verdict(town: &LogTown, content: &str) -> Value {
    let directory = tempfile::tempdir().unwrap();
    town.write(directory.path());
    verdict_by(directory.path(), town, content).await
}

async fn verdict_by(directory: &Path, town: &LogTown, content: &str) -> Value {
    let file = directory.join("answer");
    fs::write(&file, content).unwrap();
    let words = ["token", file.to_str().unwrap(), "--mirror", directory.to_str().unwrap()];
    audit_at(now(town), &words).await.unwrap()
}

#[tokio::test]
async fn a_token_with_its_proof_holds() {
    let mut town = LogTown::new().live(300);
    let token = town.issue();
    let verdict = verdict(&town, &answer(&town, &token, 300).to_string()).await;
    named!(faults(&verdict),);
    let told = verdict["checked"].to_string();
    for holds in [
        "is signed by key",
        "leaf 900 of log 2026 is in a tree",
        "of this very token",
        "pseudonym's own",
        "still has it",
    ] {
        assert!(told.contains(holds), "{told}");
    }
    assert!(!verdict.to_string().contains("s300"), "nothing of whom it is about");
}

#[tokio::test]
async fn a_bare_token_is_found_in_a_mirror() {
    let mut town = LogTown::new().live(100);
    let token = town.issue();
    town.hour += 1;
    let town = town.live(0);
    named!(faults(&verdict(&town, &token).await),);
}

#[tokio::test]
async fn a_bare_token_is_looked_up_at_the_service() {
    let site = Site::start().await;
    let mut town = LogTown::of(&site.issuer).live(100);
    let token = town.issue();
    site.show(&town);
    let hash = HEXLOWER.encode(&Sha256::digest(&token));
    site.serve_text(&format!("/log/proof/{hash}"), proof(&town, 300).to_string());
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    fs::write(&file, format!("{token}\n")).unwrap();
    let words = ["token", file.to_str().unwrap(), "--url", &site.issuer];
    named!(faults(&audit_at(now(&town), &words).await.unwrap()),);
    fs::write(&file, town.token()).unwrap();
    named!(faults(&audit_at(now(&town), &words).await.unwrap()), "token.unlogged");
}

#[tokio::test]
async fn an_unlogged_token_is_named() {
    let town = LogTown::new().live(3);
    named!(faults(&verdict(&town, &town.token()).await), "token.unlogged");
}

#[tokio::test]
async fn a_forged_token_is_named() {
    let mut town = LogTown::new().live(3);
    let token = town.issue();
    // One with the same header by another key, with the proof of an honest one.
    let thief = Signer::new(SigningKey::from_bytes(Algorithm::EdDSA, &[8; 32]).unwrap()).unwrap();
    let now = town.millis() / 1000;
    let claims = json!({ "iss": town.issuer, "aud": "c_place", "sub": "x", "iat": now, "exp": now + 300 });
    let forged = thief.sign(Typ::Jwt, &claims).unwrap();
    let named = faults(&verdict(&town, &answer(&town, &forged, 3).to_string()).await);
    named!(named, "token.key", "token.leaf", "token.leaf");
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (_, other) = forged.rsplit_once('.').unwrap();
    assert_ne!(signature, other);
    let tampered = format!("{signed}.{other}");
    named!(faults(&verdict(&town, &answer(&town, &tampered, 3).to_string()).await), "token.signature", "token.leaf");
    named!(faults(&verdict(&town, &answer(&town, "hello", 3).to_string()).await), "token.form");
}

#[tokio::test]
async fn p3_a_proof_of_another_leaf_or_place_or_length_is_refused() {
    let mut town = LogTown::new().live(300);
    let token = town.issue();
    let good = proof(&town, 900);
    let with = |index, hashes: Vec<Hash>, leaf: usize| {
        let entry = Some(town.issuance.entries[leaf].clone());
        let made = TlogProof::new(entry, index, hashes, good.checkpoint().clone());
        json!({ "id_token": token, "tlog_proof": made.unwrap().to_string() }).to_string()
    };
    let hashes = good.hashes().to_vec();
    let longer = [hashes.clone(), vec![Hash::of_empty_tree()]].concat();
    for (index, hashes, leaf) in
        [(899, hashes.clone(), 900), (900, Vec::new(), 900), (900, longer, 900), (900, hashes.clone(), 899)]
    {
        named!(faults(&verdict(&town, &with(index, hashes, leaf)).await), "token.proof");
    }
    let too_long = format!("{}\n{}", good.to_string().lines().next().unwrap(), "index 900\n");
    let too_long = format!("{too_long}{}\n{}", format!("{}\n", Hash::of_empty_tree()).repeat(64), good.checkpoint());
    let content = json!({ "id_token": token, "tlog_proof": too_long }).to_string();
    named!(faults(&verdict(&town, &content).await), "token.proof");
    // The leaf of another token, proven as it should be.
    let other = json!({ "id_token": token, "tlog_proof": proof(&town, 899).to_string() }).to_string();
    named!(faults(&verdict(&town, &other).await), "token.leaf");
    assert_eq!(proof(&town, 899).index(), 899);
}

#[tokio::test]
async fn a_token_of_somebody_else_s_leaf_or_of_another_tree_is_named() {
    let mut town = LogTown::new().live(3);
    let token = town.issue();
    named!(faults(&verdict(&town, &answer(&town, &token, 2).to_string()).await), "token.owner");
    // The proof was given, and the leaf taken away again.
    let given = answer(&town, &token, 3).to_string();
    town.issuance.entries.pop();
    town.enrol();
    town.enrol();
    named!(faults(&verdict(&town, &given).await), "log.forked 2026");
}

#[tokio::test]
async fn a_token_under_a_key_that_was_revoked_before_is_named() {
    let mut town = LogTown::new().live(3);
    town.register(town.token_key(heteronym::wire::tlog::leaf::KeyAct::Revoked));
    town.hour += 2;
    let token = town.issue();
    named!(faults(&verdict(&town, &answer(&town, &token, 3).to_string()).await), "issue.key");
}
