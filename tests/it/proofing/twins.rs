//! L3: one person is enrolled once, however they are spelt, by however many counters at once.

use std::sync::Arc;

use heteronym::proofing::{Doubt, EnrolError, Typed};
use tokio::{sync::Barrier, task::JoinSet};

use super::counter::{Counter, eleonore, named};
use crate::store::both::{Db, on_both_engines};

on_both_engines! {
    l3_of_fifty_counters_with_the_same_person_one_enrols_them
    l3_a_second_enrolment_is_refused_or_looked_at_again_however_it_is_written
    what_was_looked_at_again_is_enrolled_and_what_is_the_same_is_not
    the_same_enrolment_sent_twice_is_one_and_the_latest_code_opens_it
}

async fn l3_of_fifty_counters_with_the_same_person_one_enrols_them(db: Db) {
    let counter = Counter::open(&db).await;
    let other = db.another_node().await;
    let nodes = [counter.proofing.clone(), counter.on(other.clone())];
    let spellings: [fn() -> Typed; 5] = [
        eleonore,
        || named("LEFEVRE", "MARIE ELEONORE", "1987-03-02"),
        || named("Lefe\u{300}vre", "Éléonore, Marie", "2 mars 1987"),
        || named("lefèvre", "Marie-Éléonore", "02.03.1987"),
        || Typed { married_name: "Martin".into(), ..named("LEFÈVRE", "Éléonore Marie", "02031987") },
    ];
    let (start, mut contenders) = (Arc::new(Barrier::new(50)), JoinSet::new());
    for number in 0..50 {
        let (proofing, by, start) = (nodes[number % 2].clone(), counter.operator(), start.clone());
        let key = counter.office_key.clone();
        let typed = spellings[number % spellings.len()]();
        contenders.spawn(async move {
            let attempt = proofing.attempt();
            start.wait().await;
            proofing.enrol(by, &typed, &attempt, &key).await
        });
    }
    let outcomes = contenders.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let refused = |outcome: &&Result<_, _>| matches!(outcome, Err(EnrolError::AlreadyEnrolled));
    assert_eq!(outcomes.iter().filter(refused).count(), 49, "{outcomes:?}");
    assert_eq!(counter.people().await.len(), 1);
    db.close_node(other).await;
}

/// What a counter is told of somebody who may be Anne Dupont, in use Martin, or who is not.
async fn l3_a_second_enrolment_is_refused_or_looked_at_again_however_it_is_written(db: Db) {
    let counter = Counter::open(&db).await;
    let first = Typed { married_name: "Martin".into(), ..named("Dupont", "Anne Claire", "14/05/1991") };
    let document = first.document_number.clone();
    counter.enrol(&first).await.unwrap();
    counter.enrol(&named("Иванов", "Александр", "01/02/1980")).await.unwrap();
    counter.enrol(&named("de La Rochefoucauld", "Guy", "01/02/1981")).await.unwrap();
    let told = async |typed: &Typed| match counter.enrol(typed).await {
        Ok(_) => "enrolled",
        Err(EnrolError::AlreadyEnrolled) => "already",
        Err(EnrolError::SecondLook(doubts)) if doubts == [Doubt::Alike] => "look again",
        Err(error) => panic!("{error}"),
    };
    let by_document = |typed: Typed| Typed { document_number: document.clone(), ..typed };
    for (what, typed, verdict) in [
        ("birth name alone, another document", named("DUPONT", "Claire Anne", "14/05/1991"), "already"),
        ("married name alone", named("Martin", "Anne Claire", "14/05/1991"), "already"),
        (
            "names exchanged",
            Typed { married_name: "Dupont".into(), ..named("Martin", "Anne Claire", "14/05/1991") },
            "already",
        ),
        ("another alphabet", named("Ivanov", "Aleksandr", "01/02/1980"), "already"),
        ("another transliteration", named("Ivanoff", "Alexandre", "01/02/1980"), "look again"),
        ("without its particles", named("ROCHEFOUCAULD (de la)", "Guy", "01/02/1981"), "a sign"),
        ("particles behind", named("Rochefoucauld", "Guy", "01/02/1981"), "already"),
        ("family and given names swapped", named("Anne Claire", "Dupont", "14/05/1991"), "look again"),
        ("a double name with a hyphen", named("Dupont-Martin", "Anne Claire", "14/05/1991"), "look again"),
        ("one given name less", named("Dupont", "Anne", "14/05/1991"), "look again"),
        ("the document of another", by_document(named("Perrin", "Jules", "03/03/1970")), "look again"),
        ("born on another day", named("Dupont", "Anne Claire", "15/05/1991"), "enrolled"),
        ("nothing in common", named("Vidal", "Sophie", "14/05/1991"), "enrolled"),
    ] {
        if verdict == "a sign" {
            assert!(matches!(counter.enrol(&typed).await, Err(EnrolError::Faults(_))), "{what}");
        } else {
            assert_eq!(told(&typed).await, verdict, "{what}");
        }
    }
    assert_eq!(counter.people().await.len(), 5);
}

async fn what_was_looked_at_again_is_enrolled_and_what_is_the_same_is_not(db: Db) {
    let counter = Counter::open(&db).await;
    counter.enrol(&named("Benali", "Mohamed", "01/09/1999")).await.unwrap();
    let (brother, proofing) = (named("Benali", "Mahmoud", "01/09/1999"), &counter.proofing);
    let (attempt, key) = (proofing.attempt(), &counter.office_key);
    let looked = proofing.enrol(counter.operator(), &brother, &attempt, key).await;
    assert!(matches!(&looked, Err(EnrolError::SecondLook(doubts)) if doubts == &[Doubt::Alike]), "{looked:?}");
    assert_eq!(counter.people().await.len(), 1, "nothing is written before the second look");
    let confirmed = attempt.clone().confirming(&[Doubt::UnlikelyAge]);
    let other = proofing.enrol(counter.operator(), &brother, &confirmed, key).await;
    assert!(matches!(other, Err(EnrolError::SecondLook(_))), "another doubt was confirmed");
    proofing.enrol(counter.operator(), &brother, &attempt.confirming(&[Doubt::Alike]), key).await.unwrap();
    assert_eq!(counter.people().await.len(), 2);
    let insisting = proofing.attempt().confirming(&[Doubt::Alike]);
    let same = proofing.enrol(counter.operator(), &brother, &insisting, key).await;
    assert!(matches!(same, Err(EnrolError::AlreadyEnrolled)), "no confirmation gives a second voice");
}

async fn the_same_enrolment_sent_twice_is_one_and_the_latest_code_opens_it(db: Db) {
    let counter = Counter::open(&db).await;
    let (attempt, key) = (counter.proofing.attempt(), &counter.office_key);
    let enrol = async || counter.proofing.enrol(counter.operator(), &eleonore(), &attempt, key).await.unwrap();
    let (first, second) = (enrol().await, enrol().await);
    assert_eq!((first.person, first.login.as_str()), (second.person, second.login.as_str()));
    assert_eq!(counter.people().await.len(), 1);
    let open =
        async |code: &heteronym::accounts::InviteCode| counter.services.accounts.open_code(&code.grouped()).await;
    assert!(open(&first.code).await.is_err(), "replaced");
    open(&second.code).await.unwrap();
}
