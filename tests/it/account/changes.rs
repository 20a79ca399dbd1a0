//! Withdrawing, renaming, leaving: what happens, to whom, and that it happens to nobody else.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use heteronym::domain::ids::{ConsentId, PseudonymId};

use super::{EVERYTHING, House, assert_says, assert_silent};
use crate::harness::{Answer, Browser, Choices, Reply};

const WITHDRAW: &str = "/account/forums/withdraw";
const NAME: &str = "/account/forums/name";
const LEAVE: &str = "/account/forums/leave";

/// The paths with the field that names what they are about.
const ALL: [(&str, &str); 3] = [(WITHDRAW, "consent"), (NAME, "pseudonym"), (LEAVE, "pseudonym")];

impl House {
    /// The fields of a form that does it, not only asks.
    fn doing(page: &Reply, field: &'static str) -> Vec<(&'static str, String)> {
        let mut fields = vec![(field, page.field(field).unwrap())];
        for (name, value) in [("sure", "yes"), ("save", "yes"), ("kind", "chosen"), ("name", "Ajonc")] {
            fields.push((name, value.to_owned()));
        }
        fields
    }

    async fn shown_name(&self) -> (String, bool, bool) {
        let own = self.service.services.pseudonyms.of_person(self.citizen.person).await.unwrap().remove(0);
        (own.shown.name.as_str().to_owned(), own.shown.indexable, own.is_retired())
    }

    async fn assert_untouched(&self) {
        self.assert_alive().await;
        assert_eq!(self.shown_name().await, ("Genêt".to_owned(), false, false));
    }
}

fn given<'a>(fields: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

async fn confirm(browser: &mut Browser, page: &Reply, path: &str, field: &str) -> Reply {
    let id = page.field(field).unwrap();
    browser.post_form(page, path, &[(field, &id)]).await
}

#[tokio::test]
async fn j4_a_consent_withdrawn_on_the_page_ends_the_live_code_and_every_token() {
    let mut house = House::open().await;
    let list = house.list().await;
    let page = confirm(&mut house.browser, &list, WITHDRAW, "consent").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_says(
        &page,
        &[
            "Withdraw your consent from Forum of forum.example?",
            "gets nothing new about you. Its access ends at once.",
            "What it has already got is not taken back",
            "Your pseudonym Genêt and your place stay yours.",
        ],
    );
    house.assert_untouched().await;
    let consent = page.field("consent").unwrap();
    let reply = house.browser.post_form(&page, WITHDRAW, &[("consent", &consent), ("sure", "yes")]).await;
    assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, Some("/account/forums?done=withdrawn")));
    house.assert_nothing_is_issued().await;
    let list = house.browser.get("/account/forums?done=withdrawn").await;
    assert_says(&list, &["Your consent is withdrawn.", "Forum of forum.example withdrawn", "Genêt"]);
    assert!(list.field("consent").is_none());
    let asked = house.browser.get(&house.forum.request(EVERYTHING).target()).await;
    assert!(asked.text().contains("id=\"consent\""), "asked anew");
}

#[tokio::test]
async fn withdrawing_twice_at_once_withdraws_once_and_tells_both() {
    let mut house = House::open().await;
    let page = house.list().await;
    let fields = House::doing(&page, "consent");
    let (mut one, mut two) = (house.browser.clone(), house.browser.clone());
    let form = given(&fields);
    let (first, second) = tokio::join!(one.post_form(&page, WITHDRAW, &form), two.post_form(&page, WITHDRAW, &form));
    let third = house.browser.post_form(&page, WITHDRAW, &form).await;
    // Asking about what is withdrawn asks nothing any more.
    let fourth = confirm(&mut house.browser, &page, WITHDRAW, "consent").await;
    for reply in [first, second, third, fourth] {
        assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, Some("/account/forums?done=withdrawn")));
    }
    let all = house.service.services.consents.of_person(house.citizen.person).await.unwrap();
    assert_eq!(all.iter().filter(|given| given.withdrawn_on.is_some()).count(), 1);
}

