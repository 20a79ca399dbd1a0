//! Forums that hear of it from the browser (OpenID Connect Front-Channel Logout 1.0), and where the browser goes then.

use axum::http::{StatusCode, header};
use heteronym::clients::Draft;
use url::Url;

use super::{House, eddsa};
use crate::harness::{Forum, Reply, Tokens};

fn with_page(host: &str, page: &str) -> Draft {
    Draft {
        redirect_uris: vec![format!("https://{host}/callback")],
        post_logout_redirect_uris: vec![format!("https://{host}/bye")],
        frontchannel_logout_uri: Some(format!("https://{host}{page}")),
        frontchannel_logout_session_required: true,
        ..eddsa()
    }
}

impl House {
    async fn visits(&mut self, draft: Draft, host: &str) -> (Forum, Tokens) {
        let forum = self.service.register(host, draft).await;
        let tokens = self.sign_in(&forum).await;
        (forum, tokens)
    }

    async fn sid(&self, (forum, tokens): &(Forum, Tokens)) -> String {
        self.service.verified(forum, &tokens.id_token).await["sid"].as_str().unwrap().to_owned()
    }
}

/// The addresses of the frames of a page.
fn frames(reply: &Reply) -> Vec<Url> {
    let text = reply.text();
    let sources = text.split("<iframe ").skip(1).map(|frame| frame.split_once("src=\"").unwrap().1);
    sources.map(|source| Url::parse(&source.split_once('"').unwrap().0.replace("&#38;", "&")).unwrap()).collect()
}

/// What the policy of a page lets into frames.
fn frame_sources(reply: &Reply) -> Option<&str> {
    let policy = reply.header(header::CONTENT_SECURITY_POLICY).unwrap();
    policy.split("; ").find_map(|directive| directive.strip_prefix("frame-src "))
}

fn end_session(params: &[(&str, &str)]) -> String {
    format!("/end-session?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish())
}

#[tokio::test]
async fn each_forum_gets_a_frame_with_issuer_and_its_own_sid_and_the_policy_names_just_these() {
    let mut house = House::open().await;
    let one = house.visits(with_page("one.example", "/gone?x=1"), "one.example").await;
    let other = house.visits(with_page("other.example:8443", "/gone"), "other.example:8443").await;
    house.visits(eddsa(), "without.example").await;
    let (here, there) = (house.sid(&one).await, house.sid(&other).await);
    let reply = house.sign_out().await;
    assert_eq!(reply.status, StatusCode::OK);
    let frames = frames(&reply);
    let expected = [
        format!("https://one.example/gone?x=1&iss=https%3A%2F%2Fid.example&sid={here}"),
        format!("https://other.example:8443/gone?iss=https%3A%2F%2Fid.example&sid={there}"),
    ];
    assert_eq!(frames.iter().map(Url::as_str).collect::<Vec<_>>(), expected);
    assert_ne!(here, there, "N7");
    assert_eq!(frame_sources(&reply), Some("https://one.example https://other.example:8443"));
    assert_eq!(reply.text().matches("sandbox=\"allow-scripts allow-same-origin\"").count(), 2);
    assert_eq!(reply.header(header::REFRESH), None, "it goes nowhere by itself");
    let again = house.browser.get("/sign-in").await;
    assert_eq!((frames_of(&again), frame_sources(&again)), (0, None), "no other page shows a frame");
}

fn frames_of(reply: &Reply) -> usize {
    frames(reply).len()
}

#[tokio::test]
async fn forums_have_time_to_load_before_the_browser_is_back() {
    let mut house = House::open().await;
    let forum = house.visits(with_page("forum.example", "/gone"), "forum.example").await;
    let state = "a&b=\"c\" <d> é / + %2F ".repeat(12);
    let params = [
        ("id_token_hint", forum.1.id_token.as_str()),
        ("post_logout_redirect_uri", "https://forum.example/bye"),
        ("state", state.as_str()),
    ];
    let reply = house.browser.get(&end_session(&params)).await;
    assert_eq!((reply.status, reply.location()), (StatusCode::OK, None));
    assert_eq!(frames(&reply).len(), 1);
    let (seconds, address) = reply.header(header::REFRESH).unwrap().split_once("; url=").unwrap();
    assert!(seconds.parse::<u32>().unwrap() >= 2, "{seconds}");
    let back = Url::parse(address).unwrap();
    assert_eq!(back.query_pairs().collect::<Vec<_>>(), [("state".into(), state.as_str().into())]);
    let text = reply.text();
    let link = text.split_once("id=\"onward\" href=\"").unwrap().1.split_once('"').unwrap().0;
    assert_eq!(link.replace("&#38;", "&"), address, "and a link, for who would not wait");
    assert!(!text.contains("/account"), "whoever is signed out has no account in the menu");
}

#[tokio::test]
async fn without_frames_the_browser_is_back_at_once() {
    let mut house = House::open().await;
    let forum = house.visits(eddsa(), "forum.example").await;
    let back = [("id_token_hint", &*forum.1.id_token), ("post_logout_redirect_uri", "https://forum.example/bye")];
    let reply = house.browser.get(&end_session(&back)).await;
    assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, Some("https://forum.example/bye")));
}

#[tokio::test]
async fn whoever_confirms_has_forums_told_as_well() {
    let mut house = House::open().await;
    house.visits(with_page("forum.example", "/gone"), "forum.example").await;
    let told = house.forum("told.example", eddsa()).await;
    let page = house.browser.get("/end-session").await;
    assert_eq!((frames_of(&page), told.receiver.count()), (0, 0), "nothing before the answer");
    let reply = house.browser.post_form(&page, "/end-session/confirmed", &[("back", "")]).await;
    assert_eq!((frames(&reply).len(), told.receiver.count()), (1, 1));
}

#[tokio::test]
async fn a_disabled_forum_is_given_no_frame() {
    let mut house = House::open().await;
    let forum = house.visits(with_page("forum.example", "/gone"), "forum.example").await;
    assert!(house.service.services.clients.disable(&forum.0.client.id).await.unwrap());
    let reply = house.sign_out().await;
    assert_eq!((reply.status, frames_of(&reply), frame_sources(&reply)), (StatusCode::OK, 0, None));
}

#[tokio::test]
async fn r44_the_same_request_by_post_is_sent_on_to_where_the_cookies_are() {
    let mut house = House::open().await;
    let forum = house.visits(eddsa(), "forum.example").await;
    let fields = [
        ("id_token_hint", &*forum.1.id_token),
        ("post_logout_redirect_uri", "https://forum.example/bye"),
        ("state", "s"),
    ];
    let mut stranger = house.service.browser();
    let sent_on = stranger.post("/end-session", &fields).await;
    assert_eq!(sent_on.status, StatusCode::SEE_OTHER);
    let reply = house.browser.get(sent_on.location().unwrap()).await;
    assert_eq!(reply.location(), Some("https://forum.example/bye?state=s"));
}

#[tokio::test]
async fn r44_a_wished_language_is_spoken_and_a_hint_at_who_it_is_is_not_believed() {
    let mut house = House::open().await;
    let page = house.browser.get("/end-session?ui_locales=fr-CA%20en&logout_hint=somebody").await;
    assert_eq!((page.status, page.header(header::CONTENT_LANGUAGE)), (StatusCode::OK, Some("fr")));
    assert!(page.text().contains("id=\"sign-out\""), "{}", page.text());
    let live = house.service.services.accounts.session(house.session.token.expose()).await.unwrap();
    assert!(live.is_some(), "asked first");
}
