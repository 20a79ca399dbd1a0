//! What cannot be registered, with what an operator reads; and the secret, which is told once.

use std::collections::BTreeSet;

use heteronym::{
    clients::Draft,
    domain::claim::Quality,
    wire::oauth::{ApplicationType, AuthMethod},
};

use super::{forum, refused};
use crate::harness::{Forum, Service};

#[tokio::test]
async fn each_fault_of_a_registration_is_told_with_its_member_and_the_remedy() {
    let service = Service::start().await;
    let text = |text: &str| text.to_owned();
    let redirect = |uri: &str| Draft { redirect_uris: vec![text(uri)], ..forum() };
    let brackets = |list: &[&str]| {
        let list = list.iter().map(|bracket| bracket.parse().unwrap()).collect();
        Draft { age_brackets: Some(list), ..forum() }
    };
    let too_many = (0..21).map(|n| format!("https://forum.example/{n}")).collect();
    let faults = [
        (Draft { name: text(" \u{200b}"), ..forum() }, "client_name has to be 1 to 80 visible characters"),
        (Draft { name: "x".repeat(81), ..forum() }, "client_name has to be 1 to 80 visible characters"),
        (Draft { name: text("Forum\nhttps://evil.example"), ..forum() }, "client_name has to be"),
        (
            redirect("http://forum.example/cb"),
            "redirect_uris: the redirect URI begins with http: use https (native clients may use http://127.0.0.1 or \
             http://[::1]) (http://forum.example/cb)",
        ),
        (redirect("https://forum.example/cb#x"), "redirect_uris: the redirect URI contains a fragment"),
        (redirect("http://127.0.0.1:8401/cb"), "begins with http"),
        (Draft { redirect_uris: vec![], ..forum() }, "redirect_uris has to hold 1 to 20 addresses"),
        (Draft { redirect_uris: too_many, ..forum() }, "redirect_uris has to hold 1 to 20 addresses"),
        (
            Draft { post_logout_redirect_uris: vec![text("https://forum.example/x#y")], ..forum() },
            "redirect_uris: the redirect URI contains a fragment",
        ),
        (Draft { client_uri: Some(text("forum.example")), ..forum() }, "client_uri has to be an https address"),
        (Draft { policy_uri: Some(text("http://forum.example/")), ..forum() }, "policy_uri has to be an https address"),
        (Draft { tos_uri: Some(text("javascript:alert(1)")), ..forum() }, "tos_uri has to be an https address"),
        (Draft { scope: text("openid email"), ..forum() }, "scope: email is unknown; use openid, profile, age"),
        (Draft { scope: text("profile"), ..forum() }, "scope has to hold openid"),
        (
            Draft { scope: text("openid age"), required: BTreeSet::from([Quality::Residence]), ..forum() },
            "required: residence is not among what the scope asks for",
        ),
        (brackets(&["Y_LT18", "Y18-34", "Y_GE35"]), "age_brackets: "),
        (brackets(&["Y_LT18", "Y30-39", "Y_GE80"]), "age_brackets: "),
        (Draft { heteronyms_per_person: 0, ..forum() }, "heteronyms_per_person has to be 1 to 100"),
        (Draft { heteronyms_per_person: 101, ..forum() }, "heteronyms_per_person has to be 1 to 100"),
        (Draft { auth_method: AuthMethod::PrivateKeyJwt, ..forum() }, "jwks or jwks_uri has to be there"),
    ];
    for (draft, says) in faults {
        let error = refused(&service, draft).await.to_string();
        assert!(error.contains(says), "{error}\n  instead of: {says}");
    }
    assert!(service.services.clients.list().await.unwrap().is_empty(), "nothing of it was kept");
}

#[tokio::test]
async fn a_client_id_is_given_once() {
    let service = Service::start().await;
    let named = |host: &str| Draft {
        id: Some("c_budget".parse().unwrap()),
        redirect_uris: vec![format!("https://{host}/cb")],
        ..forum()
    };
    service.services.clients.register(named("forum.example")).await.unwrap();
    let error = refused(&service, named("other.example")).await.to_string();
    assert_eq!(error, "client_id c_budget is taken: choose another, or leave it out");
    let other = Draft { id: None, ..named("other.example") };
    service.services.clients.register(other).await.expect("the refused one left no sector behind");
}

/// 400 `invalid_grant` is the answer to a client that was believed; 401 `invalid_client` to one that was not.
async fn believed(service: &Service, forum: &Forum) -> bool {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", "x"),
        ("redirect_uri", forum.redirect()),
        ("code_verifier", "x"),
    ];
    match forum.ask_token(service, &fields).await.error() {
        (401, error) if error == "invalid_client" => false,
        (400, error) if error.starts_with("invalid_") => true,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_secret_is_told_once_kept_as_a_hash_and_dead_when_it_is_replaced() {
    let service = Service::start().await;
    let mut client = service.forum("forum.example", "openid").await;
    assert!(believed(&service, &client).await);
    let told = client.secret.clone().unwrap();
    let shown = format!("{:?}", service.services.clients.list().await.unwrap());
    assert!(!shown.contains(told.expose()), "it is nowhere to be read again");

    let replaced = service.services.clients.rotate_secret(&client.client.id).await.unwrap();
    assert!(!believed(&service, &client).await, "the old one is dead at once");
    client.secret = replaced;
    assert!(believed(&service, &client).await);

    assert!(service.services.clients.disable(&client.client.id).await.unwrap());
    assert!(!believed(&service, &client).await, "a disabled client is nobody");
    assert!(!service.services.clients.disable(&client.client.id).await.unwrap(), "once");
}

#[tokio::test]
async fn software_that_can_keep_no_secret_gets_none() {
    let service = Service::start().await;
    let native = Draft {
        application_type: ApplicationType::Native,
        auth_method: AuthMethod::None,
        redirect_uris: vec!["http://127.0.0.1/cb".to_owned()],
        ..forum()
    };
    let (client, secret) = service.services.clients.register(native).await.unwrap();
    assert!(secret.is_none());
    assert!(service.services.clients.rotate_secret(&client.id).await.unwrap().is_none());
}
