//! What a witness remembers over restarts, of forks, and when its clock is wrong.

use heteronym::witness::{Clock, Witness};

use super::{NOW, TestLog, Tower};

const ORIGIN: &str = "id.example/log/2026";

#[tokio::test]
async fn p9_a_witness_remembers_the_larger_size_after_a_restart() {
    let log = TestLog::new(ORIGIN);
    let tower = Tower::for_log(&log).await;
    let key = tower.key();
    tower.cosigned(&log, 0, 10).await;
    let tower = tower.restart().await;
    assert_eq!(tower.key(), key);
    assert_eq!(tower.post(log.request(0, 5)).await.body, "10\n");
    assert_eq!(tower.post(log.fork().request(10, 12)).await.status, 422);
    tower.cosigned(&log, 10, 12).await;
}

#[tokio::test]
async fn two_roots_of_one_size_are_refused_and_the_proof_of_it_is_kept() {
    let log = TestLog::new(ORIGIN);
    let tower = Tower::for_log(&log).await;
    tower.cosigned(&log, 0, 10).await;
    let reply = tower.post(log.fork().request_with(10, Vec::new(), 10)).await;
    assert_eq!(reply.status, 409);
    let tower = tower.restart().await;
    let listed = tower.say(&["logs", "list"]).await;
    let fork = log.fork().checkpoint(10).to_string();
    for line in fork.lines() {
        assert!(listed.contains(line), "{listed}");
    }
    assert!(listed.contains("two histories"), "{listed}");
    // Whatever old size comes with it; but not of a key that is not the log's.
    let other = TestLog::new("id.example/log/2027");
    tower.say(&["logs", "add", &other.key().to_string()]).await;
    tower.cosigned(&other, 0, 3).await;
    assert_eq!(tower.post(other.under_key(9).fork().request(0, 3)).await.status, 403);
    assert!(!tower.say(&["logs", "list"]).await.contains(&other.fork().root(3).to_string()));
    assert_eq!(tower.post(other.fork().request(0, 3)).await.status, 409);
    assert!(tower.say(&["logs", "list"]).await.contains(&other.fork().root(3).to_string()));
    tower.cosigned(&other, 3, 4).await;
}

#[tokio::test]
async fn p10_a_witness_whose_clock_went_back_signs_no_earlier_time_than_before() {
    let log = TestLog::new(ORIGIN);
    let tower = Tower::for_log(&log).await;
    tower.cosigned(&log, 0, 1).await;
    tower.wait(-1);
    assert_eq!(tower.post(log.request(1, 2)).await.status, 503);
    assert_eq!(tower.post(log.request(1, 1)).await.status, 503);
    tower.wait(1);
    assert_eq!(tower.cosigned(&log, 1, 2).await, NOW);
}

#[tokio::test]
async fn the_newest_head_shown_again_within_a_second_gets_the_same_line_and_costs_no_write() {
    let log = TestLog::new(ORIGIN);
    let tower = Tower::for_log(&log).await;
    let first = tower.post(log.request(0, 4)).await;
    let file = std::fs::read(tower.directory.path().join("witness.db-wal")).unwrap();
    for _ in 0..5 {
        assert_eq!(tower.post(log.request(4, 4)).await, first);
    }
    assert_eq!(std::fs::read(tower.directory.path().join("witness.db-wal")).unwrap(), file);
    tower.wait(1);
    assert_ne!(tower.post(log.request(4, 4)).await, first);
}

#[tokio::test]
async fn the_key_of_one_witness_does_not_open_the_memory_of_another() {
    let (one, other) = (Tower::new().await, Tower::with_seed(9).await);
    one.witness.close().await;
    std::fs::copy(other.directory.path().join("witness.key"), one.directory.path().join("witness.key")).unwrap();
    let refused = Witness::open(one.directory.path(), Clock::new(|| 0)).await.unwrap_err().to_string();
    assert!(refused.contains("are of two witnesses"), "{refused}");
}
