//! Wherever a `sub` stands it is the same for one person in one sector, another one for anybody else and anywhere else, and
//! in no error and no line of the log (OpenID Connect Core §8.1; RFC 9068 §5, §6).
//!
//! A place where a subject is told is one line of [`places`].

use std::{collections::BTreeMap, env, io};

use axum::http::StatusCode;
use data_encoding::BASE64URL_NOPAD;
use heteronym::{
    accounts::NewSession,
    clients::{Draft, Profile},
    telemetry::{self, LogFormat},
    wire::{jose::Algorithm, oauth::AuthMethod},
};
use serde_json::Value;

use super::endings::retire;
use super::logout::Receiver;
use super::ways::{RESOURCE, SCOPE, name_at};
use crate::harness::{
    Answer, Browser, Choices, Citizen, Forum, ISSUER, Reply, Request, Service, Tokens, alone, machine_post,
};

/// Every subject of somebody at a forum, with the place where it stands.
async fn places(visit: &mut Visit<'_>) -> Vec<(&'static str, String)> {
    let first = visit.tokens.clone();
    let refresh_token = first.refresh_token.clone().unwrap();
    let mut found = vec![
        ("ID token", claim(&first.id_token)),
        ("UserInfo", visit.userinfo(&first.access_token).await),
        ("introspection of an access token", visit.introspected(&first.access_token, false).await),
        ("the same, signed", visit.introspected(&first.access_token, true).await),
        ("introspection of a refresh token", visit.introspected(&refresh_token, false).await),
        ("the same, signed", visit.introspected(&refresh_token, true).await),
        ("ID token after the first was a hint", visit.hinted(&first.id_token).await),
    ];
    let signed = visit.for_resource().await;
    found.extend([
        ("signed access token", claim(&signed.access_token)),
        ("ID token beside a signed access token", claim(&signed.id_token)),
        ("introspection of a signed access token", visit.introspected(&signed.access_token, false).await),
        ("the same, signed", visit.introspected(&signed.access_token, true).await),
    ]);
    let refreshed = visit.refreshed(&refresh_token).await;
    let logout_token = visit.signed_out().await;
    found.extend([
        ("logout token", claim(&logout_token)),
        ("ID token of a refresh", claim(&refreshed.id_token)),
        ("UserInfo after a refresh", visit.userinfo(&refreshed.access_token).await),
    ]);
    found
}

/// Somebody who has signed in to a forum.
struct Visit<'a> {
    service: &'a Service,
    forum: &'a Forum,
    /// Where the forum hears of sign-outs.
    receiver: &'a Receiver,
    browser: Browser,
    session: NewSession,
    choices: Choices,
    request: Request,
    answer: Answer,
    tokens: Tokens,
}

impl<'a> Visit<'a> {
    async fn begin(service: &'a Service, (forum, receiver): &'a At, citizen: &Citizen, name: &str) -> Self {
        let mut browser = service.browser();
        let session = citizen.begin_session(service).await;
        browser.hold_session(session.token.expose());
        let choices = Choices::all(name);
        let request = forum.as_sent(service, forum.request(SCOPE)).await;
        let answer = browser.authorize(&request, &choices).await;
        let tokens = forum.tokens(service, &request, &answer).await;
        Self { service, forum, receiver, browser, session, choices, request, answer, tokens }
    }

    /// As JSON or signed, as the forum registered it.
    async fn userinfo(&self, access_token: &str) -> String {
        let reply = self.forum.userinfo(self.service, access_token).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
        let signed = self.forum.client.metadata.userinfo_signed_response_alg.is_some();
        if signed { claim(&reply.text()) } else { text(&reply.json()["sub"]) }
    }

    async fn introspected(&self, token: &str, signed: bool) -> String {
        let mut call = self.forum.call(self.service, "/introspect", &[("token", token)]);
        if signed {
            call.headers_mut().insert("accept", "application/token-introspection+jwt".parse().unwrap());
        }
        let reply = self.service.browser().send(call).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
        if signed || self.forum.client.metadata.introspection_signed_response_alg.is_some() {
            return text(&claims(&reply.text())["token_introspection"]["sub"]);
        }
        text(&reply.json()["sub"])
    }

    /// Signs in without a page, as whom the hint says.
    async fn hinted(&mut self, hint: &str) -> String {
        let request = self.forum.request(SCOPE).and("prompt", "none").and("id_token_hint", hint);
        let request = self.forum.as_sent(self.service, request).await;
        let answer = Answer::of(&self.browser.get(&request.target()).await);
        claim(&self.forum.tokens(self.service, &request, &answer).await.id_token)
    }

