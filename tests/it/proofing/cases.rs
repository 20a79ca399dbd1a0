//! Somebody who is enrolled already: corrected, gone, back, and with a new code.

use heteronym::{
    accounts::{Accounts, Grounds, OpenedKind},
    domain::quality::RoleKind,
    proofing::{ChangeError, EnrolError, Enrolled, Typed},
    store::{StoreError, persons},
};

use super::{
    counter::{Counter, eleonore, named},
    traces::cells,
};
use crate::store::both::{Db, on_both_engines};

on_both_engines! {
    of_two_officers_who_enter_a_move_at_once_one_wins_and_the_other_is_told
    a_correction_changes_what_forums_may_learn_and_a_role_is_taken_back
    a_case_is_one_officers_for_a_quarter_of_an_hour
    whoever_leaves_and_comes_back_is_the_same_person_with_the_same_tags
    a_new_code_ends_sessions_and_opens_with_new_authenticators_alone
    another_document_is_looked_at_before_a_new_code_is_given
    an_office_or_officer_that_is_closed_can_do_nothing_more
}

fn lives_in(commune: &str) -> Typed {
    Typed { commune: commune.into(), ..Typed::default() }
}

async fn of_two_officers_who_enter_a_move_at_once_one_wins_and_the_other_is_told(db: Db) {
    let counter = Counter::open(&db).await;
    let enrolled = counter.enrol(&eleonore()).await.unwrap();
    let (one, other) = (counter.officer().await, counter.officer().await);
    for round in 0..5 {
        let first = counter.proofing.find(one, &eleonore()).await.unwrap();
        let second = counter.proofing.find(other, &eleonore()).await.unwrap();
        let before = counter.person(enrolled.person).await.version;
        let (grenoble, crolles, key) = (lives_in("Grenoble"), lives_in("Crolles"), &counter.office_key);
        let outcomes: [_; 2] = tokio::join!(
            counter.proofing.renew(one, &first, &grenoble, key),
            counter.proofing.renew(other, &second, &crolles, key),
        )
        .into();
        let won = outcomes.iter().position(Result::is_ok).unwrap();
        assert!(matches!(outcomes[1 - won], Err(ChangeError::Conflict)), "round {round}: {outcomes:?}");
        assert_eq!(counter.person(enrolled.person).await.version, before + 1);
        let facts = counter.services.attributes.facts(enrolled.person).await.unwrap().unwrap();
        assert_eq!(facts.commune.to_string(), ["cog:38185", "cog:38140"][won]);
    }
}

async fn a_correction_changes_what_forums_may_learn_and_a_role_is_taken_back(db: Db) {
    let counter = Counter::open(&db).await;
    let by = counter.officer().await;
    let enrolled = counter.enrol(&eleonore()).await.unwrap();
    let facts = async || counter.services.attributes.facts(enrolled.person).await.unwrap().unwrap();
    let case = counter.proofing.find(by, &eleonore()).await.unwrap();
    let agent = Typed { agent_until: "31/12/2028".into(), ..Typed::default() };
    counter.proofing.correct(by, &case, &agent, &[]).await.unwrap();
    assert_eq!((facts().await.commune.as_str(), facts().await.roles.len()), ("cog:38563", 1));
    let again = counter.proofing.correct(by, &case, &Typed::default(), &[RoleKind::Agent]).await;
    assert!(matches!(again, Err(ChangeError::Conflict)), "a case is for one change");
    let case = counter.proofing.find(by, &eleonore()).await.unwrap();
    let elsewhere = counter.proofing.renew(by, &case, &lives_in("Paris"), &counter.office_key).await;
    assert!(matches!(elsewhere, Err(ChangeError::Faults(_))), "an office moves nobody out of its area");
    let unsigned = counter.proofing.correct(by, &case, &lives_in("Grenoble"), &[]).await;
    assert!(matches!(unsigned, Err(ChangeError::Unsigned)), "no token names a commune that no office signed for");
    assert_eq!(facts().await.commune.as_str(), "cog:38563");
    counter.proofing.correct(by, &case, &Typed::default(), &[RoleKind::Agent]).await.unwrap();
    assert_eq!(facts().await.roles.len(), 0);
}

