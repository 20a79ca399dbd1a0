//! Reports, measures and sanctions; a sanction goes by `sub`.

use serde_json::json;

use super::{DAY, House, browser::Browser, lise};

/// A forum with a moderator, and a member who has written one topic.
async fn house() -> (House, Browser, Browser) {
    let house = House::open().await;
    let mut moderator = house.signed_in("judge", json!({"name": "Judge", "name_audience": "public"})).await;
    moderator.get("/moderation").await;
    let code = house.forum.first_moderator_code().unwrap();
    moderator.submit("/moderation/claim", &[("code", &code)]).await;
    let mut member = house.signed_in("lise", lise()).await;
    member.get("/b/open/new").await;
    member.submit("/b/open/new", &[("title", "T"), ("body", "bad words")]).await;
    (house, moderator, member)
}

#[tokio::test]
async fn the_first_code_makes_one_moderator_and_no_other() {
    let house = House::open().await;
    let code = house.forum.first_moderator_code().unwrap();
    let mut one = house.signed_in("one", lise()).await;
    assert!(one.get("/moderation").await.text.contains("no moderator yet"));
    let wrong = one.post("/moderation/claim", &[("code", "wrong")]).await;
    assert_eq!(wrong.status, 422);
    assert!(one.submit("/moderation/claim", &[("code", &code)]).await.text.contains("No open report"));
    assert_eq!(house.forum.first_moderator_code(), None);
    let mut two = house.signed_in("two", lise()).await;
    assert_eq!(two.get("/moderation").await.status, 404, "to others the page is not there");
    two.get("/").await;
    assert_eq!(two.post("/moderation/claim", &[("code", &code)]).await.status, 422);
}

#[tokio::test]
async fn moderators_named_in_the_configuration_need_no_code() {
    let house = House::open_with(|config| _ = config.moderators.insert("judge".into())).await;
    assert_eq!(house.forum.first_moderator_code(), None);
    let mut judge = house.signed_in("judge", lise()).await;
    assert_eq!(judge.get("/moderation").await.status, 200);
}

#[tokio::test]
async fn a_report_is_seen_and_the_message_is_hidden_with_a_reason() {
    let (house, mut moderator, mut member) = house().await;
    let mut reader = house.signed_in("reader", json!({"name": "Reader"})).await;
    assert!(reader.get("/p/1/report").await.text.contains("bad words"));
    assert!(reader.post("/p/1/report", &[("reason", "insults")]).await.text.contains("Thank you"));
    let list = moderator.get("/moderation").await.text;
    assert!(list.contains("insults") && list.contains("bad words") && list.contains("1 report"));
    let page = moderator.submit("/p/1/moderate", &[("measure", "hide"), ("reason", "insulting")]).await;
    assert!(page.text.contains("A moderator has hidden this message"));
    for browser in [&mut member, &mut reader, &mut house.browser()] {
        let page = browser.get("/t/1").await.text;
        assert!(page.contains("has hidden this message") && !page.contains("bad words"));
    }
    let list = moderator.get("/moderation").await.text;
    assert!(list.contains("No open report") && list.contains("insulting") && list.contains("Judge"));
    moderator.submit("/p/1/moderate", &[("measure", "show"), ("reason", "appeal")]).await;
    assert!(member.get("/t/1").await.text.contains("bad words"));
}

#[tokio::test]
async fn a_muted_member_reads_and_does_not_write_until_the_day() {
    let (house, mut moderator, mut member) = house().await;
    let page = moderator.submit("/m/2/sanction", &[("kind", "mute"), ("days", "3"), ("reason", "calm down")]).await;
    assert!(page.text.contains("calm down"));
    let page = member.get("/t/1").await.text;
    assert!(page.contains("paused your writing until 26 November 2026") && page.contains("calm down"));
    assert!(!page.contains("/t/1/reply"));
    let refused = member.post("/t/1/reply", &[("body", "B")]).await;
    assert_eq!(refused.status, 403);
    assert!(member.get("/me").await.text.contains("Your writing was paused"));
    house.advance(3 * DAY);
    house.sign_in(&mut member, "lise", lise()).await;
    member.get("/t/1").await;
    assert_eq!(member.post("/t/1/reply", &[("body", "B")]).await.status, 303);
}

