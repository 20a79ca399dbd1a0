//! Many requests at once: what is cosigned is one history, whoever wins.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use heteronym::wire::tlog::{Hash, verify_consistency};

use super::{TestLog, Tower, post};

const ORIGIN: &str = "id.example/log/2026";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_histories_at_once_one_is_cosigned() {
    for _ in 0..20 {
        let log = TestLog::new(ORIGIN);
        let tower = Tower::for_log(&log).await;
        let (one, other) = (log.request(0, 5), log.fork().request(0, 5));
        let (router, again) = (tower.witness.router(), tower.witness.router());
        let both = [
            tokio::spawn(async move { post(&router, one).await }),
            tokio::spawn(async move { post(&again, other).await }),
        ];
        let mut statuses: Vec<_> = join_all(both).await.into_iter().map(|reply| reply.unwrap().status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_contenders_with_steps_of_two_histories_end_in_one_that_only_grew() {
    let log = TestLog::new(ORIGIN);
    let tower = Tower::for_log(&log).await;
    tower.cosigned(&log, 0, 1).await;
    // Both histories have the first leaf in common only in their size: the second can never be continued to.
    let contenders = (0..50_u64).map(|number| {
        let router = tower.witness.router();
        let history = if number % 2 == 0 { TestLog::new(ORIGIN) } else { TestLog::new(ORIGIN).fork() };
        tokio::spawn(async move {
            let (mut old, mut cosigned) = (1, Vec::new());
            for step in 0..10 {
                let new = old + 1 + (number + step) % 7;
                let reply = post(&router, history.request(old, new)).await;
                match reply.status {
                    200 => {
                        cosigned.push((new, history.root(new)));
                        old = new;
                    }
                    409 => old = reply.body.trim().parse().unwrap(),
                    status => assert_eq!((status, number % 2), (422, 1), "{reply:?}"),
                }
            }
            cosigned
        })
    });
    let mut all: BTreeMap<u64, Hash> = BTreeMap::from([(1, log.root(1))]);
    for cosigned in join_all(contenders).await {
        for (size, root) in cosigned.unwrap() {
            assert_eq!(*all.entry(size).or_insert(root), root, "two roots of size {size}");
        }
    }
    assert!(all.len() > 5, "{all:?}");
    for (old, new) in all.iter().zip(all.iter().skip(1)) {
        verify_consistency(*old.0, *old.1, *new.0, *new.1, &log.proof(*old.0, *new.0)).unwrap();
    }
    let newest = all.last_key_value().unwrap();
    let logs = tower.get("/logs").await.body;
    assert!(logs.starts_with(&format!("{ORIGIN} {} {} ", newest.0, newest.1)), "{logs}");
}
