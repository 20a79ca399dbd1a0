//! An enrolment is in the public log under the signature of its office, or there is none (L11: nor under a key that was withdrawn).

use std::{collections::BTreeSet, io::Cursor, sync::Arc};

use heteronym::{
    domain::log::LogName,
    proofing::{ChangeError, EnrolError, ImportError, KeyError, OfficeKey, Signed, Step, Typed},
    store::{StoreError, log},
    wire::tlog::leaf::{Issuance, IssuanceLeaf, Registrar, RegistrarAct, Registry, RegistryLeaf},
};
use sha2::{Digest as _, Sha256};
use tokio::{sync::Barrier, task::JoinSet};

use super::counter::{Counter, eleonore, named};
use crate::store::both::{Db, on_both_engines};

on_both_engines! {
    an_enrolment_stands_in_the_log_under_the_signature_of_its_office
    what_is_signed_wrongly_late_or_by_another_office_is_not_written
    l11_a_key_that_is_withdrawn_or_whose_office_is_closed_signs_nobody_in
    of_contenders_with_the_same_person_one_leaf_is_left
    an_import_has_as_many_leaves_as_people_or_none
    a_renewal_is_signed_too_and_is_the_enrolment_that_counts_from_then_on
    what_an_office_is_stands_in_the_registry_at_each_change
}

/// All leaves of a log, as they are published.
async fn entries(counter: &Counter, log: &str) -> Vec<Vec<u8>> {
    let name: LogName = log.parse().unwrap();
    let read = counter.services.store.read::<_, StoreError, _>(|tx| {
        Box::pin(async move {
            let size = log::find(tx, name).await?.map_or(0, |head| head.size);
            log::leaves(tx, name, 0, size).await
        })
    });
    read.await.unwrap()
}

/// The enrolments of the year's log that hold under the keys in the registry: all there are.
async fn enrolments(counter: &Counter) -> usize {
    let keys: Vec<_> = offices(counter).await.into_iter().flat_map(|office| office.keys).collect();
    let mut count = 0;
    for entry in entries(counter, "2026").await {
        let leaf = IssuanceLeaf::parse(&entry).unwrap();
        if let Issuance::Enrol(enrol) = &leaf.facts {
            assert_eq!(enrol.registrar.as_bytes(), counter.office.id.as_bytes());
            assert!(keys.iter().any(|key| enrol.is_signed_by(leaf.hour, key)), "a signature does not hold");
            count += 1;
        }
    }
    count
}

/// What the registry said of offices, one after the other.
async fn offices(counter: &Counter) -> Vec<Registrar> {
    let leaves = entries(counter, "registry").await;
    let office = |entry: Vec<u8>| match RegistryLeaf::parse(&entry).unwrap().facts {
        Registry::Registrar(office) => Some(office),
        _ => None,
    };
    leaves.into_iter().filter_map(office).collect()
}

async fn an_enrolment_stands_in_the_log_under_the_signature_of_its_office(db: Db) {
    let counter = Counter::open(&db).await;
    let enrolled = counter.enrol(&eleonore()).await.unwrap();
    assert_eq!(enrolments(&counter).await, 1);
    let leaf = entries(&counter, "2026").await.into_iter().map(|entry| IssuanceLeaf::parse(&entry).unwrap()).next();
    let Some(Issuance::Enrol(leaf)) = leaf.map(|leaf| leaf.facts) else { panic!("another leaf") };
    assert_eq!((leaf.expires.to_string().as_str(), leaf.level.as_str()), ("2031-06", "document-in-person"));
    let identity = counter.person(enrolled.person).await.identity;
    assert_eq!(leaf.identity.as_bytes()[..], Sha256::digest(&identity)[..]);
    let (owners, person) = (counter.services.owners.clone(), enrolled.person);
    let owner = counter
        .services
        .store
        .read::<_, StoreError, _>(move |tx| Box::pin(async move { owners.find(tx, person).await }));
    let owner = owner.await.unwrap().unwrap();
    assert!(owner.enrolment() == leaf.owner && owner.secret().person().tag(0) == leaf.owner);
    let fields = heteronym::wire::tlog::commitment::Fields::Enrol { birth_year: Some(1987), area: "cog:38563" };
    assert_eq!(owner.commit(fields, leaf.owner).unwrap().root(), leaf.commitment);
}

