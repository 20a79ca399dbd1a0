//! From the document on the counter to the sheet in somebody's hand.

use axum::http::{StatusCode, header};
use heteronym::{accounts::OpenedKind, clients::Draft, domain::area::Level};

use super::{assert_without, but, claims, code, element, eleonore, karim, open, voiron};
use crate::harness::{Choices, Service};

#[tokio::test]
async fn an_officer_enrols_somebody_and_the_code_on_the_sheet_opens_their_account() {
    let (service, _, mut officer) = voiron().await;
    let desk = officer.get("/registrar").await;
    assert_eq!(element(&desk, "today"), "Enrolled by you today: 0 of at most 150.");
    assert!(desk.text().contains("<h1>Maison du Voironnais</h1>") && desk.text().contains("Isère"));
    let fields = but(eleonore(), &[("agent_until", "31/12/2028")]);
    let sheet = officer.enrol(&fields).await;
    assert_eq!(sheet.header(header::CACHE_CONTROL), Some("no-store"));
    assert_eq!(element(&sheet, "sheet-office"), "Maison du Voironnais · Heteronym");
    assert_eq!(
        (element(&sheet, "until").as_str(), element(&sheet, "renew").as_str()),
        ("15 July 2026", "15 June 2031")
    );
    assert_eq!(element(&officer.get("/registrar").await, "today"), "Enrolled by you today: 1 of at most 150.");

    let session = open(&service, &sheet, OpenedKind::Activation).await;
    let scope = "openid profile age residence sex roles".to_owned();
    let draft = Draft { scope, residence_level: Level::Commune, ..Draft::default() };
    let forum = service.register("forum.example", draft).await;
    let told = claims(&service, &forum, &session, &Choices::all("Genêt").at("commune")).await;
    assert_eq!((told["residence"].as_str(), told["sex"].as_u64()), (Some("cog:38563"), Some(2)));
    assert_eq!((told["roles"][0].as_str(), told["age_bracket"].as_str()), (Some("agent"), Some("Y30-39")));
    let spent = service.services.accounts.open_code(&code(&sheet)).await;
    assert!(spent.is_err(), "a code is used once");
}

#[tokio::test]
async fn the_sheet_names_nobody_and_draws_the_address_that_it_names() {
    let (_service, _, mut officer) = voiron().await;
    let sheet = officer.enrol(&but(eleonore(), &[("married_name", "Garcin")])).await;
    assert_without(&sheet, &["Lefèvre", "Garcin", "Éléonore", "1987", "12AB34567", "Voiron ("]);
    let text = sheet.text();
    assert!(text.contains("id.example/activate") && text.contains("<svg xmlns") && !text.contains("<?xml"), "{text}");
    assert!(text.contains("data-print hidden") && text.contains("/print.js"), "{text}");
    let drawn = qrcode_of(&format!("https://id.example/activate#{}", code(&sheet).replace('-', "")));
    assert!(text.contains(&drawn), "the picture is another");
}

/// The path that draws this text.
fn qrcode_of(text: &str) -> String {
    let code = qrcode::QrCode::new(text).unwrap();
    let svg = code.render::<qrcode::render::svg::Color<'_>>().module_dimensions(1, 1).build();
    svg[svg.find("<path").unwrap()..].to_owned()
}

#[tokio::test]
async fn every_fault_is_told_at_once_beside_its_field_and_what_was_typed_stays() {
    let (service, _, mut officer) = voiron().await;
    let typed = [
        ("family_name", "Lefèvre9"),
        ("given_names", ""),
        ("birth_date", "31/02/1987"),
        ("commune", "Nulleville"),
        ("document_number", "x"),
        ("agent_until", "bientôt"),
        ("elected_until", "2001"),
        ("animator_until", "2090"),
    ];
    let reply = officer.enrol(&but(eleonore(), &typed)).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = reply.text();
    for (name, value) in typed {
        assert!(text.contains(&format!("id=\"{name}\" name=\"{name}\" value=\"{value}\"")), "{name}: {text}");
        let tag = text.split_once(&format!("<input id=\"{name}\"")).unwrap().1.split_once('>').unwrap().0;
        assert!(tag.contains("aria-invalid=\"true\"") && tag.contains(&format!("{name}-fault")), "{tag}");
        assert!(
            text.contains(&format!("id=\"{name}-fault\"")) && text.contains(&format!("href=\"#{name}\"")),
            "{name}"
        );
    }
    assert!(text.contains("8 fields have to be looked at again") && text.contains("role=\"alert\""));
    assert!(text.contains("<option value=\"f\" selected>"), "{text}");
    assert!(text.split_once("id=\"family_name\"").unwrap().1.split_once('>').unwrap().0.contains("autofocus"));
    // Corrected on the same page, it is the same enrolment.
    let sheet = officer.post_form(&reply, "/registrar/enrol", &eleonore()).await;
    open(&service, &sheet, OpenedKind::Activation).await;
}

