//! Two and fifty who want the same at once: on SQLite, on PostgreSQL, and on two nodes over one PostgreSQL. One has it, the
//! others get the documented answer, and so it stays when the service begins anew on the same directory.
//!
//! Rows S of the list of hostile inputs, with those of their endpoints.

use std::{future::Future, sync::Arc};

use axum::http::StatusCode;
use futures_util::future::join_all;
use heteronym::{clients::Draft, wire::oauth::AuthMethod};
use serde_json::Value;
use tokio::{sync::Barrier, task::JoinSet};

use super::ways::{Gone, House, name_at};
use crate::{
    harness::{Answer, Choices, Citizen, ClientKey, Forum, ISSUER, Reply, Service, Tokens, machine_post},
    store::both::{Db, Place, on_postgres},
};

/// A list of cases becomes three modules of tests: where they are run, and on how many nodes.
macro_rules! everywhere {
    ($($case:ident)+) => {
        mod sqlite {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                let ground = super::Ground::sqlite().await;
                super::contests(ground, super::$case).await;
            }
        )+}

        mod postgres {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                crate::store::both::on_postgres(async |db| {
                    super::contests(super::Ground::postgres(&db, 1).await, super::$case).await;
                }).await;
            }
        )+}

        mod two_nodes {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                crate::store::both::on_postgres(async |db| {
                    super::contests(super::Ground::postgres(&db, 2).await, super::$case).await;
                }).await;
            }
        )+}
    };
}

everywhere! {
    c2_s1_r11_of_all_who_use_a_code_one_wins_and_its_family_ends
    c1_r12_a_code_used_again_after_a_restart_ends_what_it_gave
    c13_s2_r25_of_all_who_refresh_one_wins_and_the_family_lives
    b10_s3_of_all_who_bring_a_pushed_request_one_grant_comes
    b11_s3_a_pushed_request_is_opened_again_until_it_is_answered
    r28_s4_of_all_who_send_an_assertion_one_is_believed
    d7_r21_s4_of_all_who_send_a_proof_one_is_believed
    s11_r31_what_is_refreshed_around_a_revocation_does_not_live
    s11_e3_what_is_redeemed_around_the_end_of_its_session_does_not_live
    s12_c20_what_is_issued_around_an_end_does_not_live
}

const SCOPE: &str = "openid profile age offline_access";

/// The nodes of one installation.
#[derive(Clone)]
struct Ground(Arc<Vec<Service>>);

impl Ground {
    async fn sqlite() -> Self {
        Self(Arc::new(vec![Service::start().await]))
    }

    async fn postgres(db: &Db, nodes: u64) -> Self {
        let Place::Postgres(options) = &db.place else { panic!("PostgreSQL alone has several nodes") };
        let storage = format!(
            "[storage]\nengine = \"postgres\"\nurl = \"{}\"\nallow_unprotected = true\nmax_connections = 12",
            options.url
        );
        Self(Arc::new(join_all((1..=nodes).map(|seed| Service::start_at(ISSUER, &storage, seed))).await))
    }

    fn node(&self, number: usize) -> &Service {
        &self.0[number % self.0.len()]
    }

    /// Every node ends, and begins anew.
    async fn restarted(self) -> Self {
        let nodes = Arc::into_inner(self.0).expect("nobody contends any more");
        Self(Arc::new(join_all(nodes.into_iter().map(Service::restart)).await))
    }

    fn wait(&self, seconds: u64) {
        self.0.iter().for_each(|node| node.wait(seconds));
    }

    async fn close(self) {
        for node in self.0.iter() {
            node.services.store.close().await;
        }
    }

