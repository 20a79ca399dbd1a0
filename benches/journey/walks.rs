//! What the clients do: the whole journey, its parts, and what strangers fetch.

use std::{cell::Cell, fmt::Write as _, rc::Rc};

use anyhow::Context as _;
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest as _, Sha256};

use super::{
    client::{Link, Reply},
    load::Walk,
    town::{Forum, Signature, Town, authorization},
};

/// A browser and the software of a forum: authorize → code → token → UserInfo, each time for the next person.
pub(crate) struct Journey {
    forum: Forum,
    visitor: Visitor,
    next: Rc<Cell<usize>>,
}

/// UserInfo with one access token, again and again.
pub(crate) struct UserInfo {
    start: Journey,
    request: String,
}

/// A chain of refresh tokens, each for the next and an ID token.
pub(crate) struct Refresh {
    start: Journey,
    token: String,
}

/// A public document.
pub(crate) struct Fetch(String);

/// What makes the requests of one client, and makes each of them new.
struct Visitor {
    town: Rc<Town>,
    seed: String,
    count: u64,
    out: String,
}

/// What a token request gave.
struct Tokens {
    access: String,
    id: String,
    refresh: Option<String>,
}

impl Journey {
    /// All clients of one load share `next`: the person whose turn it is.
    pub(crate) fn new(town: &Rc<Town>, signature: Signature, number: usize, next: &Rc<Cell<usize>>) -> Self {
        Self::to(town.forum(signature).clone(), town, number, next)
    }

    fn to(forum: Forum, town: &Rc<Town>, number: usize, next: &Rc<Cell<usize>>) -> Self {
        let seed = format!("{} {number} {}", forum.id, next.get());
        let visitor = Visitor { town: Rc::clone(town), seed, count: 0, out: String::with_capacity(4_096) };
        Self { forum, visitor, next: Rc::clone(next) }
    }

    async fn tokens(&mut self, link: &mut Link) -> anyhow::Result<Tokens> {
        let person = self.next.get();
        self.next.set(person + 1);
        let verifier = self.visitor.unheard_of();
        let code = self.visitor.authorize(link, &self.forum, person, &verifier).await?;
        let Forum { redirect, .. } = &self.forum;
        let body =
            format!("grant_type=authorization_code&code={code}&redirect_uri={redirect}&code_verifier={verifier}");
        self.visitor.token(link, &self.forum, &body).await
    }
}

impl Walk for Journey {
    async fn once(&mut self, link: &mut Link) -> anyhow::Result<()> {
        let tokens = self.tokens(link).await?;
        let request = bearer(&self.visitor.town, &tokens.access);
        let told = link.ask(&request).await?.expect(200, "UserInfo")?;
        told.member("sub").context("UserInfo without a sub").map(drop)
    }
}

impl UserInfo {
    pub(crate) fn new(town: &Rc<Town>, number: usize) -> Self {
        let next = Rc::new(Cell::new(number));
        Self { start: Journey::new(town, Signature::EdDsa, number, &next), request: String::new() }
    }
}

impl Walk for UserInfo {
    async fn prepare(&mut self, link: &mut Link) -> anyhow::Result<()> {
        let tokens = self.start.tokens(link).await?;
        self.request = bearer(&self.start.visitor.town, &tokens.access);
        Ok(())
    }

    async fn once(&mut self, link: &mut Link) -> anyhow::Result<()> {
        link.ask(&self.request).await?.expect(200, "UserInfo").map(drop)
    }
}

impl Refresh {
    pub(crate) fn new(town: &Rc<Town>, number: usize) -> Self {
        let next = Rc::new(Cell::new(number));
        Self { start: Journey::to(town.offline.clone(), town, number, &next), token: String::new() }
    }

    fn take(&mut self, tokens: Tokens) -> anyhow::Result<()> {
        self.token = tokens.refresh.context("no refresh token")?;
        Ok(())
    }
}

