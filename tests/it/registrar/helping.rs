//! Somebody who is enrolled comes back: what for, and what it changes.

use axum::http::StatusCode;
use heteronym::{accounts::OpenedKind, domain::quality::RoleKind};
use jiff::civil::date;

use super::{assert_without, but, claims, code, element, eleonore, karim, open, voiron};
use crate::harness::{Choices, Service};

const SCOPE: &str = "openid profile age residence sex roles";

async fn facts(service: &Service, session: &heteronym::accounts::NewSession) -> heteronym::domain::quality::Facts {
    service.services.attributes.facts(session.signed_in.person().unwrap()).await.unwrap().unwrap()
}

#[tokio::test]
async fn recovery_at_the_counter_gives_back_the_same_pseudonyms() {
    let (service, _, mut officer) = voiron().await;
    let sheet = officer.enrol(&eleonore()).await;
    let session = open(&service, &sheet, OpenedKind::Activation).await;
    let forum = service.forum("forum.example", SCOPE).await;
    let before = claims(&service, &forum, &session, &Choices::all("Genêt")).await;

    let again = officer.act(&eleonore(), "reissue", &[]).await;
    assert!(again.text().contains("Your new code") && element(&again, "login") == element(&sheet, "login"));
    assert_without(&again, &["Lefèvre", "Éléonore", "Genêt", "1987"]);
    let cookie = session.token.expose();
    assert!(service.services.accounts.session(cookie).await.unwrap().is_none(), "sessions end at once");
    let session = open(&service, &again, OpenedKind::Counter).await;
    let after = claims(&service, &forum, &session, &Choices::all("")).await;
    assert_eq!((&before["sub"], &before["name"]), (&after["sub"], &after["name"]));
}

#[tokio::test]
async fn a_code_that_was_lost_before_its_use_is_replaced() {
    let (service, _, mut officer) = voiron().await;
    let lost = officer.enrol(&eleonore()).await;
    let sheet = officer.act(&eleonore(), "reissue", &[]).await;
    assert!(service.services.accounts.open_code(&code(&lost)).await.is_err());
    assert!(sheet.text().contains("Your activation sheet"), "it was never opened");
    open(&service, &sheet, OpenedKind::Activation).await;
}

#[tokio::test]
async fn a_new_code_on_another_document_asks_for_a_second_look() {
    let (service, _, mut officer) = voiron().await;
    open(&service, &officer.enrol(&eleonore()).await, OpenedKind::Activation).await;
    let other = but(eleonore(), &[("document_kind", "passport"), ("document_number", "77PP77777")]);
    let menu = officer.find(&other).await;
    assert!(menu.text().contains("id=\"other-document\""), "{}", menu.text());
    let page = officer.post_form(&menu, "/registrar/case/act", &[("act", "reissue")]).await;
    assert!(page.text().contains("name=\"document_seen\""), "{}", page.text());
    let refused = officer.post_form(&page, "/registrar/case/reissue", &[]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("not the one that was shown before") && refused.text().contains("document_seen"));
    let sheet = officer.post_form(&refused, "/registrar/case/reissue", &[("document_seen", "yes")]).await;
    open(&service, &sheet, OpenedKind::Counter).await;
    // From now on it is known.
    assert!(!officer.find(&other).await.text().contains("id=\"other-document\""));
}