    /// Starts `work` for every contender at the same moment; contenders with odd numbers go to another node if there is one.
    async fn contest<T, F>(&self, contenders: usize, work: impl Fn(Self, usize) -> F) -> Vec<T>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let start = Arc::new(Barrier::new(contenders));
        let mut tasks = JoinSet::new();
        for number in 0..contenders {
            let (start, future) = (start.clone(), work(self.clone(), number));
            tasks.spawn(async move {
                start.wait().await;
                future.await
            });
        }
        tasks.join_all().await
    }

    /// The same of endpoints of clients, of whom one gets `won` and all the others `lost`: the winner's answer.
    async fn one_wins<F>(
        &self,
        contenders: usize,
        won: StatusCode,
        lost: (u16, &str),
        work: impl Fn(Self, usize) -> F,
    ) -> Reply
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        let (mut winners, losers): (Vec<_>, Vec<_>) =
            self.contest(contenders, work).await.into_iter().partition(|reply| reply.status == won);
        for loser in &losers {
            assert_eq!(loser.error(), (lost.0, lost.1.to_owned()), "{contenders} contenders");
        }
        assert_eq!(winners.len(), 1, "of {contenders} contenders");
        winners.remove(0)
    }

    /// A forum and somebody whom it knows, and who is signed in here.
    async fn party(&self, host: &str) -> Party {
        let forum = self.node(0).forum(host, SCOPE).await;
        let citizen = self.node(0).arnaud().await;
        let session = citizen.begin_session(self.node(0)).await.token.expose().to_owned();
        let party = Party { forum, citizen, session };
        party.answer(self, SCOPE).await;
        party
    }
}

#[derive(Clone)]
struct Party {
    forum: Forum,
    citizen: Citizen,
    session: String,
}

impl Party {
    async fn answer(&self, ground: &Ground, scope: &str) -> (crate::harness::Request, Answer) {
        let mut browser = ground.node(1).browser();
        browser.hold_session(&self.session);
        let request = self.forum.request(scope);
        let answer = browser.authorize(&request, &Choices::all(&name_at(self.forum.redirect()))).await;
        (request, answer)
    }

    async fn tokens(&self, ground: &Ground) -> Tokens {
        let (request, answer) = self.answer(ground, SCOPE).await;
        self.forum.tokens(ground.node(0), &request, &answer).await
    }

    /// Every node says that neither of these is worth anything.
    async fn assert_dead(&self, ground: &Ground, access_token: &str, refresh_token: Option<&str>, why: &str) {
        for node in ground.0.iter() {
            let told = self.forum.userinfo(node, access_token).await;
            assert_eq!(told.error(), (401, "invalid_token".to_owned()), "the access token, {why}");
            if let Some(token) = refresh_token {
                assert_eq!(self.forum.refresh(node, token).await.error(), invalid_grant(), "the refresh token, {why}");
            }
        }
    }
}

fn invalid_grant() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

fn tokens_of(reply: &Reply) -> Tokens {
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    serde_json::from_slice(&reply.body).unwrap()
}

/// Runs a case with each number of contenders.
async fn contests<F: Future<Output = Ground>>(mut ground: Ground, case: impl Fn(Ground, usize) -> F) {
    for contenders in [2, 50] {
        ground = Box::pin(case(ground, contenders)).await;
    }
    ground.close().await;
}

fn letters(number: usize) -> &'static str {
    if number == 2 { "two" } else { "fifty" }
}

async fn c2_s1_r11_of_all_who_use_a_code_one_wins_and_its_family_ends(ground: Ground, contenders: usize) -> Ground {
    let party = ground.party(&format!("{}.example", letters(contenders))).await;
    let (request, answer) = party.answer(&ground, SCOPE).await;
    let redeem = |ground: Ground, number: usize| {
        let (forum, request, answer) = (party.forum.clone(), request.clone(), answer.clone());
        async move { forum.redeem(ground.node(number), &request, &answer).await }
    };
    let winner = ground.one_wins(contenders, StatusCode::OK, (400, "invalid_grant"), redeem).await;
    let won = tokens_of(&winner);
    party.assert_dead(&ground, &won.access_token, won.refresh_token.as_deref(), "used by others as well").await;
    let ground = ground.restarted().await;
    for number in 0..2 {
        let reply = party.forum.redeem(ground.node(number), &request, &answer).await;
        assert_eq!(reply.error(), invalid_grant(), "spent before the restart");
    }
    party.assert_dead(&ground, &won.access_token, won.refresh_token.as_deref(), "after a restart").await;
    ground
}

