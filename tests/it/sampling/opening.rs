//! What is opened, of whom, and how often: after crashes, erasures, moves and corrections, and where the service has lied.

use heteronym::{
    proofing::{By, Typed},
    store::{StoreError, log_secrets},
    tasks::Task,
    wire::tlog::leaf::Registry,
};

use super::{House, NONCE, hash, node, planted, tokens, values};
use crate::store::both::{Db, Place, on_both_engines, on_postgres};

on_both_engines! {
    an_opening_that_was_cut_short_goes_on_and_tells_nobody_twice
    who_was_erased_is_withheld_and_told_nothing
    who_moved_or_was_corrected_is_opened_with_what_was_said_then
    what_the_service_has_lied_about_is_opened_as_it_was_said
}

async fn an_opening_that_was_cut_short_goes_on_and_tells_nobody_twice(db: Db) {
    let house = House::open(&db).await;
    let citizen = house.newcomer("Lefèvre", "02/03/1987").await;
    for number in 0..69 {
        house.issue(&citizen, number, "Y30-39", 1987, "FR-38").await;
    }
    house.begin(60).await;
    let auditor = house.auditor.id;
    house.sampling().reveal(auditor, NONCE).await.unwrap();
    assert_eq!(house.sampling().open(1).await.unwrap(), 50, "one transaction, and then the machine stops");
    assert!(house.sampling().file(auditor).await.unwrap().is_none(), "half a file is none");
    assert_eq!((house.told().await, house.steps().await.len()), (50, 2));
    let House { service, counter, forum, auditor } = house;
    let house = House { service: service.restart().await, counter, forum, auditor };
    let done = house.service.services.tasks().once(Task::Audits).await.unwrap();
    assert_eq!((done, house.told().await), (10, 60), "the work that comes round by itself goes on with it");
    let file = house.sampling().file(house.auditor.id).await.unwrap().unwrap();
    assert_eq!(house.sampling().open(usize::MAX).await.unwrap(), 0, "nothing waits any more");
    assert_eq!((house.told().await, house.steps().await.len()), (60, 3));
    assert_eq!(house.sampling().file(house.auditor.id).await.unwrap().unwrap(), file);
    let steps = house.steps().await;
    assert!(matches!(&steps[2], Registry::AuditOpenings(opened) if *opened.openings.as_bytes() == hash(&file)));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_that_open_at_once_make_one_file_and_tell_nobody_twice() {
    on_postgres(async |db: Db| {
        assert!(matches!(db.place, Place::Postgres(_)));
        let house = House::open(&db).await;
        let other = node(&db, 2).await;
        let citizen = house.newcomer("Lefèvre", "02/03/1987").await;
        for number in 0..119 {
            house.issue(&citizen, number, "Y30-39", 1987, "FR-38").await;
        }
        house.begin(3_000).await;
        house.sampling().reveal(house.auditor.id, NONCE).await.unwrap();
        let (one, two) = tokio::join!(house.sampling().open(usize::MAX), other.services.sampling.open(usize::MAX));
        assert_eq!(one.unwrap() + two.unwrap(), 120);
        assert_eq!((house.told().await, house.steps().await.len()), (120, 3));
        let here = house.sampling().file(house.auditor.id).await.unwrap().unwrap();
        assert_eq!(other.services.sampling.file(house.auditor.id).await.unwrap().unwrap(), here);
        other.services.store.close().await;
        house.close().await;
    })
    .await;
}

async fn who_was_erased_is_withheld_and_told_nothing(db: Db) {
    let house = House::open(&db).await;
    let gone = house.newcomer("Lefèvre", "02/03/1987").await;
    house.newcomer("Moreau", "14/05/1991").await;
    let person = gone.person;
    let erased =
        house.service.services.store.write::<_, StoreError, _>(move |tx| Box::pin(log_secrets::erase(tx, person)));
    assert!(erased.await.unwrap());
    let openings = house.opened().await;
    let acts = house.acts().await;
    let [first, second] = tokens(&acts).try_into().unwrap();
    assert!(values(&acts, &openings, first).is_none(), "the salts are gone");
    assert_eq!(values(&acts, &openings, second).unwrap()[1], "1991");
    assert_eq!(house.told().await, 1);
    let steps = house.steps().await;
    assert!(matches!(&steps[2], Registry::AuditOpenings(opened) if (opened.opened, opened.withheld) == (1, 1)));
    house.close().await;
}

async fn who_moved_or_was_corrected_is_opened_with_what_was_said_then(db: Db) {
    let house = House::open(&db).await;
    let citizen = house.newcomer("Lefèvre", "02/03/1987").await;
    let first = house.acts().await.len() as u64 - 1;
    // Moves, and is enrolled anew by the office.
    let (proofing, by) = (&house.service.services.proofing, By::operator(house.counter.office.id));
    let case = proofing.find(by, &House::typed("Lefèvre", "02/03/1987")).await.unwrap();
    let grenoble = Typed { commune: "Grenoble".to_owned().into(), ..Typed::default() };
    proofing.renew(by, &case, &grenoble, &house.counter.key).await.unwrap();
    house.issue(&citizen, 1, "Y30-39", 1987, "cog:38185").await;
    // Moves where nobody enrolled them, and away again; and the year of birth was a slip of the keyboard.
    house.change(&citizen, 1987, "cog:69123").await;
    house.issue(&citizen, 2, "", 1987, "cog:69123").await;
    house.change(&citizen, 1986, "cog:75056").await;
    house.issue(&citizen, 3, "Y40-49", 1986, "FR-IDF").await;
    let openings = house.opened().await;
    let acts = house.acts().await;
    let opened = |index| {
        let [bracket, year, area, _, enrolled_year, commune] = values(&acts, &openings, index).unwrap();
        [bracket, year, area, enrolled_year, commune]
    };
    assert_eq!(opened(first), ["Y30-39", "1987", "FR-38", "1987", "cog:38563"]);
    assert_eq!(opened(planted(&acts, 1)), ["Y30-39", "1987", "cog:38185", "1987", "cog:38185"]);
    assert_eq!(opened(planted(&acts, 2)), ["", "1987", "cog:69123", "1987", "cog:38185"]);
    assert_eq!(opened(planted(&acts, 3)), ["Y40-49", "1986", "FR-IDF", "1987", "cog:38185"]);
    house.close().await;
}

async fn what_the_service_has_lied_about_is_opened_as_it_was_said(db: Db) {
    let house = House::open(&db).await;
    let citizen = house.newcomer("Lefèvre", "02/03/1987").await;
    house.issue(&citizen, 1, "Y60-69", 1987, "FR-38").await;
    house.issue(&citizen, 2, "Y18-29", 1987, "").await;
    house.issue(&citizen, 3, "Y30-39", 1951, "FR-38").await;
    house.issue(&citizen, 4, "Y31-37", 1987, "FR-38").await;
    let openings = house.opened().await;
    let acts = house.acts().await;
    let opened = |number| values(&acts, &openings, planted(&acts, number)).map(|values| values[..3].join(" "));
    assert_eq!(opened(1).unwrap(), "Y60-69 1987 FR-38", "the auditor will name it");
    assert_eq!(opened(2).unwrap(), "Y18-29 1987 ", "a coarser bracket, and it is wrong");
    assert_eq!(opened(3).unwrap(), "Y30-39 1951 FR-38");
    assert!(opened(4).is_none(), "a bracket of no table is withheld, which is a failure as well");
    assert_eq!(house.told().await, 4, "who is not opened is not told so");
    house.close().await;
}
