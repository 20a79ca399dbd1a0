//! The auditor's pages, as a transcript; and that nobody else gets anything there.

use std::time::Duration;

use axum::http::{StatusCode, header};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use heteronym::wire::tlog::sample::Openings;

use super::{AUDITOR, House, NONCE, hash};
use crate::harness::{Browser, Reply, Service};

async fn house() -> House {
    let house = House::around(Service::start().await).await;
    house.newcomer("Lefèvre", "02/03/1987").await;
    house.newcomer("Moreau", "14/05/1991").await;
    house
}

impl House {
    /// The browser of the auditor, who has just signed in.
    async fn browser(&self) -> Browser {
        let mut browser = self.service.browser();
        browser.hold_session(self.service.begin_session(&self.auditor).await.token.expose());
        browser
    }

    async fn begun(&self, browser: &mut Browser) {
        let page = browser.get("/audit").await;
        let log = self.log().to_string();
        let hash = BASE64URL_NOPAD.encode(&hash(&NONCE));
        let fields = [("log", log.as_str()), ("draws", "2"), ("hash", &hash)];
        assert_led_back(&browser.post_form(&page, "/audit/begin", &fields).await);
    }

    async fn shown(&self, browser: &mut Browser) {
        let page = browser.get("/audit").await;
        assert_led_back(&browser.post_form(&page, "/audit/nonce", &[("nonce", &HEXLOWER.encode(&NONCE))]).await);
    }
}

fn assert_led_back(reply: &Reply) {
    assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, Some("/audit")), "{}", reply.text());
}

