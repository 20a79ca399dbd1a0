//! One audit from its commitment to its result, and every step that is refused.

use std::time::Duration;

use futures_util::future::join_all;
use heteronym::{
    sampling::{BeginError, ConcludeError, RevealError},
    store::{StoreError, audits},
    wire::tlog::{
        Hash,
        leaf::{AuditCommit, Registry},
        sample::{Openings, Seed},
    },
};

use super::{AUDITOR, House, NONCE, hash, tokens, values};
use crate::store::both::{Db, on_both_engines};

on_both_engines! {
    an_audit_goes_from_its_commitment_to_its_result_and_leaves_no_opening
    of_fifty_who_begin_at_once_one_does
    a_nonce_is_shown_once_and_only_the_one_that_was_committed_to
    what_cannot_be_drawn_is_refused_each_with_its_reason
    an_audit_without_a_nonce_is_over_after_seven_days
    openings_of_which_nobody_says_anything_are_gone_after_thirty_days
}

async fn an_audit_goes_from_its_commitment_to_its_result_and_leaves_no_opening(db: Db) {
    let house = House::open(&db).await;
    for (family, date) in [("Lefèvre", "02/03/1987"), ("Moreau", "14/05/1991"), ("Garnier", "11/11/1955")] {
        house.newcomer(family, date).await;
    }
    house.begin(2).await;
    let before = house.acts().await;
    house.newcomer("Faure", "01/01/1970").await;
    let (sampling, auditor) = (house.sampling(), house.auditor.id);
    assert_eq!(sampling.open(usize::MAX).await.unwrap(), 0, "nothing is drawn before the nonce is known");
    assert!(sampling.file(auditor).await.unwrap().is_none());
    sampling.reveal(auditor, NONCE).await.unwrap();
    assert!(sampling.file(auditor).await.unwrap().is_none());
    assert!(matches!(sampling.conclude(auditor, 0, [1; 32]).await, Err(ConcludeError::NothingOpened)));
    assert_eq!(sampling.open(usize::MAX).await.unwrap(), 2);
    let file = sampling.file(auditor).await.unwrap().unwrap();
    assert_eq!(house.told().await, 2, "each finds it in their own log");

    let openings = Openings::parse(&file).unwrap();
    let steps = house.steps().await;
    let Registry::AuditCommit(commit) = &steps[0] else { panic!("{steps:?}") };
    let root = house.service.services.transparency.root_at(house.log(), commit.size).await.unwrap();
    assert_eq!((commit.auditor.as_str(), commit.draws, Some(commit.root)), (AUDITOR, 2, root));
    assert_eq!(commit.size, before.len() as u64);
    assert_drawn(commit, &openings, &tokens(&before));
    for drawn in &openings.drawn {
        let [bracket, year, area, _, enrolled_year, commune] = values(&before, &openings, drawn.index).unwrap();
        assert!(["Y30-39", "Y70-79"].contains(&&*bracket) && ["1987", "1991", "1955"].contains(&&*year), "{bracket}");
        assert_eq!((enrolled_year, area.as_str(), commune.as_str()), (year, "FR-38", "cog:38563"));
    }

    sampling.conclude(auditor, 3, [7; 32]).await.unwrap();
    assert!(matches!(sampling.conclude(auditor, 3, [7; 32]).await, Err(ConcludeError::NothingOpened)));
    assert!(sampling.file(auditor).await.unwrap().is_none(), "it is gone");
    let id = commit.audit;
    let kept = house.service.services.store.read::<_, StoreError, _>(move |tx| Box::pin(audits::places(tx, id)));
    assert_eq!(kept.await.unwrap(), Vec::<u32>::new());
    assert_steps(&house, &file).await;
    assert_silent(&house, &file).await;
    house.close().await;
}

/// What is drawn follows from the registry alone.
fn assert_drawn(commit: &AuditCommit, openings: &Openings, tokens: &[u64]) {
    let places = Seed::of(commit, &NONCE).draw(commit.draws, tokens.len() as u64);
    let drawn: Vec<_> = openings.drawn.iter().map(|drawn| drawn.index).collect();
    let expected: Vec<_> = places.into_iter().map(|place| tokens[usize::try_from(place).unwrap()]).collect();
    assert_eq!(drawn, expected);
    assert_eq!((openings.v, openings.audit), (1, commit.audit));
}

