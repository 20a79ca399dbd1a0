//! The outbound guard in front of servers that answer: nothing that is not public is connected to, nothing is followed, and
//! every answer has an end.

use std::{
    io,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use futures_util::future::{self, BoxFuture};
use heteronym::clients::{Limits, OutboundError, Resolve};
use tokio::sync::watch;

use super::outbound_sink::{Script, Sink, guard};
use crate::harness::alone;

/// A name server that gives one answer after the other, the last one for ever.
#[derive(Clone)]
struct Names {
    answers: Vec<Vec<IpAddr>>,
    asked: Arc<AtomicUsize>,
}

impl Names {
    fn answering(answers: &[&[&str]]) -> Self {
        let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        Self { answers: answers.iter().map(parse).collect(), asked: Arc::default() }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, _: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst).min(self.answers.len() - 1);
        Box::pin(future::ready(Ok(self.answers[turn].clone())))
    }
}

/// A name server that is down.
struct NoNames;

impl Resolve for NoNames {
    fn resolve<'a>(&'a self, _: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(future::ready(Err(io::Error::other("intern.corp.example is not known to 10.0.0.53"))))
    }
}

/// Short, for answers that never end.
fn hurried() -> Limits {
    Limits { time: Duration::from_millis(300), ..Limits::default() }
}

#[tokio::test]
async fn r73_one_plain_request_goes_out_and_one_answer_comes_back() {
    let sink = Sink::start(Script::body("[]")).await;
    assert_eq!(sink.guard().get(&sink.at("/a?b=c")).await.unwrap(), b"[]");
    assert_eq!(
        sink.requests(),
        [format!("GET /a?b=c HTTP/1.1\r\naccept: */*\r\nuser-agent: Heteronym\r\nhost: {}\r\n\r\n", sink.authority())]
    );
    assert_eq!(sink.connections(), 1);
}

#[tokio::test]
async fn r73_a_form_is_posted_and_only_the_status_comes_back() {
    let sink = Sink::start(Script::status("400 Bad Request", "no")).await;
    let status = sink.guard().post_form(&sink.at("/logout"), "logout_token=a.b.c".to_owned()).await;
    assert_eq!(status, Ok(400));
    let request = sink.requests().remove(0);
    assert!(
        request.starts_with("POST /logout HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded\r\n"),
        "{request}"
    );
    assert!(request.ends_with("\r\n\r\nlogout_token=a.b.c"), "{request}");
}

#[test]
fn r73_a_request_has_five_seconds_and_64_kib() {
    assert_eq!(Limits::default(), Limits { time: Duration::from_secs(5), size: 65_536 });
}

#[tokio::test]
async fn r73_no_connection_is_used_twice() {
    let sink = Sink::start(Script::body("[]")).await;
    let guard = sink.guard();
    for visits in 1..=3 {
        guard.get(&sink.at("/")).await.unwrap();
        assert_eq!(sink.connections(), visits);
    }
}

