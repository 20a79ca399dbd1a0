//! The list: what each forum has got, under which name, since when.

use axum::http::StatusCode;
use heteronym::clients::Draft;

use super::{EVERYTHING, House, assert_says, assert_silent, becomes, known, words};
use crate::harness::{Browser, Choices, Forum, Reply, Service};

/// Signs the browser's person in to one more forum.
async fn enter(service: &Service, browser: &mut Browser, forum: &Forum, scope: &str, choices: &Choices) {
    let request = forum.request(scope);
    let answer = browser.authorize(&request, choices).await;
    forum.tokens(service, &request, &answer).await;
}

#[tokio::test]
async fn somebody_without_a_forum_is_told_what_to_do() {
    let service = Service::start().await;
    let citizen = service.arnaud().await;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    let page = browser.get("/account/forums").await;
    assert_says(&page, &["No forum knows you yet", "Go to a forum that you like and choose “Sign in”"]);
    assert!(page.text().contains("href=\"/account/export\"") && !page.text().contains("<article"));
}

#[tokio::test]
async fn a_card_tells_the_forum_the_name_every_value_since_when_and_what_was_declined() {
    let mut house = House::open().await;
    let page = house.list().await;
    assert_says(
        &page,
        &[
            "Forum of forum.example may ask forum.example G Genêt 30 to 39 of age Isère agent of the authority a name you chose · Shown to everybody · hidden from search engines",
            "Agreed on 15 June 2026",
            "Age bracket 30 to 39",
            "Of age (18 or over) yes",
            "Place of residence (département) Isère",
            "Offices held agent of the authority",
            "You declined Sex",
            "While you are away it may renew this information, until you withdraw your consent",
        ],
    );
    assert_silent(&page, &["Now:", "Voiron", "male", "What it got before", "Arnaud"]);
    let only_name = house.service.forum("quiet.example", "openid").await;
    enter(&house.service, &mut house.browser, &only_name, "openid", &Choices::all("Ajonc")).await;
    let page = house.list().await;
    assert_says(
        &page,
        &[
            "Your name is not told to this forum.",
            "What it gets nothing but a number that stands for you there",
            "While you are away it gets nothing; only when you sign in there",
        ],
    );
}

#[tokio::test]
async fn the_list_speaks_french() {
    let mut house = House::open().await;
    house.browser.cookies.insert("__Host-lang".to_owned(), "fr".to_owned());
    let page = house.list().await;
    assert_says(
        &page,
        &[
            "Chaque forum ne voit que sa propre fiche.",
            "Genêt 30 à 39 ans majeur Isère agent de la collectivité un nom que vous avez choisi",
            "Accord donné le 15 juin 2026",
            "Lieu de résidence (département) Isère",
            "Vous avez refusé Sexe",
            "Retirer mon accord",
        ],
    );
}

#[tokio::test]
async fn the_markup_in_a_forums_name_is_text_on_every_page() {
    let service = Service::start().await;
    // What a browser would take for markup, were it written as it is; < and > are refused when a forum registers.
    let name = "&lt;script&gt;alert(1)\"'&".to_owned();
    let forum = service.register("forum.example", Draft { name: name.clone(), ..Draft::default() }).await;
    let citizen = service.arnaud().await;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    enter(&service, &mut browser, &forum, "openid profile", &Choices::all("Genêt")).await;
    let list = browser.get("/account/forums").await;
    let consent = list.field("consent").unwrap();
    let pseudonym = list.field("pseudonym").unwrap();
    let mut pages = vec![list];
    for (path, field, id) in [
        ("/account/forums/withdraw", "consent", &consent),
        ("/account/forums/name", "pseudonym", &pseudonym),
        ("/account/forums/leave", "pseudonym", &pseudonym),
    ] {
        let page = browser.post_form(&pages[0], path, &[(field, id)]).await;
        pages.push(page);
    }
    for page in pages {
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.text().contains("<script>alert"), "{}", page.text());
        assert_says(&page, &[&name]);
    }
}

#[tokio::test]
async fn two_forums_have_two_cards_and_neither_holds_anything_of_the_other() {
    let mut house = House::open().await;
    house.service.wait(60);
    let other = house.service.forum("other.example", "openid profile age").await;
    enter(&house.service, &mut house.browser, &other, "openid profile age", &Choices::all("Ajonc")).await;
    let page = house.list().await;
    assert_says(&page, &["Each forum sees its own card and no other."]);
    assert_silent(&page, &["belong together"]);
    let text = page.text();
    let cards: Vec<&str> =
        text.split("<article").skip(1).map(|card| card.split("</article>").next().unwrap()).collect();
    let [latest, first] = cards.as_slice() else { panic!("{} cards", cards.len()) };
    for (card, own, foreign) in [
        (latest, ["other.example", "Ajonc"], ["forum.example", "Genêt"]),
        (first, ["forum.example", "Genêt"], ["other.example", "Ajonc"]),
    ] {
        assert!(own.iter().all(|word| card.contains(word)), "{card}");
        assert!(!foreign.iter().any(|word| card.contains(word)), "{card}");
    }
}