async fn assert_steps(house: &House, file: &[u8]) {
    let steps = house.steps().await;
    let [
        Registry::AuditCommit(commit),
        Registry::AuditDraw(draw),
        Registry::AuditOpenings(opened),
        Registry::AuditResult(result),
    ] = steps.as_slice()
    else {
        panic!("each step is there once: {steps:?}")
    };
    assert!([draw.audit, opened.audit, result.audit] == [commit.audit; 3] && draw.nonce == NONCE);
    assert_eq!(commit.nonce_hash, Hash::from_bytes(hash(&NONCE)));
    assert_eq!((opened.opened, opened.withheld, opened.openings), (2, 0, Hash::from_bytes(hash(file))));
    assert_eq!((result.opened, result.withheld, result.faults), (2, 0, 3));
    assert_eq!(result.report, Hash::from_bytes([7; 32]));
}

/// No leaf, and no opening, says a name, a forum or a subject.
async fn assert_silent(house: &House, file: &[u8]) {
    let mut told = house.entries(house.log()).await;
    told.push(file.to_vec());
    let told = told.iter().map(|bytes| String::from_utf8_lossy(bytes).to_lowercase()).collect::<Vec<_>>().join("\n");
    let mut silent: Vec<String> =
        ["lefèvre", "moreau", "garnier", "jeanne", "voix", "forum.example"].map(str::to_owned).into();
    silent.push(house.forum.id().to_lowercase());
    let people = house.service.services.store.read::<_, StoreError, _>(|tx| {
        Box::pin(heteronym::store::persons::page(tx, heteronym::store::persons::FIRST, 10))
    });
    silent.extend(people.await.unwrap().iter().map(|person| person.id.encode().to_lowercase()));
    for text in silent {
        assert!(!told.contains(&text), "{text} stands there");
    }
    assert!(!told.contains("\"sub\""));
}

async fn of_fifty_who_begin_at_once_one_does(db: Db) {
    let house = House::open(&db).await;
    house.newcomer("Lefèvre", "02/03/1987").await;
    let log = house.log().to_string();
    let begins = (0..50_u8).map(|number| {
        let (sampling, auditor, log) = (house.sampling().clone(), house.auditor.id, log.clone());
        tokio::spawn(async move { sampling.begin(auditor, &log, 5, hash(&[number])).await })
    });
    let outcomes: Vec<_> = join_all(begins).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let running = outcomes.iter().filter(|outcome| matches!(outcome, Err(BeginError::Running))).count();
    assert_eq!(running, 49, "{outcomes:?}");
    assert_eq!(house.steps().await.len(), 1, "and what was refused is nowhere");
    house.close().await;
}

async fn a_nonce_is_shown_once_and_only_the_one_that_was_committed_to(db: Db) {
    let house = House::open(&db).await;
    house.newcomer("Lefèvre", "02/03/1987").await;
    let (sampling, auditor) = (house.sampling(), house.auditor.id);
    assert!(matches!(sampling.reveal(auditor, NONCE).await, Err(RevealError::NothingRunning)));
    house.begin(5).await;
    assert!(matches!(sampling.reveal(auditor, [8; 32]).await, Err(RevealError::Wrong)));
    let shows = (0..20).map(|_| {
        let sampling = sampling.clone();
        tokio::spawn(async move { sampling.reveal(auditor, NONCE).await })
    });
    let outcomes: Vec<_> = join_all(shows).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Err(RevealError::Shown))).count(), 19);
    assert_eq!(house.steps().await.len(), 2);
    sampling.open(usize::MAX).await.unwrap();
    sampling.conclude(auditor, 0, [1; 32]).await.unwrap();
    let log = house.log().to_string();
    let again = sampling.begin(auditor, &log, 5, hash(&NONCE)).await;
    assert!(matches!(again, Err(BeginError::Repeated)), "what everybody knows draws nothing by chance: {again:?}");
    sampling.begin(auditor, &log, 5, hash(b"another")).await.unwrap();
    house.close().await;
}

