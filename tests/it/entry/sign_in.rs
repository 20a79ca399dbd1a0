//! From the sheet to a session, and out again.

use heteronym::clients::Draft;

use super::*;
use crate::harness::Choices;

#[tokio::test]
async fn the_code_of_a_sheet_opens_the_account_with_a_passphrase_which_signs_in_from_then_on() {
    let mut house = House::new().await;
    let opened = house.enter_code(&house.code.grouped().to_lowercase()).await;
    assert_eq!(opened.status, 200);
    let text = opened.text();
    assert!(text.contains("data-passkey=\"create\"") && text.contains("autocomplete=\"new-password\""));
    let done = house.browser.post_form(&opened, "/activate/passphrase", &with_passphrase(&opened)).await;
    assert_eq!((done.status.as_u16(), done.location()), (303, Some("/account/welcome")));
    let welcome = house.browser.get("/account/welcome").await;
    assert!(welcome.text().contains("Your access is open"), "{}", welcome.text());

    let page = house.browser.get("/account/access").await;
    let out = house.browser.post_form(&page, "/sign-out", &[]).await;
    assert!(out.text().contains("You are signed out") && !is_in(&house.browser).await);
    let back = house.sign_in(&house.login(), PASSPHRASE).await;
    assert_eq!((back.status.as_u16(), back.location()), (303, Some("/account")));
    assert!(is_in(&house.browser).await);
}

#[tokio::test]
async fn a_passkey_opens_the_account_and_signs_in_without_a_name() {
    let mut house = House::new().await;
    let mut device = Authenticator::phone();
    let opened = house.enter_code(&house.code.grouped()).await;
    let done = register(&mut house.browser, &mut device, &opened, "/activate").await;
    assert_eq!(done.location(), Some("/account/welcome"), "{}", done.text());

    let mut elsewhere = house.service.browser();
    let page = elsewhere.get("/sign-in").await;
    let done = prove(&mut elsewhere, &mut device, &page).await;
    assert_eq!(done.location(), Some("/account"), "{}", done.text());
    assert!(is_in(&elsewhere).await);
}

#[tokio::test]
async fn a_code_opens_once_and_a_wrong_one_says_what_to_look_for_and_stays_typed() {
    let mut house = House::with_passphrase().await;
    let (spent, other) = (house.code.grouped(), InviteCode::generate(&mut house.service.services.ambient.rng()));
    let damaged = spent.replace(spent.chars().next().unwrap(), if spent.starts_with('7') { "8" } else { "7" });
    for (code, said) in [
        (spent.as_str(), "This code does not work"),
        (other.grouped().as_str(), "This code does not work"),
        (damaged.as_str(), "There is a mistake in this code"),
        ("7K2M", "The code has \u{2068}4\u{2069} signs in place of \u{2068}27\u{2069}"),
    ] {
        let reply = house.enter_code(code).await;
        assert_eq!(reply.status, 400);
        let text = reply.text();
        assert!(
            text.replace(['\u{2068}', '\u{2069}'], "").contains(&said.replace(['\u{2068}', '\u{2069}'], "")),
            "{text}"
        );
        assert!(text.contains(&format!("value=\"{code}\"")) && text.contains("role=\"alert\""), "{text}");
    }
}

#[tokio::test]
async fn a_weak_passphrase_is_refused_with_its_reason_and_the_code_is_not_spent() {
    let mut house = House::new().await;
    let opened = house.enter_code(&house.code.grouped()).await;
    let sealed = opened.field("opened").unwrap();
    for (passphrase, said) in [("courte", "Passphrase too short"), ("motdepasse123456", "Passphrase too common")] {
        let fields = [("opened", sealed.as_str()), ("passphrase", passphrase)];
        let again = house.browser.post_form(&opened, "/activate/passphrase", &fields).await;
        assert_eq!(again.status, 400);
        assert!(again.text().contains(said) && !again.text().contains(passphrase), "{}", again.text());
        assert!(again.field("opened").is_some(), "the page can be sent again");
    }
    let done = house.browser.post_form(&opened, "/activate/passphrase", &with_passphrase(&opened)).await;
    assert_eq!(done.status, 303);
}

#[tokio::test]
async fn r56_unknown_name_wrong_passphrase_and_disabled_account_get_one_answer() {
    let mut house = House::with_passphrase().await;
    let login = house.login();
    let page = house.browser.get("/account/access").await;
    house.browser.post_form(&page, "/sign-out", &[]).await;
    let unknown = "0".repeat(10);
    let mut answers = Vec::new();
    for (login, passphrase) in
        [(login.as_str(), "une tout autre phrase"), (unknown.as_str(), PASSPHRASE), ("x", PASSPHRASE)]
    {
        answers.push((house.sign_in(login, passphrase).await, login.to_owned()));
    }
    let (accounts, id) = (house.service.services.accounts.clone(), house.citizen.account.id);
    let disable =
        house.service.services.store.write::<_, heteronym::store::StoreError, _>(move |tx| {
            Box::pin(async move { accounts.disable(tx, id).await })
        });
    assert!(disable.await.unwrap());
    answers.push((house.sign_in(&login, PASSPHRASE).await, login));
    let shown: Vec<_> = answers
        .iter()
        .map(|(reply, login)| {
            (reply.status.as_u16(), reply.text().replace(&format!("value=\"{login}\""), "value=\"\""))
        })
        .collect();
    assert_eq!(shown[0].0, 403);
    assert!(shown[0].1.contains("Sign-in refused"));
    for other in &shown {
        assert_eq!(strip_tokens(&other.1), strip_tokens(&shown[0].1));
    }
}

