//! A citizen: from the sheet of paper to two forums and back.

use super::{chromium::Chromium, demo::Demo};

#[tokio::test(flavor = "multi_thread")]
async fn a_citizen_activates_signs_in_consents_posts_is_somebody_else_elsewhere_and_withdraws() {
    let Some(mut browser) = Chromium::start("citizen").await else { return };
    let demo = Demo::start().await;
    browser.offer_nothing_by_itself().await;
    browser.goto(demo.issuer()).await;
    browser.look("home").await;
    activate(&mut browser, demo.activation(0)).await;

    // Signed out, so that the forum's link leads through the sign-in page.
    browser.click("header form button").await;
    browser.arrive("/sign-out").await;
    browser.look("signed-out").await;
    enter_with_passkey(&mut browser, demo.forum(0)).await;
    choose_and_agree(&mut browser, "Mésange bleue", "first").await;
    let first_head = post(&mut browser, demo.forum(0), "Plus de bancs publics").await;
    assert!(first_head.contains("Mésange bleue") && first_head.contains("30–39") && first_head.contains("Isère"));

    // The session is alive: the second forum asks for no passkey, and gets nothing of the first.
    browser.goto(demo.forum(1)).await;
    browser.click("header a[href^='/sign-in']").await;
    choose_and_agree(&mut browser, "Renard des sables", "second").await;
    let second_head = post(&mut browser, demo.forum(1), "Bonjour à tous").await;
    assert!(second_head.contains("Renard des sables") && !second_head.contains("Mésange"), "{second_head}");
    browser.goto(&format!("{}/me", demo.forum(1))).await;
    browser.look("what-the-second-forum-knows").await;
    assert!(!browser.text().await.contains("Mésange"));

    withdraw(&mut browser, demo.issuer()).await;
    // The first forum hears of it, and has to ask again.
    signed_out_at(&mut browser, demo.forum(0)).await;
    browser.click("header a[href^='/sign-in']").await;
    browser.find("#agree").await;

    // So does the second when the session ends, before the page says so.
    browser.goto(&format!("{}/account", demo.issuer())).await;
    browser.click("header form button").await;
    browser.arrive("/sign-out").await;
    browser.goto(demo.forum(1)).await;
    browser.find("header a[href^='/sign-in']").await;
    browser.assert_no_complaints().await;
}

/// Comes back until the forum has heard that there is nobody any more.
async fn signed_out_at(browser: &mut Chromium, forum: &str) {
    for _ in 0..60 {
        browser.goto(forum).await;
        if browser.run("return document.querySelector(\"header a[href^='/sign-in']\") !== null").await == true {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    panic!("still signed in at {forum}");
}

/// Sees what both forums have got, and takes back what the first has.
async fn withdraw(browser: &mut Chromium, issuer: &str) {
    browser.goto(&format!("{issuer}/account")).await;
    browser.look("overview").await;
    browser.click("#to-forums").await;
    browser.arrive("/account/forums").await;
    browser.look("forums").await;
    let text = browser.text().await;
    assert!(text.contains("Mésange bleue") && text.contains("Renard des sables"), "{text}");
    let place = "[...document.querySelectorAll(\"form[action$='/withdraw']\")].find((form) => form.innerText.includes('Mairie'))";
    browser.run(&format!("{place}.querySelector('button').click()")).await;
    browser.find("#withdraw").await;
    browser.look("withdraw").await;
    browser.click("#withdraw").await;
    browser.find("#done").await;
    browser.look("withdrawn").await;
}

async fn activate(browser: &mut Chromium, address: &str) {
    browser.goto(address).await;
    browser.look("code").await;
    assert!(!browser.address().await.contains('#'), "the code stays in no address");
    browser.click("#continue").await;
    browser.find("#passkey").await;
    browser.look("open").await;
    browser.click("#passkey").await;
    browser.arrive("/account/welcome").await;
    browser.look("welcome").await;
    browser.click("#codes").await;
    browser.find(".codes").await;
    browser.look("recovery-codes").await;
    let codes = browser.run("return document.querySelectorAll('.codes li').length").await;
    assert_eq!(codes, 10);
    browser.click(".actions a").await;
    browser.arrive("/account/access").await;
    browser.look("access").await;
}

async fn enter_with_passkey(browser: &mut Chromium, forum: &str) {
    browser.goto(forum).await;
    browser.look("forum").await;
    browser.click("header a[href^='/sign-in']").await;
    browser.arrive("/sign-in?return=").await;
    browser.look("sign-in").await;
    browser.click("#passkey").await;
}

async fn choose_and_agree(browser: &mut Chromium, name: &str, which: &str) {
    browser.fill("#name", name).await;
    browser.look(&format!("choose-{which}")).await;
    browser.click("#choose-continue").await;
    browser.find("#agree").await;
    browser.look(&format!("consent-{which}")).await;
    browser.click("#agree").await;
    browser.find("header a.me").await;
}

/// Opens a topic in the board for everybody, and says what stands over the post.
async fn post(browser: &mut Chromium, forum: &str, title: &str) -> String {
    browser.goto(forum).await;
    let board = browser.run("return [...document.querySelectorAll('.shelf h2 a')].pop().pathname").await;
    browser.goto(&format!("{forum}{}/new", board.as_str().unwrap())).await;
    browser.fill("#title", title).await;
    browser.fill("#body", "Pour s’asseoir, lire, attendre le bus.").await;
    browser.click("main form .actions button").await;
    browser.find(".post").await;
    browser.look("posted").await;
    let head = browser.run("return document.querySelector('.post-head').innerText").await;
    head.as_str().unwrap().to_owned()
}