    async fn for_resource(&mut self) -> Tokens {
        let request = self.forum.as_sent(self.service, self.forum.request(SCOPE).and("resource", RESOURCE)).await;
        let answer = self.browser.authorize(&request, &self.choices).await;
        self.forum.tokens(self.service, &request, &answer).await
    }

    /// Signs out, and gives the last token that the forum heard of it by.
    async fn signed_out(&self) -> String {
        let services = &self.service.services;
        services.accounts.sign_out(&self.session.signed_in).await.unwrap();
        services.logout.round().await.unwrap();
        self.receiver.tokens().pop().unwrap()
    }

    /// A signed answer (JARM): all that the browser is sent back with.
    async fn signed_answer(&mut self) -> Reply {
        let request = self.forum.request(SCOPE).and("prompt", "none").and("response_mode", "jwt");
        let request = self.forum.as_sent(self.service, request).await;
        let reply = self.browser.get(&request.target()).await;
        assert!(said(&reply, "").contains("\"code\""), "{:?}", reply.location());
        reply
    }

    async fn refreshed(&self, token: &str) -> Tokens {
        let reply = self.forum.refresh(self.service, token).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
        serde_json::from_slice(&reply.body).unwrap()
    }
}

/// A forum, and where it hears of sign-outs.
type At = (Forum, Receiver);

/// Three forums: two of one sector, of which one wants everything signed, and one elsewhere that is run like a bank.
async fn forums(service: &Service) -> [At; 3] {
    let draft = || Draft {
        scope: SCOPE.to_owned(),
        resources: vec![RESOURCE.to_owned()],
        id_token_alg: Algorithm::EdDSA,
        ..Draft::default()
    };
    let wiki = Draft {
        sector: Some("forum.example".to_owned()),
        join_sector: true,
        userinfo_signed_response_alg: Some(Algorithm::RS256),
        introspection_signed_response_alg: Some(Algorithm::ES256),
        ..draft()
    };
    let bank = Draft { profile: Profile::Fapi2, auth_method: AuthMethod::PrivateKeyJwt, ..draft() };
    let mut forums = Vec::new();
    for (host, draft) in [("forum.example", draft()), ("wiki.example", wiki), ("bank.example", bank)] {
        let receiver = Receiver::start().await;
        let draft = Draft { backchannel_logout_uri: Some(receiver.address()), local: true, ..draft };
        forums.push((service.register(host, draft).await, receiver));
    }
    forums.try_into().ok().unwrap()
}

/// Two people go to three forums: where each subject stood, by person and sector, and what was refused meanwhile.
async fn lived() -> (BTreeMap<(usize, String), Vec<(String, String)>>, Vec<String>) {
    let service = Service::start_at(ISSUER, "[outbound]\nallow = [\"127.0.0.1\"]", 1).await;
    let forums = forums(&service).await;
    let people = [service.arnaud().await, service.arnaud().await];
    let (mut found, mut refused) = (BTreeMap::<_, Vec<_>>::new(), Vec::new());
    let mut hints = Vec::<String>::new();
    for (number, citizen) in people.iter().enumerate() {
        for at in &forums {
            let forum = &at.0;
            let host = forum.redirect().split('/').nth(2).unwrap();
            let name = format!("{} {}", name_at(host), ["a", "b"][number]);
            let mut visit = Visit::begin(&service, at, citizen, &name).await;
            refused.push(said(&visit.signed_answer().await, ""));
            for hint in &hints {
                refused.extend(misled(&mut visit, hint).await);
            }
            let seen = places(&mut visit).await;
            let seen = seen.into_iter().map(|(place, sub)| (format!("{place} at {host}"), sub));
            found.entry((number, forum.client.sector.to_string())).or_default().extend(seen);
            for hint in &hints {
                refused.extend(refusals(&visit, hint).await);
            }
            hints.push(visit.tokens.id_token.clone());
        }
    }
    for citizen in &people {
        retire(&service, citizen).await;
    }
    (found, refused)
}

/// What a browser is told that brings a hint which is not of its person: all that is said.
async fn misled(visit: &mut Visit<'_>, foreign_hint: &str) -> Vec<String> {
    let (service, forum) = (visit.service, visit.forum);
    let request = forum.request(SCOPE).and("prompt", "none").and("id_token_hint", foreign_hint);
    let request = forum.as_sent(service, request).await;
    let hint = format!("/end-session?id_token_hint={foreign_hint}");
    let replies = [visit.browser.get(&request.target()).await, visit.browser.get(&hint).await];
    replies.iter().map(|reply| said(reply, foreign_hint)).collect()
}