async fn c1_r12_a_code_used_again_after_a_restart_ends_what_it_gave(ground: Ground, contenders: usize) -> Ground {
    let party = ground.party(&format!("{}.example", letters(contenders))).await;
    let (request, answer) = party.answer(&ground, SCOPE).await;
    let tokens = party.forum.tokens(ground.node(0), &request, &answer).await;
    let ground = ground.restarted().await;
    assert_eq!(party.forum.userinfo(ground.node(1), &tokens.access_token).await.status, StatusCode::OK);
    let lost = ground.contest(contenders, |ground, number| {
        let (forum, request, answer) = (party.forum.clone(), request.clone(), answer.clone());
        async move { forum.redeem(ground.node(number), &request, &answer).await.error() }
    });
    assert!(lost.await.into_iter().all(|error| error == invalid_grant()));
    party.assert_dead(&ground, &tokens.access_token, tokens.refresh_token.as_deref(), "the code came again").await;
    ground
}

async fn c13_s2_r25_of_all_who_refresh_one_wins_and_the_family_lives(ground: Ground, contenders: usize) -> Ground {
    let party = ground.party(&format!("{}.example", letters(contenders))).await;
    let first = party.tokens(&ground).await.refresh_token.unwrap();
    let refresh = |ground: Ground, number: usize| {
        let (forum, first) = (party.forum.clone(), first.clone());
        async move { forum.refresh(ground.node(number), &first).await }
    };
    let winner = ground.one_wins(contenders, StatusCode::OK, (400, "invalid_grant"), refresh).await;
    let won = tokens_of(&winner);
    let ground = ground.restarted().await;
    ground.wait(10);
    for number in 0..2 {
        let late = party.forum.refresh(ground.node(number), &first).await;
        assert_eq!(late.error(), invalid_grant(), "within ten seconds, and after a restart");
    }
    assert_eq!(party.forum.userinfo(ground.node(1), &won.access_token).await.status, StatusCode::OK);
    let next = tokens_of(&party.forum.refresh(ground.node(1), won.refresh_token.as_deref().unwrap()).await);
    let ground = ground.restarted().await;
    ground.wait(1);
    assert_eq!(party.forum.refresh(ground.node(1), &first).await.error(), invalid_grant(), "R24");
    party.assert_dead(&ground, &next.access_token, next.refresh_token.as_deref(), "R24: one was stolen").await;
    let ground = ground.restarted().await;
    party.assert_dead(&ground, &next.access_token, next.refresh_token.as_deref(), "after a restart").await;
    ground
}

async fn b10_s3_of_all_who_bring_a_pushed_request_one_grant_comes(ground: Ground, contenders: usize) -> Ground {
    let party = ground.party(&format!("{}.example", letters(contenders))).await;
    let request = party.forum.pushed(ground.node(0), &party.forum.request(SCOPE)).await;
    let bring = |ground: Ground, number: usize| {
        let (session, target) = (party.session.clone(), request.target());
        async move {
            let mut browser = ground.node(number).browser();
            browser.hold_session(&session);
            Answer::of(&browser.get(&target).await)
        }
    };
    let (answered, refused): (Vec<_>, Vec<_>) =
        ground.contest(contenders, bring).await.into_iter().partition(|answer| answer.get("code").is_some());
    assert!(!answered.is_empty());
    assert!(refused.iter().all(|answer| answer.error() == "invalid_request_uri"));
    let redeem = |ground: Ground, number: usize| {
        let (forum, request, answer) =
            (party.forum.clone(), request.clone(), answered[number % answered.len()].clone());
        async move { forum.redeem(ground.node(number), &request, &answer).await }
    };
    ground.one_wins(contenders, StatusCode::OK, (400, "invalid_grant"), redeem).await;
    let again = |ground: Ground| async move {
        for number in 0..2 {
            assert_eq!(bring(ground.clone(), number).await.error(), "invalid_request_uri", "it was answered");
        }
    };
    again(ground.clone()).await;
    let ground = ground.restarted().await;
    again(ground.clone()).await;
    ground
}

