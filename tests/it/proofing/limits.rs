//! L2 and L4: how much one officer may do in a day, and on which day somebody is born.

use std::time::Duration;

use heteronym::{
    domain::ambient::Timestamp,
    proofing::{By, ChangeError, Doubt, EnrolError, OfficeKey, Policy, Proofing},
};

use super::counter::{Counter, NOW, eleonore, named};
use crate::store::both::{Db, on_both_engines};

on_both_engines! {
    l2_two_enrolments_of_one_officer_are_ten_seconds_apart
    l2_an_officer_enrols_so_many_in_a_legal_day_and_no_more
    l2_answers_that_tell_whether_somebody_is_enrolled_are_counted
    l4_birth_dates_are_taken_refused_or_looked_at_again
    l4_somebody_comes_of_age_on_the_day_of_the_legal_zone
}

/// The `n`th of many people with nothing in common.
fn somebody(n: u64) -> heteronym::proofing::Typed {
    named("Garnier", "Hugo", &format!("{:02}/{:02}/{}", 1 + n % 28, 1 + n / 28 % 12, 1960 + n / 336))
}

async fn enrol(proofing: &Proofing, by: By, n: u64, key: &OfficeKey) -> Result<(), EnrolError> {
    proofing.enrol(by, &somebody(n), &proofing.attempt(), key).await.map(drop)
}

async fn l2_two_enrolments_of_one_officer_are_ten_seconds_apart(db: Db) {
    let counter = Counter::open(&db).await;
    let (by, colleague, proofing) = (counter.officer().await, counter.officer().await, &counter.proofing);
    enrol(proofing, by, 0, &counter.office_key).await.unwrap();
    for wait in [0, 5_000, 4_999] {
        counter.clock.advance(Duration::from_millis(wait));
        let fast = enrol(proofing, by, 1, &counter.office_key).await;
        assert!(matches!(fast, Err(EnrolError::TooFast(_))), "{fast:?}");
    }
    enrol(proofing, colleague, 2, &counter.office_key).await.expect("a colleague does not wait");
    counter.clock.advance(Duration::from_millis(1));
    enrol(proofing, by, 1, &counter.office_key)
        .await
        .expect("ten seconds after the first; what was refused did not count");
    assert_eq!(counter.people().await.len(), 3);
    for n in 3..6 {
        enrol(proofing, counter.operator(), n, &counter.office_key).await.expect("the operator does not wait");
    }
}

async fn l2_an_officer_enrols_so_many_in_a_legal_day_and_no_more(db: Db) {
    let counter = Counter::open(&db).await;
    let by = counter.officer().await;
    let proofing = counter.by_rules(Policy { enrolments_per_day: 3, ..Policy::default() });
    // 23:59:20 in Paris.
    counter.clock.set(Timestamp(NOW.0 + 11 * 3_600_000 + 59 * 60_000 + 20_000));
    for n in 0..3 {
        enrol(&proofing, by, n, &counter.office_key).await.unwrap();
        counter.clock.advance(Duration::from_secs(10));
    }
    let officer = by.officer.unwrap();
    let today = async || proofing.officers_day(officer).await.unwrap();
    assert_eq!((today().await.enrolled, today().await.left), (3, 0));
    let over = enrol(&proofing, by, 3, &counter.office_key).await;
    assert!(matches!(over, Err(EnrolError::Quota(_))), "{over:?}");
    assert_eq!(today().await.enrolled, 3, "what was refused does not count");
    counter.clock.set(Timestamp(NOW.0 + 12 * 3_600_000 - 1));
    assert!(
        matches!(enrol(&proofing, by, 3, &counter.office_key).await, Err(EnrolError::Quota(_))),
        "23:59:59.999 in Paris"
    );
    counter.clock.advance(Duration::from_millis(1));
    enrol(&proofing, by, 3, &counter.office_key).await.expect("a new legal day");
    assert_eq!(today().await.left, 2);
    assert_eq!(counter.people().await.len(), 4);
}

