//! A running provider on a directory of its own.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::Router;
use heteronym::{
    app::{Assembly, DataDir, Services},
    config::Config,
    domain::{
        ambient::{Ambient, FrozenClock, SeededEntropy, Timestamp},
        log::LogName,
    },
    keyring::{Keyring, Purpose},
    wire::{jose::Algorithm, tlog::Bundle},
};

use super::Browser;

/// Where the provider of the tests is.
pub(crate) const ISSUER: &str = "https://id.example";
/// 15 June 2026, 10:00 UTC: when every test begins.
const NOW: Timestamp = Timestamp(1_781_517_600_000);

/// A provider. It ends, and its directory with it, when it is dropped.
pub(crate) struct Service {
    /// In a box: tests keep several services in one future.
    pub(crate) services: Box<Services>,
    pub(crate) clock: Arc<FrozenClock>,
    pub(crate) dir: tempfile::TempDir,
    router: Router,
    seed: u64,
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::start_at(ISSUER, "", 1).await
    }

    /// At this address, with further configuration (TOML) and other dice: two services of one seed make the same secrets.
    pub(crate) async fn start_at(issuer: &str, configuration: &str, seed: u64) -> Self {
        let text = format!("[server]\nissuer = \"{issuer}\"\nlanguage = \"en\"\n{configuration}");
        Self::assemble(&text, seed, NOW, |data, _| lay_keys(&data.keys_directory())).await
    }

    /// One that the built program can go on with: it begins on this machine's own time, with keys of this moment and its
    /// configuration beside them in `config.toml`.
    pub(crate) async fn start_today(issuer: &str, configuration: &str) -> Self {
        let text = format!("[server]\nissuer = \"{issuer}\"\n{configuration}");
        let service = Self::assemble(&text, 1, Ambient::system().now(), |data, ambient| {
            let (mut rng, now) = (ambient.rng(), ambient.now());
            let directory = data.keys_directory();
            Keyring::create(&directory, Purpose::Service, &[Algorithm::EdDSA], None, &mut rng, now).unwrap();
        });
        let service = service.await;
        fs::write(service.dir.path().join("config.toml"), text).unwrap();
        service
    }

    /// One that software outside this process believes: with keys of this moment, and this machine's own time as it began.
    pub(crate) async fn start_now(issuer: &str) -> Self {
        let text = format!("[server]\nissuer = \"{issuer}\"\nlanguage = \"en\"");
        let service = Self::assemble(&text, 1, Ambient::system().now(), |data, ambient| {
            data.create_keys(Purpose::Service, &mut ambient.rng(), ambient).unwrap();
        });
        service.await
    }

    async fn assemble(text: &str, seed: u64, now: Timestamp, keys: impl FnOnce(&DataDir, &Ambient)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = Config::from_parts("test.toml", text, []).unwrap();
        let clock = Arc::new(FrozenClock::new(now));
        let ambient = Ambient::new(clock.clone(), Arc::new(SeededEntropy::new(seed)));
        keys(&DataDir::new(dir.path(), config.clone()), &ambient);
        Self::open(dir, config, clock, seed).await
    }

    /// Ends it, and begins anew on the same directory at the same time: what was only in memory is gone.
    pub(crate) async fn restart(self) -> Self {
        let Self { services, clock, dir, router, seed } = self;
        services.store.close().await;
        let config = services.config.clone();
        drop((services, router));
        // Other dice: no two lives throw the same.
        Self::open(dir, config, clock, seed + 1_000).await
    }

    async fn open(dir: tempfile::TempDir, config: Config, clock: Arc<FrozenClock>, seed: u64) -> Self {
        let ambient = Ambient::new(clock.clone(), Arc::new(SeededEntropy::new(seed)));
        let data = DataDir::new(dir.path(), config);
        let keyring = Arc::new(data.load_keys(&ambient).unwrap());
        // PostgreSQL's clock has to agree with the machine's, not with ours.
        let store = data.open_store(&Ambient::system()).await.unwrap();
        let assembly = Assembly { config: data.config, store, keyring, ambient };
        let services = Box::new(Services::assemble(assembly).unwrap());
        let router = services.router();
        Self { services, clock, dir, router, seed }
    }

    pub(crate) fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Every entry of a log, which has to be there.
    pub(crate) async fn entries(&self, log: LogName) -> Vec<Vec<u8>> {
        let logs = &self.services.transparency;
        let size = logs.head(log).await.unwrap().unwrap().size;
        let mut entries = Vec::new();
        for index in 0..size.div_ceil(256) {
            let bundle = Bundle::in_tree(index, size).unwrap();
            let bytes = logs.entries(log, bundle).await.unwrap().unwrap();
            entries.extend(bundle.decode(&bytes).unwrap().into_iter().map(<[u8]>::to_vec));
        }
        entries
    }

    /// The routes, as a server of its own would serve them.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    /// A browser that has never been here.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.router.clone(), self.services.config.server.issuer.as_str())
    }
}

/// Puts the keys of this process where a service looks for them. They are made once: RSA takes its time.
fn lay_keys(directory: &Path) {
    static KEYS: OnceLock<Vec<(OsString, Vec<u8>)>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let made = tempfile::tempdir().unwrap();
        let config = Config::from_parts("test.toml", &format!("[server]\nissuer = \"{ISSUER}\""), []).unwrap();
        let data = DataDir::new(made.path(), config);
        let ambient = Ambient::new(Arc::new(FrozenClock::new(NOW)), Arc::new(SeededEntropy::new(0)));
        data.create_keys(Purpose::Service, &mut ambient.rng(), &ambient).unwrap();
        let files = fs::read_dir(data.keys_directory()).unwrap().map(Result::unwrap);
        files.map(|file| (file.file_name(), fs::read(file.path()).unwrap())).collect()
    });
    fs::DirBuilder::new().mode(0o700).create(directory).unwrap();
    for (name, bytes) in keys {
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(directory.join(name)).unwrap();
        std::io::Write::write_all(&mut file, bytes).unwrap();
    }
}
