//! The provider says that somebody has signed out there: row N6 of the list of hostile inputs, and who is then gone.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{DAY, House, NOW, browser::Browser, lise};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

impl House {
    /// The forum's answer to a form of the provider's.
    async fn told(&self, form: String) -> (StatusCode, Value) {
        let request = Request::post("/back-channel-logout")
            .header(header::HOST, "127.0.0.1:8401")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form));
        let response = self.forum.router().oneshot(request.unwrap()).await.unwrap();
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn told_by(&self, token: &str) -> (StatusCode, Value) {
        self.told(format!("logout_token={token}")).await
    }

    /// A logout token with these members laid over those that make a good one; `null` takes one away.
    fn token(&self, header: &Value, change: &Value) -> String {
        let now = self.clock.load(std::sync::atomic::Ordering::SeqCst) / 1_000;
        let mut claims = json!({
            "iss": self.provider.issuer, "aud": "place", "iat": now, "exp": now + 120, "jti": "one",
            "events": {EVENT: {}}, "sub": "lise", "sid": "session-of-lise",
        });
        for (name, value) in change.as_object().unwrap() {
            if value == "absent" {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        self.provider.signed(header, &claims)
    }

    /// Lise, in a browser whose session the provider calls so.
    async fn lise_in(&self, sid: Value) -> Browser {
        let mut browser = self.browser();
        let mut claims = lise();
        claims["sub"] = "lise".into();
        let now = self.clock.load(std::sync::atomic::Ordering::SeqCst) / 1_000;
        {
            let mut script = self.provider.script();
            script.id_token = json!({"sub": "lise", "sid": sid, "iat": now, "exp": now + 300});
            script.userinfo = claims;
        }
        let request = browser.get("/sign-in").await.leads_to();
        let answer = browser.get(&self.provider.agree(&request)).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        browser
    }
}

async fn is_in(browser: &mut Browser) -> bool {
    browser.get("/me").await.status == 200
}

fn good() -> Value {
    json!({"alg": "EdDSA", "kid": "house", "typ": "logout+jwt"})
}

#[tokio::test]
async fn a_session_that_ended_at_the_provider_ends_here_and_no_other_does() {
    let house = House::open().await;
    let mut here = house.lise_in(json!("session-of-lise")).await;
    let mut elsewhere = house.lise_in(json!("another-session")).await;
    let mut somebody = house.signed_in("theo", lise()).await;
    assert_eq!(house.told_by(&house.token(&good(), &json!({}))).await.0, StatusCode::OK);
    assert!(!is_in(&mut here).await && is_in(&mut elsewhere).await && is_in(&mut somebody).await);
}

#[tokio::test]
async fn a_sid_alone_ends_its_session_and_a_sub_alone_every_session_of_the_member() {
    let house = House::open().await;
    let mut here = house.lise_in(json!("session-of-lise")).await;
    let mut elsewhere = house.lise_in(json!("another-session")).await;
    let mut somebody = house.signed_in("theo", lise()).await;
    assert_eq!(house.told_by(&house.token(&good(), &json!({"sub": "absent"}))).await.0, StatusCode::OK);
    assert!(!is_in(&mut here).await && is_in(&mut elsewhere).await);
    let token = house.token(&good(), &json!({"sid": "absent", "jti": "two"}));
    assert_eq!(house.told_by(&token).await.0, StatusCode::OK);
    assert!(!is_in(&mut elsewhere).await && is_in(&mut somebody).await);
}

#[tokio::test]
async fn a_session_of_somebody_else_is_not_ended_by_its_name() {
    let house = House::open().await;
    let mut here = house.lise_in(json!("session-of-lise")).await;
    let token = house.token(&good(), &json!({"sub": "theo"}));
    assert_eq!(house.told_by(&token).await.0, StatusCode::OK, "nobody of that name is here any more");
    assert!(is_in(&mut here).await);
}

#[tokio::test]
async fn n6_a_token_that_is_no_logout_token_of_this_provider_for_this_forum_ends_nothing() {
    let house = House::open().await;
    let mut browser = house.lise_in(json!("session-of-lise")).await;
    let now = NOW / 1_000;
    let claims = [
        ("nonce", json!({"nonce": "n"})),
        ("nonce that is null", json!({"nonce": null})),
        ("no events", json!({"events": "absent"})),
        ("other events", json!({"events": {"http://schemas.openid.net/event/other": {}}})),
        ("events that are a text", json!({"events": EVENT})),
        ("an event that is no object", json!({"events": {EVENT: true}})),
        ("expired", json!({"iat": now - 300, "exp": now - 61})),
        ("no end", json!({"exp": "absent"})),
        ("an end far away", json!({"exp": now + 3_600})),
        ("from the future", json!({"iat": now + 120, "exp": now + 240})),
        ("no beginning", json!({"iat": "absent"})),
        ("other aud", json!({"aud": "comptoir"})),
        ("aud of two", json!({"aud": ["place", "comptoir"]})),
        ("no aud", json!({"aud": "absent"})),
        ("other issuer", json!({"iss": "https://evil.example"})),
        ("neither sub nor sid", json!({"sub": "absent", "sid": "absent"})),
        ("an empty sid", json!({"sub": "absent", "sid": ""})),
        ("a sid that is a number", json!({"sid": 7})),
        ("no jti", json!({"jti": "absent"})),
        ("a jti that is a number", json!({"jti": 7})),
    ];
    for (what, change) in claims {
        let (status, body) = house.told_by(&house.token(&good(), &change)).await;
        assert_eq!((status, &body["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_request")), "{what}");
        assert!(body["error_description"].is_string(), "{what}");
    }
    let headers = [
        ("typ of an ID token", json!({"alg": "EdDSA", "kid": "house", "typ": "JWT"})),
        ("no typ", json!({"alg": "EdDSA", "kid": "house"})),
        ("unsigned", json!({"alg": "none", "kid": "house", "typ": "logout+jwt"})),
        ("other algorithm", json!({"alg": "HS256", "kid": "house", "typ": "logout+jwt"})),
        ("unknown key", json!({"alg": "EdDSA", "kid": "other", "typ": "logout+jwt"})),
    ];
    for (what, header) in headers {
        let (status, _) = house.told_by(&house.token(&header, &json!({}))).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{what}");
    }
    let token = house.token(&good(), &json!({}));
    let signature = token.rsplit_once('.').unwrap().0.len() + 1;
    let altered = format!("{}{}", &token[..signature], "A".repeat(token.len() - signature));
    for form in [
        format!("logout_token={altered}"),
        format!("logout_token={token}&logout_token={token}"),
        format!("token={token}"),
        "logout_token=".to_owned(),
        String::new(),
        format!("logout_token={}", "a".repeat(20_000)),
    ] {
        assert_eq!(house.told(form.clone()).await.0, StatusCode::BAD_REQUEST, "{form}");
    }
    assert!(is_in(&mut browser).await, "still here");
    assert_eq!(house.told_by(&token).await.0, StatusCode::OK, "the good one is good");
    assert!(!is_in(&mut browser).await);
}

#[tokio::test]
async fn n6_a_token_is_taken_once_even_by_a_forum_that_was_started_again() {
    let house = House::open().await;
    let token = house.token(&good(), &json!({"sid": "absent"}));
    assert_eq!(house.told_by(&token).await.0, StatusCode::OK);
    let mut browser = house.lise_in(json!("session-of-lise")).await;
    let house = house.restarted().await;
    browser.moves_to(house.forum.router());
    let (status, body) = house.told_by(&token).await;
    assert_eq!(
        (status, &body["error_description"]),
        (StatusCode::BAD_REQUEST, &json!("the logout token was used before"))
    );
    assert!(is_in(&mut browser).await);
    let tries = (0..10)
        .map(|_| async { house.told_by(&house.token(&good(), &json!({"jti": "two"}))).await.0 == StatusCode::OK });
    let outcomes = futures_util::future::join_all(tries).await;
    assert_eq!(outcomes.into_iter().filter(|taken| *taken).count(), 1, "of ten at once");
}

#[tokio::test]
async fn a_token_under_a_key_that_is_new_is_believed_and_keys_are_not_fetched_for_every_bad_one() {
    let house = House::open().await;
    let mut browser = house.lise_in(json!("session-of-lise")).await;
    {
        let mut script = house.provider.script();
        script.key = ed25519_dalek::SigningKey::from_bytes(&[8; 32]);
        let next = super::provider::public(&script.key, "next");
        script.keys.push(next);
    }
    let header = json!({"alg": "EdDSA", "kid": "next", "typ": "logout+jwt"});
    house.advance(2 * 60_000);
    assert_eq!(house.told_by(&house.token(&header, &json!({}))).await.0, StatusCode::OK);
    assert!(!is_in(&mut browser).await);
    let fetches = house.provider.script().key_fetches;
    let unknown = json!({"alg": "EdDSA", "kid": "nobody's", "typ": "logout+jwt"});
    for number in 0..5 {
        let token = house.token(&unknown, &json!({"jti": number.to_string()}));
        assert_eq!(house.told_by(&token).await.0, StatusCode::BAD_REQUEST);
    }
    assert_eq!(house.provider.script().key_fetches, fetches);
}

#[tokio::test]
async fn while_the_providers_keys_cannot_be_had_it_is_asked_to_come_again() {
    let house = House::open().await;
    let token = house.token(&good(), &json!({}));
    house.provider.script().down = true;
    let (status, body) = house.told_by(&token).await;
    assert_eq!((status, &body["error"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("temporarily_unavailable")));
}

#[tokio::test]
async fn the_database_keeps_of_a_sid_and_a_token_no_more_than_what_tells_them_again() {
    let house = House::open().await;
    drop(house.lise_in(json!("session-of-lise")).await);
    let token = house.token(&good(), &json!({"sub": "absent", "sid": "unknown-here", "jti": "jti-of-the-token"}));
    assert_eq!(house.told_by(&token).await.0, StatusCode::OK);
    let stored = house.database().await;
    assert!(stored.contains("sessions.sid=") && stored.contains("logout_tokens.jti="));
    for canary in ["session-of-lise", "unknown-here", "jti-of-the-token"] {
        assert!(!stored.contains(canary), "{canary}");
    }
    house.advance(DAY);
    let later = house.token(&good(), &json!({"jti": "later"}));
    assert_eq!(house.told_by(&later).await.0, StatusCode::OK);
    assert_eq!(house.database().await.matches("logout_tokens.jti=").count(), 1, "what is over is forgotten");
}
