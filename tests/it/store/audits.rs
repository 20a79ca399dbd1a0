//! What `store::audits` promises: one audit of an auditor at a time, each step once, and no opening after its end.

use std::time::Duration;

use heteronym::{
    domain::{ambient::Timestamp, ids::AccountId},
    store::{
        StoreError,
        accounts::{self, Holder},
        audits::{self, Audit, Concluded, Opened, Opening},
    },
    wire::tlog::{Hash, leaf::AuditId},
};

use super::{
    both::{Db, on_both_engines},
    world::{LATER, NOW, account, leak},
};

on_both_engines! {
    an_auditor_has_an_account_and_a_name_of_their_own
    an_auditor_has_one_audit_at_a_time_and_no_hash_comes_twice
    a_nonce_is_taken_once_by_its_hash_of_its_owner_and_in_time
    an_audit_is_opened_and_concluded_once_each_and_in_this_order
    openings_are_kept_once_each_and_removed_when_the_audit_ends
    what_is_over_is_ended_and_nothing_else
}

const ID: AuditId = AuditId::from_bytes([1; 16]);
const NONCE: [u8; 32] = [5; 32];
const HASH: Hash = Hash::from_bytes([6; 32]);

fn audit(n: u8, account: AccountId) -> &'static Audit {
    leak(Audit {
        id: AuditId::from_bytes([n; 16]),
        account,
        log: "2026".parse().unwrap(),
        size: 7,
        root: Hash::from_bytes([n; 32]),
        draws: 3_000,
        nonce_hash: Hash::from_bytes([5 + n; 32]),
        begun_on: NOW.hour(),
        nonce: None,
        openings: None,
        result: None,
        ended_on: None,
    })
}

fn opened() -> &'static Opened {
    leak(Opened { hash: Hash::from_bytes([3; 32]), opened: 5, withheld: 2, on: LATER.hour() })
}

/// An auditor of this number.
async fn auditor(db: &Db, n: u8) -> AccountId {
    let (account, name) = (leak(account(n, Holder::Auditor)), leak(format!("Journal {n}")));
    let added = db.write(move |tx| {
        Box::pin(async move {
            accounts::insert(tx, account).await?;
            audits::insert_auditor(tx, account.id, name).await
        })
    });
    added.await.unwrap();
    account.id
}

async fn begin(db: &Db, audit: &'static Audit) -> Result<bool, StoreError> {
    db.write(move |tx| Box::pin(audits::insert(tx, audit))).await
}

async fn found(db: &Db, id: AuditId) -> Audit {
    db.read(move |tx| Box::pin(audits::find(tx, id))).await.unwrap().unwrap()
}

async fn reveal(db: &Db, account: AccountId, hash: Hash, since: Timestamp) -> Option<AuditId> {
    db.write(move |tx| Box::pin(audits::reveal(tx, account, (&NONCE, hash), since))).await.unwrap()
}

async fn conclude(db: &Db, account: AccountId) -> Option<(AuditId, u32, u32)> {
    let concluded = leak(Concluded { faults: 4, report: Hash::from_bytes([4; 32]) });
    db.write(move |tx| Box::pin(audits::conclude(tx, account, concluded, LATER))).await.unwrap()
}

async fn an_auditor_has_an_account_and_a_name_of_their_own(db: Db) {
    let first = auditor(&db, 1).await;
    let found = db.read(move |tx| Box::pin(audits::find_auditor(tx, first))).await.unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.login.as_str(), found.is_open), ("Journal 1", "login-1", true));
    let second = leak(account(2, Holder::Auditor));
    db.write(move |tx| Box::pin(accounts::insert(tx, second))).await.unwrap();
    assert!(db.read(move |tx| Box::pin(audits::find_auditor(tx, second.id))).await.unwrap().is_none());
    let taken = db.write(move |tx| Box::pin(audits::insert_auditor(tx, second.id, "Journal 1"))).await;
    assert!(matches!(taken, Err(StoreError::Taken)), "{taken:?}");
    db.write(move |tx| Box::pin(audits::insert_auditor(tx, second.id, "Gazette"))).await.unwrap();
    db.write(move |tx| Box::pin(accounts::disable(tx, first, NOW))).await.unwrap();
    let all = db.read(|tx| Box::pin(audits::auditors(tx))).await.unwrap();
    let all: Vec<_> = all.iter().map(|auditor| (auditor.name.as_str(), auditor.is_open)).collect();
    assert_eq!(all, [("Gazette", true), ("Journal 1", false)]);
}

async fn an_auditor_has_one_audit_at_a_time_and_no_hash_comes_twice(db: Db) {
    let (one, two) = (auditor(&db, 1).await, auditor(&db, 2).await);
    assert!(begin(&db, audit(1, one)).await.unwrap());
    assert_eq!(&found(&db, ID).await, audit(1, one));
    let second = begin(&db, audit(2, one)).await;
    assert!(matches!(second, Err(StoreError::Taken)), "{second:?}");
    let same_hash = leak(Audit { nonce_hash: HASH, ..audit(3, two).clone() });
    assert!(!begin(&db, same_hash).await.unwrap());
    assert!(begin(&db, audit(4, two)).await.unwrap(), "another's is another's");
    let running = db.read(move |tx| Box::pin(audits::running(tx, one))).await.unwrap();
    assert_eq!(running.as_ref(), Some(audit(1, one)));
}

