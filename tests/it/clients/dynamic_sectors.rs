//! To which sector a client that registers itself belongs: where it is, and nowhere else (R37, R86).

use serde_json::{Value, json};

use super::{
    asked, forum, forum_of,
    outbound_sink::{Script, Sink},
    refusal, registered, taking, text, with,
};
use crate::harness::{Choices, Service};

async fn sector(service: &Service, body: &Value) -> String {
    let told = registered(service, body).await;
    forum_of(service, &told).await.client.sector.as_str().to_owned()
}

fn at(uris: &[&str]) -> Value {
    json!({ "client_name": format!("Forum {}", uris.len()), "redirect_uris": uris })
}

fn native(uris: &[&str]) -> Value {
    let native = with(at(uris), "application_type", json!("native"));
    with(native, "token_endpoint_auth_method", json!("none"))
}

/// A service that may ask this server, though it is on this machine.
async fn asking(sink: &Sink) -> Service {
    taking("open", &format!("[outbound]\nallow = [\"{}\"]\n", sink.authority())).await
}

#[tokio::test]
async fn r86_who_registers_itself_where_another_is_knows_the_same_members() {
    let service = taking("open", "").await;
    let told = registered(&service, &asked("forum.example")).await;
    let first = forum_of(&service, &told).await;
    let told = registered(&service, &asked("forum.example")).await;
    let second = forum_of(&service, &told).await;
    let told = registered(&service, &asked("other.example")).await;
    let other = forum_of(&service, &told).await;
    let citizen = service.arnaud().await;
    let mut subjects = Vec::new();
    for forum in [first, second, other] {
        let tokens = service.sign_in(&forum, &citizen, "openid", &Choices::all("Genêt")).await;
        subjects.push(service.told(&tokens).await["sub"].as_str().unwrap().to_owned());
    }
    assert_eq!(subjects[0], subjects[1]);
    assert_ne!(subjects[0], subjects[2]);
    let error = super::refused(&service, forum()).await.to_string();
    assert!(error.contains("--join-sector"), "the operator has to say so: {error}");
}

#[tokio::test]
async fn who_joins_a_sector_has_the_voices_that_it_has() {
    let service = taking("open", "").await;
    let two = heteronym::clients::Draft { heteronyms_per_person: 2, ..forum() };
    service.services.clients.register(two).await.unwrap();
    let sector = sector(&service, &asked("forum.example")).await.parse().unwrap();
    assert_eq!(service.services.clients.heteronyms_per_person(&sector).await.unwrap(), 2);
}