#[tokio::test]
async fn forums_of_one_sector_stand_on_one_card_that_says_so() {
    let mut house = House::open().await;
    let sister = Draft {
        redirect_uris: vec!["https://wiki.example/callback".to_owned()],
        sector: Some("forum.example".to_owned()),
        join_sector: true,
        scope: "openid age".to_owned(),
        ..Draft::default()
    };
    let sister = house.service.register("wiki.example", sister).await;
    house.service.wait(60);
    enter(&house.service, &mut house.browser, &sister, "openid age", &Choices::all("")).await;
    let page = house.list().await;
    assert_eq!(page.text().matches("<article").count(), 1);
    assert_eq!(page.text().matches("action=\"/account/forums/withdraw\"").count(), 2);
    assert_says(&page, &["These forums belong together", "Forum of wiki.example, Forum of forum.example"]);
}

#[tokio::test]
async fn somebody_who_moved_sees_the_old_value_at_the_forum_until_they_sign_in_there_again() {
    let mut house = House::open().await;
    let mut facts = known(&house.service);
    facts.commune = "cog:69123".parse().unwrap();
    becomes(&house.service, &house.citizen, &facts).await;
    assert_says(&house.browser.get("/account").await, &["Lyon"]);
    let page = house.list().await;
    assert_says(
        &page,
        &["Place of residence (département) Isère Now: Rhône. The forum gets neither the old nor the new value until"],
    );
    assert!(house.service.told(&house.tokens).await.get("residence").is_none());
    let forum = house.forum.clone();
    let choices = Choices::all("").at("departement").but("sex");
    enter(&house.service, &mut house.browser, &forum, EVERYTHING, &choices).await;
    let page = house.list().await;
    assert_says(
        &page,
        &[
            "Place of residence (département) Rhône",
            "What it got before 15 June 2026 to 15 June 2026 Age bracket: 30 to 39",
            "Place of residence: Isère",
        ],
    );
    assert_silent(&page, &["Now:"]);
}

#[tokio::test]
async fn an_age_that_grew_is_shown_beside_the_one_that_was_agreed_to() {
    let mut house = House::open().await;
    house.service.wait(200 * 86_400);
    house.browser.sign_in(&house.service, &house.citizen).await;
    let page = house.list().await;
    assert_says(&page, &["Age bracket 30 to 39 Now: 40 to 49. The forum gets the present value without asking you."]);
}

#[tokio::test]
async fn live_withdrawn_left_and_closed_ones_are_told_apart() {
    let mut house = House::open().await;
    let live = house.service.forum("live.example", "openid").await;
    enter(&house.service, &mut house.browser, &live, "openid", &Choices::all("Ajonc")).await;
    let left = house.service.forum("left.example", "openid").await;
    enter(&house.service, &mut house.browser, &left, "openid", &Choices::all("Cytise")).await;
    let services = house.service.services.clone();
    for own in services.pseudonyms.of_person(house.citizen.person).await.unwrap() {
        if own.shown.name.as_str() == "Cytise" {
            assert!(services.pseudonyms.leave(own.id, own.person).await.unwrap());
        }
    }
    for given in services.consents.of_person(house.citizen.person).await.unwrap() {
        if given.client == house.forum.client.id {
            assert!(services.consents.withdraw(given.id, given.person).await.unwrap());
        }
    }
    assert!(services.clients.disable(&live.client.id).await.unwrap());
    let page = house.list().await;
    let said = words(&page);
    let place = |sentence: &str| said.find(sentence).unwrap_or_else(|| panic!("{sentence:?} is not in {said}"));
    let order = [
        place("Forum of live.example may ask"),
        place("live.example · this forum no longer has access to the service"),
        place("Forum of forum.example withdrawn"),
        place("This forum gets nothing any more. What it had got before is not taken back"),
        place("What it got before 15 June 2026 to 15 June 2026"),
        place("Forum of left.example left"),
        place("You left on 15 June 2026. If you come back, you find the same place again"),
    ];
    assert!(order.is_sorted(), "{order:?} in {said}");
    assert_eq!(page.text().matches("action=\"/account/forums/withdraw\"").count(), 1);
    assert_eq!(page.text().matches("action=\"/account/forums/leave\"").count(), 2);
    assert_says(&house.browser.get("/account").await, &["2 forums know you, each under another pseudonym."]);
}

