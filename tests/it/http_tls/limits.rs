//! The bounds of the plain listener hold inside TLS too, and its handshake has none of its own to add.

use std::time::Duration;

use heteronym::http::server::{Asking, Limits};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{Instant, sleep, timeout},
};

use super::{BOTH, Files, HOST, PATIENCE, client, read_to_end, request};

fn short() -> Limits {
    Limits {
        head_timeout: Duration::from_millis(300),
        idle_timeout: Duration::from_millis(500),
        body_timeout: Duration::from_millis(300),
        write_timeout: Duration::from_millis(300),
        ..Limits::default()
    }
}

#[tokio::test]
async fn a_silent_client_and_half_a_handshake_are_closed_in_time() {
    let files = Files::new();
    let server = files.serve(Asking::Nobody, short()).await;
    // A record that announces more than it brings.
    for sent in [&b""[..], &[22], &[22, 3, 1, 1, 0, 1]] {
        let mut socket = server.tcp().await;
        let begun = Instant::now();
        socket.write_all(sent).await.unwrap();
        assert_eq!(read_to_end(&mut socket).await, b"", "{sent:?}");
        assert!((250..1_500).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn one_byte_of_a_handshake_at_a_time_does_not_prolong_it() {
    let files = Files::new();
    let server = files.serve(Asking::Nobody, short()).await;
    let mut socket = server.tcp().await;
    let begun = Instant::now();
    for byte in [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3].into_iter().chain([7; 100]) {
        if begun.elapsed() > Duration::from_secs(1) || socket.write_all(&[byte]).await.is_err() {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(read_to_end(&mut socket).await, b"");
    assert!((250..1_500).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn the_time_of_the_handshake_is_taken_from_that_of_the_first_request() {
    let files = Files::new();
    let server = files.serve(Asking::Nobody, Limits { head_timeout: Duration::from_millis(600), ..short() }).await;
    let tcp = server.tcp().await;
    let begun = Instant::now();
    sleep(Duration::from_millis(400)).await;
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(client(BOTH[1], &files.issued, None)));
    let mut stream = connector.connect(HOST.try_into().unwrap(), tcp).await.unwrap();
    stream.write_all(b"GET /hello HTTP/1.1\r\n").await.unwrap();
    let answer = String::from_utf8(read_to_end(&mut stream).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    // From the first byte of the header block a client has its whole time.
    assert!((900..2_500).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());

    let tcp = server.tcp().await;
    let begun = Instant::now();
    sleep(Duration::from_millis(400)).await;
    let mut stream = connector.connect(HOST.try_into().unwrap(), tcp).await.unwrap();
    assert_eq!(read_to_end(&mut stream).await, b"");
    assert!((550..980).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn half_a_handshake_counts_for_its_address_and_its_place_is_given_back() {
    let files = Files::new();
    let server = files.serve(Asking::Nobody, Limits { connections_per_address: 2, ..short() }).await;
    let held = [server.tcp().await, server.tcp().await];
    sleep(Duration::from_millis(50)).await;
    assert!(server.get(client(BOTH[1], &files.issued, None), "/hello").await.is_err(), "no third");
    drop(held);
    sleep(Duration::from_millis(100)).await;
    assert_eq!(server.get(client(BOTH[1], &files.issued, None), "/hello").await.unwrap(), "hello");
}

#[tokio::test]
async fn ambiguous_framing_is_refused_inside_tls() {
    let files = Files::new();
    let server = files.serve(Asking::Nobody, Limits::default()).await;
    let smuggled = format!("0\r\n\r\nGET /hello HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
    for versions in BOTH {
        let config = client(versions, &files.issued, None);
        for head in ["Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 5\r\nContent-Length: 6"] {
            let bytes = format!("POST /echo HTTP/1.1\r\nHost: {HOST}\r\n{head}\r\n\r\n{smuggled}");
            let answer = server.exchange(config.clone(), bytes).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
        }
        let bare = server.exchange(config, format!("GET /hello HTTP/1.1\nHost: {HOST}\n\n")).await.unwrap();
        assert!(bare.starts_with("HTTP/1.1 400 "), "{bare}");
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off_and_one_that_does_gets_all() {
    let files = Files::new();
    let server = files.serve(Asking::Nobody, short()).await;
    let mut stream = server.connect(client(BOTH[1], &files.issued, None)).await.unwrap();
    stream.write_all(request("/big").as_bytes()).await.unwrap();
    sleep(Duration::from_millis(1_200)).await;
    let got = read_to_end(&mut stream).await.len();
    assert!(got < 32 << 20, "{got}");
    // At leisure: the writing side's clock runs only while nothing is taken.
    let server = files.serve(Asking::Nobody, Limits { write_timeout: PATIENCE * 4, ..short() }).await;
    let whole = server.get(client(BOTH[1], &files.issued, None), "/big").await.unwrap();
    assert_eq!(whole.len(), 32 << 20);
}

#[tokio::test]
async fn half_closed_and_cut_connections_end() {
    let files = Files::new();
    let server = files.serve(Asking::Nobody, Limits { connections: 1, ..short() }).await;
    let config = client(BOTH[1], &files.issued, None);
    let again = async || {
        let begun = Instant::now();
        while server.get(config.clone(), "/hello").await.is_err() {
            assert!(begun.elapsed() < Duration::from_secs(2), "the only place is not given back");
            sleep(Duration::from_millis(20)).await;
        }
    };
    // A close_notify, and the socket's own end behind it, while we go on reading.
    let mut closed = server.connect(config.clone()).await.unwrap();
    closed.write_all(b"POST /echo HTTP/1.1\r\nHost: id.test\r\nContent-Length: 9\r\n\r\nhalf").await.unwrap();
    closed.shutdown().await.unwrap();
    read_to_end(&mut closed).await;
    again().await;
    // The end without a close_notify.
    let mut cut = server.connect(config.clone()).await.unwrap();
    cut.write_all(b"GET /hello HTTP/1.1\r\n").await.unwrap();
    drop(cut);
    again().await;
    // The end in the middle of the handshake.
    drop(server.tcp().await);
    again().await;
}

#[tokio::test]
async fn a_kept_connection_is_ended_when_it_is_idle_for_too_long_and_when_the_server_stops() {
    let files = Files::new();
    let server = files.serve(Asking::Nobody, short()).await;
    let config = client(BOTH[1], &files.issued, None);
    let mut kept = server.connect(config.clone()).await.unwrap();
    let mut buffer = [0; 1024];
    let begun = Instant::now();
    for _ in 0..2 {
        kept.write_all(b"GET /hello HTTP/1.1\r\nHost: id.test\r\n\r\n").await.unwrap();
        assert!(kept.read(&mut buffer).await.unwrap() > 0);
        sleep(Duration::from_millis(350)).await;
    }
    assert_eq!(read_to_end(&mut kept).await, b"", "with a close_notify and nothing else");
    assert!((800..2_500).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());

    let server = files.serve(Asking::Nobody, Limits::default()).await;
    let mut idle = server.connect(config).await.unwrap();
    let mut silent = server.tcp().await;
    sleep(Duration::from_millis(50)).await;
    server.stop.send(()).unwrap();
    assert_eq!(read_to_end(&mut idle).await, b"");
    assert_eq!(read_to_end(&mut silent).await, b"");
    timeout(Duration::from_secs(1), server.ended).await.expect("nothing is left to wait for").unwrap();
}
