//! RP-Initiated Logout: rows N of the list of hostile inputs.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use heteronym::{
    accounts::{Holder, NewSession},
    domain::{authentication::Method, ids::RegistrarId},
    store::{self, StoreError},
};

use crate::harness::{Browser, Choices, Citizen, Forum, Service, Tokens};

struct House {
    service: Service,
    forum: Forum,
    citizen: Citizen,
    browser: Browser,
    session: NewSession,
    tokens: Tokens,
}

async fn house() -> House {
    let service = Service::start().await;
    let forum = service.forum("forum.example", "openid").await;
    let citizen = service.arnaud().await;
    let session = citizen.begin_session(&service).await;
    let mut browser = service.browser();
    browser.hold_session(session.token.expose());
    let request = forum.request("openid");
    let answer = browser.authorize(&request, &Choices::all("Genêt")).await;
    let tokens = forum.tokens(&service, &request, &answer).await;
    House { service, forum, citizen, browser, session, tokens }
}

impl House {
    /// The forum's own link, with everything that is needed to sign out without a question.
    fn back(&self) -> String {
        address(&[("id_token_hint", &self.tokens.id_token), ("post_logout_redirect_uri", "https://forum.example/bye")])
    }

    async fn is_signed_in(&self) -> bool {
        self.service.services.accounts.session(self.session.token.expose()).await.unwrap().is_some()
    }
}

