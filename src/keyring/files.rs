//! The directory of key files: who may read it, and how a file gets there whole or not at all.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use rand::CryptoRng;
use zeroize::Zeroizing;

use super::{KeyringError, armour::EXTENSION, revocation::REVOKED};

/// Makes the directory with all these files. It appears under its name only when every file is on the disk.
pub(super) fn create_directory(
    directory: &Path,
    files: &[(String, Zeroizing<String>)],
    rng: &mut impl CryptoRng,
) -> Result<(), KeyringError> {
    let exists = || KeyringError::Exists(directory.to_owned());
    if fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(exists());
    }
    let parent = directory.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(io(parent))?;
    let unfinished = parent.join(format!(".keys-{}", random_name(rng)));
    DirBuilder::new().mode(0o700).create(&unfinished).map_err(io(&unfinished))?;
    for (name, text) in files {
        write_new(&unfinished.join(name), text)?;
    }
    sync(&unfinished)?;
    if let Err(error) = fs::rename(&unfinished, directory) {
        fs::remove_dir_all(&unfinished).map_err(io(&unfinished))?;
        // Somebody made keys there in the meantime.
        let taken = matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists);
        return Err(if taken { exists() } else { io(directory)(error) });
    }
    sync(parent)
}

/// The files of keys and of revocations as they stand in the directory, in the order of names.
pub(super) fn list(directory: &Path) -> Result<Vec<Listed>, KeyringError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(KeyringError::NoKeys(directory.to_owned())),
        Err(error) => return Err(io(directory)(error)),
    };
    let own = fs::metadata(directory).map_err(io(directory))?;
    check_owner_and_mode(directory, &own, "700")?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(io(directory))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
        if !name.ends_with(EXTENSION) && !name.ends_with(REVOKED) {
            continue;
        }
        match fs::metadata(&path) {
            Ok(found) => files.push(Listed { name, path, stamp: Stamp::of(&found) }),
            // Another node has deleted it since.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(io(&path)(error)),
        }
    }
    files.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(files)
}

/// One file of the directory.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) stamp: Stamp,
}

/// What is another as soon as the file is: read anew is what changed, and nothing else.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    file: (u64, u64, u64),
    written: (i64, i64),
    changed: (i64, i64),
    access: (u32, u32),
}

impl Stamp {
    fn of(found: &fs::Metadata) -> Self {
        Self {
            file: (found.dev(), found.ino(), found.size()),
            written: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
            access: (found.uid(), found.mode()),
        }
    }
}

/// Puts a new file in its place, whole; never over another.
pub(super) fn write(path: &Path, text: &str, rng: &mut impl CryptoRng) -> Result<(), KeyringError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let unfinished = directory.join(format!(".{}.tmp", random_name(rng)));
    write_new(&unfinished, text)?;
    // A link, unlike a renaming, fails where there is a file already.
    let linked = fs::hard_link(&unfinished, path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => KeyringError::Exists(path.to_owned()),
        _ => io(path)(error),
    });
    fs::remove_file(&unfinished).map_err(io(&unfinished))?;
    linked?;
    sync(directory)
}

/// Puts a file in the place of one that is there. Who reads finds the old one or the new one, whole.
pub(super) fn replace(path: &Path, text: &str, rng: &mut impl CryptoRng) -> Result<(), KeyringError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let unfinished = directory.join(format!(".{}.tmp", random_name(rng)));
    write_new(&unfinished, text)?;
    fs::rename(&unfinished, path).map_err(io(path))?;
    sync(directory)
}

/// Deletes a file, if another node has not done it before.
pub(super) fn remove(path: &Path) -> Result<(), KeyringError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(io(path)(error)),
        _ => {}
    }
    sync(path.parent().unwrap_or(Path::new(".")))
}

fn write_new(path: &Path, text: &str) -> Result<(), KeyringError> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(io(path))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io(path))
}

/// The text of a file; `None` when it is gone.
pub(super) fn read(path: &Path) -> Result<Option<Zeroizing<String>>, KeyringError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(path)(error)),
    };
    let metadata = file.metadata().map_err(io(path))?;
    if !metadata.is_file() || metadata.len() > MAX_FILE {
        return Err(refused(path, "this is no key file: move it elsewhere".to_owned()));
    }
    check_owner_and_mode(path, &metadata, "600")?;
    // Enough from the start, so that no half-read copy of the key stays behind in memory.
    let capacity = usize::try_from(metadata.len()).unwrap_or(0) + 1;
    let mut text = Zeroizing::new(String::with_capacity(capacity));
    match file.take(MAX_FILE).read_to_string(&mut text) {
        Ok(_) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            Err(refused(path, "the key file is damaged: restore it from a backup".to_owned()))
        }
        Err(error) => Err(io(path)(error)),
    }
}

fn check_owner_and_mode(path: &Path, metadata: &fs::Metadata, wanted: &str) -> Result<(), KeyringError> {
    let (owner, user) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if owner != user {
        let reason = format!("belongs to user {owner}, and this is user {user}: run `chown {user}` on it");
        return Err(refused(path, reason));
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(refused(path, format!("is open to others (mode {mode:o}): run `chmod {wanted}` on it")));
    }
    Ok(())
}

fn sync(directory: &Path) -> Result<(), KeyringError> {
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(io(directory))
}

fn random_name(rng: &mut impl CryptoRng) -> String {
    let mut bytes = [0; 8];
    rng.fill_bytes(&mut bytes);
    HEXLOWER.encode(&bytes)
}

pub(super) fn refused(path: &Path, reason: String) -> KeyringError {
    KeyringError::File { path: path.to_owned(), reason }
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> KeyringError + use<> {
    let path = path.to_owned();
    move |source| KeyringError::Io { path: path.clone(), source }
}

/// An RSA key of 8192 bits, locked, would be 7 KiB.
const MAX_FILE: u64 = 16 * 1024;
