//! `oidc-client-ts` in Chromium: a public client in a page without a server behind it, on an origin of its own.

use std::{fs, path::Path};

use axum::{Router, http::header, response::IntoResponse as _, routing::get};
use heteronym::{
    clients::Draft,
    http::server::{self, Limits},
    wire::oauth::AuthMethod,
};
use serde_json::Value;
use tokio::{net::TcpListener, sync::oneshot};

use super::{
    script::settings,
    tools,
    town::{SCOPE, Town},
};
use crate::{harness::Forum, journeys::chromium::Chromium};

#[tokio::test(flavor = "multi_thread")]
async fn oidc_client_ts_signs_in_reads_claims_refreshes_and_signs_out() {
    let Some((town, page, browser)) = meet().await else { return };
    sign_in(&browser, &town, &page).await;
    let first = browser.run("return window.told").await;
    assert_told(&first, &town);

    browser.click("#refresh").await;
    page.arrive_in(&browser, "refreshed").await;
    let second = browser.run("return window.told").await;
    assert_told(&second, &town);
    assert_eq!(second["profile"]["sub"], first["profile"]["sub"]);
    for token in ["access_token", "refresh_token"] {
        assert_ne!(second[token], first[token], "{token}");
    }

    browser.click("#sign-out").await;
    browser.arrive(&format!("{}/bye", page.origin)).await;
    page.arrive_in(&browser, "signed out").await;
    browser.goto(&format!("{}/account", town.issuer())).await;
    browser.arrive("/sign-in").await;
}

/// Browsers hold a form's policy against every redirect that answers it (CSP `form-action`).
#[tokio::test(flavor = "multi_thread")]
async fn whoever_agreed_before_comes_back_from_the_sign_in_form_straight_to_the_page() {
    let Some((town, page, browser)) = meet().await else { return };
    sign_in(&browser, &town, &page).await;
    browser.goto(&format!("{}/account", town.issuer())).await;
    browser.click("header form button").await;
    browser.arrive("/sign-out").await;
    browser.goto(&page.origin).await;
    page.arrive_in(&browser, "signed in").await;
    browser.click("#sign-in").await;
    enter(&browser, &town).await;
    browser.arrive(&format!("{}/callback?code=", page.origin)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_confirms_a_sign_out_comes_back_to_the_page_that_asked_for_it() {
    let Some((town, page, browser)) = meet().await else { return };
    sign_in(&browser, &town, &page).await;
    // A token of another session of theirs: so they are asked.
    let hint = town.id_token(&page.forum).await;
    let bye = format!("{}/bye", page.origin);
    let mut address = form_urlencoded::Serializer::new(format!("{}/end-session?", town.issuer()));
    address.append_pair("id_token_hint", &hint).append_pair("post_logout_redirect_uri", &bye);
    browser.goto(&address.finish()).await;
    browser.click("main form button").await;
    browser.arrive(&bye).await;
}

/// From the page to its tokens, choosing and agreeing on the way.
async fn sign_in(browser: &Chromium, town: &Town, page: &Page) {
    browser.goto(&page.origin).await;
    page.arrive_in(browser, "signed out").await;
    browser.click("#sign-in").await;
    enter(browser, town).await;
    browser.fill("#name", "Genêt").await;
    browser.click("#choose-continue").await;
    browser.click("input[name=residence_level][value=departement]").await;
    browser.click("#agree").await;
    browser.arrive(&format!("{}/callback", page.origin)).await;
    page.arrive_in(browser, "signed in").await;
}

/// The library keeps the claims of both ID token and `UserInfo`, which have to be of one subject.
fn assert_told(told: &Value, town: &Town) {
    assert_eq!(told["scope"], SCOPE);
    let profile = &told["profile"];
    assert_eq!(profile["iss"], town.issuer(), "{profile}");
    for (claim, value) in [("name", "Genêt"), ("age_bracket", "Y30-39"), ("residence", "FR-38")] {
        assert_eq!(profile[claim], value, "{profile}");
    }
}

/// A provider, a page that is registered there, and a browser; `None` where something is missing.
async fn meet() -> Option<(Town, Page, Chromium)> {
    let modules = tools::node_modules()?;
    let browser = Chromium::start("oidc-client-ts").await?;
    browser.offer_nothing_by_itself().await;
    let town = Town::start().await;
    let page = Page::serve(&town, &modules).await;
    Some((town, page, browser))
}

/// Signs in with the passphrase.
async fn enter(browser: &Chromium, town: &Town) {
    let (login, passphrase) = town.credentials();
    browser.fill("#login", login).await;
    browser.fill("#passphrase", passphrase).await;
    browser.click("#sign-in").await;
}

/// The files of the page, served. It ends when it is dropped.
struct Page {
    origin: String,
    forum: Forum,
    _stop: oneshot::Sender<()>,
}

impl Page {
    async fn serve(town: &Town, modules: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let draft = Draft {
            auth_method: AuthMethod::None,
            redirect_uris: vec![format!("{origin}/callback")],
            post_logout_redirect_uris: vec![format!("{origin}/bye")],
            ..Draft::default()
        };
        let forum = town.register(draft).await;
        let settings = settings(town, &forum);
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move { stopped.await.unwrap_or(()) };
        tokio::spawn(server::serve(listener, files(&settings, modules), Limits::default(), stopped));
        Self { origin, forum, _stop: stop }
    }

    /// Waits until the page says that it is there; by then its buttons do something.
    async fn arrive_in(&self, browser: &Chromium, state: &str) {
        for _ in 0..200 {
            let said = browser.run("return document.getElementById('state')?.textContent").await;
            let said = said.as_str().unwrap_or_default();
            assert!(!said.starts_with("failed"), "{said}");
            if said == state {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("{} is not {state}: {}", browser.address().await, browser.text().await);
    }
}

fn files(settings: &Value, modules: &Path) -> Router {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/npm/spa");
    let html = fs::read_to_string(sources.join("index.html")).unwrap();
    let library = modules.join("oidc-client-ts/dist/browser/oidc-client-ts.min.js");
    let files = [
        ("/", "text/html", html.clone()),
        ("/callback", "text/html", html.clone()),
        ("/bye", "text/html", html),
        ("/app.mjs", "text/javascript", fs::read_to_string(sources.join("app.mjs")).unwrap()),
        ("/oidc-client-ts.js", "text/javascript", fs::read_to_string(library).unwrap()),
        ("/settings.json", "application/json", settings.to_string()),
    ];
    files.into_iter().fold(Router::new(), |router, (path, media, text)| {
        router.route(path, get(async move || ([(header::CONTENT_TYPE, media)], text).into_response()))
    })
}
