//! What `store::cosigned` promises: of each log the newest head, with the most cosignatures, and never an older one.

use futures_util::future::join_all;
use heteronym::{
    domain::log::LogName,
    store::cosigned::{self, Cosigned},
};

use super::{
    both::{Db, on_both_engines},
    world::leak,
};

on_both_engines! {
    a_head_gives_way_to_a_larger_one_or_to_more_cosignatures_and_to_nothing_else
    of_many_at_once_the_largest_stays
}

fn head(size: u64, cosignatures: u32) -> Cosigned {
    Cosigned { size, checkpoint: format!("{size} by {cosignatures}"), cosignatures }
}

async fn put(db: &Db, log: LogName, size: u64, cosignatures: u32) -> bool {
    let head: &'static Cosigned = leak(head(size, cosignatures));
    db.write(move |tx| Box::pin(cosigned::put(tx, log, head))).await.unwrap()
}

async fn find(db: &Db, log: LogName) -> Option<Cosigned> {
    db.read(move |tx| Box::pin(cosigned::find(tx, log))).await.unwrap()
}

async fn a_head_gives_way_to_a_larger_one_or_to_more_cosignatures_and_to_nothing_else(db: Db) {
    let log = LogName::Registry;
    assert_eq!(find(&db, log).await, None);
    for (size, cosignatures, changes) in
        [(5, 2, true), (4, 3, false), (5, 1, false), (5, 2, false), (5, 3, true), (6, 1, true), (5, 9, false)]
    {
        assert_eq!(put(&db, log, size, cosignatures).await, changes, "{size} by {cosignatures}");
    }
    assert_eq!(find(&db, log).await, Some(head(6, 1)));
    assert_eq!(find(&db, "2026".parse().unwrap()).await, None, "each log has its own");
}

async fn of_many_at_once_the_largest_stays(db: Db) {
    let log = LogName::Registry;
    join_all((0..40).map(|number| put(&db, log, (number * 17) % 40, 1))).await;
    assert_eq!(find(&db, log).await, Some(head(39, 1)));
}
