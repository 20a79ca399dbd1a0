//! Nothing that somebody typed is lost, whatever happened while they wrote.

use serde_json::json;

use super::{DAY, House, MINUTE, browser::Browser, lise};

/// A forum with one topic, and its author in front of it.
async fn house(board: &str) -> (House, Browser) {
    let house = House::open().await;
    let mut browser = house.signed_in("lise", lise()).await;
    browser.get(&format!("/b/{board}/new")).await;
    browser.submit(&format!("/b/{board}/new"), &[("title", "T"), ("body", "B")]).await;
    (house, browser)
}

/// The text in the field for the message, and whether it can be changed and sent.
fn kept(page: &str) -> (String, bool) {
    let (_, field) = page.split_once("<textarea id=\"body\"").unwrap_or_else(|| panic!("{page}"));
    let (attributes, rest) = field.split_once('>').unwrap();
    (rest.split_once("</textarea>").unwrap().0.to_owned(), !attributes.contains("readonly"))
}

const WORDS: &str = "an hour of work";

#[tokio::test]
async fn who_writes_too_fast_finds_the_text_in_the_form_and_when_to_send_it() {
    let (house, mut browser) = house("open").await;
    for i in 1..20 {
        browser.submit("/t/1/reply", &[("body", &i.to_string())]).await;
    }
    let page = browser.post("/t/1/reply", &[("body", WORDS)]).await;
    assert_eq!((page.status, page.headers["retry-after"].to_str().unwrap()), (429, "600"));
    assert_eq!(kept(&page.text), (WORDS.to_owned(), true));
    assert!(page.text.contains("Wait ten minutes, then send it."), "{}", page.text);
    house.advance(11 * MINUTE);
    assert!(browser.submit("/t/1/reply", &[("body", WORDS)]).await.text.contains(WORDS));
}

#[tokio::test]
async fn a_topic_refused_for_haste_keeps_title_text_and_poll() {
    let (_house, mut browser) = house("open").await;
    for i in 1..20 {
        browser.submit("/t/1/reply", &[("body", &i.to_string())]).await;
    }
    let fields = [("title", "My title"), ("body", WORDS), ("options", "Trees\nFountain"), ("closes", "2026-11-30")];
    let page = browser.post("/b/open/new", &fields).await;
    assert_eq!((page.status, page.headers["retry-after"].to_str().unwrap()), (429, "600"));
    assert_eq!(kept(&page.text), (WORDS.to_owned(), true));
    for held in ["value=\"My title\"", "Trees\nFountain", "value=\"2026-11-30\"", "<details class=\"card\" open>"] {
        assert!(page.text.contains(held), "{held}: {}", page.text);
    }
}

#[tokio::test]
async fn who_was_signed_out_meanwhile_signs_in_beside_and_sends_the_same_form() {
    for (form, fields) in [
        ("/t/1/reply", vec![("body", WORDS)]),
        ("/b/open/new", vec![("title", "My title"), ("body", WORDS)]),
        ("/p/1/edit", vec![("body", WORDS)]),
    ] {
        let (house, mut browser) = house("open").await;
        house.advance(2 * MINUTE);
        browser.get("/t/1").await;
        let session = browser.cookies["place-session"].clone();
        // Signed out at the forum's end, while the browser still holds its cookie; and without it.
        for cookie in [Some(session), None] {
            house.browser_signs_out(&mut browser).await;
            match cookie {
                Some(cookie) => _ = browser.cookies.insert("place-session".to_owned(), cookie),
                None => _ = browser.cookies.remove("place-session"),
            }
            let page = browser.post(form, &fields).await;
            assert_eq!(page.status, 403, "{form}");
            assert_eq!(kept(&page.text), (WORDS.to_owned(), true), "{form}");
            assert!(page.text.contains("your session has ended") && page.text.contains("in a new tab"), "{form}");
            assert!(page.text.contains("target=\"_blank\" rel=\"nofollow noopener\""), "{form}");
            assert!(!page.text.contains("You write as"), "{form}");
        }
        assert!(!house.database().await.contains(WORDS), "nothing was written for a stranger");
        let csrf = browser.csrf.clone();
        house.sign_in(&mut browser, "lise", lise()).await;
        browser.csrf = csrf;
        let page = browser.post(form, &fields).await;
        assert_eq!((page.status, kept(&page.text)), (403, (WORDS.to_owned(), true)), "{form}");
        assert!(page.text.contains("somebody signed in or out in this browser"), "{form}: {}", page.text);
        assert_eq!(browser.post(form, &fields).await.status, 303, "{form}");
        assert!(house.database().await.contains(WORDS), "{form}");
    }
}

