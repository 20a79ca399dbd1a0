//! The answers of add-checkpoint, each for its reason (C2SP tlog-witness), and what is there to be read.

use data_encoding::HEXLOWER;
use heteronym::wire::tlog::{Hash, NoteSignature, SignedCheckpoint};
use sha2::{Digest as _, Sha256};

use super::{NOW, Reply, TestLog, Tower};

const ORIGIN: &str = "id.example/log/registry";

#[tokio::test]
async fn a_witness_cosigns_a_log_from_its_first_head_on_with_the_time() {
    let log = TestLog::new(ORIGIN);
    let tower = Tower::for_log(&log).await;
    assert_eq!(tower.cosigned(&log, 0, 3).await, NOW);
    tower.wait(7);
    assert_eq!(tower.cosigned(&log, 3, 300).await, NOW + 7);
    tower.wait(1);
    assert_eq!(tower.cosigned(&log, 300, 300).await, NOW + 8, "the same head again, with the time of today");
}

#[tokio::test]
async fn an_empty_log_is_cosigned_too_and_grows_from_there() {
    let log = TestLog::new(ORIGIN);
    let tower = Tower::for_log(&log).await;
    tower.cosigned(&log, 0, 0).await;
    tower.cosigned(&log, 0, 5).await;
}

#[tokio::test]
async fn another_old_size_than_the_last_is_answered_with_the_last_one() {
    let log = TestLog::new(ORIGIN);
    let tower = Tower::for_log(&log).await;
    tower.cosigned(&log, 0, 10).await;
    let known = Reply { status: 409, media: "text/x.tlog.size".to_owned(), body: "10\n".to_owned() };
    assert_eq!(tower.post(log.request(0, 12)).await, known, "somebody who knows nothing yet");
    assert_eq!(tower.post(log.request(8, 12)).await, known);
    assert_eq!(tower.post(log.request(11, 12)).await, known);
    assert_eq!(tower.post(log.request(10, 12)).await.status, 200);
}

/// P9: of a log that was set back, the witness remembers the larger size.
#[tokio::test]
async fn p9_a_log_that_shrinks_gets_no_cosignature() {
    let log = TestLog::new(ORIGIN);
    let tower = Tower::for_log(&log).await;
    tower.cosigned(&log, 0, 10).await;
    for (old, new) in [(0, 4), (4, 4), (4, 9)] {
        let reply = tower.post(log.request(old, new)).await;
        assert_eq!((reply.status, reply.body.as_str()), (409, "10\n"), "{old} {new}");
    }
}

#[tokio::test]
async fn p4_an_old_size_beyond_the_checkpoint_is_a_bad_request() {
    let log = TestLog::new(ORIGIN);
    let tower = Tower::for_log(&log).await;
    assert_eq!(tower.post(log.request_with(5, Vec::new(), 4)).await.status, 400);
}

#[tokio::test]
async fn p4_a_proof_where_there_is_nothing_to_prove_is_refused() {
    let log = TestLog::new(ORIGIN);
    let tower = Tower::for_log(&log).await;
    assert_eq!(tower.post(log.request_with(0, vec![Hash::of_leaf(b"x")], 4)).await.status, 422);
    tower.cosigned(&log, 0, 4).await;
    assert_eq!(tower.post(log.request_with(4, vec![Hash::of_leaf(b"x")], 4)).await.status, 422);
}

#[tokio::test]
async fn a_head_that_does_not_continue_the_last_one_is_refused() {
    let log = TestLog::new(ORIGIN);
    let tower = Tower::for_log(&log).await;
    tower.cosigned(&log, 0, 5).await;
    let good = log.proof(5, 9);
    assert_eq!(tower.post(log.fork().request(5, 9)).await.status, 422, "another history with its own proof");
    assert_eq!(tower.post(log.fork().request_with(5, good.clone(), 9)).await.status, 422);
    assert_eq!(tower.post(log.request_with(5, good[1..].to_vec(), 9)).await.status, 422);
    assert_eq!(tower.post(log.request_with(5, Vec::new(), 9)).await.status, 422);
    tower.cosigned(&log, 5, 9).await;
}

#[tokio::test]
async fn a_log_that_nobody_has_named_and_a_key_that_is_not_its_own_are_refused() {
    let log = TestLog::new(ORIGIN);
    let tower = Tower::for_log(&log).await;
    assert_eq!(tower.post(TestLog::new("id.example/log/2026").request(0, 1)).await.status, 404);
    assert_eq!(tower.post(log.under_key(8).request(0, 1)).await.status, 403);
    assert_eq!(tower.get("/logs").await.body, "");
    // What is refused does not tell who asks how far the witness is.
    tower.cosigned(&log, 0, 6).await;
    assert_eq!(tower.post(log.under_key(8).request(0, 1)).await.status, 403);
}

#[tokio::test]
async fn one_signature_of_a_known_key_that_does_not_hold_spoils_the_head() {
    let log = TestLog::new(ORIGIN);
    let tower = Tower::for_log(&log).await;
    let broken: NoteSignature = log.fork().checkpoint(4).note().signatures()[0].clone();
    let body = format!("{}{broken}\n", log.request(0, 4));
    assert_eq!(tower.post(body).await.status, 403);
}