#[tokio::test]
async fn many_forums_come_page_by_page_and_no_page_grows_beyond_its_bounds() {
    let mut house = House::open().await;
    let facts = known(&house.service);
    let mut elsewhere = facts.clone();
    elsewhere.commune = "cog:69123".parse().unwrap();
    for number in 0..11 {
        // As long as a registered name may be, and each character but the last five in HTML.
        let name = format!("{}{number:x}", "&".repeat(79));
        let host = format!("forum-{number}.example");
        let entrance = format!("https://{host}/");
        let entrance = format!("{entrance}{}", "&".repeat(400 - entrance.len()));
        let draft =
            Draft { name, scope: EVERYTHING.to_owned(), initiate_login_uri: Some(entrance), ..Draft::default() };
        let forum = house.service.register(&host, draft).await;
        let choices = Choices::all("Marguerite des prés fleuris ab").at("departement");
        for round in 0..5 {
            becomes(&house.service, &house.citizen, if round % 2 == 0 { &facts } else { &elsewhere }).await;
            enter(&house.service, &mut house.browser, &forum, EVERYTHING, &choices).await;
        }
    }
    let mut found = 0;
    for (query, cards, before, after) in [
        ("", 5, false, true),
        ("?page=1", 5, false, true),
        ("?page=2", 5, true, true),
        ("?page=3", 2, true, false),
        ("?page=999", 2, true, false),
        ("?page=0", 5, false, true),
        ("?page=-1&done=nothing", 5, false, true),
        ("?page=%3Cb%3E", 5, false, true),
    ] {
        let page = house.browser.get(&format!("/account/forums{query}")).await;
        let text = page.text();
        assert_eq!(page.status, StatusCode::OK, "{query}");
        assert_eq!(text.matches("<article").count(), cards, "{query}");
        assert_eq!((text.contains("rel=\"prev\""), text.contains("rel=\"next\"")), (before, after), "{query}");
        found = found.max(page.body.len());
    }
    assert!(found < 50_000, "{found}");
    assert_says(&house.list().await, &["One more from before is in your file, below."]);
}

#[tokio::test]
async fn a_forum_that_registered_where_a_sign_in_begins_is_opened_from_its_card_with_nothing_of_the_person() {
    let service = Service::start().await;
    let citizen = service.arnaud().await;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    let hosts = vec!["https://forum.example/cb".to_owned()];
    for refused in ["http://forum.example/login", &format!("https://forum.example/{}", "a".repeat(400))] {
        let draft = Draft { name: "Forum".to_owned(), redirect_uris: hosts.clone(), ..at_entrance(refused) };
        let error = service.services.clients.register(draft).await.unwrap_err();
        assert!(error.to_string().starts_with("initiate_login_uri "), "only https, and short: {error}");
    }
    let forum = service.register("forum.example", at_entrance("https://forum.example/login")).await;
    enter(&service, &mut browser, &forum, "openid", &Choices::all("Genêt")).await;
    let list = browser.get("/account/forums").await;
    assert_says(&list, &["Open the forum Forum of forum.example"]);
    assert_eq!(entrances(&list), ["https://forum.example/login?iss=https%3A%2F%2Fid.example"]);
    browser.cookies.insert("__Host-lang".to_owned(), "fr".to_owned());
    assert_says(&browser.get("/account/forums").await, &["Ouvrir le forum"]);
    let silent = service.forum("silent.example", "openid").await;
    enter(&service, &mut browser, &silent, "openid", &Choices::all("Ajonc")).await;
    assert_eq!(entrances(&browser.get("/account/forums").await).len(), 1, "one of the two registered an address");
    assert!(service.services.clients.disable(&forum.client.id).await.unwrap());
    assert_eq!(entrances(&browser.get("/account/forums").await), [""; 0], "a disabled forum is not opened");
}

#[tokio::test]
async fn the_address_where_a_sign_in_begins_keeps_its_own_query_and_names_one_issuer() {
    let service = Service::start().await;
    let citizen = service.arnaud().await;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    let ours = "iss=https%3A%2F%2Fid.example";
    for (number, (query, expected)) in [
        ("?board=a%26b&x", format!("?board=a%26b&x&{ours}")),
        ("?iss=https://evil.example&x=1", format!("?x=1&{ours}")),
        ("?%69ss=https://evil.example", format!("?{ours}")),
        ("?a=%22onclick=alert(1)", format!("?a=%22onclick=alert(1)&{ours}")),
    ]
    .into_iter()
    .enumerate()
    {
        let host = format!("forum{number}.example");
        let forum = service.register(&host, at_entrance(&format!("https://{host}/login{query}"))).await;
        enter(&service, &mut browser, &forum, "openid", &Choices::all("Genêt")).await;
        let list = browser.get("/account/forums").await;
        let expected = format!("https://{host}/login{expected}");
        assert!(entrances(&list).contains(&expected), "{expected}: {:?}", entrances(&list));
    }
}

fn at_entrance(address: &str) -> Draft {
    Draft { scope: "openid".to_owned(), initiate_login_uri: Some(address.to_owned()), ..Draft::default() }
}

/// Where the links of a page lead outside.
fn entrances(page: &Reply) -> Vec<String> {
    let text = page.text();
    let links = text.split("<a href=\"https://").skip(1).map(|link| link.split_once('"').unwrap().0);
    links.map(|link| format!("https://{}", link.replace("&#38;", "&"))).collect()
}
