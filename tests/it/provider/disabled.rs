//! Whatever a grant rests on, once it is gone: what every endpoint still says, in one table.
//!
//! Two cells may surprise. Grants with `offline_access` outlive the session that they were made in: that is what the citizen
//! agreed to. And a key that was stolen ends what it signed, not what the service keeps under other keys.

use axum::http::StatusCode;
use heteronym::clients::Draft;

use super::ways::{Gone, House, RESOURCE, SCOPE};
use crate::harness::{Answer, Browser, Forum, Reply, Request, Service, Tokens};

/// What is asked, each of a grant of its own.
const ENDPOINTS: [&str; 16] = [
    "a sign-in",
    "prompt=none",
    "prompt=none with an ID token as a hint",
    "a request pushed before",
    "a request pushed now",
    "UserInfo, online",
    "UserInfo, offline",
    "introspection of an access token",
    "introspection of a refresh token",
    "introspection of a signed access token",
    "the same by the resource",
    "an ID token as a hint to sign out",
    "a code in flight",
    "a code in flight for a resource",
    "a refresh token",
    "a refresh token for a resource",
];

/// What they say, endpoint by endpoint.
const TABLE: [(Gone, [&str; 16]); 8] = [
    (Gone::Person, ENDED_PERSON),
    (Gone::Account, ENDED_PERSON),
    (
        Gone::Client,
        [
            "error page",
            "error page",
            "error page",
            "error page",
            "401 invalid_client",
            "401 invalid_token",
            "401 invalid_token",
            "401 invalid_client",
            "401 invalid_client",
            "401 invalid_client",
            "inactive",
            "asked",
            "401 invalid_client",
            "401 invalid_client",
            "401 invalid_client",
            "401 invalid_client",
        ],
    ),
    (Gone::Session, ENDED_SESSION),
    (Gone::Sessions, ENDED_SESSION),
    (
        Gone::Consent,
        [
            "consent page",
            "consent_required",
            "consent_required",
            "consent page",
            "pushed",
            "401 invalid_token",
            "401 invalid_token",
            "inactive",
            "inactive",
            "inactive",
            "inactive",
            "returned",
            "400 invalid_grant",
            "400 invalid_grant",
            "400 invalid_grant",
            "400 invalid_grant",
        ],
    ),
    (
        Gone::Pseudonym,
        [
            "choice page",
            "consent_required",
            "consent_required",
            "choice page",
            "pushed",
            "401 invalid_token",
            "401 invalid_token",
            "inactive",
            "inactive",
            "inactive",
            "inactive",
            "returned",
            "400 invalid_grant",
            "400 invalid_grant",
            "400 invalid_grant",
            "400 invalid_grant",
        ],
    ),
    (
        Gone::Key,
        [
            "code",
            "code",
            "code",
            "code",
            "pushed",
            "told",
            "told",
            "active",
            "active",
            "inactive",
            "inactive",
            "asked",
            "tokens of the successor",
            "tokens of the successor",
            "tokens of the successor",
            "tokens of the successor",
        ],
    ),
];

const ENDED_PERSON: [&str; 16] = [
    "sign-in page",
    "login_required",
    "login_required",
    "sign-in page",
    "pushed",
    "401 invalid_token",
    "401 invalid_token",
    "inactive",
    "inactive",
    "inactive",
    "inactive",
    "returned",
    "400 invalid_grant",
    "400 invalid_grant",
    "400 invalid_grant",
    "400 invalid_grant",
];

const ENDED_SESSION: [&str; 16] = [
    "sign-in page",
    "login_required",
    "login_required",
    "sign-in page",
    "pushed",
    "401 invalid_token",
    "told",
    "active",
    "active",
    "inactive",
    "inactive",
    "returned",
    "400 invalid_grant",
    "400 invalid_grant",
    "tokens",
    "tokens",
];

