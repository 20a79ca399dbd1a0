//! The authorization endpoint: what comes back to the client, and when somebody is asked.

use axum::http::{StatusCode, header};
use heteronym::{clients::Draft, web::shared::Return};

use crate::harness::{Answer, Browser, Choices, Citizen, Forum, ISSUER, Request, Service};

async fn set_up() -> (Service, Forum, Citizen) {
    let service = Service::start().await;
    let forum = service.forum("forum.example", "openid profile age residence").await;
    let citizen = service.arnaud().await;
    (service, forum, citizen)
}

async fn signed_in(service: &Service, citizen: &Citizen) -> Browser {
    let mut browser = service.browser();
    browser.sign_in(service, citizen).await;
    browser
}

#[tokio::test]
async fn a_stranger_is_sent_to_sign_in_and_comes_back_to_the_choice() {
    let (service, forum, citizen) = set_up().await;
    let mut browser = service.browser();
    let reply = browser.get(&forum.request("openid profile").target()).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    assert!(reply.location().unwrap().starts_with("/sign-in?return="), "{:?}", reply.location());
    assert!(!reply.location().unwrap().contains("forum"), "the address tells no forum");
    browser.sign_in(&service, &citizen).await;
    let answer = browser.authorize(&forum.request("openid profile"), &Choices::all("Genêt")).await;
    assert!(!answer.code().is_empty());
}

#[tokio::test]
async fn the_answer_carries_state_and_issuer_and_goes_to_the_registered_address() {
    let (service, forum, citizen) = set_up().await;
    let mut browser = signed_in(&service, &citizen).await;
    let request = forum.request("openid profile").with("state", "a b&c=é\"<");
    let answer = browser.authorize(&request, &Choices::all("Genêt")).await;
    assert_eq!(answer.address, forum.redirect());
    assert_eq!((answer.get("state"), answer.get("iss")), (Some("a b&c=é\"<"), Some(ISSUER)));
    assert_eq!(answer.params.len(), 3, "code, state, iss");
}

#[tokio::test]
async fn whoever_agreed_before_is_not_asked_again() {
    let (service, forum, citizen) = set_up().await;
    let mut browser = signed_in(&service, &citizen).await;
    browser.authorize(&forum.request("openid profile age"), &Choices::all("Genêt")).await;
    for prompt in ["", "none"] {
        let reply = browser.get(&forum.request("openid profile age").with("prompt", prompt).target()).await;
        assert!(Answer::of(&reply).get("code").is_some(), "{prompt}");
    }
    let more = browser.get(&forum.request("openid profile age residence").target()).await;
    assert!(more.text().contains("id=\"consent\""), "what was not asked before is");
}

#[tokio::test]
async fn a22_prompt_none_never_shows_a_page() {
    let (service, forum, citizen) = set_up().await;
    let silent = |scope: &str| forum.request(scope).with("prompt", "none").target();
    let error = |reply| Answer::of(&reply).error().to_owned();
    assert_eq!(error(service.browser().get(&silent("openid")).await), "login_required");
    let mut browser = signed_in(&service, &citizen).await;
    assert_eq!(error(browser.get(&silent("openid")).await), "consent_required", "nobody has been here yet");
    browser.authorize(&forum.request("openid"), &Choices::all("Genêt")).await;
    assert_eq!(error(browser.get(&silent("openid age")).await), "consent_required");
    let both = forum.request("openid").with("prompt", "none login").target();
    assert_eq!(error(browser.get(&both).await), "invalid_request");
}

#[tokio::test]
async fn prompt_consent_asks_once_more_and_then_answers() {
    let (service, forum, citizen) = set_up().await;
    let mut browser = signed_in(&service, &citizen).await;
    browser.authorize(&forum.request("openid age"), &Choices::all("Genêt")).await;
    let page = browser.get(&forum.request("openid age").with("prompt", "consent").target()).await;
    assert!(page.text().contains("id=\"consent\""));
    let reply = browser.agree(&page, &Choices::all("Genêt")).await;
    assert!(Answer::of(&reply).get("code").is_some());
}

