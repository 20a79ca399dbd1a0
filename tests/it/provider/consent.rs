//! The page of consent: what it counts, what it proposes, and that what was shown is what is recorded.

use axum::http::StatusCode;
use heteronym::{
    clients::Draft,
    domain::{area::Level, quality::Facts},
    store::{StoreError, clients, persons},
    web::shared::Return,
};
use jiff::civil::Date;

use crate::harness::{Browser, Choices, Citizen, Forum, Reply, Service, facts_of};

const VOIRON: &str = "cog:38563";
const GRENOBLE: &str = "cog:38185";
const LYON: &str = "cog:69123";

/// Born in 1987, like Arnaud, and living in this commune.
fn neighbour(service: &Service, commune: &str) -> Facts {
    facts_of(service, Date::constant(1987, 9, 1), commune, "Jeanne D.")
}

async fn enrol(service: &Service, people: &[(&str, usize)]) {
    for (commune, count) in people {
        for _ in 0..*count {
            service.enrol(&neighbour(service, commune)).await;
        }
    }
}

async fn asked(service: &Service, forum: &Forum, citizen: &Citizen, scope: &str) -> (Browser, Reply) {
    let mut browser = service.browser();
    browser.sign_in(service, citizen).await;
    let page = browser.get(&forum.request(scope).target()).await;
    let page = browser.choose(&page, &Choices::all("Genêt")).await;
    assert!(page.text().contains("id=\"consent\""), "{}", page.text());
    (browser, page)
}

/// The sentence that says how many share all of what is asked.
fn crowd(page: &Reply) -> String {
    let text = page.text();
    text.split_once("id=\"crowd\">").unwrap().1.split_once('<').unwrap().0.replace(['\u{2068}', '\u{2069}'], "")
}

/// The level that the page proposes.
fn proposed(page: &Reply) -> String {
    let text = page.text();
    let mut radios = text.split("name=\"residence_level\" value=\"").skip(1);
    let found = radios.find(|radio| radio.split_once('>').unwrap().0.contains("checked"));
    found.unwrap().split_once('"').unwrap().0.to_owned()
}

/// An officer writes down that somebody lives elsewhere now.
async fn moves(service: &Service, citizen: &Citizen, commune: &str) {
    let (person, facts) = (citizen.person, neighbour(service, commune));
    let sealed = service.services.attributes.seal_facts(person, &facts);
    let now = service.services.ambient.now();
    let moved = service.services.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let mut row = persons::find(tx, person).await?.unwrap();
            (row.facts, row.changed_at) = (sealed, now);
            persons::update(tx, &row).await
        })
    });
    assert!(moved.await.unwrap());
    service.services.attributes.forget(person);
}

#[tokio::test]
async fn only_what_is_asked_for_counts_in_the_crowd() {
    let service = Service::start().await;
    let forum = service.forum("forum.example", "openid profile age residence sex roles").await;
    let citizen = service.arnaud().await;
    // Twelve people of one bracket, each in a département of their own.
    for commune in
        ["cog:01053", "cog:06088", "cog:13055", "cog:21231", "cog:31555", "cog:33063", "cog:34172", "cog:44109"]
    {
        enrol(&service, &[(commune, 1)]).await;
    }
    enrol(&service, &[("cog:59350", 1), ("cog:67482", 1), (LYON, 1)]).await;
    let (_, page) = asked(&service, &forum, &citizen, "openid age").await;
    assert_eq!(crowd(&page), "12 enrolled people fit");
    assert!(!page.text().contains("Fewer than"), "{}", page.text());
}

#[tokio::test]
async fn below_eleven_the_next_coarser_area_with_enough_people_is_proposed() {
    let service = Service::start().await;
    let draft =
        Draft { scope: "openid profile age residence".to_owned(), residence_level: Level::Commune, ..Draft::default() };
    let forum = service.register("forum.example", draft).await;
    let citizen = service.arnaud().await;
    enrol(&service, &[(VOIRON, 3), (GRENOBLE, 7), (LYON, 5)]).await;
    let (_, page) = asked(&service, &forum, &citizen, "openid age residence").await;
    assert_eq!((proposed(&page).as_str(), crowd(&page).as_str()), ("departement", "11 enrolled people fit"));
    let text = page.text().replace(['\u{2068}', '\u{2069}'], "");
    assert!(text.contains("4 enrolled people fit · <strong>few people"), "the commune, with its figure: {text}");
    assert!(text.contains("16 enrolled people fit"), "the region");
}

