//! Nobody is enrolled over HTTP without the signature of an office that counts now (L11: none that was withdrawn meanwhile).

use axum::http::StatusCode;
use data_encoding::BASE64URL_NOPAD;
use heteronym::proofing::OfficeKey;

use super::{but, code, eleonore, karim, voiron};
use crate::harness::{Browser, ISSUER, Reply, Service};

/// What stands on the page between the form and the sheet: the officer's browser has not signed yet.
async fn to_sign(officer: &mut Browser, fields: &super::Fields) -> Reply {
    let key = officer.office_key.take();
    let page = officer.enrol(fields).await;
    officer.office_key = key;
    assert!(page.status == StatusCode::OK && page.asks_to_sign(), "{}", page.text());
    page
}

#[tokio::test]
async fn without_a_signature_that_fits_nobody_is_enrolled_and_nothing_typed_is_lost() {
    let (service, counter, mut officer) = voiron().await;
    let other = service.counter("Mairie de Tullins", "FR-38").await;
    let (stranger, own) = (OfficeKey::generate().unwrap(), &counter.key);
    let page = to_sign(&mut officer, &eleonore()).await;
    let own_id = own.public().id().to_string();
    let of_another = to_sign(&mut officer, &karim()).await;
    let others = own.sign(&of_another.to_sign(&own_id)).unwrap().to_string();
    let strangers = stranger.sign(&page.to_sign(&own_id)).unwrap().to_string();
    for (what, key, signature, status) in [
        ("none", "", String::new(), 400),
        ("no key", "", own.sign(&page.to_sign(&own_id)).unwrap().to_string(), 400),
        ("another message", &own_id, others, 400),
        ("another's signature under our key", &own_id, strangers, 400),
        ("zeros", &own_id, BASE64URL_NOPAD.encode(&[0; 64]), 400),
        ("not a signature", &own_id, "<script>".to_owned(), 400),
    ] {
        let refused = officer.post_signature(&page, key, &signature).await;
        assert_eq!(refused.status.as_u16(), status, "{what}: {}", refused.text());
        assert!(refused.text().contains("value=\"Lefèvre\""), "{what}: what was typed stays");
    }
    for (what, key) in [("unknown", &stranger), ("of another office", &*other.key)] {
        let refused = officer.post_signed(&page, key).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{what}");
        assert!(refused.text().contains("This key does not count"), "{what}: {}", refused.text());
    }
    assert_eq!(officer.find(&eleonore()).await.status, StatusCode::NOT_FOUND, "nobody was enrolled");
    code(&officer.post_signed(&page, own).await);
}

#[tokio::test]
async fn l11_a_key_that_was_withdrawn_meanwhile_signs_nobody_in() {
    let (service, counter, mut officer) = voiron().await;
    let page = to_sign(&mut officer, &eleonore()).await;
    service.services.proofing.withdraw_key(counter.key.public().id()).await.unwrap();
    let refused = officer.post_signed(&page, &counter.key).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.text().contains("This key does not count"), "{}", refused.text());
    assert_eq!(officer.find(&eleonore()).await.status, StatusCode::NOT_FOUND, "nobody was enrolled");
    let form = officer.get("/registrar/enrol").await;
    assert_eq!(form.status, StatusCode::CONFLICT);
    assert!(form.text().contains("Your office has no key that counts"), "{}", form.text());
}

#[tokio::test]
async fn what_waits_for_a_signature_is_of_one_officer_in_one_browser_for_a_quarter_of_an_hour() {
    let (service, counter, mut officer) = voiron().await;
    let page = to_sign(&mut officer, &eleonore()).await;
    let unsigned = page.field("unsigned").unwrap();
    let mut elsewhere = counter.browser(&service).await;
    let form = elsewhere.get("/registrar/enrol").await;
    let (csrf, tx) = (form.field("csrf").unwrap(), form.field("tx").unwrap());
    let id = counter.key.public().id().to_string();
    let signature = counter.key.sign(&page.to_sign(&id)).unwrap().to_string();
    let sent = [("csrf", csrf.as_str()), ("tx", &tx), ("unsigned", &unsigned), ("key", &id), ("signature", &signature)];
    assert_eq!(elsewhere.post("/registrar/enrol", &sent).await.status, StatusCode::CONFLICT);
    // Staff are signed out after a quarter of an hour without a request.
    service.wait(14 * 60);
    officer.get("/registrar").await;
    service.wait(61);
    let late = officer.post_signed(&page, &counter.key).await;
    assert_eq!(late.status, StatusCode::CONFLICT, "{}", late.text());
    assert!(late.text().contains("open for too long") && late.text().contains("value=\"Lefèvre\""));
    code(&officer.post_form(&late, "/registrar/enrol", &eleonore()).await);
}