async fn a_nonce_is_taken_once_by_its_hash_of_its_owner_and_in_time(db: Db) {
    let (one, two) = (auditor(&db, 1).await, auditor(&db, 2).await);
    begin(&db, audit(1, one)).await.unwrap();
    assert_eq!(reveal(&db, one, Hash::from_bytes([9; 32]), NOW).await, None, "another hash");
    assert_eq!(reveal(&db, two, HASH, NOW).await, None, "another's audit");
    assert_eq!(reveal(&db, one, HASH, NOW.plus(Duration::from_hours(1))).await, None, "too late");
    assert!(db.read(|tx| Box::pin(audits::to_open(tx))).await.unwrap().is_empty());
    assert_eq!(reveal(&db, one, HASH, NOW).await, Some(ID));
    assert_eq!(reveal(&db, one, HASH, NOW).await, None, "once");
    assert_eq!(found(&db, ID).await.nonce, Some(NONCE));
    assert_eq!(db.read(|tx| Box::pin(audits::to_open(tx))).await.unwrap().len(), 1);
}

async fn an_audit_is_opened_and_concluded_once_each_and_in_this_order(db: Db) {
    let one = auditor(&db, 1).await;
    begin(&db, audit(1, one)).await.unwrap();
    let open = || db.write(|tx| Box::pin(audits::open(tx, ID, opened())));
    assert!(!open().await.unwrap(), "no nonce");
    assert_eq!(conclude(&db, one).await, None);
    reveal(&db, one, HASH, NOW).await.unwrap();
    assert_eq!(conclude(&db, one).await, None, "nothing is opened");
    assert!(open().await.unwrap());
    assert!(!open().await.unwrap());
    assert!(db.read(|tx| Box::pin(audits::to_open(tx))).await.unwrap().is_empty());
    assert_eq!(found(&db, ID).await.openings.as_ref(), Some(opened()));
    assert_eq!(conclude(&db, one).await, Some((ID, 5, 2)));
    assert_eq!(conclude(&db, one).await, None);
    let ended = found(&db, ID).await;
    assert_eq!((ended.result.map(|result| result.faults), ended.ended_on), (Some(4), Some(LATER.hour())));
    assert!(db.read(move |tx| Box::pin(audits::running(tx, one))).await.unwrap().is_none());
    assert!(begin(&db, audit(2, one)).await.unwrap(), "another can begin");
    assert_eq!(db.read(move |tx| Box::pin(audits::of(tx, one))).await.unwrap().len(), 2);
}

async fn openings_are_kept_once_each_and_removed_when_the_audit_ends(db: Db) {
    let one = auditor(&db, 1).await;
    begin(&db, audit(1, one)).await.unwrap();
    reveal(&db, one, HASH, NOW).await.unwrap();
    let keep = |place, sealed: Option<&'static [u8]>| {
        let opening = leak(Opening { place, leaf: u64::from(place) + 40, sealed: sealed.map(<[u8]>::to_vec) });
        db.write(move |tx| Box::pin(audits::insert_opening(tx, ID, opening)))
    };
    assert!(keep(1, None).await.unwrap() && keep(0, Some(b"sealed")).await.unwrap());
    assert!(!keep(0, Some(b"another")).await.unwrap() && !keep(1, Some(b"another")).await.unwrap());
    let kept = db.read(|tx| Box::pin(audits::openings(tx, ID))).await.unwrap();
    let kept: Vec<_> = kept.iter().map(|row| (row.place, row.leaf, row.sealed.as_deref())).collect();
    assert_eq!(kept, [(0, 40, Some(b"sealed".as_slice())), (1, 41, None)]);
    assert_eq!(db.read(|tx| Box::pin(audits::places(tx, ID))).await.unwrap(), [0, 1]);
    let remove = || db.write(|tx| Box::pin(audits::remove_openings(tx)));
    assert_eq!(remove().await.unwrap(), 0, "the audit goes on");
    db.write(|tx| Box::pin(audits::open(tx, ID, opened()))).await.unwrap();
    conclude(&db, one).await.unwrap();
    assert_eq!(remove().await.unwrap(), 2);
}

async fn what_is_over_is_ended_and_nothing_else(db: Db) {
    let (one, two) = (auditor(&db, 1).await, auditor(&db, 2).await);
    begin(&db, audit(1, one)).await.unwrap();
    begin(&db, audit(2, two)).await.unwrap();
    reveal(&db, one, HASH, NOW).await.unwrap();
    let unshown = |before| db.write(move |tx| Box::pin(audits::end_unshown(tx, before, LATER)));
    assert_eq!(unshown(NOW).await.unwrap(), 0);
    assert_eq!(unshown(LATER).await.unwrap(), 1, "the one with a nonce goes on");
    assert_eq!(found(&db, AuditId::from_bytes([2; 16])).await.ended_on, Some(LATER.hour()));
    let unconcluded = |before: Timestamp| db.write(move |tx| Box::pin(audits::end_unconcluded(tx, before, LATER)));
    let later = LATER.plus(Duration::from_hours(1));
    assert_eq!(unconcluded(later).await.unwrap(), 0, "nothing is opened yet");
    db.write(|tx| Box::pin(audits::open(tx, ID, opened()))).await.unwrap();
    assert_eq!(unconcluded(LATER).await.unwrap(), 0);
    assert_eq!(unconcluded(later).await.unwrap(), 1);
    assert_eq!(unconcluded(later).await.unwrap(), 0);
}