#[tokio::test]
async fn signatures_of_strangers_are_neither_asked_for_nor_handed_on() {
    let log = TestLog::new(ORIGIN);
    let tower = Tower::for_log(&log).await;
    let stranger = log.under_key(9).checkpoint(4).note().signatures()[0].clone();
    let body = format!("{}{stranger}\n", log.request(0, 4));
    let reply = tower.post(body).await;
    assert_eq!(reply.status, 200);
    let hash = tower.get("/logs").await.body.split(' ').next_back().unwrap().trim().to_owned();
    let kept = tower.get(&hash).await.body;
    assert_eq!(kept, format!("{}{}", log.checkpoint(4), reply.body), "the log's signature and ours");
}

#[tokio::test]
async fn a_rotated_key_of_a_log_is_taken_beside_the_old_one_and_ends_when_it_is_removed() {
    let (old, new) = (TestLog::new(ORIGIN), TestLog::new(ORIGIN).under_key(8));
    let tower = Tower::for_log(&old).await;
    tower.cosigned(&old, 0, 2).await;
    tower.say(&["logs", "add", &new.key().to_string()]).await;
    tower.cosigned(&new, 2, 4).await;
    tower.say(&["logs", "remove", &old.key().to_string()]).await;
    assert_eq!(tower.post(old.request(4, 5)).await.status, 403);
    tower.cosigned(&new, 4, 6).await;
    tower.say(&["logs", "remove", &new.key().to_string()]).await;
    assert_eq!(tower.post(new.request(6, 7)).await.status, 404);
    tower.say(&["logs", "add", &new.key().to_string()]).await;
    assert_eq!(tower.post(new.request(0, 7)).await.body, "6\n", "what was cosigned is not forgotten");
}

#[tokio::test]
async fn an_issuer_is_witnessed_in_every_log_that_it_begins_and_nobody_else_is() {
    let registry = TestLog::new(ORIGIN);
    let tower = Tower::new().await;
    tower.say(&["logs", "add", "--issuer", &registry.key().to_string()]).await;
    for name in ["registry", "2026", "2027"] {
        tower.cosigned(&TestLog::new(&format!("id.example/log/{name}")), 0, 3).await;
    }
    for other in ["id.example/log/../x", "id.example/2026", "evil.example/log/2026", "id.example:8443/log/2026"] {
        assert_eq!(tower.post(TestLog::new(other).request(0, 3)).await.status, 404, "{other}");
    }
    assert_eq!(tower.post(TestLog::new("id.example/log/2028").under_key(8).request(0, 3)).await.status, 403);
}

#[tokio::test]
async fn a_stolen_issuer_key_makes_a_witness_keep_a_hundred_logs_at_the_most() {
    let tower = Tower::new().await;
    tower.say(&["logs", "add", "--issuer", &TestLog::new(ORIGIN).key().to_string()]).await;
    for number in 0..100 {
        tower.cosigned(&TestLog::new(&format!("id.example/log/{number}")), 0, 1).await;
    }
    assert_eq!(tower.post(TestLog::new("id.example/log/100").request(0, 1)).await.status, 404);
    tower.cosigned(&TestLog::new("id.example/log/7"), 1, 2).await;
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_so_is_what_is_too_long() {
    let log = TestLog::new(ORIGIN);
    let tower = Tower::for_log(&log).await;
    let good = log.request(0, 2);
    let bad = [
        String::new(),
        good.replace("old 0", "old 00"),
        good.replace("old 0", "old -1"),
        good.replace("old 0", "new 0"),
        good.replace("old 0\n", "old 0\r\n"),
        good.replacen("\n\n", "\n", 1),
        good.trim_end().to_owned(),
        good.replace("\n2\n", "\n02\n"),
        good.replace("\n2\n", "\n18446744073709551616\n"),
        log.request_with(0, vec![Hash::of_leaf(b"x"); 63], 2).replacen('\n', "\nAAAA\n", 1),
        format!("old 0\n{}\n{}", format!("{}\n", Hash::of_leaf(b"x")).repeat(64), log.checkpoint(2)),
    ];
    for body in bad {
        assert_eq!(tower.post(body.clone()).await.status, 400, "{body}");
    }
    assert_eq!(tower.post(vec![b'a'; 200_000]).await.status, 413);
    assert_eq!(tower.post(vec![0xff; 100]).await.status, 400);
    assert_eq!(tower.get("/add-checkpoint").await.status, 405);
    assert_eq!(tower.post(good).await.status, 200);
}

#[tokio::test]
async fn everybody_may_read_what_was_cosigned_and_by_whom() {
    let log = TestLog::new(ORIGIN);
    let tower = Tower::for_log(&log).await;
    tower.cosigned(&log, 0, 3).await;
    let home = tower.get("/").await;
    assert!(home.body.contains(&tower.witness.verifier_key()), "{}", home.body);
    let path = format!("/{}/checkpoint", HEXLOWER.encode(&Sha256::digest(ORIGIN)));
    let logs = tower.get("/logs").await.body;
    assert_eq!(logs, format!("{ORIGIN} 3 {} 2026-06-15T10:00:00Z {path}\n", log.root(3)));
    let head = SignedCheckpoint::parse(tower.get(&path).await.body.as_bytes()).unwrap();
    assert_eq!(tower.time_of(&head), NOW);
    head.verify(ORIGIN, &[log.key()]).unwrap();
    assert_eq!(tower.get("/0000/checkpoint").await.status, 404);
}