#[tokio::test]
async fn m8_what_belongs_to_somebody_else_is_as_unknown_as_what_never_was() {
    let mut house = House::open().await;
    let theirs = house.list().await;
    let stranger = house.service.arnaud().await;
    let mut browser = house.service.browser();
    browser.sign_in(&house.service, &stranger).await;
    let own = browser.get("/account/forums").await;
    let mut rng = house.service.services.ambient.rng();
    let unheard = [ConsentId::generate(&mut rng).encode(), PseudonymId::generate(&mut rng).encode()];
    for (path, field) in ALL {
        let foreign = theirs.field(field).unwrap();
        let padded = format!("{foreign}=");
        let mut answers = Vec::new();
        for id in [&foreign, &unheard[0], &unheard[1], &padded, "", "../../x", "' OR 1=1--", &"A".repeat(9_000)] {
            for sure in ["", "yes"] {
                let mut fields = House::doing(&theirs, field);
                fields[0].1 = id.to_owned();
                fields.iter_mut().filter(|(name, _)| ["sure", "save"].contains(name)).for_each(|(_, value)| {
                    sure.clone_into(value);
                });
                let reply = browser.post_form(&own, path, &given(&fields)).await;
                assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path} {sure:?}");
                answers.push(reply.text());
            }
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{path}: one answer for all");
    }
    house.assert_untouched().await;
}

#[tokio::test]
async fn a_form_without_what_it_is_about_is_explained() {
    let mut house = House::open().await;
    let page = house.list().await;
    for (path, _) in ALL {
        let reply = house.browser.post_form(&page, path, &[("sure", "yes")]).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path}");
    }
    house.assert_untouched().await;
}

#[tokio::test]
async fn h3_h4_a_form_of_another_session_or_site_does_nothing() {
    let mut house = House::open().await;
    let page = house.list().await;
    let stranger = house.service.arnaud().await;
    let mut theirs = house.service.browser();
    theirs.sign_in(&house.service, &stranger).await;
    let foreign = theirs.get("/account/forums").await.field("csrf").unwrap();
    for (path, field) in ALL {
        let mut fields = House::doing(&page, field);
        assert_eq!(house.browser.post(path, &given(&fields)).await.status, StatusCode::FORBIDDEN, "{path}: none");
        fields.push(("csrf", foreign.clone()));
        assert_eq!(house.browser.post(path, &given(&fields)).await.status, StatusCode::FORBIDDEN, "{path}: theirs");
        fields.pop();
        fields.push(("csrf", page.field("csrf").unwrap()));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(given(&fields)).finish();
        for (name, value) in [("origin", "null"), ("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")]
        {
            let request = Request::post(path).header(name, value);
            let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            let reply = house.browser.send(request.body(Body::from(body.clone())).unwrap()).await;
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{path}: {name} {value}");
        }
    }
    house.assert_untouched().await;
}

#[tokio::test]
async fn h12_a_form_that_was_open_when_the_session_ended_does_nothing() {
    let mut house = House::open().await;
    let page = house.list().await;
    let session = house.browser.cookies["__Host-session"].clone();
    let accounts = house.service.services.accounts.clone();
    let signed_in = accounts.session(&session).await.unwrap().unwrap();
    accounts.sign_out(&signed_in).await.unwrap();
    for (path, field) in ALL {
        let reply = house.browser.post_form(&page, path, &given(&House::doing(&page, field))).await;
        assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, Some("/sign-in")), "{path}");
    }
    assert_eq!(house.shown_name().await, ("Genêt".to_owned(), false, false));
    let all = house.service.services.consents.of_person(house.citizen.person).await.unwrap();
    assert!(all.iter().all(|given| given.withdrawn_on.is_none()));
}

