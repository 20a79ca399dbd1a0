//! Polls: one voice per person.

use serde_json::json;

use super::browser::Browser;
use super::{DAY, House, lise};

async fn with_poll(house: &House, board: &str) -> Browser {
    let mut browser = house.signed_in("lise", lise()).await;
    browser.get(&format!("/b/{board}/new")).await;
    let fields =
        [("title", "Which project?"), ("body", "B"), ("options", "Trees\r\nFountain\r\n"), ("closes", "2026-11-30")];
    let page = browser.submit(&format!("/b/{board}/new"), &fields).await;
    assert!(page.text.contains("Open until 30 November 2026"), "{}", page.text);
    browser
}

#[tokio::test]
async fn a_person_has_one_voice_whatever_they_try() {
    let house = House::open().await;
    let mut browser = with_poll(&house, "open").await;
    let page = browser.submit("/t/1/vote", &[("option", "1")]).await;
    assert!(page.text.contains("Your voice is counted") && page.text.contains("1 voice"));
    assert!(!page.text.contains("name=\"option\""), "no second form");
    browser.submit("/t/1/vote", &[("option", "2")]).await;
    house.sign_in(&mut browser, "lise", json!({"name": "Another name", "heteronyms_per_person": 1})).await;
    browser.get("/t/1").await;
    browser.submit("/t/1/vote", &[("option", "2")]).await;
    browser.get("/me/leave").await;
    assert!(browser.post("/me/leave", &[]).await.text.contains("You have left"));
    house.sign_in(&mut browser, "lise", lise()).await;
    let page = browser.get("/t/1").await;
    assert!(page.text.contains("Your voice is counted"), "also after leaving and coming back");
    assert!(page.text.contains("1 voice") && page.text.contains("100 %"));
}

#[tokio::test]
async fn the_database_keeps_that_somebody_voted_and_not_what() {
    let house = House::open().await;
    let mut browser = with_poll(&house, "open").await;
    browser.submit("/t/1/vote", &[("option", "2")]).await;
    let stored = house.database().await;
    let voices: Vec<_> = stored.lines().filter(|line| line.starts_with("voices.")).collect();
    assert_eq!(voices.len(), 2, "{voices:?}");
    assert!(voices.iter().all(|line| !line.contains("lise")));
    let page = browser.get("/me").await;
    assert!(page.text.contains("Which project?") && !page.text.contains("Fountain"));
}

#[tokio::test]
async fn a_poll_takes_the_rule_of_its_board() {
    let house = House::open().await;
    with_poll(&house, "budget").await;
    let mut young =
        house.signed_in("young", json!({"name": "Y", "age_bracket": "Y18-24", "heteronyms_per_person": 1})).await;
    let page = young.get("/t/1").await;
    assert!(page.text.contains("you have shared “18–24”, which does not show it"), "{}", page.text);
    let refused = young.post("/t/1/vote", &[("option", "1")]).await;
    assert_eq!(refused.status, 403);
    assert!(!house.database().await.contains("voices."));
}

#[tokio::test]
async fn without_one_pseudonym_per_person_there_is_no_vote() {
    let house = House::open().await;
    with_poll(&house, "open").await;
    let mut two = house.signed_in("two", json!({"name": "Two", "heteronyms_per_person": 2})).await;
    let page = two.get("/t/1").await;
    assert!(page.text.contains("One person, one voice: Heteronym does not say"), "before it is tried: {}", page.text);
    assert!(!page.text.contains("name=\"option\""), "and no form is offered");
    let refused = two.post("/t/1/vote", &[("option", "1")]).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text.contains("One person, one voice"));
}

#[tokio::test]
async fn who_votes_or_writes_reads_from_when_what_is_known_of_them_is() {
    let house = House::open().await;
    let mut browser = with_poll(&house, "open").await;
    house.advance(DAY / 2);
    let as_of = "What is verified about you is as of your sign-in on 23 November 2026, at most seven days ago";
    let page = browser.get("/t/1").await.text;
    assert_eq!(page.matches(as_of).count(), 2, "at the vote and at the reply: {page}");
    assert!(browser.get("/b/open/new").await.text.contains(as_of));
    let me = browser.get("/me").await.text;
    assert!(me.contains("is as of this day, and is renewed at your next sign-in") && me.contains("seven days at most"));
    assert!(browser.get("/about").await.text.contains("when the person last signed in here"));
}

#[tokio::test]
async fn a_poll_that_has_ended_takes_no_voice_and_a_missing_choice_is_asked_for() {
    let house = House::open().await;
    let mut browser = with_poll(&house, "open").await;
    let page = browser.post("/t/1/vote", &[]).await;
    assert_eq!(page.status, 422);
    assert!(page.text.contains("Choose one of the answers"));
    assert_eq!(browser.post("/t/1/vote", &[("option", "9")]).await.status, 422);
    house.advance(8 * DAY);
    house.sign_in(&mut browser, "lise", lise()).await;
    assert!(browser.get("/t/1").await.text.contains("This poll has ended"));
    assert_eq!(browser.post("/t/1/vote", &[("option", "1")]).await.status, 422);
    assert!(!house.database().await.contains("voices."));
}