#[tokio::test]
async fn prompt_login_and_select_account_have_somebody_sign_in_anew() {
    let (service, forum, citizen) = set_up().await;
    let mut browser = signed_in(&service, &citizen).await;
    browser.authorize(&forum.request("openid"), &Choices::all("Genêt")).await;
    for prompt in ["login", "select_account"] {
        service.wait(1);
        let reply = browser.get(&forum.request("openid").with("prompt", prompt).target()).await;
        assert!(reply.location().unwrap().starts_with("/sign-in?"), "{prompt}: {:?}", reply.location());
    }
}

/// Signs in again where the request has somebody do so, and goes on to the answer.
async fn proves_again(service: &Service, citizen: &Citizen, browser: &mut Browser, request: &Request) -> Answer {
    let reply = browser.get(&request.target()).await;
    let asked = reply.location().unwrap();
    assert!(asked.starts_with("/sign-in?return="), "{asked}");
    let back = form_urlencoded::parse(asked.split_once('?').unwrap().1.as_bytes());
    let back = Return(back.into_owned().next().unwrap().1);
    let session = citizen.begin_session(service).await;
    browser.hold_session(session.token.expose());
    Answer::of(&browser.get(&back.path(&service.services.accounts, &session.signed_in)).await)
}

#[tokio::test]
async fn whoever_has_to_sign_in_again_has_a_later_auth_time_and_the_same_sub() {
    let (service, forum, citizen) = set_up().await;
    let mut browser = signed_in(&service, &citizen).await;
    let claims = r#"{"id_token":{"auth_time":{"essential":true}}}"#;
    let request = || forum.request("openid").with("claims", claims);
    let told = async |request: &Request, answer: &Answer| {
        let tokens = forum.tokens(&service, request, answer).await;
        let claims = service.verified(&forum, &tokens.id_token).await;
        (claims["auth_time"].as_i64().unwrap(), claims["sub"].clone())
    };
    let (first, answer) = (request(), browser.authorize(&request(), &Choices::all("Genêt")).await);
    assert!(answer.get("code").is_some(), "{:?}", first.params);
    let (mut before, sub) = {
        let request = request();
        let answer = Answer::of(&browser.get(&request.target()).await);
        told(&request, &answer).await
    };
    for (name, value) in [("prompt", "login"), ("max_age", "1"), ("prompt", "select_account")] {
        service.wait(100);
        let request = request().with(name, value);
        let answer = proves_again(&service, &citizen, &mut browser, &request).await;
        let now = told(&request, &answer).await;
        assert_eq!(now, (before + 100, sub.clone()), "{name}={value}");
        before = now.0;
    }
    service.wait(100);
    for (name, value) in [("max_age", "10000"), ("prompt", "none")] {
        let request = request().with(name, value);
        let answer = Answer::of(&browser.get(&request.target()).await);
        assert_eq!(
            told(&request, &answer).await,
            (before, sub.clone()),
            "{name}={value}: nobody has to prove anything"
        );
    }
}

#[tokio::test]
async fn a_registered_query_stays_in_the_address_with_the_answer_behind_it() {
    let service = Service::start().await;
    let address = "https://forum.example/callback?from=heteronym&x=%C3%A9&y=a+b";
    let draft = Draft { scope: "openid".to_owned(), redirect_uris: vec![address.to_owned()], ..Draft::default() };
    let forum = service.register("forum.example", draft).await;
    let mut browser = signed_in(&service, &service.arnaud().await).await;
    browser.authorize(&forum.request("openid"), &Choices::all("Genêt")).await;
    let request = forum.request("openid");
    let reply = browser.get(&request.target()).await;
    assert!(reply.location().unwrap().starts_with(&format!("{address}&code=")), "{:?}", reply.location());
    forum.tokens(&service, &request, &Answer::of(&reply)).await;
    let refused = browser.get(&request.with("response_type", "token").target()).await;
    assert!(refused.location().unwrap().starts_with(&format!("{address}&error=")), "{:?}", refused.location());
    for other in ["", "?from=heteronym", "?x=%C3%A9&from=heteronym&y=a+b", "?from=heteronym&x=%c3%a9&y=a+b"] {
        let request = forum.request("openid").with("redirect_uri", &format!("https://forum.example/callback{other}"));
        browser.get(&request.target()).await.assert_error_page(other);
    }
}