async fn what_is_signed_wrongly_late_or_by_another_office_is_not_written(db: Db) {
    let counter = Counter::open(&db).await;
    let (by, proofing) = (counter.operator(), &counter.proofing);
    let other = proofing.add_office("Mairie de Voiron", "cog:38563").await.unwrap();
    let (others, waiting) = (OfficeKey::generate().unwrap(), OfficeKey::generate().unwrap());
    proofing.accredit(other.id, others.public()).await.unwrap();
    proofing.send_key(by, waiting.public()).await.unwrap();
    let prepare = async |typed| match proofing.prepare(by, &typed, &proofing.attempt()).await.unwrap() {
        Step::Sign(unsigned) => unsigned,
        Step::Again(_) => panic!("nobody was enrolled"),
    };
    let unsigned = prepare(eleonore()).await;
    let another = prepare(named("Vidal", "Sophie", "14/05/1991")).await;
    let good = unsigned.sign(&counter.office_key).unwrap();
    for (what, signed) in [
        ("another office's key", unsigned.sign(&others).unwrap()),
        ("a key that waits", unsigned.sign(&waiting).unwrap()),
        ("a key that nobody knows", unsigned.sign(&OfficeKey::generate().unwrap()).unwrap()),
        ("another office's key under the name of ours", Signed { key: good.key, ..unsigned.sign(&others).unwrap() }),
        ("another message", another.sign(&counter.office_key).unwrap()),
    ] {
        let refused = proofing.enrol_signed(by, &unsigned, signed).await;
        assert!(matches!(refused, Err(EnrolError::Key | EnrolError::Signature)), "{what}: {refused:?}");
    }
    let officer = counter.officer().await;
    let refused = proofing.enrol_signed(officer, &unsigned, good).await;
    assert!(matches!(refused, Err(EnrolError::Expired)), "it is another officer's: {refused:?}");
    assert_eq!((counter.people().await.len(), enrolments(&counter).await), (0, 0));
    counter.clock.advance(std::time::Duration::from_mins(15));
    proofing.enrol_signed(by, &unsigned, good).await.expect("at its last moment");
    counter.clock.advance(std::time::Duration::from_millis(1));
    let late = proofing.enrol_signed(by, &another, another.sign(&counter.office_key).unwrap()).await;
    assert!(matches!(late, Err(EnrolError::Expired)), "{late:?}");
    assert_eq!((counter.people().await.len(), enrolments(&counter).await), (1, 1));
}

async fn l11_a_key_that_is_withdrawn_or_whose_office_is_closed_signs_nobody_in(db: Db) {
    let counter = Counter::open(&db).await;
    let proofing = &counter.proofing;
    assert!(proofing.withdraw_key(counter.office_key.public().id()).await.unwrap());
    assert!(!proofing.withdraw_key(counter.office_key.public().id()).await.unwrap());
    assert!(matches!(counter.enrol(&eleonore()).await, Err(EnrolError::Key)));
    let back = proofing.accredit(counter.office.id, counter.office_key.public()).await;
    assert!(matches!(back, Err(KeyError::Known)), "{back:?}");
    assert!(!proofing.accredit_key(counter.office_key.public().id()).await.unwrap());
    let new = OfficeKey::generate().unwrap();
    proofing.accredit(counter.office.id, new.public()).await.unwrap();
    proofing.close_office(counter.office.id).await.unwrap();
    let attempt = proofing.attempt();
    let refused = proofing.enrol(counter.operator(), &eleonore(), &attempt, &new).await;
    assert!(matches!(refused, Err(EnrolError::Closed(_))), "{refused:?}");
    assert!(proofing.keys(counter.office.id).await.unwrap().iter().all(|key| key.state.word() == "withdrawn"));
    assert_eq!((counter.people().await.len(), enrolments(&counter).await), (0, 0));
}

async fn of_contenders_with_the_same_person_one_leaf_is_left(db: Db) {
    let counter = Counter::open(&db).await;
    let other = db.another_node().await;
    let nodes = [counter.proofing.clone(), counter.on(other.clone())];
    let (start, mut contenders) = (Arc::new(Barrier::new(10)), JoinSet::new());
    for number in 0..10 {
        let (proofing, by, start) = (nodes[number % 2].clone(), counter.operator(), start.clone());
        let key = counter.office_key.clone();
        contenders.spawn(async move {
            let step = proofing.prepare(by, &eleonore(), &proofing.attempt()).await.unwrap();
            let Step::Sign(unsigned) = step else { panic!("nobody was enrolled") };
            let signed = unsigned.sign(&key).unwrap();
            start.wait().await;
            proofing.enrol_signed(by, &unsigned, signed).await
        });
    }
    let outcomes = contenders.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert_eq!((counter.people().await.len(), enrolments(&counter).await), (1, 1));
    db.close_node(other).await;
}

