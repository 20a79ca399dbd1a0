//! Section H of the hostile inputs, as far as the way in goes, and what else strangers try there.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use heteronym::http::server::Peer;

use super::*;

#[tokio::test]
async fn h2_a_session_set_before_the_sign_in_is_replaced() {
    let mut house = House::with_passphrase().await;
    let planted = "A".repeat(43);
    let mut browser = house.service.browser();
    browser.hold_session(&planted);
    let page = browser.get("/sign-in").await;
    let login = house.login();
    let done = browser.post_form(&page, "/sign-in", &[("login", &login), ("passphrase", PASSPHRASE)]).await;
    assert_eq!(done.status, 303);
    assert!(is_in(&browser).await && browser.cookies.values().all(|value| *value != planted));
    // A sign-in of somebody who is signed in ends the session that was there.
    let before = house.browser.clone();
    let page = house.browser.get("/account/access").await;
    let fields = [("login", login.as_str()), ("passphrase", PASSPHRASE)];
    assert_eq!(house.browser.post_form(&page, "/sign-in", &fields).await.status, 303);
    assert!(!is_in(&before).await && is_in(&house.browser).await);
}

#[tokio::test]
async fn h3_a_form_of_one_browser_is_worth_nothing_in_another() {
    let mut house = House::with_passphrase().await;
    let mut other = house.elsewhere().await;
    let page = other.get("/account/access").await;
    for path in
        ["/sign-out", "/account/access/codes", "/account/access/end-others", "/account/access/remove-passphrase"]
    {
        let reply = house.browser.post_form(&page, path, &[]).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert!(is_in(&house.browser).await && is_in(&other).await);
}

#[tokio::test]
async fn h4_a_form_of_another_site_is_refused_and_does_nothing() {
    let mut house = House::with_passphrase().await;
    let page = house.browser.get("/account/access").await;
    let csrf = page.field("csrf").unwrap();
    for (name, value) in [
        (header::ORIGIN, "null"),
        (header::ORIGIN, "https://evil.example"),
        (header::HeaderName::from_static("sec-fetch-site"), "cross-site"),
        (header::HeaderName::from_static("sec-fetch-site"), "same-site"),
    ] {
        for path in ["/sign-out", "/account/access/end-others", "/account/access/codes"] {
            let request = Request::post(path)
                .header(name.clone(), value)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Body::from(format!("csrf={csrf}")));
            let reply = house.browser.send(request.unwrap()).await;
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{path} with {name}: {value}");
        }
    }
    assert!(is_in(&house.browser).await);
}

#[tokio::test]
async fn h6_what_was_opened_in_one_browser_opens_nothing_in_another() {
    let mut house = House::new().await;
    let opened = house.enter_code(&house.code.grouped()).await;
    let mut other = house.service.browser();
    let page = other.get("/activate").await;
    let fields = with_passphrase(&opened);
    let reply = other.post_form(&page, "/activate/passphrase", &fields).await;
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("Please start again"), "{}", reply.text());
    let options = other.post_json(&page, "/activate/options", &serde_json::json!({"opened": fields[0].1})).await;
    assert_eq!(options.status, 400);
    assert_eq!(house.browser.post_form(&opened, "/activate/passphrase", &fields).await.status, 303, "not spent");
}

#[tokio::test]
async fn h9_no_link_decides_where_a_sign_in_leads() {
    let house = House::with_passphrase().await;
    for evil in
        ["//evil.example", "/\\evil.example", "https://evil.example", "https:evil", "/x\r\nLocation: https://evil", ""]
    {
        let mut browser = house.service.browser();
        let page = browser.get("/sign-in").await;
        let login = house.login();
        let fields = [("login", login.as_str()), ("passphrase", PASSPHRASE), ("return", evil)];
        let done = browser.post_form(&page, "/sign-in", &fields).await;
        assert_eq!((done.status.as_u16(), done.location()), (303, Some("/account")), "{evil}");
    }
}

#[tokio::test]
async fn h12_what_was_signed_out_in_one_window_is_refused_in_the_other() {
    let mut house = House::with_passphrase().await;
    let mut window = house.browser.clone();
    let open = window.get("/account/access").await;
    let page = house.browser.get("/account/access").await;
    house.browser.post_form(&page, "/sign-out", &[]).await;
    let reply = window.post_form(&open, "/account/access/codes", &[]).await;
    assert_eq!(reply.location(), Some("/sign-in"), "{}", reply.text());
    assert!(open.header("cache-control").unwrap().contains("no-store"), "the way back shows no old page");
}

#[tokio::test]
async fn h14_one_address_is_slowed_down_and_others_are_not() {
    let house = House::new().await;
    let post = |address: u8| {
        let client = IpAddr::V4(Ipv4Addr::new(192, 0, 2, address));
        let mut request = Request::post("/sign-in").body(Body::empty()).unwrap();
        request.extensions_mut().insert(Peer { socket: SocketAddr::new(client, 1), client });
        request
    };
    let mut browser = house.service.browser();
    let mut last = StatusCode::OK;
    for _ in 0..400 {
        last = browser.send(post(1)).await.status;
        if last == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    assert_ne!(browser.send(post(2)).await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn i7_nobody_removes_a_passkey_or_ends_a_session_of_somebody_else() {
    let mut house = House::with_passphrase().await;
    let page = house.browser.get("/account/access").await;
    let done = register(&mut house.browser, &mut Authenticator::key(), &page, "/account/access").await;
    let theirs = house.browser.get(done.location().unwrap()).await.field("id").unwrap();

    let neighbour = house.service.arnaud().await;
    let mut browser = house.service.browser();
    browser.sign_in(&house.service, &neighbour).await;
    let page = browser.get("/account/access").await;
    for (path, id) in [
        ("/account/access/remove-passkey", theirs.as_str()),
        ("/account/access/remove-passkey", "!!"),
        ("/account/access/end-session", "AAAAAAAAAAAAAAAAAAAAAA"),
    ] {
        assert_eq!(browser.post_form(&page, path, &[("id", id)]).await.status, 404, "{path} {id}");
    }
    assert!(house.browser.get("/account/access").await.text().contains(&theirs));
}

#[tokio::test]
async fn a_form_without_its_passkey_says_so_on_the_same_page() {
    let mut house = House::new().await;
    let page = house.browser.get("/sign-in").await;
    for credential in ["", "{}", "[[[[", "null"] {
        let reply = house.browser.post_form(&page, "/sign-in/passkey", &[("credential", credential)]).await;
        assert_eq!(reply.status, 400);
        assert!(
            reply.text().contains("id=\"by-passphrase\"") && reply.text().contains("does not fit"),
            "{}",
            reply.text()
        );
    }
}