async fn a_case_is_one_officers_for_a_quarter_of_an_hour(db: Db) {
    let counter = Counter::open(&db).await;
    let (by, colleague) = (counter.officer().await, counter.officer().await);
    counter.enrol(&eleonore()).await.unwrap();
    let case = counter.proofing.find(by, &eleonore()).await.unwrap();
    let taken = counter.proofing.depart(colleague, &case).await;
    assert!(matches!(taken, Err(ChangeError::Expired)), "{taken:?}");
    counter.clock.advance(std::time::Duration::from_mins(15));
    let written = serde_json::to_string(&case).unwrap();
    assert!(!written.contains("Lef") && !written.contains("12AB34567"), "a case holds the entry sealed");
    counter.proofing.correct(by, &case, &Typed::default(), &[]).await.expect("at its last moment");
    counter.clock.advance(std::time::Duration::from_millis(1));
    assert!(matches!(counter.proofing.depart(by, &case).await, Err(ChangeError::Expired)));
    let nobody = counter.proofing.find(by, &named("Vidal", "Sophie", "02/03/1987")).await;
    assert!(matches!(nobody, Err(ChangeError::NotFound)));
}

/// How many tags of the two kinds the person has, and whether each is theirs.
async fn tags(db: &Db, counter: &Counter) -> usize {
    let person = counter.people().await[0].id;
    let rows = cells(db).await;
    let own = |column: &str| rows.iter().filter(|(name, bytes)| name == column && bytes == person.as_bytes()).count();
    own("twins.person_id") + own("alikes.person_id")
}

async fn whoever_leaves_and_comes_back_is_the_same_person_with_the_same_tags(db: Db) {
    let counter = Counter::open(&db).await;
    let (by, proofing) = (counter.officer().await, &counter.proofing);
    let enrolled = counter.enrol(&eleonore()).await.unwrap();
    let session = activate(&counter, &enrolled, GOOD).await;
    let before = tags(&db, &counter).await;
    assert!(before > 4, "{before}");

    let case = proofing.find(by, &eleonore()).await.unwrap();
    assert!(!case.has_departed());
    proofing.depart(by, &case).await.unwrap();
    let accounts = &counter.services.accounts;
    assert!(accounts.session(&session).await.unwrap().is_none(), "signed out");
    assert!(counter.services.attributes.facts(enrolled.person).await.unwrap().is_none(), "nothing is told any more");
    assert!(accounts.sign_in_with_passphrase(enrolled.login.as_str(), GOOD, "", None).await.is_err());
    assert_eq!(tags(&db, &counter).await, before);
    assert!(matches!(counter.enrol(&eleonore()).await, Err(EnrolError::AlreadyEnrolled)), "no second voice");

    let gone = proofing.find(by, &eleonore()).await.unwrap();
    assert!(gone.has_departed());
    for refused in [
        proofing.correct(by, &gone, &Typed::default(), &[]).await.err(),
        proofing.reissue(by, &gone, true).await.err(),
        proofing.depart(by, &gone).await.err(),
    ] {
        assert!(matches!(refused, Some(ChangeError::Departed)), "{refused:?}");
    }
    proofing.renew(by, &gone, &Typed::default(), &counter.office_key).await.unwrap();
    assert_eq!(tags(&db, &counter).await, before);
    assert_eq!(counter.people().await.len(), 1);
    assert!(counter.people().await[0].id == enrolled.person);
    accounts.sign_in_with_passphrase(enrolled.login.as_str(), GOOD, "", None).await.unwrap();
}

const GOOD: &str = "quatre tortues bleues rament";
const BETTER: &str = "sept hérissons verts dansent";

