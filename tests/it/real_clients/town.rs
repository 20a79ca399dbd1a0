//! A provider that listens on a port of its own, and a citizen with a browser and a passphrase.

use axum::http::{StatusCode, header};
use heteronym::{
    accounts::Purpose,
    clients::Draft,
    http::server::{self, Limits},
};
use serde_json::{Map, Value, json};
use tokio::{net::TcpListener, sync::oneshot};
use url::Url;

use crate::harness::{Browser, Choices, Citizen, Forum, Reply, Service, facts_of};

/// Where the clients are, as far as anybody but the browser knows: nothing listens there.
pub(super) const REDIRECT: &str = "https://forum.example/callback";
pub(super) const BYE: &str = "https://forum.example/bye";
/// Everything that there is to ask for.
pub(super) const SCOPE: &str = "openid profile age residence offline_access";
const PASSPHRASE: &str = "quatre girafes vertes nagent";

/// The provider and the citizen. The provider ends when it is dropped.
pub(super) struct Town {
    pub(super) service: Service,
    citizen: Citizen,
    browser: Browser,
    _stop: oneshot::Sender<()>,
}

/// What the browser brings back to the client.
pub(super) enum Returned {
    Address(String),
    /// OAuth 2.0 Form Post Response Mode.
    Form(String, Vec<(String, String)>),
}

impl Town {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let service = Service::start_now(&issuer).await;
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move { stopped.await.unwrap_or(()) };
        tokio::spawn(server::serve(listener, service.router(), Limits::default(), stopped));
        // 35 this year, whichever it is.
        let birth = jiff::civil::date(service.services.ambient.now().date().year() - 35, 3, 2);
        let citizen = service.enrol(&facts_of(&service, birth, "cog:38563", "Arnaud R.")).await;
        open_account(&service, &citizen).await;
        let browser = service.browser();
        Self { service, citizen, browser, _stop: stop }
    }

    pub(super) fn issuer(&self) -> &str {
        self.service.services.config.server.issuer.as_str()
    }

    /// Registers a client; addresses are filled in where the draft has none.
    pub(super) async fn register(&self, mut draft: Draft) -> Forum {
        if draft.redirect_uris.is_empty() {
            draft.redirect_uris = vec![REDIRECT.to_owned()];
        }
        if draft.post_logout_redirect_uris.is_empty() {
            draft.post_logout_redirect_uris = vec![BYE.to_owned()];
        }
        self.service.register("forum.example", Draft { scope: SCOPE.to_owned(), local: true, ..draft }).await
    }

    /// Who signs in, and with which passphrase.
    pub(super) fn credentials(&self) -> (&str, &'static str) {
        (&self.citizen.account.login, PASSPHRASE)
    }

    /// An ID token for this client out of another session of the same citizen, who has agreed before.
    pub(super) async fn id_token(&self, forum: &Forum) -> String {
        let tokens = self.service.sign_in(forum, &self.citizen, SCOPE, &Choices::all("")).await;
        tokens.id_token
    }

    /// Takes the citizen through the pages from an authorization request to its answer, which has to hold a code.
    pub(super) async fn authorize(&mut self, address: &str, choices: &Choices) -> Returned {
        let returned = self.follow(address, choices).await;
        // A signed answer says which it is in its token.
        let answered = returned.get("code").or(returned.get("response"));
        assert!(answered.is_some() && returned.get("error").is_none(), "{:?}", returned.params());
        returned
    }

    pub(super) async fn is_signed_in(&self) -> bool {
        self.browser.clone().get("/account/access").await.status == StatusCode::OK
    }

    /// Goes to an address of the provider, and on until it is left, by a redirect or by a form.
    pub(super) async fn follow(&mut self, address: &str, choices: &Choices) -> Returned {
        assert!(address.starts_with(self.issuer()), "{address} is not at the provider");
        let mut reply = self.browser.get(address).await;
        for _ in 0..12 {
            if let Some(location) = reply.location().map(str::to_owned) {
                assert_eq!(reply.status, StatusCode::SEE_OTHER);
                if !location.starts_with('/') {
                    return Returned::Address(location);
                }
                reply = self.browser.get(&location).await;
            } else if let Some(refresh) = reply.header(header::REFRESH) {
                return Returned::Address(refresh.strip_prefix("0; url=").unwrap().to_owned());
            } else if reply.text().contains("id=\"answer\"") {
                return form_of(&reply);
            } else {
                reply = self.fill_in(&reply, choices).await;
            }
        }
        panic!("the way does not end: {}", reply.text());
    }

    async fn fill_in(&mut self, page: &Reply, choices: &Choices) -> Reply {
        let text = page.text();
        if text.contains("id=\"by-passphrase\"") {
            let back = page.field("return").unwrap();
            let login = self.citizen.account.login.clone();
            let fields = [("login", &*login), ("passphrase", PASSPHRASE), ("return", &*back)];
            self.browser.post_form(page, "/sign-in", &fields).await
        } else if text.contains("id=\"consent\"") {
            self.browser.agree(page, choices).await
        } else if text.contains("/interaction/choose") {
            self.browser.choose(page, choices).await
        } else {
            panic!("{}: nobody knows what to do with {text}", page.status)
        }
    }
}

impl Returned {
    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.params().into_iter().find_map(|(given, value)| (given == name).then_some(value))
    }

    fn params(&self) -> Vec<(String, String)> {
        match self {
            Self::Address(address) => Url::parse(address).unwrap().query_pairs().into_owned().collect(),
            Self::Form(_, fields) => fields.clone(),
        }
    }

    /// The same with another value of this parameter.
    pub(super) fn forged(&self, name: &str, value: &str) -> Self {
        let mut params = self.params();
        let forged = params.iter_mut().find(|(given, _)| given == name);
        value.clone_into(&mut forged.unwrap_or_else(|| panic!("no {name} to forge")).1);
        match self {
            Self::Address(address) => {
                let mut url = Url::parse(address).unwrap();
                url.query_pairs_mut().clear().extend_pairs(params);
                Self::Address(url.into())
            }
            Self::Form(action, _) => Self::Form(action.clone(), params),
        }
    }

    /// As the client is told of it.
    pub(super) fn told(&self, genuine: bool) -> Value {
        match self {
            Self::Address(address) => json!({ "callback": address, "genuine": genuine }),
            Self::Form(action, fields) => {
                let fields: Map<_, _> = fields.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
                json!({ "callback": action, "form": fields, "genuine": genuine })
            }
        }
    }
}

/// With the code on the sheet of the counter, and a passphrase.
async fn open_account(service: &Service, citizen: &Citizen) {
    let code = service.invite(citizen, Purpose::Activate).await;
    let mut browser = service.browser();
    let page = browser.get("/activate").await;
    let opened = browser.post_form(&page, "/activate", &[("code", &code.grouped())]).await;
    let sealed = opened.field("opened").unwrap();
    let fields = [("opened", sealed.as_str()), ("passphrase", PASSPHRASE)];
    let done = browser.post_form(&opened, "/activate/passphrase", &fields).await;
    assert_eq!(done.location(), Some("/account/welcome"), "{}", done.text());
}

/// The form that a page has the browser post to the client.
fn form_of(page: &Reply) -> Returned {
    let text = page.text();
    let action =
        text.split_once("\" id=\"answer\"").and_then(|(before, _)| before.rsplit_once('"')).unwrap().1.to_owned();
    let fields = ["code", "state", "iss", "error"];
    let fields = fields.into_iter().filter_map(|name| Some((name.to_owned(), page.field(name)?)));
    Returned::Form(action, fields.collect())
}
