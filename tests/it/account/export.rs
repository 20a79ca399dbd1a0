//! The export: everything that is kept and can be read, in one file, for its person alone.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use heteronym::web::shared::Return;
use serde_json::{Value, json};

use super::House;
use crate::harness::{Choices, Forum, Service};

#[tokio::test]
async fn the_file_holds_everything_that_is_kept_and_can_be_read() {
    let mut house = House::open().await;
    let quiet = house.service.forum("quiet.example", "openid").await;
    let request = quiet.request("openid");
    let answer = house.browser.authorize(&request, &Choices::all("Ajonc")).await;
    let tokens = quiet.tokens(&house.service, &request, &answer).await;
    let elsewhere = house.service.told(&tokens).await["sub"].clone();
    let reply = house.browser.get("/account/export").await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.header(header::CONTENT_TYPE), Some("application/json"));
    assert_eq!(reply.header(header::CONTENT_DISPOSITION), Some("attachment; filename=\"heteronym-export.json\""));
    assert_eq!(reply.header(header::CACHE_CONTROL), Some("no-store"));
    let mut document = reply.json();
    let comment = document["comment"].take();
    assert!(comment.as_str().unwrap().contains("whoever has this file can join this person’s pseudonyms"), "{comment}");
    let subjects = [house.subject().await.into(), elsewhere];
    let mut expected = expected(&house, &quiet, subjects);
    // Agreed to in the same instant: in any order.
    if document["pseudonyms"][0]["name"] == "Ajonc" {
        expected["pseudonyms"].as_array_mut().unwrap().reverse();
    }
    assert_eq!(document, expected);
}

/// The document of a citizen who agreed to all but one quality in one forum, and to nothing in the other.
fn expected(house: &House, quiet: &Forum, subjects: [Value; 2]) -> Value {
    let [here, there] = subjects;
    let everything = json!(["age_bracket", "age_over_18", "residence", "roles"]);
    let shown = json!({ "age_bracket": "Y30-39", "age_over_18": true, "residence": "FR-38", "roles": ["agent"] });
    let given = json!({
        "agreed_at": "2026-06-15T10:00:00Z", "withdrawn_on": null, "agreed": everything, "declined": ["sex"],
        "shown": shown, "residence_level": "departement", "names": true, "offline": true,
        "tokens_given_at": ["2026-06-15T10:00:00Z"],
    });
    let nothing = json!({
        "agreed_at": "2026-06-15T10:00:00Z", "withdrawn_on": null, "agreed": [], "declined": [],
        "shown": {}, "residence_level": "country", "names": false, "offline": false,
        "tokens_given_at": ["2026-06-15T10:00:00Z"],
    });
    json!({
        "format": "heteronym-export", "version": 1, "comment": null, "issuer": "https://id.example",
        "made_on": "2026-06-15",
        "account": {
            "sign_in_name": house.citizen.account.login, "passkeys": [], "passphrase": false, "recovery_codes_left": 0,
            "sessions": [{
                "began_at": "2026-06-15T10:00:00Z", "seen_at": "2026-06-15T10:00:00Z", "device": "Firefox",
                "amr": ["hwk", "user", "mfa"], "current": true,
            }],
        },
        "person": {
            "enrolled_by": "Mairie de Voiron", "enrolled_on": "2026-06-15", "renew_by": "2031-06-14",
            "departed_on": null, "birth_year": 1987, "majority_on": null, "commune": "cog:38563",
            "commune_label": "Voiron (Isère)", "sex": 1, "partial_name": "Arnaud R.",
            "roles": [{ "role": "agent", "authority": "Mairie de Voiron", "until": "2027-01-31" }],
        },
        "pseudonyms": [
            pseudonym(&house.forum, "forum.example", &here, "Genêt", &given),
            pseudonym(quiet, "quiet.example", &there, "Ajonc", &nothing),
        ],
    })
}

