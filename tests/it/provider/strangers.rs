//! What belongs to one client is worth nothing to another: every kind of value at every endpoint that takes one (R29). And
//! what a client refreshes is never more than what it was granted (R26).

use axum::http::StatusCode;
use data_encoding::BASE64URL_NOPAD;
use heteronym::{clients::Draft, wire::oauth::AuthMethod};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::Value;

use super::ways::{ALGORITHM, House, RESOURCE, SCOPE};
use crate::harness::{Answer, Choices, Forum, Reply, Request, Service, Tokens};

/// What a client holds.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Code,
    PushedRequest,
    RefreshToken,
    AccessToken,
    SignedAccessToken,
    IdToken,
}

const KINDS: [Kind; 6] =
    [Kind::Code, Kind::PushedRequest, Kind::RefreshToken, Kind::AccessToken, Kind::SignedAccessToken, Kind::IdToken];

/// What a stranger gets for it, whatever it is: at the token endpoint as a code and as a refresh token, by a browser as a
/// pushed request, at introspection, at revocation.
const ANSWERS: [&str; 5] = ["400 invalid_grant", "400 invalid_grant", "error page", "inactive", "200"];
/// The same for a client that keeps no secret.
const ANSWERS_IN_PUBLIC: [&str; 5] =
    ["400 invalid_grant", "400 invalid_grant", "error page", "401 invalid_client", "200"];

/// A value, with what the owner knows of it.
struct Held {
    value: String,
    request: Request,
    tokens: Option<Tokens>,
}

async fn held(kind: Kind, service: &Service, house: &House) -> Held {
    let forum = &house.forum;
    if matches!(kind, Kind::PushedRequest) {
        let request = forum.pushed(service, &forum.request(SCOPE)).await;
        let value = request.params.iter().find(|(name, _)| name == "request_uri").unwrap().1.clone();
        return Held { value, request, tokens: None };
    }
    let (request, answer) = match kind {
        Kind::SignedAccessToken => house.answered_for_resource(service, SCOPE).await,
        _ => house.answered(service, SCOPE).await,
    };
    if matches!(kind, Kind::Code) {
        return Held { value: answer.code().to_owned(), request, tokens: None };
    }
    let tokens = forum.tokens(service, &request, &answer).await;
    let value = match kind {
        Kind::RefreshToken => tokens.refresh_token.clone().unwrap(),
        Kind::AccessToken | Kind::SignedAccessToken => tokens.access_token.clone(),
        _ => tokens.id_token.clone(),
    };
    Held { value, request, tokens: Some(tokens) }
}

/// What a stranger who knows everything else as well is told of it.
async fn tried(service: &Service, house: &House, stranger: &Forum, held: &Held) -> [String; 5] {
    let redemption = held.request.redemption(&held.value, house.forum.redirect());
    let redemption: Vec<_> = redemption.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", held.value.as_str())];
    let prefix = "urn:ietf:params:oauth:request_uri:";
    let uri = format!("{prefix}{}", held.value.trim_start_matches(prefix));
    let brought = held.request.clone().with_uri(stranger.id(), &uri);
    let page = house.browser(service).get(&brought.target()).await;
    let is_page = page.status == StatusCode::BAD_REQUEST && page.location().is_none();
    let introspected = stranger.ask(service, "/introspect", &[("token", &held.value)]).await;
    [
        told(&stranger.ask_token(service, &redemption).await),
        told(&stranger.ask_token(service, &refresh).await),
        if is_page { "error page" } else { "something else" }.to_owned(),
        if introspected.text() == r#"{"active":false}"# { "inactive".to_owned() } else { told(&introspected) },
        told(&stranger.ask(service, "/revoke", &[("token", &held.value)]).await),
    ]
}

fn told(reply: &Reply) -> String {
    if reply.status == StatusCode::OK { "200".to_owned() } else { format!("{} {}", reply.error().0, reply.error().1) }
}