async fn what_cannot_be_drawn_is_refused_each_with_its_reason(db: Db) {
    let house = House::open(&db).await;
    let (sampling, auditor) = (house.sampling(), house.auditor.id);
    let log = house.log().to_string();
    let begin = async |log: &str, draws| sampling.begin(auditor, log, draws, hash(&NONCE)).await.unwrap_err();
    assert!(matches!(begin("2026", 5).await, BeginError::UnknownLog), "there is no log yet");
    let (proofing, by) = (&house.service.services.proofing, heteronym::proofing::By::operator(house.counter.office.id));
    let typed = House::typed("Faure", "01/01/1970");
    proofing.enrol(by, &typed, &proofing.attempt(), &house.counter.key).await.unwrap();
    assert!(matches!(begin(&log, 5).await, BeginError::Empty), "somebody is enrolled, and has no token");
    let citizen = house.newcomer("Lefèvre", "02/03/1987").await;
    for (name, draws) in [(log.as_str(), 0), (&log, 3_001), (&log, u32::MAX)] {
        assert!(matches!(begin(name, draws).await, BeginError::Draws), "{draws}");
    }
    for name in ["registry", "1999", "", "2026 ", "../2026"] {
        assert!(matches!(begin(name, 5).await, BeginError::UnknownLog), "{name}");
    }
    for account in [citizen.account.id, house.counter.officer.id] {
        let refused = sampling.begin(account, &log, 5, hash(&NONCE)).await;
        assert!(matches!(refused, Err(BeginError::NotAnAuditor)));
        assert!(matches!(sampling.reveal(account, NONCE).await, Err(RevealError::NothingRunning)));
        assert!(sampling.standing(account).await.unwrap().is_none() && sampling.file(account).await.unwrap().is_none());
    }
    assert!(sampling.disable_auditor(&house.auditor.login.parse().unwrap()).await.unwrap());
    assert!(matches!(begin(&log, 5).await, BeginError::NotAnAuditor), "and nobody who was disabled");
    assert_eq!(house.steps().await, []);
    house.close().await;
}

async fn an_audit_without_a_nonce_is_over_after_seven_days(db: Db) {
    let house = House::open(&db).await;
    house.newcomer("Lefèvre", "02/03/1987").await;
    let (sampling, auditor) = (house.sampling(), house.auditor.id);
    let log = house.log().to_string();
    house.begin(5).await;
    house.service.clock.advance(Duration::from_hours(7 * 24));
    assert_eq!(sampling.end_old().await.unwrap(), 0, "to the hour, it is seven days");
    assert!(matches!(sampling.begin(auditor, &log, 5, hash(b"another")).await, Err(BeginError::Running)));
    house.service.clock.advance(Duration::from_hours(1));
    assert!(matches!(sampling.reveal(auditor, NONCE).await, Err(RevealError::Lapsed)));
    let standing = sampling.standing(auditor).await.unwrap().unwrap();
    assert!(standing.running.is_none() && standing.ended.len() == 1, "before anybody has noted it, too");
    sampling.begin(auditor, &log, 5, hash(b"another")).await.expect("the former one is over");
    house.service.clock.advance(Duration::from_hours(8 * 24));
    assert_eq!(sampling.end_old().await.unwrap(), 1);
    assert_eq!(sampling.standing(auditor).await.unwrap().unwrap().ended.len(), 2);
    assert_eq!(house.steps().await.len(), 2, "both stay in the registry without a draw");
    house.close().await;
}

async fn openings_of_which_nobody_says_anything_are_gone_after_thirty_days(db: Db) {
    let house = House::open(&db).await;
    house.newcomer("Lefèvre", "02/03/1987").await;
    let (sampling, auditor) = (house.sampling(), house.auditor.id);
    assert_eq!(house.opened().await.drawn.len(), 1);
    house.service.clock.advance(Duration::from_hours(30 * 24 - 1));
    assert_eq!(sampling.end_old().await.unwrap(), 0);
    assert!(sampling.file(auditor).await.unwrap().is_some());
    house.service.clock.advance(Duration::from_hours(1));
    assert_eq!(sampling.end_old().await.unwrap(), 1);
    assert!(sampling.file(auditor).await.unwrap().is_none());
    assert!(matches!(sampling.conclude(auditor, 0, [1; 32]).await, Err(ConcludeError::NothingOpened)));
    assert_eq!(house.steps().await.len(), 3, "it stays in the registry without a result");
    house.close().await;
}
