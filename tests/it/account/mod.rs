//! A person's own pages, as transcripts over HTTP. Names that begin with a letter and a number are rows of the list of
//! hostile inputs that this provider is held to.

mod changes;
mod export;
mod forums;
mod log;
mod overview;

use heteronym::{
    accounts::{Account, Holder},
    domain::{
        ids::{PersonId, RegistrarId},
        quality::{Facts, Role, RoleKind, Sex},
    },
    store::{StoreError, accounts, persons},
};
use jiff::civil::Date;

use crate::harness::{Answer, Browser, Choices, Citizen, Forum, Reply, Request, Service, facts_of};

const EVERYTHING: &str = "openid profile age residence sex roles offline_access";

/// Somebody with tokens of one sign-in to a forum and an unspent code of another.
struct House {
    service: Service,
    forum: Forum,
    citizen: Citizen,
    browser: Browser,
    tokens: crate::harness::Tokens,
    request: Request,
    answer: Answer,
}

impl House {
    async fn open() -> Self {
        let service = Service::start().await;
        let forum = service.forum("forum.example", EVERYTHING).await;
        let citizen = service.enrol(&known(&service)).await;
        let mut browser = service.browser();
        browser.sign_in(&service, &citizen).await;
        let choices = Choices::all("Genêt").at("departement").but("sex");
        let request = forum.request(EVERYTHING);
        let answer = browser.authorize(&request, &choices).await;
        let tokens = forum.tokens(&service, &request, &answer).await;
        let request = forum.request(EVERYTHING);
        let answer = browser.authorize(&request, &choices).await;
        Self { service, forum, citizen, browser, tokens, request, answer }
    }

    /// The page of forums as its owner sees it.
    async fn list(&mut self) -> Reply {
        self.browser.get("/account/forums").await
    }

    /// What the forum has still works.
    async fn assert_alive(&self) {
        self.service.told(&self.tokens).await;
    }

    /// Neither the code, nor the access token, nor the refresh token is worth anything.
    async fn assert_nothing_is_issued(&self) {
        let reply = self.forum.redeem(&self.service, &self.request, &self.answer).await;
        assert_eq!(reply.error(), (400, "invalid_grant".to_owned()), "the code");
        let refresh = self.tokens.refresh_token.as_deref().unwrap();
        let reply = self.forum.refresh(&self.service, refresh).await;
        assert_eq!(reply.error(), (400, "invalid_grant".to_owned()), "the refresh token");
        let told = self.service.browser().userinfo(&self.tokens.access_token).await;
        assert_eq!(told.error(), (401, "invalid_token".to_owned()), "the access token");
    }

    async fn subject(&self) -> String {
        self.service.told(&self.tokens).await["sub"].as_str().unwrap().to_owned()
    }
}

/// Somebody of whom everything is known.
pub(crate) fn known(service: &Service) -> Facts {
    let mut facts = facts_of(service, Date::constant(1987, 3, 2), "cog:38563", "Arnaud R.");
    facts.sex = Sex::Male;
    let authority = RegistrarId::from_bytes([7; 16]);
    facts.grant(Role { kind: RoleKind::Agent, authority, until: Date::constant(2027, 1, 31) });
    facts
}

/// Changes a person's row as the counter does.
async fn change(service: &Service, citizen: &Citizen, change: impl FnOnce(&mut persons::Person) + Send) {
    let (person, store) = (citizen.person, &service.services.store);
    let found = store.read::<_, StoreError, _>(move |tx| Box::pin(persons::find(tx, person))).await;
    let mut row = found.unwrap().unwrap();
    change(&mut row);
    let changed = store.write::<_, StoreError, _>(move |tx| Box::pin(async move { persons::update(tx, &row).await }));
    assert!(changed.await.unwrap());
    service.services.attributes.forget(person);
}

async fn becomes(service: &Service, citizen: &Citizen, facts: &Facts) {
    let sealed = service.services.attributes.seal_facts(citizen.person, facts);
    change(service, citizen, |row| row.facts = sealed).await;
}

/// Somebody with an account who is no citizen.
async fn staff(service: &Service, holder: Holder) -> Citizen {
    let account: Account = service.services.accounts.prepare(holder);
    let stored = account.clone();
    let added = service
        .services
        .store
        .write::<_, StoreError, _>(move |tx| Box::pin(async move { accounts::insert(tx, &stored).await }));
    added.await.unwrap();
    Citizen { person: PersonId::from_bytes([0; 16]), account }
}

/// What a reader reads: without tags, with characters in place of entities.
fn words(page: &Reply) -> String {
    let text = page.text();
    let main = text.split("<main").nth(1).unwrap().split("</main>").next().unwrap().split_once('>').unwrap().1;
    let mut words = String::new();
    for piece in main.split('<') {
        words.push(' ');
        words.push_str(piece.split_once('>').map_or(piece, |(_, text)| text));
    }
    let entities = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    let words = entities.iter().fold(words, |words, (entity, character)| words.replace(entity, character));
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn assert_says(page: &Reply, sentences: &[&str]) {
    let words = words(page);
    for sentence in sentences {
        assert!(words.contains(sentence), "{sentence:?} is not in {words}");
    }
}

fn assert_silent(page: &Reply, sentences: &[&str]) {
    let words = words(page);
    for sentence in sentences {
        assert!(!words.contains(sentence), "{sentence:?} is in {words}");
    }
}