fn address(params: &[(&str, &str)]) -> String {
    format!("/end-session?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish())
}

#[tokio::test]
async fn a_forum_that_shows_its_id_token_signs_the_citizen_out_and_gets_the_browser_back() {
    let mut house = house().await;
    let back = [
        ("id_token_hint", &*house.tokens.id_token),
        ("post_logout_redirect_uri", "https://forum.example/bye"),
        ("state", "s&x"),
    ];
    let reply = house.browser.get(&address(&back)).await;
    assert_eq!(
        (reply.status, reply.location()),
        (StatusCode::SEE_OTHER, Some("https://forum.example/bye?state=s%26x"))
    );
    assert!(!house.is_signed_in().await);
    assert!(!house.browser.cookies.contains_key("__Host-session"));
    assert_eq!(house.browser.userinfo(&house.tokens.access_token).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn n1_without_a_hint_the_citizen_is_asked_and_then_goes_nowhere() {
    let mut house = house().await;
    let id = house.forum.id().to_owned();
    let ask = address(&[("client_id", &id), ("post_logout_redirect_uri", "https://forum.example/bye")]);
    let page = house.browser.get(&ask).await;
    assert_eq!((page.status, page.location()), (StatusCode::OK, None));
    assert!(house.is_signed_in().await, "N4: an address alone has no effect");
    let back = page.field("back").unwrap_or_default();
    let reply = house.browser.post_form(&page, "/end-session/confirmed", &[("back", &back)]).await;
    assert_eq!(reply.location(), None);
    assert!(!house.is_signed_in().await);
}

#[tokio::test]
async fn n2_a_hint_that_was_changed_or_is_no_id_token_asks() {
    let mut house = house().await;
    let mut changed = house.tokens.id_token.clone();
    changed.insert(30, 'A');
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", house.tokens.id_token.split('.').nth(1).unwrap());
    for hint in [changed, unsigned, house.tokens.access_token.clone(), "x".to_owned()] {
        let ask = address(&[("id_token_hint", &hint), ("post_logout_redirect_uri", "https://forum.example/bye")]);
        let page = house.browser.get(&ask).await;
        assert_eq!((page.status, page.location()), (StatusCode::OK, None));
        assert!(house.is_signed_in().await);
    }
}

#[tokio::test]
async fn n2_an_expired_hint_is_believed_for_its_own_session_only() {
    let mut house = house().await;
    house.service.wait(3_000);
    let back = address(&[
        ("id_token_hint", &house.tokens.id_token),
        ("post_logout_redirect_uri", "https://forum.example/bye"),
    ]);
    let other = house.citizen.begin_session(&house.service).await;
    let mut elsewhere = house.service.browser();
    elsewhere.hold_session(other.token.expose());
    let page = elsewhere.get(&back).await;
    assert_eq!(page.status, StatusCode::OK, "another session is asked first");
    assert!(house.service.services.accounts.session(other.token.expose()).await.unwrap().is_some());
    let confirmed = page.field("back").unwrap();
    let reply = elsewhere.post_form(&page, "/end-session/confirmed", &[("back", &confirmed)]).await;
    assert_eq!(reply.location(), Some("https://forum.example/bye"), "vouched for by the hint");
    assert_eq!(house.browser.get(&back).await.location(), Some("https://forum.example/bye"));
    assert!(!house.is_signed_in().await);
}

#[tokio::test]
async fn n2_a_hint_for_one_forum_and_the_name_of_another_asks() {
    let mut house = house().await;
    let other = house.service.forum("other.example", "openid").await;
    let ask = address(&[
        ("id_token_hint", &house.tokens.id_token),
        ("client_id", other.id()),
        ("post_logout_redirect_uri", "https://other.example/bye"),
    ]);
    let page = house.browser.get(&ask).await;
    assert_eq!((page.status, page.location()), (StatusCode::OK, None));
    assert!(house.is_signed_in().await);
}

#[tokio::test]
async fn n3_only_a_registered_address_is_returned_to() {
    for uri in [
        "https://evil.example/",
        "https://forum.example/bye?x=1",
        "https://forum.example/bye/",
        "//evil.example",
        "javascript:alert(1)",
    ] {
        let mut house = house().await;
        let asked = address(&[("id_token_hint", &house.tokens.id_token), ("post_logout_redirect_uri", uri)]);
        let reply = house.browser.get(&asked).await;
        assert_eq!(reply.location(), None, "{uri}");
        assert!(!reply.text().contains(&format!("\"{uri}")), "{uri}: no link leads there");
    }
}

#[tokio::test]
async fn n4_a_confirmation_that_is_not_of_our_page_is_refused() {
    let mut house = house().await;
    let reply = house.browser.post("/end-session/confirmed", &[("back", "")]).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert!(house.is_signed_in().await);
    let page = house.browser.get("/end-session").await;
    let csrf = page.field("csrf").unwrap();
    let forged = "https://evil.example/";
    let reply = house.browser.post("/end-session/confirmed", &[("csrf", &csrf), ("back", forged)]).await;
    assert_eq!(reply.location(), None, "an address that we did not seal leads nowhere");
}

#[tokio::test]
async fn n4_a_picture_on_the_page_of_another_site_has_no_effect() {
    let house = house().await;
    // A browser sends no cookie that is `SameSite=Lax` with it: not even a hint that holds ends the session.
    for address in [house.back(), "/end-session".to_owned(), address(&[("client_id", house.forum.id())])] {
        let request = Request::get(&address).header("sec-fetch-site", "cross-site").header("sec-fetch-dest", "image");
        house.service.browser().send(request.body(Body::empty()).unwrap()).await;
        assert!(house.is_signed_in().await, "{address}");
        assert_eq!(house.browser.clone().userinfo(&house.tokens.access_token).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn n4_no_forum_ends_the_session_of_an_officer_unasked() {
    let house = house().await;
    let accounts = house.service.services.accounts.clone();
    let officer = accounts.prepare(Holder::Officer(RegistrarId::from_bytes([7; 16])));
    let (row, begin) = (officer.clone(), accounts.begin(Method::DeviceKey, "Firefox", None));
    let session = house.service.services.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            store::accounts::insert(tx, &row).await?;
            accounts.begin_session(tx, &row, &begin).await
        })
    });
    let session = session.await.unwrap();
    let mut counter = house.service.browser();
    counter.hold_session(session.token.expose());
    let page = counter.get(&house.back()).await;
    assert_eq!((page.status, page.location()), (StatusCode::OK, None));
    assert!(page.text().contains("Forum of forum.example"), "who asks: {}", page.text());
    let live = house.service.services.accounts.session(session.token.expose()).await.unwrap();
    assert!(live.is_some_and(|live| live.account == officer.id));
    let reply = house.service.browser().get(&house.back()).await;
    assert_eq!(reply.location(), Some("https://forum.example/bye"), "whoever is not signed in is taken back");
}

#[tokio::test]
async fn n1_a_forum_that_nothing_vouches_for_is_not_named() {
    let mut house = house().await;
    let id = house.forum.id().to_owned();
    let page = house.browser.get(&address(&[("client_id", &id)])).await;
    assert!(page.text().contains("id=\"sign-out\"") && !page.text().contains("Forum of"), "{}", page.text());
}

#[tokio::test]
async fn n3_a_disabled_forum_is_not_returned_to() {
    let mut house = house().await;
    let elsewhere = house.citizen.begin_session(&house.service).await;
    let mut other = house.service.browser();
    other.hold_session(elsewhere.token.expose());
    let page = other.get(&house.back()).await;
    assert!(house.service.services.clients.disable(&house.forum.client.id).await.unwrap());
    let back = page.field("back").unwrap();
    let reply = other.post_form(&page, "/end-session/confirmed", &[("back", &back)]).await;
    assert_eq!(reply.location(), None, "disabled while the page was open");
    let page = house.browser.get(&house.back()).await;
    assert_eq!((page.status, page.location()), (StatusCode::OK, None));
    assert!(house.is_signed_in().await, "asked first");
}

#[tokio::test]
async fn n7_the_session_has_another_name_in_every_forum() {
    let house = house().await;
    let other = house.service.forum("other.example", "openid").await;
    let mut browser = house.browser.clone();
    let request = other.request("openid");
    let answer = browser.authorize(&request, &Choices::all("Ajonc")).await;
    let tokens = other.tokens(&house.service, &request, &answer).await;
    let here = house.service.verified(&house.forum, &house.tokens.id_token).await;
    let there = house.service.verified(&other, &tokens.id_token).await;
    assert_ne!(here["sid"], there["sid"]);
    assert_ne!(here["sub"], there["sub"]);
}

#[tokio::test]
async fn n8_a_refresh_without_offline_access_does_not_outlive_the_session_and_one_with_it_does() {
    let house = house().await;
    let scope = "openid offline_access";
    let away = house.service.forum("away.example", scope).await;
    let mut browser = house.browser.clone();
    let request = away.request(scope);
    let answer = browser.authorize(&request, &Choices::all("Ajonc")).await;
    let tokens = away.tokens(&house.service, &request, &answer).await;
    house.service.services.accounts.sign_out(&house.session.signed_in).await.unwrap();
    assert!(house.tokens.refresh_token.is_none());
    let reply = away.refresh(&house.service, tokens.refresh_token.as_deref().unwrap()).await;
    assert_eq!(reply.status, StatusCode::OK, "it was granted for while the citizen is away");
}

#[tokio::test]
async fn the_cookie_of_the_session_is_ended_in_the_browser_too() {
    let mut house = house().await;
    let reply = house.browser.get(&address(&[("id_token_hint", &house.tokens.id_token)])).await;
    let cookies = reply.headers.get_all(header::SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap());
    assert!(cookies.into_iter().any(|cookie| cookie.starts_with("__Host-session=;") && cookie.contains("Max-Age=0")));
}
