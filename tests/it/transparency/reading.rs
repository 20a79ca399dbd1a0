//! What anybody may read: tiles, bundles, proofs of old leaves, consistency, leaves by their owner's tag.

use heteronym::{
    domain::log::LogName,
    store::{Log, NewLeaf},
    transparency::Lookup,
    wire::tlog::{Bundle, Hash, Tile, verify_consistency, verify_inclusion},
};

use super::{House, audit, leaf, log, name, year};
use crate::store::both::{Db, on_both_engines};

on_both_engines! {
    every_old_leaf_is_proven_in_the_newest_tree
    every_tree_has_grown_out_of_every_one_before
    p1_what_the_log_does_not_have_is_not_there
    what_is_full_is_read_once_and_what_is_not_grows
    leaves_are_found_by_the_first_digits_of_their_owners_tags
}

fn owned(number: u64) -> NewLeaf {
    let (mut owner, mut token) = ([0; 16], [0; 32]);
    owner[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    token[..8].copy_from_slice(&number.to_be_bytes());
    NewLeaf { bytes: format!("leaf {number}").into_bytes(), token: Some(token), owner: Some(owner) }
}

/// In groups of some, so that partial tiles of every width were the newest once.
async fn fill(db: &Db, to: u64) {
    let (mut next, mut group) = (0, 1);
    while next < to {
        let end = (next + group).min(to);
        log(&db.store, Log::Issuance, (next..end).map(owned).collect()).await.unwrap();
        (next, group) = (end, group * 2 % 97 + 1);
    }
}

async fn every_old_leaf_is_proven_in_the_newest_tree(db: Db) {
    let house = House::new();
    let logs = house.logs(&db.store);
    fill(&db, 700).await;
    let head = logs.head(year()).await.unwrap().unwrap();
    for number in (0..700).step_by(13).chain([255, 256, 511, 512, 699]) {
        let new = owned(number);
        let by_token = logs.proof(Lookup::Token(new.token.unwrap())).await.unwrap().unwrap();
        assert_eq!(by_token.entry.leaf, new.bytes);
        assert_eq!((by_token.size, &by_token.checkpoint), (700, &head.checkpoint));
        let hash = Hash::of_leaf(&new.bytes);
        verify_inclusion(hash, by_token.entry.index, 700, &by_token.proof, head.root).unwrap();
        let text = by_token.tlog_proof().unwrap().to_string();
        let read = heteronym::wire::tlog::TlogProof::parse(text.as_bytes()).unwrap();
        read.verify(hash, &logs.origin(year()), &logs.keys(year())).unwrap();
        assert_eq!(logs.proof(Lookup::Owner(new.owner.unwrap())).await.unwrap().as_ref(), Some(&by_token));
        let place = Lookup::Place(year(), by_token.entry.index);
        assert_eq!(logs.proof(place).await.unwrap(), Some(by_token));
    }
    for nothing in
        [Lookup::Token([9; 32]), Lookup::Owner([9; 16]), Lookup::Place(year(), 700), Lookup::Place(name("2025"), 0)]
    {
        assert_eq!(logs.proof(nothing).await.unwrap(), None);
    }
}

async fn every_tree_has_grown_out_of_every_one_before(db: Db) {
    let house = House::new();
    let logs = house.logs(&db.store);
    fill(&db, 600).await;
    let sizes = [0, 1, 2, 255, 256, 257, 300, 511, 512, 513, 599, 600];
    for old in sizes {
        let was = logs.root_at(year(), old).await.unwrap().unwrap();
        for new in sizes.into_iter().filter(|new| *new >= old) {
            let is = logs.root_at(year(), new).await.unwrap().unwrap();
            let proof = logs.consistency(year(), old, new).await.unwrap().unwrap();
            verify_consistency(old, was, new, is, &proof).unwrap();
        }
    }
    assert_eq!(logs.root_at(year(), 601).await.unwrap(), None);
    assert_eq!(logs.consistency(year(), 5, 601).await.unwrap(), None);
    assert_eq!(logs.consistency(year(), 6, 5).await.unwrap(), None);
    assert_eq!(logs.consistency(name("1999"), 1, 2).await.unwrap(), None);
}

async fn p1_what_the_log_does_not_have_is_not_there(db: Db) {
    let house = House::new();
    let logs = house.logs(&db.store);
    fill(&db, 300).await;
    for (level, index, width, there) in [
        (0, 0, 256, true),
        (0, 0, 7, true),
        (0, 1, 44, true),
        (0, 1, 45, false),
        (0, 1, 256, false),
        (0, 2, 1, false),
        (1, 0, 1, true),
        (1, 0, 2, false),
        (1, 1, 1, false),
        (2, 0, 1, false),
        (7, 0, 1, false),
        (0, (1 << 54) - 1, 256, false),
    ] {
        let tile = Tile::new(level, index, width).unwrap();
        assert_eq!(logs.tile(year(), tile).await.unwrap().is_some(), there, "{tile}");
        if level == 0 {
            let bundle = Bundle::new(index, width).unwrap();
            assert_eq!(logs.entries(year(), bundle).await.unwrap().is_some(), there, "{bundle}");
        }
    }
    assert!(logs.tile(name("1999"), Tile::new(0, 0, 1).unwrap()).await.unwrap().is_none());
    assert_eq!(logs.head(name("1999")).await.unwrap(), None);
}

async fn what_is_full_is_read_once_and_what_is_not_grows(db: Db) {
    let house = House::new();
    let logs = house.logs(&db.store);
    log(&db.store, Log::Issuance, (0..256).map(owned).collect()).await.unwrap();
    log(&db.store, Log::Registry, vec![leaf("one")]).await.unwrap();
    let bundle = Bundle::new(0, 256).unwrap();
    let (one, two) = (logs.entries(year(), bundle).await.unwrap(), logs.entries(year(), bundle).await.unwrap());
    assert!(std::sync::Arc::ptr_eq(&one.unwrap(), &two.unwrap()), "the second one was in memory");
    let tile = bundle.tile();
    let (one, two) = (logs.tile(year(), tile).await.unwrap(), logs.tile(year(), tile).await.unwrap());
    assert!(std::sync::Arc::ptr_eq(&one.unwrap(), &two.unwrap()));
    assert_eq!(audit(&logs, LogName::Registry).await.len(), 2);
    log(&db.store, Log::Registry, vec![leaf("two")]).await.unwrap();
    assert_eq!(audit(&logs, LogName::Registry).await.len(), 3);
}

async fn leaves_are_found_by_the_first_digits_of_their_owners_tags(db: Db) {
    let house = House::new();
    let logs = house.logs(&db.store);
    fill(&db, 400).await;
    let hex = |number: u64| format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    for prefix in ["0", "7", "f", "a3", "9e3779b97f4a7c15", "123456"] {
        let mut wanted: Vec<_> =
            (0..400).filter(|number| hex(*number).starts_with(prefix)).map(|number| owned(number).bytes).collect();
        wanted.sort();
        let found = logs.of_owners(prefix.parse().unwrap(), 1_000).await.unwrap();
        let mut leaves: Vec<_> = found.into_iter().map(|entry| entry.leaf).collect();
        leaves.sort();
        assert_eq!(leaves, wanted, "{prefix}");
    }
    assert_eq!(logs.of_owners("0".parse().unwrap(), 5).await.unwrap().len(), 5);
}