/// The page without what differs from one time to the next.
fn strip_tokens(text: &str) -> String {
    text.split("name=\"csrf\" value=\"").map(|part| part.split_once('"').map_or(part, |(_, rest)| rest)).collect()
}

#[tokio::test]
async fn whoever_wanted_a_page_gets_it_after_signing_in() {
    let house = House::with_passphrase().await;
    let mut browser = house.service.browser();
    let sent = browser.get("/account/access").await;
    let address = sent.location().unwrap().to_owned();
    assert!(address.starts_with("/sign-in?return="), "{address}");
    let page = browser.get(&address).await;
    let back = page.field("return").unwrap();
    let fields = [("login", house.citizen.account.login.as_str()), ("passphrase", PASSPHRASE), ("return", &back)];
    let done = browser.post_form(&page, "/sign-in", &fields).await;
    assert_eq!(done.location(), Some("/account/access"));
}

#[tokio::test]
async fn a_newcomer_sent_by_a_forum_returns_there_after_activating() {
    let mut house = House::new().await;
    let forum = house.service.forum("forum.example", "openid").await;
    let request = forum.request("openid");
    let sent = house.browser.get(&request.target()).await;
    let page = house.browser.get(sent.location().unwrap()).await;
    let link = page.text().split("href=\"/activate?").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let page = house.browser.get(&format!("/activate?{link}")).await;
    let back = page.field("return").unwrap();
    let fields = [("code", &*house.code.grouped()), ("return", &back)];
    let opened = house.browser.post_form(&page, "/activate", &fields).await;
    let mut fields = with_passphrase(&opened);
    let back = opened.field("return").unwrap();
    fields.push(("return", back.leak()));
    let done = house.browser.post_form(&opened, "/activate/passphrase", &fields).await;
    let on = done.location().unwrap().to_owned();
    assert!(on.starts_with("/interaction?tx="), "{on}");
    assert!(house.browser.get(&on).await.text().contains("/interaction/choose"));
}

#[tokio::test]
async fn whoever_is_sent_by_a_forum_reads_which_one_and_what_it_says_of_itself() {
    let mut house = House::with_passphrase().await;
    let draft = Draft {
        name: "Budget participatif".to_owned(),
        client_uri: Some("https://forum.example/".to_owned()),
        policy_uri: Some("https://forum.example/privacy?a=b&c=d".to_owned()),
        tos_uri: Some("https://forum.example/terms".to_owned()),
        scope: "openid age".to_owned(),
        ..Draft::default()
    };
    let forum = house.service.register("forum.example", draft).await;
    house.browser = house.service.browser();
    let sent = house.browser.get(&forum.request("openid age").with("ui_locales", "fr").target()).await;
    let page = house.browser.get(sent.location().unwrap()).await;
    let says_all = |page: &Reply| {
        let text = page.text();
        let links =
            ["https://forum.example/", "https://forum.example/privacy?a=b&#38;c=d", "https://forum.example/terms"];
        assert!(text.contains("forum.example<") || text.contains("forum.example ·"), "where it is: {text}");
        for link in links {
            assert!(text.contains(&format!("<a href=\"{link}\" rel=\"noopener noreferrer\"")), "{link}: {text}");
        }
    };
    says_all(&page);
    assert!(page.text().contains("Vous continuerez ensuite vers") && page.text().contains("lang=\"fr\""));
    let back = page.field("return").unwrap();
    let login = house.login();
    let wrong = [("login", login.as_str()), ("passphrase", "another phrase"), ("return", &back)];
    let again = house.browser.post_form(&page, "/sign-in", &wrong).await;
    assert_eq!(again.status, 403, "{}", again.text());
    says_all(&again);
    let right = [("login", login.as_str()), ("passphrase", PASSPHRASE), ("return", &back)];
    let done = house.browser.post_form(&page, "/sign-in", &right).await;
    let choice = house.browser.get(done.location().unwrap()).await;
    let consent = house.browser.choose(&choice, &Choices::all("Genêt")).await;
    assert!(consent.text().contains("id=\"consent\""));
    says_all(&consent);

    let mut stranger = house.service.browser();
    let elsewhere = stranger.get(&format!("/sign-in?return={back}")).await;
    assert!(elsewhere.status == 200 && !elsewhere.text().contains("forum.example"), "it was sent to another browser");
    let plain = stranger.get("/sign-in").await;
    assert!(!plain.text().contains("id=\"forum\""));
}

#[tokio::test]
async fn the_pages_of_the_way_in_speak_french_too() {
    let mut house = House::new().await;
    house.browser.get("/lang?to=fr").await;
    let page = house.browser.get("/sign-in").await;
    assert!(page.text().contains("Se connecter avec une clé d’accès") && page.text().contains("lang=\"fr\""));
    let page = house.enter_code("7K2M").await;
    assert!(page.text().contains("Ce code n’est pas complet"), "{}", page.text());
}