fn pseudonym(forum: &Forum, host: &str, sub: &Value, name: &str, consent: &Value) -> Value {
    json!({
        "sector": host, "sub": sub, "slot": 0, "generation": 0, "key_version": 1, "name": name,
        "name_assurance": "chosen", "name_audience": "public", "indexable": false, "created_on": "2026-06-15",
        "retired_on": null,
        "forums": [{
            "client_id": forum.id(), "client_name": format!("Forum of {host}"), "hosts": [host], "ended": false,
            "consents": [consent],
        }],
    })
}

#[tokio::test]
async fn what_was_withdrawn_and_left_is_in_the_file_too() {
    let mut house = House::open().await;
    let services = house.service.services.clone();
    let own = services.pseudonyms.of_person(house.citizen.person).await.unwrap().remove(0);
    let subject = house.subject().await;
    assert!(services.pseudonyms.leave(own.id, own.person).await.unwrap());
    let document = house.browser.get("/account/export").await.json();
    let place = &document["pseudonyms"][0];
    assert_eq!((&place["sub"], &place["retired_on"]), (&json!(subject), &json!("2026-06-15")));
    assert_eq!(place["forums"][0]["consents"][0]["withdrawn_on"], "2026-06-15");
}

#[tokio::test]
async fn nothing_of_anybody_else_is_in_it_and_without_a_forum_it_is_short() {
    let house = House::open().await;
    let other = house.service.arnaud().await;
    let mut browser = house.service.browser();
    browser.sign_in(&house.service, &other).await;
    browser.cookies.insert("__Host-lang".to_owned(), "fr".to_owned());
    let reply = browser.get("/account/export").await;
    assert_eq!(reply.json()["pseudonyms"], json!([]));
    assert!(reply.json()["comment"].as_str().unwrap().contains("ATTENTION\u{a0}: qui a ce fichier"));
    for foreign in ["Genêt", "forum.example", &house.subject().await, &house.citizen.account.login] {
        assert!(!reply.text().contains(foreign), "{foreign}");
    }
}

#[tokio::test]
async fn an_old_sign_in_has_to_be_repeated_and_leads_back_to_the_button() {
    let mut house = House::open().await;
    house.service.wait(300);
    assert_eq!(house.browser.get("/account/export").await.status, StatusCode::OK);
    house.service.wait(1);
    let reply = house.browser.get("/account/export").await;
    assert_eq!((reply.status, reply.body.len()), (StatusCode::SEE_OTHER, 0));
    let sealed = reply.location().unwrap().strip_prefix("/sign-in?return=").unwrap().to_owned();
    // As the page of the sign-in does.
    let session = house.citizen.begin_session(&house.service).await;
    let back = Return(sealed).path(&house.service.services.accounts, &session.signed_in);
    house.browser.hold_session(session.token.expose());
    let page = house.browser.get(&back).await;
    super::assert_says(&page, &["You have signed in again. Your data can now be downloaded"]);
    assert!(page.text().contains("href=\"/account/export\""));
    assert_eq!(house.browser.get("/account/export").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_link_of_another_site_downloads_nothing() {
    let mut house = House::open().await;
    for (from, status) in [
        ("cross-site", StatusCode::SEE_OTHER),
        ("same-site", StatusCode::SEE_OTHER),
        ("same-origin", StatusCode::OK),
        ("none", StatusCode::OK),
    ] {
        let request = Request::get("/account/export").header("sec-fetch-site", from).body(Body::empty()).unwrap();
        let reply = house.browser.send(request).await;
        assert_eq!(reply.status, status, "{from}");
        assert_eq!(reply.body.is_empty(), status != StatusCode::OK, "{from}");
    }
}

#[tokio::test]
async fn only_looking_is_allowed_there() {
    let service = Service::start().await;
    let citizen = service.arnaud().await;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    let page = browser.get("/account/forums").await;
    for path in ["/account/export", "/account", "/account/forums"] {
        assert_eq!(browser.post_form(&page, path, &[]).await.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
    for path in ["/account/forums/withdraw", "/account/forums/name", "/account/forums/leave"] {
        assert_eq!(browser.get(path).await.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
}
