//! What the forum asks of the provider, and which answers it believes.

use ed25519_dalek::SigningKey;
use serde_json::json;

use super::{
    DAY, House, MINUTE, NOW, ORIGIN,
    browser::{Answer, Browser},
    lise,
    provider::{SUB, Script, public},
};

const SECONDS: i64 = NOW / 1_000;

/// Signs in at a provider whose answer was spoiled, and expects a page that says so and nothing stored.
async fn refused(spoil: impl FnOnce(&mut Script), status: u16, says: &str) -> House {
    let house = House::open().await;
    house.provider.script().userinfo = json!({"sub": SUB, "name": "Canary"});
    spoil(&mut house.provider.script());
    let mut browser = house.browser();
    let request = browser.get("/sign-in").await.leads_to();
    let answer = browser.get(&house.provider.agree(&request)).await;
    expect_refusal(&house, &mut browser, &answer, status, says).await;
    house
}

async fn expect_refusal(house: &House, browser: &mut Browser, answer: &Answer, status: u16, says: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert!(answer.text.contains(says), "{says:?} is not in {}", answer.text);
    assert!(answer.text.contains("Nothing was stored"));
    assert!(!browser.cookies.contains_key("place-session"), "no session");
    assert!(!browser.get("/").await.text.contains("Sign out"));
    let stored = house.database().await;
    assert!(!stored.contains("members.") && !stored.contains("sessions.") && !stored.contains("Canary"), "{stored}");
}

#[tokio::test]
async fn the_request_carries_code_s256_state_nonce_and_the_scopes_of_the_forum() {
    let house = House::open().await;
    let request = house.browser().get("/sign-in?goal=/b/open").await.leads_to();
    let asked: std::collections::HashMap<_, _> = request.query_pairs().into_owned().collect();
    assert_eq!(request.path(), "/authorize");
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["client_id"], "place");
    assert_eq!(asked["redirect_uri"], format!("{ORIGIN}/callback"));
    assert_eq!(asked["scope"], "openid profile age residence");
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["code_challenge"].len(), 43);
    assert_eq!((asked["state"].len(), asked["nonce"].len()), (43, 43));
    assert_eq!(asked["ui_locales"], "en");
    assert!(!asked.contains_key("prompt") && !asked.contains_key("claims"));
    let stored = house.database().await;
    assert!(!stored.contains(&asked["state"]), "the state is kept as a hash");
}

