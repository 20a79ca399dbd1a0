//! What two forums see of one person, and one forum of a person over time.

use axum::http::StatusCode;
use heteronym::{clients::Draft, domain::ids::PseudonymId, pseudonym::PseudonymError};

use crate::harness::{Answer, Choices, Citizen, Forum, Service, facts_of};

async fn subject(service: &Service, forum: &Forum, citizen: &Citizen, name: &str) -> String {
    let tokens = service.sign_in(forum, citizen, "openid", &Choices::all(name)).await;
    service.verified(forum, &tokens.id_token).await["sub"].as_str().unwrap().to_owned()
}

fn openid() -> Draft {
    Draft { scope: "openid profile".to_owned(), ..Draft::default() }
}

#[tokio::test]
async fn two_clients_of_one_sector_share_a_subject_and_others_never() {
    let service = Service::start().await;
    let citizen = service.arnaud().await;
    let forum = service.register("forum.example", openid()).await;
    let redirect_uris = vec!["https://wiki.example/callback".to_owned()];
    let sister = Draft { redirect_uris, sector: Some("forum.example".to_owned()), join_sector: true, ..openid() };
    let sister = service.register("wiki.example", sister).await;
    let stranger = service.register("stranger.example", openid()).await;
    let port = service.register("forum.example:8443", openid()).await;
    let here = subject(&service, &forum, &citizen, "Genêt").await;
    assert_eq!(subject(&service, &forum, &citizen, "").await, here, "it stays");
    assert_eq!(subject(&service, &sister, &citizen, "").await, here);
    let elsewhere = subject(&service, &stranger, &citizen, "Genêt").await;
    let beside = subject(&service, &port, &citizen, "Genêt").await;
    assert!(here != elsewhere && here != beside && elsewhere != beside);
    for (one, other) in [(&here, &elsewhere), (&here, &beside), (&elsewhere, &beside)] {
        let shared = (0..=one.len() - 8).find(|at| other.contains(&one[*at..at + 8]));
        assert_eq!(shared, None, "no eight characters in common");
    }
}

#[tokio::test]
async fn two_people_never_share_a_subject_or_a_name() {
    let service = Service::start().await;
    let forum = service.register("forum.example", openid()).await;
    let (one, other) = (service.arnaud().await, service.arnaud().await);
    let first = subject(&service, &forum, &one, "Genêt").await;
    let mut browser = service.browser();
    browser.sign_in(&service, &other).await;
    let page = browser.get(&forum.request("openid").target()).await;
    for taken in ["Genêt", "genêt", "GENÊT", "Gene\u{302}t"] {
        let reply = browser.choose(&page, &Choices::all(taken)).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{taken}");
        assert!(reply.text().contains("id=\"choose-error\""), "{taken}");
    }
    let second = subject(&service, &forum, &other, "Ajonc").await;
    assert_ne!(first, second);
}

#[tokio::test]
async fn a_name_that_nobody_may_bear_is_explained_and_shown_again() {
    let service = Service::start().await;
    let forum = service.register("forum.example", openid()).await;
    let citizen = service.arnaud().await;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    let page = browser.get(&forum.request("openid").target()).await;
    let long = "a".repeat(31);
    for name in ["", "Administrator", "Heteronym", &*long, "Gen\u{202e}êt", "Gen\u{200b}êt", "Gеnêt", "<b>x</b>"] {
        let reply = browser.choose(&page, &Choices::all(name)).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{name:?}");
        assert!(reply.text().contains("aria-invalid=\"true\"") && !reply.text().contains("<b>x</b>"), "{name:?}");
    }
    assert!(service.services.pseudonyms.of_person(citizen.person).await.unwrap().is_empty());
}

