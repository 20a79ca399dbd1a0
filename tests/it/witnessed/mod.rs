//! The logs of a provider and their witnesses, over real sockets: what they cosign, what is made of it, and what they remember.

mod remembered;
mod shown;
mod tokens;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use heteronym::{
    domain::{
        age::{LeapDay, LegalCalendar},
        ambient::{Ambient, FrozenClock, SeededEntropy, Timestamp},
        bracket::BracketTable,
        issuer::Issuer,
        log::LogName,
    },
    http::server::Limits,
    keyring::{Keyring, Purpose},
    store::{Log, NewLeaf, Placed, Receipt, Store, StoreError},
    transparency::{
        self, Parts, Standing, Transparency,
        witnesses::{Witness, WitnessSettings, WitnessSetupError, Witnesses},
    },
    wire::{
        jose::Algorithm,
        tlog::{Hash, NoteKey, SignedCheckpoint, verify_inclusion},
    },
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::witness::{NOW, Tower};

/// The logs of a provider, without the rest of it.
struct Provider {
    store: Store,
    logs: Transparency,
    clock: Arc<FrozenClock>,
}

/// A witness that answers at an address. It ends when it is dropped.
struct Post {
    tower: Tower,
    url: String,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

/// The asking of witnesses while it runs.
struct Asking {
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Provider {
    /// On this directory, whose keys are made if there are none.
    async fn open(directory: &Path) -> Self {
        let now = Timestamp::from_seconds(NOW.cast_signed());
        let clock = Arc::new(FrozenClock::new(now));
        let ambient = Ambient::new(clock.clone(), Arc::new(SeededEntropy::new(1)));
        let keys = directory.join("keys");
        let keyring = if keys.exists() {
            Keyring::load(&keys, None, now).unwrap()
        } else {
            Keyring::create(&keys, Purpose::Service, &[Algorithm::EdDSA], None, &mut ambient.rng(), now).unwrap()
        };
        let store = Store::sqlite(&directory.join("heteronym.db")).await.unwrap();
        let logs = Transparency::new(Parts {
            store: store.clone(),
            keyring: Arc::new(keyring),
            ambient,
            calendar: LegalCalendar::new("Europe/Paris", LeapDay::March1).unwrap(),
            issuer: Issuer::try_from("https://id.example".to_owned()).unwrap(),
            rollback_file: directory.join("heads"),
            policy: transparency::policy(&BracketTable::default(), []).unwrap(),
        });
        Self { store, logs, clock }
    }

    async fn close(self) {
        self.store.close().await;
    }

    async fn append(&self, leaf: &str) -> Result<Placed, StoreError> {
        let leaf = NewLeaf { bytes: leaf.as_bytes().to_vec(), token: None, owner: None };
        let write = self.store.write_logged::<Receipt, StoreError, _>(move |tx| {
            let leaf = leaf.clone();
            Box::pin(async move { tx.log(Log::Issuance, leaf) })
        });
        write.await?.placed().cloned()
    }

    fn settings(witnesses: &[&Post], quorum: usize) -> WitnessSettings {
        let witnesses = witnesses.iter().map(|witness| witness.setting().parse::<Witness>().unwrap()).collect();
        WitnessSettings { witnesses, quorum, mirrors: Vec::new(), extra_ca: PathBuf::new() }
    }

    fn witnesses(&self, witnesses: &[&Post], quorum: usize) -> Witnesses {
        Witnesses::new(self.logs.clone(), Self::settings(witnesses, quorum)).unwrap()
    }

    /// The published checkpoint, verified; and by how many of these witnesses it is cosigned.
    async fn published(&self, witnesses: &[NoteKey]) -> (u64, usize) {
        let text = self.logs.published(year()).await.unwrap().unwrap();
        let head = SignedCheckpoint::parse(text.as_bytes()).unwrap();
        let size = head.verify(&self.logs.origin(year()), &self.logs.keys(year())).unwrap().size();
        (size, head.cosigners(witnesses).unwrap().len())
    }

    /// Waits until that is so.
    async fn publishes(&self, witnesses: &[NoteKey], expected: (u64, usize)) {
        let mut last = (0, 0);
        for _ in 0..400 {
            last = self.published(witnesses).await;
            if last == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("published is {last:?}, not {expected:?}");
    }
}

impl Post {
    /// A witness of everything that this provider has.
    async fn of(provider: &Provider, seed: u64) -> Self {
        let tower = Tower::with_seed(seed).await;
        for key in provider.logs.keys(LogName::Registry) {
            tower.say(&["logs", "add", "--issuer", &key.to_string()]).await;
        }
        Self::serve(tower, "127.0.0.1:0").await
    }

    async fn serve(tower: Tower, address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let witness = tower.witness.clone();
        let serving = tokio::spawn(async move {
            let end = async {
                let _ = stopped.await;
            };
            witness.serve(listener, Limits { drain: Duration::from_millis(100), ..Limits::default() }, end).await;
        });
        Self { tower, url, stop: Some(stop), serving }
    }

    /// Ends it; what it has written stays.
    async fn end(self) -> Tower {
        let Self { tower, stop, serving, .. } = self;
        drop(stop);
        serving.await.unwrap();
        tower
    }

    fn setting(&self) -> String {
        format!("{} {}", self.tower.witness.verifier_key(), self.url)
    }
}

impl Asking {
    async fn begin(witnesses: &Witnesses) -> Self {
        witnesses.compare().await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let running = witnesses.clone().run(async {
            let _ = stopped.await;
        });
        Self { stop, running: tokio::spawn(running) }
    }

    async fn end(self) {
        drop(self.stop);
        self.running.await.unwrap();
    }
}

/// The log of the year of [`NOW`].
fn year() -> LogName {
    "2026".parse().unwrap()
}

/// Whether the proof of a leaf holds, under a checkpoint that so many of these witnesses have cosigned.
fn proves(provider: &Provider, placed: &Placed, leaf: &str, witnesses: &[NoteKey], count: usize) {
    let head = SignedCheckpoint::parse(placed.checkpoint.as_bytes()).unwrap();
    let signed = head.verify(&provider.logs.origin(year()), &provider.logs.keys(year())).unwrap();
    assert_eq!(signed.size(), placed.size);
    verify_inclusion(Hash::of_leaf(leaf.as_bytes()), placed.index, placed.size, &placed.proof, signed.root()).unwrap();
    assert!(head.cosigners(witnesses).unwrap().len() >= count, "{head}");
}

fn is_read_only(logs: &Transparency, word: &str) -> bool {
    match logs.standing() {
        Standing::ReadOnly(reason) => {
            assert!(reason.contains(word), "{reason}");
            true
        }
        _ => false,
    }
}

fn refused(provider: &Provider, settings: WitnessSettings) -> WitnessSetupError {
    Witnesses::new(provider.logs.clone(), settings).err().unwrap()
}
