//! Wherever a `sub` stands it is the same for one person in one sector, another one for anybody else and anywhere else, and
//! in no error and no line of the log (OpenID Connect Core §8.1; RFC 9068 §5, §6).
//!
//! A place where a subject is told is one line of [`places`].

use std::{collections::BTreeMap, env, io};

use axum::http::StatusCode;
use data_encoding::BASE64URL_NOPAD;
use heteronym::{
    clients::{Draft, Profile},
    telemetry::{self, LogFormat},
    wire::{jose::Algorithm, oauth::AuthMethod},
};
use serde_json::Value;

use super::endings::retire;
use super::ways::{RESOURCE, SCOPE, name_at};
use crate::harness::{Answer, Browser, Choices, Citizen, Forum, Reply, Request, Service, Tokens, alone, machine_post};

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
    found.extend([
        ("ID token of a refresh", claim(&refreshed.id_token)),
        ("UserInfo after a refresh", visit.userinfo(&refreshed.access_token).await),
    ]);
    found
}

/// Somebody who has signed in to a forum.
struct Visit<'a> {
    service: &'a Service,
    forum: &'a Forum,
    browser: Browser,
    choices: Choices,
    request: Request,
    answer: Answer,
    tokens: Tokens,
}

impl<'a> Visit<'a> {
    async fn begin(service: &'a Service, forum: &'a Forum, citizen: &Citizen, name: &str) -> Self {
        let mut browser = service.browser();
        browser.sign_in(service, citizen).await;
        let choices = Choices::all(name);
        let request = forum.as_sent(service, forum.request(SCOPE)).await;
        let answer = browser.authorize(&request, &choices).await;
        let tokens = forum.tokens(service, &request, &answer).await;
        Self { service, forum, browser, choices, request, answer, tokens }
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

    async fn refreshed(&self, token: &str) -> Tokens {
        let reply = self.forum.refresh(self.service, token).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
        serde_json::from_slice(&reply.body).unwrap()
    }
}

/// Three forums: two of one sector, of which one wants everything signed, and one elsewhere that is run like a bank.
async fn forums(service: &Service) -> [Forum; 3] {
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
    [
        service.register("forum.example", draft()).await,
        service.register("wiki.example", wiki).await,
        service.register("bank.example", bank).await,
    ]
}

/// Two people go to three forums: where each subject stood, by person and sector, and what was refused meanwhile.
async fn lived() -> (BTreeMap<(usize, String), Vec<(String, String)>>, Vec<String>) {
    let service = Service::start().await;
    let forums = forums(&service).await;
    let people = [service.arnaud().await, service.arnaud().await];
    let (mut found, mut refused) = (BTreeMap::<_, Vec<_>>::new(), Vec::new());
    let mut hints = Vec::<String>::new();
    for (number, citizen) in people.iter().enumerate() {
        for forum in &forums {
            let host = forum.redirect().split('/').nth(2).unwrap();
            let name = format!("{} {}", name_at(host), ["a", "b"][number]);
            let mut visit = Visit::begin(&service, forum, citizen, &name).await;
            let seen = places(&mut visit).await;
            let seen = seen.into_iter().map(|(place, sub)| (format!("{place} at {host}"), sub));
            found.entry((number, forum.client.sector.to_string())).or_default().extend(seen);
            for hint in &hints {
                refused.extend(refusals(&mut visit, hint).await);
            }
            hints.push(visit.tokens.id_token.clone());
        }
    }
    for citizen in &people {
        retire(&service, citizen).await;
    }
    (found, refused)
}

/// What goes wrong for somebody who shows a hint that is not theirs, and what was spent before: all that is said.
async fn refusals(visit: &mut Visit<'_>, foreign_hint: &str) -> Vec<String> {
    let (service, forum) = (visit.service, visit.forum);
    let request = forum.request(SCOPE).and("prompt", "none").and("id_token_hint", foreign_hint);
    let request = forum.as_sent(service, request).await;
    let bad = forum.request("openid").with("prompt", "no such");
    let hint = format!("/end-session?id_token_hint={foreign_hint}");
    let mut replies = vec![
        visit.browser.get(&request.target()).await,
        visit.browser.get(&hint).await,
        forum.push(service, &bad).await,
        forum.userinfo(service, foreign_hint).await,
        forum.ask(service, "/introspect", &[("token", foreign_hint)]).await,
        forum.ask(service, "/revoke", &[("token", foreign_hint)]).await,
        forum.refresh(service, foreign_hint).await,
        forum.ask_token(service, &[("grant_type", "authorization_code"), ("code", foreign_hint)]).await,
    ];
    // Wrong credentials leave a line in the log, and not what was shown.
    let wrong = format!("grant_type=refresh_token&client_id={}&client_secret={foreign_hint}", forum.id());
    replies.push(service.browser().send(machine_post("/token", None, wrong)).await);
    let revoked = &visit.tokens.access_token;
    replies.push(forum.ask(service, "/revoke", &[("token", revoked)]).await);
    replies.push(forum.userinfo(service, revoked).await);
    replies.push(forum.ask(service, "/introspect", &[("token", revoked)]).await);
    // A code that is used twice is written down in the log.
    replies.push(forum.redeem(service, &visit.request, &visit.answer).await);
    assert!(replies.iter().all(|reply| !reply.text().contains("access_token")));
    replies.iter().map(|reply| said(reply, foreign_hint)).collect()
}

/// Everything that an answer says, with what stands in it in base64url; but for the address that the browser itself brought,
/// to which the links of a page lead back.
fn said(reply: &Reply, brought: &str) -> String {
    let headers = reply.headers.values().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let mut said = (headers.collect::<Vec<_>>().join("\n") + &reply.text()).replace(brought, "");
    let jwts: Vec<_> =
        said.split(|c: char| !c.is_ascii_graphic()).filter(|word| word.matches('.').count() == 2).collect();
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
    assert_eq!(places, 6 * 13, "every place of every forum");
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
