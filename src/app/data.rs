//! The data directory of an installation, and the order in which its parts are opened.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use rand::CryptoRng;

use crate::{
    config::{Config, ConfigError, Engine},
    domain::ambient::Ambient,
    keyring::{Keyring, KeyringError, Passphrase, Purpose},
    store::{OpenError, PostgresOptions, Store},
    wire::jose::Algorithm,
};

/// A data directory with the configuration that goes with it.
#[derive(Clone, Debug)]
pub struct DataDir {
    pub root: PathBuf,
    pub config: Config,
}

/// Why an installation cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    #[error("{0} is empty: write the passphrase of the keys on its first line")]
    NoPassphrase(PathBuf),
    #[error(transparent)]
    Keys(#[from] KeyringError),
    #[error(transparent)]
    Store(#[from] OpenError),
}

impl DataDir {
    /// The directory as it is; nothing is made yet.
    pub fn new(root: &Path, mut config: Config) -> Self {
        config.log.rollback_file = root.join(&config.log.rollback_file);
        Self { root: root.to_owned(), config }
    }

    /// Makes the directory, for its owner alone.
    pub fn make(&self) -> Result<(), DataError> {
        let fail = |error| DataError::Io(self.root.clone(), error);
        fs::create_dir_all(&self.root).map_err(fail)?;
        fs::set_permissions(&self.root, fs::Permissions::from_mode(0o700)).map_err(fail)
    }

    pub fn keys_directory(&self) -> PathBuf {
        self.root.join(&self.config.keys.directory)
    }

    /// Makes the first keys of every role.
    pub fn create_keys(
        &self,
        purpose: Purpose,
        rng: &mut impl CryptoRng,
        ambient: &Ambient,
    ) -> Result<Keyring, DataError> {
        let passphrase = self.passphrase()?;
        let directory = self.keys_directory();
        let now = ambient.now();
        Ok(Keyring::create(&directory, purpose, &ALGORITHMS, passphrase.as_ref(), rng, now)?)
    }

    pub fn load_keys(&self, ambient: &Ambient) -> Result<Keyring, DataError> {
        let (directory, passphrase) = (self.keys_directory(), self.passphrase()?);
        Ok(Keyring::load_or_complete(&directory, passphrase.as_ref(), &mut ambient.rng(), ambient.now())?)
    }

    pub async fn open_store(&self, ambient: &Ambient) -> Result<Store, DataError> {
        let storage = &self.config.storage;
        Ok(match storage.engine {
            Engine::Sqlite => Store::sqlite(&self.root.join(&storage.file)).await?,
            Engine::Postgres => {
                let options = PostgresOptions {
                    url: storage.url.clone(),
                    max_connections: storage.max_connections,
                    allow_asynchronous_replication: storage.allow_asynchronous_replication,
                    allow_unprotected: storage.allow_unprotected,
                    ambient: ambient.clone(),
                };
                Store::postgres(&options).await?
            }
        })
    }

    fn passphrase(&self) -> Result<Option<Passphrase>, DataError> {
        let file = &self.config.keys.passphrase_file;
        if file.as_os_str().is_empty() {
            return Ok(None);
        }
        let text =
            zeroize::Zeroizing::new(fs::read_to_string(file).map_err(|error| DataError::Io(file.clone(), error))?);
        let line = text.lines().next().filter(|line| !line.is_empty());
        line.map(|line| Some(Passphrase::new(line.to_owned()))).ok_or_else(|| DataError::NoPassphrase(file.clone()))
    }
}

/// One key of each from the start: RS256 because OpenID Connect requires it, the others for those who choose them.
const ALGORITHMS: [Algorithm; 4] = Algorithm::ALL;