#[tokio::test]
async fn c8_s12_nothing_is_issued_once_what_it_rests_on_is_gone() {
    assert_eq!(TABLE.map(|(gone, _)| gone), Gone::ALL);
    let mut wrong = Vec::new();
    for (gone, expected) in TABLE {
        let service = Service::start().await;
        let matrix = Matrix::before(&service).await;
        assert_eq!(matrix.ask_before(&service).await, BEFORE, "before anything is gone");
        let kid = kid(&matrix.house.offline.id_token);
        service.wait(1);
        gone.strike(&service, &matrix.house).await;
        let said = matrix.ask(&service, &kid).await;
        for ((endpoint, said), expected) in ENDPOINTS.into_iter().zip(said).zip(expected) {
            if said != expected {
                wrong.push(format!("{gone:?} is gone, {endpoint}: {said} instead of {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Of what can be looked at without spending it.
const BEFORE: [&str; 6] = ["told", "told", "active", "active", "active", "active"];

/// Everything that there can be of somebody's sign-ins, unspent.
struct Matrix {
    house: House,
    /// Whom the signed access tokens are for.
    keeper: Forum,
    pushed: Request,
    code: (Request, Answer),
    code_for_resource: (Request, Answer),
    /// Without `offline_access`.
    online: Tokens,
    /// With one.
    for_resource: Tokens,
    /// Without `offline_access`, a signed access token.
    signed: Tokens,
}

impl Matrix {
    async fn before(service: &Service) -> Self {
        let house = House::at_the_counter(service, "forum.example").await;
        let draft = Draft { resources: vec![RESOURCE.to_owned()], ..Draft::default() };
        let keeper = service.register("api.example", draft).await;
        let redeemed =
            async |(request, answer): (Request, Answer)| house.forum.tokens(service, &request, &answer).await;
        let online = redeemed(house.answered(service, "openid profile age").await).await;
        let for_resource = redeemed(house.answered_for_resource(service, SCOPE).await).await;
        let signed = redeemed(house.answered_for_resource(service, "openid").await).await;
        let pushed = house.forum.pushed(service, &house.forum.request(SCOPE)).await;
        let code = house.answered(service, SCOPE).await;
        let code_for_resource = house.answered_for_resource(service, "openid").await;
        Self { house, keeper, pushed, code, code_for_resource, online, for_resource, signed }
    }

    async fn ask_before(&self, service: &Service) -> [String; 6] {
        [
            self.told(service, &self.online).await,
            self.told(service, &self.house.offline).await,
            introspected(service, &self.house.forum, &self.house.offline.access_token).await,
            introspected(service, &self.house.forum, self.house.offline.refresh_token.as_deref().unwrap()).await,
            introspected(service, &self.house.forum, &self.signed.access_token).await,
            introspected(service, &self.keeper, &self.signed.access_token).await,
        ]
    }

    /// In the order of [`ENDPOINTS`]: first what can be looked at, then what is spent. `kid`: of the key that signed before.
    async fn ask(&self, service: &Service, kid: &str) -> [String; 16] {
        let (house, forum) = (&self.house, &self.house.forum);
        let silent = || forum.request(SCOPE).and("prompt", "none");
        let hinted = silent().and("id_token_hint", &house.offline.id_token);
        let refresh = house.offline.refresh_token.as_deref().unwrap();
        let refresh_for_resource = self.for_resource.refresh_token.as_deref().unwrap();
        [
            self.entered(service, &forum.request(SCOPE)).await,
            self.entered(service, &silent()).await,
            self.entered(service, &hinted).await,
            self.entered(service, &self.pushed).await,
            pushed(&forum.push(service, &forum.request(SCOPE)).await),
            self.told(service, &self.online).await,
            self.told(service, &house.offline).await,
            introspected(service, forum, &house.offline.access_token).await,
            introspected(service, forum, refresh).await,
            introspected(service, forum, &self.signed.access_token).await,
            introspected(service, &self.keeper, &self.signed.access_token).await,
            signed_out(service, &house.offline.id_token).await,
            issued(&forum.redeem(service, &self.code.0, &self.code.1).await, kid),
            issued(&forum.redeem(service, &self.code_for_resource.0, &self.code_for_resource.1).await, kid),
            issued(&forum.refresh(service, refresh).await, kid),
            issued(&forum.refresh(service, refresh_for_resource).await, kid),
        ]
    }

    /// Where the browser of the person gets with this request.
    async fn entered(&self, service: &Service, request: &Request) -> String {
        let reply = self.house.browser(service).get(&request.target()).await;
        if reply.location().is_some_and(|address| address.starts_with(self.house.forum.redirect())) {
            let answer = Answer::of(&reply);
            return answer.get("error").map_or("code", |error| error).to_owned();
        }
        let text = reply.text();
        let led = |to: &str| reply.location().is_some_and(|address| address.starts_with(to));
        let seen = [
            ("error page", reply.status == StatusCode::BAD_REQUEST),
            ("consent page", text.contains("id=\"consent\"")),
            ("choice page", text.contains("/interaction/choose")),
            ("sign-in page", led("/sign-in")),
        ];
        let seen = seen.into_iter().find(|(_, is)| *is);
        seen.map_or_else(|| format!("{} {:?} {text}", reply.status, reply.location()), |(page, _)| page.to_owned())
    }

    async fn told(&self, service: &Service, tokens: &Tokens) -> String {
        let reply = self.house.forum.userinfo(service, &tokens.access_token).await;
        if reply.status == StatusCode::OK { "told".to_owned() } else { refused(&reply) }
    }
}

async fn introspected(service: &Service, by: &Forum, token: &str) -> String {
    let reply = by.ask(service, "/introspect", &[("token", token)]).await;
    if reply.status != StatusCode::OK {
        return refused(&reply);
    }
    let told = reply.json();
    if told["active"] == true {
        return "active".to_owned();
    }
    assert_eq!(told.as_object().unwrap().len(), 1, "RFC 7662 §2.2: and nothing else");
    "inactive".to_owned()
}

/// Whether a browser in which nobody is signed in is sent back to the forum that shows this hint.
async fn signed_out(service: &Service, hint: &str) -> String {
    let params = [("id_token_hint", hint), ("post_logout_redirect_uri", "https://forum.example/bye")];
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
    let reply = Browser::get(&mut service.browser(), &format!("/end-session?{query}")).await;
    if reply.location() == Some("https://forum.example/bye") { "returned" } else { "asked" }.to_owned()
}

fn pushed(reply: &Reply) -> String {
    if reply.status == StatusCode::CREATED { "pushed".to_owned() } else { refused(reply) }
}

/// Tokens, and by which key.
fn issued(reply: &Reply, kid_before: &str) -> String {
    if reply.status != StatusCode::OK {
        return refused(reply);
    }
    let tokens = reply.json();
    let access_token = tokens["access_token"].as_str().unwrap();
    let mut kids = vec![kid(tokens["id_token"].as_str().unwrap())];
    kids.extend((access_token.matches('.').count() == 2).then(|| kid(access_token)));
    match kids.iter().filter(|kid| *kid == kid_before).count() {
        0 => "tokens of the successor".to_owned(),
        all if all == kids.len() => "tokens".to_owned(),
        _ => "tokens of two keys".to_owned(),
    }
}

fn refused(reply: &Reply) -> String {
    let (status, error) = reply.error();
    let leaks = ["access_token", "refresh_token", "id_token", "sub"];
    assert!(leaks.iter().all(|member| reply.json().get(member).is_none()), "{}", reply.text());
    format!("{status} {error}")
}

/// Of the key that signed this.
fn kid(token: &str) -> String {
    let header = data_encoding::BASE64URL_NOPAD.decode(token.split('.').next().unwrap().as_bytes()).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}
