//! What `store::log` promises: heads that one at a time moves on, leaves and tiles that are written once.

use futures_util::future::join_all;
use heteronym::{
    domain::log::LogName,
    store::{
        NewLeaf, StoreError,
        log::{self, Entry, Head},
    },
    wire::tlog::{Hash, Tile},
};

use super::{
    both::{Db, on_both_engines},
    world::{LATER, NOW, leak},
};

on_both_engines! {
    a_log_is_made_once_and_empty
    a_head_moves_on_from_the_size_that_it_has_and_from_no_other
    a_frozen_log_takes_nothing_more
    whoever_locks_a_head_sees_what_the_one_before_has_made_of_it
    leaves_come_back_in_their_order_however_many_are_written_at_once
    no_index_token_or_tag_is_used_twice
    a_leaf_is_found_by_its_token_its_tag_and_the_first_digits_of_that
    a_full_tile_is_written_once_and_what_stands_for_it_comes_in_a_row
}

fn name(text: &str) -> LogName {
    text.parse().unwrap()
}

fn head(log: LogName, size: u64) -> &'static Head {
    let (root, checkpoint) = (Hash::of_leaf(&size.to_be_bytes()), format!("a head of {size}"));
    leak(Head { log, size, root, checkpoint, signed_at: NOW, frozen_at: None })
}

/// With its number as token and tag.
fn leaf(number: u16) -> NewLeaf {
    let [high, low] = number.to_be_bytes();
    let (mut token, mut owner) = ([0; 32], [0; 16]);
    (token[0], token[1], owner[0], owner[1]) = (high, low, high, low);
    NewLeaf { bytes: format!("leaf {number}").into_bytes(), token: Some(token), owner: Some(owner) }
}

fn bare(text: &str) -> NewLeaf {
    NewLeaf { bytes: text.as_bytes().to_vec(), token: None, owner: None }
}

async fn create(db: &Db, log: LogName) {
    db.write(move |tx| Box::pin(log::create(tx, log, NOW))).await.unwrap();
}

async fn append(db: &Db, log: LogName, first: u64, leaves: Vec<NewLeaf>) -> Result<(), StoreError> {
    let leaves: &'static Vec<NewLeaf> = leak(leaves);
    db.write(move |tx| Box::pin(async move { log::append(tx, log, first, &leaves.iter().collect::<Vec<_>>()).await }))
        .await
}

async fn a_log_is_made_once_and_empty(db: Db) {
    assert_eq!(db.read(|tx| Box::pin(log::find(tx, LogName::Registry))).await.unwrap(), None);
    assert_eq!(db.write(|tx| Box::pin(log::lock(tx, LogName::Registry))).await.unwrap(), None);
    for (log, now) in [("2027", NOW), ("registry", NOW), ("2026", NOW), ("registry", LATER)] {
        db.write(move |tx| Box::pin(log::create(tx, name(log), now))).await.unwrap();
    }
    let heads = db.read(|tx| Box::pin(log::heads(tx))).await.unwrap();
    assert_eq!(heads.iter().map(|head| head.log.to_string()).collect::<Vec<_>>(), ["registry", "2026", "2027"]);
    let empty = (0, Hash::of_empty_tree(), NOW, None);
    assert!(heads.iter().all(|head| (head.size, head.root, head.signed_at, head.frozen_at) == empty));
}

async fn a_head_moves_on_from_the_size_that_it_has_and_from_no_other(db: Db) {
    let log = name("2026");
    create(&db, log).await;
    let advance = async |before, size| db.write(move |tx| Box::pin(log::advance(tx, before, head(log, size)))).await;
    assert!(!advance(1, 2).await.unwrap());
    assert!(advance(0, 3).await.unwrap());
    assert!(!advance(0, 4).await.unwrap(), "somebody was first");
    assert_eq!(db.read(move |tx| Box::pin(log::find(tx, log))).await.unwrap().as_ref(), Some(head(log, 3)));
}

async fn a_frozen_log_takes_nothing_more(db: Db) {
    let log = name("2026");
    create(&db, log).await;
    let freeze = async |size, at| db.write(move |tx| Box::pin(log::freeze(tx, log, size, at))).await.unwrap();
    assert!(!freeze(1, NOW).await, "it has another size");
    assert!(freeze(0, NOW).await);
    assert!(!freeze(0, LATER).await);
    assert!(!db.write(move |tx| Box::pin(log::advance(tx, 0, head(log, 1)))).await.unwrap());
    let found = db.read(move |tx| Box::pin(log::find(tx, log))).await.unwrap().unwrap();
    assert_eq!((found.size, found.frozen_at), (0, Some(NOW)));
}

async fn whoever_locks_a_head_sees_what_the_one_before_has_made_of_it(db: Db) {
    let log = name("2026");
    create(&db, log).await;
    let node = db.another_node().await;
    let grow = (0..40_u64).map(|n| {
        let store = if n % 2 == 0 { &db.store } else { &node };
        store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let size = log::lock(tx, log).await?.unwrap().size;
                tokio::task::yield_now().await;
                assert!(log::advance(tx, size, head(log, size + 1)).await?);
                Ok(())
            })
        })
    });
    for grown in join_all(grow).await {
        grown.unwrap();
    }
    assert_eq!(db.read(move |tx| Box::pin(log::find(tx, log))).await.unwrap().unwrap().size, 40);
    db.close_node(node).await;
}