#[tokio::test]
async fn a_ban_survives_a_new_display_name_and_leaving() {
    let (house, mut moderator, mut member) = house().await;
    moderator.get("/m/2").await;
    moderator.submit("/m/2/sanction", &[("kind", "ban"), ("days", ""), ("reason", "insults")]).await;
    let mut renamed = lise();
    renamed["name"] = json!("Innocent");
    house.sign_in(&mut member, "lise", renamed.clone()).await;
    assert!(member.get("/").await.text.contains("You are banned from this forum"));
    let refused = member.post("/b/open/new", &[("title", "T"), ("body", "B")]).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text.contains("insults"));
    assert_eq!(member.get("/me").await.status, 200, "the right to see what is stored stays");
    member.get("/me/leave").await;
    member.post("/me/leave", &[]).await;
    assert!(!house.database().await.contains("'lise'"), "nothing names who has left");
    house.sign_in(&mut member, "lise", renamed).await;
    assert_eq!(member.get("/b/open/new").await.status, 403, "after leaving and coming back");
    let document: serde_json::Value = serde_json::from_str(&member.get("/me.json").await.text).unwrap();
    let path = format!("/m/{}", document["member"]);
    moderator.get(&path).await;
    moderator.submit(&format!("{path}/sanction"), &[("kind", "pardon"), ("reason", "appeal granted")]).await;
    assert_eq!(member.get("/b/open/new").await.status, 200);
}

#[tokio::test]
async fn a_banned_member_sees_names_as_a_guest_does() {
    let (house, mut moderator, _) = house().await;
    let mut other = house.signed_in("other", json!({"name": "Other"})).await;
    assert!(other.get("/t/1").await.text.contains("Lise du Rocher"));
    moderator.get("/m/3").await;
    moderator.submit("/m/3/sanction", &[("kind", "ban"), ("reason", "r")]).await;
    assert!(!other.get("/t/1").await.text.contains("Lise du Rocher"));
}

#[tokio::test]
async fn only_moderators_moderate_and_each_measure_needs_a_reason() {
    let (house, mut moderator, mut member) = house().await;
    member.get("/t/1").await;
    for (path, fields) in [
        ("/p/1/moderate", [("measure", "hide"), ("reason", "r")]),
        ("/t/1/moderate", [("measure", "close"), ("reason", "r")]),
        ("/m/1/sanction", [("kind", "ban"), ("reason", "r")]),
    ] {
        assert_eq!(member.post(path, &fields).await.status, 404, "{path}");
    }
    assert_eq!(member.get("/m/1").await.status, 404);
    moderator.get("/t/1").await;
    assert_eq!(moderator.post("/t/1/moderate", &[("measure", "close"), ("reason", " ")]).await.status, 422);
    assert_eq!(moderator.post("/m/2/sanction", &[("kind", "ban"), ("reason", "")]).await.status, 422);
    assert_eq!(moderator.post("/m/1/sanction", &[("kind", "ban"), ("reason", "me")]).await.status, 403);
    assert!(!house.database().await.contains("audit."));
}

#[tokio::test]
async fn a_closed_topic_takes_no_reply_and_a_hidden_one_is_gone() {
    let (_house, mut moderator, mut member) = house().await;
    moderator.get("/t/1").await;
    moderator.submit("/t/1/moderate", &[("measure", "close"), ("reason", "done")]).await;
    let late = member.post("/t/1/reply", &[("body", "late words")]).await;
    assert_eq!(late.status, 409);
    assert!(late.text.contains("late words"), "what was written is not lost");
    assert!(member.get("/b/open").await.text.contains("Closed"));
    moderator.submit("/t/1/moderate", &[("measure", "hide"), ("reason", "spam")]).await;
    assert_eq!(member.get("/t/1").await.status, 404);
    assert!(!member.get("/b/open").await.text.contains("/t/1"));
}
