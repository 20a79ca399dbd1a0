//! A witness that others wrote (litewitness, in Go) beside ours: the same requests get the same answers.

use std::{
    fs::{self, File},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use heteronym::wire::tlog::{Hash, NoteKey};
use sqlx::{Connection as _, SqliteConnection};

use super::{Reply, TestLog, Tower};
use crate::real_clients::tools;

/// A running litewitness with its own ssh-agent. Both end when it is dropped.
pub(crate) struct Litewitness {
    directory: tempfile::TempDir,
    address: SocketAddr,
    agent: Child,
    witness: Child,
}

impl Litewitness {
    /// `None` where it is not installed.
    pub(crate) async fn start(logs: &[NoteKey]) -> Option<Self> {
        let program = tools::litewitness()?;
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path();
        run(at, "ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", "key"]);
        let mut agent = Command::new("ssh-agent");
        agent.args(["-D", "-a", "agent"]).current_dir(at).stdout(Stdio::null()).stderr(Stdio::null());
        let agent = agent.spawn().unwrap();
        until(|| at.join("agent").exists());
        run(at, "ssh-add", &["-q", "key"]);
        let print = run(at, "ssh-keygen", &["-lf", "key.pub"]);
        let print = print.split(' ').nth(1).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let listen = address.to_string();
        let witness = Command::new(program)
            .args([
                "-name",
                "witness.example/go",
                "-key",
                print,
                "-ssh-agent",
                "agent",
                "-db",
                "db",
                "-listen",
                &listen,
            ])
            .current_dir(at)
            .stderr(File::create(at.join("log")).unwrap())
            .spawn()
            .unwrap();
        let started = Self { directory, address, agent, witness };
        until(|| TcpStream::connect(address).is_ok());
        started.trust(logs).await;
        Some(started)
    }

    pub(crate) fn key(&self) -> NoteKey {
        let log = fs::read_to_string(self.directory.path().join("log")).unwrap();
        let (_, after) = log.split_once("vkey=").unwrap();
        after.split_whitespace().next().unwrap().trim_matches('"').parse().unwrap()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What its own command would write, which cannot be built without modules that are not served any more.
    async fn trust(&self, logs: &[NoteKey]) {
        let file = self.directory.path().join("db");
        let mut database = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
        for key in logs {
            let log = "INSERT INTO log (origin, tree_size, tree_hash) VALUES ($1, 0, $2)";
            let empty = Hash::of_empty_tree().to_string();
            sqlx::query(log).bind(key.name()).bind(empty).execute(&mut database).await.unwrap();
            let trusted = "INSERT INTO key (origin, key) VALUES ($1, $2)";
            sqlx::query(trusted).bind(key.name()).bind(key.to_string()).execute(&mut database).await.unwrap();
        }
        database.close().await.unwrap();
    }

    async fn post(&self, body: String) -> Reply {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let response = client.post(format!("{}/add-checkpoint", self.url())).body(body).send().await.unwrap();
        let media = response.headers().get("content-type").map(|media| media.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        Reply { status, media: media.unwrap_or_default(), body: response.text().await.unwrap() }
    }
}

impl Drop for Litewitness {
    fn drop(&mut self) {
        for child in [&mut self.witness, &mut self.agent] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[tokio::test]
async fn a_witness_of_others_and_ours_give_the_same_answers_to_the_same_requests() {
    let log = TestLog::new("id.example/log/2026");
    let Some(theirs) = Litewitness::start(&[log.key()]).await else { return };
    let ours = Tower::for_log(&log).await;
    let fork = log.fork();
    let good = log.proof(5, 300);
    let transcript = [
        ("the first head", 200, log.request(0, 3)),
        ("the next", 200, log.request(3, 5)),
        ("the same again", 200, log.request(5, 5)),
        ("from nothing", 409, log.request(0, 9)),
        ("from an older size", 409, log.request(3, 9)),
        ("from a size to come", 409, log.request(6, 9)),
        ("a smaller one", 409, log.request(3, 4)),
        ("p4_ old beyond new", 400, log.request_with(9, Vec::new(), 7)),
        ("another history", 422, fork.request(5, 9)),
        ("without proof", 422, log.request_with(5, Vec::new(), 9)),
        ("half a proof", 422, log.request_with(5, good[1..].to_vec(), 300)),
        ("another key", 403, log.under_key(9).request(5, 9)),
        ("no request", 400, log.request(5, 9).replace("old", "new")),
        ("far on", 200, log.request_with(5, good, 300)),
        ("and on", 200, log.request(300, 70_000)),
    ];
    for (what, status, body) in transcript {
        let (one, other) = (theirs.post(body.clone()).await, ours.post(body).await);
        assert_eq!((one.status, other.status), (status, status), "{what}: {one:?} {other:?}");
        if status == 409 {
            assert_eq!((one.body, one.media), (other.body, other.media), "{what}");
        }
    }
    // Both cosignatures stand on one head, and verify.
    let mut head = log.checkpoint(70_000);
    for reply in [theirs.post(log.request(70_000, 70_000)).await, ours.post(log.request(70_000, 70_000)).await] {
        head.push(reply.body.trim_end().parse().unwrap()).unwrap();
    }
    assert_eq!(head.cosigners(&[theirs.key(), ours.key()]).unwrap().len(), 2, "{head}");
}

fn run(at: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(at).env("SSH_AUTH_SOCK", "agent").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn until(done: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < patience, "it does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
}