async fn leaves_come_back_in_their_order_however_many_are_written_at_once(db: Db) {
    let log = name("2026");
    let (mut first, mut all) = (0, Vec::new());
    for count in [1, 2, 3, 4, 5, 15, 16, 17, 20, 21, 37] {
        let leaves: Vec<_> = (0..count).map(|n| leaf(u16::try_from(first + n).unwrap())).collect();
        all.extend(leaves.iter().map(|leaf| leaf.bytes.clone()));
        append(&db, log, first, leaves).await.unwrap();
        first += count;
    }
    append(&db, name("2025"), 0, vec![bare("of another log")]).await.unwrap();
    let read = async |from, to| db.read(move |tx| Box::pin(log::leaves(tx, log, from, to))).await.unwrap();
    assert_eq!(read(0, first).await, all);
    assert_eq!(read(7, 9).await, all[7..9]);
    assert_eq!(read(first - 1, first + 5).await, all[all.len() - 1..]);
    assert!(read(5, 5).await.is_empty());
}

async fn no_index_token_or_tag_is_used_twice(db: Db) {
    let log = name("2026");
    append(&db, log, 0, vec![leaf(1), bare("a"), bare("b")]).await.unwrap();
    let taken = async |first, leaf: NewLeaf| {
        let refused = append(&db, log, first, vec![bare("before"), leaf]).await;
        assert!(matches!(refused, Err(StoreError::Taken)), "{refused:?}");
    };
    taken(2, bare("an index")).await;
    taken(3, NewLeaf { owner: None, ..leaf(1) }).await;
    taken(3, NewLeaf { token: None, ..leaf(1) }).await;
    let elsewhere = append(&db, name("2027"), 0, vec![NewLeaf { owner: None, ..leaf(1) }]).await;
    assert!(matches!(elsewhere, Err(StoreError::Taken)), "a token is logged once in all years");
    append(&db, log, 3, vec![bare("c"), leaf(2)]).await.unwrap();
}

async fn a_leaf_is_found_by_its_token_its_tag_and_the_first_digits_of_that(db: Db) {
    let log = name("2026");
    append(&db, log, 0, [0x1234, 0x12ff, 0x1300, 0xffff].map(leaf).to_vec()).await.unwrap();
    let found = |index: u64, number: u16| Entry { log, index, leaf: leaf(number).bytes };
    let by_token = db.read(|tx| Box::pin(async move { log::by_token(tx, &leaf(0x12ff).token.unwrap()).await })).await;
    assert_eq!(by_token.unwrap(), Some(found(1, 0x12ff)));
    let by_owner = db.read(|tx| Box::pin(async move { log::by_owner(tx, &leaf(0x1300).owner.unwrap()).await })).await;
    assert_eq!(by_owner.unwrap(), Some(found(2, 0x1300)));
    assert_eq!(db.read(|tx| Box::pin(async move { log::by_token(tx, &[9; 32]).await })).await.unwrap(), None);
    let owners = async |from: [u8; 2], to: [u8; 2], most| {
        let (from, to) = ([from[0], from[1], 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], {
            let mut end = [0xff; 16];
            (end[0], end[1]) = (to[0], to[1]);
            end
        });
        let read = db.read(move |tx| Box::pin(async move { log::by_owners(tx, &from, &to, most).await }));
        read.await.unwrap().into_iter().map(|entry| entry.index).collect::<Vec<_>>()
    };
    assert_eq!(owners([0x12, 0], [0x12, 0xff], 10).await, [0, 1]);
    assert_eq!(owners([0x12, 0], [0x12, 0xff], 1).await, [0]);
    assert_eq!(owners([0x12, 0xf0], [0xff, 0xff], 10).await, [1, 2, 3]);
    assert!(owners([0x20, 0], [0x2f, 0xff], 10).await.is_empty());
}

async fn a_full_tile_is_written_once_and_what_stands_for_it_comes_in_a_row(db: Db) {
    let (log, hashes) = (name("2026"), leak((0..256_u16).map(|n| Hash::of_leaf(&n.to_be_bytes())).collect::<Vec<_>>()));
    let put = async |level, index| {
        let tile = Tile::new(level, index, 256).unwrap();
        let root = Hash::of_leaf(&[level, u8::try_from(index).unwrap()]);
        db.write(move |tx| Box::pin(async move { log::put_tile(tx, log, tile, hashes, root).await })).await
    };
    for index in [2, 0, 1] {
        put(0, index).await.unwrap();
    }
    put(1, 0).await.unwrap();
    assert!(matches!(put(0, 1).await, Err(StoreError::Taken)));
    let tile = async |level, index| db.read(move |tx| Box::pin(log::tile(tx, log, level, index))).await.unwrap();
    assert_eq!(tile(0, 2).await.as_ref(), Some(hashes));
    assert_eq!(tile(0, 3).await, None);
    let roots = db.read(move |tx| Box::pin(log::tile_roots(tx, log, 0, 0, 2))).await.unwrap();
    assert_eq!(roots, [Hash::of_leaf(&[0, 0]), Hash::of_leaf(&[0, 1])]);
}