async fn an_import_has_as_many_leaves_as_people_or_none(db: Db) {
    let counter = Counter::open(&db).await;
    let file = "family_name,given_names,birth_date,commune,document_kind,document_number\n\
                Garnier,Hugo,1/3/1970,Grenoble,cni,AA1\nGarnier,Hugo,2/3/1970,Grenoble,cni,AA2\n";
    let read = async || counter.proofing.read_batch(counter.operator(), Cursor::new(file), BTreeSet::new()).await;
    let batch = read().await.unwrap();
    let stranger = OfficeKey::generate().unwrap();
    let refused = counter.proofing.enrol_batch(&batch, &stranger).await;
    assert!(matches!(refused, Err(ImportError::Key)), "{refused:?}");
    assert_eq!((counter.people().await.len(), enrolments(&counter).await), (0, 0));
    counter.clock.advance(std::time::Duration::from_hours(2));
    let late = counter.proofing.enrol_batch(&batch, &counter.office_key).await;
    assert!(matches!(late, Err(ImportError::Stale)), "{late:?}");
    counter.proofing.enrol_batch(&read().await.unwrap(), &counter.office_key).await.unwrap();
    assert_eq!((counter.people().await.len(), enrolments(&counter).await), (2, 2));
}

async fn a_renewal_is_signed_too_and_is_the_enrolment_that_counts_from_then_on(db: Db) {
    let counter = Counter::open(&db).await;
    let (by, proofing) = (counter.operator(), &counter.proofing);
    let person = counter.enrol(&eleonore()).await.unwrap().person;
    let enrolment = async || {
        let owners = counter.services.owners.clone();
        let owner = counter
            .services
            .store
            .read::<_, StoreError, _>(move |tx| Box::pin(async move { owners.find(tx, person).await }));
        owner.await.unwrap().unwrap().enrolment()
    };
    let first = enrolment().await;
    let case = proofing.find(by, &eleonore()).await.unwrap();
    let refused = proofing.renew(by, &case, &Typed::default(), &OfficeKey::generate().unwrap()).await;
    assert!(matches!(refused, Err(ChangeError::Key)), "{refused:?}");
    proofing.depart(by, &case).await.unwrap();
    let gone = proofing.find(by, &eleonore()).await.unwrap();
    let refused = proofing.renew(by, &gone, &Typed::default(), &OfficeKey::generate().unwrap()).await;
    assert!(matches!(refused, Err(ChangeError::Key)), "{refused:?}");
    assert!(counter.person(person).await.departed_on.is_some() && enrolment().await == first);
    assert_eq!(enrolments(&counter).await, 1);
    proofing.renew(by, &gone, &Typed::default(), &counter.office_key).await.unwrap();
    assert_eq!(enrolments(&counter).await, 2);
    assert!(counter.person(person).await.departed_on.is_none() && enrolment().await != first);
    let leaves = entries(&counter, "2026").await.into_iter().map(|entry| IssuanceLeaf::parse(&entry).unwrap().facts);
    let leaves: Vec<_> = leaves.collect();
    let ended =
        leaves.iter().filter_map(|leaf| if let Issuance::Revoke(revoke) = leaf { Some(revoke.enrol) } else { None });
    assert!(ended.eq([first]), "the enrolment that ended is the first");
    let now = enrolment().await;
    assert!(leaves.iter().any(|leaf| matches!(leaf, Issuance::Enrol(enrol) if enrol.owner == now)));
}

async fn what_an_office_is_stands_in_the_registry_at_each_change(db: Db) {
    let counter = Counter::open(&db).await;
    let second = OfficeKey::generate().unwrap();
    counter.proofing.send_key(counter.operator(), second.public()).await.unwrap();
    let before = offices(&counter).await.len();
    counter.proofing.accredit_key(second.public().id()).await.unwrap();
    counter.proofing.accredit_key(second.public().id()).await.unwrap();
    counter.proofing.withdraw_key(counter.office_key.public().id()).await.unwrap();
    counter.proofing.close_office(counter.office.id).await.unwrap();
    counter.proofing.close_office(counter.office.id).await.unwrap();
    let said = offices(&counter).await;
    assert_eq!((before, said.len()), (2, 5), "a key that waits is nothing to say");
    let acts: Vec<_> = said.iter().map(|office| (office.act, office.keys.len())).collect();
    let (new, changed) = (RegistrarAct::Accredited, RegistrarAct::Changed);
    assert_eq!(acts, [(new, 0), (changed, 1), (changed, 2), (changed, 1), (RegistrarAct::Withdrawn, 0)]);
    assert!(said.iter().all(|office| office.name.as_str() == "Mairie de Grenoble" && office.area.as_str() == "FR-38"));
    assert!(said.iter().all(|office| office.population > 1_000_000), "of Isère");
    assert_eq!(said[3].keys, [second.public().clone()]);
}