#[tokio::test]
async fn what_only_hints_is_taken_and_never_a_reason_to_refuse() {
    let (service, forum, citizen) = set_up().await;
    let mut browser = signed_in(&service, &citizen).await;
    browser.authorize(&forum.request("openid"), &Choices::all("Genêt")).await;
    for (name, value) in [
        ("login_hint", "somebody@elsewhere.example"),
        ("display", "popup"),
        ("display", "hologram"),
        ("ui_locales", "tlh fr-CA"),
        ("claims_locales", "fr de"),
        ("acr_values", "urn:elsewhere:gold"),
        ("id_token_hint", "x"),
        ("unheard-of", "x"),
    ] {
        let request = forum.request("openid").with(name, value);
        let answer = Answer::of(&browser.get(&request.target()).await);
        forum.tokens(&service, &request, &answer).await;
        let stranger = service.browser().get(&request.target()).await;
        assert!(stranger.location().unwrap().starts_with("/sign-in?return="), "{name}={value}");
        let page = service.browser().get(stranger.location().unwrap()).await;
        assert!(!page.text().contains("elsewhere"), "{name}={value}: who a forum thinks it is is shown to nobody");
    }
}

#[tokio::test]
async fn max_age_has_an_old_sign_in_repeated_and_auth_time_is_told() {
    let (service, forum, citizen) = set_up().await;
    let mut browser = signed_in(&service, &citizen).await;
    let began = service.services.ambient.now().seconds();
    browser.authorize(&forum.request("openid"), &Choices::all("Genêt")).await;
    service.wait(100);
    let request = forum.request("openid").with("max_age", "100");
    let answer = browser.authorize(&request, &Choices::all("Genêt")).await;
    let tokens = forum.tokens(&service, &request, &answer).await;
    assert_eq!(service.verified(&forum, &tokens.id_token).await["auth_time"], began);
    let stale = browser.get(&forum.request("openid").with("max_age", "99").target()).await;
    assert!(stale.location().unwrap().starts_with("/sign-in?"));
    let silent = forum.request("openid").with("max_age", "99").with("prompt", "none");
    assert_eq!(Answer::of(&browser.get(&silent.target()).await).error(), "login_required");
}

#[tokio::test]
async fn form_post_answers_with_a_form_that_leads_to_the_client_alone() {
    let (service, forum, citizen) = set_up().await;
    let mut browser = signed_in(&service, &citizen).await;
    let request = forum.request("openid").with("response_mode", "form_post");
    let page = browser.walk(&request, &Choices::all("Genêt")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains(&format!("action=\"{}\"", forum.redirect())));
    assert_eq!((page.field("state"), page.field("iss")), (Some(request.state.clone()), Some(ISSUER.to_owned())));
    let policy = page.header(header::CONTENT_SECURITY_POLICY).unwrap();
    assert!(policy.contains("form-action 'self' https://forum.example;"), "{policy}");
    let code = page.field("code").unwrap();
    let answer = Answer { address: String::new(), params: vec![("code".to_owned(), code)] };
    forum.tokens(&service, &request, &answer).await;
}

#[tokio::test]
async fn j7_whoever_says_no_is_taken_back_with_access_denied_and_nothing_is_stored() {
    let (service, forum, citizen) = set_up().await;
    let mut browser = signed_in(&service, &citizen).await;
    let request = forum.request("openid age");
    let page = browser.get(&request.target()).await;
    let page = browser.choose(&page, &Choices::all("Genêt")).await;
    let reply = browser.post_form(&page, "/interaction/consent", &[("decision", "deny")]).await;
    let answer = Answer::of(&reply);
    assert_eq!((answer.error(), answer.get("state")), ("access_denied", Some(request.state.as_str())));
    assert!(service.services.consents.of_person(citizen.person).await.unwrap().is_empty());
    assert!(service.services.pseudonyms.of_person(citizen.person).await.unwrap().is_empty());
    let other = service.sign_in(&forum, &service.arnaud().await, "openid profile", &Choices::all("Genêt")).await;
    assert_eq!(service.told(&other).await["name"], "Genêt", "the name is not taken either");
}

