//! A directory with logs in it, laid out as a static site (C2SP tlog-tiles), which is also the evidence that others check again.
//!
//! ```text
//! DIR/registry/checkpoint              the head that goes with the tiles: written when all of them are there
//! DIR/registry/tile/<L>/<N>[.p/<W>]    hashes
//! DIR/registry/tile/entries/<N>[.p/<W>]
//! DIR/registry/verified                the head that the last audit found good, and against which the next one compares
//! DIR/registry/refused-<n>             a head that does not go with it: the evidence of a fork
//! DIR/2026/…                           the same of the issuance log of a year
//! DIR/openid-configuration.json, DIR/jwks.json, DIR/verdict.json
//! ```
//!
//! A file is there whole or not at all: it is written under another name first. A full tile never changes, so what is there
//! is not fetched again.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use rand::CryptoRng;

/// A file of the mirror could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    #[error("cannot read {path}: {error}", path = .0.display(), error = .1)]
    Read(PathBuf, io::Error),
    #[error("cannot write {path}: {error}", path = .0.display(), error = .1)]
    Write(PathBuf, io::Error),
    #[error("{path} is larger than {most} bytes", path = .0.display(), most = .1)]
    TooLarge(PathBuf, usize),
}

/// Logs in a directory.
#[derive(Debug)]
pub(super) struct Mirror {
    root: PathBuf,
    /// Goes away with the value.
    temporary: bool,
}

impl Mirror {
    /// What is there already.
    pub(super) fn existing(root: &Path) -> Self {
        Self { root: root.to_owned(), temporary: false }
    }

    /// What is to be kept: made where it is not there.
    pub(super) fn kept(root: &Path) -> Result<Self, MirrorError> {
        fs::create_dir_all(root).map_err(|error| MirrorError::Write(root.to_owned(), error))?;
        Ok(Self::existing(root))
    }

    /// A new directory that is removed in the end.
    pub(super) fn temporary(rng: &mut impl CryptoRng) -> Result<Self, MirrorError> {
        let mut name = [0; 16];
        rng.fill_bytes(&mut name);
        let root = std::env::temp_dir().join(format!("heteronym-audit-{}", HEXLOWER.encode(&name)));
        DirBuilder::new().mode(0o700).create(&root).map_err(|error| MirrorError::Write(root.clone(), error))?;
        Ok(Self { root, temporary: true })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn is_temporary(&self) -> bool {
        self.temporary
    }

    /// The names of the directories in it.
    pub(super) fn directories(&self) -> Result<Vec<String>, MirrorError> {
        let failed = |error| MirrorError::Read(self.root.clone(), error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.root).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.path().is_dir() {
                names.extend(entry.file_name().into_string());
            }
        }
        names.sort();
        Ok(names)
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.root.join(path).is_file()
    }

    /// A file of at most so many bytes; `None` where there is none.
    pub(super) fn read(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, MirrorError> {
        let path = self.root.join(path);
        let failed = |error| MirrorError::Read(path.clone(), error);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        if file.metadata().map_err(failed)?.is_dir() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() > most { Err(MirrorError::TooLarge(path, most)) } else { Ok(Some(bytes)) }
    }

    /// Writes a file, which is there whole or not at all.
    pub(super) fn write(&self, path: &str, bytes: &[u8]) -> Result<(), MirrorError> {
        let path = self.root.join(path);
        let failed = |error| MirrorError::Write(path.clone(), error);
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(failed)?;
        }
        let mut half = path.clone().into_os_string();
        half.push(HALF);
        let mut file = File::create(&half).map_err(failed)?;
        file.write_all(bytes).map_err(failed)?;
        drop(file);
        fs::rename(&half, &path).map_err(failed)
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        if self.temporary {
            let _ = fs::remove_dir_all(&self.root);
        }
    }
}

/// Also where a part of the path is a file.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

const HALF: &str = ".half";

#[cfg(test)]
mod tests {
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    #[test]
    fn a_file_is_read_as_it_was_written_and_up_to_its_limit() {
        let directory = tempfile::tempdir().unwrap();
        let mirror = Mirror::kept(&directory.path().join("mirror")).unwrap();
        mirror.write("2026/tile/0/000.p/3", b"abc").unwrap();
        assert!(mirror.has("2026/tile/0/000.p/3") && !mirror.has("2026/tile/0/000.p"));
        assert_eq!(mirror.read("2026/tile/0/000.p/3", 3).unwrap(), Some(b"abc".to_vec()));
        assert!(matches!(mirror.read("2026/tile/0/000.p/3", 2), Err(MirrorError::TooLarge(_, 2))));
        for absent in ["2026/tile/0/000", "2026/tile/0/000.p/3/4", "2026/tile"] {
            assert_eq!(mirror.read(absent, 3).unwrap(), None, "{absent}");
        }
        assert_eq!(mirror.directories().unwrap(), ["2026"]);
    }

    #[test]
    fn what_was_to_be_temporary_goes_away() {
        let mirror = Mirror::temporary(&mut StdRng::seed_from_u64(rand_seed())).unwrap();
        let root = mirror.root().to_owned();
        mirror.write("registry/checkpoint", b"").unwrap();
        assert!(root.is_dir() && mirror.is_temporary());
        drop(mirror);
        assert!(!root.exists());
    }

    /// Another one for each run, since the directory is shared.
    fn rand_seed() -> u64 {
        std::process::id().into()
    }
}