#[tokio::test]
async fn the_page_that_is_signed_shows_no_code_and_the_same_signature_twice_is_one_sheet() {
    let (service, counter, mut officer) = voiron().await;
    let page = to_sign(&mut officer, &eleonore()).await;
    let first = officer.post_signed(&page, &counter.key).await;
    let shown = code(&first);
    assert!(!page.text().contains(&shown) && !page.text().contains(&shown.replace('-', "")));
    let second = officer.post_signed(&page, &counter.key).await;
    assert_eq!(code(&second), shown, "the answer was lost on the way and is asked for again");
    service.services.accounts.open_code(&shown).await.unwrap();
    service.wait(11);
    let edited = to_sign(&mut officer, &but(karim(), &[("family_name", "Benale")])).await;
    let fields = [("act", "edit"), ("family_name", "Benale")];
    let form = officer.post_form(&edited, "/registrar/enrol", &fields).await;
    assert!(form.text().contains("value=\"Benale\"") && form.text().contains("id=\"enrol-go\""), "{}", form.text());
}

#[tokio::test]
async fn a_workstation_sends_its_key_after_a_fresh_sign_in_and_the_operator_lets_it_count() {
    let (service, counter, mut officer) = voiron().await;
    let key = OfficeKey::generate().unwrap();
    let public = BASE64URL_NOPAD.encode(key.public().point());
    let page = officer.get("/registrar/key").await;
    let state = |page: &Reply| {
        let id = format!("data-key=\"{}\" data-state=\"", key.public().id());
        page.text().split_once(&id).map(|(_, rest)| rest.split_once('"').unwrap().0.to_owned())
    };
    assert_eq!(state(&page), None);
    for bad in ["", "AAAA", &BASE64URL_NOPAD.encode(&[4; 65])] {
        let refused = officer.post_form(&page, "/registrar/key", &[("public", bad)]).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{bad}");
    }
    let sent = officer.post_form(&page, "/registrar/key", &[("public", &public)]).await;
    assert_eq!(state(&sent).as_deref(), Some("waiting"));
    assert!(sent.text().contains(&heteronym::proofing::fingerprint(key.public())), "{}", sent.text());
    let waits = to_sign(&mut officer, &eleonore()).await;
    assert_eq!(officer.post_signed(&waits, &key).await.status, StatusCode::FORBIDDEN, "it waits");
    service.services.proofing.accredit_key(key.public().id()).await.unwrap();
    assert_eq!(state(&officer.get("/registrar/key").await).as_deref(), Some("accredited"));
    code(&officer.post_signed(&waits, &key).await);

    service.services.proofing.withdraw_key(key.public().id()).await.unwrap();
    let again = officer.post_form(&page, "/registrar/key", &[("public", &public)]).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "what was withdrawn does not come back");
    let colleague = service.counter("Mairie de Tullins", "FR-38").await;
    let mut other = colleague.browser(&service).await;
    let form = other.get("/registrar/key").await;
    let taken = BASE64URL_NOPAD.encode(counter.key.public().point());
    let taken = other.post_form(&form, "/registrar/key", &[("public", &taken)]).await;
    assert_eq!(taken.status, StatusCode::CONFLICT, "a key is of one office");
    service.wait(14 * 60);
    officer.get("/registrar").await;
    service.wait(7 * 60);
    let outdated = officer.get("/registrar/key").await;
    assert!(
        outdated.text().contains("id=\"again\"") && !outdated.text().contains("id=\"make-key\""),
        "{}",
        outdated.text()
    );
    assert_eq!(
        officer.post_form(&outdated, "/registrar/key", &[("public", &public)]).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn where_officers_accredit_a_key_counts_at_once() {
    let configuration = "[accounts]\nworkstation_keys = \"officer\"\n";
    let service = Service::start_at(ISSUER, configuration, 1).await;
    service.custodians().await;
    let mut officer = service.counter("Maison du Voironnais", "FR-38").await.browser(&service).await;
    let key = OfficeKey::generate().unwrap();
    let page = officer.get("/registrar/key").await;
    let public = BASE64URL_NOPAD.encode(key.public().point());
    officer.post_form(&page, "/registrar/key", &[("public", &public)]).await;
    let page = to_sign(&mut officer, &eleonore()).await;
    code(&officer.post_signed(&page, &key).await);
}