async fn b11_s3_a_pushed_request_is_opened_again_until_it_is_answered(ground: Ground, contenders: usize) -> Ground {
    let party = ground.party(&format!("{}.example", letters(contenders))).await;
    let request = party.forum.pushed(ground.node(0), &party.forum.request(SCOPE)).await;
    let open = |ground: Ground, number: usize| {
        let target = request.target();
        async move { ground.node(number).browser().get(&target).await }
    };
    let is_sign_in = |page: &Reply| page.location().is_some_and(|address| address.starts_with("/sign-in"));
    assert!(ground.contest(contenders, open).await.iter().all(is_sign_in), "for every window");
    let ground = ground.restarted().await;
    assert!(is_sign_in(&open(ground.clone(), 1).await), "after a restart");
    let mut browser = ground.node(1).browser();
    browser.hold_session(&party.session);
    let answer = Answer::of(&browser.get(&request.target()).await);
    party.forum.tokens(ground.node(0), &request, &answer).await;
    for number in 0..2 {
        let mut browser = ground.node(number).browser();
        browser.hold_session(&party.session);
        assert_eq!(Answer::of(&browser.get(&request.target()).await).error(), "invalid_request_uri");
    }
    ground
}

async fn r28_s4_of_all_who_send_an_assertion_one_is_believed(ground: Ground, contenders: usize) -> Ground {
    let draft = Draft { auth_method: AuthMethod::PrivateKeyJwt, scope: SCOPE.to_owned(), ..Draft::default() };
    let forum = ground.node(0).register(&format!("{}.example", letters(contenders)), draft).await;
    let claims = ClientKey::assertion(ground.node(0), forum.id());
    let assertion = forum.key.as_ref().unwrap().sign(heteronym::wire::jose::Typ::ClientAssertion, &claims);
    let push = |ground: Ground, number: usize| {
        let mut fields = forum.request(SCOPE).without("client_id").params;
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        fields.push(("client_assertion_type".to_owned(), kind.to_owned()));
        fields.push(("client_assertion".to_owned(), assertion.clone()));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        async move { ground.node(number).browser().send(machine_post("/par", None, body)).await }
    };
    ground.one_wins(contenders, StatusCode::CREATED, (401, "invalid_client"), push).await;
    let ground = ground.restarted().await;
    for number in 0..2 {
        assert_eq!(push(ground.clone(), number).await.error(), (401, "invalid_client".to_owned()), "after a restart");
    }
    assert_eq!(forum.push(ground.node(1), &forum.request(SCOPE)).await.status, StatusCode::CREATED, "a new one");
    ground
}

