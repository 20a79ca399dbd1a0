//! The longest request that is accepted passes through every address on its way, behind the limits of the real server.

use axum::http::StatusCode;
use data_encoding::BASE64URL_NOPAD;
use heteronym::{
    clients::Draft,
    http::server::{self, Limits},
    web::shared::Return,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

use crate::harness::{Answer, Choices, Request, Service};

/// What a server that listens says to a request: the status, and where it leads.
async fn ask(service: &Service, target: &str, cookies: &str) -> (u16, Option<String>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async { stopped.await.unwrap_or(()) };
    let serving = tokio::spawn(server::serve(listener, service.router(), Limits::default(), stopped));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "GET {target} HTTP/1.1\r\nHost: id.example\r\nAccept: text/html\r\nCookie: {cookies}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await.unwrap();
    let text = String::from_utf8(text).unwrap();
    stop.send(()).unwrap();
    serving.await.unwrap();
    let status = text.split(' ').nth(1).unwrap().parse().unwrap();
    let location = text.lines().find_map(|line| line.strip_prefix("location: ")).map(str::to_owned);
    (status, location, text)
}

/// A forum with the longest address that can be registered, and the longest request that it may make.
async fn longest(service: &Service) -> Request {
    let address = format!("https://forum.example/{}", "c".repeat(2_000 - 22));
    let draft = Draft {
        scope: "openid profile age residence sex roles offline_access".to_owned(),
        redirect_uris: vec![address],
        ..Draft::default()
    };
    let forum = service.register("forum.example", draft).await;
    let text = |bytes: usize| BASE64URL_NOPAD.encode(&vec![7; bytes]).chars().take(bytes).collect::<String>();
    forum
        .request("openid profile age residence sex roles offline_access")
        .with("state", &text(2_048))
        .with("nonce", &text(1_024))
        .with("prompt", "login consent")
        .with("max_age", "4294967295")
        .with("ui_locales", "fr-FR fr en-GB en")
        .with("response_mode", "form_post")
}

#[tokio::test]
async fn the_longest_request_passes_by_way_of_signing_in() {
    let service = Service::start().await;
    let request = longest(&service).await;
    let citizen = service.arnaud().await;
    let cookies = format!("__Host-browser={}", "b".repeat(43));
    let (status, location, _) = ask(&service, &request.target(), &cookies).await;
    let location = location.unwrap();
    assert!(status == 303 && location.starts_with("/sign-in?return="), "{status} {location}");
    let (status, ..) = ask(&service, &location, &cookies).await;
    assert_ne!(status, 414, "{} bytes", location.len());
    let session = citizen.begin_session(&service).await;
    let back = Return(location.split_once('=').unwrap().1.to_owned());
    let back = back.path(&service.services.accounts, &session.signed_in);
    let cookies = format!("{cookies}; __Host-session={}", session.token.expose());
    let (status, _, text) = ask(&service, &back, &cookies).await;
    assert_eq!(status, 200, "{} bytes: {text}", back.len());
    assert!(text.contains("choose-continue"));
}

#[tokio::test]
async fn a_state_of_two_thousand_characters_comes_back_and_a_longer_one_is_refused() {
    let service = Service::start().await;
    let forum = service.forum("forum.example", "openid").await;
    let citizen = service.arnaud().await;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    let request = forum.request("openid").with("state", &"s".repeat(2_048));
    let answer = browser.authorize(&request, &Choices::all("Genêt")).await;
    assert!(!answer.code().is_empty());
    assert_eq!(answer.get("state").map(str::len), Some(2_048));
    let request = request.with("state", &"s".repeat(2_049));
    assert_eq!(Answer::of(&browser.get(&request.target()).await).error(), "invalid_request");
    // Each of these becomes two characters when it is sealed.
    let request = request.with("state", &"\"".repeat(2_000)).with("nonce", &"\"".repeat(1_000));
    assert_eq!(Answer::of(&browser.get(&request.target()).await).error(), "invalid_request");
}

#[tokio::test]
async fn a_form_that_would_become_too_long_an_address_gets_a_page() {
    let service = Service::start().await;
    let forum = service.forum("forum.example", "openid").await;
    for path in ["/authorize", "/end-session"] {
        for (bytes, status) in [(7_900, StatusCode::SEE_OTHER), (8_000, StatusCode::BAD_REQUEST)] {
            let query = forum.request("openid").query();
            let query = format!("{query}&x={}", "x".repeat(bytes - query.len() - 3));
            let post = axum::http::Request::post(path)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(axum::body::Body::from(query));
            let reply = service.browser().send(post.unwrap()).await;
            assert_eq!(reply.status, status, "{path} {bytes}");
            assert!(reply.location().is_none_or(|location| location.len() <= Limits::default().target_bytes));
        }
    }
}