/// The owner can still do with it what it is for.
async fn assert_intact(kind: Kind, service: &Service, house: &House, held: &Held) {
    let forum = &house.forum;
    let redeemed = async |code: &str| {
        let fields = held.request.redemption(code, forum.redirect());
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(forum.ask_token(service, &fields).await.status, StatusCode::OK, "{kind:?}");
    };
    match kind {
        Kind::Code => redeemed(&held.value).await,
        Kind::PushedRequest => {
            let reply = house.browser(service).get(&held.request.target()).await;
            redeemed(Answer::of(&reply).code()).await;
        }
        Kind::RefreshToken => assert_eq!(forum.refresh(service, &held.value).await.status, StatusCode::OK),
        Kind::AccessToken => assert_eq!(forum.userinfo(service, &held.value).await.status, StatusCode::OK),
        Kind::SignedAccessToken | Kind::IdToken => {
            let access_token = &held.tokens.as_ref().unwrap().access_token;
            let reply = forum.ask(service, "/introspect", &[("token", access_token)]).await;
            assert_eq!(reply.json()["active"], true, "{kind:?}");
        }
    }
}

#[tokio::test]
async fn r29_e7_what_belongs_to_one_client_is_worth_nothing_to_another_at_any_endpoint() {
    let service = Service::start().await;
    let house = House::in_service(&service, "forum.example").await;
    // With the same scopes, and an interface of another address.
    let draft = || Draft {
        scope: SCOPE.to_owned(),
        resources: vec!["https://api.other.example/v1".to_owned()],
        ..Draft::default()
    };
    let other = service.register("other.example", draft()).await;
    let public = Draft { auth_method: AuthMethod::None, ..draft() };
    let public = service.register("public.example", public).await;
    for (stranger, answers) in [(other, ANSWERS), (public, ANSWERS_IN_PUBLIC)] {
        for kind in KINDS {
            let held = held(kind, &service, &house).await;
            let tried = tried(&service, &house, &stranger, &held).await;
            assert_eq!(tried, answers, "{kind:?} by {}", stranger.redirect());
            assert_intact(kind, &service, &house, &held).await;
        }
    }
}

#[tokio::test]
async fn r23_a_bound_token_is_worth_nothing_without_the_key_that_it_is_bound_to() {
    let service = Service::start().await;
    let by_dpop = Draft { dpop_bound_access_tokens: true, auth_method: AuthMethod::PrivateKeyJwt, ..Draft::default() };
    let by_certificate =
        |auth_method| Draft { auth_method, tls_client_certificate_bound_access_tokens: true, ..Draft::default() };
    let drafts = [
        by_dpop,
        by_certificate(AuthMethod::TlsClientAuth),
        by_certificate(AuthMethod::SelfSignedTlsClientAuth),
        by_certificate(AuthMethod::ClientSecretBasic),
    ];
    for (number, draft) in drafts.into_iter().enumerate() {
        let host = format!("forum-{number}.example");
        let forum = service.register(&host, draft.clone()).await;
        let thief = service.register(&format!("thief-{number}.example"), draft).await;
        let citizen = service.arnaud().await;
        let name = super::ways::name_at(&host);
        let tokens = service.sign_in(&forum, &citizen, "openid", &Choices::all(&name)).await;
        assert_eq!(forum.userinfo(&service, &tokens.access_token).await.status, StatusCode::OK, "{host}");
        let refused = (401, "invalid_token".to_owned());
        assert_eq!(thief.userinfo(&service, &tokens.access_token).await.error(), refused, "{host}, another key");
        let bare = service.browser().userinfo(&tokens.access_token).await;
        assert_eq!(bare.error(), refused, "{host}, as a bearer token");
    }
}

/// What is asked for at a refresh: scopes, and a resource.
type Wish = (Option<Vec<&'static str>>, Option<&'static str>);

fn wishes() -> impl Strategy<Value = Wish> {
    let words = ["openid", "profile", "age", "residence", "offline_access", "sex", "unheard-of"];
    let scope = proptest::option::weighted(0.6, proptest::sample::subsequence(words.to_vec(), 0..=words.len()));
    let resources = [RESOURCE, ELSEWHERE, "https://api.stranger.example/v1"];
    (scope, proptest::option::weighted(0.5, proptest::sample::select(resources.to_vec())))
}

/// What was granted first: scopes beside `openid`, and perhaps a resource.
fn grants() -> impl Strategy<Value = (Vec<&'static str>, Option<&'static str>)> {
    let scope = proptest::sample::subsequence(vec!["profile", "age", "residence"], 0..=3);
    (scope, proptest::option::of(Just(RESOURCE)))
}

const ELSEWHERE: &str = "https://api.forum.example/v2";

