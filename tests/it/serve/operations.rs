//! What only the operator sees, and how the service ends.

use std::{
    fs,
    io::Write as _,
    net::TcpStream,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use heteronym::store::{Log, NewLeaf, StoreError};

use super::{Addresses, Served, answer, get, host, spawn};
use crate::harness::Service;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_and_figures_are_on_a_listener_of_their_own() {
    let at = Addresses::free();
    let service = at.prepare().await;
    service.services.store.close().await;
    let _served = Served::start(service.dir.path(), at);
    assert_eq!(get(at.public, "/privacy").unwrap().status, 200);
    for (path, says) in [("/healthz", "ok\n"), ("/readyz", "ready\n"), ("/metrics", "heteronym_requests_total")] {
        let own = get(at.operations, path).unwrap();
        assert!(own.status == 200 && own.body.contains(says), "{path}: {}", own.body);
        assert_eq!(get(at.public, path).unwrap().status, 404, "{path} is not for the public");
    }
    let figures = get(at.operations, "/metrics").unwrap().body;
    assert!(figures.contains(r#"route="/privacy",method="GET",status="200"} 1"#), "{figures}");
    assert!(figures.contains("heteronym_logout_tokens_given_up_total 0"), "{figures}");
    assert!(!figures.contains("readyz"), "the operator's own looks are not counted: {figures}");
    assert_eq!(
        get(at.operations, "/privacy").unwrap().status,
        404,
        "nor is the public's site for the operator's listener"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_asked_to_end_finishes_what_is_under_way_and_ends_well() {
    let at = Addresses::free();
    let service = at.prepare().await;
    service.services.store.close().await;
    let mut served = Served::start(service.dir.path(), at);
    let idle = TcpStream::connect(at.public).unwrap();
    let mut under_way = TcpStream::connect(at.public).unwrap();
    under_way.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let (body, host) = ("grant_type=authorization_code&code=x&client_id=c_nobody", host(at.public));
    let (first, rest) = body.split_at(20);
    write!(
        under_way,
        "POST /token HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{first}",
        body.len()
    )
    .unwrap();
    // It has to have been accepted and begun; nothing of it can be seen from outside.
    std::thread::sleep(Duration::from_millis(500));
    served.terminate();
    std::thread::sleep(Duration::from_millis(500));
    assert!(get(at.public, "/privacy").is_none(), "nothing new is taken");
    under_way.write_all(rest.as_bytes()).unwrap();
    let answered = answer(&mut under_way).expect("a whole answer");
    assert_eq!((answered.status, answered.body.contains("invalid_client")), (401, true), "{}", answered.body);
    assert_eq!(served.wait().code(), Some(0));
    drop(idle);
    let log = std::fs::read_to_string(service.dir.path().join("serve.log")).unwrap();
    assert!(log.contains("stopping: requests under way are finished first"), "{log}");
    drop(Served::start(service.dir.path(), at));
}

/// Puts something into a public log, and ends the service as it ends by itself.
async fn logged(service: &Service, text: &'static str) {
    let leaf = NewLeaf { bytes: text.as_bytes().to_vec(), token: None, owner: None };
    let store = &service.services.store;
    store.write::<_, StoreError, _>(|tx| Box::pin(async move { tx.log(Log::Registry, leaf) })).await.unwrap();
    service.services.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p8_a_service_on_an_older_database_serves_is_not_ready_and_doctor_says_why() {
    let at = Addresses::free();
    let service = at.prepare().await;
    let directory = service.dir.path().to_owned();
    let (database, backup) = (directory.join("heteronym.db"), directory.join("backup.db"));
    logged(&service, "before the backup").await;
    fs::copy(&database, &backup).unwrap();
    let service = service.restart().await;
    logged(&service, "after the backup").await;
    assert!(doctor(&directory).contains("good   public logs"));
    fs::copy(&backup, &database).unwrap();

    let mut served = Served { child: spawn(&directory) };
    let patience = Instant::now() + Duration::from_secs(30);
    while get(at.operations, "/healthz").is_none_or(|answer| answer.status != 200) {
        assert!(Instant::now() < patience, "{}", fs::read_to_string(directory.join("serve.log")).unwrap());
        std::thread::sleep(Duration::from_millis(20));
    }
    let ready = get(at.operations, "/readyz").unwrap();
    let reason = "log registry: the database holds 2 leaves";
    assert!(ready.status == 503 && ready.body.contains(reason), "{}", ready.body);
    assert_eq!(get(at.public, "/privacy").unwrap().status, 200, "whoever only reads is served");
    served.terminate();
    assert_eq!(served.wait().code(), Some(0));
    let log = fs::read_to_string(directory.join("serve.log")).unwrap();
    assert!(log.contains("the public logs are read-only"), "{log}");
    let said = doctor(&directory);
    assert!(said.contains("FAULT  public logs") && said.contains(reason), "{said}");
    let remembered = fs::read_to_string(directory.join("log-heads.txt")).unwrap();
    assert!(remembered.contains("\n3\n"), "what was signed is not forgotten: {remembered}");
}

fn doctor(directory: &Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heteronym"));
    command.args(["doctor", "--data"]).arg(directory).arg("--config").arg(directory.join("config.toml"));
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}