/// The page when everything is opened, which is done in the background.
async fn when_opened(browser: &mut Browser) -> Reply {
    for _ in 0..600 {
        let page = browser.get("/audit").await;
        if page.text().contains("id=\"opened\"") {
            return page;
        }
        assert!(page.text().contains("<progress") && page.header(header::REFRESH) == Some("5"), "{}", page.text());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing was opened");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_auditor_does_a_whole_audit_with_forms_alone() {
    let house = House::around(Service::start().await).await;
    let citizen = house.newcomer("Lefèvre", "02/03/1987").await;
    house.newcomer("Moreau", "14/05/1991").await;
    let mut browser = house.browser().await;
    let account = browser.get("/account").await;
    assert!(account.text().contains("href=\"/audit\""), "{}", account.text());
    let page = browser.get("/audit").await;
    assert_eq!((page.status, page.header(header::CACHE_CONTROL)), (StatusCode::OK, Some("no-store")));
    for said in [AUDITOR, "heteronym audit sample new", "95 % certainty", "There is none yet."] {
        assert!(page.text().contains(said), "{said}: {}", page.text());
    }
    house.begun(&mut browser).await;
    let page = browser.get("/audit").await;
    assert!(page.text().contains("id=\"audit-root\"") && page.text().contains("heteronym audit sample nonce"));
    let before = house.service.browser().get("/transparency").await.text();
    assert!(before.contains(AUDITOR) && before.contains("Nothing opened."), "{before}");
    house.shown(&mut browser).await;
    let page = when_opened(&mut browser).await;
    let file = browser.post_form(&page, "/audit/openings", &[]).await;
    assert_eq!((file.status, file.header(header::CACHE_CONTROL)), (StatusCode::OK, Some("no-store")));
    assert_eq!(file.header(header::CONTENT_DISPOSITION), Some("attachment; filename=\"heteronym-openings.json\""));
    assert_eq!(Openings::parse(&file.body).unwrap().drawn.len(), 2);
    assert!(!page.text().contains("1987") && !page.text().contains("cog:38563"), "a page says nothing of anybody");
    let report = BASE64URL_NOPAD.encode(&[7; 32]);
    let done = browser.post_form(&page, "/audit/result", &[("faults", "1"), ("report", &report)]).await;
    assert_led_back(&done);
    let page = browser.get("/audit").await;
    assert!(page.text().contains("2 leaves were opened, none was withheld.") && page.text().contains("One fault."));
    assert!(page.text().contains("id=\"begin-audit\""), "another can begin");
    let after = house.service.browser().get("/transparency").await.text();
    assert!(after.contains("2 leaves were opened, none was withheld.") && after.contains("One fault."), "{after}");
    let mut own = house.service.browser();
    own.sign_in(&house.service, &citizen).await;
    let told = own.get("/account/log").await.text();
    assert!(told.contains("A token of yours was drawn for an auditor"), "{told}");
    let gone = browser.post_form(&page, "/audit/openings", &[]).await;
    assert_eq!(gone.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn what_is_refused_says_why_and_does_nothing() {
    let house = house().await;
    let mut browser = house.browser().await;
    let page = browser.get("/audit").await;
    let (log, good) = (house.log().to_string(), BASE64URL_NOPAD.encode(&hash(&NONCE)));
    for (fields, title) in [
        ([("log", log.as_str()), ("draws", "0"), ("hash", good.as_str())], "So many cannot be drawn"),
        ([("log", &log), ("draws", "3001"), ("hash", &good)], "So many cannot be drawn"),
        ([("log", &log), ("draws", "many"), ("hash", &good)], "So many cannot be drawn"),
        ([("log", "registry"), ("draws", "5"), ("hash", &good)], "There is no such log"),
        ([("log", &log), ("draws", "5"), ("hash", "short")], "These are not 32 bytes"),
    ] {
        let reply = browser.post_form(&page, "/audit/begin", &fields).await;
        assert!(reply.status == StatusCode::BAD_REQUEST && reply.text().contains(title), "{}", reply.text());
    }
    house.begun(&mut browser).await;
    let again = [("log", log.as_str()), ("draws", "5"), ("hash", &BASE64URL_NOPAD.encode(&hash(b"another")))];
    let reply = browser.post_form(&page, "/audit/begin", &again).await;
    assert!(reply.status == StatusCode::CONFLICT && reply.text().contains("One of your audits has not ended"));
    let wrong = browser.post_form(&page, "/audit/nonce", &[("nonce", &BASE64URL_NOPAD.encode(&[8; 32]))]).await;
    assert!(wrong.status == StatusCode::BAD_REQUEST && wrong.text().contains("This is another number"));
    let early = browser.post_form(&page, "/audit/openings", &[]).await;
    assert_eq!(early.status, StatusCode::CONFLICT);
    let early = browser.post_form(&page, "/audit/result", &[("faults", "0"), ("report", &good)]).await;
    assert_eq!(early.status, StatusCode::CONFLICT);
    let none = browser.post_form(&page, "/audit/result", &[("faults", "-1"), ("report", &good)]).await;
    assert!(none.status == StatusCode::BAD_REQUEST && none.text().contains("no number of faults"));
    assert_eq!(house.steps().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonce_and_openings_ask_for_a_fresh_sign_in() {
    let house = house().await;
    let mut browser = house.browser().await;
    house.begun(&mut browser).await;
    house.service.wait(301);
    let page = browser.get("/audit").await;
    assert!(page.text().contains("id=\"again\""), "{}", page.text());
    let nonce = HEXLOWER.encode(&NONCE);
    for (path, fields) in [("/audit/nonce", vec![("nonce", nonce.as_str())]), ("/audit/openings", Vec::new())] {
        let reply = browser.post_form(&page, path, &fields).await;
        assert_eq!((reply.status, reply.body.len()), (StatusCode::SEE_OTHER, 0), "{path}");
        assert!(reply.location().unwrap().starts_with("/sign-in?return="), "{path}");
    }
    assert_eq!(house.steps().await.len(), 1);
    let mut browser = house.browser().await;
    house.shown(&mut browser).await;
    when_opened(&mut browser).await;
}

#[tokio::test]
async fn nobody_but_an_auditor_gets_anything_there() {
    let house = house().await;
    house.begin(2).await;
    let citizen = house.newcomer("Faure", "01/01/1970").await;
    let mut citizens = house.service.browser();
    citizens.sign_in(&house.service, &citizen).await;
    let officers = house.counter.browser(&house.service).await;
    for (who, mut browser) in [("a citizen", citizens), ("an officer", officers)] {
        let page = browser.get("/audit").await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{who}");
        assert!(page.text().contains("This is for auditors") && !page.text().contains(AUDITOR), "{who}");
        let form = browser.get("/account/access").await;
        for path in ["/audit/begin", "/audit/nonce", "/audit/openings", "/audit/result"] {
            let reply = browser.post_form(&form, path, &[("nonce", &HEXLOWER.encode(&NONCE))]).await;
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{who} {path}");
        }
    }
    let mut stranger = house.service.browser();
    let page = stranger.get("/audit").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert!(page.location().unwrap().starts_with("/sign-in?return="));
    for path in ["/audit/begin", "/audit/nonce", "/audit/openings", "/audit/result"] {
        let reply = stranger.post(path, &[("nonce", &HEXLOWER.encode(&NONCE))]).await;
        assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, Some("/sign-in")), "{path}");
        let forged = house.browser().await.post(path, &[("nonce", &HEXLOWER.encode(&NONCE))]).await;
        assert_eq!(forged.status, StatusCode::FORBIDDEN, "without the token of the page: {path}");
        assert_eq!(house.browser().await.get(path).await.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
    assert_eq!(house.steps().await.len(), 1);
}

#[tokio::test]
async fn an_auditors_account_without_a_name_is_told_so_and_one_that_was_disabled_is_signed_out() {
    let house = house().await;
    let nameless = house.service.services.accounts.prepare(heteronym::accounts::Holder::Auditor);
    let stored = nameless.clone();
    let added = house.service.services.store.write::<_, heteronym::store::StoreError, _>(move |tx| {
        Box::pin(async move { heteronym::store::accounts::insert(tx, &stored).await })
    });
    added.await.unwrap();
    let mut browser = house.service.browser();
    browser.hold_session(house.service.begin_session(&nameless).await.token.expose());
    let page = browser.get("/audit").await;
    assert!(
        page.status == StatusCode::FORBIDDEN && page.text().contains("This account has no name"),
        "{}",
        page.text()
    );
    let mut browser = house.browser().await;
    assert_eq!(browser.get("/audit").await.status, StatusCode::OK);
    assert!(house.sampling().disable_auditor(&house.auditor.login.parse().unwrap()).await.unwrap());
    assert_eq!(browser.get("/audit").await.status, StatusCode::SEE_OTHER);
}