#[tokio::test]
async fn r37_several_hosts_need_a_list_that_holds_every_redirect_uri() {
    let sink = Sink::start(Script::body(r#"["https://a.example/cb", "https://b.example/cb"]"#)).await;
    let service = asking(&sink).await;
    let two = at(&["https://a.example/cb", "https://b.example/cb"]);
    let (code, description) = refusal(&service, &two).await;
    assert_eq!(code, "invalid_client_metadata");
    assert!(
        description.starts_with(
            "sector_identifier_uri has to be there, because the redirect URIs have several hosts (a.example, b.example)"
        ),
        "{description}"
    );
    let listed = |body: Value| with(body, "sector_identifier_uri", json!(sink.at("/sector.json")));
    let three = listed(at(&["https://a.example/cb", "https://b.example/cb", "https://c.example/cb"]));
    let (code, description) = refusal(&service, &three).await;
    assert_eq!(code, "invalid_client_metadata");
    assert!(
        description.starts_with("sector_identifier_uri: the list there lacks the redirect URI https://c.example/cb"),
        "{description}"
    );
    assert_eq!(sector(&service, &listed(two)).await, sink.authority());
    assert_eq!(sink.connections(), 2, "once for each that had an address");

    for answer in [Script::status("404 Not Found", "[]"), Script::body("{}"), Script::body("<html>")] {
        sink.now_answers(answer);
        let (_, description) = refusal(&service, &listed(at(&["https://a.example/cb"]))).await;
        assert!(description.starts_with("sector_identifier_uri: "), "{description}");
    }
}

#[tokio::test]
async fn r86_a_list_joins_a_sector_when_it_holds_the_redirect_uris_of_both() {
    let sink = Sink::start(Script::body(r#"["https://a.example/cb"]"#)).await;
    let service = asking(&sink).await;
    let listed = |body: Value| with(body, "sector_identifier_uri", json!(sink.at("/sector.json")));
    let told = registered(&service, &listed(asked("a.example"))).await;

    sink.now_answers(Script::body(r#"["https://b.example/cb"]"#));
    let (code, description) = refusal(&service, &listed(asked("b.example"))).await;
    assert_eq!(code, "invalid_client_metadata");
    let id = text(&told, "client_id");
    let says = format!(
        "sector_identifier_uri: {} is the sector of {id} (Forum of a.example) already; the list has to hold their redirect URIs too",
        sink.authority()
    );
    assert_eq!(description, says);
    assert_eq!(service.services.clients.list().await.unwrap().len(), 1);

    sink.now_answers(Script::body(r#"["https://b.example/cb", "https://a.example/cb"]"#));
    assert_eq!(sector(&service, &listed(asked("b.example"))).await, sink.authority());
    let by_operator = heteronym::clients::Draft {
        name: "By the operator".to_owned(),
        redirect_uris: vec!["https://a.example/cb".to_owned()],
        sector_identifier_uri: Some(sink.at("/sector.json")),
        ..Default::default()
    };
    let (client, _) = service.services.clients.register(by_operator.clone()).await.unwrap();
    assert_eq!(client.sector.as_str(), sink.authority(), "the list says it, so the operator need not");
    let two = heteronym::clients::Draft { sector: Some("a.example".to_owned()), ..by_operator };
    let error = super::refused(&service, two).await.to_string();
    assert!(error.starts_with("sector: sector_identifier_uri makes it 127.0.0.1:"), "{error}");
}

#[tokio::test]
async fn g18_a_program_that_anybody_may_run_shares_no_members_with_a_host() {
    let service = taking("open", "").await;
    registered(&service, &asked("forum.example")).await;
    for uris in [
        &["http://127.0.0.1/cb"][..],
        &["http://127.0.0.1:7000/cb", "http://[::1]/cb"],
        &["http://127.0.0.1/cb", "https://forum.example/cb"],
        &["https://forum.example/cb", "https://other.example/cb", "http://[::1]/cb"],
    ] {
        let told =
            registered(&service, &with(native(uris), "client_name", json!(format!("App {}", uris.join(" "))))).await;
        let client = forum_of(&service, &told).await.client;
        assert_eq!(client.sector.as_str(), client.id.as_str(), "{uris:?}");
    }
    assert_eq!(sector(&service, &native(&["https://forum.example/app"])).await, "forum.example", "claimed by its host");
    for bad in [
        native(&["http://forum.example/cb"]),
        native(&["http://localhost/cb"]),
        native(&["com.example.app:/cb"]),
        native(&["http://127.0.0.1/cb", "http://10.0.0.1/cb"]),
        at(&["http://127.0.0.1/cb"]),
    ] {
        let (code, description) = refusal(&service, &bad).await;
        assert_eq!(code, "invalid_redirect_uri", "{bad}: {description}");
    }
}

#[tokio::test]
async fn g18_no_list_makes_a_loopback_address_part_of_a_sector() {
    let sink = Sink::start(Script::body(r#"["http://127.0.0.1/cb", "https://a.example/cb"]"#)).await;
    let service = asking(&sink).await;
    let body = with(native(&["http://127.0.0.1/cb"]), "sector_identifier_uri", json!(sink.at("/")));
    let (code, description) = refusal(&service, &body).await;
    assert_eq!(code, "invalid_client_metadata");
    assert!(
        description.starts_with("sector_identifier_uri: a loopback address is everybody's own machine"),
        "{description}"
    );
    assert_eq!(sink.connections(), 0);
}

#[tokio::test]
async fn g17_no_address_of_ours_is_told_of_sign_outs_asked_for_keys_or_sent_a_browser() {
    let service = taking("open", "").await;
    let ours = "https://id.example/end-session";
    for member in
        ["backchannel_logout_uri", "jwks_uri", "sector_identifier_uri", "initiate_login_uri", "frontchannel_logout_uri"]
    {
        let (code, description) = refusal(&service, &with(asked("forum.example"), member, json!(ours))).await;
        assert_eq!(code, "invalid_client_metadata");
        assert_eq!(description, format!("{member}: the address is one of this provider's own"));
    }
    for member in ["redirect_uris", "post_logout_redirect_uris", "request_uris"] {
        let (_, description) = refusal(&service, &with(asked("forum.example"), member, json!([ours]))).await;
        assert_eq!(description, format!("{member}: the address is one of this provider's own"));
    }
}
