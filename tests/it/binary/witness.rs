//! `heteronym witness`: made, told its logs, killed, and still knowing what it has signed.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use heteronym::wire::tlog::NoteKey;

use super::{PATIENCE, Running, Said, free, heteronym};
use crate::witness::TestLog;

#[test]
fn a_witness_that_was_killed_remembers_what_it_has_signed() {
    let directory = tempfile::tempdir().unwrap();
    let (data, log) = (directory.path().join("w"), TestLog::new("id.example/log/2026"));
    let say = |line: &[&str]| {
        let mut command = heteronym(&[&["witness"], line].concat());
        Said::of(command.env("HETERONYM_WITNESS_DATA", &data))
    };
    let made = say(&["init", "--name", "witness.example/w1"]).done();
    let key: NoteKey = made.lines().next().unwrap().parse().unwrap();
    assert!(say(&["init", "--name", "witness.example/w2"]).refused().contains("exists already"));
    // Any log of the issuer names it: the registry's key is the same.
    let registry = TestLog::new("id.example/log/registry").key().to_string();
    let trusted = say(&["logs", "add", "--issuer", &registry]).done();
    assert_eq!(trusted, "id.example/log/* is trusted with this key.\n");

    let [address] = free();
    let start = || {
        let mut command = heteronym(&["witness", "--listen", &address.to_string()]);
        let mut running = Running::start(command.env("HETERONYM_WITNESS_DATA", &data), &directory.path().join("log"));
        running.get(address, &address.to_string(), "/");
        running
    };
    let running = start();
    let (status, line) = post(address, &log.request(0, 8));
    assert_eq!(status, 200, "{line}");
    let mut head = log.checkpoint(8);
    head.push(line.trim_end().parse().unwrap()).unwrap();
    assert_eq!(head.cosigners(&[key]).unwrap().len(), 1);
    drop(running);

    let mut running = start();
    assert_eq!(post(address, &log.request(0, 5)), (409, "8\n".to_owned()));
    assert_eq!(post(address, &log.fork().request(8, 9)).0, 422);
    assert_eq!(post(address, &log.request(8, 9)).0, 200);
    let logs = running.get(address, &address.to_string(), "/logs");
    assert!(logs.starts_with("id.example/log/2026 9 "), "{logs}");
    assert!(running.end().success());
    assert!(say(&["logs", "list"]).done().contains("id.example/log/2026 size 9 root "));
    let help = heteronym(&["witness", "--help"]).output().unwrap();
    assert!(String::from_utf8(help.stdout).unwrap().contains("heteronym witness logs add"));
}

fn post(address: SocketAddr, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST /add-checkpoint HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}
