//! `heteronym serve`: it answers, does its periodic work, and ends when it is told to.

use super::{Installation, Running, free};

#[test]
fn a_server_answers_works_by_itself_and_ends_in_peace() {
    let house = Installation::new();
    let [provider, operations] = free();
    let mut command = house.command(&["serve"]);
    command
        .env("HETERONYM_LOG", "heteronym=info,heteronym::tasks=debug")
        .env("HETERONYM_SERVER_LISTEN", provider.to_string())
        .env("HETERONYM_SERVER_OPERATIONS_LISTEN", operations.to_string());
    let mut server = Running::start(&mut command, &house.path("log"));
    let discovery = server.get(provider, "id.example", "/.well-known/openid-configuration");
    assert!(discovery.contains(r#""issuer":"https://id.example""#), "{discovery}");
    server.get(operations, &operations.to_string(), "/readyz");
    // The first of the tasks is done at once, the others within half a minute.
    let round = server.wait_for("round of a task", |said| {
        said.lines().find(|line| line.contains("round done") && line.contains("crowds")).map(str::to_owned)
    });
    assert!(round.contains("crowds"), "{round}");

    let second = house.run(&["serve"]).refused();
    assert!(second.contains("another process has the database open"), "{second}");
    assert!(server.end().success());
    let log = std::fs::read_to_string(house.path("log")).unwrap();
    assert!(log.contains("stopping") && !log.contains("ERROR") && !log.contains("panicked"), "{log}");
}

#[test]
fn a_server_without_keys_or_on_a_busy_address_says_what_to_do() {
    let house = Installation { dir: tempfile::tempdir().unwrap() };
    let refused = house.run(&["serve"]).refused();
    assert!(refused.contains("make them with `heteronym init`"), "{refused}");
    house.run(&["init"]).done();
    let refused = house.run(&["init"]).refused();
    assert!(refused.contains("keys"), "what is there is never replaced: {refused}");
    let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = house.command(&["serve"]);
    command.env("HETERONYM_SERVER_LISTEN", busy.local_addr().unwrap().to_string());
    let refused = super::Said::of(&mut command).refused();
    assert!(refused.contains("cannot listen on 127.0.0.1:"), "{refused}");
}
