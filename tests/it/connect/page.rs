//! What the page shows for each software, in both languages, before and after the forum is registered.

use axum::http::{StatusCode, header};
use heteronym::{
    clients::Draft,
    store::{StoreError, persons},
    wire::oauth::AuthMethod,
};
use jiff::civil::Date;

use super::{SOFTWARE, block, fields, query};
use crate::harness::{Choices, Service, facts_of};

#[tokio::test]
async fn every_software_in_both_languages_shows_its_settings_with_every_value_filled_in() {
    let service = Service::start().await;
    let mut browser = service.browser();
    for (software, address) in SOFTWARE {
        for (lang, title) in [("en", "Connect your forum"), ("fr", "Raccorder votre forum")] {
            browser.cookies.insert("__Host-lang".to_owned(), lang.to_owned());
            let typed =
                query(&[("software", software), ("address", address), ("ask", "profile"), ("ask", "residence")]);
            let page = browser.get(&format!("/connect?{typed}")).await;
            let text = page.text();
            assert_eq!((page.status, page.header(header::CONTENT_LANGUAGE)), (StatusCode::OK, Some(lang)));
            assert!(text.contains(&format!("<h1>{title}</h1>")), "{text}");
            for leak in [">connect-", "{ $", "\"connect-", "ISSUER", "SCOPES", "REDIRECT\"", "CLIENT_ID\"", "no-title"]
            {
                assert!(!text.contains(leak), "{leak} in {software}, {lang}");
            }
            assert!(block(&page, "command").contains("heteronym clients add"), "{software}");
            let fields = fields(&page);
            assert!(fields.len() >= 2 || software == "decidim", "{fields:?}");
            assert!(fields.iter().all(|(name, value)| !name.is_empty() && !value.is_empty()), "{fields:?}");
            assert!(text.contains("id=\"email\"") && text.contains("id=\"claims\"") && text.contains("id=\"meter\""));
        }
    }
    assert_eq!(browser.cookies.len(), 1, "no cookie is set for a page that is the same for everybody");
}