#[tokio::test]
async fn r73_no_redirect_is_followed() {
    let inside = Sink::start(Script::body("[]")).await;
    for code in [301, 302, 303, 307, 308] {
        let location = format!("location: {}\r\n", inside.at("/"));
        let sink = Sink::start(Script::Say(Script::bytes(&format!("{code} Elsewhere"), &location, b""))).await;
        let guard = guard(&[&sink.authority(), &inside.authority()]);
        assert_eq!(guard.get(&sink.at("/")).await, Err(OutboundError::Status(code)));
        assert_eq!(guard.post_form(&sink.at("/"), String::new()).await, Ok(code), "n5: told, not followed");
    }
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn r73_only_the_status_200_brings_a_body() {
    let sink = Sink::start(Script::Silence).await;
    for code in [201, 204, 206, 400, 404, 500] {
        sink.now_answers(Script::status(&format!("{code} Other"), ""));
        assert_eq!(sink.guard().get(&sink.at("/")).await, Err(OutboundError::Status(code)));
    }
}

#[tokio::test]
async fn r73_a_proxy_of_the_environment_is_not_used() {
    let proxy = Sink::start(Script::status("502 Bad Gateway", "")).await;
    let mut test = alone("clients::outbound::r73_one_request_with_a_proxy_in_the_environment");
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        test.env(name, proxy.at(""));
    }
    let run = tokio::task::spawn_blocking(move || test.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
    assert_eq!(proxy.connections(), 0);
}

#[tokio::test]
#[ignore = "run with a proxy in its environment by the test above"]
async fn r73_one_request_with_a_proxy_in_the_environment() {
    let sink = Sink::start(Script::body("direct")).await;
    assert_eq!(sink.guard().get(&sink.at("/")).await.unwrap(), b"direct");
}

#[tokio::test]
async fn g2_a_private_address_is_refused_before_anything_is_connected_to() {
    let sink = Sink::start(Script::body("[]")).await;
    let guard = guard(&[]);
    for host in ["127.0.0.1", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "0.0.0.0"] {
        let url = format!("https://{host}:{}/", sink.port());
        assert_eq!(guard.get(&url).await, Err(OutboundError::NoPublicAddress), "{url}");
        assert_eq!(guard.post_form(&url, String::new()).await, Err(OutboundError::NoPublicAddress), "{url}");
    }
    assert_eq!(guard.get(&sink.at("/")).await, Err(OutboundError::Scheme));
    assert_eq!(sink.connections(), 0);
}

#[tokio::test]
async fn g4_a_name_with_one_address_that_is_not_public_is_refused_whatever_else_it_has() {
    let sink = Sink::start(Script::body("[]")).await;
    for answer in [
        &["127.0.0.1"][..],
        &["8.8.8.8", "127.0.0.1"],
        &["127.0.0.1", "8.8.8.8"],
        &["2a00:1450:4007::1", "::1"],
        &["::ffff:127.0.0.1"],
        &["64:ff9b::7f00:1"],
        &["169.254.169.254"],
        &["8.8.8.8", "8.8.4.4", "1.1.1.1", "9.9.9.9", "8.8.8.8", "8.8.4.4", "1.1.1.1", "9.9.9.9", "10.0.0.1"],
        &[],
    ] {
        let names = Names::answering(&[answer]);
        let guard = guard(&[]).with_resolver(names.clone());
        let url = format!("https://forum.example:{}/", sink.port());
        assert_eq!(guard.get(&url).await, Err(OutboundError::NoPublicAddress), "{answer:?}");
        assert_eq!(names.asked(), 1);
    }
    assert_eq!(sink.connections(), 0);
}

#[tokio::test]
async fn g4_a_name_that_changes_between_two_look_ups_is_looked_up_once_and_its_checked_address_is_used() {
    let first = Sink::start(Script::body("first")).await;
    let second = Sink::start_at(format!("127.0.0.2:{}", first.port()).parse().unwrap(), Script::body("second")).await;
    let names = Names::answering(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let guard = guard(&["forum.test"]).with_resolver(names.clone());
    let url = format!("http://forum.test:{}/", first.port());
    assert_eq!(guard.get(&url).await.unwrap(), b"first");
    assert_eq!((names.asked(), first.connections(), second.connections()), (1, 1, 0));
    assert!(first.requests()[0].contains(&format!("\r\nhost: forum.test:{}\r\n", first.port())));
    // The next request asks again, and goes where it is told then.
    assert_eq!(guard.get(&url).await.unwrap(), b"second");
    assert_eq!((names.asked(), first.connections(), second.connections()), (2, 1, 1));
}

#[tokio::test]
async fn g4_a_name_that_turns_private_after_its_registration_is_refused_when_it_is_used() {
    let sink = Sink::start(Script::body("[]")).await;
    let names = Names::answering(&[&["127.0.0.1"]]);
    let guard = guard(&[]).with_resolver(names.clone());
    let url = format!("https://forum.example:{}/", sink.port());
    assert!(guard.check(&url).is_ok(), "its text is good");
    assert_eq!(names.asked(), 0, "nothing was looked up for that");
    assert_eq!(guard.get(&url).await, Err(OutboundError::NoPublicAddress));
    assert_eq!(sink.connections(), 0);
}

#[tokio::test]
async fn a_name_that_is_not_there_and_one_that_leads_inside_are_told_in_the_same_words() {
    let inside = guard(&[]).with_resolver(Names::answering(&[&["10.0.0.1"]])).get("https://forum.example/").await;
    let nowhere = guard(&[]).with_resolver(NoNames).get("https://forum.example/").await;
    assert_eq!(inside, nowhere);
    let told = nowhere.unwrap_err().to_string();
    assert!(!told.contains("10.0.0") && !told.contains("corp"), "{told}");
}

#[tokio::test]
async fn the_systems_own_look_up_is_what_serves_without_another() {
    let sink = Sink::start(Script::body("[]")).await;
    let url = format!("http://localhost:{}/", sink.port());
    assert_eq!(guard(&["localhost"]).get(&url).await.unwrap(), b"[]");
}

#[tokio::test]
async fn g6_an_answer_that_announces_10_gb_is_left_at_its_head() {
    let sink = Sink::start(Script::Drip("HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n")).await;
    // Whoever went on reading would run out of time before anything else.
    let guard = sink.guard().with_limits(hurried());
    assert_eq!(guard.get(&sink.at("/")).await, Err(OutboundError::TooLarge(65_536)));
}

#[tokio::test]
async fn g6_an_endless_answer_is_cut_at_64_kib() {
    let chunk = [b"400\r\n".as_slice(), &[b' '; 1024], b"\r\n"].concat();
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let until_the_end = "HTTP/1.1 200 OK\r\n\r\n";
    for (head, piece) in [(chunked, chunk), (until_the_end, vec![b' '; 1024])] {
        let sink = Sink::start(Script::Endless(head, piece)).await;
        assert_eq!(sink.guard().get(&sink.at("/")).await, Err(OutboundError::TooLarge(65_536)));
    }
}

#[tokio::test]
async fn g6_exactly_64_kib_are_taken_and_one_byte_more_is_not() {
    let sink = Sink::start(Script::body(&" ".repeat(65_536))).await;
    assert_eq!(sink.guard().get(&sink.at("/")).await.unwrap().len(), 65_536);
    sink.now_answers(Script::body(&" ".repeat(65_537)));
    assert_eq!(sink.guard().get(&sink.at("/")).await, Err(OutboundError::TooLarge(65_536)));
}

#[tokio::test]
async fn g6_an_endless_head_is_cut_too() {
    let sink = Sink::start(Script::Endless("HTTP/1.1 200 OK\r\n", b"x-more: and more\r\n".repeat(50))).await;
    assert_eq!(sink.guard().get(&sink.at("/")).await, Err(OutboundError::Unreachable));
}

#[tokio::test]
async fn g6_a_compressed_answer_is_not_unpacked() {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    io::copy(&mut io::Read::take(io::repeat(b' '), 32 << 20), &mut bomb).unwrap();
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < 65_536, "it fits into the limit as it is");
    let sink = Sink::start(Script::Say(Script::bytes("200 OK", "content-encoding: gzip\r\n", &bomb))).await;
    assert_eq!(sink.guard().get(&sink.at("/")).await, Err(OutboundError::Compressed));
    // Without the word for it, it is what it is.
    sink.now_answers(Script::Say(Script::bytes("200 OK", "content-encoding: identity\r\n", &bomb)));
    assert_eq!(sink.guard().get(&sink.at("/")).await.unwrap(), bomb);
}

#[tokio::test]
async fn g6_an_answer_that_drips_or_never_comes_ends_with_the_time() {
    let sink = Sink::start(Script::Silence).await;
    for script in [Script::Silence, Script::Drip("HTTP/1.1 200 OK\r\n\r\n"), Script::Drip("HTTP/1.1 200 OK\r\nx: ")] {
        sink.now_answers(script);
        let guard = sink.guard().with_limits(hurried());
        assert_eq!(guard.get(&sink.at("/")).await, Err(OutboundError::TooSlow));
    }
    sink.now_answers(Script::Silence);
    let guard = sink.guard().with_limits(hurried());
    assert_eq!(guard.post_form(&sink.at("/"), String::new()).await, Err(OutboundError::TooSlow));
}

#[tokio::test]
async fn g6_a_name_server_that_never_answers_ends_with_the_time() {
    struct Silent;
    impl Resolve for Silent {
        fn resolve<'a>(&'a self, _: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
            Box::pin(future::pending())
        }
    }
    let guard = guard(&[]).with_resolver(Silent).with_limits(hurried());
    assert_eq!(guard.get("https://forum.example/").await, Err(OutboundError::TooSlow));
}