async fn d7_r21_s4_of_all_who_send_a_proof_one_is_believed(ground: Ground, contenders: usize) -> Ground {
    let draft = Draft { dpop_bound_access_tokens: true, scope: SCOPE.to_owned(), ..Draft::default() };
    let host = format!("{}.example", letters(contenders));
    let forum = ground.node(0).register(&host, draft).await;
    let citizen = ground.node(0).arnaud().await;
    let tokens = ground.node(0).sign_in(&forum, &citizen, SCOPE, &Choices::all(&name_at(&host))).await;
    let key = forum.dpop.clone().unwrap();
    let claims = |method, path, token| ClientKey::proof(ground.node(0), method, path, token);
    let at_par = key.header(&claims("POST", "/par", None));
    let at_userinfo = key.header(&claims("GET", "/userinfo", Some(&tokens.access_token)));
    let push = |ground: Ground, number: usize| {
        let params = forum.request(SCOPE).without("client_id").params;
        let params: Vec<_> = params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut call = forum.call(ground.node(number), "/par", &params);
        call.headers_mut().insert("dpop", at_par.clone());
        async move { ground.node(number).browser().send(call).await }
    };
    let ask = |ground: Ground, number: usize| {
        let call = axum::http::Request::get("/userinfo").header("dpop", at_userinfo.clone());
        let call = call.header("authorization", format!("DPoP {}", tokens.access_token));
        let call = call.body(axum::body::Body::empty()).unwrap();
        async move { ground.node(number).browser().send(call).await }
    };
    ground.one_wins(contenders, StatusCode::CREATED, (400, "invalid_dpop_proof"), push).await;
    ground.one_wins(contenders, StatusCode::OK, (401, "invalid_dpop_proof"), ask).await;
    let ground = ground.restarted().await;
    for number in 0..2 {
        assert_eq!(push(ground.clone(), number).await.error(), (400, "invalid_dpop_proof".to_owned()));
        assert_eq!(ask(ground.clone(), number).await.error(), (401, "invalid_dpop_proof".to_owned()));
    }
    ground
}

/// Two contenders often, fifty once.
fn rounds(contenders: usize) -> usize {
    if contenders == 2 { 12 } else { 1 }
}

async fn s11_r31_what_is_refreshed_around_a_revocation_does_not_live(ground: Ground, contenders: usize) -> Ground {
    let party = ground.party(&format!("{}.example", letters(contenders))).await;
    for _ in 0..rounds(contenders) {
        let tokens = party.tokens(&ground).await;
        let first = tokens.refresh_token.unwrap();
        let replies = ground.contest(contenders, |ground, number| {
            let (forum, first) = (party.forum.clone(), first.clone());
            async move {
                let node = ground.node(number);
                if number == contenders / 2 {
                    assert_eq!(forum.ask(node, "/revoke", &[("token", &first)]).await.status, StatusCode::OK);
                    return None;
                }
                Some(forum.refresh(node, &first).await)
            }
        });
        let replies: Vec<Reply> = replies.await.into_iter().flatten().collect();
        let (won, lost): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == StatusCode::OK);
        assert!(won.len() <= 1 && lost.iter().all(|reply| reply.error() == invalid_grant()));
        for won in won.into_iter().map(tokens_of) {
            party.assert_dead(&ground, &won.access_token, won.refresh_token.as_deref(), "revoked").await;
        }
        party.assert_dead(&ground, &tokens.access_token, Some(&first), "revoked").await;
    }
    ground
}

async fn s11_e3_what_is_redeemed_around_the_end_of_its_session_does_not_live(
    ground: Ground,
    contenders: usize,
) -> Ground {
    let mut party = ground.party(&format!("{}.example", letters(contenders))).await;
    for round in 0..rounds(contenders) {
        let session = party.citizen.begin_session(ground.node(0)).await;
        session.token.expose().clone_into(&mut party.session);
        let mut answers = Vec::new();
        for _ in 0..contenders {
            answers.push(party.answer(&ground, "openid").await);
        }
        // Another device, from which all others are signed out.
        let elsewhere = party.citizen.begin_session(ground.node(0)).await;
        let replies = ground.contest(contenders, |ground, number| {
            let (forum, (request, answer)) = (party.forum.clone(), answers[number].clone());
            let (here, elsewhere) = (session.signed_in.clone(), elsewhere.signed_in.clone());
            async move {
                let accounts = &ground.node(number).services.accounts;
                if number != contenders / 2 {
                    return Some(forum.redeem(ground.node(number), &request, &answer).await);
                }
                if round % 2 == 0 {
                    accounts.sign_out(&here).await.unwrap();
                } else {
                    accounts.end_other_sessions(&elsewhere).await.unwrap();
                }
                None
            }
        });
        for reply in replies.await.into_iter().flatten() {
            if reply.status == StatusCode::OK {
                party.assert_dead(&ground, &tokens_of(&reply).access_token, None, "signed out").await;
            } else {
                assert_eq!(reply.error(), invalid_grant());
            }
        }
    }
    ground
}

