//! What the counter must withstand.

use std::{env, io};

use axum::http::{StatusCode, header};
use heteronym::{
    accounts::OpenedKind,
    telemetry::{self, LogFormat},
};

use super::{but, claims, code, eleonore, karim, open, voiron};
use crate::harness::{Choices, Service, alone};

/// Everything of the counter: method, path.
const ROUTES: [(&str, &str); 12] = [
    ("GET", "/registrar"),
    ("GET", "/registrar/enrol"),
    ("GET", "/registrar/case"),
    ("GET", "/registrar/communes?q=voiron"),
    ("GET", "/registrar/key"),
    ("POST", "/registrar/key"),
    ("POST", "/registrar/enrol"),
    ("POST", "/registrar/case"),
    ("POST", "/registrar/case/act"),
    ("POST", "/registrar/case/renew"),
    ("POST", "/registrar/case/reissue"),
    ("POST", "/registrar/case/depart"),
];

#[tokio::test]
async fn a_guest_is_sent_to_sign_in_and_a_citizen_is_refused_everywhere() {
    let (service, _, _) = voiron().await;
    let citizen = service.arnaud().await;
    for (method, path) in ROUTES {
        let (mut guest, mut own) = (service.browser(), service.browser());
        own.sign_in(&service, &citizen).await;
        let (guest, own) = match method {
            "GET" => (guest.get(path).await, own.get(path).await),
            _ => (guest.post(path, &eleonore()).await, own.post(path, &eleonore()).await),
        };
        assert_eq!(guest.status, StatusCode::SEE_OTHER, "{path}");
        assert!(guest.location().unwrap().starts_with("/sign-in"), "{path}");
        assert_eq!(own.status, StatusCode::FORBIDDEN, "{path}");
        assert!(own.text().contains("This is the officers’ counter"), "{path}: {}", own.text());
    }
}

#[tokio::test]
async fn without_a_custodians_key_the_counter_says_who_has_to_make_it() {
    let service = Service::start().await;
    let counter = service.counter("Maison du Voironnais", "FR-38").await;
    let mut officer = counter.browser(&service).await;
    let desk = officer.get("/registrar").await;
    assert!(desk.text().contains("id=\"not-ready\"") && desk.text().contains("heteronym custodian"));
    assert!(!desk.text().contains("href=\"/registrar/enrol\""));
    for path in ["/registrar/enrol", "/registrar/case"] {
        let page = officer.get(path).await;
        assert_eq!(page.status, StatusCode::CONFLICT);
        assert!(page.text().contains("The custodians have not made their key yet"), "{}", page.text());
    }
}

