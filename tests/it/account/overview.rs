//! The overview: what is vouched for, until when, and what to do about an error.

use axum::http::{StatusCode, header};
use heteronym::{
    accounts::Holder,
    domain::{ambient::Timestamp, ids::RegistrarId, quality::Sex},
};
use jiff::civil::Date;

use super::{House, assert_says, assert_silent, becomes, change, known, staff};
use crate::harness::{Service, facts_of};

#[tokio::test]
async fn everything_vouched_for_is_told_in_words_with_its_end_and_what_to_do_about_an_error() {
    let mut house = House::open().await;
    let page = house.browser.get("/account").await;
    assert_eq!((page.status, page.header(header::CACHE_CONTROL)), (StatusCode::OK, Some("no-store")));
    assert_says(
        &page,
        &[
            "Age bracket 30 to 39 Age reached in 2026. The bracket changes on 1 January at most, never on your birthday",
            "the service keeps only the year, 1987.",
            "Of age (18 or over) yes",
            "Voiron (Isère) commune · 21,847 inhabitants",
            "intercommunal body · ",
            "Isère département · 1,2",
            "Auvergne-Rhône-Alpes region · 8,",
            "France country · 6",
            "Sex male",
            "agent of the authority Mairie de Voiron · until 31 January 2027",
            "A part of your true name Arnaud R.",
            "Vouched for until 14 June 2031",
            "Go to the counter (Mairie de Voiron) with your identity document",
            "One forum knows you, under a pseudonym.",
        ],
    );
    for link in ["/account/forums", "/account/access", "/account/forums#export"] {
        assert!(page.text().contains(&format!("href=\"{link}\"")), "{link}");
    }
    assert_silent(&page, &["Genêt", "renewed by"]);
}

#[tokio::test]
async fn the_overview_speaks_french_with_french_dates_and_spaces() {
    let mut house = House::open().await;
    house.browser.cookies.insert("__Host-lang".to_owned(), "fr".to_owned());
    let page = house.browser.get("/account").await;
    assert_says(
        &page,
        &[
            "Tranche d’âge 30 à 39 ans Âge atteint en 2026.",
            "le service ne garde que l’année, 1987.",
            "agent de la collectivité Mairie de Voiron · jusqu’au 31 janvier 2027",
            "Attesté jusqu’au 14 juin 2031",
            "Un forum vous connaît, sous un pseudonyme.",
        ],
    );
    assert!(page.text().contains("Une erreur, un changement\u{a0}?"));
}

#[tokio::test]
async fn a_minor_reads_on_which_day_that_ends_and_what_is_unknown_is_said_to_be_so() {
    let service = Service::start().await;
    let citizen = service.enrol(&facts_of(&service, Date::constant(2009, 5, 17), "cog:29155", "Lou K.")).await;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    let page = browser.get("/account").await;
    assert_says(
        &page,
        &[
            "Age bracket under 18",
            "Of age (18 or over) no You come of age on 17 May 2027.",
            "Not recorded: no forum can get it.",
            "None: no forum can get any.",
            "No forum knows you yet.",
            // An island in no intercommunal body.
            "Ouessant (Finistère) commune",
            "Finistère département",
        ],
    );
    assert_silent(&page, &["intercommunal body"]);
}

#[tokio::test]
async fn what_changed_at_the_counter_is_seen_at_once() {
    let mut house = House::open().await;
    assert_says(&house.browser.get("/account").await, &["Voiron (Isère)", "Sex male"]);
    let mut facts = known(&house.service);
    facts.commune = "cog:69123".parse().unwrap();
    facts.sex = Sex::Female;
    facts.roles.clear();
    becomes(&house.service, &house.citizen, &facts).await;
    let page = house.browser.get("/account").await;
    assert_says(&page, &["Lyon", "Sex female", "None: no forum can get any."]);
    assert_silent(&page, &["Voiron (Isère)"]);
}

#[tokio::test]
async fn a_renewal_is_announced_two_months_before_and_told_when_it_is_over() {
    let mut house = House::open().await;
    let today = house.service.services.ambient.now().day();
    let in_days = |days: i64| Timestamp(today.0 + days * 86_400_000);
    for (days, sentence) in [
        (61, None),
        (60, Some("has to be renewed by 14 August 2026. Go to the counter")),
        (0, Some("has to be renewed by 15 June 2026.")),
        (-1, Some("was to be renewed by 14 June 2026.")),
    ] {
        change(&house.service, &house.citizen, |row| row.renew_by = in_days(days)).await;
        let page = house.browser.get("/account").await;
        match sentence {
            Some(sentence) => assert_says(&page, &[sentence]),
            None => assert_silent(&page, &["renewed by"]),
        }
    }
}

#[tokio::test]
async fn somebody_who_departed_reads_that_it_has_ended_and_a_disabled_account_is_signed_out() {
    let mut house = House::open().await;
    let today = house.service.services.ambient.now().day();
    change(&house.service, &house.citizen, |row| row.departed_on = Some(today)).await;
    let page = house.browser.get("/account").await;
    assert_says(&page, &["Your enrolment ended on 15 June 2026. No forum gets anything new about you."]);
    assert_says(&house.browser.get("/account/forums").await, &["Genêt", "Isère"]);
    let (accounts, account) = (house.service.services.accounts.clone(), house.citizen.account.id);
    let disabled = house.service.services.store.write::<_, heteronym::store::StoreError, _>(move |tx| {
        Box::pin(async move { accounts.disable(tx, account).await })
    });
    assert!(disabled.await.unwrap());
    for path in ["/account", "/account/forums", "/account/export"] {
        let reply = house.browser.get(path).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{path}");
        assert!(reply.location().unwrap().starts_with("/sign-in?return="), "{path}");
    }
}

#[tokio::test]
async fn a_stranger_is_sent_to_sign_in_and_learns_nothing() {
    let service = Service::start().await;
    for path in ["/account", "/account/forums", "/account/export"] {
        let reply = service.browser().get(path).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{path}");
        assert!(reply.location().unwrap().starts_with("/sign-in?return="), "{path}");
        assert!(reply.body.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn staff_are_led_to_where_they_work_and_have_no_forums() {
    let service = Service::start().await;
    service.arnaud().await;
    let kinds = [
        (Holder::Officer(RegistrarId::from_bytes([7; 16])), None),
        (Holder::Auditor, Some("This account is for auditing.")),
        (Holder::Custodian, Some("This account is a custodian’s.")),
        (Holder::Administrator, Some("This account is an administrator’s.")),
    ];
    for (holder, sentence) in kinds {
        let member = staff(&service, holder).await;
        let mut browser = service.browser();
        browser.sign_in(&service, &member).await;
        let page = browser.get("/account").await;
        match sentence {
            None => assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, Some("/registrar"))),
            Some(sentence) => {
                assert_says(&page, &[sentence]);
                assert!(page.text().contains("href=\"/account/access\""));
            }
        }
        for path in ["/account/forums", "/account/export"] {
            assert_eq!(browser.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
        }
    }
}