#[tokio::test]
async fn n5_the_answer_of_a_receiver_of_sign_outs_may_be_huge_or_never_end_and_only_its_status_counts() {
    let sink = Sink::start(Script::Silence).await;
    for script in [
        Script::Endless("HTTP/1.1 200 OK\r\n\r\n", vec![b' '; 1024]),
        Script::Drip("HTTP/1.1 200 OK\r\n\r\n"),
        Script::Say(b"HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n".to_vec()),
    ] {
        sink.now_answers(script);
        assert_eq!(sink.guard().post_form(&sink.at("/"), String::new()).await, Ok(200));
    }
}

#[tokio::test]
async fn n5_a_receiver_that_does_not_answer_delays_no_other() {
    let (open, gate) = watch::channel(false);
    let slow = Sink::start(Script::Held(gate, Script::bytes("200 OK", "", b""))).await;
    let quick = Sink::start(Script::body("")).await;
    let guard = guard(&[&slow.authority(), &quick.authority()]);
    let (other, url) = (guard.clone(), slow.at("/"));
    let waiting = tokio::spawn(async move { other.post_form(&url, String::new()).await });
    slow.visited().await;
    assert_eq!(guard.post_form(&quick.at("/"), String::new()).await, Ok(200));
    assert!(!waiting.is_finished());
    open.send(true).unwrap();
    assert_eq!(waiting.await.unwrap(), Ok(200));
}

#[tokio::test]
async fn what_is_no_http_or_not_there_at_all_is_unreachable() {
    let sink = Sink::start(Script::Say(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec())).await;
    let (guard, url) = (sink.guard(), sink.at("/"));
    assert_eq!(guard.get(&url).await, Err(OutboundError::Unreachable));
    sink.now_answers(Script::Say(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n[]".to_vec()));
    assert_eq!(guard.get(&url).await, Err(OutboundError::Unreachable), "it broke off");
    drop(sink);
    assert_eq!(guard.get(&url).await, Err(OutboundError::Unreachable));
}