#[tokio::test]
async fn what_was_chosen_before_is_not_proposed_where_it_would_now_make_somebody_stand_out() {
    let service = Service::start().await;
    let draft =
        Draft { scope: "openid profile age residence".to_owned(), residence_level: Level::Commune, ..Draft::default() };
    let forum = service.register("forum.example", draft).await;
    let citizen = service.enrol(&neighbour(&service, GRENOBLE)).await;
    enrol(&service, &[(GRENOBLE, 12)]).await;
    let (mut browser, page) = asked(&service, &forum, &citizen, "openid age residence").await;
    assert_eq!(proposed(&page), "commune");
    assert_eq!(browser.agree(&page, &Choices::all("").at("commune")).await.status, StatusCode::SEE_OTHER);
    moves(&service, &citizen, VOIRON).await;
    let page = browser.get(&forum.request("openid age residence").target()).await;
    assert_eq!(proposed(&page), "departement", "one person of Voiron is enrolled");
    assert_eq!(browser.agree(&page, &Choices::all("").at("region")).await.status, StatusCode::SEE_OTHER);
    let page = browser.get(&forum.request("openid age residence").with("prompt", "consent").target()).await;
    assert_eq!(proposed(&page), "region", "a coarser choice is kept");
}

#[tokio::test]
async fn what_changed_while_the_page_was_open_is_shown_before_it_is_told() {
    let service = Service::start().await;
    let forum = service.forum("forum.example", "openid profile age residence").await;
    let citizen = service.enrol(&neighbour(&service, GRENOBLE)).await;
    let (mut browser, page) = asked(&service, &forum, &citizen, "openid age residence").await;
    assert!(page.text().contains("Isère") && !page.text().contains("id=\"changed\""));
    moves(&service, &citizen, LYON).await;
    let choices = Choices::all("").but("age_bracket").at("departement");
    let again = browser.agree(&page, &choices).await;
    assert_eq!((again.status, again.location()), (StatusCode::CONFLICT, None));
    let text = again.text();
    assert!(text.contains("id=\"changed\"") && text.contains("Rhône"), "why, and what is true now: {text}");
    assert!(text.contains("id=\"agree-age_over_18\" checked"), "what was ticked stays so");
    assert!(!text.contains("id=\"agree-age_bracket\" checked"), "and what was not: {text}");
    assert!(service.services.consents.of_person(citizen.person).await.unwrap().is_empty());
    assert_eq!(browser.agree(&again, &choices).await.status, StatusCode::SEE_OTHER);
    let given = service.services.consents.of_person(citizen.person).await.unwrap().remove(0).agreement;
    assert_eq!(given.shown.residence, Some("FR-69".parse().unwrap()));
}

#[tokio::test]
async fn a_forum_that_changes_its_policy_while_the_page_is_open_does_not_get_consent_to_the_old_one() {
    let service = Service::start().await;
    let forum = service.forum("forum.example", "openid profile age").await;
    let citizen = service.arnaud().await;
    let (mut browser, page) = asked(&service, &forum, &citizen, "openid age").await;
    let id = forum.client.id.clone();
    let changed = service.services.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let mut row = clients::find(tx, &id).await?.unwrap();
            row.metadata = row.metadata.replace("Forum of forum.example", "Forum that sells");
            clients::update(tx, &row).await
        })
    });
    assert!(changed.await.unwrap());
    // Rows are read again after five seconds.
    service.wait(6);
    let again = browser.agree(&page, &Choices::all("")).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.text().contains("Forum that sells"));
    assert!(service.services.consents.of_person(citizen.person).await.unwrap().is_empty());
    assert_eq!(browser.agree(&again, &Choices::all("")).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_form_made_from_a_page_that_never_showed_the_values_agrees_to_nothing() {
    let service = Service::start().await;
    let forum = service.forum("forum.example", "openid profile age").await;
    let citizen = service.arnaud().await;
    service.sign_in(&forum, &citizen, "openid", &Choices::all("Genêt")).await;
    let mut stranger = service.browser();
    let reply = stranger.get(&forum.request("openid age").target()).await;
    let session = citizen.begin_session(&service).await;
    stranger.hold_session(session.token.expose());
    let back = form_urlencoded::parse(reply.location().unwrap().split_once('?').unwrap().1.as_bytes());
    let back = Return(back.into_owned().next().unwrap().1);
    let path = back.path(&service.services.accounts, &session.signed_in);
    let tx = path.split_once("tx=").unwrap().1.to_owned();
    let csrf = stranger.get(&path).await.field("csrf").unwrap();
    let fields = [("csrf", csrf.as_str()), ("tx", &tx), ("decision", "agree"), ("agree", "age_bracket")];
    let page = stranger.post("/interaction/consent", &fields).await;
    assert_eq!((page.status, page.location()), (StatusCode::OK, None));
    assert!(page.text().contains("id=\"consent\"") && !page.text().contains("id=\"changed\""));
    let given = service.services.consents.of_person(citizen.person).await.unwrap();
    assert!(given.iter().all(|consent| consent.agreement.agreed.is_empty()));
}
