//! The authorization code flow, from the forum's link to the answer that it gets.

use axum::http::{StatusCode, header};
use heteronym::domain::claim::Quality;
use serde::Deserialize;

use heteronym::wire::oauth::TokenOwner;

use super::{Browser, Citizen, Forum, Reply, Service};

/// An authorization request and what the client keeps of it.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) params: Vec<(String, String)>,
    pub(crate) verifier: String,
    pub(crate) nonce: String,
    pub(crate) state: String,
}

/// What the citizen picks on the way, where asked.
#[derive(Clone)]
pub(crate) struct Choices {
    /// A name, or none for the partial one.
    pub(crate) name: Option<String>,
    /// Qualities agreed to.
    pub(crate) agree: Vec<&'static str>,
    /// None: what the page proposes.
    pub(crate) level: Option<&'static str>,
}

/// The parameters that the client gets back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) address: String,
    pub(crate) params: Vec<(String, String)>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    pub(crate) token_type: String,
    pub(crate) expires_in: u32,
    pub(crate) refresh_token: Option<String>,
    pub(crate) id_token: String,
    pub(crate) scope: String,
    /// That the ID token is in the public log.
    pub(crate) tlog_proof: String,
    pub(crate) tlog_owner: TokenOwner,
}

impl Request {
    /// With this parameter added, whether there is one already or not.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.params.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.params.retain(|(given, _)| given != name);
        self
    }

    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    /// As it comes to the authorization endpoint once it was pushed.
    pub(crate) fn with_uri(self, client: &str, request_uri: &str) -> Self {
        let params = [("client_id", client), ("request_uri", request_uri)];
        Self { params: params.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(), ..self }
    }

    pub(crate) fn query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.params).finish()
    }

    pub(crate) fn target(&self) -> String {
        format!("/authorize?{}", self.query())
    }

    /// The form with which the code of this request is redeemed.
    pub(crate) fn redemption(&self, code: &str, redirect: &str) -> [(&'static str, String); 4] {
        [
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("redirect_uri", redirect.to_owned()),
            ("code_verifier", self.verifier.clone()),
        ]
    }
}

impl Choices {
    /// This name, and yes to everything at the level that the page proposes.
    pub(crate) fn all(name: &str) -> Self {
        Self { name: Some(name.to_owned()), agree: Quality::ALL.map(Quality::as_str).to_vec(), level: None }
    }

    /// The same, with a residence as fine as that.
    pub(crate) fn at(self, level: &'static str) -> Self {
        Self { level: Some(level), ..self }
    }

    pub(crate) fn but(mut self, declined: &str) -> Self {
        self.agree.retain(|quality| *quality != declined);
        self
    }
}

impl Answer {
    /// The answer in a redirect, which has to be 303, or after the sign-in form in a page that goes on by itself.
    pub(crate) fn of(reply: &Reply) -> Self {
        let onward = reply.header(header::REFRESH).and_then(|refresh| refresh.strip_prefix("0; url="));
        let address = onward.or(reply.location()).unwrap_or_else(|| panic!("{}", reply.text()));
        let status = if onward.is_some() { StatusCode::OK } else { StatusCode::SEE_OTHER };
        assert_eq!(reply.status, status, "{}", reply.text());
        let (base, query) = address.split_once('?').unwrap_or((address, ""));
        let params = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self { address: base.to_owned(), params }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.params.iter().filter(|(given, _)| given == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} twice");
        value
    }

    pub(crate) fn code(&self) -> &str {
        self.get("code").unwrap_or_else(|| panic!("{:?}", self.params))
    }

    pub(crate) fn error(&self) -> &str {
        self.get("error").unwrap_or_else(|| panic!("no error in the answer of {}", self.address))
    }
}

impl Browser {
    /// Goes from the request to the answer, choosing and agreeing on the pages between.
    pub(crate) async fn authorize(&mut self, request: &Request, choices: &Choices) -> Answer {
        Answer::of(&self.walk(request, choices).await)
    }

    /// The same up to the last reply, whatever it is.
    pub(crate) async fn walk(&mut self, request: &Request, choices: &Choices) -> Reply {
        let mut reply = self.get(&request.target()).await;
        for _ in 0..3 {
            if reply.status != StatusCode::OK {
                break;
            }
            let text = reply.text();
            reply = if text.contains("id=\"consent\"") {
                self.agree(&reply, choices).await
            } else if text.contains("/interaction/choose") {
                self.choose(&reply, choices).await
            } else {
                break;
            };
        }
        reply
    }

    /// Takes the only pseudonym there is, or makes one.
    pub(crate) async fn choose(&mut self, page: &Reply, choices: &Choices) -> Reply {
        let pseudonym = page.field("pseudonym").unwrap();
        let kind = if choices.name.is_some() { "chosen" } else { "partial" };
        let name = choices.name.as_deref().unwrap_or_default();
        let fields = [("pseudonym", pseudonym.as_str()), ("kind", kind), ("name", name)];
        self.post_form(page, "/interaction/choose", &fields).await
    }

    pub(crate) async fn agree(&mut self, page: &Reply, choices: &Choices) -> Reply {
        let mut fields = vec![("decision", "agree")];
        fields.extend(choices.agree.iter().map(|quality| ("agree", *quality)));
        let text = page.text();
        let proposed = text.split("name=\"residence_level\" value=\"").skip(1).find_map(|rest| {
            let (level, rest) = rest.split_once('"')?;
            rest.split_once('>')?.0.contains("checked").then(|| level.to_owned())
        });
        if let Some(level) = choices.level.or(proposed.as_deref()) {
            fields.push(("residence_level", level));
        }
        self.post_form(page, "/interaction/consent", &fields).await
    }

    /// Asks UserInfo with this access token.
    pub(crate) async fn userinfo(&mut self, access_token: &str) -> Reply {
        let request = axum::http::Request::get("/userinfo")
            .header(header::AUTHORIZATION, format!("Bearer {access_token}"))
            .body(axum::body::Body::empty());
        self.send(request.unwrap()).await
    }
}

impl Service {
    /// Signs a citizen in to a forum, from a browser of their own: what the forum gets.
    pub(crate) async fn sign_in(&self, forum: &Forum, citizen: &Citizen, scope: &str, choices: &Choices) -> Tokens {
        let mut browser = self.browser();
        browser.sign_in(self, citizen).await;
        let request = forum.as_sent(self, forum.request(scope)).await;
        let answer = browser.authorize(&request, choices).await;
        forum.tokens(self, &request, &answer).await
    }

    /// What UserInfo says to the holder of this token.
    pub(crate) async fn told(&self, tokens: &Tokens) -> serde_json::Value {
        let reply = self.browser().userinfo(&tokens.access_token).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }
}
