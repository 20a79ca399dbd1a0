//! The counter over HTTP: what an officer sees and does, and what nobody else can. Names that begin with a letter and a
//! number are rows of the list of hostile inputs.

mod enrolling;
mod helping;
mod hostile;
mod keyboard;
mod signing;

use heteronym::accounts::{Grounds, NewSession, OpenedKind};

use crate::harness::{Browser, Choices, Counter, Forum, Reply, Service};

type Fields = Vec<(&'static str, &'static str)>;

/// Éléonore Lefèvre of Voiron, as her identity card shows her.
fn eleonore() -> Fields {
    vec![
        ("family_name", "Lefèvre"),
        ("married_name", ""),
        ("given_names", "Éléonore Marie"),
        ("birth_date", "2/3/1987"),
        ("sex", "f"),
        ("commune", "Voiron"),
        ("document_kind", "identity_card"),
        ("document_number", "12AB34567"),
        ("agent_until", ""),
        ("elected_until", ""),
        ("animator_until", ""),
    ]
}

/// Somebody who has nothing in common with her.
fn karim() -> Fields {
    let changed = [("family_name", "Benali"), ("given_names", "Karim"), ("birth_date", "14.7.1990"), ("sex", "m")];
    but(but(eleonore(), &changed), &[("document_number", "99ZZ88888")])
}

fn but(mut fields: Fields, changed: &[(&'static str, &'static str)]) -> Fields {
    for (name, value) in changed {
        fields.retain(|(field, _)| field != name);
        fields.push((name, value));
    }
    fields
}

/// A provider with custodians and an office in Isère; its officer is signed in.
async fn voiron() -> (Service, Counter, Browser) {
    let service = Service::start().await;
    service.custodians().await;
    let counter = service.counter("Maison du Voironnais", "FR-38").await;
    let browser = counter.browser(&service).await;
    (service, counter, browser)
}

impl Browser {
    /// Opens the form and sends it.
    async fn enrol(&mut self, fields: &Fields) -> Reply {
        let form = self.get("/registrar/enrol").await;
        assert_eq!(form.status, 200, "{}", form.text());
        self.post_form(&form, "/registrar/enrol", fields).await
    }

    /// Enters a document to find somebody.
    async fn find(&mut self, fields: &Fields) -> Reply {
        let form = self.get("/registrar/case").await;
        assert_eq!(form.status, 200, "{}", form.text());
        self.post_form(&form, "/registrar/case", fields).await
    }

    /// Finds somebody and opens the page of an act.
    async fn choose_act(&mut self, fields: &Fields, act: &str) -> Reply {
        let menu = self.find(fields).await;
        assert_eq!(menu.status, 200, "{}", menu.text());
        let page = self.post_form(&menu, "/registrar/case/act", &[("act", act)]).await;
        assert_eq!(page.status, 200, "{}", page.text());
        page
    }

    /// Does it to the end.
    async fn act(&mut self, fields: &Fields, act: &str, sent: &[(&str, &str)]) -> Reply {
        let page = self.choose_act(fields, act).await;
        self.post_form(&page, &format!("/registrar/case/{act}"), sent).await
    }
}

/// The text of the element with this id.
fn element(reply: &Reply, id: &str) -> String {
    let text = reply.text();
    let (_, rest) = text.split_once(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no {id}: {text}"));
    rest.split_once('>').unwrap().1.split_once("</").unwrap().0.to_owned()
}

/// The code on a sheet.
fn code(sheet: &Reply) -> String {
    assert_eq!(sheet.status, 200, "{}", sheet.text());
    element(sheet, "code")
}

/// The holder of a sheet sets a passphrase with its code.
async fn open(service: &Service, sheet: &Reply, kind: OpenedKind) -> NewSession {
    let opened = service.services.accounts.open_code(&code(sheet)).await.unwrap();
    assert_eq!((opened.kind, opened.login_grouped()), (kind, element(sheet, "login")));
    let passphrase = "quatre mots sans aucun lien";
    service.services.accounts.set_passphrase(Grounds::Code(opened), passphrase, "Firefox", None).await.unwrap()
}

/// What a forum learns of the holder of this session.
async fn claims(service: &Service, forum: &Forum, session: &NewSession, choices: &Choices) -> serde_json::Value {
    let mut browser = service.browser();
    browser.hold_session(session.token.expose());
    let request = forum.request("openid profile age residence sex roles");
    let answer = browser.authorize(&request, choices).await;
    let tokens = forum.tokens(service, &request, &answer).await;
    service.told(&tokens).await
}

/// A text that stands nowhere in an answer: not as it is, and not as HTML writes it.
fn assert_without(reply: &Reply, texts: &[&str]) {
    let page = reply.text().to_lowercase();
    for text in texts {
        assert!(!page.contains(&text.to_lowercase()), "{text} stands in {page}");
    }
}
