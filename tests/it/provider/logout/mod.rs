//! Forums hear that a session has ended: by the back channel, by the browser, and however often it takes.

mod back_channel;
mod browser;
mod endings;
mod queue;
mod receiver;

use data_encoding::BASE64URL_NOPAD;
use heteronym::{
    accounts::NewSession,
    clients::Draft,
    domain::ids::ClientId,
    store::{StoreError, logouts},
    wire::jose::{Algorithm, JwkSet, KeySet, Typ, Verifier},
};
use serde_json::{Map, Value};

pub(super) use self::receiver::Receiver;
use self::receiver::Say;
use crate::harness::{Browser, Choices, Citizen, Forum, ISSUER, Service, Tokens};

/// A citizen who is signed in, and nobody yet who would have to hear of it.
struct House {
    service: Service,
    citizen: Citizen,
    session: NewSession,
    browser: Browser,
}

/// A forum that takes logout tokens, and what it was given at the sign-in.
struct Told {
    forum: Forum,
    receiver: Receiver,
    tokens: Tokens,
}

impl House {
    async fn open() -> Self {
        Self::open_with("").await
    }

    /// With further configuration; receivers on this machine are let through the guard.
    async fn open_with(configuration: &str) -> Self {
        let text = format!("{configuration}\n[outbound]\nallow = [\"127.0.0.1\"]");
        let service = Service::start_at(ISSUER, &text, 1).await;
        let citizen = service.arnaud().await;
        let session = citizen.begin_session(&service).await;
        let mut browser = service.browser();
        browser.hold_session(session.token.expose());
        Self { service, citizen, session, browser }
    }

    /// A forum at this host with a receiver, at which the citizen is signed in.
    async fn forum(&mut self, host: &str, draft: Draft) -> Told {
        let receiver = Receiver::start().await;
        let draft = Draft { backchannel_logout_uri: Some(receiver.address()), local: true, ..draft };
        let forum = self.service.register(host, draft).await;
        let tokens = self.sign_in(&forum).await;
        Told { forum, receiver, tokens }
    }

    async fn sign_in(&mut self, forum: &Forum) -> Tokens {
        let scope = forum.client.metadata.scope.to_string();
        let request = forum.request(&scope);
        let answer = self.browser.authorize(&request, &Choices::all("Genêt des landes")).await;
        forum.tokens(&self.service, &request, &answer).await
    }

    /// Signs out on our own pages.
    async fn sign_out(&mut self) -> crate::harness::Reply {
        let page = self.browser.get("/account/access").await;
        self.browser.post_form(&page, "/sign-out", &[]).await
    }

    /// Ends the session where nobody waits for the forums.
    async fn session_ends(&self) {
        self.service.services.accounts.sign_out(&self.session.signed_in).await.unwrap();
    }

    async fn round(&self) -> u64 {
        self.service.services.logout.round().await.unwrap()
    }

    /// Deliveries that wait, whenever they are due.
    async fn waiting(&self) -> Vec<logouts::Delivery> {
        let ever = heteronym::domain::ambient::Timestamp(i64::MAX);
        let read = self
            .service
            .services
            .store
            .read::<_, StoreError, _>(|tx| Box::pin(async move { logouts::due(tx, ever, 100).await }));
        read.await.unwrap()
    }

    /// The claims of a logout token for this client, verified with the published keys.
    async fn verified(&self, client: &ClientId, token: &str) -> Map<String, Value> {
        let jwks = self.service.browser().get("/jwks.json").await;
        let keys = KeySet::new(&JwkSet::parse(&jwks.body).unwrap());
        let verifier = Verifier::new(Typ::LogoutToken, ISSUER, client.as_str()).require(&["iat", "jti", "events"]);
        let now = self.service.services.ambient.now().seconds();
        verifier.verify(token, &keys, now).unwrap().claims
    }

    /// The one token that this forum was sent.
    async fn only_token(&self, told: &Told) -> Map<String, Value> {
        let tokens = told.receiver.tokens();
        assert_eq!(tokens.len(), 1, "{}", told.forum.id());
        self.verified(&told.forum.client.id, &tokens[0]).await
    }

    /// What the forum's own ID token says.
    async fn id_token(&self, told: &Told) -> Map<String, Value> {
        self.service.verified(&told.forum, &told.tokens.id_token).await
    }
}

fn eddsa() -> Draft {
    Draft { scope: "openid".to_owned(), id_token_alg: Algorithm::EdDSA, ..Draft::default() }
}

/// A part of a compact token, decoded and not verified.
fn part(token: &str, number: usize) -> Value {
    let part = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
}
