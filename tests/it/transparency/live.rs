//! The logs of a service that runs: read by checkers of other hands, and audited from outside.
//!
//! The crates `tlog_tiles` and `signed_note` read what the routes answer; a program in Go (`tests/clients/go/reader`), made
//! of the packages that check the Go checksum database, and `heteronym audit` come over the network.

use std::{
    collections::HashMap,
    path::Path,
    process::{Command, Output},
    sync::Arc,
};

use heteronym::{
    domain::log::LogName,
    http::server::{self, Limits},
    keyring::Role,
    store::{StoreError, log_secrets},
    wire::tlog::{
        NoteKey, Tile,
        leaf::{KeyAct, Registry, RegistryLeaf},
    },
};
use jiff::civil::Date;
use signed_note::{Note, StandardVerifier, VerifierList};
use tlog_tiles::{TileHashReader, TileReader};
use tokio::{net::TcpListener, sync::oneshot};

use crate::{
    auditor::{audit_at, faults},
    harness::{Choices, Citizen, Forum, Service, Tokens, facts_of},
    real_clients::tools,
};

/// A service on a socket. It ends when it is dropped.
pub(crate) struct Live {
    pub(crate) service: Service,
    pub(crate) forums: [Forum; 2],
    pub(crate) people: [Citizen; 2],
    _stop: oneshot::Sender<()>,
}

/// What everybody is asked for.
pub(crate) const SCOPE: &str = "openid profile age residence offline_access";
/// So many refreshes that the log has a full tile and a part of the next.
const REFRESHES: usize = 260;

impl Live {
    /// Two forums, and two people who have been to neither.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let service = Service::start_at(&issuer, "", 1).await;
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move { stopped.await.unwrap_or(()) };
        tokio::spawn(server::serve(listener, service.router(), Limits::default(), stopped));
        let forums = [service.forum("place.example", SCOPE).await, service.forum("cafe.example", SCOPE).await];
        let zoe = facts_of(&service, Date::constant(1994, 7, 14), "cog:38185", "Zoé P.");
        let people = [service.arnaud().await, service.enrol(&zoe).await];
        let live = Self { service, forums, people, _stop: stop };
        live.tell_institutions().await;
        live
    }

    pub(crate) fn issuer(&self) -> &str {
        self.service.services.config.server.issuer.as_str()
    }

    pub(crate) async fn visit(&self, person: usize, forum: usize) -> Tokens {
        let choices = Choices::all(["Marée Basse", "Genêt Blanc"][person]);
        self.service.sign_in(&self.forums[forum], &self.people[person], SCOPE, &choices).await
    }

    /// As once a minute.
    pub(crate) async fn tell_institutions(&self) {
        self.service.services.institutions.round(&self.service.services.store).await.unwrap();
    }

    /// Everybody goes everywhere and comes back often; one of them leaves a forum; keys of tokens and heads take over.
    async fn go_on(&self) {
        let first = self.visit(0, 0).await;
        let mut refresh = first.refresh_token.clone().unwrap();
        for _ in 0..REFRESHES {
            let reply = self.forums[0].refresh(&self.service, &refresh).await;
            let tokens: Tokens = serde_json::from_slice(&reply.body).unwrap_or_else(|_| panic!("{}", reply.text()));
            refresh = tokens.refresh_token.unwrap_or(refresh);
        }
        for (person, forum) in [(0, 1), (1, 0), (1, 1)] {
            self.visit(person, forum).await;
        }
        let leaves = self.people[1].person;
        let own = self.service.services.pseudonyms.of_person(leaves).await.unwrap();
        assert!(self.service.services.pseudonyms.leave(own[0].id, leaves).await.unwrap());
        self.replace_keys().await;
        let last = self.visit(0, 0).await;
        assert_ne!(first.id_token.split('.').next(), last.id_token.split('.').next(), "another key signs");
        assert!(self.service.services.transparency.anchor().await.unwrap());
    }

    async fn replace_keys(&self) {
        let keyring = Arc::clone(&self.service.services.keyring);
        let ambient = &self.service.services.ambient;
        for role in [Role::Issuer, Role::Log] {
            keyring.rotate(role, &mut ambient.rng(), ambient.now()).unwrap();
        }
        self.tell_institutions().await;
        self.service.wait(9 * 24 * 60 * 60);
        keyring.refresh(ambient.now()).unwrap();
        self.tell_institutions().await;
    }

    pub(crate) fn logs(&self) -> [LogName; 2] {
        [LogName::Registry, self.service.services.transparency.issuance_log().unwrap()]
    }

    fn keys(&self, log: LogName) -> Vec<NoteKey> {
        self.service.services.transparency.keys(log)
    }

    /// What a log answers at this path.
    async fn get(&self, log: LogName, path: &str) -> Vec<u8> {
        let reply = self.service.browser().get(&format!("/log/{log}/{path}")).await;
        assert_eq!(reply.status, 200, "{log} {path}");
        reply.body.clone()
    }

    pub(crate) async fn entries(&self, log: LogName) -> Vec<Vec<u8>> {
        self.service.entries(log).await
    }
}

