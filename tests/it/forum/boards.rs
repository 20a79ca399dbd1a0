//! Topics, replies, rules, names and badges.

use heteronym::forum::Sample;
use serde_json::json;

use super::{House, MINUTE, ORIGIN, lise};

fn public(name: &str, indexable: bool) -> serde_json::Value {
    json!({"name": name, "name_audience": "public", "indexable": indexable, "age_bracket": "Y_GE80"})
}

#[tokio::test]
async fn a_member_starts_a_topic_and_another_replies() {
    let house = House::open().await;
    let mut lise_browser = house.signed_in("lise", lise()).await;
    lise_browser.get("/b/open/new").await;
    let topic = lise_browser
        .submit(
            "/b/open/new",
            &[("title", "Trees & <b>shade</b>"), ("body", "See https://voiron.example/plan.\n\nThanks")],
        )
        .await;
    assert!(topic.text.contains("Trees &#38; &#60;b&#62;shade") || topic.text.contains("Trees &amp; &lt;b&gt;shade"));
    assert!(
        topic.text.contains(r#"<a href="https://voiron.example/plan" rel="nofollow noopener ugc">"#),
        "{}",
        topic.text
    );
    assert!(topic.text.contains("30–39 · Isère · verified"));
    assert!(topic.text.contains("Verified by Heteronym.") && topic.text.contains("As of 2026."));
    let mut old = house.signed_in("old", public("Vieux Frêne", true)).await;
    assert!(old.get("/t/1").await.text.contains("Lise du Rocher"), "members see the name");
    let page = old.submit("/t/1/reply", &[("body", "Plant\r\nthem")]).await;
    assert!(page.text.contains("Plant<br>them") && page.text.contains("80 and over · verified"));
    assert!(old.get("/").await.text.contains("1 reply"));
}

#[tokio::test]
async fn who_lacks_a_quality_reads_what_is_missing_and_how_to_share_it() {
    let house = House::open().await;
    let mut browser =
        house.signed_in("anon", json!({"name": "Anon", "residence": "FR-69", "residence_label": "Rhône"})).await;
    let page = browser.get("/b/budget/new").await;
    assert_eq!(page.status, 403);
    assert!(page.text.contains("Resident of Isère (FR-38): you have shared “Rhône”."), "{}", page.text);
    assert!(page.text.contains("18 or over: you have not shared your age bracket"));
    assert!(page.text.contains("Sharing more would not change this"));
    house.sign_in(&mut browser, "anon", json!({"name": "Anon"})).await;
    let page = browser.get("/b/budget/new").await;
    assert!(page.text.contains("you have not shared your area"));
    assert!(
        page.text.contains("/sign-in?goal=%2Fb%2Fbudget%2Fnew&#38;share=1") || page.text.contains("&amp;share=1"),
        "{}",
        page.text
    );
    browser.get("/").await;
    let posted = browser.post("/b/budget/new", &[("title", "T"), ("body", "B")]).await;
    assert_eq!(posted.status, 403, "the form sent by hand is refused as well");
    assert!(!house.database().await.contains("topics."));
    house.sign_in(&mut browser, "anon", lise()).await;
    assert_eq!(browser.get("/b/budget/new").await.status, 200, "after sharing");
}

#[tokio::test]
async fn a_guest_is_led_to_sign_in_and_back() {
    let house = House::open().await;
    let answer = house.browser().get("/b/open/new").await;
    assert_eq!((answer.status, answer.location()), (303, "/sign-in?goal=%2Fb%2Fopen%2Fnew"));
}

#[tokio::test]
async fn a_name_for_members_is_a_member_to_guests_and_the_page_is_not_for_search_engines() {
    let house = House::open().await;
    let mut hidden = house.signed_in("lise", lise()).await;
    hidden.get("/b/open/new").await;
    hidden.submit("/b/open/new", &[("title", "T"), ("body", "B")]).await;
    let mut guest = house.browser();
    for path in ["/t/1", "/b/open", "/"] {
        let page = guest.get(path).await;
        assert!(page.text.contains("a member") && !page.text.contains("Lise"), "{path}");
        assert!(!page.is_for_search_engines(), "{path}");
    }
    assert!(guest.get("/b/news").await.is_for_search_engines(), "no name stands there");
    guest.language = "fr";
    assert!(guest.get("/t/1").await.text.contains("un membre"));
}

#[tokio::test]
async fn a_page_is_for_search_engines_when_every_name_on_it_is() {
    let house = House::open().await;
    let mut one = house.signed_in("one", public("Vieux Frêne", true)).await;
    one.get("/b/open/new").await;
    one.submit("/b/open/new", &[("title", "T"), ("body", "B")]).await;
    let mut guest = house.browser();
    let page = guest.get("/t/1").await;
    assert!(page.is_for_search_engines() && page.text.contains("Vieux Frêne"));
    let mut two = house.signed_in("two", public("La Morge", false)).await;
    two.get("/t/1").await;
    two.submit("/t/1/reply", &[("body", "me too")]).await;
    let page = guest.get("/t/1").await;
    assert!(page.text.contains("La Morge"), "public, though not indexable");
    assert!(!page.is_for_search_engines());
}

#[tokio::test]
async fn a_text_that_is_empty_or_too_long_comes_back_with_what_was_written() {
    let house = House::open().await;
    let mut browser = house.signed_in("lise", lise()).await;
    browser.get("/b/open/new").await;
    let long = "x".repeat(5_001);
    for (title, body, says) in [
        (" ", "kept", "Title: write something"),
        ("T", "\u{200E} ", "Message: write something"),
        ("T", long.as_str(), "Message: at most 5000 characters"),
    ] {
        let page = browser.post("/b/open/new", &[("title", title), ("body", body)]).await;
        assert_eq!(page.status, 422);
        assert!(page.text.contains(says) && page.text.contains(body.trim()), "{says}");
    }
    browser.submit("/b/open/new", &[("title", "T"), ("body", "B")]).await;
    let page = browser.post("/t/1/reply", &[("body", &long)]).await;
    assert_eq!(page.status, 422);
    assert!(page.text.contains("at most 5000 characters") && page.text.contains(&long));
}

#[tokio::test]
async fn a_message_is_corrected_by_its_author_within_ten_minutes() {
    let house = House::open().await;
    let mut browser = house.signed_in("lise", lise()).await;
    browser.get("/b/open/new").await;
    browser.submit("/b/open/new", &[("title", "T"), ("body", "frist")]).await;
    house.advance(9 * MINUTE);
    assert!(browser.get("/t/1").await.text.contains("/p/1/edit"));
    assert!(browser.get("/p/1/edit").await.text.contains("frist"));
    let page = browser.submit("/p/1/edit", &[("body", "first")]).await;
    assert!(page.text.contains("first") && page.text.contains("corrected"));
    let mut other = house.signed_in("other", lise()).await;
    assert_eq!(other.get("/p/1/edit").await.status, 404, "not another's");
    house.advance(MINUTE);
    browser.get("/").await;
    let late = browser.post("/p/1/edit", &[("body", "late")]).await;
    assert_eq!(late.status, 409);
    assert!(late.text.contains("ten minutes") && late.text.contains("late"));
}

#[tokio::test]
async fn a_form_from_elsewhere_is_refused() {
    let house = House::open().await;
    let mut browser = house.signed_in("lise", lise()).await;
    let mut other = house.signed_in("other", lise()).await;
    other.get("/b/open/new").await;
    let foreign = other.post("/b/open/new", &[("title", "T"), ("body", "B")]).await;
    assert_eq!(foreign.status, 303);
    let answer = browser.post("/b/open/new", &[("title", "T"), ("body", "B")]).await;
    assert_eq!(answer.status, 403, "no page of ours was opened in this browser");
}

#[tokio::test]
async fn a_topic_of_many_messages_has_pages_and_a_message_its_lasting_address() {
    let house = House::open().await;
    let mut browser = house.signed_in("lise", lise()).await;
    browser.get("/b/open/new").await;
    browser.submit("/b/open/new", &[("title", "T"), ("body", "message 0")]).await;
    for i in 1..=20 {
        house.advance(11 * MINUTE);
        browser.get("/t/1").await;
        browser.submit("/t/1/reply", &[("body", &format!("message {i}"))]).await;
    }
    let last = browser.get("/t/1?page=2").await.text;
    assert!(last.contains("message 20") && !last.contains("message 19") && last.contains("Page 2 of 2"));
    assert_eq!(browser.get("/p/21").await.location(), "/t/1?page=2#p21");
    for odd in ["/t/1?page=0", "/t/1?page=-5", "/t/1?page=999999999999"] {
        assert_eq!(browser.get(odd).await.status, 200, "{odd}");
    }
    for missing in ["/t/2", "/t/x", "/b/nowhere", "/p/99", "/nothing"] {
        assert!([400, 404].contains(&browser.get(missing).await.status), "{missing}");
    }
}

#[tokio::test]
async fn the_pages_have_no_script_and_stay_small() {
    let sample = Sample::Place;
    let house = House::open_with(|config| {
        config.boards = sample.config(&config.issuer, "place", ORIGIN).unwrap().boards;
    })
    .await;
    house.forum.seed(sample).await.unwrap();
    let mut browser = house.signed_in("lise", lise()).await;
    for path in ["/", "/b/budget", "/t/1", "/me", "/about", "/me/leave"] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(
            !page.text.contains("<script") && !page.text.contains("style=\"") && !page.text.contains(" onclick"),
            "{path}"
        );
        assert!(page.text.len() <= 50_000, "{path}: {}", page.text.len());
        assert!(page.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
        assert_eq!(page.headers["cache-control"], "no-store");
    }
    let robots = browser.get("/robots.txt").await.text;
    assert!(robots.contains("Disallow: /sign-in"));
}
