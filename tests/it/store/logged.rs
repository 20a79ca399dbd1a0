//! What the store promises to work that logs: a leaf is there exactly when what it speaks of is, and so is its receipt.
//!
//! The sequencer here numbers leaves and does nothing else, so that what is seen is the store's doing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::{BoxFuture, join_all};
use heteronym::{
    domain::log::LogName,
    store::{
        Log, NewLeaf, Pending, Placed, Receipt, Sequenced, Sequencer, Store, StoreError, Tx,
        log::{self, Head},
        settings,
    },
    wire::tlog::{Hash, leaf::MAX_LEAF},
};

use super::{
    both::{Db, on_both_engines},
    world::NOW,
};

on_both_engines! {
    a_leaf_and_its_receipt_are_there_when_the_work_is
    leaves_of_work_that_comes_to_nothing_are_dropped_and_those_of_others_are_not
    without_a_sequencer_nothing_is_logged_and_the_work_fails
    work_that_cannot_be_logged_takes_nobody_along
    of_work_that_shares_a_commit_only_the_one_whose_leaf_is_refused_fails
    a_sequencer_that_panics_ends_nothing_but_that_work
    a_second_sequencer_is_not_taken
    what_is_too_large_is_refused_and_a_read_logs_nothing
    a_caller_that_leaves_takes_neither_the_leaf_nor_the_row_along
    each_of_many_has_a_number_of_its_own_and_they_share_commits
    two_nodes_number_without_gap_or_double
}

const YEAR: &str = "2026";

/// Numbers leaves from zero on.
#[derive(Default)]
struct Counter {
    /// Takes nothing.
    closed: AtomicBool,
    calls: AtomicUsize,
}

struct Numbered(Vec<(Receipt, Placed)>);

impl Sequenced for Numbered {
    fn committed(self: Box<Self>) {
        for (receipt, placed) in self.0 {
            receipt.fill(placed);
        }
    }
}

impl Counter {
    async fn number(&self, tx: &mut Tx, leaves: Vec<Pending>) -> Result<Numbered, StoreError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let log = year();
        assert!(leaves.iter().all(|pending| pending.leaf.bytes != b"panics"), "as told");
        if leaves.iter().any(|pending| pending.leaf.bytes == b"refused") {
            return Err(StoreError::Unavailable("as told"));
        }
        log::create(tx, log, NOW).await?;
        let first = log::lock(tx, log).await?.unwrap().size;
        log::append(tx, log, first, &leaves.iter().map(|pending| &pending.leaf).collect::<Vec<_>>()).await?;
        let size = first + leaves.len() as u64;
        let (root, checkpoint) = (Hash::of_empty_tree(), String::new());
        let head = Head { log, size, root, checkpoint, signed_at: NOW, frozen_at: None };
        assert!(log::advance(tx, first, &head).await?);
        let place = |index| Placed { log, index, size, checkpoint: "".into(), proof: Vec::new() };
        Ok(Numbered((first..).zip(leaves).map(|(index, pending)| (pending.receipt, place(index))).collect()))
    }
}

impl Sequencer for Counter {
    fn takes(&self) -> Result<(), StoreError> {
        if self.closed.load(Ordering::SeqCst) { Err(StoreError::Unavailable("closed")) } else { Ok(()) }
    }

    fn sequence<'t>(
        &'t self,
        tx: &'t mut Tx,
        leaves: Vec<Pending>,
    ) -> BoxFuture<'t, Result<Box<dyn Sequenced>, StoreError>> {
        Box::pin(async move { Ok(Box::new(self.number(tx, leaves).await?) as Box<dyn Sequenced>) })
    }
}

fn year() -> LogName {
    YEAR.parse().unwrap()
}

fn leaf(text: &str) -> NewLeaf {
    NewLeaf { bytes: text.as_bytes().to_vec(), token: None, owner: None }
}

fn counted(store: &Store) -> Arc<Counter> {
    let counter = Arc::new(Counter::default());
    assert!(store.sequenced_by(Arc::clone(&counter) as _));
    counter
}

/// Writes a row and logs it under the same name.
async fn both(tx: &mut Tx, name: &str) -> Result<Receipt, StoreError> {
    settings::put_once(tx, name, "x").await?;
    tokio::task::yield_now().await;
    tx.log(Log::Issuance, leaf(name))
}

/// The ways on which work may go: a transaction of its own, and one that is shared.
async fn write(store: &Store, shared: bool, name: &str) -> Result<Receipt, StoreError> {
    let name = name.to_owned();
    if shared {
        store.write_logged(|tx| Box::pin(async move { both(tx, &name).await })).await
    } else {
        store.write(|tx| Box::pin(async move { both(tx, &name).await })).await
    }
}