impl Walk for Refresh {
    async fn prepare(&mut self, link: &mut Link) -> anyhow::Result<()> {
        let tokens = self.start.tokens(link).await?;
        self.take(tokens)
    }

    async fn once(&mut self, link: &mut Link) -> anyhow::Result<()> {
        let body = format!("grant_type=refresh_token&refresh_token={}", self.token);
        let tokens = self.start.visitor.token(link, &self.start.forum, &body).await?;
        self.take(tokens)
    }
}

impl Fetch {
    pub(crate) fn new(town: &Town, path: &str) -> Self {
        Self(get(town, path))
    }

    /// Of a server without a town.
    pub(crate) fn hello() -> Self {
        Self("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned())
    }
}

impl Walk for Fetch {
    async fn once(&mut self, link: &mut Link) -> anyhow::Result<()> {
        link.ask(&self.0).await?.expect(200, "a document").map(drop)
    }
}

impl Visitor {
    /// A text that no request before had: state, nonce or code verifier.
    fn unheard_of(&mut self) -> String {
        self.count += 1;
        BASE64URL_NOPAD.encode(&Sha256::digest(format!("{} {}", self.seed, self.count)))
    }

    /// Asks for a code as the browser of this person, who has been at the forum before.
    async fn authorize(
        &mut self,
        link: &mut Link,
        forum: &Forum,
        person: usize,
        verifier: &str,
    ) -> anyhow::Result<String> {
        let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(verifier));
        let query = authorization(forum, &self.unheard_of(), &self.unheard_of(), &challenge).replace(' ', "+");
        let people = &self.town.people;
        let session = people.get(person % people.len()).context("a town without people")?;
        self.out.clear();
        let _ = write!(
            self.out,
            "GET /authorize?{query} HTTP/1.1\r\nHost: localhost:{}\r\nCookie: browser={BROWSER}; session={session}\r\n\
             Accept: text/html,application/xhtml+xml\r\nAccept-Language: fr-FR,fr;q=0.9\r\n\
             Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n\r\n",
            self.town.port
        );
        let answer = link.ask(&self.out).await?.expect(303, "authorize")?;
        code(&answer).map(str::to_owned).with_context(|| format!("no code: {}", answer.head))
    }

    async fn token(&mut self, link: &mut Link, forum: &Forum, body: &str) -> anyhow::Result<Tokens> {
        self.out.clear();
        let _ = write!(
            self.out,
            "POST /token HTTP/1.1\r\nHost: localhost:{}\r\nAuthorization: {}\r\nAccept: application/json\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            self.town.port,
            forum.authorization,
            body.len()
        );
        let answer = link.ask(&self.out).await?.expect(200, "token")?;
        let member = |name| answer.member(name).map(str::to_owned);
        Ok(Tokens {
            access: member("access_token").context("no access token")?,
            id: member("id_token").context("no ID token")?,
            refresh: member("refresh_token"),
        })
    }
}

/// One ID token of a forum of this kind.
pub(crate) async fn id_token(link: &mut Link, town: &Rc<Town>, signature: Signature) -> anyhow::Result<String> {
    let next = Rc::new(Cell::new(town.people.len() - 1));
    Ok(Journey::new(town, signature, usize::MAX, &next).tokens(link).await?.id)
}

pub(crate) fn get(town: &Town, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost:{}\r\nAccept: application/json\r\n\r\n", town.port)
}

fn bearer(town: &Town, token: &str) -> String {
    format!(
        "GET /userinfo HTTP/1.1\r\nHost: localhost:{}\r\nAuthorization: Bearer {token}\r\nAccept: application/json\r\n\r\n",
        town.port
    )
}

fn code<'r>(answer: &Reply<'r>) -> Option<&'r str> {
    let (_, query) = answer.header("location")?.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix("code="))
}

/// What tells one browser from another: 43 characters of its own choice.
const BROWSER: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