#[tokio::test]
async fn l6_no_page_of_the_counter_shows_a_pseudonym_a_forum_or_a_sign_in() {
    let (service, _, mut officer) = voiron().await;
    let session = open(&service, &officer.enrol(&eleonore()).await, OpenedKind::Activation).await;
    let forum = service.forum("forum.example", "openid profile").await;
    let told = claims(&service, &forum, &session, &Choices::all("Genêt")).await;
    let mut pages = vec![officer.get("/registrar").await, officer.find(&eleonore()).await];
    for act in ["renew", "correct", "reissue", "depart"] {
        pages.push(officer.choose_act(&eleonore(), act).await);
    }
    pages.push(officer.act(&eleonore(), "reissue", &[]).await);
    service.wait(11);
    pages.push(officer.enrol(&eleonore()).await);
    for page in &pages {
        super::assert_without(
            page,
            &["Genêt", "forum.example", told["sub"].as_str().unwrap(), "Firefox", "Éléonore L."],
        );
    }
    for path in ["people", "persons", "log", "sessions", "forums", "pseudonyms", "search?q=a", "case/1", "export"] {
        assert_eq!(officer.get(&format!("/registrar/{path}")).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn l7_a_session_that_somebody_found_open_changes_nobody() {
    let (service, _, mut officer) = voiron().await;
    code(&officer.enrol(&eleonore()).await);
    let form = officer.get("/registrar/case").await;
    service.wait(6 * 60);
    let again = officer.get("/registrar/case").await;
    assert_eq!(again.status, StatusCode::FORBIDDEN);
    assert!(again.text().contains("href=\"/sign-in?return="), "{}", again.text());
    // A form that was opened in time is still taken, for as long as it takes to fill it in.
    assert_eq!(officer.post_form(&form, "/registrar/case", &eleonore()).await.status, StatusCode::OK);
    service.wait(14 * 60);
    officer.get("/registrar").await;
    service.wait(60);
    let late = officer.post_form(&form, "/registrar/case", &eleonore()).await;
    assert_eq!(late.status, StatusCode::FORBIDDEN);
    assert!(late.text().contains("Sign in again first"), "{}", late.text());
}

#[tokio::test]
async fn l9_script_and_sql_in_any_field_come_back_as_text() {
    let (_service, _, mut officer) = voiron().await;
    for attack in
        ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' OR 1=1 --", "'); DROP TABLE persons;--"]
    {
        for (field, _) in eleonore() {
            let reply = officer.enrol(&but(eleonore(), &[(field, attack)])).await;
            let text = reply.text();
            assert!(
                !text.contains("<script>alert") && !text.contains("<img src=x") && !text.contains("\"><img"),
                "{field}"
            );
            assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{field} {attack}");
            let shown =
                reply.text().replace("&#39;", "'").replace("&#60;", "<").replace("&#62;", ">").replace("&#34;", "\"");
            // A list of choices shows no other.
            assert!(
                shown.contains(attack) || matches!(field, "sex" | "document_kind"),
                "{field}: what was typed stays"
            );
        }
    }
    for field in ["tx", "seen", "commune_code"] {
        let reply =
            officer.enrol(&but(eleonore(), &[("family_name", ""), (field, "\"><script>alert(1)</script>")])).await;
        assert!(!reply.text().contains("<script>alert") && reply.status.is_client_error(), "{field}");
    }
}

#[tokio::test]
async fn a_book_in_every_field_is_refused_on_a_page_of_the_usual_size() {
    let (_service, _, mut officer) = voiron().await;
    let book: &'static str = "\"<é".repeat(400).leak();
    let names = eleonore().into_iter().map(|(name, _)| (name, book)).collect();
    let reply = officer.enrol(&names).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    let bytes = "x".repeat(70_000);
    assert_eq!(
        officer.post("/registrar/enrol", &[("family_name", &bytes)]).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
}

#[tokio::test]
async fn l10_who_is_enrolled_cannot_be_found_out_by_asking_on() {
    let (service, _, mut officer) = voiron().await;
    code(&officer.enrol(&eleonore()).await);
    for wildcard in ["%", "*", "_", "a%", ""] {
        let reply = officer.find(&but(eleonore(), &[("family_name", wildcard)])).await;
        assert!(matches!(reply.status.as_u16(), 404 | 422), "{wildcard}");
    }
    let mut asked = 0;
    let refused = loop {
        let reply = officer.find(&karim()).await;
        if reply.status != StatusCode::NOT_FOUND {
            break reply;
        }
        asked += 1;
        assert!(asked <= 60, "no end");
    };
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    // 15 June, 12:00 in France: until midnight.
    assert_eq!(refused.header(header::RETRY_AFTER), Some("43201"));
    assert!(refused.text().contains("value=\"Benali\""), "what was typed stays");
    // Trying to enrol tells no more.
    service.wait(11);
    assert_eq!(officer.enrol(&eleonore()).await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn l11_an_officer_or_office_closed_meanwhile_is_refused_at_the_next_request() {
    let (service, counter, mut officer) = voiron().await;
    let form = officer.get("/registrar/enrol").await;
    service.services.proofing.close_officer(&counter.login).await.unwrap();
    let refused = officer.post_form(&form, "/registrar/enrol", &eleonore()).await;
    assert_eq!((refused.status, refused.location()), (StatusCode::SEE_OTHER, Some("/sign-in")));

    let counter = service.counter("Mairie de Tullins", "FR-38").await;
    let mut officer = counter.browser(&service).await;
    let form = officer.get("/registrar/enrol").await;
    service.services.proofing.close_office(counter.office.id).await.unwrap();
    let refused = officer.post_form(&form, "/registrar/enrol", &eleonore()).await;
    assert_eq!((refused.status, refused.location()), (StatusCode::SEE_OTHER, Some("/sign-in")));

    // Nobody came of either.
    let mut officer = service.counter("Mairie de Moirans", "FR-38").await.browser(&service).await;
    assert_eq!(officer.find(&eleonore()).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_case_is_of_no_use_to_another_officer_or_in_another_browser() {
    let (service, counter, mut officer) = voiron().await;
    code(&officer.enrol(&eleonore()).await);
    let menu = officer.find(&eleonore()).await;
    let tx = menu.field("tx").unwrap();
    let colleague = service.counter("Mairie de Tullins", "FR-38").await;
    for mut other in [counter.browser(&service).await, colleague.browser(&service).await] {
        let csrf = other.get("/registrar/case").await.field("csrf").unwrap();
        for act in ["act", "renew", "correct", "reissue", "depart"] {
            let sent = [("csrf", csrf.as_str()), ("tx", &tx), ("act", "depart"), ("document_seen", "yes")];
            let reply = other.post(&format!("/registrar/case/{act}"), &sent).await;
            assert_eq!(reply.status, StatusCode::CONFLICT, "{act}");
            assert!(reply.text().contains("entered too long ago"), "{act}");
        }
    }
}

#[tokio::test]
async fn a_form_without_our_token_or_from_another_site_does_nothing() {
    let (_service, _, mut officer) = voiron().await;
    let form = officer.get("/registrar/enrol").await;
    let tx = form.field("tx").unwrap();
    for (method, path) in ROUTES {
        if method == "POST" {
            let mut sent = eleonore().into_iter().collect::<Vec<(&str, &str)>>();
            sent.push(("tx", &tx));
            let reply = officer.post(path, &sent).await;
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{path}");
        }
    }
    assert_eq!(officer.find(&eleonore()).await.status, StatusCode::NOT_FOUND, "nobody was enrolled");
}

#[test]
fn r85_acts_are_noted_and_nothing_typed_is_in_any_line_of_the_log() {
    let lived = alone("registrar::hostile::a_day_at_the_counter").env(LOGGED, "yes").output().unwrap();
    let (log, code) = [lived.stdout, lived.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).into();
    assert!(lived.status.success() && log.contains("1 passed"), "{log}{code}");
    let acts = [("enrol", "enrolled"), ("enrol", "already enrolled"), ("renew", "done"), ("look up", "nobody")];
    for (act, outcome) in acts {
        let noted = |line: &str| {
            line.contains(&format!("\"act\":\"{act}\"")) && line.contains(&format!("\"outcome\":\"{outcome}\""))
        };
        assert!(log.lines().any(noted), "{act}, {outcome} is not noted: {log}");
    }
    let code = code.lines().find_map(|line| line.strip_prefix(CODE)).unwrap();
    for typed in ["Lefèvre", "Éléonore", "1987-03-02", "2/3/1987", "12AB34567", "Benali", "Voiron", "Grenoble", code]
    {
        assert!(!log.contains(typed), "{typed} stands in the log");
    }
}

/// The log goes to the standard output, from every thread and at the finest level.
#[tokio::test]
#[ignore = "run by the test above, in a process of its own"]
#[expect(clippy::disallowed_methods, reason = "how the parent tells that it listens")]
async fn a_day_at_the_counter() {
    if env::var_os(LOGGED).is_none() {
        return;
    }
    let subscriber = telemetry::subscriber(LogFormat::Json, "trace", io::stdout).unwrap();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let (service, _, mut officer) = voiron().await;
    officer.enrol(&but(eleonore(), &[("family_name", "Lefèvre9")])).await;
    let sheet = officer.enrol(&eleonore()).await;
    service.wait(11);
    assert_eq!(officer.enrol(&eleonore()).await.status, StatusCode::CONFLICT);
    assert_eq!(officer.act(&eleonore(), "renew", &[("commune", "Grenoble")]).await.status, StatusCode::OK);
    assert_eq!(officer.find(&karim()).await.status, StatusCode::NOT_FOUND);
    assert_eq!(officer.get("/registrar/communes?q=grenoble").await.status, StatusCode::OK);
    eprintln!("{CODE}{}", code(&sheet));
}

const LOGGED: &str = "TEST_COUNTER_LOGGED";
const CODE: &str = "the code on the sheet: ";