#[tokio::test]
async fn j7_whoever_comes_back_to_a_forum_and_then_says_no_has_not_come_back() {
    let (service, forum, citizen) = set_up().await;
    service.sign_in(&forum, &citizen, "openid", &Choices::all("Genêt")).await;
    super::endings::retire(&service, &citizen).await;
    let mut browser = signed_in(&service, &citizen).await;
    let page = browser.get(&forum.request("openid").target()).await;
    let page = browser.choose(&page, &Choices::all("Bruyère")).await;
    assert!(page.text().contains("id=\"consent\"") && page.text().contains("Bruyère"));
    browser.post_form(&page, "/interaction/consent", &[("decision", "deny")]).await;
    let own = service.services.pseudonyms.of_person(citizen.person).await.unwrap();
    assert!(own.iter().all(|own| own.is_retired() && own.shown.name.as_str() == "Genêt"));
}

#[tokio::test]
async fn h6_a_sign_in_under_way_belongs_to_its_browser_and_ends_after_half_an_hour() {
    let (service, forum, citizen) = set_up().await;
    let mut browser = signed_in(&service, &citizen).await;
    let page = browser.get(&forum.request("openid").target()).await;
    let sealed = page.field("tx").unwrap();
    let address = format!("/interaction?tx={sealed}");
    assert_eq!(browser.get(&address).await.status, StatusCode::OK);
    let mut other = signed_in(&service, &citizen).await;
    other.get(&forum.request("openid").target()).await;
    other.get(&address).await.assert_error_page("another browser");
    let mut forged = sealed.clone();
    let last = if forged.pop() == Some('A') { 'B' } else { 'A' };
    forged.push(last);
    browser.get(&format!("/interaction?tx={forged}")).await.assert_error_page("a changed one");
    service.wait(30 * 60 - 1);
    assert_eq!(browser.get(&address).await.status, StatusCode::OK);
    service.wait(1);
    browser.get(&address).await.assert_error_page("half an hour later");
}

#[tokio::test]
async fn h6_a_sign_in_that_was_answered_and_redeemed_gives_no_second_code() {
    let (service, forum, citizen) = set_up().await;
    service.sign_in(&forum, &citizen, "openid", &Choices::all("Genêt")).await;
    let mut browser = service.browser();
    let request = forum.request("openid").with("prompt", "login");
    let reply = browser.get(&request.target()).await;
    let session = citizen.begin_session(&service).await;
    browser.hold_session(session.token.expose());
    let back = form_urlencoded::parse(reply.location().unwrap().split_once('?').unwrap().1.as_bytes());
    let back = Return(back.into_owned().next().unwrap().1);
    let address = back.path(&service.services.accounts, &session.signed_in);
    let answer = Answer::of(&browser.get(&address).await);
    let again = Answer::of(&browser.get(&address).await);
    assert!(!again.code().is_empty(), "a reload before the forum has had its answer");
    let tokens = forum.tokens(&service, &request, &answer).await;
    browser.get(&address).await.assert_error_page("from the history of the browser");
    assert_eq!(browser.userinfo(&tokens.access_token).await.status, StatusCode::OK);
    let reply = browser.get(&request.target()).await;
    assert!(reply.location().unwrap().contains("/callback?code="), "the clock has not moved since the sign-in");
    service.wait(1);
    let reply = browser.get(&request.target()).await;
    assert!(reply.location().unwrap().starts_with("/sign-in?"), "a new request has its own sign-in");
}

