//! What opens the account, changed by its holder.

use heteronym::accounts::PaperCode;

use super::*;

const LATER: u64 = 6 * 60;

#[tokio::test]
async fn a_passkey_added_beside_the_passphrase_ends_the_other_sessions_and_renews_this_one() {
    let mut house = House::with_passphrase().await;
    let elsewhere = house.elsewhere().await;
    let old = house.browser.clone();
    let page = house.browser.get("/account/access").await;
    assert!(page.text().contains("You have none. A passkey is the surest"), "{}", page.text());
    let mut device = Authenticator::key();
    let done = register(&mut house.browser, &mut device, &page, "/account/access").await;
    assert_eq!(done.location(), Some("/account/access?done=passkey-added"), "{}", done.text());
    let page = house.browser.get(done.location().unwrap()).await;
    assert!(page.text().contains("The passkey is added"), "{}", page.text());
    assert!(!is_in(&elsewhere).await && !is_in(&old).await && is_in(&house.browser).await);

    let mut new = house.service.browser();
    let page = new.get("/sign-in").await;
    assert_eq!(prove(&mut new, &mut device, &page).await.status, 303);
}

#[tokio::test]
async fn r59_after_a_while_nothing_can_be_changed_without_proving_once_more_who_one_is() {
    let mut house = House::with_passphrase().await;
    let fresh = house.browser.get("/account/access").await;
    house.service.wait(LATER);
    for (path, fields) in [
        ("/account/access/codes", vec![]),
        ("/account/access/passphrase", vec![("passphrase", "cinq autres girafes bleues")]),
        ("/account/access/remove-passphrase", vec![]),
    ] {
        let reply = house.browser.post_form(&fresh, path, &fields).await;
        assert!(reply.location().unwrap().starts_with("/sign-in?return="), "{path}: {}", reply.text());
    }
    let page = house.browser.get("/account/access").await;
    assert!(!page.text().contains("id=\"codes\"") && page.text().contains("id=\"prove\""), "{}", page.text());
    let link = page.text().split("href=\"/sign-in?return=").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let again = house.browser.get(&format!("/sign-in?return={link}")).await;
    assert!(again.text().contains("Is it still you?"), "{}", again.text());
    let (login, back) = (house.login(), again.field("return").unwrap());
    let fields = [("login", login.as_str()), ("passphrase", PASSPHRASE), ("return", &back)];
    let done = house.browser.post_form(&again, "/sign-in", &fields).await;
    assert_eq!(done.location(), Some("/account/access"));
    assert!(house.browser.get("/account/access").await.text().contains("id=\"codes\""));
}

#[tokio::test]
async fn ten_recovery_codes_are_shown_once_and_each_opens_once() {
    let mut house = House::with_passphrase().await;
    let page = house.browser.get("/account/access").await;
    let shown = house.browser.post_form(&page, "/account/access/codes", &[]).await;
    let codes = codes_on(&shown);
    assert_eq!(codes.len(), 10);
    assert!(shown.header("cache-control").unwrap().contains("no-store"));
    assert!(house.browser.get("/account/access").await.text().contains("are left"));

    let mut lost = house.service.browser();
    let page = lost.get("/activate").await;
    let opened = lost.post_form(&page, "/activate", &[("code", &codes[0])]).await;
    assert!(opened.text().contains("recovery code is right"), "{}", opened.text());
    let done = register(&mut lost, &mut Authenticator::phone(), &opened, "/activate").await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert!(!is_in(&house.browser).await, "whoever found the paper shows by ending the other sessions");

    let again = lost.post_form(&page, "/activate", &[("code", &codes[0])]).await;
    assert_eq!(again.status, 403, "the form of before the sign-in is another session's");
    let page = lost.get("/activate").await;
    let again = lost.post_form(&page, "/activate", &[("code", &codes[0])]).await;
    assert!(again.text().contains("This code does not work"), "{}", again.text());

    let page = lost.get("/account/access").await;
    lost.post_form(&page, "/account/access/codes", &[]).await;
    let page = lost.get("/activate").await;
    let old = lost.post_form(&page, "/activate", &[("code", &codes[1])]).await;
    assert!(old.text().contains("This code does not work"), "new codes end the old ones");
}

fn codes_on(page: &Reply) -> Vec<String> {
    let text = page.text();
    let (_, list) = text.split_once("class=\"codes\"").unwrap();
    let list = list.split_once("</ol>").unwrap().0;
    let codes = list.split("<li>").skip(1).map(|item| item.split('<').next().unwrap().to_owned());
    codes.inspect(|code| assert!(code.parse::<PaperCode>().is_ok(), "{code}")).collect()
}

#[tokio::test]
async fn i15_the_last_way_in_stays() {
    let mut house = House::with_passphrase().await;
    let page = house.browser.get("/account/access").await;
    assert!(!page.text().contains("/account/access/remove-passphrase"), "it is not even offered");
    let refused = house.browser.post_form(&page, "/account/access/remove-passphrase", &[]).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("This is your last way in"));

    let done = register(&mut house.browser, &mut Authenticator::key(), &page, "/account/access").await;
    let page = house.browser.get(done.location().unwrap()).await;
    let removed = house.browser.post_form(&page, "/account/access/remove-passphrase", &[]).await;
    assert_eq!(removed.location(), Some("/account/access?done=removed"), "{}", removed.text());
    let id = house.browser.get("/account/access").await.field("id");
    assert_eq!(id, None, "what is left cannot be removed");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_or_all_at_once() {
    let mut house = House::with_passphrase().await;
    let (second, third, fourth) = (house.elsewhere().await, house.elsewhere().await, house.elsewhere().await);
    let page = house.browser.get("/account/access").await;
    assert_eq!(page.text().matches("/account/access/end-session").count(), 3);
    let section = page.text().split("/account/access/end-session").nth(1).unwrap().to_owned();
    let id = section.split("name=\"id\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let done = house.browser.post_form(&page, "/account/access/end-session", &[("id", &id)]).await;
    assert_eq!(done.location(), Some("/account/access?done=session-ended"));
    let alive = [is_in(&second).await, is_in(&third).await, is_in(&fourth).await];
    assert_eq!(alive.iter().filter(|alive| **alive).count(), 2);
    let gone = house.browser.post_form(&page, "/account/access/end-session", &[("id", &id)]).await;
    assert_eq!(gone.status, 404);
    house.browser.post_form(&page, "/account/access/end-others", &[]).await;
    assert!(!is_in(&second).await && !is_in(&third).await && !is_in(&fourth).await && is_in(&house.browser).await);
}

#[tokio::test]
async fn a_word_in_the_address_is_repeated_only_if_it_is_ours() {
    let mut house = House::with_passphrase().await;
    let page = house.browser.get("/account/access?done=you-have-won").await;
    assert!(!page.text().contains("id=\"done\""), "{}", page.text());
}
