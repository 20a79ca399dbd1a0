//! The public logs, on both engines: what is signed can be proven, goes on after every crash, and never goes back.

mod crashes;
pub(crate) mod live;
mod page;
mod reading;
mod restored;
mod sequencing;
mod stats;
mod times;

use std::{path::PathBuf, sync::Arc};

use futures_util::future::join_all;
use heteronym::{
    domain::{
        age::{LeapDay, LegalCalendar},
        ambient::{Ambient, FrozenClock, SeededEntropy, Timestamp},
        bracket::BracketTable,
        issuer::Issuer,
        log::LogName,
    },
    keyring::{Keyring, Purpose},
    store::{Log, NewLeaf, Receipt, Store, StoreError},
    transparency::{self, Transparency},
    wire::{
        jose::Algorithm,
        tlog::{Bundle, Edge, Hash, SignedCheckpoint, Tile, decode_hashes},
    },
};

/// Keys, a clock, and the file that remembers heads.
struct House {
    directory: tempfile::TempDir,
    keyring: Arc<Keyring>,
    clock: Arc<FrozenClock>,
}

/// In Paris, an hour before the end of 2026 would begin.
const NOON: &str = "2026-12-31T11:00:00Z";
const ISSUER: &str = "https://id.example";

fn at(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn name(text: &str) -> LogName {
    text.parse().unwrap()
}

fn year() -> LogName {
    name("2026")
}

fn leaf(text: &str) -> NewLeaf {
    NewLeaf { bytes: text.as_bytes().to_vec(), token: None, owner: None }
}

impl House {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (keys, now) = (directory.path().join("keys"), at(NOON));
        let mut rng = Ambient::system().rng();
        let keyring = Keyring::create(&keys, Purpose::Demo, &[Algorithm::EdDSA], None, &mut rng, now).unwrap();
        Self { directory, keyring: Arc::new(keyring), clock: Arc::new(FrozenClock::new(now)) }
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("log-heads.txt")
    }

    /// The logs of a node whose clock is the house's.
    fn logs(&self, store: &Store) -> Transparency {
        self.logs_by(store, &self.clock)
    }

    fn logs_by(&self, store: &Store, clock: &Arc<FrozenClock>) -> Transparency {
        Transparency::new(self.parts(store, clock, ISSUER))
    }

    fn parts(&self, store: &Store, clock: &Arc<FrozenClock>, issuer: &str) -> transparency::Parts {
        transparency::Parts {
            store: store.clone(),
            keyring: Arc::clone(&self.keyring),
            ambient: Ambient::new(Arc::clone(clock) as _, Arc::new(SeededEntropy::new(1))),
            calendar: LegalCalendar::new("Europe/Paris", LeapDay::default()).unwrap(),
            issuer: Issuer::try_from(issuer.to_owned()).unwrap(),
            rollback_file: self.file(),
            policy: transparency::policy(&BracketTable::default(), [("zone", "Europe/Paris".to_owned())]).unwrap(),
        }
    }
}

/// Logs these leaves in one piece of work.
async fn log(store: &Store, log: Log, leaves: Vec<NewLeaf>) -> Result<Vec<Receipt>, StoreError> {
    let work = store.write_logged(move |tx| {
        Box::pin(async move { leaves.into_iter().map(|leaf| tx.log(log, leaf)).collect::<Result<Vec<_>, _>>() })
    });
    work.await
}

/// Issues at once, each in its own work, half of it in its own transaction; and checks the proof of each.
async fn issue(store: &Store, logs: &Transparency, texts: Vec<String>) -> Vec<u64> {
    let works = texts.into_iter().enumerate().map(|(n, text)| async move {
        let new = leaf(&text);
        let receipt = if n % 2 == 0 {
            store.write_logged(|tx| Box::pin(async move { tx.log(Log::Issuance, new) })).await
        } else {
            store.write(|tx| Box::pin(async move { tx.log(Log::Issuance, new) })).await
        };
        let receipt: Result<Receipt, StoreError> = receipt;
        proven(logs, &receipt.unwrap(), &text)
    });
    join_all(works).await
}

/// The index of a leaf whose receipt proves it.
fn proven(logs: &Transparency, receipt: &Receipt, text: &str) -> u64 {
    let placed = receipt.placed().unwrap();
    let proof = placed.tlog_proof(text.as_bytes()).unwrap();
    let head = proof.verify(Hash::of_leaf(text.as_bytes()), &logs.origin(placed.log), &logs.keys(placed.log)).unwrap();
    assert_eq!(head.size(), placed.size);
    placed.index
}

/// Everything that a stranger can fetch of a log, which has to go together to the last bit. Its leaves.
async fn audit(logs: &Transparency, log: LogName) -> Vec<String> {
    let head = logs.head(log).await.unwrap().expect("there is such a log");
    let signed = SignedCheckpoint::parse(head.checkpoint.as_bytes()).unwrap();
    let said = signed.verify(&logs.origin(log), &logs.keys(log)).unwrap();
    assert_eq!((said.size(), said.root()), (head.size, head.root));
    let (mut edge, mut leaves) = (Edge::new(), Vec::new());
    for index in 0..head.size.div_ceil(256) {
        let bundle = Bundle::in_tree(index, head.size).unwrap();
        let bytes = logs.entries(log, bundle).await.unwrap().unwrap();
        for entry in bundle.decode(&bytes).unwrap() {
            edge.push(Hash::of_leaf(entry)).unwrap();
            leaves.push(String::from_utf8(entry.to_vec()).unwrap());
        }
    }
    assert_eq!((edge.size(), edge.root()), (head.size, head.root));
    for tile in Tile::added(0, head.size) {
        let bytes = logs.tile(log, tile).await.unwrap().unwrap();
        assert_eq!(Some(decode_hashes(&bytes, tile.width()).unwrap()), edge.tile(tile), "{tile}");
    }
    leaves
}
