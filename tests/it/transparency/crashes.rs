//! A process that ends anywhere between the first row of a group and its answer leaves logs that go on by themselves.
//!
//! The end is played by a sequencer around the real one, which stops at a step and forgets what it knew: the database sees what it
//! would see of a process that was killed there.

use std::sync::{Arc, Mutex, OnceLock};

use futures_util::future::{BoxFuture, join_all};
use heteronym::{
    domain::log::LogName,
    store::{Log, Pending, Sequenced, Sequencer, Statement, Store, StoreError, Tx},
    transparency::{Standing, Transparency},
};

use super::{House, audit, issue, leaf, log, year};
use crate::store::both::{Db, Place, on_both_engines};

on_both_engines! {
    p7_wherever_a_group_ends_the_next_one_goes_on
    p7_wherever_the_first_group_of_all_ends_the_logs_begin_once
    p7_a_group_that_ends_takes_nobody_elses_leaves_along
    p16_what_was_committed_and_never_answered_is_a_leaf_like_any_other
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    BeforeTheRows,
    AfterTheRows,
    Panic,
    /// The database refuses the commit.
    Commit,
    /// It was durable; nobody was told.
    Answer,
}

const STEPS: [Step; 5] = [Step::BeforeTheRows, Step::AfterTheRows, Step::Panic, Step::Commit, Step::Answer];

#[derive(Default)]
struct Crashing {
    real: OnceLock<Arc<dyn Sequencer>>,
    at: Mutex<Option<Step>>,
    sqlite: bool,
}

/// Durable, and forgotten.
struct Unanswered(#[expect(dead_code, reason = "dropped as the process's memory would be")] Box<dyn Sequenced>);

impl Sequenced for Unanswered {
    fn committed(self: Box<Self>) {}
}

impl Sequencer for Crashing {
    fn takes(&self) -> Result<(), StoreError> {
        self.real.get().unwrap().takes()
    }

    fn sequence<'t>(
        &'t self,
        tx: &'t mut Tx,
        leaves: Vec<Pending>,
    ) -> BoxFuture<'t, Result<Box<dyn Sequenced>, StoreError>> {
        Box::pin(async move {
            let step = if leaves.iter().any(|leaf| leaf.leaf.bytes.starts_with(b"crash")) {
                self.at.lock().unwrap().take()
            } else {
                None
            };
            if step == Some(Step::BeforeTheRows) {
                return Err(StoreError::Unavailable("crashed"));
            }
            let staged = self.real.get().unwrap().sequence(tx, leaves).await?;
            match step {
                Some(Step::AfterTheRows) => Err(StoreError::Unavailable("crashed")),
                Some(Step::Panic) => panic!("crashed"),
                Some(Step::Commit) => {
                    self.spoil_the_commit(tx).await;
                    Ok(staged)
                }
                Some(Step::Answer) => Ok(Box::new(Unanswered(staged))),
                Some(Step::BeforeTheRows) | None => Ok(staged),
            }
        })
    }
}

impl Crashing {
    /// By constraints that are looked at in the end.
    async fn spoil_the_commit(&self, tx: &mut Tx) {
        let statements = if self.sqlite {
            [
                "PRAGMA defer_foreign_keys = 1",
                "INSERT INTO families (id, grant_id, client_id, sealed, remove_after) VALUES (x'01', x'02', 'c', x'', 0)",
            ]
        } else {
            [
                "CREATE TEMP TABLE spoilt (a INT UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP",
                "INSERT INTO spoilt VALUES (1), (1)",
            ]
        };
        for sql in statements {
            tx.execute(Statement { name: "spoilt", sql }, Vec::new()).await.unwrap();
        }
    }
}

/// Logs whose sequencer can be stopped.
fn crashing(house: &House, store: &Store, place: &Place) -> (Transparency, Arc<Crashing>) {
    let sequencer = Arc::new(Crashing { sqlite: matches!(place, Place::Sqlite(_)), ..Crashing::default() });
    assert!(store.sequenced_by(Arc::clone(&sequencer) as _));
    let logs = house.logs(store);
    assert!(sequencer.real.set(logs.sequencer()).is_ok());
    (logs, sequencer)
}

/// A group that ends at this step: the work fails, or has no receipt.
async fn crash(store: &Store, sequencer: &Crashing, step: Step, text: &str, leaves: usize) {
    *sequencer.at.lock().unwrap() = Some(step);
    let texts = (0..leaves).map(|n| leaf(&format!("crash {text} {n}"))).collect();
    match log(store, Log::Issuance, texts).await {
        Ok(receipts) => assert!(step == Step::Answer && receipts.iter().all(|receipt| receipt.placed().is_err())),
        Err(error) => assert!(step != Step::Answer, "{step:?}: {error}"),
    }
    assert_eq!(*sequencer.at.lock().unwrap(), None, "{step:?} was reached");
}