#[tokio::test]
async fn where_one_voice_is_the_rule_nobody_gets_a_second() {
    let service = Service::start().await;
    let forum = service.register("forum.example", openid()).await;
    let citizen = service.arnaud().await;
    subject(&service, &forum, &citizen, "Genêt").await;
    let shown = service.services.pseudonyms.of_person(citizen.person).await.unwrap().remove(0).shown;
    let (pseudonyms, sector, person) = (service.services.pseudonyms.clone(), forum.client.sector, citizen.person);
    let id = PseudonymId::generate(&mut service.services.ambient.rng());
    let another = service.services.store.write::<_, PseudonymError, _>(move |tx| {
        Box::pin(async move { pseudonyms.create(tx, id, person, &sector, &shown).await })
    });
    assert!(matches!(another.await, Err(PseudonymError::NoPlace)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_windows_that_make_a_pseudonym_at_once_make_one() {
    let service = std::sync::Arc::new(Service::start().await);
    let forum = service.register("forum.example", openid()).await;
    let citizen = service.arnaud().await;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    let page = std::sync::Arc::new(browser.get(&forum.request("openid").target()).await);
    let mut windows = tokio::task::JoinSet::new();
    for number in 0..10_u8 {
        let (mut browser, page) = (browser.clone(), page.clone());
        let letter = char::from(b'a' + number);
        windows.spawn(async move {
            let choices = Choices::all(&format!("Gen{letter}"));
            let page = browser.choose(&page, &choices).await;
            // A window that comes late is answered at once: the pseudonym is there, and agreed to.
            if page.text().contains("id=\"consent\"") { browser.agree(&page, &choices).await } else { page }
        });
    }
    let mut answered = 0;
    while let Some(reply) = windows.join_next().await {
        let reply = reply.unwrap();
        match reply.status {
            StatusCode::SEE_OTHER => answered += 1,
            StatusCode::UNPROCESSABLE_ENTITY => assert!(reply.text().contains("id=\"choose-error\"")),
            status => panic!("{status}"),
        }
    }
    assert!(answered > 0);
    assert_eq!(service.services.pseudonyms.of_person(citizen.person).await.unwrap().len(), 1);
    let consents = service.services.consents.of_person(citizen.person).await.unwrap();
    assert_eq!(consents.len(), 1, "pseudonym and consent are written together");
}

#[tokio::test]
async fn a_name_that_somebody_takes_meanwhile_brings_the_choice_back_with_what_was_typed() {
    let service = Service::start().await;
    let forum = service.register("forum.example", openid()).await;
    let (mut mine, mut theirs) = (service.browser(), service.browser());
    let me = service.arnaud().await;
    mine.sign_in(&service, &me).await;
    theirs.sign_in(&service, &service.arnaud().await).await;
    let choices = Choices::all("Genêt");
    let request = forum.request("openid profile");
    let page = mine.get(&request.target()).await;
    let page = mine.choose(&page, &choices).await;
    theirs.authorize(&forum.request("openid profile"), &choices).await;
    let again = mine.agree(&page, &choices).await;
    assert_eq!((again.status, again.location()), (StatusCode::UNPROCESSABLE_ENTITY, None));
    assert!(again.text().contains("id=\"choose-error\"") && again.text().contains("value=\"Genêt\""));
    assert!(service.services.pseudonyms.of_person(me.person).await.unwrap().is_empty());
    let page = mine.choose(&again, &Choices::all("Ajonc")).await;
    let answer = Answer::of(&mine.agree(&page, &choices).await);
    let tokens = forum.tokens(&service, &request, &answer).await;
    assert_eq!(service.told(&tokens).await["name"], "Ajonc");
}

#[tokio::test]
async fn the_next_person_at_a_browser_does_not_see_the_name_that_the_one_before_chose() {
    let service = Service::start().await;
    let forum = service.register("forum.example", openid()).await;
    let mut browser = service.browser();
    browser.sign_in(&service, &service.arnaud().await).await;
    let page = browser.get(&forum.request("openid").target()).await;
    let page = browser.choose(&page, &Choices { name: None, ..Choices::all("") }).await;
    assert!(page.text().contains("id=\"consent\"") && page.text().contains("Arnaud R."));
    let facts = facts_of(&service, jiff::civil::Date::constant(1991, 7, 9), "cog:38185", "Brigitte S.");
    browser.sign_in(&service, &service.enrol(&facts).await).await;
    let reply = browser.get(&format!("/interaction?tx={}", page.field("tx").unwrap())).await;
    assert!(reply.text().contains("Brigitte S.") && !reply.text().contains("Arnaud R."), "{}", reply.text());
}

#[tokio::test]
async fn where_two_are_allowed_there_are_two_subjects_and_no_third() {
    let service = Service::start().await;
    let forum = service.register("forum.example", Draft { heteronyms_per_person: 2, ..openid() }).await;
    let citizen = service.arnaud().await;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    let mut subjects = Vec::new();
    for name in ["Genêt", "Ajonc"] {
        let request = forum.request("openid profile");
        let page = browser.get(&request.target()).await;
        let made = [("pseudonym", "new"), ("kind", "chosen"), ("name", name)];
        let page = browser.post_form(&page, "/interaction/choose", &made).await;
        let answer = Answer::of(&browser.agree(&page, &Choices::all(name)).await);
        let tokens = forum.tokens(&service, &request, &answer).await;
        let told = service.told(&tokens).await;
        assert_eq!((&told["name"], &told["heteronyms_per_person"]), (&name.into(), &2.into()));
        assert!(told.get("groups").is_none(), "no one-voice: {told}");
        subjects.push(told["sub"].clone());
    }
    assert_ne!(subjects[0], subjects[1]);
    let page = browser.get(&forum.request("openid").target()).await;
    assert!(!page.text().contains("value=\"new\""), "both are used");
    let silent = browser.get(&forum.request("openid").with("prompt", "none").target()).await;
    assert_eq!(Answer::of(&silent).error(), "account_selection_required", "which of the two?");
    let third = [("pseudonym", "new"), ("kind", "chosen"), ("name", "Bruyère")];
    let reply = browser.post_form(&page, "/interaction/choose", &third).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_retired_pseudonym_comes_back_as_the_same_subject_under_a_new_name() {
    let service = Service::start().await;
    let forum = service.register("forum.example", openid()).await;
    let citizen = service.arnaud().await;
    let before = subject(&service, &forum, &citizen, "Genêt").await;
    super::endings::retire(&service, &citizen).await;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    let request = forum.request("openid profile");
    let page = browser.get(&request.target()).await;
    assert!(page.text().contains("choose-continue") && page.field("pseudonym").unwrap() != "new");
    let answer = browser.authorize(&request, &Choices::all("Bruyère")).await;
    let tokens = forum.tokens(&service, &request, &answer).await;
    let told = service.told(&tokens).await;
    assert_eq!((&told["sub"], &told["name"]), (&before.as_str().into(), &"Bruyère".into()));
    let other = service.arnaud().await;
    let mut theirs = service.browser();
    theirs.sign_in(&service, &other).await;
    let page = theirs.get(&forum.request("openid").target()).await;
    let reply = theirs.choose(&page, &Choices::all("Genêt")).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "a name that was somebody's goes to nobody else");
}