#[test]
fn r26_a_refresh_never_widens_scope_audience_or_claims_and_keeps_issuer_and_subject() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (service, forum, mut browser) = runtime.block_on(async {
        let service = Service::start().await;
        let draft = Draft {
            scope: "openid profile age residence offline_access".to_owned(),
            resources: vec![RESOURCE.to_owned(), ELSEWHERE.to_owned()],
            id_token_alg: ALGORITHM,
            require_auth_time: true,
            ..Draft::default()
        };
        let forum = service.register("forum.example", draft).await;
        let mut browser = service.browser();
        browser.sign_in(&service, &service.arnaud().await).await;
        let everything = forum.request("openid profile age residence offline_access");
        browser.authorize(&everything, &Choices::all("Genêt")).await;
        (service, forum, browser)
    });
    let strategy = (grants(), proptest::collection::vec(wishes(), 1..5));
    let cases = ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() };
    let browser = std::cell::RefCell::new(&mut browser);
    TestRunner::new(cases)
        .run(&strategy, |((scope, resource), wishes)| {
            let mut browser = browser.borrow_mut();
            runtime.block_on(async {
                let scope = [&["openid", "offline_access"], scope.as_slice()].concat().join(" ");
                let mut request = forum.request(&scope);
                if let Some(resource) = resource {
                    request = request.and("resource", resource);
                }
                let answer = Answer::of(&browser.get(&request.target()).await);
                let granted = forum.tokens(&service, &request, &answer).await;
                refresh_all(&service, &forum, &granted, resource, &wishes).await
            })
        })
        .unwrap();
}

/// Refreshes once for each wish, and compares what came with what was granted.
async fn refresh_all(
    service: &Service,
    forum: &Forum,
    granted: &Tokens,
    resource: Option<&str>,
    wishes: &[Wish],
) -> Result<(), TestCaseError> {
    let first = claims(&granted.id_token);
    let told = claims_told(service, forum, granted).await;
    let mut refresh_token = granted.refresh_token.clone().unwrap();
    for (scope, target) in wishes {
        // An empty parameter is as good as none (RFC 6749 §3.1).
        let scope = scope.as_ref().map(|words| words.join(" ")).filter(|scope| !scope.is_empty());
        let mut fields = vec![("grant_type", "refresh_token"), ("refresh_token", refresh_token.as_str())];
        fields.extend(scope.as_deref().map(|scope| ("scope", scope)));
        fields.extend(target.map(|target| ("resource", target)));
        let reply = forum.ask_token(service, &fields).await;
        let within = |words: &str| words.split(' ').all(|word| granted.scope.split(' ').any(|held| held == word));
        if reply.status != StatusCode::OK {
            let (_, error) = reply.error();
            prop_assert!(["invalid_scope", "invalid_target"].contains(&&*error), "{error}");
            let too_much = scope.as_deref().is_some_and(|scope| !within(scope) || !scope.contains("openid"));
            let elsewhere =
                target.is_some_and(|target| target.contains("stranger") || resource.is_some_and(|held| held != target));
            prop_assert!(too_much || elsewhere, "refused without need: {scope:?} {target:?}");
            continue;
        }
        let tokens: Tokens = serde_json::from_slice(&reply.body).unwrap();
        prop_assert!(within(&tokens.scope), "{} of {}", tokens.scope, granted.scope);
        prop_assert!(scope.is_none_or(|scope| scope == tokens.scope));
        let now = claims(&tokens.id_token);
        for kept in ["iss", "sub", "aud", "auth_time", "acr", "amr", "sid"] {
            prop_assert_eq!(&now[kept], &first[kept], "{}", kept);
        }
        if let Some(audience) = target.or(resource) {
            let access = claims(&tokens.access_token);
            prop_assert_eq!(&access["aud"], audience);
            prop_assert_eq!(&access["sub"], &first["sub"]);
            prop_assert_eq!(&access["scope"], tokens.scope.as_str());
        } else {
            let told_now = claims_told(service, forum, &tokens).await.unwrap();
            let told = told.as_ref().unwrap();
            prop_assert!(told_now.iter().all(|(name, value)| told.get(name) == Some(value) || name == "groups"));
        }
        refresh_token = tokens.refresh_token.unwrap();
    }
    Ok(())
}

/// What UserInfo says, where the token is for it.
async fn claims_told(service: &Service, forum: &Forum, tokens: &Tokens) -> Option<serde_json::Map<String, Value>> {
    let reply = forum.userinfo(service, &tokens.access_token).await;
    (reply.status == StatusCode::OK).then(|| reply.json().as_object().unwrap().clone())
}

fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap()).unwrap()
}
