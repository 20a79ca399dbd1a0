//! Coming in: the code, the passkey, the passphrase, the paper codes, and what opens an account, over HTTP as a browser
//! without script sees it. Names that begin with a letter and a number are rows of the list of hostile inputs.

mod access;
mod hostile;
mod sign_in;

use heteronym::accounts::{InviteCode, Purpose};

use crate::{
    accounts::authenticator::Authenticator,
    harness::{Browser, Citizen, ISSUER, Reply, Service},
};

const PASSPHRASE: &str = "quatre girafes vertes nagent";

/// A provider, somebody enrolled there, and the code on their sheet.
struct House {
    service: Service,
    citizen: Citizen,
    code: InviteCode,
    browser: Browser,
}

impl House {
    async fn new() -> Self {
        let service = Service::start().await;
        let citizen = service.arnaud().await;
        let code = service.invite(&citizen, Purpose::Activate).await;
        let browser = service.browser();
        Self { service, citizen, code, browser }
    }

    /// Whose account was opened with a passphrase.
    async fn with_passphrase() -> Self {
        let mut house = Self::new().await;
        let opened = house.enter_code(&house.code.grouped()).await;
        let done = house.browser.post_form(&opened, "/activate/passphrase", &with_passphrase(&opened)).await;
        assert_eq!(done.location(), Some("/account/welcome"), "{}", done.text());
        house
    }

    async fn enter_code(&mut self, code: &str) -> Reply {
        let page = self.browser.get("/activate").await;
        self.browser.post_form(&page, "/activate", &[("code", code)]).await
    }

    async fn sign_in(&mut self, login: &str, passphrase: &str) -> Reply {
        let page = self.browser.get("/sign-in").await;
        self.browser.post_form(&page, "/sign-in", &[("login", login), ("passphrase", passphrase)]).await
    }

    fn login(&self) -> String {
        self.citizen.account.login.clone()
    }

    /// Another browser of the same person, signed in with the passphrase.
    async fn elsewhere(&self) -> Browser {
        let mut browser = self.service.browser();
        let page = browser.get("/sign-in").await;
        let fields = [("login", self.citizen.account.login.as_str()), ("passphrase", PASSPHRASE)];
        let done = browser.post_form(&page, "/sign-in", &fields).await;
        assert_eq!(done.status, 303, "{}", done.text());
        browser
    }
}

/// Registers a passkey of this device with the form of a page, as its script does.
async fn register(browser: &mut Browser, device: &mut Authenticator, page: &Reply, place: &str) -> Reply {
    let opened = page.field("opened");
    let wanted = opened.as_ref().map_or(serde_json::json!({}), |opened| serde_json::json!({ "opened": opened }));
    let options = browser.post_json(page, &format!("{place}/options"), &wanted).await;
    assert_eq!(options.status, 200, "{}", options.text());
    let credential = device.create(&options.json(), ISSUER).to_string();
    let mut fields = vec![("credential", credential.as_str())];
    fields.extend(opened.as_deref().map(|opened| ("opened", opened)));
    browser.post_form(page, &format!("{place}/passkey"), &fields).await
}

/// Signs in with a passkey of this device, as the script of the page does.
async fn prove(browser: &mut Browser, device: &mut Authenticator, page: &Reply) -> Reply {
    let options = browser.post_json(page, "/sign-in/options", &serde_json::json!({})).await;
    let credential = device.get(&options.json(), ISSUER).to_string();
    let back = page.field("return").unwrap_or_default();
    browser.post_form(page, "/sign-in/passkey", &[("credential", &credential), ("return", &back)]).await
}

fn with_passphrase(opened: &Reply) -> Vec<(&'static str, &'static str)> {
    let sealed = opened.field("opened").expect("the page on which to choose").leak();
    vec![("opened", sealed), ("passphrase", PASSPHRASE)]
}

/// Whether this browser is signed in.
async fn is_in(browser: &Browser) -> bool {
    browser.clone().get("/account/access").await.status == 200
}