async fn logged(db: &Db) -> Vec<String> {
    let leaves = db.read(|tx| Box::pin(log::leaves(tx, year(), 0, 100_000))).await.unwrap();
    leaves.into_iter().map(|leaf| String::from_utf8(leaf).unwrap()).collect()
}

async fn is_there(db: &Db, name: &str) -> bool {
    let name = name.to_owned();
    db.read(move |tx| Box::pin(async move { settings::find(tx, &name).await })).await.unwrap().is_some()
}

async fn a_leaf_and_its_receipt_are_there_when_the_work_is(db: Db) {
    counted(&db.store);
    for (index, shared) in [(0, false), (1, true)] {
        let name = format!("work {index}");
        let receipt = write(&db.store, shared, &name).await.unwrap();
        let placed = receipt.placed().unwrap();
        assert_eq!((placed.log, placed.index, placed.size), (year(), index, index + 1));
        assert!(is_there(&db, &name).await);
    }
    assert_eq!(logged(&db).await, ["work 0", "work 1"]);
}

async fn leaves_of_work_that_comes_to_nothing_are_dropped_and_those_of_others_are_not(db: Db) {
    let counter = counted(&db.store);
    write(&db.store, true, "taken").await.unwrap();
    let mut expected = vec!["taken".to_owned()];
    for how in ["logs alone", "error", "panic", "swallow"] {
        let good: Vec<_> = (0..20).map(|n| format!("beside {how} {n}")).collect();
        let others = good.iter().map(|name| write(&db.store, true, name));
        // In the middle of others, so that it shares a commit with some.
        let (before, failed, after) =
            tokio::join!(join_all(others.clone().take(10)), fail(&db.store, how), join_all(others.skip(10)));
        assert!(failed.is_err(), "{how}");
        assert!(!is_there(&db, how).await, "{how}");
        let mut placed: Vec<_> = before.into_iter().chain(after).zip(&good).collect();
        placed.sort_by_key(|(receipt, _)| receipt.as_ref().unwrap().placed().unwrap().index);
        expected.extend(placed.into_iter().map(|(_, name)| name.clone()));
        assert_eq!(logged(&db).await, expected, "{how}");
    }
    assert!(counter.calls.load(Ordering::SeqCst) > 1);
}

/// Work that comes to nothing, after it has logged.
async fn fail(store: &Store, how: &'static str) -> Result<Receipt, StoreError> {
    let work = store.write_logged::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            if how == "logs alone" {
                tx.log(Log::Issuance, leaf(how))?;
                return Err(StoreError::Refused);
            }
            let receipt = both(tx, how).await?;
            match how {
                "panic" => panic!("as told"),
                "swallow" => {
                    let _ = settings::put_once(tx, "taken", "x").await;
                    Ok(receipt)
                }
                _ => Err(StoreError::Refused),
            }
        })
    });
    work.await
}

async fn without_a_sequencer_nothing_is_logged_and_the_work_fails(db: Db) {
    for shared in [false, true] {
        let refused = write(&db.store, shared, "work").await.err();
        assert!(matches!(refused, Some(StoreError::Unavailable(_))), "{refused:?}");
    }
    // Also where the work takes no notice.
    let ignored = db.write(|tx| {
        Box::pin(async move {
            settings::put_once(tx, "ignored", "x").await?;
            let _ = tx.log(Log::Registry, leaf("ignored"));
            Ok(())
        })
    });
    assert!(matches!(ignored.await, Err(StoreError::Aborted)));
    assert!(!is_there(&db, "work").await && !is_there(&db, "ignored").await);
}

async fn work_that_cannot_be_logged_takes_nobody_along(db: Db) {
    let counter = counted(&db.store);
    counter.closed.store(true, Ordering::SeqCst);
    let plain = (0..20)
        .map(|n| db.write(move |tx| Box::pin(async move { settings::put_once(tx, &format!("plain {n}"), "x").await })));
    let logging = (0..20).map(|n| {
        let store = db.store.clone();
        async move { write(&store, n % 2 == 0, &format!("logging {n}")).await.err() }
    });
    let (plain, logging) = tokio::join!(join_all(plain), join_all(logging));
    assert!(plain.iter().all(Result::is_ok));
    assert!(logging.iter().all(|error| matches!(error, Some(StoreError::Unavailable("closed")))), "{logging:?}");
    assert_eq!(counter.calls.load(Ordering::SeqCst), 0);
    counter.closed.store(false, Ordering::SeqCst);
    write(&db.store, true, "logging 0").await.unwrap();
}