#[tokio::test]
async fn h7_consent_cannot_be_given_before_a_pseudonym_is_chosen_or_without_a_session() {
    let (service, forum, citizen) = set_up().await;
    let mut browser = signed_in(&service, &citizen).await;
    let page = browser.get(&forum.request("openid age").target()).await;
    let reply = browser.agree(&page, &Choices::all("Genêt")).await;
    assert_eq!((reply.status, reply.location()), (StatusCode::OK, None));
    assert!(reply.text().contains("choose-continue"), "the page that was skipped");
    assert!(service.services.consents.of_person(citizen.person).await.unwrap().is_empty());
    browser.cookies.remove("__Host-session");
    let reply = browser.agree(&page, &Choices::all("Genêt")).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN, "the form was another session's");
}

#[tokio::test]
async fn h3_a_form_of_another_browser_or_site_is_refused() {
    let (service, forum, citizen) = set_up().await;
    let mut mine = signed_in(&service, &citizen).await;
    let page = mine.get(&forum.request("openid").target()).await;
    let mut theirs = signed_in(&service, &service.arnaud().await).await;
    theirs.get(&forum.request("openid").target()).await;
    let stolen = theirs.choose(&page, &Choices::all("Genêt")).await;
    assert_eq!(stolen.status, StatusCode::FORBIDDEN);
    for (name, value) in [("origin", "https://forum.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        let (csrf, tx) = (page.field("csrf").unwrap(), page.field("tx").unwrap());
        let fields = [("csrf", csrf.as_str()), ("tx", tx.as_str()), ("pseudonym", "new"), ("kind", "partial")];
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = axum::http::Request::post("/interaction/choose")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(name, value)
            .body(axum::body::Body::from(body));
        assert_eq!(mine.send(request.unwrap()).await.status, StatusCode::FORBIDDEN, "{name}: {value}");
    }
}

#[tokio::test]
async fn j3_a_forum_that_changed_what_it_says_of_itself_asks_again() {
    let (service, forum, citizen) = set_up().await;
    let mut browser = signed_in(&service, &citizen).await;
    browser.authorize(&forum.request("openid age"), &Choices::all("Genêt")).await;
    let store = &service.services.store;
    let id = forum.client.id.clone();
    let changed = store.write::<_, heteronym::store::StoreError, _>(move |tx| {
        Box::pin(async move {
            let mut row = heteronym::store::clients::find(tx, &id).await?.unwrap();
            row.metadata = row.metadata.replace("Forum of forum.example", "Another name");
            heteronym::store::clients::update(tx, &row).await
        })
    });
    assert!(changed.await.unwrap());
    // Rows are read again after five seconds.
    service.wait(6);
    let page = browser.get(&forum.request("openid age").target()).await;
    assert!(page.text().contains("id=\"consent\"") && page.text().contains("Another name"));
}

#[tokio::test]
async fn a33_a_disabled_forum_gets_a_page_and_nobody_is_sent_there() {
    let (service, forum, citizen) = set_up().await;
    let mut browser = signed_in(&service, &citizen).await;
    let page = browser.get(&forum.request("openid").target()).await;
    assert!(service.services.clients.disable(&forum.client.id).await.unwrap());
    browser.get(&forum.request("openid").target()).await.assert_error_page("a new request");
    browser.choose(&page, &Choices::all("Genêt")).await.assert_error_page("one under way");
}

#[tokio::test]
async fn the_only_redirect_address_may_be_left_out_and_of_several_none() {
    let (service, forum, citizen) = set_up().await;
    let mut browser = signed_in(&service, &citizen).await;
    let reply = browser.get(&forum.request("openid").without("redirect_uri").target()).await;
    assert_eq!(reply.status, StatusCode::OK);
    let addresses = ["https://two.example/a", "https://two.example/b"].map(str::to_owned).to_vec();
    let draft = Draft { redirect_uris: addresses, scope: "openid".to_owned(), ..Draft::default() };
    let two = service.register("two.example", draft).await;
    browser.get(&two.request("openid").without("redirect_uri").target()).await.assert_error_page("A3");
}