#[tokio::test]
async fn a_forum_may_ask_for_single_claims_and_for_consent_again() {
    let house =
        House::open_with(|config| config.claims = Some(json!({"userinfo": {"sex": {"essential": true}}}))).await;
    let request = house.browser().get("/sign-in?share=1").await.leads_to();
    let asked: std::collections::HashMap<_, _> = request.query_pairs().into_owned().collect();
    assert_eq!(asked["prompt"], "consent");
    assert_eq!(asked["claims"], r#"{"userinfo":{"sex":{"essential":true}}}"#);
}

#[tokio::test]
async fn a_person_signs_in_and_comes_back_to_where_they_were() {
    let house = House::open().await;
    house.provider.script().userinfo = json!({"sub": SUB, "name": "Genêt"});
    let mut browser = house.browser();
    let request = browser.get("/sign-in?goal=/b/open?page=1").await.leads_to();
    let answer = browser.get(&house.provider.agree(&request)).await;
    assert_eq!((answer.status, answer.location()), (303, "/b/open?page=1"));
    let session =
        answer.headers.get_all("set-cookie").iter().find(|it| it.to_str().unwrap().starts_with("place-session="));
    let session = session.unwrap().to_str().unwrap();
    assert!(session.contains("HttpOnly") && session.contains("SameSite=Lax") && session.contains("Path=/"));
    let page = browser.get("/").await.text;
    assert!(page.contains("Genêt") && page.contains("Sign out"));
    let stored = house.database().await;
    assert!(!stored.contains(&browser.cookies["place-session"]), "sessions are kept as hashes");
    assert!(!stored.contains("eyJ"), "no token is kept");
}

#[tokio::test]
async fn an_id_token_of_another_issuer_is_refused() {
    refused(|it| it.id_token = json!({"iss": "https://other.example"}), 400, "another issuer").await;
    refused(|it| it.id_token = json!({"iss": null}), 400, "could not be accepted").await;
    let trailing = |it: &mut Script| it.id_token = json!({"iss": format!("{}/", it.issuer)});
    refused(trailing, 400, "another issuer").await;
}

#[tokio::test]
async fn an_id_token_for_another_forum_is_refused() {
    refused(|it| it.id_token = json!({"aud": "comptoir"}), 400, "made for another forum").await;
    refused(|it| it.id_token = json!({"aud": ["place", "comptoir"]}), 400, "made for another forum").await;
    refused(|it| it.id_token = json!({"azp": "comptoir"}), 400, "made for another forum").await;
    refused(|it| it.id_token = json!({"aud": null}), 400, "could not be accepted").await;
    refused(|it| it.id_token = json!({"aud": 7}), 400, "could not be accepted").await;
}

#[tokio::test]
async fn an_id_token_that_answers_another_sign_in_is_refused() {
    refused(|it| it.id_token = json!({"nonce": "other"}), 400, "another sign-in").await;
    refused(|it| it.id_token = json!({"nonce": null}), 400, "another sign-in").await;
}

#[tokio::test]
async fn an_id_token_in_another_algorithm_than_agreed_is_refused() {
    for alg in ["none", "HS256", "RS256", "ES256"] {
        refused(|it| it.header = json!({"alg": alg, "kid": "house"}), 400, "could not be accepted").await;
    }
    let house = House::open_with(|it| it.signing_algorithm = heteronym::forum::SigningAlgorithm::Es256).await;
    house.provider.script().userinfo = json!({"sub": SUB});
    let mut browser = house.browser();
    let request = browser.get("/sign-in").await.leads_to();
    let answer = browser.get(&house.provider.agree(&request)).await;
    expect_refusal(&house, &mut browser, &answer, 400, "signed in another way than agreed").await;
}

#[tokio::test]
async fn an_id_token_whose_times_cannot_be_true_is_refused() {
    for times in [
        json!({"exp": SECONDS}),
        json!({"exp": SECONDS - 1}),
        json!({"exp": SECONDS + 400 * 86_400}),
        json!({"iat": SECONDS + 61}),
        json!({"iat": SECONDS - 601}),
    ] {
        refused(|it| it.id_token = times, 400, "expired").await;
    }
    for times in [json!({"exp": null}), json!({"exp": "soon"}), json!({"exp": 1e30}), json!({"exp": u64::MAX})] {
        refused(|it| it.id_token = times, 400, "could not be accepted").await;
    }
}

#[tokio::test]
async fn an_id_token_with_a_wrong_signature_is_refused() {
    refused(|it| it.key = SigningKey::from_bytes(&[8; 32]), 400, "signature is wrong").await;
    refused(|it| it.spoil = |token| token.replacen("eyJhdWQ", "eyJiYWQ", 1), 400, "could not be accepted").await;
    refused(
        |it| it.spoil = |token| format!("{}{}", &token[..token.len() - 86], "A".repeat(86)),
        400,
        "signature is wrong",
    )
    .await;
    refused(|it| it.spoil = |token| token[..=token.rfind('.').unwrap()].to_owned(), 400, "could not be accepted").await;
    refused(|it| it.spoil = |token| format!("{token}.x"), 400, "could not be accepted").await;
}

#[tokio::test]
async fn a_header_that_asks_for_more_than_a_signature_is_refused() {
    for header in [
        json!({"alg": "EdDSA", "kid": "house", "crit": ["b64"], "b64": false}),
        json!({"alg": "EdDSA", "kid": "house", "crit": []}),
        json!({"alg": "EdDSA", "kid": "house", "typ": "at+jwt"}),
        json!({"alg": "EdDSA", "kid": "house", "typ": "logout+jwt"}),
        json!({"alg": "EdDSA", "kid": "house", "cty": "JWT"}),
    ] {
        refused(|it| it.header = header, 400, "could not be accepted").await;
    }
}

#[tokio::test]
async fn keys_offered_in_the_token_are_not_looked_at() {
    let stranger = SigningKey::from_bytes(&[9; 32]);
    refused(
        |it| {
            it.header = json!({"alg": "EdDSA", "kid": "house", "jwk": public(&stranger, "house"), "jku": it.issuer});
            it.key = stranger;
        },
        400,
        "signature is wrong",
    )
    .await;
}

#[tokio::test]
async fn userinfo_about_somebody_else_is_refused() {
    refused(|it| it.userinfo = json!({"sub": "somebody-else", "name": "Canary"}), 400, "different people").await;
    refused(|it| it.userinfo = json!({"name": "Canary"}), 400, "could not be accepted").await;
    let odd = |it: &mut Script| {
        it.id_token = json!({"sub": "a\u{202e}b"});
        it.userinfo = json!({"sub": "a\u{202e}b"});
    };
    refused(odd, 400, "nobody").await;
}

#[tokio::test]
async fn an_access_token_other_than_the_one_the_id_token_names_is_refused() {
    refused(|it| it.id_token = json!({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}), 400, "could not be accepted").await;
}

#[tokio::test]
async fn a_code_is_redeemed_once_and_a_state_answers_once() {
    let house = House::open().await;
    house.provider.script().userinfo = json!({"sub": SUB});
    let mut browser = house.browser();
    let request = browser.get("/sign-in").await.leads_to();
    let cookies = browser.cookies.clone();
    let path = house.provider.agree(&request);
    assert_eq!(browser.get(&path).await.status, 303);
    let mut thief = house.browser();
    thief.cookies = cookies;
    let again = thief.get(&path).await;
    assert_eq!(again.status, 400);
    assert!(again.text.contains("answered already") && !thief.cookies.contains_key("place-session"));
}

#[tokio::test]
async fn an_answer_in_another_browser_or_with_no_state_or_late_is_refused() {
    let house = House::open().await;
    house.provider.script().userinfo = json!({"sub": SUB});
    let mut browser = house.browser();
    let request = browser.get("/sign-in").await.leads_to();
    let path = house.provider.agree(&request);
    let mut other = house.browser();
    let answer = other.get(&path).await;
    expect_refusal(&house, &mut other, &answer, 400, "no sign-in begun in this browser").await;
    for bad in ["/callback", "/callback?code=x", "/callback?state=x&code=x"] {
        assert_eq!(browser.get(bad).await.status, 400, "{bad}");
    }
    house.advance(30 * MINUTE);
    assert_eq!(browser.get(&path).await.status, 400, "half an hour later");
}

#[tokio::test]
async fn an_answer_without_the_iss_of_the_provider_is_refused() {
    for (iss, says) in [("", "part of it is missing"), ("&iss=https%3A%2F%2Fother.example", "another issuer")] {
        let house = House::open().await;
        let mut browser = house.browser();
        let request = browser.get("/sign-in").await.leads_to();
        let path = house.provider.agree(&request);
        let (bare, _) = path.split_once("&iss=").unwrap();
        let answer = browser.get(&format!("{bare}{iss}")).await;
        expect_refusal(&house, &mut browser, &answer, 400, says).await;
    }
}

#[tokio::test]
async fn a_person_who_says_no_reads_that_this_is_fine() {
    for (error, status, says) in [
        ("access_denied", 403, "That is fine"),
        ("temporarily_unavailable", 503, "cannot serve"),
        ("invalid_scope", 502, "operator of this forum"),
    ] {
        let house = House::open().await;
        let mut browser = house.browser();
        let request = browser.get("/sign-in").await.leads_to();
        let state = request.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        let iss: String = form_urlencoded::byte_serialize(house.provider.issuer.as_bytes()).collect();
        let path = format!("/callback?error={error}&error_description=%3Cb%3E&state={state}&iss={iss}");
        let answer = browser.get(&path).await;
        expect_refusal(&house, &mut browser, &answer, status, says).await;
        assert!(!answer.text.contains("<b>"));
    }
}

#[tokio::test]
async fn a_code_the_provider_does_not_know_is_refused() {
    let house = House::open().await;
    let mut browser = house.browser();
    let request = browser.get("/sign-in").await.leads_to();
    let path = house.provider.agree(&request).replace("code-0", "code-9");
    let answer = browser.get(&path).await;
    expect_refusal(&house, &mut browser, &answer, 400, "code was used already").await;
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_or_names_itself_otherwise_is_said_to_be() {
    let house = House::open().await;
    house.provider.script().down = true;
    let answer = house.browser().get("/sign-in").await;
    assert_eq!(answer.status, 503);
    assert!(answer.text.contains("cannot be reached"));
    let house = House::open().await;
    house.provider.script().issuer = "https://other.example".into();
    let answer = house.browser().get("/sign-in").await;
    assert_eq!(answer.status, 502);
}

#[tokio::test]
async fn a_new_key_is_fetched_once_and_not_at_every_bad_token() {
    let house = House::open().await;
    drop(house.signed_in("first", lise()).await);
    assert_eq!(house.provider.script().key_fetches, 1);
    house.advance(2 * MINUTE);
    {
        let mut script = house.provider.script();
        script.key = SigningKey::from_bytes(&[8; 32]);
        script.header = json!({"alg": "EdDSA", "kid": "next"});
        let next = public(&script.key, "next");
        script.keys.push(next);
    }
    drop(house.signed_in("second", lise()).await);
    assert_eq!(house.provider.script().key_fetches, 2, "the unknown key was looked up");
    for _ in 0..5 {
        house.provider.script().header = json!({"alg": "EdDSA", "kid": "nobody's"});
        let mut browser = house.browser();
        let request = browser.get("/sign-in").await.leads_to();
        assert_eq!(browser.get(&house.provider.agree(&request)).await.status, 400);
    }
    assert_eq!(house.provider.script().key_fetches, 2, "not again within the minute");
}

#[tokio::test]
async fn signing_out_ends_the_session_here_and_offers_to_end_it_at_the_provider() {
    let house = House::open().await;
    let mut browser = house.signed_in("me", lise()).await;
    let session = browser.cookies["place-session"].clone();
    browser.get("/").await;
    let page = browser.submit("/sign-out", &[]).await;
    assert!(page.text.contains("You are signed out") && !page.text.contains("Lise du Rocher"));
    let (_, link) = page.text.split_once(&format!("href=\"{}/end-session?", house.provider.issuer)).unwrap();
    let query = link.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    let asked: std::collections::HashMap<_, _> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    assert_eq!(asked["client_id"], "place");
    assert_eq!(asked["post_logout_redirect_uri"], format!("{ORIGIN}/signed-out"));
    assert!(asked["id_token_hint"].starts_with("eyJ"));
    browser.cookies.insert("place-session".into(), session);
    assert!(!browser.get("/").await.text.contains("Sign out"), "the old session is dead at the server");
    let page = browser.get(&format!("/signed-out?state={}", asked["state"])).await;
    assert!(page.text.contains("here and at Heteronym"));
    assert!(!browser.cookies.contains_key("place-hint"));
}

#[tokio::test]
async fn a_session_ends_by_itself() {
    let house = House::open().await;
    let mut browser = house.signed_in("me", lise()).await;
    house.advance(DAY - 1);
    assert!(browser.get("/").await.text.contains("Sign out"));
    house.advance(2 * DAY);
    assert!(!browser.get("/").await.text.contains("Sign out"), "a day has passed without it");
}

#[tokio::test]
async fn a_session_planted_before_signing_in_is_replaced() {
    let house = House::open().await;
    let mut browser = house.browser();
    browser.cookies.insert("place-session".into(), "planted".into());
    house.sign_in(&mut browser, "me", lise()).await;
    assert_ne!(browser.cookies["place-session"], "planted");
}

#[tokio::test]
async fn a_goal_outside_the_forum_is_not_followed() {
    let house = House::open().await;
    house.provider.script().userinfo = json!({"sub": SUB});
    for goal in ["//evil.example", "https://evil.example", "/%5Cevil.example", "/%0D%0ALocation:%20x"] {
        let mut browser = house.browser();
        let request = browser.get(&format!("/sign-in?goal={goal}")).await.leads_to();
        assert_eq!(browser.get(&house.provider.agree(&request)).await.location(), "/", "{goal}");
    }
}