/// Tiles by their path.
struct Tiles(HashMap<String, Vec<u8>>);

impl TileReader for Tiles {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let path = |tile: &tlog_tiles::Tile| tile.path().replacen("tile/8/", "tile/", 1);
        Ok(tiles.iter().map(|tile| self.0[&path(tile)].clone()).collect())
    }

    fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
}

#[tokio::test]
async fn checkers_of_other_hands_find_every_leaf_and_an_audit_finds_no_fault_nor_after_an_erasure() {
    let live = Live::start().await;
    live.go_on().await;
    let [registry, issuance] = live.logs();
    assert!(read_by_crates(&live, issuance).await > 256);
    assert!(read_by_crates(&live, registry).await > 6);
    read_by_go(&live).await;
    audited(&live).await;
    let person = live.people[0].person;
    let store = &live.service.services.store;
    let erased = store.write::<_, StoreError, _>(move |tx| Box::pin(log_secrets::erase(tx, person)));
    assert!(erased.await.unwrap());
    read_by_go(&live).await;
    audited(&live).await;
}

/// Head, tiles and the proof of each leaf, as the two crates see them. How many leaves there are.
async fn read_by_crates(live: &Live, log: LogName) -> u64 {
    let note = Note::from_bytes(&live.get(log, "checkpoint").await).unwrap();
    let keys = live.keys(log);
    assert_eq!(keys.len(), 2, "the key that was replaced signs beside the new one");
    let known = |key: &NoteKey| VerifierList::new(vec![Box::new(StandardVerifier::new(&key.to_string()).unwrap())]);
    for key in &keys {
        assert!(note.verify(&known(key)).is_ok(), "whoever knows one key believes the head");
    }
    let head = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
    assert_eq!(head.origin(), live.service.services.transparency.origin(log));
    let (size, root) = (head.size(), *head.hash());
    let mut tiles = HashMap::new();
    for tile in Tile::added(0, size) {
        tiles.insert(tile.to_string(), live.get(log, &tile.to_string()).await);
    }
    let tiles = Tiles(tiles);
    let reader = TileHashReader::new(size, root, &tiles);
    assert_eq!(tlog_tiles::tree_hash(size, &reader).unwrap(), root);
    let entries = live.entries(log).await;
    assert_eq!(entries.len() as u64, size);
    for (index, entry) in entries.iter().enumerate() {
        let proof = tlog_tiles::prove_record(size, index as u64, &reader).unwrap();
        tlog_tiles::check_record(&proof, size, root, index as u64, tlog_tiles::record_hash(entry)).unwrap();
    }
    size
}

/// The program in Go says the same of both logs, and believes neither under the name of the other.
async fn read_by_go(live: &Live) {
    let Some(packages) = tools::go_packages() else { return };
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("reader");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/go/reader/main.go");
    let mut build = Command::new("go");
    build.arg("build").arg("-o").arg(&program).arg(source).current_dir(directory.path());
    build.env("GO111MODULE", "off").env("GOPATH", packages).env("GOFLAGS", "").env("CGO_ENABLED", "0");
    let outcome = build.output().unwrap();
    assert!(outcome.status.success(), "{}", String::from_utf8_lossy(&outcome.stderr));
    let [registry, issuance] = live.logs();
    for log in [registry, issuance] {
        let size = live.entries(log).await.len();
        for key in live.keys(log) {
            let read = run_reader(&program, live, log, &key).await;
            let said = format!("{} {size}\n", live.service.services.transparency.origin(log));
            assert_eq!(String::from_utf8_lossy(&read.stdout), said, "{}", String::from_utf8_lossy(&read.stderr));
        }
    }
    let refused = run_reader(&program, live, registry, &live.keys(issuance)[0]).await;
    assert!(!refused.status.success() && refused.stdout.is_empty());
}

async fn run_reader(program: &Path, live: &Live, log: LogName, key: &NoteKey) -> Output {
    let mut command = Command::new(program);
    command.arg(format!("{}/log/{log}/", live.issuer())).arg(key.to_string());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// Over the network, with what is kept of it, and offline.
async fn audited(live: &Live) {
    let mirror = tempfile::tempdir().unwrap();
    let now = live.service.services.ambient.now().0;
    let kept = mirror.path().to_str().unwrap();
    for words in [vec![live.issuer(), "--mirror", kept], vec![live.issuer(), "--mirror", kept], vec![kept]] {
        let verdict = audit_at(now, &words).await.unwrap();
        assert_eq!(faults(&verdict), Vec::<String>::new(), "{verdict:#}");
    }
    let told = live.entries(LogName::Registry).await;
    let told = told.iter().map(|entry| RegistryLeaf::parse(entry).unwrap().facts);
    let took_over = told.filter(|fact| matches!(fact, Registry::Key(key) if key.act == KeyAct::Announced)).count();
    assert!(took_over >= 2, "a key of tokens and one of the logs were announced");
}