#[tokio::test]
async fn roles_are_set_and_taken_back_and_faults_stay_on_the_page() {
    let (service, _, mut officer) = voiron().await;
    let session = open(&service, &officer.enrol(&eleonore()).await, OpenedKind::Activation).await;
    let page = officer.choose_act(&eleonore(), "correct").await;
    assert!(!page.text().contains("name=\"commune\""), "the office signs for that");
    let sent = [("elected_until", "1/1/2020"), ("withdraw", "agent")];
    let faulty = officer.post_form(&page, "/registrar/case/correct", &sent).await;
    assert_eq!(faulty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(faulty.text().contains("value=\"1/1/2020\"") && faulty.text().contains("id=\"elected_until-fault\""));
    let unsigned = officer.post_form(&page, "/registrar/case/correct", &[("commune", "Grenoble")]).await;
    assert_eq!(unsigned.status, StatusCode::CONFLICT);
    assert!(unsigned.text().contains("A move is a renewal"));
    assert!(faulty.text().contains("name=\"withdraw\" value=\"agent\" checked"));
    let sent = [("elected_until", "2030"), ("agent_until", "2027")];
    let done = officer.post_form(&faulty, "/registrar/case/correct", &sent).await;
    assert_eq!((done.status, element(&done, "renew").as_str()), (StatusCode::OK, "15 June 2031"));
    let now = facts(&service, &session).await;
    assert_eq!(now.commune.as_str(), "cog:38563");
    assert_eq!(now.roles_held(date(2027, 12, 31)), [RoleKind::Agent, RoleKind::Elected]);

    let sent = [("withdraw", "agent"), ("withdraw", "animator")];
    assert_eq!(officer.act(&eleonore(), "correct", &sent).await.status, StatusCode::OK);
    let now = facts(&service, &session).await;
    assert_eq!((now.commune.as_str(), now.roles_held(date(2026, 6, 15))), ("cog:38563", vec![RoleKind::Elected]));
}

#[tokio::test]
async fn a_renewal_takes_the_new_name_and_counts_from_today() {
    let (service, _, mut officer) = voiron().await;
    let session = open(&service, &officer.enrol(&eleonore()).await, OpenedKind::Activation).await;
    let married = but(eleonore(), &[("married_name", "Garcin"), ("sex", "")]);
    let done = officer.act(&married, "renew", &[("commune", "Grenoble"), ("animator_until", "2029")]).await;
    assert_eq!((done.status, element(&done, "renew").as_str()), (StatusCode::OK, "15 June 2031"));
    let now = facts(&service, &session).await;
    assert_eq!((now.commune.as_str(), now.sex.code()), ("cog:38185", 0));
    assert_eq!(now.roles_held(date(2029, 12, 31)), [RoleKind::Animator]);
    // Under either name she is who she was.
    let by_marriage = but(eleonore(), &[("family_name", "Garcin")]);
    assert_eq!(officer.find(&by_marriage).await.status, StatusCode::OK);
}

#[tokio::test]
async fn whoever_leaves_can_only_come_back_and_finds_their_pseudonyms() {
    let (service, _, mut officer) = voiron().await;
    let session = open(&service, &officer.enrol(&eleonore()).await, OpenedKind::Activation).await;
    let forum = service.forum("forum.example", SCOPE).await;
    let before = claims(&service, &forum, &session, &Choices::all("Genêt")).await;
    let page = officer.choose_act(&eleonore(), "depart").await;
    assert!(page.text().contains("Do they really want this?"));
    assert!(page.text().split_once("id=\"leave\"").unwrap().1.starts_with(" autofocus"), "not the dangerous button");
    assert!(service.services.accounts.session(session.token.expose()).await.unwrap().is_some(), "asked, not done");
    let done = officer.post_form(&page, "/registrar/case/depart", &[]).await;
    assert_eq!(done.status, StatusCode::OK);
    assert!(service.services.accounts.session(session.token.expose()).await.unwrap().is_none());

    let menu = officer.find(&eleonore()).await;
    let acts: Vec<_> = menu.text().match_indices("name=\"act\"").map(|(at, _)| at).collect();
    assert!(acts.len() == 1 && menu.text().contains("id=\"act-renew\"") && menu.text().contains("can come back"));
    for act in ["correct", "reissue", "depart"] {
        let refused = officer.post_form(&menu, &format!("/registrar/case/{act}"), &[]).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{act}");
        assert!(refused.text().contains("This person has left the service"), "{act}");
    }
    service.wait(11);
    assert_eq!(officer.enrol(&eleonore()).await.status, StatusCode::CONFLICT, "no second voice");
    assert_eq!(officer.act(&eleonore(), "renew", &[]).await.status, StatusCode::OK);
    let session = open(&service, &officer.act(&eleonore(), "reissue", &[]).await, OpenedKind::Counter).await;
    let after = claims(&service, &forum, &session, &Choices::all("")).await;
    assert_eq!(before["sub"], after["sub"]);
}

#[tokio::test]
async fn nobody_found_is_told_with_the_entry_kept_and_the_way_to_enrol() {
    let (_service, _, mut officer) = voiron().await;
    let nobody = officer.find(&karim()).await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    assert!(nobody.text().contains("value=\"Benali\"") && nobody.text().contains("href=\"/registrar/enrol\""));
    let faulty = officer.find(&but(karim(), &[("birth_date", "soon"), ("commune", "")])).await;
    assert_eq!(faulty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(faulty.text().contains("One field has to be looked at again"), "the commune does not count here");
}

#[tokio::test]
async fn an_act_done_twice_or_too_late_is_explained() {
    let (service, _, mut officer) = voiron().await;
    open(&service, &officer.enrol(&eleonore()).await, OpenedKind::Activation).await;
    let page = officer.choose_act(&eleonore(), "renew").await;
    assert_eq!(officer.post_form(&page, "/registrar/case/renew", &[]).await.status, StatusCode::OK);
    let twice = officer.post_form(&page, "/registrar/case/renew", &[]).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    assert!(twice.text().contains("it is done already"), "{}", twice.text());
    let page = officer.choose_act(&eleonore(), "renew").await;
    service.wait(8 * 60);
    officer.get("/registrar").await;
    service.wait(8 * 60);
    let late = officer.post_form(&page, "/registrar/case/renew", &[]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.text().contains("entered too long ago"), "{}", late.text());
}
