//! The accept loop against clients that do not keep to the rules, over real sockets.

use std::{net::SocketAddr, time::Duration};

use axum::{Extension, Router, body::Bytes, routing};
use heteronym::http::{
    Lang, Page, SafeForm, Site, SiteConfig, Texts,
    server::{self, Limits, Peer},
    shell,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

async fn start(limits: Limits) -> Running {
    run(Router::new().merge(routes()), limits).await
}

/// The same inside the shell that the real faces have.
async fn start_with_shell(limits: Limits) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let site = Site::new(SiteConfig {
        name: "Test".to_owned(),
        origin: format!("http://{}", listener.local_addr().unwrap()),
        default_lang: Lang::En,
        form_key: [1; 32],
        cookie_prefix: String::new(),
        texts: Texts::load(&[]).unwrap(),
        assets: &[],
        random: Box::new(|bytes| bytes.fill(5)),
    });
    run_on(listener, shell(routes(), site.unwrap()), limits)
}

fn routes() -> Router {
    Router::new()
        .route("/hello", routing::get(async || "hello"))
        .route("/echo", routing::post(async |body: Bytes| body))
        .route("/peer", routing::get(async |Extension(peer): Extension<Peer>| peer.client.to_string()))
        .route(
            "/form",
            routing::get(async |page: Page| page.csrf())
                .post(async |form: SafeForm<Vec<(String, String)>>| form.0.len().to_string()),
        )
        .route("/panic", routing::get(async || -> &'static str { panic!("planted") }))
        .route(
            "/slow",
            routing::get(async || {
                sleep(Duration::from_millis(300)).await;
                "done"
            }),
        )
        .route("/big", routing::get(async || vec![b'x'; 32 << 20]))
}

async fn run(router: Router, limits: Limits) -> Running {
    run_on(TcpListener::bind("127.0.0.1:0").await.unwrap(), router, limits)
}

fn run_on(listener: TcpListener, router: Router, limits: Limits) -> Running {
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(server::serve(listener, router, limits, async { stopped.await.unwrap_or(()) }));
    Running { address, stop, ended }
}

fn short() -> Limits {
    Limits {
        head_timeout: Duration::from_millis(200),
        idle_timeout: Duration::from_millis(500),
        body_timeout: Duration::from_millis(300),
        write_timeout: Duration::from_millis(300),
        ..Limits::default()
    }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends the bytes and gives back everything until the server closes.
    async fn exchange(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut socket = self.connect().await;
        socket.write_all(bytes.as_ref()).await.unwrap();
        read_to_end(&mut socket).await
    }

    /// Sends a request with this site's host and `Connection: close`; `head` is the request line's method and target, then
    /// further header lines.
    async fn ask(&self, request: &str, headers: &str, body: &str) -> String {
        let (host, length) = (self.address, body.len());
        self.exchange(format!(
            "{request} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        ))
        .await
    }

    async fn is_alive(&self) {
        let answer = self.exchange("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nhello"), "{answer}");
    }
}

async fn read_to_end(socket: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    timeout(Duration::from_secs(5), socket.read_to_end(&mut answer)).await.expect("the server closes").ok();
    String::from_utf8(answer).unwrap()
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or("closed")
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let server = start(short()).await;
    let began = Instant::now();
    assert_eq!(read_to_end(&mut server.connect().await).await, "");
    assert!((150..1_000).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
}

#[tokio::test]
async fn half_a_header_block_is_answered_with_408_and_closed() {
    let server = start(short()).await;
    let answer = server.exchange("GET /hello HTTP/1.1\r\nHost: a\r\n").await;
    assert_eq!(status(&answer), "408");
}

#[tokio::test]
async fn one_header_byte_at_a_time_does_not_prolong_the_wait() {
    let server = start(short()).await;
    let mut socket = server.connect().await;
    let began = Instant::now();
    for byte in b"GET /hello HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" {
        if socket.write_all(&[*byte]).await.is_err() {
            break;
        }
        sleep(Duration::from_millis(20)).await;
        if began.elapsed() > Duration::from_millis(700) {
            break;
        }
    }
    assert_eq!(status(&read_to_end(&mut socket).await), "408");
}

#[tokio::test]
async fn a_body_that_trickles_is_given_up() {
    let server = start(short()).await;
    let mut socket = server.connect().await;
    socket.write_all(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n").await.unwrap();
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(450) && socket.write_all(b"x").await.is_ok() {
        sleep(Duration::from_millis(50)).await;
    }
    assert!(status(&read_to_end(&mut socket).await).starts_with('4'));
    server.is_alive().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off() {
    let server = start(short()).await;
    let mut socket = server.connect().await;
    socket.write_all(b"GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    sleep(Duration::from_millis(900)).await;
    let mut answer = Vec::new();
    let _ = timeout(Duration::from_secs(3), socket.read_to_end(&mut answer)).await.unwrap();
    assert!(answer.len() < 32 << 20, "{}", answer.len());
}

#[tokio::test]
async fn a_body_of_64_kib_passes_and_one_byte_more_is_413() {
    let server = start(Limits::default()).await;
    let post = |size: usize| {
        format!(
            "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n{}",
            "x".repeat(size)
        )
    };
    assert_eq!(status(&server.exchange(post(64 * 1024)).await), "200");
    assert_eq!(status(&server.exchange(post(64 * 1024 + 1)).await), "413");
    let chunked = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = |size: usize| format!("{chunked}{size:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(size));
    assert_eq!(status(&server.exchange(chunk(64 * 1024)).await), "200", "and the connection ends by itself");
    assert_eq!(status(&server.exchange(chunk(64 * 1024 + 1)).await), "413");
}

#[tokio::test]
async fn a31_a_header_block_of_16_kib_passes_and_one_byte_more_is_431_and_an_endless_address_414() {
    let server = start(Limits::default()).await;
    let head = |size: usize| {
        let frame = "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: \r\n\r\n";
        frame.replace("X: ", &format!("X: {}", "x".repeat(size - frame.len())))
    };
    assert_eq!(status(&server.exchange(head(16 * 1024)).await), "200");
    assert_eq!(status(&server.exchange(head(16 * 1024 + 1)).await), "431");
    let many = "A: b\r\n".repeat(100);
    assert_eq!(status(&server.exchange(format!("GET /hello HTTP/1.1\r\nHost: a\r\n{many}\r\n")).await), "431");
    assert_eq!(status(&server.exchange(format!("GET /{} HTTP/1.1\r\n", "x".repeat(1 << 20))).await), "414");
}

#[tokio::test]
async fn ambiguous_framing_is_400_and_the_second_message_is_never_answered() {
    let server = start(Limits::default()).await;
    let smuggled = "0\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
    for head in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 6",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: chunked\r\n , identity",
        "Content-Length: -1",
    ] {
        let answer = server.exchange(format!("POST /echo HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n{smuggled}")).await;
        assert_eq!(status(&answer), "400", "{head}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{head}");
    }
    let bare = server.exchange("GET /hello HTTP/1.1\nHost: a\n\n").await;
    assert_eq!(status(&bare), "400");
    let folded = server
        .exchange(format!(
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;{}\r\n",
            "x".repeat(1 << 20)
        ))
        .await;
    assert!(matches!(status(&folded), "400" | "closed"), "{folded}");
    server.is_alive().await;
}

#[tokio::test]
async fn a_chunked_request_is_the_last_on_its_connection() {
    let server = start(Limits::default()).await;
    let answer = server
        .exchange("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        .await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    assert!(answer.ends_with("ok"));
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = start(Limits::default()).await;
    let answer = server
        .exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nokGET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await;
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 3, "{answer}");
}

#[tokio::test]
async fn an_idle_connection_outlives_the_header_limit_but_not_the_idle_limit() {
    let server = start(short()).await;
    let mut socket = server.connect().await;
    let began = Instant::now();
    for _ in 0..2 {
        socket.write_all(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut buffer = [0; 1024];
        assert!(socket.read(&mut buffer).await.unwrap() > 0);
        sleep(Duration::from_millis(300)).await;
    }
    assert_eq!(read_to_end(&mut socket).await, "");
    assert!((700..2_000).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_slow_handler_is_not_taken_for_a_silent_client() {
    let server = start(Limits {
        head_timeout: Duration::from_millis(50),
        idle_timeout: Duration::from_millis(50),
        ..Limits::default()
    })
    .await;
    assert!(server.exchange("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await.ends_with("done"));
}

#[tokio::test]
async fn shutdown_finishes_the_request_under_way_and_takes_no_other() {
    let server = start(Limits::default()).await;
    let mut busy = server.connect().await;
    let mut idle = server.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    sleep(Duration::from_millis(100)).await;
    server.stop.send(()).unwrap();
    assert!(read_to_end(&mut busy).await.ends_with("done"));
    assert_eq!(read_to_end(&mut idle).await, "");
    timeout(Duration::from_secs(1), server.ended).await.expect("nothing is left to wait for").unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn shutdown_does_not_wait_longer_than_the_drain_period() {
    let server = start(Limits { drain: Duration::from_millis(50), ..Limits::default() }).await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    sleep(Duration::from_millis(50)).await;
    server.stop.send(()).unwrap();
    timeout(Duration::from_millis(200), server.ended).await.expect("cut off").unwrap();
}

#[tokio::test]
async fn connections_of_one_address_are_bounded_and_places_are_given_back() {
    let server = start(Limits { connections_per_address: 2, ..Limits::default() }).await;
    let first = server.connect().await;
    let second = server.connect().await;
    assert_eq!(status(&server.exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").await), "closed");
    drop((first, second));
    sleep(Duration::from_millis(50)).await;
    server.is_alive().await;
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let server = start_with_shell(short()).await;
    let mut answers = vec![
        server.ask("GET /hello", "", "").await,
        server.ask("GET /nowhere", "", "").await,
        server.ask("DELETE /hello", "", "").await,
        server.ask("TRACE /hello", "", "").await,
        server.ask("GET /panic", "", "").await,
        server.ask("POST /form", "", "a=b").await,
        server.ask("POST /echo", "", &"x".repeat(64 * 1024 + 1)).await,
        server.ask("GET /hello", &format!("X: {}\r\n", "x".repeat(16 * 1024)), "").await,
        server.exchange("GET /hello HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n").await,
        server.exchange("GET /hello HTTP/1.1\nHost: a\n\n").await,
        server.exchange("GET /hello HTTP/1.1\r\nHost: a\r\n").await,
    ];
    answers.push(
        server.exchange(format!("POST /echo HTTP/1.1\r\nHost: {}\r\nContent-Length: 9\r\n\r\nx", server.address)).await,
    );
    let statuses: Vec<_> = answers.iter().map(|answer| status(answer)).collect();
    assert_eq!(statuses, ["200", "404", "405", "405", "500", "415", "413", "431", "421", "400", "408", "408"]);
    for answer in answers {
        let head = answer.split("\r\n\r\n").next().unwrap().to_lowercase();
        for header in [
            "content-security-policy: default-src 'none'",
            "frame-ancestors 'none'",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "cross-origin-opener-policy: same-origin",
            "cache-control: no-store",
        ] {
            assert!(head.contains(header), "{header} is missing in:\n{head}");
        }
        assert!(!head.contains("\r\nserver:") && !head.contains("x-powered-by"), "{head}");
        assert!(answer.len() < 16 * 1024);
    }
}

#[tokio::test]
async fn a_panic_is_one_answer_and_the_process_lives() {
    let server = start_with_shell(Limits::default()).await;
    for _ in 0..3 {
        let answer = server.ask("GET /panic", "Accept: text/html\r\n", "").await;
        assert_eq!(status(&answer), "500");
        assert!(answer.contains("AUCQKBIF") && !answer.contains("planted"), "{answer}");
    }
    assert_eq!(status(&server.ask("GET /hello", "", "").await), "200");
}

#[tokio::test]
async fn a_form_passes_with_its_token_and_fails_with_another_browsers() {
    let server = start_with_shell(Limits::default()).await;
    let token = |answer: &str| answer.rsplit_once("\r\n\r\n").unwrap().1.to_owned();
    let cookie = |letter: &str| format!("Cookie: browser={}\r\n", letter.repeat(43));
    let mine = token(&server.ask("GET /form", &cookie("a"), "").await);
    let post = async |browser: &str, more: &str| {
        let headers = format!("{}Content-Type: application/x-www-form-urlencoded\r\n{more}", cookie(browser));
        status(&server.ask("POST /form", &headers, &format!("csrf={mine}&x=1")).await).to_owned()
    };
    assert_eq!(post("a", &format!("Origin: http://{}\r\n", server.address)).await, "200");
    assert_eq!(post("b", "").await, "403");
    assert_eq!(post("a", "Origin: null\r\n").await, "403");
    assert_eq!(post("a", "Origin: https://evil.example\r\n").await, "403");
    assert_eq!(post("a", "Sec-Fetch-Site: cross-site\r\n").await, "403");
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_go_on() {
    let server = start(Limits::default()).await;
    let answer = server.exchange("POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok").await;
    assert!(answer.contains("200 OK") && answer.ends_with("ok"), "{answer}");
}

#[tokio::test]
async fn forwarded_addresses_count_only_from_a_trusted_proxy() {
    let plain = start(Limits::default()).await;
    let request =
        "GET /peer HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.7\r\nConnection: close, X-Forwarded-For\r\n\r\n";
    assert!(plain.exchange(request).await.ends_with("127.0.0.1"));
    let behind = start(Limits { trusted_proxies: vec!["127.0.0.1".parse().unwrap()], ..Limits::default() }).await;
    assert!(behind.exchange(request).await.ends_with("198.51.100.7"));
}