/// Opens the account of somebody who holds this sheet: the cookie of their session.
async fn activate(counter: &Counter, sheet: &Enrolled, passphrase: &str) -> String {
    let accounts: &Accounts = &counter.services.accounts;
    let opened = accounts.open_code(&sheet.code.grouped()).await.unwrap();
    let session = accounts.set_passphrase(Grounds::Code(opened), passphrase, "", None).await.unwrap();
    session.token.expose().to_owned()
}

async fn a_new_code_ends_sessions_and_opens_with_new_authenticators_alone(db: Db) {
    let counter = Counter::open(&db).await;
    let (by, proofing, accounts) = (counter.officer().await, &counter.proofing, &counter.services.accounts);
    let enrolled = counter.enrol(&eleonore()).await.unwrap();
    let session = activate(&counter, &enrolled, GOOD).await;
    let login = enrolled.login.as_str();

    let case = proofing.find(by, &eleonore()).await.unwrap();
    assert!(case.document_is_known());
    let sheet = proofing.reissue(by, &case, false).await.unwrap();
    assert!(
        sheet.person == enrolled.person && sheet.login.as_str() == login,
        "the same account, so the same pseudonyms"
    );
    assert!(accounts.session(&session).await.unwrap().is_none(), "sessions end when the code is given");
    let opened = accounts.open_code(&sheet.code.grouped()).await.unwrap();
    assert_eq!(opened.kind, OpenedKind::Counter);
    accounts
        .sign_in_with_passphrase(login, GOOD, "", None)
        .await
        .expect("until the new code is used, nobody is locked out");

    activate(&counter, &sheet, BETTER).await;
    assert!(accounts.sign_in_with_passphrase(login, GOOD, "", None).await.is_err(), "what opened it before is removed");
    accounts.sign_in_with_passphrase(login, BETTER, "", None).await.unwrap();
    assert!(accounts.open_code(&sheet.code.grouped()).await.is_err(), "spent");
}

async fn another_document_is_looked_at_before_a_new_code_is_given(db: Db) {
    let counter = Counter::open(&db).await;
    let by = counter.officer().await;
    counter.enrol(&eleonore()).await.unwrap();
    let passport = Typed { document_kind: "passport".into(), document_number: "22XX00001".into(), ..eleonore() };
    let case = counter.proofing.find(by, &passport).await.unwrap();
    assert!(!case.document_is_known());
    let refused = counter.proofing.reissue(by, &case, false).await;
    assert!(matches!(refused, Err(ChangeError::OtherDocument)), "{refused:?}");
    counter.proofing.reissue(by, &case, true).await.unwrap();
    let case = counter.proofing.find(by, &passport).await.unwrap();
    assert!(case.document_is_known(), "from now on both are known");
    assert!(counter.proofing.find(by, &eleonore()).await.unwrap().document_is_known());
}

async fn an_office_or_officer_that_is_closed_can_do_nothing_more(db: Db) {
    let counter = Counter::open(&db).await;
    let (by, proofing) = (counter.officer().await, &counter.proofing);
    counter.enrol(&eleonore()).await.unwrap();
    let case = proofing.find(by, &eleonore()).await.unwrap();
    let officers = proofing.officers().await.unwrap();
    assert!(proofing.close_officer(&officers[0].login).await.unwrap());
    let refused = proofing.depart(by, &case).await;
    assert!(matches!(refused, Err(ChangeError::Closed(_))), "l11: the next request is refused: {refused:?}");
    assert!(matches!(
        proofing.enrol(by, &named("Vidal", "Sophie", "1/1/1970"), &proofing.attempt(), &counter.office_key).await,
        Err(EnrolError::Closed(_))
    ));

    assert!(proofing.close_office(counter.office.id).await.unwrap());
    assert!(!proofing.close_office(counter.office.id).await.unwrap(), "once");
    let refused = counter.enrol(&named("Vidal", "Sophie", "1/1/1970")).await;
    assert!(matches!(refused, Err(EnrolError::Closed(_))), "{refused:?}");
    let read = counter.services.store.read::<_, StoreError, _>(|tx| Box::pin(persons::page(tx, persons::FIRST, 10)));
    assert_eq!(read.await.unwrap().len(), 1, "whom it enrolled stays");
}