/// The same logs in a new process.
async fn restart(house: &House, place: &Place, store: Store) -> (Transparency, Arc<Crashing>, Store) {
    store.close().await;
    let store = place.open().await.unwrap();
    let (logs, sequencer) = crashing(house, &store, place);
    assert_eq!(logs.open().await.unwrap(), Standing::Open);
    (logs, sequencer, store)
}

async fn p7_wherever_a_group_ends_the_next_one_goes_on(db: Db) {
    let house = House::new();
    let (mut store, place) = (db.store, db.place);
    let (mut logs, mut sequencer) = crashing(&house, &store, &place);
    let mut expected = 0;
    for again in [false, true] {
        for step in STEPS {
            // Each group fills a tile, so that it has written that as well.
            let before = 256 - (expected + 6) % 256;
            let texts = (0..before).map(|n| format!("{again} {step:?} {n}")).collect();
            let indices = issue(&store, &logs, texts).await;
            assert_eq!(indices.into_iter().max(), Some(expected + before - 1), "{step:?}");
            expected += before;
            crash(&store, &sequencer, step, &format!("{again} {step:?}"), 10).await;
            expected += if step == Step::Answer { 10 } else { 0 };
            if again {
                (logs, sequencer, store) = restart(&house, &place, store).await;
            }
            issue(&store, &logs, vec![format!("{again} {step:?} after")]).await;
            expected += 1;
            assert_eq!(audit(&logs, year()).await.len() as u64, expected, "{step:?}");
        }
    }
    assert_eq!(logs.verify().await.unwrap(), Standing::Open);
    store.close().await;
}

async fn p7_wherever_the_first_group_of_all_ends_the_logs_begin_once(db: Db) {
    let house = House::new();
    let (mut store, place) = (db.store, db.place);
    let (mut logs, mut sequencer) = crashing(&house, &store, &place);
    for step in STEPS {
        if step == Step::Answer {
            assert!(logs.heads().await.unwrap().is_empty());
        }
        crash(&store, &sequencer, step, "first", 1).await;
        (logs, sequencer, store) = restart(&house, &place, store).await;
    }
    issue(&store, &logs, vec!["second".to_owned()]).await;
    assert_eq!(audit(&logs, LogName::Registry).await.len(), 1);
    assert_eq!(audit(&logs, year()).await, ["crash first 0", "second"]);
    store.close().await;
}

async fn p7_a_group_that_ends_takes_nobody_elses_leaves_along(db: Db) {
    let house = House::new();
    let (logs, sequencer) = crashing(&house, &db.store, &db.place);
    for step in [Step::BeforeTheRows, Step::AfterTheRows, Step::Panic] {
        let others = issue(&db.store, &logs, (0..40).map(|n| format!("{step:?} {n}")).collect());
        let crashes = async {
            *sequencer.at.lock().unwrap() = Some(step);
            // Where it shares a commit it is run again by itself, and then nothing ends it.
            let done = log(&db.store, Log::Issuance, vec![leaf(&format!("crash {step:?}"))]).await;
            done.ok().map(|receipts| receipts[0].placed().unwrap().index)
        };
        let (others, of_one) = tokio::join!(others, crashes);
        let leaves = audit(&logs, year()).await;
        assert_eq!(leaves.contains(&format!("crash {step:?}")), of_one.is_some());
        for (n, index) in others.into_iter().enumerate() {
            assert_eq!(leaves[usize::try_from(index).unwrap()], format!("{step:?} {n}"));
        }
    }
}

async fn p16_what_was_committed_and_never_answered_is_a_leaf_like_any_other(db: Db) {
    let house = House::new();
    let (logs, sequencer) = crashing(&house, &db.store, &db.place);
    crash(&db.store, &sequencer, Step::Answer, "unanswered", 3).await;
    let works = (0..3).map(|n| issue(&db.store, &logs, vec![format!("after {n}")]));
    join_all(works).await;
    let leaves = audit(&logs, year()).await;
    assert_eq!(leaves.iter().filter(|leaf| leaf.starts_with("crash unanswered")).count(), 3);
    assert_eq!(leaves.len(), 6);
    assert_eq!(logs.open().await.unwrap(), Standing::Open);
}