async fn l2_answers_that_tell_whether_somebody_is_enrolled_are_counted(db: Db) {
    let counter = Counter::open(&db).await;
    let by = counter.officer().await;
    let proofing = counter.by_rules(Policy { lookups_per_day: 3, ..Policy::default() });
    counter.enrol(&eleonore()).await.unwrap();
    let found = proofing.find(by, &eleonore()).await;
    let nobody = proofing.find(by, &somebody(1)).await;
    let twin = proofing.enrol(by, &eleonore(), &proofing.attempt(), &counter.office_key).await;
    assert!(found.is_ok() && matches!(nobody, Err(ChangeError::NotFound)));
    assert!(matches!(twin, Err(EnrolError::AlreadyEnrolled)));
    assert!(matches!(proofing.find(by, &eleonore()).await, Err(ChangeError::Quota(_))));
    let twin = proofing.enrol(by, &eleonore(), &proofing.attempt(), &counter.office_key).await;
    assert!(matches!(twin, Err(EnrolError::Quota(_))), "the answer is kept back, whatever it is");
    enrol(&proofing, by, 1, &counter.office_key).await.expect("who is new can be enrolled all the same");
}

async fn l4_birth_dates_are_taken_refused_or_looked_at_again(db: Db) {
    let counter = Counter::open(&db).await;
    for (birth_date, verdict) in [
        ("29/02/1988", "taken"),
        ("29/02/1987", "refused"),
        ("30/02/1988", "refused"),
        ("31/04/1988", "refused"),
        ("00-00", "refused"),
        ("00/00/0000", "refused"),
        ("2/3/87", "refused"),
        ("", "refused"),
        ("15/06/2026", "taken"),
        ("16/06/2026", "refused"),
        ("2027", "refused"),
        ("1958", "IncompleteBirthDate"),
        ("00/07/1959", "IncompleteBirthDate"),
        ("15/06/1906", "taken"),
        ("14/06/1906", "UnlikelyAge"),
        ("15/06/1896", "UnlikelyAge"),
        ("14/06/1896", "refused"),
    ] {
        let before = counter.people().await.len();
        let told = match counter.enrol(&named("Mercier", "Odile", birth_date)).await {
            Ok(_) => "taken",
            Err(EnrolError::Faults(_)) => "refused",
            Err(EnrolError::SecondLook(doubts)) if doubts == [Doubt::UnlikelyAge] => "UnlikelyAge",
            Err(EnrolError::SecondLook(doubts)) if doubts == [Doubt::IncompleteBirthDate] => "IncompleteBirthDate",
            Err(error) => panic!("{birth_date}: {error}"),
        };
        assert_eq!(told, verdict, "{birth_date}");
        assert_eq!(counter.people().await.len() - before, usize::from(verdict == "taken"), "{birth_date}");
    }
}

/// At 12:00 in Paris on 15 June it is 00:00 on the 16th at UTC+14, and 22:00 on the 14th at UTC−12.
async fn l4_somebody_comes_of_age_on_the_day_of_the_legal_zone(db: Db) {
    for (zone, family, given, birth_date, adult) in [
        ("Europe/Paris", "Vidal", "Hugo", "16/06/2008", false),
        ("Europe/Paris", "Tessier", "Noé", "15/06/2008", true),
        ("Pacific/Kiritimati", "Perrin", "Paul", "17/06/2008", false),
        ("Pacific/Kiritimati", "Roussel", "Irène", "16/06/2008", true),
        ("Etc/GMT+12", "Klein", "Zoé", "15/06/2008", false),
        ("Etc/GMT+12", "Joly", "Karim", "14/06/2008", true),
    ] {
        let counter = Counter::open_in(&db, zone).await;
        let enrolled = counter.enrol(&named(family, given, birth_date)).await.unwrap();
        let facts = counter.services.attributes.facts(enrolled.person).await.unwrap().unwrap();
        let today = counter.services.calendar.today(NOW);
        assert_eq!(facts.birth.over_18(today), adult, "{zone} {birth_date}");
        assert_eq!(facts.birth.majority_on().is_none(), adult, "what has come is forgotten");
    }
}