#[tokio::test]
async fn discourse_gets_its_settings_by_their_names() {
    let service = Service::start().await;
    let page =
        service.browser().get("/connect?software=discourse&address=https://forum.example&ask=profile&ask=age").await;
    let expected = [
        ("openid_connect_discovery_document", "https://id.example/.well-known/openid-configuration"),
        ("openid_connect_client_id", "c_forum-example"),
        ("openid_connect_authorize_scope", "openid profile age"),
        ("openid_connect_groups_claim", "groups"),
    ];
    assert_eq!(fields(&page), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(page.header(header::CACHE_CONTROL), Some("private, no-cache"));
}

#[tokio::test]
async fn files_that_a_software_needs_hold_the_values_too() {
    let service = Service::start().await;
    let typed = query(&[("software", "decidim"), ("address", "https://participer.example"), ("ask", "roles")]);
    let file = block(&service.browser().get(&format!("/connect?{typed}")).await, "snippet");
    for line in [
        "issuer: \"https://id.example\",",
        "scope: [:openid, :roles],",
        "identifier: \"c_participer-example\",",
        "redirect_uri: \"https://participer.example/users/auth/openid_connect/callback\"",
    ] {
        assert!(file.contains(line), "{line} in {file}");
    }
    let page = service.browser().get("/connect?software=wordpress").await;
    assert!(block(&page, "snippet").contains("'openid-connect-generic-alter-request'"));
}

#[tokio::test]
async fn what_cannot_be_an_address_or_a_name_is_said_beside_the_field_and_nothing_is_to_be_pasted() {
    let service = Service::start().await;
    for (typed, error) in [("address=http://forum.example", "address-error"), ("name=%3Cb%3E", "name-error")] {
        let page = service.browser().get(&format!("/connect?software=discourse&{typed}")).await;
        let text = page.text();
        assert!(page.status == StatusCode::OK && text.contains(&format!("id=\"{error}\"")), "{text}");
        assert!(!text.contains("id=\"command\"") && fields(&page).is_empty() && !text.contains("<b>"));
    }
    let script = service.browser().get("/connect?software=plain&address=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert!(!script.text().contains("<script>"));
}

#[tokio::test]
async fn a_registered_forum_sees_its_own_values_in_place_of_the_form() {
    let service = Service::start().await;
    let draft = Draft {
        name: "Le Comptoir".to_owned(),
        redirect_uris: vec!["https://comptoir.example/auth/heteronym/callback".to_owned()],
        scope: "openid age roles".to_owned(),
        auth_method: AuthMethod::ClientSecretBasic,
        heteronyms_per_person: 3,
        ..Draft::default()
    };
    let forum = service.register("comptoir.example", draft).await;
    let page = service.browser().get(&format!("/connect?client_id={}", forum.id())).await;
    let text = page.text();
    assert!(
        text.contains("<h1>Connect Le Comptoir</h1>")
            && text.contains("https://comptoir.example/auth/heteronym/callback")
    );
    assert!(text.contains("id=\"software-nodebb\" checked"), "told by its redirect URI");
    assert!(!text.contains("id=\"address\"") && !text.contains("id=\"command\""));
    let fields = fields(&page);
    let value = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!((value("Client ID"), value("Scope")), (Some(forum.id()), Some("openid age roles")));
    assert!(
        text.contains("id=\"other-method\""),
        "the plugin sends its secret in the body, and that was not registered"
    );
    assert!(!text.contains(forum.secret.as_ref().unwrap().expose()));

    let public = Draft {
        redirect_uris: vec!["https://app.example/cb".to_owned()],
        auth_method: AuthMethod::None,
        ..Draft::default()
    };
    let public = service.register("app.example", public).await;
    let page = service.browser().get(&format!("/connect?client_id={}", public.id())).await;
    assert!(page.text().contains("none: the forum is registered to prove itself otherwise"));

    assert_eq!(service.browser().get("/connect?client_id=c_nobody").await.status, StatusCode::NOT_FOUND);
    assert_eq!(service.browser().get("/connect?client_id=%00").await.status, StatusCode::NOT_FOUND);
    service.services.clients.disable(&forum.client.id).await.unwrap();
    let gone = service.browser().get(&format!("/connect?client_id={}", forum.id())).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_meter_is_silent_about_a_few_people_and_rough_about_many() {
    let service = Service::start().await;
    service.arnaud().await;
    let page = service.browser().get("/connect?software=discourse&ask=residence&residence=commune").await;
    assert!(page.text().contains("Too few people are enrolled here") && !page.text().contains("<meter"));
    let none = service.browser().get("/connect?software=discourse&ask=profile").await;
    assert!(none.text().contains("Nothing is asked for by which people could be told apart."));

    let service = Service::start().await;
    service.arnaud().await;
    crowd(&service, 600).await;
    let page = service.browser().get("/connect?software=discourse&ask=residence&residence=commune").await;
    let text = page.text();
    assert!(text.contains("Hardly anybody would be among fewer than 11") && text.contains("<meter"), "{text}");
    assert!(text.contains("with about 500 people") || text.contains("with about 600 people"), "{text}");
    assert!(!text.contains("601") && !text.contains("600 people enrolled"));
}

/// People of one commune, besides those who are there.
async fn crowd(service: &Service, people: u16) {
    let known = facts_of(service, Date::constant(1987, 3, 2), "cog:38563", "Arnaud R.");
    let (store, now) = (&service.services.store, service.services.ambient.now());
    let rows: Vec<_> = (0..people)
        .map(|number| {
            let [high, low] = number.to_be_bytes();
            let id =
                heteronym::domain::ids::PersonId::from_bytes([high, low, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
            persons::Person {
                id,
                registrar_id: heteronym::domain::ids::RegistrarId::from_bytes([7; 16]),
                enrolled_on: now.day(),
                renew_by: now.day(),
                departed_on: None,
                facts: service.services.attributes.seal_facts(id, &known),
                identity: Vec::new(),
                version: 1,
                changed_at: now,
            }
        })
        .collect();
    let added = store.write::<_, StoreError, _>(move |tx| {
        let rows = rows.clone();
        Box::pin(async move {
            for row in &rows {
                persons::insert(tx, row).await?;
            }
            Ok(())
        })
    });
    added.await.unwrap();
}

#[tokio::test]
async fn the_page_is_to_be_found_by_operators_and_by_search_engines() {
    let service = Service::start().await;
    assert!(service.browser().get("/").await.text().contains("href=\"/connect\""));
    assert!(service.browser().get("/robots.txt").await.text().contains("Allow: /connect$\n"));
}

/// What `specs/connect.md` says of Lemmy stops being true when our codes become shorter.
#[tokio::test]
async fn an_authorization_code_is_longer_than_lemmy_takes() {
    let service = Service::start().await;
    let forum = service.forum("forum.example", "openid").await;
    let citizen = service.arnaud().await;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    let answer = browser.authorize(&forum.request("openid"), &Choices::all("Genêt")).await;
    assert!(answer.code().len() > 300, "{}", answer.code().len());
}

/// Decidim and `WordPress` send `scope` once more with the code.
#[tokio::test]
async fn a_scope_beside_the_code_is_passed_over() {
    let service = Service::start().await;
    let forum = service.forum("forum.example", "openid age").await;
    let citizen = service.arnaud().await;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    let request = forum.request("openid age");
    let answer = browser.authorize(&request, &Choices::all("Genêt")).await;
    let redemption = request.redemption(answer.code(), forum.redirect());
    let mut fields: Vec<_> = redemption.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fields.push(("scope", "openid age"));
    assert_eq!(forum.ask_token(&service, &fields).await.status, StatusCode::OK);
}