#[tokio::test]
async fn a_commune_that_means_several_is_chosen_among_them_without_script() {
    let (service, _, mut officer) = voiron().await;
    let reply = officer.enrol(&but(eleonore(), &[("commune", "grenob")])).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    let choice = "type=\"radio\" name=\"commune_code\" value=\"cog:38185\"";
    assert!(reply.text().contains(choice) && reply.text().contains("Grenoble (Isère) · 38185"), "{}", reply.text());
    let fields = but(eleonore(), &[("commune", "grenob"), ("commune_code", "cog:38185")]);
    let sheet = officer.post_form(&reply, "/registrar/enrol", &fields).await;
    let session = open(&service, &sheet, OpenedKind::Activation).await;
    let facts = service.services.attributes.facts(session.signed_in.person().unwrap()).await.unwrap().unwrap();
    assert_eq!(facts.commune.as_str(), "cog:38185");

    let elsewhere = service.counter("Consulat", "FR").await;
    let mut officer = elsewhere.browser(&service).await;
    let reply = officer.enrol(&but(karim(), &[("commune", "saint denis")])).await;
    assert!(reply.text().contains("value=\"cog:93066\"") && reply.text().contains("value=\"cog:97411\""));
    let reply = officer.enrol(&but(karim(), &[("commune", "saint denis 974")])).await;
    code(&reply);
}