#[tokio::test]
async fn a_new_name_reaches_the_forum_under_the_same_subject_and_the_old_one_goes_to_nobody() {
    let mut house = House::open().await;
    let before = house.subject().await;
    let list = house.list().await;
    let page = confirm(&mut house.browser, &list, NAME, "pseudonym").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.text().contains("value=\"Genêt\"") && page.text().contains("value=\"chosen\" id=\"kind-chosen\" checked")
    );
    assert!(!page.text().contains("id=\"indexable\" checked"));
    assert_says(&page, &["You are known there as Genêt.", "The old name goes to nobody else."]);
    let pseudonym = page.field("pseudonym").unwrap();
    let fields = [
        ("pseudonym", pseudonym.as_str()),
        ("save", "yes"),
        ("kind", "chosen"),
        ("name", "Ajonc"),
        ("indexable", "yes"),
    ];
    let reply = house.browser.post_form(&page, NAME, &fields).await;
    assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, Some("/account/forums?done=renamed")));
    let list = house.browser.get("/account/forums?done=renamed").await;
    assert_says(&list, &["The name is changed.", "Ajonc", "search engines may see it"]);
    assert_silent(&list, &["Genêt"]);
    let told = house.service.told(&house.tokens).await;
    assert_eq!((&told["sub"], &told["name"], &told["indexable"]), (&before.into(), &"Ajonc".into(), &true.into()));
    let stranger = house.service.arnaud().await;
    let mut theirs = house.service.browser();
    theirs.sign_in(&house.service, &stranger).await;
    let page = theirs.get(&house.forum.request("openid").target()).await;
    assert_eq!(theirs.choose(&page, &Choices::all("Genêt")).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    // Its owner may have it again.
    let again = [("pseudonym", pseudonym.as_str()), ("save", "yes"), ("kind", "chosen"), ("name", "Genêt")];
    let reply = house.browser.post_form(&list, NAME, &again).await;
    assert_eq!(reply.location(), Some("/account/forums?done=renamed"));
    assert_eq!(house.shown_name().await, ("Genêt".to_owned(), false, false));
}

#[tokio::test]
async fn a_name_that_cannot_be_taken_is_explained_and_shown_again_and_nothing_changes() {
    let mut house = House::open().await;
    let other = house.service.arnaud().await;
    house.service.sign_in(&house.forum, &other, "openid", &Choices::all("Bruyère")).await;
    let page = house.list().await;
    let pseudonym = page.field("pseudonym").unwrap();
    let long = "a".repeat(31);
    for (name, sentence) in [
        ("", "Type a name, or choose a part of your own."),
        ("bruyère", "This name is taken, or looks too much like one that is."),
        ("Administrator", "This name sounds like somebody in charge"),
        ("Heteronym", "This name sounds like somebody in charge"),
        (&*long, "This name is longer than 30 characters."),
        ("Gen\u{202e}êt", "changes the direction of writing"),
        ("Gеnêt", "This name mixes several alphabets."),
        ("<b>x</b>", "This name"),
    ] {
        let fields = [("pseudonym", pseudonym.as_str()), ("save", "yes"), ("kind", "chosen"), ("name", name)];
        let reply = house.browser.post_form(&page, NAME, &fields).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{name:?}");
        assert_says(&reply, &[sentence]);
        let text = reply.text();
        assert!(text.contains("aria-invalid=\"true\"") && !text.contains("<b>x</b>"), "{name:?}");
        assert!(name.contains('<') || text.contains(&format!("value=\"{name}\"")), "{name:?} is lost");
        assert_eq!(reply.field("pseudonym").as_deref(), Some(pseudonym.as_str()));
    }
    house.assert_untouched().await;
}

#[tokio::test]
async fn the_partial_name_can_be_taken_and_search_engines_let_in_without_another_name() {
    let mut house = House::open().await;
    let page = house.list().await;
    let pseudonym = page.field("pseudonym").unwrap();
    let own = |kind: &'static str, name: &'static str| [("save", "yes"), ("kind", kind), ("name", name)];
    let mut fields = vec![("pseudonym", pseudonym.as_str()), ("indexable", "yes")];
    fields.extend(own("chosen", "Genêt"));
    assert_eq!(house.browser.post_form(&page, NAME, &fields).await.status, StatusCode::SEE_OTHER);
    assert_eq!(house.shown_name().await, ("Genêt".to_owned(), true, false));
    let mut fields = vec![("pseudonym", pseudonym.as_str())];
    fields.extend(own("partial", "what is typed beside it does not count"));
    assert_eq!(house.browser.post_form(&page, NAME, &fields).await.status, StatusCode::SEE_OTHER);
    assert_eq!(house.shown_name().await, ("Arnaud R.".to_owned(), false, false));
    let told = house.service.told(&house.tokens).await;
    assert_eq!((&told["name_assurance"], &told["name_audience"]), (&"partial".into(), &"members".into()));
    assert_says(&house.list().await, &["Arnaud R.", "a part of your true name · Shown to members only"]);
}