async fn of_work_that_shares_a_commit_only_the_one_whose_leaf_is_refused_fails(db: Db) {
    counted(&db.store);
    let works = (0..30).map(|n| {
        let store = db.store.clone();
        async move {
            let name = if n == 7 { "refused".to_owned() } else { format!("work {n}") };
            write(&store, true, &name).await
        }
    });
    for (n, done) in join_all(works).await.into_iter().enumerate() {
        match done {
            Ok(receipt) => assert!(n != 7 && receipt.placed().is_ok()),
            Err(error) => assert!(n == 7 && matches!(error, StoreError::Unavailable("as told")), "{n}: {error:?}"),
        }
    }
    assert_eq!(logged(&db).await.len(), 29);
    assert!(!is_there(&db, "refused").await);
}

async fn a_sequencer_that_panics_ends_nothing_but_that_work(db: Db) {
    counted(&db.store);
    for shared in [false, true] {
        let failed = write(&db.store, shared, "panics").await.err();
        assert!(matches!(failed, Some(StoreError::Other(_))), "{failed:?}");
    }
    write(&db.store, true, "work").await.unwrap();
    assert_eq!(logged(&db).await, ["work"]);
}

async fn a_second_sequencer_is_not_taken(db: Db) {
    let first = counted(&db.store);
    let second = Arc::new(Counter::default());
    assert!(!db.store.clone().sequenced_by(Arc::clone(&second) as _));
    write(&db.store, false, "work").await.unwrap();
    assert_eq!((first.calls.load(Ordering::SeqCst), second.calls.load(Ordering::SeqCst)), (1, 0));
}

async fn what_is_too_large_is_refused_and_a_read_logs_nothing(db: Db) {
    counted(&db.store);
    let log = async |length: usize| {
        db.write(move |tx| Box::pin(async move { tx.log(Log::Issuance, leaf(&"x".repeat(length))) })).await
    };
    assert!(matches!(log(MAX_LEAF + 1).await.err(), Some(StoreError::Refused)));
    assert!(matches!(log(0).await.err(), Some(StoreError::Refused)));
    assert!(log(MAX_LEAF).await.unwrap().placed().is_ok());
    let read = db.read(|tx| Box::pin(async move { tx.log(Log::Issuance, leaf("read")) })).await;
    assert!(matches!(read.err(), Some(StoreError::ReadOnly)));
}

async fn a_caller_that_leaves_takes_neither_the_leaf_nor_the_row_along(db: Db) {
    counted(&db.store);
    let callers = (0..40_u64).map(|n| {
        let store = db.store.clone();
        async move {
            let name = format!("work {n}");
            let patience = if n % 2 == 0 { Duration::from_mins(1) } else { Duration::from_micros(50 * n) };
            tokio::time::timeout(patience, write(&store, n % 4 < 2, &name)).await.is_ok()
        }
    });
    join_all(callers).await;
    // Whoever comes last finds all of them done.
    for n in 0..40 {
        write(&db.store, n % 2 == 0, &format!("last {n}")).await.unwrap();
    }
    let mut left = Vec::new();
    for _ in 0..100 {
        left = logged(&db).await;
        if left.len() == 80 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for name in &left {
        assert!(is_there(&db, name).await, "{name}");
    }
    for n in 0..40 {
        let name = format!("work {n}");
        assert_eq!(left.contains(&name), is_there(&db, &name).await, "{name}");
        assert!(n % 2 == 1 || left.contains(&name), "{name} was waited for");
    }
}

async fn each_of_many_has_a_number_of_its_own_and_they_share_commits(db: Db) {
    let counter = counted(&db.store);
    let works = (0..200).map(|n| {
        let store = db.store.clone();
        async move {
            // Refused without a trace, as a code that was used before: the others need not know.
            let refused = store.write_logged::<(), StoreError, _>(|tx| {
                Box::pin(async move { settings::find(tx, "nothing").await.and(Err(StoreError::Refused)) })
            });
            assert!(matches!(refused.await, Err(StoreError::Refused)));
            write(&store, true, &format!("work {n}")).await.unwrap().placed().unwrap().index
        }
    });
    let mut indices = join_all(works).await;
    indices.sort_unstable();
    assert_eq!(indices, (0..200).collect::<Vec<_>>());
    let commits = counter.calls.load(Ordering::SeqCst);
    assert!(commits < 100, "{commits} commits");
}

async fn two_nodes_number_without_gap_or_double(db: Db) {
    counted(&db.store);
    let node = db.another_node().await;
    node.sequenced_by(Arc::new(Counter::default()));
    for contenders in [2, 50] {
        let works = (0..contenders).map(|n| {
            let store = if n % 2 == 0 { db.store.clone() } else { node.clone() };
            async move { write(&store, n % 4 < 2, &format!("{contenders} {n}")).await.unwrap().placed().unwrap().index }
        });
        let mut indices = join_all(works).await;
        indices.sort_unstable();
        let first = indices[0];
        assert_eq!(indices, (first..first + contenders).collect::<Vec<_>>());
    }
    assert_eq!(logged(&db).await.len(), 52);
    db.close_node(node).await;
}