#[tokio::test]
async fn the_list_under_the_commune_forgives_accents_and_begins_with_the_offices_own() {
    let (service, _, mut officer) = voiron().await;
    let reply = officer.get("/registrar/communes?q=st+egreve").await;
    assert_eq!(reply.header(header::CONTENT_TYPE), Some("application/json"));
    assert_eq!(reply.json()[0], serde_json::json!({"text": "Saint-Égrève (38382)", "label": "Saint-Égrève (Isère)"}));
    let reply = officer.get("/registrar/communes?q=saint").await.json();
    let lines = reply.as_array().unwrap();
    assert_eq!(lines.len(), 12);
    assert!(lines.iter().all(|line| line["label"].as_str().unwrap().ends_with("(Isère)")), "{lines:?}");
    for nothing in ["", "?q=", "?q=s", "?q=%25", "?q=__", "?q=*&q=*", "?q=s%25"] {
        let reply = officer.get(&format!("/registrar/communes{nothing}")).await;
        assert!(reply.status == 400 || reply.json().as_array().unwrap().is_empty(), "{nothing}: {}", reply.text());
    }
    let guest = service.browser().get("/registrar/communes?q=voiron").await;
    assert_eq!(guest.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_office_of_one_commune_finds_it_filled_in() {
    let service = Service::start().await;
    service.custodians().await;
    let mut officer = service.counter("Maison du Voironnais", "cog:38563").await.browser(&service).await;
    let form = officer.get("/registrar/enrol").await;
    assert!(form.text().contains("name=\"commune\" value=\"Voiron (38563)\""), "{}", form.text());
    code(&officer.enrol(&but(eleonore(), &[("commune", "Voiron (38563)")])).await);
    service.wait(11);
    let elsewhere = officer.enrol(&but(karim(), &[("commune", "Grenoble")])).await;
    assert_eq!(elsewhere.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(element(&elsewhere, "commune-fault").starts_with("It is outside the area"));
}

#[tokio::test]
async fn l3_a_twin_is_told_to_be_enrolled_and_not_where_when_or_by_whom() {
    let (service, _, mut officer) = voiron().await;
    let grenoble = service.counter("Mairie de Grenoble", "FR-38").await;
    code(&officer.enrol(&eleonore()).await);
    let mut colleague = grenoble.browser(&service).await;
    code(&colleague.enrol(&karim()).await);
    service.wait(11);
    let own = officer.enrol(&but(eleonore(), &[("family_name", "LEFEVRE"), ("given_names", "Marie, Eleonore")])).await;
    let others = officer.enrol(&but(karim(), &[("document_number", "another 1")])).await;
    assert_eq!((own.status, others.status), (StatusCode::CONFLICT, StatusCode::CONFLICT));
    assert_eq!(own.text(), others.text(), "byte for byte");
    assert_eq!(format!("{:?}", own.headers), format!("{:?}", others.headers));
    assert!(own.text().contains("This person is already enrolled") && own.text().contains("href=\"/registrar/case\""));
    assert_without(&own, &["Lefèvre", "Benali", "Voiron", "Grenoble", "2026"]);
}

#[tokio::test]
async fn a_doubt_asks_for_a_second_look_which_counts_for_that_entry_alone() {
    let (service, _, mut officer) = voiron().await;
    code(&officer.enrol(&eleonore()).await);
    service.wait(11);
    // A twin sister, born on the same day with a name in common.
    let sister = but(eleonore(), &[("given_names", "Marie Jeanne"), ("document_number", "55CD55555")]);
    let asked = officer.enrol(&sister).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(asked.text().contains("Somebody much like this person") && asked.text().contains("It may be a twin"));
    assert!(asked.text().contains("name=\"given_names\" value=\"Marie Jeanne\""));
    assert_without(&asked, &["Éléonore", "12AB34567"]);
    let seen = asked.field("seen").unwrap();

    let edited =
        officer.post_form(&asked, "/registrar/enrol", &with(&sister, &[("act", "edit"), ("seen", &seen)])).await;
    assert_eq!(edited.status, StatusCode::OK);
    assert!(edited.text().contains("name=\"given_names\" value=\"Marie Jeanne\"") && edited.field("seen").is_none());
    // The officer's word was for Marie Jeanne, not for whoever is typed in her place.
    let other = but(eleonore(), &[("given_names", "Marie"), ("document_number", "66CD66666")]);
    let other =
        officer.post_form(&asked, "/registrar/enrol", &with(&other, &[("act", "enrol"), ("seen", &seen)])).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    let sheet =
        officer.post_form(&asked, "/registrar/enrol", &with(&sister, &[("act", "enrol"), ("seen", &seen)])).await;
    open(&service, &sheet, OpenedKind::Activation).await;
}

fn with<'a>(fields: &super::Fields, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    fields.iter().copied().chain(more.iter().copied()).collect()
}

#[tokio::test]
async fn l4_an_old_or_incomplete_birth_date_is_looked_at_twice() {
    let (service, _, mut officer) = voiron().await;
    for (date, doubt) in [("1900-03-02", "more than 120 years old"), ("1960", "day or the month of birth is missing")] {
        let asked = officer.enrol(&but(eleonore(), &[("birth_date", date)])).await;
        assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(asked.text().contains(doubt), "{}", asked.text());
    }
    let impossible = officer.enrol(&but(eleonore(), &[("birth_date", "30/02/1988")])).await;
    assert!(element(&impossible, "birth_date-fault").starts_with("It is not a date"));
    service.wait(11);
    code(&officer.enrol(&but(eleonore(), &[("birth_date", "29 février 1988")])).await);
}

#[tokio::test]
async fn a_form_sent_twice_is_one_person_with_a_new_code() {
    let (service, counter, mut officer) = voiron().await;
    let form = officer.get("/registrar/enrol").await;
    let first = officer.post_form(&form, "/registrar/enrol", &eleonore()).await;
    let second = officer.post_form(&form, "/registrar/enrol", &eleonore()).await;
    assert_ne!(code(&first), code(&second));
    assert_eq!(element(&first, "login"), element(&second, "login"), "the same account");
    assert!(service.services.accounts.open_code(&code(&first)).await.is_err(), "the first code is void");
    open(&service, &second, OpenedKind::Activation).await;
    let day = service.services.proofing.officers_day(counter.officer.id).await.unwrap();
    assert_eq!(day.enrolled, 1);
    // Used, it gives nothing more.
    let third = officer.post_form(&form, "/registrar/enrol", &eleonore()).await;
    assert_eq!(third.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn too_fast_and_too_many_are_told_with_the_time_to_wait_and_lose_nothing() {
    let (service, _, mut officer) = voiron().await;
    code(&officer.enrol(&eleonore()).await);
    let fast = officer.enrol(&karim()).await;
    assert_eq!((fast.status, fast.header(header::RETRY_AFTER)), (StatusCode::TOO_MANY_REQUESTS, Some("11")));
    assert!(fast.text().contains("value=\"Benali\"") && fast.text().contains("again in 11 seconds"));
    service.wait(11);
    code(&officer.post_form(&fast, "/registrar/enrol", &karim()).await);
}

#[tokio::test]
async fn a_form_left_open_too_long_keeps_what_was_typed() {
    let (service, counter, mut officer) = voiron().await;
    let form = officer.get("/registrar/enrol").await;
    for _ in 0..6 {
        service.wait(11 * 60);
        officer.get("/registrar").await;
    }
    let late = officer.post_form(&form, "/registrar/enrol", &eleonore()).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.text().contains("value=\"Lefèvre\"") && late.text().contains("open for too long"));
    // So does one that began with another officer, or in another browser.
    let mut colleague = counter.browser(&service).await;
    let own = colleague.get("/registrar/enrol").await;
    let (csrf, tx) = (own.field("csrf").unwrap(), late.field("tx").unwrap());
    let stolen = colleague.post("/registrar/enrol", &with(&eleonore(), &[("csrf", &csrf), ("tx", &tx)])).await;
    assert_eq!(stolen.status, StatusCode::CONFLICT);
    code(&officer.post_form(&late, "/registrar/enrol", &eleonore()).await);
}