/// What software is told that shows the ID token of somebody else, and what was spent before.
async fn refusals(visit: &Visit<'_>, foreign_hint: &str) -> Vec<String> {
    let (service, forum) = (visit.service, visit.forum);
    let bad = forum.request("openid").with("prompt", "no such");
    let mut replies = vec![
        forum.push(service, &bad).await,
        forum.userinfo(service, foreign_hint).await,
        forum.ask(service, "/introspect", &[("token", foreign_hint)]).await,
        forum.ask(service, "/revoke", &[("token", foreign_hint)]).await,
        forum.refresh(service, foreign_hint).await,
        forum.ask_token(service, &[("grant_type", "authorization_code"), ("code", foreign_hint)]).await,
    ];
    // A code that is used twice is written down in the log.
    replies.push(forum.redeem(service, &visit.request, &visit.answer).await);
    // Wrong credentials leave a line in the log, and not what was shown.
    let wrong = format!("grant_type=refresh_token&client_id={}&client_secret={foreign_hint}", forum.id());
    replies.push(service.browser().send(machine_post("/token", None, wrong)).await);
    let revoked = &visit.tokens.access_token;
    replies.push(forum.ask(service, "/revoke", &[("token", revoked)]).await);
    replies.push(forum.userinfo(service, revoked).await);
    replies.push(forum.ask(service, "/introspect", &[("token", revoked)]).await);
    assert!(replies.iter().all(|reply| !reply.text().contains("access_token")));
    replies.iter().map(|reply| said(reply, foreign_hint)).collect()
}

/// Everything that an answer says, with what stands in it in base64url; but for the address that the browser itself brought,
/// to which the links of a page lead back.
fn said(reply: &Reply, brought: &str) -> String {
    let headers = reply.headers.values().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let mut said = (headers.collect::<Vec<_>>().join("\n") + &reply.text()).replace(brought, "");
    let jwts: Vec<_> = said
        .split(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c))
        .filter(|word| word.matches('.').count() == 2)
        .collect();
    let inside: Vec<_> =
        jwts.iter().filter_map(|jwt| BASE64URL_NOPAD.decode(jwt.split('.').nth(1)?.as_bytes()).ok()).collect();
    for bytes in inside {
        said.push_str(&String::from_utf8_lossy(&bytes));
    }
    said
}

#[tokio::test]
async fn r34_r36_r38_the_subject_is_one_in_every_place_and_another_in_every_sector() {
    let (found, refused) = lived().await;
    assert_eq!(found.len(), 4, "two people in two sectors");
    let mut subjects = Vec::new();
    for (whose, seen) in &found {
        let (_, first) = &seen[0];
        assert_eq!(first.len(), 43);
        let others: Vec<_> = seen.iter().filter(|(_, sub)| sub != first).collect();
        assert!(others.is_empty(), "{whose:?} is {first} in {}, and {others:?}", seen[0].0);
        subjects.push(first.clone());
    }
    let places = found.values().map(Vec::len).sum::<usize>();
    assert_eq!(places, 6 * 14, "every place of every forum");
    subjects.sort();
    subjects.dedup();
    assert_eq!(subjects.len(), 4, "no two people and no two sectors have one in common");
    for said in &refused {
        assert!(!subjects.iter().any(|sub| said.contains(sub)), "an error names somebody: {said}");
    }
    assert!(refused.len() > 50, "{}", refused.len());
}

#[test]
fn r83_no_subject_stands_in_any_line_of_the_log() {
    let lived = alone("provider::subjects::two_people_go_to_three_forums").env(LOGGED, "yes").output().unwrap();
    let [log, told] = [lived.stdout, lived.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(lived.status.success() && log.contains("1 passed"), "{log}{told}");
    let subjects: Vec<_> = told.lines().filter_map(|line| line.strip_prefix(SUBJECT)).collect();
    assert_eq!(subjects.len(), 4);
    assert!(log.lines().count() > 100 && log.contains("\"target\":\"audit\""), "the log was kept: {log}");
    for subject in subjects {
        assert_eq!(log.lines().find(|line| line.contains(subject)), None);
    }
}

/// The log goes to the standard output, from every thread and at the finest level.
#[tokio::test]
#[ignore = "run by the test above, in a process of its own"]
#[expect(clippy::disallowed_methods, reason = "how the parent tells that it listens")]
async fn two_people_go_to_three_forums() {
    if env::var_os(LOGGED).is_none() {
        return;
    }
    let subscriber = telemetry::subscriber(LogFormat::Json, "trace", io::stdout).unwrap();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let (found, _) = lived().await;
    for seen in found.values() {
        eprintln!("{SUBJECT}{}", seen[0].1);
    }
}

fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap()).unwrap()
}

fn claim(token: &str) -> String {
    text(&claims(token)["sub"])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no subject")).to_owned()
}

const LOGGED: &str = "TEST_SUBJECTS_LOGGED";
const SUBJECT: &str = "a subject: ";