#[tokio::test]
async fn leaving_ends_everything_and_coming_back_gives_the_same_place_and_asks_anew() {
    let mut house = House::open().await;
    let before = house.subject().await;
    let list = house.list().await;
    let page = confirm(&mut house.browser, &list, LEAVE, "pseudonym").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_says(
        &page,
        &[
            "Leave Forum of forum.example?",
            "The name Genêt is no longer shown by the service, and goes to nobody else.",
            "If you come back, it is the same place: the forum will recognise you, and a ban still holds.",
        ],
    );
    house.assert_untouched().await;
    let pseudonym = page.field("pseudonym").unwrap();
    let reply = house.browser.post_form(&page, LEAVE, &[("pseudonym", &pseudonym), ("sure", "yes")]).await;
    assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, Some("/account/forums?done=left")));
    house.assert_nothing_is_issued().await;
    let all = house.service.services.consents.of_person(house.citizen.person).await.unwrap();
    assert!(all.iter().all(|given| given.withdrawn_on.is_some()), "its consents ended with it");
    let list = house.browser.get("/account/forums?done=left").await;
    assert_says(&list, &["You have left the forum.", "Forum of forum.example left"]);
    assert!(list.field("pseudonym").is_none(), "nothing is left to do there");
    // A window that was open does not bring it back under another name.
    let renamed = [("pseudonym", pseudonym.as_str()), ("save", "yes"), ("kind", "chosen"), ("name", "Ajonc")];
    let reply = house.browser.post_form(&list, NAME, &renamed).await;
    assert_eq!(reply.location(), Some("/account/forums?done=left"));
    assert_eq!(house.shown_name().await, ("Genêt".to_owned(), false, true));

    let request = house.forum.request(EVERYTHING);
    let choose = house.browser.get(&request.target()).await;
    let asked = house.browser.choose(&choose, &Choices::all("Ajonc")).await;
    assert!(asked.text().contains("id=\"consent\""), "what was agreed to before does not hold");
    let answer = Answer::of(&house.browser.agree(&asked, &Choices::all("Ajonc")).await);
    let tokens = house.forum.tokens(&house.service, &request, &answer).await;
    let told = house.service.told(&tokens).await;
    assert_eq!((&told["sub"], &told["name"]), (&before.into(), &"Ajonc".into()));
}

#[tokio::test]
async fn leaving_twice_at_once_leaves_once_and_tells_both() {
    let mut house = House::open().await;
    let page = house.list().await;
    let fields = House::doing(&page, "pseudonym");
    let (mut one, mut two) = (house.browser.clone(), house.browser.clone());
    let form = given(&fields);
    let (first, second) = tokio::join!(one.post_form(&page, LEAVE, &form), two.post_form(&page, LEAVE, &form));
    let third = confirm(&mut house.browser, &page, LEAVE, "pseudonym").await;
    for reply in [first, second, third] {
        assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, Some("/account/forums?done=left")));
    }
}

#[tokio::test]
async fn leaving_one_forum_leaves_the_others_alone() {
    let mut house = House::open().await;
    let other = house.service.forum("other.example", "openid profile").await;
    let request = other.request("openid profile");
    let answer = house.browser.authorize(&request, &Choices::all("Ajonc")).await;
    let tokens = other.tokens(&house.service, &request, &answer).await;
    for own in house.service.services.pseudonyms.of_person(house.citizen.person).await.unwrap() {
        if own.shown.name.as_str() == "Genêt" {
            assert!(house.service.services.pseudonyms.leave(own.id, own.person).await.unwrap());
        }
    }
    house.assert_nothing_is_issued().await;
    assert_eq!(house.service.told(&tokens).await["name"], "Ajonc");
}