#[tokio::test]
async fn who_shares_less_meanwhile_keeps_the_text_and_reads_what_is_missing() {
    let (house, mut browser) = house("budget").await;
    browser.get("/t/1").await;
    house.sign_in(&mut browser, "lise", json!({"name": "Lise"})).await;
    for (path, fields) in
        [("/t/1/reply", vec![("body", WORDS)]), ("/b/budget/new", vec![("title", "My title"), ("body", WORDS)])]
    {
        browser.get("/").await;
        let page = browser.post(path, &fields).await;
        assert_eq!((page.status, kept(&page.text)), (403, (WORDS.to_owned(), true)), "{path}");
        assert!(page.text.contains("a quality that you no longer share"), "{path}");
        assert!(page.text.contains("you have not shared your area"), "{path}");
        assert!(page.text.contains("share=1\" target=\"_blank\""), "{path}: {}", page.text);
    }
}

#[tokio::test]
async fn who_is_muted_while_writing_can_copy_the_text_and_not_send_it() {
    let (house, mut browser) = house("open").await;
    let mut judge = house.signed_in("judge", lise()).await;
    judge.get("/moderation").await;
    let code = house.forum.first_moderator_code().unwrap();
    judge.submit("/moderation/claim", &[("code", &code)]).await;
    browser.get("/t/1").await;
    judge.submit("/m/1/sanction", &[("kind", "mute"), ("days", "3"), ("reason", "calm down")]).await;
    let page = browser.post("/t/1/reply", &[("body", WORDS)]).await;
    assert_eq!((page.status, kept(&page.text)), (403, (WORDS.to_owned(), false)));
    assert!(page.text.contains("calm down") && page.text.contains("to copy"));
    let page = browser.post("/b/open/new", &[("title", "My title"), ("body", WORDS)]).await;
    assert_eq!((page.status, kept(&page.text).0.as_str()), (403, WORDS));
    assert!(page.text.contains("calm down"));
}

#[tokio::test]
async fn a_reply_to_what_was_closed_or_hidden_meanwhile_can_be_copied() {
    let (house, mut browser) = house("open").await;
    let mut judge = house.signed_in("judge", lise()).await;
    judge.get("/moderation").await;
    let code = house.forum.first_moderator_code().unwrap();
    judge.submit("/moderation/claim", &[("code", &code)]).await;
    judge.submit("/t/1/moderate", &[("measure", "close"), ("reason", "done")]).await;
    browser.get("/b/open/new").await;
    let page = browser.post("/t/1/reply", &[("body", WORDS)]).await;
    assert_eq!((page.status, kept(&page.text)), (409, (WORDS.to_owned(), false)));
    judge.submit("/t/1/moderate", &[("measure", "hide"), ("reason", "spam")]).await;
    for (path, fields) in
        [("/t/1/reply", [("body", WORDS)]), ("/p/1/edit", [("body", WORDS)]), ("/p/1/report", [("reason", WORDS)])]
    {
        let page = browser.post(path, &fields).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(page.text.contains("a moderator has hidden it meanwhile"), "{path}");
        assert!(page.text.contains(&format!("readonly>{WORDS}</textarea>")), "{path}: {}", page.text);
    }
}

#[tokio::test]
async fn a_form_that_no_page_of_ours_sent_is_not_even_shown() {
    let (_house, mut browser) = house("open").await;
    browser.csrf.clear();
    browser.origin = Some("https://evil.example");
    let page = browser.post("/t/1/reply", &[("body", WORDS)]).await;
    assert!(page.status == 403 && !page.text.contains(WORDS), "{}", page.text);
    browser.origin = None;
    let page = browser.post("/t/1/reply", &[("body", WORDS)]).await;
    assert!(page.status == 403 && !page.text.contains(WORDS), "a browser that says nothing proves nothing");
}

#[tokio::test]
async fn a_form_that_is_open_while_the_forum_is_started_again_is_taken() {
    let (house, mut browser) = house("open").await;
    browser.get("/t/1").await;
    let house = house.restarted().await;
    browser.moves_to(house.forum.router());
    let page = browser.post("/t/1/reply", &[("body", WORDS)]).await;
    assert_eq!(page.status, 303, "{}", page.text);
}

#[tokio::test]
async fn a_week_passes_and_nothing_typed_is_lost() {
    let (house, mut browser) = house("open").await;
    browser.get("/t/1").await;
    house.advance(8 * DAY);
    let page = browser.post("/t/1/reply", &[("body", WORDS)]).await;
    assert_eq!((page.status, kept(&page.text)), (403, (WORDS.to_owned(), true)));
}