async fn s12_c20_what_is_issued_around_an_end_does_not_live(ground: Ground, contenders: usize) -> Ground {
    for (way, number) in Gone::OF_EVERYTHING.into_iter().zip(0..) {
        let rounds = if contenders == 2 { 3 } else { 1 };
        for round in 0..rounds {
            let host = format!("{}-{number}-{round}.example", letters(contenders));
            let house = Arc::new(House::in_service(ground.node(0), &host).await);
            let first = house.offline.refresh_token.clone().unwrap();
            let mut answers = Vec::new();
            for _ in 0..contenders {
                answers.push(house.answered(ground.node(1), SCOPE).await);
            }
            let replies = ground.contest(contenders, |ground, number| {
                let (house, first, (request, answer)) = (house.clone(), first.clone(), answers[number].clone());
                async move {
                    let node = ground.node(number);
                    match number {
                        _ if number == contenders / 2 => way.strike(node, &house).await,
                        _ if number % 3 == 0 => return Some(house.forum.refresh(node, &first).await),
                        _ => return Some(house.forum.redeem(node, &request, &answer).await),
                    }
                    None
                }
            });
            for reply in replies.await.into_iter().flatten() {
                if reply.status == StatusCode::OK {
                    let issued: Value = reply.json();
                    for node in ground.0.iter() {
                        let told = house.forum.userinfo(node, issued["access_token"].as_str().unwrap()).await;
                        assert_eq!(told.error(), (401, "invalid_token".to_owned()), "{way:?}");
                        let next = house.forum.refresh(node, issued["refresh_token"].as_str().unwrap()).await;
                        assert!(["invalid_grant", "invalid_client"].contains(&&*next.error().1), "{way:?}");
                    }
                } else {
                    assert!(["invalid_grant", "invalid_client"].contains(&&*reply.error().1), "{way:?}");
                }
            }
        }
    }
    ground
}

/// What the redemption read is no longer so when it writes: PostgreSQL holds it up in between.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c20_an_end_between_the_reading_and_the_writing_of_a_redemption_is_seen() {
    on_postgres(async |db| {
        let ground = Ground::postgres(&db, 2).await;
        let Place::Postgres(options) = &db.place else { panic!("PostgreSQL alone can be held up") };
        for (way, number) in Gone::OF_EVERYTHING.into_iter().zip(0..) {
            let house = House::in_service(ground.node(0), &format!("held-{number}.example")).await;
            let (request, answer) = house.answered(ground.node(0), SCOPE).await;
            let held = Held::up(&options.url).await;
            let (there, forum) = (ground.clone(), house.forum.clone());
            let redeem = tokio::spawn(async move { forum.redeem(there.node(1), &request, &answer).await });
            let held = held.until_somebody_waits().await;
            way.mark(ground.node(0), &house).await;
            held.release().await;
            let reply = redeem.await.unwrap();
            assert!(["invalid_grant", "invalid_client"].contains(&&*reply.error().1), "{way:?}: {}", reply.text());
        }
        ground.close().await;
    })
    .await;
}

/// The table of grants, locked by somebody else.
struct Held(sqlx::PgConnection);

impl Held {
    async fn up(url: &str) -> Self {
        use sqlx::{Connection as _, Executor as _};
        let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
        connection.execute("BEGIN; LOCK TABLE grants IN SHARE ROW EXCLUSIVE MODE").await.unwrap();
        Self(connection)
    }

    async fn until_somebody_waits(mut self) -> Self {
        use sqlx::{Executor as _, Row as _};
        let waiting = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'grants'::regclass";
        loop {
            let row = self.0.fetch_one(waiting).await.unwrap();
            if row.get::<i64, _>(0) > 0 {
                return self;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    async fn release(mut self) {
        use sqlx::{Connection as _, Executor as _};
        self.0.execute("ROLLBACK").await.unwrap();
        self.0.close().await.unwrap();
    }
}
